/* SPDX-License-Identifier: Apache-2.0 */
/* check_ussd.c - what modems say of USSD sessions, and how they write its texts. */
#include "../sms/ussd.h"
#include "vectors.h"

#include <check.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct { const char *line; bool good; enum ussd_state state; const char *text; } lines[] = {
	{ "+CUSD: 0,\"Balance: 10\",15", true, USSD_DONE, "Balance: 10" },
	{ "+CUSD: 1", true, USSD_OPEN, NULL }, { "+CUSD:2", true, USSD_ENDED, NULL },
	{ "+CUSD: 5\r", true, USSD_TIMEOUT, NULL }, { "+CUSD: 1,\"\",15", true, USSD_OPEN, "" },
	{ "+CUSD: 0,\"1000\",15", true, USSD_DONE, "1000" },            /* digits are a number */
	{ "+CUSD: 0,\"AA180C3602\",15", true, USSD_DONE, "*100#" },     /* packed */
	{ "+CUSD: 0,\"00480069\",72", true, USSD_DONE, "Hi" },          /* UCS-2 */
	{ "+CUSD: 0,\"Say \"\"hi\"\"\",15", true, USSD_DONE, "Say \"\"hi\"\"" },
	{ "+CUSD: 0,\"\xFF\",15", true, USSD_DONE, "\xEF\xBF\xBD" },
	{ "+CUSD: 0,\"open", true, USSD_DONE, NULL },                   /* no end: no text */
	{ "+CUSD: 6", false, 0, NULL }, { "+CUSD: 12", false, 0, NULL }, { "+CUSD:", false, 0, NULL },
	{ "+CMT: 0", false, 0, NULL }, { "", false, 0, NULL },
};

START_TEST(a_line_of_a_modem_is_read)
{
	struct ussd ussd;
	ck_assert_int_eq(ussd_read(&ussd, lines[_i].line), lines[_i].good);
	if (!lines[_i].good)
		return;
	ck_assert_int_eq(ussd.state, lines[_i].state);
	ck_assert_int_eq(ussd.has_text, lines[_i].text != NULL);
	if (lines[_i].text)
		ck_assert_str_eq(ussd.text, lines[_i].text);
}
END_TEST

START_TEST(the_lines_of_the_vectors_are_read)
{
	json_t *json = vectors_load("gsm.json"), *vector;
	size_t i, ran = 0;
	json_array_foreach(json_object_get(json, "vectors"), i, vector) {
		const char *line = json_string_value(json_object_get(vector, "input"));
		if (strcmp(json_string_value(json_object_get(vector, "kind")), "ussd") != 0 || !line)
			continue;
		const json_t *expect = json_object_get(vector, "expect");
		const char *state = json_string_value(json_object_get(expect, "state"));
		const char *text = json_string_value(json_object_get(expect, "text"));
		struct ussd ussd;
		ck_assert_msg(ussd_read(&ussd, line), "%s", line);
		ck_assert_int_eq(ussd.state == USSD_OPEN, strstr(state, "open") != NULL);
		ck_assert_int_eq(ussd.state == USSD_DONE, strcmp(state, "done") == 0);
		if (text)
			ck_assert_str_eq(ussd.text, text);
		ck_assert(*ussd_word(ussd.state));
		ran++;
	}
	ck_assert_uint_ge(ran, 4);
	json_decref(json);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("ussd");
	TCase *tests = tcase_create("ussd");
	tcase_add_loop_test(tests, a_line_of_a_modem_is_read, 0, sizeof lines / sizeof *lines);
	tcase_add_test(tests, the_lines_of_the_vectors_are_read);
	suite_add_tcase(suite, tests);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
