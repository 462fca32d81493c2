/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz_tpdu.c - any octets as a TPDU in either direction, and as a line of a modem: what
 * is read and written again reads the same, and its text is UTF-8. The first octet
 * chooses the direction and whether it came with a failure.
 */
#include "../../sms/alphabet.h"
#include "../../sms/septets.h"
#include "../../sms/tpdu.h"
#include "replay.h"

#include <assert.h>

static void same_data(const struct tpdu_data *a, const struct tpdu_data *b)
{
	assert(a->header_len == b->header_len && a->text_len == b->text_len);
	assert(memcmp(a->header, b->header, a->header_len) == 0);
	assert(memcmp(a->text, b->text, a->text_len) == 0);
}

static void write_again(const struct tpdu *tpdu, enum tpdu_direction direction, bool failed)
{
	uint8_t out[TPDU_MAX];
	char why[200];
	struct tpdu again;
	const size_t n = tpdu_write(out, tpdu);
	if (n == 0)
		return;                     /* a name that the alphabet lacks */
	assert(tpdu_read(&again, out, n, direction, failed, why, sizeof why));
	assert(again.type == tpdu->type && again.status == tpdu->status && again.cause == tpdu->cause);
	assert(again.reference == tpdu->reference && again.data_coding == tpdu->data_coding);
	assert(again.stamp.at == tpdu->stamp.at && again.discharge.at == tpdu->discharge.at);
	if (tpdu->address.ton != TON_ALPHANUMERIC) /* a name may lose its padding, or an escape */
		assert(strcmp(again.address.text, tpdu->address.text) == 0);
	same_data(&tpdu->data, &again.data);
}

static void try_line(const uint8_t *at, size_t len)
{
	struct address centre;
	const size_t n = tpdu_centre(&centre, at, len, len % 3 ? len : 0);
	assert(n == SIZE_MAX || n <= len);
	uint8_t septets[512], packed[512];
	if (len > 200)
		return;
	const size_t text = ussd_unpack(septets, at, len);
	const size_t back = ussd_pack(packed, septets, text);
	assert(back <= len + 1);
}

int LLVMFuzzerTestOneInput(const uint8_t *at, size_t len)
{
	if (len == 0)
		return 0;
	const enum tpdu_direction direction = at[0] & 1 ? TPDU_FROM_HANDSET : TPDU_TO_HANDSET;
	const bool failed = at[0] & 2;
	char why[200] = "", text[2048];
	struct tpdu tpdu;
	try_line(at + 1, len - 1);
	if (!tpdu_read(&tpdu, at + 1, len - 1, direction, failed, why, sizeof why)) {
		assert(*why);
		return 0;
	}
	const size_t n = tpdu_text(text, sizeof text, &tpdu);
	assert(strlen(text) == n && utf8_valid(text, n) == n);
	assert(tpdu.data.header_len <= TPDU_DATA_MAX && tpdu.data.text_len <= TPDU_TEXT_MAX);
	tpdu_valid_for(&tpdu, 1700000000);
	write_again(&tpdu, direction, failed);
	return 0;
}
