/* SPDX-License-Identifier: Apache-2.0 */
/* pace.c - tokens are a fraction, so that any rate comes out right over time. */
#include "pace.h"

void pace_set(struct pace *pace, double rate, uint64_t now)
{
	pace->rate = rate;
	pace->burst = rate / 10 > 1 ? rate / 10 : 1;
	if (pace->tokens > pace->burst)
		pace->tokens = pace->burst;
	pace->at = now;
}

void pace_init(struct pace *pace, double rate, uint64_t now)
{
	*pace = (struct pace){ 0 };
	pace_set(pace, rate, now);
	pace->tokens = pace->burst;
}

bool pace_take(struct pace *pace, uint64_t now)
{
	if (pace->rate <= 0)
		return true;
	pace->tokens += (double)(now - pace->at) * pace->rate / 1000;
	pace->at = now;
	if (pace->tokens > pace->burst)
		pace->tokens = pace->burst;
	if (pace->tokens < 1)
		return false;
	pace->tokens -= 1;
	return true;
}

uint64_t pace_wait(const struct pace *pace)
{
	if (pace->rate <= 0 || pace->tokens >= 1)
		return 0;
	return (uint64_t)((1 - pace->tokens) * 1000 / pace->rate) + 1;
}
