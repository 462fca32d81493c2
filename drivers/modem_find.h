/* SPDX-License-Identifier: Apache-2.0 */
/*
 * modem_find.h - which device a link means, and at which rate it answers.
 *
 * A path and tcp://host:port stand as they are; a line whose rate is not configured is asked at
 * each of the usual ones. imei:DIGITS is looked for: the ports that a modem may have are asked one
 * after another, and the first with that IMEI is it, since one modem often has several.
 */
#ifndef MODEM_FIND_H
#define MODEM_FIND_H

#include "modem.h"

struct event_base;
struct find;

/* Once, from the loop; what was found is lent. */
typedef void find_done_fn(void *ctx, const struct modem_found *);

/* The options outlive it. `folder`: where ttyUSB* and ttyACM* are, "/dev". */
struct find *find_start(struct event_base *, const struct modem_options *, const char *folder,
    find_done_fn *done, void *ctx);
/* Also from inside of done(), and needed after it. NULL is allowed. */
void find_free(struct find *);

#endif
