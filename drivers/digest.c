/* SPDX-License-Identifier: Apache-2.0 */
/* digest.c - a number for octets: FNV-1a. */
#include "digest.h"

uint32_t digest_of(const void *octets, size_t len)
{
	const uint8_t *at = octets;
	uint32_t sum = 2166136261u;
	while (len--)
		sum = (sum ^ *at++) * 16777619u;
	return sum;
}
