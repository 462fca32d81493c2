/* SPDX-License-Identifier: Apache-2.0 */
/*
 * address.c - separators away, then a look at how a number begins.
 *
 * What has a letter, or anything else that no number has, is a name; names are for
 * senders alone.
 */
#include "address.h"

#include "alphabet.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

enum {
	DIGITS_MIN = 2, DIGITS_MAX = 20, E164_MAX = 15, NAME_SEPTETS = 11, SHOWN = 40,
	NUMBER_ROOM = DIGITS_MAX + 3,   /* with +, one digit too many, and a NUL */
};

const struct address_rules address_usual = {
	.international_prefix = "00", .national_prefix = "0", .country_code = "",
	.short_code_digits = 6, .short_code_ton = TON_NETWORK, .short_code_npi = NPI_UNKNOWN,
	.bare_ton = TON_INTERNATIONAL,
};

/* Copies a number without its separators; 0 when there is anything else in it, else
 * how many digits it has (counted on beyond the room). */
static size_t strip(char out[NUMBER_ROOM], const char *written)
{
	size_t n = 0, digits = 0;
	for (const char *at = written; *at; at++) {
		if (strchr(" \t-./()", *at))
			continue;
		if (at[0] == '\xC2' && at[1] == '\xA0') { /* a no-break space */
			at++;
			continue;
		}
		const bool plus = *at == '+' && n == 0;
		if (!plus && !isdigit((unsigned char)*at) && *at != '*' && *at != '#')
			return 0;
		if (n < NUMBER_ROOM - 1)
			out[n++] = *at;
		digits += !plus;
	}
	out[n] = '\0';
	return digits;
}

static bool begins(const char *text, const char *prefix)
{
	return *prefix && strncmp(text, prefix, strlen(prefix)) == 0;
}

static void put(struct address *to, unsigned ton, unsigned npi, const char *before,
    const char *digits)
{
	to->ton = (uint8_t)ton;
	to->npi = (uint8_t)npi;
	snprintf(to->text, sizeof to->text, "%.20s%.22s", before, digits);
}

static void put_number(struct address *to, const char *number, const struct address_rules *rules)
{
	const char *abroad = rules->international_prefix, *home = rules->national_prefix;
	if (*number == '+')
		put(to, TON_INTERNATIONAL, NPI_E164, "", number + 1);
	else if (strpbrk(number, "*#"))
		put(to, rules->short_code_ton, rules->short_code_npi, "", number);
	else if (begins(number, abroad))
		put(to, TON_INTERNATIONAL, NPI_E164, "", number + strlen(abroad));
	else if (begins(number, home) && *rules->country_code)
		put(to, TON_INTERNATIONAL, NPI_E164, rules->country_code, number + strlen(home));
	else if (begins(number, home))
		put(to, TON_NATIONAL, NPI_E164, "", number);
	else if (strlen(number) <= rules->short_code_digits)
		put(to, rules->short_code_ton, rules->short_code_npi, "", number);
	else
		put(to, rules->bare_ton, NPI_E164, "", number);
}

static bool refuse(char *why, size_t room, const char *what, const char *written, const char *reason)
{
	snprintf(why, room, "%s \"%.*s\" %s", what, SHOWN, written, reason);
	return false;
}

static bool check_number(const struct address *address, const char *what, const char *written,
    char *why, size_t room)
{
	const size_t digits = strlen(address->text);
	if (digits == 0)
		return refuse(why, room, what, written, "has no digits behind its prefix");
	if (address->ton == TON_INTERNATIONAL && digits > E164_MAX)
		return refuse(why, room, what, written,
		    "has more than 15 digits, the most of an international number");
	if (address->ton == TON_INTERNATIONAL && *address->text == '0')
		return refuse(why, room, what, written, "begins with 0 where a country code is due");
	if (digits > DIGITS_MAX)
		return refuse(why, room, what, written, "has more than 20 digits");
	return true;
}

bool address_recipient(struct address *address, const char *written,
    const struct address_rules *rules, char *why, size_t room)
{
	char number[NUMBER_ROOM];
	if (!*written) {
		snprintf(why, room, "recipient is empty");
		return false;
	}
	const size_t digits = strip(number, written);
	if (digits < DIGITS_MIN)
		return refuse(why, room, "recipient", written,
		    "is not a phone number: use digits with an optional leading +");
	if (digits > DIGITS_MAX)
		return refuse(why, room, "recipient", written, "has more than 20 digits");
	put_number(address, number, rules);
	return check_number(address, "recipient", written, why, room);
}

static bool put_name(struct address *address, const char *written, char *why, size_t room)
{
	const uint8_t *at = (const uint8_t *)written, *end = at + strlen(written);
	size_t septets = 0;
	while (at < end) {
		const uint8_t *const from = at;
		uint8_t out[2];
		const uint32_t point = utf8_next(&at, end);
		const size_t n = point < ' ' ? 0 : gsm7_put(out, point);
		if (n == 0) {
			snprintf(why, room, "sender \"%.*s\" has a character that no name may have: \"%.*s\"",
			    SHOWN, written, (int)(at - from), (const char *)from);
			return false;
		}
		septets += n;
	}
	if (septets > NAME_SEPTETS)
		return refuse(why, room, "sender", written, "is neither a number nor a name of up to "
		    "11 characters");
	address->ton = TON_ALPHANUMERIC;
	address->npi = NPI_UNKNOWN;
	snprintf(address->text, sizeof address->text, "%s", written);
	return true;
}

bool address_sender(struct address *address, const char *written,
    const struct address_rules *rules, char *why, size_t room)
{
	char number[NUMBER_ROOM];
	*address = (struct address){ .ton = TON_UNKNOWN };
	if (!*written)
		return true;
	const size_t digits = strip(number, written);
	if (digits == 0)
		return put_name(address, written, why, room);
	if (digits > DIGITS_MAX)
		return refuse(why, room, "sender", written, "has more than 20 digits");
	put_number(address, number, rules);
	return check_number(address, "sender", written, why, room);
}

void address_show(char *out, size_t room, const struct address *address,
    const struct address_rules *rules)
{
	const char *text = address->text, *home = rules->national_prefix;
	if (address->ton == TON_INTERNATIONAL && *text && *text != '+')
		snprintf(out, room, "+%s", text);
	else if (address->ton == TON_NATIONAL && *rules->country_code)
		snprintf(out, room, "+%s%s", rules->country_code, begins(text, home)
		    ? text + strlen(home) : text);
	else
		snprintf(out, room, "%s", text);
}
