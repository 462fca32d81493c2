/* SPDX-License-Identifier: Apache-2.0 */
/*
 * check_modem_identify.c - `smsqlctl modem`: what it tells of a modem, and what it leaves alone. It
 * has a loop of its own and waits in it, so the simulated modem runs in another process.
 */
#include "../gateway/driver.h"
#include "sim/sim_modem.h"
#include "run_suite.h"

#include <check.h>
#include <event2/event.h>

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

extern const struct driver modem_driver;

static char folder[64], path[96];
static pid_t child;
static char *told;                      /* by the last identify() */
static size_t told_len;
static struct conf_error err;

/* What the modem saw of PINs goes into a file, for the test. */
static void on_event(void *ctx, const struct sim_modem_event *event)
{
	char where[128];
	(void)ctx;
	if (event->what != MODEM_PIN)
		return;
	snprintf(where, sizeof where, "%s/pins", folder);
	FILE *file = fopen(where, "ae");
	if (file && fprintf(file, "%s\n", event->text) > 0)
		fclose(file);
}

static void run_modem(const char *const *lines, int ready)
{
	char why[256] = "";
	const struct sim_modem_setup setup = { .path = path, .name = "m1", .tell = on_event };
	struct event_base *base = event_base_new();
	struct sim_modem *modem = base ? sim_modem_new(base, &setup, why, sizeof why) : NULL;
	bool good = modem != NULL;
	for (; good && *lines; lines++)
		good = sim_modem_script(modem, *lines, why, sizeof why);
	if (!good)
		fprintf(stderr, "%s\n", why);
	if (write(ready, good ? "+" : "-", 1) == 1 && good)
		event_base_dispatch(base);
	_exit(0);
}

/* With a script, NULL-ended. */
static void plug_in(const char *const *lines)
{
	int ready[2];
	char said = '-';
	ck_assert_int_eq(pipe(ready), 0);
	child = fork();
	ck_assert_int_ge(child, 0);
	if (child == 0)
		run_modem(lines, ready[1]);
	close(ready[1]);
	ck_assert_int_eq(read(ready[0], &said, 1), 1);
	ck_assert_int_eq(said, '+');
	close(ready[0]);
}

static void setup(void)
{
	snprintf(folder, sizeof folder, "/tmp/smsqld-identify.XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(folder));
	snprintf(path, sizeof path, "%s/modem", folder);
	setenv("STATE_DIRECTORY", folder, 1);
	err.text[0] = '\0';
}

static void teardown(void)
{
	char command[128];
	if (child) {
		kill(child, SIGKILL);
		waitpid(child, NULL, 0);
	}
	child = 0;
	free(told);
	told = NULL;
	snprintf(command, sizeof command, "rm -r %s", folder);
	ck_assert_int_eq(system(command), 0);
}

static bool identify(const char *device, const char *pin, long baud)
{
	const struct identify ask = { .device = device, .pin = pin, .baud = baud };
	free(told);
	told = NULL;
	FILE *out = open_memstream(&told, &told_len);
	ck_assert_ptr_nonnull(out);
	const bool good = modem_driver.identify(&ask, out, &err);
	fclose(out);
	return good;
}

static void tells(const char *words)
{
	ck_assert_msg(strstr(told, words) != NULL, "%s is not in:\n%s", words, told);
}

static unsigned pins(void)
{
	char where[128], line[32];
	unsigned n = 0;
	snprintf(where, sizeof where, "%s/pins", folder);
	FILE *file = fopen(where, "re");
	while (file && fgets(line, sizeof line, file))
		n++;
	if (file)
		fclose(file);
	return n;
}

START_TEST(a_modem_is_told_with_a_section_for_it)
{
	static const char *const lines[] = { "profile quectel", "set operator \"O2 - de\"", "set signal 17", NULL };
	plug_in(lines);
	ck_assert_msg(identify(path, "", 0), "%s", err.text);
	static const char *const words[] = {
		"maker      Quectel", "IMEI       356938035643809", "profile    quectel", "SIM        ready",
		"ICCID      8949020000012345678", "IMSI       262011234567890", "home network O2 - de, signal -79 dBm (good)",
		"SMSC       +491710760000", "SM 0 of ", "ME 0 of ", "AT+CNMI    (", "AT+CUSD    (0-2)", "link \"o2-de\" {", "driver = modem", NULL,
	};
	for (size_t i = 0; words[i]; i++)
		tells(words[i]);
	char device[128];
	snprintf(device, sizeof device, "device = \"%s\"", path);
	tells(device);
	ck_assert_ptr_null(strstr(told, "pin_file"));
	ck_assert_ptr_null(strstr(told, "smsc ="));
}
END_TEST

START_TEST(what_it_writes_is_a_section_that_is_read)
{
	static const char *const lines[] = { "set smsc \"\"", NULL };
	static const struct conf_key driver_key[] = { { .name = "driver", .type = CONF_TEXT }, { .name = NULL } };
	const struct conf_key *const tables[] = { modem_driver.keys, driver_key, NULL };
	const struct conf_kind kinds[] = { { "link", true, tables }, { .name = NULL } };
	char where[128];
	plug_in(lines);
	ck_assert_msg(identify(path, "", 115200), "%s", err.text);
	tells("baud = 115200");
	tells("smsc = \"+...\"");
	const char *section = strstr(told, "link \"");
	ck_assert_ptr_nonnull(section);
	snprintf(where, sizeof where, "%s/conf", folder);
	FILE *file = fopen(where, "we");
	ck_assert(file && fputs(section, file) >= 0 && fclose(file) == 0);
	struct conf *conf = conf_read(where, kinds, &err);
	ck_assert_msg(conf != NULL, "%s", err.text);
	conf_free(conf);
}
END_TEST

START_TEST(no_pin_is_entered_unless_one_is_given)
{
	static const char *const lines[] = { "set pin 1234", NULL };
	plug_in(lines);
	ck_assert_msg(identify(path, "", 0), "%s", err.text);
	tells("asks for its PIN");
	tells("pin_file = ");
	ck_assert_uint_eq(pins(), 0);
	ck_assert_msg(identify(path, "1234", 0), "%s", err.text);
	tells("SIM        ready");
	tells("IMSI       262011234567890");
	ck_assert_uint_eq(pins(), 1);
}
END_TEST

START_TEST(a_wrong_pin_is_entered_once)
{
	static const char *const lines[] = { "set pin 1234", "set tries 5", NULL };
	plug_in(lines);
	ck_assert_msg(identify(path, "9999", 0), "%s", err.text);
	tells("did not take the PIN");
	ck_assert_msg(identify(path, "9999", 0), "%s", err.text);
	tells("refused this PIN before");
	ck_assert_uint_eq(pins(), 1);
}
END_TEST

static const struct { const char *line, *words; } sims[] = {
	{ "on AT+CPIN?: cme 10", "there is none" }, { "set tries 0", "PUK" }, { "set tries 1", "1 try" },
};

START_TEST(the_state_of_the_sim_is_told_in_words)
{
	const char *const lines[] = { "set pin 1234", sims[_i].line, NULL };
	plug_in(lines);
	ck_assert_msg(identify(path, "1234", 0), "%s", err.text);
	tells(sims[_i].words);
	ck_assert_uint_eq(pins(), 0);
}
END_TEST

START_TEST(what_a_modem_lacks_is_said)
{
	static const char *const lines[] = { "on AT+CMMS=?: error", "on AT+CGSMS=?: error", "on AT+CGMR: error", NULL };
	plug_in(lines);
	ck_assert_msg(identify(path, "", 0), "%s", err.text);
	tells("AT+CMMS    not supported");
	tells("AT+CGSMS   not supported");
	tells("revision   not said");
}
END_TEST

START_TEST(a_port_without_a_modem_is_told_with_the_remedy)
{
	static const char *const lines[] = { "on AT: nothing", NULL };
	plug_in(lines);
	ck_assert(!identify(path, "", 115200));
	ck_assert_msg(strstr(err.text, path) && strstr(err.text, "AT"), "%s", err.text);
	ck_assert_uint_eq(told_len, 0);
}
END_TEST

static const struct { const char *device; long baud; const char *words; } wrong[] = {
	{ "/nonexistent/ttyUSB7", 0, "/nonexistent/ttyUSB7" }, { "/dev/null", 0, "no terminal line" },
	{ "ttyUSB0", 0, "is no path" }, { "/dev/ttyUSB0", 4711, "is no rate" }, { "tcp://127.0.0.1:1", 0, "127.0.0.1" },
};

START_TEST(what_is_no_device_is_told_in_words)
{
	ck_assert(!identify(wrong[_i].device, "", wrong[_i].baud));
	ck_assert_msg(strstr(err.text, wrong[_i].words) != NULL, "%s", err.text);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("modem_identify");
	TCase *tests = tcase_create("identify");
	tcase_set_timeout(tests, 60);
	tcase_add_checked_fixture(tests, setup, teardown);
	tcase_add_test(tests, a_modem_is_told_with_a_section_for_it);
	tcase_add_test(tests, what_it_writes_is_a_section_that_is_read);
	tcase_add_test(tests, no_pin_is_entered_unless_one_is_given);
	tcase_add_test(tests, a_wrong_pin_is_entered_once);
	tcase_add_loop_test(tests, the_state_of_the_sim_is_told_in_words, 0, sizeof sims / sizeof *sims);
	tcase_add_test(tests, what_a_modem_lacks_is_said);
	tcase_add_test(tests, a_port_without_a_modem_is_told_with_the_remedy);
	tcase_add_loop_test(tests, what_is_no_device_is_told_in_words, 0, sizeof wrong / sizeof *wrong);
	suite_add_tcase(suite, tests);
	return run_suite(suite) != 0;
}
