/* SPDX-License-Identifier: Apache-2.0 */
/* late.c - a ring; few are in it, since a session without answers does not last. */
#include "late.h"

#include <stdlib.h>

struct grave { uint64_t until; uint32_t sequence; struct answer answer; };

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
		.answer = { .row = message->id, .attempt = message->attempts, .part = part->number,
		    .parts = message->nparts } };
	late->next = (late->next + 1) % late->room;
}

bool late_take(struct late *late, uint32_t sequence, uint64_t now, struct answer *answer)
{
	for (unsigned i = 0; i < late->room; i++) {
		struct grave *grave = &late->graves[i];
		if (grave->until <= now || grave->sequence != sequence)
			continue;
		*answer = grave->answer;
		grave->until = 0;
		return true;
	}
	return false;
}
