/* SPDX-License-Identifier: Apache-2.0 */
/*
 * check_smpp_multi.c - submit_multi, data_sm, broadcast_sm and a provider's parameters:
 * rows into octets, and answers into what became of whom.
 */
#include "../drivers/smpp.h"
#include "../gateway/asked.h"
#include "../gateway/encode.h"
#include "../gateway/several.h"
#include "vectors.h"

#include <check.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static char empty[] = "", abroad[] = "00", home[] = "0";
static char *tlv_names[] = { "0x1400 entity_id text", "0x1403 tariff number", "0x1405 code cstring",
	"0x1406 operator hex", "0x1407 session number2" };

static struct smpp_options options_of(void)
{
	return (struct smpp_options){ .system_id = empty, .service_type = empty, .addresses.country_code = empty,
		.addresses.international_prefix = abroad, .addresses.national_prefix = home,
		.addresses.short_code_digits = 6, .short_code_ton = 3,
		.source_ton = -1, .source_npi = -1, .dest_ton = -1, .dest_npi = -1,
		.tlv_names = { tlv_names, sizeof tlv_names / sizeof *tlv_names } };
}

/* A row from ACME, encoded. */
static struct message *row(const char *recipient, const char *kind, const char *body, const char *options)
{
	char why[OUTCOME_TEXT_MAX] = "";
	struct batch *batch = batch_new();
	struct message *message = batch_message(batch);
	batch_release(batch);
	message->id = 1;
	message->sender = "ACME";
	message->recipient = recipient;
	message->kind = kind;
	message->body = body;
	message->options = options;
	message->wants_receipt = true;
	message->attempts = 1;
	snprintf(message->link, sizeof message->link, "acme");
	ck_assert_msg(encode_message(message, &encode_usual, why, sizeof why), "%s", why);
	return message;
}

/* The first part of the row is these octets but for the sequence number. */
static void expect_vector(const struct smpp_options *options, const struct message *message, const char *id,
    uint32_t sequence)
{
	uint8_t expected[1024], packed[1024];
	const size_t len = vector_octets("smpp.json", "pdus", id, expected, sizeof expected);
	struct smpp_pdu pdu;
	struct outcome outcome;
	ck_assert_msg(smpp_request(options, &message->parts[0], &pdu, &outcome), "%s", outcome.text);
	pdu.sequence = sequence;
	ck_assert_uint_eq(smpp_pack(&pdu, packed, sizeof packed), len);
	ck_assert_mem_eq(packed, expected, len);
}

START_TEST(several_recipients_and_a_list_are_a_submit_multi)
{
	const struct smpp_options options = options_of();
	struct message *message = row("+447700900123", "text", "Hi all",
	    "{\"recipients\": [\"+44 7700 900124\"], \"lists\": [\"STAFF\"]}");
	ck_assert_uint_eq(message->ndestinations, 3);
	ck_assert_uint_eq(message_rows(message), 3);
	expect_vector(&options, message, "V59", 31);
	message_release(message);
}
END_TEST

enum { ANSWER_ROOM = 256 };

static struct smpp_pdu answer_of(const char *id, uint8_t octets[ANSWER_ROOM])
{
	struct smpp_pdu pdu;
	ck_assert_uint_eq(smpp_unpack(octets, vector_octets("smpp.json", "pdus", id, octets, ANSWER_ROOM), &pdu), SMPP_ROK);
	return pdu;
}

START_TEST(who_was_refused_is_known_by_its_address)
{
	static uint8_t octets[ANSWER_ROOM];
	const struct smpp_options options = options_of();
	struct message *message = row("+447700900123", "text", "Hi all",
	    "{\"recipients\": [\"07700900124\"], \"lists\": [\"STAFF\"]}");
	const struct smpp_pdu pdu = answer_of("V60", octets);
	const struct outcome outcome = smpp_answer(&options, &pdu, &message->parts[0]);
	ck_assert_int_eq(outcome.verdict, VERDICT_SENT);
	ck_assert_str_eq(outcome.network_id, "9001");
	ck_assert_uint_eq(message->parts[0].nrefused, 1);
	const struct rejection *refused = destination_refused(&message->parts[0], 1);
	ck_assert_ptr_nonnull(refused);
	ck_assert_uint_eq(refused->code, SMPP_RINVDSTADR);
	ck_assert_ptr_nonnull(strstr(refused->text, "ESME_RINVDSTADR"));
	ck_assert_ptr_null(destination_refused(&message->parts[0], 0));
	char text[OUTCOME_TEXT_MAX];
	several_tell_refused(message, text, sizeof text);
	ck_assert_str_eq(text, "1 of 3 recipients refused: see outbox_part");
	message_release(message);
}
END_TEST

START_TEST(when_nobody_is_left_the_part_is_rejected)
{
	const struct smpp_options options = options_of();
	struct message *message = row("+447700900123", "text", "x", "{\"recipients\": [\"+447700900124\"]}");
	uint8_t dests[256];
	struct smpp_pdu pdu = { .command = (uint32_t)SMPP_SUBMIT_MULTI_RESP, .message_id = "7" };
	/* A stranger among them, and one twice, count for nothing. */
	static const char *const refused[] = { "447700900124", "1999", "447700900124", "447700900123" };
	for (size_t i = 0; i < 4; i++) {
		struct smpp_dest dest = { .status = SMPP_RINVDSTADR };
		snprintf(dest.address.digits, sizeof dest.address.digits, "%s", refused[i]);
		pdu.dests.len = (uint16_t)(pdu.dests.len +
		    smpp_dest_put(pdu.command, &dest, dests + pdu.dests.len, sizeof dests - pdu.dests.len));
		pdu.dests.n++;
	}
	pdu.dests.at = dests;
	const struct outcome outcome = smpp_answer(&options, &pdu, &message->parts[0]);
	ck_assert_int_eq(outcome.verdict, VERDICT_REJECTED);
	ck_assert_uint_eq(outcome.code, SMPP_RINVDSTADR);
	ck_assert_ptr_nonnull(strstr(outcome.text, "all 2 recipients refused: ESME_RINVDSTADR"));
	message_release(message);
}
END_TEST

START_TEST(a_status_on_the_whole_is_of_all)
{
	const struct smpp_options options = options_of();
	struct message *message = row("+447700900123", "text", "x", "{\"recipients\": [\"+447700900124\"]}");
	static const struct { uint32_t status; enum verdict verdict; } cases[] = {
		{ SMPP_RTHROTTLED, VERDICT_DEFERRED }, { SMPP_RINVNUMDESTS, VERDICT_REJECTED },
		{ SMPP_RSYSERR, VERDICT_DEFERRED },
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		const struct smpp_pdu pdu = { .command = (uint32_t)SMPP_SUBMIT_MULTI_RESP, .status = cases[i].status };
		ck_assert_int_eq(smpp_answer(&options, &pdu, &message->parts[0]).verdict, cases[i].verdict);
		ck_assert_uint_eq(message->parts[0].nrefused, 0);
	}
	message_release(message);
}
END_TEST

START_TEST(who_has_the_part_is_left_out_of_the_next_attempt)
{
	const struct smpp_options options = options_of();
	static const char asked[] = "{\"recipients\": [\"+447700900124\", \"+447700900125\"]}";
	struct message *message = row("+447700900123", "text", "x", asked);
	char earlier[64];
	snprintf(earlier, sizeof earlier, "1:%u,1:99", (unsigned)destination_digest(&message->parts[0], 1));
	message->earlier = earlier;
	struct smpp_pdu pdu;
	struct outcome outcome;
	struct smpp_dest dest;
	size_t at = 0;
	ck_assert(smpp_request(&options, &message->parts[0], &pdu, &outcome));
	ck_assert_uint_eq(pdu.dests.n, 2);
	ck_assert(smpp_dest_next(&pdu, &at, &dest));
	ck_assert_str_eq(dest.address.digits, "447700900123");
	ck_assert(smpp_dest_next(&pdu, &at, &dest));
	ck_assert_str_eq(dest.address.digits, "447700900125");
	several_trust_taken(message);
	ck_assert(!message->parts[0].taken);
	snprintf(earlier, sizeof earlier, "1:%u,1:%u,1:%u", (unsigned)destination_digest(&message->parts[0], 0),
	    (unsigned)destination_digest(&message->parts[0], 1), (unsigned)destination_digest(&message->parts[0], 2));
	several_trust_taken(message);
	ck_assert(message->parts[0].taken);
	message_release(message);
}
END_TEST

START_TEST(a_row_for_one_is_a_submit_sm_as_ever)
{
	const struct smpp_options options = options_of();
	struct message *message = row("+447700900123", "text", "x", "{\"recipients\": []}");
	struct smpp_pdu pdu;
	struct outcome outcome;
	ck_assert_uint_eq(message->ndestinations, 0);
	ck_assert_uint_eq(message_rows(message), 1);
	ck_assert(smpp_request(&options, &message->parts[0], &pdu, &outcome));
	ck_assert_uint_eq(pdu.command, SMPP_SUBMIT_SM);
	message_release(message);
}
END_TEST

START_TEST(data_sm_has_the_text_as_payload_and_its_validity_as_a_duration)
{
	struct smpp_options options = options_of();
	struct message *message = row("+447700900123", "text", "Hello by data_sm",
	    "{\"operation\": \"data_sm\", \"tlvs\": {\"qos_time_to_live\": 3600}}");
	struct smpp_pdu pdu;
	struct outcome outcome;
	ck_assert_msg(smpp_request(&options, &message->parts[0], &pdu, &outcome), "%s", outcome.text);
	ck_assert_uint_eq(pdu.ntlvs, 2);
	const struct smpp_tlv first = pdu.tlvs[0];
	pdu.tlvs[0] = pdu.tlvs[1]; /* the vector has the text first */
	pdu.tlvs[1] = first;
	uint8_t expected[256], packed[256];
	const size_t len = vector_octets("smpp.json", "pdus", "V55", expected, sizeof expected);
	pdu.sequence = 30;
	ck_assert_uint_eq(smpp_pack(&pdu, packed, sizeof packed), len);
	ck_assert_mem_eq(packed, expected, len);
	message_release(message);
	options.submit_with = OPERATION_DATA;
	message = row("+447700900123", "text", "x", NULL);
	message->expires_at = time(NULL) + 100;
	ck_assert(smpp_request(&options, &message->parts[0], &pdu, &outcome));
	ck_assert_uint_eq(pdu.command, SMPP_DATA_SM);
	const uint32_t left = smpp_tlv_number(&pdu, 0x0017, 0);
	ck_assert(left >= 98 && left <= 100);
	ck_assert_uint_eq(pdu.sm_length, 0);
	message_release(message);
}
END_TEST

START_TEST(what_data_sm_has_no_field_for_fails_in_words)
{
	static const struct { const char *kind, *options, *word; } cases[] = {
		{ "text", "{\"priority\": 1}", "priority" }, { "text", "{\"protocol_id\": 1}", "protocol_id" },
		{ "text", "{\"schedule\": \"2040-01-01T00:00:00Z\"}", "schedule" },
		{ "text", "{\"replace_if_present\": true}", "replace_if_present" }, { "silent", "{}", "kind silent" },
		{ "text", "{\"replace\": 1}", "protocol_id" },
	};
	struct smpp_options options = options_of();
	options.submit_with = OPERATION_DATA;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct message *message = row("+447700900123", cases[i].kind, "x", cases[i].options);
		struct smpp_pdu pdu;
		struct outcome outcome;
		ck_assert(!smpp_request(&options, &message->parts[0], &pdu, &outcome));
		ck_assert_int_eq(outcome.verdict, VERDICT_REJECTED);
		ck_assert_msg(strncmp(outcome.text, cases[i].word, strlen(cases[i].word)) == 0, "%s", outcome.text);
		message_release(message);
	}
}
END_TEST

START_TEST(what_an_answer_adds_to_its_status_is_told)
{
	static uint8_t octets[ANSWER_ROOM];
	const struct smpp_options options = options_of();
	struct message *message = row("+447700900123", "text", "x", "{\"operation\": \"data_sm\"}");
	const struct smpp_pdu pdu = answer_of("V57", octets);
	const struct outcome outcome = smpp_answer(&options, &pdu, &message->parts[0]);
	ck_assert_int_eq(outcome.verdict, VERDICT_DEFERRED);
	ck_assert_uint_eq(outcome.code, 0xFE);
	ck_assert_msg(strstr(outcome.text, "; temporary network error; network error 34 (type 3); try later"), "%s",
	    outcome.text);
	message_release(message);
}
END_TEST

static const char flood[] = "{\"areas\": [{\"alias\": \"ZONE-7\"}], \"broadcast_content\": {\"network\": 1, "
    "\"service\": 1}, \"repetitions\": 5, \"interval\": {\"unit\": \"minutes\", \"count\": 10}, "
    "\"service_type\": \"CBS\"}";

/* As V76, but that the number of repetitions has two octets (5.0, 4.8.4.11). */
START_TEST(a_broadcast_has_its_four_parameters_and_its_text)
{
	const struct smpp_options options = options_of();
	struct message *message = row("", "broadcast", "Flood warning", flood);
	message->sender = "CIVIL";
	uint8_t expected[256], packed[256];
	const size_t len = vector_octets("smpp.json", "pdus", "V76", expected, sizeof expected), repetitions = 53;
	ck_assert_mem_eq(expected + repetitions, "\x06\x04\0\1\5", 5);
	memmove(expected + repetitions + 5, expected + repetitions + 4, len - repetitions - 4);
	expected[repetitions + 3] = 2;
	expected[repetitions + 4] = 0;
	expected[3]++;
	struct smpp_pdu pdu;
	struct outcome outcome;
	ck_assert_msg(smpp_request(&options, &message->parts[0], &pdu, &outcome), "%s", outcome.text);
	pdu.sequence = 43;
	ck_assert_uint_eq(smpp_pack(&pdu, packed, sizeof packed), len + 1);
	ck_assert_mem_eq(packed, expected, len + 1);
	ck_assert(!smpp_suits(0x34, &pdu, &outcome));
	ck_assert_str_eq(outcome.text, "broadcast_sm needs SMPP 5.0, and this session is of 3.4");
	ck_assert(smpp_suits(0x50, &pdu, &outcome));
	message_release(message);
}
END_TEST

START_TEST(areas_that_are_refused_are_told_by_name)
{
	static uint8_t octets[ANSWER_ROOM];
	const struct smpp_options options = options_of();
	struct message *message = row("", "broadcast", "Flood warning", "{\"areas\": [\"ZONE-6\", \"ZONE-7\"], "
	    "\"broadcast_content\": 1, \"repetitions\": 1, \"interval\": {\"unit\": \"fast\"}}");
	const struct smpp_pdu pdu = answer_of("V71", octets);
	struct outcome outcome = smpp_answer(&options, &pdu, &message->parts[0]);
	ck_assert_int_eq(outcome.verdict, VERDICT_SENT);
	ck_assert_str_eq(outcome.network_id, "B1");
	ck_assert_uint_eq(outcome.code, 0x109);
	ck_assert_msg(strncmp(outcome.text, "area ZONE-7 refused: ESME_RINVBCASTAREAFMT", 42) == 0, "%s", outcome.text);
	/* The message keeps the words, though it is sent. */
	message->unanswered = 1;
	ck_assert(message_answer(&message->parts[0], &outcome));
	ck_assert_str_eq(message->outcome.text, outcome.text);
	message_release(message);
	message = row("", "broadcast", "Flood warning", flood);
	outcome = smpp_answer(&options, &pdu, &message->parts[0]);
	ck_assert_int_eq(outcome.verdict, VERDICT_REJECTED);
	message_release(message);
}
END_TEST

/* Parameters by the link's names: as a row says them, as octets, as inbox shows them. */
static const struct { const char *written; uint16_t tag; const char *octets; size_t len; const char *shown; } values[] = {
	{ "{\"entity_id\": \"1101\"}", 0x1400, "1101", 4, "{\"entity_id\":\"1101\"}" },
	{ "{\"entity_id\": 1101}", 0x1400, "1101", 4, "{\"entity_id\":\"1101\"}" },
	{ "{\"entity_id\": \"\"}", 0x1400, "", 0, "{\"entity_id\":\"\"}" },
	{ "{\"entity_id\": {\"hex\": \"00FF\"}}", 0x1400, "\0\xFF", 2, "{\"entity_id\":{\"hex\":\"00FF\"}}" },
	{ "{\"entity_id\": {\"cstring\": \"a\"}}", 0x1400, "a\0", 2, "{\"entity_id\":{\"hex\":\"6100\"}}" },
	{ "{\"tariff\": 200}", 0x1403, "\xC8", 1, "{\"tariff\":200}" },
	{ "{\"tariff\": 300}", 0x1403, "\1\x2C", 2, "{\"tariff\":300}" },
	{ "{\"tariff\": \"0x10000\"}", 0x1403, "\0\1\0\0", 4, "{\"tariff\":65536}" },
	{ "{\"tariff\": {\"hex\": \"0005\"}}", 0x1403, "\0\5", 2, "{\"tariff\":{\"hex\":\"0005\"}}" },
	{ "{\"session\": 5}", 0x1407, "\0\5", 2, "{\"session\":5}" },
	{ "{\"code\": \"S100\"}", 0x1405, "S100", 5, "{\"code\":\"S100\"}" },
	{ "{\"code\": {\"text\": \"S100\"}}", 0x1405, "S100", 4, "{\"code\":{\"hex\":\"53313030\"}}" },
	{ "{\"operator\": \"0a0B\"}", 0x1406, "\x0A\x0B", 2, "{\"operator\":\"0A0B\"}" },
	{ "{\"0x1499\": \"BEEF\"}", 0x1499, "\xBE\xEF", 2, "{\"0x1499\":\"BEEF\"}" },
	{ "{\"0x1499\": \"\"}", 0x1499, "", 0, "{\"0x1499\":\"\"}" },
	{ "{\"user_message_reference\": 7}", 0x0204, "\0\7", 2, "{\"user_message_reference\":7}" },
	{ "{\"user_message_reference\": \"07\"}", 0x0204, "\7", 1, "{\"user_message_reference\":\"07\"}" },
	{ "{\"billing_identification\": \"80533530\"}", 0x060B, "\x80S50", 4, "{\"billing_identification\":\"80533530\"}" },
};

/* The TLV of a row that asks for these. */
static struct smpp_pdu asking(const struct smpp_options *options, const char *tlvs, struct message **message)
{
	static char asked[512];
	struct smpp_pdu pdu;
	struct outcome outcome;
	snprintf(asked, sizeof asked, "{\"tlvs\": %s}", tlvs);
	*message = row("+447700900123", "text", "x", asked);
	ck_assert_msg(smpp_request(options, &(*message)->parts[0], &pdu, &outcome), "%s: %s", tlvs, outcome.text);
	return pdu;
}

START_TEST(a_parameter_goes_out_and_is_shown_as_it_may_be_written)
{
	const struct smpp_options options = options_of();
	struct message *message, *again;
	const struct smpp_pdu pdu = asking(&options, values[_i].written, &message);
	ck_assert_uint_eq(pdu.ntlvs, 1);
	ck_assert_uint_eq(pdu.tlvs[0].tag, values[_i].tag);
	ck_assert_uint_eq(pdu.tlvs[0].len, values[_i].len);
	if (values[_i].len)
		ck_assert_mem_eq(pdu.tlvs[0].at, values[_i].octets, values[_i].len);
	json_t *tlvs = json_object();
	smpp_tell_tlv(&options, &pdu.tlvs[0], tlvs);
	char *shown = json_dumps(tlvs, JSON_COMPACT);
	ck_assert_str_eq(shown, values[_i].shown);
	/* Written back as it is shown, it is the same octets. */
	const struct smpp_pdu same = asking(&options, shown, &again);
	ck_assert_uint_eq(same.tlvs[0].tag, values[_i].tag);
	ck_assert_uint_eq(same.tlvs[0].len, values[_i].len);
	if (values[_i].len)
		ck_assert_mem_eq(same.tlvs[0].at, values[_i].octets, values[_i].len);
	free(shown);
	json_decref(tlvs);
	message_release(message);
	message_release(again);
}
END_TEST

START_TEST(a_name_or_value_that_the_link_does_not_know_fails_the_row)
{
	static const struct { const char *tlvs, *why; } cases[] = {
		{ "{\"entity\": \"1\"}", "option tlvs: entity is no parameter of SMPP, and link acme has no such name in "
		  "tlv_names" },
		{ "{\"tariff\": \"dear\"}", "option tlvs: the value of tariff does not fit its type in tlv_names, which is "
		  "number" },
		{ "{\"tariff\": -1}", "option tlvs: the value of tariff" }, { "{\"tariff\": 4294967296}", "option tlvs: the value" },
		{ "{\"session\": 65536}", "option tlvs: the value of session" },
		{ "{\"operator\": \"0\"}", "option tlvs: the value of operator" }, { "{\"operator\": 1}", "option tlvs: the value" },
		{ "{\"entity_id\": [1]}", "option tlvs: the value of entity_id" },
		{ "{\"entity_id\": true}", "option tlvs: the value of entity_id" },
		{ "{\"entity_id\": {\"hex\": {\"hex\": \"\"}}}", "option tlvs: the value of entity_id" },
		{ "{\"entity_id\": \"1\", \"0x1400\": \"31\"}", "option tlvs: entity_id is there twice" },
	};
	const struct smpp_options options = options_of();
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		char asked[256];
		struct smpp_pdu pdu;
		struct outcome outcome;
		snprintf(asked, sizeof asked, "{\"tlvs\": %s}", cases[i].tlvs);
		struct message *message = row("+447700900123", "text", "x", asked);
		ck_assert_msg(!smpp_request(&options, &message->parts[0], &pdu, &outcome), "%s", cases[i].tlvs);
		ck_assert_int_eq(outcome.verdict, VERDICT_REJECTED);
		ck_assert_msg(strncmp(outcome.text, cases[i].why, strlen(cases[i].why)) == 0, "%s", outcome.text);
		message_release(message);
	}
}
END_TEST

START_TEST(constants_are_in_every_submit_that_does_not_say_them)
{
	static char *constants[] = { "entity_id = 999", "0x1499 = text:S50", "user_message_reference = 9" };
	struct smpp_options options = options_of();
	options.tlvs = (struct conf_list){ constants, 3 };
	struct conf_error err;
	ck_assert_msg(smpp_tlvs_check(&options, &err), "%s", err.text);
	struct message *message;
	const struct smpp_pdu pdu = asking(&options, "{\"entity_id\": \"1\", \"0x0204\": 1}", &message);
	ck_assert_uint_eq(pdu.ntlvs, 3);
	ck_assert_uint_eq(smpp_tlv_number(&pdu, 0x0204, 0), 1);
	ck_assert_mem_eq(smpp_tlv(&pdu, 0x1400)->at, "1", 1);
	ck_assert_uint_eq(smpp_tlv(&pdu, 0x1400)->len, 1);
	ck_assert_mem_eq(smpp_tlv(&pdu, 0x1499)->at, "S50", 3);
	message_release(message);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("smpp_multi");
	TCase *tests = tcase_create("smpp_multi");
	tcase_add_test(tests, several_recipients_and_a_list_are_a_submit_multi);
	tcase_add_test(tests, who_was_refused_is_known_by_its_address);
	tcase_add_test(tests, when_nobody_is_left_the_part_is_rejected);
	tcase_add_test(tests, a_status_on_the_whole_is_of_all);
	tcase_add_test(tests, who_has_the_part_is_left_out_of_the_next_attempt);
	tcase_add_test(tests, a_row_for_one_is_a_submit_sm_as_ever);
	tcase_add_test(tests, data_sm_has_the_text_as_payload_and_its_validity_as_a_duration);
	tcase_add_test(tests, what_data_sm_has_no_field_for_fails_in_words);
	tcase_add_test(tests, what_an_answer_adds_to_its_status_is_told);
	tcase_add_test(tests, a_broadcast_has_its_four_parameters_and_its_text);
	tcase_add_test(tests, areas_that_are_refused_are_told_by_name);
	tcase_add_loop_test(tests, a_parameter_goes_out_and_is_shown_as_it_may_be_written, 0,
	    sizeof values / sizeof *values);
	tcase_add_test(tests, a_name_or_value_that_the_link_does_not_know_fails_the_row);
	tcase_add_test(tests, constants_are_in_every_submit_that_does_not_say_them);
	suite_add_tcase(suite, tests);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	const int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
