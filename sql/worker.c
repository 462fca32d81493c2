/* SPDX-License-Identifier: Apache-2.0 */
/*
 * worker.c - what a worker does: one duty a turn, the most urgent first.
 *
 * A worker is a thread with a connection of its own. It looks into the hatch,
 * asks every duty when it is due, does the first one that is due now, and
 * reacts to the result; when none is due it waits for news or for the time.
 * Nothing loops inside a duty: what has to be asked again stays in hand, and
 * the duty falls due again later. So a busy table never keeps the lease from
 * being renewed, and closing is noticed between any two calls.
 *
 *     duty     due                              does
 *     REFUSE   claims wished for, none possible answers them: none
 *     OPEN     without a connection             connects, checks the schema
 *     BEAT     a third of the lease is over     renews it, or is FENCED
 *     ENTER    without the lease                takes it under a new epoch
 *     TEND     after each beat                  rows of the dead, expiry, receipts
 *     LINKS    each second, or a link changed   table `link`, both directions
 *     COMMANDS each second, or some were found  claims what is asked of the network
 *     MATCH    receipts found no message        looks again, at theirs and now and then at all
 *     MAINTAIN at that time of day, then bit by bit until it is done: deletes what is kept no longer
 *     LEAVE    drained, and every fact is in    gives the lease back
 *     RECORD   facts are waiting                writes a bundle of them
 *     CLAIM    a wish is waiting                claims rows
 *
 * RECORD and CLAIM take turns, so neither starves the other where one worker
 * has both. With two workers the second has OPEN, MATCH and RECORD only.
 *
 * How a worker is, its condition (react, announce, fence):
 *
 *     OPENING --every duty stuck before is done, lease held--> READY
 *     READY --DB_LOST, or DB_AGAIN several times--> LOST    --> READY
 *     READY --DB_BROKEN--> BROKEN, looks again now and then --> READY
 *     any   --a beat found us buried--> FENCED --new epoch-->   READY
 *
 * A duty that failed is stuck: a bit in `stuck`, which only its own success
 * clears. So a connection that opens and then fails at the same statement
 * again is not READY in between.
 *
 * The lease by our own clock, `good_until`, counts from before the last beat
 * that succeeded was asked for, on a clock that goes on while the machine
 * sleeps. When it is over nothing is claimed or sent until the database has said in a
 * beat that nobody has taken our rows: where it was away for all, nobody has, and we go
 * on under the same epoch. So that nobody does in the first moment after such a time,
 * whoever comes back gives the others a while for their beats before TEND (spare_others).
 *
 * What was settled under an epoch is written under that epoch's owner, for as
 * long as it takes. Rows that somebody took meanwhile have another owner and
 * stay as they are; those that wait as doubtful learn what became of them.
 * That is why a fenced worker lets the settlements go first, and recovers
 * what the old epoch held after that: what was sent is not sent twice.
 */
#include "worker.h"

#include "maintenance.h"
#include "match.h"

#include <assert.h>
#include <inttypes.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#define NEVER UINT64_MAX

enum {
	AGAINS_QUIET = 5,               /* DB_AGAIN so often in a row before it is LOST */
	BEATS_PER_LEASE = 3,
	TEND_AGAIN_MS = 20,
	SLOW_CLAIM_MS = 20,             /* see struct floors */
};

enum duty { REFUSE, OPEN, BEAT, ENTER, TEND, LINKS, COMMANDS, MATCH, MAINTAIN, LEAVE, RECORD, CLAIM, DUTIES };

#define BIT(duty) (1u << (duty))

struct worker {
	struct hatch *hatch;
	unsigned number;
	bool lease, facts;
	const struct engine *engine;
	struct worker_waits waits;
	char *url, *password, *name, *version;
	struct past *past;              /* held */
	uint64_t lease_ms;
	struct ledger ledger;           /* .db is NULL without a connection */

	struct hatch_view view;         /* of this turn */
	uint64_t now;                   /* hatch_now() of this turn */
	uint64_t open_at, beat_at, enter_at, tend_at, links_at, commands_at;
	uint64_t retry_at;              /* for duties that are stuck */
	unsigned stuck;                 /* BIT() of each duty that failed and was not done since */
	unsigned agains;                /* DB_AGAIN since nothing was stuck */
	unsigned reopen_ms;             /* the last wait before OPEN; 0: none since nothing was stuck */

	bool held;                      /* we have the lease, as far as we know */
	bool left;                      /* we gave it back, for good */
	uint64_t good_until;            /* while held: when it ends by our own clock */
	uint64_t settle_until;          /* after a fence: how long settlements go before ENTER */

	struct bundle *bundle;          /* in hand until it is recorded */
	bool recorded_last;             /* it is CLAIM's turn */
	struct wish *wish;              /* in hand until it is answered */
	struct command_look look;       /* for commands */
	struct match match;
	bool linked;                    /* table link knows our links */
	struct maintenance maintenance;
	bool unsure;                    /* the claim may have been committed: ask first */

	enum store_state condition;     /* what the loop was told last */
	char why[WHY_MAX];
	uint64_t dice;
};

/* Telling the loop */

static void post(struct worker *worker, struct notice values)
{
	struct notice *notice = malloc(sizeof *notice);
	if (!notice)
		abort();
	*notice = values;
	notice->worker = worker->number;
	hatch_post(worker->hatch, notice);
}

static void say(struct worker *worker, enum log_level level, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static void say(struct worker *worker, enum log_level level, const char *format, ...)
{
	struct notice notice = { .kind = NOTICE_LINE, .level = level };
	va_list args;
	va_start(args, format);
	vsnprintf(notice.text, sizeof notice.text, format, args);
	va_end(args);
	post(worker, notice);
}

static void condition(struct worker *worker, enum store_state state, unsigned retry_ms,
    const char *why)
{
	if (worker->condition == state && strcmp(worker->why, why) == 0)
		return;
	worker->condition = state;
	snprintf(worker->why, sizeof worker->why, "%s", why);
	struct notice notice = { .kind = NOTICE_CONDITION, .state = state, .retry_ms = retry_ms };
	snprintf(notice.text, sizeof notice.text, "%s", why);
	post(worker, notice);
}

static void answer_wish(struct worker *worker)
{
	post(worker, (struct notice){ .kind = NOTICE_CLAIMED, .wish = worker->wish });
	worker->wish = NULL;
	worker->unsure = false;
}

/* A quarter more or less, at random. */
static unsigned jittered(struct worker *worker, unsigned ms)
{
	worker->dice ^= worker->dice << 13;
	worker->dice ^= worker->dice >> 7;
	worker->dice ^= worker->dice << 17;
	return ms - ms / 4 + (unsigned)(worker->dice % (ms / 2 + 1));
}

static unsigned smaller(unsigned a, unsigned b)
{
	return a < b ? a : b;
}

/* REFUSE: claims that cannot be had now, and after store_drain() those that
 * were not made yet. One that may have been made is asked for first, so that
 * its rows are given back, unless the lease ends before that is possible. */

static uint64_t when_refuse(const struct worker *worker)
{
	const struct hatch_view *view = &worker->view;
	if (worker->lease && view->wishes > 0
	    && (view->draining || worker->condition != STORE_READY))
		return 0;
	if (worker->wish && view->draining)
		return worker->unsure ? worker->good_until : 0;
	return NEVER;
}

static enum db_result refuse(struct worker *worker, struct db_error *err)
{
	(void)err;
	if (worker->wish && worker->view.draining
	    && (!worker->unsure || worker->now >= worker->good_until))
		answer_wish(worker);
	struct wish *wish;
	while ((wish = hatch_take_wish(worker->hatch)))
		post(worker, (struct notice){ .kind = NOTICE_CLAIMED, .wish = wish });
	return DB_OK;
}

/* OPEN */

static uint64_t when_open(const struct worker *worker)
{
	return worker->ledger.db ? NEVER : worker->open_at;
}

static void disconnect(struct worker *worker)
{
	worker->engine->close(worker->ledger.db);
	worker->ledger.db = NULL;
	maintenance_disconnected(&worker->maintenance);
}

/* It may have been away for them as well: they are given the time for a beat. */
static void spare_others(struct worker *worker)
{
	worker->tend_at = hatch_now() + worker->lease_ms / BEATS_PER_LEASE;
}

static enum db_result open_connection(struct worker *worker, struct db_error *err)
{
	enum db_result result = worker->engine->open(&worker->ledger.db, worker->url,
	    worker->password, err);
	if (result != DB_OK)
		worker->ledger.db = NULL;
	else if ((result = ledger_check(&worker->ledger, err)) != DB_OK)
		disconnect(worker);
	if (result == DB_OK)
		spare_others(worker);
	if (result == DB_OK)
		say(worker, LOG_LEVEL_INFO, "database event=connected engine=%s for=\"%s\"",
		    worker->engine->schemes[0], !worker->facts ? "claims" :
		    worker->lease ? "claims and facts" : "facts");
	/* There is no connection on which to ask again. */
	return result == DB_AGAIN ? DB_LOST : result;
}

/* BEAT, ENTER, LEAVE: the lease */

static void lease_from(struct worker *worker, uint64_t asked)
{
	worker->held = true;
	worker->good_until = asked + worker->lease_ms;
	worker->beat_at = asked + worker->lease_ms / BEATS_PER_LEASE;
	post(worker, (struct notice){ .kind = NOTICE_LEASE, .good_until = worker->good_until,
	    .epoch = worker->ledger.epoch });
}

static void lease_over(struct worker *worker)
{
	worker->held = false;
	worker->stuck &= ~(BIT(BEAT) | BIT(TEND) | BIT(LINKS) | BIT(COMMANDS) | BIT(MAINTAIN) |
	    BIT(CLAIM) | BIT(LEAVE));
}

static void fence(struct worker *worker)
{
	lease_over(worker);
	if (worker->wish)
		answer_wish(worker);    /* what it may have claimed is recovered by ENTER */
	worker->enter_at = worker->now;
	worker->settle_until = worker->now + worker->lease_ms;
	char why[WHY_MAX];
	snprintf(why, sizeof why, "the lease of %s had ended before it was renewed, and another has taken "
	    "over; what it held went the way of in_doubt", worker->ledger.owner);
	condition(worker, STORE_FENCED, 0, why);
}

static uint64_t when_beat(const struct worker *worker)
{
	return worker->held && worker->ledger.db ? worker->beat_at : NEVER;
}

static enum db_result beat(struct worker *worker, struct db_error *err)
{
	uint64_t asked = hatch_now();
	bool fenced = false;
	enum db_result result = ledger_beat(&worker->ledger, (long)worker->lease_ms, &fenced, err);
	if (result != DB_OK)
		return result;
	if (fenced) {
		fence(worker);
		return result;
	}
	if (asked >= worker->good_until) {
		say(worker, LOG_LEVEL_INFO, "database event=renewed reason=\"the lease of %s had ended, and nobody "
		    "had taken over\"", worker->ledger.owner);
		spare_others(worker);
	}
	lease_from(worker, asked);
	return result;
}

static uint64_t when_enter(const struct worker *worker)
{
	if (!worker->lease || worker->held || !worker->ledger.db || worker->view.draining)
		return NEVER;
	if (worker->view.settling > 0 && worker->now < worker->settle_until)
		return worker->settle_until;
	return worker->enter_at;
}

static void on_used(void *ctx, const char *link, const struct link_use *used)
{
	struct notice notice = { .kind = NOTICE_USED, .used = *used };
	snprintf(notice.text, sizeof notice.text, "%s", link);
	post(ctx, notice);
}

static enum db_result enter(struct worker *worker, struct db_error *err)
{
	uint64_t asked = hatch_now();
	long alive_ms = 0;
	const bool recalls = worker->ledger.past;
	enum db_result result = ledger_enter(&worker->ledger, (long)worker->lease_ms, &alive_ms, err);
	if (result == DB_AGAIN && recalls && !worker->ledger.past)
		say(worker, LOG_LEVEL_WARN, "database event=recall-refused reason=\"%s\" effect=\"rows of the "
		    "last run go the way of in_doubt\"", err->text);
	if (result == DB_OK && alive_ms <= 0)
		result = ledger_used(&worker->ledger, on_used, worker, err);
	if (result != DB_OK)
		return result;
	if (alive_ms <= 0) {
		if (worker->ledger.recalled.rows)
			say(worker, LOG_LEVEL_INFO, "database event=recalled rows=%zu queued=%zu doubtful=%zu "
			    "reason=\"the last run ended while they were being sent, and left a journal\"",
			    worker->ledger.recalled.rows, worker->ledger.recalled.queued,
			    worker->ledger.recalled.doubtful);
		lease_from(worker, asked);
		worker->tend_at = worker->links_at = worker->now;
		return DB_OK;
	}
	/* Behind the end, at random: of two that wait, one comes first. */
	unsigned wait = (unsigned)alive_ms + 1 + jittered(worker, worker->waits.again_max / 4);
	worker->enter_at = hatch_now() + wait;
	if (worker->condition != STORE_FENCED)
		condition(worker, STORE_OPENING, wait, err->text);
	return DB_OK;
}

static uint64_t when_leave(const struct worker *worker)
{
	if (!worker->lease || !worker->view.leaving || worker->left)
		return NEVER;
	return worker->held && !worker->ledger.db ? worker->good_until : 0;
}

static enum db_result leave(struct worker *worker, struct db_error *err)
{
	enum db_result result = DB_OK;
	if (worker->held && worker->ledger.db)
		result = ledger_leave(&worker->ledger, err);
	if (result != DB_OK)
		return result;
	lease_over(worker);
	worker->left = true;
	post(worker, (struct notice){ .kind = NOTICE_LEFT });
	return DB_OK;
}

/* TEND, LINKS */

static uint64_t when_tend(const struct worker *worker)
{
	return worker->held && worker->ledger.db ? worker->tend_at : NEVER;
}

static enum db_result tend(struct worker *worker, struct db_error *err)
{
	struct tended tended;
	enum db_result result = ledger_tend(&worker->ledger, &tended, err);
	if (result != DB_OK)
		return result;
	worker->tend_at = worker->now + (tended.more ? TEND_AGAIN_MS : worker->lease_ms / BEATS_PER_LEASE);
	if (tended.recovered > 0)
		say(worker, LOG_LEVEL_WARN, "database event=recovered rows=%zu "
		    "reason=\"the lease of who had claimed them had ended\"", tended.recovered);
	if (tended.incomplete > 0)
		say(worker, LOG_LEVEL_WARN, "database event=incomplete messages=%zu "
		    "reason=\"parts from handsets did not come in time, or were too many\"", tended.incomplete);
	return DB_OK;
}

static uint64_t when_links(const struct worker *worker)
{
	const struct hatch_view *view = &worker->view;
	if (!worker->held || !worker->ledger.db)
		return NEVER;
	return view->urgent || (view->leaving && view->reports) ? 0 : worker->links_at;
}

static void on_wanted(void *ctx, const char *link, enum wanted wanted)
{
	struct notice notice = { .kind = NOTICE_WANTED, .wanted = wanted };
	snprintf(notice.text, sizeof notice.text, "%s", link);
	post(ctx, notice);
}

static enum db_result links(struct worker *worker, struct db_error *err)
{
	struct link_report *reports;
	size_t n = hatch_take_reports(worker->hatch, &reports);
	enum db_result result = ledger_links(&worker->ledger, reports, n, on_wanted, worker, err);
	free(reports);
	if (result == DB_REFUSED) {
		/* Pictures, not facts: the next ones may do better. */
		say(worker, LOG_LEVEL_ERROR, "database event=refused what=\"table link\" "
		    "reason=\"%s\"", err->text);
		result = DB_OK;
	}
	worker->linked |= result == DB_OK && n > 0;
	if (result == DB_OK)
		worker->links_at = worker->now + worker->waits.links;
	else
		hatch_reports_lost(worker->hatch);
	return result;
}

/* COMMANDS. Not before our links are in their table: which are up, and which nobody
 * knows, is looked up there. */

static uint64_t when_commands(const struct worker *worker)
{
	if (!worker->held || !worker->ledger.db || !worker->linked || worker->view.draining ||
	    worker->now >= worker->good_until)
		return NEVER;
	return worker->commands_at;
}

static enum db_result look_for_commands(struct worker *worker, struct db_error *err)
{
	struct command_look *look = &worker->look;
	const enum db_result result = ledger_look_for_commands(&worker->ledger, look, err);
	if (result != DB_OK)
		return result;
	for (size_t i = 0; i < look->n; i++)
		post(worker, (struct notice){ .kind = NOTICE_COMMAND, .command = look->commands[i],
		    .good_until = worker->good_until });
	worker->commands_at = worker->now + (look->seen ? worker->waits.commands_busy
	    : worker->waits.commands);
	return DB_OK;
}

/* MATCH */

static uint64_t when_match(const struct worker *worker)
{
	return worker->facts && worker->ledger.db ? match_due(&worker->match) : NEVER;
}

static enum db_result match(struct worker *worker, struct db_error *err)
{
	return match_step(&worker->match, &worker->ledger, err);
}

/* MAINTAIN */

static uint64_t when_maintain(const struct worker *worker)
{
	const struct maintenance *maintenance = &worker->maintenance;
	return worker->lease && maintenance->second >= 0 && worker->held && worker->ledger.db &&
	    !worker->view.draining ? maintenance->at : NEVER;
}

static void say_line(void *ctx, enum log_level level, const char *line)
{
	say(ctx, level, "%s", line);
}

static enum db_result maintain(struct worker *worker, struct db_error *err)
{
	return maintenance_step(&worker->maintenance, worker->engine, worker->ledger.db, say_line, worker,
	    err);
}

/* RECORD: a bundle, piece by piece should the database refuse a value in it. */

static uint64_t time_of(const struct worker *, enum duty);

static uint64_t when_record(const struct worker *worker)
{
	if (!worker->facts || !worker->ledger.db || (!worker->bundle && worker->view.bundles == 0))
		return NEVER;
	if (worker->recorded_last && time_of(worker, CLAIM) <= worker->now)
		return NEVER;
	return 0;
}

static enum db_result record(struct worker *worker, struct db_error *err)
{
	worker->recorded_last = true;
	if (!worker->bundle)
		worker->bundle = hatch_take_bundle(worker->hatch, worker->number);
	struct bundle *bundle = worker->bundle;
	assert(bundle);                 /* nobody else takes them */

	struct ledger ledger = worker->ledger;
	ledger.epoch = bundle->epoch;
	snprintf(ledger.owner, sizeof ledger.owner, "%s/%" PRId64, ledger.name, bundle->epoch);
	ledger.unmatched = 0;
	struct facts facts = bundle_piece(bundle);
	enum db_result result = ledger_record(&ledger, &facts, err);
	if (result == DB_REFUSED)
		bundle_refused(bundle, &facts, err);
	else if (result == DB_OK)
		bundle_written(bundle, &facts);
	else
		return result;
	if (result == DB_OK && ledger.unmatched)
		match_soon(&worker->match, worker->now);
	if (bundle->done == bundle_facts(bundle)) {
		worker->bundle = NULL;
		post(worker, (struct notice){ .kind = NOTICE_RECORDED, .bundle = bundle });
	}
	return DB_OK;
}

/* CLAIM */

static uint64_t when_claim(const struct worker *worker)
{
	if (!worker->held || !worker->ledger.db || worker->now >= worker->good_until)
		return NEVER;
	if (worker->wish)
		return 0;
	return worker->view.wishes > 0 && worker->condition == STORE_READY ? 0 : NEVER;
}

static enum db_result claim(struct worker *worker, struct db_error *err)
{
	worker->recorded_last = false;
	if (!worker->wish)
		worker->wish = hatch_take_wish(worker->hatch);
	struct wish *wish = worker->wish;
	assert(wish);
	struct batch *batch = NULL;
	struct message **messages = NULL;
	size_t n = 0;
	enum db_result result = worker->unsure
	    ? ledger_claimed(&worker->ledger, wish->token, &batch, &messages, &n, err)
	    : ledger_claim(&worker->ledger, wish->token, &wish->lane, wish->max,
	        &batch, &messages, &n, err);
	if (result != DB_OK) {
		worker->unsure |= result == DB_LOST;
		return result;
	}
	if (worker->unsure && n == 0) {
		worker->unsure = false; /* it was not: now, or REFUSE when draining */
		return DB_OK;
	}
	wish->batch = batch;
	wish->messages = messages;
	wish->n = n;
	wish->epoch = worker->ledger.epoch;
	wish->good_until = worker->good_until;
	answer_wish(worker);
	return DB_OK;
}

/* In the order of urgency. */
static const struct {
	uint64_t (*when)(const struct worker *); /* 0: now; NEVER: not as things are */
	enum db_result (*run)(struct worker *, struct db_error *);
} duties[DUTIES] = {
	[REFUSE] = { when_refuse, refuse },
	[OPEN]   = { when_open,   open_connection },
	[BEAT]   = { when_beat,   beat },
	[ENTER]  = { when_enter,  enter },
	[TEND]   = { when_tend,   tend },
	[LINKS]  = { when_links,  links },
	[COMMANDS] = { when_commands, look_for_commands },
	[MATCH]  = { when_match,  match },
	[MAINTAIN] = { when_maintain, maintain },
	[LEAVE]  = { when_leave,  leave },
	[RECORD] = { when_record, record },
	[CLAIM]  = { when_claim,  claim },
};

/* When a duty is due; one that is stuck not before it may try again. */
static uint64_t time_of(const struct worker *worker, enum duty duty)
{
	uint64_t at = duties[duty].when(worker);
	if ((worker->stuck & BIT(duty)) && at < worker->retry_at)
		at = worker->retry_at;
	return at;
}

/* Says READY when everything is as it should be. */
static void announce(struct worker *worker)
{
	if (worker->stuck || !worker->ledger.db)
		return;
	worker->agains = worker->reopen_ms = 0;
	if (worker->lease && !worker->held)
		return;
	condition(worker, STORE_READY, 0, worker->lease ? worker->ledger.owner : "connected");
}

static void ask_again(struct worker *worker, const char *why)
{
	unsigned shift = smaller(worker->agains++, 10);
	unsigned wait = smaller(worker->waits.again << shift, worker->waits.again_max);
	wait = jittered(worker, wait);
	worker->retry_at = hatch_now() + wait;
	if (worker->agains >= AGAINS_QUIET)
		condition(worker, STORE_LOST, wait, why);
}

static void reopen(struct worker *worker, enum store_state state, unsigned wait, const char *why)
{
	if (worker->ledger.db)
		disconnect(worker);
	wait = jittered(worker, wait);
	worker->open_at = worker->retry_at = hatch_now() + wait;
	condition(worker, state, wait, why);
}

static void react(struct worker *worker, enum duty duty, enum db_result result,
    const struct db_error *err)
{
	if (result == DB_OK) {
		worker->stuck &= ~BIT(duty);
		announce(worker);
		return;
	}
	worker->stuck |= BIT(duty);
	switch (result) {
	case DB_AGAIN:
		ask_again(worker, err->text);
		break;
	case DB_LOST:
		worker->reopen_ms = worker->reopen_ms == 0 ? worker->waits.reopen
		    : smaller(worker->reopen_ms * 2, worker->waits.reopen_max);
		reopen(worker, STORE_LOST, worker->reopen_ms, err->text);
		break;
	default:
		/* Rights and schemas are looked up anew by a new connection. */
		reopen(worker, STORE_BROKEN, worker->waits.broken, err->text);
	}
}

static bool look(struct worker *worker)
{
	hatch_look(worker->hatch, &worker->view);
	worker->now = hatch_now();
	return !worker->view.closing;
}

static void worker_free(struct worker *worker)
{
	worker->engine->close(worker->ledger.db);
	if (worker->wish)
		wish_free(worker->wish);
	free(worker->url);
	free(worker->password);
	free(worker->name);
	free(worker->version);
	past_release(worker->past);
	free(worker);
}

/* The thread. A bundle in hand stays known to the hatch, for hatch_salvage(). */
static void *work(void *arg)
{
	struct worker *worker = arg;
	while (look(worker)) {
		uint64_t next = NEVER;
		enum duty duty = 0;
		while (duty < DUTIES) {
			uint64_t at = time_of(worker, duty);
			if (at < next)
				next = at;
			if (at <= worker->now)
				break;
			duty++;
		}
		if (duty == DUTIES) {
			hatch_wait(worker->hatch, worker->number, next);
			continue;
		}
		struct db_error err = { .code = 0 };
		enum db_result result = duties[duty].run(worker, &err);
		react(worker, duty, result, &err);
	}
	struct hatch *hatch = worker->hatch;
	unsigned number = worker->number;
	worker_free(worker);
	hatch_end(hatch, number);
	return NULL;
}

static char *copy(const char *text)
{
	char *own = strdup(text ? text : "");
	if (!own)
		abort();
	return own;
}

pthread_t worker_start(const struct worker_setup *setup)
{
	struct worker *worker = calloc(1, sizeof *worker);
	if (!worker)
		abort();
	const struct store_options *options = setup->options;
	worker->hatch = setup->hatch;
	worker->number = setup->number;
	worker->lease = setup->lease;
	worker->facts = setup->facts;
	worker->engine = setup->engine;
	worker->waits = *setup->waits;
	worker->url = copy(options->url);
	worker->password = copy(options->password);
	worker->name = copy(options->name);
	worker->version = copy(options->version);
	worker->past = past_hold(options->past);
	worker->lease_ms = (uint64_t)options->lease;
	maintenance_init(&worker->maintenance, &options->keep, options->maintain_at, worker->waits.again_max);
	worker->condition = STORE_OPENING;
	match_init(&worker->match, (unsigned)(worker->lease_ms / BEATS_PER_LEASE));
	worker->ledger = (struct ledger){
		.engine = worker->engine,
		.name = worker->name,
		.in_doubt = options->in_doubt,
		.in_doubt_unknown = options->in_doubt_unknown,
		.past = worker->past,
		.join_wait_s = options->join_time / 1000,
		.join_sets = options->join_sets,
		.slow_ms = SLOW_CLAIM_MS,
		.version = worker->version,
	};
	if (getrandom(&worker->dice, sizeof worker->dice, 0) != sizeof worker->dice)
		abort();
	worker->dice |= 1;

	/* Signals are the loop's. */
	sigset_t all, before;
	sigfillset(&all);
	pthread_sigmask(SIG_BLOCK, &all, &before);
	pthread_t thread;
	if (pthread_create(&thread, NULL, work, worker) != 0)
		abort();
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return thread;
}
