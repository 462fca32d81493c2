/* SPDX-License-Identifier: Apache-2.0 */
/*
 * command.h - the nouns of asking: what an application wants to know, or to have done,
 * about messages that the network has. A command is a row of table command; it is made of
 * questions, one for each message id of the message that it is about.
 *
 *     asked -> sending -> done | refused | failed
 *                `------> asked         (it never left, or asking again is harmless)
 *
 * Memory: a command and its questions live in the batch of their claim, which ends with
 * the last of its commands.
 */
#ifndef COMMAND_H
#define COMMAND_H

#include "message.h"

/* The word is command.what. */
enum command_kind { COMMAND_QUERY, COMMAND_CANCEL, COMMAND_REPLACE };
extern const char *const command_words[]; /* "query", "cancel", "replace", NULL */

/* What became of a question, and then of a command: the worst of its questions. */
enum reply_kind {
	REPLY_DONE,                     /* the network did it, or said it */
	REPLY_UNSENT,                   /* it never left this machine */
	REPLY_LOST,                     /* it left, and no answer came */
	REPLY_REFUSED,                  /* the network will not */
	REPLY_FAILED,                   /* it cannot be asked like that; the network was not */
};

enum { ANSWER_MAX = 16 };

struct reply {
	enum reply_kind kind;
	uint32_t code;                  /* the protocol's own status or error, 0: none */
	char answer[ANSWER_MAX];        /* to a query: the state, in the words of docs/commands.md */
	enum status status;             /* to a query: SENT (under way), DELIVERED or UNDELIVERED */
	int64_t answer_at;              /* since when, Unix seconds; 0: not said */
	char text[OUTCOME_TEXT_MAX];    /* not DONE: why, in words for an operator */
	bool untried;                   /* UNSENT, of a command: the attempt does not count */
	bool reports;                   /* `receipt` says what a receipt would have said */
	struct receipt receipt;
};

/* One of a command, about one message id. */
struct question {
	TAILQ_ENTRY(question) loan;     /* in the link's list of what a session holds */
	TAILQ_ENTRY(question) entry;    /* the driver's to use, and so are: */
	uint32_t sequence;              /* under which it was sent, */
	uint64_t offset;                /* where in the stream it began, */
	uint64_t due;                   /* loop ms: not sent before; once sent, its deadline, */
	unsigned tries;                 /* how often it was sent. */

	struct command *command;
	unsigned number;                /* 1 .. command->nquestions */
	char network_id[NETWORK_ID_MAX];/* "": all that wait from sender to recipient */
};
TAILQ_HEAD(questions, question);

struct command {
	int64_t id;                     /* command.id */
	int64_t epoch;                  /* under which of the gateway's epochs it was claimed */
	enum command_kind kind;
	bool broadcast;                 /* it is about a broadcast */
	char link[LINK_NAME_MAX];       /* that has the message */
	/* The message as far as it is known: sender and recipient as it was sent, kind,
	 * options, wants_receipt; encoding ("gsm7", "ucs2", NULL when not known). body is the
	 * new text of a replacement, which command_prepare() makes the one part of. */
	struct message *message;
	struct question *questions;
	unsigned nquestions, unanswered;
	struct reply reply;             /* the worst so far */
	unsigned done;                  /* questions that came back as DONE */
};

/* A command in the batch, with a message that has nothing in it yet. */
struct command *batch_command(struct batch *);
/* The last of its batch frees it. */
void command_release(struct command *);

/*
 * Folds the reply to a question into its command's: DONE < UNSENT < LOST < REFUSED <
 * FAILED, the worst stays; of answers to a query the one furthest from delivered.
 * True when that was the last one; command->reply is then the whole, as it is to be
 * written: DONE, UNSENT (to be asked again), REFUSED or FAILED, but never LOST.
 */
bool command_replied(struct question *, const struct reply *);

#endif
