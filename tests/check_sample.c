/* SPDX-License-Identifier: Apache-2.0 */
/*
 * check_sample.c - the sample configuration and the manual know every key of every
 * table, and the sample tells the defaults that the tables have.
 *
 * A line `key = value` of the sample, with or without a #, belongs to the section
 * that began last, and in a link to its driver. In a section that is not in force itself,
 * behind a # as a whole, the keys that tell their default stand behind one more.
 */
#include "../gateway/settings.h"

#include "../gateway/driver.h"

#include <check.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { LINES_MAX = 600, TEXT_MAX = 80 };

struct line {
	bool commented;
	char kind[TEXT_MAX], driver[TEXT_MAX], key[TEXT_MAX], value[TEXT_MAX];
};

static struct line lines[LINES_MAX];
static size_t nlines;

static char *read_file(const char *path)
{
	const char *top = getenv("SMSQLD_TOP");
	char where[4096];
	snprintf(where, sizeof where, "%s/%s", top ? top : ".", path);
	FILE *file = fopen(where, "r");
	ck_assert_msg(file != NULL, "%s cannot be opened", where);
	char *text = NULL;
	size_t room = 0;
	ck_assert_int_gt(getdelim(&text, &room, '\0', file), 0);
	fclose(file);
	return text;
}

static void keep_line(const char *kind, const char *text, bool commented)
{
	struct line line = { .commented = commented };
	if (sscanf(text, " %79[a-z_] = %79[^\n]", line.key, line.value) != 2)
		return;
	ck_assert_uint_lt(nlines, LINES_MAX);
	snprintf(line.kind, sizeof line.kind, "%s", kind);
	/* driver is the first key of a link. */
	if (strcmp(line.key, "driver") == 0)
		snprintf(line.driver, sizeof line.driver, "%s", line.value);
	else if (nlines > 0 && strcmp(lines[nlines - 1].kind, kind) == 0)
		snprintf(line.driver, sizeof line.driver, "%s", lines[nlines - 1].driver);
	lines[nlines++] = line;
}

static void read_sample(void)
{
	char *text = read_file("conf/smsqld.conf"), kind[TEXT_MAX] = "";
	unsigned section = 0;           /* how many # it stands behind */
	nlines = 0;
	for (char *at = text, *end; at && *at; at = end) {
		end = strchr(at, '\n');
		if (end)
			*end++ = '\0';
		unsigned marks = 0;
		for (; *at && strchr("# \t", *at); at++)
			marks += *at == '#';
		char begins[TEXT_MAX], brace;
		if (sscanf(at, "%79[a-z] {%c", begins, &brace) >= 1 && strchr(at, '{') &&
		    !strchr(at, '=') && at[strlen(at) - 1] == '{') {
			snprintf(kind, sizeof kind, "%s", begins);
			section = marks;
		} else {
			keep_line(kind, at, marks > section);
		}
	}
	free(text);
}

/* The one that is commented, if there are two: it tells the default. */
static const struct line *line_of(const char *kind, const char *driver, const char *key)
{
	const struct line *found = NULL;
	for (size_t i = 0; i < nlines; i++)
		if (strcmp(lines[i].kind, kind) == 0 && strcmp(lines[i].key, key) == 0 &&
		    (!driver || strcmp(lines[i].driver, driver) == 0) &&
		    (!found || lines[i].commented))
			found = &lines[i];
	return found;
}

struct keys { const char *kind, *driver; const struct conf_key *keys; };

/* Every table there is. Returns how many. */
static size_t all_tables(struct keys tables[SETTINGS_DRIVERS_MAX + 4])
{
	size_t n = 0;
	tables[n++] = (struct keys){ "gateway", NULL, gateway_keys };
	tables[n++] = (struct keys){ "database", NULL, store_keys };
	tables[n++] = (struct keys){ "link", NULL, link_keys };
	tables[n++] = (struct keys){ "route", NULL, route_keys };
	for (size_t i = 0; drivers[i]; i++)
		tables[n++] = (struct keys){ "link", drivers[i]->name, drivers[i]->keys };
	return n;
}

START_TEST(the_sample_has_every_key_with_its_default)
{
	struct keys tables[SETTINGS_DRIVERS_MAX + 4];
	const size_t n = all_tables(tables);
	read_sample();
	for (size_t i = 0; i < n; i++)
		for (const struct conf_key *key = tables[i].keys; key->name; key++) {
			const struct keys *at = &tables[i];
			const struct line *line = line_of(at->kind, at->driver, key->name);
			ck_assert_msg(line != NULL, "conf/smsqld.conf: section %s, driver %s: key %s "
			    "is missing", at->kind, at->driver ? at->driver : "any", key->name);
			const char *value = strcmp(line->value, "\"\"") == 0 ? "" : line->value;
			const char *is = key->fallback ? key->fallback : "";
			ck_assert_msg(!line->commented || key->required || strcmp(value, is) == 0,
			    "conf/smsqld.conf: section %s: %s = %s, but its default is \"%s\"",
			    at->kind, key->name, line->value, is);
		}
}
END_TEST

START_TEST(the_sample_has_no_key_that_no_table_has)
{
	struct keys tables[SETTINGS_DRIVERS_MAX + 4];
	const size_t n = all_tables(tables);
	read_sample();
	for (size_t i = 0; i < nlines; i++) {
		bool known = false;
		for (size_t k = 0; k < n; k++)
			for (const struct conf_key *key = tables[k].keys; key->name; key++)
				known = known || (strcmp(tables[k].kind, lines[i].kind) == 0 &&
				    strcmp(key->name, lines[i].key) == 0 &&
				    (!tables[k].driver || strcmp(tables[k].driver, lines[i].driver) == 0));
		ck_assert_msg(known, "conf/smsqld.conf: section %s: no table has the key %s",
		    lines[i].kind, lines[i].key);
	}
}
END_TEST

START_TEST(the_sample_is_accepted)
{
	char folder[] = "/tmp/check_sample.XXXXXX";
	ck_assert_ptr_nonnull(mkdtemp(folder));
	char conf[64], password[64];
	snprintf(conf, sizeof conf, "%s/smsqld.conf", folder);
	snprintf(password, sizeof password, "%s/acme.password", folder);
	char *text = read_file("conf/smsqld.conf");
	FILE *file = fopen(conf, "w");
	ck_assert(file && fputs(text, file) >= 0 && fclose(file) == 0);
	free(text);
	umask(077);
	file = fopen(password, "w");
	ck_assert(file && fputs("secret\n", file) >= 0 && fclose(file) == 0);
	struct conf_error err = { .text = "" };
	struct settings *settings = settings_read(conf, &err);
	unlink(conf);
	unlink(password);
	rmdir(folder);
	ck_assert_msg(settings != NULL, "%s", err.text);
	ck_assert_uint_eq(settings->nlinks, 1);
	ck_assert_uint_eq(settings->nroutes, 1);
	ck_assert_str_eq(settings->gateway.name, "gw1");
	settings_free(settings);
}
END_TEST

START_TEST(the_manual_has_every_key)
{
	struct keys tables[SETTINGS_DRIVERS_MAX + 4];
	const size_t n = all_tables(tables);
	char *manual = read_file("docs/smsqld.conf.5");
	for (size_t i = 0; i < n; i++)
		for (const struct conf_key *key = tables[i].keys; key->name; key++) {
			char item[TEXT_MAX];
			snprintf(item, sizeof item, "\n.It Ic %s ", key->name);
			ck_assert_msg(strstr(manual, item) != NULL,
			    "docs/smsqld.conf.5: key %s is missing", key->name);
		}
	free(manual);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("sample");
	TCase *tests = tcase_create("sample");
	tcase_add_test(tests, the_sample_has_every_key_with_its_default);
	tcase_add_test(tests, the_sample_has_no_key_that_no_table_has);
	tcase_add_test(tests, the_sample_is_accepted);
	tcase_add_test(tests, the_manual_has_every_key);
	suite_add_tcase(suite, tests);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? 1 : 0;
}
