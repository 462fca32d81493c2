/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bench_encode.c - how many messages a second one core encodes, and what it is
 * compared with: copying the same texts as they are.
 *
 *     bench_encode [SECONDS]
 *
 * Messages are claimed by the hundred in one arena, as the gateway does it; making
 * and freeing the arena is part of the figure. `allocations` counts calls of malloc
 * and calloc per thousand messages: chunks of the arena, and nothing else.
 */
#include "../../gateway/encode.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { BATCH = 100, TEXT_ROOM = 8192 };

static size_t allocations;

void *__real_malloc(size_t size);
void *__real_calloc(size_t n, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t n, size_t size);

void *__wrap_malloc(size_t size)
{
	allocations++;
	return __real_malloc(size);
}

void *__wrap_calloc(size_t n, size_t size)
{
	allocations++;
	return __real_calloc(n, size);
}

static double now(void)
{
	struct timespec at;
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &at);
	return (double)at.tv_sec + (double)at.tv_nsec / 1e9;
}

static unsigned encode_batch(const char *body, int64_t id, const struct encode_rules *rules)
{
	struct batch *batch = batch_new();
	struct message *messages[BATCH];
	unsigned parts = 0;
	for (unsigned i = 0; i < BATCH; i++) {
		struct message *message = messages[i] = batch_message(batch);
		message->id = id + i;
		message->kind = "text";
		message->body = body;
		char why[OUTCOME_TEXT_MAX];
		if (!encode_message(message, rules, why, sizeof why)) {
			fprintf(stderr, "bench_encode: %s\n", why);
			exit(1);
		}
		parts += message->nparts;
	}
	batch_release(batch);
	for (unsigned i = 0; i < BATCH; i++)
		message_release(messages[i]);
	return parts;
}

/* The yardstick: the text into the arena, nothing else. */
static unsigned copy_batch(const char *body, int64_t id, const struct encode_rules *rules)
{
	(void)id, (void)rules;
	struct batch *batch = batch_new();
	struct message *messages[BATCH];
	const size_t len = strlen(body);
	for (unsigned i = 0; i < BATCH; i++) {
		messages[i] = batch_message(batch);
		messages[i]->parts = batch_alloc(batch, sizeof *messages[i]->parts);
		messages[i]->body = batch_text(batch, body, len);
	}
	batch_release(batch);
	for (unsigned i = 0; i < BATCH; i++)
		message_release(messages[i]);
	return BATCH;
}

typedef unsigned batch_fn(const char *body, int64_t id, const struct encode_rules *rules);

static double rate_of(batch_fn *run, const char *body, const struct encode_rules *rules,
    double seconds, double *allocated)
{
	size_t messages = 0;
	allocations = 0;
	const double began = now();
	double took;
	do {
		for (unsigned i = 0; i < 50; i++, messages += BATCH)
			run(body, (int64_t)messages + 1, rules);
		took = now() - began;
	} while (took < seconds);
	*allocated = (double)allocations * 1000 / (double)messages;
	return (double)messages / took;
}

static void repeat(char *text, const char *what, size_t n)
{
	*text = '\0';
	for (size_t i = 0, len = strlen(what); i < n; i++)
		memcpy(text + i * len, what, len + 1);
}

int main(int argc, char **argv)
{
	static const struct { const char *name, *unit; size_t n; bool national; } texts[] = {
		{ "ascii-160", "Your parcel arrives today, code 12345678", 4, false },
		{ "gsm7-160", "\xC3\xBC", 160, false },
		{ "gsm7-1000", "Your parcel arrives today, code 12345678", 25, false },
		{ "ucs2-70", "\xD0\x96", 70, false },
		{ "ucs2-1000", "\xD0\x96", 1000, false },
		{ "turkish-100", "\xC5\x9F", 100, true },
	};
	const double seconds = argc > 1 ? strtod(argv[1], NULL) : 1;
	static char body[TEXT_ROOM];
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
		struct encode_rules rules = encode_usual;
		if (texts[i].national)
			rules.national_single = rules.national_locking = 1 << 1;
		repeat(body, texts[i].unit, texts[i].n);
		double allocated, ignored;
		const double rate = rate_of(encode_batch, body, &rules, seconds, &allocated);
		const double copied = rate_of(copy_batch, body, &rules, seconds, &ignored);
		printf("bench encode=%s messages=%.0f/s copy=%.0f/s ratio=%.2f allocations=%.1f/1000\n",
		    texts[i].name, rate, copied, rate / copied, allocated);
	}
	return 0;
}
