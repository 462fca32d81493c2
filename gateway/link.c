/* SPDX-License-Identifier: Apache-2.0 */
/*
 * link.c - a queue, credit, holds and back-off around a driver's session.
 *
 *            link_start           link_up, link_wait
 *   IDLE ---------------> OPENING <---------------> UP
 *    ^  ^                  |   ^                    | |
 *    |  |        link_down |   | the timer rings    | | link_stop
 *    |  |                  v   |                    | v
 *    |  +-- link_stop --- WAITING <--- link_down ---+ DRAINING
 *    +---------------------------- link_down -----------+
 *
 * With DOWN_BARRED it goes from OPENING or UP to BARRED, where nothing rings: link_unbar()
 * opens it again, link_stop() makes it IDLE.
 *
 * A part is on exactly one list: the queue here, or the session's window. What
 * the session holds is in `lent` as well, so that parts left in doubt by a lost
 * session are found without asking it.
 *
 * Calls never nest (driver.h, rule 2): link_up, link_down and link_done note
 * what happened and wake turn(), which alone calls the driver. Parts leave only
 * while no hold is set. A hold is a bit for each reason.
 *
 * Tickets: the store answers long after a session may have gone, so a ticket
 * given to the hub names the session it belongs to by its serial number.
 */
#include "link.h"

#include "backoff.h"
#include "clock.h"
#include "easing.h"
#include "log.h"
#include "pace.h"
#include "several.h"

#include <event2/event.h>

#include <assert.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum {
	SECOND = 1000,
	ROOM_MAX = 1000000,
	TICKET_BITS = 41,               /* of the session's own ticket; above it the serial */
};

enum state { IDLE, OPENING, UP, WAITING, BARRED, DRAINING };

struct link {
	const struct link_settings *settings;
	const struct link_hub *hub;
	enum state state;
	void *session;                  /* not NULL in OPENING, UP, DRAINING */
	uint64_t serial;                /* of the session */
	unsigned holds;                 /* enum link_hold */
	char reason[LINK_REASON_MAX];   /* why it is not up */

	struct parts queue;             /* waiting here, in order */
	struct parts lent;              /* submitted to the session, by `loan` */
	struct questions asked;         /* of the session, by `loan` */
	unsigned queued, unanswered, window;
	struct pace pace;
	struct quota *quota;            /* of its name; the hub's */
	uint64_t promised;              /* messages in the queue, as quotas count them */
	char spent[LINK_REASON_MAX];    /* with LINK_HOLD_QUOTA: which quota, until when */
	uint64_t given_at;              /* loop us of the last message from the hub */
	char note[LINK_REASON_MAX];     /* of this session, for people */
	struct easing easing;
	uint64_t turns;                 /* parts submitted */
	unsigned taken_now, taken;      /* by the network, this second and of late */

	bool ended;                     /* link_down was called; turn() closes the session */
	enum down down;
	bool drain_asked;
	struct backoff backoff;
	uint64_t up_since;
	struct event *wake, *retry, *paced, *throttled, *second;

	size_t tickets;
	unsigned recent, answered_now;  /* parts answered in the last second, and in this one */
	uint64_t sent, failed, receipts, received;
};

static void wake(struct link *link)
{
	event_active(link->wake, 0, 0);
}

static const char *state_name(const struct link *link)
{
	static const char *const names[] = { [IDLE] = "stopped", [OPENING] = "connecting",
		[UP] = "up", [WAITING] = "down", [BARRED] = "stopped", [DRAINING] = "draining" };
	if (link->state == UP && link->holds & LINK_HOLD_OPERATOR)
		return "held";
	if (link->state == UP && link->holds & LINK_HOLD_QUOTA)
		return "resting";
	return names[link->state];
}

static void enter(struct link *link, enum state state)
{
	link->state = state;
	link->hub->changed(link->hub->ctx, link);
}

static void leave_queue(struct link *link, struct part *part)
{
	TAILQ_REMOVE(&link->queue, part, entry);
	link->queued--;
	link->promised -= part->charge;
}

/* Gives a part back with its outcome, and its message to the hub when that was
 * the last one. */
static void answer(struct link *link, struct part *part, const struct outcome *outcome)
{
	struct message *message = part->message;
	if (outcome->verdict == VERDICT_SENT)
		link->sent++;
	else if (outcome->verdict != VERDICT_DEFERRED)
		link->failed++;
	if (message_answer(part, outcome))
		link->hub->answered(link->hub->ctx, link, message);
}

/* Every queued part goes back: it never left. */
static void give_back(struct link *link, const char *why)
{
	struct outcome outcome = { .verdict = VERDICT_DEFERRED, .untried = true };
	snprintf(outcome.text, sizeof outcome.text, "%s", why);
	struct part *part;
	while ((part = TAILQ_FIRST(&link->queue))) {
		leave_queue(link, part);
		answer(link, part, &outcome);
	}
}

uint64_t link_backoff(const struct link *link, struct backoff *backoff, enum down down,
    uint64_t up_ms)
{
	const struct link_options *common = &link->settings->common;
	return backoff_next(backoff, down, up_ms, (uint64_t)common->reconnect_min,
	    (uint64_t)common->reconnect_max);
}

/* A question comes back, to the hub. */
static void reply_with(struct link *link, struct question *question, enum reply_kind kind,
    const char *why)
{
	struct reply reply = { .kind = kind };
	snprintf(reply.text, sizeof reply.text, "%s", why);
	link->hub->replied(link->hub->ctx, link, question, &reply);
}

static void lose_questions(struct link *link, const char *why)
{
	struct question *question;
	while ((question = TAILQ_FIRST(&link->asked))) {
		TAILQ_REMOVE(&link->asked, question, loan);
		reply_with(link, question, REPLY_LOST, why);
	}
}

/* The session has ended: everything it held is in doubt, unless it said so before. */
static void close_session(struct link *link)
{
	struct outcome doubt = { .verdict = VERDICT_DOUBTFUL };
	snprintf(doubt.text, sizeof doubt.text, "no answer before the connection ended: %.100s",
	    link->reason);
	link->settings->driver->close(link->session);
	link->session = NULL;
	link->ended = false;
	link->drain_asked = false;
	link->window = 0;
	struct part *part;
	while ((part = TAILQ_FIRST(&link->lent))) {
		TAILQ_REMOVE(&link->lent, part, loan);
		link->unanswered--;
		answer(link, part, &doubt);
	}
	lose_questions(link, doubt.text);
	event_del(link->paced);
	give_back(link, "the link went down before it was sent");
}

static void on_down(struct link *link)
{
	bool stopping = link->state == DRAINING;
	const uint64_t up_ms = link->up_since ? clock_ms() - link->up_since + 1 : 0;
	link->up_since = 0;
	close_session(link);
	if (stopping) {
		link_info(link, "event=stopped reason=\"%s\"", link->reason);
		enter(link, IDLE);
		return;
	}
	if (link->down == DOWN_BARRED) {
		link_warn(link, "event=down reason=\"%s\" retry=never", link->reason);
		enter(link, BARRED);
		return;
	}
	uint64_t wait = link_backoff(link, &link->backoff, link->down, up_ms);
	link_warn(link, "event=down reason=\"%s\" retry=%.1fs", link->reason, (double)wait / 1000);
	clock_ring(link->retry, wait);
	enter(link, WAITING);
}

/* Quotas. A part is counted when it leaves. */

static int64_t now_s(void)
{
	return time(NULL);
}

static uint64_t left_of(const struct link *link)
{
	return quota_left(link->quota, link->settings->common.quota);
}

/* Sets or clears the hold. */
static void look_at_quotas(struct link *link)
{
	quota_turn(link->quota, now_s());
	const bool spent = left_of(link) == 0, was = link->holds & LINK_HOLD_QUOTA;
	if (spent)
		quota_words(link->quota, link->settings->common.quota, link->spent, sizeof link->spent);
	if (spent == was)
		return;
	link_info(link, "event=%s reason=\"%s\"", spent ? "used-up" : "renewed", link->spent);
	link_hold(link, LINK_HOLD_QUOTA, spent);
}

static void charge(struct link *link, struct part *part)
{
	part->charged_at = now_s();
	quota_add(link->quota, part->charge, part->charged_at);
}

/* What the network did not take is not used. */
static void uncharge(struct link *link, struct part *part, const struct outcome *outcome)
{
	const bool taken = outcome->verdict == VERDICT_SENT || outcome->verdict == VERDICT_DOUBTFUL;
	const unsigned back = taken ? part->nrefused : part->charge;
	if (part->charged_at && back) {
		quota_give_back(link->quota, back, part->charged_at);
		look_at_quotas(link);
	}
	part->charged_at = 0;
}

static void submit(struct link *link, struct part *part)
{
	leave_queue(link, part);
	charge(link, part);
	TAILQ_INSERT_TAIL(&link->lent, part, loan);
	part->turn = ++link->turns;
	link->unanswered++;
	journal_left(link->hub->journal, part);
	link->settings->driver->submit(link->session, part);
}

/* True when its time is over before any of it left; the message then ends here. */
static bool expired(struct link *link, struct part *part)
{
	if (!part->message->expires_at || part->message->expires_at > time(NULL))
		return false;
	struct outcome outcome = { .verdict = VERDICT_EXPIRED };
	snprintf(outcome.text, sizeof outcome.text, "expired while it waited for link %s",
	    link->settings->name);
	leave_queue(link, part);
	answer(link, part, &outcome);
	return true;
}

/* Parts leave while the window has room, the pace allows and no hold is set. */
static void pump(struct link *link)
{
	uint64_t now = clock_ms();
	struct part *part;
	look_at_quotas(link);
	while ((part = TAILQ_FIRST(&link->queue)) && link->state == UP && !link->holds &&
	    !link->ended && link->unanswered < link->window) {
		if (!link->hub->allowed(link->hub->ctx)) {
			link->holds |= LINK_HOLD_STORE;
			return;
		}
		if (expired(link, part))
			continue;
		if (left_of(link) < part->charge) {
			give_back(link, "a quota has become too small for it");
			return;
		}
		if (!pace_take(&link->pace, now)) {
			clock_ring(link->paced, pace_wait(&link->pace, now));
			return;
		}
		submit(link, part);
		if (left_of(link) == 0)
			look_at_quotas(link);
	}
}

/* A link with a long interval has no room before it is over, so that nothing waits here that
 * another link could send; then it has. */
static bool between_parts(const struct link *link)
{
	return link->settings->common.interval >= SECOND && pace_wait(&link->pace, clock_ms()) > 0;
}

static void await_interval(struct link *link)
{
	if (link->state != UP || link->settings->common.interval < SECOND)
		return;
	const uint64_t wait = pace_wait(&link->pace, clock_ms());
	if (wait)
		clock_ring(link->paced, wait);
	else
		link->hub->changed(link->hub->ctx, link);
}

/* From the loop, never from inside a driver's call. */
static void turn(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	struct link *link = arg;
	if (link->ended) {
		on_down(link);
		return;
	}
	if (link->state == DRAINING && !link->drain_asked && link->session) {
		link->drain_asked = true;
		link->settings->driver->drain(link->session);
	}
	pump(link);
	await_interval(link);
	/* What drivers were given leaves this machine in a later turn of the loop. */
	journal_flush(link->hub->journal);
}

/* The pace that configuration and easing allow together. */
static void pace_anew(struct link *link)
{
	const struct link_options *common = &link->settings->common;
	pace_set(&link->pace, easing_limit(&link->easing, (double)common->rate), common->interval, clock_ms());
}

static void ease(struct link *link, unsigned percent, const char *why)
{
	const double rate = easing_limit(&link->easing, (double)link->settings->common.rate);
	const unsigned most = link->taken_now > link->taken ? link->taken_now : link->taken;
	const double now = rate > 0 ? rate : most > link->window ? most : link->window;
	easing_begin(&link->easing, now, percent, why, clock_ms());
	link_info(link, "event=eased rate=%.0f reason=\"%s\"", link->easing.rate, *why ? why : "the peer is nearly full");
	pace_anew(link);
}

void link_ease(struct link *link, unsigned percent)
{
	ease(link, percent, "");
}

static void recover(struct link *link)
{
	if (!easing_recover(&link->easing, clock_ms()))
		return;
	if (!link->easing.rate)
		link_info(link, "event=recovered");
	pace_anew(link);
}

/* Back among those that wait, before every part that was to leave after it; a suspect behind them. */
static void queue_again(struct link *link, struct part *part)
{
	struct part *before = part->message->throttled < THROTTLED_SUSPECT ? TAILQ_FIRST(&link->queue) : NULL;
	while (before && before->turn && before->turn < part->turn)
		before = TAILQ_NEXT(before, entry);
	if (before)
		TAILQ_INSERT_BEFORE(before, part, entry);
	else
		TAILQ_INSERT_TAIL(&link->queue, part, entry);
	link->queued++;
	link->promised += part->charge;
}

static void open_session(struct link *link)
{
	link->serial++;
	link->note[0] = '\0';
	link->session = link->settings->driver->open(link, link->settings->options);
	enter(link, OPENING);
}

static void on_retry(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	struct link *link = arg;
	if (link->state == WAITING)
		open_session(link);
}

static void on_rested(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	link_hold(arg, LINK_HOLD_THROTTLED, false);
}

/* Once a second: how much was answered decides how much is kept ready. */
static void on_second(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	struct link *link = arg;
	unsigned faded = link->recent - (link->recent + 3) / 4;
	link->recent = link->answered_now > faded ? link->answered_now : faded;
	link->answered_now = 0;
	faded = link->taken - link->taken / 4;
	link->taken = link->taken_now > faded ? link->taken_now : faded;
	link->taken_now = 0;
	recover(link);
	look_at_quotas(link);
}

struct link *link_new(const struct link_settings *settings, const struct link_hub *hub,
    struct quota *quota)
{
	struct link *link = calloc(1, sizeof *link);
	if (!link)
		abort();
	link->settings = settings;
	link->hub = hub;
	link->quota = quota;
	quota_turn(quota, now_s());
	TAILQ_INIT(&link->queue);
	TAILQ_INIT(&link->lent);
	TAILQ_INIT(&link->asked);
	pace_init(&link->pace, (double)settings->common.rate, settings->common.interval, clock_ms());
	link->wake = event_new(hub->base, -1, 0, turn, link);
	link->paced = event_new(hub->base, -1, 0, turn, link);
	link->retry = event_new(hub->base, -1, 0, on_retry, link);
	link->throttled = event_new(hub->base, -1, 0, on_rested, link);
	link->second = event_new(hub->base, -1, EV_PERSIST, on_second, link);
	if (!link->wake || !link->paced || !link->retry || !link->throttled || !link->second)
		abort();
	clock_ring(link->second, SECOND);
	return link;
}

void link_start(struct link *link)
{
	if (link->state != IDLE)
		return;
	link->holds &= ~(unsigned)LINK_HOLD_STOPPING;
	link->backoff = (struct backoff){ .failures = 0 };
	open_session(link);
}

void link_unbar(struct link *link)
{
	if (link->state == BARRED)
		open_session(link);
}

void link_apply(struct link *link, const struct link_settings *settings)
{
	link->settings = settings;
	pace_anew(link);
	look_at_quotas(link);
	wake(link);
}

bool link_is_up(const struct link *link)
{
	return link->state == UP && !link->ended;
}

bool link_is_ended(const struct link *link)
{
	return link->state == IDLE;
}

/* What a link of one part at a time has ready is nothing but what it answered in the last
 * second: no message waits behind a slow one while another link is free. */
int link_capacity(const struct link *link)
{
	if (link->window == 0)
		return 0;
	unsigned ready = (unsigned)link->settings->common.prefetch;
	unsigned steady = link->recent > link->window ? link->recent : link->window;
	if (link->window == 1 && link->recent <= 1)
		steady = 0;
	return (int)(link->window + (ready < steady ? ready : steady));
}

/* What may wait here: with an interval no more than leaves in a second. */
static int ready_room(const struct link *link)
{
	const long interval = link->settings->common.interval;
	if (interval == 0)
		return ROOM_MAX;
	const int ready = interval < SECOND ? (int)(SECOND / interval) : 1;
	return ready - (int)link->queued;
}

struct allowance link_allowance(const struct link *link)
{
	quota_turn(link->quota, now_s());
	return (struct allowance){ .quota = link->quota, .limits = link->settings->common.quota,
		.promised = link->promised };
}

int link_room(const struct link *link)
{
	const unsigned away = LINK_HOLD_OPERATOR | LINK_HOLD_STOPPING | LINK_HOLD_QUOTA;
	if (!link_is_up(link) || link->holds & away)
		return LINK_NO_ROOM;
	int room = link_capacity(link) - (int)(link->queued + link->unanswered);
	const int ready = ready_room(link);
	if (room > ready)
		room = ready;
	const struct allowance allowance = link_allowance(link);
	const uint64_t most = allowance_free(&allowance);
	if (room > 0 && (uint64_t)room > most)
		room = (int)most;
	return room > 0 && (link->holds & LINK_HOLD_THROTTLED || between_parts(link)) ? 0 : room;
}

int link_answers(const struct link *link)
{
	return (int)(link->recent > link->answered_now ? link->recent : link->answered_now);
}

uint64_t link_given_at(const struct link *link)
{
	return link->given_at;
}

void link_enqueue(struct link *link, struct message *message)
{
	snprintf(message->link, sizeof message->link, "%s", link->settings->name);
	if (!message->in_doubt_said && link->settings->common.in_doubt != LINK_DOUBT_DEFAULT)
		message->in_doubt = (enum in_doubt)link->settings->common.in_doubt;
	link->given_at = clock_us();
	journal_queued(link->hub->journal, message);
	for (unsigned i = 0; i < message->nparts; i++) {
		struct part *part = &message->parts[i];
		if (part->taken)
			continue;
		part->turn = 0;
		part->charge = part_messages(part);
		part->charged_at = 0;
		TAILQ_INSERT_TAIL(&link->queue, part, entry);
		link->queued++;
		link->promised += part->charge;
		message->unanswered++;
	}
	assert(message->unanswered > 0);
	wake(link);
}

void link_ask(struct link *link, struct question *question)
{
	const struct driver *driver = link->settings->driver;
	const unsigned holds = link->holds & ~(unsigned)(LINK_HOLD_THROTTLED | LINK_HOLD_QUOTA);
	char why[OUTCOME_TEXT_MAX];
	if (!driver->ask) {
		snprintf(why, sizeof why, "link %s has driver %s, whose protocol has no such question",
		    link->settings->name, driver->name);
		reply_with(link, question, REPLY_FAILED, why);
	} else if (!link_is_up(link) || holds || !link->hub->allowed(link->hub->ctx)) {
		snprintf(why, sizeof why, "link %s is not up, or is held", link->settings->name);
		reply_with(link, question, REPLY_UNSENT, why);
	} else {
		TAILQ_INSERT_TAIL(&link->asked, question, loan);
		driver->ask(link->session, question);
	}
}

void link_hold(struct link *link, enum link_hold reason, bool on)
{
	unsigned before = link->holds;
	link->holds = on ? before | reason : before & ~(unsigned)reason;
	if (link->holds == before)
		return;
	if (on && reason & (LINK_HOLD_OPERATOR | LINK_HOLD_STOPPING | LINK_HOLD_QUOTA))
		give_back(link, reason == LINK_HOLD_QUOTA ? link->spent : "the link is held");
	link->hub->changed(link->hub->ctx, link);
	wake(link);
}

void link_stop(struct link *link)
{
	link_hold(link, LINK_HOLD_STOPPING, true);
	if (link->state == WAITING || link->state == BARRED) {
		event_del(link->retry);
		enter(link, IDLE);
	} else if (link->state == UP) {
		enter(link, DRAINING);
		wake(link);
	} else if (link->state == OPENING) {
		snprintf(link->reason, sizeof link->reason, "stopped while connecting");
		close_session(link);
		enter(link, IDLE);
	}
}

void link_abort(struct link *link)
{
	link->holds |= LINK_HOLD_STOPPING;
	event_del(link->retry);
	snprintf(link->reason, sizeof link->reason, "cut off");
	if (link->session)
		close_session(link);
	if (link->state != IDLE)
		enter(link, IDLE);
}

void link_ack(struct link *link, uint64_t ticket, bool kept)
{
	assert(link->tickets > 0);
	link->tickets--;
	const uint64_t own = ticket & ((UINT64_C(1) << TICKET_BITS) - 1);
	if (link->session && !link->ended && ticket == (link->serial << TICKET_BITS | own))
		link->settings->driver->ack(link->session, own, kept ? ACK_KEPT : ACK_LATER);
}

void link_report(const struct link *link, struct link_report *report)
{
	*report = (struct link_report){
		.window = link->window, .queued = link->queued, .unanswered = link->unanswered,
		.rate = link->settings->common.rate, .interval_ms = link->settings->common.interval,
		.sent = link->sent, .failed = link->failed,
		.receipts = link->receipts, .received = link->received,
	};
	memcpy(report->quota, link->settings->common.quota, sizeof report->quota);
	quota_tell(link->quota, &report->used);
	snprintf(report->name, sizeof report->name, "%s", link->settings->name);
	snprintf(report->account, sizeof report->account, "%s", link->settings->common.account);
	snprintf(report->driver, sizeof report->driver, "%s", link->settings->driver->name);
	snprintf(report->state, sizeof report->state, "%s", state_name(link));
	if (link->state == UP && link->holds & LINK_HOLD_QUOTA)
		snprintf(report->reason, sizeof report->reason, "%s", link->spent);
	else if (link->state == UP && link->easing.rate > 0)
		snprintf(report->reason, sizeof report->reason, "throttled by the peer: %.0f parts a second "
		    "for now%s%s", link->easing.rate, *link->easing.by ? "; it says: " : "", link->easing.by);
	else
		snprintf(report->reason, sizeof report->reason, "%s",
		    link->state == UP || (link->state == OPENING && *link->note) ? link->note : link->reason);
}

const struct link_settings *link_settings(const struct link *link)
{
	return link->settings;
}

size_t link_tickets(const struct link *link)
{
	return link->tickets;
}

void link_free(struct link *link)
{
	if (!link)
		return;
	assert(link->tickets == 0);
	link_abort(link);
	event_free(link->wake);
	event_free(link->paced);
	event_free(link->retry);
	event_free(link->throttled);
	event_free(link->second);
	free(link);
}

/* The driver's side. */

struct event_base *link_base(struct link *link)
{
	return link->hub->base;
}

const char *link_name(const struct link *link)
{
	return link->settings->name;
}

void link_up(struct link *link, unsigned window)
{
	link->window = window;
	if (link->state == OPENING) {
		link->reason[0] = '\0';
		link->up_since = clock_ms();
		link_info(link, "event=up window=%u", window);
		enter(link, UP);
	} else {
		link->hub->changed(link->hub->ctx, link);
	}
	wake(link);
}

void link_wait(struct link *link, const char *why)
{
	link->window = 0;
	link_note(link, why);
	if (link->state != UP)
		return;
	link_warn(link, "event=waiting reason=\"%s\"", why);
	event_del(link->paced);
	give_back(link, "the link lost its peer before it was sent");
	enter(link, OPENING);
}

void link_down(struct link *link, enum down down, const char *why)
{
	link->ended = true;
	link->down = down;
	snprintf(link->reason, sizeof link->reason, "%s", why);
	wake(link);
}

void link_done(struct link *link, struct part *part, const struct outcome *outcome)
{
	assert(link->unanswered > 0);
	if (outcome->verdict != VERDICT_DOUBTFUL)
		journal_answered(link->hub->journal, part, outcome);
	TAILQ_REMOVE(&link->lent, part, loan);
	uncharge(link, part, outcome);
	link->unanswered--;
	link->answered_now++;
	link->taken_now += outcome->verdict == VERDICT_SENT;
	if (outcome->hold_ms) {
		if (!(link->holds & LINK_HOLD_THROTTLED)) { /* once for all that were on the way */
			message_throttled(part->message, link->sent);
			if (part->message->throttled <= THROTTLED_SUSPECT)
				ease(link, 80, outcome->text);
		}
		link_hold(link, LINK_HOLD_THROTTLED, true);
		clock_ring(link->throttled, outcome->hold_ms);
	}
	/* Throttled: it waits at the head, in order, without a way through the database. */
	if (outcome->verdict == VERDICT_DEFERRED && outcome->hold_ms && link_room(link) != LINK_NO_ROOM)
		queue_again(link, part);
	else
		answer(link, part, outcome);
	wake(link);
	link->hub->changed(link->hub->ctx, link);
}

void link_replied(struct link *link, struct question *question, const struct reply *reply)
{
	TAILQ_REMOVE(&link->asked, question, loan);
	link->hub->replied(link->hub->ctx, link, question, reply);
}

void link_note(struct link *link, const char *note)
{
	snprintf(link->note, sizeof link->note, "%s", note);
}

void link_late(struct link *link, const struct answer *answer)
{
	struct answer named = *answer;
	snprintf(named.link, sizeof named.link, "%s", link->settings->name);
	link->hub->late(link->hub->ctx, link, &named);
}

void link_receipt(struct link *link, const struct receipt *receipt, uint64_t ticket)
{
	link->tickets++;
	link->receipts++;
	link->hub->receipt(link->hub->ctx, link, receipt, link->serial << TICKET_BITS | ticket);
}

void link_inbound(struct link *link, const struct inbound *inbound, uint64_t ticket)
{
	link->tickets++;
	link->received += !inbound->over;   /* that is no message */
	link->hub->inbound(link->hub->ctx, link, inbound, link->serial << TICKET_BITS | ticket);
}

void link_log(const struct link *link, char level, const char *format, ...)
{
	enum log_level at = level == 'i' ? LOG_LEVEL_INFO : level == 'w' ? LOG_LEVEL_WARN
	    : LOG_LEVEL_DEBUG;
	if (!log_enabled(at))
		return;
	char text[1024];
	va_list args;
	va_start(args, format);
	vsnprintf(text, sizeof text, format, args);
	va_end(args);
	log_line(at, "link=%s %s", link->settings->name, text);
}
