/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ucp_map.c - a part of a message as operation 51.
 *
 * No I/O and no state. What cannot be said in the fields of an operation is refused in words,
 * never left out in silence or sent malformed. Where the texts of the fields stand is struct
 * ucp_written. The other way is in ucp_inbound.c, results become outcomes in ucp_outcome.c.
 */
#include "ucp.h"

#include "../gateway/asked.h"
#include "../sms/alphabet.h"
#include "../sms/dcs.h"
#include "../sms/udh.h"
#include "refuse.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

enum {
	ADDRESS_DIGITS = 16,            /* of AdC and OAdC (4.6, 5.1) */
	NAME_SEPTETS = 11,
	ESM_UDHI = 0x40, ESM_REPLY_PATH = 0x80, /* of option esm_class, as SMPP has them */
	DN = 1, ND = 2, BN = 4,         /* NT (4.6, 5.1) */
};

static bool is_digits(const char *text)
{
	return strspn(text, "0123456789") == strlen(text);
}

/* Addresses. */

struct address_rules ucp_address_rules(const struct ucp_options *options)
{
	return addresses_rules(&options->addresses, TON_UNKNOWN, NPI_UNKNOWN, TON_UNKNOWN);
}

bool ucp_put_recipient(const struct ucp_options *options, const struct message *message,
    struct ucp_written *to, struct outcome *outcome)
{
	static const char *const signs[] = { [UCP_PLUS_00] = "00", [UCP_PLUS_STRIP] = "", [UCP_PLUS_KEEP] = "+" };
	const struct address_rules rules = ucp_address_rules(options);
	struct address address;
	*outcome = (struct outcome){ .verdict = VERDICT_REJECTED };
	if (!address_recipient(&address, message->recipient, &rules, outcome->text, sizeof outcome->text))
		return false;
	if (!is_digits(address.text))
		return refuse(outcome, "recipient \"%.40s\" has more than digits, which UCP has no room for",
		    message->recipient);
	const char *sign = address.ton == TON_INTERNATIONAL ? signs[options->plus] : "";
	if (strlen(address.text) + (*sign == '0' ? 2 : 0) > ADDRESS_DIGITS)
		return refuse(outcome, "recipient \"%.40s\" has more than %d digits%s", message->recipient,
		    ADDRESS_DIGITS, *sign == '0' ? " with 00 before it: see key plus of the link" : "");
	snprintf(to->adc, sizeof to->adc, "%s%.20s", sign, address.text);
	ucp_set(&to->pdu, UCP_ADC, to->adc);
	return true;
}

/* What it is called when the row does not say it. */
static const char *usual_sender(const struct ucp_options *options)
{
	return *options->own_number ? options->own_number : is_digits(options->username) ? options->username : "";
}

static bool put_name(const char *name, struct ucp_written *to, struct outcome *outcome)
{
	uint8_t septets[NAME_SEPTETS];
	size_t n;
	const size_t len = strlen(name);
	if (gsm7_from_utf8(septets, sizeof septets, &n, name, len) < len || !ucp_name_pack(to->oadc, septets, n))
		return refuse(outcome, "sender \"%.40s\" is no name of at most %d characters of GSM 7-bit",
		    name, NAME_SEPTETS);
	ucp_set(&to->pdu, UCP_OADC, to->oadc);
	ucp_set(&to->pdu, UCP_OTOA, UCP_OTOA_NAME);
	return true;
}

bool ucp_put_sender(const struct ucp_options *options, const struct message *message,
    struct ucp_written *to, struct outcome *outcome)
{
	const struct address_rules rules = ucp_address_rules(options);
	const int ton = asked_of(message)->source_ton;
	struct address address;
	*outcome = (struct outcome){ .verdict = VERDICT_REJECTED };
	if (!*message->sender) {
		snprintf(to->oadc, sizeof to->oadc, "%.16s", usual_sender(options));
		ucp_set(&to->pdu, UCP_OADC, to->oadc);
		return true;
	}
	if (!address_sender(&address, message->sender, &rules, outcome->text, sizeof outcome->text))
		return false;
	if (address.ton == TON_ALPHANUMERIC || ton == TON_ALPHANUMERIC)
		return put_name(address.text, to, outcome);
	if (!is_digits(address.text) || strlen(address.text) > ADDRESS_DIGITS)
		return refuse(outcome, "sender \"%.40s\" is no number of at most %d digits", message->sender,
		    ADDRESS_DIGITS);
	snprintf(to->oadc, sizeof to->oadc, "%.16s", address.text);
	ucp_set(&to->pdu, UCP_OADC, to->oadc);
	if (ton < 0 ? address.ton == TON_INTERNATIONAL : ton == TON_INTERNATIONAL)
		ucp_set(&to->pdu, UCP_OTOA, UCP_OTOA_INTERNATIONAL);
	return true;
}

/* The message. */

/* Septets as the German variant of ISO 21 has them, which is GSM 7-bit but for five characters;
 * 0: it has no such. */
static uint8_t german(uint8_t septet)
{
	switch (septet) {
	case 0x5E: return 0x5D;         /* U with two dots */
	case 0x7E: return 0x7D;         /* u with two dots */
	case 0x1E: return 0x7E;         /* sharp s */
	case 0x5F: return 0x5E;         /* section sign */
	case 0x5D: case 0x7D: return 0; /* N and n with tilde */
	default: return septet;
	}
}

static bool to_german(const uint8_t *septets, size_t n, uint8_t *out, struct outcome *outcome)
{
	for (size_t i = 0; i < n; i++) {
		const bool extended = i > 0 && septets[i - 1] == GSM7_ESCAPE;
		out[i] = extended ? septets[i] : german(septets[i]);
		if (!out[i] && septets[i])
			return refuse(outcome, "the text has a letter with tilde, which alphabet iso21de of this "
			    "link lacks: use encoding ucs2");
	}
	return true;
}

/* Characters, an octet each. */
static bool to_octets(enum ucp_alphabet alphabet, const uint8_t *septets, size_t n, uint8_t *out,
    size_t *len, struct outcome *outcome)
{
	char text[3 * UCP_MESSAGE_MAX + 1];
	const size_t octets = gsm7_to_utf8(text, sizeof text, septets, n);
	const uint8_t *at = (const uint8_t *)text, *const end = at + octets;
	for (*len = 0; at < end; (*len)++) {
		const uint32_t point = utf8_next(&at, end);
		if (point > (alphabet == UCP_ASCII ? 0x7F : 0xFF))
			return refuse(outcome, "the text has U+%04X, which alphabet %s of this link lacks: use "
			    "encoding ucs2", (unsigned)point, alphabet == UCP_ASCII ? "ascii" : "latin1");
		out[*len] = (uint8_t)point;
	}
	return true;
}

static bool translate(const struct ucp_options *options, const struct part *part, uint8_t *out,
    size_t *len, struct outcome *outcome)
{
	const uint8_t *septets = part->octets + part->udh_len;
	const size_t n = part->len - part->udh_len;
	const enum ucp_alphabet alphabet = (enum ucp_alphabet)options->alphabet;
	*len = n;
	if (alphabet == UCP_GSM7) {
		if (n)
			memcpy(out, septets, n);
		return true;
	}
	struct udh udh = { .nwaiting = 0 };
	if (part->udh_len)
		udh_read(part->octets, part->len, &udh);
	if (udh.shifts.single || udh.shifts.locking)
		return refuse(outcome, "the text needs a national table, which goes with alphabet gsm7 alone");
	return alphabet == UCP_ISO21DE ? to_german(septets, n, out, outcome)
	    : to_octets(alphabet, septets, n, out, len, outcome);
}

/* The class in MCLs where that says it all, else the coding in XSer; a plain text needs neither
 * (4.6, 5.1: MCLs has to be there for MT 4 when XSer has no DCS). -1: no DCS. */
static int put_class(const struct ucp_options *options, const struct part *part, struct ucp_written *to)
{
	const struct message *message = part->message;
	const struct dcs dcs = dcs_read(message->data_coding);
	int class = dcs.class;
	if (asked_of(message)->data_coding >= 0)
		return asked_of(message)->data_coding;
	if (dcs.waiting || part->coding == CODING_UCS2)
		return message->data_coding;
	if (class < 0 && part->coding == CODING_BINARY)
		class = (int)options->data_class;
	if (class < 0)
		return message->data_coding ? message->data_coding : -1;
	snprintf(to->mcls, sizeof to->mcls, "%d", class & 3);
	ucp_set(&to->pdu, UCP_MCLS, to->mcls);
	return -1;
}

static bool put_services(const struct ucp_options *options, const struct part *part,
    struct ucp_written *to, struct outcome *outcome)
{
	uint8_t services[UCP_SERVICES_MAX];
	size_t len = 0;
	const int dcs = put_class(options, part, to);
	const uint8_t octet = (uint8_t)dcs;
	if ((part->udh_len && !ucp_service_add(services, sizeof services, &len, UCP_SERVICE_UDH, part->octets,
	    part->udh_len)) ||
	    (dcs >= 0 && !ucp_service_add(services, sizeof services, &len, UCP_SERVICE_DCS, &octet, 1)) ||
	    to->extras.len > sizeof services - len)
		return refuse(outcome, "the header and the parameters do not fit: XSer has %d octets",
		    UCP_SERVICES_MAX);
	if (to->extras.len)
		memcpy(services + len, to->extras.services, to->extras.len);
	ucp_hex(to->xser, sizeof to->xser, services, len + to->extras.len);
	ucp_set(&to->pdu, UCP_XSER, to->xser);
	return true;
}

bool ucp_put_message(const struct ucp_options *options, const struct part *part, struct ucp_written *to,
    struct outcome *outcome)
{
	uint8_t octets[UCP_MESSAGE_MAX];
	const size_t head = part->udh_len, n = part->len - head;
	size_t len = n;
	if (part->coding == CODING_GSM7 ? (head * 8 + 6) / 7 + n > PART_OCTETS * 8 / 7 : part->len > PART_OCTETS)
		return refuse(outcome, "the part has %zu octets, and a UCP message is one short message: use "
		    "concat udh8 or udh16", n);
	if (part->coding == CODING_GSM7) {
		if (!translate(options, part, octets, &len, outcome))
			return false;
		ucp_set(&to->pdu, UCP_MT, "3");
	} else {
		memcpy(octets, part->octets + head, n);
		snprintf(to->nb, sizeof to->nb, "%04zu", len * 8 % 10000);
		ucp_set(&to->pdu, UCP_MT, "4");
		ucp_set(&to->pdu, UCP_NB, to->nb);
	}
	ucp_hex(to->msg, sizeof to->msg, octets, len);
	ucp_set(&to->pdu, UCP_MSG, to->msg);
	return put_services(options, part, to, outcome);
}

/* The rest. */

void ucp_put_receipts(const struct ucp_options *options, const struct message *message,
    struct ucp_written *to)
{
	static const int kinds[] = { [UCP_RECEIPTS_FINAL] = DN + ND, [UCP_RECEIPTS_FAILURE] = ND,
		[UCP_RECEIPTS_SUCCESS] = DN };
	/* registered_delivery, SMPP 3.4, 5.2.17: 1 both, 2 failure, 3 success, 16 on the way */
	static const int asked_kinds[] = { 0, DN + ND, ND, DN };
	const int asked = asked_of(message)->registered_delivery;
	int kind = message->wants_receipt ? kinds[options->receipts] + (options->notifications ? BN : 0) : 0;
	if (asked >= 0)
		kind = asked_kinds[asked & 3] + (asked & 0x10 ? BN : 0);
	if (!kind)
		return;
	snprintf(to->nt, sizeof to->nt, "%d", kind & 7);
	ucp_set(&to->pdu, UCP_NRQ, "1");
	ucp_set(&to->pdu, UCP_NT, to->nt);
	ucp_set(&to->pdu, UCP_NADC, to->extras.nadc);
	ucp_set(&to->pdu, UCP_NPID, to->extras.npid);
}

static bool put_times(const struct ucp_options *options, const struct message *message,
    struct ucp_written *to, struct outcome *outcome)
{
	const struct asked *asked = asked_of(message);
	const int64_t now = time(NULL), end = asked_end(message, now);
	if (end > 0) {
		ucp_time_write(options, to->vp, end);
		ucp_set(&to->pdu, UCP_VP, to->vp);
	}
	if (asked->schedule_at <= now)
		return true;
	ucp_time_write(options, to->ddt, asked->schedule_at);
	if (end > 0 && (asked->schedule_at >= end || strcmp(to->ddt, to->vp) == 0))
		return refuse(outcome, "option \"schedule\" is not before the end of its validity, in whole minutes");
	ucp_set(&to->pdu, UCP_DDT, to->ddt);
	ucp_set(&to->pdu, UCP_DD, "1");
	return true;
}

static void put_requests(const struct ucp_options *options, const struct part *part, struct ucp_written *to)
{
	const struct asked *asked = asked_of(part->message);
	const unsigned protocol = asked_protocol(asked);
	if (protocol > 0) {
		snprintf(to->rpid, sizeof to->rpid, "%04u", protocol);
		ucp_set(&to->pdu, UCP_RPID, to->rpid);
	}
	if (asked->network_priority > 0) {
		snprintf(to->pr, sizeof to->pr, "%d", asked->network_priority & 7);
		ucp_set(&to->pdu, UCP_PR, to->pr);
	}
	if (asked->esm_class > 0 && asked->esm_class & ESM_REPLY_PATH)
		ucp_set(&to->pdu, UCP_RPI, "1");
	if (options->more_messages && part->number < part->message->nparts)
		ucp_set(&to->pdu, UCP_MMS, "1");
	ucp_set(&to->pdu, UCP_AC, to->extras.ac);
	if (*to->extras.lrad) {
		ucp_set(&to->pdu, UCP_LRQ, "1");
		ucp_set(&to->pdu, UCP_LRAD, to->extras.lrad);
		ucp_set(&to->pdu, UCP_LPID, to->extras.lpid);
	}
}

/* What the protocol has no words for. */
static bool can_be_said(const struct message *message, struct outcome *outcome)
{
	const struct asked *asked = asked_of(message);
	const struct { bool there; const char *what; } strange[] = {
		{ message->ndestinations > 0, "a message to several recipients: one row for each" },
		{ asked->kind == KIND_BROADCAST, "broadcasts" },
		{ asked->kind == KIND_USSD, "USSD" },
		{ asked->operation == OPERATION_DATA, "data_sm" },
		{ asked->replace_if_present, "option replace_if_present: see option replace" },
		{ asked->default_message > 0, "option default_message" },
		{ asked->service_type != NULL, "option service_type: see billing_id in option tlvs" },
		{ asked->esm_class > 0 && asked->esm_class & ~(ESM_UDHI | ESM_REPLY_PATH),
		    "bits of option esm_class but 128" },
		{ asked->dest_ton >= 0 || asked->dest_npi >= 0, "options dest_ton and dest_npi" },
		{ asked->source_npi >= 0, "option source_npi" },
		{ asked->source_ton >= 0 && asked->source_ton != TON_UNKNOWN && asked->source_ton != TON_INTERNATIONAL &&
		    asked->source_ton != TON_ALPHANUMERIC, "option source_ton but 0, 1 and 5" },
		{ message->nparts > 1 && message->concat != CONCAT_UDH8 && message->concat != CONCAT_UDH16,
		    "parts without a header: use concat udh8 or udh16" },
	};
	for (size_t i = 0; i < sizeof strange / sizeof *strange; i++)
		if (strange[i].there)
			return refuse(outcome, "UCP does not have %s", strange[i].what);
	return true;
}

bool ucp_submit(const struct ucp_options *options, const struct part *part, struct ucp_written *to,
    struct outcome *outcome)
{
	const struct message *message = part->message;
	ucp_begin(&to->pdu, UCP_SUBMIT);
	if (!can_be_said(message, outcome) || !ucp_read_extras(options, message, &to->extras, outcome) ||
	    !ucp_put_recipient(options, message, to, outcome) ||
	    !ucp_put_sender(options, message, to, outcome) ||
	    !ucp_put_message(options, part, to, outcome) || !put_times(options, message, to, outcome))
		return false;
	ucp_put_receipts(options, message, to);
	put_requests(options, part, to);
	return true;
}
