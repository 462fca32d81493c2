/* SPDX-License-Identifier: Apache-2.0 */
/* nearest.c - what somebody who wrote a wrong name may have meant. */
#include "section.h"

#include <stdio.h>
#include <string.h>

enum { NAME_MAX_LEN = 40 };

/* How many letters must be put in, taken out, changed, or swapped with their
 * neighbour to make one name of the other. */
static size_t distance(const char *a, const char *b)
{
	size_t na = strlen(a), nb = strlen(b), rows[3][NAME_MAX_LEN + 1];
	if (na > NAME_MAX_LEN || nb > NAME_MAX_LEN)
		return NAME_MAX_LEN;
	size_t *before = rows[0], *above = rows[1], *row = rows[2];
	for (size_t j = 0; j <= nb; j++)
		above[j] = before[j] = j;
	for (size_t i = 1; i <= na; i++) {
		row[0] = i;
		for (size_t j = 1; j <= nb; j++) {
			size_t least = above[j - 1] + (a[i - 1] != b[j - 1]);
			if (above[j] + 1 < least)
				least = above[j] + 1;
			if (row[j - 1] + 1 < least)
				least = row[j - 1] + 1;
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] &&
			    before[j - 2] + 1 < least)
				least = before[j - 2] + 1;
			row[j] = least;
		}
		size_t *oldest = before;
		before = above;
		above = row;
		row = oldest;
	}
	return above[nb];
}

/* Keeps in *best the candidate nearest so far. One letter in three may differ. */
static void consider(const char *name, const char *candidate, const char **best, size_t *least)
{
	size_t n = distance(name, candidate);
	if (n < *least && n <= 1 + strlen(candidate) / 3) {
		*least = n;
		*best = candidate;
	}
}

const char *nearest_key(const char *name, const struct conf_key *const *tables)
{
	const char *best = NULL;
	size_t least = NAME_MAX_LEN;
	for (; *tables; tables++)
		for (const struct conf_key *key = *tables; key->name; key++)
			consider(name, key->name, &best, &least);
	return best;
}

const char *nearest_word(const char *name, const char *const *words)
{
	const char *best = NULL;
	size_t least = NAME_MAX_LEN;
	for (; *words; words++)
		consider(name, *words, &best, &least);
	return best;
}

static bool said_before(const char *name, const struct conf_key *const *tables,
    const struct conf_key *end)
{
	for (; *tables; tables++)
		for (const struct conf_key *key = *tables; key->name; key++) {
			if (key == end)
				return false;
			if (strcmp(key->name, name) == 0)
				return true;
		}
	return false;
}

void unknown_key(struct conf_error *err, const char *name, const struct conf_key *const *tables)
{
	char allowed[sizeof err->text - 300] = "";
	size_t n = 0;
	for (const struct conf_key *const *table = tables; *table; table++)
		for (const struct conf_key *key = *table; key->name; key++) {
			if (said_before(key->name, tables, key))
				continue;
			size_t need = strlen(key->name) + 2;
			if (n + need + sizeof ", ..." > sizeof allowed) {
				snprintf(allowed + n, sizeof allowed - n, ", ...");
				goto out;
			}
			n += (size_t)snprintf(allowed + n, sizeof allowed - n, "%s%s",
			    n ? ", " : "", key->name);
		}
out:;
	const char *nearest = nearest_key(name, tables);
	conf_fail(err, "there is no key \"%.40s\" here%s%s%s; allowed: %s", name,
	    nearest ? ": did you mean " : "", nearest ? nearest : "", nearest ? "?" : "", allowed);
}
