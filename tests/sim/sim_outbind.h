/* SPDX-License-Identifier: Apache-2.0 */
/* sim_outbind.h - calling a client: one that is to bind (--outbind), or to be given messages (--ucp-call). */
#ifndef SIM_OUTBIND_H
#define SIM_OUTBIND_H

#include <stdbool.h>

struct center;

/* Calls whom the options name, and again whenever the connection is gone. True: it does, or
 * nobody is to be called; false: the options name no address, and that was said. */
bool outbind_start(struct center *);
void outbind_stop(struct center *);

#endif
