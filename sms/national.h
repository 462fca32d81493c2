/* SPDX-License-Identifier: Apache-2.0 */
/* national.h - the national language tables, for alphabet.c. */
#ifndef NATIONAL_H
#define NATIONAL_H

#include "alphabet.h"

/* By language identifier and septet: a code point, 0 where there is none. A language
 * without a locking table has nothing in it. */
extern const uint16_t national_locking[GSM7_LANGUAGES][128];
extern const uint16_t national_single[GSM7_LANGUAGES][128];

#endif
