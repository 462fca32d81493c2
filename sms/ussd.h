/* SPDX-License-Identifier: Apache-2.0 */
/* ussd.h - what a modem says of a USSD session, and how it is told a text: +CUSD (3GPP TS 27.007, 7.15). */
#ifndef USSD_H
#define USSD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	USSD_TEXT_MAX = 1024,
	USSD_SEPTETS_MAX = 182,         /* 23.038, 6.1.2.3: of a text, and octets in UCS-2 */
	USSD_OCTETS_MAX = 160,
	USSD_STRING_MAX = USSD_SEPTETS_MAX * 4 + 1, /* the longest that ussd_write() makes, with its NUL */
};

enum ussd_state { USSD_DONE, USSD_OPEN, USSD_ENDED, USSD_ELSEWHERE, USSD_UNSUPPORTED, USSD_TIMEOUT };

/* How a modem writes texts; none says which way is its own. */
enum ussd_way {
	USSD_PLAIN,                     /* as they are, with AT+CSCS="GSM" */
	USSD_PACKED,                    /* hex of packed septets */
	USSD_UCS2,                      /* hex of UTF-16BE, with AT+CSCS="UCS2" */
	USSD_WAYS,
	USSD_UNKNOWN = USSD_WAYS,
};

struct ussd {
	enum ussd_state state;          /* OPEN: the network waits for an answer; all others: it is over */
	bool has_text;
	int data_coding;                /* of cell broadcast (23.038, 5); -1: not said */
	char text[USSD_TEXT_MAX];       /* UTF-8 */
};

/*
 * Reads a line "+CUSD: m[,"text"[,dcs]]". The way is told by the data coding and by what
 * comes out readable, and by `usual`, the way of this modem, where it is known. Digits
 * alone are taken plainly unless they can be nothing but UCS-2. Quotes may be missing, and
 * a text may have line ends. False: the line is another, or its state is not 0 to 5.
 */
bool ussd_read(struct ussd *, const char *line);
bool ussd_read_as(struct ussd *, const char *line, enum ussd_way usual);

/* A text as AT+CUSD wants it between its quotes: of septets, one to an octet, or, when `wide`, of
 * octets in UTF-16BE, which are hex in every way. False: it cannot be written so, or is too long. */
bool ussd_write(char out[USSD_STRING_MAX], enum ussd_way, const uint8_t *at, size_t len, bool wide);

/* "done", "open", ...; and for operators. */
const char *ussd_word(enum ussd_state);
/* "plain", "packed", "ucs2". */
const char *ussd_way_word(enum ussd_way);

#endif
