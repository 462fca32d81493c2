/* SPDX-License-Identifier: Apache-2.0 */
/*
 * store_world.h - a store, the tables under it, and what it told; for check_store.c and
 * check_store_faults.c.
 *
 * Every test runs over every engine there is: SQLite in a temporary folder, with one worker and with
 * two, PostgreSQL when SMSQLD_TEST_PGSQL says where (a schema of its own is made there and dropped),
 * MariaDB when SMSQLD_TEST_MYSQL does (a database of its own). Both are named as the program.
 *
 * One store at a time is open, between the functions below and the engine that
 * faulty_engine.h makes of a real one, which loses, refuses, stops and counts as a test wishes. What the
 * store tells is written down; a test awaits it with the loop.
 */
#ifndef STORE_WORLD_H
#define STORE_WORLD_H

#include "../sql/mysql_url.h"
#include "../sql/store_test.h"
#include "faulty_engine.h"

#include <check.h>
#include <event2/event.h>
#include <libpq-fe.h>
#include <mysql.h>
#include <sqlite3.h>

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
	PATIENCE_S = 30,                /* then what a test waits for does not come */
	TICK_MS = 2,
	TICKETS = 4096,
	STATES = 64,
};

/* Shorter than in life: nothing here waits for them longer than it must. */
static const struct worker_waits waits = {
	.reopen = 5,
	.reopen_max = 40,
	.again = 1,
	.again_max = 8,
	.broken = 30,
	.links = 20,
	.commands = 20,
	.commands_busy = 5,
	.close = 200,
};

static struct engine engine;            /* the faulty one */
static const char *engine_url;          /* of the tables, with their schema */
static char folder[64];
static PGconn *pgsql;                    /* the way in from outside: one of the three */
static MYSQL *mysql;
static sqlite3 *sqlite;

static struct event_base *base;
static struct store *store;
static struct store_options options;
static bool inside;                     /* a call to the store */

static enum store_state states[STATES]; /* as they were told */
static unsigned nstates, rooms;
static size_t waiting_at_room;
static char why[WHY_MAX];
static enum wanted wanted;
static unsigned nwanted;
static struct link_use used;            /* of acme, as it was told */
static unsigned nused, nused_unready;   /* how often, and of these before the store was ready */
static unsigned kept_times[TICKETS];
static bool kept_so[TICKETS];
static unsigned nkept;
static struct message *claimed[TICKETS];
static size_t nclaimed;
static unsigned nanswers;
static bool close_when_drained;
static struct command *taken[TICKETS]; /* commands that the gateway was given */
static unsigned ntaken;

/* The tables, from outside */

static inline long long sql(const char *format, ...) __attribute__((format(printf, 1, 2)));

static inline long long sql_pgsql(const char *text)
{
	long long value = -1;
	PGresult *result = PQexec(pgsql, text);
	ck_assert_msg(PQresultStatus(result) == PGRES_TUPLES_OK
	    || PQresultStatus(result) == PGRES_COMMAND_OK, "%s: %s", text, PQerrorMessage(pgsql));
	if (PQntuples(result) > 0)
		value = strtoll(PQgetvalue(result, 0, 0), NULL, 10);
	PQclear(result);
	return value;
}

static inline long long sql_mysql(const char *text)
{
	long long value = -1;
	ck_assert_msg(mysql_query(mysql, text) == 0, "%s: %s", text, mysql_error(mysql));
	MYSQL_RES *result = mysql_store_result(mysql);
	MYSQL_ROW row = result ? mysql_fetch_row(result) : NULL;
	if (row)
		value = row[0] ? strtoll(row[0], NULL, 10) : 0;
	mysql_free_result(result);
	return value;
}

static inline long long sql_sqlite(const char *text)
{
	long long value = -1;
	sqlite3_stmt *statement;
	ck_assert_msg(sqlite3_prepare_v2(sqlite, text, -1, &statement, NULL) == SQLITE_OK,
	    "%s: %s", text, sqlite3_errmsg(sqlite));
	int step = sqlite3_step(statement);
	ck_assert_msg(step == SQLITE_ROW || step == SQLITE_DONE, "%s: %s", text,
	    sqlite3_errmsg(sqlite));
	if (step == SQLITE_ROW)
		value = sqlite3_column_int64(statement, 0);
	sqlite3_finalize(statement);
	return value;
}

/* Runs a statement; the first column of its first row, or -1. */
static inline long long sql(const char *format, ...)
{
	char text[1024];
	va_list args;
	va_start(args, format);
	vsnprintf(text, sizeof text, format, args);
	va_end(args);
	return pgsql ? sql_pgsql(text) : mysql ? sql_mysql(text) : sql_sqlite(text);
}

static inline void insert_rows(unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		sql("INSERT INTO outbox (recipient, body) VALUES ('4915100000%u', 'text %u')", i, i);
}

static inline long long rows_of(const char *status)
{
	return sql("SELECT count(*) FROM outbox WHERE status = '%s'", status);
}

static inline void install(void)
{
	struct db *db;
	struct db_error err = { .code = 0 };
	ck_assert_msg(faulty.real->open(&db, engine_url, "", &err) == DB_OK, "%s", err.text);
	ck_assert_msg(faulty.real->script(db, faulty.real->schema, &err) == DB_OK, "%s", err.text);
	faulty.real->close(db);
}

/* What the store tells */

static inline void on_state(void *ctx, enum store_state state, const char *text)
{
	(void)ctx;
	ck_assert(!inside);
	ck_assert_uint_lt(nstates, STATES);
	if (nstates == 0 || states[nstates - 1] != state)
		states[nstates++] = state;
	snprintf(why, sizeof why, "%s", text);
	if (state == STORE_DRAINED && close_when_drained) {
		store_close(store);
		store = NULL;
	}
}

static inline void on_wanted(void *ctx, const char *link, enum wanted what)
{
	(void)ctx;
	ck_assert(!inside);
	ck_assert_str_eq(link, "acme");
	wanted = what;
	nwanted++;
}

static inline void on_used(void *ctx, const char *link, const struct link_use *what)
{
	(void)ctx;
	ck_assert(!inside);
	ck_assert_str_eq(link, "acme");
	used = *what;
	nused++;
	nused_unready += nstates == 0 || states[nstates - 1] != STORE_READY;
}

static inline void on_room(void *ctx)
{
	(void)ctx;
	ck_assert(!inside);
	ck_assert(!store_full(store));
	waiting_at_room = store_waiting(store);
	rooms++;
}

static inline void on_command(void *ctx, struct command *command)
{
	(void)ctx;
	ck_assert(!inside);
	ck_assert_uint_lt(ntaken, TICKETS);
	taken[ntaken++] = command;
}

static inline void on_kept(void *ctx, uint64_t ticket, bool kept)
{
	(void)ctx;
	ck_assert(!inside);
	kept_times[ticket]++;
	kept_so[ticket] = kept;
	nkept++;
}

static inline void on_claim(void *ctx, struct message **messages, size_t n)
{
	(void)ctx;
	ck_assert(!inside);
	nanswers++;
	for (size_t i = 0; i < n; i++)
		claimed[nclaimed++] = messages[i];
}

static inline enum store_state state(void)
{
	return nstates > 0 ? states[nstates - 1] : STORE_OPENING;
}

static inline bool was(enum store_state sought)
{
	for (unsigned i = 0; i < nstates; i++)
		if (states[i] == sought)
			return true;
	return false;
}

/* Telling the store */

static inline void tell_receipt(unsigned ticket, const char *word)
{
	struct receipt receipt = { .link = "acme", .status = STATUS_DELIVERED };
	snprintf(receipt.network_id, sizeof receipt.network_id, "a%u", ticket);
	snprintf(receipt.word, sizeof receipt.word, "%s", word);
	inside = true;
	store_receipt(store, &receipt, ticket, on_kept, NULL);
	inside = false;
}

static inline void tell_inbound(unsigned ticket, const char *text)
{
	struct inbound inbound = { .link = "acme", .sender = "4915112345678",
		.recipient = "12345", .received_at = 1700000000 };
	snprintf(inbound.arrival, sizeof inbound.arrival, "acme/%u", ticket);
	char body[64];
	snprintf(body, sizeof body, "%s", text);
	inbound.octets = (struct blob){ (const uint8_t *)body, strlen(body) };
	inbound.charset = CHARSET_UTF8;
	inside = true;
	store_inbound(store, &inbound, ticket, on_kept, NULL);
	inside = false;
	memset(body, '?', sizeof body - 1);     /* it was copied, was it not */
}

static inline void claim(size_t max)
{
	static const struct lane lane = { .kind = LANE_ROUTE, .name = "" };
	inside = true;
	store_claim(store, &lane, max, on_claim, NULL);
	inside = false;
}

static inline void settle(struct message *message, enum verdict verdict, const char *text)
{
	message->outcome.verdict = verdict;
	snprintf(message->outcome.text, sizeof message->outcome.text, "%s", text);
	snprintf(message->link, sizeof message->link, "acme");
	message->nparts = 1;
	message->parts = batch_alloc(message->batch, sizeof *message->parts);
	message->parts[0].message = message;
	message->parts[0].number = 1;
	if (verdict == VERDICT_SENT) {
		message->parts[0].taken = true;
		snprintf(message->parts[0].network_id, NETWORK_ID_MAX, "n%lld",
		    (long long)message->id);
		memcpy(message->outcome.network_id, message->parts[0].network_id, NETWORK_ID_MAX);
	}
	inside = true;
	store_settle(store, message);
	inside = false;
}

static inline void report(const char *what)
{
	struct link_report values = { .name = "acme", .driver = "loop", .window = 10 };
	snprintf(values.state, sizeof values.state, "%s", what);
	inside = true;
	store_report(store, &values);
	inside = false;
}

static inline void drain(void)
{
	inside = true;
	store_drain(store);
	inside = false;
}

/* Awaiting: turns of the loop until a condition holds, and not for ever. */

static inline void on_tick(evutil_socket_t fd, short what, void *ctx)
{
	(void)fd;
	(void)what;
	(void)ctx;
}

#define await(condition) do {                                                    \
	uint64_t limit = hatch_now() + PATIENCE_S * 1000;                        \
	while (!(condition)) {                                                   \
		ck_assert_msg(hatch_now() < limit, "never came: %s", #condition); \
		event_base_loop(base, EVLOOP_ONCE);                              \
	}                                                                        \
} while (0)

/* Turns of the loop in which nothing is to happen. */
static inline void idle(unsigned ms)
{
	uint64_t until = hatch_now() + ms;
	while (hatch_now() < until)
		event_base_loop(base, EVLOOP_ONCE);
}

static const struct store_listener listener = {
	.state = on_state, .wanted = on_wanted, .used = on_used, .room = on_room,
	.command = on_command };

static inline void open_store(void)
{
	store = store_open_on(&engine, &waits, base, &options, &listener);
}

static inline void open_ready(void)
{
	open_store();
	await(state() == STORE_READY);
}

static inline void close_store(void)
{
	store_close(store);
	store = NULL;
}

/* Engines */

static inline const char *pgsql_base_url(void)
{
	const char *url = getenv("SMSQLD_TEST_PGSQL");
	return url && *url ? url : NULL;
}

static inline void begin_pgsql(void)
{
	static char url[1024];
	snprintf(url, sizeof url, "%s%coptions=-csearch_path%%3D%s&application_name=%s",
	    pgsql_base_url(), strchr(pgsql_base_url(), '?') ? '&' : '?', program_invocation_short_name,
	    program_invocation_short_name);
	engine_url = url;
	pgsql = PQconnectdb(url);
	ck_assert_msg(PQstatus(pgsql) == CONNECTION_OK, "%s", PQerrorMessage(pgsql));
	sql("SET client_min_messages = warning");
	sql("DROP SCHEMA IF EXISTS %s CASCADE", program_invocation_short_name);
	sql("CREATE SCHEMA %s", program_invocation_short_name);
}

static inline const char *mysql_base_url(void)
{
	const char *url = getenv("SMSQLD_TEST_MYSQL");
	return url && *url ? url : NULL;
}

static inline void begin_mysql(void)
{
	static char url[1024];
	static struct mysql_url parsed;
	char text[300];
	const char *base_url = mysql_base_url();
	snprintf(url, sizeof url, "%.*s/%s", (int)(strrchr(base_url, '/') - base_url), base_url,
	    program_invocation_short_name);
	engine_url = url;
	ck_assert_msg(mysql_url_read(&parsed, base_url, text, sizeof text), "%s", text);
	mysql = mysql_init(NULL);
	ck_assert_msg(mysql_real_connect(mysql, parsed.hosts[0].name, parsed.user, parsed.password, parsed.database,
	    parsed.hosts[0].port, parsed.socket, 0) != NULL, "%s", mysql_error(mysql));
	sql("DROP DATABASE IF EXISTS %s", program_invocation_short_name);
	sql("CREATE DATABASE %s", program_invocation_short_name);
	sql("USE %s", program_invocation_short_name);
}

/* The server ends every connection but the test's own; false: there is no server. */
static inline bool cut_connections(void)
{
	if (pgsql)
		sql("SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity "
		    "WHERE application_name = '%s' AND pid <> pg_backend_pid()", program_invocation_short_name);
	/* One that is gone by itself meanwhile is no matter. */
	for (long long id = 0; mysql && (id = sql("SELECT min(id) FROM information_schema.processlist "
	    "WHERE db = database() AND id <> connection_id() AND id > %lld", id)) > 0; ) {
		char kill[32];
		snprintf(kill, sizeof kill, "KILL %lld", id);
		mysql_query(mysql, kill);
	}
	return !sqlite;
}

static inline void begin_sqlite(void)
{
	static char url[128] = "sqlite://";
	char *path = url + strlen(url);
	snprintf(folder, sizeof folder, "/tmp/%.30s.XXXXXX", program_invocation_short_name);
	ck_assert_ptr_nonnull(mkdtemp(folder));
	snprintf(path, 100, "%s/sms.db", folder);
	engine_url = url;
	ck_assert_int_eq(sqlite3_open(path, &sqlite), SQLITE_OK);
	sqlite3_busy_timeout(sqlite, 10000);
}

/* 0: SQLite, with its one worker; 1: with two, as servers have; then the servers that there are. */
static inline int worlds(void)
{
	return 2 + (pgsql_base_url() != NULL) + (mysql_base_url() != NULL);
}

static inline void begin(int index)
{
	if (index < 2)
		begin_sqlite();
	else if (index == 2 && pgsql_base_url())
		begin_pgsql();
	else
		begin_mysql();
	faulty.real = engine_of(engine_url);
	ck_assert_ptr_nonnull(faulty.real);
	engine = (struct engine){
		.schemes = faulty.real->schemes,
		.connections = index == 1 ? 2 : faulty.real->connections,
		.schema = faulty.real->schema,
		.open = faulty_open,
		.close = faulty_close,
		.transact = faulty_transact,
		.run = faulty_run,
		.script = faulty_script,
	};
	options = (struct store_options){
		.url = (char *)engine_url,
		.password = (char *)"",
		.high_water = 20000,
		.lease = 15000,
		.batch = 1000,
		.join_time = 3600000,
		.join_sets = 10000,
		.name = "gw1",
		.version = "test",
		.in_doubt = DOUBT_HOLD,
	};
	log_set_level(LOG_LEVEL_ERROR);
	base = event_base_new();
	const struct timeval tick = { .tv_usec = TICK_MS * 1000 };
	event_add(event_new(base, -1, EV_PERSIST, on_tick, NULL), &tick);
}

static inline void begin_installed(int index)
{
	begin(index);
	install();
}

static inline void end(void)
{
	if (store)
		close_store();
	if (pgsql) {
		sql("DROP SCHEMA %s CASCADE", program_invocation_short_name);
		PQfinish(pgsql);
		return;
	}
	if (mysql) {
		sql("DROP DATABASE %s", program_invocation_short_name);
		mysql_close(mysql);
		return;
	}
	sqlite3_close(sqlite);
	static const char *const names[] = { "sms.db", "sms.db-wal", "sms.db-shm" };
	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		char path[128];
		snprintf(path, sizeof path, "%s/%s", folder, names[i]);
		unlink(path);
	}
	rmdir(folder);
}

/* Runs each test over each engine; the exit status of the program. */
static inline int run_worlds(const char *name, const TTest *const *tests, size_t n)
{
	TCase *tcase = tcase_create(name);
	tcase_set_timeout(tcase, 2 * PATIENCE_S);
	for (size_t i = 0; i < n; i++)
		tcase_add_loop_test(tcase, tests[i], 0, worlds());
	Suite *suite = suite_create(name);
	suite_add_tcase(suite, tcase);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	const int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}

#endif
