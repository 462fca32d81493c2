/* SPDX-License-Identifier: Apache-2.0 */
/*
 * smpp_wire.c - between a line and its halves: PDUs for parts, and what their answers mean.
 *
 * A wire has one half (a connection and its bind, smpp_half.c), or two when it binds as
 * transmitter and receiver. The first submits, the last receives; the second connects
 * once the first is bound; the line is bound when all are, and lost when any is.
 *
 * A ticket is the address of the answer: half, command and sequence number. An alert has a ticket
 * as well, so that what the store has not taken yet is counted, and its answer is nothing.
 *
 * Meaning is left to smpp_map.c and its kind, order and deadlines to line.c.
 */
#include "smpp_wire.h"

#include "refuse.h"
#include "smpp_half.h"

#include <inttypes.h>
#include <stdlib.h>

enum {
	PACKED_MAX = 1024,              /* of a request without TLVs, which has 460 at most */
	NEARLY_FULL = 90, FULL = 100,   /* congestion_state (SMPP 5.0, 4.8.4.18) */
};
/* Bits of a ticket above the sequence number. */
enum { TICKET_DATA = 32, TICKET_ALERT = 33, TICKET_SECOND = 34 };

struct wire {
	struct line *line;
	struct link *link;
	const struct smpp_options *options;
	struct smpp_session *session;
	enum smpp_bind bind;
	bool automatic;                 /* it may still become a pair */
	bool guest;                     /* the message centre made the connection */
	size_t first, nhosts;           /* where it connects to */
	struct half *halves[2];         /* the first submits, the last receives */
	struct half *spent;             /* a transceiver that was refused; NULL: none */
	struct half *delivering;        /* which delivered last */
	unsigned nhalves;
};

/* Requests. */

/* With TLVs or several destinations it may be of any length, which is rare: no buffer is
 * kept for it. False: it does not fit. */
static bool write_request(struct wire *wire, struct smpp_pdu *pdu, struct wire_place *place)
{
	struct half *half = wire->halves[0];
	uint8_t usual[PACKED_MAX];
	size_t room = sizeof usual + pdu->dests.len;
	for (unsigned i = 0; i < pdu->ntlvs; i++)
		room += 4u + pdu->tlvs[i].len;
	uint8_t *const octets = room > sizeof usual ? malloc(room) : usual;
	if (!octets)
		abort();
	pdu->sequence = half_sequence(half);
	*place = (struct wire_place){ .number = pdu->sequence, .offset = half_written(half) };
	const size_t len = smpp_pack(pdu, octets, room);
	if (len)
		half_write(half, octets, len);
	if (octets != usual)
		free(octets);
	return len > 0;
}

static bool wire_submit(void *at, struct part *part, struct wire_place *place,
    struct outcome *outcome)
{
	struct wire *wire = at;
	struct smpp_pdu pdu;
	if (!smpp_request(wire->options, part, &pdu, outcome) ||
	    !smpp_suits(half_version(wire->halves[0]), &pdu, outcome))
		return false;
	if (write_request(wire, &pdu, place))
		return true;
	return refuse(outcome, "the message does not fit its PDU");
}

static bool wire_ask(void *at, struct question *question, struct wire_place *place,
    struct reply *reply)
{
	struct wire *wire = at;
	struct smpp_pdu pdu;
	if (!smpp_question(wire->options, half_version(wire->halves[0]), question, &pdu, reply))
		return false;
	if (write_request(wire, &pdu, place))
		return true;
	*reply = (struct reply){ .kind = REPLY_FAILED, .text = "the question does not fit its PDU" };
	return false;
}

/* Answers. */

static void heed_congestion(struct wire *wire, const struct smpp_pdu *pdu)
{
	const uint32_t state = smpp_tlv_number(pdu, SMPP_TAG_CONGESTION_STATE, 0);
	if (state >= NEARLY_FULL)
		line_ease(wire->line, state >= FULL ? 50 : 90);
}

static void on_answered(void *at, struct half *half, const struct smpp_pdu *pdu)
{
	(void)half;
	struct wire *wire = at;
	struct part *part = line_take(wire->line, pdu->sequence);
	const struct outcome outcome = smpp_answer(wire->options, pdu, part);
	line_done(wire->line, part, &outcome);
	if (pdu->ntlvs)
		heed_congestion(wire, pdu);
	if (smpp_rebinds(wire->options, pdu))
		line_ended(wire->line, DOWN_LOST, outcome.text);
	else
		line_go_on(wire->line);
}

/* A response belongs to the question of its number and its command: SMPP has one row of
 * numbers for all requests of a session, and a response that names another command is
 * none. A generic_nack has the number alone. */
static bool on_replied(void *at, struct half *half, const struct smpp_pdu *pdu)
{
	struct wire *wire = at;
	struct question *question = half == wire->halves[0] ? line_question(wire->line, pdu->sequence)
	    : NULL;
	if (!question || (pdu->command != (uint32_t)SMPP_GENERIC_NACK &&
	    pdu->command != (smpp_question_command(question->command) | (uint32_t)SMPP_RESPONSE)))
		return false;
	if (smpp_asks_patience(pdu) && line_ask_later(wire->line, question))
		return true;
	const struct reply reply = smpp_reply(wire->options, link_name(wire->link), question, pdu);
	line_replied(wire->line, question, &reply);
	return true;
}

/* Everybody's part has just been called sent: for these it was not. They are told as a receipt of
 * each would tell it, since by now nobody holds the message. */
static void tell_late_refusals(struct wire *wire, const struct smpp_pdu *pdu)
{
	struct smpp_dest dest;
	for (size_t at = 0; *pdu->message_id && smpp_dest_next(pdu, &at, &dest); ) {
		struct receipt receipt = { .status = STATUS_UNDELIVERED, .word = "refused", .code = dest.status };
		smpp_print(receipt.network_id, sizeof receipt.network_id, pdu->message_id);
		smpp_print(receipt.recipient, sizeof receipt.recipient, dest.address.digits);
		smpp_status_text(receipt.text, sizeof receipt.text, dest.status);
		account_receipt(wire->session->account, &receipt, line_no_ticket);
	}
}

static void on_late(void *at, struct half *half, const struct smpp_pdu *pdu)
{
	(void)half;
	struct wire *wire = at;
	struct answer answer;
	if (!line_take_late(wire->line, pdu->sequence, &answer)) {
		link_debug(wire->link, "event=ignored reason=\"answers nothing\" sequence=%" PRIu32,
		    pdu->sequence);
		return;
	}
	const struct message message = { .attempts = answer.attempt };
	answer.outcome = smpp_outcome(wire->options, pdu, &message);
	line_late(wire->line, &answer);
	if (answer.outcome.verdict == VERDICT_SENT && pdu->dests.n)
		tell_late_refusals(wire, pdu);
}

/* Deliveries. */

static void on_delivered(void *at, struct half *half, const struct smpp_pdu *pdu)
{
	struct wire *wire = at;
	wire->delivering = half;
	line_delivered(wire->line, pdu, pdu->sequence |
	    (uint64_t)(pdu->command == SMPP_DATA_SM) << TICKET_DATA |
	    (uint64_t)(pdu->command == SMPP_ALERT_NOTIFICATION) << TICKET_ALERT |
	    (uint64_t)(half == wire->halves[1]) << TICKET_SECOND);
}

static void wire_ack(void *at, uint64_t ticket, enum ack ack)
{
	struct wire *wire = at;
	const uint32_t response = (uint32_t)(ticket >> TICKET_DATA & 1 ? SMPP_DATA_SM_RESP
	    : SMPP_DELIVER_SM_RESP);
	const uint32_t status = ack == ACK_KEPT ? SMPP_ROK
	    : (uint32_t)wire->options->deliver_defer_status;
	if (!(ticket >> TICKET_ALERT & 1))  /* an alert has no response */
		half_respond(wire->halves[ticket >> TICKET_SECOND & 1], response, (uint32_t)ticket, status);
}

/* Too much is owed to the half that delivers; the other, which has the answers, goes on. */
static bool wire_pause(void *at, unsigned reason)
{
	struct wire *wire = at;
	for (unsigned i = 0; i < wire->nhalves; i++)
		if (reason != WIRE_OWING || wire->halves[i] == wire->delivering)
			half_pause(wire->halves[i], reason);
	return reason != WIRE_OWING || wire->halves[0] == wire->delivering;
}

static void wire_resume(void *at, unsigned reason)
{
	struct wire *wire = at;
	for (unsigned i = 0; i < wire->nhalves; i++)
		half_resume(wire->halves[i], reason);
}

/* Binding, and the end. */

static unsigned room_of(const struct wire *wire)
{
	return wire->bind == SMPP_RECEIVER ? 0 : (unsigned)wire->options->window;
}

/* The next half's turn, or all are bound. */
static void on_bound(void *at, struct half *half)
{
	struct wire *wire = at;
	for (unsigned i = 0; i < wire->nhalves; i++)
		if (half_is_idle(wire->halves[i])) {
			const size_t host = half_host(half);
			half_connect(wire->halves[i], host, wire->first + wire->nhosts - host);
			return;
		}
	if (!wire->guest)
		wire->session->bind = wire->bind;
	line_bound(wire->line, room_of(wire));
}

static void on_leaving(void *at, struct half *half)
{
	struct wire *wire = at;
	if (half == wire->halves[0])
		line_leaving(wire->line);
}

static void on_broken(void *at, struct half *half, const char *why)
{
	(void)half;
	line_broken(((struct wire *)at)->line, why);
}

static void on_ended(void *at, struct half *half, enum down how, const char *why)
{
	(void)half;
	struct wire *wire = at;
	for (unsigned i = 0; i < wire->nhalves && how == DOWN_DRAINED; i++)
		if (!half_is_closed(wire->halves[i]))
			return; /* it is unbinding too */
	line_ended(wire->line, how, why);
}

static bool on_refused(void *at, struct half *, uint32_t status);

/* Makes the halves of a way to bind. */
static void make_halves(struct wire *wire, enum smpp_bind bind)
{
	static const struct { unsigned n; uint32_t commands[2]; } binds[] = {
		[SMPP_TRANSCEIVER] = { 1, { SMPP_BIND_TRANSCEIVER } },
		[SMPP_TRANSMITTER_RECEIVER] = { 2, { SMPP_BIND_TRANSMITTER, SMPP_BIND_RECEIVER } },
		[SMPP_TRANSMITTER] = { 1, { SMPP_BIND_TRANSMITTER } },
		[SMPP_RECEIVER] = { 1, { SMPP_BIND_RECEIVER } },
	};
	const struct half_owner owner = { .wire = wire, .refused = on_refused, .bound = on_bound,
		.answered = on_answered, .late = on_late, .replied = on_replied,
		.delivered = on_delivered, .leaving = on_leaving, .broken = on_broken, .ended = on_ended };
	wire->bind = bind;
	wire->nhalves = binds[bind].n;
	for (unsigned i = 0; i < wire->nhalves; i++)
		wire->halves[i] = half_new(wire->link, wire->options, binds[bind].commands[i],
		    i == 0 ? wire->line : NULL, &owner);
}

static void bind_as(struct wire *wire, enum smpp_bind bind)
{
	make_halves(wire, bind);
	half_connect(wire->halves[0], wire->first, wire->nhosts);
}

/* A centre that does not know the transceiver gets a pair. */
static bool on_refused(void *at, struct half *half, uint32_t status)
{
	struct wire *wire = at;
	if (!wire->automatic || status != SMPP_RINVCMDID)
		return false;
	link_info(wire->link, "event=fallback bind=transmitter_receiver "
	    "reason=\"the message centre does not know bind_transceiver\"");
	wire->automatic = false;
	half_close(half);
	wire->spent = half;             /* it is on its way out, and calls us */
	bind_as(wire, SMPP_TRANSMITTER_RECEIVER);
	return true;
}

/* SMPP_BIND_AUTO begins as transceiver, and goes on as a pair when the message centre does not
 * know that. */
static void wire_connect(void *at, size_t first, size_t n)
{
	struct wire *wire = at;
	const enum smpp_bind bind = wire->session->bind;
	wire->first = first;
	wire->nhosts = n;
	wire->automatic = bind == SMPP_BIND_AUTO;
	bind_as(wire, wire->automatic ? SMPP_TRANSCEIVER : bind);
}

static void wire_adopt(void *at, struct stream *stream)
{
	struct wire *wire = at;
	wire->guest = true;
	make_halves(wire, wire->options->outbind_bind == SMPP_OUTBIND_RECEIVER ? SMPP_RECEIVER
	    : SMPP_TRANSCEIVER);
	half_adopt(wire->halves[0], stream);
}

static void wire_log_out(void *at)
{
	struct wire *wire = at;
	for (unsigned i = 0; i < wire->nhalves; i++)
		if (half_is_bound(wire->halves[i]))
			half_unbind(wire->halves[i]);
}

static void wire_close(void *at)
{
	struct wire *wire = at;
	for (unsigned i = 0; i < wire->nhalves; i++)
		half_close(wire->halves[i]);
}

static void *wire_make(struct line *line, const void *options, void *session)
{
	struct wire *wire = calloc(1, sizeof *wire);
	if (!wire)
		abort();
	*wire = (struct wire){ .line = line, .link = line_link(line), .options = options,
		.session = session };
	return wire;
}

static void wire_free(void *at)
{
	struct wire *wire = at;
	for (unsigned i = 0; i < wire->nhalves; i++)
		half_free(wire->halves[i]);
	half_free(wire->spent);
	free(wire);
}

/* What the line asks. */

static uint64_t wire_left(const void *at)
{
	return half_left(((const struct wire *)at)->halves[0]);
}

static size_t wire_host(const void *at)
{
	return half_host(((const struct wire *)at)->halves[0]);
}

static const char *wire_secured(const void *at)
{
	return half_secured(((const struct wire *)at)->halves[0]);
}

const struct wire_class smpp_wire = {
	.make = wire_make,
	.free = wire_free,
	.connect = wire_connect,
	.adopt = wire_adopt,
	.log_out = wire_log_out,
	.close = wire_close,
	.submit = wire_submit,
	.ask = wire_ask,
	.ack = wire_ack,
	.left = wire_left,
	.host = wire_host,
	.secured = wire_secured,
	.pause = wire_pause,
	.resume = wire_resume,
};
