/* SPDX-License-Identifier: Apache-2.0 */
/*
 * modem_text.h - messages of a modem in text mode (3GPP TS 27.005, 3.3 and 3.4), as the TPDUs that
 * they were.
 *
 * It is the mode for modems without PDU mode, and less comes through: no headers, so no parts; of a
 * text with line ends only what the modem shows; the protocol and coding only when AT+CSDH=1 is set.
 */
#ifndef MODEM_TEXT_H
#define MODEM_TEXT_H

#include "../sms/tpdu.h"

/* Where the head comes from. */
enum text_source { TEXT_LIST, TEXT_READ, TEXT_DIRECT }; /* +CMGL, +CMGR, +CMT or +CDS */

struct text_entry {
	enum text_source source;
	const char *head, *body;        /* behind "+CMGL:"; the text */
	bool hex_strings;               /* AT+CSCS="UCS2": strings are hex of UTF-16 */
};

/* Reads it as a DELIVER or a STATUS-REPORT. False: it is neither, and `why` says what is missing. */
bool text_read(struct tpdu *, const struct text_entry *, char *why, size_t room);

#endif
