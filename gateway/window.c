/* SPDX-License-Identifier: Apache-2.0 */
/*
 * window.c - parts on the wire, in an array made once.
 *
 * A slot holds one part. Slots in use are chained by index in the order they
 * were put, so that the oldest is the next to be overdue and the newest is the
 * first that may not have left. Slots not in use are chained by `newer`.
 *
 * Numbers find their slot through a hash with open addressing, at most half
 * full. Protocols count upwards, so the low bits of a number are its home and
 * neighbours do not collide; what wraps or skips is moved along (linear
 * probing), and taking out moves back what had been moved (Knuth, 6.4, R), so
 * that there are no tombstones.
 */
#include "window.h"

#include <assert.h>
#include <stdlib.h>

static const uint32_t NONE = UINT32_MAX;

struct slot {
	struct part *part;
	uint64_t offset;                /* in the stream, of its first octet */
	uint32_t sequence;
	uint32_t older, newer;          /* slots, or NONE */
};

struct window {
	unsigned room, count;
	uint32_t oldest, newest, unused; /* slots, or NONE */
	uint32_t mask;                  /* of the hash's size, a power of two */
	uint32_t *hash;                 /* slots, or NONE; indexed by number */
	struct slot slots[];
};

struct window *window_new(unsigned room)
{
	assert(room > 0 && room < NONE / 4);
	struct window *window = calloc(1, sizeof *window + room * sizeof window->slots[0]);
	if (!window)
		abort();
	window->room = room;
	window->oldest = window->newest = NONE;
	for (uint32_t i = 0; i < room; i++)
		window->slots[i].newer = i + 1 < room ? i + 1 : NONE;
	uint32_t size = 4;
	while (size < room * 2)
		size *= 2;
	window->mask = size - 1;
	window->hash = malloc(size * sizeof *window->hash);
	if (!window->hash)
		abort();
	for (uint32_t i = 0; i < size; i++)
		window->hash[i] = NONE;
	return window;
}

void window_free(struct window *window)
{
	if (!window)
		return;
	free(window->hash);
	free(window);
}

unsigned window_count(const struct window *window)
{
	return window->count;
}

bool window_full(const struct window *window)
{
	return window->count == window->room;
}

/* Where a number stands in the hash, or the empty place where it would. */
static uint32_t place(const struct window *window, uint32_t sequence)
{
	uint32_t at = sequence & window->mask;
	while (window->hash[at] != NONE && window->slots[window->hash[at]].sequence != sequence)
		at = (at + 1) & window->mask;
	return at;
}

/* Empties a place, and moves back those that its holder had pushed along. */
static void vacate(struct window *window, uint32_t hole)
{
	for (uint32_t at = hole;;) {
		at = (at + 1) & window->mask;
		if (window->hash[at] == NONE)
			break;
		uint32_t home = window->slots[window->hash[at]].sequence & window->mask;
		if (((at - home) & window->mask) < ((at - hole) & window->mask))
			continue;
		window->hash[hole] = window->hash[at];
		hole = at;
	}
	window->hash[hole] = NONE;
}

void window_put(struct window *window, uint32_t sequence, struct part *part, uint64_t offset,
    uint64_t deadline)
{
	assert(!window_full(window));
	uint32_t at = place(window, sequence);
	assert(window->hash[at] == NONE);

	uint32_t i = window->unused;
	struct slot *slot = &window->slots[i];
	window->unused = slot->newer;
	*slot = (struct slot){ .part = part, .offset = offset, .sequence = sequence,
		.older = window->newest, .newer = NONE };
	part->deadline = deadline;
	if (window->newest == NONE)
		window->oldest = i;
	else
		window->slots[window->newest].newer = i;
	window->newest = i;
	window->hash[at] = i;
	window->count++;
}

/* Takes out what stands at that place of the hash. */
static struct part *take(struct window *window, uint32_t at)
{
	uint32_t i = window->hash[at];
	struct slot *slot = &window->slots[i];
	vacate(window, at);
	if (slot->older == NONE)
		window->oldest = slot->newer;
	else
		window->slots[slot->older].newer = slot->newer;
	if (slot->newer == NONE)
		window->newest = slot->older;
	else
		window->slots[slot->newer].older = slot->older;
	slot->newer = window->unused;
	window->unused = i;
	window->count--;
	return slot->part;
}

bool window_has(const struct window *window, uint32_t sequence)
{
	return window->hash[place(window, sequence)] != NONE;
}

struct part *window_take(struct window *window, uint32_t sequence)
{
	uint32_t at = place(window, sequence);
	return window->hash[at] == NONE ? NULL : take(window, at);
}

struct part *window_any(struct window *window)
{
	if (window->oldest == NONE)
		return NULL;
	return take(window, place(window, window->slots[window->oldest].sequence));
}

struct part *window_overdue(struct window *window, uint64_t now, uint32_t *sequence)
{
	if (window->oldest == NONE || window_deadline(window) > now)
		return NULL;
	*sequence = window->slots[window->oldest].sequence;
	return window_any(window);
}

struct part *window_unsent(struct window *window, uint64_t left)
{
	if (window->newest == NONE || window->slots[window->newest].offset < left)
		return NULL;
	return take(window, place(window, window->slots[window->newest].sequence));
}

uint64_t window_deadline(const struct window *window)
{
	return window->oldest == NONE ? 0 : window->slots[window->oldest].part->deadline;
}
