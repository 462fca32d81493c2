/* SPDX-License-Identifier: Apache-2.0 */
/*
 * smpp_half.h - one TCP connection to a message centre and its bind.
 *
 * A wire (smpp_wire.c) has one half, or two when it binds as transmitter and receiver.
 * A half connects, binds, keeps itself alive, answers what is out of order and
 * unbinds; its wire decides when, and what is submitted and acknowledged.
 * Callbacks come from the loop; they may call any function here but half_free().
 */
#ifndef SMPP_HALF_H
#define SMPP_HALF_H

#include "../gateway/driver.h"
#include "../gateway/stream.h"
#include "line.h"
#include "smpp.h"
#include "talk.h"

struct half;

/* The settings of a connection; the options are borrowed. */
struct talk_settings smpp_talk_settings(const struct smpp_options *);

/* What a half tells its wire. */
struct half_owner {
	void *wire;
	/* The bind was refused. True: the wire has closed the half and goes another way;
	 * false, or NULL: ended() follows. */
	bool (*refused)(void *wire, struct half *, uint32_t status);
	/* The bind was accepted. */
	void (*bound)(void *wire, struct half *);
	/* submit_sm_resp, that of another PDU with a message, or generic_nack for the number of a
	 * part of the line. */
	void (*answered)(void *wire, struct half *, const struct smpp_pdu *);
	/* The same for a number that no part has any more, or ever had. */
	void (*late)(void *wire, struct half *, const struct smpp_pdu *);
	/* A response to query_sm and its like, or a generic_nack for a number that no part
	 * has. True: somebody waited for it. May be NULL. */
	bool (*replied)(void *wire, struct half *, const struct smpp_pdu *);
	/* deliver_sm or data_sm, to be answered by half_respond(); or alert_notification, which
	 * has no answer. */
	void (*delivered)(void *wire, struct half *, const struct smpp_pdu *);
	/* The connection is going to end by itself: it is not bound any more, and ended() will
	 * follow. */
	void (*leaving)(void *wire, struct half *);
	/* The peer sends too much that is malformed: the line is to be ended in order. */
	void (*broken)(void *wire, struct half *, const char *why);
	/* The connection is over; no more callbacks follow. DOWN_DRAINED: by half_unbind(). */
	void (*ended)(void *wire, struct half *, enum down, const char *why);
};

/* A half that does nothing yet. `bind` is SMPP_BIND_...; `line` is that of the half
 * that submits, so that its numbers are not used twice, else NULL. All are borrowed. */
struct half *half_new(struct link *, const struct smpp_options *, uint32_t bind,
    const struct line *line, const struct half_owner *);
void half_free(struct half *);          /* NULL is allowed */

/* Once: connects and binds, at the first that answers of `n` hosts of the list, from the
 * one with that index on. bound() or ended() follows. */
void half_connect(struct half *, size_t first, size_t n);
/* Once, in its place: binds on a connection that the peer made, and takes it. */
void half_adopt(struct half *, struct stream *);
/* Index in the list of the host that took the connection, or SIZE_MAX: none has,
 * or the peer made it. */
size_t half_host(const struct half *);
/* What is known of the connection's security, for people; "": it has none. */
const char *half_secured(const struct half *);
/* When bound: logs out. ended() follows. */
void half_unbind(struct half *);
/* Ends at once; no more callbacks. */
void half_close(struct half *);

/* Nothing was begun yet. */
bool half_is_idle(const struct half *);
/* Bound, and not yet asked to unbind. */
bool half_is_bound(const struct half *);
/* When bound: the version of the session, 0x33, 0x34 or 0x50. */
uint8_t half_version(const struct half *);
/* It has ended or was closed. */
bool half_is_closed(const struct half *);

/* When bound, or unbinding; else nothing happens. */
void half_respond(struct half *, uint32_t response, uint32_t sequence, uint32_t status);
void half_write(struct half *, const void *octets, size_t len);
/* The next number of ours. */
uint32_t half_sequence(struct half *);
/* Stream offsets: octets written so far, and those of them that left this machine. */
uint64_t half_written(const struct half *);
uint64_t half_left(const struct half *);

/* Stops reading for a reason, a bit each; it reads when none is set. The silence
 * is then not held against the peer. */
void half_pause(struct half *, unsigned reason);
void half_resume(struct half *, unsigned reason);

#endif
