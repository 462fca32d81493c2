/* SPDX-License-Identifier: Apache-2.0 */
/*
 * desk_maintain.c - `smsqlctl maintain`: what a gateway does once a day, now. It may run
 * beside gateways; they have most of the time.
 */
#include "desk_ask.h"

#include "retention.h"

#include <time.h>
#include <unistd.h>

enum { AGAIN_MS = 1000, TRIES = 20 };

static void doze(unsigned ms)
{
	const struct timespec pause = { .tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000L };
	nanosleep(&pause, NULL);
}

/* For people at a terminal. */
static void tell_progress(const struct retention *retention, enum retention_table table)
{
	if (isatty(STDERR_FILENO))
		fprintf(stderr, "\r%s: %zu rows looked at, %zu of them %s ", retention_tables[table],
		    retention->seen[table], retention->gone[table], retention->dry ? "would go" : "gone");
}

static enum exit_status walk(struct desk *desk, struct retention *retention)
{
	struct db_error err;
	unsigned tries = 0, pause_ms;
	while (!retention_done(retention)) {
		const bool ranges = !partitions_done(&retention->partitions);
		const enum retention_table table = retention->at;
		const enum db_result result = retention_step(retention, desk->engine, desk->db, &pause_ms, &err);
		if (result != DB_OK && (result != DB_AGAIN || ++tries == TRIES))
			return desk_fail("%s: %s", retention_tables[table], err.text);
		if (result == DB_OK)
			tries = 0;
		if (result == DB_OK && !ranges) {
			tell_progress(retention, table);
			if (retention->at != table && isatty(STDERR_FILENO))
				fputc('\n', stderr);
		}
		doze(result == DB_OK ? pause_ms : AGAIN_MS);
	}
	return EXIT_DONE;
}

static void tell_result(const struct desk *desk, const struct retention *retention)
{
	const struct partitions *partitions = &retention->partitions;
	if (partitions->there)
		printf("%s: %u ranges made, %u %s, %u busy, %u ahead\n", desk->place, partitions->made,
		    partitions->dropped, retention->dry ? "would be dropped" : "dropped", partitions->busy,
		    partitions->ahead);
	if (!retention_wanted(desk->keep)) {
		printf("%s: everything is kept: keep_outbox, keep_inbox and keep_receipts are 0\n", desk->place);
		return;
	}
	printf("%s: %s", desk->place, retention->dry ? "would delete" : "deleted");
	for (int table = 0; table < KEPT_TABLES; table++)
		printf("%s %zu of %s", table ? "," : "", retention->gone[table],
		    retention_tables[table]);
	printf("; the longest transaction took %u ms\n", retention->longest_ms);
}

enum exit_status desk_maintain(struct desk *desk)
{
	struct db_error err;
	struct retention retention;
	if (!desk->keep)
		return desk_fail("maintain needs the configuration (-c FILE), which says what is kept");
	if (desk_check_schema(desk, &err) != DB_OK)
		return desk_fail("%s: %s", desk->place, err.text);
	retention_begin(&retention, desk->keep, desk->dry);
	if (retention_turn(&retention, desk->engine, desk->db, &err) != DB_OK)
		return desk_fail("%s", err.text);
	if (!retention.turn)
		return desk_fail("%s: a gateway, or another smsqlctl, is at it", desk->place);
	enum exit_status exit_status = walk(desk, &retention);
	tell_result(desk, &retention);
	retention_over(&retention, desk->engine, desk->db);
	if (partitions_short(&retention.partitions))
		exit_status = desk_fail("%s: only %u ranges of outbox lie ahead: when the last is full, INSERTs "
		    "fail, or (MySQL) no more can be made",
		    desk->place, retention.partitions.ahead);
	return exit_status;
}
