/* SPDX-License-Identifier: Apache-2.0 */
/*
 * line.c - what becomes of parts, questions and deliveries on one login.
 *
 *   OPENING ---------> UP ---------> DRAINING ---------> ENDED
 *      |  line_bound   |  line_drain  |  line_ended       ^
 *      |               |              |                   |
 *      +---------------+--------------+-- lose(), close --+
 *
 * What became of a part is said by the answer to its number, by the window's
 * deadline, or by close_wire() for those whose first octet never left. All others are
 * in doubt, and the account says when. Three in a row without an answer, and without one to
 * any that was lent after them, show that the line is of no use.
 *
 * A delivery is answered when the link acknowledges it. Its ticket is the answer's
 * address: the line, and what the wire has put into it. Nothing is kept but how many are owed,
 * and too many of them stop our reading.
 *
 * Octets, connections, numbers and logging in are left to the wire (wire.h), which is the only
 * one to write, and questions to asks.c.
 */
#include "line.h"

#include "../gateway/clock.h"
#include "../gateway/late.h"
#include "../gateway/window.h"
#include "asks.h"

#include <event2/event.h>

#include <assert.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

enum {
	OVERDUE_MAX = 3,                /* in a row: the line is of no use */
	LATE_MAX = 4096,                /* parts that an answer may still come for */
	LATE_MS = 600 * 1000,
	EASE_EVERY_MS = 1000,           /* however often the centre says that it is full */
	OWED_MAX = 1000,                /* tickets at a time */
	WHY_MAX = 160,
	GRACE_MS = 1000,                /* for answers that waited while we did not read */
};

enum phase { OPENING, UP, DRAINING, ENDED };

struct line {
	struct link *link;
	struct line_settings settings;
	const struct wire_class *class;
	void *wire;
	struct line_owner owner;
	unsigned number;
	enum phase phase;
	bool leaving;                   /* the wire ends by itself */
	size_t host;                    /* where it was connected to, once ENDED */
	uint64_t bound_at;              /* loop ms; 0: never */
	unsigned room;                  /* once bound */
	struct window *window;
	struct parts waiting;           /* for room in the window */
	unsigned nwaiting;
	struct asks *asks;              /* questions; they have a share of the window */
	struct late *late;              /* parts that were given up */
	uint64_t few[LINE_FEW];         /* by number: until when an answer to one that was given up
	                                 * may come (loop ms); 0: none */
	uint64_t eased_at;              /* loop ms */
	unsigned overdue;               /* parts in a row that got no answer, nor did any after them */
	uint64_t answered;              /* the latest turn of a part that was answered */
	uint64_t patient_until;         /* no part is overdue before */
	uint64_t drain_until;           /* while DRAINING: then it logs out, answered or not */
	struct event *timer;
	uint64_t rings_at;              /* when the timer does; 0: it does not */
	unsigned owed;                  /* tickets */
	unsigned paused, deaf;          /* enum wire_pause: as asked; in which no answers are read */
	uint64_t active_at;             /* loop ms: the last message either way */
	bool retired;                   /* it ends in order, for a reason of its own: */
	enum down end;
	char why[WHY_MAX];
};

static void enter(struct line *line, enum phase phase)
{
	static const char *const names[] = { [OPENING] = "opening", [UP] = "up",
		[DRAINING] = "draining", [ENDED] = "ended" };
	link_debug(line->link, "event=phase line=%u from=%s to=%s", line->number, names[line->phase],
	    names[phase]);
	line->phase = phase;
}

static void defer(struct line *line, struct part *part, const char *why)
{
	struct outcome outcome = { .verdict = VERDICT_DEFERRED, .untried = true };
	snprintf(outcome.text, sizeof outcome.text, "not sent: %.*s", OUTCOME_TEXT_MAX - 12, why);
	link_done(line->link, part, &outcome);
}

static void defer_waiting(struct line *line, const char *why)
{
	struct part *part;
	while ((part = TAILQ_FIRST(&line->waiting))) {
		TAILQ_REMOVE(&line->waiting, part, entry);
		line->nwaiting--;
		defer(line, part, why);
	}
}

/* Those whose first octet never left this machine are not in doubt. */
static void close_wire(struct line *line, const char *why)
{
	const uint64_t left = line->class->left(line->wire);
	struct part *part;
	while ((part = window_unsent(line->window, left)))
		defer(line, part, why);
	defer_waiting(line, why);
	asks_withdraw(line->asks, left, why);
	line->host = line->class->host(line->wire);
	line->class->close(line->wire);
	event_del(line->timer);
	enter(line, ENDED);
}

void line_close(struct line *line, const char *why)
{
	if (line->phase != ENDED)
		close_wire(line, why);
}

/* The last thing that the account hears of it. */
static void lose(struct line *line, enum down how, const char *why)
{
	if (line->phase == ENDED)
		return;
	close_wire(line, why);
	line->owner.ended(line->owner.account, line, how, why);
}

void line_ended(struct line *line, enum down how, const char *why)
{
	if (how == DOWN_DRAINED && line->retired)
		lose(line, line->end, line->why);
	else
		lose(line, how, why);
}

void line_leaving(struct line *line)
{
	line->leaving = true;
}

void line_doubt(struct line *line, const char *why)
{
	struct outcome outcome = { .verdict = VERDICT_DOUBTFUL };
	snprintf(outcome.text, sizeof outcome.text, "no answer before the connection ended: %.100s", why);
	struct part *part;
	while ((part = window_any(line->window)))
		link_done(line->link, part, &outcome);
	asks_lose(line->asks, why);
}

/* Makes the timer ring in time. It may ring early, and then looks again: answers move
 * the deadline away, and the timer is not set anew for each of them. */
static void arm(struct line *line)
{
	uint64_t at = 0;
	const uint64_t asked = asks_due(line->asks);
	if (window_count(line->window))
		at = window_deadline(line->window);
	if (asked && (!at || asked < at))
		at = asked;
	if (at && at < line->patient_until)
		at = line->patient_until;
	if (line->deaf)
		at = 0;
	if (line->drain_until && (!at || line->drain_until < at))
		at = line->drain_until;
	const uint64_t quiet = line->active_at + (uint64_t)line->settings.inactivity;
	if (line->phase == UP && line->settings.inactivity && (!at || quiet < at))
		at = quiet;
	if (!at || (line->rings_at && line->rings_at <= at))
		return;
	const uint64_t now = clock_ms();
	line->rings_at = at;
	clock_ring(line->timer, at > now ? at - now : 0);
}

static void pause_reading(struct line *line, enum wire_pause reason)
{
	line->paused |= reason;
	if (line->class->pause(line->wire, reason))
		line->deaf |= reason;
}

/* The silence was ours: what came meanwhile is still to be read. */
static void resume_reading(struct line *line, enum wire_pause reason)
{
	if (!(line->paused & reason))
		return;
	const bool deaf = line->deaf != 0;
	line->paused &= ~(unsigned)reason;
	line->deaf &= ~(unsigned)reason;
	line->class->resume(line->wire, reason);
	if (!deaf || line->deaf)
		return;
	line->patient_until = clock_ms() + GRACE_MS;
	arm(line);
}

/* Draining. */

static void log_out(struct line *line)
{
	line->drain_until = 0;
	resume_reading(line, WIRE_DRAINING);
	line->class->log_out(line->wire);
}

/* When nothing is unanswered on either side, a draining line logs out. What is
 * owed is paid first, and nothing new is read meanwhile, so that the peer does not
 * deliver again what is stored here already. */
static void await_answers(struct line *line)
{
	if (line->phase != DRAINING || !line->drain_until || window_count(line->window) ||
	    asks_count(line->asks))
		return;
	if (line->owed)
		pause_reading(line, WIRE_DRAINING);
	else
		log_out(line);
}

void line_drain(struct line *line)
{
	if (line->phase == OPENING)
		lose(line, DOWN_DRAINED, "stopped before it was bound");
	if (line->phase != UP)
		return;
	enter(line, DRAINING);
	defer_waiting(line, "the connection is drained");
	asks_withdraw(line->asks, UINT64_MAX, "the connection is drained");
	line->drain_until = clock_ms() + (uint64_t)line->settings.response_timeout;
	arm(line);
	await_answers(line);
}

/* It ends in order, by itself; the account asks it to drain. */
static void retire(struct line *line, enum down how, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static void retire(struct line *line, enum down how, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	vsnprintf(line->why, sizeof line->why, format, args);
	va_end(args);
	line->retired = true;
	line->end = how;
	line->owner.retiring(line->owner.account, line);
}

void line_broken(struct line *line, const char *why)
{
	if (line->phase == UP)
		retire(line, DOWN_LOST, "%s", why);
	else if (line->phase == OPENING)
		lose(line, DOWN_LOST, why);
}

/* Keep-alives do not count, or it would never be quiet. */
static void retire_when_quiet(struct line *line, uint64_t now)
{
	if (!line->settings.inactivity || line->phase != UP ||
	    now < line->active_at + (uint64_t)line->settings.inactivity)
		return;
	if (window_count(line->window) || line->nwaiting || line->owed)
		line->active_at = now;          /* the other deadlines are for these */
	else
		retire(line, DOWN_DRAINED, "no message either way for %g s, as inactivity says: %s",
		    (double)line->settings.inactivity / 1000, line->settings.anew);
}

/* Submitting. */

void line_put(struct line *line, struct part *part, const struct wire_place *place)
{
	window_put(line->window, place->number, part, place->offset,
	    clock_ms() + (uint64_t)line->settings.response_timeout);
	arm(line);
}

static void transmit(struct line *line, struct part *part)
{
	struct wire_place place;
	struct outcome outcome;
	line->active_at = clock_ms();
	if (line->class->submit(line->wire, part, &place, &outcome))
		line_put(line, part, &place);
	else
		link_done(line->link, part, &outcome);
}

/* Parts and questions on the wire: as many as may be. */
static bool is_full(const struct line *line)
{
	return window_count(line->window) + asks_on_wire(line->asks) >= line->room ||
	    (line->class->has_room && !line->class->has_room(line->wire));
}

static void send_questions(struct line *line)
{
	const unsigned room = line_room(line), parts = window_count(line->window);
	if (room > parts)
		asks_send(line->asks, room - parts);
}

/* The window has room again. */
static void send_waiting(struct line *line)
{
	struct part *part;
	send_questions(line);
	while (line_room(line) && (part = TAILQ_FIRST(&line->waiting)) && !is_full(line)) {
		TAILQ_REMOVE(&line->waiting, part, entry);
		line->nwaiting--;
		transmit(line, part);
	}
}

void line_go_on(struct line *line)
{
	send_waiting(line);
	await_answers(line);
}

void line_submit(struct line *line, struct part *part)
{
	if (!line_room(line)) {
		defer(line, part, "the session is ending");
	} else if (line->nwaiting || is_full(line)) {
		TAILQ_INSERT_TAIL(&line->waiting, part, entry);
		line->nwaiting++;
	} else {
		transmit(line, part);
	}
}

/* Answers. */

struct part *line_take(struct line *line, uint32_t number)
{
	return window_take(line->window, number);
}

void line_done(struct line *line, struct part *part, const struct outcome *outcome)
{
	line->overdue = 0;
	if (part->turn > line->answered)
		line->answered = part->turn;
	line->active_at = clock_ms();
	link_done(line->link, part, outcome);
}

bool line_take_late(struct line *line, uint32_t number, struct answer *answer)
{
	if (number < LINE_FEW)
		line->few[number] = 0;
	return late_take(line->late, number, clock_ms(), answer);
}

void line_late(struct line *line, struct answer *answer)
{
	if (answer->once && answer->outcome.verdict == VERDICT_DEFERRED)
		answer->outcome.verdict = VERDICT_REJECTED;
	line->overdue = 0;
	link_info(line->link, "event=late_answer row=%" PRId64 " part=%u parts=%u status=0x%02" PRIx32,
	    answer->row, answer->part, answer->parts, answer->outcome.code);
	link_late(line->link, answer);
}

void line_ease(struct line *line, unsigned percent)
{
	const uint64_t now = clock_ms();
	if (line->eased_at && now - line->eased_at < EASE_EVERY_MS)
		return;
	line->eased_at = now;
	link_ease(line->link, percent);
}

/* Questions. */

void line_ask(struct line *line, struct question *question)
{
	asks_add(line->asks, question);
	send_questions(line);
	arm(line);
}

struct question *line_question(const struct line *line, uint32_t number)
{
	return asks_find(line->asks, number);
}

static void go_on_asking(struct line *line)
{
	line->overdue = 0;
	send_waiting(line);
	arm(line);
	await_answers(line);
}

void line_replied(struct line *line, struct question *question, const struct reply *reply)
{
	asks_replied(line->asks, question, reply);
	go_on_asking(line);
}

bool line_ask_later(struct line *line, struct question *question)
{
	if (!asks_again(line->asks, question))
		return false;
	go_on_asking(line);
	return true;
}

void line_put_question(struct line *line, struct question *question, const struct wire_place *place)
{
	asks_move(line->asks, question, place);
	arm(line);
}

void line_put_aside(struct line *line, struct question *question, uint32_t as, long ms)
{
	assert(!asks_find(line->asks, as) && !line_has(line, as));
	asks_put_aside(line->asks, question, as, clock_ms() + (uint64_t)ms);
	go_on_asking(line);
}

/* What gets no answer. */

static enum wire_overdue ask_wire(struct line *line, uint32_t number, struct part *part,
    struct question *question)
{
	return line->class->overdue ? line->class->overdue(line->wire, number, part, question) : WIRE_LOST;
}

/* An answer may still come. */
static void bury(struct line *line, uint32_t number, uint64_t now)
{
	if (number < LINE_FEW)
		line->few[number] = now + LATE_MS;
}

/* A part that is lost among others which are answered says nothing of the line. False: it has
 * ended. */
static bool take_overdue_parts(struct line *line, uint64_t now)
{
	const double limit = (double)line->settings.response_timeout / 1000;
	struct outcome outcome = { .verdict = VERDICT_DOUBTFUL };
	snprintf(outcome.text, sizeof outcome.text,
	    "no answer from the message centre within %g s", limit);
	struct part *part;
	uint32_t number;
	while ((part = window_overdue(line->window, now, &number))) {
		const enum wire_overdue what = ask_wire(line, number, part, NULL);
		const uint64_t turn = part->turn;
		if (what == WIRE_AGAIN) { /* at least the first time it may have left */
			line_put(line, part, &(struct wire_place){ .number = number });
			continue;
		}
		late_put(line->late, number, part, now + LATE_MS);
		bury(line, number, now);
		link_done(line->link, part, &outcome);
		if (what == WIRE_LOST && (turn < line->answered || ++line->overdue < OVERDUE_MAX))
			continue;
		if (what == WIRE_LOST)
			snprintf(outcome.text, sizeof outcome.text,
			    "%d messages in a row got no answer within %g s", OVERDUE_MAX, limit);
		lose(line, DOWN_LOST, outcome.text);
		return false;
	}
	return true;
}

static bool take_overdue_questions(struct line *line, uint64_t now)
{
	struct question *question;
	while ((question = asks_overdue(line->asks, now))) {
		const uint32_t number = question->sequence;
		const enum wire_overdue what = ask_wire(line, number, NULL, question);
		if (what == WIRE_AGAIN) {
			line_put_question(line, question, &(struct wire_place){ .number = number });
			continue;
		}
		if (!asks_is_aside(question))
			bury(line, number, now);
		asks_give_up(line->asks, question);
		if (what == WIRE_LOST)
			continue;
		lose(line, DOWN_LOST, "a question got no answer from the message centre");
		return false;
	}
	return true;
}

static void take_overdue(struct line *line, uint64_t now)
{
	if (now < line->patient_until || line->deaf)
		return;
	if (take_overdue_parts(line, now) && take_overdue_questions(line, now))
		line_go_on(line);
}

static void on_timer(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	struct line *line = arg;
	const uint64_t now = clock_ms();
	line->rings_at = 0;
	take_overdue(line, now);
	if (line->phase == ENDED)
		return;
	if (line->drain_until && now >= line->drain_until)
		log_out(line);
	retire_when_quiet(line, now);
	arm(line);
}

/* Deliveries. */

unsigned line_of_ticket(uint64_t ticket)
{
	return (unsigned)(ticket >> WIRE_TICKET_BITS) % LINE_NUMBERS;
}

void line_delivered(struct line *line, const void *what, uint64_t ticket)
{
	assert(ticket >> WIRE_TICKET_BITS == 0);
	line->active_at = clock_ms();
	if (++line->owed >= OWED_MAX)
		pause_reading(line, WIRE_OWING);
	line->owner.delivered(line->owner.account, line, what,
	    ticket | (uint64_t)line->number << WIRE_TICKET_BITS);
}

void line_ack(struct line *line, uint64_t ticket, enum ack ack)
{
	if (line->phase == ENDED)
		return; /* forgotten: the peer repeats it */
	assert(line->owed > 0);
	line->owed--;
	line->class->ack(line->wire, ticket & ((UINT64_C(1) << WIRE_TICKET_BITS) - 1), ack);
	resume_reading(line, WIRE_OWING);
	await_answers(line);
}

/* From open to close. */

void line_bound(struct line *line, unsigned room)
{
	assert(line->phase == OPENING);
	enter(line, UP);
	line->room = room < line->settings.window ? room : line->settings.window;
	line->bound_at = line->active_at = clock_ms();
	arm(line);
	line->owner.bound(line->owner.account, line);
}

void line_connect(struct line *line, size_t first, size_t n)
{
	line->class->connect(line->wire, first, n);
}

void line_adopt(struct line *line, struct stream *stream)
{
	line->class->adopt(line->wire, stream);
}

struct line *line_new(struct link *link, const struct line_settings *settings, unsigned number,
    const struct line_owner *owner)
{
	assert(number < LINE_NUMBERS);
	struct line *line = calloc(1, sizeof *line);
	if (!line)
		abort();
	line->link = link;
	line->settings = *settings;
	line->class = settings->class;
	line->owner = *owner;
	line->number = number;
	line->host = SIZE_MAX;
	line->window = window_new(settings->window);
	line->late = late_new(LATE_MAX);
	TAILQ_INIT(&line->waiting);
	line->timer = event_new(link_base(link), -1, 0, on_timer, line);
	if (!line->timer)
		abort();
	line->wire = line->class->make(line, settings->options, settings->session);
	line->asks = asks_new(link, line->class, line->wire, settings->response_timeout);
	return line;
}

void line_free(struct line *line)
{
	if (!line)
		return;
	line->class->free(line->wire);
	event_free(line->timer);
	window_free(line->window);
	late_free(line->late);
	asks_free(line->asks);
	free(line);
}

/* What the account and the wire ask. */

struct link *line_link(const struct line *line)
{
	return line->link;
}

unsigned line_number(const struct line *line)
{
	return line->number;
}

uint64_t line_bound_at(const struct line *line)
{
	return line->bound_at;
}

size_t line_host(const struct line *line)
{
	return line->phase == ENDED ? line->host : line->class->host(line->wire);
}

const char *line_secured(const struct line *line)
{
	return line->phase == ENDED ? "" : line->class->secured(line->wire);
}

bool line_is_up(const struct line *line)
{
	return line->phase == UP && !line->leaving;
}

unsigned line_room(const struct line *line)
{
	return line_is_up(line) ? line->room : 0;
}

unsigned line_load(const struct line *line)
{
	return window_count(line->window) + line->nwaiting + asks_count(line->asks);
}

bool line_is_closed(const struct line *line)
{
	return line->phase == ENDED;
}

bool line_has(const struct line *line, uint32_t number)
{
	return window_has(line->window, number);
}

bool line_is_used(const struct line *line, uint32_t number)
{
	return line_has(line, number) || asks_find(line->asks, number) ||
	    (number < LINE_FEW && line->few[number] && line->few[number] > clock_ms());
}
