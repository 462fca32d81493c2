/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cimd2_text.h - user data (033) to and from the GSM 7-bit alphabet, septets unpacked: one to an
 * octet.
 *
 * User data is the alphabet written in ISO 8859-1, where what ASCII lacks is a combination: an
 * underscore and two characters, `_Oa` for @. A septet of the extension table is `_XX`
 * followed by the second septet as it would be written alone. Links that are eight bits wide take
 * the letters of ISO 8859-1 as they are, too; combinations always work. (Reference, section 9.)
 */
#ifndef CIMD2_TEXT_H
#define CIMD2_TEXT_H

#include <stddef.h>
#include <stdint.h>

enum cimd2_width {
	CIMD2_SEVEN_BITS,               /* combinations for all that is not ASCII */
	CIMD2_EIGHT_BITS,               /* letters of ISO 8859-1 as they are */
};

enum { CIMD2_TEXT_EXPANDS = 3 };        /* octets of user data for a septet, at most */

/* Writes n septets; bit 8 of each is ignored. Returns the octets, or 0 when they may not fit:
 * there is to be room for CIMD2_TEXT_EXPANDS * n. */
size_t cimd2_text_write(uint8_t *out, size_t room, const uint8_t *septets, size_t n,
    enum cimd2_width);

/*
 * Reads user data, whatever the width of the link. Returns the septets, len at most; what does not
 * fit into `room` is left out. An octet that stands for nothing becomes a question mark; an
 * underscore that begins no combination stays one, and so does what follows it: these are
 * counted in *strange (may be NULL), for a line in the log.
 */
size_t cimd2_text_read(uint8_t *septets, size_t room, const uint8_t *at, size_t len,
    unsigned *strange);

#endif
