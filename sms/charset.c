/* SPDX-License-Identifier: Apache-2.0 */
/*
 * charset.c - a table of names and one loop over iconv; what iconv refuses is an
 * octet of its own that shows as U+FFFD.
 */
#include "charset.h"

#include "alphabet.h"

#include <errno.h>
#include <iconv.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define X(name, word, iconv) word,
const char *const charset_words[] = { CHARSET_LIST(X) NULL };
#undef X
#define X(name, word, iconv) iconv,
static const char *const iconv_names[] = { CHARSET_LIST(X) };
#undef X

static const char replacement[] = "\xEF\xBF\xBD";

struct text { char *at; size_t n, room; };

/* False when it no longer fits with a NUL behind it. */
static bool append(struct text *text, const char *octets, size_t n)
{
	if (text->n + n + 1 > text->room)
		return false;
	memcpy(text->at + text->n, octets, n);
	text->n += n;
	return true;
}

/* Appends whole characters of UTF-8, each NUL as U+FFFD. */
static bool append_all(struct text *text, const char *from, size_t n)
{
	const uint8_t *at = (const uint8_t *)from, *end = n ? at + n : at;
	while (at < end) {
		char octets[4];
		const uint32_t point = utf8_next(&at, end);
		if (!append(text, octets, utf8_put(octets, point ? point : 0xFFFD)))
			return false;
	}
	return true;
}

static void convert(struct text *text, const char *name, const uint8_t *from, size_t len)
{
	iconv_t converter = iconv_open("UTF-8", name);
	if (converter == (iconv_t)-1)   /* a system without that charset: nothing is lost silently */
		name = NULL;
	char *in = (char *)(uintptr_t)from;
	while (len > 0) {
		char buffer[256], *out = buffer;
		size_t room = sizeof buffer;
		const size_t done = name ? iconv(converter, &in, &len, &out, &room) : (size_t)-1;
		const int error = name ? errno : EILSEQ;
		if (!append_all(text, buffer, (size_t)(out - buffer)))
			break;
		if (done != (size_t)-1 || error == E2BIG)
			continue;
		if (!append(text, replacement, sizeof replacement - 1))
			break;
		in++;
		len--;
	}
	if (name)
		iconv_close(converter);
}

size_t charset_to_utf8(char *out, size_t room, enum charset charset, const uint8_t *at, size_t len,
    const struct shifts *shifts)
{
	if (room == 0)
		return 0;
	if (charset == CHARSET_GSM7)
		return gsm7_to_utf8_shifted(out, room, at, len, shifts ? *shifts : (struct shifts){ 0 });
	if (charset == CHARSET_UCS2)
		return ucs2_to_utf8(out, room, at, len);
	struct text text = { .at = out, .room = room };
	if (charset == CHARSET_UTF8 || charset == CHARSET_OCTETS)
		append_all(&text, (const char *)at, len);
	else if (charset < CHARSET_COUNT)
		convert(&text, iconv_names[charset], at, len);
	out[text.n] = '\0';
	return text.n;
}
