/* SPDX-License-Identifier: Apache-2.0 */
/*
 * match.h - when receipts that found no message are looked at again.
 *
 * There are two walks: along the receipts of the last seconds, soon after some found no
 * message, a few times; and along those of the last hour, each third of a lease. Each rests
 * between its steps for a multiple of what they take: others' receipts on our account, which
 * never find one, may be many.
 */
#ifndef MATCH_H
#define MATCH_H

#include "ledger.h"

#define MATCH_NEVER UINT64_MAX

struct stroll {
	struct receipt_walk walk;
	uint64_t at;                    /* hatch_now() of its next step; MATCH_NEVER: none is due */
	unsigned wait_ms;               /* before the next one from the beginning */
	unsigned rest;                  /* times what a step took */
};

struct match { struct stroll young, old; };

/* The long walk begins at once, and again `each_ms` after its end. */
void match_init(struct match *, unsigned each_ms);

/* hatch_now() of the next step. */
uint64_t match_due(const struct match *);

/* Receipts were put down that have no message yet. */
void match_soon(struct match *, uint64_t now);

/* The step that is due first. After any failure it is due again as it was. */
enum db_result match_step(struct match *, struct ledger *, struct db_error *);

#endif
