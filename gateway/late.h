/* SPDX-License-Identifier: Apache-2.0 */
/*
 * late.h - parts that were given up as doubtful, by sequence number, for an answer that
 * comes after all. A tool for drivers, beside their window.
 */
#ifndef LATE_H
#define LATE_H

#include "message.h"

struct late;

/* Room for that many; of more, the oldest are forgotten. */
struct late *late_new(unsigned room);
void late_free(struct late *);          /* NULL is allowed */

/* Remembers a part that was written under `sequence`, until `until` (loop ms). Before
 * link_done() of it. */
void late_put(struct late *, uint32_t sequence, const struct part *, uint64_t until);

/* The part of that number, once: fills in what names it in *answer (row, attempt, part,
 * parts), and zeroes the rest. False: it is not known, or too late. */
bool late_take(struct late *, uint32_t sequence, uint64_t now, struct answer *answer);

#endif
