/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sim_judge.c - what becomes of a submit: its form, its limits, and chance.
 *
 * Chance is a hash of the seed, the submit's number and the question, so that
 * one flag more or less does not change the other answers.
 */
#include "sim_judge.h"

#include "sim_account.h"
#include "sim_center.h"
#include "sim_deliver.h"
#include "sim_session.h"

#include "../../drivers/smpp_pdu.h"

#include <string.h>

enum {
	RINVESMCLASS = 0x43, RMISSINGOPTPARAM = 0xC3,
	REGISTERED_MASK = 3, REGISTERED_ALL = 1, REGISTERED_FAILURE = 2, REGISTERED_SUCCESS = 3,
	DATA_CODING_UCS2 = 8,
};

double judge_chance(const struct center *center, enum question question)
{
	const uint64_t asked = center->counts.submits * QUESTIONS + question;
	return (double)(hash_mix(hash_mix(center->options->seed) + asked) >> 11) * 0x1p-53;
}

unsigned judge_span_ms(const struct center *center, const struct sim_span *span,
    enum question question)
{
	if (!span->jitter_ms)
		return span->ms;
	return span->ms + (unsigned)(judge_chance(center, question) * (span->jitter_ms + 1.0));
}

bool judge_listed(const struct sim_list *list, const char *number)
{
	for (size_t i = 0; i < list->n; i++)
		if (strcmp(list->at[i] + (list->at[i][0] == '+'), number) == 0)
			return true;
	return false;
}

/* NULL, or sixteen characters with a sign of the offset. */
static bool time_good(const char *time)
{
	const size_t n = strlen(time);
	return !n || (n == 16 && strspn(time, "0123456789") == 15 && strchr("+-R", time[15]));
}

/* What is wrong with the message itself. */
static uint32_t check_form(const struct smpp_pdu *pdu, struct segment *segment)
{
	const size_t longest = pdu->command == SMPP_DATA_SM ? 64 : 20;
	if (strlen(pdu->source.digits) > longest)
		return SMPP_RINVSRCADR;
	if (!*pdu->destination.digits || strlen(pdu->destination.digits) > longest)
		return SMPP_RINVDSTADR;
	if (!time_good(pdu->schedule_delivery_time))
		return SMPP_RINVSCHED;
	if (!time_good(pdu->validity_period))
		return SMPP_RINVEXPIRY;
	if (pdu->command == SMPP_DATA_SM && !smpp_tlv(pdu, SMPP_TAG_MESSAGE_PAYLOAD))
		return RMISSINGOPTPARAM;
	if (!segment_read(pdu, segment))
		return RINVESMCLASS;
	if (pdu->data_coding == DATA_CODING_UCS2 && segment->len % 2)
		return SMPP_RINVMSGLEN;
	return SMPP_ROK;
}

uint32_t judge_chance_error(const struct center *center)
{
	const struct sim_errors *errors = &center->options->errors;
	if (!errors->n)
		return SMPP_ROK;
	double at = judge_chance(center, ASK_ERROR);
	for (size_t i = 0; i < errors->n; i++) {
		at -= errors->at[i].share;
		if (at < 0)
			return errors->at[i].status;
	}
	return SMPP_ROK;
}

uint32_t judge_session(struct session *session)
{
	struct center *center = session->center;
	const struct sim_options *options = center->options;
	const unsigned window = session->window ? session->window : options->window;
	if (window && session->delayed >= window)
		return SMPP_RTHROTTLED;
	if (!account_may_submit(center, session->account))
		return SMPP_RTHROTTLED;
	return SMPP_ROK;
}

uint32_t judge_destination(const struct center *center, const struct smpp_pdu *pdu, struct segment *segment)
{
	const uint32_t wrong = check_form(pdu, segment);
	if (wrong)
		return wrong;
	return judge_listed(&center->options->fail, pdu->destination.digits) ? SMPP_RINVDSTADR : SMPP_ROK;
}

uint32_t judge_submit(struct session *session, const struct smpp_pdu *pdu, struct segment *segment)
{
	const uint32_t wrong = check_form(pdu, segment);
	const uint32_t limit = wrong ? wrong : judge_session(session);
	if (limit)
		return limit;
	const uint32_t refused = judge_destination(session->center, pdu, segment);
	return refused ? refused : judge_chance_error(session->center);
}

uint8_t judge_state(const struct center *center, const char *recipient)
{
	const struct sim_options *options = center->options;
	if (judge_listed(&options->undeliverable, recipient))
		return STATE_UNDELIVERABLE;
	double at = judge_chance(center, ASK_STATE);
	if ((at -= options->undelivered) < 0)
		return STATE_UNDELIVERABLE;
	if ((at -= options->expired) < 0)
		return STATE_EXPIRED;
	if ((at -= options->rejected) < 0)
		return STATE_REJECTED;
	return STATE_DELIVERED;
}

bool judge_wants(const struct center *center, const struct smpp_pdu *pdu, uint8_t state)
{
	if (!center->options->receipts)
		return false;
	switch (pdu->registered_delivery & REGISTERED_MASK) {
	case REGISTERED_ALL: return true;
	case REGISTERED_FAILURE: return state != STATE_DELIVERED;
	case REGISTERED_SUCCESS: return state == STATE_DELIVERED;
	default: return false;
	}
}
