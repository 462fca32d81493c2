/* SPDX-License-Identifier: Apache-2.0 */
/*
 * alphabet.h - the alphabets of the air interface, to and from UTF-8.
 *
 * GSM 7-bit default alphabet and its extension table (3GPP TS 23.038, 6.2.1),
 * septets unpacked: one to an octet. UCS-2 is read and written as UTF-16BE.
 */
#ifndef ALPHABET_H
#define ALPHABET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { GSM7_ESCAPE = 0x1B };

/*
 * Reads one character of UTF-8 at *at (before end) and moves *at behind it.
 * Octets that are no UTF-8 (overlong, surrogate, cut) give U+FFFD, one octet at a
 * time.
 */
uint32_t utf8_next(const uint8_t **at, const uint8_t *end);

/* Writes a code point; returns the octets, 1 to 4. */
size_t utf8_put(char out[4], uint32_t point);

/*
 * The septets of a code point: 1 or 2 (escape and extension), 0 when the
 * alphabet lacks it.
 */
size_t gsm7_put(uint8_t out[2], uint32_t point);

/* Septets into UTF-8. An unknown extension shows as its base character, as
 * 23.038 asks; a lone escape at the end as a space. The result is cut at whole
 * characters to fit `room`, and ends with a NUL. Returns its length. */
size_t gsm7_to_utf8(char *out, size_t room, const uint8_t *septets, size_t n);

/* UTF-16BE into UTF-8, likewise. Lone surrogates give U+FFFD, a NUL too; an odd
 * last octet is ignored. */
size_t ucs2_to_utf8(char *out, size_t room, const uint8_t *octets, size_t n);

#endif
