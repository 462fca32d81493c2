/* SPDX-License-Identifier: Apache-2.0 */
/*
 * check_modem_find.c - which device a link means, and at which rate it answers, with modems
 * on ptys in a folder of our own.
 *
 * A modem here answers at one rate alone, which its side of the pty can see, and has an IMEI, or is
 * silent, as a port for diagnosis.
 */
#include "../drivers/modem_find.h"
#include "../gateway/clock.h"
#include "run_suite.h"

#include <event2/event.h>

#include <check.h>

#include <fcntl.h>
#include <pty.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <termios.h>
#include <unistd.h>

enum { PATIENCE_MS = 20000, PORTS = 4 };

struct port_of_modem {
	int far, near;
	char path[64], name[128];
	const char *imei;               /* as it says it; NULL: it says nothing */
	bool says_error;                /* to AT+CGSN */
	speed_t speed;                  /* at which it answers; 0: at any */
	struct event *ear;
	char heard[4096];
	size_t nheard, seen;
	unsigned asked;                 /* AT */
	speed_t speeds[32];             /* at which it was asked */
};

static struct world {
	struct event_base *base;
	char folder[64];
	struct modem_options options;
	struct port_of_modem ports[PORTS];
	unsigned nports;
	struct find *find;
	bool told, answers, reopened;
	char device[128], why[512];
	unsigned baud;
} world;

static void answer(struct port_of_modem *port, const char *line)
{
	char text[128] = "\r\nOK\r\n";
	struct termios how;
	tcgetattr(port->far, &how);
	if (strcmp(line, "AT") == 0 && port->asked < 32)
		port->speeds[port->asked++] = cfgetospeed(&how);
	if (!port->imei || (port->speed && port->speed != cfgetospeed(&how)))
		return;
	if (strcmp(line, "AT+CGSN") == 0 && port->says_error)
		snprintf(text, sizeof text, "\r\nERROR\r\n");
	else if (strcmp(line, "AT+CGSN") == 0 || strcmp(line, "AT+GSN") == 0)
		snprintf(text, sizeof text, "%s\r\r\n^RSSI:20\r\n%s\r\n\r\nOK\r\n", line, port->imei);
	ck_assert_int_eq(write(port->far, text, strlen(text)), (ssize_t)strlen(text));
}

static void on_heard(evutil_socket_t fd, short what, void *arg)
{
	(void)what;
	struct port_of_modem *port = arg;
	const ssize_t n = read(fd, port->heard + port->nheard, sizeof port->heard - 1 - port->nheard);
	if (n <= 0)
		return;
	port->nheard += (size_t)n;
	for (char *end; (end = strchr(port->heard + port->seen, '\r'));) {
		*end = '\0';
		char *line = port->heard + port->seen;
		port->seen = (size_t)(end - port->heard) + 1;
		answer(port, line + (*line == '\x1B'));
	}
}

static void setup(void)
{
	memset(&world, 0, sizeof world);
	world.base = event_base_new();
	snprintf(world.folder, sizeof world.folder, "/tmp/check_modem_find.XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(world.folder));
}

static struct port_of_modem *plug_in(const char *name, const char *imei)
{
	struct port_of_modem *port = &world.ports[world.nports++];
	ck_assert_int_eq(openpty(&port->far, &port->near, port->path, NULL, NULL), 0);
	struct termios raw;
	tcgetattr(port->near, &raw);
	cfmakeraw(&raw);
	tcsetattr(port->near, TCSANOW, &raw);
	fcntl(port->far, F_SETFL, O_NONBLOCK);
	port->imei = imei;
	snprintf(port->name, sizeof port->name, "%s/%s", world.folder, name);
	ck_assert_int_eq(symlink(port->path, port->name), 0);
	port->ear = event_new(world.base, port->far, EV_READ | EV_PERSIST, on_heard, port);
	event_add(port->ear, NULL);
	return port;
}

extern int __lsan_do_recoverable_leak_check(void) __attribute__((weak));

static void teardown(void)
{
	find_free(world.find);
	for (unsigned i = 0; i < world.nports; i++) {
		event_free(world.ports[i].ear);
		close(world.ports[i].far);
		close(world.ports[i].near);
		unlink(world.ports[i].name);
	}
	rmdir(world.folder);
	event_base_free(world.base);
	if (__lsan_do_recoverable_leak_check)
		ck_assert_int_eq(__lsan_do_recoverable_leak_check(), 0);
}

static void on_found(void *ctx, const struct modem_found *found)
{
	ck_assert_ptr_eq(ctx, &world);
	ck_assert(!world.told);
	world.told = true;
	world.answers = found->answers;
	world.baud = found->baud;
	snprintf(world.device, sizeof world.device, "%s", found->device ? found->device : "");
	snprintf(world.why, sizeof world.why, "%s", found->why ? found->why : "");
	if (found->device && *found->device == '/') {
		const int fd = open(found->device, O_RDWR | O_NOCTTY);
		world.reopened = fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) == 0;
		close(fd);
	}
	find_free(world.find);          /* also from inside */
	world.find = NULL;
	event_base_loopbreak(world.base);
}

static void look_for(char *device)
{
	world.options.device = device;
	world.find = find_start(world.base, &world.options, world.folder, on_found, &world);
	ck_assert(!world.told);         /* it is told from the loop */
	const struct timeval most = { .tv_sec = PATIENCE_MS / 1000 };
	event_base_loopexit(world.base, &most);
	event_base_dispatch(world.base);
	ck_assert_msg(world.told, "nothing was found, and nobody was told");
}

START_TEST(a_terminal_server_stands_as_it_is)
{
	static char device[] = "tcp://terminals.example:4001";
	look_for(device);
	ck_assert_str_eq(world.device, device);
	ck_assert_uint_eq(world.baud, 0);
	ck_assert(world.answers && !*world.why);
}
END_TEST

START_TEST(a_path_with_a_rate_stands_as_it_is)
{
	static char device[] = "/dev/serial/by-id/usb-none";
	while (modem_baud(&world.options) != 9600)
		world.options.baud++;
	look_for(device);
	ck_assert_str_eq(world.device, device);
	ck_assert_uint_eq(world.baud, 9600);
	ck_assert(world.answers);
}
END_TEST

/*
 * At these rates one after the other, once or twice at each. (Twice it is, but where this process had no time for
 * so long that the next rate came: what nobody has read by then is flushed.)
 */
static void expect_asked_at(const struct port_of_modem *port, const speed_t *rates, unsigned n)
{
	unsigned rate = 0, times = 0;
	for (unsigned i = 0; i < port->asked; i++) {
		if (i && port->speeds[i] != rates[rate]) {
			rate++;
			times = 0;
		}
		ck_assert_uint_lt(rate, n);
		ck_assert_uint_eq(port->speeds[i], rates[rate]);
		ck_assert_uint_le(++times, 2);
	}
	ck_assert_uint_eq(rate + 1, n);
}

START_TEST(a_rate_is_looked_for_in_the_usual_order)
{
	static const speed_t expected[] = { B115200, B9600, B19200, B57600 };
	struct port_of_modem *port = plug_in("ttyS0", "");
	port->speed = B57600;
	look_for(port->path);
	ck_assert_str_eq(world.device, port->path);
	ck_assert_uint_eq(world.baud, 57600);
	ck_assert(world.answers && world.reopened);
	expect_asked_at(port, expected, sizeof expected / sizeof *expected);
}
END_TEST

START_TEST(a_modem_that_answers_at_once_is_asked_once)
{
	struct port_of_modem *port = plug_in("ttyS0", "");
	const uint64_t from = clock_ms();
	look_for(port->path);
	ck_assert_uint_eq(world.baud, 115200);
	ck_assert_uint_eq(port->asked, 1);
	ck_assert_uint_lt(clock_ms() - from, 600);
}
END_TEST

START_TEST(a_modem_that_answers_at_no_rate_is_there_and_mute)
{
	static const speed_t expected[] = { B115200, B9600, B19200, B57600, B38400, B230400, B460800, B4800 };
	struct port_of_modem *port = plug_in("ttyS0", NULL);
	look_for(port->path);
	ck_assert_str_eq(world.device, port->path);
	ck_assert(!world.answers && world.reopened);
	expect_asked_at(port, expected, sizeof expected / sizeof *expected);
	ck_assert_msg(strstr(world.why, "does not answer AT"), "%s", world.why);
}
END_TEST

START_TEST(a_path_that_is_not_there_says_so)
{
	static char device[] = "/dev/ttyUSB_none";
	look_for(device);
	ck_assert_str_eq(world.device, "");
	ck_assert_msg(strstr(world.why, "is the modem plugged in?"), "%s", world.why);
}
END_TEST

START_TEST(an_imei_is_looked_for_port_after_port_and_the_first_that_answers_is_it)
{
	static char device[] = "imei:357000000000017";
	struct port_of_modem *other = plug_in("ttyUSB0", "357000000000025");
	struct port_of_modem *silent = plug_in("ttyUSB1", NULL);
	struct port_of_modem *it = plug_in("ttyUSB2", _i ? "+CGSN: \"3570000000000171\"" : "357000000000017");
	struct port_of_modem *twin = plug_in("ttyUSB10", it->imei);
	it->says_error = _i;            /* it knows AT+GSN only */
	look_for(device);
	ck_assert_str_eq(world.device, it->name);
	ck_assert(world.answers && world.reopened);
	ck_assert_uint_eq(world.baud, 115200);
	ck_assert_uint_eq(other->asked, 1);
	ck_assert_uint_eq(silent->asked, 2);
	ck_assert_uint_eq(twin->nheard, 0);
}
END_TEST

START_TEST(an_imei_that_is_nowhere_says_so)
{
	static char device[] = "imei:357000000000017";
	plug_in("ttyACM0", "357000000000025");
	plug_in("ttyS7", "357000000000017"); /* no port of a modem on USB */
	look_for(device);
	ck_assert_str_eq(world.device, "");
	ck_assert_msg(strstr(world.why, "no modem with IMEI 357000000000017 at 1 ports"), "%s", world.why);
}
END_TEST

START_TEST(without_any_port_it_says_what_was_looked_for)
{
	static char device[] = "imei:357000000000017";
	look_for(device);
	ck_assert_str_eq(world.device, "");
	ck_assert_msg(strstr(world.why, "there is no port of a modem"), "%s", world.why);
}
END_TEST

static void unlock(evutil_socket_t fd, short what, void *arg)
{
	(void)fd, (void)what;
	flock(*(int *)arg, LOCK_UN);
}

START_TEST(a_port_in_use_is_asked_again_a_little_later)
{
	static char device[] = "imei:357000000000017";
	struct port_of_modem *it = plug_in("ttyUSB0", "357000000000017");
	int fd = open(it->path, O_RDWR | O_NOCTTY);
	ck_assert_int_eq(flock(fd, LOCK_EX | LOCK_NB), 0);
	struct event *timer = event_new(world.base, -1, 0, unlock, &fd);
	if (_i == 0)
		clock_ring(timer, 1000);
	look_for(device);
	ck_assert_str_eq(world.device, _i == 0 ? it->name : "");
	if (_i)
		ck_assert_msg(strstr(world.why, "in use by another link of this gateway"), "%s", world.why);
	event_free(timer);
	close(fd);
}
END_TEST

START_TEST(looking_can_be_given_up_at_any_time)
{
	static char device[] = "imei:357000000000017";
	struct port_of_modem *port = plug_in("ttyUSB0", NULL);
	world.options.device = device;
	world.find = find_start(world.base, &world.options, world.folder, on_found, &world);
	for (int i = 0; i < _i; i++)
		event_base_loop(world.base, EVLOOP_ONCE);
	find_free(world.find);
	world.find = NULL;
	for (int i = 0; i < 4; i++)
		event_base_loop(world.base, EVLOOP_NONBLOCK);
	ck_assert(!world.told);
	const int fd = open(port->path, O_RDWR | O_NOCTTY);
	ck_assert_int_eq(flock(fd, LOCK_EX | LOCK_NB), 0); /* nothing holds it */
	close(fd);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("modem_find");
	TCase *tests = tcase_create("modem_find");
	tcase_set_timeout(tests, 60);
	tcase_add_checked_fixture(tests, setup, teardown);
	tcase_add_test(tests, a_terminal_server_stands_as_it_is);
	tcase_add_test(tests, a_path_with_a_rate_stands_as_it_is);
	tcase_add_test(tests, a_rate_is_looked_for_in_the_usual_order);
	tcase_add_test(tests, a_modem_that_answers_at_once_is_asked_once);
	tcase_add_test(tests, a_modem_that_answers_at_no_rate_is_there_and_mute);
	tcase_add_test(tests, a_path_that_is_not_there_says_so);
	tcase_add_loop_test(tests, an_imei_is_looked_for_port_after_port_and_the_first_that_answers_is_it, 0, 2);
	tcase_add_test(tests, an_imei_that_is_nowhere_says_so);
	tcase_add_test(tests, without_any_port_it_says_what_was_looked_for);
	tcase_add_loop_test(tests, a_port_in_use_is_asked_again_a_little_later, 0, 2);
	tcase_add_loop_test(tests, looking_can_be_given_up_at_any_time, 0, 6);
	suite_add_tcase(suite, tests);
	return run_suite(suite) != 0;
}
