/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sim_command.h - what a client asks about messages that it submitted: query, cancel,
 * replace. The centre remembers the last 65536 that it took.
 */
#ifndef SIM_COMMAND_H
#define SIM_COMMAND_H

#include <stdbool.h>
#include <stdint.h>

struct center;
struct item;
struct kept;
struct session;
struct smpp_pdu;

struct kept *kept_new(void);
void kept_free(struct kept *);          /* NULL is allowed */

/* Remembers the message that was accepted just now, under the number counts.accepted. It
 * comes to `state` in so many milliseconds. `receipt`, on the agenda, may be NULL. */
void kept_note(struct session *, const struct smpp_pdu *, uint8_t state, uint64_t in_ms,
    struct item *receipt);

/* Is this receipt, which is due, of a message that was cancelled meanwhile? */
bool kept_is_cancelled(struct center *, const struct item *receipt);

/* query_sm, cancel_sm, replace_sm, and those of 5.0 for broadcasts, on a bind that may submit. */
void command_react(struct session *, const struct smpp_pdu *);

#endif
