/* SPDX-License-Identifier: Apache-2.0 */
/*
 * check_modem_direct.c - messages that come without being stored, and AT+CNMA; and modems in text mode. The
 * channel is played (channel_world.h); the test answers.
 */
#include "receiver_world.h"

static void start_direct(void)
{
	modem_settings.receive = RECEIVE_DIRECT;
	receiver_start(receiver, on_started);
	expect("AT+CSMS=1");
	answer(AT_OK, "+CSMS: 1,1,1", NULL);
	answer(AT_OK, "+CPMS: (\"SM\"),(\"SM\"),(\"SM\")", NULL);
	answer(AT_OK, "+CPMS: 0,25", NULL);
	answer(AT_OK, "+CNMI: (0-2),(0-3),(0,2),(0-2),(0,1)", NULL);
	expect("AT+CNMI=2,2,0,1,0");
	answer(AT_OK, NULL);
	expect_list("SM");                  /* what came before, and what the SIM gets all the same */
	answer(AT_OK, NULL);
	expect_none();
}

static void say_direct(const struct pdu *pdu)
{
	char head[32];
	snprintf(head, sizeof head, "+CMT: ,%zu", pdu->length);
	say_urc(head, pdu->hex);
}

START_TEST(a_direct_message_is_acknowledged_after_its_commit)
{
	const struct pdu pdu = message("hello");
	start_direct();
	say_direct(&pdu);
	ck_assert_str_eq(the_link.bodies[0], "hello");
	expect_none();
	keep(0);
	expect("AT+CNMA=1");
	ck_assert(running()->first);
	answer(AT_OK, NULL);
	expect_none();
	ck_assert(receiver_is_idle(receiver));
}
END_TEST

START_TEST(the_form_of_the_acknowledgement_is_found_and_remembered)
{
	const struct pdu pdu = message("hello"), next = message("next");
	start_direct();
	say_direct(&pdu);
	keep(0);
	expect("AT+CNMA=1");
	answer(AT_ERROR, NULL);
	expect("AT+CNMA=0");
	answer(AT_ERROR, NULL);
	expect("AT+CNMA");
	answer(AT_OK, NULL);
	say_direct(&next);
	keep(1);
	expect("AT+CNMA");
	answer(AT_OK, NULL);
	expect_none();
}
END_TEST

START_TEST(an_acknowledgement_that_nobody_expects_is_no_failure)
{
	const struct pdu pdu = message("hello");
	start_direct();
	say_direct(&pdu);
	keep(0);
	expect("AT+CNMA=1");
	answer_error(AT_CMS, 340);
	ck_assert(receiver_is_idle(receiver));
	expect("AT+CNMI=2,2,0,1,0");        /* the modem may have given up, and routes no more */
	answer(AT_OK, NULL);
	expect_list("SM");                  /* what it has stored meanwhile */
	answer(AT_OK, NULL);
	expect_none();
}
END_TEST

START_TEST(an_acknowledgement_that_fails_in_all_forms_routes_again)
{
	const struct pdu pdu = message("hello");
	start_direct();
	say_direct(&pdu);
	keep(0);
	for (int i = 0; i < 3; i++) {
		expect_start("AT+CNMA");
		answer(AT_ERROR, NULL);
	}
	expect("AT+CNMI=2,2,0,1,0");
	answer(AT_OK, NULL);
	expect_list("SM");
	answer(AT_OK, NULL);
	expect_none();
}
END_TEST

START_TEST(a_direct_message_that_was_not_stored_is_refused_to_the_network)
{
	const struct pdu pdu = message("hello");
	start_direct();
	say_direct(&pdu);
	receiver_ack(receiver, the_link.inbound_tickets[0], ACK_LATER);
	expect("AT+CNMA=2,3");
	ck_assert_str_eq(running()->payload, "0000FF00");
	prompt();
	answer(AT_OK, NULL);
	expect_none();
	say_direct(&pdu);                   /* again, by the network */
	ck_assert_str_eq(the_link.inbound[0].arrival, the_link.inbound[1].arrival);
	receiver_ack(receiver, the_link.inbound_tickets[1], ACK_LATER);
	expect("AT+CNMA=2,3");
	answer_error(AT_CMS, 340);          /* the modem gave up before, and routes no more */
	expect("AT+CNMI=2,2,0,1,0");
}
END_TEST

START_TEST(an_acknowledgement_after_the_time_of_the_network_routes_again)
{
	static const enum at_result results[] = { AT_OK, AT_CMS };
	const struct pdu pdu = message("hello");
	start_direct();
	for (unsigned i = 0; i < 2; i++) {
		say_direct(&pdu);
		receiver->tickets[0].since -= 20000; /* the commit took so long */
		keep(i);
		expect("AT+CNMA=1");
		if (results[i] == AT_OK)
			answer(AT_OK, NULL);
		else
			answer_error(AT_CMS, 340);
		expect("AT+CNMI=2,2,0,1,0");
		answer(AT_OK, NULL);
		expect_list("SM");
		answer(AT_OK, NULL);
		expect_none();
	}
}
END_TEST

START_TEST(only_the_newest_is_acknowledged)
{
	const struct pdu pdu = message("hello");
	start_direct();
	say_direct(&pdu);
	say_direct(&pdu);                   /* the first was given up, and comes again */
	keep(0);
	expect_none();
	keep(1);
	expect("AT+CNMA=1");
	answer(AT_OK, NULL);
	expect_none();
}
END_TEST

START_TEST(one_that_comes_while_an_acknowledgement_is_under_way_gets_its_own)
{
	const struct pdu one = message("one"), two = message("two");
	start_direct();
	say_direct(&one);
	keep(0);
	expect("AT+CNMA=1");
	say_direct(&two);
	keep(1);
	answer(AT_OK, NULL);
	expect("AT+CNMA=1");
	answer(AT_OK, NULL);
	expect_none();
	ck_assert(receiver_is_idle(receiver));
}
END_TEST

START_TEST(a_direct_report_is_acknowledged_after_its_commit)
{
	const struct pdu pdu = report(9);
	char head[32];
	start_direct();
	snprintf(head, sizeof head, "+CDS: %zu", pdu.length);
	say_urc(head, pdu.hex);
	ck_assert_uint_eq(told.reports, 1);
	expect_none();
	receiver_ack(receiver, told.reported, ACK_KEPT);
	expect("AT+CNMA=1");
}
END_TEST

START_TEST(without_phase_2_plus_messages_are_stored_instead)
{
	const struct pdu pdu = message("hello");
	modem_settings.receive = RECEIVE_DIRECT;
	receiver_start(receiver, on_started);
	expect("AT+CSMS=1");
	answer_error(AT_CMS, 303);
	answer(AT_OK, "+CPMS: (\"SM\"),(\"SM\"),(\"SM\")", NULL);
	answer(AT_OK, "+CPMS: 0,25", NULL);
	answer(AT_OK, NULL);
	expect("AT+CNMI=2,1,0,1,0");
	answer(AT_OK, NULL);
	expect_list("SM");
	answer(AT_OK, NULL);
	say_direct(&pdu);                   /* of class 0, which is not stored: it is ours all the same */
	keep(0);
	expect_none();
	ck_assert_uint_eq(count_asked("AT+CNMA"), 0);
	ck_assert(receiver_is_idle(receiver));
}
END_TEST

START_TEST(direct_lines_that_are_no_message_are_refused_to_the_network)
{
	start_direct();
	say_urc("+CMT: ,24", NULL);
	expect("AT+CNMA=2,3");
	answer(AT_OK, NULL);
	say_urc("+CMT: ,24", "no hex");
	expect("AT+CNMA=2,3");
	answer(AT_OK, NULL);
	say_urc("+CMT: ,12", "0004FF");     /* octets: they are kept */
	ck_assert_uint_eq(the_link.ninbound, 1);
	keep(0);
	expect("AT+CNMA=1");
	answer(AT_OK, NULL);
	expect_none();
}
END_TEST

START_TEST(too_many_that_wait_for_the_database_are_refused)
{
	enum { MANY = 64 };
	char text[32];
	start_direct();
	for (int i = 0; i <= MANY; i++) {
		snprintf(text, sizeof text, "message %d", i);
		const struct pdu pdu = message(text);
		say_direct(&pdu);
	}
	ck_assert_uint_eq(the_link.ninbound, MANY);
	expect("AT+CNMA=2,3");
	answer(AT_OK, NULL);
	expect_none();
}
END_TEST

START_TEST(cell_broadcasts_are_no_messages)
{
	start_empty();
	say_urc("+CBM: 88", "001000320111C8329BFD065DDF72363904");
	say_urc("+CBM: 88", NULL);
	say_urc("+CBMI: \"BM\",1", NULL);
	expect_none();
	ck_assert_uint_eq(the_link.ninbound, 0);
}
END_TEST

START_TEST(stopped_it_asks_nothing)
{
	const struct pdu pdu = message("hello");
	start_direct();
	say_direct(&pdu);
	receiver_stop(receiver);
	keep(0);
	receiver_assert(receiver);
	receiver_sweep(receiver);
	say_urc("+CMT: ,24", "no hex");
	expect_none();
	ck_assert(receiver_is_idle(receiver));
}
END_TEST

/* Text mode. */

START_TEST(a_modem_in_text_mode_is_read_as_well_as_it_goes)
{
	modem.text_mode = true;
	start();
	expect("AT+CPMS=\"SM\"");
	answer(AT_OK, "+CPMS: 1,25", NULL);
	expect("AT+CMGL=\"ALL\"");
	answer(AT_OK, "+CMGL: 1,\"REC UNREAD\",\"+36201234567\",,\"26/11/28,01:15:00+04\"", "hello", "there",
	    "+CMGL: 2,\"STO SENT\",\"+36201234567\",,", "mine",
	    "+CMGL: 3,\"REC READ\",\"+36201234567\",\"Bob\",\"26/11/28,01:15:00+04\",145,8", "041F04400438",
	    "+CMGL: 4,\"REC READ\",6,17,\"+36201234567\",145,\"26/11/28,01:15:00+04\",\"26/11/28,01:15:05+04\",0", NULL);
	ck_assert_uint_eq(the_link.ninbound, 2);
	ck_assert_str_eq(the_link.bodies[0], "hello\nthere");
	ck_assert_str_eq(the_link.inbound[0].sender, "+36201234567");
	ck_assert_int_eq(the_link.inbound[0].network_at, STAMP);
	ck_assert_str_eq(the_link.bodies[1], "При");
	ck_assert_uint_eq(told.reports, 1);
	keep(0);
	answer_deleted("AT+CMGD=1");
	say_urc("+CMTI: \"SM\",5", NULL);
	expect("AT+CMGR=5");
	answer(AT_OK, "+CMGR: \"REC UNREAD\",\"+36201234567\",,\"26/11/28,01:15:00+04\",145,4,0,4,\"+36\",145,3",
	    "010203", NULL);
	ck_assert_int_eq(the_link.inbound[2].charset, CHARSET_OCTETS);
	ck_assert_uint_eq(the_link.inbound[2].octets.len, 3);
}
END_TEST

START_TEST(strings_in_hex_are_read_in_text_mode)
{
	modem.text_mode = modem.ucs2_strings = true;
	start();
	answer(AT_OK, "+CPMS: 1,25", NULL);
	expect("AT+CMGL=\"ALL\"");
	answer_error(AT_CMS, 305);
	expect("AT+CPMS=\"SM\"");
	answer(AT_OK, "+CPMS: 1,25", NULL);
	expect("AT+CMGL=\"0041004C004C\"");
	answer(AT_OK, "+CMGL: 1,\"REC UNREAD\",\"002B00330036003200300031\",,\"26/11/28,01:15:00+04\"",
	    "00680065006C006C006F", NULL);
	ck_assert_uint_eq(the_link.ninbound, 1);
	ck_assert_str_eq(the_link.inbound[0].sender, "+36201");
	ck_assert_str_eq(the_link.bodies[0], "hello");
}
END_TEST

START_TEST(direct_messages_in_text_mode_are_acknowledged)
{
	modem.text_mode = true;
	modem_settings.receive = RECEIVE_DIRECT;
	receiver_start(receiver, on_started);
	answer(AT_OK, NULL);
	answer(AT_OK, "+CPMS: (\"SM\"),(\"SM\"),(\"SM\")", NULL);
	answer(AT_OK, "+CPMS: 0,25", NULL);
	answer(AT_OK, NULL);
	answer(AT_OK, NULL);
	answer(AT_OK, NULL);
	answer(AT_OK, NULL);
	expect_none();
	say_urc("+CMT: \"+36201234567\",,\"26/11/28,01:15:00+04\",145,4,0,0,\"+36\",145,5", "hello");
	ck_assert_str_eq(the_link.bodies[0], "hello");
	keep(0);
	expect("AT+CNMA");
	answer(AT_OK, NULL);
	say_urc("+CDS: 6,17,\"+36201234567\",145,\"26/11/28,01:15:00+04\",\"26/11/28,01:15:05+04\",0", NULL);
	ck_assert_uint_eq(told.reports, 1);
}
END_TEST

int main(void)
{
	const TTest *all[] = {
		a_direct_message_is_acknowledged_after_its_commit,
		the_form_of_the_acknowledgement_is_found_and_remembered,
		an_acknowledgement_that_nobody_expects_is_no_failure,
		an_acknowledgement_that_fails_in_all_forms_routes_again,
		a_direct_message_that_was_not_stored_is_refused_to_the_network,
		an_acknowledgement_after_the_time_of_the_network_routes_again,
		only_the_newest_is_acknowledged,
		one_that_comes_while_an_acknowledgement_is_under_way_gets_its_own,
		a_direct_report_is_acknowledged_after_its_commit,
		without_phase_2_plus_messages_are_stored_instead,
		direct_lines_that_are_no_message_are_refused_to_the_network,
		too_many_that_wait_for_the_database_are_refused,
		cell_broadcasts_are_no_messages,
		stopped_it_asks_nothing,
		a_modem_in_text_mode_is_read_as_well_as_it_goes,
		strings_in_hex_are_read_in_text_mode,
		direct_messages_in_text_mode_are_acknowledged,
	};
	return run_tests("modem_direct", all, sizeof all / sizeof *all);
}
