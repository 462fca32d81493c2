/* SPDX-License-Identifier: Apache-2.0 */
/* check_ussd.c - what modems say of USSD sessions, and how they write its texts. */
#include "../sms/alphabet.h"
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
	{ "+CUSD: 0,\"caf\xE9\",15", true, USSD_DONE, "caf\u00e9" },     /* Latin 1 */
	{ "+CUSD: 0,\"caf\u00e9\",15", true, USSD_DONE, "caf\u00e9" },
	{ "+CUSD: 0,\"caf\x05 \x02 5\",15", true, USSD_DONE, "caf\u00e9 $ 5" }, /* GSM 7-bit as it is */
	/* Quotes and data coding may be missing, one by one. */
	{ "+CUSD: 0,\"open", true, USSD_DONE, "open" }, { "+CUSD: 0,\"Say \"hi\"", true, USSD_DONE, "Say \"hi" },
	{ "+CUSD: 0,\"open,15", true, USSD_DONE, "open" },
	{ "+CUSD: 0,\"Balance: 10\"", true, USSD_DONE, "Balance: 10" },
	{ "+CUSD: 0,\"Balance: 10,15\"", true, USSD_DONE, "Balance: 10,15" },
	{ "+CUSD: 0,Balance: 10,15", true, USSD_DONE, "Balance: 10" },
	{ "+CUSD: 0,Balance: 10", true, USSD_DONE, "Balance: 10" },
	{ "+CUSD: 0, \"Balance: 10\", 0x0F", true, USSD_DONE, "Balance: 10" },
	{ "+CUSD: 0,AA180C3602,15", true, USSD_DONE, "*100#" },
	{ "+CUSD: 2,", true, USSD_ENDED, NULL }, { "+CUSD: 2,,15", true, USSD_ENDED, NULL },
	/* Several lines, and what stands behind the text. */
	{ "+CUSD: 1,\"1 Balance\n2 Top up\n\",15", true, USSD_OPEN, "1 Balance\n2 Top up" },
	{ "+CUSD: 1,\"1 Balance\r\n2 Top up\",15\r\n", true, USSD_OPEN, "1 Balance\r\n2 Top up" },
	/* UCS-2 under another data coding, or none; and what might pass for it. */
	{ "+CUSD: 0,\"00420061006C\",15", true, USSD_DONE, "Bal" },
	{ "+CUSD: 0,\"0031003000200045\"", true, USSD_DONE, "10 E" },
	{ "+CUSD: 0,\"04110430043B0430043D0441\",15", true, USSD_DONE, "\u0411\u0430\u043b\u0430\u043d\u0441" },
	{ "+CUSD: 0,\"00480069\",17", true, USSD_DONE, "Hi" }, { "+CUSD: 0,\"00480069\",72", true, USSD_DONE, "Hi" },
	{ "+CUSD: 0,\"4F59989D\",72", true, USSD_DONE, "\u4f59\u989d" },
	{ "+CUSD: 0,\"0050\",15", true, USSD_DONE, "0050" },
	{ "+CUSD: 0,\"12345678\",15", true, USSD_DONE, "12345678" },
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

/* What the modem is known to do says what could be either. */
static const struct { enum ussd_way usual; const char *line, *text; } known[] = {
	{ USSD_UCS2, "+CUSD: 0,\"4F59989D\",15", "\u4f59\u989d" },
	{ USSD_UCS2, "+CUSD: 0,\"0050\",15", "P" },
	{ USSD_UCS2, "+CUSD: 0,\"Balance: 10\",15", "Balance: 10" },
	{ USSD_PACKED, "+CUSD: 0,\"31D98C56B3DD70\",15", "12345678" },
	{ USSD_PACKED, "+CUSD: 0,\"3118\",15", "10" },
	{ USSD_PACKED, "+CUSD: 0,\"00480069\",72", "Hi" },
	{ USSD_PACKED, "+CUSD: 0,\"Balance: 10\",15", "Balance: 10" },
	{ USSD_PLAIN, "+CUSD: 0,\"00480069\",72", "Hi" },
};

START_TEST(a_line_is_read_as_the_modem_usually_writes)
{
	struct ussd ussd;
	for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
		ck_assert(ussd_read_as(&ussd, known[i].line, known[i].usual));
		ck_assert_str_eq(ussd.text, known[i].text);
	}
}
END_TEST

static const struct { enum ussd_way way; const char *text, *string; } written[] = {
	{ USSD_PLAIN, "*100#", "*100#" }, { USSD_PACKED, "*100#", "AA180C3602" },
	{ USSD_UCS2, "*100#", "002A0031003000300023" },
	{ USSD_PACKED, "1234567", "31D98C56B3DD1A" },   /* 23.038: a return fills what would be an @ */
	{ USSD_PLAIN, "", "" }, { USSD_PACKED, "", "" },
	{ USSD_PLAIN, "a\"b", NULL },                    /* it would end the string */
	{ USSD_PLAIN, "me@home", NULL }, { USSD_PLAIN, "5 $", NULL }, { USSD_PLAIN, "a_b", NULL },
	{ USSD_PLAIN, "[1]", NULL }, { USSD_PACKED, "@", "00" }, { USSD_UCS2, "\u00e9", "00E9" },
};

START_TEST(a_text_is_written_in_each_way)
{
	char out[USSD_STRING_MAX];
	uint8_t septets[USSD_SEPTETS_MAX + 1];
	size_t n;
	for (size_t i = 0; i < sizeof written / sizeof *written; i++) {
		const char *text = written[i].text;
		ck_assert_uint_eq(gsm7_from_utf8(septets, sizeof septets, &n, text, strlen(text)), strlen(text));
		ck_assert_msg(ussd_write(out, written[i].way, septets, n, false) == !!written[i].string, "%s", text);
		if (written[i].string)
			ck_assert_str_eq(out, written[i].string);
	}
	memset(septets, 'a', sizeof septets);
	for (enum ussd_way way = 0; way < USSD_WAYS; way++) {
		ck_assert(ussd_write(out, way, septets, USSD_SEPTETS_MAX, false));
		ck_assert(!ussd_write(out, way, septets, USSD_SEPTETS_MAX + 1, false));
		ck_assert(!ussd_write(out, way, septets, USSD_OCTETS_MAX + 1, true));
		ck_assert_int_eq(ussd_write(out, way, (const uint8_t *)"\x04\x11", 2, true), way != USSD_PLAIN);
	}
	ck_assert_str_eq(out, "0411");
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
	tcase_add_test(tests, a_line_is_read_as_the_modem_usually_writes);
	tcase_add_test(tests, a_text_is_written_in_each_way);
	tcase_add_test(tests, the_lines_of_the_vectors_are_read);
	suite_add_tcase(suite, tests);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
