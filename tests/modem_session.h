/* SPDX-License-Identifier: Apache-2.0 */
/*
 * modem_session.h - the whole driver of modems against a simulated one, for tests: options read as
 * the gateway reads them, and a folder for what is remembered of PINs.
 */
#ifndef MODEM_SESSION_TEST_H
#define MODEM_SESSION_TEST_H

#include "../conf/conf.h"
#include "../drivers/modem.h"
#include "../gateway/asked.h"
#include "modem_world.h"

#include <sys/stat.h>

extern const struct driver modem_driver;

/* Waits of a session are multiples of it: fifty times as fast as usual. */
#define QUICK "recovery_wait = 0.02\n"

static struct modem_options modem_said;
static char state_folder[64];

/* Reads a link's keys from a file of its own, as a gateway would. */
static inline bool modem_options_read(struct modem_options *into, const char *lines, struct conf_error *err)
{
	static const struct conf_key *const tables[] = { modem_keys, NULL };
	static const struct conf_kind kinds[] = { { "link", true, tables }, { .name = NULL } };
	char path[] = "/tmp/smsqld-modem-conf.XXXXXX";
	const int fd = mkstemp(path); /* for its owner alone: it may hold a PIN */
	ck_assert_int_ge(fd, 0);
	dprintf(fd, "link \"acme\" {\n%s\n}\n", lines);
	close(fd);
	struct conf *conf = conf_read(path, kinds, err);
	unlink(path);
	*into = (struct modem_options){ .device = NULL };
	const bool good = conf && conf_fill(conf_next(conf, "link", NULL), modem_keys, into, err) && modem_check(into, err);
	conf_free(conf);
	return good;
}

/* With what else the file says, a line each. */
static inline void modem_link_said(const char *lines)
{
	char text[4096];
	struct conf_error err;
	snprintf(text, sizeof text, "device = \"%s\"\nstate = \"%s\"\n%s%s", modem_path, state_folder,
	    strstr(lines, "recovery_wait") ? "" : QUICK, lines);
	conf_clear(modem_keys, &modem_said);
	ck_assert_msg(modem_options_read(&modem_said, text, &err), "%s", err.text);
}

static inline void modem_link_open(const char *lines)
{
	modem_link_said(lines);
	world_open_as(&modem_driver, &modem_said);
}

/* The next session of the link, as after a back-off. */
static inline void modem_link_reopen(void)
{
	world_close();
	the_link.ups = the_link.waits = the_link.downs = the_link.window = 0;
	the_link.why[0] = the_link.note[0] = '\0';
	world_open_as(&modem_driver, &modem_said);
}

static inline void modem_link_up(const char *lines)
{
	modem_link_open(lines);
	AWAIT(the_link.ups || the_link.downs);
	ck_assert_msg(the_link.ups, "%s", the_link.why);
}

static inline void modem_state_setup(void)
{
	snprintf(state_folder, sizeof state_folder, "/tmp/smsqld-state.XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(state_folder));
}

/* With the session closed. */
static inline void modem_state_teardown(void)
{
	char command[128];
	conf_clear(modem_keys, &modem_said);
	snprintf(command, sizeof command, "rm -r %s", state_folder);
	ck_assert_int_eq(system(command), 0);
}

static inline void modem_session_setup(void)
{
	modem_world_setup();
	modem_state_setup();
}

static inline void modem_session_teardown(void)
{
	world_close();
	modem_state_teardown();
	modem_world_teardown();
}

#endif
