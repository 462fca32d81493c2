/* SPDX-License-Identifier: Apache-2.0 */
/*
 * smpp_request.c - which PDU carries a part, and what its answer means for the part.
 *
 * smpp_submit() fills in a submit_sm. What is sent otherwise is made of that: a message to
 * several becomes submit_multi (smpp_multi.c), kind broadcast broadcast_sm
 * (smpp_broadcast.c), and what the row or the link wants so data_sm, here. The most common
 * case, none of these, costs three comparisons.
 */
#include "smpp.h"

#include "../gateway/asked.h"
#include "refuse.h"
#include "smpp_other.h"

#include <string.h>
#include <time.h>

enum { TAG_QOS_TIME_TO_LIVE = 0x0017 };

bool smpp_into_payload(struct smpp_pdu *pdu)
{
	const struct smpp_tlv *there = smpp_tlv(pdu, SMPP_TAG_MESSAGE_PAYLOAD);
	if (!there && !smpp_tlv_add(pdu, SMPP_TAG_MESSAGE_PAYLOAD, pdu->short_message, pdu->sm_length))
		return false;
	pdu->short_message = NULL;
	pdu->sm_length = 0;
	return true;
}

/* Fields of submit_sm that data_sm lacks, and that change what a message is. */
static const char *lacking(const struct smpp_pdu *pdu)
{
	return *pdu->schedule_delivery_time ? "schedule" : pdu->priority_flag ? "priority"
	    : pdu->protocol_id ? "protocol_id" : pdu->replace_if_present ? "replace_if_present"
	    : pdu->sm_default_msg_id ? "default_message" : NULL;
}

/* The end of its validity is a duration there (SMPP 3.4, 5.3.2.9). */
static bool put_time_to_live(int64_t end, struct smpp_pdu *pdu)
{
	const int64_t left = end - (int64_t)time(NULL);
	if (end <= 0 || smpp_tlv(pdu, TAG_QOS_TIME_TO_LIVE))
		return true;
	const uint32_t seconds = left < 1 ? 1 : left > UINT32_MAX ? UINT32_MAX : (uint32_t)left;
	for (unsigned i = 0; i < 4; i++)
		pdu->more[i] = (uint8_t)(seconds >> (8 * (3 - i)));
	return smpp_tlv_add(pdu, TAG_QOS_TIME_TO_LIVE, pdu->more, 4);
}

static bool make_data(const struct asked *asked, const struct message *message, struct smpp_pdu *pdu,
    struct outcome *outcome)
{
	const char *lacks = asked->kind == KIND_SILENT ? "kind silent" : lacking(pdu);
	if (lacks)
		return refuse(outcome, "%s does not go with data_sm, which has no field for it: use \"operation\": "
		    "\"submit_sm\"", lacks);
	pdu->command = SMPP_DATA_SM;
	return (smpp_into_payload(pdu) && put_time_to_live(asked_end(message, time(NULL)), pdu)) ||
	    refuse(outcome, "the message has too many optional parameters");
}

bool smpp_request(const struct smpp_options *options, const struct part *part, struct smpp_pdu *pdu,
    struct outcome *outcome)
{
	const struct message *message = part->message;
	const struct asked *asked = asked_of(message);
	if (!smpp_submit(options, part, pdu, outcome))
		return false;
	if (message->ndestinations)
		return smpp_make_multi(options, part, pdu, outcome);
	if (asked->kind == KIND_BROADCAST)
		return smpp_make_broadcast(asked, part, pdu, outcome);
	if (asked->operation >= 0 ? asked->operation == OPERATION_DATA : options->submit_with == OPERATION_DATA)
		return make_data(asked, message, pdu, outcome);
	return true;
}

struct outcome smpp_answer(const struct smpp_options *options, const struct smpp_pdu *pdu, struct part *part)
{
	struct outcome outcome = smpp_outcome(options, pdu, part->message);
	if (outcome.verdict == VERDICT_SENT && part->message->ndestinations)
		smpp_answer_multi(options, pdu, part, &outcome);
	else if (outcome.verdict == VERDICT_SENT && pdu->command == (uint32_t)SMPP_BROADCAST_SM_RESP)
		smpp_answer_broadcast(pdu, part, &outcome);
	return outcome;
}
