/* SPDX-License-Identifier: Apache-2.0 */
/*
 * modem_ladder.c - what helps a modem that hangs, from the gentlest to the last, each once.
 *
 *     (ESC, AT: the channel's own)   ^Z   reopen   radio off and on   reset   power hook   failed
 *
 * A rung is a few moves with waits between them; most end by looking for the modem again, and the
 * session goes on from there. If that comes to nothing the next rung is tried. The ladder is
 * forgotten when a message went out, or when the network was there for a while. A modem that failed
 * is looked for each minute, for ever; it is not switched off and on over and over.
 *
 * ^Z would send half a message, so it is left out where the channel says that one may be half written.
 * Some modems do not survive AT+CFUN (their profile says so). Commands to a mute modem are written
 * without waiting for answers.
 */
#include "modem_session.h"

#include "../gateway/clock.h"

#include <event2/event.h>

#include <stdio.h>
#include <string.h>

enum { WAITS_HOOK = 60, WAITS_HOOK_END = 65 };

struct move {
	void (*act)(struct session *);
	unsigned waits;                 /* afterwards, in multiples of recovery_wait */
};

/* Moves. */

static void shut(struct session *session)
{
	session_shut(session);
}

static void reach(struct session *session)
{
	session_shut(session);
	session_reach(session);
}

static void seek(struct session *session)
{
	session_shut(session);
	session->booted = true;
	session_enter(session, MODEM_FINDING);
}

static void poke(struct session *session, const char *line)
{
	char octets[AT_LINE_MAX];
	snprintf(octets, sizeof octets, "%.100s\r", line);
	if (session->modem.channel && !channel_poke(session->modem.channel, octets))
		link_debug(session->modem.link, "event=mending reason=\"%s cannot be written now\"", line);
}

static void on_probed(void *ctx, const struct at_answer *answer)
{
	struct session *session = ctx;
	if (answer->result != AT_OK || session->phase != MODEM_MENDING || session->ladder.rung != RUNG_END)
		return;
	session->restart = true;
	snprintf(session->why, sizeof session->why, "it answers again");
	event_active(session->wake, 0, 0);
}

/* may_end() has written it. */
static void end_message(struct session *session)
{
	const struct at_command probe = { .line = "AT", .timeout_ms = (unsigned)session->modem.options->command_timeout,
		.first = true, .done = on_probed, .ctx = session };
	channel_ask(session->modem.channel, &probe);
}

static void radio_off(struct session *session) { poke(session, "AT+CFUN=4"); }
static void radio_on(struct session *session) { poke(session, "AT+CFUN=1"); }

static void reset(struct session *session)
{
	const char *line = session->modem.profile->reset;
	poke(session, line ? line : "AT+CFUN=1,1");
}

static void on_power(void *ctx, bool well, const char *how)
{
	struct session *session = ctx;
	if (!well)
		link_warn(session->modem.link, "event=power_hook reason=\"it %s\"", how);
	session_ring(session, 0);
}

static void power(struct session *session)
{
	const struct modem_options *options = session->modem.options;
	struct ladder *ladder = &session->ladder;
	const char *why;
	session_shut(session);
	hook_free(ladder->hook);
	ladder->hook = hook_run(link_base(session->modem.link), options->power_hook,
	    *session->device ? session->device : options->device, link_name(session->modem.link), WAITS_HOOK * (uint64_t)options->recovery_wait, &why, on_power,
	    session);
	if (ladder->hook)
		return;
	link_warn(session->modem.link, "event=power_hook reason=\"cannot be run: %s\"", why);
	session_ring(session, 0);
}

static void rest(struct session *session)
{
	(void)session;
}

/* Rungs. */

static bool always(struct session *session)
{
	(void)session;
	return true;
}

static bool may_end(struct session *session)
{
	return session->modem.channel && channel_poke(session->modem.channel, "\x1A\r");
}

static bool bears_cfun(struct session *session)
{
	return !session->modem.profile->no_cfun && *session->device;
}

static bool has_device(struct session *session)
{
	return *session->device;
}

static bool has_hook(struct session *session)
{
	return *session->modem.options->power_hook;
}

static const struct rung_row {
	const char *name;
	bool (*can)(struct session *);
	struct move moves[6];
} rungs[RUNGS] = {
	[RUNG_NONE]   = { "escape", always, { { NULL, 0 } } },
	[RUNG_END]    = { "end of message", may_end, { { end_message, 5 } } },
	[RUNG_REOPEN] = { "reopen", always, { { shut, 1 }, { seek, 0 } } },
	[RUNG_RADIO]  = { "radio off and on", bears_cfun,
	    { { reach, 2 }, { radio_off, 5 }, { radio_on, 5 }, { shut, 1 }, { seek, 0 } } },
	[RUNG_RESET]  = { "reset", has_device, { { reach, 2 }, { reset, 3 }, { shut, 20 }, { seek, 0 } } },
	[RUNG_POWER]  = { "power hook", has_hook, { { power, WAITS_HOOK_END }, { rest, 20 }, { seek, 0 } } },
	[RUNG_FAILED] = { "failed", always, { { shut, 60 }, { seek, 0 } } },
};

static void say(struct session *session, const char *why)
{
	struct ladder *ladder = &session->ladder;
	const struct link *link = session->modem.link;
	if (ladder->rung == RUNG_FAILED) {
		if (!ladder->told)
			link_warn(link, "event=failed reason=\"%s\" remedy=\"nothing helped: see the modem, its SIM and its power; "
			    "it is tried each minute\"", why);
		ladder->told = true;
		session_say(session, "failed: %s; nothing helped, and it is tried each minute", why);
	} else {
		link_warn(link, "event=mending by=\"%s\" reason=\"%s\"", rungs[ladder->rung].name, why);
		session_say(session, "recovers (%s): %s", rungs[ladder->rung].name, why);
	}
}

void ladder_move(struct session *session)
{
	struct ladder *ladder = &session->ladder;
	const struct rung_row *row = &rungs[ladder->rung];
	const size_t most = sizeof row->moves / sizeof *row->moves;
	if (ladder->move == most || !row->moves[ladder->move].act) {
		ladder_climb(session, RUNG_NONE, ladder->why);
		return;
	}
	const struct move *move = &row->moves[ladder->move++];
	session_ring(session, move->waits);
	move->act(session);
}

void ladder_climb(struct session *session, enum rung least, const char *why)
{
	struct ladder *ladder = &session->ladder;
	char text[MODEM_WHY_MAX];
	snprintf(text, sizeof text, "%s", why); /* it may be the ladder's own */
	enum rung rung = ladder->rung < RUNG_FAILED ? ladder->rung + 1 : RUNG_FAILED;
	if (rung < least)
		rung = least;
	while (!rungs[rung].can(session))
		rung++;
	ladder->rung = rung;
	ladder->move = 0;
	ladder->ills = ladder->quiet = 0;
	memcpy(ladder->why, text, sizeof ladder->why);
	session_enter(session, MODEM_MENDING);
	say(session, ladder->why);
	ladder_move(session);
}

void ladder_leave(struct session *session)
{
	struct ladder *ladder = &session->ladder;
	if (ladder->rung)
		link_info(session->modem.link, "event=mended by=\"%s\"", rungs[ladder->rung].name);
	hook_free(ladder->hook);
	*ladder = (struct ladder){ .rung = RUNG_NONE };
}
