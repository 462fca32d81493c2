/* SPDX-License-Identifier: Apache-2.0 */
/*
 * gateway.c - the hub.
 *
 * refill() is the one policy: for each lane (a route's fresh rows, a link's
 * parked rows) it claims what the lane's links have room for. It runs whenever
 * a claim returned, room came back, the store has room again, or the poll
 * timer rang; nothing is ever claimed that no link asked for.
 *
 * What was claimed is checked, encoded, and queued on the link of its route
 * with the most room. A message that must wait for one link, pinned or alone
 * in its route, goes back to the table onto that link's own lane when the link
 * has no room, so that those behind it flow on; it is claimed again by that
 * link's credit.
 *
 * What comes back from links is settled with the store; what the network says
 * goes to the store with a ticket, and the link hears when it is committed.
 */
#include "gateway.h"

#include "clock.h"
#include "commands.h"
#include "journal.h"
#include "log.h"
#include "route.h"

#include <event2/event.h>

#include <assert.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum {
	CLAIM_MAX = 1000,
	POLL_FIRST_MS = 10,             /* after the first empty claim; doubles up to gateway.poll */
	PARKED_POLL_MS = 1000,          /* rows that others have parked for one of our links */
	REPORT_MS = 1000,
	BATCHES = 10,                   /* claims of a lane in a second, beyond which they are made larger */
	QUOTA_LOOK_MS = 300000,         /* a row that no quota has room for is looked at again so often */
};

/* What can be claimed from: kept for ever once made, so that an answer always
 * finds it. */
struct lane_state {
	TAILQ_ENTRY(lane_state) entry;
	struct gateway *gateway;
	struct lane lane;
	char name[LINK_NAME_MAX];
	bool asking;                    /* a claim is under way */
	uint64_t due;                   /* loop ms: not before, since the last claim was empty */
	uint64_t delay;
};

/* A link and what is meant to become of it. */
struct member {
	TAILQ_ENTRY(member) entry;
	struct gateway *gateway;
	struct link *link;
	enum wanted wanted;             /* by the operator, table link */
	bool leaving;                   /* no longer in the settings, or to be made anew */
};

enum phase { PHASE_RUNNING, PHASE_DRAINING, PHASE_FLUSHING, PHASE_ENDED };

struct gateway {
	struct event_base *base;
	struct settings *settings;
	struct settings *first;         /* what the store was opened with, and reads */
	struct settings *retired;       /* still used by links that are leaving; NULL when none */
	struct journal *journal;
	struct quotas *quotas;
	struct store *store;
	enum store_state store_state;
	struct link_hub hub;
	TAILQ_HEAD(, member) members;
	TAILQ_HEAD(, lane_state) lanes;
	enum phase phase;
	size_t held;                    /* messages claimed and not yet settled */
	struct event *refill, *reporting, *deadline;
	gateway_ended_fn *ended;
	void *ended_ctx;
};

static struct member *member_named(const struct gateway *gateway, const char *name)
{
	struct member *member;
	TAILQ_FOREACH(member, &gateway->members, entry)
		if (!member->leaving && strcmp(link_name(member->link), name) == 0)
			return member;
	return NULL;
}

static struct link *find_link(void *ctx, const char *name)
{
	struct member *member = member_named(ctx, name);
	return member ? member->link : NULL;
}

static struct lane_state *lane_get(struct gateway *gateway, int kind, const char *name)
{
	struct lane_state *lane;
	TAILQ_FOREACH(lane, &gateway->lanes, entry)
		if ((int)lane->lane.kind == kind && strcmp(lane->name, name) == 0)
			return lane;
	lane = calloc(1, sizeof *lane);
	if (!lane)
		abort();
	lane->gateway = gateway;
	snprintf(lane->name, sizeof lane->name, "%s", name);
	lane->lane.kind = kind;
	lane->lane.name = lane->name;
	TAILQ_INSERT_TAIL(&gateway->lanes, lane, entry);
	return lane;
}

/* Settling: a message leaves the hub. */

static void settle(struct gateway *gateway, struct message *message)
{
	static const char *const verdicts[] = { [VERDICT_SENT] = "sent",
		[VERDICT_DEFERRED] = "deferred", [VERDICT_DOUBTFUL] = "doubtful",
		[VERDICT_EXPIRED] = "expired", [VERDICT_REJECTED] = "rejected" };
	const struct outcome *outcome = &message->outcome;
	log_debug("message=%" PRId64 " link=\"%s\" event=%s parts=%u reason=\"%s\"", message->id,
	    message->link, verdicts[outcome->verdict], message->nparts, outcome->text);
	assert(gateway->held > 0);
	gateway->held--;
	store_settle(gateway->store, message);
}

static void settle_as(struct gateway *gateway, struct message *message, enum verdict verdict,
    const char *text)
{
	message->outcome = (struct outcome){ .verdict = verdict,
		.untried = verdict == VERDICT_DEFERRED };
	snprintf(message->outcome.text, sizeof message->outcome.text, "%s", text);
	settle(gateway, message);
}

/* Back to the table: to the lane of the link that it waits for, to be claimed by that link's own
 * credit, else to where it was. When it waits for a quota it is not claimed at once again. */
static void defer(struct gateway *gateway, struct message *message, const struct route_choice *choice)
{
	const int64_t wait = choice->not_before ? (choice->not_before - time(NULL)) * 1000 : 0;
	message->outcome = (struct outcome){ .verdict = VERDICT_DEFERRED, .untried = true };
	if (choice->not_before)
		message->outcome.retry_ms = wait < POLL_FIRST_MS ? POLL_FIRST_MS
		    : wait < QUOTA_LOOK_MS ? (uint32_t)wait : QUOTA_LOOK_MS;
	snprintf(message->outcome.text, sizeof message->outcome.text, "%s", choice->why);
	if (*choice->wait_for) {
		snprintf(message->link, sizeof message->link, "%s", choice->wait_for);
		message->parked = true;
		lane_get(gateway, LANE_LINK, choice->wait_for)->due = 0;
	}
	settle(gateway, message);
}

/* Dispatching: a message that was claimed finds its link. */

static bool all_taken(const struct message *message)
{
	for (unsigned i = 0; i < message->nparts; i++)
		if (!message->parts[i].taken)
			return false;
	return true;
}

static void dispatch(struct gateway *gateway, struct message *message)
{
	struct route_choice choice;
	if (!route_message(gateway->settings, message, find_link, gateway, &choice))
		settle_as(gateway, message, VERDICT_REJECTED, choice.why);
	else if (all_taken(message)) {
		message->outcome = (struct outcome){ .verdict = VERDICT_SENT };
		settle(gateway, message);
	} else if (choice.link)
		link_enqueue(choice.link, message);
	else
		defer(gateway, message, &choice);
}

/* Claiming. */

static struct credit lane_credit(const struct gateway *gateway, const struct lane_state *lane)
{
	struct credit credit = { 0 };
	if (lane->lane.kind == LANE_ROUTE)
		return route_credit(gateway->settings, lane->name, find_link, (void *)gateway);
	const struct member *member = member_named(gateway, lane->name);
	if (member)
		credit_add(&credit, member->link);
	return credit;
}

static void wake_refill(struct gateway *gateway)
{
	event_active(gateway->refill, 0, 0);
}

static void on_claimed(void *ctx, struct message **messages, size_t n)
{
	struct lane_state *lane = ctx;
	struct gateway *gateway = lane->gateway;
	uint64_t slowest = lane->lane.kind == LANE_LINK ? PARKED_POLL_MS
	    : (uint64_t)gateway->settings->gateway.poll;
	lane->asking = false;
	if (n > 0)
		lane->delay = lane->due = 0;
	else {
		lane->delay = lane->delay ? lane->delay * 2 : POLL_FIRST_MS;
		if (lane->delay > slowest)
			lane->delay = slowest;
		lane->due = clock_ms() + lane->delay;
	}
	gateway->held += n;
	for (size_t i = 0; i < n; i++) {
		if (gateway->phase == PHASE_RUNNING)
			dispatch(gateway, messages[i]);
		else
			settle_as(gateway, messages[i], VERDICT_DEFERRED, "the gateway is stopping");
	}
	wake_refill(gateway);
}

static void report(struct gateway *gateway, struct member *member)
{
	struct link_report report;
	link_report(member->link, &report);
	store_report(gateway->store, &report);
}

/* The end: drain, flush, leave. */

static void end_when_flushed(struct gateway *gateway)
{
	if (gateway->phase != PHASE_DRAINING || gateway->held)
		return;
	struct member *member;
	TAILQ_FOREACH(member, &gateway->members, entry)
		if (!link_is_ended(member->link))
			return;
	TAILQ_FOREACH(member, &gateway->members, entry)
		report(gateway, member);
	gateway->phase = PHASE_FLUSHING;
	store_drain(gateway->store);
}

/* Asking. */

/* Room that is worth a claim: a quarter of what there is, or what is answered in a tenth of a second,
 * whichever is less. So no link that is slow waits for others to have room as well. */
static bool is_worth_it(const struct credit *credit)
{
	const int quarter = credit->capacity / 4, often = credit->answers / BATCHES;
	return credit->room > 0 && credit->room >= (quarter < often ? quarter : often);
}

/* Asks for a lane's share when there is room worth a claim. Returns the loop ms
 * at which to look again, 0: when something changes. */
static uint64_t refill_lane(struct gateway *gateway, struct lane_state *lane, uint64_t now)
{
	const struct credit credit = lane_credit(gateway, lane);
	const int room = credit.room;
	if (lane->asking || !is_worth_it(&credit))
		return 0;
	if (lane->due > now)
		return lane->due;
	lane->asking = true;
	store_claim(gateway->store, &lane->lane, (size_t)(room < CLAIM_MAX ? room : CLAIM_MAX),
	    on_claimed, lane);
	return 0;
}

static void refill(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	struct gateway *gateway = arg;
	end_when_flushed(gateway);
	if (gateway->phase != PHASE_RUNNING || gateway->store_state != STORE_READY ||
	    store_full(gateway->store))
		return;
	uint64_t now = clock_ms(), next = 0;
	struct lane_state *lane;
	TAILQ_FOREACH(lane, &gateway->lanes, entry) {
		uint64_t due = refill_lane(gateway, lane, now);
		if (due && (!next || due < next))
			next = due;
	}
	if (next)
		clock_ring(gateway->refill, next - now);
}

/* Commands: what is asked of the network about messages that it has. */

static void answer_command(struct gateway *gateway, struct command *command)
{
	static const char *const words[] = { [REPLY_DONE] = "done", [REPLY_UNSENT] = "unsent",
		[REPLY_LOST] = "lost", [REPLY_REFUSED] = "refused", [REPLY_FAILED] = "failed" };
	log_debug("command=%" PRId64 " link=\"%s\" what=%s event=%s answer=\"%s\" reason=\"%s\"",
	    command->id, command->link, command_words[command->kind], words[command->reply.kind],
	    command->reply.answer, command->reply.text);
	store_answer(gateway->store, command);
}

static void on_command(void *ctx, struct command *command)
{
	struct gateway *gateway = ctx;
	struct link *link = gateway->phase == PHASE_RUNNING ? find_link(gateway, command->link) : NULL;
	if (!link) {
		command_end(command, REPLY_UNSENT, "its link has gone, or the gateway is stopping");
		answer_command(gateway, command);
		return;
	}
	if (!command_prepare(command, &link_settings(link)->encode)) {
		answer_command(gateway, command);
		return;
	}
	/* With the reply to the last one it is gone. */
	const unsigned n = command->unanswered = command->nquestions;
	struct question *questions = command->questions;
	for (unsigned i = 0; i < n; i++)
		link_ask(link, &questions[i]);
}

/* What links tell. */

static void on_answered(void *ctx, struct link *link, struct message *message)
{
	(void)link;
	settle(ctx, message);
}

static void on_changed(void *ctx, struct link *link)
{
	(void)link;
	wake_refill(ctx);
}

static bool on_allowed(void *ctx)
{
	const struct gateway *gateway = ctx;
	return store_leased(gateway->store) && !store_full(gateway->store);
}

static struct member *member_of(struct gateway *gateway, const struct link *link)
{
	struct member *member;
	TAILQ_FOREACH(member, &gateway->members, entry)
		if (member->link == link)
			return member;
	return NULL;
}

static void on_kept(void *ctx, uint64_t ticket, bool kept)
{
	struct member *member = ctx;
	link_ack(member->link, ticket, kept);
}

static void on_replied(void *ctx, struct link *link, struct question *question,
    const struct reply *reply)
{
	struct gateway *gateway = ctx;
	(void)link;
	if (reply->reports)
		store_receipt(gateway->store, &reply->receipt, 0, NULL, NULL);
	if (command_replied(question, reply))
		answer_command(gateway, question->command);
}

static void on_late(void *ctx, struct link *link, const struct answer *answer)
{
	(void)link;
	struct gateway *gateway = ctx;
	store_late(gateway->store, answer);
}

static void on_receipt(void *ctx, struct link *link, const struct receipt *receipt, uint64_t ticket)
{
	struct gateway *gateway = ctx;
	store_receipt(gateway->store, receipt, ticket, on_kept, member_of(gateway, link));
}

static void on_inbound(void *ctx, struct link *link, const struct inbound *inbound, uint64_t ticket)
{
	struct gateway *gateway = ctx;
	store_inbound(gateway->store, inbound, ticket, on_kept, member_of(gateway, link));
}

/* Members: links come, change and go. */

static void steer(struct gateway *gateway, struct member *member)
{
	bool run = gateway->phase == PHASE_RUNNING && gateway->store_state != STORE_FENCED &&
	    member->wanted != WANTED_DRAIN && !member->leaving;
	link_hold(member->link, LINK_HOLD_OPERATOR, member->wanted == WANTED_HOLD);
	link_hold(member->link, LINK_HOLD_STORE, gateway->store_state != STORE_READY ||
	    !on_allowed(gateway));
	if (run)
		link_start(member->link);
	else
		link_stop(member->link);
}

static void steer_all(struct gateway *gateway)
{
	struct member *member;
	TAILQ_FOREACH(member, &gateway->members, entry)
		steer(gateway, member);
	wake_refill(gateway);
}

static struct member *member_add(struct gateway *gateway, const struct link_settings *settings)
{
	struct member *member = calloc(1, sizeof *member);
	if (!member)
		abort();
	member->gateway = gateway;
	member->link = link_new(settings, &gateway->hub, quotas_get(gateway->quotas, settings->name));
	lane_get(gateway, LANE_LINK, settings->name);   /* rows may be parked for it already */
	TAILQ_INSERT_TAIL(&gateway->members, member, entry);
	return member;
}

static bool in_use(const struct gateway *gateway, const struct settings *settings)
{
	const struct member *member;
	TAILQ_FOREACH(member, &gateway->members, entry) {
		const struct link_settings *at = link_settings(member->link);
		if (at >= settings->links && at < settings->links + settings->nlinks)
			return true;
	}
	return false;
}

/* Links that were to leave and have ended are freed; those that are in the new
 * settings under the same name start anew. */
static void bury(struct gateway *gateway)
{
	struct member *member, *next;
	for (member = TAILQ_FIRST(&gateway->members); member; member = next) {
		next = TAILQ_NEXT(member, entry);
		if (!member->leaving || !link_is_ended(member->link) || link_tickets(member->link))
			continue;
		report(gateway, member);
		TAILQ_REMOVE(&gateway->members, member, entry);
		link_free(member->link);
		free(member);
	}
	for (size_t i = 0; i < gateway->settings->nlinks; i++) {
		const struct link_settings *settings = &gateway->settings->links[i];
		bool there = false;
		TAILQ_FOREACH(member, &gateway->members, entry)
			there = there || strcmp(link_name(member->link), settings->name) == 0;
		if (!there)
			steer(gateway, member_add(gateway, settings));
	}
	if (gateway->retired && !in_use(gateway, gateway->retired)) {
		settings_free(gateway->retired);
		gateway->retired = NULL;
	}
}

static bool same_session(const struct link_settings *a, const struct link_settings *b)
{
	return a->driver == b->driver && conf_same(link_keys, &a->common, &b->common, false) &&
	    conf_same(a->driver->keys, a->options, b->options, false) &&
	    conf_same(a->driver->keys, a->options, b->options, true);
}

static struct link_settings *settings_of(const struct settings *settings, const char *name)
{
	for (size_t i = 0; i < settings->nlinks; i++)
		if (strcmp(settings->links[i].name, name) == 0)
			return &settings->links[i];
	return NULL;
}

static void on_second(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	struct gateway *gateway = arg;
	struct member *member;
	TAILQ_FOREACH(member, &gateway->members, entry)
		report(gateway, member);
	if (gateway->phase != PHASE_RUNNING)
		return;
	bury(gateway);
	steer_all(gateway);             /* a link that had to end first starts again */
}

static void on_deadline(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	struct gateway *gateway = arg;
	struct member *member;
	TAILQ_FOREACH(member, &gateway->members, entry) {
		if (!link_is_ended(member->link))
			log_warn("link=%s event=cut reason=\"answers did not come within the drain time\"",
			    link_name(member->link));
		link_abort(member->link);
	}
	end_when_flushed(gateway);
}

/* What the store tells. */

static void cut_all(struct gateway *gateway)
{
	struct member *member;
	TAILQ_FOREACH(member, &gateway->members, entry)
		link_abort(member->link);
}

static void on_store_state(void *ctx, enum store_state state, const char *why)
{
	(void)why;
	struct gateway *gateway = ctx;
	gateway->store_state = state;
	if (state == STORE_DRAINED) {
		gateway->phase = PHASE_ENDED;
		gateway->ended(gateway->ended_ctx);
		return;
	}
	if (state == STORE_FENCED)
		cut_all(gateway);
	if (state == STORE_READY)
		journal_begin(gateway->journal, store_epoch(gateway->store));
	if (gateway->phase == PHASE_RUNNING)
		steer_all(gateway);
}

static void on_wanted(void *ctx, const char *link, enum wanted wanted)
{
	struct gateway *gateway = ctx;
	struct member *member = member_named(gateway, link);
	if (!member || member->wanted == wanted)
		return;
	static const char *const words[] = { "run", "hold", "drain" };
	log_info("link=%s event=wanted wanted=%s", link, words[wanted]);
	member->wanted = wanted;
	if (gateway->phase == PHASE_RUNNING && wanted == WANTED_RUN)
		link_unbar(member->link);
	if (gateway->phase == PHASE_RUNNING)
		steer(gateway, member);
	report(gateway, member);
}

/* Before STORE_READY, so before anything leaves. */
static void on_used(void *ctx, const char *link, const struct link_use *use)
{
	const struct gateway *gateway = ctx;
	quota_learn(quotas_get(gateway->quotas, link), use, time(NULL));
}

static void on_store_room(void *ctx)
{
	struct gateway *gateway = ctx;
	if (gateway->phase == PHASE_RUNNING)
		steer_all(gateway);
}

static void on_settled(void *ctx, struct message *message)
{
	struct gateway *gateway = ctx;
	journal_settled(gateway->journal, message);
}

static void make_lanes(struct gateway *gateway)
{
	for (size_t i = 0; i < gateway->settings->nroutes; i++)
		lane_get(gateway, LANE_ROUTE, gateway->settings->routes[i].name);
}

static struct journal *open_journal(const struct settings *settings)
{
	char beside[PATH_MAX] = "", folder[PATH_MAX];
	const struct store_options *database = &settings->database;
	store_folder(database, beside, sizeof beside);
	if (!journal_folder(settings->gateway.journal, beside, folder, sizeof folder))
		return NULL;
	return journal_open(folder, settings->gateway.name, database->url);
}

struct gateway *gateway_open(struct event_base *base, struct settings *settings,
    gateway_ended_fn *ended, void *ctx, struct conf_error *err)
{
	struct gateway *gateway = calloc(1, sizeof *gateway);
	if (!gateway)
		abort();
	gateway->base = base;
	gateway->ended = ended;
	gateway->ended_ctx = ctx;
	TAILQ_INIT(&gateway->members);
	TAILQ_INIT(&gateway->lanes);
	const struct store_listener listener = { .ctx = gateway, .state = on_store_state,
		.wanted = on_wanted, .used = on_used, .room = on_store_room, .command = on_command,
		.settled = on_settled };
	gateway->journal = open_journal(settings);
	gateway->quotas = quotas_new();
	settings->database.past = journal_past(gateway->journal);
	gateway->store = store_open(base, &settings->database, &listener, err);
	if (!gateway->store) {
		journal_close(gateway->journal);
		quotas_free(gateway->quotas);
		free(gateway);
		return NULL;
	}
	gateway->settings = gateway->first = settings;
	gateway->hub = (struct link_hub){ .ctx = gateway, .base = base, .journal = gateway->journal,
		.answered = on_answered,
		.changed = on_changed, .allowed = on_allowed, .late = on_late, .replied = on_replied,
		.receipt = on_receipt,
		.inbound = on_inbound };
	gateway->refill = event_new(base, -1, 0, refill, gateway);
	gateway->reporting = event_new(base, -1, EV_PERSIST, on_second, gateway);
	gateway->deadline = event_new(base, -1, 0, on_deadline, gateway);
	if (!gateway->refill || !gateway->reporting || !gateway->deadline)
		abort();
	clock_ring(gateway->reporting, REPORT_MS);
	make_lanes(gateway);
	for (size_t i = 0; i < settings->nlinks; i++)
		member_add(gateway, &settings->links[i]);
	steer_all(gateway);
	return gateway;
}

static void tell_restart(const struct settings *a, const struct settings *b)
{
	if (!conf_same(gateway_keys, &a->gateway, &b->gateway, false) ||
	    strcmp(a->gateway.name, b->gateway.name) != 0 ||
	    !conf_same(store_keys, &a->database, &b->database, false))
		log_warn("event=reloaded reason=\"changes in sections gateway and database take effect "
		    "at the next start\"");
}

/* A session reads its options as long as it lives, so they pass on to the new
 * settings; the equal ones that were read go the way of the old. */
static void apply(struct member *member, struct link_settings *now, struct link_settings *then)
{
	void *options = now->options;
	now->options = then->options;
	then->options = options;
	link_apply(member->link, then);
	link_unbar(member->link);
}

/* The store goes on reading the first settings, so they stay whatever comes. */
static void swap_settings(struct gateway *gateway, struct settings *settings)
{
	if (gateway->settings != gateway->first) {
		settings_free(gateway->retired);
		gateway->retired = gateway->settings;
	}
	gateway->settings = settings;
}

void gateway_reload(struct gateway *gateway, struct settings *settings)
{
	if (gateway->phase != PHASE_RUNNING || gateway->retired) {
		log_warn("event=reload-refused reason=\"%s\"", gateway->retired
		    ? "links of the last reload are still ending; try again in a moment"
		    : "the gateway is stopping");
		settings_free(settings);
		return;
	}
	tell_restart(gateway->settings, settings);
	struct member *member;
	TAILQ_FOREACH(member, &gateway->members, entry) {
		const char *name = link_name(member->link);
		struct link_settings *then = settings_of(settings, name);
		if (then && !member->leaving && same_session(link_settings(member->link), then))
			apply(member, settings_of(gateway->settings, name), then);
		else
			member->leaving = true;
	}
	swap_settings(gateway, settings);
	log_set_level((enum log_level)settings->gateway.log);
	make_lanes(gateway);
	steer_all(gateway);
	bury(gateway);
	log_info("event=reloaded links=%zu routes=%zu", settings->nlinks, settings->nroutes);
}

void gateway_drain(struct gateway *gateway)
{
	if (gateway->phase == PHASE_DRAINING)
		on_deadline(-1, 0, gateway);
	if (gateway->phase != PHASE_RUNNING)
		return;
	log_info("event=draining messages=%zu", gateway->held);
	gateway->phase = PHASE_DRAINING;
	clock_ring(gateway->deadline, (uint64_t)gateway->settings->gateway.drain_time);
	steer_all(gateway);
}

bool gateway_is_ready(const struct gateway *gateway)
{
	return gateway->store_state == STORE_READY;
}

void gateway_status(const struct gateway *gateway, char *out, size_t room)
{
	static const char *const words[] = { [STORE_OPENING] = "opening the database",
		[STORE_READY] = "ready", [STORE_LOST] = "database away",
		[STORE_BROKEN] = "database not usable", [STORE_FENCED] = "lease lost",
		[STORE_DRAINED] = "stopped" };
	unsigned up = 0, all = 0;
	const struct member *member;
	TAILQ_FOREACH(member, &gateway->members, entry) {
		all++;
		up += link_is_up(member->link);
	}
	snprintf(out, room, "%s, %u of %u links up, %zu messages under way, %zu facts to write",
	    words[gateway->store_state], up, all, gateway->held, store_waiting(gateway->store));
}

void gateway_close(struct gateway *gateway)
{
	if (!gateway)
		return;
	gateway->phase = PHASE_ENDED;
	cut_all(gateway);
	gateway->hub.journal = NULL;
	journal_close(gateway->journal); /* while the messages in it are there */
	store_close(gateway->store);
	struct member *member;
	while ((member = TAILQ_FIRST(&gateway->members))) {
		TAILQ_REMOVE(&gateway->members, member, entry);
		link_free(member->link);
		free(member);
	}
	struct lane_state *lane;
	while ((lane = TAILQ_FIRST(&gateway->lanes))) {
		TAILQ_REMOVE(&gateway->lanes, lane, entry);
		free(lane);
	}
	event_free(gateway->refill);
	event_free(gateway->reporting);
	event_free(gateway->deadline);
	settings_free(gateway->retired);
	if (gateway->first != gateway->settings)
		settings_free(gateway->first);
	settings_free(gateway->settings);
	quotas_free(gateway->quotas);
	free(gateway);
}
