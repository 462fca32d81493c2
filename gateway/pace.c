/* SPDX-License-Identifier: Apache-2.0 */
/* pace.c - tokens are a fraction, so that any rate comes out right over time. */
#include "pace.h"

static void fill(struct pace *pace, uint64_t now)
{
	pace->tokens += (double)(now - pace->at) * pace->rate / 1000;
	pace->at = now;
	if (pace->tokens > pace->burst)
		pace->tokens = pace->burst;
}

/* With an interval the bucket holds one token: two would leave at once. */
void pace_set(struct pace *pace, double rate, long interval_ms, uint64_t now)
{
	if (pace->rate > 0)
		fill(pace, now);
	const double most = interval_ms > 0 ? 1000.0 / (double)interval_ms : 0;
	pace->rate = most > 0 && (rate <= 0 || most < rate) ? most : rate;
	pace->burst = most <= 0 && rate / 10 > 1 ? rate / 10 : 1;
	if (pace->tokens > pace->burst)
		pace->tokens = pace->burst;
	pace->at = now;
}

void pace_init(struct pace *pace, double rate, long interval_ms, uint64_t now)
{
	*pace = (struct pace){ 0 };
	pace_set(pace, rate, interval_ms, now);
	pace->tokens = pace->burst;
}

bool pace_take(struct pace *pace, uint64_t now)
{
	if (pace->rate <= 0)
		return true;
	fill(pace, now);
	if (pace->tokens < 1)
		return false;
	pace->tokens -= 1;
	return true;
}

uint64_t pace_wait(const struct pace *pace, uint64_t now)
{
	if (pace->rate <= 0)
		return 0;
	const double tokens = pace->tokens + (double)(now - pace->at) * pace->rate / 1000;
	return tokens >= 1 ? 0 : (uint64_t)((1 - tokens) * 1000 / pace->rate) + 1;
}
