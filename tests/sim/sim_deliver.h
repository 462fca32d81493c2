/* SPDX-License-Identifier: Apache-2.0 */
/* sim_deliver.h - receipts and inbound messages as deliver_sm. */
#ifndef SIM_DELIVER_H
#define SIM_DELIVER_H

#include <stdint.h>

struct account;
struct center;
struct item;
struct session;
struct smpp_pdu;

enum message_state {
	STATE_ENROUTE = 1, STATE_DELIVERED = 2, STATE_EXPIRED = 3, STATE_UNDELIVERABLE = 5,
	STATE_REJECTED = 8,
};

/* Sends a receipt or an inbound message on a session that has room. Takes the item. */
void deliver(struct center *, struct session *, struct item *);

/* Makes the receipt of an accepted submit, in no list yet. */
struct item *receipt_new(struct center *, struct account *, const struct smpp_pdu *submit);

#endif
