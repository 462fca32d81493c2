/* SPDX-License-Identifier: Apache-2.0 */
/*
 * check_modem_receipts.c - status reports as the link hears of them: before, with, and long after the
 * answer to their part. Which part one is about is check_modem_reports.c's.
 */
#include "sender_world.h"
#include "run_suite.h"

START_TEST(a_report_is_told_under_the_id_of_its_part)
{
	leave(0);
	answer(AT_OK, "+CMGS: 7", NULL);
	report(7, 0x21, 4);
	report(7, 0, 5);
	ck_assert_uint_eq(the_link.nreceipts, 2);
	for (int i = 0; i < 2; i++)
		ck_assert_str_eq(the_link.receipts[i].network_id, outcome_of(0)->network_id);
	const struct receipt *last = &the_link.receipts[1];
	ck_assert_int_eq(the_link.receipts[0].status, STATUS_SENT);
	ck_assert_int_eq(last->status, STATUS_DELIVERED);
	ck_assert_str_eq(last->word, "DELIVRD");
	ck_assert_str_eq(last->recipient, "+447700900123");
	ck_assert_int_ge(last->done_at, time(NULL) - 60);
	ck_assert_uint_eq(the_link.receipt_tickets[1], 5);
}
END_TEST

START_TEST(each_state_is_what_it_means)
{
	static const struct { unsigned st; enum status status; } states[] = {
		{ 0x00, STATUS_DELIVERED }, { 0x01, STATUS_DELIVERED }, { 0x02, STATUS_DELIVERED },
		{ 0x20, STATUS_SENT }, { 0x2F, STATUS_UNDELIVERED }, { 0x30, STATUS_SENT }, { 0x3F, STATUS_SENT },
		{ 0x40, STATUS_UNDELIVERED }, { 0x46, STATUS_UNDELIVERED }, { 0x5F, STATUS_UNDELIVERED },
		{ 0x60, STATUS_UNDELIVERED }, { 0x7F, STATUS_UNDELIVERED }, { 0x80, STATUS_UNDELIVERED },
	};
	for (unsigned i = 0; i < sizeof states / sizeof *states; i++) {
		report(100, states[i].st, i);
		ck_assert_msg(the_link.receipts[i].status == states[i].status, "0x%02X", states[i].st);
		ck_assert_uint_eq(the_link.receipts[i].code, states[i].st);
		if (states[i].status == STATUS_UNDELIVERED)
			ck_assert_str_ne(the_link.receipts[i].text, "");
	}
	report(101, 0x46, 99);
	ck_assert_str_eq(the_link.receipts[the_link.nreceipts - 1].text, "status 0x46: its validity period ended");
}
END_TEST

START_TEST(a_report_before_the_result_waits_for_it)
{
	leave(0);
	report(7, 0, 5);
	ck_assert_uint_eq(the_link.nreceipts, 0);
	answer(AT_OK, "+CMGS: 7", NULL);
	ck_assert_uint_eq(the_link.nreceipts, 1);
	ck_assert_str_eq(the_link.receipts[0].network_id, outcome_of(0)->network_id);
	ck_assert_str_eq(the_link.receipts[0].alternate[0], "");
}
END_TEST

START_TEST(a_report_before_a_result_that_never_comes_settles_the_doubt)
{
	leave(0);
	report(7, 0, 5);
	answer(AT_SILENT, NULL);
	ended_as(0, VERDICT_DOUBTFUL, false);
	ck_assert_uint_eq(the_link.nlate, 1);
	ck_assert_int_eq(the_link.late[0].row, 1);
	ck_assert_int_eq(the_link.late[0].outcome.verdict, VERDICT_SENT);
	ck_assert_uint_eq(the_link.nreceipts, 1);
	ck_assert_str_eq(the_link.receipts[0].network_id, the_link.late[0].outcome.network_id);
	ck_assert_int_eq(the_link.receipts[0].status, STATUS_DELIVERED);
}
END_TEST

START_TEST(a_report_before_a_refusal_is_told_all_the_same)
{
	leave(0);
	report(7, 0, 5);
	answer_error(AT_CMS, 38);
	ck_assert_uint_eq(the_link.nreceipts, 1);
	ck_assert(is_named(the_link.receipts[0].network_id, 7));
	ck_assert_str_ne(the_link.receipts[0].alternate[0], "");
	ck_assert_str_ne(the_link.receipts[0].alternate[1], "");
}
END_TEST

START_TEST(a_report_that_waits_when_the_session_ends_is_told)
{
	leave(0);
	report(7, 0, 5);
	sender_lost(sender);
	ck_assert_uint_eq(the_link.nreceipts, 1);
	ck_assert_uint_eq(the_link.receipt_tickets[0], 5);
}
END_TEST

START_TEST(too_many_reports_that_wait_are_told_as_they_are)
{
	leave(0);
	for (unsigned i = 0; i < 100; i++)
		report((int)i, 0, i);
	ck_assert_uint_eq(the_link.nreceipts, 36);
	answer(AT_OK, "+CMGS: 5", NULL);
	ck_assert_uint_eq(the_link.nreceipts, 100);
}
END_TEST

START_TEST(a_report_for_what_is_not_known_is_told_by_its_own_fields)
{
	report(9, 0, 5);
	ck_assert_uint_eq(the_link.nreceipts, 1);
	ck_assert(is_named(the_link.receipts[0].network_id, 9));
	ck_assert_str_ne(the_link.receipts[0].alternate[0], "");
}
END_TEST

START_TEST(a_recipient_in_national_form_gets_the_links_country_code)
{
	static char country[] = "354";
	modem_settings.addresses.country_code = country;
	struct tpdu tpdu = report_of(9, 0);
	tpdu.address = (struct address){ .ton = TON_NATIONAL, .npi = NPI_E164, .text = "6123456" };
	ck_assert(sender_report(sender, &tpdu, 1));
	ck_assert_str_eq(the_link.receipts[0].recipient, "+3546123456");
	ck_assert_str_eq(the_link.receipts[0].network_id + 10, "-009-46123456");
}
END_TEST

START_TEST(what_is_no_status_report_of_a_message_is_not_taken)
{
	struct tpdu tpdu = report_of(1, 0);
	tpdu.of_command = true;
	ck_assert(!sender_report(sender, &tpdu, 1));
	tpdu = (struct tpdu){ .type = TPDU_DELIVER };
	ck_assert(!sender_report(sender, &tpdu, 1));
	ck_assert_uint_eq(the_link.nreceipts, 0);
}
END_TEST

START_TEST(a_part_in_doubt_is_settled_once)
{
	leave(0);
	answer(AT_SILENT, NULL);
	report(7, 0x20, 5);
	ck_assert_uint_eq(the_link.nlate, 1);
	report(7, 0, 6);
	ck_assert(sender_urc(sender, &(struct at_urc){ .line = "+CMGS: 7" }));
	ck_assert_uint_eq(the_link.nlate, 1);
	ck_assert_uint_eq(the_link.nreceipts, 2);
	ck_assert_str_eq(the_link.receipts[1].network_id, the_link.late[0].outcome.network_id);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("modem receipts");
	TCase *tests = tcase_create("modem receipts");
	tcase_add_checked_fixture(tests, sender_setup, sender_teardown);
	tcase_add_test(tests, a_report_is_told_under_the_id_of_its_part);
	tcase_add_test(tests, each_state_is_what_it_means);
	tcase_add_test(tests, a_report_before_the_result_waits_for_it);
	tcase_add_test(tests, a_report_before_a_result_that_never_comes_settles_the_doubt);
	tcase_add_test(tests, a_report_before_a_refusal_is_told_all_the_same);
	tcase_add_test(tests, a_report_that_waits_when_the_session_ends_is_told);
	tcase_add_test(tests, too_many_reports_that_wait_are_told_as_they_are);
	tcase_add_test(tests, a_report_for_what_is_not_known_is_told_by_its_own_fields);
	tcase_add_test(tests, a_recipient_in_national_form_gets_the_links_country_code);
	tcase_add_test(tests, what_is_no_status_report_of_a_message_is_not_taken);
	tcase_add_test(tests, a_part_in_doubt_is_settled_once);
	suite_add_tcase(suite, tests);
	return run_suite(suite) != 0;
}
