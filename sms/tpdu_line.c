/* SPDX-License-Identifier: Apache-2.0 */
/* tpdu_line.c - TPDUs in lines of hex, as modems have them (3GPP TS 27.005, 3.1). */
#include "tpdu.h"

#include <stdio.h>
#include <string.h>

enum { CENTRE_MAX = 11, LINE_MAX_OCTETS = 512 }; /* cards pad their records */

static int digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

bool tpdu_unhex(uint8_t *out, size_t room, size_t *len, const char *hex)
{
	const size_t digits = strlen(hex);
	*len = 0;
	if (digits == 0 || digits % 2 || digits / 2 > room)
		return false;
	for (size_t i = 0; i < digits / 2; i++) {
		const int high = digit(hex[2 * i]), low = digit(hex[2 * i + 1]);
		if (high < 0 || low < 0)
			return false;
		out[i] = (uint8_t)(high << 4 | low);
	}
	*len = digits / 2;
	return true;
}

size_t tpdu_centre(struct address *centre, const uint8_t *at, size_t len, size_t length)
{
	*centre = (struct address){ 0 };
	if (len == 0)
		return SIZE_MAX;
	const size_t n = at[0];
	if (length && len == length && len != length + 1 + n)
		return 0;                   /* a modem that leaves it out */
	if (n > CENTRE_MAX || n + 1 > len)
		return SIZE_MAX;
	if (n < 2)
		return n + 1;
	/* Counted in octets here; an address counts semi-octets. */
	uint8_t address[TPDU_ADDRESS_MAX + 1] = { (uint8_t)(2 * (n - 1)) };
	memcpy(address + 1, at + 1, n);
	tpdu_address_read(centre, address, n + 1);
	return n + 1;
}

bool tpdu_line_read(struct tpdu *tpdu, struct address *centre, const struct tpdu_given *given,
    char *why, size_t room)
{
	uint8_t octets[LINE_MAX_OCTETS];
	size_t len;
	*tpdu = (struct tpdu){ .cause = -1 };
	*centre = (struct address){ 0 };
	if (!tpdu_unhex(octets, sizeof octets, &len, given->hex)) {
		snprintf(why, room, "the line of %zu characters is no hex", strlen(given->hex));
		return false;
	}
	const size_t before = tpdu_centre(centre, octets, len, given->length);
	const size_t from = before == SIZE_MAX ? 0 : before;
	return tpdu_read(tpdu, octets + from, len - from, given->direction, false, why, room);
}

size_t tpdu_line(char *out, size_t room, const struct address *centre, const struct tpdu *tpdu)
{
	static const char hex[] = "0123456789ABCDEF";
	uint8_t octets[1 + TPDU_ADDRESS_MAX + TPDU_MAX] = { 0 };
	size_t before = 1;
	if (centre && *centre->text) {
		uint8_t address[TPDU_ADDRESS_MAX];
		const size_t n = tpdu_address_write(address, centre);
		if (n < 2 || centre->ton == TON_ALPHANUMERIC)
			return 0;
		octets[0] = (uint8_t)(n - 1);
		memcpy(octets + 1, address + 1, n - 1);
		before = n;
	}
	const size_t n = tpdu_write(octets + before, tpdu);
	if (n == 0 || room < 2 * (before + n) + 1)
		return 0;
	for (size_t i = 0; i < before + n; i++) {
		out[2 * i] = hex[octets[i] >> 4];
		out[2 * i + 1] = hex[octets[i] & 0x0F];
	}
	out[2 * (before + n)] = '\0';
	return n;
}
