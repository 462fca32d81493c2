/* SPDX-License-Identifier: Apache-2.0 */
/*
 * modem_ussd.h - a row of kind ussd -> what is said to the network over a modem; what the network
 * said -> a message. Nothing is asked of the modem here.
 */
#ifndef MODEM_USSD_H
#define MODEM_USSD_H

#include "../sms/ussd.h"
#include "modem.h"

/* What goes between the quotes of AT+CUSD=1,"". */
struct said {
	uint8_t at[USSD_SEPTETS_MAX];   /* septets, one to an octet; or UTF-16BE */
	size_t len;
	bool wide;
};

/* A code as said. False: it is none; digits, letters, *, # and + make one. */
bool said_code(struct said *, const char *code);

/* What a part does in a dialogue. */
enum deed { DEED_DIAL, DEED_ANSWER, DEED_CANCEL };

/* False: it cannot be done over a modem, and *outcome says why. `said` is nothing for DEED_CANCEL. */
bool said_part(const struct part *, enum deed *, struct said *, struct outcome *);

/* The command that says it. False: it cannot be said in that way. */
bool said_command(char line[AT_LINE_MAX], const struct said *, enum ussd_way);

/* Whom a dialogue is with, and since when. */
struct talk_of {
	char code[SENDER_MAX];          /* what was dialled; TURN_NETWORK: the network began */
	int64_t row;                    /* of ours, that the network answers next; 0: none */
	bool first;                     /* it is the one that dialled */
	bool balance;                   /* the driver's own */
};

/* What the network said, for link_inbound(); `ussd` is borrowed. Returns the options, which are
 * borrowed too: free() them then. */
char *heard_message(const struct modem *, const struct talk_of *, const struct ussd *, struct inbound *);
/* The dialogue is over without a message, since `why`, which is borrowed. */
void heard_nothing(const struct modem *, const struct talk_of *, const char *why, struct inbound *);

#endif
