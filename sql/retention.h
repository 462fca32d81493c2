/* SPDX-License-Identifier: Apache-2.0 */
/*
 * retention.h - rows that ended long ago go, a few at a time.
 *
 * Blocking and single-threaded, like the engine under it: a worker of the gateway calls it once
 * in a while, `smsqlctl maintain` in a loop. What goes is decided by the statements KEEP_...
 */
#ifndef RETENTION_H
#define RETENTION_H

#include "../gateway/store.h"
#include "engine.h"
#include "partitions.h"

#include <time.h>

enum retention_table { KEPT_OUTBOX, KEPT_INBOX, KEPT_RECEIPT, KEPT_COMMAND, KEPT_USSD, KEPT_TABLES };
extern const char *const retention_tables[KEPT_TABLES];   /* their names */

/* One run over the tables. */
struct retention {
	struct keep keep;
	bool dry;                       /* counts, and deletes nothing */
	bool turn;                      /* nobody else is at it: retention_turn() said so */
	struct partitions partitions;   /* first */
	enum retention_table at;        /* looked at now; KEPT_TABLES: done */
	int64_t after;                  /* rows of it up to this id were looked at */
	size_t chunk;                   /* rows to look at next */
	size_t seen[KEPT_TABLES], gone[KEPT_TABLES];
	unsigned longest_ms;            /* the longest transaction so far, once it had begun */
};

/* Is any row to go, ever? (Ranges of a partitioned outbox are made ahead all the same.) */
bool retention_wanted(const struct keep *);

void retention_begin(struct retention *, const struct keep *, bool dry);
bool retention_done(const struct retention *);

/* Makes sure that this connection alone is at it; retention->turn says whether it is. Where the
 * database has no locks of that kind everybody is, which does no harm. */
enum db_result retention_turn(struct retention *, const struct engine *, struct db *, struct db_error *);
/* Lets others. */
void retention_over(struct retention *, const struct engine *, struct db *);

/*
 * Looks at the next few rows and deletes those that are to go: one short transaction, after which
 * the caller waits for *pause_ms, so that others have most of the time. How many rows is made
 * to fit: a step takes well under 50 ms. After DB_AGAIN fewer are tried next; any failure but a
 * lost connection can be the last word.
 */
enum db_result retention_step(struct retention *, const struct engine *, struct db *,
    unsigned *pause_ms, struct db_error *);

/* "03:30" or "03:30:15" as seconds of the day; "off" as -1. False: it is neither. */
bool retention_read_time(const char *text, int *second);
/* When it is that time of day next, by the clock of this host: later than `now`. */
time_t retention_next(int second, time_t now);

#endif
