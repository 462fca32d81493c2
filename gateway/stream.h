/* SPDX-License-Identifier: Apache-2.0 */
/*
 * stream.h - a connection to a peer: frames in, octets out.
 *
 * Connects to the first host that answers, over TCP, cuts what arrives
 * into frames by the codec's rule, and never holds more of the peer's octets
 * than one frame's maximum plus one read. Callbacks come from the loop; a
 * stream may be freed from inside its own callback.
 */
#ifndef STREAM_H
#define STREAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct event_base;
struct stream;
struct tls;

enum stream_event {
	STREAM_CONNECTED,               /* not after stream_adopt() without TLS; `why` is "host:port", with TLS
	                                 * ", " and what tls_describe() says */
	STREAM_CLOSED,                  /* `why` says how, for people; no more callbacks follow */
};

struct stream_options {
	const char *const *hosts;       /* names or addresses, tried in this order */
	size_t nhosts;
	unsigned port;                  /* used for hosts that name no port of their own */
	const char *source;             /* local address to connect from; NULL or "": any */
	unsigned connect_ms;            /* for each lookup, and each address of a host */
	unsigned partial_ms;            /* from a frame's first octet to its last */
	unsigned stall_ms;              /* unsent octets without progress */
	struct tls *tls;                /* NULL: none; borrowed as long as the stream connects */
};

struct stream_handler {
	void *ctx;
	/*
	 * The length of the frame that begins at `at`, of which `len` octets are
	 * here. 0: cannot be told yet. SIZE_MAX: this is no frame; the stream
	 * stops cutting and calls `garbled` once.
	 */
	size_t (*measure)(void *ctx, const uint8_t *at, size_t len);
	/* A whole frame; lent until it returns. */
	void (*frame)(void *ctx, const uint8_t *at, size_t len);
	/* measure said SIZE_MAX at these octets. The handler may still write an
	 * answer, and then closes. May be NULL: the stream closes by itself. */
	void (*garbled)(void *ctx, const uint8_t *at, size_t len);
	void (*event)(void *ctx, enum stream_event, const char *why);
};

/* An IPv4 or IPv6 address, without a port: good as a `source`. */
bool stream_is_address(const char *text);

/* Begins to connect. The options' strings must outlive the call only. */
struct stream *stream_connect(struct event_base *, const struct stream_options *,
    const struct stream_handler *);

/* Takes over a connected socket (accepted, or one half of a pair), or another descriptor that can
 * be polled, read and written, as that of a tty. With TLS, which is that of a
 * server, STREAM_CONNECTED tells when the handshake is done. */
struct stream *stream_adopt(struct event_base *, int fd, const struct stream_options *,
    const struct stream_handler *);

/* From now on, also from inside a callback of the old one, it has another handler: who took a
 * connection learns what it is for, and passes it on. */
void stream_hand_over(struct stream *, const struct stream_handler *);

/* Which of the hosts took the connection: its index, or SIZE_MAX when none has. */
size_t stream_host(const struct stream *);

/* After STREAM_CLOSED of one that never connected: the certificate of the last host that was
 * tried was not believed. */
bool stream_is_distrusted(const struct stream *);

/* Queues octets; what is queued within one turn of the loop leaves together.
 * They are copied. */
void stream_write(struct stream *, const void *at, size_t len);

/* Octets queued and not yet given to the kernel. A driver knows from it what
 * never left this machine. */
size_t stream_unsent(const struct stream *);

/* Octets given to stream_write() since the stream began. */
uint64_t stream_written(const struct stream *);

/* Stops and resumes reading, for reasons: a bit each; it reads when none is set. */
void stream_pause(struct stream *, unsigned reason);
void stream_resume(struct stream *, unsigned reason);

/* Writes what is queued (at most stall_ms long), then closes: STREAM_CLOSED. */
void stream_finish(struct stream *, const char *why);

/* Frees at once, without a callback. NULL is allowed. */
void stream_free(struct stream *);

#endif
