/* SPDX-License-Identifier: Apache-2.0 */
/*
 * route.c - by the row's `link` column, else the route's links by room.
 * Rules by number and content come as tables later; they fit in front of this.
 */
#include "route.h"

#include <stdio.h>
#include <string.h>

static const struct conf_list *links_of(const struct settings *settings, const char *route)
{
	for (size_t i = 0; i < settings->nroutes; i++)
		if (strcmp(settings->routes[i].name, route) == 0)
			return &settings->routes[i].options.links;
	return NULL;
}

static bool takes(const struct link *link)
{
	int room = link_room(link);
	return room != LINK_NO_ROOM && room > -link_capacity(link);
}

static struct route_choice pinned(const struct message *message, route_find_fn *find, void *ctx)
{
	struct route_choice choice = { .wait_for = message->pinned };
	struct link *link = find(ctx, message->pinned);
	if (link && takes(link))
		choice.link = link;
	else if (link)
		snprintf(choice.why, sizeof choice.why, "waits for link %.40s%s", message->pinned,
		    link_is_up(link) ? "" : ", which is not up");
	else
		snprintf(choice.why, sizeof choice.why, "waits for link %.40s, which this gateway "
		    "does not have", message->pinned);
	return choice;
}

struct route_choice route_pick(const struct settings *settings, const struct message *message,
    route_find_fn *find, void *ctx)
{
	if (*message->pinned)
		return pinned(message, find, ctx);
	struct route_choice choice = { .wait_for = "" };
	const struct conf_list *links = links_of(settings, message->route);
	int best = LINK_NO_ROOM;
	for (size_t i = 0; links && i < links->n; i++) {
		struct link *link = find(ctx, links->items[i]);
		if (!link || !takes(link) || link_room(link) <= best)
			continue;
		best = link_room(link);
		choice.link = link;
	}
	if (!choice.link && links && links->n == 1)
		choice.wait_for = links->items[0];
	snprintf(choice.why, sizeof choice.why, "no link of route \"%.40s\" has room",
	    message->route);
	return choice;
}

int route_room(const struct settings *settings, const char *route, route_find_fn *find, void *ctx,
    int *capacity)
{
	const struct conf_list *links = links_of(settings, route);
	int sum = 0;
	*capacity = 0;
	for (size_t i = 0; links && i < links->n; i++) {
		const struct link *link = find(ctx, links->items[i]);
		if (!link || link_room(link) == LINK_NO_ROOM)
			continue;
		*capacity += link_capacity(link);
		if (link_room(link) > 0)
			sum += link_room(link);
	}
	return sum;
}
