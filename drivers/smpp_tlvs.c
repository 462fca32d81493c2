/* SPDX-License-Identifier: Apache-2.0 */
/*
 * smpp_tlvs.c - optional parameters that providers have made up: names and constants of a link.
 *
 * The same tag means another thing at each provider (0x1400 to 0x3FFF are theirs), so
 * what it is called, and how its value is written, is said by the link: key tlv_names.
 * Rows then use the name with a plain value, and inbox shows the same name with the same
 * value, so that what came in can be sent back as it stands. A value that the type cannot
 * show is {"hex": ...}, which goes with every type. The key tlvs has what each submit of
 * the link carries unless its row says that tag itself.
 *
 * Entries are read each time that they are used: they are few, and most links have none.
 */
#include "smpp.h"

#include "../gateway/asked.h"
#include "../gateway/tlv.h"
#include "../sms/alphabet.h"
#include "refuse.h"

#include <jansson.h>

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { NAME_ROOM = 33, VALUE_ROOM = 1025 };

enum type { TEXT, CSTRING, NUMBER, NUMBER1, NUMBER2, NUMBER4, HEX, NO_TYPE };
static const char *const type_words[] = { [TEXT] = "text", [CSTRING] = "cstring", [NUMBER] = "number",
	[NUMBER1] = "number1", [NUMBER2] = "number2", [NUMBER4] = "number4", [HEX] = "hex", [NO_TYPE] = NULL };
/* Octets of a number; 0: as few as it needs. */
static const unsigned widths[] = { [NUMBER] = 0, [NUMBER1] = 1, [NUMBER2] = 2, [NUMBER4] = 4 };

static const char identifier[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-";

struct entry { uint16_t tag; enum type type; char name[NAME_ROOM]; };
struct octets { uint8_t at[VALUE_ROOM]; size_t len; };

static enum type type_named(const char *word, size_t len)
{
	for (int i = 0; type_words[i]; i++)
		if (strlen(type_words[i]) == len && memcmp(type_words[i], word, len) == 0)
			return (enum type)i;
	return NO_TYPE;
}

/* Digits, or 0x and hexadecimal ones. */
static bool read_digits(const char *text, uint64_t most, uint64_t *number)
{
	const bool hex = strncasecmp(text, "0x", 2) == 0;
	const char *digits = text + (hex ? 2 : 0);
	const size_t len = strlen(digits);
	if (len == 0 || len > 12 || strspn(digits, hex ? "0123456789abcdefABCDEF" : "0123456789") != len)
		return false;
	*number = strtoull(digits, NULL, hex ? 16 : 10);
	return *number <= most;
}

static bool read_tag(const char *text, uint16_t *tag)
{
	uint64_t number;
	if (strncasecmp(text, "0x", 2) != 0 || !read_digits(text, UINT16_MAX, &number) || number == 0)
		return false;
	*tag = (uint16_t)number;
	return true;
}

/* "0x1400 entity_id text". */
static bool read_entry(const char *text, struct entry *entry)
{
	char tag[8], name[NAME_ROOM], type[9];
	int end = 0;
	if (sscanf(text, "%7s %32s %8s %n", tag, name, type, &end) != 3 || text[end] ||
	    strspn(name, identifier) != strlen(name))
		return false;
	memcpy(entry->name, name, sizeof name);
	entry->type = type_named(type, strlen(type));
	return read_tag(tag, &entry->tag) && entry->type != NO_TYPE;
}

static bool entry_named(const struct smpp_options *options, const char *name, struct entry *entry)
{
	for (size_t i = 0; i < options->tlv_names.n; i++)
		if (read_entry(options->tlv_names.items[i], entry) && strcmp(entry->name, name) == 0)
			return true;
	return false;
}

static bool entry_tagged(const struct smpp_options *options, uint16_t tag, struct entry *entry)
{
	for (size_t i = 0; i < options->tlv_names.n; i++)
		if (read_entry(options->tlv_names.items[i], entry) && entry->tag == tag)
			return true;
	return false;
}

/* Values. */

static bool write_number(const char *text, unsigned width, struct octets *out)
{
	uint64_t number;
	if (!read_digits(text, UINT32_MAX, &number))
		return false;
	if (!width)
		width = number > UINT16_MAX ? 4 : number > UINT8_MAX ? 2 : 1;
	for (unsigned i = 0; i < width; i++)
		out->at[i] = (uint8_t)(number >> (8 * (width - 1 - i)));
	out->len = width;
	return width == 4 || number >> (8 * width) == 0;
}

static bool write_hex(const char *text, struct octets *out)
{
	const size_t len = strlen(text);
	if (len % 2 || len / 2 >= sizeof out->at || strspn(text, "0123456789abcdefABCDEF") != len)
		return false;
	for (size_t i = 0; i < len / 2; i++) {
		const char pair[] = { text[2 * i], text[2 * i + 1], '\0' };
		out->at[i] = (uint8_t)strtoul(pair, NULL, 16);
	}
	out->len = len / 2;
	return true;
}

static bool write_value(enum type type, const char *text, struct octets *out)
{
	if (type == HEX)
		return write_hex(text, out);
	if (type != TEXT && type != CSTRING)
		return write_number(text, widths[type], out);
	out->len = strlen(text) + (type == CSTRING);
	if (out->len >= sizeof out->at)
		return false;
	memcpy(out->at, text, out->len);
	return true;
}

/* Of a row: a text or a number, read by the type of its name, or {"hex": "0A"} and so on. */
static bool write_json(enum type type, const json_t *value, struct octets *out)
{
	char digits[24];
	if (json_is_object(value)) {
		const char *word;
		json_t *inner = NULL;
		json_object_foreach((json_t *)(uintptr_t)value, word, inner)
			type = type_named(word, strlen(word));
		return json_object_size(value) == 1 && type != NO_TYPE && !json_is_object(inner) &&
		    write_json(type, inner, out);
	}
	if (json_is_string(value))
		return strlen(json_string_value(value)) == json_string_length(value) &&
		    write_value(type, json_string_value(value), out);
	snprintf(digits, sizeof digits, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
	return json_is_integer(value) && type != HEX && write_value(type, digits, out);
}

/* What a person or a program can read back; NULL: this type cannot say it. */
static json_t *show_value(enum type type, const struct smpp_tlv *tlv)
{
	size_t len = tlv->len;
	if (type == HEX)
		return NULL;
	if (type == TEXT || type == CSTRING) {
		if (type == CSTRING && (len == 0 || tlv->at[--len]))
			return NULL;
		for (size_t i = 0; i < len; i++)
			if (tlv->at[i] < ' ' || tlv->at[i] == 0x7F)
				return NULL;
		return utf8_valid((const char *)tlv->at, len) == len ?
		    json_stringn(len ? (const char *)tlv->at : "", len) : NULL;
	}
	uint32_t number = 0;
	for (size_t i = 0; i < len && i < sizeof number; i++)
		number = number << 8 | tlv->at[i];
	const unsigned least = number > UINT16_MAX ? 4 : number > UINT8_MAX ? 2 : 1;
	return len == (widths[type] ? widths[type] : least) ? json_integer(number) : NULL;
}

static json_t *show_hex(const struct smpp_tlv *tlv)
{
	char *hex = calloc(2, tlv->len + 1u);
	if (!hex)
		abort();
	for (size_t i = 0; i < tlv->len; i++)
		snprintf(hex + 2 * i, 3, "%02X", tlv->at[i]);
	json_t *value = json_string(hex);
	free(hex);
	return value;
}

void smpp_tell_tlv(const struct smpp_options *options, const struct smpp_tlv *tlv, json_t *tlvs)
{
	const struct tlv_name *known = tlv_tagged(tlv->tag);
	struct entry entry;
	char tag[8];
	snprintf(tag, sizeof tag, "0x%04X", tlv->tag);
	const char *name = known ? known->name : tag;
	json_t *value = NULL;
	if (entry_tagged(options, tlv->tag, &entry)) {
		name = entry.name;
		value = show_value(entry.type, tlv);
		if (!value)
			value = entry.type == HEX ? show_hex(tlv) : json_pack("{s:o}", "hex", show_hex(tlv));
	} else if (known && known->width && known->width == tlv->len) {
		value = show_value(known->width == 1 ? NUMBER1 : known->width == 2 ? NUMBER2 : NUMBER4, tlv);
	} else {
		value = show_hex(tlv);
	}
	if (json_object_get(tlvs, name)) /* of one that is there twice the first counts */
		json_decref(value);
	else
		json_object_set_new(tlvs, name, value);
}

/* Constants of the link. */

struct constant { uint16_t tag; struct octets value; };

/* By name, or by tag; a type before the value wins over that of the name. */
static bool read_constant(const struct smpp_options *options, const char *text, struct constant *constant)
{
	char name[NAME_ROOM];
	int at = 0;
	struct entry entry = { .type = NO_TYPE };
	if (sscanf(text, "%32[A-Za-z0-9_-] = %n", name, &at) != 1 || at == 0)
		return false;
	const char *value = text + at, *colon = strchr(value, ':');
	const struct tlv_name *known = tlv_named(name);
	if (entry_named(options, name, &entry)) {
		known = NULL;
	} else if (known) {
		entry.tag = known->tag;
	} else if (read_tag(name, &entry.tag)) {
		const uint16_t tag = entry.tag;
		known = tlv_tagged(tag);
		if (!entry_tagged(options, tag, &entry))
			entry = (struct entry){ .tag = tag, .type = NO_TYPE };
	} else {
		return false;
	}
	if (known && entry.type == NO_TYPE)
		entry.type = known->width == 1 ? NUMBER1 : known->width == 2 ? NUMBER2
		    : known->width == 4 ? NUMBER4 : HEX;
	const enum type said = colon ? type_named(value, (size_t)(colon - value)) : NO_TYPE;
	if (said != NO_TYPE) {
		entry.type = said;
		value = colon + 1;
	}
	constant->tag = entry.tag;
	return entry.type != NO_TYPE && !(known && known->ours) && write_value(entry.type, value, &constant->value);
}

/* Names. */

static bool check_names(const struct smpp_options *options, struct conf_error *err)
{
	const struct conf_list *names = &options->tlv_names;
	for (size_t i = 0; i < names->n; i++) {
		struct entry entry, other;
		if (!*names->items[i])
			continue;
		if (!read_entry(names->items[i], &entry))
			return conf_fail(err, "tlv_names: \"%.60s\" is not a tag, a name and a type: like \"0x1400 "
			    "entity_id text\"; types are text, cstring, number, number1, number2, number4, hex",
			    names->items[i]);
		const struct tlv_name *known = tlv_tagged(entry.tag);
		if (tlv_named(entry.name) || (known && known->ours))
			return conf_fail(err, "tlv_names: \"%.60s\": SMPP itself has a parameter of that %s",
			    names->items[i], tlv_named(entry.name) ? "name" : "tag, and the gateway writes it");
		for (size_t k = 0; k < i; k++)
			if (read_entry(names->items[k], &other) &&
			    (other.tag == entry.tag || strcmp(other.name, entry.name) == 0))
				return conf_fail(err, "tlv_names: \"%.60s\" and \"%.60s\" say the same %s",
				    names->items[k], names->items[i], other.tag == entry.tag ? "tag" : "name");
	}
	return true;
}

bool smpp_tlvs_check(const struct smpp_options *options, struct conf_error *err)
{
	if (!check_names(options, err))
		return false;
	for (size_t i = 0; i < options->tlvs.n; i++) {
		struct constant constant, other;
		if (!*options->tlvs.items[i])
			continue;
		if (!read_constant(options, options->tlvs.items[i], &constant))
			return conf_fail(err, "tlvs: \"%.60s\" is not a parameter and its value: like \"entity_id = "
			    "1101\", with a name of SMPP or of tlv_names, or \"0x1403 = text:S50\"", options->tlvs.items[i]);
		for (size_t k = 0; k < i; k++)
			if (read_constant(options, options->tlvs.items[k], &other) && other.tag == constant.tag)
				return conf_fail(err, "tlvs: \"%.60s\" and \"%.60s\" say the same parameter",
				    options->tlvs.items[k], options->tlvs.items[i]);
	}
	return true;
}

/* Outwards. */

static bool add(const struct message *message, struct smpp_pdu *pdu, uint16_t tag, const struct octets *value)
{
	return smpp_tlv_add(pdu, tag, batch_text(message->batch, value->at, value->len), (uint16_t)value->len);
}

/* A name that only the link can know. */
static bool add_named(const struct smpp_options *options, const struct message *message,
    const struct asked_tlv *tlv, struct smpp_pdu *pdu, struct outcome *outcome)
{
	struct entry entry;
	struct octets value;
	if (!entry_named(options, tlv->name, &entry))
		return refuse(outcome, "option tlvs: %.32s is no parameter of SMPP, and link %.32s has no such name in "
		    "tlv_names", tlv->name, message->link);
	json_t *json = json_loads(tlv->json, JSON_DECODE_ANY, NULL);
	const bool good = json && write_json(entry.type, json, &value);
	json_decref(json);
	if (!good)
		return refuse(outcome, "option tlvs: the value of %.32s does not fit its type in tlv_names, which is %s",
		    tlv->name, type_words[entry.type]);
	if (smpp_tlv(pdu, entry.tag))
		return refuse(outcome, "option tlvs: %.32s is there twice, by name and by tag", tlv->name);
	return add(message, pdu, entry.tag, &value) || refuse(outcome, "option tlvs: too many with %.32s", tlv->name);
}

bool smpp_add_tlvs(const struct smpp_options *options, const struct message *message, struct smpp_pdu *pdu,
    struct outcome *outcome)
{
	const struct asked *asked = asked_of(message);
	for (unsigned i = 0; i < asked->ntlvs; i++)
		if (!asked->tlvs[i].name && !smpp_tlv_add(pdu, asked->tlvs[i].tag, asked->tlvs[i].value.at,
		    (uint16_t)asked->tlvs[i].value.len))
			return false;
	for (unsigned i = 0; i < asked->ntlvs; i++)
		if (asked->tlvs[i].name &&
		    !add_named(options, message, &asked->tlvs[i], pdu, outcome))
			return false;
	for (size_t i = 0; i < options->tlvs.n; i++) {
		struct constant constant;
		if (*options->tlvs.items[i] && read_constant(options, options->tlvs.items[i], &constant) &&
		    !smpp_tlv(pdu, constant.tag) && !add(message, pdu, constant.tag, &constant.value))
			return false;
	}
	return true;
}
