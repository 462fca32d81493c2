/* SPDX-License-Identifier: Apache-2.0 */
/* encode.h - a text into the parts that go over the air. */
#ifndef ENCODE_H
#define ENCODE_H

#include "message.h"

/*
 * Makes message->parts from its body, in its batch: GSM 7-bit when every
 * character is in that alphabet, else UCS-2 (UTF-16BE); one part when it fits
 * (160 septets or 70 units), else parts with an 8-bit concatenation header
 * (3GPP TS 23.040, 9.2.3.24.1) of 153 septets or 67 units, cut between
 * characters. The reference is the low octet of outbox.id, so that a retry
 * completes on the handset what the first attempt began. Parts that the
 * network took in an earlier attempt are marked as taken.
 * False: it cannot be sent as it stands; `why` says so for an operator.
 */
bool encode_message(struct message *, char *why, size_t room);

#endif
