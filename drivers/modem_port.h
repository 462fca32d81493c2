/* SPDX-License-Identifier: Apache-2.0 */
/*
 * modem_port.h - octets to and from a modem: a tty, or a terminal server over TCP.
 *
 * A tty is ours alone while it is open (TIOCEXCL, and flock for those whom that does not keep
 * out), raw, and never the controlling one. It is closed at once when it is gone: a descriptor
 * that stays open keeps the name busy, and the modem comes back under another.
 */
#ifndef MODEM_PORT_H
#define MODEM_PORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct event_base;
struct port;

struct port_settings {
	const char *device;             /* a path, or tcp://host:port; copied */
	unsigned baud;                  /* 0: as it is */
	int flow;                       /* enum modem_flow */
	bool hangs_up;                  /* DTR is low for a second when it is opened, and when it is closed, which many
	                                 * modems take for a reset */
};

/* All from the loop; the port may be freed in any of them. */
struct port_handler {
	void *ctx;
	void (*opened)(void *ctx);
	void (*octets)(void *ctx, const uint8_t *at, size_t len); /* lent */
	/* It could not be opened, or is gone; nothing more follows. */
	void (*closed)(void *ctx, const char *why);
};

struct port *port_open(struct event_base *, const struct port_settings *, const struct port_handler *);
void port_free(struct port *);          /* NULL is allowed */

/* Leaves in a later turn of the loop; goes nowhere while it is not open. */
void port_write(struct port *, const void *at, size_t len);
/* Octets given to port_write(), and those of them that are still here; once it is gone, those that
 * never left. */
uint64_t port_written(const struct port *);
uint64_t port_unsent(const struct port *);

/* False: the rate is none that a tty can have. True on TCP, where it means nothing. */
bool port_set_rate(struct port *, unsigned baud);

bool port_is_network(const char *device); /* tcp://... */

#endif
