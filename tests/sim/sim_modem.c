/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sim_modem.c - the modem as a thing: plugged or not, awake or not, and its clocks.
 *
 *     unplugged --plug--> booting --boot seconds--> awake <--hang--> hung
 *         ^------------------unplug, from anywhere; reboot: back to booting
 */
#include "sim_modem_inside.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

uint64_t modem_clock(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

void modem_tell(struct sim_modem *modem, enum sim_modem_what what, const char *text, const char *id)
{
	const struct sim_modem_event event = { .what = what, .text = text ? text : "", .id = id ? id : "",
		.tpdu = what == MODEM_TAKEN ? &modem->payload.tpdu : NULL };
	if (modem->setup.tell)
		modem->setup.tell(modem->setup.ctx, &event);
}

void modem_tell_letter(struct sim_modem *modem, enum sim_modem_what what, const char *text,
    const struct letter *letter)
{
	const struct sim_modem_event event = { .what = what, .text = text ? text : "", .id = letter->id,
		.status = letter->status, .again = letter->told, .over = letter->over };
	if (modem->setup.tell)
		modem->setup.tell(modem->setup.ctx, &event);
}

static void later_free(struct later *later)
{
	if (later->next)
		later->next->self = later->self;
	*later->self = later->next;
	event_free(later->timer);
	free(later);
}

void later_cancel(struct later *later)
{
	if (later)
		later_free(later);
}

static void on_later(evutil_socket_t fd, short what, void *ctx)
{
	(void)fd, (void)what;
	struct later *later = ctx;
	struct sim_modem *modem = later->modem;
	void (*act)(struct sim_modem *, void *) = later->act;
	void *arg = later->arg;
	later_free(later);
	act(modem, arg);
}

struct later *modem_later(struct sim_modem *modem, double seconds,
    void (*act)(struct sim_modem *, void *arg), void *arg)
{
	struct later *later = calloc(1, sizeof *later);
	if (!later)
		abort();
	*later = (struct later){ .next = modem->laters, .self = &modem->laters, .modem = modem, .act = act,
		.arg = arg, .timer = evtimer_new(modem->base, on_later, later) };
	if (modem->laters)
		modem->laters->self = &later->next;
	modem->laters = later;
	const struct timeval in = { .tv_sec = (time_t)seconds,
		.tv_usec = (suseconds_t)((seconds - (double)(time_t)seconds) * 1e6) };
	if (!later->timer || event_add(later->timer, &in) != 0)
		abort();
	return later;
}

void modem_reset(struct sim_modem *modem)
{
	modem->state = (struct state){ .echo = true, .verbose = true, .cfun = 1, .csmp = { 17, 167, 0, 0 },
		.cscs = "GSM" };
	modem->have = 0;
	modem->prompted = false;
	modem->dialogue[0] = '\0';
	evbuffer_drain(modem->in, evbuffer_get_length(modem->in));
	evbuffer_drain(modem->held, evbuffer_get_length(modem->held));
	net_reset(modem);
}

/* What was being answered never will be. */
static void forget_command(struct sim_modem *modem)
{
	if (modem->run)
		run_free(modem->run);
}

static void boot(struct sim_modem *modem, void *arg)
{
	(void)arg;
	if (modem->fd < 0)
		return;
	modem->booted = true;
	modem->booted_ms = modem_clock();
	modem->ready_ms = modem->booted_ms + (uint64_t)(modem->settings.sim_delay * 1000);
	rule_moment(modem, MOMENT_BOOT, "boot");
	net_deliver(modem);
}

static void boot_in(struct sim_modem *modem, double seconds)
{
	modem->booted = false;
	if (seconds > 0)
		modem_later(modem, seconds, boot, NULL);
	else
		boot(modem, NULL);
}

bool modem_plug(struct sim_modem *modem, char *why, size_t room)
{
	if (modem->fd >= 0)
		return true;
	if (!pty_open(modem, why, room))
		return false;
	modem->hung = false;
	modem_reset(modem);
	modem_tell(modem, MODEM_STATE, "plugged", NULL);
	boot_in(modem, modem->settings.boot);
	return true;
}

void modem_unplug(struct sim_modem *modem)
{
	if (modem->fd < 0)
		return;
	pty_close(modem);
	forget_command(modem);
	modem->booted = false;
	modem_reset(modem);
	modem_tell(modem, MODEM_STATE, "unplugged", NULL);
}

void modem_reboot(struct sim_modem *modem, double seconds)
{
	if (modem->fd < 0)
		return;
	forget_command(modem);
	modem->hung = false;
	modem_reset(modem);
	modem_tell(modem, MODEM_STATE, "reboot", NULL);
	boot_in(modem, seconds);
}

static void wake(struct sim_modem *modem, void *arg)
{
	(void)arg;
	modem->hung = false;
}

void modem_hang(struct sim_modem *modem, double seconds)
{
	modem->hung = true;
	forget_command(modem);
	modem->prompted = false;
	modem->have = 0;
	modem_tell(modem, MODEM_STATE, "hung", NULL);
	if (seconds > 0)
		modem_later(modem, seconds, wake, NULL);
}

/* What a modem does by itself: the oldest rules. */
static void usual_rules(struct sim_modem *modem)
{
	static const char *const lines[] = { "on AT: answer", "on pdu: half; take; half; answer", "on esc: ok" };
	char why[200];
	for (size_t i = 0; i < sizeof lines / sizeof *lines; i++)
		if (!rule_read(modem, lines[i], why, sizeof why))
			abort();
}

static struct sim_modem *modem_new(struct event_base *base, const struct sim_modem_setup *setup)
{
	struct sim_modem *modem = calloc(1, sizeof *modem);
	if (!modem)
		abort();
	modem->base = base;
	modem->setup = *setup;
	modem->fd = -1;
	modem->path = strdup(setup->path);
	modem->name = strdup(setup->name ? setup->name : "m");
	modem->in = evbuffer_new();
	modem->out = evbuffer_new();
	modem->held = evbuffer_new();
	if (!modem->path || !modem->name || !modem->in || !modem->out || !modem->held)
		abort();
	settings_usual(&modem->settings);
	store_usual(modem);
	usual_rules(modem);
	return modem;
}

struct sim_modem *sim_modem_new(struct event_base *base, const struct sim_modem_setup *setup, char *why,
    size_t room)
{
	struct sim_modem *modem = modem_new(base, setup);
	if (!modem_plug(modem, why, room)) {
		sim_modem_free(modem);
		return NULL;
	}
	return modem;
}

void sim_modem_free(struct sim_modem *modem)
{
	if (!modem)
		return;
	modem->setup.tell = NULL;
	modem_unplug(modem);
	rules_free(modem);
	while (modem->laters)
		later_free(modem->laters);
	net_free(modem);
	store_free(modem);
	ussd_menus_free(modem);
	evbuffer_free(modem->in);
	evbuffer_free(modem->out);
	evbuffer_free(modem->held);
	free(modem->path);
	free(modem->name);
	free(modem);
}

bool sim_modem_script(struct sim_modem *modem, const char *line, char *why, size_t room)
{
	const struct script *script = rule_read(modem, line, why, room);
	if (!script)
		return false;
	if (script->moment == MOMENT_NOW)
		run_start(modem, script, false);
	return true;
}

bool sim_modem_script_file(struct sim_modem *modem, const char *path, char *why, size_t room)
{
	char *line = NULL, said[256];
	size_t space = 0;
	unsigned long number = 0;
	ssize_t len;
	bool good = true;
	FILE *file = fopen(path, "r");
	if (!file) {
		snprintf(why, room, "%s: %s", path, strerror(errno));
		return false;
	}
	while (good && (len = getline(&line, &space, file)) >= 0) {
		number++;
		line[strcspn(line, "\r\n")] = '\0';
		good = sim_modem_script(modem, line, said, sizeof said);
		if (!good)
			snprintf(why, room, "%s:%lu: %s", path, number, said);
	}
	free(line);
	fclose(file);
	return good;
}
