/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sim_agenda.h - things to send, and when they are due.
 */
#ifndef SIM_AGENDA_H
#define SIM_AGENDA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct account;
struct agenda;

enum item_kind { ITEM_RESPONSE, ITEM_RECEIPT, ITEM_INBOUND, ITEM_VERBATIM, ITEM_ALERT, ITEM_ANSWER };

struct item_address { uint8_t ton, npi; char digits[21]; };

/*
 * One thing to send. It is in one list at a time: on the agenda, in an
 * account's queue, or in flight on a session (sent, not answered).
 */
struct item {
	struct item *next, *prev;
	uint64_t due_ms;                /* on the agenda: then; in flight: when it was sent */
	uint64_t number;                /* of the message, or of the inbound message */
	uint64_t session;               /* RESPONSE: the serial of the session that asked */
	struct account *account;        /* whose it is, but for a RESPONSE */
	uint8_t *octets;                /* VERBATIM: a deliver_sm, packed; owned, malloc */
	uint32_t sequence;              /* of the submit to answer, or of our deliver_sm */
	uint32_t command, status;       /* RESPONSE */
	uint32_t octets_len;            /* VERBATIM */
	uint32_t submitted_at;          /* of the submit that it is about: Unix seconds; INBOUND,
	                                 * VERBATIM: when it was sent first, 0: not yet */
	uint32_t expires_at;            /* RECEIPT: as the submit said; 0: it did not */
	uint16_t reference;             /* RECEIPT: user_message_reference */
	uint8_t kind;                   /* enum item_kind */
	uint8_t state;                  /* RECEIPT, ANSWER: message_state */
	uint8_t part;                   /* INBOUND: 1...; ANSWER: the operation of UCP that it is */
	bool has_reference, early, again;
	bool pending;                   /* RECEIPT: of a submit with set_dpf */
	struct item_address source, destination;        /* of the submit that it is about */
	char service_type[6], text[21];
};

/* Items are due in milliseconds of a clock that begins at `now_ms`. */
struct agenda *agenda_new(uint64_t now_ms);
void agenda_free(struct agenda *);

/* A zeroed item, and back with what it owns. Both cost no allocation but for every
 * 1024th item ever alive. */
struct item *item_new(struct agenda *);
void item_free(struct agenda *, struct item *);

/* Puts an item on the agenda. Of two due in the same millisecond the one put first comes first. */
void agenda_put(struct agenda *, struct item *, uint64_t due_ms);

/* The next item due by now, or NULL. It is off the agenda. */
struct item *agenda_take(struct agenda *, uint64_t now_ms);

bool agenda_empty(const struct agenda *);

/* A list of items, first in first out. */
struct item_list { struct item *first, *last; size_t n; };

void list_append(struct item_list *, struct item *);
void list_remove(struct item_list *, struct item *);
/* Puts all of `front` before what is in `list`; `front` is empty then. */
void list_prepend_all(struct item_list *list, struct item_list *front);

#endif
