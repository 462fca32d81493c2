/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fill.c - entries into the members of structs, by a table of keys.
 *
 * Each type of key is a row of `types`: how a text fills the member, how the
 * member is freed, whether two of them say the same. A default is filled in the
 * same way as what the file says.
 */
#include "section.h"
#include "source.h"

#include <assert.h>
#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

enum { MS = 1000, PASSWORD_FILE_MAX = 4096, WHY_MAX = 700 };

/* What a fill function works on. */
struct job {
	const struct conf_key *key;
	const struct conf_entry *entry; /* NULL: a default is filled in */
	const struct conf_list *values; /* at least one, except for CONF_LIST */
	void *member;
	char *why;                      /* what is wrong, WHY_MAX octets */
};

static void *own(void *memory)
{
	if (!memory)
		abort();
	return memory;
}

static const char *text_of(const struct job *job)
{
	return job->values->items[0];
}

static bool wrong(const struct job *job, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
static bool wrong(const struct job *job, const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	vsnprintf(job->why, WHY_MAX, format, arguments);
	va_end(arguments);
	return false;
}

/* Numbers */

static bool has_bounds(const struct conf_key *key)
{
	return key->min != 0 || key->max != 0;
}

static bool out_of_range(const struct job *job, const char *what, const char *unit)
{
	if (!has_bounds(job->key))
		return wrong(job, "must be %s0%s or more", what, unit);
	return wrong(job, "must be %sbetween %ld and %ld%s", what, job->key->min, job->key->max,
	    unit);
}

static bool fill_number(const struct job *job)
{
	const char *text = text_of(job);
	char *end;
	errno = 0;
	long number = strtol(text, &end, strncasecmp(text, "0x", 2) == 0 ? 16 : 10);
	if (end == text || *end)
		return out_of_range(job, "a number ", "");
	if (errno || number < job->key->min || (has_bounds(job->key) && number > job->key->max))
		return out_of_range(job, "", "");
	memcpy(job->member, &number, sizeof number);
	return true;
}

/* Digits, or digits with a point and up to three more. -1: it is something else. */
static long milliseconds(const char *text)
{
	long ms = 0, unit = MS;
	bool point = false, digits = false;
	for (; *text; text++) {
		if (*text == '.' && !point && digits) {
			point = true;
			continue;
		}
		if (!isdigit((unsigned char)*text) || unit == 0 || ms > LONG_MAX / 10 - MS * 10)
			return -1;
		digits = true;
		unit = point ? unit / 10 : unit;
		ms = point ? ms + (*text - '0') * unit : ms * 10 + (*text - '0') * MS;
		if (point && unit == 0)
			return -1;
	}
	return digits ? ms : -1;
}

static bool fill_seconds(const struct job *job)
{
	long ms = milliseconds(text_of(job));
	if (ms < 0)
		return out_of_range(job, "a number of seconds, such as 30 or 0.5, ", "");
	if (ms < job->key->min * MS || (has_bounds(job->key) && ms > job->key->max * MS))
		return out_of_range(job, "", " seconds");
	memcpy(job->member, &ms, sizeof ms);
	return true;
}

static bool same_long(const void *a, const void *b)
{
	return *(const long *)a == *(const long *)b;
}

/* Words */

static bool fill_switch(const struct job *job)
{
	static const char *const words[] = { "off", "on", "no", "yes", "false", "true" };
	for (size_t i = 0; i < sizeof words / sizeof *words; i++)
		if (strcasecmp(text_of(job), words[i]) == 0) {
			*(bool *)job->member = i % 2;
			return true;
		}
	return wrong(job, "must be on or off");
}

static bool same_bool(const void *a, const void *b)
{
	return *(const bool *)a == *(const bool *)b;
}

static bool fill_word(const struct job *job)
{
	const char *const *words = job->key->words;
	char known[WHY_MAX / 2] = "";
	for (size_t i = 0, n = 0; words[i]; i++) {
		if (strcmp(text_of(job), words[i]) == 0) {
			*(int *)job->member = (int)i;
			return true;
		}
		if (n < sizeof known)
			n += (size_t)snprintf(known + n, sizeof known - n, "%s%s",
			    i == 0 ? "" : words[i + 1] ? ", " : " or ", words[i]);
	}
	const char *nearest = nearest_word(text_of(job), words);
	return wrong(job, "must be %s%s%s%s", known, nearest ? "; did you mean " : "",
	    nearest ? nearest : "", nearest ? "?" : "");
}

static bool same_int(const void *a, const void *b)
{
	return *(const int *)a == *(const int *)b;
}

/* Texts */

static bool set_text(const struct job *job, const char *text)
{
	*(char **)job->member = own(strdup(text));
	return true;
}

static bool fill_text(const struct job *job)
{
	return set_text(job, text_of(job));
}

static void clear_text(void *member)
{
	char **text = member;
	free(*text);
	*text = NULL;
}

static bool same_text(const void *a, const void *b)
{
	const char *const *one = a, *const *other = b;
	return *one && *other ? strcmp(*one, *other) == 0 : *one == *other;
}

static bool fill_list(const struct job *job)
{
	struct conf_list *list = job->member;
	list->items = own(calloc(job->values->n + 1, sizeof *list->items));
	for (size_t i = 0; i < job->values->n; i++)
		list->items[list->n++] = own(strdup(job->values->items[i]));
	return true;
}

static void clear_list(void *member)
{
	struct conf_list *list = member;
	for (size_t i = 0; i < list->n; i++)
		free(list->items[i]);
	free(list->items);
	*list = (struct conf_list){ .n = 0 };
}

static bool same_list(const void *a, const void *b)
{
	const struct conf_list *one = a, *other = b;
	if (one->n != other->n)
		return false;
	for (size_t i = 0; i < one->n; i++)
		if (strcmp(one->items[i], other->items[i]) != 0)
			return false;
	return true;
}

/* Passwords */

static bool fill_password(const struct job *job)
{
	if (job->entry && job->entry->exposed && *text_of(job))
		return wrong(job, "the password stands in a file that others may read: "
		    "chmod o-rwx %.200s, or take it from ${VARIABLE}", job->entry->path);
	return fill_text(job);
}

static bool read_password(const struct job *job, const char *path)
{
	struct conf_error inner;
	size_t len;
	unsigned mode;
	char *text = source_slurp(path, PASSWORD_FILE_MAX, &len, &mode, &inner);
	if (!text)
		return wrong(job, "%s", inner.text);
	size_t line = strcspn(text, "\r\n");
	bool good = false;
	if (mode & (S_IROTH | S_IWOTH))
		wrong(job, "others may read or write %.200s: chmod 600 %.200s", path, path);
	else if (memchr(text, '\0', len))
		wrong(job, "%.200s holds an octet 0x00: this is no text file", path);
	else if (line == 0)
		wrong(job, "the first line of %.200s is empty: write the password there", path);
	else
		good = true;
	text[line] = '\0';
	good = good && set_text(job, text);
	explicit_bzero(text, len);
	free(text);
	return good;
}

static bool fill_password_file(const struct job *job)
{
	if (!*text_of(job))
		return fill_text(job);
	char *path = source_beside(job->entry ? job->entry->path : "", text_of(job));
	bool good = read_password(job, path);
	free(path);
	return good;
}

/* Of a password that came from a file of its own this was the only copy. */
static void clear_password(void *member)
{
	char **password = member;
	if (*password)
		explicit_bzero(*password, strlen(*password));
	clear_text(member);
}

static const struct {
	bool (*fill)(const struct job *);
	void (*clear)(void *member);    /* NULL: nothing to free */
	bool (*same)(const void *a, const void *b);
	const char *fallback;           /* of keys whose table says none */
	bool secret;                    /* its value is not to be shown */
} types[] = {
	[CONF_TEXT] = { fill_text, clear_text, same_text, "", false },
	[CONF_NUMBER] = { fill_number, NULL, same_long, "0", false },
	[CONF_SECONDS] = { fill_seconds, NULL, same_long, "0", false },
	[CONF_SWITCH] = { fill_switch, NULL, same_bool, "off", false },
	[CONF_WORD] = { fill_word, NULL, same_int, NULL, false },
	[CONF_LIST] = { fill_list, clear_list, same_list, NULL, false },
	[CONF_PASSWORD_FILE] = { fill_password_file, clear_password, same_text, "", false },
	[CONF_PASSWORD] = { fill_password, clear_password, same_text, "", true },
};

static void *member_of(void *options, const struct conf_key *key)
{
	return (char *)options + key->offset;
}

/* Sections */

static bool fail_at(const struct conf_section *section, const struct conf_entry *entry,
    const char *what, struct conf_error *err)
{
	return conf_fail(err, "%.200s:%d: %.100s: %s", entry->path, entry->line, section->label,
	    what);
}

bool conf_known(const struct conf_section *section, const struct conf_key *const *tables,
    struct conf_error *err)
{
	for (size_t i = 0; i < section->nentries; i++) {
		const struct conf_entry *entry = &section->entries[i];
		bool known = false;
		for (const struct conf_key *const *table = tables; *table && !known; table++)
			for (const struct conf_key *key = *table; key->name && !known; key++)
				known = strcmp(key->name, entry->key) == 0;
		if (!known) {
			struct conf_error what;
			unknown_key(&what, entry->key, tables);
			return fail_at(section, entry, what.text, err);
		}
	}
	return true;
}

static bool fill_default(const struct conf_section *section, const struct conf_key *key,
    void *member, struct conf_error *err)
{
	if (key->required && section)
		return conf_fail(err, "%s: %s is missing: %s", section->where, key->name,
		    key->help ? key->help : "it has no default");
	if (key->required)
		return conf_fail(err, "%s is missing: %s", key->name,
		    key->help ? key->help : "it has no default");
	const char *text = key->fallback ? key->fallback : types[key->type].fallback;
	char *item = text ? own(strdup(text)) : NULL;
	struct conf_list values = { .items = &item, .n = item != NULL };
	char why[WHY_MAX];
	bool good = (!item && key->type == CONF_WORD) || types[key->type].fill(&(struct job){
	    .key = key, .values = &values, .member = member, .why = why });
	assert(good); /* else the table is wrong, not the file */
	free(item);
	return true;
}

static bool fill_entry(const struct conf_section *section, const struct conf_entry *entry,
    const struct job *job, struct conf_error *err)
{
	const struct conf_key *key = job->key;
	char what[WHY_MAX + 120];
	bool one = key->type != CONF_LIST;
	if (one && entry->values.n != 1)
		snprintf(what, sizeof what, "%s: takes one value, not %zu", key->name,
		    entry->values.n);
	else if (key->required && !*entry->values.items[0])
		snprintf(what, sizeof what, "%s: must not be empty", key->name);
	else if (types[key->type].fill(job))
		return true;
	else if (types[key->type].secret)
		snprintf(what, sizeof what, "%s: %s", key->name, job->why);
	else
		snprintf(what, sizeof what, "%s = %.60s: %s", key->name, entry->values.items[0],
		    job->why);
	return fail_at(section, entry, what, err);
}

bool conf_fill(const struct conf_section *section, const struct conf_key *keys, void *into,
    struct conf_error *err)
{
	for (const struct conf_key *key = keys; key->name; key++) {
		const struct conf_entry *entry = section_entry(section, key->name);
		char why[WHY_MAX];
		const struct job job = { .key = key, .entry = entry, .why = why,
			.values = entry ? &entry->values : NULL, .member = member_of(into, key) };
		if (entry ? !fill_entry(section, entry, &job, err)
		          : !fill_default(section, key, job.member, err))
			return false;
	}
	return true;
}

void conf_clear(const struct conf_key *keys, void *options)
{
	for (const struct conf_key *key = keys; key->name; key++)
		if (types[key->type].clear)
			types[key->type].clear(member_of(options, key));
}

bool conf_same(const struct conf_key *keys, const void *a, const void *b, bool live)
{
	for (const struct conf_key *key = keys; key->name; key++)
		if (key->live == live && !types[key->type].same((const char *)a + key->offset,
		        (const char *)b + key->offset))
			return false;
	return true;
}
