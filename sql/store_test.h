/* SPDX-License-Identifier: Apache-2.0 */
/*
 * store_test.h - store_open() over an engine and waits of the caller's, so that
 * a test can have a database that fails when it is told to.
 */
#ifndef STORE_TEST_H
#define STORE_TEST_H

#include "worker.h"

extern const struct worker_waits store_waits;   /* those of store_open() */

struct store *store_open_on(const struct engine *, const struct worker_waits *,
    struct event_base *, const struct store_options *, const struct store_listener *);

#endif
