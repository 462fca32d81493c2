/* SPDX-License-Identifier: Apache-2.0 */
/*
 * alphabet.c - character tables and the walks over them.
 *
 * Source of the tables: 3GPP TS 23.038, 6.2.1 (default alphabet) and 6.2.1.1
 * (extension); tests/check_alphabet.c compares every cell with
 * tests/vectors/gsm7.json. The way back is a table for U+0000-U+00FF, which
 * nearly every character of a GSM text is in, and a short list for the rest.
 */
#include "alphabet.h"

#include "national.h"

#include <string.h>

enum { REPLACEMENT = 0xFFFD, NONE = 0xFF, EXTENDED = 0x80 };

static const uint16_t basic[128] = {
	0x0040, 0x00A3, 0x0024, 0x00A5, 0x00E8, 0x00E9, 0x00F9, 0x00EC,
	0x00F2, 0x00C7, 0x000A, 0x00D8, 0x00F8, 0x000D, 0x00C5, 0x00E5,
	0x0394, 0x005F, 0x03A6, 0x0393, 0x039B, 0x03A9, 0x03A0, 0x03A8,
	0x03A3, 0x0398, 0x039E, 0x0000, 0x00C6, 0x00E6, 0x00DF, 0x00C9,
	0x0020, 0x0021, 0x0022, 0x0023, 0x00A4, 0x0025, 0x0026, 0x0027,
	0x0028, 0x0029, 0x002A, 0x002B, 0x002C, 0x002D, 0x002E, 0x002F,
	0x0030, 0x0031, 0x0032, 0x0033, 0x0034, 0x0035, 0x0036, 0x0037,
	0x0038, 0x0039, 0x003A, 0x003B, 0x003C, 0x003D, 0x003E, 0x003F,
	0x00A1, 0x0041, 0x0042, 0x0043, 0x0044, 0x0045, 0x0046, 0x0047,
	0x0048, 0x0049, 0x004A, 0x004B, 0x004C, 0x004D, 0x004E, 0x004F,
	0x0050, 0x0051, 0x0052, 0x0053, 0x0054, 0x0055, 0x0056, 0x0057,
	0x0058, 0x0059, 0x005A, 0x00C4, 0x00D6, 0x00D1, 0x00DC, 0x00A7,
	0x00BF, 0x0061, 0x0062, 0x0063, 0x0064, 0x0065, 0x0066, 0x0067,
	0x0068, 0x0069, 0x006A, 0x006B, 0x006C, 0x006D, 0x006E, 0x006F,
	0x0070, 0x0071, 0x0072, 0x0073, 0x0074, 0x0075, 0x0076, 0x0077,
	0x0078, 0x0079, 0x007A, 0x00E4, 0x00F6, 0x00F1, 0x00FC, 0x00E0,
};

static const struct { uint8_t septet; uint16_t point; } extension[] = {
	{ 0x0A, 0x000C },
	{ 0x14, 0x005E },
	{ 0x28, 0x007B },
	{ 0x29, 0x007D },
	{ 0x2F, 0x005C },
	{ 0x3C, 0x005B },
	{ 0x3D, 0x007E },
	{ 0x3E, 0x005D },
	{ 0x40, 0x007C },
	{ 0x65, 0x20AC },
};

/* U+0000-U+00FF: the septet, with EXTENDED when it follows an escape, or NONE. */
static const uint8_t latin[256] = {
	0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x0A, 0xFF,
	0x8A, 0x0D, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF,
	0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x20, 0x21, 0x22, 0x23,
	0x02, 0x25, 0x26, 0x27, 0x28, 0x29, 0x2A, 0x2B, 0x2C, 0x2D, 0x2E, 0x2F,
	0x30, 0x31, 0x32, 0x33, 0x34, 0x35, 0x36, 0x37, 0x38, 0x39, 0x3A, 0x3B,
	0x3C, 0x3D, 0x3E, 0x3F, 0x00, 0x41, 0x42, 0x43, 0x44, 0x45, 0x46, 0x47,
	0x48, 0x49, 0x4A, 0x4B, 0x4C, 0x4D, 0x4E, 0x4F, 0x50, 0x51, 0x52, 0x53,
	0x54, 0x55, 0x56, 0x57, 0x58, 0x59, 0x5A, 0xBC, 0xAF, 0xBE, 0x94, 0x11,
	0xFF, 0x61, 0x62, 0x63, 0x64, 0x65, 0x66, 0x67, 0x68, 0x69, 0x6A, 0x6B,
	0x6C, 0x6D, 0x6E, 0x6F, 0x70, 0x71, 0x72, 0x73, 0x74, 0x75, 0x76, 0x77,
	0x78, 0x79, 0x7A, 0xA8, 0xC0, 0xA9, 0xBD, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF,
	0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF,
	0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF,
	0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x40, 0xFF, 0x01, 0x24, 0x03, 0xFF, 0x5F,
	0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF,
	0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x60,
	0xFF, 0xFF, 0xFF, 0xFF, 0x5B, 0x0E, 0x1C, 0x09, 0xFF, 0x1F, 0xFF, 0xFF,
	0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x5D, 0xFF, 0xFF, 0xFF, 0xFF, 0x5C, 0xFF,
	0x0B, 0xFF, 0xFF, 0xFF, 0x5E, 0xFF, 0xFF, 0x1E, 0x7F, 0xFF, 0xFF, 0xFF,
	0x7B, 0x0F, 0x1D, 0xFF, 0x04, 0x05, 0xFF, 0xFF, 0x07, 0xFF, 0xFF, 0xFF,
	0xFF, 0x7D, 0x08, 0xFF, 0xFF, 0xFF, 0x7C, 0xFF, 0x0C, 0x06, 0xFF, 0xFF,
	0x7E, 0xFF, 0xFF, 0xFF,
};

/* Above U+00FF, ascending. */
static const struct { uint16_t point; uint8_t septet; } beyond[] = {
	{ 0x0393, 0x13 },
	{ 0x0394, 0x10 },
	{ 0x0398, 0x19 },
	{ 0x039B, 0x14 },
	{ 0x039E, 0x1A },
	{ 0x03A0, 0x16 },
	{ 0x03A3, 0x18 },
	{ 0x03A6, 0x12 },
	{ 0x03A8, 0x17 },
	{ 0x03A9, 0x15 },
	{ 0x20AC, 0xE5 },
};

static bool continues(uint8_t octet)
{
	return (octet & 0xC0) == 0x80;
}

/* Written out by length: every text goes through here. */
uint32_t utf8_next(const uint8_t **at, const uint8_t *end)
{
	const uint8_t *const next = *at + 1;
	const size_t left = (size_t)(end - next);
	const uint8_t first = *(*at)++;
	uint32_t point;
	if (first < 0x80)
		return first;
	if (first < 0xE0) {
		if (first < 0xC2 || left < 1 || !continues(next[0]))
			return REPLACEMENT;
		*at += 1;
		return (first & 0x1Fu) << 6 | (next[0] & 0x3F);
	}
	if (first < 0xF0) {
		if (left < 2 || !continues(next[0]) || !continues(next[1]))
			return REPLACEMENT;
		point = (first & 0x0Fu) << 12 | (next[0] & 0x3Fu) << 6 | (next[1] & 0x3F);
		if (point < 0x800 || (point >= 0xD800 && point <= 0xDFFF))
			return REPLACEMENT;
		*at += 2;
		return point;
	}
	if (first > 0xF4 || left < 3 || !continues(next[0]) || !continues(next[1]) || !continues(next[2]))
		return REPLACEMENT;
	point = (first & 0x07u) << 18 | (next[0] & 0x3Fu) << 12 | (next[1] & 0x3Fu) << 6 | (next[2] & 0x3F);
	if (point < 0x10000 || point > 0x10FFFF)
		return REPLACEMENT;
	*at += 3;
	return point;
}

size_t utf8_put(char out[4], uint32_t point)
{
	if (point < 0x80) {
		out[0] = (char)point;
		return 1;
	}
	size_t more = point < 0x800 ? 1 : point < 0x10000 ? 2 : 3;
	static const uint8_t leads[] = { 0, 0xC0, 0xE0, 0xF0 };
	out[0] = (char)(leads[more] | point >> (6 * more));
	for (size_t k = 1; k <= more; k++)
		out[k] = (char)(0x80 | (point >> (6 * (more - k)) & 0x3F));
	return more + 1;
}

static uint8_t septet_of(uint32_t point)
{
	if (point < 256)
		return latin[point];
	for (size_t i = 0; i < sizeof beyond / sizeof *beyond; i++)
		if (beyond[i].point == point)
			return beyond[i].septet;
	return NONE;
}

size_t gsm7_put(uint8_t out[2], uint32_t point)
{
	uint8_t septet = septet_of(point);
	if (septet == NONE)
		return 0;
	if (!(septet & EXTENDED)) {
		out[0] = septet;
		return 1;
	}
	out[0] = GSM7_ESCAPE;
	out[1] = septet & 0x7F;
	return 2;
}

/* Appends a point to `out` when it fits with a NUL behind it. */
static bool append(char *out, size_t room, size_t *len, uint32_t point)
{
	char octets[4];
	size_t n = utf8_put(octets, point);
	if (*len + n + 1 > room)
		return false;
	memcpy(out + *len, octets, n);
	*len += n;
	return true;
}

/* The character of a septet without an escape. */
static uint32_t base_point(uint8_t septet, struct shifts shifts)
{
	if (!shifts.locking)
		return basic[septet];
	return national_locking[shifts.locking][septet] ? national_locking[shifts.locking][septet] : ' ';
}

/* ... and with one (23.038, 6.2.1.1: what is not there shows as its base character). */
static uint32_t extended_point(uint8_t septet, struct shifts shifts)
{
	if (septet == GSM7_ESCAPE)
		return ' ';
	if (shifts.single && national_single[shifts.single][septet])
		return national_single[shifts.single][septet];
	for (size_t i = 0; !shifts.single && i < sizeof extension / sizeof *extension; i++)
		if (extension[i].septet == septet)
			return extension[i].point;
	return septet == '\r' ? septet : base_point(septet, shifts);
}

/* Identifiers that name no table mean the default ones. */
static struct shifts known(struct shifts shifts)
{
	if (!gsm7_language(shifts.single))
		shifts.single = 0;
	if (!gsm7_has_locking(shifts.locking))
		shifts.locking = 0;
	return shifts;
}

size_t gsm7_to_utf8_shifted(char *out, size_t room, const uint8_t *septets, size_t n,
    struct shifts shifts)
{
	size_t len = 0;
	shifts = known(shifts);
	for (size_t i = 0; i < n; i++) {
		const uint8_t septet = septets[i] & 0x7F;
		uint32_t point;
		if (septet != GSM7_ESCAPE)
			point = base_point(septet, shifts);
		else
			point = i + 1 < n ? extended_point(septets[++i] & 0x7F, shifts) : ' ';
		if (!append(out, room, &len, point))
			break;
	}
	if (room)
		out[len] = '\0';
	return len;
}

size_t gsm7_to_utf8(char *out, size_t room, const uint8_t *septets, size_t n)
{
	return gsm7_to_utf8_shifted(out, room, septets, n, (struct shifts){ 0 });
}

/* The lowest septet of a code point in a national table, or NONE. */
static uint8_t find_in(const uint16_t table[128], uint32_t point)
{
	for (uint8_t septet = 0; septet < 128; septet++)
		if (table[septet] == point && point && septet != GSM7_ESCAPE)
			return septet;
	return NONE;
}

static uint8_t base_septet(uint32_t point, struct shifts shifts)
{
	if (shifts.locking)
		return find_in(national_locking[shifts.locking], point);
	const uint8_t septet = septet_of(point);
	return septet != NONE && septet & EXTENDED ? NONE : septet;
}

size_t gsm7_put_shifted(uint8_t out[2], uint32_t point, struct shifts shifts)
{
	shifts = known(shifts);
	out[0] = base_septet(point, shifts);
	if (out[0] != NONE)
		return 1;
	out[0] = GSM7_ESCAPE;
	if (shifts.single) {
		out[1] = find_in(national_single[shifts.single], point);
		return out[1] == NONE ? 0 : 2;
	}
	const uint8_t septet = septet_of(point);
	out[1] = septet & 0x7F;
	return septet != NONE && septet & EXTENDED ? 2 : 0;
}

/* Whether two octets at `at` are one of U+0080 to U+00FF, which many texts have. */
static bool is_latin(const uint8_t *at, const uint8_t *end)
{
	return (at[0] & 0xFE) == 0xC2 && end - at >= 2 && (at[1] & 0xC0) == 0x80;
}

/* The septet of the character at *at, which moves behind it. */
static uint8_t next_septet(const uint8_t **at, const uint8_t *end)
{
	const uint8_t *const here = *at;
	if (here[0] < 0x80) {
		*at += 1;
		return latin[here[0]];
	}
	if (is_latin(here, end)) {
		*at += 2;
		return latin[0x80 | (here[0] & 1) << 6 | (here[1] & 0x3F)];
	}
	return septet_of(utf8_next(at, end));
}

size_t gsm7_from_utf8(uint8_t *out, size_t room, size_t *n, const char *text, size_t len)
{
	const uint8_t *const begin = (const uint8_t *)text, *const end = begin + len, *at = begin;
	size_t written = 0;
	while (at < end) {
		const uint8_t *const from = at;
		const uint8_t septet = next_septet(&at, end);
		if (septet < EXTENDED && written < room) {
			out[written++] = septet;
			continue;
		}
		if (septet == NONE || written + 1 + (septet >= EXTENDED) > room) {
			at = from;
			break;
		}
		out[written++] = GSM7_ESCAPE;
		out[written++] = septet & 0x7F;
	}
	*n = written;
	return (size_t)(at - begin);
}

size_t ucs2_from_utf8(uint8_t *out, size_t room, size_t *n, const char *text, size_t len)
{
	const uint8_t *const begin = (const uint8_t *)text, *const end = begin + len, *at = begin;
	size_t written = 0;
	while (at < end) {
		const uint8_t *const from = at;
		uint32_t point = utf8_next(&at, end);
		const size_t octets = point > 0xFFFF ? 4 : 2;
		if (written + octets > room) {
			at = from;
			break;
		}
		if (octets == 4) {
			const uint32_t high = 0xD800 + ((point - 0x10000) >> 10);
			out[written++] = (uint8_t)(high >> 8);
			out[written++] = (uint8_t)high;
			point = 0xDC00 + ((point - 0x10000) & 0x3FF);
		}
		out[written++] = (uint8_t)(point >> 8);
		out[written++] = (uint8_t)point;
	}
	*n = written;
	return (size_t)(at - begin);
}

size_t utf8_valid(const char *text, size_t len)
{
	const uint8_t *const begin = (const uint8_t *)text, *const end = begin + len, *at = begin;
	while (at < end) {
		uint64_t eight;
		while (end - at >= 8) {
			memcpy(&eight, at, sizeof eight);
			if (eight & UINT64_C(0x8080808080808080))
				break;
			at += 8;
		}
		if (at == end)
			break;
		const uint8_t *const from = at;
		if (is_latin(at, end)) {
			do {
				at += 2;
			} while (at < end && is_latin(at, end));
			continue;
		}
		/* U+FFFD itself is three octets; what is no UTF-8 is one. */
		if (utf8_next(&at, end) == REPLACEMENT && at - from == 1)
			return (size_t)(from - begin);
	}
	return len;
}

/* One character of UTF-16BE at octets[*i], of n octets (even). */
static uint32_t utf16_next(const uint8_t *octets, size_t n, size_t *i)
{
	uint32_t unit = (uint32_t)octets[*i] << 8 | octets[*i + 1];
	*i += 2;
	if (unit < 0xD800 || unit > 0xDFFF)
		return unit ? unit : REPLACEMENT;
	if (unit > 0xDBFF || *i + 1 >= n)
		return REPLACEMENT;
	uint32_t low = (uint32_t)octets[*i] << 8 | octets[*i + 1];
	if (low < 0xDC00 || low > 0xDFFF)
		return REPLACEMENT;
	*i += 2;
	return 0x10000 + ((unit - 0xD800) << 10) + (low - 0xDC00);
}

size_t ucs2_to_utf8(char *out, size_t room, const uint8_t *octets, size_t n)
{
	size_t len = 0;
	n -= n % 2;
	for (size_t i = 0; i < n; )
		if (!append(out, room, &len, utf16_next(octets, n, &i)))
			break;
	if (room)
		out[len] = '\0';
	return len;
}
