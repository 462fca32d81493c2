/* SPDX-License-Identifier: Apache-2.0 */
/*
 * modem_receiver.h - what the files of the receiver know of each other; modem.h has what others do.
 *
 *     modem_receiver.c   phases, commands one at a time, tickets, unsolicited lines
 *     modem_storages.c   which storages there are, which are used, which is selected
 *     modem_sweep.c      what is in them: listed, read, deleted
 *     modem_routing.c    AT+CNMI, AT+CSMS
 *     modem_direct.c     +CMT, +CDS, +CBM, and AT+CNMA
 *     modem_lists.[ch], modem_text.[ch], modem_inbound.[ch]   what stands in answers; no I/O
 */
#ifndef MODEM_RECEIVER_H
#define MODEM_RECEIVER_H

#include "modem.h"
#include "modem_inbound.h"
#include "modem_lists.h"

struct event;

enum {
	STORED_MAX = 20,                /* messages of storages that are unanswered or not deleted yet */
	TICKETS_MAX = 64,               /* with those that came directly */
	READS_MAX = 256, ODDITIES_MAX = 128, STORAGES_MAX = 6, CANDIDATES_MAX = 24, ROUTING_MAX = 24,
	NO_STORAGE = STORAGES_MAX,
	NETWORK_WAIT_MS = 15000,        /* so long the network waits for +CNMA at least */
	QUICK_TIMEOUT_MS = 10000, SET_TIMEOUT_MS = 20000, LIST_TIMEOUT_MS = 60000,
};

struct storage {
	char name[STORAGE_NAME_MAX];    /* "": the one that is selected; the modem knows no names */
	bool swept;                     /* else only read where an unsolicited line says so */
	bool by_index;                  /* AT+CMGL is refused */
	unsigned failures;              /* in a row, of listing or selecting it */
	bool full_said;
	long used, total;               /* when it was last selected; -1: not said */
};

struct place { unsigned storage; long index; };

/* A message that the store has, or what is left to do for one. */
struct ticket {
	uint64_t number;                /* 0: nobody is asked for it any more */
	enum ticket_state { TICKET_FREE, TICKET_GIVEN, TICKET_KEPT } state;
	bool direct;                    /* else in a storage */
	bool verify;                    /* another message may be there by now: looked at before it is deleted */
	bool outgoing;                  /* a copy of ours, which nobody has to store */
	bool plain;                     /* AT+CMGD=n was refused, n,0 is tried */
	struct place place;
	uint8_t content[CONTENT_MAX];
	uint64_t since;                 /* loop ms */
};

/* What is not to be looked at like the rest at every sweep. */
struct oddity {
	struct place place;
	uint8_t content[CONTENT_MAX];
	bool there, committed;          /* committed, and could not be deleted; else it cannot be read */
	unsigned tries;
};

struct receiver;
typedef void receiver_answer_fn(struct receiver *, const struct at_answer *);

struct receiver {
	struct modem *modem;
	struct event *timer;            /* the next sweep */
	enum receiver_phase { RECEIVER_STOPPED, RECEIVER_STARTING, RECEIVER_READY } phase;
	unsigned step;                  /* of starting */
	void (*done)(struct modem *);
	bool restart;                   /* start again when the command under way has its answer */
	receiver_answer_fn *answered;   /* of the command under way; NULL: none is */
	uint64_t last_ticket;
	struct ticket tickets[TICKETS_MAX];

	/* modem_storages.c */
	struct storage storages[STORAGES_MAX];
	unsigned nstorages, selected;   /* NO_STORAGE: not known */
	struct storage_names roles[STORAGE_ROLES];
	unsigned attempt;               /* of setting all three */
	char write_to[STORAGE_NAME_MAX], receive_to[STORAGE_NAME_MAX];
	bool unset;                     /* not chosen yet: the modem was busy */
	bool select_whole;              /* mem1 cannot be set alone */

	/* modem_sweep.c */
	struct { enum { JOB_LIST, JOB_INDICES, JOB_READ, JOB_DELETE, JOB_VERIFY } kind; struct place place;
		struct ticket *ticket; bool reselected, in_turn; } job; /* in_turn: an index of a sweep */
	struct place reads[READS_MAX];  /* a ring */
	unsigned first_read, nreads;
	struct span spans[SPANS_MAX];   /* of a storage that is read by index */
	size_t nspans, span;
	long next_index;
	unsigned cursor;                /* the next storage of this sweep; NO_STORAGE: none is under way */
	bool sweep_wanted, soon;        /* soon: the sweep after this one does not wait for its time */
	bool list_hex;                  /* AT+CMGL takes its "ALL" in hex */
	unsigned copies;                /* of outgoing messages, and of what cannot be read, in this storage */
	struct oddity oddities[ODDITIES_MAX];

	/* modem_routing.c */
	struct routings routings;
	char candidates[CANDIDATES_MAX][ROUTING_MAX];
	unsigned ncandidates, candidate;
	char routing[ROUTING_MAX];      /* that was accepted; "": none, or not yet */
	bool route_wanted, only_direct;
	bool no_stored_reports;         /* reports that it stored cannot be read */
	bool stored_report_read;        /* but one was, since the start */
	bool polling_said;
	unsigned long reports_missed;   /* of these, since the start */

	/* modem_direct.c */
	uint64_t newest;                /* the ticket that +CNMA would be for; 0: none */
	struct ticket *acking;
	unsigned acknowledgement;       /* which form of AT+CNMA it takes */
	bool refusing;                  /* AT+CNMA=2 is under way */
};

/* modem_receiver.c */

/* Asks; one command is under way at a time. The answer goes to `answered`, and then what is
 * next is done. */
void receiver_ask(struct receiver *, const char *line, const char *prefix, unsigned timeout_ms,
    receiver_answer_fn *answered);
/* Does what is next, if nothing is under way. */
void receiver_next(struct receiver *);
/* A free one, in state GIVEN, with a number; NULL: there are too many. */
struct ticket *receiver_ticket_new(struct receiver *, const struct delivery *, bool direct);
void receiver_ticket_end(struct receiver *, struct ticket *);
/* Tells link or sender of it, under that ticket. False: nothing can be made of it. */
bool receiver_tell(struct receiver *, const struct ticket *, struct delivery *);
/* Tickets of that kind. */
unsigned receiver_count(const struct receiver *, bool direct);

/* modem_storages.c */

void storages_learn(struct receiver *);         /* AT+CPMS=? */
void storages_choose(struct receiver *);        /* AT+CPMS=, all three */
/* The one of that name, added if it is new; NO_STORAGE: it is no name, or there are too many. */
unsigned storages_named(struct receiver *, const char *name);
/* Selects it and then goes on with `answered`, which gets the answer. */
void storages_select(struct receiver *, unsigned storage, receiver_answer_fn *answered);
/* Takes from an answer to AT+CPMS what it says of mem1. */
void storages_count(struct receiver *, unsigned storage, const struct at_answer *);

/* modem_sweep.c */

bool sweep_next(struct receiver *);             /* begins the next command; false: there is none */
void sweep_read(struct receiver *, struct place);       /* soon */
void sweep_begin(struct receiver *);            /* all storages, soon */
void sweep_reset(struct receiver *);            /* nothing is known of what was under way */

/* modem_routing.c */

void routing_service(struct receiver *);        /* AT+CSMS */
void routing_learn(struct receiver *);          /* AT+CNMI=? */
void routing_choose(struct receiver *);         /* AT+CNMI=, down a list */
void routing_assert(struct receiver *);         /* the chosen one again */
/* A report that is said to be stored could not be read, or could. */
void routing_stored_report(struct receiver *, bool readable);

/* modem_direct.c */

void direct_urc(struct receiver *, const struct at_urc *, bool report);
void direct_broadcast(struct receiver *, const struct at_urc *);
void direct_acked(struct receiver *, struct ticket *, enum ack);

#endif
