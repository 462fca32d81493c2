/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cimd2_numbers.c - what is unanswered in the order of its numbers, and a ring of what was heard.
 *
 * A centre that got no answer sends its packet again, under the same number, and it may have sent
 * others since. So a number is a repetition when the same octets had it not long ago, be it the next
 * one: a centre that goes back to a packet which was refused sends those behind it again as well. The
 * previous number is one in any case (reference, 16), if the operation is the same.
 */
#include "cimd2_numbers.h"

#include <stdlib.h>
#include <string.h>

enum {
	FIRST = 1, STEP = 2, WRAP = CIMD2_NUMBERS - 1,
	RECENT = CIMD2_NUMBERS_EACH / 2, /* requests that a repetition may be behind */
};

void cimd2_unanswered_make(struct cimd2_unanswered *unanswered, unsigned window)
{
	const unsigned n = window + CIMD2_OWN;
	*unanswered = (struct cimd2_unanswered){ .next = FIRST, .all = calloc(n, sizeof(struct cimd2_sent)) };
	if (!unanswered->all)
		abort();
	TAILQ_INIT(&unanswered->list);
	TAILQ_INIT(&unanswered->spare);
	for (unsigned i = 0; i < n; i++)
		TAILQ_INSERT_TAIL(&unanswered->spare, &unanswered->all[i], entry);
}

void cimd2_unanswered_clear(struct cimd2_unanswered *unanswered)
{
	free(unanswered->all);
	unanswered->all = NULL;
}

/* Steps from the oldest to the next number. */
static unsigned span(const struct cimd2_unanswered *unanswered)
{
	const struct cimd2_sent *oldest = TAILQ_FIRST(&unanswered->list);
	return oldest ? ((unsigned)unanswered->next - oldest->number) % CIMD2_NUMBERS / STEP : 0;
}

bool cimd2_unanswered_has_room(const struct cimd2_unanswered *unanswered, unsigned window)
{
	const unsigned most = CIMD2_NUMBERS_EACH - CIMD2_OWN;
	return span(unanswered) < (window < most ? window : most);
}

static uint16_t after(uint16_t number)
{
	return (uint16_t)((number + STEP) & WRAP);
}

struct cimd2_sent *cimd2_unanswered_add(struct cimd2_unanswered *unanswered, struct cimd2_pdu *pdu)
{
	struct cimd2_sent *sent = TAILQ_FIRST(&unanswered->spare);
	if (!sent || span(unanswered) >= CIMD2_NUMBERS_EACH - 1)
		return NULL;
	pdu->number = unanswered->next;
	const size_t len = cimd2_pack(pdu, sent->octets, sizeof sent->octets);
	if (!len)
		return NULL;
	TAILQ_REMOVE(&unanswered->spare, sent, entry);
	TAILQ_INSERT_TAIL(&unanswered->list, sent, entry);
	unanswered->n++;
	unanswered->next = after(unanswered->next);
	sent->number = pdu->number;
	sent->operation = pdu->operation;
	sent->times = 0;
	sent->repeated = sent->spared = false;
	sent->due = 0;
	sent->len = len;
	return sent;
}

struct cimd2_sent *cimd2_unanswered_find(const struct cimd2_unanswered *unanswered, unsigned number)
{
	struct cimd2_sent *sent;
	TAILQ_FOREACH(sent, &unanswered->list, entry)
		if (sent->number == number)
			return sent;
	return NULL;
}

struct cimd2_sent *cimd2_unanswered_of(const struct cimd2_unanswered *unanswered, unsigned operation)
{
	struct cimd2_sent *sent;
	TAILQ_FOREACH(sent, &unanswered->list, entry)
		if (sent->operation == operation)
			return sent;
	return NULL;
}

void cimd2_unanswered_remove(struct cimd2_unanswered *unanswered, struct cimd2_sent *sent)
{
	TAILQ_REMOVE(&unanswered->list, sent, entry);
	TAILQ_INSERT_HEAD(&unanswered->spare, sent, entry);
	unanswered->n--;
}

void cimd2_unanswered_renumber(struct cimd2_unanswered *unanswered, uint16_t first)
{
	struct cimd2_sent *sent;
	uint8_t copy[CIMD2_REQUEST_MAX];
	unanswered->next = first;
	TAILQ_FOREACH(sent, &unanswered->list, entry) {
		struct cimd2_pdu pdu;
		memcpy(copy, sent->octets, sent->len);
		cimd2_unpack(copy, sent->len, &pdu);
		pdu.number = sent->number = unanswered->next;
		sent->repeated = false;
		sent->len = cimd2_pack(&pdu, sent->octets, sizeof sent->octets);
		unanswered->next = after(unanswered->next);
	}
}

/* The centre's. */

struct cimd2_heard_slot *cimd2_heard_slot(struct cimd2_heard *heard, unsigned number)
{
	return &heard->slots[number / STEP % CIMD2_NUMBERS_EACH];
}

enum cimd2_hearing cimd2_hear(const struct cimd2_heard *heard, const struct cimd2_pdu *pdu, uint32_t digest,
    bool strict)
{
	const unsigned number = pdu->number;
	if (number % STEP || number >= CIMD2_NUMBERS)
		return CIMD2_STRAY;
	const struct cimd2_heard_slot *slot = &heard->slots[number / STEP];
	const bool previous = heard->count && number == ((heard->expected - STEP) & WRAP) &&
	    slot->operation == pdu->operation;
	const bool recent = slot->count && heard->count - slot->count < RECENT;
	const bool same = recent && slot->digest == digest;
	if (number == heard->expected && !same)
		return CIMD2_NEXT;
	if (previous || same)
		return slot->state == CIMD2_ANSWERED ? CIMD2_AGAIN
		    : slot->state == CIMD2_LEFT ? CIMD2_AGAIN_AT_LAST : CIMD2_AGAIN_TOO_SOON;
	return strict ? CIMD2_STRAY : CIMD2_GAP;
}

void cimd2_heard_pass(struct cimd2_heard *heard, unsigned number)
{
	if (number == heard->expected)
		heard->expected = after(heard->expected);
}

struct cimd2_heard_slot *cimd2_heard_take(struct cimd2_heard *heard, const struct cimd2_pdu *pdu, uint32_t digest,
    enum cimd2_hearing hearing)
{
	struct cimd2_heard_slot *slot = cimd2_heard_slot(heard, pdu->number);
	if (!++heard->count)
		heard->count = 1;
	*slot = (struct cimd2_heard_slot){ .count = heard->count, .digest = digest, .operation = pdu->operation };
	if (hearing == CIMD2_AGAIN_AT_LAST)
		cimd2_heard_pass(heard, pdu->number);
	else
		heard->expected = after(pdu->number);
	return slot;
}
