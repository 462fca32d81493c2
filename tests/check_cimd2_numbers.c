/* SPDX-License-Identifier: Apache-2.0 */
/* check_cimd2_numbers.c - packet numbers of CIMD2: ours that are unanswered, and the centre's. */
#include "../drivers/cimd2_numbers.h"

#include <check.h>

#include <stdio.h>
#include <string.h>

static struct cimd2_unanswered ours;

static struct cimd2_sent *add(void)
{
	struct cimd2_pdu pdu = { .operation = CIMD2_SUBMIT };
	cimd2_add_text(&pdu, CIMD2_DESTINATION, "12345678");
	struct cimd2_sent *sent = cimd2_unanswered_add(&ours, &pdu);
	if (sent)
		ck_assert_uint_eq(sent->number, pdu.number);
	return sent;
}

static void take_away(unsigned number)
{
	struct cimd2_sent *sent = cimd2_unanswered_find(&ours, number);
	ck_assert_ptr_nonnull(sent);
	cimd2_unanswered_remove(&ours, sent);
	ck_assert_ptr_null(cimd2_unanswered_find(&ours, number));
}

/* Its octets say the number that it has. */
static void is_whole(const struct cimd2_sent *sent)
{
	struct cimd2_pdu pdu;
	ck_assert_int_eq(cimd2_unpack(sent->octets, sent->len, &pdu), CIMD2_FINE);
	ck_assert_uint_eq(pdu.number, sent->number);
	ck_assert_uint_eq(pdu.operation, CIMD2_SUBMIT);
	ck_assert_uint_eq(cimd2_value(&pdu, CIMD2_DESTINATION)->len, 8);
}

START_TEST(our_numbers_are_odd_and_wrap)
{
	cimd2_unanswered_make(&ours, 1);
	for (unsigned i = 0, expected = 1; i < 300; i++, expected = expected == 255 ? 1 : expected + 2) {
		is_whole(add());
		ck_assert_uint_eq(TAILQ_FIRST(&ours.list)->number, expected);
		take_away(expected);
	}
	cimd2_unanswered_clear(&ours);
}
END_TEST

START_TEST(the_newest_is_never_more_than_the_window_past_the_oldest)
{
	static const unsigned windows[] = { 1, 2, 10, 123 };
	const unsigned window = windows[_i];
	cimd2_unanswered_make(&ours, window);
	for (unsigned round = 0; round < 5; round++) {
		const unsigned first = ours.next;
		for (unsigned i = 0; i < window; i++) {
			ck_assert(cimd2_unanswered_has_room(&ours, window));
			ck_assert_ptr_nonnull(add());
		}
		ck_assert(!cimd2_unanswered_has_room(&ours, window));
		for (unsigned i = window; i-- > 1; ) {
			take_away((first + 2 * i) % CIMD2_NUMBERS);
			ck_assert(!cimd2_unanswered_has_room(&ours, window));
		}
		take_away(first);
		ck_assert(cimd2_unanswered_has_room(&ours, window));
	}
	cimd2_unanswered_clear(&ours);
}
END_TEST

START_TEST(no_number_is_given_out_while_it_is_unanswered)
{
	cimd2_unanswered_make(&ours, CIMD2_NUMBERS_EACH);
	ck_assert_ptr_nonnull(add());       /* 001 stays */
	unsigned n = 0;
	for (struct cimd2_sent *sent; (sent = add()); n++)
		cimd2_unanswered_remove(&ours, sent);
	ck_assert_uint_lt(n, CIMD2_NUMBERS_EACH);
	ck_assert_uint_ne(ours.next, 1);
	ck_assert(!cimd2_unanswered_has_room(&ours, CIMD2_NUMBERS_EACH)); /* some are kept for others */
	cimd2_unanswered_clear(&ours);
}
END_TEST

START_TEST(a_request_that_does_not_pack_takes_no_number)
{
	struct cimd2_pdu pdu = { .operation = CIMD2_SUBMIT };
	cimd2_unanswered_make(&ours, 1);
	cimd2_add_text(&pdu, CIMD2_TEXT, "a\tb");
	ck_assert_ptr_null(cimd2_unanswered_add(&ours, &pdu));
	ck_assert_uint_eq(add()->number, 1);
	cimd2_unanswered_clear(&ours);
}
END_TEST

START_TEST(all_that_are_unanswered_get_new_numbers_in_their_order)
{
	static const uint16_t firsts[] = { 1, 7, 101, 251, 255 };
	cimd2_unanswered_make(&ours, 5);
	for (unsigned i = 0; i < 5; i++)
		add()->times = (uint8_t)i;
	take_away(5);                       /* the third */
	cimd2_unanswered_renumber(&ours, firsts[_i]);
	unsigned expected = firsts[_i], order = 0;
	const struct cimd2_sent *sent;
	TAILQ_FOREACH(sent, &ours.list, entry) {
		is_whole(sent);
		ck_assert_uint_eq(sent->number, expected);
		ck_assert_uint_eq(sent->times, order);
		expected = (expected + 2) % CIMD2_NUMBERS;
		order += order == 1 ? 2 : 1;
	}
	ck_assert_uint_eq(ours.next, expected);
	cimd2_unanswered_clear(&ours);
}
END_TEST

/* The centre's: so many were taken in order, and answered but for the last; then comes this one. */
enum { SAME = 1, OTHER = 2 };           /* digests: of all of them, and another */
static const struct { unsigned taken, number; uint32_t digest; bool strict; enum cimd2_hearing hearing; } arrivals[] = {
	{ 0, 0, SAME, false, CIMD2_NEXT }, { 0, 4, SAME, false, CIMD2_GAP }, { 0, 4, SAME, true, CIMD2_STRAY },
	{ 0, 254, SAME, false, CIMD2_GAP }, { 0, 1, SAME, false, CIMD2_STRAY }, { 0, 256, SAME, false, CIMD2_STRAY },
	{ 0, 300, SAME, false, CIMD2_STRAY }, { 9, 18, OTHER, true, CIMD2_NEXT }, { 9, 18, SAME, true, CIMD2_NEXT },
	{ 9, 16, SAME, true, CIMD2_AGAIN_TOO_SOON }, { 9, 16, OTHER, true, CIMD2_AGAIN_TOO_SOON },
	{ 9, 14, SAME, true, CIMD2_AGAIN }, { 9, 14, OTHER, false, CIMD2_GAP }, { 9, 14, OTHER, true, CIMD2_STRAY },
	{ 9, 22, OTHER, false, CIMD2_GAP }, { 9, 19, OTHER, false, CIMD2_STRAY },
	{ 128, 0, OTHER, true, CIMD2_NEXT }, { 128, 254, SAME, true, CIMD2_AGAIN_TOO_SOON },
	{ 128, 252, SAME, true, CIMD2_AGAIN }, { 128, 40, SAME, false, CIMD2_GAP }, /* of long ago */
	{ 130, 2, SAME, true, CIMD2_AGAIN_TOO_SOON }, { 130, 0, SAME, true, CIMD2_AGAIN },
};

START_TEST(a_number_of_the_centre_is_the_next_a_repetition_a_gap_or_astray)
{
	struct cimd2_heard heard = { .expected = 0 };
	struct cimd2_heard_slot *slot = NULL;
	for (unsigned i = 0; i < arrivals[_i].taken; i++) {
		const struct cimd2_pdu pdu = { .operation = CIMD2_DELIVER, .number = (uint16_t)(2 * i % CIMD2_NUMBERS) };
		if (slot)
			slot->state = CIMD2_ANSWERED;
		ck_assert_int_eq(cimd2_hear(&heard, &pdu, SAME, true), CIMD2_NEXT);
		slot = cimd2_heard_take(&heard, &pdu, SAME, CIMD2_NEXT);
		ck_assert_ptr_eq(slot, cimd2_heard_slot(&heard, pdu.number));
	}
	const struct cimd2_pdu pdu = { .operation = CIMD2_DELIVER, .number = (uint16_t)arrivals[_i].number };
	ck_assert_msg(cimd2_hear(&heard, &pdu, arrivals[_i].digest, arrivals[_i].strict) == arrivals[_i].hearing,
	    "%u after %u", arrivals[_i].number, arrivals[_i].taken);
}
END_TEST

START_TEST(what_was_left_on_purpose_is_taken_when_it_comes_again)
{
	struct cimd2_heard heard = { .expected = 0 };
	for (uint16_t i = 0; i < 3; i++) {
		const struct cimd2_pdu pdu = { .operation = CIMD2_DELIVER, .number = (uint16_t)(2 * i) };
		cimd2_heard_take(&heard, &pdu, SAME, CIMD2_NEXT)->state = CIMD2_LEFT;
	}
	for (uint16_t i = 0; i < 3; i++) {
		const struct cimd2_pdu pdu = { .operation = CIMD2_DELIVER, .number = (uint16_t)(2 * i) };
		ck_assert_int_eq(cimd2_hear(&heard, &pdu, SAME, true), CIMD2_AGAIN_AT_LAST);
		cimd2_heard_take(&heard, &pdu, SAME, CIMD2_AGAIN_AT_LAST)->state = CIMD2_ANSWERED;
		ck_assert_uint_eq(heard.expected, 6);
		ck_assert_int_eq(cimd2_hear(&heard, &pdu, SAME, true), CIMD2_AGAIN);
	}
	const struct cimd2_pdu next = { .operation = CIMD2_DELIVER, .number = 6 };
	ck_assert_int_eq(cimd2_hear(&heard, &next, SAME, true), CIMD2_NEXT);
}
END_TEST

START_TEST(the_previous_number_is_a_repetition_of_the_same_operation_alone)
{
	struct cimd2_heard heard = { .expected = 4 };
	struct cimd2_pdu pdu = { .operation = CIMD2_DELIVER, .number = 4 };
	cimd2_heard_take(&heard, &pdu, SAME, CIMD2_NEXT)->state = CIMD2_ANSWERED;
	ck_assert_int_eq(cimd2_hear(&heard, &pdu, OTHER, false), CIMD2_AGAIN);
	pdu.operation = CIMD2_ALIVE;
	ck_assert_int_eq(cimd2_hear(&heard, &pdu, OTHER, false), CIMD2_GAP);
	ck_assert_int_eq(cimd2_hear(&heard, &pdu, OTHER, true), CIMD2_STRAY);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("cimd2_numbers");
	TCase *tests = tcase_create("cimd2_numbers");
	tcase_add_test(tests, our_numbers_are_odd_and_wrap);
	tcase_add_loop_test(tests, the_newest_is_never_more_than_the_window_past_the_oldest, 0, 4);
	tcase_add_test(tests, no_number_is_given_out_while_it_is_unanswered);
	tcase_add_test(tests, a_request_that_does_not_pack_takes_no_number);
	tcase_add_loop_test(tests, all_that_are_unanswered_get_new_numbers_in_their_order, 0, 5);
	tcase_add_loop_test(tests, a_number_of_the_centre_is_the_next_a_repetition_a_gap_or_astray, 0,
	    sizeof arrivals / sizeof *arrivals);
	tcase_add_test(tests, the_previous_number_is_a_repetition_of_the_same_operation_alone);
	tcase_add_test(tests, what_was_left_on_purpose_is_taken_when_it_comes_again);
	suite_add_tcase(suite, tests);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
