/* SPDX-License-Identifier: Apache-2.0 */
/*
 * charset.h - text of any coding that a peer may use, into UTF-8.
 *
 * GSM 7-bit and UTF-16BE are ours (alphabet.h); the others are iconv's.
 */
#ifndef CHARSET_H
#define CHARSET_H

#include <stddef.h>
#include <stdint.h>

/* The word is how tables and the configuration name it; the name is iconv's. */
#define CHARSET_LIST(X) \
	X(GSM7,      "gsm7",       "")            /* septets, one to an octet           */ \
	X(UCS2,      "ucs2",       "")            /* UTF-16BE                           */ \
	X(OCTETS,    "binary",     "")            /* no text                            */ \
	X(ASCII,     "ascii",      "ASCII")       /* SMPP 01: IA5                       */ \
	X(LATIN1,    "latin1",     "ISO-8859-1")  /* SMPP 03                            */ \
	X(JIS,       "jis",        "SHIFT_JIS")   /* SMPP 05: X 0208-1990               */ \
	X(CYRILLIC,  "iso-8859-5", "ISO-8859-5")  /* SMPP 06                            */ \
	X(HEBREW,    "iso-8859-8", "ISO-8859-8")  /* SMPP 07                            */ \
	X(ISO2022JP, "iso-2022-jp", "ISO-2022-JP") /* SMPP 0A: music codes, in practice this */ \
	X(EUCJP,     "euc-jp",     "EUC-JP")      /* SMPP 0D: extended kanji JIS        */ \
	X(KSC5601,   "ks_c_5601",  "EUC-KR")      /* SMPP 0E                            */ \
	X(UTF8,      "utf8",       "UTF-8")

#define X(name, word, iconv) CHARSET_##name,
enum charset { CHARSET_LIST(X) CHARSET_COUNT };
#undef X
extern const char *const charset_words[]; /* NULL-ended, in the order of the enum */

struct shifts;

/*
 * Text into UTF-8. What is no character becomes U+FFFD, a NUL too; nothing is
 * ever dropped silently but an odd last octet of UCS2. `shifts` are the national
 * tables for GSM7, or NULL. OCTETS are read as UTF8. The result is cut at whole
 * characters to fit `room`, and ends with a NUL; returns its length.
 * len * 3 + 1 octets are room enough for any charset but ISO2022JP and JIS,
 * for which it is too.
 */
size_t charset_to_utf8(char *out, size_t room, enum charset, const uint8_t *at, size_t len,
    const struct shifts *shifts);

#endif
