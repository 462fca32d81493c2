/* SPDX-License-Identifier: Apache-2.0 */
/*
 * commands.h - the hub's part in asking: a command becomes something that a link can ask.
 */
#ifndef COMMANDS_H
#define COMMANDS_H

#include "command.h"
#include "encode.h"

/*
 * Reads what the message asked for, and makes the one part of a replacement: in the
 * encoding of the text that it replaces, as the link has its texts. False: it cannot be
 * asked, and command->reply says why (FAILED).
 */
bool command_prepare(struct command *, const struct encode_rules *);

/* Ends a command that is not asked: `kind` UNSENT or FAILED. */
void command_end(struct command *, enum reply_kind kind, const char *why);

#endif
