/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hatch.h - the opening between the loop and the workers of a store.
 *
 *        loop (store.c)          hatch.c           workers (worker.c)
 *     facts, wishes, reports --> lists  --> taken: a bundle, a wish, reports
 *     from an eventfd        <-- list   <-- notices: what became of them
 *
 * Things pass through whole and have one owner at a time: the loop until they
 * are put in, the hatch while they lie in it, a worker from take to post, the
 * loop again when it collects the notice. So one lock, in hatch.c and nowhere
 * else, is all there is, and it is never held across a call that blocks.
 */
#ifndef HATCH_H
#define HATCH_H

#include "../gateway/log.h"
#include "../gateway/message.h"
#include "../gateway/store.h"
#include "bundle.h"

enum { WORKERS_MAX = 2, WHY_MAX = 400 };

/* A claim that somebody asked for, and its answer. */
struct wish {
	TAILQ_ENTRY(wish) entry;        /* in the hatch, until a worker takes it */
	TAILQ_ENTRY(wish) asked;        /* the loop's: in its list of claims under way */
	struct lane lane;               /* its name is the wish's own copy */
	size_t max;
	int64_t token;
	store_claim_fn *fn;
	void *ctx;
	bool answered;                  /* the loop's: the asker was told n = 0 already */

	/* The worker's answer: */
	struct batch *batch;            /* NULL when there are none */
	struct message **messages;
	size_t n;
	int64_t epoch;                  /* under which they were claimed */
	uint64_t good_until;            /* hatch_now() when the lease they stand on ends */
};
TAILQ_HEAD(wishes, wish);

void wish_free(struct wish *);

/* What a worker tells the loop. */
enum notice_kind {
	NOTICE_RECORDED,                /* bundle: it is in the database, but for its refusals */
	NOTICE_CLAIMED,                 /* wish: answered */
	NOTICE_CONDITION,               /* worker, state, text, retry_ms: how that worker is */
	NOTICE_LINE,                    /* level, text: for the log */
	NOTICE_WANTED,                  /* text, wanted: what the operator wants of a link */
	NOTICE_USED,                    /* text, used: what a link has used */
	NOTICE_COMMAND,                 /* command: claimed under the lease of good_until */
	NOTICE_LEASE,                   /* good_until, epoch: it was taken or renewed */
	NOTICE_LEFT,                    /* the lease was given back */
};

struct notice {
	TAILQ_ENTRY(notice) entry;
	enum notice_kind kind;
	struct bundle *bundle;
	struct wish *wish;
	struct command *command;
	unsigned worker;
	enum store_state state;
	unsigned retry_ms;              /* 0: nothing is to be tried again */
	uint64_t good_until;            /* hatch_now() when the lease ends, or ended then */
	int64_t epoch;                  /* of the lease */
	enum log_level level;
	enum wanted wanted;
	struct link_use used;
	char text[WHY_MAX];
};
TAILQ_HEAD(notices, notice);

/* What a worker sees when it looks. */
struct hatch_view {
	size_t bundles, wishes;         /* that lie there to be taken */
	size_t settling;                /* settlements not yet recorded, in workers' hands too */
	bool reports;                   /* some link reports were not taken yet */
	bool urgent;                    /* one of them is of a new state */
	bool draining;                  /* store_drain(): no claims any more */
	bool leaving;                   /* and every fact is in: give the lease back */
	bool closing;                   /* store_close(): end now */
};

struct hatch;

/* Milliseconds of a clock that goes on while the machine sleeps, as leases do. */
uint64_t hatch_now(void);

/* The loop's side. `batch`: the most facts in one bundle. `facts` and `lease`
 * are the numbers of the workers that are called for each. */
struct hatch *hatch_new(unsigned workers, size_t batch, unsigned lease, unsigned facts);
int hatch_fd(const struct hatch *);     /* readable when there are notices */

void hatch_tell_settled(struct hatch *, struct message *);
void hatch_tell_receipt(struct hatch *, const struct receipt *, const struct asker *);
void hatch_tell_inbound(struct hatch *, const struct inbound *, const struct asker *);
void hatch_tell_answer(struct hatch *, struct command *);
/* Wakes the worker for the facts told since the last call. */
void hatch_call_facts(struct hatch *);

void hatch_wish(struct hatch *, struct wish *);         /* takes the wish */
void hatch_report(struct hatch *, const struct link_report *);
void hatch_drain(struct hatch *);
void hatch_leave(struct hatch *);

/* Moves all notices to the end of *into. */
void hatch_collect(struct hatch *, struct notices *into);

/* Asks the workers to end. Then, for each: true when it has within ms. */
void hatch_close(struct hatch *);
bool hatch_ended(struct hatch *, unsigned worker, uint64_t ms);
/* After that: takes the oldest bundle that was not recorded; one in the hands
 * of a worker comes first, with *held set when the worker still uses it. NULL:
 * there are no more. */
struct bundle *hatch_salvage(struct hatch *, bool *held);
/* Gives up one hold on the hatch: the loop's, or a worker's. The last frees it. */
void hatch_release(struct hatch *);

/* The workers' side. A worker holds the hatch from its start to its end. */
void hatch_look(struct hatch *, struct hatch_view *);
/* Waits until there is news for that worker, or hatch_now() is `until`. */
void hatch_wait(struct hatch *, unsigned worker, uint64_t until);
/* What they take is theirs until they post a notice of it; NULL: nothing there. */
struct bundle *hatch_take_bundle(struct hatch *, unsigned worker);
struct wish *hatch_take_wish(struct hatch *);
/* The reports not yet taken, in an array to free(). Lost: they were not written
 * after all, and those that have not changed since are to be taken again. */
size_t hatch_take_reports(struct hatch *, struct link_report **);
void hatch_reports_lost(struct hatch *);
void hatch_post(struct hatch *, struct notice *);       /* takes the notice */
void hatch_end(struct hatch *, unsigned worker);        /* the worker's last call; releases its hold */

#endif
