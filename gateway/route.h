/* SPDX-License-Identifier: Apache-2.0 */
/* route.h - which link takes a message. */
#ifndef ROUTE_H
#define ROUTE_H

#include "quota.h"
#include "settings.h"

/* Finds a link by name, or NULL. */
typedef struct link *route_find_fn(void *ctx, const char *name);

struct route_choice {
	struct link *link;              /* takes it now; NULL: none does */
	const char *wait_for;           /* link NULL: the one link that it must wait for, else "" */
	int64_t not_before;             /* link NULL: Unix seconds at which quotas let it leave; 0: it is not for them */
	bool never;                     /* link NULL: it is larger than a quota of every link that it may take */
	char why[OUTCOME_TEXT_MAX];     /* link NULL: in words for an operator */
};

/*
 * The link of the message's route with the most room, of several the one that was given
 * something longest ago; or the one that the row pins. A link takes messages a little beyond
 * its room (as much again as its capacity), since several lanes claim for it, but none beyond its
 * quotas: `parts` is what the message counts as there, 1 as long as nobody knows.
 */
struct route_choice route_pick(const struct settings *, const struct message *, unsigned parts,
    route_find_fn *, void *ctx);

/* What may be claimed for a route: the room of its links together, the capacity of those that
 * are up, and what these have answered in the last second. All 0 when each of them rests. */
struct credit { int room, capacity, answers; };
struct credit route_credit(const struct settings *, const char *route, route_find_fn *, void *ctx);
/* Adds those of a link; nothing when it is NULL or takes nothing. */
void credit_add(struct credit *, const struct link *);

#endif
