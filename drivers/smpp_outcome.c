/* SPDX-License-Identifier: Apache-2.0 */
/*
 * smpp_outcome.c - what an answer to submit_sm means: an action for each status, the
 * usual one or the link's own (key status), and the outcome that follows (action.c).
 */
#include "smpp.h"

#include "action.h"

#include <stdio.h>
#include <string.h>

enum { STATUS_DELIVERY_FAILURE = 0xFE, TAG_DELIVERY_FAILURE_REASON = 0x0425 };

void smpp_status_text(char *out, size_t room, uint32_t status)
{
	const struct smpp_status_info *info = smpp_status(status);
	snprintf(out, room, "%s (0x%02x): %s", info->name, (unsigned)status, info->meaning);
}

/* What an answer to a submit means where the link says nothing of it. */
static enum action usual_action(const struct smpp_pdu *pdu)
{
	uint32_t reason;
	if (pdu->status == STATUS_DELIVERY_FAILURE) {
		reason = smpp_tlv_number(pdu, TAG_DELIVERY_FAILURE_REASON, UINT32_MAX);
		return reason == 1 || reason == 2 ? ACTION_FAIL : reason == 0 || reason == 3 ? ACTION_RETRY
		    : ACTION_FEW;
	}
	if (pdu->status == SMPP_RMSGQFUL)
		return ACTION_THROTTLE; /* a window that is too large, more often than not */
	switch (smpp_status(pdu->status)->class) {
	case SMPP_CLASS_TRANSIENT: return ACTION_RETRY;
	case SMPP_CLASS_PERMANENT: return ACTION_FAIL;
	case SMPP_CLASS_THROTTLE: return ACTION_THROTTLE;
	case SMPP_CLASS_SESSION: return ACTION_REBIND;
	default: return ACTION_FEW;     /* of a submit they say nothing clear */
	}
}

bool smpp_actions_check(const struct smpp_options *options, struct conf_error *err)
{
	return action_check(&options->status, "0x45 = fail", err);
}

static enum action action_of(const struct smpp_options *options, const struct smpp_pdu *pdu)
{
	return action_for(&options->status, pdu->status, usual_action(pdu));
}

bool smpp_rebinds(const struct smpp_options *options, const struct smpp_pdu *pdu)
{
	return pdu->status && action_of(options, pdu) == ACTION_REBIND;
}

void smpp_tell_pending(const struct smpp_pdu *pdu, char *text, size_t room)
{
	const size_t len = strlen(text);
	if (smpp_tlv_number(pdu, SMPP_TAG_DPF_RESULT, 0) == 1)
		snprintf(text + len, room - len, "; an alert is to come (dpf_result)");
}

/* What the answer adds to its status: "; temporary network error; network error 34 (type 3); try
 * later". */
static void tell_more(const struct smpp_pdu *pdu, char *out, size_t room)
{
	static const char *const reasons[] = { "destination unavailable", "destination invalid",
		"permanent network error", "temporary network error" };
	const struct smpp_tlv *error = smpp_tlv(pdu, SMPP_TAG_NETWORK_ERROR_CODE);
	const struct smpp_tlv *info = smpp_tlv(pdu, SMPP_TAG_ADDITIONAL_STATUS_INFO_TEXT);
	const uint32_t reason = smpp_tlv_number(pdu, TAG_DELIVERY_FAILURE_REASON, UINT32_MAX);
	size_t n = strlen(out);
	if (reason < sizeof reasons / sizeof *reasons && n < room)
		n += (size_t)snprintf(out + n, room - n, "; %s", reasons[reason]);
	if (error && error->len == 3 && n < room)
		n += (size_t)snprintf(out + n, room - n, "; network error %u (type %u)",
		    (unsigned)error->at[1] << 8 | error->at[2], error->at[0]);
	if (!info || !info->len || n + 3 > room)
		return;
	char text[OUTCOME_TEXT_MAX], shown[OUTCOME_TEXT_MAX];
	snprintf(text, sizeof text, "%.*s", info->len < sizeof text ? info->len : (int)sizeof text - 1,
	    (const char *)info->at);
	smpp_print(shown, sizeof shown, text);
	if (*shown)
		snprintf(out + n, room - n, "; %s", shown);
}

struct outcome smpp_outcome(const struct smpp_options *options, const struct smpp_pdu *pdu,
    const struct message *message)
{
	struct outcome outcome = { .code = pdu->status };
	if (pdu->status == SMPP_ROK) {
		outcome.verdict = VERDICT_SENT;
		smpp_print(outcome.network_id, sizeof outcome.network_id, pdu->message_id);
		return outcome;
	}
	smpp_status_text(outcome.text, sizeof outcome.text, pdu->status);
	if (pdu->ntlvs) {
		tell_more(pdu, outcome.text, sizeof outcome.text);
		smpp_tell_pending(pdu, outcome.text, sizeof outcome.text);
	}
	action_apply(action_of(options, pdu), message, &outcome);
	return outcome;
}
