/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz_smpp_pdu.c - any octets into the SMPP codec.
 *
 * Nothing may be read outside the octets; what was read and written again has
 * to be read as the same; a receipt may be looked for in anything.
 */
#include "../../drivers/smpp_pdu.h"
#include "replay.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* Packs what was unpacked, unpacks that, and packs it again: the same octets. */
static void there_and_back(const struct smpp_pdu *pdu, size_t len)
{
	const size_t room = len + 64;
	uint8_t *once = malloc(room), *twice = malloc(room);
	struct smpp_pdu again;
	if (!once || !twice)
		abort();
	const size_t n = smpp_pack(pdu, once, room);
	if (n) {
		assert(n <= room && smpp_measure(NULL, once, n) == n);
		assert(smpp_unpack(once, n, &again) == SMPP_ROK && !again.tail_dropped);
		assert(smpp_pack(&again, twice, room) == n && memcmp(once, twice, n) == 0);
	}
	free(once);
	free(twice);
}

/* To the other base and back: the same but for case and leading zeros. */
static void convert(const char *id)
{
	char there[128], back[128];
	if (smpp_id_hex_to_decimal(there, sizeof there, id)) {
		while (*id == '0' && id[1])
			id++;
		assert(smpp_id_decimal_to_hex(back, sizeof back, there) && strcasecmp(back, id) == 0);
	}
	smpp_id_decimal_to_hex(there, 8, id);
}

int LLVMFuzzerTestOneInput(const uint8_t *at, size_t len)
{
	struct smpp_pdu pdu;
	struct smpp_receipt receipt;
	smpp_measure(NULL, at, len);
	if (smpp_receipt_text(at, len, &receipt))
		convert(receipt.id);
	if (len < SMPP_HEADER)
		return 0;
	const uint32_t status = smpp_unpack(at, len, &pdu);
	smpp_status(pdu.status);
	if (status != SMPP_ROK)
		return 0;
	size_t text, next = 0;
	struct smpp_dest dest;
	unsigned dests = 0;
	smpp_text(&pdu, &text);
	while (smpp_dest_next(&pdu, &next, &dest))
		dests++;
	assert(dests == pdu.dests.n && next == pdu.dests.len);
	smpp_tlv_number(&pdu, SMPP_TAG_MESSAGE_STATE, 0);
	if (smpp_receipt(&pdu, &receipt))
		convert(receipt.id);
	there_and_back(&pdu, len);
	return 0;
}
