/* SPDX-License-Identifier: Apache-2.0 */
/* inbox.h - what came from a handset, into one readable row of the inbox. */
#ifndef INBOX_H
#define INBOX_H

#include "message.h"

/* What inbox holds of a message. Everything lives in the batch it was made in. */
struct letter {
	const char *kind;               /* text flash binary vcard vcalendar wap-push waiting ussd alert */
	const char *encoding;           /* "gsm7" "ucs2" "binary" ...: charset_words; NULL: no message */
	const char *body;               /* UTF-8, or NULL when it is no text */
	const char *options;            /* JSON object of what else was said, or NULL */
	struct blob data;               /* the octets when body does not hold all of them */
	struct blob udh;                /* of the first part, without the concatenation; or empty */
	unsigned parts, missing;        /* 1, 0: whole in one */
};

/*
 * Joins n >= 1 parts of one message, in ascending order of concat_part, each there
 * once; a message on its own is one part. Texts become UTF-8, and octets that were
 * cut between two parts (a surrogate pair, an escape) come together again. A run of
 * parts that are not there shows as "[...]" in a text. Octets of any part make the
 * whole one octets.
 */
void inbox_join(struct letter *, const struct inbound *const *parts, size_t n, struct batch *);

#endif
