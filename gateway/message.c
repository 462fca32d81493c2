/* SPDX-License-Identifier: Apache-2.0 */
/*
 * message.c - batches as arenas, and folding part outcomes into one.
 *
 * A batch is a list of chunks; memory in it is only ever handed out, and all
 * of it goes at once when nobody holds the batch any more. It is held once by
 * its maker and once by each of its messages.
 */
#include "message.h"

#include <assert.h>
#include <ctype.h>
#include <stdalign.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CHUNK = 64 * 1024 };

struct chunk {
	struct chunk *next;
	size_t used, room;
	alignas(max_align_t) uint8_t at[];
};

struct batch {
	struct chunk *chunks;
	unsigned holds;
};

const char *status_word(enum status status)
{
#define X(name, word) [STATUS_##name] = word,
	static const char *const words[STATUS_COUNT] = { STATUS_LIST(X) };
#undef X
	assert(status < STATUS_COUNT);
	return words[status];
}

const char *const in_doubt_words[] = {
	[DOUBT_HOLD] = "hold",
	[DOUBT_RESEND] = "resend",
	NULL,
};

static struct chunk *chunk_new(size_t room, struct chunk *next)
{
	struct chunk *chunk = calloc(1, sizeof *chunk + room);
	if (!chunk)
		abort();
	chunk->room = room;
	chunk->next = next;
	return chunk;
}

struct batch *batch_new(void)
{
	struct batch *batch = calloc(1, sizeof *batch);
	if (!batch)
		abort();
	batch->holds = 1;
	return batch;
}

void *batch_alloc(struct batch *batch, size_t size)
{
	const size_t align = alignof(max_align_t);
	size = (size + align - 1) / align * align;
	struct chunk *chunk = batch->chunks;
	if (!chunk || chunk->room - chunk->used < size) {
		chunk = chunk_new(size > CHUNK ? size : CHUNK, batch->chunks);
		batch->chunks = chunk;
	}
	void *at = chunk->at + chunk->used;
	chunk->used += size;
	return at;
}

char *batch_text(struct batch *batch, const void *at, size_t len)
{
	char *text = batch_alloc(batch, len + 1);
	if (len)
		memcpy(text, at, len);
	return text;
}

struct message *batch_message(struct batch *batch)
{
	struct message *message = batch_alloc(batch, sizeof *message);
	message->batch = batch;
	batch->holds++;
	return message;
}

void batch_release(struct batch *batch)
{
	assert(batch->holds > 0);
	if (--batch->holds)
		return;
	while (batch->chunks) {
		struct chunk *chunk = batch->chunks;
		batch->chunks = chunk->next;
		free(chunk);
	}
	free(batch);
}

void message_release(struct message *message)
{
	batch_release(message->batch);
}

void message_throttled(struct message *message, uint64_t taken)
{
	if (message->throttled < THROTTLED_SUSPECT || (message->throttled < THROTTLED_ALONE && taken != message->taken_then))
		message->throttled++;
	message->taken_then = taken;
}

/* SENT < DEFERRED < DOUBTFUL < EXPIRED < REJECTED is the order of the enum. A
 * deferred message is untried only when every deferred part of it is. */
void outcome_fold(struct outcome *whole, const struct outcome *part)
{
	if (part->verdict == VERDICT_DEFERRED && whole->verdict == VERDICT_DEFERRED) {
		whole->untried = whole->untried && part->untried;
		if (part->retry_ms > whole->retry_ms)
			whole->retry_ms = part->retry_ms;
		return;
	}
	if (part->verdict > whole->verdict)
		*whole = *part;
	else if (part->verdict == VERDICT_SENT && whole->verdict == VERDICT_SENT && *part->text)
		memcpy(whole->text, part->text, sizeof whole->text);
}

bool message_answer(struct part *part, const struct outcome *outcome)
{
	struct message *message = part->message;
	assert(message->unanswered > 0);
	if (outcome->verdict == VERDICT_SENT) {
		part->taken = true;
		snprintf(part->network_id, sizeof part->network_id, "%s", outcome->network_id);
	}
	outcome_fold(&message->outcome, outcome);
	if (--message->unanswered)
		return false;
	/* Something of it left, whatever became of the rest: the attempt counts. */
	for (unsigned i = 0; i < message->nparts; i++)
		if (message->parts[i].taken)
			message->outcome.untried = false;
	return true;
}

void network_key(char *key, const char *network_id)
{
	while (*network_id == '0')
		network_id++;
	size_t n = 0;
	for (; network_id[n] && n < NETWORK_ID_MAX - 1; n++)
		key[n] = (char)tolower((unsigned char)network_id[n]);
	key[n] = '\0';
}
