/* SPDX-License-Identifier: Apache-2.0 */
/* digest.h - a number for octets, by which the same are known again and tables find their places. */
#ifndef DIGEST_H
#define DIGEST_H

#include <stddef.h>
#include <stdint.h>

/* FNV-1a, 32 bits: quick, and no secret. Who means harm can make two alike. */
uint32_t digest_of(const void *octets, size_t len);

#endif
