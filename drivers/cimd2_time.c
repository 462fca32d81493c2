/* SPDX-License-Identifier: Apache-2.0 */
/* cimd2_time.c - the times of CIMD2: six pairs of digits by the centre's clock, and periods. */
#include "cimd2.h"

#include <ctype.h>
#include <stdio.h>
#include <time.h>

enum { PAIRS = 6, CENTURY = 100 };
enum { MINUTE = 60, HALF_HOUR = 1800, HALF_DAY = 43200, DAY = 86400, WEEK = 7 * DAY };

bool cimd2_read_time(const struct blob *value, int32_t zone, int64_t *at)
{
	int pairs[PAIRS];
	if (value->len != 2 * PAIRS)
		return false;
	for (size_t i = 0; i < PAIRS; i++) {
		if (!isdigit(value->at[2 * i]) || !isdigit(value->at[2 * i + 1]))
			return false;
		pairs[i] = (value->at[2 * i] - '0') * 10 + value->at[2 * i + 1] - '0';
	}
	const struct tm said = { .tm_year = CENTURY + pairs[0], .tm_mon = pairs[1] - 1, .tm_mday = pairs[2],
		.tm_hour = pairs[3], .tm_min = pairs[4], .tm_sec = pairs[5] };
	struct tm tm = said;
	*at = (int64_t)timegm(&tm) - zone;
	return tm.tm_mon == said.tm_mon && tm.tm_mday == said.tm_mday && tm.tm_hour == said.tm_hour &&
	    tm.tm_min == said.tm_min && tm.tm_sec == said.tm_sec;
}

void cimd2_write_time(char out[CIMD2_TIME_ROOM], int64_t at, int32_t zone)
{
	const time_t local = (time_t)(at + zone);
	struct tm tm = { .tm_mday = 1 };
	gmtime_r(&local, &tm);
	snprintf(out, CIMD2_TIME_ROOM, "%02u%02u%02u%02u%02u%02u", (unsigned)tm.tm_year % CENTURY,
	    ((unsigned)tm.tm_mon + 1) % CENTURY, (unsigned)tm.tm_mday % CENTURY,
	    (unsigned)tm.tm_hour % CENTURY, (unsigned)tm.tm_min % CENTURY, (unsigned)tm.tm_sec % CENTURY);
}

int cimd2_period(int64_t seconds)
{
	/* Up to `until` seconds a unit counts from `from`; the first of it has the value `first`. */
	static const struct { int64_t until, from, unit; int first; } ranges[] = {
		{ HALF_DAY, 0, 5 * MINUTE, 0 }, { DAY, HALF_DAY, HALF_HOUR, 144 },
		{ 30 * INT64_C(86400), DAY, DAY, 168 }, { 63 * (int64_t)WEEK, 4 * (int64_t)WEEK, WEEK, 197 },
	};
	if (seconds < 1)
		seconds = 1;
	for (size_t i = 0; i < sizeof ranges / sizeof ranges[0]; i++)
		if (seconds <= ranges[i].until)
			return ranges[i].first + (int)((seconds - ranges[i].from - 1) / ranges[i].unit);
	return -1;
}
