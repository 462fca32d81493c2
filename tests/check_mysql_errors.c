/* SPDX-License-Identifier: Apache-2.0 */
/*
 * check_mysql_errors.c - which errors of MariaDB and MySQL are waited out, which need a new
 * connection, which are the fault of a value, and which need somebody. Needs no server.
 */
#include "../sql/mysql_errors.h"

#include <check.h>

#include <string.h>

static const struct { int code; const char *state; enum db_result result; const char *remedy; } cases[] = {
	/* A disk that is full, in the words of its several layers. */
	{ 1021, "HY000", DB_AGAIN, "the server's disk is full: free space there" },
	{ 1114, "HY000", DB_AGAIN, "is the server's disk full?" },
	{ 1030, "HY000", DB_AGAIN, "is the server's disk full" },
	{ 1026, "HY000", DB_AGAIN, "is the server's disk full" },
	{ 1180, "HY000", DB_LOST, "is the server's disk full" },
	{ 3, "HY000", DB_AGAIN, "is the server's disk full" },
	/* Others had a lock, or were preferred. */
	{ 1205, "HY000", DB_AGAIN, "" }, { 1213, "40001", DB_AGAIN, "" }, { 1969, "70100", DB_AGAIN, "" },
	/* The server is away, or is none to write to. */
	{ 2002, "HY000", DB_LOST, "" }, { 2006, "HY000", DB_LOST, "" }, { 2013, "HY000", DB_LOST, "" },
	{ 1053, "08S01", DB_LOST, "" }, { 1047, "08S01", DB_LOST, "" }, { 1040, "08004", DB_LOST, "max_connections" },
	{ 1290, "HY000", DB_LOST, "read-only" },
	/* A value. */
	{ 1406, "22001", DB_REFUSED, "" }, { 1366, "22007", DB_REFUSED, "" }, { 1062, "23000", DB_REFUSED, "" },
	{ 1153, "08S01", DB_REFUSED, "max_allowed_packet" }, { 2020, "HY000", DB_REFUSED, "" },
	/* Somebody must act. */
	{ 1045, "28000", DB_BROKEN, "password" }, { 1146, "42S02", DB_BROKEN, "smsqlctl init" },
	{ 1142, "42000", DB_BROKEN, "GRANT" }, { 1064, "42000", DB_BROKEN, "" },
};

START_TEST(each_error_is_what_it_means)
{
	const char *text = NULL;
	ck_assert_int_eq(mysql_judge(cases[_i].code, cases[_i].state, &text), cases[_i].result);
	ck_assert_msg(strstr(text, cases[_i].remedy), "%d: %s", cases[_i].code, text);
	ck_assert(*cases[_i].remedy || !*text);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("mysql_errors");
	TCase *all = tcase_create("mysql_errors");
	suite_add_tcase(suite, all);
	tcase_add_loop_test(all, each_error_is_what_it_means, 0, sizeof cases / sizeof *cases);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
