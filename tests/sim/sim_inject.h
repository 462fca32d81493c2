/* SPDX-License-Identifier: Apache-2.0 */
/* sim_inject.h - inbound messages that a file names. */
#ifndef SIM_INJECT_H
#define SIM_INJECT_H

#include <stdbool.h>

struct center;

/* Reads --inject and puts what it names into center->injected, in order. False: it
 * cannot be read, or a line is wrong; one line on standard error says which. */
bool inject_read(struct center *);

#endif
