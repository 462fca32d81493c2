/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz_modem_channel.c - a modem that says anything at any moment, to a channel that is asked,
 * poked, left waiting, unplugged and freed.
 *
 * The port and the clock are played: octets are the script's, and time passes when it says so.
 * Each command has to be answered once, or not at all once the channel is freed. No second command
 * leaves before the first has its answer; a payload leaves once, after a `>`, and not at all when
 * it was never asked for; and after a silence nothing leaves before AT was asked and OK was said.
 */
#include "../../drivers/modem.h"
#include "../../drivers/modem_port.h"
#include "../../gateway/clock.h"
#include "replay.h"
#include "script.h"

#include <event2/event.h>

#include <assert.h>
#include <string.h>

enum { COMMANDS_MAX = 64, TIMERS = 8, FOLLOW = 4 };

/* Time. */

static uint64_t now;
static struct { struct event *timer; uint64_t at; } timers[TIMERS];

uint64_t clock_ms(void)
{
	return now;
}

uint64_t clock_us(void)
{
	return now * 1000;
}

void clock_ring(struct event *timer, uint64_t ms)
{
	const struct timeval far = { .tv_sec = 1000000 };
	unsigned i = 0;
	while (i < TIMERS && timers[i].timer && timers[i].timer != timer)
		i++;
	assert(i < TIMERS);
	timers[i].timer = timer;
	timers[i].at = now + ms;
	event_add(timer, &far);
}

/* The port. */

struct port { struct port_handler handler; bool open, closed; uint64_t written, unsent; };
static struct port the_port;

/* What has left, as the rules see it. */
static struct {
	int flying;                     /* the command, -1: none */
	bool prompt;                    /* the modem said > since it left */
	bool payload;                   /* that left */
	bool asked, proved;             /* AT was asked, and OK was said to it, since the last silence */
	char tail[FOLLOW];              /* the last octets that the modem said */
} wire;

static struct wish { bool asked, answered, left, has_payload; } commands[COMMANDS_MAX];
static int ncommands;

struct port *port_open(struct event_base *base, const struct port_settings *settings, const struct port_handler *handler)
{
	(void)base, (void)settings;
	the_port = (struct port){ .handler = *handler };
	return &the_port;
}

void port_free(struct port *port)
{
	port->closed = true;
}

uint64_t port_written(const struct port *port)
{
	return port->written;
}

uint64_t port_unsent(const struct port *port)
{
	return port->unsent;
}

bool port_set_rate(struct port *port, unsigned baud)
{
	(void)port, (void)baud;
	return true;
}

bool port_is_network(const char *device)
{
	(void)device;
	return true;
}

/* A command is "AT+F" and its number, the payload its number behind a P. */
void port_write(struct port *port, const void *at, size_t len)
{
	const char *text = at;
	int number;
	assert(port->open && !port->closed);
	port->written += len;
	if (len == 3 && memcmp(text, "AT\r", 3) == 0) {
		assert(wire.flying < 0);
		wire.asked = true;
		wire.proved = false;
	} else if (sscanf(text, "AT+F%d", &number) == 1) {
		assert(wire.flying < 0 && wire.proved && !commands[number].left);
		commands[number].left = true;
		wire.flying = number;
		wire.prompt = wire.payload = false;
	} else if (sscanf(text, "P%d", &number) == 1) {
		assert(number == wire.flying && wire.prompt && !wire.payload && commands[number].has_payload);
		wire.payload = true;
	} else if (*text == '\x1B' || (*text == '\x1A' && len == 2) || memcmp(text, "AT+C", 4 < len ? 4 : len) == 0) {
		wire.asked = wire.proved = false; /* ESC, or a poke */
	}
}

/* The near side. */

static struct event_base *base;
static struct channel *channel;
static bool closed;
static uint8_t whims;                   /* what the callbacks do besides: bits */

static void ask(uint8_t how);

static void free_channel(void)
{
	struct channel *was = channel;
	channel = NULL;
	channel_free(was);
}

static void on_answer(void *ctx, const struct at_answer *answer)
{
	struct wish *command = ctx;
	assert(channel && command->asked && !command->answered);
	assert(answer->nlines <= AT_LINES_MAX && (!answer->prompted || command->has_payload));
	assert(command->left || (!answer->prompted && !answer->written && answer->result == AT_CLOSED));
	for (size_t i = 0; i < answer->nlines; i++)
		assert(*answer->lines[i] && strlen(answer->lines[i]) <= AT_LINE_MAX);
	command->answered = true;
	if (command->left) {
		assert(wire.flying == command - commands && answer->prompted == wire.payload);
		wire.flying = -1;
		if (answer->result == AT_SILENT || answer->result == AT_NO_CARRIER)
			wire.asked = wire.proved = false;
	}
	if (whims & 1 && ncommands < COMMANDS_MAX)
		ask(whims);
	if (whims & 2 && answer->result == AT_SILENT)
		free_channel();
}

static void ask(uint8_t how)
{
	static char line[32], payload[32];
	struct wish *command = &commands[ncommands];
	if (!channel || ncommands == COMMANDS_MAX)
		return;
	*command = (struct wish){ .asked = true, .has_payload = how & 4 };
	snprintf(line, sizeof line, "AT+F%d", ncommands);
	snprintf(payload, sizeof payload, "P%d", ncommands);
	const struct at_command asked = { .line = line, .payload = how & 4 ? payload : NULL, .prefix = how & 8 ? "+F:" : NULL,
		.first = how & 16, .timeout_ms = 5000, .prompt_ms = 1000, .done = on_answer, .ctx = command };
	ncommands++;
	channel_ask(channel, &asked);
}

static void on_opened(void *ctx)
{
	(void)ctx;
}

static void on_urc(void *ctx, const struct at_urc *urc)
{
	(void)ctx;
	assert(channel && *urc->line);
	if (whims & 32)
		free_channel();
}

static void on_mute(void *ctx, unsigned tries)
{
	(void)ctx;
	assert(channel && tries >= 3);
	if (whims & 64)
		channel_poke(channel, "AT+CFUN=1,1\r");
}

static void on_closed(void *ctx, const char *why)
{
	(void)ctx;
	assert(channel && *why && !closed);
	closed = true;
	if (whims & 128)
		free_channel();
}

/* The script. */

static void turn(void)
{
	event_base_loop(base, EVLOOP_NONBLOCK);
}

static void follow(uint8_t said)
{
	if (!said)
		return;                     /* it is dropped */
	memmove(wire.tail, wire.tail + 1, FOLLOW - 1);
	wire.tail[FOLLOW - 1] = (char)said;
	if (said == '>')
		wire.prompt = true;
	if (memchr("\r\n", said, 2) && wire.asked && (memchr(wire.tail, 'K', FOLLOW) || memchr(wire.tail, '0', FOLLOW)))
		wire.proved = true;
}

static void say(const void *at, size_t len)
{
	const uint8_t *octets = at;
	if (!the_port.open || the_port.closed || closed || !len)
		return;
	for (size_t i = 0; i < len && channel; i++) {
		follow(octets[i]);
		the_port.handler.octets(the_port.handler.ctx, octets + i, 1);
	}
	turn();
}

static void pass(uint64_t ms)
{
	turn();
	for (const uint64_t until = now + ms;;) {
		unsigned next = TIMERS;
		for (unsigned i = 0; i < TIMERS && channel; i++)
			if (timers[i].timer && event_pending(timers[i].timer, EV_TIMEOUT, NULL) && timers[i].at <= until &&
			    (next == TIMERS || timers[i].at < timers[next].at))
				next = i;
		if (next == TIMERS) {
			now = until;
			return;
		}
		now = timers[next].at;
		event_del(timers[next].timer);
		event_active(timers[next].timer, EV_TIMEOUT, 0);
		turn();
	}
}

static void open_port(void)
{
	if (the_port.open || the_port.closed || closed)
		return;
	the_port.open = true;
	the_port.handler.opened(the_port.handler.ctx);
}

static void unplug(void)
{
	if (the_port.closed || closed)
		return;
	the_port.handler.closed(the_port.handler.ctx, "unplugged");
	the_port.open = false;
	turn();
}

static void say_raw(struct script *script)
{
	const struct blob raw = take(script, octet(script));
	say(raw.at, raw.len);
}

static void act(struct script *script)
{
	static const char *const sayings[] = { "\r\nOK\r\n", "\r\n> ", "\r\nERROR\r\n", "\r\n+F: 1\r\n", "\r\n+CMS ERROR: 38\r\n",
		"\r\nNO CARRIER\r\n", "\r\n+CUSD: 0,\"a\r\n", "\r\nRING\r\n" };
	const uint8_t what = octet(script);
	switch (what & 15) {
	case 0: case 1: ask(what); break;
	case 2: say_raw(script); break;
	case 3: pass(octet(script)); break;
	case 4: case 11: pass(what >= 128 ? 6000 : 460); break;
	case 5: case 6: case 12: say(sayings[what >> 4 & 7], strlen(sayings[what >> 4 & 7])); break;
	case 7: turn(); break;
	case 8: the_port.unsent = what & 64 ? the_port.written : 0; break;
	case 9: whims = octet(script); break;
	case 10:
		if (channel && what >= 128)
			channel_gap(channel, what);
		else if (channel)
			channel_poke(channel, what & 64 ? "\x1A\r" : "");
		break;
	case 13: open_port(); break;
	case 14:
		if (what >= 192)
			unplug();
		break;
	default:
		say("\r\nOK\r\n", 6);
		pass(460);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *at, size_t len)
{
	static const struct modem_options options;
	static const struct channel_handler handler = { .opened = on_opened, .urc = on_urc, .mute = on_mute,
		.closed = on_closed };
	struct script script = { at, len };
	base = event_base_new();
	memset(timers, 0, sizeof timers);
	memset(&wire, 0, sizeof wire);
	wire.flying = -1;
	ncommands = 0;
	closed = false;
	whims = 0;
	now = 1000000;
	channel = channel_open(base, &options, "tcp://modem", 0, &handler);
	if (octet(&script) & 1)
		open_port();
	while (script.left && channel)
		act(&script);
	whims = 0;
	if (channel && the_port.open) {
		unplug();
		for (int i = 0; i < ncommands; i++)
			assert(commands[i].answered);
	}
	free_channel();
	event_base_free(base);
	return 0;
}
