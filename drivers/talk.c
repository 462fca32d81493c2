/* SPDX-License-Identifier: Apache-2.0 */
/*
 * talk.c - the phases of a connection, and its deadlines.
 *
 *   IDLE --> CONNECTING --> LOGIN ------> UP --------> LOGOUT ------> LEAVING --> CLOSED
 *    | talk_    on_stream   ^   talk_up   | talk_       | talk_leave,  | on_stream  ^
 *    | connect              |             | log_out     | logout_late  |            |
 *    +----- talk_adopt -----+             +----- talk_leave -----------+            |
 *        from any: the stream is lost, a deadline passes, talk_end(), talk_close() -+
 *
 * enter() makes every transition but those of talk_end() and talk_close(), and starts the
 * phase's deadline. LEAVING lets our last octets out before the connection ends.
 *
 * Any frame is a sign of life; the owner asks for one after silence.
 */
#include "talk.h"

#include "../gateway/clock.h"

#include <event2/event.h>

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { WHY_MAX = 320 };

struct talk {
	struct link *link;
	const char *name;
	struct talk_settings settings;
	struct talk_owner owner;
	enum talk_phase phase;
	struct stream *stream;          /* NULL in IDLE, and once closed */
	struct tls *tls;                /* NULL without */
	size_t first, nhosts;           /* of the hosts, that it connects to */
	char secured[WHY_MAX];          /* what TLS says of the connection */
	struct event *timer;
	uint64_t rings_at;              /* when the timer does; 0: it does not */
	uint64_t late_at;               /* end of the phase; 0: it has none */
	uint64_t heard_at;              /* the last frame, or the end of a pause */
	uint64_t asked_at;              /* an enquiry after which nothing came; 0: none */
	unsigned paused;                /* reasons, a bit each */
	enum down end;                  /* once LEAVING */
	char why[WHY_MAX];
};

enum talk_phase talk_phase(const struct talk *talk)
{
	return talk->phase;
}

/* The last thing that the owner hears. */
void talk_end(struct talk *talk, enum down how, const char *format, ...)
{
	char why[WHY_MAX];
	va_list args;
	va_start(args, format);
	vsnprintf(why, sizeof why, format, args);
	va_end(args);
	if (talk->phase == TALK_CLOSED)
		return;
	talk->phase = TALK_CLOSED;
	event_del(talk->timer);
	talk->owner.ended(talk->owner.wire, how, why);
}

/* Phases. */

static void begin_connect(struct talk *);
static void tell_connected(struct talk *);
static void tell_logging_out(struct talk *);
static void finish(struct talk *);
static void connect_impossible(struct talk *);
static void login_late(struct talk *);
static void logout_late(struct talk *);

static const struct {
	const char *name;
	size_t limit;                   /* the setting that says how long; 0: for ever */
	void (*enter)(struct talk *);
	void (*late)(struct talk *);
} phases[] = {
	[TALK_IDLE]       = { "idle", 0, NULL, NULL },
	/* The stream has deadlines of its own. */
	[TALK_CONNECTING] = { "connecting", 0, begin_connect, connect_impossible },
	[TALK_LOGIN]      = { "login", offsetof(struct talk_settings, login_ms), tell_connected,
	    login_late },
	[TALK_UP]         = { "up", 0, NULL, NULL },
	[TALK_LOGOUT]     = { "logout", offsetof(struct talk_settings, logout_ms), tell_logging_out,
	    logout_late },
	[TALK_LEAVING]    = { "leaving", 0, finish, NULL },
	[TALK_CLOSED]     = { "closed", 0, NULL, NULL },
};

/* When it has to be looked at next; 0: not before it hears something. */
static uint64_t next_deadline(const struct talk *talk)
{
	uint64_t at = talk->late_at, ask = 0;
	if (talk->phase != TALK_UP || talk->paused)
		return at;
	if (talk->asked_at)
		ask = talk->asked_at + talk->settings.enquiry_ms;
	else if (talk->settings.silence_ms)
		ask = talk->heard_at + talk->settings.silence_ms;
	return ask && (!at || ask < at) ? ask : at;
}

/* Makes the timer ring in time. It may ring early, and then looks again: what is heard moves the
 * deadline away, and the timer is not set anew each time. */
static void arm(struct talk *talk)
{
	const uint64_t at = next_deadline(talk);
	if (!at || (talk->rings_at && talk->rings_at <= at))
		return;
	const uint64_t now = clock_ms();
	talk->rings_at = at;
	clock_ring(talk->timer, at > now ? at - now : 0);
}

static void enter(struct talk *talk, enum talk_phase phase)
{
	link_debug(talk->link, "event=phase of=%s from=%s to=%s", talk->name,
	    phases[talk->phase].name, phases[phase].name);
	talk->phase = phase;
	talk->late_at = 0;
	if (phases[phase].limit)
		talk->late_at = clock_ms() + *(const unsigned *)
		    ((const char *)&talk->settings + phases[phase].limit);
	arm(talk);
	if (phases[phase].enter)
		phases[phase].enter(talk);
}

static void tell_connected(struct talk *talk)
{
	talk->owner.connected(talk->owner.wire);
}

static void tell_logging_out(struct talk *talk)
{
	talk->owner.logging_out(talk->owner.wire);
}

static void finish(struct talk *talk)
{
	stream_finish(talk->stream, talk->why);
}

static void connect_impossible(struct talk *talk)
{
	talk_end(talk, DOWN_REFUSED, "%s", talk->why);
}

static void login_late(struct talk *talk)
{
	talk_end(talk, DOWN_LOST, "no answer to %s within %g s", talk->settings.login,
	    (double)talk->settings.login_ms / 1000);
}

static void logout_late(struct talk *talk)
{
	char why[WHY_MAX];
	snprintf(why, sizeof why, "drained; %s was not answered", talk->settings.logout);
	talk_leave(talk, DOWN_DRAINED, why);
}

void talk_up(struct talk *talk)
{
	assert(talk->phase == TALK_LOGIN);
	talk->heard_at = clock_ms();
	enter(talk, TALK_UP);
}

void talk_log_out(struct talk *talk)
{
	assert(talk->phase == TALK_UP);
	enter(talk, TALK_LOGOUT);
}

void talk_leave(struct talk *talk, enum down how, const char *why)
{
	if (talk->phase >= TALK_LEAVING)
		return;
	talk->end = how;
	snprintf(talk->why, sizeof talk->why, "%s", why);
	enter(talk, TALK_LEAVING);
}

/* The stream. */

static size_t on_measure(void *ctx, const uint8_t *at, size_t len)
{
	struct talk *talk = ctx;
	return talk->owner.measure(talk->owner.wire, at, len);
}

void talk_heard(struct talk *talk)
{
	const bool asked = talk->asked_at != 0;
	talk->heard_at = clock_ms();
	talk->asked_at = 0;
	if (asked && talk->phase == TALK_UP)
		arm(talk);              /* the next silence may end before the enquiry would have */
}

static void on_frame(void *ctx, const uint8_t *at, size_t len)
{
	struct talk *talk = ctx;
	if (talk->owner.frame(talk->owner.wire, at, len))
		talk_heard(talk);
}

static void on_garbled(void *ctx, const uint8_t *at, size_t len)
{
	struct talk *talk = ctx;
	talk->owner.garbled(talk->owner.wire, at, len);
}

static void on_stream(void *ctx, enum stream_event event, const char *why)
{
	struct talk *talk = ctx;
	if (event == STREAM_CONNECTED) {
		link_info(talk->link, "event=connected host=%s", why);
		if (talk->tls && strstr(why, ", "))
			snprintf(talk->secured, sizeof talk->secured, "%s", strstr(why, ", ") + 2);
		enter(talk, TALK_LOGIN);
	} else if (talk->phase == TALK_LEAVING) {
		talk_end(talk, talk->end, "%s", talk->why);
	} else if (talk->phase == TALK_LOGOUT) {
		talk_end(talk, DOWN_DRAINED, "drained");
	} else if (talk->phase == TALK_CONNECTING) {
		talk_end(talk, stream_is_distrusted(talk->stream) ? DOWN_REFUSED : DOWN_LOST,
		    "cannot connect: %s", why);
	} else {
		talk_end(talk, DOWN_LOST, "%s", why);
	}
}

static void keep_alive(struct talk *talk, uint64_t now)
{
	const unsigned silence = talk->settings.silence_ms, most = talk->settings.enquiry_ms;
	if (talk->phase != TALK_UP || talk->paused || !silence)
		return;
	if (talk->asked_at && now >= talk->asked_at + most) {
		talk_end(talk, DOWN_LOST, "no answer to %s within %g s", talk->settings.enquiry,
		    (double)most / 1000);
	} else if (!talk->asked_at && now >= talk->heard_at + silence) {
		talk->asked_at = now;
		talk->owner.silent(talk->owner.wire);
	}
}

static void on_timer(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	struct talk *talk = arg;
	const uint64_t now = clock_ms();
	talk->rings_at = 0;
	if (talk->late_at && now >= talk->late_at)
		phases[talk->phase].late(talk);
	else
		keep_alive(talk, now);
	if (talk->phase != TALK_CLOSED)
		arm(talk);
}

/* What the owner asks. */

void talk_write(struct talk *talk, const void *octets, size_t len)
{
	if (talk->stream && talk->phase >= TALK_LOGIN && talk->phase < TALK_LEAVING)
		stream_write(talk->stream, octets, len);
}

uint64_t talk_written(const struct talk *talk)
{
	return talk->stream ? stream_written(talk->stream) : 0;
}

uint64_t talk_left(const struct talk *talk)
{
	return talk->stream ? stream_written(talk->stream) - stream_unsent(talk->stream) : 0;
}

size_t talk_host(const struct talk *talk)
{
	const size_t host = talk->stream ? stream_host(talk->stream) : SIZE_MAX;
	return host == SIZE_MAX ? host : talk->first + host;
}

const char *talk_secured(const struct talk *talk)
{
	return talk->secured;
}

bool talk_is_paused(const struct talk *talk)
{
	return talk->paused != 0;
}

void talk_pause(struct talk *talk, unsigned reason)
{
	talk->paused |= reason;
	if (talk->stream)
		stream_pause(talk->stream, 1);
}

bool talk_resume(struct talk *talk, unsigned reason)
{
	const bool was = talk_is_paused(talk);
	talk->paused &= ~reason;
	if (!was || talk->paused || !talk->stream || talk->phase == TALK_CLOSED)
		return false;
	talk->heard_at = clock_ms();
	talk->asked_at = 0;
	stream_resume(talk->stream, 1);
	arm(talk);
	return true;
}

/* From new to close. */

bool talk_check(const struct talk_settings *settings, size_t n, struct conf_error *err)
{
	const struct tls_settings *tls = settings->tls;
	for (size_t i = 0; i < n; i++)
		if (!*settings->hosts[i])
			return conf_fail(err, "host has an empty name");
	if (*settings->source && !stream_is_address(settings->source))
		return conf_fail(err, "source_address = \"%.80s\" is no IPv4 or IPv6 address", settings->source);
	if (!tls->on && tls->pins.n && *tls->pins.items[0])
		return conf_fail(err, "tls_pin needs tls = on");
	if (!tls->on)
		return true;
	struct tls *files = tls_new(tls, err);
	tls_free(files);
	return files;
}

static struct stream_handler handler_of(struct talk *talk)
{
	return (struct stream_handler){ .ctx = talk, .measure = on_measure, .frame = on_frame,
		.garbled = on_garbled, .event = on_stream };
}

static void begin_connect(struct talk *talk)
{
	const struct talk_settings *settings = &talk->settings;
	struct conf_error err;
	if (settings->tls->on && !(talk->tls = tls_new(settings->tls, &err))) {
		/* A file has gone since the configuration was read. */
		snprintf(talk->why, sizeof talk->why, "%.300s", err.text);
		talk->late_at = clock_ms();
		arm(talk);
		return;
	}
	const struct stream_options how = {
		.hosts = settings->hosts + talk->first, .nhosts = talk->nhosts, .port = settings->port,
		.source = settings->source, .connect_ms = settings->connect_ms,
		.partial_ms = settings->partial_ms, .stall_ms = settings->stall_ms, .tls = talk->tls,
	};
	const struct stream_handler handler = handler_of(talk);
	talk->stream = stream_connect(link_base(talk->link), &how, &handler);
}

void talk_connect(struct talk *talk, size_t first, size_t n)
{
	assert(talk->phase == TALK_IDLE);
	talk->first = first;
	talk->nhosts = n;
	enter(talk, TALK_CONNECTING);
}

void talk_adopt(struct talk *talk, struct stream *stream)
{
	assert(talk->phase == TALK_IDLE);
	const struct stream_handler handler = handler_of(talk);
	talk->stream = stream;
	stream_hand_over(stream, &handler);
	enter(talk, TALK_LOGIN);
}

void talk_close(struct talk *talk)
{
	talk->phase = TALK_CLOSED;
	event_del(talk->timer);
	stream_free(talk->stream);
	talk->stream = NULL;
}

struct talk *talk_new(struct link *link, const char *name, const struct talk_settings *settings,
    const struct talk_owner *owner)
{
	struct talk *talk = calloc(1, sizeof *talk);
	if (!talk)
		abort();
	*talk = (struct talk){ .link = link, .name = name, .settings = *settings, .owner = *owner };
	talk->timer = event_new(link_base(link), -1, 0, on_timer, talk);
	if (!talk->timer)
		abort();
	return talk;
}

void talk_free(struct talk *talk)
{
	if (!talk)
		return;
	talk_close(talk);
	event_free(talk->timer);
	tls_free(talk->tls);
	free(talk);
}
