/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ucp_connection.h - what the two files of a UCP connection share: ucp_wire.c has what we ask and
 * what its results mean, ucp_request.c the centre's own operations.
 */
#ifndef UCP_CONNECTION_H
#define UCP_CONNECTION_H

#include "talk.h"
#include "ucp_wire.h"

/* An operation of ours without its result. */
struct ucp_out { uint8_t operation, tries; uint64_t turn; };
/* One of the centre's. */
struct ucp_debt {
	uint8_t operation;              /* 0: none */
	uint32_t digest;                /* of its frame */
	char told[NETWORK_ID_MAX];      /* under which id a final receipt was told; "": it was none */
};

struct ucp_connection {
	TAILQ_ENTRY(ucp_connection) entry; /* in session->connections */
	struct line *line;
	struct link *link;
	const struct ucp_options *options;
	struct ucp_session *session;
	struct talk *talk;
	struct stx_count count;
	bool guest;                     /* the centre made the connection */
	bool changing;                  /* the password: its 60 is out */
	bool with_new;                  /* it logs in with the new password: the old one was refused */
	struct ucp_out out[UCP_TRNS];
	unsigned nout;
	uint64_t turn;                  /* of the last operation */
	uint8_t next;                   /* the number to try first */
	uint8_t own;                    /* that of a 60 or 31, or UCP_TRNS: there is none */
	uint64_t own_at;                /* loop ms: when it was written */
	uint64_t refused_since;         /* loop ms: parts are refused with EC 04 alone; 0: not so */
	bool wants_alert;               /* a 31 waits until nothing is out */
	uint32_t aside_first, aside_next; /* questions that wait for 57 or 58 are among these */
	struct ucp_debt debts[UCP_TRNS];
};

/* An operation of the centre's that is in order, with the digest of its frame (digest.h). It may be
 * made longer. */
void ucp_on_operation(struct ucp_connection *, struct ucp_pdu *, uint32_t digest);
/* As in struct wire_class. */
void ucp_ack(void *connection, uint64_t ticket, enum ack);
/* The connection is closed: what is owed will be delivered again, and told as it was. */
void ucp_forget_debts(struct ucp_connection *);

/* Writes the result of an operation of the centre's; `ec` is 0 for a positive one. */
void ucp_respond(struct ucp_connection *, const struct ucp_pdu *operation, unsigned ec);

#endif
