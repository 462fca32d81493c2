/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sim_agenda.c - a wheel of milliseconds, and the pool its items come from.
 *
 * The wheel has a slot for each of the next 16384 ms. An item further ahead
 * waits in its slot and is passed over until its turn has come: putting and
 * taking cost the same for one item and for a million. Items come in blocks
 * that are kept until the end.
 */
#include "sim_agenda.h"

#include <assert.h>
#include <stdlib.h>

enum { SLOTS = 16384, BLOCK = 1024 };

struct block { struct block *next; struct item items[BLOCK]; };

struct agenda {
	struct item_list slots[SLOTS];
	struct item_list due;           /* taken from slots, not yet handed out */
	uint64_t reached_ms;            /* every slot up to this time has been looked at */
	size_t waiting;
	struct item *spare;             /* linked by next */
	struct block *blocks;
};

void list_append(struct item_list *list, struct item *item)
{
	item->next = NULL;
	item->prev = list->last;
	if (list->last)
		list->last->next = item;
	else
		list->first = item;
	list->last = item;
	list->n++;
}

void list_remove(struct item_list *list, struct item *item)
{
	assert(list->n > 0);
	if (item->prev)
		item->prev->next = item->next;
	else
		list->first = item->next;
	if (item->next)
		item->next->prev = item->prev;
	else
		list->last = item->prev;
	item->next = item->prev = NULL;
	list->n--;
}

void list_prepend_all(struct item_list *list, struct item_list *front)
{
	if (!front->first)
		return;
	front->last->next = list->first;
	if (list->first)
		list->first->prev = front->last;
	else
		list->last = front->last;
	list->first = front->first;
	list->n += front->n;
	*front = (struct item_list){ 0 };
}

struct agenda *agenda_new(uint64_t now_ms)
{
	struct agenda *agenda = calloc(1, sizeof *agenda);
	if (!agenda)
		abort();
	agenda->reached_ms = now_ms;
	return agenda;
}

void agenda_free(struct agenda *agenda)
{
	if (!agenda)
		return;
	while (agenda->blocks) {
		struct block *block = agenda->blocks;
		agenda->blocks = block->next;
		for (size_t i = 0; i < BLOCK; i++)
			free(block->items[i].octets);
		free(block);
	}
	free(agenda);
}

struct item *item_new(struct agenda *agenda)
{
	if (!agenda->spare) {
		struct block *block = calloc(1, sizeof *block);
		if (!block)
			abort();
		block->next = agenda->blocks;
		agenda->blocks = block;
		for (size_t i = 0; i < BLOCK; i++)
			item_free(agenda, &block->items[i]);
	}
	struct item *item = agenda->spare;
	agenda->spare = item->next;
	*item = (struct item){ 0 };
	return item;
}

void item_free(struct agenda *agenda, struct item *item)
{
	free(item->octets);
	item->octets = NULL;
	item->next = agenda->spare;
	agenda->spare = item;
}

void agenda_put(struct agenda *agenda, struct item *item, uint64_t due_ms)
{
	item->due_ms = due_ms;
	agenda->waiting++;
	if (due_ms <= agenda->reached_ms)
		list_append(&agenda->due, item);
	else
		list_append(&agenda->slots[due_ms % SLOTS], item);
}

/* Moves what is due at exactly that millisecond from its slot. */
static void turn(struct agenda *agenda, uint64_t ms)
{
	struct item_list *slot = &agenda->slots[ms % SLOTS];
	for (struct item *item = slot->first, *next; item; item = next) {
		next = item->next;
		if (item->due_ms > ms)
			continue;
		list_remove(slot, item);
		list_append(&agenda->due, item);
	}
}

struct item *agenda_take(struct agenda *agenda, uint64_t now_ms)
{
	/* After a long sleep one turn of the wheel sees all of it. */
	if (now_ms > SLOTS && agenda->reached_ms < now_ms - SLOTS)
		agenda->reached_ms = now_ms - SLOTS;
	while (!agenda->due.first && agenda->waiting && agenda->reached_ms < now_ms)
		turn(agenda, ++agenda->reached_ms);
	if (!agenda->waiting && agenda->reached_ms < now_ms)
		agenda->reached_ms = now_ms;
	struct item *item = agenda->due.first;
	if (!item)
		return NULL;
	list_remove(&agenda->due, item);
	agenda->waiting--;
	return item;
}

bool agenda_empty(const struct agenda *agenda)
{
	return !agenda->waiting;
}
