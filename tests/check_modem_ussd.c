/* SPDX-License-Identifier: Apache-2.0 */
/*
 * check_modem_ussd.c - USSD over the driver of modems, whole, against a simulated one. What each
 * command and line comes to is in check_modem_dialer.c.
 */
#include "modem_session.h"
#include "ussd_rows.h"
#include "run_suite.h"

static void lend_ussd(unsigned i, const char *recipient, int op, const char *text)
{
	ussd_row(i, recipient, op, text);
	lend(i);
}

static void dial(unsigned i, const char *code)
{
	lend_ussd(i, code, TURN_BEGIN, "");
	AWAIT(the_link.done[i]);
	is(i, VERDICT_SENT);
}

/* A text message, as the last part of the test: parts are made anew. */
static void send_text(unsigned i)
{
	lend(i);
	AWAIT(the_link.done[i]);
	is(i, VERDICT_SENT);
}

static void await_inbound(unsigned n)
{
	AWAIT(the_link.ninbound >= n);
	ck_assert_uint_eq(the_link.ninbound, n);
}

START_TEST(a_code_is_dialled_and_answered)
{
	modem_script("ussd *100# 0 \"Balance: 10.50\"");
	modem_link_up("own_number = \"+447700900001\"\n");
	dial(0, "*100#");
	await_inbound(1);
	came("*100# 1! response. Balance: 10.50");
	ck_assert_str_eq(the_link.inbound[0].recipient, "+447700900001");
	ck_assert_str_eq(heard_nth(MODEM_USSD, 0)->text, "*100#");
	ack(the_link.inbound_tickets[0], ACK_KEPT);
	AWAIT(commands_of("AT+CUSD=2"));
	dial(1, "*100#");                   /* and again */
	await_inbound(2);
	came("*100# 2! response. Balance: 10.50");
}
END_TEST

START_TEST(a_menu_of_several_lines_is_walked_through)
{
	modem_script("ussd *100# 1 \"1 Balance\\r\\n2 Top up\"");
	modem_script("ussd *100#>2 1 \"How much?\"");
	modem_script("ussd *100#>2>50 0 Thanks");
	modem_link_up("");
	dial(0, "*100#");
	await_inbound(1);
	came("*100# 1! request 1 Balance\n2 Top up");
	lend_ussd(1, "*100#", TURN_ANSWER, "2");
	await_inbound(2);
	is(1, VERDICT_SENT);
	came("*100# 2 request How much?");
	lend_ussd(2, "*100#", TURN_ANSWER, "50");
	await_inbound(3);
	came("*100# 3 response. Thanks");
}
END_TEST

START_TEST(messages_go_on_between_the_turns)
{
	modem_script("ussd *100# 1 Menu");
	modem_link_up("");
	dial(0, "*100#");
	await_inbound(1);
	send_text(1);
	ck_assert_uint_eq(heard_of(MODEM_TAKEN), 1);
	lend_ussd(2, "*100#", TURN_RESPONSE, "");
	AWAIT(the_link.done[2]);
	is(2, VERDICT_SENT);
	ck_assert_uint_eq(heard_text(MODEM_USSD, "cancelled"), 1);
	send_text(3);
}
END_TEST

static const char *const forms[] = { "plain", "packed", "ucs2" };

START_TEST(each_way_of_writing_is_found_and_kept)
{
	modem_script("set ussd %s", forms[_i]);
	modem_script("ussd *100# 1 \"Hello there\"");
	modem_script("ussd *100#>1 0 Balance");
	modem_link_up("");
	dial(0, "*100#");
	await_inbound(1);
	came("*100# 1! request Hello there");
	const unsigned tried = commands_of("AT+CUSD=1,");
	lend_ussd(1, "*100#", TURN_ANSWER, "1");
	await_inbound(2);
	came("*100# 2 response. Balance");
	ck_assert_uint_eq(commands_of("AT+CUSD=1,"), tried + 1);
	ck_assert_uint_eq(heard_of(MODEM_USSD), 2);
}
END_TEST

START_TEST(a_modem_that_knows_strings_in_hex_alone_is_understood)
{
	modem_script("profile ucs2");
	modem_script("ussd *100# 0 \"\u0411\u0430\u043b\u0430\u043d\u0441: 10\"");
	modem_link_up("");
	dial(0, "*100#");
	await_inbound(1);
	came("*100# 1! response. \u0411\u0430\u043b\u0430\u043d\u0441: 10");
	ck_assert_uint_eq(commands_of("AT+CUSD=1,"), 1);
}
END_TEST

START_TEST(a_huawei_is_spoken_to_in_septets_at_once)
{
	modem_script("profile huawei");
	modem_script("ussd *100# 0 \"Balance: 10\"");
	modem_link_up("");
	dial(0, "*100#");
	await_inbound(1);
	came("*100# 1! response. Balance: 10");
	ck_assert_uint_eq(commands_of("AT+CUSD=1,\"AA180C3602\",15"), 1);
	ck_assert_uint_eq(commands_of("AT+CUSD=1,"), 1);
}
END_TEST

START_TEST(an_answer_with_octets_of_no_meaning_is_read)
{
	modem_script("on AT+CUSD=1,: ok; wait 0.02; raw \"\\r\\n+CUSD: 0,\\\"Bal\"; nul; raw \"ance\\\"\\r\\n\"");
	modem_link_up("");
	dial(0, "*100#");
	await_inbound(1);
	came("*100# 1! response. Balance");
}
END_TEST

START_TEST(the_answer_may_come_before_the_ok)
{
	modem_script("on AT+CUSD=1,: raw \"\\r\\n+CUSD: 0,\\\"Quick\\\",15\\r\\n\"; wait 0.05; ok");
	modem_link_up("");
	dial(0, "*100#");
	await_inbound(1);
	came("*100# 1! response. Quick");
}
END_TEST

START_TEST(a_code_that_the_network_does_not_know_is_told_so)
{
	modem_link_up("");
	dial(0, "*999#");
	await_inbound(1);
	came("*999# 1! response. ");
	ck_assert_ptr_nonnull(strstr(the_link.options[0], "\"state\":\"not supported\""));
	send_text(1);
}
END_TEST

START_TEST(a_network_that_is_silent_is_given_up)
{
	modem_script("set ussd_delay 3600");
	modem_link_up("ussd_timeout = 1\n");
	dial(0, "*100#");
	await_inbound(1);
	came("*100# 1! over: no answer of the network in 1 seconds ");
	AWAIT(commands_of("AT+CUSD=2"));
	send_text(1);
}
END_TEST

START_TEST(a_modem_that_is_unplugged_ends_its_dialogue)
{
	modem_script("ussd *100# 1 Menu");
	modem_link_up("");
	dial(0, "*100#");
	await_inbound(1);
	modem_script("unplug");
	AWAIT(the_link.downs);
	await_inbound(2);
	came("*100# 1! over: the session with the modem ended ");
	modem_script("plug");
	modem_link_reopen();
	AWAIT(the_link.ups);
	lend_ussd(1, "*100#", TURN_ANSWER, "1");
	AWAIT(the_link.done[1]);
	says(1, VERDICT_REJECTED, "no USSD dialogue with *100# is open on this modem");
}
END_TEST

START_TEST(a_modem_that_restarts_ends_its_dialogue)
{
	modem_script("ussd *100# 1 Menu");
	modem_link_up("");
	dial(0, "*100#");
	await_inbound(1);
	modem_script("on boot: say RDY");
	modem_script("reboot 0.1");
	await_inbound(2);
	came("*100# 1! over: the session with the modem ended ");
	AWAIT(the_link.ups == 2);
	dial(1, "*100#");
	await_inbound(3);
	came("*100# 2! request Menu");
}
END_TEST

START_TEST(a_code_that_meets_a_port_that_dies_is_in_doubt)
{
	modem_script("on AT+CUSD=1,: nothing; unplug");
	modem_link_up("");
	lend_ussd(0, "*100#", TURN_BEGIN, "");
	AWAIT(the_link.downs);
	is(0, VERDICT_DOUBTFUL);
	ck_assert_uint_eq(the_link.lent, 0);
}
END_TEST

START_TEST(what_the_network_begins_is_a_message_and_can_be_answered)
{
	modem_link_up("");
	modem_script("urc \"+CUSD: 0,\\\"You have credit\\\",15\"");
	await_inbound(1);
	came("USSD 0 notify. You have credit");
	modem_script("urc \"+CUSD: 1,\\\"Accept?\\\",15\"");
	await_inbound(2);
	modem_script("on AT+CUSD=1,: ok; wait 0.02; urc \"+CUSD: 0,\\\"Thanks\\\",15\"");
	lend_ussd(0, "USSD", TURN_ANSWER, "1");
	await_inbound(3);
	came("USSD 1 response. Thanks");
}
END_TEST

START_TEST(the_balance_is_asked_at_the_start)
{
	modem_script("ussd *111# 0 \"Balance: 10\"");
	modem_script("ussd *100# 1 Menu");
	modem_link_up("balance = \"*111#\"\n");
	await_inbound(1);
	came("*111# 0 response. Balance: 10");
	ck_assert_str_eq(the_link.options[0], "{\"balance\":true}");
	AWAIT(commands_of("AT+CUSD=2"));
	dial(0, "*100#");
	await_inbound(2);
}
END_TEST

START_TEST(draining_ends_a_dialogue_that_awaits_a_row)
{
	modem_script("ussd *100# 1 Menu");
	modem_link_up("");
	dial(0, "*100#");
	await_inbound(1);
	drain();
	AWAIT(the_link.downs);
	ck_assert_int_eq(the_link.down, DOWN_DRAINED);
	ck_assert_uint_eq(heard_text(MODEM_USSD, "cancelled"), 1);
	came("*100# 1! over: the link is being stopped ");
}
END_TEST

int main(void)
{
	const TTest *const all[] = {
		a_code_is_dialled_and_answered, a_menu_of_several_lines_is_walked_through,
		messages_go_on_between_the_turns, a_modem_that_knows_strings_in_hex_alone_is_understood,
		a_huawei_is_spoken_to_in_septets_at_once, an_answer_with_octets_of_no_meaning_is_read,
		the_answer_may_come_before_the_ok, a_code_that_the_network_does_not_know_is_told_so,
		a_network_that_is_silent_is_given_up, a_modem_that_is_unplugged_ends_its_dialogue,
		a_modem_that_restarts_ends_its_dialogue, a_code_that_meets_a_port_that_dies_is_in_doubt,
		what_the_network_begins_is_a_message_and_can_be_answered, the_balance_is_asked_at_the_start,
		draining_ends_a_dialogue_that_awaits_a_row,
	};
	Suite *suite = suite_create("modem_ussd");
	TCase *tests = tcase_create("modem_ussd");
	tcase_set_timeout(tests, 60);
	tcase_add_checked_fixture(tests, modem_session_setup, modem_session_teardown);
	for (size_t i = 0; i < sizeof all / sizeof *all; i++)
		tcase_add_test(tests, all[i]);
	tcase_add_loop_test(tests, each_way_of_writing_is_found_and_kept, 0, sizeof forms / sizeof *forms);
	suite_add_tcase(suite, tests);
	return run_suite(suite) != 0;
}
