/* SPDX-License-Identifier: Apache-2.0 */
/* smpp_time.h - the times of SMPP (3.4, 7.1.1), between texts and Unix time. */
#ifndef SMPP_TIME_H
#define SMPP_TIME_H

#include <stdbool.h>
#include <stdint.h>

enum { SMPP_TIME_ROOM = 17 };           /* octets of a time with its NUL */

enum smpp_time {
	SMPP_TIME_INVALID,
	SMPP_TIME_NONE,                 /* empty: at once, or the message centre's own */
	SMPP_TIME_ABSOLUTE,             /* "YYMMDDhhmmsstnn+" or "-" */
	SMPP_TIME_RELATIVE,             /* "YYMMDDhhmmss000R", from the message centre's now */
	SMPP_TIME_LOCAL,                /* "YYMMDDhhmmss", by a clock of an unknown zone */
};

/*
 * Reads a time. ABSOLUTE, RELATIVE (counted from `from`, Unix seconds) and LOCAL
 * (taken as UTC) set *at_ms, in Unix milliseconds; the others set it to 0. Years
 * are those of this century. A zone may be up to 14 hours away, which is more than
 * the standard's 12.
 */
enum smpp_time smpp_time_read(const char *text, int64_t from, int64_t *at_ms);

/*
 * Writes the time `at` (Unix seconds): ABSOLUTE in UTC, or RELATIVE to `from`, in
 * years, months and days of the calendar. False, with `out` empty, when the form
 * cannot say it: a year outside this century, a time not after `from` or 100
 * years after it, another kind.
 */
bool smpp_time_write(char out[SMPP_TIME_ROOM], enum smpp_time kind, int64_t from, int64_t at);

#endif
