/* SPDX-License-Identifier: Apache-2.0 */
/* check_modem_dialer_ways.c - USSD over a modem: how texts are written, tried and read. */
#include "../sms/ussd.h"
#include "dialer_world.h"

enum { PLAIN_ERROR = -2 };

static void refuse_with(int code)
{
	if (code == PLAIN_ERROR)
		answer(AT_ERROR, NULL);
	else
		answer_error(AT_CME, code);
}

START_TEST(three_ways_are_tried_in_order_and_the_one_that_works_is_kept)
{
	static const int codes[] = { 100, 30, 258, 4, -1, PLAIN_ERROR };
	for (size_t i = 0; i < sizeof codes / sizeof *codes; i++) {
		started();
		dial(0, "*100#");
		expect("AT+CUSD=1,\"*100#\",15");
		refuse_with(codes[i]);
		expect("AT+CUSD=1,\"AA180C3602\",15");
		refuse_with(codes[i]);
		expect("AT+CSCS=\"UCS2\"");
		answer(AT_OK, NULL);
		expect("AT+CUSD=1,\"002A0031003000300023\",15");
		ck_assert(running()->first);    /* nothing comes between */
		answer(AT_OK, NULL);
		expect("AT+CSCS=\"GSM\"");
		ck_assert(running()->first);
		answer(AT_OK, NULL);
		is(0, VERDICT_SENT);
		say_urc("+CUSD: 0,\"00480069\",15", NULL);
		came("*100# 1! response. Hi");
		ended();
		dial(1, "#1#");
		expect("AT+CSCS=\"UCS2\"");
		answer(AT_OK, NULL);
		expect("AT+CUSD=1,\"002300310023\",15");
		teardown();
	}
}
END_TEST

START_TEST(a_packed_way_is_kept_and_read_so)
{
	started();
	dial(0, "*100#");
	expect("AT+CUSD=1,\"*100#\",15");
	answer_error(AT_CME, 100);
	expect("AT+CUSD=1,\"AA180C3602\",15");
	answer(AT_OK, NULL);
	say_urc("+CUSD: 1,\"AA180C3602\",15", NULL);
	came("*100# 1! request *100#");
	dialer_submit(dialer, row(1, "*100#", TURN_ANSWER, "1"));
	expect("AT+CUSD=1,\"31\",15");
	answer(AT_OK, NULL);
	say_urc("+CUSD: 0,\"3118\",15", NULL); /* digits alone, and packed */
	came("*100# 2 response. 10");
	ended();
	teardown();
}
END_TEST

START_TEST(a_profile_says_what_is_tried_first)
{
	started();
	modem_kind.packed_ussd = true;
	dial(0, "*100#");
	expect("AT+CUSD=1,\"AA180C3602\",15");
	answer_error(AT_CME, 100);
	expect("AT+CUSD=1,\"*100#\",15");
	answer(AT_OK, NULL);
	say_urc("+CUSD: 0,\"Hi\",15", NULL);
	ended();
	dialled(1, "*100#", "AT+CUSD=1,\"*100#\",15");
	teardown();
}
END_TEST

START_TEST(strings_in_ucs2_are_the_first_way_where_they_are_set)
{
	started();
	modem.ucs2_strings = true;
	dial(0, "*100#");
	expect("AT+CUSD=1,\"002A0031003000300023\",15");
	answer_error(AT_CME, 4);
	expect("AT+CSCS=\"GSM\"");
	answer(AT_OK, NULL);
	expect("AT+CUSD=1,\"*100#\",15");
	answer_error(AT_CME, 4);
	expect("AT+CSCS=\"UCS2\"");
	answer(AT_OK, NULL);
	expect("AT+CUSD=1,\"AA180C3602\",15");
	answer(AT_OK, NULL);
	is(0, VERDICT_SENT);
	teardown();
}
END_TEST

START_TEST(a_way_whose_characters_are_refused_is_passed_over)
{
	started();
	modem.ucs2_strings = true;
	dial(0, "*100#");
	expect("AT+CUSD=1,\"002A0031003000300023\",15");
	answer_error(AT_CME, 4);
	expect("AT+CSCS=\"GSM\"");
	answer(AT_ERROR, NULL);
	expect("AT+CUSD=1,\"AA180C3602\",15");
	answer_error(AT_CME, 4);
	says(0, VERDICT_REJECTED, "operation not supported");
	ended();
	teardown();
}
END_TEST

START_TEST(characters_that_may_have_been_set_are_set_back)
{
	started();
	dial(0, "*100#");
	expect("AT+CUSD=1,\"*100#\",15");
	answer_error(AT_CME, 100);
	expect("AT+CUSD=1,\"AA180C3602\",15");
	answer_error(AT_CME, 100);
	expect("AT+CSCS=\"UCS2\"");
	answer(AT_SILENT, NULL);
	is(0, VERDICT_DEFERRED);
	ck_assert(the_link.outcomes[0].untried);
	expect("AT+CSCS=\"GSM\"");
	answer(AT_OK, NULL);
	ended();
	ck_assert_uint_eq(the_link.ninbound, 0);
	teardown();
}
END_TEST

START_TEST(a_network_that_does_not_know_the_code_may_not_know_the_way)
{
	started();
	dialled(0, "*100#", "AT+CUSD=1,\"*100#\",15");
	say_urc("+CUSD: 4", NULL);
	expect("AT+CUSD=1,\"AA180C3602\",15");
	answer(AT_OK, NULL);
	say_urc("+CUSD: 4", NULL);
	expect("AT+CSCS=\"UCS2\"");
	answer(AT_OK, NULL);
	expect("AT+CUSD=1,\"002A0031003000300023\",15");
	answer(AT_OK, NULL);
	expect("AT+CSCS=\"GSM\"");
	answer(AT_OK, NULL);
	ck_assert_uint_eq(the_link.ninbound, 0);
	say_urc("+CUSD: 4", NULL);
	came("*100# 1! response. ");
	ck_assert_ptr_nonnull(strstr(the_link.options[0], "\"state\":\"not supported\""));
	ck_assert_uint_eq(the_link.done[0], 1);
	ended();
	teardown();
}
END_TEST

START_TEST(a_code_that_was_sent_and_then_refused_is_over)
{
	started();
	dialled(0, "*100#", "AT+CUSD=1,\"*100#\",15");
	say_urc("+CUSD: 4", NULL);
	expect("AT+CUSD=1,\"AA180C3602\",15");
	answer_error(AT_CME, 21);
	came("*100# 1! over: +CME ERROR: 21: invalid index ");
	ended();
	teardown();
}
END_TEST

START_TEST(a_way_that_is_known_is_not_the_fault)
{
	started();
	dialled(0, "*100#", "AT+CUSD=1,\"*100#\",15");
	say_urc("+CUSD: 1,\"1 Balance\",15", NULL);
	dialer_submit(dialer, row(1, "*100#", TURN_ANSWER, "1"));
	expect("AT+CUSD=1,\"1\",15");
	answer_error(AT_CME, 100);
	says(1, VERDICT_REJECTED, "+CME ERROR: 100"); /* an answer is never tried again */
	ended();
	teardown();
}
END_TEST

START_TEST(another_modem_has_a_way_of_its_own)
{
	started();
	dial(0, "*100#");
	expect("AT+CUSD=1,\"*100#\",15");
	answer_error(AT_CME, 100);
	expect("AT+CUSD=1,\"AA180C3602\",15");
	answer(AT_OK, NULL);
	say_urc("+CUSD: 0,\"Hi\",15", NULL);
	ended();
	dialer_lost(dialer);
	dialer_start(dialer);
	expect("AT+CUSD=1");
	answer(AT_OK, NULL);
	dialled(1, "*100#", "AT+CUSD=1,\"AA180C3602\",15");
	say_urc("+CUSD: 0", NULL);
	ended();
	dialer_lost(dialer);
	snprintf(modem.identity.imei, sizeof modem.identity.imei, "356938035643809");
	dialer_start(dialer);
	expect("AT+CUSD=1");
	answer(AT_ERROR, NULL);
	dialled(2, "*100#", "AT+CUSD=1,\"*100#\",15");
	teardown();
}
END_TEST

static const struct { const char *text, *command; } writings[] = {
	{ "me@home", "AT+CUSD=1,\"ED3200FD6E971B\",15" },  /* @ has another code in a plain string */
	{ "say \"hi\"", "AT+CUSD=1," }, { "\u0414\u0430", "AT+CUSD=1,\"04140430\",72" },
};

START_TEST(a_text_goes_in_a_way_that_can_say_it)
{
	for (size_t i = 0; i < sizeof writings / sizeof *writings; i++) {
		started();
		dialled(0, "*100#", "AT+CUSD=1,\"*100#\",15");
		say_urc("+CUSD: 1,\"Name?\",15", NULL);
		dialer_submit(dialer, row(1, "*100#", TURN_ANSWER, writings[i].text));
		ck_assert_ptr_null(strchr(expect_start("AT+CUSD=1,\"")->line + strlen("AT+CUSD=1,\""), '@'));
		if (strlen(writings[i].command) > strlen("AT+CUSD=1,"))
			expect(writings[i].command);
		answer(AT_OK, NULL);
		is(1, VERDICT_SENT);
		teardown();
	}
}
END_TEST

START_TEST(a_text_in_ucs2_says_nothing_of_the_usual_way)
{
	started();
	say_urc("+CUSD: 1,\"Name?\",15", NULL);
	dialer_submit(dialer, row(0, "USSD", TURN_ANSWER, "\u0414\u0430"));
	expect("AT+CUSD=1,\"04140430\",72");
	answer(AT_OK, NULL);
	say_urc("+CUSD: 0,\"Thanks\",15", NULL);
	ended();
	dialled(1, "*100#", "AT+CUSD=1,\"*100#\",15");
	teardown();
}
END_TEST

START_TEST(an_answer_as_long_as_can_be_goes_whole)
{
	char text[USSD_SEPTETS_MAX + 1];
	started();
	modem.ucs2_strings = true;
	memset(text, 'a', sizeof text - 1);
	text[sizeof text - 1] = '\0';
	dialled(0, "*100#", "AT+CUSD=1,\"002A0031003000300023\",15");
	say_urc("+CUSD: 1,\"004E\",15", NULL);
	dialer_submit(dialer, row(1, "*100#", TURN_ANSWER, text));
	ck_assert_uint_eq(strlen(expect_start("AT+CUSD=1,\"0061")->line), strlen("AT+CUSD=1,\"\",15") +
	    4 * USSD_SEPTETS_MAX);
	teardown();
}
END_TEST

static const struct { const char *urc, *text; } readings[] = {
	{ "+CUSD: 0,\"C8309BFD06\",15", "Hallo" }, { "+CUSD: 0,\"00480069\",72", "Hi" },
	{ "+CUSD: 0,\"00480069\",17", "Hi" }, { "+CUSD: 0,\"00480069002C00200031\"", "Hi, 1" },
	{ "+CUSD: 0,Balance 10", "Balance 10" }, { "+CUSD: 0,\"Balance 10\"", "Balance 10" },
	{ "+CUSD: 0,\"Balance\n10\n\",0", "Balance\n10" }, { "+CUSD: 0,\"caf\x05\",0", "caf\u00e9" },
};

START_TEST(answers_are_read_however_they_are_written)
{
	for (size_t i = 0; i < sizeof readings / sizeof *readings; i++) {
		started();
		dialled(0, "*100#", "AT+CUSD=1,\"*100#\",15");
		say_urc(readings[i].urc, NULL);
		ck_assert_str_eq(the_link.bodies[0], readings[i].text);
		teardown();
	}
}
END_TEST

int main(void)
{
	const TTest *const all[] = {
		three_ways_are_tried_in_order_and_the_one_that_works_is_kept,
		a_packed_way_is_kept_and_read_so, a_profile_says_what_is_tried_first,
		strings_in_ucs2_are_the_first_way_where_they_are_set,
		a_way_whose_characters_are_refused_is_passed_over,
		characters_that_may_have_been_set_are_set_back,
		a_network_that_does_not_know_the_code_may_not_know_the_way,
		a_code_that_was_sent_and_then_refused_is_over,
		a_way_that_is_known_is_not_the_fault, another_modem_has_a_way_of_its_own,
		a_text_goes_in_a_way_that_can_say_it,
		a_text_in_ucs2_says_nothing_of_the_usual_way, an_answer_as_long_as_can_be_goes_whole,
		answers_are_read_however_they_are_written,
	};
	return run_tests("modem_dialer_ways", all, sizeof all / sizeof *all);
}
