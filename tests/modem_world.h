/* SPDX-License-Identifier: Apache-2.0 */
/*
 * modem_world.h - a simulated modem on a pseudo-terminal, in one loop with the link that
 * link_world.h plays. What the modem sees is written down, and its script can be added to at
 * any time. One test, one world.
 */
#ifndef MODEM_WORLD_H
#define MODEM_WORLD_H

#include "../sms/tpdu.h"
#include "link_world.h"
#include "sim/sim_modem.h"

#include <strings.h>
#include <unistd.h>

enum { MODEM_HEARD_MAX = 16384, MODEM_HEARD_TEXT = 512 };

struct modem_heard { enum sim_modem_what what; char text[MODEM_HEARD_TEXT], id[64]; struct tpdu tpdu; };

static struct sim_modem *the_modem;
static char modem_folder[64], modem_path[96]; /* the device */
static struct modem_heard modem_heard[MODEM_HEARD_MAX];
static unsigned nmodem_heard;

static inline void on_modem_event(void *ctx, const struct sim_modem_event *event)
{
	(void)ctx;
	ck_assert_uint_lt(nmodem_heard, MODEM_HEARD_MAX);
	struct modem_heard *at = &modem_heard[nmodem_heard++];
	at->what = event->what;
	snprintf(at->text, sizeof at->text, "%s", event->text);
	snprintf(at->id, sizeof at->id, "%s", event->id);
	if (event->tpdu)
		at->tpdu = *event->tpdu;
	if (getenv("LOUD"))
		fprintf(stderr, "modem %d \"%s\" %s\n", (int)at->what, at->text, at->id);
}

/* Adds a line to the modem's script, or does what it says. */
__attribute__((format(printf, 1, 2))) static inline void modem_script(const char *format, ...)
{
	char line[1024], why[256];
	va_list args;
	va_start(args, format);
	vsnprintf(line, sizeof line, format, args);
	va_end(args);
	ck_assert_msg(sim_modem_script(the_modem, line, why, sizeof why), "%s: %s", line, why);
}

/* What it saw of this kind so far. */
static inline unsigned heard_of(enum sim_modem_what what)
{
	unsigned n = 0;
	for (unsigned i = 0; i < nmodem_heard; i++)
		n += modem_heard[i].what == what;
	return n;
}

/* The nth of that kind, counted from 0; it has to be there. */
static inline const struct modem_heard *heard_nth(enum sim_modem_what what, unsigned nth)
{
	for (unsigned i = 0; i < nmodem_heard; i++)
		if (modem_heard[i].what == what && !nth--)
			return &modem_heard[i];
	ck_abort_msg("the modem saw less than that");
	return NULL;
}

/* Commands that begin so. */
static inline unsigned commands_of(const char *beginning)
{
	unsigned n = 0;
	for (unsigned i = 0; i < nmodem_heard; i++)
		n += modem_heard[i].what == MODEM_COMMAND && strncasecmp(modem_heard[i].text, beginning, strlen(beginning)) == 0;
	return n;
}

/* Events of that kind whose text begins so. */
static inline unsigned heard_text(enum sim_modem_what what, const char *beginning)
{
	unsigned n = 0;
	for (unsigned i = 0; i < nmodem_heard; i++)
		n += modem_heard[i].what == what && strncmp(modem_heard[i].text, beginning, strlen(beginning)) == 0;
	return n;
}

/* In a loop that is there: makes the modem, which is plugged in at modem_path. */
static inline void modem_plug_in(void)
{
	char why[256];
	nmodem_heard = 0;
	snprintf(modem_folder, sizeof modem_folder, "/tmp/smsqld-modem.XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(modem_folder));
	snprintf(modem_path, sizeof modem_path, "%s/modem", modem_folder);
	const struct sim_modem_setup setup = { .path = modem_path, .name = "m1", .tell = on_modem_event };
	the_modem = sim_modem_new(the_link.base, &setup, why, sizeof why);
	ck_assert_msg(the_modem != NULL, "%s", why);
}

/* With the session closed. */
static inline void modem_take_away(void)
{
	sim_modem_free(the_modem);
	the_modem = NULL;
	rmdir(modem_folder);
}

/* Makes the loop, the link and the modem. */
static inline void modem_world_setup(void)
{
	link_world_setup();
	modem_plug_in();
}

static inline void modem_world_teardown(void)
{
	modem_take_away();
	link_world_teardown();
}

#endif
