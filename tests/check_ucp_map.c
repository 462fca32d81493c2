/* SPDX-License-Identifier: Apache-2.0 */
/*
 * check_ucp_map.c - rows of the outbox into operation 51, error codes into outcomes, deliveries
 * and notifications into rows, questions and what became of them.
 */
#include "../drivers/ucp.h"
#include "../gateway/asked.h"
#include "../gateway/encode.h"

#include <check.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { FRAME_ROOM = 4096, SECOND_MS = 1000 };

static char empty[] = "", account[] = "4321", abroad[] = "00", home[] = "0", country[] = "49",
    utc[] = "+00:00", berlin[] = "+01:00";

static struct ucp_options options_of(void)
{
	return (struct ucp_options){ .username = account, .password = empty, .password_file = empty, .new_password_file = empty,
		.listen = empty, .oton = empty, .onpi = empty, .opid = empty, .alert_pid = empty,
		.addresses.country_code = empty, .addresses.international_prefix = abroad, .addresses.national_prefix = home,
		.addresses.short_code_digits = 6, .own_number = empty, .notification_address = empty,
		.notification_pid = empty, .ac = empty, .data_class = -1, .time_zone = utc };
}

/* A row of the outbox as an application writes it. */
struct row { const char *sender, *recipient, *body, *kind, *options, *hex; bool receipt; int64_t expires_at; };

static struct message *message_of(struct batch *batch, const struct row *row)
{
	struct message *message = batch_message(batch);
	char why[OUTCOME_TEXT_MAX] = "";
	message->id = 0x2A;
	message->attempts = 1;
	message->sender = row->sender ? row->sender : "4321";
	message->recipient = row->recipient ? row->recipient : "+49171123456";
	message->body = row->body ? row->body : "";
	message->kind = row->kind ? row->kind : "text";
	message->options = row->options;
	message->wants_receipt = row->receipt;
	message->expires_at = row->expires_at;
	if (row->hex) {
		uint8_t *octets = batch_alloc(batch, strlen(row->hex) / 2 + 1);
		size_t len;
		ck_assert(ucp_unhex(octets, strlen(row->hex) / 2, &len,
		    (struct blob){ (const uint8_t *)row->hex, strlen(row->hex) }));
		message->data = (struct blob){ octets, len };
	}
	ck_assert_msg(asked_read(message, why, sizeof why), "%s", why);
	ck_assert_msg(encode_message(message, &encode_usual, why, sizeof why), "%s", why);
	return message;
}

/* "AdC=0049171123456 MT=3 ...": the fields that are filled in. */
static const char *filled(const struct ucp_pdu *pdu)
{
	static char text[FRAME_ROOM];
	size_t n = 0;
	*text = '\0';
	for (unsigned i = 0; i < pdu->nfields; i++)
		if (pdu->fields[i].len)
			n += (size_t)snprintf(text + n, sizeof text - n, "%s%s=%.*s", n ? " " : "",
			    ucp_field_name(pdu, i), (int)pdu->fields[i].len, (const char *)pdu->fields[i].at);
	return text;
}

/* What the part of that number is sent as, or why it is not. */
static const char *sent_as(const struct ucp_options *options, const struct row *row, unsigned number)
{
	static char text[FRAME_ROOM];
	struct batch *batch = batch_new();
	struct message *message = message_of(batch, row);
	struct ucp_written written;
	struct outcome outcome;
	ck_assert_uint_le(number, message->nparts);
	if (ucp_submit(options, &message->parts[number - 1], &written, &outcome)) {
		snprintf(text, sizeof text, "%s", filled(&written.pdu));
		ck_assert_uint_eq(written.pdu.nfields, UCP_FIELDS);
	} else {
		ck_assert_int_eq(outcome.verdict, VERDICT_REJECTED);
		snprintf(text, sizeof text, "%s", outcome.text);
	}
	batch_release(batch);
	message_release(message);
	return text;
}

#define TO "AdC=0049171123456 "
#define HI "AdC=0049171123456 OAdC=4321 "

static const struct { struct row row; const char *fields; } operations[] = {
	{ { .body = "Hello" }, HI "MT=3 Msg=48656C6C6F" },
	/* addresses */
	{ { .recipient = "0171123456", .body = "Hello" }, "AdC=0171123456 OAdC=4321 MT=3 Msg=48656C6C6F" },
	{ { .sender = "+491729990000", .body = "A", .receipt = true },
	    TO "OAdC=491729990000 NRq=1 NT=3 MT=3 Msg=41 OTOA=1139" },
	{ { .sender = "orange.pl", .body = "Hi" }, TO "OAdC=106F79D87D2EBBE06C MT=3 Msg=4869 OTOA=5039" },
	{ { .sender = "INFO & HELP", .body = "Hi" },
	    TO "OAdC=1449A7F109328190452614 MT=3 Msg=4869 OTOA=5039" },
	{ { .sender = "", .body = "A" }, HI "MT=3 Msg=41" },
	{ { .sender = "12345", .body = "A", .options = "{\"source_ton\": 5}" },
	    TO "OAdC=0931D98C5603 MT=3 Msg=41 OTOA=5039" },
	{ { .sender = "49172999", .body = "A", .options = "{\"source_ton\": 1}" },
	    TO "OAdC=49172999 MT=3 Msg=41 OTOA=1139" },
	/* texts */
	{ { .body = "@ $ _ \xC3\x84 \xC3\xB6 \xC3\xB1 \xE2\x82\xAC [x] {y}" },
	    HI "MT=3 Msg=0020022011205B207C207D201B65201B3C781B3E201B28791B29" },
	{ { .body = "\xD0\x9F\xD1\x80\xD0\xB8\xD0\xB2\xD0\xB5\xD1\x82" },
	    HI "MT=4 NB=0096 Msg=041F04400438043204350442 XSer=020108" },
	{ { .body = "ok\xF0\x9F\x98\x80" }, HI "MT=4 NB=0064 Msg=006F006BD83DDE00 XSer=020108" },
	{ { .body = "Flash", .kind = "flash" }, HI "MT=3 Msg=466C617368 MCLs=0" },
	{ { .body = "A", .options = "{\"class\": 2}" }, HI "MT=3 Msg=41 MCLs=2" },
	{ { .body = "A", .options = "{\"class\": 1, \"encoding\": \"ucs2\"}" },
	    HI "MT=4 NB=0016 Msg=0041 XSer=020119" },
	{ { .body = "A", .options = "{\"data_coding\": 241}" }, HI "MT=3 Msg=41 XSer=0201F1" },
	/* octets */
	{ { .hex = "00FF7F", .kind = "binary" }, HI "MT=4 NB=0024 Msg=00FF7F XSer=020104" },
	{ { .hex = "00FF7F", .kind = "binary", .options = "{\"class\": 1}" },
	    HI "MT=4 NB=0024 Msg=00FF7F MCLs=1" },
	{ { .hex = "024A3A", .kind = "binary", .options = "{\"dest_port\": 5505}" },
	    HI "MT=4 NB=0024 Msg=024A3A MCLs=1 XSer=010706050415810000" },
	{ { .hex = "0602700041", .kind = "raw", .options = "{\"data_coding\": 246}" },
	    HI "MT=4 NB=0040 Msg=0602700041 XSer=0201F6" },
	{ { .hex = "0270004142", .kind = "raw", .options = "{\"data_coding\": 246, \"esm_class\": 64}" },
	    HI "MT=4 NB=0016 Msg=4142 XSer=0103027000" "0201F6" },
	{ { .kind = "waiting", .options = "{\"waiting\": {\"type\": \"voice\", \"active\": true}}" },
	    HI "MT=3 XSer=0201C8" },
	/* what else may be asked for */
	{ { .body = "A", .kind = "silent" }, HI "RPID=0064 MT=3 Msg=41" },
	{ { .body = "A", .options = "{\"replace\": 1}" }, HI "RPID=0065 MT=3 Msg=41" },
	{ { .body = "A", .options = "{\"protocol_id\": 95}" }, HI "RPID=0095 MT=3 Msg=41" },
	{ { .body = "A", .options = "{\"priority\": 1}" }, HI "MT=3 Msg=41 PR=1" },
	{ { .body = "A", .options = "{\"esm_class\": 128}" }, HI "MT=3 Msg=41 RPI=1" },
	{ { .body = "A", .options = "{\"registered_delivery\": 17}" }, HI "NRq=1 NT=7 MT=3 Msg=41" },
	{ { .body = "A", .options = "{\"registered_delivery\": 2}" }, HI "NRq=1 NT=2 MT=3 Msg=41" },
	{ { .body = "A", .options = "{\"registered_delivery\": 3}" }, HI "NRq=1 NT=1 MT=3 Msg=41" },
	{ { .body = "A", .options = "{\"registered_delivery\": 0}", .receipt = true }, HI "MT=3 Msg=41" },
	{ { .body = "A", .expires_at = 1924991881 }, HI "VP=3112302359 MT=3 Msg=41" },
	{ { .body = "A", .expires_at = 1924992000, .options = "{\"schedule\": \"2030-11-26T08:00:00Z\"}" },
	    HI "DD=1 DDT=2611300800 VP=0101310000 MT=3 Msg=41" },
	/* parameters by name */
	{ { .body = "A", .options = "{\"tlvs\": {\"billing_id\": \"EUR199\"}}" },
	    HI "MT=3 Msg=41 XSer=0C06455552313939" },
	{ { .body = "A", .options = "{\"tlvs\": {\"single_shot\": true, \"billing_id\": {\"hex\": \"0A\"}}}" },
	    HI "MT=3 Msg=41 XSer=0D01010C010A" },
	{ { .body = "\xD0\x9F", .options = "{\"tlvs\": {\"xser_0E\": \"01\"}}" },
	    HI "MT=4 NB=0016 Msg=041F XSer=0201080E0101" },
	{ { .body = "A", .options = "{\"tlvs\": {\"ac\": \"99881234\", \"lrad\": \"0545765\", "
	    "\"lpid\": \"0122\"}}" },
	    "AdC=0049171123456 OAdC=4321 AC=99881234 LRq=1 LRAd=0545765 LPID=0122 MT=3 Msg=41" },
	{ { .body = "A", .receipt = true, .options = "{\"tlvs\": {\"nadc\": \"1920870340125000\", "
	    "\"npid\": \"0539\"}}" }, HI "NRq=1 NAdC=1920870340125000 NT=3 NPID=0539 MT=3 Msg=41" },
	{ { .body = "A", .options = "{\"tlvs\": {\"ac\": 1234}}" },
	    "AdC=0049171123456 OAdC=4321 AC=1234 MT=3 Msg=41" },
};

START_TEST(rows_become_operations)
{
	const struct ucp_options options = options_of();
	for (size_t i = 0; i < sizeof operations / sizeof *operations; i++) {
		const char *fields = sent_as(&options, &operations[i].row, 1);
		ck_assert_msg(strcmp(fields, operations[i].fields) == 0, "row %zu: %s\nnot %s", i, fields, operations[i].fields);
	}
}
END_TEST

START_TEST(what_the_protocol_cannot_say_is_refused_in_words)
{
	static const struct { struct row row; const char *word; } rows[] = {
		{ { .recipient = "+4917112345678901", .body = "A" }, "recipient" },
		{ { .recipient = "*100#", .body = "A" }, "more than digits" },
		{ { .sender = "*100#", .body = "A" }, "sender" },
		{ { .sender = "A name too long", .body = "A" }, "name" },
		{ { .body = "A", .options = "{\"recipients\": [\"+49171123457\"]}" }, "several recipients" },
		{ { .body = "A", .options = "{\"operation\": \"data_sm\"}" }, "data_sm" },
		{ { .body = "A", .options = "{\"service_type\": \"VMA\"}" }, "billing_id" },
		{ { .body = "A", .options = "{\"replace_if_present\": true}" }, "replace_if_present" },
		{ { .body = "A", .options = "{\"esm_class\": 1}" }, "esm_class" },
		{ { .body = "A", .options = "{\"dest_ton\": 1}" }, "dest_ton" },
		{ { .body = "A", .options = "{\"source_ton\": 3}" }, "source_ton" },
		{ { .body = "A", .options = "{\"tlvs\": {\"user_message_reference\": 7}}" }, "parameter of SMPP" },
		{ { .body = "A", .options = "{\"tlvs\": {\"tariff\": 7}}" }, "tariff is no parameter of UCP" },
		{ { .body = "A", .options = "{\"tlvs\": {\"xser_02\": \"00\"}}" }, "xser_02 is no parameter" },
		{ { .body = "A", .options = "{\"tlvs\": {\"xser_0E\": \"0\"}}" }, "does not fit" },
		{ { .body = "A", .options = "{\"tlvs\": {\"npid\": \"99999\"}}" }, "npid does not fit" },
		{ { .body = "A", .options = "{\"tlvs\": {\"ac\": \"a/b\"}}" }, "ac does not fit" },
		{ { .body = "A", .options = "{\"tlvs\": {\"single_shot\": 2}}" }, "single_shot does not fit" },
		{ { .body = "A", .options = "{\"tlvs\": {\"billing_id\": \"A\", \"xser_0C\": \"41\"}}" }, "twice" },
		{ { .body = "A", .kind = "ussd", .options = "{\"ussd\": {\"op\": \"notify\"}}" }, "USSD" },
		{ { .body = "A", .expires_at = 4102444800, .options = "{\"schedule\": \"2101-01-01T00:00:00Z\"}" },
		    "schedule" },
		{ { .body = "A", .expires_at = 4102444850, .options = "{\"schedule\": \"2100-01-01T00:00:10Z\"}" },
		    "whole minutes" },
	};
	const struct ucp_options options = options_of();
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		const char *text = sent_as(&options, &rows[i].row, 1);
		ck_assert_msg(strstr(text, rows[i].word) != NULL, "row %zu: %s", i, text);
	}
}
END_TEST

START_TEST(parts_have_their_header_in_xser_and_say_that_more_follow)
{
	char body[201];
	memset(body, 'a', 200);
	body[200] = '\0';
	struct ucp_options options = options_of();
	const struct row row = { .body = body, .options = "{\"tlvs\": {\"billing_id\": \"X\"}}" };
	const char *text = sent_as(&options, &row, 1);
	ck_assert_msg(strstr(text, " XSer=01060500032B0201" "0C0158") != NULL, "%s", text);
	ck_assert_ptr_null(strstr(text, "MMS"));
	options.more_messages = true;
	ck_assert_ptr_nonnull(strstr(sent_as(&options, &row, 1), " MMS=1"));
	text = sent_as(&options, &row, 2);
	ck_assert_ptr_nonnull(strstr(text, " XSer=01060500032B0202" "0C0158"));
	ck_assert_ptr_null(strstr(text, "MMS"));
	const struct row sar = { .body = body, .options = "{\"concat\": \"sar\"}" };
	ck_assert_ptr_nonnull(strstr(sent_as(&options, &sar, 1), "concat udh8"));
	const struct row payload = { .body = body, .options = "{\"concat\": \"payload\"}" };
	ck_assert_ptr_nonnull(strstr(sent_as(&options, &payload, 1), "concat udh8"));
}
END_TEST

START_TEST(a_link_has_its_own_ways)
{
	static char wide[] = "0049171123456789";
	static char billing[] = "billing_id = EUR1", shot[] = "single_shot = hex:01", code[] = "77";
	char *tlvs[] = { billing, shot };
	struct ucp_options options = options_of();
	const struct row plain = { .body = "A" };
	options.plus = UCP_PLUS_STRIP;
	ck_assert_str_eq(sent_as(&options, &plain, 1), "AdC=49171123456 OAdC=4321 MT=3 Msg=41");
	options.plus = UCP_PLUS_KEEP;
	ck_assert_str_eq(sent_as(&options, &plain, 1), "AdC=+49171123456 OAdC=4321 MT=3 Msg=41");
	options.plus = UCP_PLUS_STRIP;
	const struct row national = { .recipient = "0171 123456", .body = "A", .sender = "" };
	options.addresses.country_code = country;
	options.own_number = wide;
	ck_assert_str_eq(sent_as(&options, &national, 1), "AdC=49171123456 OAdC=0049171123456789 MT=3 Msg=41");
	options = options_of();
	options.tlvs = (struct conf_list){ tlvs, 2 };
	options.ac = code;
	ck_assert_str_eq(sent_as(&options, &plain, 1),
	    "AdC=0049171123456 OAdC=4321 AC=77 MT=3 Msg=41 XSer=0C04455552310D0101");
	const struct row says = { .body = "A", .options = "{\"tlvs\": {\"billing_id\": \"EUR2\", \"ac\": \"88\"}}" };
	ck_assert_str_eq(sent_as(&options, &says, 1),
	    "AdC=0049171123456 OAdC=4321 AC=88 MT=3 Msg=41 XSer=0C04455552320D0101");
	options = options_of();
	options.data_class = 1;
	const struct row octets = { .hex = "00", .kind = "binary" };
	ck_assert_str_eq(sent_as(&options, &octets, 1), HI "MT=4 NB=0008 Msg=00 MCLs=1");
	options.receipts = UCP_RECEIPTS_FAILURE;
	options.notifications = true;
	const struct row wants = { .body = "A", .receipt = true };
	ck_assert_str_eq(sent_as(&options, &wants, 1), HI "NRq=1 NT=6 MT=3 Msg=41");
}
END_TEST

START_TEST(names_and_values_of_key_tlvs_are_checked)
{
	static const struct { const char *first, *second; bool good; } rows[] = {
		{ "billing_id = EUR199", "ac = 1234", true }, { "xser_0E = 01", "xser_0F = text:A", true },
		{ "", "nadc = 4321", true }, { "billing_id = A", "xser_0C = 41", false },
		{ "tariff = 7", "", false }, { "xser_01 = 00", "", false }, { "billing_id", "", false },
		{ "npid = 12345", "", false }, { "single_shot = 3", "", false }, { "xser_0E = 1", "", false },
		{ "xser_100 = 11", "", false }, { "xser_-3 = 11", "", false }, { "xser_3 = 11", "", false },
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		char first[64], second[64];
		char *tlvs[] = { first, second };
		struct conf_error err;
		struct ucp_options options = options_of();
		snprintf(first, sizeof first, "%s", rows[i].first);
		snprintf(second, sizeof second, "%s", rows[i].second);
		options.tlvs = (struct conf_list){ tlvs, 2 };
		ck_assert_msg(ucp_tlvs_check(&options, &err) == rows[i].good, "row %zu", i);
	}
}
END_TEST

START_TEST(texts_are_written_in_the_alphabet_of_the_link_and_read_in_it)
{
	static const struct { int alphabet; const char *body, *hex; enum charset charset; } rows[] = {
		{ UCP_GSM7, "@\xC3\x9F", "001E", CHARSET_GSM7 },
		{ UCP_ASCII, "@$_[", "40245F5B", CHARSET_ASCII }, { UCP_ASCII, "\xC3\x9F", NULL, CHARSET_ASCII },
		{ UCP_LATIN1, "@\xC3\x9F\xC3\xB1", "40DFF1", CHARSET_LATIN1 },
		{ UCP_LATIN1, "\xE2\x82\xAC", NULL, CHARSET_LATIN1 },
		/* umlauts of the German variant; what is behind an escape stays */
		{ UCP_ISO21DE, "\xC3\x84\xC3\x96\xC3\x9C\xC3\xA4\xC3\xB6\xC3\xBC\xC3\x9F\xC2\xA7[~",
		    "5B5C5D7B7C7D7E5E1B3C1B3D", CHARSET_GSM7 },
		{ UCP_ISO21DE, "\xC3\xB1", NULL, CHARSET_GSM7 },
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct ucp_options options = options_of();
		struct ucp_pdu pdu;
		struct ucp_arrived arrived;
		char expected[64], text[64];
		options.alphabet = rows[i].alphabet;
		const struct row row = { .body = rows[i].body };
		const char *sent = sent_as(&options, &row, 1);
		if (!rows[i].hex) {
			ck_assert_msg(strstr(sent, "use encoding ucs2") != NULL, "row %zu: %s", i, sent);
			continue;
		}
		snprintf(expected, sizeof expected, HI "MT=3 Msg=%s", rows[i].hex);
		ck_assert_msg(strcmp(sent, expected) == 0, "row %zu: %s", i, sent);
		ucp_begin(&pdu, UCP_DELIVER);
		ucp_set(&pdu, UCP_MT, "3");
		ucp_set(&pdu, UCP_MSG, rows[i].hex);
		ucp_read_inbound(&options, &pdu, &arrived);
		ck_assert_int_eq(arrived.inbound.charset, rows[i].charset);
		charset_to_utf8(text, sizeof text, arrived.inbound.charset, arrived.inbound.octets.at,
		    arrived.inbound.octets.len, NULL);
		ck_assert_msg(strcmp(text, rows[i].body) == 0, "row %zu: %s", i, text);
		free(arrived.options);
	}
}
END_TEST

START_TEST(each_error_code_has_its_outcome)
{
	static const struct { unsigned ec; uint16_t attempts; enum verdict verdict; bool untried, rebinds;
		unsigned hold_s; } rows[] = {
		{ 1, 1, VERDICT_DEFERRED, false, true, 0 }, { 1, 2, VERDICT_DEFERRED, false, false, 0 },
		{ 2, 1, VERDICT_REJECTED, false, false, 0 },
		{ 3, 1, VERDICT_REJECTED, false, false, 0 }, { 4, 1, VERDICT_DEFERRED, true, false, 1 },
		{ 5, 1, VERDICT_REJECTED, false, false, 0 }, { 6, 1, VERDICT_REJECTED, false, false, 0 },
		{ 7, 1, VERDICT_DEFERRED, false, true, 0 }, { 7, 2, VERDICT_REJECTED, false, false, 0 },
		{ 12, 1, VERDICT_REJECTED, false, false, 0 }, { 22, 1, VERDICT_REJECTED, false, false, 0 },
		{ 23, 1, VERDICT_REJECTED, false, false, 0 }, { 24, 1, VERDICT_REJECTED, false, false, 0 },
		{ 28, 1, VERDICT_REJECTED, false, false, 0 }, { 30, 1, VERDICT_DEFERRED, false, false, 0 },
		{ 36, 1, VERDICT_DEFERRED, false, false, 0 }, { 37, 9, VERDICT_DEFERRED, false, false, 0 },
		{ 37, 10, VERDICT_REJECTED, false, false, 0 }, { 55, 1, VERDICT_DEFERRED, false, false, 0 },
		{ 69, 1, VERDICT_REJECTED, false, false, 0 }, { 95, 1, VERDICT_DEFERRED, false, false, 0 },
		{ 29, 2, VERDICT_DEFERRED, false, false, 0 }, { 39, 2, VERDICT_DEFERRED, false, false, 0 },
		{ 49, 3, VERDICT_REJECTED, false, false, 0 }, { 52, 2, VERDICT_DEFERRED, false, false, 0 },
		{ 70, 2, VERDICT_DEFERRED, false, false, 0 }, { 89, 3, VERDICT_REJECTED, false, false, 0 },
		{ 90, 3, VERDICT_DEFERRED, false, false, 0 },
		{ 0, 2, VERDICT_DEFERRED, false, false, 0 }, { 0, 3, VERDICT_REJECTED, false, false, 0 },
	};
	const struct ucp_options options = options_of();
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		const struct message message = { .attempts = rows[i].attempts };
		const struct ucp_result result = { .code = rows[i].ec };
		const struct outcome outcome = ucp_outcome(&options, &result, &message);
		ck_assert_msg(outcome.verdict == rows[i].verdict && outcome.untried == rows[i].untried &&
		    outcome.hold_ms == rows[i].hold_s * SECOND_MS && outcome.code == rows[i].ec &&
		    ucp_rebinds(&options, &result, &message) == rows[i].rebinds, "EC %u", rows[i].ec);
		ck_assert_uint_gt(strlen(outcome.text), 0);
	}
}
END_TEST

START_TEST(a_link_says_what_a_code_means_to_it)
{
	char rule[] = "4 = fail", other[] = "90 = hold", wrong[] = "x = fail";
	char *rules[] = { rule, other };
	struct conf_error err;
	struct ucp_options options = options_of();
	const struct message message = { .attempts = 1 };
	const char *words = "Not now";
	struct ucp_result result = { .code = 4, .sm = { (const uint8_t *)words, 7 } };
	options.status = (struct conf_list){ rules, 2 };
	ck_assert(ucp_actions_check(&options, &err));
	struct outcome outcome = ucp_outcome(&options, &result, &message);
	ck_assert_int_eq(outcome.verdict, VERDICT_REJECTED);
	ck_assert_str_eq(outcome.text, "EC 04: operation not allowed; Not now; if the centre wants a login: key password of the link");
	result.code = 22;
	ck_assert_str_eq(ucp_outcome(&options, &result, &message).text,
	    "EC 22: time period is not valid; check time_zone of the link; Not now");
	result.code = 90;
	ck_assert_uint_eq(ucp_outcome(&options, &result, &message).hold_ms, 60 * SECOND_MS);
	rules[0] = wrong;
	ck_assert(!ucp_actions_check(&options, &err));
	ck_assert_ptr_nonnull(strstr(err.text, "24 = fail"));
}
END_TEST

START_TEST(an_id_is_what_a_receipt_names)
{
	static const struct { const char *sm, *id; } rows[] = {
		{ "0171123456:241126101530", "0171123456:241126101530" },
		{ "0171123456: 5 226 9 7 3", "0171123456:050226090703" },
		{ " 171123456:241126101530", "171123456:241126101530" }, { "", "" },
		{ "241126101530", "241126101530" }, { "MSG 4711", "MSG4711" }, { "a\x01\xC3\x9F", "a" },
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		char id[NETWORK_ID_MAX];
		ucp_id(id, (struct blob){ (const uint8_t *)rows[i].sm, strlen(rows[i].sm) });
		ck_assert_msg(strcmp(id, rows[i].id) == 0, "%s", id);
	}
	char id[NETWORK_ID_MAX], longest[200];
	memset(longest, '1', sizeof longest);
	ucp_id(id, (struct blob){ (const uint8_t *)longest, sizeof longest });
	ck_assert_uint_eq(strlen(id), NETWORK_ID_MAX - 1);
}
END_TEST

/* "AdC=4321 OAdC=..." into an operation. The texts stay in `room`. */
static struct ucp_pdu operation_of(unsigned operation, const char *fields, char room[FRAME_ROOM])
{
	struct ucp_pdu pdu;
	ucp_begin(&pdu, operation);
	snprintf(room, FRAME_ROOM, "%s", fields);
	for (char *save = NULL, *at = strtok_r(room, "|", &save); at; at = strtok_r(NULL, "|", &save)) {
		char *value = strchr(at, '=');
		unsigned i = 0;
		ck_assert_ptr_nonnull(value);
		*value++ = '\0';
		while (i < pdu.nfields && strcmp(ucp_field_name(&pdu, i), at) != 0)
			i++;
		ck_assert_msg(i < pdu.nfields, "%s", at);
		ucp_set(&pdu, i, value);
	}
	return pdu;
}

START_TEST(deliveries_are_told_as_they_came)
{
	static const struct { unsigned operation; const char *fields, *sender, *recipient; enum charset charset;
		uint8_t coding; const char *hex, *udh; unsigned part, parts; int64_t at; const char *options; } rows[] = {
		{ 52, "AdC=4321|OAdC=491711234567|SCTS=241126102000|MT=3|Msg=53544F50", "491711234567", "4321",
		    CHARSET_GSM7, 0, "53544F50", "", 0, 0, 1795515600, NULL },
		{ 52, "AdC=4321|OAdC=491711234567|OTOA=1139|Msg=53", "+491711234567", "4321",
		    CHARSET_GSM7, 0, "53", "", 0, 0, 0, NULL },
		{ 52, "AdC=4321|OAdC=106F79D87D2EBBE06C|OTOA=5039|MT=3|Msg=", "orange.pl", "4321",
		    CHARSET_GSM7, 0, "", "", 0, 0, 0, NULL },
		{ 52, "AdC=4321|OAdC=49|MT=3|Msg=61|XSer=0106050003110202020100|SCTS=2411261030", "49", "4321",
		    CHARSET_GSM7, 0, "61", "050003110202", 2, 2, 1795516200, NULL },
		{ 52, "AdC=4\xC3\xA9|OAdC=123456789012345678\xC3\xA9\xF0\x9F\x98\x80|MT=3|Msg=41", "123456789012345678??", "4??",
		    CHARSET_GSM7, 0, "41", "", 0, 0, 0, NULL },
		{ 52, "AdC=4321|OAdC=49|MT=4|NB=0024|Msg=00FF7F|MCLs=1|HPLMN=26201|XSer=0201F5", "49", "4321",
		    CHARSET_OCTETS, 0xF5, "00FF7F", "", 0, 0, 0, "{\"hplmn\":\"26201\"}" },
		{ 52, "AdC=4321|OAdC=49|MT=4|NB=0016|Msg=041F|XSer=020108", "49", "4321", CHARSET_UCS2, 8, "041F",
		    "", 0, 0, 0, NULL },
		{ 52, "AdC=4321|OAdC=49|MT=3|Msg=041F|XSer=020108", "49", "4321", CHARSET_UCS2, 8, "041F",
		    "", 0, 0, 0, NULL },
		{ 52, "AdC=4321|OAdC=49|MT=4|NB=0016|Msg=0102", "49", "4321", CHARSET_OCTETS, 4, "0102", "", 0, 0, 0, NULL },
		{ 52, "AdC=4321|OAdC=49|MT=4|NB=0021|Msg=C8329B|XSer=020100", "49", "4321", CHARSET_GSM7, 0, "48656C",
		    "", 0, 0, 0, NULL },
		{ 52, "AdC=4321|OAdC=49|MT=3|Msg=41|MCLs=0|RPID=0065", "49", "4321", CHARSET_GSM7, 0xF0, "41", "", 0, 0, 0, NULL },
		{ 52, "AdC=4321|OAdC=49|MT=2|Msg=5551234", "49", "4321", CHARSET_ASCII, 0, "35353531323334", "", 0, 0, 0, NULL },
		{ 52, "AdC=4321|OAdC=49|MT=3|Msg=41|XSer=0C064555523139390D01010E0101|RPI=2", "49", "4321",
		    CHARSET_GSM7, 0, "41", "", 0, 0, 0,
		    "{\"tlvs\":{\"billing_id\":\"EUR199\",\"single_shot\":1,\"xser_0E\":\"01\"},\"reply_path\":2}" },
		{ 52, "AdC=4321|OAdC=49|MT=3|Msg=41|XSer=0103FF0001|SCTS=999999999999", "49", "4321", CHARSET_GSM7, 0,
		    "41", "", 0, 0, 0, NULL },
		{ 1, "AdC=01234567890|OAdC=06 1|MT=3|Msg=41", "06 1", "01234567890", CHARSET_GSM7, 0, "41", "", 0, 0, 0, NULL },
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		char room[FRAME_ROOM], hex[FRAME_ROOM];
		const struct ucp_options options = options_of();
		const struct ucp_pdu pdu = operation_of(rows[i].operation, rows[i].fields, room);
		struct ucp_arrived arrived;
		ucp_read_inbound(&options, &pdu, &arrived);
		const struct inbound *in = &arrived.inbound;
		ck_assert_msg(strcmp(in->sender, rows[i].sender) == 0, "row %zu: %s", i, in->sender);
		ck_assert_str_eq(in->recipient, rows[i].recipient);
		ck_assert_msg(in->charset == rows[i].charset && in->data_coding == rows[i].coding &&
		    in->concat_part == rows[i].part && in->concat_parts == rows[i].parts, "row %zu", i);
		ck_assert_msg(in->network_at == rows[i].at, "row %zu: %lld", i, (long long)in->network_at);
		ucp_hex(hex, sizeof hex, in->octets.at, in->octets.len);
		ck_assert_msg(strcmp(hex, rows[i].hex) == 0, "row %zu: %s", i, hex);
		ucp_hex(hex, sizeof hex, in->udh.at, in->udh.len);
		ck_assert_msg(strcmp(hex, rows[i].udh) == 0, "row %zu: %s", i, hex);
		ck_assert_msg(rows[i].options ? in->options && strcmp(in->options, rows[i].options) == 0
		    : !in->options, "row %zu: %s", i, in->options);
		free(arrived.options);
	}
	char number[] = "777", room[FRAME_ROOM];
	struct ucp_options options = options_of();
	struct ucp_arrived arrived;
	const struct ucp_pdu pdu = operation_of(52, "AdC=1920870340125000|OAdC=49", room);
	options.own_number = number;
	ucp_read_inbound(&options, &pdu, &arrived);
	ck_assert_str_eq(arrived.inbound.recipient, "777");
}
END_TEST

START_TEST(notifications_are_receipts)
{
	static const struct { const char *fields, *id, *alternate, *recipient; enum status status;
		const char *word; uint32_t code; int64_t at; const char *text; } rows[] = {
		{ "AdC=4321|OAdC=0049171123456|SCTS=241126101540|Dst=0|Rsn=000|DSCTS=241126101545|MT=3",
		    "0049171123456:241126101540", "0171123456:241126101540", "0049171123456", STATUS_DELIVERED,
		    "delivered", 0, 1795511745, "" },
		{ "AdC=4321|OAdC=0171123456|SCTS=241126101540|Dst=1|Rsn=107", "0171123456:241126101540",
		    "49171123456:241126101540", "0171123456", STATUS_SENT, "buffered:107", 107, 0, "" },
		{ "AdC=4321|OAdC=44171123456|SCTS=241126101540|Dst=2|Rsn=101", "44171123456:241126101540", "",
		    "44171123456", STATUS_UNDELIVERED, "undelivered:101", 101, 0, "unknown subscriber (reason 101)" },
		{ "AdC=4321|OAdC=44171123456|SCTS=241126101540|Dst=2|Rsn=999", "44171123456:241126101540", "",
		    "44171123456", STATUS_UNDELIVERED, "undelivered:999", 999, 0, "undelivered for a reason of the operator's own (reason 999)" },
		{ "AdC=4321|OAdC=44171123456|SCTS= 41126101540|Dst=2", "44171123456:041126101540", "",
		    "44171123456", STATUS_UNDELIVERED, "undelivered", 0, 0, "undelivered, without a reason" },
		{ "AdC=4321|OAdC=44171123456|SCTS=241126101540|Dst=7", "44171123456:241126101540", "", "44171123456",
		    STATUS_SENT, "", 0, 0, "it names no state" },
		{ "AdC=4321|SCTS=241126101540|Dst=0", "", "", "", STATUS_DELIVERED, "delivered", 0, 0,
		    "it names no message" },
	};
	struct ucp_options options = options_of();
	options.addresses.country_code = country;
	options.time_zone = berlin;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		char room[FRAME_ROOM];
		const struct ucp_pdu pdu = operation_of(53, rows[i].fields, room);
		struct receipt receipt;
		ucp_read_receipt(&options, &pdu, &receipt);
		ck_assert_msg(strcmp(receipt.network_id, rows[i].id) == 0, "row %zu: %s", i, receipt.network_id);
		ck_assert_msg(strcmp(receipt.alternate[0], rows[i].alternate) == 0, "row %zu: %s", i,
		    receipt.alternate[0]);
		ck_assert_str_eq(receipt.recipient, rows[i].recipient);
		ck_assert_int_eq(receipt.status, rows[i].status);
		ck_assert_str_eq(receipt.word, rows[i].word);
		ck_assert_uint_eq(receipt.code, rows[i].code);
		ck_assert_msg(receipt.done_at == rows[i].at, "row %zu: %lld", i, (long long)receipt.done_at);
		ck_assert_msg(strcmp(receipt.text, rows[i].text) == 0, "row %zu: %s", i, receipt.text);
	}
}
END_TEST

static struct command *command_of(struct batch *batch, enum command_kind kind, const char *id)
{
	struct command *command = batch_command(batch);
	command->kind = kind;
	command->message->sender = "4321";
	command->message->recipient = "+49171123456";
	command->message->kind = "text";
	command->message->body = "New text";
	command->questions = batch_alloc(batch, sizeof *command->questions);
	command->nquestions = 1;
	command->questions->command = command;
	snprintf(command->questions->network_id, NETWORK_ID_MAX, "%s", id);
	return command;
}

START_TEST(questions_become_operations)
{
	static const struct { enum command_kind kind; const char *id; unsigned operation; const char *fields; } rows[] = {
		{ COMMAND_QUERY, "0171123456:241126101530", 55, "AdC=0171123456 OAdC=4321 SCTS=241126101530" },
		{ COMMAND_CANCEL, "0171123456:241126101530+2", 56, "AdC=0171123456 OAdC=4321 SCTS=241126101530" },
		{ COMMAND_CANCEL, "", 56, "AdC=0049171123456 OAdC=4321" },
		{ COMMAND_QUERY, "241126101530", 55, "AdC=0049171123456 OAdC=4321 SCTS=241126101530" },
		{ COMMAND_QUERY, "MSG4711", 0, "MSG4711" },
		{ COMMAND_REPLACE, "0171123456:241126101530", 54,
		    "AdC=0171123456 OAdC=4321 SCTS=241126101530 MT=3 Msg=4E65772074657874" },
	};
	const struct ucp_options options = options_of();
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct batch *batch = batch_new();
		struct command *command = command_of(batch, rows[i].kind, rows[i].id);
		struct part part = { .message = command->message, .coding = CODING_GSM7, .number = 1,
			.octets = (uint8_t *)"New text", .len = 8 };
		struct ucp_written written;
		struct reply reply;
		command->message->parts = &part;
		command->message->nparts = 1;
		const bool good = ucp_question(&options, command->questions, &written, &reply);
		ck_assert_int_eq(good, rows[i].operation != 0);
		if (good) {
			ck_assert_uint_eq(written.pdu.operation, rows[i].operation);
			ck_assert_str_eq(filled(&written.pdu), rows[i].fields);
		} else {
			ck_assert_int_eq(reply.kind, REPLY_FAILED);
			ck_assert_ptr_nonnull(strstr(reply.text, rows[i].fields));
		}
		batch_release(batch);
		command_release(command);
	}
}
END_TEST

START_TEST(what_became_of_a_question_is_told_in_words)
{
#define STAMP "AdC=4321|SCTS=241126101530|"
	static const struct { enum command_kind kind; unsigned operation; const char *fields; bool ours;
		enum reply_kind reply; const char *answer; enum status status; bool reports; } rows[] = {
		{ COMMAND_QUERY, 57, STAMP "Dst=0|Rsn=000|DSCTS=241126101545", true, REPLY_DONE, "delivered",
		    STATUS_DELIVERED, true },
		{ COMMAND_QUERY, 57, STAMP "Dst=1|Rsn=107", true, REPLY_DONE, "enroute", STATUS_SENT, false },
		{ COMMAND_QUERY, 57, STAMP "Dst=2|Rsn=101", true, REPLY_DONE, "undeliverable", STATUS_UNDELIVERED, true },
		/* "Message for 0171123456 is buffered", "... expired", "Delivered" */
		{ COMMAND_QUERY, 57, STAMP "MT=3|Msg=4D65737361676520666F7220303137313132333435362069732062756666657265"
		    "64", true, REPLY_DONE, "enroute", STATUS_SENT, false },
		{ COMMAND_QUERY, 57, STAMP "MT=3|Msg=65787069726564", true, REPLY_DONE, "expired", STATUS_SENT, false },
		{ COMMAND_QUERY, 57, STAMP "MT=3|Msg=44656C697665726564", true, REPLY_DONE, "delivered", STATUS_SENT, false },
		{ COMMAND_QUERY, 57, STAMP "MT=3|Msg=XX", true, REPLY_DONE, "unknown", STATUS_SENT, false },
		{ COMMAND_QUERY, 57, "AdC=4321|SCTS=241126101531", false, REPLY_DONE, "", STATUS_SENT, false },
		{ COMMAND_QUERY, 58, STAMP "MT=3", false, REPLY_DONE, "", STATUS_SENT, false },
		/* "Message deleted", "not found" */
		{ COMMAND_CANCEL, 58, STAMP "MT=3|Msg=4D6573736167652064656C65746564", true, REPLY_DONE, "", STATUS_SENT, false },
		{ COMMAND_CANCEL, 58, STAMP "Dst=2|Rsn=118", true, REPLY_DONE, "", STATUS_SENT, false },
		{ COMMAND_CANCEL, 58, STAMP "Dst=0|Rsn=000", true, REPLY_REFUSED, "", STATUS_SENT, false },
		{ COMMAND_CANCEL, 58, STAMP "MT=3|Msg=6E6F7420666F756E64", true, REPLY_REFUSED, "", STATUS_SENT, false },
		/* "Already delivered", "No such message" */
		{ COMMAND_CANCEL, 58, STAMP "MT=3|Msg=416C72656164792064656C697665726564", true, REPLY_REFUSED, "", STATUS_SENT, false },
		{ COMMAND_CANCEL, 58, STAMP "MT=3|Msg=4E6F2073756368206D657373616765", true, REPLY_REFUSED, "", STATUS_SENT, false },
	};
	const struct ucp_options options = options_of();
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		char room[FRAME_ROOM];
		struct batch *batch = batch_new();
		struct command *command = command_of(batch, rows[i].kind, "0171123456:241126101530+2");
		const struct ucp_pdu pdu = operation_of(rows[i].operation, rows[i].fields, room);
		ck_assert_msg(ucp_is_told(command->questions, &pdu) == rows[i].ours, "row %zu", i);
		if (rows[i].ours) {
			const struct reply reply = ucp_told(&options, "acme", command->questions, &pdu);
			ck_assert_msg(reply.kind == rows[i].reply && strcmp(reply.answer, rows[i].answer) == 0 &&
			    reply.status == rows[i].status && reply.reports == rows[i].reports, "row %zu: %s", i,
			    reply.answer);
			if (reply.reports)
				ck_assert_str_eq(reply.receipt.network_id, "0171123456:241126101530+2");
		}
		batch_release(batch);
		command_release(command);
	}
}
END_TEST

START_TEST(a_result_is_the_reply_or_the_promise_of_one)
{
	struct batch *batch = batch_new();
	struct command *query = command_of(batch, COMMAND_QUERY, "1:241126101530");
	struct command *replace = command_of(batch, COMMAND_REPLACE, "1:241126101530");
	struct reply reply;
	struct ucp_result result = { .positive = true };
	ck_assert(!ucp_taken(query->questions, &result, &reply));
	ck_assert(ucp_taken(replace->questions, &result, &reply) && reply.kind == REPLY_DONE);
	result = (struct ucp_result){ .code = 27 };
	ck_assert(ucp_taken(query->questions, &result, &reply) && reply.kind == REPLY_REFUSED);
	ck_assert_str_eq(reply.text, "EC 27: message not found in the message centre");
	result.code = 3;
	ck_assert(ucp_taken(query->questions, &result, &reply));
	ck_assert_ptr_nonnull(strstr(reply.text, "how to query"));
	batch_release(batch);
	command_release(query);
	command_release(replace);
}
END_TEST

START_TEST(times_are_by_the_clock_of_the_centre)
{
	static const struct { const char *text; int64_t utc; } rows[] = { { "241126101530", 1795515330 },
		{ "2411261015", 1795515300 }, { "310299101530", 0 }, { "", 0 }, { "24112610153", 0 },
		{ "24112610153x", 0 }, { "010100000000", 946684800 }, { "010190000000", 631152000 },
		{ "241326101530", 0 }, { "241126241530", 0 } };
	char good[] = "+05:30", local[] = "local";
	struct ucp_options options = options_of();
	char text[UCP_TIME_ROOM];
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		const struct blob blob = { (const uint8_t *)rows[i].text, strlen(rows[i].text) };
		ck_assert_msg(ucp_time_read(&options, blob) == rows[i].utc, "%s", rows[i].text);
	}
	ucp_time_write(&options, text, 1795515330);
	ck_assert_str_eq(text, "2411261016");   /* not before it */
	options.time_zone = good;
	ucp_time_write(&options, text, 1795515300);
	ck_assert_str_eq(text, "2411261545");
	ck_assert_int_eq(ucp_time_read(&options, (struct blob){ (const uint8_t *)text, 10 }), 1795515300);
	options.time_zone = local;
	setenv("TZ", "CET-1CEST,M3.5.0,M10.5.0/3", 1);
	tzset();
	ucp_time_write(&options, text, 1784100000); /* in summer */
	ck_assert_str_eq(text, "1507260920");
	ck_assert_int_eq(ucp_time_read(&options, (struct blob){ (const uint8_t *)text, 10 }), 1784100000);
	ck_assert(ucp_zone_is_good("local") && ucp_zone_is_good("-11:00") && !ucp_zone_is_good("Berlin"));
	ck_assert(!ucp_zone_is_good("+25:00") && !ucp_zone_is_good("+01:00x"));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("ucp_map");
	TCase *tests = tcase_create("ucp_map");
	tcase_add_test(tests, rows_become_operations);
	tcase_add_test(tests, what_the_protocol_cannot_say_is_refused_in_words);
	tcase_add_test(tests, parts_have_their_header_in_xser_and_say_that_more_follow);
	tcase_add_test(tests, a_link_has_its_own_ways);
	tcase_add_test(tests, names_and_values_of_key_tlvs_are_checked);
	tcase_add_test(tests, texts_are_written_in_the_alphabet_of_the_link_and_read_in_it);
	tcase_add_test(tests, each_error_code_has_its_outcome);
	tcase_add_test(tests, a_link_says_what_a_code_means_to_it);
	tcase_add_test(tests, an_id_is_what_a_receipt_names);
	tcase_add_test(tests, deliveries_are_told_as_they_came);
	tcase_add_test(tests, notifications_are_receipts);
	tcase_add_test(tests, questions_become_operations);
	tcase_add_test(tests, what_became_of_a_question_is_told_in_words);
	tcase_add_test(tests, a_result_is_the_reply_or_the_promise_of_one);
	tcase_add_test(tests, times_are_by_the_clock_of_the_centre);
	suite_add_tcase(suite, tests);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
