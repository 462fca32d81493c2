/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cimd2_connection.h - what the two files of a CIMD2 connection share: cimd2_wire.c has what we
 * ask, cimd2_request.c what the centre asks.
 */
#ifndef CIMD2_CONNECTION_H
#define CIMD2_CONNECTION_H

#include "cimd2_numbers.h"
#include "cimd2_wire.h"

struct event;

struct cimd2_connection {
	struct line *line;
	struct link *link;
	const struct cimd2_options *options;
	struct cimd2_session *session;
	struct talk *talk;
	struct stx_count count;
	unsigned window;                /* as it was asked for; 1: none was, or it was refused */
	bool with_new;                  /* it logs in with the new password */
	bool anew;                      /* its login was refused, and another has no answer yet */
	bool awaits_time;               /* nothing is submitted before it is known */
	struct event *timer;            /* for poll_at, and what is due of our own */
	uint64_t poll_at;               /* loop ms; 0: never */
	bool poll_refused;              /* the last one was, and it is in the log */

	struct cimd2_unanswered unanswered;
	struct cimd2_request request;   /* being made */
	unsigned rounds;                /* nacks in a row without an answer */
	unsigned stale;                 /* more nacks with `nacked` that tell nothing new */
	uint16_t nacked;

	struct cimd2_heard heard;
	unsigned strays;                /* requests in a row that had a wrong number */
	struct cimd2_message message;   /* being read */
	char told[CIMD2_NUMBERS_EACH][NETWORK_ID_MAX]; /* of final receipts: by number / 2 */
};

/* A request of the centre's; its fault is FINE or SYNTAX. */
void cimd2_on_request(struct cimd2_connection *, const struct cimd2_pdu *, enum cimd2_fault,
    uint32_t digest);
/* As in struct wire_class. */
void cimd2_ack(void *connection, uint64_t ticket, enum ack);
/* The connection is closing: what is not answered comes again. */
void cimd2_forget_debts(struct cimd2_connection *);

/* Writes a packet without parameters, or with an error above 0. */
void cimd2_respond(struct cimd2_connection *, unsigned operation, unsigned number, unsigned error);

#endif
