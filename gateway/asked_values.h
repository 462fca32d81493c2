/* SPDX-License-Identifier: Apache-2.0 */
/* asked_values.h - how a member of the options is read; for asked.c alone. */
#ifndef ASKED_VALUES_H
#define ASKED_VALUES_H

#include "asked.h"

#include <jansson.h>

/* One row being read. */
struct reading {
	struct message *message;
	struct asked *asked;
	char *why;
	size_t room;
};

/* Writes the sentence; always false. */
bool wrong(const struct reading *, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

struct member;
/* False: the sentence is written. */
typedef bool read_fn(struct reading *, const struct member *, const json_t *);

struct member {
	const char *name;
	read_fn *read;
	unsigned kinds;                 /* bits of enum kind */
	size_t offset;                  /* in struct asked, of what read_number, _word, _text and _time set */
	long min, max;                  /* of a number, or of a text's octets */
	const char *const *words;
};

read_fn read_number, read_word, read_text, read_ascii, read_time, read_flag, read_transliterate, read_national,
    read_udh, read_octets, read_validity, read_port_bits, read_tlvs, read_waiting,
    read_turn;
/* asked_several.c, asked_broadcast.c */
read_fn read_destinations, read_areas, read_broadcast_content, read_broadcast_number, read_interval;

/* What these options cannot know of each other; the first makes message->destinations. */
bool several_agree(const struct reading *);
bool broadcast_agrees(const struct reading *);

/* A number, or text like "0xF5" or "245". */
bool value_number(const json_t *, long *number);
/* Hex digits into octets of the row's batch. False: they are none, or more than `max` octets. */
bool value_unhex(struct reading *, const char *hex, size_t max, struct blob *into);

/* Its place among the words; -1: it is none of them, or NULL. */
int word_index(const char *word, const char *const *words);

#endif
