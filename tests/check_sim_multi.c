/* SPDX-License-Identifier: Apache-2.0 */
/* check_sim_multi.c - smsc-sim and messages to several numbers, to lists and to areas. */
#include "sim_peer.h"

/* A submit_multi to numbers; the last, when it has no digit, is a list. */
static uint32_t submit_multi(struct peer *peer, const char *const *names)
{
	static uint8_t octets[1024];
	struct smpp_pdu pdu = { .command = SMPP_SUBMIT_MULTI, .registered_delivery = 1,
		.source = { .ton = 5, .digits = "ACME" }, .short_message = (const uint8_t *)"Hi all", .sm_length = 6 };
	for (; *names; names++) {
		struct smpp_dest dest = { .list = (*names)[0] > '9', .address = { .ton = 1, .npi = 1 } };
		snprintf(dest.address.digits, sizeof dest.address.digits, "%s", *names);
		pdu.dests.len = (uint16_t)(pdu.dests.len + smpp_dest_put(SMPP_SUBMIT_MULTI, &dest, octets + pdu.dests.len,
		    sizeof octets - pdu.dests.len));
		pdu.dests.n++;
	}
	pdu.dests.at = octets;
	return peer_send(peer, &pdu);
}
#define MULTI(peer, ...) submit_multi(peer, (const char *const[]){ __VA_ARGS__, NULL })

START_TEST(a_submit_multi_has_one_id_and_names_those_it_refuses)
{
	struct sim sim = START("--fail", "447700900002", "--list", "STAFF=447700900003,447700900004",
	    "--undeliverable", "447700900004");
	struct peer *peer = peer_bind(&sim, 0, SMPP_BIND_TRANSCEIVER);
	const uint32_t sequence = MULTI(peer, "447700900001", "447700900002", "STAFF", "NOBODY");
	const struct smpp_pdu answered = peer_expect(peer, (uint32_t)SMPP_SUBMIT_MULTI_RESP);
	ck_assert_uint_eq(answered.sequence, sequence);
	ck_assert_uint_eq(answered.status, SMPP_ROK);
	ck_assert_uint_eq(answered.dests.n, 2);
	struct smpp_dest dest;
	size_t at = 0;
	ck_assert(smpp_dest_next(&answered, &at, &dest));
	ck_assert_str_eq(dest.address.digits, "447700900002");
	ck_assert_uint_eq(dest.status, SMPP_RINVDSTADR);
	ck_assert(smpp_dest_next(&answered, &at, &dest));
	ck_assert_str_eq(dest.address.digits, "NOBODY");
	ck_assert_uint_eq(dest.status, SMPP_RINVDLNAME);
	char id[66];
	snprintf(id, sizeof id, "%s", answered.message_id);
	static const char *const from[] = { "447700900001", "447700900003", "447700900004" };
	for (size_t i = 0; i < 3; i++) {
		struct smpp_receipt receipt;
		const struct smpp_pdu pdu = expect_receipt(peer, &receipt);
		ck_assert_str_eq(pdu.source.digits, from[i]);
		ck_assert_str_eq(receipt.id, id);
		ck_assert_str_eq(receipt.word, i == 2 ? "UNDELIV" : "DELIVRD");
		answer(peer, &pdu, SMPP_ROK);
	}
	MULTI(peer, "447700900001");
	peer_expect(peer, (uint32_t)SMPP_SUBMIT_MULTI_RESP);
	json_t *counts = sim_stop(&sim);
	ck_assert_int_eq(count(counts, "submits"), 2);
	ck_assert_int_eq(count(counts, "multis"), 2);
	ck_assert_int_eq(count(counts, "destinations"), 4);
	ck_assert_int_eq(count(counts, "messages"), 3);
	ck_assert_int_eq(count(counts, "doubles"), 1);
	json_decref(counts);
}
END_TEST

START_TEST(a_submit_multi_is_throttled_as_a_whole)
{
	struct sim sim = START("--error", "0x58:1");
	struct peer *peer = peer_bind(&sim, 0, SMPP_BIND_TRANSMITTER);
	MULTI(peer, "447700900001", "447700900002");
	ck_assert_uint_eq(peer_expect(peer, (uint32_t)SMPP_SUBMIT_MULTI_RESP).status, SMPP_RTHROTTLED);
	json_t *counts = sim_stop(&sim);
	ck_assert_int_eq(count(counts, "throttled"), 1);
	ck_assert_int_eq(count(counts, "destinations"), 0);
	json_decref(counts);
}
END_TEST

/* Its four parameters, or as many of them. */
static void broadcast(struct peer *peer, unsigned parameters)
{
	struct smpp_pdu pdu = { .command = SMPP_BROADCAST_SM };
	static const struct { uint16_t tag; const char *at; uint16_t len; } all[] = {
		{ SMPP_TAG_BROADCAST_CONTENT_TYPE, "\1\0\1", 3 }, { SMPP_TAG_BROADCAST_REP_NUM, "\0\5", 2 },
		{ SMPP_TAG_BROADCAST_FREQUENCY_INTERVAL, "\x09\0\x0A", 3 },
		{ SMPP_TAG_BROADCAST_AREA_IDENTIFIER, "\0ZONE-6", 7 },
		{ SMPP_TAG_BROADCAST_AREA_IDENTIFIER, "\0ZONE-7", 7 },
	};
	for (unsigned i = 0; i < parameters; i++)
		smpp_tlv_add(&pdu, all[i].tag, all[i].at, all[i].len);
	peer_send(peer, &pdu);
}

START_TEST(a_broadcast_is_of_5_0_and_names_the_areas_it_refuses)
{
	struct sim sim = START("--speak", "0x50", "--fail-area", "ZONE-7");
	struct peer *old = peer_bind(&sim, 0, SMPP_BIND_TRANSMITTER);
	broadcast(old, 5);
	ck_assert_uint_eq(peer_expect(old, (uint32_t)SMPP_GENERIC_NACK).status, SMPP_RINVCMDID);
	struct peer *peer = peer_connect(&sim, 1);
	struct smpp_pdu bind = { .command = SMPP_BIND_TRANSMITTER, .interface_version = 0x50, .system_id = "acme" };
	peer_send(peer, &bind);
	peer_expect(peer, (uint32_t)SMPP_BIND_TRANSMITTER_RESP);
	broadcast(peer, 3);
	ck_assert_uint_eq(peer_expect(peer, (uint32_t)SMPP_BROADCAST_SM_RESP).status, 0xC3);
	broadcast(peer, 5);
	const struct smpp_pdu answered = peer_expect(peer, (uint32_t)SMPP_BROADCAST_SM_RESP);
	ck_assert_uint_eq(answered.status, SMPP_ROK);
	ck_assert_uint_gt(strlen(answered.message_id), 0);
	ck_assert_uint_eq(answered.ntlvs, 2);
	ck_assert_uint_eq(smpp_tlv_number(&answered, SMPP_TAG_BROADCAST_ERROR_STATUS, 0), 0x108);
	ck_assert_mem_eq(smpp_tlv(&answered, SMPP_TAG_BROADCAST_AREA_IDENTIFIER)->at, "\0ZONE-7", 7);
	json_t *counts = sim_stop(&sim);
	ck_assert_int_eq(count(counts, "broadcasts"), 1);
	ck_assert_int_eq(count(counts, "areas"), 1);
	json_decref(counts);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("sim_multi");
	TCase *tests = tcase_create("sim_multi");
	tcase_set_timeout(tests, 30);
	tcase_add_test(tests, a_submit_multi_has_one_id_and_names_those_it_refuses);
	tcase_add_test(tests, a_submit_multi_is_throttled_as_a_whole);
	tcase_add_test(tests, a_broadcast_is_of_5_0_and_names_the_areas_it_refuses);
	suite_add_tcase(suite, tests);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	const int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
