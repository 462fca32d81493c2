/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ledger_values.h - what the files of the ledger share: values for statements,
 * and the part of a transaction that applies receipts.
 *
 * Values borrow; a scratch batch lives as long as the transaction does.
 */
#ifndef LEDGER_VALUES_H
#define LEDGER_VALUES_H

#include "ledger.h"

#include <string.h>

static inline struct value number_value(int64_t number)
{
	return (struct value){ .kind = VALUE_NUMBER, .number = number };
}

/* A text of ours, or one that came out of the database. */
static inline struct value text_value(const char *text)
{
	return (struct value){ .kind = VALUE_TEXT, .at = text, .len = strlen(text) };
}

/* Empty: NULL. */
static inline struct value octets_value(struct blob blob)
{
	return (struct value){ .kind = blob.len ? VALUE_OCTETS : VALUE_NULL, .at = blob.at,
		.len = blob.len };
}

static inline struct value null_value(void)
{
	return (struct value){ .kind = VALUE_NULL };
}

/* A text from outside: octets that are no UTF-8 become U+FFFD. Borrows the
 * text when it is clean, else a copy in the scratch batch. */
struct value clean_value(struct batch *scratch, const char *text);
/* The same for a network's message id, and it stays shorter than NETWORK_ID_MAX,
 * so that network_key() of it is what the dialects make of the column. */
struct value id_value(struct batch *scratch, const char *id);

enum db_result ledger_begin(struct ledger *, struct db_error *);
/* Commits when `result` is DB_OK; else the transaction is gone already (engine.h, rule 3). */
enum db_result ledger_end(struct ledger *, enum db_result result, struct db_error *);

/* Runs a statement of the transaction that is open; zero rows are no work. */
enum db_result ledger_run(struct ledger *, enum statement, const struct value *, size_t width,
    size_t rows, row_fn *, void *ctx, struct db_error *);

/* Rows in the columns of a claim, as messages in a batch of their own; n = 0: batch is NULL. */
struct claimed { struct batch *batch; struct message **messages; size_t n; };
enum db_result ledger_read_rows(struct ledger *, enum statement, const struct value *, size_t width,
    size_t rows, struct claimed *, struct db_error *);

/* Inside a transaction. What became of these messages, which are put in order: in outbox, its
 * parts and dialogues. Acts on rows that this owner still holds, or left in doubt. */
enum db_result ledger_settle(struct ledger *, struct message **settled, size_t n,
    struct batch *scratch, struct db_error *);
/* Inside a transaction: settles by the journal what our earlier epochs up to `last` held, and
 * counts that in ledger->recalled. */
enum db_result ledger_recall(struct ledger *, int64_t last, struct db_error *);

/* Inside a transaction. Receipts that came before these messages were settled. */
enum db_result ledger_apply_overtaken(struct ledger *, struct message *const *settled, size_t n,
    struct batch *scratch, struct db_error *);
/* Receipts just told: moves their messages, and keeps every one of them. */
enum db_result ledger_apply_receipts(struct ledger *, const struct receipt *, size_t n,
    struct batch *scratch, struct db_error *);

/* What became of commands, and what the network did to their messages. */
enum db_result ledger_put_answers(struct ledger *, struct command *const *, size_t n,
    struct batch *scratch, struct db_error *);

/* Messages from handsets, and parts of them. */
enum db_result ledger_put_inbound(struct ledger *, const struct inbound *, size_t n,
    struct batch *scratch, struct db_error *);
/* Its own transactions: sets of parts that are overdue, or too many; forgets closed ones.
 * *incomplete grows by the messages put into inbox with parts missing. */
enum db_result ledger_tend_inbox(struct ledger *, size_t *incomplete, struct db_error *);

/* Dialogues over USSD, inside a transaction. A turn of the handset's, whose inbox row is there. */
enum db_result ledger_hear_turn(struct ledger *, const struct inbound *, struct db_error *);
/* Turns of ours among messages that were just settled. */
enum db_result ledger_settle_turns(struct ledger *, struct message *const *, size_t n,
    struct batch *scratch, struct db_error *);
/* On its own: ends dialogues in which nobody has said anything for too long. */
enum db_result ledger_tend_ussd(struct ledger *, struct db_error *);

#endif
