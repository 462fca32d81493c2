/* SPDX-License-Identifier: Apache-2.0 */
/*
 * smpp_outbind.h - message centres that connect to us (outbind, SMPP 3.4, 2.2.1).
 *
 * Listens, and hands over each connection whose caller comes from an allowed network and
 * has said who it is. What becomes of it then is the session's business. Callbacks come
 * from the loop; they may not free the object.
 */
#ifndef SMPP_OUTBIND_H
#define SMPP_OUTBIND_H

#include "../gateway/driver.h"
#include "../gateway/stream.h"
#include "smpp.h"

struct outbind;

struct outbind_owner {
	void *session;
	/* An outbind with the right credentials: the owner takes the stream, or frees it. It is
	 * called in a callback of that stream. `peer` is for people. */
	void (*called)(void *session, struct stream *, const char *peer);
};

/* Is there a `listen`? */
bool outbind_wanted(const struct smpp_options *);
/* Do the keys of an outbind go together? True as well when there is no `listen`. */
bool outbind_check(const struct smpp_options *, struct conf_error *err);

/* Listens. NULL: it cannot, and *err says why. The options are borrowed, and checked. */
struct outbind *outbind_new(struct link *, const struct smpp_options *,
    const struct outbind_owner *, struct conf_error *err);
void outbind_free(struct outbind *);    /* NULL is allowed */

#endif
