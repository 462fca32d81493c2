/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ucp_wire.c - between a line and one connection to a centre: operations for parts and questions,
 * and what their results mean.
 *
 *     connected --- password: 60 ---> its result ---> bound
 *         `-------- none, or a guest --------------^
 *
 * Each side numbers its operations from 00 to 99, and a result has the number and the type of its
 * operation. Ours go round, so that a number comes again as late as can be, and those that got no
 * result are left alone for as long as one may come. 60 and 31 are of the wire itself; a 31 that
 * has to be alone waits until nothing else is out, and holds up what comes after it.
 *
 * There is no operation to log out with: who has nothing more to say hangs up.
 *
 * The centre's own operations are ucp_request.c's. Frames are found by stx.c, the connection's
 * phases are talk.c's, meaning is ucp_map.c's and its kind, order and deadlines are line.c's.
 */
#include "ucp_wire.h"

#include "../gateway/clock.h"
#include "../sms/alphabet.h"
#include "digest.h"
#include "refuse.h"
#include "ucp_connection.h"

#include <stdlib.h>
#include <string.h>

enum {
	CHECKSUM_TRIES = 3,             /* that a part is written again after EC 01 */
	NO_TRN = UCP_TRNS,
	ASIDE_FIRST = 1000,             /* numbers of questions that wait for 57 or 58 */
};

/* Numbers. */

static bool is_free(const struct ucp_connection *wire, uint8_t trn)
{
	return !wire->out[trn].operation && !line_is_used(wire->line, trn);
}

/* The next free one, or NO_TRN. */
static uint8_t free_number(const struct ucp_connection *wire)
{
	for (unsigned i = 0; i < UCP_TRNS; i++) {
		const uint8_t trn = (uint8_t)((wire->next + i) % UCP_TRNS);
		if (is_free(wire, trn))
			return trn;
	}
	return NO_TRN;
}

/* How many numbers there are from the oldest that is out to the next one. */
static unsigned span(const struct ucp_connection *wire)
{
	uint64_t oldest = UINT64_MAX;
	unsigned from = wire->next;
	for (unsigned i = 0; i < UCP_TRNS; i++)
		if (wire->out[i].operation && wire->out[i].turn < oldest) {
			oldest = wire->out[i].turn;
			from = i;
		}
	return wire->nout ? (wire->next + UCP_TRNS - from) % UCP_TRNS : 0;
}

static bool is_alone(const struct ucp_connection *wire)
{
	return wire->options->keepalive_exclusive && wire->options->stx.keepalive &&
	    (wire->wants_alert || wire->own != NO_TRN);
}

static bool wire_has_room(const void *at)
{
	const struct ucp_connection *wire = at;
	if (is_alone(wire) || free_number(wire) == NO_TRN)
		return false;
	return wire->options->window_mode == UCP_WINDOW_COUNT || wire->nout == 0 ||
	    (span(wire) && span(wire) < (unsigned)wire->options->window);
}

static void free_out(struct ucp_connection *wire, uint8_t trn)
{
	if (wire->out[trn].operation)
		wire->nout--;
	wire->out[trn] = (struct ucp_out){ .operation = 0 };
}

/* Writing. */

/* Under its number. False: it does not fit. */
static bool write_frame(struct ucp_connection *wire, struct ucp_pdu *pdu, uint8_t trn, struct wire_place *place)
{
	uint8_t octets[UCP_FRAME_MAX];
	pdu->trn = trn;
	const size_t len = ucp_pack(pdu, octets, sizeof octets);
	*place = (struct wire_place){ .number = trn, .offset = talk_written(wire->talk) };
	talk_write(wire->talk, octets, len);
	return len > 0;
}

/* An operation under a number of its own. */
static bool write_operation(struct ucp_connection *wire, struct ucp_pdu *pdu, struct wire_place *place)
{
	const uint8_t trn = free_number(wire);
	if (trn == NO_TRN || !write_frame(wire, pdu, trn, place))
		return false;
	wire->out[trn] = (struct ucp_out){ .operation = pdu->operation, .turn = ++wire->turn };
	wire->nout++;
	wire->next = (uint8_t)((trn + 1) % UCP_TRNS);
	return true;
}

static bool wire_submit(void *at, struct part *part, struct wire_place *place, struct outcome *outcome)
{
	struct ucp_connection *wire = at;
	struct ucp_written written;
	if (!ucp_submit(wire->options, part, &written, outcome))
		return false;
	if (write_operation(wire, &written.pdu, place))
		return true;
	return refuse(outcome, "the message does not fit a frame");
}

static bool wire_ask(void *at, struct question *question, struct wire_place *place, struct reply *reply)
{
	struct ucp_connection *wire = at;
	struct ucp_written written;
	if (!ucp_question(wire->options, question, &written, reply))
		return false;
	if (write_operation(wire, &written.pdu, place))
		return true;
	*reply = (struct reply){ .kind = REPLY_FAILED, .text = "the question does not fit a frame" };
	return false;
}

/* 31, whose result says how many messages wait for us, and that somebody is there. */
static void send_alert(struct ucp_connection *wire)
{
	struct ucp_pdu pdu;
	struct wire_place place;
	if (wire->own != NO_TRN)
		free_out(wire, wire->own); /* it got no result, and other things came meanwhile */
	wire->own = NO_TRN;
	wire->wants_alert = wire->options->keepalive_exclusive && wire->nout > 0;
	if (wire->wants_alert)
		return;
	ucp_begin(&pdu, UCP_ALERT);
	ucp_set(&pdu, UCP_ALERT_ADC, *wire->options->username ? wire->options->username : wire->options->own_number);
	ucp_set(&pdu, UCP_ALERT_PID, wire->options->alert_pid);
	if (write_operation(wire, &pdu, &place))
		wire->own = (uint8_t)place.number;
	wire->own_at = clock_ms();
}

/* Something of ours was answered, or given up. */
static void go_on(struct ucp_connection *wire)
{
	if (wire->wants_alert && wire->nout == 0)
		send_alert(wire);
	line_go_on(wire->line);
}

/* Other things come, and no result of our 31: it is not to hold anything up. */
static void give_up_alert(struct ucp_connection *wire)
{
	if (wire->own == NO_TRN || wire->out[wire->own].operation != UCP_ALERT ||
	    clock_ms() - wire->own_at < (uint64_t)wire->options->stx.keepalive_timeout)
		return;
	free_out(wire, wire->own);
	wire->own = NO_TRN;
	go_on(wire);
}

/* Results. */

/* EC 01: what was written came broken, so the peer has not taken it. True: it was written again. */
static bool write_again(struct ucp_connection *wire, uint8_t trn, struct ucp_pdu *pdu, struct wire_place *place)
{
	struct ucp_out *out = &wire->out[trn];
	if (out->tries >= CHECKSUM_TRIES || !write_frame(wire, pdu, trn, place))
		return false;
	out->tries++;
	link_warn(wire->link, "event=sent_again trn=%02u reason=\"the peer got a wrong checksum\"", trn);
	return true;
}

/* EC 04 is what most centres say when it is too much, but also when they have forgotten that we
 * logged in; then it never ends. True: it has lasted for as long as an answer may take. */
static bool is_shut_out(struct ucp_connection *wire, const struct ucp_result *result,
    const struct outcome *outcome)
{
	const uint64_t now = clock_ms();
	if (result->positive || result->code != UCP_EC_NOT_ALLOWED || !outcome->hold_ms) {
		wire->refused_since = 0;
		return false;
	}
	if (!wire->refused_since)
		wire->refused_since = now;
	return !wire->guest && ucp_logs_in(wire->options) &&
	    now - wire->refused_since >= (uint64_t)wire->options->response_timeout;
}

static void on_part(struct ucp_connection *wire, uint8_t trn, const struct ucp_result *result)
{
	struct part *part = line_take(wire->line, trn);
	const struct message *message = part->message;
	struct outcome outcome;
	struct wire_place place;
	struct ucp_written written;
	if (!result->positive && result->code == UCP_EC_CHECKSUM &&
	    ucp_submit(wire->options, part, &written, &outcome) &&
	    write_again(wire, trn, &written.pdu, &place)) {
		line_put(wire->line, part, &place);
		return;
	}
	outcome = ucp_outcome(wire->options, result, message);
	const bool anew = ucp_rebinds(wire->options, result, message);
	const bool shut_out = is_shut_out(wire, result, &outcome);
	if (*outcome.network_id)
		twins_name(wire->session->twins, outcome.network_id, clock_ms());
	free_out(wire, trn);
	line_done(wire->line, part, &outcome);
	if (anew)                       /* in order, or the others would be in doubt */
		line_broken(wire->line, outcome.text);
	else if (shut_out)
		line_broken(wire->line, "no message was taken for response_timeout, all got EC 04: logging in again");
	if (!line_is_closed(wire->line))
		go_on(wire);
}

static void on_question(struct ucp_connection *wire, uint8_t trn, struct question *question,
    const struct ucp_result *result)
{
	struct reply reply;
	struct wire_place place;
	struct ucp_written written;
	if (!result->positive && result->code == UCP_EC_CHECKSUM &&
	    ucp_question(wire->options, question, &written, &reply) &&
	    write_again(wire, trn, &written.pdu, &place)) {
		line_put_question(wire->line, question, &place);
		return;
	}
	free_out(wire, trn);
	if (!result->positive && result->code == UCP_EC_NOT_ALLOWED && line_ask_later(wire->line, question))
		return;
	if (ucp_taken(question, result, &reply))
		line_replied(wire->line, question, &reply);
	else
		line_put_aside(wire->line, question, wire->aside_next++, wire->options->response_timeout);
}

static void on_late(struct ucp_connection *wire, const struct ucp_pdu *pdu, const struct ucp_result *result)
{
	struct answer late;
	if (pdu->operation != UCP_SUBMIT || !line_take_late(wire->line, pdu->trn, &late)) {
		link_debug(wire->link, "event=unmatched_result trn=%02u operation=%02u", pdu->trn, pdu->operation);
		return;
	}
	const struct message message = { .attempts = late.attempt };
	late.outcome = ucp_outcome(wire->options, result, &message);
	if (*late.outcome.network_id)
		twins_name(wire->session->twins, late.outcome.network_id, clock_ms());
	line_late(wire->line, &late);
}

/* What a person can do about a refused login. */
static const struct refusal { uint8_t ec; enum down how; const char *remedy; } refusals[] = {
	{ UCP_EC_CHECKSUM, DOWN_LOST, "" },
	{ UCP_EC_SYNTAX, DOWN_REFUSED, "; check username, oton, onpi and opid of this link" },
	{ UCP_EC_UNSUPPORTED, DOWN_REFUSED, "; this centre may know no login: try login = off" },
	{ UCP_EC_NOT_ALLOWED, DOWN_TAKEN, "; another session of this account may still be open" },
	{ UCP_EC_ADC_INVALID, DOWN_REFUSED, "; check username of this link" },
	{ UCP_EC_AUTHENTICATION, DOWN_PASSWORD, "; check username and password of this link" },
};

static void login_refused(struct ucp_connection *wire, const struct ucp_result *result)
{
	char text[OUTCOME_TEXT_MAX];
	struct refusal refusal = { .how = DOWN_BUSY, .remedy = "" };
	for (size_t i = 0; i < sizeof refusals / sizeof *refusals; i++)
		if (refusals[i].ec == result->code)
			refusal = refusals[i];
	if (wire->options->stop_on_auth_failure &&
	    (result->code == UCP_EC_AUTHENTICATION || result->code == UCP_EC_ADC_INVALID))
		refusal.how = DOWN_BARRED;
	ucp_refusal(text, sizeof text, result);
	talk_end(wire->talk, refusal.how, "login refused: %s%s%s", text, refusal.remedy,
	    refusal.how == DOWN_BARRED
	    ? "; not tried again (stop_on_auth_failure) before smsqlctl drain and release" : "");
}

static unsigned room_of(const struct ucp_connection *wire)
{
	return wire->guest && !wire->options->listen_sends ? 0 : (unsigned)wire->options->window;
}

static void logged_in(struct ucp_connection *wire)
{
	talk_up(wire->talk);
	if (wire->options->alert && !wire->guest)
		send_alert(wire);
	line_bound(wire->line, room_of(wire));
}

/* A password as octets, in the alphabet that the centre reads it in. */
static void put_password(const struct ucp_options *options, const char *password, char *hex, size_t room)
{
	uint8_t septets[64];
	size_t n;
	if (options->password_alphabet && gsm7_from_utf8(septets, sizeof septets, &n, password,
	    strlen(password)) == strlen(password))
		ucp_hex(hex, room, septets, n);
	else
		ucp_hex(hex, room, (const uint8_t *)password, strlen(password));
}

/* 60: the login, or once logged in the change of the password. */
static void send_session(struct ucp_connection *wire, bool change)
{
	const struct ucp_options *options = wire->options;
	char hex[129], new_hex[129];
	struct ucp_pdu pdu;
	struct wire_place place;
	put_password(options, wire->with_new ? options->new_password_file : ucp_password(options), hex, sizeof hex);
	put_password(options, options->new_password_file, new_hex, sizeof new_hex);
	wire->changing = change;
	ucp_begin(&pdu, UCP_SESSION);
	ucp_set(&pdu, UCP_SESSION_OADC, options->username);
	ucp_set(&pdu, UCP_SESSION_OTON, options->oton);
	ucp_set(&pdu, UCP_SESSION_ONPI, options->onpi);
	ucp_set(&pdu, UCP_SESSION_STYP, change ? "3" : "1");
	ucp_set(&pdu, UCP_SESSION_PWD, hex);
	if (change)
		ucp_set(&pdu, UCP_SESSION_NPWD, new_hex);
	ucp_set(&pdu, UCP_SESSION_VERS, "0100");
	ucp_set(&pdu, UCP_SESSION_OPID, options->opid);
	if (write_operation(wire, &pdu, &place))
		wire->own = (uint8_t)place.number;
}

static void tell_password(struct ucp_connection *wire, const struct ucp_result *result)
{
	char text[OUTCOME_TEXT_MAX];
	ucp_refusal(text, sizeof text, result);
	if (!result->positive)
		link_warn(wire->link, "event=password_stays reason=\"%s\"", text);
	else
		link_info(wire->link, "event=password_changed remedy=\"write it into password_file, and take out "
		    "new_password_file\"");
}

/* Of a 60. A new password is tried where the old one opens nothing any more, and else told. */
static void on_session(struct ucp_connection *wire, const struct ucp_result *result)
{
	const bool fresh = *wire->options->new_password_file && !wire->with_new;
	if (wire->changing) {
		tell_password(wire, result);
		logged_in(wire);
	} else if (!result->positive && result->code == UCP_EC_AUTHENTICATION && fresh) {
		wire->with_new = true;
		send_session(wire, false);
	} else if (!result->positive) {
		login_refused(wire, result);
	} else {
		link_info(wire->link, "event=logged_in username=%s", wire->options->username);
		if (fresh)
			send_session(wire, true);
		else
			logged_in(wire);
	}
}

/* Of a 60 or 31. */
static void on_own(struct ucp_connection *wire, const struct ucp_pdu *pdu, const struct ucp_result *result)
{
	free_out(wire, wire->own);
	wire->own = NO_TRN;
	if (pdu->operation == UCP_ALERT) { /* positive or not, somebody is there */
		go_on(wire);
		return;
	}
	on_session(wire, result);
}

/* False: it is none that would be a sign of life. */
static bool on_result(struct ucp_connection *wire, const struct ucp_pdu *pdu, enum ucp_fault fault)
{
	struct ucp_result result;
	const uint8_t trn = pdu->trn;
	const bool pending = wire->out[trn].operation == pdu->operation;
	if (!ucp_result(pdu, &result)) {
		stx_bad(&wire->count, wire->link, "bad_result");
		return false;
	}
	if (fault == UCP_BAD_LENGTH && !pending) {
		stx_bad(&wire->count, wire->link, "bad_length");
		return false;
	}
	if (fault == UCP_BAD_LENGTH)    /* to refuse it would double the message */
		link_warn(wire->link, "event=bad_length trn=%02u reason=\"a result that is waited for: taken\"", trn);
	stx_good(&wire->count);
	struct question *question = pending ? line_question(wire->line, trn) : NULL;
	if (pending && trn == wire->own)
		on_own(wire, pdu, &result);
	else if (pending && line_has(wire->line, trn))
		on_part(wire, trn, &result);
	else if (question)
		on_question(wire, trn, question, &result);
	else if (pending) {             /* of a question that has its reply already */
		free_out(wire, trn);
		go_on(wire);
	} else
		on_late(wire, pdu, &result);
	return true;
}

/* The connection. */

static size_t on_measure(void *at, const uint8_t *octets, size_t len)
{
	(void)at;
	return stx_measure(octets, len);
}

/* False: it says nothing that could be taken. */
static bool take(struct ucp_connection *wire, const uint8_t *octets, size_t len)
{
	struct ucp_pdu pdu;
	if (!stx_take(&wire->count, wire->link, octets, len))
		return false;
	const enum ucp_fault fault = ucp_unpack(octets, len, &pdu);
	if (fault == UCP_RUNT || fault == UCP_BAD_HEADER) {
		stx_bad(&wire->count, wire->link, fault == UCP_RUNT ? "runt_frame" : "bad_header");
		return false;
	}
	if (fault == UCP_FINE && !pdu.result) {
		stx_good(&wire->count);
		ucp_on_operation(wire, &pdu, digest_of(octets, len));
		return true;
	}
	if (pdu.result && fault != UCP_BAD_CHECKSUM)
		return on_result(wire, &pdu, fault);
	stx_bad(&wire->count, wire->link, fault == UCP_BAD_CHECKSUM ? "bad_checksum" : "bad_length");
	if (!pdu.result)
		ucp_respond(wire, &pdu, fault == UCP_BAD_CHECKSUM ? UCP_EC_CHECKSUM : UCP_EC_SYNTAX);
	return false;
}

static bool on_frame(void *at, const uint8_t *octets, size_t len)
{
	struct ucp_connection *wire = at;
	const bool good = take(wire, octets, len);
	if (!line_is_closed(wire->line) && stx_is_too_much(&wire->count)) {
		wire->count = (struct stx_count){ .in_a_row = 0 };
		line_broken(wire->line, "the message centre sends too much that is broken");
	}
	if (!line_is_closed(wire->line))
		give_up_alert(wire);
	return good;
}

static void on_garbled(void *at, const uint8_t *octets, size_t len)
{
	(void)octets;
	(void)len;
	struct ucp_connection *wire = at;
	talk_end(wire->talk, DOWN_LOST, "the message centre sent a frame of more than %d octets", UCP_FRAME_MAX);
}

static void on_connected(void *at)
{
	struct ucp_connection *wire = at;
	if (wire->guest || !ucp_logs_in(wire->options))
		logged_in(wire);
	else
		send_session(wire, false);
}

/* A 31 that could not be written has no answer to wait for: those are due that are out, and the line
 * counts their time. With nothing out and no number left the session is of no use. */
static void on_silent(void *at)
{
	struct ucp_connection *wire = at;
	send_alert(wire);
	if (wire->own == NO_TRN && wire->nout)
		talk_heard(wire->talk);
}

static void on_logging_out(void *at)
{
	talk_leave(((struct ucp_connection *)at)->talk, DOWN_DRAINED, "drained");
}

static void on_ended(void *at, enum down how, const char *why)
{
	line_ended(((struct ucp_connection *)at)->line, how, why);
}

static void begin(struct ucp_connection *wire)
{
	const struct talk_owner owner = { .wire = wire, .measure = on_measure, .frame = on_frame,
		.garbled = on_garbled, .connected = on_connected, .silent = on_silent,
		.logging_out = on_logging_out, .ended = on_ended };
	struct talk_settings settings = stx_settings(&wire->options->stx);
	settings.login = "the login (operation 60)";
	settings.enquiry = "operation 31";
	if (wire->guest && !wire->options->listen_sends)
		settings.silence_ms = 0; /* who only delivers may have nothing to deliver */
	wire->talk = talk_new(wire->link, "session", &settings, &owner);
}

static void wire_connect(void *at, size_t first, size_t n)
{
	struct ucp_connection *wire = at;
	begin(wire);
	talk_connect(wire->talk, first, n);
}

static void wire_adopt(void *at, struct stream *stream)
{
	struct ucp_connection *wire = at;
	wire->guest = true;
	begin(wire);
	talk_adopt(wire->talk, stream);
}

static void wire_log_out(void *at)
{
	struct ucp_connection *wire = at;
	if (talk_phase(wire->talk) == TALK_UP)
		talk_log_out(wire->talk);
}

static void wire_close(void *at)
{
	struct ucp_connection *wire = at;
	ucp_forget_debts(wire);
	if (wire->talk)
		talk_close(wire->talk);
}

static void *wire_make(struct line *line, const void *options, void *session)
{
	struct ucp_connection *wire = calloc(1, sizeof *wire);
	if (!wire)
		abort();
	*wire = (struct ucp_connection){ .line = line, .link = line_link(line), .options = options,
		.session = session, .own = NO_TRN, .aside_first = ASIDE_FIRST, .aside_next = ASIDE_FIRST };
	TAILQ_INSERT_TAIL(&wire->session->connections, wire, entry);
	return wire;
}

static void wire_free(void *at)
{
	struct ucp_connection *wire = at;
	TAILQ_REMOVE(&wire->session->connections, wire, entry);
	talk_free(wire->talk);
	free(wire);
}

/* What the line asks. */

/* Nothing is out, and all other numbers got no result: the next message would wait until one may be
 * used again. */
static bool is_last(const struct ucp_connection *wire, uint32_t number)
{
	for (uint8_t trn = 0; trn < UCP_TRNS; trn++)
		if (trn != number && is_free(wire, trn))
			return false;
	return wire->nout == 0;
}

/* A number that got no result is left alone by the line as long as one may come. */
static enum wire_overdue wire_overdue(void *at, uint32_t number, struct part *part,
    struct question *question)
{
	struct ucp_connection *wire = at;
	(void)question;
	if (number < UCP_TRNS)
		free_out(wire, (uint8_t)number);
	if (wire->wants_alert && wire->nout == 0)
		send_alert(wire);
	const bool anew = part && wire->options->on_timeout == UCP_TIMEOUT_RECONNECT;
	return anew || is_last(wire, number) ? WIRE_USELESS : WIRE_LOST;
}

static uint64_t wire_left(const void *at)
{
	const struct ucp_connection *wire = at;
	return wire->talk ? talk_left(wire->talk) : 0;
}

static size_t wire_host(const void *at)
{
	const struct ucp_connection *wire = at;
	return wire->talk ? talk_host(wire->talk) : SIZE_MAX;
}

static const char *wire_secured(const void *at)
{
	const struct ucp_connection *wire = at;
	return wire->talk ? talk_secured(wire->talk) : "";
}

static bool wire_pause(void *at, unsigned reason)
{
	talk_pause(((struct ucp_connection *)at)->talk, reason);
	return true;
}

static void wire_resume(void *at, unsigned reason)
{
	talk_resume(((struct ucp_connection *)at)->talk, reason);
}

const struct wire_class ucp_wire = {
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
	.ack = ucp_ack,
	.left = wire_left,
	.host = wire_host,
	.secured = wire_secured,
	.pause = wire_pause,
	.resume = wire_resume,
};
