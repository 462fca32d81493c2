/* SPDX-License-Identifier: Apache-2.0 */
/*
 * smpp_half.c - connecting, binding, keeping alive, unbinding, and bad input.
 *
 *   IDLE --> CONNECTING --> BINDING --> BOUND --> UNBINDING --> LEAVING --> CLOSED
 *    | half_    on_stream   ^  on_bound  | half_     | on_unbound   | on_stream  ^
 *    | connect              |            | unbind    | unbind_late  |            |
 *    +----- half_adopt -----+            +--- on_unbind, on_garbled +            |
 *        from any: the stream is lost, a deadline passes, half_close() ----------+
 *
 * enter() makes every transition but those of end(), and starts the phase's
 * deadline. LEAVING lets our last octets out before the connection ends.
 *
 * Each PDU that may arrive is a row of reactions[]: in which phases it is in
 * order, and who sees to it. What is out of order, unknown or broken is answered
 * so that the peer's own window drains (SMPP 3.4, 2.2 and 5.1.3), and counted;
 * responses are never answered. Only when the border between PDUs is lost is
 * there nothing to go on with.
 *
 * Any PDU is a sign of life; enquire_link asks for one after silence.
 */
#include "smpp_half.h"

#include "../gateway/clock.h"
#include "../gateway/stream.h"
#include "../gateway/tls.h"

#include <event2/event.h>

#include <assert.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum {
	PACKED_MAX = 256,               /* of what is packed here: a bind has 160 at most */
	SEQUENCE_MAX = 0x7FFFFFFF,
	MISTAKES_MAX = 100,             /* requests out of order or unknown, in MISTAKES_MS */
	BROKEN_MAX = 50,                /* that are malformed */
	MISTAKES_MS = 60 * 1000,
	WHY_MAX = 320,
};

enum phase { IDLE, CONNECTING, BINDING, BOUND, UNBINDING, LEAVING, CLOSED };
#define IN(phase) (1u << (phase))
enum {
	SERVING = IN(BOUND) | IN(UNBINDING),
	ANYWHERE = IN(BINDING) | SERVING,
};

struct half {
	struct link *link;
	const struct smpp_options *options;
	struct half_owner owner;
	const struct window *window;    /* NULL when it does not submit */
	uint32_t bind;
	uint8_t version;                /* of the session, once bound */
	enum phase phase;
	struct stream *stream;          /* NULL in IDLE */
	struct tls *tls;                /* NULL without */
	size_t first, nhosts;           /* of the list, that it connects to */
	char secured[WHY_MAX];          /* what TLS says of the connection */
	struct event *timer;
	uint64_t rings_at;              /* when the timer does; 0: it does not */
	uint64_t late_at;               /* end of the phase; 0: it has none */
	uint64_t heard_at;              /* the last PDU, or the end of a pause */
	uint64_t asked_at;              /* an enquire_link without an answer; 0: none */
	unsigned paused;                /* reasons, a bit each */
	uint32_t sequence;              /* the next of ours */
	uint64_t mistakes_since;
	unsigned mistakes, broken;      /* all of them; those that are malformed */
	enum down end;                  /* once LEAVING */
	char why[WHY_MAX];
};

static bool in(const struct half *half, unsigned phases)
{
	return IN(half->phase) & phases;
}

static const char *name_of(const struct half *half)
{
	return smpp_command_name(half->bind);
}

/* The connection is over: the line hears of it, last of all. */
static void end(struct half *half, enum down how, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static void end(struct half *half, enum down how, const char *format, ...)
{
	char why[WHY_MAX];
	va_list args;
	va_start(args, format);
	vsnprintf(why, sizeof why, format, args);
	va_end(args);
	half->phase = CLOSED;
	event_del(half->timer);
	half->owner.ended(half->owner.line, half, how, why);
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

void half_respond(struct half *half, uint32_t response, uint32_t sequence, uint32_t status)
{
	if (in(half, SERVING))
		respond(half, response, sequence, status);
}

void half_write(struct half *half, const void *octets, size_t len)
{
	if (in(half, SERVING))
		stream_write(half->stream, octets, len);
}

uint32_t half_sequence(struct half *half)
{
	uint32_t sequence;
	do {
		sequence = half->sequence;
		half->sequence = sequence == SEQUENCE_MAX ? 1 : sequence + 1;
	} while (half->window && window_has(half->window, sequence));
	return sequence;
}

static void request(struct half *half, uint32_t command)
{
	const struct smpp_pdu pdu = { .command = command, .sequence = half_sequence(half) };
	send_pdu(half, &pdu);
}

uint64_t half_written(const struct half *half)
{
	return half->stream ? stream_written(half->stream) : 0;
}

uint64_t half_left(const struct half *half)
{
	return half->stream ? stream_written(half->stream) - stream_unsent(half->stream) : 0;
}

/* Phases. */

static void begin_connect(struct half *);
static void send_bind(struct half *);
static void tell_bound(struct half *);
static void send_unbind(struct half *);
static void finish(struct half *);
static void connect_impossible(struct half *);
static void bind_late(struct half *);
static void unbind_late(struct half *);

static const struct {
	const char *name;
	size_t limit;                   /* the option that says how long; 0: for ever */
	void (*enter)(struct half *);
	void (*late)(struct half *);
} phases[] = {
	[IDLE]       = { "idle", 0, NULL, NULL },
	/* The stream has deadlines of its own. */
	[CONNECTING] = { "connecting", 0, begin_connect, connect_impossible },
	[BINDING]    = { "binding", offsetof(struct smpp_options, bind_timeout), send_bind, bind_late },
	[BOUND]      = { "bound", 0, tell_bound, NULL },
	[UNBINDING]  = { "unbinding", offsetof(struct smpp_options, unbind_timeout), send_unbind,
	    unbind_late },
	[LEAVING]    = { "leaving", 0, finish, NULL },
	[CLOSED]     = { "closed", 0, NULL, NULL },
};

/* When it has to be looked at next; 0: not before it hears something. */
static uint64_t next_deadline(const struct half *half)
{
	uint64_t at = half->late_at, ask = 0;
	if (!in(half, IN(BOUND)) || half->paused)
		return at;
	if (half->asked_at)
		ask = half->asked_at + (uint64_t)half->options->enquire_timeout;
	else if (half->options->enquire_link)
		ask = half->heard_at + (uint64_t)half->options->enquire_link;
	return ask && (!at || ask < at) ? ask : at;
}

/* Makes the timer ring in time. It may ring early, and then looks again: what is
 * heard moves the deadline away, and the timer is not set anew each time. */
static void arm(struct half *half)
{
	const uint64_t at = next_deadline(half);
	if (!at || (half->rings_at && half->rings_at <= at))
		return;
	const uint64_t now = clock_ms();
	half->rings_at = at;
	clock_ring(half->timer, at > now ? at - now : 0);
}

static void enter(struct half *half, enum phase phase)
{
	link_debug(half->link, "event=phase half=%s from=%s to=%s", name_of(half),
	    phases[half->phase].name, phases[phase].name);
	half->phase = phase;
	half->late_at = 0;
	if (phases[phase].limit)
		half->late_at = clock_ms() + (uint64_t)*(const long *)
		    ((const char *)half->options + phases[phase].limit);
	arm(half);
	if (phases[phase].enter)
		phases[phase].enter(half);
}

/* Ends it in order: what is queued leaves first. */
static void leave(struct half *half, enum down how, const char *why)
{
	half->end = how;
	snprintf(half->why, sizeof half->why, "%s", why);
	enter(half, LEAVING);
}

static void finish(struct half *half)
{
	stream_finish(half->stream, half->why);
}

/* Binding. */

static void connect_impossible(struct half *half)
{
	end(half, DOWN_REFUSED, "%s", half->why);
}

static void bind_late(struct half *half)
{
	end(half, DOWN_LOST, "no answer to the bind within %g s",
	    (double)half->options->bind_timeout / 1000);
}

static void send_bind(struct half *half)
{
	const struct smpp_options *options = half->options;
	struct smpp_pdu pdu = { .command = half->bind, .sequence = half_sequence(half),
		.interface_version = smpp_version(options),
		.range = { .ton = (uint8_t)options->addr_ton, .npi = (uint8_t)options->addr_npi } };
	const char *password = *options->password_file ? options->password_file : options->password;
	snprintf(pdu.system_id, sizeof pdu.system_id, "%s", options->system_id);
	snprintf(pdu.password, sizeof pdu.password, "%s", password);
	snprintf(pdu.system_type, sizeof pdu.system_type, "%s", options->system_type);
	snprintf(pdu.address_range, sizeof pdu.address_range, "%s", options->address_range);
	send_pdu(half, &pdu);
}

static void tell_bound(struct half *half)
{
	half->owner.bound(half->owner.line, half);
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

/* Is it about who we are? Then it is of no use to ask again, and may lock us out. */
static bool is_about_us(uint32_t status)
{
	static const uint32_t known[] = { SMPP_RINVPASWD, SMPP_RINVSYSID, SMPP_RBINDFAIL, SMPP_RINVSYSTYP,
		SMPP_RPROHIBITED };
	for (size_t i = 0; i < sizeof known / sizeof *known; i++)
		if (known[i] == status)
			return true;
	return false;
}

static enum down refusal(const struct half *half, uint32_t status)
{
	const enum smpp_class class = smpp_status(status)->class;
	if (half->options->stop_on_auth_failure && is_about_us(status))
		return DOWN_BARRED;
	if (status == SMPP_RINVPASWD)
		return DOWN_PASSWORD;
	if (status == SMPP_RALYBND)
		return DOWN_TAKEN;
	return class == SMPP_CLASS_TRANSIENT || class == SMPP_CLASS_THROTTLE ? DOWN_BUSY
	    : DOWN_REFUSED;
}

static void bind_refused(struct half *half, uint32_t status)
{
	char text[OUTCOME_TEXT_MAX];
	if (half->owner.refused && half->owner.refused(half->owner.line, half, status))
		return;
	smpp_status_text(text, sizeof text, status);
	const enum down how = refusal(half, status);
	end(half, how, "bind refused: %s%s%s", text, remedy(status), how == DOWN_BARRED
	    ? "; not tried again (stop_on_auth_failure) before smsqlctl drain and release" : "");
}

static void on_bound(struct half *half, const struct smpp_pdu *pdu)
{
	if (pdu->command != (half->bind | (uint32_t)SMPP_RESPONSE))
		return;
	if (pdu->status != SMPP_ROK) {
		bind_refused(half, pdu->status);
		return;
	}
	const struct smpp_tlv *announced = smpp_tlv(pdu, SMPP_TAG_SC_INTERFACE_VERSION);
	half->version = smpp_negotiate(smpp_version(half->options),
	    announced && announced->len ? announced->at[announced->len - 1] : -1,
	    half->options->strict_version);
	link_info(half->link, "event=bound half=%s version=%d.%d", name_of(half), half->version >> 4,
	    half->version & 15);
	enter(half, BOUND);
}

/* Keeping alive. */

static void on_enquire(struct half *half, const struct smpp_pdu *pdu)
{
	respond(half, (uint32_t)SMPP_ENQUIRE_LINK_RESP, pdu->sequence, SMPP_ROK);
}

static void keep_alive(struct half *half, uint64_t now)
{
	const uint64_t silence = (uint64_t)half->options->enquire_link;
	const uint64_t most = (uint64_t)half->options->enquire_timeout;
	if (!in(half, IN(BOUND)) || half->paused || !silence)
		return;
	if (half->asked_at && now >= half->asked_at + most) {
		end(half, DOWN_LOST, "no answer to enquire_link within %g s", (double)most / 1000);
	} else if (!half->asked_at && now >= half->heard_at + silence) {
		half->asked_at = now;
		request(half, (uint32_t)SMPP_ENQUIRE_LINK);
	}
}

/* Unbinding. */

static void send_unbind(struct half *half)
{
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
	if (in(half, IN(UNBINDING)))
		leave(half, DOWN_DRAINED, "drained");
	else
		leave(half, DOWN_LOGGED_OUT, "the message centre ended the session (unbind)");
}

/* Messages. */

static void on_answer(struct half *half, const struct smpp_pdu *pdu)
{
	if (half->window && window_has(half->window, pdu->sequence))
		half->owner.answered(half->owner.line, half, pdu);
	else if (half->window)
		half->owner.late(half->owner.line, half, pdu);
}

static bool somebody_asked(struct half *half, const struct smpp_pdu *pdu)
{
	return half->owner.replied && half->owner.replied(half->owner.line, half, pdu);
}

static void on_reply(struct half *half, const struct smpp_pdu *pdu)
{
	if (!somebody_asked(half, pdu))
		link_debug(half->link, "event=ignored reason=\"answers nothing\" command=%s sequence=%" PRIu32,
		    smpp_command_name(pdu->command), pdu->sequence);
}

/* A transmitter is not to be sent anything; some centres do. */
static bool receives(const struct half *half)
{
	return half->bind != SMPP_BIND_TRANSMITTER || half->options->tolerate_tx_deliver;
}

static void on_deliver(struct half *half, const struct smpp_pdu *pdu)
{
	if (pdu->tail_dropped)
		link_warn(half->link, "event=tail_dropped sequence=%" PRIu32, pdu->sequence);
	if (receives(half))
		half->owner.delivered(half->owner.line, half, pdu);
	else
		respond(half, pdu->command | (uint32_t)SMPP_RESPONSE, pdu->sequence, SMPP_RINVBNDSTS);
}

static void on_alert(struct half *half, const struct smpp_pdu *pdu)
{
	if (in(half, SERVING) && receives(half))
		half->owner.delivered(half->owner.line, half, pdu);
	else
		link_debug(half->link, "event=ignored command=alert_notification");
}

static void on_nack(struct half *half, const struct smpp_pdu *pdu)
{
	if (in(half, IN(BINDING)))
		bind_refused(half, pdu->status);
	else if (half->window && window_has(half->window, pdu->sequence))
		on_answer(half, pdu);
	else if (somebody_asked(half, pdu))
		return;
	else if (in(half, IN(UNBINDING)))
		on_unbound(half, pdu);
	else
		link_warn(half->link, "event=generic_nack status=0x%02" PRIx32 " sequence=%" PRIu32,
		    pdu->status, pdu->sequence);
}

/* PDUs in. */

typedef void react_fn(struct half *, const struct smpp_pdu *);

/* A request out of order is answered with RINVBNDSTS; a response is dropped. Without
 * a function: it is noted that it came, and there is nothing to answer. */
static const struct reaction {
	uint32_t command;
	unsigned allowed;
	react_fn *act;
} reactions[] = {
	{ (uint32_t)SMPP_SUBMIT_SM_RESP,        SERVING,       on_answer },
	{ (uint32_t)SMPP_SUBMIT_MULTI_RESP,     SERVING,       on_answer },
	{ (uint32_t)SMPP_DATA_SM_RESP,          SERVING,       on_answer },
	{ (uint32_t)SMPP_BROADCAST_SM_RESP,     SERVING,       on_answer },
	{ (uint32_t)SMPP_QUERY_SM_RESP,         SERVING,       on_reply },
	{ (uint32_t)SMPP_CANCEL_SM_RESP,        SERVING,       on_reply },
	{ (uint32_t)SMPP_REPLACE_SM_RESP,       SERVING,       on_reply },
	{ (uint32_t)SMPP_QUERY_BROADCAST_SM_RESP, SERVING,     on_reply },
	{ (uint32_t)SMPP_CANCEL_BROADCAST_SM_RESP, SERVING,    on_reply },
	{ (uint32_t)SMPP_DELIVER_SM,            SERVING,       on_deliver },
	{ (uint32_t)SMPP_DATA_SM,               SERVING,       on_deliver },
	{ (uint32_t)SMPP_ENQUIRE_LINK,          ANYWHERE,      on_enquire },
	{ (uint32_t)SMPP_ENQUIRE_LINK_RESP,     ANYWHERE,      NULL },
	{ (uint32_t)SMPP_GENERIC_NACK,          ANYWHERE,      on_nack },
	{ (uint32_t)SMPP_UNBIND,                ANYWHERE,      on_unbind },
	{ (uint32_t)SMPP_UNBIND_RESP,           IN(UNBINDING), on_unbound },
	{ (uint32_t)SMPP_BIND_TRANSCEIVER_RESP, IN(BINDING),   on_bound },
	{ (uint32_t)SMPP_BIND_TRANSMITTER_RESP, IN(BINDING),   on_bound },
	{ (uint32_t)SMPP_BIND_RECEIVER_RESP,    IN(BINDING),   on_bound },
	{ (uint32_t)SMPP_ALERT_NOTIFICATION,    ANYWHERE,      on_alert },
	{ (uint32_t)SMPP_OUTBIND,               ANYWHERE,      NULL },
	{ (uint32_t)SMPP_SUBMIT_SM,             0,             NULL },
	{ (uint32_t)SMPP_BIND_TRANSCEIVER,      0,             NULL },
	{ (uint32_t)SMPP_BIND_TRANSMITTER,      0,             NULL },
	{ (uint32_t)SMPP_BIND_RECEIVER,         0,             NULL },
};

static const struct reaction *reaction_to(uint32_t command)
{
	for (size_t i = 0; i < sizeof reactions / sizeof reactions[0]; i++)
		if (reactions[i].command == command)
			return &reactions[i];
	return NULL;
}

/* Forgets mistakes that are older than a minute. */
static void begin_count(struct half *half)
{
	const uint64_t now = clock_ms();
	if (now - half->mistakes_since < MISTAKES_MS)
		return;
	half->mistakes_since = now;
	half->mistakes = half->broken = 0;
}

/* Answers what cannot be done, so that the peer's window drains; but not for ever. What has
 * no response is counted alone. */
static void object(struct half *half, uint32_t response, uint32_t sequence, uint32_t status)
{
	begin_count(half);
	link_debug(half->link, "event=objection status=0x%02" PRIx32 " sequence=%" PRIu32, status,
	    sequence);
	if (smpp_command_name(response))
		respond(half, response, sequence, status);
	if (++half->mistakes > MISTAKES_MAX)
		leave(half, DOWN_LOST, "the message centre sent too much that is out of order");
}

/* A storm of these ends the session in order; one that does not even pause for that, at once. */
static void object_to_broken(struct half *half, const struct smpp_pdu *pdu, uint32_t wrong)
{
	object(half, pdu->command | (uint32_t)SMPP_RESPONSE, pdu->sequence, wrong);
	if (++half->broken == BROKEN_MAX + 1 && !in(half, IN(LEAVING)))
		half->owner.broken(half->owner.line, half, "the message centre sent too much that is malformed");
}

static void on_request(struct half *half, const struct smpp_pdu *pdu, uint32_t wrong)
{
	const struct reaction *reaction = reaction_to(pdu->command);
	const uint32_t response = pdu->command | (uint32_t)SMPP_RESPONSE;
	const bool known = smpp_command_name(pdu->command) && smpp_command_name(response);
	if (!reaction && known)
		object(half, response, pdu->sequence, SMPP_RINVBNDSTS); /* what only a client asks */
	else if (!reaction)
		object(half, (uint32_t)SMPP_GENERIC_NACK, pdu->sequence, SMPP_RINVCMDID);
	else if (reaction->allowed && !reaction->act)
		link_debug(half->link, "event=ignored command=%s", smpp_command_name(pdu->command));
	else if (!in(half, reaction->allowed))
		object(half, response, pdu->sequence, SMPP_RINVBNDSTS);
	else if (wrong != SMPP_ROK)
		object_to_broken(half, pdu, wrong);
	else
		reaction->act(half, pdu);
}

/* One that is broken still has its status, and that decides. */
static void on_response(struct half *half, const struct smpp_pdu *pdu)
{
	const struct reaction *reaction = reaction_to(pdu->command);
	if (reaction && reaction->act && in(half, reaction->allowed))
		reaction->act(half, pdu);
	else if (!reaction || !in(half, reaction->allowed))
		link_debug(half->link, "event=ignored command=0x%08" PRIx32 " sequence=%" PRIu32,
		    pdu->command, pdu->sequence);
}

static void on_frame(void *ctx, const uint8_t *at, size_t len)
{
	struct half *half = ctx;
	struct smpp_pdu pdu;
	const uint32_t wrong = smpp_unpack(at, len, &pdu);
	half->heard_at = clock_ms();
	half->asked_at = 0;
	if (pdu.command & (uint32_t)SMPP_RESPONSE)
		on_response(half, &pdu);
	else
		on_request(half, &pdu, wrong);
}

/* command_length is none: where the next PDU begins is lost. */
static void on_garbled(void *ctx, const uint8_t *at, size_t len)
{
	struct half *half = ctx;
	uint32_t sequence;
	char why[WHY_MAX];
	if (smpp_garbled(at, len, &sequence, why, sizeof why))
		respond(half, (uint32_t)SMPP_GENERIC_NACK, sequence, SMPP_RINVCMDLEN);
	leave(half, DOWN_LOST, why);
}

static void on_stream(void *ctx, enum stream_event event, const char *why)
{
	struct half *half = ctx;
	if (event == STREAM_CONNECTED) {
		link_info(half->link, "event=connected host=%s", why);
		if (half->tls && strstr(why, ", "))
			snprintf(half->secured, sizeof half->secured, "%s", strstr(why, ", ") + 2);
		enter(half, BINDING);
	} else if (in(half, IN(LEAVING))) {
		end(half, half->end, "%s", half->why);
	} else if (in(half, IN(UNBINDING))) {
		end(half, DOWN_DRAINED, "drained");
	} else if (in(half, IN(CONNECTING))) {
		end(half, stream_is_distrusted(half->stream) ? DOWN_REFUSED : DOWN_LOST,
		    "cannot connect: %s", why);
	} else {
		end(half, DOWN_LOST, "%s", why);
	}
}

static void on_timer(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	struct half *half = arg;
	const uint64_t now = clock_ms();
	half->rings_at = 0;
	if (half->late_at && now >= half->late_at)
		phases[half->phase].late(half);
	else
		keep_alive(half, now);
	if (!half_is_closed(half))
		arm(half);
}

/* What the line asks. */

bool half_is_idle(const struct half *half)
{
	return in(half, IN(IDLE));
}

bool half_is_bound(const struct half *half)
{
	return in(half, IN(BOUND));
}

uint8_t half_version(const struct half *half)
{
	return half->version;
}

bool half_is_closed(const struct half *half)
{
	return in(half, IN(CLOSED));
}

bool half_is_paused(const struct half *half)
{
	return half->paused != 0;
}

void half_pause(struct half *half, unsigned reason)
{
	half->paused |= reason;
	if (half->stream)
		stream_pause(half->stream, 1);
}

bool half_resume(struct half *half, unsigned reason)
{
	const bool was = half_is_paused(half);
	half->paused &= ~reason;
	if (!was || half->paused || !half->stream || half_is_closed(half))
		return false;
	half->heard_at = clock_ms();
	half->asked_at = 0;
	stream_resume(half->stream, 1);
	arm(half);
	return true;
}

static struct stream_handler handler_of(struct half *half)
{
	return (struct stream_handler){ .ctx = half, .measure = smpp_measure, .frame = on_frame,
		.garbled = on_garbled, .event = on_stream };
}

static void begin_connect(struct half *half)
{
	const struct smpp_options *options = half->options;
	struct conf_error err;
	if (options->tls.on && !(half->tls = tls_new(&options->tls, &err))) {
		/* A file has gone since the configuration was read. */
		snprintf(half->why, sizeof half->why, "%.300s", err.text);
		half->late_at = clock_ms();
		arm(half);
		return;
	}
	const struct stream_options how = {
		.hosts = (const char *const *)options->host.items + half->first, .nhosts = half->nhosts,
		.port = (unsigned)options->port, .source = options->source_address,
		.connect_ms = (unsigned)options->connect_timeout,
		.partial_ms = (unsigned)options->pdu_timeout,
		.stall_ms = (unsigned)options->write_timeout, .tls = half->tls,
	};
	const struct stream_handler handler = handler_of(half);
	half->stream = stream_connect(link_base(half->link), &how, &handler);
}

void half_connect(struct half *half, size_t first, size_t n)
{
	assert(half_is_idle(half) && first + n <= half->options->host.n);
	half->first = first;
	half->nhosts = n;
	enter(half, CONNECTING);
}

void half_adopt(struct half *half, struct stream *stream)
{
	assert(half_is_idle(half));
	const struct stream_handler handler = handler_of(half);
	half->stream = stream;
	stream_hand_over(stream, &handler);
	enter(half, BINDING);
}

size_t half_host(const struct half *half)
{
	const size_t host = half->stream ? stream_host(half->stream) : SIZE_MAX;
	return host == SIZE_MAX ? host : half->first + host;
}

const char *half_secured(const struct half *half)
{
	return half->secured;
}

void half_unbind(struct half *half)
{
	assert(half_is_bound(half));
	enter(half, UNBINDING);
}

void half_close(struct half *half)
{
	half->phase = CLOSED;
	event_del(half->timer);
	stream_free(half->stream);
	half->stream = NULL;
}

struct half *half_new(struct link *link, const struct smpp_options *options, uint32_t bind,
    const struct window *window, const struct half_owner *owner)
{
	struct half *half = calloc(1, sizeof *half);
	if (!half)
		abort();
	*half = (struct half){ .link = link, .options = options, .owner = *owner, .window = window,
		.bind = bind, .sequence = 1 };
	half->timer = event_new(link_base(link), -1, 0, on_timer, half);
	if (!half->timer)
		abort();
	return half;
}

void half_free(struct half *half)
{
	if (!half)
		return;
	half_close(half);
	event_free(half->timer);
	tls_free(half->tls);
	free(half);
}
