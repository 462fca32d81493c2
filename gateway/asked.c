/* SPDX-License-Identifier: Apache-2.0 */
/*
 * asked.c - the JSON object of a row, by a table of members.
 *
 * A member is a row: its name, how it is read, its range, and the kinds that it goes
 * with. What one member cannot know, how it goes with another, is in agrees().
 */
#include "asked_values.h"

#include "tlv.h"
#include "turn.h"

#include "../conf/section.h"
#include "../sms/udh.h"
#include "../sms/wap.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	OPTIONS_MAX = 16384,
	FIRST_LOADING = 5,              /* in wap_action_words */
	USSD = 1 << KIND_USSD, CAST = 1 << KIND_BROADCAST,
	TEXTS = 1 << KIND_TEXT | 1 << KIND_FLASH | 1 << KIND_WAITING | 1 << KIND_SILENT,
	PORTED = 1 << KIND_TEXT | 1 << KIND_FLASH | 1 << KIND_BINARY | 1 << KIND_VCARD |
	    1 << KIND_VCALENDAR,
	PUSH = 1 << KIND_WAP_PUSH, OTA = 1 << KIND_OTA,
	ANY = (1 << KIND_COUNT) - 1,
	STORED = ANY & ~USSD,           /* of what a network keeps until it is delivered */
};

#define X(name, word) word,
const char *const kind_words[] = { KIND_LIST(X) NULL };
#undef X
const char *const encoding_words[] = { "auto", "gsm7", "gsm7-lossy", "ucs2", NULL };
const char *const content_words[] = { "browser-settings", "browser-bookmarks", "provisioning", NULL };
const char *const operation_words[] = { "submit_sm", "data_sm", NULL };
const char *const concat_words[] = { "udh8", "udh16", "sar", "payload", NULL };

#define NOTHING \
	.encoding = -1, .transliterate = -1, .concat = -1, .max_parts = -1, .national_single = -1, \
	.national_locking = -1, .class = -1, .data_coding = -1, .protocol_id = -1, .esm_class = -1, \
	.network_priority = -1, .registered_delivery = -1, .replace = -1, .default_message = -1, .source_ton = -1, .source_npi = -1, .dest_ton = -1, \
	.dest_npi = -1, .dest_port = -1, .source_port = -1, .ports_wide = true, .validity = -1, \
	.push.action = -1, .ota.type = -1, .operation = -1
const struct asked asked_nothing = { NOTHING };

const struct asked *asked_of(const struct message *message)
{
	return message->asked ? message->asked : &asked_nothing;
}

uint8_t asked_protocol(const struct asked *asked)
{
	enum { SILENT = 0x40 };         /* short message type 0; 41 to 47 replace */
	if (asked->protocol_id >= 0)
		return (uint8_t)asked->protocol_id;
	if (asked->kind == KIND_SILENT)
		return SILENT;
	return asked->replace > 0 ? (uint8_t)(SILENT + asked->replace) : 0;
}

int64_t asked_end(const struct message *message, int64_t now)
{
	const struct asked *asked = asked_of(message);
	const int64_t end = asked->validity > 0 ? now + asked->validity : 0;
	return end && (!message->expires_at || end < message->expires_at) ? end : message->expires_at;
}
static const struct asked flash_alone = { NOTHING, .kind = KIND_FLASH };

#define AT(member) offsetof(struct asked, member)
#define IN_BROADCAST(member) offsetof(struct asked_broadcast, member)
static const struct member members[] = {
	{ "encoding", read_word, TEXTS | USSD | CAST, AT(encoding), 0, 0, encoding_words },
	{ "transliterate", read_transliterate, TEXTS | USSD | CAST, AT(transliterate), 0, 0, translit_words },
	{ "national", read_national, TEXTS, 0, 0, 0, NULL },
	{ "national_single", read_national, TEXTS, 0, 0, 0, NULL },
	{ "national_locking", read_national, TEXTS, 0, 0, 0, NULL },
	{ "concat", read_word, STORED & ~(1 << KIND_RAW | CAST), AT(concat), 0, 0, concat_words },
	{ "max_parts", read_number, STORED & ~(1 << KIND_RAW | CAST), AT(max_parts), 1, PARTS_MAX, NULL },
	{ "class", read_number, STORED & ~(1 << KIND_WAITING), AT(class), 0, 3, NULL },
	{ "data_coding", read_number, ANY, AT(data_coding), 0, 255, NULL },
	{ "protocol_id", read_number, ANY & ~CAST, AT(protocol_id), 0, 255, NULL },
	{ "esm_class", read_number, ANY & ~CAST, AT(esm_class), 0, 255, NULL },
	{ "priority", read_number, ANY, AT(network_priority), 0, 3, NULL },
	{ "registered_delivery", read_number, STORED & ~CAST, AT(registered_delivery), 0, 255, NULL },
	{ "replace", read_number, TEXTS, AT(replace), 1, 7, NULL },
	{ "replace_if_present", read_flag, STORED, AT(replace_if_present), 0, 0, NULL },
	{ "default_message", read_number, TEXTS | CAST, AT(default_message), 1, 254, NULL },
	{ "schedule", read_time, STORED, AT(schedule_at), 0, 0, NULL },
	{ "source_ton", read_number, ANY, AT(source_ton), 0, 255, NULL },
	{ "source_npi", read_number, ANY, AT(source_npi), 0, 255, NULL },
	{ "dest_ton", read_number, ANY & ~CAST, AT(dest_ton), 0, 255, NULL },
	{ "dest_npi", read_number, ANY & ~CAST, AT(dest_npi), 0, 255, NULL },
	{ "dest_port", read_number, PORTED, AT(dest_port), 0, 65535, NULL },
	{ "source_port", read_number, PORTED, AT(source_port), 0, 65535, NULL },
	{ "port_bits", read_port_bits, PORTED, 0, 0, 0, NULL },
	{ "validity", read_validity, STORED, 0, 1, 63 * 7 * 86400, NULL },
	{ "service_type", read_ascii, ANY, AT(service_type), 0, 5, NULL },
	{ "udh", read_udh, TEXTS | 1 << KIND_BINARY, 0, 0, 0, NULL },
	{ "tlvs", read_tlvs, ANY, 0, 0, 0, NULL },
	{ "url", read_text, PUSH, AT(push.url), 1, 1024, NULL },
	{ "action", read_word, PUSH, AT(push.action), 0, 0, wap_action_words },
	{ "id", read_text, PUSH, AT(push.id), 1, 255, NULL },
	{ "created", read_time, PUSH, AT(push.created_at), 0, 0, NULL },
	{ "expires", read_time, PUSH, AT(push.expires_at), 0, 0, NULL },
	{ "sl", read_flag, PUSH, AT(push.loading), 0, 0, NULL },
	{ "content_type", read_word, OTA, AT(ota.type), 0, 0, content_words },
	{ "pin", read_ascii, OTA, AT(ota.pin), 1, 32, NULL },
	{ "waiting", read_waiting, 1 << KIND_WAITING, 0, 0, 0, NULL },
	{ "ussd", read_turn, USSD, 0, 0, 0, NULL },
	{ "recipients", read_destinations, STORED & ~CAST, AT(recipients), 0, 0, NULL },
	{ "lists", read_destinations, STORED & ~CAST, AT(lists), 0, 0, NULL },
	{ "operation", read_word, STORED & ~CAST, AT(operation), 0, 0, operation_words },
	{ "areas", read_areas, CAST, 0, 0, 0, NULL },
	{ "broadcast_content", read_broadcast_content, CAST, 0, 0, 0, NULL },
	{ "repetitions", read_broadcast_number, CAST, IN_BROADCAST(repetitions), 0, 65535, NULL },
	{ "interval", read_interval, CAST, 0, 0, 0, NULL },
	{ "channel", read_broadcast_number, CAST, IN_BROADCAST(channel), 0, 1, NULL },
	{ "message_class", read_broadcast_number, CAST, IN_BROADCAST(class), 0, 3, NULL },
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
		return wrong(reading, "option \"%.40s\" is not known%s%s%s", name,
		    nearest ? ": did you mean \"" : "", nearest ? nearest : "", nearest ? "\"?" : "");
	}
	if (!(member->kinds >> reading->asked->kind & 1))
		return wrong(reading, "option \"%s\" does not go with kind %s", name,
		    kind_words[reading->asked->kind]);
	return json_is_null(value) || member->read(reading, member, value);
}

/* What one member cannot know of another, or of the row. */

static bool row_agrees(const struct reading *reading)
{
	const struct message *message = reading->message;
	const enum kind asked = reading->asked->kind;
	const bool body = *message->body, data = message->data.len > 0;
	const char *kind = kind_words[asked];
	const bool text = (TEXTS | PUSH | USSD | CAST) >> asked & 1;
	if (data && text)
		return wrong(reading, "data is set, but kind %s sends body alone", kind);
	if (body && (asked == KIND_BINARY || asked == KIND_RAW || asked == KIND_OTA))
		return wrong(reading, "body is set, but kind %s sends data alone", kind);
	if (body && data)
		return wrong(reading, "body and data are both set: kind %s sends one of them", kind);
	if (body && reading->asked->default_message > 0)
		return wrong(reading, "body is set, but option \"default_message\" is a text that the network "
		    "keeps");
	if (!body && !data && !text)
		return wrong(reading, "data is empty: kind %s has nothing to send", kind);
	return true;
}

/* Everything that says, or implies, the coding. */
static bool codings_agree(const struct reading *reading)
{
	const struct asked *asked = reading->asked;
	if (asked->class >= 0 && asked->data_coding >= 0)
		return wrong(reading, "options \"class\" and \"data_coding\" exclude each other: a class is "
		    "part of data_coding");
	if (asked->class > 0 && asked->kind == KIND_FLASH)
		return wrong(reading, "option \"class\" is 0 for kind flash: use kind text");
	if (asked->data_coding >= 0 && (asked->encoding == ENCODING_UCS2 ||
	    asked->encoding == ENCODING_GSM7))
		return wrong(reading, "options \"encoding\" and \"data_coding\" exclude each other: "
		    "data_coding says how a text is encoded");
	if (asked->data_coding >= 0 && asked->kind == KIND_WAITING && asked->waiting.by_dcs)
		return wrong(reading, "option \"data_coding\" does not go with a waiting indication by "
		    "dcs: use \"waiting\": {\"method\": \"udh\"}");
	if (asked->encoding == ENCODING_UCS2 &&
	    (asked->national_single > 0 || asked->national_locking > 0))
		return wrong(reading, "options \"encoding\" ucs2 and \"national\" exclude each other");
	if (asked->esm_class > 0 && asked->esm_class & 0x40 && asked->kind != KIND_RAW)
		return wrong(reading, "option \"esm_class\": bit 64 says that a header is there, which the "
		    "gateway knows: only kind raw may set it");
	return true;
}

static bool protocols_agree(const struct reading *reading)
{
	const struct asked *asked = reading->asked;
	if (asked->replace >= 0 && asked->protocol_id >= 0)
		return wrong(reading, "options \"replace\" and \"protocol_id\" exclude each other: replace "
		    "is protocol_id 65 to 71");
	if (asked->kind == KIND_SILENT && (asked->protocol_id >= 0 || asked->replace >= 0))
		return wrong(reading, "option \"%s\" does not go with kind silent, which is protocol_id 64",
		    asked->replace >= 0 ? "replace" : "protocol_id");
	struct udh udh = { .nwaiting = 0 };
	if (asked->udh.len)
		udh_read(asked->udh.at, asked->udh.len, &udh);
	if (udh.ports.there && asked->dest_port >= 0)
		return wrong(reading, "options \"udh\" and \"dest_port\" both say ports: use one of them");
	if (asked->source_port >= 0 && asked->dest_port < 0)
		return wrong(reading, "option \"source_port\" needs \"dest_port\"");
	if (!asked->ports_wide && (asked->dest_port < 0 || asked->dest_port > 255 ||
	    asked->source_port > 255))
		return wrong(reading, "option \"port_bits\" is 8: \"dest_port\" and \"source_port\" are 0 "
		    "to 255 then");
	return true;
}

static bool push_agrees(const struct reading *reading)
{
	const struct asked *asked = reading->asked;
	const int action = asked->push.action;
	const bool loading = asked->push.loading;
	const bool removes = action >= 0 && strcmp(wap_action_words[action], "delete") == 0;
	if (action >= 0 && (action >= FIRST_LOADING) != loading)
		return wrong(reading, "option \"action\" %s is of a service %s: \"sl\" says the other",
		    wap_action_words[action], loading ? "indication" : "loading");
	if (!asked->push.url && !removes)
		return wrong(reading, "option \"url\" is missing: kind wap-push needs it");
	const bool silent = action >= 0 && strcmp(wap_action_words[action], "signal-none") == 0;
	if (removes && *reading->message->body)
		return wrong(reading, "body is set, but action delete has no text");
	if (!asked->push.id && (removes || silent))
		return wrong(reading, "option \"id\" is missing: action %s needs it", wap_action_words[action]);
	if (loading && (*reading->message->body || asked->push.id || asked->push.created_at ||
	    asked->push.expires_at))
		return wrong(reading, "option \"sl\": a service loading has a url and an action, no body, id "
		    "or time");
	return true;
}

static bool ota_agrees(const struct reading *reading)
{
	const struct asked *asked = reading->asked;
	if (asked->ota.type < 0)
		return wrong(reading, "option \"content_type\" is missing: kind ota needs it");
	if (asked->ota.pin && strcmp(content_words[asked->ota.type], "provisioning") != 0)
		return wrong(reading, "option \"pin\" goes with content_type provisioning alone");
	return true;
}

/* What the turn says already, under the names of SMPP. */
static bool turn_agrees(const struct reading *reading)
{
	static const char *const names[] = { "ussd_service_op", "its_session_info" };
	for (unsigned i = 0; i < reading->asked->ntlvs; i++)
		for (size_t k = 0; k < sizeof names / sizeof *names; k++)
			if (reading->asked->tlvs[i].tag == tlv_named(names[k])->tag)
				return wrong(reading, "option \"tlvs\": \"%s\" is the gateway's to write: see \"ussd\"",
				    names[k]);
	return true;
}

static bool agrees(const struct reading *reading)
{
	const enum kind kind = reading->asked->kind;
	return row_agrees(reading) && codings_agree(reading) && protocols_agree(reading) &&
	    (kind != KIND_WAP_PUSH || push_agrees(reading)) && (kind != KIND_OTA || ota_agrees(reading)) &&
	    (kind != KIND_USSD || turn_agrees(reading)) && several_agree(reading) &&
	    (kind != KIND_BROADCAST || broadcast_agrees(reading));
}

static bool read_options(struct reading *reading)
{
	const char *text = reading->message->options;
	if (strlen(text) > OPTIONS_MAX)
		return wrong(reading, "options has more than %d octets", OPTIONS_MAX);
	json_error_t err;
	json_t *json = json_loads(text, JSON_REJECT_DUPLICATES, &err);
	if (!json)
		return wrong(reading, "options is not JSON: line %d, column %d: %.80s", err.line, err.column,
		    err.text);
	bool good = json_is_object(json) || wrong(reading, "options is not a JSON object: {\"name\": value}");
	const char *name;
	json_t *value;
	if (good)
		json_object_foreach(json, name, value)
			if (!(good = read_member(reading, name, value)))
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
	const int kind = word_index(message->kind, kind_words);
	if (kind < 0)
		return wrong(&reading, "kind \"%.40s\" is not known: use text, flash, binary, vcard, "
		    "vcalendar, wap-push, ota, waiting, silent, raw, ussd or broadcast", message->kind);
	asked->kind = (enum kind)kind;
	if (asked->kind == KIND_WAITING) {
		asked->waiting.on = asked->waiting.by_dcs = true;
		asked->waiting.count = -1;
	}
	if (asked->kind == KIND_USSD) {     /* a push that asks for nothing back, or a code to dial */
		const int op = turn_usual_op(message->recipient, false);
		asked->turn = (struct turn){ .there = true, .op = op, .end = turn_op_ends(op), .session = -1,
			.sequence = 0 };
	}
	return (plain || read_options(&reading)) && agrees(&reading);
}
