/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sim_cimd2.c - CIMD2 on a session: packets of a client, their numbers, and what the centre says.
 *
 * Requests become those of SMPP in sim_cimd2_read.c, and react() has them. A client's requests
 * are numbered 1, 3, ... 255, 1. The one that is expected is taken; one that was taken already is
 * answered again with the same octets, and not taken twice; anything else, and what is
 * damaged, is refused with nack and the number that is expected. After a nack further
 * numbers are passed over in silence until that one comes: the client goes back to it. A nack of the
 * client has all that it did not answer sent again, from its number on.
 */
#include "sim_account.h"
#include "sim_center.h"
#include "sim_deliver.h"
#include "sim_dialect.h"
#include "sim_frames.h"
#include "sim_react.h"
#include "sim_session.h"
#include "sim_cimd2_read.h"
#include "sim_status.h"
#include "sim_text.h"

#include "../../drivers/cimd2_text.h"
#include "../../sms/dcs.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	REQUESTS = CIMD2_NUMBERS / 2,   /* numbers of each side */
	BESIDE_WINDOW = 4,              /* requests that are no submits */
	WINDOW_MAX = 128, WINDOW_USUAL = 1,
	ANSWER_MAX = 256,               /* octets; 901 has 64 */
	FLIGHTS = 100, WAITING_MAX = 999, OCTETS_MAX = 140, MODE_COUNT = 0, MODE_ALL = 2,
	TON_NAME = 5,
};

/* A request that was taken, and its answer once there is one. */
struct taken_request { uint8_t operation; uint16_t len; uint8_t answer[ANSWER_MAX]; };

struct own {
	uint8_t expected;               /* the number of the next request */
	bool nacked;                    /* it has been told, and did not come yet */
	unsigned requests;              /* that came in order, for --nack-every */
	struct taken_request taken[REQUESTS];   /* by number / 2 */
};

static void begin(struct session *session)
{
	char greeting[96];
	struct own *own = calloc(1, sizeof *own);
	if (!own)
		abort();
	own->expected = 1;
	session->own = own;
	const int n = snprintf(greeting, sizeof greeting, "CIMD2-A ConnectionInfo: SessionId = %llu PortId = 1\r\n",
	    (unsigned long long)session->serial);
	session_write(session, greeting, (size_t)n);
}

/* Packs what answers a request, and keeps it for when that comes again. */
static size_t pack_answer(struct session *session, const struct cimd2_pdu *packet, uint8_t *out, size_t room)
{
	struct own *own = session->own;
	struct taken_request *taken = &own->taken[packet->number / 2 % REQUESTS];
	const size_t len = cimd2_pack(packet, out, room);
	if (len && len <= ANSWER_MAX && (taken->operation + CIMD2_RESPONSE == packet->operation ||
	    packet->operation == CIMD2_ERROR)) {
		memcpy(taken->answer, out, len);
		taken->len = (uint16_t)len;
	}
	return len;
}

static void answer(struct session *session, const struct cimd2_pdu *packet)
{
	uint8_t out[ANSWER_MAX];
	const size_t len = pack_answer(session, packet, out, sizeof out);
	session_write(session, out, len);
}

static void add_error(struct cimd2_pdu *packet, unsigned error)
{
	cimd2_add_number(packet, CIMD2_ERROR_CODE, (long)error);
	cimd2_add_text(packet, CIMD2_ERROR_TEXT, status_cimd2_text(error));
}

/* A negative response that is not for react(). */
static void refuse(struct session *session, const struct cimd2_pdu *request, unsigned error)
{
	struct cimd2_pdu packet = { .operation = (uint8_t)(request->operation + CIMD2_RESPONSE),
		.number = request->number };
	add_error(&packet, error);
	answer(session, &packet);
}

static void nack(struct session *session)
{
	struct own *own = session->own;
	uint8_t out[32];
	const struct cimd2_pdu packet = { .operation = CIMD2_NACK, .number = own->expected };
	if (session->state >= SESSION_ENDING)
		return;
	own->nacked = true;
	session->center->counts.nacks++;
	session_write(session, out, cimd2_pack(&packet, out, sizeof out));
}

/* Whether a request is to be acted upon; answers it if not. */
static bool in_order(struct session *session, const struct cimd2_pdu *packet)
{
	struct own *own = session->own;
	const unsigned every = session->center->options->nack_every;
	if (packet->number >= CIMD2_NUMBERS || packet->number % 2 == 0) {
		session->center->counts.malformed++;
		nack(session);
		return false;
	}
	const unsigned back = (unsigned)(own->expected + CIMD2_NUMBERS - packet->number) % CIMD2_NUMBERS / 2;
	const unsigned window = session->window + BESIDE_WINDOW;
	struct taken_request *taken = &own->taken[packet->number / 2];
	if (!back) {
		if (every && ++own->requests % every == 0) {
			nack(session);
			return false;
		}
		own->expected = (uint8_t)(own->expected + 2);
		own->nacked = false;
		*taken = (struct taken_request){ .operation = packet->operation };
		return true;
	}
	if (own->nacked && REQUESTS - back < window)
		return false;           /* sent before the nack was read */
	if (back <= window && taken->operation == packet->operation) {
		session->center->counts.repeats++;
		session_write(session, taken->answer, taken->len);
	} else if (!own->nacked) {
		nack(session);
	}
	return false;
}

/* The window that a login asks for, or the error. */
static unsigned window_wrong(struct session *session, const struct cimd2_pdu *packet, unsigned *window)
{
	const struct sim_options *options = session->center->options;
	const struct blob *value = cimd2_value(packet, CIMD2_WINDOW);
	const long asked = cimd2_number(packet, CIMD2_WINDOW, WINDOW_MAX, 0);
	*window = value ? (unsigned)asked : WINDOW_USUAL;
	if (value && options->no_window)
		return 105;
	return value && (!asked || (options->window && *window > options->window)) ? 104 : 0;
}

static void on_login(struct session *session, const struct cimd2_pdu *packet, const struct smpp_pdu *pdu,
    uint32_t wrong)
{
	unsigned window;
	const unsigned refused = window_wrong(session, packet, &window);
	if (!wrong && refused && session->state == SESSION_OPEN) {
		session->center->counts.binds_refused++;
		refuse(session, packet, refused);
		return;
	}
	if (session->state == SESSION_OPEN)
		session->window = window;
	react(session, pdu, wrong);
}

/* 05, 08, 09: what SMPP has nothing like. */
static void on_other(struct session *session, const struct cimd2_pdu *request)
{
	struct cimd2_pdu packet = { .operation = (uint8_t)(request->operation + CIMD2_RESPONSE),
		.number = request->number };
	char stamp[STAMP_ROOM];
	const bool bound = session_sends(session);
	const bool says = cimd2_value(request, CIMD2_REQUEST_MODE);
	const long mode = cimd2_number(request, CIMD2_REQUEST_MODE, MODE_ALL, says ? -1 : 1);
	if (bound && request->operation == CIMD2_GET) {
		stamp_write(stamp, session->center->unix_now);
		if (cimd2_number(request, CIMD2_GET_CODE, 999, 0) == CIMD2_CENTRE_TIME)
			cimd2_add_text(&packet, CIMD2_CENTRE_TIME, stamp);
		else
			add_error(&packet, 900);
	} else if (bound && request->operation == CIMD2_SET) {
		add_error(&packet, 801);
	} else if (bound && request->operation == CIMD2_DELIVERY_REQUEST) {
		const size_t n = session->account->queue.n;
		if (mode < 0)
			add_error(&packet, 501);
		if (mode == MODE_COUNT)
			cimd2_add_number(&packet, CIMD2_MESSAGE_COUNT, n > WAITING_MAX ? WAITING_MAX : (long)n);
	} else {
		session->center->counts.malformed += bound;
		add_error(&packet, 1);
	}
	answer(session, &packet);
}

static void on_request(struct session *session, const struct cimd2_pdu *packet, bool syntax)
{
	struct cimd2_reading reading = { .now = session->center->unix_now };
	if (!in_order(session, packet))
		return;
	uint32_t wrong = cimd2_read(packet, &reading);
	wrong = syntax ? STATUS_OWN + 2 : wrong;
	if (!reading.pdu.command)
		on_other(session, packet);
	else if (packet->operation == CIMD2_LOGIN)
		on_login(session, packet, &reading.pdu, wrong);
	else
		react(session, &reading.pdu, wrong);
}

static unsigned operation_of(const struct item *item)
{
	return item->kind == ITEM_RECEIPT ? CIMD2_REPORT : CIMD2_DELIVER;
}

/* All that was not answered goes out again, under numbers from the one that is expected on. */
static void on_nack(struct session *session, unsigned number)
{
	if (!session->account || !session_receives(session) || !session->flight.first)
		return;
	if (number % 2 == 0 && number < CIMD2_NUMBERS)
		session->sequence = (number + CIMD2_NUMBERS - 2) % CIMD2_NUMBERS;
	account_return(session);
}

static void on_response(struct session *session, const struct cimd2_pdu *packet)
{
	const struct item *item = packet->number < CIMD2_NUMBERS ? session_flying(session, packet->number) : NULL;
	if (packet->operation == CIMD2_NACK) {
		on_nack(session, packet->number);
		return;
	}
	if (!item || operation_of(item) + CIMD2_RESPONSE != packet->operation) {
		session->center->counts.stray_responses++;
		return;
	}
	const struct smpp_pdu pdu = { .command = (uint32_t)SMPP_DELIVER_SM_RESP, .sequence = packet->number,
		.status = status_of_cimd2((unsigned)cimd2_number(packet, CIMD2_ERROR_CODE, 999, 0)) };
	react(session, &pdu, SMPP_ROK);
}

static void cimd2_react(struct session *session, const uint8_t *at, size_t len)
{
	struct cimd2_pdu packet;
	if (!stx_is_frame(session, at, len))
		return;
	const enum cimd2_fault fault = cimd2_unpack(at, len, &packet);
	const bool response = packet.operation >= CIMD2_RESPONSE;
	if (fault == CIMD2_BAD_HEADER || fault == CIMD2_BAD_CHECKSUM) {
		if (fault == CIMD2_BAD_CHECKSUM && !response)
			nack(session);
		stx_bad(session);
		return;
	}
	session->bad = 0;
	if (response)
		on_response(session, &packet);
	else
		on_request(session, &packet, fault == CIMD2_SYNTAX);
}

/* A recipient as responses have it. */
static void recipient_write(char out[32], const struct item_address *address)
{
	snprintf(out, 32, "%s%s", address->ton == 1 ? "+" : "", address->digits);
}

static void cimd2_id(const struct taken *taken, int64_t stamp, char *out, size_t room)
{
	char recipient[32], text[STAMP_ROOM];
	recipient_write(recipient, &taken->recipient);
	stamp_write(text, stamp);
	snprintf(out, room, "%s:%s", recipient, text);
}

/* 021 and 060 of an id, which is cut in two for that. */
static void add_id(struct cimd2_pdu *packet, char id[ID_TEXT_MAX])
{
	char *colon = strrchr(id, ':');
	if (!colon)
		return;
	*colon = '\0';
	cimd2_add_text(packet, CIMD2_DESTINATION, id);
	cimd2_add_text(packet, CIMD2_TIMESTAMP, colon + 1);
}

/* Status codes and status error codes (reference, section 8). */
static const struct { uint8_t code, error; } states[] = {
	[STATE_ENROUTE] = { 1, 29 }, [STATE_DELIVERED] = { 4, 0 }, [STATE_EXPIRED] = { 2, 29 },
	[STATE_DELETED] = { 9, 0 }, [STATE_UNDELIVERABLE] = { 3, 1 }, [STATE_REJECTED] = { 3, 13 },
};

static void add_state(struct cimd2_pdu *packet, uint8_t state, const char *final)
{
	state = state < sizeof states / sizeof *states && states[state].code ? state : STATE_ENROUTE;
	cimd2_add_number(packet, CIMD2_STATUS, states[state].code);
	if (states[state].error)
		cimd2_add_number(packet, CIMD2_STATUS_ERROR, states[state].error);
	if (*final)
		cimd2_add_text(packet, CIMD2_DISCHARGE_TIME, final);
}

static unsigned error_of(const struct smpp_pdu *pdu)
{
	if (pdu->status == SMPP_RINVMSGID)
		return pdu->command == (uint32_t)SMPP_QUERY_SM_RESP ? 401 : 600;
	return status_cimd2(pdu->status);
}

static size_t pack_response(struct session *session, const struct smpp_pdu *pdu, uint8_t *out, size_t room)
{
	struct cimd2_pdu packet = { .number = (uint16_t)(pdu->sequence % CIMD2_NUMBERS),
		.operation = (uint8_t)(pdu->sequence / CIMD2_NUMBERS + CIMD2_RESPONSE) };
	char id[ID_TEXT_MAX], final[STAMP_ROOM];
	if (pdu->command == (uint32_t)SMPP_GENERIC_NACK)
		packet.operation = CIMD2_ERROR;
	snprintf(id, sizeof id, "%.*s", ID_TEXT_MAX - 1, pdu->message_id);
	snprintf(final, sizeof final, "%.12s", pdu->final_date);
	if (pdu->status) {
		add_error(&packet, error_of(pdu));
	} else if (pdu->command == (uint32_t)SMPP_SUBMIT_SM_RESP) {
		add_id(&packet, id);
	} else if (pdu->command == (uint32_t)SMPP_QUERY_SM_RESP) {
		add_id(&packet, id);
		add_state(&packet, pdu->message_state, final);
	}
	return pack_answer(session, &packet, out, room);
}

static size_t pack_report(const struct smpp_pdu *pdu, const struct smpp_tlv *told, uint8_t *out, size_t room)
{
	struct cimd2_pdu packet = { .operation = CIMD2_REPORT, .number = (uint16_t)pdu->sequence };
	char id[ID_TEXT_MAX];
	snprintf(id, sizeof id, "%.*s", (int)told->len, (const char *)told->at);
	if (!strchr(id, ':'))
		return 0;
	add_id(&packet, id);
	add_state(&packet, (uint8_t)smpp_tlv_number(pdu, SMPP_TAG_MESSAGE_STATE, 0), pdu->final_date);
	return cimd2_pack(&packet, out, room);
}

/* Header, and text or octets, with what says which of these it is. False: too long. */
struct body { char header[2 * OCTETS_MAX + 1]; uint8_t text[CIMD2_TEXT_EXPANDS * 160 + 1]; };

static bool add_body(struct cimd2_pdu *packet, const struct smpp_pdu *pdu, struct body *body)
{
	size_t len, udh = 0;
	const uint8_t *text = smpp_text(pdu, &len);
	const enum charset charset = dcs_read_smpp(pdu->data_coding, CHARSET_GSM7).charset;
	const bool septets = charset == CHARSET_GSM7;
	const long coding = pdu->data_coding > 0x0F || charset == CHARSET_UCS2 ? pdu->data_coding : septets ? 0 : 4;
	if (pdu->esm_class & SMPP_ESM_UDHI && len && text[0] < len)
		udh = text[0] + 1u;
	if (udh > OCTETS_MAX || len - udh > (septets ? (OCTETS_MAX - udh) * 8 / 7 : OCTETS_MAX - udh))
		return false;
	if (coding)
		cimd2_add_number(packet, CIMD2_CODING, coding);
	if (udh) {
		cimd2_write_hex(body->header, text, udh);
		cimd2_add(packet, CIMD2_HEADER, (struct blob){ (const uint8_t *)body->header, 2 * udh });
	}
	if (septets) {
		const size_t n = cimd2_text_write(body->text, sizeof body->text, text + udh, len - udh, CIMD2_SEVEN_BITS);
		cimd2_add(packet, CIMD2_TEXT, (struct blob){ body->text, n });
	} else {
		cimd2_write_hex((char *)body->text, text + udh, len - udh);
		cimd2_add(packet, CIMD2_BINARY, (struct blob){ body->text, 2 * (len - udh) });
	}
	return true;
}

static size_t pack_message(const struct smpp_pdu *pdu, uint8_t *out, size_t room)
{
	struct cimd2_pdu packet = { .operation = CIMD2_DELIVER, .number = (uint16_t)pdu->sequence };
	struct body body;
	char from[80], to[80];
	snprintf(from, sizeof from, "%s%s", pdu->source.ton == 1 ? "+" : "", pdu->source.digits);
	snprintf(to, sizeof to, "%s", pdu->destination.digits);
	cimd2_add_text(&packet, CIMD2_DESTINATION, to);
	cimd2_add_text(&packet, pdu->source.ton == TON_NAME ? CIMD2_ALPHANUMERIC : CIMD2_ORIGINATOR, from);
	cimd2_add_text(&packet, CIMD2_TIMESTAMP, pdu->final_date);
	if (!add_body(&packet, pdu, &body))
		return 0;
	if (pdu->protocol_id)
		cimd2_add_number(&packet, CIMD2_PROTOCOL_ID, pdu->protocol_id);
	return cimd2_pack(&packet, out, room);
}

static size_t pack(struct session *session, const struct smpp_pdu *pdu, uint8_t *out, size_t room)
{
	const struct smpp_tlv *told = smpp_tlv(pdu, SMPP_TAG_RECEIPTED_MESSAGE_ID);
	if (pdu->command == SMPP_DELIVER_SM)
		return told ? pack_report(pdu, told, out, room) : pack_message(pdu, out, room);
	return pdu->command & 0x80000000u ? pack_response(session, pdu, out, room) : 0;
}

const struct dialect dialect_cimd2 = {
	.name = "cimd2", .most_unbound = STX_FRAME_MAX, .repeats = true,
	.numbers = { .first = 0, .last = CIMD2_NUMBERS - 2, .step = 2, .most = FLIGHTS, .in_order = true },
	.begin = begin, .measure = stx_measure, .react = cimd2_react, .lost = stx_lost, .pack = pack,
	.id = cimd2_id,
};
