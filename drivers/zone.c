/* SPDX-License-Identifier: Apache-2.0 */
/* zone.c - the distance of a message centre's clock from UTC. */
#include "zone.h"

#include <stdio.h>

enum { HOURS_MAX = 14, MINUTE = 60, HOUR = 3600 };

bool zone_read(const char *text, int32_t *seconds)
{
	unsigned hours, minutes;
	char sign;
	int end = 0;
	if (sscanf(text, "%c%2u:%2u%n", &sign, &hours, &minutes, &end) != 3 || text[end] ||
	    (sign != '+' && sign != '-') || hours > HOURS_MAX || minutes >= MINUTE)
		return false;
	*seconds = (int32_t)(hours * HOUR + minutes * MINUTE) * (sign == '-' ? -1 : 1);
	return true;
}

int32_t zone_seconds(const char *text)
{
	int32_t seconds = 0;
	return text && zone_read(text, &seconds) ? seconds : 0;
}
