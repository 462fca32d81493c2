/* SPDX-License-Identifier: Apache-2.0 */
/*
 * check_store.c - the store over real tables: the everyday, the lease, back-pressure, the
 * end, commands. Every test runs over every engine there is (store_world.h); when they fail it is
 * check_store_faults.c.
 */
#include "store_world.h"

#include <check.h>

/* The everyday */

START_TEST(an_idle_store_writes_a_fact_at_once)
{
	begin_installed(_i);
	open_ready();
	tell_receipt(1, "DELIVRD");
	ck_assert_uint_eq(store_waiting(store), 1);
	await(nkept == 1);
	ck_assert(kept_so[1]);
	ck_assert_uint_eq(store_waiting(store), 0);
	ck_assert_int_eq(sql("SELECT count(*) FROM receipt"), 1);
	end();
}
END_TEST

/* As when another gateway commits the settlement a moment after the receipt. */
START_TEST(a_receipt_whose_message_is_settled_elsewhere_finds_it_soon)
{
	begin_installed(_i);
	open_ready();
	tell_receipt(7, "DELIVRD");
	await(nkept == 1);
	sql("INSERT INTO outbox (recipient, queue, status, link_used, message_id) VALUES ('4915', 2, 'sent', 'acme', 'a7')");
	await(rows_of("delivered") == 1);
	end();
}
END_TEST

START_TEST(a_busy_store_writes_hundreds_of_facts_in_one_transaction)
{
	enum { FACTS = 600 };
	begin_installed(_i);
	open_ready();
	faulty_stop(STATEMENT_INBOX_PUT);
	tell_inbound(0, "first");
	await(faulty_read(&faulty.waiting) == 1);
	for (unsigned i = 1; i < FACTS; i++)
		tell_inbound(i, "and more");
	unsigned before = faulty_read(&faulty.runs[STATEMENT_INBOX_PUT]);
	faulty_go();
	await(nkept == FACTS);
	ck_assert_uint_eq(faulty_read(&faulty.runs[STATEMENT_INBOX_PUT]), before + 1);
	ck_assert_int_eq(sql("SELECT count(*) FROM inbox"), FACTS);
	ck_assert_int_eq(sql("SELECT count(*) FROM inbox WHERE body = 'and more'"), FACTS - 1);
	for (unsigned i = 0; i < FACTS; i++)
		ck_assert_uint_eq(kept_times[i], 1);
	end();
}
END_TEST

START_TEST(no_transaction_is_larger_than_a_batch)
{
	begin_installed(_i);
	options.batch = 10;
	open_ready();
	faulty_stop(STATEMENT_INBOX_PUT);
	tell_inbound(0, "the first one, alone");
	await(faulty_read(&faulty.waiting) == 1);
	for (unsigned i = 1; i <= 35; i++)
		tell_inbound(i, "one of many");
	faulty_go();
	await(nkept == 36);
	ck_assert_uint_eq(faulty_read(&faulty.runs[STATEMENT_INBOX_PUT]), 1 + 4);
	end();
}
END_TEST

START_TEST(a_claimed_message_is_settled_into_its_row)
{
	begin_installed(_i);
	insert_rows(3);
	open_ready();
	claim(10);
	await(nanswers == 1);
	ck_assert_uint_eq(nclaimed, 3);
	ck_assert_str_eq(claimed[0]->body, "text 0");
	ck_assert_int_eq(rows_of("sending"), 3);
	settle(claimed[0], VERDICT_SENT, "");
	settle(claimed[1], VERDICT_REJECTED, "unknown number");
	settle(claimed[2], VERDICT_DEFERRED, "busy");
	await(store_waiting(store) == 0);
	ck_assert_int_eq(rows_of("sent"), 1);
	ck_assert_int_eq(rows_of("failed"), 1);
	ck_assert_int_eq(rows_of("queued"), 1);
	claim(10);
	await(nanswers == 2);
	ck_assert_uint_eq(nclaimed, 4);
	settle(claimed[3], VERDICT_DEFERRED, "");
	await(store_waiting(store) == 0);
	end();
}
END_TEST

START_TEST(a_claim_is_answered_with_none_while_the_store_is_not_ready)
{
	begin_installed(_i);
	insert_rows(1);
	faulty_fail(FAULT_OPEN, DB_LOST, 1000000);
	open_store();
	claim(10);
	ck_assert_uint_eq(nanswers, 0);
	await(nanswers == 1);
	ck_assert_uint_eq(nclaimed, 0);
	await(state() == STORE_LOST);
	claim(10);
	await(nanswers == 2);
	ck_assert_uint_eq(nclaimed, 0);
	faulty_fail(FAULT_OPEN, DB_LOST, 0);
	await(state() == STORE_READY);
	claim(10);
	await(nanswers == 3);
	ck_assert_uint_eq(nclaimed, 1);
	settle(claimed[0], VERDICT_SENT, "");
	await(store_waiting(store) == 0);
	end();
}
END_TEST

START_TEST(facts_and_claims_do_not_starve_each_other)
{
	enum { FACTS = 300, CLAIMS = 20 };
	begin_installed(_i);
	options.batch = 3;
	insert_rows(CLAIMS);
	open_ready();
	for (unsigned i = 0; i < FACTS; i++)
		tell_inbound(i, "flood");
	while (nanswers < CLAIMS) {
		unsigned before = nanswers;
		claim(1);
		await(nanswers > before);
		/* The first claim came in between, not behind the flood. */
		if (before == 0 && engine.connections == 1)
			ck_assert_uint_lt(nkept, FACTS);
	}
	ck_assert_uint_eq(nclaimed, CLAIMS);
	await(nkept == FACTS);
	for (unsigned i = 0; i < CLAIMS; i++)
		settle(claimed[i], VERDICT_SENT, "");
	await(store_waiting(store) == 0);
	end();
}
END_TEST

START_TEST(what_a_link_has_used_is_told_before_anything_can_leave)
{
	struct link_report values = { .name = "acme", .driver = "loop", .state = "up",
		.used = { .at = 1764288000, .parts = { 1, 20, 300 } } };
	begin_installed(_i);
	open_ready();
	ck_assert_uint_eq(nused, 0);
	store_report(store, &values);
	await(sql("SELECT used_day FROM link WHERE name = 'acme'") == 20);
	values.used = (struct link_use){ .at = 0 };     /* as before it is told */
	snprintf(values.state, sizeof values.state, "down");
	store_report(store, &values);
	await(sql("SELECT count(*) FROM link WHERE state = 'down' AND used_day = 20") == 1);
	close_store();                          /* without giving the lease back, as a crash */
	nstates = 0;
	open_ready();
	ck_assert_uint_eq(nused, 1);
	ck_assert_uint_eq(nused_unready, 1);
	ck_assert_int_eq(used.at, 1764288000);
	ck_assert(used.parts[USE_HOUR] == 1 && used.parts[USE_DAY] == 20 && used.parts[USE_MONTH] == 300);
	options.name = "gw2";                   /* each gateway has counts of its own */
	close_store();
	open_ready();
	ck_assert_uint_eq(nused, 1);
	end();
}
END_TEST

START_TEST(a_link_is_reported_and_the_operator_heard)
{
	begin_installed(_i);
	open_ready();
	report("connecting");
	await(nwanted == 1);
	ck_assert_int_eq(wanted, WANTED_RUN);
	ck_assert_int_eq(sql("SELECT count(*) FROM link WHERE name = 'acme' "
	    "AND gateway = 'gw1' AND state = 'connecting'"), 1);
	report("up");
	await(sql("SELECT count(*) FROM link WHERE state = 'up'") == 1);
	sql("UPDATE link SET wanted = 'hold' WHERE name = 'acme'");
	await(nwanted == 2);
	ck_assert_int_eq(wanted, WANTED_HOLD);
	idle(3 * waits.links);
	ck_assert_uint_eq(nwanted, 2);
	end();
}
END_TEST

/* The lease */

START_TEST(a_fenced_store_begins_a_new_epoch)
{
	begin_installed(_i);
	options.lease = 600;
	insert_rows(3);
	open_ready();
	claim(2);
	await(nanswers == 1);
	ck_assert_uint_eq(nclaimed, 2);
	long long epoch = sql("SELECT epoch FROM gateway WHERE name = 'gw1'");
	sql("UPDATE gateway SET state = 'dead' WHERE name = 'gw1'");
	await(was(STORE_FENCED));
	await(state() == STORE_READY);
	ck_assert_int_gt(sql("SELECT epoch FROM gateway WHERE name = 'gw1'"), epoch);
	await(rows_of("doubtful") == 2);
	claim(2);
	await(nanswers == 2);
	ck_assert_uint_eq(nclaimed, 3);
	/* The network's answers to what the old epoch had sent come late. */
	settle(claimed[0], VERDICT_SENT, "");
	settle(claimed[1], VERDICT_DOUBTFUL, "no answer");
	settle(claimed[2], VERDICT_SENT, "");
	await(store_waiting(store) == 0);
	ck_assert_int_eq(rows_of("sent"), 2);
	ck_assert_int_eq(rows_of("doubtful"), 1);
	end();
}
END_TEST

START_TEST(what_was_claimed_again_is_not_settled_by_the_old_claim)
{
	begin_installed(_i);
	options.lease = 600;
	options.in_doubt = options.in_doubt_unknown = DOUBT_RESEND;
	insert_rows(1);
	open_ready();
	claim(1);
	await(nanswers == 1);
	sql("UPDATE gateway SET state = 'dead' WHERE name = 'gw1'");
	await(was(STORE_FENCED));
	await(state() == STORE_READY);
	claim(1);
	await(nanswers == 2);
	ck_assert_uint_eq(nclaimed, 2);
	ck_assert_int_eq(claimed[0]->id, claimed[1]->id);
	settle(claimed[0], VERDICT_REJECTED, "old news");
	await(store_waiting(store) == 0);
	ck_assert_int_eq(rows_of("sending"), 1);
	settle(claimed[1], VERDICT_SENT, "");
	await(store_waiting(store) == 0);
	ck_assert_int_eq(rows_of("sent"), 1);
	end();
}
END_TEST

START_TEST(what_was_sent_while_the_database_was_away_is_not_sent_again)
{
	begin_installed(_i);
	options.lease = 1000;
	options.in_doubt = options.in_doubt_unknown = DOUBT_RESEND;
	insert_rows(2);
	open_ready();
	claim(2);
	await(nanswers == 1);
	ck_assert_uint_eq(nclaimed, 2);
	faulty_fail(STATEMENT_SETTLE, DB_AGAIN, 1000000);
	settle(claimed[0], VERDICT_SENT, "");
	sql("UPDATE gateway SET state = 'dead' WHERE name = 'gw1'");
	await(was(STORE_FENCED));
	/* The new epoch does not begin before that is in the tables. */
	idle(50);
	ck_assert_int_ne(state(), STORE_READY);
	ck_assert_int_eq(sql("SELECT epoch FROM gateway WHERE name = 'gw1'"), 1);
	faulty_fail(STATEMENT_SETTLE, DB_AGAIN, 0);
	await(state() == STORE_READY);
	await(store_waiting(store) == 0);
	ck_assert_int_eq(rows_of("sent"), 1);
	ck_assert_int_eq(rows_of("queued"), 1);
	settle(claimed[1], VERDICT_SENT, "");
	await(store_waiting(store) == 0);
	end();
}
END_TEST

START_TEST(without_beats_the_lease_ends_by_our_own_clock)
{
	begin_installed(_i);
	options.lease = 600;
	open_store();
	ck_assert(!store_leased(store));
	await(state() == STORE_READY);
	ck_assert(store_leased(store));
	idle((unsigned)options.lease * 2);
	ck_assert(store_leased(store));
	faulty_fail(STATEMENT_GATEWAY_BEAT, DB_LOST, 1000000);
	await(!store_leased(store));
	ck_assert_int_eq(state(), STORE_LOST);
	faulty_fail(STATEMENT_GATEWAY_BEAT, DB_LOST, 0);
	await(state() == STORE_READY);
	ck_assert(!was(STORE_FENCED));
	await(store_leased(store));
	drain();
	await(was(STORE_DRAINED));
	ck_assert(!store_leased(store));
	end();
}
END_TEST

START_TEST(rows_claimed_as_the_lease_ends_are_not_handed_out)
{
	begin_installed(_i);
	options.lease = 300;
	insert_rows(2);
	open_ready();
	faulty_stop(STATEMENT_CLAIM);
	claim(2);
	await(faulty_read(&faulty.waiting) == 1);
	idle((unsigned)options.lease + 50);
	faulty_go();
	await(nanswers == 1);
	ck_assert_uint_eq(nclaimed, 0);
	await(state() == STORE_READY && store_waiting(store) == 0);
	await(rows_of("queued") == 2);
	ck_assert_int_eq(sql("SELECT max(attempts) FROM outbox"), 0);
	end();
}
END_TEST

START_TEST(a_lease_of_another_host_is_waited_for)
{
	begin_installed(_i);
	options.lease = 3000; /* longer than it takes to open the store again, on any machine */
	open_ready();
	close_store();
	sql("UPDATE gateway SET host = 'elsewhere' WHERE name = 'gw1'");
	nstates = 0;
	open_store();
	await(nstates == 1 && why[0]);
	ck_assert_int_eq(state(), STORE_OPENING);
	ck_assert_ptr_nonnull(strstr(why, "elsewhere"));
	claim(1);
	await(nanswers == 1);
	await(state() == STORE_READY);
	end();
}
END_TEST

/* Back-pressure */

START_TEST(a_store_is_full_until_half_of_it_is_written)
{
	begin_installed(_i);
	options.high_water = 100;
	options.batch = 10;
	open_ready();
	faulty_stop(STATEMENT_INBOX_PUT);
	for (unsigned i = 0; i < 100; i++) {
		ck_assert(!store_full(store));
		tell_inbound(i, "water");
	}
	ck_assert(store_full(store));
	await(faulty_read(&faulty.waiting) == 1);
	ck_assert_uint_eq(rooms, 0);
	faulty_go();
	await(nkept == 100);
	ck_assert_uint_eq(rooms, 1);
	ck_assert_uint_le(waiting_at_room, 50); /* fewer, when more was written before the loop's turn */
	ck_assert(!store_full(store));
	end();
}
END_TEST

/* The end */

START_TEST(a_drained_store_has_written_everything_and_given_back_its_lease)
{
	begin_installed(_i);
	open_ready();
	faulty_stop(STATEMENT_INBOX_PUT);
	for (unsigned i = 0; i < 50; i++)
		tell_inbound(i, "last words");
	await(faulty_read(&faulty.waiting) == 1);
	drain();
	claim(1);
	await(nanswers == 1);
	idle(50);
	ck_assert(!was(STORE_DRAINED));
	ck_assert_uint_eq(nkept, 0);
	faulty_go();
	await(was(STORE_DRAINED));
	ck_assert_uint_eq(nkept, 50);
	ck_assert_int_eq(sql("SELECT count(*) FROM inbox"), 50);
	ck_assert_int_eq(sql("SELECT count(*) FROM gateway WHERE state = 'stopped'"), 1);
	end();
}
END_TEST

START_TEST(what_is_claimed_during_a_drain_is_given_back)
{
	begin_installed(_i);
	insert_rows(3);
	open_ready();
	faulty_stop(STATEMENT_CLAIM);
	claim(3);
	await(faulty_read(&faulty.waiting) == 1);
	drain();
	ck_assert_uint_eq(nanswers, 0);
	await(nanswers == 1);
	ck_assert_uint_eq(nclaimed, 0);
	faulty_go();
	await(was(STORE_DRAINED));
	ck_assert_uint_eq(nanswers, 1);
	ck_assert_int_eq(rows_of("queued"), 3);
	ck_assert_int_eq(sql("SELECT max(attempts) FROM outbox"), 0);
	end();
}
END_TEST

START_TEST(a_store_that_never_opened_drains_at_once)
{
	begin_installed(_i);
	faulty_fail(FAULT_OPEN, DB_LOST, 1000000);
	open_store();
	await(state() == STORE_LOST);
	drain();
	await(was(STORE_DRAINED));
	end();
}
END_TEST

START_TEST(a_store_may_be_closed_by_what_it_tells)
{
	begin_installed(_i);
	open_ready();
	close_when_drained = true;
	tell_receipt(1, "DELIVRD");
	drain();
	await(was(STORE_DRAINED));
	ck_assert_uint_eq(nkept, 1);
	ck_assert_ptr_null(store);
	end();
}
END_TEST

/* Sends standard error into a file; gives how many of its lines say `what`. */
static FILE *catch_errors(void)
{
	FILE *file = tmpfile();
	ck_assert_ptr_nonnull(file);
	fflush(stderr);
	dup2(fileno(file), STDERR_FILENO);
	return file;
}

static unsigned lines_with(FILE *file, const char *what)
{
	char line[4096];
	unsigned n = 0;
	rewind(file);
	while (fgets(line, sizeof line, file)) {
		n += strstr(line, what) != NULL;
		ck_assert_ptr_null(strstr(line, "last words"));
	}
	return n;
}

START_TEST(facts_that_a_closed_store_could_not_write_are_logged)
{
	begin_installed(_i);
	open_ready();
	faulty_fail(STATEMENT_INBOX_PUT, DB_LOST, 1000000);
	for (unsigned i = 0; i < 5; i++)
		tell_inbound(i, "last words");
	await(state() == STORE_LOST);
	for (unsigned i = 5; i < 8; i++)
		tell_inbound(i, "last words");
	int before = dup(STDERR_FILENO);
	FILE *log = catch_errors();
	close_store();
	dup2(before, STDERR_FILENO);
	ck_assert_uint_eq(lines_with(log, "event=unwritten fact=inbound link=acme"), 8);
	ck_assert_uint_eq(lines_with(log, "4915112345678"), 0);
	fclose(log);
	ck_assert_uint_eq(nkept, 0);
	end();
}
END_TEST

START_TEST(closing_does_not_wait_for_a_database_that_hangs)
{
	begin_installed(_i);
	open_ready();
	faulty_stop(STATEMENT_INBOX_PUT);
	tell_inbound(1, "stuck");
	await(faulty_read(&faulty.waiting) == 1);
	uint64_t began = hatch_now();
	close_store();
	ck_assert_uint_lt(hatch_now() - began, 10 * waits.close);
	/* The worker stays where it is; a server does not drop tables under it. */
	if (sqlite)
		end();
}
END_TEST

START_TEST(an_unknown_engine_is_named_with_those_there_are)
{
	(void)_i;
	struct conf_error err = { .text = "" };
	options.url = (char *)"oracle://user:secret@host/db";
	ck_assert(!store_check(&options, &err));
	ck_assert_ptr_nonnull(strstr(err.text, "oracle"));
	ck_assert_ptr_nonnull(strstr(err.text, "sqlite://"));
	ck_assert_ptr_null(strstr(err.text, "secret"));
	ck_assert_ptr_null(store_open(NULL, &options, &listener, &err));
}
END_TEST

/* Commands */

static void ask_about(unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		sql("INSERT INTO command (what, link, message_id) VALUES ('query', 'acme', '%u')", i);
}

static long long commands_that_are(const char *status)
{
	return sql("SELECT count(*) FROM command WHERE status = '%s'", status);
}

static void reply_to(struct command *command, const char *answer)
{
	command->reply = (struct reply){ .kind = REPLY_DONE };
	snprintf(command->reply.answer, sizeof command->reply.answer, "%s", answer);
	inside = true;
	store_answer(store, command);
	inside = false;
}

START_TEST(a_command_comes_once_and_its_answer_is_kept_until_it_is_written)
{
	begin_installed(_i);
	open_ready();
	report("up");
	await(faulty_read(&faulty.runs[STATEMENT_COMMAND_ANY]) >= 2);
	ck_assert_uint_eq(faulty_read(&faulty.runs[STATEMENT_COMMAND_LOOK]), 0);
	ask_about(3);
	await(ntaken == 3);
	faulty_fail(STATEMENT_COMMAND_SETTLE, DB_LOST, 2);
	for (unsigned i = 0; i < 3; i++)
		reply_to(taken[i], "enroute");
	await(store_waiting(store) == 0);
	ck_assert_int_eq(commands_that_are("done"), 3);
	ck_assert_int_eq(sql("SELECT count(*) FROM command WHERE answer = 'enroute'"), 3);
	ck_assert_uint_eq(ntaken, 3);
	end();
}
END_TEST

START_TEST(a_claim_of_commands_whose_commit_was_not_heard_of_is_given_back)
{
	begin_installed(_i);
	open_ready();
	report("up");
	faulty_lose_behind(STATEMENT_COMMAND_TAKE);
	ask_about(2);
	await(ntaken == 2);
	ck_assert_int_eq(commands_that_are("sending"), 2);
	ck_assert_int_eq(sql("SELECT max(attempts) FROM command"), 1);
	for (unsigned i = 0; i < 2; i++)
		reply_to(taken[i], "delivered");
	await(store_waiting(store) == 0);
	ck_assert_int_eq(commands_that_are("done"), 2);
	end();
}
END_TEST

START_TEST(a_drain_waits_for_answers_and_gives_back_what_nobody_asked)
{
	begin_installed(_i);
	open_ready();
	report("up");
	ask_about(1);
	await(ntaken == 1);
	drain();
	ask_about(1);
	reply_to(taken[0], "enroute");
	await(state() == STORE_DRAINED);
	ck_assert_int_eq(commands_that_are("done"), 1);
	ck_assert_int_eq(commands_that_are("asked"), 1);
	ck_assert_uint_le(ntaken, 2);   /* a look may have been under way; the row says what came of it */
	end();
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		an_idle_store_writes_a_fact_at_once,
		a_receipt_whose_message_is_settled_elsewhere_finds_it_soon,
		a_busy_store_writes_hundreds_of_facts_in_one_transaction,
		no_transaction_is_larger_than_a_batch,
		a_claimed_message_is_settled_into_its_row,
		a_claim_is_answered_with_none_while_the_store_is_not_ready,
		facts_and_claims_do_not_starve_each_other,
		what_a_link_has_used_is_told_before_anything_can_leave,
		a_link_is_reported_and_the_operator_heard,
		a_fenced_store_begins_a_new_epoch,
		what_was_claimed_again_is_not_settled_by_the_old_claim,
		what_was_sent_while_the_database_was_away_is_not_sent_again,
		without_beats_the_lease_ends_by_our_own_clock,
		rows_claimed_as_the_lease_ends_are_not_handed_out,
		a_lease_of_another_host_is_waited_for,
		a_store_is_full_until_half_of_it_is_written,
		a_drained_store_has_written_everything_and_given_back_its_lease,
		what_is_claimed_during_a_drain_is_given_back,
		a_store_that_never_opened_drains_at_once,
		a_store_may_be_closed_by_what_it_tells,
		facts_that_a_closed_store_could_not_write_are_logged,
		closing_does_not_wait_for_a_database_that_hangs,
		a_command_comes_once_and_its_answer_is_kept_until_it_is_written,
		a_claim_of_commands_whose_commit_was_not_heard_of_is_given_back,
		a_drain_waits_for_answers_and_gives_back_what_nobody_asked,
		an_unknown_engine_is_named_with_those_there_are,
	};
	return run_worlds("store", tests, sizeof tests / sizeof *tests);
}
