/* SPDX-License-Identifier: Apache-2.0 */
/*
 * check_ucp_pdu.c - the UCP codec against tests/vectors/ucp.json.
 */
#include "../drivers/ucp_pdu.h"
#include "../sms/alphabet.h"
#include "vectors.h"

#include <check.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static json_t *vectors;

static void load(void)
{
	vectors = vectors_load("ucp.json");
}

static void unload(void)
{
	json_decref(vectors);
}

static long number_of(const json_t *object, const char *key)
{
	return (long)json_integer_value(json_object_get(object, key));
}

static struct blob blob_of(const char *text)
{
	return (struct blob){ (const uint8_t *)text, strlen(text) };
}

/* Every field has the name and the text of the vector; those that it does not name are empty. */
static void compare_fields(const char *id, const json_t *fields, const struct ucp_pdu *pdu)
{
	size_t filled = 0, addresses = 0;
	for (unsigned i = 0; i < pdu->nfields; i++) {
		char name[16], text[UCP_FRAME_MAX];
		ucp_text(pdu, i, text, sizeof text);
		snprintf(name, sizeof name, "%s", ucp_field_name(pdu, i));
		if (pdu->operation == UCP_CALL_MULTIPLE && strcmp(name, "AdC") == 0)
			snprintf(name, sizeof name, "AdC%zu", ++addresses);
		ck_assert_msg(strcmp(text, text_of(fields, name)) == 0, "%s: %s is %s", id, name, text);
		filled += *text != '\0';
	}
	ck_assert_msg(filled == json_object_size(fields), "%s: %zu fields filled", id, filled);
}

START_TEST(every_valid_frame_is_read_field_by_field_and_written_back)
{
	size_t i;
	const json_t *vector;
	json_array_foreach(json_object_get(vectors, "valid"), i, vector) {
		const char *id = text_of(vector, "id"), *culprit;
		const json_t *decoded = json_object_get(vector, "decoded");
		size_t len;
		uint8_t *octets = octets_of(text_of(vector, "hex"), &len);
		struct ucp_pdu pdu;
		ck_assert_msg(ucp_unpack(octets, len, &pdu) == UCP_FINE, "%s", id);
		ck_assert_int_eq(pdu.trn, number_of(decoded, "TRN"));
		ck_assert_int_eq(pdu.operation, number_of(decoded, "OT"));
		ck_assert_int_eq(pdu.result, text_of(decoded, "O_R")[0] == 'R');
		ck_assert_int_eq(pdu.nfields, number_of(decoded, "field_count"));
		ck_assert_ptr_nonnull(ucp_operation_name(pdu.operation));
		compare_fields(id, json_object_get(decoded, "fields"), &pdu);
		if (!pdu.result)
			ck_assert_msg(ucp_judge(&pdu, &culprit) == UCP_EC_NONE, "%s: %s", id, culprit);
		uint8_t *back = malloc(len);
		ck_assert_uint_eq(ucp_pack(&pdu, back, len), len);
		ck_assert_msg(memcmp(back, octets, len) == 0, "%s: written back it differs", id);
		ck_assert_uint_eq(ucp_pack(&pdu, back, len - 1), 0);
		free(back);
		free(octets);
	}
}
END_TEST

/* The text that the vector says, in UTF-8, out of Msg by MT and XSer. */
static void compare_text(const char *id, const struct ucp_pdu *pdu, const char *expected)
{
	const bool transfer = pdu->operation == UCP_TRANSFER, call = pdu->operation < UCP_TRANSFER;
	const unsigned last = pdu->nfields - 1;
	const struct blob msg = ucp_get(pdu, transfer || call ? last : UCP_MSG);
	const int mt = transfer ? 3 : ucp_number(pdu, call ? last - 1 : UCP_MT, 3);
	uint8_t octets[UCP_MESSAGE_MAX];
	char text[UCP_MESSAGE_MAX * 3 + 1];
	size_t len;
	ck_assert(ucp_message(octets, sizeof octets, &len, mt, msg));
	if (mt == 4)
		ucs2_to_utf8(text, sizeof text, octets, len);
	else
		gsm7_to_utf8(text, sizeof text, octets, len);
	ck_assert_msg(strcmp(text, expected) == 0, "%s: %s", id, text);
}

static void compare_services(const char *id, const struct ucp_pdu *pdu, const json_t *expected)
{
	uint8_t octets[UCP_SERVICES_MAX], back[UCP_SERVICES_MAX];
	size_t len, at = 0, n = 0, i = 0;
	struct ucp_service service;
	ck_assert(ucp_unhex(octets, sizeof octets, &len, ucp_get(pdu, UCP_XSER)));
	while (ucp_service_next(octets, len, &at, &service)) {
		const json_t *item = json_array_get(expected, i++);
		char hex[2 * UCP_SERVICES_MAX + 1];
		ucp_hex(hex, sizeof hex, service.at, service.len);
		ck_assert_msg(strcmp(hex, text_of(item, "data")) == 0, "%s: %s", id, hex);
		ck_assert_uint_eq(service.type, strtoul(text_of(item, "type"), NULL, 16));
		ck_assert(ucp_service_add(back, sizeof back, &n, service.type, service.at, service.len));
	}
	ck_assert_uint_eq(at, len);
	ck_assert_uint_eq(i, json_array_size(expected));
	ck_assert_uint_eq(n, len);
	ck_assert_mem_eq(back, octets, len);
}

START_TEST(texts_names_and_services_are_what_the_vectors_say)
{
	size_t i;
	const json_t *vector;
	json_array_foreach(json_object_get(vectors, "valid"), i, vector) {
		const char *id = text_of(vector, "id");
		const json_t *meaning = json_object_get(json_object_get(vector, "decoded"), "meaning");
		size_t len, n;
		uint8_t *octets = octets_of(text_of(vector, "hex"), &len);
		struct ucp_pdu pdu;
		ck_assert_int_eq(ucp_unpack(octets, len, &pdu), UCP_FINE);
		if (*text_of(meaning, "text"))
			compare_text(id, &pdu, text_of(meaning, "text"));
		if (pdu.nfields == UCP_FIELDS)
			compare_services(id, &pdu, json_object_get(meaning, "xser"));
		if (*text_of(meaning, "oadc_text")) {
			uint8_t septets[UCP_NAME_MAX];
			char name[64], again[UCP_NAME_ROOM];
			ck_assert(ucp_name_unpack(septets, &n, ucp_get(&pdu, UCP_OADC)));
			gsm7_to_utf8(name, sizeof name, septets, n);
			ck_assert_str_eq(name, text_of(meaning, "oadc_text"));
			ck_assert(ucp_name_pack(again, septets, n) && ucp_is(&pdu, UCP_OADC, again));
		}
		free(octets);
	}
}
END_TEST

/* What of malformed[] the codec decides; the rest is that of a connection. */
static const struct { const char *id; enum ucp_fault fault; enum ucp_error answer; } broken[] = {
	{ "U101", UCP_BAD_CHECKSUM, UCP_EC_NONE }, { "U102", UCP_BAD_CHECKSUM, UCP_EC_NONE },
	{ "U103", UCP_BAD_LENGTH, UCP_EC_NONE }, { "U109", UCP_RUNT, UCP_EC_NONE },
	{ "U110", UCP_BAD_HEADER, UCP_EC_NONE }, { "U111", UCP_BAD_HEADER, UCP_EC_NONE },
	{ "U112", UCP_FINE, UCP_EC_UNSUPPORTED }, { "U113", UCP_FINE, UCP_EC_NONE },
	{ "U114", UCP_FINE, UCP_EC_SYNTAX }, { "U115", UCP_FINE, UCP_EC_NONE },
	{ "U116", UCP_FINE, UCP_EC_SYNTAX }, { "U119", UCP_FINE, UCP_EC_MESSAGE_TYPE },
	{ "U120", UCP_FINE, UCP_EC_NONE }, { "U121", UCP_FINE, UCP_EC_NONE },
	{ "U128", UCP_FINE, UCP_EC_NONE }, { "U131", UCP_FINE, UCP_EC_NONE },
	{ "U133", UCP_BAD_CHECKSUM, UCP_EC_NONE }, { "U134", UCP_BAD_CHECKSUM, UCP_EC_NONE },
};

START_TEST(a_broken_frame_says_what_is_broken_and_what_to_answer)
{
	const json_t *vector = vector_named(json_object_get(vectors, "malformed"), broken[_i].id);
	size_t len;
	uint8_t *octets = octets_of(json_string_value(json_array_get(json_object_get(vector, "chunks_hex"), 0)),
	    &len);
	struct ucp_pdu pdu;
	const char *culprit;
	ck_assert_msg(ucp_unpack(octets, len, &pdu) == broken[_i].fault, "%s", broken[_i].id);
	if (broken[_i].fault == UCP_FINE)
		ck_assert_msg(ucp_judge(&pdu, &culprit) == broken[_i].answer, "%s", broken[_i].id);
	/* The answers of the vectors are what ucp_pack_result() makes. */
	const char *reply = json_string_value(json_array_get(json_object_get(json_object_get(vector,
	    "expect"), "replies"), 0));
	const enum ucp_error ec = broken[_i].fault == UCP_BAD_CHECKSUM ? UCP_EC_CHECKSUM
	    : broken[_i].fault == UCP_BAD_LENGTH ? UCP_EC_SYNTAX
	    : pdu.operation == UCP_SUBMIT ? UCP_EC_NOT_ALLOWED : broken[_i].answer;
	if (reply) {
		size_t expected_len;
		uint8_t *expected = octets_of(reply, &expected_len), out[64];
		ck_assert_uint_eq(ucp_pack_result(&pdu, ec, NULL, out, sizeof out), expected_len);
		ck_assert_mem_eq(out, expected, expected_len);
		free(expected);
	}
	free(octets);
}
END_TEST

START_TEST(a_frame_cut_anywhere_is_no_frame)
{
	size_t len;
	uint8_t *octets = octets_of(text_of(vector_named(json_object_get(vectors, "valid"), "U044"), "hex"), &len);
	struct ucp_pdu pdu;
	for (size_t n = 0; n < len; n++) {
		uint8_t *shorter = malloc(n ? n : 1);
		memcpy(shorter, octets, n);
		ck_assert_int_ne(ucp_unpack(shorter, n, &pdu), UCP_FINE);
		if (n > 0) {
			shorter[n - 1] = UCP_ETX;
			ck_assert_int_ne(ucp_unpack(shorter, n, &pdu), UCP_FINE);
		}
		free(shorter);
	}
	free(octets);
}
END_TEST

START_TEST(results_are_read_with_a_field_more_or_less)
{
	static const struct {
		unsigned operation;
		const char *fields[4];
		bool known, positive;
		unsigned code;
		const char *mvp, *sm;
	} rows[] = {
		{ 51, { "A", "", "01:241126101530" }, true, true, 0, "", "01:241126101530" },
		{ 51, { "A", "2711261200", "01:241126101530" }, true, true, 0, "2711261200", "01:241126101530" },
		{ 51, { "A", "01:241126101530" }, true, true, 0, "", "01:241126101530" },
		{ 51, { "A", "2711261200" }, true, true, 0, "2711261200", "" },
		{ 51, { "A" }, true, true, 0, "", "" },
		{ 31, { "A", "0003" }, true, true, 0, "", "0003" },
		{ 31, { "A", "", "0003" }, true, true, 0, "", "0003" },
		{ 60, { "A", "BIND AUTHENTICATED" }, true, true, 0, "", "BIND AUTHENTICATED" },
		{ 51, { "N", "24", "Message too long" }, true, false, 24, "", "Message too long" },
		{ 51, { "N", "4", "" }, true, false, 0, "", "" },
		{ 51, { "N" }, true, false, 0, "", "" },
		{ 51, { "X", "", "" }, false, false, 0, "", "" },
		{ 51, { "AA", "", "" }, false, false, 0, "", "" },
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct ucp_pdu pdu = { .result = true, .operation = (uint8_t)rows[i].operation };
		for (unsigned k = 0; rows[i].fields[k]; k++)
			ucp_set(&pdu, k, rows[i].fields[k]);
		struct ucp_result result;
		ck_assert_msg(ucp_result(&pdu, &result) == rows[i].known, "row %zu", i);
		if (!rows[i].known)
			continue;
		ck_assert_int_eq(result.positive, rows[i].positive);
		ck_assert_uint_eq(result.code, rows[i].code);
		ck_assert_uint_eq(result.mvp.len, strlen(rows[i].mvp));
		ck_assert_msg(result.sm.len == strlen(rows[i].sm), "row %zu", i);
	}
}
END_TEST

START_TEST(names_of_any_length_are_packed_and_those_of_other_encoders_read)
{
	static const uint8_t lengths[] = { 0, 0x02, 0x04, 0x06, 0x07, 0x09, 0x0B, 0x0D, 0x0E, 0x10, 0x12, 0x14 };
	const uint8_t letters[12] = "ABCDEFGHIJKL";
	char hex[UCP_NAME_ROOM];
	uint8_t septets[UCP_NAME_MAX], octets[11];
	size_t n, len;
	for (size_t i = 1; i <= 11; i++) {
		ck_assert(ucp_name_pack(hex, letters, i));
		ck_assert(ucp_unhex(octets, sizeof octets, &len, blob_of(hex)));
		ck_assert_uint_eq(octets[0], lengths[i]);
		ck_assert(ucp_name_unpack(septets, &n, blob_of(hex)));
		ck_assert_uint_eq(n, i);
		ck_assert_mem_eq(septets, letters, n);
		octets[0] = (uint8_t)(2 * (len - 1)); /* rounded up to whole octets */
		ucp_hex(hex, sizeof hex, octets, len);
		ck_assert(ucp_name_unpack(septets, &n, blob_of(hex)));
		ck_assert_msg(n == i, "%zu characters came back as %zu", i, n);
	}
	ck_assert(!ucp_name_pack(hex, letters, 12));
	ck_assert(!ucp_name_unpack(septets, &n, blob_of("")));
	ck_assert(!ucp_name_unpack(septets, &n, blob_of("106F79D87D2EBBE06")));
	ck_assert(!ucp_name_unpack(septets, &n, blob_of("4321 ")));
	ck_assert(ucp_name_unpack(septets, &n, blob_of("FF41")) && n == 1);
	ck_assert(!ucp_name_unpack(septets, &n,
	    blob_of("FF41414141414141414141414141414141414141414141414141414141414141")));
}
END_TEST

START_TEST(services_that_are_cut_off_or_too_many_are_seen)
{
	static const uint8_t cut[] = { 0x02, 0x01, 0x08, 0x01, 0x06, 0x05, 0x00 };
	struct ucp_service service;
	size_t at = 0;
	ck_assert(ucp_service_next(cut, sizeof cut, &at, &service));
	ck_assert_uint_eq(service.type, UCP_SERVICE_DCS);
	ck_assert(!ucp_service_next(cut, sizeof cut, &at, &service));
	ck_assert_uint_eq(at, 3);
	ck_assert(!ucp_service_next(cut, 4, &at, &service));
	uint8_t services[10];
	size_t len = 0;
	ck_assert(ucp_service_add(services, sizeof services, &len, UCP_SERVICE_BILLING, "EUR199", 6));
	ck_assert(!ucp_service_add(services, sizeof services, &len, UCP_SERVICE_SINGLE_SHOT, "\1", 1));
	ck_assert_uint_eq(len, 8);
}
END_TEST

START_TEST(what_no_field_may_hold_leaves_as_blanks)
{
	struct ucp_pdu pdu, again;
	uint8_t out[UCP_FRAME_MAX];
	char text[32];
	ucp_begin(&pdu, UCP_ALERT);
	ucp_set(&pdu, UCP_ALERT_ADC, "4/3\x02\x03\xC3\x9F");
	const size_t len = ucp_pack(&pdu, out, sizeof out);
	ck_assert_int_eq(ucp_unpack(out, len, &again), UCP_FINE);
	ucp_text(&again, UCP_ALERT_ADC, text, sizeof text);
	ck_assert_str_eq(text, "4 3    ");
	ck_assert(ucp_fits(UCP_ADC, "0049171123456") && !ucp_fits(UCP_ADC, "+49171123456"));
	ck_assert(!ucp_fits(UCP_ADC, "12345678901234567") && ucp_fits(UCP_AC, "a b"));
	ck_assert(!ucp_fits(UCP_AC, "a/b") && !ucp_fits(UCP_XSER, "020") && ucp_fits(UCP_XSER, "020108"));
}
END_TEST

START_TEST(numbers_are_digits_and_nothing_else)
{
	static const struct { const char *text; int value; } rows[] = { { "0", 0 }, { "0096", 96 },
		{ "", -1 }, { " 1", -1 }, { "-1", -1 }, { "123456789", 123456789 }, { "1234567890", -1 } };
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct ucp_pdu pdu = { 0 };
		ucp_set(&pdu, 3, rows[i].text);
		ck_assert_int_eq(ucp_number(&pdu, 3, -1), rows[i].value);
		ck_assert_int_eq(ucp_number(&pdu, 4, 7), 7);
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("ucp_pdu");
	TCase *tcase = tcase_create("ucp_pdu");
	tcase_add_unchecked_fixture(tcase, load, unload);
	tcase_add_test(tcase, every_valid_frame_is_read_field_by_field_and_written_back);
	tcase_add_test(tcase, texts_names_and_services_are_what_the_vectors_say);
	tcase_add_loop_test(tcase, a_broken_frame_says_what_is_broken_and_what_to_answer, 0,
	    sizeof broken / sizeof *broken);
	tcase_add_test(tcase, a_frame_cut_anywhere_is_no_frame);
	tcase_add_test(tcase, results_are_read_with_a_field_more_or_less);
	tcase_add_test(tcase, names_of_any_length_are_packed_and_those_of_other_encoders_read);
	tcase_add_test(tcase, services_that_are_cut_off_or_too_many_are_seen);
	tcase_add_test(tcase, what_no_field_may_hold_leaves_as_blanks);
	tcase_add_test(tcase, numbers_are_digits_and_nothing_else);
	suite_add_tcase(suite, tcase);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
