/* SPDX-License-Identifier: Apache-2.0 */
/* log.c - one line an event, written with one write() so that lines stay whole. */
#include "log.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { LINE_MAX_OCTETS = 2048 };

static enum log_level limit = LOG_LEVEL_INFO;

void log_set_level(enum log_level level)
{
	limit = level;
}

int log_enabled(enum log_level level)
{
	return level <= limit;
}

/* Writes "2026-07-31 12:00:00.123 warn ", or "<4>" for a journal that stamps by itself. */
static size_t stamp(char *out, size_t room, enum log_level level)
{
	static const char *const words[] = { "error", "warn", "info", "debug" };
	static const int priorities[] = { 3, 4, 6, 7 };
	if (getenv("JOURNAL_STREAM"))
		return (size_t)snprintf(out, room, "<%d>", priorities[level]);
	struct timespec now;
	struct tm utc;
	clock_gettime(CLOCK_REALTIME, &now);
	gmtime_r(&now.tv_sec, &utc);
	size_t n = strftime(out, room, "%Y-%m-%d %H:%M:%S", &utc);
	return n + (size_t)snprintf(out + n, room - n, ".%03ldZ %s ", now.tv_nsec / 1000000,
	    words[level]);
}

void log_line(enum log_level level, const char *format, ...)
{
	if (!log_enabled(level))
		return;
	char line[LINE_MAX_OCTETS];
	size_t begin = stamp(line, sizeof line, level);
	va_list args;
	va_start(args, format);
	int n = vsnprintf(line + begin, sizeof line - begin - 1, format, args);
	va_end(args);
	size_t end = begin;
	if (n > 0)
		end += (size_t)n < sizeof line - begin - 1 ? (size_t)n : sizeof line - begin - 2;
	for (size_t i = begin; i < end; i++)
		if ((unsigned char)line[i] < ' ' || line[i] == 0x7f)
			line[i] = '?';
	line[end++] = '\n';
	/* Nobody is left to tell when the log itself cannot be written. */
	if (write(STDERR_FILENO, line, end) < 0)
		return;
}
