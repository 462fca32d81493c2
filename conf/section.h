/* SPDX-License-Identifier: Apache-2.0 */
/* section.h - what conf.c has read and fill.c turns into structs. */
#ifndef SECTION_H
#define SECTION_H

#include "conf.h"

/* One `key = value`. */
struct conf_entry {
	char *key;
	const char *path;               /* of the file that says it; of the struct conf */
	int line;
	struct conf_list values;
	bool exposed;                   /* everybody on this machine can read it in the file */
};

struct conf_section {
	const struct conf_kind *kind;
	char *title;
	char *label;                    /* link "acme" */
	char *where;                    /* smsqld.conf:12: link "acme" */
	struct conf_entry *entries;
	size_t nentries;
};

/* The entry of a key, or NULL when the section is NULL or does not say it. */
struct conf_entry *section_entry(const struct conf_section *, const char *key);

/* The name among `tables` that looks most like `name`, or NULL when none does. */
const char *nearest_key(const char *name, const struct conf_key *const *tables);
const char *nearest_word(const char *name, const char *const *words);

/* Fills in: there is no key NAME here, did you mean ...?, and what is allowed. */
void unknown_key(struct conf_error *, const char *name, const struct conf_key *const *tables);

#endif
