/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pace.h - a token bucket: so many a second, with a burst of a tenth of a second, or with
 * none, and then never sooner one after the other.
 */
#ifndef PACE_H
#define PACE_H

#include <stdbool.h>
#include <stdint.h>

struct pace {
	double rate;                    /* tokens a second; 0: no limit */
	double burst;                   /* tokens in a full bucket, 1 at least */
	double tokens;
	uint64_t at;                    /* loop ms when `tokens` was true */
};

/* A full bucket. interval_ms: between two tokens at least; 0: nothing beyond the rate. */
void pace_init(struct pace *, double rate, long interval_ms, uint64_t now);
/* Another rate or interval from now on; what is in the bucket by now stays, up to the new burst. */
void pace_set(struct pace *, double rate, long interval_ms, uint64_t now);
/* Takes a token, or says that there is none. */
bool pace_take(struct pace *, uint64_t now);
/* Milliseconds until there is a token; 0: there is one now. */
uint64_t pace_wait(const struct pace *, uint64_t now);

#endif
