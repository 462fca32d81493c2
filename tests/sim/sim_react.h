/* SPDX-License-Identifier: Apache-2.0 */
/* sim_react.h - what a PDU means in the state that its session is in. */
#ifndef SIM_REACT_H
#define SIM_REACT_H

#include "sim_session.h"

#include <stdint.h>

struct account;
struct smpp_pdu;

/* Acts upon one PDU, in whatever dialect it came, and answers it if it is a request. `wrong`: the
 * status that says what cannot be read of it, or ROK. */
void react(struct session *, const struct smpp_pdu *, uint32_t wrong);

/* Makes it one of the account's, as a bind does, and sends what waits. */
void session_let_in(struct session *, struct account *, enum session_state);

#endif
