/* SPDX-License-Identifier: Apache-2.0 */
/*
 * command.c - commands in their batch, and folding the replies to their questions.
 *
 * What was lost on the way is decided here: to query again does no harm. Whether a
 * message was cancelled or replaced is for the application to ask again.
 */
#include "command.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

const char *const command_words[] = {
	[COMMAND_QUERY] = "query",
	[COMMAND_CANCEL] = "cancel",
	[COMMAND_REPLACE] = "replace",
	NULL,
};

struct command *batch_command(struct batch *batch)
{
	struct command *command = batch_alloc(batch, sizeof *command);
	command->message = batch_message(batch);
	return command;
}

void command_release(struct command *command)
{
	message_release(command->message);
}

/* How far from delivered. */
static unsigned distance(enum status status)
{
	return status == STATUS_DELIVERED ? 0 : status == STATUS_UNDELIVERED ? 2 : 1;
}

static bool is_worse(const struct reply *one, const struct reply *other)
{
	if (one->kind != other->kind)
		return one->kind > other->kind;
	if (one->kind != REPLY_DONE || !*other->answer)
		return one->kind == REPLY_DONE;
	if (distance(one->status) != distance(other->status))
		return distance(one->status) > distance(other->status);
	return one->answer_at > other->answer_at;
}

/* Not asked of all the parts, or not heard from all: what is to be done about it? */
static void close_open_end(struct command *command)
{
	struct reply *reply = &command->reply;
	const bool harmless = command->kind == COMMAND_QUERY ||
	    (reply->kind == REPLY_UNSENT && command->done == 0);
	char why[OUTCOME_TEXT_MAX];
	if (reply->kind != REPLY_UNSENT && reply->kind != REPLY_LOST)
		return;
	if (harmless) {
		reply->untried = reply->kind == REPLY_UNSENT;
		reply->kind = REPLY_UNSENT;
		return;
	}
	memcpy(why, reply->text, sizeof why);
	snprintf(reply->text, sizeof reply->text, "nobody knows whether the network did it; ask again: %.90s", why);
	reply->kind = REPLY_FAILED;
}

bool command_replied(struct question *question, const struct reply *reply)
{
	struct command *command = question->command;
	assert(command->unanswered > 0);
	command->done += reply->kind == REPLY_DONE;
	if (command->unanswered == command->nquestions || is_worse(reply, &command->reply)) {
		command->reply = *reply;
		if (reply->kind >= REPLY_REFUSED && command->nquestions > 1)
			snprintf(command->reply.text, sizeof command->reply.text, "part %u of %u: %.130s",
			    question->number, command->nquestions, reply->text);
	}
	if (--command->unanswered)
		return false;
	close_open_end(command);
	return true;
}
