/* SPDX-License-Identifier: Apache-2.0 */
/*
 * partitions.c - what becomes of the ranges of outbox, one short transaction after the other.
 *
 *     FIRST --plain tables--> DONE
 *       | partitioned
 *     AHEAD --a range was made--> AHEAD --enough--> NEXT
 *     NEXT  --no more, or the last one was too young--> DONE
 *       | a range                                               (out: taken out of outbox)
 *     LOOK  --something stays--> NEXT;  out: PUT_BACK --> NEXT     (PUT_BACK, too, may take several steps)
 *       | nothing stays                                (chunk by chunk)
 *     TAKE_OUT (not when it is out) --still needed--> NEXT
 *       |   --taken out--> LOOK, from its beginning
 *     REFS  --some were deleted--> REFS
 *     DROP --> NEXT
 *
 * A row may change between the moment that it is looked at and that in which the range is taken out: so all of it is
 * looked at once more when nobody can reach it any more, and put back if anything stays (PostgreSQL), or what
 * stays is put back at once as it is met (MySQL, where nothing stays then, and the range remains for these rows).
 * Whoever dies in between leaves a range that is out; the next run finds it, and begins at LOOK.
 *
 * Taking out and dropping need outbox for themselves for a moment. Whoever waits for that keeps everybody who
 * comes later waiting, too: so nothing waits for longer than 20 ms, in MariaDB not at all (partitioned.sql), gives
 * up, and tries again half a second later, TRIES times.
 */
#include "partitions.h"

#include <stdio.h>
#include <string.h>

enum { TRIES = 20, TRY_AGAIN_MS = 500, DAY_S = 86400 };

static struct value number(int64_t n)
{
	return (struct value){ .kind = VALUE_NUMBER, .number = n };
}

static struct value text(const char *at)
{
	return (struct value){ .kind = VALUE_TEXT, .at = at, .len = strlen(at) };
}

void partitions_begin(struct partitions *partitions, const struct keep *keep, bool dry)
{
	*partitions = (struct partitions){ .keep = *keep, .dry = dry, .number = -1,
		.ahead = PARTITIONS_AHEAD };
}

bool partitions_done(const struct partitions *partitions)
{
	return partitions->step == STEP_DONE;
}

bool partitions_short(const struct partitions *partitions)
{
	return partitions->there && partitions->ahead < PARTITIONS_AHEAD;
}

struct answer_columns { size_t rows; int64_t numbers[4]; char name[32]; };

static void see_columns(void *ctx, const struct value *columns, size_t n)
{
	struct answer_columns *seen = ctx;
	seen->rows++;
	for (size_t i = 0; i < n && i < 4; i++) {
		seen->numbers[i] = columns[i].number;
		if (columns[i].kind == VALUE_TEXT)
			snprintf(seen->name, sizeof seen->name, "%s", (const char *)columns[i].at);
	}
}

static void begin_look(struct partitions *partitions)
{
	partitions->step = STEP_LOOK;
	partitions->after = 0;
}

static void on_next(struct partitions *partitions, const struct answer_columns *seen)
{
	if (!seen->rows) {
		partitions->step = STEP_DONE;
		return;
	}
	if (partitions->step == STEP_FIRST) {
		partitions->there = true;
		partitions->step = partitions->dry ? STEP_NEXT : STEP_AHEAD;
		return;
	}
	partitions->number = seen->numbers[0];
	partitions->attached = seen->numbers[2];
	snprintf(partitions->name, sizeof partitions->name, "%s", seen->name);
	if (partitions->keep.outbox > 0)
		begin_look(partitions);
	else if (!partitions->attached && !partitions->dry)
		partitions->step = STEP_PUT_BACK;
}

enum { LOOK_LAST, LOOK_SEEN, LOOK_STAYS, LOOK_YOUNG };

static void on_looked(struct partitions *partitions, const struct answer_columns *seen, size_t max)
{
	partitions->after = seen->numbers[LOOK_LAST];
	if (seen->numbers[LOOK_STAYS]) {
		partitions->last = partitions->attached && seen->numbers[LOOK_YOUNG];
		partitions->step = partitions->attached || partitions->dry ? STEP_NEXT : STEP_PUT_BACK;
	} else if (seen->numbers[LOOK_SEEN] == (int64_t)max) {
		return;
	} else if (partitions->dry) {
		partitions->dropped++;
		partitions->step = STEP_NEXT;
	} else {
		partitions->step = partitions->attached ? STEP_TAKE_OUT : STEP_REFS;
	}
}

static void on_done(struct partitions *partitions, const struct answer_columns *seen, size_t max)
{
	const int64_t first = seen->numbers[0];
	partitions->tries = 0;
	switch (partitions->step) {
	case STEP_FIRST:
	case STEP_NEXT:
		on_next(partitions, seen);
		break;
	case STEP_AHEAD:
		partitions->made += (unsigned)first;
		partitions->ahead = (unsigned)seen->numbers[1];
		partitions->step = first ? STEP_AHEAD : STEP_NEXT;
		break;
	case STEP_LOOK:
		on_looked(partitions, seen, max);
		break;
	case STEP_TAKE_OUT:
		partitions->attached = !first;
		if (first)
			begin_look(partitions);
		else
			partitions->step = STEP_NEXT;
		break;
	case STEP_REFS:
		partitions->step = first ? STEP_REFS : STEP_DROP;
		break;
	case STEP_DROP:
		partitions->dropped += (unsigned)first;
		partitions->step = STEP_NEXT;
		break;
	case STEP_PUT_BACK:
		partitions->step = first ? STEP_NEXT : STEP_PUT_BACK;
		break;
	case STEP_DONE:
		break;
	}
	if (partitions->step == STEP_NEXT && partitions->last)
		partitions->step = STEP_DONE;
}

enum db_result partitions_step(struct partitions *partitions, const struct engine *engine, struct db *db,
    size_t max, unsigned *pause_ms, struct db_error *err)
{
	const struct keep *keep = &partitions->keep;
	const struct value name = text(partitions->name), from = number(partitions->number),
	    ahead = number(PARTITIONS_AHEAD), refs[] = { name, number((int64_t)max) },
	    look[] = { name, number(partitions->after), number((int64_t)max), number(keep->outbox * DAY_S),
	        number(keep->unconfirmed * DAY_S) };
	const struct { enum statement statement; const struct value *values; size_t width; } steps[] = {
		[STEP_FIRST] = { STATEMENT_PARTITION_NEXT, &from, 1 },
		[STEP_AHEAD] = { STATEMENT_PARTITION_AHEAD, &ahead, 1 },
		[STEP_NEXT] = { STATEMENT_PARTITION_NEXT, &from, 1 },
		[STEP_LOOK] = { STATEMENT_PARTITION_LOOK, look, 5 },
		[STEP_TAKE_OUT] = { STATEMENT_PARTITION_TAKE_OUT, &name, 1 },
		[STEP_REFS] = { STATEMENT_PARTITION_REFS, refs, 2 },
		[STEP_DROP] = { STATEMENT_PARTITION_DROP, &name, 1 },
		[STEP_PUT_BACK] = { STATEMENT_PARTITION_PUT_BACK, &name, 1 },
	};
	struct answer_columns seen = { 0 };
	const enum db_result result = engine->run(db, steps[partitions->step].statement,
	    steps[partitions->step].values, steps[partitions->step].width, 1, see_columns, &seen, NULL, err);
	if (result == DB_OK) {
		on_done(partitions, &seen, max);
	} else if (result == DB_AGAIN && ++partitions->tries < TRIES) {
		*pause_ms = TRY_AGAIN_MS;
		return DB_OK;
	} else if (result == DB_AGAIN && partitions->step > STEP_AHEAD && partitions->step < STEP_DONE) {
		partitions->busy++;
		partitions->tries = 0;
		partitions->step = STEP_NEXT;
		return DB_OK;
	}
	return result;
}
