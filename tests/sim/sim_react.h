/* SPDX-License-Identifier: Apache-2.0 */
/* sim_react.h - what a PDU means in the state that its session is in. */
#ifndef SIM_REACT_H
#define SIM_REACT_H

#include <stddef.h>
#include <stdint.h>

struct session;

/* Acts upon one whole PDU, and answers it if it is a request. */
void react(struct session *, const uint8_t *at, size_t len);

#endif
