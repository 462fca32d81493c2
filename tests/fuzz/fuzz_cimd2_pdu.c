/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz_cimd2_pdu.c - any octets into the CIMD2 codec, its user data, and what reads a packet.
 *
 * The octets are cut into frames as a stream is. Nothing may be read outside of them; what was read
 * and written again has to be read as the same; user data that was read has to stay itself
 * when it is written and read again.
 */
#include "../../drivers/cimd2.h"
#include "../../drivers/cimd2_text.h"
#include "../../gateway/command.h"
#include "replay.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void there_and_back(const struct cimd2_pdu *pdu)
{
	static uint8_t once[2 * CIMD2_PACKET_MAX], twice[2 * CIMD2_PACKET_MAX];
	struct cimd2_pdu again;
	const size_t n = cimd2_pack(pdu, once, sizeof once);
	assert(n > 0);
	assert(cimd2_unpack(once, n, &again) == CIMD2_FINE && again.checked);
	assert(again.operation == pdu->operation && again.number == pdu->number &&
	    again.nparameters == pdu->nparameters);
	assert(cimd2_pack(&again, twice, sizeof twice) == n && memcmp(once, twice, n) == 0);
}

static void read_text(const uint8_t *at, size_t len)
{
	static uint8_t septets[CIMD2_PACKET_MAX], back[CIMD2_PACKET_MAX], data[3 * CIMD2_PACKET_MAX];
	unsigned strange;
	if (len > sizeof septets)
		return;
	const size_t n = cimd2_text_read(septets, sizeof septets, at, len, &strange);
	assert(n <= len && strange <= len);
	for (enum cimd2_width width = CIMD2_SEVEN_BITS; width <= CIMD2_EIGHT_BITS; width++) {
		const size_t octets = cimd2_text_write(data, sizeof data, septets, n, width);
		assert(octets >= n && octets <= CIMD2_TEXT_EXPANDS * n);
		assert(cimd2_text_read(back, sizeof back, data, octets, &strange) == n && strange == 0);
		assert(memcmp(back, septets, n) == 0);
	}
}

/* What the driver makes of it, whatever it is. */
static void read_all(const struct cimd2_pdu *pdu)
{
	static struct cimd2_message room;
	static const struct cimd2_options options;
	struct inbound inbound;
	struct receipt receipt;
	char text[OUTCOME_TEXT_MAX];
	struct message message = { .recipient = "1", .attempts = 1 };
	struct command command = { .message = &message };
	const struct question question = { .command = &command, .network_id = "1:261124101530" };
	if (cimd2_read_inbound(3600, pdu, &room, &inbound) == CIMD2_TAKEN)
		assert(inbound.concat_part <= inbound.concat_parts && inbound.octets.len <= CIMD2_PACKET_MAX);
	free(room.options);
	room.options = NULL;
	if (cimd2_read_receipt(-3600, pdu, &receipt) == CIMD2_TAKEN)
		assert(*receipt.network_id);
	cimd2_error_text(text, sizeof text, pdu);
	cimd2_outcome(&options, pdu, &message);
	const struct reply reply = cimd2_reply(0, "acme", &question, pdu);
	assert(reply.kind == REPLY_DONE || *reply.text);
}

static void read_frame(const uint8_t *at, size_t len)
{
	struct cimd2_pdu pdu;
	const enum cimd2_fault fault = cimd2_unpack(at, len, &pdu);
	assert(pdu.nparameters <= CIMD2_PARAMETERS_MAX);
	if (fault == CIMD2_BAD_HEADER) {
		assert(!pdu.operation && !pdu.number && !pdu.nparameters);
		return;
	}
	assert(pdu.operation <= 99 && pdu.number <= 999);
	for (unsigned i = 0; i < pdu.nparameters; i++) {
		const struct blob *value = &pdu.parameters[i].value;
		uint8_t octets[64];
		size_t n;
		assert(value->at > at && value->at + value->len < at + len);
		cimd2_read_hex(value, octets, sizeof octets, &n);
		cimd2_number(&pdu, pdu.parameters[i].code, 255, -1);
		read_text(value->at, value->len);
	}
	if (fault != CIMD2_FINE)
		return;
	there_and_back(&pdu);
	read_all(&pdu);
}

int LLVMFuzzerTestOneInput(const uint8_t *at, size_t len)
{
	const uint8_t *const end = at + len;
	read_frame(at, len);                /* whole, whatever it is */
	read_text(at, len);
	while (at < end) {
		const size_t n = stx_measure(at, (size_t)(end - at));
		if (!n || n > (size_t)(end - at))
			break;
		if (stx_kind(at, n) == STX_FRAME)
			read_frame(at, n);
		at += n;
	}
	return 0;
}
