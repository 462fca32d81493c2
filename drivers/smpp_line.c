/* SPDX-License-Identifier: Apache-2.0 */
/*
 * smpp_line.c - what becomes of parts and deliveries on one bind.
 *
 *   OPENING ---------> UP ---------> DRAINING ---------> ENDED
 *      |   on_bound    |  line_drain  |  all halves have  ^
 *      |               |              |  unbound          |
 *      +---------------+--------------+-- lose(), close --+
 *
 * A line has one half (a connection and its bind, smpp_half.c), or two when it binds as
 * transmitter and receiver. The first submits, the last receives; the second connects
 * once the first is bound; the line is up when all are bound, and lost when any is.
 *
 * What became of a part is said by the answer to its sequence number, by the window's
 * deadline, or by close_halves() for those whose first octet never left. All others are
 * in doubt, and the session says when.
 *
 * A delivery is answered when the link acknowledges it. Its ticket is the answer's
 * address: line, half, command and sequence number. Nothing is kept but how many are owed,
 * and too many of them stop our reading. An alert is owed in the same way, so that what
 * the store has not taken yet is counted, and its answer is nothing.
 */
#include "smpp_line.h"

#include "../gateway/clock.h"
#include "../gateway/late.h"
#include "../gateway/window.h"
#include "smpp_ask.h"
#include "smpp_half.h"

#include <event2/event.h>

#include <assert.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	PACKED_MAX = 1024,              /* of a submit_sm without TLVs, which has 460 at most */
	OVERDUE_MAX = 3,                /* in a row: the line is of no use */
	LATE_MAX = 4096,                /* parts that an answer may still come for */
	LATE_MS = 600 * 1000,
	EASE_EVERY_MS = 1000,           /* however often the centre says that it is full */
	NEARLY_FULL = 90, FULL = 100,   /* congestion_state (SMPP 5.0, 4.8.4.18) */
	OWED_MAX = 1000,                /* tickets at a time */
	WHY_MAX = 160,
	GRACE_MS = 1000,                /* for answers that waited while we did not read */
};

enum phase { OPENING, UP, DRAINING, ENDED };
enum pause { PAUSE_OWING = 1, PAUSE_DRAINING = 2 };

struct line {
	struct link *link;
	const struct smpp_options *options;
	struct line_owner owner;
	unsigned number;
	enum phase phase;
	enum smpp_bind bind;
	bool automatic;                 /* it may still become a pair */
	size_t first, nhosts, host;     /* where it connects to; where it did, or SIZE_MAX */
	uint64_t bound_at;              /* loop ms; 0: never */
	struct half *halves[2];         /* the first submits, the last receives */
	struct half *spent;             /* a transceiver that was refused; NULL: none */
	unsigned nhalves;
	struct window *window;
	struct parts waiting;           /* for room in the window */
	unsigned nwaiting;
	struct asks *asks;              /* questions; they have a share of the window */
	struct late *late;              /* parts that were given up */
	uint64_t eased_at;              /* loop ms */
	unsigned overdue;               /* parts in a row that got no answer, nor did any after them */
	uint32_t answered;              /* the newest number that an answer came for; 0: none */
	uint64_t patient_until;         /* no part is overdue before */
	uint64_t drain_until;           /* while DRAINING: then it unbinds, answered or not */
	struct event *timer;
	uint64_t rings_at;              /* when the timer does; 0: it does not */
	unsigned owed;                  /* tickets */
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
static void close_halves(struct line *line, const char *why)
{
	const uint64_t left = half_left(line->halves[0]);
	struct part *part;
	while ((part = window_unsent(line->window, left)))
		defer(line, part, why);
	defer_waiting(line, why);
	asks_withdraw(line->asks, left, why);
	line->host = half_host(line->halves[0]);
	for (unsigned i = 0; i < line->nhalves; i++)
		half_close(line->halves[i]);
	event_del(line->timer);
	enter(line, ENDED);
}

void line_close(struct line *line, const char *why)
{
	if (line->phase != ENDED)
		close_halves(line, why);
}

/* The last thing that the session hears of it. */
static void lose(struct line *line, enum down how, const char *why)
{
	if (line->phase == ENDED)
		return;
	close_halves(line, why);
	line->owner.ended(line->owner.session, line, how, why);
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
	if (half_is_paused(line->halves[0]))
		at = 0;
	if (line->drain_until && (!at || line->drain_until < at))
		at = line->drain_until;
	const uint64_t quiet = line->active_at + (uint64_t)line->options->inactivity;
	if (line->phase == UP && line->options->inactivity && (!at || quiet < at))
		at = quiet;
	if (!at || (line->rings_at && line->rings_at <= at))
		return;
	const uint64_t now = clock_ms();
	line->rings_at = at;
	clock_ring(line->timer, at > now ? at - now : 0);
}

/* The silence was ours: what came meanwhile is still to be read. */
static void resume(struct line *line, enum pause reason)
{
	for (unsigned i = 0; i < line->nhalves; i++)
		if (half_resume(line->halves[i], reason) && i == 0) {
			line->patient_until = clock_ms() + GRACE_MS;
			arm(line);
		}
}

/* Draining. */

static void unbind(struct line *line)
{
	line->drain_until = 0;
	resume(line, PAUSE_DRAINING);
	for (unsigned i = 0; i < line->nhalves; i++)
		if (half_is_bound(line->halves[i]))
			half_unbind(line->halves[i]);
}

/* When nothing is unanswered on either side, a draining line logs out. What is
 * owed is paid first, and nothing new is read meanwhile, so that the peer does not
 * deliver again what is stored here already. */
static void await_answers(struct line *line)
{
	if (!line->drain_until || window_count(line->window) || asks_count(line->asks))
		return;
	if (!line->owed) {
		unbind(line);
		return;
	}
	for (unsigned i = 0; i < line->nhalves; i++)
		half_pause(line->halves[i], PAUSE_DRAINING);
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
	line->drain_until = clock_ms() + (uint64_t)line->options->response_timeout;
	arm(line);
	await_answers(line);
}

/* It ends in order, by itself; the session asks it to drain. */
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
	line->owner.retiring(line->owner.session, line);
}

/* Enquiries do not count, or it would never be quiet. */
static void retire_when_quiet(struct line *line, uint64_t now)
{
	if (!line->options->inactivity || line->phase != UP ||
	    now < line->active_at + (uint64_t)line->options->inactivity)
		return;
	if (window_count(line->window) || line->nwaiting || line->owed)
		line->active_at = now;          /* the other deadlines are for these */
	else
		retire(line, DOWN_DRAINED, "no message either way for %g s, as inactivity says: binding anew",
		    (double)line->options->inactivity / 1000);
}

/* Submitting. */

static void transmit(struct line *line, struct part *part)
{
	struct half *half = line->halves[0];
	line->active_at = clock_ms();
	struct outcome outcome;
	struct smpp_pdu pdu;
	if (!smpp_request(line->options, part, &pdu, &outcome) ||
	    !smpp_suits(half_version(half), &pdu, &outcome)) {
		link_done(line->link, part, &outcome);
		return;
	}
	/* With TLVs or several destinations it may be of any length, which is rare: no buffer is
	 * kept for it. */
	uint8_t usual[PACKED_MAX];
	size_t room = sizeof usual + pdu.dests.len;
	for (unsigned i = 0; i < pdu.ntlvs; i++)
		room += 4u + pdu.tlvs[i].len;
	uint8_t *const octets = room > sizeof usual ? malloc(room) : usual;
	if (!octets)
		abort();
	do
		pdu.sequence = half_sequence(half);
	while (asks_has(line->asks, pdu.sequence));
	const size_t len = smpp_pack(&pdu, octets, room);
	if (len) {
		window_put(line->window, pdu.sequence, part, half_written(half),
		    clock_ms() + (uint64_t)line->options->response_timeout);
		half_write(half, octets, len);
		arm(line);
	} else {
		outcome = (struct outcome){ .verdict = VERDICT_REJECTED,
			.text = "the message does not fit its PDU" };
		link_done(line->link, part, &outcome);
	}
	if (octets != usual)
		free(octets);
}

/* Parts and questions on the wire: as many as may be. */
static bool is_full(const struct line *line)
{
	return window_count(line->window) + asks_on_wire(line->asks) >= (unsigned)line->options->window;
}

/* The window has room again. */
static void send_waiting(struct line *line)
{
	struct part *part;
	if (line_room(line))
		asks_send(line->asks, line->halves[0], window_count(line->window));
	while (line_room(line) && !is_full(line) &&
	    (part = TAILQ_FIRST(&line->waiting))) {
		TAILQ_REMOVE(&line->waiting, part, entry);
		line->nwaiting--;
		transmit(line, part);
	}
}

void line_submit(struct line *line, struct part *part)
{
	if (!line_room(line)) {
		defer(line, part, "the session is ending");
	} else if (is_full(line) || line->nwaiting) {
		TAILQ_INSERT_TAIL(&line->waiting, part, entry);
		line->nwaiting++;
	} else {
		transmit(line, part);
	}
}

void line_ask(struct line *line, struct question *question)
{
	asks_add(line->asks, question);
	if (line_room(line))
		asks_send(line->asks, line->halves[0], window_count(line->window));
	arm(line);
}

static void heed_congestion(struct line *line, const struct smpp_pdu *pdu)
{
	const uint32_t state = smpp_tlv_number(pdu, SMPP_TAG_CONGESTION_STATE, 0);
	const uint64_t now = clock_ms();
	if (state < NEARLY_FULL || (line->eased_at && now - line->eased_at < EASE_EVERY_MS))
		return;
	line->eased_at = now;
	link_ease(line->link, state >= FULL ? 50 : 90);
}

/* Was `number` given out after `other`? They go round. */
static bool is_newer(uint32_t number, uint32_t other)
{
	enum { NUMBERS = 0x7FFFFFFF };
	const uint32_t ahead = (number - other) & NUMBERS;
	return ahead && ahead <= NUMBERS / 2;
}

static void on_answered(void *at, struct half *half, const struct smpp_pdu *pdu)
{
	(void)half;
	struct line *line = at;
	struct part *part = window_take(line->window, pdu->sequence);
	line->overdue = 0;
	if (is_newer(pdu->sequence, line->answered))
		line->answered = pdu->sequence;
	line->active_at = clock_ms();
	const struct outcome outcome = smpp_answer(line->options, pdu, part);
	link_done(line->link, part, &outcome);
	if (pdu->ntlvs)
		heed_congestion(line, pdu);
	if (smpp_rebinds(line->options, pdu)) {
		lose(line, DOWN_LOST, outcome.text);
		return;
	}
	send_waiting(line);
	await_answers(line);
}

static bool on_replied(void *at, struct half *half, const struct smpp_pdu *pdu)
{
	struct line *line = at;
	if (half != line->halves[0] || !asks_answered(line->asks, pdu))
		return false;
	line->overdue = 0;
	send_waiting(line);
	arm(line);
	await_answers(line);
	return true;
}

/* Everybody's part has just been called sent: for these it was not. They are told as a receipt of
 * each would tell it, since by now nobody holds the message. */
static void tell_late_refusals(struct line *line, const struct smpp_pdu *pdu)
{
	struct smpp_dest dest;
	for (size_t at = 0; *pdu->message_id && smpp_dest_next(pdu, &at, &dest); ) {
		struct receipt receipt = { .status = STATUS_UNDELIVERED, .word = "refused", .code = dest.status };
		snprintf(receipt.link, sizeof receipt.link, "%s", link_name(line->link));
		smpp_print(receipt.network_id, sizeof receipt.network_id, pdu->message_id);
		smpp_print(receipt.recipient, sizeof receipt.recipient, dest.address.digits);
		smpp_status_text(receipt.text, sizeof receipt.text, dest.status);
		link_receipt(line->link, &receipt, line_no_ticket);
	}
}

static void on_late(void *at, struct half *half, const struct smpp_pdu *pdu)
{
	(void)half;
	struct line *line = at;
	struct answer answer;
	if (!late_take(line->late, pdu->sequence, clock_ms(), &answer)) {
		link_debug(line->link, "event=ignored reason=\"answers nothing\" sequence=%" PRIu32,
		    pdu->sequence);
		return;
	}
	const struct message message = { .attempts = answer.attempt };
	answer.outcome = smpp_outcome(line->options, pdu, &message);
	if (answer.once && answer.outcome.verdict == VERDICT_DEFERRED)
		answer.outcome.verdict = VERDICT_REJECTED;
	line->overdue = 0;
	link_info(line->link, "event=late_answer row=%" PRId64 " part=%u parts=%u status=0x%02" PRIx32,
	    answer.row, answer.part, answer.parts, pdu->status);
	link_late(line->link, &answer);
	if (answer.outcome.verdict == VERDICT_SENT && pdu->dests.n)
		tell_late_refusals(line, pdu);
}

/* One that is lost among others which are answered says nothing of the session. */
static void take_overdue(struct line *line, uint64_t now)
{
	if (now < line->patient_until || half_is_paused(line->halves[0]))
		return;
	const double limit = (double)line->options->response_timeout / 1000;
	struct outcome outcome = { .verdict = VERDICT_DOUBTFUL };
	snprintf(outcome.text, sizeof outcome.text,
	    "no answer from the message centre within %g s", limit);
	struct part *part;
	uint32_t sequence;
	while ((part = window_overdue(line->window, now, &sequence))) {
		late_put(line->late, sequence, part, now + LATE_MS);
		link_done(line->link, part, &outcome);
		if (is_newer(line->answered, sequence) || ++line->overdue < OVERDUE_MAX)
			continue;
		snprintf(outcome.text, sizeof outcome.text,
		    "%d messages in a row got no answer within %g s", OVERDUE_MAX, limit);
		lose(line, DOWN_LOST, outcome.text);
		return;
	}
	asks_expire(line->asks);
	send_waiting(line);
	await_answers(line);
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
		unbind(line);
	retire_when_quiet(line, now);
	arm(line);
}

/* Deliveries. */

/* Bits above the sequence number; 41 in all. */
enum { TICKET_DATA = 32, TICKET_ALERT = 33, TICKET_SECOND = 34, TICKET_LINE = 35 };

unsigned line_of_ticket(uint64_t ticket)
{
	return (unsigned)(ticket >> TICKET_LINE) % LINE_NUMBERS;
}

static void on_delivered(void *at, struct half *half, const struct smpp_pdu *pdu)
{
	struct line *line = at;
	const bool second = half == line->halves[1];
	line->active_at = clock_ms();
	if (++line->owed >= OWED_MAX)
		half_pause(half, PAUSE_OWING);
	line->owner.delivered(line->owner.session, line, pdu, pdu->sequence |
	    (uint64_t)(pdu->command == SMPP_DATA_SM) << TICKET_DATA |
	    (uint64_t)(pdu->command == SMPP_ALERT_NOTIFICATION) << TICKET_ALERT |
	    (uint64_t)second << TICKET_SECOND |
	    (uint64_t)line->number << TICKET_LINE);
}

void line_ack(struct line *line, uint64_t ticket, enum ack ack)
{
	if (line->phase == ENDED)
		return; /* forgotten: the peer repeats it */
	assert(line->owed > 0);
	line->owed--;
	const uint32_t response = (uint32_t)(ticket >> TICKET_DATA & 1 ? SMPP_DATA_SM_RESP
	    : SMPP_DELIVER_SM_RESP);
	const uint32_t status = ack == ACK_KEPT ? SMPP_ROK
	    : (uint32_t)line->options->deliver_defer_status;
	if (!(ticket >> TICKET_ALERT & 1))  /* an alert has no response */
		half_respond(line->halves[ticket >> TICKET_SECOND & 1], response, (uint32_t)ticket, status);
	resume(line, PAUSE_OWING);
	await_answers(line);
}

/* From open to close. */

/* The next half's turn, or all are bound. */
static void on_bound(void *at, struct half *half)
{
	struct line *line = at;
	for (unsigned i = 0; i < line->nhalves; i++)
		if (half_is_idle(line->halves[i])) {
			const size_t host = half_host(half);
			half_connect(line->halves[i], host, line->first + line->nhosts - host);
			return;
		}
	enter(line, UP);
	line->bound_at = line->active_at = clock_ms();
	arm(line);
	line->owner.bound(line->owner.session, line);
}

static void on_broken(void *at, struct half *half, const char *why)
{
	(void)half;
	struct line *line = at;
	if (line->phase == UP)
		retire(line, DOWN_LOST, "%s", why);
	else if (line->phase == OPENING)
		lose(line, DOWN_LOST, why);
}

static void on_ended(void *at, struct half *half, enum down how, const char *why)
{
	(void)half;
	struct line *line = at;
	for (unsigned i = 0; i < line->nhalves && how == DOWN_DRAINED; i++)
		if (!half_is_closed(line->halves[i]))
			return; /* it is unbinding too */
	if (how == DOWN_DRAINED && line->retired)
		lose(line, line->end, line->why);
	else
		lose(line, how, why);
}

static bool on_refused(void *at, struct half *, uint32_t status);

/* Makes the halves of a way to bind. */
static void make_halves(struct line *line, enum smpp_bind bind)
{
	static const struct { unsigned n; uint32_t commands[2]; } binds[] = {
		[SMPP_TRANSCEIVER] = { 1, { SMPP_BIND_TRANSCEIVER } },
		[SMPP_TRANSMITTER_RECEIVER] = { 2, { SMPP_BIND_TRANSMITTER, SMPP_BIND_RECEIVER } },
		[SMPP_TRANSMITTER] = { 1, { SMPP_BIND_TRANSMITTER } },
		[SMPP_RECEIVER] = { 1, { SMPP_BIND_RECEIVER } },
	};
	const struct half_owner owner = { .line = line, .refused = on_refused, .bound = on_bound,
		.answered = on_answered, .late = on_late, .replied = on_replied,
		.delivered = on_delivered, .broken = on_broken, .ended = on_ended };
	line->bind = bind;
	line->nhalves = binds[bind].n;
	for (unsigned i = 0; i < line->nhalves; i++)
		line->halves[i] = half_new(line->link, line->options, binds[bind].commands[i],
		    i == 0 ? line->window : NULL, &owner);
}

static void bind_as(struct line *line, enum smpp_bind bind)
{
	make_halves(line, bind);
	half_connect(line->halves[0], line->first, line->nhosts);
}

/* A centre that does not know the transceiver gets a pair. */
static bool on_refused(void *at, struct half *half, uint32_t status)
{
	struct line *line = at;
	if (!line->automatic || status != SMPP_RINVCMDID)
		return false;
	link_info(line->link, "event=fallback bind=transmitter_receiver "
	    "reason=\"the message centre does not know bind_transceiver\"");
	line->automatic = false;
	half_close(half);
	line->spent = half;             /* it is on its way out, and calls us */
	bind_as(line, SMPP_TRANSMITTER_RECEIVER);
	return true;
}

void line_connect(struct line *line, enum smpp_bind bind, size_t first, size_t n)
{
	line->first = first;
	line->nhosts = n;
	line->automatic = bind == SMPP_BIND_AUTO;
	bind_as(line, line->automatic ? SMPP_TRANSCEIVER : bind);
}

void line_adopt(struct line *line, enum smpp_bind bind, struct stream *stream)
{
	make_halves(line, bind);
	half_adopt(line->halves[0], stream);
}

struct line *line_new(struct link *link, const struct smpp_options *options, unsigned number,
    const struct line_owner *owner)
{
	assert(number < LINE_NUMBERS);
	struct line *line = calloc(1, sizeof *line);
	if (!line)
		abort();
	line->link = link;
	line->options = options;
	line->owner = *owner;
	line->number = number;
	line->host = SIZE_MAX;
	line->window = window_new((unsigned)options->window);
	line->late = late_new(LATE_MAX);
	line->asks = asks_new(link, options);
	TAILQ_INIT(&line->waiting);
	line->timer = event_new(link_base(link), -1, 0, on_timer, line);
	if (!line->timer)
		abort();
	return line;
}

void line_free(struct line *line)
{
	if (!line)
		return;
	for (unsigned i = 0; i < line->nhalves; i++)
		half_free(line->halves[i]);
	half_free(line->spent);
	event_free(line->timer);
	window_free(line->window);
	late_free(line->late);
	asks_free(line->asks);
	free(line);
}

/* What the session asks. */

unsigned line_number(const struct line *line)
{
	return line->number;
}

enum smpp_bind line_bind(const struct line *line)
{
	return line->bind;
}

uint64_t line_bound_at(const struct line *line)
{
	return line->bound_at;
}

size_t line_host(const struct line *line)
{
	return line->phase == ENDED ? line->host : half_host(line->halves[0]);
}

const char *line_secured(const struct line *line)
{
	return half_secured(line->halves[0]);
}

bool line_is_up(const struct line *line)
{
	return line->phase == UP && half_is_bound(line->halves[0]);
}

unsigned line_room(const struct line *line)
{
	return line_is_up(line) && line->bind != SMPP_RECEIVER ? (unsigned)line->options->window : 0;
}

unsigned line_load(const struct line *line)
{
	return window_count(line->window) + line->nwaiting + asks_count(line->asks);
}

bool line_is_closed(const struct line *line)
{
	return line->phase == ENDED;
}
