/* SPDX-License-Identifier: Apache-2.0 */
/*
 * stx.h - frames from STX to ETX, as UCP and CIMD2 have them, and
 * the keys of a link that speaks one of these.
 *
 * Between an ETX and the next STX there may be anything: line ends, a greeting. An STX inside a
 * frame begins a new one: the end of the old one was lost.
 */
#ifndef STX_H
#define STX_H

#include "../conf/conf.h"
#include "../gateway/tls.h"
#include "talk.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { STX = 2, ETX = 3, STX_FRAME_MAX = 4096 }; /* octets of a frame, STX and ETX included */

/* What a link says of its connection. Times in ms. */
struct stx_options {
	struct conf_list host;
	long port;
	char *source_address;
	long connect_timeout, login_timeout, keepalive, keepalive_timeout, logout_timeout;
	long frame_timeout, write_timeout;
	struct tls_settings tls;
};

/* Rows of a driver's table of keys; `offset` is that of its struct stx_options. */
#define STX_KEYS(offset) \
	{ "host", CONF_LIST, (offset) + offsetof(struct stx_options, host), \
	  .help = "message centre: name or address, with or without :port; more are tried in turn" }, \
	{ "port", CONF_NUMBER, (offset) + offsetof(struct stx_options, port), .fallback = "0", .max = 65535, \
	  .help = "TCP port of hosts that name none; the protocol has none of its own" }, \
	{ "source_address", CONF_TEXT, (offset) + offsetof(struct stx_options, source_address), \
	  .help = "address of this machine to connect from, IPv4 or IPv6" }, \
	{ "connect_timeout", CONF_SECONDS, (offset) + offsetof(struct stx_options, connect_timeout), \
	  .fallback = "10", .min = 1, .max = 600, .help = "seconds for a host to take the connection" }, \
	{ "login_timeout", CONF_SECONDS, (offset) + offsetof(struct stx_options, login_timeout), \
	  .fallback = "30", .min = 1, .max = 600, .help = "seconds for the answer to the login" }, \
	{ "keepalive", CONF_SECONDS, (offset) + offsetof(struct stx_options, keepalive), \
	  .fallback = "50", .min = 0, .max = 3600, \
	  .help = "seconds of silence before the peer is asked; 0: never" }, \
	{ "keepalive_timeout", CONF_SECONDS, (offset) + offsetof(struct stx_options, keepalive_timeout), \
	  .fallback = "30", .min = 1, .max = 600, \
	  .help = "seconds for its answer; then the connection is dead" }, \
	{ "logout_timeout", CONF_SECONDS, (offset) + offsetof(struct stx_options, logout_timeout), \
	  .fallback = "5", .min = 1, .max = 600, .help = "seconds for the answer to the logout" }, \
	{ "frame_timeout", CONF_SECONDS, (offset) + offsetof(struct stx_options, frame_timeout), \
	  .fallback = "30", .min = 1, .max = 600, .help = "seconds from a frame's first octet to its last" }, \
	{ "write_timeout", CONF_SECONDS, (offset) + offsetof(struct stx_options, write_timeout), \
	  .fallback = "30", .min = 1, .max = 600, \
	  .help = "seconds that a peer may take nothing of what is sent" }, \
	TLS_KEYS((offset) + offsetof(struct stx_options, tls))

/* Checks what no single key can. False: *err says why. `needs_host`: it is not enough to be called. */
bool stx_check(const struct stx_options *, bool needs_host, struct conf_error *err);

/* The settings of a connection; the options are borrowed. */
struct talk_settings stx_settings(const struct stx_options *);

/* As stream.h has it: the length of what begins here, be it a frame, a frame without an end, or
 * what stands between frames. SIZE_MAX: a frame is longer than STX_FRAME_MAX. */
size_t stx_measure(const uint8_t *at, size_t len);

enum stx_kind {
	STX_FRAME,                      /* from STX to ETX */
	STX_TRUNCATED,                  /* its end was lost */
	STX_NOISE,                      /* none */
};
/* Of octets that stx_measure() has measured. */
enum stx_kind stx_kind(const uint8_t *at, size_t len);

/* Keeps count of what a peer sends that is no frame, or is wrong. All zero is a good beginning. */
struct stx_count {
	uint64_t noise;                 /* octets since the last frame */
	unsigned in_a_row;              /* bad frames */
	unsigned bad;                   /* in a minute */
	uint64_t since;                 /* loop ms, when that began */
};

/* Counts what was measured, and logs what is no frame. True: it is a frame. */
bool stx_take(struct stx_count *, struct link *, const uint8_t *at, size_t len);
/* The frame was in order. */
void stx_good(struct stx_count *);
/* It was not, and is logged: event=`what`. */
void stx_bad(struct stx_count *, struct link *, const char *what);
/* Three bad frames in a row, many in a minute, or more noise than a peer of the protocol would
 * make: the session is better ended. */
bool stx_is_too_much(const struct stx_count *);

#endif
