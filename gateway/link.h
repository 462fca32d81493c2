/* SPDX-License-Identifier: Apache-2.0 */
/*
 * link.h - one configured link: a queue, an account of credit, holds and
 * back-off around a driver's session.
 *
 * The hub's side of a link. The driver's side is driver.h.
 */
#ifndef LINK_H
#define LINK_H

#include "driver.h"
#include "encode.h"
#include "journal.h"
#include "quota.h"
#include "store.h"

struct link;

/* The keys every link has, whatever its driver. */
struct link_options {
	char *driver;
	char *account;                  /* with the provider: links of one get each other's receipts */
	long rate;                      /* parts a second; 0: as fast as the window lets */
	long interval;                  /* ms between parts, at least; 0: none */
	long quota[USE_PERIODS];        /* parts in an hour, a day, a month, at most; 0: none */
	long prefetch;                  /* parts kept ready beyond the window, at most */
	long reconnect_min, reconnect_max; /* ms */
	int in_doubt;                   /* enum in_doubt, or LINK_DOUBT_DEFAULT: the gateway's */
	int encoding, transliterate, concat; /* enum encoding, translit and one for "on", concat */
	struct conf_list national;      /* languages whose tables may be used, or "all" */
	long max_parts, reserve;
};
enum { LINK_DOUBT_DEFAULT = DOUBT_RESEND + 1 };
extern const struct conf_key link_keys[];
/* What the keys say of texts. False: national names a language that there is not, or
 * the driver cannot carry such parts. */
bool link_encode_rules(const struct link_options *, const struct driver *, struct encode_rules *,
    struct conf_error *err);

/* A section `link`, as read. */
struct link_settings {
	const char *name;
	const struct driver *driver;
	struct link_options common;
	struct encode_rules encode;     /* what common says of texts */
	void *options;                  /* the driver's own, driver->options octets */
};

/* What a link tells the hub. Called from the loop; none of them may free the link. */
struct link_hub {
	void *ctx;
	struct event_base *base;
	struct journal *journal;        /* of what is handed to sessions; NULL: none */
	/* A message came back whole: message->outcome says how. It is the hub's. */
	void (*answered)(void *ctx, struct link *, struct message *);
	/* There is more room than before, or the state changed. */
	void (*changed)(void *ctx, struct link *);
	/* May parts still leave this machine? False when the lease has run out or
	 * the store is full: the link then sets LINK_HOLD_STORE on itself. */
	bool (*allowed)(void *ctx);
	/* A question came back. It is the hub's, which need not call the link. */
	void (*replied)(void *ctx, struct link *, struct question *, const struct reply *);
	void (*late)(void *ctx, struct link *, const struct answer *);
	void (*receipt)(void *ctx, struct link *, const struct receipt *, uint64_t ticket);
	void (*inbound)(void *ctx, struct link *, const struct inbound *, uint64_t ticket);
};

/* A link that does nothing yet. The settings, the hub and the quota, which is its name's, must
 * outlive it. */
struct link *link_new(const struct link_settings *, const struct link_hub *, struct quota *);

/* Connects, and from then on keeps itself connected. */
void link_start(struct link *);

/* The operator says that a link which its driver has stopped (DOWN_BARRED) may try again. Of
 * others it changes nothing. */
void link_unbar(struct link *);

/* Applies what a reload may change without closing: rate, interval, quotas, prefetch, back-off.
 * The settings replace the old ones, but their options are the very same ones:
 * a session goes on reading them. */
void link_apply(struct link *, const struct link_settings *);

bool link_is_up(const struct link *);
/* No session, and none will be opened: after link_stop() or link_abort(). */
bool link_is_ended(const struct link *);

/* Parts it has room for now: window and prefetch, less what it holds, and no more than its
 * quotas have left. Zero or below: none, so too while it rests for the peer or until its interval
 * is over. LINK_NO_ROOM when it is not up, held, stopping, or has used up a quota. */
enum { LINK_NO_ROOM = -1000000 };
int link_room(const struct link *);
/* The room it has when it holds nothing. */
int link_capacity(const struct link *);
/* Parts answered in the last second or so. */
int link_answers(const struct link *);
/* When it was given a message last, in us of the loop's clock; 0: never. */
uint64_t link_given_at(const struct link *);

/* What its quotas leave to it, beside what it holds already. Good until it is given more. */
struct allowance link_allowance(const struct link *);

/* Takes an encoded message; every part not yet taken by the network is queued.
 * The message comes back by hub->answered(), once. */
void link_enqueue(struct link *, struct message *);

/* Asks over it. The question comes back by hub->replied(), once; at once when the link is
 * not up, is held, or has a driver that cannot ask. */
void link_ask(struct link *, struct question *);

/* Reasons for which no parts leave. */
enum link_hold {
	LINK_HOLD_OPERATOR = 1,         /* table link: wanted = hold */
	LINK_HOLD_STORE = 2,            /* the database is away, or too far behind */
	LINK_HOLD_THROTTLED = 4,        /* the peer asked for a rest */
	LINK_HOLD_STOPPING = 8,
	LINK_HOLD_QUOTA = 16,           /* a quota is used up; the link sets and clears it itself */
};
/* Sets or clears a reason. OPERATOR, STOPPING and QUOTA also give the queue back. */
void link_hold(struct link *, enum link_hold, bool on);

/* Ends in order: the queue goes back, what is unanswered is awaited, the
 * session logs out. link_start() may follow. */
void link_stop(struct link *);
/* Ends at once: what is unanswered is doubtful. */
void link_abort(struct link *);

/* The database has answered for a ticket that hub->receipt or hub->inbound gave. */
void link_ack(struct link *, uint64_t ticket, bool kept);

void link_report(const struct link *, struct link_report *);
const struct link_settings *link_settings(const struct link *);

/* Ends at once if need be, and frees. Tickets must all have been answered:
 * see link_tickets(). */
void link_free(struct link *);
/* Facts given to the hub that link_ack() has not answered yet. */
size_t link_tickets(const struct link *);

#endif
