/* SPDX-License-Identifier: Apache-2.0 */
/* asked_several.c - options of a message to several recipients: numbers, and lists that the network keeps. */
#include "asked_values.h"

#include "several.h"

#include "../sms/address.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LIST_NAME_MAX = 20 };

/* A number as a text or as digits alone; NULL: it is neither. */
static const char *text_of(struct batch *batch, const json_t *value)
{
	char digits[24];
	if (json_is_string(value))
		return batch_text(batch, json_string_value(value), json_string_length(value));
	if (!json_is_integer(value))
		return NULL;
	const int len = snprintf(digits, sizeof digits, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
	return batch_text(batch, digits, (size_t)len);
}

static bool list_name_good(const char *name)
{
	const size_t len = strlen(name);
	for (size_t i = 0; i < len; i++)
		if (name[i] < ' ' || name[i] > '~')
			return false;
	return len >= 1 && len <= LIST_NAME_MAX;
}

bool read_destinations(struct reading *reading, const struct member *member, const json_t *value)
{
	const bool lists = strcmp(member->name, "lists") == 0;
	const char *what = lists ? "names of lists, of up to 20 characters each" : "numbers";
	const size_t n = json_array_size(value);
	if (!json_is_array(value) || n >= DESTINATIONS_MAX)
		return wrong(reading, "option \"%s\" takes a list of up to %d %s", member->name,
		    DESTINATIONS_MAX - 1, what);
	const char **texts = batch_alloc(reading->message->batch, (n + 1) * sizeof *texts);
	for (size_t i = 0; i < n; i++) {
		struct address address;
		texts[i] = text_of(reading->message->batch, json_array_get(value, i));
		if (!texts[i] || (lists && !list_name_good(texts[i])))
			return wrong(reading, "option \"%s\" takes a list of %s", member->name, what);
		if (!lists && !address_recipient(&address, texts[i], &address_usual, reading->why, reading->room))
			return false;
	}
	struct asked_texts *into = (struct asked_texts *)(void *)((char *)reading->asked + member->offset);
	*into = (struct asked_texts){ texts, (unsigned)n };
	return true;
}

static void digits_of(const char *text, char digits[ADDRESS_TEXT_MAX])
{
	size_t n = 0;
	for (; *text && n + 1 < ADDRESS_TEXT_MAX; text++)
		if (*text >= '0' && *text <= '9')
			digits[n++] = *text;
	digits[n] = '\0';
}

/* Who is there twice; NULL: nobody. */
static const char *twice(const struct message *message)
{
	char (*digits)[ADDRESS_TEXT_MAX] = calloc(message->ndestinations, sizeof *digits);
	const char *found = NULL;
	if (!digits)
		abort();
	for (unsigned i = 0; i < message->ndestinations && !found; i++) {
		const struct destination *one = &message->destinations[i];
		if (one->list)
			snprintf(digits[i], sizeof digits[i], "%s", one->address);
		else
			digits_of(one->address, digits[i]);
		for (unsigned k = 0; k < i && !found; k++)
			if (message->destinations[k].list == one->list && strcmp(digits[k], digits[i]) == 0)
				found = one->address;
	}
	free(digits);
	return found;
}

bool several_agree(const struct reading *reading)
{
	const struct asked *asked = reading->asked;
	struct message *message = reading->message;
	const unsigned n = 1 + asked->recipients.n + asked->lists.n;
	if (n == 1)
		return true;
	if (n > DESTINATIONS_MAX)
		return wrong(reading, "options \"recipients\" and \"lists\" make %u with the recipient: at most %d",
		    n, DESTINATIONS_MAX);
	if (asked->operation == OPERATION_DATA)
		return wrong(reading, "option \"operation\" data_sm does not go with \"recipients\" and \"lists\"");
	struct destination *destinations = batch_alloc(message->batch, n * sizeof *destinations);
	destinations[0].address = message->recipient ? message->recipient : "";
	for (unsigned i = 0; i < asked->recipients.n; i++)
		destinations[1 + i].address = asked->recipients.at[i];
	for (unsigned i = 0; i < asked->lists.n; i++)
		destinations[1 + asked->recipients.n + i] = (struct destination){ asked->lists.at[i], true };
	message->destinations = destinations;
	message->ndestinations = (uint16_t)n;
	const char *again = twice(message);
	return !again || wrong(reading, "option \"recipients\": %.40s is there twice", again);
}
