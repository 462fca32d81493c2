/* SPDX-License-Identifier: Apache-2.0 */
/*
 * encode.c - which alphabet, how many parts, where to cut.
 *
 * A text becomes a row of units first: septets, or UTF-16 code units of two
 * octets. A cut may not fall inside a pair, and in both alphabets the first
 * unit of a pair can be told by looking at it: an escape, a high surrogate.
 */
#include "encode.h"

#include "../sms/alphabet.h"

#include <stdio.h>
#include <string.h>

enum {
	UDH_CONCAT = 6,                 /* UDHL, IEI 00, length 3, reference, total, number */
	GSM7_SINGLE = 160, GSM7_EACH = 153,
	UCS2_SINGLE = 70, UCS2_EACH = 67,
	UNITS_MAX = TEXT_PARTS_MAX * GSM7_EACH,
};

struct units {
	enum coding coding;
	unsigned width;                 /* octets a unit */
	size_t single, each;            /* units in a lone part, in one of several */
	size_t n;
	uint8_t at[UNITS_MAX * 2 + 4];
};

/* False when a character is not in the alphabet (*foreign) or there are too many. */
static bool as_gsm7(struct units *units, const char *body, bool *foreign)
{
	*units = (struct units){ .coding = CODING_GSM7, .width = 1, .single = GSM7_SINGLE,
		.each = GSM7_EACH };
	const uint8_t *at = (const uint8_t *)body, *end = at + strlen(body);
	while (at < end) {
		size_t n = gsm7_put(units->at + units->n, utf8_next(&at, end));
		*foreign = n == 0;
		if (*foreign || units->n + n > UNITS_MAX)
			return false;
		units->n += n;
	}
	return true;
}

static bool as_ucs2(struct units *units, const char *body)
{
	*units = (struct units){ .coding = CODING_UCS2, .width = 2, .single = UCS2_SINGLE,
		.each = UCS2_EACH };
	const uint8_t *at = (const uint8_t *)body, *end = at + strlen(body);
	while (at < end) {
		uint32_t point = utf8_next(&at, end);
		uint16_t pair[2] = { (uint16_t)point };
		size_t n = 1;
		if (point > 0xFFFF) {
			pair[0] = (uint16_t)(0xD800 + ((point - 0x10000) >> 10));
			pair[1] = (uint16_t)(0xDC00 + ((point - 0x10000) & 0x3FF));
			n = 2;
		}
		if (units->n + n > TEXT_PARTS_MAX * UCS2_EACH)
			return false;
		for (size_t i = 0; i < n; i++) {
			units->at[2 * units->n] = (uint8_t)(pair[i] >> 8);
			units->at[2 * units->n + 1] = (uint8_t)pair[i];
			units->n++;
		}
	}
	return true;
}

static bool begins_pair(const struct units *units, size_t i)
{
	if (units->coding == CODING_GSM7)
		return units->at[i] == GSM7_ESCAPE;
	return (units->at[2 * i] & 0xFC) == 0xD8;
}

/* How many units from `from` on go into one part of several. */
static size_t take(const struct units *units, size_t from)
{
	size_t n = units->n - from;
	if (n <= units->each)
		return n;
	return begins_pair(units, from + units->each - 1) ? units->each - 1 : units->each;
}

static unsigned count_parts(const struct units *units)
{
	if (units->n <= units->single)
		return 1;
	unsigned parts = 0;
	for (size_t from = 0; from < units->n; from += take(units, from))
		parts++;
	return parts;
}

static void fill(struct part *part, const struct units *units, size_t from, size_t n,
    const uint8_t *udh, size_t udh_len)
{
	part->coding = units->coding;
	part->udh_len = (uint8_t)udh_len;
	part->len = (uint8_t)(udh_len + n * units->width);
	if (udh_len)
		memcpy(part->octets, udh, udh_len);
	memcpy(part->octets + udh_len, units->at + from * units->width, n * units->width);
}

static void cut(struct message *message, const struct units *units)
{
	message->nparts = (uint8_t)count_parts(units);
	message->parts = batch_alloc(message->batch, message->nparts * sizeof *message->parts);
	for (size_t i = 0, from = 0; i < message->nparts; i++) {
		struct part *part = &message->parts[i];
		part->message = message;
		part->number = (uint8_t)(i + 1);
		part->taken = message->taken[i / 8] >> (i % 8) & 1;
		const uint8_t udh[UDH_CONCAT] = { UDH_CONCAT - 1, 0x00, 3, (uint8_t)message->id,
			message->nparts, part->number };
		size_t n = message->nparts == 1 ? units->n : take(units, from);
		fill(part, units, from, n, udh, message->nparts == 1 ? 0 : sizeof udh);
		from += n;
	}
}

/* What is asked for in a row and cannot be done is refused, never left out. */
static bool understood(const struct message *message, char *why, size_t room)
{
	if (strcmp(message->kind, "text") != 0 && strcmp(message->kind, "flash") != 0)
		snprintf(why, room, "kind \"%.40s\" is not known: use text or flash", message->kind);
	else if (message->data.len > 0)
		snprintf(why, room, "data is set, but kind \"%.40s\" sends body alone", message->kind);
	else if (message->options && strspn(message->options, " \t\r\n{}") != strlen(message->options))
		snprintf(why, room, "options are not known to this version: %.80s", message->options);
	else
		return true;
	return false;
}

bool encode_message(struct message *message, char *why, size_t room)
{
	if (!understood(message, why, room))
		return false;
	struct units units;
	bool foreign = false;
	if (as_gsm7(&units, message->body, &foreign) || (foreign && as_ucs2(&units, message->body))) {
		cut(message, &units);
		if (message->nparts <= TEXT_PARTS_MAX)
			return true;
	}
	snprintf(why, room, "body is too long: %zu octets do not fit into %d parts",
	    strlen(message->body), TEXT_PARTS_MAX);
	return false;
}
