/* SPDX-License-Identifier: Apache-2.0 */
/*
 * smpp_map.c - the gateway's nouns as PDUs, and PDUs as the gateway's nouns.
 *
 * No I/O and no state. Outwards: a part and its message's addresses into
 * submit_sm; what cannot be said in the PDU's fields is refused in words, never
 * sent malformed. Inwards: a delivery report into a receipt. Answers become outcomes
 * in smpp_outcome.c, a deliver_sm or data_sm a message in smpp_inbound.c.
 *
 * What a peer wrote ends in tables, so every text from it is made printable
 * ASCII or valid UTF-8 here.
 */
#include "smpp.h"

#include "../gateway/asked.h"
#include "../sms/address.h"
#include "../sms/alphabet.h"
#include "../sms/septets.h"
#include "../sms/udh.h"
#include "smpp_time.h"
#include "zone.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum {
	SHORT_MESSAGE_MAX = 254,
	SEPTETS_MAX = 160,              /* of one short message, its header counted among them */
	DCS_CLASSES = 0x10, DCS_CLASSES_UCS2 = 0x18, /* GSM 7-bit and octets, up to UCS-2 */
	TAG_MORE_MESSAGES_TO_SEND = 0x0426,
};

/* Outwards. */

struct address_rules smpp_address_rules(const struct smpp_options *options)
{
	return addresses_rules(&options->addresses, (uint8_t)options->short_code_ton,
	    (uint8_t)options->short_code_npi, TON_INTERNATIONAL);
}

static void put_address(const struct address *from, struct smpp_address *to)
{
	to->ton = from->ton;
	to->npi = from->npi;
	snprintf(to->digits, sizeof to->digits, "%s", from->text);
}

static bool is_ascii(const char *text)
{
	while (*text >= ' ' && *text <= '~')
		text++;
	return !*text;
}

/* A name of ASCII goes as it is, as most message centres expect it here; another one in
 * the alphabet of the link. False: that cannot write it, or only with a NUL. */
static bool encode_name(const struct smpp_options *options, struct address *address)
{
	char *text = address->text;
	const enum charset charset = smpp_alphabet(options);
	uint8_t octets[ADDRESS_TEXT_MAX];
	size_t n = 0;
	if (is_ascii(text) || charset == CHARSET_UTF8)
		return true;
	const uint8_t *at = (const uint8_t *)text, *end = at + strlen(text);
	while (at < end && n + 2 < sizeof octets) {
		const uint32_t point = utf8_next(&at, end);
		const size_t more = charset == CHARSET_GSM7 ? gsm7_put(octets + n, point)
		    : charset == CHARSET_LATIN1 && point <= 0xFF ? 1 : 0;
		if (charset == CHARSET_LATIN1)
			octets[n] = (uint8_t)point;
		if (!more || !octets[n])
			return false;
		n += more;
	}
	memcpy(text, octets, n);
	text[n] = '\0';
	return true;
}

static void put_fixed(long ton, long npi, struct smpp_address *to)
{
	if (ton >= 0)
		to->ton = (uint8_t)ton;
	if (npi >= 0)
		to->npi = (uint8_t)npi;
}

bool smpp_put_recipient(const struct smpp_options *options, const struct message *message,
    const char *recipient, struct smpp_address *to, struct outcome *outcome)
{
	const struct address_rules rules = smpp_address_rules(options);
	const struct asked *asked = asked_of(message);
	struct address address;
	*outcome = (struct outcome){ .verdict = VERDICT_REJECTED };
	if (!address_recipient(&address, recipient, &rules, outcome->text, sizeof outcome->text))
		return false;
	put_address(&address, to);
	put_fixed(options->dest_ton, options->dest_npi, to);
	put_fixed(asked->dest_ton, asked->dest_npi, to);
	return true;
}

/* What goes to everybody in an area has none. */
static bool put_destination(const struct smpp_options *options, const struct message *message,
    struct smpp_pdu *pdu, struct outcome *outcome)
{
	return (message->asked && message->asked->kind == KIND_BROADCAST) ||
	    smpp_put_recipient(options, message, message->recipient, &pdu->destination, outcome);
}

bool smpp_put_source(const struct smpp_options *options, const struct message *message,
    struct smpp_pdu *pdu, struct outcome *outcome)
{
	const struct asked *asked = asked_of(message);
	const struct address_rules rules = smpp_address_rules(options);
	struct address address;
	*outcome = (struct outcome){ .verdict = VERDICT_REJECTED };
	if (!address_sender(&address, message->sender, &rules, outcome->text, sizeof outcome->text))
		return false;
	if (!encode_name(options, &address)) {
		snprintf(outcome->text, sizeof outcome->text, "sender \"%.40s\" is a name with characters that "
		    "the alphabet %s of this link cannot write there", message->sender,
		    charset_words[smpp_alphabet(options)]);
		return false;
	}
	put_address(&address, &pdu->source);
	put_fixed(options->source_ton, options->source_npi, &pdu->source);
	put_fixed(asked->source_ton, asked->source_npi, &pdu->source);
	return true;
}

/* A time that the form cannot say is left to the message centre, as none would be. */
static void put_validity(const struct smpp_options *options, int64_t end, struct smpp_pdu *pdu)
{
	const int64_t now = time(NULL);
	if (end <= 0)
		return;
	if (options->validity_format == SMPP_VALIDITY_RELATIVE)
		smpp_time_write(pdu->validity_period, SMPP_TIME_RELATIVE, now, end > now ? end : now + 1);
	else
		smpp_time_write(pdu->validity_period, SMPP_TIME_ABSOLUTE, 0, end);
}

/* False: the schedule cannot be said, or is not before the end. */
static bool put_schedule(const struct smpp_options *options, int64_t at, int64_t end,
    struct smpp_pdu *pdu, struct outcome *outcome)
{
	const int64_t now = time(NULL);
	if (at <= now)
		return true;
	if (end > 0 && at >= end) {
		snprintf(outcome->text, sizeof outcome->text, "option \"schedule\" is not before the end of "
		    "its validity");
		return false;
	}
	if (options->validity_format == SMPP_VALIDITY_RELATIVE ?
	    smpp_time_write(pdu->schedule_delivery_time, SMPP_TIME_RELATIVE, now, at) :
	    smpp_time_write(pdu->schedule_delivery_time, SMPP_TIME_ABSOLUTE, 0, at))
		return true;
	snprintf(outcome->text, sizeof outcome->text, "option \"schedule\" is too far away");
	return false;
}

/* A class has two spellings: in the general group, which UCS-2 needs in any case but
 * SMPP 3.4 reserves, and in the group F. What the row asks for stays as it is. */
static uint8_t coding_of(const struct smpp_options *options, const struct message *message,
    const struct asked *asked)
{
	const uint8_t octet = message->data_coding;
	if (asked->data_coding >= 0)
		return (uint8_t)asked->data_coding;
	if (options->class_coding != SMPP_CLASS_F || octet < DCS_CLASSES || octet >= DCS_CLASSES_UCS2)
		return octet;
	const struct dcs dcs = dcs_read(octet);
	return dcs_write_smpp(dcs.charset, dcs.class);
}

/* SMPP 3.4, 5.2.17; success alone: 5.0, 4.7.21. */
uint8_t smpp_receipts_of(const struct smpp_options *options, const struct message *message)
{
	const struct asked *asked = asked_of(message);
	enum { FINAL = 1, NOTIFICATIONS = 0x10 };
	if (asked->registered_delivery >= 0)
		return (uint8_t)asked->registered_delivery;
	if (!message->wants_receipt)
		return 0;
	return (uint8_t)(FINAL + options->receipts + (options->notifications ? NOTIFICATIONS : 0));
}

/* Characters up to `last` from UTF-8 into an octet each, in place; returns their
 * number, or SIZE_MAX with the first that is above in *point. */
static size_t narrow(uint8_t *text, size_t len, uint32_t last, uint32_t *point)
{
	const uint8_t *at = text, *const end = text + len;
	size_t n = 0;
	while (at < end) {
		*point = utf8_next(&at, end);
		if (*point > last)
			return SIZE_MAX;
		text[n++] = (uint8_t)*point;
	}
	return n;
}

/* For a centre that takes them as a handset does: behind a header they begin at a septet. */
static void pack(const struct part *part, struct blob *text)
{
	const size_t head = part->udh_len, n = part->len - head;
	const unsigned fill = head ? septets_fill(head) : 0;
	uint8_t *octets = batch_alloc(part->message->batch, head + septets_octets(n, fill) + 2);
	if (part->message->asked && part->message->asked->kind == KIND_USSD) {
		*text = (struct blob){ octets, ussd_pack(octets, part->octets, n) };
		return;
	}
	if (head)
		memcpy(octets, part->octets, head);
	*text = (struct blob){ octets, head + septets_pack(octets + head, part->octets + head, n, fill) };
}

/*
 * The octets of a part: as they are, or septets in what data_coding 0 is at this
 * message centre. Those are written into the batch, each time that the part is lent,
 * since its own octets may go to another link next; they stay as long as the message.
 */
static bool translate(const struct smpp_options *options, const struct part *part,
    struct blob *text, struct outcome *outcome)
{
	const enum charset charset = smpp_alphabet(options);
	*text = (struct blob){ .at = part->octets, .len = part->len };
	if (options->packed && charset == CHARSET_GSM7 && part->coding == CODING_GSM7)
		pack(part, text);
	if (charset == CHARSET_GSM7 || part->coding != CODING_GSM7 || part->message->data_coding)
		return true;
	struct udh udh = { .nwaiting = 0 };
	if (part->udh_len)
		udh_read(part->octets, part->len, &udh);
	if (udh.shifts.single || udh.shifts.locking) {
		snprintf(outcome->text, sizeof outcome->text, "the text needs a national table, which "
		    "alphabet %s of this link does not go with", charset_words[charset]);
		return false;
	}
	const size_t head = part->udh_len, room = 3 * (part->len - head) + 1;
	uint8_t *octets = batch_alloc(part->message->batch, head + room);
	if (head)
		memcpy(octets, part->octets, head);
	size_t len = gsm7_to_utf8((char *)octets + head, room, part->octets + head, part->len - head);
	uint32_t point = 0;
	if (charset != CHARSET_UTF8)
		len = narrow(octets + head, len, charset == CHARSET_ASCII ? 0x7F : 0xFF, &point);
	if (len == SIZE_MAX) {
		snprintf(outcome->text, sizeof outcome->text, "the text has U+%04X, which alphabet %s of "
		    "this link lacks: use encoding ucs2", (unsigned)point, charset_words[charset]);
		return false;
	}
	*text = (struct blob){ .at = octets, .len = head + len };
	return head + len <= UINT16_MAX;
}

/* What is to be cut by the message centre goes where that is its duty: many refuse
 * or cut short a short_message beyond what one short message holds. */
static bool fits_short_message(const struct part *part, size_t len)
{
	const size_t head = part->udh_len, septets = (head * 8 + 6) / 7 + part->len - head;
	if (len > SHORT_MESSAGE_MAX)
		return false;
	if (part->message->concat != CONCAT_PAYLOAD)
		return true;
	return part->coding == CODING_GSM7 ? septets <= SEPTETS_MAX : part->len <= PART_OCTETS;
}

bool smpp_put_text(const struct smpp_options *options, const struct part *part,
    struct smpp_pdu *pdu, struct outcome *outcome)
{
	struct blob text;
	if (!translate(options, part, &text, outcome))
		return false;
	if (!fits_short_message(part, text.len))
		return smpp_tlv_add(pdu, SMPP_TAG_MESSAGE_PAYLOAD, text.at, (uint16_t)text.len);
	pdu->short_message = text.at;
	pdu->sm_length = (uint8_t)text.len;
	return true;
}

static bool asks_for_tlv(const struct asked *asked, uint16_t tag)
{
	for (unsigned i = 0; i < asked->ntlvs; i++)
		if (asked->tlvs[i].tag == tag)
			return true;
	return false;
}

/* How parts say that they are parts when no header does; and what the row asks. */
static bool put_tlvs(const struct smpp_options *options, const struct part *part,
    const struct asked *asked, struct smpp_pdu *pdu, struct outcome *outcome)
{
	const struct message *message = part->message;
	bool good = true;
	pdu->numbers[0] = (uint8_t)(message->concat_ref >> 8);
	pdu->numbers[1] = (uint8_t)message->concat_ref;
	pdu->numbers[2] = message->nparts;
	pdu->numbers[3] = part->number;
	pdu->numbers[4] = 1;
	if (message->concat == CONCAT_SAR && message->nparts > 1)
		good = smpp_tlv_add(pdu, SMPP_TAG_SAR_MSG_REF_NUM, pdu->numbers, 2) &&
		    smpp_tlv_add(pdu, SMPP_TAG_SAR_TOTAL_SEGMENTS, pdu->numbers + 2, 1) &&
		    smpp_tlv_add(pdu, SMPP_TAG_SAR_SEGMENT_SEQNUM, pdu->numbers + 3, 1);
	if (options->more_messages && part->number < message->nparts &&
	    !asks_for_tlv(asked, TAG_MORE_MESSAGES_TO_SEND))
		good = good && smpp_tlv_add(pdu, TAG_MORE_MESSAGES_TO_SEND, pdu->numbers + 4, 1);
	return good && smpp_add_tlvs(options, message, pdu, outcome);
}

bool smpp_submit(const struct smpp_options *options, const struct part *part, struct smpp_pdu *pdu,
    struct outcome *outcome)
{
	const struct message *message = part->message;
	const struct asked *asked = asked_of(message);
	*pdu = (struct smpp_pdu){
		.command = (uint32_t)SMPP_SUBMIT_SM,
		.esm_class = (uint8_t)((part->udh_len ? SMPP_ESM_UDHI : 0) |
		    options->esm_mode | (asked->esm_class > 0 ? asked->esm_class : 0)),
		.protocol_id = asked_protocol(asked),
		.priority_flag = (uint8_t)(asked->network_priority > 0 ? asked->network_priority : 0),
		.replace_if_present = asked->replace_if_present,
		.sm_default_msg_id = (uint8_t)(asked->default_message > 0 ? asked->default_message : 0),
		.registered_delivery = smpp_receipts_of(options, message),
		.data_coding = coding_of(options, message, asked),
	};
	*outcome = (struct outcome){ .verdict = VERDICT_REJECTED,
		.text = "the message does not fit a submit_sm" };
	snprintf(pdu->service_type, sizeof pdu->service_type, "%s",
	    asked->service_type ? asked->service_type : options->service_type);
	const int64_t end = asked_end(message, time(NULL));
	put_validity(options, end, pdu);
	return put_schedule(options, asked->schedule_at, end, pdu, outcome) &&
	    smpp_put_text(options, part, pdu, outcome) &&
	    put_tlvs(options, part, asked, pdu, outcome) &&
	    smpp_put_turn(options, part, pdu, outcome) &&
	    put_destination(options, message, pdu, outcome) &&
	    smpp_put_source(options, message, pdu, outcome);
}

void smpp_print(char *out, size_t room, const char *text)
{
	snprintf(out, room, "%.*s", (int)room - 1, text);
	for (; *out; out++)
		if (*out < ' ' || *out > '~')
			*out = '?';
}

/* Inwards: receipts. */

static const struct { enum status status; const char *words; } states[] = {
	[0] = { STATUS_SENT, "" },      /* scheduled, or not recognised */
	[1] = { STATUS_SENT, "under way" },
	[2] = { STATUS_DELIVERED, "delivered" },
	[3] = { STATUS_UNDELIVERED, "expired" },
	[4] = { STATUS_UNDELIVERED, "deleted at the message centre" },
	[5] = { STATUS_UNDELIVERED, "undeliverable" },
	[6] = { STATUS_SENT, "accepted" },
	/* The message centre lost track of it: neither arrived nor failed. */
	[7] = { STATUS_SENT, "unknown to the message centre" },
	[8] = { STATUS_UNDELIVERED, "rejected" },
	[9] = { STATUS_UNDELIVERED, "skipped" },
};
enum { STATES = sizeof states / sizeof states[0] };

/* 3GPP TS 29.002, user errors for short messages. */
static const char *network_error(uint32_t code)
{
	static const struct { uint32_t code; const char *words; } errors[] = {
		{ 1, "unknown subscriber" }, { 5, "unidentified subscriber" },
		{ 6, "absent subscriber" }, { 9, "illegal subscriber" },
		{ 11, "teleservice not provisioned" }, { 12, "illegal equipment" },
		{ 13, "call barred" }, { 21, "facility not supported" },
		{ 27, "absent subscriber" }, { 31, "subscriber busy" },
		{ 32, "delivery failure or memory full" }, { 34, "system failure" },
		{ 35, "data missing" }, { 36, "unexpected value" },
	};
	for (size_t i = 0; i < sizeof errors / sizeof errors[0]; i++)
		if (errors[i].code == code)
			return errors[i].words;
	return NULL;
}

/* "expired (network error 27: absent subscriber)" */
static void tell_failure(const struct smpp_receipt *from, struct receipt *to)
{
	const char *state = states[from->state].words;
	const char *error = network_error(from->error);
	char verbatim[sizeof from->error_text];
	smpp_print(verbatim, sizeof verbatim, from->error_text);
	if (error)
		snprintf(to->text, sizeof to->text, "%s (network error %u: %s)", state,
		    (unsigned)from->error, error);
	else if (from->error)
		snprintf(to->text, sizeof to->text, "%s (network error %u)", state,
		    (unsigned)from->error);
	else if (strspn(verbatim, "0") != strlen(verbatim))
		snprintf(to->text, sizeof to->text, "%s (network error %s)", state, verbatim);
	else
		snprintf(to->text, sizeof to->text, "%s", state);
}

/* Adds an id unless it is there already, in whatever spelling. */
static void add_alternate(struct receipt *receipt, const char *id)
{
	char key[NETWORK_ID_MAX], other[NETWORK_ID_MAX];
	network_key(key, id);
	network_key(other, receipt->network_id);
	if (!*id || strcmp(key, other) == 0)
		return;
	for (size_t i = 0; i < 2; i++) {
		network_key(other, receipt->alternate[i]);
		if (*receipt->alternate[i] && strcmp(key, other) == 0)
			return;
		if (!*receipt->alternate[i]) {
			snprintf(receipt->alternate[i], sizeof receipt->alternate[i], "%s", id);
			return;
		}
	}
}

/* Digits alone: how it compares with what the application wrote. */
static void copy_digits(char *out, size_t room, const char *from)
{
	size_t n = 0;
	for (; *from && n + 1 < room; from++)
		if (isdigit((unsigned char)*from))
			out[n++] = *from;
	out[n] = '\0';
}

/* It says too little to find its message: what it does say, for a person. */
static void tell_unreadable(const struct smpp_receipt *from, const struct smpp_pdu *pdu,
    struct receipt *to)
{
	size_t len;
	char raw[OUTCOME_TEXT_MAX], text[OUTCOME_TEXT_MAX];
	const uint8_t *at = smpp_text(pdu, &len);
	snprintf(raw, sizeof raw, "%.*s", (int)(len < sizeof raw ? len : sizeof raw - 1),
	    len ? (const char *)at : "");
	smpp_print(text, sizeof text, raw);
	snprintf(to->text, sizeof to->text, "it names no %s: %.130s", *from->id ? "state" : "message", text);
}

void smpp_read_receipt(const struct smpp_options *options, const struct smpp_pdu *pdu,
    const struct smpp_receipt *from, struct receipt *to)
{
	*to = (struct receipt){ .code = from->error, .done_at = from->done_at,
		.status = from->state < STATES ? states[from->state].status : STATUS_SENT };
	enum { ACCEPTED = 6, UNKNOWN = 7 };
	if (from->state == ACCEPTED && options->accepted_final)
		to->status = STATUS_DELIVERED;
	if (from->state == UNKNOWN && options->unknown_final)
		to->status = STATUS_UNDELIVERED;
	if (pdu->esm_class & SMPP_ESM_NOTIFICATION && !(pdu->esm_class & SMPP_ESM_RECEIPT))
		to->status = STATUS_SENT; /* intermediate, whatever it says */
	if (from->done_at)
		to->done_at = from->done_at - zone_seconds(options->time_zone);
	smpp_print(to->network_id, sizeof to->network_id, from->id);
	smpp_print(to->word, sizeof to->word, from->word);
	copy_digits(to->recipient, sizeof to->recipient, pdu->source.digits);
	if (!*from->id || (!from->state && !*from->word))
		tell_unreadable(from, pdu, to);
	else if (to->status == STATUS_UNDELIVERED)
		tell_failure(from, to);
	if (to->status == STATUS_UNDELIVERED)
		smpp_tell_pending(pdu, to->text, sizeof to->text);

	char id[NETWORK_ID_MAX];
	smpp_print(id, sizeof id, from->text_id);
	add_alternate(to, id);
	if (options->receipt_ids == SMPP_IDS_SAME)
		return;
	if (options->receipt_ids != SMPP_IDS_AUTO) {
		/* No other spelling would be right, but that of an id that is no such number. */
		const bool decimal = options->receipt_ids == SMPP_IDS_HEX_DECIMAL;
		if ((decimal ? smpp_id_decimal_to_hex : smpp_id_hex_to_decimal)(id, sizeof id, to->network_id))
			memcpy(to->network_id, id, sizeof id);
		return;
	}
	if (smpp_id_hex_to_decimal(id, sizeof id, to->network_id))
		add_alternate(to, id);
	if (smpp_id_decimal_to_hex(id, sizeof id, to->network_id))
		add_alternate(to, id);
}
