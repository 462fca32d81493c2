/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ucp_inbound.c - operations 52 and 01 as messages from handsets, 53 as receipts.
 *
 * Texts are not decoded here: their octets go on as they came, with what says how to read
 * them, since a character may be cut between two parts. Only the German variant of ISO 21, which
 * nothing else has, becomes GSM 7-bit.
 */
#include "ucp.h"

#include "../sms/alphabet.h"
#include "../sms/dcs.h"
#include "../sms/septets.h"
#include "../sms/udh.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { MT_NUMERIC = 2, MT_TEXT = 3, MT_DATA = 4, DCS_OCTETS = 0x04, DCS_CLASS = 0xF0, DCS_CLASS_OCTETS = 0xF4 };

/* What is no character of a number or a name becomes a question mark. */
static void print(char *text, unsigned char most)
{
	for (; *text; text++)
		if ((unsigned char)*text < ' ' || *text == 0x7F || (unsigned char)*text > most)
			*text = '?';
}

static void read_sender(const struct ucp_options *options, const struct ucp_pdu *pdu, unsigned field,
    char out[ADDRESS_MAX])
{
	const struct address_rules rules = ucp_address_rules(options);
	struct address address = { .ton = TON_UNKNOWN };
	uint8_t septets[UCP_NAME_MAX];
	size_t n;
	const bool may_say = pdu->operation != UCP_CALL;
	ucp_text(pdu, field, address.text, sizeof address.text);
	if (may_say && ucp_is(pdu, UCP_OTOA, UCP_OTOA_INTERNATIONAL) && address.text[0] != '+') {
		address.ton = TON_INTERNATIONAL;
		address.npi = NPI_E164;
	} else if (may_say && ucp_is(pdu, UCP_OTOA, UCP_OTOA_NAME) &&
	    ucp_name_unpack(septets, &n, ucp_get(pdu, field))) {
		address.ton = TON_ALPHANUMERIC;
		gsm7_to_utf8(address.text, ADDRESS_MAX, septets, n); /* so that no character is cut */
	}
	print(address.text, address.ton == TON_ALPHANUMERIC ? 0xFF : '~');
	address_show(out, ADDRESS_MAX, &address, &rules);
}

static void read_recipient(const struct ucp_options *options, const struct ucp_pdu *pdu, char out[ADDRESS_MAX])
{
	if (*options->own_number) {
		snprintf(out, ADDRESS_MAX, "%s", options->own_number);
		return;
	}
	ucp_text(pdu, UCP_ADC, out, ADDRESS_MAX); /* it is the first of all of them */
	print(out, '~');
}

/* From the German variant of ISO 21, in place. */
static void from_german(uint8_t *at, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (i > 0 && at[i - 1] == GSM7_ESCAPE)
			continue;
		at[i] = at[i] == 0x5D ? 0x5E : at[i] == 0x7E ? 0x1E : at[i] == 0x7D ? 0x7E
		    : at[i] == 0x5E ? 0x5F : at[i];
	}
}

/* Septets that were packed, in octets. `bits`: NB, which says how many there are; 0: nothing does. */
static size_t unpack(uint8_t *at, size_t len, int bits)
{
	uint8_t septets[UCP_MESSAGE_MAX];
	size_t n = len * 8 / 7;
	if (bits > 0 && (size_t)bits / 7 < n)
		n = (size_t)bits / 7;
	if (n > sizeof septets)
		n = sizeof septets;
	if (n == 0)
		return 0;
	septets_unpack(septets, n, at, 0);
	memcpy(at, septets, n);
	return n;
}

/* What the octets are, by MT and, where XSer has it, DCS, which wins over MCLs. */
static void read_coding(const struct ucp_options *options, const struct ucp_pdu *pdu, int mt, int dcs,
    struct ucp_arrived *to, size_t *len)
{
	static const enum charset charsets[] = { [UCP_GSM7] = CHARSET_GSM7, [UCP_ASCII] = CHARSET_ASCII,
		[UCP_ISO21DE] = CHARSET_GSM7, [UCP_LATIN1] = CHARSET_LATIN1 };
	struct inbound *inbound = &to->inbound;
	const int class = pdu->operation == UCP_CALL ? -1 : ucp_number(pdu, UCP_MCLS, -1);
	if (dcs < 0 && class >= 0 && class <= 3)
		inbound->data_coding = (uint8_t)((mt == MT_DATA ? DCS_CLASS_OCTETS : DCS_CLASS) | class);
	else
		inbound->data_coding = (uint8_t)(dcs >= 0 ? dcs : mt == MT_DATA ? DCS_OCTETS : 0);
	inbound->charset = dcs_read(inbound->data_coding).charset;
	if (mt == MT_NUMERIC) {
		inbound->charset = CHARSET_ASCII;
	} else if (inbound->charset == CHARSET_GSM7 && mt == MT_DATA) {
		*len = unpack(to->octets, *len, ucp_number(pdu, UCP_NB, 0));
	} else if (inbound->charset == CHARSET_GSM7) {
		inbound->charset = charsets[options->alphabet];
		if (options->alphabet == UCP_ISO21DE)
			from_german(to->octets, *len);
	}
}

static void read_header(const struct ucp_service *service, struct inbound *to)
{
	struct udh udh;
	const size_t header = udh_read(service->at, service->len, &udh);
	if (header == 0)
		return;                 /* it lies about its length */
	to->udh = (struct blob){ service->at, header };
	if (udh.concat.parts < 2 || udh.concat.part < 1 || udh.concat.part > udh.concat.parts)
		return;
	to->concat_wide = udh.concat.wide;
	to->concat_ref = udh.concat.reference;
	to->concat_parts = udh.concat.parts;
	to->concat_part = udh.concat.part;
}

void ucp_read_inbound(const struct ucp_options *options, const struct ucp_pdu *pdu, struct ucp_arrived *to)
{
	const bool call = pdu->operation == UCP_CALL;
	struct inbound *inbound = &to->inbound;
	*inbound = (struct inbound){ .received_at = time(NULL) };
	to->options = NULL;
	size_t len, services = 0, at = 0;
	struct ucp_service service;
	int dcs = -1;
	const int mt = ucp_number(pdu, call ? UCP_CALL_MT : UCP_MT, MT_TEXT);
	read_sender(options, pdu, call ? UCP_CALL_OADC : UCP_OADC, inbound->sender);
	read_recipient(options, pdu, inbound->recipient);
	if (!call) {
		inbound->network_at = ucp_time_read(options, ucp_get(pdu, UCP_SCTS));
		inbound->protocol_id = (uint8_t)(ucp_number(pdu, UCP_RPID, 0) & 0xFF);
		ucp_unhex(to->services, sizeof to->services, &services, ucp_get(pdu, UCP_XSER));
		inbound->options = to->options = ucp_tell_extras(pdu, to->services, services);
	}
	while (ucp_service_next(to->services, services, &at, &service)) {
		if (service.type == UCP_SERVICE_UDH)
			read_header(&service, inbound);
		else if (service.type == UCP_SERVICE_DCS && service.len == 1)
			dcs = *service.at;
	}
	ucp_message(to->octets, sizeof to->octets, &len, mt, ucp_get(pdu, call ? UCP_CALL_MSG : UCP_MSG));
	read_coding(options, pdu, mt, dcs, to, &len);
	inbound->octets = (struct blob){ to->octets, len };
}

/* Receipts. */

/* Rsn (4.6, 5.5). */
static const struct { uint16_t rsn; const char *words; } reasons[] = {
	{ 0, "unknown subscriber" }, { 1, "service temporarily not available" },
	{ 2, "service temporarily not available" }, { 3, "service temporarily not available" },
	{ 4, "service temporarily not available" }, { 5, "service temporarily not available" },
	{ 6, "service temporarily not available" }, { 7, "service temporarily not available" },
	{ 8, "service temporarily not available" }, { 9, "illegal error code" }, { 10, "network time-out" },
	{ 100, "facility not supported" }, { 101, "unknown subscriber" }, { 102, "facility not provided" },
	{ 103, "call barred" }, { 104, "operation barred" }, { 105, "message centre congestion" },
	{ 106, "facility not supported" }, { 107, "absent subscriber" }, { 108, "delivery failed" },
	{ 109, "message centre congestion" }, { 110, "protocol error" }, { 111, "handset not equipped" },
	{ 112, "unknown message centre" }, { 113, "message centre congestion" }, { 114, "illegal handset" },
	{ 115, "handset is no subscriber" }, { 116, "error in the handset, often its memory is full" },
	{ 117, "short messages not provisioned" }, { 118, "system failure" },
	{ 119, "failure of the network" }, { 120, "failure of the home register" },
	{ 121, "failure of the visitor register" }, { 122, "failure of the previous visitor register" },
	{ 123, "failure of the controlling switch" }, { 124, "failure of the visited switch" },
	{ 125, "failure of the equipment register" }, { 126, "system failure" },
	{ 127, "unexpected data value" }, { 200, "error in the address of the message centre" },
	{ 201, "invalid absolute validity period" }, { 202, "message is too long" },
	{ 203, "cannot unpack the message" }, { 204, "cannot convert to the IRA alphabet" },
	{ 205, "invalid format of the validity period" }, { 206, "invalid destination address" },
	{ 207, "the message was submitted twice" }, { 208, "invalid message type" },
};

static const char *reason(int rsn)
{
	for (size_t i = 0; i < sizeof reasons / sizeof *reasons; i++)
		if (reasons[i].rsn == rsn)
			return reasons[i].words;
	return "undelivered for a reason of the operator's own";
}

static void copy_digits(char *out, size_t room, struct blob from)
{
	size_t n = 0;
	for (size_t i = 0; i < from.len && n + 1 < room; i++)
		if (isdigit(from.at[i]))
			out[n++] = (char)from.at[i];
	out[n] = '\0';
}

static void put_id(char id[NETWORK_ID_MAX], const char *before, const char *number, struct blob scts)
{
	char sm[2 * NETWORK_ID_MAX];
	const int len = snprintf(sm, sizeof sm, "%.8s%.24s:%.*s", before, number, (int)(scts.len < 24 ? scts.len : 24),
	    scts.len ? (const char *)scts.at : "");
	ucp_id(id, (struct blob){ (const uint8_t *)sm, (size_t)len });
}

/* A centre may have written the number otherwise in the answer to the submit: national for
 * international, or the other way. network_key() makes up for the 00 of numbers abroad. */
static void put_alternates(const struct ucp_options *options, const char *number, struct blob scts,
    struct receipt *to)
{
	const char *country = options->addresses.country_code, *home = options->addresses.national_prefix;
	const size_t zeros = strspn(number, "0"), begin = strlen(country);
	if (!*country)
		return;
	if (strncmp(number + zeros, country, begin) == 0)
		put_id(to->alternate[0], home, number + zeros + begin, scts);
	else if (zeros == 1)
		put_id(to->alternate[0], country, number + 1, scts);
}

void ucp_read_receipt(const struct ucp_options *options, const struct ucp_pdu *pdu, struct receipt *to)
{
	static const struct { enum status status; const char *word; } states[] = {
		{ STATUS_DELIVERED, "delivered" }, { STATUS_SENT, "buffered" }, { STATUS_UNDELIVERED, "undelivered" } };
	const struct blob scts = ucp_get(pdu, UCP_SCTS), oadc = ucp_get(pdu, UCP_OADC);
	const int dst = ucp_number(pdu, UCP_DST, -1), rsn = ucp_number(pdu, UCP_RSN, -1);
	const bool known = dst >= 0 && dst < (int)(sizeof states / sizeof *states);
	char number[ADDRESS_MAX];
	*to = (struct receipt){ .status = known ? states[dst].status : STATUS_SENT,
		.code = dst > 0 && rsn > 0 ? (uint32_t)rsn : 0,
		.done_at = ucp_time_read(options, ucp_get(pdu, UCP_DSCTS)) };
	copy_digits(to->recipient, sizeof to->recipient, oadc);
	ucp_text(pdu, UCP_OADC, number, sizeof number);
	if (scts.len && oadc.len) {
		put_id(to->network_id, "", number, scts);
		put_alternates(options, number, scts, to);
		copy_digits(to->alternate[1], NETWORK_ID_MAX, scts); /* some answer with the time stamp alone */
	}
	snprintf(to->word, sizeof to->word, "%s", known ? states[dst].word : "");
	if (known && dst > 0 && rsn >= 0)
		snprintf(to->word, sizeof to->word, "%s:%d", states[dst].word, rsn % 1000);
	if (!scts.len || !oadc.len || !known)
		snprintf(to->text, sizeof to->text, "it names no %s", known ? "message" : "state");
	else if (to->status == STATUS_UNDELIVERED && rsn < 0)
		snprintf(to->text, sizeof to->text, "undelivered, without a reason");
	else if (to->status == STATUS_UNDELIVERED)
		snprintf(to->text, sizeof to->text, "%s (reason %d)", reason(rsn), rsn);
}
