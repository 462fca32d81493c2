/* SPDX-License-Identifier: Apache-2.0 */
/* check_modem_dialer.c - USSD over a modem: sessions, and what becomes of rows and of what comes in. */
#include "dialer_world.h"

static char balance_code[] = "*111#", own_number[] = "+447700900001";

START_TEST(a_code_is_dialled_and_its_answer_names_the_row)
{
	started();
	modem_settings.own_number = own_number;
	dial(0, "*100#");
	ck_assert(!dialer_is_idle(dialer));
	expect("AT+CUSD=1,\"*100#\",15");
	ck_assert_uint_eq(running()->timeout_ms, 20000);
	ck_assert_uint_eq(the_link.answered, 0);
	answer(AT_OK, NULL);
	is(0, VERDICT_SENT);
	expect_none();                      /* a message may be sent meanwhile */
	say_urc("+CUSD: 0,\"Balance: 10\",15", NULL);
	came("*100# 1! response. Balance: 10");
	ck_assert_str_eq(the_link.inbound[0].recipient, "+447700900001");
	ck_assert_str_eq(the_link.options[0], "{\"ussd\":{\"op\":\"response\",\"end\":true}}");
	ck_assert_uint_eq(the_link.inbound_tickets[0], told.ticket);
	ended();
	ck_assert_uint_eq(told.idles, 1);
	ck_assert_uint_ge(told.wells, 1);
	teardown();
}
END_TEST

START_TEST(a_menu_is_answered_in_the_open_session)
{
	started();
	dialled(0, "*100#", "AT+CUSD=1,\"*100#\",15");
	say_urc("+CUSD: 1,\"1 Balance\n2 Top up\",15", NULL);
	came("*100# 1! request 1 Balance\n2 Top up");
	expect_none();
	dialer_submit(dialer, row(1, "*100#", TURN_ANSWER, "2"));
	expect("AT+CUSD=1,\"2\",15");
	answer(AT_OK, NULL);
	is(1, VERDICT_SENT);
	say_urc("+CUSD: 1,\"How much?\",15", NULL);
	came("*100# 2 request How much?");
	dialer_submit(dialer, row(2, "*100#", TURN_REQUEST, "50"));
	expect("AT+CUSD=1,\"50\",15");
	answer(AT_OK, NULL);
	say_urc("+CUSD: 0,\"Thanks\",15", NULL);
	came("*100# 3 response. Thanks");
	ended();
	teardown();
}
END_TEST

static const struct { const char *urc, *heard, *options; } states[] = {
	{ "+CUSD: 0", "*100# 1! response. ", "{\"ussd\":{\"op\":\"response\",\"end\":true}}" },
	{ "+CUSD: 2", "*100# 1! response. ", "{\"ussd\":{\"op\":\"response\",\"end\":true},\"state\":\"ended by the network\"}" },
	{ "+CUSD: 2,\"Bye\",15", "*100# 1! response. Bye", NULL },
	{ "+CUSD: 3", "*100# 1! response. ", "{\"ussd\":{\"op\":\"response\",\"end\":true},\"state\":\"answered elsewhere\"}" },
	{ "+CUSD: 5", "*100# 1! response. ", "{\"ussd\":{\"op\":\"response\",\"end\":true},\"state\":\"timed out\"}" },
};

START_TEST(each_end_of_a_session_is_told_and_said_to_the_modem)
{
	for (size_t i = 0; i < sizeof states / sizeof *states; i++) {
		started();
		dialled(0, "*100#", "AT+CUSD=1,\"*100#\",15");
		say_urc(states[i].urc, NULL);
		came(states[i].heard);
		if (states[i].options)
			ck_assert_str_eq(the_link.options[0], states[i].options);
		ended();
		teardown();
	}
}
END_TEST

START_TEST(a_menu_that_comes_again_is_told_again)
{
	started();
	dialled(0, "*100#", "AT+CUSD=1,\"*100#\",15");
	say_urc("+CUSD: 1,\"1 Balance\",15", NULL);
	say_urc("+CUSD: 1,\"1 Balance\",15", NULL);
	came("*100# 1! request 1 Balance");
	ck_assert_uint_eq(the_link.ninbound, 2);
	ck_assert_str_ne(the_link.inbound[0].arrival, the_link.inbound[1].arrival);
	dialer_submit(dialer, row(1, "*100#", TURN_ANSWER, "1"));
	expect("AT+CUSD=1,\"1\",15");
	answer(AT_OK, NULL);
	say_urc("+CUSD: 5", NULL);
	came("*100# 2 response. ");
	ended();
	teardown();
}
END_TEST

START_TEST(a_row_cancels_a_session)
{
	started();
	dialled(0, "*100#", "AT+CUSD=1,\"*100#\",15");
	say_urc("+CUSD: 1,\"1 Balance\",15", NULL);
	dialer_submit(dialer, row(1, "*100#", TURN_RESPONSE, ""));
	expect("AT+CUSD=2");
	ck_assert_uint_eq(the_link.done[1], 0);
	say_urc("+CUSD: 2", NULL);          /* some modems confirm it so */
	answer(AT_OK, NULL);
	is(1, VERDICT_SENT);
	ck_assert_uint_eq(the_link.ninbound, 1);
	expect_none();
	ck_assert(dialer_is_idle(dialer));
	dialer_submit(dialer, row(2, "*100#", TURN_RESPONSE, ""));
	says(2, VERDICT_REJECTED, "no USSD dialogue with *100# is open");
	dialled(3, "*100#", "AT+CUSD=1,\"*100#\",15");
	dialer_submit(dialer, row(4, "*100#", TURN_RESPONSE, ""));
	expect("AT+CUSD=2");
	answer(AT_ERROR, NULL);
	says(4, VERDICT_REJECTED, "AT+CUSD=2: ERROR");
	teardown();
}
END_TEST

START_TEST(our_last_word_ends_a_session_that_asks_on)
{
	started();
	dialled(0, "*100#", "AT+CUSD=1,\"*100#\",15");
	say_urc("+CUSD: 1,\"1 Balance\",15", NULL);
	dialer_submit(dialer, row(1, "*100#", TURN_RESPONSE, "1"));
	expect("AT+CUSD=1,\"1\",15");
	answer(AT_OK, NULL);
	say_urc("+CUSD: 1,\"Anything else?\",15", NULL);
	came("*100# 2 request Anything else?");
	ended();
	teardown();
}
END_TEST

START_TEST(a_network_that_does_not_answer_is_not_awaited_for_ever)
{
	started();
	modem_settings.ussd_timeout = 20;
	dialled(0, "*100#", "AT+CUSD=1,\"*100#\",15");
	ended();
	came("*100# 1! over: no answer of the network in 0 seconds ");
	ck_assert_uint_eq(the_link.ninbound, 1);
	dialled(1, "*101#", "AT+CUSD=1,\"*101#\",15"); /* and the next one goes */
	ended();
	teardown();
}
END_TEST

START_TEST(a_session_that_nobody_answers_is_cancelled)
{
	started();
	modem_settings.ussd_timeout = 20;
	dialled(0, "*100#", "AT+CUSD=1,\"*100#\",15");
	say_urc("+CUSD: 1,\"1 Balance\",15", NULL);
	ended();
	came("*100# 1! over: no answer of ours in 0 seconds ");
	dialer_submit(dialer, row(1, "*100#", TURN_ANSWER, "1"));
	says(1, VERDICT_REJECTED, "no USSD dialogue with *100# is open");
	teardown();
}
END_TEST

/* Errors, and results that do not come. */

static const struct { int code; unsigned attempts; enum verdict verdict; bool rest; const char *text; } errors[] = {
	{ 14, 1, VERDICT_DEFERRED, false, "SIM busy" },
	{ 14, 3, VERDICT_REJECTED, false, "given up after 3 attempts: +CME ERROR: 14: SIM busy" },
	{ 3, 1, VERDICT_REJECTED, false, "operation not allowed" },
	{ 27, 1, VERDICT_REJECTED, false, "invalid characters in dial string" },
	{ 10, 1, VERDICT_DEFERRED, true, "SIM not inserted" },
	{ 31, 1, VERDICT_DOUBTFUL, false, "network timeout" },
};

START_TEST(an_error_is_judged_by_its_number)
{
	for (size_t i = 0; i < sizeof errors / sizeof *errors; i++) {
		started();
		messages[0].attempts = (uint16_t)errors[i].attempts;
		dial(0, "*100#");
		expect("AT+CUSD=1,\"*100#\",15");
		answer_error(AT_CME, errors[i].code);
		says(0, errors[i].verdict, errors[i].text);
		ck_assert_uint_eq(told.rests, errors[i].rest);
		ck_assert_int_eq(the_link.outcomes[0].untried, errors[i].rest);
		ck_assert_uint_eq(the_link.outcomes[0].hold_ms, 0);
		ended();
		teardown();
	}
}
END_TEST

START_TEST(the_network_may_speak_before_the_ok)
{
	started();
	dial(0, "*100#");
	expect("AT+CUSD=1,\"*100#\",15");
	say_urc("+CUSD: 0,\"Balance: 10\",15", NULL);
	ck_assert_uint_eq(the_link.answered, 0);
	answer(AT_OK, NULL);
	is(0, VERDICT_SENT);
	came("*100# 1! response. Balance: 10");
	ended();
	dial(1, "*100#");
	expect("AT+CUSD=1,\"*100#\",15");
	say_urc("+CUSD: 1,\"Menu\",15", NULL);
	answer(AT_ERROR, NULL);             /* it has answered all the same */
	is(1, VERDICT_SENT);
	came("*100# 2! request Menu");
	teardown();
}
END_TEST

START_TEST(a_code_without_a_result_is_in_doubt_until_the_network_answers)
{
	started();
	messages[0].attempts = 4;
	dial(0, "*100#");
	expect("AT+CUSD=1,\"*100#\",15");
	answer(AT_SILENT, NULL);
	is(0, VERDICT_DOUBTFUL);
	ck_assert_uint_eq(told.ills, 1);
	say_urc("+CUSD: 0,\"Balance: 10\",15", NULL);
	ck_assert_uint_eq(the_link.nlate, 1);
	ck_assert_int_eq(the_link.late[0].row, 1);
	ck_assert_int_eq(the_link.late[0].attempt, 4);
	ck_assert_int_eq(the_link.late[0].outcome.verdict, VERDICT_SENT);
	came("*100# 1! response. Balance: 10");
	ended();
	modem_settings.ussd_timeout = 20;
	dial(1, "*100#");
	expect("AT+CUSD=1,\"*100#\",15");
	answer(AT_SILENT, NULL);
	ended();                            /* and here it never does */
	is(1, VERDICT_DOUBTFUL);
	came("*100# 2! over: no answer of the network in 0 seconds ");
	ck_assert_uint_eq(the_link.nlate, 1);
	teardown();
}
END_TEST

START_TEST(a_port_that_is_gone_leaves_in_doubt_what_had_left)
{
	started();
	dial(0, "*100#");
	expect("AT+CUSD=1,\"*100#\",15");
	close_channel();
	says(0, VERDICT_DOUBTFUL, "the port is gone");
	came("*100# 1! over: no result of AT+CUSD: the port is gone ");
	dialer_lost(dialer);
	ck_assert_uint_eq(the_link.ninbound, 1);
	ck_assert(dialer_is_idle(dialer));
	teardown();
	/* Behind another command it had not left. */
	started();
	const struct at_command before = { .line = "AT+CSQ", .timeout_ms = 1000 };
	channel_ask(modem.channel, &before);
	dial(0, "*100#");
	close_channel();
	is(0, VERDICT_DEFERRED);
	ck_assert(the_link.outcomes[0].untried);
	ck_assert_uint_eq(the_link.ninbound, 0);
	teardown();
}
END_TEST

START_TEST(what_a_lost_session_held_comes_back)
{
	started();
	dial(0, "*100#");
	expect("AT+CUSD=1,\"*100#\",15");
	dialer_lost(dialer);
	the_channel.nqueue = 0;             /* freed, silently */
	is(0, VERDICT_DOUBTFUL);
	came("*100# 1! over: the session with the modem ended ");
	const struct at_command before = { .line = "AT+CSQ", .timeout_ms = 1000 };
	channel_ask(modem.channel, &before);
	dial(10, "*100#");                  /* and this one never left */
	the_channel.nqueue = 1;
	dialer_lost(dialer);
	is(10, VERDICT_DEFERRED);
	ck_assert(the_link.outcomes[10].untried);
	ck_assert_uint_eq(the_link.ninbound, 1);
	the_channel.nqueue = 0;
	dialled(1, "*100#", "AT+CUSD=1,\"*100#\",15");
	dialer_lost(dialer);
	came("*100# 2! over: the session with the modem ended ");
	dialled(2, "*100#", "AT+CUSD=1,\"*100#\",15");
	say_urc("+CUSD: 1,\"Menu\",15", NULL);
	dial(3, "*100#");
	expect("AT+CUSD=2");
	the_channel.nqueue = 0;
	dialer_lost(dialer);
	is(3, VERDICT_DEFERRED);
	ck_assert(the_link.outcomes[3].untried);
	came("*100# 3! over: dialled anew ");
	ck_assert_uint_eq(the_link.ninbound, 4);
	dialer_lost(dialer);
	ck_assert_uint_eq(the_link.ninbound, 4);
	teardown();
}
END_TEST

/* One dialogue at a time. */

START_TEST(a_code_waits_while_another_dialogue_is_open)
{
	started();
	dialled(0, "*100#", "AT+CUSD=1,\"*100#\",15");
	dial(1, "*101#");
	says(1, VERDICT_DEFERRED, "another USSD dialogue is open");
	ck_assert(the_link.outcomes[1].untried);
	ck_assert_uint_eq(the_link.outcomes[1].retry_ms, 5000);
	say_urc("+CUSD: 1,\"Menu\",15", NULL);
	dial(2, "*101#");
	is(2, VERDICT_DEFERRED);
	say_urc("+CUSD: 0,\"Bye\",15", NULL);
	expect("AT+CUSD=2");
	dial(3, "*101#");                   /* this one soon can */
	ck_assert_uint_eq(the_link.done[3], 0);
	answer(AT_OK, NULL);
	expect("AT+CUSD=1,\"*101#\",15");
	answer(AT_OK, NULL);
	is(3, VERDICT_SENT);
	teardown();
}
END_TEST

START_TEST(a_code_dialled_anew_ends_its_own_dialogue)
{
	started();
	dialled(0, "*100#", "AT+CUSD=1,\"*100#\",15");
	say_urc("+CUSD: 1,\"Menu\",15", NULL);
	dial(1, "*100#");
	came("*100# 1! over: dialled anew ");
	expect("AT+CUSD=2");
	answer(AT_OK, NULL);
	expect("AT+CUSD=1,\"*100#\",15");
	answer(AT_OK, NULL);
	is(1, VERDICT_SENT);
	say_urc("+CUSD: 0,\"Hi\",15", NULL);
	came("*100# 2! response. Hi");
	teardown();
}
END_TEST

START_TEST(draining_ends_what_awaits_a_row)
{
	started();
	dialled(0, "*100#", "AT+CUSD=1,\"*100#\",15");
	dialer_drain(dialer);
	expect_none();                      /* the network may still answer */
	say_urc("+CUSD: 1,\"Menu\",15", NULL);
	dialer_drain(dialer);
	came("*100# 1! over: the link is being stopped ");
	ended();
	ck_assert_uint_eq(told.idles, 1);
	teardown();
}
END_TEST

/* The network begins. */

START_TEST(what_the_network_says_by_itself_is_a_message)
{
	started();
	say_urc("+CUSD: 0,\"You have credit\",15", NULL);
	came("USSD 0 notify. You have credit");
	say_urc("+CUSD: 2", NULL);          /* this is none */
	ck_assert_uint_eq(the_link.ninbound, 1);
	expect_none();
	say_urc("+CUSD: 1,\"Accept?\",15", NULL);
	came("USSD 0 request Accept?");
	dialer_submit(dialer, row(0, "USSD", TURN_ANSWER, "1"));
	expect("AT+CUSD=1,\"1\",15");
	answer(AT_OK, NULL);
	say_urc("+CUSD: 0,\"Thanks\",15", NULL);
	came("USSD 1 response. Thanks");
	ended();
	teardown();
}
END_TEST

START_TEST(what_the_network_says_while_a_session_ends_is_a_message)
{
	started();
	dialled(0, "*100#", "AT+CUSD=1,\"*100#\",15");
	say_urc("+CUSD: 0,\"Hi\",15", NULL);
	expect("AT+CUSD=2");
	say_urc("+CUSD: 1,\"Accept?\",15", NULL);
	came("USSD 0 notify. Accept?");
	answer(AT_OK, NULL);
	expect_none();
	ck_assert(dialer_is_idle(dialer));
	const struct at_urc other = { .line = "+CMTI: \"SM\",1" };
	ck_assert(!dialer_urc(dialer, &other));
	const struct at_urc bad = { .line = "+CUSD: 9" };
	ck_assert(dialer_urc(dialer, &bad));
	ck_assert_uint_eq(the_link.ninbound, 2);
	teardown();
}
END_TEST

static const struct { const char *recipient; int op; const char *text, *why; } wrong[] = {
	{ "+447700900123", TURN_NOTIFY, "Hi", "recipient \"+447700900123\": over a modem kind ussd is to a code" },
	{ "*100\"#", TURN_BEGIN, "", "recipient \"*100\"#\" is not a USSD code: digits" },
	{ "*12345678901234567890123456789012345678901234567890123456789012#", TURN_BEGIN, "", "at most 63" },
	{ "USSD", TURN_BEGIN, "", "is not a USSD code" },
	{ "*100#", TURN_BEGIN, "Hi", "body is set, but a code is dialled by the recipient alone" },
	{ "*100#", TURN_ANSWER, "", "body is empty, and there is no such answer" },
	{ "*100#", TURN_ANSWER, "1", "no USSD dialogue with *100# is open on this modem" },
};

START_TEST(what_cannot_be_done_is_refused_in_words)
{
	started();
	for (unsigned i = 0; i < sizeof wrong / sizeof *wrong; i++) {
		dialer_submit(dialer, row(i, wrong[i].recipient, wrong[i].op, wrong[i].text));
		says(i, VERDICT_REJECTED, wrong[i].why);
	}
	dialled(20, "*100#", "AT+CUSD=1,\"*100#\",15");
	dialer_submit(dialer, row(21, "*100#", TURN_ANSWER, "1"));
	says(21, VERDICT_REJECTED, "the network has not answered *100# yet");
	say_urc("+CUSD: 1,\"Menu\",15", NULL);
	struct part *part = row(22, "*100#", TURN_ANSWER, "1");
	part->coding = CODING_BINARY;
	dialer_submit(dialer, part);
	says(22, VERDICT_REJECTED, "GSM 7-bit or UCS-2 alone");
	dialer_submit(dialer, row(23, "*101#", TURN_ANSWER, "1"));
	says(23, VERDICT_REJECTED, "no USSD dialogue with *101#");
	teardown();
}
END_TEST

/* Balance. */

static void balance_started(long every)
{
	setup();
	modem_settings.balance = balance_code;
	modem_settings.balance_every = every;
	dialer_start(dialer);
	expect("AT+CUSD=1");
	answer(AT_OK, NULL);
	expect("AT+CUSD=1,\"*111#\",15");
}

START_TEST(the_balance_is_asked_on_a_schedule)
{
	balance_started(40);
	answer(AT_OK, NULL);
	say_urc("+CUSD: 0,\"Balance: 10\",15", NULL);
	came("*111# 0 response. Balance: 10");
	ck_assert_str_eq(the_link.options[0], "{\"balance\":true}");
	ck_assert(the_link.inbound[0].turn.alone);
	ck_assert_uint_eq(the_link.answered, 0);
	expect("AT+CUSD=2");
	answer(AT_OK, NULL);
	expect("AT+CUSD=1,\"*111#\",15");   /* again, a period later */
	teardown();
}
END_TEST

START_TEST(a_balance_that_asks_back_is_ended)
{
	balance_started(3600000);
	answer(AT_OK, NULL);
	say_urc("+CUSD: 1,\"Balance: 10. More? 1\",15", NULL);
	came("*111# 0 request Balance: 10. More? 1");
	ck_assert(the_link.inbound[0].turn.alone);
	ended();
	teardown();
}
END_TEST

START_TEST(the_balance_waits_while_a_session_is_open)
{
	started();
	modem_settings.balance = balance_code;
	modem_settings.balance_every = 3600000;
	dialled(0, "*100#", "AT+CUSD=1,\"*100#\",15");
	dialer_start(dialer);               /* the network came back: the session is left alone */
	expect_none();
	say_urc("+CUSD: 1,\"Menu\",15", NULL);
	expect_none();
	dialer_submit(dialer, row(1, "*100#", TURN_RESPONSE, ""));
	expect("AT+CUSD=2");
	answer(AT_OK, NULL);
	expect("AT+CUSD=1,\"*111#\",15");
	dial(2, "*100#");                   /* a row waits for it in turn */
	is(2, VERDICT_DEFERRED);
	answer(AT_OK, NULL);
	dialer_submit(dialer, row(3, "*111#", TURN_ANSWER, "1"));
	says(3, VERDICT_REJECTED, "no USSD dialogue with *111#"); /* it is not an application's */
	teardown();
}
END_TEST

START_TEST(a_balance_that_fails_is_no_message_and_no_end)
{
	balance_started(60);
	modem_settings.ussd_timeout = 10;
	answer_error(AT_CME, 27);
	expect("AT+CUSD=2");
	answer(AT_OK, NULL);
	expect("AT+CUSD=1,\"*111#\",15");
	answer(AT_OK, NULL);
	expect("AT+CUSD=2");                /* nobody answered */
	answer(AT_OK, NULL);
	expect("AT+CUSD=1,\"*111#\",15");
	answer(AT_SILENT, NULL);
	expect("AT+CUSD=2");
	answer(AT_OK, NULL);
	ck_assert_uint_eq(the_link.ninbound, 0);
	modem.usable = false;               /* no network: not now */
	idle(100);
	expect_none();
	teardown();
}
END_TEST

START_TEST(a_restart_does_not_ask_the_balance_again)
{
	balance_started(3600000);
	answer(AT_OK, NULL);
	say_urc("+CUSD: 0,\"Balance: 10\",15", NULL);
	ended();
	dialer_lost(dialer);
	dialer_start(dialer);
	expect("AT+CUSD=1");
	answer(AT_OK, NULL);
	expect_none();
	teardown();
}
END_TEST

int main(void)
{
	const TTest *const all[] = {
		a_code_is_dialled_and_its_answer_names_the_row,
		a_menu_is_answered_in_the_open_session,
		each_end_of_a_session_is_told_and_said_to_the_modem,
		a_menu_that_comes_again_is_told_again, a_row_cancels_a_session,
		our_last_word_ends_a_session_that_asks_on,
		a_network_that_does_not_answer_is_not_awaited_for_ever,
		a_session_that_nobody_answers_is_cancelled, an_error_is_judged_by_its_number,
		the_network_may_speak_before_the_ok,
		a_code_without_a_result_is_in_doubt_until_the_network_answers,
		a_port_that_is_gone_leaves_in_doubt_what_had_left,
		what_a_lost_session_held_comes_back, a_code_waits_while_another_dialogue_is_open,
		a_code_dialled_anew_ends_its_own_dialogue, draining_ends_what_awaits_a_row,
		what_the_network_says_by_itself_is_a_message,
		what_the_network_says_while_a_session_ends_is_a_message,
		what_cannot_be_done_is_refused_in_words, the_balance_is_asked_on_a_schedule,
		a_balance_that_asks_back_is_ended, the_balance_waits_while_a_session_is_open,
		a_balance_that_fails_is_no_message_and_no_end,
		a_restart_does_not_ask_the_balance_again,
	};
	return run_tests("modem_dialer", all, sizeof all / sizeof *all);
}
