/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cimd2_map.c - a part as submit message (operation 03).
 *
 * No I/O and no state. What the packet has no parameter for is refused in words, never left out:
 * the row would be something else. Parameters that are not needed are not there, since accounts may
 * be barred from each (errors 300 to 324).
 */
#include "cimd2.h"

#include "../gateway/asked.h"
#include "../sms/dcs.h"
#include "cimd2_text.h"
#include "refuse.h"

#include <jansson.h>

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum {
	SEPTETS_MAX = 160,
	DCS_RESERVED_FIRST = 0x80, DCS_RESERVED_LAST = 0xBF,
	ESM_REPLY_PATH = 0x80, ESM_HEADER = 0x40,
	NAME_MAX_CHARACTERS = 11,
};

/* Addresses. */

static struct address_rules rules_of(const struct cimd2_options *options)
{
	/* A plus is said for what has one, or what stands for it: nothing is known of the rest. */
	return addresses_rules(&options->addresses, TON_NETWORK, NPI_UNKNOWN, TON_UNKNOWN);
}

/* Digits, behind a plus when it is international (reference, 6). False: it has others. */
static bool write_number(const struct address *address, char *out, size_t room)
{
	snprintf(out, room, "%s%.20s", address->ton == TON_INTERNATIONAL ? "+" : "", address->text);
	return strspn(address->text, "0123456789-") == strlen(address->text);
}

bool cimd2_put_destination(const struct cimd2_options *options, const struct message *message,
    struct cimd2_request *request, struct outcome *outcome)
{
	const struct address_rules rules = rules_of(options);
	const struct asked *asked = asked_of(message);
	struct address address;
	*outcome = (struct outcome){ .verdict = VERDICT_REJECTED };
	if (!address_recipient(&address, message->recipient, &rules, outcome->text, sizeof outcome->text))
		return false;
	if (asked->dest_ton >= 0)
		address.ton = (uint8_t)asked->dest_ton;
	if (!write_number(&address, request->destination, sizeof request->destination))
		return refuse(outcome, "recipient \"%.40s\": an address of CIMD2 has digits alone, no * and #",
		    message->recipient);
	cimd2_add_text(&request->pdu, CIMD2_DESTINATION, request->destination);
	return true;
}

static bool put_name(const struct address *address, struct cimd2_request *request,
    struct outcome *outcome)
{
	for (const char *at = address->text; *at; at++)
		if (*at < ' ' || *at > '~')
			return refuse(outcome, "sender \"%.40s\": a name in CIMD2 is of ASCII alone", address->text);
	if (strlen(address->text) > NAME_MAX_CHARACTERS)
		return refuse(outcome, "sender \"%.40s\" has more than 11 characters", address->text);
	snprintf(request->originator, sizeof request->originator, "%s", address->text);
	cimd2_add_text(&request->pdu, CIMD2_ALPHANUMERIC, request->originator);
	return true;
}

/* A number is appended to the account's own, so what that says already is left out. */
static bool put_subaddress(const struct cimd2_options *options, const struct address *address,
    struct cimd2_request *request, struct outcome *outcome)
{
	const size_t len = strlen(options->sender_prefix);
	if (options->sender_numbers == CIMD2_SENDER_NEVER)
		return true;
	if (!write_number(address, request->originator, sizeof request->originator))
		return refuse(outcome, "sender \"%.40s\": an address of CIMD2 has digits alone, no * and #",
		    address->text);
	if (options->sender_numbers == CIMD2_SENDER_STRIP) {
		if (strncmp(address->text, options->sender_prefix, len) != 0)
			return refuse(outcome, "sender \"%.40s\" does not begin with the account's own %s "
			    "(sender_prefix)", address->text, options->sender_prefix);
		snprintf(request->originator, sizeof request->originator, "%s", address->text + len);
	}
	if (*request->originator)
		cimd2_add_text(&request->pdu, CIMD2_ORIGINATOR, request->originator);
	return true;
}

static bool put_sender(const struct cimd2_options *options, const struct message *message,
    struct cimd2_request *request, struct outcome *outcome)
{
	const struct address_rules rules = rules_of(options);
	const struct asked *asked = asked_of(message);
	struct address address;
	*outcome = (struct outcome){ .verdict = VERDICT_REJECTED };
	if (!address_sender(&address, message->sender, &rules, outcome->text, sizeof outcome->text))
		return false;
	if (asked->source_ton >= 0)
		address.ton = (uint8_t)asked->source_ton;
	if (!*address.text)
		return true;
	return address.ton == TON_ALPHANUMERIC ? put_name(&address, request, outcome)
	    : put_subaddress(options, &address, request, outcome);
}

/* The text. */

/* Data codings are those of 3GPP TS 23.038, and its reserved ones are refused by centres with
 * 304. Kind raw is what its row says. */
static bool put_coding(const struct part *part, struct cimd2_request *request, struct outcome *outcome)
{
	static const enum charset charsets[] = { [CODING_GSM7] = CHARSET_GSM7,
		[CODING_UCS2] = CHARSET_UCS2, [CODING_BINARY] = CHARSET_OCTETS };
	const struct message *message = part->message;
	const uint8_t octet = message->data_coding;
	if ((octet >= DCS_RESERVED_FIRST && octet <= DCS_RESERVED_LAST) ||
	    (asked_of(message)->kind != KIND_RAW && dcs_read(octet).charset != charsets[part->coding]))
		return refuse(outcome, "data_coding %u is not for this text over CIMD2, which has the codings "
		    "of 3GPP TS 23.038: 0 and 16 to 19, 4 for octets, 8 for UCS-2, ...", octet);
	if (octet)
		cimd2_add_number(&request->pdu, CIMD2_CODING, octet);
	return true;
}

/* Of kind raw the header is in the data. False: it is longer than these. */
static bool header_of(const struct part *part, size_t *header)
{
	const struct asked *asked = asked_of(part->message);
	*header = part->udh_len;
	if (asked->kind != KIND_RAW || asked->esm_class <= 0 || !(asked->esm_class & ESM_HEADER) || !part->len)
		return true;
	*header = 1u + part->octets[0];
	return *header <= part->len;
}

static bool put_text(const struct cimd2_options *options, const struct part *part,
    struct cimd2_request *request, struct outcome *outcome)
{
	size_t header;
	if (!header_of(part, &header) || header > PART_OCTETS || part->len - header > SEPTETS_MAX ||
	    (part->coding != CODING_GSM7 && part->len > PART_OCTETS))
		return refuse(outcome, "the text does not fit one short message");
	const uint8_t *at = part->octets + header;
	const size_t len = part->len - header;
	if (header) {
		cimd2_write_hex(request->header, part->octets, header);
		cimd2_add(&request->pdu, CIMD2_HEADER,
		    (struct blob){ (const uint8_t *)request->header, 2 * header });
	}
	if (!len && header)
		return true;
	if (part->coding == CODING_GSM7) {
		const size_t n = cimd2_text_write((uint8_t *)request->data, sizeof request->data, at, len,
		    (enum cimd2_width)options->link_width);
		cimd2_add(&request->pdu, CIMD2_TEXT, (struct blob){ (const uint8_t *)request->data, n });
		return true;
	}
	cimd2_write_hex(request->data, at, len);
	cimd2_add(&request->pdu, CIMD2_BINARY, (struct blob){ (const uint8_t *)request->data, 2 * len });
	return true;
}

/* Times. */

static bool put_times(const struct cimd2_options *options, int32_t zone, const struct message *message,
    struct cimd2_request *request, struct outcome *outcome)
{
	const int64_t now = time(NULL), end = asked_end(message, now), first = asked_of(message)->schedule_at;
	const bool relative = options->validity_format == CIMD2_VALIDITY_IS_RELATIVE;
	struct cimd2_pdu *pdu = &request->pdu;
	enum { LONGEST = 255 };
	if (end > 0 && relative) {
		const int period = cimd2_period(end - now);
		cimd2_add_number(pdu, CIMD2_VALIDITY_RELATIVE, period < 0 ? LONGEST : period);
	} else if (end > 0) {
		cimd2_write_time(request->validity, end, zone);
		cimd2_add_text(pdu, CIMD2_VALIDITY_ABSOLUTE, request->validity);
	}
	if (first <= now)
		return true;
	if (end > 0 && first >= end)
		return refuse(outcome, "option \"schedule\" is not before the end of its validity");
	if (relative && cimd2_period(first - now) < 0)
		return refuse(outcome, "option \"schedule\" is too far away");
	if (relative) {
		cimd2_add_number(pdu, CIMD2_FIRST_RELATIVE, cimd2_period(first - now));
	} else {
		cimd2_write_time(request->schedule, first, zone);
		cimd2_add_text(pdu, CIMD2_FIRST_ABSOLUTE, request->schedule);
	}
	return true;
}

/* Everything else. */

/* Bits of 056 (reference, 8) by those of registered_delivery (SMPP 3.4, 5.2.17). */
static long reports_of(const struct cimd2_options *options, const struct message *message)
{
	enum { TEMPORARY = 1, EXPIRED = 2, FAILED = 4, SUCCESSFUL = 8 };
	enum { FAILURE_ALONE = 2, SUCCESS_ALONE = 3, OUTCOMES = 3, NOTIFICATIONS = 0x10 };
	const int octet = asked_of(message)->registered_delivery;
	if (octet < 0)
		return message->wants_receipt ? options->report_mask | (options->notifications ? TEMPORARY : 0) : 0;
	const long on_the_way = octet & NOTIFICATIONS ? TEMPORARY : 0;
	switch (octet & OUTCOMES) {
	case 0: return on_the_way;
	case FAILURE_ALONE: return on_the_way | EXPIRED | FAILED | (options->report_mask & ~SUCCESSFUL);
	case SUCCESS_ALONE: return on_the_way | SUCCESSFUL;
	default: return on_the_way | options->report_mask;
	}
}

/* Names in option tlvs that this protocol gives a meaning. */
static const struct { const char *name; unsigned code; long max; } names[] = {
	{ "tariff_class", CIMD2_TARIFF_CLASS, 99 }, { "service_description", CIMD2_SERVICE_DESCRIPTION, 9 },
	{ "reply_path", CIMD2_REPLY_PATH, 1 }, { "cancel_enabled", CIMD2_CANCEL_ENABLED, 1 },
	{ "priority", CIMD2_PRIORITY, 9 }, { "status_report_request", CIMD2_REPORT_REQUEST, 255 },
};
enum { NAMES = sizeof names / sizeof names[0] };

/* A number, or digits in a text. */
static bool read_value(const char *json, long max, long *number)
{
	json_t *value = json_loads(json, JSON_DECODE_ANY, NULL);
	bool good = false;
	if (json_is_integer(value)) {
		*number = (long)json_integer_value(value);
		good = *number >= 0 && *number <= max;
	} else if (json_is_string(value)) {
		const char *text = json_string_value(value);
		good = cimd2_read_number(&(struct blob){ (const uint8_t *)text, strlen(text) }, max, number);
	}
	json_decref(value);
	return good;
}

static bool put_named(const struct asked_tlv *tlv, struct cimd2_pdu *pdu, struct outcome *outcome)
{
	long number;
	if (!tlv->name)
		return refuse(outcome, "option \"tlvs\": 0x%04X is a parameter of SMPP, which CIMD2 lacks", tlv->tag);
	for (size_t i = 0; i < NAMES; i++) {
		if (strcmp(names[i].name, tlv->name) != 0)
			continue;
		if (!read_value(tlv->json, names[i].max, &number))
			return refuse(outcome, "option \"tlvs\": \"%s\" is a number from 0 to %ld", tlv->name,
			    names[i].max);
		cimd2_add_number(pdu, names[i].code, number);
		return true;
	}
	return refuse(outcome, "option \"tlvs\": CIMD2 has no \"%.40s\": it has tariff_class, "
	    "service_description, reply_path, cancel_enabled, priority, status_report_request", tlv->name);
}

/* Service description is what comes nearest to a service type. */
static bool put_service(const struct asked *asked, struct cimd2_pdu *pdu, struct outcome *outcome)
{
	const char *type = asked->service_type;
	if (!type || cimd2_value(pdu, CIMD2_SERVICE_DESCRIPTION))
		return true;
	if (!isdigit((unsigned char)type[0]) || type[1])
		return refuse(outcome, "option \"service_type\": over CIMD2 it is the service description, 0 to 9");
	cimd2_add_number(pdu, CIMD2_SERVICE_DESCRIPTION, type[0] - '0');
	return true;
}

/* What neither the row's tlvs nor another option has said yet, and is known. */
static void put_default(struct cimd2_pdu *pdu, unsigned code, long number)
{
	if (number >= 0 && !cimd2_value(pdu, code))
		cimd2_add_number(pdu, code, number);
}

static bool put_rest(const struct cimd2_options *options, const struct part *part,
    struct cimd2_request *request, struct outcome *outcome)
{
	static const int8_t priorities[] = { 7, 5, 3, 1 };
	const struct message *message = part->message;
	const struct asked *asked = asked_of(message);
	struct cimd2_pdu *pdu = &request->pdu;
	for (unsigned i = 0; i < asked->ntlvs; i++)
		if (!put_named(&asked->tlvs[i], pdu, outcome))
			return false;
	if (!put_service(asked, pdu, outcome))
		return false;
	const bool scheduled = cimd2_value(pdu, CIMD2_FIRST_RELATIVE) || cimd2_value(pdu, CIMD2_FIRST_ABSOLUTE);
	if (options->more_messages && part->number < message->nparts && !scheduled)
		cimd2_add_number(pdu, CIMD2_MORE_MESSAGES, 1);
	const int protocol = asked_protocol(asked);
	put_default(pdu, CIMD2_PROTOCOL_ID, protocol ? protocol : -1);
	put_default(pdu, CIMD2_REPLY_PATH, asked->esm_class > 0 && asked->esm_class & ESM_REPLY_PATH ? 1
	    : options->reply_path);
	if (!options->no_dlr)
		put_default(pdu, CIMD2_REPORT_REQUEST, reports_of(options, message));
	put_default(pdu, CIMD2_CANCEL_ENABLED, options->cancel_enabled ? 1 : -1);
	put_default(pdu, CIMD2_TARIFF_CLASS, options->tariff_class);
	put_default(pdu, CIMD2_SERVICE_DESCRIPTION, options->service_description);
	put_default(pdu, CIMD2_PRIORITY, asked->network_priority >= 0 ? priorities[asked->network_priority & 3] : -1);
	return true;
}

/* What there is no way to say. NULL: nothing. */
static const char *lacking(const struct message *message)
{
	const struct asked *asked = asked_of(message);
	return message->ndestinations ? "one message to several recipients"
	    : asked->kind == KIND_USSD ? "kind ussd"
	    : asked->kind == KIND_BROADCAST ? "kind broadcast"
	    : asked->operation == OPERATION_DATA ? "option \"operation\""
	    : asked->replace_if_present ? "option \"replace_if_present\""
	    : asked->default_message > 0 ? "option \"default_message\""
	    : asked->esm_class > 0 && asked->esm_class & ~(ESM_REPLY_PATH | ESM_HEADER)
	    ? "option \"esm_class\" but for 64 and 128" : NULL;
}

bool cimd2_submit(const struct cimd2_options *options, int32_t zone, const struct part *part,
    struct cimd2_request *request, struct outcome *outcome)
{
	const struct message *message = part->message;
	const char *lacks = lacking(message);
	request->pdu.operation = CIMD2_SUBMIT;
	request->pdu.number = 0;
	request->pdu.nparameters = request->pdu.ndigits = 0;
	if (lacks)
		return refuse(outcome, "CIMD2 has no way to say it: %s", lacks);
	return cimd2_put_destination(options, message, request, outcome) &&
	    put_sender(options, message, request, outcome) && put_coding(part, request, outcome) &&
	    put_text(options, part, request, outcome) &&
	    put_times(options, zone, message, request, outcome) &&
	    put_rest(options, part, request, outcome);
}
