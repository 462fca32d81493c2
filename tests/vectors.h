/* SPDX-License-Identifier: Apache-2.0 */
/*
 * vectors.h - tests/vectors/ as tests of Check read them: a file of JSON, lists of vectors in it that
 * have an id each, and octets in hexadecimal.
 */
#ifndef VECTORS_H
#define VECTORS_H

#include <check.h>
#include <jansson.h>

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* tests/vectors/NAME. json_decref() it. */
static inline json_t *vectors_load(const char *name)
{
	char path[4096];
	const char *top = getenv("SMSQLD_TOP");
	snprintf(path, sizeof path, "%s/tests/vectors/%s", top ? top : ".", name);
	json_error_t error;
	json_t *vectors = json_load_file(path, JSON_ALLOW_NUL, &error);
	ck_assert_msg(vectors != NULL, "%s: %s", path, error.text);
	return vectors;
}

/* One list of it alone. json_decref() it. */
static inline json_t *vectors_list(const char *name, const char *list)
{
	json_t *vectors = vectors_load(name);
	json_t *found = json_incref(json_object_get(vectors, list));
	ck_assert_msg(json_is_array(found), "%s: no list %s", name, list);
	json_decref(vectors);
	return found;
}

/* What an object says; "": nothing. */
static inline const char *text_of(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));
	return text ? text : "";
}

static inline json_t *vector_named(const json_t *list, const char *id)
{
	for (size_t i = 0; i < json_array_size(list); i++)
		if (strcmp(text_of(json_array_get(list, i), "id"), id) == 0)
			return json_array_get(list, i);
	ck_abort_msg("no vector %s", id);
	return NULL;
}

/* Its octets, in hexadecimal. */
static inline const char *vector_hex(const json_t *list, const char *id)
{
	return text_of(vector_named(list, id), "hex");
}

/* At most `room` of them; how many. */
static inline size_t octets_into(const char *hex, uint8_t *out, size_t room)
{
	size_t n = 0;
	for (; hex && hex[0] && hex[1] && n < room; hex += 2) {
		const char pair[3] = { hex[0], hex[1], '\0' };
		out[n++] = (uint8_t)strtoul(pair, NULL, 16);
	}
	return n;
}

/* Those of one vector of a file: how many. */
static inline size_t vector_octets(const char *name, const char *list, const char *id, uint8_t *out, size_t room)
{
	json_t *vectors = vectors_list(name, list);
	const char *hex = vector_hex(vectors, id);
	ck_assert_msg(*hex && strlen(hex) / 2 <= room, "%s", id);
	const size_t len = octets_into(hex, out, room);
	json_decref(vectors);
	return len;
}

/* Exactly as many octets as there are, so that a sanitizer sees every step over. free() them. */
static inline uint8_t *octets_of(const char *hex, size_t *len)
{
	*len = strlen(hex) / 2;
	uint8_t *octets = malloc(*len ? *len : 1);
	ck_assert_ptr_nonnull(octets);
	octets_into(hex, octets, *len);
	return octets;
}

#endif
