/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ledger.c - leases, settlements and links: what they mean in tables.
 *
 * A request is a few statements in one transaction. What makes it safe to ask
 * again stands in the statements: a claim is found again by its token, a
 * settlement acts only on rows that its owner still holds, an arrival is
 * unique. How rows become messages is in ledger_claims.c, how receipts find
 * their messages in ledger_receipts.c, how parts become inbox rows in ledger_inbox.c,
 * dialogues in ledger_ussd.c, what is asked of the network in ledger_commands.c.
 */
#include "ledger.h"

#include "ledger_values.h"

#include "../gateway/several.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
	EXPIRE_MAX = 500,               /* rows in one go */
	DEAD_MAX = 16,
	STRAGGLERS_MAX = 3,             /* own epochs before this one */
	HOST_MAX = 65,
};

enum db_result ledger_run(struct ledger *ledger, enum statement statement,
    const struct value *values, size_t width, size_t rows, row_fn *row, void *ctx,
    struct db_error *err)
{
	if (rows == 0)
		return DB_OK;
	return ledger->engine->run(ledger->db, statement, values, width, rows, row, ctx, NULL, err);
}

enum db_result ledger_begin(struct ledger *ledger, struct db_error *err)
{
	return ledger->engine->transact(ledger->db, EDGE_BEGIN, err);
}

enum db_result ledger_end(struct ledger *ledger, enum db_result result, struct db_error *err)
{
	return result == DB_OK ? ledger->engine->transact(ledger->db, EDGE_COMMIT, err) : result;
}

/* The schema. */

struct presence { unsigned ours; bool marked; int64_t version; };

static void see_table(void *ctx, const struct value *columns, size_t n)
{
	(void)n;
	struct presence *presence = ctx;
	presence->ours++;
	presence->marked = presence->marked || strcmp(columns[0].at, "smsqld_schema") == 0;
}

static void see_version(void *ctx, const struct value *columns, size_t n)
{
	(void)n;
	((struct presence *)ctx)->version = columns[0].number;
}

enum db_result ledger_check(struct ledger *ledger, struct db_error *err)
{
	struct presence presence = { 0 };
	enum db_result result = ledger_run(ledger, STATEMENT_TABLES, NULL, 0, 1, see_table, &presence,
	    err);
	if (result == DB_OK && presence.marked)
		result = ledger_run(ledger, STATEMENT_VERSION, NULL, 0, 1, see_version, &presence, err);
	if (result != DB_OK || (presence.marked && presence.version == SCHEMA_VERSION))
		return result;
	if (presence.ours == 0)
		snprintf(err->text, sizeof err->text,
		    "the tables are not there: run smsqlctl init");
	else if (!presence.marked)
		snprintf(err->text, sizeof err->text, "there are tables of our names that are not "
		    "smsqld's: use another database or schema");
	else if (presence.version > SCHEMA_VERSION)
		snprintf(err->text, sizeof err->text, "the tables are of version %" PRId64
		    ", this program knows version %d: install a newer smsqld", presence.version,
		    SCHEMA_VERSION);
	else
		snprintf(err->text, sizeof err->text, "the tables are of version %" PRId64
		    ", this program needs version %d: stop every gateway and run smsqlctl upgrade", presence.version,
		    SCHEMA_VERSION);
	return DB_BROKEN;
}

/* The lease. */

struct lease { int64_t epoch, alive, pid, alive_ms; char host[HOST_MAX]; };

static void see_lease(void *ctx, const struct value *columns, size_t n)
{
	(void)n;
	struct lease *lease = ctx;
	lease->epoch = columns[0].number;
	lease->alive = columns[1].number;
	snprintf(lease->host, sizeof lease->host, "%s",
	    columns[2].at ? (const char *)columns[2].at : "");
	lease->pid = columns[3].number;
	lease->alive_ms = columns[4].number;
}

/* True when the process that holds the lease cannot be alive: we have the lock of its
 * journal, or it was on this host, and its number is free, or ours. */
static bool holder_is_gone(const struct ledger *ledger, const struct lease *lease, const char *host)
{
	if (past_covers(ledger->past, lease->epoch))
		return true;
	if (strcmp(lease->host, host) != 0 || lease->pid <= 0)
		return false;
	return lease->pid == getpid() || (kill((pid_t)lease->pid, 0) != 0 && errno == ESRCH);
}

static enum db_result recover(struct ledger *ledger, const char *name, int64_t epoch,
    size_t *rows, struct db_error *err)
{
	char owner[sizeof ledger->owner], text[OUTCOME_TEXT_MAX];
	snprintf(owner, sizeof owner, "%s/%" PRId64, name, epoch);
	snprintf(text, sizeof text, "gateway %.64s ended while it was being sent", name);
	const struct value values[] = { text_value(owner),
		text_value(in_doubt_words[ledger->in_doubt_unknown]), text_value(text) };
	const enum db_result result = ledger->engine->run(ledger->db, STATEMENT_RECOVER, values, 3, 1,
	    NULL, NULL, rows, err);
	return result == DB_OK ? ledger_run(ledger, STATEMENT_COMMAND_RECOVER, values, 1, 1, NULL, NULL,
	    err) : result;
}

static enum db_result take_lease(struct ledger *ledger, const struct lease *lease,
    const char *host, long lease_ms, bool *won, struct db_error *err)
{
	size_t changed = 0;
	struct batch *scratch = batch_new();
	const struct value values[] = { text_value(ledger->name), number_value(lease->epoch),
		number_value(lease->epoch + 1), number_value(lease_ms), text_value(ledger->version),
		clean_value(scratch, host), number_value(getpid()) };
	enum db_result result = ledger->engine->run(ledger->db, STATEMENT_GATEWAY_ENTER, values, 7, 1,
	    NULL, NULL, &changed, err);
	batch_release(scratch);
	*won = changed == 1;
	if (result == DB_OK && *won)
		result = ledger_recall(ledger, lease->epoch, err);
	if (result == DB_OK && *won && lease->epoch > 0)
		result = recover(ledger, ledger->name, lease->epoch, NULL, err);
	return result;
}

enum db_result ledger_enter(struct ledger *ledger, long lease_ms, long *alive_ms,
    struct db_error *err)
{
	char host[HOST_MAX] = "";
	gethostname(host, sizeof host - 1);
	struct lease lease = { 0 };
	const struct value name = text_value(ledger->name);
	bool won = false;
	*alive_ms = 0;
	memset(&ledger->recalled, 0, sizeof ledger->recalled);
	enum db_result result = ledger_begin(ledger, err);
	if (result == DB_OK)
		result = ledger_run(ledger, STATEMENT_GATEWAY_READ, &name, 1, 1, see_lease, &lease, err);
	const bool waits = result == DB_OK && lease.alive && !holder_is_gone(ledger, &lease, host);
	if (result == DB_OK && !waits)
		result = take_lease(ledger, &lease, host, lease_ms, &won, err);
	result = ledger_end(ledger, result, err);
	if (result == DB_REFUSED && ledger->past) {
		ledger->past = NULL;    /* then without it */
		return DB_AGAIN;
	}
	if (result != DB_OK)
		return result;
	if (waits) {
		*alive_ms = lease.alive_ms > 0 ? (long)lease.alive_ms : 1;
		snprintf(err->text, sizeof err->text, "a gateway named %.64s holds the lease (host "
		    "%.64s, process %" PRId64 "): waiting for it to end; give this one another name if "
		    "both are meant to run", ledger->name, lease.host, lease.pid);
	} else if (!won) {
		*alive_ms = 1;
		snprintf(err->text, sizeof err->text, "another gateway named %.64s came first",
		    ledger->name);
	} else {
		ledger->past = NULL;
		ledger->epoch = lease.epoch + 1;
		snprintf(ledger->owner, sizeof ledger->owner, "%s/%" PRId64, ledger->name,
		    ledger->epoch);
	}
	return DB_OK;
}

enum db_result ledger_beat(struct ledger *ledger, long lease_ms, bool *fenced, struct db_error *err)
{
	size_t changed = 0;
	const struct value values[] = { text_value(ledger->name), number_value(ledger->epoch),
		number_value(lease_ms) };
	enum db_result result = ledger->engine->run(ledger->db, STATEMENT_GATEWAY_BEAT, values, 3, 1,
	    NULL, NULL, &changed, err);
	*fenced = result == DB_OK && changed == 0;
	return result;
}

enum db_result ledger_leave(struct ledger *ledger, struct db_error *err)
{
	const struct value values[] = { text_value(ledger->name), number_value(ledger->epoch) };
	enum db_result result = ledger_begin(ledger, err);
	if (result == DB_OK)
		result = recover(ledger, ledger->name, ledger->epoch, NULL, err);
	if (result == DB_OK)
		result = ledger_run(ledger, STATEMENT_GATEWAY_LEAVE, values, 2, 1, NULL, NULL, err);
	return ledger_end(ledger, result, err);
}

/* Facts. */

static enum status status_of(const struct message *message)
{
	switch (message->outcome.verdict) {
	case VERDICT_SENT: return STATUS_SENT;
	case VERDICT_DEFERRED: return STATUS_QUEUED;
	case VERDICT_DOUBTFUL:
		return message->in_doubt == DOUBT_RESEND ? STATUS_QUEUED : STATUS_DOUBTFUL;
	case VERDICT_EXPIRED: return STATUS_EXPIRED;
	case VERDICT_REJECTED: return STATUS_FAILED;
	}
	abort();
}

/* The values of outbox.queue that a settlement leaves behind. */
enum queue { QUEUE_READY = 0, QUEUE_OUT = 2, QUEUE_PARKED = 3 };

static enum queue queue_of(const struct message *message, enum status status)
{
	if (status != STATUS_QUEUED)
		return QUEUE_OUT;
	return message->parked && message->outcome.verdict == VERDICT_DEFERRED ? QUEUE_PARKED
	    : QUEUE_READY;
}

static int by_id(const void *a, const void *b)
{
	const struct message *x = *(struct message *const *)a, *y = *(struct message *const *)b;
	return x->id < y->id ? -1 : x->id > y->id;
}

static enum db_result settle_rows(struct ledger *ledger, struct message **messages, size_t n,
    struct batch *scratch, struct db_error *err)
{
	enum { WIDTH = 13 };
	struct value *values = batch_alloc(scratch, n * WIDTH * sizeof *values);
	for (size_t i = 0; i < n; i++) {
		const struct message *message = messages[i];
		const struct outcome *outcome = &message->outcome;
		const enum status status = status_of(message);
		const enum queue queue = queue_of(message, status);
		const bool taken = message->nparts > 0 && message->parts[0].taken;
		char refused[OUTCOME_TEXT_MAX] = "";
		if (message->ndestinations && outcome->verdict == VERDICT_SENT)
			several_tell_refused(message, refused, sizeof refused);
		const struct value row[WIDTH] = {
			number_value(message->id), text_value(ledger->owner),
			text_value(status_word(status)), number_value(queue),
			text_value(queue == QUEUE_PARKED ? message->link : ""),
			number_value(outcome->verdict == VERDICT_DEFERRED ? outcome->retry_ms : 0),
			number_value(outcome->verdict == VERDICT_DEFERRED && outcome->untried),
			text_value(queue == QUEUE_PARKED ? "" : message->link),
			number_value(message_rows(message)),
			id_value(scratch, taken ? message->parts[0].network_id : ""),
			number_value(outcome->code), *refused ?
			    text_value(batch_text(scratch, refused, strlen(refused))) : clean_value(scratch, outcome->text),
			text_value(message->encoding ? message->encoding : ""),
		};
		memcpy(values + i * WIDTH, row, sizeof row);
	}
	return ledger_run(ledger, STATEMENT_SETTLE, values, WIDTH, n, NULL, NULL, err);
}

/* Such a part has its row already, with the id that it was taken under. */
static bool taken_earlier(const struct message *message, unsigned i)
{
	return message->taken[i / 8] >> (i % 8) & 1;
}

enum { PART_WIDTH = 9 };

/* A row of outbox_part; `refusal`: of that destination, or NULL. */
static void put_part(const struct part *part, unsigned destination, const struct rejection *refusal,
    struct batch *scratch, struct value *row)
{
	const struct message *message = part->message;
	const bool several = message->ndestinations, taken = part->taken && !refusal;
	const enum status status = taken ? STATUS_SENT
	    : refusal || message->outcome.verdict == VERDICT_REJECTED ? STATUS_FAILED
	    : status_of(message) == STATUS_DOUBTFUL ? STATUS_DOUBTFUL : STATUS_QUEUED;
	const struct value values[PART_WIDTH] = {
		number_value(message->id), number_value(part->number), text_value(message->link),
		id_value(scratch, refusal ? "" : part->network_id), text_value(status_word(status)),
		number_value(refusal ? refusal->code : taken ? 0 : message->outcome.code),
		clean_value(scratch, refusal ? refusal->text : taken ? "" : message->outcome.text),
		number_value(several ? destination_digest(part, destination) : part->digest),
		clean_value(scratch, several ? message->destinations[destination].address : ""),
	};
	memcpy(row, values, sizeof values);
}

/* Which parts of messages with several the network has taken, and for whom. */
static enum db_result put_parts(struct ledger *ledger, struct message **messages, size_t n,
    struct batch *scratch, struct db_error *err)
{
	size_t rows = 0, at = 0;
	for (size_t i = 0; i < n; i++)
		rows += messages[i]->parked ? 0 : message_rows(messages[i]);
	struct value *values = batch_alloc(scratch, (rows + 1) * PART_WIDTH * sizeof *values);
	for (size_t i = 0; i < n; i++) {
		const struct message *message = messages[i];
		if (message_rows(message) < 2 || message->parked)
			continue;
		for (unsigned k = 0; k < message->nparts; k++) {
			const struct part *part = &message->parts[k];
			if (taken_earlier(message, k))
				continue;
			unsigned d = 0;
			do {
				if (!message->ndestinations || !destination_has(part, d))
					put_part(part, d, destination_refused(part, d), scratch,
					    values + at++ * PART_WIDTH);
			} while (++d < message->ndestinations);
		}
	}
	return ledger_run(ledger, STATEMENT_PART_PUT, values, PART_WIDTH, at, NULL, NULL, err);
}

/* The last part of a message may be taken when receipts have told of all the
 * parts already, in an earlier attempt. */
static enum db_result fold_sent(struct ledger *ledger, struct message **messages, size_t n,
    struct batch *scratch, struct db_error *err)
{
	struct value *values = batch_alloc(scratch, (n + 1) * sizeof *values);
	size_t rows = 0;
	for (size_t i = 0; i < n; i++)
		if (message_rows(messages[i]) > 1 && messages[i]->outcome.verdict == VERDICT_SENT)
			values[rows++] = number_value(messages[i]->id);
	return ledger_run(ledger, STATEMENT_FOLD, values, 1, rows, NULL, NULL, err);
}

enum db_result ledger_settle(struct ledger *ledger, struct message **settled, size_t n,
    struct batch *scratch, struct db_error *err)
{
	/* Ascending: two gateways that write the same rows wait for each other in one order. */
	if (n)
		qsort(settled, n, sizeof *settled, by_id);
	enum db_result result = settle_rows(ledger, settled, n, scratch, err);
	if (result == DB_OK)
		result = put_parts(ledger, settled, n, scratch, err);
	if (result == DB_OK)
		result = ledger_apply_overtaken(ledger, settled, n, scratch, err);
	if (result == DB_OK)
		result = fold_sent(ledger, settled, n, scratch, err);
	if (result == DB_OK)
		result = ledger_settle_turns(ledger, settled, n, scratch, err);
	return result;
}

enum db_result ledger_record(struct ledger *ledger, const struct facts *facts,
    struct db_error *err)
{
	struct batch *scratch = batch_new();
	const size_t n = facts->nsettled;
	struct message **settled = batch_alloc(scratch, (n + 1) * sizeof *settled);
	if (n)
		memcpy(settled, facts->settled, n * sizeof *settled);
	enum db_result result = ledger_begin(ledger, err);
	if (result == DB_OK)
		result = ledger_settle(ledger, settled, n, scratch, err);
	if (result == DB_OK)
		result = ledger_put_answers(ledger, facts->commands, facts->ncommands, scratch, err);
	if (result == DB_OK)
		result = ledger_apply_receipts(ledger, facts->receipts, facts->nreceipts, scratch, err);
	if (result == DB_OK)
		result = ledger_put_inbound(ledger, facts->inbounds, facts->ninbounds, scratch, err);
	result = ledger_end(ledger, result, err);
	batch_release(scratch);
	return result;
}

/* What every gateway does now and then. */

struct dead {
	const struct ledger *ledger;
	bool we_too;
	size_t n;
	struct { char name[LINK_NAME_MAX]; int64_t epoch; } at[DEAD_MAX];
};

static void see_dead(void *ctx, const struct value *columns, size_t n)
{
	(void)n;
	struct dead *dead = ctx;
	if (strcmp(columns[0].at, dead->ledger->name) == 0 && columns[1].number == dead->ledger->epoch)
		dead->we_too = true;
	else if (dead->n < DEAD_MAX && columns[0].len < sizeof dead->at->name) {
		snprintf(dead->at[dead->n].name, sizeof dead->at->name, "%s", (const char *)columns[0].at);
		dead->at[dead->n++].epoch = columns[1].number;
	}
}

static enum db_result bury(struct ledger *ledger, const char *name, int64_t epoch, size_t *rows,
    struct db_error *err)
{
	const struct value values[] = { text_value(name), number_value(epoch) };
	size_t buried = 0, found = 0;
	enum db_result result = ledger_begin(ledger, err);
	if (result == DB_OK)
		result = ledger->engine->run(ledger->db, STATEMENT_GATEWAY_BURY, values, 2, 1, NULL, NULL,
		    &buried, err);
	if (result == DB_OK && buried)
		result = recover(ledger, name, epoch, &found, err);
	result = ledger_end(ledger, result, err);
	if (result == DB_OK)
		*rows += found;
	return result;
}

/*
 * A server may still work on a claim of a process that has died, and commit it when its successor, who is we, has
 * recovered all that it held. Those rows never left.
 */
static enum db_result recover_stragglers(struct ledger *ledger, size_t *rows, struct db_error *err)
{
	enum db_result result = DB_OK;
	for (int64_t back = 1; result == DB_OK && back <= STRAGGLERS_MAX && back < ledger->epoch; back++) {
		size_t late = 0;
		result = recover(ledger, ledger->name, ledger->epoch - back, &late, err);
		*rows += result == DB_OK ? late : 0;
	}
	return result;
}

enum db_result ledger_tend(struct ledger *ledger, struct tended *tended, struct db_error *err)
{
	struct dead dead = { .ledger = ledger };
	*tended = (struct tended){ 0 };
	enum db_result result = ledger_run(ledger, STATEMENT_GATEWAY_DEAD, NULL, 0, 1, see_dead,
	    &dead, err);
	/* The database itself was away: the others may be as alive as we are, and come to say so. */
	for (size_t i = 0; result == DB_OK && !dead.we_too && i < dead.n; i++)
		result = bury(ledger, dead.at[i].name, dead.at[i].epoch, &tended->recovered, err);
	if (result == DB_OK)
		result = recover_stragglers(ledger, &tended->recovered, err);
	const struct value most = number_value(EXPIRE_MAX);
	size_t expired = 0;
	if (result == DB_OK)
		result = ledger->engine->run(ledger->db, STATEMENT_EXPIRE, &most, 1, 1, NULL, NULL, &expired,
		    err);
	tended->more = expired >= EXPIRE_MAX;
	if (result == DB_OK)
		result = ledger_tend_ussd(ledger, err);
	return result == DB_OK ? ledger_tend_inbox(ledger, &tended->incomplete, err) : result;
}

/* The table `link`. */

struct wants { ledger_wanted_fn *tell; void *ctx; };

static void see_wanted(void *ctx, const struct value *columns, size_t n)
{
	(void)n;
	static const char *const words[] = { [WANTED_RUN] = "run", [WANTED_HOLD] = "hold",
		[WANTED_DRAIN] = "drain" };
	const struct wants *wants = ctx;
	for (int i = 0; i < 3; i++)
		if (strcmp(columns[1].at, words[i]) == 0)
			wants->tell(wants->ctx, columns[0].at, (enum wanted)i);
}

enum db_result ledger_links(struct ledger *ledger, const struct link_report *reports, size_t n,
    ledger_wanted_fn *tell, void *ctx, struct db_error *err)
{
	enum { WIDTH = 22 };
	struct batch *scratch = batch_new();
	struct value *values = batch_alloc(scratch, (n + 1) * WIDTH * sizeof *values);
	for (size_t i = 0; i < n; i++) {
		const struct link_report *report = &reports[i];
		const struct value row[WIDTH] = {
			text_value(ledger->name), text_value(report->name), text_value(report->driver),
			text_value(report->state), clean_value(scratch, report->reason),
			number_value(report->window), number_value(report->queued),
			number_value(report->unanswered), number_value(report->rate),
			number_value((int64_t)report->sent), number_value((int64_t)report->failed),
			number_value((int64_t)report->receipts), number_value((int64_t)report->received),
			text_value(report->account), number_value(report->interval_ms),
			number_value(report->quota[USE_HOUR]), number_value(report->quota[USE_DAY]),
			number_value(report->quota[USE_MONTH]),
			number_value((int64_t)report->used.parts[USE_HOUR]),
			number_value((int64_t)report->used.parts[USE_DAY]),
			number_value((int64_t)report->used.parts[USE_MONTH]),
			number_value(report->used.at * 1000),
		};
		memcpy(values + i * WIDTH, row, sizeof row);
	}
	struct wants wants = { tell, ctx };
	const struct value name = text_value(ledger->name);
	enum db_result result = ledger_run(ledger, STATEMENT_LINK_PUT, values, WIDTH, n, NULL, NULL,
	    err);
	if (result == DB_OK)
		result = ledger_run(ledger, STATEMENT_LINK_WANTED, &name, 1, 1, see_wanted, &wants, err);
	batch_release(scratch);
	return result;
}

struct uses { ledger_used_fn *tell; void *ctx; };

static void see_used(void *ctx, const struct value *columns, size_t n)
{
	(void)n;
	const struct uses *uses = ctx;
	struct link_use use = { .at = columns[4].number };
	for (int i = 0; i < USE_PERIODS; i++)
		use.parts[i] = columns[1 + i].number > 0 ? (uint64_t)columns[1 + i].number : 0;
	uses->tell(uses->ctx, columns[0].at, &use);
}

enum db_result ledger_used(struct ledger *ledger, ledger_used_fn *tell, void *ctx, struct db_error *err)
{
	struct uses uses = { tell, ctx };
	const struct value name = text_value(ledger->name);
	return ledger_run(ledger, STATEMENT_LINK_USED, &name, 1, 1, see_used, &uses, err);
}
