/* SPDX-License-Identifier: Apache-2.0 */
/*
 * check_modem_sending.c - parts out and status reports back over the whole driver, by a simulated modem
 * that prompts late, answers late, wrongly or not at all, and counts to 256.
 */
#include "modem_session.h"
#include "run_suite.h"

static const struct outcome *done(unsigned i)
{
	AWAIT(the_link.done[i]);
	return &the_link.outcomes[i];
}

/* Gives part i to the driver, which says what became of it. */
static const struct outcome *pass(unsigned i)
{
	AWAIT(the_link.window == 1 && the_link.lent == 0);
	lend(i);
	return done(i);
}

static void taken(unsigned i)
{
	const struct outcome *outcome = pass(i);
	ck_assert_msg(outcome->verdict == VERDICT_SENT, "part %u: %s", i, outcome->text);
	ck_assert_str_ne(outcome->network_id, "");
}

static void ended_as(unsigned i, enum verdict verdict, bool untried)
{
	const struct outcome *outcome = pass(i);
	ck_assert_msg(outcome->verdict == verdict, "part %u ended as %d: %s", i, (int)outcome->verdict, outcome->text);
	ck_assert_int_eq(outcome->untried, untried);
}

static int reference_of(const char *id)
{
	ck_assert_uint_gt(strlen(id), 14);
	return (int)strtol(id + 11, NULL, 10);
}

/* Is there a report of that state under the id? */
static bool reported(const char *id, enum status status)
{
	for (unsigned i = 0; i < the_link.nreceipts; i++)
		if (strcmp(the_link.receipts[i].network_id, id) == 0 && the_link.receipts[i].status == status)
			return true;
	return false;
}

/* The centre's report on what it got at that time. */
static void send_report(const char *recipient, unsigned ton, int reference, time_t at, unsigned status)
{
	static unsigned number;
	char id[32];
	struct tpdu tpdu = { .type = TPDU_STATUS_REPORT, .reference = (uint8_t)reference, .cause = -1, .no_more = true,
		.address = { .ton = (uint8_t)ton, .npi = NPI_E164 }, .stamp = { .at = at, .known = true },
		.discharge = { .at = time(NULL), .known = true }, .status = (uint8_t)status };
	snprintf(tpdu.address.text, sizeof tpdu.address.text, "%s", recipient);
	snprintf(id, sizeof id, "report/%u", ++number);
	ck_assert(sim_modem_deliver(the_modem, id, &tpdu));
}

static void next_second(void)
{
	const time_t now = time(NULL);
	AWAIT(time(NULL) != now);
}

/* 3.3 */

START_TEST(a_part_goes_out_and_its_report_comes_back)
{
	modem_link_up("");
	taken(0);
	AWAIT(the_link.nreceipts == 1);
	ck_assert(reported(the_link.outcomes[0].network_id, STATUS_DELIVERED));
	ck_assert_str_eq(the_link.receipts[0].recipient, "+447700900123");
	const struct tpdu *tpdu = &heard_nth(MODEM_TAKEN, 0)->tpdu;
	ck_assert_str_eq(tpdu->address.text, "447700900123");
	ck_assert(tpdu->report);
	ack(the_link.receipt_tickets[0], ACK_KEPT);
}
END_TEST

START_TEST(the_parts_of_a_long_message_go_one_after_the_other)
{
	modem_link_up("");
	for (unsigned i = 0; i < 3; i++) {
		messages[0].nparts = 3;
		parts[i].message = &messages[0];
		parts[i].number = (uint8_t)(i + 1);
		taken(i);
	}
	AWAIT(the_link.nreceipts == 3);
	for (unsigned i = 0; i < 3; i++)
		ck_assert(reported(the_link.outcomes[i].network_id, STATUS_DELIVERED));
	ck_assert_uint_eq(commands_of("AT+CMMS=2"), 1);
	for (unsigned i = 0; i < 3; i++)
		messages[0].nparts = 0, parts[i].message = &messages[i];
}
END_TEST

START_TEST(a_prompt_may_lack_its_blank_and_come_late)
{
	modem_link_up("");
	modem_script("set prompt \">\"");
	taken(0);
	modem_script("set prompt \"\\r\\n> \"");
	modem_script("on AT+CMGS nth 1: wait 0.3; answer");
	taken(1);
}
END_TEST

START_TEST(a_prompt_that_never_comes_is_taken_back)
{
	modem_link_up("prompt_timeout = 1\n");
	const unsigned before = heard_of(MODEM_ESCAPE);
	modem_script("on AT+CMGS nth 1: nothing");
	ended_as(0, VERDICT_DEFERRED, true);
	taken(1);
	ck_assert_uint_gt(heard_of(MODEM_ESCAPE), before);
	ck_assert_uint_eq(heard_of(MODEM_TAKEN), 1);
}
END_TEST

START_TEST(lines_that_come_meanwhile_change_nothing)
{
	modem_link_up("");
	modem_script("on AT+CMGS nth 1: say \"^RSSI:10\"; answer");
	modem_script("on pdu nth 1: say \"+CREG: 1\"; say \"^HCSQ:1,2\"; take; say \"+CSQ: 9,99\"; answer");
	taken(0);
	modem_script("on pdu nth 1: take; say \"+CMTI: \\\"SM\\\",1\"; lines; say \"^MODE:3,3\"; result");
	taken(1);
}
END_TEST

START_TEST(a_pdu_may_be_echoed)
{
	modem_script("set pdu_echo on");
	modem_link_up("");
	taken(0);
	taken(1);
}
END_TEST

START_TEST(no_result_is_doubtful_and_a_late_one_settles_it)
{
	modem_link_up("result_timeout = 1\n");
	modem_script("on pdu nth 1: take; wait 1.3; answer");
	ended_as(0, VERDICT_DOUBTFUL, false);
	AWAIT(the_link.nlate == 1);
	ck_assert_int_eq(the_link.late[0].row, 1);
	ck_assert_int_eq(the_link.late[0].outcome.verdict, VERDICT_SENT);
	taken(1);
	AWAIT(reported(the_link.outcomes[1].network_id, STATUS_DELIVERED));
}
END_TEST

START_TEST(no_result_is_doubtful_and_a_report_settles_it)
{
	modem_link_up("result_timeout = 1\n");
	modem_script("set reports off");
	modem_script("on pdu nth 1: take; nothing");
	ended_as(0, VERDICT_DOUBTFUL, false);
	taken(1);
	ck_assert_uint_eq(the_link.nlate, 0);
	send_report("447700900123", TON_INTERNATIONAL, 0, time(NULL), 0);
	AWAIT(the_link.nlate == 1);
	ck_assert_int_eq(the_link.late[0].row, 1);
	AWAIT(reported(the_link.late[0].outcome.network_id, STATUS_DELIVERED));
	ck_assert_int_eq(reference_of(the_link.late[0].outcome.network_id), 0);
}
END_TEST

START_TEST(a_lost_ok_is_no_doubt)
{
	modem_link_up("result_timeout = 1\n");
	modem_script("on pdu nth 1: take; lines");
	taken(0);
	taken(1);
}
END_TEST

START_TEST(ok_alone_is_doubtful)
{
	modem_link_up("");
	modem_script("on pdu nth 1: ok");
	ended_as(0, VERDICT_DOUBTFUL, false);
}
END_TEST

START_TEST(a_modem_that_goes_away_leaves_only_what_left_in_doubt)
{
	modem_link_up("");
	modem_script("on AT+CMGS nth 1: unplug");
	AWAIT(the_link.window == 1);
	lend(0);
	AWAIT(the_link.downs);
	ck_assert_uint_eq(the_link.done[0], 1);
	ck_assert(the_link.outcomes[0].untried);
	modem_script("plug");
	modem_link_reopen();
	AWAIT(the_link.ups);
	modem_script("on pdu nth 1: take; unplug");
	lend(1);
	AWAIT(the_link.downs);
	ck_assert(!the_link.done[1] || the_link.outcomes[1].verdict == VERDICT_DOUBTFUL);
	ck_assert_uint_eq(heard_of(MODEM_TAKEN), 1);
}
END_TEST

START_TEST(a_modem_without_cmgs_stores_and_sends)
{
	modem_script("on AT+CMGS: error");
	modem_link_up("");
	taken(0);
	taken(1);
	AWAIT(the_link.nreceipts == 2);
	ck_assert(reported(the_link.outcomes[0].network_id, STATUS_DELIVERED));
	ck_assert_uint_eq(commands_of("AT+CMSS="), 2);
	AWAIT(commands_of("AT+CMGD=") >= 2);
	ck_assert_uint_eq(commands_of("AT+CMGS="), 2); /* once, and the question */
}
END_TEST

START_TEST(a_modem_without_pdu_mode_is_given_texts)
{
	modem_script("set pdu_mode off");
	modem_link_up("");
	taken(0);
	ck_assert_uint_eq(heard_of(MODEM_TAKEN), 1);
	char text[512];
	tpdu_text(text, sizeof text, &heard_nth(MODEM_TAKEN, 0)->tpdu);
	ck_assert_uint_eq(strlen(text), 160);
	ck_assert(heard_nth(MODEM_TAKEN, 0)->tpdu.report);
	AWAIT(the_link.nreceipts == 1);
	ck_assert(reported(the_link.outcomes[0].network_id, STATUS_DELIVERED));
}
END_TEST

START_TEST(a_modem_without_cmms_sends_all_the_same)
{
	modem_script("set cmms off");
	modem_link_up("");
	for (unsigned i = 0; i < 5; i++)
		taken(i);
	ck_assert_uint_eq(commands_of("AT+CMMS"), 2);
}
END_TEST

/* 3.10 */

START_TEST(each_error_does_what_it_means)
{
	modem_link_up("storages = { \"SM\" }\n");
	static const struct { int code; enum verdict verdict; bool untried; } rows[] = {
		{ 38, VERDICT_DEFERRED, false }, { 193, VERDICT_REJECTED, false }, { 332, VERDICT_DOUBTFUL, false },
		{ 322, VERDICT_DEFERRED, false }, { 513, VERDICT_DOUBTFUL, false }, { 197, VERDICT_SENT, false },
	};
	const unsigned lists = commands_of("AT+CMGL");
	for (unsigned i = 0; i < sizeof rows / sizeof *rows; i++) {
		modem_script("on pdu nth 1: cms %d", rows[i].code);
		ended_as(i, rows[i].verdict, rows[i].untried);
	}
	AWAIT(commands_of("AT+CMGL") > lists); /* 322 */
	taken(10);
}
END_TEST

START_TEST(a_sim_that_fails_has_the_modem_rest_and_the_part_goes_back)
{
	modem_link_up("recovery_wait = 0.01\n");
	modem_script("on pdu nth 1: cms 310");
	ended_as(0, VERDICT_DEFERRED, true);
	AWAIT(the_link.waits);
	ck_assert_ptr_nonnull(strstr(the_link.note, "SIM not inserted"));
	AWAIT(the_link.ups == 2); /* until its rest is over */
	taken(1);
}
END_TEST

/* 3.11 */

START_TEST(a_report_before_the_result_is_its_parts)
{
	modem_link_up("");
	modem_script("on pdu nth 1: take; report; wait 0.05; answer");
	taken(0);
	AWAIT(the_link.nreceipts == 1);
	ck_assert_str_eq(the_link.receipts[0].network_id, the_link.outcomes[0].network_id);
}
END_TEST

START_TEST(a_wrong_reference_is_found_out)
{
	modem_link_up("");
	modem_script("set clock 2"); /* not the second of the first part */
	modem_script("on pdu nth 1: take; say \"+CMGS: 77\"; ok");
	taken(0);
	ck_assert_int_eq(reference_of(the_link.outcomes[0].network_id), 77);
	AWAIT(the_link.nreceipts == 1); /* with 0 */
	ck_assert_str_eq(the_link.receipts[0].network_id, the_link.outcomes[0].network_id);
}
END_TEST

START_TEST(a_report_may_name_its_recipient_in_national_form)
{
	modem_script("set reports off");
	modem_link_up("");
	taken(0);
	send_report("07700900123", TON_NATIONAL, 0, time(NULL), 0x20);
	send_report("07700900123", TON_NATIONAL, 0, time(NULL), 0);
	AWAIT(the_link.nreceipts == 2);
	ck_assert(reported(the_link.outcomes[0].network_id, STATUS_SENT));
	ck_assert(reported(the_link.outcomes[0].network_id, STATUS_DELIVERED));
}
END_TEST

START_TEST(a_centre_whose_clock_is_wrong_is_understood)
{
	modem_script("set clock -9000"); /* two and a half hours */
	modem_link_up("");
	for (unsigned i = 0; i < 5; i++)
		taken(i);
	AWAIT(the_link.nreceipts == 5);
	for (unsigned i = 0; i < 5; i++)
		ck_assert(reported(the_link.outcomes[i].network_id, STATUS_DELIVERED));
}
END_TEST

/* Part 0 and part 256 go to the same number under the same reference; the reports of all come in a
 * wild order. */
START_TEST(reports_out_of_order_find_their_parts_across_a_wrap)
{
	enum { N = 260 };
	static time_t at[N];
	static char numbers[N][20];
	modem_script("set reports off");
	modem_link_up("");
	for (unsigned i = 0; i < N; i++) {
		snprintf(numbers[i], sizeof numbers[i], "+4477009%05u", i % 256);
		messages[i].recipient = numbers[i];
		if (i == 256)
			next_second(), next_second();
		taken(i);
		at[i] = time(NULL);
		ck_assert_int_eq(reference_of(the_link.outcomes[i].network_id), i % 256);
	}
	ck_assert_str_ne(the_link.outcomes[0].network_id, the_link.outcomes[256].network_id);
	for (unsigned i = 0; i < N; i++) {
		const unsigned k = (i * 97 + 256) % N;
		send_report(numbers[k] + 1, TON_INTERNATIONAL, (int)(k % 256), at[k], k % 3 ? 0 : 0x46);
		AWAIT(the_link.nreceipts == i + 1);
		ack(the_link.receipt_tickets[i], ACK_KEPT);
	}
	for (unsigned i = 0; i < N; i++)
		ck_assert_msg(reported(the_link.outcomes[i].network_id, i % 3 ? STATUS_DELIVERED : STATUS_UNDELIVERED),
		    "part %u", i);
}
END_TEST

START_TEST(a_report_after_a_restart_is_told_under_the_same_id)
{
	modem_script("set reports off");
	modem_link_up("");
	taken(0);
	const time_t at = time(NULL);
	modem_link_reopen();
	AWAIT(the_link.ups);
	send_report("447700900123", TON_INTERNATIONAL, 0, at, 0);
	AWAIT(the_link.nreceipts == 1);
	const char *id = the_link.outcomes[0].network_id;
	const struct receipt *receipt = &the_link.receipts[0];
	ck_assert(strcmp(receipt->network_id, id) == 0 || strcmp(receipt->alternate[0], id) == 0);
}
END_TEST

START_TEST(reports_that_await_an_acknowledgement_do_not_hinder_sending)
{
	modem_link_up("receive = direct\n");
	for (unsigned i = 0; i < 5; i++) {
		modem_script("on pdu nth 1: take; report; wait 0.05; answer");
		taken(i);
		AWAIT(the_link.nreceipts == i + 1);
		ack(the_link.receipt_tickets[i], ACK_KEPT);
	}
	for (unsigned i = 0; i < 5; i++)
		ck_assert(reported(the_link.outcomes[i].network_id, STATUS_DELIVERED));
	AWAIT(commands_of("AT+CNMA") == 5);
	ck_assert_uint_eq(heard_of(MODEM_NACKED), 0);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("modem sending");
	TCase *tests = tcase_create("modem sending");
	tcase_add_checked_fixture(tests, modem_session_setup, modem_session_teardown);
	tcase_set_timeout(tests, 60);
	tcase_add_test(tests, a_part_goes_out_and_its_report_comes_back);
	tcase_add_test(tests, the_parts_of_a_long_message_go_one_after_the_other);
	tcase_add_test(tests, a_prompt_may_lack_its_blank_and_come_late);
	tcase_add_test(tests, a_prompt_that_never_comes_is_taken_back);
	tcase_add_test(tests, lines_that_come_meanwhile_change_nothing);
	tcase_add_test(tests, a_pdu_may_be_echoed);
	tcase_add_test(tests, no_result_is_doubtful_and_a_late_one_settles_it);
	tcase_add_test(tests, no_result_is_doubtful_and_a_report_settles_it);
	tcase_add_test(tests, a_lost_ok_is_no_doubt);
	tcase_add_test(tests, ok_alone_is_doubtful);
	tcase_add_test(tests, a_modem_that_goes_away_leaves_only_what_left_in_doubt);
	tcase_add_test(tests, a_modem_without_cmgs_stores_and_sends);
	tcase_add_test(tests, a_modem_without_pdu_mode_is_given_texts);
	tcase_add_test(tests, a_modem_without_cmms_sends_all_the_same);
	tcase_add_test(tests, each_error_does_what_it_means);
	tcase_add_test(tests, a_sim_that_fails_has_the_modem_rest_and_the_part_goes_back);
	tcase_add_test(tests, a_report_before_the_result_is_its_parts);
	tcase_add_test(tests, a_wrong_reference_is_found_out);
	tcase_add_test(tests, a_report_may_name_its_recipient_in_national_form);
	tcase_add_test(tests, a_centre_whose_clock_is_wrong_is_understood);
	tcase_add_test(tests, reports_out_of_order_find_their_parts_across_a_wrap);
	tcase_add_test(tests, a_report_after_a_restart_is_told_under_the_same_id);
	tcase_add_test(tests, reports_that_await_an_acknowledgement_do_not_hinder_sending);
	suite_add_tcase(suite, tests);
	return run_suite(suite) != 0;
}
