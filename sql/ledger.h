/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ledger.h - what the gateway's requests mean in tables.
 *
 * Blocking and single-threaded, like the engine under it: worker.c calls these
 * on a worker's thread. Each is one transaction, all of it or nothing, and
 * each may be repeated with the same arguments after any failure and leaves
 * the tables as one call would have:
 *
 *   claim    the token names the claim; a second call finds the first one's rows
 *   record   settles rows that this owner still holds (settled ones are no
 *            longer); inbox.arrival is unique; a receipt moves a message
 *            forward only, never back. (Table receipt is a journal of what was
 *            told: there, a receipt told again has a second row.)
 *
 * Every clock in here is the database's. Every text that goes in is made valid
 * UTF-8 without NUL first, so that no value of a peer's can be refused.
 */
#ifndef LEDGER_H
#define LEDGER_H

#include "../gateway/message.h"
#include "../gateway/store.h"
#include "engine.h"

/*
 * Where a claim of a route may begin, in place of walking over all that has left the queue: a
 * database keeps the index entries of those as long as anybody's snapshot is open. It is
 * used only after a claim from the very beginning was slow, and for ten times as long as
 * that took, twenty seconds at most: so long a row may wait that comes later with an earlier
 * time, and the walks cost a tenth, unless they take longer than that. (Beside a transaction
 * that is open for ten minutes of full load they take two seconds.)
 */
enum { FLOOR_PRIORITIES = 10, FLOORS_MAX = 16 };
struct floors {
	char route[LINK_NAME_MAX];
	int64_t ms[FLOOR_PRIORITIES];   /* the latest send_after that was claimed; 0: none */
	uint64_t until;                 /* monotonic ms: in use until then */
};

struct ledger {
	const struct engine *engine;
	struct db *db;
	const char *name;               /* of the gateway */
	int64_t epoch;                  /* set by ledger_enter(); 0 before */
	char owner[96];                 /* "name/epoch" */
	enum in_doubt in_doubt;         /* for rows that say nothing */
	enum in_doubt in_doubt_unknown; /* for those of which nobody knows by which link they left */
	struct past *past;              /* borrowed; NULL once ledger_enter() has used it, or could not */
	struct { size_t rows, queued, doubtful; } recalled; /* by the past; rows: with those settled */
	size_t unmatched;               /* receipts that ledger_record() has put down without a message */
	const char *version;            /* of the program, for people */
	long join_wait_s;               /* how long a part from a handset waits for the others */
	long join_sets;                 /* unfinished messages of one link at most */
	struct floors floors[FLOORS_MAX]; /* of routes, in the order of their first claim */
	size_t nfloors;
	unsigned slow_ms;               /* a claim that takes as long is slow; 0: none is */
};

/* DB_OK when the schema is there and of SCHEMA_VERSION; else DB_BROKEN, and
 * err->text says what to do (`smsqlctl init` or `upgrade`, another version of smsqld). */
enum db_result ledger_check(struct ledger *, struct db_error *);

/*
 * Takes the lease for `lease_ms` under a new epoch, and what the last epoch
 * still held is settled by the past, or recovered, in the same transaction. *alive_ms > 0: nothing was
 * taken, because a gateway of that name lives (another host, or a process of
 * ours that runs); ask again when that time is over; err->text says who.
 */
enum db_result ledger_enter(struct ledger *, long lease_ms, long *alive_ms, struct db_error *);

/* Renews the lease, also one that has ended and that nobody has noticed. *fenced: another gateway
 * has taken over, or another process has begun a new epoch; nothing was renewed. */
enum db_result ledger_beat(struct ledger *, long lease_ms, bool *fenced, struct db_error *);

/* Claims up to `max` rows. *batch is new, with *n messages in claim order in an
 * array that lives in it; NULL when there are none. */
enum db_result ledger_claim(struct ledger *, int64_t token, const struct lane *, size_t max,
    struct batch **, struct message ***messages, size_t *n, struct db_error *);

/* After DB_LOST: the rows of the claim of that token, if it was committed. */
enum db_result ledger_claimed(struct ledger *, int64_t token,
    struct batch **, struct message ***messages, size_t *n, struct db_error *);

struct facts {
	struct message **settled;
	size_t nsettled;
	const struct receipt *receipts;
	size_t nreceipts;
	const struct inbound *inbounds;
	size_t ninbounds;
	struct command *const *commands; /* with their replies */
	size_t ncommands;
};

/* Writes facts: settlements first, then answers to commands, then receipts (those that
 * overtook their settlement find it, now or when it comes), then inbound messages. */
enum db_result ledger_record(struct ledger *, const struct facts *, struct db_error *);

/* What every gateway does now and then: takes the rows of gateways whose lease has ended (of none
 * while its own has, and never its own), and those that a claim of its own last epochs took when
 * it had entered already; expires what nobody claims; puts into inbox what came of messages whose other
 * parts have not come in time, or that are too many. */
struct tended {
	bool more;                      /* to expire: it is worth asking again soon */
	size_t recovered;               /* rows taken from dead gateways, and of own epochs that are over */
	size_t incomplete;              /* messages from handsets with parts missing */
};
enum db_result ledger_tend(struct ledger *, struct tended *, struct db_error *);

/*
 * A walk along the receipts that found no message, oldest first, some hundred a call: the
 * settlement of their message may have passed them in another transaction, of another gateway,
 * when neither could see the other yet. Those that such a walk of another gateway has in hand
 * are passed over.
 */
struct receipt_walk {
	long age_s;                     /* by the caller: those not older than that */
	int64_t after_ms, after_id;     /* how far it is; 0: at the beginning */
	size_t found;                   /* by the last call: that have a message now */
	bool ended;                     /* by the last call, and stands at the beginning */
};
enum db_result ledger_match(struct ledger *, struct receipt_walk *, struct db_error *);

/*
 * Takes commands that are asked for links that are up here, and ends at once, in words,
 * those that can never be asked. One transaction; *look is the caller's, zeroed before the
 * first call. After any failure the next call gives back what that one may have taken.
 */
enum { COMMANDS_MAX = 100 };
struct command_look {
	int64_t unsure[COMMANDS_MAX];   /* taken by a call that failed, if that was committed */
	size_t nunsure;
	struct command *commands[COMMANDS_MAX]; /* taken: the caller's, to be recorded once */
	size_t n;
	size_t seen;                    /* with those that ended at once */
};
enum db_result ledger_look_for_commands(struct ledger *, struct command_look *, struct db_error *);

/* Writes the reports; then tells what the operator wants of each link. */
typedef void ledger_wanted_fn(void *ctx, const char *link, enum wanted);
enum db_result ledger_links(struct ledger *, const struct link_report *, size_t n,
    ledger_wanted_fn *, void *ctx, struct db_error *);

/* Tells what each link has used, as far as its row says so. */
typedef void ledger_used_fn(void *ctx, const char *link, const struct link_use *);
enum db_result ledger_used(struct ledger *, ledger_used_fn *, void *ctx, struct db_error *);

/* Gives the lease back. Rows still held go the way of in_doubt. */
enum db_result ledger_leave(struct ledger *, struct db_error *);

#endif
