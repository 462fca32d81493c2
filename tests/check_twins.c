/* SPDX-License-Identifier: Apache-2.0 */
/*
 * check_twins.c - parts that a network gives one id to, and the receipts for them.
 */
#include "../drivers/twins.h"

#include <check.h>

#include <stdio.h>
#include <string.h>

#define ID "0171123456:241126101530"

static struct twins *twins;
static uint64_t now;

static void begin(void)
{
	twins = twins_new(4);
	now = 1000;
}

static void end(void)
{
	twins_free(twins);
}

static const char *name(const char *id)
{
	static char named[NETWORK_ID_MAX];
	snprintf(named, sizeof named, "%s", id);
	twins_name(twins, named, now);
	return named;
}

static const char *receipt(const char *id, bool final)
{
	static char told[NETWORK_ID_MAX];
	snprintf(told, sizeof told, "%s", id);
	twins_receipt(twins, told, final, now);
	return told;
}

START_TEST(each_further_part_of_an_id_gets_a_suffix)
{
	ck_assert_str_eq(name(ID), ID);
	ck_assert_str_eq(name("0171123457:241126101530"), "0171123457:241126101530");
	ck_assert_str_eq(name(ID), ID "+2");
	ck_assert_str_eq(name(ID), ID "+3");
	ck_assert_str_eq(name("0171123456:241126101531"), "0171123456:241126101531");
}
END_TEST

START_TEST(final_receipts_are_told_in_the_order_in_which_parts_were_taken)
{
	name(ID);
	name(ID);
	ck_assert_str_eq(receipt(ID, false), ID);
	ck_assert_str_eq(receipt(ID, false), ID);
	ck_assert_str_eq(receipt(ID, true), ID);
	ck_assert_str_eq(receipt(ID, false), ID "+2");
	ck_assert_str_eq(receipt(ID, true), ID "+2");
}
END_TEST

START_TEST(a_receipt_before_the_answers_counts)
{
	ck_assert_str_eq(receipt(ID, true), ID);
	ck_assert_str_eq(name(ID), ID);
	ck_assert_str_eq(receipt(ID, true), ID "+2");
	ck_assert_str_eq(name(ID), ID "+2");
	ck_assert_str_eq(name(ID), ID "+3");
	ck_assert_str_eq(receipt(ID, true), ID "+3");
}
END_TEST

START_TEST(a_receipt_that_comes_again_much_later_is_told_as_the_last_one)
{
	name(ID);
	ck_assert_str_eq(receipt(ID, true), ID);
	now += 3600 * 1000;
	ck_assert_str_eq(receipt(ID, true), ID);
	ck_assert_str_eq(receipt("0999:241126101530", true), "0999:241126101530");
	now += 3600 * 1000;
	ck_assert_str_eq(receipt("0999:241126101530", true), "0999:241126101530");
}
END_TEST

START_TEST(a_receipt_that_was_not_taken_is_told_for_the_same_part_again)
{
	name(ID);
	name(ID);
	name(ID);
	receipt(ID, true);
	receipt(ID, true);
	twins_again(twins, ID);
	ck_assert_str_eq(receipt(ID, true), ID);
	ck_assert_str_eq(receipt(ID, true), ID "+3");
	twins_again(twins, ID "+2");
	twins_again(twins, "unknown");
	twins_again(twins, "unknown+2");
	twins_again(twins, ID "+999");
	ck_assert_str_eq(receipt(ID, true), ID "+2");
}
END_TEST

START_TEST(an_id_is_the_same_with_and_without_leading_zeros)
{
	name("0049171123456:241126101530");
	ck_assert_str_eq(name("49171123456:241126101530"), "49171123456:241126101530+2");
	ck_assert_str_eq(receipt("49171123456:241126101530", true), "49171123456:241126101530");
	ck_assert_str_eq(receipt("0049171123456:241126101530", true), "0049171123456:241126101530+2");
}
END_TEST

START_TEST(those_with_twins_are_remembered_longer_than_those_without)
{
	char id[32];
	name(ID);
	name(ID);
	name("1:1");
	for (int i = 0; i < 100; i++) {
		snprintf(id, sizeof id, "2:%d", i);
		name(id);
	}
	ck_assert_str_eq(name("1:1"), "1:1"); /* forgotten */
	ck_assert_str_eq(receipt(ID, true), ID);
	ck_assert_str_eq(receipt(ID, true), ID "+2");
	for (int i = 0; i < 5; i++) {
		snprintf(id, sizeof id, "3:%d", i);
		name(id);
		name(id);
	}
	ck_assert_str_eq(receipt(ID, true), ID); /* forgotten: four others had twins since */
}
END_TEST

START_TEST(receipts_for_what_another_session_named_are_told_in_order_for_a_while)
{
	ck_assert_str_eq(receipt(ID, true), ID);
	ck_assert_str_eq(receipt(ID, true), ID "+2");
	now += 3600 * 1000;
	ck_assert_str_eq(receipt(ID, true), ID);
}
END_TEST

START_TEST(more_twins_than_there_may_be_share_the_last_suffix)
{
	for (int i = 0; i < 255; i++)
		name(ID);
	ck_assert_str_eq(name(ID), ID "+256");
	ck_assert_str_eq(name(ID), ID "+256");
	for (int i = 0; i < 255; i++)
		receipt(ID, true);
	ck_assert_str_eq(receipt(ID, true), ID "+256");
	ck_assert_str_eq(receipt(ID, true), ID "+256");
	const char *longest = "1234567890123456789012345678901234567890123456789012345678901234";
	name(longest);
	ck_assert_str_eq(name(longest), longest);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("twins");
	TCase *tests = tcase_create("twins");
	tcase_add_checked_fixture(tests, begin, end);
	tcase_add_test(tests, each_further_part_of_an_id_gets_a_suffix);
	tcase_add_test(tests, final_receipts_are_told_in_the_order_in_which_parts_were_taken);
	tcase_add_test(tests, a_receipt_before_the_answers_counts);
	tcase_add_test(tests, a_receipt_that_comes_again_much_later_is_told_as_the_last_one);
	tcase_add_test(tests, a_receipt_that_was_not_taken_is_told_for_the_same_part_again);
	tcase_add_test(tests, an_id_is_the_same_with_and_without_leading_zeros);
	tcase_add_test(tests, those_with_twins_are_remembered_longer_than_those_without);
	tcase_add_test(tests, receipts_for_what_another_session_named_are_told_in_order_for_a_while);
	tcase_add_test(tests, more_twins_than_there_may_be_share_the_last_suffix);
	suite_add_tcase(suite, tests);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
