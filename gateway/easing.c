/* SPDX-License-Identifier: Apache-2.0 */
/* easing.c - how fast a link may go that was throttled. */
#include "easing.h"

#include <stdio.h>

enum { QUIET_MS = 10000 };

double easing_limit(const struct easing *easing, double configured)
{
	return easing->rate > 0 && (configured <= 0 || easing->rate < configured) ? easing->rate : configured;
}

void easing_begin(struct easing *easing, double rate, unsigned percent, const char *why, uint64_t now)
{
	easing->at = now;
	if (!easing->rate)
		easing->full = rate;
	easing->rate = rate * percent / 100 > 1 ? rate * percent / 100 : 1;
	snprintf(easing->by, sizeof easing->by, "%s", why);
}

bool easing_recover(struct easing *easing, uint64_t now)
{
	if (!easing->rate || now - easing->at < QUIET_MS)
		return false;
	easing->rate = easing->rate * 1.05 + 0.05;
	if (easing->rate >= easing->full)
		easing->rate = 0;
	return true;
}
