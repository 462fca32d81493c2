/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ucp_tlvs.c - what an operation says besides its message, by names that rows have in option
 * tlvs, and a link in its key tlvs: the tariff, a code, whom to notify.
 *
 * Some are fields of the operation, the others services of XSer (4.6, 5.1): an octet of type, one
 * of length, and data. Those without a name of their own are xser_03 to xser_FF. What came in is
 * shown under the same names, so that it can be sent back as it stands.
 */
#include "ucp.h"

#include "../gateway/asked.h"
#include "../sms/alphabet.h"
#include "refuse.h"

#include <jansson.h>

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NAME_ROOM = 33, VALUE_ROOM = 256 };
enum form { FIELD, TEXT, FLAG, HEX };

/* Fields are of struct ucp_extras, and of operation 51; services have their type. */
struct name {
	const char *name;
	enum form form;
	uint8_t type;                   /* of a service */
	enum ucp_field field;
	size_t offset, room;
};
#define A_FIELD(name, field, member) { name, FIELD, 0, field, offsetof(struct ucp_extras, member), \
	sizeof ((struct ucp_extras *)0)->member }
static const struct name names[] = {
	A_FIELD("ac", UCP_AC, ac), A_FIELD("nadc", UCP_NADC, nadc), A_FIELD("npid", UCP_NPID, npid),
	A_FIELD("lrad", UCP_LRAD, lrad), A_FIELD("lpid", UCP_LPID, lpid),
	{ .name = "billing_id", .form = TEXT, .type = UCP_SERVICE_BILLING },
	{ .name = "single_shot", .form = FLAG, .type = UCP_SERVICE_SINGLE_SHOT },
};

struct octets { uint8_t at[VALUE_ROOM]; size_t len; };

/* False: no such name, or one of what the gateway writes itself. */
static bool find(const char *text, struct name *name)
{
	unsigned type;
	int end = 0;
	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		if (strcmp(names[i].name, text) == 0) {
			*name = names[i];
			return true;
		}
	if (sscanf(text, "xser_%*2[0-9A-Fa-f]%n", &end) != 0 || end != 7 || text[end] ||
	    sscanf(text + 5, "%2x", &type) != 1 || type <= UCP_SERVICE_DCS)
		return false;
	*name = (struct name){ .name = text, .form = HEX, .type = (uint8_t)type };
	return true;
}

/* Values. */

static bool write_value(enum form form, const char *text, struct octets *out)
{
	const size_t len = strlen(text);
	if (form == HEX)
		return len > 0 && ucp_unhex(out->at, UINT8_MAX, &out->len, (struct blob){ (const uint8_t *)text, len });
	if (form == FLAG) {
		out->at[0] = *text == '1';
		out->len = 1;
		return strcmp(text, "0") == 0 || strcmp(text, "1") == 0;
	}
	if (len == 0 || len > UINT8_MAX)
		return false;
	memcpy(out->at, text, len);
	out->len = len;
	return true;
}

/* A text or a number; true and false; {"hex": "0A"} and {"text": "A"}. */
static bool write_json(enum form form, const json_t *value, struct octets *out)
{
	char digits[24];
	const char *text = json_string_value(value);
	if (json_is_object(value) && json_object_size(value) == 1) {
		const char *hex = json_string_value(json_object_get(value, "hex"));
		text = json_string_value(json_object_get(value, "text"));
		if (!hex && !text)
			return false;
		return form != FIELD && write_value(hex ? HEX : TEXT, hex ? hex : text, out);
	}
	if (json_is_boolean(value) && form == FLAG)
		return write_value(form, json_is_true(value) ? "1" : "0", out);
	if (text)
		return strlen(text) == json_string_length(value) && write_value(form, text, out);
	snprintf(digits, sizeof digits, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
	return json_is_integer(value) && write_value(form, digits, out);
}

static bool has_service(const struct ucp_extras *extras, uint8_t type)
{
	struct ucp_service service;
	size_t at = 0;
	while (ucp_service_next(extras->services, extras->len, &at, &service))
		if (service.type == type)
			return true;
	return false;
}

enum put { PUT, PUT_THERE, PUT_UNFIT };

static enum put put_value(const struct name *name, const struct octets *value, struct ucp_extras *extras)
{
	char text[VALUE_ROOM + 1];
	if (name->form != FIELD) {
		if (has_service(extras, name->type))
			return PUT_THERE;
		return ucp_service_add(extras->services, sizeof extras->services, &extras->len, name->type,
		    value->at, value->len) ? PUT : PUT_UNFIT;
	}
	char *into = (char *)extras + name->offset;
	snprintf(text, sizeof text, "%.*s", (int)value->len, (const char *)value->at);
	if (*into)
		return PUT_THERE;
	if (!ucp_fits(name->field, text) || strlen(text) >= name->room)
		return PUT_UNFIT;
	memcpy(into, text, strlen(text) + 1);
	return PUT;
}

/* Of a link: "billing_id = EUR199"; the value may begin with hex: or text: */
static bool read_constant(const char *text, struct name *name, char said[NAME_ROOM], struct octets *value)
{
	int at = 0;
	if (sscanf(text, "%32[A-Za-z0-9_] = %n", said, &at) != 1 || at == 0 || !find(said, name))
		return false;
	const char *from = text + at;
	enum form form = name->form;
	if (form != FIELD && strncmp(from, "hex:", 4) == 0)
		form = HEX;
	else if (form != FIELD && strncmp(from, "text:", 5) == 0)
		form = TEXT;
	return write_value(form, form == name->form ? from : strchr(from, ':') + 1, value);
}

bool ucp_tlvs_check(const struct ucp_options *options, struct conf_error *err)
{
	struct ucp_extras extras = { .len = 0 };
	for (size_t i = 0; i < options->tlvs.n; i++) {
		struct name name;
		struct octets value;
		char said[NAME_ROOM];
		if (!*options->tlvs.items[i])
			continue;
		const bool good = read_constant(options->tlvs.items[i], &name, said, &value);
		const enum put put = good ? put_value(&name, &value, &extras) : PUT_UNFIT;
		if (put == PUT_THERE)
			return conf_fail(err, "tlvs: \"%.60s\" says what an entry before it says",
			    options->tlvs.items[i]);
		if (put == PUT_UNFIT)
			return conf_fail(err, "tlvs: \"%.60s\" is not a parameter and its value: like \"billing_id = "
			    "EUR199\"; names are ac, nadc, npid, lrad, lpid, billing_id, single_shot, xser_03 to xser_FF",
			    options->tlvs.items[i]);
	}
	return true;
}

/* Outwards. */

static bool put_asked(const struct asked_tlv *tlv, struct ucp_extras *extras, struct outcome *outcome)
{
	struct name name;
	struct octets value;
	char tag[8];
	if (!tlv->name) {
		snprintf(tag, sizeof tag, "0x%04X", tlv->tag);
		return refuse(outcome, "option tlvs: %.40s is a parameter of SMPP, which UCP does not have", tag);
	}
	if (!find(tlv->name, &name))
		return refuse(outcome, "option tlvs: %.40s is no parameter of UCP: ac, nadc, npid, lrad, lpid, "
		    "billing_id, single_shot, xser_03 to xser_FF are", tlv->name);
	json_t *json = json_loads(tlv->json, JSON_DECODE_ANY, NULL);
	const bool good = json && write_json(name.form, json, &value);
	json_decref(json);
	const enum put put = good ? put_value(&name, &value, extras) : PUT_UNFIT;
	if (put == PUT_THERE)
		return refuse(outcome, "option tlvs: %.40s is there twice, under two names", tlv->name);
	return put == PUT || refuse(outcome, "option tlvs: the value of %.40s does not fit", tlv->name);
}

static void put_default(char *into, size_t room, const char *value)
{
	if (!*into)
		snprintf(into, room, "%s", value);
}

bool ucp_read_extras(const struct ucp_options *options, const struct message *message,
    struct ucp_extras *extras, struct outcome *outcome)
{
	const struct asked *asked = asked_of(message);
	*extras = (struct ucp_extras){ .len = 0 };
	for (unsigned i = 0; i < asked->ntlvs; i++)
		if (!put_asked(&asked->tlvs[i], extras, outcome))
			return false;
	for (size_t i = 0; i < options->tlvs.n; i++) {
		struct name name;
		struct octets value;
		char said[NAME_ROOM];
		if (*options->tlvs.items[i] && read_constant(options->tlvs.items[i], &name, said, &value) &&
		    put_value(&name, &value, extras) == PUT_UNFIT)
			return refuse(outcome, "key tlvs of the link: no room is left for %.40s", name.name);
	}
	put_default(extras->ac, sizeof extras->ac, options->ac);
	put_default(extras->nadc, sizeof extras->nadc, options->notification_address);
	put_default(extras->npid, sizeof extras->npid, options->notification_pid);
	return true;
}

/* Inwards. */

static bool is_text(const struct ucp_service *service)
{
	for (size_t i = 0; i < service->len; i++)
		if (service->at[i] < ' ' || service->at[i] > '~')
			return false;
	return service->len > 0;
}

static void tell_service(const struct ucp_service *service, json_t *tlvs)
{
	char hex[2 * UINT8_MAX + 1], name[16];
	if (service->type <= UCP_SERVICE_DCS)
		return;
	ucp_hex(hex, sizeof hex, service->at, service->len);
	snprintf(name, sizeof name, "xser_%02X", service->type);
	if (service->type == UCP_SERVICE_BILLING)
		json_object_set_new(tlvs, "billing_id", is_text(service)
		    ? json_stringn((const char *)service->at, service->len) : json_pack("{s:s}", "hex", hex));
	else if (service->type == UCP_SERVICE_SINGLE_SHOT && service->len == 1)
		json_object_set_new(tlvs, "single_shot", json_integer(service->at[0]));
	else
		json_object_set_new(tlvs, name, json_string(hex));
}

char *ucp_tell_extras(const struct ucp_pdu *pdu, const uint8_t *services, size_t len)
{
	struct ucp_service service;
	size_t at = 0;
	char text[64];
	json_t *told = json_object(), *tlvs = json_object();
	while (ucp_service_next(services, len, &at, &service))
		tell_service(&service, tlvs);
	if (json_object_size(tlvs))
		json_object_set(told, "tlvs", tlvs);
	if (ucp_text(pdu, UCP_HPLMN, text, sizeof text) && utf8_valid(text, strlen(text)) == strlen(text))
		json_object_set_new(told, "hplmn", json_string(text));
	if (ucp_number(pdu, UCP_RPI, 0) > 0)
		json_object_set_new(told, "reply_path", json_integer(ucp_number(pdu, UCP_RPI, 0)));
	char *out = json_object_size(told) ? json_dumps(told, JSON_COMPACT) : NULL;
	json_decref(tlvs);
	json_decref(told);
	return out;
}
