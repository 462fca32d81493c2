/* SPDX-License-Identifier: Apache-2.0 */
/*
 * route.c - by the row's `link` column, else the route's links: those that are idle by turns, then
 * by room.
 * Rules by number and content come as tables later; they fit in front of this.
 */
#include "route.h"

#include "asked.h"
#include "encode.h"
#include "several.h"

#include "../sms/address.h"

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
	const struct settings *settings;
	route_find_fn *find;
	void *ctx;
	unsigned parts;                 /* that the message counts as; 1: nobody knows yet */
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

/* Why nothing takes it, when quotas are to blame; where: "link x", "the links of route x". */
static void tell_quotas(struct route_choice *choice, const struct search *search, const char *where)
{
	char when[32];
	choice->not_before = search->ever ? search->fits_at : 0;
	if (!search->ever) {
		snprintf(choice->why, sizeof choice->why, "it counts as %u parts, and the quotas of %s never "
		    "allow so many", search->parts, where);
	} else if (choice->not_before) {
		quota_time(choice->not_before, when, sizeof when);
		snprintf(choice->why, sizeof choice->why, "it counts as %u parts, and the quotas of %s leave "
		    "less before %s", search->parts, where, when);
	}
}

static struct route_choice pinned(struct search *search, const struct message *message)
{
	struct route_choice choice = { .wait_for = message->pinned };
	char where[LINK_NAME_MAX + 8];
	struct link *link = search->find(search->ctx, message->pinned);
	search->ever = !link;
	if (!link) {
		snprintf(choice.why, sizeof choice.why, "waits for link %.40s, which this gateway "
		    "does not have", message->pinned);
		return choice;
	}
	if (affords(search, link) && takes(link)) {
		choice.link = link;
		return choice;
	}
	const struct allowance allowance = link_allowance(link);
	snprintf(choice.why, sizeof choice.why, "waits for link %.40s%s", message->pinned,
	    !link_is_up(link) ? ", which is not up"
	    : allowance_free(&allowance) == 0 ? ", which has used up a quota" : "");
	snprintf(where, sizeof where, "link %.32s", message->pinned);
	tell_quotas(&choice, search, where);
	return choice;
}

static bool is_idle(const struct link *link)
{
	return link_room(link) >= link_capacity(link);
}

/* Those with nothing in hand take turns, whatever room they have: that grows with what they were
 * given of late. Of the others the one with more room, or as much and given something longer ago. */
static bool is_better(const struct link *link, const struct link *than)
{
	if (!than || is_idle(link) != is_idle(than))
		return !than || is_idle(link);
	if (!is_idle(link) && link_room(link) != link_room(than))
		return link_room(link) > link_room(than);
	return link_given_at(link) < link_given_at(than);
}

static struct route_choice pick(struct search *search, const struct message *message)
{
	search->fits_at = 0;
	if (*message->pinned)
		return pinned(search, message);
	struct route_choice choice = { .wait_for = "" };
	const struct conf_list *links = links_of(search->settings, message->route);
	char where[LINK_NAME_MAX + 24];
	search->ever = !links;
	for (size_t i = 0; links && i < links->n; i++) {
		struct link *link = search->find(search->ctx, links->items[i]);
		search->ever |= !link;
		if (link && affords(search, link) && takes(link) && is_better(link, choice.link))
			choice.link = link;
	}
	if (choice.link)
		return choice;
	if (links && links->n == 1)
		choice.wait_for = links->items[0];
	snprintf(choice.why, sizeof choice.why, "no link of route \"%.40s\" has room",
	    message->route);
	snprintf(where, sizeof where, "the links of route \"%.32s\"", message->route);
	tell_quotas(&choice, search, where);
	return choice;
}

/* Addresses are checked here and written by the drivers, each by its link's rules. What goes to
 * everybody in an area has none. */
static bool prepare(struct message *message, const struct link *link, char why[OUTCOME_TEXT_MAX])
{
	struct address address;
	const size_t room = OUTCOME_TEXT_MAX;
	const bool everybody = strcmp(message->kind, kind_words[KIND_BROADCAST]) == 0;
	return (everybody || address_recipient(&address, message->recipient, &address_usual, why, room)) &&
	    address_sender(&address, message->sender, &address_usual, why, room) &&
	    encode_message(message, link ? &link_settings(link)->encode : &encode_usual, why, room);
}

/* The link says how texts are cut, so only then is it known what the message counts as, and whether
 * the quotas of that link have room for it; else it is another link's. */
bool route_message(const struct settings *settings, struct message *message, route_find_fn *find,
    void *ctx, struct route_choice *choice)
{
	struct search search = { .settings = settings, .find = find, .ctx = ctx, .parts = 1 };
	uint8_t taken[sizeof message->taken];
	memcpy(taken, message->taken, sizeof taken);
	for (;;) {
		*choice = pick(&search, message);
		if (!choice->link && search.parts > 1)
			return search.ever;
		const struct link *meant = choice->link ? choice->link
		    : *choice->wait_for ? find(ctx, choice->wait_for) : NULL;
		memcpy(message->taken, taken, sizeof taken);
		if (!prepare(message, meant, choice->why))
			return false;
		const unsigned needed = message_messages(message);
		if (!choice->link || needed <= search.parts)
			return true;
		const struct allowance allowance = link_allowance(choice->link);
		if (allowance_fits(&allowance, needed))
			return true;
		search.parts = needed;
	}
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
