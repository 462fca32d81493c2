/* SPDX-License-Identifier: Apache-2.0 */
/* ussd.c - one line, and three ways of writing a text in it. */
#include "ussd.h"

#include "alphabet.h"
#include "charset.h"
#include "septets.h"
#include "tpdu.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	OCTETS_MAX = 512,
	SHORTEST_HEX = 4,
	SHORTEST_DIGITS = 8,            /* that may be UCS-2 */
	LAST_ASCII = 0x7E,
};

/* Cell broadcast data coding that means UCS-2: 11, 48 to 4B, 58 to 5B. */
static bool is_ucs2(int data_coding)
{
	return data_coding == 0x11 || (data_coding & 0xCC) == 0x48;
}

static bool is_printable(const char *text)
{
	for (const unsigned char *at = (const unsigned char *)text; *at; at++)
		if (*at < ' ' && *at != '\n' && *at != '\r')
			return false;
	return *text && !strstr(text, "\xEF\xBF\xBD");
}

/* Letters of what people write, mostly of the scripts up to Arabic: a number or packed septets in
 * hex would hardly come out so. */
static bool is_plausible(const uint8_t *octets, size_t len, bool digits)
{
	size_t common = 0;
	for (size_t i = 0; i + 1 < len; i += 2) {
		const unsigned unit = (unsigned)octets[i] << 8 | octets[i + 1];
		const bool ascii = (unit >= ' ' && unit <= LAST_ASCII) || unit == '\n' || unit == '\r';
		const bool near = (unit >= 0xA0 && unit < 0x250) || (unit >= 0x370 && unit < 0x700) ||
		    (unit >= 0x2010 && unit < 0x2122);
		const bool far = (unit >= 0x900 && unit < 0xE80) || (unit >= 0x3000 && unit < 0xA000) ||
		    (unit >= 0xAC00 && unit < 0xD7A4);
		if (!(ascii || near || far) || (digits && !ascii))
			return false;
		common += ascii || near;
	}
	return len % 2 == 0 && common * 4 >= len; /* half of the units */
}

static bool as_ucs2(struct ussd *ussd, const uint8_t *octets, size_t len)
{
	ucs2_to_utf8(ussd->text, sizeof ussd->text, octets, len);
	return len % 2 == 0 && is_printable(ussd->text);
}

static bool as_packed(struct ussd *ussd, const uint8_t *octets, size_t len)
{
	uint8_t septets[OCTETS_MAX * 8 / 7 + 1];
	gsm7_to_utf8(ussd->text, sizeof ussd->text, septets, ussd_unpack(septets, octets, len));
	return is_printable(ussd->text);
}

/* The alphabet of GSM where control characters would stand, else UTF-8, else Latin 1. */
static void as_plain(struct ussd *ussd, const char *text)
{
	const uint8_t *at = (const uint8_t *)text;
	const size_t len = strlen(text);
	bool control = false, seven_bits = true;
	for (size_t i = 0; i < len; i++) {
		control = control || (at[i] < ' ' && !strchr("\n\r\t", at[i]));
		seven_bits = seven_bits && at[i] < 0x80;
	}
	if (control && seven_bits)
		gsm7_to_utf8(ussd->text, sizeof ussd->text, at, len);
	else
		charset_to_utf8(ussd->text, sizeof ussd->text,
		    utf8_valid(text, len) == len ? CHARSET_UTF8 : CHARSET_LATIN1, at, len, NULL);
}

static void decode(struct ussd *ussd, const char *text, enum ussd_way usual)
{
	uint8_t octets[OCTETS_MAX];
	size_t len;
	const size_t chars = strlen(text);
	const bool digits = strspn(text, "0123456789") == chars;
	const bool wide = is_ucs2(ussd->data_coding);
	const bool hex = chars >= SHORTEST_HEX && tpdu_unhex(octets, sizeof octets, &len, text);
	if (hex && (wide || (usual == USSD_UCS2 && len % 2 == 0)) && as_ucs2(ussd, octets, len))
		return;
	if (hex && !wide && usual == USSD_PACKED && as_packed(ussd, octets, len))
		return;
	if (hex && (!digits || chars >= SHORTEST_DIGITS) && is_plausible(octets, len, digits) &&
	    as_ucs2(ussd, octets, len))
		return;
	if (hex && !digits && as_packed(ussd, octets, len))
		return;
	as_plain(ussd, text);
}

/* "15", "0x0F" and nothing behind it; -1: it is something else. */
static int read_coding(const char *text)
{
	char *end;
	if (!isdigit((unsigned char)*(text += strspn(text, " "))))
		return -1;
	const bool hex = text[0] == '0' && (text[1] == 'x' || text[1] == 'X');
	const long number = strtol(text, &end, hex ? 16 : 10);
	return number <= UINT8_MAX && end[strspn(end, " \r\n")] == '\0' ? (int)number : -1;
}

/* Behind "m,": the text, without its quotes if it has them, and its data coding. */
static void read_text(struct ussd *ussd, const char *rest, enum ussd_way usual)
{
	const bool quoted = *rest == '"';
	const char *from = rest + quoted, *end = from + strlen(from);
	const char *comma = strrchr(from, ',');
	while (end > from && strchr(" \r\n", end[-1]))
		end--;
	if (comma && (ussd->data_coding = read_coding(comma + 1)) >= 0)
		end = comma;
	while (quoted && end > from && end[-1] == ' ')
		end--;
	if (quoted && end > from && end[-1] == '"')
		end--;
	while (end > from && strchr("\r\n", end[-1]))
		end--;
	ussd->has_text = quoted || end > from;
	char text[USSD_TEXT_MAX];
	snprintf(text, sizeof text, "%.*s", (int)(end - from), from);
	decode(ussd, text, usual);
}

bool ussd_read_as(struct ussd *ussd, const char *line, enum ussd_way usual)
{
	static const char begin[] = "+CUSD:";
	*ussd = (struct ussd){ .data_coding = -1 };
	if (strncmp(line, begin, strlen(begin)) != 0)
		return false;
	line += strlen(begin);
	line += strspn(line, " ");
	if (*line < '0' || *line > '5')
		return false;
	ussd->state = (enum ussd_state)(*line - '0');
	line++;
	line += strspn(line, " \r\n");
	if (*line == ',')
		read_text(ussd, line + 1 + strspn(line + 1, " "), usual);
	return *line == '\0' || *line == ',';
}

bool ussd_read(struct ussd *ussd, const char *line)
{
	return ussd_read_as(ussd, line, USSD_UNKNOWN);
}

/* Writing. */

static bool write_hex(char out[USSD_STRING_MAX], const uint8_t *at, size_t len)
{
	if (2 * len >= USSD_STRING_MAX)
		return false;
	*out = '\0';
	for (size_t i = 0; i < len; i++)
		snprintf(out + 2 * i, 3, "%02X", at[i]);
	return true;
}

/* Only what has the same code in ASCII, and does not end the string. */
static bool write_plain(char out[USSD_STRING_MAX], const uint8_t *septets, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		uint8_t same[2];
		if (septets[i] < ' ' || septets[i] == '"' || septets[i] > 'z' ||
		    gsm7_put(same, septets[i]) != 1 || same[0] != septets[i])
			return false;
		out[i] = (char)septets[i];
	}
	out[len] = '\0';
	return true;
}

static bool write_wide(char out[USSD_STRING_MAX], const uint8_t *septets, size_t len)
{
	char text[USSD_SEPTETS_MAX * 3 + 4];
	uint8_t octets[USSD_SEPTETS_MAX * 2];
	size_t n;
	gsm7_to_utf8(text, sizeof text, septets, len);
	return ucs2_from_utf8(octets, sizeof octets, &n, text, strlen(text)) == strlen(text) &&
	    write_hex(out, octets, n);
}

bool ussd_write(char out[USSD_STRING_MAX], enum ussd_way way, const uint8_t *at, size_t len, bool wide)
{
	uint8_t packed[USSD_SEPTETS_MAX + 1];
	if (len > (wide ? (size_t)USSD_OCTETS_MAX : USSD_SEPTETS_MAX))
		return false;
	if (wide)
		return way != USSD_PLAIN && write_hex(out, at, len);
	switch (way) {
	case USSD_PLAIN:
		return write_plain(out, at, len);
	case USSD_PACKED:
		return write_hex(out, packed, ussd_pack(packed, at, len));
	default:
		return write_wide(out, at, len);
	}
}

const char *ussd_word(enum ussd_state state)
{
	static const char *const words[] = { [USSD_DONE] = "done", [USSD_OPEN] = "open",
		[USSD_ENDED] = "ended by the network", [USSD_ELSEWHERE] = "answered elsewhere",
		[USSD_UNSUPPORTED] = "not supported", [USSD_TIMEOUT] = "timed out" };
	return words[state];
}

const char *ussd_way_word(enum ussd_way way)
{
	static const char *const words[] = { [USSD_PLAIN] = "plain", [USSD_PACKED] = "packed",
		[USSD_UCS2] = "ucs2", [USSD_UNKNOWN] = "unknown" };
	return words[way];
}
