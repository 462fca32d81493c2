/* SPDX-License-Identifier: Apache-2.0 */
/*
 * gateway.h - the hub: how much to claim, where it goes, what becomes of it.
 *
 * Everything runs on the loop's thread.
 */
#ifndef GATEWAY_H
#define GATEWAY_H

#include "settings.h"

struct event_base;
struct gateway;

/* Called once, when a drain has ended and the loop may be left. */
typedef void gateway_ended_fn(void *ctx);

/*
 * Opens the store and the links of the settings, which are the gateway's from
 * now on. NULL, with *err filled, when the database's URL cannot be used at all
 * (the settings are then still the caller's).
 */
struct gateway *gateway_open(struct event_base *, struct settings *, gateway_ended_fn *,
    void *ctx, struct conf_error *err);

/*
 * Another reading of the file takes effect, and is the gateway's from now on:
 * links that say the same are left alone; rate, prefetch and back-off change
 * live; other keys close and reopen that link in order; links that are gone
 * end in order, new ones start. Sections gateway (but for live keys) and database
 * take effect at the next start; a log line says so when they differ.
 */
void gateway_reload(struct gateway *, struct settings *);

/* Ends in order: nothing more is claimed, what never left goes back to the
 * table, answers are awaited for drain_time at most, facts are written, the
 * lease is given back; then `ended`. A second call stops waiting for answers. */
void gateway_drain(struct gateway *);

/* One line for a service manager: "ready, 2 of 3 links up, 120 waiting". */
void gateway_status(const struct gateway *, char *out, size_t room);
bool gateway_is_ready(const struct gateway *);

/* Ends at once and frees. */
void gateway_close(struct gateway *);

#endif
