/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ledger_commands.c - rows of table command become commands, and their replies rows.
 *
 * A look is one small query while nothing is asked. What it finds is locked, judged here
 * (a table of rules: what can never be asked ends at once, in words), claimed, and given
 * away in one transaction.
 *
 * A claim has no token to ask for it again. So the ids are noted before the commit, and
 * when that fails, the next call gives back what it may have taken.
 */
#include "ledger_values.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

enum { TRIES = 5 };                     /* so often a command may be lost on the way */

/* A row, and the message that it is about. */
struct row {
	struct batch *batch;
	struct command *command;
	const char *what, *link, *message_id, *error_text, *status, *network_id;
	int64_t attempts, outbox_id, known, there, queue, parts;
	bool has_body, has_options;
	char why[OUTCOME_TEXT_MAX];     /* it ends at once */
};

struct look {
	struct batch *batch;            /* NULL while nothing was found */
	struct row rows[COMMANDS_MAX];
	size_t n;
};

static const char *text_of(struct batch *batch, const struct value *value, const char *otherwise)
{
	return value->kind == VALUE_NULL ? otherwise : batch_text(batch, value->at, value->len);
}

/* By the message of outbox, or by what the command says itself. */
static void read_message(struct row *row, const struct value *columns)
{
	struct message *message = row->command->message;
	struct batch *batch = row->batch;
	const bool there = row->there;
	message->id = row->outbox_id;
	message->body = text_of(batch, &columns[8], "");
	message->options = text_of(batch, &columns[there ? 20 : 9], NULL);
	message->sender = text_of(batch, &columns[there ? 17 : 6], "");
	message->recipient = text_of(batch, &columns[there ? 18 : 7], "");
	message->kind = text_of(batch, &columns[19], "text");
	message->wants_receipt = columns[21].number != 0;
	message->encoding = text_of(batch, &columns[23], NULL);
	message->route = message->pinned = "";
}

/* The order of columns is COMMAND_COLUMNS'. */
static void see_row(void *ctx, const struct value *columns, size_t n)
{
	struct look *look = ctx;
	if (n < 24 || look->n == COMMANDS_MAX)
		return;
	if (!look->batch)
		look->batch = batch_new();
	struct batch *batch = look->batch;
	struct row *row = &look->rows[look->n++];
	*row = (struct row){ .batch = batch, .command = batch_command(batch),
		.what = text_of(batch, &columns[1], ""), .attempts = columns[2].number,
		.outbox_id = columns[3].number, .link = text_of(batch, &columns[4], ""),
		.message_id = text_of(batch, &columns[5], ""),
		.error_text = text_of(batch, &columns[10], ""), .known = columns[11].number,
		.there = columns[12].number, .status = text_of(batch, &columns[13], ""),
		.queue = columns[14].number, .network_id = text_of(batch, &columns[16], ""),
		.parts = columns[22].number, .has_body = columns[8].kind != VALUE_NULL,
		.has_options = columns[9].kind != VALUE_NULL };
	struct command *command = row->command;
	command->id = columns[0].number;
	while (command->kind < COMMAND_REPLACE && strcmp(command_words[command->kind], row->what) != 0)
		command->kind++;
	snprintf(command->link, sizeof command->link, "%s",
	    row->there ? text_of(batch, &columns[15], "") : row->link);
	read_message(row, columns);
	command->broadcast = strcmp(command->message->kind, "broadcast") == 0;
}

/* What can never be asked. False: why not. */

static bool never(struct row *row, const char *format, ...) __attribute__((format(printf, 2, 3)));

static bool never(struct row *row, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	vsnprintf(row->why, sizeof row->why, format, args);
	va_end(args);
	return false;
}

static bool names_one(struct row *row)
{
	const bool by_link = *row->link || *row->message_id;
	if (row->outbox_id && by_link)
		return never(row, "outbox_id and link are both given: one says which message is meant");
	if (row->outbox_id && row->has_options)
		return never(row, "options go with link: a message of the outbox has its own");
	if (!row->outbox_id && !*row->link)
		return never(row, "which message? Give its outbox_id, or the link and the message_id");
	return true;
}

static bool was_sent(struct row *row)
{
	const int64_t id = row->outbox_id;
	if (!id)
		return true;
	if (!row->there)
		return never(row, "there is no message %" PRId64 " in the outbox", id);
	if (row->queue != 2 && row->command->kind == COMMAND_CANCEL)
		return never(row, "it waits still: UPDATE outbox SET status = 'cancelled' WHERE id = %" PRId64
		    " AND status = 'queued'", id);
	if (row->queue != 2)
		return never(row, "it waits still, and the network does not know it: see outbox.status");
	if (!*row->network_id && strcmp(row->status, status_word(STATUS_DOUBTFUL)) == 0)
		return never(row, "nobody knows whether the network has it: it gave no message_id");
	if (!*row->network_id)
		return never(row, "the network never had it, or gave it no message_id: it is %s", row->status);
	return true;
}

static bool may_be_a_group(struct row *row)
{
	const struct message *message = row->command->message;
	if (row->outbox_id || *row->message_id)
		return true;
	if (row->command->kind != COMMAND_CANCEL)
		return never(row, "message_id is missing");
	if (!*message->sender || !*message->recipient)
		return never(row, "a cancel without a message_id is of all that wait from sender to recipient: "
		    "give both");
	return true;
}

static bool may_be_replaced(struct row *row)
{
	const char *encoding = row->command->message->encoding;
	const char *kind = row->command->message->kind;
	if (row->command->kind != COMMAND_REPLACE)
		return true;
	if (!row->has_body)
		return never(row, "body is missing: the new text");
	if (row->command->broadcast)
		return never(row, "a broadcast is not replaced like that: send it again with option "
		    "replace_if_present");
	if (row->parts > 1)
		return never(row, "it has %" PRId64 " parts, and only a message of one part can be replaced",
		    row->parts);
	if (strcmp(kind, "text") != 0 && strcmp(kind, "flash") != 0)
		return never(row, "it is of kind %.40s, and only a text can be replaced", kind);
	if (row->there && (!encoding || (strcmp(encoding, "gsm7") != 0 && strcmp(encoding, "ucs2") != 0)))
		return never(row, "it was sent in encoding %.40s, and only one in gsm7 or ucs2 can be replaced",
		    encoding ? encoding : "unknown");
	return true;
}

static bool has_a_link(struct row *row)
{
	if (!row->known)
		return never(row, "no gateway has a link \"%.40s\"", row->command->link);
	if (row->attempts >= TRIES)
		return never(row, "given up after %" PRId64 " attempts: %.110s", row->attempts,
		    row->error_text);
	return true;
}

static bool can_be_asked(struct row *row)
{
	return names_one(row) && was_sent(row) && may_be_a_group(row) && may_be_replaced(row) &&
	    has_a_link(row);
}

/* Questions: one for each id. */

static void add_question(struct row *row, const char *id)
{
	struct command *command = row->command;
	struct question *question = &command->questions[command->nquestions++];
	question->command = command;
	question->number = command->nquestions;
	snprintf(question->network_id, sizeof question->network_id, "%s", id);
}

/* Parts to several recipients may have one id. */
static void see_id(void *ctx, const struct value *columns, size_t n)
{
	(void)n;
	struct look *look = ctx;
	struct row *row = &look->rows[columns[0].number];
	const struct command *command = row->command;
	if (columns[1].number > row->parts || *row->why)
		return;
	if (!columns[2].len)
		never(row, "the network never had part %" PRId64 " of %" PRId64 ", or gave it no message_id",
		    columns[1].number, row->parts);
	else if (!command->nquestions ||
	    strcmp(command->questions[command->nquestions - 1].network_id, columns[2].at) != 0)
		add_question(row, columns[2].at);
}

static enum db_result make_questions(struct ledger *ledger, struct look *look, struct db_error *err)
{
	struct value values[2 * COMMANDS_MAX];
	size_t rows = 0;
	for (size_t i = 0; i < look->n; i++) {
		struct row *row = &look->rows[i];
		const bool in_parts = row->outbox_id && row->parts > 1;
		if (*row->why)
			continue;
		row->command->questions = batch_alloc(row->batch,
		    (size_t)(in_parts ? row->parts : 1) * sizeof *row->command->questions);
		if (!in_parts) {
			add_question(row, row->outbox_id ? row->network_id : row->message_id);
			continue;
		}
		values[2 * rows] = number_value((int64_t)i);
		values[2 * rows++ + 1] = number_value(row->outbox_id);
	}
	const enum db_result result = ledger_run(ledger, STATEMENT_COMMAND_IDS, values, 2, rows, see_id,
	    look, err);
	for (size_t i = 0; i < look->n; i++)
		if (!*look->rows[i].why && !look->rows[i].command->nquestions)
			never(&look->rows[i], "its parts are not known any more");
	return result;
}

/* Answers */

static const char *status_of(enum reply_kind kind)
{
	static const char *const words[] = { [REPLY_DONE] = "done", [REPLY_UNSENT] = "asked",
		[REPLY_LOST] = "asked", [REPLY_REFUSED] = "refused", [REPLY_FAILED] = "failed" };
	return words[kind];
}

static const char *owner_of(const struct ledger *ledger, int64_t epoch, struct batch *scratch)
{
	char owner[sizeof ledger->owner];
	const int n = snprintf(owner, sizeof owner, "%s/%" PRId64, ledger->name, epoch);
	return batch_text(scratch, owner, (size_t)n);
}

enum db_result ledger_put_answers(struct ledger *ledger, struct command *const *commands, size_t n,
    struct batch *scratch, struct db_error *err)
{
	enum { WIDTH = 8 };
	if (n == 0)
		return DB_OK;
	struct value *values = batch_alloc(scratch, n * WIDTH * sizeof *values);
	struct value *done = batch_alloc(scratch, n * sizeof *done);
	size_t ndone = 0;
	for (size_t i = 0; i < n; i++) {
		const struct command *command = commands[i];
		const struct reply *reply = &command->reply;
		const struct value row[WIDTH] = {
			number_value(command->id), text_value(owner_of(ledger, command->epoch, scratch)),
			text_value(status_of(reply->kind)), clean_value(scratch, reply->answer),
			reply->answer_at ? number_value(reply->answer_at * 1000) : null_value(),
			number_value(reply->code), clean_value(scratch, reply->text),
			number_value(reply->kind == REPLY_UNSENT && reply->untried),
		};
		memcpy(values + i * WIDTH, row, sizeof row);
		if (reply->kind == REPLY_DONE && command->kind != COMMAND_QUERY)
			done[ndone++] = number_value(command->id);
	}
	const enum db_result result = ledger_run(ledger, STATEMENT_COMMAND_SETTLE, values, WIDTH, n, NULL,
	    NULL, err);
	return result == DB_OK ? ledger_run(ledger, STATEMENT_COMMAND_APPLY, done, 1, ndone, NULL, NULL,
	    err) : result;
}

/* Looking */

static void see_any(void *ctx, const struct value *columns, size_t n)
{
	(void)columns;
	(void)n;
	*(bool *)ctx = true;
}

/* What an earlier call may have taken, and nobody was told of. */
static enum db_result give_back(struct ledger *ledger, struct command_look *found,
    struct batch *scratch, struct db_error *err)
{
	enum { WIDTH = 8 };
	struct value values[COMMANDS_MAX * WIDTH];
	for (size_t i = 0; i < found->nunsure; i++) {
		const struct value row[WIDTH] = { number_value(found->unsure[i]),
			text_value(ledger->owner), text_value(status_of(REPLY_UNSENT)), text_value(""),
			null_value(), number_value(0), clean_value(scratch, ""), number_value(1) };
		memcpy(values + i * WIDTH, row, sizeof row);
	}
	const enum db_result result = ledger_run(ledger, STATEMENT_COMMAND_SETTLE, values, WIDTH,
	    found->nunsure, NULL, NULL, err);
	if (result == DB_OK)
		found->nunsure = 0;
	return result;
}

static enum db_result take(struct ledger *ledger, struct look *look, struct command_look *found,
    struct batch *scratch, struct db_error *err)
{
	struct value values[2 * COMMANDS_MAX];
	struct command *ended[COMMANDS_MAX];
	size_t nended = 0;
	for (size_t i = 0; i < look->n; i++) {
		struct row *row = &look->rows[i];
		struct command *command = row->command;
		command->epoch = ledger->epoch;
		found->unsure[found->nunsure++] = command->id;
		values[2 * i] = number_value(command->id);
		values[2 * i + 1] = text_value(ledger->owner);
		if (!*row->why)
			continue;
		command->reply = (struct reply){ .kind = REPLY_FAILED };
		snprintf(command->reply.text, sizeof command->reply.text, "%s", row->why);
		ended[nended++] = command;
	}
	const enum db_result result = ledger_run(ledger, STATEMENT_COMMAND_TAKE, values, 2, look->n, NULL,
	    NULL, err);
	return result == DB_OK ? ledger_put_answers(ledger, ended, nended, scratch, err) : result;
}

static enum db_result look_and_take(struct ledger *ledger, struct look *look,
    struct command_look *found, struct batch *scratch, struct db_error *err)
{
	const struct value values[] = { text_value(ledger->name), number_value(COMMANDS_MAX) };
	enum db_result result = ledger_begin(ledger, err);
	if (result == DB_OK)
		result = ledger_run(ledger, STATEMENT_COMMAND_LOOK, values, 2, 1, see_row, look, err);
	for (size_t i = 0; i < look->n; i++)
		can_be_asked(&look->rows[i]);
	if (result == DB_OK)
		result = make_questions(ledger, look, err);
	if (result == DB_OK)
		result = take(ledger, look, found, scratch, err);
	return ledger_end(ledger, result, err);
}

enum db_result ledger_look_for_commands(struct ledger *ledger, struct command_look *found,
    struct db_error *err)
{
	struct batch *scratch = batch_new();
	struct look *look = batch_alloc(scratch, sizeof *look);
	bool any = false;
	found->n = found->seen = 0;
	enum db_result result = give_back(ledger, found, scratch, err);
	if (result == DB_OK)
		result = ledger_run(ledger, STATEMENT_COMMAND_ANY, NULL, 0, 1, see_any, &any, err);
	if (result == DB_OK && any)
		result = look_and_take(ledger, look, found, scratch, err);
	if (result == DB_OK) {
		found->nunsure = 0;
		found->seen = look->n;
	}
	for (size_t i = 0; i < look->n; i++) {
		if (result == DB_OK && !*look->rows[i].why)
			found->commands[found->n++] = look->rows[i].command;
		else
			command_release(look->rows[i].command);
	}
	if (look->batch)
		batch_release(look->batch);
	batch_release(scratch);
	return result;
}
