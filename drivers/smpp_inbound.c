/* SPDX-License-Identifier: Apache-2.0 */
/*
 * smpp_inbound.c - a deliver_sm or data_sm as a message from a handset, and an
 * alert_notification as news of it.
 *
 * Nothing is decoded here but the addresses: the octets go on as they came, with what
 * says how to read them, since a character may be cut between two parts.
 */
#include "smpp.h"

#include "../gateway/tlv.h"
#include "../gateway/turn.h"
#include "../sms/alphabet.h"
#include "../sms/septets.h"
#include "../sms/udh.h"

#include <jansson.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* The default alphabet, in the data coding of cell broadcast, which USSD has (3GPP TS 23.038, 5). */
enum { CBS_UNSPECIFIED = 0x0F };

static void concat(struct inbound *to, bool wide, unsigned reference, unsigned parts,
    unsigned number)
{
	if (parts < 2 || parts > UINT8_MAX || number < 1 || number > parts)
		return;
	to->concat_wide = wide;
	to->concat_ref = (uint16_t)reference;
	to->concat_parts = (uint8_t)parts;
	to->concat_part = (uint8_t)number;
}

static void read_sar(const struct smpp_pdu *pdu, struct inbound *to)
{
	concat(to, true, smpp_tlv_number(pdu, SMPP_TAG_SAR_MSG_REF_NUM, 0),
	    smpp_tlv_number(pdu, SMPP_TAG_SAR_TOTAL_SEGMENTS, 0),
	    smpp_tlv_number(pdu, SMPP_TAG_SAR_SEGMENT_SEQNUM, 0));
}

/* A name, as UTF-8 when it is, else by the link's alphabet when that is of octets; what
 * a table could not show is a question mark. */
static void read_name(const struct smpp_options *options, const char *from, char *out,
    size_t room)
{
	const size_t len = strlen(from);
	const enum charset charset = smpp_alphabet(options);
	bool control = false, seven_bits = true;
	for (size_t i = 0; i < len; i++) {
		control = control || (unsigned char)from[i] < ' ';
		seven_bits = seven_bits && (unsigned char)from[i] < 0x80;
	}
	if (control && seven_bits && charset == CHARSET_GSM7) /* ASCII has no letters there */
		gsm7_to_utf8(out, room, (const uint8_t *)from, len);
	else if (utf8_valid(from, len) == len)
		charset_to_utf8(out, room, CHARSET_UTF8, (const uint8_t *)from, len, NULL);
	else if (charset == CHARSET_LATIN1)
		charset_to_utf8(out, room, charset, (const uint8_t *)from, len, NULL);
	else
		smpp_print(out, room, from);
	for (; *out; out++)
		if ((unsigned char)*out < ' ' || *out == 0x7F)
			*out = '?';
}

static void read_address(const struct smpp_options *options, const struct smpp_address *from,
    char out[ADDRESS_MAX])
{
	const struct address_rules rules = smpp_address_rules(options);
	struct address address = { .ton = from->ton, .npi = from->npi };
	if (from->ton == TON_ALPHANUMERIC) {
		/* Within the room of what it is shown in, so that no character is cut. */
		read_name(options, from->digits, address.text, ADDRESS_MAX);
	} else {
		smpp_print(address.text, sizeof address.text, from->digits);
	}
	address_show(out, ADDRESS_MAX, &address, &rules);
}

/* Parameters that are not said elsewhere: ports by the names that options have for
 * them, the others under "tlvs". */
static void tell_tlv(const struct smpp_options *options, const struct smpp_pdu *pdu,
    const struct smpp_tlv *tlv, json_t *told, json_t *tlvs)
{
	const struct tlv_name *known = tlv_tagged(tlv->tag);
	if (known && known->ours)
		return;
	if (tlv->tag == SMPP_TAG_SOURCE_PORT || tlv->tag == SMPP_TAG_DESTINATION_PORT) {
		json_object_set_new(told, tlv->tag == SMPP_TAG_SOURCE_PORT ? "source_port" : "dest_port",
		    json_integer(smpp_tlv_number(pdu, tlv->tag, 0)));
		return;
	}
	smpp_tell_tlv(options, tlv, tlvs);
}

/* What is neither a plain message nor a receipt (SMPP 3.4, 5.2.12); NULL: plain. */
static const char *message_type(const struct smpp_pdu *pdu)
{
	switch (pdu->esm_class & SMPP_ESM_TYPES) {
	case 0x08: return "delivery_ack";
	case 0x10: return "user_ack";
	case 0x18: return "conversation_abort";
	default: return NULL;
	}
}

/* Of the handset that an alert is about (SMPP 3.4, 5.3.2.30). */
static void tell_availability(const struct smpp_pdu *pdu, json_t *told, json_t *tlvs)
{
	static const char *const words[] = { "available", "denied", "unavailable" };
	const uint32_t status = smpp_tlv_number(pdu, SMPP_TAG_MS_AVAILABILITY_STATUS, 0);
	if (status < sizeof words / sizeof words[0])
		json_object_set_new(told, "availability", json_string(words[status]));
	if (smpp_tlv(pdu, SMPP_TAG_MS_AVAILABILITY_STATUS))
		json_object_set_new(tlvs, "ms_availability_status", json_integer(status));
}

static void tell_turn(const struct turn *turn, json_t *told)
{
	char *text = turn_json(turn);
	json_object_set_new(told, "ussd", json_loads(text, 0, NULL));
	free(text);
}

/* What else the PDU says, as a JSON object; NULL when that is nothing. */
static char *tell_options(const struct smpp_options *options, const struct smpp_pdu *pdu,
    const struct turn *turn)
{
	char service_type[sizeof pdu->service_type];
	const char *type = message_type(pdu);
	const bool alert = pdu->command == SMPP_ALERT_NOTIFICATION;
	if (pdu->ntlvs == 0 && !*pdu->service_type && !type && !alert)
		return NULL;
	json_t *told = json_object(), *tlvs = json_object();
	smpp_print(service_type, sizeof service_type, pdu->service_type);
	if (*service_type)
		json_object_set_new(told, "service_type", json_string(service_type));
	if (type)
		json_object_set_new(told, "message_type", json_string(type));
	if (turn->there)
		tell_turn(turn, told);
	for (unsigned i = 0; i < pdu->ntlvs; i++)
		if ((!alert || pdu->tlvs[i].tag != SMPP_TAG_MS_AVAILABILITY_STATUS) &&
		    !smpp_tells_turn(options, turn, pdu->tlvs[i].tag))
			tell_tlv(options, pdu, &pdu->tlvs[i], told, tlvs);
	if (alert)
		tell_availability(pdu, told, tlvs);
	if (json_object_size(tlvs))
		json_object_set(told, "tlvs", tlvs);
	char *text = json_object_size(told) ? json_dumps(told, JSON_COMPACT) : NULL;
	json_decref(tlvs);
	json_decref(told);
	return text;
}

/* Septets of a centre that packs them, in one piece with the text that says the options. Seven
 * zero bits at the end of the last octet are no letter. */
static char *unpack(struct inbound *to, char *text)
{
	const unsigned fill = to->udh.len ? septets_fill(to->udh.len) : 0;
	const size_t said = text ? strlen(text) : 0, bits = to->octets.len * 8;
	size_t n = bits > fill ? (bits - fill) / 7 : 0;
	char *both = realloc(text, said + 1 + n);
	if (!both)
		abort();
	if (said == 0)
		*both = '\0';
	uint8_t *septets = (uint8_t *)both + said + 1;
	if (to->turn.there)
		n = n ? ussd_unpack(septets, to->octets.at, to->octets.len) : 0;
	else if (n)
		septets_unpack(septets, n, to->octets.at, fill);
	if (!to->turn.there && n && (bits - fill) % 7 == 0 && septets[n - 1] == 0)
		n--;
	to->octets = (struct blob){ .at = septets, .len = n };
	return both;
}

char *smpp_read_inbound(const struct smpp_options *options, const struct smpp_pdu *pdu,
    struct inbound *to)
{
	*to = (struct inbound){ .received_at = time(NULL), .data_coding = pdu->data_coding,
		.protocol_id = pdu->protocol_id, .alert = pdu->command == SMPP_ALERT_NOTIFICATION };
	read_address(options, &pdu->source, to->sender);
	read_address(options, &pdu->destination, to->recipient);
	size_t len;
	const uint8_t *at = smpp_text(pdu, &len);
	to->charset = smpp_read_coding(options, pdu->data_coding);
	struct udh udh = { .nwaiting = 0 };
	if (pdu->esm_class & SMPP_ESM_UDHI && len > 0) {
		const size_t header = udh_read(at, len, &udh);
		if (header == 0)
			to->charset = CHARSET_OCTETS; /* it lies about its length: keep all of it */
		to->udh = (struct blob){ .at = at, .len = header };
		concat(to, udh.concat.wide, udh.concat.reference, udh.concat.parts, udh.concat.part);
		at += header;
		len -= header;
	}
	if (!to->concat_parts)
		read_sar(pdu, to);
	if (smpp_read_turn(options, pdu, &to->turn)) {
		to->concat_part = to->concat_parts = 0;
		if (to->charset == CHARSET_OCTETS && pdu->data_coding == CBS_UNSPECIFIED)
			to->charset = smpp_alphabet(options);
	}
	to->octets = (struct blob){ .at = at, .len = len };
	char *text = tell_options(options, pdu, &to->turn);
	if (options->packed && to->charset == CHARSET_GSM7)
		text = unpack(to, text);
	to->options = text && *text ? text : NULL;
	return text;
}
