/* SPDX-License-Identifier: Apache-2.0 */
/*
 * backoff.h - how long to wait before a lost connection is made anew.
 *
 * Each cause has its own first wait and its own longest one, both as multiples of
 * what the link is configured with. One struct for each connection that comes back by
 * itself; all zero is a good beginning.
 */
#ifndef BACKOFF_H
#define BACKOFF_H

#include "driver.h"

struct backoff {
	enum down cause;                /* of the last failure */
	unsigned failures;              /* in a row, for that cause */
	unsigned flaps;                 /* in a row: up, and lost again at once */
};

/*
 * It has ended for that cause, after it was up for so many milliseconds (0: it never
 * was). Returns the milliseconds to wait, for a link whose usual wait is `least` at
 * first and `most` in the end; give or take a fifth, so that connections which fell
 * together do not come together.
 */
uint64_t backoff_next(struct backoff *, enum down, uint64_t up_ms, uint64_t least,
    uint64_t most);

#endif
