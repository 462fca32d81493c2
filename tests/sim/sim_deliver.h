/* SPDX-License-Identifier: Apache-2.0 */
/* sim_deliver.h - receipts, inbound messages and echoes as deliver_sm. */
#ifndef SIM_DELIVER_H
#define SIM_DELIVER_H

#include "sim_agenda.h"

#include <stdint.h>

struct account;
struct center;
struct session;
struct smpp_address;
struct smpp_pdu;

enum message_state {
	STATE_ENROUTE = 1, STATE_DELIVERED = 2, STATE_EXPIRED = 3, STATE_DELETED = 4, STATE_UNDELIVERABLE = 5,
	STATE_REJECTED = 8,
};

/* Sends an item, but no response, on a session that has room. Takes the item. */
void deliver(struct center *, struct session *, struct item *);

/* What an item keeps of an address: 20 characters at most. */
struct item_address address_kept(const struct smpp_address *);

/* Writes down when a message was sent first, for a dialect that says so. */
void stamp_delivery(struct session *, struct item *, struct smpp_pdu *);

/* Makes the receipt of an accepted submit, in no list yet. */
struct item *receipt_new(struct center *, struct account *, const struct smpp_pdu *submit);

/* Makes an item in no list yet, which is sent as this deliver_sm, octet by octet; a
 * client before 3.4 gets it without TLVs. NULL: it cannot be packed. */
struct item *verbatim_new(struct center *, const struct smpp_pdu *);

/* Makes one of a submit as it comes back from its recipient. NULL: its addresses are
 * too long for a deliver_sm. */
struct item *echo_new(struct center *, struct account *, const struct smpp_pdu *submit);

#endif
