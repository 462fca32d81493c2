/* SPDX-License-Identifier: Apache-2.0 */
/*
 * wire.h - what a protocol is to a line: logging in, a part in octets, its answer.
 *
 *     account.c   the lines of a link: hosts, slots, guests       account.h
 *         |
 *      line.c     one login: order, window, deadlines, tickets    line.h
 *         |  struct wire_class          ^  line_bound(), line_done(), ...
 *         v                             |
 *     NAME_wire.c the octets: connection, codec, numbers, answers
 *
 * A line makes one wire, and frees it. The wire connects and logs in, keeps the connection
 * alive, writes what it is given, and tells its line what it reads. It keeps no parts and no
 * questions: it knows them by the numbers that it sent them under, and gives out those
 * numbers itself; any uint32_t is good, 0 too.
 *
 * The functions here are called by the line, on the loop's thread; none blocks, and none
 * calls the line back before it returns, except where it says so. What a wire tells its
 * line (line.h) it tells from callbacks of its own: of a stream, or a timer.
 */
#ifndef WIRE_H
#define WIRE_H

#include "../gateway/driver.h"
#include "../gateway/stream.h"

struct line;

/* Where something was written. */
struct wire_place {
	uint32_t number;                /* no part and no question of the line has it: line_is_used() */
	uint64_t offset;                /* in the stream, of its first octet: stream_written() before */
};

/* What a wire does about a number that got no answer in time. */
enum wire_overdue {
	WIRE_LOST,                      /* given up: the part is in doubt, the question lost */
	WIRE_AGAIN,                     /* it was written again, under the same number */
	WIRE_USELESS,                   /* given up, and the line with it */
};

/* A wire has this many bits of a ticket for itself, the lowest; the line's number is above them.
 * (A link has room for 41 in all.) */
enum { WIRE_TICKET_BITS = 35 };

/* Why a wire is not to read; a bit each. */
enum wire_pause {
	WIRE_OWING = 1,                 /* its peer is owed too many answers */
	WIRE_DRAINING = 2,              /* nothing new is to come: what is owed is paid first */
};

struct wire_class {
	/* A wire that does nothing yet. `options` and `session` are those of struct
	 * account_settings. Never NULL. */
	void *(*make)(struct line *, const void *options, void *session);
	/* Ends it at once if need be, and frees. */
	void (*free)(void *wire);

	/* Once: connects at the first that answers of `n` hosts of the list, from the one with
	 * that index on, and logs in. line_bound() or line_ended() follows, not from inside. */
	void (*connect)(void *wire, size_t first, size_t n);
	/* Once, in its place: takes a connection that the peer made. It may call line_bound() from
	 * inside, where the protocol has no login. */
	void (*adopt)(void *wire, struct stream *);
	/* When bound: logs out in order; line_ended() with DOWN_DRAINED follows, within a deadline of
	 * the wire's own. Later answers are still told. It does nothing when it is on its way out already. */
	void (*log_out)(void *wire);
	/* Ends the connection at once, from inside of what the wire tells its line, too; from then on
	 * it calls nothing of its line but what looks at it, and only free() follows, from the loop. */
	void (*close)(void *wire);

	/* Writes a part, which is lent for the call. True: it is on its way, at *place. False:
	 * it is not, and *outcome says why (REJECTED, or DEFERRED and untried). Only asked for
	 * when there is room: has_room(). Octets leave in a later turn of the loop, as stream_write()
	 * has it. No allocation should be needed for the usual part. */
	bool (*submit)(void *wire, struct part *, struct wire_place *place, struct outcome *outcome);
	/* The same for a question; false: *reply says why (FAILED). NULL: the protocol has none. */
	bool (*ask)(void *wire, struct question *, struct wire_place *place, struct reply *reply);
	/* May one more number be on the wire now? Asked when the line's room is not used up, for
	 * limits of the protocol's own: numbers that are out, or a sequence that has to wait for
	 * its oldest. When that ends without an answer to a part or a question, the wire calls
	 * line_go_on(). NULL: always. */
	bool (*has_room)(const void *wire);
	/* No answer came in time to that number: of the part, or of the question; the other is
	 * NULL. NULL for the function: WIRE_LOST always. After WIRE_AGAIN the deadline begins anew.
	 * Given up numbers count as used for as long as a late answer may come: see line_is_used(). */
	enum wire_overdue (*overdue)(void *wire, uint32_t number, struct part *, struct question *);

	/* Tells the peer what it was told by line_delivered() with that ticket: KEPT, it is ours now;
	 * LATER, it is to send it again. Also while logging out. */
	void (*ack)(void *wire, uint64_t ticket, enum ack);

	/* Octets of the stream that have left this machine, stream_written() less stream_unsent();
	 * 0 before there is one. */
	uint64_t (*left)(const void *wire);
	/* Index in the list of the host that took the connection, or SIZE_MAX: none has, or the
	 * peer made it. */
	size_t (*host)(const void *wire);
	/* What is known of the connection's security, for people; "": it has none. */
	const char *(*secured)(const void *wire);

	/* Stops reading for a reason (enum wire_pause), which may be set already. The silence is
	 * then not held against the peer. True: answers to parts are not read then either; false:
	 * those come over another connection. */
	bool (*pause)(void *wire, unsigned reason);
	/* Takes the reason away; it reads when none is left. */
	void (*resume)(void *wire, unsigned reason);
};

#endif
