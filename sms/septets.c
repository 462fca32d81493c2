/* SPDX-License-Identifier: Apache-2.0 */
/*
 * septets.c - a stream of bits, the lowest first: one accumulator, whole octets
 * leave it on writing and whole septets on reading.
 */
#include "septets.h"

enum { RETURN = 0x0D };                  /* of USSD */

size_t septets_octets(size_t n, unsigned fill)
{
	return (7 * n + fill + 7) / 8;
}

size_t septets_of_header(size_t header_octets)
{
	return (8 * header_octets + 6) / 7;
}

unsigned septets_fill(size_t header_octets)
{
	return (unsigned)(7 * septets_of_header(header_octets) - 8 * header_octets);
}

size_t septets_pack(uint8_t *out, const uint8_t *septets, size_t n, unsigned fill)
{
	uint8_t *at = out;
	unsigned bits = 0, held = fill;
	for (size_t i = 0; i < n; i++) {
		bits |= (septets[i] & 0x7Fu) << held;
		for (held += 7; held >= 8; held -= 8, bits >>= 8)
			*at++ = (uint8_t)bits;
	}
	if (held > 0)
		*at++ = (uint8_t)bits;
	return (size_t)(at - out);
}

void septets_unpack(uint8_t *out, size_t n, const uint8_t *octets, unsigned fill)
{
	unsigned bits = 0, held = 0;
	if (n > 0 && fill > 0) {
		bits = (unsigned)*octets++ >> fill;
		held = 8 - fill;
	}
	for (size_t i = 0; i < n; i++) {
		if (held < 7) {
			bits |= (unsigned)*octets++ << held;
			held += 8;
		}
		out[i] = bits & 0x7F;
		bits >>= 7;
		held -= 7;
	}
}

size_t ussd_pack(uint8_t *out, const uint8_t *septets, size_t n)
{
	const size_t len = septets_pack(out, septets, n, 0);
	if (n % 8 == 7)
		out[len - 1] |= RETURN << 1;
	if (n == 0 || n % 8 || septets[n - 1] != RETURN)
		return len;
	out[len] = RETURN;
	return len + 1;
}

size_t ussd_unpack(uint8_t *out, const uint8_t *octets, size_t len)
{
	size_t n = len * 8 / 7;
	septets_unpack(out, n, octets, 0);
	/* All the bits are used up, or only the second of two returns is in the last octet. */
	if (n && out[n - 1] == RETURN && (n % 8 == 0 || (n % 8 == 1 && n > 1 && out[n - 2] == RETURN)))
		n--;
	return n;
}
