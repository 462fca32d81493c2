/* SPDX-License-Identifier: Apache-2.0 */
/*
 * smpp.c - a session with a message centre over SMPP 3.3, 3.4 or 5.0.
 *
 * A session has one half, or two when it binds as transmitter and receiver: a
 * half is one TCP connection and its bind. The first half is the one that
 * submits; the second connects once the first is bound; the link is up when
 * all are bound, and down when any is lost.
 *
 *   IDLE --> CONNECTING --> BINDING --> BOUND --> DRAINING --> UNBINDING
 *             |  on_stream   | on_bound   |        | await_      | on_unbound
 *             |              |            |        | answers     v
 *             |              |            +--------+--------> LEAVING
 *             |              |    on_unbind, on_garbled          | on_stream
 *             +--------------+----------- ... ----------------> CLOSED
 *                                 down()
 *
 * enter() makes every transition and starts the phase's deadline. LEAVING lets
 * our last octets out before the connection ends. down() may come in any
 * phase: it closes every half and is the last thing that the link hears.
 *
 * What became of a part is said by the answer to its sequence number, by the
 * deadline of the window, or by down() for those whose first octet never left.
 * All else is left to the link, which knows what in doubt means.
 *
 * A delivery is answered when the link acknowledges it. Its ticket is
 * the answer's address: half, command and sequence number; nothing is kept but
 * how many are owed, and too many of them stop our reading.
 *
 * Left to others: octets (smpp_pdu.c), meaning (smpp_map.c), options
 * (smpp_options.c), connecting (stream.c), reconnecting (link.c).
 */
#include "smpp.h"

#include "../gateway/driver.h"
#include "../gateway/stream.h"
#include "../gateway/window.h"

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
	PACKED_MAX = 1024,              /* of what we send: a submit_sm has 350 at most */
	SEQUENCE_MAX = 0x7FFFFFFF,
	OVERDUE_MAX = 3,                /* in a row: the session is of no use */
	TICKETS_MAX = 1000,             /* owed at a time */
	GRACE_MS = 1000,                /* for answers that waited while we did not read */
	MISTAKES_MAX = 100,             /* of the peer, in MISTAKES_MS */
	MISTAKES_MS = 60 * 1000,
	WHY_MAX = OUTCOME_TEXT_MAX * 2,
};

enum phase { IDLE, CONNECTING, BINDING, BOUND, DRAINING, UNBINDING, LEAVING, CLOSED };
#define IN(phase) (1u << (phase))
enum {
	SERVING = IN(BOUND) | IN(DRAINING) | IN(UNBINDING),
	ANYWHERE = IN(BINDING) | SERVING,
};

enum deaf { DEAF_OWING = 1, DEAF_DRAINING = 2 }; /* why a half does not read */

struct half {
	struct session *session;
	enum phase phase;
	uint32_t bind;                  /* SMPP_BIND_... */
	struct stream *stream;          /* NULL in IDLE, and once down */
	struct event *timer;
	uint64_t rings_at;              /* when the timer does; 0: it does not */
	uint64_t late_at;               /* end of the phase; 0: it has none */
	uint64_t heard_at;              /* the last PDU, or the end of our deafness */
	uint64_t asked_at;              /* an enquire_link without an answer; 0: none */
	unsigned deaf;                  /* enum deaf, a bit each */
	uint32_t sequence;              /* the next of ours */
	uint64_t mistakes_since;
	unsigned mistakes;
};

struct session {
	struct link *link;
	const struct smpp_options *options;
	struct half halves[2];          /* the first submits */
	unsigned nhalves;
	struct window *window;
	unsigned overdue;               /* parts in a row that got no answer */
	uint64_t patient_until;         /* no part is overdue before */
	unsigned owed;                  /* tickets */
	uint64_t started_at, nonce, arrivals; /* together they name an arrival */
	enum down end;                  /* set by leave() */
	char why[WHY_MAX];
	bool told;                      /* link_down() was called: no more calls */
};

static uint64_t now_ms(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

static bool in(const struct half *half, unsigned phases)
{
	return IN(half->phase) & phases;
}

static bool submits(const struct half *half)
{
	return half == &half->session->halves[0];
}

static bool receives(const struct half *half)
{
	return half->bind != SMPP_BIND_TRANSMITTER;
}

/* The end. */

/* Those whose first octet never left this machine are not in doubt. */
static void defer_unsent(struct session *session, const char *why)
{
	const struct stream *stream = session->halves[0].stream;
	if (!stream)
		return;
	struct outcome outcome = { .verdict = VERDICT_DEFERRED, .untried = true };
	snprintf(outcome.text, sizeof outcome.text, "%.*s", OUTCOME_TEXT_MAX - 1, why);
	const uint64_t left = stream_written(stream) - stream_unsent(stream);
	struct part *part;
	while ((part = window_unsent(session->window, left)))
		link_done(session->link, part, &outcome);
}

static void down(struct session *session, enum down end, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static void down(struct session *session, enum down end, const char *format, ...)
{
	char why[WHY_MAX];
	va_list args;
	va_start(args, format);
	vsnprintf(why, sizeof why, format, args);
	va_end(args);
	if (session->told)
		return;
	defer_unsent(session, why);
	for (unsigned i = 0; i < session->nhalves; i++) {
		struct half *half = &session->halves[i];
		half->phase = CLOSED;
		event_del(half->timer);
		stream_free(half->stream);
		half->stream = NULL;
	}
	session->told = true;
	link_down(session->link, end, why);
}

/* PDUs out. */

static void send_pdu(struct half *half, const struct smpp_pdu *pdu)
{
	uint8_t octets[PACKED_MAX];
	const size_t len = smpp_pack(pdu, octets, sizeof octets);
	assert(len > 0);
	stream_write(half->stream, octets, len);
}

static void respond(struct half *half, uint32_t response, uint32_t sequence, uint32_t status)
{
	const struct smpp_pdu pdu = { .command = response, .status = status, .sequence = sequence };
	send_pdu(half, &pdu);
}

static uint32_t next_sequence(struct half *half)
{
	uint32_t sequence;
	do {
		sequence = half->sequence;
		half->sequence = sequence == SEQUENCE_MAX ? 1 : sequence + 1;
	} while (submits(half) && window_has(half->session->window, sequence));
	return sequence;
}

static void request(struct half *half, uint32_t command)
{
	const struct smpp_pdu pdu = { .command = command, .sequence = next_sequence(half) };
	send_pdu(half, &pdu);
}

/* Phases. */

static void connect_half(struct half *);
static void send_bind(struct half *);
static void announce(struct half *);
static void send_unbind(struct half *);
static void finish(struct half *);
static void bind_late(struct half *);
static void drain_late(struct half *);
static void unbind_late(struct half *);

static const struct {
	const char *name;
	size_t limit;                   /* the option that says how long, 0: for ever */
	void (*enter)(struct half *);
	void (*late)(struct half *);
} phases[] = {
	[IDLE]       = { "idle", 0, NULL, NULL },
	[CONNECTING] = { "connecting", 0, connect_half, NULL }, /* the stream has deadlines */
	[BINDING]    = { "binding", offsetof(struct smpp_options, bind_timeout), send_bind, bind_late },
	[BOUND]      = { "bound", 0, announce, NULL },
	[DRAINING]   = { "draining", offsetof(struct smpp_options, response_timeout), NULL, drain_late },
	[UNBINDING]  = { "unbinding", offsetof(struct smpp_options, unbind_timeout), send_unbind,
	    unbind_late },
	[LEAVING]    = { "leaving", 0, finish, NULL },
	[CLOSED]     = { "closed", 0, NULL, NULL },
};

static uint64_t sooner(uint64_t a, uint64_t b)
{
	return a && (!b || a < b) ? a : b;
}

/* When a half has to be looked at next; 0: not before it hears something. */
static uint64_t next_deadline(const struct half *half)
{
	const struct session *session = half->session;
	const struct smpp_options *options = session->options;
	uint64_t at = half->late_at;
	if (!in(half, SERVING) || half->deaf)
		return at;
	if (half->asked_at)
		at = sooner(at, half->asked_at + (uint64_t)options->enquire_timeout);
	else if (options->enquire_link && !in(half, IN(UNBINDING)))
		at = sooner(at, half->heard_at + (uint64_t)options->enquire_link);
	if (submits(half) && window_count(session->window)) {
		uint64_t overdue = window_deadline(session->window);
		at = sooner(at, overdue > session->patient_until ? overdue : session->patient_until);
	}
	return at;
}

/* Makes the timer ring in time. It may ring early, and then looks again: deadlines
 * mostly move away, and a timer that is set is not set anew for each of them. */
static void arm(struct half *half)
{
	const uint64_t at = next_deadline(half);
	if (!at || (half->rings_at && half->rings_at <= at))
		return;
	const uint64_t now = now_ms(), wait = at > now ? at - now : 0;
	const struct timeval after = { .tv_sec = (time_t)(wait / 1000),
		.tv_usec = (suseconds_t)(wait % 1000 * 1000) };
	half->rings_at = at;
	event_add(half->timer, &after);
}

static void enter(struct half *half, enum phase phase)
{
	const struct session *session = half->session;
	link_debug(session->link, "event=phase half=%u from=%s to=%s",
	    (unsigned)(half - session->halves), phases[half->phase].name, phases[phase].name);
	half->phase = phase;
	half->late_at = 0;
	if (phases[phase].limit)
		half->late_at = now_ms() + (uint64_t)*(const long *)
		    ((const char *)session->options + phases[phase].limit);
	arm(half);
	if (phases[phase].enter)
		phases[phase].enter(half);
}

/* Ends a half in order: what is queued leaves first. */
static void leave(struct half *half, enum down end, const char *why)
{
	half->session->end = end;
	snprintf(half->session->why, sizeof half->session->why, "%s", why);
	enter(half, LEAVING);
}

static void finish(struct half *half)
{
	stream_finish(half->stream, half->session->why);
}

/* A half has left. A session that was asked to end waits for the other. */
static void has_left(struct half *half)
{
	struct session *session = half->session;
	enter(half, CLOSED);
	for (unsigned i = 0; i < session->nhalves && session->end == DOWN_DRAINED; i++)
		if (session->halves[i].phase != CLOSED)
			return;
	down(session, session->end, "%s", session->why);
}

/* Not to read, for a reason, and to read again. */

static void stop_hearing(struct half *half, enum deaf reason)
{
	half->deaf |= reason;
	stream_pause(half->stream, reason);
}

static void hear_again(struct half *half, enum deaf reason)
{
	if (!(half->deaf & reason))
		return;
	half->deaf &= ~(unsigned)reason;
	if (half->deaf)
		return;
	/* The silence was ours. */
	half->heard_at = now_ms();
	half->asked_at = 0;
	half->session->patient_until = half->heard_at + GRACE_MS;
	stream_resume(half->stream, DEAF_OWING | DEAF_DRAINING);
	arm(half);
}

/* Binding. */

static void bind_late(struct half *half)
{
	down(half->session, DOWN_LOST, "no answer to the bind within %g s",
	    (double)half->session->options->bind_timeout / 1000);
}

static void send_bind(struct half *half)
{
	const struct smpp_options *options = half->session->options;
	struct smpp_pdu pdu = { .command = half->bind, .sequence = next_sequence(half),
		.interface_version = smpp_version(options),
		.range = { .ton = (uint8_t)options->addr_ton, .npi = (uint8_t)options->addr_npi } };
	const char *password = *options->password_file ? options->password_file : options->password;
	snprintf(pdu.system_id, sizeof pdu.system_id, "%s", options->system_id);
	snprintf(pdu.password, sizeof pdu.password, "%s", password);
	snprintf(pdu.system_type, sizeof pdu.system_type, "%s", options->system_type);
	snprintf(pdu.address_range, sizeof pdu.address_range, "%s", options->address_range);
	send_pdu(half, &pdu);
}

/* The next half's turn, or all are bound. */
static void announce(struct half *half)
{
	struct session *session = half->session;
	for (unsigned i = 0; i < session->nhalves; i++)
		if (session->halves[i].phase == IDLE) {
			enter(&session->halves[i], CONNECTING);
			return;
		}
	link_up(session->link, (unsigned)session->options->window);
}

/* What a person can do about a refused bind; "" when nobody knows. */
static const char *remedy(uint32_t status)
{
	static const struct { uint32_t status; const char *words; } remedies[] = {
		{ SMPP_RINVPASWD, "; check system_id and password of this link" },
		{ SMPP_RINVSYSID, "; check system_id and password of this link" },
		{ SMPP_RBINDFAIL, "; check system_id and password of this link" },
		{ SMPP_RINVSYSTYP, "; check system_type of this link" },
		{ SMPP_RALYBND, "; another session of this account may still be open" },
		{ SMPP_RINVCMDID, "; try bind = transmitter_receiver" },
	};
	for (size_t i = 0; i < sizeof remedies / sizeof remedies[0]; i++)
		if (remedies[i].status == status)
			return remedies[i].words;
	return "";
}

static void bind_refused(struct half *half, uint32_t status)
{
	char text[OUTCOME_TEXT_MAX];
	smpp_status_text(text, sizeof text, status);
	const enum smpp_class class = smpp_status(status)->class;
	const bool passing = class == SMPP_CLASS_TRANSIENT || class == SMPP_CLASS_THROTTLE;
	down(half->session, passing ? DOWN_LOST : DOWN_REFUSED, "bind refused: %s%s", text,
	    remedy(status));
}

static void on_bound(struct half *half, const struct smpp_pdu *pdu)
{
	if (pdu->command != (half->bind | (uint32_t)SMPP_RESPONSE))
		return;
	if (pdu->status != SMPP_ROK) {
		bind_refused(half, pdu->status);
		return;
	}
	enter(half, BOUND);
}

/* Submitting. */

/* When nothing is unanswered on either side, the draining halves log out. What is
 * owed is paid first, and nothing new is read meanwhile, so that the peer does not
 * deliver again what is stored here already. */
static void await_answers(struct session *session)
{
	if (window_count(session->window))
		return;
	for (unsigned i = 0; i < session->nhalves; i++) {
		struct half *half = &session->halves[i];
		if (!in(half, IN(DRAINING)))
			continue;
		if (session->owed)
			stop_hearing(half, DEAF_DRAINING);
		else
			enter(half, UNBINDING);
	}
}

/* The answer to a submit: its own response, or a generic_nack. */
static void on_submitted(struct half *half, const struct smpp_pdu *pdu)
{
	struct session *session = half->session;
	struct part *part = submits(half) ? window_take(session->window, pdu->sequence) : NULL;
	if (!part) {
		link_debug(session->link, "event=ignored what=\"answer to nothing\" sequence=%" PRIu32,
		    pdu->sequence);
		return;
	}
	session->overdue = 0;
	const struct outcome outcome = smpp_outcome(pdu, part->message);
	link_done(session->link, part, &outcome);
	if (smpp_status(pdu->status)->class == SMPP_CLASS_SESSION)
		down(session, DOWN_LOST, "%s", outcome.text);
	else
		await_answers(session);
}

static void take_overdue(struct session *session, uint64_t now)
{
	if (now < session->patient_until || session->halves[0].deaf)
		return;
	struct outcome outcome = { .verdict = VERDICT_DOUBTFUL };
	const double limit = (double)session->options->response_timeout / 1000;
	snprintf(outcome.text, sizeof outcome.text,
	    "no answer from the message centre within %g s", limit);
	struct part *part;
	while ((part = window_overdue(session->window, now))) {
		link_done(session->link, part, &outcome);
		if (++session->overdue == OVERDUE_MAX) {
			down(session, DOWN_LOST, "%d messages in a row got no answer within %g s",
			    OVERDUE_MAX, limit);
			return;
		}
	}
	await_answers(session);
}

static void smpp_submit_part(void *at, struct part *part)
{
	struct session *session = at;
	struct half *half = &session->halves[0];
	assert(!session->told);
	struct outcome outcome = { .verdict = VERDICT_DEFERRED, .untried = true,
		.text = "the session is ending" };
	struct smpp_pdu pdu;
	if (!in(half, IN(BOUND)) || !smpp_submit(session->options, part, &pdu, &outcome)) {
		link_done(session->link, part, &outcome);
		return;
	}
	uint8_t octets[PACKED_MAX];
	pdu.sequence = next_sequence(half);
	const size_t len = smpp_pack(&pdu, octets, sizeof octets);
	if (!len) {
		outcome = (struct outcome){ .verdict = VERDICT_REJECTED,
			.text = "the message does not fit a submit_sm" };
		link_done(session->link, part, &outcome);
		return;
	}
	window_put(session->window, pdu.sequence, part, stream_written(half->stream),
	    now_ms() + (uint64_t)session->options->response_timeout);
	stream_write(half->stream, octets, len);
	arm(half);
}

/* Deliveries. */

enum { TICKET_HALF = 32, TICKET_DATA = 33 }; /* bits above the sequence number */

static uint64_t ticket_of(const struct half *half, const struct smpp_pdu *pdu)
{
	return pdu->sequence | (uint64_t)(half - half->session->halves) << TICKET_HALF |
	    (uint64_t)(pdu->command == SMPP_DATA_SM) << TICKET_DATA;
}

static void owe(struct half *half)
{
	if (++half->session->owed >= TICKETS_MAX)
		stop_hearing(half, DEAF_OWING);
}

static void on_receipt(struct half *half, const struct smpp_pdu *pdu,
    const struct smpp_receipt *from)
{
	struct session *session = half->session;
	struct receipt receipt;
	if (!smpp_read_receipt(session->options, pdu, from, &receipt)) {
		/* Refused, it would only come again. */
		link_warn(session->link, "event=receipt_dropped reason=\"names no message or no state\"");
		respond(half, pdu->command | (uint32_t)SMPP_RESPONSE, pdu->sequence, SMPP_ROK);
		return;
	}
	snprintf(receipt.link, sizeof receipt.link, "%s", link_name(session->link));
	owe(half);
	link_receipt(session->link, &receipt, ticket_of(half, pdu));
}

static void on_deliver(struct half *half, const struct smpp_pdu *pdu)
{
	struct session *session = half->session;
	if (!receives(half)) {
		respond(half, pdu->command | (uint32_t)SMPP_RESPONSE, pdu->sequence, SMPP_RINVBNDSTS);
		return;
	}
	if (pdu->tail_dropped)
		link_warn(session->link, "event=tail_dropped sequence=%" PRIu32, pdu->sequence);
	struct smpp_receipt receipt;
	if (smpp_receipt(pdu, &receipt)) {
		on_receipt(half, pdu, &receipt);
		return;
	}
	struct inbound inbound;
	char *text = smpp_read_inbound(pdu, &inbound);
	snprintf(inbound.link, sizeof inbound.link, "%s", link_name(session->link));
	snprintf(inbound.arrival, sizeof inbound.arrival, "%" PRIx64 "-%016" PRIx64 "-%" PRIx64,
	    session->started_at, session->nonce, ++session->arrivals);
	owe(half);
	link_inbound(session->link, &inbound, ticket_of(half, pdu));
	free(text);
}

static void smpp_ack(void *at, uint64_t ticket, enum ack ack)
{
	struct session *session = at;
	if (session->told)
		return;
	assert(session->owed > 0);
	session->owed--;
	struct half *half = &session->halves[ticket >> TICKET_HALF & 1];
	const uint32_t response = (uint32_t)(ticket >> TICKET_DATA & 1 ? SMPP_DATA_SM_RESP
	    : SMPP_DELIVER_SM_RESP);
	const uint32_t status = ack == ACK_KEPT ? SMPP_ROK
	    : (uint32_t)session->options->deliver_defer_status;
	if (in(half, SERVING))
		respond(half, response, (uint32_t)ticket, status);
	for (unsigned i = 0; i < session->nhalves; i++)
		if (session->halves[i].stream)
			hear_again(&session->halves[i], DEAF_OWING);
	await_answers(session);
}

/* Keeping alive. */

static void on_enquire(struct half *half, const struct smpp_pdu *pdu)
{
	respond(half, (uint32_t)SMPP_ENQUIRE_LINK_RESP, pdu->sequence, SMPP_ROK);
}

/* That it came is all that it says, and on_frame() has noted that. */
static void on_alive(struct half *half, const struct smpp_pdu *pdu)
{
	(void)half;
	(void)pdu;
}

static void keep_alive(struct half *half, uint64_t now)
{
	const struct smpp_options *options = half->session->options;
	if (!in(half, SERVING) || half->deaf || !options->enquire_link)
		return;
	if (half->asked_at) {
		if (now >= half->asked_at + (uint64_t)options->enquire_timeout)
			down(half->session, DOWN_LOST, "no answer to enquire_link within %g s",
			    (double)options->enquire_timeout / 1000);
	} else if (!in(half, IN(UNBINDING)) &&
	    now >= half->heard_at + (uint64_t)options->enquire_link) {
		half->asked_at = now;
		request(half, (uint32_t)SMPP_ENQUIRE_LINK);
	}
}

/* Unbinding. */

static void drain_late(struct half *half)
{
	struct session *session = half->session;
	for (unsigned i = 0; i < session->nhalves; i++)
		if (in(&session->halves[i], IN(DRAINING)))
			enter(&session->halves[i], UNBINDING);
}

static void send_unbind(struct half *half)
{
	hear_again(half, DEAF_DRAINING);
	request(half, (uint32_t)SMPP_UNBIND);
}

static void unbind_late(struct half *half)
{
	leave(half, DOWN_DRAINED, "drained; the unbind was not answered");
}

static void on_unbound(struct half *half, const struct smpp_pdu *pdu)
{
	(void)pdu;
	leave(half, DOWN_DRAINED, "drained");
}

static void on_unbind(struct half *half, const struct smpp_pdu *pdu)
{
	respond(half, (uint32_t)SMPP_UNBIND_RESP, pdu->sequence, SMPP_ROK);
	if (in(half, IN(DRAINING) | IN(UNBINDING)))
		leave(half, DOWN_DRAINED, "drained");
	else
		leave(half, DOWN_LOST, "the message centre ended the session (unbind)");
}

static void smpp_drain(void *at)
{
	struct session *session = at;
	bool bound = true, leaving = session->told;
	for (unsigned i = 0; i < session->nhalves; i++) {
		bound = bound && in(&session->halves[i], IN(BOUND));
		leaving = leaving || in(&session->halves[i], IN(LEAVING));
	}
	if (leaving)
		return; /* it ends, and says so */
	if (!bound) {
		down(session, DOWN_DRAINED, "stopped before it was bound");
		return;
	}
	for (unsigned i = 0; i < session->nhalves; i++)
		enter(&session->halves[i], DRAINING);
	await_answers(session);
}

/* PDUs in. */

static void on_nack(struct half *half, const struct smpp_pdu *pdu)
{
	if (in(half, IN(BINDING)))
		bind_refused(half, pdu->status);
	else if (submits(half) && window_has(half->session->window, pdu->sequence))
		on_submitted(half, pdu);
	else if (in(half, IN(UNBINDING)))
		on_unbound(half, pdu);
	else
		link_warn(half->session->link, "event=generic_nack status=0x%02" PRIx32
		    " sequence=%" PRIu32, pdu->status, pdu->sequence);
}

/* What arrives, in which phases it is in order, and who sees to it. A request out
 * of order is answered with RINVBNDSTS, a response is dropped. */
static const struct reaction {
	uint32_t command;
	unsigned allowed;
	void (*act)(struct half *, const struct smpp_pdu *); /* NULL: nothing to do, no answer */
} reactions[] = {
	{ (uint32_t)SMPP_SUBMIT_SM_RESP,        SERVING,       on_submitted },
	{ (uint32_t)SMPP_DELIVER_SM,            SERVING,       on_deliver },
	{ (uint32_t)SMPP_DATA_SM,               SERVING,       on_deliver },
	{ (uint32_t)SMPP_ENQUIRE_LINK,          ANYWHERE,      on_enquire },
	{ (uint32_t)SMPP_ENQUIRE_LINK_RESP,     ANYWHERE,      on_alive },
	{ (uint32_t)SMPP_GENERIC_NACK,          ANYWHERE,      on_nack },
	{ (uint32_t)SMPP_UNBIND,                ANYWHERE,      on_unbind },
	{ (uint32_t)SMPP_UNBIND_RESP,           IN(UNBINDING), on_unbound },
	{ (uint32_t)SMPP_BIND_TRANSCEIVER_RESP, IN(BINDING),   on_bound },
	{ (uint32_t)SMPP_BIND_TRANSMITTER_RESP, IN(BINDING),   on_bound },
	{ (uint32_t)SMPP_BIND_RECEIVER_RESP,    IN(BINDING),   on_bound },
	{ (uint32_t)SMPP_ALERT_NOTIFICATION,    ANYWHERE,      NULL },
	{ (uint32_t)SMPP_OUTBIND,               ANYWHERE,      NULL },
	{ (uint32_t)SMPP_SUBMIT_SM,             0,             on_alive },
	{ (uint32_t)SMPP_BIND_TRANSCEIVER,      0,             on_alive },
	{ (uint32_t)SMPP_BIND_TRANSMITTER,      0,             on_alive },
	{ (uint32_t)SMPP_BIND_RECEIVER,         0,             on_alive },
};

static const struct reaction *reaction_to(uint32_t command)
{
	for (size_t i = 0; i < sizeof reactions / sizeof reactions[0]; i++)
		if (reactions[i].command == command)
			return &reactions[i];
	return NULL;
}

/* Answers what cannot be done, so that the peer's window drains; but not for ever. */
static void object(struct half *half, uint32_t response, uint32_t sequence, uint32_t status)
{
	const uint64_t now = now_ms();
	if (now - half->mistakes_since >= MISTAKES_MS) {
		half->mistakes_since = now;
		half->mistakes = 0;
	}
	link_debug(half->session->link, "event=objection status=0x%02" PRIx32 " sequence=%" PRIu32,
	    status, sequence);
	respond(half, response, sequence, status);
	if (++half->mistakes > MISTAKES_MAX)
		leave(half, DOWN_LOST, "the message centre sent too much that is not in order");
}

static void on_frame(void *ctx, const uint8_t *at, size_t len)
{
	struct half *half = ctx;
	struct smpp_pdu pdu;
	const uint32_t wrong = smpp_unpack(at, len, &pdu);
	const struct reaction *reaction = reaction_to(pdu.command);
	half->heard_at = now_ms();
	half->asked_at = 0;
	const bool allowed = reaction && in(half, reaction->allowed);
	const uint32_t response = pdu.command | (uint32_t)SMPP_RESPONSE;
	if (response == pdu.command) {
		if (allowed)
			reaction->act(half, &pdu); /* a broken one still has its status */
		else
			link_debug(half->session->link, "event=ignored command=0x%08" PRIx32
			    " sequence=%" PRIu32, pdu.command, pdu.sequence);
	} else if (!reaction) {
		object(half, (uint32_t)SMPP_GENERIC_NACK, pdu.sequence, SMPP_RINVCMDID);
	} else if (!reaction->act) {
		link_debug(half->session->link, "event=ignored command=%s",
		    smpp_command_name(pdu.command));
	} else if (!allowed) {
		object(half, response, pdu.sequence, SMPP_RINVBNDSTS);
	} else if (wrong != SMPP_ROK) {
		object(half, response, pdu.sequence, wrong);
	} else {
		reaction->act(half, &pdu);
	}
	if (!half->session->told)
		arm(half);
}

/* command_length is none: where the next PDU begins is lost. */
static void on_garbled(void *ctx, const uint8_t *at, size_t len)
{
	struct half *half = ctx;
	if (len >= 2 && (at[0] == 0x15 || at[0] == 0x16) && at[1] == 0x03) {
		leave(half, DOWN_LOST, "the peer speaks TLS, not plain SMPP: check the port");
		return;
	}
	if (len >= 4 && memcmp(at, "HTTP", 4) == 0) {
		leave(half, DOWN_LOST, "the peer speaks HTTP, not SMPP: check host and port");
		return;
	}
	uint32_t length = 0, command, status, sequence = 0;
	for (size_t i = 0; i < 4 && i < len; i++)
		length = length << 8 | at[i];
	if (length >= SMPP_HEADER && len >= SMPP_HEADER)
		smpp_header(at, &command, &status, &sequence);
	respond(half, (uint32_t)SMPP_GENERIC_NACK, sequence, SMPP_RINVCMDLEN);
	char why[WHY_MAX];
	snprintf(why, sizeof why, "the peer sent a PDU of impossible length (%" PRIu32 " octets)",
	    length);
	leave(half, DOWN_LOST, why);
}

static void on_stream(void *ctx, enum stream_event event, const char *why)
{
	struct half *half = ctx;
	struct session *session = half->session;
	if (event == STREAM_CONNECTED) {
		link_info(session->link, "event=connected host=%s", why);
		enter(half, BINDING);
	} else if (in(half, IN(LEAVING))) {
		has_left(half);
	} else if (in(half, IN(UNBINDING))) {
		session->end = DOWN_DRAINED;
		snprintf(session->why, sizeof session->why, "drained");
		has_left(half);
	} else if (in(half, IN(CONNECTING))) {
		down(session, DOWN_LOST, "cannot connect: %s", why);
	} else {
		down(session, DOWN_LOST, "%s", why);
	}
}

static void on_timer(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	struct half *half = arg;
	struct session *session = half->session;
	const uint64_t now = now_ms();
	half->rings_at = 0;
	if (half->late_at && now >= half->late_at)
		phases[half->phase].late(half);
	if (!session->told && submits(half) && in(half, SERVING))
		take_overdue(session, now);
	if (!session->told)
		keep_alive(half, now);
	if (!session->told)
		arm(half);
}

/* From open to close. */

static void connect_half(struct half *half)
{
	const struct smpp_options *options = half->session->options;
	const struct stream_options how = {
		.hosts = (const char *const *)options->host.items, .nhosts = options->host.n,
		.port = (unsigned)options->port, .connect_ms = (unsigned)options->connect_timeout,
		.partial_ms = (unsigned)options->pdu_timeout,
		.stall_ms = (unsigned)options->write_timeout,
	};
	const struct stream_handler handler = { .ctx = half, .measure = smpp_measure,
		.frame = on_frame, .garbled = on_garbled, .event = on_stream };
	half->stream = stream_connect(link_base(half->session->link), &how, &handler);
}

static void *smpp_open(struct link *link, const void *at)
{
	static const struct { unsigned n; uint32_t commands[2]; } binds[] = {
		[SMPP_TRANSCEIVER] = { 1, { SMPP_BIND_TRANSCEIVER } },
		[SMPP_TRANSMITTER_RECEIVER] = { 2, { SMPP_BIND_TRANSMITTER, SMPP_BIND_RECEIVER } },
		[SMPP_TRANSMITTER] = { 1, { SMPP_BIND_TRANSMITTER } },
	};
	const struct smpp_options *options = at;
	struct session *session = calloc(1, sizeof *session);
	if (!session)
		abort();
	session->link = link;
	session->options = options;
	session->window = window_new((unsigned)options->window);
	session->started_at = (uint64_t)time(NULL);
	if (getrandom(&session->nonce, sizeof session->nonce, 0) != (ssize_t)sizeof session->nonce)
		abort();
	session->nhalves = binds[options->bind].n;
	for (unsigned i = 0; i < session->nhalves; i++) {
		struct half *half = &session->halves[i];
		half->session = session;
		half->bind = binds[options->bind].commands[i];
		half->sequence = 1;
		half->timer = event_new(link_base(link), -1, 0, on_timer, half);
		if (!half->timer)
			abort();
	}
	enter(&session->halves[0], CONNECTING);
	return session;
}

static void smpp_close(void *at)
{
	struct session *session = at;
	for (unsigned i = 0; i < session->nhalves; i++) {
		stream_free(session->halves[i].stream);
		event_free(session->halves[i].timer);
	}
	window_free(session->window);
	free(session);
}

const struct driver smpp_driver = {
	.name = "smpp",
	.keys = smpp_keys,
	.options = sizeof(struct smpp_options),
	.check = smpp_check,
	.open = smpp_open,
	.submit = smpp_submit_part,
	.ack = smpp_ack,
	.drain = smpp_drain,
	.close = smpp_close,
};
