/* SPDX-License-Identifier: Apache-2.0 */
/* sim_multi.h - messages to several numbers and to areas. */
#ifndef SIM_MULTI_H
#define SIM_MULTI_H

struct session;
struct smpp_pdu;

/* A well-formed submit_multi, or broadcast_sm, on a bind that may submit. */
void multi_submit(struct session *, const struct smpp_pdu *);
void broadcast_submit(struct session *, const struct smpp_pdu *);

#endif
