/* SPDX-License-Identifier: Apache-2.0 */
/*
 * log.h - one line an event, on standard error, for the person on call.
 *
 *     2026-07-31 12:00:00.123 warn link=acme event=down reason="bind refused" retry=60s
 *
 * Under a service manager that stamps lines itself (JOURNAL_STREAM is set) the
 * time is left out and the level is a <N> prefix. Only the loop's thread logs.
 * Never the text of a message; numbers of handsets only at debug.
 */
#ifndef LOG_H
#define LOG_H

#include <stddef.h>

enum log_level { LOG_LEVEL_ERROR, LOG_LEVEL_WARN, LOG_LEVEL_INFO, LOG_LEVEL_DEBUG };

void log_set_level(enum log_level);
int log_enabled(enum log_level);

/* A line of that level; a newline is added, control characters are escaped. */
void log_line(enum log_level, const char *format, ...) __attribute__((format(printf, 2, 3)));

#define log_error(...) log_line(LOG_LEVEL_ERROR, __VA_ARGS__)
#define log_warn(...)  log_line(LOG_LEVEL_WARN, __VA_ARGS__)
#define log_info(...)  log_line(LOG_LEVEL_INFO, __VA_ARGS__)
#define log_debug(...) log_line(LOG_LEVEL_DEBUG, __VA_ARGS__)

#endif
