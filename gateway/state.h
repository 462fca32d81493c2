/* SPDX-License-Identifier: Apache-2.0 */
/* state.h - where this user keeps what outlives a program. A tool for drivers, too. */
#ifndef STATE_H
#define STATE_H

#include <stddef.h>

/*
 * The folder that is wanted; "" and "auto": $STATE_DIRECTORY, else for other users than root
 * $XDG_STATE_HOME/smsqld or ~/.local/state/smsqld, else /var/lib/smsqld. Nothing is made.
 */
void state_folder(const char *wanted, char *out, size_t room);

/* Makes a folder and those above it, as far as they are not there, for this user alone. What cannot
 * be made is found out by who needs it. */
void state_make(const char *folder);

#endif
