/* SPDX-License-Identifier: Apache-2.0 */
/* check_window.c - what is on the wire: by number, by age, by offset in the stream. */
#include "../gateway/window.h"

#include <check.h>

#include <stdlib.h>

enum { ROOM = 7, MANY = 1000 };

static struct part parts[MANY];

START_TEST(a_part_is_found_by_its_number_once)
{
	struct window *window = window_new(ROOM);
	window_put(window, 41, &parts[0], 0, 100);
	window_put(window, 42, &parts[1], 50, 110);
	ck_assert(window_has(window, 41));
	ck_assert(!window_has(window, 43));
	ck_assert_ptr_eq(window_take(window, 42), &parts[1]);
	ck_assert_ptr_null(window_take(window, 42));
	ck_assert_ptr_null(window_take(window, 7));
	ck_assert_uint_eq(window_count(window), 1);
	window_free(window);
}
END_TEST

START_TEST(a_window_of_one_fills_and_empties)
{
	struct window *window = window_new(1);
	for (uint32_t i = 0; i < 100; i++) {
		ck_assert(!window_full(window));
		window_put(window, UINT32_MAX - i, &parts[0], i, i + 1);
		ck_assert(window_full(window));
		ck_assert_uint_eq(window_deadline(window), i + 1);
		ck_assert_ptr_eq(window_take(window, UINT32_MAX - i), &parts[0]);
	}
	ck_assert_uint_eq(window_deadline(window), 0);
	ck_assert_ptr_null(window_any(window));
	window_free(window);
}
END_TEST

START_TEST(the_oldest_is_overdue_first_whatever_was_answered_meanwhile)
{
	struct window *window = window_new(ROOM);
	uint32_t sequence;
	for (uint32_t i = 0; i < 5; i++)
		window_put(window, i + 1, &parts[i], i * 10, 100 + i);
	window_take(window, 1);
	window_take(window, 3);
	ck_assert_uint_eq(window_deadline(window), 101);
	ck_assert_ptr_null(window_overdue(window, 100, &sequence));
	ck_assert_ptr_eq(window_overdue(window, 103, &sequence), &parts[1]);
	ck_assert_ptr_eq(window_overdue(window, 103, &sequence), &parts[3]);
	ck_assert_uint_eq(sequence, 4);
	ck_assert_ptr_null(window_overdue(window, 103, &sequence));
	ck_assert_ptr_eq(window_any(window), &parts[4]);
	ck_assert_uint_eq(window_count(window), 0);
	window_free(window);
}
END_TEST

START_TEST(parts_that_begin_behind_what_left_come_back_newest_first)
{
	struct window *window = window_new(ROOM);
	for (uint32_t i = 0; i < 4; i++)
		window_put(window, i + 1, &parts[i], i * 100, 1000);
	/* 150 octets left: the second part is cut in the middle, so it is in doubt. */
	ck_assert_ptr_eq(window_unsent(window, 150), &parts[3]);
	ck_assert_ptr_eq(window_unsent(window, 150), &parts[2]);
	ck_assert_ptr_null(window_unsent(window, 150));
	ck_assert_uint_eq(window_count(window), 2);
	/* Exactly at a border: the first octet of the second part did not leave. */
	ck_assert_ptr_eq(window_unsent(window, 100), &parts[1]);
	ck_assert_ptr_null(window_unsent(window, 100));
	window_free(window);
}
END_TEST

START_TEST(numbers_that_share_a_place_are_all_found_in_any_order)
{
	/* Room for 8 hashes into 16 places: these numbers collide and wrap. */
	static const uint32_t numbers[] = { 15, 31, 47, 14, 30, 0, 16, 1 };
	enum { N = sizeof numbers / sizeof numbers[0] };
	for (unsigned first = 0; first < N; first++) {
		struct window *window = window_new(N);
		for (unsigned i = 0; i < N; i++)
			window_put(window, numbers[i], &parts[i], i, 1);
		ck_assert(window_full(window));
		for (unsigned i = 0; i < N; i++) {
			unsigned k = (first + i * 3) % N;
			ck_assert_ptr_eq(window_take(window, numbers[k]), &parts[k]);
			for (unsigned j = 0; j <= i; j++)
				ck_assert(!window_has(window, numbers[(first + j * 3) % N]));
			for (unsigned j = i + 1; j < N; j++)
				ck_assert(window_has(window, numbers[(first + j * 3) % N]));
		}
		window_free(window);
	}
}
END_TEST

START_TEST(a_long_random_walk_agrees_with_a_plain_array)
{
	struct window *window = window_new(MANY);
	static uint32_t numbers[MANY]; /* of parts[i], 0: not in the window */
	uint32_t next = INT32_MAX - 500;
	unsigned count = 0;
	srand(1);
	for (unsigned step = 0; step < 200000; step++) {
		unsigned i = (unsigned)rand() % MANY;
		if (numbers[i] == 0) {
			numbers[i] = next;
			window_put(window, next, &parts[i], step, step);
			next = next == INT32_MAX ? 1 : next + 1;
			count++;
		} else {
			ck_assert(window_has(window, numbers[i]));
			ck_assert_ptr_eq(window_take(window, numbers[i]), &parts[i]);
			ck_assert(!window_has(window, numbers[i]));
			numbers[i] = 0;
			count--;
		}
		ck_assert_uint_eq(window_count(window), count);
	}
	uint64_t before = 0;
	for (; count > 0; count--) {
		struct part *part = window_any(window);
		ck_assert_uint_gt(part->deadline, before);
		before = part->deadline;
	}
	ck_assert_ptr_null(window_any(window));
	window_free(window);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("window");
	TCase *tests = tcase_create("window");
	suite_add_tcase(suite, tests);
	tcase_add_test(tests, a_part_is_found_by_its_number_once);
	tcase_add_test(tests, a_window_of_one_fills_and_empties);
	tcase_add_test(tests, the_oldest_is_overdue_first_whatever_was_answered_meanwhile);
	tcase_add_test(tests, parts_that_begin_behind_what_left_come_back_newest_first);
	tcase_add_test(tests, numbers_that_share_a_place_are_all_found_in_any_order);
	tcase_add_test(tests, a_long_random_walk_agrees_with_a_plain_array);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
