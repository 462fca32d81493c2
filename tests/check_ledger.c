/* SPDX-License-Identifier: Apache-2.0 */
/*
 * check_ledger.c - what the gateway's requests mean in tables, over every engine:
 * the lease, claims, settlements, and that each request is done wholly or not.
 */
#include "ledger_world.h"

#include <sys/wait.h>

/* The schema */

/* "CHECK (status = 'a' OR status = 'b')" as "a,b". */
static void words_of_check(char *out, size_t room, const char *check)
{
	size_t n = 0;
	*out = '\0';
	for (const char *at = strchr(check, '\''), *end; at; at = strchr(end + 1, '\'')) {
		end = strchr(at + 1, '\'');
		ck_assert_ptr_nonnull(end);
		n += (size_t)snprintf(out + n, room - n, "%s%.*s", n ? "," : "", (int)(end - at - 1), at + 1);
		ck_assert_uint_lt(n, room);
	}
}

START_TEST(the_words_of_the_schema_are_those_of_the_program)
{
	begin(_i);
	char program[512] = "", schema[1024];
	for (int i = 0; i < STATUS_COUNT; i++) {
		const size_t len = strlen(program);
		snprintf(program + len, sizeof program - len, "%s%s", i ? "," : "",
		    status_word((enum status)i));
	}
	if (pgsql_outside) {
		snprintf(schema, sizeof schema, "%s",
		    words("SELECT array_to_string(enum_range(NULL::sms_status), ',')"));
	} else if (mysql_outside) {
		snprintf(schema, sizeof schema, "%s", words("SELECT replace(substr(column_type, 6, "
		    "length(column_type) - 6), '''', '') FROM information_schema.columns WHERE table_schema = "
		    "database() AND table_name = 'outbox' AND column_name = 'status'"));
	} else {
		words_of_check(schema, sizeof schema, words("SELECT substr(x, 1, instr(x, ')')) FROM "
		    "(SELECT substr(sql, instr(sql, 'CHECK (status = ')) AS x FROM sqlite_master "
		    "WHERE name = 'outbox')"));
	}
	ck_assert_str_eq(schema, program);
	end();
}
END_TEST

START_TEST(tables_that_do_not_fit_are_broken_and_say_what_to_do)
{
	begin_empty(_i);
	gw1 = ledger_of("gw1", db);
	ck_assert_int_eq(ledger_check(&gw1, &err), DB_BROKEN);
	ck_assert_msg(strstr(err.text, "smsqlctl init") != NULL, "%s", err.text);
	GOOD(engine->script(db, "CREATE TABLE outbox (id integer)", &err));
	ck_assert_int_eq(ledger_check(&gw1, &err), DB_BROKEN);
	ck_assert_msg(strstr(err.text, "not smsqld's") != NULL, "%s", err.text);
	GOOD(engine->script(db, "DROP TABLE outbox", &err));
	GOOD(engine->script(db, engine->schema, &err));
	GOOD(ledger_check(&gw1, &err));
	words("UPDATE smsqld_schema SET version = %d", SCHEMA_VERSION + 1);
	ck_assert_int_eq(ledger_check(&gw1, &err), DB_BROKEN);
	ck_assert_msg(strstr(err.text, "newer smsqld") != NULL, "%s", err.text);
	words("UPDATE smsqld_schema SET version = %d", SCHEMA_VERSION - 1);
	ck_assert_int_eq(ledger_check(&gw1, &err), DB_BROKEN);
	end();
}
END_TEST

/* The lease */

static long enter_again(void)
{
	struct ledger again = ledger_of("gw1", db);
	long alive_ms = -1;
	GOOD(ledger_enter(&again, LEASE_MS, &alive_ms, &err));
	if (alive_ms == 0)
		gw1 = again;
	return alive_ms;
}

START_TEST(a_lease_of_another_host_is_waited_for_by_name)
{
	begin_entered(_i);
	ck_assert_int_eq(gw1.epoch, 1);
	ck_assert_str_eq(gw1.owner, "gw1/1");
	words("UPDATE gateway SET host = 'elsewhere', pid = 4711");
	const long alive_ms = enter_again();
	ck_assert(alive_ms > LEASE_MS - 20000 && alive_ms <= LEASE_MS);
	ck_assert_msg(strstr(err.text, "elsewhere") && strstr(err.text, "4711"), "%s", err.text);
	words("UPDATE gateway SET alive_until = %s", from_now(-1));
	ck_assert_int_eq(enter_again(), 0);
	ck_assert_int_eq(gw1.epoch, 2);
	end_entered();
}
END_TEST

START_TEST(a_lease_of_a_process_that_is_gone_is_taken_at_once)
{
	begin_entered(_i);
	/* Another one that runs: */
	words("UPDATE gateway SET pid = %ld", (long)getppid());
	ck_assert_int_gt(enter_again(), 0);
	/* Our own, of an earlier life: */
	words("UPDATE gateway SET pid = %ld", (long)getpid());
	ck_assert_int_eq(enter_again(), 0);
	ck_assert_int_eq(gw1.epoch, 2);
	/* One that is no more: */
	const pid_t child = fork();
	if (child == 0)
		_exit(0);
	ck_assert_int_eq(waitpid(child, NULL, 0), child);
	words("UPDATE gateway SET pid = %ld", (long)child);
	ck_assert_int_eq(enter_again(), 0);
	ck_assert_int_eq(gw1.epoch, 3);
	end_entered();
}
END_TEST

START_TEST(a_new_epoch_recovers_what_the_last_one_held)
{
	begin_entered(_i);
	const long long first = insert("1"), second = insert("2");
	words("UPDATE outbox SET in_doubt = 'resend' WHERE id = %lld", second);
	claim(&gw1, 1, CLAIM_MAX);
	ck_assert_uint_eq(nmessages, 2);
	ck_assert_int_eq(messages[0]->in_doubt, DOUBT_HOLD);
	ck_assert_int_eq(messages[1]->in_doubt, DOUBT_RESEND);
	ck_assert_int_eq(enter_again(), 0);
	ck_assert_str_eq(status(first), "doubtful");
	ck_assert_str_eq(status(second), "queued");
	ck_assert_ptr_nonnull(strstr(words("SELECT error_text FROM outbox WHERE id = %lld", first), "gw1"));
	end_entered();
}
END_TEST

START_TEST(a_lease_that_had_ended_is_renewed_unless_another_has_taken_over)
{
	begin_entered(_i);
	bool fenced = true;
	GOOD(ledger_beat(&gw1, LEASE_MS, &fenced, &err));
	ck_assert(!fenced);
	begin_second();
	const long long id = insert("1");
	claim(&gw1, 1, CLAIM_MAX);
	struct tended tended;
	words("UPDATE gateway SET alive_until = %s WHERE name = 'gw1'", from_now(-1));
	GOOD(ledger_beat(&gw1, LEASE_MS, &fenced, &err));
	ck_assert(!fenced);
	GOOD(ledger_tend(&gw2, &tended, &err));
	ck_assert_uint_eq(tended.recovered, 0);
	ck_assert_str_eq(status(id), "sending");
	words("UPDATE gateway SET alive_until = %s WHERE name = 'gw1'", from_now(-1));
	GOOD(ledger_tend(&gw2, &tended, &err));
	ck_assert_uint_eq(tended.recovered, 1);
	GOOD(ledger_beat(&gw1, LEASE_MS, &fenced, &err));
	ck_assert(fenced);
	ck_assert_str_eq(words("SELECT state FROM gateway WHERE name = 'gw1'"), "dead");
	end_entered();
}
END_TEST

/* A server may commit it when whoever asked has died, and its successor has recovered what it held. */
START_TEST(a_claim_that_is_committed_behind_the_entry_of_a_successor_is_recovered)
{
	struct tended tended;
	begin_entered(_i);
	const long long id = insert("1");
	struct ledger later = ledger_of("gw1", db);
	enter(&later);
	claim(&gw1, 1, 10);
	ck_assert_uint_eq(nmessages, 1);
	ck_assert_str_eq(status(id), "sending");
	GOOD(ledger_tend(&later, &tended, &err));
	ck_assert_uint_eq(tended.recovered, 1);
	ck_assert_str_eq(status(id), "doubtful");
	GOOD(ledger_tend(&later, &tended, &err));
	ck_assert_uint_eq(tended.recovered, 0);
	end_entered();
}
END_TEST

/* As when the database was away for longer than a lease: whoever comes first is no better than the others. */
START_TEST(who_has_no_lease_takes_no_rows_not_even_its_own)
{
	begin_entered(_i);
	begin_second();
	const long long one = insert("1"), two = insert("2");
	claim(&gw1, 1, 1);
	claim(&gw2, 2, 1);
	struct tended tended;
	bool fenced;
	words("UPDATE gateway SET alive_until = %s", from_now(-1));
	GOOD(ledger_tend(&gw1, &tended, &err));
	ck_assert_uint_eq(tended.recovered, 0);
	ck_assert_str_eq(status(one), "sending");
	ck_assert_str_eq(status(two), "sending");
	GOOD(ledger_beat(&gw1, LEASE_MS, &fenced, &err));
	ck_assert(!fenced);
	GOOD(ledger_tend(&gw1, &tended, &err));
	ck_assert_uint_eq(tended.recovered, 1);
	ck_assert_str_eq(status(one), "sending");
	ck_assert_str_ne(status(two), "sending");
	end_entered();
}
END_TEST

START_TEST(who_leaves_gives_back_the_lease_and_its_rows)
{
	begin_entered(_i);
	const long long id = insert("1");
	gw1.in_doubt = gw1.in_doubt_unknown = DOUBT_RESEND;
	claim(&gw1, 1, CLAIM_MAX);
	GOOD(ledger_leave(&gw1, &err));
	ck_assert_str_eq(status(id), "queued");
	ck_assert_str_eq(words("SELECT state FROM gateway"), "stopped");
	words("UPDATE gateway SET host = 'elsewhere'");
	ck_assert_int_eq(enter_again(), 0);
	end_entered();
}
END_TEST

START_TEST(any_gateway_takes_the_rows_of_the_dead)
{
	begin_entered(_i);
	begin_second();
	const long long id = insert("1");
	gw2.in_doubt = gw2.in_doubt_unknown = DOUBT_RESEND;
	claim(&gw1, 1, CLAIM_MAX);
	struct tended tended = { true, 77, 77 };
	GOOD(ledger_tend(&gw2, &tended, &err));
	ck_assert_uint_eq(tended.recovered, 0);
	words("UPDATE gateway SET alive_until = %s WHERE name = 'gw1'", from_now(-1));
	GOOD(ledger_tend(&gw2, &tended, &err));
	ck_assert_uint_eq(tended.recovered, 1);
	ck_assert_str_eq(status(id), "queued");
	GOOD(ledger_tend(&gw2, &tended, &err));
	ck_assert_uint_eq(tended.recovered, 0);
	/* The one thought dead is not, and comes too late. */
	answer(messages[0], VERDICT_SENT, 1, "a1");
	settle(&gw1);
	ck_assert_str_eq(status(id), "queued");
	end_entered();
}
END_TEST

/* Claims */

START_TEST(a_claim_asked_again_finds_the_same_rows)
{
	begin_entered(_i);
	for (int i = 0; i < 5; i++)
		insert("4915");
	claim(&gw1, 7, 3);
	ck_assert_uint_eq(nmessages, 3);
	int64_t ids[3];
	for (size_t i = 0; i < 3; i++)
		ids[i] = messages[i]->id;
	let_go();
	GOOD(ledger_claimed(&gw1, 7, &batch, &messages, &nmessages, &err));
	ck_assert_uint_eq(nmessages, 3);
	for (size_t i = 0; i < 3; i++)
		ck_assert_int_eq(messages[i]->id, ids[i]);
	let_go();
	GOOD(ledger_claimed(&gw1, 8, &batch, &messages, &nmessages, &err));
	ck_assert_uint_eq(nmessages, 0);
	ck_assert_ptr_null(batch);
	claim(&gw1, 8, 3);
	ck_assert_uint_eq(nmessages, 2);
	claim(&gw1, 9, 3);
	ck_assert_uint_eq(nmessages, 0);
	ck_assert_ptr_null(batch);
	end_entered();
}
END_TEST

START_TEST(two_gateways_claim_rows_that_are_not_the_same)
{
	begin_entered(_i);
	begin_second();
	for (int i = 0; i < 20; i++)
		insert("4915");
	size_t of_both = 0;
	for (int64_t token = 1; token <= 4; token++) {
		claim(&gw1, token, 3);
		of_both += nmessages;
		claim(&gw2, token, 2);
		of_both += nmessages;
	}
	ck_assert_uint_eq(of_both, 20);
	ck_assert_int_eq(count("SELECT count(*) FROM outbox WHERE owner = 'gw1/1' AND attempts = 1"), 12);
	ck_assert_int_eq(count("SELECT count(*) FROM outbox WHERE owner = 'gw2/1' AND attempts = 1"), 8);
	end_entered();
}
END_TEST

START_TEST(messages_come_in_the_order_of_the_queue)
{
	begin_entered(_i);
	words("INSERT INTO outbox (recipient, priority, send_after) VALUES "
	    "('c', 1, '2020-01-01 00:00:02'), ('b', 1, '2020-01-01 00:00:01'), "
	    "('f', 9, '2019-01-01 00:00:00'), ('a', 0, '2021-01-01 00:00:00'), "
	    "('d', 1, '2020-01-01 00:00:02'), ('e', 4, '2020-01-01 00:00:00'), "
	    "('x', 0, '2200-01-01 00:00:00')");
	claim(&gw1, 1, CLAIM_MAX);
	ck_assert_uint_eq(nmessages, 6);
	for (size_t i = 0; i < nmessages; i++)
		ck_assert_int_eq(messages[i]->recipient[0], 'a' + (int)i);
	end_entered();
}
END_TEST

START_TEST(a_message_holds_what_its_row_says)
{
	begin_entered(_i);
	words("INSERT INTO outbox (recipient, body, sender, data, kind, route, link, options, receipt, "
	    "in_doubt, attempts, expires_at) VALUES ('+4915', 'Grüße', 'ACME', %s, 'flash', 'bulk', 'beta', "
	    "'{\"a\": 1}', %s, 'resend', 4, '2100-01-01 00:00:00')",
	    pgsql_outside ? "'\\x00FF00'" : "x'00FF00'", pgsql_outside ? "false" : "0");
	const struct lane bulk = { LANE_ROUTE, "bulk" };
	GOOD(ledger_claim(&gw1, 1, &bulk, CLAIM_MAX, &batch, &messages, &nmessages, &err));
	ck_assert_uint_eq(nmessages, 1);
	const struct message *message = messages[0];
	ck_assert_str_eq(message->recipient, "+4915");
	ck_assert_str_eq(message->body, "Grüße");
	ck_assert_str_eq(message->sender, "ACME");
	ck_assert_uint_eq(message->data.len, 3);
	ck_assert_int_eq(memcmp(message->data.at, "\0\xFF\0", 3), 0);
	ck_assert_str_eq(message->kind, "flash");
	ck_assert_str_eq(message->route, "bulk");
	ck_assert_str_eq(message->pinned, "beta");
	ck_assert_str_eq(message->options, "{\"a\": 1}");
	ck_assert(!message->wants_receipt);
	ck_assert_int_eq(message->in_doubt, DOUBT_RESEND);
	ck_assert_uint_eq(message->attempts, 5);
	ck_assert_int_eq(message->expires_at, 4102444800);
	ck_assert_ptr_null(message->parts);
	end_entered();
}
END_TEST

START_TEST(rows_cancelled_by_their_status_alone_are_not_sent)
{
	begin_entered(_i);
	const long long cancelled = insert("1"), held = insert("2"), good = insert("3"), over = insert("4");
	words("UPDATE outbox SET status = 'cancelled' WHERE id = %lld", cancelled);
	words("UPDATE outbox SET status = 'held' WHERE id = %lld", held);
	words("UPDATE outbox SET expires_at = %s WHERE id = %lld", from_now(-1), over);
	claim(&gw1, 1, CLAIM_MAX);
	ck_assert_uint_eq(nmessages, 1);
	ck_assert_int_eq(messages[0]->id, good);
	ck_assert_str_eq(status(cancelled), "cancelled");
	ck_assert_str_eq(status(held), "held");
	ck_assert_str_eq(status(over), "expired");
	end_entered();
}
END_TEST

START_TEST(rows_for_later_do_not_hold_up_those_of_a_lower_priority)
{
	begin_entered(_i);
	for (int i = 0; i < 30; i++)
		words("INSERT INTO outbox (recipient, priority, send_after) VALUES ('4915', 0, %s)",
		    from_now(3600));
	const long long low = put("priority", "9");
	claim(&gw1, 1, 1);
	ck_assert_uint_eq(nmessages, 1);
	ck_assert_int_eq(messages[0]->id, low);
	end_entered();
}
END_TEST

/* SQLite keeps nothing of rows that have gone, and takes no notice. */
START_TEST(while_floors_are_in_use_what_was_due_before_waits)
{
	begin_entered(_i);
	insert("4915");
	claim(&gw1, 1, 10);
	ck_assert_uint_eq(nmessages, 1);
	gw1.floors[0].until = UINT64_MAX;               /* as if that had been slow */
	char ago[64];
	snprintf(ago, sizeof ago, "%s", from_now(-86400));
	const long long old = put("send_after", "%s", ago);
	words("UPDATE outbox SET priority = 2 WHERE id = %lld", put("send_after", "%s", ago)); /* has no floor */
	insert("4916");
	insert("4917");
	claim(&gw1, 2, 10);
	ck_assert_uint_eq(nmessages, pgsql_outside || mysql_outside ? 3 : 4);
	gw1.floors[0].until = 0;
	claim(&gw1, 3, 10);
	ck_assert(nmessages == 0 || (nmessages == 1 && messages[0]->id == old));
	ck_assert_str_eq(status(old), "sending");
	end_entered();
}
END_TEST

/* Settlements */

static const struct {
	enum verdict verdict;
	enum in_doubt in_doubt;
	bool parked;
	const char *then;               /* status, queue, lane, attempts, link_used */
} settlements[] = {
	{ VERDICT_SENT,     DOUBT_HOLD,   false, "sent 2 - 1 acme" },
	{ VERDICT_DEFERRED, DOUBT_HOLD,   false, "queued 0 - 1 acme" },
	{ VERDICT_DEFERRED, DOUBT_HOLD,   true,  "queued 3 acme 0 -" },
	{ VERDICT_DOUBTFUL, DOUBT_HOLD,   false, "doubtful 2 - 1 acme" },
	{ VERDICT_DOUBTFUL, DOUBT_RESEND, false, "queued 0 - 1 acme" },
	{ VERDICT_EXPIRED,  DOUBT_HOLD,   false, "expired 2 - 1 acme" },
	{ VERDICT_REJECTED, DOUBT_HOLD,   false, "failed 2 - 1 acme" },
};

START_TEST(a_verdict_is_written_as_a_status)
{
	enum { CASES = sizeof settlements / sizeof *settlements };
	begin_entered(_i);
	for (size_t i = 0; i < CASES; i++)
		insert("4915");
	claim(&gw1, 1, CLAIM_MAX);
	ck_assert_uint_eq(nmessages, CASES);
	for (size_t i = 0; i < CASES; i++) {
		answer(messages[i], settlements[i].verdict, 1, "a");
		messages[i]->in_doubt = settlements[i].in_doubt;
		messages[i]->parked = messages[i]->outcome.untried = settlements[i].parked;
	}
	for (int again = 0; again < 2; again++) {
		settle(&gw1);
		for (size_t i = 0; i < CASES; i++) {
			ck_assert_str_eq(words("SELECT CAST(status AS text) || ' ' || queue || ' ' || "
			    "coalesce(lane, '-') || ' ' || attempts || ' ' || coalesce(link_used, '-') "
			    "FROM outbox WHERE id = %lld", (long long)messages[i]->id), settlements[i].then);
			ck_assert_str_eq(words("SELECT coalesce(error_text, '') FROM outbox WHERE id = %lld",
			    (long long)messages[i]->id), settlements[i].verdict == VERDICT_SENT ? "" : "why");
		}
	}
	const struct lane parked = { LANE_LINK, "acme" };
	let_go();
	GOOD(ledger_claim(&gw1, 2, &parked, CLAIM_MAX, &batch, &messages, &nmessages, &err));
	ck_assert_uint_eq(nmessages, 1);
	end_entered();
}
END_TEST

START_TEST(only_the_owner_of_a_row_settles_it)
{
	begin_entered(_i);
	begin_second();
	const long long id = insert("4915");
	claim(&gw1, 1, CLAIM_MAX);
	answer(messages[0], VERDICT_SENT, 1, "a");
	settle(&gw2);
	ck_assert_str_eq(status(id), "sending");
	settle(&gw1);
	ck_assert_str_eq(status(id), "sent");
	/* It is told once: what comes later changes nothing. */
	answer(messages[0], VERDICT_REJECTED, 1, "");
	settle(&gw1);
	ck_assert_str_eq(status(id), "sent");
	end_entered();
}
END_TEST

START_TEST(a_late_answer_settles_what_was_in_doubt)
{
	begin_entered(_i);
	const long long id = insert("4915");
	claim(&gw1, 1, CLAIM_MAX);
	answer(messages[0], VERDICT_DOUBTFUL, 1, "");
	settle(&gw1);
	ck_assert_str_eq(status(id), "doubtful");
	answer(messages[0], VERDICT_SENT, 1, "a1");
	settle(&gw1);
	ck_assert_str_eq(status(id), "sent");
	tell_one("a1", STATUS_DELIVERED);
	ck_assert_str_eq(status(id), "delivered");
	end_entered();
}
END_TEST

START_TEST(parts_that_were_taken_are_not_sent_again)
{
	begin_entered(_i);
	const long long id = insert("4915");
	claim(&gw1, 1, CLAIM_MAX);
	answer(messages[0], VERDICT_DEFERRED, 3, "");
	messages[0]->parts[0].taken = messages[0]->parts[2].taken = true;
	snprintf(messages[0]->parts[0].network_id, NETWORK_ID_MAX, "p1");
	snprintf(messages[0]->parts[2].network_id, NETWORK_ID_MAX, "p3");
	settle(&gw1);
	ck_assert_str_eq(status(id), "queued");
	/* Of what was taken, one part turns out badly before the rest is sent. */
	claim(&gw1, 2, CLAIM_MAX);
	ck_assert_uint_eq(nmessages, 1);
	ck_assert_uint_eq(messages[0]->taken[0], 0x05);
	tell_one("p1", STATUS_UNDELIVERED);
	tell_one("p3", STATUS_DELIVERED);
	answer(messages[0], VERDICT_SENT, 3, "q");
	messages[0]->parts[0].network_id[0] = messages[0]->parts[2].network_id[0] = '\0';
	settle(&gw1);
	ck_assert_str_eq(status(id), "sent");
	ck_assert_int_eq(count("SELECT count(*) FROM outbox_part WHERE outbox_id = %lld AND "
	    "((part = 1 AND message_id = 'p1' AND status = 'undelivered') OR (part = 2 AND "
	    "message_id = 'q2' AND status = 'sent') OR (part = 3 AND message_id = 'p3'))", id), 3);
	tell_one("q2", STATUS_DELIVERED);
	ck_assert_str_eq(status(id), "undelivered");
	end_entered();
}
END_TEST

START_TEST(the_last_part_sent_may_find_all_of_them_told_already)
{
	begin_entered(_i);
	const long long id = sent("4915", "a", 2);
	tell_one("a1", STATUS_DELIVERED);
	tell_one("a2", STATUS_UNDELIVERED);
	ck_assert_str_eq(status(id), "undelivered");
	RUN(DESK_RETRY, number(id));
	words("UPDATE outbox SET send_after = %s", from_now(-1));
	claim(&gw1, 1, CLAIM_MAX);
	ck_assert_uint_eq(messages[0]->taken[0], 0x01);
	/* Then the network thinks better of it. */
	tell_one("a2", STATUS_DELIVERED);
	answer(messages[0], VERDICT_SENT, 2, "b");
	settle(&gw1);
	ck_assert_str_eq(status(id), "delivered");
	end_entered();
}
END_TEST

/* Failures */

/* The real engine, but for one statement that fails once, or a commit whose
 * answer is lost. */
static enum statement failing = STATEMENT_COUNT;
static bool losing;

static enum db_result spoiled_run(struct db *one, enum statement statement,
    const struct value *values, size_t width, size_t rows, row_fn *each, void *ctx, size_t *n,
    struct db_error *why)
{
	if (statement != failing)
		return engine->run(one, statement, values, width, rows, each, ctx, n, why);
	failing = STATEMENT_COUNT;
	GOOD(engine->transact(one, EDGE_ROLLBACK, &err));
	return DB_AGAIN;
}

static enum db_result spoiled_transact(struct db *one, enum edge edge, struct db_error *why)
{
	const enum db_result result = engine->transact(one, edge, why);
	const bool lost = losing && edge == EDGE_COMMIT;
	losing = losing && !lost;
	return lost ? DB_LOST : result;
}

static void spoil(void)
{
	static struct engine spoiled;
	spoiled = *engine;
	spoiled.run = spoiled_run;
	spoiled.transact = spoiled_transact;
	gw1.engine = &spoiled;
}

START_TEST(a_record_that_failed_has_done_nothing_and_may_be_repeated)
{
	begin_entered(_i);
	const long long other = sent("4915", "b1", 1), id = insert("4915");
	claim(&gw1, 1, CLAIM_MAX);
	answer(messages[0], VERDICT_SENT, 2, "a");
	const struct receipt two[] = { receipt("a1", STATUS_DELIVERED), receipt("b1", STATUS_DELIVERED) };
	const struct inbound in = inbound("x", "hello");
	const struct facts facts = { messages, 1, two, 2, &in, 1, NULL, 0 };
	spoil();
	static const enum statement steps[] = { STATEMENT_SETTLE, STATEMENT_PART_PUT, STATEMENT_OVERTAKEN,
		STATEMENT_CONFIRM, STATEMENT_CONFIRM_PART, STATEMENT_FOLD, STATEMENT_RECEIPT_PUT,
		STATEMENT_INBOX_PUT };
	for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
		failing = steps[i];
		ck_assert_msg(ledger_record(&gw1, &facts, &err) == DB_AGAIN, "%s", statement_names[steps[i]]);
		ck_assert_str_eq(status(id), "sending");
		ck_assert_str_eq(status(other), "sent");
		ck_assert_int_eq(count("SELECT count(*) FROM outbox_part"), 0);
		ck_assert_int_eq(count("SELECT count(*) FROM receipt"), 0);
	}
	record(&gw1, &facts);
	ck_assert_str_eq(status(id), "sent");
	ck_assert_str_eq(status(other), "delivered");
	ck_assert_int_eq(count("SELECT count(*) FROM inbox"), 1);
	end_entered();
}
END_TEST

START_TEST(a_record_whose_commit_was_not_heard_of_may_be_repeated)
{
	begin_entered(_i);
	const long long id = insert("4915"), late = insert("4915");
	claim(&gw1, 1, CLAIM_MAX);
	answer(messages[0], VERDICT_SENT, 2, "a");
	answer(messages[1], VERDICT_DEFERRED, 1, "");
	messages[1]->outcome.untried = true;
	const struct receipt two[] = { receipt("a1", STATUS_DELIVERED), receipt("a2", STATUS_DELIVERED) };
	const struct inbound in = inbound("x", "hello");
	const struct facts facts = { messages, 2, two, 2, &in, 1, NULL, 0 };
	spoil();
	losing = true;
	ck_assert_int_eq(ledger_record(&gw1, &facts, &err), DB_LOST);
	ck_assert_str_eq(status(id), "delivered");
	record(&gw1, &facts);
	ck_assert_str_eq(status(id), "delivered");
	ck_assert_int_eq(count("SELECT attempts FROM outbox WHERE id = %lld", late), 0);
	ck_assert_int_eq(count("SELECT count(*) FROM outbox_part WHERE status = 'delivered'"), 2);
	ck_assert_int_eq(count("SELECT count(*) FROM inbox"), 1);
	end_entered();
}
END_TEST

START_TEST(entering_and_recovering_are_one)
{
	begin_entered(_i);
	const long long id = insert("4915");
	claim(&gw1, 1, CLAIM_MAX);
	spoil();
	failing = STATEMENT_RECOVER;
	struct ledger again = gw1;
	again.epoch = 0;
	long alive_ms;
	ck_assert_int_eq(ledger_enter(&again, LEASE_MS, &alive_ms, &err), DB_AGAIN);
	ck_assert_int_eq(count("SELECT epoch FROM gateway"), 1);
	ck_assert_str_eq(status(id), "sending");
	enter(&again);
	ck_assert_int_eq(again.epoch, 2);
	ck_assert_str_eq(status(id), "doubtful");
	end_entered();
}
END_TEST

/* Tending, links */

START_TEST(what_nobody_claims_expires)
{
	begin_entered(_i);
	const long long id = count("INSERT INTO outbox (recipient, route, expires_at) "
	    "VALUES ('4915', 'nowhere', %s) RETURNING id", from_now(-1));
	struct tended tended;
	GOOD(ledger_tend(&gw1, &tended, &err));
	ck_assert_str_eq(status(id), "expired");
	end_entered();
}
END_TEST

static char wanted_words[64];

static void on_wanted(void *ctx, const char *link, enum wanted wanted)
{
	ck_assert_ptr_eq(ctx, wanted_words);
	const size_t len = strlen(wanted_words);
	snprintf(wanted_words + len, sizeof wanted_words - len, "%s=%d ", link, (int)wanted);
}

START_TEST(links_are_written_and_the_operator_is_heard)
{
	begin_entered(_i);
	const struct link_report report = { .name = "acme", .driver = "smpp", .state = "down",
		.reason = "refused \xFF", .window = 10, .sent = UINT64_C(5000000000) };
	GOOD(ledger_links(&gw1, &report, 1, on_wanted, wanted_words, &err));
	ck_assert_str_eq(wanted_words, "acme=0 ");
	ck_assert_str_eq(words("SELECT sent FROM link"), "5000000000");
	*wanted_words = '\0';
	words("UPDATE link SET wanted = 'drain'");
	GOOD(ledger_links(&gw1, NULL, 0, on_wanted, wanted_words, &err));
	ck_assert_str_eq(wanted_words, "acme=2 ");
	end_entered();
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		the_words_of_the_schema_are_those_of_the_program,
		tables_that_do_not_fit_are_broken_and_say_what_to_do,
		a_lease_of_another_host_is_waited_for_by_name,
		a_lease_of_a_process_that_is_gone_is_taken_at_once,
		a_new_epoch_recovers_what_the_last_one_held,
		a_lease_that_had_ended_is_renewed_unless_another_has_taken_over,
		who_has_no_lease_takes_no_rows_not_even_its_own,
		a_claim_that_is_committed_behind_the_entry_of_a_successor_is_recovered,
		who_leaves_gives_back_the_lease_and_its_rows,
		any_gateway_takes_the_rows_of_the_dead,
		a_claim_asked_again_finds_the_same_rows,
		two_gateways_claim_rows_that_are_not_the_same,
		messages_come_in_the_order_of_the_queue,
		a_message_holds_what_its_row_says,
		rows_cancelled_by_their_status_alone_are_not_sent,
		rows_for_later_do_not_hold_up_those_of_a_lower_priority,
		while_floors_are_in_use_what_was_due_before_waits,
		a_verdict_is_written_as_a_status,
		only_the_owner_of_a_row_settles_it,
		a_late_answer_settles_what_was_in_doubt,
		parts_that_were_taken_are_not_sent_again,
		the_last_part_sent_may_find_all_of_them_told_already,
		a_record_that_failed_has_done_nothing_and_may_be_repeated,
		a_record_whose_commit_was_not_heard_of_may_be_repeated,
		entering_and_recovering_are_one,
		what_nobody_claims_expires,
		links_are_written_and_the_operator_is_heard,
	};
	return run_tests("ledger", tests, sizeof tests / sizeof *tests);
}
