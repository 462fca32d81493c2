/* SPDX-License-Identifier: Apache-2.0 */
/* asked_values.c - JSON values into what a row asks for, each checked by itself. */
#include "asked_values.h"

#include "encode.h"
#include "tlv.h"

#include "../sms/alphabet.h"
#include "../sms/udh.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { TLV_MAX = 1024, TLV_NAME_MAX = 32, UDH_ASKED_MAX = PART_OCTETS, OCTETS_MAX = 2048 };

static const char *const waiting_words[] = { "voice", "fax", "email", "other", "video", NULL };
static const char *const method_words[] = { "dcs", "udh", "both", NULL };

bool wrong(const struct reading *reading, const char *format, ...)
{
	va_list list;
	va_start(list, format);
	vsnprintf(reading->why, reading->room, format, list);
	va_end(list);
	return false;
}
/* Digits, or 0x and hex digits: never octal, no sign, no space. */
static bool digits_of(const char *text, long *number)
{
	const bool hex = text[0] == '0' && (text[1] == 'x' || text[1] == 'X');
	const char *digits = text + (hex ? 2 : 0);
	const size_t len = strlen(digits);
	if (len == 0 || len > 12 || strspn(digits, hex ? "0123456789abcdefABCDEF" : "0123456789") != len)
		return false;
	*number = strtol(digits, NULL, hex ? 16 : 10);
	return true;
}

bool value_number(const json_t *value, long *number)
{
	if (json_is_integer(value)) {
		*number = (long)json_integer_value(value);
		return true;
	}
	return json_is_string(value) && digits_of(json_string_value(value), number);
}

bool read_number(struct reading *reading, const struct member *member, const json_t *value)
{
	long number;
	if (!value_number(value, &number) || number < member->min || number > member->max)
		return wrong(reading, "option \"%s\" takes a number from %ld to %ld", member->name,
		    member->min, member->max);
	*(int *)(void *)((char *)reading->asked + member->offset) = (int)number;
	return true;
}

int word_index(const char *word, const char *const *words)
{
	for (int i = 0; words[i]; i++)
		if (word && strcmp(words[i], word) == 0)
			return i;
	return -1;
}

bool read_word(struct reading *reading, const struct member *member, const json_t *value)
{
	char known[120] = "";
	const int index = word_index(json_string_value(value), member->words);
	for (size_t i = 0, n = 0; member->words[i] && n < sizeof known; i++)
		n += (size_t)snprintf(known + n, sizeof known - n, "%s%s", i ? ", " : "", member->words[i]);
	if (index < 0)
		return wrong(reading, "option \"%s\" takes one of %s", member->name, known);
	*(int *)(void *)((char *)reading->asked + member->offset) = index;
	return true;
}

bool read_transliterate(struct reading *reading, const struct member *member,
    const json_t *value)
{
	if (json_is_boolean(value)) {
		reading->asked->transliterate = json_is_false(value) ? TRANSLIT_OFF : TRANSLIT_ON;
		return true;
	}
	return read_word(reading, member, value);
}

static uint32_t language_of(const json_t *value)
{
	if (json_is_integer(value)) {
		const json_int_t id = json_integer_value(value);
		return id > 0 && id < GSM7_LANGUAGES ? UINT32_C(1) << id : 0;
	}
	return json_is_string(value) ? encode_national(json_string_value(value)) : 0;
}

/* A language or a list of them, for both tables or one. */
bool read_national(struct reading *reading, const struct member *member, const json_t *value)
{
	uint32_t mask = json_is_array(value) ? 0 : language_of(value);
	bool good = json_is_array(value) || mask;
	for (size_t i = 0; i < json_array_size(value); i++) {
		const uint32_t bit = language_of(json_array_get(value, i));
		good = good && bit;
		mask |= bit;
	}
	if (!good)
		return wrong(reading, "option \"%s\" takes languages: turkish, spanish, portuguese, bengali, "
		    "gujarati, hindi, kannada, malayalam, oriya, punjabi, tamil, telugu, urdu, all",
		    member->name);
	const char *which = member->name + strlen("national");
	if (!*which || strcmp(which, "_single") == 0)
		reading->asked->national_single = (int32_t)mask;
	if (!*which || strcmp(which, "_locking") == 0)
		reading->asked->national_locking = (int32_t)mask;
	return true;
}

bool value_unhex(struct reading *reading, const char *hex, size_t max, struct blob *into)
{
	const size_t len = hex ? strlen(hex) : 0;
	if (len == 0 || len % 2 || len / 2 > max ||
	    strspn(hex, "0123456789abcdefABCDEF") != len)
		return false;
	uint8_t *octets = batch_alloc(reading->message->batch, len / 2);
	for (size_t i = 0; i < len / 2; i++) {
		const char pair[] = { hex[2 * i], hex[2 * i + 1], '\0' };
		octets[i] = (uint8_t)strtoul(pair, NULL, 16);
	}
	*into = (struct blob){ octets, len / 2 };
	return true;
}

/* Elements that follow from other options, and would be there twice. */
static const char *instead_of(uint8_t element)
{
	switch (element) {
	case 0x00: case 0x08: return "the gateway counts the parts itself: see \"concat\"";
	case 0x24: case 0x25: return "use \"national\"";
	default: return NULL;
	}
}

bool read_udh(struct reading *reading, const struct member *member, const json_t *value)
{
	struct blob *udh = &reading->asked->udh;
	if (!value_unhex(reading, json_string_value(value), UDH_ASKED_MAX, udh))
		return wrong(reading, "option \"%s\" takes up to %d octets in hex, its length octet first",
		    member->name, UDH_ASKED_MAX);
	size_t i = 1;
	while (i + 1 < udh->len && udh->len - i - 2 >= udh->at[i + 1]) {
		const char *instead = instead_of(udh->at[i]);
		if (instead)
			return wrong(reading, "option \"udh\": element %02X is the gateway's to write: %s",
			    udh->at[i], instead);
		i += 2u + udh->at[i + 1];
	}
	if (udh->at[0] + 1u != udh->len || i != udh->len)
		return wrong(reading, "option \"udh\": its lengths do not add up: the first octet counts "
		    "those behind it, each element is identifier, length, data");
	return true;
}

bool read_octets(struct reading *reading, const struct member *member, const json_t *value)
{
	struct blob *into = (struct blob *)(void *)((char *)reading->asked + member->offset);
	return value_unhex(reading, json_string_value(value), OCTETS_MAX, into) ||
	    wrong(reading, "option \"%s\" takes octets in hex", member->name);
}

bool read_flag(struct reading *reading, const struct member *member, const json_t *value)
{
	*((bool *)reading->asked + member->offset) = json_is_true(value);
	return json_is_boolean(value) ||
	    wrong(reading, "option \"%s\" is true or false", member->name);
}

bool read_ascii(struct reading *reading, const struct member *member, const json_t *value)
{
	const char *text = json_string_value(value);
	for (; text && *text; text++)
		if ((unsigned char)*text >= 0x80)
			return wrong(reading, "option \"%s\" takes text of ASCII characters", member->name);
	return read_text(reading, member, value);
}

/* Text of min to max octets without control characters. */
bool read_text(struct reading *reading, const struct member *member, const json_t *value)
{
	const char *text = json_string_value(value);
	const size_t len = text ? strlen(text) : 0;
	bool good = text && len >= (size_t)member->min && len <= (size_t)member->max;
	for (size_t i = 0; i < len; i++)
		good = good && (unsigned char)text[i] >= ' ' && text[i] != 0x7F;
	if (!good)
		return wrong(reading, "option \"%s\" takes text of %ld to %ld octets", member->name,
		    member->min, member->max);
	*(const char **)(void *)((char *)reading->asked + member->offset) =
	    batch_text(reading->message->batch, text, len);
	return true;
}

/* ISO 8601 in UTC, to the second. */
bool read_time(struct reading *reading, const struct member *member, const json_t *value)
{
	const char *text = json_string_value(value);
	struct tm when = { 0 };
	const char *end = text ? strptime(text, "%Y-%m-%dT%H:%M:%SZ", &when) : NULL;
	if (!end || *end || when.tm_year < 70)
		return wrong(reading, "option \"%s\" takes a time in UTC, like \"2026-05-06T07:08:09Z\"",
		    member->name);
	*(int64_t *)(void *)((char *)reading->asked + member->offset) = (int64_t)timegm(&when);
	return true;
}

bool read_validity(struct reading *reading, const struct member *member, const json_t *value)
{
	long number;
	if (!value_number(value, &number) || number < member->min || number > member->max)
		return wrong(reading, "option \"%s\" takes seconds, %ld to %ld", member->name, member->min,
		    member->max);
	reading->asked->validity = number;
	return true;
}

bool read_port_bits(struct reading *reading, const struct member *member,
    const json_t *value)
{
	long number;
	if (!value_number(value, &number) || (number != 8 && number != 16))
		return wrong(reading, "option \"%s\" is 8 or 16", member->name);
	reading->asked->ports_wide = number == 16;
	return true;
}

static bool tag_of(const char *name, struct asked_tlv *tlv, const struct tlv_name **known)
{
	long tag;
	*known = tlv_named(name);
	if (!*known && !(digits_of(name, &tag) && tag > 0 && tag <= 0xFFFF))
		return false;
	tlv->tag = *known ? (*known)->tag : (uint16_t)tag;
	*known = tlv_tagged(tlv->tag);
	return true;
}

static bool tlv_number(struct reading *reading, const json_t *value, unsigned width,
    struct blob *into)
{
	if (json_integer_value(value) < 0 || json_integer_value(value) > UINT32_MAX)
		return false;
	const uint32_t number = (uint32_t)json_integer_value(value);
	if (!width)
		width = number > 0xFFFF ? 4 : number > 0xFF ? 2 : 1;
	if (width < 4 && number >> (8 * width))
		return false;
	uint8_t *octets = batch_alloc(reading->message->batch, width);
	for (unsigned i = 0; i < width; i++)
		octets[i] = (uint8_t)(number >> (8 * (width - 1 - i)));
	*into = (struct blob){ octets, width };
	return true;
}

static bool tlv_value(struct reading *, const json_t *, unsigned width, struct blob *into);

/* {"text": "T1"} as it stands, {"cstring": "T1"} with a NUL behind it, {"hex": "5431"}. */
static bool tlv_text(struct reading *reading, const json_t *value, struct blob *into)
{
	const json_t *text = json_object_get(value, "text"), *cstring = json_object_get(value, "cstring");
	const json_t *hex = json_object_get(value, "hex");
	if (hex && json_object_size(value) == 1 && json_is_string(hex))
		return tlv_value(reading, hex, 0, into);
	const char *at = json_string_value(text ? text : cstring);
	if (json_object_size(value) != 1 || !at || strlen(at) >= TLV_MAX)
		return false;
	*into = (struct blob){ (const uint8_t *)batch_text(reading->message->batch, at, strlen(at)),
		strlen(at) + !text };
	return true;
}

static bool tlv_value(struct reading *reading, const json_t *value, unsigned width,
    struct blob *into)
{
	if (json_is_object(value))
		return tlv_text(reading, value, into);
	if (json_is_integer(value))
		return tlv_number(reading, value, width, into);
	*into = (struct blob){ NULL, 0 };
	return json_is_string(value) && (!*json_string_value(value) ||
	    value_unhex(reading, json_string_value(value), TLV_MAX, into));
}

static bool tlv_new(struct reading *reading, const char *name, const struct asked_tlv *tlv,
    const struct tlv_name *known)
{
	if (known && known->ours)
		return wrong(reading, "option \"tlvs\": \"%.40s\" is the gateway's to write: see \"concat\"",
		    name);
	for (unsigned i = 0; i < reading->asked->ntlvs; i++)
		if (!reading->asked->tlvs[i].name && reading->asked->tlvs[i].tag == tlv->tag)
			return wrong(reading, "option \"tlvs\": \"%.40s\" is there twice, as 0x%04X", name,
			    tlv->tag);
	return true;
}

/* It may be one of the link's names: what it means is seen when it is sent. */
static bool tlv_unresolved(struct reading *reading, const char *name, const json_t *value,
    struct asked_tlv *tlv)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-";
	const size_t len = strlen(name);
	if (len == 0 || len > TLV_NAME_MAX || strspn(name, letters) != len || name[0] == '-' ||
	    (name[0] >= '0' && name[0] <= '9'))
		return false;
	char *json = json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT);
	if (!json)
		abort();
	struct batch *batch = reading->message->batch;
	*tlv = (struct asked_tlv){ .name = batch_text(batch, name, len), .json = batch_text(batch, json, strlen(json)) };
	free(json);
	return true;
}

bool read_tlvs(struct reading *reading, const struct member *member, const json_t *value)
{
	if (!json_is_object(value) || json_object_size(value) > ASKED_TLVS_MAX)
		return wrong(reading, "option \"%s\" takes an object of up to %d TLVs", member->name,
		    ASKED_TLVS_MAX);
	const char *name;
	json_t *each;
	json_object_foreach((json_t *)(uintptr_t)value, name, each) {
		struct asked_tlv *tlv = &reading->asked->tlvs[reading->asked->ntlvs];
		const struct tlv_name *known;
		if (!tag_of(name, tlv, &known)) {
			if (!tlv_unresolved(reading, name, each, tlv))
				return wrong(reading, "option \"tlvs\": there is no TLV \"%.40s\": use its SMPP name, "
				    "a name of the link's tlv_names, or its tag, like \"0x1401\"", name);
			reading->asked->ntlvs++;
			continue;
		}
		if (!tlv_new(reading, name, tlv, known))
			return false;
		if (!tlv_value(reading, each, known ? known->width : 0, &tlv->value))
			return wrong(reading, "option \"tlvs\": the value of \"%.40s\" is octets in hex, "
			    "{\"text\": ...}, or a number that fits", name);
		reading->asked->ntlvs++;
	}
	return true;
}

bool read_waiting(struct reading *reading, const struct member *member, const json_t *value)
{
	json_t *type = NULL, *method = NULL, *count = NULL;
	int active = 1, store = 0;
	json_error_t err;
	if (json_unpack_ex((json_t *)(uintptr_t)value, &err, JSON_STRICT,
	    "{s?o, s?b, s?b, s?o, s?o}", "type", &type, "active", &active, "store", &store, "count",
	    &count, "method", &method) != 0)
		return wrong(reading, "option \"%s\" takes an object with type, active, store, count, method",
		    member->name);
	const int kind = type ? word_index(json_string_value(type), waiting_words) : MWI_VOICE;
	const int by = method ? word_index(json_string_value(method), method_words) : count ? 2 : 0;
	long number = -1;
	if (kind < 0)
		return wrong(reading, "option \"waiting\": type is voice, fax, email, other or video");
	if (by < 0)
		return wrong(reading, "option \"waiting\": method is dcs, udh or both");
	if (count && (!value_number(count, &number) || number < 0 || number > 255))
		return wrong(reading, "option \"waiting\": count is a number from 0 to 255");
	if (by == 0 && (count || kind == MWI_VIDEO))
		return wrong(reading, "option \"waiting\": count and video need method udh or both");
	if (count && (number > 0) != active)
		return wrong(reading, "option \"waiting\": active is %s, but count is %ld",
		    active ? "true" : "false", number);
	reading->asked->waiting.type = (enum mwi_type)kind;
	reading->asked->waiting.on = active;
	reading->asked->waiting.store = store;
	reading->asked->waiting.by_dcs = by != 1;
	reading->asked->waiting.by_udh = by != 0;
	reading->asked->waiting.count = number >= 0 ? (int)number : active;
	return true;
}
