/* SPDX-License-Identifier: Apache-2.0 */
/*
 * check_modem_pdu.c - rows of the outbox as a modem is told to send them: octets that are known, words
 * for what cannot be, and every TPDU before tshark, which reads them with the dissector of others.
 */
#include "../drivers/modem.h"
#include "../drivers/modem_pdu.h"
#include "../gateway/asked.h"
#include "../gateway/encode.h"
#include "../sms/tpdu.h"
#include "run_suite.h"

#include <check.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { NOW = 1764288000, HOUR = 3600, MANY = 512 };

static char none[] = "", abroad[] = "00", home[] = "0", germany[] = "49", centre[] = "+46705008999";

static struct modem_options options;
static struct modem_way way;

static void begin(void)
{
	options = (struct modem_options){ .smsc = none, .reports = true, .addresses = { .country_code = none,
		.international_prefix = abroad, .national_prefix = home, .short_code_digits = 6 } };
	way = (struct modem_way){ .options = &options, .now = NOW };
}

/* A row of the outbox as an application writes it. */
struct row { const char *recipient, *body, *kind, *options, *data; bool receipt; int64_t expires_at; };

static struct message *message_of(struct batch *batch, const struct row *row)
{
	struct message *message = batch_message(batch);
	char why[OUTCOME_TEXT_MAX] = "";
	message->id = 0x2A;
	message->attempts = 1;
	message->sender = "";
	message->recipient = row->recipient ? row->recipient : "+46708251358";
	message->body = row->body ? row->body : "";
	message->kind = row->kind ? row->kind : "text";
	message->options = row->options;
	message->wants_receipt = row->receipt;
	message->expires_at = row->expires_at;
	if (row->data) {
		uint8_t *octets = batch_alloc(batch, strlen(row->data) / 2 + 1);
		size_t len;
		ck_assert(tpdu_unhex(octets, strlen(row->data) / 2, &len, row->data));
		message->data = (struct blob){ octets, len };
	}
	ck_assert_msg(asked_read(message, why, sizeof why), "%s", why);
	ck_assert_msg(encode_message(message, &encode_usual, why, sizeof why), "%s", why);
	return message;
}

static struct modem_submit submit;
static struct outcome outcome;

static bool make(const struct row *row, unsigned number)
{
	struct batch *batch = batch_new();
	struct message *message = message_of(batch, row);
	batch_release(batch);
	ck_assert_uint_le(number, message->nparts);
	const bool made = modem_submit(&way, &message->parts[number - 1], &submit, &outcome);
	message_release(message);
	return made;
}

/* The payload, "ARGUMENT:PAYLOAD", or why there is none. */
static const char *sent_as(const struct row *row)
{
	static char text[MODEM_ARGUMENT_MAX + MODEM_PAYLOAD_MAX];
	if (make(row, 1))
		snprintf(text, sizeof text, "%s:%s", submit.argument, submit.payload);
	else
		snprintf(text, sizeof text, "%s", outcome.text);
	return text;
}

#define SENT_AS(expected, ...) ck_assert_str_eq(sent_as(&(struct row){ __VA_ARGS__ }), expected)

/* What it is as a TPDU again. */
static struct tpdu read_back(const struct row *row)
{
	struct tpdu tpdu;
	struct address from;
	char why[128] = "";
	ck_assert_msg(make(row, 1), "%s", outcome.text);
	const struct tpdu_given given = { .hex = submit.payload, .direction = TPDU_FROM_HANDSET,
		.length = strtoul(submit.argument, NULL, 10) };
	ck_assert_msg(tpdu_line_read(&tpdu, &from, &given, why, sizeof why), "%s", why);
	return tpdu;
}

START_TEST(a_text_is_a_submit_in_hex_with_the_length_of_its_tpdu)
{
	SENT_AS("22:0001000B916407281553F800000AE8329BFD4697D9EC37", .body = "hellohello");
	SENT_AS("23:0011000B916407281553F80000AA0AE8329BFD4697D9EC37", .body = "hellohello",
	    .expires_at = NOW + 4 * 24 * HOUR);
	SENT_AS("22:0021000B916407281553F800000AE8329BFD4697D9EC37", .body = "hellohello", .receipt = true);
	ck_assert_str_eq(submit.recipient, "46708251358");
	ck_assert(submit.wants_report);
	ck_assert_str_eq(submit.parameters, "");
}
END_TEST

START_TEST(the_centre_of_the_link_or_of_the_row_stands_before_it)
{
	options.smsc = centre;
	SENT_AS("22:07916407058099F901000B916407281553F800000AE8329BFD4697D9EC37", .body = "hellohello");
	SENT_AS("22:0691214365870001000B916407281553F800000AE8329BFD4697D9EC37", .body = "hellohello",
	    .options = "{\"tlvs\": {\"smsc\": \"+1234567800\"}}");
	options.smsc = none;
	SENT_AS("22:0691214365870001000B916407281553F800000AE8329BFD4697D9EC37", .body = "hellohello",
	    .options = "{\"tlvs\": {\"smsc\": \"+1234567800\"}}");
	SENT_AS("smsc \"ACME\" is no number of a message centre", .options = "{\"tlvs\": {\"smsc\": \"ACME\"}}", .body = "x");
	SENT_AS("option \"tlvs\": \"smsc\" is the number of a message centre, in a text", .body = "x",
	    .options = "{\"tlvs\": {\"smsc\": 5}}");
}
END_TEST

START_TEST(a_number_is_written_by_the_rules_of_the_link)
{
	static const struct { const char *written, *digits; bool german; unsigned ton, npi; } numbers[] = {
		{ "+49 171 1234567", "491711234567", false, TON_INTERNATIONAL, NPI_E164 },
		{ "00491711234567", "491711234567", false, TON_INTERNATIONAL, NPI_E164 },
		{ "491711234567", "491711234567", false, TON_INTERNATIONAL, NPI_E164 },
		{ "01711234567", "01711234567", false, TON_NATIONAL, NPI_E164 },
		{ "01711234567", "491711234567", true, TON_INTERNATIONAL, NPI_E164 },
		{ "72345", "72345", false, TON_UNKNOWN, NPI_E164 },
		{ "*21#", "*21#", false, TON_UNKNOWN, NPI_E164 },
	};
	for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
		options.addresses.country_code = numbers[i].german ? germany : none;
		const struct tpdu tpdu = read_back(&(struct row){ .recipient = numbers[i].written, .body = "x" });
		ck_assert_str_eq(tpdu.address.text, numbers[i].digits);
		ck_assert_uint_eq(tpdu.address.ton, numbers[i].ton);
		ck_assert_uint_eq(tpdu.address.npi, numbers[i].npi);
		ck_assert_str_eq(submit.recipient, numbers[i].digits);
	}
	const struct tpdu tpdu = read_back(&(struct row){ .recipient = "72345", .body = "x",
		.options = "{\"dest_ton\": 3, \"dest_npi\": 9}" });
	ck_assert_uint_eq(tpdu.address.ton, 3);
	ck_assert_uint_eq(tpdu.address.npi, 9);
	SENT_AS("options dest_ton and dest_npi: a recipient is a number, of a type below 5", .body = "x",
	    .options = "{\"dest_ton\": 5}");
	SENT_AS("recipient \"nobody\" is not a phone number: use digits with an optional leading +",
	    .recipient = "nobody", .body = "x");
}
END_TEST

START_TEST(data_coding_class_and_protocol_identifier_are_the_rows)
{
	static const struct { struct row row; unsigned coding, protocol; } rows[] = {
		{ { .body = "x" }, 0x00, 0 },
		{ { .body = "x", .kind = "flash" }, 0x10, 0 },
		{ { .body = "x", .options = "{\"class\": 2}" }, 0x12, 0 },
		{ { .body = "\xD0\x9F" }, 0x08, 0 },
		{ { .body = "\xD0\x9F", .kind = "flash" }, 0x18, 0 },
		{ { .data = "0102", .kind = "binary" }, 0x04, 0 },
		{ { .data = "0102", .kind = "binary", .options = "{\"class\": 1}" }, 0x15, 0 },
		{ { .body = "x", .kind = "silent" }, 0x00, 0x40 },
		{ { .body = "x", .options = "{\"replace\": 3}" }, 0x00, 0x43 },
		{ { .body = "x", .options = "{\"protocol_id\": 127}" }, 0x00, 0x7F },
		{ { .data = "41", .kind = "raw", .options = "{\"data_coding\": 246}" }, 0xF6, 0 },
		{ { .body = "x", .kind = "waiting", .options = "{\"waiting\": {\"type\": \"voice\", \"count\": 2}}" }, 0xC8, 0 },
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		const struct tpdu tpdu = read_back(&rows[i].row);
		ck_assert_msg(tpdu.data_coding == rows[i].coding, "row %zu: %02X", i, tpdu.data_coding);
		ck_assert_msg(tpdu.protocol_id == rows[i].protocol, "row %zu: %02X", i, tpdu.protocol_id);
	}
	SENT_AS("data_coding 0 is not for this text: over a modem it is that of 3GPP TS 23.038: 0 and 16 to 19, "
	    "4 for octets, 8 for UCS-2, ...", .data = "41", .kind = "raw", .options = "{\"data_coding\": 0}");
}
END_TEST

START_TEST(a_header_goes_before_its_text)
{
	struct tpdu tpdu = read_back(&(struct row){ .data = "0270004142", .kind = "raw",
		.options = "{\"esm_class\": 64, \"data_coding\": 246}" });
	ck_assert_uint_eq(tpdu.data.header_len, 3);
	ck_assert_uint_eq(tpdu.data.text_len, 2);
	tpdu = read_back(&(struct row){ .body = "x", .options = "{\"dest_port\": 2948}" });
	ck_assert_uint_eq(tpdu.data.header_len, 7);
	char body[321] = "";
	memset(body, 'a', sizeof body - 1);
	const struct row row = { .body = body };
	for (unsigned part = 1; part <= 3; part++) {
		struct address from;
		char why[128], text[512];
		ck_assert(make(&row, part));
		const struct tpdu_given given = { .hex = submit.payload, .direction = TPDU_FROM_HANDSET };
		ck_assert(tpdu_line_read(&tpdu, &from, &given, why, sizeof why));
		ck_assert_uint_eq(tpdu.data.header[5], part);
		ck_assert_uint_eq(tpdu_text(text, sizeof text, &tpdu), part < 3 ? 153 : 14);
	}
}
END_TEST

START_TEST(a_validity_is_a_period_rounded_up)
{
	static const struct { int64_t seconds; unsigned octet; } periods[] = {
		{ 1, 0 }, { 300, 0 }, { 301, 1 }, { 12 * HOUR, 143 }, { 12 * HOUR + 1, 144 }, { 24 * HOUR, 167 },
		{ 25 * HOUR, 168 }, { 30 * 24 * HOUR, 196 }, { 500 * 24 * HOUR, 255 },
	};
	for (size_t i = 0; i < sizeof periods / sizeof *periods; i++) {
		const struct tpdu tpdu = read_back(&(struct row){ .body = "x", .expires_at = NOW + periods[i].seconds });
		ck_assert_int_eq(tpdu.validity_format, TPDU_VALIDITY_RELATIVE);
		ck_assert_uint_eq(tpdu.validity[0], periods[i].octet);
		ck_assert(submit.has_validity);
	}
	ck_assert_int_eq(read_back(&(struct row){ .body = "x", .options = "{\"validity\": 3600}" }).validity[0], 11);
	ck_assert_int_eq(read_back(&(struct row){ .body = "x" }).validity_format, TPDU_VALIDITY_NONE);
	way.plain = true; /* for a centre that refuses it */
	ck_assert_int_eq(read_back(&(struct row){ .body = "x", .expires_at = NOW + 60 }).validity_format,
	    TPDU_VALIDITY_NONE);
	ck_assert(!submit.has_validity);
	way.plain = false;
	SENT_AS("its validity ended before it was sent", .body = "x", .expires_at = NOW);
	ck_assert_int_eq(outcome.verdict, VERDICT_EXPIRED);
}
END_TEST

START_TEST(a_report_is_asked_for_when_the_row_wants_one_and_the_link_allows)
{
	ck_assert(!read_back(&(struct row){ .body = "x" }).report);
	ck_assert(read_back(&(struct row){ .body = "x", .receipt = true }).report);
	ck_assert(!read_back(&(struct row){ .body = "x", .receipt = true,
		.options = "{\"registered_delivery\": 0}" }).report);
	ck_assert(read_back(&(struct row){ .body = "x", .options = "{\"registered_delivery\": 1}" }).report);
	options.reports = false;
	ck_assert(!read_back(&(struct row){ .body = "x", .receipt = true }).report);
	ck_assert(!submit.wants_report);
}
END_TEST

START_TEST(reply_path_and_rejecting_duplicates_are_asked_for_by_name)
{
	struct tpdu tpdu = read_back(&(struct row){ .body = "x" });
	ck_assert(!tpdu.reply_path && !tpdu.reject_duplicates);
	tpdu = read_back(&(struct row){ .body = "x", .options = "{\"esm_class\": 128}" });
	ck_assert(tpdu.reply_path && !tpdu.reject_duplicates);
	tpdu = read_back(&(struct row){ .body = "x",
		.options = "{\"tlvs\": {\"reject_duplicates\": true, \"reply_path\": 1}}" });
	ck_assert(tpdu.reply_path && tpdu.reject_duplicates);
	SENT_AS("option \"tlvs\": \"reply_path\" is true, false, 1 or 0", .body = "x",
	    .options = "{\"tlvs\": {\"reply_path\": 2}}");
	SENT_AS("option \"tlvs\": a modem has no \"tariff\": it has reject_duplicates, reply_path, smsc", .body = "x",
	    .options = "{\"tlvs\": {\"tariff\": 2}}");
	SENT_AS("option \"tlvs\": 0x1402 is a parameter of SMPP, which a modem lacks", .body = "x",
	    .options = "{\"tlvs\": {\"0x1402\": \"0A\"}}");
}
END_TEST

START_TEST(what_a_modem_cannot_carry_is_refused_in_words)
{
	static const struct { struct row row; const char *why; } rows[] = {
		{ { .body = "x", .options = "{\"recipients\": [\"+36201234568\"]}" },
		    "a modem does not have a message to several recipients: one row for each" },
		{ { .body = "x", .options = "{\"operation\": \"data_sm\"}" }, "a modem does not have data_sm" },
		{ { .body = "x", .options = "{\"replace_if_present\": true}" },
		    "a modem does not have option replace_if_present: see option replace" },
		{ { .body = "", .options = "{\"default_message\": 4}" }, "a modem does not have option default_message" },
		{ { .body = "x", .options = "{\"service_type\": \"WAP\"}" }, "a modem does not have option service_type" },
		{ { .body = "x", .options = "{\"priority\": 2}" }, "a modem does not have option priority" },
		{ { .body = "x", .options = "{\"schedule\": \"2099-01-01T00:00:00Z\"}" },
		    "a modem does not have option schedule: see outbox.send_after" },
		{ { .body = "x", .options = "{\"esm_class\": 4}" }, "a modem does not have bits of option esm_class but 128" },
		{ { .body = "x", .options = "{\"source_ton\": 5}" }, "a modem does not have options source_ton and source_npi" },
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		ck_assert_str_eq(sent_as(&rows[i].row), rows[i].why);
		ck_assert_int_eq(outcome.verdict, VERDICT_REJECTED);
	}
}
END_TEST

START_TEST(in_text_mode_the_modem_makes_the_submit)
{
	way.text_mode = true;
	SENT_AS("\"+46708251358\",145:hello", .body = "hello");
	ck_assert_str_eq(submit.parameters, "AT+CSMP=17,167,0,0");
	SENT_AS("\"72345\",129:hello", .body = "hello", .recipient = "72345", .receipt = true,
	    .expires_at = NOW + HOUR, .options = "{\"class\": 0}");
	ck_assert_str_eq(submit.parameters, "AT+CSMP=49,11,0,16");
	SENT_AS("\"+46708251358\",145:041F0041", .body = "\xD0\x9F""A");
	ck_assert_str_eq(submit.parameters, "AT+CSMP=17,167,0,8");
	SENT_AS("\"+46708251358\",145:0102FF", .data = "0102FF", .kind = "binary");
	ck_assert_str_eq(submit.parameters, "AT+CSMP=17,167,0,4");
	SENT_AS("\"+46708251358\",145:0605040B8400000102", .data = "0102", .kind = "binary",
	    .options = "{\"dest_port\": 2948, \"source_port\": 0}");
	ck_assert(strncmp(submit.parameters, "AT+CSMP=81,", 11) == 0);
	SENT_AS("\"+46708251358\",145:x", .body = "x", .options = "{\"tlvs\": {\"reject_duplicates\": 1}}");
	ck_assert_str_eq(submit.parameters, "AT+CSMP=21,167,0,0");
}
END_TEST

START_TEST(in_text_mode_strings_are_hex_where_the_modem_wants_that)
{
	way.text_mode = way.ucs2_strings = true;
	SENT_AS("\"00370032003300340035\",129:00680065006C006C006F", .body = "hello", .recipient = "72345");
	SENT_AS("\"00370032003300340035\",129:20AC0040", .body = "\xE2\x82\xAC@", .recipient = "72345");
	ck_assert_str_eq(submit.parameters, "AT+CSMP=17,167,0,0");
	char body[161] = "";
	memset(body, 'x', sizeof body - 1);
	ck_assert(make(&(struct row){ .body = body }, 1));
	ck_assert_uint_eq(strlen(submit.payload), 640);
}
END_TEST

START_TEST(what_text_mode_cannot_carry_is_refused_in_words)
{
	static const char *const characters[] = { "@", "$", "_", "\xE2\x82\xAC", "\xC3\xB6", "{", "\r" };
	way.text_mode = true;
	for (size_t i = 0; i < sizeof characters / sizeof *characters; i++)
		SENT_AS("the text has a character that this modem cannot be given in text mode: use encoding ucs2, "
		    "or another modem", .body = characters[i]);
	SENT_AS("\"+46708251358\",145:20AC0040", .body = "\xE2\x82\xAC@", .options = "{\"encoding\": \"ucs2\"}");
	char body[200] = "";
	memset(body, 'a', sizeof body - 1);
	SENT_AS("this modem knows text mode alone, which has no headers with GSM 7-bit: long texts, ports and "
	    "national tables need encoding ucs2, or another modem", .body = body);
	SENT_AS("this modem knows text mode alone, which has no reply_path and no smsc in a row", .body = "x",
	    .options = "{\"esm_class\": 128}");
}
END_TEST

/* tshark's judgement. */

static FILE *capture;

static void put32(uint32_t value)
{
	ck_assert_uint_eq(fwrite(&value, sizeof value, 1, capture), 1);
}

/* As it goes from the handset: RP-DATA (24.011, 7.3.1.2) with the centre and the TPDU. */
static void put_frame(const struct modem_submit *of)
{
	uint8_t line[256], frame[300] = { 0x00, 0x01, 0x00 };
	size_t len;
	ck_assert(tpdu_unhex(line, sizeof line, &len, of->payload));
	const size_t before = 1u + line[0], n = len - before;
	static const uint8_t usual[] = { 7, 0x91, 0x64, 0x07, 0x05, 0x80, 0x99, 0xF9 };
	const uint8_t *to = line[0] ? line : usual;
	ck_assert_uint_eq(n, strtoul(of->argument, NULL, 10));
	size_t at = 3;
	memcpy(frame + at, to, 1u + to[0]);
	at += 1u + to[0];
	frame[at++] = (uint8_t)n;
	memcpy(frame + at, line + before, n);
	at += n;
	put32(NOW), put32(0), put32((uint32_t)at), put32((uint32_t)at);
	ck_assert_uint_eq(fwrite(frame, 1, at, capture), at);
}

static unsigned put_row(const struct row *row)
{
	unsigned n = 0;
	struct batch *batch = batch_new();
	struct message *message = message_of(batch, row);
	batch_release(batch);
	for (; n < message->nparts; n++) {
		ck_assert_msg(modem_submit(&way, &message->parts[n], &submit, &outcome), "%s", outcome.text);
		put_frame(&submit);
	}
	message_release(message);
	return n;
}

static const struct row judged[] = {
	{ .body = "hello" }, { .body = "" }, { .body = "{}[]~|^\\\xE2\x82\xAC@", .receipt = true },
	{ .body = "seven..", .expires_at = NOW + HOUR }, { .body = "\xD0\x9F\xD1\x80\xD0\xB8\xD0\xB2\xD0\xB5\xD1\x82" },
	{ .body = "x", .kind = "flash" }, { .body = "\xD0\x9F", .kind = "flash" }, { .body = "x", .kind = "silent" },
	{ .body = "x", .recipient = "72345" }, { .body = "x", .recipient = "*21#" },
	{ .body = "x", .recipient = "01711234567" }, { .body = "x", .recipient = "+123456789012345" },
	{ .body = "x", .options = "{\"replace\": 7}" }, { .body = "x", .options = "{\"esm_class\": 128}" },
	{ .body = "x", .options = "{\"tlvs\": {\"reject_duplicates\": 1, \"smsc\": \"+491710760000\"}}" },
	{ .body = "x", .options = "{\"class\": 1}" }, { .body = "x", .options = "{\"class\": 3}", .receipt = true },
	{ .data = "00FF80", .kind = "binary" }, { .data = "00FF80", .kind = "binary", .options = "{\"class\": 1}" },
	{ .data = "0102", .kind = "binary", .options = "{\"dest_port\": 5000, \"source_port\": 6000}" },
	{ .body = "x", .options = "{\"dest_port\": 200, \"source_port\": 201, \"port_bits\": 8}" },
	{ .body = "x", .kind = "waiting", .options = "{\"waiting\": {\"type\": \"voice\", \"count\": 2}}" },
	{ .body = "\xC4\x9F\xC5\x9F\xC4\xB0", .options = "{\"national\": [\"turkish\"]}" },
	{ .data = "0270004142", .kind = "raw", .options = "{\"esm_class\": 64, \"data_coding\": 246}" },
	{ .body = "BEGIN:VCARD\r\nVERSION:2.1\r\nN:Smith;Mike\r\nEND:VCARD\r\n", .kind = "vcard" },
	{ .body = "Look", .kind = "wap-push", .options = "{\"url\": \"http://example.com/\"}" },
};

/* What tshark says of the frames: how many there are, how many it finds fault with, and how many
 * texts it reads. */
static void ask_tshark(const char *path, unsigned *frames, unsigned *faults, unsigned *submits)
{
	char command[512], line[256];
	snprintf(command, sizeof command, "tshark -r %s -o 'uat:user_dlts:\"User 0 (DLT=147)\",\"gsm_a_rp\",\"0\",\"\","
	    "\"0\",\"\"' -T fields -E separator=, -e frame.number -e gsm_sms.tp-mti -e _ws.malformed "
	    "-e _ws.expert.severity 2>/dev/null", path);
	FILE *out = popen(command, "r");
	ck_assert_ptr_nonnull(out);
	while (fgets(line, sizeof line, out)) {
		unsigned number;
		char mti[8] = "", rest[200] = "";
		line[strcspn(line, "\n")] = '\0';
		ck_assert_int_ge(sscanf(line, "%u,%7[^,],%199s", &number, mti, rest), 1);
		*frames += 1;
		*submits += strcmp(mti, "1") == 0;
		if (strspn(rest, ",") != strlen(rest)) {
			fprintf(stderr, "frame %u: %s\n", number, line);
			*faults += 1;
		}
	}
	ck_assert_int_eq(pclose(out), 0);
}

START_TEST(tshark_finds_no_fault_with_any_tpdu)
{
	char path[] = "/tmp/check_modem_pdu.XXXXXX";
	const int fd = mkstemp(path);
	ck_assert_int_ge(fd, 0);
	capture = fdopen(fd, "wb");
	put32(0xA1B2C3D4), put32(0x00040002), put32(0), put32(0), put32(65535), put32(147);
	unsigned n = 0, frames = 0, faults = 0, submits = 0;
	for (size_t i = 0; i < sizeof judged / sizeof *judged; i++)
		n += put_row(&judged[i]);
	/* Texts of every length around what fills an octet, and a part. */
	char body[MANY + 1];
	for (unsigned len = 1; len <= MANY; len += len < 20 || (len > 140 && len < 170) ? 1 : 19) {
		memset(body, 'a' + (char)(len % 26), len);
		body[len] = '\0';
		n += put_row(&(struct row){ .body = body, .receipt = len % 2, .expires_at = NOW + len * 100 });
		n += put_row(&(struct row){ .body = body, .options = "{\"encoding\": \"ucs2\", \"concat\": \"udh16\"}" });
	}
	ck_assert_int_eq(fclose(capture), 0);
	ask_tshark(path, &frames, &faults, &submits);
	ck_assert_uint_eq(frames, n);
	ck_assert_uint_eq(submits, n);
	ck_assert_uint_eq(faults, 0);
	unlink(path);
}
END_TEST

START_TEST(tshark_would_see_a_fault)
{
	char path[] = "/tmp/check_modem_pdu.XXXXXX";
	const int fd = mkstemp(path);
	ck_assert_int_ge(fd, 0);
	capture = fdopen(fd, "wb");
	put32(0xA1B2C3D4), put32(0x00040002), put32(0), put32(0), put32(65535), put32(147);
	/* It ends within its text. */
	const struct modem_submit broken = { .argument = "18", .payload = "0001000B916407281553F800000AE8329BFD46" };
	put_frame(&broken);
	ck_assert_int_eq(fclose(capture), 0);
	unsigned frames = 0, faults = 0, submits = 0;
	ask_tshark(path, &frames, &faults, &submits);
	ck_assert_uint_eq(frames, 1);
	ck_assert_uint_eq(faults, 1);
	unlink(path);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("modem pdu");
	TCase *tests = tcase_create("modem pdu");
	tcase_add_checked_fixture(tests, begin, NULL);
	tcase_set_timeout(tests, 60);
	tcase_add_test(tests, a_text_is_a_submit_in_hex_with_the_length_of_its_tpdu);
	tcase_add_test(tests, the_centre_of_the_link_or_of_the_row_stands_before_it);
	tcase_add_test(tests, a_number_is_written_by_the_rules_of_the_link);
	tcase_add_test(tests, data_coding_class_and_protocol_identifier_are_the_rows);
	tcase_add_test(tests, a_header_goes_before_its_text);
	tcase_add_test(tests, a_validity_is_a_period_rounded_up);
	tcase_add_test(tests, a_report_is_asked_for_when_the_row_wants_one_and_the_link_allows);
	tcase_add_test(tests, reply_path_and_rejecting_duplicates_are_asked_for_by_name);
	tcase_add_test(tests, what_a_modem_cannot_carry_is_refused_in_words);
	tcase_add_test(tests, in_text_mode_the_modem_makes_the_submit);
	tcase_add_test(tests, in_text_mode_strings_are_hex_where_the_modem_wants_that);
	tcase_add_test(tests, what_text_mode_cannot_carry_is_refused_in_words);
	tcase_add_test(tests, tshark_finds_no_fault_with_any_tpdu);
	tcase_add_test(tests, tshark_would_see_a_fault);
	suite_add_tcase(suite, tests);
	return run_suite(suite) != 0;
}
