/* SPDX-License-Identifier: Apache-2.0 */
/*
 * past.h - what the last run of this gateway left behind in its journal (journal.h), as a
 * value: of which rows it had claimed which parts had left, and what was answered.
 */
#ifndef PAST_H
#define PAST_H

#include "message.h"

struct past;

/* The past may be read by several threads; the last one to let go frees it. */
struct past *past_hold(struct past *);
void past_release(struct past *);

/* The epochs of this gateway that it tells of, as many as there is room for. */
size_t past_epochs(const struct past *, int64_t *epochs, size_t room);
bool past_covers(const struct past *, int64_t epoch);
/* A link had that row. */
bool past_has(const struct past *, int64_t epoch, int64_t id);
/* The rows that were under way, in an array to free(). */
size_t past_rows(const struct past *, int64_t epoch, int64_t **ids);

/*
 * What became of a row that this epoch had claimed, and that was read from the tables anew,
 * its options too: fills in link, parts and outcome as the gateway would have. `name`: of
 * the gateway, for texts. Needs past_covers(). What it borrows lives as long as the past.
 */
void past_tell(const struct past *, int64_t epoch, const char *name, struct message *);

/* For journal_open() and the tests: reads what such a file holds. NULL: it is not to be
 * trusted, and *why says why; it is NULL when there is nothing in it. */
struct past *past_read(const void *at, size_t len, const char *name, const char *database,
    const char **why);

#endif
