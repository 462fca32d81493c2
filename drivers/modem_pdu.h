/* SPDX-License-Identifier: Apache-2.0 */
/* modem_pdu.h - a part as what a modem is told to send: a SUBMIT in hex, or a text (27.005, 3.5.1 and 4.3). */
#ifndef MODEM_PDU_H
#define MODEM_PDU_H

#include "../gateway/message.h"
#include "../sms/address.h"

#include <stdbool.h>
#include <stdint.h>

struct modem_options;

enum { MODEM_PAYLOAD_MAX = 1024, MODEM_ARGUMENT_MAX = 128 };

/* How this modem is spoken to. */
struct modem_way {
	const struct modem_options *options;
	int64_t now;                    /* Unix seconds */
	bool text_mode, ucs2_strings;   /* see struct modem */
	bool plain;                     /* without a validity period */
};

struct modem_submit {
	char argument[MODEM_ARGUMENT_MAX]; /* of AT+CMGS and AT+CMGW, behind "=" */
	char payload[MODEM_PAYLOAD_MAX];
	char parameters[MODEM_ARGUMENT_MAX]; /* text mode: AT+CSMP=..., to be sent before; else "" */
	char recipient[ADDRESS_TEXT_MAX]; /* digits, as a report will name it */
	bool wants_report, has_validity;
};

/* False: it cannot be carried, and the outcome says why. */
bool modem_submit(const struct modem_way *, const struct part *, struct modem_submit *, struct outcome *);

/* Numbers by the link's rules. */
struct address_rules modem_address_rules(const struct modem_options *);

#endif
