/* SPDX-License-Identifier: Apache-2.0 */
/*
 * smpp_map.c - the gateway's nouns as PDUs, and PDUs as the gateway's nouns.
 *
 * No I/O and no state. Outwards: a part and its message's addresses into
 * submit_sm; what cannot be said in the PDU's fields is refused in words, never
 * sent malformed. Inwards: a status into an outcome, a delivery report into a
 * receipt, a deliver_sm or data_sm into an inbound message.
 *
 * What a peer wrote ends in tables, so every text from it is made printable
 * ASCII or valid UTF-8 here.
 */
#include "smpp.h"

#include "../sms/alphabet.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum {
	SECOND = 1000,
	RETRY_FIRST_MS = 30 * SECOND, RETRY_MOST_MS = 900 * SECOND,
	TRANSIENT_TRIES = 10, AMBIGUOUS_TRIES = 3,
	THROTTLE_MS = 1 * SECOND,
	NUMBER_MAX = 20, ALPHANUMERIC_MAX = 11,
	FLASH = 0x10,                   /* data_coding: message class 0, as in 23.038 */
	TAG_DELIVERY_FAILURE_REASON = 0x0425,
	STATUS_DELIVERY_FAILURE = 0xFE,
};

enum { TON_UNKNOWN = 0, TON_INTERNATIONAL = 1, TON_NATIONAL = 2, TON_ALPHANUMERIC = 5 };
enum { NPI_UNKNOWN = 0, NPI_E164 = 1 };

/* Outwards. */

/* Copies a number without its separators. False: it has other characters. */
static bool strip(char out[NUMBER_MAX + 3], const char *written)
{
	size_t n = 0, digits = 0;
	for (; *written; written++) {
		if (strchr(" -./()", *written))
			continue;
		if (!isdigit((unsigned char)*written) && !strchr("*#", *written) &&
		    !(*written == '+' && n == 0))
			return false;
		if (n < NUMBER_MAX + 2)
			out[n++] = *written;
		digits += *written != '+';
	}
	out[n] = '\0';
	return digits > 0;
}

static bool begins(const char *text, const char *prefix)
{
	return *prefix && strncmp(text, prefix, strlen(prefix)) == 0;
}

static void put(struct smpp_address *to, unsigned ton, unsigned npi, const char *before,
    const char *digits)
{
	to->ton = (uint8_t)ton;
	to->npi = (uint8_t)npi;
	snprintf(to->digits, sizeof to->digits, "%s%s", before, digits);
}

/* Type, plan and digits of a number (3GPP TS 23.040, 9.1.2.5 by way of what
 * people write). */
static void put_number(const struct smpp_options *options, const char *number,
    struct smpp_address *to)
{
	const char *abroad = options->international_prefix, *home = options->national_prefix;
	if (*number == '+')
		put(to, TON_INTERNATIONAL, NPI_E164, "", number + 1);
	else if (strpbrk(number, "*#"))
		put(to, (unsigned)options->short_code_ton, (unsigned)options->short_code_npi, "", number);
	else if (begins(number, abroad))
		put(to, TON_INTERNATIONAL, NPI_E164, "", number + strlen(abroad));
	else if (begins(number, home) && *options->country_code)
		put(to, TON_INTERNATIONAL, NPI_E164, options->country_code, number + strlen(home));
	else if (begins(number, home))
		put(to, TON_NATIONAL, NPI_E164, "", number);
	else if (strlen(number) <= (size_t)options->short_code_digits)
		put(to, (unsigned)options->short_code_ton, (unsigned)options->short_code_npi, "", number);
	else
		put(to, TON_INTERNATIONAL, NPI_E164, "", number);
}

/* A name: ASCII, as most message centres expect it here; the characters of the
 * extension table take two septets on the air. */
static bool put_name(const char *name, struct smpp_address *to)
{
	size_t septets = 0;
	for (const char *at = name; *at; at++) {
		if (*at < ' ' || *at > '~' || *at == '`')
			return false;
		septets += strchr("^{}\\[~]|", *at) ? 2 : 1;
	}
	if (septets > ALPHANUMERIC_MAX)
		return false;
	put(to, TON_ALPHANUMERIC, NPI_UNKNOWN, "", name);
	return true;
}

static void put_fixed(long ton, long npi, struct smpp_address *to)
{
	if (ton >= 0)
		to->ton = (uint8_t)ton;
	if (npi >= 0)
		to->npi = (uint8_t)npi;
}

static bool refuse(struct outcome *outcome, const char *what, const char *value, const char *why)
{
	*outcome = (struct outcome){ .verdict = VERDICT_REJECTED };
	snprintf(outcome->text, sizeof outcome->text, "%s \"%.40s\" %s", what, value, why);
	return false;
}

static bool put_addresses(const struct smpp_options *options, const struct message *message,
    struct smpp_pdu *pdu, struct outcome *outcome)
{
	char number[NUMBER_MAX + 3];
	if (!strip(number, message->recipient))
		return refuse(outcome, "recipient", message->recipient, "is not a phone number");
	put_number(options, number, &pdu->destination);
	if (!*pdu->destination.digits || strlen(pdu->destination.digits) > NUMBER_MAX)
		return refuse(outcome, "recipient", message->recipient, "is too short or too long");
	put_fixed(options->dest_ton, options->dest_npi, &pdu->destination);

	if (!*message->sender)
		put(&pdu->source, TON_UNKNOWN, NPI_UNKNOWN, "", "");
	else if (strip(number, message->sender))
		put_number(options, number, &pdu->source);
	else if (!put_name(message->sender, &pdu->source))
		return refuse(outcome, "sender", message->sender,
		    "is neither a number nor a name of up to 11 ASCII characters");
	if (strlen(pdu->source.digits) > NUMBER_MAX)
		return refuse(outcome, "sender", message->sender, "has more than 20 digits");
	put_fixed(options->source_ton, options->source_npi, &pdu->source);
	return true;
}

/* Absolute, in UTC: "YYMMDDhhmmsstnnp". */
static void put_validity(int64_t expires_at, struct smpp_pdu *pdu)
{
	const time_t at = (time_t)expires_at;
	struct tm tm;
	if (expires_at > 0 && gmtime_r(&at, &tm))
		strftime(pdu->validity_period, sizeof pdu->validity_period, "%y%m%d%H%M%S000+", &tm);
}

bool smpp_submit(const struct smpp_options *options, const struct part *part, struct smpp_pdu *pdu,
    struct outcome *outcome)
{
	static const uint8_t codings[] = {
		[CODING_GSM7] = 0x00, [CODING_UCS2] = 0x08, [CODING_BINARY] = 0x04,
	};
	const struct message *message = part->message;
	*pdu = (struct smpp_pdu){
		.command = (uint32_t)SMPP_SUBMIT_SM,
		.esm_class = part->udh_len ? SMPP_ESM_UDHI : 0,
		.registered_delivery = message->wants_receipt,
		.data_coding = codings[part->coding],
		.short_message = part->octets,
		.sm_length = part->len,
	};
	if (strcmp(message->kind, "flash") == 0)
		pdu->data_coding |= FLASH;
	snprintf(pdu->service_type, sizeof pdu->service_type, "%s", options->service_type);
	put_validity(message->expires_at, pdu);
	return put_addresses(options, message, pdu, outcome);
}

/* Answers. */

void smpp_status_text(char *out, size_t room, uint32_t status)
{
	const struct smpp_status_info *info = smpp_status(status);
	snprintf(out, room, "%s (0x%02x): %s", info->name, (unsigned)status, info->meaning);
}

static enum smpp_class class_of(const struct smpp_pdu *pdu)
{
	enum smpp_class class = smpp_status(pdu->status)->class;
	if (pdu->status == SMPP_RMSGQFUL)
		return SMPP_CLASS_THROTTLE; /* a window that is too large, more often than not */
	if (pdu->status == STATUS_DELIVERY_FAILURE) {
		uint32_t reason = smpp_tlv_number(pdu, TAG_DELIVERY_FAILURE_REASON, UINT32_MAX);
		if (reason == 1 || reason == 2)
			return SMPP_CLASS_PERMANENT;
		return reason == 0 || reason == 3 ? SMPP_CLASS_TRANSIENT : SMPP_CLASS_AMBIGUOUS;
	}
	/* Of a submit they say nothing clear. */
	if (class == SMPP_CLASS_BIND || class == SMPP_CLASS_OPERATION)
		return SMPP_CLASS_AMBIGUOUS;
	return class;
}

/* Later, each time later, but not for ever. */
static void put_off(struct outcome *outcome, unsigned attempts, unsigned tries)
{
	if (attempts >= tries) {
		char text[OUTCOME_TEXT_MAX];
		memcpy(text, outcome->text, sizeof text);
		snprintf(outcome->text, sizeof outcome->text, "given up after %u attempts: %.110s",
		    attempts, text);
		outcome->verdict = VERDICT_REJECTED;
		return;
	}
	outcome->verdict = VERDICT_DEFERRED;
	outcome->retry_ms = RETRY_FIRST_MS;
	for (unsigned i = 1; i < attempts && outcome->retry_ms < RETRY_MOST_MS; i++)
		outcome->retry_ms *= 2;
	if (outcome->retry_ms > RETRY_MOST_MS)
		outcome->retry_ms = RETRY_MOST_MS;
}

/* Printable ASCII of what a peer wrote. */
static void print(char *out, size_t room, const char *text)
{
	snprintf(out, room, "%.*s", (int)room - 1, text);
	for (; *out; out++)
		if (*out < ' ' || *out > '~')
			*out = '?';
}

struct outcome smpp_outcome(const struct smpp_pdu *pdu, const struct message *message)
{
	struct outcome outcome = { .code = pdu->status };
	const enum smpp_class class = class_of(pdu);
	if (class == SMPP_CLASS_DONE) {
		outcome.verdict = VERDICT_SENT;
		print(outcome.network_id, sizeof outcome.network_id, pdu->message_id);
		return outcome;
	}
	smpp_status_text(outcome.text, sizeof outcome.text, pdu->status);
	switch (class) {
	case SMPP_CLASS_PERMANENT:
		outcome.verdict = VERDICT_REJECTED;
		break;
	case SMPP_CLASS_THROTTLE:
		outcome.verdict = VERDICT_DEFERRED;
		outcome.untried = true;
		outcome.retry_ms = outcome.hold_ms = THROTTLE_MS;
		break;
	case SMPP_CLASS_SESSION:
		outcome.verdict = VERDICT_DEFERRED;
		outcome.untried = true;
		break;
	case SMPP_CLASS_TRANSIENT:
		put_off(&outcome, message->attempts, TRANSIENT_TRIES);
		break;
	default:
		put_off(&outcome, message->attempts, AMBIGUOUS_TRIES);
	}
	return outcome;
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
	print(verbatim, sizeof verbatim, from->error_text);
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

bool smpp_read_receipt(const struct smpp_options *options, const struct smpp_pdu *pdu,
    const struct smpp_receipt *from, struct receipt *to)
{
	*to = (struct receipt){ .code = from->error, .done_at = from->done_at,
		.status = from->state < STATES ? states[from->state].status : STATUS_SENT };
	if (!*from->id || (!from->state && !*from->word))
		return false;
	if (pdu->esm_class & SMPP_ESM_NOTIFICATION && !(pdu->esm_class & SMPP_ESM_RECEIPT))
		to->status = STATUS_SENT; /* intermediate, whatever it says */
	print(to->network_id, sizeof to->network_id, from->id);
	print(to->word, sizeof to->word, from->word);
	copy_digits(to->recipient, sizeof to->recipient, pdu->source.digits);
	if (to->status == STATUS_UNDELIVERED)
		tell_failure(from, to);

	char id[NETWORK_ID_MAX];
	print(id, sizeof id, from->text_id);
	add_alternate(to, id);
	if (options->receipt_ids == SMPP_IDS_SAME)
		return true;
	if (smpp_id_hex_to_decimal(id, sizeof id, to->network_id))
		add_alternate(to, id);
	if (smpp_id_decimal_to_hex(id, sizeof id, to->network_id))
		add_alternate(to, id);
	return true;
}

/* Inwards: messages. */

enum charset { OCTETS, GSM7, ASCII, LATIN1, UCS2 };

/* SMPP's own table below 0x10, above it the groups of 3GPP TS 23.038. */
static enum charset charset_of(uint8_t data_coding)
{
	static const enum charset own[16] = {
		[0x00] = GSM7, [0x01] = ASCII, [0x03] = LATIN1, [0x08] = UCS2,
	};
	static const enum charset general[4] = { GSM7, OCTETS, UCS2, OCTETS };
	const unsigned group = data_coding >> 4;
	if (group == 0x0)
		return own[data_coding];
	if (group == 0x1 || group == 0x4 || group == 0x5) /* class; automatic deletion */
		return general[data_coding >> 2 & 3];
	if (group == 0xC || group == 0xD) /* message waiting */
		return GSM7;
	if (group == 0xE)
		return UCS2;
	if (group == 0xF)
		return data_coding & 0x04 ? OCTETS : GSM7;
	return OCTETS;
}

/* Octets that are each a character, up to `last`; others, and NUL, show as U+FFFD. */
static void octets_to_utf8(char *out, const uint8_t *at, size_t len, uint8_t last)
{
	for (size_t i = 0; i < len; i++)
		out += utf8_put(out, at[i] == 0 || at[i] > last ? 0xFFFD : at[i]);
	*out = '\0';
}

static char *decode(enum charset charset, const uint8_t *at, size_t len)
{
	const size_t room = len * 3 + 4; /* U+FFFD is the longest that an octet becomes */
	char *text = malloc(room);
	if (!text)
		abort();
	if (charset == GSM7)
		gsm7_to_utf8(text, room, at, len);
	else if (charset == UCS2)
		ucs2_to_utf8(text, room, at, len);
	else
		octets_to_utf8(text, at, len, charset == ASCII ? 0x7F : 0xFF);
	return text;
}

static void concat(struct inbound *to, unsigned reference, unsigned parts, unsigned number)
{
	if (parts < 2 || parts > UINT8_MAX || number < 1 || number > parts)
		return;
	to->concat_ref = (uint16_t)reference;
	to->concat_parts = (uint8_t)parts;
	to->concat_part = (uint8_t)number;
}

/* The elements of a header whose length octet has been checked. */
static void read_header(struct inbound *to)
{
	const uint8_t *at = to->udh.at + 1, *end = to->udh.at + to->udh.len;
	while (end - at >= 2 && end - at >= 2 + at[1]) {
		if (at[0] == 0x00 && at[1] == 3)
			concat(to, at[2], at[3], at[4]);
		else if (at[0] == 0x08 && at[1] == 4)
			concat(to, (unsigned)at[2] << 8 | at[3], at[4], at[5]);
		at += 2 + at[1];
	}
}

static void read_sar(const struct smpp_pdu *pdu, struct inbound *to)
{
	concat(to, smpp_tlv_number(pdu, SMPP_TAG_SAR_MSG_REF_NUM, 0),
	    smpp_tlv_number(pdu, SMPP_TAG_SAR_TOTAL_SEGMENTS, 0),
	    smpp_tlv_number(pdu, SMPP_TAG_SAR_SEGMENT_SEQNUM, 0));
}

static void read_address(char out[ADDRESS_MAX], const struct smpp_address *from)
{
	char text[sizeof from->digits];
	print(text, sizeof text, from->digits);
	const char *plus = from->ton == TON_INTERNATIONAL && *text && *text != '+' ? "+" : "";
	snprintf(out, ADDRESS_MAX, "%s%.*s", plus, ADDRESS_MAX - 2, text);
}

char *smpp_read_inbound(const struct smpp_pdu *pdu, struct inbound *to)
{
	*to = (struct inbound){ .received_at = time(NULL) };
	read_address(to->sender, &pdu->source);
	read_address(to->recipient, &pdu->destination);
	size_t len;
	const uint8_t *at = smpp_text(pdu, &len);
	enum charset charset = charset_of(pdu->data_coding);
	if (pdu->esm_class & SMPP_ESM_UDHI && len > 0) {
		if (1 + (size_t)at[0] <= len) {
			to->udh = (struct blob){ .at = at, .len = 1 + (size_t)at[0] };
			read_header(to);
			at += to->udh.len;
			len -= to->udh.len;
		} else {
			charset = OCTETS; /* the header lies about its length: keep all of it */
		}
	}
	if (!to->concat_parts)
		read_sar(pdu, to);
	to->coding = charset == OCTETS ? CODING_BINARY : charset == UCS2 ? CODING_UCS2 : CODING_GSM7;
	if (charset == OCTETS) {
		to->data = (struct blob){ .at = at, .len = len };
		return NULL;
	}
	char *text = decode(charset, at, len);
	to->body = text;
	return text;
}
