/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sim_text.c - a text as handsets send it: encoded, and cut into parts.
 *
 * A part never ends inside an escape pair or a surrogate pair. Where parts lie
 * follows from the units alone, so nothing of it has to be kept.
 */
#include "sim_text.h"

#include "../../drivers/smpp_pdu.h"
#include "../../sms/alphabet.h"

#include <assert.h>
#include <string.h>
#include <time.h>

enum { HEADER = 6 };                    /* 05 00 03 ref parts part */

struct slice { size_t at, n; };

static void units_begin(struct units *units, size_t size, size_t single, size_t each)
{
	units->n = 0;
	units->size = size;
	units->single = single;
	units->each = each;
}

bool units_gsm7(struct units *units, const char *text)
{
	const uint8_t *at = (const uint8_t *)text, *end = at + strlen(text);
	units_begin(units, 1, 160, 153);
	while (at < end) {
		const size_t n = gsm7_put(units->at + units->n, utf8_next(&at, end));
		units->n += n;
		if (!n || units->n > UNITS_MAX)
			return false;
	}
	return true;
}

bool units_ucs2(struct units *units, const char *text)
{
	const uint8_t *at = (const uint8_t *)text, *end = at + strlen(text);
	units_begin(units, 2, 140, 134);
	while (at < end) {
		const uint32_t point = utf8_next(&at, end);
		unsigned pair[2] = { point, 0 };
		if (point > 0xffff) {
			pair[0] = 0xd800 + ((point - 0x10000) >> 10);
			pair[1] = 0xdc00 + ((point - 0x10000) & 0x3ff);
		}
		for (unsigned i = 0; i < 1u + !!pair[1]; i++) {
			units->at[units->n++] = (uint8_t)(pair[i] >> 8);
			units->at[units->n++] = (uint8_t)pair[i];
		}
		if (units->n > UNITS_MAX)
			return false;
	}
	return true;
}

/* Whether a part must not end behind the unit that ends at this octet. */
static bool inseparable(const struct units *units, size_t end)
{
	if (units->size == 1)
		return units->at[end - 1] == GSM7_ESCAPE;
	return (units->at[end - 2] & 0xfc) == 0xd8;
}

/* Where part `part` lies; returns how many parts there are. */
static unsigned slice(const struct units *units, unsigned part, struct slice *out)
{
	*out = (struct slice){ 0, units->n };
	if (units->n <= units->single)
		return 1;
	unsigned parts = 0;
	for (size_t at = 0; at < units->n;) {
		size_t n = units->n - at < units->each ? units->n - at : units->each;
		if (at + n < units->n && inseparable(units, at + n))
			n -= units->size;
		if (++parts == part)
			*out = (struct slice){ at, n };
		at += n;
	}
	return parts;
}

unsigned units_parts(const struct units *units)
{
	struct slice first;
	return slice(units, 1, &first);
}

void units_part(const struct units *units, unsigned part, uint8_t reference, uint8_t out[PART_MAX],
    struct smpp_pdu *pdu)
{
	struct slice where;
	const unsigned parts = slice(units, part, &where);
	assert(part >= 1 && part <= parts);
	const uint8_t elements[HEADER] = { 5, 0, 3, reference, (uint8_t)parts, (uint8_t)part };
	const size_t header = parts > 1 ? HEADER : 0;
	memcpy(out, elements, header);
	memcpy(out + header, units->at + where.at, where.n);
	pdu->short_message = out;
	pdu->sm_length = (uint8_t)(header + where.n);
	if (header)
		pdu->esm_class |= SMPP_ESM_UDHI;
}

void stamp_write(char out[STAMP_ROOM], int64_t at)
{
	struct tm utc;
	const time_t seconds = (time_t)at;
	gmtime_r(&seconds, &utc);
	strftime(out, STAMP_ROOM, "%y%m%d%H%M%S", &utc);
}
