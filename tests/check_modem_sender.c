/* SPDX-License-Identifier: Apache-2.0 */
/*
 * check_modem_sender.c - what a modem is asked for each part, and what becomes of the part when it
 * answers, answers late, or does not. The channel is played (channel_world.h).
 */
#include "../gateway/asked.h"
#include "sender_world.h"
#include "run_suite.h"

/* 3.3 */

START_TEST(a_part_is_sent_as_a_submit_and_named_by_its_reference)
{
	submit(0);
	const struct asked_command *command = expect_start("AT+CMGS=");
	char why[64];
	struct tpdu tpdu;
	struct address centre;
	const struct tpdu_given given = { .hex = command->payload, .direction = TPDU_FROM_HANDSET,
		.length = strtoul(command->line + 8, NULL, 10) };
	ck_assert(tpdu_line_read(&tpdu, &centre, &given, why, sizeof why));
	ck_assert_str_eq(tpdu.address.text, "447700900123");
	ck_assert(tpdu.report);
	ck_assert_uint_eq(command->prompt_ms, 10000);
	ck_assert_uint_eq(command->timeout_ms, 180000);
	ck_assert(!sender_is_idle(sender));
	answer(AT_OK, "+CMGS: 7", NULL);
	ended_as(0, VERDICT_SENT, false);
	ck_assert_msg(is_named(outcome_of(0)->network_id, 7), "%s", outcome_of(0)->network_id);
	ck_assert(sender_is_idle(sender));
	ck_assert_uint_eq(told.wells, 1);
	ck_assert_uint_eq(told.idles, 1);
	expect_none();
}
END_TEST

START_TEST(one_part_leaves_after_the_other)
{
	for (unsigned i = 0; i < 300; i++) {
		char line[16];
		submit(i);
		if (i % 2)
			ck_assert_uint_eq(the_channel.nqueue, 1);
		if (strcmp(running()->line, "AT+CMMS=2") == 0)
			answer(AT_OK, NULL);
		ck_assert(strncmp(running()->line, "AT+CMGS=", 8) == 0);
		snprintf(line, sizeof line, "+CMGS: %u", i % 256);
		answer(AT_OK, line, NULL);
		ended_as(i, VERDICT_SENT, false);
		for (unsigned k = 0; k < i; k++) /* 256 later the id is another one */
			ck_assert_str_ne(outcome_of(k)->network_id, outcome_of(i)->network_id);
	}
	ck_assert_uint_eq(count_asked("AT+CMMS="), 1);
}
END_TEST

START_TEST(without_a_prompt_a_part_never_left)
{
	submit(0);
	expect_start("AT+CMGS=");
	answer(AT_SILENT, NULL);
	ended_as(0, VERDICT_DEFERRED, true);
	ck_assert_str_eq(outcome_of(0)->text, "not sent: the modem did not ask for the message");
	ck_assert_uint_eq(told.ills, 1);
	submit(1);
	answer(AT_OK, NULL); /* AT+CMMS */
	expect_start("AT+CMGS=");
	answer_error(AT_CMS, 332); /* before the prompt the network has nothing */
	ended_as(1, VERDICT_DEFERRED, false);
}
END_TEST

START_TEST(without_a_result_a_part_is_in_doubt)
{
	leave(0);
	answer(AT_SILENT, NULL);
	ended_as(0, VERDICT_DOUBTFUL, false);
	ck_assert_str_eq(outcome_of(0)->text, "no result from the modem within 180 s");
	ck_assert_uint_eq(told.ills, 1);
}
END_TEST

START_TEST(a_result_whose_ok_is_lost_is_a_result)
{
	leave(0);
	answer(AT_SILENT, "+CMGS: 9", NULL);
	ended_as(0, VERDICT_SENT, false);
	ck_assert(is_named(outcome_of(0)->network_id, 9));
	submit(1);
	answer(AT_OK, NULL); /* AT+CMMS */
	prompt();
	answer(AT_CLOSED, "+CMGS: 10", NULL);
	ended_as(1, VERDICT_SENT, false);
}
END_TEST

START_TEST(ok_without_a_reference_is_doubtful)
{
	leave(0);
	answer(AT_OK, NULL);
	ended_as(0, VERDICT_DOUBTFUL, false);
	ck_assert_str_eq(outcome_of(0)->text, "the modem said OK, and no reference");
}
END_TEST

START_TEST(a_late_result_settles_the_part)
{
	leave(0);
	ck_assert(sender_urc(sender, &(struct at_urc){ .line = "+CMGS: 1" })); /* for nothing that is in doubt */
	answer(AT_SILENT, NULL);
	ck_assert(sender_urc(sender, &(struct at_urc){ .line = "+CMGS: 12" }));
	ck_assert_uint_eq(the_link.nlate, 1);
	ck_assert_int_eq(the_link.late[0].row, 1);
	ck_assert_int_eq(the_link.late[0].outcome.verdict, VERDICT_SENT);
	ck_assert(is_named(the_link.late[0].outcome.network_id, 12));
	ck_assert(sender_urc(sender, &(struct at_urc){ .line = "+CMGS: 13" })); /* once */
	ck_assert_uint_eq(the_link.nlate, 1);
	ck_assert(!sender_urc(sender, &(struct at_urc){ .line = "+CMTI: \"SM\",3" }));
	report(12, 0, 5);
	ck_assert_str_eq(the_link.receipts[0].network_id, the_link.late[0].outcome.network_id);
}
END_TEST

START_TEST(a_late_result_among_the_lines_of_the_next_part_is_not_that_parts)
{
	leave(0);
	answer(AT_SILENT, NULL);
	submit(1);
	answer(AT_OK, NULL); /* AT+CMMS */
	expect_start("AT+CMGS=");
	answer(AT_OK, "+CMGS: 20", "+CMGS: 21", NULL);
	ck_assert(is_named(outcome_of(1)->network_id, 21));
	ck_assert_uint_eq(the_link.nlate, 1);
	ck_assert(is_named(the_link.late[0].outcome.network_id, 20));
}
END_TEST

START_TEST(when_the_port_goes_away_only_what_left_is_in_doubt)
{
	submit(0);
	expect_start("AT+CMGS=");
	close_channel();
	ended_as(0, VERDICT_DEFERRED, true);
	the_channel.closed = false;
	submit(1);
	answer(AT_OK, NULL); /* AT+CMMS */
	prompt();
	close_channel();
	ended_as(1, VERDICT_DOUBTFUL, false);
	ck_assert_str_eq(outcome_of(1)->text, "the modem went away before its result");
}
END_TEST

START_TEST(when_the_session_starts_anew_only_what_left_is_in_doubt)
{
	submit(0);
	expect_start("AT+CMGS=");
	sender_lost(sender);
	ended_as(0, VERDICT_DEFERRED, true);
	ck_assert_str_eq(outcome_of(0)->text, "not sent: the modem was started anew");
	the_channel.nqueue = 0; /* freed silently, another one opened */
	submit(1);
	expect("AT+CMMS=2");
	answer(AT_OK, NULL);
	prompt();
	sender_lost(sender);
	ended_as(1, VERDICT_DOUBTFUL, false);
	the_channel.nqueue = 0;
	modem.channel = NULL;
	submit(2);
	ended_as(2, VERDICT_DEFERRED, true);
	ck_assert(sender_is_idle(sender));
	sender_lost(sender); /* with nothing in hand */
}
END_TEST

START_TEST(the_submit_report_gives_the_stamp_of_the_status_report)
{
	/* The centre's clock is of another year; nothing else would tell. */
	leave(0);
	answer(AT_OK, "+CMGS: 7,010042506070809080", NULL); /* 2024-05-06T07:08:09+02:00 */
	ck_assert_str_eq(outcome_of(0)->network_id, "2024050605-007-00900123");
	struct tpdu tpdu = report_of(7, 0);
	tpdu.stamp = tpdu.discharge = (struct tpdu_time){ .at = 1714972089, .zone = 8, .known = true };
	ck_assert(sender_report(sender, &tpdu, 3));
	ck_assert_str_eq(the_link.receipts[0].network_id, "2024050605-007-00900123");
	ck_assert_uint_eq(the_link.receipt_tickets[0], 3);
}
END_TEST

START_TEST(the_stamp_may_be_in_quotes_or_in_text_or_nonsense)
{
	static const struct { const char *line, *id; } lines[] = {
		{ "+CMGS: 7,\"010042506070809080\"", "2024050605-007-00900123" },
		{ "+CMGS: 8,\"24/05/06,07:08:09+08\"", "2024050605-008-00900123" },
		{ "+CMGS: 9,24/05/06,07:08:09", "2024050607-009-00900123" },
		{ "+CMGS: 10,zz", NULL }, { "+CMGS: 11,", NULL }, { "+CMGS:12,0100", NULL }, { "+CMGS: 269", NULL },
	};
	for (unsigned i = 0; i < sizeof lines / sizeof *lines; i++) {
		submit(i);
		if (i == 1)
			answer(AT_OK, NULL); /* AT+CMMS */
		answer(AT_OK, lines[i].line, NULL);
		ended_as(i, VERDICT_SENT, false);
		if (lines[i].id)
			ck_assert_str_eq(outcome_of(i)->network_id, lines[i].id);
	}
	ck_assert(is_named(outcome_of(6)->network_id, 13));
}
END_TEST

/* Without AT+CMGS. */

static void answer_not_there(void)
{
	submit(0);
	expect_start("AT+CMGS=");
	answer(AT_ERROR, NULL);
	expect("AT+CMGS=?");
	answer(AT_ERROR, NULL);
}

START_TEST(a_modem_without_cmgs_stores_and_sends)
{
	answer_not_there();
	const struct asked_command *command = expect_start("AT+CMGW=");
	ck_assert_str_ne(command->payload, "");
	ck_assert_uint_eq(the_link.answered, 0);
	answer(AT_OK, "+CMGW: 14", NULL);
	expect("AT+CMSS=14");
	ck_assert_uint_eq(running()->timeout_ms, 180000);
	answer(AT_OK, "+CMSS: 33", NULL);
	ended_as(0, VERDICT_SENT, false);
	ck_assert(is_named(outcome_of(0)->network_id, 33));
	ck_assert_int_eq(told.deleted, 14); /* where it was written, which the receiver knows */
	submit(1);
	expect("AT+CMMS=2");
	answer(AT_OK, NULL);
	expect_start("AT+CMGW="); /* it is not asked again */
	answer(AT_OK, "+CMGW: 15", NULL);
	expect("AT+CMSS=15");
	answer(AT_SILENT, NULL);
	ended_as(1, VERDICT_DOUBTFUL, false);
	ck_assert_int_eq(told.deleted, 15);
	ck_assert(sender_is_idle(sender));
}
END_TEST

START_TEST(a_stored_part_is_in_doubt_once_it_is_released)
{
	answer_not_there();
	expect_start("AT+CMGW=");
	prompt();
	sender_lost(sender);
	ended_as(0, VERDICT_DEFERRED, true);
	the_channel.nqueue = 0;
	submit(1);
	answer(AT_OK, NULL); /* AT+CMMS */
	expect_start("AT+CMGW=");
	answer(AT_OK, "+CMGW: 3", NULL);
	expect("AT+CMSS=3");
	sender_lost(sender);
	ended_as(1, VERDICT_DOUBTFUL, false);
}
END_TEST

START_TEST(what_is_only_stored_is_not_in_doubt)
{
	answer_not_there();
	expect_start("AT+CMGW=");
	prompt();
	answer(AT_SILENT, NULL);
	ended_as(0, VERDICT_DEFERRED, true);
	submit(1);
	expect("AT+CMMS=2");
	answer(AT_OK, NULL);
	expect_start("AT+CMGW=");
	prompt();
	answer(AT_OK, NULL); /* it does not say where */
	ended_as(1, VERDICT_DEFERRED, true);
	submit(2);
	expect_start("AT+CMGW=");
	prompt();
	answer_error(AT_CMS, 322);
	ended_as(2, VERDICT_DEFERRED, false);
	ck_assert_uint_eq(told.sweeps, 1);
	submit(3);
	expect_start("AT+CMGW=");
	prompt();
	answer(AT_ERROR, NULL);
	ended_as(3, VERDICT_DEFERRED, false);
	submit(4);
	expect_start("AT+CMGW=");
	answer(AT_OK, "+CMGW: 2", NULL);
	expect("AT+CMSS=2");
	answer_error(AT_CMS, 38);
	ended_as(4, VERDICT_DEFERRED, false);
	ck_assert_int_eq(told.deleted, 2);
}
END_TEST

START_TEST(a_modem_that_knows_cmgs_and_says_error_is_not_taken_for_one_that_does_not)
{
	submit(0);
	answer(AT_ERROR, NULL);
	expect("AT+CMGS=?");
	answer(AT_OK, NULL);
	ended_as(0, VERDICT_DEFERRED, false);
	ck_assert_uint_eq(told.ills, 1);
	submit(1);
	answer(AT_OK, NULL); /* AT+CMMS */
	answer(AT_ERROR, NULL); /* no question this time */
	ended_as(1, VERDICT_DEFERRED, false);
	expect_none();
}
END_TEST

/* 3.5 */

START_TEST(while_more_parts_come_the_modem_is_told_to_keep_its_connection)
{
	submit(0);
	expect_start("AT+CMGS="); /* alone, as far as is known */
	answer(AT_OK, "+CMGS: 0", NULL);
	submit(1);
	expect("AT+CMMS=2");
	answer(AT_OK, NULL);
	expect_start("AT+CMGS=");
	answer(AT_OK, "+CMGS: 1", NULL);
	submit(2);
	expect_start("AT+CMGS=");
	answer(AT_OK, "+CMGS: 2", NULL);
}
END_TEST

START_TEST(the_parts_of_a_long_message_are_many_from_the_first)
{
	messages[0].nparts = 2;
	submit(0);
	expect("AT+CMMS=2");
	answer(AT_OK, NULL);
	expect_start("AT+CMGS=");
}
END_TEST

START_TEST(a_modem_without_cmms_is_asked_once)
{
	messages[0].nparts = messages[1].nparts = 2;
	submit(0);
	expect("AT+CMMS=2");
	answer(AT_ERROR, NULL);
	expect("AT+CMMS=1");
	answer_error(AT_CMS, 303);
	expect_start("AT+CMGS=");
	answer(AT_OK, "+CMGS: 0", NULL);
	submit(1);
	expect_start("AT+CMGS=");
}
END_TEST

START_TEST(a_modem_that_falls_back_is_told_again)
{
	messages[0].nparts = 2;
	submit(0);
	answer(AT_ERROR, NULL);
	expect("AT+CMMS=1");
	answer(AT_OK, NULL);
	answer(AT_OK, "+CMGS: 0", NULL);
	idle(1100); /* it keeps the connection for a second */
	submit(1);
	expect("AT+CMMS=1");
}
END_TEST

/* 3.10 */

START_TEST(what_the_network_refuses_for_a_while_is_deferred)
{
	leave(0);
	answer_error(AT_CMS, 38);
	ended_as(0, VERDICT_DEFERRED, false);
	ck_assert_uint_eq(outcome_of(0)->code, 38);
	ck_assert_str_eq(outcome_of(0)->text, "+CMS ERROR: 38: network out of order");
	ck_assert_uint_ge(outcome_of(0)->retry_ms, 30000);
	ck_assert_uint_eq(told.rests + told.ills, 0);
}
END_TEST

START_TEST(what_is_over_in_seconds_is_tried_in_seconds)
{
	leave(0);
	answer_error(AT_CMS, 314);
	ended_as(0, VERDICT_DEFERRED, false);
	ck_assert_uint_eq(outcome_of(0)->retry_ms, 5000);
}
END_TEST

START_TEST(what_the_network_refuses_for_good_is_rejected)
{
	leave(0);
	answer_error(AT_CMS, 1);
	ended_as(0, VERDICT_REJECTED, false);
	ck_assert_str_eq(outcome_of(0)->text, "+CMS ERROR: 1: unassigned number");
}
END_TEST

START_TEST(what_has_been_tried_a_few_times_is_given_up)
{
	messages[0].attempts = 3;
	leave(0);
	answer_error(AT_CMS, 21);
	ended_as(0, VERDICT_REJECTED, false);
	ck_assert_str_eq(outcome_of(0)->text,
	    "given up after 3 attempts: +CMS ERROR: 21: short message transfer rejected");
}
END_TEST

START_TEST(a_network_timeout_is_doubtful)
{
	leave(0);
	answer_error(AT_CMS, 332);
	ended_as(0, VERDICT_DOUBTFUL, false);
	ck_assert_str_eq(outcome_of(0)->text, "+CMS ERROR: 332: network timeout");
}
END_TEST

START_TEST(an_error_without_a_number_is_doubtful_after_the_prompt_alone)
{
	leave(0);
	answer(AT_ERROR, NULL);
	ended_as(0, VERDICT_DOUBTFUL, false);
	ck_assert_uint_eq(told.ills, 1);
	submit(1);
	answer(AT_OK, NULL); /* AT+CMMS */
	answer(AT_ERROR, NULL);
	ended_as(1, VERDICT_DEFERRED, false);
	ck_assert_uint_eq(told.ills, 2);
}
END_TEST

START_TEST(a_duplicate_is_already_sent)
{
	leave(0);
	answer_error(AT_CMS, 197);
	ended_as(0, VERDICT_SENT, false);
	ck_assert_str_eq(outcome_of(0)->network_id, "");
}
END_TEST

START_TEST(a_modem_or_sim_that_cannot_rests_and_the_part_goes_on_by_another)
{
	leave(0);
	answer_error(AT_CMS, 310);
	ended_as(0, VERDICT_DEFERRED, true);
	ck_assert_uint_eq(told.rests, 1);
	ck_assert_str_eq(told.why, "+CMS ERROR: 310: SIM not inserted");
	submit(1);
	answer(AT_OK, NULL); /* AT+CMMS */
	answer_error(AT_CME, 11);
	ended_as(1, VERDICT_DEFERRED, true);
	ck_assert_uint_eq(told.rests, 2);
	ck_assert_str_eq(told.why, "+CME ERROR: 11: SIM PIN required");
}
END_TEST

static void refuse_to(unsigned i, const char *recipient, int code)
{
	messages[i].recipient = recipient;
	submit(i);
	if (strcmp(running()->line, "AT+CMMS=2") == 0)
		answer(AT_OK, NULL);
	prompt();
	answer_error(AT_CMS, code);
}

START_TEST(several_refused_alike_in_a_row_are_the_sims_fault)
{
	refuse_to(0, "+447700900001", 50);
	refuse_to(1, "+447700900002", 50);
	ck_assert_uint_eq(told.rests, 0);
	refuse_to(2, "+447700900003", 50);
	ck_assert_uint_eq(told.rests, 1);
	ended_as(0, VERDICT_REJECTED, false);
	ended_as(1, VERDICT_REJECTED, false);
	ended_as(2, VERDICT_DEFERRED, true);
	refuse_to(3, "+447700900004", 50); /* it is still so after its rest */
	ck_assert_uint_eq(told.rests, 2);
}
END_TEST

START_TEST(several_refused_for_one_recipient_are_that_ones_fault)
{
	for (unsigned i = 0; i < 5; i++)
		refuse_to(i, "+447700900001", 21);
	ck_assert_uint_eq(told.rests, 0);
}
END_TEST

START_TEST(one_that_is_taken_between_begins_the_count_anew)
{
	refuse_to(0, "+447700900001", 8);
	refuse_to(1, "+447700900002", 8);
	submit(2);
	answer(AT_OK, "+CMGS: 1", NULL);
	refuse_to(3, "+447700900003", 8);
	refuse_to(4, "+447700900004", 10);
	refuse_to(5, "+447700900005", 8);
	ck_assert_uint_eq(told.rests, 0);
}
END_TEST

START_TEST(a_full_storage_is_swept)
{
	leave(0);
	answer_error(AT_CMS, 322);
	ended_as(0, VERDICT_DEFERRED, false);
	ck_assert_uint_eq(told.sweeps, 1);
	ck_assert_uint_eq(outcome_of(0)->retry_ms, 5000);
}
END_TEST

START_TEST(a_modem_that_missed_an_acknowledgement_gets_its_routing_again)
{
	leave(0);
	answer_error(AT_CMS, 524);
	ended_as(0, VERDICT_DEFERRED, false);
	ck_assert_uint_eq(told.asserts, 1);
}
END_TEST

START_TEST(unknown_errors_are_told_to_who_watches_the_modem)
{
	static const int codes[] = { 500, 300, 500 };
	for (unsigned i = 0; i < 3; i++) {
		submit(i);
		if (i == 1)
			answer(AT_OK, NULL); /* AT+CMMS */
		prompt();
		answer_error(AT_CMS, codes[i]);
		ended_as(i, VERDICT_DEFERRED, false);
		ck_assert_uint_eq(told.ills, i + 1);
	}
	ck_assert_uint_eq(told.wells, 0);
}
END_TEST

START_TEST(where_no_validity_is_supported_it_goes_without_one_once)
{
	messages[0].expires_at = time(NULL) + 3600;
	leave(0);
	ck_assert_str_eq(running()->line, "AT+CMGS=154");
	answer_error(AT_CMS, 199);
	expect("AT+CMGS=153");
	prompt();
	answer_error(AT_CMS, 198);
	ended_as(0, VERDICT_REJECTED, false);
	messages[1].expires_at = messages[0].expires_at;
	submit(1);
	answer(AT_OK, NULL); /* AT+CMMS */
	expect("AT+CMGS=154");
}
END_TEST

START_TEST(the_link_may_say_otherwise_of_a_number)
{
	char *items[] = { (char []){ "332 = retry" }, (char []){ "38 = fail" }, (char []){ "310 = hold" },
		(char []){ "500 = rebind" } };
	modem_settings.status = (struct conf_list){ .items = items, .n = 4 };
	leave(0);
	answer_error(AT_CMS, 332);
	ended_as(0, VERDICT_DEFERRED, false);
	refuse_to(1, "+447700900001", 38);
	ended_as(1, VERDICT_REJECTED, false);
	refuse_to(2, "+447700900001", 310);
	ck_assert_int_eq(outcome_of(2)->verdict, VERDICT_DEFERRED);
	ck_assert_uint_eq(outcome_of(2)->hold_ms, 60000);
	ck_assert_uint_eq(told.rests, 0);
	refuse_to(3, "+447700900001", 500);
	ended_as(3, VERDICT_DEFERRED, true);
	ck_assert_uint_eq(told.restarts, 1);
}
END_TEST

START_TEST(what_cannot_be_carried_asks_the_modem_nothing)
{
	static struct asked asked;
	asked = asked_nothing;
	asked.network_priority = 1;
	messages[0].asked = &asked;
	submit(0);
	ended_as(0, VERDICT_REJECTED, false);
	messages[1].expires_at = time(NULL) - 1;
	submit(1);
	ended_as(1, VERDICT_EXPIRED, false);
	expect_none();
	ck_assert_uint_eq(told.idles, 2);
}
END_TEST

/* Text mode. */

START_TEST(in_text_mode_parameters_are_set_when_they_change)
{
	modem.text_mode = true;
	submit(0);
	expect("AT+CSMP=49,167,0,0");
	answer(AT_OK, NULL);
	expect("AT+CMGS=\"+447700900123\",145");
	ck_assert_uint_eq(strlen(running()->payload), 160);
	answer(AT_OK, "+CMGS: 1", NULL);
	submit(1);
	answer(AT_OK, NULL); /* AT+CMMS */
	expect("AT+CMGS=\"+447700900123\",145");
	answer(AT_OK, "+CMGS: 2", NULL);
	messages[2].wants_receipt = false;
	submit(2);
	expect("AT+CSMP=17,167,0,0");
	answer_error(AT_CMS, 305);
	ended_as(2, VERDICT_REJECTED, false);
	submit(3);
	expect("AT+CSMP=49,167,0,0");
	answer(AT_SILENT, NULL);
	ended_as(3, VERDICT_DEFERRED, true);
	sender_lost(sender); /* who knows what it remembers */
	submit(4);
	answer(AT_OK, NULL); /* AT+CMMS */
	expect("AT+CSMP=49,167,0,0");
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("modem sender");
	TCase *tests = tcase_create("modem sender");
	tcase_add_checked_fixture(tests, sender_setup, sender_teardown);
	tcase_add_test(tests, a_part_is_sent_as_a_submit_and_named_by_its_reference);
	tcase_add_test(tests, one_part_leaves_after_the_other);
	tcase_add_test(tests, without_a_prompt_a_part_never_left);
	tcase_add_test(tests, without_a_result_a_part_is_in_doubt);
	tcase_add_test(tests, a_result_whose_ok_is_lost_is_a_result);
	tcase_add_test(tests, ok_without_a_reference_is_doubtful);
	tcase_add_test(tests, a_late_result_settles_the_part);
	tcase_add_test(tests, a_late_result_among_the_lines_of_the_next_part_is_not_that_parts);
	tcase_add_test(tests, when_the_port_goes_away_only_what_left_is_in_doubt);
	tcase_add_test(tests, when_the_session_starts_anew_only_what_left_is_in_doubt);
	tcase_add_test(tests, the_submit_report_gives_the_stamp_of_the_status_report);
	tcase_add_test(tests, the_stamp_may_be_in_quotes_or_in_text_or_nonsense);
	tcase_add_test(tests, a_modem_without_cmgs_stores_and_sends);
	tcase_add_test(tests, a_stored_part_is_in_doubt_once_it_is_released);
	tcase_add_test(tests, what_is_only_stored_is_not_in_doubt);
	tcase_add_test(tests, a_modem_that_knows_cmgs_and_says_error_is_not_taken_for_one_that_does_not);
	tcase_add_test(tests, while_more_parts_come_the_modem_is_told_to_keep_its_connection);
	tcase_add_test(tests, the_parts_of_a_long_message_are_many_from_the_first);
	tcase_add_test(tests, a_modem_without_cmms_is_asked_once);
	tcase_add_test(tests, a_modem_that_falls_back_is_told_again);
	tcase_add_test(tests, what_the_network_refuses_for_a_while_is_deferred);
	tcase_add_test(tests, what_is_over_in_seconds_is_tried_in_seconds);
	tcase_add_test(tests, what_the_network_refuses_for_good_is_rejected);
	tcase_add_test(tests, what_has_been_tried_a_few_times_is_given_up);
	tcase_add_test(tests, a_network_timeout_is_doubtful);
	tcase_add_test(tests, an_error_without_a_number_is_doubtful_after_the_prompt_alone);
	tcase_add_test(tests, a_duplicate_is_already_sent);
	tcase_add_test(tests, a_modem_or_sim_that_cannot_rests_and_the_part_goes_on_by_another);
	tcase_add_test(tests, several_refused_alike_in_a_row_are_the_sims_fault);
	tcase_add_test(tests, several_refused_for_one_recipient_are_that_ones_fault);
	tcase_add_test(tests, one_that_is_taken_between_begins_the_count_anew);
	tcase_add_test(tests, a_full_storage_is_swept);
	tcase_add_test(tests, a_modem_that_missed_an_acknowledgement_gets_its_routing_again);
	tcase_add_test(tests, unknown_errors_are_told_to_who_watches_the_modem);
	tcase_add_test(tests, where_no_validity_is_supported_it_goes_without_one_once);
	tcase_add_test(tests, the_link_may_say_otherwise_of_a_number);
	tcase_add_test(tests, what_cannot_be_carried_asks_the_modem_nothing);
	tcase_add_test(tests, in_text_mode_parameters_are_set_when_they_change);
	suite_add_tcase(suite, tests);
	return run_suite(suite) != 0;
}
