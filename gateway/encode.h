/* SPDX-License-Identifier: Apache-2.0 */
/* encode.h - a message into the parts that go over the air. */
#ifndef ENCODE_H
#define ENCODE_H

#include "asked.h"

/* How a link wants its messages; a row's own options win. */
struct encode_rules {
	int encoding;                   /* enum encoding */
	int transliterate;              /* enum translit */
	int32_t national_single, national_locking; /* bit n: language n is allowed */
	int concat;                     /* enum concat */
	int max_parts;                  /* 1 .. PARTS_MAX; a longer message is refused */
	int reserve;                    /* octets of each part left to headers that others add */
};
extern const struct encode_rules encode_usual; /* the defaults: auto, off, none, udh8, 20, 0 */

/* The bit of a language by its English name, every one for "all", 0 for what is none. */
uint32_t encode_national(const char *word);

/*
 * Reads kind and options (asked_read), then makes message->parts in its batch:
 * GSM 7-bit when every character is in that alphabet (after transliteration where
 * that is on), under national tables where these are allowed and make fewer parts,
 * else UCS-2 (UTF-16BE); one part when it fits, else as few as can be, cut between
 * characters, each with the headers it needs (3GPP TS 23.040, 9.2.3.24). The
 * reference comes from outbox.id, so that a retry completes on the handset what
 * the first attempt began. Parts that the network took in an earlier attempt are
 * marked as taken when they are cut alike now; else none is, and all are sent. False: it cannot be sent as it stands; `why` says so for an
 * operator.
 */
bool encode_message(struct message *, const struct encode_rules *, char *why, size_t room);

#endif
