/* SPDX-License-Identifier: Apache-2.0 */
/*
 * check_sim_commands.c - what smsc-sim answers to those who ask about their messages.
 */
#include "sim_peer.h"

static const struct smpp_address acme = { .ton = 5, .digits = "ACME" };

/* Submits a text, and keeps the id that it got. */
static void submitted(struct peer *peer, const char *recipient, char id[66])
{
	submit_text(peer, recipient, "hello");
	const struct smpp_pdu response = peer_expect(peer, (uint32_t)SMPP_SUBMIT_SM_RESP);
	ck_assert_uint_eq(response.status, SMPP_ROK);
	memcpy(id, response.message_id, sizeof response.message_id);
}

/* The source as submit() writes it. */
static struct smpp_pdu about(uint32_t command, const char *id)
{
	struct smpp_pdu pdu = { .command = command, .source = acme };
	snprintf(pdu.message_id, sizeof pdu.message_id, "%s", id);
	return pdu;
}

static struct smpp_pdu asked(struct peer *peer, struct smpp_pdu pdu)
{
	peer_send(peer, &pdu);
	return peer_expect(peer, pdu.command | 0x80000000u);
}

START_TEST(a_message_is_under_way_until_its_receipt_is_due)
{
	struct sim sim = START("--receipt-delay", "300", "--undeliverable", "447700900002");
	struct peer *peer = peer_bind(&sim, 0, SMPP_BIND_TRANSCEIVER);
	struct smpp_receipt receipt;
	char id[66];
	submitted(peer, "447700900002", id);
	struct smpp_pdu state = asked(peer, about(SMPP_QUERY_SM, id));
	ck_assert_uint_eq(state.status, SMPP_ROK);
	ck_assert_str_eq(state.message_id, id);
	ck_assert_uint_eq(state.message_state, 1);
	ck_assert_str_eq(state.final_date, "");
	expect_receipt(peer, &receipt);
	state = asked(peer, about(SMPP_QUERY_SM, id));
	ck_assert_uint_eq(state.message_state, 5);
	ck_assert_uint_eq(strlen(state.final_date), 16);
	ck_assert_uint_eq(asked(peer, about(SMPP_CANCEL_SM, id)).status, SMPP_RCANCELFAIL);
	struct smpp_pdu replace = about(SMPP_REPLACE_SM, id);
	ck_assert_uint_eq(asked(peer, replace).status, SMPP_RREPLACEFAIL);
	json_t *counts = sim_stop(&sim);
	ck_assert_int_eq(count(counts, "commands"), 4);
	ck_assert_int_eq(count(counts, "commands_refused"), 2);
	json_decref(counts);
}
END_TEST

START_TEST(a_message_is_found_by_its_id_and_its_source)
{
	struct sim sim = START("--receipt-delay", "60000", "--id-form", "uuid");
	struct peer *peer = peer_bind(&sim, 0, SMPP_BIND_TRANSCEIVER);
	char id[66];
	submitted(peer, "447700900001", id);
	static const struct { uint32_t command, status; } unknown[] = {
		{ SMPP_QUERY_SM, SMPP_RINVMSGID }, { SMPP_CANCEL_SM, SMPP_RINVMSGID },
		{ SMPP_REPLACE_SM, SMPP_RINVMSGID }, { SMPP_QUERY_BROADCAST_SM, SMPP_RBCASTQUERYFAIL },
		{ SMPP_CANCEL_BROADCAST_SM, SMPP_RBCASTCANCELFAIL },
	};
	for (size_t i = 0; i < sizeof unknown / sizeof *unknown; i++) {
		ck_assert_uint_eq(asked(peer, about(unknown[i].command, "1")).status, unknown[i].status);
		struct smpp_pdu pdu = about(unknown[i].command, id);
		pdu.source.ton = 1;
		ck_assert_uint_eq(asked(peer, pdu).status, unknown[i].status);
	}
	ck_assert_uint_eq(asked(peer, about(SMPP_QUERY_BROADCAST_SM, id)).status, SMPP_RBCASTQUERYFAIL);
	ck_assert_uint_eq(asked(peer, about(SMPP_QUERY_SM, id)).status, SMPP_ROK);
	json_decref(sim_stop(&sim));
}
END_TEST

START_TEST(what_is_cancelled_has_a_receipt_that_says_so_and_no_other)
{
	struct sim sim = START("--receipt-delay", "200");
	struct peer *peer = peer_bind(&sim, 0, SMPP_BIND_TRANSCEIVER);
	struct smpp_receipt receipt;
	char id[66];
	submitted(peer, "447700900001", id);
	ck_assert_uint_eq(asked(peer, about(SMPP_CANCEL_SM, id)).status, SMPP_ROK);
	struct smpp_pdu pdu = expect_receipt(peer, &receipt);
	ck_assert_str_eq(receipt.id, id);
	ck_assert_str_eq(receipt.word, "DELETED");
	answer(peer, &pdu, SMPP_ROK);
	ck_assert_uint_eq(asked(peer, about(SMPP_QUERY_SM, id)).message_state, 4);
	/* The next one's is due later than that of the first would have been. */
	submitted(peer, "447700900002", id);
	pdu = expect_receipt(peer, &receipt);
	ck_assert_str_eq(receipt.id, id);
	ck_assert_str_eq(receipt.word, "DELIVRD");
	json_t *counts = sim_stop(&sim);
	ck_assert_int_eq(count(counts, "receipts_sent"), 2);
	json_decref(counts);
}
END_TEST

START_TEST(a_group_is_all_that_wait_from_one_to_another)
{
	struct sim sim = START("--receipt-delay", "60000");
	struct peer *peer = peer_bind(&sim, 0, SMPP_BIND_TRANSCEIVER);
	char ids[3][66];
	submitted(peer, "447700900001", ids[0]);
	submitted(peer, "447700900002", ids[1]);
	submitted(peer, "447700900001", ids[2]);
	struct smpp_pdu group = about(SMPP_CANCEL_SM, "");
	group.destination = (struct smpp_address){ .ton = 1, .npi = 1, .digits = "447700900001" };
	ck_assert_uint_eq(asked(peer, group).status, SMPP_ROK);
	static const uint8_t states[] = { 4, 1, 4 };
	for (size_t i = 0; i < 3; i++) {
		peer_send(peer, &(struct smpp_pdu){ .command = SMPP_ENQUIRE_LINK });
		struct smpp_pdu pdu;
		while (peer_read(peer, &pdu) && pdu.command != (uint32_t)SMPP_ENQUIRE_LINK_RESP)
			answer(peer, &pdu, SMPP_ROK);
		struct smpp_pdu query = about(SMPP_QUERY_SM, ids[i]);
		peer_send(peer, &query);
		do
			ck_assert(peer_read(peer, &pdu));
		while (pdu.command != (uint32_t)SMPP_QUERY_SM_RESP);
		ck_assert_uint_eq(pdu.message_state, states[i]);
	}
	json_decref(sim_stop(&sim));
}
END_TEST

START_TEST(a_centre_may_know_no_commands)
{
	struct sim sim = START("--no-commands");
	struct peer *peer = peer_bind(&sim, 0, SMPP_BIND_TRANSCEIVER);
	struct smpp_pdu query = about(SMPP_QUERY_SM, "1");
	const uint32_t number = peer_send(peer, &query);
	const struct smpp_pdu nack = peer_expect(peer, (uint32_t)SMPP_GENERIC_NACK);
	ck_assert_uint_eq(nack.status, SMPP_RINVCMDID);
	ck_assert_uint_eq(nack.sequence, number);
	json_decref(sim_stop(&sim));
}
END_TEST

START_TEST(a_receiver_asks_nothing)
{
	struct sim sim = START("--receipt-delay", "0");
	struct peer *peer = peer_bind(&sim, 0, SMPP_BIND_RECEIVER);
	ck_assert_uint_eq(asked(peer, about(SMPP_QUERY_SM, "1")).status, SMPP_RINVBNDSTS);
	json_decref(sim_stop(&sim));
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		a_message_is_under_way_until_its_receipt_is_due,
		a_message_is_found_by_its_id_and_its_source,
		what_is_cancelled_has_a_receipt_that_says_so_and_no_other,
		a_group_is_all_that_wait_from_one_to_another,
		a_centre_may_know_no_commands,
		a_receiver_asks_nothing,
	};
	return sim_tests("sim_commands", tests, sizeof tests / sizeof *tests);
}
