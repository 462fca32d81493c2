/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cimd2_wire.c - one connection to a centre: login, packets for parts, and what its answers mean.
 *
 * The phases are talk.c's. A request of ours is kept as octets until it is answered, under its
 * number (cimd2_numbers.c), so that it can be sent again as it was:
 *
 *     written --- answer with its number and operation + 50 ---> gone
 *        |-- too late, once -------> written again, the same number
 *        |-- too late, twice ------> the line is of no use; of the time: done without
 *        |-- nack n, n is its ----> it and those after it are written again, as they are
 *        |-- nack n, the next one -> when something was written again: they wait for their answers
 *        |-- nack n, nobody's -----> all get new numbers from n on, and are written again
 *        `-- error 3, 310, 312 ---> once: without what the account may not say, as the next one
 *
 * A strict centre refuses what follows a refused packet as well, each with the same nack: as many
 * of these as were on the way are passed over. Beside parts and questions it sends a few
 * requests of its own: alive, a poll for what waits, a question for the time.
 *
 * What the centre sends is in cimd2_request.c.
 */
#include "cimd2_wire.h"

#include "../gateway/clock.h"
#include "cimd2_connection.h"
#include "digest.h"
#include "refuse.h"
#include "zone.h"

#include <event2/event.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { TIMES_MAX = 2, ROUNDS_MAX = 3, COUNT_ALL = 0, COUNT_AND_SEND = 2, PAUSE_MS = 1000 };

/* Requests. */

static void write_sent(struct cimd2_connection *wire, struct cimd2_sent *sent)
{
	sent->repeated = sent->repeated || sent->times;
	sent->times++;
	talk_write(wire->talk, sent->octets, sent->len);
}

/* NULL: it does not fit. */
static struct cimd2_sent *send_request(struct cimd2_connection *wire, struct cimd2_pdu *pdu,
    struct wire_place *place)
{
	struct cimd2_sent *sent = cimd2_unanswered_add(&wire->unanswered, pdu);
	if (!sent)
		return NULL;
	if (place)
		*place = (struct wire_place){ .number = sent->number, .offset = talk_written(wire->talk) };
	write_sent(wire, sent);
	return sent;
}

static bool wire_submit(void *at, struct part *part, struct wire_place *place, struct outcome *outcome)
{
	struct cimd2_connection *wire = at;
	if (!cimd2_submit(wire->options, wire->session->zone, part, &wire->request, outcome))
		return false;
	if (send_request(wire, &wire->request.pdu, place))
		return true;
	return refuse(outcome, "the message does not fit a packet");
}

static bool wire_ask(void *at, struct question *question, struct wire_place *place, struct reply *reply)
{
	struct cimd2_connection *wire = at;
	if (!cimd2_question(question, &wire->request, reply))
		return false;
	if (send_request(wire, &wire->request.pdu, place))
		return true;
	*reply = (struct reply){ .kind = REPLY_FAILED, .text = "the question does not fit a packet" };
	return false;
}

static bool wire_has_room(const void *at)
{
	const struct cimd2_connection *wire = at;
	return !wire->awaits_time && cimd2_unanswered_has_room(&wire->unanswered, wire->window);
}

static enum wire_overdue wire_overdue(void *at, uint32_t number, struct part *part, struct question *question)
{
	(void)part;
	(void)question;
	struct cimd2_connection *wire = at;
	struct cimd2_sent *sent = cimd2_unanswered_find(&wire->unanswered, number);
	if (!sent)
		return WIRE_LOST;
	if (sent->times >= TIMES_MAX || !wire->options->repeat_unanswered)
		return WIRE_USELESS;
	link_warn(wire->link, "event=sent_again packet=%03u reason=\"no answer in time\"", sent->number);
	write_sent(wire, sent);
	return WIRE_AGAIN;
}

/* Requests of our own. */

static void arm(struct cimd2_connection *wire);

static void send_own(struct cimd2_connection *wire, struct cimd2_pdu *pdu, long timeout)
{
	struct cimd2_sent *sent = send_request(wire, pdu, NULL);
	if (sent && timeout)
		sent->due = clock_ms() + (uint64_t)timeout;
	arm(wire);
}

static void send_login(struct cimd2_connection *wire)
{
	const struct cimd2_options *options = wire->options;
	struct cimd2_pdu pdu = { .operation = CIMD2_LOGIN };
	cimd2_add_text(&pdu, CIMD2_USER, options->username);
	cimd2_add_text(&pdu, CIMD2_PASSWORD, wire->with_new ? options->new_password_file
	    : *options->password_file ? options->password_file : options->password);
	if (options->subaddress >= 0)
		cimd2_add_number(&pdu, CIMD2_SUBADDRESS, options->subaddress);
	if (wire->window > 1)
		cimd2_add_number(&pdu, CIMD2_WINDOW, (long)wire->window);
	send_own(wire, &pdu, 0);
}

static void send_get(struct cimd2_connection *wire)
{
	struct cimd2_pdu pdu = { .operation = CIMD2_GET };
	cimd2_add_number(&pdu, CIMD2_GET_CODE, CIMD2_CENTRE_TIME);
	wire->awaits_time = true;
	send_own(wire, &pdu, wire->options->stx.login_timeout);
}

static void send_new_password(struct cimd2_connection *wire)
{
	struct cimd2_pdu pdu = { .operation = CIMD2_SET };
	cimd2_add_text(&pdu, CIMD2_PASSWORD, wire->options->new_password_file);
	send_own(wire, &pdu, wire->options->response_timeout);
}

static void send_poll(struct cimd2_connection *wire, unsigned mode)
{
	struct cimd2_pdu pdu = { .operation = CIMD2_DELIVERY_REQUEST };
	cimd2_add_number(&pdu, CIMD2_REQUEST_MODE, mode);
	send_own(wire, &pdu, wire->options->response_timeout);
}

static void poll_when_due(struct cimd2_connection *wire, uint64_t now)
{
	if (!wire->poll_at || now < wire->poll_at)
		return;
	wire->poll_at = now + (uint64_t)wire->options->poll_interval;
	if (!talk_is_paused(wire->talk) && !cimd2_unanswered_of(&wire->unanswered, CIMD2_DELIVERY_REQUEST))
		send_poll(wire, COUNT_ALL);
}

static void learn_time(struct cimd2_connection *wire, const struct cimd2_pdu *);

/* False: the connection has ended. */
static bool own_is_late(struct cimd2_connection *wire, struct cimd2_sent *sent, uint64_t now)
{
	if (talk_is_paused(wire->talk)) {
		sent->due = now + PAUSE_MS;     /* its answer may wait to be read */
	} else if (sent->operation == CIMD2_GET) {
		cimd2_unanswered_remove(&wire->unanswered, sent);
		learn_time(wire, NULL);
		line_go_on(wire->line);
	} else if (sent->times >= TIMES_MAX) {
		talk_end(wire->talk, DOWN_LOST, "no answer to %s, which was sent twice",
		    cimd2_operation_name(sent->operation));
		return false;
	} else {
		sent->due = now + (uint64_t)wire->options->response_timeout;
		write_sent(wire, sent);
	}
	return true;
}

static void on_timer(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	struct cimd2_connection *wire = arg;
	const uint64_t now = clock_ms();
	struct cimd2_sent *sent = TAILQ_FIRST(&wire->unanswered.list), *next;
	for (; sent; sent = next) {
		next = TAILQ_NEXT(sent, entry);
		if (sent->due && now >= sent->due && !own_is_late(wire, sent, now))
			return;
	}
	if (talk_phase(wire->talk) == TALK_UP)
		poll_when_due(wire, now);
	arm(wire);
}

static void arm(struct cimd2_connection *wire)
{
	uint64_t at = wire->poll_at;
	const struct cimd2_sent *sent;
	TAILQ_FOREACH(sent, &wire->unanswered.list, entry)
		if (sent->due && (!at || sent->due < at))
			at = sent->due;
	const uint64_t now = clock_ms();
	if (at && talk_phase(wire->talk) == TALK_UP)
		clock_ring(wire->timer, at > now ? at - now : 0);
}

/* Answers. */

/* Without what the account may not say. False: there is nothing of that in it. */
static bool send_without(struct cimd2_connection *wire, struct cimd2_sent *sent, unsigned error)
{
	const uint16_t *const spared = cimd2_dispensable(error);
	struct cimd2_pdu pdu, less;
	struct wire_place place;
	uint8_t copy[CIMD2_REQUEST_MAX];
	memcpy(copy, sent->octets, sent->len);
	if (!spared || sent->spared || cimd2_unpack(copy, sent->len, &pdu) != CIMD2_FINE)
		return false;
	less = (struct cimd2_pdu){ .operation = pdu.operation };
	for (unsigned i = 0; i < pdu.nparameters; i++) {
		const uint16_t *code = spared;
		while (*code && *code != pdu.parameters[i].code)
			code++;
		if (!*code)
			cimd2_add(&less, pdu.parameters[i].code, pdu.parameters[i].value);
	}
	if (less.nparameters == pdu.nparameters)
		return false;
	struct cimd2_sent *again = send_request(wire, &less, &place);
	if (!again)
		return false;
	struct part *part = line_take(wire->line, sent->number);
	cimd2_unanswered_remove(&wire->unanswered, sent);
	again->spared = true;
	line_put(wire->line, part, &place);
	link_warn(wire->link, "event=sent_without error=%u reason=\"%s\"%s", error, cimd2_error_words(error),
	    error == 310 ? " remedy=\"no_dlr = on, or another report_mask\"" : "");
	return true;
}

static void name_part(struct cimd2_connection *wire, const struct cimd2_sent *sent,
    const struct cimd2_pdu *answer, char id[NETWORK_ID_MAX])
{
	struct cimd2_pdu submitted;
	cimd2_unpack(sent->octets, sent->len, &submitted);
	if (cimd2_id(answer, cimd2_value(&submitted, CIMD2_DESTINATION), id))
		twins_name(wire->session->twins, id, clock_ms());
	else
		link_warn(wire->link, "event=no_message_id packet=%03u", answer->number);
}

static void on_submitted(struct cimd2_connection *wire, struct cimd2_sent *sent, const struct cimd2_pdu *pdu)
{
	const unsigned error = cimd2_error(pdu);
	if (!line_has(wire->line, sent->number)) {
		cimd2_unanswered_remove(&wire->unanswered, sent);
		return;
	}
	if (error && send_without(wire, sent, error))
		return;
	struct part *part = line_take(wire->line, sent->number);
	struct outcome outcome = cimd2_outcome(wire->options, pdu, part->message);
	if (outcome.verdict == VERDICT_SENT)
		name_part(wire, sent, pdu, outcome.network_id);
	cimd2_unanswered_remove(&wire->unanswered, sent);
	line_done(wire->line, part, &outcome);
	if (cimd2_logs_in_anew(wire->options, pdu))
		talk_end(wire->talk, DOWN_LOST, "%s", outcome.text);
	else
		line_go_on(wire->line);
}

static void on_replied(struct cimd2_connection *wire, struct cimd2_sent *sent, const struct cimd2_pdu *pdu)
{
	struct question *question = line_question(wire->line, sent->number);
	cimd2_unanswered_remove(&wire->unanswered, sent);
	if (!question || (cimd2_asks_patience(pdu) && line_ask_later(wire->line, question)))
		return;
	const struct reply reply = cimd2_reply(wire->session->zone, link_name(wire->link), question, pdu);
	line_replied(wire->line, question, &reply);
}

/* How much the centre's clock is ahead; where it does not say, as the options have it. NULL: it said
 * nothing. */
static void learn_time(struct cimd2_connection *wire, const struct cimd2_pdu *pdu)
{
	const struct blob *said = pdu ? cimd2_value(pdu, CIMD2_CENTRE_TIME) : NULL;
	int64_t at;
	wire->awaits_time = false;
	wire->session->zone = zone_seconds(wire->options->time_zone);
	if (said && cimd2_read_time(said, 0, &at)) {
		wire->session->zone = (int32_t)(at - (int64_t)time(NULL));
		link_info(wire->link, "event=clock ahead=%ds", (int)wire->session->zone);
	} else {
		link_warn(wire->link, "event=clock reason=\"the message centre does not say the time\" "
		    "remedy=\"time_source = zone\"");
	}
}

static void tell_password(struct cimd2_connection *wire, const struct cimd2_pdu *pdu)
{
	char text[OUTCOME_TEXT_MAX];
	cimd2_error_text(text, sizeof text, pdu);
	if (cimd2_error(pdu)) {
		link_warn(wire->link, "event=password_stays reason=\"%s\"", text);
		return;
	}
	wire->session->with_new = true;
	link_info(wire->link, "event=password_changed remedy=\"write it into password_file, and take out "
	    "new_password_file\"");
}

/* Of refusals in a row the first is told. */
static void on_polled(struct cimd2_connection *wire, const struct cimd2_pdu *pdu)
{
	enum { COUNT_MAX = 999, NOTHING_WAITS = 500 };
	const unsigned error = cimd2_error(pdu);
	char text[OUTCOME_TEXT_MAX];
	cimd2_error_text(text, sizeof text, pdu);
	const bool refused = error && error != NOTHING_WAITS;
	if (refused && !wire->poll_refused)
		link_warn(wire->link, "event=poll_refused reason=\"%s\" remedy=\"poll_interval = 0, unless the account is a "
		    "querying one\"", text);
	wire->poll_refused = refused;
	if (!error && cimd2_number(pdu, CIMD2_MESSAGE_COUNT, COUNT_MAX, 0) > 0 && talk_phase(wire->talk) == TALK_UP)
		send_poll(wire, COUNT_AND_SEND);
}

static void on_own(struct cimd2_connection *wire, struct cimd2_sent *sent, const struct cimd2_pdu *pdu)
{
	const uint8_t operation = sent->operation;
	cimd2_unanswered_remove(&wire->unanswered, sent);
	if (operation == CIMD2_LOGOUT) {
		talk_leave(wire->talk, DOWN_DRAINED, "drained");
		return;
	}
	if (operation == CIMD2_SET)
		tell_password(wire, pdu);
	if (operation == CIMD2_GET)
		learn_time(wire, cimd2_error(pdu) ? NULL : pdu);
	if (operation == CIMD2_DELIVERY_REQUEST)
		on_polled(wire, pdu);
	line_go_on(wire->line);
}

/* Logging in. */

static const struct { unsigned error; enum down how; const char *remedy; } refusals[] = {
	{ 4, DOWN_BUSY, "" }, { 5, DOWN_BUSY, "" }, { 6, DOWN_BUSY, "" }, { 10, DOWN_BUSY, "" },
	{ 100, DOWN_PASSWORD, "; check username and password of this link" },
	{ 101, DOWN_REFUSED, "; check the interface profile of the account" },
	{ 102, DOWN_TAKEN, "; another session of this account may still be open: see key sessions" },
	{ 103, DOWN_BUSY, "" }, { 107, DOWN_REFUSED, "; check subaddress of this link" },
};

static void login_refused(struct cimd2_connection *wire, const struct cimd2_pdu *pdu)
{
	const unsigned error = cimd2_error(pdu);
	char text[OUTCOME_TEXT_MAX];
	size_t i = 0;
	const size_t n = sizeof refusals / sizeof *refusals;
	while (i < n && refusals[i].error != error)
		i++;
	cimd2_error_text(text, sizeof text, pdu);
	const enum down how = i == n ? DOWN_REFUSED : refusals[i].how;
	const bool barred = how == DOWN_PASSWORD && wire->options->stop_on_auth_failure;
	talk_end(wire->talk, barred ? DOWN_BARRED : how, "login refused: %s%s%s", text, i == n ? "" : refusals[i].remedy,
	    barred ? "; not tried again (stop_on_auth_failure) before smsqlctl drain and release" : "");
}

static void on_login(struct cimd2_connection *wire, struct cimd2_sent *sent, const struct cimd2_pdu *pdu)
{
	const unsigned error = cimd2_error(pdu);
	enum { INVALID_LOGIN = 100, INVALID_WINDOW = 104, NO_WINDOWS = 105 };
	cimd2_unanswered_remove(&wire->unanswered, sent);
	wire->anew = false;
	if ((error == INVALID_WINDOW || error == NO_WINDOWS) && wire->window > 1) {
		link_warn(wire->link, "event=window_refused error=%u window=%u remedy=\"window = 1\"", error, wire->window);
		wire->session->window_refused = wire->anew = true;
		wire->window = 1;
		send_login(wire);
		return;
	}
	if (error == INVALID_LOGIN && *wire->options->new_password_file && !wire->with_new) {
		wire->session->with_new = wire->with_new = wire->anew = true;
		send_login(wire);
		return;
	}
	if (error) {
		if (error == INVALID_LOGIN)
			wire->session->with_new = false;
		login_refused(wire, pdu);
		return;
	}
	talk_up(wire->talk);
	if (*wire->options->new_password_file && !wire->with_new)
		send_new_password(wire);
	if (wire->options->time_source == CIMD2_CLOCK_CENTRE)
		send_get(wire);
	if (wire->options->poll_interval)
		wire->poll_at = clock_ms() + 1;
	arm(wire);
	line_bound(wire->line, wire->window);
}

/* The answer to one of ours, be it a response or a general error. */
static void on_answer(struct cimd2_connection *wire, struct cimd2_sent *sent, const struct cimd2_pdu *pdu)
{
	wire->rounds = wire->stale = 0;
	switch (sent->operation) {
	case CIMD2_LOGIN: on_login(wire, sent, pdu); break;
	case CIMD2_SUBMIT: on_submitted(wire, sent, pdu); break;
	case CIMD2_ENQUIRE:
	case CIMD2_CANCEL: on_replied(wire, sent, pdu); break;
	default: on_own(wire, sent, pdu);
	}
}

/* Of a response that is broken something has to be readable. */
static bool is_usable(const struct cimd2_pdu *pdu, enum cimd2_fault fault)
{
	return fault == CIMD2_FINE || cimd2_value(pdu, CIMD2_ERROR_CODE) || cimd2_value(pdu, CIMD2_TIMESTAMP);
}

static void on_response(struct cimd2_connection *wire, const struct cimd2_pdu *pdu, enum cimd2_fault fault)
{
	struct cimd2_sent *sent = cimd2_unanswered_find(&wire->unanswered, pdu->number);
	const bool general = pdu->operation == CIMD2_ERROR;
	const char *name = cimd2_operation_name(pdu->operation);
	if (sent && (general || pdu->operation == sent->operation + CIMD2_RESPONSE) && is_usable(pdu, fault))
		on_answer(wire, sent, pdu);
	else
		link_warn(wire->link, "event=unmatched_response operation=\"%s\" packet=%03u", name ? name : "unknown",
		    pdu->number);
}

/* Nacks. */

/* Its part or question goes with it. */
static void renumber(struct cimd2_connection *wire, uint16_t first)
{
	struct { struct part *part; struct question *question; } taken[CIMD2_WINDOW_MAX + CIMD2_OWN];
	struct cimd2_sent *sent;
	unsigned n = 0;
	TAILQ_FOREACH(sent, &wire->unanswered.list, entry) {
		taken[n].part = line_take(wire->line, sent->number);
		taken[n++].question = line_question(wire->line, sent->number);
	}
	cimd2_unanswered_renumber(&wire->unanswered, first);
	n = 0;
	TAILQ_FOREACH(sent, &wire->unanswered.list, entry) {
		const struct wire_place place = { .number = sent->number, .offset = talk_written(wire->talk) };
		sent->times = 0;
		write_sent(wire, sent);
		if (taken[n].part)
			line_put(wire->line, taken[n].part, &place);
		else if (taken[n].question)
			line_put_question(wire->line, taken[n].question, &place);
		n++;
	}
}

/* It counts on from all that is unanswered, so it has them: what it refuses is a repetition. Under other
 * numbers they would be new to it. */
static bool refuses_repetition(const struct cimd2_connection *wire, unsigned number)
{
	const struct cimd2_sent *sent = TAILQ_FIRST(&wire->unanswered.list);
	while (sent && !sent->repeated)
		sent = TAILQ_NEXT(sent, entry);
	return sent && number == wire->unanswered.next;
}

static void on_nack(struct cimd2_connection *wire, unsigned number)
{
	struct cimd2_sent *first = cimd2_unanswered_find(&wire->unanswered, number);
	if (talk_phase(wire->talk) == TALK_LOGIN) {
		talk_end(wire->talk, DOWN_LOST, "the login was refused with a nack");
		return;
	}
	if (wire->stale && number == wire->nacked) {
		wire->stale--;
		return;
	}
	if (!wire->unanswered.n) {
		link_warn(wire->link, "event=nack packet=%03u reason=\"nothing is unanswered\"", number);
		return;
	}
	if (refuses_repetition(wire, number)) {
		link_warn(wire->link, "event=nack packet=%03u reason=\"it has what was sent again, and has not answered it\" "
		    "remedy=\"repeat_unanswered = off, or a longer response_timeout\"", number);
		return;
	}
	if (++wire->rounds > ROUNDS_MAX) {
		talk_end(wire->talk, DOWN_LOST, "%d nacks in a row: the message centre expects packet %03u",
		    ROUNDS_MAX + 1, number);
		return;
	}
	link_warn(wire->link, "event=nack packet=%03u unanswered=%u", number, wire->unanswered.n);
	const bool strange = number % 2 == 0 || number >= CIMD2_NUMBERS;
	wire->nacked = (uint16_t)number;
	wire->stale = 0;
	if (!first && !strange) {
		wire->stale = wire->unanswered.n - 1;
		renumber(wire, (uint16_t)number);
		return;
	}
	for (struct cimd2_sent *sent = first ? first : TAILQ_FIRST(&wire->unanswered.list); sent;
	    sent = TAILQ_NEXT(sent, entry)) {
		wire->stale += sent != first && first;
		write_sent(wire, sent);
		sent->times = 1;
	}
}

/* Frames. */

void cimd2_respond(struct cimd2_connection *wire, unsigned operation, unsigned number, unsigned error)
{
	uint8_t octets[64];
	struct cimd2_pdu pdu = { .operation = (uint8_t)operation, .number = (uint16_t)number };
	if (error)
		cimd2_add_number(&pdu, CIMD2_ERROR_CODE, (long)error);
	talk_write(wire->talk, octets, cimd2_pack(&pdu, octets, sizeof octets));
}

static bool is_request(const struct cimd2_pdu *pdu)
{
	return pdu->operation < CIMD2_RESPONSE;
}

/* False: it says nothing. */
static bool on_packet(struct cimd2_connection *wire, const uint8_t *at, size_t len)
{
	struct cimd2_pdu pdu;
	enum cimd2_fault fault = cimd2_unpack(at, len, &pdu);
	if (fault != CIMD2_BAD_HEADER && wire->options->require_checksum && !pdu.checked)
		fault = CIMD2_BAD_CHECKSUM;
	if (fault == CIMD2_BAD_HEADER || fault == CIMD2_BAD_CHECKSUM) {
		stx_bad(&wire->count, wire->link, fault == CIMD2_BAD_HEADER ? "bad_header" : "bad_checksum");
		if (fault == CIMD2_BAD_CHECKSUM && is_request(&pdu))
			cimd2_respond(wire, CIMD2_NACK, wire->heard.expected, 0);
		return false;
	}
	stx_good(&wire->count);
	if (fault == CIMD2_SYNTAX)
		link_warn(wire->link, "event=syntax_error operation=%u packet=%03u", pdu.operation, pdu.number);
	if (is_request(&pdu))
		cimd2_on_request(wire, &pdu, fault, digest_of(at, len));
	else if (pdu.operation == CIMD2_NACK)
		on_nack(wire, pdu.number);
	else
		on_response(wire, &pdu, fault);
	return true;
}

static bool on_frame(void *at, const uint8_t *octets, size_t len)
{
	struct cimd2_connection *wire = at;
	const bool alive = stx_take(&wire->count, wire->link, octets, len) && on_packet(wire, octets, len);
	if (talk_phase(wire->talk) != TALK_CLOSED && stx_is_too_much(&wire->count))
		talk_end(wire->talk, DOWN_LOST, "the message centre sends what is not CIMD2");
	return alive;
}

static size_t on_measure(void *at, const uint8_t *octets, size_t len)
{
	(void)at;
	return stx_measure(octets, len);
}

static void on_garbled(void *at, const uint8_t *octets, size_t len)
{
	(void)octets;
	(void)len;
	talk_end(((struct cimd2_connection *)at)->talk, DOWN_LOST, "a packet of more than %d octets",
	    STX_FRAME_MAX);
}

/* The connection. */

static void on_connected(void *at)
{
	send_login(at);
}

/* What is unanswered shows as well whether the centre is there, and may have to be sent again:
 * nothing else is to come between. */
static void on_silent(void *at)
{
	struct cimd2_connection *wire = at;
	struct cimd2_pdu pdu = { .operation = CIMD2_ALIVE };
	if (wire->unanswered.n)
		talk_heard(wire->talk);
	else
		send_own(wire, &pdu, wire->options->response_timeout);
}

static void on_logging_out(void *at)
{
	struct cimd2_pdu pdu = { .operation = CIMD2_LOGOUT };
	send_own(at, &pdu, 0);
}

/* Centres may hang up on a login that they refuse: then the other one goes over a new connection at
 * once, in the session that knows what was refused. */
static void on_ended(void *at, enum down how, const char *why)
{
	struct cimd2_connection *wire = at;
	char text[OUTCOME_TEXT_MAX];
	snprintf(text, sizeof text, "logging in otherwise over a new connection: %.100s", why);
	if (how == DOWN_LOST && wire->anew)
		line_ended(wire->line, DOWN_DRAINED, text);
	else
		line_ended(wire->line, how, why);
}

static void wire_connect(void *at, size_t first, size_t n)
{
	struct cimd2_connection *wire = at;
	talk_connect(wire->talk, first, n);
}

static void wire_adopt(void *at, struct stream *stream)
{
	struct cimd2_connection *wire = at;
	talk_adopt(wire->talk, stream);
}

static void wire_log_out(void *at)
{
	struct cimd2_connection *wire = at;
	if (talk_phase(wire->talk) == TALK_UP)
		talk_log_out(wire->talk);
}

static void wire_close(void *at)
{
	struct cimd2_connection *wire = at;
	cimd2_forget_debts(wire);
	event_del(wire->timer);
	talk_close(wire->talk);
}

static void *wire_make(struct line *line, const void *at, void *session)
{
	const struct cimd2_options *options = at;
	struct cimd2_connection *wire = calloc(1, sizeof *wire);
	if (!wire)
		abort();
	wire->line = line;
	wire->link = line_link(line);
	wire->options = options;
	wire->session = session;
	wire->window = wire->session->window_refused ? 1 : (unsigned)options->window;
	wire->with_new = wire->session->with_new;
	const struct talk_settings settings = stx_settings(&options->stx);
	const struct talk_owner owner = { .wire = wire, .measure = on_measure, .frame = on_frame,
		.garbled = on_garbled, .connected = on_connected, .silent = on_silent,
		.logging_out = on_logging_out, .ended = on_ended };
	wire->talk = talk_new(wire->link, "session", &settings, &owner);
	wire->timer = event_new(link_base(wire->link), -1, 0, on_timer, wire);
	if (!wire->timer)
		abort();
	cimd2_unanswered_make(&wire->unanswered, wire->window);
	return wire;
}

static void wire_free(void *at)
{
	struct cimd2_connection *wire = at;
	talk_free(wire->talk);
	event_free(wire->timer);
	cimd2_unanswered_clear(&wire->unanswered);
	free(wire);
}

static uint64_t wire_left(const void *at)
{
	return talk_left(((const struct cimd2_connection *)at)->talk);
}

static size_t wire_host(const void *at)
{
	return talk_host(((const struct cimd2_connection *)at)->talk);
}

static const char *wire_secured(const void *at)
{
	return talk_secured(((const struct cimd2_connection *)at)->talk);
}

static bool wire_pause(void *at, unsigned reason)
{
	talk_pause(((struct cimd2_connection *)at)->talk, reason);
	return true;
}

static void wire_resume(void *at, unsigned reason)
{
	struct cimd2_connection *wire = at;
	if (talk_resume(wire->talk, reason))
		arm(wire);
}

const struct wire_class cimd2_wire = {
	.make = wire_make,
	.free = wire_free,
	.connect = wire_connect,
	.adopt = wire_adopt,
	.log_out = wire_log_out,
	.close = wire_close,
	.submit = wire_submit,
	.ask = wire_ask,
	.has_room = wire_has_room,
	.overdue = wire_overdue,
	.ack = cimd2_ack,
	.left = wire_left,
	.host = wire_host,
	.secured = wire_secured,
	.pause = wire_pause,
	.resume = wire_resume,
};
