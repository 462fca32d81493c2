/* SPDX-License-Identifier: Apache-2.0 */
/*
 * asks.c - when a question is sent, and which of them an answer is for.
 *
 *     asks_add --> waiting --asks_send--> sent --asks_replied--> link_replied
 *                     ^                    |  \                      ^
 *                     +---- asks_again ----+   +--put_aside--> aside-+
 *
 * Asked again: a second later, then two, four, eight. Aside are those that the peer has taken, and
 * whose outcome it tells in a message of its own: they have no share of the window, and a
 * number of the wire's choice to be found by. What an answer means is left to the wire. Few are
 * here at a time, so they are looked for one by one.
 */
#include "asks.h"

#include "../gateway/clock.h"

#include <stdio.h>
#include <stdlib.h>

enum { AGAIN_MS = 1000, TRIES = 5 };    /* when the message centre says that it is too much */
static const uint64_t ASIDE = UINT64_MAX; /* the offset of one that is not in the stream any more */

struct asks {
	struct link *link;
	const struct wire_class *class;
	void *wire;
	long timeout;                   /* ms */
	struct questions waiting, sent, aside; /* by `entry`; sent ones in the order of their deadlines */
	unsigned nwaiting, nsent, naside;
};

struct asks *asks_new(struct link *link, const struct wire_class *class, void *wire, long timeout)
{
	struct asks *asks = calloc(1, sizeof *asks);
	if (!asks)
		abort();
	*asks = (struct asks){ .link = link, .class = class, .wire = wire, .timeout = timeout };
	TAILQ_INIT(&asks->waiting);
	TAILQ_INIT(&asks->sent);
	TAILQ_INIT(&asks->aside);
	return asks;
}

void asks_free(struct asks *asks)
{
	free(asks);
}

static void give_back(struct asks *asks, struct question *question, enum reply_kind kind,
    const char *why)
{
	struct reply reply = { .kind = kind };
	snprintf(reply.text, sizeof reply.text, "%s", why);
	link_replied(asks->link, question, &reply);
}

static void wait_until(struct asks *asks, struct question *question, uint64_t due)
{
	question->due = due;
	TAILQ_INSERT_TAIL(&asks->waiting, question, entry);
	asks->nwaiting++;
}

static struct question *take_waiting(struct asks *asks, struct question *question)
{
	TAILQ_REMOVE(&asks->waiting, question, entry);
	asks->nwaiting--;
	return question;
}

/* Out of those that wait for an answer. */
static void take(struct asks *asks, struct question *question)
{
	if (question->offset == ASIDE) {
		TAILQ_REMOVE(&asks->aside, question, entry);
		asks->naside--;
	} else {
		TAILQ_REMOVE(&asks->sent, question, entry);
		asks->nsent--;
	}
}

static void put(struct asks *asks, struct question *question, const struct wire_place *place)
{
	question->sequence = place->number;
	question->offset = place->offset;
	question->due = clock_ms() + (uint64_t)asks->timeout;
	TAILQ_INSERT_TAIL(&asks->sent, question, entry);
	asks->nsent++;
}

void asks_add(struct asks *asks, struct question *question)
{
	question->tries = 0;
	wait_until(asks, question, 0);
}

/* Sending. */

/* The first that is due, or NULL. */
static struct question *next_due(struct asks *asks, uint64_t now)
{
	struct question *question;
	TAILQ_FOREACH(question, &asks->waiting, entry)
		if (question->due <= now)
			return question;
	return NULL;
}

static bool may_send(const struct asks *asks, unsigned room)
{
	return asks->nsent < room && (!asks->class->has_room || asks->class->has_room(asks->wire));
}

void asks_send(struct asks *asks, unsigned room)
{
	struct question *question;
	while (asks->nwaiting && may_send(asks, room) && (question = next_due(asks, clock_ms()))) {
		struct wire_place place;
		struct reply reply;
		take_waiting(asks, question);
		if (asks->class->ask(asks->wire, question, &place, &reply)) {
			question->tries++;
			put(asks, question, &place);
		} else {
			link_replied(asks->link, question, &reply);
		}
	}
}

/* Answers. */

struct question *asks_find(const struct asks *asks, uint32_t number)
{
	struct question *question;
	TAILQ_FOREACH(question, &asks->sent, entry)
		if (question->sequence == number)
			return question;
	TAILQ_FOREACH(question, &asks->aside, entry)
		if (question->sequence == number)
			return question;
	return NULL;
}

void asks_replied(struct asks *asks, struct question *question, const struct reply *reply)
{
	take(asks, question);
	link_replied(asks->link, question, reply);
}

bool asks_again(struct asks *asks, struct question *question)
{
	if (question->tries >= TRIES)
		return false;
	take(asks, question);
	wait_until(asks, question, clock_ms() + ((uint64_t)AGAIN_MS << (question->tries - 1)));
	return true;
}

void asks_move(struct asks *asks, struct question *question, const struct wire_place *place)
{
	take(asks, question);
	put(asks, question, place);
}

void asks_put_aside(struct asks *asks, struct question *question, uint32_t as, uint64_t due)
{
	take(asks, question);
	question->sequence = as;
	question->offset = ASIDE;
	question->due = due;
	TAILQ_INSERT_TAIL(&asks->aside, question, entry);
	asks->naside++;
}

/* Deadlines. */

struct question *asks_overdue(const struct asks *asks, uint64_t now)
{
	struct question *question = TAILQ_FIRST(&asks->sent);
	if (question && question->due <= now)
		return question;
	TAILQ_FOREACH(question, &asks->aside, entry)
		if (question->due <= now)
			return question;
	return NULL;
}

bool asks_is_aside(const struct question *question)
{
	return question->offset == ASIDE;
}

void asks_give_up(struct asks *asks, struct question *question)
{
	char why[OUTCOME_TEXT_MAX];
	if (asks_is_aside(question))
		snprintf(why, sizeof why, "the message centre took it, and did not tell its outcome in time");
	else
		snprintf(why, sizeof why, "no answer from the message centre within %g s",
		    (double)asks->timeout / 1000);
	take(asks, question);
	give_back(asks, question, REPLY_LOST, why);
}

void asks_withdraw(struct asks *asks, uint64_t left, const char *why)
{
	char text[OUTCOME_TEXT_MAX];
	struct question *question;
	snprintf(text, sizeof text, "not sent: %.140s", why);
	while ((question = TAILQ_LAST(&asks->sent, questions)) && question->offset >= left) {
		take(asks, question);
		give_back(asks, question, REPLY_UNSENT, text);
	}
	while ((question = TAILQ_FIRST(&asks->waiting)))
		give_back(asks, take_waiting(asks, question), REPLY_UNSENT, text);
}

void asks_lose(struct asks *asks, const char *why)
{
	char text[OUTCOME_TEXT_MAX];
	struct question *question;
	snprintf(text, sizeof text, "no answer before the connection ended: %.100s", why);
	while ((question = TAILQ_FIRST(&asks->sent)) || (question = TAILQ_FIRST(&asks->aside))) {
		take(asks, question);
		give_back(asks, question, REPLY_LOST, text);
	}
}

/* What the line asks. */

unsigned asks_on_wire(const struct asks *asks)
{
	return asks->nsent;
}

unsigned asks_count(const struct asks *asks)
{
	return asks->nsent + asks->naside + asks->nwaiting;
}

static uint64_t sooner(uint64_t due, const struct question *question)
{
	return question->due && (!due || question->due < due) ? question->due : due;
}

/* Those that wait for room have no time; an answer makes room. */
uint64_t asks_due(const struct asks *asks)
{
	const struct question *question = TAILQ_FIRST(&asks->sent);
	uint64_t due = question ? question->due : 0;
	TAILQ_FOREACH(question, &asks->waiting, entry)
		due = sooner(due, question);
	TAILQ_FOREACH(question, &asks->aside, entry)
		due = sooner(due, question);
	return due;
}
