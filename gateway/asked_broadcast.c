/* SPDX-License-Identifier: Apache-2.0 */
/* asked_broadcast.c - options of kind broadcast: where, what, how often (SMPP 5.0, 4.4.1 and 4.8.4). */
#include "asked_values.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { AREA_OCTETS_MAX = 100, NUMBER_MAX = 65535, FORMAT_MAX = 255 };

/* In the order of their octets: broadcast_frequency_interval, SMPP 5.0, 4.8.4.12. */
static const struct { const char *word; uint8_t octet; } units[] = {
	{ "fast", 0x00 }, { "seconds", 0x08 }, { "minutes", 0x09 }, { "hours", 0x0A }, { "days", 0x0B },
	{ "weeks", 0x0C }, { "months", 0x0D }, { "years", 0x0E },
};

static struct asked_broadcast *broadcast_of(struct reading *reading)
{
	struct asked *asked = reading->asked;
	if (!asked->broadcast) {
		asked->broadcast = batch_alloc(reading->message->batch, sizeof *asked->broadcast);
		*asked->broadcast = (struct asked_broadcast){ .repetitions = -1, .channel = -1, .class = -1,
			.network = -1, .unit = -1 };
	}
	return asked->broadcast;
}

static bool put_area(struct reading *reading, struct asked_area *area, long format, const struct blob *details)
{
	if (format < 0 || format > FORMAT_MAX || details->len == 0 || details->len > AREA_OCTETS_MAX)
		return false;
	uint8_t *octets = batch_alloc(reading->message->batch, details->len + 1);
	octets[0] = (uint8_t)format;
	memcpy(octets + 1, details->at, details->len);
	area->value = (struct blob){ octets, details->len + 1 };
	return true;
}

/* An alias as a text, {"alias": "ZONE-7"}, or {"format": 1, "hex": "0A0B"}. */
static bool read_area(struct reading *reading, const json_t *value, struct asked_area *area)
{
	const json_t *alias = json_is_string(value) ? value : json_object_get(value, "alias");
	struct batch *batch = reading->message->batch;
	if (alias) {
		const char *name = json_string_value(alias);
		if (!name || (value != alias && json_object_size(value) != 1))
			return false;
		const struct blob details = { (const uint8_t *)name, strlen(name) };
		area->name = batch_text(batch, name, details.len);
		return put_area(reading, area, 0, &details);
	}
	const json_t *format = json_object_get(value, "format"), *hex = json_object_get(value, "hex");
	struct blob details;
	if (!json_is_integer(format) || json_object_size(value) != 2 ||
	    !value_unhex(reading, json_string_value(hex), AREA_OCTETS_MAX, &details))
		return false;
	char name[40];
	const int len = snprintf(name, sizeof name, "%d:%.30s", (int)json_integer_value(format), json_string_value(hex));
	area->name = batch_text(batch, name, (size_t)len);
	return put_area(reading, area, (long)json_integer_value(format), &details);
}

bool read_areas(struct reading *reading, const struct member *member, const json_t *value)
{
	struct asked_broadcast *broadcast = broadcast_of(reading);
	const size_t n = json_array_size(value);
	bool good = n >= 1 && n <= ASKED_AREAS_MAX;
	struct asked_area *areas = batch_alloc(reading->message->batch, (n + 1) * sizeof *areas);
	for (size_t i = 0; good && i < n; i++)
		good = read_area(reading, json_array_get(value, i), &areas[i]);
	broadcast->areas = areas;
	broadcast->nareas = (unsigned)n;
	return good || wrong(reading, "option \"%s\" takes a list of 1 to %d areas, like {\"alias\": \"ZONE-7\"} "
	    "or {\"format\": 1, \"hex\": \"0A0B\"}", member->name, ASKED_AREAS_MAX);
}

bool read_broadcast_content(struct reading *reading, const struct member *member, const json_t *value)
{
	struct asked_broadcast *broadcast = broadcast_of(reading);
	long network = 0, service = 0;
	bool good = value_number(value, &service);
	if (json_is_object(value))
		good = json_object_size(value) == 2 && value_number(json_object_get(value, "network"), &network) &&
		    value_number(json_object_get(value, "service"), &service);
	broadcast->network = (int)network;
	broadcast->service = (int)service;
	return (good && network >= 0 && network <= 255 && service >= 0 && service <= NUMBER_MAX) ||
	    wrong(reading, "option \"%s\" takes a number, or {\"network\": 1, \"service\": 1}", member->name);
}

bool read_interval(struct reading *reading, const struct member *member, const json_t *value)
{
	struct asked_broadcast *broadcast = broadcast_of(reading);
	const char *word = json_string_value(json_object_get(value, "unit"));
	const json_t *count = json_object_get(value, "count");
	long number = 0;
	for (size_t i = 0; word && i < sizeof units / sizeof *units; i++)
		if (strcmp(units[i].word, word) == 0)
			broadcast->unit = units[i].octet;
	const bool good = broadcast->unit >= 0 && (count ? value_number(count, &number) : broadcast->unit == 0) &&
	    json_object_size(value) == 1u + (count != NULL) && number >= 0 && number <= NUMBER_MAX;
	broadcast->count = (int)number;
	return good || wrong(reading, "option \"%s\" takes {\"unit\": \"minutes\", \"count\": 10}: seconds, minutes, "
	    "hours, days, weeks, months, years, or {\"unit\": \"fast\"}", member->name);
}

/* Those that are a number alone. */
bool read_broadcast_number(struct reading *reading, const struct member *member, const json_t *value)
{
	struct asked_broadcast *broadcast = broadcast_of(reading);
	long number;
	if (!value_number(value, &number) || number < member->min || number > member->max)
		return wrong(reading, "option \"%s\" takes a number from %ld to %ld", member->name, member->min,
		    member->max);
	*(int *)(void *)((char *)broadcast + member->offset) = (int)number;
	return true;
}

bool broadcast_agrees(const struct reading *reading)
{
	const struct asked_broadcast *broadcast = reading->asked->broadcast;
	const char *missing = !broadcast || !broadcast->nareas ? "areas"
	    : broadcast->network < 0 ? "broadcast_content" : broadcast->repetitions < 0 ? "repetitions"
	    : broadcast->unit < 0 ? "interval" : NULL;
	return !missing || wrong(reading, "option \"%s\" is missing: kind broadcast needs areas, "
	    "broadcast_content, repetitions and interval", missing);
}
