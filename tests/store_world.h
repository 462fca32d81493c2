/* SPDX-License-Identifier: Apache-2.0 */
/*
 * store_world.h - a store, the tables under it, and what it told; for check_store.c.
 *
 * One store at a time is open, between the functions below and the engine that
 * faulty_engine.h makes of a real one. What the store tells is written down;
 * a test awaits it with the loop.
 */
#ifndef STORE_WORLD_H
#define STORE_WORLD_H

#include "../sql/store_test.h"
#include "faulty_engine.h"

#include <check.h>
#include <event2/event.h>
#include <libpq-fe.h>
#include <sqlite3.h>

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
static PGconn *pgsql;
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

static long long sql(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Runs a statement; the first column of its first row, or -1. */
static long long sql(const char *format, ...)
{
	char text[1024];
	va_list args;
	va_start(args, format);
	vsnprintf(text, sizeof text, format, args);
	va_end(args);
	long long value = -1;
	if (pgsql) {
		PGresult *result = PQexec(pgsql, text);
		ck_assert_msg(PQresultStatus(result) == PGRES_TUPLES_OK
		    || PQresultStatus(result) == PGRES_COMMAND_OK, "%s: %s", text,
		    PQerrorMessage(pgsql));
		if (PQntuples(result) > 0)
			value = strtoll(PQgetvalue(result, 0, 0), NULL, 10);
		PQclear(result);
		return value;
	}
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

static void insert_rows(unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		sql("INSERT INTO outbox (recipient, body) VALUES ('4915100000%u', 'text %u')", i, i);
}

static long long rows_of(const char *status)
{
	return sql("SELECT count(*) FROM outbox WHERE status = '%s'", status);
}

static void install(void)
{
	struct db *db;
	struct db_error err = { .code = 0 };
	ck_assert_msg(faulty.real->open(&db, engine_url, "", &err) == DB_OK, "%s", err.text);
	ck_assert_msg(faulty.real->script(db, faulty.real->schema, &err) == DB_OK, "%s", err.text);
	faulty.real->close(db);
}

/* What the store tells */

static void on_state(void *ctx, enum store_state state, const char *text)
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

static void on_wanted(void *ctx, const char *link, enum wanted what)
{
	(void)ctx;
	ck_assert(!inside);
	ck_assert_str_eq(link, "acme");
	wanted = what;
	nwanted++;
}

static void on_room(void *ctx)
{
	(void)ctx;
	ck_assert(!inside);
	ck_assert(!store_full(store));
	waiting_at_room = store_waiting(store);
	rooms++;
}

static void on_command(void *ctx, struct command *command)
{
	(void)ctx;
	ck_assert(!inside);
	ck_assert_uint_lt(ntaken, TICKETS);
	taken[ntaken++] = command;
}

static void on_kept(void *ctx, uint64_t ticket, bool kept)
{
	(void)ctx;
	ck_assert(!inside);
	kept_times[ticket]++;
	kept_so[ticket] = kept;
	nkept++;
}

static void on_claim(void *ctx, struct message **messages, size_t n)
{
	(void)ctx;
	ck_assert(!inside);
	nanswers++;
	for (size_t i = 0; i < n; i++)
		claimed[nclaimed++] = messages[i];
}

static enum store_state state(void)
{
	return nstates > 0 ? states[nstates - 1] : STORE_OPENING;
}

static bool was(enum store_state sought)
{
	for (unsigned i = 0; i < nstates; i++)
		if (states[i] == sought)
			return true;
	return false;
}

/* Telling the store */

static void tell_receipt(unsigned ticket, const char *word)
{
	struct receipt receipt = { .link = "acme", .status = STATUS_DELIVERED };
	snprintf(receipt.network_id, sizeof receipt.network_id, "a%u", ticket);
	snprintf(receipt.word, sizeof receipt.word, "%s", word);
	inside = true;
	store_receipt(store, &receipt, ticket, on_kept, NULL);
	inside = false;
}

static void tell_inbound(unsigned ticket, const char *text)
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

static void claim(size_t max)
{
	static const struct lane lane = { .kind = LANE_ROUTE, .name = "" };
	inside = true;
	store_claim(store, &lane, max, on_claim, NULL);
	inside = false;
}

static void settle(struct message *message, enum verdict verdict, const char *text)
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

static void report(const char *what)
{
	struct link_report values = { .name = "acme", .driver = "loop", .window = 10 };
	snprintf(values.state, sizeof values.state, "%s", what);
	inside = true;
	store_report(store, &values);
	inside = false;
}

static void drain(void)
{
	inside = true;
	store_drain(store);
	inside = false;
}

/* Awaiting: turns of the loop until a condition holds, and not for ever. */

static void on_tick(evutil_socket_t fd, short what, void *ctx)
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
static void idle(unsigned ms)
{
	uint64_t until = hatch_now() + ms;
	while (hatch_now() < until)
		event_base_loop(base, EVLOOP_ONCE);
}

static const struct store_listener listener = {
	.state = on_state, .wanted = on_wanted, .room = on_room,
	.command = on_command };

static void open_store(void)
{
	store = store_open_on(&engine, &waits, base, &options, &listener);
}

static void open_ready(void)
{
	open_store();
	await(state() == STORE_READY);
}

static void close_store(void)
{
	store_close(store);
	store = NULL;
}

/* Engines */

static const char *pgsql_base_url(void)
{
	const char *url = getenv("SMSQLD_TEST_PGSQL");
	return url && *url ? url : NULL;
}

static void begin_pgsql(void)
{
	static char url[1024];
	snprintf(url, sizeof url, "%s%coptions=-csearch_path%%3Dcheck_store",
	    pgsql_base_url(), strchr(pgsql_base_url(), '?') ? '&' : '?');
	engine_url = url;
	pgsql = PQconnectdb(url);
	ck_assert_msg(PQstatus(pgsql) == CONNECTION_OK, "%s", PQerrorMessage(pgsql));
	sql("SET client_min_messages = warning");
	sql("DROP SCHEMA IF EXISTS check_store CASCADE");
	sql("CREATE SCHEMA check_store");
}

static void begin_sqlite(void)
{
	static char url[128] = "sqlite://";
	char *path = url + strlen(url);
	snprintf(folder, sizeof folder, "/tmp/check_store.XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(folder));
	snprintf(path, 100, "%s/sms.db", folder);
	engine_url = url;
	ck_assert_int_eq(sqlite3_open(path, &sqlite), SQLITE_OK);
	sqlite3_busy_timeout(sqlite, 10000);
}

/* 0: SQLite, with its one worker; 1: with two, as servers have; 2: PostgreSQL. */
static int worlds(void)
{
	return pgsql_base_url() ? 3 : 2;
}

static void begin(int index)
{
	if (index < 2)
		begin_sqlite();
	else
		begin_pgsql();
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

static void begin_installed(int index)
{
	begin(index);
	install();
}

static void end(void)
{
	if (store)
		close_store();
	if (pgsql) {
		sql("DROP SCHEMA check_store CASCADE");
		PQfinish(pgsql);
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

#endif
