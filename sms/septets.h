/* SPDX-License-Identifier: Apache-2.0 */
/*
 * septets.h - septets into octets and back (3GPP TS 23.038, 6.1.2.1.1).
 *
 * The first septet takes the low seven bits of the first octet; spare bits are
 * zero. `fill` bits (0 to 6) are left free in front, so that text behind a
 * header begins on a septet boundary (3GPP TS 23.040, 9.2.3.24).
 */
#ifndef SEPTETS_H
#define SEPTETS_H

#include <stddef.h>
#include <stdint.h>

/* Octets that n septets take behind `fill` bits. */
size_t septets_octets(size_t n, unsigned fill);
/* Fill bits behind a header of that many octets, UDHL included. */
unsigned septets_fill(size_t header_octets);
/* Septets that a header of that many octets takes, fill bits included. */
size_t septets_of_header(size_t header_octets);

/* Writes septets_octets(n, fill) octets; returns how many. */
size_t septets_pack(uint8_t *out, const uint8_t *septets, size_t n, unsigned fill);
/* Reads n septets, one to an octet; reads septets_octets(n, fill) octets. */
void septets_unpack(uint8_t *out, size_t n, const uint8_t *octets, unsigned fill);

/*
 * USSD (23.038, 6.1.2.3.1), where no length tells seven spare bits from an `@`: they hold
 * a carriage return, and a text that fills its octets and ends with one gets another.
 * Writing needs room for septets_octets(n + 1, 0); returns the octets. Reading needs
 * room for len * 8 / 7 septets; returns how many.
 */
size_t ussd_pack(uint8_t *out, const uint8_t *septets, size_t n);
size_t ussd_unpack(uint8_t *out, const uint8_t *octets, size_t len);

#endif
