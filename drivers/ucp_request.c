/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ucp_request.c - the centre's own operations: messages, notifications, outcomes of questions, alerts.
 *
 * A delivery (52, 53, 01) is answered when the link acknowledges it. Its ticket is its number;
 * what is owed under a number is in `debts`. 57 and 58, which tell what became of a question long
 * after its result, are answered at once: nothing of them is stored.
 *
 * What an operation may say is judged by ucp_judge() (ucp_pdu.c), what it means is ucp_inbound.c's and
 * ucp_command.c's.
 */
#include "ucp_connection.h"

#include "../gateway/clock.h"

#include <stdio.h>
#include <string.h>

enum { SHORT_FIELDS = 31 };             /* without RES4 and RES5 */

void ucp_respond(struct ucp_connection *wire, const struct ucp_pdu *operation, unsigned ec)
{
	uint8_t octets[64];
	const size_t len = ucp_pack_result(operation, ec, NULL, octets, sizeof octets);
	talk_write(wire->talk, octets, len);
}

/* A number that is owed is not free for another operation; the same again is waited with. */
static bool is_owed(struct ucp_connection *wire, const struct ucp_pdu *pdu, uint32_t digest)
{
	const struct ucp_debt *debt = &wire->debts[pdu->trn];
	if (!debt->operation)
		return false;
	if (debt->operation != pdu->operation || debt->digest != digest)
		ucp_respond(wire, pdu, UCP_EC_NOT_ALLOWED);
	return true;
}

static void deliver(struct ucp_connection *wire, const struct ucp_pdu *pdu, uint32_t digest)
{
	struct ucp_delivery delivery = { .pdu = pdu };
	struct receipt receipt;
	if (is_owed(wire, pdu, digest))
		return;
	struct ucp_debt *debt = &wire->debts[pdu->trn];
	*debt = (struct ucp_debt){ .operation = pdu->operation, .digest = digest };
	if (pdu->operation == UCP_NOTIFY) {
		ucp_read_receipt(wire->options, pdu, &receipt);
		const size_t len = strlen(receipt.network_id);
		const bool final = receipt.status != STATUS_SENT;
		if (len)
			twins_receipt(wire->session->twins, receipt.network_id, final, clock_ms());
		for (int i = 0; i < 2; i++) {  /* whose suffix is that of the others */
			const size_t n = strlen(receipt.alternate[i]);
			if (n)
				snprintf(receipt.alternate[i] + n, NETWORK_ID_MAX - n, "%s", receipt.network_id + len);
		}
		if (final)
			memcpy(debt->told, receipt.network_id, sizeof debt->told);
		delivery.receipt = &receipt;
	}
	line_delivered(wire->line, &delivery, pdu->trn);
}

void ucp_ack(void *at, uint64_t ticket, enum ack ack)
{
	struct ucp_connection *wire = at;
	struct ucp_debt *debt = &wire->debts[ticket % UCP_TRNS];
	const struct ucp_pdu pdu = { .trn = (uint8_t)(ticket % UCP_TRNS), .operation = debt->operation };
	if (ack == ACK_LATER && *debt->told)
		twins_again(wire->session->twins, debt->told);
	ucp_respond(wire, &pdu, ack == ACK_KEPT ? UCP_EC_NONE : UCP_EC_NOT_ALLOWED);
	*debt = (struct ucp_debt){ .operation = 0 };
}

void ucp_forget_debts(struct ucp_connection *wire)
{
	for (unsigned i = 0; i < UCP_TRNS; i++)
		if (wire->debts[i].operation && *wire->debts[i].told)
			twins_again(wire->session->twins, wire->debts[i].told);
}

/* The question that a 57 or 58 is about: of those asked here that wait for one, or whose result is
 * still to come. */
static struct question *told_question(struct ucp_connection *wire, const struct ucp_pdu *pdu)
{
	struct question *question;
	while (wire->aside_first < wire->aside_next && !line_question(wire->line, wire->aside_first))
		wire->aside_first++;
	for (uint32_t number = wire->aside_first; number < wire->aside_next; number++)
		if ((question = line_question(wire->line, number)) && ucp_is_told(question, pdu))
			return question;
	for (uint32_t trn = 0; trn < UCP_TRNS; trn++)
		if (wire->out[trn].operation && (question = line_question(wire->line, trn)) &&
		    ucp_is_told(question, pdu))
			return question;
	return NULL;
}

static void on_told(struct ucp_connection *wire, const struct ucp_pdu *pdu)
{
	struct ucp_connection *asker = wire, *next = TAILQ_FIRST(&wire->session->connections);
	struct question *question = told_question(wire, pdu);
	ucp_respond(wire, pdu, UCP_EC_NONE);
	/* A centre tells it over any session of the account, maybe one that it made itself. */
	for (; !question && next; next = TAILQ_NEXT(next, entry))
		if (!line_is_closed(next->line) && (question = told_question(next, pdu)))
			asker = next;
	if (!question) {
		link_debug(wire->link, "event=ignored operation=%02u reason=\"nobody asked\"", pdu->operation);
		return;
	}
	const struct reply reply = ucp_told(wire->options, link_name(wire->link), question, pdu);
	line_replied(asker->line, question, &reply);
}

/* Some leave out the last fields, which are reserved. */
static void lengthen(const struct ucp_connection *wire, struct ucp_pdu *pdu)
{
	if (wire->options->short_operations && pdu->operation >= UCP_SUBMIT && pdu->operation <= UCP_DELETED &&
	    pdu->nfields >= SHORT_FIELDS && pdu->nfields < UCP_FIELDS)
		pdu->nfields = UCP_FIELDS;      /* those that are not there are empty */
}

void ucp_on_operation(struct ucp_connection *wire, struct ucp_pdu *pdu, uint32_t digest)
{
	const char *culprit;
	lengthen(wire, pdu);
	const enum ucp_error ec = ucp_judge(pdu, &culprit);
	const bool up = talk_phase(wire->talk) == TALK_UP;
	if (ec != UCP_EC_NONE) {
		link_warn(wire->link, "event=refused operation=%02u ec=%02d reason=\"%s\" field=%s", pdu->operation, (int)ec, ucp_error_text(ec),
		    culprit ? culprit : "none");
		ucp_respond(wire, pdu, ec);
		return;
	}
	switch (pdu->operation) {
	case UCP_ALERT:
		ucp_respond(wire, pdu, UCP_EC_NONE);
		return;
	case UCP_CALL:
	case UCP_DELIVER:
	case UCP_NOTIFY:
		if (up)
			deliver(wire, pdu, digest);
		break;
	case UCP_INQUIRED:
	case UCP_DELETED:
		if (up)
			on_told(wire, pdu);
		break;
	default:
		link_warn(wire->link, "event=refused operation=%02u ec=04 reason=\"not for a client\"", pdu->operation);
		ucp_respond(wire, pdu, UCP_EC_NOT_ALLOWED);
		return;
	}
	if (!up)
		ucp_respond(wire, pdu, UCP_EC_NOT_ALLOWED);
}
