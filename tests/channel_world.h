/* SPDX-License-Identifier: Apache-2.0 */
/*
 * channel_world.h - the channel and the session of a modem, played for a part of the driver.
 *
 * The functions of modem_channel.h and those of modem.c are defined here instead of there: they
 * write down what is asked, in order, and the test answers the command that runs, or lets it
 * fail. As with the true channel one runs at a time, and nothing is answered from inside
 * channel_ask(). The sender, receiver and dialer that a part knows besides itself are played
 * weakly: the true ones win where they are linked in. One test, one world.
 *
 *     world_setup();
 *     struct sender *sender = sender_new(&modem);
 *     sender_submit(sender, lend_part(0));
 *     expect("AT+CMGS=19");
 *     answer(AT_OK, "+CMGS: 7", NULL);
 */
#ifndef CHANNEL_WORLD_H
#define CHANNEL_WORLD_H

#include "../drivers/modem.h"
#include "link_world.h"

enum { ASKED = 1024, ASKED_TEXT = 1024, ANSWER_LINES = 256 };

struct asked_command {
	char line[ASKED_TEXT], payload[ASKED_TEXT], prefix[64];
	unsigned timeout_ms, prompt_ms;
	bool first, has_payload, prompted, ended;
	at_done_fn *done;
	void *ctx;
};

struct channel {
	struct asked_command asked[ASKED]; /* ever, in the order of channel_ask() */
	unsigned nasked;
	unsigned queue[ASKED], nqueue;  /* the running one first */
	bool closed;
	void (*urc)(const struct at_urc *); /* set by the test: where unsolicited lines go */
};

static struct channel the_channel;

/* What modem.c was told. */
static struct {
	unsigned rests, wells, ills, idles, restarts, sweeps, asserts, reports;
	char why[256];
	long deleted;                   /* the last index for receiver_delete_sent() */
	uint64_t ticket, reported;      /* the last: given out by receiver_ticket(), of a report */
	bool report_fails;              /* sender_report(), played, says no */
} told;

static struct modem_options modem_settings;
static struct modem_profile modem_kind;
static struct modem modem;

void channel_ask(struct channel *channel, const struct at_command *command)
{
	ck_assert_uint_lt(channel->nasked, ASKED);
	const unsigned i = channel->nasked++;
	struct asked_command *asked = &channel->asked[i];
	memset(asked, 0, sizeof *asked);
	ck_assert_uint_lt(strlen(command->line), AT_LINE_MAX);
	snprintf(asked->line, sizeof asked->line, "%s", command->line);
	snprintf(asked->payload, sizeof asked->payload, "%s", command->payload ? command->payload : "");
	snprintf(asked->prefix, sizeof asked->prefix, "%s", command->prefix ? command->prefix : "");
	asked->has_payload = command->payload != NULL;
	asked->timeout_ms = command->timeout_ms;
	asked->prompt_ms = command->prompt_ms;
	asked->first = command->first;
	asked->done = command->done;
	asked->ctx = command->ctx;
	unsigned at = channel->nqueue;
	if (command->first && at > 1) { /* before all that wait, behind others that are first */
		for (at = 1; at < channel->nqueue && channel->asked[channel->queue[at]].first; at++)
			;
		memmove(&channel->queue[at + 1], &channel->queue[at],
		    (channel->nqueue - at) * sizeof channel->queue[0]);
	}
	channel->queue[at] = i;
	channel->nqueue++;
}

bool channel_has_sent(const struct channel *channel, const void *ctx)
{
	const struct asked_command *first = &channel->asked[channel->queue[0]];
	return channel->nqueue && first->ctx == ctx && first->prompted;
}

bool channel_has_begun(const struct channel *channel, const void *ctx)
{
	return channel->nqueue && channel->asked[channel->queue[0]].ctx == ctx;
}

size_t channel_load(const struct channel *channel)
{
	return channel->nqueue;
}

void modem_rest(struct modem *of, const char *why)
{
	ck_assert_ptr_eq(of, &modem);
	ck_assert_str_ne(why, "");
	told.rests++;
	snprintf(told.why, sizeof told.why, "%s", why);
}

void modem_works(struct modem *of)
{
	(void)of;
	told.wells++;
}

void modem_well(struct modem *of)
{
	ck_assert_ptr_eq(of, &modem);
	told.wells++;
}

void modem_ill(struct modem *of, const char *why)
{
	ck_assert_ptr_eq(of, &modem);
	ck_assert_str_ne(why, "");
	told.ills++;
	snprintf(told.why, sizeof told.why, "%s", why);
}

void modem_idle(struct modem *of)
{
	ck_assert_ptr_eq(of, &modem);
	told.idles++;
}

void modem_restarted(struct modem *of, const char *why)
{
	ck_assert_ptr_eq(of, &modem);
	told.restarts++;
	snprintf(told.why, sizeof told.why, "%s", why);
}

__attribute__((weak)) void receiver_sweep(struct receiver *receiver)
{
	(void)receiver;
	told.sweeps++;
}

__attribute__((weak)) void receiver_assert(struct receiver *receiver)
{
	(void)receiver;
	told.asserts++;
}

__attribute__((weak)) void receiver_delete_sent(struct receiver *receiver, long index)
{
	(void)receiver;
	told.deleted = index;
}

__attribute__((weak)) uint64_t receiver_ticket(struct receiver *receiver)
{
	(void)receiver;
	return ++told.ticket;
}

__attribute__((weak)) bool sender_report(struct sender *sender, const struct tpdu *report, uint64_t ticket)
{
	(void)sender, (void)report;
	told.reports++;
	told.reported = ticket;
	return !told.report_fails;
}

/* The command that runs, or NULL. Lent until the next one is asked. */
static inline struct asked_command *running(void)
{
	return the_channel.nqueue ? &the_channel.asked[the_channel.queue[0]] : NULL;
}

/* Turns the loop until a command runs that begins so, and returns it. */
static inline struct asked_command *expect_start(const char *start)
{
	const uint64_t until = now_ms() + PATIENCE_MS;
	while (!running()) {
		ck_assert_msg(now_ms() < until, "in vain: %s", start);
		turn();
	}
	ck_assert_msg(strncmp(running()->line, start, strlen(start)) == 0, "%s runs, not %s",
	    running()->line, start);
	return running();
}

/* The same, of exactly that line. */
static inline struct asked_command *expect(const char *line)
{
	struct asked_command *command = expect_start(line);
	ck_assert_str_eq(command->line, line);
	return command;
}

/* No command runs, nor does one come in a few turns of the loop. */
static inline void expect_none(void)
{
	idle(TICK_MS * 5);
	ck_assert_msg(!running(), "%s runs", running() ? running()->line : "");
}

/* The modem says > to the running command: its payload leaves. */
static inline void prompt(void)
{
	ck_assert_ptr_nonnull(running());
	ck_assert(running()->has_payload);
	running()->prompted = true;
}

/* Ends the running command. The callback may ask the next one. */
static inline void end_command(const struct at_answer *answer)
{
	ck_assert_ptr_nonnull(running());
	struct asked_command *command = running();
	command->ended = true;
	at_done_fn *const done = command->done;
	void *const ctx = command->ctx;
	the_channel.nqueue--;
	memmove(&the_channel.queue[0], &the_channel.queue[1],
	    the_channel.nqueue * sizeof the_channel.queue[0]);
	if (done)
		done(ctx, answer);
}

/* The answer to the running command: its lines, NULL-ended. With OK the prompt is implied. */
__attribute__((sentinel)) static inline void answer(enum at_result result, ...)
{
	const char *lines[ANSWER_LINES];
	size_t nlines = 0;
	va_list args;
	va_start(args, result);
	for (const char *line; (line = va_arg(args, const char *)) && nlines < ANSWER_LINES; nlines++)
		lines[nlines] = line;
	va_end(args);
	ck_assert_ptr_nonnull(running());
	struct at_answer given = { .result = result, .code = -1, .lines = lines, .nlines = nlines,
		.prompted = running()->prompted || (result == AT_OK && running()->has_payload),
		.written = true };
	static const char *const texts[] = { [AT_OK] = "", [AT_ERROR] = "ERROR", [AT_CME] = "+CME ERROR",
		[AT_CMS] = "+CMS ERROR", [AT_NO_CARRIER] = "NO CARRIER", [AT_SILENT] = "no answer in time",
		[AT_CLOSED] = "the port is gone" };
	snprintf(given.text, sizeof given.text, "%s", texts[result]);
	end_command(&given);
}

/* +CMS ERROR or +CME ERROR with that number. */
static inline void answer_error(enum at_result result, int code)
{
	ck_assert_ptr_nonnull(running());
	struct at_answer given = { .result = result, .code = code, .prompted = running()->prompted,
		.written = true };
	snprintf(given.text, sizeof given.text, "+%s ERROR: %d", result == AT_CMS ? "CMS" : "CME", code);
	end_command(&given);
}

/* The port is gone: every command fails, the running one first. */
static inline void close_channel(void)
{
	the_channel.closed = true;
	for (bool first = true; running(); first = false) {
		struct at_answer given = { .result = AT_CLOSED, .code = -1, .prompted = running()->prompted,
			.written = first };
		snprintf(given.text, sizeof given.text, "%s", "the port is gone");
		end_command(&given);
	}
}

/* How often a command that begins so was asked. */
static inline unsigned count_asked(const char *start)
{
	unsigned n = 0;
	for (unsigned i = 0; i < the_channel.nasked; i++)
		n += strncmp(the_channel.asked[i].line, start, strlen(start)) == 0;
	return n;
}

/* The modem says something by itself, to whom the test has set. */
static inline void say_urc(const char *line, const char *pdu)
{
	ck_assert(the_channel.urc != NULL);
	const struct at_urc urc = { .line = line, .pdu = pdu };
	the_channel.urc(&urc);
}

/* Part i, lent as by the link, for sender_submit() or dialer_submit(). */
static inline struct part *lend_part(unsigned i)
{
	the_link.lent++;
	parts[i].turn = ++the_link.turns;
	return &parts[i];
}

/* A modem that is initialised and registered, with the usual settings, all of which may be changed. */
static inline void world_setup(void)
{
	link_world_setup();
	the_link.ups = 1;
	the_link.window = 1;
	memset(&told, 0, sizeof told);
	the_channel.nasked = the_channel.nqueue = 0;
	the_channel.closed = false;
	static char device[] = "/dev/null", automatic[] = "auto", abroad[] = "00", home[] = "0", none[] = "";
	modem_settings = (struct modem_options){ .device = device, .profile = automatic, .pin = none,
		.pin_file = none, .smsc = none, .state = none, .power_hook = none, .balance = none,
		.addresses = { .country_code = none, .international_prefix = abroad, .national_prefix = home,
		.short_code_digits = 6 },
		.sweep = 60000, .prompt_timeout = 10000, .result_timeout = 180000, .command_timeout = 5000,
		.registration_timeout = 120000, .ussd_timeout = 60000, .message_service = -1, .reports = true };
	modem_kind = (struct modem_profile){ .name = "generic" };
	modem = (struct modem){ .link = &the_link, .options = &modem_settings, .profile = &modem_kind,
		.channel = &the_channel, .usable = true,
		.identity = { .imei = "490154203237518", .imsi = "262011234567890" } };
}

#endif
