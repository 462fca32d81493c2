/* SPDX-License-Identifier: Apache-2.0 */
/*
 * check_tpdu.c - TPDUs read and written as the vectors have them, addresses, times,
 * validity periods and states; what is malformed is used as far as it goes, or refused.
 */
#include "../sms/alphabet.h"
#include "../sms/septets.h"
#include "../sms/tpdu.h"
#include "../sms/udh.h"
#include "vectors.h"

#include <check.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* Read once; a loop over them asks again and again. */
static json_t *vectors(void)
{
	static json_t *json;
	if (json)
		return json_object_get(json, "vectors");
	json = vectors_load("gsm.json");
	return json_object_get(json, "vectors");
}

static const char *str(const json_t *object, const char *name)
{
	return json_string_value(json_object_get(object, name));
}

static long num(const json_t *object, const char *name, long otherwise)
{
	const json_t *value = json_object_get(object, name);
	if (json_is_string(value))
		return strtol(json_string_value(value), NULL, 16);
	return json_is_integer(value) ? (long)json_integer_value(value) : otherwise;
}

static size_t unhex(uint8_t *out, const char *hex)
{
	size_t len;
	ck_assert_msg(tpdu_unhex(out, 256, &len, hex), "%s", hex);
	return len;
}

/* "2024-05-06T07:08:09+02:00" or with Z. */
static struct tpdu_time time_of(const char *text)
{
	struct tm when = { 0 };
	char sign = '+';
	int hours = 0, minutes = 0;
	const char *zone = strptime(text, "%Y-%m-%dT%H:%M:%S", &when);
	ck_assert_ptr_nonnull(zone);
	if (*zone != 'Z')
		ck_assert_int_eq(sscanf(zone, "%c%d:%d", &sign, &hours, &minutes), 3);
	const int quarters = (sign == '-' ? -1 : 1) * (hours * 4 + minutes / 15);
	return (struct tpdu_time){ (int64_t)timegm(&when) - quarters * 900, quarters, true };
}

static void has_time(const struct tpdu_time *time, const char *text, const char *id)
{
	const struct tpdu_time expected = time_of(text);
	ck_assert_msg(time->known && time->at == expected.at && time->zone == expected.zone, "%s", id);
}

/* Written again, it is the same octets. */
static void round_trip(const struct tpdu *tpdu, const uint8_t *at, size_t len, const char *id)
{
	uint8_t out[TPDU_MAX];
	ck_assert_msg(tpdu_write(out, tpdu) == len && memcmp(out, at, len) == 0, "%s", id);
}

static struct tpdu read_good(const char *hex, enum tpdu_direction direction, bool failed,
    const char *id)
{
	uint8_t octets[256];
	char why[200] = "";
	struct tpdu tpdu;
	const size_t len = unhex(octets, hex);
	ck_assert_msg(tpdu_read(&tpdu, octets, len, direction, failed, why, sizeof why), "%s: %s", id, why);
	return tpdu;
}

static const char *text_in(const struct tpdu *tpdu)
{
	static char text[1024];
	tpdu_text(text, sizeof text, tpdu);
	return text;
}

/* A rule of the vectors, like "'a' x 161". */
static char *text_by(const json_t *input)
{
	static char text[2048];
	char what[64];
	unsigned times;
	const char *rule = str(input, "text_rule");
	if (!rule) {
		snprintf(text, sizeof text, "%s", str(input, "text") ? str(input, "text") : "");
		return text;
	}
	ck_assert_int_eq(sscanf(rule, "'%63[^']' x %u", what, &times), 2);
	*text = '\0';
	for (size_t n = 0; times--; n += strlen(what))
		snprintf(text + n, sizeof text - n, "%s", what);
	return text;
}

/* An address as it is written: + for international, letters for a name. */
static struct address address_of(const char *written)
{
	struct address_rules rules = address_usual;
	struct address address;
	char why[200];
	rules.bare_ton = TON_UNKNOWN;
	rules.short_code_ton = TON_UNKNOWN;
	rules.short_code_npi = NPI_E164;
	ck_assert_msg(address_sender(&address, written, &rules, why, sizeof why), "%s: %s", written, why);
	return address;
}

static void is_address(const struct address *address, const char *expected, const char *id)
{
	char shown[80];
	snprintf(shown, sizeof shown, "%s%s", address->ton == TON_INTERNATIONAL ? "+" : "", address->text);
	ck_assert_msg(strcmp(shown, expected) == 0, "%s: %s, not %s", id, shown, expected);
}

/* SUBMIT */

static void set_header(struct tpdu *tpdu, const json_t *input)
{
	uint8_t *header = tpdu->data.header;
	const char *element = str(input, "ie");
	if (num(input, "ref", -1) >= 0) {
		const unsigned long ref = (unsigned long)json_integer_value(json_object_get(input, "ref"));
		struct udh udh = { .concat = { (uint16_t)ref, 2, (uint8_t)num(input, "part", 1), ref > 255 } };
		tpdu->data.header_len = (uint8_t)udh_write(header, TPDU_DATA_MAX, &udh, NULL, 0);
	} else if (str(input, "reply")) {
		const struct address reply = address_of(str(input, "reply"));
		const size_t n = tpdu_address_write(header + 3, &reply);
		header[0] = (uint8_t)(n + 2);
		header[1] = 0x22;
		header[2] = (uint8_t)n;
		tpdu->data.header_len = (uint8_t)(n + 3);
	} else if (element) {
		char hex[64] = "";
		for (size_t n = 0; *element; element++)
			if (*element != ' ')
				hex[n++] = *element;
		tpdu->data.header_len = (uint8_t)(1 + unhex(header + 1, hex));
		header[0] = (uint8_t)(tpdu->data.header_len - 1);
	}
}

static void set_validity(struct tpdu *tpdu, const json_t *input, const uint8_t *expected)
{
	unsigned hours, minutes, seconds;
	struct tpdu_time time;
	if (num(input, "vp_minutes", 0) || (expected[0] & 0x18) == 0x10) {
		/* Not said: 24 hours, or the longest, as the vectors have it. */
		const long vp = json_integer_value(json_object_get(input, "vp_minutes"));
		tpdu->validity_format = TPDU_VALIDITY_RELATIVE;
		tpdu->validity[0] = vp ? tpdu_relative((uint64_t)vp * 60) : expected[12];
	} else if (str(input, "vp_abs")) {
		time = time_of(str(input, "vp_abs"));
		tpdu->validity_format = TPDU_VALIDITY_ABSOLUTE;
		ck_assert(tpdu_time_write(tpdu->validity, &time));
	} else if (str(input, "vp_enh")) {
		tpdu->validity_format = TPDU_VALIDITY_ENHANCED;
		ck_assert_int_eq(sscanf(str(input, "vp_enh"), "hh:mm:ss %u:%u:%u", &hours, &minutes, &seconds), 3);
		tpdu_enhanced(tpdu->validity, hours * 3600 + minutes * 60 + seconds, false);
	}
}

static void set_text(struct tpdu *tpdu, const json_t *input)
{
	struct tpdu_data *data = &tpdu->data;
	const char *text = text_by(input);
	uint8_t units[4096];
	size_t n, from = 0;
	const int class = (int)json_integer_value(json_object_get(input, "cls"));
	const bool classed = json_object_get(input, "cls") != NULL;
	enum charset charset = CHARSET_GSM7;
	if (str(input, "data")) {
		charset = CHARSET_OCTETS;
		n = unhex(units, str(input, "data"));
	} else if (gsm7_from_utf8(units, sizeof units, &n, text, strlen(text)) != strlen(text)) {
		charset = CHARSET_UCS2;
		ucs2_from_utf8(units, sizeof units, &n, text, strlen(text));
	}
	const size_t room = charset == CHARSET_GSM7 ? TPDU_TEXT_MAX - septets_of_header(data->header_len)
	    : (size_t)(TPDU_DATA_MAX - data->header_len) & ~(size_t)1;
	if (num(input, "part", 1) > 1)
		from = room * ((size_t)num(input, "part", 1) - 1);
	n = n - from < room ? n - from : room;
	memcpy(data->text, units + from, n);
	data->text_len = (uint8_t)n;
	tpdu->data_coding = dcs_write(charset, classed ? class : -1);
}

START_TEST(a_submit_is_written_and_read)
{
	size_t i, ran = 0;
	json_t *vector;
	json_array_foreach(vectors(), i, vector) {
		if (strcmp(str(vector, "kind"), "submit") != 0)
			continue;
		const json_t *input = json_object_get(vector, "input"), *expect = json_object_get(vector, "expect");
		const char *id = str(vector, "id");
		uint8_t octets[256];
		char line[512], why[200];
		const size_t len = unhex(octets, str(expect, "tpdu"));
		struct tpdu tpdu = { .type = TPDU_SUBMIT, .cause = -1, .address = address_of(str(input, "da")),
			.report = num(input, "srr", 0), .reply_path = num(input, "rp", 0),
			.reject_duplicates = num(input, "rd", 0) };
		/* Two parts may carry different references; the modem writes its own. */
		tpdu.reference = octets[1];
		tpdu.protocol_id = (uint8_t)json_integer_value(json_object_get(input, "pid"));
		set_header(&tpdu, input);
		set_text(&tpdu, input);
		set_validity(&tpdu, input, octets);
		round_trip(&tpdu, octets, len, id);
		const char *centre = str(input, "smsc");
		const struct address smsc = address_of(centre ? centre : "");
		ck_assert_uint_eq(tpdu_line(line, sizeof line, &smsc, &tpdu), num(expect, "cmgs_length", 0));
		ck_assert_msg(strcmp(line, str(expect, "pdu_with_smsc")) == 0, "%s: %s", id, line);
		struct tpdu again;
		ck_assert(tpdu_read(&again, octets, len, TPDU_FROM_HANDSET, false, why, sizeof why));
		ck_assert_msg(again.type == TPDU_SUBMIT && again.report == tpdu.report, "%s", id);
		ck_assert_uint_eq(again.data.text_len, tpdu.data.text_len);
		ck_assert_mem_eq(again.data.text, tpdu.data.text, tpdu.data.text_len);
		round_trip(&again, octets, len, id);
		ran++;
	}
	ck_assert_uint_ge(ran, 19);
}
END_TEST

/* DELIVER and STATUS-REPORT */

static void is_told(const struct tpdu *tpdu, const json_t *expect, const char *id)
{
	struct udh udh = { .nwaiting = 0 };
	const struct dcs dcs = dcs_read(tpdu->data_coding);
	if (tpdu->data.header_len)
		udh_read(tpdu->data.header, tpdu->data.header_len, &udh);
	const json_t *concat = json_object_get(expect, "concat");
	if (concat) {
		ck_assert_int_eq(udh.concat.reference, json_integer_value(json_object_get(concat, "ref")));
		ck_assert_int_eq(udh.concat.parts, json_integer_value(json_object_get(concat, "total")));
		ck_assert_int_eq(udh.concat.part, json_integer_value(json_object_get(concat, "seq")));
	}
	if (str(expect, "oa"))
		is_address(&tpdu->address, str(expect, "oa"), id);
	if (str(expect, "text"))
		ck_assert_msg(strcmp(text_in(tpdu), str(expect, "text")) == 0, "%s: %s", id, text_in(tpdu));
	if (str(expect, "scts"))
		has_time(&tpdu->stamp, str(expect, "scts"), id);
	if (json_object_get(expect, "pid"))
		ck_assert_int_eq(tpdu->protocol_id, num(expect, "pid", 0));
	if (json_object_get(expect, "dcs"))
		ck_assert_int_eq(tpdu->data_coding, num(expect, "dcs", 0));
	if (json_object_get(expect, "class"))
		ck_assert_int_eq(dcs.class, num(expect, "class", 0));
	if (json_object_get(expect, "mms"))
		ck_assert_int_eq(tpdu->no_more, num(expect, "mms", 0));
	if (json_object_get(expect, "sri"))
		ck_assert(tpdu->report && tpdu->reply_path);
	if (str(expect, "mwi")) {
		ck_assert(dcs.waiting && dcs.waiting_active == json_is_true(json_object_get(expect, "active")));
		ck_assert_int_eq(dcs.waiting_store, json_is_true(json_object_get(expect, "store")));
	}
	if (json_object_get(expect, "locking"))
		ck_assert_int_eq(udh.shifts.locking, num(expect, "locking", 0));
	if (str(expect, "septets")) {
		uint8_t septets[256];
		ck_assert_uint_eq(tpdu->data.text_len, unhex(septets, str(expect, "septets")));
		ck_assert_mem_eq(tpdu->data.text, septets, tpdu->data.text_len);
	}
}

START_TEST(a_deliver_is_read_and_written)
{
	size_t i, ran = 0;
	json_t *vector;
	json_array_foreach(vectors(), i, vector) {
		if (strcmp(str(vector, "kind"), "deliver") != 0)
			continue;
		const json_t *input = json_object_get(vector, "input");
		const char *id = str(vector, "id");
		uint8_t octets[256], line[256];
		const size_t len = unhex(octets, str(input, "tpdu"));
		const size_t whole = unhex(line, str(input, "pdu_with_smsc"));
		struct address centre;
		ck_assert_uint_eq(tpdu_centre(&centre, line, whole, len), whole - len);
		is_address(&centre, "+46705008999", id);
		ck_assert_uint_eq(tpdu_centre(&centre, octets, len, len), 0); /* a modem that leaves it out */
		const struct tpdu tpdu = read_good(str(input, "tpdu"), TPDU_TO_HANDSET, false, id);
		ck_assert_msg(tpdu.type == TPDU_DELIVER && !tpdu.data.cut && !tpdu.data.void_header, "%s", id);
		is_told(&tpdu, json_object_get(vector, "expect"), id);
		if (strcmp(id, "D06") != 0) /* its padding is not written again */
			round_trip(&tpdu, octets, len, id);
		ran++;
	}
	ck_assert_uint_ge(ran, 19);
}
END_TEST

START_TEST(a_status_report_is_read_and_written)
{
	size_t i, ran = 0;
	json_t *vector;
	json_array_foreach(vectors(), i, vector) {
		if (strcmp(str(vector, "kind"), "status-report") != 0)
			continue;
		const json_t *input = json_object_get(vector, "input"), *expect = json_object_get(vector, "expect");
		const char *id = str(vector, "id");
		uint8_t octets[256];
		const size_t len = unhex(octets, str(input, "tpdu"));
		const struct tpdu tpdu = read_good(str(input, "tpdu"), TPDU_TO_HANDSET, false, id);
		ck_assert_int_eq(tpdu.type, TPDU_STATUS_REPORT);
		ck_assert_int_eq(tpdu.reference, num(expect, "mr", -1));
		ck_assert_int_eq(tpdu.status, num(expect, "st", -1));
		const struct tpdu_status status = tpdu_status(tpdu.status);
		if (json_object_get(expect, "final"))
			ck_assert_int_eq(status.final, json_is_true(json_object_get(expect, "final")));
		if (str(expect, "state"))
			ck_assert_int_eq(strncmp(str(expect, "state"), status.word, strlen(status.word)), 0);
		if (str(expect, "ra"))
			is_address(&tpdu.address, str(expect, "ra"), id);
		if (str(expect, "discharge"))
			has_time(&tpdu.discharge, str(expect, "discharge"), id);
		is_told(&tpdu, expect, id);
		round_trip(&tpdu, octets, len, id);
		ran++;
	}
	ck_assert_uint_ge(ran, 8);
}
END_TEST

START_TEST(padding_behind_a_status_report_is_ignored)
{
	const struct tpdu tpdu = read_good("062A0B916407281553F8425060708090804250607090008000FFFFFF",
	    TPDU_TO_HANDSET, false, "padded");
	ck_assert_uint_eq(tpdu.indicator, 0);
	ck_assert_uint_eq(tpdu.data.text_len, 0);
}
END_TEST

START_TEST(reports_and_commands_are_read_and_written)
{
	size_t i, ran = 0;
	json_t *vector;
	json_array_foreach(vectors(), i, vector) {
		const char *kind = str(vector, "kind"), *id = str(vector, "id");
		const bool submit = strcmp(kind, "submit-report") == 0;
		const bool command = strcmp(kind, "command") == 0;
		if (!submit && !command && strcmp(kind, "deliver-report") != 0)
			continue;
		const json_t *input = json_object_get(vector, "input"), *expect = json_object_get(vector, "expect");
		const bool failed = str(input, "carried_in") && strstr(str(input, "carried_in"), "error");
		uint8_t octets[256];
		const size_t len = unhex(octets, str(input, "tpdu"));
		const struct tpdu tpdu = read_good(str(input, "tpdu"), submit ? TPDU_TO_HANDSET
		    : TPDU_FROM_HANDSET, failed, id);
		ck_assert_int_eq(tpdu.type, submit ? TPDU_SUBMIT_REPORT : command ? TPDU_COMMAND
		    : TPDU_DELIVER_REPORT);
		ck_assert_int_eq(tpdu.cause, num(expect, "fcs", -1));
		if (str(expect, "scts"))
			has_time(&tpdu.stamp, str(expect, "scts"), id);
		if (command) {
			ck_assert_int_eq(tpdu.reference, num(expect, "mr", 0));
			ck_assert_int_eq(tpdu.command, num(expect, "ct", 0));
			ck_assert_int_eq(tpdu.command_number, num(expect, "mn", 0));
			is_address(&tpdu.address, str(expect, "da"), id);
		}
		round_trip(&tpdu, octets, len, id);
		ran++;
	}
	ck_assert_uint_ge(ran, 5);
}
END_TEST

/* Fields */

START_TEST(addresses_are_written_as_the_vectors_have_them)
{
	size_t i, ran = 0;
	json_t *vector;
	json_array_foreach(vectors(), i, vector) {
		const json_t *expect = json_object_get(vector, "expect");
		const char *given = str(json_object_get(vector, "input"), "given");
		if (strcmp(str(vector, "kind"), "address") != 0)
			continue;
		const char *id = str(vector, "id");
		if (strcmp(id, "J11") == 0 || strcmp(id, "J12") == 0) { /* no senders, without tables */
			struct address none;
			char why[200];
			ck_assert(!address_sender(&none, given, &address_usual, why, sizeof why));
			continue;
		}
		ck_assert_msg(str(expect, "tp_address") != NULL, "%s is not known here", id);
		const struct address address = address_of(given);
		uint8_t octets[256], out[TPDU_ADDRESS_MAX];
		const size_t len = unhex(octets, str(expect, "tp_address"));
		ck_assert_int_eq(address.ton, num(expect, "ton", -1));
		ck_assert_int_eq(address.npi, num(expect, "npi", -1));
		ck_assert_msg(tpdu_address_write(out, &address) == len && memcmp(out, octets, len) == 0, "%s",
		    given);
		struct address again;
		ck_assert_uint_eq(tpdu_address_read(&again, octets, len), len);
		ck_assert(again.ton == address.ton && strcmp(again.text, address.text) == 0);
		ran++;
	}
	ck_assert_uint_ge(ran, 9);
}
END_TEST

START_TEST(times_are_written_and_read_with_their_zones)
{
	size_t i, ran = 0;
	json_t *vector;
	json_array_foreach(vectors(), i, vector) {
		if (strcmp(str(vector, "kind"), "timestamp") != 0)
			continue;
		uint8_t octets[256], out[TPDU_TIME];
		const char *text = str(json_object_get(vector, "input"), "time");
		const struct tpdu_time time = time_of(text);
		unhex(octets, str(json_object_get(vector, "expect"), "octets"));
		ck_assert(tpdu_time_write(out, &time));
		ck_assert_mem_eq(out, octets, sizeof out);
		const struct tpdu_time again = tpdu_time_read(octets);
		has_time(&again, text, text);
		ran++;
	}
	ck_assert_uint_ge(ran, 5);
	static const char *const impossible[] = { "42A06070809080", "42006070809080", "42316070809080",
		"42500070809080", "42502342809080", "42506070069080", "425060708090F0", "42206303000000",
		"425060708090F8" };
	for (i = 0; i < sizeof impossible / sizeof *impossible; i++) {
		uint8_t octets[256];
		unhex(octets, impossible[i]);
		ck_assert_msg(!tpdu_time_read(octets).known, "%s", impossible[i]);
	}
}
END_TEST

START_TEST(validity_periods_are_rounded_up)
{
	size_t i, ran = 0;
	json_t *vector;
	json_array_foreach(vectors(), i, vector) {
		if (strcmp(str(vector, "kind"), "vp-relative") != 0)
			continue;
		const json_t *expect = json_object_get(vector, "expect");
		const uint64_t minutes = (uint64_t)json_integer_value(json_object_get(
		    json_object_get(vector, "input"), "minutes"));
		ck_assert_uint_eq(tpdu_relative(minutes * 60), num(expect, "vp", -1));
		ck_assert_uint_eq(tpdu_relative_seconds((uint8_t)num(expect, "vp", -1)),
		    60 * json_integer_value(json_object_get(expect, "means_minutes")));
		ran++;
	}
	ck_assert_uint_ge(ran, 9);
	for (unsigned octet = 0; octet < 256; octet++) {
		ck_assert_uint_eq(tpdu_relative(tpdu_relative_seconds((uint8_t)octet)), octet);
		if (octet < 255)
			ck_assert_uint_eq(tpdu_relative(tpdu_relative_seconds((uint8_t)octet) + 1), octet + 1);
	}
	ck_assert_uint_eq(tpdu_relative(UINT64_MAX / 2), 255);
	struct tpdu tpdu = { .validity_format = TPDU_VALIDITY_ENHANCED };
	static const struct { uint64_t seconds; const char *hex; } enhanced[] = {
		{ 200, "02C8000000000000" }, { 300, "03005000" }, { 359999, "03999595" }, { 360000, "01AB" },
	};
	for (i = 0; i < 4; i++) {
		uint8_t octets[256];
		tpdu_enhanced(tpdu.validity, enhanced[i].seconds, false);
		const size_t n = unhex(octets, enhanced[i].hex);
		ck_assert_mem_eq(tpdu.validity, octets, n < TPDU_TIME ? n : TPDU_TIME);
		ck_assert_int_ge(tpdu_valid_for(&tpdu, 0), (int64_t)enhanced[i].seconds);
	}
	tpdu.validity_format = TPDU_VALIDITY_ABSOLUTE;
	const struct tpdu_time end = time_of("2024-12-31T23:59:59+01:00");
	ck_assert(tpdu_time_write(tpdu.validity, &end));
	ck_assert_int_eq(tpdu_valid_for(&tpdu, end.at - 60), 60);
	ck_assert_int_eq(tpdu_valid_for(&tpdu, end.at + 60), 0);
	tpdu.validity_format = TPDU_VALIDITY_NONE;
	ck_assert_int_eq(tpdu_valid_for(&tpdu, 0), -1);
}
END_TEST

START_TEST(every_state_has_a_meaning)
{
	for (unsigned st = 0; st < 256; st++) {
		const struct tpdu_status status = tpdu_status((uint8_t)st);
		const bool reserved = st & 0x80 || (!(st & 0x10) && strstr(status.meaning, "reserved"));
		ck_assert_ptr_nonnull(status.word);
		ck_assert(*status.meaning);
		ck_assert_int_eq(status.final, status.outcome != TPDU_TRYING);
		if (reserved)
			ck_assert_str_eq(status.word, "UNDELIV");
		else
			ck_assert_int_eq(status.outcome, st >> 5);
	}
	ck_assert_str_eq(tpdu_status(0x15).word, "DELIVRD");
	ck_assert_str_eq(tpdu_status(0x35).word, "ENROUTE");
	ck_assert_str_eq(tpdu_status(0x05).word, "UNDELIV");
	ck_assert(tpdu_status(0x28).final);
}
END_TEST

START_TEST(ussd_is_packed_with_returns)
{
	size_t i, ran = 0;
	json_t *vector;
	json_array_foreach(vectors(), i, vector) {
		const char *packed = str(json_object_get(vector, "expect"), "packed");
		if (strcmp(str(vector, "kind"), "ussd") != 0 || !packed)
			continue;
		const char *text = str(json_object_get(vector, "input"), "text");
		uint8_t octets[256], out[64], septets[64], back[64];
		size_t n;
		gsm7_from_utf8(septets, sizeof septets, &n, text, strlen(text));
		const size_t len = unhex(octets, packed);
		ck_assert_uint_eq(ussd_pack(out, septets, n), len);
		ck_assert_mem_eq(out, octets, len);
		ck_assert_uint_eq(ussd_unpack(back, octets, len), n);
		ck_assert_mem_eq(back, septets, n);
		ran++;
	}
	ck_assert_uint_ge(ran, 4);
	for (size_t n = 0; n < 20; n++) {
		uint8_t septets[24], out[24], back[32];
		for (i = 0; i < n; i++)
			septets[i] = (uint8_t)(0x30 + i);
		const size_t len = ussd_pack(out, septets, n);
		ck_assert_uint_eq(ussd_unpack(back, out, len), n);
	}
}
END_TEST

/* What is malformed */

#define GOOD_TPDU "040B916407281553F80000425060708090800AE8329BFD4697D9EC37"

static const struct {
	const char *id;
	bool good, cut, void_header;
	const char *text;               /* NULL: not compared */
} malformed[] = {
	{ "H03", false, false, false, NULL }, { "H05", false, false, false, NULL },
	{ "H06", false, false, false, NULL }, { "H07", false, false, false, NULL },
	{ "H08", true, true, false, NULL }, { "H09", true, true, false, NULL },
	{ "H10", true, false, false, "hellohello" }, { "H11", true, false, true, "" },
	{ "H12", true, false, true, NULL }, { "H13", true, false, false, NULL },
	{ "H14", true, false, false, NULL }, { "H15", true, false, false, NULL },
	{ "H16", true, false, false, NULL }, { "H17", true, false, false, NULL },
	{ "H18", true, false, false, NULL }, { "H19", true, false, false, "hellohello" },
	{ "H20", true, false, false, "x" }, { "H21", true, false, false, NULL },
	{ "H22", true, false, false, "class1" }, { "H23", true, false, false, NULL },
	{ "H24", false, false, false, NULL }, { "H25", true, false, true, "" },
};

static void is_as_told(const char *id, const struct tpdu *tpdu)
{
	struct udh udh = { .nwaiting = 0 };
	if (tpdu->data.header_len)
		udh_read(tpdu->data.header, tpdu->data.header_len, &udh);
	if (strcmp(id, "H13") == 0 || strcmp(id, "H14") == 0 || strcmp(id, "H15") == 0)
		ck_assert_uint_eq(udh.concat.parts, 0);
	if (strcmp(id, "H23") == 0)
		ck_assert(udh.concat.reference == 9 && udh.concat.parts == 3 && udh.concat.part == 2);
	if (strcmp(id, "H20") == 0)
		ck_assert_str_eq(tpdu->address.text, "bc12");
	if (strcmp(id, "H11") == 0)
		ck_assert(tpdu->data.header_len == 6 && tpdu->data.text_len == 0); /* all octets are kept */
	if (strcmp(id, "H16") == 0)
		ck_assert(!tpdu->stamp.known);
}

START_TEST(what_is_malformed_is_used_as_far_as_it_goes)
{
	size_t i;
	json_t *vector;
	json_array_foreach(vectors(), i, vector) {
		if (strcmp(str(vector, "kind"), "malformed") != 0)
			continue;
		const char *id = str(vector, "id");
		const char *hex = str(json_object_get(vector, "input"), "pdu_tpdu");
		uint8_t octets[256];
		size_t len, k = 0;
		if (strcmp(id, "H26") == 0) /* its length was announced wrongly; the line is good */
			hex = strrchr(hex, ' ') + 1;
		const bool is_hex = tpdu_unhex(octets, sizeof octets, &len, hex);
		if (strcmp(id, "H01") == 0 || strcmp(id, "H02") == 0 || strcmp(id, "H03") == 0) {
			ck_assert_msg(!is_hex, "%s", id);
			continue;
		}
		struct tpdu tpdu;
		char why[200] = "";
		const bool good = tpdu_read(&tpdu, octets, len, TPDU_TO_HANDSET, false, why, sizeof why);
		ck_assert(good == !*why);
		if (strcmp(id, "H04") == 0 || strcmp(id, "H26") == 0)
			continue;               /* of the line, not the TPDU: below */
		while (k < sizeof malformed / sizeof *malformed && strcmp(malformed[k].id, id) != 0)
			k++;
		ck_assert_msg(k < sizeof malformed / sizeof *malformed, "%s is not known here", id);
		ck_assert_msg(good == malformed[k].good, "%s: %s", id, why);
		if (!good)
			continue;
		ck_assert_msg(tpdu.data.cut == malformed[k].cut, "%s", id);
		ck_assert_msg(tpdu.data.void_header == malformed[k].void_header, "%s", id);
		if (malformed[k].text)
			ck_assert_msg(strcmp(text_in(&tpdu), malformed[k].text) == 0, "%s: %s", id, text_in(&tpdu));
		is_as_told(id, &tpdu);
	}
}
END_TEST

START_TEST(a_centre_that_lies_about_its_length_is_refused)
{
	struct address centre;
	uint8_t octets[256];
	size_t len = unhex(octets, "0C916407058099F9040B91");
	ck_assert_uint_eq(tpdu_centre(&centre, octets, len, 0), SIZE_MAX); /* above 11 octets */
	len = unhex(octets, "07916407");
	ck_assert_uint_eq(tpdu_centre(&centre, octets, len, 0), SIZE_MAX); /* past the end */
	ck_assert_uint_eq(tpdu_centre(&centre, octets, 0, 0), SIZE_MAX);
	len = unhex(octets, "0004");
	ck_assert_uint_eq(tpdu_centre(&centre, octets, len, 0), 1);
	ck_assert_str_eq(centre.text, "");
	/* The announced length fits neither way: read as if the centre were there (H26). */
	len = unhex(octets, "07916407058099F9040B916407281553F80000425060708090800AE8329BFD4697D9EC37");
	ck_assert_uint_eq(tpdu_centre(&centre, octets, len, 99), 8);
}
END_TEST

/* H01 to H04 and H26, and a modem that leaves the centre out. */
static const struct {
	const char *centre, *tpdu;
	size_t length;
	bool good;
	const char *shown;              /* the centre's digits */
} lines[] = {
	{ "07916407058099F9", GOOD_TPDU, 28, true, "46705008999" },
	{ "07916407058099F9", GOOD_TPDU, 99, true, "46705008999" },
	{ "07916407058099F9", GOOD_TPDU, 0, true, "46705008999" },
	{ "00", GOOD_TPDU, 28, true, "" }, { "", GOOD_TPDU, 28, true, "" },
	{ "FF916407058099F9", GOOD_TPDU, 28, false, "" },
	{ "0", GOOD_TPDU, 28, false, "" }, { "0G", GOOD_TPDU, 28, false, "" }, { "", "", 0, false, "" },
};

START_TEST(a_line_is_read_with_or_without_its_centre)
{
	char hex[256], why[200] = "";
	struct tpdu tpdu;
	struct address centre;
	snprintf(hex, sizeof hex, "%s%s", lines[_i].centre, lines[_i].tpdu);
	const struct tpdu_given given = { hex, lines[_i].length, TPDU_TO_HANDSET };
	ck_assert_int_eq(tpdu_line_read(&tpdu, &centre, &given, why, sizeof why), lines[_i].good);
	ck_assert_int_eq(lines[_i].good, !*why);
	ck_assert_str_eq(centre.text, lines[_i].shown);
	if (lines[_i].good)
		ck_assert_str_eq(text_in(&tpdu), "hellohello");
}
END_TEST

START_TEST(a_time_that_is_not_known_is_written_as_none)
{
	struct tpdu tpdu = read_good("0405916421F30000" "00000000000000" "0141", TPDU_TO_HANDSET, false, "");
	uint8_t out[TPDU_MAX], octets[256];
	const size_t len = unhex(octets, "0405916421F30000" "00000000000000" "0141");
	ck_assert(!tpdu.stamp.known);
	ck_assert_uint_eq(tpdu_write(out, &tpdu), len);
	ck_assert_mem_eq(out, octets, len);
	ck_assert_uint_eq(tpdu_relative(UINT64_MAX), 255);
}
END_TEST

START_TEST(what_does_not_fit_is_not_written)
{
	uint8_t out[TPDU_MAX];
	struct tpdu tpdu = { .type = TPDU_SUBMIT, .cause = -1, .address = { 1, 1, "123456789012345678901" } };
	ck_assert_uint_eq(tpdu_write(out, &tpdu), 0); /* 21 digits */
	snprintf(tpdu.address.text, sizeof tpdu.address.text, "12x");
	ck_assert_uint_eq(tpdu_write(out, &tpdu), 0);
	tpdu.address = (struct address){ 1, 1, "12" };
	tpdu.data_coding = 4;
	tpdu.data.text_len = 141;
	ck_assert_uint_eq(tpdu_write(out, &tpdu), 0);
	tpdu.data.text_len = 140;
	ck_assert_uint_gt(tpdu_write(out, &tpdu), 0);
	tpdu.data_coding = 0;
	tpdu.data.text_len = 160;
	tpdu.data.header_len = 1;
	ck_assert_uint_eq(tpdu_write(out, &tpdu), 0);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("tpdu");
	TCase *tests = tcase_create("tpdu");
	tcase_add_test(tests, a_submit_is_written_and_read);
	tcase_add_test(tests, a_deliver_is_read_and_written);
	tcase_add_test(tests, a_status_report_is_read_and_written);
	tcase_add_test(tests, padding_behind_a_status_report_is_ignored);
	tcase_add_test(tests, reports_and_commands_are_read_and_written);
	tcase_add_test(tests, addresses_are_written_as_the_vectors_have_them);
	tcase_add_test(tests, times_are_written_and_read_with_their_zones);
	tcase_add_test(tests, validity_periods_are_rounded_up);
	tcase_add_test(tests, every_state_has_a_meaning);
	tcase_add_test(tests, ussd_is_packed_with_returns);
	tcase_add_test(tests, what_is_malformed_is_used_as_far_as_it_goes);
	tcase_add_test(tests, a_centre_that_lies_about_its_length_is_refused);
	tcase_add_loop_test(tests, a_line_is_read_with_or_without_its_centre, 0,
	    sizeof lines / sizeof *lines);
	tcase_add_test(tests, a_time_that_is_not_known_is_written_as_none);
	tcase_add_test(tests, what_does_not_fit_is_not_written);
	suite_add_tcase(suite, tests);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
