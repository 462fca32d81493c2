/* SPDX-License-Identifier: Apache-2.0 */
/*
 * route.c - by the row's `link` column, else the route's links by room, and those with equal
 * room by turns.
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

/* What a search through links has found out about quotas. */
struct search {
	unsigned parts;
	bool ever;                      /* a link could take so many, some time */
	int64_t fits_at;                /* the first time at which one can that has room for a smaller one */
};

/* True when its quotas let it take the message now. */
static bool affords(struct search *search, const struct link *link)
{
	const struct allowance allowance = link_allowance(link);
	if (!allowance_fits_ever(&allowance, search->parts))
		return false;
	search->ever = true;
	if (allowance_fits(&allowance, search->parts))
		return true;
	/* One that has used up a quota claims nothing, so nobody need wait longer than it does. */
	const int64_t at = allowance_fits_at(&allowance, search->parts);
	if (takes(link) && allowance_free(&allowance) > 0 && (!search->fits_at || at < search->fits_at))
		search->fits_at = at;
	return false;
}

/* Why nothing takes it, when quotas are to blame; `where` is "link x" or "no link of route x". */
static void tell_quotas(struct route_choice *choice, const struct search *search, const char *where)
{
	char when[32];
	choice->never = !search->ever;
	choice->not_before = search->ever ? search->fits_at : 0;
	if (choice->never) {
		snprintf(choice->why, sizeof choice->why, "it counts as %u parts, and the quotas of %s never "
		    "allow so many", search->parts, where);
	} else if (choice->not_before) {
		quota_time(choice->not_before, when, sizeof when);
		snprintf(choice->why, sizeof choice->why, "it counts as %u parts, and the quotas of %s leave "
		    "less before %s", search->parts, where, when);
	}
}

static struct route_choice pinned(const struct message *message, unsigned parts, route_find_fn *find,
    void *ctx)
{
	struct route_choice choice = { .wait_for = message->pinned };
	struct search search = { .parts = parts };
	char where[LINK_NAME_MAX + 8];
	struct link *link = find(ctx, message->pinned);
	if (!link) {
		snprintf(choice.why, sizeof choice.why, "waits for link %.40s, which this gateway "
		    "does not have", message->pinned);
		return choice;
	}
	if (affords(&search, link) && takes(link)) {
		choice.link = link;
		return choice;
	}
	const struct allowance allowance = link_allowance(link);
	snprintf(choice.why, sizeof choice.why, "waits for link %.40s%s", message->pinned,
	    !link_is_up(link) ? ", which is not up"
	    : allowance_free(&allowance) == 0 ? ", which has used up a quota" : "");
	snprintf(where, sizeof where, "link %.32s", message->pinned);
	tell_quotas(&choice, &search, where);
	return choice;
}

/* More room, or as much and longer ago that it was given something. */
static bool is_better(const struct link *link, const struct link *than)
{
	if (!than || link_room(link) != link_room(than))
		return !than || link_room(link) > link_room(than);
	return link_given_at(link) < link_given_at(than);
}

struct route_choice route_pick(const struct settings *settings, const struct message *message,
    unsigned parts, route_find_fn *find, void *ctx)
{
	if (*message->pinned)
		return pinned(message, parts, find, ctx);
	struct route_choice choice = { .wait_for = "" };
	const struct conf_list *links = links_of(settings, message->route);
	struct search search = { .parts = parts, .ever = !links };
	char where[LINK_NAME_MAX + 24];
	for (size_t i = 0; links && i < links->n; i++) {
		struct link *link = find(ctx, links->items[i]);
		search.ever |= !link;
		if (link && affords(&search, link) && takes(link) && is_better(link, choice.link))
			choice.link = link;
	}
	if (choice.link)
		return choice;
	if (links && links->n == 1)
		choice.wait_for = links->items[0];
	snprintf(choice.why, sizeof choice.why, "no link of route \"%.40s\" has room",
	    message->route);
	snprintf(where, sizeof where, "the links of route \"%.32s\"", message->route);
	tell_quotas(&choice, &search, where);
	return choice;
}

void credit_add(struct credit *credit, const struct link *link)
{
	const int room = link ? link_room(link) : LINK_NO_ROOM;
	if (room == LINK_NO_ROOM)
		return;
	credit->capacity += link_capacity(link);
	credit->answers += link_answers(link);
	credit->room += room > 0 ? room : 0;
}

struct credit route_credit(const struct settings *settings, const char *route, route_find_fn *find,
    void *ctx)
{
	const struct conf_list *links = links_of(settings, route);
	struct credit credit = { 0 };
	for (size_t i = 0; links && i < links->n; i++)
		credit_add(&credit, find(ctx, links->items[i]));
	return credit;
}
