/* SPDX-License-Identifier: Apache-2.0 */
/* sim_modem_store.c - storages of messages: SM and ME, and SR for status reports. */
#include "sim_modem_inside.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void store_usual(struct sim_modem *modem)
{
	store_size(modem, "SM", 20);
	store_size(modem, "ME", 100);
	store_size(modem, "SR", 20);
}

int store_named(const struct sim_modem *modem, const char *name)
{
	for (unsigned i = 0; i < modem->nstorages; i++)
		if (strcmp(modem->storages[i].name, name) == 0)
			return modem->storages[i].size ? (int)i : -1;
	return -1;
}

void store_size(struct sim_modem *modem, const char *name, unsigned size)
{
	unsigned i = 0;
	while (i < modem->nstorages && strcmp(modem->storages[i].name, name) != 0)
		i++;
	if (i == STORAGES)
		return;
	modem->nstorages += i == modem->nstorages;
	struct storage *storage = &modem->storages[i];
	snprintf(storage->name, sizeof storage->name, "%s", name);
	for (unsigned slot = size; slot < storage->size; slot++) {
		free(storage->slots[slot]);
		storage->slots[slot] = NULL;
	}
	storage->size = size;
}

unsigned store_used(const struct storage *storage)
{
	unsigned n = 0;
	for (unsigned i = 0; i < storage->size; i++)
		n += storage->slots[i] != NULL;
	return n;
}

int store_put(struct sim_modem *modem, int number, struct letter *letter)
{
	struct storage *storage = &modem->storages[number];
	for (unsigned i = 0; i < storage->size; i++) {
		if (!storage->slots[i]) {
			storage->slots[i] = letter;
			letter->next = NULL;
			return (int)i + (int)modem->settings.index;
		}
	}
	return -1;
}

struct letter *store_at(const struct sim_modem *modem, int number, long index)
{
	const struct storage *storage = &modem->storages[number];
	const long slot = index - modem->settings.index;
	return slot >= 0 && slot < (long)storage->size ? storage->slots[slot] : NULL;
}

bool store_delete(struct sim_modem *modem, int number, long index)
{
	struct storage *storage = &modem->storages[number];
	const long slot = index - modem->settings.index;
	if (slot < 0 || slot >= (long)storage->size)
		return false;
	struct letter *letter = storage->slots[slot];
	storage->slots[slot] = NULL;
	if (letter && letter->stat < 2)
		modem_tell_letter(modem, letter->read ? MODEM_ACKED : MODEM_UNREAD, storage->name, letter);
	free(letter);
	return true;
}

void store_free(struct sim_modem *modem)
{
	for (unsigned i = 0; i < modem->nstorages; i++)
		for (unsigned slot = 0; slot < modem->storages[i].size; slot++)
			free(modem->storages[i].slots[slot]);
}
