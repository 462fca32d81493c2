/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sim_dialect.h - what is spoken on a session: SMPP, UCP or CIMD2.
 *
 * Inside the centre a message is a struct smpp_pdu, whatever it came by: a dialect cuts the octets
 * of a client into frames, makes PDUs of them for react(), and packs the PDUs that the centre
 * sends. So accounts, judgement, chance, counts and records are the same for all. The number of
 * a request says all that its response has to repeat.
 */
#ifndef SIM_DIALECT_H
#define SIM_DIALECT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct session;
struct smpp_pdu;
struct taken;

/* Of the requests that the centre sends: first, first + step, ..., last, and then the first again. */
struct numbers {
	uint32_t first, last, step;
	unsigned most;                  /* unanswered at a time; fewer than there are numbers */
	bool in_order;                  /* none is passed over: one that is in use is waited for */
};

struct dialect {
	const char *name;               /* "smpp", as in the READY line */
	struct numbers numbers;
	size_t most_unbound;            /* octets of a frame before the client has logged in */
	bool repeats;                   /* a client may repeat a request, whose response is kept for that */
	bool answers_later;             /* queries and cancels come to something in a request of the centre */

	/* A client is there: sets session->own up, greets it; NULL: nothing of it. */
	void (*begin)(struct session *);
	/* It has not logged in for so many milliseconds; NULL: nothing of it. */
	void (*silent)(struct session *, uint64_t ms);
	/* How many octets the next frame has, or the noise before it; 0: it is not whole yet;
	 * SIZE_MAX: nobody knows where the next one begins. */
	size_t (*measure)(const uint8_t *at, size_t len);
	/* Acts upon that frame. */
	void (*react)(struct session *, const uint8_t *at, size_t len);
	/* session->in begins with `have` octets that are no frame: answers, and ends the session. */
	void (*lost)(struct session *, size_t have);
	/* Returns how many octets the PDU has; 0: the dialect cannot say that. */
	size_t (*pack)(struct session *, const struct smpp_pdu *, uint8_t *out, size_t room);
	/* The id of a message with that time stamp; NULL: it is a number, as --id-form has it. */
	void (*id)(const struct taken *, int64_t stamp, char *out, size_t room);
};

extern const struct dialect dialect_smpp, dialect_ucp, dialect_cimd2;

#endif
