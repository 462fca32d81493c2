/* SPDX-License-Identifier: Apache-2.0 */
/* check_modem_port.c - how a modem's line is opened, kept and lost, and the words when it is not. */
#include "../drivers/modem.h"
#include "../drivers/modem_port.h"
#include "../drivers/modem_trouble.h"
#include "../gateway/clock.h"
#include "run_suite.h"

#include <event2/event.h>

#include <check.h>

#include <errno.h>
#include <fcntl.h>
#include <pty.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

enum { PATIENCE_S = 5 };

static struct world {
	struct event_base *base;
	struct port *port;
	int near, far;
	char path[64], why[TROUBLE_MAX], octets[256];
	unsigned opened, closed;
	size_t noctets;
	bool free_in_octets;
} world;

static void stop(void)
{
	event_base_loopbreak(world.base);
}

static void on_opened(void *ctx)
{
	(void)ctx;
	world.opened++;
	stop();
}

static void on_octets(void *ctx, const uint8_t *at, size_t len)
{
	(void)ctx;
	ck_assert_uint_lt(world.noctets + len, sizeof world.octets);
	memcpy(world.octets + world.noctets, at, len);
	world.noctets += len;
	if (world.free_in_octets) {
		port_free(world.port);
		world.port = NULL;
		ck_assert_uint_eq(at[0], (uint8_t)world.octets[0]); /* lent until we return */
	}
	stop();
}

static void on_closed(void *ctx, const char *why)
{
	(void)ctx;
	world.closed++;
	snprintf(world.why, sizeof world.why, "%s", why);
	stop();
}

static const struct port_handler handler = { .opened = on_opened, .octets = on_octets, .closed = on_closed };

static void setup(void)
{
	memset(&world, 0, sizeof world);
	world.base = event_base_new();
	ck_assert_int_eq(openpty(&world.far, &world.near, world.path, NULL, NULL), 0);
	fcntl(world.far, F_SETFL, O_NONBLOCK);
}

extern int __lsan_do_recoverable_leak_check(void) __attribute__((weak));

static void teardown(void)
{
	port_free(world.port);
	if (world.near >= 0)
		close(world.near);
	if (world.far >= 0)
		close(world.far);
	for (int i = 0; i < 3; i++)
		event_base_loop(world.base, EVLOOP_NONBLOCK);
	event_base_free(world.base);
	if (__lsan_do_recoverable_leak_check)
		ck_assert_int_eq(__lsan_do_recoverable_leak_check(), 0);
}

static void open_so(struct port_settings settings)
{
	world.port = port_open(world.base, &settings, &handler);
	ck_assert_uint_eq(world.opened + world.closed, 0); /* it is told from the loop */
}

static void run(void)
{
	const struct timeval most = { .tv_sec = PATIENCE_S };
	event_base_loopexit(world.base, &most);
	event_base_dispatch(world.base);
	ck_assert_msg(!event_base_got_exit(world.base), "nothing happened within %d s", PATIENCE_S);
}

static void fails_with(const char *device, const char *words)
{
	struct port *before = world.port;
	world.opened = world.closed = 0;
	open_so((struct port_settings){ .device = device });
	run();
	ck_assert_uint_eq(world.closed, 1);
	ck_assert_msg(strstr(world.why, words), "%s", world.why);
	port_free(world.port);
	world.port = before;
}

START_TEST(a_device_that_cannot_be_used_says_why)
{
	fails_with("/dev/ttyUSB_none", "there is no /dev/ttyUSB_none: is the modem plugged in?");
	fails_with("/dev/null", "/dev/null is no terminal line");
	fails_with("/etc/passwd", "/etc/passwd is no terminal line");
	fails_with("tcp://127.0.0.1:1", "127.0.0.1:1: Connection refused");
	fails_with("tcp://127.0.0.1", "this is no host, host:port");
}
END_TEST

START_TEST(errors_of_opening_are_words_that_say_what_to_do)
{
	static const struct { int error; const char *words; } cases[] = {
		{ EACCES, "has to be in the group of the device, mostly dialout" },
		{ ENOENT, "is the modem plugged in?" }, { ENXIO, "is the modem plugged in?" },
		{ EBUSY, "in use by another program" }, { EMFILE, "cannot be opened: Too many open files" },
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		trouble_explain(world.why, "/dev/ttyUSB_none", cases[i].error);
		ck_assert_msg(strstr(world.why, cases[i].words), "%s", world.why);
		ck_assert_ptr_nonnull(strstr(world.why, "/dev/ttyUSB_none"));
	}
}
END_TEST

/* A process which has the line open; with a lock, or without. */
static pid_t holder(bool locks, const char *name)
{
	int ready[2];
	char octet = 0;
	ck_assert_int_eq(pipe(ready), 0);
	const pid_t child = fork();
	if (child == 0) {
		prctl(PR_SET_NAME, name);
		const int fd = open(world.path, O_RDWR | O_NOCTTY);
		octet = fd >= 0 && (!locks || flock(fd, LOCK_EX | LOCK_NB) == 0);
		close(world.near);
		close(world.far);
		(void)!write(ready[1], &octet, 1);
		pause();
		_exit(0);
	}
	ck_assert_int_eq(read(ready[0], &octet, 1), 1);
	ck_assert_int_eq(octet, 1);
	close(ready[0]);
	close(ready[1]);
	return child;
}

START_TEST(a_device_in_use_names_who_has_it)
{
	char words[128];
	const pid_t locker = holder(true, "gammu-smsd");
	snprintf(words, sizeof words, "is in use by gammu-smsd (process %d)", (int)locker);
	fails_with(world.path, words);
	kill(locker, SIGKILL);
	waitpid(locker, NULL, 0);
	close(world.near);
	world.near = -1;
	ck_assert(!trouble_is_shared(world.why, world.path));
	/* It has no lock. TIOCEXCL would keep us out, if we were not root. */
	const pid_t manager = holder(false, "ModemManager");
	snprintf(words, sizeof words, "ModemManager (process %d); a udev rule with ENV{ID_MM_DEVICE_IGNORE}=\"1\"",
	    (int)manager);
	trouble_explain(world.why, world.path, EBUSY);
	ck_assert_msg(strstr(world.why, words), "%s", world.why);
	ck_assert(trouble_is_shared(world.why, world.path));
	ck_assert_msg(strstr(world.why, words), "%s", world.why);
	kill(manager, SIGKILL);
	waitpid(manager, NULL, 0);
}
END_TEST

static void write_file(const char *folder, const char *name, const char *text)
{
	char path[128];
	snprintf(path, sizeof path, "%s/%s", folder, name);
	FILE *file = fopen(path, "w");
	ck_assert_ptr_nonnull(file);
	fprintf(file, "%s\n", text);
	fclose(file);
}

START_TEST(a_stick_without_a_serial_line_is_named)
{
	static const struct { const char *vendor, *product, *words; } cases[] = {
		{ "12d1", "14dc", "HiLink" }, { "12d1", "1f01", "usb_modeswitch" }, { "19d2", "1405", "ZTE" },
		{ "12d1", "1001", NULL }, { "1d6b", "14dc", NULL },
	};
	char devices[] = "/tmp/check_modem_port.XXXXXX", device[64], path[96];
	ck_assert_ptr_nonnull(mkdtemp(devices));
	ck_assert_ptr_null(trouble_stick(devices));
	snprintf(device, sizeof device, "%s/1-1", devices);
	ck_assert_int_eq(mkdir(device, 0700), 0);
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		write_file(device, "idVendor", cases[i].vendor);
		write_file(device, "idProduct", cases[i].product);
		const char *what = trouble_stick(devices);
		ck_assert(cases[i].words ? what && strstr(what, cases[i].words) : !what);
	}
	snprintf(path, sizeof path, "%s/idVendor", device);
	unlink(path);
	snprintf(path, sizeof path, "%s/idProduct", device);
	unlink(path);
	rmdir(device);
	rmdir(devices);
}
END_TEST

START_TEST(a_device_of_another_link_says_so_until_that_is_closed)
{
	open_so((struct port_settings){ .device = world.path });
	run();
	fails_with(world.path, "in use by another link of this gateway");
	port_free(world.port);
	world.opened = world.closed = 0;
	open_so((struct port_settings){ .device = world.path }); /* in the same turn */
	run();
	ck_assert_uint_eq(world.opened, 1);
}
END_TEST

START_TEST(a_lock_file_of_a_living_program_is_respected)
{
	char file[128], words[64];
	const char *name = strrchr(world.path, '/') + 1;
	snprintf(file, sizeof file, "/run/lock/LCK..%s", name);
	FILE *lock = fopen(file, "w");
	if (!lock)
		return;                     /* nobody may write there */
	const pid_t parent = getppid();
	fprintf(lock, "%10d\n", (int)parent);
	fclose(lock);
	snprintf(words, sizeof words, "(process %d)", (int)parent);
	fails_with(world.path, words);
	const pid_t dead = fork();
	if (dead == 0)
		_exit(0);
	waitpid(dead, NULL, 0);
	lock = fopen(file, "w");
	ck_assert_ptr_nonnull(lock);
	fprintf(lock, "%10d\n", (int)dead);
	fclose(lock);
	world.opened = world.closed = 0;
	open_so((struct port_settings){ .device = world.path });
	run();
	unlink(file);
	ck_assert_uint_eq(world.opened, 1);
}
END_TEST

START_TEST(a_line_is_raw_with_the_rate_and_the_handshake_of_the_options)
{
	static const struct { int flow; bool hangs_up, hardware, software; } cases[] = {
		{ FLOW_HARDWARE, true, true, false }, { FLOW_SOFTWARE, false, false, true },
		{ FLOW_NONE, false, false, false }, { FLOW_AUTO, false, false, false }, /* a pty has no CTS */
	};
	struct termios how;
	open_so((struct port_settings){ .device = world.path, .baud = 19200, .flow = cases[_i].flow,
		.hangs_up = cases[_i].hangs_up });
	ck_assert_int_eq(tcgetattr(world.near, &how), 0);
	ck_assert(cfgetispeed(&how) == B19200 && cfgetospeed(&how) == B19200);
	ck_assert_uint_eq(how.c_lflag & (ICANON | ECHO | ISIG), 0);
	ck_assert_uint_eq(how.c_oflag & OPOST, 0);
	ck_assert_uint_eq(how.c_iflag & (ICRNL | INLCR | ISTRIP), 0);
	ck_assert_uint_eq(how.c_cflag & (CSIZE | PARENB | CSTOPB | CLOCAL | CREAD), CS8 | CLOCAL | CREAD);
	ck_assert(!(how.c_cflag & CRTSCTS) == !cases[_i].hardware);
	ck_assert(!(how.c_iflag & (IXON | IXOFF)) == !cases[_i].software);
	ck_assert(!(how.c_cflag & HUPCL) == !cases[_i].hangs_up);
	run();
	ck_assert(port_set_rate(world.port, 460800));
	ck_assert(!port_set_rate(world.port, 4711));
	tcgetattr(world.near, &how);
	ck_assert(cfgetospeed(&how) == B460800);
}
END_TEST

START_TEST(a_rate_that_no_line_has_says_so)
{
	open_so((struct port_settings){ .device = world.path, .baud = 4711 });
	run();
	ck_assert_str_eq(world.why, "4711 is no rate of a serial line");
}
END_TEST

START_TEST(octets_go_both_ways_and_are_counted)
{
	char heard[16] = "";
	ck_assert_int_eq(write(world.far, "old", 3), 3); /* of before it was ours */
	open_so((struct port_settings){ .device = world.path });
	run();
	ck_assert_uint_eq(world.opened, 1);
	while (read(world.far, heard, sizeof heard) > 0)
		continue;                   /* its echo */
	port_write(world.port, "AT\r", 3);
	ck_assert_uint_eq(port_written(world.port), 3);
	ck_assert_uint_eq(port_unsent(world.port), 3); /* they leave in a later turn */
	ck_assert_int_eq(read(world.far, heard, sizeof heard), -1);
	event_base_loop(world.base, EVLOOP_NONBLOCK);
	ck_assert_uint_eq(port_unsent(world.port), 0);
	ck_assert_int_eq(read(world.far, heard, sizeof heard), 3);
	ck_assert_mem_eq(heard, "AT\r", 3);
	ck_assert_int_eq(write(world.far, "\r\nOK\0\xff", 6), 6);
	run();
	ck_assert_mem_eq(world.octets, "\r\nOK\0\xff", 6);
	ck_assert_uint_eq(world.noctets, 6);
}
END_TEST

START_TEST(an_unplugged_line_is_closed_at_once_and_remembers_what_never_left)
{
	static char much[1 << 20];
	open_so((struct port_settings){ .device = world.path });
	run();
	close(world.near);
	world.near = -1;
	port_write(world.port, much, sizeof much);
	event_base_loop(world.base, EVLOOP_NONBLOCK);
	close(world.far);
	world.far = -1;
	run();
	ck_assert_uint_eq(world.closed, 1);
	ck_assert_msg(strstr(world.why, "unplugged: ") || strstr(world.why, "hung up"), "%s", world.why);
	ck_assert_uint_eq(port_written(world.port), sizeof much);
	ck_assert_uint_gt(port_unsent(world.port), 0);
	event_base_loop(world.base, EVLOOP_NONBLOCK);
	ck_assert_int_ne(access(world.path, F_OK), 0); /* nobody keeps its name busy */
	port_write(world.port, "AT\r", 3); /* goes nowhere */
	ck_assert_uint_eq(port_written(world.port), sizeof much);
}
END_TEST

START_TEST(a_line_that_is_gone_before_it_was_told_open_is_told_once)
{
	open_so((struct port_settings){ .device = world.path });
	close(world.near);
	close(world.far);
	world.near = world.far = -1;
	run();
	if (!world.closed)
		run();
	for (int i = 0; i < 3; i++)
		event_base_loop(world.base, EVLOOP_NONBLOCK);
	ck_assert_uint_eq(world.closed, 1);
	ck_assert_msg(*world.why, "it says nothing");
}
END_TEST

START_TEST(a_port_may_be_freed_from_inside_its_callback)
{
	world.free_in_octets = true;
	open_so((struct port_settings){ .device = world.path });
	run();
	ck_assert_int_eq(write(world.far, "RING", 4), 4);
	run();
	ck_assert_ptr_null(world.port);
	ck_assert_uint_eq(world.closed, 0);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("modem_port");
	TCase *tests = tcase_create("modem_port");
	tcase_add_checked_fixture(tests, setup, teardown);
	tcase_add_test(tests, a_device_that_cannot_be_used_says_why);
	tcase_add_test(tests, errors_of_opening_are_words_that_say_what_to_do);
	tcase_add_test(tests, a_device_in_use_names_who_has_it);
	tcase_add_test(tests, a_stick_without_a_serial_line_is_named);
	tcase_add_test(tests, a_device_of_another_link_says_so_until_that_is_closed);
	tcase_add_test(tests, a_lock_file_of_a_living_program_is_respected);
	tcase_add_loop_test(tests, a_line_is_raw_with_the_rate_and_the_handshake_of_the_options, 0, 4);
	tcase_add_test(tests, a_rate_that_no_line_has_says_so);
	tcase_add_test(tests, octets_go_both_ways_and_are_counted);
	tcase_add_test(tests, an_unplugged_line_is_closed_at_once_and_remembers_what_never_left);
	tcase_add_test(tests, a_line_that_is_gone_before_it_was_told_open_is_told_once);
	tcase_add_test(tests, a_port_may_be_freed_from_inside_its_callback);
	suite_add_tcase(suite, tests);
	return run_suite(suite) != 0;
}
