/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cimd2_inbound.c - deliver message as a message from a handset, deliver status report as a receipt.
 *
 * User data becomes septets, and hexadecimal octets; characters are read later, since one
 * may be cut between two parts. What cannot be taken is named by the error that the centre is
 * answered with.
 */
#include "cimd2.h"

#include "../sms/dcs.h"
#include "../sms/septets.h"
#include "../sms/udh.h"
#include "cimd2_text.h"

#include <jansson.h>

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { DCS_RESERVED_FIRST = 0x80, DCS_RESERVED_LAST = 0xBF };

/* An octet in digits, 0 when it is not said. False: it is none. */
static bool read_octet(const struct cimd2_pdu *pdu, unsigned code, uint8_t *octet)
{
	long number = 0;
	const struct blob *value = cimd2_value(pdu, code);
	const bool good = !value || cimd2_read_number(value, UINT8_MAX, &number);
	*octet = (uint8_t)number;
	return good;
}

static enum cimd2_refusal read_header(const struct cimd2_pdu *pdu, struct cimd2_message *room,
    struct inbound *to)
{
	const struct blob *value = cimd2_value(pdu, CIMD2_HEADER);
	struct udh udh = { .nwaiting = 0 };
	size_t len;
	if (!value || !value->len)
		return CIMD2_TAKEN;
	if (!cimd2_read_hex(value, room->header, sizeof room->header, &len))
		return CIMD2_WRONG_FORMAT;
	if (room->header[0] + 1u != len)
		return CIMD2_WRONG_HEADER;
	udh_read(room->header, len, &udh);
	to->udh = (struct blob){ room->header, len };
	if (udh.concat.parts < 2 || udh.concat.part < 1 || udh.concat.part > udh.concat.parts)
		return CIMD2_TAKEN;
	to->concat_wide = udh.concat.wide;
	to->concat_ref = udh.concat.reference;
	to->concat_parts = udh.concat.parts;
	to->concat_part = udh.concat.part;
	return CIMD2_TAKEN;
}

/* Septets that came packed. Seven zero bits at the end of the last octet are no letter. */
static void unpack(struct cimd2_message *room, size_t len, struct inbound *to)
{
	const unsigned fill = to->udh.len ? septets_fill(to->udh.len) : 0;
	const size_t bits = len * 8;
	size_t n = bits > fill ? (bits - fill) / 7 : 0;
	if (n)
		septets_unpack(room->text, n, room->binary, fill);
	if (n && (bits - fill) % 7 == 0 && room->text[n - 1] == 0)
		n--;
	to->octets = (struct blob){ room->text, n };
}

static enum cimd2_refusal read_text(const struct cimd2_pdu *pdu, struct cimd2_message *room,
    struct inbound *to)
{
	const struct blob *text = cimd2_value(pdu, CIMD2_TEXT), *binary = cimd2_value(pdu, CIMD2_BINARY);
	size_t len;
	if (text && binary)
		return CIMD2_GENERIC_FAILURE;
	if (to->data_coding >= DCS_RESERVED_FIRST && to->data_coding <= DCS_RESERVED_LAST)
		return CIMD2_WRONG_CODING;
	if (!binary) {                      /* septets, whatever the coding says of octets */
		to->charset = CHARSET_GSM7;
		to->octets = (struct blob){ room->text, text ? cimd2_text_read(room->text, sizeof room->text,
		    text->at, text->len, &room->strange) : 0 };
		return CIMD2_TAKEN;
	}
	to->charset = dcs_read(to->data_coding).charset;
	if (!cimd2_read_hex(binary, room->binary, sizeof room->binary, &len))
		return CIMD2_WRONG_FORMAT;
	to->octets = (struct blob){ room->binary, len };
	if (to->charset == CHARSET_GSM7)
		unpack(room, len, to);
	return CIMD2_TAKEN;
}

/* What else is said, as a JSON object; NULL when that is nothing. */
static char *tell_options(const struct cimd2_pdu *pdu)
{
	static const struct { unsigned code; const char *name; } told[] = {
		{ CIMD2_ORIGINATING_IMSI, "imsi" }, { CIMD2_VISITED_MSC, "visited_msc" },
		{ CIMD2_CENTRE_ADDRESS, "service_centre" }, { CIMD2_TIMESTAMP, "timestamp" },
	};
	char value[64];
	json_t *options = json_object();
	for (size_t i = 0; i < sizeof told / sizeof told[0]; i++) {
		cimd2_print(value, sizeof value, cimd2_value(pdu, told[i].code));
		if (*value)
			json_object_set_new(options, told[i].name, json_string(value));
	}
	char *text = json_object_size(options) ? json_dumps(options, JSON_COMPACT) : NULL;
	json_decref(options);
	return text;
}

static void read_address(const struct blob *value, char out[ADDRESS_MAX])
{
	char text[64];
	size_t n = 0;
	cimd2_print(text, sizeof text, value);
	const bool digits = strspn(text, "+-0123456789") == strlen(text);
	for (const char *at = text; *at && n + 1 < ADDRESS_MAX; at++)
		if (*at != '-' || !digits)  /* it only parts them; in a name it is a letter */
			out[n++] = *at;
	out[n] = '\0';
}

enum cimd2_refusal cimd2_read_inbound(int32_t zone, const struct cimd2_pdu *pdu,
    struct cimd2_message *room, struct inbound *to)
{
	const struct blob *sender = cimd2_value(pdu, CIMD2_ORIGINATOR);
	const struct blob *recipient = cimd2_value(pdu, CIMD2_DESTINATION);
	const struct blob *timestamp = cimd2_value(pdu, CIMD2_TIMESTAMP);
	*to = (struct inbound){ .received_at = time(NULL) };
	room->options = NULL;
	room->strange = 0;
	if (!sender)
		sender = cimd2_value(pdu, CIMD2_ALPHANUMERIC);
	if (!sender || !recipient)
		return CIMD2_WRONG_SYNTAX;
	read_address(sender, to->sender);
	read_address(recipient, to->recipient);
	if (!read_octet(pdu, CIMD2_CODING, &to->data_coding) ||
	    !read_octet(pdu, CIMD2_PROTOCOL_ID, &to->protocol_id))
		return CIMD2_WRONG_FORMAT;
	enum cimd2_refusal refusal = read_header(pdu, room, to);
	if (refusal == CIMD2_TAKEN)
		refusal = read_text(pdu, room, to);
	if (refusal != CIMD2_TAKEN)
		return refusal;
	if (timestamp && !cimd2_read_time(timestamp, zone, &to->network_at))
		to->network_at = 0;
	to->options = room->options = tell_options(pdu);
	return CIMD2_TAKEN;
}

/* Receipts. */

/* By 061 (reference, 8). */
static const struct { enum status status; const char *word, *text; } states[] = {
	[0] = { STATUS_SENT, "no status", "" },
	[1] = { STATUS_SENT, "in process", "" },
	[2] = { STATUS_UNDELIVERED, "expired", "expired" },
	[3] = { STATUS_UNDELIVERED, "failed", "undeliverable" },
	[4] = { STATUS_DELIVERED, "delivered", "" },
	[5] = { STATUS_SENT, "no response", "" },
	[6] = { STATUS_UNDELIVERED, "last no answer", "no response, and no further attempt" },
	[7] = { STATUS_UNDELIVERED, "cancelled", "cancelled at the message centre" },
	[8] = { STATUS_UNDELIVERED, "deleted", "deleted at the message centre" },
	[9] = { STATUS_UNDELIVERED, "cancel deleted", "deleted at the message centre by a cancel" },
};
enum { STATES = sizeof states / sizeof states[0] };

/* By 062 (reference, 8). */
static const char *network_error(long error)
{
	static const struct { long error; const char *words; } errors[] = {
		{ 1, "unknown subscriber" }, { 9, "illegal subscriber" },
		{ 11, "teleservice not provisioned" }, { 13, "call barred" },
		{ 15, "closed user group reject" }, { 19, "no SMS support in the handset" },
		{ 20, "error in the handset" }, { 21, "facility not supported" },
		{ 22, "memory capacity exceeded" }, { 29, "absent subscriber" },
		{ 30, "handset busy" }, { 36, "network or protocol failure" },
		{ 44, "illegal equipment" }, { 60, "no paging response" },
		{ 61, "GMSC congestion" }, { 63, "HLR timeout" }, { 64, "MSC or SGSN timeout" },
		{ 70, "SMRSE or TCP error" }, { 72, "congestion on the way to the handset" },
		{ 75, "GPRS suspended" }, { 80, "no paging response by the MSC" },
		{ 81, "IMSI detached" }, { 82, "roaming restriction" },
		{ 83, "deregistered in the HLR for GSM" }, { 84, "purged for GSM" },
		{ 85, "no paging response by the SGSN" }, { 86, "GPRS detached" },
		{ 87, "deregistered in the HLR for GPRS" }, { 88, "purged for GPRS" },
		{ 89, "unidentified subscriber at the MSC" },
		{ 90, "unidentified subscriber at the SGSN" },
		{ 112, "the sender's prepaid credit is used up" },
		{ 113, "the recipient's prepaid credit is used up" }, { 114, "error in the prepaid system" },
	};
	for (size_t i = 0; i < sizeof errors / sizeof errors[0]; i++)
		if (errors[i].error == error)
			return errors[i].words;
	return NULL;
}

/* "expired (network error 29: absent subscriber)" */
static void tell_failure(const char *state, uint32_t code, char *out, size_t room)
{
	const char *words = network_error((long)code);
	if (code)
		snprintf(out, room, "%s (network error %u%s%s)", state, (unsigned)code, words ? ": " : "",
		    words ? words : "");
	else
		snprintf(out, room, "%s", state);
}

void cimd2_tell_state(long state, struct receipt *to)
{
	to->status = STATUS_SENT;
	if (state < 0 || state >= STATES) {
		snprintf(to->word, sizeof to->word, "status %ld", state);
		snprintf(to->text, sizeof to->text, "it names no state that is known: status %ld", state);
		return;
	}
	to->status = states[state].status;
	snprintf(to->word, sizeof to->word, "%s", states[state].word);
	if (to->status == STATUS_UNDELIVERED)
		tell_failure(states[state].text, to->code, to->text, sizeof to->text);
}

/* The same id with or without its plus, as centres may write it. */
static void tell_alternate(struct receipt *to)
{
	const bool plus = *to->network_id == '+';
	snprintf(to->alternate[0], sizeof to->alternate[0], "%s%.60s", plus ? "" : "+", to->network_id + plus);
}

enum cimd2_refusal cimd2_read_receipt(int32_t zone, const struct cimd2_pdu *pdu, struct receipt *to)
{
	const struct blob *recipient = cimd2_value(pdu, CIMD2_DESTINATION);
	const struct blob *status = cimd2_value(pdu, CIMD2_STATUS);
	const struct blob *done = cimd2_value(pdu, CIMD2_DISCHARGE_TIME);
	long state = 0;
	enum { STATUS_MAX = 99, ERROR_MAX = 999 };
	*to = (struct receipt){ .status = STATUS_SENT };
	if (!recipient || !status || !cimd2_value(pdu, CIMD2_TIMESTAMP))
		return CIMD2_WRONG_SYNTAX;
	if (!cimd2_read_number(status, STATUS_MAX, &state) || !cimd2_id(pdu, NULL, to->network_id))
		return CIMD2_WRONG_FORMAT;
	to->code = (uint32_t)cimd2_number(pdu, CIMD2_STATUS_ERROR, ERROR_MAX, 0);
	if (done && !cimd2_read_time(done, zone, &to->done_at))
		to->done_at = 0;
	size_t n = 0;
	for (size_t i = 0; i < recipient->len && n + 1 < sizeof to->recipient; i++)
		if (isdigit(recipient->at[i]))
			to->recipient[n++] = (char)recipient->at[i];
	tell_alternate(to);
	cimd2_tell_state(state, to);
	return CIMD2_TAKEN;
}
