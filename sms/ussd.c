/* SPDX-License-Identifier: Apache-2.0 */
/* ussd.c - one line, and three ways of writing a text in it. */
#include "ussd.h"

#include "alphabet.h"
#include "charset.h"
#include "septets.h"
#include "tpdu.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { OCTETS_MAX = 512, SHORTEST_HEX = 4 };

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

static void decode(struct ussd *ussd, const char *text)
{
	uint8_t octets[OCTETS_MAX], septets[OCTETS_MAX * 8 / 7 + 1];
	size_t len;
	const bool digits = strspn(text, "0123456789") == strlen(text);
	const bool hex = strlen(text) >= SHORTEST_HEX && tpdu_unhex(octets, sizeof octets, &len, text);
	if (hex && is_ucs2(ussd->data_coding)) {
		ucs2_to_utf8(ussd->text, sizeof ussd->text, octets, len);
		if (is_printable(ussd->text))
			return;
	}
	if (hex && !digits) {
		gsm7_to_utf8(ussd->text, sizeof ussd->text, septets, ussd_unpack(septets, octets, len));
		if (is_printable(ussd->text))
			return;
	}
	charset_to_utf8(ussd->text, sizeof ussd->text, CHARSET_UTF8, (const uint8_t *)text, strlen(text),
	    NULL);
}

bool ussd_read(struct ussd *ussd, const char *line)
{
	static const char begin[] = "+CUSD:";
	*ussd = (struct ussd){ .data_coding = -1 };
	if (strncmp(line, begin, strlen(begin)) != 0)
		return false;
	line += strlen(begin);
	line += strspn(line, " ");
	if (*line < '0' || *line > '5' || (line[1] && line[1] != ',' && line[1] != '\r'))
		return false;
	ussd->state = (enum ussd_state)(*line - '0');
	const char *from = strchr(line, '"'), *to = from ? strrchr(from + 1, '"') : NULL;
	if (!to)
		return true;
	if (to[1] == ',')
		ussd->data_coding = (int)strtol(to + 2, NULL, 10);
	char text[USSD_TEXT_MAX];
	snprintf(text, sizeof text, "%.*s", (int)(to - from - 1), from + 1);
	ussd->has_text = true;
	decode(ussd, text);
	return true;
}

const char *ussd_word(enum ussd_state state)
{
	static const char *const words[] = { [USSD_DONE] = "done", [USSD_OPEN] = "open",
		[USSD_ENDED] = "ended by the network", [USSD_ELSEWHERE] = "answered elsewhere",
		[USSD_UNSUPPORTED] = "not supported", [USSD_TIMEOUT] = "timed out" };
	return words[state];
}
