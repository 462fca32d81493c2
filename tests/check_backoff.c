/* SPDX-License-Identifier: Apache-2.0 */
/* check_backoff.c - how long is waited, by the table of the reference (4.6). */
#include "../gateway/backoff.h"

#include <check.h>

#include <stdlib.h>

enum { SECOND = 1000, MINUTE = 60 * SECOND, LEAST = SECOND, MOST = MINUTE };

/* Give or take a fifth. */
static void expect_about(uint64_t wait, uint64_t expected)
{
	ck_assert_msg(wait >= expected * 8 / 10 && wait <= expected * 12 / 10,
	    "%llu ms are not about %llu", (unsigned long long)wait, (unsigned long long)expected);
}

static uint64_t next(struct backoff *backoff, enum down cause, uint64_t up_ms)
{
	return backoff_next(backoff, cause, up_ms, LEAST, MOST);
}

START_TEST(each_cause_doubles_from_its_own_beginning_to_its_own_end)
{
	static const struct { enum down cause; unsigned first, most; } rows[] = { /* seconds */
		{ DOWN_LOST, 1, 60 }, { DOWN_BUSY, 10, 300 }, { DOWN_TAKEN, 30, 300 },
		{ DOWN_REFUSED, 60, 900 }, { DOWN_PASSWORD, 300, 900 }, { DOWN_LOGGED_OUT, 5, 60 },
		{ DOWN_DRAINED, 1, 60 },
	};
	struct backoff backoff = { .failures = 0 };
	uint64_t wait = rows[_i].first * SECOND;
	for (unsigned i = 0; i < 40; i++) {
		expect_about(next(&backoff, rows[_i].cause, 0), wait);
		wait = wait * 2 < rows[_i].most * SECOND ? wait * 2 : rows[_i].most * SECOND;
	}
}
END_TEST

START_TEST(another_cause_begins_at_its_own_beginning)
{
	struct backoff backoff = { .failures = 0 };
	for (unsigned i = 0; i < 6; i++)
		next(&backoff, DOWN_LOST, 0);
	expect_about(next(&backoff, DOWN_BUSY, 0), 10 * SECOND);
	expect_about(next(&backoff, DOWN_BUSY, 0), 20 * SECOND);
	expect_about(next(&backoff, DOWN_LOST, 0), SECOND);
}
END_TEST

START_TEST(a_minute_of_health_begins_anew_and_less_does_not)
{
	struct backoff backoff = { .failures = 0 };
	for (unsigned i = 0; i < 4; i++)
		next(&backoff, DOWN_LOST, 0);
	expect_about(next(&backoff, DOWN_LOST, MINUTE - 1), 8 * SECOND);
	expect_about(next(&backoff, DOWN_LOST, MINUTE), SECOND);
	expect_about(next(&backoff, DOWN_LOST, 0), 2 * SECOND);
}
END_TEST

/* A centre that cuts every 20 s is worth coming back to at once. */
START_TEST(a_connection_that_worked_for_a_while_doubles_nothing)
{
	struct backoff backoff = { .failures = 0 };
	for (unsigned i = 0; i < 10; i++)
		expect_about(next(&backoff, DOWN_LOST, 20 * SECOND), SECOND);
	expect_about(next(&backoff, DOWN_LOST, 0), 2 * SECOND);
	expect_about(next(&backoff, DOWN_LOST, 20 * SECOND), 2 * SECOND);
}
END_TEST

START_TEST(up_and_lost_at_once_three_times_is_a_cause_of_its_own)
{
	static const unsigned seconds[] = { 30, 60, 120, 240, 300, 300 };
	const enum down cause = _i ? DOWN_LOGGED_OUT : DOWN_LOST;
	struct backoff backoff = { .failures = 0 };
	expect_about(next(&backoff, cause, 9999), (_i ? 5 : 1) * SECOND);
	expect_about(next(&backoff, cause, 1), (_i ? 10 : 2) * SECOND);
	for (unsigned i = 0; i < 6; i++)
		expect_about(next(&backoff, cause, 500), seconds[i] * SECOND);
	/* Up for longer than that: it was no flap. */
	expect_about(next(&backoff, cause, 10 * SECOND), 60 * SECOND);
	expect_about(next(&backoff, cause, 1), 60 * SECOND);
	expect_about(next(&backoff, cause, 1), 60 * SECOND);
	expect_about(next(&backoff, cause, 1), 30 * SECOND);
}
END_TEST

START_TEST(not_connecting_between_is_no_flap_and_does_not_forget_them)
{
	struct backoff backoff = { .failures = 0 };
	next(&backoff, DOWN_LOST, 100);
	next(&backoff, DOWN_LOST, 100);
	expect_about(next(&backoff, DOWN_LOST, 0), 4 * SECOND);
	expect_about(next(&backoff, DOWN_LOST, 100), 30 * SECOND);
}
END_TEST

START_TEST(the_keys_of_the_link_scale_all_of_it)
{
	struct backoff backoff = { .failures = 0 };
	expect_about(backoff_next(&backoff, DOWN_REFUSED, 0, 100, 1000), 6 * SECOND);
	for (unsigned i = 0; i < 100; i++)
		expect_about(backoff_next(&backoff, DOWN_REFUSED, 0, 100, 1000), i ? 15 * SECOND
		    : 12 * SECOND);
	ck_assert_uint_eq(backoff_next(&backoff, DOWN_LOST, 0, 0, 1000), 0);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("backoff");
	TCase *tests = tcase_create("table");
	suite_add_tcase(suite, tests);
	tcase_add_loop_test(tests, each_cause_doubles_from_its_own_beginning_to_its_own_end, 0, 7);
	tcase_add_test(tests, another_cause_begins_at_its_own_beginning);
	tcase_add_test(tests, a_minute_of_health_begins_anew_and_less_does_not);
	tcase_add_test(tests, a_connection_that_worked_for_a_while_doubles_nothing);
	tcase_add_loop_test(tests, up_and_lost_at_once_three_times_is_a_cause_of_its_own, 0, 2);
	tcase_add_test(tests, not_connecting_between_is_no_flap_and_does_not_forget_them);
	tcase_add_test(tests, the_keys_of_the_link_scale_all_of_it);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
