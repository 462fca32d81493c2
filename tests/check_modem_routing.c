/* SPDX-License-Identifier: Apache-2.0 */
/*
 * check_modem_routing.c - how a receiver starts: storages, routing; and status reports, whose way
 * depends on it. The channel is played (channel_world.h); the test answers.
 */
#include "receiver_world.h"

/* Starting. */

START_TEST(it_chooses_storages_and_routing_and_then_lists)
{
	start_to_routing("+CPMS: (\"ME\",\"MT\",\"SM\",\"SR\"),(\"ME\",\"SM\"),(\"ME\",\"SM\")");
	expect("AT+CPMS=\"SM\",\"SM\",\"SM\"");
	answer(AT_OK, "+CPMS: 1,25,1,25,1,25", NULL);
	expect("AT+CNMI=?");
	answer(AT_OK, "+CNMI: (0-2),(0-3),(0,2),(0-2),(0,1)", NULL);
	ck_assert_uint_eq(started, 0);
	expect("AT+CNMI=2,1,0,2,0");        /* reports have a storage, where they wait for us */
	answer(AT_OK, NULL);
	ck_assert_uint_eq(started, 1);
	expect_list("SM");
	answer(AT_OK, NULL);
	expect_list("ME");
	answer(AT_OK, NULL);
	expect_list("SR");
	answer(AT_OK, NULL);
	expect_none();
	ck_assert_uint_eq(the_link.ninbound, 0);
}
END_TEST

START_TEST(storages_of_the_link_are_the_ones_that_are_swept)
{
	char *names[] = { (char []){ "me" } };
	modem_settings.storages = (struct conf_list){ names, 1 };
	start_to_routing("+CPMS: (\"ME\",\"SM\"),(\"SM\"),(\"SM\",\"ME\")");
	expect("AT+CPMS=\"ME\",\"SM\",\"ME\"");
	answer(AT_OK, "+CPMS: 1,25,1,25,1,25", NULL);
	expect("AT+CNMI=?");
	answer(AT_OK, NULL);
	expect("AT+CNMI=2,1,0,1,0");
	answer(AT_OK, NULL);
	expect_list("ME");
	answer(AT_OK, NULL);
	expect_none();
}
END_TEST

/* As a file without the key has it. */
START_TEST(an_empty_list_of_storages_is_none)
{
	char *names[] = { (char []){ "" } };
	modem_settings.storages = (struct conf_list){ names, 1 };
	start_to_routing("+CPMS: (\"ME\",\"SM\"),(\"SM\"),(\"SM\",\"ME\")");
	expect("AT+CPMS=\"SM\",\"SM\",\"SM\"");
}
END_TEST

START_TEST(a_modem_that_does_not_say_its_storages_is_tried_with_both)
{
	start_to_routing(NULL);
	expect("AT+CPMS=\"SM\",\"SM\",\"SM\"");
	answer_error(AT_CMS, 302);
	expect("AT+CPMS=\"SM\",\"SM\",\"SM\""); /* the same for all is all that there is */
	answer_error(AT_CMS, 302);
	expect("AT+CPMS=\"SM\"");
	answer_error(AT_CMS, 302);
	expect("AT+CPMS=\"ME\",\"ME\",\"ME\"");
	answer(AT_OK, "+CPMS: 0,255,0,255,0,255", NULL);
	expect("AT+CNMI=?");
}
END_TEST

START_TEST(a_modem_that_selects_nothing_is_read_as_it_is)
{
	receiver_start(receiver, on_started);
	answer(AT_ERROR, NULL);
	expect("AT+CPMS=?");
	answer(AT_ERROR, NULL);
	for (int i = 0; i < 6; i++) {
		expect_start("AT+CPMS=");
		answer(AT_ERROR, NULL);
	}
	expect("AT+CNMI=?");
	answer(AT_ERROR, NULL);
	expect("AT+CNMI=2,1,0,1,0");
	answer(AT_OK, NULL);
	expect("AT+CMGL=4");
	const struct pdu pdu = message("hello");
	entry(3, 0, &pdu);
	answer_lines();
	ck_assert_str_eq(the_link.bodies[0], "hello");
	keep(0);
	answer_deleted("AT+CMGD=3");
	expect_none();
}
END_TEST

START_TEST(a_sim_that_is_busy_is_asked_again)
{
	start_to_routing("+CPMS: (\"SM\"),(\"SM\"),(\"SM\")");
	expect("AT+CPMS=\"SM\",\"SM\",\"SM\"");
	answer_error(AT_CMS, 314);
	expect("AT+CNMI=?");
	answer(AT_OK, NULL);
	expect("AT+CNMI=2,1,0,1,0");
	answer(AT_OK, NULL);
	ck_assert_uint_eq(started, 1);
	expect("AT+CPMS=\"SM\",\"SM\",\"SM\"");
	answer(AT_OK, "+CPMS: 0,25", NULL);
	expect_list("SM");
	answer(AT_OK, NULL);
	expect_none();
}
END_TEST

START_TEST(mem1_that_cannot_be_set_alone_is_set_with_the_others)
{
	start_to_routing("+CPMS: (\"SM\",\"ME\"),(\"SM\"),(\"SM\")");
	answer(AT_OK, "+CPMS: 0,25", NULL);
	answer(AT_OK, NULL);
	answer(AT_OK, NULL);
	expect("AT+CPMS=\"SM\"");
	answer(AT_ERROR, NULL);
	expect("AT+CPMS=\"SM\",\"SM\",\"SM\"");
	answer(AT_OK, "+CPMS: 0,25", NULL);
	expect("AT+CMGL=4");
	answer(AT_OK, NULL);
	expect("AT+CPMS=\"ME\",\"SM\",\"SM\"");
	answer(AT_OK, "+CPMS: 0,25", NULL);
	expect("AT+CMGL=4");
	answer(AT_OK, NULL);
	expect_none();
}
END_TEST

START_TEST(a_storage_that_is_refused_again_and_again_is_left_out)
{
	start_to_routing("+CPMS: (\"SM\",\"ME\"),(\"SM\"),(\"SM\")");
	answer(AT_OK, "+CPMS: 0,25", NULL);
	answer(AT_OK, NULL);
	answer(AT_OK, NULL);
	for (int i = 0; i < 3; i++) {
		if (i)
			receiver_sweep(receiver);
		expect_list("SM");
		answer(AT_OK, NULL);
		expect("AT+CPMS=\"ME\"");
		answer(AT_ERROR, NULL);
		expect("AT+CPMS=\"ME\",\"SM\",\"SM\"");
		answer(AT_ERROR, NULL);
	}
	expect_none();
	receiver_sweep(receiver);
	expect_list("SM");
	answer(AT_OK, NULL);
	expect_none();
}
END_TEST

/* Reports. */

START_TEST(a_stored_report_goes_to_the_sender_and_is_deleted_after_the_commit)
{
	const struct pdu pdu = report(17);
	start_empty();
	entry(1, 0, &pdu);
	sweep();
	ck_assert_uint_eq(told.reports, 1);
	ck_assert_uint_eq(the_link.ninbound, 0);
	expect_none();
	receiver_ack(receiver, told.reported, ACK_KEPT);
	answer_deleted("AT+CMGD=1");
}
END_TEST

START_TEST(a_report_of_which_nothing_can_be_made_becomes_a_row_of_octets)
{
	const struct pdu pdu = report(17);
	start_empty();
	told.report_fails = true;
	entry(1, 0, &pdu);
	sweep();
	ck_assert_uint_eq(the_link.ninbound, 1);
	ck_assert_int_eq(the_link.inbound[0].charset, CHARSET_OCTETS);
	ck_assert_uint_eq(the_link.inbound[0].octets.len, strlen(pdu.hex) / 2);
	keep(0);
	answer_deleted("AT+CMGD=1");
}
END_TEST

START_TEST(a_notice_of_a_report_reads_it_where_reports_are)
{
	const struct pdu pdu = report(17);
	start_empty();
	say_urc("+CDSI: \"SR\",2", NULL);
	expect("AT+CPMS=\"SR\"");
	answer(AT_OK, "+CPMS: 1,10", NULL);
	expect("AT+CMGR=2");
	line("+CMGR: 0,,%zu", pdu.length);
	line("%s", pdu.hex);
	answer_lines();
	ck_assert_uint_eq(told.reports, 1);
	expect_list("SM");
	answer(AT_OK, NULL);
	expect_list("SR");
	answer(AT_OK, NULL);
	receiver_ack(receiver, told.reported, ACK_KEPT);
	answer_deleted("AT+CMGD=2");
}
END_TEST

START_TEST(reports_that_cannot_be_read_where_they_are_stored_are_wanted_directly)
{
	start_to_routing("+CPMS: (\"SM\"),(\"SM\"),(\"SM\")");
	answer(AT_OK, "+CPMS: 0,25", NULL);
	answer(AT_OK, NULL);
	expect("AT+CNMI=2,1,0,1,0");
	answer(AT_ERROR, NULL);
	expect("AT+CNMI=2,1,0,2,0");
	answer(AT_OK, NULL);
	expect_list("SM");
	answer(AT_OK, NULL);
	for (int i = 0; i < 2; i++) {
		say_urc("+CDSI: \"SR\",2", NULL);
		if (i == 0) {
			expect("AT+CPMS=\"SR\"");
			answer(AT_OK, "+CPMS: 1,10", NULL);
		}
		expect("AT+CMGR=2");
		answer_error(AT_CMS, 500);
		if (i == 0) {
			expect_list("SM");
			answer(AT_OK, NULL);
			expect_list("SR");
			answer(AT_OK, NULL);
		}
	}
	expect("AT+CNMI=2,1,0,1,0");
	answer(AT_ERROR, NULL);
	expect("AT+CNMI=1,1,0,1,0");        /* not one with reports that are stored */
	answer(AT_OK, NULL);
}
END_TEST

/* Routing. */

static void start_to_list_of_routings(const char *says)
{
	start_to_routing("+CPMS: (\"SM\"),(\"SM\"),(\"SM\")");
	answer(AT_OK, "+CPMS: 0,25", NULL);
	expect("AT+CNMI=?");
	answer(AT_OK, says, NULL);
}

START_TEST(routings_are_tried_down_the_list)
{
	static const char *const order[] = { "2,1,0,1,0", "2,1,0,2,0", "1,1,0,1,0", "1,1,0,2,0", "2,1,0,0,0",
		"1,1,0,0,0", "2,1" };
	char command[64];
	start_to_list_of_routings(NULL);
	for (size_t i = 0; i < sizeof order / sizeof *order; i++) {
		snprintf(command, sizeof command, "AT+CNMI=%s", order[i]);
		expect(command);
		answer_error(AT_CMS, 303);
	}
	ck_assert_uint_eq(started, 1);      /* it is polled */
	expect_list("SM");
}
END_TEST

START_TEST(what_the_modem_names_is_tried_first)
{
	start_to_list_of_routings("+CNMI: (0,1),(0,1),(0),(0,1),(0)");
	expect("AT+CNMI=1,1,0,1,0");        /* MU509 */
	answer(AT_ERROR, NULL);
	expect("AT+CNMI=1,1,0,0,0");
	answer(AT_ERROR, NULL);
	expect("AT+CNMI=2,1,0,1,0");        /* it may have said too little */
	answer(AT_OK, NULL);
	expect_list("SM");
}
END_TEST

START_TEST(what_a_modem_names_and_refuses_is_passed_over)
{
	start_to_list_of_routings("+CNMI: (0-2),(0-3),(0,2),(0-2),(0,1)");
	expect("AT+CNMI=2,1,0,1,0");        /* Qualcomm */
	answer_error(AT_CMS, 302);
	expect("AT+CNMI=2,1,0,2,0");
	answer(AT_OK, NULL);
	expect_list("SM");
}
END_TEST

START_TEST(the_buffer_of_a_modem_that_has_one_way_is_as_it_says)
{
	start_to_list_of_routings("+CNMI: (0-3),(0,1),(0,2,3),(0,2),(1)"); /* Siemens */
	expect("AT+CNMI=2,1,0,2,1");
	answer(AT_OK, NULL);
	expect_list("SM");
}
END_TEST

START_TEST(a_modem_that_only_gives_messages_directly_is_asked_for_acknowledgements)
{
	start_to_list_of_routings("+CNMI: (3),(0,2),(0),(0,1),(1)"); /* Nordic */
	expect("AT+CSMS=1");
	answer(AT_OK, "+CSMS: 1,1,1", NULL);
	expect("AT+CNMI=3,2,0,1,1");
	answer(AT_OK, NULL);
	expect_list("SM");
	answer(AT_OK, NULL);
	const struct pdu pdu = message("hello");
	say_urc("+CMT: ,24", pdu.hex);
	keep(0);
	expect("AT+CNMA=1");
}
END_TEST

START_TEST(those_of_the_profile_come_first)
{
	static const char *const routing[] = { "AT+CNMI=1,2,0,0,0", "3,1,0,1,0", NULL };
	modem_kind.routing = routing;
	modem_kind.reports_direct = true;
	start_to_list_of_routings(NULL);
	expect("AT+CNMI=3,1,0,1,0");
	answer(AT_ERROR, NULL);
	expect("AT+CNMI=2,1,0,1,0");
	answer(AT_ERROR, NULL);
	expect("AT+CNMI=1,1,0,1,0");        /* none that stores reports */
	answer(AT_OK, NULL);
	expect_list("SM");
}
END_TEST

START_TEST(reports_that_nobody_wants_are_not_routed)
{
	modem_settings.reports = false;
	start_to_list_of_routings(NULL);
	expect("AT+CNMI=2,1,0,0,0");
	answer(AT_OK, NULL);
	expect_list("SM");
}
END_TEST

START_TEST(a_routing_is_asserted_again_and_chosen_anew_when_it_is_refused)
{
	start_empty();
	receiver_assert(receiver);
	expect("AT+CNMI=2,1,0,1,0");
	answer(AT_OK, NULL);
	expect_none();
	say_urc("+CMS ERROR: 524", NULL);   /* Nordic: somebody waits for AT+CNMA in vain */
	expect("AT+CNMI=2,1,0,1,0");
	answer(AT_ERROR, NULL);
	expect("AT+CNMI=2,1,0,1,0");
	answer(AT_ERROR, NULL);
	expect("AT+CNMI=2,1,0,2,0");
	answer(AT_OK, NULL);
	receiver_assert(receiver);
	expect("AT+CNMI=2,1,0,2,0");
}
END_TEST

START_TEST(phase_2_plus_is_left_when_it_is_not_needed)
{
	receiver_start(receiver, on_started);
	expect("AT+CSMS?");
	answer(AT_OK, "+CSMS: 1,1,1,1", NULL);
	expect("AT+CSMS=0");
	answer(AT_OK, NULL);
	ck_assert(!modem.acknowledges);
	expect("AT+CPMS=?");
	receiver_start(receiver, on_started); /* while something is under way */
	answer(AT_OK, NULL);
	expect("AT+CSMS?");
	answer(AT_OK, "+CSMS: 1,1,1,1", NULL);
	answer(AT_ERROR, NULL);
	ck_assert(modem.acknowledges);      /* then it is as it is */
	expect("AT+CPMS=?");
}
END_TEST

int main(void)
{
	const TTest *all[] = {
		it_chooses_storages_and_routing_and_then_lists,
		storages_of_the_link_are_the_ones_that_are_swept,
		an_empty_list_of_storages_is_none,
		a_modem_that_does_not_say_its_storages_is_tried_with_both,
		a_modem_that_selects_nothing_is_read_as_it_is,
		a_sim_that_is_busy_is_asked_again,
		mem1_that_cannot_be_set_alone_is_set_with_the_others,
		a_storage_that_is_refused_again_and_again_is_left_out,
		a_stored_report_goes_to_the_sender_and_is_deleted_after_the_commit,
		a_report_of_which_nothing_can_be_made_becomes_a_row_of_octets,
		a_notice_of_a_report_reads_it_where_reports_are,
		reports_that_cannot_be_read_where_they_are_stored_are_wanted_directly,
		routings_are_tried_down_the_list,
		what_the_modem_names_is_tried_first,
		what_a_modem_names_and_refuses_is_passed_over,
		the_buffer_of_a_modem_that_has_one_way_is_as_it_says,
		a_modem_that_only_gives_messages_directly_is_asked_for_acknowledgements,
		those_of_the_profile_come_first,
		reports_that_nobody_wants_are_not_routed,
		a_routing_is_asserted_again_and_chosen_anew_when_it_is_refused,
		phase_2_plus_is_left_when_it_is_not_needed,
	};
	return run_tests("modem_routing", all, sizeof all / sizeof *all);
}
