/* SPDX-License-Identifier: Apache-2.0 */
/* ussd.h - what a modem says of a USSD session: +CUSD (3GPP TS 27.007, 7.15). */
#ifndef USSD_H
#define USSD_H

#include <stdbool.h>
#include <stddef.h>

enum { USSD_TEXT_MAX = 1024 };

enum ussd_state { USSD_DONE, USSD_OPEN, USSD_ENDED, USSD_ELSEWHERE, USSD_UNSUPPORTED, USSD_TIMEOUT };

struct ussd {
	enum ussd_state state;          /* OPEN: the network waits for an answer; all others: it is over */
	bool has_text;
	int data_coding;                /* of cell broadcast (23.038, 5); -1: not said */
	char text[USSD_TEXT_MAX];       /* UTF-8 */
};

/*
 * Reads a line "+CUSD: m[,"text"[,dcs]]". Modems write the text plainly, as hex of
 * UTF-16BE, or as hex of packed septets, and do not say which; it is told by the data
 * coding and by what comes out readable. Digits alone are taken plainly. False: the line
 * is another, or its state is not 0 to 5.
 */
bool ussd_read(struct ussd *, const char *line);

/* "done", "open", ...; and for operators. */
const char *ussd_word(enum ussd_state);

#endif
