/* SPDX-License-Identifier: Apache-2.0 */
/* translit.h - characters that GSM 7-bit lacks, by some that it has. */
#ifndef TRANSLIT_H
#define TRANSLIT_H

#include <stddef.h>
#include <stdint.h>

/* Each level holds those before it, whose word on a character comes first. */
enum translit { TRANSLIT_OFF, TRANSLIT_TYPOGRAPHIC, TRANSLIT_ACCENTS, TRANSLIT_GREEK,
	TRANSLIT_CYRILLIC, TRANSLIT_ON };
enum { TRANSLIT_MOST = 8 };
extern const char *const translit_words[]; /* "off", "typographic", ... "on", NULL */

/* What stands for a code point that is not in the default alphabet: UTF-8, all of
 * it in the alphabet, "" when nothing does, at most TRANSLIT_MOST characters. NULL:
 * nothing is known that could stand for it. */
const char *translit_of(uint32_t point, enum translit level);

#endif
