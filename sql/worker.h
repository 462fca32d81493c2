/* SPDX-License-Identifier: Apache-2.0 */
/*
 * worker.h - a thread with one connection to the database.
 */
#ifndef WORKER_H
#define WORKER_H

#include "hatch.h"

#include <pthread.h>

/* Every wait of a store, in milliseconds; each is lengthened or shortened by
 * up to a quarter, so that gateways which lost one server do not return as one. */
struct worker_waits {
	unsigned reopen, reopen_max;    /* before connecting again; doubles */
	unsigned again, again_max;      /* before asking again what was busy; doubles */
	unsigned broken;                /* before looking whether somebody repaired it */
	unsigned links;                 /* between reports of links */
	unsigned commands, commands_busy; /* between looks for commands: after none, and after some */
	unsigned close;                 /* for the workers to end when the store closes */
};

struct worker_setup {
	struct hatch *hatch;
	unsigned number;                /* of the worker, from 0 */
	bool lease, facts;              /* its duties; both when there is but one worker */
	const struct engine *engine;
	const struct store_options *options;    /* copied */
	const struct worker_waits *waits;       /* copied */
};

/* Starts a thread that takes over one hold on the hatch and works until
 * hatch_close(). */
pthread_t worker_start(const struct worker_setup *);

#endif
