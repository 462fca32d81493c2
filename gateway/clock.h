/* SPDX-License-Identifier: Apache-2.0 */
/* clock.h - the loop's monotonic clock in milliseconds, and timers set by it. */
#ifndef CLOCK_H
#define CLOCK_H

#include <stdint.h>

struct event;

/* Milliseconds since some moment; never goes back. */
uint64_t clock_ms(void);

/* Lets the timer ring once after so many milliseconds (a persistent one: each
 * time). One that was set already rings at the new time only. */
void clock_ring(struct event *timer, uint64_t ms);

#endif
