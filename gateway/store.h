/* SPDX-License-Identifier: Apache-2.0 */
/*
 * store.h - what the gateway asks of the database.
 *
 * Everything here returns at once and is answered later, from the loop, and
 * exactly once; nothing is answered from inside the call that asked.
 *
 * Wishes and facts. A claim is a wish: if it fails, one asks again. That a
 * message was sent, that a receipt or a message came in, are facts: the store
 * keeps them through lost connections and deadlocks until the database has
 * them. Facts reach the database in the order they were told.
 *
 * Batching needs no timer. While the worker is writing one batch the next one
 * gathers; when it comes back it takes all there is. An idle store writes
 * single rows at once, a busy one writes hundreds together.
 *
 * Back-pressure. store_full() is true from high_water facts until half of
 * that. While it is, the gateway claims nothing and the links hold their
 * submits; nothing is ever thrown away for want of room.
 *
 * Ownership. A gateway lives in the database as one row, (name, epoch,
 * alive_until), by the database's clock. Claimed rows name that owner. beat
 * moves alive_until, and nothing leaves after that. When a beat finds that another
 * gateway has taken our rows the store is FENCED: links stop at once and settle nothing more.
 * Any gateway's tending takes the rows of the dead, and `in_doubt` says how.
 */
#ifndef STORE_H
#define STORE_H

#include "../conf/conf.h"
#include "command.h"
#include "message.h"
#include "past.h"

struct event_base;
struct store;

/* For how many days rows are kept that have ended; 0: for ever. */
struct keep {
	long outbox;                    /* after their end, with their parts; commands and dialogues, too */
	long unconfirmed;               /* sent, and the receipt that was wanted never came: no less than that */
	long inbox;                     /* after the application has taken them */
	long receipts;
};

/* Section `database`. name, in_doubt and what follows are not of that section, and filled in
 * by the caller of store_open(). */
struct store_options {
	char *url;                      /* postgresql://... sqlite:///... */
	char *password;                 /* from password_file; "" when there is none */
	long high_water;                /* facts held in memory before store_full() */
	long lease;                     /* ms; beaten three times within it */
	long join_time, join_sets;      /* ms, sets: parts from handsets that wait for others */
	long batch;                     /* the most facts that go into one transaction */
	struct keep keep;
	char *maintain_at;              /* "03:30", the local time at which what is not kept goes; "off" */
	const char *name;               /* of this gateway; unique among its peers */
	const char *version;
	enum in_doubt in_doubt;         /* the default for rows that say nothing */
	enum in_doubt in_doubt_unknown; /* the same when nobody knows which link they left by */
	struct past *past;              /* the journal of our last run, or NULL: the store settles by it
	                                 * what that run had claimed. Held as long as it is read */
};
extern const struct conf_key store_keys[];

/* False, with *err filled, when the URL names no engine that is compiled in, or maintain_at no time. */
bool store_check(const struct store_options *, struct conf_error *err);
/* The folder of the database, when that is a file on this host; else false. */
bool store_folder(const struct store_options *, char *out, size_t room);

enum store_state {
	STORE_OPENING,                  /* connecting, or waiting for our own old lease to end */
	STORE_READY,
	STORE_LOST,                     /* no connection, disk full, ...: retrying by itself */
	STORE_BROKEN,                   /* schema missing or of another version: looks again now and then */
	STORE_FENCED,                   /* our lease ended before we renewed it; opens again by itself with a
	                                 * new epoch, and STORE_READY follows. Messages claimed before are
	                                 * no longer ours; settling them changes no row that was taken since */
	STORE_DRAINED,                  /* after store_drain(): everything is in the database */
};

enum wanted { WANTED_RUN, WANTED_HOLD, WANTED_DRAIN };

/* Parts that the network took from a link or may have taken: in the hour, the day and the month of
 * `at`, by the local time of the gateway's host. */
enum use_period { USE_HOUR, USE_DAY, USE_MONTH, USE_PERIODS };
struct link_use {
	int64_t at;                     /* Unix seconds: the last of them left; 0: none, or not known yet */
	uint64_t parts[USE_PERIODS];
};

/* What the gateway wants to hear; called from the loop. */
struct store_listener {
	void *ctx;
	/* Every change of state; `why` is for people. */
	void (*state)(void *ctx, enum store_state, const char *why);
	/* What the operator wants of a link (table link), when it differs from
	 * what was told last, and once after the link's first report. */
	void (*wanted)(void *ctx, const char *link, enum wanted);
	/* What a link of this gateway has used, as the table link has it: of each that is there, whenever
	 * a lease was taken, before STORE_READY. NULL: nobody wants to know. */
	void (*used)(void *ctx, const char *link, const struct link_use *);
	/* store_full() has become false. */
	void (*room)(void *ctx);
	/* What became of a message is in the tables, or was refused for good and never will be.
	 * It is released when this returns. */
	void (*settled)(void *ctx, struct message *);
	/* Something is asked of the network, over a link that the table `link` shows as up here.
	 * It is the gateway's, to be given to store_answer() once; without this function it
	 * goes back to be asked by another. */
	void (*command)(void *ctx, struct command *);
};

enum { LINK_REASON_MAX = 320 };         /* two fingerprints and what they are */

/* What the table `link` shows of one link. */
struct link_report {
	char name[LINK_NAME_MAX];
	char driver[16];
	char account[LINK_NAME_MAX];    /* links of one get each other's receipts; "": none */
	char state[16];                 /* "connecting", "up", "down", "held", "draining" */
	char reason[LINK_REASON_MAX];   /* why it is not up */
	unsigned window, queued, unanswered;
	long rate;                      /* configured limit in parts a second; 0: none */
	long interval_ms;               /* configured: between parts, at least; 0: none */
	long quota[USE_PERIODS];        /* configured: parts at most; 0: none */
	struct link_use used;           /* at 0: the table keeps what it has */
	uint64_t sent, failed, receipts, received; /* since the gateway started, parts */
};

/*
 * Begins to connect. NULL, with *err filled, when the URL names no engine.
 * `options` and what it points to must outlive the store; the listener is copied.
 */
struct store *store_open(struct event_base *, const struct store_options *,
    const struct store_listener *, struct conf_error *err);

/* A lane to claim from: fresh rows of a route, or rows parked for a link. */
struct lane {
	enum { LANE_ROUTE, LANE_LINK } kind;
	const char *name;               /* the route's or the link's; outlives the claim */
};

/*
 * Claims up to `max` messages of a lane, best priority first, oldest first.
 * The messages are the caller's from then on, each to be given to
 * store_settle() once. n = 0: there are none, or not now. One claim per lane
 * at a time. When the store is not READY the answer is n = 0, soon.
 */
typedef void store_claim_fn(void *ctx, struct message **messages, size_t n);
void store_claim(struct store *, const struct lane *, size_t max, store_claim_fn *, void *ctx);

/*
 * A fact: what became of a message, as message->outcome, link, parked and
 * parts say. The message is the store's from now on, which releases it once
 * committed.
 */
void store_settle(struct store *, struct message *);

/* A fact: what the network said too late. Copied. */
void store_late(struct store *, const struct answer *);

/*
 * A fact: what became of a command, as command->reply says. The command is the store's
 * from now on. What the network did to a message of outbox is written there as well:
 * a cancel that is DONE makes it cancelled, a replacement gives it the new body.
 */
void store_answer(struct store *, struct command *);

/* Facts from the network, copied. `kept` says whether the peer may forget its
 * copy: false only when the database refuses the values for good. */
typedef void store_kept_fn(void *ctx, uint64_t ticket, bool kept);
void store_receipt(struct store *, const struct receipt *, uint64_t ticket,
    store_kept_fn *, void *ctx);
void store_inbound(struct store *, const struct inbound *, uint64_t ticket,
    store_kept_fn *, void *ctx);

/* The newest state of a link, for the table link. Written soon when `state`
 * changed, else within a second or so. Copied; only the newest is kept. */
void store_report(struct store *, const struct link_report *);

bool store_full(const struct store *);

/* True while our lease certainly holds: the last beat that succeeded was begun
 * less than the lease ago, by our own monotonic clock, less a margin. When it
 * turns false nothing more may leave this machine: others may own our rows. */
bool store_leased(const struct store *);

/* The epoch of our lease, as far as STORE_READY has been told of it; 0 before. */
int64_t store_epoch(const struct store *);

size_t store_waiting(const struct store *);     /* facts not yet committed */

/* No more claims; STORE_DRAINED when every fact is in and the lease given back. */
void store_drain(struct store *);

/* Ends at once, and calls nobody any more; from inside a callback of the store it
 * ends when that has returned. Facts not yet written are logged, line by line,
 * and lost. */
void store_close(struct store *);

#endif
