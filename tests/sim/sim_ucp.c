/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sim_ucp.c - EMI/UCP on a session: frames of a client, and what the centre says in them.
 *
 * Operations become requests in sim_ucp_read.c, and react() has them; here are the results,
 * messages (52), notifications (53), what queries and deletions came to (57, 58), and what is
 * answered to broken frames (reference, sections 7 and 18). Where no account is asked for, or one
 * without a password, the first operation binds, under its OAdC. A client that says nothing then is
 * known by where it comes from; here that is the one account there is.
 */
#include "sim_account.h"
#include "sim_center.h"
#include "sim_deliver.h"
#include "sim_dialect.h"
#include "sim_frames.h"
#include "sim_react.h"
#include "sim_session.h"
#include "sim_status.h"
#include "sim_text.h"
#include "sim_ucp_read.h"

#include "../../sms/alphabet.h"
#include "../../sms/dcs.h"

#include <stdio.h>
#include <string.h>

enum {
	WAITING_MAX = 9999, HEX_ROOM = 2 * UCP_MESSAGE_MAX + 1, OCTETS_MAX = 140,
	SILENT_MS = 500, NAME_SEPTETS = 11, TON_INTERNATIONAL = 1, TON_NAME = 5,
};

/* Whom a client without a login is. */
static void let_in(struct session *session, const struct smpp_pdu *pdu)
{
	struct center *center = session->center;
	if (session->state != SESSION_OPEN || pdu->command == SMPP_BIND_TRANSCEIVER || !*pdu->system_id)
		return;
	struct account *account = account_find(center, &dialect_ucp, pdu->system_id, pdu->password);
	if (account)
		session_let_in(session, account, center->options->ucp_call ? SESSION_TX : SESSION_TRX);
}

static void silent(struct session *session, uint64_t ms)
{
	struct center *center = session->center;
	struct account *only = NULL;
	if (ms < SILENT_MS || center->options->accounts.n)
		return;
	for (struct account *at = center->accounts; at; at = at->next) {
		if (at->dialect != &dialect_ucp)
			continue;
		if (only)
			return;
		only = at;
	}
	if (!only)
		return;
	session->guessed = true;
	session_let_in(session, only, center->options->ucp_call ? SESSION_TX : SESSION_TRX);
}

/* A login that came after all, and as was guessed. */
static bool was_guessed(struct session *session, const struct smpp_pdu *pdu)
{
	const bool right = session->guessed && pdu->command == SMPP_BIND_TRANSCEIVER &&
	    strcmp(session->account->name, pdu->system_id) == 0;
	session->guessed = false;
	return right;
}

/* A negative result to what is not for react(). */
static void refuse(struct session *session, const struct ucp_pdu *frame, unsigned ec)
{
	session->center->counts.malformed++;
	session_answer(session, (uint32_t)SMPP_GENERIC_NACK, ucp_sequence(frame->operation, frame->trn),
	    STATUS_OWN + ec);
}

static bool is_centres(unsigned operation)
{
	return operation == UCP_DELIVER || operation == UCP_NOTIFY || operation == UCP_INQUIRED ||
	    operation == UCP_DELETED;
}

static void on_operation(struct session *session, const struct ucp_pdu *frame)
{
	struct ucp_reading reading;
	if (is_centres(frame->operation)) {
		refuse(session, frame, UCP_EC_NOT_ALLOWED);
		return;
	}
	const uint32_t wrong = ucp_read(frame, &reading);
	if (!reading.pdu.command) {
		refuse(session, frame, UCP_EC_UNSUPPORTED);
		return;
	}
	if (!wrong)
		let_in(session, &reading.pdu);
	const bool guessed = was_guessed(session, &reading.pdu) && !wrong;
	if (reading.pdu.command == SMPP_BIND_TRANSCEIVER && session->center->options->ucp_call)
		reading.pdu.command = SMPP_BIND_TRANSMITTER;
	if (guessed)
		session_answer(session, (uint32_t)SMPP_BIND_TRANSCEIVER_RESP, reading.pdu.sequence, SMPP_ROK);
	else if (wrong && reading.pdu.command == SMPP_ENQUIRE_LINK)
		refuse(session, frame, UCP_EC_SYNTAX);
	else if (reading.pdu.command == SMPP_ENQUIRE_LINK && session->state == SESSION_OPEN)
		session_answer(session, (uint32_t)SMPP_ENQUIRE_LINK_RESP, reading.pdu.sequence, SMPP_RINVBNDSTS);
	else
		react(session, &reading.pdu, wrong);
}

static unsigned operation_of(const struct item *item)
{
	return item->kind == ITEM_RECEIPT ? UCP_NOTIFY : item->kind == ITEM_ANSWER ? item->part : UCP_DELIVER;
}

/* What is wrong with a result is never answered; the operation waits for another. */
static void on_result(struct session *session, const struct ucp_pdu *frame)
{
	struct ucp_result result;
	const struct item *item = session_flying(session, frame->trn);
	if (!ucp_result(frame, &result)) {
		stx_bad(session);
		return;
	}
	if (!item || operation_of(item) != frame->operation) {
		session->center->counts.stray_responses++;
		return;
	}
	const struct smpp_pdu pdu = { .command = (uint32_t)SMPP_DELIVER_SM_RESP, .sequence = frame->trn,
		.status = result.positive ? SMPP_ROK : status_of_ucp(result.code ? result.code : 99) };
	react(session, &pdu, SMPP_ROK);
}

static void ucp_react(struct session *session, const uint8_t *at, size_t len)
{
	struct ucp_pdu frame;
	if (!stx_is_frame(session, at, len))
		return;
	switch (ucp_unpack(at, len, &frame)) {
	case UCP_RUNT:
	case UCP_BAD_HEADER:
		stx_bad(session);
		return;
	case UCP_BAD_CHECKSUM:
		if (!frame.result)
			refuse(session, &frame, UCP_EC_CHECKSUM);
		else
			stx_bad(session);
		return;
	case UCP_BAD_LENGTH:
		if (!frame.result) {
			refuse(session, &frame, UCP_EC_SYNTAX);
			return;
		}
		break;
	case UCP_FINE:
		break;
	}
	session->bad = 0;
	if (frame.result)
		on_result(session, &frame);
	else
		on_operation(session, &frame);
}

/* "yymmddhhmmss" as DDMMYYhhmmss */
static void stamp_turn(char out[STAMP_ROOM], const char *stamp)
{
	snprintf(out, STAMP_ROOM, "%.2s%.2s%.2s%.6s", stamp + 4, stamp + 2, stamp, stamp + 6);
}

static void ucp_id(const struct taken *taken, int64_t stamp, char *out, size_t room)
{
	char text[STAMP_ROOM], turned[STAMP_ROOM];
	stamp_write(text, stamp);
	stamp_turn(turned, text);
	snprintf(out, room, "%s%s:%s", taken->recipient.ton == TON_INTERNATIONAL ? "00" : "",
	    taken->recipient.digits, turned);
}

static bool is_number(const char *text)
{
	return *text && strspn(text, "0123456789") == strlen(text);
}

/* A name cannot be told in AdC: then the account stands for it. */
static const char *sender(const struct session *session, const char *digits)
{
	return is_number(digits) ? digits : session->account && is_number(session->account->name) ?
	    session->account->name : "";
}

static void text_set(struct ucp_pdu *frame, char hex[HEX_ROOM], const char *text)
{
	ucp_hex(hex, HEX_ROOM, (const uint8_t *)text, strlen(text));
	ucp_set(frame, UCP_MT, "3");
	ucp_set(frame, UCP_MSG, hex);
}

static size_t pack_result(struct session *session, const struct smpp_pdu *pdu, uint8_t *out, size_t room)
{
	char waiting[8];
	struct ucp_pdu operation = { .operation = (uint8_t)(pdu->sequence / UCP_TRNS),
		.trn = (uint8_t)(pdu->sequence % UCP_TRNS) };
	const char *sm = pdu->message_id[0] == ':' ? "" : pdu->message_id;
	if (pdu->status) {
		const unsigned ec = status_ucp(pdu->status);
		return ucp_pack_result(&operation, ec, ucp_error_text(ec), out, room);
	}
	if (operation.operation == UCP_ALERT) {
		const size_t n = session->account ? session->account->queue.n : 0;
		snprintf(waiting, sizeof waiting, "%04u", n > WAITING_MAX ? WAITING_MAX : (unsigned)n);
		sm = waiting;
	}
	return ucp_pack_result(&operation, UCP_EC_NONE, sm, out, room);
}

/* Of 53, 57 and 58. Buffered and deleted have no reason of their own in the table of Rsn (reference,
 * section 9), and expiry has that of what went before it. */
static const struct { const char *dst, *rsn, *what; } states[] = {
	[STATE_ENROUTE] = { "1", "107", "has been buffered" },
	[STATE_DELIVERED] = { "0", "000", "has been delivered" },
	[STATE_EXPIRED] = { "2", "107", "could not be delivered in time" },
	[STATE_DELETED] = { "2", "118", "has been deleted" },
	[STATE_UNDELIVERABLE] = { "2", "101", "could not be delivered" },
	[STATE_REJECTED] = { "2", "104", "was rejected" },
};

static uint8_t state_of(uint8_t state)
{
	return state < sizeof states / sizeof *states && states[state].dst ? state : STATE_ENROUTE;
}

/* What is said of a message, which has an id AdC:SCTS. */
static size_t pack_state(struct session *session, const struct smpp_pdu *pdu, unsigned operation,
    uint8_t *out, size_t room)
{
	char id[ID_TEXT_MAX], adc[24], scts[STAMP_ROOM], dscts[STAMP_ROOM], text[160], hex[HEX_ROOM];
	const struct smpp_tlv *told = smpp_tlv(pdu, SMPP_TAG_RECEIPTED_MESSAGE_ID);
	snprintf(id, sizeof id, "%.*s", told ? (int)told->len : ID_TEXT_MAX - 1,
	    told ? (const char *)told->at : pdu->message_id);
	const char *colon = strchr(id, ':');
	const uint8_t state = state_of(told ? (uint8_t)smpp_tlv_number(pdu, SMPP_TAG_MESSAGE_STATE, 0) :
	    pdu->message_state);
	struct ucp_pdu frame;
	if (!colon)
		return 0;
	snprintf(adc, sizeof adc, "%.*s", (int)(colon - id) % 21, id);
	snprintf(scts, sizeof scts, "%.12s", colon + 1);
	stamp_turn(dscts, pdu->final_date);
	ucp_begin(&frame, operation);
	frame.trn = (uint8_t)pdu->sequence;
	ucp_set(&frame, UCP_ADC, sender(session, pdu->destination.digits));
	if (operation == UCP_NOTIFY)
		ucp_set(&frame, UCP_OADC, adc);
	ucp_set(&frame, UCP_SCTS, scts);
	ucp_set(&frame, UCP_DST, states[state].dst);
	ucp_set(&frame, UCP_RSN, states[state].rsn);
	ucp_set(&frame, UCP_DSCTS, dscts);
	snprintf(text, sizeof text, "Message for %s, with identification %s %s.", adc, scts, states[state].what);
	text_set(&frame, hex, text);
	return ucp_pack(&frame, out, room);
}

/* The text of a message, its type, and the services that say what it is. False: too long. */
struct body { char hex[HEX_ROOM], xser[2 * UCP_SERVICES_MAX + 1], nb[8]; bool octets; };

static bool body_make(struct body *body, const struct smpp_pdu *pdu)
{
	uint8_t services[UCP_SERVICES_MAX];
	size_t len, n = 0, udh = 0;
	const uint8_t *text = smpp_text(pdu, &len);
	const enum charset charset = dcs_read_smpp(pdu->data_coding, CHARSET_GSM7).charset;
	const uint8_t dcs = pdu->data_coding > 0x0F || charset == CHARSET_UCS2 ? pdu->data_coding : 0x04;
	body->octets = charset != CHARSET_GSM7;
	if (pdu->esm_class & SMPP_ESM_UDHI && len && text[0] < len)
		udh = text[0] + 1u;
	if (len - udh > (body->octets ? OCTETS_MAX - udh : (OCTETS_MAX - udh) * 8 / 7) || udh > OCTETS_MAX)
		return false;
	if (udh && !ucp_service_add(services, sizeof services, &n, UCP_SERVICE_UDH, text, udh))
		return false;
	if ((body->octets || pdu->data_coding > 0x0F) &&
	    !ucp_service_add(services, sizeof services, &n, UCP_SERVICE_DCS, &dcs, 1))
		return false;
	ucp_hex(body->xser, sizeof body->xser, services, n);
	ucp_hex(body->hex, sizeof body->hex, text + udh, len - udh);
	snprintf(body->nb, sizeof body->nb, "%04u", (unsigned)((len - udh) * 8) % 10000u);
	return true;
}

static bool source_set(struct ucp_pdu *frame, const struct smpp_address *source, char name[UCP_NAME_ROOM])
{
	uint8_t septets[NAME_SEPTETS];
	size_t n;
	if (source->ton != TON_NAME) {
		ucp_set(frame, UCP_OADC, source->digits);
		ucp_set(frame, UCP_OTOA, source->ton == TON_INTERNATIONAL ? UCP_OTOA_INTERNATIONAL : "");
		return ucp_fits(UCP_ADC, source->digits);
	}
	const size_t len = strlen(source->digits);
	if (gsm7_from_utf8(septets, sizeof septets, &n, source->digits, len) < len ||
	    !ucp_name_pack(name, septets, n))
		return false;
	ucp_set(frame, UCP_OADC, name);
	ucp_set(frame, UCP_OTOA, UCP_OTOA_NAME);
	return true;
}

static size_t pack_message(const struct session *session, const struct smpp_pdu *pdu, uint8_t *out,
    size_t room)
{
	const char *to = sender(session, pdu->destination.digits);
	struct body body;
	struct ucp_pdu frame;
	char name[UCP_NAME_ROOM], scts[STAMP_ROOM], rpid[8];
	ucp_begin(&frame, UCP_DELIVER);
	frame.trn = (uint8_t)pdu->sequence;
	if (!body_make(&body, pdu) || !source_set(&frame, &pdu->source, name) || !*to ||
	    !ucp_fits(UCP_ADC, to))
		return 0;
	stamp_turn(scts, pdu->final_date);
	snprintf(rpid, sizeof rpid, "%04u", pdu->protocol_id);
	ucp_set(&frame, UCP_ADC, to);
	ucp_set(&frame, UCP_RPID, rpid);
	ucp_set(&frame, UCP_SCTS, scts);
	ucp_set(&frame, UCP_MT, body.octets ? "4" : "3");
	ucp_set(&frame, UCP_NB, body.octets ? body.nb : "");
	ucp_set(&frame, UCP_MSG, body.hex);
	ucp_set(&frame, UCP_XSER, body.xser);
	return ucp_pack(&frame, out, room);
}

static size_t pack(struct session *session, const struct smpp_pdu *pdu, uint8_t *out, size_t room)
{
	if (pdu->command == SMPP_DELIVER_SM)
		return smpp_tlv(pdu, SMPP_TAG_RECEIPTED_MESSAGE_ID) ?
		    pack_state(session, pdu, UCP_NOTIFY, out, room) : pack_message(session, pdu, out, room);
	if (pdu->command == (uint32_t)SMPP_QUERY_SM_RESP && pdu->sequence < UCP_TRNS)
		return pack_state(session, pdu, pdu->error_code, out, room);
	return pdu->command & 0x80000000u ? pack_result(session, pdu, out, room) : 0;
}

const struct dialect dialect_ucp = {
	.name = "ucp", .most_unbound = STX_FRAME_MAX, .answers_later = true,
	.silent = silent,
	.numbers = { .first = 0, .last = UCP_TRNS - 1, .step = 1, .most = UCP_TRNS },
	.measure = stx_measure, .react = ucp_react, .lost = stx_lost, .pack = pack, .id = ucp_id,
};
