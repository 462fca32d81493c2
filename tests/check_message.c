/* SPDX-License-Identifier: Apache-2.0 */
/* check_message.c - arenas, folding of part outcomes, the normal form of network ids. */
#include "../gateway/message.h"

#include <check.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct message *of_parts(unsigned n)
{
	struct batch *batch = batch_new();
	struct message *message = batch_message(batch);
	batch_release(batch);
	message->parts = batch_alloc(message->batch, n * sizeof *message->parts);
	message->nparts = message->unanswered = (uint8_t)n;
	for (unsigned i = 0; i < n; i++) {
		message->parts[i].message = message;
		message->parts[i].number = (uint8_t)(i + 1);
	}
	return message;
}

START_TEST(the_last_message_frees_the_batch)
{
	struct batch *batch = batch_new();
	struct message *messages[100];
	for (unsigned i = 0; i < 100; i++) {
		messages[i] = batch_message(batch);
		messages[i]->body = batch_text(batch, "0123456789", 10);
		memset(batch_alloc(batch, 5000), 0xAA, 5000);
	}
	memset(batch_alloc(batch, 1000000), 0xAA, 1000000);
	batch_release(batch);
	for (unsigned i = 0; i < 100; i++) {
		ck_assert_str_eq(messages[i]->body, "0123456789");
		message_release(messages[i]);
	}
}
END_TEST

START_TEST(the_worst_part_decides)
{
	static const enum verdict order[] = { VERDICT_SENT, VERDICT_DEFERRED, VERDICT_DOUBTFUL,
		VERDICT_EXPIRED, VERDICT_REJECTED };
	for (unsigned a = 0; a < 5; a++) {
		for (unsigned b = 0; b < 5; b++) {
			struct message *message = of_parts(2);
			struct outcome first = { .verdict = order[a], .code = a };
			struct outcome second = { .verdict = order[b], .code = b };
			ck_assert(!message_answer(&message->parts[0], &first));
			ck_assert(message_answer(&message->parts[1], &second));
			ck_assert_int_eq(message->outcome.verdict, order[a > b ? a : b]);
			ck_assert_uint_eq(message->outcome.code, a > b ? a : b);
			message_release(message);
		}
	}
}
END_TEST

START_TEST(a_message_counts_as_tried_once_any_part_left)
{
	const struct outcome untried = { .verdict = VERDICT_DEFERRED, .untried = true };
	const struct outcome tried = { .verdict = VERDICT_DEFERRED, .retry_ms = 500 };
	const struct outcome sent = { .verdict = VERDICT_SENT, .network_id = "7" };
	struct message *message = of_parts(2);
	message_answer(&message->parts[0], &untried);
	message_answer(&message->parts[1], &untried);
	ck_assert(message->outcome.untried);
	message_release(message);
	message = of_parts(2);
	message_answer(&message->parts[0], &untried);
	message_answer(&message->parts[1], &tried);
	ck_assert(!message->outcome.untried);
	ck_assert_uint_eq(message->outcome.retry_ms, 500);
	message_release(message);
	message = of_parts(2);
	message_answer(&message->parts[0], &sent);
	message_answer(&message->parts[1], &untried);
	ck_assert(!message->outcome.untried);
	ck_assert(message->parts[0].taken && !message->parts[1].taken);
	ck_assert_str_eq(message->parts[0].network_id, "7");
	message_release(message);
}
END_TEST

START_TEST(ids_that_differ_by_case_or_zeros_have_one_key)
{
	static const char *const same[][2] = {
		{ "00AB12", "ab12" }, { "0", "" }, { "000", "0" }, { "12345", "0000012345" },
		{ "F81D4FAE-7DEC", "f81d4fae-7dec" },
	};
	char a[NETWORK_ID_MAX], b[NETWORK_ID_MAX];
	for (size_t i = 0; i < sizeof same / sizeof *same; i++) {
		network_key(a, same[i][0]);
		network_key(b, same[i][1]);
		ck_assert_str_eq(a, b);
	}
	network_key(a, "10");
	network_key(b, "1");
	ck_assert_str_ne(a, b);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("message");
	TCase *tests = tcase_create("message");
	tcase_add_test(tests, the_last_message_frees_the_batch);
	tcase_add_test(tests, the_worst_part_decides);
	tcase_add_test(tests, a_message_counts_as_tried_once_any_part_left);
	tcase_add_test(tests, ids_that_differ_by_case_or_zeros_have_one_key);
	suite_add_tcase(suite, tests);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
