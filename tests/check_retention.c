/* SPDX-License-Identifier: Apache-2.0 */
/*
 * check_retention.c - what has ended long ago goes, everything else stays; over every engine.
 */
#include "../sql/retention.h"
#include "engine_world.h"

enum { DAY_S = 86400, KEEP_DAYS = 10, STEPS_MAX = 10000 };

static const struct keep keep = { .outbox = KEEP_DAYS, .unconfirmed = 30, .inbox = KEEP_DAYS,
	.receipts = KEEP_DAYS };
static struct retention retention;

/* All steps of a run. */
static void run_all(const struct keep *kept, bool dry)
{
	unsigned pause_ms;
	retention_begin(&retention, kept, dry);
	for (int steps = 0; !retention_done(&retention); steps++) {
		ck_assert_msg(retention_step(&retention, engine, db, &pause_ms, &err) == DB_OK, "%s", err.text);
		ck_assert_int_lt(steps, STEPS_MAX);
		ck_assert_uint_gt(pause_ms, 0);
	}
}

static const char *days_ago(int days)
{
	return from_now(-days * DAY_S - 60);
}

/* A row that ended, or was sent, so many days ago, and was made a day before. */
static long long old_row(const char *word, int queue, int days)
{
	return put("queue, status, owner, created_at, sent_at, done_at", "%d, '%s', 'gw1/1', %s, %s, %s",
	    queue, word, days_ago(days + 1), days_ago(days), days_ago(days));
}

static bool is_there(long long id)
{
	return count("SELECT count(*) FROM outbox WHERE id = %lld", id) == 1;
}

static const struct { const char *word; int queue; int goes_after; } fates[] = {
	{ "queued", 0, 0 }, { "queued", 3, 0 }, { "sending", 1, 0 }, { "doubtful", 2, 0 }, { "held", 2, 0 },
	{ "held", 0, 0 }, { "cancelled", 0, 0 }, { "sent", 2, 30 },
	{ "delivered", 2, KEEP_DAYS }, { "undelivered", 2, KEEP_DAYS }, { "failed", 2, KEEP_DAYS },
	{ "expired", 2, KEEP_DAYS }, { "cancelled", 2, KEEP_DAYS },
};
enum { FATES = sizeof fates / sizeof *fates };

START_TEST(what_has_ended_goes_and_everything_else_stays)
{
	begin(_i);
	long long young[FATES], middle[FATES], old[FATES];
	for (size_t i = 0; i < FATES; i++) {
		old[i] = old_row(fates[i].word, fates[i].queue, 400);
		middle[i] = old_row(fates[i].word, fates[i].queue, KEEP_DAYS);
		young[i] = old_row(fates[i].word, fates[i].queue, KEEP_DAYS - 1);
	}
	run_all(&keep, true);
	const size_t counted = retention.gone[KEPT_OUTBOX];
	ck_assert_int_eq(count("SELECT count(*) FROM outbox"), 3 * FATES);
	run_all(&keep, false);
	ck_assert_uint_eq(retention.gone[KEPT_OUTBOX], counted);
	for (size_t i = 0; i < FATES; i++) {
		const char *name = fates[i].word;
		ck_assert_msg(is_there(young[i]), "%s: young", name);
		ck_assert_msg(is_there(old[i]) == !fates[i].goes_after, "%s, queue %d: old", name, fates[i].queue);
		ck_assert_msg(is_there(middle[i]) == (fates[i].goes_after != KEEP_DAYS), "%s: middle", name);
	}
	run_all(&keep, false);
	ck_assert_uint_eq(retention.gone[KEPT_OUTBOX], 0);
	end();
}
END_TEST

START_TEST(a_message_that_wanted_no_receipt_has_ended_when_it_was_sent)
{
	begin(_i);
	const long long wanted = old_row("sent", 2, KEEP_DAYS), unwanted = old_row("sent", 2, KEEP_DAYS);
	words("UPDATE outbox SET done_at = NULL, receipt = %s WHERE id = %lld",
	    pgsql_outside ? "false" : "0", unwanted);
	run_all(&keep, false);
	ck_assert(is_there(wanted) && !is_there(unwanted));
	const struct keep never = { .outbox = KEEP_DAYS, .unconfirmed = 0 };
	words("UPDATE outbox SET sent_at = %s", days_ago(4000));
	run_all(&never, false);
	ck_assert(is_there(wanted));
	run_all(&keep, false);
	ck_assert(!is_there(wanted));
	end();
}
END_TEST

START_TEST(parts_go_with_their_message)
{
	begin(_i);
	const long long old = old_row("delivered", 2, 20), young = old_row("delivered", 2, 2);
	for (int part = 1; part <= 2; part++)
		words("INSERT INTO outbox_part (outbox_id, part, link, status) VALUES (%lld, %d, 'a', 'delivered'), "
		    "(%lld, %d, 'a', 'delivered')", old, part, young, part);
	run_all(&keep, true);
	ck_assert_int_eq(count("SELECT count(*) FROM outbox_part"), 4);
	run_all(&keep, false);
	ck_assert_int_eq(count("SELECT count(*) FROM outbox_part"), 2);
	ck_assert_int_eq(count("SELECT count(*) FROM outbox_part WHERE outbox_id = %lld", young), 2);
	end();
}
END_TEST

/* One old and ended, one old and not ended, one young and ended, in each of the other tables. */
static void fill_others(void)
{
	const struct { const char *taken, *received; } letters[] = { { days_ago(11), days_ago(12) },
		{ "NULL", days_ago(400) } };
	for (int i = 0; i < 2; i++)
		words("INSERT INTO inbox (sender, recipient, link, taken_at, received_at) VALUES ('1', '2', 'a', %s, %s)",
		    letters[i].taken, letters[i].received);
	words("INSERT INTO inbox (sender, recipient, link, taken_at, received_at) VALUES ('1', '2', 'a', %s, %s)",
	    days_ago(9), days_ago(400));
	words("INSERT INTO receipt (link, message_id, status, received_at) VALUES ('a', 'old', 'sent', %s)",
	    days_ago(11));
	words("INSERT INTO receipt (link, message_id, status, received_at) VALUES ('a', 'new', 'sent', %s)",
	    days_ago(9));
	words("INSERT INTO command (what, link, message_id, status, created_at, done_at) VALUES "
	    "('query', 'a', 'old', 'done', %s, %s)", days_ago(12), days_ago(11));
	words("INSERT INTO command (what, link, message_id, status, created_at) VALUES "
	    "('query', 'a', 'asked', 'asked', %s)", days_ago(400));
	words("INSERT INTO command (what, link, message_id, status, created_at, done_at) VALUES "
	    "('query', 'a', 'new', 'failed', %s, %s)", days_ago(400), days_ago(9));
	words("INSERT INTO ussd (link, msisdn, status, opened_at, last_at, ended_at) VALUES "
	    "('a', 'old', 'ended', %s, %s, %s)", days_ago(11), days_ago(11), days_ago(11));
	words("INSERT INTO ussd (link, msisdn, status, opened_at, last_at) VALUES ('a', 'open', 'open', %s, %s)",
	    days_ago(400), days_ago(400));
}

START_TEST(the_other_tables_keep_what_is_open_untaken_or_young)
{
	begin(_i);
	fill_others();
	run_all(&(struct keep){ .receipts = 1000 }, false);
	run_all(&keep, true);
	ck_assert_int_eq(count("SELECT (SELECT count(*) FROM inbox) * 1000 + (SELECT count(*) FROM receipt) * 100 "
	    "+ (SELECT count(*) FROM command) * 10 + (SELECT count(*) FROM ussd)"), 3232);
	run_all(&keep, false);
	for (int table = KEPT_INBOX; table < KEPT_TABLES; table++)
		ck_assert_msg(retention.gone[table] == 1, "%s: %zu", retention_tables[table], retention.gone[table]);
	ck_assert_int_eq(count("SELECT count(*) FROM inbox WHERE taken_at IS NULL"), 1);
	ck_assert_str_eq(words("SELECT message_id FROM receipt"), "new");
	ck_assert_int_eq(count("SELECT count(*) FROM command WHERE message_id = 'old'"), 0);
	ck_assert_str_eq(words("SELECT msisdn FROM ussd"), "open");
	end();
}
END_TEST

START_TEST(a_table_of_which_everything_is_kept_is_not_looked_at)
{
	begin(_i);
	old_row("delivered", 2, 400);
	fill_others();
	ck_assert(!retention_wanted(&(struct keep){ .unconfirmed = 30 }));
	run_all(&(struct keep){ .inbox = 1, .unconfirmed = 30 }, false);
	for (int table = 0; table < KEPT_TABLES; table++)
		ck_assert(table == KEPT_INBOX || retention.seen[table] == 0);
	ck_assert_int_eq(count("SELECT count(*) FROM outbox"), 1);
	end();
}
END_TEST

/* `n` rows delivered so many days ago. */
static void many(int n, int days)
{
	words("INSERT INTO outbox (recipient, queue, status, created_at, done_at) WITH RECURSIVE s (i) AS (SELECT 1 "
	    "UNION ALL SELECT i + 1 FROM s WHERE i < %d) SELECT 'x', 2, 'delivered', %s, %s FROM s", n,
	    days_ago(days), days_ago(days));
}

START_TEST(the_walk_passes_over_what_stays_and_ends_where_all_is_young)
{
	begin(_i);
	if (mysql_outside)
		words("SET max_recursive_iterations = 100000");
	many(900, 100);
	const long long held = old_row("held", 2, 100);
	many(900, 100);
	many(20000, 1);
	run_all(&keep, false);
	ck_assert_uint_eq(retention.gone[KEPT_OUTBOX], 1800);
	/* At most the chunk in which the young ones begin, and one of them alone. */
	ck_assert_uint_le(retention.seen[KEPT_OUTBOX], 1801 + 2 * 2000);
	ck_assert(is_there(held));
	ck_assert_int_eq(count("SELECT count(*) FROM outbox"), 20001);
	end();
}
END_TEST

START_TEST(one_at_a_time_is_at_it)
{
	begin(_i);
	struct db *other = connection();
	struct retention second = { .dry = false };
	retention_begin(&retention, &keep, false);
	ck_assert_int_eq(retention_turn(&retention, engine, db, &err), DB_OK);
	ck_assert(retention.turn);
	ck_assert_int_eq(retention_turn(&second, engine, other, &err), DB_OK);
	ck_assert(second.turn == (_i == 0)); /* SQLite has one writer at a time anyway */
	retention_over(&retention, engine, db);
	second.turn = false;
	ck_assert_int_eq(retention_turn(&second, engine, other, &err), DB_OK);
	ck_assert(second.turn);
	/* A connection that ends gives it up. */
	engine->close(other);
	for (int tries = 0; tries < 200 && !retention.turn; tries++) {
		ck_assert_int_eq(retention_turn(&retention, engine, db, &err), DB_OK);
		usleep(20000);
	}
	ck_assert(retention.turn);
	end();
}
END_TEST

START_TEST(a_row_that_somebody_has_locked_is_passed_over)
{
	begin(_i);
	const long long first = old_row("delivered", 2, 100), locked = old_row("delivered", 2, 100),
	    last = old_row("delivered", 2, 100);
	if (_i > 0) {
		words("BEGIN");
		words("SELECT id FROM outbox WHERE id = %lld FOR UPDATE", locked);
		run_all(&keep, false);
		words("ROLLBACK");
		ck_assert(!is_there(first) && is_there(locked) && !is_there(last));
	}
	run_all(&keep, false);
	ck_assert(!is_there(locked));
	end();
}
END_TEST

/* Chunks */

static unsigned slow_ms;                /* how long a step takes */
static enum db_result stub_result;
static int64_t asked_for;

static enum db_result stub_run(struct db *one, enum statement statement, const struct value *values,
    size_t width, size_t rows, row_fn *tell, void *ctx, size_t *wrote, struct db_error *error)
{
	if (statement == STATEMENT_PARTITION_NEXT)
		return DB_OK;           /* plain tables */
	(void)one, (void)width, (void)rows, (void)wrote, (void)error;
	asked_for = values[1].number;
	usleep(slow_ms * 1000);
	const struct value all[] = { number(values[0].number + asked_for), number(asked_for), number(0),
		number(asked_for) };
	if (stub_result == DB_OK)
		tell(ctx, all, 4);
	return stub_result;
}

static enum db_result stub_transact(struct db *one, enum edge edge, struct db_error *error)
{
	(void)one, (void)edge, (void)error;
	return DB_OK;
}

START_TEST(chunks_shrink_while_they_take_long_and_grow_while_they_do_not)
{
	const struct engine stub = { .run = stub_run, .transact = stub_transact };
	unsigned pause_ms = 0;
	(void)_i;
	slow_ms = 0;
	stub_result = DB_OK;
	retention_begin(&retention, &keep, false);
	for (int i = 0; i < 1000 && retention.chunk < 2000; i++)
		ck_assert_int_eq(retention_step(&retention, &stub, NULL, &pause_ms, &err), DB_OK);
	ck_assert_uint_eq(retention.chunk, 2000);
	const int64_t after = retention.after;
	stub_result = DB_AGAIN;
	ck_assert_int_eq(retention_step(&retention, &stub, NULL, &pause_ms, &err), DB_AGAIN);
	ck_assert_uint_eq(retention.chunk, 1000);
	ck_assert_int_eq(retention.after, after);
	slow_ms = 30;
	stub_result = DB_OK;
	ck_assert_int_eq(retention_step(&retention, &stub, NULL, &pause_ms, &err), DB_OK);
	ck_assert_int_eq(asked_for, 1000);
	ck_assert_uint_eq(retention.chunk, 500);
	ck_assert_uint_ge(pause_ms, 3 * slow_ms);
	ck_assert_uint_ge(retention.longest_ms, slow_ms);
	for (int i = 0; i < 20; i++)
		ck_assert_int_eq(retention_step(&retention, &stub, NULL, &pause_ms, &err), DB_OK);
	ck_assert_uint_eq(retention.chunk, 20);
}
END_TEST

/* The time of day */

static const struct { const char *text; int second; } times[] = {
	{ "03:30", 12600 }, { "3:30", 12600 }, { "00:00", 0 }, { "23:59:59", 86399 }, { "off", -1 },
	{ "24:00", -2 }, { "12:60", -2 }, { "12", -2 }, { "", -2 }, { "0330", -2 }, { "03:30 ", -2 },
	{ "03:30:", -2 }, { "-1:30", -2 }, { "on", -2 }, { "03:30:60", -2 }, { "003:30", -2 },
};

START_TEST(a_time_of_day_is_read)
{
	(void)_i;
	for (size_t i = 0; i < sizeof times / sizeof *times; i++) {
		int second = -2;
		const bool good = retention_read_time(times[i].text, &second);
		ck_assert_msg(good == (times[i].second != -2) && (!good || second == times[i].second), "\"%s\": %d",
		    times[i].text, second);
	}
}
END_TEST

START_TEST(the_next_time_of_day_is_later_than_now_and_local)
{
	(void)_i;
	setenv("TZ", "Europe/Budapest", 1);
	tzset();
	/* 2026-03-28 12:00 UTC; the clocks go forward in the night, from 2:00 to 3:00. */
	const time_t noon = 1774699200;
	ck_assert_int_eq(retention_next(13 * 3600 + 1, noon), noon + 1);
	ck_assert_int_eq(retention_next(13 * 3600, noon), noon + 23 * 3600);
	ck_assert_int_eq(retention_next(12600, noon), noon + 13 * 3600 + 1800);
	ck_assert_int_gt(retention_next(9000, noon), noon);
	ck_assert_int_le(retention_next(9000, noon), noon + DAY_S);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		what_has_ended_goes_and_everything_else_stays,
		a_message_that_wanted_no_receipt_has_ended_when_it_was_sent,
		parts_go_with_their_message,
		the_other_tables_keep_what_is_open_untaken_or_young,
		a_table_of_which_everything_is_kept_is_not_looked_at,
		the_walk_passes_over_what_stays_and_ends_where_all_is_young,
		one_at_a_time_is_at_it,
		a_row_that_somebody_has_locked_is_passed_over,
		chunks_shrink_while_they_take_long_and_grow_while_they_do_not,
		a_time_of_day_is_read,
		the_next_time_of_day_is_later_than_now_and_local,
	};
	return run_tests("retention", tests, sizeof tests / sizeof *tests);
}
