/* SPDX-License-Identifier: Apache-2.0 */
/* several.c - which destinations have which parts, and which were refused. */
#include "several.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

unsigned message_rows(const struct message *message)
{
	return message->ndestinations ? (unsigned)message->nparts * message->ndestinations : message->nparts;
}

uint32_t destination_digest(const struct part *part, unsigned destination)
{
	static const uint32_t basis = 0x811C9DC5u, prime = 0x01000193u; /* FNV-1a */
	uint32_t digest = basis ^ part->digest;
	for (const char *at = part->message->destinations[destination].address; *at; at++)
		digest = (digest ^ (uint8_t)*at) * prime;
	return digest ? digest : 1;
}

/* "1:815,1:4711,2:99": rare, and short enough to be read each time. */
bool destination_has(const struct part *part, unsigned destination)
{
	const uint32_t digest = destination_digest(part, destination);
	for (const char *at = part->message->earlier; at && *at; ) {
		char *end;
		const unsigned long number = strtoul(at, &end, 10);
		if (end == at || *end != ':')
			return false;
		const unsigned long taken = strtoul(end + 1, &end, 10);
		if (number == part->number && (uint32_t)taken == digest)
			return true;
		at = *end == ',' ? end + 1 : end;
	}
	return false;
}

void several_trust_taken(struct message *message)
{
	memset(message->taken, 0, sizeof message->taken);
	for (unsigned i = 0; i < message->nparts; i++) {
		struct part *part = &message->parts[i];
		unsigned have = 0;
		while (have < message->ndestinations && destination_has(part, have))
			have++;
		part->taken = have == message->ndestinations;
		if (part->taken)
			message->taken[i / 8] |= (uint8_t)(1u << (i % 8));
	}
}

unsigned part_messages(const struct part *part)
{
	unsigned missing = part->message->ndestinations ? 0 : 1;
	for (unsigned d = 0; d < part->message->ndestinations; d++)
		missing += !destination_has(part, d);
	return missing;
}

unsigned message_messages(const struct message *message)
{
	unsigned sum = 0;
	for (unsigned i = 0; i < message->nparts; i++)
		sum += message->parts[i].taken ? 0 : part_messages(&message->parts[i]);
	return sum;
}

const struct rejection *destination_refused(const struct part *part, unsigned destination)
{
	for (unsigned i = 0; i < part->nrefused; i++)
		if (part->refused[i].destination == destination)
			return &part->refused[i];
	return NULL;
}

void several_tell_refused(const struct message *message, char *out, size_t room)
{
	unsigned refused = 0;
	*out = '\0';
	for (unsigned d = 0; d < message->ndestinations; d++)
		for (unsigned i = 0; i < message->nparts; i++)
			if (destination_refused(&message->parts[i], d)) {
				refused++;
				break;
			}
	if (refused)
		snprintf(out, room, "%u of %u recipients refused: see outbox_part", refused,
		    message->ndestinations);
}
