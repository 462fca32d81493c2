/* SPDX-License-Identifier: Apache-2.0 */
/* script.h - the input of a fuzz target as a script: octets that choose, and octets that are said. */
#ifndef SCRIPT_H
#define SCRIPT_H

#include "../../gateway/driver.h"

#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include <unistd.h>

struct script { const uint8_t *at; size_t left; };

/* The next one; 0 behind the end. */
static inline uint8_t octet(struct script *script)
{
	if (!script->left)
		return 0;
	script->left--;
	return *script->at++;
}

/* So many, or as many as there are. */
static inline struct blob take(struct script *script, size_t len)
{
	const struct blob blob = { script->at, len < script->left ? len : script->left };
	script->at += blob.len;
	script->left -= blob.len;
	return blob;
}

/* Hangs up with a reset, so that no port is left waiting. -1: that is done. */
static inline void reset_socket(int *fd)
{
	const struct linger reset = { .l_onoff = 1 };
	if (*fd < 0)
		return;
	setsockopt(*fd, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
	close(*fd);
	*fd = -1;
}

#endif
