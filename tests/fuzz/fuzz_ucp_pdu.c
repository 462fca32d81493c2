/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz_ucp_pdu.c - any octets into the UCP codec, and what it makes of them into the gateway's
 * nouns.
 *
 * Nothing may be read outside the octets; what was read and written again has to be read as the
 * same; any operation may be judged, and be taken for a message, a receipt or an answer.
 */
#include "../../drivers/ucp.h"
#include "../../sms/alphabet.h"
#include "replay.h"

#include <assert.h>

static char empty[] = "", abroad[] = "00", home[] = "0", country[] = "49", zone[] = "+01:00";

static struct ucp_options options_of(uint8_t choice)
{
	return (struct ucp_options){ .username = empty, .addresses.country_code = choice & 1 ? country : empty,
		.addresses.international_prefix = abroad, .addresses.national_prefix = home, .own_number = empty,
		.notification_address = empty, .notification_pid = empty, .ac = empty, .data_class = -1,
		.time_zone = zone, .alphabet = choice >> 1 & 3 };
}

/* Packs what was unpacked, unpacks that, and packs it again: the same octets. */
static void there_and_back(const struct ucp_pdu *pdu)
{
	static uint8_t once[UCP_FRAME_MAX], twice[UCP_FRAME_MAX];
	struct ucp_pdu again;
	const size_t n = ucp_pack(pdu, once, sizeof once);
	if (n == 0)
		return;
	assert(n <= sizeof once && ucp_unpack(once, n, &again) == UCP_FINE);
	assert(again.nfields == pdu->nfields && again.trn == pdu->trn && again.operation == pdu->operation);
	assert(ucp_pack(&again, twice, sizeof twice) == n && memcmp(once, twice, n) == 0);
	assert(ucp_pack(pdu, once, n - 1) == 0);
}

static void as_text(const char *text, size_t room)
{
	const size_t len = strnlen(text, room);
	assert(len < room && utf8_valid(text, len) == len);
}

static void as_delivery(const struct ucp_pdu *pdu, uint8_t choice)
{
	const struct ucp_options options = options_of(choice);
	struct ucp_arrived arrived;
	struct receipt receipt;
	ucp_read_inbound(&options, pdu, &arrived);
	const struct inbound *in = &arrived.inbound;
	as_text(in->sender, sizeof in->sender);
	as_text(in->recipient, sizeof in->recipient);
	assert(in->concat_part <= in->concat_parts && in->octets.len <= UCP_MESSAGE_MAX);
	uint32_t sum = 0;
	for (size_t i = 0; i < in->octets.len; i++)
		sum += in->octets.at[i];
	for (size_t i = 0; i < in->udh.len; i++)
		sum += in->udh.at[i];
	assert(sum < UINT32_MAX);
	if (in->options)
		as_text(in->options, strlen(in->options) + 1);
	free(arrived.options);
	ucp_read_receipt(&options, pdu, &receipt);
	as_text(receipt.network_id, sizeof receipt.network_id);
	as_text(receipt.alternate[0], sizeof receipt.alternate[0]);
	as_text(receipt.alternate[1], sizeof receipt.alternate[1]);
	as_text(receipt.word, sizeof receipt.word);
	as_text(receipt.text, sizeof receipt.text);
}

static void as_answer(const struct ucp_pdu *pdu, uint8_t choice)
{
	const struct ucp_options options = options_of(choice);
	struct message message = { .attempts = 1, .sender = "1", .recipient = "2" };
	struct command command = { .kind = choice & 1 ? COMMAND_CANCEL : COMMAND_QUERY, .message = &message };
	struct question question = { .command = &command, .network_id = "1:241126101530" };
	struct ucp_result result;
	struct reply reply;
	if (ucp_result(pdu, &result)) {
		const struct outcome outcome = ucp_outcome(&options, &result, &message);
		as_text(outcome.text, sizeof outcome.text);
		as_text(outcome.network_id, sizeof outcome.network_id);
		ucp_taken(&question, &result, &reply);
		as_text(reply.text, sizeof reply.text);
	}
	ucp_is_told(&question, pdu);
	reply = ucp_told(&options, "acme", &question, pdu);
	as_text(reply.text, sizeof reply.text);
	as_text(reply.answer, sizeof reply.answer);
}

int LLVMFuzzerTestOneInput(const uint8_t *at, size_t len)
{
	struct ucp_pdu pdu;
	const char *culprit;
	const enum ucp_fault fault = ucp_unpack(at, len, &pdu);
	if (fault != UCP_FINE && fault != UCP_BAD_LENGTH)
		return 0;
	for (unsigned i = 0; i < pdu.nfields + 2; i++)
		assert(*ucp_field_name(&pdu, i));
	there_and_back(&pdu);
	as_answer(&pdu, pdu.trn);
	if (!pdu.result && ucp_judge(&pdu, &culprit) == UCP_EC_NONE)
		as_delivery(&pdu, pdu.trn);
	return 0;
}
