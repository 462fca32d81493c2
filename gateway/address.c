/* SPDX-License-Identifier: Apache-2.0 */
/*
 * address.c - E.164 (15 digits at most) and short codes; alphanumeric senders
 * have 11 characters (3GPP TS 23.040, 9.1.2.5: 10 octets of packed septets).
 */
#include "address.h"

#include "message.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

enum { DIGITS_MIN = 2, DIGITS_MAX = 19, ALPHANUMERIC_MAX = 11, SHOWN = 40 };

/* Copies a number without its separators; 0 when there is anything else in it,
 * else how many digits it has. */
static size_t strip(char out[ADDRESS_MAX], const char *written)
{
	size_t n = 0, digits = 0;
	for (const char *at = written; *at; at++) {
		if (strchr(" -./()", *at))
			continue;
		bool plus = *at == '+' && n == 0;
		if (!plus && !isdigit((unsigned char)*at) && *at != '*' && *at != '#')
			return 0;
		if (n == ADDRESS_MAX - 1)
			return DIGITS_MAX + 1;
		out[n++] = *at;
		digits += !plus;
	}
	out[n] = '\0';
	return digits;
}

bool address_number(char *out, const char *written, char *why, size_t room)
{
	size_t digits = strip(out, written);
	if (digits >= DIGITS_MIN && digits <= DIGITS_MAX)
		return true;
	if (!*written)
		snprintf(why, room, "recipient is empty");
	else if (digits > DIGITS_MAX)
		snprintf(why, room, "recipient \"%.*s\" has more than %d digits", SHOWN, written,
		    DIGITS_MAX);
	else
		snprintf(why, room, "recipient \"%.*s\" is not a phone number: "
		    "use digits with an optional leading +", SHOWN, written);
	return false;
}

bool address_sender(char *out, const char *written, char *why, size_t room)
{
	if (!*written) {
		*out = '\0';
		return true;
	}
	size_t digits = strip(out, written);
	if (digits > 0 && digits <= DIGITS_MAX)
		return true;
	if (digits == 0 && strlen(written) <= ALPHANUMERIC_MAX) {
		snprintf(out, ADDRESS_MAX, "%s", written);
		return true;
	}
	snprintf(why, room, "sender \"%.*s\" is neither a number nor a name of up to %d characters",
	    SHOWN, written, ALPHANUMERIC_MAX);
	return false;
}
