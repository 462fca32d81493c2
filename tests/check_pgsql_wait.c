/* SPDX-License-Identifier: Apache-2.0 */
/*
 * check_pgsql_wait.c - an answer of PostgreSQL's is waited for so long and no longer, also of a
 * server that takes octets and gives none: a relay before it that is stopped.
 *
 * Needs SMSQLD_TEST_PGSQL, a URL with host and port.
 */
#include "../sql/pgsql_wait.h"

#include <check.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

enum { LONG_MS = 30000, SHORT_MS = 100, LARGE = 6 * 1000 * 1000 };

static const char *url;
static PGconn *conn;
static pid_t relay;
static bool late;

static void connect_at(const char *host, const char *port)
{
	const char *const names[] = { "dbname", "host", "port", NULL };
	const char *const values[] = { url, host, port, NULL };
	conn = PQconnectdbParams(names, values, 1);
	ck_assert_msg(PQstatus(conn) == CONNECTION_OK, "%s", PQerrorMessage(conn));
	ck_assert_int_eq(PQsetnonblocking(conn, 1), 0);
}

static void set_up(void)
{
	relay = 0;
	connect_at(NULL, NULL);
}

static void tear_down(void)
{
	PQfinish(conn);
	if (relay) {
		kill(relay, SIGKILL);
		waitpid(relay, NULL, 0);
	}
}

static void pass_on(int from, int to)
{
	char octets[65536];
	const ssize_t n = read(from, octets, sizeof octets);
	if (n <= 0 || write(to, octets, (size_t)n) != n)
		_exit(0);
}

static void relay_one(int door, uint16_t port)
{
	struct sockaddr_in server = { .sin_family = AF_INET, .sin_port = htons(port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	struct pollfd ends[2] = { { .fd = accept(door, NULL, NULL), .events = POLLIN },
		{ .fd = socket(AF_INET, SOCK_STREAM, 0), .events = POLLIN } };
	if (connect(ends[1].fd, (struct sockaddr *)&server, sizeof server) != 0)
		_exit(1);
	while (poll(ends, 2, -1) > 0)
		for (int i = 0; i < 2; i++)
			if (ends[i].revents)
				pass_on(ends[i].fd, ends[1 - i].fd);
	_exit(0);
}

/* The connection goes through a relay of one connection from now on. */
static void connect_by_relay(void)
{
	struct sockaddr_in at = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof at;
	char port[8];
	const int door = socket(AF_INET, SOCK_STREAM, 0);
	ck_assert_int_eq(bind(door, (struct sockaddr *)&at, sizeof at), 0);
	ck_assert_int_eq(listen(door, 1), 0);
	ck_assert_int_eq(getsockname(door, (struct sockaddr *)&at, &len), 0);
	const uint16_t server = (uint16_t)strtoul(PQport(conn), NULL, 10);
	relay = fork();
	if (relay == 0)
		relay_one(door, server);
	close(door);
	PQfinish(conn);
	snprintf(port, sizeof port, "%u", ntohs(at.sin_port));
	connect_at("127.0.0.1", port);
}

static PGresult *ask(const char *text, unsigned limit_ms)
{
	return pgsql_wait(conn, PQsendQuery(conn, text), limit_ms, &late);
}

static void expect_value(const char *text, const char *value)
{
	PGresult *answer = ask(text, LONG_MS);
	ck_assert(!late);
	ck_assert_msg(PQresultStatus(answer) == PGRES_TUPLES_OK, "%s", PQerrorMessage(conn));
	ck_assert_str_eq(PQgetvalue(answer, 0, 0), value);
	PQclear(answer);
}

static void expect_late(const char *text)
{
	ck_assert_ptr_null(ask(text, SHORT_MS));
	ck_assert(late);
}

/* A statement so large that no buffer on the way holds it. */
static const char *large(void)
{
	static char text[LARGE + 64];
	const int n = snprintf(text, sizeof text, "SELECT length('");
	memset(text + n, 'x', LARGE);
	memcpy(text + n + LARGE, "')", 3);
	return text;
}

START_TEST(an_answer_in_time_is_that_to_the_last_statement)
{
	char digits[16];
	expect_value("SELECT 1; SET timezone = 'UTC'; SELECT 3", "3");
	PGresult *answer = ask("SELECT 1; SELECT 1 / 0; SELECT 3", LONG_MS);
	ck_assert_str_eq(PQresultErrorField(answer, PG_DIAG_SQLSTATE), "22012");
	PQclear(answer);
	snprintf(digits, sizeof digits, "%d", LARGE);
	expect_value(large(), digits);
	answer = ask("SELECT repeat('y', 6000000)", LONG_MS);
	ck_assert_int_eq(PQgetlength(answer, 0, 0), LARGE);
	PQclear(answer);
	expect_value("SELECT 4", "4");
}
END_TEST

START_TEST(an_answer_that_takes_longer_is_late)
{
	expect_late("SELECT pg_sleep(60)");
}
END_TEST

START_TEST(a_server_that_takes_nothing_is_late)
{
	connect_by_relay();
	expect_value("SELECT 1", "1");
	kill(relay, SIGSTOP);
	expect_late(large());
}
END_TEST

START_TEST(a_server_that_says_nothing_is_late)
{
	connect_by_relay();
	kill(relay, SIGSTOP);
	expect_late("SELECT 1");
}
END_TEST

START_TEST(a_connection_that_ends_is_no_lateness)
{
	connect_by_relay();
	expect_value("SELECT 1", "1");
	kill(relay, SIGKILL);
	waitpid(relay, NULL, 0);
	relay = 0;
	PGresult *answer = ask("SELECT 1", LONG_MS);
	ck_assert(!late);
	ck_assert_int_ne(PQresultStatus(answer), PGRES_TUPLES_OK);
	ck_assert_int_eq(PQstatus(conn), CONNECTION_BAD);
	ck_assert_uint_gt(strlen(PQerrorMessage(conn)), 10);
	PQclear(answer);
	answer = ask("SELECT 1", LONG_MS);
	ck_assert(!late);
	ck_assert_int_ne(PQresultStatus(answer), PGRES_TUPLES_OK);
	PQclear(answer);
}
END_TEST

int main(void)
{
	url = getenv("SMSQLD_TEST_PGSQL");
	if (!url) {
		fprintf(stderr, "check_pgsql_wait: SMSQLD_TEST_PGSQL is not set: PostgreSQL is not tested\n");
		return getenv("SMSQLD_TEST_REQUIRE_ALL") != NULL;
	}
	const TTest *const tests[] = {
		an_answer_in_time_is_that_to_the_last_statement,
		an_answer_that_takes_longer_is_late,
		a_server_that_takes_nothing_is_late,
		a_server_that_says_nothing_is_late,
		a_connection_that_ends_is_no_lateness,
	};
	Suite *suite = suite_create("pgsql_wait");
	TCase *all = tcase_create("pgsql_wait");
	suite_add_tcase(suite, all);
	tcase_add_checked_fixture(all, set_up, tear_down);
	tcase_set_timeout(all, 60);
	for (size_t i = 0; i < sizeof tests / sizeof *tests; i++)
		tcase_add_test(all, tests[i]);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
