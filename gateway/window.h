/* SPDX-License-Identifier: Apache-2.0 */
/*
 * window.h - what is on the wire, by sequence number, with deadlines.
 *
 * Parts are kept in the order they were put, and all wait equally long, so the
 * oldest has the next deadline. Finding one is a hash lookup.
 */
#ifndef WINDOW_H
#define WINDOW_H

#include "message.h"

struct window;

/* A window with room for `room` parts. */
struct window *window_new(unsigned room);
void window_free(struct window *);      /* NULL is allowed; the parts are not touched */

unsigned window_count(const struct window *);
bool window_full(const struct window *);

/* Adds a part that was written under `sequence`, its first octet at the stream
 * offset `offset` (stream_written() before the write), to be answered before
 * `deadline` (loop ms). There is room, and the number is not in the window:
 * assertions. */
void window_put(struct window *, uint32_t sequence, struct part *, uint64_t offset,
    uint64_t deadline);

/* True when that number is waiting for its answer. */
bool window_has(const struct window *, uint32_t sequence);

/* Takes the part of that number out, or NULL when it is not there. */
struct part *window_take(struct window *, uint32_t sequence);

/* Takes the oldest part whose deadline is <= now, with its number, or NULL. The part is
 * no longer in the window; the caller answers it. */
struct part *window_overdue(struct window *, uint64_t now, uint32_t *sequence);

/* Takes the newest part if it begins at or after the stream offset `left` (so
 * none of its octets left this machine), else NULL. */
struct part *window_unsent(struct window *, uint64_t left);

/* Takes the oldest, or NULL when the window is empty. */
struct part *window_any(struct window *);

/* The oldest's deadline, or 0 when the window is empty. */
uint64_t window_deadline(const struct window *);

#endif
