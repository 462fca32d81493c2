/* SPDX-License-Identifier: Apache-2.0 */
/* route.h - which link takes a message. */
#ifndef ROUTE_H
#define ROUTE_H

#include "settings.h"

/* Finds a link by name, or NULL. */
typedef struct link *route_find_fn(void *ctx, const char *name);

struct route_choice {
	struct link *link;              /* takes it now; NULL: none does */
	const char *wait_for;           /* link NULL: the one link that it must wait for, else "" */
	int64_t not_before;             /* link NULL: Unix seconds at which quotas let it leave; 0: it is not for them */
	char why[OUTCOME_TEXT_MAX];     /* link NULL: in words for an operator */
};

/*
 * Finds the link that takes the message, and makes its parts as that link has them. It is the
 * link of the message's route that is idle, of several the one that was given something longest
 * ago, else the one with the most room; or the one that the row pins. A link takes messages a
 * little beyond its room (as much again as its capacity), since several lanes claim for it, but
 * none beyond its quotas: one that does not fit there whole goes by another link, or waits.
 * False: it cannot be sent, as it stands or over any of the links that it may take; why says so.
 */
bool route_message(const struct settings *, struct message *, route_find_fn *, void *ctx,
    struct route_choice *);

/* What may be claimed for a route: the room of its links together, the capacity of those that
 * are up, and what these have answered in the last second. All 0 when each of them rests. */
struct credit { int room, capacity, answers; };
struct credit route_credit(const struct settings *, const char *route, route_find_fn *, void *ctx);
/* Adds those of a link; nothing when it is NULL or takes nothing. */
void credit_add(struct credit *, const struct link *);

#endif
