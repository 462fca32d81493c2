/* SPDX-License-Identifier: Apache-2.0 */
/*
 * modem_direct.c - messages and reports that a modem gives without storing them (+CMT, +CDS).
 *
 * With phase 2+ (AT+CSMS=1) the network waits until we say AT+CNMA, which we do after the commit:
 *
 *     +CMT -> link_inbound(ticket) -> receiver_ack(KEPT)  -> AT+CNMA
 *                                  -> receiver_ack(LATER) -> AT+CNMA=2, an RP-ERROR: it comes again
 *
 * Nothing else comes before that, so only the newest is acknowledged. A modem that has waited too long
 * has told the network itself that it failed, and turned the routing off; it is set again then. The
 * channel keeps an AT+CNMA back while a message is at its prompt. Without phase 2+ the modem has
 * told the network already: what comes is stored, and nobody is told.
 */
#include "modem_receiver.h"

#include "../gateway/clock.h"
#include "modem_text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CODE_NONE_EXPECTED = 340, CAUSE_UNSPECIFIED = 0xFF, REPORT_HEX_MAX = 64 };

/* The first that is taken is used from then on. Text mode has the last one alone. */
static const char *const forms[] = { "AT+CNMA=1", "AT+CNMA=0", "AT+CNMA" };
enum { FORMS = sizeof forms / sizeof *forms };

static void acknowledge(struct receiver *receiver);
static void next_acknowledgement(struct receiver *receiver);

static bool is_closed(struct receiver *receiver, const struct at_answer *answer)
{
	return receiver->phase == RECEIVER_STOPPED || answer->result == AT_CLOSED;
}

/* The modem gave up waiting, or soon will: it routes nothing from then on, and may have stored some. */
static void route_again(struct receiver *receiver)
{
	receiver->route_wanted = true;
	sweep_begin(receiver);
	receiver_next(receiver);
}

static void on_acknowledged(void *ctx, const struct at_answer *answer)
{
	struct receiver *receiver = ctx;
	struct ticket *ticket = receiver->acking;
	if (is_closed(receiver, answer) || !ticket)
		return;
	const bool late = clock_ms() - ticket->since > NETWORK_WAIT_MS;
	const bool expected = answer->result != AT_CMS || answer->code != CODE_NONE_EXPECTED;
	if (answer->result != AT_OK && answer->result != AT_SILENT && expected &&
	    receiver->acknowledgement + 1 < FORMS) {
		receiver->acknowledgement++;
		acknowledge(receiver);
		return;
	}
	if (answer->result != AT_OK && expected)
		link_warn(receiver->modem->link, "event=not_acknowledged reason=\"AT+CNMA: %s\"", answer->text);
	receiver->acking = NULL;
	receiver_ticket_end(receiver, ticket);
	next_acknowledgement(receiver);
	if (late || answer->result != AT_OK)
		route_again(receiver);
}

static void acknowledge(struct receiver *receiver)
{
	const char *form = receiver->modem->text_mode ? forms[FORMS - 1] : forms[receiver->acknowledgement];
	const struct at_command command = { .line = form, .timeout_ms = QUICK_TIMEOUT_MS, .first = true,
		.done = on_acknowledged, .ctx = receiver };
	channel_ask(receiver->modem->channel, &command);
}

/* The newest, when it is committed. */
static void next_acknowledgement(struct receiver *receiver)
{
	for (unsigned i = 0; i < TICKETS_MAX && !receiver->acking; i++) {
		struct ticket *ticket = &receiver->tickets[i];
		if (ticket->state == TICKET_KEPT && ticket->direct && ticket->number == receiver->newest) {
			receiver->newest = 0;
			receiver->acking = ticket;
			acknowledge(receiver);
		}
	}
}

static void on_refused(void *ctx, const struct at_answer *answer)
{
	struct receiver *receiver = ctx;
	receiver->refusing = false;
	if (!is_closed(receiver, answer) && answer->result != AT_OK)
		route_again(receiver);
}

/* The network is to try again later. In text mode there are no words for it: the modem's own
 * deadline does it, and ends the routing. */
static void refuse(struct receiver *receiver)
{
	char line[AT_LINE_MAX], hex[REPORT_HEX_MAX];
	const struct tpdu report = { .type = TPDU_DELIVER_REPORT, .cause = CAUSE_UNSPECIFIED };
	if (!receiver->modem->acknowledges || receiver->phase == RECEIVER_STOPPED || receiver->refusing)
		return;
	receiver->newest = 0;
	if (receiver->modem->text_mode) {
		route_again(receiver);
		return;
	}
	snprintf(line, sizeof line, "AT+CNMA=2,%zu", tpdu_line(hex, sizeof hex, NULL, &report));
	const struct at_command command = { .line = line, .payload = hex, .timeout_ms = QUICK_TIMEOUT_MS,
		.prompt_ms = QUICK_TIMEOUT_MS, .first = true, .done = on_refused, .ctx = receiver };
	receiver->refusing = true;
	channel_ask(receiver->modem->channel, &command);
}

void direct_acked(struct receiver *receiver, struct ticket *ticket, enum ack ack)
{
	const bool newest = ticket->number == receiver->newest;
	if (receiver->modem->acknowledges && receiver->phase != RECEIVER_STOPPED && newest && ack == ACK_KEPT) {
		ticket->state = TICKET_KEPT;
		next_acknowledgement(receiver);
		return;
	}
	receiver_ticket_end(receiver, ticket);
	if (newest && ack == ACK_LATER)
		refuse(receiver);
}

/* What came. */

static bool read_text(struct receiver *receiver, const struct at_urc *urc, struct delivery *delivery)
{
	struct tpdu tpdu;
	const struct text_entry entry = { .source = TEXT_DIRECT, .head = strchr(urc->line, ':') + 1,
		.body = urc->pdu ? urc->pdu : "", .hex_strings = receiver->modem->ucs2_strings };
	*delivery = (struct delivery){ .readable = false };
	if (!text_read(&tpdu, &entry, delivery->why, sizeof delivery->why))
		return false;
	delivery_of(delivery, receiver->modem, &tpdu);
	return true;
}

static bool read_direct(struct receiver *receiver, const struct at_urc *urc, struct delivery *delivery)
{
	if (receiver->modem->text_mode)
		return read_text(receiver, urc, delivery);
	return delivery_read(delivery, receiver->modem, urc->pdu ? urc->pdu : "", lists_length(strchr(urc->line, ':') + 1));
}

void direct_urc(struct receiver *receiver, const struct at_urc *urc, bool report)
{
	const struct modem *modem = receiver->modem;
	struct delivery delivery;
	struct ticket *ticket = NULL;
	const char *what = report ? "report" : "message";
	const bool sense = read_direct(receiver, urc, &delivery);
	if (sense)
		ticket = receiver_ticket_new(receiver, &delivery, true);
	if (sense && !delivery.readable)
		link_warn(modem->link, "event=unreadable direct=%s octets=%zu reason=\"%s\" then=\"a row of octets\"", what,
		    delivery.noctets, delivery.why);
	receiver->newest = ticket ? ticket->number : 0;
	if (ticket && receiver_tell(receiver, ticket, &delivery))
		return;
	if (ticket)
		receiver_ticket_end(receiver, ticket);
	link_warn(modem->link, "event=not_taken direct=%s reason=\"%s\" then=%s", what,
	    sense ? "too many wait for the database" : delivery.why,
	    modem->acknowledges ? "\"the network tries again\"" : "lost");
	refuse(receiver);
}

/* Serial number (2), message id (2), coding, page (27.005, 3.4.1): it is news for all, and no row. */
void direct_broadcast(struct receiver *receiver, const struct at_urc *urc)
{
	enum { HEADER = 6 };
	uint8_t octets[AT_LINE_MAX / 2];
	size_t len;
	if (!urc->pdu || !tpdu_unhex(octets, sizeof octets, &len, urc->pdu) || len < HEADER) {
		link_info(receiver->modem->link, "event=broadcast");
		return;
	}
	link_info(receiver->modem->link, "event=broadcast message=%d serial=%d page=%d of=%d", octets[2] << 8 | octets[3],
	    octets[0] << 8 | octets[1], octets[5] >> 4, octets[5] & 0x0F);
}
