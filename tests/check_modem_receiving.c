/* SPDX-License-Identifier: Apache-2.0 */
/*
 * check_modem_receiving.c - what comes in over the whole driver, from a simulated modem: each message is told
 * once or named alike, stays in the modem until it is committed, and is gone afterwards.
 */
#include "modem_session.h"
#include "run_suite.h"

enum { QUIET_MS = 60 };

/* Messages from handsets that are told of, stored or acknowledged by the host, in order. */
static unsigned acked(void)
{
	return heard_of(MODEM_ACKED);
}

static void keep_all(unsigned from)
{
	for (unsigned i = from; i < the_link.ninbound; i++)
		ack(the_link.inbound_tickets[i], ACK_KEPT);
}

/* Bodies of that text. */
static unsigned told(const char *body)
{
	unsigned n = 0;
	for (unsigned i = 0; i < the_link.ninbound; i++)
		n += strcmp(the_link.bodies[i], body) == 0;
	return n;
}

static int first_command(const char *start, int from)
{
	for (unsigned i = (unsigned)from; i < nmodem_heard; i++)
		if (modem_heard[i].what == MODEM_COMMAND && strncmp(modem_heard[i].text, start, strlen(start)) == 0)
			return (int)i;
	return -1;
}

/* From storages. */

START_TEST(what_lies_in_storage_at_the_start_comes_once)
{
	for (int i = 0; i < 5; i++)
		modem_script("inbound +36201234567 \"message %d\"", i);
	modem_link_up("sweep = 1\nown_number = \"+491700000001\"\n");
	AWAIT(the_link.ninbound == 5);
	ck_assert_str_eq(the_link.bodies[0], "message 0");
	ck_assert_str_eq(the_link.inbound[0].sender, "+36201234567");
	ck_assert_str_eq(the_link.inbound[0].recipient, "+491700000001");
	ck_assert_uint_eq(acked(), 0);      /* nothing is deleted before */
	keep_all(0);
	AWAIT(acked() == 5);
	const unsigned lists = commands_of("AT+CMGL");
	AWAIT(commands_of("AT+CMGL") >= lists + 2);
	ck_assert_uint_eq(the_link.ninbound, 5);
	ck_assert_uint_eq(heard_of(MODEM_UNREAD), 0);
}
END_TEST

START_TEST(a_message_that_comes_is_told_and_deleted_after_the_commit)
{
	modem_link_up("");
	modem_script("inbound +36201234567 \"hello\"");
	AWAIT(the_link.ninbound == 1);
	ck_assert_str_eq(the_link.bodies[0], "hello");
	idle(QUIET_MS);
	ck_assert_uint_eq(acked(), 0);
	keep_all(0);
	AWAIT(acked() == 1);
}
END_TEST

START_TEST(a_session_that_dies_between_commit_and_delete_is_repeated_alike)
{
	modem_script("inbound +36201234567 \"hello\"");
	modem_link_up("");
	AWAIT(the_link.ninbound == 1);
	modem_link_reopen();                /* committed, and nobody told the driver */
	AWAIT(the_link.ninbound == 2);
	ck_assert_str_eq(the_link.inbound[0].arrival, the_link.inbound[1].arrival);
	ack(the_link.inbound_tickets[1], ACK_KEPT);
	AWAIT(acked() == 1);
}
END_TEST

START_TEST(more_than_wait_at_a_time_come_once_each)
{
	enum { MANY = 120, AT_ONCE = 20 };
	char text[32];
	modem_script("storage SM 200");
	for (int i = 0; i < MANY; i++)
		modem_script("inbound +36201234567 \"message %d\"", i);
	modem_link_up("sweep = 1\n");
	AWAIT(the_link.ninbound == AT_ONCE);
	idle(QUIET_MS);
	ck_assert_uint_eq(the_link.ninbound, AT_ONCE); /* the rest waits in the modem */
	unsigned kept = 0;
	while (acked() < MANY) {
		for (; kept < the_link.ninbound; kept++)
			ack(the_link.inbound_tickets[kept], ACK_KEPT);
		AWAIT(the_link.ninbound > kept || acked() >= MANY);
	}
	for (int i = 0; i < MANY; i++) {
		snprintf(text, sizeof text, "message %d", i);
		ck_assert_uint_eq(told(text), 1);
	}
}
END_TEST

START_TEST(what_could_not_be_stored_comes_again)
{
	modem_script("inbound +36201234567 \"hello\"");
	modem_link_up("sweep = 1\n");
	AWAIT(the_link.ninbound == 1);
	ack(the_link.inbound_tickets[0], ACK_LATER);
	AWAIT(the_link.ninbound == 2);
	ck_assert_str_eq(the_link.inbound[0].arrival, the_link.inbound[1].arrival);
	ack(the_link.inbound_tickets[1], ACK_KEPT);
	AWAIT(acked() == 1);
}
END_TEST

static struct tpdu part_of(uint8_t number, uint8_t of, const char *text)
{
	struct tpdu tpdu = { .type = TPDU_DELIVER, .cause = -1,
		.address = { .ton = TON_INTERNATIONAL, .npi = NPI_E164, .text = "36201234567" },
		.stamp = { .at = 1795824900, .known = true } };
	const uint8_t header[] = { 5, 0, 3, 0x77, of, number };
	memcpy(tpdu.data.header, header, sizeof header);
	tpdu.data.header_len = sizeof header;
	tpdu.data.text_len = (uint8_t)strlen(text);
	memcpy(tpdu.data.text, text, strlen(text));
	return tpdu;
}

START_TEST(parts_come_in_any_order_and_say_which_they_are)
{
	static const uint8_t order[] = { 3, 1, 2 };
	modem_link_up("");
	for (int i = 0; i < 3; i++) {
		const struct tpdu tpdu = part_of(order[i], 3, "part");
		ck_assert(sim_modem_deliver(the_modem, "1", &tpdu));
	}
	AWAIT(the_link.ninbound == 3);
	unsigned seen = 0;
	for (int i = 0; i < 3; i++) {
		ck_assert_uint_eq(the_link.inbound[i].concat_parts, 3);
		ck_assert_uint_eq(the_link.inbound[i].concat_ref, 0x77);
		seen |= 1u << the_link.inbound[i].concat_part;
	}
	ck_assert_uint_eq(seen, 1u << 1 | 1u << 2 | 1u << 3);
	keep_all(0);
	AWAIT(acked() == 3);
}
END_TEST

START_TEST(a_storage_that_is_full_is_emptied_and_all_comes)
{
	enum { MANY = 8 };
	modem_script("storage SM 2");
	modem_script("storage ME 0");
	modem_link_up("sweep = 1\n");
	for (int i = 0; i < MANY; i++)
		modem_script("inbound +36201234567 \"message %d\"", i);
	unsigned kept = 0;
	while (acked() < MANY) {
		AWAIT(the_link.ninbound > kept || acked() >= MANY);
		const unsigned n = the_link.ninbound;
		keep_all(kept);
		kept = n;
		turn();
	}
	for (int i = 0; i < MANY; i++) {
		char text[32];
		snprintf(text, sizeof text, "message %d", i);
		ck_assert_uint_eq(told(text), 1);
	}
	ck_assert_uint_gt(heard_of(MODEM_FULL), 0);
}
END_TEST

START_TEST(notices_that_come_twice_or_name_a_wrong_storage_do_no_harm)
{
	modem_link_up("");
	modem_script("inbound +36201234567 \"hello\"");
	modem_script("urc \"+CMTI: \\\"SM\\\",1\"");
	modem_script("urc \"+CMTI: \\\"ME\\\",77\"");
	modem_script("urc \"+CMTI: \\\"BM\\\",1\"");
	modem_script("urc \"+CMTI:\"");
	AWAIT(the_link.ninbound >= 1);
	keep_all(0);
	AWAIT(acked() == 1);
	AWAIT(the_link.session && commands_of("AT+CMGR=77") == 1);
	idle(QUIET_MS);
	ck_assert_uint_eq(told("hello"), 1);
	ck_assert_uint_eq(acked(), 1);
}
END_TEST

START_TEST(a_modem_that_does_not_list_is_read_by_index)
{
	modem_script("on AT+CMGL: error");
	modem_script("inbound +36201234567 \"hello\"");
	modem_link_up("");
	AWAIT(the_link.ninbound == 1);
	ck_assert_str_eq(the_link.bodies[0], "hello");
	keep_all(0);
	AWAIT(acked() == 1);
}
END_TEST

START_TEST(a_modem_that_routes_nothing_is_polled)
{
	modem_script("on AT+CNMI=: error");
	modem_link_up("sweep = 1\n");
	modem_script("inbound +36201234567 \"hello\"");
	AWAIT(the_link.ninbound == 1);
	keep_all(0);
	AWAIT(acked() == 1);
}
END_TEST

START_TEST(messages_come_while_parts_go)
{
	enum { MANY = 8 };              /* and a report for each, none of which is acknowledged meanwhile */
	modem_link_up("");
	for (unsigned i = 0; i < MANY; i++) {
		modem_script("inbound +36201234567 \"message %u\"", i);
		lend(i);
		AWAIT(the_link.answered > i);
		ck_assert_int_eq(the_link.outcomes[i].verdict, VERDICT_SENT);
	}
	AWAIT(the_link.ninbound == MANY);
	keep_all(0);
	AWAIT(acked() >= MANY);
}
END_TEST

START_TEST(a_modem_that_sends_from_its_storage_deletes_no_message_of_others)
{
	modem_script("on AT+CMGS: error");
	modem_script("inbound +36201234567 \"hello\"");
	modem_script("inbound +36201234567 \"there\"");
	modem_link_up("");
	AWAIT(the_link.ninbound == 2);
	for (unsigned i = 0; i < 3; i++) {
		lend(i);
		AWAIT(the_link.answered > i);
		ck_assert_int_eq(the_link.outcomes[i].verdict, VERDICT_SENT);
		AWAIT(commands_of("AT+CMGD=") == i + 1);
	}
	idle(QUIET_MS);
	ck_assert_uint_eq(acked(), 0);      /* what is not committed is there */
	keep_all(0);
	AWAIT(acked() == 2);
}
END_TEST

START_TEST(modems_of_all_profiles_receive)
{
	const char *profile = sim_modem_profiles[_i];
	modem_script("profile %s", profile);
	modem_script("inbound +36201234567 \"before\"");
	modem_link_up("sweep = 1\n");
	modem_script("inbound +36201234567 \"hello\"");
	const uint64_t until = now_ms() + PATIENCE_MS;
	unsigned kept = 0;
	while (!told("hello") || !told("before")) {
		ck_assert_msg(now_ms() < until, "%s: %u of 2 came", profile, the_link.ninbound);
		const unsigned n = the_link.ninbound;
		keep_all(kept);
		kept = n;
		turn();
	}
	keep_all(kept);
	AWAIT(acked() >= 2);
	ck_assert_uint_eq(heard_of(MODEM_UNREAD), 0);
}
END_TEST

/* Reports. */

START_TEST(a_report_that_is_stored_is_read_and_deleted_after_the_commit)
{
	modem_script("on AT+CNMI=2,1,0,1: cms 303");
	modem_script("on AT+CNMI=1,1,0,1: cms 303");
	modem_link_up("");
	lend(0);
	AWAIT(the_link.answered);
	AWAIT(the_link.nreceipts == 1);
	ck_assert_uint_gt(heard_text(MODEM_TOLD, "CDSI"), 0);
	ck_assert_int_eq(the_link.receipts[0].status, STATUS_DELIVERED);
	ck_assert_str_eq(the_link.receipts[0].network_id, the_link.outcomes[0].network_id);
	ck_assert_uint_eq(acked(), 0);
	ack(the_link.receipt_tickets[0], ACK_KEPT);
	AWAIT(acked() == 1);
}
END_TEST

START_TEST(reports_that_a_modem_stores_and_cannot_read_come_directly)
{
	modem_script("set sr_readable off");
	modem_link_up("");
	ck_assert_uint_eq(commands_of("AT+CNMI=2,1,0,1"), 0);
	unsigned sent = 0;
	while (the_link.nreceipts == 0 && sent < 6) {
		const unsigned tellings = heard_text(MODEM_TOLD, "CDS");
		lend(sent++);
		AWAIT(the_link.answered == sent);
		AWAIT(heard_text(MODEM_TOLD, "CDS") > tellings);
		idle(QUIET_MS);
	}
	ck_assert_uint_gt(the_link.nreceipts, 0);
	ck_assert_uint_eq(commands_of("AT+CNMI=2,1,0,1"), 1);
}
END_TEST

/* Directly. */

START_TEST(a_direct_message_is_acknowledged_after_its_commit)
{
	modem_link_up("receive = direct\n");
	ck_assert_uint_eq(commands_of("AT+CSMS=1"), 1);
	modem_script("inbound +36201234567 \"hello\"");
	AWAIT(the_link.ninbound == 1);
	ck_assert_uint_gt(heard_text(MODEM_TOLD, "CMT"), 0);
	idle(QUIET_MS);
	ck_assert_uint_eq(acked(), 0);
	keep_all(0);
	AWAIT(acked() == 1);
	modem_script("inbound +36201234567 \"next\"");
	AWAIT(the_link.ninbound == 2);
	keep_all(1);
	AWAIT(acked() == 2);
}
END_TEST

START_TEST(a_direct_message_that_was_not_stored_comes_again_from_the_network)
{
	modem_script("set retry 0.1");
	modem_link_up("receive = direct\n");
	modem_script("inbound +36201234567 \"hello\"");
	AWAIT(the_link.ninbound == 1);
	ack(the_link.inbound_tickets[0], ACK_LATER);
	AWAIT(heard_of(MODEM_NACKED) == 1);
	AWAIT(the_link.ninbound == 2);
	ck_assert_str_eq(the_link.inbound[0].arrival, the_link.inbound[1].arrival);
	keep_all(1);
	AWAIT(acked() == 1);
}
END_TEST

START_TEST(a_commit_that_comes_too_late_has_the_routing_set_again)
{
	modem_script("set cnma_timeout 0.1");
	modem_script("set retry 0.1");
	modem_link_up("receive = direct\n");
	modem_script("inbound +36201234567 \"hello\"");
	AWAIT(the_link.ninbound == 1);
	AWAIT(heard_of(MODEM_NACKED) >= 1); /* and routes no more */
	keep_all(0);
	unsigned kept = 1;
	while (acked() == 0) {
		const unsigned n = the_link.ninbound;
		keep_all(kept);
		kept = n > kept ? n : kept;
		AWAIT(acked() || the_link.ninbound > kept);
	}
	ck_assert_uint_ge(commands_of("AT+CNMI=2,2"), 2);
	ck_assert_str_eq(the_link.inbound[0].arrival, the_link.inbound[1].arrival);
}
END_TEST

START_TEST(an_acknowledgement_waits_while_a_message_is_at_its_prompt)
{
	modem_script("on AT+CMGS: wait 0.2; answer");
	modem_script("on pdu: wait 0.2; answer");
	modem_link_up("receive = direct\n");
	lend(0);
	AWAIT(commands_of("AT+CMGS") == 1);
	modem_script("inbound +36201234567 \"hello\"");
	AWAIT(the_link.ninbound == 1);
	keep_all(0);
	AWAIT(the_link.answered == 1);
	AWAIT(acked() >= 1);
	ck_assert_int_eq(the_link.outcomes[0].verdict, VERDICT_SENT);
	const int sent = first_command("AT+CMGS", 0), said = first_command("AT+CNMA", 0);
	ck_assert_int_gt(said, sent);
	bool payload = false;
	for (int i = sent; i < said; i++)
		payload = payload || modem_heard[i].what == MODEM_PDU;
	ck_assert_msg(payload, "AT+CNMA went into the prompt");
}
END_TEST

START_TEST(direct_messages_come_while_parts_go)
{
	enum { MANY = 10 };
	modem_link_up("receive = direct\n");
	unsigned kept = 0, confirmed = 0, sent = 0;
	const uint64_t until = now_ms() + PATIENCE_MS;
	while (acked() < 2 * MANY) {        /* messages, and reports of the parts */
		ck_assert_msg(now_ms() < until, "%u acknowledged", acked());
		if (sent < MANY && the_link.answered == sent && the_link.window) {
			modem_script("inbound +36201234567 \"message %u\"", sent);
			lend(sent++);
		}
		for (; kept < the_link.ninbound; kept++)
			ack(the_link.inbound_tickets[kept], ACK_KEPT);
		for (; confirmed < the_link.nreceipts; confirmed++)
			ack(the_link.receipt_tickets[confirmed], ACK_KEPT);
		turn();
	}
	for (unsigned i = 0; i < MANY; i++) {
		char text[32];
		snprintf(text, sizeof text, "message %u", i);
		ck_assert_uint_ge(told(text), 1);
	}
	ck_assert_uint_eq(heard_of(MODEM_LOST), 0);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("modem_receiving");
	TCase *tests = tcase_create("modem_receiving");
	unsigned profiles = 0;
	while (sim_modem_profiles[profiles])
		profiles++;
	tcase_add_checked_fixture(tests, modem_session_setup, modem_session_teardown);
	tcase_set_timeout(tests, 30);
	tcase_add_test(tests, what_lies_in_storage_at_the_start_comes_once);
	tcase_add_test(tests, a_message_that_comes_is_told_and_deleted_after_the_commit);
	tcase_add_test(tests, a_session_that_dies_between_commit_and_delete_is_repeated_alike);
	tcase_add_test(tests, more_than_wait_at_a_time_come_once_each);
	tcase_add_test(tests, what_could_not_be_stored_comes_again);
	tcase_add_test(tests, parts_come_in_any_order_and_say_which_they_are);
	tcase_add_test(tests, a_storage_that_is_full_is_emptied_and_all_comes);
	tcase_add_test(tests, notices_that_come_twice_or_name_a_wrong_storage_do_no_harm);
	tcase_add_test(tests, a_modem_that_does_not_list_is_read_by_index);
	tcase_add_test(tests, a_modem_that_routes_nothing_is_polled);
	tcase_add_test(tests, messages_come_while_parts_go);
	tcase_add_test(tests, a_modem_that_sends_from_its_storage_deletes_no_message_of_others);
	tcase_add_loop_test(tests, modems_of_all_profiles_receive, 0, (int)profiles);
	tcase_add_test(tests, a_report_that_is_stored_is_read_and_deleted_after_the_commit);
	tcase_add_test(tests, reports_that_a_modem_stores_and_cannot_read_come_directly);
	tcase_add_test(tests, a_direct_message_is_acknowledged_after_its_commit);
	tcase_add_test(tests, a_direct_message_that_was_not_stored_comes_again_from_the_network);
	tcase_add_test(tests, a_commit_that_comes_too_late_has_the_routing_set_again);
	tcase_add_test(tests, an_acknowledgement_waits_while_a_message_is_at_its_prompt);
	tcase_add_test(tests, direct_messages_come_while_parts_go);
	suite_add_tcase(suite, tests);
	return run_suite(suite) != 0;
}
