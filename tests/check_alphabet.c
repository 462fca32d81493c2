/* SPDX-License-Identifier: Apache-2.0 */
/* check_alphabet.c - every cell of every table, both ways; charsets; transliteration. */
#include "../sms/alphabet.h"
#include "../sms/charset.h"
#include "../sms/translit.h"
#include "vectors.h"

#include <check.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static uint32_t hex(const char *text)
{
	return (uint32_t)strtoul(text, NULL, 16);
}

/* One cell: what the septets show, and that the way back shows the same. */
static void both_ways(uint8_t septet, bool escaped, uint32_t point, struct shifts shifts)
{
	const uint8_t in[2] = { GSM7_ESCAPE, septet };
	char text[8], expect[4];
	const size_t n = utf8_put(expect, point);
	ck_assert_msg(gsm7_to_utf8_shifted(text, sizeof text, in + !escaped, 1 + (size_t)escaped,
	    shifts) == n && memcmp(text, expect, n) == 0, "language %u/%u, septet %02X", shifts.single,
	    shifts.locking, septet);
	uint8_t back[2];
	const size_t septets = gsm7_put_shifted(back, point, shifts);
	ck_assert_uint_ge(septets, 1);
	ck_assert_uint_eq(gsm7_to_utf8_shifted(text, sizeof text, back, septets, shifts), n);
	ck_assert_mem_eq(text, expect, n);
}

static void every_cell(const json_t *table, bool escaped, struct shifts shifts)
{
	const char *key;
	json_t *value;
	json_object_foreach((json_t *)(uintptr_t)table, key, value)
		both_ways((uint8_t)hex(key), escaped, hex(json_string_value(value)), shifts);
}

START_TEST(every_cell_of_the_default_alphabet_goes_both_ways)
{
	json_t *json = vectors_load("gsm7.json");
	every_cell(json_object_get(json, "default"), false, (struct shifts){ 0 });
	every_cell(json_object_get(json, "extension"), true, (struct shifts){ 0 });
	json_decref(json);
}
END_TEST

START_TEST(every_cell_of_the_national_tables_goes_both_ways)
{
	json_t *json = vectors_load("gsm7_national.json"), *language;
	size_t i;
	json_array_foreach(json_object_get(json, "languages"), i, language) {
		const uint8_t id = (uint8_t)json_integer_value(json_object_get(language, "id"));
		const json_t *locking = json_object_get(language, "locking");
		ck_assert_int_eq(gsm7_has_locking(id), json_object_size(locking) > 0);
		ck_assert_ptr_eq(strstr(json_string_value(json_object_get(language, "name")),
		    gsm7_language(id)), json_string_value(json_object_get(language, "name")));
		every_cell(locking, false, (struct shifts){ .locking = id });
		every_cell(json_object_get(language, "single_shift"), true, (struct shifts){ .single = id });
	}
	ck_assert_uint_eq(i, GSM7_LANGUAGES - 1);
	json_decref(json);
}
END_TEST

START_TEST(the_encoders_of_the_vectors_choose_the_same_septets)
{
	json_t *json = vectors_load("gsm7_national.json"), *language, *value;
	size_t i;
	const char *key;
	json_array_foreach(json_object_get(json, "languages"), i, language) {
		const uint8_t id = (uint8_t)json_integer_value(json_object_get(language, "id"));
		json_object_foreach(json_object_get(language, "encode_locking"), key, value) {
			uint8_t out[2];
			ck_assert_uint_eq(gsm7_put_shifted(out, hex(key), (struct shifts){ .locking = id }), 1);
			ck_assert_uint_eq(out[0], hex(json_string_value(value)));
		}
		json_object_foreach(json_object_get(language, "encode_single_shift"), key, value) {
			uint8_t out[2];
			size_t n = gsm7_put_shifted(out, hex(key), (struct shifts){ .single = id });
			ck_assert(n == 1 || (n == 2 && out[1] == hex(json_string_value(value))));
		}
	}
	json_decref(json);
}
END_TEST

static const struct { const char *septets; size_t n; struct shifts shifts; const char *text; } odd[] = {
	{ "\x1B\x1B", 2, { 0, 0 }, " " }, { "a\x1B", 2, { 0, 0 }, "a " }, { "\x1B\x41", 2, { 0, 0 }, "A" },
	{ "\x1B\x0D", 2, { 0, 0 }, "\r" }, { "\r\n", 2, { 0, 0 }, "\r\n" },
	{ "\x1B\x65", 2, { 0, 1 }, "\xE2\x82\xAC" },    /* locking alone: the default extension */
	{ "\x1B\x65", 2, { 14, 0 }, "\xE2\x82\xAC" }, { "a", 1, { 0, 2 }, "a" }, /* no such tables */
	{ "\x1B\x41", 2, { 1, 0 }, "A" },               /* Turkish shift has nothing there */
	{ "\x48", 1, { 0, 4 }, " " },                   /* a hole in the Bengali locking table */
};

START_TEST(what_has_no_place_in_a_table_shows_as_the_standard_asks)
{
	char text[16];
	gsm7_to_utf8_shifted(text, sizeof text, (const uint8_t *)odd[_i].septets, odd[_i].n,
	    odd[_i].shifts);
	ck_assert_str_eq(text, odd[_i].text);
}
END_TEST

START_TEST(what_the_alphabet_lacks_is_said_so)
{
	uint8_t out[2];
	ck_assert_uint_eq(gsm7_put(out, 0x0151), 0);
	ck_assert_uint_eq(gsm7_put(out, '`'), 0);
	ck_assert_uint_eq(gsm7_put(out, 0x1F600), 0);
	size_t n;
	uint8_t septets[8];
	ck_assert_uint_eq(gsm7_from_utf8(septets, sizeof septets, &n, "ab\xC5\x91", 4), 2);
	ck_assert_uint_eq(n, 2);
	ck_assert_uint_eq(gsm7_from_utf8(septets, 2, &n, "a{b", 3), 1); /* a pair is never cut */
	ck_assert_uint_eq(n, 1);
}
END_TEST

static const struct { const char *octets; size_t n, valid; } utf8[] = {
	{ "plain text of more than eight", 29, 29 }, { "12345678\xC3\xA9", 10, 10 },
	{ "\x80", 1, 0 }, { "a\xC0\x80", 3, 1 }, { "12345678\xED\xA0\x80", 11, 8 },
	{ "\xF4\x90\x80\x80", 4, 0 }, { "ab\xE2\x82", 4, 2 }, { "\xFF", 1, 0 },
	{ "\xEF\xBF\xBD!", 4, 4 }, { "\xF0\x9F\x98\x80", 4, 4 }, { "\xE0\x80\x80", 3, 0 },
};

START_TEST(where_text_stops_being_utf8_is_told_to_the_octet)
{
	ck_assert_uint_eq(utf8_valid(utf8[_i].octets, utf8[_i].n), utf8[_i].valid);
}
END_TEST

START_TEST(utf16_pairs_and_lone_surrogates_are_read)
{
	char text[16];
	ck_assert_uint_eq(ucs2_to_utf8(text, sizeof text, (const uint8_t *)"\xD8\x3D\xDE\x00", 4), 4);
	ck_assert_str_eq(text, "\xF0\x9F\x98\x80");
	ucs2_to_utf8(text, sizeof text, (const uint8_t *)"\xD8\x3D\x00\x41", 4);
	ck_assert_str_eq(text, "\xEF\xBF\xBD" "A");
	ck_assert_uint_eq(ucs2_to_utf8(text, 3, (const uint8_t *)"\x20\xAC", 2), 0);
	ck_assert_str_eq(text, "");
	uint8_t units[8];
	size_t n;
	ck_assert_uint_eq(ucs2_from_utf8(units, 6, &n, "a\xF0\x9F\x98\x80!", 6), 5);
	ck_assert_uint_eq(n, 6);
	ck_assert_mem_eq(units, "\0a\xD8\x3D\xDE\x00", 6);
}
END_TEST

START_TEST(every_replacement_of_the_vectors_is_ours)
{
	json_t *json = vectors_load("gsm7_translit.json"), *value;
	const char *key;
	for (int level = TRANSLIT_TYPOGRAPHIC; level < TRANSLIT_ON; level++) {
		json_object_foreach(json_object_get(json, translit_words[level]), key, value) {
			if (translit_of(hex(key), (enum translit)(level - 1)))
				continue;       /* a level before it has its own word (U+03BC) */
			const char *instead = translit_of(hex(key), (enum translit)level);
			ck_assert_msg(instead && strcmp(instead, json_string_value(value)) == 0, "U+%s", key);
			uint8_t septets[2 * TRANSLIT_MOST];
			size_t n, len = strlen(instead);
			ck_assert_uint_eq(gsm7_from_utf8(septets, sizeof septets, &n, instead, len), len);
		}
	}
	ck_assert_ptr_null(translit_of(0x0416, TRANSLIT_ACCENTS));
	ck_assert_ptr_null(translit_of(0x2013, TRANSLIT_OFF));
	ck_assert_ptr_null(translit_of(0x4E2D, TRANSLIT_ON));
	json_decref(json);
}
END_TEST

static const struct { enum charset charset; const char *octets; size_t n; const char *text; } texts[] = {
	{ CHARSET_LATIN1, "\xE1rv\xEDz", 5, "\xC3\xA1rv\xC3\xADz" },
	{ CHARSET_CYRILLIC, "\xBF\xE0", 2, "\xD0\x9F\xD1\x80" },
	{ CHARSET_HEBREW, "\xE9\xEC", 2, "\xD7\x99\xD7\x9C" },
	{ CHARSET_JIS, "\x93\xFA\x96\x7B", 4, "\xE6\x97\xA5\xE6\x9C\xAC" },
	{ CHARSET_EUCJP, "\xC6\xFC", 2, "\xE6\x97\xA5" },
	{ CHARSET_ISO2022JP, "\x1B$BF|K\\\x1B(B!", 11, "\xE6\x97\xA5\xE6\x9C\xAC!" },
	{ CHARSET_KSC5601, "\xC7\xD1", 2, "\xED\x95\x9C" },
	{ CHARSET_ASCII, "a\xE9z", 3, "a\xEF\xBF\xBDz" },
	{ CHARSET_KSC5601, "\xC7", 1, "\xEF\xBF\xBD" },
	{ CHARSET_LATIN1, "a\0b", 3, "a\xEF\xBF\xBD" "b" },
	{ CHARSET_UTF8, "\xC3\xA1\xFF", 3, "\xC3\xA1\xEF\xBF\xBD" },
	{ CHARSET_UCS2, "\x04\x16", 2, "\xD0\x96" }, { CHARSET_GSM7, "\x1B\x65", 2, "\xE2\x82\xAC" },
};

START_TEST(text_of_any_charset_becomes_utf8)
{
	char text[64];
	const size_t n = charset_to_utf8(text, sizeof text, texts[_i].charset,
	    (const uint8_t *)texts[_i].octets, texts[_i].n, NULL);
	ck_assert_str_eq(text, texts[_i].text);
	ck_assert_uint_eq(n, strlen(text));
	/* Whatever the room, it ends at a whole character. */
	for (size_t room = 1; room < n; room++) {
		const size_t cut = charset_to_utf8(text, room, texts[_i].charset,
		    (const uint8_t *)texts[_i].octets, texts[_i].n, NULL);
		ck_assert_uint_lt(cut, room);
		ck_assert_uint_eq(utf8_valid(text, cut), cut);
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("alphabet");
	TCase *tests = tcase_create("alphabet");
	tcase_add_test(tests, every_cell_of_the_default_alphabet_goes_both_ways);
	tcase_add_test(tests, every_cell_of_the_national_tables_goes_both_ways);
	tcase_add_test(tests, the_encoders_of_the_vectors_choose_the_same_septets);
	tcase_add_loop_test(tests, what_has_no_place_in_a_table_shows_as_the_standard_asks, 0,
	    sizeof odd / sizeof *odd);
	tcase_add_test(tests, what_the_alphabet_lacks_is_said_so);
	tcase_add_loop_test(tests, where_text_stops_being_utf8_is_told_to_the_octet, 0,
	    sizeof utf8 / sizeof *utf8);
	tcase_add_test(tests, utf16_pairs_and_lone_surrogates_are_read);
	tcase_add_test(tests, every_replacement_of_the_vectors_is_ours);
	tcase_add_loop_test(tests, text_of_any_charset_becomes_utf8, 0, sizeof texts / sizeof *texts);
	suite_add_tcase(suite, tests);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
