/* SPDX-License-Identifier: Apache-2.0 */
/* sim_inbound.h - messages from handsets: when they come and what they say. */
#ifndef SIM_INBOUND_H
#define SIM_INBOUND_H

#include <stdbool.h>

struct center;
struct item;
struct session;

/* Posts what was injected, and makes as many inbound messages as are due by now, for
 * accounts that have a receiver, in turn. Called every few milliseconds. */
void inbound_pace(struct center *);

/* Sends one part of one as a deliver_sm. False: its session cannot say it. */
bool inbound_send(struct center *, struct session *, struct item *);

#endif
