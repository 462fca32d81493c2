/* SPDX-License-Identifier: Apache-2.0 */
/*
 * check_pgsql.c - what is true of PostgreSQL alone: receipts are heap-only
 * updates, claims walk the queue's index without sorting and pass over rows that
 * others have locked, and a server that ends a connection is told from one that
 * refuses a value.
 *
 * Needs SMSQLD_TEST_PGSQL, the URL of a database that may be emptied.
 */
#include "../sql/ledger.h"

#include <check.h>
#include <libpq-fe.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

extern const char *const pgsql_statements[STATEMENT_COUNT];

static const char *url;
static PGconn *desk;                    /* a connection of the test's own */
static struct ledger ledger;

static void sql(const char *text)
{
	PGresult *answer = PQexec(desk, text);
	ck_assert_msg(PQresultStatus(answer) == PGRES_COMMAND_OK ||
	    PQresultStatus(answer) == PGRES_TUPLES_OK, "%s: %s", text, PQerrorMessage(desk));
	PQclear(answer);
}

static long number(const char *text)
{
	PGresult *answer = PQexec(desk, text);
	ck_assert_msg(PQntuples(answer) == 1, "%s: %s", text, PQerrorMessage(desk));
	const long found = strtol(PQgetvalue(answer, 0, 0), NULL, 10);
	PQclear(answer);
	return found;
}

static void open_ledger(struct ledger *opened, const char *name)
{
	struct db_error err;
	long alive_ms = 0;
	*opened = (struct ledger){ .engine = &pgsql_engine, .name = name, .version = "test" };
	ck_assert_msg(pgsql_engine.open(&opened->db, url, "", &err) == DB_OK, "%s", err.text);
	ck_assert_msg(ledger_enter(opened, 60000, &alive_ms, &err) == DB_OK, "%s", err.text);
}

static void set_up(void)
{
	struct db *db;
	struct db_error err;
	desk = PQconnectdb(url);
	sql("SET client_min_messages = warning; DROP SCHEMA public CASCADE");
	sql("CREATE SCHEMA public");
	ck_assert_int_eq(pgsql_engine.open(&db, url, "", &err), DB_OK);
	ck_assert_msg(pgsql_engine.script(db, pgsql_engine.schema, &err) == DB_OK, "%s", err.text);
	pgsql_engine.close(db);
	open_ledger(&ledger, "gw1");
}

static void tear_down(void)
{
	pgsql_engine.close(ledger.db);
	PQfinish(desk);
}

static void insert_rows(unsigned n)
{
	char text[256];
	snprintf(text, sizeof text, "INSERT INTO outbox (recipient, body) SELECT '+3620' || i, "
	    "'Hello number ' || i FROM generate_series(1, %u) AS i", n);
	sql(text);
}

static size_t claim(struct ledger *from, int64_t token, size_t max, struct batch **batch,
    struct message ***messages)
{
	struct db_error err;
	size_t n = 0;
	const struct lane lane = { LANE_ROUTE, "" };
	ck_assert_msg(ledger_claim(from, token, &lane, max, batch, messages, &n, &err) == DB_OK, "%s",
	    err.text);
	return n;
}

/* The network takes them all; ids are the rows' own. */
static void settle(struct message **messages, size_t n)
{
	struct db_error err;
	for (size_t i = 0; i < n; i++) {
		struct message *message = messages[i];
		snprintf(message->link, sizeof message->link, "acme");
		message->nparts = 1;
		message->parts = batch_alloc(message->batch, sizeof *message->parts);
		message->parts->message = message;
		message->parts->taken = true;
		snprintf(message->parts->network_id, NETWORK_ID_MAX, "%08lX", (long)message->id);
		message->outcome.verdict = VERDICT_SENT;
	}
	const struct facts facts = { .settled = messages, .nsettled = n };
	ck_assert_msg(ledger_record(&ledger, &facts, &err) == DB_OK, "%s", err.text);
}

static void confirm(struct message **messages, size_t n)
{
	struct db_error err;
	struct receipt *receipts = calloc(n, sizeof *receipts);
	for (size_t i = 0; i < n; i++) {
		receipts[i] = (struct receipt){ .link = "acme", .status = STATUS_DELIVERED,
			.word = "DELIVRD" };
		snprintf(receipts[i].network_id, NETWORK_ID_MAX, "%lx", (long)messages[i]->id);
	}
	const struct facts facts = { .receipts = receipts, .nreceipts = n };
	ck_assert_msg(ledger_record(&ledger, &facts, &err) == DB_OK, "%s", err.text);
	free(receipts);
}

static void release(struct message **messages, size_t n, struct batch *batch)
{
	for (size_t i = 0; i < n; i++)
		message_release(messages[i]);
	if (batch)
		batch_release(batch);
}

START_TEST(a_receipt_is_a_heap_only_update)
{
	enum { ROWS = 3000, EACH = 500 };
	insert_rows(ROWS);
	for (int64_t token = 1; token <= ROWS / EACH; token++) {
		struct batch *batch;
		struct message **messages;
		const size_t n = claim(&ledger, token, EACH, &batch, &messages);
		ck_assert_uint_eq(n, EACH);
		settle(messages, n);
		confirm(messages, n);
		release(messages, n, batch);
	}
	ck_assert_int_eq(number("SELECT count(*) FROM outbox WHERE status = 'delivered'"), ROWS);
	/* What a session has counted is seen by others once it ends. */
	pgsql_engine.close(ledger.db);
	ledger.db = NULL;
	long hot = 0;
	for (unsigned tries = 0; tries < 100 && hot == 0; tries++) {
		sql("SELECT pg_stat_clear_snapshot(), pg_sleep(0.05)");
		hot = number("SELECT n_tup_hot_upd FROM pg_stat_user_tables WHERE relid = 'outbox'::regclass");
	}
	/* Claiming and settling change the queue's index, so only receipts can be. */
	ck_assert_msg(hot >= ROWS * 8 / 10, "%ld of %d receipts were heap-only", hot, ROWS);
}
END_TEST

/* The plan of the claim, as the gateway's session makes it. */
static bool plan_has(const char *what)
{
	char text[8192];
	sql("DEALLOCATE ALL");
	snprintf(text, sizeof text, "PREPARE claim AS %s", pgsql_statements[STATEMENT_CLAIM]);
	sql(text);
	PGresult *answer = PQexec(desk, "EXPLAIN (COSTS off) EXECUTE claim ('gw1/1', 1, '', 500)");
	ck_assert_int_eq(PQresultStatus(answer), PGRES_TUPLES_OK);
	bool found = false;
	for (int i = 0; i < PQntuples(answer); i++)
		found = found || strstr(PQgetvalue(answer, i, 0), what);
	PQclear(answer);
	return found;
}

static const struct { unsigned rows; bool analyze_empty; } tables[] = {
	{ 0, true }, { 1, true }, { 100000, true }, { 100000, false },
};

START_TEST(a_claim_walks_the_queue_without_sorting)
{
	sql("SET enable_seqscan = off; SET enable_hashjoin = off; SET enable_mergejoin = off;"
	    "SET enable_bitmapscan = off; SET plan_cache_mode = force_generic_plan");
	if (tables[_i].analyze_empty)
		sql("ANALYZE outbox");
	insert_rows(tables[_i].rows);
	if (!tables[_i].analyze_empty)
		sql("ANALYZE outbox");
	ck_assert(plan_has("outbox_ready"));
	ck_assert(!plan_has("Sort"));
	ck_assert(!plan_has("Seq Scan on outbox"));
}
END_TEST

START_TEST(rows_that_another_transaction_locks_are_passed_over_without_waiting)
{
	insert_rows(20);
	sql("BEGIN");
	sql("SELECT id FROM outbox WHERE id <= 5 FOR UPDATE");
	struct batch *batch;
	struct message **messages;
	const size_t n = claim(&ledger, 1, 100, &batch, &messages);
	ck_assert_uint_eq(n, 15);
	ck_assert_int_eq(messages[0]->id, 6);
	release(messages, n, batch);
	sql("ROLLBACK");
}
END_TEST

START_TEST(two_gateways_share_the_rows_and_none_is_claimed_twice)
{
	struct ledger other;
	insert_rows(100);
	open_ledger(&other, "gw2");
	struct batch *batches[2];
	struct message **messages[2];
	const size_t a = claim(&ledger, 1, 60, &batches[0], &messages[0]);
	const size_t b = claim(&other, 1, 60, &batches[1], &messages[1]);
	ck_assert_uint_eq(a, 60);
	ck_assert_uint_eq(b, 40);
	ck_assert_int_eq(number("SELECT count(*) FROM outbox WHERE owner = 'gw1/1'"), 60);
	release(messages[0], a, batches[0]);
	release(messages[1], b, batches[1]);
	pgsql_engine.close(other.db);
}
END_TEST

START_TEST(a_connection_that_the_server_ends_is_lost)
{
	struct db_error err;
	bool fenced;
	sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
	    "WHERE application_name = 'smsqld' AND datname = current_database()");
	enum db_result result = DB_OK;
	for (unsigned tries = 0; tries < 100 && result == DB_OK; tries++)
		result = ledger_beat(&ledger, 60000, &fenced, &err);
	ck_assert_int_eq(result, DB_LOST);
	ck_assert_uint_gt(strlen(err.text), 10);
}
END_TEST

START_TEST(a_value_that_is_refused_leaves_the_connection_fit)
{
	struct db_error err;
	const struct value bad[] = {
		{ .kind = VALUE_NUMBER, .number = 1 }, { .kind = VALUE_NUMBER, .number = 100000 },
		{ .kind = VALUE_TEXT, .at = "acme", .len = 4 }, { .kind = VALUE_TEXT, .at = "", .len = 0 },
		{ .kind = VALUE_TEXT, .at = "sent", .len = 4 }, { .kind = VALUE_NUMBER },
		{ .kind = VALUE_TEXT, .at = "", .len = 0 },
	};
	ck_assert_int_eq(pgsql_engine.transact(ledger.db, EDGE_BEGIN, &err), DB_OK);
	ck_assert_int_eq(pgsql_engine.run(ledger.db, STATEMENT_PART_PUT, bad, 7, 1, NULL, NULL, NULL,
	    &err), DB_REFUSED);
	bool fenced = true;
	ck_assert_int_eq(ledger_beat(&ledger, 60000, &fenced, &err), DB_OK);
	ck_assert(!fenced);
}
END_TEST

START_TEST(what_cannot_be_connected_to_says_why)
{
	struct db *db;
	struct db_error err;
	ck_assert_int_eq(pgsql_engine.open(&db, "postgresql://nobody@127.0.0.1:1/x", "", &err), DB_LOST);
	ck_assert_uint_gt(strlen(err.text), 10);
	char other[512];
	snprintf(other, sizeof other, "%.*s/no_such_database", (int)(strrchr(url, '/') - url), url);
	ck_assert_int_eq(pgsql_engine.open(&db, other, "", &err), DB_BROKEN);
	ck_assert_ptr_nonnull(strstr(err.text, "no_such_database"));
}
END_TEST

int main(void)
{
	url = getenv("SMSQLD_TEST_PGSQL");
	if (!url) {
		fprintf(stderr, "check_pgsql: SMSQLD_TEST_PGSQL is not set: PostgreSQL is not tested\n");
		return getenv("SMSQLD_TEST_REQUIRE_ALL") != NULL;
	}
	Suite *suite = suite_create("pgsql");
	TCase *tests = tcase_create("pgsql");
	tcase_add_checked_fixture(tests, set_up, tear_down);
	tcase_set_timeout(tests, 60);
	tcase_add_test(tests, a_receipt_is_a_heap_only_update);
	tcase_add_loop_test(tests, a_claim_walks_the_queue_without_sorting, 0,
	    sizeof tables / sizeof *tables);
	tcase_add_test(tests, rows_that_another_transaction_locks_are_passed_over_without_waiting);
	tcase_add_test(tests, two_gateways_share_the_rows_and_none_is_claimed_twice);
	tcase_add_test(tests, a_connection_that_the_server_ends_is_lost);
	tcase_add_test(tests, a_value_that_is_refused_leaves_the_connection_fit);
	tcase_add_test(tests, what_cannot_be_connected_to_says_why);
	suite_add_tcase(suite, tests);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
