/* SPDX-License-Identifier: Apache-2.0 */
/*
 * smpp_multi.c - submit_multi: one part to several recipients (SMPP 3.4, 4.5).
 *
 * One answer has one message id for all of them, and names those that were refused, by the
 * address that they were sent under.
 */
#include "smpp_other.h"

#include "../gateway/several.h"
#include "refuse.h"

#include <stdio.h>
#include <string.h>

enum { DEST_MAX = 24, TAIL = 7 };       /* of one on the wire; digits that have to agree */

/* How a destination is written for this link. */
static bool write_dest(const struct smpp_options *options, const struct message *message, unsigned index,
    struct smpp_dest *dest, struct outcome *outcome)
{
	const struct destination *destination = &message->destinations[index];
	*dest = (struct smpp_dest){ .list = destination->list };
	if (!destination->list)
		return smpp_put_recipient(options, message, destination->address, &dest->address, outcome);
	snprintf(dest->address.digits, sizeof dest->address.digits, "%s", destination->address);
	return true;
}

/* Those that do not have the part yet. */
bool smpp_make_multi(const struct smpp_options *options, const struct part *part, struct smpp_pdu *pdu,
    struct outcome *outcome)
{
	const struct message *message = part->message;
	const size_t room = (size_t)message->ndestinations * DEST_MAX;
	uint8_t *at = batch_alloc(message->batch, room);
	size_t len = 0;
	unsigned n = 0;
	for (unsigned i = 0; i < message->ndestinations; i++) {
		struct smpp_dest dest;
		if (destination_has(part, i))
			continue;
		if (!write_dest(options, message, i, &dest, outcome))
			return false;
		const size_t more = smpp_dest_put(SMPP_SUBMIT_MULTI, &dest, at + len, room - len);
		if (!more)
			return refuse(outcome, "a recipient does not fit a submit_multi");
		len += more;
		n++;
	}
	pdu->command = SMPP_SUBMIT_MULTI;
	pdu->dests = (struct smpp_dests){ .n = (uint8_t)n, .len = (uint16_t)len, .at = at };
	return true;
}

static const char *tail(const char *digits)
{
	const size_t len = strlen(digits);
	return digits + (len > TAIL ? len - TAIL : 0);
}

/* Which destination a refused address is: the same as it was sent, else the only one that agrees
 * in its last digits; ndestinations: none. */
static unsigned find_dest(const struct smpp_options *options, const struct message *message, const char *address)
{
	unsigned found = message->ndestinations, alike = 0;
	for (unsigned i = 0; i < message->ndestinations; i++) {
		struct smpp_dest dest;
		struct outcome outcome;
		if (!write_dest(options, message, i, &dest, &outcome))
			continue;
		if (strcmp(dest.address.digits, address) == 0)
			return i;
		if (!dest.list && *address && strcmp(tail(dest.address.digits), tail(address)) == 0) {
			found = i;
			alike++;
		}
	}
	return alike == 1 ? found : message->ndestinations;
}

void smpp_answer_multi(const struct smpp_options *options, const struct smpp_pdu *pdu, struct part *part,
    struct outcome *outcome)
{
	const struct message *message = part->message;
	struct smpp_dest dest;
	unsigned asked = 0, n = 0;
	if (pdu->dests.n == 0)
		return;
	struct rejection *refused = batch_alloc(message->batch, message->ndestinations * sizeof *refused);
	part->refused = refused;
	part->nrefused = 0;
	for (size_t at = 0; smpp_dest_next(pdu, &at, &dest); ) {
		char text[OUTCOME_TEXT_MAX];
		const unsigned i = find_dest(options, message, dest.address.digits);
		if (i == message->ndestinations || destination_refused(part, i))
			continue;
		smpp_status_text(text, sizeof text, dest.status);
		refused[n] = (struct rejection){ i, dest.status, batch_text(message->batch, text, strlen(text)) };
		part->nrefused = ++n;
	}
	for (unsigned i = 0; i < message->ndestinations; i++)
		asked += !destination_has(part, i);
	if (n < asked || n == 0)
		return;
	outcome->verdict = VERDICT_REJECTED;
	outcome->code = refused[0].code;
	snprintf(outcome->text, sizeof outcome->text, "all %u recipients refused: %.110s", n, refused[0].text);
}
