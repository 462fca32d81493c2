/* SPDX-License-Identifier: Apache-2.0 */
/*
 * modem_pdu.c - a part as a SUBMIT, or as a text where the modem knows no other way.
 *
 * No I/O and no state. What cannot be said is refused in words, never left out; but for the
 * sender: the network shows the SIM's number, whatever the row says. In text mode the modem makes
 * the SUBMIT, by AT+CSMP; strings are then characters that survive a terminal, or hex.
 */
#include "modem_pdu.h"

#include "../gateway/asked.h"
#include "../sms/alphabet.h"
#include "../sms/tpdu.h"
#include "modem.h"
#include "refuse.h"

#include <jansson.h>

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum {
	ESM_HEADER = 0x40, ESM_REPLY_PATH = 0x80, /* of option esm_class, as SMPP has them */
	OUTCOMES = 3,                   /* of registered_delivery: the bits that ask for a final receipt */
	TYPE_SUBMIT = 1, REJECT_DUPLICATES = 0x04, RELATIVE = 0x10, REPORT = 0x20, /* its first octet */
	TOA_INTERNATIONAL = 145, TOA_OTHER = 129,
};

/* What of it is no field of a part. */
struct wishes { bool reject_duplicates, reply_path; char smsc[ADDRESS_TEXT_MAX]; };

struct address_rules modem_address_rules(const struct modem_options *options)
{
	return addresses_rules(&options->addresses, TON_UNKNOWN, NPI_E164, TON_INTERNATIONAL);
}

/* Names in option tlvs. */

static bool read_switch(const char *name, json_t *value, bool *to, struct outcome *outcome)
{
	if (!json_is_boolean(value) && !(json_is_integer(value) && json_integer_value(value) >> 1 == 0))
		return refuse(outcome, "option \"tlvs\": \"%.40s\" is true, false, 1 or 0", name);
	*to = json_is_true(value) || (json_is_integer(value) && json_integer_value(value) == 1);
	return true;
}

static bool read_wish(const struct asked_tlv *tlv, struct wishes *wishes, struct outcome *outcome)
{
	if (!tlv->name)
		return refuse(outcome, "option \"tlvs\": 0x%04X is a parameter of SMPP, which a modem lacks",
		    (unsigned)tlv->tag);
	json_t *value = json_loads(tlv->json, JSON_DECODE_ANY, NULL);
	bool good;
	if (strcmp(tlv->name, "reject_duplicates") == 0) {
		good = read_switch(tlv->name, value, &wishes->reject_duplicates, outcome);
	} else if (strcmp(tlv->name, "reply_path") == 0) {
		good = read_switch(tlv->name, value, &wishes->reply_path, outcome);
	} else if (strcmp(tlv->name, "smsc") == 0) {
		const char *text = json_string_value(value);
		good = text && *text && strlen(text) < sizeof wishes->smsc;
		if (good)
			snprintf(wishes->smsc, sizeof wishes->smsc, "%s", text);
		else
			refuse(outcome, "option \"tlvs\": \"smsc\" is the number of a message centre, in a text");
	} else {
		good = refuse(outcome, "option \"tlvs\": a modem has no \"%.40s\": it has reject_duplicates, "
		    "reply_path, smsc", tlv->name);
	}
	json_decref(value);
	return good;
}

static bool read_wishes(const struct modem_options *options, const struct asked *asked,
    struct wishes *wishes, struct outcome *outcome)
{
	*wishes = (struct wishes){ .reply_path = asked->esm_class > 0 && asked->esm_class & ESM_REPLY_PATH };
	snprintf(wishes->smsc, sizeof wishes->smsc, "%s", options->smsc);
	for (unsigned i = 0; i < asked->ntlvs; i++)
		if (!read_wish(&asked->tlvs[i], wishes, outcome))
			return false;
	return true;
}

/* What a SUBMIT has no field for. */
static bool can_be_said(const struct message *message, int64_t now, struct outcome *outcome)
{
	const struct asked *asked = asked_of(message);
	const struct { bool there; const char *what; } strange[] = {
		{ message->ndestinations > 0, "a message to several recipients: one row for each" },
		{ asked->kind == KIND_BROADCAST, "broadcasts" },
		{ asked->kind == KIND_USSD, "USSD in a short message" },
		{ asked->operation == OPERATION_DATA, "data_sm" },
		{ asked->replace_if_present, "option replace_if_present: see option replace" },
		{ asked->default_message > 0, "option default_message" },
		{ asked->service_type != NULL, "option service_type" },
		{ asked->network_priority > 0, "option priority" },
		{ asked->schedule_at > now, "option schedule: see outbox.send_after" },
		{ asked->esm_class > 0 && asked->esm_class & ~(ESM_HEADER | ESM_REPLY_PATH),
		    "bits of option esm_class but 128" },
		{ asked->source_ton >= 0 || asked->source_npi >= 0, "options source_ton and source_npi" },
		{ message->nparts > 1 && message->concat != CONCAT_UDH8 && message->concat != CONCAT_UDH16,
		    "parts without a header: use concat udh8 or udh16" },
	};
	for (size_t i = 0; i < sizeof strange / sizeof *strange; i++)
		if (strange[i].there)
			return refuse(outcome, "a modem does not have %s", strange[i].what);
	return true;
}

/* Fields. */

static bool put_recipient(const struct modem_way *way, const struct message *message, struct tpdu *tpdu,
    struct outcome *outcome)
{
	const struct address_rules rules = modem_address_rules(way->options);
	const struct asked *asked = asked_of(message);
	*outcome = (struct outcome){ .verdict = VERDICT_REJECTED };
	if (!address_recipient(&tpdu->address, message->recipient, &rules, outcome->text, sizeof outcome->text))
		return false;
	if (asked->dest_ton == TON_ALPHANUMERIC || asked->dest_ton > 7 || asked->dest_npi > 15)
		return refuse(outcome, "options dest_ton and dest_npi: a recipient is a number, of a type below 5");
	if (asked->dest_ton >= 0)
		tpdu->address.ton = (uint8_t)asked->dest_ton;
	if (asked->dest_npi >= 0)
		tpdu->address.npi = (uint8_t)asked->dest_npi;
	return true;
}

/* Its end is a period from now on, rounded up to the steps that there are. */
static bool put_validity(const struct modem_way *way, const struct message *message, struct tpdu *tpdu,
    struct outcome *outcome)
{
	const int64_t end = asked_end(message, way->now);
	if (end <= 0 || way->plain)
		return true;
	if (end <= way->now) {
		refuse(outcome, "its validity ended before it was sent");
		outcome->verdict = VERDICT_EXPIRED;
		return false;
	}
	tpdu->validity_format = TPDU_VALIDITY_RELATIVE;
	tpdu->validity[0] = tpdu_relative((uint64_t)(end - way->now));
	return true;
}

static bool put_data(const struct part *part, struct tpdu *tpdu, struct outcome *outcome)
{
	static const enum charset charsets[] = { [CODING_GSM7] = CHARSET_GSM7,
		[CODING_UCS2] = CHARSET_UCS2, [CODING_BINARY] = CHARSET_OCTETS };
	struct tpdu_data *data = &tpdu->data;
	const size_t header = part->udh_len, len = part->len - header;
	tpdu->data_coding = part->message->data_coding;
	const enum charset charset = dcs_read(tpdu->data_coding).charset;
	const bool raw = asked_of(part->message)->kind == KIND_RAW;
	if (raw ? charset == CHARSET_GSM7 : charset != charsets[part->coding])
		return refuse(outcome, "data_coding %u is not for this text: over a modem it is that of 3GPP "
		    "TS 23.038: 0 and 16 to 19, 4 for octets, 8 for UCS-2, ...", tpdu->data_coding);
	if (header > sizeof data->header || len > sizeof data->text ||
	    (charset != CHARSET_GSM7 && part->len > PART_OCTETS))
		return refuse(outcome, "the part has %u octets, and does not fit one short message: use concat "
		    "udh8 or udh16", (unsigned)part->len);
	if (header)
		memcpy(data->header, part->octets, header);
	if (len)
		memcpy(data->text, part->octets + header, len);
	data->header_len = (uint8_t)header;
	data->text_len = (uint8_t)len;
	return true;
}

/* Modems ask for all final reports or for none; those on the way come with them, if at all. */
static bool wants_report(const struct modem_options *options, const struct message *message)
{
	const int asked = asked_of(message)->registered_delivery;
	return options->reports && (asked >= 0 ? (asked & OUTCOMES) != 0 : message->wants_receipt);
}

/* PDU mode. */

static bool write_pdu(const struct modem_way *way, const struct wishes *wishes, const struct tpdu *tpdu,
    struct modem_submit *to, struct outcome *outcome)
{
	const struct address_rules rules = modem_address_rules(way->options);
	struct address centre = { .ton = TON_UNKNOWN };
	char why[OUTCOME_TEXT_MAX];
	if (*wishes->smsc && !address_recipient(&centre, wishes->smsc, &rules, why, sizeof why))
		return refuse(outcome, "smsc \"%.30s\" is no number of a message centre", wishes->smsc);
	const size_t n = tpdu_line(to->payload, sizeof to->payload, &centre, tpdu);
	if (n == 0)
		return refuse(outcome, "it does not fit a SUBMIT: the header or the text is too long, or smsc "
		    "\"%.30s\" is no number of a message centre", wishes->smsc);
	snprintf(to->argument, sizeof to->argument, "%zu", n);
	return true;
}

/* Text mode. */

static void put_hex(char *out, size_t room, const uint8_t *at, size_t len)
{
	size_t n = 0;
	out[0] = '\0';
	for (size_t i = 0; i < len && n + 3 <= room; i++)
		n += (size_t)snprintf(out + n, room - n, "%02X", at[i]);
}

/* A string, in hex where the modem wants that. */
static void put_string(const struct modem_way *way, const char *text, char *out, size_t room)
{
	uint8_t octets[2 * TPDU_TEXT_MAX];
	size_t n;
	if (!way->ucs2_strings) {
		snprintf(out, room, "%s", text);
		return;
	}
	ucs2_from_utf8(octets, sizeof octets, &n, text, strlen(text));
	put_hex(out, room, octets, n);
}

/* As characters: those of GSM 7-bit that are the same octets in ASCII, and do nothing to a line. */
static bool put_characters(const struct tpdu *tpdu, struct modem_submit *to, struct outcome *outcome)
{
	for (size_t i = 0; i < tpdu->data.text_len; i++) {
		const uint8_t c = tpdu->data.text[i];
		const bool same = (c >= ' ' && c <= 'Z' && c != 0x24 && c != 0x40) || (c >= 'a' && c <= 'z');
		if (!same && c != '\n')
			return refuse(outcome, "the text has a character that this modem cannot be given in text "
			    "mode: use encoding ucs2, or another modem");
		to->payload[i] = (char)c;
	}
	to->payload[tpdu->data.text_len] = '\0';
	return true;
}

static bool put_text(const struct modem_way *way, const struct tpdu *tpdu, struct modem_submit *to,
    struct outcome *outcome)
{
	const struct tpdu_data *data = &tpdu->data;
	char text[TPDU_TEXT_MAX * 4 + 1];
	if (dcs_read(tpdu->data_coding).charset != CHARSET_GSM7) {
		uint8_t octets[2 * TPDU_DATA_MAX];
		memcpy(octets, data->header, data->header_len);
		memcpy(octets + data->header_len, data->text, data->text_len);
		put_hex(to->payload, sizeof to->payload, octets, (size_t)data->header_len + data->text_len);
		return true;
	}
	if (data->header_len)
		return refuse(outcome, "this modem knows text mode alone, which has no headers with GSM 7-bit: "
		    "long texts, ports and national tables need encoding ucs2, or another modem");
	if (!way->ucs2_strings)
		return put_characters(tpdu, to, outcome);
	gsm7_to_utf8(text, sizeof text, data->text, data->text_len);
	put_string(way, text, to->payload, sizeof to->payload);
	return true;
}

static bool write_text(const struct modem_way *way, const struct wishes *wishes, const struct tpdu *tpdu,
    struct modem_submit *to, struct outcome *outcome)
{
	enum { VALIDITY_USUAL = 167 };  /* a day; AT+CSMP wants one */
	const bool abroad = tpdu->address.ton == TON_INTERNATIONAL;
	char number[ADDRESS_TEXT_MAX + 1], string[4 * sizeof number + 1];
	if (wishes->reply_path || strcmp(wishes->smsc, way->options->smsc) != 0)
		return refuse(outcome, "this modem knows text mode alone, which has no reply_path and no smsc in a row");
	snprintf(number, sizeof number, "%s%s", abroad ? "+" : "", tpdu->address.text);
	put_string(way, number, string, sizeof string);
	snprintf(to->argument, sizeof to->argument, "\"%.100s\",%d", string, abroad ? TOA_INTERNATIONAL : TOA_OTHER);
	const unsigned first = TYPE_SUBMIT | RELATIVE | (tpdu->report ? REPORT : 0u) |
	    (tpdu->reject_duplicates ? REJECT_DUPLICATES : 0u) | (tpdu->data.header_len ? ESM_HEADER : 0u);
	snprintf(to->parameters, sizeof to->parameters, "AT+CSMP=%u,%u,%u,%u", first,
	    (unsigned)(to->has_validity ? tpdu->validity[0] : VALIDITY_USUAL), (unsigned)tpdu->protocol_id,
	    (unsigned)tpdu->data_coding);
	return put_text(way, tpdu, to, outcome);
}

bool modem_submit(const struct modem_way *way, const struct part *part, struct modem_submit *to,
    struct outcome *outcome)
{
	const struct message *message = part->message;
	const struct asked *asked = asked_of(message);
	struct tpdu tpdu = { .type = TPDU_SUBMIT, .cause = -1, .protocol_id = asked_protocol(asked),
		.report = wants_report(way->options, message) };
	struct wishes wishes;
	*to = (struct modem_submit){ .wants_report = tpdu.report };
	if (!can_be_said(message, way->now, outcome) || !read_wishes(way->options, asked, &wishes, outcome) ||
	    !put_recipient(way, message, &tpdu, outcome) || !put_validity(way, message, &tpdu, outcome) ||
	    !put_data(part, &tpdu, outcome))
		return false;
	tpdu.reject_duplicates = wishes.reject_duplicates;
	tpdu.reply_path = wishes.reply_path;
	to->has_validity = tpdu.validity_format == TPDU_VALIDITY_RELATIVE;
	snprintf(to->recipient, sizeof to->recipient, "%s", tpdu.address.text);
	return way->text_mode ? write_text(way, &wishes, &tpdu, to, outcome)
	    : write_pdu(way, &wishes, &tpdu, to, outcome);
}
