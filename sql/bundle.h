/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bundle.h - facts that go into the database together.
 *
 * The loop fills it, a worker writes it, the loop answers for it. It is used by
 * one of them at a time; who, is told by hatch.h.
 */
#ifndef BUNDLE_H
#define BUNDLE_H

#include "../gateway/message.h"
#include "../gateway/store.h"
#include "engine.h"
#include "ledger.h"

/* Whom to tell that a receipt or an inbound message is kept. */
struct asker {
	store_kept_fn *kept;            /* may be NULL */
	void *ctx;
	uint64_t ticket;
};

/* One fact that the database will not have, and why. */
struct refusal {
	size_t index;                   /* of the fact in its bundle */
	struct db_error error;
};

/* The facts are numbered: settlements, then receipts, inbound messages and commands,
 * each in the order told. */
struct bundle {
	TAILQ_ENTRY(bundle) entry;      /* in the hatch, until a worker takes it */
	int64_t epoch;                  /* under which all of `settled` were claimed */
	struct message **settled;
	struct receipt *receipts;
	struct inbound *inbounds;       /* what they point to lives in `texts` */
	struct asker *receipt_askers, *inbound_askers;
	struct command **commands;      /* that were answered */
	size_t nsettled, nreceipts, ninbounds, ncommands;
	size_t settled_room, receipt_room, inbound_room, command_room;
	struct batch *texts;            /* NULL without inbound messages */

	/* The worker's: */
	size_t done;                    /* facts that are written or refused */
	size_t piece;                   /* how many to try at once; 0: all that are left */
	struct refusal *refusals;       /* in order of index */
	size_t nrefusals;
};
TAILQ_HEAD(bundles, bundle);

struct bundle *bundle_new(void);
/* Frees it and releases its messages and commands, and so is for the loop only. */
void bundle_free(struct bundle *);

size_t bundle_facts(const struct bundle *);

/* False when it holds settlements of another epoch: those go into the next one. */
bool bundle_suits(const struct bundle *, const struct message *);
void bundle_add_settled(struct bundle *, struct message *);     /* takes the message */
void bundle_add_receipt(struct bundle *, const struct receipt *, const struct asker *);
void bundle_add_inbound(struct bundle *, const struct inbound *, const struct asker *);
void bundle_add_command(struct bundle *, struct command *);     /* takes the command */

/* The facts to try next; they point into the bundle. */
struct facts bundle_piece(const struct bundle *);
/* They were written. */
void bundle_written(struct bundle *, const struct facts *);
/* Some value in them was refused: the next piece is smaller, or, when they
 * were one fact, that one is refused and the next piece begins behind it. */
void bundle_refused(struct bundle *, const struct facts *, const struct db_error *);

/* All that an operator needs to know of a fact to put it right by hand, as
 * words of a log line. Never the text of a message, and of numbers the end. */
void bundle_describe(char *out, size_t room, const struct bundle *, size_t index);

#endif
