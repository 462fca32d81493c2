/* SPDX-License-Identifier: Apache-2.0 */
/* state.c - the folder of what is remembered, as the service manager, the user or the system has it. */
#include "state.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

void state_folder(const char *wanted, char *out, size_t room)
{
	const char *service = getenv("STATE_DIRECTORY"), *user = getenv("XDG_STATE_HOME"), *home = getenv("HOME");
	if (*wanted && strcmp(wanted, "auto") != 0)
		snprintf(out, room, "%s", wanted);
	else if (service && *service == '/')
		snprintf(out, room, "%.*s", (int)strcspn(service, ":"), service);
	else if (geteuid() != 0 && user && *user == '/')
		snprintf(out, room, "%s/smsqld", user);
	else if (geteuid() != 0 && home && *home == '/')
		snprintf(out, room, "%s/.local/state/smsqld", home);
	else
		snprintf(out, room, "/var/lib/smsqld");
}

void state_make(const char *folder)
{
	char part[PATH_MAX];
	for (const char *at = folder; (at = strchr(at + 1, '/')); ) {
		snprintf(part, sizeof part, "%.*s", (int)(at - folder), folder);
		mkdir(part, 0700);
	}
	mkdir(folder, 0700);
}
