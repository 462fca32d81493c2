/* SPDX-License-Identifier: Apache-2.0 */
/*
 * smpp_pdu.c - tables of fields, one loop that packs and one that unpacks.
 *
 * A row of a table says where a field stands in struct smpp_pdu, how it stands
 * on the wire, and with which status a peer is answered when it is broken.
 * Statuses and their meanings are in smpp_status.c, delivery reports in
 * smpp_receipt.c.
 */
#include "smpp_pdu.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum kind {
	END,
	OCTET,                          /* integer of one octet */
	TEXT,                           /* octets up to a NUL */
	TIME,                           /* TEXT of 0 or 16 characters (SMPP 3.4, 7.1.1) */
	MESSAGE,                        /* sm_length and that many octets */
	DESTS,                          /* a count, and that many destinations */
};

enum { DEST_ADDRESS = 1, DEST_LIST = 2 }; /* dest_flag, SMPP 3.4, 5.2.25 */
enum { DEST_TEXT_MAX = 21 };            /* octets of an address, or of a list's name, with its NUL */

struct field {
	enum kind kind;
	uint16_t offset, room;          /* in struct smpp_pdu; room of a TEXT with its NUL */
	uint16_t most;                  /* octets on the wire with the NUL, when packing */
	uint32_t broken;                /* the status for a text without its end */
};

struct body {
	uint32_t command;
	const char *name;
	const struct field *fields;
	bool optional;                  /* a response: may end before any field */
};

#define AT(member) .offset = offsetof(struct smpp_pdu, member)
#define ROOM(member) .room = sizeof((struct smpp_pdu *)0)->member
#define AN_OCTET(member) { .kind = OCTET, AT(member) }
#define A_TEXT(member, limit, status) \
	{ .kind = TEXT, AT(member), ROOM(member), .most = (limit), .broken = (status) }
#define A_TIME(member, status) \
	{ .kind = TIME, AT(member), ROOM(member), .most = 17, .broken = (status) }

static const struct field bind_fields[] = {
	A_TEXT(system_id, 16, SMPP_RINVSYSID),
	A_TEXT(password, sizeof ((struct smpp_pdu *)0)->password, SMPP_RINVPASWD),
	A_TEXT(system_type, 13, SMPP_RINVSYSTYP),
	AN_OCTET(interface_version),
	AN_OCTET(range.ton),
	AN_OCTET(range.npi),
	A_TEXT(address_range, 41, SMPP_RINVCMDLEN),
	{ .kind = END },
};

static const struct field bind_resp_fields[] = {
	A_TEXT(system_id, 16, SMPP_RINVSYSID),
	{ .kind = END },
};

static const struct field outbind_fields[] = {
	A_TEXT(system_id, 16, SMPP_RINVSYSID),
	A_TEXT(password, sizeof ((struct smpp_pdu *)0)->password, SMPP_RINVPASWD),
	{ .kind = END },
};

static const struct field message_fields[] = {
	A_TEXT(service_type, 6, SMPP_RINVSERTYP),
	AN_OCTET(source.ton),
	AN_OCTET(source.npi),
	A_TEXT(source.digits, 21, SMPP_RINVSRCADR),
	AN_OCTET(destination.ton),
	AN_OCTET(destination.npi),
	A_TEXT(destination.digits, 21, SMPP_RINVDSTADR),
	AN_OCTET(esm_class),
	AN_OCTET(protocol_id),
	AN_OCTET(priority_flag),
	A_TIME(schedule_delivery_time, SMPP_RINVSCHED),
	A_TIME(validity_period, SMPP_RINVEXPIRY),
	AN_OCTET(registered_delivery),
	AN_OCTET(replace_if_present),
	AN_OCTET(data_coding),
	AN_OCTET(sm_default_msg_id),
	{ .kind = MESSAGE },
	{ .kind = END },
};

static const struct field multi_fields[] = {
	A_TEXT(service_type, 6, SMPP_RINVSERTYP),
	AN_OCTET(source.ton),
	AN_OCTET(source.npi),
	A_TEXT(source.digits, 21, SMPP_RINVSRCADR),
	{ .kind = DESTS, AT(dests.n) },
	AN_OCTET(esm_class),
	AN_OCTET(protocol_id),
	AN_OCTET(priority_flag),
	A_TIME(schedule_delivery_time, SMPP_RINVSCHED),
	A_TIME(validity_period, SMPP_RINVEXPIRY),
	AN_OCTET(registered_delivery),
	AN_OCTET(replace_if_present),
	AN_OCTET(data_coding),
	AN_OCTET(sm_default_msg_id),
	{ .kind = MESSAGE },
	{ .kind = END },
};

static const struct field multi_resp_fields[] = {
	A_TEXT(message_id, 65, SMPP_RINVMSGID),
	{ .kind = DESTS, AT(dests.n) },
	{ .kind = END },
};

static const struct field query_fields[] = {
	A_TEXT(message_id, 65, SMPP_RINVMSGID),
	AN_OCTET(source.ton),
	AN_OCTET(source.npi),
	A_TEXT(source.digits, 21, SMPP_RINVSRCADR),
	{ .kind = END },
};

static const struct field query_resp_fields[] = {
	A_TEXT(message_id, 65, SMPP_RINVMSGID),
	A_TIME(final_date, SMPP_RINVEXPIRY),
	AN_OCTET(message_state),
	AN_OCTET(error_code),
	{ .kind = END },
};

static const struct field cancel_fields[] = {
	A_TEXT(service_type, 6, SMPP_RINVSERTYP),
	A_TEXT(message_id, 65, SMPP_RINVMSGID),
	AN_OCTET(source.ton),
	AN_OCTET(source.npi),
	A_TEXT(source.digits, 21, SMPP_RINVSRCADR),
	AN_OCTET(destination.ton),
	AN_OCTET(destination.npi),
	A_TEXT(destination.digits, 21, SMPP_RINVDSTADR),
	{ .kind = END },
};

static const struct field replace_fields[] = {
	A_TEXT(message_id, 65, SMPP_RINVMSGID),
	AN_OCTET(source.ton),
	AN_OCTET(source.npi),
	A_TEXT(source.digits, 21, SMPP_RINVSRCADR),
	A_TIME(schedule_delivery_time, SMPP_RINVSCHED),
	A_TIME(validity_period, SMPP_RINVEXPIRY),
	AN_OCTET(registered_delivery),
	AN_OCTET(sm_default_msg_id),
	{ .kind = MESSAGE },
	{ .kind = END },
};

static const struct field broadcast_fields[] = {
	A_TEXT(service_type, 6, SMPP_RINVSERTYP),
	AN_OCTET(source.ton),
	AN_OCTET(source.npi),
	A_TEXT(source.digits, 21, SMPP_RINVSRCADR),
	A_TEXT(message_id, 65, SMPP_RINVMSGID),
	AN_OCTET(priority_flag),
	A_TIME(schedule_delivery_time, SMPP_RINVSCHED),
	A_TIME(validity_period, SMPP_RINVEXPIRY),
	AN_OCTET(replace_if_present),
	AN_OCTET(data_coding),
	AN_OCTET(sm_default_msg_id),
	{ .kind = END },
};

static const struct field cancel_broadcast_fields[] = {
	A_TEXT(service_type, 6, SMPP_RINVSERTYP),
	A_TEXT(message_id, 65, SMPP_RINVMSGID),
	AN_OCTET(source.ton),
	AN_OCTET(source.npi),
	A_TEXT(source.digits, 21, SMPP_RINVSRCADR),
	{ .kind = END },
};

static const struct field data_fields[] = {
	A_TEXT(service_type, 6, SMPP_RINVSERTYP),
	AN_OCTET(source.ton),
	AN_OCTET(source.npi),
	A_TEXT(source.digits, 65, SMPP_RINVSRCADR),
	AN_OCTET(destination.ton),
	AN_OCTET(destination.npi),
	A_TEXT(destination.digits, 65, SMPP_RINVDSTADR),
	AN_OCTET(esm_class),
	AN_OCTET(registered_delivery),
	AN_OCTET(data_coding),
	{ .kind = END },
};

static const struct field alert_fields[] = {
	AN_OCTET(source.ton),
	AN_OCTET(source.npi),
	A_TEXT(source.digits, 65, SMPP_RINVSRCADR),
	AN_OCTET(destination.ton),
	AN_OCTET(destination.npi),
	A_TEXT(destination.digits, 65, SMPP_RINVDSTADR),
	{ .kind = END },
};

static const struct field id_fields[] = {
	A_TEXT(message_id, 65, SMPP_RINVMSGID),
	{ .kind = END },
};

static const struct field no_fields[] = {
	{ .kind = END },
};

/* In the order of how often they are met. */
static const struct body bodies[] = {
	{ SMPP_SUBMIT_SM, "submit_sm", message_fields, false },
	{ (uint32_t)SMPP_SUBMIT_SM_RESP, "submit_sm_resp", id_fields, true },
	{ SMPP_DELIVER_SM, "deliver_sm", message_fields, false },
	{ (uint32_t)SMPP_DELIVER_SM_RESP, "deliver_sm_resp", id_fields, true },
	{ SMPP_ENQUIRE_LINK, "enquire_link", no_fields, false },
	{ (uint32_t)SMPP_ENQUIRE_LINK_RESP, "enquire_link_resp", no_fields, true },
	{ SMPP_DATA_SM, "data_sm", data_fields, false },
	{ (uint32_t)SMPP_DATA_SM_RESP, "data_sm_resp", id_fields, true },
	{ SMPP_BIND_TRANSCEIVER, "bind_transceiver", bind_fields, false },
	{ (uint32_t)SMPP_BIND_TRANSCEIVER_RESP, "bind_transceiver_resp", bind_resp_fields, true },
	{ SMPP_BIND_TRANSMITTER, "bind_transmitter", bind_fields, false },
	{ (uint32_t)SMPP_BIND_TRANSMITTER_RESP, "bind_transmitter_resp", bind_resp_fields, true },
	{ SMPP_BIND_RECEIVER, "bind_receiver", bind_fields, false },
	{ (uint32_t)SMPP_BIND_RECEIVER_RESP, "bind_receiver_resp", bind_resp_fields, true },
	{ SMPP_UNBIND, "unbind", no_fields, false },
	{ (uint32_t)SMPP_UNBIND_RESP, "unbind_resp", no_fields, true },
	{ SMPP_OUTBIND, "outbind", outbind_fields, false },
	{ SMPP_ALERT_NOTIFICATION, "alert_notification", alert_fields, false },
	{ (uint32_t)SMPP_GENERIC_NACK, "generic_nack", no_fields, true },
	{ SMPP_SUBMIT_MULTI, "submit_multi", multi_fields, false },
	{ (uint32_t)SMPP_SUBMIT_MULTI_RESP, "submit_multi_resp", multi_resp_fields, true },
	{ SMPP_QUERY_SM, "query_sm", query_fields, false },
	{ (uint32_t)SMPP_QUERY_SM_RESP, "query_sm_resp", query_resp_fields, true },
	{ SMPP_CANCEL_SM, "cancel_sm", cancel_fields, false },
	{ (uint32_t)SMPP_CANCEL_SM_RESP, "cancel_sm_resp", no_fields, true },
	{ SMPP_REPLACE_SM, "replace_sm", replace_fields, false },
	{ (uint32_t)SMPP_REPLACE_SM_RESP, "replace_sm_resp", no_fields, true },
	{ SMPP_BROADCAST_SM, "broadcast_sm", broadcast_fields, false },
	{ (uint32_t)SMPP_BROADCAST_SM_RESP, "broadcast_sm_resp", id_fields, true },
	{ SMPP_QUERY_BROADCAST_SM, "query_broadcast_sm", query_fields, false },
	{ (uint32_t)SMPP_QUERY_BROADCAST_SM_RESP, "query_broadcast_sm_resp", id_fields, true },
	{ SMPP_CANCEL_BROADCAST_SM, "cancel_broadcast_sm", cancel_broadcast_fields, false },
	{ (uint32_t)SMPP_CANCEL_BROADCAST_SM_RESP, "cancel_broadcast_sm_resp", no_fields, true },
};

static const struct body *body_of(uint32_t command)
{
	for (size_t i = 0; i < sizeof bodies / sizeof *bodies; i++)
		if (bodies[i].command == command)
			return &bodies[i];
	return NULL;
}

const char *smpp_command_name(uint32_t command)
{
	const struct body *body = body_of(command);
	return body ? body->name : NULL;
}

static uint32_t get32(const uint8_t *at)
{
	return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

static void put32(uint8_t *at, uint32_t value)
{
	at[0] = (uint8_t)(value >> 24);
	at[1] = (uint8_t)(value >> 16);
	at[2] = (uint8_t)(value >> 8);
	at[3] = (uint8_t)value;
}

size_t smpp_measure(void *ctx, const uint8_t *at, size_t len)
{
	(void)ctx;
	if (len < 4)
		return 0;
	uint32_t n = get32(at);
	return n < SMPP_HEADER || n > SMPP_PDU_MAX ? SIZE_MAX : n;
}

void smpp_header(const uint8_t *at, uint32_t *command, uint32_t *status, uint32_t *sequence)
{
	*command = get32(at + 4);
	*status = get32(at + 8);
	*sequence = get32(at + 12);
}

/* Reference 4.7. Below a header's length, the rest of the header is not to be trusted. */
bool smpp_garbled(const uint8_t *at, size_t len, uint32_t *sequence, char *why, size_t room)
{
	static const char *const web[] = { "HTTP", "GET ", "POST", "HEAD" };
	uint32_t command, status, length = 0;
	*sequence = 0;
	if (len >= 2 && (at[0] == 0x15 || at[0] == 0x16) && at[1] == 0x03) {
		snprintf(why, room, "the peer speaks TLS, not plain SMPP: check the port");
		return false;
	}
	for (size_t i = 0; i < sizeof web / sizeof web[0]; i++)
		if (len >= 4 && memcmp(at, web[i], 4) == 0) {
			snprintf(why, room, "the peer speaks HTTP, not SMPP: check host and port");
			return false;
		}
	for (size_t i = 0; i < 4 && i < len; i++)
		length = length << 8 | at[i];
	if (length >= SMPP_HEADER && len >= SMPP_HEADER)
		smpp_header(at, &command, &status, sequence);
	snprintf(why, room, "the peer sent a PDU of impossible length (%" PRIu32 " octets)", length);
	return true;
}

/* Unpacking: a cursor over what is left. */

struct cursor { const uint8_t *at; size_t left; };

/* A text and its NUL. False: its end is not here, or it does not fit. */
static bool take_text(struct cursor *in, char *out, size_t room)
{
	const size_t most = in->left < room ? in->left : room;
	const uint8_t *end = most ? memchr(in->at, 0, most) : NULL;
	if (!end)
		return false;
	const size_t n = (size_t)(end - in->at) + 1;
	memcpy(out, in->at, n);
	in->at += n;
	in->left -= n;
	return true;
}

/* Empty, or YYMMDDhhmmsstnnp with a sign at its end. */
static bool is_time(const char *text)
{
	const size_t n = strlen(text);
	return n == 0 || (n == 16 && strchr("+-R", text[15]) != NULL);
}

static uint32_t take_message(struct cursor *in, struct smpp_pdu *pdu)
{
	if (in->left < 1)
		return SMPP_RINVCMDLEN;
	const uint8_t n = *in->at;
	in->at++;
	in->left--;
	if (n > in->left)
		return SMPP_RINVMSGLEN;
	pdu->sm_length = n;
	pdu->short_message = in->at;
	in->at += n;
	in->left -= n;
	return SMPP_ROK;
}

/* One destination of a submit_multi, or one that its response says was refused. */
static uint32_t take_dest(struct cursor *in, bool refused, struct smpp_dest *dest)
{
	*dest = (struct smpp_dest){ .list = false };
	if (!refused) {
		if (in->left < 1)
			return SMPP_RINVCMDLEN;
		if (*in->at != DEST_ADDRESS && *in->at != DEST_LIST)
			return SMPP_RINVDESTFLAG;
		dest->list = *in->at == DEST_LIST;
		in->at++;
		in->left--;
	}
	if (!dest->list) {
		if (in->left < 2)
			return SMPP_RINVCMDLEN;
		dest->address.ton = in->at[0];
		dest->address.npi = in->at[1];
		in->at += 2;
		in->left -= 2;
	}
	if (!take_text(in, dest->address.digits, sizeof dest->address.digits))
		return dest->list ? SMPP_RINVDLNAME : SMPP_RINVDSTADR;
	if (!refused)
		return SMPP_ROK;
	if (in->left < 4)
		return SMPP_RINVCMDLEN;
	dest->status = get32(in->at);
	in->at += 4;
	in->left -= 4;
	return SMPP_ROK;
}

static uint32_t take_dests(struct cursor *in, struct smpp_pdu *pdu)
{
	const bool refused = pdu->command & (uint32_t)SMPP_RESPONSE;
	struct smpp_dest dest;
	if (in->left < 1)
		return SMPP_RINVCMDLEN;
	const uint8_t n = *in->at;
	in->at++;
	in->left--;
	if (n == 0 && !refused)
		return SMPP_RINVNUMDESTS;
	const uint8_t *const from = in->at;
	for (unsigned i = 0; i < n; i++) {
		const uint32_t status = take_dest(in, refused, &dest);
		if (status != SMPP_ROK)
			return status;
	}
	pdu->dests = (struct smpp_dests){ .n = n, .len = (uint16_t)(in->at - from), .at = from };
	return SMPP_ROK;
}

/* Requests of ours: what a message centre writes there is not ours to refuse. */
static bool is_submission(uint32_t command)
{
	return command == SMPP_SUBMIT_SM || command == SMPP_SUBMIT_MULTI ||
	    command == SMPP_REPLACE_SM || command == SMPP_BROADCAST_SM;
}

static uint32_t take_field(struct cursor *in, const struct field *field, struct smpp_pdu *pdu)
{
	char *member = (char *)pdu + field->offset;
	if (field->kind == MESSAGE)
		return take_message(in, pdu);
	if (field->kind == DESTS)
		return take_dests(in, pdu);
	if (in->left < 1)
		return SMPP_RINVCMDLEN;
	if (field->kind == OCTET) {
		*(uint8_t *)member = *in->at;
		in->at++;
		in->left--;
		return SMPP_ROK;
	}
	if (!take_text(in, member, field->room)) {
		*member = '\0';
		return field->broken;
	}
	if (field->kind == TIME && is_submission(pdu->command) && !is_time(member))
		return field->broken;
	return SMPP_ROK;
}

/* The optional parameters. What is broken at the end is dropped and noted, but
 * for up to three zero octets, which some peers pad with. */
static void take_tlvs(struct cursor *in, struct smpp_pdu *pdu)
{
	static const uint8_t padding[3];
	while (in->left >= 4) {
		const uint16_t len = (uint16_t)(in->at[2] << 8 | in->at[3]);
		if (len > in->left - 4)
			break;
		if (pdu->ntlvs < SMPP_TLVS_MAX)
			pdu->tlvs[pdu->ntlvs++] = (struct smpp_tlv){
				.tag = (uint16_t)(in->at[0] << 8 | in->at[1]), .len = len,
				.at = in->at + 4,
			};
		in->at += 4 + (size_t)len;
		in->left -= 4 + (size_t)len;
	}
	pdu->tail_dropped = in->left > sizeof padding ||
	    (in->left && memcmp(in->at, padding, in->left) != 0);
}

static uint32_t take_body(struct cursor in, const struct body *body, struct smpp_pdu *pdu)
{
	for (const struct field *field = body->fields; field->kind != END; field++) {
		const uint32_t status = take_field(&in, field, pdu);
		if (status != SMPP_ROK)
			return status;
	}
	take_tlvs(&in, pdu);
	return SMPP_ROK;
}

/*
 * A refusal has no body, but some send the fields, and some only the TLVs that
 * say why. What is neither is dropped: the status says what there is to know.
 */
static void take_refusal(struct cursor in, const struct body *body, struct smpp_pdu *pdu)
{
	if (take_body(in, body, pdu) == SMPP_ROK && !pdu->tail_dropped)
		return;
	for (const struct field *field = body->fields; field->kind != END; field++)
		*((char *)pdu + field->offset) = '\0';
	pdu->dests = (struct smpp_dests){ .n = 0 };
	pdu->ntlvs = 0;
	take_tlvs(&in, pdu);
	if (pdu->tail_dropped)
		pdu->ntlvs = 0;
}

uint32_t smpp_unpack(const uint8_t *at, size_t len, struct smpp_pdu *pdu)
{
	assert(len >= SMPP_HEADER);
	memset(pdu, 0, offsetof(struct smpp_pdu, tlvs));
	pdu->ntlvs = 0;
	pdu->tail_dropped = false;
	smpp_header(at, &pdu->command, &pdu->status, &pdu->sequence);
	const struct body *body = body_of(pdu->command);
	if (!body)
		return SMPP_RINVCMDID;
	const struct cursor in = { at + SMPP_HEADER, len - SMPP_HEADER };
	if (body->optional && in.left == 0)
		return SMPP_ROK;
	if (body->fields->kind == END)          /* a body that it should not have */
		return SMPP_ROK;
	if (!body->optional || pdu->status == SMPP_ROK)
		return take_body(in, body, pdu);
	take_refusal(in, body, pdu);
	return SMPP_ROK;
}

/* Packing: `n` octets of `room` are written; room is kept for what comes. */

struct writer { uint8_t *at; size_t n, room; };

static bool put(struct writer *out, const void *at, size_t len)
{
	if (len > out->room - out->n)
		return false;
	if (len)
		memcpy(out->at + out->n, at, len);
	out->n += len;
	return true;
}

static bool put_field(struct writer *out, const struct field *field, const struct smpp_pdu *pdu)
{
	const char *member = (const char *)pdu + field->offset;
	if (field->kind == OCTET)
		return put(out, member, 1);
	if (field->kind == MESSAGE)
		return put(out, &pdu->sm_length, 1) &&
		    put(out, pdu->short_message, pdu->sm_length);
	if (field->kind == DESTS)
		return put(out, &pdu->dests.n, 1) && put(out, pdu->dests.at, pdu->dests.len);
	const size_t n = strlen(member) + 1;
	return n <= field->most && put(out, member, n);
}

static bool put_tlv(struct writer *out, const struct smpp_tlv *tlv)
{
	const uint8_t head[4] = { (uint8_t)(tlv->tag >> 8), (uint8_t)tlv->tag,
		(uint8_t)(tlv->len >> 8), (uint8_t)tlv->len };
	return put(out, head, sizeof head) && put(out, tlv->at, tlv->len);
}

static bool put_body(struct writer *out, const struct body *body, const struct smpp_pdu *pdu)
{
	for (const struct field *field = body->fields; field->kind != END; field++)
		if (!put_field(out, field, pdu))
			return false;
	for (unsigned i = 0; i < pdu->ntlvs; i++)
		if (!put_tlv(out, &pdu->tlvs[i]))
			return false;
	return true;
}

size_t smpp_pack(const struct smpp_pdu *pdu, uint8_t *at, size_t room)
{
	const struct body *body = body_of(pdu->command);
	if (!body || room < SMPP_HEADER)
		return 0;
	struct writer out = { at, SMPP_HEADER, room };
	const bool refused = body->optional && pdu->status != SMPP_ROK;
	if (!refused && !put_body(&out, body, pdu))
		return 0;
	if (out.n > SMPP_PDU_MAX)
		return 0;
	put32(at, (uint32_t)out.n);
	put32(at + 4, pdu->command);
	put32(at + 8, pdu->status);
	put32(at + 12, pdu->sequence);
	return out.n;
}

/* Destinations. */

bool smpp_dest_next(const struct smpp_pdu *pdu, size_t *at, struct smpp_dest *dest)
{
	if (*at >= pdu->dests.len)
		return false;
	struct cursor in = { pdu->dests.at + *at, pdu->dests.len - *at };
	if (take_dest(&in, pdu->command & (uint32_t)SMPP_RESPONSE, dest) != SMPP_ROK)
		return false;
	*at = pdu->dests.len - in.left;
	return true;
}

size_t smpp_dest_put(uint32_t command, const struct smpp_dest *dest, uint8_t *at, size_t room)
{
	struct writer out = { at, 0, room };
	const bool refused = command & (uint32_t)SMPP_RESPONSE;
	const uint8_t flag = dest->list ? DEST_LIST : DEST_ADDRESS;
	const uint8_t numbers[2] = { dest->address.ton, dest->address.npi };
	const size_t text = strlen(dest->address.digits) + 1;
	uint8_t status[4];
	put32(status, dest->status);
	const bool good = text <= DEST_TEXT_MAX && (refused || put(&out, &flag, 1)) &&
	    (dest->list || put(&out, numbers, sizeof numbers)) &&
	    put(&out, dest->address.digits, text) && (!refused || put(&out, status, sizeof status));
	return good ? out.n : 0;
}

/* Optional parameters. */

const struct smpp_tlv *smpp_tlv(const struct smpp_pdu *pdu, uint16_t tag)
{
	for (unsigned i = 0; i < pdu->ntlvs; i++)
		if (pdu->tlvs[i].tag == tag)
			return &pdu->tlvs[i];
	return NULL;
}

uint32_t smpp_tlv_number(const struct smpp_pdu *pdu, uint16_t tag, uint32_t otherwise)
{
	const struct smpp_tlv *tlv = smpp_tlv(pdu, tag);
	if (!tlv || tlv->len < 1 || tlv->len > 4)
		return otherwise;
	uint32_t value = 0;
	for (unsigned i = 0; i < tlv->len; i++)
		value = value << 8 | tlv->at[i];
	return value;
}

bool smpp_tlv_add(struct smpp_pdu *pdu, uint16_t tag, const void *at, uint16_t len)
{
	if (pdu->ntlvs == SMPP_TLVS_MAX)
		return false;
	pdu->tlvs[pdu->ntlvs++] = (struct smpp_tlv){ .tag = tag, .len = len, .at = at };
	return true;
}

const uint8_t *smpp_text(const struct smpp_pdu *pdu, size_t *len)
{
	const struct smpp_tlv *payload = smpp_tlv(pdu, SMPP_TAG_MESSAGE_PAYLOAD);
	*len = payload ? payload->len : pdu->sm_length;
	return payload ? payload->at : pdu->short_message;
}
