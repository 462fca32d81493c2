/* SPDX-License-Identifier: Apache-2.0 */
/*
 * maintenance.c - when a gateway lets go of what ended long ago: once a day, bit by bit.
 */
#include "maintenance.h"

#include "hatch.h"

#include <stdarg.h>
#include <stdio.h>

enum {
	LOOK_AT_CLOCK_MS = 3600 * 1000, /* it may be set, and has hours that come twice */
	TRIES = 20,                     /* in a row, of what others keep locked */
};

struct voice { maintenance_say_fn *fn; void *ctx; };

static void say(const struct voice *voice, enum log_level level, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static void say(const struct voice *voice, enum log_level level, const char *format, ...)
{
	char line[500];
	va_list args;
	va_start(args, format);
	vsnprintf(line, sizeof line, format, args);
	va_end(args);
	voice->fn(voice->ctx, level, line);
}

void maintenance_init(struct maintenance *maintenance, const struct keep *keep,
    const char *time_of_day, unsigned again_ms)
{
	*maintenance = (struct maintenance){ .keep = *keep, .again_ms = again_ms };
	if (!time_of_day || !retention_read_time(time_of_day, &maintenance->second))
		maintenance->second = -1;
}

void maintenance_disconnected(struct maintenance *maintenance)
{
	maintenance->retention.turn = false;
}

/* The next look at the clock on the wall. */
static void await_time(struct maintenance *maintenance)
{
	const time_t now = time(NULL);
	const uint64_t left_ms = maintenance->due > now ? (uint64_t)(maintenance->due - now) * 1000 : 0;
	maintenance->at = hatch_now() + (left_ms < LOOK_AT_CLOCK_MS ? left_ms : LOOK_AT_CLOCK_MS);
}

static void end(struct maintenance *maintenance, const struct engine *engine, struct db *db)
{
	retention_over(&maintenance->retention, engine, db);
	maintenance->running = false;
	maintenance->due = retention_next(maintenance->second, time(NULL));
	await_time(maintenance);
}

static void tell(const struct maintenance *maintenance, const struct voice *voice)
{
	const size_t *gone = maintenance->retention.gone;
	const struct partitions *partitions = &maintenance->retention.partitions;
	if (partitions->made || partitions->dropped || partitions->busy)
		say(voice, LOG_LEVEL_INFO, "database event=partitioned made=%u dropped=%u busy=%u ahead=%u",
		    partitions->made, partitions->dropped, partitions->busy, partitions->ahead);
	if (partitions_short(partitions))
		say(voice, LOG_LEVEL_WARN, "database event=partitions-short ahead=%u effect=\"when the last range of "
		    "outbox is full, INSERTs fail, or (MySQL) no more can be made\"", partitions->ahead);
	if (retention_wanted(&maintenance->retention.keep))
		say(voice, LOG_LEVEL_INFO, "database event=maintained outbox=%zu inbox=%zu receipt=%zu command=%zu "
		    "ussd=%zu longest=%ums", gone[KEPT_OUTBOX], gone[KEPT_INBOX], gone[KEPT_RECEIPT],
		    gone[KEPT_COMMAND], gone[KEPT_USSD], maintenance->retention.longest_ms);
}

static void begin(struct maintenance *maintenance, const struct voice *voice)
{
	const struct keep none = { 0 }, *keep = maintenance->due ? &maintenance->keep : &none;
	retention_begin(&maintenance->retention, keep, false);
	maintenance->agains = 0;
	maintenance->running = true;
	if (retention_wanted(keep))
		say(voice, LOG_LEVEL_INFO, "database event=maintaining keep_outbox=%ld keep_unconfirmed=%ld "
		    "keep_inbox=%ld keep_receipts=%ld", keep->outbox, keep->unconfirmed, keep->inbox, keep->receipts);
}

enum db_result maintenance_step(struct maintenance *maintenance, const struct engine *engine,
    struct db *db, maintenance_say_fn *fn, void *ctx, struct db_error *err)
{
	const struct voice voice = { fn, ctx };
	struct retention *retention = &maintenance->retention;
	if (!maintenance->running && time(NULL) < maintenance->due) {
		await_time(maintenance);
		return DB_OK;
	}
	if (!maintenance->running)
		begin(maintenance, &voice);
	unsigned pause_ms = 0;
	enum db_result result = retention_turn(retention, engine, db, err);
	const bool elsewhere = result == DB_OK && !retention->turn;
	if (result == DB_OK && !elsewhere)
		result = retention_step(retention, engine, db, &pause_ms, err);
	maintenance->agains = result == DB_AGAIN ? maintenance->agains + 1 : 0;
	maintenance->at = hatch_now() + (result == DB_OK ? pause_ms : maintenance->again_ms);
	if (result == DB_LOST)
		return result;
	if (result == DB_AGAIN && maintenance->agains < TRIES)
		return DB_OK;
	if (elsewhere)
		say(&voice, LOG_LEVEL_INFO, "database event=maintained-elsewhere reason=\"another gateway, or "
		    "smsqlctl, is at it\"");
	else if (result != DB_OK)
		say(&voice, LOG_LEVEL_WARN, "database event=maintenance-failed reason=\"%s\" effect=\"what is to go "
		    "stays until tomorrow\"", err->text);
	else if (!retention_done(retention))
		return DB_OK;
	else
		tell(maintenance, &voice);
	end(maintenance, engine, db);
	return DB_OK;
}
