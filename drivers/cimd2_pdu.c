/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cimd2_pdu.c - CIMD2 packets between octets and a struct.
 *
 * A packet is a flat list of parameters, so one loop reads and one writes whatever the
 * operation. Which parameters go with which one is known to those who use them.
 */
#include "cimd2_pdu.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

enum {
	HEADER = 8,                     /* STX ZZ:NNN TAB */
	SHORTEST = HEADER + 1,          /* and ETX */
	CODE = 4,                       /* PPP: */
	CHECKSUM = 2,
	OPERATION_MAX = 99, THREE_DIGITS_MAX = 999,
};

/* A number of exactly n digits, or -1. */
static int digits(const uint8_t *at, unsigned n)
{
	int number = 0;
	for (unsigned i = 0; i < n; i++) {
		if (!isdigit(at[i]))
			return -1;
		number = number * 10 + at[i] - '0';
	}
	return number;
}

static int hex_digit(uint8_t c)
{
	if (isdigit(c))
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

static uint8_t sum(const uint8_t *at, size_t len)
{
	uint8_t total = 0;
	while (len--)
		total = (uint8_t)(total + *at++);
	return total;
}

static bool is_forbidden(uint8_t c)
{
	return !c || c == CIMD2_STX || c == CIMD2_ETX || c == CIMD2_TAB;
}

static bool read_header(const uint8_t *packet, size_t len, struct cimd2_pdu *pdu)
{
	if (len < SHORTEST || packet[0] != CIMD2_STX || packet[len - 1] != CIMD2_ETX ||
	    packet[3] != ':' || packet[HEADER - 1] != CIMD2_TAB)
		return false;
	const int operation = digits(packet + 1, 2), number = digits(packet + 4, 3);
	if (operation < 0 || number < 0)
		return false;
	pdu->operation = (uint8_t)operation;
	pdu->number = (uint16_t)number;
	return true;
}

/* One field, without its TAB. */
static bool read_parameter(const uint8_t *at, size_t len, struct cimd2_pdu *pdu)
{
	const int code = len >= CODE && at[CODE - 1] == ':' ? digits(at, CODE - 1) : -1;
	if (code < 0 || pdu->nparameters == CIMD2_PARAMETERS_MAX)
		return false;
	for (size_t i = CODE; i < len; i++)
		if (is_forbidden(at[i]))
			return false;
	pdu->parameters[pdu->nparameters++] = (struct cimd2_parameter){ .code = (uint16_t)code,
		.value = { at + CODE, len - CODE } };
	return true;
}

/* Every field ends with a TAB; `end` is behind the last one. */
static bool read_parameters(const uint8_t *at, const uint8_t *end, struct cimd2_pdu *pdu)
{
	bool good = true;
	while (at < end) {
		const uint8_t *tab = memchr(at, CIMD2_TAB, (size_t)(end - at));
		if (!read_parameter(at, (size_t)(tab - at), pdu))
			good = false;
		at = tab + 1;
	}
	return good;
}

enum cimd2_fault cimd2_unpack(const uint8_t *packet, size_t len, struct cimd2_pdu *pdu)
{
	*pdu = (struct cimd2_pdu){ .nparameters = 0 };
	if (!read_header(packet, len, pdu))
		return CIMD2_BAD_HEADER;
	const uint8_t *const last = memrchr(packet, CIMD2_TAB, len), *const tail = last + 1;
	const size_t ntail = (size_t)(packet + len - 1 - tail);
	bool good = ntail == 0 || ntail == CHECKSUM;
	if (ntail == CHECKSUM) {
		const int high = hex_digit(tail[0]), low = hex_digit(tail[1]);
		pdu->checked = high >= 0 && low >= 0;
		good = pdu->checked;
		if (good && high * 16 + low != sum(packet, (size_t)(tail - packet)))
			return CIMD2_BAD_CHECKSUM;
	}
	if (!read_parameters(packet + HEADER, tail, pdu))
		good = false;
	return good ? CIMD2_FINE : CIMD2_SYNTAX;
}

/* True when it fits, in octets that it may have. */
static bool write_parameter(const struct cimd2_parameter *parameter, uint8_t *out, size_t room)
{
	const struct blob *value = &parameter->value;
	char code[CODE + 1];
	if (parameter->code > THREE_DIGITS_MAX || room < CODE + value->len + 1)
		return false;
	for (size_t i = 0; i < value->len; i++)
		if (is_forbidden(value->at[i]))
			return false;
	snprintf(code, sizeof code, "%03u:", parameter->code % 1000u);
	memcpy(out, code, CODE);
	if (value->len)
		memcpy(out + CODE, value->at, value->len);
	out[CODE + value->len] = CIMD2_TAB;
	return true;
}

size_t cimd2_pack(const struct cimd2_pdu *pdu, uint8_t *out, size_t room)
{
	char text[HEADER + 1];
	size_t n = HEADER;
	if (room < HEADER + CHECKSUM + 1 || pdu->operation > OPERATION_MAX ||
	    pdu->number > THREE_DIGITS_MAX || pdu->nparameters > CIMD2_PARAMETERS_MAX)
		return 0;
	snprintf(text, sizeof text, "%c%02u:%03u%c", CIMD2_STX, pdu->operation % 100u,
	    pdu->number % 1000u, CIMD2_TAB);
	memcpy(out, text, HEADER);
	for (unsigned i = 0; i < pdu->nparameters; i++) {
		if (!write_parameter(&pdu->parameters[i], out + n, room - n))
			return 0;
		n += CODE + pdu->parameters[i].value.len + 1;
	}
	if (room - n < CHECKSUM + 1)
		return 0;
	snprintf(text, sizeof text, "%02X", sum(out, n));
	memcpy(out + n, text, CHECKSUM);
	out[n + CHECKSUM] = CIMD2_ETX;
	return n + CHECKSUM + 1;
}

const struct blob *cimd2_value(const struct cimd2_pdu *pdu, unsigned code)
{
	for (unsigned i = 0; i < pdu->nparameters; i++)
		if (pdu->parameters[i].code == code)
			return &pdu->parameters[i].value;
	return NULL;
}

bool cimd2_read_number(const struct blob *value, long max, long *number)
{
	long n = 0;
	for (size_t i = 0; i < value->len; i++) {
		if (!isdigit(value->at[i]))
			return false;
		n = n * 10 + value->at[i] - '0';
		if (n > max)
			return false;
	}
	*number = n;
	return value->len > 0;
}

long cimd2_number(const struct cimd2_pdu *pdu, unsigned code, long max, long otherwise)
{
	long number;
	const struct blob *value = cimd2_value(pdu, code);
	return value && cimd2_read_number(value, max, &number) ? number : otherwise;
}

void cimd2_add(struct cimd2_pdu *pdu, unsigned code, struct blob value)
{
	if (pdu->nparameters < CIMD2_PARAMETERS_MAX)
		pdu->parameters[pdu->nparameters] = (struct cimd2_parameter){ .value = value,
			.code = (uint16_t)(code > UINT16_MAX ? UINT16_MAX : code) };
	if (pdu->nparameters <= CIMD2_PARAMETERS_MAX)
		pdu->nparameters++;
}

void cimd2_add_text(struct cimd2_pdu *pdu, unsigned code, const char *value)
{
	cimd2_add(pdu, code, (struct blob){ (const uint8_t *)value, strlen(value) });
}

void cimd2_add_number(struct cimd2_pdu *pdu, unsigned code, long number)
{
	char *at = pdu->digits + pdu->ndigits;
	const size_t room = sizeof pdu->digits - pdu->ndigits;
	const int n = snprintf(at, room, "%ld", number);
	if ((size_t)n >= room) {
		pdu->nparameters = CIMD2_PARAMETERS_MAX + 1;
		return;
	}
	pdu->ndigits += (unsigned)n + 1;
	cimd2_add(pdu, code, (struct blob){ (const uint8_t *)at, (size_t)n });
}

bool cimd2_read_hex(const struct blob *value, uint8_t *out, size_t room, size_t *len)
{
	*len = 0;
	if (value->len % 2 || value->len / 2 > room)
		return false;
	for (size_t i = 0; i < value->len; i += 2) {
		const int high = hex_digit(value->at[i]), low = hex_digit(value->at[i + 1]);
		if (high < 0 || low < 0)
			return false;
		out[i / 2] = (uint8_t)(high * 16 + low);
	}
	*len = value->len / 2;
	return true;
}

void cimd2_write_hex(char *out, const uint8_t *at, size_t len)
{
	static const char hex[] = "0123456789ABCDEF";
	for (size_t i = 0; i < len; i++) {
		*out++ = hex[at[i] >> 4];
		*out++ = hex[at[i] & 0x0F];
	}
}

const char *cimd2_operation_name(unsigned operation)
{
	static const char *const names[OPERATION_MAX + 1] = {
		[CIMD2_LOGIN] = "login", [CIMD2_LOGOUT] = "logout", [CIMD2_SUBMIT] = "submit message",
		[CIMD2_ENQUIRE] = "enquire message status",
		[CIMD2_DELIVERY_REQUEST] = "delivery request", [CIMD2_CANCEL] = "cancel message",
		[CIMD2_SET] = "set", [CIMD2_GET] = "get", [CIMD2_DELIVER] = "deliver message",
		[CIMD2_REPORT] = "deliver status report", [CIMD2_ALIVE] = "alive",
		[CIMD2_LOGIN_RESP] = "login response", [CIMD2_LOGOUT_RESP] = "logout response",
		[CIMD2_SUBMIT_RESP] = "submit response", [CIMD2_ENQUIRE_RESP] = "enquire response",
		[CIMD2_DELIVERY_REQUEST_RESP] = "delivery request response",
		[CIMD2_CANCEL_RESP] = "cancel response", [CIMD2_SET_RESP] = "set response",
		[CIMD2_GET_RESP] = "get response", [CIMD2_DELIVER_RESP] = "deliver response",
		[CIMD2_REPORT_RESP] = "status report response", [CIMD2_ALIVE_RESP] = "alive response",
		[CIMD2_ERROR] = "general error response", [CIMD2_NACK] = "nack",
	};
	return operation <= OPERATION_MAX ? names[operation] : NULL;
}
