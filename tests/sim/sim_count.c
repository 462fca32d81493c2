/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sim_count.c - counting, exact enough to find one double in a million.
 *
 * Keys are 128-bit hashes, never texts: a part takes 24 octets however long it
 * is. Three tables with open addressing:
 *
 *     parts   (recipient, part, parts, text)       how often it was accepted
 *     open    (recipient, reference, parts)        which parts of it are here
 *     wholes  (recipient, all of its parts)        long messages that were complete
 *
 * The reference is no part of the first key: a gateway that sends a message
 * again may give it another one, and it is a double all the same. `open` forgets
 * a message once it is whole, for references are used again.
 */
#include "sim_count.h"

#include "../../drivers/smpp_pdu.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct key { uint64_t a, b; };

struct seen_part { struct key key; uint32_t times; };

struct seen_open {
	struct key key;
	struct key *here;               /* of each part, 0 for those that are missing */
	unsigned parts, missing;
};

/* Slots are a power of two, at most half of them used; times or missing 0: free. */
struct part_table { struct seen_part *slots; size_t room, used; };
struct open_table { struct seen_open *slots; size_t room, used; };

struct seen {
	struct part_table parts, wholes;
	struct open_table open;
};

enum { ROOM = 1024 };

static const uint64_t fnv_basis = 0xcbf29ce484222325u, fnv_prime = 0x100000001b3u;

void sim_counts_json(const struct sim_counts *counts, char *out, size_t room)
{
#define X(name) { #name, counts->name },
	const struct { const char *name; uint64_t value; } rows[] = { SIM_COUNTS(X) };
#undef X
	size_t n = 0;
	for (size_t i = 0; i < sizeof rows / sizeof *rows && n < room; i++)
		n += (size_t)snprintf(out + n, room - n, "%s\"%s\": %llu", i ? ", " : "{",
		    rows[i].name, (unsigned long long)rows[i].value);
	if (n < room)
		snprintf(out + n, room - n, "}\n");
}

static uint64_t fnv(uint64_t hash, const void *at, size_t len)
{
	const uint8_t *octets = at;
	for (size_t i = 0; i < len; i++)
		hash = (hash ^ octets[i]) * fnv_prime;
	return hash;
}

/* Two lanes that have nothing in common but the octets. */
static void key_fold(struct key *key, const void *at, size_t len)
{
	const uint8_t *octets = at;
	uint64_t a = key->a, b = key->b;
	for (size_t i = 0; i < len; i++) {
		a = (a ^ octets[i]) * fnv_prime;
		b = (b + octets[i] + 1) * 0x9e3779b97f4a7c15u;
		b ^= b >> 31;
	}
	*key = (struct key){ a, b };
}

uint64_t hash_mix(uint64_t x)
{
	x += 0x9e3779b97f4a7c15u;
	x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
	x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
	return x ^ (x >> 31);
}

static struct key key_begin(const char *recipient, const unsigned *numbers, size_t n)
{
	struct key key = { fnv_basis, fnv_basis };
	key_fold(&key, recipient, strlen(recipient) + 1);
	key_fold(&key, numbers, n * sizeof *numbers);
	return key;
}

static struct key key_end(struct key key)
{
	return (struct key){ hash_mix(key.a), hash_mix(key.b) };
}

static bool key_same(const struct key *one, const struct key *other)
{
	return one->a == other->a && one->b == other->b;
}

/* Takes the concatenation out of one information element; folds any other. */
static void element(struct segment *segment, uint8_t id, const uint8_t *at, size_t len)
{
	const bool narrow = id == 0x00 && len == 3, wide = id == 0x08 && len == 4;
	if (!narrow && !wide) {
		segment->elements = fnv(fnv(segment->elements, &id, 1), at, len);
		return;
	}
	const uint8_t *tail = at + (wide ? 2 : 1);
	if (!tail[0] || !tail[1] || tail[1] > tail[0])
		return;
	segment->reference = wide ? (unsigned)at[0] << 8 | at[1] : at[0];
	segment->parts = tail[0];
	segment->part = tail[1];
}

static bool header_read(struct segment *segment)
{
	if (!segment->len || segment->text[0] + 1u > segment->len)
		return false;
	const size_t end = segment->text[0] + 1u;
	for (size_t at = 1; at < end;) {
		if (end - at < 2 || segment->text[at + 1] > end - at - 2)
			return false;
		element(segment, segment->text[at], segment->text + at + 2, segment->text[at + 1]);
		at += 2u + segment->text[at + 1];
	}
	segment->text += end;
	segment->len -= end;
	return true;
}

bool segment_read(const struct smpp_pdu *pdu, struct segment *segment)
{
	*segment = (struct segment){
		.recipient = pdu->destination.digits, .part = 1, .parts = 1, .elements = fnv_basis,
	};
	segment->text = smpp_text(pdu, &segment->len);
	if (pdu->esm_class & SMPP_ESM_UDHI)
		return header_read(segment);
	const unsigned parts = smpp_tlv_number(pdu, SMPP_TAG_SAR_TOTAL_SEGMENTS, 1);
	const unsigned part = smpp_tlv_number(pdu, SMPP_TAG_SAR_SEGMENT_SEQNUM, 1);
	if (parts > 1 && parts < 256 && part >= 1 && part <= parts) {
		segment->reference = smpp_tlv_number(pdu, SMPP_TAG_SAR_MSG_REF_NUM, 0);
		segment->parts = parts;
		segment->part = part;
	}
	return true;
}

uint64_t segment_hash(const struct segment *segment)
{
	return fnv(fnv_basis, segment->text, segment->len);
}

static void *slots_new(size_t n, size_t each)
{
	void *slots = calloc(n, each);
	if (!slots)
		abort();
	return slots;
}

static struct seen_part *part_slot(const struct part_table *table, const struct key *key)
{
	size_t at = key->a & (table->room - 1);
	while (table->slots[at].times && !key_same(&table->slots[at].key, key))
		at = (at + 1) & (table->room - 1);
	return &table->slots[at];
}

static void parts_grow(struct part_table *table)
{
	struct part_table wider = { .room = table->room * 2, .used = table->used };
	wider.slots = slots_new(wider.room, sizeof *wider.slots);
	for (size_t i = 0; i < table->room; i++)
		if (table->slots[i].times)
			*part_slot(&wider, &table->slots[i].key) = table->slots[i];
	free(table->slots);
	*table = wider;
}

/* How often this key has been noted, this time included. */
static uint32_t parts_note(struct part_table *table, const struct key *key)
{
	struct seen_part *slot = part_slot(table, key);
	slot->key = *key;
	const uint32_t times = ++slot->times;
	if (times == 1 && ++table->used > table->room / 2)
		parts_grow(table);
	return times;
}

static struct seen_open *open_slot(const struct open_table *table, const struct key *key)
{
	size_t at = key->a & (table->room - 1);
	while (table->slots[at].missing && !key_same(&table->slots[at].key, key))
		at = (at + 1) & (table->room - 1);
	return &table->slots[at];
}

static void open_grow(struct open_table *table)
{
	struct open_table wider = { .room = table->room * 2, .used = table->used };
	wider.slots = slots_new(wider.room, sizeof *wider.slots);
	for (size_t i = 0; i < table->room; i++)
		if (table->slots[i].missing)
			*open_slot(&wider, &table->slots[i].key) = table->slots[i];
	free(table->slots);
	*table = wider;
}

/* Frees a slot, and moves up those behind it that would no longer be found. */
static void open_remove(struct open_table *table, struct seen_open *slot)
{
	const size_t mask = table->room - 1;
	free(slot->here);
	size_t hole = (size_t)(slot - table->slots);
	for (size_t at = (hole + 1) & mask; table->slots[at].missing; at = (at + 1) & mask) {
		const size_t home = table->slots[at].key.a & mask;
		if (((at - home) & mask) < ((at - hole) & mask))
			continue;
		table->slots[hole] = table->slots[at];
		hole = at;
	}
	table->slots[hole] = (struct seen_open){ 0 };
	table->used--;
}

/* The same for every order in which the parts came. */
static struct key whole_key(const char *recipient, const struct seen_open *slot)
{
	struct key key = key_begin(recipient, &slot->parts, 1);
	for (unsigned i = 0; i < slot->parts; i++) {
		key.a += slot->here[i].a;
		key.b += slot->here[i].b;
	}
	return key_end(key);
}

/* Adds a part to its message. True: it is whole with it, *whole says which it is. A
 * part that is here already gives way: references are used again. */
static bool open_note(struct open_table *table, const struct segment *segment,
    const struct key *part, struct key *whole)
{
	const unsigned numbers[] = { segment->reference, segment->parts };
	const struct key key = key_end(key_begin(segment->recipient, numbers, 2));
	struct seen_open *slot = open_slot(table, &key);
	if (!slot->missing) {
		*slot = (struct seen_open){
			.key = key, .parts = segment->parts, .missing = segment->parts,
			.here = slots_new(segment->parts, sizeof *slot->here),
		};
		table->used++;
	}
	struct key *here = &slot->here[segment->part - 1];
	const bool was_missing = !here->a && !here->b;
	*here = *part;
	if (was_missing && slot->missing == 1) {
		*whole = whole_key(segment->recipient, slot);
		open_remove(table, slot);
		return true;
	}
	slot->missing -= was_missing;
	if (table->used > table->room / 2)
		open_grow(table);
	return false;
}

bool seen_note(struct seen *seen, const struct segment *segment, struct sim_counts *counts)
{
	const unsigned numbers[] = { segment->part, segment->parts };
	struct key key = key_begin(segment->recipient, numbers, 2);
	key_fold(&key, &segment->elements, sizeof segment->elements);
	key_fold(&key, segment->text, segment->len);
	key = key_end(key);
	const bool again = parts_note(&seen->parts, &key) > 1;
	counts->doubles += again;
	struct key whole;
	if (segment->parts == 1)
		counts->messages += !again;
	else if (open_note(&seen->open, segment, &key, &whole))
		counts->messages += parts_note(&seen->wholes, &whole) == 1;
	return again;
}

struct seen *seen_new(void)
{
	struct seen *seen = slots_new(1, sizeof *seen);
	seen->parts = (struct part_table){ slots_new(ROOM, sizeof(struct seen_part)), ROOM, 0 };
	seen->wholes = (struct part_table){ slots_new(ROOM, sizeof(struct seen_part)), ROOM, 0 };
	seen->open = (struct open_table){ slots_new(ROOM, sizeof(struct seen_open)), ROOM, 0 };
	return seen;
}

void seen_free(struct seen *seen)
{
	if (!seen)
		return;
	for (size_t i = 0; i < seen->open.room; i++)
		free(seen->open.slots[i].here);
	free(seen->parts.slots);
	free(seen->wholes.slots);
	free(seen->open.slots);
	free(seen);
}
