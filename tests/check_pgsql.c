/* SPDX-License-Identifier: Apache-2.0 */
/*
 * check_pgsql.c - what is true of PostgreSQL alone: receipts are heap-only
 * updates, every statement goes by its index whatever the statistics say, in partitioned tables, too, claims
 * neither sort nor walk over rows for later and pass over rows that others have
 * locked, and a server that ends a connection is told from one that refuses a value.
 *
 * Needs SMSQLD_TEST_PGSQL, the URL of a database that may be emptied, on a server that
 * nobody else uses: transactions of others keep old rows from being pruned.
 */
#include "../sql/desk_ask.h"
#include "../sql/ledger.h"

#include <check.h>
#include <libpq-fe.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

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

static void count_row(void *ctx, const struct value *columns, size_t n)
{
	(void)columns;
	(void)n;
	++*(size_t *)ctx;
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
		hot = number("SELECT n_tup_hot_upd FROM pg_stat_user_tables "
		    "WHERE relid = 'outbox'::regclass");
	}
	/* Claiming and settling change the queue's index, so only receipts can be. */
	ck_assert_msg(hot >= ROWS * 9 / 10, "%ld of %d receipts were heap-only", hot, ROWS);
}
END_TEST

/* Leaves the plan of a statement in table `plan`, a line a row, as it is made in a
 * session of the engine. */
static void explain(const char *how, enum statement statement, const char *arguments)
{
	static char text[8192];
	struct db_error err;
	snprintf(text, sizeof text, "DROP TABLE IF EXISTS plan; CREATE TABLE plan (line text);"
	    "PREPARE tried AS %s; DO $plan$ DECLARE step text; BEGIN "
	    "FOR step IN EXECUTE $x$EXPLAIN (%s) EXECUTE tried %s%s%s$x$ "
	    "LOOP INSERT INTO plan VALUES (step); END LOOP; END $plan$; DEALLOCATE tried",
	    pgsql_statements[statement], how, *arguments ? "(" : "", arguments, *arguments ? ")" : "");
	ck_assert_msg(pgsql_engine.script(ledger.db, text, &err) == DB_OK, "%s: %s",
	    statement_names[statement], err.text);
}

static long plan_lines(const char *what)
{
	char text[256];
	snprintf(text, sizeof text, "SELECT count(*) FROM plan WHERE line LIKE '%%%s%%'", what);
	return number(text);
}

static bool plan_has(const char *what)
{
	return plan_lines(what) > 0;
}

static const struct { enum statement statement; const char *arguments, *index; } probes[] = {
	{ STATEMENT_RECOVER, "'', '', ''", "outbox_claimed" },
	{ STATEMENT_CLAIM, "'', 1, '', 500, '5'", "outbox_ready" },
	{ STATEMENT_CLAIM_PARKED, "'', 1, '', 500", "outbox_parked" },
	{ STATEMENT_CLAIM_READ, "'', 1", "outbox_claimed" },
	{ STATEMENT_SETTLE, "'{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}'",
	    "outbox_pkey" },
	{ STATEMENT_OVERTAKEN, "'{}', '{}'", "receipt_unmatched" },
	{ STATEMENT_CONFIRM, "'{}', '{}', '{}', '{}', '{}', '{}', '{}'", "outbox_network_id" },
	{ STATEMENT_CONFIRM_PART, "'{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}'", "outbox_part_network_id" },
	{ STATEMENT_FOLD_LOCK, "'{}'", "outbox_pkey" },
	{ STATEMENT_FOLD, "'{}'", "outbox_part_pkey" },
	{ STATEMENT_LATE, "'{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}'", "outbox_pkey" },
	{ STATEMENT_LATE_PART, "'{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}'", "outbox_part_pkey" },
	{ STATEMENT_LATE_FOLD, "'{}'", "outbox_part_pkey" },
	{ STATEMENT_RECEIPT_MATCHED, "'{}', '{}'", "receipt_pkey" },
	{ STATEMENT_RECEIPT_OPEN, "100, 3600, 0, 0", "receipt_open" },
	{ STATEMENT_JOIN_KNOWN, "'{}', '{}'", "inbox_part_arrival_key" },
	{ STATEMENT_JOIN_READ, "'{}'", "inbox_part_pkey" },
	{ STATEMENT_JOIN_CLOSE, "'{}', '{}'", "inbox_set_pkey" },
	{ STATEMENT_JOIN_REPEATS, "'{}', '{}'", "inbox_set_key" },
	{ STATEMENT_JOIN_ECHO, "'{}'", "inbox_set_key" },
	{ STATEMENT_JOIN_FORGET, "4200, 200", "inbox_set_kept" },
	{ STATEMENT_JOIN_DROP, "'{}'", "inbox_part_pkey" },
	{ STATEMENT_COMMAND_ANY, "", "command_asked" },
	{ STATEMENT_COMMAND_LOOK, "'gw1', 100", "command_asked" },
	{ STATEMENT_COMMAND_IDS, "'{}', '{}'", "outbox_part_pkey" },
	{ STATEMENT_COMMAND_TAKE, "'{}', '{}'", "command_pkey" },
	{ STATEMENT_COMMAND_SETTLE, "'{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}'", "command_pkey" },
	{ STATEMENT_COMMAND_APPLY, "'{}'", "outbox_pkey" },
	{ STATEMENT_COMMAND_RECOVER, "''", "command_claimed" },
	{ STATEMENT_EXPIRE, "100", "outbox_expiry" },
	{ STATEMENT_KEEP_OUTBOX, "0, 500, 0, 86400, 86400", "outbox_part_pkey" },
	{ STATEMENT_KEEP_INBOX, "0, 500, 0, 86400", "inbox_pkey" },
	{ STATEMENT_KEEP_RECEIPT, "0, 500, 0, 86400", "receipt_pkey" },
	{ STATEMENT_KEEP_COMMAND, "0, 500, 0, 86400", "command_pkey" },
	{ STATEMENT_DESK_ROW, "1", "outbox_pkey" },
	{ STATEMENT_DESK_RETRY, "'{}'", "outbox_pkey" },
	{ STATEMENT_DESK_CANCEL, "'{}'", "outbox_pkey" },
};

static const struct { unsigned rows; bool analyze_before, analyze_after; } tables[] = {
	{ 0, true, false }, { 1, true, true }, { 100000, true, false }, { 100000, false, true },
};

/* Rows in every state of their life. */
static void fill(unsigned rows)
{
	char text[1024];
	insert_rows(rows);
	sql("UPDATE outbox SET queue = id % 4, lane = CASE id % 4 WHEN 3 THEN 'acme' END, "
	    "owner = 'gw' || id % 3, expires_at = now() + id * interval '1 minute', "
	    "link_used = 'acme', message_id = id, parts = 1 + id % 2");
	sql("INSERT INTO outbox_part (outbox_id, part, link, message_id, status) "
	    "SELECT id, 1, 'acme', id, 'sent' FROM outbox");
	snprintf(text, sizeof text, "INSERT INTO inbox_set (link, sender, recipient, wide, ref, parts, "
	    "letter) SELECT 'acme', i, '1', 0, i %% 256, 2, nullif(i %% 2, 0) "
	    "FROM generate_series(1, %u) AS i", rows);
	sql(text);
	sql("INSERT INTO inbox_part (set_id, part, arrival, charset, data_coding, protocol_id, received_at, "
	    "network_at) SELECT id, 1, id, 'gsm7', 0, 0, 0, 0 FROM inbox_set");
	sql("INSERT INTO inbox (sender, recipient, link, arrival) SELECT '1', '2', 'acme', id FROM inbox_set");
	snprintf(text, sizeof text, "INSERT INTO receipt (link, message_id, status, outbox_id) "
	    "SELECT 'acme', i, 'sent', nullif(i %% 2, 0) FROM generate_series(1, %u) AS i", rows);
	sql(text);
	sql("INSERT INTO command (what, outbox_id, status, owner) "
	    "SELECT 'query', id, CASE id % 3 WHEN 0 THEN 'asked' WHEN 1 THEN 'sending' ELSE 'done' END, "
	    "'gw' || id % 3 FROM outbox");
}

enum { TABLES = sizeof tables / sizeof *tables, RANGE = 10000, RANGES = 11 };

/* The tables, which are empty, as `init --partitioned` makes them. */
static void partition(void)
{
	struct db_error err;
	char *script = desk_script(&pgsql_engine, RANGE);
	ck_assert_msg(pgsql_engine.script(ledger.db, script + strlen(pgsql_engine.schema), &err) == DB_OK, "%s",
	    err.text);
	free(script);
	for (int i = 0; i < RANGES; i++)
		sql("SELECT smsqld_partition_ahead(11)");
}

/* Each table of rows, plain and then in ranges. */
START_TEST(every_statement_goes_by_its_index_whatever_the_statistics_say)
{
	const bool ranges = _i >= TABLES;
	const size_t which = (size_t)_i % TABLES;
	if (ranges && which > 0 && which < TABLES - 1)
		return;                 /* it takes its time: empty, and large */
	if (ranges)
		partition();
	if (tables[which].analyze_before)
		sql("ANALYZE");
	fill(tables[which].rows);
	if (tables[which].analyze_after)
		sql("ANALYZE");
	for (size_t i = 0; i < sizeof probes / sizeof *probes; i++) {
		const char *name = statement_names[probes[i].statement];
		explain("COSTS off", probes[i].statement, probes[i].arguments);
		/* The index of a range has another name. */
		ck_assert_msg(plan_has(probes[i].index) || (ranges && strncmp(probes[i].index, "outbox", 6) == 0 &&
		    plan_has("outbox_p")), "%s: no %s", name, probes[i].index);
		ck_assert_msg(!plan_has("Seq Scan"), "%s: sequential scan", name);
		ck_assert_msg(!plan_has("Bitmap"), "%s: bitmap scan", name);
		ck_assert_msg(plan_lines("Index%Scan using") == plan_lines("Index Cond"),
		    "%s: walks along a whole index", name);
	}
	/* Ranges are merged, each in the order of its index. */
	explain("COSTS off", STATEMENT_CLAIM, "'', 1, '', 500, '5'");
	ck_assert(!plan_has("->  Sort") && !plan_has("Incremental Sort"));
	ck_assert(!ranges || plan_lines("Merge Append") == 1);
	explain("COSTS off", STATEMENT_CLAIM_PARKED, "'', 1, '', 500");
	ck_assert(!plan_has("->  Sort") && !plan_has("Incremental Sort"));
}
END_TEST

START_TEST(rows_for_later_are_not_walked_over)
{
	insert_rows(20000);
	sql("UPDATE outbox SET send_after = now() + interval '1 day', "
	    "expires_at = now() + interval '2 days', queue = CASE WHEN id % 2 = 0 THEN 0 ELSE 3 END, "
	    "lane = 'acme'");
	explain("ANALYZE, TIMING off", STATEMENT_CLAIM, "'gw1/1', 1, '', 500, ''");
	ck_assert(plan_has("outbox_ready") && !plan_has("Rows Removed"));
	explain("ANALYZE, TIMING off", STATEMENT_CLAIM_PARKED, "'gw1/1', 1, 'acme', 500");
	ck_assert(plan_has("outbox_parked") && !plan_has("Rows Removed"));
	explain("ANALYZE, TIMING off", STATEMENT_EXPIRE, "500");
	ck_assert(plan_has("outbox_expiry") && !plan_has("Rows Removed"));
}
END_TEST

START_TEST(infinite_times_are_claimed_like_others)
{
	insert_rows(2);
	sql("UPDATE outbox SET send_after = '-infinity' WHERE id = 2");
	sql("UPDATE outbox SET expires_at = 'infinity' WHERE id = 1");
	struct batch *batch;
	struct message **messages;
	const size_t n = claim(&ledger, 1, 10, &batch, &messages);
	ck_assert_uint_eq(n, 2);
	ck_assert_int_eq(messages[0]->id, 2);
	ck_assert_int_eq(messages[1]->expires_at, 0);
	release(messages, n, batch);
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
		{ .kind = VALUE_TEXT, .at = "", .len = 0 }, { .kind = VALUE_NUMBER },
		{ .kind = VALUE_TEXT, .at = "", .len = 0 },
	};
	ck_assert_int_eq(pgsql_engine.transact(ledger.db, EDGE_BEGIN, &err), DB_OK);
	ck_assert_int_eq(pgsql_engine.run(ledger.db, STATEMENT_PART_PUT, bad, 9, 1, NULL, NULL, NULL,
	    &err), DB_REFUSED);
	bool fenced = true;
	ck_assert_int_eq(ledger_beat(&ledger, 60000, &fenced, &err), DB_OK);
	ck_assert(!fenced);
}
END_TEST

START_TEST(columns_of_another_type_need_only_a_new_connection)
{
	struct db_error err;
	const struct value gateway = { .kind = VALUE_TEXT, .at = "gw1", .len = 3 };
	ck_assert_int_eq(pgsql_engine.run(ledger.db, STATEMENT_LINK_WANTED, &gateway, 1, 1, NULL, NULL,
	    NULL, &err), DB_OK);
	sql("ALTER TABLE link ALTER name TYPE varchar(64)");
	ck_assert_int_eq(pgsql_engine.run(ledger.db, STATEMENT_LINK_WANTED, &gateway, 1, 1, NULL, NULL,
	    NULL, &err), DB_LOST);
	pgsql_engine.close(ledger.db);
	ck_assert_int_eq(pgsql_engine.open(&ledger.db, url, "", &err), DB_OK);
	ck_assert_int_eq(pgsql_engine.run(ledger.db, STATEMENT_LINK_WANTED, &gateway, 1, 1, NULL, NULL,
	    NULL, &err), DB_OK);
}
END_TEST

/* CONFIRM over receipts of one row, in one statement. */
static void confirm_row(const char *const *words, size_t n)
{
	struct db_error err;
	struct value values[4 * 7];
	ck_assert_uint_le(n, 4);
	for (size_t i = 0; i < n; i++) {
		const struct value row[] = {
			{ .kind = VALUE_NUMBER, .number = (int64_t)i }, { .kind = VALUE_TEXT, .at = "acme", .len = 4 },
			{ .kind = VALUE_TEXT, .at = "7", .len = 1 }, { .kind = VALUE_TEXT, .at = "" },
			{ .kind = VALUE_TEXT, .at = words[i], .len = strlen(words[i]) },
			{ .kind = VALUE_NUMBER, .number = (int64_t)i }, { .kind = VALUE_TEXT, .at = "" },
		};
		memcpy(values + i * 7, row, sizeof row);
	}
	size_t answers = 0;
	ck_assert_int_eq(pgsql_engine.run(ledger.db, STATEMENT_CONFIRM, values, 7, n, count_row, &answers,
	    NULL, &err), DB_OK);
	ck_assert_uint_eq(answers, n);
}

START_TEST(receipts_of_one_row_in_one_statement_act_in_their_order)
{
	static const struct { const char *words[4]; size_t n; const char *status; int code; } cases[] = {
		{ { "sent", "delivered" }, 2, "delivered", 1 },
		{ { "delivered", "sent", "undelivered" }, 3, "delivered", 0 },
		{ { "sent", "undelivered", "sent", "undelivered" }, 4, "undelivered", 1 },
		{ { "undelivered", "sent", "delivered" }, 3, "delivered", 2 },
		{ { "sent", "sent", "sent" }, 3, "sent", 2 },
	};
	insert_rows(1);
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		char text[128];
		sql("UPDATE outbox SET queue = 2, status = 'sent', link_used = 'acme', message_id = '07', "
		    "error_code = NULL");
		confirm_row(cases[i].words, cases[i].n);
		snprintf(text, sizeof text, "SELECT count(*) FROM outbox WHERE status = '%s' "
		    "AND coalesce(error_code, 0) = %d", cases[i].status, cases[i].code);
		ck_assert_msg(number(text) == 1, "case %zu", i);
	}
}
END_TEST

static void opens_as(const char *where, enum db_result wanted, const char *says)
{
	struct db *db;
	struct db_error err;
	ck_assert_msg(pgsql_engine.open(&db, where, "", &err) == wanted, "%s: %s", where, err.text);
	ck_assert_ptr_null(db);
	ck_assert_msg(strlen(err.text) > 10 && strstr(err.text, says), "%s: %s", where, err.text);
}

START_TEST(what_cannot_be_connected_to_says_why)
{
	char other[512];
	opens_as("postgresql://nobody@127.0.0.1:1/x", DB_LOST, "127.0.0.1");
	opens_as("postgresql:///x?host=/no/such/folder", DB_LOST, "/no/such/folder");
	opens_as("postgresql://127.0.0.1/x?nonsense=1", DB_BROKEN, "nonsense");
	opens_as("postgresql://127.0.0.1:port/x", DB_BROKEN, "port");
	snprintf(other, sizeof other, "%.*s/no_such_database", (int)(strrchr(url, '/') - url), url);
	opens_as(other, DB_BROKEN, "no_such_database");
	opens_as(other, DB_BROKEN, "create the database");
	snprintf(other, sizeof other, "%s%cuser=no_such_role", url, strchr(url, '?') ? '&' : '?');
	opens_as(other, DB_BROKEN, "no_such_role");
	opens_as(other, DB_BROKEN, "check the user");
}
END_TEST

START_TEST(what_the_server_remarks_is_not_printed)
{
	struct db_error err;
	int ends[2];
	char got[64];
	ck_assert_int_eq(pipe(ends), 0);
	const int was = dup(STDERR_FILENO);
	dup2(ends[1], STDERR_FILENO);
	const enum db_result result = pgsql_engine.script(ledger.db,
	    "DROP TABLE IF EXISTS nothing; DO $$ BEGIN RAISE WARNING 'this'; END $$", &err);
	dup2(was, STDERR_FILENO);
	close(was);
	close(ends[1]);
	ck_assert_int_eq(result, DB_OK);
	ck_assert_int_eq(read(ends[0], got, sizeof got), 0);
	close(ends[0]);
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
	tcase_add_loop_test(tests, every_statement_goes_by_its_index_whatever_the_statistics_say, 0,
	    2 * TABLES);
	tcase_add_test(tests, rows_for_later_are_not_walked_over);
	tcase_add_test(tests, infinite_times_are_claimed_like_others);
	tcase_add_test(tests, rows_that_another_transaction_locks_are_passed_over_without_waiting);
	tcase_add_test(tests, two_gateways_share_the_rows_and_none_is_claimed_twice);
	tcase_add_test(tests, a_connection_that_the_server_ends_is_lost);
	tcase_add_test(tests, a_value_that_is_refused_leaves_the_connection_fit);
	tcase_add_test(tests, columns_of_another_type_need_only_a_new_connection);
	tcase_add_test(tests, receipts_of_one_row_in_one_statement_act_in_their_order);
	tcase_add_test(tests, what_cannot_be_connected_to_says_why);
	tcase_add_test(tests, what_the_server_remarks_is_not_printed);
	suite_add_tcase(suite, tests);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
