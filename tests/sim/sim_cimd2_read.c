/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sim_cimd2_read.c - requests of CIMD2 as requests of SMPP (reference, sections 4, 5 and 8 to 11).
 *
 * User data becomes septets, one to an octet; the header is put before it. A plus becomes the
 * type of an address. Times are taken as UTC: the centre's local time is that.
 */
#include "sim_cimd2_read.h"

#include "sim_status.h"

#include "../../drivers/cimd2.h"
#include "../../drivers/cimd2_text.h"
#include "../../drivers/smpp_time.h"
#include "../../sms/dcs.h"

#include <stdio.h>
#include <string.h>

enum {
	DIGITS_MAX = 20, NAME_MAX = 11, STAMP_DIGITS = 12, SHORT_NUMBER = 6, OCTETS_MAX = 140,
	REPORT_EXPIRED = 2, REPORT_FAILED = 4, REPORT_DELIVERED = 8, REPORT_PASSING = 1 | 64,
	REGISTERED_ALL = 1, REGISTERED_FAILURE = 2, REGISTERED_SUCCESS = 3, REGISTERED_INTERMEDIATE = 0x10,
	ESM_REPLY_PATH = 0x80, TAG_MORE_MESSAGES = 0x0426,
	TON_NAME = 5, TON_SHORT = 3,
	CODING_RESERVED = 0x80, CODING_WAITING = 0xC0,
	RELATIVE_MAX = 255, MINUTE = 60, HOUR = 60 * MINUTE, DAY = 24 * HOUR, WEEK = 7 * DAY,
	CANCEL_TO = 0, CANCEL_ALL = 1, CANCEL_ONE = 2,
};

static uint32_t error(unsigned code)
{
	return STATUS_OWN + code;
}

static uint8_t *put(struct cimd2_reading *reading, const void *at, size_t len)
{
	uint8_t *out = reading->octets + reading->n;
	if (len > sizeof reading->octets - reading->n)
		return NULL;
	memcpy(out, at, len);
	reading->n += len;
	return out;
}

static void text_of(const struct cimd2_pdu *packet, unsigned code, char *out, size_t room)
{
	const struct blob *value = cimd2_value(packet, code);
	const int len = value ? (int)(value->len < room ? value->len : room - 1) : 0;
	snprintf(out, room, "%.*s", len, value ? (const char *)value->at : "");
}

/* Digits, and a plus at their beginning. */
static bool address(const struct blob *value, struct smpp_address *out)
{
	const bool plus = value->len && *value->at == '+';
	const size_t n = value->len - plus;
	if (!n || n > DIGITS_MAX)
		return false;
	snprintf(out->digits, sizeof out->digits, "%.*s", (int)n, (const char *)value->at + plus);
	out->ton = plus ? 1 : n <= SHORT_NUMBER ? TON_SHORT : 0;
	out->npi = 1;
	return strspn(out->digits, "0123456789-") == n;
}

static uint32_t addresses(const struct cimd2_pdu *packet, struct smpp_pdu *pdu)
{
	const struct blob *to = cimd2_value(packet, CIMD2_DESTINATION);
	const struct blob *from = cimd2_value(packet, CIMD2_ORIGINATOR);
	const struct blob *name = cimd2_value(packet, CIMD2_ALPHANUMERIC);
	unsigned n = 0;
	for (unsigned i = 0; i < packet->nparameters; i++)
		n += packet->parameters[i].code == CIMD2_DESTINATION;
	if (n > 1)
		return error(301);
	if (!to || !address(to, &pdu->destination))
		return SMPP_RINVDSTADR;
	if (from && (name || !address(from, &pdu->source)))
		return SMPP_RINVSRCADR;
	if (!name)
		return SMPP_ROK;
	if (!name->len || name->len > NAME_MAX)
		return error(321);
	text_of(packet, CIMD2_ALPHANUMERIC, pdu->source.digits, sizeof pdu->source.digits);
	pdu->source.ton = TON_NAME;
	return SMPP_ROK;
}

/* What a value of 050 or 053 stands for, in seconds (23.040, TP-VP); 0 for -1. */
static int64_t period(long value)
{
	if (value < 0)
		return 0;
	if (value <= 143)
		return (value + 1) * 5 * MINUTE;
	if (value <= 167)
		return 12 * HOUR + (value - 143) * 30 * MINUTE;
	return value <= 196 ? (value - 166) * (int64_t)DAY : (value - 192) * (int64_t)WEEK;
}

/* One of a pair of times, of which there may be one. False: both are, or it is none. */
static bool time_read(const struct cimd2_pdu *packet, unsigned relative, unsigned absolute, int64_t now,
    char out[18])
{
	const struct blob *span = cimd2_value(packet, relative), *at = cimd2_value(packet, absolute);
	char stamp[STAMP_DIGITS + 1];
	int64_t when;
	long value;
	if (span && at)
		return false;
	if (span) {
		if (!cimd2_read_number(span, RELATIVE_MAX, &value) && !(span->len == 2 && !memcmp(span->at, "-1", 2)))
			return false;
		value = span->len == 2 && *span->at == '-' ? -1 : value;
		return value < 0 || smpp_time_write(out, SMPP_TIME_RELATIVE, now, now + period(value));
	}
	if (!at)
		return true;
	text_of(packet, absolute, stamp, sizeof stamp);
	snprintf(out, 18, "%s000+", stamp);
	return cimd2_read_time(at, 0, &when);
}

static uint8_t registered(long request)
{
	const bool delivered = request & REPORT_DELIVERED, failed = request & (REPORT_EXPIRED | REPORT_FAILED);
	const uint8_t last = delivered && failed ? REGISTERED_ALL : delivered ? REGISTERED_SUCCESS :
	    failed ? REGISTERED_FAILURE : 0;
	return (uint8_t)(last | (request & REPORT_PASSING ? REGISTERED_INTERMEDIATE : 0));
}

/* Parameters that are a number, with the error for one that is none. */
static uint32_t numbers(const struct cimd2_pdu *packet, struct cimd2_reading *reading)
{
	struct smpp_pdu *pdu = &reading->pdu;
	long coding = 0, pid = 0, reply = 0, report = 0, priority = 0, more = 0;
	const struct { unsigned code; long most; unsigned error; long *out; } rows[] = {
		{ CIMD2_CODING, 255, 8, &coding }, { CIMD2_PROTOCOL_ID, 255, 307, &pid },
		{ CIMD2_REPLY_PATH, 1, 309, &reply }, { CIMD2_REPORT_REQUEST, 255, 310, &report },
		{ CIMD2_PRIORITY, 9, 312, &priority }, { CIMD2_MORE_MESSAGES, 1, 318, &more },
		{ CIMD2_CANCEL_ENABLED, 1, 311, NULL }, { CIMD2_TARIFF_CLASS, 99, 313, NULL },
		{ CIMD2_SERVICE_DESCRIPTION, 9, 314, NULL },
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		const struct blob *value = cimd2_value(packet, rows[i].code);
		long number;
		if (!value)
			continue;
		if (!cimd2_read_number(value, rows[i].most, &number))
			return error(rows[i].error);
		if (rows[i].out)
			*rows[i].out = number;
		else
			smpp_tlv_add(pdu, (uint16_t)(CIMD2_TAG_PARAMETER + rows[i].code), value->at, (uint16_t)value->len);
	}
	if (coding >= CODING_RESERVED && coding < CODING_WAITING)
		return error(304);
	pdu->data_coding = (uint8_t)coding;
	pdu->protocol_id = (uint8_t)pid;
	pdu->priority_flag = (uint8_t)priority;
	pdu->registered_delivery = registered(report);
	pdu->esm_class = reply ? ESM_REPLY_PATH : 0;
	if (more)
		smpp_tlv_add(pdu, TAG_MORE_MESSAGES, put(reading, "\1", 1), 1);
	return SMPP_ROK;
}

/* Header, and text or octets. */
static uint32_t body(const struct cimd2_pdu *packet, struct cimd2_reading *reading)
{
	const struct blob *header = cimd2_value(packet, CIMD2_HEADER), *text = cimd2_value(packet, CIMD2_TEXT);
	const struct blob *binary = cimd2_value(packet, CIMD2_BINARY);
	uint8_t octets[CIMD2_PACKET_MAX];
	size_t udh = 0, len = 0;
	if (!!text + !!binary + !!header == 0 || (text && binary))
		return error(303);
	if (header && !cimd2_read_hex(header, octets, OCTETS_MAX, &udh))
		return error(8);
	if (header && (!udh || octets[0] + 1u != udh))
		return error(303);
	reading->pdu.short_message = put(reading, octets, udh);
	if (binary && !cimd2_read_hex(binary, octets, OCTETS_MAX, &len))
		return error(8);
	if (text)
		len = cimd2_text_read(octets, sizeof octets, text->at, text->len, NULL);
	if (len > (text ? (OCTETS_MAX - udh) * 8 / 7 : OCTETS_MAX - udh))
		return error(302);
	if (!reading->pdu.short_message || !put(reading, octets, len))
		return error(302);
	reading->pdu.sm_length = (uint8_t)(udh + len);
	if (udh)
		reading->pdu.esm_class |= SMPP_ESM_UDHI;
	return SMPP_ROK;
}

static uint32_t submit(const struct cimd2_pdu *packet, struct cimd2_reading *reading)
{
	struct smpp_pdu *pdu = &reading->pdu;
	uint32_t wrong = addresses(packet, pdu);
	wrong = wrong ? wrong : numbers(packet, reading);
	wrong = wrong ? wrong : body(packet, reading);
	if (wrong)
		return wrong;
	if (!time_read(packet, CIMD2_VALIDITY_RELATIVE, CIMD2_VALIDITY_ABSOLUTE, reading->now, pdu->validity_period))
		return SMPP_RINVEXPIRY;
	if (!time_read(packet, CIMD2_FIRST_RELATIVE, CIMD2_FIRST_ABSOLUTE, reading->now,
	    pdu->schedule_delivery_time))
		return SMPP_RINVSCHED;
	return SMPP_ROK;
}

static uint32_t message_id(const struct cimd2_pdu *packet, struct cimd2_reading *reading)
{
	const struct blob *to = cimd2_value(packet, CIMD2_DESTINATION);
	const struct blob *at = cimd2_value(packet, CIMD2_TIMESTAMP);
	if (!to || !at)
		return error(2);
	if (to->len > DIGITS_MAX + 1u || at->len > STAMP_DIGITS)
		return SMPP_RINVMSGID;
	snprintf(reading->pdu.message_id, sizeof reading->pdu.message_id, "%.*s:%.*s", (int)to->len,
	    (const char *)to->at, (int)at->len, (const char *)at->at);
	return SMPP_ROK;
}

static uint32_t cancel(const struct cimd2_pdu *packet, struct cimd2_reading *reading)
{
	const struct blob *to = cimd2_value(packet, CIMD2_DESTINATION);
	switch (cimd2_number(packet, CIMD2_CANCEL_MODE, CANCEL_ONE, -1)) {
	case CANCEL_ONE: return message_id(packet, reading);
	case CANCEL_ALL: return SMPP_ROK;
	case CANCEL_TO: return to && address(to, &reading->pdu.destination) ? SMPP_ROK : error(601);
	default: return error(602);
	}
}

static uint32_t login(const struct cimd2_pdu *packet, struct cimd2_reading *reading)
{
	struct smpp_pdu *pdu = &reading->pdu;
	const struct blob *user = cimd2_value(packet, CIMD2_USER);
	pdu->interface_version = 0x34;
	text_of(packet, CIMD2_USER, pdu->system_id, sizeof pdu->system_id);
	text_of(packet, CIMD2_PASSWORD, pdu->password, sizeof pdu->password);
	return user && user->len && user->len < sizeof pdu->system_id ? SMPP_ROK : error(100);
}

static uint32_t bare(const struct cimd2_pdu *packet, struct cimd2_reading *reading)
{
	(void)packet, (void)reading;
	return SMPP_ROK;
}

uint32_t cimd2_read(const struct cimd2_pdu *packet, struct cimd2_reading *reading)
{
	static const struct {
		uint8_t operation;
		uint32_t command;
		uint32_t (*read)(const struct cimd2_pdu *, struct cimd2_reading *);
	} rows[] = {
		{ CIMD2_LOGIN, SMPP_BIND_TRANSCEIVER, login }, { CIMD2_LOGOUT, SMPP_UNBIND, bare },
		{ CIMD2_SUBMIT, SMPP_SUBMIT_SM, submit }, { CIMD2_ENQUIRE, SMPP_QUERY_SM, message_id },
		{ CIMD2_CANCEL, SMPP_CANCEL_SM, cancel }, { CIMD2_ALIVE, SMPP_ENQUIRE_LINK, bare },
	};
	memset(&reading->pdu, 0, sizeof reading->pdu);
	reading->n = 0;
	reading->pdu.sequence = cimd2_sequence(packet->operation, packet->number);
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		if (rows[i].operation != packet->operation)
			continue;
		reading->pdu.command = rows[i].command;
		return rows[i].read(packet, reading);
	}
	return SMPP_ROK;
}
