/* SPDX-License-Identifier: Apache-2.0 */
/*
 * smpp_outcome.c - what an answer to submit_sm means: an action for each status, the
 * usual one or the link's own (key status), and the outcome that follows.
 */
#include "smpp.h"

#include "../gateway/asked.h"

#include <stdio.h>
#include <string.h>

enum {
	SECOND = 1000,
	RETRY_FIRST_MS = 30 * SECOND, RETRY_MOST_MS = 900 * SECOND,
	TRANSIENT_TRIES = 10, AMBIGUOUS_TRIES = 3,
	THROTTLE_MS = 1 * SECOND, HOLD_MS = 60 * SECOND,
	STATUS_DELIVERY_FAILURE = 0xFE, TAG_DELIVERY_FAILURE_REASON = 0x0425,
};

/* retry: later, often; few: later, a few times; throttle and hold: the link rests a second,
 * or a minute, and no attempt is burnt; rebind: the session is opened anew. */
enum action { ACTION_RETRY, ACTION_FEW, ACTION_FAIL, ACTION_THROTTLE, ACTION_REBIND, ACTION_HOLD };
static const char *const action_words[] = { "retry", "few", "fail", "throttle", "rebind", "hold", NULL };

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

/* "0x45 = fail". */
static bool read_rule(const char *rule, uint32_t *status, enum action *action)
{
	unsigned number;
	char word[16];
	int end = 0;
	const bool hex = strncmp(rule, "0x", 2) == 0 || strncmp(rule, "0X", 2) == 0;
	if (sscanf(rule, hex ? "%x = %15s %n" : "%u = %15s %n", &number, word, &end) != 2 || rule[end])
		return false;
	*status = number;
	for (int i = 0; action_words[i]; i++) {
		*action = (enum action)i;
		if (strcmp(action_words[i], word) == 0)
			return number > 0;
	}
	return false;
}

bool smpp_actions_check(const struct smpp_options *options, struct conf_error *err)
{
	uint32_t status;
	enum action action;
	for (size_t i = 0; i < options->status.n; i++)
		if (*options->status.items[i] && !read_rule(options->status.items[i], &status, &action))
			return conf_fail(err, "status: \"%.40s\" is not a status and an action: like \"0x45 = fail\"; "
			    "actions are retry, few, fail, throttle, rebind, hold", options->status.items[i]);
	return true;
}

static enum action action_of(const struct smpp_options *options, const struct smpp_pdu *pdu)
{
	uint32_t status;
	enum action action;
	for (size_t i = 0; i < options->status.n; i++)
		if (read_rule(options->status.items[i], &status, &action) && status == pdu->status)
			return action;
	return usual_action(pdu);
}

bool smpp_rebinds(const struct smpp_options *options, const struct smpp_pdu *pdu)
{
	return pdu->status && action_of(options, pdu) == ACTION_REBIND;
}

/* Later, each time later, but not for ever; a turn of a dialogue never, since nobody waits for
 * one that comes half a minute late. */
static void put_off(struct outcome *outcome, const struct message *message, unsigned tries)
{
	const unsigned attempts = message->attempts;
	const bool turn = message->asked && message->asked->kind == KIND_USSD;
	char text[OUTCOME_TEXT_MAX];
	memcpy(text, outcome->text, sizeof text);
	if (turn)
		snprintf(outcome->text, sizeof outcome->text, "not taken, and too late to try again: %.110s", text);
	else if (attempts >= tries)
		snprintf(outcome->text, sizeof outcome->text, "given up after %u attempts: %.110s", attempts, text);
	if (turn || attempts >= tries) {
		outcome->verdict = VERDICT_REJECTED;
		return;
	}
	outcome->verdict = VERDICT_DEFERRED;
	outcome->retry_ms = RETRY_FIRST_MS;
	for (unsigned i = 1; i < attempts && outcome->retry_ms < RETRY_MOST_MS; i++)
		outcome->retry_ms *= 2;
	if (outcome->retry_ms > RETRY_MOST_MS)
		outcome->retry_ms = RETRY_MOST_MS;
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
	switch (action_of(options, pdu)) {
	case ACTION_FAIL:
		outcome.verdict = VERDICT_REJECTED;
		break;
	case ACTION_THROTTLE:
	case ACTION_HOLD:
		outcome.verdict = VERDICT_DEFERRED;
		outcome.untried = true;
		outcome.retry_ms = outcome.hold_ms = action_of(options, pdu) == ACTION_HOLD ? HOLD_MS
		    : THROTTLE_MS;
		break;
	case ACTION_REBIND:
		outcome.verdict = VERDICT_DEFERRED;
		outcome.untried = true;
		break;
	case ACTION_RETRY:
		put_off(&outcome, message, TRANSIENT_TRIES);
		break;
	case ACTION_FEW:
		put_off(&outcome, message, AMBIGUOUS_TRIES);
	}
	return outcome;
}
