/* SPDX-License-Identifier: Apache-2.0 */
/* pace.h - a token bucket: so many a second, with a burst of a tenth of a second. */
#ifndef PACE_H
#define PACE_H

#include <stdbool.h>
#include <stdint.h>

struct pace {
	double rate;                    /* tokens a second; 0: no limit */
	double burst;
	double tokens;
	uint64_t at;                    /* loop ms when `tokens` was true */
};

/* A full bucket. */
void pace_init(struct pace *, double rate, uint64_t now);
/* Another rate from now on; what is in the bucket stays, up to the new burst. */
void pace_set(struct pace *, double rate, uint64_t now);
/* Takes a token, or says that there is none. */
bool pace_take(struct pace *, uint64_t now);
/* Milliseconds until there is a token; at least 1 when pace_take() said no. */
uint64_t pace_wait(const struct pace *);

#endif
