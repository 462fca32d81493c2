/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ledger_past.c - rows of our earlier epochs, settled by the journal of the last run.
 *
 * The rows are read as a claim would, the past tells what became of each, and from there
 * they go the way of every settlement, under the owner that had claimed them: so it acts on
 * rows which that owner still holds, and on those that another gateway has put in doubt
 * meanwhile, when it took over. The same transaction takes the lease.
 *
 * A journal that knows of later epochs than the tables do is that of other times: the tables
 * came out of a backup. Then nothing is settled by it.
 */
#include "ledger_values.h"

#include "../gateway/asked.h"
#include "../gateway/past.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

enum { EPOCHS_MAX = 64 };

static void count(struct ledger *ledger, const struct message *message)
{
	const bool doubt = message->outcome.verdict == VERDICT_DOUBTFUL;
	ledger->recalled.rows++;
	ledger->recalled.doubtful += doubt && message->in_doubt == DOUBT_HOLD;
	ledger->recalled.queued += message->outcome.verdict == VERDICT_DEFERRED ||
	    (doubt && message->in_doubt == DOUBT_RESEND);
}

/* Rows whose options cannot be read any more are left to what is done without a journal,
 * unless they never left. */
static enum db_result settle(struct ledger *ledger, struct ledger *then, struct claimed *found,
    struct db_error *err)
{
	size_t n = 0;
	char why[OUTCOME_TEXT_MAX];
	for (size_t i = 0; i < found->n; i++) {
		struct message *message = found->messages[i];
		if (!asked_read(message, why, sizeof why) && past_has(ledger->past, then->epoch, message->id)) {
			message_release(message);
			continue;
		}
		past_tell(ledger->past, then->epoch, ledger->name, message);
		count(ledger, message);
		found->messages[n++] = message;
	}
	struct batch *scratch = batch_new();
	enum db_result result = ledger_settle(then, found->messages, n, scratch, err);
	batch_release(scratch);
	for (size_t i = 0; i < n; i++)
		message_release(found->messages[i]);
	return result;
}

static enum db_result recall(struct ledger *ledger, struct ledger *then, enum statement statement,
    const struct value *values, size_t rows, struct db_error *err)
{
	struct claimed found;
	enum db_result result = ledger_read_rows(then, statement, values, 2, rows, &found, err);
	if (found.n)
		result = settle(ledger, then, &found, err);
	if (found.batch)
		batch_release(found.batch);
	return result;
}

/* Those in doubt come first: after that there are some that we put there. */
static enum db_result recall_epoch(struct ledger *ledger, int64_t epoch, struct db_error *err)
{
	struct ledger then = *ledger;
	then.epoch = epoch;
	snprintf(then.owner, sizeof then.owner, "%s/%" PRId64, ledger->name, epoch);
	int64_t *ids;
	const size_t n = past_rows(ledger->past, epoch, &ids);
	struct value *doubted = calloc(n + 1, 2 * sizeof *doubted);
	if (!doubted)
		abort();
	for (size_t i = 0; i < n; i++) {
		doubted[2 * i] = number_value(ids[i]);
		doubted[2 * i + 1] = text_value(then.owner);
	}
	enum db_result result = DB_OK;
	if (n)
		result = recall(ledger, &then, STATEMENT_CLAIM_DOUBTED, doubted, n, err);
	free(doubted);
	free(ids);
	const struct value held[] = { text_value(then.owner), null_value() };
	return result == DB_OK ? recall(ledger, &then, STATEMENT_CLAIM_READ, held, 1, err) : result;
}

enum db_result ledger_recall(struct ledger *ledger, int64_t last, struct db_error *err)
{
	int64_t epochs[EPOCHS_MAX];
	const size_t n = past_epochs(ledger->past, epochs, EPOCHS_MAX);
	for (size_t i = 0; i < n; i++)
		if (epochs[i] > last)
			return DB_OK;
	enum db_result result = DB_OK;
	for (size_t i = 0; i < n && result == DB_OK; i++)
		result = recall_epoch(ledger, epochs[i], err);
	return result;
}
