/* SPDX-License-Identifier: Apache-2.0 */
/* sim_ucp_read.h - operations of UCP as requests of SMPP. */
#ifndef SIM_UCP_READ_H
#define SIM_UCP_READ_H

#include "../../drivers/smpp_pdu.h"
#include "../../drivers/ucp_pdu.h"

#include <stdint.h>

/* Optional parameters for what SMPP has no field for: 0x1400 and the type of a service of XSer. */
enum { UCP_TAG_SERVICE = 0x1400 };

/* A request, and the octets that it borrows. */
struct ucp_reading {
	struct smpp_pdu pdu;
	size_t n;                       /* octets in use */
	uint8_t octets[1024];
};

/* The number of a PDU says which operation it is, or answers; those of the centre have no
 * operation, and are below 100. */
static inline uint32_t ucp_sequence(unsigned operation, unsigned trn)
{
	return operation * UCP_TRNS + trn;
}

/*
 * Makes a request of an operation. 60 becomes a bind, 51, 01, 03 and 30 a submit_sm, 02 a
 * submit_multi, 54 to 56 replace, query and cancel, 31 an enquire_link; any other a command that
 * is none of SMPP's. Whoever sends has the name system_id, and his AC or password is password.
 * Returns ROK, or the status that says what is wrong.
 */
uint32_t ucp_read(const struct ucp_pdu *, struct ucp_reading *);

#endif
