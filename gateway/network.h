/* SPDX-License-Identifier: Apache-2.0 */
/* network.h - addresses to listen at, and networks that may call. */
#ifndef NETWORK_H
#define NETWORK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

struct network {
	uint8_t at[16];                 /* IPv6; IPv4 stands in it as ::ffff:a.b.c.d */
	unsigned bits;                  /* leading ones that count, 0 to 128 */
};

enum { NETWORK_NAME_MAX = 64 };

/* "192.0.2.0/24", "2001:db8::/32", or one address. False: it is none. */
bool network_read(const char *text, struct network *);
bool network_has(const struct network *, const struct sockaddr *);

/* "192.0.2.1:2775", "[2001:db8::1]:2775" or "2775", which is every address of this machine.
 * False: it is none. */
bool network_endpoint(const char *text, struct sockaddr_storage *, socklen_t *len);
/* Can no two sockets listen at both, since one is the other or has it in it? False as well when
 * one is no endpoint. */
bool network_clash(const char *one, const char *other);
/* An address and port for people. */
void network_name(const struct sockaddr *, char out[NETWORK_NAME_MAX]);

#endif
