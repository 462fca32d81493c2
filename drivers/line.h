/* SPDX-License-Identifier: Apache-2.0 */
/*
 * line.h - one login of a link, over whatever wire, with a window of its own.
 *
 * An account has one line, or several that share its load. A line sends the parts it is
 * given in their order, knows which answer is for which part, and owes an answer for
 * what was delivered to it. The first half of this header is for the account, the second for
 * the wire (wire.h).
 */
#ifndef LINE_H
#define LINE_H

#include "wire.h"

struct line;

enum { LINE_NUMBERS = 64 };             /* of lines: what a ticket has room for */
/* Of what nobody is to be answered for: it names no session, so no session hears of it. */
static const uint64_t line_no_ticket = UINT64_MAX;

/* The same for all lines of an account. */
struct line_settings {
	const struct wire_class *class;
	const void *options;            /* for the wire's make(); borrowed */
	void *session;                  /* likewise */
	unsigned window;                /* parts and questions on the wire at a time, at most */
	long response_timeout;          /* ms, for an answer */
	long inactivity;                /* ms without a message until it logs in anew; 0: never */
	const char *anew;               /* what it does then: "binding anew"; borrowed */
};

/* What a line tells its account. Callbacks come from the loop, from line_drain() or from
 * line_adopt(); they may call any function here but line_free(). */
struct line_owner {
	void *account;
	/* It is logged in. */
	void (*bound)(void *account, struct line *);
	/* Something came, to be answered by line_ack() with that ticket. `what` is as the wire gave
	 * it to line_delivered(). */
	void (*delivered)(void *account, struct line *, const void *what, uint64_t ticket);
	/* It is to end in order, after too long without a message, or since its peer sends too
	 * much that is broken: the account calls line_drain(), and ended() will say which. */
	void (*retiring)(void *account, struct line *);
	/* It is over, and nothing follows. DOWN_DRAINED: as asked, or for want of messages. Parts
	 * that never left have been deferred; the others are still lent: line_doubt(). */
	void (*ended)(void *account, struct line *, enum down, const char *why);
};

/* A line that does nothing yet. `number` (below LINE_NUMBERS) is in its tickets. The settings are
 * copied. */
struct line *line_new(struct link *, const struct line_settings *, unsigned number,
    const struct line_owner *);
void line_free(struct line *);          /* NULL is allowed; lent parts are left to the link */

/* Once: connects and logs in, at one of `n` hosts of the list, from that index on. bound()
 * or ended() follows. */
void line_connect(struct line *, size_t first, size_t n);
/* Once, in its place: takes a connection that the peer made. The same follows, maybe at once. */
void line_adopt(struct line *, struct stream *);
unsigned line_number(const struct line *);
/* When it was bound (loop ms); 0: it never was. */
uint64_t line_bound_at(const struct line *);
/* Index in the list of the host that took its connection, or SIZE_MAX: none has, or the peer
 * made it. */
size_t line_host(const struct line *);
/* What is known of the connection's security, for people; "": it has none. */
const char *line_secured(const struct line *);

/* Bound, and neither asked to end nor on its way out. */
bool line_is_up(const struct line *);
/* Parts that it takes at a time: as line_bound() said when it is up, else 0. */
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

/*
 * For the wire. What it tells comes from its own callbacks. After line_ended(), and after any of
 * these that may end the line (it says so), the wire has been closed: look at line_is_closed()
 * before going on.
 */

struct link *line_link(const struct line *);

/* Logged in. `room`: parts and questions at a time, as the peer grants them; more than the
 * settings' window is that window; 0: it only receives. Once. */
void line_bound(struct line *, unsigned room);
/* The connection is going to end by itself: nothing more is given to the wire, and line_ended()
 * will follow. */
void line_leaving(struct line *);
/* The peer sends too much that is malformed: the line ends in order when it can, else at once.
 * It may end the line. */
void line_broken(struct line *, const char *why);
/* The connection is over, or is to be; why, for people, and with DOWN_DRAINED: as log_out()
 * asked. Ends the line: close() is called from inside. */
void line_ended(struct line *, enum down, const char *why);

/* Is that number waiting for its answer, as a part? */
bool line_has(const struct line *, uint32_t number);
/* Is it the number of a part or a question that waits for an answer, or one below LINE_FEW that
 * was given up not long ago, so that a late answer would be mistaken? */
enum { LINE_FEW = 256 };
bool line_is_used(const struct line *, uint32_t number);

/* Takes out the part of that number, or NULL. The number is free then, and the part is the
 * wire's: to line_done() it, or to line_put() it. */
struct part *line_take(struct line *, uint32_t number);
/* The part was written anew, under whatever free number: it waits at the end, with a new
 * deadline. The offset is that of the first octet that may make it happen: of a part that the
 * peer has refused to look at, the new one. So a wire renumbers: all of them, in their order. */
void line_put(struct line *, struct part *, const struct wire_place *);
/* A part that was taken out has its outcome. */
void line_done(struct line *, struct part *, const struct outcome *);
/* Sends what waits, and logs out when nothing is left to wait for. To be called after line_done()
 * and what the wire has to do besides (unless it ends the line), and when has_room() has become
 * true otherwise. */
void line_go_on(struct line *);

/* An answer to a number that is not waited for: names the part that was given up under it, once;
 * the wire fills in the outcome and says line_late(). answer->attempt is the message's. False: it
 * answers nothing, or too late. Either way the number is free now. */
bool line_take_late(struct line *, uint32_t number, struct answer *);
/* The log has the outcome's code. */
void line_late(struct line *, struct answer *);

/* The question that waits for an answer under that number, or NULL. */
struct question *line_question(const struct line *, uint32_t number);
/* It has its reply, and goes back. Sends what waits. */
void line_replied(struct line *, struct question *, const struct reply *);
/* It is too much for the peer just now: it waits, and is asked again later, under another number.
 * False: that was so too often; the reply is to be said. Sends what waits. */
bool line_ask_later(struct line *, struct question *);
/* The same for a question as line_put(): it was written anew. */
void line_put_question(struct line *, struct question *, const struct wire_place *);
/* The peer has taken it, and will tell the outcome by itself: it leaves its number and waits under
 * another, `as`, which nothing else has (one that is none on the wire), for `ms` from now; it has
 * no share of the window any more. Sends what waits. */
void line_put_aside(struct line *, struct question *, uint32_t as, long ms);

/* Something came: `ticket` (below 1 << WIRE_TICKET_BITS) is what the wire's ack() needs to answer
 * it. `what` is for the driver, see account.h; it is lent for the call. Too many that are
 * owed pause the wire, from inside. */
void line_delivered(struct line *, const void *what, uint64_t ticket);

/* The peer says how full it is: the link goes on at so many percent of its rate, lowered once a
 * second at most. */
void line_ease(struct line *, unsigned percent);

#endif
