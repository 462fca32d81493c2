/* SPDX-License-Identifier: Apache-2.0 */
/*
 * desk_parts.c - `smsqlctl parts`: what a text would cost, without sending it.
 *
 * The same encoder as the gateway's, so what it says is what will be sent. Needs
 * no database.
 */
#include "desk.h"

#include "../gateway/encode.h"
#include "../sms/alphabet.h"
#include "../sms/septets.h"
#include "../sms/udh.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static size_t units_of(const struct part *part)
{
	return ((size_t)part->len - part->udh_len) / (part->coding == CODING_UCS2 ? 2 : 1);
}

/* Octets of user data on the air. */
static size_t octets_of(const struct part *part)
{
	if (part->coding != CODING_GSM7)
		return part->len;
	return part->udh_len + septets_octets((size_t)part->len - part->udh_len,
	    septets_fill(part->udh_len));
}

/* The part's text as a handset would show it; hex of octets. Free it. */
static char *text_of(const struct part *part)
{
	const uint8_t *at = part->octets + part->udh_len;
	const size_t len = (size_t)part->len - part->udh_len, room = len * 3 + 1;
	char *text = calloc(1, room);
	if (!text)
		abort();
	struct udh udh = { 0 };
	if (part->udh_len)
		udh_read(part->octets, part->udh_len, &udh);
	if (part->coding == CODING_BINARY)
		for (size_t i = 0; i < len; i++)
			snprintf(text + 2 * i, 3, "%02X", at[i]);
	else
		charset_to_utf8(text, room, part->coding == CODING_UCS2 ? CHARSET_UCS2 : CHARSET_GSM7, at,
		    len, &udh.shifts);
	return text;
}

static void hex(char *out, const uint8_t *at, size_t len)
{
	*out = '\0';
	for (size_t i = 0; i < len; i++)
		snprintf(out + 2 * i, 3, "%02X", at[i]);
}

static void print_json(const struct message *message)
{
	json_t *parts = json_array();
	for (unsigned i = 0; i < message->nparts; i++) {
		const struct part *part = &message->parts[i];
		char udh[2 * UDH_MAX + 1], *text = text_of(part);
		hex(udh, part->octets, part->udh_len);
		json_array_append_new(parts, json_pack("{s:I, s:I, s:s, s:s}", "units",
		    (json_int_t)units_of(part), "octets", (json_int_t)octets_of(part), "udh", udh, "text",
		    text));
		free(text);
	}
	json_t *whole = json_pack("{s:s, s:i, s:o}", "encoding", message->encoding, "data_coding",
	    message->data_coding, "parts", parts);
	json_dumpf(whole, stdout, JSON_COMPACT | JSON_PRESERVE_ORDER);
	putchar('\n');
	json_decref(whole);
}

/* A line of text: what would move the cursor shows as a space. */
static void print_line(char *text)
{
	for (char *at = text; *at; at++)
		if ((unsigned char)*at < ' ')
			*at = ' ';
	puts(text);
}

/* Why a text is not in GSM 7-bit, for whoever wonders about the price. */
static void tell_foreign(const struct message *message)
{
	const size_t len = strlen(message->body);
	uint8_t *septets = malloc(2 * len + 2);
	if (!septets)
		abort();
	size_t n, offset = gsm7_from_utf8(septets, 2 * len + 2, &n, message->body, len);
	free(septets);
	if (offset == len || message->parts->coding != CODING_UCS2)
		return;
	const uint8_t *at = (const uint8_t *)message->body + offset, *from = at;
	uint32_t point = utf8_next(&at, from + (len - offset));
	printf("not in GSM 7-bit: U+%04X \"%.*s\" at octet %zu, and perhaps more; transliterate = on "
	    "may help\n", (unsigned)point, (int)(at - from), (const char *)from, offset + 1);
}

static void print_parts(const struct message *message)
{
	size_t units = 0;
	for (unsigned i = 0; i < message->nparts; i++)
		units += units_of(&message->parts[i]);
	printf("%s: %zu units, %u part%s\n", message->encoding, units, message->nparts,
	    message->nparts == 1 ? "" : "s");
	tell_foreign(message);
	puts("part  units  octets  text");
	for (unsigned i = 0; i < message->nparts; i++) {
		char *text = text_of(&message->parts[i]);
		printf("%4u  %5zu  %6zu  ", i + 1, units_of(&message->parts[i]),
		    octets_of(&message->parts[i]));
		print_line(text);
		free(text);
	}
}

enum exit_status desk_parts(struct desk *desk)
{
	struct batch *batch = batch_new();
	struct message *message = batch_message(batch);
	batch_release(batch);
	message->id = 1;
	message->kind = *desk->kind ? desk->kind : "text";
	message->options = *desk->options ? desk->options : NULL;
	message->body = desk->arguments[0];
	char why[OUTCOME_TEXT_MAX];
	const bool done = encode_message(message, desk->rules ? desk->rules : &encode_usual, why,
	    sizeof why);
	if (!done)
		fprintf(stderr, "smsqlctl: %s\n", why);
	else if (desk->json)
		print_json(message);
	else
		print_parts(message);
	message_release(message);
	return done ? EXIT_DONE : EXIT_FAILED;
}
