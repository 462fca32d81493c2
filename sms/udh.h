/* SPDX-License-Identifier: Apache-2.0 */
/* udh.h - the user data header (3GPP TS 23.040, 9.2.3.24). */
#ifndef UDH_H
#define UDH_H

#include "alphabet.h"
#include "dcs.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { UDH_MAX = 140, UDH_TOO_LONG = UDH_MAX + 1, UDH_WAITING_MAX = 5 };

/* What a header says, or is to say. */
struct udh {
	struct { uint16_t reference; uint8_t parts, part; bool wide; } concat; /* parts 0: none */
	struct { bool there, wide; uint16_t destination, source; } ports;
	struct shifts shifts;
	struct { enum mwi_type type; bool store; uint8_t count, profile; } waiting[UDH_WAITING_MAX];
	unsigned nwaiting;
};

/*
 * Reads a header: `at` begins with its length octet, `len` is what there is of
 * the user data. Returns the octets of the header with its length octet, 0 when
 * it runs past `len` (then *udh is empty). A header whose elements do not add up
 * is void as a whole: *udh is empty, the length is returned. Unknown elements and
 * those of a wrong length are skipped; of those that exclude each other the last
 * one counts; a concatenation that cannot be (part 0, part beyond parts) is none.
 */
size_t udh_read(const uint8_t *at, size_t len, struct udh *);

/*
 * Writes a header with its length octet: ports, concatenation, message waiting,
 * then `more` (elements as they stand, without a length octet, may be NULL), the
 * shifts last. Returns its octets, 0 when there is nothing to say;
 * UDH_TOO_LONG when it would not fit into `room`, which then holds part of it.
 */
size_t udh_write(uint8_t *out, size_t room, const struct udh *, const uint8_t *more, size_t len);

/* Copies a header (with length octet) without its concatenation elements; 0 when
 * nothing is left. `out` has room for len octets. */
size_t udh_without_concat(uint8_t *out, const uint8_t *at, size_t len);

#endif
