/* SPDX-License-Identifier: Apache-2.0 */
/* sim_message.h - a message's fields as a JSON object, and back. */
#ifndef SIM_MESSAGE_H
#define SIM_MESSAGE_H

#include "../../drivers/smpp_pdu.h"

#include <jansson.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What an object says. Large: not for a stack. */
struct message {
	struct smpp_pdu pdu;            /* borrows from `octets` */
	const char *text;               /* UTF-8 still to be encoded, or NULL; the object's */
	size_t n;                       /* octets in use */
	uint8_t octets[SMPP_PDU_MAX];
	char why[160];                  /* what is wrong with the object */
};

/* The fields, short_message and TLVs of a submit_sm, deliver_sm or data_sm, under the
 * names of docs/smsc-sim.1. A new reference. Of TLVs with the same tag it has the first. */
json_t *message_show(const struct smpp_pdu *);

/* Reads an object with members of the same names, and `text` in place of
 * short_message. What is missing is 0 or empty, but source and destination have to be
 * there. False: it is no such object, and `why` says why. */
bool message_read(struct message *, json_t *object);

#endif
