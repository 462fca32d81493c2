/* SPDX-License-Identifier: Apache-2.0 */
/*
 * journal.h - what this gateway handed to the wire and what was answered, in a file that
 * outlives the process.
 *
 * The tables say which rows a gateway that died had claimed, not which of them had left.
 * The journal does: a part is noted before any octet of it can leave (journal_left, then
 * journal_flush), and so is what was answered. A gateway that starts reads what its last
 * run wrote, and gives that `past` to the store, which settles the rows by it: what never
 * left is queued again, what was answered is settled, the rest is in doubt.
 *
 * Nothing here may stop a gateway: without a journal, or after its disk is full, more rows
 * are in doubt after a crash, and that is all. A NULL journal or past is allowed everywhere.
 */
#ifndef JOURNAL_H
#define JOURNAL_H

#include "message.h"
#include "past.h"

struct journal;

/*
 * The folder for the journal: `wanted` as configured; "" is none, "auto" the folder of the
 * database when that is a file (`beside`, else ""), else where this user keeps what outlives
 * a program (state.h). Made when it is not there, unless it is the database's. False: there is none.
 */
bool journal_folder(const char *wanted, const char *beside, char *out, size_t room);

/*
 * Locks NAME.lock in the folder and reads NAME.journal. `database` is the place of the
 * tables: a journal of others is not trusted. When it cannot be, a line of the log
 * says why, and the gateway does without.
 */
struct journal *journal_open(const char *folder, const char *name, const char *database);
/* Flushes, and removes the file when nothing in it is open. No message may be told after. */
void journal_close(struct journal *);

/* What the run before this one wrote; NULL: nothing, or it is not trusted. Lent as long as
 * the journal lives; past_hold() makes it live longer. */
struct past *journal_past(const struct journal *);

/* The lease is ours under this epoch: what is claimed from now on is told here, and what
 * the past said has been seen to. */
void journal_begin(struct journal *, int64_t epoch);

/* A link has taken a message, whose parts are cut. It stays known until journal_settled(). */
void journal_queued(struct journal *, struct message *);
/* A part is given to a session. Nothing of it may reach the kernel before journal_flush(). */
void journal_left(struct journal *, struct part *);
/* A part that had left was answered: not for outcomes that are in doubt. Before
 * message_answer(). */
void journal_answered(struct journal *, struct part *, const struct outcome *);
/* What became of a message is in the tables, or never will be. */
void journal_settled(struct journal *, struct message *);
/* Hands over to the kernel what was noted since the last call: one write, or none. */
void journal_flush(struct journal *);

#endif
