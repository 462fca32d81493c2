/* SPDX-License-Identifier: Apache-2.0 */
/*
 * backoff.c - a table: by what a connection ended, how long is waited at first and at most.
 *
 * The wait doubles with each failure of one cause in a row, stays what it was after a
 * connection that did its work for a while, and begins anew after a minute of health.
 * A connection that comes up and is lost at once, three times in a row, is a cause of
 * its own: the connecting succeeds, and yet nothing comes of it.
 */
#include "backoff.h"

#include <stdlib.h>

enum {
	HEALTHY_MS = 60 * 1000,         /* up for that long: it all begins anew */
	FLAP_MS = 10 * 1000,            /* up, and lost again within that */
	FLAPS_MAX = 3,                  /* in a row */
	SHIFT_MAX = 16,
};

/* In multiples of the link's usual waits, 1 s and 60 s by default. A centre locks out who
 * hammers at its door (reference 4.6). */
static const struct rule { unsigned first, most; } rules[] = {
	[DOWN_DRAINED]    = { 1, 1 },
	[DOWN_PASSWORD]   = { 300, 15 },
	[DOWN_REFUSED]    = { 60, 15 },
	[DOWN_BARRED]     = { 60, 15 }, /* who asks is not waiting for the answer */
	[DOWN_TAKEN]      = { 30, 5 },
	[DOWN_BUSY]       = { 10, 5 },
	[DOWN_LOGGED_OUT] = { 5, 1 },
	[DOWN_LOST]       = { 1, 1 },
};
static const struct rule flapping = { 30, 5 };

/* Does it say nothing about why, but that it was not for long? */
static bool is_flap(enum down cause)
{
	return cause == DOWN_LOST || cause == DOWN_LOGGED_OUT;
}

static uint64_t spread(uint64_t wait)
{
	return wait * (80 + (uint64_t)(rand() % 41)) / 100;
}

uint64_t backoff_next(struct backoff *backoff, enum down cause, uint64_t up_ms, uint64_t least,
    uint64_t most)
{
	const struct rule *rule = &rules[cause];
	if (up_ms >= HEALTHY_MS || cause != backoff->cause)
		backoff->failures = 0;
	if (up_ms >= FLAP_MS || !is_flap(cause))
		backoff->flaps = 0;
	backoff->cause = cause;
	backoff->flaps += up_ms > 0 && up_ms < FLAP_MS && is_flap(cause);
	const bool worked = up_ms >= FLAP_MS && backoff->failures > 0;
	unsigned shift = worked ? backoff->failures - 1 : backoff->failures++;
	if (backoff->flaps >= FLAPS_MAX) {
		rule = &flapping;
		shift = backoff->flaps - FLAPS_MAX;
	}
	const uint64_t wait = least * rule->first << (shift < SHIFT_MAX ? shift : SHIFT_MAX);
	return spread(wait < most * rule->most ? wait : most * rule->most);
}
