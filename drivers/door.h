/* SPDX-License-Identifier: Apache-2.0 */
/*
 * door.h - where a link awaits peers that connect to it.
 *
 * Listens, and hands over each connection whose caller comes from an allowed network and, where
 * the protocol has a way for that, has said who he is. What becomes of it then is the account's
 * business. Callbacks come from the loop; they may not free the door.
 */
#ifndef DOOR_H
#define DOOR_H

#include "../conf/conf.h"
#include "../gateway/driver.h"
#include "../gateway/stream.h"
#include "../gateway/tls.h"

struct door;
struct caller;                          /* one who stands in the door */

/* How a protocol knows who calls. All of it is called with the ctx of the door's settings. */
struct door_etiquette {
	/* As in struct stream_handler. */
	size_t (*measure)(const void *ctx, const uint8_t *at, size_t len);
	/* A frame of one who is not known yet: he is let in, turned away, answered, or nothing. */
	void (*frame)(const void *ctx, struct caller *, const uint8_t *at, size_t len);
	/* measure() said SIZE_MAX: he is turned away, or leaves with an answer; if neither, he
	 * is turned away. */
	void (*garbled)(const void *ctx, struct caller *, const uint8_t *at, size_t len);
	/* What he failed to do within `caller_timeout`: "no outbind within outbind_timeout". */
	const char *late;
};

struct door_settings {
	const char *name;               /* of a call: "outbind" is in event=outbind_refused */
	const char *listen;             /* endpoint (network.h); NULL or "": there is no door */
	struct conf_list listen_from;   /* addresses and networks that may connect; borrowed */
	const struct tls_settings *tls; /* borrowed; NULL or not `on`: none */
	long caller_timeout;            /* ms, from a connection until he is let in */
	long pdu_timeout, write_timeout;/* ms, of the stream */
	const struct door_etiquette *etiquette; /* NULL: who connects is let in */
	const void *ctx;                /* for the etiquette; borrowed */
};

struct door_owner {
	void *account;
	/* He is let in: the owner takes the stream, with stream_hand_over(), or frees it. It is
	 * called in a callback of that stream, or when it was just accepted. `peer` is for people. */
	void (*called)(void *account, struct stream *, const char *peer);
};

/* Do the keys `listen`, `listen_from` and those of TLS go together, and is there a host otherwise?
 * For a driver's check(); `hosts` is how many the link has. */
bool door_check(const struct door_settings *, size_t hosts, struct conf_error *err);
/* Is there a `listen`? */
bool door_wanted(const struct door_settings *);

/* Listens. NULL: it cannot, and *err says why. The settings are copied, and checked. */
struct door *door_new(struct link *, const struct door_settings *, const struct door_owner *,
    struct conf_error *err);
void door_free(struct door *);          /* NULL is allowed */
/* One line of the log for one who is turned away, and of those a few in a minute. */
void door_refuse(struct door *, const char *peer, const char *why);

/* For the etiquette. Once one of the first three was called, the caller may be gone. */

void caller_let_in(struct caller *);
void caller_turn_away(struct caller *, const char *why);
/* Turned away, once what was written to him has left. */
void caller_leave(struct caller *, const char *why);
void caller_write(struct caller *, const void *octets, size_t len);
/* How many frames he has sent, with the one that is being looked at. */
unsigned caller_frames(const struct caller *);
const char *caller_name(const struct caller *);

#endif
