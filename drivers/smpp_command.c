/* SPDX-License-Identifier: Apache-2.0 */
/*
 * smpp_command.c - questions as PDUs, and answers as replies: query_sm, cancel_sm and
 * replace_sm (SMPP 3.4, 4.8 to 4.10), query_broadcast_sm and cancel_broadcast_sm (5.0, 4.4).
 *
 * A message centre finds a message by its id and its source address together, so that
 * is written as it was for the submit, by the same functions. The answer to a query that
 * tells a final state is also told as a receipt: one that was lost is made good so.
 *
 * No I/O and no state; when a question is sent, and which answer is whose, is asks.c's and smpp_wire.c's.
 */
#include "smpp.h"

#include "../gateway/asked.h"
#include "smpp_time.h"
#include "zone.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

enum { V50 = 0x50, MINUTES_LENGTH = 10, PADDED_LENGTH = 12 };

uint32_t smpp_question_command(const struct command *command)
{
	static const uint32_t commands[2][3] = {
		{ SMPP_QUERY_SM, SMPP_CANCEL_SM, SMPP_REPLACE_SM },
		{ SMPP_QUERY_BROADCAST_SM, SMPP_CANCEL_BROADCAST_SM, 0 },
	};
	return commands[command->broadcast][command->kind];
}

static bool fail(struct reply *reply, const char *why)
{
	*reply = (struct reply){ .kind = REPLY_FAILED };
	snprintf(reply->text, sizeof reply->text, "%s", why);
	return false;
}

static bool put_replacement(const struct smpp_options *options, uint8_t version,
    const struct message *message, struct smpp_pdu *pdu, struct outcome *outcome)
{
	pdu->registered_delivery = smpp_receipts_of(options, message);
	if (!smpp_put_text(options, message->parts, pdu, outcome))
		return false;
	if (pdu->ntlvs == 0 || version >= V50)
		return true;
	snprintf(outcome->text, sizeof outcome->text, "the new text is too long for one short message: only "
	    "SMPP 5.0 replaces a longer one");
	return false;
}

/* One message has one recipient; of one to several, or to an area, the id has to do. */
static bool names_recipient(const struct command *command)
{
	return *command->message->recipient && !command->broadcast && !command->message->ndestinations;
}

bool smpp_question(const struct smpp_options *options, uint8_t version,
    const struct question *question, struct smpp_pdu *pdu, struct reply *reply)
{
	const struct command *command = question->command;
	const struct message *message = command->message;
	const struct asked *asked = asked_of(message);
	struct outcome outcome = { .text = "the question does not fit its PDU" };
	*pdu = (struct smpp_pdu){ .command = smpp_question_command(command) };
	if (command->broadcast && version < V50)
		return fail(reply, "broadcasts need a session of SMPP 5.0");
	snprintf(pdu->message_id, sizeof pdu->message_id, "%s", question->network_id);
	if (command->kind == COMMAND_CANCEL)
		snprintf(pdu->service_type, sizeof pdu->service_type, "%s",
		    asked->service_type ? asked->service_type : options->service_type);
	if (!smpp_put_source(options, message, pdu, &outcome) ||
	    (command->kind == COMMAND_CANCEL && names_recipient(command) &&
	    !smpp_put_recipient(options, message, message->recipient, &pdu->destination, &outcome)) ||
	    (command->kind == COMMAND_REPLACE &&
	    !put_replacement(options, version, message, pdu, &outcome)))
		return fail(reply, outcome.text);
	return true;
}

/* Answers. */

/* By message_state (SMPP 3.4, 5.2.28; 5.0, 4.7.15): our words, and those of receipts. */
static const struct { const char *word, *receipt; } states[] = {
	[0] = { "scheduled", "SCHEDLD" }, [1] = { "enroute", "ENROUTE" },
	[2] = { "delivered", "DELIVRD" }, [3] = { "expired", "EXPIRED" },
	[4] = { "deleted", "DELETED" }, [5] = { "undeliverable", "UNDELIV" },
	[6] = { "accepted", "ACCEPTD" }, [7] = { "unknown", "UNKNOWN" },
	[8] = { "rejected", "REJECTD" }, [9] = { "skipped", "SKIPPED" },
};
enum { STATE_UNKNOWN = 7, STATES = sizeof states / sizeof states[0] };

/* With a zone, or without seconds or zone, by the provider's clock; 0: not said. */
static int64_t when(const struct smpp_options *options, const char *text)
{
	char padded[PADDED_LENGTH + 1];
	int64_t at_ms = 0;
	if (strlen(text) == MINUTES_LENGTH) {
		snprintf(padded, sizeof padded, "%.*s00", (int)MINUTES_LENGTH, text);
		text = padded;
	}
	const enum smpp_time kind = smpp_time_read(text, time(NULL), &at_ms);
	return kind == SMPP_TIME_LOCAL ? at_ms / 1000 - zone_seconds(options->time_zone) : at_ms / 1000;
}

/* The state as a receipt would tell it; its id is the one that was asked about, whatever
 * base receipts are written in. */
static void tell(const struct smpp_options *options, const char *link,
    const struct question *question, uint8_t state, struct reply *reply)
{
	const struct smpp_pdu pdu = { .command = SMPP_DELIVER_SM, .esm_class = SMPP_ESM_RECEIPT };
	struct smpp_receipt from = { .state = state, .error = reply->code };
	struct receipt *receipt = &reply->receipt;
	snprintf(from.id, sizeof from.id, "%s", question->network_id);
	snprintf(from.word, sizeof from.word, "query:%s", states[state].receipt);
	smpp_read_receipt(options, &pdu, &from, receipt);
	snprintf(receipt->link, sizeof receipt->link, "%s", link);
	snprintf(receipt->network_id, sizeof receipt->network_id, "%s", question->network_id);
	memset(receipt->alternate, 0, sizeof receipt->alternate);
	snprintf(receipt->recipient, sizeof receipt->recipient, "%s", question->command->message->recipient);
	receipt->done_at = reply->answer_at;
	reply->status = receipt->status;
	/* One state for several recipients says of none of them what a receipt would. */
	reply->reports = receipt->status != STATUS_SENT && !question->command->message->ndestinations;
}

static struct reply queried(const struct smpp_options *options, const char *link,
    const struct question *question, const struct smpp_pdu *pdu)
{
	struct reply reply = { .kind = REPLY_DONE };
	uint32_t state = pdu->message_state;
	char ended[sizeof pdu->final_date];
	memcpy(ended, pdu->final_date, sizeof ended);
	if (question->command->broadcast) {
		const struct smpp_tlv *end = smpp_tlv(pdu, SMPP_TAG_BROADCAST_END_TIME);
		state = smpp_tlv_number(pdu, SMPP_TAG_MESSAGE_STATE, STATE_UNKNOWN);
		snprintf(ended, sizeof ended, "%.*s", end ? (int)end->len : 0, end ? (const char *)end->at : "");
	} else if (state == 0 && !*pdu->message_id) {
		fail(&reply, "the message centre answered, but not with a state");
		return reply;
	}
	reply.code = pdu->error_code;
	if (state >= STATES)
		state = STATE_UNKNOWN;
	snprintf(reply.answer, sizeof reply.answer, "%s", states[state].word);
	reply.answer_at = when(options, ended);
	tell(options, link, question, (uint8_t)state, &reply);
	return reply;
}

bool smpp_asks_patience(const struct smpp_pdu *pdu)
{
	return pdu->status == SMPP_RTHROTTLED || pdu->status == SMPP_RMSGQFUL;
}

struct reply smpp_reply(const struct smpp_options *options, const char *link,
    const struct question *question, const struct smpp_pdu *pdu)
{
	const struct command *command = question->command;
	struct reply reply = { .kind = REPLY_DONE };
	if (pdu->command == (uint32_t)SMPP_GENERIC_NACK || pdu->status != SMPP_ROK) {
		reply.kind = REPLY_REFUSED;
		reply.code = pdu->status;
		smpp_status_text(reply.text, sizeof reply.text, pdu->status);
		if (pdu->status == SMPP_RINVCMDID)
			snprintf(reply.text, sizeof reply.text, "ESME_RINVCMDID (0x03): this message centre does "
			    "not know how to %s a %s", command_words[command->kind],
			    command->broadcast ? "broadcast" : "message");
		return reply;
	}
	return command->kind == COMMAND_QUERY ? queried(options, link, question, pdu) : reply;
}
