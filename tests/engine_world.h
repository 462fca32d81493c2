/* SPDX-License-Identifier: Apache-2.0 */
/*
 * engine_world.h - the engines under test, tables that were just made, and a way
 * into them that is none of ours; for the tests of engines and of the ledger.
 *
 * A test runs once for each engine: SQLite on a file of its own, PostgreSQL in a
 * schema of its own when SMSQLD_TEST_PGSQL holds the URL of a database, MariaDB in a database of
 * its own when SMSQLD_TEST_MYSQL names one beside which it can be made. What a
 * statement gives back is kept as text, by the names that engine.h gives its
 * columns. For one test program; so everything is in this header and static.
 */
#ifndef ENGINE_WORLD_H
#define ENGINE_WORLD_H

#include "../gateway/message.h"
#include "../sql/engine.h"
#include "../sql/mysql_url.h"

#include <check.h>
#include <libpq-fe.h>
#include <mysql.h>
#include <sqlite3.h>

#include <errno.h>
#include <ftw.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { ANSWERS_MAX = 1000, COLUMNS = 24, CELL = 64 };

static const struct engine *engine;     /* under test */
static char url[1024];                  /* of the place for its tables */
static struct db *db;                   /* the connection that a test has anyway */
static struct db_error err;

static char temporary[96];              /* folder of the program, for those of its tests */
static char folder[128];                /* SQLite's file is in it */
static sqlite3 *sqlite_outside;         /* one of them: the way in from outside */
static PGconn *pgsql_outside;
static MYSQL *mysql_outside;

static size_t changed;                  /* by the last statement */
static size_t nanswers;                 /* its rows, */
static char answers[ANSWERS_MAX][COLUMNS][CELL]; /* their columns; long ones cut */
static enum statement asked;

/* From outside */

/* Runs a statement; the first column of its first row as text, "" when there is
 * none, "NULL" for NULL. Lent until the next call. */
static inline const char *words(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* The same as a number. */
static inline long long count(const char *format, ...) __attribute__((format(printf, 1, 2)));

static inline void ask_pgsql(const char *statement, char *value, size_t room)
{
	PGresult *result = PQexec(pgsql_outside, statement);
	ck_assert_msg(PQresultStatus(result) == PGRES_TUPLES_OK
	    || PQresultStatus(result) == PGRES_COMMAND_OK, "%s: %s", statement,
	    PQerrorMessage(pgsql_outside));
	if (PQntuples(result) > 0)
		snprintf(value, room, "%s",
		    PQgetisnull(result, 0, 0) ? "NULL" : PQgetvalue(result, 0, 0));
	PQclear(result);
}

/* In the words of MySQL, where tests write what the others have in common. */
static inline void ask_mysql(const char *statement, char *value, size_t room)
{
	char copy[4096];
	snprintf(copy, sizeof copy, "%s", statement);
	for (char *at = copy; (at = strstr(at, " AS text)")); )
		memcpy(at, " AS char)", 9);
	ck_assert_msg(mysql_query(mysql_outside, copy) == 0, "%s: %s", copy, mysql_error(mysql_outside));
	MYSQL_RES *result = mysql_store_result(mysql_outside);
	MYSQL_ROW row = result ? mysql_fetch_row(result) : NULL;
	if (row)
		snprintf(value, room, "%s", row[0] ? row[0] : "NULL");
	mysql_free_result(result);
}

static inline void ask_sqlite(const char *statement, char *value, size_t room)
{
	sqlite3_stmt *prepared;
	ck_assert_msg(sqlite3_prepare_v2(sqlite_outside, statement, -1, &prepared, NULL)
	    == SQLITE_OK, "%s: %s", statement, sqlite3_errmsg(sqlite_outside));
	int step = sqlite3_step(prepared);
	if (step == SQLITE_ROW) {
		const char *first = (const char *)sqlite3_column_text(prepared, 0);
		snprintf(value, room, "%s", first ? first : "NULL");
		while (step == SQLITE_ROW)
			step = sqlite3_step(prepared);
	}
	ck_assert_msg(step == SQLITE_DONE, "%s: %s", statement, sqlite3_errmsg(sqlite_outside));
	sqlite3_finalize(prepared);
}

static inline const char *words_of(const char *format, va_list args)
{
	static char value[1024];
	char statement[4096];
	vsnprintf(statement, sizeof statement, format, args);
	*value = '\0';
	if (pgsql_outside)
		ask_pgsql(statement, value, sizeof value);
	else if (mysql_outside)
		ask_mysql(statement, value, sizeof value);
	else
		ask_sqlite(statement, value, sizeof value);
	return value;
}

static inline const char *words(const char *format, ...)
{
	va_list args;
	va_start(args, format);
	const char *value = words_of(format, args);
	va_end(args);
	return value;
}

static inline long long count(const char *format, ...)
{
	va_list args;
	va_start(args, format);
	const char *value = words_of(format, args);
	va_end(args);
	return strtoll(value, NULL, 10);
}

/* A time for use in SQL, by the database's clock; lent until the fourth call. */
static inline const char *from_now(int seconds)
{
	static char texts[4][96];
	static unsigned next;
	char *text = texts[next++ % 4];
	if (pgsql_outside)
		snprintf(text, sizeof texts[0], "(clock_timestamp() + interval '%d seconds')", seconds);
	else if (mysql_outside)
		snprintf(text, sizeof texts[0], "(UTC_TIMESTAMP(3) + INTERVAL %d SECOND)", seconds);
	else
		snprintf(text, sizeof texts[0], "strftime('%%Y-%%m-%%d %%H:%%M:%%f', 'now', '%+d seconds')",
		    seconds);
	return text;
}

/* Engines */

static inline const char *pgsql_url(void)
{
	const char *value = getenv("SMSQLD_TEST_PGSQL");
	return value && *value ? value : NULL;
}

static inline const char *mysql_url(void)
{
	const char *value = getenv("SMSQLD_TEST_MYSQL");
	return value && *value ? value : NULL;
}

/* How many engines there are to test; 0 when one is missing that must not be. */
static inline int engines_under_test(void)
{
	if (pgsql_url() && mysql_url())
		return 3;
	const bool required = getenv("SMSQLD_TEST_REQUIRE_ALL") != NULL;
	fprintf(stderr, "Not every engine is tested: SMSQLD_TEST_PGSQL and SMSQLD_TEST_MYSQL are not both "
	    "set%s\n", required ? ", and SMSQLD_TEST_REQUIRE_ALL is" : "");
	return required ? 0 : pgsql_url() ? 2 : 1;
}

static inline void begin_sqlite(void)
{
	snprintf(folder, sizeof folder, "%s/XXXXXX", temporary);
	ck_assert_ptr_nonnull(mkdtemp(folder));
	snprintf(url, sizeof url, "sqlite://%s/sms.db", folder);
	ck_assert_int_eq(sqlite3_open(url + strlen("sqlite://"), &sqlite_outside), SQLITE_OK);
	sqlite3_busy_timeout(sqlite_outside, 10000);
}

/* Schema and connections are named as the program, so that two of them do not meet. */
static inline void begin_pgsql(void)
{
	snprintf(url, sizeof url, "%s%coptions=-csearch_path%%3D%s&application_name=%s", pgsql_url(),
	    strchr(pgsql_url(), '?') ? '&' : '?', program_invocation_short_name,
	    program_invocation_short_name);
	pgsql_outside = PQconnectdb(url);
	ck_assert_msg(PQstatus(pgsql_outside) == CONNECTION_OK, "%s", PQerrorMessage(pgsql_outside));
	words("SET client_min_messages = warning");
	words("SET timezone = 'UTC'");
	words("DROP SCHEMA IF EXISTS %s CASCADE", program_invocation_short_name);
	words("CREATE SCHEMA %s", program_invocation_short_name);
}

static inline MYSQL *mysql_connect_outside(void)
{
	struct mysql_url parsed;
	char why[300];
	MYSQL *conn = mysql_init(NULL);
	if (conn && mysql_url_read(&parsed, mysql_url(), why, sizeof why) &&
	    mysql_real_connect(conn, parsed.hosts[0].name, parsed.user, parsed.password, parsed.database, parsed.hosts[0].port,
	    parsed.socket, 0))
		return conn;
	mysql_close(conn);
	return NULL;
}

/* The database is named as the program. Its character set is not ours, which is no matter. */
static inline void begin_mysql(void)
{
	const char *slash = strrchr(mysql_url(), '/');
	snprintf(url, sizeof url, "%.*s/%s", (int)(slash - mysql_url()), mysql_url(),
	    program_invocation_short_name);
	mysql_outside = mysql_connect_outside();
	ck_assert_msg(mysql_outside != NULL, "%s: no connection", mysql_url());
	words("SET NAMES utf8mb4 COLLATE utf8mb4_bin");
	words("SET sql_mode = 'STRICT_ALL_TABLES,PIPES_AS_CONCAT', time_zone = '+03:00'");
	words("DROP DATABASE IF EXISTS %s", program_invocation_short_name);
	words("CREATE DATABASE %s CHARACTER SET latin1", program_invocation_short_name);
	words("USE %s", program_invocation_short_name);
}

static inline struct db *connection(void)
{
	struct db *one = NULL;
	const enum db_result result = engine->open(&one, url, "", &err);
	ck_assert_msg(result == DB_OK, "%s", err.text);
	return one;
}

/* A place without tables, and a connection to it. */
static inline void begin_empty(int index)
{
	if (index == 0)
		begin_sqlite();
	else if (index == 1)
		begin_pgsql();
	else
		begin_mysql();
	engine = engine_of(url);
	ck_assert_ptr_nonnull(engine);
	db = connection();
}

static inline void begin(int index)
{
	begin_empty(index);
	ck_assert_msg(engine->script(db, engine->schema, &err) == DB_OK, "%s", err.text);
	/* Times are rounded to milliseconds: what is put in now may be due a moment
	 * later, and a test does not wait for that. */
	if (pgsql_outside)
		words("ALTER TABLE outbox ALTER send_after "
		    "SET DEFAULT date_trunc('milliseconds', clock_timestamp())");
}

static inline void end(void)
{
	engine->close(db);
	db = NULL;
	if (pgsql_outside) {
		words("DROP SCHEMA %s CASCADE", program_invocation_short_name);
		PQfinish(pgsql_outside);
		pgsql_outside = NULL;
	} else if (mysql_outside) {
		words("DROP DATABASE %s", program_invocation_short_name);
		mysql_close(mysql_outside);
		mysql_outside = NULL;
	} else {
		sqlite3_close(sqlite_outside);
		sqlite_outside = NULL;
	}
}

/* Statements */

#define X(name, shape, parameters) [STATEMENT_##name] = parameters,
static const char *const signatures[STATEMENT_COUNT] = { STATEMENT_LIST(X) };
#undef X

/* Names on one side of a signature's arrow, "id, status"; lent until the next call. */
static inline const char *names_of(enum statement statement, bool columns)
{
	static char names[512];
	const char *arrow = strstr(signatures[statement], "->");
	if (!columns) {
		size_t len = arrow ? (size_t)(arrow - signatures[statement])
		    : strlen(signatures[statement]);
		while (len && signatures[statement][len - 1] == ' ')
			len--;
		snprintf(names, sizeof names, "%.*s", (int)len, signatures[statement]);
		return names;
	}
	const char *right = !arrow ? "" : strcmp(arrow, "-> CLAIM_COLUMNS") == 0 ? CLAIM_COLUMNS
	    : strcmp(arrow, "-> RECEIPT_COLUMNS") == 0 ? RECEIPT_COLUMNS
	    : strcmp(arrow, "-> WALK_COLUMNS") == 0 ? WALK_COLUMNS
	    : strcmp(arrow, "-> JOIN_COLUMNS") == 0 ? JOIN_COLUMNS
	    : strcmp(arrow, "-> COMMAND_COLUMNS") == 0 ? COMMAND_COLUMNS : arrow + 3;
	snprintf(names, sizeof names, "%s", right);
	return names;
}

static inline size_t names_count(const char *names)
{
	size_t n = *names != '\0';
	for (; *names; names++)
		n += *names == ',';
	return n;
}

/* Where a name stands in a list of them. */
static inline size_t name_index(const char *names, const char *name)
{
	const size_t len = strlen(name);
	for (size_t i = 0; *names; i++) {
		if (strncmp(names, name, len) == 0 && (names[len] == ',' || !names[len]))
			return i;
		const char *comma = strchr(names, ',');
		if (!comma)
			break;
		names = comma + 2;
	}
	ck_abort_msg("%s has no column %s", statement_names[asked], name);
	return 0;
}

static inline struct value number(int64_t n)
{
	return (struct value){ .kind = VALUE_NUMBER, .number = n };
}

static inline struct value text(const char *at)
{
	return (struct value){ .kind = VALUE_TEXT, .at = at, .len = strlen(at) };
}

static inline struct value octets(const void *at, size_t len)
{
	return (struct value){ .kind = VALUE_OCTETS, .at = at, .len = len };
}

static inline struct value null(void)
{
	return (struct value){ .kind = VALUE_NULL };
}

static inline void print_octets(char *out, const struct value *value)
{
	const uint8_t *at = value->at;
	for (size_t i = 0; i < value->len && 2 * i + 3 < CELL; i++)
		snprintf(out + 2 * i, 3, "%02X", at[i]);
}

static inline void keep_row(void *ctx, const struct value *columns, size_t n)
{
	ck_assert_ptr_eq(ctx, answers);
	ck_assert_uint_eq(n, names_count(names_of(asked, true)));
	ck_assert_uint_lt(nanswers, ANSWERS_MAX);
	for (size_t i = 0; i < n; i++) {
		char *cell = answers[nanswers][i];
		*cell = '\0';
		switch (columns[i].kind) {
		case VALUE_NULL:
			snprintf(cell, CELL, "NULL");
			break;
		case VALUE_NUMBER:
			snprintf(cell, CELL, "%lld", (long long)columns[i].number);
			break;
		case VALUE_TEXT:
			ck_assert_int_eq(((const char *)columns[i].at)[columns[i].len], '\0');
			snprintf(cell, CELL, "%s", (const char *)columns[i].at);
			break;
		case VALUE_OCTETS:
			print_octets(cell, &columns[i]);
			break;
		}
	}
	nanswers++;
}

/* Runs a statement on `one` with `n` values, as many rows as they make. */
static inline enum db_result run_on(struct db *one, enum statement statement, const struct value *values,
    size_t n)
{
	const size_t width = names_count(names_of(statement, false));
	if (width)
		ck_assert_msg(n % width == 0, "%s takes %s", statement_names[statement],
		    names_of(statement, false));
	asked = statement;
	nanswers = 0;
	changed = 12345;
	return engine->run(one, statement, values, width, width ? n / width : 1, keep_row, answers,
	    &changed, &err);
}

#define VALUES(...) ((const struct value[]){ __VA_ARGS__ }), \
	(sizeof((const struct value[]){ __VA_ARGS__ }) / sizeof(struct value))

/* What a statement returns, and the statement that has to go well. */
#define TRY(statement, ...) run_on(db, STATEMENT_##statement, VALUES(__VA_ARGS__))
#define RUN(statement, ...) \
	ck_assert_msg(TRY(statement, __VA_ARGS__) == DB_OK, "%s", err.text)
#define ASK(statement) \
	ck_assert_msg(run_on(db, STATEMENT_##statement, NULL, 0) == DB_OK, "%s", err.text)

/* A column of a row of the last answer. */
static inline const char *cell(size_t row, const char *column)
{
	ck_assert_uint_lt(row, nanswers);
	return answers[row][name_index(names_of(asked, true), column)];
}

static inline long long cell_number(size_t row, const char *column)
{
	return strtoll(cell(row, column), NULL, 10);
}

/* The row of the last answer whose first column is that number, or none. */
static inline size_t row_of(long long first)
{
	for (size_t i = 0; i < nanswers; i++)
		if (strtoll(answers[i][0], NULL, 10) == first)
			return i;
	return SIZE_MAX;
}

/* Rows of outbox */

#define X(name, word) word,
static const char *const statuses[] = { STATUS_LIST(X) };
#undef X

enum { STATUSES = sizeof statuses / sizeof *statuses };

/* Inserts a row with these columns, and answers its id. */
static inline long long put(const char *columns, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static inline long long put(const char *columns, const char *format, ...)
{
	char values[1024];
	va_list args;
	va_start(args, format);
	vsnprintf(values, sizeof values, format, args);
	va_end(args);
	return count("INSERT INTO outbox (recipient, %s) VALUES ('+49 151-1234567', %s) RETURNING id",
	    columns, values);
}

static inline const char *status(long long id)
{
	return words("SELECT CAST(status AS text) FROM outbox WHERE id = %lld", id);
}

/* A row in one line, as far as it interests: "queued queue=0 lane=- ...". */
static inline const char *row(long long id)
{
	return words("SELECT CAST(status AS text) || ' queue=' || queue || ' lane=' || "
	    "coalesce(lane, '-') || ' owner=' || coalesce(owner, '-') || ' attempts=' || attempts || "
	    "' link=' || coalesce(link_used, '-') || ' id=' || coalesce(message_id, '-') || "
	    "' error=' || coalesce(CAST(error_code AS text), '-') || '/' || coalesce(error_text, '-') "
	    "|| CASE WHEN sent_at IS NULL THEN '' ELSE ' sent' END || "
	    "CASE WHEN done_at IS NULL THEN '' ELSE ' done' END FROM outbox WHERE id = %lld", id);
}

static inline int remove_entry(const char *path, const struct stat *about, int kind, struct FTW *at)
{
	(void)about, (void)kind, (void)at;
	return remove(path);
}

/* What the tests have left behind, those that failed too. */
static inline void clean_up(void)
{
	nftw(temporary, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
	char drop[128];
	if (mysql_url()) {
		MYSQL *conn = mysql_connect_outside();
		if (!conn)
			return;
		snprintf(drop, sizeof drop, "DROP DATABASE IF EXISTS %.40s", program_invocation_short_name);
		mysql_query(conn, drop);
		mysql_close(conn);
	}
	if (!pgsql_url())
		return;
	snprintf(drop, sizeof drop, "SET client_min_messages = warning; "
	    "DROP SCHEMA IF EXISTS %.40s CASCADE", program_invocation_short_name);
	PGconn *connected = PQconnectdb(pgsql_url());
	PQclear(PQexec(connected, drop));
	PQfinish(connected);
}

/* Runs each test over each engine; the exit status of the program. */
static inline int run_tests(const char *name, const TTest *const *tests, size_t n)
{
	const int under_test = engines_under_test();
	if (under_test == 0)
		return EXIT_FAILURE;
	const char *where = getenv("TMPDIR");
	snprintf(temporary, sizeof temporary, "%.40s/%.30s.XXXXXX",
	    where && *where == '/' ? where : "/tmp", program_invocation_short_name);
	if (!mkdtemp(temporary)) {
		perror(temporary);
		return EXIT_FAILURE;
	}
	TCase *tcase = tcase_create(name);
	tcase_set_timeout(tcase, 120);
	for (size_t i = 0; i < n; i++)
		tcase_add_loop_test(tcase, tests[i], 0, under_test);
	Suite *suite = suite_create(name);
	suite_add_tcase(suite, tcase);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	const int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	clean_up();
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

#endif
