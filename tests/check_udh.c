/* SPDX-License-Identifier: Apache-2.0 */
/* check_udh.c - septets, data coding octets and user data headers. */
#include "../sms/dcs.h"
#include "../sms/septets.h"
#include "../sms/udh.h"
#include "vectors.h"

#include <check.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *str(const json_t *json, const char *key)
{
	return json_string_value(json_object_get(json, key));
}

static size_t unhex(uint8_t *out, const char *hex)
{
	for (size_t i = 0; hex[2 * i]; i++) {
		unsigned octet;
		ck_assert_int_eq(sscanf(hex + 2 * i, "%2x", &octet), 1);
		out[i] = (uint8_t)octet;
	}
	return strlen(hex) / 2;
}

START_TEST(septets_are_packed_as_the_vectors_say)
{
	json_t *json = vectors_load("gsm.json"), *vector;
	size_t i, tried = 0;
	json_array_foreach(json_object_get(json, "vectors"), i, vector) {
		if (strcmp(str(vector, "kind"), "septet-pack") != 0)
			continue;
		const json_t *expect = json_object_get(vector, "expect");
		const unsigned fill = (unsigned)json_integer_value(json_object_get(
		    json_object_get(vector, "input"), "fill_bits"));
		uint8_t septets[200], packed[200], out[200];
		const size_t n = unhex(septets, str(expect, "septets"));
		const size_t len = unhex(packed, str(expect, "packed"));
		ck_assert_uint_eq(septets_pack(out, septets, n, fill), len);
		ck_assert_msg(memcmp(out, packed, len) == 0, "%s", str(vector, "id"));
		ck_assert_uint_eq(septets_octets(n, fill), len);
		septets_unpack(out, n, packed, fill);
		ck_assert_mem_eq(out, septets, n);
		tried++;
	}
	ck_assert_uint_ge(tried, 10);
	json_decref(json);
}
END_TEST

START_TEST(text_begins_on_a_septet_behind_any_header)
{
	static const struct { size_t header, septets; unsigned fill; } rows[] = {
		{ 4, 5, 3 }, { 6, 7, 1 }, { 7, 8, 0 }, { 8, 10, 6 }, { 9, 11, 5 }, { 10, 12, 4 },
		{ 12, 14, 2 }, { 13, 15, 1 },
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		ck_assert_uint_eq(septets_of_header(rows[i].header), rows[i].septets);
		ck_assert_uint_eq(septets_fill(rows[i].header), rows[i].fill);
	}
}
END_TEST

/* "gsm7", "8bit", "ucs2", "reserved->gsm7", of which compressed ones are octets to us. */
static enum charset charset_of(const char *word, bool compressed)
{
	if (compressed || strcmp(word, "8bit") == 0)
		return CHARSET_OCTETS;
	return strcmp(word, "ucs2") == 0 ? CHARSET_UCS2 : CHARSET_GSM7;
}

static void same_waiting(const struct dcs *dcs, const char *group, const json_t *row)
{
	static const char *const types[] = { "voice", "fax", "email", "other" };
	ck_assert_int_eq(dcs->waiting, strncmp(group, "mwi", 3) == 0);
	if (!dcs->waiting)
		return;
	ck_assert_int_eq(dcs->waiting_store, strstr(group, "store") != NULL);
	ck_assert_int_eq(dcs->waiting_active, json_is_true(json_object_get(row, "active")));
	ck_assert_msg(strncmp(str(row, "mwi"), types[dcs->waiting_type], 3) == 0, "%s", str(row, "dcs"));
}

START_TEST(every_data_coding_octet_has_its_meaning)
{
	json_t *json = vectors_load("gsm.json"), *vector, *row;
	size_t i, k, tried = 0;
	json_array_foreach(json_object_get(json, "vectors"), i, vector) {
		if (strcmp(str(vector, "kind"), "dcs-table") != 0)
			continue;
		json_array_foreach(json_object_get(json_object_get(vector, "expect"), "table"), k, row) {
			const struct dcs dcs = dcs_read((uint8_t)strtoul(str(row, "dcs"), NULL, 16));
			const bool compressed = json_is_true(json_object_get(row, "compressed"));
			const json_t *class = json_object_get(row, "class");
			ck_assert_msg(dcs.charset == charset_of(str(row, "alphabet"), compressed), "%s",
			    str(row, "dcs"));
			ck_assert_int_eq(dcs.compressed, compressed);
			ck_assert_msg(dcs.class == (json_is_null(class) ? -1 : json_integer_value(class)), "%s",
			    str(row, "dcs"));
			ck_assert_int_eq(dcs.auto_delete, strcmp(str(row, "group"), "auto-delete") == 0);
			same_waiting(&dcs, str(row, "group"), row);
			tried++;
		}
	}
	ck_assert_uint_eq(tried, 256);
	json_decref(json);
}
END_TEST

START_TEST(smpp_has_a_table_of_its_own_below_0x10)
{
	static const struct { const char *word; enum charset charset; } meanings[] = {
		{ "mc-default", CHARSET_GSM7 }, { "ia5", CHARSET_ASCII }, { "8bit", CHARSET_OCTETS },
		{ "latin1", CHARSET_LATIN1 }, { "jis", CHARSET_JIS }, { "iso8859-5", CHARSET_CYRILLIC },
		{ "iso8859-8", CHARSET_HEBREW }, { "ucs2", CHARSET_UCS2 }, { "pictogram", CHARSET_OCTETS },
		{ "iso2022jp", CHARSET_ISO2022JP }, { "reserved", CHARSET_OCTETS },
		{ "jis-x0212", CHARSET_EUCJP }, { "ksc5601", CHARSET_KSC5601 },
	};
	json_t *json = vectors_load("smpp.json"), *row;
	size_t i;
	json_array_foreach(json_object_get(json, "data_coding"), i, row) {
		const uint8_t value = (uint8_t)json_integer_value(json_object_get(row, "value"));
		const struct dcs dcs = dcs_read_smpp(value, CHARSET_GSM7), air = dcs_read(value);
		const json_t *gsm = json_object_get(row, "gsm_meaning");
		ck_assert_int_eq(air.charset, charset_of(str(gsm, "alphabet"),
		    json_is_true(json_object_get(gsm, "compressed"))));
		if (value >= 0x10) {
			ck_assert_str_eq(str(row, "smpp_meaning"), "gsm-dcs");
			ck_assert_int_eq(dcs.charset, air.charset);
			ck_assert_int_eq(dcs.class, air.class);
			continue;
		}
		size_t k = 0;
		while (strcmp(meanings[k].word, str(row, "smpp_meaning")) != 0)
			ck_assert_uint_lt(++k, sizeof meanings / sizeof *meanings);
		ck_assert_int_eq(dcs.charset, meanings[k].charset);
	}
	ck_assert_uint_ge(i, 48);
	ck_assert_int_eq(dcs_read_smpp(0, CHARSET_LATIN1).charset, CHARSET_LATIN1);
	json_decref(json);
}
END_TEST

START_TEST(what_is_written_reads_the_same)
{
	static const enum charset charsets[] = { CHARSET_GSM7, CHARSET_UCS2, CHARSET_OCTETS };
	for (size_t i = 0; i < 3; i++) {
		for (int class = -1; class < 4; class++) {
			const struct dcs air = dcs_read(dcs_write(charsets[i], class));
			const struct dcs smpp = dcs_read_smpp(dcs_write_smpp(charsets[i], class), CHARSET_GSM7);
			ck_assert(air.charset == charsets[i] && air.class == class);
			ck_assert(smpp.charset == charsets[i] && smpp.class == class);
		}
	}
	ck_assert_uint_eq(dcs_write_smpp(CHARSET_OCTETS, 1), 0xF5);
	ck_assert_uint_eq(dcs_write_waiting(CHARSET_GSM7, MWI_VOICE, true, false), 0xC8);
	ck_assert_uint_eq(dcs_write_waiting(CHARSET_GSM7, MWI_FAX, false, true), 0xD1);
	ck_assert_uint_eq(dcs_write_waiting(CHARSET_UCS2, MWI_EMAIL, true, true), 0xEA);
}
END_TEST

static const struct {
	const char *hex;
	size_t length;                  /* what udh_read() returns */
	unsigned reference, parts, part, destination;
} headers[] = {
	{ "050003AA0302", 6, 0xAA, 3, 2, 0 }, { "06080412340302", 7, 0x1234, 3, 2, 0 },
	{ "0B0504158200000003AA0201", 12, 0xAA, 2, 1, 5506 },
	{ "0A0003AA02010003BB0302", 11, 0xBB, 3, 2, 0 },        /* twice: the last counts */
	{ "050003AA0300", 6, 0, 0, 0, 0 }, { "050003AA0304", 6, 0, 0, 0, 0 }, /* cannot be */
	{ "050003AA0000", 6, 0, 0, 0, 0 },
	{ "0A7F020102" "0003AA0201", 0, 0, 0, 0, 0 },           /* one octet more than there are */
	{ "097F0201020004AA0201", 10, 0, 0, 0, 0 },              /* an element past the end: void */
	{ "097F0201020003AA02", 0, 0, 0, 0, 0 }, { "0400020102", 5, 0, 0, 0, 0 },
	{ "", 0, 0, 0, 0, 0 }, { "00", 1, 0, 0, 0, 0 }, { "0100", 2, 0, 0, 0, 0 },
};

START_TEST(a_header_says_what_it_says_and_nonsense_nothing)
{
	uint8_t octets[64];
	struct udh udh;
	const size_t len = unhex(octets, headers[_i].hex);
	ck_assert_uint_eq(udh_read(octets, len, &udh), headers[_i].length);
	ck_assert_uint_eq(udh.concat.reference, headers[_i].reference);
	ck_assert_uint_eq(udh.concat.parts, headers[_i].parts);
	ck_assert_uint_eq(udh.concat.part, headers[_i].part);
	ck_assert_uint_eq(udh.ports.destination, headers[_i].destination);
}
END_TEST

START_TEST(a_header_is_written_in_its_order_and_read_back)
{
	const struct udh udh = { .concat = { 0x1234, 3, 2, true }, .ports = { true, true, 2948, 9200 },
		.shifts = { 1, 6 }, .waiting = { { MWI_VIDEO, true, 7, 2 } }, .nwaiting = 1 };
	uint8_t out[UDH_MAX], bare[UDH_MAX];
	const uint8_t more[] = { 0x70, 0 };
	const size_t n = udh_write(out, sizeof out, &udh, more, sizeof more);
	static const char expected[] = "1A05040B8423F00804123403020102C7077000240101250106";
	uint8_t octets[64];
	const size_t len = unhex(octets, expected);
	ck_assert_uint_eq(len, 25);
	octets[0] = (uint8_t)(len - 1);
	ck_assert_uint_eq(n, len);
	ck_assert_mem_eq(out, octets, n);
	struct udh back;
	ck_assert_uint_eq(udh_read(out, n, &back), n);
	ck_assert(back.concat.wide && back.concat.part == 2 && back.ports.source == 9200);
	ck_assert(back.shifts.single == 1 && back.shifts.locking == 6 && back.nwaiting == 1);
	ck_assert(back.waiting[0].type == MWI_VIDEO && back.waiting[0].store &&
	    back.waiting[0].count == 7 && back.waiting[0].profile == 2);
	ck_assert_uint_eq(udh_without_concat(bare, out, n), n - 6);
	ck_assert_uint_eq(bare[1], 0x05);
	ck_assert_uint_eq(udh_write(out, 5, &udh, NULL, 0), UDH_TOO_LONG);
	ck_assert_uint_eq(udh_write(out, sizeof out, &(struct udh){ .nwaiting = 0 }, NULL, 0), 0);
	unhex(octets, "050003AA0302");
	ck_assert_uint_eq(udh_without_concat(bare, octets, 6), 0);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("udh");
	TCase *tests = tcase_create("udh");
	tcase_add_test(tests, septets_are_packed_as_the_vectors_say);
	tcase_add_test(tests, text_begins_on_a_septet_behind_any_header);
	tcase_add_test(tests, every_data_coding_octet_has_its_meaning);
	tcase_add_test(tests, smpp_has_a_table_of_its_own_below_0x10);
	tcase_add_test(tests, what_is_written_reads_the_same);
	tcase_add_loop_test(tests, a_header_says_what_it_says_and_nonsense_nothing, 0,
	    sizeof headers / sizeof *headers);
	tcase_add_test(tests, a_header_is_written_in_its_order_and_read_back);
	suite_add_tcase(suite, tests);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
