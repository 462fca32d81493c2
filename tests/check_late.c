/* SPDX-License-Identifier: Apache-2.0 */
/* check_late.c - parts that were given up are known by their number, for a while. */
#include "../gateway/late.h"

#include <check.h>

enum { ROOM = 1000, UNTIL = 5000 };

static void put(struct late *late, uint32_t sequence)
{
	struct message message = { .id = 100 + (int64_t)sequence, .attempts = 2, .nparts = 3 };
	const struct part part = { .message = &message, .number = 1 };
	late_put(late, sequence, &part, UNTIL);
}

START_TEST(each_is_found_once_while_there_is_time)
{
	struct late *late = late_new(ROOM);
	struct answer answer;
	for (uint32_t i = 1; i <= ROOM; i++)
		put(late, i);
	for (uint32_t i = ROOM; i >= 1; i--) {
		ck_assert(late_take(late, i, UNTIL - 1, &answer));
		ck_assert_int_eq(answer.row, 100 + (int64_t)i);
		ck_assert_uint_eq(answer.attempt, 2);
		ck_assert_uint_eq(answer.part, 1);
		ck_assert_uint_eq(answer.parts, 3);
		ck_assert_str_eq(answer.link, "");
		ck_assert_int_eq(answer.outcome.verdict, VERDICT_SENT);
		ck_assert(!late_take(late, i, UNTIL - 1, &answer));
	}
	put(late, 7);
	ck_assert(!late_take(late, 7, UNTIL, &answer));
	ck_assert(!late_take(late, 8, 0, &answer));
	late_free(late);
}
END_TEST

START_TEST(of_more_than_there_is_room_for_the_oldest_are_forgotten)
{
	struct late *late = late_new(ROOM);
	struct answer answer;
	for (uint32_t i = 1; i <= ROOM + 2; i++)
		put(late, i);
	ck_assert(!late_take(late, 1, 0, &answer));
	ck_assert(!late_take(late, 2, 0, &answer));
	for (uint32_t i = 3; i <= ROOM + 2; i++)
		ck_assert(late_take(late, i, 0, &answer));
	late_free(late);
	late_free(NULL);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("late");
	TCase *tests = tcase_create("late");
	suite_add_tcase(suite, tests);
	tcase_add_test(tests, each_is_found_once_while_there_is_time);
	tcase_add_test(tests, of_more_than_there_is_room_for_the_oldest_are_forgotten);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
