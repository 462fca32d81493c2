/* SPDX-License-Identifier: Apache-2.0 */
/* late.c - a ring, searched from end to end: answers that come late are rare. */
#include "late.h"

#include "asked.h"
#include "several.h"

#include <stdlib.h>

struct grave {
	uint64_t until;                 /* 0: empty */
	int64_t row;
	uint32_t sequence;
	uint16_t attempt, parts;
	uint8_t part;
	bool once;
};

struct late { unsigned room, next; struct grave graves[]; };

struct late *late_new(unsigned room)
{
	struct late *late = calloc(1, sizeof *late + room * sizeof late->graves[0]);
	if (!late)
		abort();
	late->room = room;
	return late;
}

void late_free(struct late *late)
{
	free(late);
}

void late_put(struct late *late, uint32_t sequence, const struct part *part, uint64_t until)
{
	const struct message *message = part->message;
	late->graves[late->next] = (struct grave){ .until = until, .sequence = sequence,
		.row = message->id, .attempt = message->attempts, .part = part->number,
		.parts = (uint16_t)message_rows(message),
		.once = message->asked && message->asked->kind == KIND_USSD };
	late->next = (late->next + 1) % late->room;
}

bool late_take(struct late *late, uint32_t sequence, uint64_t now, struct answer *answer)
{
	for (unsigned i = 0; i < late->room; i++) {
		struct grave *grave = &late->graves[i];
		if (grave->until <= now || grave->sequence != sequence)
			continue;
		*answer = (struct answer){ .row = grave->row, .attempt = grave->attempt,
			.part = grave->part, .parts = grave->parts,
			.once = grave->once };
		grave->until = 0;
		return true;
	}
	return false;
}
