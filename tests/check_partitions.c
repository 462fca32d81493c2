/* SPDX-License-Identifier: Apache-2.0 */
/*
 * check_partitions.c - outbox in ranges of ids: the life of a row is as in plain tables, ranges are
 * made ahead, and dropped when nothing in them stays. Where an engine has no such tables there is
 * nothing to try.
 */
#include "ledger_world.h"

#include "../sql/desk_ask.h"
#include "../sql/retention.h"

#include <mysqld_error.h>
#include <time.h>

enum { WIDTH = 10, DAY_S = 86400, STEPS_MAX = 2000 };

static const struct keep keep = { .outbox = 10, .unconfirmed = 30 };
static struct retention retention;
static unsigned pause_ms;

/* False: this engine has none. */
static bool begin_partitioned(int index)
{
	begin_empty(index);
	if (!engine->partitioned) {
		end();
		return false;
	}
	char *script = desk_script(engine, WIDTH);
	ck_assert_msg(engine->script(db, script, &err) == DB_OK, "%s", err.text);
	free(script);
	gw1 = ledger_of("gw1", db);
	enter(&gw1);
	return true;
}

static void step(void)
{
	ck_assert_msg(retention_step(&retention, engine, db, &pause_ms, &err) == DB_OK, "%s", err.text);
}

static void run_to_end(void)
{
	for (int steps = 0; !retention_done(&retention); steps++) {
		step();
		ck_assert_int_lt(steps, STEPS_MAX);
	}
}

/* What the server does by itself (purging, statistics) may have a table for a moment: then as long as it asks for. */
static void run_all(const struct keep *kept, bool dry)
{
	retention_begin(&retention, kept, dry);
	for (int steps = 0; !retention_done(&retention); steps++) {
		step();
		ck_assert_int_lt(steps, STEPS_MAX);
		if (retention.partitions.tries > 0)
			nanosleep(&(struct timespec){ .tv_nsec = pause_ms % 1000 * 1000000L }, NULL);
	}
}

/* Runs until the next step would be that one, of that range. */
static void run_until(int wanted, int64_t range)
{
	retention_begin(&retention, &keep, false);
	for (int steps = 0; (int)retention.partitions.step != wanted || retention.partitions.number != range; steps++) {
		step();
		ck_assert(!partitions_done(&retention.partitions));
		ck_assert_int_lt(steps, STEPS_MAX);
	}
}

/* Makes ranges as rows need them; ids begin with 1. */
static void insert_delivered(int n, int days)
{
	for (int i = 0; i < n; i++) {
		words("INSERT INTO outbox (recipient, queue, status, app, ref, created_at, done_at) VALUES "
		    "('x', 2, 'delivered', 'shop', concat(%d, '/', %d), %s, %s)", days, i, from_now(-days * DAY_S),
		    from_now(-days * DAY_S));
		if (i % (2 * WIDTH) == 0)
			run_all(&(struct keep){ 0 }, false);
	}
}

static long long rows_in(const char *table)
{
	return count("SELECT count(*) FROM %s", table);
}

static bool has_range(int n)
{
	if (mysql_outside)
		return count("SELECT count(*) FROM information_schema.partitions WHERE table_schema = database() AND "
		    "table_name = 'outbox' AND partition_name = 'p%d'", n) == 1;
	return count("SELECT count(*) FROM pg_class WHERE relname = 'outbox_p%d' AND relnamespace = "
	    "current_schema()::regnamespace", n) == 1;
}

/* Columns and indexes, but for what makes a ref unique. */
static const char *shape_of(const char *table)
{
	if (mysql_outside) {
		words("SET SESSION group_concat_max_len = 10000");
		return words("SELECT md5(concat((SELECT group_concat(column_name, column_type, is_nullable, "
		    "coalesce(column_default, '-'), extra, coalesce(generation_expression, '') ORDER BY column_name) "
		    "FROM information_schema.columns WHERE table_schema = database() AND table_name = '%s'), "
		    "(SELECT group_concat(index_name, non_unique, seq_in_index, column_name ORDER BY index_name, seq_in_index) "
		    "FROM information_schema.statistics WHERE table_schema = database() AND table_name = '%s' AND "
		    "index_name <> 'outbox_ref')))", table, table);
	}
	return words("SELECT (SELECT string_agg(column_name || ' ' || data_type || ' ' || is_nullable || ' ' || "
	    "coalesce(replace(column_default, 'check_partitions.', ''), '-'), ', ' ORDER BY column_name) FROM "
	    "information_schema.columns WHERE table_schema = current_schema() AND table_name = '%s') || "
	    "(SELECT string_agg(indexname || substr(indexdef, position(' USING' IN indexdef)), ' ' ORDER BY indexname) "
	    "FROM pg_indexes WHERE schemaname = current_schema() AND tablename = '%s' AND indexname <> 'outbox_ref')",
	    table, table);
}

START_TEST(partitioned_tables_are_like_plain_ones)
{
	static const char *const names[] = { "outbox", "outbox_part" };
	char plain[2][1024];
	if (!begin_partitioned(_i))
		return;
	end();
	begin(_i);
	for (int i = 0; i < 2; i++)
		snprintf(plain[i], sizeof plain[i], "%s", shape_of(names[i]));
	end();
	begin_partitioned(_i);
	GOOD(ledger_check(&gw1, &err));
	for (int i = 0; i < 2; i++)
		ck_assert_str_eq(shape_of(names[i]), plain[i]);
	end();
}
END_TEST

START_TEST(a_row_lives_as_in_plain_tables)
{
	if (!begin_partitioned(_i))
		return;
	for (int i = 0; i < 3 * WIDTH; i++)
		insert("+491511234567");
	claim(&gw1, 1, CLAIM_MAX);
	ck_assert_uint_eq(nmessages, 3 * WIDTH);
	for (size_t i = 0; i < nmessages; i++) {
		char id[32];
		ck_assert_int_eq(messages[i]->id, (int64_t)i + 1);
		snprintf(id, sizeof id, "m%zu.", i + 1);
		answer(messages[i], VERDICT_SENT, i % WIDTH == 0 ? 2 : 1, id);
	}
	settle(&gw1);
	ck_assert_int_eq(count("SELECT count(*) FROM outbox WHERE status = 'sent'"), 3 * WIDTH);
	ck_assert_int_eq(rows_in("outbox_part"), 6);
	tell_one("m12.", STATUS_DELIVERED);
	tell_one("m21.1", STATUS_DELIVERED);
	ck_assert_str_eq(status(12), "delivered");
	ck_assert_str_eq(status(21), "sent");
	tell_one("m21.2", STATUS_DELIVERED);
	ck_assert_str_eq(status(21), "delivered");
	ck_assert_int_eq(count("SELECT count(*) FROM outbox WHERE status = 'delivered'"), 2);
	ck_assert_int_eq(count("SELECT count(*) FROM receipt WHERE outbox_id IS NULL"), 0);
	end_entered();
}
END_TEST

/* False when it is refused because the ref is there. */
static bool insert_ref(const char *app, const char *ref)
{
	char text_of[200];
	snprintf(text_of, sizeof text_of, "INSERT INTO outbox (recipient, app, ref) VALUES ('1', '%s', '%s')", app, ref);
	if (mysql_outside) {
		const bool taken = mysql_query(mysql_outside, text_of) == 0;
		ck_assert_msg(taken || mysql_errno(mysql_outside) == ER_DUP_ENTRY, "%s", mysql_error(mysql_outside));
		return taken;
	}
	PGresult *result = PQexec(pgsql_outside, text_of);
	const bool good = PQresultStatus(result) == PGRES_COMMAND_OK;
	const char *state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
	ck_assert_msg(good || strcmp(state, "23505") == 0, "%s", PQerrorMessage(pgsql_outside));
	PQclear(result);
	return good;
}

START_TEST(a_ref_is_refused_when_it_is_there_already)
{
	if (!begin_partitioned(_i))
		return;
	ck_assert(insert_ref("shop", "1") && !insert_ref("shop", "1") && insert_ref("bank", "1"));
	for (int i = 0; i < WIDTH; i++)
		insert("1");
	ck_assert(!insert_ref("shop", "1"));
	words("UPDATE outbox SET ref = '2' WHERE app = 'shop'");
	ck_assert(insert_ref("shop", "1") && !insert_ref("shop", "2"));
	words("DELETE FROM outbox WHERE app = 'bank'");
	ck_assert(insert_ref("bank", "1"));
	words("UPDATE outbox SET ref = NULL");
	ck_assert_int_eq(rows_in("outbox_ref"), 0);
	end();
}
END_TEST

START_TEST(ranges_are_made_ahead_of_the_ids)
{
	if (!begin_partitioned(_i))
		return;
	ck_assert(has_range(0) && has_range(3) && !has_range(4));
	run_all(&keep, false);
	ck_assert(!has_range(4) && retention.partitions.there && !partitions_short(&retention.partitions));
	for (int i = 0; i < 2 * WIDTH; i++)
		insert("1");
	run_all(&keep, true);
	ck_assert(!has_range(4));
	run_all(&(struct keep){ 0 }, false);
	ck_assert(has_range(5) && !has_range(6));
	ck_assert_uint_eq(retention.partitions.made, 2);
	ck_assert_uint_eq(retention.partitions.ahead, 3);
	ck_assert_int_eq(rows_in("outbox"), 2 * WIDTH);
	end();
}
END_TEST

START_TEST(a_range_of_which_nothing_stays_is_dropped_with_its_parts_and_refs)
{
	if (!begin_partitioned(_i))
		return;
	insert_delivered(35, 100);
	insert_delivered(10, 1);
	words("INSERT INTO outbox_part (outbox_id, part, link, status) VALUES (5, 1, 'a', 'delivered'), "
	    "(45, 1, 'a', 'delivered')");
	words("UPDATE outbox SET status = 'held' WHERE id = 15");
	words("UPDATE outbox SET status = 'doubtful' WHERE id = 16");
	words("UPDATE outbox SET status = 'queued', queue = 0 WHERE id = 17");
	run_all(&keep, true);
	ck_assert_uint_eq(retention.partitions.dropped, 2);
	ck_assert_int_eq(rows_in("outbox"), 45);
	run_all(&keep, false);
	ck_assert_uint_eq(retention.partitions.dropped, 2);
	ck_assert(!has_range(0) && has_range(1) && !has_range(2) && has_range(3) && has_range(7));
	/* What stays, and the young; the rest of range 1 and of range 3 went one by one. */
	ck_assert_int_eq(rows_in("outbox"), 3 + 10);
	ck_assert_int_eq(count("SELECT count(*) FROM outbox WHERE id IN (15, 16, 17)"), 3);
	ck_assert_int_eq(rows_in("outbox_ref"), 13);
	ck_assert_int_eq(rows_in("outbox_part"), 1);
	words("UPDATE outbox SET status = 'delivered', queue = 2 WHERE id IN (15, 16, 17)");
	run_all(&keep, false);
	ck_assert(!has_range(1) && rows_in("outbox") == 10);
	ck_assert_int_eq(rows_in("outbox_ref"), 10);
	end();
}
END_TEST

START_TEST(a_row_that_comes_alive_while_its_range_is_to_go_stays)
{
	if (!begin_partitioned(_i))
		return;
	insert_delivered(45, 100);
	run_until(STEP_TAKE_OUT, 1);
	words("UPDATE outbox SET status = 'queued', queue = 0 WHERE id = 12");
	run_to_end();
	ck_assert_str_eq(status(12), "queued");
	words("UPDATE outbox SET status = 'delivered', queue = 2 WHERE id = 12");
	insert_delivered(1, 1);
	/* Not in the queue: that is found when the range is out. */
	run_until(STEP_TAKE_OUT, 1);
	words("UPDATE outbox SET status = 'held' WHERE id = 12");
	run_to_end();
	ck_assert_str_eq(status(12), "held");
	ck_assert(has_range(1));
	ck_assert_int_eq(count("SELECT count(*) FROM outbox_ref WHERE outbox_id = 12"), 1);
	claim(&gw1, 1, 10);
	end_entered();
}
END_TEST

START_TEST(who_dies_in_between_leaves_nothing_that_the_next_run_does_not_find)
{
	if (!begin_partitioned(_i))
		return;
	insert_delivered(35, 100);
	run_until(STEP_TAKE_OUT, 0);
	step();
	ck_assert(!retention.partitions.attached);
	/* It was done, and nobody heard of it. */
	retention.partitions.step = STEP_TAKE_OUT;
	step();
	ck_assert_int_eq(retention.partitions.step, STEP_LOOK);
	run_until(STEP_REFS, 0);
	ck_assert_int_eq(rows_in("outbox"), 35 - (WIDTH - 1));
	run_until(STEP_DROP, 0);
	step();
	retention.partitions.step = STEP_DROP;
	step();
	run_all(&keep, false);
	ck_assert(!has_range(0) && !has_range(2) && rows_in("outbox_ref") == 0);
	/* Whoever keeps everything has it back. */
	insert_delivered(15, 100);
	run_until(STEP_REFS, 3);
	const long long all = rows_in("outbox");
	run_all(&(struct keep){ 0 }, false);
	ck_assert_int_gt(rows_in("outbox"), all);
	end();
}
END_TEST

/* Where there is a partition for all that has no range. */
START_TEST(ids_behind_the_last_range_are_taken_and_warned_of)
{
	if (!begin_partitioned(_i))
		return;
	if (mysql_outside) {
		words("INSERT INTO outbox (id, recipient) VALUES (1000, '1')");
		insert("1");
		run_all(&keep, false);
		ck_assert(partitions_short(&retention.partitions) && !has_range(4));
		ck_assert_uint_eq(retention.partitions.ahead, 0);
		claim(&gw1, 1, 10);
		ck_assert_uint_eq(nmessages, 2);
	}
	end_entered();
}
END_TEST

/* Of MariaDB: died between making the table and exchanging it. */
START_TEST(an_empty_table_that_was_left_costs_no_row)
{
	if (!begin_partitioned(_i))
		return;
	insert_delivered(35, 1);
	if (mysql_outside) {
		words("CREATE TABLE outbox_p0 LIKE outbox");
		words("ALTER TABLE outbox_p0 REMOVE PARTITIONING");
		run_all(&keep, false);
		ck_assert_uint_eq(retention.partitions.dropped, 0);
		ck_assert_int_eq(count("SELECT count(*) FROM information_schema.tables WHERE table_schema = database() AND "
		    "table_name = 'outbox_p0'"), 0);
	}
	ck_assert_int_eq(rows_in("outbox"), 35);
	ck_assert_int_eq(rows_in("outbox_ref"), 35);
	end();
}
END_TEST

/* An application that reads outbox in a transaction, and leaves that open. */

static PGconn *pgsql_reader;
static MYSQL *mysql_reader;

static void reader_says(const char *statement)
{
	if (pgsql_reader) {
		PQclear(PQexec(pgsql_reader, statement));
		return;
	}
	ck_assert_msg(mysql_query(mysql_reader, statement) == 0, "%s", mysql_error(mysql_reader));
	mysql_free_result(mysql_store_result(mysql_reader));
}

static void begin_reader(void)
{
	if (pgsql_outside) {
		pgsql_reader = PQconnectdb(url);
	} else {
		mysql_reader = mysql_connect_outside();
		ck_assert_int_eq(mysql_select_db(mysql_reader, program_invocation_short_name), 0);
	}
	reader_says("BEGIN");
	reader_says("SELECT count(*) FROM outbox");
}

static void end_reader(void)
{
	reader_says("COMMIT");
	if (pgsql_reader)
		PQfinish(pgsql_reader);
	else
		mysql_close(mysql_reader);
	pgsql_reader = NULL;
	mysql_reader = NULL;
}

static long long waiting_for_outbox(void)
{
	return pgsql_outside
	    ? count("SELECT count(*) FROM pg_locks WHERE NOT granted AND relation = 'outbox'::regclass")
	    : count("SELECT count(*) FROM information_schema.processlist WHERE state LIKE '%%metadata lock%%' AND "
	        "db = database()");
}

START_TEST(a_long_reader_keeps_a_range_and_nobody_waiting)
{
	if (!begin_partitioned(_i))
		return;
	insert_delivered(25, 100);
	begin_reader();
	run_until(STEP_TAKE_OUT, 0);
	step();
	/* It gave up, and will try again: no lock is waited for, and rows go in. */
	ck_assert_int_eq(retention.partitions.step, STEP_TAKE_OUT);
	ck_assert_uint_eq(retention.partitions.tries, 1);
	ck_assert_uint_ge(pause_ms, 100);
	ck_assert_int_eq(waiting_for_outbox(), 0);
	words(pgsql_outside ? "SET lock_timeout = '5s'" : "SET lock_wait_timeout = 5");
	insert("1");
	claim(&gw1, 1, 10);
	ck_assert_uint_eq(nmessages, 1);
	run_to_end();
	ck_assert_uint_eq(retention.partitions.busy, 2);
	ck_assert(has_range(0) && has_range(1));
	end_reader();
	run_all(&keep, false);
	ck_assert(!has_range(0) && !has_range(1));
	end_entered();
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		partitioned_tables_are_like_plain_ones,
		a_row_lives_as_in_plain_tables,
		a_ref_is_refused_when_it_is_there_already,
		ranges_are_made_ahead_of_the_ids,
		a_range_of_which_nothing_stays_is_dropped_with_its_parts_and_refs,
		a_row_that_comes_alive_while_its_range_is_to_go_stays,
		who_dies_in_between_leaves_nothing_that_the_next_run_does_not_find,
		ids_behind_the_last_range_are_taken_and_warned_of,
		an_empty_table_that_was_left_costs_no_row,
		a_long_reader_keeps_a_range_and_nobody_waiting,
	};
	return run_tests("partitions", tests, sizeof tests / sizeof *tests);
}
