/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sim_center.h - the message centre: what all its sessions and accounts share,
 * and what it does with a submit.
 */
#ifndef SIM_CENTER_H
#define SIM_CENTER_H

#include "sim_agenda.h"
#include "sim_count.h"
#include "sim_options.h"

#include <stdio.h>

struct event;
struct event_base;
struct outbind;
struct session;
struct smpp_pdu;
struct ussd;

enum { SESSIONS_MAX = 1024, ID_TEXT_MAX = 40 };

struct center {
	const struct sim_options *options;
	struct event_base *base;
	struct event *tick;             /* pending while something is on the agenda */
	struct event *turn_end;         /* activated to write what this turn has queued */
	struct event *housekeeping, *disconnect, *inbound;
	struct agenda *agenda;
	struct seen *seen;
	struct kept *kept;              /* messages that may be asked about */
	struct account *accounts;
	struct session *sessions[SESSIONS_MAX]; /* by serial, NULL where there is none */
	struct session *dirty;          /* with octets to write, or to be freed */
	uint64_t serials;               /* the last that was given out */
	uint64_t now_ms, begun_ms;      /* monotonic, as of this callback */
	int64_t unix_now;
	struct sim_counts counts;
	/* inbound messages made so far, and how long they have had a receiver */
	uint64_t inbound_made;
	double inbound_owed;
	uint64_t inbound_ms;
	struct account *inbound_last;
	struct item_list injected;      /* from the file, not yet posted */
	unsigned alerts_made;           /* of --alerts */
	struct outbind *outbind;        /* NULL: nobody is called */
	struct account *injected_to;    /* NULL until one has a receiver */
	struct ussd *ussd;
	FILE *record, *record_json, *doubles;   /* NULL when not asked for */
};

/* Opens the files that the options name. NULL: one cannot be written; says so. */
struct center *center_new(const struct sim_options *, struct event_base *);
void center_free(struct center *);

/* Reads the clocks. Every callback of the loop begins with it. */
void center_clock(struct center *);

/* A well-formed submit_sm or data_sm on a bind that may submit. */
void center_submit(struct session *, const struct smpp_pdu *);

/* Writes a message to the files of --record and --record-json, as that number. */
void center_record(struct center *, const struct smpp_pdu *, uint64_t number);

/* Puts an item on the agenda, so many milliseconds from now. */
void center_later(struct center *, struct item *, uint64_t in_ms);

/* Prints the counts on standard output, and writes --counts. */
void center_report(struct center *);

/* The id of the nth accepted submit, as responses or as receipts show it. */
void center_id(const struct center *, uint64_t nth, bool in_receipt, char out[ID_TEXT_MAX]);

#endif
