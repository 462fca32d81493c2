/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cimd2_text.c - user data (033) to and from septets.
 *
 * One table has the combination of each septet that needs one; all others are the ASCII character
 * of the same number. Reading looks the pair up in it, which is short enough for that.
 */
#include "cimd2_text.h"

#include "../sms/alphabet.h"

#include <stdbool.h>

enum {
	UNDERSCORE = 0x11, DOLLAR = 0x02, /* septets */
	UNKNOWN = '?',
	SEPTETS = 128, ASCII_END = 0x80,
};

/* What follows the underscore. Septet 02 ($) has no combination and is written raw. */
static const char combinations[SEPTETS][3] = {
	[0x00] = "Oa",  [0x01] = "L-",  [0x03] = "Y-",  [0x04] = "e`",  [0x05] = "e'",
	[0x06] = "u`",  [0x07] = "i`",  [0x08] = "o`",  [0x09] = "C,",  [0x0B] = "O/",
	[0x0C] = "o/",  [0x0E] = "A*",  [0x0F] = "a*",  [0x10] = "gd",  [0x11] = "--",
	[0x12] = "gf",  [0x13] = "gg",  [0x14] = "gl",  [0x15] = "go",  [0x16] = "gp",
	[0x17] = "gi",  [0x18] = "gs",  [0x19] = "gt",  [0x1A] = "gx",  [0x1B] = "XX",
	[0x1C] = "AE",  [0x1D] = "ae",  [0x1E] = "ss",  [0x1F] = "E'",  [0x22] = "qq",
	[0x24] = "ox",  [0x40] = "!!",  [0x5B] = "A\"", [0x5C] = "O\"", [0x5D] = "N~",
	[0x5E] = "U\"", [0x5F] = "so",  [0x60] = "??",  [0x7B] = "a\"", [0x7C] = "o\"",
	[0x7D] = "n~",  [0x7E] = "u\"", [0x7F] = "a`",
};

/* Spellings that are only read. */
static const struct { char pair[3]; uint8_t septet; } aliases[] = {
	{ "e\"", 0x05 },                /* a manual's é */
};

/* Single octets that do not stand for themselves. */
static const struct { uint8_t octet, septet; } singles[] = {
	{ '@', 0x00 }, { '$', DOLLAR }, { ']', 0x0E }, { '}', 0x0F }, { '[', 0x5B }, { '\\', 0x5C },
	{ '^', 0x5E }, { '{', 0x7B }, { '|', 0x7C }, { '~', 0x7E }, { '`', 0x60 },
	{ '_', UNDERSCORE },
};

/* The letter of ISO 8859-1 beyond ASCII that a septet is, or 0. */
static uint8_t latin1_of(uint8_t septet)
{
	char text[8];
	if (septet == GSM7_ESCAPE || !gsm7_to_utf8(text, sizeof text, &septet, 1))
		return 0;
	const uint8_t *at = (const uint8_t *)text;
	const uint32_t point = utf8_next(&at, at + sizeof text);
	return point >= ASCII_END && point <= UINT8_MAX ? (uint8_t)point : 0;
}

size_t cimd2_text_write(uint8_t *out, size_t room, const uint8_t *septets, size_t n,
    enum cimd2_width width)
{
	size_t len = 0;
	if (room / CIMD2_TEXT_EXPANDS < n)
		return 0;
	for (size_t i = 0; i < n; i++) {
		const uint8_t septet = septets[i] % SEPTETS;
		const char *pair = combinations[septet];
		/* Behind an escape a septet is no letter: it stays a combination. */
		const bool escaped = i > 0 && septets[i - 1] == GSM7_ESCAPE;
		const uint8_t letter = width == CIMD2_EIGHT_BITS && *pair && !escaped ? latin1_of(septet) : 0;
		if (letter) {
			out[len++] = letter;
		} else if (*pair) {
			out[len++] = '_';
			out[len++] = (uint8_t)pair[0];
			out[len++] = (uint8_t)pair[1];
		} else {
			out[len++] = septet == DOLLAR ? '$' : septet;
		}
	}
	return len;
}

/* The septet of a combination, or -1. */
static int combination(const uint8_t *pair)
{
	for (unsigned septet = 0; septet < SEPTETS; septet++)
		if (combinations[septet][0] == pair[0] && pair[0] && combinations[septet][1] == pair[1])
			return (int)septet;
	for (size_t i = 0; i < sizeof aliases / sizeof *aliases; i++)
		if (aliases[i].pair[0] == pair[0] && aliases[i].pair[1] == pair[1])
			return aliases[i].septet;
	return -1;
}

/* The septet of an octet on its own. */
static uint8_t single(uint8_t octet)
{
	uint8_t septets[2];
	for (size_t i = 0; i < sizeof singles / sizeof *singles; i++)
		if (singles[i].octet == octet)
			return singles[i].septet;
	return gsm7_put(septets, octet) == 1 ? septets[0] : UNKNOWN;
}

size_t cimd2_text_read(uint8_t *septets, size_t room, const uint8_t *at, size_t len,
    unsigned *strange)
{
	size_t n = 0, i = 0;
	unsigned odd = 0;
	while (i < len && n < room) {
		int septet = -1;
		if (at[i] == '_' && len - i > 2)
			septet = combination(at + i + 1);
		if (septet >= 0) {
			i += 2;
		} else {
			odd += at[i] == '_';
			septet = single(at[i]);
		}
		septets[n++] = (uint8_t)septet;
		i++;
	}
	if (strange)
		*strange = odd;
	return n;
}
