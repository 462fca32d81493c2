/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cimd2_request.c - what the centre asks: messages, status reports, alive.
 *
 * Its number decides first (cimd2_numbers.c): a repetition gets the answer that it got before, a stray
 * one is refused. A message or report is handed on with a ticket, and answered when it is
 * stored; what cannot be taken is answered at once. A ticket is the packet's number, and which of all
 * that were heard it was: numbers come again.
 */
#include "cimd2_connection.h"

#include "../gateway/clock.h"

#include <stdio.h>
#include <stdlib.h>

enum { STRAYS_MAX = CIMD2_NUMBERS };    /* twice as many as can be on their way behind a lost one */
enum { NUMBER_BITS = 8, COUNT_MASK = (1 << (WIRE_TICKET_BITS - NUMBER_BITS)) - 1 };

static uint64_t ticket_of(const struct cimd2_heard_slot *slot, unsigned number)
{
	return (uint64_t)(slot->count & COUNT_MASK) << NUMBER_BITS | number;
}

/* No request has 49: what would be its response is a nack, and has the packet sent again. */
static unsigned response_to(unsigned operation)
{
	const unsigned response = operation + CIMD2_RESPONSE;
	return response == CIMD2_NACK ? CIMD2_ERROR : response;
}

static void answer(struct cimd2_connection *wire, struct cimd2_heard_slot *slot, unsigned number, unsigned error)
{
	slot->state = CIMD2_ANSWERED;
	slot->error = (uint16_t)error;
	cimd2_respond(wire, response_to(slot->operation), number, error);
}

static void refuse(struct cimd2_connection *wire, struct cimd2_heard_slot *slot, unsigned number, unsigned error)
{
	const char *name = cimd2_operation_name(slot->operation);
	link_warn(wire->link, "event=request_refused operation=\"%s\" packet=%03u error=%u reason=\"%s\"",
	    name ? name : "unknown", number, error, cimd2_error_words(error));
	answer(wire, slot, number, error);
}

static void on_deliver(struct cimd2_connection *wire, const struct cimd2_pdu *pdu, struct cimd2_heard_slot *slot)
{
	struct inbound inbound;
	const enum cimd2_refusal refusal = cimd2_read_inbound(wire->session->zone, pdu, &wire->message, &inbound);
	if (refusal != CIMD2_TAKEN) {
		refuse(wire, slot, pdu->number, refusal);
		return;
	}
	if (wire->message.strange)
		link_debug(wire->link, "event=unknown_combination packet=%03u n=%u", pdu->number, wire->message.strange);
	line_delivered(wire->line, &(struct cimd2_news){ .inbound = &inbound }, ticket_of(slot, pdu->number));
	free(wire->message.options);
}

static void on_report(struct cimd2_connection *wire, const struct cimd2_pdu *pdu, struct cimd2_heard_slot *slot)
{
	struct receipt receipt;
	const enum cimd2_refusal refusal = cimd2_read_receipt(wire->session->zone, pdu, &receipt);
	if (refusal != CIMD2_TAKEN) {
		refuse(wire, slot, pdu->number, refusal);
		return;
	}
	char *told = wire->told[pdu->number / 2 % CIMD2_NUMBERS_EACH];
	const bool final = receipt.status == STATUS_DELIVERED || receipt.status == STATUS_UNDELIVERED;
	twins_receipt(wire->session->twins, receipt.network_id, final, clock_ms());
	snprintf(told, NETWORK_ID_MAX, "%s", final ? receipt.network_id : "");
	line_delivered(wire->line, &(struct cimd2_news){ .receipt = &receipt }, ticket_of(slot, pdu->number));
}

/* False: it is not to be looked at. */
static bool take_number(struct cimd2_connection *wire, const struct cimd2_pdu *pdu, uint32_t digest,
    struct cimd2_heard_slot **slot)
{
	const enum cimd2_hearing hearing = cimd2_hear(&wire->heard, pdu, digest, wire->options->strict_sequence);
	switch (hearing) {
	case CIMD2_STRAY:
		link_warn(wire->link, "event=bad_packet_number packet=%03u expected=%03u", pdu->number, wire->heard.expected);
		cimd2_respond(wire, CIMD2_NACK, wire->heard.expected, 0);
		if (++wire->strays > STRAYS_MAX)
			talk_end(wire->talk, DOWN_LOST, "the message centre keeps to packet numbers that were refused: "
			    "packet %03u, not %03u", pdu->number, wire->heard.expected);
		return false;
	case CIMD2_AGAIN:
		*slot = cimd2_heard_slot(&wire->heard, pdu->number);
		link_debug(wire->link, "event=repeated packet=%03u", pdu->number);
		cimd2_respond(wire, response_to((*slot)->operation), pdu->number, (*slot)->error);
		cimd2_heard_pass(&wire->heard, pdu->number);
		return false;
	case CIMD2_AGAIN_TOO_SOON:
		cimd2_heard_pass(&wire->heard, pdu->number);
		link_debug(wire->link, "event=repeated packet=%03u", pdu->number);
		return false;
	case CIMD2_GAP:
		link_warn(wire->link, "event=sequence_gap packet=%03u expected=%03u", pdu->number, wire->heard.expected);
		break;
	default:
		break;
	}
	wire->strays = 0;
	*slot = cimd2_heard_take(&wire->heard, pdu, digest, hearing);
	return true;
}

void cimd2_on_request(struct cimd2_connection *wire, const struct cimd2_pdu *pdu, enum cimd2_fault fault,
    uint32_t digest)
{
	struct cimd2_heard_slot *slot;
	const bool brings = pdu->operation == CIMD2_DELIVER || pdu->operation == CIMD2_REPORT;
	/* Not logged in yet, or not any more: it is for the next session. */
	if (talk_phase(wire->talk) != TALK_UP && (brings || talk_phase(wire->talk) != TALK_LOGOUT))
		return;
	if (!take_number(wire, pdu, digest, &slot))
		return;
	if (fault == CIMD2_SYNTAX)
		refuse(wire, slot, pdu->number, CIMD2_WRONG_SYNTAX);
	else if (pdu->operation == CIMD2_ALIVE)
		answer(wire, slot, pdu->number, CIMD2_TAKEN);
	else if (pdu->operation == CIMD2_DELIVER)
		on_deliver(wire, pdu, slot);
	else if (pdu->operation == CIMD2_REPORT)
		on_report(wire, pdu, slot);
	else
		refuse(wire, slot, pdu->number, CIMD2_UNEXPECTED);
}

/* A report that is not kept comes again, over whatever connection. */
static void tell_again(struct cimd2_connection *wire, const struct cimd2_heard_slot *slot)
{
	const char *told = wire->told[slot - wire->heard.slots];
	if (slot->operation == CIMD2_REPORT && *told)
		twins_again(wire->session->twins, told);
}

void cimd2_forget_debts(struct cimd2_connection *wire)
{
	for (unsigned i = 0; i < CIMD2_NUMBERS_EACH; i++)
		if (wire->heard.slots[i].count && wire->heard.slots[i].state == CIMD2_OWED)
			tell_again(wire, &wire->heard.slots[i]);
}

void cimd2_ack(void *at, uint64_t ticket, enum ack ack)
{
	struct cimd2_connection *wire = at;
	const unsigned number = (unsigned)(ticket & (CIMD2_NUMBERS - 1));
	struct cimd2_heard_slot *slot = cimd2_heard_slot(&wire->heard, number);
	if (ticket_of(slot, number) != ticket)
		return;                     /* its number has been used again meanwhile */
	if (ack == ACK_KEPT) {
		answer(wire, slot, number, CIMD2_TAKEN);
		return;
	}
	tell_again(wire, slot);
	if (wire->options->on_store_failure == CIMD2_STORE_710)
		answer(wire, slot, number, CIMD2_GENERIC_FAILURE);
	else
		slot->state = CIMD2_LEFT;
}
