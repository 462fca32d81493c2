/* SPDX-License-Identifier: Apache-2.0 */
/*
 * check_ucp.c - sessions of EMI/UCP: logging in, numbers and the window, results and their lack,
 * what a centre sends, questions, and centres that connect to us. What a session does with frames
 * of the vectors, good and broken, is in check_ucp_vectors.c, and when nothing comes in
 * check_ucp_silence.c.
 */
#include "ucp_peer.h"

/* Logging in. */

START_TEST(without_a_password_there_is_no_login)
{
	static char none[] = "";
	ucp_link.password = none;
	ucp_world_open();
	AWAIT(the_link.ups);
	lend(0);
	AWAIT(the_link.answered == 1);
	ck_assert_uint_eq(centre_heard(UCP_SESSION, false), 0);
	ck_assert_uint_eq(centre.heard[0].pdu.trn, 0);
}
END_TEST

START_TEST(a_login_may_be_off_and_what_waits_may_be_asked_for)
{
	ucp_link.login = false;
	ucp_link.alert = true;
	ucp_world_open();
	AWAIT(centre.nheard == 1);
	ck_assert_uint_eq(centre.heard[0].pdu.operation, UCP_ALERT);
	ck_assert(ucp_is(&centre.heard[0].pdu, UCP_ALERT_ADC, "4321"));
	ck_assert(ucp_is(&centre.heard[0].pdu, UCP_ALERT_PID, "0539"));
}
END_TEST

START_TEST(a_refused_login_says_what_to_do)
{
	static const struct { unsigned ec; bool stop; enum down down; const char *words; } rows[] = {
		{ 7, false, DOWN_PASSWORD, "check username and password" },
		{ 7, true, DOWN_BARRED, "not tried again" }, { 4, false, DOWN_TAKEN, "may still be open" },
		{ 2, false, DOWN_REFUSED, "oton" }, { 3, false, DOWN_REFUSED, "login = off" },
		{ 6, false, DOWN_REFUSED, "username" }, { 55, false, DOWN_BUSY, "system error" },
	};
	centre.login_ec = rows[_i].ec;
	ucp_link.stop_on_auth_failure = rows[_i].stop;
	ucp_world_open();
	AWAIT(the_link.downs);
	ck_assert_int_eq(the_link.down, rows[_i].down);
	ck_assert_msg(strstr(the_link.why, rows[_i].words) != NULL, "%s", the_link.why);
}
END_TEST

/* With or without success. */
START_TEST(a_new_password_is_told_once_logged_in)
{
	static char fresh[] = "n3w";
	ucp_link.new_password_file = fresh;
	centre.password_ec = _i ? UCP_EC_NOT_ALLOWED : 0;
	ucp_world_open();
	AWAIT(the_link.ups);
	ck_assert_uint_eq(centre.nheard, 2);
	const struct ucp_pdu *change = &centre.heard[1].pdu;
	ck_assert(ucp_is(change, UCP_SESSION_STYP, "3"));
	ck_assert(ucp_is(change, UCP_SESSION_PWD, "736563726574"));
	ck_assert(ucp_is(change, UCP_SESSION_NPWD, "6E3377"));
	lend(0);
	AWAIT(the_link.answered == 1);
	ck_assert_int_eq(the_link.outcomes[0].verdict, VERDICT_SENT);
}
END_TEST

START_TEST(a_new_password_that_is_in_force_already_logs_in)
{
	static char fresh[] = "n3w";
	ucp_link.new_password_file = fresh;
	centre.password = "6E3377";
	ucp_world_open();
	AWAIT(the_link.ups);
	ck_assert_uint_eq(centre.nheard, 2);
	ck_assert(ucp_is(&centre.heard[1].pdu, UCP_SESSION_STYP, "1"));
	ck_assert_uint_eq(centre.heard[1].pdu.trn, 1);
}
END_TEST

START_TEST(a_login_without_an_answer_has_a_deadline)
{
	centre.no_login_answer = true;
	ucp_link.stx.login_timeout = 50;
	ucp_world_open();
	AWAIT(the_link.downs);
	ck_assert_ptr_nonnull(strstr(the_link.why, "login"));
}
END_TEST

START_TEST(before_the_login_is_answered_nothing_is_taken)
{
	centre.no_login_answer = true;
	ucp_world_open();
	AWAIT(centre.nheard == 1);
	centre_deliver(0, "491711234567", "41");
	await_mark(0);
	ck_assert_uint_eq(centre.nheard, 3);
	ck_assert(centre.heard[1].pdu.result && ucp_is(&centre.heard[1].pdu, 1, "04"));
	ck_assert_uint_eq(the_link.ninbound, 0);
}
END_TEST

START_TEST(a_second_host_is_tried_when_the_first_is_away)
{
	static char away[32];
	const int fd = socket(AF_INET, SOCK_STREAM, 0);
	snprintf(away, sizeof away, "127.0.0.1:%u", loopback_port(fd)); /* and nobody listens */
	ucp_hosts[0] = away;
	ucp_link.stx.host.n = 2;
	ucp_world_open();
	AWAIT(the_link.ups);
	close(fd);
	lend(0);
	AWAIT(the_link.answered == 1);
	ck_assert_int_eq(the_link.outcomes[0].verdict, VERDICT_SENT);
}
END_TEST

/* The window. */

START_TEST(so_many_are_unanswered_as_the_window_has)
{
	static const unsigned windows[] = { 1, 10, 100 };
	const unsigned window = windows[_i];
	ucp_link.window = (long)window;
	centre.no_submit_answer = true;
	ucp_world_up();
	ck_assert_uint_eq(the_link.window, window);
	for (unsigned i = 0; i < window; i++)
		lend(i);
	AWAIT(centre.submits == window);
	bool used[UCP_TRNS] = { false };
	for (unsigned i = 0; i < window; i++) {
		ck_assert(!used[centre.heard[i].pdu.trn]);
		used[centre.heard[i].pdu.trn] = true;
	}
	for (unsigned i = window; i-- > 0; ) /* in any order */
		centre_result(0, &centre.heard[i].pdu, 0, "1:241126101500");
	AWAIT(the_link.answered == window);
}
END_TEST

START_TEST(a_window_may_span_numbers_instead_of_counting_them)
{
	ucp_link.window = 4;
	ucp_link.window_mode = UCP_WINDOW_SPAN;
	centre.no_submit_answer = true;
	ucp_world_up();
	for (unsigned i = 0; i < 4; i++)
		lend(i);
	AWAIT(centre.submits == 4);
	centre_result(0, &centre.heard[1].pdu, 0, "1:241126101500");
	centre_result(0, &centre.heard[2].pdu, 0, "2:241126101500");
	AWAIT(the_link.answered == 2);
	lend(4);
	idle(20);
	ck_assert_uint_eq(centre.submits, 4); /* the oldest is still out */
	centre_result(0, &centre.heard[0].pdu, 0, "3:241126101500");
	AWAIT(centre.submits == 5);
}
END_TEST

START_TEST(numbers_go_round)
{
	ucp_world_up();
	for (unsigned i = 0; i < 250; i++) {
		lend(i);
		AWAIT(the_link.answered == i + 1);
		ck_assert_uint_eq(centre.heard[i].pdu.trn, (i + 1) % UCP_TRNS);
	}
}
END_TEST

/* Results, and their lack. */

START_TEST(an_answer_decides_by_its_code)
{
	static const struct { unsigned ec; enum verdict verdict; const char *word; } rows[] = {
		{ 24, VERDICT_REJECTED, "EC 24: message is too long; no" }, { 4, VERDICT_DEFERRED, "EC 04" },
		{ 37, VERDICT_DEFERRED, "EC 37" }, { 6, VERDICT_REJECTED, "EC 06" },
	};
	centre.submit_ec = rows[_i].ec;
	ucp_world_up();
	lend(0);
	AWAIT(the_link.answered == 1);
	ck_assert_int_eq(the_link.outcomes[0].verdict, rows[_i].verdict);
	ck_assert_ptr_nonnull(strstr(the_link.outcomes[0].text, rows[_i].word));
	ck_assert_uint_eq(the_link.downs, 0);
}
END_TEST

START_TEST(a_part_that_came_broken_is_sent_again_as_it_was)
{
	centre.submit_ec = UCP_EC_CHECKSUM;
	centre.ec_times = 3;
	ucp_world_up();
	lend(0);
	AWAIT(the_link.answered == 1);
	ck_assert_int_eq(the_link.outcomes[0].verdict, VERDICT_SENT);
	ck_assert_uint_eq(centre.submits, 4);
	for (unsigned i = 1; i < 4; i++) {
		ck_assert_uint_eq(centre.heard[i].len, centre.heard[0].len);
		ck_assert_mem_eq(centre.heard[i].octets, centre.heard[0].octets, centre.heard[0].len);
	}
}
END_TEST

START_TEST(one_that_comes_broken_always_ends_the_session)
{
	centre.submit_ec = UCP_EC_CHECKSUM;
	ucp_world_up();
	lend(0);
	AWAIT(the_link.downs);
	ck_assert_uint_eq(centre.submits, 4);
	ck_assert_int_eq(the_link.outcomes[0].verdict, VERDICT_DEFERRED);
	ck_assert_uint_eq(the_link.outcomes[0].retry_ms, 0);
}
END_TEST

START_TEST(a_part_that_wants_a_login_opens_the_session_anew)
{
	centre.submit_ec = UCP_EC_AUTHENTICATION;
	ucp_world_up();
	lend(0);
	AWAIT(the_link.downs);
	ck_assert_int_eq(the_link.down, DOWN_LOST);
	ck_assert_int_eq(the_link.outcomes[0].verdict, VERDICT_DEFERRED);
}
END_TEST

START_TEST(a_session_that_begins_anew_hears_what_became_of_the_others)
{
	centre.no_submit_answer = true;
	ucp_world_up();
	lend(0);
	lend(1);
	AWAIT(centre.submits == 2);
	centre_result(0, &centre.heard[0].pdu, UCP_EC_AUTHENTICATION, NULL);
	AWAIT(the_link.answered == 1);
	ck_assert_uint_eq(the_link.downs, 0);
	centre_result(0, &centre.heard[1].pdu, 0, "1:241126101500");
	AWAIT(the_link.downs);
	ck_assert_int_eq(the_link.down, DOWN_LOST);
	ck_assert_uint_eq(the_link.answered, 2);
	ck_assert_int_eq(the_link.outcomes[1].verdict, VERDICT_SENT);
}
END_TEST

/* It may have forgotten our login. With any other result, or without a login, it has not. */
START_TEST(nothing_but_ec_04_for_long_opens_the_session_anew)
{
	static char none[] = "";
	ucp_link.response_timeout = 60;
	if (_i == 2)
		ucp_link.password = none;
	centre.submit_ec = UCP_EC_NOT_ALLOWED;
	ucp_world_up();
	for (unsigned i = 0; i < 3; i++) {
		centre.submit_ec = _i == 1 && i == 1 ? 0 : UCP_EC_NOT_ALLOWED;
		lend(i);
		AWAIT(the_link.answered == i + 1);
		if (i < 2)
			idle(40);
	}
	if (_i == 0)
		AWAIT(the_link.downs);
	idle(10);
	ck_assert_uint_eq(the_link.downs, _i == 0);
	ck_assert_int_eq(the_link.outcomes[2].verdict, VERDICT_DEFERRED);
	if (_i == 0)
		ck_assert_ptr_nonnull(strstr(the_link.why, "logging in again"));
}
END_TEST

START_TEST(what_cannot_be_said_is_refused_and_not_sent)
{
	ucp_world_up();
	messages[0].recipient = "*100#";
	lend(0);
	lend(1);
	AWAIT(the_link.answered == 2);
	ck_assert_int_eq(the_link.outcomes[0].verdict, VERDICT_REJECTED);
	ck_assert_int_eq(the_link.outcomes[1].verdict, VERDICT_SENT);
	ck_assert_uint_eq(centre.submits, 1);
}
END_TEST

START_TEST(a_part_without_an_answer_is_in_doubt_and_its_number_is_left_alone)
{
	ucp_link.response_timeout = 800; /* the next 149 have an answer in time */
	centre.no_submit_answer = true;
	ucp_world_up();
	lend(0);
	AWAIT(the_link.answered == 1);
	ck_assert_int_eq(the_link.outcomes[0].verdict, VERDICT_DOUBTFUL);
	const struct ucp_pdu lost = centre.heard[0].pdu;
	centre.no_submit_answer = false;
	for (unsigned i = 1; i < 150; i++) {
		lend(i);
		AWAIT(the_link.answered == i + 1);
		ck_assert_uint_ne(centre.heard[i].pdu.trn, lost.trn);
	}
	ck_assert_uint_eq(the_link.nlate, 0);
	centre_result(0, &lost, 0, "0049171123456:241126109999");
	AWAIT(the_link.nlate == 1);
	ck_assert_int_eq(the_link.late[0].row, 1);
	ck_assert_str_eq(the_link.late[0].outcome.network_id, "0049171123456:241126109999");
	centre_result(0, &lost, 0, "0049171123456:241126109999");
	await_mark(0);
	ck_assert_uint_eq(the_link.nlate, 1);
}
END_TEST

START_TEST(three_in_a_row_without_an_answer_end_the_session)
{
	ucp_link.response_timeout = 40;
	centre.no_submit_answer = true;
	ucp_world_up();
	for (unsigned i = 0; i < 3; i++)
		lend(i);
	AWAIT(the_link.downs);
	ck_assert_int_eq(the_link.down, DOWN_LOST);
	for (unsigned i = 0; i < 3; i++)
		ck_assert_int_eq(the_link.outcomes[i].verdict, VERDICT_DOUBTFUL);
}
END_TEST

START_TEST(one_without_an_answer_ends_the_session_where_that_is_wanted)
{
	ucp_link.response_timeout = 40;
	ucp_link.on_timeout = UCP_TIMEOUT_RECONNECT;
	centre.no_submit_answer = true;
	ucp_world_up();
	lend(0);
	AWAIT(the_link.downs);
	ck_assert_int_eq(the_link.down, DOWN_LOST);
	ck_assert_int_eq(the_link.outcomes[0].verdict, VERDICT_DOUBTFUL);
}
END_TEST

/* Deliveries. */

START_TEST(a_delivery_is_answered_when_it_is_acknowledged_and_not_before)
{
	ucp_world_up();
	centre_deliver(0, "491711234567", "53544F50");
	AWAIT(the_link.ninbound == 1);
	ck_assert_str_eq(the_link.inbound[0].sender, "491711234567");
	ck_assert_str_eq(the_link.inbound[0].recipient, "4321");
	await_mark(0);
	ck_assert_uint_eq(centre_heard(UCP_DELIVER, true), 0);
	ack(the_link.inbound_tickets[0], ACK_LATER);
	AWAIT(centre_heard(UCP_DELIVER, true) == 1);
	ck_assert(ucp_is(&centre_last()->pdu, 0, "N") && ucp_is(&centre_last()->pdu, 1, "04"));
	centre_deliver(0, "491711234567", "53544F50");
	AWAIT(the_link.ninbound == 2);
	ack(the_link.inbound_tickets[1], ACK_KEPT);
	AWAIT(centre_heard(UCP_DELIVER, true) == 2);
	ck_assert(ucp_is(&centre_last()->pdu, 0, "A"));
	ck_assert_uint_eq(centre_last()->pdu.trn, 1);
}
END_TEST

START_TEST(a_number_that_is_owed_is_not_taken_for_something_else)
{
	ucp_world_up();
	centre_deliver(0, "491711234567", "41");
	AWAIT(the_link.ninbound == 1);
	centre.trn = 0;
	centre_deliver(0, "491711234567", "41"); /* the same: it is waited for already */
	await_mark(0);
	ck_assert_uint_eq(centre_heard(UCP_DELIVER, true), 0);
	centre.trn = 0;
	centre_deliver(0, "491711234567", "42");
	AWAIT(centre_heard(UCP_DELIVER, true) == 1);
	ck_assert(ucp_is(&centre_last()->pdu, 1, "04"));
	ck_assert_uint_eq(the_link.ninbound, 1);
}
END_TEST

START_TEST(a_call_is_a_message_too)
{
	ucp_world_up();
	struct ucp_pdu pdu = centre_operation(UCP_CALL);
	ucp_set(&pdu, UCP_CALL_ADC, "4321");
	ucp_set(&pdu, UCP_CALL_OADC, "0171");
	ucp_set(&pdu, UCP_CALL_MT, "3");
	ucp_set(&pdu, UCP_CALL_MSG, "4869");
	centre_say_pdu(0, &pdu);
	AWAIT(the_link.ninbound == 1);
	ck_assert_str_eq(the_link.bodies[0], "Hi");
	ack_all();
	AWAIT(centre_heard(UCP_CALL, true) == 1);
	ck_assert_uint_eq(centre_last()->pdu.nfields, 2);
}
END_TEST

START_TEST(a_receipt_may_come_before_the_answer)
{
	centre.receipts = centre.receipts_first = true;
	ucp_world_up();
	lend(0);
	AWAIT(the_link.nreceipts == 1 && the_link.answered == 1);
	ck_assert_str_eq(the_link.receipts[0].network_id, the_link.outcomes[0].network_id);
	ack_all();
	AWAIT(centre_heard(UCP_NOTIFY, true) == 1);
}
END_TEST

START_TEST(parts_of_one_second_are_told_apart)
{
	centre.same_second = true;
	ucp_world_up();
	for (unsigned i = 0; i < 3; i++)
		lend(i);
	AWAIT(the_link.answered == 3);
	ck_assert_str_eq(the_link.outcomes[0].network_id, "00447700900123:241126100000");
	ck_assert_str_eq(the_link.outcomes[1].network_id, "00447700900123:241126100000+2");
	ck_assert_str_eq(the_link.outcomes[2].network_id, "00447700900123:241126100000+3");
	centre_notify(0, "00447700900123", "241126100000", "1");
	centre_notify(0, "00447700900123", "241126100000", "0");
	centre_notify(0, "00447700900123", "241126100000", "2");
	AWAIT(the_link.nreceipts == 3);
	ck_assert_str_eq(the_link.receipts[0].network_id, the_link.outcomes[0].network_id);
	ck_assert_str_eq(the_link.receipts[1].network_id, the_link.outcomes[0].network_id);
	ck_assert_str_eq(the_link.receipts[2].network_id, the_link.outcomes[1].network_id);
	/* One that is not taken comes again, for the same part. */
	ack(the_link.receipt_tickets[2], ACK_LATER);
	AWAIT(centre_heard(UCP_NOTIFY, true) == 1);
	centre_notify(0, "00447700900123", "241126100000", "2");
	AWAIT(the_link.nreceipts == 4);
	ck_assert_str_eq(the_link.receipts[3].network_id, the_link.outcomes[1].network_id);
}
END_TEST

/* Questions. */

START_TEST(a_query_and_a_cancel_are_told_the_outcome_later)
{
	ucp_world_up();
	ask(0, COMMAND_QUERY);
	ask(1, COMMAND_CANCEL);
	AWAIT(centre.nheard == 2);
	ck_assert_uint_eq(centre.heard[0].pdu.operation, UCP_INQUIRE);
	ck_assert(ucp_is(&centre.heard[0].pdu, UCP_ADC, "447700900123"));
	for (unsigned i = 0; i < 2; i++)
		centre_result(0, &centre.heard[i].pdu, 0, NULL);
	await_mark(0);
	ck_assert_uint_eq(the_link.replied, 0);
	centre_tell(0, &centre.heard[1].pdu);
	AWAIT(the_link.replied == 1);
	ck_assert_int_eq(the_link.reply[1].kind, REPLY_DONE);
	centre_tell(0, &centre.heard[0].pdu);
	AWAIT(the_link.replied == 2);
	ck_assert_str_eq(the_link.reply[0].answer, "delivered");
	ck_assert(the_link.reply[0].reports);
	AWAIT(centre_heard(UCP_INQUIRED, true) == 1 && centre_heard(UCP_DELETED, true) == 1);
	ck_assert(ucp_is(&centre_last()->pdu, 0, "A"));
}
END_TEST

START_TEST(an_outcome_may_come_over_another_session)
{
	ucp_link.sessions = 2;
	ucp_world_open();
	AWAIT(centre.ncalls == 2 && the_link.window == 20);
	await_mark(1);                  /* both logins have been heard */
	centre_forget();
	ask(0, COMMAND_QUERY);
	AWAIT(centre.nheard == 1);
	const struct ucp_heard asked = centre.heard[0];
	if (_i == 0)                    /* after the result, else before it */
		centre_result(asked.call, &asked.pdu, 0, NULL);
	await_mark(asked.call);
	centre_tell(1 - asked.call, &asked.pdu);
	AWAIT(the_link.replied == 1);
	ck_assert_str_eq(the_link.reply[0].answer, "delivered");
	AWAIT(centre_heard(UCP_INQUIRED, true) == 1);
	ck_assert_uint_ne(centre_last()->call, asked.call);
}
END_TEST

START_TEST(an_outcome_may_come_before_the_result)
{
	ucp_world_up();
	ask(0, COMMAND_QUERY);
	AWAIT(centre.nheard == 1);
	const struct ucp_pdu asked = centre.heard[0].pdu;
	centre_tell(0, &asked);
	AWAIT(the_link.replied == 1);
	centre_result(0, &asked, 0, NULL);
	await_mark(0);
	for (unsigned i = 0; i < 100; i++) {
		lend(i);
		AWAIT(the_link.answered == i + 1);
	}
}
END_TEST

START_TEST(a_question_may_be_refused_or_put_off)
{
	ucp_world_up();
	ask(0, COMMAND_QUERY);
	AWAIT(centre.nheard == 1);
	centre_result(0, &centre.heard[0].pdu, UCP_EC_NOT_FOUND, NULL);
	AWAIT(the_link.replied == 1);
	ck_assert_int_eq(the_link.reply[0].kind, REPLY_REFUSED);
	ck_assert_uint_eq(the_link.reply[0].code, 27);
	ask(1, COMMAND_CANCEL);
	AWAIT(centre_heard(UCP_DELETE, false) == 1);
	centre_result(0, &centre_last()->pdu, UCP_EC_NOT_ALLOWED, NULL);
	AWAIT(centre_heard(UCP_DELETE, false) == 2); /* a second later */
}
END_TEST

START_TEST(a_replacement_is_done_with_its_result)
{
	static uint8_t text[] = "New text";
	struct part part = { .message = &messages[0], .number = 1, .octets = text, .len = 8 };
	messages[0].parts = &part;
	messages[0].nparts = 1;
	ucp_world_up();
	ask(0, COMMAND_REPLACE);
	AWAIT(centre.nheard == 1);
	ck_assert_uint_eq(centre.heard[0].pdu.operation, UCP_MODIFY);
	ck_assert(ucp_is(&centre.heard[0].pdu, UCP_MSG, "4E65772074657874"));
	centre_result(0, &centre.heard[0].pdu, 0, "447700900123:241126100000");
	AWAIT(the_link.replied == 1);
	ck_assert_int_eq(the_link.reply[0].kind, REPLY_DONE);
}
END_TEST

/* The end. */

START_TEST(draining_pays_its_debts_before_it_hangs_up)
{
	ucp_world_up();
	centre_deliver(0, "491711234567", "41");
	AWAIT(the_link.ninbound == 1);
	centre.no_submit_answer = true;
	lend(0);
	AWAIT(centre.submits == 1);
	drain();
	idle(10);
	ck_assert_uint_eq(the_link.downs, 0);
	centre_result(0, &centre_last()->pdu, 0, "1:241126101500");
	AWAIT(the_link.answered == 1);
	idle(10);
	ck_assert_uint_eq(the_link.downs, 0);
	ack_all();
	AWAIT(the_link.downs && centre.hung_up[0]);
	ck_assert_int_eq(the_link.down, DOWN_DRAINED);
	ck_assert_uint_eq(centre_heard(UCP_DELIVER, true), 1);
}
END_TEST

START_TEST(a_lost_connection_leaves_what_left_in_doubt)
{
	centre.no_submit_answer = true;
	ucp_world_up();
	lend(0);
	AWAIT(centre.submits == 1);
	stream_free(centre.calls[0]);
	centre.calls[0] = NULL;
	AWAIT(the_link.downs);
	ck_assert_int_eq(the_link.down, DOWN_LOST);
	ck_assert_uint_eq(the_link.answered, 0); /* doubtful, as the link says of what is lent */
}
END_TEST

/* Centres that connect to us. */

static unsigned port;

static void door_open(void)
{
	port = ucp_listens();
	world_open_as(&ucp_driver, &ucp_link);
	AWAIT(*the_link.note);
	ck_assert_ptr_nonnull(strstr(the_link.note, "awaiting call at 127.0.0.1:"));
}

START_TEST(a_centre_that_calls_needs_no_login_and_delivers)
{
	ucp_link.stx.keepalive = 20;    /* who only delivers is not asked */
	door_open();
	const unsigned call = centre_call(port);
	AWAIT(the_link.ups);
	ck_assert_uint_eq(the_link.window, 0);
	centre_deliver(call, "491711234567", "41");
	centre_notify(call, "0171123456", "241126101540", "0");
	AWAIT(the_link.ninbound == 1 && the_link.nreceipts == 1);
	ack_all();
	AWAIT(centre_heard(UCP_DELIVER, true) == 1 && centre_heard(UCP_NOTIFY, true) == 1);
	idle(60);
	ck_assert_uint_eq(centre.nheard, 2);
	ck_assert_uint_eq(the_link.downs, 0);
}
END_TEST

START_TEST(messages_leave_over_a_call_where_that_is_wanted)
{
	ucp_link.listen_sends = true;
	door_open();
	centre_call(port);
	AWAIT(the_link.ups);
	ck_assert_uint_eq(the_link.window, 10);
	lend(0);
	AWAIT(the_link.answered == 1);
	ck_assert_int_eq(the_link.outcomes[0].verdict, VERDICT_SENT);
}
END_TEST

START_TEST(a_call_from_elsewhere_is_not_taken)
{
	static char other[] = "192.0.2.0/24", *others[] = { other };
	port = ucp_listens();
	ucp_link.listen_from.items = others;
	world_open_as(&ucp_driver, &ucp_link);
	AWAIT(*the_link.note);
	const unsigned call = centre_call(port);
	AWAIT(centre.hung_up[call]);
	ck_assert_uint_eq(the_link.ups, 0);
}
END_TEST

START_TEST(a_call_that_ends_leaves_the_door_open)
{
	door_open();
	const unsigned call = centre_call(port);
	AWAIT(the_link.ups);
	stream_free(centre.calls[call]);
	centre.calls[call] = NULL;
	AWAIT(the_link.waits == 1);
	centre_call(port);
	AWAIT(the_link.ups == 2);
	ck_assert_uint_eq(the_link.downs, 0);
}
END_TEST

/* What a link may say. */

START_TEST(keys_that_do_not_go_together_are_refused_in_words)
{
	static char other[] = "x", zone[] = "Berlin", slash[] = "a/b", letters[] = "+49", rule[] = "x = fail",
	    parameter[] = "tariff = 1", *rules[] = { rule }, *parameters[] = { parameter }, none[] = "";
	struct conf_error err;
	snprintf(ucp_host, sizeof ucp_host, "127.0.0.1:5000");
	ck_assert_msg(ucp_check(&ucp_link, &err), "%s", err.text);
#define REFUSED(change, word) do { \
	ucp_link = ucp_defaults(); \
	change; \
	ck_assert(!ucp_check(&ucp_link, &err)); \
	ck_assert_msg(strstr(err.text, word) != NULL, "%s", err.text); \
} while (0)
	REFUSED(ucp_link.password_file = other, "keep one");
	REFUSED(ucp_link.username = none, "username");
	REFUSED(ucp_link.time_zone = zone, "time_zone");
	REFUSED(ucp_link.own_number = letters, "own_number");
	REFUSED(ucp_link.ac = slash, "ac");
	REFUSED(ucp_link.addresses.country_code = letters, "country_code");
	REFUSED(ucp_link.alert_pid = other, "alert_pid");
	REFUSED(ucp_link.stx.host.n = 0, "host");
	REFUSED(ucp_link.status = ((struct conf_list){ rules, 1 }), "status");
	REFUSED(ucp_link.tlvs = ((struct conf_list){ parameters, 1 }), "tlvs");
	REFUSED(snprintf(ucp_host, sizeof ucp_host, "localhost"), "port");
}
END_TEST

static Suite *suite(void)
{
	Suite *suite = suite_create("ucp");
	TCase *tests = tcase_create("ucp");
	suite_add_tcase(suite, tests);
	tcase_set_timeout(tests, 30);
	tcase_add_checked_fixture(tests, ucp_world_setup, ucp_world_teardown);
	tcase_add_test(tests, without_a_password_there_is_no_login);
	tcase_add_test(tests, a_login_may_be_off_and_what_waits_may_be_asked_for);
	tcase_add_loop_test(tests, a_refused_login_says_what_to_do, 0, 7);
	tcase_add_loop_test(tests, a_new_password_is_told_once_logged_in, 0, 2);
	tcase_add_test(tests, a_new_password_that_is_in_force_already_logs_in);
	tcase_add_test(tests, a_login_without_an_answer_has_a_deadline);
	tcase_add_test(tests, before_the_login_is_answered_nothing_is_taken);
	tcase_add_test(tests, a_second_host_is_tried_when_the_first_is_away);
	tcase_add_loop_test(tests, so_many_are_unanswered_as_the_window_has, 0, 3);
	tcase_add_test(tests, a_window_may_span_numbers_instead_of_counting_them);
	tcase_add_test(tests, numbers_go_round);
	tcase_add_loop_test(tests, an_answer_decides_by_its_code, 0, 4);
	tcase_add_test(tests, a_part_that_came_broken_is_sent_again_as_it_was);
	tcase_add_test(tests, one_that_comes_broken_always_ends_the_session);
	tcase_add_test(tests, a_part_that_wants_a_login_opens_the_session_anew);
	tcase_add_test(tests, a_session_that_begins_anew_hears_what_became_of_the_others);
	tcase_add_loop_test(tests, nothing_but_ec_04_for_long_opens_the_session_anew, 0, 3);
	tcase_add_test(tests, what_cannot_be_said_is_refused_and_not_sent);
	tcase_add_test(tests, a_part_without_an_answer_is_in_doubt_and_its_number_is_left_alone);
	tcase_add_test(tests, three_in_a_row_without_an_answer_end_the_session);
	tcase_add_test(tests, one_without_an_answer_ends_the_session_where_that_is_wanted);
	tcase_add_test(tests, a_delivery_is_answered_when_it_is_acknowledged_and_not_before);
	tcase_add_test(tests, a_number_that_is_owed_is_not_taken_for_something_else);
	tcase_add_test(tests, a_call_is_a_message_too);
	tcase_add_test(tests, a_receipt_may_come_before_the_answer);
	tcase_add_test(tests, parts_of_one_second_are_told_apart);
	tcase_add_test(tests, a_query_and_a_cancel_are_told_the_outcome_later);
	tcase_add_loop_test(tests, an_outcome_may_come_over_another_session, 0, 2);
	tcase_add_test(tests, an_outcome_may_come_before_the_result);
	tcase_add_test(tests, a_question_may_be_refused_or_put_off);
	tcase_add_test(tests, a_replacement_is_done_with_its_result);
	tcase_add_test(tests, draining_pays_its_debts_before_it_hangs_up);
	tcase_add_test(tests, a_lost_connection_leaves_what_left_in_doubt);
	tcase_add_test(tests, a_centre_that_calls_needs_no_login_and_delivers);
	tcase_add_test(tests, messages_leave_over_a_call_where_that_is_wanted);
	tcase_add_test(tests, a_call_from_elsewhere_is_not_taken);
	tcase_add_test(tests, a_call_that_ends_leaves_the_door_open);
	tcase_add_test(tests, keys_that_do_not_go_together_are_refused_in_words);
	return suite;
}

int main(void)
{
	SRunner *runner = srunner_create(suite());
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
