/* SPDX-License-Identifier: Apache-2.0 */
/*
 * alphabet.h - the alphabets of the air interface, to and from UTF-8.
 *
 * GSM 7-bit default alphabet and its extension table (3GPP TS 23.038, 6.2.1),
 * septets unpacked: one to an octet; the national language tables of its Annex A;
 * UCS-2, which is read and written as UTF-16BE.
 */
#ifndef ALPHABET_H
#define ALPHABET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { GSM7_ESCAPE = 0x1B, GSM7_LANGUAGES = 14 };

/* National language identifiers (23.038, 6.2.1.2.4), 0: the default tables. */
struct shifts { uint8_t single, locking; };

/* "Turkish" .. "Urdu" by identifier 1 to 13; NULL for others. */
const char *gsm7_language(unsigned id);
bool gsm7_has_locking(unsigned id);     /* Spanish has no locking table */

/* Where text stops being UTF-8: the offset of the first bad octet, or len. */
size_t utf8_valid(const char *text, size_t len);

/* The septets of a code point under national tables, as gsm7_put(). */
size_t gsm7_put_shifted(uint8_t out[2], uint32_t point, struct shifts);
/* gsm7_to_utf8() under national tables. */
size_t gsm7_to_utf8_shifted(char *out, size_t room, const uint8_t *septets, size_t n,
    struct shifts);
/*
 * A whole text in the default alphabet, fast: as many septets as fit into `room`
 * are written and counted in *n. Returns the octets of text that were read: less
 * than len when a character is not in the alphabet, or room ran out (a pair is
 * never cut). `text` has to be valid UTF-8.
 */
size_t gsm7_from_utf8(uint8_t *out, size_t room, size_t *n, const char *text, size_t len);
/* The same into UTF-16BE; `room` and *n count octets. Reads all but for room. */
size_t ucs2_from_utf8(uint8_t *out, size_t room, size_t *n, const char *text, size_t len);

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
