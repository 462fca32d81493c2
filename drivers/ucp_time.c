/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ucp_time.c - times by the clock of a centre, which says no zone: that is the link's to know,
 * as a distance from UTC, or as this machine's own with its summer times.
 */
#include "ucp.h"

#include "zone.h"

#include <string.h>
#include <time.h>

enum { MINUTE = 60, PAIRS = 6, CENTURY = 100, OLD_CENTURY_FROM = 90 };

static bool is_local(const char *zone)
{
	return !zone || strcmp(zone, "local") == 0;
}

bool ucp_zone_is_good(const char *zone)
{
	int32_t seconds;
	return is_local(zone) || zone_read(zone, &seconds);
}

void ucp_time_write(const struct ucp_options *options, char out[UCP_TIME_ROOM], int64_t at)
{
	struct tm tm;
	time_t when = (time_t)((at + MINUTE - 1) / MINUTE * MINUTE);
	if (is_local(options->time_zone)) {
		localtime_r(&when, &tm);
	} else {
		when += zone_seconds(options->time_zone);
		gmtime_r(&when, &tm);
	}
	if (strftime(out, UCP_TIME_ROOM, "%d%m%y%H%M", &tm) == 0)
		*out = '\0';
}

int64_t ucp_time_read(const struct ucp_options *options, struct blob text)
{
	int pairs[PAIRS] = { 0 };
	if (text.len != 2 * PAIRS && text.len != 2 * (PAIRS - 1))
		return 0;
	for (size_t i = 0; i < text.len; i++) {
		if (text.at[i] < '0' || text.at[i] > '9')
			return 0;
		pairs[i / 2] = pairs[i / 2] * 10 + (text.at[i] - '0');
	}
	const int year = pairs[2] + (pairs[2] < OLD_CENTURY_FROM ? CENTURY : 0);
	const struct tm said = { .tm_mday = pairs[0], .tm_mon = pairs[1] - 1, .tm_year = year,
		.tm_hour = pairs[3], .tm_min = pairs[4], .tm_sec = pairs[5], .tm_isdst = -1 };
	struct tm tm = said;
	const int64_t utc = timegm(&tm); /* which says whether the calendar has it */
	if (tm.tm_mday != said.tm_mday || tm.tm_mon != said.tm_mon || tm.tm_hour != said.tm_hour ||
	    tm.tm_min != said.tm_min || tm.tm_sec != said.tm_sec)
		return 0;
	tm = said;
	if (is_local(options->time_zone))
		return mktime(&tm);
	return utc - zone_seconds(options->time_zone);
}
