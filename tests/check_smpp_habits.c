/* SPDX-License-Identifier: Apache-2.0 */
/*
 * check_smpp_habits.c - what a link may say of its message centre's habits: how texts,
 * receipts and times are written there.
 */
#include "../drivers/smpp.h"
#include "../gateway/asked.h"

#include <check.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char empty[] = "", account[] = "acme01", abroad[] = "00", home[] = "0", utc[] = "+00:00";
static char *hosts[] = { account };

static struct batch *batch;

static void setup(void)
{
	batch = batch_new();
}

static void teardown(void)
{
	batch_release(batch);
}

static struct smpp_options options_of(void)
{
	return (struct smpp_options){ .host = { hosts, 1 }, .system_id = account, .password = empty,
		.password_file = empty, .system_type = empty, .address_range = empty,
		.service_type = empty, .source_address = empty, .addresses.country_code = empty,
		.addresses.international_prefix = abroad, .addresses.national_prefix = home, .addresses.short_code_digits = 6,
		.interface_version = 1, .time_zone = utc,
		.source_ton = -1, .source_npi = -1, .dest_ton = -1, .dest_npi = -1 };
}

static struct message message_of(void)
{
	return (struct message){ .batch = batch, .sender = "ACME", .recipient = "+447700900123",
		.kind = "text", .body = "", .attempts = 1, .wants_receipt = true, .nparts = 1 };
}

/* "hello" with and without a header; TS 23.038 packs it into E8329BFD06. */
START_TEST(a_packed_text_is_written_and_read)
{
	static const uint8_t hello[] = { 0xE8, 0x32, 0x9B, 0xFD, 0x06 };
	static uint8_t text[] = "hello", with_header[] = "\x05\x00\x03\x11\x02\x01hello";
	struct smpp_options options = options_of();
	struct message message = message_of();
	struct part part = { .message = &message, .number = 1, .octets = text, .len = 5 };
	struct smpp_pdu pdu;
	struct outcome outcome;
	struct inbound inbound;
	options.packed = true;
	ck_assert(smpp_submit(&options, &part, &pdu, &outcome));
	ck_assert_uint_eq(pdu.sm_length, sizeof hello);
	ck_assert_mem_eq(pdu.short_message, hello, sizeof hello);
	free(smpp_read_inbound(&options, &pdu, &inbound));
	char *told = smpp_read_inbound(&options, &pdu, &inbound);
	ck_assert_uint_eq(inbound.octets.len, 5);
	ck_assert_mem_eq(inbound.octets.at, "hello", 5);
	ck_assert_ptr_null(inbound.options);
	free(told);

	part = (struct part){ .message = &message, .number = 1, .octets = with_header, .len = 11, .udh_len = 6 };
	ck_assert(smpp_submit(&options, &part, &pdu, &outcome));
	ck_assert_uint_eq(pdu.sm_length, 6 + 5);
	ck_assert_uint_eq(pdu.short_message[6], 0xD0); /* one fill bit, then h */
	snprintf(pdu.service_type, sizeof pdu.service_type, "CMT");
	told = smpp_read_inbound(&options, &pdu, &inbound);
	ck_assert_uint_eq(inbound.octets.len, 5);
	ck_assert_mem_eq(inbound.octets.at, "hello", 5);
	ck_assert_str_eq(inbound.options, "{\"service_type\":\"CMT\"}");
	ck_assert_int_eq(inbound.concat_parts, 2);
	free(told);
}
END_TEST

START_TEST(spare_bits_are_no_letter)
{
	struct smpp_options options = options_of();
	struct inbound inbound;
	options.packed = true;
	/* Seven letters in seven octets leave seven bits, which are no eighth. */
	static const uint8_t seven[] = { 0xE1, 0xF0, 0x78, 0x3C, 0x1E, 0x8F, 0x01 };
	const struct smpp_pdu pdu = { .command = SMPP_DELIVER_SM, .short_message = seven, .sm_length = 7 };
	char *told = smpp_read_inbound(&options, &pdu, &inbound);
	ck_assert_uint_eq(inbound.octets.len, 7);
	free(told);
	const struct smpp_pdu none = { .command = SMPP_DELIVER_SM };
	told = smpp_read_inbound(&options, &none, &inbound);
	ck_assert_uint_eq(inbound.octets.len, 0);
	free(told);
}
END_TEST

START_TEST(a_data_coding_may_mean_another_alphabet)
{
	static char rule[] = "0x01 = latin1", other[] = "4 = utf8";
	static char *rules[] = { rule, other };
	struct smpp_options options = options_of();
	ck_assert_int_eq(smpp_read_coding(&options, 1), CHARSET_ASCII);
	options.data_codings = (struct conf_list){ rules, 2 };
	ck_assert_int_eq(smpp_read_coding(&options, 1), CHARSET_LATIN1);
	ck_assert_int_eq(smpp_read_coding(&options, 4), CHARSET_UTF8);
	ck_assert_int_eq(smpp_read_coding(&options, 8), CHARSET_UCS2);
}
END_TEST

START_TEST(the_link_says_which_receipts_are_asked_for)
{
	static const struct {
		int receipts, asked;
		bool notifications, wanted;
		uint8_t octet;
	} cases[] = {
		{ SMPP_RECEIPTS_FINAL, -1, false, true, 1 }, { SMPP_RECEIPTS_FINAL, -1, true, true, 0x11 },
		{ SMPP_RECEIPTS_FAILURE, -1, false, true, 2 }, { SMPP_RECEIPTS_SUCCESS, -1, true, true, 0x13 },
		{ SMPP_RECEIPTS_FAILURE, -1, true, false, 0 }, { SMPP_RECEIPTS_FINAL, 5, true, false, 5 },
		{ SMPP_RECEIPTS_FINAL, 0, true, true, 0 },
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct smpp_options options = options_of();
		struct message message = message_of();
		struct asked asked = asked_nothing;
		static uint8_t text[] = "x";
		const struct part part = { .message = &message, .number = 1, .octets = text, .len = 1 };
		struct smpp_pdu pdu;
		struct outcome outcome;
		options.receipts = cases[i].receipts;
		options.notifications = cases[i].notifications;
		options.esm_mode = SMPP_MODE_STORE;
		asked.registered_delivery = cases[i].asked;
		message.asked = &asked;
		message.wants_receipt = cases[i].wanted;
		ck_assert(smpp_submit(&options, &part, &pdu, &outcome));
		ck_assert_uint_eq(pdu.registered_delivery, cases[i].octet);
		ck_assert_uint_eq(pdu.esm_class, 3);
	}
}
END_TEST

START_TEST(a_row_may_ask_the_network_to_keep_or_replace_it)
{
	struct smpp_options options = options_of();
	struct message message = message_of();
	struct asked asked = asked_nothing;
	const struct part part = { .message = &message, .number = 1 };
	struct smpp_pdu pdu;
	struct outcome outcome;
	message.asked = &asked;
	asked.replace_if_present = true;
	asked.default_message = 7;
	asked.schedule_at = 1924365600;         /* 2030-12-24 18:00 UTC */
	ck_assert(smpp_submit(&options, &part, &pdu, &outcome));
	ck_assert_uint_eq(pdu.replace_if_present, 1);
	ck_assert_uint_eq(pdu.sm_default_msg_id, 7);
	ck_assert_str_eq(pdu.schedule_delivery_time, "301224180000000+");
	options.validity_format = SMPP_VALIDITY_RELATIVE;
	ck_assert(smpp_submit(&options, &part, &pdu, &outcome));
	ck_assert_int_eq(pdu.schedule_delivery_time[15], 'R');
	message.expires_at = asked.schedule_at;
	ck_assert(!smpp_submit(&options, &part, &pdu, &outcome));
	ck_assert_int_eq(outcome.verdict, VERDICT_REJECTED);
	ck_assert_ptr_nonnull(strstr(outcome.text, "\"schedule\" is not before"));
	/* A time that has come is now. */
	asked.schedule_at = 1000;
	ck_assert(smpp_submit(&options, &part, &pdu, &outcome));
	ck_assert_str_eq(pdu.schedule_delivery_time, "");
}
END_TEST

START_TEST(states_and_times_are_read_as_the_link_says)
{
	static char ahead[] = "+05:30", behind[] = "-03:00";
	struct smpp_options options = options_of();
	const struct smpp_pdu pdu = { .esm_class = 4 };
	struct smpp_receipt from = { .id = "1", .state = 6, .word = "ACCEPTD", .done_at = 100000 };
	struct receipt to;
	smpp_read_receipt(&options, &pdu, &from, &to);
	ck_assert_int_eq(to.status, STATUS_SENT);
	ck_assert_int_eq(to.done_at, 100000);
	options.accepted_final = options.unknown_final = true;
	options.time_zone = ahead;
	smpp_read_receipt(&options, &pdu, &from, &to);
	ck_assert_int_eq(to.status, STATUS_DELIVERED);
	ck_assert_int_eq(to.done_at, 100000 - 19800);
	from.state = 7;
	options.time_zone = behind;
	smpp_read_receipt(&options, &pdu, &from, &to);
	ck_assert_int_eq(to.status, STATUS_UNDELIVERED);
	ck_assert_int_eq(to.done_at, 100000 + 10800);
	ck_assert_str_eq(to.text, "unknown to the message centre");
	/* A notification is never final. */
	const struct smpp_pdu notification = { .esm_class = SMPP_ESM_NOTIFICATION };
	smpp_read_receipt(&options, &notification, &from, &to);
	ck_assert_int_eq(to.status, STATUS_SENT);
}
END_TEST

START_TEST(habits_that_nobody_can_have_are_refused_in_words)
{
	static char bad[] = "0x01 = klingon", large[] = "256 = ascii", tail[] = "1 = ascii x", zone[] = "CET",
	    far[] = "+19:00";
	char *const codings[] = { bad, large, tail };
	struct conf_error err;
	for (size_t i = 0; i < 3; i++) {
		struct smpp_options options = options_of();
		char *rules[] = { codings[i] };
		options.data_codings = (struct conf_list){ rules, 1 };
		ck_assert(!smpp_check(&options, &err));
		ck_assert_ptr_nonnull(strstr(err.text, codings[i]));
	}
	char *const zones[] = { zone, far };
	for (size_t i = 0; i < 2; i++) {
		struct smpp_options options = options_of();
		options.time_zone = zones[i];
		ck_assert(!smpp_check(&options, &err));
		ck_assert_ptr_nonnull(strstr(err.text, "like \"+01:00\""));
	}
	struct smpp_options options = options_of();
	ck_assert(smpp_check(&options, &err));
	options.receipts = SMPP_RECEIPTS_SUCCESS;
	ck_assert(!smpp_check(&options, &err));
	options.interface_version = 2;
	ck_assert(smpp_check(&options, &err));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("smpp_habits");
	TCase *tests = tcase_create("smpp_habits");
	suite_add_tcase(suite, tests);
	tcase_add_checked_fixture(tests, setup, teardown);
	tcase_add_test(tests, a_packed_text_is_written_and_read);
	tcase_add_test(tests, spare_bits_are_no_letter);
	tcase_add_test(tests, a_data_coding_may_mean_another_alphabet);
	tcase_add_test(tests, the_link_says_which_receipts_are_asked_for);
	tcase_add_test(tests, a_row_may_ask_the_network_to_keep_or_replace_it);
	tcase_add_test(tests, states_and_times_are_read_as_the_link_says);
	tcase_add_test(tests, habits_that_nobody_can_have_are_refused_in_words);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
