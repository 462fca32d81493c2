/* SPDX-License-Identifier: Apache-2.0 */
/*
 * check_conf.c - what a configuration file may say, and the line that everybody
 * gets who wrote it wrong. Files are written into a folder of their own, which
 * is the working folder meanwhile, so that error lines begin with "c.conf:".
 */
#include "../conf/conf.h"

#include <check.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* There in a build with the address sanitizer. */
extern int __lsan_do_recoverable_leak_check(void) __attribute__((weak));

static const char *const modes[] = { "slow", "steady", "fast", NULL };

struct options {
	char *driver, *system_id, *password, *password_file;
	long window, port, timeout;
	bool tls;
	int mode;
	struct conf_list host;
};

#define AT(member) .offset = offsetof(struct options, member)

static const struct conf_key common_keys[] = {
	{ .name = "driver", .type = CONF_TEXT, AT(driver), .fallback = "smpp" },
	{ .name = "window", .type = CONF_NUMBER, AT(window), .fallback = "10", .min = 1, .max = 1000,
	  .live = true },
	{ .name = "timeout", .type = CONF_SECONDS, AT(timeout), .fallback = "0.5", .min = 0,
	  .max = 60 },
	{ .name = NULL },
};

static const struct conf_key smpp_keys[] = {
	{ .name = "host", .type = CONF_LIST, AT(host), .required = true, .help = "where to connect" },
	{ .name = "port", .type = CONF_NUMBER, AT(port) },
	{ .name = "system_id", .type = CONF_TEXT, AT(system_id) },
	{ .name = "password", .type = CONF_PASSWORD, AT(password) },
	{ .name = "password_file", .type = CONF_PASSWORD_FILE, AT(password_file) },
	{ .name = "tls", .type = CONF_SWITCH, AT(tls) },
	{ .name = "mode", .type = CONF_WORD, AT(mode), .fallback = "steady", .words = modes },
	{ .name = NULL },
};

static const struct conf_key modem_keys[] = {
	{ .name = "device", .type = CONF_TEXT, .offset = 0 },
	{ .name = "port", .type = CONF_NUMBER, .offset = 0 },
	{ .name = NULL },
};

static const struct conf_key *const gateway_tables[] = { common_keys, NULL };
static const struct conf_key *const link_tables[] = { common_keys, smpp_keys, modem_keys, NULL };
static const struct conf_key *const smpp_tables[] = { common_keys, smpp_keys, NULL };
static const struct conf_kind kinds[] = {
	{ .name = "gateway", .tables = gateway_tables },
	{ .name = "link", .titled = true, .tables = link_tables },
	{ .name = "route", .titled = true, .tables = gateway_tables },
	{ .name = NULL },
};

static char folder[] = "/tmp/check_conf.XXXXXX";

static void enter_folder(void)
{
	snprintf(folder, sizeof folder, "%s", "/tmp/check_conf.XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(folder));
	ck_assert_int_eq(chdir(folder), 0);
}

static void leave_folder(void)
{
	ck_assert_int_eq(chdir("/"), 0);
	char command[100];
	snprintf(command, sizeof command, "rm -r '%s'", folder);
	ck_assert_int_eq(system(command), 0);
}

static void write_octets(const char *name, const char *octets, size_t n, mode_t mode)
{
	FILE *file = fopen(name, "w");
	ck_assert_ptr_nonnull(file);
	ck_assert_uint_eq(fwrite(octets, 1, n, file), n);
	ck_assert_int_eq(fclose(file), 0);
	ck_assert_int_eq(chmod(name, mode), 0);
}

static void write_file(const char *name, const char *text, mode_t mode)
{
	write_octets(name, text, strlen(text), mode);
}

/* Reads c.conf and fills every link in it, as the gateway does. NULL and *err, or the conf. */
static struct conf *read_all(struct options *last, struct conf_error *err)
{
	struct conf *conf = conf_read("c.conf", kinds, err);
	bool good = conf != NULL;
	for (const struct conf_section *at = NULL; good && (at = conf_next(conf, "link", at)); ) {
		conf_clear(common_keys, last);
		conf_clear(smpp_keys, last);
		good = conf_known(at, smpp_tables, err) && conf_fill(at, common_keys, last, err) &&
		    conf_fill(at, smpp_keys, last, err);
	}
	if (good)
		return conf;
	conf_free(conf);
	return NULL;
}

static void clear(struct options *options)
{
	conf_clear(common_keys, options);
	conf_clear(smpp_keys, options);
}

static const char sample[] =
    "# a sample; \"with\" 'quotes' { and ${NO_SUCH_VARIABLE}\n"
    "gateway { window = 3 } // that was short\n"
    "/* over\n"
    "   lines */\n"
    "link \"acme\" {\n"
    "\tdriver = smpp   host = {\"a.example.net:2776\", 'b'}\n"
    "\tport = 0x0ADF  # not decimal\n"
    "\tsystem_id = \"shop ${CHECK_ID} \\\"x\\\" ${CHECK_NONE:-none}\"\n"
    "\tpassword = ${CHECK_PASSWORD}\n"
    "\ttimeout = 1.25\n"
    "\ttls = Yes\n"
    "\tmode = fast\n"
    "\tinclude(\"window.conf\")\n"
    "}\n"
    "include(\"more/links.conf\")\n"
    "route \"acme\" { window = 7 }\n";

static void write_sample(void)
{
	setenv("CHECK_ID", "{id}", 1);
	setenv("CHECK_PASSWORD", "s3 # \"cr\\et", 1);
	unsetenv("CHECK_NONE");
	write_file("c.conf", sample, 0644);
	write_file("window.conf", "# of every link\nwindow = 50\n", 0644);
	ck_assert(mkdir("more", 0755) == 0 || errno == EEXIST);
	write_file("more/links.conf", "link old { host = c password_file = \"old.pw\" }\n", 0644);
	write_file("more/old.pw", "geheim\r\nnot this\n", 0640);
}

START_TEST(a_file_is_read_with_its_lists_variables_and_includes)
{
	write_sample();
	struct conf_error err = { .text = "" };
	struct conf *conf = conf_read("c.conf", kinds, &err);
	ck_assert_msg(conf != NULL, "%s", err.text);

	const struct conf_section *gateway = conf_next(conf, "gateway", NULL);
	ck_assert_str_eq(conf_title(gateway), "");
	ck_assert_str_eq(conf_where(gateway), "c.conf:2: gateway");
	ck_assert_str_eq(conf_value(gateway, "window"), "3");
	ck_assert_ptr_null(conf_value(gateway, "driver"));
	ck_assert_ptr_null(conf_next(conf, "gateway", gateway));

	const struct conf_section *acme = conf_next(conf, "link", NULL);
	ck_assert_str_eq(conf_where(acme), "c.conf:5: link \"acme\"");
	char where[100];
	conf_where_key(acme, "port", where, sizeof where);
	ck_assert_str_eq(where, "c.conf:7: link \"acme\"");
	conf_where_key(acme, "window", where, sizeof where);
	ck_assert_str_eq(where, "window.conf:2: link \"acme\"");
	conf_where_key(acme, "password_file", where, sizeof where);
	ck_assert_str_eq(where, conf_where(acme));
	struct options options = { .port = 0 };
	ck_assert(conf_fill(acme, common_keys, &options, &err));
	ck_assert_msg(conf_fill(acme, smpp_keys, &options, &err), "%s", err.text);
	ck_assert_str_eq(options.driver, "smpp");
	ck_assert_uint_eq(options.host.n, 2);
	ck_assert_str_eq(options.host.items[0], "a.example.net:2776");
	ck_assert_str_eq(options.host.items[1], "b");
	ck_assert_int_eq(options.port, 2783);
	ck_assert_str_eq(options.system_id, "shop {id} \"x\" none");
	ck_assert_str_eq(options.password, "s3 # \"cr\\et");
	ck_assert_str_eq(options.password_file, "");
	ck_assert_int_eq(options.window, 50);
	ck_assert_int_eq(options.timeout, 1250);
	ck_assert(options.tls);
	ck_assert_int_eq(options.mode, 2);
	clear(&options);
	ck_assert_ptr_null(options.driver);
	ck_assert_uint_eq(options.host.n, 0);

	const struct conf_section *old = conf_next(conf, "link", acme);
	ck_assert_str_eq(conf_where(old), "more/links.conf:1: link \"old\"");
	ck_assert(conf_fill(old, common_keys, &options, &err));
	ck_assert_msg(conf_fill(old, smpp_keys, &options, &err), "%s", err.text);
	ck_assert_str_eq(options.password_file, "geheim");
	ck_assert_int_eq(options.window, 10);
	ck_assert_int_eq(options.timeout, 500);
	ck_assert_int_eq(options.mode, 1);
	clear(&options);
	ck_assert_ptr_null(conf_next(conf, "link", old));
	ck_assert_str_eq(conf_title(conf_next(conf, "route", NULL)), "acme");
	conf_free(conf);
}
END_TEST

START_TEST(a_section_left_out_has_its_defaults)
{
	struct options options = { .port = 7 };
	ck_assert(conf_fill(NULL, common_keys, &options, NULL));
	ck_assert_int_eq(options.window, 10);
	conf_clear(common_keys, &options);
	struct conf_error err;
	ck_assert(!conf_fill(NULL, smpp_keys, &options, &err));
	ck_assert_str_eq(err.text, "host is missing: where to connect");
	clear(&options);
}
END_TEST

/* A file, and the beginning of the line about it. */
static const struct { const char *text, *error; } wrong[] = {
	{ "link \"acme\" {\n# one\n# two\n  host = a\n  window = 5000\n}\n",
	  "c.conf:5: link \"acme\": window = 5000: must be between 1 and 1000" },
	{ "link a { host = a window = -1 }", "c.conf:1: link \"a\": window = -1: must be between 1 and 1000" },
	{ "link a { host = a window = ten }",
	  "c.conf:1: link \"a\": window = ten: must be a number between 1 and 1000" },
	{ "link a { host = a window = 99999999999999999999 }",
	  "c.conf:1: link \"a\": window = 99999999999999999999: must be between 1 and 1000" },
	{ "link a { host = a window = 5x }", "c.conf:1: link \"a\": window = 5x: must be a number" },
	{ "link a { host = a port = -5 }", "c.conf:1: link \"a\": port = -5: must be 0 or more" },
	{ "link a { host = a timeout = 61 }",
	  "c.conf:1: link \"a\": timeout = 61: must be between 0 and 60 seconds" },
	{ "link a { host = a timeout = 1.0001 }", "c.conf:1: link \"a\": timeout = 1.0001: must be a number of seconds" },
	{ "link a { host = a timeout = 99999999999999999999 }", "c.conf:1: link \"a\": timeout = 99999999999999999999: must be" },
	{ "link a { host = a timeout = \".\" }", "c.conf:1: link \"a\": timeout = .: must be a number of seconds" },
	{ "link a { host = a tls = maybe }", "c.conf:1: link \"a\": tls = maybe: must be on or off" },
	{ "link a { host = a mode = steedy }",
	  "c.conf:1: link \"a\": mode = steedy: must be slow, steady or fast; did you mean steady?" },
	{ "link a { host = a window = {1, 2} }", "c.conf:1: link \"a\": window: takes one value, not 2" },
	{ "\n\nlink a {\n\n}\n", "c.conf:3: link \"a\": host is missing: where to connect" },
	{ "link a { host = {} }", "c.conf:1: link \"a\": host is missing" },
	{ "link a { host = \"\" }", "c.conf:1: link \"a\": host: must not be empty" },
	{ "link a {\n host = a\n windwo = 5\n}\n",
	  "c.conf:3: link \"a\": there is no key \"windwo\" here: did you mean window?; "
	  "allowed: driver, window, timeout, host, port, system_id" },
	{ "link a {\n host = a\n device = x }\n",
	  "c.conf:3: link \"a\": there is no key \"device\" here" },
	{ "link a { frobnicate = 1 }", "c.conf:1: link \"a\": there is no key \"frobnicate\" here; allowed" },
	{ "link a { host = x\n host = y }", "c.conf:2: link \"a\": host is there twice; the first is at c.conf:1" },
	{ "link a { host = x }\nlink b { host = x }\nlink a { host = x }\n",
	  "c.conf:3: link \"a\" is there twice; the first is at c.conf:1: link \"a\"" },
	{ "link a { host = x }\nlink a { }\n", "c.conf:2: link \"a\" is there twice; the first is at c.conf:1" },
	{ "gateway { }\ngateway { window = 4 }\n", "c.conf:2: gateway is there twice; the first is at c.conf:1: gateway" },
	{ "gateway { }\ngateway { }\n", "c.conf:2: gateway is there twice" },
	{ "gatway { }\n", "c.conf:1: there is no section \"gatway\": did you mean gateway?; allowed: gateway, link, route" },
	{ "window = 5\n", "c.conf:1: there is no section \"window\"; allowed: gateway, link, route" },
	{ "link { host = a }", "c.conf:1: missing title for section 'link'" },
	{ "gateway x { }", "c.conf:1: missing opening brace for section 'gateway'" },
	{ "gateway {\n window 5 }", "c.conf:2: gateway: missing equal sign after option 'window'" },
	{ "gateway {\n = 5 }", "c.conf:2: gateway: unexpected token '='" },
	{ "\nlink a {\n host = a\n", "c.conf:2: the { that begins here has no }" },
	{ "gateway { }\n}\n", "c.conf:2: this } closes nothing" },
	{ "include(\"x\"\n", "c.conf:1: the ( that begins here has no )" },
	{ "link a {\n host = \"a\n window = 5 }\n", "c.conf:2: the quoted text does not end on this line" },
	{ "gateway { }\n/* what\n", "c.conf:2: the comment that begins here with /* has no */" },
	{ "link a { host = sqlite:///x }", "c.conf:1: a comment begins within a value: put the value in quotes" },
	{ "link a { host = a#b\n }", "c.conf:1: a comment begins within a value" },
	{ "link a {\n host = a\n system_id = ${CHECK_NONE}\n}",
	  "c.conf:3: ${CHECK_NONE} is not set in the environment: set it, or give a default: ${CHECK_NONE:-default}" },
	{ "link a { system_id = \"x${CHECK_NONE}\" }", "c.conf:1: ${CHECK_NONE} is not set" },
	{ "link a { system_id = \"${}\" }", "c.conf:1: a variable is written ${NAME} or ${NAME:-default}" },
	{ "link a { system_id = \"${CHECK\" }", "c.conf:1: a variable is written ${NAME} or ${NAME:-default}" },
	{ "link a { system_id = \"\\x01\" host = a }", "c.conf:1: link \"a\": system_id: the value holds a control character" },
	{ "link a { system_id = \"\\x0199999\\x02\" host = a }", "c.conf:1: link \"a\": system_id: the value holds a control character" },
	{ "link \"\\x07\" { }", "c.conf:1: the title holds a control character" },
	{ "link a { host = \"\\400\" }", "c.conf:1: link \"a\": invalid octal number '\\400'" },
	{ "\n\x01", "c.conf:2: holds the octet 0x01: this is no text file" },
	{ "\x7F" "ELF", "c.conf:1: holds the octet 0x7f: this is no text file" },
	{ "\n\ninclude(\"none.conf\")\n", "c.conf:3: include: none.conf: No such file or directory" },
	{ "include(\"bad.conf\")\n", "bad.conf:2: link \"x\": window = 0: must be between 1 and 1000" },
	{ "\ninclude(\"c.conf\")\n", "c.conf:2: include: more than 10 files within each other" },
	{ "include()\n", "c.conf:1: include takes the name of one file" },
	{ "include(\"\")\n", "c.conf:1: include: this is no name of a file" },
	{ "link a { include(\"bad.conf\") }\n", "bad.conf:2: link \"a\": there is no key \"link\" here" },
	{ "link a|b { }", "c.conf:1: link \"a|b\": host is missing" },
	{ "link a { host = a } link|window = 5", "c.conf:1: " },
	{ "link a { host = a \"\" = 5 }", "c.conf:1: link \"a\": this cannot be understood here" },
	{ "link a { host = x }\nlink \"${CHECK_NONE:-a}\" { host = x }\n",
	  "c.conf:2: link \"a\" is there twice; the first is at c.conf:1: link \"a\"" },
	{ "{{{{{{{{{{{{{{{{{{{{{{", "c.conf:1: too many brackets within brackets" },
};

START_TEST(a_mistake_is_one_line_with_file_and_line)
{
	unsetenv("CHECK_NONE");
	write_file("bad.conf", "# included\nlink x { host = a window = 0 }\n", 0600);
	write_file("c.conf", wrong[_i].text, 0600);
	struct options options = { .port = 0 };
	struct conf_error err = { .text = "" };
	ck_assert_ptr_null(read_all(&options, &err));
	clear(&options);
	ck_assert_msg(strncmp(err.text, wrong[_i].error, strlen(wrong[_i].error)) == 0,
	    "\n%s\n  expected: %s\n  is:       %s", wrong[_i].text, wrong[_i].error, err.text);
	ck_assert_ptr_null(strchr(err.text, '\n'));
}
END_TEST

static void refused(const char *text, mode_t mode, const char *error)
{
	struct options options = { .port = 0 };
	struct conf_error err = { .text = "" };
	write_file("c.conf", text, mode);
	struct conf *conf = read_all(&options, &err);
	clear(&options);
	ck_assert_msg(!conf, "%s", text);
	ck_assert_str_eq(err.text, error);
}

static void accepted(const char *text, mode_t mode)
{
	struct options options = { .port = 0 };
	struct conf_error err = { .text = "" };
	write_file("c.conf", text, mode);
	struct conf *conf = read_all(&options, &err);
	clear(&options);
	ck_assert_msg(conf != NULL, "%s", err.text);
	conf_free(conf);
}

START_TEST(a_password_in_a_file_that_others_may_read_is_refused)
{
	setenv("CHECK_PASSWORD", "secret", 1);
	unsetenv("CHECK_NONE");
	const char plain[] = "link a { host = a password = hidden }";
	accepted(plain, 0600);
	accepted(plain, 0640);
	accepted("link a { host = a password = ${CHECK_PASSWORD} }", 0644);
	accepted("link a { host = a password = \"\" }", 0644);
	const char error[] = "c.conf:1: link \"a\": password: the password stands in a file that "
	    "others may read: chmod o-rwx c.conf, or take it from ${VARIABLE}";
	refused(plain, 0644, error);
	refused("link a { host = a password = ${CHECK_NONE:-hidden} }", 0644, error);
}
END_TEST

START_TEST(a_password_file_must_be_private_and_say_something)
{
	static const char text[] = "link a { host = a password_file = \"a.pw\" }";
#define SAYS(what) "c.conf:1: link \"a\": password_file = a.pw: " what
	refused(text, 0644, SAYS("a.pw: No such file or directory"));
	write_file("a.pw", "secret\n", 0644);
	refused(text, 0644, SAYS("others may read or write a.pw: chmod 600 a.pw"));
	chmod("a.pw", 0640);
	accepted(text, 0644);
	write_file("a.pw", "\nsecret\n", 0600);
	refused(text, 0644, SAYS("the first line of a.pw is empty: write the password there"));
	write_file("a.pw", "", 0600);
	refused(text, 0644, SAYS("the first line of a.pw is empty: write the password there"));
	write_octets("a.pw", "a\0b", 3, 0600);
	refused(text, 0644, SAYS("a.pw holds an octet 0x00: this is no text file"));
	char *large = malloc(5000);
	write_octets("a.pw", memset(large, 'a', 5000), 5000, 0600);
	free(large);
	refused(text, 0644, SAYS("a.pw: longer than 4096 octets: not the right file?"));
	unlink("a.pw");
	mkdir("a.pw", 0700);
	refused(text, 0644, SAYS("a.pw: is a directory: name a file"));
}
END_TEST

START_TEST(what_is_no_text_file_is_refused)
{
	struct conf_error err;
	ck_assert_ptr_null(conf_read("none.conf", kinds, &err));
	ck_assert_str_eq(err.text, "none.conf: No such file or directory");
	ck_assert_ptr_null(conf_read(".", kinds, &err));
	ck_assert_str_eq(err.text, ".: is a directory: name a file");
	write_octets("c.conf", "gateway {\n\0 }", 13, 0600);
	ck_assert_ptr_null(conf_read("c.conf", kinds, &err));
	ck_assert_str_eq(err.text, "c.conf:2: holds the octet 0x00: this is no text file");
	write_file("c.conf", "", 0);
	if (geteuid() == 0)             /* who may read everything */
		ck_assert_int_eq(seteuid(65534), 0);
	ck_assert_ptr_null(conf_read("c.conf", kinds, &err));
	ck_assert_int_eq(seteuid(getuid()), 0);
	ck_assert_str_eq(err.text, "c.conf: Permission denied");
}
END_TEST

START_TEST(every_beginning_of_a_file_is_read_or_refused)
{
	write_sample();
	for (size_t n = 0; n < sizeof sample; n++) {
		struct options options = { .port = 0 };
		struct conf_error err = { .text = "" };
		write_octets("c.conf", sample, n, 0600);
		struct conf *conf = read_all(&options, &err);
		ck_assert(conf || *err.text);
		clear(&options);
		conf_free(conf);
	}
}
END_TEST

START_TEST(a_file_with_any_octet_changed_is_read_or_refused)
{
	static const char changes[] = "\0\n\"'\\{}()=,+#/*$| x";
	/* With sanitizers, where each reading takes long, every seventh of them. */
	const size_t step = __lsan_do_recoverable_leak_check ? 7 : 1;
	write_sample();
	for (size_t i = 0; i < sizeof sample - 1; i++) {
		for (size_t j = i % step; j < sizeof changes - 1; j += step) {
			char text[sizeof sample];
			memcpy(text, sample, sizeof sample);
			text[i] = changes[j];
			write_octets("c.conf", text, sizeof sample - 1, 0600);
			struct options options = { .port = 0 };
			struct conf_error err = { .text = "" };
			struct conf *conf = read_all(&options, &err);
			ck_assert(conf || *err.text);
			clear(&options);
			conf_free(conf);
		}
	}
}
END_TEST

START_TEST(a_file_after_a_broken_one_is_read_as_ever)
{
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
		write_file("bad.conf", "# included\nlink x { host = \"\\999 }\n", 0600);
		write_file("c.conf", wrong[i].text, 0600);
		conf_free(conf_read("c.conf", kinds, NULL));
		accepted("# one\nlink a { host = {a, b} }\n", 0600);
	}
}
END_TEST

START_TEST(two_readings_differ_where_a_key_differs)
{
	struct { const char *text; bool live, fixed; } cases[] = {
		{ "link a { host = a }", true, true },
		{ "link a { host = a window = 11 }", false, true },
		{ "link a { host = a timeout = 1 }", true, false },
		{ "link a { host = {a, b} }", true, false },
		{ "link a { host = b }", true, false },
		{ "link a { host = a tls = on }", true, false },
		{ "link a { host = a mode = slow }", true, false },
		{ "link a { host = a password = x }", true, false },
	};
	struct options first = { .port = 0 };
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct options other = { .port = 0 };
		write_file("c.conf", cases[i].text, 0600);
		conf_free(read_all(i ? &other : &first, NULL));
		const struct options *now = i ? &other : &first;
		ck_assert_int_eq(conf_same(common_keys, &first, now, true), cases[i].live);
		ck_assert_int_eq(conf_same(common_keys, &first, now, false) &&
		    conf_same(smpp_keys, &first, now, false), cases[i].fixed);
		clear(&other);
	}
	clear(&first);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("conf");
	TCase *tests = tcase_create("conf");
	tcase_set_timeout(tests, 300);  /* a file read for each of its octets, under sanitizers */
	tcase_add_checked_fixture(tests, enter_folder, leave_folder);
	tcase_add_test(tests, a_file_is_read_with_its_lists_variables_and_includes);
	tcase_add_test(tests, a_section_left_out_has_its_defaults);
	tcase_add_loop_test(tests, a_mistake_is_one_line_with_file_and_line, 0,
	    (int)(sizeof wrong / sizeof *wrong));
	tcase_add_test(tests, a_password_in_a_file_that_others_may_read_is_refused);
	tcase_add_test(tests, a_password_file_must_be_private_and_say_something);
	tcase_add_test(tests, what_is_no_text_file_is_refused);
	tcase_add_test(tests, every_beginning_of_a_file_is_read_or_refused);
	tcase_add_test(tests, a_file_with_any_octet_changed_is_read_or_refused);
	tcase_add_test(tests, a_file_after_a_broken_one_is_read_as_ever);
	tcase_add_test(tests, two_readings_differ_where_a_key_differs);
	suite_add_tcase(suite, tests);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? 1 : 0;
}
