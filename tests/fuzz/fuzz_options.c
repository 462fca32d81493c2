/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz_options.c - any text as the options of a row, of each kind: it is understood or
 * refused in words, and what was understood can be encoded.
 */
#include "../../gateway/encode.h"
#include "../../sms/septets.h"
#include "../../sms/udh.h"
#include "replay.h"

#include <assert.h>

/* The octets of user data in a TPDU. */
static size_t on_air(const struct part *part)
{
	struct udh udh;
	assert(part->udh_len <= part->len);
	assert(!part->udh_len || udh_read(part->octets, part->len, &udh) == part->udh_len);
	const size_t text = (size_t)part->len - part->udh_len;
	return part->coding != CODING_GSM7 ? part->len
	    : part->udh_len + septets_octets(text, septets_fill(part->udh_len));
}

static void try_kind(const char *kind, const char *options, const char *body, bool data)
{
	const bool dials = strcmp(kind, "ussd") == 0 && !*body; /* a code has no body */
	struct batch *batch = batch_new();
	struct message *message = batch_message(batch);
	batch_release(batch);
	message->id = 7;
	message->kind = kind;
	message->recipient = dials ? "*100#" : "+36201234567";
	message->options = options;
	message->body = body;
	if (data)
		message->data = (struct blob){ (const uint8_t *)"\0\1\2", 3 };
	char why[OUTCOME_TEXT_MAX] = "";
	const bool good = encode_message(message, &encode_usual, why, sizeof why);
	assert(good || *why);
	for (unsigned i = 0; good && i < message->nparts; i++)
		assert(on_air(&message->parts[i]) <= PART_OCTETS || message->concat == CONCAT_PAYLOAD);
	message_release(message);
}

int LLVMFuzzerTestOneInput(const uint8_t *at, size_t len)
{
	char *options = calloc(1, len + 1);
	if (!options)
		abort();
	memcpy(options, at, len);
	for (size_t i = 0; kind_words[i]; i++) {
		try_kind(kind_words[i], options, "Hello \xE2\x82\xAC \xC5\x9F", false);
		try_kind(kind_words[i], options, "", true);
	}
	try_kind("text", NULL, options, false);
	free(options);
	return 0;
}
