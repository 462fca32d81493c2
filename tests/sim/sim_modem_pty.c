/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sim_modem_pty.c - the terminal: a pseudo-terminal, and a symbolic link to its slave.
 *
 * While nobody has the slave open, what the modem says is lost, as on a USB port; whether
 * somebody has is looked at, for no event tells. Unplugging closes the master, so that the
 * host reads an error, and takes the link away. A slave that was opened for one user alone
 * (TIOCEXCL) stays so when that user dies: the next one then gets a new terminal.
 */
#include "sim_modem_inside.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

enum { SLAVE_ROOM = 64, LOOK_MS = 10, OUT_MAX = 256 * 1024, READ_ROOM = 4096 };

static void look_again(struct sim_modem *modem)
{
	const struct timeval in = { .tv_usec = LOOK_MS * 1000 };
	event_add(modem->looks, &in);
}

/* Makes it everybody's again; false: only a new one is. */
static bool freed(const struct sim_modem *modem)
{
	char slave[SLAVE_ROOM];
	if (ptsname_r(modem->fd, slave, sizeof slave) != 0)
		return false;
	const int again = open(slave, O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (again < 0)
		return false;
	ioctl(again, TIOCNXCL);
	close(again);
	return true;
}

static void host_gone(struct sim_modem *modem)
{
	char why[200];
	event_del(modem->readable);
	event_del(modem->writable);
	if (modem->host)
		modem_tell(modem, MODEM_STATE, "closed", NULL);
	modem->host = false;
	evbuffer_drain(modem->out, evbuffer_get_length(modem->out));
	if (freed(modem)) {
		look_again(modem);
		return;
	}
	pty_close(modem);
	if (!pty_open(modem, why, sizeof why))
		fprintf(stderr, "smsc-sim: %s\n", why);
}

static void host_came(struct sim_modem *modem)
{
	modem->host = true;
	event_add(modem->readable, NULL);
	modem_tell(modem, MODEM_STATE, "opened", NULL);
	rule_moment(modem, MOMENT_OPEN, "open");
}

static void on_look(evutil_socket_t fd, short what, void *ctx)
{
	(void)fd, (void)what;
	struct sim_modem *modem = ctx;
	struct pollfd poller = { .fd = modem->fd, .events = POLLIN };
	if (poll(&poller, 1, 0) >= 0 && !(poller.revents & POLLHUP))
		host_came(modem);
	else
		look_again(modem);
}

static void on_readable(evutil_socket_t fd, short what, void *ctx)
{
	(void)what;
	struct sim_modem *modem = ctx;
	char octets[READ_ROOM];
	const ssize_t n = read(fd, octets, sizeof octets);
	if (n > 0)
		line_input(modem, octets, (size_t)n);
	else if (n == 0 || (errno != EAGAIN && errno != EINTR))
		host_gone(modem);
}

static void drip(struct sim_modem *modem, void *arg)
{
	(void)arg;
	char octet;
	if (modem->fd < 0 || evbuffer_remove(modem->out, &octet, 1) != 1)
		return;
	if (write(modem->fd, &octet, 1) != 1)
		return;
	if (evbuffer_get_length(modem->out))
		modem_later(modem, modem->drip, drip, NULL);
}

void pty_flush(struct sim_modem *modem)
{
	while (modem->fd >= 0 && evbuffer_get_length(modem->out)) {
		const int n = evbuffer_write(modem->out, modem->fd);
		if (n > 0)
			continue;
		if (n < 0 && errno == EAGAIN)
			event_add(modem->writable, NULL);
		return;
	}
}

static void on_writable(evutil_socket_t fd, short what, void *ctx)
{
	(void)fd, (void)what;
	pty_flush(ctx);
}

void pty_write(struct sim_modem *modem, const char *at, size_t len)
{
	const size_t waiting = evbuffer_get_length(modem->out);
	if (modem->fd < 0 || !modem->host || modem->hung || waiting + len > OUT_MAX)
		return;
	evbuffer_add(modem->out, at, len);
	if (modem->drip <= 0)
		pty_flush(modem);
	else if (!waiting && len)
		modem_later(modem, modem->drip, drip, NULL);
}

static bool complain(struct sim_modem *modem, const char *what, char *why, size_t room)
{
	snprintf(why, room, "%s: %s: %s", modem->path, what, strerror(errno));
	pty_close(modem);
	return false;
}

bool pty_open(struct sim_modem *modem, char *why, size_t room)
{
	char slave[SLAVE_ROOM];
	struct termios raw;
	modem->fd = posix_openpt(O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
	if (modem->fd < 0 || grantpt(modem->fd) != 0 || unlockpt(modem->fd) != 0 ||
	    ptsname_r(modem->fd, slave, sizeof slave) != 0)
		return complain(modem, "no pseudo-terminal", why, room);
	if (tcgetattr(modem->fd, &raw) != 0)
		return complain(modem, slave, why, room);
	cfmakeraw(&raw);
	if (tcsetattr(modem->fd, TCSANOW, &raw) != 0)
		return complain(modem, slave, why, room);
	/* Once it was open and is closed, the master can tell whether it is open again. */
	const int once = open(slave, O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (once < 0)
		return complain(modem, slave, why, room);
	close(once);
	if (unlink(modem->path) != 0 && errno != ENOENT)
		return complain(modem, "cannot be replaced", why, room);
	if (symlink(slave, modem->path) != 0)
		return complain(modem, "no link", why, room);
	modem->readable = event_new(modem->base, modem->fd, EV_READ | EV_PERSIST, on_readable, modem);
	modem->writable = event_new(modem->base, modem->fd, EV_WRITE, on_writable, modem);
	modem->looks = evtimer_new(modem->base, on_look, modem);
	if (!modem->readable || !modem->writable || !modem->looks)
		abort();
	modem->host = false;
	look_again(modem);
	return true;
}

static void event_drop(struct event **event)
{
	if (*event)
		event_free(*event);
	*event = NULL;
}

void pty_close(struct sim_modem *modem)
{
	event_drop(&modem->readable);
	event_drop(&modem->writable);
	event_drop(&modem->looks);
	if (modem->fd >= 0) {
		unlink(modem->path);
		close(modem->fd);
	}
	modem->fd = -1;
	modem->host = false;
	evbuffer_drain(modem->out, evbuffer_get_length(modem->out));
}
