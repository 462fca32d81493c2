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
	char why[OUTCOME_TEXT_MAX];     /* link NULL: in words for an operator */
};

/*
 * The link of the message's route with the most room, or the one that the row
 * pins. A link takes messages a little beyond its room (as much again as its
 * capacity), since several lanes claim for it.
 */
struct route_choice route_pick(const struct settings *, const struct message *,
    route_find_fn *, void *ctx);

/* The room of a route's links together, and the capacity of those that are up. */
int route_room(const struct settings *, const char *route, route_find_fn *, void *ctx,
    int *capacity);

#endif
