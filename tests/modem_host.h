/* SPDX-License-Identifier: Apache-2.0 */
/* modem_host.h - a program that has a simulated modem open, and speaks to it by hand. */
#ifndef MODEM_HOST_H
#define MODEM_HOST_H

#include "modem_world.h"
#include "run_suite.h"

#include <fcntl.h>
#include <termios.h>

/* "Hello" to +46708251358, which wants a status report. */
#define HELLO "0031000B916407281553F80000AA04C8329BFD\x1A"
#define HELLO_OCTETS "18"

/* The host: what it read since it last said something is in `got`. */
static int host = -1;
static char got[65536];
static size_t ngot;

static inline void host_open(void)
{
	const unsigned before = heard_text(MODEM_STATE, "opened");
	host = open(modem_path, O_RDWR | O_NOCTTY | O_NONBLOCK);
	ck_assert_int_ge(host, 0);
	ngot = 0;
	AWAIT(heard_text(MODEM_STATE, "opened") > before);
}

static inline void host_close(void)
{
	if (host >= 0)
		close(host);
	host = -1;
}

/* Reads what is there; has that come? */
static inline bool host_got(const char *what)
{
	const ssize_t n = read(host, got + ngot, sizeof got - 1 - ngot);
	ngot += n > 0 ? (size_t)n : 0;
	got[ngot] = '\0';
	return strstr(got, what) != NULL;
}

static inline void say(const char *text)
{
	ngot = 0;
	got[0] = '\0';
	ck_assert_int_eq(write(host, text, strlen(text)), (ssize_t)strlen(text));
}

/* Says a line, and awaits an answer with this in it. */
static inline void enter(const char *line, const char *until)
{
	char text[512];
	snprintf(text, sizeof text, "%s\r", line);
	say(text);
	AWAIT(host_got(until));
}

/* The whole answer to a line. */
#define ANSWERS(line, answer) do { \
	enter(line, (answer) + (strlen(answer) > 6 ? strlen(answer) - 6 : 0)); \
	ck_assert_str_eq(got, answer); \
} while (0)
#define OK "\r\nOK\r\n"
#define IS(text) "\r\n" text "\r\n"

/* Sends that message, and awaits an answer with this in it. */
static inline void submit(const char *until)
{
	enter("AT+CMGS=" HELLO_OCTETS, "> ");
	say(HELLO);
	AWAIT(host_got(until));
}

static inline void setup(void)
{
	modem_world_setup();
	host_open();
	enter("ATE0", OK);
	enter("AT+CMEE=1", OK);
}

static inline void teardown(void)
{
	host_close();
	modem_world_teardown();
}

/* Runs these tests, each with a modem of its own; how many fail. */
static inline int modem_tests(const char *name, const TTest *const *tests, size_t n)
{
	Suite *suite = suite_create(name);
	TCase *all = tcase_create(name);
	tcase_add_checked_fixture(all, setup, teardown);
	tcase_set_timeout(all, 20);
	for (size_t i = 0; i < n; i++)
		tcase_add_test(all, tests[i]);
	suite_add_tcase(suite, all);
	return run_suite(suite);
}

#endif
