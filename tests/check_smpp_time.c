/* SPDX-License-Identifier: Apache-2.0 */
/* check_smpp_time.c - times of SMPP, both ways. */
#include "../drivers/smpp_time.h"
#include "vectors.h"

#include <check.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static int64_t unix_ms(const char *iso)
{
	struct tm tm = { 0 };
	const char *rest = strptime(iso, "%Y-%m-%dT%H:%M:%S", &tm);
	ck_assert_msg(rest != NULL, "%s", iso);
	return timegm(&tm) * INT64_C(1000) + (*rest == '.' ? (rest[1] - '0') * 100 : 0);
}

START_TEST(times_are_read_and_written_as_the_vectors_say)
{
	static const char *const kinds[] = { [SMPP_TIME_INVALID] = "invalid", [SMPP_TIME_NONE] = "null",
		[SMPP_TIME_ABSOLUTE] = "absolute", [SMPP_TIME_RELATIVE] = "relative",
		[SMPP_TIME_LOCAL] = "local-response" };
	json_t *rows = vectors_list("smpp.json", "times"), *row;
	size_t i;
	ck_assert_uint_ge(json_array_size(rows), 18);
	json_array_foreach(rows, i, row) {
		const char *value = text_of(row, "value"), *utc = text_of(row, "utc");
		const char *since = text_of(row, "from_");
		const int64_t from = *since ? unix_ms(since) / 1000 : 0;
		int64_t at_ms, again_ms;
		const enum smpp_time kind = smpp_time_read(value, from, &at_ms);
		ck_assert_msg(strcmp(kinds[kind], text_of(row, "kind")) == 0, "\"%s\" is %s", value,
		    kinds[kind]);
		if (!*utc)
			continue;
		ck_assert_int_eq(at_ms, unix_ms(utc));
		char out[SMPP_TIME_ROOM];
		ck_assert(smpp_time_write(out, kind, from, at_ms / 1000));
		ck_assert_int_eq(smpp_time_read(out, from, &again_ms), kind);
		ck_assert_int_eq(again_ms, at_ms / 1000 * 1000);
		if (kind == SMPP_TIME_RELATIVE || strcmp(value + 12, "000+") == 0)
			ck_assert_str_eq(out, value);
	}
	json_decref(rows);
}
END_TEST

START_TEST(relative_times_read_back_from_any_day)
{
	char out[SMPP_TIME_ROOM];
	int64_t at_ms;
	/* From the end of months, over leap days and years. */
	for (int64_t from = 1706659200; from < 1706659200 + 400 * INT64_C(86400); from += 86400)
		for (int64_t span = 1; span < 900 * INT64_C(86400); span = span * 3 + 7) {
			ck_assert(smpp_time_write(out, SMPP_TIME_RELATIVE, from, from + span));
			ck_assert_int_eq(smpp_time_read(out, from, &at_ms), SMPP_TIME_RELATIVE);
			ck_assert_int_eq(at_ms, (from + span) * 1000);
		}
	static const struct { enum smpp_time kind; int64_t from, at; } none[] = {
		{ SMPP_TIME_RELATIVE, 5, 5 }, { SMPP_TIME_RELATIVE, 5, 4 },
		{ SMPP_TIME_RELATIVE, 0, INT64_C(3155760000) }, { SMPP_TIME_RELATIVE, 0, INT64_MAX },
		{ SMPP_TIME_ABSOLUTE, 0, 946684799 }, { SMPP_TIME_ABSOLUTE, 0, INT64_C(4102444800) },
		{ SMPP_TIME_ABSOLUTE, 0, INT64_MAX }, { SMPP_TIME_NONE, 0, 1 },
	};
	for (size_t i = 0; i < sizeof none / sizeof none[0]; i++) {
		ck_assert_msg(!smpp_time_write(out, none[i].kind, none[i].from, none[i].at), "%zu", i);
		ck_assert_str_eq(out, "");
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("smpp_time");
	TCase *tests = tcase_create("smpp_time");
	suite_add_tcase(suite, tests);
	tcase_add_test(tests, times_are_read_and_written_as_the_vectors_say);
	tcase_add_test(tests, relative_times_read_back_from_any_day);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
