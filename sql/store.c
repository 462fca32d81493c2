/* SPDX-License-Identifier: Apache-2.0 */
/*
 * store.c - the loop's side of the database: wishes and facts go in, answers
 * come out.
 *
 * Nothing here blocks and nothing here talks to a database. What the gateway
 * asks for is put into the hatch (hatch.c), workers take it (worker.c), and
 * what became of it comes back as notices, of which an eventfd tells the loop.
 * Only deliver() and on_wake() call the gateway, so that no answer ever comes
 * from inside the call that asked.
 *
 * How many workers: as many as the engine finds worth opening. With two, the
 * first has the lease and the claims and the second the facts, which then
 * never wait for each other; with one, it does everything in turn.
 *
 * The state that the gateway hears is the worst of its workers':
 *
 *     FENCED > BROKEN > LOST > OPENING > READY     (worst())
 *
 * and, at the end, DRAINED:
 *
 *     store_drain() --no claim under way, no fact left--> leave (advance())
 *     leave --NOTICE_LEFT, no fact left-----------------> DRAINED
 *
 * Claims that come back too late - the lease they stand on is over, or the
 * store drains and the asker was told n = 0 - are not lost: they are settled
 * at once as deferred and untried, under the epoch that claimed them.
 *
 * This is also where everything that the database work has to say is logged:
 * workers hand their lines over, for only the loop's thread logs.
 */
#include "store_test.h"

#include "retention.h"

#include <assert.h>
#include <event2/event.h>
#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

/* A server that is back, and a disk that has room again, are noticed within a second: waits are a quarter
 * longer at random, and no longer. A try a second costs nobody anything. */
const struct worker_waits store_waits = {
	.reopen = 200,
	.reopen_max = 800,
	.again = 10,
	.again_max = 800,
	.broken = 5000,
	.links = 1000,
	.commands = 1000,
	.commands_busy = 100,
	.close = 2000,
};

#define AT(member) offsetof(struct store_options, member)

const struct conf_key store_keys[] = {
	{ .name = "url", .type = CONF_TEXT, .offset = AT(url), .required = true,
	  .help = "where the tables are: sqlite:///var/lib/smsqld/sms.db or "
	    "postgresql://user@host/name" },
	{ .name = "password_file", .type = CONF_PASSWORD_FILE, .offset = AT(password),
	  .help = "file whose first line is the password, readable by nobody else; "
	    "not needed when the server trusts the connection or the client library knows it" },
	{ .name = "high_water", .type = CONF_NUMBER, .offset = AT(high_water),
	  .fallback = "20000", .min = 100, .max = 10000000,
	  .help = "facts held in memory while the database is slow or away, before links "
	    "stop taking and sending; they go on at half of it" },
	{ .name = "lease", .type = CONF_SECONDS, .offset = AT(lease),
	  .fallback = "15", .min = 1, .max = 3600,
	  .help = "how long the tables may go without a sign of life before another gateway "
	    "may take over what this one had claimed; renewed three times within it" },
	{ .name = "batch", .type = CONF_NUMBER, .offset = AT(batch),
	  .fallback = "1000", .min = 1, .max = 100000,
	  .help = "the most facts that go into one transaction" },
	{ .name = "join_time", .type = CONF_SECONDS, .offset = AT(join_time),
	  .fallback = "3600", .min = 1, .max = 86400,
	  .help = "how long a part of a long message from a handset waits for the next one, before "
	    "what came goes into the inbox; 24 hours after the first part it does in any case" },
	{ .name = "join_sets", .type = CONF_NUMBER, .offset = AT(join_sets),
	  .fallback = "10000", .min = 1, .max = 1000000,
	  .help = "unfinished long messages of a link that are waited for; of more, the oldest go "
	    "into the inbox as they are" },
	{ .name = "keep_outbox", .type = CONF_NUMBER, .offset = AT(keep.outbox), .fallback = "0",
	  .min = 0, .max = 36500,
	  .help = "days that a message stays in outbox once it has ended; so commands and USSD dialogues; "
	    "0: for ever" },
	{ .name = "keep_unconfirmed", .type = CONF_NUMBER, .offset = AT(keep.unconfirmed), .fallback = "30",
	  .min = 0, .max = 36500,
	  .help = "a message whose receipt never came has ended so many days after it was sent, when "
	    "keep_outbox is less; 0: never" },
	{ .name = "keep_inbox", .type = CONF_NUMBER, .offset = AT(keep.inbox), .fallback = "0",
	  .min = 0, .max = 36500,
	  .help = "days that a row of inbox stays once the application has taken it; 0: for ever" },
	{ .name = "keep_receipts", .type = CONF_NUMBER, .offset = AT(keep.receipts), .fallback = "0",
	  .min = 0, .max = 36500,
	  .help = "days that a row of table receipt stays; 0: for ever" },
	{ .name = "maintain_at", .type = CONF_TEXT, .offset = AT(maintain_at), .fallback = "03:30",
	  .help = "the local time of day at which rows that are not kept any longer are deleted, a few at a "
	    "time; or off" },
	{ .name = NULL },
};

/* A claim that is answered n = 0 without the database. */
struct denial {
	TAILQ_ENTRY(denial) entry;
	store_claim_fn *fn;
	void *ctx;
};
TAILQ_HEAD(denials, denial);

/* What was told of a link. */
struct wish_of_operator {
	char link[LINK_NAME_MAX];
	bool told;
	enum wanted wanted;             /* if told: what */
};

struct condition {
	enum store_state state;
	unsigned retry_ms;
	char why[WHY_MAX];
};

enum { LEASE_MARGIN = 10 };             /* the lease divided by that is kept as a margin */

struct store {
	struct hatch *hatch;
	unsigned workers;
	pthread_t threads[WORKERS_MAX];
	struct condition conditions[WORKERS_MAX];
	struct store_listener listener;
	struct worker_waits waits;
	struct event *news;             /* the hatch has notices */
	struct event *wake;             /* by ourselves: see on_wake() */

	struct condition told;          /* what the gateway knows */
	struct wishes asked;            /* claims in the hatch or with a worker */
	struct denials denials;         /* to be answered on the next turn of the loop */
	int64_t token;                  /* of the next claim */
	size_t waiting, high_water;     /* facts */
	uint64_t good_until;            /* hatch_now() when our lease ends; 0: there is none */
	int64_t epoch;                  /* of it */
	uint64_t margin;                /* ms before that at which nothing leaves any more */
	bool full;
	struct wish_of_operator *links;
	size_t nlinks;

	bool draining, leaving, left;   /* store_drain(), and how far it is */
	bool inside;                    /* in deliver() or on_wake() */
	bool closed;                    /* store_close() was called in there */
};

static void *own(void *memory)
{
	if (!memory)
		abort();
	return memory;
}

/* State */

static void log_condition(const struct store *store, const struct condition *now)
{
	switch (now->state) {
	case STORE_OPENING:
		log_info("database event=waiting reason=\"%s\" retry=%.1fs", now->why,
		    now->retry_ms / 1000.0);
		break;
	case STORE_READY:
		log_info("database event=ready owner=%s waiting=%zu", store->conditions[0].why,
		    store->waiting);
		break;
	case STORE_LOST:
		log_warn("database event=lost reason=\"%s\" retry=%.1fs waiting=%zu", now->why,
		    now->retry_ms / 1000.0, store->waiting);
		break;
	case STORE_BROKEN:
		log_error("database event=broken reason=\"%s\" retry=%.1fs waiting=%zu", now->why,
		    now->retry_ms / 1000.0, store->waiting);
		break;
	case STORE_FENCED:
		log_error("database event=fenced reason=\"%s\"", now->why);
		break;
	case STORE_DRAINED:
		log_info("database event=drained");
		break;
	}
}

/* Bad news first. */
static unsigned badness(enum store_state state)
{
	static const unsigned order[] = {
		[STORE_READY] = 0,
		[STORE_OPENING] = 1,
		[STORE_LOST] = 2,
		[STORE_BROKEN] = 3,
		[STORE_FENCED] = 4,
	};
	return order[state];
}

static const struct condition *worst(const struct store *store)
{
	const struct condition *found = &store->conditions[0];
	for (unsigned i = 1; i < store->workers; i++)
		if (badness(store->conditions[i].state) > badness(found->state))
			found = &store->conditions[i];
	return found;
}

static void tell_state(struct store *store, const struct condition *now)
{
	if (now->state == store->told.state && strcmp(now->why, store->told.why) == 0)
		return;
	store->told = *now;
	log_condition(store, now);
	if (store->listener.state)
		store->listener.state(store->listener.ctx, now->state, now->why);
}

/* What a drain waits for; called whenever one of these may have come true. */
static void advance(struct store *store)
{
	if (!store->draining || store->told.state == STORE_DRAINED || store->waiting > 0)
		return;
	if (store->left) {
		const struct condition drained = { .state = STORE_DRAINED,
			.why = "everything is in the database" };
		tell_state(store, &drained);
	} else if (!store->leaving && TAILQ_EMPTY(&store->asked)
	    && TAILQ_EMPTY(&store->denials)) {
		store->leaving = true;
		hatch_leave(store->hatch);
	}
}

/* Facts */

/* On the next turn of the loop, when this one's callbacks have told what they
 * have to tell: fifty answers in one read are one transaction. */
static void wake(struct store *store)
{
	event_active(store->wake, EV_TIMEOUT, 0);
}

static void told_fact(struct store *store)
{
	store->waiting++;
	if (store->waiting >= store->high_water && !store->full) {
		store->full = true;
		log_debug("database event=full waiting=%zu effect=\"no claims, no submits "
		    "until half of it is written\"", store->waiting);
	}
	wake(store);
}

void store_settle(struct store *store, struct message *message)
{
	hatch_tell_settled(store->hatch, message);
	told_fact(store);
}

void store_answer(struct store *store, struct command *command)
{
	hatch_tell_answer(store->hatch, command);
	told_fact(store);
}

/* It goes the way of a receipt that names its row. */
void store_late(struct store *store, const struct answer *answer)
{
	static const enum status statuses[] = { [VERDICT_SENT] = STATUS_SENT,
		[VERDICT_DEFERRED] = STATUS_QUEUED, [VERDICT_REJECTED] = STATUS_FAILED };
	const struct outcome *outcome = &answer->outcome;
	if (outcome->verdict == VERDICT_DOUBTFUL || outcome->verdict == VERDICT_EXPIRED)
		return;                     /* it says nothing that the row does not */
	struct receipt receipt = { .status = statuses[outcome->verdict], .code = outcome->code,
		.row = answer->row, .attempt = answer->attempt, .part = answer->part,
		.parts = answer->parts };
	snprintf(receipt.link, sizeof receipt.link, "%s", answer->link);
	snprintf(receipt.network_id, sizeof receipt.network_id, "%s", outcome->network_id);
	snprintf(receipt.text, sizeof receipt.text, "%s", outcome->text);
	store_receipt(store, &receipt, 0, NULL, NULL);
}

void store_receipt(struct store *store, const struct receipt *receipt, uint64_t ticket,
    store_kept_fn *kept, void *ctx)
{
	const struct asker asker = { .kept = kept, .ctx = ctx, .ticket = ticket };
	hatch_tell_receipt(store->hatch, receipt, &asker);
	told_fact(store);
}

void store_inbound(struct store *store, const struct inbound *inbound, uint64_t ticket,
    store_kept_fn *kept, void *ctx)
{
	const struct asker asker = { .kept = kept, .ctx = ctx, .ticket = ticket };
	hatch_tell_inbound(store->hatch, inbound, &asker);
	told_fact(store);
}

bool store_full(const struct store *store)
{
	return store->full;
}

bool store_leased(const struct store *store)
{
	return hatch_now() + store->margin < store->good_until;
}

int64_t store_epoch(const struct store *store)
{
	return store->epoch;
}

size_t store_waiting(const struct store *store)
{
	return store->waiting;
}

static void log_refusals(const struct bundle *bundle)
{
	for (size_t i = 0; i < bundle->nrefusals; i++) {
		const struct refusal *refusal = &bundle->refusals[i];
		char what[1024];
		bundle_describe(what, sizeof what, bundle, refusal->index);
		log_error("database event=refused error=\"%s\" %s effect=\"%s\"",
		    refusal->error.text, what, refusal->index < bundle->nsettled ||
		    refusal->index >= bundle_facts(bundle) - bundle->ncommands
		    ? "the row stays sending until this gateway starts anew"
		    : "not stored; the network is asked to keep it");
	}
}

static void answer_askers(struct store *store, const struct bundle *bundle)
{
	size_t askers = bundle->nreceipts + bundle->ninbounds;
	size_t at = 0;
	for (size_t i = 0; i < askers && !store->closed; i++) {
		while (at < bundle->nrefusals && bundle->refusals[at].index < bundle->nsettled + i)
			at++;
		bool kept = at == bundle->nrefusals || bundle->refusals[at].index != bundle->nsettled + i;
		const struct asker *asker = i < bundle->nreceipts ? &bundle->receipt_askers[i]
		    : &bundle->inbound_askers[i - bundle->nreceipts];
		if (asker->kept)
			asker->kept(asker->ctx, asker->ticket, kept);
	}
}

static void on_recorded(struct store *store, struct bundle *bundle)
{
	log_refusals(bundle);
	assert(store->waiting >= bundle_facts(bundle));
	store->waiting -= bundle_facts(bundle);
	answer_askers(store, bundle);
	for (size_t i = 0; i < bundle->nsettled && store->listener.settled && !store->closed; i++)
		store->listener.settled(store->listener.ctx, bundle->settled[i]);
	bundle_free(bundle);
	if (!store->full || store->waiting > store->high_water / 2)
		return;
	store->full = false;
	log_debug("database event=room waiting=%zu", store->waiting);
	if (store->listener.room && !store->closed)
		store->listener.room(store->listener.ctx);
}

/* Wishes */

static void deny(struct store *store, store_claim_fn *fn, void *ctx)
{
	struct denial *denial = own(malloc(sizeof *denial));
	*denial = (struct denial){ .fn = fn, .ctx = ctx };
	TAILQ_INSERT_TAIL(&store->denials, denial, entry);
	wake(store);
}

void store_claim(struct store *store, const struct lane *lane, size_t max,
    store_claim_fn *fn, void *ctx)
{
	if (store->told.state != STORE_READY || store->draining) {
		deny(store, fn, ctx);
		return;
	}
	struct wish *wish = own(calloc(1, sizeof *wish));
	wish->lane = (struct lane){ .kind = lane->kind, .name = own(strdup(lane->name)) };
	wish->max = max;
	wish->token = store->token++;
	wish->fn = fn;
	wish->ctx = ctx;
	TAILQ_INSERT_TAIL(&store->asked, wish, asked);
	hatch_wish(store->hatch, wish);
}

/* Claimed rows that nobody is to have: back to where they came from. */
static void hand_back(struct store *store, struct wish *wish)
{
	log_info("database event=returned messages=%zu reason=\"%s\"", wish->n,
	    store->draining ? "draining" : "the lease ended while they were claimed");
	for (size_t i = 0; i < wish->n; i++) {
		struct message *message = wish->messages[i];
		message->outcome = (struct outcome){
			.verdict = VERDICT_DEFERRED, .untried = true };
		store_settle(store, message);
	}
}

static void on_claimed(struct store *store, struct wish *wish)
{
	TAILQ_REMOVE(&store->asked, wish, asked);
	for (size_t i = 0; i < wish->n; i++)
		wish->messages[i]->epoch = wish->epoch;
	bool late = wish->n > 0 && hatch_now() >= wish->good_until;
	if (wish->answered || late)
		hand_back(store, wish);
	if (!wish->answered)
		wish->fn(wish->ctx, late ? NULL : wish->messages, late ? 0 : wish->n);
	wish_free(wish);
}

/* Links */

static struct wish_of_operator *link_of(struct store *store, const char *name)
{
	for (size_t i = 0; i < store->nlinks; i++)
		if (strcmp(store->links[i].link, name) == 0)
			return &store->links[i];
	return NULL;
}

void store_report(struct store *store, const struct link_report *report)
{
	if (!link_of(store, report->name)) {
		store->links = own(reallocarray(store->links, store->nlinks + 1,
		    sizeof *store->links));
		struct wish_of_operator *link = &store->links[store->nlinks++];
		*link = (struct wish_of_operator){ .told = false };
		snprintf(link->link, sizeof link->link, "%s", report->name);
	}
	hatch_report(store->hatch, report);
}

static void on_wanted(struct store *store, const char *name, enum wanted wanted)
{
	struct wish_of_operator *link = link_of(store, name);
	if (!link || (link->told && link->wanted == wanted))
		return;
	link->told = true;
	link->wanted = wanted;
	if (store->listener.wanted)
		store->listener.wanted(store->listener.ctx, link->link, wanted);
}

/* Commands */

/* Without a lease nobody here may ask: the owner of the claim gives it back. */
static void on_command(struct store *store, const struct notice *notice)
{
	struct command *command = notice->command;
	if (store->listener.command && hatch_now() < notice->good_until) {
		store->listener.command(store->listener.ctx, command);
		return;
	}
	command->reply = (struct reply){ .kind = REPLY_UNSENT, .untried = true,
		.text = "the lease ended while it was claimed" };
	store_answer(store, command);
}

/* What comes back */

static void on_condition(struct store *store, const struct notice *notice)
{
	struct condition *condition = &store->conditions[notice->worker];
	condition->state = notice->state;
	if (notice->state == STORE_FENCED)
		store->good_until = 0;
	condition->retry_ms = notice->retry_ms;
	snprintf(condition->why, sizeof condition->why, "%s", notice->text);
	if (store->told.state != STORE_DRAINED)
		tell_state(store, worst(store));
}

static void on_notice(struct store *store, const struct notice *notice)
{
	switch (notice->kind) {
	case NOTICE_RECORDED:
		on_recorded(store, notice->bundle);
		break;
	case NOTICE_CLAIMED:
		on_claimed(store, notice->wish);
		break;
	case NOTICE_CONDITION:
		on_condition(store, notice);
		break;
	case NOTICE_LINE:
		log_line(notice->level, "%s", notice->text);
		break;
	case NOTICE_WANTED:
		on_wanted(store, notice->text, notice->wanted);
		break;
	case NOTICE_USED:
		if (store->listener.used)
			store->listener.used(store->listener.ctx, notice->text, &notice->used);
		break;
	case NOTICE_COMMAND:
		on_command(store, notice);
		break;
	case NOTICE_LEASE:
		store->good_until = notice->good_until;
		store->epoch = notice->epoch;
		break;
	case NOTICE_LEFT:
		store->good_until = 0;
		store->left = true;
		break;
	}
}

/* A notice that nobody is to hear of any more: the store closes. */
static void drop(struct store *store, struct notice *notice)
{
	if (notice->kind == NOTICE_RECORDED) {
		log_refusals(notice->bundle);
		store->waiting -= bundle_facts(notice->bundle);
		bundle_free(notice->bundle);
	} else if (notice->kind == NOTICE_CLAIMED) {
		struct wish *wish = notice->wish;
		TAILQ_REMOVE(&store->asked, wish, asked);
		if (wish->n > 0)
			log_warn("database event=unused messages=%zu effect=\"they stay sending "
			    "until the lease of this gateway ends\"", wish->n);
		for (size_t i = 0; i < wish->n; i++)
			message_release(wish->messages[i]);
		wish_free(wish);
	} else if (notice->kind == NOTICE_COMMAND) {
		command_release(notice->command); /* asked again once the lease has ended */
	} else if (notice->kind == NOTICE_LINE) {
		log_line(notice->level, "%s", notice->text);
	}
}

static void close_now(struct store *);

/* Calls what may be called, and then closes if somebody wished that in there. */
static void leave_inside(struct store *store)
{
	if (!store->closed)
		advance(store);
	store->inside = false;
	if (store->closed)
		close_now(store);
}

static void deliver(evutil_socket_t fd, short what, void *ctx)
{
	(void)fd;
	(void)what;
	struct store *store = ctx;
	struct notices notices = TAILQ_HEAD_INITIALIZER(notices);
	hatch_collect(store->hatch, &notices);
	store->inside = true;
	struct notice *notice;
	while ((notice = TAILQ_FIRST(&notices))) {
		TAILQ_REMOVE(&notices, notice, entry);
		if (store->closed)
			drop(store, notice);
		else
			on_notice(store, notice);
		free(notice);
	}
	leave_inside(store);
}

/* The turn of the loop after something was told or asked. */
static void on_wake(evutil_socket_t fd, short what, void *ctx)
{
	(void)fd;
	(void)what;
	struct store *store = ctx;
	hatch_call_facts(store->hatch);
	store->inside = true;
	/* Only those there now: an answer may ask again. */
	struct denial *last = TAILQ_LAST(&store->denials, denials);
	for (bool more = last; more && !store->closed;) {
		struct denial *denial = TAILQ_FIRST(&store->denials);
		TAILQ_REMOVE(&store->denials, denial, entry);
		more = denial != last;
		denial->fn(denial->ctx, NULL, 0);
		free(denial);
	}
	leave_inside(store);
}

void store_drain(struct store *store)
{
	if (store->draining)
		return;
	store->draining = true;
	hatch_drain(store->hatch);
	struct wish *wish;
	TAILQ_FOREACH(wish, &store->asked, asked) {
		wish->answered = true;
		deny(store, wish->fn, wish->ctx);
	}
	wake(store);
}

/* Opening and closing */

bool store_check(const struct store_options *options, struct conf_error *err)
{
	int second;
	if (options->maintain_at && !retention_read_time(options->maintain_at, &second))
		return conf_fail(err, "maintain_at = \"%.20s\": must be a time of day, such as 03:30, or off",
		    options->maintain_at);
	if (engine_of(options->url))
		return true;
	char known[200] = "";
	size_t n = 0;
	for (size_t i = 0; engines[i]; i++)
		for (const char *const *scheme = engines[i]->schemes; *scheme; scheme++)
			if (n < sizeof known)
				n += (size_t)snprintf(known + n, sizeof known - n, "%s%s://",
				    n > 0 ? ", " : "", *scheme);
	/* Not the whole URL: there may be a password in it. */
	return conf_fail(err, "database: no engine for url \"%.*s...\"; those built in are %s",
	    (int)strcspn(options->url, ":"), options->url, known);
}

bool store_folder(const struct store_options *options, char *out, size_t room)
{
	const struct engine *engine = engine_of(options->url);
	return engine && engine->folder && engine->folder(options->url, out, room);
}

struct store *store_open_on(const struct engine *engine, const struct worker_waits *waits,
    struct event_base *base, const struct store_options *options,
    const struct store_listener *listener)
{
	struct store *store = own(calloc(1, sizeof *store));
	store->workers = engine->connections < WORKERS_MAX ? engine->connections : WORKERS_MAX;
	const unsigned lease = 0, facts = store->workers - 1;
	store->hatch = hatch_new(store->workers, (size_t)options->batch, lease, facts);
	store->listener = *listener;
	store->waits = *waits;
	store->high_water = (size_t)options->high_water;
	store->margin = (uint64_t)options->lease / LEASE_MARGIN;
	TAILQ_INIT(&store->asked);
	TAILQ_INIT(&store->denials);
	/* Tokens of another life of this gateway are none of ours. */
	if (getrandom(&store->token, sizeof store->token, 0) != sizeof store->token)
		abort();
	store->token = (store->token & INT64_MAX) >> 1;
	store->news = own(event_new(base, hatch_fd(store->hatch), EV_READ | EV_PERSIST,
	    deliver, store));
	store->wake = own(event_new(base, -1, 0, on_wake, store));
	event_add(store->news, NULL);
	for (unsigned i = 0; i < store->workers; i++)
		store->threads[i] = worker_start(&(struct worker_setup){
			.hatch = store->hatch,
			.number = i,
			.lease = i == lease,
			.facts = i == facts,
			.engine = engine,
			.options = options,
			.waits = waits,
		});
	return store;
}

struct store *store_open(struct event_base *base, const struct store_options *options,
    const struct store_listener *listener, struct conf_error *err)
{
	if (!store_check(options, err))
		return NULL;
	return store_open_on(engine_of(options->url), &store_waits, base, options, listener);
}

/* Facts that nobody will write, a line each. One that a stuck worker still
 * reads cannot be freed; whether the database has it nobody knows. */
static void log_lost(struct bundle *bundle, bool held)
{
	for (size_t i = bundle->done; i < bundle_facts(bundle); i++) {
		char what[1024];
		bundle_describe(what, sizeof what, bundle, i);
		log_error("database event=%s %s", held ? "unknown" : "unwritten", what);
	}
	if (!held)
		bundle_free(bundle);
}

/* Waits for the workers to end. One that hangs in the client library (a server
 * that answers nothing any more) is left behind: it touches only what it owns
 * and the hatch, which lives as long as it does, and the process is about to
 * end anyway. Leaking that is better than a service that does not stop. */
static void end_workers(struct store *store)
{
	hatch_close(store->hatch);
	uint64_t until = hatch_now() + store->waits.close;
	for (unsigned i = 0; i < store->workers; i++) {
		uint64_t now = hatch_now();
		if (hatch_ended(store->hatch, i, now < until ? until - now : 0)) {
			pthread_join(store->threads[i], NULL);
			continue;
		}
		log_warn("database event=stuck worker=%u effect=\"left behind, it did not end "
		    "within %.1fs\"", i, store->waits.close / 1000.0);
		pthread_detach(store->threads[i]);
	}
}

static void close_now(struct store *store)
{
	end_workers(store);
	struct notices notices = TAILQ_HEAD_INITIALIZER(notices);
	hatch_collect(store->hatch, &notices);
	struct notice *notice;
	while ((notice = TAILQ_FIRST(&notices))) {
		TAILQ_REMOVE(&notices, notice, entry);
		drop(store, notice);
		free(notice);
	}
	struct bundle *bundle;
	bool held;
	while ((bundle = hatch_salvage(store->hatch, &held)))
		log_lost(bundle, held);
	struct denial *denial;
	while ((denial = TAILQ_FIRST(&store->denials))) {
		TAILQ_REMOVE(&store->denials, denial, entry);
		free(denial);
	}
	event_free(store->news);
	event_free(store->wake);
	hatch_release(store->hatch);
	free(store->links);
	free(store);
}

void store_close(struct store *store)
{
	if (store->inside)
		store->closed = true;
	else
		close_now(store);
}
