/* SPDX-License-Identifier: Apache-2.0 */
/*
 * smpp_line.h - one bind of a link: a transceiver, a transmitter with its receiver, or
 * one of these alone, with a window of its own.
 *
 * A session has one line, or several that share its load. A line sends the parts it is
 * given in their order, knows which answer is for which part, and owes an answer for
 * what was delivered to it. Callbacks come from the loop, or from line_drain(); they may
 * call any function here but line_free().
 */
#ifndef SMPP_LINE_H
#define SMPP_LINE_H

#include "../gateway/driver.h"
#include "../gateway/stream.h"
#include "smpp.h"

struct line;

enum { LINE_NUMBERS = 64 };             /* what a ticket has room for */
/* Of what no PDU is to be answered for: it names no session, so no session hears of it. */
static const uint64_t line_no_ticket = UINT64_MAX;

/* What a line tells its session. */
struct line_owner {
	void *session;
	/* All of it is bound. */
	void (*bound)(void *session, struct line *);
	/* deliver_sm, data_sm or alert_notification, to be answered by line_ack() with that
	 * ticket; to an alert, the peer gets no answer. */
	void (*delivered)(void *session, struct line *, const struct smpp_pdu *, uint64_t ticket);
	/* It is to end in order, after too long without a message, or since its peer sends too
	 * much that is broken: the session calls line_drain(), and ended() will say which. */
	void (*retiring)(void *session, struct line *);
	/* It is over, and nothing follows. DOWN_DRAINED: as asked, or for want of messages. Parts that never left
	 * have been deferred; the others are still lent: line_doubt(). */
	void (*ended)(void *session, struct line *, enum down, const char *why);
};

/* A line that does nothing yet. `number` (below LINE_NUMBERS) is in its tickets. */
struct line *line_new(struct link *, const struct smpp_options *, unsigned number,
    const struct line_owner *);
void line_free(struct line *);          /* NULL is allowed; lent parts are left to the link */

/* Once: connects and binds, at one of `n` hosts of the list, from that index on. bound()
 * or ended() follows. SMPP_BIND_AUTO begins as transceiver, and goes on as a pair when
 * the message centre does not know that. */
void line_connect(struct line *, enum smpp_bind, size_t first, size_t n);
/* Once, in its place: binds, as receiver or transceiver, on a connection that the message
 * centre made, and takes it. */
void line_adopt(struct line *, enum smpp_bind, struct stream *);
unsigned line_number(const struct line *);
/* What it is, or in the end was, bound as. */
enum smpp_bind line_bind(const struct line *);
/* When it was bound (loop ms); 0: it never was. */
uint64_t line_bound_at(const struct line *);
/* Index in the list of the host that took its (first) connection, or SIZE_MAX: none
 * has, or the centre made it. */
size_t line_host(const struct line *);
/* What is known of the connection's security, for people; "": it has none. */
const char *line_secured(const struct line *);

/* Bound as a whole, and not yet asked to end. */
bool line_is_up(const struct line *);
/* Parts that it takes at a time: its window when it is up and sends, else 0. */
unsigned line_room(const struct line *);
/* Parts and questions that it holds. */
unsigned line_load(const struct line *);
/* Takes a part; beyond its window it waits here. The part comes back by link_done(). */
void line_submit(struct line *, struct part *);

/* Takes a question. It comes back by link_replied(). */
void line_ask(struct line *, struct question *);

/* Answers a delivery. The ticket is one of this line's. */
void line_ack(struct line *, uint64_t ticket, enum ack);
/* The number of the line that a ticket came from. */
unsigned line_of_ticket(uint64_t ticket);

/* Awaits what is unanswered, pays what is owed, logs out: ended() follows. */
void line_drain(struct line *);
/* Ends at once, without ended(). Parts that never left are deferred: `why`. */
void line_close(struct line *, const char *why);
bool line_is_closed(const struct line *);
/* Gives the parts and questions back that an ended line left behind: they are in doubt. */
void line_doubt(struct line *, const char *why);

#endif
