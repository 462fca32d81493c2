/* SPDX-License-Identifier: Apache-2.0 */
/*
 * check_cimd2_map.c - rows into packets of CIMD2, errors into outcomes, deliveries and status reports
 * into what the gateway stores, questions and their answers; and what a link may say.
 */
#include "../conf/conf.h"
#include "../drivers/cimd2.h"
#include "../drivers/cimd2_text.h"
#include "../gateway/asked.h"
#include "../gateway/encode.h"

#include <check.h>
#include <jansson.h>

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { SHOWN = 4096, HOUR = 3600, DAY = 24 * HOUR };

static struct cimd2_options usual;

static void setup(void)
{
	struct conf_key keys[96] = { { .name = NULL } };
	struct conf_error err;
	for (size_t i = 0; cimd2_keys[i].name; i++) {
		keys[i] = cimd2_keys[i];
		keys[i].required = false;
	}
	usual = (struct cimd2_options){ .window = 0 };
	ck_assert_msg(conf_fill(NULL, keys, &usual, &err), "%s", err.text);
	usual.report_mask = 14;
}

static void teardown(void)
{
	conf_clear(cimd2_keys, &usual);
}

/* A packet with | for TAB, without STX, ETX and checksum. */
static const char *show(const struct cimd2_pdu *pdu)
{
	static char text[SHOWN];
	uint8_t octets[CIMD2_PACKET_MAX];
	const size_t n = cimd2_pack(pdu, octets, sizeof octets);
	ck_assert_uint_gt(n, 4);
	memcpy(text, octets + 1, n - 4);
	text[n - 4] = '\0';
	for (char *at = text; *at; at++)
		if (*at == CIMD2_TAB)
			*at = '|';
	return text;
}

/* And the other way; what borrows from it lasts until the next one. */
static struct cimd2_pdu packet(const char *text)
{
	static uint8_t octets[SHOWN];
	struct cimd2_pdu pdu;
	const size_t len = strlen(text);
	octets[0] = CIMD2_STX;
	for (size_t i = 0; i < len; i++)
		octets[1 + i] = text[i] == '|' ? CIMD2_TAB : (uint8_t)text[i];
	octets[len + 1] = CIMD2_ETX;
	ck_assert_msg(cimd2_unpack(octets, len + 2, &pdu) == CIMD2_FINE, "%s", text);
	return pdu;
}

/* A row, encoded. */
struct row { const char *sender, *body, *kind, *options, *data; bool receipt; };

static struct message *message_of(struct batch *batch, const char *recipient, const struct row *row)
{
	struct message *message = batch_message(batch);
	char why[OUTCOME_TEXT_MAX];
	message->id = 42;
	message->recipient = recipient;
	message->sender = row->sender ? row->sender : "";
	message->body = row->body ? row->body : "";
	message->kind = row->kind ? row->kind : "text";
	message->options = row->options;
	message->wants_receipt = row->receipt;
	message->attempts = 1;
	if (row->data)
		message->data = (struct blob){ (const uint8_t *)row->data, strlen(row->data) };
	ck_assert_msg(encode_message(message, &encode_usual, why, sizeof why), "%s", why);
	return message;
}

/* The packet of its n-th part, or why there is none. */
static const char *packet_of(const struct cimd2_options *options, const char *recipient,
    const struct row *row, unsigned part)
{
	static struct cimd2_request request;
	static struct outcome outcome;
	struct batch *batch = batch_new();
	struct message *message = message_of(batch, recipient, row);
	ck_assert_uint_lt(part, message->nparts);
	const bool good = cimd2_submit(options, 0, &message->parts[part], &request, &outcome);
	const char *text = good ? show(&request.pdu) : outcome.text;
	if (!good)
		ck_assert_int_eq(outcome.verdict, VERDICT_REJECTED);
	message_release(message);
	batch_release(batch);
	return text;
}

/* Outwards. */

static const struct { const char *name, *recipient; struct row row; const char *packet; } rows[] = {
	{ "text", "+491711234567", { .body = "Hi" }, "03:000|021:+491711234567|033:Hi|056:0|" },
	{ "receipt", "+491711234567", { .body = "Hi", .receipt = true },
	    "03:000|021:+491711234567|033:Hi|056:14|" },
	{ "combinations", "12345678", { .body = "Grüße @ \"Ø\" Σ $ _" },
	    "03:000|021:12345678|033:Gr_u\"_sse _Oa _qq_O/_qq _gs $ _--|056:0|" },
	{ "extension", "12345678", { .body = "€ [a] {b} \\ ~ | ^" },
	    "03:000|021:12345678|033:_XXe _XX<a_XX> _XX(b_XX) _XX/ _XX= _XX_!! _XX_gl|056:0|" },
	{ "ucs2", "12345678", { .body = "Да" }, "03:000|021:12345678|030:8|034:04140430|056:0|" },
	{ "numbers", "0049 171 1234567", { .sender = "+49 30 1234", .body = "Hi" },
	    "03:000|021:+491711234567|023:+49301234|033:Hi|056:0|" },
	{ "bare number", "491711234567", { .sender = "4321", .body = "Hi" },
	    "03:000|021:491711234567|023:4321|033:Hi|056:0|" },
	{ "name", "12345678", { .sender = "MyBrand 11", .body = "Hi" },
	    "03:000|021:12345678|027:MyBrand 11|033:Hi|056:0|" },
	{ "national number", "0171 1234567", { .sender = "0301234", .body = "Hi", .options = "{\"dest_ton\": 1}" },
	    "03:000|021:+01711234567|023:0301234|033:Hi|056:0|" },
	{ "nothing reported", "12345678", { .body = "Hi", .options = "{\"registered_delivery\": 0}", .receipt = true },
	    "03:000|021:12345678|033:Hi|056:0|" },
	{ "number as a name", "12345678", { .sender = "4321", .body = "Hi", .options = "{\"source_ton\": 5}" },
	    "03:000|021:12345678|027:4321|033:Hi|056:0|" },
	{ "flash", "12345678", { .body = "Hi", .kind = "flash" },
	    "03:000|021:12345678|030:16|033:Hi|056:0|" },
	{ "class of ucs2", "12345678", { .body = "Д", .options = "{\"class\": 2}" },
	    "03:000|021:12345678|030:26|034:0414|056:0|" },
	{ "binary with ports", "12345678", { .kind = "binary", .data = "AB", .options =
	    "{\"dest_port\": 5505, \"source_port\": 5514, \"data_coding\": 245}" },
	    "03:000|021:12345678|030:245|032:0605041581158A|034:4142|056:0|" },
	{ "header alone", "12345678", { .kind = "raw", .data = "\x03\x70\x01\x41", .options =
	    "{\"esm_class\": 64, \"data_coding\": 246}" }, "03:000|021:12345678|030:246|032:03700141|056:0|" },
	{ "raw", "12345678", { .kind = "raw", .data = "\x02\x70\x41""AB", .options =
	    "{\"esm_class\": 64, \"data_coding\": 246}" },
	    "03:000|021:12345678|030:246|032:027041|034:4142|056:0|" },
	{ "silent", "12345678", { .kind = "silent" }, "03:000|021:12345678|033:|052:64|056:0|" },
	{ "replace", "12345678", { .body = "Hi", .options = "{\"replace\": 1}" },
	    "03:000|021:12345678|033:Hi|052:65|056:0|" },
	{ "protocol", "12345678", { .body = "Hi", .options = "{\"protocol_id\": 95}" },
	    "03:000|021:12345678|033:Hi|052:95|056:0|" },
	{ "priority", "12345678", { .body = "Hi", .options = "{\"priority\": 0}" },
	    "03:000|021:12345678|033:Hi|056:0|067:7|" },
	{ "urgent", "12345678", { .body = "Hi", .options = "{\"priority\": 3}" },
	    "03:000|021:12345678|033:Hi|056:0|067:1|" },
	{ "reply path", "12345678", { .body = "Hi", .options = "{\"esm_class\": 128}" },
	    "03:000|021:12345678|033:Hi|055:1|056:0|" },
	{ "validity", "12345678", { .body = "Hi", .options = "{\"validity\": 86400}" },
	    "03:000|021:12345678|033:Hi|050:167|056:0|" },
	{ "failures alone", "12345678", { .body = "Hi", .options = "{\"registered_delivery\": 2}" },
	    "03:000|021:12345678|033:Hi|056:6|" },
	{ "success alone", "12345678", { .body = "Hi", .options = "{\"registered_delivery\": 3}" },
	    "03:000|021:12345678|033:Hi|056:8|" },
	{ "and on the way", "12345678", { .body = "Hi", .options = "{\"registered_delivery\": 17}" },
	    "03:000|021:12345678|033:Hi|056:15|" },
	{ "tariff", "12345678", { .body = "Hi", .options =
	    "{\"tlvs\": {\"tariff_class\": 5, \"service_description\": \"3\"}}" },
	    "03:000|021:12345678|033:Hi|064:5|065:3|056:0|" },
	{ "service", "12345678", { .body = "Hi", .options = "{\"service_type\": \"7\"}" },
	    "03:000|021:12345678|033:Hi|065:7|056:0|" },
	{ "all of its own", "12345678", { .body = "Hi", .options = "{\"tlvs\": {\"reply_path\": 0, "
	    "\"cancel_enabled\": 1, \"priority\": 9, \"status_report_request\": 63}}" },
	    "03:000|021:12345678|033:Hi|055:0|058:1|067:9|056:63|" },
	{ "waiting", "12345678", { .kind = "waiting", .options =
	    "{\"waiting\": {\"type\": \"voice\", \"active\": true, \"method\": \"dcs\"}}" },
	    "03:000|021:12345678|030:200|033:|056:0|" },
};

/* json_object_foreach keeps no order that a test could rely on, so names in tlvs are few. */
START_TEST(a_row_is_sent_as_this_packet)
{
	const char *text = packet_of(&usual, rows[_i].recipient, &rows[_i].row, 0);
	ck_assert_msg(strcmp(text, rows[_i].packet) == 0, "%s: %s", rows[_i].name, text);
}
END_TEST

static const struct { struct row row; const char *recipient, *why; } refusals[] = {
	{ { .body = "Hi" }, "*123#", "digits alone" },
	{ { .body = "Hi", .sender = "*123#" }, "12345678", "digits alone" },
	{ { .body = "Hi", .sender = "Café" }, "12345678", "ASCII alone" },
	{ { .body = "Hi", .options = "{\"recipients\": [\"+491711234568\"]}" }, "+491711234567", "several" },
	{ { .body = "Hi", .kind = "ussd" }, "12345678", "kind ussd" },
	{ { .body = "Hi", .options = "{\"operation\": \"data_sm\"}" }, "12345678", "operation" },
	{ { .body = "Hi", .options = "{\"replace_if_present\": true}" }, "12345678", "replace_if_present" },
	{ { .options = "{\"default_message\": 3}" }, "12345678", "default_message" },
	{ { .body = "Hi", .options = "{\"esm_class\": 1}" }, "12345678", "esm_class" },
	{ { .body = "Hi", .options = "{\"data_coding\": 3}" }, "12345678", "data_coding 3" },
	{ { .body = "Hi", .options = "{\"service_type\": \"VMA\"}" }, "12345678", "service_type" },
	{ { .body = "Hi", .options = "{\"tlvs\": {\"tariff\": 5}}" }, "12345678", "no \"tariff\"" },
	{ { .body = "Hi", .options = "{\"tlvs\": {\"tariff_class\": 100}}" }, "12345678", "0 to 99" },
	{ { .body = "Hi", .options = "{\"tlvs\": {\"tariff_class\": \"x\"}}" }, "12345678", "0 to 99" },
	{ { .body = "Hi", .options = "{\"tlvs\": {\"user_message_reference\": 7}}" }, "12345678",
	    "a parameter of SMPP" },
};

START_TEST(what_a_packet_cannot_say_is_refused_in_words)
{
	const char *why = packet_of(&usual, refusals[_i].recipient, &refusals[_i].row, 0);
	ck_assert_msg(strstr(why, refusals[_i].why) != NULL, "%s", why);
}
END_TEST

START_TEST(parts_of_a_long_message_have_a_header_and_say_that_more_follow)
{
	char body[171];
	memset(body, 'x', sizeof body - 1);
	body[sizeof body - 1] = '\0';
	const struct row row = { .body = body };
	usual.more_messages = true;
	const char *text = packet_of(&usual, "12345678", &row, 0);
	ck_assert_ptr_nonnull(strstr(text, "|032:050003"));
	ck_assert_ptr_nonnull(strstr(text, "0201|033:xxx"));
	ck_assert_ptr_nonnull(strstr(text, "x|044:1|056:0|"));
	text = packet_of(&usual, "12345678", &row, 1);
	ck_assert_ptr_nonnull(strstr(text, "0202|033:xxxxxxxxxxxxxxxxx|056:0|"));
	usual.more_messages = false;
	ck_assert_ptr_null(strstr(packet_of(&usual, "12345678", &row, 0), "044"));
}
END_TEST

START_TEST(the_longest_text_fits)
{
	char body[2 * 160 + 1];
	for (int i = 0; i < 160; i++)
		memcpy(body + 2 * i, "é", 3);
	const char *text = packet_of(&usual, "12345678", &(struct row){ .body = body }, 0);
	ck_assert_uint_eq(strlen(text), strlen("03:000|021:12345678|033:|056:0|") + 480);
	usual.link_width = CIMD2_EIGHT_BITS;
	text = packet_of(&usual, "12345678", &(struct row){ .body = body }, 0);
	ck_assert_uint_eq(strlen(text), strlen("03:000|021:12345678|033:|056:0|") + 160);
}
END_TEST

START_TEST(a_sender_is_written_as_the_account_wants_it)
{
	static char prefix[] = "400";
	static const struct { int numbers; const char *sender, *says; } cases[] = {
		{ CIMD2_SENDER_KEEP, "400600", "|023:400600|" }, { CIMD2_SENDER_STRIP, "400600", "|023:600|" },
		{ CIMD2_SENDER_STRIP, "+400600700", "|023:600700|" }, { CIMD2_SENDER_STRIP, "400", NULL },
		{ CIMD2_SENDER_STRIP, "", NULL }, { CIMD2_SENDER_STRIP, "Shop", "|027:Shop|" },
		{ CIMD2_SENDER_STRIP, "500600", "does not begin with" }, { CIMD2_SENDER_NEVER, "400600", NULL },
		{ CIMD2_SENDER_NEVER, "Shop", "|027:Shop|" },
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct cimd2_options options = usual;
		options.sender_numbers = cases[i].numbers;
		options.sender_prefix = prefix;
		const char *text = packet_of(&options, "12345678",
		    &(struct row){ .body = "Hi", .sender = cases[i].sender }, 0);
		if (cases[i].says)
			ck_assert_msg(strstr(text, cases[i].says) != NULL, "%zu: %s", i, text);
		else
			ck_assert_str_eq(text, "03:000|021:12345678|033:Hi|056:0|");
	}
}
END_TEST

START_TEST(what_a_link_says_is_said_unless_the_row_does)
{
	const struct row plain = { .body = "Hi" };
	const struct row own = { .body = "Hi", .options = "{\"tlvs\": {\"tariff_class\": 7}}" };
	struct cimd2_options options = usual;
	options.tariff_class = 5;
	options.service_description = 2;
	options.cancel_enabled = true;
	options.reply_path = 0;
	options.no_dlr = true;
	ck_assert_str_eq(packet_of(&options, "12345678", &plain, 0),
	    "03:000|021:12345678|033:Hi|055:0|058:1|064:5|065:2|");
	ck_assert_str_eq(packet_of(&options, "12345678", &own, 0),
	    "03:000|021:12345678|033:Hi|064:7|055:0|058:1|065:2|");
	options = usual;
	options.notifications = true;
	ck_assert_ptr_nonnull(strstr(packet_of(&options, "12345678",
	    &(struct row){ .body = "Hi", .receipt = true }, 0), "|056:15|"));
}
END_TEST

START_TEST(a_period_is_the_shortest_that_lasts_long_enough)
{
	static const struct { int64_t seconds; int period; } cases[] = {
		{ -5, 0 }, { 0, 0 }, { 1, 0 }, { 300, 0 }, { 301, 1 }, { 3600, 11 }, { 43200, 143 },
		{ 43201, 144 }, { 45000, 144 }, { 45001, 145 }, { DAY, 167 }, { DAY + 1, 168 }, { 2 * DAY, 168 },
		{ 3 * DAY, 169 }, { 30 * DAY, 196 }, { 30 * DAY + 1, 197 }, { 35 * DAY, 197 }, { 36 * DAY, 198 },
		{ 441 * DAY, 255 }, { 441 * DAY + 1, -1 },
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
		ck_assert_msg(cimd2_period(cases[i].seconds) == cases[i].period, "%zu: %d", i,
		    cimd2_period(cases[i].seconds));
}
END_TEST

/* 2026-11-28 08:00:00 UTC, and as the vectors have it. */
START_TEST(times_are_those_of_the_clock_of_the_centre)
{
	static const struct { const char *text; int32_t zone; bool good; int64_t at; } cases[] = {
		{ "261128080000", 0, true, 1795852800 }, { "261128080000", HOUR, true, 1795852800 - HOUR },
		{ "261128080000", -HOUR / 2, true, 1795852800 + HOUR / 2 }, { "261328080000", 0, false, 0 },
		{ "26112808000", 0, false, 0 }, { "2611280800000", 0, false, 0 }, { "26112808000x", 0, false, 0 },
		{ "260230000000", 0, false, 0 }, { "", 0, false, 0 }, { "261128240000", 0, false, 0 },
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		const struct blob value = { (const uint8_t *)cases[i].text, strlen(cases[i].text) };
		int64_t at;
		char back[CIMD2_TIME_ROOM];
		ck_assert_msg(cimd2_read_time(&value, cases[i].zone, &at) == cases[i].good, "%s", cases[i].text);
		if (!cases[i].good)
			continue;
		ck_assert_msg(at == cases[i].at, "%" PRId64, at);
		cimd2_write_time(back, at, cases[i].zone);
		ck_assert_str_eq(back, cases[i].text);
	}
}
END_TEST

START_TEST(validity_and_schedule_are_relative_or_by_the_clock_of_the_centre)
{
	struct batch *batch = batch_new();
	struct message *message = message_of(batch, "12345678", &(struct row){ .body = "Hi" });
	struct asked asked = asked_nothing;
	struct cimd2_request request;
	struct outcome outcome;
	const int64_t now = time(NULL);
	int64_t at;
	message->asked = &asked;
	message->expires_at = now + DAY;
	asked.schedule_at = now + HOUR;
	ck_assert(cimd2_submit(&usual, HOUR, message->parts, &request, &outcome));
	ck_assert_int_eq(cimd2_number(&request.pdu, CIMD2_VALIDITY_RELATIVE, 255, -1), 167);
	ck_assert_int_eq(cimd2_number(&request.pdu, CIMD2_FIRST_RELATIVE, 255, -1), 11);
	usual.validity_format = CIMD2_VALIDITY_IS_ABSOLUTE;
	ck_assert(cimd2_submit(&usual, HOUR, message->parts, &request, &outcome));
	ck_assert_ptr_null(cimd2_value(&request.pdu, CIMD2_VALIDITY_RELATIVE));
	ck_assert(cimd2_read_time(cimd2_value(&request.pdu, CIMD2_VALIDITY_ABSOLUTE), HOUR, &at));
	ck_assert_int_eq(at, now + DAY);
	ck_assert(cimd2_read_time(cimd2_value(&request.pdu, CIMD2_FIRST_ABSOLUTE), HOUR, &at));
	ck_assert_int_eq(at, now + HOUR);
	asked.schedule_at = now + DAY;
	ck_assert(!cimd2_submit(&usual, 0, message->parts, &request, &outcome));
	ck_assert_ptr_nonnull(strstr(outcome.text, "not before the end"));
	message->expires_at = 0;
	asked.schedule_at = now + 500 * (int64_t)DAY;
	usual.validity_format = CIMD2_VALIDITY_IS_RELATIVE;
	ck_assert(!cimd2_submit(&usual, 0, message->parts, &request, &outcome));
	ck_assert_ptr_nonnull(strstr(outcome.text, "too far away"));
	message_release(message);
	batch_release(batch);
}
END_TEST

/* Answers. */

static const struct { const char *packet; uint32_t code; enum verdict verdict; const char *text; bool rests; }
answers[] = {
	{ "53:007|021:12345678|060:261124101530|", 0, VERDICT_SENT, "", false },
	{ "53:007|021:12345678|060:261124101530|900:0|", 0, VERDICT_SENT, "", false },
	{ "53:007|900:302|901:Syntax error|", 302, VERDICT_REJECTED,
	    "error 302: syntax error in user data; Syntax error", false },
	{ "53:007|900:002|", 2, VERDICT_REJECTED, "error 2: syntax error", false },
	{ "53:007|900:4|", 4, VERDICT_DEFERRED, "error 4: connection to message centre lost", true },
	{ "53:007|900:10|", 10, VERDICT_DEFERRED, "error 10: temporary congestion", true },
	{ "53:007|900:5|", 5, VERDICT_DEFERRED, "error 5: no response from message centre", false },
	{ "53:007|900:102|", 102, VERDICT_DEFERRED, "error 102: too many users with this login", false },
	{ "53:007|900:777|", 777, VERDICT_DEFERRED, "error 777: not a known one", false },
	{ "53:007|900:abc|", CIMD2_ERROR_UNREADABLE, VERDICT_DEFERRED, "an error that is no number", false },
	{ "98:007|901:Oh|", CIMD2_ERROR_UNREADABLE, VERDICT_DEFERRED, "an error that is no number; Oh", false },
	{ "98:007|900:1|", 1, VERDICT_REJECTED, "error 1: unexpected operation", false },
};

START_TEST(an_answer_means_this_outcome)
{
	const struct cimd2_pdu pdu = packet(answers[_i].packet);
	const struct message message = { .attempts = 1 };
	const struct outcome outcome = cimd2_outcome(&usual, &pdu, &message);
	ck_assert_int_eq(outcome.verdict, answers[_i].verdict);
	ck_assert_uint_eq(outcome.code, answers[_i].code);
	ck_assert_str_eq(outcome.text, answers[_i].text);
	ck_assert_int_eq(outcome.hold_ms > 0, answers[_i].rests);
}
END_TEST

START_TEST(a_link_has_its_own_actions)
{
	static char *rules[] = { (char *)"302 = retry", (char *)"10 = fail", (char *)"0x136 = rebind" };
	const struct message message = { .attempts = 1 };
	struct cimd2_options options = usual;
	options.status = (struct conf_list){ rules, 3 };
	struct cimd2_pdu pdu = packet("53:007|900:302|");
	ck_assert_int_eq(cimd2_outcome(&options, &pdu, &message).verdict, VERDICT_DEFERRED);
	pdu = packet("53:007|900:10|");
	ck_assert_int_eq(cimd2_outcome(&options, &pdu, &message).verdict, VERDICT_REJECTED);
	ck_assert(!cimd2_logs_in_anew(&options, &pdu));
	pdu = packet("53:007|900:310|");
	ck_assert(cimd2_logs_in_anew(&options, &pdu));
	pdu = packet("53:007|900:103|");
	ck_assert(cimd2_logs_in_anew(&usual, &pdu));
}
END_TEST

START_TEST(a_message_is_named_by_recipient_and_time_stamp)
{
	static const struct { const char *packet, *destination, *id; } cases[] = {
		{ "53:007|021:+491711234567|060:261124101530|", "1", "+491711234567:261124101530" },
		{ "53:007|060:261124101530|", "12345678", "12345678:261124101530" },
		{ "53:007|021:x y|060:261124101530|", "12345678", "12345678:261124101530" },
		{ "53:007|021:123456789012345678901|060:261124101530|", "12345678", "12345678:261124101530" },
		{ "53:007|021:12345678|", "1", "" }, { "53:007|021:12345678|060:|", "1", "" },
		{ "53:007|021:12345678|060:26a|", "1", "" },
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		const struct cimd2_pdu pdu = packet(cases[i].packet);
		const struct blob destination = { (const uint8_t *)cases[i].destination, strlen(cases[i].destination) };
		char id[NETWORK_ID_MAX];
		ck_assert_int_eq(cimd2_id(&pdu, &destination, id), *cases[i].id != '\0');
		ck_assert_str_eq(id, cases[i].id);
	}
}
END_TEST

START_TEST(a_part_may_be_sent_once_without_what_it_can_spare)
{
	ck_assert_ptr_null(cimd2_dispensable(302));
	ck_assert_ptr_null(cimd2_dispensable(313));
	ck_assert_uint_eq(cimd2_dispensable(310)[0], CIMD2_REPORT_REQUEST);
	ck_assert_uint_eq(cimd2_dispensable(310)[1], 0);
	ck_assert_uint_eq(cimd2_dispensable(312)[0], CIMD2_PRIORITY);
	for (const uint16_t *code = cimd2_dispensable(3); *code; code++)
		ck_assert(*code != CIMD2_TARIFF_CLASS && *code != CIMD2_CODING && *code != CIMD2_PROTOCOL_ID);
}
END_TEST

/* Inwards. */

static struct cimd2_message room;

static const struct { const char *packet; enum cimd2_refusal refusal; } deliveries[] = {
	{ "20:018|021:4321|023:+491711234567|033:Ping|", CIMD2_TAKEN },
	{ "20:018|021:4321|033:Ping|", CIMD2_WRONG_SYNTAX },
	{ "20:018|023:4321|033:Ping|", CIMD2_WRONG_SYNTAX },
	{ "20:018|021:4321|023:1|", CIMD2_TAKEN },
	{ "20:018|021:4321|023:1|033:Ping|034:50|", CIMD2_GENERIC_FAILURE },
	{ "20:018|021:4321|023:1|030:4|034:F5ZZ|", CIMD2_WRONG_FORMAT },
	{ "20:018|021:4321|023:1|030:x|033:Ping|", CIMD2_WRONG_FORMAT },
	{ "20:018|021:4321|023:1|030:256|033:Ping|", CIMD2_WRONG_FORMAT },
	{ "20:018|021:4321|023:1|052:x|033:Ping|", CIMD2_WRONG_FORMAT },
	{ "20:018|021:4321|023:1|030:128|034:F5|", CIMD2_WRONG_CODING },
	{ "20:018|021:4321|023:1|032:090003110202|033:Ping|", CIMD2_WRONG_HEADER },
	{ "20:018|021:4321|023:1|032:0|033:Ping|", CIMD2_WRONG_FORMAT },
	{ "20:018|021:4321|023:1|032:|033:Ping|", CIMD2_TAKEN },
	{ "20:018|021:4321|023:1|060:x|033:Ping|777:x|", CIMD2_TAKEN },
};

START_TEST(a_message_is_taken_or_refused_with_this_error)
{
	const struct cimd2_pdu pdu = packet(deliveries[_i].packet);
	struct inbound in;
	ck_assert_msg(cimd2_read_inbound(0, &pdu, &room, &in) == deliveries[_i].refusal, "%s",
	    deliveries[_i].packet);
	free(room.options);
}
END_TEST

START_TEST(a_message_is_told_with_all_that_is_known_of_it)
{
	struct inbound in;
	struct cimd2_pdu pdu = packet("20:006|021:4321|023:+49-171-1234567|060:261128080000|026:262011234567890|"
	    "028:+491720001|069:+491720000|052:64|032:050003ab0202|033:and the r_e'st _zz|");
	ck_assert_int_eq(cimd2_read_inbound(HOUR, &pdu, &room, &in), CIMD2_TAKEN);
	ck_assert_str_eq(in.sender, "+491711234567");
	ck_assert_str_eq(in.recipient, "4321");
	ck_assert_int_eq(in.network_at, 1795852800 - HOUR);
	ck_assert_uint_eq(in.protocol_id, 64);
	ck_assert_uint_eq(in.concat_ref, 0xAB);
	ck_assert_uint_eq(in.concat_part, 2);
	ck_assert_uint_eq(in.concat_parts, 2);
	ck_assert_int_eq(in.charset, CHARSET_GSM7);
	ck_assert_uint_eq(in.octets.len, 16);
	ck_assert_mem_eq(in.octets.at, "and the r\x05st \x11zz", in.octets.len);
	ck_assert_uint_eq(in.udh.len, 6);
	ck_assert_uint_eq(room.strange, 1);
	ck_assert_str_eq(in.options, "{\"imsi\":\"262011234567890\",\"visited_msc\":\"+491720001\","
	    "\"service_centre\":\"+491720000\",\"timestamp\":\"261128080000\"}");
	free(room.options);

	pdu = packet("20:002|021:43-21|027:My-Shop 1|033:Hi|");
	ck_assert_int_eq(cimd2_read_inbound(0, &pdu, &room, &in), CIMD2_TAKEN);
	ck_assert_str_eq(in.sender, "My-Shop 1");
	ck_assert_str_eq(in.recipient, "4321");

	pdu = packet("20:004|021:4321|023:1|030:8|034:04140430|");
	ck_assert_int_eq(cimd2_read_inbound(0, &pdu, &room, &in), CIMD2_TAKEN);
	ck_assert_int_eq(in.charset, CHARSET_UCS2);
	ck_assert_uint_eq(in.octets.len, 4);
	ck_assert_ptr_null(in.options);

	/* "hellohello" as handsets pack it, and behind a header. */
	pdu = packet("20:004|021:4321|023:1|034:E8329BFD4697D9EC37|");
	ck_assert_int_eq(cimd2_read_inbound(0, &pdu, &room, &in), CIMD2_TAKEN);
	ck_assert_int_eq(in.charset, CHARSET_GSM7);
	ck_assert_uint_eq(in.octets.len, 10);
	ck_assert_mem_eq(in.octets.at, "hellohello", 10);
	pdu = packet("20:004|021:4321|023:1|032:050003AB0201|034:D06536FB0D|");
	ck_assert_int_eq(cimd2_read_inbound(0, &pdu, &room, &in), CIMD2_TAKEN);
	ck_assert_uint_eq(in.octets.len, 5);
	ck_assert_mem_eq(in.octets.at, "hello", 5);
}
END_TEST

static const struct { const char *state; enum status status; const char *word, *text; } reports[] = {
	{ "061:0|", STATUS_SENT, "no status", "" }, { "061:1|", STATUS_SENT, "in process", "" },
	{ "061:2|062:60|", STATUS_UNDELIVERED, "expired", "expired (network error 60: no paging response)" },
	{ "061:3|062:500|", STATUS_UNDELIVERED, "failed", "undeliverable (network error 500)" },
	{ "061:4|062:0|", STATUS_DELIVERED, "delivered", "" }, { "061:5|", STATUS_SENT, "no response", "" },
	{ "061:6|", STATUS_UNDELIVERED, "last no answer", "no response, and no further attempt" },
	{ "061:7|", STATUS_UNDELIVERED, "cancelled", "cancelled at the message centre" },
	{ "061:8|", STATUS_UNDELIVERED, "deleted", "deleted at the message centre" },
	{ "061:09|", STATUS_UNDELIVERED, "cancel deleted", "deleted at the message centre by a cancel" },
	{ "061:55|", STATUS_SENT, "status 55", "it names no state that is known: status 55" },
};

START_TEST(a_status_report_is_this_receipt)
{
	char text[128];
	struct receipt receipt;
	snprintf(text, sizeof text, "23:010|021:+491711234567|060:261124101530|%s063:261128080000|",
	    reports[_i].state);
	const struct cimd2_pdu pdu = packet(text);
	ck_assert_int_eq(cimd2_read_receipt(HOUR, &pdu, &receipt), CIMD2_TAKEN);
	ck_assert_str_eq(receipt.network_id, "+491711234567:261124101530");
	ck_assert_str_eq(receipt.alternate[0], "491711234567:261124101530");
	ck_assert_str_eq(receipt.recipient, "491711234567");
	ck_assert_int_eq(receipt.status, reports[_i].status);
	ck_assert_str_eq(receipt.word, reports[_i].word);
	ck_assert_str_eq(receipt.text, reports[_i].text);
	ck_assert_int_eq(receipt.done_at, 1795852800 - HOUR);
}
END_TEST

START_TEST(a_status_report_that_names_no_message_is_refused)
{
	static const struct { const char *packet; enum cimd2_refusal refusal; } cases[] = {
		{ "23:010|060:261124101530|061:4|", CIMD2_WRONG_SYNTAX }, { "23:010|021:1|061:4|", CIMD2_WRONG_SYNTAX },
		{ "23:010|021:1|060:261124101530|", CIMD2_WRONG_SYNTAX },
		{ "23:010|021:1|060:261124101530|061:x|", CIMD2_WRONG_FORMAT },
		{ "23:010|021:x|060:261124101530|061:4|", CIMD2_WRONG_FORMAT },
		{ "23:010|021:1|060:261124101530|061:4|062:x|063:x|", CIMD2_TAKEN },
	};
	struct receipt receipt;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		const struct cimd2_pdu pdu = packet(cases[i].packet);
		ck_assert_msg(cimd2_read_receipt(0, &pdu, &receipt) == cases[i].refusal, "%s", cases[i].packet);
	}
}
END_TEST

/* Questions. */

static const struct { enum command_kind kind; const char *id, *says; bool good; } questions[] = {
	{ COMMAND_QUERY, "+491711234567:261124101530", "04:000|021:+491711234567|060:261124101530|", true },
	{ COMMAND_QUERY, "491711234567:261124101530+2", "04:000|021:491711234567|060:261124101530|", true },
	{ COMMAND_CANCEL, "12345678:261124101530", "06:000|059:2|021:12345678|060:261124101530|", true },
	{ COMMAND_CANCEL, "", "cancel each by its message_id", false },
	{ COMMAND_QUERY, "4711", "none of CIMD2", false }, { COMMAND_QUERY, ":26", "none of CIMD2", false },
	{ COMMAND_QUERY, "12:", "none of CIMD2", false }, { COMMAND_QUERY, "12:26x", "none of CIMD2", false },
	{ COMMAND_REPLACE, "12345678:261124101530", "does not replace", false },
};

START_TEST(a_question_is_this_packet_or_cannot_be_asked)
{
	struct command command = { .kind = questions[_i].kind };
	struct question question = { .command = &command };
	struct cimd2_request request;
	struct reply reply;
	snprintf(question.network_id, sizeof question.network_id, "%s", questions[_i].id);
	ck_assert_int_eq(cimd2_question(&question, &request, &reply), questions[_i].good);
	if (questions[_i].good) {
		ck_assert_str_eq(show(&request.pdu), questions[_i].says);
		return;
	}
	ck_assert_int_eq(reply.kind, REPLY_FAILED);
	ck_assert_ptr_nonnull(strstr(reply.text, questions[_i].says));
}
END_TEST

static const struct { const char *packet; enum command_kind kind; enum reply_kind reply; const char *answer;
	enum status status; } replies[] = {
	{ "54:061|021:1|060:261124101530|061:4|063:261128080000|", COMMAND_QUERY, REPLY_DONE, "delivered", STATUS_DELIVERED },
	{ "54:061|061:1|", COMMAND_QUERY, REPLY_DONE, "enroute", STATUS_SENT },
	{ "54:061|061:6|062:29|", COMMAND_QUERY, REPLY_DONE, "undeliverable", STATUS_UNDELIVERED },
	{ "54:061|061:0|", COMMAND_QUERY, REPLY_DONE, "unknown", STATUS_SENT },
	{ "54:061|061:42|", COMMAND_QUERY, REPLY_DONE, "unknown", STATUS_SENT },
	{ "54:061|021:1|", COMMAND_QUERY, REPLY_FAILED, "", STATUS_QUEUED },
	{ "54:061|900:401|", COMMAND_QUERY, REPLY_REFUSED, "", STATUS_QUEUED },
	{ "56:061|", COMMAND_CANCEL, REPLY_DONE, "", STATUS_QUEUED },
	{ "56:061|900:600|", COMMAND_CANCEL, REPLY_REFUSED, "", STATUS_QUEUED },
	{ "98:061|900:1|", COMMAND_CANCEL, REPLY_REFUSED, "", STATUS_QUEUED },
};

START_TEST(an_answer_to_a_question_means_this_reply)
{
	struct message message = { .recipient = "+491711234567" };
	struct command command = { .kind = replies[_i].kind, .message = &message };
	const struct question question = { .command = &command, .network_id = "1:261124101530+2" };
	const struct cimd2_pdu pdu = packet(replies[_i].packet);
	const struct reply reply = cimd2_reply(0, "main", &question, &pdu);
	ck_assert_int_eq(reply.kind, replies[_i].reply);
	ck_assert_str_eq(reply.answer, replies[_i].answer);
	ck_assert_int_eq(reply.status, replies[_i].status);
	ck_assert_int_eq(reply.reports, reply.status == STATUS_DELIVERED || reply.status == STATUS_UNDELIVERED);
	if (reply.reports)
		ck_assert_str_eq(reply.receipt.network_id, question.network_id);
	ck_assert(reply.kind == REPLY_DONE || *reply.text);
}
END_TEST

/* Options. */

static char text_of_option[64];

static void with_username(struct cimd2_options *options, const char *text)
{
	options->username = text_of_option;
	snprintf(text_of_option, sizeof text_of_option, "%s", text);
}

START_TEST(options_that_do_not_go_together_are_refused)
{
	static char zone[] = "01:00", prefix[] = "400", letters[] = "4x", host[] = "localhost:9971";
	static char *hosts[] = { host }, *rules[] = { (char *)"x = fail" };
	struct cimd2_options good = usual;
	struct conf_error err;
	good.stx.host = (struct conf_list){ hosts, 1 };
	with_username(&good, "gw01");
	ck_assert_msg(cimd2_check(&good, &err), "%s", err.text);
	struct { struct cimd2_options options; const char *why; } cases[7];
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
		cases[i].options = good;
	cases[0].options.stx.host.n = 0;
	cases[0].why = "host";
	cases[1].options.sender_numbers = CIMD2_SENDER_STRIP;
	cases[1].why = "needs a sender_prefix";
	cases[2].options.sender_prefix = prefix;
	cases[2].why = "strip alone";
	cases[3].options.sender_prefix = letters;
	cases[3].why = "not a few digits";
	cases[4].options.time_zone = zone;
	cases[4].why = "time_zone";
	cases[5].options.status = (struct conf_list){ rules, 1 };
	cases[5].why = "status:";
	cases[6].options.password = cases[6].options.password_file = prefix;
	cases[6].why = "keep one";
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		ck_assert_msg(!cimd2_check(&cases[i].options, &err), "%zu", i);
		ck_assert_msg(strstr(err.text, cases[i].why) != NULL, "%zu: %s", i, err.text);
	}
	static const char *const names[] = { " gw01", "gw01 ", "gw\xC3\xA9", "123456789012345678901234567890123" };
	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		with_username(&good, names[i]);
		ck_assert_msg(!cimd2_check(&good, &err), "%s", names[i]);
	}
}
END_TEST

#define LOOP(tests, test, table) tcase_add_loop_test(tests, test, 0, sizeof table / sizeof *table)

int main(void)
{
	Suite *suite = suite_create("cimd2_map");
	TCase *tests = tcase_create("cimd2_map");
	tcase_add_checked_fixture(tests, setup, teardown);
	LOOP(tests, a_row_is_sent_as_this_packet, rows);
	LOOP(tests, what_a_packet_cannot_say_is_refused_in_words, refusals);
	tcase_add_test(tests, parts_of_a_long_message_have_a_header_and_say_that_more_follow);
	tcase_add_test(tests, the_longest_text_fits);
	tcase_add_test(tests, a_sender_is_written_as_the_account_wants_it);
	tcase_add_test(tests, what_a_link_says_is_said_unless_the_row_does);
	tcase_add_test(tests, a_period_is_the_shortest_that_lasts_long_enough);
	tcase_add_test(tests, times_are_those_of_the_clock_of_the_centre);
	tcase_add_test(tests, validity_and_schedule_are_relative_or_by_the_clock_of_the_centre);
	LOOP(tests, an_answer_means_this_outcome, answers);
	tcase_add_test(tests, a_link_has_its_own_actions);
	tcase_add_test(tests, a_message_is_named_by_recipient_and_time_stamp);
	tcase_add_test(tests, a_part_may_be_sent_once_without_what_it_can_spare);
	LOOP(tests, a_message_is_taken_or_refused_with_this_error, deliveries);
	tcase_add_test(tests, a_message_is_told_with_all_that_is_known_of_it);
	LOOP(tests, a_status_report_is_this_receipt, reports);
	tcase_add_test(tests, a_status_report_that_names_no_message_is_refused);
	LOOP(tests, a_question_is_this_packet_or_cannot_be_asked, questions);
	LOOP(tests, an_answer_to_a_question_means_this_reply, replies);
	tcase_add_test(tests, options_that_do_not_go_together_are_refused);
	suite_add_tcase(suite, tests);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
