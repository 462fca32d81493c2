/* SPDX-License-Identifier: Apache-2.0 */
/*
 * message.h - the nouns of the gateway.
 *
 * Plain values; every folder may hold them. Times are milliseconds of the
 * loop's monotonic clock, unless named *_at, which are Unix seconds as the
 * database knows them (*_at_ms: Unix milliseconds).
 *
 * Memory: a batch is an arena. A claim allocates one, every message, text and
 * part of that claim lives in it, and it is freed when its last message has
 * been released. Nobody else frees anything reachable from a message. A batch
 * is made on a store's worker thread and handed over whole; from then on only
 * the loop's thread allocates in it or releases it.
 */
#ifndef MESSAGE_H
#define MESSAGE_H

#include "../sms/charset.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>

enum {
	ADDRESS_MAX = 21,               /* octets of an address with its NUL (SMPP C21) */
	SENDER_MAX = 64,                /* of whoever a message came from: a USSD code may be longer */
	NETWORK_ID_MAX = 65,            /* octets of a network's message id with its NUL */
	LINK_NAME_MAX = 33,             /* octets of a link's or route's name with its NUL */
	ARRIVAL_MAX = 48,
	OUTCOME_TEXT_MAX = 160,
	PART_OCTETS = 140,
	PARTS_MAX = 255,
	PAYLOAD_MAX = 64000,            /* octets of a part that is a whole long message */
	TURN_TOKEN_MAX = 16,
};

struct blob { const uint8_t *at; size_t len; };

/*
 * The life of an outbox row. Each word is the value stored in outbox.status;
 * a test compares this list with the type or CHECK of every engine.
 *
 *   queued -> sending -> sent -> delivered | undelivered
 *     |          |  `-> failed | expired | doubtful
 *     |          `-> queued            (deferred, or its gateway died)
 *     `-> expired | held | cancelled
 */
#define STATUS_LIST(X) \
	X(QUEUED,      "queued")      /* waiting for a gateway                  */ \
	X(SENDING,     "sending")     /* owned by a living gateway              */ \
	X(SENT,        "sent")        /* the network took every part            */ \
	X(DELIVERED,   "delivered")   /* final receipt: the handset has it      */ \
	X(UNDELIVERED, "undelivered") /* final receipt: it never will           */ \
	X(FAILED,      "failed")      /* refused for good, here or by the peer  */ \
	X(EXPIRED,     "expired")     /* its validity ended before it was sent  */ \
	X(DOUBTFUL,    "doubtful")    /* on the wire, never answered, not resent */ \
	X(HELD,        "held")        /* by the operator or the application     */ \
	X(CANCELLED,   "cancelled")   /* by the operator or the application     */

#define X(name, word) STATUS_##name,
enum status { STATUS_LIST(X) STATUS_COUNT };
#undef X
const char *status_word(enum status);

/* What to do with a message that left and was never answered. */
enum in_doubt {
	DOUBT_HOLD,                     /* at most once: doubtful, for a person to judge */
	DOUBT_RESEND,                   /* at least once: back to queued */
};
extern const char *const in_doubt_words[]; /* "hold", "resend", NULL */

enum coding { CODING_GSM7, CODING_UCS2, CODING_BINARY };

struct asked;

/* What became of a part, and then of a message: the worst of its parts. */
enum verdict {
	VERDICT_SENT,                   /* the peer took it */
	VERDICT_DEFERRED,               /* it did not; asking again is safe and useful */
	VERDICT_DOUBTFUL,               /* it left, and no answer came */
	VERDICT_EXPIRED,                /* it is too late to ask */
	VERDICT_REJECTED,               /* it did not and never will */
};

struct outcome {
	enum verdict verdict;
	uint32_t code;                  /* the protocol's own status, 0: none */
	uint32_t retry_ms;              /* DEFERRED: not before; 0: at once */
	uint32_t hold_ms;               /* rest the whole link this long (throttled) */
	bool untried;                   /* DEFERRED: it never left, so the attempt does not count */
	char network_id[NETWORK_ID_MAX];/* SENT: how receipts will name it */
	char text[OUTCOME_TEXT_MAX];    /* why, in words for an operator; SENT: what was not taken of it */
};

/* One of several that a message is for: a number, or the name of a list that the network keeps. */
struct destination { const char *address; bool list; };
/* One of them that the network refused while it took the part for others. */
struct rejection { unsigned destination; uint32_t code; const char *text; };

/* One encoded segment. On exactly one list: its message's (before queuing),
 * a link's queue, a driver's window; then answered. */
struct part {
	TAILQ_ENTRY(part) entry;        /* in the link's queue, then the driver's to use */
	TAILQ_ENTRY(part) loan;         /* in the link's list of what a session holds */
	struct message *message;
	uint8_t number;                 /* 1 .. message->nparts */
	enum coding coding;
	uint8_t udh_len;                /* leading octets of `octets` that are header, with UDHL */
	uint16_t len;                   /* of octets, header included */
	uint32_t digest;                /* of a part of several: what is sent, and how it says it is a part */
	uint8_t *octets;                /* in the batch. GSM7: one septet per octet, not packed */
	uint64_t turn;                  /* how many the link had submitted before it, and 1; 0: not yet */
	uint64_t deadline;              /* while in a driver's window */
	unsigned charge;                /* the link's: how many it counts as in its quotas: its recipients */
	int64_t charged_at;             /* when it was counted; 0: not yet */
	char network_id[NETWORK_ID_MAX];/* once the network took it, else "" */
	bool taken;                     /* the network took it, now or in an earlier attempt */
	bool left;                      /* the journal's: given to a session, and not answered */
	const struct rejection *refused;  /* in the batch; of a message to several, by the driver */
	unsigned nrefused;
};
TAILQ_HEAD(parts, part);

/* One outbox row that this gateway has claimed. */
struct message {
	struct batch *batch;            /* the arena all of this lives in */
	TAILQ_ENTRY(message) entry;     /* in the store's list of facts, once settled */
	int64_t id;                     /* outbox.id */
	int64_t epoch;                  /* the store's: under which of our epochs it was claimed */
	const char *route;              /* outbox.route; "" is the default route */
	const char *pinned;             /* outbox.link: this link and no other; "": any */
	const char *sender, *recipient; /* as the application wrote them, any length */
	const char *kind;               /* "text", "flash", ... */
	const char *body;               /* UTF-8, never NULL */
	const char *options;            /* JSON, or NULL */
	const struct asked *asked;      /* kind and options, read (asked.h); NULL before */
	const char *encoding;           /* for the row: "gsm7", "ucs2", "binary"; NULL before */
	int concat;                     /* enum concat: how its parts say that they are parts */
	uint16_t concat_ref;            /* the reference that they share */
	uint8_t data_coding;            /* as 23.038 has it, for every part */
	int8_t class;                   /* message class, -1: none */
	struct blob data;               /* octets for binary kinds */
	bool wants_receipt;
	enum in_doubt in_doubt;         /* the row's own, else the link's, else the default */
	bool in_doubt_said;             /* by the row, or by its kind: the link has no say */
	uint16_t attempts;              /* this one included */
	int64_t due_at;                 /* outbox.send_after; 0: not known */
	int64_t expires_at;             /* 0: never */
	uint8_t taken[32];              /* bit n-1: the network took part n in an earlier attempt */
	const struct destination *destinations; /* of a message to several: these, the recipient first */
	uint16_t ndestinations;         /* 0: the recipient alone */
	const char *earlier;            /* parts that the network took, as CLAIM says them; NULL: none */
	uint32_t *digests;              /* [n-1]: of these parts as they were, 0: not known; NULL: none */

	char link[LINK_NAME_MAX];       /* the link that it was given to, "" before */
	struct part *parts;             /* NULL until encoded */
	uint8_t nparts, unanswered;
	bool parked;                    /* settle as queued, on the lane of `link` */
	uint8_t throttled;              /* that a link had to rest for it (message_throttled()) */
	uint64_t taken_then;            /* how many the link had taken when it last did */
	struct outcome outcome;         /* the worst of its parts so far */
	bool is_open;                   /* on the list of the journal, by `open` */
	TAILQ_ENTRY(message) open;
};
TAILQ_HEAD(messages, message);

/* What the network said of a part after it had been given up as doubtful. */
struct answer {
	char link[LINK_NAME_MAX];       /* that it left by */
	int64_t row;                    /* outbox.id */
	uint16_t attempt;               /* outbox.attempts: a later one is another matter */
	uint8_t part;
	uint16_t parts;                 /* outbox.parts: times its destinations, when they are several */
	bool once;                      /* what was not taken is not to be sent again */
	struct outcome outcome;
};

/* A delivery report from the network. */
struct receipt {
	char link[LINK_NAME_MAX];       /* where it came in; receipts name (link, network_id) */
	char network_id[NETWORK_ID_MAX];
	char alternate[2][NETWORK_ID_MAX]; /* the same id in other bases, to try when the first is
	                                 * unknown and the recipient agrees; "" for none */
	char recipient[ADDRESS_MAX];    /* of the message that it reports on, digits, may be "" */
	enum status status;             /* SENT (still under way), DELIVERED or UNDELIVERED */
	char word[16];                  /* the network's own state: "DELIVRD" */
	uint32_t code;                  /* network error code, 0: none */
	int64_t done_at;                /* by the network's clock; 0: not said */
	char text[OUTCOME_TEXT_MAX];    /* UNDELIVERED: why, in words for an operator */
	/* Not 0: no report, but a late answer to this part of that row, in that attempt; the
	 * status is SENT, FAILED or QUEUED (not taken), and recipient, word, done_at are empty. */
	int64_t row;
	uint16_t attempt;
	uint8_t part;
	uint16_t parts;
};

/* What makes a message one of a USSD dialogue; turn.h has the operations. */
struct turn {
	bool there;                     /* else it is none, and the rest means nothing */
	bool end;                       /* the dialogue ends with it */
	bool alone;                     /* it came by itself, and belongs to none */
	int op;                         /* 0..255 */
	int sequence;                   /* of the turn in its dialogue; -1: not said */
	int64_t session;                /* as the network numbers it; -1: it does not */
	uint8_t token_len, token[TURN_TOKEN_MAX]; /* the session in octets of the network's own; 0: a number */
};

/* A message from a handset, or a part of one, as it came; inbox.h makes it readable. */
struct inbound {
	char link[LINK_NAME_MAX];
	char sender[SENDER_MAX], recipient[ADDRESS_MAX];
	char arrival[ARRIVAL_MAX];      /* names this arrival, so that our own retry stores it once */
	bool alert;                     /* no message: the handset can be reached again */
	enum charset charset;           /* of octets; CHARSET_OCTETS when they are no text */
	uint8_t data_coding, protocol_id; /* as the peer said */
	bool concat_wide;               /* the reference has 16 bits */
	uint16_t concat_ref;
	uint8_t concat_part, concat_parts; /* 0, 0: a message on its own */
	struct blob octets;             /* user data without its header; GSM 7-bit unpacked */
	struct blob udh;                /* user data header with its length octet, or empty */
	const char *options;            /* JSON object of what else the protocol said, or NULL */
	struct turn turn;               /* of a USSD dialogue; then it has no parts */
	int64_t outbox_id;              /* the row of ours that it answers, which dialled a code; 0: none */
	bool first;                     /* it answers the code itself, and no line entered later */
	const char *over;               /* no message: why that dialogue is over. NULL: it is one */
	int64_t received_at, network_at; /* network_at 0: the network did not say when */
};

/* An empty arena, with one hold of its maker's. */
struct batch *batch_new(void);
/* Zeroed memory in the batch, aligned for anything; aborts when memory is out. */
void *batch_alloc(struct batch *, size_t);
/* A copy of len octets in the batch, with a NUL behind them. */
char *batch_text(struct batch *, const void *at, size_t len);
/* A zeroed message in the batch; the batch lives until it is released. */
struct message *batch_message(struct batch *);
/* Gives up the maker's hold; frees the batch when no message is left in it. */
void batch_release(struct batch *);
/* The last one frees the batch. */
void message_release(struct message *);

enum { THROTTLED_SUSPECT = 3, THROTTLED_ALONE = 6 };

/*
 * A link that has taken so many messages rests for this one, again: counts it in `throttled`. From
 * THROTTLED_SUSPECT on the message lets others by, and counts further only when some were taken since;
 * at THROTTLED_ALONE it is refused for what it is, whatever the peer says, and no link need rest for it.
 */
void message_throttled(struct message *, uint64_t taken);

/* Folds what became of one part into what became of the whole, as below. */
void outcome_fold(struct outcome *whole, const struct outcome *part);

/*
 * Folds a part's outcome into its message: SENT < DEFERRED < DOUBTFUL <
 * EXPIRED < REJECTED, the worst stays, with its code and text. Notes the
 * network's id in the part when it was taken. True when that was the last part
 * still to be answered; message->outcome is then the whole.
 */
bool message_answer(struct part *, const struct outcome *);

/*
 * The normal form of a network's message id, under which ids are compared:
 * lower case, leading zeros removed (a lone "0" becomes ""). `key` has room
 * for NETWORK_ID_MAX octets.
 */
void network_key(char *key, const char *network_id);

#endif
