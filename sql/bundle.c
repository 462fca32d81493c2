/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bundle.c - facts that go into the database together.
 *
 * One transaction for all of them is what makes a busy store fast. When the
 * database refuses a value in it, all of it is rolled back; then ever smaller
 * pieces are tried until the culprit stands alone, and growing ones behind it.
 * How far that has got stands in the bundle, so that a lost connection in the
 * middle of it costs nothing: 2 log n transactions find one among n.
 */
#include "bundle.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct bundle *bundle_new(void)
{
	struct bundle *bundle = calloc(1, sizeof *bundle);
	if (!bundle)
		abort();
	return bundle;
}

void bundle_free(struct bundle *bundle)
{
	for (size_t i = 0; i < bundle->nsettled; i++)
		message_release(bundle->settled[i]);
	for (size_t i = 0; i < bundle->ncommands; i++)
		command_release(bundle->commands[i]);
	if (bundle->texts)
		batch_release(bundle->texts);
	free(bundle->settled);
	free(bundle->receipts);
	free(bundle->inbounds);
	free(bundle->commands);
	free(bundle->receipt_askers);
	free(bundle->inbound_askers);
	free(bundle->refusals);
	free(bundle);
}

size_t bundle_facts(const struct bundle *bundle)
{
	return bundle->nsettled + bundle->nreceipts + bundle->ninbounds + bundle->ncommands;
}

/* Filling */

static void *grown(void *array, size_t n, size_t *room, size_t size)
{
	if (n < *room)
		return array;
	*room = *room ? *room * 2 : 8;
	array = reallocarray(array, *room, size);
	if (!array)
		abort();
	return array;
}

/* An array of values and that of its askers grow together. */
static void *grown_pair(void *array, struct asker **askers, size_t n, size_t *room, size_t size)
{
	size_t askers_room = *room;
	*askers = grown(*askers, n, &askers_room, sizeof **askers);
	return grown(array, n, room, size);
}

bool bundle_suits(const struct bundle *bundle, const struct message *message)
{
	return bundle->nsettled == 0 || bundle->epoch == message->epoch;
}

void bundle_add_settled(struct bundle *bundle, struct message *message)
{
	bundle->epoch = message->epoch;
	bundle->settled = grown(bundle->settled, bundle->nsettled, &bundle->settled_room,
	    sizeof *bundle->settled);
	bundle->settled[bundle->nsettled++] = message;
}

void bundle_add_receipt(struct bundle *bundle, const struct receipt *receipt,
    const struct asker *asker)
{
	bundle->receipts = grown_pair(bundle->receipts, &bundle->receipt_askers,
	    bundle->nreceipts, &bundle->receipt_room, sizeof *bundle->receipts);
	bundle->receipts[bundle->nreceipts] = *receipt;
	bundle->receipt_askers[bundle->nreceipts++] = *asker;
}

static struct blob blob_copy(struct batch *texts, struct blob blob)
{
	if (blob.len > 0)
		blob.at = (const uint8_t *)batch_text(texts, blob.at, blob.len);
	return blob;
}

void bundle_add_inbound(struct bundle *bundle, const struct inbound *inbound,
    const struct asker *asker)
{
	if (!bundle->texts)
		bundle->texts = batch_new();
	bundle->inbounds = grown_pair(bundle->inbounds, &bundle->inbound_askers,
	    bundle->ninbounds, &bundle->inbound_room, sizeof *bundle->inbounds);
	struct inbound *copy = &bundle->inbounds[bundle->ninbounds];
	*copy = *inbound;
	if (inbound->options)
		copy->options = batch_text(bundle->texts, inbound->options, strlen(inbound->options));
	if (inbound->over)
		copy->over = batch_text(bundle->texts, inbound->over, strlen(inbound->over));
	copy->octets = blob_copy(bundle->texts, inbound->octets);
	copy->udh = blob_copy(bundle->texts, inbound->udh);
	bundle->inbound_askers[bundle->ninbounds++] = *asker;
}

void bundle_add_command(struct bundle *bundle, struct command *command)
{
	bundle->commands = grown(bundle->commands, bundle->ncommands, &bundle->command_room,
	    sizeof *bundle->commands);
	bundle->commands[bundle->ncommands++] = command;
}

/* Writing */

/* How many of the n facts behind the first `before` lie in [*at, *at + *left);
 * moves both behind them. */
static size_t share(size_t before, size_t n, size_t *at, size_t *left)
{
	size_t most = before + n - *at;
	size_t taken = *left < most ? *left : most;
	*at += taken;
	*left -= taken;
	return taken;
}

struct facts bundle_piece(const struct bundle *bundle)
{
	size_t receipts = bundle->nsettled, inbounds = receipts + bundle->nreceipts;
	size_t commands = inbounds + bundle->ninbounds;
	size_t at = bundle->done;
	size_t left = bundle_facts(bundle) - at;
	if (bundle->piece > 0 && bundle->piece < left)
		left = bundle->piece;
	struct facts facts = { .nsettled = 0 };
	if (left > 0 && at < receipts) {
		facts.settled = bundle->settled + at;
		facts.nsettled = share(0, bundle->nsettled, &at, &left);
	}
	if (left > 0 && at < inbounds) {
		facts.receipts = bundle->receipts + (at - receipts);
		facts.nreceipts = share(receipts, bundle->nreceipts, &at, &left);
	}
	if (left > 0 && at < commands) {
		facts.inbounds = bundle->inbounds + (at - inbounds);
		facts.ninbounds = share(inbounds, bundle->ninbounds, &at, &left);
	}
	if (left > 0) {
		facts.commands = bundle->commands + (at - commands);
		facts.ncommands = left;
	}
	return facts;
}

static size_t count(const struct facts *facts)
{
	return facts->nsettled + facts->nreceipts + facts->ninbounds + facts->ncommands;
}

void bundle_written(struct bundle *bundle, const struct facts *facts)
{
	bundle->done += count(facts);
	bundle->piece *= 2;
}

void bundle_refused(struct bundle *bundle, const struct facts *facts,
    const struct db_error *error)
{
	if (count(facts) > 1) {
		bundle->piece = count(facts) / 2;
		return;
	}
	bundle->refusals = reallocarray(bundle->refusals, bundle->nrefusals + 1,
	    sizeof *bundle->refusals);
	if (!bundle->refusals)
		abort();
	bundle->refusals[bundle->nrefusals++] = (struct refusal){
		.index = bundle->done, .error = *error };
	bundle->done++;
}

/* In words */

static const char *const verdict_words[] = {
	[VERDICT_SENT] = "sent",
	[VERDICT_DEFERRED] = "deferred",
	[VERDICT_DOUBTFUL] = "doubtful",
	[VERDICT_EXPIRED] = "expired",
	[VERDICT_REJECTED] = "rejected",
};

/* "*******4567": enough to find it by, not enough to call it. */
static const char *masked(char out[ADDRESS_MAX], const char *number)
{
	size_t len = strnlen(number, ADDRESS_MAX - 1);
	for (size_t i = 0; i < len; i++)
		out[i] = i + 4 < len ? '*' : number[i];
	out[len] = '\0';
	return out;
}

static void describe_settled(char *out, size_t room, const struct message *message)
{
	int n = snprintf(out, room, "fact=settlement message=%" PRId64 " outcome=%s link=%s "
	    "code=%" PRIu32 " parts=%u why=\"%s\"", message->id,
	    verdict_words[message->outcome.verdict], message->link, message->outcome.code,
	    message->nparts, message->outcome.text);
	for (unsigned i = 0; message->parts && i < message->nparts; i++) {
		if (n < 0 || (size_t)n >= room)
			return;
		if (message->parts[i].network_id[0])
			n += snprintf(out + n, room - (size_t)n, " network_id%u=\"%s\"", i + 1,
			    message->parts[i].network_id);
	}
}

static void describe_receipt(char *out, size_t room, const struct receipt *receipt)
{
	char recipient[ADDRESS_MAX];
	if (receipt->row) {
		snprintf(out, room, "fact=late_answer link=%s row=%" PRId64 " part=%u parts=%u network_id=\"%s\" "
		    "status=%s", receipt->link, receipt->row, receipt->part, receipt->parts,
		    receipt->network_id, status_word(receipt->status));
		return;
	}
	snprintf(out, room, "fact=receipt link=%s network_id=\"%s\" status=%s word=\"%s\" "
	    "code=%" PRIu32 " recipient=%s done_at=%" PRId64, receipt->link,
	    receipt->network_id, status_word(receipt->status), receipt->word, receipt->code,
	    masked(recipient, receipt->recipient), receipt->done_at);
}

static void describe_inbound(char *out, size_t room, const struct inbound *inbound)
{
	char sender[ADDRESS_MAX], recipient[ADDRESS_MAX];
	snprintf(out, room, "fact=inbound link=%s arrival=\"%s\" sender=%s recipient=%s "
	    "received_at=%" PRId64 " part=%u parts=%u", inbound->link, inbound->arrival,
	    masked(sender, inbound->sender), masked(recipient, inbound->recipient),
	    inbound->received_at, inbound->concat_part, inbound->concat_parts);
}

static void describe_command(char *out, size_t room, const struct command *command)
{
	const struct reply *reply = &command->reply;
	snprintf(out, room, "fact=answer command=%" PRId64 " link=%s what=%s answer=\"%s\" code=%" PRIu32
	    " why=\"%s\"", command->id, command->link, command_words[command->kind], reply->answer,
	    reply->code, reply->text);
}

void bundle_describe(char *out, size_t room, const struct bundle *bundle, size_t index)
{
	size_t receipts = bundle->nsettled, inbounds = receipts + bundle->nreceipts;
	size_t commands = inbounds + bundle->ninbounds;
	if (index < receipts)
		describe_settled(out, room, bundle->settled[index]);
	else if (index < inbounds)
		describe_receipt(out, room, &bundle->receipts[index - receipts]);
	else if (index < commands)
		describe_inbound(out, room, &bundle->inbounds[index - inbounds]);
	else
		describe_command(out, room, bundle->commands[index - commands]);
}
