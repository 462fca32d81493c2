/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cimd2_numbers.h - the packet numbers of one connection, ours and the centre's. No I/O.
 *
 * Ours are odd and begin with 001, the centre's are even and begin with 000; both go on by two and
 * wrap (reference, section 3). A packet that is repeated has its number again, and a nack has the
 * number that was expected: so packets of ours are kept until they are answered, and of the
 * centre's it is remembered how they were answered.
 */
#ifndef CIMD2_NUMBERS_H
#define CIMD2_NUMBERS_H

#include "cimd2_pdu.h"

#include <sys/queue.h>

enum {
	CIMD2_REQUEST_MAX = 1280,       /* octets of the longest request of ours, with something over */
	CIMD2_OWN = 5,                  /* room that is kept beside parts and questions: for requests of
	                                 * our own, and for one that is to be sent anew */
	CIMD2_NUMBERS_EACH = CIMD2_NUMBERS / 2,
};

/* A request of ours that has no answer yet. */
struct cimd2_sent {
	TAILQ_ENTRY(cimd2_sent) entry;
	uint16_t number;
	uint8_t operation;
	uint8_t times;                  /* that it was written */
	bool repeated;                  /* it was written under this number more than once */
	bool spared;                    /* it was sent anew without something, once */
	uint64_t due;                   /* loop ms, of those that no line waits for; 0: none */
	size_t len;
	uint8_t octets[CIMD2_REQUEST_MAX];
};
TAILQ_HEAD(cimd2_sent_list, cimd2_sent);

struct cimd2_unanswered {
	struct cimd2_sent_list list;    /* the oldest first, in the order of their numbers */
	struct cimd2_sent_list spare;
	struct cimd2_sent *all;
	unsigned n;
	uint16_t next;                  /* the number that the next one gets */
};

/* Room for `window` parts and questions, and for CIMD2_OWN others. */
void cimd2_unanswered_make(struct cimd2_unanswered *, unsigned window);
void cimd2_unanswered_clear(struct cimd2_unanswered *);

/* May one more part or question be sent? Their newest number is never more than `window` steps
 * past the oldest that is unanswered. */
bool cimd2_unanswered_has_room(const struct cimd2_unanswered *, unsigned window);
/* Packs a request under the next number, which it gets, and keeps it. NULL: there is no room, or it
 * does not pack; then no number is used. */
struct cimd2_sent *cimd2_unanswered_add(struct cimd2_unanswered *, struct cimd2_pdu *);
/* The one of that number, or NULL. */
struct cimd2_sent *cimd2_unanswered_find(const struct cimd2_unanswered *, unsigned number);
struct cimd2_sent *cimd2_unanswered_of(const struct cimd2_unanswered *, unsigned operation);
/* It is answered, or given up: its number is free. */
void cimd2_unanswered_remove(struct cimd2_unanswered *, struct cimd2_sent *);
/* Gives all of them new numbers, in their order, from an odd one on. */
void cimd2_unanswered_renumber(struct cimd2_unanswered *, uint16_t first);

/* How the centre's requests were answered. */
struct cimd2_heard {
	uint16_t expected;
	uint32_t count;                 /* of requests that were taken so far */
	struct cimd2_heard_slot {
		uint32_t count;             /* which of them it was; 0: none */
		uint32_t digest;            /* of its octets */
		uint8_t operation;
		enum { CIMD2_OWED, CIMD2_ANSWERED, CIMD2_LEFT /* on purpose */ } state;
		uint16_t error;             /* that it was answered with */
	} slots[CIMD2_NUMBERS_EACH];    /* by number / 2 */
};

enum cimd2_hearing {
	CIMD2_NEXT,                     /* the one that was expected */
	CIMD2_GAP,                      /* another: taken all the same, and the next is expected after it */
	CIMD2_AGAIN,                    /* a repetition of one that was answered: as its slot says */
	CIMD2_AGAIN_TOO_SOON,           /* of one that will be answered still */
	CIMD2_AGAIN_AT_LAST,            /* of one that was not answered on purpose: to be taken now */
	CIMD2_STRAY,                    /* refused: nack with `expected` */
};

/* What to do with a request, and a digest of all of it (digest.h). Nothing changes. */
enum cimd2_hearing cimd2_hear(const struct cimd2_heard *, const struct cimd2_pdu *, uint32_t digest, bool strict);
/* It is a repetition, and has been dealt with: moves `expected` on, if that is it. */
void cimd2_heard_pass(struct cimd2_heard *, unsigned number);
/* It is taken: remembers it, and moves `expected` on for NEXT and GAP. */
struct cimd2_heard_slot *cimd2_heard_take(struct cimd2_heard *, const struct cimd2_pdu *, uint32_t digest,
    enum cimd2_hearing);
struct cimd2_heard_slot *cimd2_heard_slot(struct cimd2_heard *, unsigned number);

#endif
