/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sim_deliver.c - what a deliver_sm says: receipts (SMPP 3.4, appendix B).
 *
 * The text holds the id, the dates, the state and the error; clients of 3.4 and
 * later get the same in optional parameters. What has to be the same octets each
 * time and cannot be made again, as an echo, is kept packed. Inbound messages are
 * made in sim_inbound.c and only sent from here.
 */
#include "sim_deliver.h"

#include "sim_alert.h"
#include "sim_center.h"
#include "sim_dialect.h"
#include "sim_inbound.h"
#include "sim_session.h"
#include "sim_text.h"

#include "../../drivers/smpp_pdu.h"
#include "../../drivers/smpp_time.h"
#include "../../sms/alphabet.h"

#include <assert.h>
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static const struct { const char *word; unsigned error; } states[] = {
	[STATE_ENROUTE] = { "ENROUTE", 0 },
	[STATE_DELIVERED] = { "DELIVRD", 0 },
	[STATE_EXPIRED] = { "EXPIRED", 27 },
	[STATE_DELETED] = { "DELETED", 0 },
	[STATE_UNDELIVERABLE] = { "UNDELIV", 1 },
	[STATE_REJECTED] = { "REJECTD", 9 },
};

enum { DATE_TEXT = 11, TAG_SOURCE_PORT = 0x020A, TAG_DESTINATION_PORT = 0x020B,
	TAG_SET_DPF = 0x0421, ALERT_MS = 50 };

/* Minutes in UTC: "2607311200" */
static void date_text(char out[DATE_TEXT], int64_t at)
{
	struct tm utc;
	const time_t seconds = (time_t)at;
	gmtime_r(&seconds, &utc);
	strftime(out, DATE_TEXT, "%y%m%d%H%M", &utc);
}

/* The address fields of a deliver_sm stand the other way round than in the submit. */
static struct smpp_address address(const struct item_address *from)
{
	struct smpp_address to = { .ton = from->ton, .npi = from->npi };
	snprintf(to.digits, sizeof to.digits, "%s", from->digits);
	return to;
}

/* Its submit asked to be told when the handset can be reached, and now it could not. */
static bool is_away(const struct item *item)
{
	return item->pending && item->state != STATE_DELIVERED && item->state != STATE_ENROUTE;
}

static bool receipt_send(struct center *center, struct session *session, struct item *item)
{
	char id[ID_TEXT_MAX], submitted[DATE_TEXT], done[DATE_TEXT], text[200];
	const unsigned error = states[item->state].error;
	center_item_id(center, item, true, id);
	date_text(submitted, item->submitted_at);
	date_text(done, center->unix_now);
	const int len = snprintf(text, sizeof text,
	    "id:%s sub:001 dlvrd:%03d submit date:%s done date:%s stat:%s err:%03u text:%s",
	    id, item->state == STATE_DELIVERED, submitted, done, states[item->state].word, error,
	    item->text);
	assert(len > 0 && (size_t)len < sizeof text);
	struct smpp_pdu pdu = {
		.command = SMPP_DELIVER_SM,
		.source = address(&item->destination), .destination = address(&item->source),
		.esm_class = item->state == STATE_ENROUTE ? SMPP_ESM_NOTIFICATION : SMPP_ESM_RECEIPT,
		.short_message = (const uint8_t *)text, .sm_length = (uint8_t)len,
	};
	snprintf(pdu.service_type, sizeof pdu.service_type, "%s", item->service_type);
	if (session->dialect->id)
		stamp_write(pdu.final_date, item->state == STATE_EXPIRED && item->expires_at > center->unix_now ?
		    item->expires_at : center->unix_now);
	const uint8_t network_error[] = { 3, (uint8_t)(error >> 8), (uint8_t)error };
	static const uint8_t pending = 1;
	const uint8_t reference[] = { (uint8_t)(item->reference >> 8), (uint8_t)item->reference };
	if (session->version >= 0x34) {
		smpp_tlv_add(&pdu, SMPP_TAG_RECEIPTED_MESSAGE_ID, id, (uint16_t)(strlen(id) + 1));
		smpp_tlv_add(&pdu, SMPP_TAG_MESSAGE_STATE, &item->state, 1);
		if (error)
			smpp_tlv_add(&pdu, SMPP_TAG_NETWORK_ERROR_CODE, network_error, 3);
		if (is_away(item))
			smpp_tlv_add(&pdu, SMPP_TAG_DPF_RESULT, &pending, 1);
		if (item->has_reference)
			smpp_tlv_add(&pdu, SMPP_TAG_USER_MESSAGE_REFERENCE, reference, 2);
	}
	if (is_away(item) && !item->again)
		center_later(center, alert_after(center, item), ALERT_MS);
	if (!session_deliver(session, &pdu, item))
		return false;
	if (!item->again && center->record) {
		center_item_id(center, item, false, id);
		fprintf(center->record, "%s %s\n", id, states[item->state].word);
	}
	return true;
}

void stamp_delivery(struct session *session, struct item *item, struct smpp_pdu *pdu)
{
	if (!session->dialect->id)
		return;
	if (!item->submitted_at)
		item->submitted_at = (uint32_t)session->center->unix_now;
	stamp_write(pdu->final_date, item->submitted_at);
}

/* What a query or a cancel came to. */
static bool answer_send(struct session *session, struct item *item)
{
	const struct center *center = session->center;
	struct smpp_pdu pdu = { .command = (uint32_t)SMPP_QUERY_SM_RESP, .message_state = item->state,
		.error_code = item->part, .destination = address(&item->source) };
	center_item_id(center, item, true, pdu.message_id);
	stamp_write(pdu.final_date, center->unix_now);
	return session_deliver(session, &pdu, item);
}

static bool verbatim_send(struct session *session, struct item *item)
{
	struct smpp_pdu pdu;
	const uint32_t status = smpp_unpack(item->octets, item->octets_len, &pdu);
	assert(status == SMPP_ROK);
	if (session->version < 0x34)
		pdu.ntlvs = 0;
	stamp_delivery(session, item, &pdu);
	return session_deliver(session, &pdu, item);
}

void deliver(struct center *center, struct session *session, struct item *item)
{
	if (item->kind == ITEM_ALERT) {
		alert_send(center, session, item);
		return;
	}
	const bool left = item->kind == ITEM_RECEIPT ? receipt_send(center, session, item) :
	    item->kind == ITEM_VERBATIM ? verbatim_send(session, item) :
	    item->kind == ITEM_ANSWER ? answer_send(session, item) :
	    inbound_send(center, session, item);
	if (!left) {
		center->counts.deliveries_refused++;
		item_free(center->agenda, item);
		return;
	}
	if (item->again)
		center->counts.redelivered++;
	else if (item->kind == ITEM_RECEIPT)
		center->counts.receipts_sent++;
	else if (item->kind != ITEM_ANSWER)
		center->counts.inbound_sent++;
	item->again = true;
}

struct item_address address_kept(const struct smpp_address *from)
{
	struct item_address to = { .ton = from->ton, .npi = from->npi };
	snprintf(to.digits, sizeof to.digits, "%.*s", (int)sizeof to.digits - 1, from->digits);
	return to;
}

/* The first 20 characters; those that are not the same in ASCII and in GSM 7-bit as "?". */
static void excerpt(char out[21], const struct smpp_pdu *submit)
{
	static const char same[] = " !\"#%&'()*+,-./:;<=>?";
	size_t len, n = 0;
	const uint8_t *text = smpp_text(submit, &len);
	const bool readable = submit->data_coding <= 1 && !(submit->esm_class & SMPP_ESM_UDHI);
	for (size_t at = 0; readable && at < len && n < 20; at++) {
		const uint8_t c = text[at];
		if (c != GSM7_ESCAPE || at + 1 == len)
			out[n++] = c < 0x80 && (isalnum(c) || (c && strchr(same, c))) ? (char)c : '?';
		else
			out[n++] = '?', at++;
	}
	out[n] = '\0';
}

struct item *receipt_new(struct center *center, struct account *account,
    const struct smpp_pdu *submit)
{
	struct item *item = item_new(center->agenda);
	item->kind = ITEM_RECEIPT;
	item->account = account;
	item->number = center->counts.accepted;
	item->submitted_at = (uint32_t)center->unix_now;
	item->source = address_kept(&submit->source);
	item->destination = address_kept(&submit->destination);
	item->pending = smpp_tlv_number(submit, TAG_SET_DPF, 0) == 1;
	item->has_reference = smpp_tlv(submit, SMPP_TAG_USER_MESSAGE_REFERENCE) != NULL;
	item->reference = (uint16_t)smpp_tlv_number(submit, SMPP_TAG_USER_MESSAGE_REFERENCE, 0);
	snprintf(item->service_type, sizeof item->service_type, "%.5s", submit->service_type);
	int64_t expires_ms;
	if (smpp_time_read(submit->validity_period, center->unix_now, &expires_ms) != SMPP_TIME_INVALID)
		item->expires_at = (uint32_t)(expires_ms / 1000);
	excerpt(item->text, submit);
	return item;
}

struct item *verbatim_new(struct center *center, const struct smpp_pdu *pdu)
{
	uint8_t octets[SMPP_PDU_MAX];
	const size_t len = smpp_pack(pdu, octets, sizeof octets);
	if (!len)
		return NULL;
	struct item *item = item_new(center->agenda);
	item->kind = ITEM_VERBATIM;
	item->octets = malloc(len);
	if (!item->octets)
		abort();
	memcpy(item->octets, octets, len);
	item->octets_len = (uint32_t)len;
	return item;
}

struct item *echo_new(struct center *center, struct account *account,
    const struct smpp_pdu *submit)
{
	static const uint16_t kept_tags[] = {
		TAG_SOURCE_PORT, TAG_DESTINATION_PORT, SMPP_TAG_SAR_MSG_REF_NUM,
		SMPP_TAG_SAR_TOTAL_SEGMENTS, SMPP_TAG_SAR_SEGMENT_SEQNUM, SMPP_TAG_MESSAGE_PAYLOAD,
	};
	struct smpp_pdu pdu = {
		.command = SMPP_DELIVER_SM, .source = submit->destination,
		.destination = submit->source, .esm_class = submit->esm_class & SMPP_ESM_UDHI,
		.protocol_id = submit->protocol_id, .data_coding = submit->data_coding,
		.short_message = submit->short_message, .sm_length = submit->sm_length,
	};
	snprintf(pdu.service_type, sizeof pdu.service_type, "%s", submit->service_type);
	for (size_t i = 0; i < sizeof kept_tags / sizeof *kept_tags; i++) {
		const struct smpp_tlv *tlv = smpp_tlv(submit, kept_tags[i]);
		if (tlv)
			smpp_tlv_add(&pdu, tlv->tag, tlv->at, tlv->len);
	}
	struct item *item = verbatim_new(center, &pdu);
	if (item)
		item->account = account;
	return item;
}
