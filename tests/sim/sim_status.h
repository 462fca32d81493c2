/* SPDX-License-Identifier: Apache-2.0 */
/* sim_status.h - what a status of SMPP is in UCP and in CIMD2. */
#ifndef SIM_STATUS_H
#define SIM_STATUS_H

#include <stdint.h>

/* A status above this one, of those that SMPP leaves to vendors, is the other protocol's own error
 * with the number that it is above. */
enum { STATUS_OWN = 0x400, STATUS_OWN_LAST = 0x400 + 999 };

/* EC of UCP, or error 900 of CIMD2, for a status that is not ROK. Those of which the table says
 * nothing are "system error". */
unsigned status_ucp(uint32_t status);
unsigned status_cimd2(uint32_t status);

/* The text of an error of CIMD2, or "". */
const char *status_cimd2_text(unsigned error);

/* What a client's refusal of a delivery is: a status of SMPP that passes, or one that does not. */
uint32_t status_of_ucp(unsigned ec);
uint32_t status_of_cimd2(unsigned error);

/* Prints the table for --help. */
void status_help(void);

#endif
