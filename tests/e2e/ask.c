/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ask.c - SQL statements to a database, and their rows as text; for end-to-end cases.
 *
 *     ask URL STATEMENTS     runs them once: rows on standard output, and exit status 1 with the
 *                            reason on standard error when one fails
 *     ask FILE               runs what standard input asks for, URL NUL STATEMENTS NUL each time, and
 *                            answers with a line of 22 octets, "STATUS SIZE SIZE", followed by the
 *                            rows and by what went wrong, each of so many octets; rows of more than
 *                            4096 octets are in the file instead, as a shell reads a pipe slowly
 *
 * A case looks into its tables a hundred times, and an engine's own client takes longer to
 * start than to answer. Rows look as those clients show them: psql -At, mariadb -NBr,
 * sqlite3 -list. One connection to a server stays open, as long as the server does and
 * nobody asks for another; between two questions it holds no transaction. A file is opened
 * anew each time, as it may have become another one.
 */
#include "../../sql/mysql_url.h"

#include <libpq-fe.h>
#include <sqlite3.h>

#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>

enum { BUSY_MS = 20000, PIPED_MAX = 4096 };

/* The connection that stays open, to `url`; NULL both: none. */
struct client {
	char *url;
	PGconn *pgsql;
	MYSQL *mysql;
};

struct answer {
	FILE *rows, *why;
};

static void client_close(struct client *client)
{
	PQfinish(client->pgsql);
	if (client->mysql)
		mysql_close(client->mysql);
	free(client->url);
	*client = (struct client) { 0 };
}

/* A server that is gone has closed the connection; else nothing comes on it unasked. */
static bool broken(int fd)
{
	struct pollfd look = { .fd = fd, .events = POLLIN };
	return poll(&look, 1, 0) != 0;
}

/* PostgreSQL */

static void note_notice(void *why, const char *text) { fputs(text, why); }

static bool open_pgsql(struct client *client, const char *url, FILE *why)
{
	if (client->pgsql && strcmp(client->url, url) == 0 && !broken(PQsocket(client->pgsql)))
		return true;
	client_close(client);
	const char *const names[] = { "dbname", "options", "application_name", NULL };
	const char *const values[] = { url, "-c client_min_messages=warning", "ask", NULL };
	client->pgsql = PQconnectdbParams(names, values, 1);
	client->url = strdup(url);
	if (PQstatus(client->pgsql) == CONNECTION_OK)
		return true;
	fputs(PQerrorMessage(client->pgsql), why);
	client_close(client);
	return false;
}

static void print_pgsql(const PGresult *result, FILE *rows)
{
	for (int row = 0; row < PQntuples(result); row++)
		for (int column = 0, n = PQnfields(result); column < n; column++)
			fprintf(rows, "%s%s", PQgetvalue(result, row, column), column < n - 1 ? "|" : "\n");
}

static bool ask_pgsql(struct client *client, const char *url, const char *text, struct answer *answer)
{
	if (!open_pgsql(client, url, answer->why))
		return false;
	PQsetNoticeProcessor(client->pgsql, note_notice, answer->why);
	bool good = PQsendQuery(client->pgsql, text) == 1;
	if (!good)
		fputs(PQerrorMessage(client->pgsql), answer->why);
	for (PGresult *result; (result = PQgetResult(client->pgsql)); PQclear(result)) {
		const ExecStatusType status = PQresultStatus(result);
		if (status == PGRES_TUPLES_OK)
			print_pgsql(result, answer->rows);
		else if (status != PGRES_COMMAND_OK && status != PGRES_EMPTY_QUERY) {
			const bool copy = status != PGRES_FATAL_ERROR;
			fputs(copy ? "COPY is not for this\n" : PQresultErrorMessage(result), answer->why);
			good = false;
			if (copy || PQstatus(client->pgsql) != CONNECTION_OK) {
				PQclear(result);
				client_close(client);
				return false;
			}
		}
	}
	if (PQtransactionStatus(client->pgsql) != PQTRANS_IDLE)
		client_close(client);
	return good;
}

/* MariaDB, MySQL */

static bool complain(MYSQL *mysql, FILE *why)
{
	fprintf(why, "ERROR %u (%s): %s\n", mysql_errno(mysql), mysql_sqlstate(mysql), mysql_error(mysql));
	return false;
}

static bool open_mysql(struct client *client, const char *text, FILE *why)
{
	if (client->mysql && strcmp(client->url, text) == 0 && !broken((int)mysql_get_socket(client->mysql)))
		return true;
	client_close(client);
	struct mysql_url url;
	char reason[256];
	if (!mysql_url_read(&url, text, reason, sizeof reason)) {
		fprintf(why, "%s\n", reason);
		return false;
	}
	for (size_t i = 0; i < url.nhosts; i++) {
		client->mysql = mysql_init(NULL);
		client->url = strdup(text);
		mysql_options(client->mysql, MYSQL_SET_CHARSET_NAME, "utf8mb4");
		mysql_url_secure(client->mysql, &url);
		if (mysql_real_connect(client->mysql, url.hosts[i].name, url.user, url.password, url.database,
			url.hosts[i].port, url.socket, CLIENT_MULTI_STATEMENTS))
			return true;
		complain(client->mysql, why);
		client_close(client);
	}
	return false;
}

static void print_mysql(MYSQL_RES *result, FILE *rows)
{
	const unsigned n = mysql_num_fields(result);
	for (MYSQL_ROW row; (row = mysql_fetch_row(result));) {
		const unsigned long *sizes = mysql_fetch_lengths(result);
		for (unsigned i = 0; i < n; i++) {
			fwrite(row[i] ? row[i] : "NULL", 1, row[i] ? sizes[i] : 4, rows);
			fputc(i < n - 1 ? '\t' : '\n', rows);
		}
	}
}

static bool ask_mysql(struct client *client, const char *url, const char *text, struct answer *answer)
{
	if (!open_mysql(client, url, answer->why))
		return false;
	MYSQL *const mysql = client->mysql;
	int next = mysql_query(mysql, text) == 0 ? 0 : 1;
	while (next == 0) {
		MYSQL_RES *result = mysql_store_result(mysql);
		if (result)
			print_mysql(result, answer->rows);
		mysql_free_result(result);
		if (!result && mysql_errno(mysql) != 0)
			break;
		next = mysql_next_result(mysql);
	}
	const bool good = next == -1;
	if (!good)
		complain(mysql, answer->why);
	if (!good || (mysql->server_status & SERVER_STATUS_IN_TRANS))
		client_close(client);
	return good;
}

/* SQLite */

static bool run_sqlite(sqlite3 *db, const char *text, FILE *rows)
{
	while (*text) {
		sqlite3_stmt *statement;
		if (sqlite3_prepare_v2(db, text, -1, &statement, &text) != SQLITE_OK)
			return false;
		const int n = sqlite3_column_count(statement);
		while (statement && sqlite3_step(statement) == SQLITE_ROW)
			for (int i = 0; i < n; i++) {
				const char *value = (const char *)sqlite3_column_text(statement, i);
				fprintf(rows, "%s%s", value ? value : "", i < n - 1 ? "|" : "\n");
			}
		if (sqlite3_finalize(statement) != SQLITE_OK)
			return false;
	}
	return true;
}

static bool ask_sqlite(const char *url, const char *text, struct answer *answer)
{
	sqlite3 *db;
	bool good = sqlite3_open(url + strlen("sqlite://"), &db) == SQLITE_OK;
	if (good) {
		sqlite3_busy_timeout(db, BUSY_MS);
		good = run_sqlite(db, text, answer->rows);
	}
	if (!good)
		fprintf(answer->why, "Error: %s (%d)\n", sqlite3_errmsg(db), sqlite3_errcode(db));
	sqlite3_close(db);
	return good;
}

static bool ask(struct client *client, const char *url, const char *text, struct answer *answer)
{
	if (strncmp(url, "sqlite://", 9) == 0)
		return ask_sqlite(url, text, answer);
	const bool mysql = strncmp(url, "mysql://", 8) == 0;
	const bool good = (mysql ? ask_mysql : ask_pgsql)(client, url, text, answer);
	if (strchr(url, ','))           /* of several servers another one may serve now */
		client_close(client);
	return good;
}

/* A shell has no NUL in its variables: they are left out. */
static size_t squeeze(char *text, size_t size)
{
	size_t n = 0;
	for (size_t i = 0; i < size; i++)
		if (text[i])
			text[n++] = text[i];
	return n;
}

static void write_file(const char *name, const char *octets, size_t size)
{
	FILE *file = fopen(name, "w");
	if (!file || fwrite(octets, 1, size, file) != size || fclose(file) != 0)
		abort();
}

static void serve_one(struct client *client, const char *url, const char *text, const char *file)
{
	char *rows, *why;
	size_t nrows, nwhy;
	struct answer answer = { .rows = open_memstream(&rows, &nrows), .why = open_memstream(&why, &nwhy) };
	if (!answer.rows || !answer.why)
		abort();
	const bool good = ask(client, url, text, &answer);
	fclose(answer.rows);
	fclose(answer.why);
	nrows = squeeze(rows, nrows);
	nwhy = squeeze(why, nwhy);
	if (nrows > PIPED_MAX)
		write_file(file, rows, nrows);
	printf("%d %9zu %9zu\n", good ? 0 : 1, nrows, nwhy);
	if (nrows <= PIPED_MAX)
		fwrite(rows, 1, nrows, stdout);
	fwrite(why, 1, nwhy, stdout);
	fflush(stdout);
	free(rows);
	free(why);
}

int main(int argc, char **argv)
{
	struct client client = { 0 };
	if (argc == 3) {
		struct answer answer = { .rows = stdout, .why = stderr };
		const bool good = ask(&client, argv[1], argv[2], &answer);
		client_close(&client);
		return good ? EXIT_SUCCESS : EXIT_FAILURE;
	}
	if (argc != 2) {
		fputs("usage: ask FILE | ask URL STATEMENTS\n", stderr);
		return EXIT_FAILURE;
	}
	prctl(PR_SET_PDEATHSIG, SIGKILL);       /* the case may die before it tells us to end */
	char *url = NULL, *text = NULL;
	size_t url_room = 0, text_room = 0;
	while (getdelim(&url, &url_room, '\0', stdin) > 0 && getdelim(&text, &text_room, '\0', stdin) > 0)
		serve_one(&client, url, text, argv[1]);
	client_close(&client);
	free(url);
	free(text);
	return EXIT_SUCCESS;
}
