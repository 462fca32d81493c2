/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ledger_claims.c - rows that were claimed become messages.
 *
 * A claim names its rows with a token, so it can be asked for again after a
 * lost answer. An engine gives rows back in no order; they are put in order
 * here: priority, time, id. Rows that the claim took out of the queue
 * (cancelled, held, expired) come along too, and are left out.
 *
 * Where a claim of a route begins: see struct floors in ledger.h.
 */
#include "ledger.h"

#include "../gateway/clock.h"
#include "ledger_values.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CLAIM_WIDTH = 4, FLOOR_TIMES = 10, FLOOR_MAX_MS = 20000 };

struct claim {
	const struct ledger *ledger;
	struct batch *batch;
	struct order { struct message *message; int64_t priority, send_after; } *rows;
	size_t n, room;
};

static const char *text_in(struct batch *batch, const struct value *value)
{
	return value->kind == VALUE_NULL ? NULL : batch_text(batch, value->at, value->len);
}

static const char *text_or(struct batch *batch, const struct value *value, const char *otherwise)
{
	const char *text = text_in(batch, value);
	return text ? text : otherwise;
}

static enum in_doubt doubt_of(const struct value *value, enum in_doubt otherwise)
{
	if (value->kind != VALUE_TEXT)
		return otherwise;
	return strcmp(value->at, in_doubt_words[DOUBT_RESEND]) == 0 ? DOUBT_RESEND : DOUBT_HOLD;
}

/* "1:815,3:4711" into bits and digests. */
static void mark_taken(struct message *message, const struct value *value)
{
	if (value->kind != VALUE_TEXT)
		return;
	message->earlier = batch_text(message->batch, value->at, value->len);
	for (const char *at = value->at; *at; ) {
		char *end;
		unsigned long part = strtoul(at, &end, 10);
		if (end == at)
			return;
		const unsigned long digest = *end == ':' ? strtoul(end + 1, &end, 10) : 0;
		if (!message->digests)
			message->digests = batch_alloc(message->batch, PARTS_MAX * sizeof *message->digests);
		if (part >= 1 && part <= PARTS_MAX) {
			message->taken[(part - 1) / 8] |= (uint8_t)(1u << ((part - 1) % 8));
			message->digests[part - 1] = (uint32_t)digest;
		}
		at = *end == ',' ? end + 1 : end;
	}
}

/* The order of columns is CLAIM_COLUMNS'. */
static void read_claimed(void *ctx, const struct value *columns, size_t n)
{
	struct claim *claim = ctx;
	if (n < 17 || strcmp(columns[3].at, status_word(STATUS_SENDING)) != 0)
		return;
	if (!claim->batch)
		claim->batch = batch_new();
	if (claim->n == claim->room) {
		claim->room = claim->room ? claim->room * 2 : 64;
		claim->rows = realloc(claim->rows, claim->room * sizeof *claim->rows);
		if (!claim->rows)
			abort();
	}
	struct batch *batch = claim->batch;
	struct message *message = batch_message(batch);
	message->id = columns[0].number;
	message->route = text_or(batch, &columns[4], "");
	message->pinned = text_or(batch, &columns[5], "");
	message->sender = text_or(batch, &columns[6], "");
	message->recipient = text_or(batch, &columns[7], "");
	message->kind = text_or(batch, &columns[8], "text");
	message->body = text_or(batch, &columns[9], "");
	message->data = (struct blob){ (const uint8_t *)text_in(batch, &columns[10]),
		columns[10].len };
	message->options = text_in(batch, &columns[11]);
	message->wants_receipt = columns[12].number != 0;
	/* A turn of a dialogue that is resent would answer another question. */
	const bool once = strcmp(message->kind, "ussd") == 0;
	message->in_doubt = once ? DOUBT_HOLD : doubt_of(&columns[13], claim->ledger->in_doubt);
	message->in_doubt_said = once || columns[13].kind == VALUE_TEXT;
	message->due_at = columns[2].number / 1000;
	message->attempts = (uint16_t)columns[14].number;
	message->expires_at = columns[15].kind == VALUE_NUMBER ? columns[15].number : 0;
	mark_taken(message, &columns[16]);
	claim->rows[claim->n++] = (struct order){ message, columns[1].number, columns[2].number };
}

static int by_order(const void *a, const void *b)
{
	const struct order *x = a, *y = b;
	if (x->priority != y->priority)
		return x->priority < y->priority ? -1 : 1;
	if (x->send_after != y->send_after)
		return x->send_after < y->send_after ? -1 : 1;
	return x->message->id < y->message->id ? -1 : x->message->id > y->message->id;
}

/* What an engine gives back has no order of its own. */
static void finish_claim(struct claim *claim, struct claimed *found)
{
	found->batch = claim->batch;
	found->n = claim->n;
	if (claim->n) {
		qsort(claim->rows, claim->n, sizeof *claim->rows, by_order);
		found->messages = batch_alloc(claim->batch, claim->n * sizeof *found->messages);
		for (size_t i = 0; i < claim->n; i++)
			found->messages[i] = claim->rows[i].message;
	}
	free(claim->rows);
}

static void drop_claim(struct claim *claim)
{
	for (size_t i = 0; i < claim->n; i++)
		message_release(claim->rows[i].message);
	if (claim->batch)
		batch_release(claim->batch);
	free(claim->rows);
}

/* What became of it: its rows, or none. */
static void end_claim(struct claim *claim, enum db_result result, struct claimed *found)
{
	*found = (struct claimed){ .n = 0 };
	if (result == DB_OK)
		finish_claim(claim, found);
	else
		drop_claim(claim);
}

enum db_result ledger_read_rows(struct ledger *ledger, enum statement statement,
    const struct value *values, size_t width, size_t rows, struct claimed *found,
    struct db_error *err)
{
	struct claim claim = { .ledger = ledger };
	enum db_result result = ledger_run(ledger, statement, values, width, rows, read_claimed, &claim,
	    err);
	end_claim(&claim, result, found);
	return result;
}

static void give(const struct claimed *found, struct batch **batch, struct message ***messages,
    size_t *n)
{
	*batch = found->batch;
	*messages = found->messages;
	*n = found->n;
}

/* Floors. */

static uint64_t smaller(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

/* Those of a route; NULL when there are too many routes to know them all. */
static struct floors *floors_of(struct ledger *ledger, const char *route)
{
	for (size_t i = 0; i < ledger->nfloors; i++)
		if (strcmp(ledger->floors[i].route, route) == 0)
			return &ledger->floors[i];
	if (ledger->nfloors == FLOORS_MAX || strlen(route) >= sizeof ledger->floors->route)
		return NULL;
	struct floors *floors = &ledger->floors[ledger->nfloors++];
	*floors = (struct floors){ .until = 0 };
	snprintf(floors->route, sizeof floors->route, "%s", route);
	return floors;
}

static void floors_write(const struct floors *floors, char *out, size_t room)
{
	size_t at = 0;
	for (int i = 0; i < FLOOR_PRIORITIES; i++) {
		at += (size_t)snprintf(out + at, room - at, i ? "," : "");
		if (floors->ms[i])
			at += (size_t)snprintf(out + at, room - at, "%" PRId64, floors->ms[i]);
	}
}

static void floors_raise(struct floors *floors, const struct claim *claim)
{
	for (size_t i = 0; i < claim->n; i++) {
		const struct order *row = &claim->rows[i];
		if (row->priority >= 0 && row->priority < FLOOR_PRIORITIES &&
		    floors->ms[row->priority] < row->send_after)
			floors->ms[row->priority] = row->send_after;
	}
}

/* A claim of fresh rows, above the floors while they are in use. */
static enum db_result claim_route(struct ledger *ledger, const struct value values[CLAIM_WIDTH],
    struct claim *claim, struct db_error *err)
{
	struct floors *floors = floors_of(ledger, values[2].at);
	char text[FLOOR_PRIORITIES * 22] = "";
	const uint64_t began = clock_ms();
	const bool above = floors && began < floors->until;
	if (above)
		floors_write(floors, text, sizeof text);
	struct value with[CLAIM_WIDTH + 1];
	memcpy(with, values, CLAIM_WIDTH * sizeof *values);
	with[CLAIM_WIDTH] = text_value(text);
	enum db_result result = ledger_run(ledger, STATEMENT_CLAIM, with, CLAIM_WIDTH + 1, 1,
	    read_claimed, claim, err);
	if (result != DB_OK || !floors)
		return result;
	floors_raise(floors, claim);
	const uint64_t took = clock_ms() - began;
	if (!above && ledger->slow_ms && took >= ledger->slow_ms)
		floors->until = began + took + smaller(FLOOR_TIMES * took, FLOOR_MAX_MS);
	return result;
}

enum db_result ledger_claim(struct ledger *ledger, int64_t token, const struct lane *lane,
    size_t max, struct batch **batch, struct message ***messages, size_t *n, struct db_error *err)
{
	const struct value values[CLAIM_WIDTH] = { text_value(ledger->owner), number_value(token),
		text_value(lane->name), number_value((int64_t)max) };
	struct claim claim = { .ledger = ledger };
	struct claimed found;
	enum db_result result = lane->kind == LANE_ROUTE ? claim_route(ledger, values, &claim, err)
	    : ledger_run(ledger, STATEMENT_CLAIM_PARKED, values, CLAIM_WIDTH, 1, read_claimed, &claim, err);
	end_claim(&claim, result, &found);
	give(&found, batch, messages, n);
	return result;
}

enum db_result ledger_claimed(struct ledger *ledger, int64_t token, struct batch **batch,
    struct message ***messages, size_t *n, struct db_error *err)
{
	const struct value values[] = { text_value(ledger->owner), number_value(token) };
	struct claimed found;
	enum db_result result = ledger_read_rows(ledger, STATEMENT_CLAIM_READ, values, 2, 1, &found, err);
	give(&found, batch, messages, n);
	return result;
}
