/* SPDX-License-Identifier: Apache-2.0 */
/* check_asked.c - kind and options of a row: what is understood, and what is said of the rest. */
#include "../gateway/asked.h"
#include "../gateway/turn.h"

#include <check.h>

#include <stdlib.h>
#include <string.h>

/* Its recipient is +36201234567. */
static struct message *row(const char *kind, const char *options, const char *body, bool data)
{
	struct batch *batch = batch_new();
	struct message *message = batch_message(batch);
	batch_release(batch);
	message->kind = kind;
	message->options = options;
	message->body = body;
	message->recipient = "+36201234567";
	if (data)
		message->data = (struct blob){ (const uint8_t *)"\x00\xFF", 2 };
	return message;
}

static const struct { const char *kind, *options, *body; bool data; const char *why; } wrong[] = {
	{ "pigeon", NULL, "x", false, "kind \"pigeon\" is not known: use text, flash, binary, vcard, "
	  "vcalendar, wap-push, ota, waiting, silent, raw, ussd or broadcast" },
	{ "text", "{\"clas\": 1}", "x", false, "option \"clas\" is not known: did you mean \"class\"?" },
	{ "text", "{\"class\": 4}", "x", false, "option \"class\" takes a number from 0 to 3" },
	{ "text", "{\"class\": \"one\"}", "x", false, "option \"class\" takes a number from 0 to 3" },
	{ "text", "{\"class\": 1", "x", false, "options is not JSON: line 1" },
	{ "text", "[1]", "x", false, "options is not a JSON object" },
	{ "text", "{\"class\": 1, \"data_coding\": 8}", "x", false, "options \"class\" and "
	  "\"data_coding\" exclude each other" },
	{ "text", "{\"replace\": 1, \"protocol_id\": 2}", "x", false, "options \"replace\" and "
	  "\"protocol_id\" exclude" },
	{ "text", "{\"source_port\": 1}", "x", false, "option \"source_port\" needs \"dest_port\"" },
	{ "text", "{\"dest_port\": 256, \"port_bits\": 8}", "x", false, "option \"port_bits\" is 8" },
	{ "text", "{\"port_bits\": 12}", "x", false, "option \"port_bits\" is 8 or 16" },
	{ "text", "{\"encoding\": \"utf8\"}", "x", false, "option \"encoding\" takes one of auto, gsm7, "
	  "gsm7-lossy, ucs2" },
	{ "text", "{\"encoding\": 7}", "x", false, "option \"encoding\" takes one of" },
	{ "text", "{\"encoding\": \"ucs2\", \"national\": \"all\"}", "x", false, "options \"encoding\" ucs2 "
	  "and \"national\" exclude each other" },
	{ "text", "{\"national\": [\"turkish\", \"klingon\"]}", "x", false, "option \"national\" takes "
	  "languages" },
	{ "text", "{\"udh\": \"0500\"}", "x", false, "option \"udh\": its lengths do not add up" },
	{ "text", "{\"udh\": \"050003040201\"}", "x", false, "option \"udh\": element 00 is the gateway's" },
	{ "text", "{\"udh\": \"06080412340201\"}", "x", false, "option \"udh\": element 08 is the gateway's" },
	{ "text", "{\"udh\": \"0402000004\"}", "x", false, "option \"udh\": its lengths do not add up" },
	{ "text", "{\"udh\": \"0605040B8423F0\", \"dest_port\": 2948}", "x", false, "options \"udh\" and "
	  "\"dest_port\" both say ports" },
	{ "text", "{\"udh\": \"03240101\"}", "x", false, "option \"udh\": element 24 is the gateway's to "
	  "write: use \"national\"" },
	{ "text", "{\"esm_class\": 64}", "x", false, "option \"esm_class\": bit 64 says that a header" },
	{ "binary", "{\"esm_class\": \"0x43\"}", "", true, "option \"esm_class\": bit 64 says" },
	{ "text", "{\"tlvs\": {\"message_payload\": \"41\"}}", "x", false, "option \"tlvs\": "
	  "\"message_payload\" is the gateway's to write" },
	{ "text", "{\"tlvs\": {\"0x020C\": 1}}", "x", false, "option \"tlvs\": \"0x020C\" is the gateway's" },
	{ "text", "{\"tlvs\": {\"0x0204\": 1, \"user_message_reference\": 1}}", "x", false,
	  "option \"tlvs\": \"user_message_reference\" is there twice, as 0x0204" },
	{ "text", "{\"tlvs\": {\"-1\": 1}}", "x", false, "option \"tlvs\": there is no TLV" },
	{ "text", "{\"tlvs\": {\" 5121\": 1}}", "x", false, "option \"tlvs\": there is no TLV" },
	{ "text", "{\"tlvs\": {\"0x1401\": {\"txt\": \"a\"}}}", "x", false, "option \"tlvs\": the value" },
	{ "text", "{\"encoding\": \"ucs2\", \"data_coding\": 0}", "x", false, "options \"encoding\" and "
	  "\"data_coding\" exclude each other" },
	{ "waiting", "{\"data_coding\": 0}", "x", false, "option \"data_coding\" does not go with a "
	  "waiting indication by dcs" },
	{ "waiting", "{\"waiting\": {\"active\": false, \"count\": 2}}", "", false, "option \"waiting\": "
	  "active is false, but count is 2" },
	{ "waiting", "{\"waiting\": {\"active\": true, \"count\": 0}}", "", false, "option \"waiting\": "
	  "active is true, but count is 0" },
	{ "silent", "{\"replace\": 1}", "", false, "option \"replace\" does not go with kind silent" },
	{ "text", "{\"class\": \" 1\"}", "x", false, "option \"class\" takes a number" },
	{ "text", "{\"class\": \"0x\"}", "x", false, "option \"class\" takes a number" },
	{ "text", "{\"unknown\": null}", "x", false, "option \"unknown\" is not known" },
	{ "text", "{\"service_type\": \"\u00e9\"}", "x", false, "option \"service_type\" takes" },
	{ "text", "{\"transliterate\": \"yes\"}", "x", false, "option \"transliterate\" takes one of off, "
	  "typographic, accents, greek, cyrillic, on" },
	{ "wap-push", NULL, "x", false, "option \"url\" is missing" },
	{ "wap-push", "{\"sl\": true, \"url\": \"http://a.b\"}", "x", false, "option \"sl\": a service "
	  "loading has" },
	{ "wap-push", "{\"url\": \"http://a.b\", \"action\": \"cache\"}", "x", false, "option \"action\" "
	  "cache is of a service loading" },
	{ "wap-push", "{\"url\": \"http://a.b\", \"created\": \"yesterday\"}", "x", false, "option "
	  "\"created\" takes a time in UTC" },
	{ "wap-push", "{\"action\": \"delete\"}", "", false, "option \"id\" is missing" },
	{ "wap-push", "{\"url\": \"http://a.b\"}", "x", true, "data is set, but kind wap-push" },
	{ "text", "{\"url\": \"http://a.b\"}", "x", false, "option \"url\" does not go with kind text" },
	{ "ota", NULL, "", true, "option \"content_type\" is missing" },
	{ "ota", "{\"content_type\": \"browser-settings\", \"pin\": \"1\"}", "", true, "option \"pin\" goes "
	  "with content_type provisioning alone" },
	{ "text", "{\"udh\": \"xy\"}", "x", false, "option \"udh\" takes up to 140 octets in hex" },
	{ "text", "{\"tlvs\": {\"no sense\": 1}}", "x", false, "option \"tlvs\": there is no TLV" },
	{ "text", "{\"recipients\": \"+36201234568\"}", "x", false, "option \"recipients\" takes a list of up "
	  "to 253 numbers" },
	{ "text", "{\"recipients\": [\"abc\"]}", "x", false, "recipient \"abc\"" },
	{ "text", "{\"recipients\": [{}]}", "x", false, "option \"recipients\" takes a list of numbers" },
	{ "text", "{\"recipients\": [\"+36 20 123-4567\"]}", "x", false, "option \"recipients\": +36 20 "
	  "123-4567 is there twice" },
	{ "text", "{\"lists\": [\"STAFF\", \"STAFF\"]}", "x", false, "option \"recipients\": STAFF is there" },
	{ "text", "{\"lists\": [\"a name of more than 20\"]}", "x", false, "option \"lists\" takes a list of "
	  "names of lists, of up to 20" },
	{ "text", "{\"recipients\": [\"1234\"], \"operation\": \"data_sm\"}", "x", false, "option \"operation\" "
	  "data_sm does not go with \"recipients\"" },
	{ "text", "{\"operation\": \"replace_sm\"}", "x", false, "option \"operation\" takes one of submit_sm, "
	  "data_sm" },
	{ "text", "{\"areas\": [\"Z\"]}", "x", false, "option \"areas\" does not go with kind text" },
	{ "broadcast", NULL, "x", false, "option \"areas\" is missing: kind broadcast needs" },
	{ "broadcast", "{\"areas\": []}", "x", false, "option \"areas\" takes a list of 1 to 32 areas" },
	{ "broadcast", "{\"areas\": [{\"format\": 1, \"hex\": \"0\"}]}", "x", false, "option \"areas\" takes" },
	{ "broadcast", "{\"areas\": [\"Z\"]}", "x", false, "option \"broadcast_content\" is missing" },
	{ "broadcast", "{\"areas\": [\"Z\"], \"broadcast_content\": {\"service\": 1}}", "x", false,
	  "option \"broadcast_content\" takes a number" },
	{ "broadcast", "{\"areas\": [\"Z\"], \"broadcast_content\": 1}", "x", false, "option "
	  "\"repetitions\" is missing" },
	{ "broadcast", "{\"areas\": [\"Z\"], \"broadcast_content\": 1, \"repetitions\": 5}", "x", false,
	  "option \"interval\" is missing" },
	{ "broadcast", "{\"interval\": {\"unit\": \"ages\", \"count\": 1}}", "x", false, "option \"interval\" "
	  "takes" },
	{ "broadcast", "{\"interval\": {\"unit\": \"minutes\"}}", "x", false, "option \"interval\" takes" },
	{ "broadcast", "{\"esm_class\": 1}", "x", false, "option \"esm_class\" does not go with kind" },
	{ "text", "{\"tlvs\": {\"ms_validity\": 300}}", "x", false, "option \"tlvs\": the value of" },
	{ "text", "{\"tlvs\": 1}", "x", false, "option \"tlvs\" takes an object" },
	{ "text", "{\"service_type\": \"TOOLONG\"}", "x", false, "option \"service_type\" takes text of 0 to 5" },
	{ "text", "{\"validity\": 0}", "x", false, "option \"validity\" takes seconds" },
	{ "text", "{\"waiting\": {}}", "x", false, "option \"waiting\" does not go with kind text" },
	{ "text", NULL, "x", true, "data is set, but kind text sends body alone" },
	{ "text", "{\"default_message\": 7}", "x", false, "body is set, but option \"default_message\"" },
	{ "binary", "{\"default_message\": 7}", "", true, "option \"default_message\" does not go with" },
	{ "text", "{\"default_message\": 255}", "", false, "option \"default_message\" takes a number" },
	{ "text", "{\"schedule\": \"soon\"}", "x", false, "option \"schedule\" takes a time" },
	{ "binary", NULL, "x", true, "body is set, but kind binary sends data alone" },
	{ "binary", NULL, "", false, "data is empty: kind binary has nothing to send" },
	{ "vcard", NULL, "x", true, "body and data are both set: kind vcard sends one of them" },
	{ "binary", "{\"encoding\": \"gsm7\"}", "", true, "option \"encoding\" does not go with kind binary" },
	{ "raw", "{\"dest_port\": 1}", "", true, "option \"dest_port\" does not go with kind raw" },
	{ "flash", "{\"class\": 1}", "x", false, "option \"class\" is 0 for kind flash" },
	{ "silent", "{\"protocol_id\": 0}", "", false, "option \"protocol_id\" does not go with kind silent" },
	{ "waiting", "{\"waiting\": {\"type\": \"pager\"}}", "", false, "option \"waiting\": type is" },
	{ "waiting", "{\"waiting\": {\"count\": 256}}", "", false, "option \"waiting\": count is" },
	{ "waiting", "{\"waiting\": {\"count\": 2, \"method\": \"dcs\"}}", "", false, "option \"waiting\": "
	  "count and video need" },
	{ "waiting", "{\"waiting\": {\"x\": 2}}", "", false, "option \"waiting\" takes an object" },
	{ "ussd", "{\"ussd\": 3}", "x", false, "option \"ussd\" takes an object with op, session, sequence, end" },
	{ "ussd", "{\"ussd\": {\"sesion\": 3}}", "x", false, "option \"ussd\" takes an object with op" },
	{ "ussd", "{\"ussd\": {\"op\": \"ask\"}}", "x", false, "option \"ussd\": op is request, notify, "
	  "response, data-response, begin, answer, or a number from 0 to 255" },
	{ "ussd", "{\"ussd\": {\"op\": 256}}", "x", false, "option \"ussd\": op is" },
	{ "ussd", "{\"ussd\": {\"session\": -1}}", "x", false, "option \"ussd\": session is the network's number" },
	{ "ussd", "{\"ussd\": {\"session\": \"0x0A1\", \"op\": \"x\"}}", "x", false, "option \"ussd\": op is" },
	{ "ussd", "{\"ussd\": {\"session\": \"0xABG\"}}", "x", false, "option \"ussd\": session is" },
	{ "ussd", "{\"ussd\": {\"session\": 1, \"sequence\": 128}}", "x", false, "option \"ussd\": sequence is a "
	  "number from 0 to 127" },
	{ "ussd", "{\"ussd\": {\"end\": 1}}", "x", false, "option \"ussd\" takes an object" },
	{ "ussd", "{\"tlvs\": {\"0x1383\": \"2A00\"}}", "x", false, "option \"tlvs\": \"its_session_info\" is the "
	  "gateway's to write: see \"ussd\"" },
	{ "ussd", "{\"registered_delivery\": 1}", "x", false, "option \"registered_delivery\" does not go with kind ussd" },
	{ "ussd", "{\"concat\": \"sar\"}", "x", false, "option \"concat\" does not go with kind ussd" },
	{ "ussd", "{\"validity\": 60}", "x", false, "option \"validity\" does not go with kind ussd" },
	{ "ussd", NULL, "x", true, "data is set, but kind ussd sends body alone" },
	{ "text", "{\"ussd\": {}}", "x", false, "option \"ussd\" does not go with kind text" },
};

START_TEST(what_is_wrong_fails_the_row_with_a_sentence_that_names_it)
{
	char why[OUTCOME_TEXT_MAX] = "";
	struct message *message = row(wrong[_i].kind, wrong[_i].options, wrong[_i].body, wrong[_i].data);
	ck_assert_msg(!asked_read(message, why, sizeof why), "%s", wrong[_i].options);
	ck_assert_msg(strncmp(why, wrong[_i].why, strlen(wrong[_i].why)) == 0, "%s", why);
	message_release(message);
}
END_TEST

START_TEST(what_is_right_is_understood)
{
	char why[OUTCOME_TEXT_MAX] = "";
	struct message *message = row("text", "{\"data_coding\": \"0xF1\", \"priority\": 2, \"replace\": 3, "
	    "\"source_ton\": 5, \"dest_port\": 9200, \"transliterate\": true, \"national\": [1, \"Hindi\"], "
	    "\"concat\": \"sar\", \"service_type\": \"VMA\", \"validity\": 60, \"udh\": \"027000\", "
	    "\"max_parts\": null, \"tlvs\": {\"user_message_reference\": 7, \"0x1401\": \"0A0B\", "
	    "\"alert_on_message_delivery\": \"\", \"0x1402\": {\"text\": \"T1\"}, \"5123\": {\"cstring\": "
	    "\"T1\"}}, \"esm_class\": \"010\"}", "x", false);
	ck_assert_msg(asked_read(message, why, sizeof why), "%s", why);
	const struct asked *asked = message->asked;
	ck_assert_int_eq(asked->data_coding, 0xF1);
	ck_assert_int_eq(asked->network_priority, 2);
	ck_assert_int_eq(asked->replace, 3);
	ck_assert_int_eq(asked->source_ton, 5);
	ck_assert_int_eq(asked->source_npi, -1);
	ck_assert_int_eq(asked->dest_port, 9200);
	ck_assert_int_eq(asked->transliterate, TRANSLIT_ON);
	ck_assert_int_eq(asked->national_single, 1 << 1 | 1 << 6);
	ck_assert_int_eq(asked->concat, CONCAT_SAR);
	ck_assert_str_eq(asked->service_type, "VMA");
	ck_assert_int_eq(asked->validity, 60);
	ck_assert_int_eq(asked->max_parts, -1);
	ck_assert_uint_eq(asked->udh.len, 3);
	ck_assert_uint_eq(asked->ntlvs, 5);
	ck_assert_uint_eq(asked->tlvs[0].tag, 0x0204);
	ck_assert_mem_eq(asked->tlvs[0].value.at, "\0\7", 2);
	ck_assert_uint_eq(asked->tlvs[1].tag, 0x1401);
	ck_assert_mem_eq(asked->tlvs[1].value.at, "\x0A\x0B", 2);
	ck_assert_uint_eq(asked->tlvs[2].value.len, 0);
	ck_assert_uint_eq(asked->tlvs[3].value.len, 2);
	ck_assert_uint_eq(asked->tlvs[4].tag, 0x1403);
	ck_assert_uint_eq(asked->tlvs[4].value.len, 3);
	ck_assert_mem_eq(asked->tlvs[4].value.at, "T1", 3);
	ck_assert_int_eq(asked->esm_class, 10);
	message_release(message);
}
END_TEST

/* Who it is to, what it says of its turn, and what is understood. */
static const struct { const char *recipient, *options; int op; bool end; } turns[] = {
	{ "*100#", NULL, TURN_BEGIN, false }, { "#100#", NULL, TURN_BEGIN, false },
	{ "*100#", "{\"ussd\": {}}", TURN_BEGIN, false },
	{ "*100#", "{\"ussd\": {\"end\": true}}", TURN_BEGIN, true },
	{ "*100#", "{\"ussd\": {\"op\": \"answer\"}}", TURN_ANSWER, false },
	{ "*100#", "{\"ussd\": {\"op\": \"response\"}}", TURN_RESPONSE, true },
	{ "*100#", "{\"ussd\": {\"session\": 7}}", TURN_RESPONSE, true },
	{ "USSD", "{\"ussd\": {}}", TURN_ANSWER, false },
	{ "+447700900123", NULL, TURN_NOTIFY, true },
	{ "+447700900123", "{\"ussd\": {}}", TURN_NOTIFY, true },
};

START_TEST(a_row_to_a_code_dials_it_and_needs_no_body)
{
	char why[OUTCOME_TEXT_MAX];
	for (size_t i = 0; i < sizeof turns / sizeof *turns; i++) {
		struct message *message = row("ussd", turns[i].options, "", false);
		message->recipient = turns[i].recipient;
		ck_assert_msg(asked_read(message, why, sizeof why), "%s", why);
		const struct turn *turn = &message->asked->turn;
		ck_assert_msg(turn->there && turn->op == turns[i].op && turn->end == turns[i].end,
		    "%zu: %d %d", i, turn->op, turn->end);
		message_release(message);
	}
}
END_TEST

static const struct { struct turn turn; const char *reply; } replies[] = {
	{ { .op = TURN_BEGIN, .session = 42, .sequence = 127 },
	  "{\"ussd\":{\"op\":\"request\",\"session\":42,\"sequence\":0}}" },
	{ { .op = TURN_DATA, .session = -1, .sequence = -1 }, "{\"ussd\":{\"op\":\"data-response\"}}" },
	{ { .op = TURN_ANSWER, .session = -1, .sequence = -1 }, "{\"ussd\":{\"op\":\"request\"}}" },
	{ { .op = TURN_REQUEST, .session = -1, .sequence = -1 }, "{\"ussd\":{\"op\":\"answer\"}}" },
};

START_TEST(a_reply_is_the_other_side_s_turn)
{
	for (size_t i = 0; i < sizeof replies / sizeof *replies; i++) {
		char *reply = turn_reply(&replies[i].turn);
		ck_assert_str_eq(reply, replies[i].reply);
		free(reply);
	}
}
END_TEST

START_TEST(a_row_that_asks_for_nothing_costs_nothing)
{
	char why[OUTCOME_TEXT_MAX];
	struct message *message = row("text", NULL, "x", false);
	ck_assert(asked_read(message, why, sizeof why));
	ck_assert_ptr_eq(message->asked, &asked_nothing);
	message->options = "{ }";
	ck_assert(asked_read(message, why, sizeof why));
	message->kind = "flash";
	message->options = "";
	ck_assert(asked_read(message, why, sizeof why));
	ck_assert_int_eq(message->asked->kind, KIND_FLASH);
	message_release(message);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("asked");
	TCase *tests = tcase_create("asked");
	tcase_add_loop_test(tests, what_is_wrong_fails_the_row_with_a_sentence_that_names_it, 0,
	    sizeof wrong / sizeof *wrong);
	tcase_add_test(tests, what_is_right_is_understood);
	tcase_add_test(tests, a_row_to_a_code_dials_it_and_needs_no_body);
	tcase_add_test(tests, a_reply_is_the_other_side_s_turn);
	tcase_add_test(tests, a_row_that_asks_for_nothing_costs_nothing);
	suite_add_tcase(suite, tests);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
