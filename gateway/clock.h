/* SPDX-License-Identifier: Apache-2.0 */
/* clock.h - the monotonic clock, and timers of the loop set by it. */
#ifndef CLOCK_H
#define CLOCK_H

#include <stdint.h>

struct event;

/* Since some moment; never goes back. */
uint64_t clock_ms(void);
uint64_t clock_us(void);

/* Lets the timer ring once after so many milliseconds (a persistent one: each
 * time). One that was set already rings at the new time only. */
void clock_ring(struct event *timer, uint64_t ms);

#endif
