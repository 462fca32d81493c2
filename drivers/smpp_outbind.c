/* SPDX-License-Identifier: Apache-2.0 */
/*
 * smpp_outbind.c - awaiting outbinds: an open door, and few that stand in it.
 *
 *   on_accept --> WAITING --- outbind, and the credentials are right ---> the owner's
 *       |            |
 *       |            +--- wrong credentials, silence, anything else but a few enquiries
 *       |            |    --> LEAVING, when there is an answer to be written --> gone
 *       +--- from elsewhere than listen_from, or CALLERS_MAX wait --> gone
 *
 * A caller is nobody before its outbind: it may have a place for outbind_timeout, PDUs of
 * at most 512 octets (reference 10.1), and a few of them. Whoever is turned away costs one
 * line of the log, and of those there are only a few in a minute.
 *
 * Binding on the connection is left to smpp_half.c, the line to smpp.c.
 */
#include "smpp_outbind.h"

#include "../gateway/clock.h"
#include "../gateway/network.h"

#include <event2/event.h>
#include <event2/listener.h>

#include <assert.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
	CALLERS_MAX = 8,                /* that have not said who they are */
	CALLER_PDU_MAX = 512,           /* octets */
	CALLER_PDUS_MAX = 8,            /* before the outbind */
	LINES_MAX = 10,                 /* of the log, in LINES_MS */
	LINES_MS = 60 * 1000,
	REST_MS = 1000,                 /* after an accept() that failed: out of files */
	BACKLOG = 16,
	WHY_MAX = 160,
};

struct caller {
	struct outbind *outbind;
	struct stream *stream;          /* NULL: the place is free */
	struct event *timer;
	bool leaving;                   /* the last octets are on their way out */
	unsigned pdus;
	char peer[NETWORK_NAME_MAX];
};

struct outbind {
	struct link *link;
	const struct smpp_options *options;
	struct outbind_owner owner;
	struct evconnlistener *listener;
	struct tls *tls;                /* NULL without */
	struct event *rest;             /* the listener sleeps until it rings */
	struct caller callers[CALLERS_MAX];
	uint64_t lines_since;
	unsigned lines, unsaid;         /* in the log, and beyond LINES_MAX */
};

/* One line for each who is turned away, until there are too many. */
static void refuse(struct outbind *outbind, const char *peer, const char *why)
{
	const uint64_t now = clock_ms();
	if (now - outbind->lines_since >= LINES_MS) {
		if (outbind->unsaid)
			link_warn(outbind->link, "event=outbind_refused more=%u", outbind->unsaid);
		outbind->lines_since = now;
		outbind->lines = outbind->unsaid = 0;
	}
	if (outbind->lines++ < LINES_MAX)
		link_warn(outbind->link, "event=outbind_refused peer=%s reason=\"%s\"", peer, why);
	else
		outbind->unsaid++;
}

/* Callers. */

static void forget(struct caller *caller)
{
	stream_free(caller->stream);
	caller->stream = NULL;
	event_del(caller->timer);
}

static void turn_away(struct caller *caller, const char *why)
{
	refuse(caller->outbind, caller->peer, why);
	forget(caller);
}

static void answer(struct caller *caller, uint32_t response, uint32_t sequence, uint32_t status)
{
	uint8_t octets[64];
	const struct smpp_pdu pdu = { .command = response, .status = status, .sequence = sequence };
	const size_t len = smpp_pack(&pdu, octets, sizeof octets);
	if (len)
		stream_write(caller->stream, octets, len);
}

/* Takes as long for a wrong text as for a right one. */
static bool is_same(const char *ours, const char *theirs)
{
	const size_t n = strlen(ours), m = strlen(theirs);
	unsigned differs = n != m;
	for (size_t i = 0; i < m; i++)
		differs |= (unsigned char)theirs[i] ^ (unsigned char)(n ? ours[i % n] : 0);
	return !differs;
}

static void on_outbind(struct caller *caller, const struct smpp_pdu *pdu)
{
	struct outbind *outbind = caller->outbind;
	const struct smpp_options *options = outbind->options;
	const char *password = *options->outbind_password_file ? options->outbind_password_file
	    : options->outbind_password;
	const bool known = is_same(options->outbind_id, pdu->system_id);
	if (!is_same(password, pdu->password) || !known) {
		turn_away(caller, known ? "wrong password" : "wrong system_id");
		return;
	}
	struct stream *stream = caller->stream;
	caller->stream = NULL;
	event_del(caller->timer);
	link_info(outbind->link, "event=outbind peer=%s", caller->peer);
	outbind->owner.called(outbind->owner.session, stream, caller->peer);
}

static void on_frame(void *ctx, const uint8_t *at, size_t len)
{
	struct caller *caller = ctx;
	struct smpp_pdu pdu;
	const uint32_t wrong = smpp_unpack(at, len, &pdu);
	const uint32_t response = pdu.command | (uint32_t)SMPP_RESPONSE;
	if (caller->leaving)
		return;
	if (++caller->pdus > CALLER_PDUS_MAX)
		turn_away(caller, "other PDUs instead of an outbind");
	else if (pdu.command == SMPP_OUTBIND && wrong == SMPP_ROK)
		on_outbind(caller, &pdu);
	else if (pdu.command == SMPP_OUTBIND)
		turn_away(caller, "an outbind that is malformed");
	else if (pdu.command == SMPP_ENQUIRE_LINK)
		answer(caller, response, pdu.sequence, SMPP_ROK);
	else if (pdu.command != response && smpp_command_name(response))
		answer(caller, response, pdu.sequence, SMPP_RINVBNDSTS);
	else if (pdu.command != response)
		answer(caller, (uint32_t)SMPP_GENERIC_NACK, pdu.sequence, SMPP_RINVCMDID);
}

static size_t measure(void *ctx, const uint8_t *at, size_t len)
{
	const size_t n = smpp_measure(ctx, at, len);
	return n > CALLER_PDU_MAX ? SIZE_MAX : n;
}

static void on_garbled(void *ctx, const uint8_t *at, size_t len)
{
	struct caller *caller = ctx;
	uint32_t sequence;
	char why[WHY_MAX];
	const bool answered = smpp_garbled(at, len, &sequence, why, sizeof why);
	refuse(caller->outbind, caller->peer, why);
	if (!answered) {
		forget(caller);
		return;
	}
	answer(caller, (uint32_t)SMPP_GENERIC_NACK, sequence, SMPP_RINVCMDLEN);
	caller->leaving = true;
	stream_finish(caller->stream, why);
}

static void on_stream(void *ctx, enum stream_event event, const char *why)
{
	struct caller *caller = ctx;
	if (event != STREAM_CLOSED) {
		link_info(caller->outbind->link, "event=called peer=%s tls=\"%s\"", caller->peer, why);
		return;
	}
	if (!caller->leaving)
		refuse(caller->outbind, caller->peer, why);
	forget(caller);
}

static void on_late(evutil_socket_t fd, short what, void *arg)
{
	(void)fd, (void)what;
	struct caller *caller = arg;
	if (caller->leaving)
		forget(caller);
	else
		turn_away(caller, "no outbind within outbind_timeout");
}

/* The door. */

static bool is_allowed(const struct outbind *outbind, const struct sockaddr *from)
{
	const struct conf_list *list = &outbind->options->listen_from;
	struct network network;
	for (size_t i = 0; i < list->n; i++)
		if (network_read(list->items[i], &network) && network_has(&network, from))
			return true;
	return false;
}

static void receive(struct caller *caller, int fd, const char *peer)
{
	const struct smpp_options *options = caller->outbind->options;
	const struct stream_options how = { .partial_ms = (unsigned)options->pdu_timeout,
		.stall_ms = (unsigned)options->write_timeout,
		.connect_ms = (unsigned)options->outbind_timeout, .tls = caller->outbind->tls };
	const struct stream_handler handler = { .ctx = caller, .measure = measure,
		.frame = on_frame, .garbled = on_garbled, .event = on_stream };
	caller->leaving = false;
	caller->pdus = 0;
	snprintf(caller->peer, sizeof caller->peer, "%s", peer);
	caller->stream = stream_adopt(link_base(caller->outbind->link), fd, &how, &handler);
	clock_ring(caller->timer, (uint64_t)options->outbind_timeout);
}

static void on_accept(struct evconnlistener *listener, evutil_socket_t fd, struct sockaddr *from,
    int len, void *ctx)
{
	(void)listener, (void)len;
	struct outbind *outbind = ctx;
	char peer[NETWORK_NAME_MAX];
	struct caller *place = NULL;
	network_name(from, peer);
	for (size_t i = 0; i < CALLERS_MAX && !place; i++)
		if (!outbind->callers[i].stream)
			place = &outbind->callers[i];
	if (place && is_allowed(outbind, from)) {
		receive(place, fd, peer);
		return;
	}
	refuse(outbind, peer, place ? "its address is not in listen_from"
	    : "too many others have not said who they are");
	close(fd);
}

static void on_accept_failed(struct evconnlistener *listener, void *ctx)
{
	struct outbind *outbind = ctx;
	refuse(outbind, "?", strerror(errno));
	evconnlistener_disable(listener);
	clock_ring(outbind->rest, REST_MS);
}

static void on_rested(evutil_socket_t fd, short what, void *arg)
{
	(void)fd, (void)what;
	evconnlistener_enable(((struct outbind *)arg)->listener);
}

/* A port alone is every address, of IPv6 as well where there is such. */
static struct evconnlistener *open_door(struct outbind *outbind, const char *where)
{
	const unsigned flags = LEV_OPT_CLOSE_ON_FREE | LEV_OPT_CLOSE_ON_EXEC | LEV_OPT_REUSEABLE;
	struct event_base *base = link_base(outbind->link);
	struct sockaddr_storage at;
	socklen_t len;
	if (!network_endpoint(where, &at, &len))
		return NULL;
	struct evconnlistener *listener = evconnlistener_new_bind(base, on_accept, outbind, flags,
	    BACKLOG, (struct sockaddr *)&at, (int)len);
	if (listener || errno != EAFNOSUPPORT || strchr(where, ':'))
		return listener;
	const struct sockaddr_in any = { .sin_family = AF_INET,
		.sin_port = ((struct sockaddr_in6 *)&at)->sin6_port };
	return evconnlistener_new_bind(base, on_accept, outbind, flags, BACKLOG,
	    (const struct sockaddr *)&any, sizeof any);
}

struct outbind *outbind_new(struct link *link, const struct smpp_options *options,
    const struct outbind_owner *owner, struct conf_error *err)
{
	struct outbind *outbind = calloc(1, sizeof *outbind);
	if (!outbind)
		abort();
	*outbind = (struct outbind){ .link = link, .options = options, .owner = *owner };
	if (options->tls.on && !(outbind->tls = tls_new_server(&options->tls, err))) {
		free(outbind);
		return NULL;                    /* a file has gone since it was checked */
	}
	outbind->listener = open_door(outbind, options->listen);
	if (!outbind->listener) {
		conf_fail(err, "cannot listen at %.80s: %s%s", options->listen, strerror(errno),
		    errno == EADDRINUSE ? ": another link or program does" : "");
		tls_free(outbind->tls);
		free(outbind);
		return NULL;
	}
	evconnlistener_set_error_cb(outbind->listener, on_accept_failed);
	outbind->rest = event_new(link_base(link), -1, 0, on_rested, outbind);
	if (!outbind->rest)
		abort();
	for (size_t i = 0; i < CALLERS_MAX; i++) {
		struct caller *caller = &outbind->callers[i];
		caller->outbind = outbind;
		caller->timer = event_new(link_base(link), -1, 0, on_late, caller);
		if (!caller->timer)
			abort();
	}
	link_info(link, "event=listening address=%s", options->listen);
	return outbind;
}

void outbind_free(struct outbind *outbind)
{
	if (!outbind)
		return;
	for (size_t i = 0; i < CALLERS_MAX; i++) {
		forget(&outbind->callers[i]);
		event_free(outbind->callers[i].timer);
	}
	evconnlistener_free(outbind->listener);
	tls_free(outbind->tls);
	event_free(outbind->rest);
	free(outbind);
}

/* Keys. */

bool outbind_wanted(const struct smpp_options *options)
{
	return options->listen && *options->listen;
}

/* Who may call, and how he says who he is. */
static bool check_callers(const struct smpp_options *options, struct conf_error *err)
{
	enum { ID_MAX = 15, PASSWORD_MAX = sizeof ((struct smpp_pdu *)0)->password - 1 };
	struct network network;
	if (options->listen_from.n == 0)
		return conf_fail(err, "listen needs listen_from: the addresses that may connect, like "
		    "{\"192.0.2.7\", \"198.51.100.0/24\"}");
	for (size_t i = 0; i < options->listen_from.n; i++)
		if (!network_read(options->listen_from.items[i], &network))
			return conf_fail(err, "listen_from: \"%.80s\" is no address and no network: like "
			    "\"192.0.2.7\" or \"198.51.100.0/24\"", options->listen_from.items[i]);
	if (!*options->outbind_id || strlen(options->outbind_id) > ID_MAX)
		return conf_fail(err, "listen needs outbind_id, the system_id by which the message centre "
		    "makes itself known, of up to %d characters", ID_MAX);
	if (strlen(options->outbind_password) > PASSWORD_MAX ||
	    strlen(options->outbind_password_file) > PASSWORD_MAX)
		return conf_fail(err, "outbind_password is longer than %zu characters",
		    (size_t)PASSWORD_MAX);
	if (*options->outbind_password && *options->outbind_password_file)
		return conf_fail(err, "outbind_password and outbind_password_file are both given: keep one");
	return true;
}

bool outbind_check(const struct smpp_options *options, struct conf_error *err)
{
	struct sockaddr_storage at;
	socklen_t len;
	const bool asks = options->tls.client_ca && *options->tls.client_ca;
	if (!outbind_wanted(options) && asks)
		return conf_fail(err, "tls_client_ca is about message centres that connect to us: it needs "
		    "listen; tls_ca is for those that we connect to");
	if (!outbind_wanted(options))
		return options->host.n > 0 || conf_fail(err, "host is missing: the message centre to "
		    "connect to; or listen, where one connects to us");
	if (!network_endpoint(options->listen, &at, &len))
		return conf_fail(err, "listen = \"%.80s\" is no address with a port, and no port: like "
		    "\"192.0.2.1:2775\", \"[2001:db8::1]:2775\" or \"2775\"", options->listen);
	if (!options->tls.on && asks)
		return conf_fail(err, "tls_client_ca needs tls = on");
	if (options->tls.on) {
		struct tls *tls = tls_new_server(&options->tls, err);
		if (!tls)
			return false;
		tls_free(tls);
	}
	return check_callers(options, err);
}
