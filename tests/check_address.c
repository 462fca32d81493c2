/* SPDX-License-Identifier: Apache-2.0 */
/* check_address.c - numbers and names as people write them. */
#include "../sms/address.h"
#include "vectors.h"

#include <check.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

START_TEST(every_address_of_the_smpp_vectors_is_ours)
{
	json_t *json = vectors_load("smpp.json"), *row;
	size_t i;
	char why[160];
	json_array_foreach(json_object_get(json, "addresses"), i, row) {
		const char *written = json_string_value(json_object_get(row, "input"));
		struct address address;
		const bool valid = address_sender(&address, written, &address_usual, why, sizeof why);
		ck_assert_msg(valid == json_is_true(json_object_get(row, "valid")), "%s", written);
		if (!valid) {
			ck_assert_ptr_eq(strstr(why, "sender"), why);
			continue;
		}
		ck_assert_int_eq(address.ton, json_integer_value(json_object_get(row, "ton")));
		ck_assert_int_eq(address.npi, json_integer_value(json_object_get(row, "npi")));
		ck_assert_str_eq(address.text, json_string_value(json_object_get(row, "addr")));
	}
	ck_assert_uint_eq(i, 13);
	json_decref(json);
}
END_TEST

/* A modem's network is told what is not known to be international as it stands. */
START_TEST(every_address_of_the_gsm_vectors_has_its_type_and_plan)
{
	const struct address_rules modem = { .international_prefix = "00", .national_prefix = "",
		.country_code = "", .short_code_digits = 6, .short_code_ton = TON_UNKNOWN,
		.short_code_npi = NPI_E164, .bare_ton = TON_UNKNOWN };
	json_t *json = vectors_load("gsm.json"), *vector;
	size_t i, tried = 0;
	char why[160];
	json_array_foreach(json_object_get(json, "vectors"), i, vector) {
		if (strcmp(json_string_value(json_object_get(vector, "kind")), "address") != 0)
			continue;
		const char *given = json_string_value(json_object_get(json_object_get(vector, "input"), "given"));
		const json_t *expect = json_object_get(vector, "expect");
		struct address address;
		const bool valid = address_sender(&address, given, &modem, why, sizeof why);
		ck_assert_msg(valid == !json_object_get(expect, "reaction"), "%s", given);
		if (valid) {
			ck_assert_int_eq(address.ton, json_integer_value(json_object_get(expect, "ton")));
			ck_assert_int_eq(address.npi, json_integer_value(json_object_get(expect, "npi")));
		}
		tried++;
	}
	ck_assert_uint_eq(tried, 11);
	json_decref(json);
}
END_TEST

static const struct { const char *written, *country, *text; unsigned ton; } numbers[] = {
	{ "+36201234567", "", "36201234567", 1 }, { "+36 (20) 123-45.67", "", "36201234567", 1 },
	{ "12345", "", "12345", 3 }, { "*100#", "", "*100#", 3 }, { "0036/201234567", "", "36201234567", 1 },
	{ "06201234567", "36", "366201234567", 1 }, { "06201234567", "", "06201234567", 2 },
	{ "+36\xC2\xA0" "201234567", "", "36201234567", 1 },
	{ "abc", "", NULL, 0 }, { "", "", NULL, 0 }, { "1", "", NULL, 0 }, { "+", "", NULL, 0 },
	{ "12+34", "", NULL, 0 }, { "123456789012345678901", "", NULL, 0 }, { "+1234567890123456", "", NULL, 0 },
	{ "+36201234567;DROP", "", NULL, 0 }, { "00", "", NULL, 0 }, { "+0123456", "", NULL, 0 },
};

START_TEST(a_recipient_is_a_number_by_the_rules_of_its_link)
{
	struct address address;
	struct address_rules rules = address_usual;
	rules.country_code = numbers[_i].country;
	char why[160] = "";
	ck_assert_int_eq(address_recipient(&address, numbers[_i].written, &rules, why, sizeof why),
	    numbers[_i].text != NULL);
	if (!numbers[_i].text) {
		ck_assert_ptr_eq(strstr(why, "recipient"), why);
		return;
	}
	ck_assert_str_eq(address.text, numbers[_i].text);
	ck_assert_uint_eq(address.ton, numbers[_i].ton);
}
END_TEST

START_TEST(what_comes_in_is_shown_as_it_can_be_called_back)
{
	char out[64];
	struct address_rules rules = address_usual;
	address_show(out, sizeof out, &(struct address){ 1, 1, "36201234567" }, &rules);
	ck_assert_str_eq(out, "+36201234567");
	address_show(out, sizeof out, &(struct address){ 2, 1, "0201234567" }, &rules);
	ck_assert_str_eq(out, "0201234567");
	rules.country_code = "36";
	address_show(out, sizeof out, &(struct address){ 2, 1, "0201234567" }, &rules);
	ck_assert_str_eq(out, "+36201234567");
	address_show(out, sizeof out, &(struct address){ 5, 0, "MyBank" }, &rules);
	ck_assert_str_eq(out, "MyBank");
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("address");
	TCase *tests = tcase_create("address");
	tcase_add_test(tests, every_address_of_the_smpp_vectors_is_ours);
	tcase_add_test(tests, every_address_of_the_gsm_vectors_has_its_type_and_plan);
	tcase_add_loop_test(tests, a_recipient_is_a_number_by_the_rules_of_its_link, 0,
	    sizeof numbers / sizeof *numbers);
	tcase_add_test(tests, what_comes_in_is_shown_as_it_can_be_called_back);
	suite_add_tcase(suite, tests);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
