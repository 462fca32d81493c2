/* SPDX-License-Identifier: Apache-2.0 */
/*
 * check_modem_codes.c - what is done about each error that a modem may answer.
 */
#include "../drivers/action.h"
#include "../drivers/modem.h"
#include "run_suite.h"

#include <check.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* After the PDU had left. */
static struct modem_verdict of(enum at_result result, int code, enum modem_codes codes)
{
	struct at_answer answer = { .result = result, .code = code, .prompted = true, .written = true };
	snprintf(answer.text, sizeof answer.text, "+CMS ERROR: %d", code);
	return modem_verdict(&answer, codes);
}

static struct modem_verdict in_words(enum at_result result, const char *words)
{
	struct at_answer answer = { .result = result, .code = -1, .prompted = true, .written = true };
	snprintf(answer.text, sizeof answer.text, "+%s ERROR: %s", result == AT_CMS ? "CMS" : "CME", words);
	return modem_verdict(&answer, CODES_USUAL);
}

struct row { int first, last; enum modem_class class; };

static void check_rows(enum at_result result, enum modem_codes codes, const struct row *rows, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		for (int code = rows[i].first; code <= rows[i].last; code++) {
			const struct modem_verdict verdict = of(result, code, codes);
			ck_assert_msg(verdict.class == rows[i].class, "%d is of class %d, not %d", code,
			    (int)verdict.class, (int)rows[i].class);
			ck_assert_str_ne(verdict.meaning, "");
		}
	}
}

#define ROWS(result, codes, ...) do { \
	static const struct row rows_[] = { __VA_ARGS__ }; \
	check_rows(result, codes, rows_, sizeof rows_ / sizeof *rows_); \
} while (0)

START_TEST(each_cms_error_has_its_class)
{
	ROWS(AT_CMS, CODES_USUAL,
	    { 1, 1, CLASS_FAIL }, { 28, 28, CLASS_FAIL }, { 30, 30, CLASS_FAIL }, { 8, 8, CLASS_FAIL },
	    { 10, 10, CLASS_FAIL }, { 29, 29, CLASS_FAIL }, { 50, 50, CLASS_FAIL }, { 69, 69, CLASS_FAIL },
	    { 21, 22, CLASS_FEW }, { 27, 27, CLASS_FEW }, { 38, 38, CLASS_RETRY }, { 41, 42, CLASS_RETRY },
	    { 47, 47, CLASS_RETRY }, { 81, 81, CLASS_FAIL }, { 95, 99, CLASS_FAIL }, { 111, 111, CLASS_FEW },
	    { 127, 127, CLASS_FEW }, { 128, 176, CLASS_FAIL }, { 192, 192, CLASS_RETRY },
	    { 193, 193, CLASS_FAIL }, { 194, 194, CLASS_RETRY }, { 195, 196, CLASS_FAIL },
	    { 197, 197, CLASS_TAKEN }, { 198, 199, CLASS_FAIL }, { 208, 212, CLASS_RETRY },
	    { 255, 255, CLASS_FEW }, { 300, 300, CLASS_RETRY }, { 301, 303, CLASS_REST },
	    { 304, 305, CLASS_FAIL }, { 310, 313, CLASS_REST }, { 314, 314, CLASS_RETRY },
	    { 315, 318, CLASS_REST }, { 320, 320, CLASS_RETRY }, { 321, 321, CLASS_FAIL },
	    { 322, 322, CLASS_RETRY }, { 330, 330, CLASS_REST }, { 331, 331, CLASS_RETRY },
	    { 332, 332, CLASS_DOUBT }, { 340, 340, CLASS_RETRY }, { 500, 500, CLASS_FEW },
	    { 512, 512, CLASS_RETRY }, { 513, 513, CLASS_DOUBT }, { 514, 515, CLASS_RETRY },
	    { 524, 524, CLASS_RETRY }, { 600, 700, CLASS_FEW }, { 400, 400, CLASS_FEW });
}
END_TEST

START_TEST(each_cme_error_has_its_class)
{
	ROWS(AT_CME, CODES_USUAL,
	    { 0, 0, CLASS_RETRY }, { 14, 14, CLASS_RETRY }, { 30, 30, CLASS_RETRY }, { 31, 31, CLASS_DOUBT },
	    { 100, 100, CLASS_RETRY }, { 515, 515, CLASS_RETRY }, { 258, 258, CLASS_RETRY },
	    { 3, 5, CLASS_REST }, { 10, 13, CLASS_REST }, { 15, 18, CLASS_REST }, { 32, 32, CLASS_REST },
	    { 40, 47, CLASS_REST }, { 20, 20, CLASS_RETRY }, { 23, 23, CLASS_RETRY }, { 21, 22, CLASS_FAIL },
	    { 24, 27, CLASS_FAIL }, { 103, 103, CLASS_REST }, { 106, 107, CLASS_REST },
	    { 111, 113, CLASS_REST }, { 132, 134, CLASS_REST }, { 256, 256, CLASS_RETRY },
	    { 262, 262, CLASS_REST }, { 9999, 9999, CLASS_FEW });
}
END_TEST

START_TEST(makers_mean_other_things_by_the_same_number)
{
	ROWS(AT_CMS, CODES_SIEMENS, { 512, 512, CLASS_RETRY }, { 513, 520, CLASS_FAIL },
	    { 521, 521, CLASS_DOUBT }, { 522, 522, CLASS_RETRY }, { 532, 532, CLASS_RETRY },
	    { 535, 535, CLASS_RETRY }, { 538, 538, CLASS_FAIL }, { 549, 554, CLASS_FAIL },
	    { 38, 38, CLASS_RETRY }, { 332, 332, CLASS_DOUBT });
	ROWS(AT_CMS, CODES_WAVECOM, { 512, 512, CLASS_RETRY }, { 513, 513, CLASS_DOUBT },
	    { 514, 515, CLASS_RETRY }, { 197, 197, CLASS_TAKEN });
	ROWS(AT_CMS, CODES_HUAWEI, { 512, 512, CLASS_RETRY }, { 513, 513, CLASS_DOUBT },
	    { 514, 515, CLASS_RETRY }, { 310, 310, CLASS_REST });
	ck_assert_str_eq(of(AT_CMS, 513, CODES_SIEMENS).meaning, "unable to store");
	ck_assert_str_eq(of(AT_CMS, 513, CODES_WAVECOM).meaning, "lower layer failure");
}
END_TEST

START_TEST(an_error_says_what_else_is_to_be_done)
{
	ck_assert(of(AT_CMS, 322, CODES_USUAL).sweep);
	ck_assert(of(AT_CMS, 208, CODES_USUAL).sweep);
	ck_assert(of(AT_CME, 20, CODES_USUAL).sweep);
	ck_assert(!of(AT_CMS, 38, CODES_USUAL).sweep);
	ck_assert(of(AT_CMS, 316, CODES_USUAL).alarm);
	ck_assert(of(AT_CME, 10, CODES_USUAL).alarm);
	ck_assert(!of(AT_CMS, 331, CODES_USUAL).alarm);
	ck_assert(of(AT_CMS, 304, CODES_USUAL).ours);
	ck_assert(of(AT_CMS, 321, CODES_USUAL).ours);
	ck_assert(of(AT_CMS, 8, CODES_USUAL).sim);
	ck_assert(!of(AT_CMS, 1, CODES_USUAL).sim);
	ck_assert(of(AT_CMS, 314, CODES_USUAL).soon);
	ck_assert(of(AT_CMS, 300, CODES_USUAL).unwell);
	ck_assert(of(AT_CMS, 500, CODES_USUAL).unwell);
	ck_assert(of(AT_CMS, 199, CODES_USUAL).plain);
}
END_TEST

START_TEST(an_error_in_words_is_found_by_its_name)
{
	ck_assert_int_eq(in_words(AT_CMS, "network timeout").class, CLASS_DOUBT);
	ck_assert_int_eq(in_words(AT_CMS, "SIM NOT INSERTED").class, CLASS_REST);
	ck_assert(in_words(AT_CMS, "memory full").sweep);
	ck_assert_int_eq(in_words(AT_CME, "SIM busy").class, CLASS_RETRY);
	ck_assert_int_eq(in_words(AT_CME, "no such words").class, CLASS_FEW);
	ck_assert_int_eq(in_words(AT_CMS, "").class, CLASS_FEW);
}
END_TEST

START_TEST(a_plain_error_is_doubtful_only_after_the_prompt)
{
	struct at_answer answer = { .result = AT_ERROR, .code = -1, .text = "ERROR", .written = true };
	struct modem_verdict verdict = modem_verdict(&answer, CODES_USUAL);
	ck_assert_int_eq(verdict.class, CLASS_FEW);
	ck_assert(verdict.unwell);
	answer.prompted = true;
	verdict = modem_verdict(&answer, CODES_USUAL);
	ck_assert_int_eq(verdict.class, CLASS_DOUBT);
	ck_assert(verdict.unwell);
}
END_TEST

START_TEST(what_the_network_cannot_have_is_not_doubtful)
{
	static const int codes[] = { 332, 513 };
	for (size_t i = 0; i < 2; i++) {
		struct at_answer answer = { .result = AT_CMS, .code = codes[i], .written = true };
		ck_assert_int_eq(modem_verdict(&answer, CODES_USUAL).class, CLASS_RETRY);
	}
	struct at_answer answer = { .result = AT_SILENT, .code = -1, .written = true };
	ck_assert_int_eq(modem_verdict(&answer, CODES_USUAL).class, CLASS_RETRY);
	answer.prompted = true;
	ck_assert_int_eq(modem_verdict(&answer, CODES_USUAL).class, CLASS_DOUBT);
	answer.result = AT_CLOSED;
	ck_assert_int_eq(modem_verdict(&answer, CODES_USUAL).class, CLASS_DOUBT);
}
END_TEST

START_TEST(a_link_may_say_that_a_number_means_another_action)
{
	char *items[] = { (char []){ "0x26 = fail" }, (char []){ "38 = hold" }, (char []){ "500 = throttle" } };
	const struct conf_list list = { .items = items, .n = 3 };
	enum action action;
	ck_assert(action_said(&list, 38, &action));
	ck_assert_int_eq(action, ACTION_FAIL);
	ck_assert(action_said(&list, 500, &action));
	ck_assert_int_eq(action, ACTION_THROTTLE);
	ck_assert(!action_said(&list, 41, &action));
	ck_assert_int_eq(action_for(&list, 41, ACTION_RETRY), ACTION_RETRY);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("modem codes");
	TCase *tests = tcase_create("modem codes");
	tcase_add_test(tests, each_cms_error_has_its_class);
	tcase_add_test(tests, each_cme_error_has_its_class);
	tcase_add_test(tests, makers_mean_other_things_by_the_same_number);
	tcase_add_test(tests, an_error_says_what_else_is_to_be_done);
	tcase_add_test(tests, an_error_in_words_is_found_by_its_name);
	tcase_add_test(tests, a_plain_error_is_doubtful_only_after_the_prompt);
	tcase_add_test(tests, what_the_network_cannot_have_is_not_doubtful);
	tcase_add_test(tests, a_link_may_say_that_a_number_means_another_action);
	suite_add_tcase(suite, tests);
	return run_suite(suite) != 0;
}
