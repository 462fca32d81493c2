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

struct dialect;
struct event;
struct event_base;
struct outbind;
struct phones;
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
	int64_t unix_now, unix_ms;      /* the time of day, likewise */
	int64_t stamp_begin;            /* of time stamps that move a second a message: Unix seconds */
	struct sim_counts counts;
	/* inbound messages made so far, and how long they have had a receiver */
	uint64_t inbound_made;
	double inbound_owed;
	uint64_t inbound_ms;
	struct account *inbound_last;
	struct item_list injected;      /* from the file, not yet posted */
	unsigned alerts_made;           /* of --alerts */
	struct outbind *outbind;        /* a list of those who are called */
	struct account *injected_to;    /* NULL until one has a receiver */
	struct ussd *ussd;
	struct phones *phones;          /* modems; NULL before they are plugged in */
	FILE *record, *record_json, *record_times, *doubles;    /* NULL when not asked for */
};

/* An accepted submit: the dialect it came in, which it was, when, and to whom. */
struct taken { const struct dialect *dialect; uint64_t number; int64_t at; struct item_address recipient; };

/* Opens the files that the options name. NULL: one cannot be written; says so. */
struct center *center_new(const struct sim_options *, struct event_base *);
void center_free(struct center *);

/* Reads the clocks. Every callback of the loop begins with it. */
void center_clock(struct center *);

/* A well-formed submit_sm or data_sm on a bind that may submit. */
void center_submit(struct session *, const struct smpp_pdu *);

/* What the others of its kind (sim_multi.c) share with it. The response to a submit: of the one
 * that was accepted last when the status is ROK; it may be given octets, which are freed. */
struct item center_response(const struct session *, const struct smpp_pdu *, uint32_t status);
/* Sends it now, later or never, as chance says. */
void center_answer(struct session *, const struct item *response);
/* Answers with a status, and counts that; ROK: does nothing, and is false. */
bool center_refuse(struct session *, const struct smpp_pdu *, uint32_t status);
/* The receipts of an accepted submit that chance has go before, or after, its response. */
void center_tell(struct session *, const struct smpp_pdu *, bool before);
/* Counts and records the submit that was accepted just now. */
void center_record(struct session *, const struct smpp_pdu *, const struct segment *);
void center_record_json(struct session *, const struct smpp_pdu *);
/* Records a message as it is now, under the id that it was accepted with. */
void center_record_anew(struct center *, const struct smpp_pdu *, const struct taken *);
/* Cuts the connection when it is time for that. */
void center_cut(struct session *);

/* Puts an item on the agenda, so many milliseconds from now. */
void center_later(struct center *, struct item *, uint64_t in_ms);

/* Prints the counts on standard output, and writes --counts. */
void center_report(struct center *);

/* Its id, as responses or as receipts show it. */
void center_id(const struct center *, const struct taken *, bool in_receipt, char out[ID_TEXT_MAX]);
/* That of the submit that an item with an account is about. */
void center_item_id(const struct center *, const struct item *, bool in_receipt, char out[ID_TEXT_MAX]);

#endif
