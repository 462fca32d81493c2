/* SPDX-License-Identifier: Apache-2.0 */
/* sim_cimd2_read.h - requests of CIMD2 as requests of SMPP. */
#ifndef SIM_CIMD2_READ_H
#define SIM_CIMD2_READ_H

#include "../../drivers/cimd2_pdu.h"
#include "../../drivers/smpp_pdu.h"

#include <stdint.h>

/* Optional parameters for what SMPP has no field for: 0x1400 and the parameter's code. */
enum { CIMD2_TAG_PARAMETER = 0x1400 };

/* A request, and the octets that it borrows. */
struct cimd2_reading {
	struct smpp_pdu pdu;
	int64_t now;                    /* the centre's time, Unix seconds; the caller's */
	size_t n;                       /* octets in use */
	uint8_t octets[1024];
};

/* The number of a PDU says which operation it is, or answers; those of the centre have no
 * operation, and are below 256. */
static inline uint32_t cimd2_sequence(unsigned operation, unsigned number)
{
	return operation * CIMD2_NUMBERS + number;
}

/*
 * Makes a request of a packet: 01 becomes a bind, 02 an unbind, 03 a submit_sm, 04 and 06 query and
 * cancel, 40 an enquire_link; any other a command that is none of SMPP's. Returns ROK, or the
 * status that says what is wrong.
 */
uint32_t cimd2_read(const struct cimd2_pdu *, struct cimd2_reading *);

#endif
