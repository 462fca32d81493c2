/* SPDX-License-Identifier: Apache-2.0 */
/*
 * door.c - awaiting peers that connect to us: an open door, and few that stand in it.
 *
 *   on_accept --> WAITING --- caller_let_in ---> the owner's
 *       |            |
 *       |            +--- caller_turn_away, silence, a connection that ends --> gone
 *       |            |
 *       |            +--- caller_leave --> LEAVING, until what was written is out --> gone
 *       +--- from elsewhere than listen_from, or CALLERS_MAX wait --> gone
 *
 * A caller is nobody before he is let in: he may have a place for caller_timeout. How he says
 * who he is, and how much he may say before, the etiquette knows; without one he has nothing to
 * say, and is let in when he is connected. Whoever is turned away costs one
 * line of the log, and of those there are only a few in a minute.
 *
 * What becomes of the connection then is left to account.c.
 */
#include "door.h"

#include "../gateway/clock.h"
#include "../gateway/network.h"

#include <event2/event.h>
#include <event2/listener.h>

#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
	CALLERS_MAX = 8,                /* that have not said who they are */
	LINES_MAX = 10,                 /* of the log, in LINES_MS */
	LINES_MS = 60 * 1000,
	REST_MS = 1000,                 /* after an accept() that failed: out of files */
	BACKLOG = 16,
};

struct caller {
	struct door *door;
	struct stream *stream;          /* NULL: the place is free */
	struct event *timer;
	bool leaving;                   /* the last octets are on their way out */
	unsigned frames;
	char peer[NETWORK_NAME_MAX];
};

struct door {
	struct link *link;
	struct door_settings settings;
	struct door_owner owner;
	struct evconnlistener *listener;
	struct tls *tls;                /* NULL without */
	struct event *rest;             /* the listener sleeps until it rings */
	struct caller callers[CALLERS_MAX];
	uint64_t lines_since;
	unsigned lines, unsaid;         /* in the log, and beyond LINES_MAX */
};

void door_refuse(struct door *door, const char *peer, const char *why)
{
	const uint64_t now = clock_ms();
	if (now - door->lines_since >= LINES_MS) {
		if (door->unsaid)
			link_warn(door->link, "event=%s_refused more=%u", door->settings.name, door->unsaid);
		door->lines_since = now;
		door->lines = door->unsaid = 0;
	}
	if (door->lines++ < LINES_MAX)
		link_warn(door->link, "event=%s_refused peer=%s reason=\"%s\"", door->settings.name, peer, why);
	else
		door->unsaid++;
}

/* Callers. */

static void forget(struct caller *caller)
{
	stream_free(caller->stream);
	caller->stream = NULL;
	event_del(caller->timer);
}

void caller_turn_away(struct caller *caller, const char *why)
{
	door_refuse(caller->door, caller->peer, why);
	forget(caller);
}

void caller_leave(struct caller *caller, const char *why)
{
	door_refuse(caller->door, caller->peer, why);
	caller->leaving = true;
	stream_finish(caller->stream, why);
}

void caller_let_in(struct caller *caller)
{
	struct door *door = caller->door;
	struct stream *stream = caller->stream;
	caller->stream = NULL;
	event_del(caller->timer);
	link_info(door->link, "event=%s peer=%s", door->settings.name, caller->peer);
	door->owner.called(door->owner.account, stream, caller->peer);
}

void caller_write(struct caller *caller, const void *octets, size_t len)
{
	stream_write(caller->stream, octets, len);
}

unsigned caller_frames(const struct caller *caller)
{
	return caller->frames;
}

const char *caller_name(const struct caller *caller)
{
	return caller->peer;
}

static size_t measure(void *ctx, const uint8_t *at, size_t len)
{
	const struct door_settings *settings = &((struct caller *)ctx)->door->settings;
	return settings->etiquette ? settings->etiquette->measure(settings->ctx, at, len) : 0;
}

static void on_frame(void *ctx, const uint8_t *at, size_t len)
{
	struct caller *caller = ctx;
	const struct door_settings *settings = &caller->door->settings;
	if (caller->leaving)
		return;
	caller->frames++;
	settings->etiquette->frame(settings->ctx, caller, at, len);
}

static void on_garbled(void *ctx, const uint8_t *at, size_t len)
{
	struct caller *caller = ctx;
	const struct door_settings *settings = &caller->door->settings;
	settings->etiquette->garbled(settings->ctx, caller, at, len);
	if (caller->stream && !caller->leaving)
		caller_turn_away(caller, "what came has no beginning and no end");
}

static void on_stream(void *ctx, enum stream_event event, const char *why)
{
	struct caller *caller = ctx;
	if (event != STREAM_CLOSED) {
		link_info(caller->door->link, "event=called peer=%s tls=\"%s\"", caller->peer, why);
		if (!caller->door->settings.etiquette)
			caller_let_in(caller);
		return;
	}
	if (!caller->leaving)
		door_refuse(caller->door, caller->peer, why);
	forget(caller);
}

static void on_late(evutil_socket_t fd, short what, void *arg)
{
	(void)fd, (void)what;
	struct caller *caller = arg;
	const struct door_etiquette *etiquette = caller->door->settings.etiquette;
	if (caller->leaving)
		forget(caller);
	else
		caller_turn_away(caller, etiquette ? etiquette->late : "no TLS in time");
}

/* The door. */

static bool is_allowed(const struct door *door, const struct sockaddr *from)
{
	const struct conf_list *list = &door->settings.listen_from;
	struct network network;
	for (size_t i = 0; i < list->n; i++)
		if (network_read(list->items[i], &network) && network_has(&network, from))
			return true;
	return false;
}

static void receive(struct caller *caller, int fd, const char *peer)
{
	const struct door *door = caller->door;
	const struct door_settings *settings = &door->settings;
	const struct stream_options how = { .partial_ms = (unsigned)settings->pdu_timeout,
		.stall_ms = (unsigned)settings->write_timeout,
		.connect_ms = (unsigned)settings->caller_timeout, .tls = door->tls };
	const struct stream_handler handler = { .ctx = caller, .measure = measure,
		.frame = on_frame, .garbled = on_garbled, .event = on_stream };
	caller->leaving = false;
	caller->frames = 0;
	snprintf(caller->peer, sizeof caller->peer, "%s", peer);
	caller->stream = stream_adopt(link_base(door->link), fd, &how, &handler);
	clock_ring(caller->timer, (uint64_t)settings->caller_timeout);
	if (!settings->etiquette && !door->tls)
		caller_let_in(caller);
}

static void on_accept(struct evconnlistener *listener, evutil_socket_t fd, struct sockaddr *from,
    int len, void *ctx)
{
	(void)listener, (void)len;
	struct door *door = ctx;
	char peer[NETWORK_NAME_MAX];
	struct caller *place = NULL;
	network_name(from, peer);
	for (size_t i = 0; i < CALLERS_MAX && !place; i++)
		if (!door->callers[i].stream)
			place = &door->callers[i];
	if (place && is_allowed(door, from)) {
		receive(place, fd, peer);
		return;
	}
	door_refuse(door, peer, place ? "its address is not in listen_from"
	    : "too many others have not said who they are");
	close(fd);
}

static void on_accept_failed(struct evconnlistener *listener, void *ctx)
{
	struct door *door = ctx;
	door_refuse(door, "?", strerror(errno));
	evconnlistener_disable(listener);
	clock_ring(door->rest, REST_MS);
}

static void on_rested(evutil_socket_t fd, short what, void *arg)
{
	(void)fd, (void)what;
	evconnlistener_enable(((struct door *)arg)->listener);
}

/* A port alone is every address, of IPv6 as well where there is such. */
static struct evconnlistener *listen_at(struct door *door, const char *where)
{
	const unsigned flags = LEV_OPT_CLOSE_ON_FREE | LEV_OPT_CLOSE_ON_EXEC | LEV_OPT_REUSEABLE;
	struct event_base *base = link_base(door->link);
	struct sockaddr_storage at;
	socklen_t len;
	if (!network_endpoint(where, &at, &len))
		return NULL;
	struct evconnlistener *listener = evconnlistener_new_bind(base, on_accept, door, flags,
	    BACKLOG, (struct sockaddr *)&at, (int)len);
	if (listener || errno != EAFNOSUPPORT || strchr(where, ':'))
		return listener;
	const struct sockaddr_in any = { .sin_family = AF_INET,
		.sin_port = ((struct sockaddr_in6 *)&at)->sin6_port };
	return evconnlistener_new_bind(base, on_accept, door, flags, BACKLOG,
	    (const struct sockaddr *)&any, sizeof any);
}

static bool has_tls(const struct door_settings *settings)
{
	return settings->tls && settings->tls->on;
}

struct door *door_new(struct link *link, const struct door_settings *settings,
    const struct door_owner *owner, struct conf_error *err)
{
	struct door *door = calloc(1, sizeof *door);
	if (!door)
		abort();
	*door = (struct door){ .link = link, .settings = *settings, .owner = *owner };
	if (has_tls(settings) && !(door->tls = tls_new_server(settings->tls, err))) {
		free(door);
		return NULL;                    /* a file has gone since it was checked */
	}
	door->listener = listen_at(door, settings->listen);
	if (!door->listener) {
		conf_fail(err, "cannot listen at %.80s: %s%s", settings->listen, strerror(errno),
		    errno == EADDRINUSE ? ": another link or program does" : "");
		tls_free(door->tls);
		free(door);
		return NULL;
	}
	evconnlistener_set_error_cb(door->listener, on_accept_failed);
	door->rest = event_new(link_base(link), -1, 0, on_rested, door);
	if (!door->rest)
		abort();
	for (size_t i = 0; i < CALLERS_MAX; i++) {
		struct caller *caller = &door->callers[i];
		caller->door = door;
		caller->timer = event_new(link_base(link), -1, 0, on_late, caller);
		if (!caller->timer)
			abort();
	}
	link_info(link, "event=listening address=%s", settings->listen);
	return door;
}

void door_free(struct door *door)
{
	if (!door)
		return;
	for (size_t i = 0; i < CALLERS_MAX; i++) {
		forget(&door->callers[i]);
		event_free(door->callers[i].timer);
	}
	evconnlistener_free(door->listener);
	tls_free(door->tls);
	event_free(door->rest);
	free(door);
}

/* Keys. */

bool door_wanted(const struct door_settings *settings)
{
	return settings->listen && *settings->listen;
}

static bool check_networks(const struct door_settings *settings, struct conf_error *err)
{
	const struct conf_list *list = &settings->listen_from;
	struct network network;
	if (list->n == 0)
		return conf_fail(err, "listen needs listen_from: the addresses that may connect, like "
		    "{\"192.0.2.7\", \"198.51.100.0/24\"}");
	for (size_t i = 0; i < list->n; i++)
		if (!network_read(list->items[i], &network))
			return conf_fail(err, "listen_from: \"%.80s\" is no address and no network: like "
			    "\"192.0.2.7\" or \"198.51.100.0/24\"", list->items[i]);
	return true;
}

bool door_check(const struct door_settings *settings, size_t hosts, struct conf_error *err)
{
	struct sockaddr_storage at;
	socklen_t len;
	const bool asks = settings->tls && settings->tls->client_ca && *settings->tls->client_ca;
	if (!door_wanted(settings) && asks)
		return conf_fail(err, "tls_client_ca is about message centres that connect to us: it needs "
		    "listen; tls_ca is for those that we connect to");
	if (!door_wanted(settings))
		return hosts > 0 || conf_fail(err, "host is missing: the message centre to "
		    "connect to; or listen, where one connects to us");
	if (!network_endpoint(settings->listen, &at, &len))
		return conf_fail(err, "listen = \"%.80s\" is no address with a port, and no port: like "
		    "\"192.0.2.1:2775\", \"[2001:db8::1]:2775\" or \"2775\"", settings->listen);
	if (!has_tls(settings) && asks)
		return conf_fail(err, "tls_client_ca needs tls = on");
	if (has_tls(settings)) {
		struct tls *tls = tls_new_server(settings->tls, err);
		if (!tls)
			return false;
		tls_free(tls);
	}
	return check_networks(settings, err);
}
