/* SPDX-License-Identifier: Apache-2.0 */
/*
 * conf.h - a configuration file, read into typed structs by tables of keys.
 *
 * The file is split into sections; a section holds `key = value`. What keys
 * there are, their types, ranges, defaults and help stand in tables that the
 * rooms above own; nothing in here knows what an SMS is.
 *
 * libconfuse reads the text: sections, lists, quoting, include("file"). Comments,
 * ${VAR} from the environment, types, ranges and the wording of errors are ours, so that
 * every error is one line: FILE:LINE: section: what is wrong, what is allowed.
 *
 * A struct conf never changes after conf_read(). A reload reads a new one.
 */
#ifndef CONF_H
#define CONF_H

#include <stdbool.h>
#include <stddef.h>

/* Why a call failed, one line for people, without a newline. */
struct conf_error {
	char text[1024];
};

/* Fills in err->text like snprintf. err may be NULL. Returns false, always,
 * so that a check can `return conf_fail(err, ...)`. */
bool conf_fail(struct conf_error *err, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* The type of a key, and of the member that it fills. */
enum conf_type {
	CONF_TEXT,                      /* char *, never NULL after conf_fill() */
	CONF_NUMBER,                    /* long, between min and max */
	CONF_SECONDS,                   /* long milliseconds; the file says seconds, "0.5" is allowed, min and max are seconds */
	CONF_SWITCH,                    /* bool; on/off, yes/no, true/false */
	CONF_WORD,                      /* int; one of `words`, its index */
	CONF_LIST,                      /* struct conf_list of texts; one value or {"a", "b"} */
	CONF_PASSWORD_FILE,             /* char * of the file's first line; the file may not be readable by others */
	CONF_PASSWORD,                  /* char *, and the configuration file may not be readable by others when it is given as a plain value */
};

struct conf_list {
	char **items;
	size_t n;
};

/* One key. A table of them ends with a row whose name is NULL. */
struct conf_key {
	const char *name;
	enum conf_type type;
	size_t offset;                  /* of the member in the struct that conf_fill() fills */
	const char *fallback;           /* its default as the file would say it; NULL: "" / 0 / off / empty */
	bool required;                  /* the file must say it, and not empty */
	long min, max;                  /* CONF_NUMBER and CONF_SECONDS; both 0: any that is >= 0 */
	const char *const *words;       /* CONF_WORD: NULL-ended; index is the value */
	bool live;                      /* a reload applies it without closing anything */
	const char *help;               /* one line for people */
};

/* A kind of section: its name, whether it has a title (`link "acme" {`), and
 * every table of keys that any section of the kind could use. */
struct conf_kind {
	const char *name;
	bool titled;                    /* titled kinds may occur often, titles are unique; others occur at most once */
	const struct conf_key *const *tables; /* NULL-ended; for parsing the union is allowed, conf_fill() narrows */
};

struct conf;                            /* one file that has been read, with what it includes */
struct conf_section;                    /* one section of it; lives as long as its struct conf */

/*
 * Reads the file at `path`. Its sections are those of `kinds`, which ends with
 * a row whose name is NULL and must outlive the struct conf. Returns NULL, with
 * *err filled, when the file cannot be opened, is no valid text, names a
 * section or key that no table has (with the nearest name as a hint), has two
 * sections of one title, repeats a key, or names an unset ${VAR}.
 */
struct conf *conf_read(const char *path, const struct conf_kind *kinds, struct conf_error *err);
void conf_free(struct conf *);          /* NULL is allowed */

/* The next section of that kind in the file's order; `after` NULL: the first.
 * NULL when there are no more. */
const struct conf_section *conf_next(const struct conf *, const char *kind,
    const struct conf_section *after);

const char *conf_title(const struct conf_section *);    /* "" for untitled kinds */

/* "smsqld.conf:12: link \"acme\"": where a section begins, for error lines. */
const char *conf_where(const struct conf_section *);
/* The same for a key of it, at the line that says it; that of the section when none does. */
void conf_where_key(const struct conf_section *, const char *key, char *out, size_t room);

/* The first value of a key as written, or NULL when the file does not say it.
 * For keys that decide which table applies (`driver`). */
const char *conf_value(const struct conf_section *, const char *key);

/*
 * False, with *err filled, when the section says a key that none of `tables`
 * (NULL-ended) has: the key, its line, and what is allowed there.
 */
bool conf_known(const struct conf_section *, const struct conf_key *const *tables,
    struct conf_error *err);

/*
 * Fills the struct at `into` (zeroed by the caller) from one table: every key
 * of the table gets the file's value or its default. section NULL: defaults
 * only, for a section that the file leaves out. False, with *err filled, when
 * a value has the wrong type, is out of range, or a required key is missing;
 * conf_clear() is then still to be called.
 */
bool conf_fill(const struct conf_section *, const struct conf_key *keys, void *into,
    struct conf_error *err);

/* Frees what conf_fill() allocated inside the struct and zeroes those members. */
void conf_clear(const struct conf_key *keys, void *options);

/* True when two structs filled from one table say the same in every key for
 * which key->live is `live`. What a reload asks. */
bool conf_same(const struct conf_key *keys, const void *a, const void *b, bool live);

#endif
