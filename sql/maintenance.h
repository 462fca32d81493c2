/* SPDX-License-Identifier: Apache-2.0 */
/*
 * maintenance.h - when a gateway lets go of what ended long ago: once a day, bit by bit.
 *
 * What goes wrong with it is no reason to stop anything else: it is said, and done again the
 * next day.
 */
#ifndef MAINTENANCE_H
#define MAINTENANCE_H

#include "../gateway/log.h"
#include "retention.h"

struct maintenance {
	struct keep keep;
	int second;                     /* of the day; -1: never */
	time_t due;                     /* by the clock on the wall; 0: we have just started, and only
	                                 * make partitions */
	uint64_t at;                    /* hatch_now() of the next step, or look at that clock */
	unsigned again_ms;              /* before the next try after a failure */
	bool running;
	unsigned agains;                /* DB_AGAIN in a row */
	struct retention retention;
};

/* A line for the log, without its end. */
typedef void maintenance_say_fn(void *ctx, enum log_level, const char *line);

/* time_of_day: as retention_read_time() takes it, or NULL: never. */
void maintenance_init(struct maintenance *, const struct keep *, const char *time_of_day,
    unsigned again_ms);

/* The connection is gone, and with it what it had locked. */
void maintenance_disconnected(struct maintenance *);

/* One short transaction at most, when maintenance->at has come. DB_LOST is the only failure it gives back. */
enum db_result maintenance_step(struct maintenance *, const struct engine *, struct db *,
    maintenance_say_fn *, void *ctx, struct db_error *);

#endif
