/* SPDX-License-Identifier: Apache-2.0 */
/* check_mysql_url.c - what a URL of a MariaDB or MySQL says, and which are none. */
#include "../sql/mysql_url.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct mysql_url url;
static char why[300];

static bool reads(const char *text)
{
	*why = '\0';
	return mysql_url_read(&url, text, why, sizeof why);
}

/* Hosts as "name:port", with spaces between. */
static const char *hosts(void)
{
	static char text[1000];
	size_t used = 0;
	for (size_t i = 0; i < url.nhosts; i++)
		used += (size_t)snprintf(text + used, sizeof text - used, "%s%s:%u", i ? " " : "",
		    url.hosts[i].name, url.hosts[i].port);
	return text;
}

START_TEST(hosts_are_read_in_their_order_each_with_its_port)
{
	static const struct { const char *text, *hosts; } table[] = {
		{ "mysql://u:p@db.example/sms", "db.example:0" },
		{ "mysql://u:p@db.example:3307/sms", "db.example:3307" },
		{ "mysql:///sms", "localhost:0" },
		{ "mysql://u@/sms?socket=/run/s", "localhost:0" },
		{ "mysql://u:p@a,b,c/sms", "a:0 b:0 c:0" },
		{ "mysql://u:p@c:1,a:65535,b/sms?tls=on", "c:1 a:65535 b:0" },
		{ "mysql://u:p@[::1]:3306,[fe80::2],10.0.0.3/sms", "::1:3306 fe80::2:0 10.0.0.3:0" },
		{ "mysql://u:p,q@r@a,b/sms", "a:0 b:0" },
		{ "mysql://a%2Cb,c/sms", "a,b:0 c:0" },
	};
	for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
		ck_assert_msg(reads(table[i].text), "%s: %s", table[i].text, why);
		ck_assert_str_eq(hosts(), table[i].hosts);
		ck_assert_str_eq(url.database, "sms");
	}
	ck_assert(reads("mysql://u:p,q@r@a,b/sms"));
	ck_assert_str_eq(url.password, "p,q@r");
}
END_TEST

START_TEST(as_many_hosts_as_there_is_room_for_and_no_more)
{
	char text[200] = "mysql://h";
	size_t full = strlen(text);
	for (int i = 1; i < MYSQL_HOSTS_MAX; i++)
		full += (size_t)snprintf(text + full, sizeof text - full, ",h");
	snprintf(text + full, sizeof text - full, "/sms");
	ck_assert(reads(text));
	ck_assert_uint_eq(url.nhosts, MYSQL_HOSTS_MAX);
	snprintf(text + full, sizeof text - full, ",h/sms");
	ck_assert(!reads(text));
}
END_TEST

START_TEST(what_is_no_url_is_refused_and_its_password_not_told)
{
	static const char *const table[] = {
		"mysql://u:secret@a,/sms", "mysql://u:secret@,a/sms", "mysql://u:secret@a,,b/sms",
		"mysql://u:secret@a:0,b/sms", "mysql://u:secret@a:65536/sms", "mysql://u:secret@a:1x,b/sms",
		"mysql://u:secret@a,b:/sms", "mysql://u:secret@[::1,b/sms", "mysql://u:secret@[::1]x,b/sms",
		"mysql://u:secret@a,b", "mysql://u:secret@a,b/", "mysql://u:secret@a,%zz/sms", "mysql:secret",
		"mysql://u:secret@a/sms?tls=maybe", "mysql://u:secret@a/sms?ca=relative",
	};
	for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
		ck_assert_msg(!reads(table[i]), "%s", table[i]);
		ck_assert_ptr_nonnull(strstr(why, "expected mysql://"));
		ck_assert_ptr_null(strstr(why, "secret"));
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("mysql_url");
	TCase *tcase = tcase_create("all");
	tcase_add_test(tcase, hosts_are_read_in_their_order_each_with_its_port);
	tcase_add_test(tcase, as_many_hosts_as_there_is_room_for_and_no_more);
	tcase_add_test(tcase, what_is_no_url_is_refused_and_its_password_not_told);
	suite_add_tcase(suite, tcase);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	const int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
