/* SPDX-License-Identifier: Apache-2.0 */
/*
 * stream.c - connecting, cutting frames, flushing, over a bufferevent.
 *
 *   stream_connect                                       stream_adopt
 *        |         next_host                                  |
 *        v    +-----------------+                             |
 *      IDLE --+--> RESOLVING ---+--> DIALING ---> OPEN <------+
 *             |     on_resolved     on_dialed      |
 *             |               (with TLS, both ways: SHAKING,
 *             |                  on_shaken)        |
 *             |  (every host failed)               | stream_finish
 *             v                                    v
 *           ENDED <------------------------- FINISHING
 *                  on_event, on_timer, step
 *
 * One idea keeps it safe: the handler is only called from the loop, and while
 * it runs the stream is `busy`, so that stream_free() from inside a callback
 * only marks it and the one who called frees. What must happen soon but not
 * now (the next host, frames left over from a pause, the end) is done by
 * step(), which the loop calls.
 *
 * Names are looked up by libevent's resolver (resolv.conf and hosts, not
 * nsswitch.conf), because the C library's would block the loop. A lookup given
 * up is answered later all the same, so it is an object of its own, which
 * forgets its stream and frees itself.
 *
 * One timer has at most one meaning at a time: the lookup's, the dial's and the
 * handshake's deadline, then the rest of a frame that has begun, then the flush.
 */
#include "stream.h"

#include "tls.h"

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/bufferevent_ssl.h>
#include <event2/dns.h>
#include <event2/event.h>
#include <openssl/ssl.h>

#include <assert.h>
#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
	WHY_MAX = 512,
	NAME_MAX_LEN = 256,             /* of a host, DNS allows 253 */
	READ_MAX = 64 * 1024,           /* octets of one read */
	KEEPALIVE_IDLE_S = 60, KEEPALIVE_EACH_S = 10, KEEPALIVE_PROBES = 6, /* of TCP */
};

enum phase { IDLE, RESOLVING, DIALING, SHAKING, OPEN, FINISHING, ENDED };

struct lookup {
	struct stream *stream;          /* NULL once nobody waits for it */
	struct event_base *base;
	struct evdns_base *dns;
	struct evdns_getaddrinfo_request *request; /* NULL once it has been answered */
};

struct stream {
	struct event_base *base;
	struct stream_options options;  /* its hosts are not ours: see below */
	char **hosts;                   /* our copies */
	struct sockaddr_storage source; /* to connect from, when its length is not 0 */
	socklen_t source_len;
	struct stream_handler handler;
	enum phase phase;
	bool busy, freed;               /* the handler is running; it freed us meanwhile */
	char why[WHY_MAX];              /* of the end, or of the failures to connect so far */

	size_t host;                    /* the next to be tried */
	char name[NAME_MAX_LEN];        /* of the host now being tried, */
	char peer[NAME_MAX_LEN + 16];   /* and "host:port" as configured */
	struct lookup *lookup;          /* while RESOLVING */
	struct evutil_addrinfo *addresses, *address; /* of this host; the next to be dialed */
	int fd;                         /* while DIALING, else -1 */
	struct event *dial;             /* while DIALING: writable, or too late */

	struct bufferevent *bev;        /* from SHAKING or OPEN on */
	struct event *timer, *soon;     /* on_timer, step */
	unsigned paused;                /* reasons, a bit each */
	size_t awaited;                 /* length of the frame that has begun, 0: not known */
	bool garbled;
	bool distrusted;                /* the last failure was about a certificate */
	bool reached;                   /* a host took the connection: the one before `host` */
	uint64_t written;
};

static void explain(struct stream *stream, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static void explain(struct stream *stream, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	vsnprintf(stream->why, sizeof stream->why, format, args);
	va_end(args);
}

/* Adds "host:port: reason" to what is said when no host answers. */
static void blame(struct stream *stream, const char *reason)
{
	size_t at = strlen(stream->why);
	stream->distrusted = false;
	snprintf(stream->why + at, sizeof stream->why - at, "%s%.100s: %.240s", at ? "; " : "",
	    stream->peer, reason);
}

static void ring_after(struct event *timer, unsigned ms)
{
	const struct timeval after = { .tv_sec = ms / 1000, .tv_usec = ms % 1000 * 1000 };
	if (ms)
		event_add(timer, &after);
}

static void soon(struct stream *stream)
{
	event_active(stream->soon, 0, 0);
}

static void destroy(struct stream *stream)
{
	if (stream->bev)
		bufferevent_free(stream->bev);
	event_free(stream->timer);
	event_free(stream->soon);
	for (size_t i = 0; i < stream->options.nhosts; i++)
		free(stream->hosts[i]);
	free(stream->hosts);
	free(stream);
}

/* Around every call of the handler. leave() is false when the stream is gone. */
static void enter(struct stream *stream)
{
	assert(!stream->busy);
	stream->busy = true;
}

static bool leave(struct stream *stream)
{
	stream->busy = false;
	if (!stream->freed)
		return true;
	destroy(stream);
	return false;
}

/* Its answer comes all the same, later, and frees it. */
static void forget_lookup(struct stream *stream)
{
	struct lookup *lookup = stream->lookup;
	stream->lookup = NULL;
	if (!lookup)
		return;
	lookup->stream = NULL;
	if (lookup->request)
		evdns_getaddrinfo_cancel(lookup->request);
}

/* Lets go of everything that could call us. What was not sent can still be counted. */
static void quiet(struct stream *stream)
{
	forget_lookup(stream);
	if (stream->addresses)
		evutil_freeaddrinfo(stream->addresses);
	stream->addresses = stream->address = NULL;
	if (stream->dial)
		event_free(stream->dial);
	stream->dial = NULL;
	if (stream->fd >= 0)
		close(stream->fd);
	stream->fd = -1;
	if (stream->bev) {
		bufferevent_disable(stream->bev, EV_READ | EV_WRITE);
		bufferevent_setcb(stream->bev, NULL, NULL, NULL, NULL);
	}
	event_del(stream->timer);
	event_del(stream->soon);
}

static void ended(struct stream *stream)
{
	stream->phase = ENDED;
	quiet(stream);
	enter(stream);
	stream->handler.event(stream->handler.ctx, STREAM_CLOSED, stream->why);
	leave(stream);
}

/* Frames in. */

static void garbled(struct stream *stream, const uint8_t *at, size_t len)
{
	stream->garbled = true;
	event_del(stream->timer);
	bufferevent_disable(stream->bev, EV_READ);
	if (!stream->handler.garbled) {
		explain(stream, "what the peer sent is no frame");
		ended(stream);
		return;
	}
	enter(stream);
	stream->handler.garbled(stream->handler.ctx, at, len);
	leave(stream);
}

static bool may_cut(const struct stream *stream)
{
	return stream->phase == OPEN && !stream->paused && !stream->garbled;
}

/* Times the rest of a frame that has begun, from its first octet. */
static void time_rest(struct stream *stream, bool anew)
{
	bool begun = evbuffer_get_length(bufferevent_get_input(stream->bev)) > 0;
	if (!begun || stream->paused)
		event_del(stream->timer);
	else if (anew || !event_pending(stream->timer, EV_TIMEOUT, NULL))
		ring_after(stream->timer, stream->options.partial_ms);
}

/* Hands every whole frame to the handler, unless it pauses or ends us. */
static void cut(struct stream *stream)
{
	struct evbuffer *input = bufferevent_get_input(stream->bev);
	bool any = false;
	size_t have;
	while (may_cut(stream) && (have = evbuffer_get_length(input)) > 0 &&
	    have >= stream->awaited) {
		const uint8_t *at = evbuffer_pullup(input,
		    stream->awaited ? (ev_ssize_t)stream->awaited : -1);
		if (!stream->awaited)
			stream->awaited = stream->handler.measure(stream->handler.ctx, at, have);
		if (stream->awaited == SIZE_MAX) {
			garbled(stream, at, have);
			return;
		}
		if (stream->awaited == 0 || have < stream->awaited)
			break;
		size_t len = stream->awaited;
		stream->awaited = 0;
		any = true;
		enter(stream);
		stream->handler.frame(stream->handler.ctx, at, len);
		evbuffer_drain(input, len);
		if (!leave(stream))
			return;
	}
	if (stream->phase == OPEN)
		time_rest(stream, any);
}

static void on_read(struct bufferevent *bev, void *arg)
{
	(void)bev;
	struct stream *stream = arg;
	if (may_cut(stream))
		cut(stream);
}

/* The end. */

/* Reads away what came after the last frame we cared for: closing a socket with
 * unread octets resets it, and the peer could lose our last answer. */
static void discard_input(struct stream *stream)
{
	uint8_t sink[4096];
	int fd = bufferevent_getfd(stream->bev);
	SSL *session = bufferevent_openssl_get_ssl(stream->bev);
	if (session)
		SSL_shutdown(session);
	shutdown(fd, SHUT_WR);
	for (int i = 0; i < 64 && recv(fd, sink, sizeof sink, MSG_DONTWAIT) > 0; i++)
		continue;
}

static void on_flushed(struct bufferevent *bev, void *arg)
{
	(void)bev;
	struct stream *stream = arg;
	if (stream->phase == FINISHING && stream_unsent(stream) == 0)
		soon(stream);
}

static void on_event(struct bufferevent *bev, short what, void *arg)
{
	struct stream *stream = arg;
	const int error = EVUTIL_SOCKET_ERROR();
	const unsigned long tls = bufferevent_openssl_get_ssl(bev) ? bufferevent_get_openssl_error(bev) : 0;
	if (stream->phase == OPEN && what & BEV_EVENT_EOF)
		explain(stream, "the peer closed the connection");
	else if (stream->phase == OPEN && what & BEV_EVENT_TIMEOUT)
		explain(stream, "nothing could be sent for %g s", stream->options.stall_ms / 1000.0);
	else if (stream->phase == OPEN && tls)
		explain(stream, "connection failed: TLS: %s", tls_reason(tls));
	else if (stream->phase == OPEN)
		explain(stream, "connection failed: %s", evutil_socket_error_to_string(error));
	ended(stream);
}

/* Connecting. */

/* A peer that has gone without a word is missed after two minutes, not after the system's two hours:
 * who only sends to us is asked by nobody else. */
static void prepare(int fd)
{
	const int on = 1, idle = KEEPALIVE_IDLE_S, each = KEEPALIVE_EACH_S, probes = KEEPALIVE_PROBES;
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
	setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
	setsockopt(fd, IPPROTO_TCP, TCP_KEEPIDLE, &idle, sizeof idle);
	setsockopt(fd, IPPROTO_TCP, TCP_KEEPINTVL, &each, sizeof each);
	setsockopt(fd, IPPROTO_TCP, TCP_KEEPCNT, &probes, sizeof probes);
	evutil_make_socket_nonblocking(fd);
}

/* Octets go both ways from now on; the bufferevent is there. */
static void open_up(struct stream *stream)
{
	bufferevent_setcb(stream->bev, on_read, on_flushed, on_event, stream);
	bufferevent_set_max_single_read(stream->bev, READ_MAX);
	if (stream->options.stall_ms) {
		const struct timeval stall = { .tv_sec = stream->options.stall_ms / 1000,
			.tv_usec = stream->options.stall_ms % 1000 * 1000 };
		bufferevent_set_timeouts(stream->bev, NULL, &stall);
	}
	bufferevent_enable(stream->bev, EV_WRITE | (stream->paused ? 0 : EV_READ));
	stream->why[0] = '\0';
	stream->phase = OPEN;
}

static void open_on(struct stream *stream, int fd)
{
	prepare(fd);
	stream->bev = bufferevent_socket_new(stream->base, fd, BEV_OPT_CLOSE_ON_FREE);
	if (!stream->bev)
		abort();
	open_up(stream);
}

static void tell_connected(struct stream *stream, const char *how)
{
	stream->reached = true;
	enter(stream);
	stream->handler.event(stream->handler.ctx, STREAM_CONNECTED, how);
	leave(stream);
}

/* The handshake has ended, well or not. */
static void on_shaken(struct bufferevent *bev, short what, void *arg)
{
	struct stream *stream = arg;
	SSL *session = bufferevent_openssl_get_ssl(bev);
	char text[WHY_MAX], how[NAME_MAX_LEN + WHY_MAX + 32];
	event_del(stream->timer);
	if (what & BEV_EVENT_CONNECTED) {
		tls_describe(session, text, sizeof text);
		snprintf(how, sizeof how, "%s, %s", stream->peer, text);
		open_up(stream);
		tell_connected(stream, how);
		return;
	}
	tls_explain(session, bufferevent_get_openssl_error(bev), text, sizeof text);
	blame(stream, text);
	stream->distrusted = SSL_get_verify_result(session) != X509_V_OK;
	bufferevent_free(bev);
	stream->bev = NULL;
	stream->phase = IDLE;
	soon(stream);
}

static void shake(struct stream *stream, int fd, const char *host)
{
	prepare(fd);
	stream->bev = bufferevent_openssl_socket_new(stream->base, fd,
	    tls_session(stream->options.tls, host), host ? BUFFEREVENT_SSL_CONNECTING
	    : BUFFEREVENT_SSL_ACCEPTING, BEV_OPT_CLOSE_ON_FREE);
	if (!stream->bev)
		abort();
	bufferevent_openssl_set_allow_dirty_shutdown(stream->bev, 1);
	bufferevent_setcb(stream->bev, NULL, NULL, on_shaken, stream);
	bufferevent_enable(stream->bev, EV_READ | EV_WRITE);
	stream->phase = SHAKING;
	ring_after(stream->timer, stream->options.connect_ms);
}

static void on_dialed(evutil_socket_t fd, short what, void *arg)
{
	struct stream *stream = arg;
	int error = ETIMEDOUT;
	socklen_t len = sizeof error;
	if (!(what & EV_TIMEOUT) && getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len) != 0)
		error = errno;
	event_free(stream->dial);
	stream->dial = NULL;
	stream->fd = -1;
	stream->phase = IDLE;
	if (error) {
		close(fd);
		blame(stream, strerror(error));
		soon(stream);
		return;
	}
	evutil_freeaddrinfo(stream->addresses);
	stream->addresses = stream->address = NULL;
	if (stream->options.tls) {
		shake(stream, fd, stream->name);
		return;
	}
	open_on(stream, fd);
	tell_connected(stream, stream->peer);
}

/* A socket that begins to connect, or -1: *why says what is wrong. */
static int connect_to(const struct stream *stream, const struct evutil_addrinfo *to, const char **why)
{
	const int on = 1;
	if (stream->source_len && stream->source.ss_family != to->ai_family) {
		*why = to->ai_family == AF_INET6 ? "its address is IPv6, and the source address is IPv4"
		    : "its address is IPv4, and the source address is IPv6";
		return -1;
	}
	const int fd = socket(to->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd >= 0 && stream->source_len) {
		/* The port is chosen with the peer known: there are more of them so. */
		setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof on);
		if (bind(fd, (const struct sockaddr *)&stream->source, stream->source_len) != 0) {
			*why = errno == EADDRNOTAVAIL ? "the source address is not one of this machine"
			    : strerror(errno);
			close(fd);
			return -1;
		}
	}
	if (fd >= 0 && (connect(fd, to->ai_addr, to->ai_addrlen) == 0 || errno == EINPROGRESS))
		return fd;
	*why = strerror(errno);
	if (fd >= 0)
		close(fd);
	return -1;
}

/* Begins to connect to the next address of this host. */
static void dial(struct stream *stream)
{
	const struct evutil_addrinfo *to = stream->address;
	const char *why;
	stream->address = to->ai_next;
	const int fd = connect_to(stream, to, &why);
	if (fd < 0) {
		blame(stream, why);
		soon(stream);
		return;
	}
	stream->phase = DIALING;
	stream->fd = fd;
	stream->dial = event_new(stream->base, fd, EV_WRITE, on_dialed, stream);
	if (!stream->dial)
		abort();
	const unsigned ms = stream->options.connect_ms;
	const struct timeval after = { .tv_sec = ms / 1000, .tv_usec = ms % 1000 * 1000 };
	event_add(stream->dial, ms ? &after : NULL);
}

static void free_lookup(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	struct lookup *lookup = arg;
	evdns_base_free(lookup->dns, 0);
	free(lookup);
}

static void on_resolved(int error, struct evutil_addrinfo *addresses, void *arg)
{
	struct lookup *lookup = arg;
	struct stream *stream = lookup->stream;
	/* Not now: the resolver is still using itself. */
	const struct timeval now = { 0 };
	event_base_once(lookup->base, -1, EV_TIMEOUT, free_lookup, lookup, &now);
	if (!stream) {
		if (addresses)
			evutil_freeaddrinfo(addresses);
		return;
	}
	lookup->request = NULL;
	stream->lookup = NULL;
	event_del(stream->timer);
	stream->phase = IDLE;
	if (error)
		blame(stream, evutil_gai_strerror(error));
	else
		stream->addresses = stream->address = addresses;
	soon(stream);
}

static void resolve(struct stream *stream, const char *name, const char *port,
    const struct evutil_addrinfo *hints)
{
	struct lookup *lookup = calloc(1, sizeof *lookup);
	if (!lookup)
		abort();
	*lookup = (struct lookup){ .stream = stream, .base = stream->base,
		.dns = evdns_base_new(stream->base, EVDNS_BASE_DISABLE_WHEN_INACTIVE) };
	if (!lookup->dns)
		abort();
	/* Without the file it asks the local host, as resolv.conf(5) says. */
	evdns_base_resolv_conf_parse(lookup->dns, DNS_OPTIONS_ALL, "/etc/resolv.conf");
	stream->lookup = lookup;
	stream->phase = RESOLVING;
	ring_after(stream->timer, stream->options.connect_ms);
	struct evdns_getaddrinfo_request *request =
	    evdns_getaddrinfo(lookup->dns, name, port, hints, on_resolved, lookup);
	if (stream->lookup)
		stream->lookup->request = request;
}

/* Splits "host", "host:port", "[v6]:port" or a bare v6 address. */
static bool split(const char *text, unsigned otherwise, char name[NAME_MAX_LEN], char port[8])
{
	const char *from = text, *to, *colon = strrchr(text, ':');
	if (*text == '[') {
		from++;
		to = strchr(text, ']');
		if (!to || (to[1] && to[1] != ':'))
			return false;
		colon = to[1] ? to + 1 : NULL;
	} else {
		if (colon && strchr(text, ':') != colon)
			colon = NULL; /* more than one: an address without a port */
		to = colon ? colon : text + strlen(text);
	}
	if (to == from || to - from >= NAME_MAX_LEN)
		return false;
	memcpy(name, from, (size_t)(to - from));
	name[to - from] = '\0';
	if (colon && (!colon[1] || strspn(colon + 1, "0123456789") != strlen(colon + 1)))
		return false;
	const unsigned long number = colon ? strtoul(colon + 1, NULL, 10) : otherwise;
	if (number == 0 || number > UINT16_MAX)
		return false;
	snprintf(port, 8, "%lu", number);
	return true;
}

/* True when there was one more to try; the rest comes by callbacks. */
static bool next_host(struct stream *stream)
{
	if (stream->host == stream->options.nhosts)
		return false;
	char name[NAME_MAX_LEN], port[8];
	const char *text = stream->hosts[stream->host++];
	if (!split(text, stream->options.port, name, port)) {
		snprintf(stream->peer, sizeof stream->peer, "%.80s", text);
		blame(stream, "this is no host, host:port or [address]:port");
		soon(stream);
		return true;
	}
	snprintf(stream->name, sizeof stream->name, "%s", name);
	snprintf(stream->peer, sizeof stream->peer, strchr(name, ':') ? "[%s]:%s" : "%s:%s", name,
	    port);
	struct evutil_addrinfo hints = { .ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM,
		.ai_protocol = IPPROTO_TCP, .ai_flags = EVUTIL_AI_NUMERICHOST | EVUTIL_AI_NUMERICSERV };
	if (evutil_getaddrinfo(name, port, &hints, &stream->addresses) == 0) {
		stream->address = stream->addresses;
		soon(stream);
		return true;
	}
	stream->addresses = NULL;
	hints.ai_flags = EVUTIL_AI_NUMERICSERV;
	resolve(stream, name, port, &hints);
	return true;
}

/* What is next; from the loop. */
static void step(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	struct stream *stream = arg;
	if (stream->phase == FINISHING) {
		if (stream_unsent(stream) > 0)
			return;         /* asked for before it was to finish: on_flushed() asks again */
		if (stream->bev)
			discard_input(stream);
		ended(stream);
	} else if (stream->phase == OPEN) {
		if (may_cut(stream))
			cut(stream);
	} else if (stream->phase == IDLE) {
		if (stream->address) {
			dial(stream);
			return;
		}
		if (stream->addresses)
			evutil_freeaddrinfo(stream->addresses);
		stream->addresses = NULL;
		if (!next_host(stream)) {
			if (!stream->why[0])
				explain(stream, "no host is configured");
			ended(stream);
		}
	}
}

static void on_timer(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	struct stream *stream = arg;
	if (stream->phase == RESOLVING) {
		forget_lookup(stream);
		stream->phase = IDLE;
		blame(stream, "the name could not be looked up in time");
		soon(stream);
		return;
	}
	if (stream->phase == SHAKING) {
		bufferevent_free(stream->bev);
		stream->bev = NULL;
		stream->phase = IDLE;
		blame(stream, "the TLS handshake did not end in time");
		soon(stream);
		return;
	}
	if (stream->phase == OPEN)
		explain(stream, "the rest of a frame did not come within %g s",
		    stream->options.partial_ms / 1000.0);
	ended(stream);
}

static bool read_address(const char *text, struct sockaddr_storage *out, socklen_t *len)
{
	const struct addrinfo hints = { .ai_flags = AI_NUMERICHOST, .ai_socktype = SOCK_STREAM };
	struct addrinfo *found;
	if (getaddrinfo(text, NULL, &hints, &found) != 0)
		return false;
	memcpy(out, found->ai_addr, found->ai_addrlen);
	*len = found->ai_addrlen;
	freeaddrinfo(found);
	return true;
}

bool stream_is_address(const char *text)
{
	struct sockaddr_storage v6;
	struct in_addr v4;
	socklen_t len;
	/* To getaddrinfo, "10.1" and "0xA" are addresses as well. */
	return strchr(text, ':') ? read_address(text, &v6, &len) : inet_pton(AF_INET, text, &v4) == 1;
}

static struct stream *stream_new(struct event_base *base, const struct stream_options *options,
    const struct stream_handler *handler)
{
	struct stream *stream = calloc(1, sizeof *stream);
	char **hosts = calloc(options->nhosts + 1, sizeof *hosts);
	if (!stream || !hosts)
		abort();
	for (size_t i = 0; i < options->nhosts; i++) {
		hosts[i] = strdup(options->hosts[i]);
		if (!hosts[i])
			abort();
	}
	stream->base = base;
	stream->options = *options;
	stream->options.hosts = NULL;
	stream->options.source = NULL;
	stream->hosts = hosts;
	if (options->source && *options->source)
		read_address(options->source, &stream->source, &stream->source_len);
	stream->handler = *handler;
	stream->fd = -1;
	stream->timer = event_new(base, -1, 0, on_timer, stream);
	stream->soon = event_new(base, -1, 0, step, stream);
	if (!stream->timer || !stream->soon)
		abort();
	return stream;
}

struct stream *stream_connect(struct event_base *base, const struct stream_options *options,
    const struct stream_handler *handler)
{
	struct stream *stream = stream_new(base, options, handler);
	soon(stream);
	return stream;
}

struct stream *stream_adopt(struct event_base *base, int fd, const struct stream_options *options,
    const struct stream_handler *handler)
{
	struct stream *stream = stream_new(base, options, handler);
	snprintf(stream->peer, sizeof stream->peer, "the caller");
	if (options->tls)
		shake(stream, fd, NULL);
	else
		open_on(stream, fd);
	return stream;
}

void stream_hand_over(struct stream *stream, const struct stream_handler *handler)
{
	stream->handler = *handler;
}

size_t stream_host(const struct stream *stream)
{
	return stream->reached ? stream->host - 1 : SIZE_MAX;
}

bool stream_is_distrusted(const struct stream *stream)
{
	return stream->distrusted;
}

void stream_write(struct stream *stream, const void *at, size_t len)
{
	if (stream->phase != OPEN)
		return;
	stream->written += len;
	if (bufferevent_write(stream->bev, at, len) != 0)
		abort();
}

size_t stream_unsent(const struct stream *stream)
{
	return stream->bev ? evbuffer_get_length(bufferevent_get_output(stream->bev)) : 0;
}

uint64_t stream_written(const struct stream *stream)
{
	return stream->written;
}

void stream_pause(struct stream *stream, unsigned reason)
{
	stream->paused |= reason;
	if (stream->phase != OPEN)
		return;
	bufferevent_disable(stream->bev, EV_READ);
	event_del(stream->timer);
}

void stream_resume(struct stream *stream, unsigned reason)
{
	bool was = stream->paused != 0;
	stream->paused &= ~reason;
	if (!was || stream->paused || stream->phase != OPEN || stream->garbled)
		return;
	bufferevent_enable(stream->bev, EV_READ);
	soon(stream);
}

void stream_finish(struct stream *stream, const char *why)
{
	if (stream->phase == FINISHING || stream->phase == ENDED)
		return;
	explain(stream, "%s", why);
	if (stream->phase == OPEN) {
		bufferevent_disable(stream->bev, EV_READ);
		event_del(stream->timer);
		ring_after(stream->timer, stream->options.stall_ms);
	} else {
		quiet(stream);
	}
	stream->phase = FINISHING;
	if (stream_unsent(stream) == 0)
		soon(stream);
}

void stream_free(struct stream *stream)
{
	if (!stream)
		return;
	quiet(stream);
	stream->phase = ENDED;
	if (stream->busy)
		stream->freed = true;
	else
		destroy(stream);
}
