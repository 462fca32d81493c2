/* SPDX-License-Identifier: Apache-2.0 */
/*
 * smpp.c - a session with a message centre over SMPP 3.3, 3.4 or 5.0.
 *
 *   OPENING ---------> UP ---------> DRAINING ---------> ENDED
 *      |   on_bound    |  smpp_drain  |  all halves have  ^
 *      |               |              |  unbound          |
 *      +---------------+--------------+---- down() -------+
 *
 * A session has one half (a connection and its bind, smpp_half.c), or two when
 * it binds as transmitter and receiver. The first submits; the second connects
 * once the first is bound; the link is up when all are bound, and down when any
 * is lost. down() is the last thing that the link hears.
 *
 * What became of a part is said by the answer to its sequence number, by the
 * window's deadline, or by down() for those whose first octet never left. All
 * others are left to the link, which knows what to do with doubt.
 *
 * A delivery is answered when the link acknowledges it. Its ticket is the
 * answer's address: half, command and sequence number. Nothing is kept but how
 * many are owed, and too many of them stop our reading.
 *
 * Left to others: octets (smpp_pdu.c), meaning (smpp_map.c), options
 * (smpp_options.c), reconnecting (link.c).
 */
#include "smpp.h"

#include "../gateway/asked.h"
#include "../gateway/driver.h"
#include "../gateway/late.h"
#include "../gateway/window.h"
#include "smpp_half.h"

#include "../gateway/clock.h"

#include <event2/event.h>

#include <assert.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

enum {
	PACKED_MAX = 1024,              /* of a submit_sm without TLVs, which has 460 at most */
	OVERDUE_MAX = 3,                /* in a row: the session is of no use */
	LATE_MAX = 64,                  /* parts that an answer may still come for */
	LATE_MS = 600 * 1000,
	EASE_EVERY_MS = 1000,           /* however often the centre says that it is full */
	NEARLY_FULL = 90, FULL = 100,   /* congestion_state (SMPP 5.0, 4.8.4.18) */
	OWED_MAX = 1000,                /* tickets at a time */
	GRACE_MS = 1000,                /* for answers that waited while we did not read */
};

enum phase { OPENING, UP, DRAINING, ENDED };
enum pause { PAUSE_OWING = 1, PAUSE_DRAINING = 2 };

struct session {
	struct link *link;
	const struct smpp_options *options;
	enum phase phase;
	struct half *halves[2];         /* the first submits */
	struct half *spent;             /* a transceiver that was refused; NULL: none */
	unsigned nhalves;
	struct window *window;
	struct late *late;              /* parts that were given up */
	uint64_t eased_at;              /* loop ms */
	unsigned overdue;               /* parts in a row that got no answer */
	uint64_t patient_until;         /* no part is overdue before */
	uint64_t drain_until;           /* while DRAINING: then it unbinds, answered or not */
	struct event *timer;
	uint64_t rings_at;              /* when the timer does; 0: it does not */
	unsigned owed;                  /* tickets */
	uint64_t started_at, nonce, arrivals; /* together they name an arrival */
};

static void enter(struct session *session, enum phase phase)
{
	static const char *const names[] = { [OPENING] = "opening", [UP] = "up",
		[DRAINING] = "draining", [ENDED] = "ended" };
	link_debug(session->link, "event=phase from=%s to=%s", names[session->phase], names[phase]);
	session->phase = phase;
}

/* Those whose first octet never left this machine are not in doubt. */
static void defer_unsent(struct session *session, const char *why)
{
	struct outcome outcome = { .verdict = VERDICT_DEFERRED, .untried = true };
	snprintf(outcome.text, sizeof outcome.text, "not sent: %.*s", OUTCOME_TEXT_MAX - 12, why);
	const uint64_t left = half_left(session->halves[0]);
	struct part *part;
	while ((part = window_unsent(session->window, left)))
		link_done(session->link, part, &outcome);
}

static void down(struct session *session, enum down how, const char *why)
{
	if (session->phase == ENDED)
		return;
	defer_unsent(session, why);
	for (unsigned i = 0; i < session->nhalves; i++)
		half_close(session->halves[i]);
	event_del(session->timer);
	enter(session, ENDED);
	link_down(session->link, how, why);
}

/* Makes the timer ring in time. It may ring early, and then looks again: answers move
 * the deadline away, and the timer is not set anew for each of them. */
static void arm(struct session *session)
{
	uint64_t at = 0;
	if (window_count(session->window) && !half_is_paused(session->halves[0])) {
		at = window_deadline(session->window);
		if (at < session->patient_until)
			at = session->patient_until;
	}
	if (session->drain_until && (!at || session->drain_until < at))
		at = session->drain_until;
	if (!at || (session->rings_at && session->rings_at <= at))
		return;
	const uint64_t now = clock_ms();
	session->rings_at = at;
	clock_ring(session->timer, at > now ? at - now : 0);
}

/* The silence was ours: what came meanwhile is still to be read. */
static void resume(struct session *session, enum pause reason)
{
	for (unsigned i = 0; i < session->nhalves; i++)
		if (half_resume(session->halves[i], reason) && i == 0) {
			session->patient_until = clock_ms() + GRACE_MS;
			arm(session);
		}
}

/* Draining. */

static void unbind(struct session *session)
{
	session->drain_until = 0;
	resume(session, PAUSE_DRAINING);
	for (unsigned i = 0; i < session->nhalves; i++)
		if (half_is_bound(session->halves[i]))
			half_unbind(session->halves[i]);
}

/* When nothing is unanswered on either side, a draining session logs out. What is
 * owed is paid first, and nothing new is read meanwhile, so that the peer does not
 * deliver again what is stored here already. */
static void await_answers(struct session *session)
{
	if (!session->drain_until || window_count(session->window))
		return;
	if (!session->owed) {
		unbind(session);
		return;
	}
	for (unsigned i = 0; i < session->nhalves; i++)
		half_pause(session->halves[i], PAUSE_DRAINING);
}

static void smpp_drain(void *at)
{
	struct session *session = at;
	if (session->phase == OPENING)
		down(session, DOWN_DRAINED, "stopped before it was bound");
	if (session->phase != UP)
		return;
	enter(session, DRAINING);
	session->drain_until = clock_ms() + (uint64_t)session->options->response_timeout;
	arm(session);
	await_answers(session);
}

/* Submitting. */

static void send_part(void *at, struct part *part)
{
	struct session *session = at;
	struct half *half = session->halves[0];
	assert(session->phase != ENDED);
	struct outcome outcome = { .verdict = VERDICT_DEFERRED, .untried = true,
		.text = "the session is ending" };
	struct smpp_pdu pdu;
	if (session->phase != UP || !half_is_bound(half) ||
	    !smpp_submit(session->options, part, &pdu, &outcome) ||
	    !smpp_suits(half_version(half), &pdu, &outcome)) {
		link_done(session->link, part, &outcome);
		return;
	}
	/* With TLVs it may be of any length, which is rare: no buffer is kept for it. */
	uint8_t usual[PACKED_MAX];
	size_t room = sizeof usual;
	for (unsigned i = 0; i < pdu.ntlvs; i++)
		room += 4u + pdu.tlvs[i].len;
	uint8_t *const octets = pdu.ntlvs ? malloc(room) : usual;
	if (!octets)
		abort();
	pdu.sequence = half_sequence(half);
	const size_t len = smpp_pack(&pdu, octets, room);
	if (len) {
		window_put(session->window, pdu.sequence, part, half_written(half),
		    clock_ms() + (uint64_t)session->options->response_timeout);
		half_write(half, octets, len);
		arm(session);
	} else {
		outcome = (struct outcome){ .verdict = VERDICT_REJECTED,
			.text = "the message does not fit a submit_sm" };
		link_done(session->link, part, &outcome);
	}
	if (octets != usual)
		free(octets);
}

static void heed_congestion(struct session *session, const struct smpp_pdu *pdu)
{
	const uint32_t state = smpp_tlv_number(pdu, SMPP_TAG_CONGESTION_STATE, 0);
	const uint64_t now = clock_ms();
	if (state < NEARLY_FULL || (session->eased_at && now - session->eased_at < EASE_EVERY_MS))
		return;
	session->eased_at = now;
	link_ease(session->link, state >= FULL ? 50 : 90);
}

static void on_answered(void *at, struct half *half, const struct smpp_pdu *pdu)
{
	(void)half;
	struct session *session = at;
	struct part *part = window_take(session->window, pdu->sequence);
	session->overdue = 0;
	const struct outcome outcome = smpp_outcome(session->options, pdu, part->message);
	link_done(session->link, part, &outcome);
	if (pdu->ntlvs)
		heed_congestion(session, pdu);
	if (smpp_rebinds(session->options, pdu))
		down(session, DOWN_LOST, outcome.text);
	else
		await_answers(session);
}

static void on_late(void *at, struct half *half, const struct smpp_pdu *pdu)
{
	(void)half;
	struct session *session = at;
	struct answer answer;
	if (!late_take(session->late, pdu->sequence, clock_ms(), &answer)) {
		link_debug(session->link, "event=ignored reason=\"answers nothing\" sequence=%" PRIu32,
		    pdu->sequence);
		return;
	}
	const struct message message = { .attempts = answer.attempt };
	answer.outcome = smpp_outcome(session->options, pdu, &message);
	session->overdue = 0;
	link_info(session->link, "event=late_answer row=%" PRId64 " part=%u parts=%u status=0x%02" PRIx32,
	    answer.row, answer.part, answer.parts, pdu->status);
	link_late(session->link, &answer);
}

static void take_overdue(struct session *session, uint64_t now)
{
	if (now < session->patient_until || half_is_paused(session->halves[0]))
		return;
	const double limit = (double)session->options->response_timeout / 1000;
	struct outcome outcome = { .verdict = VERDICT_DOUBTFUL };
	snprintf(outcome.text, sizeof outcome.text,
	    "no answer from the message centre within %g s", limit);
	struct part *part;
	uint32_t sequence;
	while ((part = window_overdue(session->window, now, &sequence))) {
		late_put(session->late, sequence, part, now + LATE_MS);
		link_done(session->link, part, &outcome);
		if (++session->overdue < OVERDUE_MAX)
			continue;
		snprintf(outcome.text, sizeof outcome.text,
		    "%d messages in a row got no answer within %g s", OVERDUE_MAX, limit);
		down(session, DOWN_LOST, outcome.text);
		return;
	}
	await_answers(session);
}

static void on_timer(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	struct session *session = arg;
	const uint64_t now = clock_ms();
	session->rings_at = 0;
	take_overdue(session, now);
	if (session->phase == ENDED)
		return;
	if (session->drain_until && now >= session->drain_until)
		unbind(session);
	arm(session);
}

/* Deliveries. */

enum { TICKET_HALF = 32, TICKET_DATA = 33 }; /* bits above the sequence number */

static uint64_t ticket_of(const struct session *session, const struct half *half,
    const struct smpp_pdu *pdu)
{
	return pdu->sequence | (uint64_t)(half != session->halves[0]) << TICKET_HALF |
	    (uint64_t)(pdu->command == SMPP_DATA_SM) << TICKET_DATA;
}

static void owe(struct session *session, struct half *half)
{
	if (++session->owed >= OWED_MAX)
		half_pause(half, PAUSE_OWING);
}

static void receive_receipt(struct session *session, struct half *half,
    const struct smpp_pdu *pdu, const struct smpp_receipt *from)
{
	struct receipt receipt;
	smpp_read_receipt(session->options, pdu, from, &receipt);
	snprintf(receipt.link, sizeof receipt.link, "%s", link_name(session->link));
	owe(session, half);
	link_receipt(session->link, &receipt, ticket_of(session, half, pdu));
}

static void on_delivered(void *at, struct half *half, const struct smpp_pdu *pdu)
{
	struct session *session = at;
	struct smpp_receipt receipt;
	if (smpp_receipt(pdu, &receipt) ||
	    (session->options->sniff_receipts && smpp_receipt_sniffed(pdu, &receipt))) {
		receive_receipt(session, half, pdu, &receipt);
		return;
	}
	struct inbound inbound;
	char *told = smpp_read_inbound(session->options, pdu, &inbound);
	snprintf(inbound.link, sizeof inbound.link, "%s", link_name(session->link));
	snprintf(inbound.arrival, sizeof inbound.arrival, "%" PRIx64 "-%016" PRIx64 "-%" PRIx64,
	    session->started_at, session->nonce, ++session->arrivals);
	owe(session, half);
	link_inbound(session->link, &inbound, ticket_of(session, half, pdu));
	free(told);
}

static void smpp_ack(void *at, uint64_t ticket, enum ack ack)
{
	struct session *session = at;
	if (session->phase == ENDED)
		return; /* forgotten: the peer repeats it */
	assert(session->owed > 0);
	session->owed--;
	const uint32_t response = (uint32_t)(ticket >> TICKET_DATA & 1 ? SMPP_DATA_SM_RESP
	    : SMPP_DELIVER_SM_RESP);
	const uint32_t status = ack == ACK_KEPT ? SMPP_ROK
	    : (uint32_t)session->options->deliver_defer_status;
	half_respond(session->halves[ticket >> TICKET_HALF & 1], response, (uint32_t)ticket, status);
	resume(session, PAUSE_OWING);
	await_answers(session);
}

/* From open to close. */

/* The next half's turn, or all are bound. */
static void on_bound(void *at, struct half *half)
{
	(void)half;
	struct session *session = at;
	for (unsigned i = 0; i < session->nhalves; i++)
		if (half_is_idle(session->halves[i])) {
			half_connect(session->halves[i]);
			return;
		}
	enter(session, UP);
	link_up(session->link, (unsigned)session->options->window);
}

static void on_ended(void *at, struct half *half, enum down how, const char *why)
{
	(void)half;
	struct session *session = at;
	for (unsigned i = 0; i < session->nhalves && how == DOWN_DRAINED; i++)
		if (!half_is_closed(session->halves[i]))
			return; /* it is unbinding too */
	down(session, how, why);
}

static bool on_refused(void *at, struct half *, uint32_t status);

/* Makes the halves of a way to bind, and begins with the first. */
static void bind_as(struct session *session, enum smpp_bind bind)
{
	static const struct { unsigned n; uint32_t commands[2]; } binds[] = {
		[SMPP_TRANSCEIVER] = { 1, { SMPP_BIND_TRANSCEIVER } },
		[SMPP_TRANSMITTER_RECEIVER] = { 2, { SMPP_BIND_TRANSMITTER, SMPP_BIND_RECEIVER } },
		[SMPP_TRANSMITTER] = { 1, { SMPP_BIND_TRANSMITTER } },
	};
	const struct half_owner owner = { .session = session, .refused = on_refused, .bound = on_bound,
		.answered = on_answered, .late = on_late, .delivered = on_delivered, .ended = on_ended };
	session->nhalves = binds[bind].n;
	for (unsigned i = 0; i < session->nhalves; i++)
		session->halves[i] = half_new(session->link, session->options, binds[bind].commands[i],
		    i == 0 ? session->window : NULL, &owner);
	half_connect(session->halves[0]);
}

/* A centre that does not know the transceiver gets a pair. */
static bool on_refused(void *at, struct half *half, uint32_t status)
{
	struct session *session = at;
	if (session->options->bind != SMPP_BIND_AUTO || session->nhalves != 1 || session->spent ||
	    status != SMPP_RINVCMDID)
		return false;
	link_info(session->link, "event=fallback bind=transmitter_receiver "
	    "reason=\"the message centre does not know bind_transceiver\"");
	half_close(half);
	session->spent = half;          /* it is on its way out, and calls us */
	bind_as(session, SMPP_TRANSMITTER_RECEIVER);
	return true;
}

static void *smpp_open(struct link *link, const void *at)
{
	const struct smpp_options *options = at;
	struct session *session = calloc(1, sizeof *session);
	if (!session)
		abort();
	session->link = link;
	session->options = options;
	session->window = window_new((unsigned)options->window);
	session->late = late_new(LATE_MAX);
	session->started_at = (uint64_t)time(NULL);
	if (getrandom(&session->nonce, sizeof session->nonce, 0) != (ssize_t)sizeof session->nonce)
		abort();
	session->timer = event_new(link_base(link), -1, 0, on_timer, session);
	if (!session->timer)
		abort();
	const bool old = smpp_version(options) < 0x34; /* 3.3 has no transceiver */
	bind_as(session, options->bind != SMPP_BIND_AUTO ? (enum smpp_bind)options->bind
	    : old ? SMPP_TRANSMITTER_RECEIVER : SMPP_TRANSCEIVER);
	return session;
}

static void smpp_close(void *at)
{
	struct session *session = at;
	for (unsigned i = 0; i < session->nhalves; i++)
		half_free(session->halves[i]);
	half_free(session->spent);
	event_free(session->timer);
	window_free(session->window);
	late_free(session->late);
	free(session);
}

const struct driver smpp_driver = {
	.name = "smpp",
	.keys = smpp_keys,
	.options = sizeof(struct smpp_options),
	.check = smpp_check,
	.open = smpp_open,
	.concats = 1 << CONCAT_UDH8 | 1 << CONCAT_UDH16 | 1 << CONCAT_SAR | 1 << CONCAT_PAYLOAD,
	.submit = send_part,
	.ack = smpp_ack,
	.drain = smpp_drain,
	.close = smpp_close,
};
