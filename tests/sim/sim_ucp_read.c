/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sim_ucp_read.c - operations of UCP as requests of SMPP (EMI 4.6, 5.1 and 5.2).
 *
 * A text stays the septets or octets that it is; DCS and MCLs become data_coding, the header in
 * XSer is put before the text. Times are taken as UTC: the centre's local time is that.
 */
#include "sim_ucp_read.h"

#include "sim_status.h"

#include "../../drivers/ucp.h"
#include "../../sms/alphabet.h"
#include "../../sms/dcs.h"

#include <stdio.h>
#include <string.h>

enum {
	TIME_DIGITS = 10, STAMP_DIGITS = 12,
	NT_DELIVERED = 1, NT_FAILED = 2, NT_BUFFERED = 4, NT_USUAL = 3,
	REGISTERED_ALL = 1, REGISTERED_FAILURE = 2, REGISTERED_SUCCESS = 3, REGISTERED_BUFFERED = 0x10,
	ESM_REPLY_PATH = 0x80, TAG_MORE_MESSAGES = 0x0426,
	MT_NUMERIC = 2, MT_TEXT = 3, MT_OCTETS = 4,
	OCTETS_MAX = 140, SHORT_NUMBER = 6,
	/* 03 with an empty list: AdC OAdC AC NPL, ten fields of which DD and DDT are the last, MT Msg */
	CALL_DDT = 13, CALL_MT = 14, CALL_MSG = 15, CALL_NPL = 3,
	RECIPIENTS_MAX = 20, STATUS_SYNTAX = STATUS_OWN + UCP_EC_SYNTAX,
	DCS_OCTETS = 4, DCS_TEXT_CLASS = 0xF0, DCS_OCTETS_CLASS = 0xF4, NO_DCS = -1,
};

/* The fields of a text, which are elsewhere in each operation; 0 where it has none. */
struct text_fields { uint8_t mt, msg; };

static uint8_t *put(struct ucp_reading *reading, const void *at, size_t len)
{
	uint8_t *out = reading->octets + reading->n;
	if (len > sizeof reading->octets - reading->n)
		return NULL;
	memcpy(out, at, len);
	reading->n += len;
	return out;
}

/* 00 in front says that it is international; it is put back where an id has the recipient. */
static void destination(const struct ucp_pdu *frame, unsigned field, struct smpp_address *out)
{
	const size_t n = ucp_text(frame, field, out->digits, sizeof out->digits);
	out->npi = 1;
	out->ton = n > SHORT_NUMBER ? 0 : TON_NETWORK;
	if (n <= SHORT_NUMBER || memcmp(out->digits, "00", 2) != 0)
		return;
	out->ton = TON_INTERNATIONAL;
	memmove(out->digits, out->digits + 2, n - 1);
}

/* A name's characters beyond Latin-1 become question marks. */
static bool name_read(struct blob hex, struct smpp_address *out)
{
	uint8_t septets[UCP_NAME_MAX];
	char text[4 * UCP_NAME_MAX + 1];
	size_t n, k = 0;
	if (!ucp_name_unpack(septets, &n, hex))
		return false;
	const size_t len = gsm7_to_utf8(text, sizeof text, septets, n);
	const uint8_t *at = (const uint8_t *)text, *end = at + len;
	while (at < end) {
		const uint32_t point = utf8_next(&at, end);
		out->digits[k++] = point <= UINT8_MAX ? (char)point : '?';
	}
	out->digits[k] = '\0';
	out->ton = TON_ALPHANUMERIC;
	return true;
}

static bool source(const struct ucp_pdu *frame, struct smpp_address *out)
{
	if (ucp_is(frame, UCP_OTOA, UCP_OTOA_NAME))
		return name_read(ucp_get(frame, UCP_OADC), out);
	ucp_text(frame, UCP_OADC, out->digits, sizeof out->digits);
	out->npi = 1;
	out->ton = ucp_is(frame, UCP_OTOA, UCP_OTOA_INTERNATIONAL);
	return true;
}

/* DDMMYYHHmm */
static bool time_read(const struct ucp_pdu *frame, unsigned field, char out[18])
{
	static char utc[] = "+00:00";
	static const struct ucp_options here = { .time_zone = utc };
	char text[16];
	const size_t n = ucp_text(frame, field, text, sizeof text);
	if (!n)
		return true;
	if (n != TIME_DIGITS || !ucp_time_read(&here, ucp_get(frame, field)))
		return false;
	snprintf(out, 18, "%.2s%.2s%.2s%.4s00000+", text + 4, text + 2, text, text + 6);
	return true;
}

static uint8_t registered(const struct ucp_pdu *frame)
{
	static const uint8_t of[] = { 0, REGISTERED_SUCCESS, REGISTERED_FAILURE, REGISTERED_ALL };
	if (!ucp_is(frame, UCP_NRQ, "1"))
		return 0;
	int nt = ucp_number(frame, UCP_NT, 0);
	nt = nt ? nt : NT_USUAL;
	return of[nt & (NT_DELIVERED | NT_FAILED)] | (nt & NT_BUFFERED ? REGISTERED_BUFFERED : 0);
}

/* The services of XSer: the header is put where the text will follow, DCS into *dcs, any other is
 * an optional parameter. */
static uint32_t services(const struct ucp_pdu *frame, struct ucp_reading *reading, int *dcs, size_t *udh)
{
	uint8_t all[UCP_SERVICES_MAX];
	size_t len, at = 0;
	struct ucp_service service, header = { .len = 0 };
	if (!ucp_unhex(all, sizeof all, &len, ucp_get(frame, UCP_XSER)))
		return STATUS_SYNTAX;
	while (ucp_service_next(all, len, &at, &service)) {
		if (service.type == UCP_SERVICE_UDH) {
			header = service;
		} else if (service.type == UCP_SERVICE_DCS) {
			*dcs = service.len == 1 ? *service.at : *dcs;
		} else {
			const uint8_t *kept = put(reading, service.at, service.len);
			if (!kept || !smpp_tlv_add(&reading->pdu, (uint16_t)(UCP_TAG_SERVICE + service.type), kept,
			    service.len))
				return STATUS_SYNTAX;
		}
	}
	*udh = header.len;
	reading->pdu.short_message = put(reading, header.at ? header.at : all, header.len);
	return at == len && reading->pdu.short_message ? SMPP_ROK : STATUS_SYNTAX;
}

static uint8_t coding(const struct ucp_pdu *frame, int mt, int dcs)
{
	const int class = ucp_number(frame, UCP_MCLS, -1);
	if (dcs != NO_DCS)
		return (uint8_t)dcs;
	if (mt == MT_OCTETS)
		return class >= 0 ? (uint8_t)(DCS_OCTETS_CLASS | (class & 3)) : DCS_OCTETS;
	return class >= 0 ? (uint8_t)(DCS_TEXT_CLASS | (class & 3)) : 0;
}

/* Puts the text behind its header of so many octets. */
static uint32_t text(const struct ucp_pdu *frame, struct text_fields fields, struct ucp_reading *reading,
    size_t udh)
{
	uint8_t message[UCP_MESSAGE_MAX];
	size_t len;
	const int mt = fields.mt ? ucp_number(frame, fields.mt, MT_TEXT) : MT_TEXT;
	if (mt < MT_NUMERIC || mt > MT_OCTETS)
		return STATUS_OWN + UCP_EC_MESSAGE_TYPE;
	if (!ucp_message(message, sizeof message, &len, mt, ucp_get(frame, fields.msg)))
		return STATUS_SYNTAX;
	const bool septets = mt != MT_OCTETS &&
	    dcs_read_smpp(reading->pdu.data_coding, CHARSET_GSM7).charset == CHARSET_GSM7;
	const size_t room = septets ? (OCTETS_MAX - udh) * 8 / 7 : OCTETS_MAX - udh;
	if (udh > OCTETS_MAX || len > room)
		return STATUS_OWN + UCP_EC_TOO_LONG;
	if (!reading->pdu.short_message)
		reading->pdu.short_message = reading->octets + reading->n;
	if (!put(reading, message, len))
		return STATUS_SYNTAX;
	reading->pdu.sm_length = (uint8_t)(udh + len);
	if (udh)
		reading->pdu.esm_class |= SMPP_ESM_UDHI;
	return SMPP_ROK;
}

/* 51 and 54. */
static uint32_t long_message(const struct ucp_pdu *frame, struct ucp_reading *reading)
{
	struct smpp_pdu *pdu = &reading->pdu;
	int dcs = NO_DCS;
	size_t udh;
	if (!time_read(frame, UCP_VP, pdu->validity_period))
		return SMPP_RINVEXPIRY;
	if (!time_read(frame, UCP_DDT, pdu->schedule_delivery_time))
		return SMPP_RINVSCHED;
	pdu->registered_delivery = registered(frame);
	pdu->protocol_id = (uint8_t)ucp_number(frame, UCP_RPID, 0);
	pdu->priority_flag = (uint8_t)ucp_number(frame, UCP_PR, 0);
	if (ucp_is(frame, UCP_RPI, "1"))
		pdu->esm_class |= ESM_REPLY_PATH;
	if (ucp_is(frame, UCP_MMS, "1"))
		smpp_tlv_add(pdu, TAG_MORE_MESSAGES, put(reading, "\1", 1), 1);
	const uint32_t wrong = services(frame, reading, &dcs, &udh);
	if (wrong)
		return wrong;
	pdu->data_coding = coding(frame, ucp_number(frame, UCP_MT, MT_TEXT), dcs);
	return text(frame, (struct text_fields){ UCP_MT, UCP_MSG }, reading, udh);
}

static void message_id(const struct ucp_pdu *frame, struct smpp_pdu *pdu)
{
	char adc[20], scts[16];
	ucp_text(frame, UCP_ADC, adc, sizeof adc);
	if (ucp_text(frame, UCP_SCTS, scts, sizeof scts) == STAMP_DIGITS)
		snprintf(pdu->message_id, sizeof pdu->message_id, "%s:%s", adc, scts);
}

static uint32_t long_operation(const struct ucp_pdu *frame, struct ucp_reading *reading)
{
	struct smpp_pdu *pdu = &reading->pdu;
	if (!source(frame, &pdu->source))
		return STATUS_SYNTAX;
	snprintf(pdu->system_id, sizeof pdu->system_id, "%.16s", pdu->source.digits);
	ucp_text(frame, UCP_AC, pdu->password, sizeof pdu->password);
	if (frame->operation != UCP_SUBMIT)
		message_id(frame, pdu);
	if (frame->operation == UCP_SUBMIT || !*pdu->message_id)
		destination(frame, UCP_ADC, &pdu->destination);
	return frame->operation == UCP_SUBMIT || frame->operation == UCP_MODIFY ?
	    long_message(frame, reading) : SMPP_ROK;
}

/* 01, 30 and 03, the three of ERMES that are a message to one. */
static uint32_t call(const struct ucp_pdu *frame, struct ucp_reading *reading)
{
	struct smpp_pdu *pdu = &reading->pdu;
	struct text_fields fields = { UCP_CALL_MT, UCP_CALL_MSG };
	pdu->source.npi = 1;
	destination(frame, UCP_CALL_ADC, &pdu->destination);
	ucp_text(frame, UCP_CALL_OADC, pdu->source.digits, sizeof pdu->source.digits);
	snprintf(pdu->system_id, sizeof pdu->system_id, "%.16s", pdu->source.digits);
	ucp_text(frame, UCP_CALL_AC, pdu->password, sizeof pdu->password);
	if (frame->operation == UCP_TRANSFER) {
		fields = (struct text_fields){ 0, UCP_TRANSFER_AMSG };
		pdu->registered_delivery = ucp_is(frame, UCP_TRANSFER_NRQ, "1");
		if (!time_read(frame, UCP_TRANSFER_VP, pdu->validity_period))
			return SMPP_RINVEXPIRY;
		if (!time_read(frame, UCP_TRANSFER_DDT, pdu->schedule_delivery_time))
			return SMPP_RINVSCHED;
	} else if (frame->operation == UCP_CALL_SUPPLEMENTARY) {
		fields = (struct text_fields){ CALL_MT, CALL_MSG };
		if (ucp_number(frame, CALL_NPL, 0))
			return STATUS_OWN + UCP_EC_UNSUPPORTED;
		if (!time_read(frame, CALL_DDT, pdu->schedule_delivery_time))
			return SMPP_RINVSCHED;
	}
	return text(frame, fields, reading, 0);
}

/* 02: NPL AdC... OAdC AC MT Msg */
static uint32_t call_multiple(const struct ucp_pdu *frame, struct ucp_reading *reading)
{
	struct smpp_pdu *pdu = &reading->pdu;
	const int n = ucp_number(frame, 0, 0);
	if (n < 1 || n > RECIPIENTS_MAX)
		return STATUS_SYNTAX;
	pdu->source.npi = 1;
	pdu->dests.at = reading->octets + reading->n;
	for (unsigned i = 1; i <= (unsigned)n; i++) {
		struct smpp_dest dest = { .list = false };
		destination(frame, i, &dest.address);
		if (strlen(dest.address.digits) > 20)
			return SMPP_RINVDSTADR;
		const size_t len = smpp_dest_put(SMPP_SUBMIT_MULTI, &dest, reading->octets + reading->n,
		    sizeof reading->octets - reading->n);
		if (!len)
			return STATUS_SYNTAX;
		reading->n += len;
		pdu->dests.len = (uint16_t)(pdu->dests.len + len);
		pdu->dests.n++;
	}
	ucp_text(frame, (unsigned)n + 1, pdu->source.digits, sizeof pdu->source.digits);
	snprintf(pdu->system_id, sizeof pdu->system_id, "%.16s", pdu->source.digits);
	ucp_text(frame, (unsigned)n + 2, pdu->password, sizeof pdu->password);
	return text(frame, (struct text_fields){ (uint8_t)(n + 3), (uint8_t)(n + 4) }, reading, 0);
}

static uint32_t login(const struct ucp_pdu *frame, struct ucp_reading *reading)
{
	struct smpp_pdu *pdu = &reading->pdu;
	uint8_t password[sizeof pdu->password - 1];
	size_t n;
	pdu->interface_version = 0x34;
	if (!ucp_is(frame, UCP_SESSION_STYP, "1"))
		return STATUS_OWN + UCP_EC_NOT_ALLOWED;
	ucp_text(frame, UCP_SESSION_OADC, pdu->system_id, sizeof pdu->system_id);
	if (!ucp_unhex(password, sizeof password, &n, ucp_get(frame, UCP_SESSION_PWD)))
		return STATUS_SYNTAX;
	memcpy(pdu->password, password, n);
	return *pdu->system_id ? SMPP_ROK : STATUS_SYNTAX;
}

static uint32_t alert(const struct ucp_pdu *frame, struct ucp_reading *reading)
{
	ucp_text(frame, UCP_ALERT_ADC, reading->pdu.system_id, sizeof reading->pdu.system_id);
	return SMPP_ROK;
}

uint32_t ucp_read(const struct ucp_pdu *frame, struct ucp_reading *reading)
{
	static const struct {
		uint8_t operation;
		uint32_t command;
		uint32_t (*read)(const struct ucp_pdu *, struct ucp_reading *);
	} rows[] = {
		{ UCP_SUBMIT, SMPP_SUBMIT_SM, long_operation }, { UCP_MODIFY, SMPP_REPLACE_SM, long_operation },
		{ UCP_INQUIRE, SMPP_QUERY_SM, long_operation }, { UCP_DELETE, SMPP_CANCEL_SM, long_operation },
		{ UCP_SESSION, SMPP_BIND_TRANSCEIVER, login }, { UCP_ALERT, SMPP_ENQUIRE_LINK, alert },
		{ UCP_CALL, SMPP_SUBMIT_SM, call }, { UCP_CALL_SUPPLEMENTARY, SMPP_SUBMIT_SM, call },
		{ UCP_TRANSFER, SMPP_SUBMIT_SM, call }, { UCP_CALL_MULTIPLE, SMPP_SUBMIT_MULTI, call_multiple },
	};
	const char *field;
	memset(&reading->pdu, 0, sizeof reading->pdu);
	reading->n = 0;
	reading->pdu.sequence = ucp_sequence(frame->operation, frame->trn);
	const enum ucp_error error = ucp_judge(frame, &field);
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		if (rows[i].operation != frame->operation)
			continue;
		reading->pdu.command = rows[i].command;
		const uint32_t wrong = rows[i].read(frame, reading);
		return error ? STATUS_OWN + error : wrong;
	}
	return SMPP_ROK;
}
