/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sqlite.c - the embedded default: a file, and no server.
 *
 * One writer at a time, so a transaction begins as a writer (BEGIN IMMEDIATE):
 * one that upgraded later would be refused without waiting. WAL and
 * synchronous=FULL: what was committed survives a power loss. A statement of
 * shape MANY is stepped once for each row; there is no round trip to save. A text
 * may be several statements, which get the same parameters one after the other.
 *
 * A transaction, or a writing statement outside of one, waits for another
 * writer as long as busy_timeout says, and is then DB_AGAIN.
 */
#include "engine.h"

#include "../gateway/clock.h"

#include <sqlite3.h>

#include <assert.h>
#include <errno.h>
#include <libgen.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
	CHECKPOINT_PAGES = 4000,        /* in the log, before they go into the file */
	CHECKPOINT_PAUSES = 20,
	BUSY_MS = 5000,
	COLUMNS_MAX = 32,
	PATH_MAX_OCTETS = 1024,
	NOW = 30,                       /* the number of the parameter that is the time */
	NOW_MAX = 32,
	STEPS_MAX = 5,
};

extern const char sqlite_schema[], sqlite_upgrade_2[], sqlite_upgrade_3[],
	sqlite_upgrade_4[];
extern const char *const sqlite_statements[STATEMENT_COUNT];

/* A text of statements.sql: one statement of SQLite's, or several with ; between. */
struct prepared { sqlite3_stmt *steps[STEPS_MAX]; size_t n; };

struct db {
	sqlite3 *file;
	char path[PATH_MAX_OCTETS];
	struct prepared prepared[STATEMENT_COUNT];
	sqlite3_stmt *clock;
	char now[NOW_MAX];              /* for the statement that runs */
	uint64_t checkpoint_us;         /* clock_us(): the log is left alone until then */
};

/* What is in the hands of a claim: statements.sql. */
static const char scratch[] = "CREATE TEMP TABLE picked (id INTEGER PRIMARY KEY);";

static const char settings[] =
    "PRAGMA journal_mode = WAL;"
    "PRAGMA synchronous = FULL;"
    "PRAGMA cache_size = -16384;"
    "PRAGMA temp_store = MEMORY;"
    "PRAGMA journal_size_limit = 268435456;";

static enum db_result judge(int code)
{
	switch (code & 0xFF) {
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
	case SQLITE_FULL:
	case SQLITE_IOERR:
	case SQLITE_INTERRUPT:
	case SQLITE_PROTOCOL:
	case SQLITE_SCHEMA:
		return DB_AGAIN;
	case SQLITE_CONSTRAINT:
	case SQLITE_MISMATCH:
	case SQLITE_TOOBIG:
		return DB_REFUSED;
	case SQLITE_NOMEM:
		abort();
	default:
		return DB_BROKEN;
	}
}

/* What somebody can do about it; "" when the words of SQLite have to do. */
static const char *remedy(int code)
{
	switch (code & 0xFF) {
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
		return ": another program keeps it locked";
	case SQLITE_READONLY:
	case SQLITE_PERM:
	case SQLITE_CANTOPEN:
		return ": make the file and its folder writable for this user";
	case SQLITE_CORRUPT:
	case SQLITE_NOTADB:
		return ": the file is damaged or no SQLite database: restore it from a backup";
	case SQLITE_IOERR:
		return ": the disk cannot be read or written: is it full or broken?";
	default:
		return "";
	}
}

/* Ends the transaction, if there is one, and says what went wrong, while doing what. */
static enum db_result fail(struct db *db, const char *doing, struct db_error *err)
{
	const int code = sqlite3_extended_errcode(db->file);
	err->code = code;
	if ((code & 0xFF) == SQLITE_FULL)
		snprintf(err->text, sizeof err->text,
		    "%s: disk is full: free space on the file system of %.200s", doing, db->path);
	else
		snprintf(err->text, sizeof err->text, "%.120s: %s: %.100s%s", db->path, doing,
		    sqlite3_errmsg(db->file), remedy(code));
	if (!sqlite3_get_autocommit(db->file))
		sqlite3_exec(db->file, "ROLLBACK", NULL, NULL, NULL);
	return judge(code);
}

static void sqlite_close(struct db *db)
{
	if (!db)
		return;
	for (int i = 0; i < STATEMENT_COUNT; i++)
		for (size_t k = 0; k < db->prepared[i].n; k++)
			sqlite3_finalize(db->prepared[i].steps[k]);
	sqlite3_finalize(db->clock);
	sqlite3_close(db->file);
	free(db);
}

/* "sqlite:///var/lib/sms.db" -> "/var/lib/sms.db". */
static bool path_of(char *path, size_t room, const char *url, struct db_error *err)
{
	static const char scheme[] = "sqlite://";
	const size_t len = sizeof scheme - 1;
	if (strncmp(url, scheme, len) != 0 || url[len] != '/' || strlen(url + len) >= room) {
		snprintf(err->text, sizeof err->text,
		    "url \"%.100s\": expected sqlite:///absolute/path/of/a/file", url);
		return false;
	}
	snprintf(path, room, "%s", url + len);
	return true;
}

/* SQLite keeps the log and its index beside the file, so the folder matters, too. */
static bool folder_is_usable(const char *path, struct db_error *err)
{
	char copy[PATH_MAX_OCTETS];
	snprintf(copy, sizeof copy, "%s", path);
	const char *folder = dirname(copy);
	if (access(folder, W_OK | X_OK) == 0)
		return true;
	snprintf(err->text, sizeof err->text, "%.120s: folder %.100s: %s", path, folder,
	    errno == ENOENT ? "does not exist: create it" :
	    errno == EACCES ? "is not writable: let this user write there" : strerror(errno));
	return false;
}

static bool sqlite_folder(const char *url, char *out, size_t room)
{
	char path[PATH_MAX_OCTETS];
	struct db_error err;
	if (!path_of(path, sizeof path, url, &err))
		return false;
	snprintf(out, room, "%s", dirname(path));
	return true;
}

/* After each commit; `pages` are in the log. While somebody reads in a transaction that stays open, nothing
 * of it can go into the file, and SQLite sorts all of the log before it finds that out: so then it is
 * asked again only after twenty times as long as that took. */
static int on_commit(void *ctx, sqlite3 *file, const char *name, int pages)
{
	struct db *db = ctx;
	const uint64_t began = clock_us();
	if (pages < CHECKPOINT_PAGES || began < db->checkpoint_us)
		return SQLITE_OK;
	int logged = -1, moved = -1;
	const int code = sqlite3_wal_checkpoint_v2(file, name, SQLITE_CHECKPOINT_PASSIVE, &logged, &moved);
	if (code != SQLITE_OK || moved < logged)
		db->checkpoint_us = began + (clock_us() - began) * (1 + CHECKPOINT_PAUSES);
	return SQLITE_OK;
}

/* A row of the settings: the journal mode that is on, "wal" if it could be had. */
static int see_setting(void *ctx, int n, char **values, char **names)
{
	if (n == 1 && values[0] && strcmp(names[0], "journal_mode") == 0)
		*(bool *)ctx = strcmp(values[0], "wal") == 0;
	return 0;
}

static enum db_result set_up(struct db *db, struct db_error *err)
{
	bool wal = false;
	sqlite3_extended_result_codes(db->file, 1);
	sqlite3_busy_timeout(db->file, BUSY_MS);
	if (sqlite3_db_readonly(db->file, "main") == 1) {
		snprintf(err->text, sizeof err->text,
		    "%.120s: the file is not writable: let this user write to it", db->path);
		return DB_BROKEN;
	}
	if (sqlite3_exec(db->file, settings, see_setting, &wal, NULL) != SQLITE_OK ||
	    sqlite3_exec(db->file, scratch, NULL, NULL, NULL) != SQLITE_OK)
		return fail(db, "opening", err);
	if (wal) {
		sqlite3_wal_hook(db->file, on_commit, db);
		return DB_OK;
	}
	snprintf(err->text, sizeof err->text, "%.120s: its file system cannot do a write-ahead log: "
	    "move the file to a local disk", db->path);
	return DB_BROKEN;
}

static enum db_result sqlite_open(struct db **opened, const char *url, const char *password,
    struct db_error *err)
{
	(void)password;
	*opened = NULL;
	/* Counting its memory costs SQLite a lock for each allocation. Refused, and
	 * no matter, once it is in use. */
	sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
	struct db *db = calloc(1, sizeof *db);
	if (!db)
		abort();
	*err = (struct db_error){ 0 };
	if (!path_of(db->path, sizeof db->path, url, err) || !folder_is_usable(db->path, err)) {
		free(db);
		return DB_BROKEN;
	}
	const int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX;
	enum db_result result = DB_OK;
	if (sqlite3_open_v2(db->path, &db->file, flags, NULL) != SQLITE_OK)
		result = fail(db, "opening", err);
	if (result == DB_OK)
		result = set_up(db, err);
	if (result == DB_OK)
		*opened = db;
	else
		sqlite_close(db);
	/* Nothing was asked yet: whoever keeps it busy, it is not reachable now. */
	return result == DB_AGAIN ? DB_LOST : result;
}

static enum db_result sqlite_transact(struct db *db, enum edge edge, struct db_error *err)
{
	static const char *const words[] = { [EDGE_BEGIN] = "BEGIN IMMEDIATE",
		[EDGE_COMMIT] = "COMMIT", [EDGE_ROLLBACK] = "ROLLBACK" };
	if (edge == EDGE_ROLLBACK && sqlite3_get_autocommit(db->file))
		return DB_OK;
	if (sqlite3_exec(db->file, words[edge], NULL, NULL, NULL) == SQLITE_OK)
		return DB_OK;
	return fail(db, words[edge], err);
}

/* False when a value is longer than SQLite allows. */
static bool bind_value(sqlite3_stmt *statement, int at, const struct value *value)
{
	const char *octets = value->len ? value->at : "";
	switch (value->kind) {
	case VALUE_NULL:
		return sqlite3_bind_null(statement, at) == SQLITE_OK;
	case VALUE_NUMBER:
		return sqlite3_bind_int64(statement, at, value->number) == SQLITE_OK;
	case VALUE_TEXT:
		return sqlite3_bind_text64(statement, at, octets, value->len, SQLITE_STATIC,
		    SQLITE_UTF8) == SQLITE_OK;
	case VALUE_OCTETS:
		return sqlite3_bind_blob64(statement, at, octets, value->len, SQLITE_STATIC)
		    == SQLITE_OK;
	}
	abort();
}

static void lend_row(sqlite3_stmt *statement, row_fn *row, void *ctx)
{
	struct value columns[COLUMNS_MAX];
	const int n = sqlite3_column_count(statement);
	assert(n <= COLUMNS_MAX);
	for (int i = 0; i < n; i++) {
		struct value *value = &columns[i];
		*value = (struct value){ .kind = VALUE_NULL };
		switch (sqlite3_column_type(statement, i)) {
		case SQLITE_NULL:
			break;
		case SQLITE_INTEGER:
		case SQLITE_FLOAT:
			value->kind = VALUE_NUMBER;
			value->number = sqlite3_column_int64(statement, i);
			break;
		case SQLITE_BLOB:
			value->kind = VALUE_OCTETS;
			value->at = sqlite3_column_blob(statement, i);
			value->len = (size_t)sqlite3_column_bytes(statement, i);
			break;
		default:
			value->kind = VALUE_TEXT;
			value->at = sqlite3_column_text(statement, i);
			value->len = (size_t)sqlite3_column_bytes(statement, i);
		}
	}
	row(ctx, columns, (size_t)n);
}

/* Runs one statement of SQLite's once; its result says how. */
static bool step_all(sqlite3_stmt *statement, const struct value *values, size_t width,
    row_fn *row, void *ctx)
{
	const size_t takes = (size_t)sqlite3_bind_parameter_count(statement);
	for (size_t i = 0; i < width && i < takes; i++)
		if (!bind_value(statement, (int)i + 1, &values[i]))
			return false;
	int code;
	while ((code = sqlite3_step(statement)) == SQLITE_ROW)
		if (row)
			lend_row(statement, row, ctx);
	return code == SQLITE_DONE;
}

/* Runs all of a text for one row; *changed grows by what its last change changed. */
static bool step_row(struct db *db, const struct prepared *text, const struct value *values,
    size_t width, row_fn *row, void *ctx, size_t *changed)
{
	bool good = true;
	size_t wrote = 0;
	for (size_t i = 0; i < text->n && good; i++) {
		good = step_all(text->steps[i], values, width, row, ctx);
		if (good && !sqlite3_stmt_readonly(text->steps[i]))
			wrote = (size_t)sqlite3_changes(db->file);
	}
	*changed += wrote;
	return good;
}

static const char clock_text[] = "SELECT strftime('%Y-%m-%d %H:%M:%f', 'now')";

/* Binds the time, once for all rows of a statement that has such a parameter. */
static bool bind_now(struct db *db, sqlite3_stmt *statement)
{
	if (sqlite3_bind_parameter_count(statement) < NOW)
		return true;
	if (!db->clock && sqlite3_prepare_v3(db->file, clock_text, -1, SQLITE_PREPARE_PERSISTENT,
	    &db->clock, NULL) != SQLITE_OK)
		return false;
	const bool read = sqlite3_step(db->clock) == SQLITE_ROW;
	if (read)
		snprintf(db->now, sizeof db->now, "%s", (const char *)sqlite3_column_text(db->clock, 0));
	sqlite3_reset(db->clock);
	return read && sqlite3_bind_text(statement, NOW, db->now, -1, SQLITE_STATIC) == SQLITE_OK;
}

static enum db_result prepare(struct db *db, enum statement which, struct db_error *err)
{
	struct prepared *text = &db->prepared[which];
	const char *at = text->n ? "" : sqlite_statements[which];
	bool good = true;
	while (*at && good) {
		assert(text->n < STEPS_MAX);
		good = sqlite3_prepare_v3(db->file, at, -1, SQLITE_PREPARE_PERSISTENT,
		    &text->steps[text->n], &at) == SQLITE_OK;
		text->n += text->steps[text->n] != NULL; /* nothing but white space is none */
	}
	if (good)
		return DB_OK;
	const enum db_result result = fail(db, statement_names[which], err);
	if (strstr(err->text, "no such table"))
		snprintf(err->text, sizeof err->text,
		    "%.120s: the tables are not there: run smsqlctl init", db->path);
	while (text->n > 0)
		sqlite3_finalize(text->steps[--text->n]);
	return result;
}

static size_t width_of(const struct prepared *text)
{
	size_t width = 0;
	for (size_t i = 0; i < text->n; i++) {
		const size_t takes = (size_t)sqlite3_bind_parameter_count(text->steps[i]);
		width = takes > width ? takes : width;
	}
	return width;
}

static enum db_result run_rows(struct db *db, enum statement which, const struct value *values,
    size_t width, size_t rows, row_fn *row, void *ctx, size_t *changed, struct db_error *err)
{
	const struct prepared *text = &db->prepared[which];
	assert(width < NOW && (width_of(text) == width || width_of(text) == NOW));
	for (size_t i = 0; i < text->n; i++)
		if (!bind_now(db, text->steps[i]))
			return fail(db, statement_names[which], err);
	enum db_result result = DB_OK;
	size_t all = 0;
	for (size_t i = 0; i < rows && result == DB_OK; i++) {
		const struct value *of_row = width ? values + i * width : NULL;
		if (!step_row(db, text, of_row, width, row, ctx, &all))
			result = fail(db, statement_names[which], err);
		for (size_t k = 0; k < text->n; k++)
			sqlite3_reset(text->steps[k]);
	}
	if (changed)
		*changed = result == DB_OK ? all : 0;
	return result;
}

static enum db_result sqlite_run(struct db *db, enum statement which, const struct value *values,
    size_t width, size_t rows, row_fn *row, void *ctx, size_t *changed, struct db_error *err)
{
	assert(statement_shapes[which] == MANY || rows == 1);
	if (changed)
		*changed = 0;
	if (rows == 0)
		return DB_OK;
	enum db_result result = prepare(db, which, err);
	const bool own = (rows > 1 || db->prepared[which].n > 1) && sqlite3_get_autocommit(db->file);
	if (result == DB_OK && own)
		result = sqlite_transact(db, EDGE_BEGIN, err);
	if (result == DB_OK)
		result = run_rows(db, which, values, width, rows, row, ctx, changed, err);
	if (result == DB_OK && own)
		result = sqlite_transact(db, EDGE_COMMIT, err);
	return result;
}

/* journal_mode cannot be set inside a transaction, and is set by open(). */
static enum db_result sqlite_script(struct db *db, const char *text, struct db_error *err)
{
	enum db_result result = sqlite_transact(db, EDGE_BEGIN, err);
	if (result != DB_OK)
		return result;
	if (sqlite3_exec(db->file, text, NULL, NULL, NULL) != SQLITE_OK)
		return fail(db, "script", err);
	return sqlite_transact(db, EDGE_COMMIT, err);
}

static const char *const schemes[] = { "sqlite", NULL };

static const char *const upgrades[SCHEMA_VERSION + 1] = { [2] = sqlite_upgrade_2,
	[3] = sqlite_upgrade_3, [4] = sqlite_upgrade_4 };

const struct engine sqlite_engine = {
	.schemes = schemes,
	.connections = 1,
	.schema = sqlite_schema,
	.upgrades = upgrades,
	.open = sqlite_open,
	.close = sqlite_close,
	.folder = sqlite_folder,
	.transact = sqlite_transact,
	.run = sqlite_run,
	.script = sqlite_script,
};
