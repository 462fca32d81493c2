/* SPDX-License-Identifier: Apache-2.0 */
/* check_smpp_ussd.c - turns of USSD dialogues as PDUs, out and in, octet by octet. */
#include "../drivers/smpp.h"
#include "../gateway/asked.h"
#include "../gateway/encode.h"
#include "../gateway/inbox.h"
#include "../gateway/late.h"
#include "../gateway/turn.h"
#include "vectors.h"

#include <check.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static char empty[] = "", account[] = "acme01", abroad[] = "00", home[] = "0", mine[] = "SMS";
static char none[] = "none", vendor[] = "0x1403", menu[] = "MENU";
static char *hosts[] = { account };

static struct smpp_options options_of(char *session)
{
	return (struct smpp_options){ .host = { hosts, 1 }, .system_id = account, .password = empty,
		.password_file = empty, .system_type = empty, .address_range = empty,
		.source_address = empty, .service_type = mine, .addresses.country_code = empty,
		.addresses.international_prefix = abroad, .addresses.national_prefix = home, .addresses.short_code_digits = 6,
		.short_code_ton = 3, .source_ton = -1, .source_npi = -1, .dest_ton = -1, .dest_npi = -1,
		.ussd_session = session, .esm_mode = SMPP_MODE_STORE };
}

static struct message *row(const char *body, const char *options)
{
	struct batch *batch = batch_new();
	struct message *message = batch_message(batch);
	batch_release(batch);
	message->id = 7;
	message->kind = "ussd";
	message->sender = "*123#";
	message->recipient = "+447700900123";
	message->body = body;
	message->options = options;
	message->attempts = 1;
	message->wants_receipt = true;
	message->expires_at = time(NULL) + 60;
	return message;
}

/* The row as it goes out; NULL: `why` says why it does not. */
static const struct smpp_pdu *submitted(struct message *message, const struct smpp_options *options,
    struct outcome *outcome)
{
	static struct smpp_pdu pdu;
	struct encode_rules rules = encode_usual;
	rules.concat = CONCAT_PAYLOAD;      /* what links say of parts is nothing to USSD */
	rules.national_single = 1 << 1;
	rules.reserve = 6;
	*outcome = (struct outcome){ .verdict = VERDICT_REJECTED };
	if (!encode_message(message, &rules, outcome->text, sizeof outcome->text))
		return NULL;
	ck_assert_uint_eq(message->nparts, 1);
	return smpp_submit(options, &message->parts[0], &pdu, outcome) ? &pdu : NULL;
}

START_TEST(the_last_word_is_the_vector_octet_by_octet)
{
	static uint8_t expected[SMPP_PDU_MAX], octets[SMPP_PDU_MAX];
	const struct smpp_options options = options_of(NULL);
	struct message *message = row("Balance 4.20", "{\"ussd\": {\"session\": 42, \"sequence\": 2}}");
	struct outcome outcome;
	const struct smpp_pdu *pdu = submitted(message, &options, &outcome);
	ck_assert_msg(pdu != NULL, "%s", outcome.text);
	struct smpp_pdu numbered = *pdu;
	for (unsigned i = 0; i < numbered.ntlvs; i++) /* values in the PDU itself */
		if (pdu->tlvs[i].at >= pdu->numbers && pdu->tlvs[i].at < pdu->numbers + sizeof pdu->numbers)
			numbered.tlvs[i].at = numbered.numbers + (pdu->tlvs[i].at - pdu->numbers);
	numbered.sequence = 21;
	const size_t len = vector_octets("smpp.json", "pdus", "V37", expected, sizeof expected);
	ck_assert_uint_eq(smpp_pack(&numbered, octets, sizeof octets), len);
	ck_assert_mem_eq(octets, expected, len);
	message_release(message);
}
END_TEST

START_TEST(what_a_handset_begins_is_read_from_the_vector)
{
	static uint8_t octets[SMPP_PDU_MAX];
	struct smpp_pdu pdu;
	struct inbound inbound;
	const struct smpp_options options = options_of(NULL);
	ck_assert_uint_eq(smpp_unpack(octets, vector_octets("smpp.json", "pdus", "V53", octets, sizeof octets), &pdu), SMPP_ROK);
	char *told = smpp_read_inbound(&options, &pdu, &inbound);
	ck_assert_str_eq(inbound.sender, "+447700900123");
	ck_assert_str_eq(inbound.recipient, "*123#");
	ck_assert(inbound.turn.there && !inbound.turn.end);
	ck_assert_int_eq(inbound.turn.op, TURN_BEGIN);
	ck_assert_int_eq(inbound.turn.session, 42);
	ck_assert_int_eq(inbound.turn.sequence, 0);
	ck_assert_str_eq(inbound.options, "{\"service_type\":\"USSD\",\"ussd\":{\"op\":\"begin\",\"session\":42,"
	    "\"sequence\":0,\"end\":false}}");
	struct batch *batch = batch_new();
	const struct inbound *parts[] = { &inbound };
	struct letter letter;
	inbox_join(&letter, parts, 1, batch);
	ck_assert_str_eq(letter.kind, "ussd");
	ck_assert_str_eq(letter.body, "*123#");
	ck_assert_uint_eq(letter.parts, 1);
	ck_assert_ptr_nonnull(strstr(letter.options, "\"session\":42"));
	batch_release(batch);
	free(told);
}
END_TEST

START_TEST(each_turn_says_its_operation_and_its_dialogue)
{
	static const struct { const char *options; char *session; const char *op, *tag; unsigned number; } cases[] = {
		{ NULL, NULL, "03", "", 0 },
		{ "{}", NULL, "03", "", 0 },
		{ "{\"ussd\": {\"op\": \"request\"}}", NULL, "02", "", 0 },
		{ "{\"ussd\": {\"op\": \"request\", \"session\": 42, \"sequence\": 1}}", NULL, "02", "2A02", 0x1383 },
		{ "{\"ussd\": {\"op\": \"request\", \"session\": 42, \"sequence\": 1, \"end\": true}}", NULL, "02",
		  "2A03", 0x1383 },
		{ "{\"ussd\": {\"session\": 255, \"sequence\": 127}}", NULL, "11", "FFFF", 0x1383 },
		{ "{\"ussd\": {\"session\": 1, \"end\": false}}", NULL, "11", "0100", 0x1383 },
		{ "{\"ussd\": {\"op\": \"data-response\", \"session\": 1}}", NULL, "10", "0101", 0x1383 },
		{ "{\"ussd\": {\"op\": \"notify\", \"session\": 1}}", NULL, "03", "0101", 0x1383 },
		{ "{\"ussd\": {\"op\": 33, \"session\": \"0x2A\"}}", NULL, "21", "2A00", 0x1383 },
		{ "{\"ussd\": {\"op\": \"request\", \"session\": 42}}", none, "02", "", 0 },
		{ "{\"ussd\": {\"op\": \"request\", \"session\": \"0x00000A1B\"}}", vendor, "02", "00000A1B", 0x1403 },
		{ "{\"ussd\": {\"op\": \"request\", \"session\": 2587}}", vendor, "02", "0A1B", 0x1403 },
		{ "{\"ussd\": {\"op\": \"request\", \"session\": 70000}}", vendor, "02", "00011170", 0x1403 },
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		const struct smpp_options options = options_of(cases[i].session);
		struct message *message = row("Balance", cases[i].options);
		struct outcome outcome;
		const struct smpp_pdu *pdu = submitted(message, &options, &outcome);
		ck_assert_msg(pdu != NULL, "%s", outcome.text);
		char op[8] = "", session[40] = "";
		uint16_t tag = 0;
		for (unsigned k = 0; k < pdu->ntlvs; k++) {
			char *out = pdu->tlvs[k].tag == SMPP_TAG_USSD_SERVICE_OP ? op : session;
			tag = pdu->tlvs[k].tag == SMPP_TAG_USSD_SERVICE_OP ? tag : pdu->tlvs[k].tag;
			for (size_t n = 0; n < pdu->tlvs[k].len; n++)
				snprintf(out + 2 * n, 3, "%02X", pdu->tlvs[k].at[n]);
		}
		ck_assert_str_eq(op, cases[i].op);
		ck_assert_str_eq(session, cases[i].tag);
		ck_assert_uint_eq(tag, cases[i].number);
		ck_assert_str_eq(pdu->service_type, "USSD");
		ck_assert_str_eq(pdu->validity_period, "");
		ck_assert_uint_eq(pdu->registered_delivery, 0);
		ck_assert_uint_eq(pdu->esm_class, 0);
		message_release(message);
	}
}
END_TEST

/* So many of one character. */
static char *many(const char *one, size_t n)
{
	char *text = calloc(n, strlen(one) + 1);
	for (size_t i = 0; i < n; i++)
		memcpy(text + i * strlen(one), one, strlen(one));
	return text;
}

START_TEST(a_text_is_one_screen_or_fails_in_words)
{
	static const struct { const char *one; size_t n; uint8_t data_coding, length; const char *why; } cases[] = {
		{ "x", 182, 0, 182, NULL },
		{ "x", 183, 0, 0, "body is too long: it needs 183 characters in GSM 7-bit, and USSD has 182 in GSM "
		  "7-bit, 80 in UCS-2, and no parts" },
		{ "€", 91, 0, 182, NULL },
		{ "ő", 80, 8, 160, NULL },
		{ "ő", 81, 8, 0, "body is too long: it needs 81 characters in UCS-2" },
		{ "x", 0, 0, 0, NULL },
	};
	const struct smpp_options options = options_of(NULL);
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		char *text = many(cases[i].one, cases[i].n);
		struct message *message = row(text, "{\"ussd\": {\"op\": \"request\", \"session\": 1}}");
		struct outcome outcome;
		const struct smpp_pdu *pdu = submitted(message, &options, &outcome);
		ck_assert_msg(!pdu == !!cases[i].why, "%s", outcome.text);
		if (pdu) {
			ck_assert_uint_eq(pdu->sm_length, cases[i].length);
			ck_assert_uint_eq(pdu->data_coding, cases[i].data_coding);
		} else {
			ck_assert_ptr_nonnull(strstr(outcome.text, cases[i].why));
		}
		message_release(message);
		free(text);
	}
}
END_TEST

/* 3GPP TS 23.038, 6.1.2.3.1: seven spare bits are a carriage return, which no text shows. */
START_TEST(a_packed_text_is_filled_with_a_return)
{
	struct smpp_options options = options_of(NULL);
	struct message *message = row("seven..", "{\"ussd\": {\"session\": 1}}");
	struct outcome outcome;
	struct inbound inbound;
	options.packed = true;
	const struct smpp_pdu *pdu = submitted(message, &options, &outcome);
	ck_assert_msg(pdu != NULL, "%s", outcome.text);
	ck_assert_uint_eq(pdu->sm_length, 7);
	ck_assert_uint_eq(pdu->short_message[6] >> 1, 0x0D);
	struct smpp_pdu back = { .command = SMPP_DELIVER_SM, .short_message = pdu->short_message, .sm_length = 7 };
	smpp_tlv_add(&back, SMPP_TAG_USSD_SERVICE_OP, "\x12", 1);
	char *told = smpp_read_inbound(&options, &back, &inbound);
	ck_assert_uint_eq(inbound.octets.len, 7);
	ck_assert_mem_eq(inbound.octets.at, "seven..", 7);
	free(told);
	back.sm_length = 0;
	told = smpp_read_inbound(&options, &back, &inbound);
	ck_assert_uint_eq(inbound.octets.len, 0);
	free(told);
	message_release(message);
}
END_TEST

START_TEST(a_session_that_this_link_cannot_say_is_refused_in_words)
{
	const struct smpp_options options = options_of(NULL);
	struct message *message = row("x", "{\"ussd\": {\"session\": 256}}");
	struct outcome outcome;
	ck_assert_ptr_null(submitted(message, &options, &outcome));
	ck_assert_int_eq(outcome.verdict, VERDICT_REJECTED);
	ck_assert_ptr_nonnull(strstr(outcome.text, "session is a number from 0 to 255 on this link"));
	message_release(message);
}
END_TEST

/* A deliver_sm of "*1#" or "1" with these parameters, as "SESSION SEQUENCE OP END". */
static const char *read_back(const struct smpp_options *options, const char *service_type, const char *op,
    const struct smpp_tlv *session, const char *text)
{
	static char out[160];
	struct smpp_pdu pdu = { .command = SMPP_DELIVER_SM, .short_message = (const uint8_t *)text,
		.sm_length = (uint8_t)strlen(text), .source = { .ton = 1, .npi = 1, .digits = "4477" } };
	struct inbound inbound;
	snprintf(pdu.service_type, sizeof pdu.service_type, "%s", service_type);
	if (op)
		smpp_tlv_add(&pdu, SMPP_TAG_USSD_SERVICE_OP, op, 1);
	if (session)
		smpp_tlv_add(&pdu, session->tag, session->at, session->len);
	char *told = smpp_read_inbound(options, &pdu, &inbound);
	snprintf(out, sizeof out, "%lld %d %d %d", (long long)inbound.turn.session, inbound.turn.sequence,
	    inbound.turn.op, inbound.turn.end);
	if (!inbound.turn.there)
		snprintf(out, sizeof out, "none");
	free(told);
	return out;
}

START_TEST(a_turn_is_known_by_its_operation_or_its_service_type)
{
	const struct smpp_options usual = options_of(NULL), handset = options_of(none);
	struct smpp_options named = options_of(NULL), own = options_of(vendor);
	const struct smpp_tlv info = { SMPP_TAG_ITS_SESSION_INFO, 2, (const uint8_t *)"\x2A\x05" };
	const struct smpp_tlv cut = { SMPP_TAG_ITS_SESSION_INFO, 1, (const uint8_t *)"\x2A" };
	const struct smpp_tlv token = { 0x1403, 3, (const uint8_t *)"\x01\x02\x03" };
	named.ussd_service_type = menu;
	ck_assert_str_eq(read_back(&usual, "", "\x12", &info, "1"), "42 2 18 1");
	ck_assert_str_eq(read_back(&usual, "", NULL, &info, "1"), "none");
	ck_assert_str_eq(read_back(&usual, "USSD", NULL, NULL, "*1#"), "-1 -1 1 0");
	ck_assert_str_eq(read_back(&usual, "USSD", NULL, NULL, "1"), "-1 -1 18 0");
	ck_assert_str_eq(read_back(&named, "MENU", NULL, NULL, "#1"), "-1 -1 1 0");
	ck_assert_str_eq(read_back(&usual, "MENU", NULL, NULL, "#1"), "none");
	ck_assert_str_eq(read_back(&usual, "", "\xFF", &cut, ""), "-1 -1 255 0");
	ck_assert_str_eq(read_back(&handset, "", "\x12", &info, "1"), "-1 -1 18 0");
	ck_assert_str_eq(read_back(&own, "", "\x12", &info, "1"), "-1 -1 18 0");
	ck_assert_str_eq(read_back(&own, "", "\x12", &token, "1"), "66051 -1 18 0");
}
END_TEST

START_TEST(a_reply_to_the_network_s_own_octets_has_them_again)
{
	const struct smpp_options options = options_of(vendor);
	struct smpp_pdu pdu = { .command = SMPP_DATA_SM };
	struct inbound inbound;
	smpp_tlv_add(&pdu, SMPP_TAG_USSD_SERVICE_OP, "\x01", 1);
	smpp_tlv_add(&pdu, 0x1403, "\0\0\x0A\x1B", 4);
	char *told = smpp_read_inbound(&options, &pdu, &inbound);
	ck_assert_str_eq(inbound.options, "{\"ussd\":{\"op\":\"begin\",\"session\":\"0x00000A1B\",\"end\":false}}");
	char *reply = turn_reply(&inbound.turn);
	ck_assert_str_eq(reply, "{\"ussd\":{\"op\":\"request\",\"session\":\"0x00000A1B\"}}");
	free(reply);
	free(told);
}
END_TEST

/* The coding of cell broadcast that many gateways write. */
START_TEST(the_unspecified_language_is_the_default_alphabet)
{
	const struct smpp_options options = options_of(NULL);
	struct smpp_pdu pdu = { .command = SMPP_DELIVER_SM, .data_coding = 0x0F, .sm_length = 2,
		.short_message = (const uint8_t *)"\x00" "1" };
	struct inbound inbound;
	smpp_tlv_add(&pdu, SMPP_TAG_USSD_SERVICE_OP, "\x12", 1);
	free(smpp_read_inbound(&options, &pdu, &inbound));
	ck_assert_int_eq(inbound.charset, CHARSET_GSM7);
}
END_TEST

START_TEST(a_turn_that_was_not_taken_is_not_sent_again)
{
	static const struct { uint32_t status; enum verdict verdict; } cases[] = {
		{ SMPP_RSYSERR, VERDICT_REJECTED }, { SMPP_RSUBMITFAIL, VERDICT_REJECTED },
		{ SMPP_RINVDSTADR, VERDICT_REJECTED }, { SMPP_RTHROTTLED, VERDICT_DEFERRED },
		{ SMPP_ROK, VERDICT_SENT },
	};
	const struct smpp_options options = options_of(NULL);
	struct message *message = row("x", "{\"ussd\": {\"session\": 1}}");
	struct outcome outcome;
	struct answer answer;
	ck_assert_ptr_nonnull(submitted(message, &options, &outcome));
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		const struct smpp_pdu pdu = { .status = cases[i].status };
		outcome = smpp_outcome(&options, &pdu, message);
		ck_assert_int_eq(outcome.verdict, cases[i].verdict);
		/* Throttled, it waits in the link, which knows until when. */
		ck_assert(cases[i].verdict != VERDICT_DEFERRED || (outcome.untried && outcome.hold_ms));
	}
	struct late *late = late_new(1);
	late_put(late, 5, &message->parts[0], 100);
	ck_assert(late_take(late, 5, 50, &answer) && answer.once);
	late_free(late);
	message_release(message);
}
END_TEST

START_TEST(a_turn_of_a_dialogue_is_not_sent_when_it_is_stale)
{
	const struct smpp_options options = options_of(NULL);
	struct outcome outcome;
	struct message *message = row("x", "{\"ussd\": {\"session\": 1}}");
	message->expires_at = 0;
	message->due_at = 1000;
	ck_assert_ptr_nonnull(submitted(message, &options, &outcome));
	ck_assert_int_eq(message->expires_at, 1180);
	message_release(message);
	message = row("x", "{\"ussd\": {\"op\": \"notify\"}}"); /* a push can wait */
	message->expires_at = 0;
	message->due_at = 1000;
	ck_assert_ptr_nonnull(submitted(message, &options, &outcome));
	ck_assert_int_eq(message->expires_at, 0);
	message_release(message);
}
END_TEST

START_TEST(settings_that_name_no_session_are_refused)
{
	static char wrong[][24] = { "0x13FF", "0x4000", "1403", "session", "0x14zz", "0x" };
	struct conf_error err;
	struct smpp_options options = options_of(vendor);
	ck_assert(smpp_check(&options, &err));
	options.ussd_session = none;
	ck_assert(smpp_check(&options, &err));
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
		options.ussd_session = wrong[i];
		ck_assert(!smpp_check(&options, &err));
		ck_assert_ptr_nonnull(strstr(err.text, "ussd_session"));
	}
	options.ussd_session = none;
	options.ussd_service_type = account;
	ck_assert(!smpp_check(&options, &err));
	ck_assert_ptr_nonnull(strstr(err.text, "ussd_service_type"));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("smpp_ussd");
	TCase *tests = tcase_create("smpp_ussd");
	tcase_add_test(tests, the_last_word_is_the_vector_octet_by_octet);
	tcase_add_test(tests, what_a_handset_begins_is_read_from_the_vector);
	tcase_add_test(tests, each_turn_says_its_operation_and_its_dialogue);
	tcase_add_test(tests, a_text_is_one_screen_or_fails_in_words);
	tcase_add_test(tests, a_packed_text_is_filled_with_a_return);
	tcase_add_test(tests, a_session_that_this_link_cannot_say_is_refused_in_words);
	tcase_add_test(tests, a_turn_is_known_by_its_operation_or_its_service_type);
	tcase_add_test(tests, a_reply_to_the_network_s_own_octets_has_them_again);
	tcase_add_test(tests, the_unspecified_language_is_the_default_alphabet);
	tcase_add_test(tests, a_turn_that_was_not_taken_is_not_sent_again);
	tcase_add_test(tests, a_turn_of_a_dialogue_is_not_sent_when_it_is_stale);
	tcase_add_test(tests, settings_that_name_no_session_are_refused);
	suite_add_tcase(suite, tests);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	const int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
