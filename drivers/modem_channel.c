/* SPDX-License-Identifier: Apache-2.0 */
/*
 * modem_channel.c - one command at a time, and never the answer of another.
 *
 *   OPENING --opened--> DRAINING --silent for 300 ms--> PROVING --OK--> SETTLING --silent--> READY
 *                        ^ ^ ^   ESC, CR have left        |  AT has left   |                 ^ |
 *                        | | +--- no OK: one more try ----+                |          result | | begin
 *                        | +--- > : it still is at a prompt ---------------+                 | v
 *                        +------- no prompt, no result in time, NO CARRIER ------- PROMPTING, RUNNING
 *
 * A modem that was slow may answer everything at once: the result of the old command, then OK for
 * each AT. So an OK is only believed when no other line follows it (SETTLING).
 *
 * Unsolicited codes are no sign of life and no noise: they are passed on in every phase, and keep
 * neither a drain nor a command waiting. One whose second line does not come is passed on after
 * a second without it.
 *
 * The timer has one meaning in each phase; enter() sets it.
 */
#include "modem_channel.h"

#include "../gateway/clock.h"
#include "modem.h"
#include "modem_port.h"

#include <event2/event.h>

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

enum {
	SILENCE_MS = 300, SILENCE_MAX_MS = 5000, /* of a drain, and the longest that one is awaited */
	PROVE_MS = 2000,                /* for the OK to AT; no longer than for a usual command */
	SETTLE_MS = 150,
	HELD_MS = 1000,                 /* for the line that belongs to an unsolicited code */
	MUTE_TRIES = 3,
	COMMAND_MS = 10 * 1000,         /* where neither the command nor the options say it */
	NAME_MAX_LEN = 32,              /* of a command, in words: what is behind = may be a secret */
};

enum phase { OPENING, DRAINING, PROVING, SETTLING, READY, PROMPTING, RUNNING, CLOSED };

static const char escape[] = "\x1B\r", substitute[] = "\x1A\r", prove[] = "AT";

/* A command, with our copies of its strings. */
struct order {
	TAILQ_ENTRY(order) in;          /* channel.orders, or none while it is answered */
	char *line, *payload, *prefix;
	unsigned timeout_ms, prompt_ms;
	at_done_fn *done;
	void *ctx;
	uint64_t from;                  /* octets written to the port before it */
	bool begun, prompted;
	char **lines;
	size_t nlines, room;
};

struct channel {
	const struct modem_options *options;
	struct channel_handler handler;
	struct port *port;
	struct at_reader *reader;
	enum phase phase;
	struct event *timer;            /* of the phase */
	struct event *held;             /* an unsolicited code is not whole */
	struct event *soon;             /* there may be something to begin */
	TAILQ_HEAD(, order) orders;     /* the first is in flight while PROMPTING or RUNNING */
	size_t load;
	unsigned tries;                 /* to get an OK, in a row */
	uint64_t since;                 /* loop ms: it is DRAINING or SETTLING */
	uint64_t ended_at;              /* loop ms: the last result */
	unsigned gap_ms;
	bool half;                      /* a payload left without a result, and no OK to AT came since */
	bool busy, freed;               /* a handler is running; it freed us meanwhile */
};

static void free_order(struct order *order)
{
	for (size_t i = 0; i < order->nlines; i++)
		free(order->lines[i]);
	free(order->lines);
	free(order->line);
	free(order->payload);
	free(order->prefix);
	free(order);
}

static char *copied(const char *text)
{
	char *copy = text ? strdup(text) : NULL;
	if (text && !copy)
		abort();
	return copy;
}

static void destroy(struct channel *channel)
{
	port_free(channel->port);
	at_reader_free(channel->reader);
	event_free(channel->timer);
	event_free(channel->held);
	event_free(channel->soon);
	free(channel);
}

/* Around everything that calls back. After leave() the channel may be gone. */
static void enter_busy(struct channel *channel)
{
	assert(!channel->busy);
	channel->busy = true;
}

static void leave(struct channel *channel)
{
	channel->busy = false;
	if (channel->freed)
		destroy(channel);
}

static void soon(struct channel *channel)
{
	event_active(channel->soon, 0, 0);
}

/* The one function that changes the phase. `ms` 0: it has no deadline. */
static void enter(struct channel *channel, enum phase phase, unsigned ms)
{
	channel->phase = phase;
	event_del(channel->timer);
	if (ms)
		clock_ring(channel->timer, ms);
}

static bool in_flight(const struct channel *channel)
{
	return channel->phase == PROMPTING || channel->phase == RUNNING;
}

/* Answers. */

/* "AT+CPIN": what follows = may be a PIN. */
static void name_order(char name[NAME_MAX_LEN], const struct order *order)
{
	const size_t n = strcspn(order->line, "=");
	snprintf(name, NAME_MAX_LEN, "%.*s", (int)(n < NAME_MAX_LEN ? n : NAME_MAX_LEN - 1), order->line);
}

static void tell(struct channel *channel, struct order *order, struct at_answer *answer)
{
	const uint64_t left = port_written(channel->port) - port_unsent(channel->port);
	TAILQ_REMOVE(&channel->orders, order, in);
	channel->load--;
	answer->lines = (const char *const *)order->lines;
	answer->nlines = order->nlines;
	answer->prompted = order->prompted;
	answer->written = order->begun && left > order->from;
	if (order->done)
		order->done(order->ctx, answer);
	free_order(order);
}

/* It is answered, and the channel goes on. */
static void answer(struct channel *channel, enum at_result result, int code, const char *text)
{
	struct at_answer said = { .result = result, .code = code };
	struct order *order = TAILQ_FIRST(&channel->orders);
	snprintf(said.text, sizeof said.text, "%s", text);
	channel->ended_at = clock_ms();
	if (in_flight(channel))
		enter(channel, READY, 0);
	soon(channel);
	tell(channel, order, &said);
}

/* Everything that waits or runs has no answer any more; what is asked meanwhile is not among it. */
static void close_orders(struct channel *channel, const char *why)
{
	for (size_t n = channel->load; n > 0 && !channel->freed; n--) {
		struct order *order = TAILQ_FIRST(&channel->orders);
		struct at_answer said = { .result = AT_CLOSED, .code = -1 };
		snprintf(said.text, sizeof said.text, "%s", why);
		tell(channel, order, &said);
	}
}

/* Mending. */

static void drain(struct channel *channel, const char *with)
{
	at_reader_forget(channel->reader);
	port_write(channel->port, with, strlen(with));
	channel->since = clock_ms();
	enter(channel, DRAINING, SILENCE_MS);
}

/* No result, or none that can be trusted: the command in flight is answered so, and what
 * comes later is not read as that of the next. */
static void lose_touch(struct channel *channel, enum at_result result, const char *text)
{
	channel->half = TAILQ_FIRST(&channel->orders)->prompted;
	drain(channel, escape);
	answer(channel, result, -1, text);
}

static void prove_again(struct channel *channel)
{
	channel->tries++;
	drain(channel, escape);
	if (channel->tries >= MUTE_TRIES)
		channel->handler.mute(channel->handler.ctx, channel->tries);
}

static void ask_proof(struct channel *channel)
{
	static const char line[] = "AT\r";
	at_reader_expect(channel->reader, prove, NULL, NULL);
	port_write(channel->port, line, strlen(line));
	const long usual = channel->options->command_timeout;
	enter(channel, PROVING, usual > 0 && usual < PROVE_MS ? (unsigned)usual : PROVE_MS);
}

/* A line that is nobody's. Between commands it is a result that came too late, and the one before it
 * may have been that of another: who is to be answered next has to be seen anew. */
static void on_noise(struct channel *channel, bool result)
{
	if (channel->phase == READY && result)
		drain(channel, escape);
	if (clock_ms() - channel->since >= SILENCE_MAX_MS)
		return;
	if (channel->phase == DRAINING)
		clock_ring(channel->timer, SILENCE_MS);
	else if (channel->phase == SETTLING)
		clock_ring(channel->timer, SETTLE_MS);
}

/* Commands. */

static void begin(struct channel *channel)
{
	struct order *order = TAILQ_FIRST(&channel->orders);
	order->begun = true;
	order->from = port_written(channel->port);
	at_reader_expect(channel->reader, order->line, order->payload, order->prefix);
	port_write(channel->port, order->line, strlen(order->line));
	port_write(channel->port, "\r", 1);
	if (order->payload)
		enter(channel, PROMPTING, order->prompt_ms);
	else
		enter(channel, RUNNING, order->timeout_ms);
}

/* The next one, if it may leave now; else the timer says when. */
static void pump(struct channel *channel)
{
	const uint64_t since = clock_ms() - channel->ended_at;
	if (channel->phase != READY || TAILQ_EMPTY(&channel->orders))
		return;
	if (since < channel->gap_ms)
		clock_ring(channel->timer, channel->gap_ms - since);
	else
		begin(channel);
}

static void send_payload(struct channel *channel)
{
	struct order *order = TAILQ_FIRST(&channel->orders);
	order->prompted = true;
	port_write(channel->port, order->payload, strlen(order->payload));
	port_write(channel->port, substitute, 1);
	enter(channel, RUNNING, order->timeout_ms);
}

static void keep_line(struct channel *channel, const char *line)
{
	struct order *order = TAILQ_FIRST(&channel->orders);
	if (order->nlines == AT_LINES_MAX)
		return;
	if (order->nlines == order->room) {
		order->room = order->room ? 2 * order->room : 8;
		order->lines = realloc(order->lines, order->room * sizeof *order->lines);
		if (!order->lines)
			abort();
	}
	order->lines[order->nlines++] = copied(line);
	if (channel->phase == RUNNING)
		clock_ring(channel->timer, order->timeout_ms);
}

/* What the reader found. */

static void on_final(struct channel *channel, const struct at_item *item)
{
	char text[AT_TEXT_MAX];
	snprintf(text, sizeof text, "%s", item->line);
	if (channel->phase == PROVING && item->result == AT_OK) {
		channel->tries = 0;
		channel->half = false;
		channel->since = clock_ms();
		enter(channel, SETTLING, SETTLE_MS);
	} else if (channel->phase == PROVING) {
		prove_again(channel);
	} else if (in_flight(channel) && item->result == AT_NO_CARRIER) {
		lose_touch(channel, AT_NO_CARRIER, text);
	} else if (in_flight(channel)) {
		answer(channel, item->result, item->code, text);
	}
}

static void on_prompt(struct channel *channel)
{
	if (channel->phase == PROMPTING)
		send_payload(channel);
	else if (channel->phase != RUNNING)
		drain(channel, escape);
}

static void on_item(struct channel *channel, const struct at_item *item)
{
	const struct at_urc urc = { item->line, item->pdu };
	switch (item->kind) {
	case AT_FINAL: on_final(channel, item); break;
	case AT_PROMPT: on_prompt(channel); break;
	case AT_UNSOLICITED: channel->handler.urc(channel->handler.ctx, &urc); break;
	case AT_INFORMATION:
		if (in_flight(channel))
			keep_line(channel, item->line);
		break;
	case AT_STRAY: on_noise(channel, item->result != AT_OK || strcmp(item->line, "OK") == 0); break;
	case AT_TOO_LONG: on_noise(channel, false); break;
	case AT_NOTHING: break;
	}
}

static void time_held(struct channel *channel)
{
	if (at_reader_holds(channel->reader))
		clock_ring(channel->held, HELD_MS);
	else
		event_del(channel->held);
}

static void on_octets(void *ctx, const uint8_t *at, size_t len)
{
	struct channel *channel = ctx;
	struct at_item item;
	enter_busy(channel);
	while (!channel->freed && at_reader_take(channel->reader, &at, &len, &item) != AT_NOTHING)
		on_item(channel, &item);
	if (!channel->freed)
		time_held(channel);
	leave(channel);
}

static void on_held(evutil_socket_t fd, short what, void *arg)
{
	(void)fd, (void)what;
	struct channel *channel = arg;
	struct at_item item;
	enter_busy(channel);
	if (at_reader_flush(channel->reader, &item) != AT_NOTHING)
		on_item(channel, &item);
	leave(channel);
}

/* The port. */

static void on_opened(void *ctx)
{
	struct channel *channel = ctx;
	enter_busy(channel);
	drain(channel, escape);
	channel->handler.opened(channel->handler.ctx);
	leave(channel);
}

static void on_closed(void *ctx, const char *why)
{
	struct channel *channel = ctx;
	enter_busy(channel);
	enter(channel, CLOSED, 0);
	event_del(channel->held);
	event_del(channel->soon);
	close_orders(channel, why);
	if (!channel->freed)
		channel->handler.closed(channel->handler.ctx, why);
	leave(channel);
}

/* Time. */

static void too_late(struct channel *channel)
{
	char text[AT_TEXT_MAX], name[NAME_MAX_LEN];
	const struct order *order = TAILQ_FIRST(&channel->orders);
	const bool prompt = channel->phase == PROMPTING;
	name_order(name, order);
	snprintf(text, sizeof text, "%s to %s within %g s", prompt ? "no prompt" : "no answer", name,
	    (prompt ? order->prompt_ms : order->timeout_ms) / 1000.0);
	lose_touch(channel, AT_SILENT, text);
}

static void on_timer(evutil_socket_t fd, short what, void *arg)
{
	(void)fd, (void)what;
	struct channel *channel = arg;
	enter_busy(channel);
	switch (channel->phase) {
	case DRAINING: ask_proof(channel); break;
	case PROVING: prove_again(channel); break;
	case SETTLING:
		enter(channel, READY, 0);
		pump(channel);
		break;
	case READY: pump(channel); break;
	case PROMPTING: case RUNNING: too_late(channel); break;
	case OPENING: case CLOSED: break;
	}
	leave(channel);
}

static void on_soon(evutil_socket_t fd, short what, void *arg)
{
	(void)fd, (void)what;
	struct channel *channel = arg;
	enter_busy(channel);
	if (channel->phase == CLOSED)
		close_orders(channel, "the line is closed");
	else
		pump(channel);
	leave(channel);
}

struct channel *channel_open(struct event_base *base, const struct modem_options *options,
    const char *device, unsigned baud, const struct channel_handler *handler)
{
	struct channel *channel = calloc(1, sizeof *channel);
	const struct port_settings settings = { .device = device, .baud = baud, .flow = options->flow,
		.hangs_up = options->dtr_reset };
	if (!channel)
		abort();
	const struct port_handler to = { .ctx = channel, .opened = on_opened, .octets = on_octets,
		.closed = on_closed };
	channel->options = options;
	channel->handler = *handler;
	channel->reader = at_reader_new();
	TAILQ_INIT(&channel->orders);
	channel->timer = event_new(base, -1, 0, on_timer, channel);
	channel->held = event_new(base, -1, 0, on_held, channel);
	channel->soon = event_new(base, -1, 0, on_soon, channel);
	if (!channel->timer || !channel->held || !channel->soon)
		abort();
	channel->port = port_open(base, &settings, &to);
	return channel;
}

void channel_free(struct channel *channel)
{
	if (!channel || channel->freed)
		return;
	channel->freed = true;
	enter(channel, CLOSED, 0);
	event_del(channel->held);
	event_del(channel->soon);
	for (struct order *order; (order = TAILQ_FIRST(&channel->orders));) {
		TAILQ_REMOVE(&channel->orders, order, in);
		free_order(order);
	}
	channel->load = 0;
	if (!channel->busy)
		destroy(channel);
}

static unsigned otherwise(unsigned ms, long usual)
{
	return ms ? ms : usual > 0 ? (unsigned)usual : COMMAND_MS;
}

void channel_ask(struct channel *channel, const struct at_command *command)
{
	if (channel->freed)
		return;
	struct order *order = calloc(1, sizeof *order);
	if (!order)
		abort();
	order->line = copied(command->line);
	order->payload = copied(command->payload);
	order->prefix = copied(command->prefix);
	order->timeout_ms = otherwise(command->timeout_ms, channel->options->command_timeout);
	order->prompt_ms = otherwise(command->prompt_ms, channel->options->prompt_timeout);
	order->done = command->done;
	order->ctx = command->ctx;
	struct order *flying = in_flight(channel) ? TAILQ_FIRST(&channel->orders) : NULL;
	if (!command->first)
		TAILQ_INSERT_TAIL(&channel->orders, order, in);
	else if (flying)
		TAILQ_INSERT_AFTER(&channel->orders, flying, order, in);
	else
		TAILQ_INSERT_HEAD(&channel->orders, order, in);
	channel->load++;
	soon(channel);
}

size_t channel_load(const struct channel *channel)
{
	return channel->load;
}

void channel_gap(struct channel *channel, unsigned ms)
{
	channel->gap_ms = ms;
}

bool channel_has_sent(const struct channel *channel, const void *ctx)
{
	const struct order *order = TAILQ_FIRST(&channel->orders);
	return channel->phase == RUNNING && order->ctx == ctx && order->prompted;
}

bool channel_has_begun(const struct channel *channel, const void *ctx)
{
	const struct order *order = TAILQ_FIRST(&channel->orders);
	return in_flight(channel) && order->ctx == ctx && order->begun &&
	    port_written(channel->port) - port_unsent(channel->port) > order->from;
}

bool channel_poke(struct channel *channel, const char *octets)
{
	if (in_flight(channel) || channel->phase == OPENING || channel->phase == CLOSED)
		return false;
	if (channel->half && strchr(octets, *substitute))
		return false;
	if (*octets)
		drain(channel, octets);
	return true;
}
