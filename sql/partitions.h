/* SPDX-License-Identifier: Apache-2.0 */
/*
 * partitions.h - ranges of a partitioned outbox: made ahead, and dropped whole when nothing in them
 * is kept any longer. A part of a run of retention.h. In plain tables there is nothing to do.
 */
#ifndef PARTITIONS_H
#define PARTITIONS_H

#include "../gateway/store.h"
#include "engine.h"

enum { PARTITIONS_AHEAD = 3 };          /* ranges that are to be there before they are needed */

struct partitions {
	struct keep keep;
	bool dry;
	enum { STEP_FIRST, STEP_AHEAD, STEP_NEXT, STEP_LOOK, STEP_TAKE_OUT, STEP_REFS, STEP_DROP,
	    STEP_PUT_BACK, STEP_DONE } step;
	int64_t number;                 /* of the range that it is at; -1: before the first */
	char name[32];
	bool attached, last;            /* the range; later ones are too young */
	int64_t after;                  /* rows of it up to that were looked at */
	unsigned tries;                 /* DB_AGAIN in a row */

	bool there;                     /* outbox is partitioned */
	unsigned made, dropped, ahead;
	unsigned busy;                  /* ranges that could not be locked; the next run tries again */
};

void partitions_begin(struct partitions *, const struct keep *, bool dry);
bool partitions_done(const struct partitions *);
/* Fewer than PARTITIONS_AHEAD could be made: INSERTs fail when there are none any more, but in MySQL. */
bool partitions_short(const struct partitions *);

/* The next short transaction, over at most `max` rows. *pause_ms is set when it is to be tried
 * again no earlier than that, because others held locks. */
enum db_result partitions_step(struct partitions *, const struct engine *, struct db *, size_t max,
    unsigned *pause_ms, struct db_error *);

#endif
