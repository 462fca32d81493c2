/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sim_multi.c - submit_multi and broadcast_sm.
 *
 * A submit_multi is judged once as a whole, then each of its numbers as a submit_sm to it
 * would be: those that fail are named in the response, the others have receipts of their own
 * under the one id. A list stands for its numbers; one that is not known fails. A
 * broadcast_sm has to have its four parameters, and its areas are judged by name.
 */
#include "sim_multi.h"

#include "sim_center.h"
#include "sim_command.h"
#include "sim_deliver.h"
#include "sim_judge.h"
#include "sim_session.h"

#include "../../drivers/smpp_pdu.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { REFUSED_MAX = 64, RMISSINGTLV = 0xC3, RINVBCASTALIAS_NAME = 0x108 };

/* What is done with each number of a submit_multi. */
typedef void each_fn(struct session *, struct smpp_pdu *, void *ctx);

/* Those who are refused, for the response. */
struct refused { uint8_t n; size_t len; uint8_t at[UINT8_MAX * REFUSED_MAX]; };

static void refuse(struct refused *refused, const struct smpp_address *address, uint32_t status)
{
	const struct smpp_dest dest = { .address = *address, .status = status };
	refused->len += smpp_dest_put((uint32_t)SMPP_SUBMIT_MULTI_RESP, &dest, refused->at + refused->len,
	    sizeof refused->at - refused->len);
	refused->n++;
}

/* "NUMBER,NUMBER" of a list by name, or NULL. */
static const char *list_named(const struct sim_options *options, const char *name)
{
	const size_t len = strlen(name);
	for (size_t i = 0; i < options->lists.n; i++)
		if (strncmp(options->lists.at[i], name, len) == 0 && options->lists.at[i][len] == '=')
			return options->lists.at[i] + len + 1;
	return NULL;
}

static void for_list(struct session *session, struct smpp_pdu *pdu, const char *numbers, each_fn *each, void *ctx)
{
	for (; *numbers; numbers += *numbers == ',') {
		const size_t len = strcspn(numbers, ",");
		pdu->destination = (struct smpp_address){ .ton = 1, .npi = 1 };
		snprintf(pdu->destination.digits, sizeof pdu->destination.digits, "%.*s", (int)len, numbers);
		each(session, pdu, ctx);
		numbers += len;
	}
}

/* Calls it with a copy of the PDU for each number; lists that are not known are passed over. */
static void for_each(struct session *session, const struct smpp_pdu *pdu, each_fn *each, void *ctx)
{
	struct smpp_dest dest;
	for (size_t at = 0; smpp_dest_next(pdu, &at, &dest); ) {
		struct smpp_pdu copy = *pdu;
		const char *numbers = dest.list ? list_named(session->center->options, dest.address.digits) : NULL;
		copy.destination = dest.address;
		if (numbers)
			for_list(session, &copy, numbers, each, ctx);
		else if (!dest.list)
			each(session, &copy, ctx);
	}
}

static void judge_one(struct session *session, struct smpp_pdu *pdu, void *ctx)
{
	struct segment segment;
	const uint32_t status = judge_destination(session->center, pdu, &segment);
	if (status)
		refuse(ctx, &pdu->destination, status);
}

static bool taken(struct session *session, struct smpp_pdu *pdu, struct segment *segment)
{
	return judge_destination(session->center, pdu, segment) == SMPP_ROK;
}

static void record_one(struct session *session, struct smpp_pdu *pdu, void *ctx)
{
	struct segment segment;
	(void)ctx;
	if (!taken(session, pdu, &segment))
		return;
	session->center->counts.destinations++;
	center_record(session, pdu, &segment);
}

static void tell_one(struct session *session, struct smpp_pdu *pdu, void *ctx)
{
	struct segment segment;
	if (taken(session, pdu, &segment))
		center_tell(session, pdu, *(const bool *)ctx);
}

/* The form of what all have in common, by the first number. */
static uint32_t judge_form(struct session *session, const struct smpp_pdu *pdu)
{
	struct smpp_dest dest;
	struct smpp_pdu copy = *pdu;
	struct segment segment;
	for (size_t at = 0; smpp_dest_next(pdu, &at, &dest); )
		if (!dest.list) {
			copy.destination = dest.address;
			const uint32_t status = judge_destination(session->center, &copy, &segment);
			return status == SMPP_RINVDSTADR ? SMPP_ROK : status;
		}
	return SMPP_ROK;
}

void multi_submit(struct session *session, const struct smpp_pdu *pdu)
{
	struct center *center = session->center;
	struct refused refused = { .n = 0 };
	struct smpp_dest dest;
	bool before = true;
	center->counts.submits++;
	session->submits++;
	uint32_t status = judge_form(session, pdu);
	status = status ? status : judge_session(session);
	if (center_refuse(session, pdu, status ? status : judge_chance_error(center)))
		return;
	for_each(session, pdu, judge_one, &refused);
	for (size_t at = 0; smpp_dest_next(pdu, &at, &dest); )
		if (dest.list && !list_named(center->options, dest.address.digits))
			refuse(&refused, &dest.address, SMPP_RINVDLNAME);
	center->counts.accepted++;
	center->counts.multis++;
	for_each(session, pdu, record_one, NULL);
	center_record_json(session, pdu);
	for_each(session, pdu, tell_one, &before);
	struct item response = center_response(session, pdu, SMPP_ROK);
	response.part = refused.n;
	response.octets_len = (uint32_t)refused.len;
	response.octets = malloc(refused.len + 1);
	if (!response.octets)
		abort();
	memcpy(response.octets, refused.at, refused.len);
	center_answer(session, &response);
	before = false;
	for_each(session, pdu, tell_one, &before);
	center_cut(session);
}

static bool is_whole(const struct smpp_pdu *pdu)
{
	static const uint16_t needed[] = { SMPP_TAG_BROADCAST_AREA_IDENTIFIER, SMPP_TAG_BROADCAST_CONTENT_TYPE,
		SMPP_TAG_BROADCAST_REP_NUM, SMPP_TAG_BROADCAST_FREQUENCY_INTERVAL };
	for (size_t i = 0; i < sizeof needed / sizeof *needed; i++)
		if (!smpp_tlv(pdu, needed[i]))
			return false;
	return true;
}

/* An area by its alias. */
static bool area_fails(const struct center *center, const struct smpp_tlv *area)
{
	char name[102];
	snprintf(name, sizeof name, "%.*s", area->len ? area->len - 1 : 0, area->len ? (const char *)area->at + 1 : "");
	return judge_listed(&center->options->fail_area, name);
}

void broadcast_submit(struct session *session, const struct smpp_pdu *pdu)
{
	static const uint8_t why[4] = { 0, 0, RINVBCASTALIAS_NAME >> 8, RINVBCASTALIAS_NAME & 0xFF };
	struct center *center = session->center;
	struct smpp_pdu answer = { .command = (uint32_t)SMPP_BROADCAST_SM_RESP, .sequence = pdu->sequence };
	if (session->version < 0x50) {
		center->counts.malformed++;
		session_answer(session, (uint32_t)SMPP_GENERIC_NACK, pdu->sequence, SMPP_RINVCMDID);
		return;
	}
	center->counts.submits++;
	session->submits++;
	uint32_t status = is_whole(pdu) ? judge_session(session) : RMISSINGTLV;
	if (center_refuse(session, pdu, status ? status : judge_chance_error(center)))
		return;
	center->counts.accepted++;
	center->counts.broadcasts++;
	kept_note(session, pdu, STATE_DELIVERED,
	    judge_span_ms(center, &center->options->receipt_delay, ASK_RECEIPT_MS), NULL);
	center_record_json(session, pdu);
	for (unsigned i = 0; i < pdu->ntlvs; i++) {
		const struct smpp_tlv *tlv = &pdu->tlvs[i];
		if (tlv->tag != SMPP_TAG_BROADCAST_AREA_IDENTIFIER)
			continue;
		if (!area_fails(center, tlv)) {
			center->counts.areas++;
			continue;
		}
		smpp_tlv_add(&answer, SMPP_TAG_BROADCAST_ERROR_STATUS, why, sizeof why);
		smpp_tlv_add(&answer, tlv->tag, tlv->at, tlv->len);
	}
	const struct taken now = { session->dialect, center->counts.accepted, center->unix_now, { 0 } };
	center_id(center, &now, false, answer.message_id);
	session_send(session, &answer);
	center_cut(session);
}
