/* SPDX-License-Identifier: Apache-2.0 */
/*
 * address.h - numbers and names as people write them, into type of number,
 * numbering plan and digits (3GPP TS 23.040, 9.1.2.5; SMPP 3.4, 5.2.5 and 5.2.6).
 */
#ifndef ADDRESS_H
#define ADDRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { ADDRESS_TEXT_MAX = 64 };

enum ton { TON_UNKNOWN, TON_INTERNATIONAL, TON_NATIONAL, TON_NETWORK, TON_SUBSCRIBER,
	TON_ALPHANUMERIC, TON_ABBREVIATED };
enum npi { NPI_UNKNOWN = 0, NPI_E164 = 1, NPI_DATA = 3, NPI_TELEX = 4, NPI_NATIONAL = 8,
	NPI_PRIVATE = 9, NPI_ERMES = 10 };

struct address {
	uint8_t ton, npi;
	char text[ADDRESS_TEXT_MAX];    /* digits without +, or a name in UTF-8 */
};

/* How a link writes numbers. */
struct address_rules {
	const char *international_prefix; /* "00"; "": none */
	const char *national_prefix;    /* "0"; "": none */
	const char *country_code;       /* "36": national numbers become international; "" keeps them */
	unsigned short_code_digits;     /* so many digits at most are a short code */
	uint8_t short_code_ton, short_code_npi;
	uint8_t bare_ton;               /* of digits without any mark: INTERNATIONAL or UNKNOWN */
};
extern const struct address_rules address_usual; /* 00, 0, "", 6 digits 3/0, international */

/* A handset: a number with its separators (space tab NBSP - . / parentheses), short
 * code or service code (* and #). False: it is none; `why` names it for an operator. */
bool address_recipient(struct address *, const char *written, const struct address_rules *,
    char *why, size_t room);

/* A sender: "" (0/0, the network's own), a number as above, or a name of at most 11
 * GSM septets, extension characters counting two, without national tables. */
bool address_sender(struct address *, const char *written, const struct address_rules *,
    char *why, size_t room);

/* How an address that came in is shown: + before international, the country code
 * before national when the rules have one. */
void address_show(char *out, size_t room, const struct address *, const struct address_rules *);

#endif
