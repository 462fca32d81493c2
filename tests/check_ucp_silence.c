/* SPDX-License-Identifier: Apache-2.0 */
/*
 * check_ucp_silence.c - sessions of EMI/UCP when nothing comes: operation 31, and what is done without
 * its answer.
 */
#include "run_suite.h"
#include "ucp_peer.h"

START_TEST(silence_is_asked_about_and_any_result_is_life)
{
	ucp_link.stx.keepalive = ucp_link.stx.keepalive_timeout = 120;
	ucp_world_up();
	AWAIT(centre_heard(UCP_ALERT, false) == 2);
	centre.no_alert_answer = true;
	centre_forget();
	AWAIT(centre_heard(UCP_ALERT, false) == 1);
	centre_result(0, &centre_last()->pdu, UCP_EC_NOT_ALLOWED, NULL);
	AWAIT(centre_heard(UCP_ALERT, false) == 2);
	ck_assert_uint_eq(the_link.downs, 0);
}
END_TEST

START_TEST(silence_is_asked_about_in_time_however_long_an_answer_may_take)
{
	ucp_link.stx.keepalive = 30;
	ucp_link.stx.keepalive_timeout = 60000;
	ucp_world_up();
	AWAIT(centre_heard(UCP_ALERT, false) == 3);
}
END_TEST

START_TEST(silence_after_that_ends_the_session)
{
	ucp_link.stx.keepalive = 20;
	ucp_link.stx.keepalive_timeout = 30;
	centre.no_alert_answer = true;
	ucp_world_up();
	AWAIT(the_link.downs);
	ck_assert_int_eq(the_link.down, DOWN_LOST);
	ck_assert_ptr_nonnull(strstr(the_link.why, "operation 31"));
}
END_TEST

START_TEST(a_keepalive_may_have_to_be_alone)
{
	ucp_link.stx.keepalive = 40;
	ucp_link.keepalive_exclusive = true;
	centre.no_submit_answer = centre.no_alert_answer = true;
	ucp_world_up();
	lend(0);
	idle(80);
	ck_assert_uint_eq(centre_heard(UCP_ALERT, false), 0);
	lend(1);                        /* waits: the keepalive is before it */
	idle(10);
	ck_assert_uint_eq(centre.submits, 1);
	centre_result(0, &centre.heard[0].pdu, 0, "1:241126101500");
	AWAIT(centre_heard(UCP_ALERT, false) == 1);
	idle(10);
	ck_assert_uint_eq(centre.submits, 1);
	centre_result(0, &centre_last()->pdu, 0, "0000");
	AWAIT(centre.submits == 2);
}
END_TEST

/* Alone, it waits for what is out; where all numbers are out, there is none for it. */
START_TEST(a_keepalive_that_is_not_sent_has_no_deadline)
{
	const unsigned n = _i ? UCP_TRNS : 1;
	ucp_link.stx.keepalive = ucp_link.stx.keepalive_timeout = 20;
	ucp_link.keepalive_exclusive = _i == 0;
	ucp_link.window = UCP_TRNS;
	centre.no_submit_answer = true;
	ucp_world_up();
	for (unsigned i = 0; i < n; i++)
		lend(i);
	AWAIT(centre.submits == n);
	idle(120);
	ck_assert_uint_eq(the_link.downs, 0);
	ck_assert_uint_eq(centre_heard(UCP_ALERT, false), 0);
	for (unsigned i = 0; i < n; i++)
		centre_result(0, &centre.heard[i].pdu, 0, "1:241126101500");
	AWAIT(the_link.answered == n && centre_heard(UCP_ALERT, false) > 0);
}
END_TEST

/* Those that got no result are not used for ten minutes; who has no other begins anew. */
START_TEST(a_session_without_a_number_left_ends)
{
	ucp_link.response_timeout = 15;
	ucp_link.stx.keepalive = 0;
	ucp_world_up();
	for (unsigned i = 0; !the_link.downs; i++) {
		ck_assert_uint_lt(i, 2 * UCP_TRNS);
		centre.no_submit_answer = i % 2;
		lend(i);
		AWAIT(the_link.answered == i + 1);
		ck_assert_int_eq(the_link.outcomes[i].verdict, i % 2 ? VERDICT_DOUBTFUL : VERDICT_SENT);
		idle(2);
	}
	ck_assert_uint_eq(the_link.answered, 2 * UCP_TRNS);
	ck_assert_int_eq(the_link.down, DOWN_LOST);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("ucp_silence");
	TCase *tests = tcase_create("ucp_silence");
	suite_add_tcase(suite, tests);
	tcase_set_timeout(tests, 30);
	tcase_add_checked_fixture(tests, ucp_world_setup, ucp_world_teardown);
	tcase_add_test(tests, silence_is_asked_about_and_any_result_is_life);
	tcase_add_test(tests, silence_is_asked_about_in_time_however_long_an_answer_may_take);
	tcase_add_test(tests, silence_after_that_ends_the_session);
	tcase_add_test(tests, a_keepalive_may_have_to_be_alone);
	tcase_add_loop_test(tests, a_keepalive_that_is_not_sent_has_no_deadline, 0, 2);
	tcase_add_test(tests, a_session_without_a_number_left_ends);
	return run_suite(suite) != 0;
}
