/* SPDX-License-Identifier: Apache-2.0 */
/*
 * asked.c - the JSON object of a row, by a table of members.
 *
 * A member is a row: its name, how it is read, its range, and the kinds that it goes
 * with. What one member cannot know, how it goes with another, is in agrees().
 */
#include "asked.h"

#include "encode.h"

#include "../conf/section.h"
#include "../sms/udh.h"

#include <jansson.h>

#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	OPTIONS_MAX = 16384, TLV_MAX = 1024, SERVICE_TYPE_MAX = 5,
	TEXTS = 1 << KIND_TEXT | 1 << KIND_FLASH | 1 << KIND_WAITING | 1 << KIND_SILENT,
	PORTED = 1 << KIND_TEXT | 1 << KIND_FLASH | 1 << KIND_BINARY | 1 << KIND_VCARD |
	    1 << KIND_VCALENDAR,
	ANY = (1 << KIND_COUNT) - 1,
};

#define X(name, word) word,
const char *const kind_words[] = { KIND_LIST(X) NULL };
#undef X
const char *const encoding_words[] = { "auto", "gsm7", "gsm7-lossy", "ucs2", NULL };
const char *const concat_words[] = { "udh8", "udh16", "sar", "payload", NULL };
static const char *const waiting_words[] = { "voice", "fax", "email", "other", "video", NULL };
static const char *const method_words[] = { "dcs", "udh", "both", NULL };

#define NOTHING \
	.encoding = -1, .transliterate = -1, .concat = -1, .max_parts = -1, .national_single = -1, \
	.national_locking = -1, .class = -1, .data_coding = -1, .protocol_id = -1, .esm_class = -1, \
	.network_priority = -1, .replace = -1, .source_ton = -1, .source_npi = -1, .dest_ton = -1, \
	.dest_npi = -1, .dest_port = -1, .source_port = -1, .ports_wide = true, .validity = -1
const struct asked asked_nothing = { NOTHING };
static const struct asked flash_alone = { NOTHING, .kind = KIND_FLASH };

/* One row being read. */
struct reading {
	struct message *message;
	struct asked *asked;
	char *why;
	size_t room;
};

static bool fail(const struct reading *reading, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
static bool fail(const struct reading *reading, const char *format, ...)
{
	va_list list;
	va_start(list, format);
	vsnprintf(reading->why, reading->room, format, list);
	va_end(list);
	return false;
}

struct member;
typedef bool read_fn(struct reading *, const struct member *, const json_t *);

struct member {
	const char *name;
	read_fn *read;
	unsigned kinds;                 /* bits of enum kind */
	size_t offset;                  /* in struct asked */
	long min, max;
	const char *const *words;
};

/* How a value is read. */

/* A number, or text like "0xF5" or "245". */
static bool number_of(const json_t *value, long *number)
{
	if (json_is_integer(value)) {
		*number = (long)json_integer_value(value);
		return true;
	}
	if (!json_is_string(value) || !*json_string_value(value))
		return false;
	char *end;
	*number = strtol(json_string_value(value), &end, 0);
	return !*end;
}

static bool read_number(struct reading *reading, const struct member *member, const json_t *value)
{
	long number;
	if (!number_of(value, &number) || number < member->min || number > member->max)
		return fail(reading, "option \"%s\" takes a number from %ld to %ld", member->name,
		    member->min, member->max);
	*(int *)(void *)((char *)reading->asked + member->offset) = (int)number;
	return true;
}

static int index_of(const char *word, const char *const *words)
{
	for (int i = 0; words[i]; i++)
		if (word && strcmp(words[i], word) == 0)
			return i;
	return -1;
}

static bool read_word(struct reading *reading, const struct member *member, const json_t *value)
{
	char known[120] = "";
	const int index = index_of(json_string_value(value), member->words);
	for (size_t i = 0, n = 0; member->words[i] && n < sizeof known; i++)
		n += (size_t)snprintf(known + n, sizeof known - n, "%s%s", i ? ", " : "", member->words[i]);
	if (index < 0)
		return fail(reading, "option \"%s\" takes one of %s", member->name, known);
	*(int *)(void *)((char *)reading->asked + member->offset) = index;
	return true;
}

static bool read_transliterate(struct reading *reading, const struct member *member,
    const json_t *value)
{
	const char *word = json_string_value(value);
	if (json_is_boolean(value) || (word && strcmp(word, "on") == 0)) {
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
static bool read_national(struct reading *reading, const struct member *member, const json_t *value)
{
	uint32_t mask = json_is_array(value) ? 0 : language_of(value);
	bool good = json_is_array(value) || mask;
	for (size_t i = 0; i < json_array_size(value); i++) {
		const uint32_t bit = language_of(json_array_get(value, i));
		good = good && bit;
		mask |= bit;
	}
	if (!good)
		return fail(reading, "option \"%s\" takes languages: turkish, spanish, portuguese, bengali, "
		    "gujarati, hindi, kannada, malayalam, oriya, punjabi, tamil, telugu, urdu, all",
		    member->name);
	const char *which = member->name + strlen("national");
	if (!*which || strcmp(which, "_single") == 0)
		reading->asked->national_single = (int32_t)mask;
	if (!*which || strcmp(which, "_locking") == 0)
		reading->asked->national_locking = (int32_t)mask;
	return true;
}

static bool unhex(struct reading *reading, const char *hex, struct blob *into)
{
	const size_t len = hex ? strlen(hex) : 0;
	if (len == 0 || len % 2 || len / 2 > TLV_MAX ||
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

static bool read_udh(struct reading *reading, const struct member *member, const json_t *value)
{
	struct blob *udh = &reading->asked->udh;
	if (!unhex(reading, json_string_value(value), udh))
		return fail(reading, "option \"%s\" takes octets in hex, its length octet first",
		    member->name);
	size_t i = 1;
	while (i + 1 < udh->len && udh->len - i - 2 >= udh->at[i + 1])
		i += 2u + udh->at[i + 1];
	if (udh->at[0] + 1u != udh->len || i != udh->len)
		return fail(reading, "option \"udh\": its lengths do not add up: the first octet counts "
		    "those behind it, each element is identifier, length, data");
	return true;
}

static bool read_service_type(struct reading *reading, const struct member *member,
    const json_t *value)
{
	const char *text = json_string_value(value);
	if (!text || strlen(text) > SERVICE_TYPE_MAX)
		return fail(reading, "option \"%s\" takes up to %d characters", member->name,
		    SERVICE_TYPE_MAX);
	reading->asked->service_type = batch_text(reading->message->batch, text, strlen(text));
	return true;
}

static bool read_validity(struct reading *reading, const struct member *member, const json_t *value)
{
	long number;
	if (!number_of(value, &number) || number < member->min || number > member->max)
		return fail(reading, "option \"%s\" takes seconds, %ld to %ld", member->name, member->min,
		    member->max);
	reading->asked->validity = number;
	return true;
}

static bool read_port_bits(struct reading *reading, const struct member *member,
    const json_t *value)
{
	long number;
	if (!number_of(value, &number) || (number != 8 && number != 16))
		return fail(reading, "option \"%s\" is 8 or 16", member->name);
	reading->asked->ports_wide = number == 16;
	return true;
}

/* Standard optional parameters of SMPP 3.4, 5.3.2, that a submit_sm may carry. */
static const struct { const char *name; uint16_t tag; uint8_t width; } tlv_names[] = {
	{ "dest_addr_subunit", 0x0005, 1 }, { "source_addr_subunit", 0x000D, 1 },
	{ "payload_type", 0x0019, 1 }, { "privacy_indicator", 0x0201, 1 },
	{ "user_message_reference", 0x0204, 2 }, { "user_response_code", 0x0205, 1 },
	{ "source_port", 0x020A, 2 }, { "destination_port", 0x020B, 2 },
	{ "language_indicator", 0x020D, 1 }, { "callback_num_pres_ind", 0x0302, 1 },
	{ "callback_num", 0x0381, 0 }, { "number_of_messages", 0x0304, 1 },
	{ "more_messages_to_send", 0x0426, 1 }, { "ussd_service_op", 0x0501, 1 },
	{ "display_time", 0x1201, 1 }, { "sms_signal", 0x1203, 2 }, { "ms_validity", 0x1204, 1 },
	{ "alert_on_message_delivery", 0x130C, 0 }, { "its_reply_type", 0x1380, 1 },
	{ "its_session_info", 0x1383, 2 }, { "billing_identification", 0x060B, 0 },
};

static bool tag_of(const char *name, struct asked_tlv *tlv, unsigned *width)
{
	for (size_t i = 0; i < sizeof tlv_names / sizeof *tlv_names; i++) {
		if (strcmp(tlv_names[i].name, name) != 0)
			continue;
		tlv->tag = tlv_names[i].tag;
		*width = tlv_names[i].width;
		return true;
	}
	char *end;
	const unsigned long tag = strtoul(name, &end, 0);
	tlv->tag = (uint16_t)tag;
	*width = 0;
	return *name && !*end && tag > 0 && tag <= 0xFFFF;
}

static bool tlv_value(struct reading *reading, const json_t *value, unsigned width,
    struct blob *into)
{
	if (json_is_string(value) && !*json_string_value(value)) {
		*into = (struct blob){ NULL, 0 };
		return true;
	}
	if (json_is_string(value))
		return unhex(reading, json_string_value(value), into);
	if (!json_is_integer(value) || json_integer_value(value) < 0 ||
	    json_integer_value(value) > UINT32_MAX)
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

static bool read_tlvs(struct reading *reading, const struct member *member, const json_t *value)
{
	if (!json_is_object(value) || json_object_size(value) > ASKED_TLVS_MAX)
		return fail(reading, "option \"%s\" takes an object of up to %d TLVs", member->name,
		    ASKED_TLVS_MAX);
	const char *name;
	json_t *each;
	json_object_foreach((json_t *)(uintptr_t)value, name, each) {
		struct asked_tlv *tlv = &reading->asked->tlvs[reading->asked->ntlvs];
		unsigned width;
		if (!tag_of(name, tlv, &width))
			return fail(reading, "option \"tlvs\": there is no TLV \"%.40s\": use its SMPP name or "
			    "its tag, like \"0x1401\"", name);
		if (!tlv_value(reading, each, width, &tlv->value))
			return fail(reading, "option \"tlvs\": the value of \"%.40s\" is octets in hex, or a "
			    "number that fits", name);
		reading->asked->ntlvs++;
	}
	return true;
}

static bool read_waiting(struct reading *reading, const struct member *member, const json_t *value)
{
	json_t *type = NULL, *method = NULL, *count = NULL;
	int active = 1, store = 0;
	json_error_t err;
	if (json_unpack_ex((json_t *)(uintptr_t)value, &err, JSON_STRICT,
	    "{s?o, s?b, s?b, s?o, s?o}", "type", &type, "active", &active, "store", &store, "count",
	    &count, "method", &method) != 0)
		return fail(reading, "option \"%s\" takes an object with type, active, store, count, method",
		    member->name);
	const int kind = type ? index_of(json_string_value(type), waiting_words) : MWI_VOICE;
	const int by = method ? index_of(json_string_value(method), method_words) : count ? 2 : 0;
	long number = -1;
	if (kind < 0)
		return fail(reading, "option \"waiting\": type is voice, fax, email, other or video");
	if (by < 0)
		return fail(reading, "option \"waiting\": method is dcs, udh or both");
	if (count && (!number_of(count, &number) || number < 0 || number > 255))
		return fail(reading, "option \"waiting\": count is a number from 0 to 255");
	if (by == 0 && (count || kind == MWI_VIDEO))
		return fail(reading, "option \"waiting\": count and video need method udh or both");
	reading->asked->waiting.type = (enum mwi_type)kind;
	reading->asked->waiting.on = active;
	reading->asked->waiting.store = store;
	reading->asked->waiting.by_dcs = by != 1;
	reading->asked->waiting.by_udh = by != 0;
	reading->asked->waiting.count = number >= 0 ? (int)number : active;
	return true;
}

#define AT(member) offsetof(struct asked, member)
static const struct member members[] = {
	{ "encoding", read_word, TEXTS, AT(encoding), 0, 0, encoding_words },
	{ "transliterate", read_transliterate, TEXTS, AT(transliterate), 0, 0, translit_words },
	{ "national", read_national, TEXTS, 0, 0, 0, NULL },
	{ "national_single", read_national, TEXTS, 0, 0, 0, NULL },
	{ "national_locking", read_national, TEXTS, 0, 0, 0, NULL },
	{ "concat", read_word, ANY & ~(1 << KIND_RAW), AT(concat), 0, 0, concat_words },
	{ "max_parts", read_number, ANY & ~(1 << KIND_RAW), AT(max_parts), 1, PARTS_MAX, NULL },
	{ "class", read_number, ANY & ~(1 << KIND_WAITING), AT(class), 0, 3, NULL },
	{ "data_coding", read_number, ANY, AT(data_coding), 0, 255, NULL },
	{ "protocol_id", read_number, ANY, AT(protocol_id), 0, 255, NULL },
	{ "esm_class", read_number, ANY, AT(esm_class), 0, 255, NULL },
	{ "priority", read_number, ANY, AT(network_priority), 0, 3, NULL },
	{ "replace", read_number, TEXTS, AT(replace), 1, 7, NULL },
	{ "source_ton", read_number, ANY, AT(source_ton), 0, 255, NULL },
	{ "source_npi", read_number, ANY, AT(source_npi), 0, 255, NULL },
	{ "dest_ton", read_number, ANY, AT(dest_ton), 0, 255, NULL },
	{ "dest_npi", read_number, ANY, AT(dest_npi), 0, 255, NULL },
	{ "dest_port", read_number, PORTED, AT(dest_port), 0, 65535, NULL },
	{ "source_port", read_number, PORTED, AT(source_port), 0, 65535, NULL },
	{ "port_bits", read_port_bits, PORTED, 0, 0, 0, NULL },
	{ "validity", read_validity, ANY, 0, 1, 63 * 7 * 86400, NULL },
	{ "service_type", read_service_type, ANY, 0, 0, 0, NULL },
	{ "udh", read_udh, TEXTS | 1 << KIND_BINARY, 0, 0, 0, NULL },
	{ "tlvs", read_tlvs, ANY, 0, 0, 0, NULL },
	{ "waiting", read_waiting, 1 << KIND_WAITING, 0, 0, 0, NULL },
	{ NULL, NULL, 0, 0, 0, 0, NULL },
};

static bool read_member(struct reading *reading, const char *name, const json_t *value)
{
	const struct member *member = members;
	while (member->name && strcmp(member->name, name) != 0)
		member++;
	if (!member->name) {
		const char *words[sizeof members / sizeof *members];
		for (size_t i = 0; i < sizeof members / sizeof *members; i++)
			words[i] = members[i].name;
		const char *nearest = nearest_word(name, words);
		return fail(reading, "option \"%.40s\" is not known%s%s%s", name,
		    nearest ? ": did you mean \"" : "", nearest ? nearest : "", nearest ? "\"?" : "");
	}
	if (!(member->kinds >> reading->asked->kind & 1))
		return fail(reading, "option \"%s\" does not go with kind %s", name,
		    kind_words[reading->asked->kind]);
	return member->read(reading, member, value);
}

/* What one member cannot know of another, or of the row. */
static bool agrees(const struct reading *reading)
{
	const struct asked *asked = reading->asked;
	const struct message *message = reading->message;
	const bool body = *message->body, data = message->data.len > 0;
	const char *kind = kind_words[asked->kind];
	if (data && TEXTS >> asked->kind & 1)
		return fail(reading, "data is set, but kind %s sends body alone", kind);
	if (body && (asked->kind == KIND_BINARY || asked->kind == KIND_RAW))
		return fail(reading, "body is set, but kind %s sends data alone", kind);
	if (body && data)
		return fail(reading, "body and data are both set: kind %s sends one of them", kind);
	if (!body && !data && !(TEXTS >> asked->kind & 1))
		return fail(reading, "data is empty: kind %s has nothing to send", kind);
	if (asked->class >= 0 && asked->data_coding >= 0)
		return fail(reading, "options \"class\" and \"data_coding\" exclude each other: a class is "
		    "part of data_coding");
	if (asked->class >= 0 && asked->kind == KIND_FLASH && asked->class != 0)
		return fail(reading, "option \"class\" is 0 for kind flash: use kind text");
	if (asked->replace >= 0 && asked->protocol_id >= 0)
		return fail(reading, "options \"replace\" and \"protocol_id\" exclude each other: replace "
		    "is protocol_id 65 to 71");
	if (asked->protocol_id >= 0 && asked->kind == KIND_SILENT)
		return fail(reading, "option \"protocol_id\" does not go with kind silent, which is 64");
	if (asked->source_port >= 0 && asked->dest_port < 0)
		return fail(reading, "option \"source_port\" needs \"dest_port\"");
	if (!asked->ports_wide && (asked->dest_port < 0 || asked->dest_port > 255 ||
	    asked->source_port > 255))
		return fail(reading, "option \"port_bits\" is 8: \"dest_port\" and \"source_port\" are 0 "
		    "to 255 then");
	if (asked->encoding == ENCODING_UCS2 &&
	    (asked->national_single > 0 || asked->national_locking > 0))
		return fail(reading, "options \"encoding\" ucs2 and \"national\" exclude each other");
	return true;
}

static bool read_options(struct reading *reading)
{
	const char *text = reading->message->options;
	if (strlen(text) > OPTIONS_MAX)
		return fail(reading, "options has more than %d octets", OPTIONS_MAX);
	json_error_t err;
	json_t *json = json_loads(text, JSON_REJECT_DUPLICATES, &err);
	if (!json)
		return fail(reading, "options is not JSON: line %d, column %d: %.80s", err.line, err.column,
		    err.text);
	bool good = json_is_object(json) || fail(reading, "options is not a JSON object: {\"name\": value}");
	const char *name;
	json_t *value;
	if (good)
		json_object_foreach(json, name, value)
			if (!json_is_null(value) && !(good = read_member(reading, name, value)))
				break;
	json_decref(json);
	return good;
}

bool asked_read(struct message *message, char *why, size_t room)
{
	const bool plain = !message->options || !*message->options;
	if (plain && message->data.len == 0 && strcmp(message->kind, "text") == 0) {
		message->asked = &asked_nothing;
		return true;
	}
	if (plain && message->data.len == 0 && strcmp(message->kind, "flash") == 0) {
		message->asked = &flash_alone;
		return true;
	}
	struct asked *asked = batch_alloc(message->batch, sizeof *asked);
	*asked = asked_nothing;
	message->asked = asked;
	struct reading reading = { message, asked, why, room };
	const int kind = index_of(message->kind, kind_words);
	if (kind < 0)
		return fail(&reading, "kind \"%.40s\" is not known: use text, flash, binary, vcard, "
		    "vcalendar, waiting, silent or raw", message->kind);
	asked->kind = (enum kind)kind;
	if (asked->kind == KIND_WAITING) {
		asked->waiting.on = asked->waiting.by_dcs = true;
		asked->waiting.count = -1;
	}
	return (plain || read_options(&reading)) && agrees(&reading);
}
