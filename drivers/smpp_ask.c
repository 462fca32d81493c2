/* SPDX-License-Identifier: Apache-2.0 */
/*
 * smpp_ask.c - when a question is sent, and which answer is whose.
 *
 *     asks_add --> waiting --asks_send--> wire --the answer--> link_replied
 *                     ^                    |
 *                     +-- too much now ----+   a second later, then two, four, eight
 *
 * A response belongs to the question of its number and its command: SMPP has one row of
 * numbers for all requests of a session, and a response that names another command is
 * none. A generic_nack has the number alone. Few are here at a time, so they are looked for one by one.
 */
#include "smpp_ask.h"

#include "../gateway/clock.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	AGAIN_MS = 1000, TRIES = 5,     /* when the message centre says that it is too much */
	ROOM = 1024,                    /* of a request without TLVs, which has 400 at most */
};

struct asks {
	struct link *link;
	const struct smpp_options *options;
	struct questions waiting, wire; /* by `entry` */
	unsigned nwaiting, nwire;
};

struct asks *asks_new(struct link *link, const struct smpp_options *options)
{
	struct asks *asks = calloc(1, sizeof *asks);
	if (!asks)
		abort();
	asks->link = link;
	asks->options = options;
	TAILQ_INIT(&asks->waiting);
	TAILQ_INIT(&asks->wire);
	return asks;
}

void asks_free(struct asks *asks)
{
	free(asks);
}

static void give_back(struct asks *asks, struct question *question, enum reply_kind kind,
    const char *why)
{
	struct reply reply = { .kind = kind };
	snprintf(reply.text, sizeof reply.text, "%s", why);
	link_replied(asks->link, question, &reply);
}

static void wait_until(struct asks *asks, struct question *question, uint64_t due)
{
	question->due = due;
	TAILQ_INSERT_TAIL(&asks->waiting, question, entry);
	asks->nwaiting++;
}

static void take_from_wire(struct asks *asks, struct question *question)
{
	TAILQ_REMOVE(&asks->wire, question, entry);
	asks->nwire--;
}

void asks_add(struct asks *asks, struct question *question)
{
	question->tries = 0;
	wait_until(asks, question, 0);
}

/* Sending. */

static void transmit(struct asks *asks, struct half *half, struct question *question)
{
	struct smpp_pdu pdu;
	struct reply reply;
	if (!smpp_question(asks->options, half_version(half), question, &pdu, &reply)) {
		link_replied(asks->link, question, &reply);
		return;
	}
	size_t room = ROOM;
	for (unsigned i = 0; i < pdu.ntlvs; i++)
		room += 4u + pdu.tlvs[i].len;
	uint8_t *octets = malloc(room);
	if (!octets)
		abort();
	do
		pdu.sequence = half_sequence(half);
	while (asks_has(asks, pdu.sequence));
	const size_t len = smpp_pack(&pdu, octets, room);
	if (len) {
		question->sequence = pdu.sequence;
		question->offset = half_written(half);
		question->due = clock_ms() + (uint64_t)asks->options->response_timeout;
		question->tries++;
		TAILQ_INSERT_TAIL(&asks->wire, question, entry);
		asks->nwire++;
		half_write(half, octets, len);
	} else {
		give_back(asks, question, REPLY_FAILED, "the question does not fit its PDU");
	}
	free(octets);
}

/* The first that is due, or NULL. */
static struct question *next_due(struct asks *asks, uint64_t now)
{
	struct question *question;
	TAILQ_FOREACH(question, &asks->waiting, entry)
		if (question->due <= now)
			return question;
	return NULL;
}

void asks_send(struct asks *asks, struct half *half, unsigned parts)
{
	struct question *question;
	while (parts + asks->nwire < (unsigned)asks->options->window &&
	    (question = next_due(asks, clock_ms()))) {
		TAILQ_REMOVE(&asks->waiting, question, entry);
		asks->nwaiting--;
		transmit(asks, half, question);
	}
}

/* Answers. */

static struct question *find(const struct asks *asks, uint32_t sequence)
{
	struct question *question;
	TAILQ_FOREACH(question, &asks->wire, entry)
		if (question->sequence == sequence)
			return question;
	return NULL;
}

bool asks_answered(struct asks *asks, const struct smpp_pdu *pdu)
{
	struct question *question = find(asks, pdu->sequence);
	if (!question || (pdu->command != (uint32_t)SMPP_GENERIC_NACK &&
	    pdu->command != (smpp_question_command(question->command) | (uint32_t)SMPP_RESPONSE)))
		return false;
	take_from_wire(asks, question);
	if (smpp_asks_patience(pdu) && question->tries < TRIES) {
		wait_until(asks, question, clock_ms() + ((uint64_t)AGAIN_MS << (question->tries - 1)));
		return true;
	}
	const struct reply reply = smpp_reply(asks->options, link_name(asks->link), question, pdu);
	link_replied(asks->link, question, &reply);
	return true;
}

void asks_expire(struct asks *asks)
{
	const uint64_t now = clock_ms();
	char why[OUTCOME_TEXT_MAX];
	struct question *question;
	snprintf(why, sizeof why, "no answer from the message centre within %g s",
	    (double)asks->options->response_timeout / 1000);
	while ((question = TAILQ_FIRST(&asks->wire)) && question->due <= now) {
		take_from_wire(asks, question);
		give_back(asks, question, REPLY_LOST, why);
	}
}

void asks_withdraw(struct asks *asks, uint64_t left, const char *why)
{
	char text[OUTCOME_TEXT_MAX];
	struct question *question;
	snprintf(text, sizeof text, "not sent: %.140s", why);
	while ((question = TAILQ_LAST(&asks->wire, questions)) && question->offset >= left) {
		take_from_wire(asks, question);
		give_back(asks, question, REPLY_UNSENT, text);
	}
	while ((question = TAILQ_FIRST(&asks->waiting))) {
		TAILQ_REMOVE(&asks->waiting, question, entry);
		asks->nwaiting--;
		give_back(asks, question, REPLY_UNSENT, text);
	}
}

void asks_lose(struct asks *asks, const char *why)
{
	char text[OUTCOME_TEXT_MAX];
	struct question *question;
	snprintf(text, sizeof text, "no answer before the connection ended: %.100s", why);
	while ((question = TAILQ_FIRST(&asks->wire))) {
		take_from_wire(asks, question);
		give_back(asks, question, REPLY_LOST, text);
	}
}

/* What the line asks. */

unsigned asks_on_wire(const struct asks *asks)
{
	return asks->nwire;
}

unsigned asks_count(const struct asks *asks)
{
	return asks->nwire + asks->nwaiting;
}

bool asks_has(const struct asks *asks, uint32_t sequence)
{
	return find(asks, sequence) != NULL;
}

/* Those that wait for room have no time; an answer makes room. */
uint64_t asks_due(const struct asks *asks)
{
	const struct question *question = TAILQ_FIRST(&asks->wire);
	uint64_t due = question ? question->due : 0;
	TAILQ_FOREACH(question, &asks->waiting, entry)
		if (question->due && (!due || question->due < due))
			due = question->due;
	return due;
}
