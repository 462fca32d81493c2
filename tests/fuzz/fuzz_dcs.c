/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz_dcs.c - any octets as text of any coding: data_coding, single and locking
 * shift, then the text. What comes out is UTF-8 without NUL, in its room.
 */
#include "../../sms/alphabet.h"
#include "../../sms/dcs.h"
#include "replay.h"

#include <assert.h>

static void decode(enum charset charset, struct shifts shifts, const uint8_t *at, size_t len,
    size_t room)
{
	char *text = malloc(room);
	if (!text)
		abort();
	const size_t n = charset_to_utf8(text, room, charset, at, len, &shifts);
	assert(n < room && text[n] == '\0' && utf8_valid(text, n) == n);
	assert(memchr(text, '\0', n) == NULL || charset == CHARSET_GSM7);
	free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *at, size_t len)
{
	if (len < 3)
		return 0;
	const struct dcs air = dcs_read(at[0]), smpp = dcs_read_smpp(at[0], CHARSET_LATIN1);
	assert(air.charset < CHARSET_COUNT && air.class >= -1 && air.class <= 3);
	const struct shifts shifts = { at[1], at[2] };
	decode(air.charset, shifts, at + 3, len - 3, len * 3 + 1);
	decode(smpp.charset, shifts, at + 3, len - 3, len * 3 + 1);
	decode(smpp.charset, shifts, at + 3, len - 3, 7);
	return 0;
}
