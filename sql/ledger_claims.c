/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ledger_claims.c - rows that were claimed become messages.
 *
 * A claim names its rows with a token, so it can be asked for again after a
 * lost answer. An engine gives rows back in no order; they are put in order
 * here: priority, time, id. Rows that the claim took out of the queue
 * (cancelled, held, expired) come along too, and are left out.
 */
#include "ledger.h"

#include "ledger_values.h"

#include <stdlib.h>
#include <string.h>

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

enum db_result ledger_read_rows(struct ledger *ledger, enum statement statement,
    const struct value *values, size_t width, size_t rows, struct claimed *found,
    struct db_error *err)
{
	struct claim claim = { .ledger = ledger };
	*found = (struct claimed){ .n = 0 };
	enum db_result result = ledger_run(ledger, statement, values, width, rows, read_claimed, &claim,
	    err);
	if (result == DB_OK)
		finish_claim(&claim, found);
	else
		drop_claim(&claim);
	return result;
}

static enum db_result claim_by(struct ledger *ledger, enum statement statement,
    const struct value *values, size_t width, struct batch **batch, struct message ***messages,
    size_t *n, struct db_error *err)
{
	struct claimed found;
	enum db_result result = ledger_read_rows(ledger, statement, values, width, 1, &found, err);
	*batch = found.batch;
	*messages = found.messages;
	*n = found.n;
	return result;
}

enum db_result ledger_claim(struct ledger *ledger, int64_t token, const struct lane *lane,
    size_t max, struct batch **batch, struct message ***messages, size_t *n, struct db_error *err)
{
	const struct value values[] = { text_value(ledger->owner), number_value(token),
		text_value(lane->name), number_value((int64_t)max) };
	return claim_by(ledger, lane->kind == LANE_LINK ? STATEMENT_CLAIM_PARKED : STATEMENT_CLAIM,
	    values, 4, batch, messages, n, err);
}

enum db_result ledger_claimed(struct ledger *ledger, int64_t token, struct batch **batch,
    struct message ***messages, size_t *n, struct db_error *err)
{
	const struct value values[] = { text_value(ledger->owner), number_value(token) };
	return claim_by(ledger, STATEMENT_CLAIM_READ, values, 2, batch, messages, n, err);
}
