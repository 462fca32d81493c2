/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pgsql.c - PostgreSQL by libpq.
 *
 * Statements are prepared when they are first needed, and their parameter types
 * learnt from the server: bigint, text, bytea, and arrays of them. Everything
 * travels in binary, so nothing is printed or parsed on the way; a statement
 * of shape MANY gets each parameter as one array over all rows, which makes
 * any number of rows one round trip.
 *
 * No answer is waited for longer than ANSWER_MS: the server gives up a statement before that, so
 * one that is silent for longer is frozen or cut off, and the connection is given up (DB_LOST).
 */
#include "engine.h"

#include "pgsql_wait.h"

#include <libpq-fe.h>

#include <assert.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	PARAMETERS_MAX = 24,
	COLUMNS_MAX = 32,
	/* pg_type.dat: stable since the types exist */
	OID_BYTEA = 17, OID_INT8 = 20, OID_INT2 = 21, OID_INT4 = 23, OID_TEXT = 25,
	OID_BYTEAS = 1001, OID_TEXTS = 1009, OID_INT8S = 1016,
	BINARY = 1,
	ANSWER_MS = 70000,              /* more than statement_timeout */
};

extern const char pgsql_schema[], pgsql_partitioned[], pgsql_upgrade_2[], pgsql_upgrade_3[],
	pgsql_upgrade_4[];
extern const char *const pgsql_statements[STATEMENT_COUNT];

struct prepared { bool known; unsigned width; Oid types[PARAMETERS_MAX]; };

struct db {
	PGconn *conn;
	bool late;                      /* an answer has not come in time: it is to be closed */
	struct prepared prepared[STATEMENT_COUNT];
	uint8_t *buffer;                /* parameters of the statement under way */
	size_t used, room;
};

/* Nothing here is left to what the server or the role are set to. A gateway that is frozen or cut off
 * in the middle of a transaction keeps others waiting for five seconds. */
static const char session[] =
    "SET timezone = 'UTC'; SET datestyle = 'ISO, YMD'; SET standard_conforming_strings = on;"
    "SET default_transaction_isolation = 'read committed'; SET synchronous_commit = on;"
    "SET statement_timeout = '60s'; SET lock_timeout = '20s';"
    "SET idle_in_transaction_session_timeout = '5s';"
    "SET enable_indexscan = on; SET enable_nestloop = on; SET enable_sort = on;"
    "SET enable_seqscan = off; SET enable_hashjoin = off; SET enable_mergejoin = off;"
    "SET enable_bitmapscan = off; SET jit = off; SET plan_cache_mode = force_generic_plan";

/* The SQLSTATE decides; without one it is the connection. */
static enum db_result judge(const char *state, bool alive)
{
	if (!alive || !state || strncmp(state, "08", 2) == 0 || strncmp(state, "57P0", 4) == 0 ||
	    strcmp(state, "25P03") == 0)
		return DB_LOST;
	if (strcmp(state, "40001") == 0 || strcmp(state, "40P01") == 0 ||
	    strcmp(state, "55P03") == 0 || strcmp(state, "57014") == 0 || strncmp(state, "53", 2) == 0 ||
	    strncmp(state, "58", 2) == 0)
		return DB_AGAIN;
	if (strcmp(state, "25006") == 0)
		return DB_LOST;         /* read only: a standby; reconnecting may find the primary */
	/* The statement was prepared for columns that have changed since, or is not
	 * there any more: a new connection prepares it anew. */
	if (strcmp(state, "0A000") == 0 || strcmp(state, "26000") == 0)
		return DB_LOST;
	if (strncmp(state, "22", 2) == 0 || strncmp(state, "23", 2) == 0)
		return DB_REFUSED;
	return DB_BROKEN;
}

static const char *remedy(const char *state)
{
	static const struct { const char *state, *text; } remedies[] = {
		{ "42P01", ": run smsqlctl init" },
		{ "42703", ": the tables are of another version than this program" },
		{ "42501", ": GRANT SELECT, INSERT, UPDATE on smsqld's tables and USAGE on their "
		    "sequences to this role" },
		{ "53100", ": the server's disk is full: free space there" },
		{ "28P01", ": check the user and its password" },
		{ "28000", ": check the user, and pg_hba.conf of the server" },
		{ "3D000", ": create the database, or correct the url" },
	};
	for (size_t i = 0; state && i < sizeof remedies / sizeof *remedies; i++)
		if (strcmp(remedies[i].state, state) == 0)
			return remedies[i].text;
	return "";
}

/* An SQLSTATE as a number: its five characters, base 36. NULL: 0. */
static int code_of(const char *state)
{
	int code = 0;
	for (; state && *state; state++)
		code = code * 36 + (*state <= '9' ? *state - '0' : *state - 'A' + 10);
	return code;
}

/* One line of what the server said. */
static void copy_words(char *out, size_t room, const char *words)
{
	size_t n = 0;
	for (; *words && n < room - 1; words++)
		if ((unsigned char)*words > ' ' || (n && out[n - 1] != ' '))
			out[n++] = (unsigned char)*words > ' ' ? *words : ' ';
	while (n && out[n - 1] == ' ')
		n--;
	out[n] = '\0';
}

static PGresult *answer_to(struct db *db, int sent)
{
	return pgsql_wait(db->conn, sent, ANSWER_MS, &db->late);
}

static enum db_result fail(struct db *db, PGresult *answer, const char *doing, struct db_error *err)
{
	const char *state = answer ? PQresultErrorField(answer, PG_DIAG_SQLSTATE) : NULL;
	const char *words = answer ? PQresultErrorField(answer, PG_DIAG_MESSAGE_PRIMARY) : NULL;
	char line[160];
	copy_words(line, sizeof line, words ? words : PQerrorMessage(db->conn));
	if (db->late)
		snprintf(line, sizeof line, "the server has not answered for %d s: is it frozen, or cut off?",
		    ANSWER_MS / 1000);
	snprintf(err->text, sizeof err->text, "%s: %s%s%s%s%s", doing, line, state ? " (" : "",
	    state ? state : "", state ? ")" : "", remedy(state));
	err->code = code_of(state);
	const enum db_result result = judge(state, !db->late && PQstatus(db->conn) == CONNECTION_OK);
	PQclear(answer);
	if (result != DB_LOST && PQtransactionStatus(db->conn) != PQTRANS_IDLE)
		PQclear(answer_to(db, PQsendQuery(db->conn, "ROLLBACK")));
	return db->late ? DB_LOST : result;
}

static enum db_result command(struct db *db, const char *text, const char *doing,
    struct db_error *err)
{
	PGresult *answer = answer_to(db, PQsendQuery(db->conn, text));
	const ExecStatusType status = PQresultStatus(answer);
	if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK)
		return fail(db, answer, doing, err);
	PQclear(answer);
	return DB_OK;
}

static void pgsql_close(struct db *db)
{
	if (!db)
		return;
	PQfinish(db->conn);
	free(db->buffer);
	free(db);
}

/* What the server says besides answers is for people at a terminal. */
static void ignore_notice(void *ctx, const PGresult *notice)
{
	(void)ctx;
	(void)notice;
}

/* Finds the last "FATAL:  28P01: words" in what was said about connecting. *words
 * is the start of the words; false when the server has said no such thing. */
static bool find_state(const char *said, char state[6], const char **words)
{
	static const char capitals[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ";
	bool found = false;
	for (const char *at = said; (at = strstr(at, ":  ")); at++) {
		if (strspn(at + 3, capitals) != 5 || strncmp(at + 8, ": ", 2) != 0)
			continue;
		memcpy(state, at + 3, 5);
		state[5] = '\0';
		*words = at + 10;
		found = true;
	}
	return found;
}

/* The client library refuses before it has asked a server: then there are only
 * its words, which are English as long as nobody has called setlocale(). */
static bool is_lasting(const char *words)
{
	static const char *const lasting[] = { "no password supplied", "invalid connection option",
		"invalid URI", "missing \"=\"", "unexpected character", "invalid port",
		"invalid integer value", "invalid sslmode", "forbidden value", "server does not support SSL",
		"certificate file", "private key file" };
	for (size_t i = 0; i < sizeof lasting / sizeof *lasting; i++)
		if (strstr(words, lasting[i]))
			return true;
	return false;
}

static enum db_result refuse_connection(const PGconn *conn, struct db_error *err)
{
	const char *said = PQerrorMessage(conn), *words;
	char state[6], line[200];
	if (!find_state(said, state, &words)) {
		copy_words(err->text, sizeof err->text, said);
		return is_lasting(said) ? DB_BROKEN : DB_LOST;
	}
	/* The line after the words tells the place in the server's source. */
	snprintf(line, sizeof line, "%.*s", (int)strcspn(words, "\n"), words);
	snprintf(err->text, sizeof err->text, "%s (%s)%s", line, state, remedy(state));
	err->code = code_of(state);
	const enum db_result result = judge(state, true);
	return result == DB_AGAIN ? DB_LOST : result;
}

/*
 * Verbose errors are the way to an SQLSTATE before there is a session, and the
 * words alone would not do: they come in the server's language. They can be
 * asked for once there is a connection object; so it begins to connect without
 * waiting, and then starts over, with the library's own timeouts and list of hosts.
 */
static PGconn *connect_to(const char *url, const char *password)
{
	/* What stands before the url is a default, which the url may change. A standby is of no use. */
	const char *const names[] = { "fallback_application_name", "connect_timeout",
		"keepalives_idle", "keepalives_interval", "keepalives_count", "tcp_user_timeout",
		"target_session_attrs", "dbname", "client_encoding", *password ? "password" : NULL, NULL };
	const char *const values[] = { "smsqld", "10", "30", "10", "3", "30000", "read-write", url, "UTF8",
		password, NULL };
	PGconn *conn = PQconnectStartParams(names, values, 1);
	if (!conn)
		abort();
	PQsetNoticeReceiver(conn, ignore_notice, NULL);
	if (PQstatus(conn) == CONNECTION_BAD)
		return conn;
	PQsetErrorVerbosity(conn, PQERRORS_VERBOSE);
	PQreset(conn);
	PQsetErrorVerbosity(conn, PQERRORS_DEFAULT);
	return conn;
}

static enum db_result pgsql_open(struct db **opened, const char *url, const char *password,
    struct db_error *err)
{
	*opened = NULL;
	*err = (struct db_error){ 0 };
	struct db *db = calloc(1, sizeof *db);
	if (!db)
		abort();
	db->conn = connect_to(url, password);
	(void)PQsetnonblocking(db->conn, 1);    /* fails where there is no connection */
	const enum db_result result = PQstatus(db->conn) != CONNECTION_OK
	    ? refuse_connection(db->conn, err) : command(db, session, "setting up the session", err);
	if (result == DB_OK)
		*opened = db;
	else
		pgsql_close(db);
	return result;
}

static enum db_result pgsql_transact(struct db *db, enum edge edge, struct db_error *err)
{
	static const char *const words[] = { [EDGE_BEGIN] = "BEGIN", [EDGE_COMMIT] = "COMMIT",
		[EDGE_ROLLBACK] = "ROLLBACK" };
	if (edge == EDGE_ROLLBACK && PQtransactionStatus(db->conn) == PQTRANS_IDLE)
		return DB_OK;
	return command(db, words[edge], words[edge], err);
}

/* Parameters: octets into the buffer. */

static uint8_t *grow(struct db *db, size_t more)
{
	if (db->used + more > db->room) {
		db->room = (db->used + more) * 2;
		db->buffer = realloc(db->buffer, db->room);
		if (!db->buffer)
			abort();
	}
	uint8_t *at = db->buffer + db->used;
	db->used += more;
	return at;
}

static void put32(struct db *db, uint32_t number)
{
	uint8_t *at = grow(db, 4);
	for (int i = 0; i < 4; i++)
		at[i] = (uint8_t)(number >> (24 - 8 * i));
}

static void put_number(struct db *db, int64_t number)
{
	uint8_t *at = grow(db, 8);
	for (int i = 0; i < 8; i++)
		at[i] = (uint8_t)((uint64_t)number >> (56 - 8 * i));
}

static void put_plain(struct db *db, const struct value *value)
{
	if (value->kind == VALUE_NUMBER)
		put_number(db, value->number);
	else if (value->len)
		memcpy(grow(db, value->len), value->at, value->len);
}

/* The binary form of a one-dimensional array: dimensions, whether there are
 * NULLs, the type of its elements, length, lower bound, and each with its length. */
static void put_array(struct db *db, Oid element, const struct value *first, size_t stride,
    size_t rows)
{
	bool nulls = false;
	for (size_t i = 0; i < rows; i++)
		nulls = nulls || first[i * stride].kind == VALUE_NULL;
	put32(db, 1);
	put32(db, nulls);
	put32(db, element);
	put32(db, (uint32_t)rows);
	put32(db, 1);
	for (size_t i = 0; i < rows; i++) {
		const struct value *value = &first[i * stride];
		if (value->kind == VALUE_NULL) {
			put32(db, UINT32_MAX);
			continue;
		}
		put32(db, value->kind == VALUE_NUMBER ? 8 : (uint32_t)value->len);
		put_plain(db, value);
	}
}

static Oid element_of(Oid array)
{
	return array == OID_INT8S ? OID_INT8 : array == OID_TEXTS ? OID_TEXT : OID_BYTEA;
}

static enum db_result prepare(struct db *db, enum statement which, struct db_error *err)
{
	struct prepared *prepared = &db->prepared[which];
	const char *name = statement_names[which];
	if (prepared->known)
		return DB_OK;
	PGresult *answer = answer_to(db, PQsendPrepare(db->conn, name, pgsql_statements[which], 0, NULL));
	if (PQresultStatus(answer) != PGRES_COMMAND_OK)
		return fail(db, answer, name, err);
	PQclear(answer);
	answer = answer_to(db, PQsendDescribePrepared(db->conn, name));
	if (PQresultStatus(answer) != PGRES_COMMAND_OK)
		return fail(db, answer, name, err);
	prepared->width = (unsigned)PQnparams(answer);
	assert(prepared->width <= PARAMETERS_MAX);
	for (unsigned i = 0; i < prepared->width; i++)
		prepared->types[i] = PQparamtype(answer, (int)i);
	PQclear(answer);
	prepared->known = true;
	return DB_OK;
}

static PGresult *execute(struct db *db, enum statement which, const struct value *values,
    size_t width, size_t rows)
{
	const struct prepared *prepared = &db->prepared[which];
	size_t begins[PARAMETERS_MAX];
	const char *at[PARAMETERS_MAX];
	int lengths[PARAMETERS_MAX], formats[PARAMETERS_MAX];
	assert(width == prepared->width);
	db->used = 0;
	for (size_t i = 0; i < width; i++) {
		begins[i] = db->used;
		if (statement_shapes[which] == MANY)
			put_array(db, element_of(prepared->types[i]), values + i, width, rows);
		else
			put_plain(db, &values[i]);
		lengths[i] = (int)(db->used - begins[i]);
		formats[i] = BINARY;
	}
	grow(db, 1);                    /* so that an empty value has an address, too */
	for (size_t i = 0; i < width; i++)
		at[i] = statement_shapes[which] == ONE && values[i].kind == VALUE_NULL ? NULL
		    : (const char *)db->buffer + begins[i];
	return answer_to(db, PQsendQueryPrepared(db->conn, statement_names[which], (int)width, at, lengths,
	    formats, BINARY));
}

static int64_t get_number(const char *at, int len)
{
	const uint8_t *octets = (const uint8_t *)at;
	uint64_t number = len && octets[0] & 0x80 ? UINT64_MAX : 0;
	for (int i = 0; i < len; i++)
		number = number << 8 | octets[i];
	return (int64_t)number;
}

static void lend_row(const PGresult *answer, int row, row_fn *fn, void *ctx)
{
	struct value columns[COLUMNS_MAX];
	const int n = PQnfields(answer);
	assert(n <= COLUMNS_MAX);
	for (int i = 0; i < n; i++) {
		struct value *value = &columns[i];
		*value = (struct value){ .kind = VALUE_NULL };
		if (PQgetisnull(answer, row, i))
			continue;
		const char *at = PQgetvalue(answer, row, i);
		const int len = PQgetlength(answer, row, i);
		const Oid type = PQftype(answer, i);
		if (type == OID_INT8 || type == OID_INT4 || type == OID_INT2) {
			value->kind = VALUE_NUMBER;
			value->number = get_number(at, len);
			continue;
		}
		value->kind = type == OID_BYTEA ? VALUE_OCTETS : VALUE_TEXT;
		value->at = at;
		value->len = (size_t)len;
	}
	fn(ctx, columns, (size_t)n);
}

static enum db_result pgsql_run(struct db *db, enum statement which, const struct value *values,
    size_t width, size_t rows, row_fn *row, void *ctx, size_t *changed, struct db_error *err)
{
	assert(statement_shapes[which] == MANY || rows == 1);
	if (changed)
		*changed = 0;
	if (rows == 0)
		return DB_OK;
	const enum db_result result = prepare(db, which, err);
	if (result != DB_OK)
		return result;
	PGresult *answer = execute(db, which, values, width, rows);
	const ExecStatusType status = PQresultStatus(answer);
	if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK)
		return fail(db, answer, statement_names[which], err);
	if (changed && strncmp(PQcmdStatus(answer), "SELECT", 6) != 0)
		*changed = (size_t)strtoull(PQcmdTuples(answer), NULL, 10);
	for (int i = 0; row && i < PQntuples(answer); i++)
		lend_row(answer, i, row, ctx);
	PQclear(answer);
	return DB_OK;
}

static enum db_result pgsql_script(struct db *db, const char *text, struct db_error *err)
{
	enum db_result result = pgsql_transact(db, EDGE_BEGIN, err);
	if (result == DB_OK)
		result = command(db, text, "script", err);
	if (result == DB_OK)
		result = pgsql_transact(db, EDGE_COMMIT, err);
	return result;
}

static const char *const schemes[] = { "postgresql", "postgres", NULL };

static const char *const upgrades[SCHEMA_VERSION + 1] = { [2] = pgsql_upgrade_2,
	[3] = pgsql_upgrade_3, [4] = pgsql_upgrade_4 };

const struct engine pgsql_engine = {
	.schemes = schemes,
	.connections = 2,
	.schema = pgsql_schema,
	.partitioned = pgsql_partitioned,
	.upgrades = upgrades,
	.open = pgsql_open,
	.close = pgsql_close,
	.transact = pgsql_transact,
	.run = pgsql_run,
	.script = pgsql_script,
};
