/* SPDX-License-Identifier: Apache-2.0 */
/*
 * check_asking.c - what the hub makes of commands: questions to a link, and of the replies
 * one answer.
 */
#include "gateway_world.h"

static void command(enum command_kind kind, const char *link, unsigned nquestions)
{
	struct batch *batch = batch_new();
	struct command *command = batch_command(batch);
	command->kind = kind;
	snprintf(command->link, sizeof command->link, "%s", link);
	command->message->sender = command->message->recipient = "12345";
	command->message->kind = "text";
	command->message->body = "new";
	command->questions = batch_alloc(batch, nquestions * sizeof *command->questions);
	command->nquestions = nquestions;
	for (unsigned i = 0; i < nquestions; i++)
		command->questions[i] = (struct question){ .command = command, .number = i + 1 };
	batch_release(batch);
	the_store.listener.command(the_store.listener.ctx, command);
}

static struct reply state(enum status status, const char *word, int64_t at)
{
	struct reply reply = { .kind = REPLY_DONE, .status = status, .answer_at = at,
		.reports = status == STATUS_DELIVERED, .receipt = { .word = "query:DELIVRD" } };
	snprintf(reply.answer, sizeof reply.answer, "%s", word);
	return reply;
}

START_TEST(a_query_is_answered_by_the_part_that_is_furthest_from_delivered)
{
	const struct reply replies[] = { state(STATUS_DELIVERED, "delivered", 5),
		state(STATUS_SENT, "enroute", 0), state(STATUS_DELIVERED, "delivered", 9) };
	up(1, 10);
	command(COMMAND_QUERY, "link1", 3);
	ck_assert_uint_eq(nasked, 3);
	for (unsigned i = 0; i < 3; i++) {
		ck_assert_uint_eq(nanswered, 0);
		link_replied(puppets[1]->link, asked[2 - i], &replies[i]);
	}
	ck_assert_uint_eq(nanswered, 1);
	ck_assert_int_eq(answered[0].kind, REPLY_DONE);
	ck_assert_str_eq(answered[0].answer, "enroute");
	ck_assert_uint_eq(nreported, 2);
	command(COMMAND_QUERY, "link1", 2);
	link_replied(puppets[1]->link, asked[3], &replies[2]);
	link_replied(puppets[1]->link, asked[4], &replies[0]);
	ck_assert_str_eq(answered[1].answer, "delivered");
	ck_assert_int_eq(answered[1].answer_at, 9);
}
END_TEST

START_TEST(one_part_that_is_refused_is_a_refusal_and_says_which)
{
	const struct reply done = { .kind = REPLY_DONE },
		refused = { .kind = REPLY_REFUSED, .code = 17, .text = "no" };
	up(1, 10);
	command(COMMAND_CANCEL, "link1", 2);
	link_replied(puppets[1]->link, asked[1], &refused);
	link_replied(puppets[1]->link, asked[0], &done);
	ck_assert_int_eq(answered[0].kind, REPLY_REFUSED);
	ck_assert_uint_eq(answered[0].code, 17);
	ck_assert_str_eq(answered[0].text, "part 2 of 2: no");
}
END_TEST

START_TEST(a_lost_session_leaves_a_query_to_be_asked_again_and_a_cancel_in_doubt)
{
	up(1, 10);
	command(COMMAND_QUERY, "link1", 1);
	command(COMMAND_CANCEL, "link1", 1);
	link_down(puppets[1]->link, DOWN_LOST, "gone");
	await(nanswered == 2);
	ck_assert_int_eq(answered[0].kind, REPLY_UNSENT);
	ck_assert(!answered[0].untried);
	ck_assert_int_eq(answered[1].kind, REPLY_FAILED);
	ck_assert_ptr_nonnull(strstr(answered[1].text, "nobody knows"));
	ck_assert_ptr_nonnull(strstr(answered[1].text, "gone"));
}
END_TEST

START_TEST(what_did_not_leave_is_asked_again)
{
	up(1, 10);
	command(COMMAND_CANCEL, "link2", 1);
	command(COMMAND_CANCEL, "link3", 1);
	the_store.unleased = true;
	command(COMMAND_REPLACE, "link1", 1);
	ck_assert_uint_eq(nasked, 0);
	ck_assert_uint_eq(nanswered, 3);
	for (unsigned i = 0; i < 3; i++) {
		ck_assert_int_eq(answered[i].kind, REPLY_UNSENT);
		ck_assert(answered[i].untried);
	}
}
END_TEST

START_TEST(a_replacement_that_is_too_long_is_not_asked)
{
	static char text[200];
	memset(text, 'a', sizeof text - 1);
	up(1, 10);
	struct batch *batch = batch_new();
	struct command *command = batch_command(batch);
	struct question question = { .command = command, .number = 1 };
	command->kind = COMMAND_REPLACE;
	command->questions = &question;
	command->nquestions = 1;
	snprintf(command->link, sizeof command->link, "link1");
	*command->message = (struct message){ .batch = batch, .kind = "text", .body = text, .id = 1,
		.options = "{\"encoding\": \"ucs2\", \"max_parts\": 9}", .encoding = "gsm7" };
	batch_release(batch);
	the_store.listener.command(the_store.listener.ctx, command);
	ck_assert_uint_eq(nasked, 0);
	ck_assert_int_eq(answered[0].kind, REPLY_FAILED);
	ck_assert_ptr_nonnull(strstr(answered[0].text, "2 parts"));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("asking");
	TCase *tests = tcase_create("asking");
	tcase_add_checked_fixture(tests, set_up, tear_down);
	tcase_set_timeout(tests, 20);
	tcase_add_test(tests, a_query_is_answered_by_the_part_that_is_furthest_from_delivered);
	tcase_add_test(tests, one_part_that_is_refused_is_a_refusal_and_says_which);
	tcase_add_test(tests, a_lost_session_leaves_a_query_to_be_asked_again_and_a_cancel_in_doubt);
	tcase_add_test(tests, what_did_not_leave_is_asked_again);
	tcase_add_test(tests, a_replacement_that_is_too_long_is_not_asked);
	suite_add_tcase(suite, tests);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
