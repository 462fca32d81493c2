/* SPDX-License-Identifier: Apache-2.0 */
/* sim_react.h - what a PDU means in the state that its session is in. */
#ifndef SIM_REACT_H
#define SIM_REACT_H

#include <stdint.h>

struct session;
struct smpp_pdu;

/* Acts upon one PDU, in whatever dialect it came, and answers it if it is a request. `wrong`: the
 * status that says what cannot be read of it, or ROK. */
void react(struct session *, const struct smpp_pdu *, uint32_t wrong);

#endif
