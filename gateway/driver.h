/* SPDX-License-Identifier: Apache-2.0 */
/*
 * driver.h - the seam between the gateway and a protocol.
 *
 * A driver is one file (plus a codec, if its wire format deserves one) that
 * fills a struct driver. A link is one configured connection that uses it.
 *
 *     gateway         link.c                       driver
 *        |              |  open -------------------> connect, log in
 *        |              |  <--------------- link_up
 *        |-- part ----> |  submit -----------------> on the wire
 *        | <-- outcome -|  <------------- link_done
 *        |-- question ->|  ask --------------------> about a message that it has
 *        | <---- reply -|  <----------- link_replied
 *        | <-- receipt -|  <---------- link_receipt  (with a ticket)
 *        |- committed ->|  ack --------------------> answer the peer
 *        |-- drain ---> |  drain ------------------> finish, log out
 *        |              |  <------------- link_down
 *        |              |  close ------------------> free everything
 *
 * The rules. tests/check_driver.c holds every driver against them.
 *
 * 1. All of it runs on the loop's thread, and none of it blocks.
 * 2. Calls never nest. A link_ function notes what happened and wakes the
 *    link, which calls the driver later, from the loop. So a session is
 *    never freed under the feet of the driver that is using it.
 * 3. A submitted part is lent to the driver until its link_done(). Each part
 *    gets at most one. Parts still unanswered at link_down() are in doubt,
 *    so a driver first defers (untried) those it knows never left this machine.
 *    submit() hands no octet to the kernel: what leaves, leaves in a later turn of the loop
 *    (stream.h does so), when the journal has been written.
 * 4. No more parts are lent than link_up() promised room for. When a session takes room
 *    back, by link_up() again, it first answers the parts that no longer fit.
 *    A part of a message to several (message->ndestinations) is for all of these that do not
 *    have it (several.h); whom the network refused is noted in part->refused before link_done().
 * 5. After link_down() the session makes no more calls; close() follows.
 *    Waiting and reconnecting are then the link's business, not the driver's.
 * 6. A ticket is answered exactly once, by ack(), after the database has
 *    committed; only then may the peer be told. A session that goes down
 *    forgets its tickets, and the peer repeats what it got no answer for: a
 *    repeated receipt changes nothing, a repeated message is stored again.
 * 7. A question is lent until its link_replied(), as a part is: at most one reply each,
 *    and those without one at link_down() are lost, so the ones that never left this
 *    machine are given back (UNSENT) before. Questions come without regard to the room;
 *    the driver keeps those that are too many for its peer.
 */
#ifndef DRIVER_H
#define DRIVER_H

#include "../conf/conf.h"
#include "command.h"
#include "message.h"

#include <stdio.h>

struct backoff;
struct event_base;
struct link;

enum ack {
	ACK_KEPT,                       /* stored: tell the peer it is ours now */
	ACK_LATER,                      /* not stored: tell the peer to try again */
};

enum down {
	DOWN_DRAINED,                   /* as asked */
	DOWN_PASSWORD,                  /* who tries it again soon is locked out: for very long */
	DOWN_REFUSED,                   /* other credentials, settings, a certificate: for long */
	DOWN_BARRED,                    /* not to be tried again until the operator says so */
	DOWN_TAKEN,                     /* our place is taken, maybe by our own old session */
	DOWN_BUSY,                      /* no room for us, not now: back off for longer */
	DOWN_LOGGED_OUT,                /* the peer ended it in order: for somewhat longer */
	DOWN_LOST,                      /* network, timeout, peer: back off a little */
};

/* What smsqlctl asks of a device. */
struct identify {
	const char *device;             /* as key device has it */
	const char *pin;                /* "": none is entered */
	long baud;                      /* 0: found out */
};

struct driver {
	const char *name;               /* `driver = smpp` */
	const struct conf_key *keys;    /* what a link may say besides the common keys */
	size_t options;                 /* size of the struct they fill */
	unsigned concats;               /* bit n: it carries parts marked as enum concat n says */

	/* Checks what no single key can. Touches nothing. False: *err says why.
	 * May be NULL. */
	bool (*check)(const void *options, struct conf_error *err);

	/* Where a link awaits peers that connect to it, as its key `listen` says: an endpoint
	 * (network.h). NULL: nowhere. May be NULL, when no link of the driver does. */
	const char *(*listens)(const void *options);

	/* Begins to connect; success or failure comes as link_up or link_down.
	 * `options` outlives the session. Never NULL. */
	void *(*open)(struct link *, const void *options);

	void (*submit)(void *session, struct part *);
	void (*ack)(void *session, uint64_t ticket, enum ack);

	/* Asks about a message that the peer has, or about all that wait. NULL: the protocol
	 * knows no such thing. */
	void (*ask)(void *session, struct question *);

	/* Submits have ended: await what is unanswered, log out, link_down(). */
	void (*drain)(void *session);

	/* Frees the session at once, in whatever state it is. */
	void (*close)(void *session);

	/* Asks a device what it is, without a link and for people, and writes that down with a
	 * section `link` for it. It takes seconds. False: *err says why not, with the remedy. NULL:
	 * there is no device to ask. */
	bool (*identify)(const struct identify *, FILE *out, struct conf_error *err);
};

/* What a driver may call. Defined in gateway/link.c. */

struct event_base *link_base(struct link *);
const char *link_name(const struct link *);

/* The session can take `window` parts at a time; 0: it only receives. Also: the window
 * changed. */
void link_up(struct link *, unsigned window);
/* A session that is up goes on, and for now has no peer: as after open(), until link_up().
 * Parts that are lent still come back. `why` is its note. */
void link_wait(struct link *, const char *why);
/* The peer says how full it is: the link goes on at so many percent of its rate, and
 * recovers by itself. Throttled outcomes (hold_ms) do that without being told. */
void link_ease(struct link *, unsigned percent);
/* What an operator may want to know of a session, for the table link; copied, and gone
 * with the session. "" takes back what was said. */
void link_note(struct link *, const char *note);
/* How long (ms) to wait after a failure, by the link's own keys: for a session that has
 * several connections, and opens one of them anew. See backoff_next(). */
uint64_t link_backoff(const struct link *, struct backoff *, enum down, uint64_t up_ms);
/* The session has ended. `why` is for people, and says the remedy when the
 * driver knows one. It is copied. */
void link_down(struct link *, enum down, const char *why);
/* A lent part comes back, with what became of it. The outcome is copied. */
void link_done(struct link *, struct part *, const struct outcome *);
/* A lent question comes back, with what the peer said to it. The reply is copied. */
void link_replied(struct link *, struct question *, const struct reply *);
/* An answer to a part that came back as DOUBTFUL; copied. It settles the row if that is
 * still in doubt, or waits to be sent again. late.h keeps what names the part. */
void link_late(struct link *, const struct answer *);
/* Facts from the network; the values are copied. `ticket` is the session's own
 * number for what is to be acknowledged. */
void link_receipt(struct link *, const struct receipt *, uint64_t ticket);
void link_inbound(struct link *, const struct inbound *, uint64_t ticket);

/* Log lines that begin with link=NAME. */
#define link_info(l, ...)  link_log((l), 'i', __VA_ARGS__)
#define link_warn(l, ...)  link_log((l), 'w', __VA_ARGS__)
#define link_debug(l, ...) link_log((l), 'd', __VA_ARGS__)
void link_log(const struct link *, char level, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Every driver compiled in, NULL-ended. Defined in drivers/drivers.c. */
extern const struct driver *const drivers[];

#endif
