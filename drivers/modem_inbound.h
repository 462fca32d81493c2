/* SPDX-License-Identifier: Apache-2.0 */
/*
 * modem_inbound.h - what a modem gave as a message from a handset.
 */
#ifndef MODEM_INBOUND_H
#define MODEM_INBOUND_H

#include "../gateway/message.h"
#include "../sms/tpdu.h"
#include "modem.h"

enum { CONTENT_MAX = 20 };              /* octets that name a content */

/* Something as it came: a TPDU, or octets of which none could be made. Its values are its own;
 * an inbound made of it points into it. */
struct delivery {
	struct tpdu tpdu;
	struct address centre;          /* "" when none was said */
	bool readable;                  /* else only `octets` and `why` mean something */
	char why[160];
	uint8_t octets[256];            /* the line unhexed; none in text mode */
	size_t noctets;
	uint8_t content[CONTENT_MAX];   /* names what it says: the same wherever it is read */
	char options[320];              /* JSON, "" for none */
};

/* A line of hex, with what the modem said that the TPDU has. False: it is no hex, so nothing can
 * be made of it; `why` says so. A TPDU that cannot be read is true, and not readable. */
bool delivery_read(struct delivery *, const struct modem *, const char *hex, size_t length);

/* The same of an entry in text mode, which has been read as `tpdu`. */
void delivery_of(struct delivery *, const struct modem *, const struct tpdu *);

/* The message, as the gateway has it. It points into the delivery. */
void delivery_inbound(struct inbound *, struct delivery *, const struct modem *);

#endif
