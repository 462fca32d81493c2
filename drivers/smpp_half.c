/* SPDX-License-Identifier: Apache-2.0 */
/*
 * smpp_half.c - binding, unbinding, keeping alive, and bad input, on one connection (talk.c).
 *
 *   IDLE --> CONNECTING --> LOGIN -------> UP --------> LOGOUT -------> LEAVING --> CLOSED
 *                             |  on_bound   | half_      |  on_unbound   ^
 *                             |             | unbind     |               |
 *                             +-------------+-- on_unbind, on_garbled ---+
 *
 * Each PDU that may arrive is a row of reactions[]: in which phases it is in
 * order, and who sees to it. What is out of order, unknown or broken is answered
 * so that the peer's own window drains (SMPP 3.4, 2.2 and 5.1.3), and counted;
 * responses are never answered. Only when the border between PDUs is lost is
 * there nothing to go on with.
 */
#include "smpp_half.h"

#include "../gateway/clock.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	PACKED_MAX = 256,               /* of what is packed here: a bind has 160 at most */
	SEQUENCE_MAX = 0x7FFFFFFF,
	MISTAKES_MAX = 100,             /* requests out of order or unknown, in MISTAKES_MS */
	BROKEN_MAX = 50,                /* that are malformed */
	MISTAKES_MS = 60 * 1000,
	WHY_MAX = 320,
};

#define IN(phase) (1u << (phase))
enum {
	SERVING = IN(TALK_UP) | IN(TALK_LOGOUT),
	ANYWHERE = IN(TALK_LOGIN) | SERVING,
};

struct half {
	struct link *link;
	const struct smpp_options *options;
	struct half_owner owner;
	const struct line *line;        /* NULL when it does not submit */
	uint32_t bind;
	uint8_t version;                /* of the session, once bound */
	struct talk *talk;
	uint32_t sequence;              /* the next of ours */
	uint64_t mistakes_since;
	unsigned mistakes, broken;      /* all of them; those that are malformed */
};

static bool in(const struct half *half, unsigned phases)
{
	return IN(talk_phase(half->talk)) & phases;
}

static const char *name_of(const struct half *half)
{
	return smpp_command_name(half->bind);
}

/* PDUs out. */

static void send_pdu(struct half *half, const struct smpp_pdu *pdu)
{
	uint8_t octets[PACKED_MAX];
	const size_t len = smpp_pack(pdu, octets, sizeof octets);
	assert(len > 0);
	talk_write(half->talk, octets, len);
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
		talk_write(half->talk, octets, len);
}

uint32_t half_sequence(struct half *half)
{
	uint32_t sequence;
	do {
		sequence = half->sequence;
		half->sequence = sequence == SEQUENCE_MAX ? 1 : sequence + 1;
	} while (half->line && line_is_used(half->line, sequence));
	return sequence;
}

static void request(struct half *half, uint32_t command)
{
	const struct smpp_pdu pdu = { .command = command, .sequence = half_sequence(half) };
	send_pdu(half, &pdu);
}

uint64_t half_written(const struct half *half)
{
	return talk_written(half->talk);
}

uint64_t half_left(const struct half *half)
{
	return talk_left(half->talk);
}

/* Binding. */

static void on_connected(void *at)
{
	struct half *half = at;
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
	if (half->owner.refused && half->owner.refused(half->owner.wire, half, status))
		return;
	smpp_status_text(text, sizeof text, status);
	const enum down how = refusal(half, status);
	talk_end(half->talk, how, "bind refused: %s%s%s", text, remedy(status), how == DOWN_BARRED
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
	talk_up(half->talk);
	half->owner.bound(half->owner.wire, half);
}

/* Keeping alive. */

static void on_enquire(struct half *half, const struct smpp_pdu *pdu)
{
	respond(half, (uint32_t)SMPP_ENQUIRE_LINK_RESP, pdu->sequence, SMPP_ROK);
}

static void on_silent(void *at)
{
	request(at, (uint32_t)SMPP_ENQUIRE_LINK);
}

/* Unbinding. */

/* Ends it in order: what is queued leaves first. */
static void leave(struct half *half, enum down how, const char *why)
{
	half->owner.leaving(half->owner.wire, half);
	talk_leave(half->talk, how, why);
}

static void on_logging_out(void *at)
{
	request(at, (uint32_t)SMPP_UNBIND);
}

static void on_unbound(struct half *half, const struct smpp_pdu *pdu)
{
	(void)pdu;
	leave(half, DOWN_DRAINED, "drained");
}

static void on_unbind(struct half *half, const struct smpp_pdu *pdu)
{
	respond(half, (uint32_t)SMPP_UNBIND_RESP, pdu->sequence, SMPP_ROK);
	if (in(half, IN(TALK_LOGOUT)))
		leave(half, DOWN_DRAINED, "drained");
	else
		leave(half, DOWN_LOGGED_OUT, "the message centre ended the session (unbind)");
}

/* Messages. */

static void on_answer(struct half *half, const struct smpp_pdu *pdu)
{
	if (half->line && line_has(half->line, pdu->sequence))
		half->owner.answered(half->owner.wire, half, pdu);
	else if (half->line)
		half->owner.late(half->owner.wire, half, pdu);
}

static bool somebody_asked(struct half *half, const struct smpp_pdu *pdu)
{
	return half->owner.replied && half->owner.replied(half->owner.wire, half, pdu);
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
		half->owner.delivered(half->owner.wire, half, pdu);
	else
		respond(half, pdu->command | (uint32_t)SMPP_RESPONSE, pdu->sequence, SMPP_RINVBNDSTS);
}

static void on_alert(struct half *half, const struct smpp_pdu *pdu)
{
	if (in(half, SERVING) && receives(half))
		half->owner.delivered(half->owner.wire, half, pdu);
	else
		link_debug(half->link, "event=ignored command=alert_notification");
}

static void on_nack(struct half *half, const struct smpp_pdu *pdu)
{
	if (in(half, IN(TALK_LOGIN)))
		bind_refused(half, pdu->status);
	else if (half->line && line_has(half->line, pdu->sequence))
		on_answer(half, pdu);
	else if (somebody_asked(half, pdu))
		return;
	else if (in(half, IN(TALK_LOGOUT)))
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
	{ (uint32_t)SMPP_UNBIND_RESP,           IN(TALK_LOGOUT), on_unbound },
	{ (uint32_t)SMPP_BIND_TRANSCEIVER_RESP, IN(TALK_LOGIN),   on_bound },
	{ (uint32_t)SMPP_BIND_TRANSMITTER_RESP, IN(TALK_LOGIN),   on_bound },
	{ (uint32_t)SMPP_BIND_RECEIVER_RESP,    IN(TALK_LOGIN),   on_bound },
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
	if (++half->broken == BROKEN_MAX + 1 && !in(half, IN(TALK_LEAVING)))
		half->owner.broken(half->owner.wire, half, "the message centre sent too much that is malformed");
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

static bool on_frame(void *ctx, const uint8_t *at, size_t len)
{
	struct half *half = ctx;
	struct smpp_pdu pdu;
	const uint32_t wrong = smpp_unpack(at, len, &pdu);
	if (pdu.command & (uint32_t)SMPP_RESPONSE)
		on_response(half, &pdu);
	else
		on_request(half, &pdu, wrong);
	return true;
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

static void on_ended(void *ctx, enum down how, const char *why)
{
	struct half *half = ctx;
	half->owner.ended(half->owner.wire, half, how, why);
}

/* What the wire asks. */

bool half_is_idle(const struct half *half)
{
	return in(half, IN(TALK_IDLE));
}

bool half_is_bound(const struct half *half)
{
	return in(half, IN(TALK_UP));
}

uint8_t half_version(const struct half *half)
{
	return half->version;
}

bool half_is_closed(const struct half *half)
{
	return in(half, IN(TALK_CLOSED));
}

void half_pause(struct half *half, unsigned reason)
{
	talk_pause(half->talk, reason);
}

void half_resume(struct half *half, unsigned reason)
{
	talk_resume(half->talk, reason);
}

void half_connect(struct half *half, size_t first, size_t n)
{
	assert(first + n <= half->options->host.n);
	talk_connect(half->talk, first, n);
}

void half_adopt(struct half *half, struct stream *stream)
{
	talk_adopt(half->talk, stream);
}

size_t half_host(const struct half *half)
{
	return talk_host(half->talk);
}

const char *half_secured(const struct half *half)
{
	return talk_secured(half->talk);
}

void half_unbind(struct half *half)
{
	talk_log_out(half->talk);
}

void half_close(struct half *half)
{
	talk_close(half->talk);
}

struct talk_settings smpp_talk_settings(const struct smpp_options *options)
{
	return (struct talk_settings){
		.hosts = (const char *const *)options->host.items, .port = (unsigned)options->port,
		.source = options->source_address,
		.connect_ms = (unsigned)options->connect_timeout,
		.login_ms = (unsigned)options->bind_timeout,
		.silence_ms = (unsigned)options->enquire_link,
		.enquiry_ms = (unsigned)options->enquire_timeout,
		.logout_ms = (unsigned)options->unbind_timeout,
		.partial_ms = (unsigned)options->pdu_timeout,
		.stall_ms = (unsigned)options->write_timeout, .tls = &options->tls,
		.login = "the bind", .enquiry = "enquire_link", .logout = "the unbind",
	};
}

struct half *half_new(struct link *link, const struct smpp_options *options, uint32_t bind,
    const struct line *line, const struct half_owner *owner)
{
	struct half *half = calloc(1, sizeof *half);
	if (!half)
		abort();
	*half = (struct half){ .link = link, .options = options, .owner = *owner, .line = line,
		.bind = bind, .sequence = 1 };
	const struct talk_settings settings = smpp_talk_settings(options);
	const struct talk_owner owner_of = { .wire = half, .measure = smpp_measure, .frame = on_frame,
		.garbled = on_garbled, .connected = on_connected, .silent = on_silent,
		.logging_out = on_logging_out, .ended = on_ended };
	half->talk = talk_new(link, name_of(half), &settings, &owner_of);
	return half;
}

void half_free(struct half *half)
{
	if (!half)
		return;
	talk_free(half->talk);
	free(half);
}
