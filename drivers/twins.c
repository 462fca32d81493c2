/* SPDX-License-Identifier: Apache-2.0 */
/*
 * twins.c - a hash of ids, each with how many parts have it and which of these have their
 * final receipt.
 *
 *     named  --- twins_name(), again, ... ---> with twins
 *       | too many named since                   | too many with twins since
 *       v                                        v
 *     forgotten: a receipt for it is one for ID, the only part that had it, or the first
 *
 * A network's second is over before long, so an id without twins may soon be forgotten; one
 * with twins is wanted until its receipts have come, which takes days. A receipt may come
 * before the answer to its part: it is counted all the same, so that the next is the next
 * twin's. Some time later no more twins can come, and a receipt above their number is one that
 * came again: then it is told as the last of them.
 *
 * Who gave a receipt cannot be told from who gives it again: one whose acknowledgement was lost
 * on its way, with the connection, is counted as the next twin's.
 *
 * The memory is that of a session. What a new one, after a lost connection or a restart, has
 * not seen being named is as if the receipt came first: final ones that come within a minute
 * are told as those of ID, ID+2 and so on; one that comes later is told as that of ID again,
 * and the twin that it was for stays sent, without a final state.
 */
#include "twins.h"

#include "digest.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	BUCKETS_MIN = 64,
	TWINS_MAX = 256,                /* of one id: more than a message has parts; further ones share the last */
	NAMING_MS = 60 * 1000,          /* as long after the last one more twins may come */
	SUFFIX_ROOM = 5,                /* "+256", and a NUL */
};

struct entry {
	TAILQ_ENTRY(entry) age;         /* in twins.single or twins.several */
	struct entry *next;             /* in its bucket */
	uint64_t named_at;              /* loop ms: the last one; or its first receipt */
	unsigned named;                 /* parts; 0: a receipt came first */
	uint64_t told[TWINS_MAX / 64];  /* bit n: the final receipt of twin n+1 was told */
	char key[NETWORK_ID_MAX];
};
TAILQ_HEAD(entries, entry);

struct twins {
	unsigned most;
	struct entries single, several; /* the oldest first */
	unsigned nsingle, nseveral;
	size_t nbuckets;                /* a power of two */
	struct entry **buckets;
};

struct twins *twins_new(unsigned most)
{
	struct twins *twins = calloc(1, sizeof *twins);
	if (!twins)
		abort();
	twins->most = most;
	twins->nbuckets = BUCKETS_MIN;
	while (twins->nbuckets < most)
		twins->nbuckets *= 2;
	twins->buckets = calloc(twins->nbuckets, sizeof *twins->buckets);
	if (!twins->buckets)
		abort();
	TAILQ_INIT(&twins->single);
	TAILQ_INIT(&twins->several);
	return twins;
}

static void free_all(struct entries *entries)
{
	struct entry *entry;
	while ((entry = TAILQ_FIRST(entries))) {
		TAILQ_REMOVE(entries, entry, age);
		free(entry);
	}
}

void twins_free(struct twins *twins)
{
	if (!twins)
		return;
	free_all(&twins->single);
	free_all(&twins->several);
	free(twins->buckets);
	free(twins);
}

static struct entry **bucket_of(struct twins *twins, const char *key)
{
	return &twins->buckets[digest_of(key, strlen(key)) & (twins->nbuckets - 1)];
}

static struct entry *find(struct twins *twins, const char *key)
{
	struct entry *entry = *bucket_of(twins, key);
	while (entry && strcmp(entry->key, key) != 0)
		entry = entry->next;
	return entry;
}

/* Takes the oldest out of the list. */
static void forget(struct twins *twins, struct entries *entries, unsigned *n)
{
	struct entry *entry = TAILQ_FIRST(entries);
	struct entry **at = bucket_of(twins, entry->key);
	while (*at != entry)
		at = &(*at)->next;
	*at = entry->next;
	TAILQ_REMOVE(entries, entry, age);
	(*n)--;
	free(entry);
}

static struct entry *remember(struct twins *twins, const char *key, uint64_t now)
{
	struct entry *entry = calloc(1, sizeof *entry), **bucket = bucket_of(twins, key);
	if (!entry)
		abort();
	snprintf(entry->key, sizeof entry->key, "%s", key);
	entry->named_at = now;
	entry->next = *bucket;
	*bucket = entry;
	TAILQ_INSERT_TAIL(&twins->single, entry, age);
	if (++twins->nsingle > twins->most)
		forget(twins, &twins->single, &twins->nsingle);
	return entry;
}

/* "ID+2"; an id that has no room for it stays as it is. */
static void add_suffix(char id[NETWORK_ID_MAX], unsigned twin)
{
	const size_t len = strlen(id);
	if (twin > 1 && len + SUFFIX_ROOM <= NETWORK_ID_MAX)
		snprintf(id + len, NETWORK_ID_MAX - len, "+%u", twin);
}

void twins_name(struct twins *twins, char id[NETWORK_ID_MAX], uint64_t now)
{
	char key[NETWORK_ID_MAX];
	network_key(key, id);
	struct entry *entry = find(twins, key);
	if (!entry)
		entry = remember(twins, key, now);
	entry->named_at = now;
	if (entry->named < TWINS_MAX)
		entry->named++;
	add_suffix(id, entry->named);
	if (entry->named != 2)
		return;
	TAILQ_REMOVE(&twins->single, entry, age);
	twins->nsingle--;
	TAILQ_INSERT_TAIL(&twins->several, entry, age);
	if (++twins->nseveral > twins->most)
		forget(twins, &twins->several, &twins->nseveral);
}

static bool is_told(const struct entry *entry, unsigned twin)
{
	return entry->told[(twin - 1) / 64] >> (twin - 1) % 64 & 1;
}

void twins_receipt(struct twins *twins, char id[NETWORK_ID_MAX], bool final, uint64_t now)
{
	char key[NETWORK_ID_MAX];
	network_key(key, id);
	struct entry *entry = find(twins, key);
	if (!entry && !final)
		return;
	if (!entry)
		entry = remember(twins, key, now);
	const bool more = final && now - entry->named_at < NAMING_MS;
	const unsigned known = entry->named ? entry->named : 1, most = more ? TWINS_MAX : known;
	unsigned twin = 1;
	while (twin < most && is_told(entry, twin))
		twin++;
	if (final)
		entry->told[(twin - 1) / 64] |= UINT64_C(1) << (twin - 1) % 64;
	add_suffix(id, twin);
}

void twins_again(struct twins *twins, const char *told)
{
	char id[NETWORK_ID_MAX], key[NETWORK_ID_MAX];
	unsigned twin = 1;
	snprintf(id, sizeof id, "%s", told);
	network_key(key, id);
	struct entry *entry = find(twins, key);
	char *plus = strrchr(id, '+');
	if (!entry && plus && sscanf(plus, "+%3u", &twin) == 1) {
		*plus = '\0';
		network_key(key, id);
		entry = find(twins, key);
	}
	if (entry && twin >= 1 && twin <= TWINS_MAX)
		entry->told[(twin - 1) / 64] &= ~(UINT64_C(1) << (twin - 1) % 64);
}
