/* SPDX-License-Identifier: Apache-2.0 */
/*
 * easing.h - a link that was throttled goes on slower, and recovers.
 *
 * At four fifths of its rate, and after ten quiet seconds a twentieth faster each second,
 * until it is what it was.
 */
#ifndef EASING_H
#define EASING_H

#include "message.h"

struct easing {
	double rate, full;              /* parts a second for now, and before; 0: not eased */
	uint64_t at;                    /* loop ms of the last throttling */
	char by[OUTCOME_TEXT_MAX];      /* what the peer said with it; "": how full it is */
};

/* The rate that holds now; `configured` 0: none. */
double easing_limit(const struct easing *, double configured);
/* Down to so many percent of the rate that it has now. */
void easing_begin(struct easing *, double rate, unsigned percent, const char *why, uint64_t now);
/* Once a second. True when the rate has changed: rate is 0 when it is what it was. */
bool easing_recover(struct easing *, uint64_t now);

#endif
