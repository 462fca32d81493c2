/* SPDX-License-Identifier: Apache-2.0 */
/*
 * commands.c - a command becomes something that a link can ask.
 *
 * A replacement says nothing of its coding: the network reads it as it read the text that
 * it replaces. So it has to be written in that alphabet, and to fit into one part
 * without a header.
 */
#include "commands.h"

#include <jansson.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void command_end(struct command *command, enum reply_kind kind, const char *why)
{
	command->reply = (struct reply){ .kind = kind, .untried = kind == REPLY_UNSENT };
	snprintf(command->reply.text, sizeof command->reply.text, "%s", why);
}

/* The message was sent once, so its options were good; those of a command may not be. */
static bool read_options(struct command *command, char *why, size_t room)
{
	const bool good = asked_read(command->message, why, room);
	return good || command->message->id != 0;
}

/* What the row asked of its encoding: the old text's is the new one's now. */
static void forget_encoding(struct message *message)
{
	static const char *const members[] = { "encoding", "national", "national_single",
		"national_locking", "max_parts", "default_message" };
	json_t *options = message->options ? json_loads(message->options, 0, NULL) : NULL;
	for (size_t i = 0; options && i < sizeof members / sizeof *members; i++)
		json_object_del(options, members[i]);
	char *text = options ? json_dumps(options, JSON_COMPACT) : NULL;
	message->options = text ? batch_text(message->batch, text, strlen(text)) : NULL;
	free(text);
	json_decref(options);
}

static bool write_text(struct message *message, const struct encode_rules *usual, char *why,
    size_t room)
{
	const bool wide = message->encoding ? strcmp(message->encoding, "ucs2") == 0
	    : message->asked->encoding == ENCODING_UCS2;
	struct encode_rules rules = *usual;
	rules.encoding = wide ? ENCODING_UCS2 : ENCODING_GSM7;
	rules.national_single = rules.national_locking = 0;
	rules.max_parts = 1;
	forget_encoding(message);
	if (!encode_message(message, &rules, why, room))
		return false;
	if (strcmp(message->encoding, wide ? "ucs2" : "gsm7") == 0 && !message->parts[0].udh_len)
		return true;
	snprintf(why, room, "the new text cannot be written as the old one was: it would be %s%s",
	    message->encoding, message->parts[0].udh_len ? " with a header" : "");
	return false;
}

bool command_prepare(struct command *command, const struct encode_rules *rules)
{
	char why[OUTCOME_TEXT_MAX] = "";
	bool good = read_options(command, why, sizeof why);
	if (good && command->kind == COMMAND_REPLACE)
		good = write_text(command->message, rules, why, sizeof why);
	if (!good)
		command_end(command, REPLY_FAILED, why);
	return good;
}
