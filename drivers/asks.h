/* SPDX-License-Identifier: Apache-2.0 */
/*
 * asks.h - the questions that a line has: those that wait, those on the wire, and those that the
 * peer has taken and will tell the outcome of by itself. For line.c alone.
 *
 * They count for the line's window, and go before parts that wait: they are few, and
 * somebody looks on. Everything here may call link_replied().
 */
#ifndef ASKS_H
#define ASKS_H

#include "wire.h"

struct asks;

/* The class and the wire are borrowed. `timeout`: ms, for an answer. */
struct asks *asks_new(struct link *, const struct wire_class *, void *wire, long timeout);
void asks_free(struct asks *);          /* NULL is allowed; lent questions are left to the link */

/* Takes a question, which waits for asks_send(). */
void asks_add(struct asks *, struct question *);
/* Sends those that are due, until as many as `room` are on the wire, or it has no room. */
void asks_send(struct asks *, unsigned room);

/* The question of that number, on the wire or aside; or NULL. */
struct question *asks_find(const struct asks *, uint32_t number);
/* One of these has its reply, and goes back. */
void asks_replied(struct asks *, struct question *, const struct reply *);
/* It waits and is sent again: a second later, then two, four, eight. False: it was sent too often
 * for that, and stays where it is. */
bool asks_again(struct asks *, struct question *);
/* It was written anew, at that place, and waits as long again. */
void asks_move(struct asks *, struct question *, const struct wire_place *);
/* It waits under the number `as` until `due` (loop ms), and not on the wire. */
void asks_put_aside(struct asks *, struct question *, uint32_t as, uint64_t due);
/* Does it wait in that way? Of those that were sent. */
bool asks_is_aside(const struct question *);

/* One whose deadline is over, or NULL: it is to be given up, or was written anew. */
struct question *asks_overdue(const struct asks *, uint64_t now);
/* It comes back: no answer came in time (LOST). */
void asks_give_up(struct asks *, struct question *);

/* Questions on the wire, and all. */
unsigned asks_on_wire(const struct asks *);
unsigned asks_count(const struct asks *);
/* When asks_overdue() or asks_send() has something to do (loop ms); 0: nothing waits for a time. */
uint64_t asks_due(const struct asks *);

/* Gives back those that wait, and of those on the wire the ones that begin at or after the
 * stream offset `left` (UNSENT). */
void asks_withdraw(struct asks *, uint64_t left, const char *why);
/* Gives back the rest: they are lost. */
void asks_lose(struct asks *, const char *why);

#endif
