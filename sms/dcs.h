/* SPDX-License-Identifier: Apache-2.0 */
/*
 * dcs.h - what a data coding octet says: of the air interface (3GPP TS 23.038,
 * 4) and of SMPP (3.4, 5.2.19), which gives 01 to 0E a meaning of its own.
 */
#ifndef DCS_H
#define DCS_H

#include "charset.h"

#include <stdbool.h>
#include <stdint.h>

enum mwi_type { MWI_VOICE, MWI_FAX, MWI_EMAIL, MWI_OTHER, MWI_VIDEO };

struct dcs {
	enum charset charset;           /* reserved codings are GSM7, compressed text is OCTETS */
	int8_t class;                   /* message class 0 to 3; -1: none */
	bool compressed;
	bool auto_delete;               /* marked for automatic deletion */
	bool waiting;                   /* a message waiting indication: */
	bool waiting_active, waiting_store;
	enum mwi_type waiting_type;     /* VOICE, FAX, EMAIL, OTHER */
};

/* Any octet has a meaning; a reserved one that of 23.038: GSM 7-bit, no class. */
struct dcs dcs_read(uint8_t octet);
/* SMPP's data_coding: its own table below 0x10, the groups of dcs_read() above.
 * `standard`: the charset of data_coding 0, which is the message centre's own. */
struct dcs dcs_read_smpp(uint8_t data_coding, enum charset standard);

/* The octet for a text or octets; class -1 for none. charset: GSM7, UCS2 or OCTETS. */
uint8_t dcs_write(enum charset charset, int class);
/* The same for SMPP's data_coding: F0 to F7 for classes, but for UCS2 (18 to 1B). */
uint8_t dcs_write_smpp(enum charset charset, int class);
/* Message waiting: C0 to EF. */
uint8_t dcs_write_waiting(enum charset charset, enum mwi_type, bool active, bool store);

#endif
