/* SPDX-License-Identifier: Apache-2.0 */
/* check_encode.c - texts into parts: alphabet, segmentation, headers, cuts; addresses; pace. */
#include "../gateway/address.h"
#include "../sms/alphabet.h"
#include "../gateway/encode.h"
#include "../gateway/pace.h"

#include <check.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct message *message_of(const char *body)
{
	struct batch *batch = batch_new();
	struct message *message = batch_message(batch);
	batch_release(batch);
	message->id = 0x1FE;
	message->kind = "text";
	message->body = batch_text(message->batch, body, strlen(body));
	return message;
}

static char *repeat(const char *what, size_t n)
{
	char *all = calloc(n + 1, strlen(what));
	ck_assert_ptr_nonnull(all);
	for (size_t i = 0; i < n; i++)
		memcpy(all + i * strlen(what), what, strlen(what));
	return all;
}

static const struct { const char *unit; size_t n; enum coding coding; unsigned parts; } lengths[] = {
	{ "a", 0, CODING_GSM7, 1 }, { "a", 160, CODING_GSM7, 1 }, { "a", 161, CODING_GSM7, 2 },
	{ "a", 306, CODING_GSM7, 2 }, { "a", 307, CODING_GSM7, 3 },
	{ "\xE2\x82\xAC", 80, CODING_GSM7, 1 }, { "\xE2\x82\xAC", 81, CODING_GSM7, 2 },
	{ "\xC5\x91", 70, CODING_UCS2, 1 }, { "\xC5\x91", 71, CODING_UCS2, 2 },
	{ "\xC5\x91", 134, CODING_UCS2, 2 }, { "\xC5\x91", 135, CODING_UCS2, 3 },
	{ "\xF0\x9F\x98\x80", 35, CODING_UCS2, 1 }, { "\xF0\x9F\x98\x80", 36, CODING_UCS2, 2 },
	{ "a", 3060, CODING_GSM7, 20 }, { "\xC5\x91", 1340, CODING_UCS2, 20 },
};

START_TEST(a_text_takes_as_many_parts_as_the_tables_say)
{
	char why[OUTCOME_TEXT_MAX];
	char *body = repeat(lengths[_i].unit, lengths[_i].n);
	struct message *message = message_of(body);
	ck_assert(encode_message(message, why, sizeof why));
	ck_assert_uint_eq(message->nparts, lengths[_i].parts);
	for (unsigned i = 0; i < message->nparts; i++) {
		const struct part *part = &message->parts[i];
		ck_assert_int_eq(part->coding, lengths[_i].coding);
		ck_assert_uint_eq(part->number, i + 1);
		ck_assert_uint_eq(part->udh_len, message->nparts > 1 ? 6 : 0);
		const uint8_t udh[] = { 5, 0, 3, 0xFE, message->nparts, part->number };
		ck_assert_mem_eq(part->octets, udh, part->udh_len);
	}
	message_release(message);
	free(body);
}
END_TEST

START_TEST(a_cut_never_falls_inside_a_pair)
{
	char why[OUTCOME_TEXT_MAX], body[1024];
	char *head = repeat("a", 152), *tail = repeat("b", 50);
	snprintf(body, sizeof body, "%s\xE2\x82\xAC%s", head, tail);
	struct message *message = message_of(body);
	ck_assert(encode_message(message, why, sizeof why));
	ck_assert_uint_eq(message->nparts, 2);
	ck_assert_uint_eq(message->parts[0].len, 6 + 152);
	ck_assert_uint_eq(message->parts[1].octets[6], GSM7_ESCAPE);
	message_release(message);

	char *wide = repeat("\xC5\x91", 66);
	snprintf(body, sizeof body, "%s\xF0\x9F\x98\x80%s", wide, "zzzzz");
	message = message_of(body);
	ck_assert(encode_message(message, why, sizeof why));
	ck_assert_uint_eq(message->parts[0].len, 6 + 2 * 66);
	ck_assert_uint_eq(message->parts[1].octets[6] & 0xFC, 0xD8);
	message_release(message);
	free(head);
	free(tail);
	free(wide);
}
END_TEST

START_TEST(what_cannot_be_sent_says_why)
{
	char why[OUTCOME_TEXT_MAX];
	char *body = repeat("a", 3061);
	struct message *message = message_of(body);
	ck_assert(!encode_message(message, why, sizeof why));
	ck_assert_str_eq(why, "body is too long: 3061 octets do not fit into 20 parts");
	message_release(message);
	free(body);
	message = message_of("x");
	message->kind = "carrier-pigeon";
	ck_assert(!encode_message(message, why, sizeof why));
	ck_assert_ptr_nonnull(strstr(why, "carrier-pigeon"));
	message_release(message);
	message = message_of("x");
	message->options = "{ }";
	ck_assert(encode_message(message, why, sizeof why));
	message->options = "{\"udh\": \"050003\"}";
	ck_assert(!encode_message(message, why, sizeof why));
	ck_assert_ptr_nonnull(strstr(why, "udh"));
	message->options = NULL;
	message->data = (struct blob){ (const uint8_t *)"x", 1 };
	ck_assert(!encode_message(message, why, sizeof why));
	message_release(message);
}
END_TEST

START_TEST(parts_taken_before_stay_taken)
{
	char why[OUTCOME_TEXT_MAX];
	char *body = repeat("a", 400);
	struct message *message = message_of(body);
	message->taken[0] = 0x05;
	ck_assert(encode_message(message, why, sizeof why));
	ck_assert(message->parts[0].taken && !message->parts[1].taken && message->parts[2].taken);
	message_release(message);
	free(body);
}
END_TEST

static const struct { const char *written, *number; } numbers[] = {
	{ "+36201234567", "+36201234567" }, { "+36 (20) 123-45.67", "+36201234567" },
	{ "12345", "12345" }, { "*100#", "*100#" }, { "0036/201234567", "0036201234567" },
	{ "abc", NULL }, { "", NULL }, { "1", NULL }, { "+", NULL }, { "12+34", NULL },
	{ "12345678901234567890", NULL }, { "+36201234567;DROP", NULL },
};

START_TEST(numbers_are_read_as_people_write_them)
{
	char out[ADDRESS_MAX], why[OUTCOME_TEXT_MAX];
	ck_assert_int_eq(address_number(out, numbers[_i].written, why, sizeof why),
	    numbers[_i].number != NULL);
	if (numbers[_i].number)
		ck_assert_str_eq(out, numbers[_i].number);
	else
		ck_assert_ptr_eq(strstr(why, "recipient"), why);
}
END_TEST

START_TEST(a_sender_is_a_number_or_a_short_name)
{
	char out[ADDRESS_MAX], why[OUTCOME_TEXT_MAX];
	ck_assert(address_sender(out, "", why, sizeof why));
	ck_assert(address_sender(out, "MyShop", why, sizeof why));
	ck_assert_str_eq(out, "MyShop");
	ck_assert(address_sender(out, "+36 20 123", why, sizeof why));
	ck_assert_str_eq(out, "+3620123");
	ck_assert(!address_sender(out, "MuchTooLongAName", why, sizeof why));
}
END_TEST

START_TEST(a_pace_gives_its_rate_and_says_how_long_to_wait)
{
	struct pace pace;
	pace_init(&pace, 50, 1000);
	unsigned taken = 0;
	for (uint64_t now = 1000; now < 11000; now++)
		taken += pace_take(&pace, now);
	ck_assert_uint_ge(taken, 500);
	ck_assert_uint_le(taken, 505);
	while (pace_take(&pace, 11000))
		;
	ck_assert_uint_ge(pace_wait(&pace), 1);
	ck_assert(pace_take(&pace, 11000 + pace_wait(&pace)));
	pace_init(&pace, 0, 0);
	ck_assert(pace_take(&pace, 0) && pace_wait(&pace) == 0);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("encode");
	TCase *tests = tcase_create("encode");
	tcase_add_loop_test(tests, a_text_takes_as_many_parts_as_the_tables_say, 0,
	    sizeof lengths / sizeof *lengths);
	tcase_add_test(tests, a_cut_never_falls_inside_a_pair);
	tcase_add_test(tests, what_cannot_be_sent_says_why);
	tcase_add_test(tests, parts_taken_before_stay_taken);
	tcase_add_loop_test(tests, numbers_are_read_as_people_write_them, 0,
	    sizeof numbers / sizeof *numbers);
	tcase_add_test(tests, a_sender_is_a_number_or_a_short_name);
	tcase_add_test(tests, a_pace_gives_its_rate_and_says_how_long_to_wait);
	suite_add_tcase(suite, tests);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
