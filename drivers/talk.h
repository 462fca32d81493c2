/* SPDX-License-Identifier: Apache-2.0 */
/*
 * talk.h - one connection to a peer, from its first octet to its last: connect, log in, keep
 * alive, log out. For every protocol that has these.
 *
 * What a frame is and says is its owner's, which also writes the login, the enquiry and the
 * logout when it is told to. Callbacks come from the loop; they may call any function here but
 * talk_free().
 */
#ifndef TALK_H
#define TALK_H

#include "../gateway/driver.h"
#include "../gateway/stream.h"
#include "../gateway/tls.h"

struct talk;

enum talk_phase {
	TALK_IDLE,                      /* nothing was begun yet */
	TALK_CONNECTING,
	TALK_LOGIN,                     /* the owner has been told that it is connected */
	TALK_UP,
	TALK_LOGOUT,
	TALK_LEAVING,                   /* the last octets are on their way out */
	TALK_CLOSED,
};

/* Copied; what it points to is borrowed as long as the connection lives. */
struct talk_settings {
	const char *const *hosts;       /* of these connect() gets a part */
	unsigned port;                  /* of hosts that name none */
	const char *source;             /* address to connect from, NULL or "": any */
	unsigned connect_ms;            /* for a host */
	unsigned login_ms;              /* for the answer to the login */
	unsigned silence_ms;            /* without a frame, before the owner is to ask; 0: never */
	unsigned enquiry_ms;            /* for any frame after that */
	unsigned logout_ms;             /* for the answer to the logout */
	unsigned partial_ms, stall_ms;  /* as in stream.h */
	const struct tls_settings *tls;
	/* For people, as in "no answer to the bind within 30 s". */
	const char *login, *enquiry, *logout;
};

/* Checks hosts (`n` of them), source and TLS, its files included, as a driver's check() does. False:
 * *err says why, by the names that keys have. */
bool talk_check(const struct talk_settings *, size_t n, struct conf_error *err);

/* What a connection tells its owner. */
struct talk_owner {
	void *wire;
	/* As in stream.h. What frame() is false for is no sign of life. */
	size_t (*measure)(void *wire, const uint8_t *at, size_t len);
	bool (*frame)(void *wire, const uint8_t *at, size_t len);
	void (*garbled)(void *wire, const uint8_t *at, size_t len);
	/* TALK_LOGIN: writes its login, and in time calls talk_up(). */
	void (*connected)(void *wire);
	/* Nothing came for a while: writes an enquiry. Whatever comes then is a sign of life. */
	void (*silent)(void *wire);
	/* TALK_LOGOUT: writes its logout, and in time calls talk_leave(). */
	void (*logging_out)(void *wire);
	/* The connection is over; no more callbacks follow. DOWN_DRAINED: by talk_log_out(). */
	void (*ended)(void *wire, enum down, const char *why);
};

/* A connection that does nothing yet. `name` says in the log whose it is; borrowed. */
struct talk *talk_new(struct link *, const char *name, const struct talk_settings *,
    const struct talk_owner *);
void talk_free(struct talk *);          /* NULL is allowed */

/* Once: connects to the first that answers of `n` hosts, from the one with that index on.
 * connected() or ended() follows. */
void talk_connect(struct talk *, size_t first, size_t n);
/* Once, in its place: takes a connection that the peer made. connected() is called at once. */
void talk_adopt(struct talk *, struct stream *);
/* In TALK_LOGIN: the peer has let us in, or there is no login. */
void talk_up(struct talk *);
/* When up: logs out. ended() follows. */
void talk_log_out(struct talk *);
/* Lets out what is written, then ended() with these. */
void talk_leave(struct talk *, enum down, const char *why);
/* Ends now: ended() with these. */
void talk_end(struct talk *, enum down, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* Ends now; no more callbacks. */
void talk_close(struct talk *);

enum talk_phase talk_phase(const struct talk *);
/* The silence begins anew, as if a frame had come: whether the peer is there will show otherwise. */
void talk_heard(struct talk *);
/* Queues octets, in any phase that has a connection; else nothing happens. */
void talk_write(struct talk *, const void *octets, size_t len);
/* Stream offsets: octets written so far, and those of them that left this machine. */
uint64_t talk_written(const struct talk *);
uint64_t talk_left(const struct talk *);
/* Index of the host that took the connection, or SIZE_MAX: none has, or the peer made it. */
size_t talk_host(const struct talk *);
/* What is known of the connection's security, for people; "": it has none. */
const char *talk_secured(const struct talk *);

/* Stops reading for a reason, a bit each; it reads when none is set. The silence is then not
 * held against the peer. talk_resume() is true when it reads again. */
void talk_pause(struct talk *, unsigned reason);
bool talk_resume(struct talk *, unsigned reason);
bool talk_is_paused(const struct talk *);

#endif
