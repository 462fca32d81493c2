/* SPDX-License-Identifier: Apache-2.0 */
/*
 * check_smpp_inbound.c - a deliver_sm into a message from a handset: its alphabet, its
 * header, its numbering, its addresses, and what else it said.
 */
#include "../drivers/smpp.h"
#include "../gateway/inbox.h"
#include "vectors.h"

#include <check.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { ALPHABET_GSM7 = 0, ALPHABET_LATIN1, ALPHABET_ASCII, ALPHABET_UTF8 };

static char empty[] = "", account[] = "acme01", abroad[] = "00", home[] = "0", country[] = "44";
static char *hosts[] = { account };

static struct smpp_options options_of(void)
{
	return (struct smpp_options){ .host = { hosts, 1 }, .system_id = account, .password = empty,
		.password_file = empty, .system_type = empty, .address_range = empty,
		.service_type = empty, .addresses.country_code = empty, .addresses.international_prefix = abroad,
		.addresses.national_prefix = home, .addresses.short_code_digits = 6, .short_code_ton = 3,
		.source_ton = -1, .source_npi = -1, .dest_ton = -1, .dest_npi = -1 };
}

static long number_of(json_t *row, const char *key)
{
	return (long)json_integer_value(json_object_get(row, key));
}

/* What inbox would say of it; NULL when that is no text. New. */
static char *text_in(const struct inbound *inbound)
{
	struct batch *batch = batch_new();
	struct letter letter;
	inbox_join(&letter, &inbound, 1, batch);
	char *text = letter.body ? strdup(letter.body) : NULL;
	batch_release(batch);
	return text;
}

/* One delivery; the caller frees the text. */
static char *deliver(struct inbound *to, uint8_t esm_class, uint8_t data_coding, const void *at,
    size_t len)
{
	static struct smpp_pdu pdu;
	pdu = (struct smpp_pdu){ .command = SMPP_DELIVER_SM, .esm_class = esm_class,
		.data_coding = data_coding, .short_message = at, .sm_length = (uint8_t)len,
		.source = { .ton = 1, .npi = 1, .digits = "447700900123" },
		.destination = { .ton = 5, .digits = "AC\x01ME" } };
	const struct smpp_options options = options_of();
	free(smpp_read_inbound(&options, &pdu, to));
	return text_in(to);
}

START_TEST(texts_become_utf8_by_their_data_coding)
{
	static const struct { uint8_t data_coding; const char *octets; size_t len; const char *text; }
	cases[] = {
		{ 0x00, "a\x00\x1b\x65", 4, "a@€" }, { 0x01, "a$\x80\x00", 4, "a$\xef\xbf\xbd\xef\xbf\xbd" },
		{ 0x03, "\xe9$", 2, "é$" }, { 0x08, "\x04\x1f\xd8\x3d\xde\x00", 6, "П😀" },
		{ 0x08, "\x04\x1f\x04", 3, "П" }, { 0x10, "\x00", 1, "@" }, { 0x18, "\x04\x1f", 2, "П" },
		{ 0x48, "\x04\x1f", 2, "П" }, { 0xC8, "hi", 2, "hi" }, { 0xE8, "\x04\x1f", 2, "П" },
		{ 0xF0, "\x00", 1, "@" }, { 0x00, "", 0, "" },
		{ 0x02, "ab", 2, NULL }, { 0x04, "ab", 2, NULL }, { 0x0F, "ab", 2, NULL },
		{ 0x15, "ab", 2, NULL }, { 0x24, "ab", 2, NULL }, { 0xF5, "ab", 2, NULL },
		{ 0x80, "\x00", 1, "@" }, { 0x06, "\xBF", 1, "П" }, { 0x05, "\x93\xFA", 2, "日" },
		{ 0x0E, "\xC7\xD1", 2, "한" },
	};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct inbound to;
		char *text = deliver(&to, 0, cases[i].data_coding, cases[i].octets, cases[i].len);
		if (cases[i].text) {
			ck_assert_str_eq(text, cases[i].text);
		} else {
			ck_assert_ptr_null(text);
			ck_assert_int_eq(to.charset, CHARSET_OCTETS);
			ck_assert_uint_eq(to.octets.len, cases[i].len);
			ck_assert_mem_eq(to.octets.at, cases[i].octets, cases[i].len);
		}
		free(text);
		ck_assert_str_eq(to.sender, "+447700900123");
		ck_assert_str_eq(to.recipient, "AC\xC2\xA3ME");
		ck_assert_int_gt(to.received_at, 0);
	}
}
END_TEST

/* The reading of every data_coding, as the vectors have it. */
START_TEST(data_codings_are_read_as_the_vectors_say)
{
	json_t *rows = vectors_list("smpp.json", "data_coding"), *row;
	size_t i;
	ck_assert_uint_ge(json_array_size(rows), 48);
	json_array_foreach(rows, i, row) {
		json_t *gsm = json_object_get(row, "gsm_meaning");
		const char *own = text_of(row, "smpp_meaning"), *alphabet = text_of(gsm, "alphabet");
		const bool by_dcs = strcmp(own, "gsm-dcs") == 0;
		const char *means = by_dcs ? alphabet : own;
		enum coding expected = CODING_BINARY;
		if (by_dcs && json_is_true(json_object_get(gsm, "compressed")))
			expected = CODING_BINARY;
		else if (!strcmp(means, "gsm7") || !strcmp(means, "mc-default") ||
		    !strcmp(means, "ia5") || !strcmp(means, "latin1") || !strncmp(means, "iso", 3) ||
		    !strncmp(means, "jis", 3) || !strcmp(means, "ksc5601") ||
		    (by_dcs && !strcmp(means, "reserved")))
			expected = CODING_GSM7;
		else if (!strcmp(means, "ucs2"))
			expected = CODING_UCS2;
		struct inbound to;
		free(deliver(&to, 0, (uint8_t)number_of(row, "value"), "ab", 2));
		ck_assert_msg((to.charset == CHARSET_OCTETS ? CODING_BINARY : to.charset == CHARSET_UCS2
		    ? CODING_UCS2 : CODING_GSM7) == expected, "%s %s", text_of(row, "hex"), means);
	}
	json_decref(rows);
}
END_TEST

START_TEST(headers_are_split_off_and_parts_are_numbered)
{
	static const struct {
		const char *octets;
		size_t len, header;
		unsigned reference, parts, part;
		const char *text;
	} cases[] = {
		{ "\x05\x00\x03\x2a\x03\x02hi", 8, 6, 0x2a, 3, 2, "hi" },
		{ "\x06\x08\x04\x12\x34\x02\x01hi", 9, 7, 0x1234, 2, 1, "hi" },
		{ "\x0a\x24\x01\x01\x00\x03\x2a\x03\x02\x70\x00z", 12, 11, 0x2a, 3, 2, "z" },
		{ "\x05\x00\x03\x2a\x01\x01hi", 8, 6, 0, 0, 0, "hi" }, /* one of one */
		{ "\x05\x00\x03\x2a\x03\x04hi", 8, 6, 0, 0, 0, "hi" }, /* four of three */
		{ "\x05\x00\x03\x2a\x03\x00hi", 8, 6, 0, 0, 0, "hi" },
		{ "\x04\x00\x03\x2a\x03hi", 7, 5, 0, 0, 0, "hi" },     /* element past the header */
		{ "\x00hi", 3, 1, 0, 0, 0, "hi" },
		{ "\x05\x00\x03\x2a\x03\x02", 6, 6, 0x2a, 3, 2, "" },
		{ "\x09\x00\x03\x2a\x03\x02hi", 8, 0, 0, 0, 0, NULL }, /* header past the text */
		{ "", 0, 0, 0, 0, 0, "" },
	};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct inbound to;
		char *text = deliver(&to, SMPP_ESM_UDHI, 0, cases[i].octets, cases[i].len);
		ck_assert_uint_eq(to.udh.len, cases[i].header);
		ck_assert_uint_eq(to.concat_ref, cases[i].reference);
		ck_assert_uint_eq(to.concat_parts, cases[i].parts);
		ck_assert_uint_eq(to.concat_part, cases[i].part);
		ck_assert_int_eq(to.concat_wide, cases[i].reference > 0xFF);
		ck_assert_mem_eq(to.octets.at, cases[i].octets + cases[i].header, to.octets.len);
		char shown[32];
		snprintf(shown, sizeof shown, "%s%s%s", cases[i].part > 1 ? "[...]" : "", cases[i].text
		    ? cases[i].text : "", cases[i].part < cases[i].parts ? "[...]" : "");
		if (cases[i].parts) /* the others are still missing */
			ck_assert_str_eq(text, shown);
		else if (cases[i].text)
			ck_assert_str_eq(text, cases[i].text);
		else
			ck_assert_uint_eq(to.octets.len, cases[i].len); /* all of it is kept */
		free(text);
	}
}
END_TEST

START_TEST(parts_are_numbered_by_parameters_too)
{
	struct smpp_pdu pdu = { .command = SMPP_DELIVER_SM };
	ck_assert(smpp_tlv_add(&pdu, SMPP_TAG_SAR_MSG_REF_NUM, "\x12\x34", 2));
	ck_assert(smpp_tlv_add(&pdu, SMPP_TAG_SAR_TOTAL_SEGMENTS, "\x02", 1));
	ck_assert(smpp_tlv_add(&pdu, SMPP_TAG_SAR_SEGMENT_SEQNUM, "\x02", 1));
	ck_assert(smpp_tlv_add(&pdu, SMPP_TAG_MESSAGE_PAYLOAD, "hi", 2));
	const struct smpp_options options = options_of();
	struct inbound to;
	ck_assert_ptr_null(smpp_read_inbound(&options, &pdu, &to)); /* nothing else is said */
	char *text = text_in(&to);
	ck_assert_str_eq(text, "[...]hi");
	ck_assert(to.concat_wide);
	ck_assert_uint_eq(to.concat_ref, 0x1234);
	ck_assert_uint_eq(to.concat_parts, 2);
	ck_assert_uint_eq(to.concat_part, 2);
	free(text);
}
END_TEST

START_TEST(addresses_are_shown_as_a_person_would_write_them)
{
	static const struct { uint8_t ton; int alphabet; bool country; const char *digits, *shown; }
	cases[] = {
		{ 1, ALPHABET_GSM7, false, "447700900123", "+447700900123" },
		{ 1, ALPHABET_GSM7, false, "+447700900123", "+447700900123" },
		{ 2, ALPHABET_GSM7, true, "07700900123", "+447700900123" },
		{ 2, ALPHABET_GSM7, false, "07700900123", "07700900123" },
		{ 0, ALPHABET_GSM7, true, "07700900123", "07700900123" },
		{ 3, ALPHABET_GSM7, true, "88100", "88100" }, { 1, ALPHABET_GSM7, false, "", "" },
		{ 1, ALPHABET_GSM7, false, "4477009001234477009001", "+4477009001234477009" },
		{ 1, ALPHABET_GSM7, false, "44\xe9" "7", "+44?7" },
		{ 5, ALPHABET_GSM7, false, "Caf\xc3\xa9", "Caf\xc3\xa9" },
		{ 5, ALPHABET_GSM7, false, "Caf\xe9", "Caf?" },
		{ 5, ALPHABET_LATIN1, false, "Caf\xe9", "Caf\xc3\xa9" },
		{ 5, ALPHABET_GSM7, false, "A\x01\x7f" "B", "A\xC2\xA3\xC3\xA0" "B" },
		{ 5, ALPHABET_ASCII, false, "A\x01\x7f" "B", "A??B" }, { 5, ALPHABET_GSM7, false, "My_Shop$", "My_Shop$" },
		{ 5, ALPHABET_GSM7, false, "1234567890123456789\xc3\xa9", "1234567890123456789" },
	};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct smpp_options options = options_of();
		struct smpp_pdu pdu = { .command = SMPP_DELIVER_SM, .source = { .ton = cases[i].ton } };
		struct inbound to;
		options.alphabet = cases[i].alphabet;
		if (cases[i].country)
			options.addresses.country_code = country;
		snprintf(pdu.source.digits, sizeof pdu.source.digits, "%s", cases[i].digits);
		free(smpp_read_inbound(&options, &pdu, &to));
		ck_assert_str_eq(to.sender, cases[i].shown);
	}
}
END_TEST

START_TEST(texts_in_the_default_coding_are_read_by_the_alphabet_of_the_link)
{
	static const struct { int alphabet; uint8_t data_coding; const char *octets, *text; } cases[] = {
		{ ALPHABET_GSM7, 0, "\x05", "é" }, { ALPHABET_LATIN1, 0, "\xe9@", "é@" },
		{ ALPHABET_ASCII, 0, "@\xe9", "@\xef\xbf\xbd" }, { ALPHABET_UTF8, 0, "\xc3\xa9", "é" },
		{ ALPHABET_LATIN1, 0x10, "\x05", "é" }, { ALPHABET_LATIN1, 0xF0, "\x05", "é" },
	};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct smpp_options options = options_of();
		const struct smpp_pdu pdu = { .command = SMPP_DELIVER_SM,
			.data_coding = cases[i].data_coding, .sm_length = (uint8_t)strlen(cases[i].octets),
			.short_message = (const uint8_t *)cases[i].octets };
		struct inbound to;
		options.alphabet = cases[i].alphabet;
		free(smpp_read_inbound(&options, &pdu, &to));
		char *text = text_in(&to);
		ck_assert_str_eq(text, cases[i].text);
		free(text);
	}
}
END_TEST

START_TEST(what_else_was_said_stands_in_the_options)
{
	struct smpp_pdu pdu = { .command = SMPP_DELIVER_SM, .service_type = "WA\x01P",
		.esm_class = 0x08 };
	ck_assert(smpp_tlv_add(&pdu, SMPP_TAG_DESTINATION_PORT, "\x0B\x84", 2));
	ck_assert(smpp_tlv_add(&pdu, SMPP_TAG_SOURCE_PORT, "\x23\xF0", 2));
	ck_assert(smpp_tlv_add(&pdu, SMPP_TAG_USER_MESSAGE_REFERENCE, "\x00\x07", 2));
	ck_assert(smpp_tlv_add(&pdu, 0x1401, "T1\xFF", 3));
	ck_assert(smpp_tlv_add(&pdu, 0x0201, "\x01\x02", 2)); /* not of its width: as octets */
	ck_assert(smpp_tlv_add(&pdu, SMPP_TAG_MESSAGE_PAYLOAD, "hi", 2)); /* the text itself */
	const struct smpp_options options = options_of();
	struct inbound to;
	char *told = smpp_read_inbound(&options, &pdu, &to);
	json_t *json = json_loads(told, 0, NULL), *expected = json_loads("{\"service_type\": \"WA?P\", "
	    "\"message_type\": \"delivery_ack\", "
	    "\"dest_port\": 2948, \"source_port\": 9200, \"tlvs\": {\"user_message_reference\": 7, "
	    "\"0x1401\": \"5431FF\", \"privacy_indicator\": \"0102\"}}", 0, NULL);
	ck_assert_msg(expected && json_equal(json, expected), "%s", told);
	json_decref(json);
	json_decref(expected);
	free(told);
}
END_TEST

START_TEST(an_alert_says_whether_the_handset_is_back)
{
	static const struct { const char *tlv, *told; } cases[] = {
		{ NULL, "{\"availability\":\"available\"}" },
		{ "\x00", "{\"availability\":\"available\",\"tlvs\":{\"ms_availability_status\":0}}" },
		{ "\x01", "{\"availability\":\"denied\",\"tlvs\":{\"ms_availability_status\":1}}" },
		{ "\x02", "{\"availability\":\"unavailable\",\"tlvs\":{\"ms_availability_status\":2}}" },
		{ "\x07", "{\"tlvs\":{\"ms_availability_status\":7}}" },
	};
	const struct smpp_options options = options_of();
	struct smpp_pdu pdu = { .command = SMPP_ALERT_NOTIFICATION,
		.source = { .ton = 1, .npi = 1, .digits = "447700900123" },
		.destination = { .digits = "88100" } };
	struct inbound to;
	if (cases[_i].tlv)
		ck_assert(smpp_tlv_add(&pdu, SMPP_TAG_MS_AVAILABILITY_STATUS, cases[_i].tlv, 1));
	char *told = smpp_read_inbound(&options, &pdu, &to);
	ck_assert(to.alert);
	ck_assert_str_eq(to.sender, "+447700900123");
	ck_assert_str_eq(to.recipient, "88100");
	ck_assert_str_eq(told, cases[_i].told);
	free(told);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("smpp_inbound");
	TCase *tests = tcase_create("smpp_inbound");
	suite_add_tcase(suite, tests);
	tcase_add_test(tests, texts_become_utf8_by_their_data_coding);
	tcase_add_test(tests, data_codings_are_read_as_the_vectors_say);
	tcase_add_test(tests, headers_are_split_off_and_parts_are_numbered);
	tcase_add_test(tests, parts_are_numbered_by_parameters_too);
	tcase_add_test(tests, addresses_are_shown_as_a_person_would_write_them);
	tcase_add_test(tests, texts_in_the_default_coding_are_read_by_the_alphabet_of_the_link);
	tcase_add_test(tests, what_else_was_said_stands_in_the_options);
	tcase_add_loop_test(tests, an_alert_says_whether_the_handset_is_back, 0, 5);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
