/* SPDX-License-Identifier: Apache-2.0 */
/*
 * account.h - the lines that a link keeps with one account of a provider, over whatever wire.
 *
 * It is what a network driver's session mostly is: the driver makes the settings of its
 * options, and open(), submit(), ack(), ask(), drain() and close() are a call each. It keeps
 * to the rules of driver.h towards the link: link_up(), link_wait(), link_down(), link_note(),
 * and the way back of parts and questions are done here and in line.c.
 */
#ifndef ACCOUNT_H
#define ACCOUNT_H

#include "door.h"
#include "line.h"

struct account;

enum { ACCOUNT_SLOTS_MAX = 16 };

struct account_settings {
	/* Of each line; line.session is the driver's own, for its wires and for delivered(). */
	struct line_settings line;
	struct conf_list hosts;         /* borrowed; none: peers connect to us only */
	unsigned nslots;                /* lines that we make: 1 to ACCOUNT_SLOTS_MAX; without hosts none */
	long host_return;               /* ms until an earlier host of the list is tried again; 0: never */
	struct door_settings door;      /* for guests; door.listen NULL or "": none are awaited */
	const char *noun;               /* what a line is called in notes and the log: "bind" */

	/* Something came over a line: `what` is as the wire gave it to line_delivered(). The driver
	 * reads it and says account_receipt() or account_inbound() with the ticket, exactly once. */
	void (*delivered)(void *session, const void *what, uint64_t ticket);
};

/* Begins to connect, and to listen, from the loop: nothing is told before it returns. The
 * settings are copied; what they point to outlives the account. */
struct account *account_open(struct link *, const struct account_settings *);
/* Frees it at once, in whatever state it is. NULL is allowed. The driver frees its own session
 * after it. */
void account_close(struct account *);

/* As in struct driver. */
void account_submit(struct account *, struct part *);
void account_ask(struct account *, struct question *);
void account_ack(struct account *, uint64_t ticket, enum ack);
void account_drain(struct account *);

/* Tell the link of what came. They fill in what is the same for all: link, and of a message its
 * arrival. The ticket is that of delivered(); or of a receipt line_no_ticket. */
void account_receipt(struct account *, struct receipt *, uint64_t ticket);
void account_inbound(struct account *, struct inbound *, uint64_t ticket);

#endif
