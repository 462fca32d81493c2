/* SPDX-License-Identifier: Apache-2.0 */
/*
 * modem_find.c - candidates, each asked at each rate, until one answers as wanted.
 *
 *   next_candidate() -> port -> GREETING --100 ms--> ASKING --any result--> found, or
 *         ^                     ^  ESC, CR             | | AT                 IDENTIFYING
 *         |                     +---- next rate -------+ +--- once more         | AT+CGSN
 *         +------- no more rates, another IMEI, it cannot be opened ------------+
 *
 * A path has one candidate and, where its rate is not configured, eight rates. An IMEI has the ports
 * of a folder and one rate. Ports that could not be opened are tried again for some seconds: another
 * link of this gateway may be asking them just then.
 *
 * What was found is told in a turn of its own, when the port is closed, so that it can be opened.
 */
#include "modem_find.h"

#include "../gateway/clock.h"
#include "modem_port.h"
#include "modem_trouble.h"

#include <event2/event.h>

#include <assert.h>
#include <ctype.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	GREET_MS = 100,
	ASK_TIMES = 2,
	RATE_MS = 400,                  /* for the answer to AT where there are more rates */
	ANSWER_MS = 1500,               /* where there are none */
	IDENTITY_MS = 3000,
	ROUNDS = 3, ROUND_MS = 2000,    /* over the ports that could not be opened; the wait between */
	IMEI_DIGITS = 14,               /* that identify it; a check digit or a version follows */
	USUAL_BAUD = 115200,
};

static const char by_imei[] = "imei:";
static const unsigned rates[] = { 115200, 9600, 19200, 57600, 38400, 230400, 460800, 4800 };
static const char *const identity[] = { "AT+CGSN", "AT+GSN" };

enum step { RESTING, GREETING, ASKING, IDENTIFYING };

struct find {
	struct event_base *base;
	const struct modem_options *options;
	find_done_fn *done;
	void *ctx;
	char *imei;                     /* NULL: by path */
	struct dirent **names;          /* candidates by IMEI, in `folder` */
	char *folder;
	unsigned nnames, name;          /* the next */
	bool *closed;                   /* of each: it could not be opened in this round */
	unsigned round, asked;          /* ports that were opened in any */
	char path[512];                 /* of the candidate */
	const unsigned *rates;          /* to try, */
	unsigned one_rate;              /* perhaps this alone */
	unsigned nrates, rate;
	unsigned times;                 /* AT was asked at this rate, or which question for the IMEI */
	struct port *port;
	struct at_reader *reader;
	enum step step;
	bool matches;                   /* its IMEI is the one */
	struct event *timer;            /* the step's deadline */
	struct event *soon;             /* found, or the next candidate */
	bool over;                      /* there is something to tell: */
	struct modem_found found;
	char why[TROUBLE_MAX];
	bool busy, freed;               /* done() is running; it freed us meanwhile */
};

static void tell_so(struct find *find, bool there, bool answers, unsigned baud)
{
	find->found = (struct modem_found){ .device = there ? find->path : NULL, .baud = baud,
		.answers = answers, .why = *find->why ? find->why : NULL };
	find->over = true;
	event_active(find->soon, 0, 0);
}

/* No more of this candidate. What is next is seen when its port is closed. */
static void leave_port(struct find *find)
{
	port_free(find->port);
	find->port = NULL;
	find->step = RESTING;
	event_del(find->timer);
	event_active(find->soon, 0, 0);
}

static void write_line(struct find *find, const char *line)
{
	at_reader_expect(find->reader, line, NULL, NULL);
	port_write(find->port, line, strlen(line));
	port_write(find->port, "\r", 1);
}

static void greet(struct find *find)
{
	at_reader_free(find->reader);   /* with what was heard at another rate */
	find->reader = at_reader_new();
	find->times = 0;
	find->step = GREETING;
	port_write(find->port, "\x1B\r", 2);
	clock_ring(find->timer, GREET_MS);
}

static void ask(struct find *find)
{
	find->step = ASKING;
	find->times++;
	write_line(find, "AT");
	const uint64_t most = find->nrates > 1 ? RATE_MS : ANSWER_MS, usual = (uint64_t)find->options->command_timeout;
	clock_ring(find->timer, usual && usual < most ? usual : most);
}

static void identify(struct find *find, unsigned question)
{
	find->step = IDENTIFYING;
	find->times = question;
	find->matches = false;
	write_line(find, identity[question]);
	clock_ring(find->timer, IDENTITY_MS);
}

/* Another program that asks it too may be why. */
static void say_mute(struct find *find)
{
	char shared[TROUBLE_MAX] = "";
	const bool other = trouble_is_shared(shared, find->path);
	snprintf(find->why, sizeof find->why, "%.150s does not answer AT%s%s%.200s", find->path,
	    find->nrates > 1 ? ", at no rate from 4800 to 460800" : "", other ? "; " : "", shared);
}

/* AT was not answered twice. */
static void next_rate(struct find *find)
{
	while (++find->rate < find->nrates)
		if (port_set_rate(find->port, find->rates[find->rate])) {
			greet(find);
			return;
		}
	if (!find->imei) {
		say_mute(find);
		tell_so(find, true, false, 0);
	}
	leave_port(find);
}

/* Digits alone, of which the first 14 count: "357..." or `+CGSN: "357..."`. */
static bool is_imei(const char *line, const char *imei)
{
	while (*line) {
		line += strcspn(line, "0123456789");
		const size_t n = strspn(line, "0123456789");
		if (n >= IMEI_DIGITS && strncmp(line, imei, IMEI_DIGITS) == 0)
			return true;
		line += n;
	}
	return false;
}

static void on_final(struct find *find, enum at_result result)
{
	const unsigned baud = find->rates[find->rate];
	if (find->step == ASKING && !find->imei) {
		tell_so(find, true, true, baud);
		leave_port(find);
	} else if (find->step == ASKING) {
		identify(find, 0);
	} else if (find->step == IDENTIFYING && find->matches) {
		tell_so(find, true, true, baud);
		leave_port(find);
	} else if (find->step == IDENTIFYING && result != AT_OK && find->times + 1 < sizeof identity / sizeof *identity) {
		identify(find, find->times + 1);
	} else if (find->step == IDENTIFYING) {
		leave_port(find);
	}
}

static void on_octets(void *ctx, const uint8_t *at, size_t len)
{
	struct find *find = ctx;
	struct at_item item;
	while (find->port && at_reader_take(find->reader, &at, &len, &item) != AT_NOTHING) {
		if (item.kind == AT_PROMPT)
			port_write(find->port, "\x1B", 1);
		else if (item.kind == AT_FINAL)
			on_final(find, item.result);
		else if (find->step == IDENTIFYING && item.line && is_imei(item.line, find->imei))
			find->matches = true;
	}
}

static void on_opened(void *ctx)
{
	struct find *find = ctx;
	find->asked++;
	if (find->imei)
		find->closed[find->name - 1] = false;
	greet(find);
}

static void on_closed(void *ctx, const char *why)
{
	struct find *find = ctx;
	if (!find->imei || !*find->why)
		snprintf(find->why, sizeof find->why, "%s", why);
	if (!find->imei)
		tell_so(find, false, false, 0);
	leave_port(find);
}

static void on_timer(evutil_socket_t fd, short what, void *arg)
{
	(void)fd, (void)what;
	struct find *find = arg;
	if (find->step == GREETING || (find->step == ASKING && find->times < ASK_TIMES))
		ask(find);
	else if (find->step == ASKING)
		next_rate(find);
	else if (find->step == IDENTIFYING)
		leave_port(find);
	else
		event_active(find->soon, 0, 0);
}

static void open_port(struct find *find)
{
	const struct port_handler handler = { .ctx = find, .opened = on_opened, .octets = on_octets,
		.closed = on_closed };
	find->rate = 0;
	const struct port_settings settings = { .device = find->path, .baud = find->rates[0],
		.flow = find->options->flow };
	find->port = port_open(find->base, &settings, &handler);
}

/* Candidates by IMEI. */

static int is_modem_port(const struct dirent *entry)
{
	return strncmp(entry->d_name, "ttyUSB", 6) == 0 || strncmp(entry->d_name, "ttyACM", 6) == 0;
}

static void list(struct find *find)
{
	const int n = scandir(find->folder, &find->names, is_modem_port, versionsort);
	find->nnames = n > 0 ? (unsigned)n : 0;
	find->closed = calloc(find->nnames + 1, sizeof *find->closed);
	if (!find->closed)
		abort();
	for (unsigned i = 0; i < find->nnames; i++)
		find->closed[i] = true;
}

static unsigned count_closed(const struct find *find)
{
	unsigned n = 0;
	for (unsigned i = 0; i < find->nnames; i++)
		n += find->closed[i];
	return n;
}

static void give_up(struct find *find)
{
	char first[TROUBLE_MAX];
	const unsigned closed = count_closed(find);
	snprintf(first, sizeof first, "%s", closed ? find->why : "");
	if (!find->nnames)
		trouble_no_port(find->why, find->folder);
	else
		snprintf(find->why, sizeof find->why, "no modem with IMEI %.20s at %u ports that were asked, "
		    "ttyUSB* and ttyACM*%s%.200s", find->imei, find->asked, closed ? "; " : "", first);
	tell_so(find, false, false, 0);
}

/* The next that is still to be asked; after the last of a round, those that could not be opened. */
static void next_candidate(struct find *find)
{
	if (find->name == find->nnames && find->nnames && count_closed(find) && ++find->round < ROUNDS) {
		find->name = 0;
		*find->why = '\0';
		clock_ring(find->timer, ROUND_MS);
		return;
	}
	while (find->name < find->nnames && !find->closed[find->name])
		find->name++;
	if (find->name == find->nnames) {
		give_up(find);
		return;
	}
	snprintf(find->path, sizeof find->path, "%.200s/%.255s", find->folder,
	    find->names[find->name++]->d_name);
	open_port(find);
}

/* In a turn of its own: the port is closed. */
static void on_soon(evutil_socket_t fd, short what, void *arg)
{
	(void)fd, (void)what;
	struct find *find = arg;
	if (!find->over) {
		if (find->imei)
			next_candidate(find);
		else
			open_port(find);
		return;
	}
	if (!find->done)
		return;
	find_done_fn *done = find->done;
	find->done = NULL;
	find->busy = true;
	done(find->ctx, &find->found);
	find->busy = false;
	if (find->freed)
		find_free(find);
}

struct find *find_start(struct event_base *base, const struct modem_options *options,
    const char *folder, find_done_fn *done, void *ctx)
{
	struct find *find = calloc(1, sizeof *find);
	if (!find || !(find->folder = strdup(folder)))
		abort();
	const char *device = options->device;
	const unsigned baud = modem_baud(options);
	find->base = base;
	find->options = options;
	find->done = done;
	find->ctx = ctx;
	find->timer = event_new(base, -1, 0, on_timer, find);
	find->soon = event_new(base, -1, 0, on_soon, find);
	if (!find->timer || !find->soon)
		abort();
	find->one_rate = baud ? baud : USUAL_BAUD;
	find->rates = &find->one_rate;
	find->nrates = 1;
	if (strncmp(device, by_imei, strlen(by_imei)) == 0) {
		find->imei = strdup(device + strlen(by_imei));
		if (!find->imei)
			abort();
		list(find);
	} else {
		snprintf(find->path, sizeof find->path, "%s", device);
		if (port_is_network(device) || baud) {
			tell_so(find, true, true, port_is_network(device) ? 0 : baud);
			return find;
		}
		find->rates = rates;
		find->nrates = sizeof rates / sizeof *rates;
	}
	event_active(find->soon, 0, 0);
	return find;
}

void find_free(struct find *find)
{
	if (!find)
		return;
	find->freed = true;
	find->done = NULL;
	if (find->busy)
		return;
	port_free(find->port);
	at_reader_free(find->reader);
	event_free(find->timer);
	event_free(find->soon);
	for (unsigned i = 0; i < find->nnames; i++)
		free(find->names[i]);
	free(find->names);
	free(find->closed);
	free(find->folder);
	free(find->imei);
	free(find);
}
