/* SPDX-License-Identifier: Apache-2.0 */
/*
 * check_cimd2_login.c - how a CIMD2 session logs in: refusals, passwords, windows, hosts, and the time.
 */
#include "cimd2_peer.h"
#include "run_suite.h"

START_TEST(a_login_says_what_the_link_says)
{
	cimd2_said.subaddress = 1;
	cimd2_said.window = 10;
	cimd2_open();
	AWAIT(the_link.ups);
	ck_assert_str_eq(cimd2_centre.heard[0].text, "01:001|010:gw01|011:s3cret|012:1|019:10|");
	ck_assert_uint_eq(the_link.window, 10);
}
END_TEST

static const struct { unsigned error; enum down down; const char *why; } refusals[] = {
	{ 100, DOWN_PASSWORD, "check username and password" }, { 101, DOWN_REFUSED, "interface profile" },
	{ 102, DOWN_TAKEN, "another session" }, { 103, DOWN_BUSY, "login refused by message centre" },
	{ 10, DOWN_BUSY, "temporary congestion" }, { 107, DOWN_REFUSED, "check subaddress" },
	{ 777, DOWN_REFUSED, "error 777" }, { 104, DOWN_REFUSED, "invalid window size" },
};

START_TEST(a_refused_password_may_bar_a_link)
{
	cimd2_centre.login_error = 100;
	cimd2_centre.login_errors = 100;
	cimd2_said.stop_on_auth_failure = true;
	cimd2_open();
	AWAIT(the_link.downs);
	ck_assert_int_eq(the_link.down, DOWN_BARRED);
	ck_assert_ptr_nonnull(strstr(the_link.why, "stop_on_auth_failure"));
}
END_TEST

START_TEST(a_refused_login_says_why_and_for_how_long)
{
	cimd2_centre.login_error = refusals[_i].error;
	cimd2_centre.login_errors = 100;
	cimd2_open();
	AWAIT(the_link.downs);
	ck_assert_int_eq(the_link.down, refusals[_i].down);
	ck_assert_msg(strstr(the_link.why, refusals[_i].why) != NULL, "%s", the_link.why);
	ck_assert_uint_eq(cimd2_centre.logins, 1);
}
END_TEST

/* With or without success. */
START_TEST(a_new_password_is_told_once_logged_in)
{
	static char fresh[] = "n3w";
	cimd2_said.new_password_file = fresh;
	cimd2_centre.set_error = _i ? 801 : 0;
	cimd2_open();
	AWAIT(the_link.ups && cimd2_centre_heard(CIMD2_SET));
	ck_assert_str_eq(cimd2_centre.heard[0].text, "01:001|010:gw01|011:s3cret|");
	ck_assert_str_eq(cimd2_centre_last(CIMD2_SET)->text, "08:003|011:n3w|");
	lend(0);
	AWAIT(the_link.answered == 1);
	ck_assert_int_eq(the_link.outcomes[0].verdict, VERDICT_SENT);
	ck_assert_uint_eq(cimd2_centre_heard(CIMD2_SET), 1);
}
END_TEST

START_TEST(a_second_session_logs_in_with_the_password_that_the_first_one_changed)
{
	static char fresh[] = "n3w";
	cimd2_said.new_password_file = fresh;
	cimd2_said.sessions = 2;
	cimd2_open();
	AWAIT(the_link.window == 2);
	ck_assert_str_eq(cimd2_centre.heard[0].text, "01:001|010:gw01|011:s3cret|");
	ck_assert_str_eq(cimd2_centre_last(CIMD2_LOGIN)->text, "01:001|010:gw01|011:n3w|");
	ck_assert_uint_eq(cimd2_centre_heard(CIMD2_SET), 1);
}
END_TEST

START_TEST(a_new_password_that_is_in_force_already_logs_in)
{
	static char fresh[] = "n3w";
	cimd2_said.new_password_file = fresh;
	cimd2_centre.login_error = 100;
	cimd2_centre.login_errors = 1;
	cimd2_open();
	AWAIT(the_link.ups);
	ck_assert_str_eq(cimd2_centre_last(CIMD2_LOGIN)->text, "01:003|010:gw01|011:n3w|");
	lend(0);
	AWAIT(the_link.answered == 1);
	ck_assert_uint_eq(cimd2_centre_heard(CIMD2_SET), 0);
}
END_TEST

START_TEST(an_account_without_windows_is_sent_to_one_at_a_time)
{
	cimd2_centre.login_error = _i ? 104 : 105;
	cimd2_centre.login_errors = 1;
	cimd2_said.window = 10;
	cimd2_open();
	AWAIT(the_link.ups);
	ck_assert_uint_eq(the_link.window, 1);
	ck_assert_uint_eq(cimd2_centre_heard(CIMD2_LOGIN), 2);
	ck_assert_ptr_null(strstr(cimd2_centre_last(CIMD2_LOGIN)->text, "|019:"));
	lend(0);
	AWAIT(the_link.answered == 1);
	ck_assert_int_eq(the_link.outcomes[0].verdict, VERDICT_SENT);
}
END_TEST

/* So that the second login, over the same connection, gets no answer. */
START_TEST(what_was_refused_by_a_centre_that_hangs_up_is_not_said_over_the_next_connection)
{
	static const struct { unsigned error; const char *first, *then; } cases[] = {
		{ 105, "01:001|010:gw01|011:s3cret|019:10|", "01:001|010:gw01|011:s3cret|" },
		{ 100, "01:001|010:gw01|011:s3cret|019:10|", "01:001|010:gw01|011:n3w|019:10|" },
	};
	static char fresh[] = "n3w";
	cimd2_said.window = 10;
	cimd2_said.new_password_file = fresh;
	cimd2_centre.login_error = cases[_i].error;
	cimd2_centre.login_errors = 1;
	cimd2_centre.hangs_up = true;
	cimd2_open();
	AWAIT(the_link.ups || the_link.downs);
	ck_assert_msg(!the_link.downs, "%s", the_link.why);
	ck_assert_str_eq(cimd2_centre.heard[0].text, cases[_i].first);
	ck_assert_str_eq(cimd2_centre_last(CIMD2_LOGIN)->text, cases[_i].then);
	ck_assert_uint_eq(cimd2_centre_last(CIMD2_LOGIN)->call, 1);
}
END_TEST

/* Neither password is right. */
START_TEST(a_centre_that_hangs_up_has_both_passwords_refused_once)
{
	static char fresh[] = "n3w";
	cimd2_said.new_password_file = fresh;
	cimd2_centre.login_error = 100;
	cimd2_centre.login_errors = 100;
	cimd2_centre.hangs_up = true;
	cimd2_open();
	AWAIT(the_link.downs);
	ck_assert_int_eq(the_link.down, DOWN_PASSWORD);
	ck_assert_uint_eq(cimd2_centre.logins, 2);
}
END_TEST

START_TEST(a_nack_a_general_error_or_nothing_at_login_ends_it)
{
	static const struct { const char *packet, *why; enum down down; } cases[] = {
		{ "99:001|", "nack", DOWN_LOST }, { "98:001|900:6|", "general system error", DOWN_BUSY },
		{ NULL, "no answer to the login", DOWN_LOST },
	};
	cimd2_centre.no_login_answer = true;
	if (!cases[_i].packet)
		cimd2_said.stx.login_timeout = 40;
	cimd2_open();
	AWAIT(cimd2_centre_heard(CIMD2_LOGIN));
	if (cases[_i].packet)
		cimd2_centre_say(0, cases[_i].packet);
	AWAIT(the_link.downs);
	ck_assert_int_eq(the_link.down, cases[_i].down);
	ck_assert_msg(strstr(the_link.why, cases[_i].why) != NULL, "%s", the_link.why);
}
END_TEST

START_TEST(a_host_that_is_away_is_passed_over)
{
	struct sockaddr_in at = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof at;
	const int fd = socket(AF_INET, SOCK_STREAM, 0);
	ck_assert_int_eq(bind(fd, (void *)&at, len), 0);
	ck_assert_int_eq(getsockname(fd, (void *)&at, &len), 0);
	snprintf(cimd2_centre_hosts[0], sizeof cimd2_centre_hosts[0], "127.0.0.1:%u", ntohs(at.sin_port));
	cimd2_said.stx.host.n = 2;
	cimd2_open();                       /* where it listens is the second */
	AWAIT(the_link.ups);
	close(fd);
}
END_TEST

/* Time. */

START_TEST(nothing_is_sent_before_the_centre_has_said_the_time)
{
	char said[CIMD2_TIME_ROOM];
	int64_t at;
	cimd2_write_time(said, time(NULL), 2 * 3600 + 7);
	cimd2_centre.no_get_answer = true;
	cimd2_said.time_source = CIMD2_CLOCK_CENTRE;
	cimd2_said.validity_format = CIMD2_VALIDITY_IS_ABSOLUTE;
	messages[0].expires_at = time(NULL) + 86400;
	cimd2_open();
	AWAIT(the_link.ups && cimd2_centre_heard(CIMD2_GET));
	ck_assert_str_eq(cimd2_centre_last(CIMD2_GET)->text, "09:003|500:501|");
	lend(0);
	idle(5 * TICK_MS);
	ck_assert_uint_eq(cimd2_centre_heard(CIMD2_SUBMIT), 0);
	cimd2_centre_sayf(0, "59:003|501:%s|", said);
	AWAIT(the_link.answered);
	const char *validity = strstr(cimd2_centre_last(CIMD2_SUBMIT)->text, "|051:");
	ck_assert_ptr_nonnull(validity);
	ck_assert(cimd2_read_time(&(struct blob){ (const uint8_t *)validity + 5, 12 }, 0, &at));
	ck_assert_int_le(labs((long)(at - messages[0].expires_at - 2 * 3600 - 7)), 1);
}
END_TEST

START_TEST(a_centre_that_does_not_say_the_time_is_as_the_link_says)
{
	cimd2_said.time_source = CIMD2_CLOCK_CENTRE;
	cimd2_centre.no_get_answer = _i;          /* nothing, or error 900 */
	if (_i)
		cimd2_said.stx.login_timeout = 40;
	cimd2_open();
	AWAIT(the_link.ups);
	lend(0);
	AWAIT(the_link.answered);
	ck_assert_int_eq(the_link.outcomes[0].verdict, VERDICT_SENT);
	ck_assert_uint_eq(cimd2_centre_heard(CIMD2_GET), 1);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("cimd2_login");
	TCase *tests = tcase_create("cimd2_login");
	tcase_set_timeout(tests, 60);
	tcase_add_checked_fixture(tests, cimd2_world_setup, cimd2_world_teardown);
	tcase_add_test(tests, a_login_says_what_the_link_says);
	tcase_add_test(tests, a_refused_password_may_bar_a_link);
	tcase_add_loop_test(tests, a_refused_login_says_why_and_for_how_long, 0, sizeof refusals / sizeof *refusals);
	tcase_add_loop_test(tests, a_new_password_is_told_once_logged_in, 0, 2);
	tcase_add_test(tests, a_second_session_logs_in_with_the_password_that_the_first_one_changed);
	tcase_add_test(tests, a_new_password_that_is_in_force_already_logs_in);
	tcase_add_loop_test(tests, an_account_without_windows_is_sent_to_one_at_a_time, 0, 2);
	tcase_add_loop_test(tests, what_was_refused_by_a_centre_that_hangs_up_is_not_said_over_the_next_connection, 0, 2);
	tcase_add_test(tests, a_centre_that_hangs_up_has_both_passwords_refused_once);
	tcase_add_loop_test(tests, a_nack_a_general_error_or_nothing_at_login_ends_it, 0, 3);
	tcase_add_test(tests, a_host_that_is_away_is_passed_over);
	tcase_add_test(tests, nothing_is_sent_before_the_centre_has_said_the_time);
	tcase_add_loop_test(tests, a_centre_that_does_not_say_the_time_is_as_the_link_says, 0, 2);
	suite_add_tcase(suite, tests);
	return run_suite(suite) != 0;
}
