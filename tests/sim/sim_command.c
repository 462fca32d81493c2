/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sim_command.c - query_sm, cancel_sm and replace_sm (SMPP 3.4, 4.8 to 4.10), and
 * query_broadcast_sm and cancel_broadcast_sm (5.0).
 *
 * A message is found by its id as the response to its submit had it, by its account and
 * by its source address, ton and npi too, as a strict centre of SMPP has it. It is under way
 * (ENROUTE) until its receipt is due, wanted or not; then it is what that says.
 */
#include "sim_command.h"

#include "sim_account.h"
#include "sim_center.h"
#include "sim_deliver.h"
#include "sim_dialect.h"
#include "sim_session.h"

#include "../../drivers/smpp_pdu.h"
#include "../../drivers/smpp_time.h"
#include "../../drivers/ucp_pdu.h"

#include <stdlib.h>
#include <string.h>

enum { KEPT = 65536 };

struct kept_message {
	uint64_t number;                /* 0: none */
	uint64_t due_ms;                /* when it comes to `state` */
	int64_t at;                     /* when it was accepted: Unix seconds */
	const struct account *account;
	struct item *receipt;           /* on the agenda while it is not due; NULL: none is wanted */
	uint32_t command;               /* that it came by */
	uint8_t state;
	bool cancelled;
	struct smpp_address source, destination;
	char service_type[7];
	uint8_t data_coding;
};

struct kept { struct kept_message at[KEPT]; };

struct kept *kept_new(void)
{
	struct kept *kept = calloc(1, sizeof *kept);
	if (!kept)
		abort();
	return kept;
}

void kept_free(struct kept *kept)
{
	free(kept);
}

void kept_note(struct session *session, const struct smpp_pdu *pdu, uint8_t state, uint64_t in_ms,
    struct item *receipt)
{
	struct center *center = session->center;
	const uint64_t number = center->counts.accepted;
	struct kept_message *message = &center->kept->at[number % KEPT];
	*message = (struct kept_message){ .number = number, .due_ms = center->now_ms + in_ms,
		.at = center->unix_now,
		.account = session->account, .receipt = receipt, .command = pdu->command, .state = state,
		.source = pdu->source, .destination = pdu->destination, .data_coding = pdu->data_coding };
	memcpy(message->service_type, pdu->service_type, sizeof message->service_type);
}

bool kept_is_cancelled(struct center *center, const struct item *receipt)
{
	struct kept_message *message = &center->kept->at[receipt->number % KEPT];
	if (message->number != receipt->number || receipt != message->receipt)
		return false;
	message->receipt = NULL;
	return message->cancelled;
}

static bool same_address(const struct smpp_address *one, const struct smpp_address *other)
{
	return one->ton == other->ton && one->npi == other->npi &&
	    strcmp(one->digits, other->digits) == 0;
}

static bool is_broadcast(uint32_t command)
{
	return command == SMPP_BROADCAST_SM || command == SMPP_QUERY_BROADCAST_SM ||
	    command == SMPP_CANCEL_BROADCAST_SM;
}

static struct taken taken(const struct kept_message *message)
{
	return (struct taken){ message->account->dialect, message->number, message->at,
		address_kept(&message->destination) };
}

static struct kept_message *find(struct session *session, const struct smpp_pdu *pdu)
{
	struct center *center = session->center;
	char id[ID_TEXT_MAX];
	for (uint64_t i = 0, number = center->counts.accepted; i < KEPT && number; i++, number--) {
		struct kept_message *message = &center->kept->at[number % KEPT];
		if (message->number != number || message->account->dialect != session->dialect)
			continue;
		const struct taken it = taken(message);
		center_id(center, &it, false, id);
		if (strcmp(id, pdu->message_id) != 0)
			continue;
		return message->account == session->account &&
		    is_broadcast(message->command) == is_broadcast(pdu->command) ? message : NULL;
	}
	return NULL;
}

static bool is_under_way(const struct center *center, const struct kept_message *message)
{
	return !message->cancelled && center->now_ms < message->due_ms;
}

/* What each does. Each returns the status of its response, which is made ready. */

static uint32_t query(struct session *session, const struct smpp_pdu *pdu,
    struct kept_message *message, struct smpp_pdu *response)
{
	const struct center *center = session->center;
	const bool open = is_under_way(center, message);
	memcpy(response->message_id, pdu->message_id, sizeof response->message_id);
	response->message_state = message->cancelled ? STATE_DELETED : open ? STATE_ENROUTE : message->state;
	if (!open)
		smpp_time_write(response->final_date, SMPP_TIME_ABSOLUTE, 0, center->unix_now -
		    (int64_t)(center->now_ms - message->due_ms) / 1000);
	if (is_broadcast(pdu->command))
		smpp_tlv_add(response, SMPP_TAG_MESSAGE_STATE, &response->message_state, 1);
	return SMPP_ROK;
}

/* The receipt that was to come says DELETED, and comes now. */
static void take_back(struct center *center, struct kept_message *message)
{
	message->cancelled = true;
	message->due_ms = center->now_ms;
	if (!message->receipt)
		return;
	struct item *receipt = item_new(center->agenda);
	*receipt = *message->receipt;
	receipt->state = STATE_DELETED;
	receipt->next = receipt->prev = NULL;
	center_later(center, receipt, 1); /* behind the response */
}

static uint32_t cancel(struct session *session, const struct smpp_pdu *pdu,
    struct kept_message *message, struct smpp_pdu *response)
{
	(void)response;
	if (*pdu->destination.digits && !same_address(&pdu->destination, &message->destination))
		return SMPP_RINVDSTADR;
	if (!is_under_way(session->center, message))
		return is_broadcast(pdu->command) ? SMPP_RBCASTCANCELFAIL : SMPP_RCANCELFAIL;
	take_back(session->center, message);
	return SMPP_ROK;
}

/* All that wait from the one to the other. */
static uint32_t cancel_group(struct session *session, const struct smpp_pdu *pdu)
{
	struct center *center = session->center;
	const bool strict = session->dialect == &dialect_smpp;
	unsigned n = 0;
	for (size_t i = 0; i < KEPT; i++) {
		struct kept_message *message = &center->kept->at[i];
		if (!message->number || message->account != session->account ||
		    !is_under_way(center, message) || (strict && !same_address(&pdu->source, &message->source)) ||
		    ((strict || *pdu->destination.digits) &&
		    !same_address(&pdu->destination, &message->destination)) ||
		    (*pdu->service_type && strcmp(pdu->service_type, message->service_type) != 0))
			continue;
		take_back(center, message);
		n++;
	}
	return n ? SMPP_ROK : SMPP_RCANCELFAIL;
}

static uint32_t replace(struct session *session, const struct smpp_pdu *pdu,
    struct kept_message *message, struct smpp_pdu *response)
{
	struct center *center = session->center;
	(void)response;
	if (!is_under_way(center, message))
		return SMPP_RREPLACEFAIL;
	/* As the message is now: the new text, to the old recipient, in the old coding. */
	struct smpp_pdu now = *pdu;
	now.destination = message->destination;
	now.data_coding = message->data_coding;
	const struct taken it = taken(message);
	center_record_anew(center, &now, &it);
	return SMPP_ROK;
}

static const struct command {
	uint32_t command;
	uint32_t unknown;               /* the status when there is no such message */
	uint32_t (*act)(struct session *, const struct smpp_pdu *, struct kept_message *,
	    struct smpp_pdu *response);
} commands[] = {
	{ SMPP_QUERY_SM, SMPP_RINVMSGID, query },
	{ SMPP_CANCEL_SM, SMPP_RINVMSGID, cancel },
	{ SMPP_REPLACE_SM, SMPP_RINVMSGID, replace },
	{ SMPP_QUERY_BROADCAST_SM, SMPP_RBCASTQUERYFAIL, query },
	{ SMPP_CANCEL_BROADCAST_SM, SMPP_RBCASTCANCELFAIL, cancel },
};

static uint32_t act(struct session *session, const struct smpp_pdu *pdu, struct smpp_pdu *response)
{
	const struct command *command = commands;
	while (command->command != pdu->command)
		command++;
	if (pdu->command == SMPP_CANCEL_SM && !*pdu->message_id)
		return cancel_group(session, pdu);
	struct kept_message *message = find(session, pdu);
	const bool strict = session->dialect == &dialect_smpp;
	if (!message || (strict && !same_address(&pdu->source, &message->source)))
		return command->unknown;
	return command->act(session, pdu, message, response);
}

/* What it came to follows in a request of ours, where the dialect has it so: 57 and 58 of UCP. */
static void answer_later(struct session *session, const struct smpp_pdu *pdu, uint8_t state)
{
	struct center *center = session->center;
	const struct kept_message *message = find(session, pdu);
	if (!message || pdu->command == SMPP_REPLACE_SM)
		return;
	struct item *item = item_new(center->agenda);
	item->kind = ITEM_ANSWER;
	item->account = session->account;
	item->number = message->number;
	item->submitted_at = (uint32_t)message->at;
	item->source = address_kept(&message->source);
	item->destination = address_kept(&message->destination);
	item->state = pdu->command == SMPP_CANCEL_SM ? STATE_DELETED : state;
	item->part = pdu->command == SMPP_CANCEL_SM ? UCP_DELETED : UCP_INQUIRED;
	center_later(center, item, 0);
}

void command_react(struct session *session, const struct smpp_pdu *pdu)
{
	struct center *center = session->center;
	struct sim_counts *counts = &center->counts;
	struct smpp_pdu response = { .command = pdu->command | 0x80000000u, .sequence = pdu->sequence };
	counts->commands++;
	if (center->options->no_commands) {
		counts->commands_refused++;
		session_answer(session, (uint32_t)SMPP_GENERIC_NACK, pdu->sequence, SMPP_RINVCMDID);
		return;
	}
	if (center->options->silent_commands)
		return;
	memcpy(response.message_id, pdu->message_id, sizeof response.message_id);
	response.status = act(session, pdu, &response);
	counts->commands_refused += response.status != SMPP_ROK;
	if (response.status)
		session_answer(session, response.command, pdu->sequence, response.status);
	else
		session_send(session, &response);
	if (!response.status && session->dialect->answers_later)
		answer_later(session, pdu, response.message_state);
}
