/* SPDX-License-Identifier: Apache-2.0 */
/* modem_trouble.h - why a modem's device cannot be used, in words that say what to do. */
#ifndef MODEM_TROUBLE_H
#define MODEM_TROUBLE_H

#include <stdbool.h>

enum { TROUBLE_MAX = 512 };

/* What errno of open() or flock() means for that path: who has it (EBUSY), whose it is
 * (EACCES), and what may be plugged in instead (ENOENT). */
void trouble_explain(char why[TROUBLE_MAX], const char *path, int error);

/* Another process has it open too, as far as we may see: *why names it. The lock keeps those out that
 * respect it; ModemManager, started before us, may still ask a modem questions of its own. */
bool trouble_is_shared(char why[TROUBLE_MAX], const char *path);

/* What is plugged in that has no serial line, in words; NULL: nothing that we know. `devices`:
 * "/sys/bus/usb/devices". */
const char *trouble_stick(const char *devices);

/* There is no port of a modem in that folder at all. */
void trouble_no_port(char why[TROUBLE_MAX], const char *folder);

/* A program that lives has a lock file for it, in /var/lock or /run/lock, as programs for
 * serial lines have had since UUCP. *why names it. */
bool trouble_is_locked(char why[TROUBLE_MAX], const char *path);

#endif
