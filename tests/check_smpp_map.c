/* SPDX-License-Identifier: Apache-2.0 */
/*
 * check_smpp_map.c - parts into submit_sm, statuses into outcomes, deliveries into
 * receipts; and what a link may say.
 */
#include "../drivers/smpp.h"
#include "../drivers/smpp_time.h"
#include "../gateway/asked.h"
#include "vectors.h"

#include <check.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { MAX_S = 900, ALPHABET_GSM7 = 0, ALPHABET_LATIN1, ALPHABET_ASCII, ALPHABET_UTF8 };

static char empty[] = "", account[] = "acme01", abroad[] = "00", home[] = "0", country[] = "44";
static char *hosts[] = { account };

/* A link that has no rules of its own. */
static const struct smpp_options usual;

static struct smpp_options options_of(void)
{
	return (struct smpp_options){ .host = { hosts, 1 }, .system_id = account, .password = empty,
		.password_file = empty, .system_type = empty, .address_range = empty,
		.source_address = empty,
		.service_type = empty, .addresses.country_code = empty, .addresses.international_prefix = abroad,
		.addresses.national_prefix = home, .addresses.short_code_digits = 6, .short_code_ton = 3,
		.source_ton = -1, .source_npi = -1, .dest_ton = -1, .dest_npi = -1 };
}

static struct message message_of(void)
{
	return (struct message){ .sender = "ACME", .recipient = "+447700900123", .kind = "text",
		.body = "", .attempts = 1 };
}

static long number_of(json_t *row, const char *key)
{
	return (long)json_integer_value(json_object_get(row, key));
}

/* Outwards. */

START_TEST(addresses_are_sent_as_the_vectors_say)
{
	const struct smpp_options options = options_of();
	json_t *rows = vectors_list("smpp.json", "addresses"), *row;
	size_t i;
	ck_assert_uint_ge(json_array_size(rows), 13);
	json_array_foreach(rows, i, row) {
		struct message message = message_of();
		const struct part part = { .message = &message, .number = 1 };
		struct smpp_pdu pdu;
		struct outcome outcome;
		message.sender = text_of(row, "input");
		bool good = smpp_submit(&options, &part, &pdu, &outcome);
		ck_assert_msg(good == json_is_true(json_object_get(row, "valid")), "%s", message.sender);
		if (!good) {
			ck_assert_int_eq(outcome.verdict, VERDICT_REJECTED);
			continue;
		}
		ck_assert_str_eq(pdu.source.digits, text_of(row, "addr"));
		ck_assert_int_eq(pdu.source.ton, number_of(row, "ton"));
		ck_assert_int_eq(pdu.source.npi, number_of(row, "npi"));
	}
	json_decref(rows);
}
END_TEST

START_TEST(a_name_is_written_in_the_alphabet_of_the_link)
{
	static const struct { const char *sender; int alphabet; const char *digits; } cases[] = {
		{ "My_Shop$", ALPHABET_GSM7, "My_Shop$" },      /* ASCII as it is */
		{ "Caf\xC3\xA9 \xCE\x94", ALPHABET_GSM7, "Caf\x05 \x10" },
		{ "Caf\xC3\xA9", ALPHABET_LATIN1, "Caf\xE9" }, { "Caf\xC3\xA9", ALPHABET_UTF8, "Caf\xC3\xA9" },
		{ "Caf\xC3\xA9", ALPHABET_ASCII, NULL }, { "\xCE\x94lta", ALPHABET_LATIN1, NULL },
		{ "\xC3\xA9@home", ALPHABET_GSM7, NULL },      /* @ is a NUL there */
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct smpp_options options = options_of();
		struct message message = message_of();
		struct part part = { .message = &message, .octets = (uint8_t *)"hi", .len = 2 };
		struct smpp_pdu pdu;
		struct outcome outcome;
		options.alphabet = cases[i].alphabet;
		message.sender = cases[i].sender;
		part.coding = CODING_BINARY;
		ck_assert_int_eq(smpp_submit(&options, &part, &pdu, &outcome), cases[i].digits != NULL);
		if (cases[i].digits)
			ck_assert_str_eq(pdu.source.digits, cases[i].digits);
		else
			ck_assert_ptr_nonnull(strstr(outcome.text, "cannot write there"));
	}
}
END_TEST

START_TEST(settings_overrule_what_an_address_looks_like)
{
	struct smpp_options options = options_of();
	struct message message = message_of();
	const struct part part = { .message = &message, .number = 1 };
	struct smpp_pdu pdu;
	struct outcome outcome;
	options.addresses.country_code = country;
	message.recipient = "07700 900123";
	ck_assert(smpp_submit(&options, &part, &pdu, &outcome));
	ck_assert_str_eq(pdu.destination.digits, "447700900123");
	ck_assert_uint_eq(pdu.destination.ton, 1);
	options.dest_ton = 0;
	options.source_npi = 9;
	ck_assert(smpp_submit(&options, &part, &pdu, &outcome));
	ck_assert_uint_eq(pdu.destination.ton, 0);
	ck_assert_uint_eq(pdu.destination.npi, 1);
	ck_assert_uint_eq(pdu.source.ton, 5);
	ck_assert_uint_eq(pdu.source.npi, 9);
	/* A recipient is a number. */
	static const char *const none[] = { "", "ACME", "+", "00", "447700900123447700900123", "\xff" };
	for (size_t i = 0; i < sizeof none / sizeof none[0]; i++) {
		message.recipient = none[i];
		ck_assert_msg(!smpp_submit(&options, &part, &pdu, &outcome), "%s", none[i]);
		ck_assert_int_eq(outcome.verdict, VERDICT_REJECTED);
	}
}
END_TEST

START_TEST(a_part_says_its_alphabet_class_header_and_validity)
{
	static const uint8_t codings[] = { 0x00, 0x08, 0x04, 0x10, 0x18, 0xF5 };
	const struct smpp_options options = options_of();
	struct message message = message_of();
	struct part part = { .message = &message, .number = 1, .len = 7, .udh_len = 6 };
	struct smpp_pdu pdu;
	struct outcome outcome;
	for (size_t i = 0; i < sizeof codings; i++) {
		message.data_coding = codings[i];
		ck_assert(smpp_submit(&options, &part, &pdu, &outcome));
		ck_assert_uint_eq(pdu.data_coding, codings[i]);
		ck_assert_uint_eq(pdu.esm_class, SMPP_ESM_UDHI);
		ck_assert_uint_eq(pdu.sm_length, 7);
		ck_assert_str_eq(pdu.validity_period, "");
		ck_assert_uint_eq(pdu.registered_delivery, 0);
	}
	part.udh_len = 0;
	message.wants_receipt = true;
	message.expires_at = 1785499200; /* 2026-07-31T12:00:00Z */
	ck_assert(smpp_submit(&options, &part, &pdu, &outcome));
	ck_assert_str_eq(pdu.validity_period, "260731120000000+");
	ck_assert_uint_eq(pdu.registered_delivery, 1);
	ck_assert_uint_eq(pdu.esm_class, 0);
}
END_TEST

START_TEST(a_class_is_written_as_the_link_says)
{
	static const struct { uint8_t message; int asked; uint8_t general, f; } cases[] = {
		{ 0x00, -1, 0x00, 0x00 }, { 0x04, -1, 0x04, 0x04 }, { 0x08, -1, 0x08, 0x08 },
		{ 0x10, -1, 0x10, 0xF0 }, { 0x13, -1, 0x13, 0xF3 }, { 0x14, -1, 0x14, 0xF4 },
		{ 0x16, -1, 0x16, 0xF6 }, { 0x17, -1, 0x17, 0xF7 },
		{ 0x18, -1, 0x18, 0x18 }, { 0x1B, -1, 0x1B, 0x1B }, { 0xC8, -1, 0xC8, 0xC8 },
		{ 0xF5, -1, 0xF5, 0xF5 }, { 0x10, 0x10, 0x10, 0x10 }, { 0xF0, 0xF0, 0xF0, 0xF0 },
	};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct smpp_options options = options_of();
		struct asked asked = asked_nothing;
		struct message message = message_of();
		const struct part part = { .message = &message, .number = 1 };
		struct smpp_pdu pdu;
		struct outcome outcome;
		asked.data_coding = cases[i].asked;
		message.asked = &asked;
		message.data_coding = cases[i].message;
		ck_assert(smpp_submit(&options, &part, &pdu, &outcome));
		ck_assert_uint_eq(pdu.data_coding, cases[i].general);
		options.class_coding = SMPP_CLASS_F;
		ck_assert(smpp_submit(&options, &part, &pdu, &outcome));
		ck_assert_uint_eq(pdu.data_coding, cases[i].f);
	}
}
END_TEST

START_TEST(what_a_row_asks_goes_into_its_fields)
{
	const struct smpp_options options = options_of();
	struct asked asked = asked_nothing;
	struct message message = message_of();
	const struct part part = { .message = &message, .number = 1 };
	struct smpp_pdu pdu;
	struct outcome outcome;
	message.asked = &asked;
	asked.kind = KIND_SILENT;
	ck_assert(smpp_submit(&options, &part, &pdu, &outcome));
	ck_assert_uint_eq(pdu.protocol_id, 0x40);
	asked = asked_nothing;
	asked.replace = 7;
	ck_assert(smpp_submit(&options, &part, &pdu, &outcome));
	ck_assert_uint_eq(pdu.protocol_id, 0x47);
	asked = asked_nothing;
	asked.protocol_id = 0x7F;
	asked.esm_class = 0x80;
	asked.network_priority = 3;
	asked.service_type = "VMA";
	asked.source_ton = 0;
	asked.source_npi = 1;
	asked.dest_ton = 4;
	asked.dest_npi = 9;
	asked.tlvs[0] = (struct asked_tlv){ .tag = 0x1401, .value = { (const uint8_t *)"\x0A\x0B", 2 } };
	asked.tlvs[1] = (struct asked_tlv){ .tag = 0x130C };
	asked.ntlvs = 2;
	ck_assert(smpp_submit(&options, &part, &pdu, &outcome));
	ck_assert_uint_eq(pdu.protocol_id, 0x7F);
	ck_assert_uint_eq(pdu.esm_class, 0x80);
	ck_assert_uint_eq(pdu.priority_flag, 3);
	ck_assert_str_eq(pdu.service_type, "VMA");
	ck_assert_uint_eq(pdu.source.ton * 10 + pdu.source.npi, 1);
	ck_assert_uint_eq(pdu.destination.ton * 10 + pdu.destination.npi, 49);
	ck_assert_uint_eq(pdu.ntlvs, 2);
	ck_assert_uint_eq(smpp_tlv_number(&pdu, 0x1401, 0), 0x0A0B);
	ck_assert_uint_eq(smpp_tlv(&pdu, 0x130C)->len, 0);
}
END_TEST

START_TEST(the_sooner_of_two_ends_counts_in_the_form_of_the_link)
{
	struct smpp_options options = options_of();
	struct asked asked = asked_nothing;
	struct message message = message_of();
	const struct part part = { .message = &message, .number = 1 };
	struct smpp_pdu pdu;
	struct outcome outcome;
	message.asked = &asked;
	options.validity_format = SMPP_VALIDITY_RELATIVE;
	static const struct { long validity, expires; int64_t least, most; } cases[] = {
		{ 3600, 0, 3590, 3600 }, { 3600, 7200, 3590, 3600 }, { 7200, 3600, 3590, 3600 },
		{ -1, 40 * 86400, 40 * 86400 - 10, 40 * 86400 },
		{ -1, -5, 1, 1 },               /* zero would be refused */
	};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		int64_t now = time(NULL), at_ms;
		asked.validity = cases[i].validity;
		message.expires_at = cases[i].expires ? now + cases[i].expires : 0;
		ck_assert(smpp_submit(&options, &part, &pdu, &outcome));
		ck_assert_int_eq(smpp_time_read(pdu.validity_period, now, &at_ms), SMPP_TIME_RELATIVE);
		ck_assert_int_ge(at_ms / 1000 - now, cases[i].least);
		ck_assert_int_le(at_ms / 1000 - now, cases[i].most);
	}
	options.validity_format = SMPP_VALIDITY_ABSOLUTE;
	asked.validity = 3600;
	message.expires_at = 1785499200; /* 2026-07-31T12:00:00Z */
	const bool over = time(NULL) + 3600 >= message.expires_at;
	ck_assert(smpp_submit(&options, &part, &pdu, &outcome));
	ck_assert_int_eq(strcmp(pdu.validity_period, "260731120000000+") == 0, over);
	asked.validity = -1;
	message.expires_at = INT64_C(4102444800); /* 2100: no field can say it */
	ck_assert(smpp_submit(&options, &part, &pdu, &outcome));
	ck_assert_str_eq(pdu.validity_period, "");
}
END_TEST

START_TEST(parts_say_that_they_are_parts_as_the_message_wants)
{
	static const struct { int concat; unsigned parts, number; bool more, sar, follows; } cases[] = {
		{ CONCAT_SAR, 3, 2, false, true, false }, { CONCAT_SAR, 1, 1, false, false, false },
		{ CONCAT_UDH8, 3, 2, false, false, false }, { CONCAT_UDH8, 3, 2, true, false, true },
		{ CONCAT_SAR, 3, 1, true, true, true }, { CONCAT_SAR, 3, 3, true, true, false },
		{ CONCAT_UDH16, 1, 1, true, false, false },
	};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct smpp_options options = options_of();
		struct asked asked = asked_nothing;
		struct message message = message_of();
		const struct part part = { .message = &message, .number = (uint8_t)cases[i].number };
		struct smpp_pdu pdu;
		struct outcome outcome;
		options.more_messages = cases[i].more;
		message.asked = &asked;
		message.concat = cases[i].concat;
		message.concat_ref = 0x1234;
		message.nparts = (uint8_t)cases[i].parts;
		ck_assert(smpp_submit(&options, &part, &pdu, &outcome));
		ck_assert_uint_eq(smpp_tlv_number(&pdu, SMPP_TAG_SAR_MSG_REF_NUM, 0),
		    cases[i].sar ? 0x1234 : 0);
		ck_assert_uint_eq(smpp_tlv_number(&pdu, SMPP_TAG_SAR_TOTAL_SEGMENTS, 0),
		    cases[i].sar ? cases[i].parts : 0);
		ck_assert_uint_eq(smpp_tlv_number(&pdu, SMPP_TAG_SAR_SEGMENT_SEQNUM, 0),
		    cases[i].sar ? cases[i].number : 0);
		ck_assert_uint_eq(smpp_tlv_number(&pdu, 0x0426, 9), cases[i].follows ? 1 : 9);
		/* A row's own is the only one. */
		asked.tlvs[0] = (struct asked_tlv){ .tag = 0x0426, .value = { (const uint8_t *)"", 1 } };
		asked.ntlvs = 1;
		ck_assert(smpp_submit(&options, &part, &pdu, &outcome));
		ck_assert_uint_eq(smpp_tlv_number(&pdu, 0x0426, 9), 0);
		ck_assert_uint_eq(pdu.ntlvs, cases[i].sar ? 4 : 1);
	}
}
END_TEST

START_TEST(what_one_short_message_does_not_hold_goes_into_message_payload)
{
	static const struct { int concat; enum coding coding; uint16_t len, udh_len; bool payload; }
	cases[] = {
		{ CONCAT_UDH8, CODING_GSM7, 160, 0, false }, { CONCAT_UDH8, CODING_BINARY, 254, 0, false },
		{ CONCAT_UDH8, CODING_BINARY, 255, 0, true }, { CONCAT_PAYLOAD, CODING_GSM7, 160, 0, false },
		{ CONCAT_PAYLOAD, CODING_GSM7, 161, 0, true }, { CONCAT_PAYLOAD, CODING_UCS2, 140, 0, false },
		{ CONCAT_PAYLOAD, CODING_UCS2, 142, 0, true }, { CONCAT_PAYLOAD, CODING_BINARY, 141, 0, true },
		{ CONCAT_PAYLOAD, CODING_GSM7, 7 + 152, 7, false },
		{ CONCAT_PAYLOAD, CODING_GSM7, 7 + 153, 7, true },
		{ CONCAT_PAYLOAD, CODING_GSM7, PAYLOAD_MAX, 0, true },
	};
	static uint8_t octets[PAYLOAD_MAX], packed[SMPP_PDU_MAX];
	const struct smpp_options options = options_of();
	memset(octets, 'a', sizeof octets);
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct message message = message_of();
		const struct part part = { .message = &message, .number = 1, .octets = octets,
			.coding = cases[i].coding, .len = cases[i].len,
			.udh_len = (uint8_t)cases[i].udh_len };
		struct smpp_pdu pdu, again;
		struct outcome outcome;
		message.concat = cases[i].concat;
		ck_assert(smpp_submit(&options, &part, &pdu, &outcome));
		ck_assert_msg(pdu.ntlvs == cases[i].payload, "%zu", i);
		ck_assert_uint_eq(pdu.sm_length, cases[i].payload ? 0 : cases[i].len);
		size_t text, len = smpp_pack(&pdu, packed, sizeof packed);
		ck_assert_uint_eq(smpp_unpack(packed, len, &again), SMPP_ROK);
		ck_assert_mem_eq(smpp_text(&again, &text), octets, cases[i].len);
		ck_assert_uint_eq(text, cases[i].len);
	}
}
END_TEST

START_TEST(a_text_is_written_in_the_alphabet_of_the_link)
{
	static const char header[] = "\x05\x00\x03\x01\x02\x01";
	static const struct {
		int alphabet;
		enum coding coding;
		uint8_t data_coding, udh_len;
		const char *octets;
		size_t len;
		const char *text;               /* NULL: it is refused */
		size_t text_len;
	} cases[] = {
		{ ALPHABET_GSM7, CODING_GSM7, 0, 0, "\x00\x05\x1b\x65", 4, "\x00\x05\x1b\x65", 4 },
		{ ALPHABET_LATIN1, CODING_GSM7, 0, 0, "a\x00\x05\x02", 4, "a@\xe9$", 4 },
		{ ALPHABET_LATIN1, CODING_GSM7, 0, 0, "\x1b\x28x\x1b\x29", 5, "{x}", 3 },
		{ ALPHABET_LATIN1, CODING_GSM7, 0, 0, "\x1b\x65", 2, NULL, 0 },   /* the euro sign */
		{ ALPHABET_LATIN1, CODING_GSM7, 0, 0, "\x10", 1, NULL, 0 },        /* delta */
		{ ALPHABET_ASCII, CODING_GSM7, 0, 0, "a\x00", 2, "a@", 2 },
		{ ALPHABET_ASCII, CODING_GSM7, 0, 0, "\x05", 1, NULL, 0 },
		{ ALPHABET_UTF8, CODING_GSM7, 0, 0, "\x1b\x65\x10", 3, "\xe2\x82\xac\xce\x94", 5 },
		{ ALPHABET_LATIN1, CODING_GSM7, 0, 6, "\x05\x00\x03\x01\x02\x01\x00", 7,
		  "\x05\x00\x03\x01\x02\x01@", 7 },
		{ ALPHABET_LATIN1, CODING_GSM7, 0, 4, "\x03\x24\x01\x01\x00", 5, NULL, 0 },
		/* Only what data_coding 0 says, and of that only texts. */
		{ ALPHABET_LATIN1, CODING_GSM7, 0x10, 0, "\x00", 1, "\x00", 1 },
		{ ALPHABET_LATIN1, CODING_UCS2, 8, 0, "\x00\x41", 2, "\x00\x41", 2 },
		{ ALPHABET_LATIN1, CODING_BINARY, 0, 0, "\x00\x80", 2, "\x00\x80", 2 },
		{ ALPHABET_LATIN1, CODING_GSM7, 0, 6, header, 6, header, 6 },
		{ ALPHABET_ASCII, CODING_GSM7, 0, 0, "", 0, "", 0 },
	};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct smpp_options options = options_of();
		struct message message = message_of();
		uint8_t octets[16] = { 0 };
		struct smpp_pdu pdu;
		struct outcome outcome;
		memcpy(octets, cases[i].octets, cases[i].len);
		const struct part part = { .message = &message, .number = 1, .octets = octets,
			.coding = cases[i].coding, .len = (uint16_t)cases[i].len,
			.udh_len = cases[i].udh_len };
		options.alphabet = cases[i].alphabet;
		message.batch = batch_new();
		message.data_coding = cases[i].data_coding;
		const bool good = smpp_submit(&options, &part, &pdu, &outcome);
		ck_assert_msg(good == (cases[i].text != NULL), "%zu", i);
		if (good) {
			ck_assert_uint_eq(pdu.sm_length, cases[i].text_len);
			ck_assert_mem_eq(pdu.short_message, cases[i].text, cases[i].text_len);
		} else {
			ck_assert_int_eq(outcome.verdict, VERDICT_REJECTED);
			ck_assert_ptr_nonnull(strstr(outcome.text, "of this link"));
		}
		ck_assert_mem_eq(octets, cases[i].octets, cases[i].len); /* for another link */
		batch_release(message.batch);
	}
}
END_TEST

/* Answers. */

START_TEST(tries_come_later_each_time_and_end)
{
	static const struct { uint32_t status; unsigned attempts; enum verdict verdict; unsigned s; }
	cases[] = {
		{ SMPP_RSYSERR, 1, VERDICT_DEFERRED, 30 }, { SMPP_RSYSERR, 2, VERDICT_DEFERRED, 60 },
		{ SMPP_RSYSERR, 5, VERDICT_DEFERRED, 480 }, { SMPP_RSYSERR, 6, VERDICT_DEFERRED, MAX_S },
		{ SMPP_RSYSERR, 9, VERDICT_DEFERRED, MAX_S }, { SMPP_RSYSERR, 10, VERDICT_REJECTED, 0 },
		{ SMPP_RSUBMITFAIL, 2, VERDICT_DEFERRED, 60 },
		{ SMPP_RSUBMITFAIL, 3, VERDICT_REJECTED, 0 },
		{ SMPP_RUNKNOWNERR, 3, VERDICT_REJECTED, 0 },
		{ SMPP_RINVPASWD, 1, VERDICT_DEFERRED, 30 }, /* to a submit it says nothing clear */
		{ SMPP_RTHROTTLED, 99, VERDICT_DEFERRED, 1 },
		{ SMPP_RINVBNDSTS, 99, VERDICT_DEFERRED, 0 },
		{ SMPP_RINVSRCADR, 1, VERDICT_REJECTED, 0 },
		{ SMPP_ROK, 1, VERDICT_SENT, 0 },
	};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct message message = message_of();
		const struct smpp_pdu pdu = { .status = cases[i].status, .message_id = "a\xe9" };
		message.attempts = (uint16_t)cases[i].attempts;
		const struct outcome outcome = smpp_outcome(&usual, &pdu, &message);
		ck_assert_int_eq(outcome.verdict, cases[i].verdict);
		ck_assert_uint_eq(outcome.retry_ms, cases[i].s * 1000);
		ck_assert_uint_eq(outcome.code, cases[i].status);
		if (cases[i].verdict == VERDICT_SENT)
			ck_assert_str_eq(outcome.network_id, "a?");
	}
}
END_TEST

/* For a message that is refused again and again while others are taken no link rests. */
START_TEST(a_message_that_is_throttled_alone_waits_alone)
{
	for (unsigned throttled = 0; throttled <= THROTTLED_ALONE; throttled++) {
		struct message message = message_of();
		const struct smpp_pdu pdu = { .status = SMPP_RTHROTTLED };
		message.attempts = 12;
		message.throttled = (uint8_t)throttled;
		const struct outcome outcome = smpp_outcome(&usual, &pdu, &message);
		ck_assert_int_eq(outcome.verdict, VERDICT_DEFERRED);
		ck_assert_int_eq(outcome.untried, throttled < THROTTLED_ALONE);
		ck_assert_uint_eq(outcome.hold_ms, throttled < THROTTLED_ALONE ? 1000 : 0);
		ck_assert_uint_eq(outcome.retry_ms, throttled < THROTTLED_ALONE ? 1000 : MAX_S * 1000);
	}
}
END_TEST

START_TEST(a_failure_says_that_an_alert_is_to_come)
{
	static const char receipt[] = "id:7 sub:001 dlvrd:000 submit date:2607311200 "
	    "done date:2607311201 stat:UNDELIV err:027 text:";
	const struct message message = message_of();
	for (unsigned pending = 0; pending < 2; pending++) {
		const uint8_t octet = (uint8_t)pending;
		struct smpp_pdu answer = { .command = (uint32_t)SMPP_SUBMIT_SM_RESP, .status = 0xFE };
		struct smpp_pdu pdu = { .command = SMPP_DELIVER_SM, .esm_class = SMPP_ESM_RECEIPT,
			.short_message = (const uint8_t *)receipt, .sm_length = sizeof receipt - 1 };
		struct smpp_receipt from;
		struct receipt to;
		ck_assert(smpp_tlv_add(&answer, SMPP_TAG_DPF_RESULT, &octet, 1));
		ck_assert(smpp_tlv_add(&pdu, SMPP_TAG_DPF_RESULT, &octet, 1));
		ck_assert(smpp_receipt(&pdu, &from));
		smpp_read_receipt(&usual, &pdu, &from, &to);
		const struct outcome outcome = smpp_outcome(&usual, &answer, &message);
		ck_assert_int_eq(strstr(outcome.text, "an alert is to come") != NULL, pending);
		ck_assert_int_eq(strstr(to.text, "an alert is to come") != NULL, pending);
	}
}
END_TEST

START_TEST(a_link_may_say_what_a_status_means)
{
	static char *rules[] = { (char *)"0x0B = retry", (char *)"69 = fail", (char *)"0x58=few",
		(char *)"1025 = throttle", (char *)"0x402 = hold", (char *)"0x0A = rebind" };
	static const struct { uint32_t status; enum verdict verdict; unsigned retry_s, hold_s; bool untried; }
	cases[] = {
		{ 0x0B, VERDICT_DEFERRED, 30, 0, false }, { 69, VERDICT_REJECTED, 0, 0, false },
		{ 0x58, VERDICT_DEFERRED, 30, 0, false }, { 1025, VERDICT_DEFERRED, 1, 1, true },
		{ 0x402, VERDICT_DEFERRED, 60, 60, true }, { 0x0A, VERDICT_DEFERRED, 0, 0, true },
		{ 0x65, VERDICT_REJECTED, 0, 0, false }, { 0, VERDICT_SENT, 0, 0, false },
	};
	struct smpp_options options = options_of();
	struct conf_error err;
	options.status = (struct conf_list){ .items = rules, .n = 6 };
	ck_assert(smpp_check(&options, &err));
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct message message = message_of();
		const struct smpp_pdu pdu = { .status = cases[i].status };
		message.attempts = 1;
		const struct outcome outcome = smpp_outcome(&options, &pdu, &message);
		ck_assert_int_eq(outcome.verdict, cases[i].verdict);
		ck_assert_uint_eq(outcome.retry_ms, cases[i].retry_s * 1000);
		ck_assert_uint_eq(outcome.hold_ms, cases[i].hold_s * 1000);
		ck_assert_int_eq(outcome.untried, cases[i].untried);
		ck_assert_int_eq(smpp_rebinds(&options, &pdu), cases[i].status == 0x0A);
	}
	static const char *const wrong[] = { "fail", "0x45", "0x45 = never", "0x45 = fail now", "= fail",
		"x = fail", "0 = fail" };
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
		char *one[] = { (char *)wrong[i] };
		options.status = (struct conf_list){ .items = one, .n = 1 };
		ck_assert_msg(!smpp_check(&options, &err), "%s", wrong[i]);
		ck_assert_ptr_nonnull(strstr(err.text, "like \"0x45 = fail\""));
	}
}
END_TEST

START_TEST(a_failed_transaction_is_judged_by_its_reason)
{
	static const struct { int reason; enum verdict verdict; } cases[] = {
		{ 0, VERDICT_DEFERRED }, { 1, VERDICT_REJECTED }, { 2, VERDICT_REJECTED },
		{ 3, VERDICT_DEFERRED }, { -1, VERDICT_DEFERRED },
	};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		const struct message message = message_of();
		struct smpp_pdu pdu = { .status = 0xFE };
		const uint8_t reason = (uint8_t)cases[i].reason;
		if (cases[i].reason >= 0)
			ck_assert(smpp_tlv_add(&pdu, 0x0425, &reason, 1));
		ck_assert_int_eq(smpp_outcome(&usual, &pdu, &message).verdict, cases[i].verdict);
	}
}
END_TEST

/* Inwards. */

START_TEST(receipts_become_facts)
{
	static const struct {
		uint8_t esm_class, state;
		uint32_t error;
		const char *error_text;
		enum status status;
		const char *text;
	} cases[] = {
		{ 0x04, 2, 0, "000", STATUS_DELIVERED, "" },
		{ 0x04, 3, 27, "027", STATUS_UNDELIVERED, "expired (network error 27: absent subscriber)" },
		{ 0x04, 4, 0, "000", STATUS_UNDELIVERED, "deleted at the message centre" },
		{ 0x04, 5, 999, "999", STATUS_UNDELIVERED, "undeliverable (network error 999)" },
		{ 0x04, 8, 0, "EC-27", STATUS_UNDELIVERED, "rejected (network error EC-27)" },
		{ 0x04, 9, 0, "", STATUS_UNDELIVERED, "skipped" },
		{ 0x04, 1, 0, "000", STATUS_SENT, "" },
		{ 0x04, 6, 0, "000", STATUS_SENT, "" },
		{ 0x04, 7, 0, "000", STATUS_SENT, "" },
		{ 0x20, 5, 0, "000", STATUS_SENT, "" },
		{ 0x24, 5, 0, "000", STATUS_UNDELIVERED, "undeliverable" },
	};
	const struct smpp_options options = options_of();
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		const struct smpp_pdu pdu = { .esm_class = cases[i].esm_class,
			.source = { .ton = 1, .digits = "+447700900123" } };
		struct smpp_receipt from = { .id = "0A1b", .state = cases[i].state, .word = "WORD",
			.error = cases[i].error, .done_at = 5 };
		snprintf(from.error_text, sizeof from.error_text, "%s", cases[i].error_text);
		struct receipt to;
		smpp_read_receipt(&options, &pdu, &from, &to);
		ck_assert_int_eq(to.status, cases[i].status);
		ck_assert_str_eq(to.text, cases[i].text);
		ck_assert_str_eq(to.network_id, "0A1b");
		ck_assert_str_eq(to.recipient, "447700900123");
		ck_assert_str_eq(to.word, "WORD");
		ck_assert_int_eq(to.done_at, 5);
		ck_assert_uint_eq(to.code, cases[i].error);
	}
	const struct smpp_pdu pdu = { .esm_class = 4, .sm_length = 6, .short_message = (const uint8_t *)"odd \x01s" };
	struct receipt to;
	smpp_read_receipt(&options, &pdu, &(struct smpp_receipt){ .id = "1" }, &to);
	ck_assert_str_eq(to.text, "it names no state: odd ?s");
	ck_assert_str_eq(to.network_id, "1");
	ck_assert_int_eq(to.status, STATUS_SENT);
	smpp_read_receipt(&options, &pdu, &(struct smpp_receipt){ .state = 5 }, &to);
	ck_assert_str_eq(to.text, "it names no message: odd ?s");
	ck_assert_str_eq(to.network_id, "");
	ck_assert_int_eq(to.status, STATUS_UNDELIVERED);
}
END_TEST

static bool names(const struct receipt *receipt, const char *id)
{
	char key[NETWORK_ID_MAX], other[NETWORK_ID_MAX];
	const char *const all[] = { receipt->network_id, receipt->alternate[0], receipt->alternate[1] };
	network_key(key, id);
	for (size_t i = 0; i < 3; i++) {
		network_key(other, all[i]);
		if (strcmp(key, other) == 0 && (*all[i] || !*id))
			return true;
	}
	return false;
}

START_TEST(receipts_name_messages_in_every_base_that_the_vectors_allow)
{
	struct smpp_options options = options_of();
	json_t *rows = vectors_list("smpp.json", "message_id_matching"), *row;
	size_t i;
	ck_assert_uint_ge(json_array_size(rows), 12);
	json_array_foreach(rows, i, row) {
		const bool plain = strcmp(text_of(row, "mode"), "string") == 0;
		const bool match = json_is_true(json_object_get(row, "match"));
		const bool hex_first = strcmp(text_of(row, "mode"), "resp-hex/dlr-dec") == 0;
		const struct smpp_pdu pdu = { .esm_class = 4 };
		struct smpp_receipt from = { .state = 2 };
		struct receipt to;
		snprintf(from.id, sizeof from.id, "%s", text_of(row, "dlr"));
		options.receipt_ids = plain ? SMPP_IDS_SAME : SMPP_IDS_AUTO;
		smpp_read_receipt(&options, &pdu, &from, &to);
		ck_assert_msg(names(&to, text_of(row, "resp")) == (match || (!plain &&
		    strcmp(from.id, text_of(row, "resp")) == 0)), "%s %s", from.id, text_of(row, "resp"));
		if (plain)
			continue;
		/* The base is said: nothing else will do. */
		options.receipt_ids = hex_first ? SMPP_IDS_HEX_DECIMAL : SMPP_IDS_DECIMAL_HEX;
		smpp_read_receipt(&options, &pdu, &from, &to);
		ck_assert_msg(names(&to, text_of(row, "resp")) == match, "%s %s", from.id,
		    text_of(row, "resp"));
	}
	json_decref(rows);
	/* The TLV's id first, then the text's. */
	const struct smpp_receipt both = { .id = "0A1B", .text_id = "2587", .state = 2 };
	const struct smpp_pdu pdu = { .esm_class = 4 };
	struct receipt to;
	options.receipt_ids = SMPP_IDS_AUTO;
	smpp_read_receipt(&options, &pdu, &both, &to);
	ck_assert_str_eq(to.network_id, "0A1B");
	ck_assert_str_eq(to.alternate[0], "2587");
	ck_assert_str_eq(to.alternate[1], ""); /* 0A1B in decimal is 2587 */
}
END_TEST

/* Versions. */

START_TEST(a_session_is_of_the_lower_version)
{
	json_t *rows = vectors_list("smpp.json", "version_negotiation"), *row;
	size_t i;
	ck_assert_uint_ge(json_array_size(rows), 11);
	json_array_foreach(rows, i, row) {
		json_t *theirs = json_object_get(row, "sc_interface_version");
		const char *session = text_of(row, "session");
		const uint8_t version = smpp_negotiate((uint8_t)json_integer_value(json_object_get(row,
		    "esme_interface_version")), json_is_null(theirs) ? -1 : (int)json_integer_value(theirs), false);
		ck_assert_msg(version >> 4 == session[0] - '0' && (version & 15) == session[2] - '0', "case %zu", i);
		struct smpp_pdu pdu = { .command = SMPP_SUBMIT_SM };
		struct outcome outcome = { .code = 0 };
		smpp_tlv_add(&pdu, 0x0426, "\1", 1);
		smpp_tlv_add(&pdu, SMPP_TAG_MESSAGE_PAYLOAD, "Hi", 2);
		const bool tlvs = json_is_true(json_object_get(row, "tlvs"));
		ck_assert_int_eq(smpp_suits(version, &pdu, &outcome), tlvs);
		ck_assert_int_eq(strstr(outcome.text, "speaks SMPP 3.3") == NULL, tlvs);
	}
	json_decref(rows);
	ck_assert_uint_eq(smpp_negotiate(0x34, -1, true), 0x33);
	/* Without what it does not need it goes out. */
	struct smpp_pdu pdu = { .command = SMPP_SUBMIT_SM };
	struct outcome outcome;
	smpp_tlv_add(&pdu, 0x0426, "\1", 1);
	ck_assert(smpp_suits(0x33, &pdu, &outcome));
	ck_assert_uint_eq(pdu.ntlvs, 0);
}
END_TEST

/* Settings. */

START_TEST(settings_that_do_not_fit_are_refused_in_words)
{
	static char longer[] = "longer than any field of a bind, by far, as everybody can see at once";
	static char secret[] = "s3cret", letters[] = "+44";
	struct conf_error err;
	struct smpp_options options = options_of();
	ck_assert(smpp_check(&options, &err));
	options.password = secret;
	ck_assert(smpp_check(&options, &err));
	options.password_file = secret;
	ck_assert(!smpp_check(&options, &err));
	ck_assert_ptr_nonnull(strstr(err.text, "password and password_file"));
	char **const texts[] = { &options.system_id, &options.system_type, &options.address_range,
		&options.service_type, &options.password };
	for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
		options = options_of();
		*texts[i] = longer;
		ck_assert(!smpp_check(&options, &err));
	}
	options = options_of();
	options.addresses.country_code = letters;
	ck_assert(!smpp_check(&options, &err));
	ck_assert_str_eq(err.text, "country_code = \"+44\" is not a few digits");
	static char *const sources[] = { "localhost", "10.1", "127.0.0.1:5000", "[::1]", "0x7f000001" };
	for (size_t i = 0; i < sizeof sources / sizeof sources[0]; i++) {
		options = options_of();
		options.source_address = sources[i];
		ck_assert_msg(!smpp_check(&options, &err), "%s", sources[i]);
		ck_assert_ptr_nonnull(strstr(err.text, "source_address = "));
	}
	static char *const good[] = { "127.0.0.1", "::1", "2001:db8::7" };
	for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
		options = options_of();
		options.source_address = good[i];
		ck_assert_msg(smpp_check(&options, &err), "%s", err.text);
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("smpp_map");
	TCase *tests = tcase_create("smpp_map");
	suite_add_tcase(suite, tests);
	tcase_add_test(tests, addresses_are_sent_as_the_vectors_say);
	tcase_add_test(tests, a_name_is_written_in_the_alphabet_of_the_link);
	tcase_add_test(tests, settings_overrule_what_an_address_looks_like);
	tcase_add_test(tests, a_part_says_its_alphabet_class_header_and_validity);
	tcase_add_test(tests, a_class_is_written_as_the_link_says);
	tcase_add_test(tests, what_a_row_asks_goes_into_its_fields);
	tcase_add_test(tests, the_sooner_of_two_ends_counts_in_the_form_of_the_link);
	tcase_add_test(tests, parts_say_that_they_are_parts_as_the_message_wants);
	tcase_add_test(tests, what_one_short_message_does_not_hold_goes_into_message_payload);
	tcase_add_test(tests, a_text_is_written_in_the_alphabet_of_the_link);
	tcase_add_test(tests, tries_come_later_each_time_and_end);
	tcase_add_test(tests, a_link_may_say_what_a_status_means);
	tcase_add_test(tests, a_failed_transaction_is_judged_by_its_reason);
	tcase_add_test(tests, receipts_become_facts);
	tcase_add_test(tests, receipts_name_messages_in_every_base_that_the_vectors_allow);
	tcase_add_test(tests, a_session_is_of_the_lower_version);
	tcase_add_test(tests, settings_that_do_not_fit_are_refused_in_words);
	tcase_add_test(tests, a_message_that_is_throttled_alone_waits_alone);
	tcase_add_test(tests, a_failure_says_that_an_alert_is_to_come);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
