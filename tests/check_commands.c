/* SPDX-License-Identifier: Apache-2.0 */
/*
 * check_commands.c - table command: who claims what, what can never be asked, and what
 * an answer writes; on every engine.
 */
#include "ledger_world.h"

static struct command_look look;

/* A link of that gateway, as the table `link` shows it. */
static void show_link(const char *gateway, const char *name, const char *state)
{
	words("DELETE FROM link WHERE gateway = '%s' AND name = '%s'", gateway, name);
	words("INSERT INTO link (gateway, name, driver, state, window_size, queued, unanswered, rate, sent, "
	    "failed, receipts, received, updated_at) VALUES ('%s', '%s', 'smpp', '%s', 1, 0, 0, 0, 0, 0, 0, 0, %s)",
	    gateway, name, state, from_now(0));
}

static void begin_linked(int index)
{
	begin_entered(index);
	memset(&look, 0, sizeof look);
	show_link("gw1", "acme", "up");
}

static void forget_commands(void)
{
	for (size_t i = 0; i < look.n; i++)
		command_release(look.commands[i]);
	look.n = 0;
}

static void end_linked(void)
{
	forget_commands();
	end_entered();
}

/* Looks, and says how many were taken. */
static size_t find(struct ledger *ledger)
{
	forget_commands();
	GOOD(ledger_look_for_commands(ledger, &look, &err));
	return look.n;
}

static long long put_command(const char *columns, const char *values)
{
	return count("INSERT INTO command (%s) VALUES (%s) RETURNING id", columns, values);
}

static long long ask(const char *what, long long row)
{
	return count("INSERT INTO command (what, outbox_id) VALUES ('%s', %lld) RETURNING id", what, row);
}

/* "done owner=- attempts=1 answer=- error=-/- done" */
static const char *told(long long id)
{
	return words("SELECT status || ' owner=' || coalesce(owner, '-') || ' attempts=' || attempts || "
	    "' answer=' || coalesce(answer, '-') || CASE WHEN answer_at IS NULL THEN '' ELSE ' at' END || "
	    "' error=' || coalesce(CAST(error_code AS text), '-') || '/' || coalesce(error_text, '-') || "
	    "CASE WHEN done_at IS NULL THEN '' ELSE ' done' END FROM command WHERE id = %lld", id);
}

static void reply(struct ledger *ledger, const struct reply *reply)
{
	ck_assert_uint_eq(look.n, 1);
	look.commands[0]->reply = *reply;
	record(ledger, &(struct facts){ .commands = look.commands, .ncommands = 1 });
}

START_TEST(a_command_has_the_message_and_a_question_for_each_id)
{
	begin_linked(_i);
	const long long one = sent("49151", "AB", 1), three = sent("49152", "CD", 3);
	words("UPDATE outbox SET sender = 'Shop', kind = 'flash', encoding = 'gsm7' WHERE id = %lld", one);
	ask("query", one);
	ask("cancel", three);
	put_command("what, link, message_id, sender, recipient, options",
	    "'query', 'acme', '0X', 'Me', '491', '{\"service_type\": \"VMA\"}'");
	put_command("what, link, sender, recipient", "'cancel', 'acme', 'Me', '491'");
	ck_assert_uint_eq(find(&gw1), 4);
	const struct command *command = look.commands[0];
	ck_assert_int_eq(command->kind, COMMAND_QUERY);
	ck_assert_str_eq(command->link, "acme");
	ck_assert_str_eq(command->message->sender, "Shop");
	ck_assert_str_eq(command->message->recipient, "49151");
	ck_assert_str_eq(command->message->kind, "flash");
	ck_assert_str_eq(command->message->encoding, "gsm7");
	ck_assert_uint_eq(command->nquestions, 1);
	ck_assert_str_eq(command->questions[0].network_id, "AB");
	command = look.commands[1];
	ck_assert_int_eq(command->kind, COMMAND_CANCEL);
	ck_assert_uint_eq(command->nquestions, 3);
	for (unsigned i = 0; i < 3; i++) {
		const char id[] = { 'C', 'D', (char)('1' + i), '\0' };
		ck_assert_str_eq(command->questions[i].network_id, id);
		ck_assert_uint_eq(command->questions[i].number, i + 1);
	}
	command = look.commands[2];
	ck_assert_str_eq(command->questions[0].network_id, "0X");
	ck_assert_str_eq(command->message->sender, "Me");
	ck_assert_ptr_nonnull(strstr(command->message->options, "VMA"));
	ck_assert_str_eq(look.commands[3]->questions[0].network_id, "");
	ck_assert_int_eq(look.commands[3]->epoch, gw1.epoch);
	ck_assert_str_eq(told(1), "sending owner=gw1/1 attempts=1 answer=- error=-/-");
	ck_assert_uint_eq(find(&gw1), 0);
	ck_assert_uint_eq(look.seen, 0);
	end_linked();
}
END_TEST

START_TEST(a_command_is_for_the_gateway_whose_link_is_up)
{
	begin_linked(_i);
	begin_second();
	const long long row = sent("49151", "AB", 1);
	const long long command = ask("query", row);
	show_link("gw1", "acme", "connecting");
	ck_assert_uint_eq(find(&gw1), 0);
	ck_assert_uint_eq(find(&gw2), 0);
	ck_assert_str_eq(told(command), "asked owner=- attempts=0 answer=- error=-/-");
	show_link("gw2", "acme", "resting"); /* a quota is of messages, not of questions */
	ck_assert_uint_eq(find(&gw1), 0);
	ck_assert_uint_eq(find(&gw2), 1);
	show_link("gw1", "acme", "up");
	ck_assert_uint_eq(find(&gw1), 0);
	ck_assert_str_eq(told(command), "sending owner=gw2/1 attempts=1 answer=- error=-/-");
	end_linked();
}
END_TEST

START_TEST(a_message_that_is_being_sent_is_waited_for)
{
	begin_linked(_i);
	const long long row = insert("49151"), command = ask("cancel", row);
	claim(&gw1, 1, 1);
	ck_assert_uint_eq(find(&gw1), 0);
	answer(messages[0], VERDICT_SENT, 1, "AB");
	settle(&gw1);
	ck_assert_uint_eq(find(&gw1), 1);
	ck_assert_int_eq(look.commands[0]->id, command);
	end_linked();
}
END_TEST

START_TEST(what_can_never_be_asked_ends_at_once)
{
	static const struct { const char *columns, *values, *says; } cases[] = {
		{ "what", "'query'", "which message?" },
		{ "what, outbox_id", "'query', 4711", "no message 4711" },
		{ "what, outbox_id, link", "'query', 1, 'acme'", "both given" },
		{ "what, outbox_id, message_id", "'query', 1, '7'", "both given" },
		{ "what, outbox_id, options", "'query', 1, '{}'", "options go with link" },
		{ "what, link", "'query', 'acme'", "message_id is missing" },
		{ "what, link, recipient", "'cancel', 'acme', '49'", "give both" },
		{ "what, link, message_id", "'cancel', 'nowhere', '1'", "no gateway has a link \"nowhere\"" },
		{ "what, outbox_id", "'replace', 1", "body is missing" },
		{ "what, outbox_id, body", "'replace', 2, 'x'", "2 parts" },
		{ "what, outbox_id", "'cancel', 4", "UPDATE outbox SET status = 'cancelled' WHERE id = 4" },
		{ "what, outbox_id", "'query', 4", "it waits still" },
		{ "what, outbox_id", "'query', 5", "never had it" },
		{ "what, outbox_id", "'cancel', 6", "nobody knows" },
		{ "what, outbox_id, body", "'replace', 7, 'x'", "kind binary" },
		{ "what, outbox_id, body", "'replace', 8, 'x'", "gsm7 Turkish" },
		{ "what, outbox_id, body", "'replace', 9, 'x'", "broadcast" },
		{ "what, outbox_id", "'cancel', 3", "part 2 of 2" },
		{ "what, link, message_id, attempts, error_text", "'query', 'acme', '1', 5, 'gone'",
		    "given up after 5 attempts: gone" },
	};
	begin_linked(_i);
	sent("49151", "AB", 1);
	sent("49151", "CD", 2);
	sent("49151", "EF", 2);
	words("UPDATE outbox_part SET message_id = '' WHERE outbox_id = 3 AND part = 2");
	put("queue", "0");
	put("queue, status, link_used", "2, 'failed', 'acme'");
	put("queue, status, link_used", "2, 'doubtful', 'acme'");
	put("queue, status, link_used, message_id, kind", "2, 'sent', 'acme', '1', 'binary'");
	put("queue, status, link_used, message_id, encoding", "2, 'sent', 'acme', '2', 'gsm7 Turkish'");
	put("queue, status, link_used, message_id, kind", "2, 'sent', 'acme', '3', 'broadcast'");
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		const long long id = put_command(cases[i].columns, cases[i].values);
		ck_assert_uint_eq(find(&gw1), 0);
		ck_assert_uint_eq(look.seen, 1);
		ck_assert_msg(strstr(told(id), "failed ") && strstr(told(id), cases[i].says) &&
		    strstr(told(id), " done"), "%s: %s", cases[i].values, told(id));
	}
	end_linked();
}
END_TEST

START_TEST(an_answer_is_written_for_who_holds_the_command)
{
	static const struct { struct reply reply; const char *row; } cases[] = {
		{ { .kind = REPLY_DONE, .answer = "enroute", .code = 3 },
		    "done owner=gw1/1 attempts=1 answer=enroute error=3/- done" },
		{ { .kind = REPLY_DONE, .answer = "delivered", .answer_at = 1785499200 },
		    "done owner=gw1/1 attempts=1 answer=delivered at error=-/- done" },
		{ { .kind = REPLY_REFUSED, .code = 103, .text = "no\xff" },
		    "refused owner=gw1/1 attempts=1 answer=- error=103/no\xef\xbf\xbd done" },
		{ { .kind = REPLY_FAILED, .text = "never" },
		    "failed owner=gw1/1 attempts=1 answer=- error=-/never done" },
		{ { .kind = REPLY_UNSENT, .text = "lost" },
		    "asked owner=- attempts=1 answer=- error=-/lost" },
		{ { .kind = REPLY_UNSENT, .untried = true, .text = "held" },
		    "asked owner=- attempts=0 answer=- error=-/held" },
	};
	begin_linked(_i);
	const long long row = sent("49151", "AB", 1);
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		words("DELETE FROM command");
		const long long id = ask("query", row);
		find(&gw1);
		reply(&gw1, &cases[i].reply);
		ck_assert_str_eq(told(id), cases[i].row);
		/* Told again, or by another epoch, it changes nothing. */
		reply(&gw1, &(struct reply){ .kind = REPLY_REFUSED, .text = "late" });
		ck_assert_str_eq(told(id), cases[i].row);
	}
	ck_assert_str_eq(status(row), "sent");
	end_linked();
}
END_TEST

static const struct reply done = { .kind = REPLY_DONE };

START_TEST(what_the_network_did_is_seen_in_the_message)
{
	begin_linked(_i);
	const long long cancelled = sent("49151", "AB", 1), replaced = sent("49151", "CD", 1),
	    delivered = sent("49151", "EF", 1), deleted = sent("49151", "GH", 1);
	ask("cancel", cancelled);
	find(&gw1);
	reply(&gw1, &done);
	ck_assert_ptr_nonnull(strstr(row(cancelled), "cancelled queue=2 "));
	ck_assert_ptr_nonnull(strstr(row(cancelled), " sent done"));
	tell_one("AB", STATUS_UNDELIVERED);     /* its receipt: DELETED */
	ck_assert_str_eq(status(cancelled), "cancelled");

	words("UPDATE outbox SET encoding = 'gsm7' WHERE id = %lld", replaced);
	count("INSERT INTO command (what, outbox_id, body) VALUES ('replace', %lld, 'newer') RETURNING id", replaced);
	find(&gw1);
	reply(&gw1, &done);
	ck_assert_str_eq(words("SELECT body FROM outbox WHERE id = %lld", replaced), "newer");
	ck_assert_str_eq(status(replaced), "sent");

	ask("cancel", delivered);
	find(&gw1);
	tell_one("EF", STATUS_DELIVERED);
	reply(&gw1, &done);
	ck_assert_str_eq(status(delivered), "delivered");

	/* The receipt came by another bind, before the answer. */
	ask("cancel", deleted);
	find(&gw1);
	tell_one("GH", STATUS_UNDELIVERED);
	ck_assert_str_eq(status(deleted), "undelivered");
	reply(&gw1, &done);
	ck_assert_str_eq(status(deleted), "cancelled");
	end_linked();
}
END_TEST

START_TEST(one_that_was_refused_changes_no_message)
{
	begin_linked(_i);
	const long long row = sent("49151", "AB", 1);
	ask("cancel", row);
	find(&gw1);
	reply(&gw1, &(struct reply){ .kind = REPLY_REFUSED, .text = "no" });
	ck_assert_str_eq(status(row), "sent");
	tell_one("AB", STATUS_UNDELIVERED);
	ask("cancel", row);                     /* long after it ended */
	find(&gw1);
	words("UPDATE outbox SET done_at = %s", from_now(-60));
	reply(&gw1, &done);
	ck_assert_str_eq(status(row), "undelivered");
	end_linked();
}
END_TEST

START_TEST(commands_of_the_dead_are_asked_again)
{
	begin_linked(_i);
	const long long row = sent("49151", "AB", 1);
	const long long command = ask("query", row);
	ck_assert_uint_eq(find(&gw1), 1);
	begin_second();
	words("UPDATE gateway SET alive_until = %s WHERE name = 'gw1'", from_now(-1));
	struct tended tended;
	GOOD(ledger_tend(&gw2, &tended, &err));
	ck_assert_str_eq(told(command), "asked owner=- attempts=1 answer=- error=-/-");
	/* What the dead one has still to say is not heard. */
	reply(&gw1, &done);
	ck_assert_str_eq(told(command), "asked owner=- attempts=1 answer=- error=-/-");
	show_link("gw2", "acme", "up");
	ck_assert_uint_eq(find(&gw2), 1);
	GOOD(ledger_leave(&gw2, &err));
	ck_assert_str_eq(told(command), "asked owner=- attempts=2 answer=- error=-/-");
	end_linked();
}
END_TEST

START_TEST(what_a_failed_look_may_have_taken_is_given_back)
{
	begin_linked(_i);
	const long long row = sent("49151", "AB", 1);
	const long long command = ask("query", row);
	/* As when the commit was done, and not heard of. */
	ck_assert_uint_eq(find(&gw1), 1);
	look.unsure[look.nunsure++] = command;
	ck_assert_uint_eq(find(&gw1), 1);
	ck_assert_uint_eq(look.nunsure, 0);
	ck_assert_str_eq(told(command), "sending owner=gw1/1 attempts=1 answer=- error=-/-");
	end_linked();
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		a_command_has_the_message_and_a_question_for_each_id,
		a_command_is_for_the_gateway_whose_link_is_up,
		a_message_that_is_being_sent_is_waited_for,
		what_can_never_be_asked_ends_at_once,
		an_answer_is_written_for_who_holds_the_command,
		what_the_network_did_is_seen_in_the_message,
		one_that_was_refused_changes_no_message,
		commands_of_the_dead_are_asked_again,
		what_a_failed_look_may_have_taken_is_given_back,
	};
	return run_tests("commands", tests, sizeof tests / sizeof *tests);
}
