/* SPDX-License-Identifier: Apache-2.0 */
/* sim_phones.h - the modems that reach the centre, and through which it reaches handsets. */
#ifndef SIM_PHONES_H
#define SIM_PHONES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct center;
struct phones;
struct smpp_pdu;

/* Plugs in those of --modem; false: one cannot be, or the script is wrong; says so. */
bool phones_start(struct center *);
void phones_stop(struct center *);

/* How many there are. */
size_t phones_count(const struct center *);

/* Prints " modem=PATH" for each of --modem. */
void phones_say(const struct center *);

/* A message for the host of the next modem, in turn: one part of an inbound message. */
void phones_deliver(struct center *, const struct smpp_pdu *, uint64_t number, unsigned part);

#endif
