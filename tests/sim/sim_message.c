/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sim_message.c - a message's fields as a JSON object, and back.
 *
 * One table for both ways, so that a recorded message can be injected as it
 * stands. Octets are hexadecimal. SMPP's texts have no alphabet that JSON knows:
 * an octet is the character of that number, and back.
 */
#include "sim_message.h"

#include "../../sms/alphabet.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum kind { TEXT, OCTET };

#define A_TEXT(name, member) \
	{ name, TEXT, offsetof(struct smpp_pdu, member), sizeof ((struct smpp_pdu *)0)->member }
#define AN_OCTET(name, member) { name, OCTET, offsetof(struct smpp_pdu, member), 1 }

static const struct field { const char *name; enum kind kind; size_t member, room; } fields[] = {
	A_TEXT("source", source.digits),
	AN_OCTET("source_ton", source.ton),
	AN_OCTET("source_npi", source.npi),
	A_TEXT("destination", destination.digits),
	AN_OCTET("destination_ton", destination.ton),
	AN_OCTET("destination_npi", destination.npi),
	A_TEXT("service_type", service_type),
	AN_OCTET("esm_class", esm_class),
	AN_OCTET("protocol_id", protocol_id),
	AN_OCTET("priority_flag", priority_flag),
	A_TEXT("schedule", schedule_delivery_time),
	A_TEXT("validity_period", validity_period),
	AN_OCTET("registered_delivery", registered_delivery),
	AN_OCTET("replace_if_present", replace_if_present),
	AN_OCTET("data_coding", data_coding),
	AN_OCTET("sm_default_msg_id", sm_default_msg_id),
};

static json_t *hex(const uint8_t *at, size_t len)
{
	static const char digits[] = "0123456789abcdef";
	char *text = malloc(2 * len + 1);
	if (!text)
		abort();
	for (size_t i = 0; i < len; i++) {
		text[2 * i] = digits[at[i] >> 4];
		text[2 * i + 1] = digits[at[i] & 15];
	}
	json_t *value = json_stringn(text, 2 * len);
	free(text);
	return value;
}

static json_t *latin(const char *octets)
{
	char text[2 * 66];
	size_t n = 0;
	for (; *octets; octets++)
		n += utf8_put(text + n, (uint8_t)*octets);
	return json_stringn(text, n);
}

/* Each as its number, or as {"list": NAME}. */
static json_t *show_destinations(const struct smpp_pdu *pdu)
{
	json_t *all = json_array();
	struct smpp_dest dest;
	for (size_t at = 0; smpp_dest_next(pdu, &at, &dest); )
		json_array_append_new(all, dest.list ? json_pack("{s:o}", "list", latin(dest.address.digits))
		    : latin(dest.address.digits));
	return all;
}

/* Octets of broadcast_area_identifier, which is there more than once. */
static json_t *show_areas(const struct smpp_pdu *pdu)
{
	json_t *all = json_array();
	for (unsigned i = 0; i < pdu->ntlvs; i++)
		if (pdu->tlvs[i].tag == SMPP_TAG_BROADCAST_AREA_IDENTIFIER)
			json_array_append_new(all, hex(pdu->tlvs[i].at, pdu->tlvs[i].len));
	return all;
}

json_t *message_show(const struct smpp_pdu *pdu)
{
	json_t *object = json_object(), *tlvs = json_object();
	json_object_set_new(object, "command", json_string(smpp_command_name(pdu->command)));
	for (size_t i = 0; i < sizeof fields / sizeof *fields; i++) {
		const char *member = (const char *)pdu + fields[i].member;
		json_object_set_new(object, fields[i].name, fields[i].kind == TEXT ?
		    latin(member) : json_integer(*(const uint8_t *)member));
	}
	json_object_set_new(object, "short_message", hex(pdu->short_message, pdu->sm_length));
	for (unsigned i = 0; i < pdu->ntlvs; i++) {
		char tag[8];
		snprintf(tag, sizeof tag, "0x%04x", pdu->tlvs[i].tag);
		if (!json_object_get(tlvs, tag))
			json_object_set_new(tlvs, tag, hex(pdu->tlvs[i].at, pdu->tlvs[i].len));
	}
	json_object_set_new(object, "tlvs", tlvs);
	if (pdu->command == SMPP_SUBMIT_MULTI)
		json_object_set_new(object, "destinations", show_destinations(pdu));
	if (pdu->command == SMPP_BROADCAST_SM)
		json_object_set_new(object, "areas", show_areas(pdu));
	return object;
}

/* Says why, and that it is wrong. */
__attribute__((format(printf, 2, 3)))
static bool wrong(struct message *message, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	vsnprintf(message->why, sizeof message->why, format, args);
	va_end(args);
	return false;
}

/* 0 to 15, or 16 for what is no digit. */
static unsigned digit(char c)
{
	static const char digits[] = "0123456789abcdef0123456789ABCDEF";
	const char *at = c ? strchr(digits, c) : NULL;
	return at ? (unsigned)(at - digits) & 15 : 16;
}

/* Octets in hexadecimal, put behind those that are there. NULL: it is something else. */
static const uint8_t *read_hex(struct message *message, const char *name, json_t *value,
    size_t most, size_t *len)
{
	const char *text = json_string_value(value);
	*len = text ? strlen(text) / 2 : 0;
	if (!text || strlen(text) % 2) {
		wrong(message, "%s is not hexadecimal", name);
		return NULL;
	}
	if (*len > most || *len > sizeof message->octets - message->n) {
		wrong(message, "%s is too long", name);
		return NULL;
	}
	uint8_t *at = message->octets + message->n;
	for (size_t i = 0; i < *len; i++) {
		const unsigned high = digit(text[2 * i]), low = digit(text[2 * i + 1]);
		if (high > 15 || low > 15) {
			wrong(message, "%s is not hexadecimal", name);
			return NULL;
		}
		at[i] = (uint8_t)(high << 4 | low);
	}
	message->n += *len;
	return at;
}

static bool read_tlvs(struct message *message, json_t *tlvs)
{
	const char *name;
	json_t *value;
	if (!json_is_object(tlvs))
		return wrong(message, "tlvs is not an object");
	json_object_foreach(tlvs, name, value) {
		char *end;
		size_t len;
		errno = 0;
		const unsigned long tag = strtoul(name, &end, 16);
		if (strncmp(name, "0x", 2) != 0 || errno || *end || !name[2] || tag > UINT16_MAX)
			return wrong(message, "%s is no tag like 0x0424", name);
		const uint8_t *at = read_hex(message, name, value, UINT16_MAX, &len);
		if (!at)
			return false;
		if (!smpp_tlv_add(&message->pdu, (uint16_t)tag, at, (uint16_t)len))
			return wrong(message, "there are too many tlvs");
	}
	return true;
}

static bool read_text(struct message *message, const struct field *field, json_t *value)
{
	char *out = (char *)&message->pdu + field->member;
	const uint8_t *at = (const uint8_t *)json_string_value(value);
	if (!at)
		return wrong(message, "%s is not a string", field->name);
	const uint8_t *end = at + strlen((const char *)at);
	size_t n = 0;
	while (at < end) {
		const uint32_t point = utf8_next(&at, end);
		if (point > UINT8_MAX)
			return wrong(message, "%s has characters beyond U+00FF", field->name);
		if (n + 1 >= field->room)
			return wrong(message, "%s is too long", field->name);
		out[n++] = (char)point;
	}
	out[n] = '\0';
	return true;
}

static bool read_field(struct message *message, const char *name, json_t *value)
{
	for (size_t i = 0; i < sizeof fields / sizeof *fields; i++) {
		if (strcmp(fields[i].name, name) != 0)
			continue;
		if (fields[i].kind == TEXT)
			return read_text(message, &fields[i], value);
		const json_int_t number = json_integer_value(value);
		if (!json_is_integer(value) || number < 0 || number > UINT8_MAX)
			return wrong(message, "%s is not a number from 0 to 255", name);
		*((uint8_t *)&message->pdu + fields[i].member) = (uint8_t)number;
		return true;
	}
	return wrong(message, "there is no member %s", name);
}

static bool read_member(struct message *message, const char *name, json_t *value)
{
	struct smpp_pdu *pdu = &message->pdu;
	if (strcmp(name, "text") == 0) {
		message->text = json_string_value(value);
		return message->text || wrong(message, "text is not a string");
	}
	if (strcmp(name, "tlvs") == 0)
		return read_tlvs(message, value);
	if (strcmp(name, "short_message") == 0) {
		size_t len;
		pdu->short_message = read_hex(message, name, value, UINT8_MAX, &len);
		pdu->sm_length = (uint8_t)len;
		return pdu->short_message;
	}
	/* Those of a record that a deliver_sm has no place for. */
	if (strcmp(name, "command") == 0 || strcmp(name, "message_id") == 0 || strcmp(name, "destinations") == 0 ||
	    strcmp(name, "areas") == 0)
		return true;
	return read_field(message, name, value);
}

bool message_read(struct message *message, json_t *object)
{
	const char *name;
	json_t *value;
	message->pdu = (struct smpp_pdu){ .command = SMPP_DELIVER_SM };
	message->text = NULL;
	message->n = 0;
	if (!json_is_object(object))
		return wrong(message, "it is not an object");
	json_object_foreach(object, name, value)
		if (!read_member(message, name, value))
			return false;
	if (!json_object_get(object, "source"))
		return wrong(message, "source is missing");
	if (!json_object_get(object, "destination"))
		return wrong(message, "destination is missing");
	if (message->text && (message->pdu.short_message ||
	    smpp_tlv(&message->pdu, SMPP_TAG_MESSAGE_PAYLOAD)))
		return wrong(message, "text stands beside octets");
	return true;
}
