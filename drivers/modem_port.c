/* SPDX-License-Identifier: Apache-2.0 */
/*
 * modem_port.c - a tty or a TCP connection, as a stream of which every read is a frame.
 *
 * A stream is content with any descriptor that can be read and written: what it asks of a socket
 * only, a tty refuses, and nothing else happens. What is particular to a tty is here: opening
 * it without waiting for a carrier, keeping others out, rate and handshake, and to throw away
 * what was not sent before it is closed, since close() would wait for that.
 */
#include "modem_port.h"

#include "../gateway/clock.h"
#include "../gateway/stream.h"
#include "modem.h"
#include "modem_trouble.h"

#include <event2/event.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

enum { CONNECT_MS = 15 * 1000, STALL_MS = 30 * 1000, DTR_MS = 1000 };

static const char scheme[] = "tcp://";

static const struct { unsigned baud; speed_t speed; } rates[] = {
	{ 1200, B1200 }, { 2400, B2400 }, { 4800, B4800 }, { 9600, B9600 }, { 19200, B19200 },
	{ 38400, B38400 }, { 57600, B57600 }, { 115200, B115200 }, { 230400, B230400 },
	{ 460800, B460800 }, { 921600, B921600 },
};

struct port {
	struct event_base *base;
	char *device;
	struct port_handler handler;
	struct stream *stream;          /* NULL: it could not be opened, or is gone */
	uint64_t written, unsent;       /* octets, when it went */
	int fd;                         /* of a tty, owned by the stream; else -1 */
	struct event *soon;             /* a tty was opened, DTR perhaps low for a while, or was not */
	char why[TROUBLE_MAX];          /* it was not */
	bool opened;                    /* it was told so */
	bool busy, freed;               /* the handler is running; it freed us meanwhile */
};

bool port_is_network(const char *device)
{
	return strncmp(device, scheme, strlen(scheme)) == 0;
}

/* Throws away what waits in the driver as well. The loop may close the descriptor a little
 * later; that it is no longer ours is true from now on. */
static void hang_up(struct port *port)
{
	if (port->fd >= 0) {
		tcflush(port->fd, TCIOFLUSH);
		ioctl(port->fd, TIOCNXCL);
		flock(port->fd, LOCK_UN);
	}
	port->fd = -1;
	if (!port->stream)
		return;
	port->written = stream_written(port->stream);
	port->unsent = stream_unsent(port->stream);
	stream_free(port->stream);
	port->stream = NULL;
}

static void destroy(struct port *port)
{
	hang_up(port);
	event_free(port->soon);
	free(port->device);
	free(port);
}

static void leave(struct port *port)
{
	port->busy = false;
	if (port->freed)
		destroy(port);
}

/* The stream's frames: whatever is there. */

static size_t measure(void *ctx, const uint8_t *at, size_t len)
{
	(void)ctx, (void)at;
	return len;
}

static void on_octets(void *ctx, const uint8_t *at, size_t len)
{
	struct port *port = ctx;
	if (!port->opened)
		return;                     /* of before */
	port->busy = true;
	port->handler.octets(port->handler.ctx, at, len);
	leave(port);
}

/* What the end of a stream means for a line. */
static void explain(const struct port *port, const char *how, char why[TROUBLE_MAX])
{
	struct pollfd state = { .fd = port->fd };
	if (port->fd < 0)
		snprintf(why, TROUBLE_MAX, "%s", how);
	else if (access(port->device, F_OK) != 0)
		snprintf(why, TROUBLE_MAX, "unplugged: %.200s is gone (%.200s)", port->device, how);
	else if (poll(&state, 1, 0) > 0 && state.revents & (POLLHUP | POLLERR))
		snprintf(why, TROUBLE_MAX, "%.200s hung up (%.200s)", port->device, how);
	else
		snprintf(why, TROUBLE_MAX, "%.200s takes no octets: wrong handshake (key flow)? (%.200s)", port->device, how);
}

static void on_event(void *ctx, enum stream_event event, const char *why)
{
	struct port *port = ctx;
	char text[TROUBLE_MAX];
	port->busy = true;
	if (event == STREAM_CONNECTED) {
		port->opened = true;
		port->handler.opened(port->handler.ctx);
	} else {
		explain(port, why, text);
		hang_up(port);
		event_del(port->soon);
		port->handler.closed(port->handler.ctx, text);
	}
	leave(port);
}

static const struct stream_handler stream_handler = { .measure = measure, .frame = on_octets,
	.event = on_event };

/* The tty. */

static bool set_speed(struct termios *how, unsigned baud)
{
	for (size_t i = 0; i < sizeof rates / sizeof *rates; i++)
		if (rates[i].baud == baud)
			return cfsetispeed(how, rates[i].speed) == 0 && cfsetospeed(how, rates[i].speed) == 0;
	return false;
}

/* Hardware handshake where it is left to us: if the other side says now that it may be sent to. */
static bool wants_handshake(int fd, int flow)
{
	int lines = 0;
	return flow == FLOW_HARDWARE ||
	    (flow == FLOW_AUTO && ioctl(fd, TIOCMGET, &lines) == 0 && lines & TIOCM_CTS);
}

static bool set_up(int fd, const struct port_settings *settings, char why[TROUBLE_MAX])
{
	struct termios how;
	if (tcgetattr(fd, &how) != 0) {
		snprintf(why, TROUBLE_MAX, "%s is no terminal line: %s", settings->device, strerror(errno));
		return false;
	}
	cfmakeraw(&how);
	how.c_cflag &= ~(tcflag_t)(CSTOPB | CRTSCTS | HUPCL);
	how.c_cflag |= CLOCAL | CREAD | (settings->hangs_up ? HUPCL : 0);
	how.c_iflag &= ~(tcflag_t)(IXON | IXOFF | IXANY);
	if (wants_handshake(fd, settings->flow))
		how.c_cflag |= CRTSCTS;
	if (settings->flow == FLOW_SOFTWARE)
		how.c_iflag |= IXON | IXOFF;
	how.c_cc[VMIN] = 1;
	how.c_cc[VTIME] = 0;
	if (settings->baud && !set_speed(&how, settings->baud)) {
		snprintf(why, TROUBLE_MAX, "%u is no rate of a serial line", settings->baud);
		return false;
	}
	if (tcsetattr(fd, TCSANOW, &how) != 0) {
		snprintf(why, TROUBLE_MAX, "%s cannot be set up: %s", settings->device, strerror(errno));
		return false;
	}
	tcflush(fd, TCIOFLUSH);
	return true;
}

/* The descriptor, ours alone, or -1. */
static int open_tty(const struct port_settings *settings, char why[TROUBLE_MAX])
{
	struct stat found;
	const int fd = open(settings->device, O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0) {
		trouble_explain(why, settings->device, errno);
		return -1;
	}
	if (flock(fd, LOCK_EX | LOCK_NB) != 0)
		trouble_explain(why, settings->device, errno == EWOULDBLOCK ? EBUSY : errno);
	else if (fstat(fd, &found) == 0 && !S_ISCHR(found.st_mode))
		snprintf(why, TROUBLE_MAX, "%s is no terminal line", settings->device);
	else if (trouble_is_locked(why, settings->device))
		;                           /* by an older way */
	else if (set_up(fd, settings, why)) {
		ioctl(fd, TIOCEXCL);
		return fd;
	}
	close(fd);
	return -1;
}

/* DTR, as the modem sees it. False: the line has none. */
static bool set_ready(int fd, bool ready)
{
	const int line = TIOCM_DTR;
	return ioctl(fd, ready ? TIOCMBIS : TIOCMBIC, &line) == 0;
}

/* From the loop, once. */
static void on_soon(evutil_socket_t fd, short what, void *arg)
{
	(void)fd, (void)what;
	struct port *port = arg;
	port->busy = true;
	if (port->fd >= 0)
		set_ready(port->fd, true);
	port->opened = port->stream != NULL;
	if (port->opened)
		port->handler.opened(port->handler.ctx);
	else
		port->handler.closed(port->handler.ctx, port->why);
	leave(port);
}

struct port *port_open(struct event_base *base, const struct port_settings *settings,
    const struct port_handler *handler)
{
	struct port *port = calloc(1, sizeof *port);
	struct stream_handler to = stream_handler;
	const char *host = settings->device + strlen(scheme);
	const struct stream_options options = { .hosts = &host, .nhosts = 1, .connect_ms = CONNECT_MS,
		.stall_ms = STALL_MS };
	const struct stream_options none = { .stall_ms = STALL_MS };
	if (!port || !(port->device = strdup(settings->device)) ||
	    !(port->soon = event_new(base, -1, 0, on_soon, port)))
		abort();
	to.ctx = port;
	port->base = base;
	port->handler = *handler;
	port->fd = -1;
	if (port_is_network(settings->device)) {
		port->stream = stream_connect(base, &options, &to);
		return port;
	}
	port->fd = open_tty(settings, port->why);
	if (port->fd >= 0)
		port->stream = stream_adopt(base, port->fd, &none, &to);
	if (port->fd >= 0 && settings->hangs_up && set_ready(port->fd, false))
		clock_ring(port->soon, DTR_MS);
	else
		event_active(port->soon, 0, 0);
	return port;
}

void port_free(struct port *port)
{
	if (!port)
		return;
	hang_up(port);
	event_del(port->soon);
	if (port->busy)
		port->freed = true;
	else
		destroy(port);
}

void port_write(struct port *port, const void *at, size_t len)
{
	if (port->stream)
		stream_write(port->stream, at, len);
}

uint64_t port_written(const struct port *port)
{
	return port->stream ? stream_written(port->stream) : port->written;
}

uint64_t port_unsent(const struct port *port)
{
	return port->stream ? stream_unsent(port->stream) : port->unsent;
}

bool port_set_rate(struct port *port, unsigned baud)
{
	struct termios how;
	if (port->fd < 0)
		return true;
	if (tcgetattr(port->fd, &how) != 0 || !set_speed(&how, baud) || tcsetattr(port->fd, TCSANOW, &how) != 0)
		return false;
	tcflush(port->fd, TCIOFLUSH);
	return true;
}
