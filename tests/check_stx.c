/* SPDX-License-Identifier: Apache-2.0 */
/* check_stx.c - where frames from STX to ETX begin and end, and how much else is borne. */
#include "../drivers/stx.h"
#include "../gateway/driver.h"

#include <check.h>

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char logged[4096];

void link_log(const struct link *link, char level, const char *format, ...)
{
	(void)link;
	const size_t n = strlen(logged);
	char line[128];
	va_list args;
	va_start(args, format);
	vsnprintf(line, sizeof line, format, args);
	va_end(args);
	snprintf(logged + n, sizeof logged - n, "%c %s\n", level, line);
}

START_TEST(a_stream_is_cut_into_frames_and_what_stands_between)
{
	static const struct { const char *octets; size_t len; enum stx_kind kind; } cases[] = {
		{ "", 0, STX_FRAME },
		{ "\2", 0, STX_FRAME },
		{ "\2abc", 0, STX_FRAME },
		{ "\2abc\3", 5, STX_FRAME },
		{ "\2abc\3\2", 5, STX_FRAME },
		{ "\2\3", 2, STX_FRAME },
		{ "\2ab\2c\3", 3, STX_TRUNCATED },
		{ "\2\2", 1, STX_TRUNCATED },
		{ "\r\n", 2, STX_NOISE },
		{ "\r\n\2abc\3", 2, STX_NOISE },
		{ "\3\3\2", 2, STX_NOISE },
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		const uint8_t *at = (const uint8_t *)cases[i].octets;
		ck_assert_uint_eq(stx_measure(at, strlen(cases[i].octets)), cases[i].len);
		if (cases[i].len)
			ck_assert_int_eq(stx_kind(at, cases[i].len), cases[i].kind);
	}
}
END_TEST

START_TEST(a_frame_has_a_maximum)
{
	static uint8_t frame[STX_FRAME_MAX + 8];
	memset(frame, 'x', sizeof frame);
	frame[0] = STX;
	ck_assert_uint_eq(stx_measure(frame, STX_FRAME_MAX - 1), 0);
	ck_assert_uint_eq(stx_measure(frame, STX_FRAME_MAX), SIZE_MAX);
	frame[STX_FRAME_MAX - 1] = ETX;
	ck_assert_uint_eq(stx_measure(frame, sizeof frame), STX_FRAME_MAX);
	frame[STX_FRAME_MAX - 1] = 'x';
	frame[STX_FRAME_MAX] = ETX;
	ck_assert_uint_eq(stx_measure(frame, sizeof frame), SIZE_MAX);
}
END_TEST

START_TEST(a_run_of_noise_is_one_line_and_a_truncated_frame_another)
{
	struct stx_count count = { .noise = 0 };
	logged[0] = '\0';
	ck_assert(!stx_take(&count, NULL, (const uint8_t *)"HELLO", 5));
	ck_assert(!stx_take(&count, NULL, (const uint8_t *)"\r\n", 2));
	ck_assert(stx_take(&count, NULL, (const uint8_t *)"\2a\3", 3));
	ck_assert(!stx_take(&count, NULL, (const uint8_t *)"\2abc", 4));
	ck_assert_str_eq(logged, "d event=discard octets=7\nw event=truncated_frame octets=4\n");
	ck_assert(!stx_is_too_much(&count));
}
END_TEST

START_TEST(three_bad_frames_in_a_row_are_too_much_and_so_are_many)
{
	struct stx_count count = { .noise = 0 };
	for (unsigned i = 0; i < 3; i++) {
		ck_assert(!stx_is_too_much(&count));
		stx_bad(&count, NULL, "bad_header");
	}
	ck_assert(stx_is_too_much(&count));
	count = (struct stx_count){ .noise = 0 };
	unsigned n = 0;
	for (; !stx_is_too_much(&count) && n < 1000; n++) {
		logged[0] = '\0';
		stx_bad(&count, NULL, "bad_header");
		stx_good(&count);
	}
	ck_assert_uint_eq(n, 50);
}
END_TEST

START_TEST(noise_without_end_is_too_much)
{
	static uint8_t noise[1024];
	struct stx_count count = { .noise = 0 };
	unsigned n = 0;
	for (; !stx_is_too_much(&count) && n < 1000; n++)
		ck_assert(!stx_take(&count, NULL, noise, sizeof noise));
	ck_assert_uint_eq(n, 65);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("stx");
	TCase *tests = tcase_create("stx");
	tcase_add_test(tests, a_stream_is_cut_into_frames_and_what_stands_between);
	tcase_add_test(tests, a_frame_has_a_maximum);
	tcase_add_test(tests, a_run_of_noise_is_one_line_and_a_truncated_frame_another);
	tcase_add_test(tests, three_bad_frames_in_a_row_are_too_much_and_so_are_many);
	tcase_add_test(tests, noise_without_end_is_too_much);
	suite_add_tcase(suite, tests);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	const int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
