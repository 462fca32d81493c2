/* SPDX-License-Identifier: Apache-2.0 */
/* sim_text.h - a text as handsets send it: encoded, and cut into parts. */
#ifndef SIM_TEXT_H
#define SIM_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct smpp_pdu;

enum {
	UNITS_MAX = 255 * 153,          /* octets of units of one message: 255 parts of 7-bit text */
	PART_MAX = 6 + 160,             /* octets of one part with its header */
};

/* A unit is a septet, alone in its octet, or two octets of UTF-16BE. */
struct units {
	uint8_t at[UNITS_MAX + 4];
	size_t n;                       /* octets */
	size_t size;                    /* octets of a unit */
	size_t single, each;            /* octets that fit one part: alone, and of several */
};

/* Encodes UTF-8; what is no UTF-8 becomes U+FFFD. False: the text is too long, or the
 * 7-bit alphabet lacks a character of it. */
bool units_gsm7(struct units *, const char *text);
bool units_ucs2(struct units *, const char *text);

/* How many parts they make. May be more than 255. */
unsigned units_parts(const struct units *);

/* Makes part 1... of them the short_message of `pdu`: the octets are put into `out`,
 * behind a concatenation header (and UDHI into esm_class) when there are several parts. */
void units_part(const struct units *, unsigned part, uint8_t reference, uint8_t out[PART_MAX],
    struct smpp_pdu *pdu);

/* A time in UTC: "260731120000" */
enum { STAMP_ROOM = 13 };
void stamp_write(char out[STAMP_ROOM], int64_t at);

#endif
