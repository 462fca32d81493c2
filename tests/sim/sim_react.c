/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sim_react.c - commands against states: one table.
 *
 * A request out of place or out of shape gets its own response with the status
 * that says what is wrong, so that the client's window drains; the session
 * lives on, but for a bind, which ends it. A response is never answered. Requests
 * that the table lacks get a generic_nack.
 */
#include "sim_react.h"

#include "sim_account.h"
#include "sim_center.h"
#include "sim_command.h"
#include "sim_multi.h"
#include "sim_session.h"

#include "../../drivers/smpp_pdu.h"

#include <string.h>

typedef void react_fn(struct session *, const struct smpp_pdu *);

struct reaction {
	uint32_t command;
	unsigned allowed;               /* IN(state) */
	uint32_t otherwise;             /* the status in any other state */
	react_fn *act;
};

#define IN(state)  (1u << SESSION_##state)
#define ANYWHERE   (~0u)

void session_let_in(struct session *session, struct account *account, enum session_state state)
{
	session->center->counts.binds++;
	account_join(account, session);
	session_enter(session, state);
	account_pump(session->center, account);
}

static bool is_response(uint32_t command)
{
	return command & 0x80000000u;
}

static bool too_many(const struct account *account, unsigned most)
{
	unsigned n = 0;
	for (const struct session *at = account->binds; at; at = at->next_bind)
		n++;
	return most && n >= most;
}

static void on_bind(struct session *session, const struct smpp_pdu *pdu)
{
	struct center *center = session->center;
	const uint32_t response = pdu->command | 0x80000000u;
	const uint8_t version = (uint8_t)center->options->speaks;
	if (version < 0x34 && pdu->command == SMPP_BIND_TRANSCEIVER) {
		session_answer(session, (uint32_t)SMPP_GENERIC_NACK, pdu->sequence, SMPP_RINVCMDID);
		return;
	}
	struct account *account = account_find(center, session->dialect, pdu->system_id, pdu->password);
	if (!account || too_many(account, center->options->max_binds)) {
		center->counts.binds_refused++;
		session_answer(session, response, pdu->sequence, account ? SMPP_RALYBND : SMPP_RBINDFAIL);
		session_end(session, "bind refused");
		return;
	}
	/* 34 in decimal is what some clients mean by 3.4 */
	session->version = pdu->interface_version == 0x22 ? 0x34 : pdu->interface_version;
	if (session->version > version)
		session->version = version;
	struct smpp_pdu answer = {
		.command = response, .sequence = pdu->sequence, .system_id = "smsc-sim",
	};
	if (session->version >= 0x34)
		smpp_tlv_add(&answer, SMPP_TAG_SC_INTERFACE_VERSION, &version, 1);
	session_send(session, &answer);
	session_let_in(session, account,
	    pdu->command == SMPP_BIND_TRANSMITTER ? SESSION_TX :
	    pdu->command == SMPP_BIND_RECEIVER ? SESSION_RX : SESSION_TRX);
}

static void on_unbind(struct session *session, const struct smpp_pdu *pdu)
{
	session_answer(session, (uint32_t)SMPP_UNBIND_RESP, pdu->sequence, SMPP_ROK);
	session_enter(session, SESSION_UNBOUND);
}

static void on_enquire_link(struct session *session, const struct smpp_pdu *pdu)
{
	session_answer(session, (uint32_t)SMPP_ENQUIRE_LINK_RESP, pdu->sequence, SMPP_ROK);
}

static void on_delivered(struct session *session, const struct smpp_pdu *pdu)
{
	account_answered(session, pdu->sequence, pdu->status);
}

static void on_ignored(struct session *session, const struct smpp_pdu *pdu)
{
	(void)session, (void)pdu;
}

static const struct reaction reactions[] = {
	{ SMPP_SUBMIT_SM, IN(TX) | IN(TRX), SMPP_RINVBNDSTS, center_submit },
	{ SMPP_DATA_SM, IN(TX) | IN(TRX), SMPP_RINVBNDSTS, center_submit },
	{ SMPP_QUERY_SM, IN(TX) | IN(TRX), SMPP_RINVBNDSTS, command_react },
	{ SMPP_CANCEL_SM, IN(TX) | IN(TRX), SMPP_RINVBNDSTS, command_react },
	{ SMPP_REPLACE_SM, IN(TX) | IN(TRX), SMPP_RINVBNDSTS, command_react },
	{ SMPP_QUERY_BROADCAST_SM, IN(TX) | IN(TRX), SMPP_RINVBNDSTS, command_react },
	{ SMPP_CANCEL_BROADCAST_SM, IN(TX) | IN(TRX), SMPP_RINVBNDSTS, command_react },
	{ SMPP_SUBMIT_MULTI, IN(TX) | IN(TRX), SMPP_RINVBNDSTS, multi_submit },
	{ SMPP_BROADCAST_SM, IN(TX) | IN(TRX), SMPP_RINVBNDSTS, broadcast_submit },
	{ SMPP_DELIVER_SM_RESP, IN(RX) | IN(TRX) | IN(UNBOUND), 0, on_delivered },
	{ SMPP_GENERIC_NACK, IN(RX) | IN(TRX) | IN(UNBOUND), 0, on_delivered },
	{ SMPP_ENQUIRE_LINK, ANYWHERE, 0, on_enquire_link },
	{ SMPP_ENQUIRE_LINK_RESP, ANYWHERE, 0, on_ignored },
	{ SMPP_BIND_TRANSCEIVER, IN(OPEN), SMPP_RALYBND, on_bind },
	{ SMPP_BIND_TRANSMITTER, IN(OPEN), SMPP_RALYBND, on_bind },
	{ SMPP_BIND_RECEIVER, IN(OPEN), SMPP_RALYBND, on_bind },
	{ SMPP_UNBIND, IN(TX) | IN(RX) | IN(TRX), SMPP_RINVBNDSTS, on_unbind },
	{ SMPP_UNBIND_RESP, ANYWHERE, 0, on_ignored },
};

static const struct reaction *reaction_find(uint32_t command)
{
	for (size_t i = 0; i < sizeof reactions / sizeof *reactions; i++)
		if (reactions[i].command == command)
			return &reactions[i];
	return NULL;
}

/* A request that is known, but cannot be read. */
static void on_malformed(struct session *session, const struct smpp_pdu *pdu, uint32_t status)
{
	struct sim_counts *counts = &session->center->counts;
	counts->malformed++;
	if (pdu->command == SMPP_SUBMIT_SM || pdu->command == SMPP_DATA_SM ||
	    pdu->command == SMPP_SUBMIT_MULTI || pdu->command == SMPP_BROADCAST_SM) {
		counts->submits++;
		counts->refused++;
	}
	session_answer(session, pdu->command | 0x80000000u, pdu->sequence, status);
	if (session->state == SESSION_OPEN)
		session_end(session, "malformed bind");
}

void react(struct session *session, const struct smpp_pdu *pdu, uint32_t wrong)
{
	const struct reaction *reaction = reaction_find(pdu->command);
	const bool in_place = reaction && reaction->allowed & 1u << session->state;
	if (is_response(pdu->command)) {
		/* The sequence of a response decides; what else is in it does not matter. */
		if (in_place)
			reaction->act(session, pdu);
		else
			session->center->counts.stray_responses++;
	} else if (!reaction) {
		session->center->counts.malformed++;
		session_answer(session, (uint32_t)SMPP_GENERIC_NACK, pdu->sequence, SMPP_RINVCMDID);
	} else if (!in_place) {
		session_answer(session, pdu->command | 0x80000000u, pdu->sequence,
		    session->state == SESSION_UNBOUND ? SMPP_RINVBNDSTS : reaction->otherwise);
	} else if (wrong && pdu->command != SMPP_ENQUIRE_LINK && pdu->command != SMPP_UNBIND) {
		on_malformed(session, pdu, wrong);
	} else {
		reaction->act(session, pdu);
	}
}
