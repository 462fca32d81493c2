/* SPDX-License-Identifier: Apache-2.0 */
/* clock.c - CLOCK_MONOTONIC, as libevent's own timers go by. */
#include "clock.h"

#include <event2/event.h>

#include <time.h>

uint64_t clock_ms(void)
{
	return clock_us() / 1000;
}

uint64_t clock_us(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

void clock_ring(struct event *timer, uint64_t ms)
{
	const struct timeval after = { .tv_sec = (time_t)(ms / 1000),
		.tv_usec = (suseconds_t)(ms % 1000 * 1000) };
	event_add(timer, &after);
}
