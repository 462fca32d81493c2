/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz_journal.c - any octets as the records of a journal, and as what stands behind its
 * header: nothing is read outside, and what it tells of a row is in order.
 */
#include "../../gateway/journal_format.h"
#include "../../gateway/past.h"
#include "replay.h"

#include <assert.h>
#include <string.h>

#define DATABASE "sqlite:///sms.db"

static void tell_all(const struct past *past)
{
	int64_t epochs[64], *ids;
	const size_t n = past_epochs(past, epochs, 64);
	for (size_t i = 0; i < n; i++) {
		const size_t rows = past_rows(past, epochs[i], &ids);
		for (size_t k = 0; k < rows; k++) {
			struct batch *batch = batch_new();
			struct message *message = batch_message(batch);
			message->id = ids[k];
			message->attempts = (uint16_t)(k % 3);
			past_tell(past, epochs[i], "gw1", message);
			assert(message->outcome.verdict <= VERDICT_REJECTED && message->unanswered == 0);
			message_release(message);
			batch_release(batch);
		}
		free(ids);
	}
}

static void read_one(const uint8_t *at, size_t len)
{
	const char *why;
	struct past *past = past_read(at, len, "gw1", DATABASE, &why);
	assert(!past || !why);
	tell_all(past);
	past_release(past);
}

int LLVMFuzzerTestOneInput(const uint8_t *at, size_t len)
{
	struct journal_header header;
	struct journal_block block = { .len = (uint32_t)len, .not_len = ~(uint32_t)len,
		.sum = (uint32_t)journal_sum(at, len) };
	if (!journal_fill_header(&header, "gw1", DATABASE))
		return 0;
	uint8_t *file = malloc(sizeof header + sizeof block + len);
	if (!file)
		abort();
	memcpy(file, &header, sizeof header);
	memcpy(file + sizeof header, &block, sizeof block);
	if (len)
		memcpy(file + sizeof header + sizeof block, at, len);
	read_one(file, sizeof header + sizeof block + len);
	if (len)
		memcpy(file + sizeof header, at, len);
	read_one(file, sizeof header + len);
	free(file);
	return 0;
}
