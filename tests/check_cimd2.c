/* SPDX-License-Identifier: Apache-2.0 */
/*
 * check_cimd2.c - what a CIMD2 session does with a centre that is slow, refuses, repeats, or counts
 * otherwise. Logging in is in check_cimd2_login.c, what is malformed in check_cimd2_bad.c.
 */
#include "cimd2_peer.h"

/* Submitting. */

START_TEST(numbers_wrap_and_answers_find_their_parts)
{
	cimd2_said.window = 10;
	cimd2_centre.receipts = true;
	cimd2_up();
	unsigned next = 0;
	while (the_link.answered < 300) {
		while (next < 300 && the_link.lent < the_link.window)
			lend(next++);
		turn();
		cimd2_ack_all();
	}
	AWAIT((cimd2_ack_all(), the_link.nreceipts == 300));
	for (unsigned i = 0; i < 300; i++) {
		ck_assert_int_eq(the_link.outcomes[i].verdict, VERDICT_SENT);
		ck_assert_str_eq(the_link.receipts[i].network_id, the_link.outcomes[i].network_id);
	}
	unsigned expected = 3;
	for (unsigned i = 0; i < cimd2_centre.nheard; i++)
		if (cimd2_centre.heard[i].operation == CIMD2_SUBMIT) {
			ck_assert_uint_eq(cimd2_centre.heard[i].number, expected);
			expected = expected == 255 ? 1 : expected + 2;
		}
}
END_TEST

START_TEST(no_number_runs_further_than_the_window_past_the_oldest)
{
	cimd2_said.window = 3;
	cimd2_up();
	cimd2_centre.no_submit_answer = true;
	for (unsigned i = 0; i < 3; i++)
		lend(i);
	AWAIT(cimd2_centre_heard(CIMD2_SUBMIT) == 3);
	cimd2_centre_say(0, "53:007|060:261124101530|");
	cimd2_centre_say(0, "53:005|060:261124101531|");
	AWAIT(the_link.answered == 2);
	lend(3);
	lend(4);
	idle(5 * TICK_MS);
	ck_assert_uint_eq(cimd2_centre_heard(CIMD2_SUBMIT), 3);
	cimd2_centre_say(0, "53:003|060:261124101532|");
	AWAIT(cimd2_centre_heard(CIMD2_SUBMIT) == 5);
	ck_assert_str_eq(the_link.outcomes[0].network_id, "+447700900123:261124101532");
	ck_assert_str_eq(the_link.outcomes[1].network_id, "+447700900123:261124101531");
}
END_TEST

START_TEST(an_answer_without_the_recipient_names_the_one_that_was_submitted)
{
	cimd2_centre.no_destination = true;
	cimd2_up();
	lend(0);
	AWAIT(the_link.answered);
	ck_assert_str_eq(the_link.outcomes[0].network_id, "+447700900123:261124101531");
}
END_TEST

START_TEST(messages_of_one_second_are_told_apart)
{
	static const char *const ids[] = { "+447700900123:261124101530", "+447700900123:261124101530+2",
		"+447700900123:261124101530+3" };
	cimd2_said.window = 10;
	cimd2_centre.same_second = true;
	cimd2_up();
	for (unsigned i = 0; i < 3; i++)
		lend(i);
	AWAIT(the_link.answered == 3);
	for (unsigned i = 0; i < 3; i++) {
		ck_assert_str_eq(the_link.outcomes[i].network_id, ids[i]);
		cimd2_centre_request(0, CIMD2_REPORT, "021:+447700900123|060:261124101530|061:4|");
	}
	AWAIT(the_link.nreceipts == 3);
	for (unsigned i = 0; i < 3; i++)
		ck_assert_str_eq(the_link.receipts[i].network_id, ids[i]);
	/* The last one could not be stored, and comes again: for the same twin. */
	ack(the_link.receipt_tickets[2], ACK_LATER);
	cimd2_centre.numbers[0] = 4;
	cimd2_centre_request(0, CIMD2_REPORT, "021:+447700900123|060:261124101530|061:4|");
	AWAIT(the_link.nreceipts == 4);
	ck_assert_str_eq(the_link.receipts[3].network_id, ids[2]);
}
END_TEST

static const struct { unsigned error; const char *gone; enum verdict verdict; } spared[] = {
	{ 310, "|056:", VERDICT_SENT }, { 3, "|056:", VERDICT_SENT },
	{ 302, NULL, VERDICT_REJECTED }, { 312, NULL, VERDICT_REJECTED }, /* no priority was said */
};

START_TEST(what_an_account_may_not_say_is_left_out_once)
{
	cimd2_up();
	cimd2_centre.no_submit_answer = true;
	lend(0);
	AWAIT(cimd2_centre_heard(CIMD2_SUBMIT) == 1);
	ck_assert_ptr_nonnull(strstr(cimd2_centre_last(CIMD2_SUBMIT)->text, "|056:14|"));
	cimd2_centre.no_submit_answer = spared[_i].verdict != VERDICT_SENT;
	cimd2_centre_sayf(0, "53:003|900:%u|", spared[_i].error);
	AWAIT(the_link.answered);
	ck_assert_int_eq(the_link.outcomes[0].verdict, spared[_i].verdict);
	ck_assert_uint_eq(cimd2_centre_heard(CIMD2_SUBMIT), spared[_i].gone ? 2 : 1);
	if (!spared[_i].gone)
		return;
	ck_assert_uint_eq(cimd2_centre_last(CIMD2_SUBMIT)->number, 5);
	ck_assert_ptr_null(strstr(cimd2_centre_last(CIMD2_SUBMIT)->text, spared[_i].gone));
}
END_TEST

START_TEST(what_is_refused_without_it_as_well_is_refused)
{
	cimd2_up();
	cimd2_centre.submit_error = 3;
	lend(0);
	AWAIT(the_link.answered);
	ck_assert_int_eq(the_link.outcomes[0].verdict, VERDICT_REJECTED);
	ck_assert_uint_eq(the_link.outcomes[0].code, 3);
	ck_assert_uint_eq(cimd2_centre_heard(CIMD2_SUBMIT), 2);
}
END_TEST

START_TEST(a_general_error_is_the_answer_to_its_number)
{
	cimd2_up();
	cimd2_centre.no_submit_answer = true;
	lend(0);
	AWAIT(cimd2_centre_heard(CIMD2_SUBMIT));
	cimd2_centre_say(0, "98:077|900:1|");      /* nobody's */
	cimd2_centre_say(0, "98:003|900:2|901:Bad|");
	AWAIT(the_link.answered);
	ck_assert_int_eq(the_link.outcomes[0].verdict, VERDICT_REJECTED);
	ck_assert_str_eq(the_link.outcomes[0].text, "error 2: syntax error; Bad");
}
END_TEST

START_TEST(an_error_of_the_session_ends_it_and_the_part_is_tried_again)
{
	cimd2_up();
	cimd2_centre.submit_error = 103;
	lend(0);
	AWAIT(the_link.downs);
	ck_assert_int_eq(the_link.outcomes[0].verdict, VERDICT_DEFERRED);
	ck_assert(the_link.outcomes[0].untried);
}
END_TEST

/* Late. */

START_TEST(a_part_is_sent_again_under_its_number_and_then_in_doubt)
{
	cimd2_said.response_timeout = 40;
	cimd2_up();
	cimd2_centre.no_submit_answer = true;
	lend(0);
	AWAIT(cimd2_centre_heard(CIMD2_SUBMIT) == 2);
	ck_assert_str_eq(cimd2_centre.heard[0].text, cimd2_centre.heard[1].text);
	if (_i) {
		cimd2_centre_say(0, "53:003|060:261124101530|");
		cimd2_centre_say(0, "53:003|060:261124101530|"); /* to both */
		AWAIT(the_link.answered);
		ck_assert_int_eq(the_link.outcomes[0].verdict, VERDICT_SENT);
		ck_assert_uint_eq(the_link.downs, 0);
		return;
	}
	AWAIT(the_link.downs);
	ck_assert_int_eq(the_link.down, DOWN_LOST);
	ck_assert_uint_eq(cimd2_centre_heard(CIMD2_SUBMIT), 2);
	ck_assert_uint_eq(the_link.done[0], 1);
	ck_assert_int_eq(the_link.outcomes[0].verdict, VERDICT_DOUBTFUL);
}
END_TEST

/* It knows no repetitions, and expects the next number: it has the part. */
START_TEST(a_part_that_was_repeated_and_is_nacked_for_it_is_not_sent_as_a_new_one)
{
	cimd2_said.response_timeout = 60;
	cimd2_up();
	cimd2_centre.no_submit_answer = true;
	lend(0);
	AWAIT(cimd2_centre_heard(CIMD2_SUBMIT) == 2);
	cimd2_centre_say(0, "99:005|");
	if (_i) {                           /* slow, and no more */
		cimd2_centre_say(0, "53:003|060:261124101530|");
		AWAIT(the_link.answered);
		ck_assert_int_eq(the_link.outcomes[0].verdict, VERDICT_SENT);
		ck_assert_uint_eq(the_link.downs, 0);
	} else {
		AWAIT(the_link.downs);
		ck_assert_int_eq(the_link.outcomes[0].verdict, VERDICT_DOUBTFUL);
	}
	ck_assert_uint_eq(cimd2_centre_heard(CIMD2_SUBMIT), 2);
}
END_TEST

START_TEST(a_part_is_in_doubt_at_once_where_repeats_are_not_known)
{
	cimd2_said.response_timeout = 40;
	cimd2_said.repeat_unanswered = false;
	cimd2_up();
	cimd2_centre.no_submit_answer = true;
	lend(0);
	AWAIT(the_link.downs);
	ck_assert_uint_eq(cimd2_centre_heard(CIMD2_SUBMIT), 1);
	ck_assert_int_eq(the_link.outcomes[0].verdict, VERDICT_DOUBTFUL);
}
END_TEST

/* It may have to be sent again, under a number that is to be the latest. */
START_TEST(nothing_is_asked_while_an_answer_is_awaited)
{
	cimd2_said.stx.keepalive = 10;
	cimd2_said.stx.keepalive_timeout = 20;
	cimd2_up();
	cimd2_centre.no_submit_answer = true;
	lend(0);
	AWAIT(cimd2_centre_heard(CIMD2_SUBMIT));
	const unsigned asked = cimd2_centre_heard(CIMD2_ALIVE);
	idle(60);
	ck_assert_uint_eq(cimd2_centre_heard(CIMD2_ALIVE), asked);
	ck_assert_uint_eq(the_link.downs, 0);
	cimd2_centre_sayf(0, "53:%03u|060:261124101530|", cimd2_centre_last(CIMD2_SUBMIT)->number);
	AWAIT(cimd2_centre_heard(CIMD2_ALIVE) > asked);
}
END_TEST

START_TEST(a_silent_centre_is_asked_and_then_given_up)
{
	cimd2_said.stx.keepalive = 20;
	cimd2_said.stx.keepalive_timeout = 40;
	cimd2_up();
	AWAIT(cimd2_centre_heard(CIMD2_ALIVE) == 3);
	ck_assert_uint_eq(the_link.downs, 0);
	cimd2_centre.no_alive_answer = true;
	AWAIT(the_link.downs);
	ck_assert_int_eq(the_link.down, DOWN_LOST);
}
END_TEST

/* Nacks. */

START_TEST(a_nack_of_its_own_number_sends_a_part_again_as_it_was)
{
	cimd2_up();
	cimd2_centre.no_submit_answer = true;
	lend(0);
	AWAIT(cimd2_centre_heard(CIMD2_SUBMIT) == 1);
	static const char *const nacks[] = { "99:003|", "99:300|", "99:008|" };
	cimd2_centre_say(0, nacks[_i]);
	AWAIT(cimd2_centre_heard(CIMD2_SUBMIT) == 2);
	ck_assert_str_eq(cimd2_centre.heard[0].text, cimd2_centre.heard[1].text);
	cimd2_centre_say(0, "53:003|060:261124101530|");
	AWAIT(the_link.answered);
	ck_assert_int_eq(the_link.outcomes[0].verdict, VERDICT_SENT);
}
END_TEST

START_TEST(a_nack_of_another_number_gives_the_part_that_number)
{
	cimd2_up();
	cimd2_centre.no_submit_answer = true;
	lend(0);
	AWAIT(cimd2_centre_heard(CIMD2_SUBMIT) == 1);
	cimd2_centre_say(0, "99:251|");
	AWAIT(cimd2_centre_heard(CIMD2_SUBMIT) == 2);
	ck_assert_uint_eq(cimd2_centre_last(CIMD2_SUBMIT)->number, 251);
	cimd2_centre_say(0, "53:003|060:261124101530|"); /* nobody's any more */
	cimd2_centre.no_submit_answer = false;
	cimd2_centre_say(0, "53:251|060:261124101531|");
	AWAIT(the_link.answered);
	ck_assert_str_eq(the_link.outcomes[0].network_id, "+447700900123:261124101531");
	for (unsigned i = 1; i < 4; i++) {
		lend(i);
		AWAIT(the_link.answered == i + 1);
	}
	ck_assert_uint_eq(cimd2_centre_last(CIMD2_SUBMIT)->number, 1);
}
END_TEST

START_TEST(a_window_that_is_nacked_gets_new_numbers_in_its_order)
{
	cimd2_said.window = 3;
	cimd2_up();
	cimd2_centre.no_submit_answer = true;
	for (unsigned i = 0; i < 3; i++)
		lend(i);
	ask(0, COMMAND_QUERY);              /* waits for room */
	AWAIT(cimd2_centre_heard(CIMD2_SUBMIT) == 3);
	/* A strict centre refuses each of the three. */
	cimd2_centre_say(0, "99:005|");
	AWAIT(cimd2_centre_heard(CIMD2_SUBMIT) == 5); /* 003 is taken: 005 and 007 again */
	cimd2_centre_say(0, "99:005|");
	cimd2_centre_say(0, "53:003|060:261124101530|");
	AWAIT(the_link.answered == 1);
	ck_assert_uint_eq(cimd2_centre.heard[3].number, 5);
	ck_assert_uint_eq(cimd2_centre.heard[4].number, 7);
	AWAIT(the_link.replied == 1);
	cimd2_centre_forget();
	/* It has lost count: all that are unanswered, from 101 on. */
	cimd2_centre_say(0, "99:101|");
	AWAIT(cimd2_centre_heard(CIMD2_SUBMIT) == 2);
	cimd2_centre_say(0, "99:101|");
	ck_assert_uint_eq(cimd2_centre.heard[0].number, 101);
	ck_assert_uint_eq(cimd2_centre.heard[1].number, 103);
	cimd2_centre_say(0, "53:103|060:261124101533|");
	cimd2_centre_say(0, "53:101|060:261124101531|");
	AWAIT(the_link.answered == 3);
	ck_assert_str_eq(the_link.outcomes[1].network_id, "+447700900123:261124101531");
	ck_assert_str_eq(the_link.outcomes[2].network_id, "+447700900123:261124101533");
	ck_assert_uint_eq(cimd2_centre_heard(CIMD2_SUBMIT), 2);
	cimd2_centre.no_submit_answer = false;
	lend(3);
	AWAIT(the_link.answered == 4);
	ck_assert_uint_eq(cimd2_centre_last(CIMD2_SUBMIT)->number, 105);
}
END_TEST

START_TEST(a_question_gets_a_new_number_too)
{
	cimd2_said.window = 2;
	cimd2_up();
	cimd2_centre.no_answer = true;
	ask(0, COMMAND_QUERY);
	lend(0);
	AWAIT(cimd2_centre.nheard == 2);
	cimd2_centre_say(0, "99:007|");
	AWAIT(cimd2_centre.nheard == 4);
	ck_assert_uint_eq(cimd2_centre_last(CIMD2_ENQUIRE)->number, 7);
	ck_assert_uint_eq(cimd2_centre_last(CIMD2_SUBMIT)->number, 9);
	cimd2_centre_say(0, "54:007|061:4|");
	cimd2_centre_say(0, "53:009|060:261124101530|");
	AWAIT(the_link.replied == 1 && the_link.answered == 1);
	ck_assert_int_eq(the_link.reply[0].kind, REPLY_DONE);
	ck_assert_str_eq(the_link.reply[0].answer, "delivered");
}
END_TEST

START_TEST(a_centre_that_only_nacks_is_given_up)
{
	cimd2_up();
	cimd2_centre.no_submit_answer = true;
	lend(0);
	for (unsigned i = 1; i <= 3; i++) {
		AWAIT(cimd2_centre_heard(CIMD2_SUBMIT) == i);
		cimd2_centre_say(0, "99:003|");
	}
	AWAIT(cimd2_centre_heard(CIMD2_SUBMIT) == 4);
	cimd2_centre_say(0, "99:003|");
	AWAIT(the_link.downs);
	ck_assert_int_eq(the_link.down, DOWN_LOST);
	ck_assert_uint_eq(cimd2_centre_heard(CIMD2_SUBMIT), 4);
}
END_TEST

/* What the centre asks. */

static const char ping[] = "021:4321|023:+491711234567|060:261124103000|033:Ping|";

START_TEST(a_message_is_answered_when_it_is_stored_and_repeated_then_alike)
{
	cimd2_up();
	cimd2_centre_request(0, CIMD2_DELIVER, ping);
	AWAIT(the_link.ninbound == 1);
	cimd2_centre.numbers[0] = 0;
	cimd2_centre_request(0, CIMD2_DELIVER, ping); /* again, before it is stored */
	cimd2_centre_request(0, CIMD2_ALIVE, "");
	AWAIT(cimd2_centre_heard(CIMD2_ALIVE_RESP));
	ck_assert_uint_eq(cimd2_centre_heard(CIMD2_DELIVER_RESP), 0);
	ck_assert_uint_eq(the_link.ninbound, 1);
	cimd2_ack_all();
	AWAIT(cimd2_centre_heard(CIMD2_DELIVER_RESP) == 1);
	cimd2_centre.numbers[0] = 0;
	cimd2_centre_request(0, CIMD2_DELIVER, ping); /* and behind another one */
	AWAIT(cimd2_centre_heard(CIMD2_DELIVER_RESP) == 2);
	ck_assert_str_eq(cimd2_centre_last(CIMD2_DELIVER_RESP)->text, "70:000|");
	ck_assert_uint_eq(the_link.ninbound, 1);
	cimd2_centre.numbers[0] = 4;
	cimd2_centre_request(0, CIMD2_DELIVER, ping); /* the same text, and new */
	AWAIT(the_link.ninbound == 2);
}
END_TEST

/* Of three the first is damaged on its way; the centre goes back to it, and sends all three again. */
START_TEST(a_centre_that_goes_back_to_a_refused_packet_is_not_heard_twice)
{
	static const char damaged[] = "\x02""20:000\t021:4321\t023:1\t033:One\tFF\x03";
	static const char two[] = "20:002|021:4321|023:1|033:Two|", three[] = "20:004|021:4321|023:1|033:Three|";
	cimd2_up();
	stream_write(cimd2_centre.calls[0], damaged, sizeof damaged - 1);
	cimd2_centre_say(0, two);
	cimd2_centre_say(0, three);
	AWAIT(the_link.ninbound == 2 && cimd2_centre_heard(CIMD2_NACK));
	ck_assert_str_eq(cimd2_centre_last(CIMD2_NACK)->text, "99:000|");
	ack(the_link.inbound_tickets[0], ACK_KEPT);
	ack(the_link.inbound_tickets[1], ACK_LATER);
	cimd2_centre_say(0, "20:000|021:4321|023:1|033:One|");
	cimd2_centre_say(0, two);
	cimd2_centre_say(0, three);
	cimd2_centre_say(0, "40:006|");
	AWAIT(cimd2_centre_heard(CIMD2_ALIVE_RESP));
	ck_assert_uint_eq(the_link.ninbound, 4);    /* the third was not taken the first time */
	ck_assert_str_eq(the_link.bodies[2], "One");
	ck_assert_str_eq(the_link.bodies[3], "Three");
	ck_assert_uint_eq(cimd2_centre_heard(CIMD2_NACK), 1);
}
END_TEST

START_TEST(a_centre_that_does_not_learn_from_nacks_is_given_up)
{
	cimd2_up();
	for (unsigned i = 0; i < CIMD2_NUMBERS; i++)
		cimd2_centre_say(0, "40:001|");
	AWAIT(cimd2_centre_heard(CIMD2_NACK) == CIMD2_NUMBERS);
	ck_assert_uint_eq(the_link.downs, 0);
	cimd2_centre_say(0, "40:001|");
	AWAIT(the_link.downs);
	ck_assert_int_eq(the_link.down, DOWN_LOST);
	ck_assert_msg(strstr(the_link.why, "packet 001, not 000") != NULL, "%s", the_link.why);
}
END_TEST

START_TEST(a_message_that_cannot_be_stored_comes_again_or_is_refused)
{
	cimd2_said.on_store_failure = _i ? CIMD2_STORE_710 : CIMD2_STORE_SILENT;
	cimd2_up();
	cimd2_centre_request(0, CIMD2_DELIVER, ping);
	AWAIT(the_link.ninbound == 1);
	ack(the_link.inbound_tickets[0], ACK_LATER);
	cimd2_centre.numbers[0] = 0;
	cimd2_centre_request(0, CIMD2_DELIVER, ping);
	if (_i) {
		AWAIT(cimd2_centre_heard(CIMD2_DELIVER_RESP) == 2); /* the same answer again */
		ck_assert_ptr_nonnull(strstr(cimd2_centre_last(CIMD2_DELIVER_RESP)->text, "70:000|900:710|"));
		ck_assert_uint_eq(the_link.ninbound, 1);
		return;
	}
	AWAIT(the_link.ninbound == 2);
	ck_assert_uint_eq(cimd2_centre_heard(CIMD2_DELIVER_RESP), 0);
	ack(the_link.inbound_tickets[1], ACK_KEPT);
	AWAIT(cimd2_centre_heard(CIMD2_DELIVER_RESP) == 1);
	cimd2_centre_request(0, CIMD2_ALIVE, "");  /* 002, as if nothing had been */
	AWAIT(cimd2_centre_heard(CIMD2_ALIVE_RESP));
}
END_TEST

START_TEST(a_receipt_may_come_before_the_answer_to_its_message)
{
	cimd2_up();
	cimd2_centre.no_submit_answer = true;
	lend(0);
	AWAIT(cimd2_centre_heard(CIMD2_SUBMIT));
	cimd2_centre_request(0, CIMD2_REPORT, "021:+447700900123|060:261124101530|061:4|");
	AWAIT(the_link.nreceipts);
	cimd2_centre_say(0, "53:003|021:+447700900123|060:261124101530|");
	AWAIT(the_link.answered);
	ck_assert_str_eq(the_link.receipts[0].network_id, the_link.outcomes[0].network_id);
}
END_TEST

/* The centre has no answer to it, and repeats it over the other one. */
START_TEST(a_report_whose_connection_is_lost_is_for_the_same_message_when_it_comes_again)
{
	static const char report[] = "021:+447700900123|060:261124101530|061:4|";
	cimd2_said.sessions = 2;
	cimd2_centre.same_second = true;
	cimd2_open();
	AWAIT(the_link.window == 2);
	lend(0);
	AWAIT(the_link.answered);
	cimd2_centre_request(0, CIMD2_REPORT, report);
	AWAIT(the_link.nreceipts == 1);
	ck_assert_str_eq(the_link.receipts[0].network_id, the_link.outcomes[0].network_id);
	stream_finish(cimd2_centre.calls[0], "lost");
	AWAIT(the_link.window == 1);
	ack(the_link.receipt_tickets[0], ACK_LATER);
	cimd2_centre_request(1, CIMD2_REPORT, report);
	AWAIT(the_link.nreceipts == 2);
	ck_assert_str_eq(the_link.receipts[1].network_id, the_link.outcomes[0].network_id);
	cimd2_receipts_acked = 1;
	cimd2_ack_all();
}
END_TEST

START_TEST(a_querying_account_asks_for_what_waits)
{
	cimd2_said.poll_interval = 30;
	cimd2_up();
	AWAIT(cimd2_centre_heard(CIMD2_DELIVERY_REQUEST) == 2);
	for (unsigned i = 0; i < cimd2_centre.nheard; i++)
		ck_assert_ptr_nonnull(strstr(cimd2_centre.heard[i].text, "|068:0|"));
	cimd2_centre.poll_count = 2;
	AWAIT(cimd2_centre_heard(CIMD2_DELIVERY_REQUEST) == 4);
	ck_assert_ptr_nonnull(strstr(cimd2_centre_last(CIMD2_DELIVERY_REQUEST)->text, "|068:2|"));
}
END_TEST

/* 500: nothing waits. */
START_TEST(a_poll_that_is_refused_is_told_once)
{
	cimd2_said.poll_interval = 20;
	cimd2_centre.poll_error = _i ? 500 : 501;
	cimd2_up();
	AWAIT(cimd2_centre_heard(CIMD2_DELIVERY_REQUEST) == 3);
	ck_assert_uint_eq(the_link.warnings, _i ? 0 : 1);
	ck_assert(_i || strstr(the_link.warning, "error 501: incorrect mode"));
	ck_assert_uint_eq(the_link.downs, 0);
}
END_TEST

START_TEST(nothing_is_asked_for_behind_a_logout)
{
	cimd2_said.poll_interval = 20;
	cimd2_said.stx.logout_timeout = 100;
	cimd2_centre.no_logout_answer = true;
	cimd2_up();
	AWAIT(cimd2_centre_heard(CIMD2_DELIVERY_REQUEST));
	drain();
	AWAIT(the_link.downs);
	ck_assert_int_eq(cimd2_centre.heard[cimd2_centre.nheard - 1].operation, CIMD2_LOGOUT);
}
END_TEST

START_TEST(a_poll_without_an_answer_is_repeated_once_and_then_ends_the_connection)
{
	cimd2_said.poll_interval = 20;
	cimd2_said.response_timeout = 30;
	cimd2_up();
	cimd2_centre.no_answer = true;
	AWAIT(the_link.downs);
	ck_assert_int_eq(the_link.down, DOWN_LOST);
	ck_assert_msg(strstr(the_link.why, "no answer to delivery request") != NULL, "%s", the_link.why);
	const struct cimd2_centre_packet *last = &cimd2_centre.heard[cimd2_centre.nheard - 1];
	ck_assert_str_eq(last[-1].text, last->text);
	ck_assert(cimd2_centre.nheard < 3 || strcmp(last[-2].text, last->text) != 0);
}
END_TEST

START_TEST(a_report_that_names_nothing_is_refused_and_a_nack_without_reason_ignored)
{
	cimd2_up();
	cimd2_centre_say(0, "99:003|");
	cimd2_centre_request(0, CIMD2_REPORT, "021:+447700900123|061:4|");
	AWAIT(cimd2_centre_heard(CIMD2_REPORT_RESP));
	ck_assert_str_eq(cimd2_centre_last(CIMD2_REPORT_RESP)->text, "73:000|900:2|");
	ck_assert_uint_eq(the_link.nreceipts, 0);
	ck_assert_uint_eq(cimd2_centre.nheard, 1);
}
END_TEST

START_TEST(an_operation_that_nobody_has_is_refused_and_never_with_a_nack)
{
	cimd2_up();
	for (unsigned operation = 0; operation < CIMD2_RESPONSE; operation++)
		if (operation != CIMD2_DELIVER && operation != CIMD2_REPORT && operation != CIMD2_ALIVE)
			cimd2_centre_request(0, operation, "");
	AWAIT(cimd2_centre.nheard == CIMD2_RESPONSE - 3);
	ck_assert_str_eq(cimd2_centre.heard[27 - 2].text, "77:050|900:1|");
	ck_assert_str_eq(cimd2_centre_last(CIMD2_ERROR)->text, "98:092|900:1|"); /* to 49 */
	ck_assert_uint_eq(cimd2_centre_heard(CIMD2_NACK), 0);
}
END_TEST

START_TEST(a_busy_centre_is_asked_again_later)
{
	cimd2_up();
	cimd2_centre.no_answer = true;
	ask(0, COMMAND_QUERY);
	AWAIT(cimd2_centre.nheard == 1);
	cimd2_centre.no_answer = false;
	cimd2_centre_sayf(0, "54:%03u|900:10|", cimd2_centre.heard[0].number);
	AWAIT(the_link.replied == 1);       /* a second later */
	ck_assert_uint_eq(cimd2_centre_heard(CIMD2_ENQUIRE), 2);
	ck_assert_str_eq(the_link.reply[0].answer, "delivered");
}
END_TEST

/* Questions. */

START_TEST(questions_are_answered_refused_or_cannot_be_asked)
{
	cimd2_up();
	ask(0, COMMAND_QUERY);
	ask(1, COMMAND_CANCEL);
	ask(2, COMMAND_REPLACE);
	AWAIT(the_link.replied == 3);
	ck_assert_str_eq(the_link.reply[0].answer, "delivered");
	ck_assert_int_eq(the_link.reply[1].kind, REPLY_DONE);
	ck_assert_int_eq(the_link.reply[2].kind, REPLY_FAILED);
	ck_assert_ptr_nonnull(strstr(cimd2_centre_last(CIMD2_CANCEL)->text, "|059:2|021:+447700900123|060:261124101501|"));
	cimd2_centre.no_answer = true;
	cimd2_centre_forget();
	ask(3, COMMAND_QUERY);
	AWAIT(cimd2_centre.nheard);
	cimd2_centre_sayf(0, "54:%03u|900:401|901:Incorrect scts|", cimd2_centre.heard[0].number);
	AWAIT(the_link.replied == 4);
	ck_assert_int_eq(the_link.reply[3].kind, REPLY_REFUSED);
	ck_assert_str_eq(the_link.reply[3].text, "error 401: incorrect time stamp; Incorrect scts");
}
END_TEST

/* The end. */

START_TEST(a_drain_awaits_answers_and_logs_out)
{
	cimd2_said.window = 3;
	cimd2_up();
	cimd2_centre.no_submit_answer = true;
	cimd2_centre.no_logout_answer = _i;
	cimd2_said.stx.logout_timeout = 5000;
	lend(0);
	AWAIT(cimd2_centre_heard(CIMD2_SUBMIT));
	drain();
	idle(5 * TICK_MS);
	ck_assert_uint_eq(cimd2_centre_heard(CIMD2_LOGOUT), 0);
	cimd2_centre_say(0, "53:003|060:261124101530|");
	AWAIT(cimd2_centre_heard(CIMD2_LOGOUT));
	ck_assert_uint_eq(cimd2_centre_last(CIMD2_LOGOUT)->number, 5);
	ck_assert_int_eq(the_link.outcomes[0].verdict, VERDICT_SENT);
	if (_i) {                           /* in place of an answer it hangs up */
		stream_free(cimd2_centre.calls[0]);
		cimd2_centre.calls[0] = NULL;
	}
	AWAIT(the_link.downs);
	ck_assert_int_eq(the_link.down, DOWN_DRAINED);
}
END_TEST

START_TEST(what_is_lost_with_the_connection_is_in_doubt)
{
	cimd2_said.window = 3;
	cimd2_up();
	cimd2_centre.no_submit_answer = true;
	for (unsigned i = 0; i < 3; i++)
		lend(i);
	AWAIT(cimd2_centre_heard(CIMD2_SUBMIT) == 3);
	stream_free(cimd2_centre.calls[0]);
	cimd2_centre.calls[0] = NULL;
	AWAIT(the_link.downs);
	ck_assert_int_eq(the_link.down, DOWN_LOST);
	ck_assert_uint_eq(the_link.lent, 3); /* what is still lent at link_down() is in doubt */
}
END_TEST

static void add_submits(TCase *tests)
{
	tcase_add_test(tests, numbers_wrap_and_answers_find_their_parts);
	tcase_add_test(tests, no_number_runs_further_than_the_window_past_the_oldest);
	tcase_add_test(tests, an_answer_without_the_recipient_names_the_one_that_was_submitted);
	tcase_add_test(tests, messages_of_one_second_are_told_apart);
	tcase_add_loop_test(tests, what_an_account_may_not_say_is_left_out_once, 0, sizeof spared / sizeof *spared);
	tcase_add_test(tests, what_is_refused_without_it_as_well_is_refused);
	tcase_add_test(tests, a_general_error_is_the_answer_to_its_number);
	tcase_add_test(tests, an_error_of_the_session_ends_it_and_the_part_is_tried_again);
	tcase_add_loop_test(tests, a_part_is_sent_again_under_its_number_and_then_in_doubt, 0, 2);
	tcase_add_loop_test(tests, a_part_that_was_repeated_and_is_nacked_for_it_is_not_sent_as_a_new_one, 0, 2);
	tcase_add_test(tests, a_part_is_in_doubt_at_once_where_repeats_are_not_known);
	tcase_add_test(tests, nothing_is_asked_while_an_answer_is_awaited);
	tcase_add_test(tests, a_silent_centre_is_asked_and_then_given_up);
	tcase_add_loop_test(tests, a_nack_of_its_own_number_sends_a_part_again_as_it_was, 0, 3);
	tcase_add_test(tests, a_nack_of_another_number_gives_the_part_that_number);
	tcase_add_test(tests, a_window_that_is_nacked_gets_new_numbers_in_its_order);
	tcase_add_test(tests, a_question_gets_a_new_number_too);
	tcase_add_test(tests, a_centre_that_only_nacks_is_given_up);
}

int main(void)
{
	Suite *suite = suite_create("cimd2");
	TCase *tests = tcase_create("cimd2");
	tcase_set_timeout(tests, 60);
	tcase_add_checked_fixture(tests, cimd2_world_setup, cimd2_world_teardown);
	add_submits(tests);
	tcase_add_test(tests, a_message_is_answered_when_it_is_stored_and_repeated_then_alike);
	tcase_add_test(tests, a_centre_that_goes_back_to_a_refused_packet_is_not_heard_twice);
	tcase_add_test(tests, a_centre_that_does_not_learn_from_nacks_is_given_up);
	tcase_add_loop_test(tests, a_message_that_cannot_be_stored_comes_again_or_is_refused, 0, 2);
	tcase_add_test(tests, a_receipt_may_come_before_the_answer_to_its_message);
	tcase_add_test(tests, a_report_whose_connection_is_lost_is_for_the_same_message_when_it_comes_again);
	tcase_add_test(tests, a_querying_account_asks_for_what_waits);
	tcase_add_loop_test(tests, a_poll_that_is_refused_is_told_once, 0, 2);
	tcase_add_test(tests, nothing_is_asked_for_behind_a_logout);
	tcase_add_test(tests, a_poll_without_an_answer_is_repeated_once_and_then_ends_the_connection);
	tcase_add_test(tests, a_report_that_names_nothing_is_refused_and_a_nack_without_reason_ignored);
	tcase_add_test(tests, an_operation_that_nobody_has_is_refused_and_never_with_a_nack);
	tcase_add_test(tests, a_busy_centre_is_asked_again_later);
	tcase_add_test(tests, questions_are_answered_refused_or_cannot_be_asked);
	tcase_add_loop_test(tests, a_drain_awaits_answers_and_logs_out, 0, 2);
	tcase_add_test(tests, what_is_lost_with_the_connection_is_in_doubt);
	suite_add_tcase(suite, tests);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
