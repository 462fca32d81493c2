/* SPDX-License-Identifier: Apache-2.0 */
/*
 * smpp_time.c - six pairs of digits, and what is behind them.
 *
 * Relative times count months, which are not of one length: both directions step
 * from `from` by the same rule, timegm()'s, so that what is written reads back.
 */
#include "smpp_time.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

enum {
	PAIRS = 6, LOCAL_LENGTH = 2 * PAIRS, FULL_LENGTH = 16,
	QUARTER_SECONDS = 900, QUARTERS_MAX = 56,
	CENTURY = 100, MONTHS_MAX = 99 * 12 + 11, LONGEST_MONTH = 31 * 86400,
};

/* Two digits; the caller knows that they are digits. */
static int pair(const char *at)
{
	return (at[0] - '0') * 10 + at[1] - '0';
}

/* False for a date that no calendar has. */
static bool from_date(const char *text, int64_t *at)
{
	const struct tm said = { .tm_year = CENTURY + pair(text), .tm_mon = pair(text + 2) - 1,
		.tm_mday = pair(text + 4), .tm_hour = pair(text + 6), .tm_min = pair(text + 8),
		.tm_sec = pair(text + 10) };
	struct tm tm = said;
	*at = timegm(&tm);
	return tm.tm_mon == said.tm_mon && tm.tm_mday == said.tm_mday && tm.tm_hour == said.tm_hour &&
	    tm.tm_min == said.tm_min && tm.tm_sec == said.tm_sec;
}

static int64_t months_after(int64_t from, int months)
{
	const time_t start = (time_t)from;
	struct tm tm;
	gmtime_r(&start, &tm);
	tm.tm_mon += months;
	return timegm(&tm);
}

static int64_t from_span(const char *text, int64_t from)
{
	const int64_t day = months_after(from, pair(text) * 12 + pair(text + 2));
	return day + ((pair(text + 4) * INT64_C(24) + pair(text + 6)) * 60 + pair(text + 8)) * 60 +
	    pair(text + 10);
}

enum smpp_time smpp_time_read(const char *text, int64_t from, int64_t *at_ms)
{
	const size_t len = strlen(text), digits = strspn(text, "0123456789");
	int64_t at;
	*at_ms = 0;
	if (len == 0)
		return SMPP_TIME_NONE;
	if (len == LOCAL_LENGTH && digits == len && from_date(text, &at)) {
		*at_ms = at * 1000;
		return SMPP_TIME_LOCAL;
	}
	if (len != FULL_LENGTH || digits != FULL_LENGTH - 1)
		return SMPP_TIME_INVALID;
	const char sign = text[FULL_LENGTH - 1];
	if (sign == 'R') {
		*at_ms = from_span(text, from) * 1000;
		return SMPP_TIME_RELATIVE;
	}
	const int quarters = pair(text + LOCAL_LENGTH + 1);
	if ((sign != '+' && sign != '-') || quarters > QUARTERS_MAX || !from_date(text, &at))
		return SMPP_TIME_INVALID;
	at -= (sign == '+' ? 1 : -1) * quarters * QUARTER_SECONDS;
	*at_ms = at * 1000 + (text[LOCAL_LENGTH] - '0') * 100;
	return SMPP_TIME_ABSOLUTE;
}

static void put_pairs(char out[SMPP_TIME_ROOM], const int pairs[PAIRS], const char *behind)
{
	for (size_t i = 0; i < PAIRS; i++) {
		out[2 * i] = (char)('0' + pairs[i] / 10 % 10);
		out[2 * i + 1] = (char)('0' + pairs[i] % 10);
	}
	memcpy(out + LOCAL_LENGTH, behind, FULL_LENGTH - LOCAL_LENGTH + 1);
}

static bool write_absolute(char out[SMPP_TIME_ROOM], int64_t at)
{
	const time_t when = (time_t)at;
	struct tm tm;
	if (!gmtime_r(&when, &tm) || tm.tm_year < CENTURY || tm.tm_year >= 2 * CENTURY)
		return false;
	put_pairs(out, (const int[PAIRS]){ tm.tm_year - CENTURY, tm.tm_mon + 1, tm.tm_mday,
	    tm.tm_hour, tm.tm_min, tm.tm_sec }, "000+");
	return true;
}

static bool write_relative(char out[SMPP_TIME_ROOM], int64_t from, int64_t at)
{
	if (at <= from || (at - from) / LONGEST_MONTH > MONTHS_MAX)
		return false;
	int months = (int)((at - from) / LONGEST_MONTH); /* never too many */
	while (months <= MONTHS_MAX && months_after(from, months + 1) <= at)
		months++;
	if (months > MONTHS_MAX)
		return false;
	const int left = (int)(at - months_after(from, months));
	put_pairs(out, (const int[PAIRS]){ months / 12, months % 12, left / 86400, left / 3600 % 24,
	    left / 60 % 60, left % 60 }, "000R");
	return true;
}

bool smpp_time_write(char out[SMPP_TIME_ROOM], enum smpp_time kind, int64_t from, int64_t at)
{
	*out = '\0';
	if (kind == SMPP_TIME_ABSOLUTE)
		return write_absolute(out, at);
	return kind == SMPP_TIME_RELATIVE && write_relative(out, from, at);
}
