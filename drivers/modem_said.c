/* SPDX-License-Identifier: Apache-2.0 */
/* modem_said.c - the values in answers that are one line. Makers quote them or do not, and name them or do not. */
#include "modem_said.h"

#include "modem.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { VALUE_MAX = 256 };

bool said_well(const struct at_answer *answer)
{
	return answer->result == AT_OK;
}

const char *said_line(const struct at_answer *answer, const char *prefix)
{
	for (size_t i = 0; i < answer->nlines; i++)
		if (strncmp(answer->lines[i], prefix, strlen(prefix)) == 0) {
			const char *at = answer->lines[i] + strlen(prefix);
			return at + strspn(at, " ");
		}
	return NULL;
}

void said_value(const struct at_answer *answer, const char *prefix, char *out, size_t room)
{
	const char *at = said_line(answer, prefix);
	size_t n = 0;
	if (!said_well(answer) || (!at && !answer->nlines))
		return;
	if (!at)
		at = answer->lines[0];
	for (; *at && n + 1 < room; at++)
		if (isprint((unsigned char)*at) && *at != '"' && (n || *at != ' '))
			out[n++] = *at;
	while (n && out[n - 1] == ' ')
		n--;
	out[n] = '\0';
}

void said_digits(const struct at_answer *answer, const char *prefix, size_t least, char *out, size_t room)
{
	char text[VALUE_MAX] = "";
	said_value(answer, prefix, text, sizeof text);
	const char *at = text + strcspn(text, "0123456789");
	const size_t n = strspn(at, "0123456789");
	if (n >= least && n < room)
		snprintf(out, room, "%.*s", (int)n, at);
}

/* `plain`: a value without any name is this. */
static const struct fact { const char *prefix; size_t offset, room, digits; bool plain; } facts[] = {
#define FACT(member) offsetof(struct modem_identity, member), sizeof ((struct modem_identity *)0)->member
	{ "+CGMI:", FACT(maker), 0, true }, { "+CGMM:", FACT(model), 0, true }, { "+CGMR:", FACT(revision), 0, true },
	{ "+CGSN:", FACT(imei), 14, true }, { "+CIMI:", FACT(imsi), 14, true }, { "+CCID:", FACT(iccid), 18, true },
	{ "^ICCID:", FACT(iccid), 18, false }, { "+ICCID:", FACT(iccid), 18, false },
#undef FACT
};
enum { FACTS = sizeof facts / sizeof *facts };

void said_identity(struct modem_identity *is, const char *prefix, const struct at_answer *answer)
{
	const struct fact *asked = facts;
	while (strcmp(asked->prefix, prefix) != 0)
		asked++;
	/* Some answer one of the commands about a SIM by the name of another. */
	for (const struct fact *fact = facts; fact < facts + FACTS; fact++) {
		char *value = (char *)is + fact->offset;
		if (fact->offset != asked->offset || *value || (!fact->plain && !said_line(answer, fact->prefix)))
			continue;
		if (fact->digits)
			said_digits(answer, fact->prefix, fact->digits, value, fact->room);
		else
			said_value(answer, fact->prefix, value, fact->room);
	}
}

void said_plain(char *text, size_t room)
{
	const size_t len = strnlen(text, room);
	size_t out = 0;
	if (!len || len % 4 || strspn(text, "0123456789ABCDEFabcdef") != len)
		return;
	for (size_t at = 0; at < len; at += 4) {
		char unit[5];
		memcpy(unit, text + at, 4);
		unit[4] = '\0';
		const long value = strtol(unit, NULL, 16);
		text[out++] = value >= ' ' && value < 0x7F ? (char)value : '?';
	}
	text[out] = '\0';
}

void said_centre(const struct at_answer *answer, char *out, size_t room)
{
	const char *at = said_line(answer, "+CSCA:");
	char text[VALUE_MAX] = "";
	if (at && *at == '"')
		snprintf(text, sizeof text, "%.*s", (int)strcspn(at + 1, "\""), at + 1);
	else if (at)
		snprintf(text, sizeof text, "%.*s", (int)strcspn(at, ","), at);
	/* Twelve digits are a number, and could be three characters of UCS-2. */
	if (strncmp(text, "002B", 4) == 0 || strncmp(text, "003", 3) == 0)
		said_plain(text, sizeof text);
	const char *digits = text + (*text == '+');
	const size_t n = strspn(digits, "0123456789");
	if (n && !digits[n] && n + 1 < room)
		snprintf(out, room, "%s", text);
}
