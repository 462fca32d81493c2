/* SPDX-License-Identifier: Apache-2.0 */
/*
 * retention.c - walks along each table by id, chunk by chunk, and deletes what has ended long ago.
 *
 * Ids rise with time. So the walk through a table begins at its first row, passes over the few that
 * are old and have not ended, and ends at the first chunk of which every row is younger
 * than what is kept: no index beside the primary key is needed, and a table is never walked to
 * its end in vain.
 *
 * A chunk is one transaction. How many rows it looks at is doubled while its statement takes less than
 * QUICK_US and halved when that takes more than SLOW_US; what the disk takes for the commit does not
 * depend on it. After it nothing is done for PAUSES times as long as all of it took.
 */
#include "retention.h"

#include "../gateway/clock.h"

#include <stdio.h>
#include <string.h>

enum {
	CHUNK_FIRST = 200, CHUNK_LEAST = 20, CHUNK_MOST = 2000,
	QUICK_US = 5000, SLOW_US = 25000,
	PAUSES = 3,
	DAY_S = 86400,
};

const char *const retention_tables[KEPT_TABLES] = {
	[KEPT_OUTBOX] = "outbox", [KEPT_INBOX] = "inbox", [KEPT_RECEIPT] = "receipt",
	[KEPT_COMMAND] = "command", [KEPT_USSD] = "ussd",
};

static const enum statement statements[KEPT_TABLES] = {
	[KEPT_OUTBOX] = STATEMENT_KEEP_OUTBOX, [KEPT_INBOX] = STATEMENT_KEEP_INBOX,
	[KEPT_RECEIPT] = STATEMENT_KEEP_RECEIPT, [KEPT_COMMAND] = STATEMENT_KEEP_COMMAND,
	[KEPT_USSD] = STATEMENT_KEEP_USSD,
};

static long days_of(const struct keep *keep, enum retention_table table)
{
	return table == KEPT_INBOX ? keep->inbox : table == KEPT_RECEIPT ? keep->receipts : keep->outbox;
}

bool retention_wanted(const struct keep *keep)
{
	return keep->outbox > 0 || keep->inbox > 0 || keep->receipts > 0;
}

/* To the first table from `at` on of which not everything is kept. */
static void go_on_at(struct retention *retention, enum retention_table at)
{
	while (at < KEPT_TABLES && days_of(&retention->keep, at) <= 0)
		at++;
	retention->at = at;
	retention->after = 0;
}

void retention_begin(struct retention *retention, const struct keep *keep, bool dry)
{
	*retention = (struct retention){ .keep = *keep, .dry = dry, .chunk = CHUNK_FIRST };
	partitions_begin(&retention->partitions, keep, dry);
	go_on_at(retention, KEPT_OUTBOX);
}

bool retention_done(const struct retention *retention)
{
	return partitions_done(&retention->partitions) && retention->at == KEPT_TABLES;
}

/* The turn */

static void see_turn(void *ctx, const struct value *columns, size_t n)
{
	(void)n;
	*(bool *)ctx = columns[0].kind == VALUE_NUMBER && columns[0].number == 1;
}

enum db_result retention_turn(struct retention *retention, const struct engine *engine, struct db *db,
    struct db_error *err)
{
	if (retention->turn)
		return DB_OK;
	return engine->run(db, STATEMENT_KEEP_TURN, NULL, 0, 1, see_turn, &retention->turn, NULL, err);
}

void retention_over(struct retention *retention, const struct engine *engine, struct db *db)
{
	struct db_error ignored;
	if (retention->turn)
		(void)engine->run(db, STATEMENT_KEEP_OVER, NULL, 0, 1, NULL, NULL, NULL, &ignored);
	retention->turn = false;
}

/* Steps */

struct looked { int64_t last, seen, young, gone; };

static void see_looked(void *ctx, const struct value *columns, size_t n)
{
	(void)n;
	*(struct looked *)ctx = (struct looked){ columns[0].number, columns[1].number,
		columns[2].number, columns[3].number };
}

static size_t fitting(size_t chunk, uint64_t took_us)
{
	if (took_us > SLOW_US)
		return chunk / 2 > CHUNK_LEAST ? chunk / 2 : CHUNK_LEAST;
	if (took_us < QUICK_US)
		return chunk * 2 < CHUNK_MOST ? chunk * 2 : CHUNK_MOST;
	return chunk;
}

static struct value number(int64_t n)
{
	return (struct value){ .kind = VALUE_NUMBER, .number = n };
}

static void note_longest(struct retention *retention, uint64_t took_us)
{
	if (took_us / 1000 > retention->longest_ms)
		retention->longest_ms = (unsigned)(took_us / 1000);
}

static enum db_result step_partitions(struct retention *retention, const struct engine *engine,
    struct db *db, unsigned *again_ms, struct db_error *err)
{
	const bool looks = retention->partitions.step == STEP_LOOK || retention->partitions.step == STEP_REFS;
	const uint64_t began = clock_us();
	const enum db_result result = partitions_step(&retention->partitions, engine, db, retention->chunk,
	    again_ms, err);
	const uint64_t worked_us = clock_us() - began;
	if (looks)
		retention->chunk = fitting(retention->chunk, result == DB_OK ? worked_us : SLOW_US + 1);
	note_longest(retention, worked_us);
	return result;
}

static enum db_result step_table(struct retention *retention, const struct engine *engine, struct db *db,
    struct db_error *err)
{
	const enum retention_table table = retention->at;
	const struct value values[] = { number(retention->after), number((int64_t)retention->chunk),
		number(retention->dry), number(days_of(&retention->keep, table) * DAY_S),
		number(retention->keep.unconfirmed * DAY_S) };
	const size_t chunk = retention->chunk, width = table == KEPT_OUTBOX ? 5 : 4;
	struct looked looked = { 0 };
	enum db_result result = engine->transact(db, EDGE_BEGIN, err);
	const uint64_t began = clock_us();
	if (result == DB_OK)
		result = engine->run(db, statements[table], values, width, 1, see_looked, &looked, NULL, err);
	const uint64_t worked_us = clock_us() - began;
	if (result == DB_OK)
		result = engine->transact(db, EDGE_COMMIT, err);
	note_longest(retention, clock_us() - began);
	retention->chunk = fitting(chunk, result == DB_OK ? worked_us : SLOW_US + 1);
	if (result != DB_OK)
		return result;
	retention->seen[table] += (size_t)looked.seen;
	retention->gone[table] += (size_t)looked.gone;
	retention->after = looked.last;
	if (looked.seen < (int64_t)chunk || looked.young == looked.seen)
		go_on_at(retention, table + 1);
	return DB_OK;
}

enum db_result retention_step(struct retention *retention, const struct engine *engine, struct db *db,
    unsigned *pause_ms, struct db_error *err)
{
	unsigned again_ms = 0;
	const uint64_t began = clock_us();
	const enum db_result result = partitions_done(&retention->partitions)
	    ? step_table(retention, engine, db, err) : step_partitions(retention, engine, db, &again_ms, err);
	const uint64_t took_us = clock_us() - began;
	*pause_ms = (unsigned)(took_us * PAUSES / 1000) + 1;
	if (again_ms)
		*pause_ms = again_ms;
	return result;
}

/* The time of day */

bool retention_read_time(const char *text, int *second)
{
	int hour, minute, s = 0, end = 0;
	if (strcmp(text, "off") == 0) {
		*second = -1;
		return true;
	}
	if (strlen(text) < 4 || strspn(text, "0123456789:") != strlen(text))
		return false;
	if ((sscanf(text, "%2d:%2d%n", &hour, &minute, &end) < 2 || text[end]) &&
	    (sscanf(text, "%2d:%2d:%2d%n", &hour, &minute, &s, &end) < 3 || text[end]))
		return false;
	if (hour > 23 || minute > 59 || s > 59)
		return false;
	*second = (hour * 60 + minute) * 60 + s;
	return true;
}

time_t retention_next(int second, time_t now)
{
	struct tm day;
	localtime_r(&now, &day);
	for (int later = 0;; later++) {
		struct tm at = { .tm_year = day.tm_year, .tm_mon = day.tm_mon, .tm_mday = day.tm_mday + later,
			.tm_hour = second / 3600, .tm_min = second / 60 % 60, .tm_sec = second % 60, .tm_isdst = -1 };
		const time_t found = mktime(&at);
		if (found > now)
			return found;
	}
}
