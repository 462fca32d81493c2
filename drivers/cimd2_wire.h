/* SPDX-License-Identifier: Apache-2.0 */
/* cimd2_wire.h - CIMD2 as a line knows it: one connection and its login. */
#ifndef CIMD2_WIRE_H
#define CIMD2_WIRE_H

#include "account.h"
#include "cimd2.h"
#include "twins.h"

/* What the lines of one account share: the `session` of its settings. Their `options` are struct
 * cimd2_options, and what is delivered is a const struct cimd2_news. */
struct cimd2_session {
	struct account *account;
	const struct cimd2_options *options;
	struct twins *twins;
	int32_t zone;                   /* seconds that the centre's clock is ahead of ours */
	bool window_refused;            /* the account has none: 1 */
	bool with_new;                  /* the new password is in force, as far as is known */
};

/* One of the two; the other is NULL. */
struct cimd2_news { struct inbound *inbound; struct receipt *receipt; };

extern const struct wire_class cimd2_wire;

#endif
