/* SPDX-License-Identifier: Apache-2.0 */
/*
 * smsc_sim.c - smsc-sim: a message centre for tests, without a network: SMPP, UCP, CIMD2, modems.
 *
 *     main           options, listeners, signals
 *     sim_session    connections: octets, states, deadlines
 *     sim_dialect    what is spoken on them: sim_smpp, sim_ucp (and sim_ucp_read), sim_cimd2 (and
 *                    sim_cimd2_read); sim_frames: STX and ETX; sim_status: errors of all three
 *     sim_react      commands against states
 *     sim_judge      what a submit is worth  sim_center  what becomes of it
 *     sim_deliver    receipts and echoes     sim_inbound messages from handsets
 *     sim_inject     such messages of a file sim_text   a text in parts
 *     sim_outbind    calling a client        sim_alert  handsets that are back
 *     sim_ussd       handsets in dialogues
 *     sim_phones     modems as clients of it sim_modem*  a modem (see sim_modem_inside.h)
 *     sim_message    a message as JSON
 *     sim_account    who may bind, and delivering until it is acknowledged
 *     sim_agenda     what is due later       sim_count   counts and doubles
 *
 * One thread, one loop. It shares the codecs with the gateway, and nothing else
 * of its protocol code: tests/peers/ has a message centre that shares nothing.
 */
#include "sim_center.h"
#include "sim_dialect.h"
#include "sim_inject.h"
#include "sim_options.h"
#include "sim_outbind.h"
#include "sim_phones.h"
#include "sim_session.h"

#include "../../gateway/log.h"

#include <event2/event.h>
#include <event2/listener.h>
#include <event2/util.h>

#include <errno.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

enum { EXIT_USAGE = 2 };

/* A port that is listened on. */
struct door {
	const struct dialect *dialect;
	const struct sim_door *wanted;
	struct center *center;
	struct evconnlistener *listener;        /* NULL: it was not asked for */
};

static void on_accept(struct evconnlistener *listener, evutil_socket_t fd,
    struct sockaddr *from, int len, void *ctx)
{
	(void)listener, (void)from, (void)len;
	const struct door *door = ctx;
	center_clock(door->center);
	session_new(door->center, door->dialect, fd);
}

static void on_accept_error(struct evconnlistener *listener, void *ctx)
{
	(void)listener, (void)ctx;
	log_warn("event=accept reason=\"%s\"", strerror(errno));
}

static void on_stop(evutil_socket_t number, short what, void *ctx)
{
	(void)number, (void)what;
	event_base_loopbreak(((struct center *)ctx)->base);
}

static void on_report(evutil_socket_t number, short what, void *ctx)
{
	(void)number, (void)what;
	center_report(ctx);
}

static struct evconnlistener *listen_on(struct door *door)
{
	const struct sim_options *options = door->center->options;
	const unsigned port = door->wanted->port;
	struct sockaddr_storage address = { 0 };
	int len = sizeof address;
	if (evutil_parse_sockaddr_port(options->listen, (struct sockaddr *)&address, &len) != 0) {
		fprintf(stderr, "smsc-sim: --listen: %s is no address\n", options->listen);
		return NULL;
	}
	if (address.ss_family == AF_INET6)
		((struct sockaddr_in6 *)&address)->sin6_port = htons((uint16_t)port);
	else
		((struct sockaddr_in *)&address)->sin_port = htons((uint16_t)port);
	struct evconnlistener *listener = evconnlistener_new_bind(door->center->base, on_accept, door,
	    LEV_OPT_CLOSE_ON_FREE | LEV_OPT_CLOSE_ON_EXEC | LEV_OPT_REUSEABLE, 128,
	    (struct sockaddr *)&address, len);
	if (!listener) {
		fprintf(stderr, "smsc-sim: cannot listen on %s port %u: %s\n", options->listen,
		    port, strerror(errno));
		return NULL;
	}
	evconnlistener_set_error_cb(listener, on_accept_error);
	return listener;
}

static unsigned port_of(struct evconnlistener *listener)
{
	struct sockaddr_storage address = { 0 };
	socklen_t len = sizeof address;
	getsockname(evconnlistener_get_fd(listener), (struct sockaddr *)&address, &len);
	return ntohs(address.ss_family == AF_INET6 ?
	    ((struct sockaddr_in6 *)&address)->sin6_port :
	    ((struct sockaddr_in *)&address)->sin_port);
}

static bool doors_open(struct door *doors, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (doors[i].wanted->open && !(doors[i].listener = listen_on(&doors[i])))
			return false;
	return true;
}

static void doors_close(struct door *doors, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (doors[i].listener)
			evconnlistener_free(doors[i].listener);
}

static void doors_say(const struct center *center, const struct door *doors, size_t n)
{
	printf("READY");
	for (size_t i = 0; i < n; i++)
		if (doors[i].listener)
			printf(" %s=%u", doors[i].dialect->name, port_of(doors[i].listener));
	phones_say(center);
	putchar('\n');
	fflush(stdout);
}

/* Serves until a signal ends it. */
static bool serve(struct center *center)
{
	static const struct { int number; event_callback_fn act; } signals[] = {
		{ SIGTERM, on_stop }, { SIGINT, on_stop }, { SIGUSR1, on_report },
	};
	enum { SIGNALS = sizeof signals / sizeof *signals };
	struct event *events[SIGNALS];
	const struct sim_options *options = center->options;
	struct door doors[] = { { &dialect_smpp, &options->smpp, center, NULL },
		{ &dialect_ucp, &options->ucp, center, NULL }, { &dialect_cimd2, &options->cimd2, center, NULL } };
	enum { DOORS = sizeof doors / sizeof *doors };
	if (!doors_open(doors, DOORS)) {
		doors_close(doors, DOORS);
		return false;
	}
	for (size_t i = 0; i < SIGNALS; i++) {
		events[i] = evsignal_new(center->base, signals[i].number, signals[i].act, center);
		if (!events[i] || event_add(events[i], NULL) != 0)
			abort();
	}
	doors_say(center, doors, DOORS);
	event_base_dispatch(center->base);
	for (size_t i = 0; i < SIGNALS; i++)
		event_free(events[i]);
	doors_close(doors, DOORS);
	return true;
}

int main(int argc, char **argv)
{
	static struct sim_options options;
	if (!sim_options_read(&options, argc, argv))
		return EXIT_USAGE;
	if (options.help || options.version) {
		if (options.help)
			sim_options_help();
		else
			puts("smsc-sim " SMSQLD_VERSION);
		return EXIT_SUCCESS;
	}
	if (options.quiet)
		log_set_level(LOG_LEVEL_ERROR);
	signal(SIGPIPE, SIG_IGN);
	struct event_base *base = event_base_new();
	if (!base)
		abort();
	struct center *center = center_new(&options, base);
	int status = EXIT_FAILURE;
	if (center && !inject_read(center)) {
		status = EXIT_USAGE;
	} else if (center && (!outbind_start(center) || !phones_start(center))) {
		status = EXIT_USAGE;
	} else if (center && serve(center)) {
		sessions_flush(center);
		center_report(center);
		status = EXIT_SUCCESS;
	}
	if (center)
		center_free(center);
	event_base_free(base);
	libevent_global_shutdown();
	return status;
}
