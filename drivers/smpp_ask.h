/* SPDX-License-Identifier: Apache-2.0 */
/*
 * smpp_ask.h - the questions that a line has: those that wait, and those on the wire.
 *
 * They count for the line's window, and go before parts that wait: they are few, and
 * somebody looks on. Everything here may call link_replied().
 */
#ifndef SMPP_ASK_H
#define SMPP_ASK_H

#include "../gateway/driver.h"
#include "smpp.h"
#include "smpp_half.h"

struct asks;

struct asks *asks_new(struct link *, const struct smpp_options *);
void asks_free(struct asks *);          /* NULL is allowed; lent questions are left to the link */

/* Takes a question, which waits for asks_send(). */
void asks_add(struct asks *, struct question *);
/* Sends those that are due, as long as the window has room beside `parts` of them. */
void asks_send(struct asks *, struct half *, unsigned parts);

/* A response to a question, or a generic_nack. False: it answers none that is on the wire. */
bool asks_answered(struct asks *, const struct smpp_pdu *);
/* Those whose deadline is over come back (LOST). */
void asks_expire(struct asks *);

/* Questions on the wire, and all. */
unsigned asks_on_wire(const struct asks *);
unsigned asks_count(const struct asks *);
bool asks_has(const struct asks *, uint32_t sequence);
/* When asks_expire() or asks_send() has something to do (loop ms); 0: nothing waits for a time. */
uint64_t asks_due(const struct asks *);

/* Gives back those that wait, and of those on the wire the ones that begin at or after the
 * stream offset `left` (UNSENT). */
void asks_withdraw(struct asks *, uint64_t left, const char *why);
/* Gives back the rest: they are lost. */
void asks_lose(struct asks *, const char *why);

#endif
