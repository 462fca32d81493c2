/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mysql.c - MariaDB and MySQL, by the client library of either.
 *
 * Statements go as text: neither library prepares several at once, and a batch is
 * one statement, so parsing it costs little. Values are written into the text here: with
 * NO_BACKSLASH_ESCAPES a quote that is doubled is all there is to it. A statement
 * of shape MANY gets its rows as one JSON text for JSON_TABLE; octets are hexadecimal
 * digits in it. What statements.sql writes as several statements travels as one packet.
 *
 * There is no UPDATE ... RETURNING: a claim is a SELECT that locks and an UPDATE that is
 * guarded, in one transaction. DDL commits by itself, so a script that fails is undone
 * by dropping the tables that it has made (its procedures stay, and are made anew by the next).
 */
#include "engine.h"

#include "mysql_errors.h"
#include "mysql_url.h"

#include <mysql.h>

#include <assert.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	COLUMNS_MAX = 32,
	LEVELS = 10,                    /* priorities */
	TIME_MAX = 32,
	CONNECT_S = 10, ANSWER_S = 70,
	CONNECT_EACH_S = 3,             /* of several hosts */
	CHARSET_BINARY = 63,
	NO_SUCH_VARIABLE = 1193,
};

extern const char mysql_schema[], mysql_partitioned[], mysql_upgrade_4[];
extern const char *const mysql_statements[STATEMENT_COUNT];

struct db {
	MYSQL *conn;
	bool open;                      /* a transaction is */
	size_t packet_max;              /* octets that the server takes */
	char *text;                     /* under way */
	size_t used, room;
	int64_t *ids;                   /* that a claim has found */
	size_t nids, ids_room;
};

/* Nothing here is left to what the server or the user are set to. The temporary tables hold what
 * one statement finds for the next: see statements.sql. */
static const char session[] =
    "SET NAMES utf8mb4 COLLATE utf8mb4_bin;"
    "SET SESSION sql_mode = 'STRICT_ALL_TABLES,NO_BACKSLASH_ESCAPES,NO_ENGINE_SUBSTITUTION',"
    " time_zone = '+00:00', autocommit = 1, innodb_lock_wait_timeout = 20, max_heap_table_size = 67108864,"
    " group_concat_max_len = 65536 /*M! , max_statement_time = 60, idle_transaction_timeout = 5,"
    " character_set_database = utf8mb4, collation_database = utf8mb4_bin */;"
    "SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED;"
    "CREATE TEMPORARY TABLE smsqld_ids (id bigint PRIMARY KEY) ENGINE = MEMORY;"
    "CREATE TEMPORARY TABLE smsqld_found (n bigint PRIMARY KEY, id bigint, part smallint,"
    " recipient varchar(64), status varchar(16), code bigint, words varchar(200))"
    " ENGINE = MEMORY DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;"
    "SELECT @@max_allowed_packet, CAST(@@read_only AS char) NOT IN ('0', 'OFF')";

/* A node of a Galera cluster first learns what the others have committed, before it reads or
 * changes anything. A settlement would else miss a row that was claimed at another node a moment
 * ago, and find nothing to settle. Servers that cannot be such a node do not know the variable. */
static const char causal[] = "SET SESSION wsrep_sync_wait = 7";

/* Errors */

static void drain(MYSQL *conn)
{
	do
		mysql_free_result(mysql_store_result(conn));
	while (mysql_next_result(conn) == 0);
}

/* Says what went wrong, while doing what, and ends the transaction, if there is one. */
static enum db_result fail(struct db *db, const char *doing, struct db_error *err)
{
	const int code = (int)mysql_errno(db->conn);
	const char *text;
	const enum db_result result = mysql_judge(code, mysql_sqlstate(db->conn), &text);
	err->code = code;
	snprintf(err->text, sizeof err->text, "%s: %.150s (%d)%s", doing, mysql_error(db->conn), code, text);
	for (char *at = err->text; *at; at++)
		if ((unsigned char)*at < ' ')
			*at = ' ';
	if (result != DB_LOST && db->open && mysql_query(db->conn, "ROLLBACK") == 0)
		drain(db->conn);
	db->open = false;
	return result;
}

/* Text */

static char *grow(struct db *db, size_t more)
{
	if (db->used + more > db->room) {
		db->room = (db->used + more) * 2;
		db->text = realloc(db->text, db->room);
		if (!db->text)
			abort();
	}
	char *at = db->text + db->used;
	db->used += more;
	return at;
}

static void put(struct db *db, const char *at, size_t len)
{
	if (len)
		memcpy(grow(db, len), at, len);
}

static void put_word(struct db *db, const char *word)
{
	put(db, word, strlen(word));
}

static void put_number(struct db *db, int64_t number)
{
	char digits[24];
	const int n = snprintf(digits, sizeof digits, "%" PRId64, number);
	put(db, digits, (size_t)n);
}

static void put_hex(struct db *db, const struct value *value)
{
	static const char digits[] = "0123456789ABCDEF";
	const uint8_t *octets = value->at;
	for (size_t i = 0; i < value->len; i++) {
		const char pair[] = { digits[octets[i] >> 4], digits[octets[i] & 15] };
		put(db, pair, sizeof pair);
	}
}

/* As SQL. */
static void put_plain(struct db *db, const struct value *value)
{
	const char *text = value->at;
	switch (value->kind) {
	case VALUE_NULL:
		put_word(db, "NULL");
		return;
	case VALUE_NUMBER:
		put_number(db, value->number);
		return;
	case VALUE_OCTETS:
		put_word(db, "x'");
		put_hex(db, value);
		put_word(db, "'");
		return;
	case VALUE_TEXT:
		put_word(db, "'");
		for (size_t i = 0; i < value->len; i++)
			put(db, text[i] == '\'' ? "''" : text + i, text[i] == '\'' ? 2 : 1);
		put_word(db, "'");
	}
}

/* As JSON in a quoted text: no quote is left in it. */
static void put_json(struct db *db, const struct value *value)
{
	const char *text = value->at;
	if (value->kind == VALUE_NULL || value->kind == VALUE_NUMBER) {
		put_word(db, value->kind == VALUE_NULL ? "null" : "");
		if (value->kind == VALUE_NUMBER)
			put_number(db, value->number);
		return;
	}
	put_word(db, "\"");
	if (value->kind == VALUE_OCTETS)
		put_hex(db, value);
	for (size_t i = 0, n = value->kind == VALUE_TEXT ? value->len : 0; i < n; ) {
		size_t plain = i;
		while (plain < n && (unsigned char)text[plain] >= ' ' && text[plain] != '"' &&
		    text[plain] != '\\' && text[plain] != '\'')
			plain++;
		put(db, text + i, plain - i);
		if (plain < n) {
			char escape[8];
			const int len = snprintf(escape, sizeof escape, "\\u%04x", (unsigned char)text[plain]);
			put(db, escape, (size_t)len);
		}
		i = plain + 1;
	}
	put_word(db, "\"");
}

static void put_rows(struct db *db, const struct value *values, size_t width, size_t rows)
{
	put_word(db, "'[");
	for (size_t i = 0; i < rows; i++) {
		put_word(db, i ? ",[" : "[");
		for (size_t k = 0; k < width; k++) {
			if (k)
				put_word(db, ",");
			put_json(db, &values[i * width + k]);
		}
		put_word(db, "]");
	}
	put_word(db, "]'");
}

static void put_ids(struct db *db)
{
	for (size_t i = 0; i < db->nids; i++) {
		if (i)
			put_word(db, ",");
		put_number(db, db->ids[i]);
	}
}

/* Parameters of a statement, and of the steps of a claim. */
struct parameters { const struct value *values; size_t width, rows; };

enum { PARAMETER_IDS = 7 };             /* of a claim */

/* A text of statements.sql, with its parameters in it. */
static void put_statement(struct db *db, const char *text, size_t len, const struct parameters *with)
{
	static const char all[] = "?rows";
	for (const char *end = text + len; text < end; ) {
		const char *mark = memchr(text, '?', (size_t)(end - text));
		put(db, text, (size_t)((mark ? mark : end) - text));
		if (!mark)
			return;
		if (strncmp(mark, all, sizeof all - 1) == 0) {
			put_rows(db, with->values, with->width, with->rows);
			text = mark + sizeof all - 1;
			continue;
		}
		const size_t number = (size_t)(mark[1] - '0');
		if (number == PARAMETER_IDS && db->nids)
			put_ids(db);
		else
			put_plain(db, &with->values[number - 1]);
		assert(number >= 1 && (number <= with->width || number == PARAMETER_IDS));
		text = mark + 2;
	}
}

/* Running */

static void lend_row(MYSQL_RES *result, const MYSQL_FIELD *fields, MYSQL_ROW row, row_fn *fn, void *ctx)
{
	struct value columns[COLUMNS_MAX];
	const unsigned n = mysql_num_fields(result);
	const unsigned long *lengths = mysql_fetch_lengths(result);
	assert(n <= COLUMNS_MAX);
	for (unsigned i = 0; i < n; i++) {
		const enum enum_field_types type = fields[i].type;
		const bool is_number = IS_NUM(type) && type != MYSQL_TYPE_TIMESTAMP;
		/* Texts that are binary in name only; JSON is in MySQL. */
		const bool is_text = type == MYSQL_TYPE_DATETIME || type == MYSQL_TYPE_TIMESTAMP ||
		    type == MYSQL_TYPE_JSON;
		columns[i] = (struct value){ .kind = !row[i] ? VALUE_NULL : is_number ? VALUE_NUMBER
		    : fields[i].charsetnr == CHARSET_BINARY && !is_text ? VALUE_OCTETS : VALUE_TEXT };
		if (!row[i])
			continue;
		columns[i].number = is_number ? strtoll(row[i], NULL, 10) : 0;
		columns[i].at = row[i];
		columns[i].len = lengths[i];
	}
	fn(ctx, columns, n);
}

/* Rows that an UPDATE found, changed or not; else those that were written. */
static size_t rows_written(MYSQL *conn)
{
	const char *info = mysql_info(conn);
	if (info && strncmp(info, "Rows matched: ", 14) == 0)
		return (size_t)strtoull(info + 14, NULL, 10);
	const my_ulonglong n = mysql_affected_rows(conn);
	return n == (my_ulonglong)-1 ? 0 : (size_t)n;
}

/* Does a statement write into a table of the gateway's? Into temporary ones is no matter. */
static bool is_for_good(const char *text)
{
	return strncmp(text, "UPDATE", 6) == 0 || (strstr(text, "smsqld_") == NULL &&
	    (strncmp(text, "INSERT", 6) == 0 || strncmp(text, "DELETE", 6) == 0)) ||
	    strncmp(text, "DELETE s FROM", 13) == 0;
}

struct answers { row_fn *row; void *ctx; size_t changed; };

/* Sends the text, and reads the answers to all that is in it. `parts`: what its statements
 * are, or NULL, when nobody counts. */
static enum db_result send_text(struct db *db, const char *const *parts, struct answers *answers,
    const char *doing, struct db_error *err)
{
	if (db->packet_max && db->used >= db->packet_max) {
		snprintf(err->text, sizeof err->text, "%s: %zu octets are more than the server takes: raise "
		    "max_allowed_packet", doing, db->used);
		if (db->open && mysql_query(db->conn, "ROLLBACK") == 0)
			drain(db->conn);
		db->open = false;
		return DB_REFUSED;
	}
	if (mysql_real_query(db->conn, db->text, db->used) != 0)
		return fail(db, doing, err);
	for (size_t i = 0;; i++) {
		MYSQL_RES *result = mysql_store_result(db->conn);
		if (!result && mysql_errno(db->conn))
			return fail(db, doing, err);
		if (!result && parts && is_for_good(parts[i]))
			answers->changed += rows_written(db->conn);
		for (MYSQL_ROW row; result && answers->row && (row = mysql_fetch_row(result)); )
			lend_row(result, mysql_fetch_fields(result), row, answers->row, answers->ctx);
		mysql_free_result(result);
		const int next = mysql_next_result(db->conn);
		if (next > 0)
			return fail(db, doing, err);
		if (next < 0)
			return DB_OK;
	}
}

static enum db_result command(struct db *db, const char *text, struct answers *answers,
    const char *doing, struct db_error *err)
{
	struct answers none = { 0 };
	db->used = 0;
	put_word(db, text);
	return send_text(db, NULL, answers ? answers : &none, doing, err);
}

static enum db_result mysql_transact(struct db *db, enum edge edge, struct db_error *err)
{
	static const char *const words[] = { [EDGE_BEGIN] = "START TRANSACTION", [EDGE_COMMIT] = "COMMIT",
		[EDGE_ROLLBACK] = "ROLLBACK" };
	const enum db_result result = command(db, words[edge], NULL, words[edge], err);
	db->open = result == DB_OK && edge == EDGE_BEGIN;
	return result;
}

/* The end of a statement of several, after its semicolon or at the end of all. */
static const char *end_of(const char *text)
{
	const char *end = strstr(text, ";\n");
	return end ? end + 2 : text + strlen(text);
}

static void keep_id(struct db *db, int64_t id)
{
	if (db->nids == db->ids_room) {
		db->ids_room = db->ids_room ? 2 * db->ids_room : 256;
		db->ids = realloc(db->ids, db->ids_room * sizeof *db->ids);
		if (!db->ids)
			abort();
	}
	db->ids[db->nids++] = id;
}

/* What a claim learns: when it is, and from when on priorities have rows that are due; "": this has none. */
struct due { char now[TIME_MAX], first[LEVELS][TIME_MAX]; };

static void copy_time(char *out, const struct value *time)
{
	snprintf(out, TIME_MAX, "%.*s", (int)time->len, (const char *)time->at);
}

static void see_due(void *ctx, const struct value *columns, size_t n)
{
	struct due *due = ctx;
	const int64_t level = n > 2 ? columns[1].number : LEVELS;
	copy_time(due->now, &columns[0]);
	if (level >= 0 && level < LEVELS)
		copy_time(due->first[level], &columns[2]);
}

struct found { struct db *db; row_fn *row; void *ctx; };

static void see_found(void *ctx, const struct value *columns, size_t n)
{
	struct found *found = ctx;
	keep_id(found->db, columns[0].number);
	if (found->row)
		found->row(found->ctx, columns, n);
}

/* Parameters of a claim's steps, in statements.sql ?1 to ?8. */
enum { OWNER, TOKEN, LANE, MAX, FROM, NOW, IDS, LEVEL, STEP_WIDTH };

static struct value text_of(const char *text)
{
	return (struct value){ .kind = VALUE_TEXT, .at = text, .len = strlen(text) };
}

static struct value number_of(int64_t number)
{
	return (struct value){ .kind = VALUE_NUMBER, .number = number };
}

/* The nth of the floors, which are text between commas. */
static struct value floor_of(const char *floors, int n)
{
	for (; n > 0 && floors; n--)
		floors = (floors = strchr(floors, ',')) ? floors + 1 : NULL;
	return floors && *floors && *floors != ',' ? number_of(strtoll(floors, NULL, 10))
	    : (struct value){ .kind = VALUE_NULL };
}

static void put_step(struct db *db, const char *text, const char *end, const struct value with[STEP_WIDTH])
{
	put_statement(db, text, (size_t)(end - text), &(struct parameters){ with, STEP_WIDTH, 1 });
}

static enum db_result look_what_is_due(struct db *db, enum statement which, const char *floors,
    struct value with[STEP_WIDTH], struct due *due, struct db_error *err)
{
	const char *probe = mysql_statements[which], *end = end_of(probe) - strlen(";\n");
	struct answers learnt = { see_due, due, 0 };
	db->used = 0;
	for (int level = 0; level < LEVELS; level++) {
		put_word(db, level ? " UNION ALL " : "");
		with[LEVEL] = number_of(level);
		with[FROM] = floor_of(floors, level);
		put_step(db, probe, end, with);
	}
	return send_text(db, NULL, &learnt, statement_names[which], err);
}

/* The rows of the priorities that have some, locked, and then taken. */
static enum db_result take_due(struct db *db, enum statement which, struct value with[STEP_WIDTH],
    const struct due *due, struct answers *answers, struct db_error *err)
{
	const char *pick = end_of(mysql_statements[which]), *take = end_of(pick);
	const int64_t max = with[MAX].number;
	struct found found = { db, answers->row, answers->ctx };
	struct answers picked = { see_found, &found, 0 };
	enum db_result result = DB_OK;
	with[NOW] = text_of(due->now);
	for (int level = 0; level < LEVELS && result == DB_OK; level++) {
		with[MAX] = number_of(max - (int64_t)db->nids);
		if (!*due->first[level] || with[MAX].number <= 0)
			continue;
		with[LEVEL] = number_of(level);
		with[FROM] = text_of(due->first[level]);
		db->used = 0;
		put_step(db, pick, take, with);
		result = send_text(db, NULL, &picked, statement_names[which], err);
	}
	if (result != DB_OK || db->nids == 0)
		return result;
	db->used = 0;
	put_step(db, take, take + strlen(take), with);
	return send_text(db, &take, answers, statement_names[which], err);
}

static enum db_result claim(struct db *db, enum statement which, const struct value *values,
    struct answers *answers, struct db_error *err)
{
	const char *floors = which == STATEMENT_CLAIM ? values[FROM].at : NULL;
	struct value with[STEP_WIDTH] = { values[OWNER], values[TOKEN], values[LANE], values[MAX] };
	struct due due = { 0 };
	db->nids = 0;
	enum db_result result = look_what_is_due(db, which, floors, with, &due, err);
	if (result != DB_OK || !*due.now)
		return result;
	const bool own = !db->open;
	if (own)
		result = mysql_transact(db, EDGE_BEGIN, err);
	if (result == DB_OK)
		result = take_due(db, which, with, &due, answers, err);
	/* Whoever ignores our locks took some first: then none of them is ours to send. */
	if (result == DB_OK && answers->changed != db->nids) {
		snprintf(err->text, sizeof err->text, "%s: rows that were locked have been taken by another",
		    statement_names[which]);
		struct db_error ignored;
		result = mysql_transact(db, EDGE_ROLLBACK, &ignored) == DB_OK ? DB_AGAIN : DB_LOST;
	}
	if (result == DB_OK && own)
		result = mysql_transact(db, EDGE_COMMIT, err);
	return result;
}

/* A statement of one, or of several that travel together. */
static enum db_result run_all(struct db *db, enum statement which, const struct parameters *with,
    struct answers *answers, struct db_error *err)
{
	enum { PIECES_MAX = 8 };
	const char *pieces[PIECES_MAX], *text = mysql_statements[which];
	size_t n = 0;
	db->used = db->nids = 0;
	const bool own = !db->open && *end_of(text);
	if (own) {
		put_word(db, "START TRANSACTION;");
		pieces[n++] = "START";
	}
	for (const char *end; *text; text = end) {
		end = end_of(text);
		assert(n < PIECES_MAX - 1);
		pieces[n++] = text;
		put_statement(db, text, (size_t)(end - text), with);
	}
	if (own) {
		put_word(db, ";COMMIT");
		pieces[n++] = "COMMIT";
	}
	db->open = db->open || own;
	/* A procedure answers more often than once. */
	const bool calls = strncmp(mysql_statements[which], "CALL", 4) == 0;
	const enum db_result result = send_text(db, calls ? NULL : pieces, answers, statement_names[which], err);
	if (result == DB_OK && own)
		db->open = false;
	return result;
}

static enum db_result mysql_run(struct db *db, enum statement which, const struct value *values,
    size_t width, size_t rows, row_fn *row, void *ctx, size_t *changed, struct db_error *err)
{
	assert(statement_shapes[which] == MANY || rows == 1);
	if (changed)
		*changed = 0;
	if (rows == 0)
		return DB_OK;
	struct answers answers = { row, ctx, 0 };
	const struct parameters with = { values, width, rows };
	const enum db_result result = which == STATEMENT_CLAIM || which == STATEMENT_CLAIM_PARKED
	    ? claim(db, which, values, &answers, err) : run_all(db, which, &with, &answers, err);
	if (changed && result == DB_OK)
		*changed = answers.changed;
	return result;
}

/* Opening and closing */

static void mysql_close_db(struct db *db)
{
	if (!db)
		return;
	if (db->conn)
		mysql_close(db->conn);
	mysql_thread_end();
	free(db->text);
	free(db->ids);
	free(db);
}

static void start_library(void)
{
	mysql_library_init(0, NULL, NULL);
}

struct server { size_t packet_max; bool read_only; };

static void see_server(void *ctx, const struct value *columns, size_t n)
{
	assert(n == 2);
	*(struct server *)ctx = (struct server){ (size_t)columns[0].number, columns[1].number != 0 };
}

static enum db_result set_up(struct db *db, struct db_error *err)
{
	struct server server = { 0 };
	struct answers learnt = { see_server, &server, 0 };
	enum db_result result = command(db, session, &learnt, "setting up the session", err);
	if (result != DB_OK)
		return result;
	db->packet_max = server.packet_max;
	if (server.read_only) {
		snprintf(err->text, sizeof err->text, "the server is read-only: is it a replica?");
		return DB_LOST;
	}
	result = command(db, causal, NULL, "setting up the session", err);
	return err->code == NO_SUCH_VARIABLE ? DB_OK : result;
}

static enum db_result connect_to(struct db *db, const struct mysql_url *url,
    const struct mysql_host *host, const char *password, struct db_error *err)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	const unsigned connect_s = url->nhosts > 1 ? CONNECT_EACH_S : CONNECT_S, answer_s = ANSWER_S;
	pthread_once(&once, start_library);
	db->conn = mysql_init(NULL);
	if (!db->conn)
		abort();
	mysql_options(db->conn, MYSQL_OPT_CONNECT_TIMEOUT, &connect_s);
	mysql_options(db->conn, MYSQL_OPT_READ_TIMEOUT, &answer_s);
	mysql_options(db->conn, MYSQL_OPT_WRITE_TIMEOUT, &answer_s);
	mysql_options(db->conn, MYSQL_SET_CHARSET_NAME, "utf8mb4");
	mysql_url_secure(db->conn, url);
	if (!mysql_real_connect(db->conn, host->name, url->user, *password ? password : url->password,
	    url->database, host->port, url->socket, CLIENT_MULTI_STATEMENTS)) {
		enum db_result result = fail(db, "connecting", err);
		/* Nothing was asked yet. And what the library lacks, it will lack. */
		return err->code == 2059 || err->code == 2054 || err->code == 2026 ? DB_BROKEN
		    : result == DB_AGAIN ? DB_LOST : result;
	}
	return set_up(db, err);
}

/* Adds what a host has said to what others said. */
static void add_words(struct db_error *err, const struct mysql_url *url, const struct mysql_host *host,
    const struct db_error *said)
{
	const size_t used = strlen(err->text);
	err->code = said->code;
	if (url->nhosts == 1)
		*err = *said;
	else
		snprintf(err->text + used, sizeof err->text - used, "%s%s:%u %.*s", used ? "; " : "", host->name,
		    host->port ? host->port : MYSQL_PORT, (int)(sizeof err->text / url->nhosts), said->text);
}

static enum db_result mysql_open(struct db **opened, const char *url, const char *password,
    struct db_error *err)
{
	struct mysql_url parsed;
	*opened = NULL;
	*err = (struct db_error){ 0 };
	if (!mysql_url_read(&parsed, url, err->text, sizeof err->text))
		return DB_BROKEN;
	/* The first that is there, and takes what is written. One that may yet be found is not broken. */
	enum db_result verdict = DB_BROKEN;
	for (size_t i = 0; i < parsed.nhosts; i++) {
		struct db *db = calloc(1, sizeof *db);
		if (!db)
			abort();
		struct db_error said = { 0 };
		const enum db_result result = connect_to(db, &parsed, &parsed.hosts[i], password, &said);
		if (result == DB_OK) {
			*err = (struct db_error){ 0 };
			*opened = db;
			return DB_OK;
		}
		mysql_close_db(db);
		add_words(err, &parsed, &parsed.hosts[i], &said);
		if (result != DB_BROKEN)
			verdict = DB_LOST;
	}
	return verdict;
}

/* Scripts */

enum { NAMES_MAX = 16, NAME_MAX_OCTETS = 64 };

struct names { size_t n; char at[NAMES_MAX][NAME_MAX_OCTETS]; };

static void see_name(void *ctx, const struct value *columns, size_t n)
{
	struct names *names = ctx;
	if (n == 1 && names->n < NAMES_MAX)
		snprintf(names->at[names->n++], NAME_MAX_OCTETS, "%.*s", (int)columns[0].len,
		    (const char *)columns[0].at);
}

static enum db_result tables(struct db *db, struct names *names, struct db_error *err)
{
	return mysql_run(db, STATEMENT_TABLES, NULL, 0, 1, see_name, names, NULL, err);
}

static bool has_name(const struct names *names, const char *name)
{
	for (size_t i = 0; i < names->n; i++)
		if (strcmp(names->at[i], name) == 0)
			return true;
	return false;
}

static void see_number(void *ctx, const struct value *columns, size_t n)
{
	(void)n;
	*(int64_t *)ctx = columns[0].number;
}

/* Drops the tables of ours that were not there before. */
static void undo(struct db *db, const struct names *before)
{
	struct names after = { 0 };
	struct db_error ignored;
	if (tables(db, &after, &ignored) != DB_OK)
		return;
	for (size_t i = 0; i < after.n; i++) {
		char drop[NAME_MAX_OCTETS + 16];
		snprintf(drop, sizeof drop, "DROP TABLE `%s`", after.at[i]);
		if (!has_name(before, after.at[i]))
			(void)command(db, drop, NULL, "undoing", &ignored);
	}
}

/* One at a time, since another's tables would look like those to be undone. */
static enum db_result mysql_script(struct db *db, const char *text, struct db_error *err)
{
	struct names before = { 0 };
	struct db_error ignored;
	int64_t locked = 0;
	struct answers lock = { see_number, &locked, 0 };
	enum db_result result = command(db, "SELECT GET_LOCK(left(concat('smsqld ', DATABASE()), 64), 20)",
	    &lock, "locking", err);
	if (result == DB_OK && !locked) {
		snprintf(err->text, sizeof err->text, "script: another one is running");
		return DB_AGAIN;
	}
	if (result == DB_OK)
		result = tables(db, &before, err);
	if (result == DB_OK)
		result = mysql_transact(db, EDGE_BEGIN, err);
	if (result == DB_OK)
		result = command(db, text, NULL, "script", err);
	if (result == DB_OK)
		result = mysql_transact(db, EDGE_COMMIT, err);
	else
		undo(db, &before);
	(void)command(db, "DO RELEASE_LOCK(left(concat('smsqld ', DATABASE()), 64))", NULL, "unlocking",
	    &ignored);
	return result;
}

static const char *const schemes[] = { "mysql", "mariadb", NULL };

/* Version 3 is the first one here. */
static const char *const upgrades[SCHEMA_VERSION + 1] = { [4] = mysql_upgrade_4 };

const struct engine mysql_engine = {
	.schemes = schemes,
	.connections = 2,
	.schema = mysql_schema,
	.partitioned = mysql_partitioned,
	.upgrades = upgrades,
	.open = mysql_open,
	.close = mysql_close_db,
	.transact = mysql_transact,
	.run = mysql_run,
	.script = mysql_script,
};
