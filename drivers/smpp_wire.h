/* SPDX-License-Identifier: Apache-2.0 */
/*
 * smpp_wire.h - SMPP as a line knows it: a bind, or a transmitter with its receiver.
 */
#ifndef SMPP_WIRE_H
#define SMPP_WIRE_H

#include "account.h"
#include "smpp.h"

/* What the lines of one account share: the `session` of its settings. Their `options` are struct
 * smpp_options, and what is delivered is a const struct smpp_pdu: deliver_sm, data_sm or
 * alert_notification. */
struct smpp_session {
	struct account *account;
	const struct smpp_options *options;
	enum smpp_bind bind;            /* of the next line; not auto any more once a line is bound */
};

extern const struct wire_class smpp_wire;

#endif
