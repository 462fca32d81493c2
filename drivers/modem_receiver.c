/* SPDX-License-Identifier: Apache-2.0 */
/*
 * modem_receiver.c - messages and reports that a modem has for us.
 *
 * A message lies in a storage of the modem until it has been committed, and is deleted only then:
 *
 *     listed or read -> link_inbound(ticket) -> receiver_ack(KEPT) -> AT+CMGD
 *                                            -> receiver_ack(LATER): it stays; the next sweep finds it
 *
 * +CMTI only says that it is worth looking now; a sweep of all storages finds what it did not
 * say. Whatever is read twice is stored once, since arrivals are named by content. With
 * `receive = direct` messages come as +CMT, and the network is told by AT+CNMA after the commit.
 *
 * STOPPED -> STARTING (receiver_start) -> READY (when all steps are done) -> STOPPED (receiver_stop,
 * or the port is gone). One command is under way at a time, AT+CNMA aside; receiver_next() chooses
 * it: routing, then what is to be deleted, to be read, to be listed.
 */
#include "modem_receiver.h"

#include "../gateway/clock.h"

#include <event2/event.h>

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { VERIFY_AFTER_MS = 5000, CODE_FAILURE = 300, DIGITS_MAX = 7 };

static void (*const steps[])(struct receiver *) = { routing_service, storages_learn,
	storages_choose, routing_learn, routing_choose };
enum { STEPS = sizeof steps / sizeof *steps };

/* Commands. */

static void judge(struct receiver *receiver, const struct at_answer *answer)
{
	if (answer->result == AT_OK)
		modem_works(receiver->modem);
	else if (answer->result == AT_SILENT || (answer->result == AT_CMS && answer->code == CODE_FAILURE))
		modem_ill(receiver->modem, answer->text);
}

static void begin(struct receiver *receiver)
{
	receiver->restart = false;
	receiver->phase = RECEIVER_STARTING;
	receiver->step = 0;
}

static void on_answer(void *ctx, const struct at_answer *answer)
{
	struct receiver *receiver = ctx;
	receiver_answer_fn *const answered = receiver->answered;
	receiver->answered = NULL;
	if (receiver->phase == RECEIVER_STOPPED)
		return;
	if (answer->result == AT_CLOSED) {
		receiver_stop(receiver);
		return;
	}
	judge(receiver, answer);
	if (receiver->restart)
		begin(receiver);
	else if (answered)
		answered(receiver, answer);
	receiver_next(receiver);
}

void receiver_ask(struct receiver *receiver, const char *line, const char *prefix, unsigned timeout_ms,
    receiver_answer_fn *answered)
{
	const long least = receiver->modem->options->command_timeout;
	const struct at_command command = { .line = line, .prefix = prefix,
		.timeout_ms = least > (long)timeout_ms ? (unsigned)least : timeout_ms, .done = on_answer,
		.ctx = receiver };
	receiver->answered = answered;
	channel_ask(receiver->modem->channel, &command);
}

static void end_step(struct receiver *receiver)
{
	receiver->phase = RECEIVER_READY;
	sweep_begin(receiver);
	if (receiver->done)
		receiver->done(receiver->modem);
}

void receiver_next(struct receiver *receiver)
{
	while (receiver->phase == RECEIVER_STARTING && !receiver->answered) {
		if (receiver->step < STEPS)
			steps[receiver->step++](receiver);
		else
			end_step(receiver);
	}
	if (receiver->phase != RECEIVER_READY || receiver->answered)
		return;
	if (receiver->route_wanted)
		routing_assert(receiver);
	else
		sweep_next(receiver);
}

/* Tickets. */

uint64_t receiver_ticket(struct receiver *receiver)
{
	return ++receiver->last_ticket;
}

unsigned receiver_count(const struct receiver *receiver, bool direct)
{
	unsigned n = 0;
	for (unsigned i = 0; i < TICKETS_MAX; i++)
		n += receiver->tickets[i].state != TICKET_FREE && receiver->tickets[i].direct == direct;
	return n;
}

bool receiver_is_idle(const struct receiver *receiver)
{
	return receiver_count(receiver, false) + receiver_count(receiver, true) == 0;
}

struct ticket *receiver_ticket_new(struct receiver *receiver, const struct delivery *delivery, bool direct)
{
	if (!direct && receiver_count(receiver, false) >= STORED_MAX)
		return NULL;
	for (unsigned i = 0; i < TICKETS_MAX; i++) {
		struct ticket *ticket = &receiver->tickets[i];
		if (ticket->state != TICKET_FREE)
			continue;
		*ticket = (struct ticket){ .number = receiver_ticket(receiver), .state = TICKET_GIVEN,
			.direct = direct, .since = clock_ms() };
		memcpy(ticket->content, delivery->content, CONTENT_MAX);
		return ticket;
	}
	return NULL;
}

void receiver_ticket_end(struct receiver *receiver, struct ticket *ticket)
{
	ticket->state = TICKET_FREE;
	if (receiver_is_idle(receiver))
		modem_idle(receiver->modem);
}

bool receiver_tell(struct receiver *receiver, const struct ticket *ticket, struct delivery *delivery)
{
	struct modem *modem = receiver->modem;
	struct inbound inbound;
	if (delivery->readable && delivery->tpdu.type == TPDU_STATUS_REPORT) {
		if (sender_report(modem->sender, &delivery->tpdu, ticket->number))
			return true;
		delivery->readable = false;
		snprintf(delivery->why, sizeof delivery->why, "a status report of which nothing can be made");
	}
	if (!delivery->readable && delivery->noctets == 0)
		return false;
	delivery_inbound(&inbound, delivery, modem);
	link_inbound(modem->link, &inbound, ticket->number);
	return true;
}

void receiver_ack(struct receiver *receiver, uint64_t number, enum ack ack)
{
	struct ticket *ticket = receiver->tickets;
	struct ticket *const end = ticket + TICKETS_MAX;
	while (ticket < end && (ticket->state != TICKET_GIVEN || ticket->number != number))
		ticket++;
	if (ticket == end)
		return;                     /* the dialer's, the sender's, or of a session before */
	if (ticket->direct) {
		direct_acked(receiver, ticket, ack);
	} else if (ack == ACK_KEPT) {
		ticket->state = TICKET_KEPT;
		ticket->verify = ticket->verify || clock_ms() - ticket->since > VERIFY_AFTER_MS;
	} else {
		receiver_ticket_end(receiver, ticket);
	}
	receiver_next(receiver);
}

/* Unsolicited lines. */

/* "SM",5 */
static void on_stored(struct receiver *receiver, const struct at_urc *urc)
{
	char name[STORAGE_NAME_MAX] = "", field[32];
	bool quoted;
	long index = -1;
	for (const char *at = strchr(urc->line, ':') + 1; at; ) {
		at = lists_field(field, sizeof field, at, &quoted);
		if (lists_is_storage(field))
			snprintf(name, sizeof name, "%.7s", field);
		else if (*field && strspn(field, "0123456789") == strlen(field) && strlen(field) < DIGITS_MAX)
			index = strtol(field, NULL, 10);
	}
	const unsigned storage = storages_named(receiver, name);
	if (receiver->phase == RECEIVER_READY && receiver->modem->options->receive != RECEIVE_OFF &&
	    storage != NO_STORAGE && index >= 0)
		sweep_read(receiver, (struct place){ storage, index });
	sweep_begin(receiver);
}

/* A report is stored: where only such are, the storage is swept from now on. */
static void on_report_stored(struct receiver *receiver, const struct at_urc *urc)
{
	on_stored(receiver, urc);
	const unsigned reports = storages_named(receiver, strcasestr(urc->line, "\"SR\"") ? "SR" : "");
	if (reports != NO_STORAGE && !receiver->no_stored_reports)
		receiver->storages[reports].swept = true;
}

static void on_direct(struct receiver *receiver, const struct at_urc *urc)
{
	direct_urc(receiver, urc, false);
}

static void on_report(struct receiver *receiver, const struct at_urc *urc)
{
	direct_urc(receiver, urc, true);
}

static void on_full(struct receiver *receiver, const struct at_urc *urc)
{
	(void)urc;
	link_warn(receiver->modem->link, "event=storage_full reason=\"the modem says so\"");
	sweep_begin(receiver);
}

static void on_look(struct receiver *receiver, const struct at_urc *urc)
{
	(void)urc;
	sweep_begin(receiver);
}

/* The modem waits for AT+CNMA in vain (Nordic): it routes no more. */
static void on_lost_routing(struct receiver *receiver, const struct at_urc *urc)
{
	link_warn(receiver->modem->link, "event=routing_lost reason=\"%s\"", urc->line);
	receiver->route_wanted = true;
	receiver_next(receiver);
}

static void on_ignored(struct receiver *receiver, const struct at_urc *urc)
{
	(void)receiver, (void)urc;
}

static const struct { const char *start; void (*heard)(struct receiver *, const struct at_urc *); } reactions[] = {
	{ "+CMTI:", on_stored }, { "+CDSI:", on_report_stored }, { "+CMT:", on_direct }, { "+CDS:", on_report },
	{ "+CBM:", direct_broadcast }, { "+CBMI:", on_ignored },
	{ "^SMMEMFULL", on_full }, { "*SMSFULL", on_full }, { "+SMSFULL", on_full }, { "SMS FULL", on_full },
	{ "^SMGO: 1", on_full }, { "^SMGO: 2", on_full }, { "+CIEV: \"SMSFULL\"", on_full },
	{ "+QIND: \"SMSFULL\"", on_full }, { "+CMS ERROR: 322", on_full }, { "+CIEV: \"MESSAGE\"", on_look },
	{ "+CMS ERROR: 524", on_lost_routing }, { "+WMGF", on_full },
};

bool receiver_urc(struct receiver *receiver, const struct at_urc *urc)
{
	for (size_t i = 0; i < sizeof reactions / sizeof *reactions; i++)
		if (strncasecmp(urc->line, reactions[i].start, strlen(reactions[i].start)) == 0) {
			reactions[i].heard(receiver, urc);
			return true;
		}
	return false;
}

/* Life. */

static void on_timer(evutil_socket_t fd, short what, void *arg)
{
	(void)fd, (void)what;
	sweep_begin(arg);
}

struct receiver *receiver_new(struct modem *modem)
{
	struct receiver *receiver = calloc(1, sizeof *receiver);
	if (!receiver)
		abort();
	receiver->modem = modem;
	receiver->timer = event_new(link_base(modem->link), -1, 0, on_timer, receiver);
	if (!receiver->timer)
		abort();
	sweep_reset(receiver);
	return receiver;
}

void receiver_free(struct receiver *receiver)
{
	if (!receiver)
		return;
	event_free(receiver->timer);
	free(receiver);
}

void receiver_start(struct receiver *receiver, void (*done)(struct modem *))
{
	receiver->done = done;
	receiver->newest = 0;
	for (unsigned i = 0; i < TICKETS_MAX; i++)
		receiver->tickets[i].verify = true; /* it may be another SIM */
	sweep_reset(receiver);
	if (receiver->answered) {
		receiver->restart = true;
		return;
	}
	begin(receiver);
	receiver_next(receiver);
}

void receiver_stop(struct receiver *receiver)
{
	receiver->phase = RECEIVER_STOPPED;
	receiver->restart = false;
	receiver->answered = NULL;
	receiver->newest = 0;
	receiver->acking = NULL;
	receiver->refusing = false;
	event_del(receiver->timer);
	for (unsigned i = 0; i < TICKETS_MAX; i++)
		if (receiver->tickets[i].state == TICKET_KEPT && receiver->tickets[i].direct)
			receiver->tickets[i].state = TICKET_FREE;
}

void receiver_sweep(struct receiver *receiver)
{
	sweep_begin(receiver);
}

void receiver_assert(struct receiver *receiver)
{
	receiver->route_wanted = true;
	receiver_next(receiver);
}
