/* SPDX-License-Identifier: Apache-2.0 */
/*
 * check_mysql.c - what is true of MariaDB alone: every statement goes by its index and walks
 * along nothing, whatever the statistics say, in partitioned tables, too, and claims do not sort; what others have locked
 * is passed over by a claim, and elsewhere waited for, given up and asked again, with nothing done by halves.
 *
 * A plan is judged by what it does: the rows that the session has read (Handler_read_*), and by
 * which index, as the server counts them (userstat). The counts of a session are put into a table by the session itself.
 *
 * Needs SMSQLD_TEST_MYSQL, the URL of a database beside which one can be made.
 */
#include "ledger_world.h"

#include "../sql/desk_ask.h"

#include <mysqld_error.h>
#include <pthread.h>
#include <time.h>

/* READ_AHEAD: entries of an index that the server reads at once where a claim looks for the first of a priority. */
enum { MARIADB = 2, MANY_ROWS = 5000, FEW = 60, READ_AHEAD = 8, PRIORITIES = 10 };

static void fill(long rows)
{
	words("INSERT INTO outbox (recipient, body, priority, queue, status, lane, owner, claim, expires_at, link_used, "
	    "message_id, parts) WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < %ld) "
	    "SELECT concat('+3620', i), 'Hello', i %% 3, i %% 4, CASE i %% 4 WHEN 1 THEN 'sending' WHEN 2 THEN 'sent' ELSE "
	    "'queued' END, CASE i %% 4 WHEN 3 THEN 'acme' END, concat('gw', i %% 3), i, UTC_TIMESTAMP(3) + INTERVAL i + 60 MINUTE, "
	    "'acme', i, 1 + i %% 2 FROM n WHERE %ld > 0", rows, rows);
	words("INSERT INTO outbox_part (outbox_id, part, link, message_id, status) "
	    "SELECT id, 1, 'acme', id, 'sent' FROM outbox");
	words("INSERT INTO inbox_set (id, link, sender, recipient, wide, ref, parts, letter) "
	    "SELECT id, 'acme', id, '1', 0, id %% 256, 2, CASE WHEN id %% 8 THEN id END FROM outbox");
	words("INSERT INTO inbox_part (set_id, part, arrival, charset, data_coding, protocol_id, received_at, network_at) "
	    "SELECT id, 1, id, 'gsm7', 0, 0, 0, 0 FROM inbox_set");
	words("INSERT INTO inbox (sender, recipient, link, arrival) SELECT '1', '2', 'acme', id FROM inbox_set");
	words("INSERT INTO receipt (link, message_id, status, outbox_id) "
	    "SELECT 'acme', id, 'sent', CASE WHEN id %% 2 THEN id END FROM outbox");
	words("INSERT INTO command (what, outbox_id, status, owner) SELECT 'query', id, "
	    "CASE id %% 3 WHEN 0 THEN 'asked' WHEN 1 THEN 'sending' ELSE 'done' END, concat('gw', id %% 3) FROM outbox");
	words("INSERT INTO ussd (link, msisdn, session, status, inbox_id, outbox_id) "
	    "SELECT 'acme', concat('4477', id), id, CASE WHEN id %% 2 THEN 'open' ELSE 'ended' END, id, id FROM outbox");
}

#define N(value) { .kind = VALUE_NUMBER, .number = value }
#define T(word) { .kind = VALUE_TEXT, .at = word, .len = sizeof word - 1 }
#define NONE { .kind = VALUE_NULL }

/* A statement with parameters that find rows of the large tables, the index that it is to
 * read of, and how many rows it may read, with those of temporary tables. */
static const struct {
	enum statement statement;
	const char *index;
	long most;
	size_t n;
	struct value values[15];
} probes[] = {
	/* All that is claimed is looked through, and nothing else: a quarter of the table. */
	{ STATEMENT_RECOVER, "outbox_ready", MANY_ROWS / 4 + FEW, 3, { T("gone/1"), T("hold"), T("why") } },
	{ STATEMENT_CLAIM_READ, "outbox_ready", MANY_ROWS / 4 + FEW, 2, { T("gw1"), N(1) } },
	{ STATEMENT_CLAIM, "outbox_ready", 2 * FEW, 5, { T("gw1/1"), N(1), T(""), N(10), T("") } },
	{ STATEMENT_CLAIM_PARKED, "outbox_parked", 2 * FEW, 4, { T("gw1/1"), N(1), T("acme"), N(10) } },
	{ STATEMENT_CLAIM_DOUBTED, "PRIMARY", FEW, 2, { N(5), T("gw2") } },
	{ STATEMENT_SETTLE, "PRIMARY", FEW, 13, { N(5), T("gw2"), T("sent"), N(2), T(""), N(0), N(0), T("acme"), N(1),
	    T("x"), N(0), T(""), T("gsm7") } },
	{ STATEMENT_PART_PUT, "PRIMARY", FEW, 9, { N(5), N(1), T("acme"), T("x"), T("sent"), N(0), T(""), N(7), T("") } },
	{ STATEMENT_OVERTAKEN, "receipt_unmatched", FEW, 2, { T("acme"), T("4") } },
	{ STATEMENT_CONFIRM, "outbox_network_id", FEW, 7, { N(0), T("acme"), T("6"), T(""), T("delivered"), N(0), T("") } },
	{ STATEMENT_CONFIRM_PART, "outbox_part_network_id", FEW, 8, { N(0), T("acme"), T("5"), T(""), T("delivered"), N(0),
	    T(""), T("") } },
	{ STATEMENT_FOLD, "PRIMARY", FEW, 1, { N(6) } },
	{ STATEMENT_LATE, "PRIMARY", FEW, 9, { N(6), T("acme"), N(0), N(1), N(1), T("x"), T("sent"), N(0), T("") } },
	{ STATEMENT_LATE_PART, "PRIMARY", FEW, 9, { N(5), T("acme"), N(0), N(1), N(2), T("x"), T("sent"), N(0), T("") } },
	{ STATEMENT_LATE_FOLD, "PRIMARY", FEW, 1, { N(6) } },
	{ STATEMENT_RECEIPT_MATCHED, "PRIMARY", FEW, 2, { N(4), N(4) } },
	{ STATEMENT_RECEIPT_OPEN, "receipt_open", FEW, 4, { N(10), N(3600), N(0), N(0) } },
	{ STATEMENT_INBOX_PUT, "", FEW, 15, { T("new"), T("acme"), T("1"), T("2"), T("text"), T("x"), NONE, NONE, T("gsm7"),
	    NONE, N(1), N(0), N(0), N(0), NONE } },
	{ STATEMENT_JOIN_KNOWN, "arrival", FEW, 2, { N(0), T("7") } },
	{ STATEMENT_JOIN_OPEN, "inbox_set_open", FEW, 6, { T("acme"), T("8"), T("1"), N(0), N(8), N(2) } },
	{ STATEMENT_JOIN_READ, "PRIMARY", FEW, 1, { N(8) } },
	{ STATEMENT_JOIN_CLOSE, "PRIMARY", FEW, 2, { N(8), T("8") } },
	{ STATEMENT_JOIN_REPEATS, "inbox_set_open", FEW, 2, { N(7), T("7") } },
	{ STATEMENT_JOIN_ECHO, "PRIMARY", FEW, 1, { N(8) } },
	{ STATEMENT_JOIN_FORGET, "inbox_set_kept", FEW, 2, { N(-10), N(10) } },
	{ STATEMENT_JOIN_DROP, "PRIMARY", FEW, 1, { N(8) } },
	{ STATEMENT_COMMAND_ANY, "command_asked", FEW, 0, { NONE } },
	{ STATEMENT_COMMAND_LOOK, "command_asked", 3 * FEW, 2, { T("gw1"), N(10) } },
	{ STATEMENT_COMMAND_IDS, "PRIMARY", FEW, 2, { N(0), N(5) } },
	{ STATEMENT_COMMAND_TAKE, "PRIMARY", FEW, 2, { N(3), T("gw1/1") } },
	{ STATEMENT_COMMAND_SETTLE, "PRIMARY", FEW, 8, { N(4), T("gw1"), T("done"), T("x"), N(0), N(0), T(""), N(0) } },
	{ STATEMENT_COMMAND_APPLY, "PRIMARY", FEW, 1, { N(5) } },
	{ STATEMENT_COMMAND_RECOVER, "", FEW, 1, { T("gone/1") } },
	{ STATEMENT_USSD_READ, "ussd_handset", FEW, 6, { T("acme"), T("44777"), N(7), T("7"), N(7), N(0) } },
	{ STATEMENT_USSD_END, "PRIMARY", FEW, 2, { N(7), T("why") } },
	{ STATEMENT_USSD_QUIET, "", FEW, 2, { N(600), T("why") } },
	{ STATEMENT_EXPIRE, "", FEW, 1, { N(10) } },
	{ STATEMENT_DESK_ROW, "PRIMARY", FEW, 1, { N(5) } },
	{ STATEMENT_DESK_DECIDE, "PRIMARY", FEW, 2, { N(5), T("accept") } },
	{ STATEMENT_DESK_RETRY, "PRIMARY", FEW, 1, { N(5) } },
	{ STATEMENT_DESK_CANCEL, "PRIMARY", FEW, 1, { N(4) } },
	{ STATEMENT_DESK_COMMAND, "PRIMARY", FEW, 1, { N(5) } },
};

/* Rows that a session reads, entries of an index that it looks at, and its sorts. */
struct effort { long long reads, sorts; };

/* As the session itself counts so far. */
static struct effort effort(void)
{
	GOOD(engine->script(db, "DELETE FROM counted; INSERT INTO counted SELECT "
	    "sum(CASE WHEN variable_name LIKE 'handler_read%' OR variable_name = 'handler_icp_attempts' THEN variable_value END), "
	    "sum(CASE WHEN variable_name IN ('sort_range', 'sort_scan', 'sort_priority_queue_sorts') THEN variable_value END) "
	    "FROM information_schema.session_status", &err));
	return (struct effort){ count("SELECT seen FROM counted"), count("SELECT sorted FROM counted") };
}

/* What is done between two such calls that have nothing between them. */
static struct effort idle_effort(void)
{
	(void)effort();
	const struct effort before = effort(), after = effort();
	return (struct effort){ after.reads - before.reads, after.sorts - before.sorts };
}

/* Of a statement, in a transaction that is rolled back. */
static struct effort effort_of(enum statement statement, const struct value *values, size_t n)
{
	const struct effort idle = idle_effort(), before = effort();
	words("FLUSH INDEX_STATISTICS");
	GOOD(engine->transact(db, EDGE_BEGIN, &err));
	ck_assert_msg(run_on(db, statement, values, n) == DB_OK, "%s", err.text);
	GOOD(engine->transact(db, EDGE_ROLLBACK, &err));
	const struct effort after = effort();
	return (struct effort){ after.reads - before.reads - idle.reads, after.sorts - before.sorts - idle.sorts };
}

/* Once the server has purged what was written before. */
static long long reads_in_the_end(enum statement statement, const struct value *values, size_t n, long long most)
{
	const time_t until = time(NULL) + 30;
	long long reads = effort_of(statement, values, n).reads;
	while (reads > most && time(NULL) < until) {
		nanosleep(&(struct timespec){ .tv_nsec = 100000000L }, NULL);
		reads = effort_of(statement, values, n).reads;
	}
	return reads;
}

static long long rows_by(const char *index)
{
	return count("SELECT coalesce(sum(rows_read), 0) FROM information_schema.index_statistics "
	    "WHERE table_schema = database() AND index_name = '%s'", index);
}

/* Ranges hold the rows of a table; pmax is one more. */
enum { RANGE = 1000, RANGES = 8, PARTITIONS = RANGES + 1 };

/* Plain tables, or such as `init --partitioned` makes them. */
static void begin_mariadb(bool ranges)
{
	begin_empty(MARIADB);
	char *script = desk_script(engine, ranges ? RANGE : 0);
	ck_assert_msg(engine->script(db, script, &err) == DB_OK, "%s", err.text);
	free(script);
	for (int i = 4; ranges && i < RANGES; i++)
		RUN(PARTITION_AHEAD, number(RANGES - 1));
	words("SET max_recursive_iterations = 1000000");
	words("SET GLOBAL userstat = 1");
	words("CREATE TABLE counted (seen bigint, sorted bigint)");
}

static const struct { long rows; bool analyze_before, analyze_after; } tables[] = {
	{ 0, true, false }, { 1, true, true }, { MANY_ROWS, true, false }, { MANY_ROWS, false, true },
};

enum { TABLES = sizeof tables / sizeof *tables };

/* Each table of rows, plain and then in ranges. An index of ranges is searched in each of them. */
START_TEST(every_statement_goes_by_its_index_whatever_the_statistics_say)
{
	const bool ranges = _i >= TABLES;
	const size_t which = (size_t)_i % TABLES;
	static const char analyze[] = "ANALYZE TABLE outbox, outbox_part, inbox, inbox_set, inbox_part, receipt, "
	    "command, ussd";
	begin_mariadb(ranges);
	if (tables[which].analyze_before)
		words(analyze);
	fill(tables[which].rows);
	if (tables[which].analyze_after)
		words(analyze);
	for (size_t i = 0; i < sizeof probes / sizeof *probes; i++) {
		const char *name = statement_names[probes[i].statement];
		const struct effort took = effort_of(probes[i].statement, probes[i].values, probes[i].n);
		const long most = probes[i].most + (ranges ? FEW * PARTITIONS : 0);
		ck_assert_msg(took.reads <= most, "%s reads %lld rows", name, took.reads);
		const bool claims = probes[i].statement == STATEMENT_CLAIM || probes[i].statement == STATEMENT_CLAIM_PARKED;
		if (claims)
			ck_assert_msg(took.sorts == 0, "%s sorts", name);
		/* What is merged of ranges, each in the order of its index, the server does not count as read of it. */
		if (tables[which].rows == MANY_ROWS && *probes[i].index && !(ranges && strncmp(probes[i].index, "outbox_", 7) == 0))
			ck_assert_msg(rows_by(probes[i].index) > 0, "%s does not read of %s", name, probes[i].index);
	}
	end();
}
END_TEST

START_TEST(rows_for_later_are_not_walked_over)
{
	const struct value route[] = { T("gw1/1"), N(1), T(""), N(500), T("") };
	const struct value lane[] = { T("gw1/1"), N(1), T("acme"), N(500) }, most = N(500);
	begin_mariadb(false);
	fill(MANY_ROWS);
	words("UPDATE outbox SET send_after = UTC_TIMESTAMP(3) + INTERVAL 1 DAY, queue = CASE WHEN id %% 2 = 0 THEN 0 ELSE 3 END, "
	    "lane = 'acme', status = 'queued'");
	const long long ahead = READ_AHEAD * PRIORITIES;
	ck_assert_int_le(reads_in_the_end(STATEMENT_CLAIM, route, 5, ahead), ahead);
	ck_assert_int_le(reads_in_the_end(STATEMENT_CLAIM_PARKED, lane, 4, ahead), ahead);
	ck_assert_int_le(reads_in_the_end(STATEMENT_EXPIRE, &most, 1, 20), 20);
	end();
}
END_TEST

/* Locks */

static MYSQL *rival;                    /* an application that holds some */

static void rival_says(const char *statement)
{
	ck_assert_msg(mysql_query(rival, statement) == 0, "%s: %s", statement, mysql_error(rival));
	mysql_free_result(mysql_store_result(rival));
}

/* Three rows that are being sent, and what is to be told of them at once. */
static struct facts begin_rival(void)
{
	static struct receipt receipts[1];
	static struct inbound inbounds[1];
	begin_entered(MARIADB);
	rival = mysql_connect_outside();
	ck_assert_ptr_nonnull(rival);
	ck_assert_int_eq(mysql_select_db(rival, program_invocation_short_name), 0);
	rival_says("SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED");
	GOOD(engine->script(db, "SET SESSION innodb_lock_wait_timeout = 1", &err));
	for (int i = 0; i < 3; i++)
		insert("4915");
	claim(&gw1, 1, 3);
	ck_assert_uint_eq(nmessages, 3);
	for (size_t i = 0; i < nmessages; i++) {
		char id[32];
		snprintf(id, sizeof id, "a%zu", i + 1);
		answer(messages[i], VERDICT_SENT, 1, id);
	}
	receipts[0] = receipt("a1", STATUS_DELIVERED);
	receipts[0].recipient[0] = '\0';
	inbounds[0] = inbound("once", "hello");
	return (struct facts){ .settled = messages, .nsettled = nmessages, .receipts = receipts, .nreceipts = 1,
		.inbounds = inbounds, .ninbounds = 1 };
}

static void end_rival(void)
{
	mysql_close(rival);
	end_entered();
}

/* Nothing was written, and no lock is left to anybody else's cost. */
static void expect_nothing_done(void)
{
	ck_assert_int_eq(count("SELECT count(*) FROM outbox WHERE status = 'sending'"), 3);
	ck_assert_int_eq(count("SELECT count(*) FROM receipt"), 0);
	ck_assert_int_eq(count("SELECT count(*) FROM inbox"), 0);
	rival_says("ROLLBACK");
	rival_says("START TRANSACTION");
	rival_says("SELECT id FROM outbox FOR UPDATE NOWAIT");
	rival_says("SELECT id FROM inbox FOR UPDATE NOWAIT");
	rival_says("ROLLBACK");
}

static void expect_all_done(void)
{
	ck_assert_int_eq(count("SELECT count(*) FROM outbox WHERE status = 'sent'"), 2);
	ck_assert_int_eq(count("SELECT count(*) FROM outbox WHERE status = 'delivered'"), 1);
	ck_assert_int_eq(count("SELECT count(*) FROM receipt WHERE outbox_id = 1"), 1);
	ck_assert_int_eq(count("SELECT count(*) FROM inbox WHERE body = 'hello'"), 1);
}

START_TEST(what_is_locked_too_long_is_asked_again_and_nothing_is_half_done)
{
	static const char *const locks[] = {
		"SELECT id FROM outbox WHERE id = 3 FOR UPDATE",
		"SELECT id FROM outbox WHERE id = 1 LOCK IN SHARE MODE",
		"INSERT INTO inbox (sender, recipient, body, link, arrival) VALUES ('1', '2', 'x', 'acme', 'once')",
		"LOCK TABLES receipt READ",
	};
	const struct facts facts = begin_rival();
	GOOD(engine->script(db, "SET SESSION lock_wait_timeout = 1", &err));
	for (size_t i = 0; i < sizeof locks / sizeof *locks; i++) {
		rival_says("START TRANSACTION");
		rival_says(locks[i]);
		ck_assert_msg(ledger_record(&gw1, &facts, &err) == DB_AGAIN, "%s: %s", locks[i], err.text);
		ck_assert_int_eq(err.code, ER_LOCK_WAIT_TIMEOUT);
		rival_says("UNLOCK TABLES");
		expect_nothing_done();
	}
	GOOD(ledger_record(&gw1, &facts, &err));
	expect_all_done();
	end_rival();
}
END_TEST

START_TEST(a_beat_that_waits_for_a_lock_is_asked_again_and_fences_nobody)
{
	bool fenced = true;
	(void)begin_rival();
	rival_says("START TRANSACTION");
	rival_says("SELECT name FROM gateway FOR UPDATE");
	ck_assert_int_eq(ledger_beat(&gw1, LEASE_MS, &fenced, &err), DB_AGAIN);
	rival_says("ROLLBACK");
	GOOD(ledger_beat(&gw1, LEASE_MS, &fenced, &err));
	ck_assert(!fenced);
	end_rival();
}
END_TEST

START_TEST(rows_that_another_transaction_locks_are_passed_over_without_waiting)
{
	(void)begin_rival();
	for (int i = 0; i < 20; i++)
		insert("4916");
	rival_says("START TRANSACTION");
	rival_says("SELECT body FROM outbox FORCE INDEX (PRIMARY) WHERE id IN (4, 5, 6, 7, 8) FOR UPDATE");
	claim(&gw1, 2, CLAIM_MAX);
	ck_assert_uint_eq(nmessages, 15);
	ck_assert_int_eq(messages[0]->id, 9);
	rival_says("ROLLBACK");
	end_rival();
}
END_TEST

/* A deadlock: the gateway has the first row and waits for the last one, which the rival has;
 * and then that one wants the first. It has written more, so the gateway is the one to give way. */

struct recording { const struct facts *facts; enum db_result result; struct db_error err; };

static void *recorded(void *ctx)
{
	struct recording *self = ctx;
	self->result = ledger_record(&gw1, self->facts, &self->err);
	return NULL;
}

START_TEST(of_a_deadlock_the_gateway_asks_again_and_nothing_is_half_done)
{
	const struct facts facts = begin_rival();
	GOOD(engine->script(db, "SET SESSION innodb_lock_wait_timeout = 50", &err));
	rival_says("START TRANSACTION");
	rival_says("INSERT INTO inbox (sender, recipient, link) WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL "
	    "SELECT i + 1 FROM n WHERE i < 500) SELECT i, '1', 'other' FROM n");
	rival_says("UPDATE outbox SET app = 'mine' WHERE id = 3");
	struct recording recording = { &facts, DB_BROKEN, { 0 } };
	pthread_t thread;
	ck_assert_int_eq(pthread_create(&thread, NULL, recorded, &recording), 0);
	while (count("SELECT count(*) FROM information_schema.innodb_lock_waits w JOIN information_schema.innodb_trx t "
	    "ON t.trx_id = w.requesting_trx_id JOIN information_schema.processlist p ON p.id = t.trx_mysql_thread_id "
	    "WHERE p.db = database()") == 0)
		usleep(150000);         /* more often, and the server shows what it has shown before */
	rival_says("UPDATE outbox SET app = 'mine' WHERE id = 1");
	pthread_join(thread, NULL);
	ck_assert_msg(recording.result == DB_AGAIN, "%s", recording.err.text);
	ck_assert_int_eq(recording.err.code, ER_LOCK_DEADLOCK);
	expect_nothing_done();
	GOOD(ledger_record(&gw1, &facts, &err));
	expect_all_done();
	end_rival();
}
END_TEST

int main(void)
{
	if (!mysql_url()) {
		fprintf(stderr, "check_mysql: SMSQLD_TEST_MYSQL is not set: MariaDB is not tested\n");
		return getenv("SMSQLD_TEST_REQUIRE_ALL") != NULL;
	}
	Suite *suite = suite_create("mysql");
	TCase *tests = tcase_create("mysql");
	tcase_set_timeout(tests, 120);
	tcase_add_loop_test(tests, every_statement_goes_by_its_index_whatever_the_statistics_say, 0,
	    2 * TABLES);
	tcase_add_test(tests, rows_for_later_are_not_walked_over);
	tcase_add_test(tests, what_is_locked_too_long_is_asked_again_and_nothing_is_half_done);
	tcase_add_test(tests, a_beat_that_waits_for_a_lock_is_asked_again_and_fences_nobody);
	tcase_add_test(tests, rows_that_another_transaction_locks_are_passed_over_without_waiting);
	tcase_add_test(tests, of_a_deadlock_the_gateway_asks_again_and_nothing_is_half_done);
	suite_add_tcase(suite, tests);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	const int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	clean_up();
	return failed != 0;
}
