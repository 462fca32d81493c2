/* SPDX-License-Identifier: Apache-2.0 */
/*
 * check_modem_channel.c - one command at a time, over a pty and over TCP, with a far side
 * that the same loop plays.
 *
 * The far side is a list of cues: when it hears these octets it says those, some milliseconds
 * later if it is to be late. What it hears is kept.
 */
#include "../drivers/modem.h"
#include "../gateway/clock.h"
#include "run_suite.h"

#include <event2/event.h>

#include <check.h>

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <pty.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <termios.h>
#include <unistd.h>

enum { PATIENCE_MS = 30000, ANSWERS = 64, CUES = 16, HEARD_MAX = 65536 };

static struct modem_options options;

struct cue {
	const char *hears;              /* with its \r or ^Z; NULL: no more cues */
	const char *says;               /* NULL: nothing */
	unsigned after_ms;
	unsigned times;                 /* 0: always */
};

struct heard { enum at_result result; int code; char text[AT_TEXT_MAX], lines[1024]; bool prompted, written; };

struct world {
	struct event_base *base;
	struct channel *channel;
	int far;                        /* our side of the pty, or of the connection */
	char path[64];
	struct event *ear;
	char said[HEARD_MAX];           /* by the channel */
	size_t nsaid, seen;             /* octets; those that a cue was found for */
	const struct cue *cues;
	unsigned used[CUES];
	struct heard answers[ANSWERS];
	unsigned nanswers, opened, mute, closed, urcs;
	char urc[2048], why[512];
	bool free_in_answer, free_in_urc, ask_in_closed;
	unsigned stop_at;               /* answers */
};

/* The far side. */

struct late { struct world *world; const char *says; struct event *timer; };

static void say(struct world *world, const char *text)
{
	ck_assert_int_eq(write(world->far, text, strlen(text)), (ssize_t)strlen(text));
}

static void on_late(evutil_socket_t fd, short what, void *arg)
{
	(void)fd, (void)what;
	struct late *late = arg;
	if (late->world->far >= 0)
		say(late->world, late->says);
	event_free(late->timer);
	free(late);
}

static void say_after(struct world *world, const char *text, unsigned ms)
{
	struct late *late = calloc(1, sizeof *late);
	ck_assert_ptr_nonnull(late);
	late->world = world;
	late->says = text;
	late->timer = event_new(world->base, -1, 0, on_late, late);
	clock_ring(late->timer, ms);
}

static const struct cue ordinary[] = {
	{ "AT\r", "\r\nOK\r\n", 0, 0 }, { .hears = NULL },
};

/* The cue that what was heard ends with; the earliest of the list first. */
static bool find_cue(struct world *world)
{
	for (size_t i = 0; world->cues[i].hears; i++) {
		const struct cue *cue = &world->cues[i];
		if (cue->times && world->used[i] == cue->times)
			continue;
		const char *at = strstr(world->said + world->seen, cue->hears);
		if (!at)
			continue;
		world->used[i]++;
		world->seen = (size_t)(at - world->said) + strlen(cue->hears);
		if (cue->says && cue->after_ms)
			say_after(world, cue->says, cue->after_ms);
		else if (cue->says)
			say(world, cue->says);
		return true;
	}
	return false;
}

static void on_said(evutil_socket_t fd, short what, void *arg)
{
	(void)what;
	struct world *world = arg;
	const ssize_t n = read(fd, world->said + world->nsaid, HEARD_MAX - 1 - world->nsaid);
	if (n <= 0) {
		event_del(world->ear);
		return;
	}
	world->nsaid += (size_t)n;
	while (find_cue(world))
		continue;
}

/* The near side. */

static void on_opened(void *ctx)
{
	((struct world *)ctx)->opened++;
}

static void on_urc(void *ctx, const struct at_urc *urc)
{
	struct world *world = ctx;
	const size_t n = strlen(world->urc);
	snprintf(world->urc + n, sizeof world->urc - n, "%s%s%s;", urc->line, urc->pdu ? "|" : "",
	    urc->pdu ? urc->pdu : "");
	world->urcs++;
	if (world->free_in_urc) {
		struct channel *channel = world->channel;
		world->channel = NULL;
		channel_free(channel);
		event_base_loopbreak(world->base);
	}
}

static void on_mute(void *ctx, unsigned tries)
{
	struct world *world = ctx;
	world->mute = tries;
	event_base_loopbreak(world->base);
}

static void ask(struct world *, const char *line);

static void on_closed(void *ctx, const char *why)
{
	struct world *world = ctx;
	world->closed++;
	snprintf(world->why, sizeof world->why, "%s", why);
	if (world->ask_in_closed)
		ask(world, "AT+MORE");
	event_base_loopbreak(world->base);
}

static void on_answer(void *ctx, const struct at_answer *answer)
{
	struct world *world = ctx;
	ck_assert_uint_lt(world->nanswers, ANSWERS);
	struct heard *heard = &world->answers[world->nanswers++];
	heard->result = answer->result;
	heard->code = answer->code;
	heard->prompted = answer->prompted;
	heard->written = answer->written;
	snprintf(heard->text, sizeof heard->text, "%s", answer->text);
	for (size_t i = 0; i < answer->nlines; i++) {
		const size_t n = strlen(heard->lines);
		snprintf(heard->lines + n, sizeof heard->lines - n, "%s;", answer->lines[i]);
	}
	if (world->free_in_answer) {
		struct channel *channel = world->channel;
		world->channel = NULL;
		world->free_in_answer = false;
		channel_free(channel);
		event_base_loopbreak(world->base);
	}
	if (world->nanswers == world->stop_at)
		event_base_loopbreak(world->base);
}

static const struct channel_handler handler = { .opened = on_opened, .urc = on_urc, .mute = on_mute,
	.closed = on_closed };

static void listen_to(struct world *world, int fd)
{
	world->far = fd;
	fcntl(fd, F_SETFL, O_NONBLOCK);
	world->ear = event_new(world->base, fd, EV_READ | EV_PERSIST, on_said, world);
	event_add(world->ear, NULL);
}

static void begin(struct world *world, const struct cue *cues)
{
	memset(&options, 0, sizeof options);
	memset(world, 0, sizeof *world);
	world->base = event_base_new();
	world->cues = cues;
	world->far = -1;
}

static void open_channel(struct world *world, const char *device)
{
	struct channel_handler to = handler;
	to.ctx = world;
	world->channel = channel_open(world->base, &options, device, 0, &to);
}

/* A channel over a pty. */
static void begin_pty(struct world *world, const struct cue *cues)
{
	int near, far;
	begin(world, cues);
	ck_assert_int_eq(openpty(&far, &near, world->path, NULL, NULL), 0);
	struct termios raw;
	tcgetattr(near, &raw);
	cfmakeraw(&raw);
	tcsetattr(near, TCSANOW, &raw);
	listen_to(world, far);
	open_channel(world, world->path);
	close(near);
}

/* Until a handler stops it; too long is a failure. */
static void run(struct world *world)
{
	const struct timeval most = { .tv_sec = PATIENCE_MS / 1000 };
	event_base_loopexit(world->base, &most);
	event_base_dispatch(world->base);
	ck_assert_msg(!event_base_got_exit(world->base), "nothing happened; it heard: %s", world->said);
}

static void nap(struct world *world, unsigned ms)
{
	const struct timeval after = { .tv_sec = ms / 1000, .tv_usec = ms % 1000 * 1000 };
	event_base_loopexit(world->base, &after);
	event_base_dispatch(world->base);
}

static void run_to(struct world *world, unsigned answers)
{
	world->stop_at = answers;
	if (world->nanswers < answers)
		run(world);
	ck_assert_uint_eq(world->nanswers, answers);
}

static void ask_so(struct world *world, struct at_command command)
{
	command.done = on_answer;
	command.ctx = world;
	channel_ask(world->channel, &command);
}

static void ask(struct world *world, const char *line)
{
	ask_so(world, (struct at_command){ .line = line, .timeout_ms = 500 });
}

static void ask_send(struct world *world)
{
	ask_so(world, (struct at_command){ .line = "AT+CMGS=14", .payload = "0001000B91", .timeout_ms = 400,
		.prompt_ms = 200 });
}

extern int __lsan_do_recoverable_leak_check(void) __attribute__((weak));

static void end(struct world *world)
{
	channel_free(world->channel);
	if (world->ear)
		event_free(world->ear);
	if (world->far >= 0)
		close(world->far);
	event_base_free(world->base);
	if (__lsan_do_recoverable_leak_check)
		ck_assert_int_eq(__lsan_do_recoverable_leak_check(), 0);
}

static unsigned count(const char *in, const char *what)
{
	unsigned n = 0;
	for (; (in = strstr(in, what)); in += strlen(what))
		n++;
	return n;
}

START_TEST(a_command_waits_until_the_modem_has_answered_at)
{
	static const struct cue cues[] = {
		{ "AT\r", "AT\r\r\nOK\r\n", 0, 0 },
		{ "AT+CSQ\r", "AT+CSQ\r\r\n+CSQ: 17,99\r\n\r\nOK\r\n", 0, 0 }, { .hears = NULL },
	};
	struct world world;
	begin_pty(&world, cues);
	ask(&world, "AT+CSQ");
	ck_assert_uint_eq(channel_load(world.channel), 1);
	run_to(&world, 1);
	ck_assert_uint_eq(world.opened, 1);
	ck_assert_int_eq(world.answers[0].result, AT_OK);
	ck_assert_str_eq(world.answers[0].lines, "+CSQ: 17,99;");
	ck_assert(world.answers[0].written && !world.answers[0].prompted);
	ck_assert_str_eq(world.said, "\x1B\rAT\rAT+CSQ\r");
	ck_assert_uint_eq(channel_load(world.channel), 0);
	end(&world);
}
END_TEST

START_TEST(a_payload_leaves_after_the_prompt_and_ends_with_substitute)
{
	static const struct cue cues[] = {
		{ "AT\r", "\r\nOK\r\n", 0, 0 },
		{ "AT+CMGS=14\r", "\r\n> ", 0, 0 },
		{ "0001000B91\x1A", "\r\n+CMGS: 7\r\n\r\nOK\r\n", 0, 0 }, { .hears = NULL },
	};
	struct world world;
	begin_pty(&world, cues);
	ask_send(&world);
	run_to(&world, 1);
	ck_assert_int_eq(world.answers[0].result, AT_OK);
	ck_assert(world.answers[0].prompted && world.answers[0].written);
	ck_assert_str_eq(world.answers[0].lines, "+CMGS: 7;");
	end(&world);
}
END_TEST

START_TEST(a_lost_prompt_is_taken_back_by_escape_and_the_payload_never_leaves)
{
	static const struct cue cues[] = {
		{ "AT\r", "\r\nOK\r\n", 0, 0 },
		{ "AT+CSQ\r", "\r\n+CSQ: 9,99\r\n\r\nOK\r\n", 0, 0 }, { .hears = NULL },
	};
	struct world world;
	begin_pty(&world, cues);
	ask_send(&world);
	ask(&world, "AT+CSQ");
	run_to(&world, 2);
	ck_assert_int_eq(world.answers[0].result, AT_SILENT);
	ck_assert(world.answers[0].written && !world.answers[0].prompted);
	ck_assert_str_eq(world.answers[0].text, "no prompt to AT+CMGS within 0.2 s");
	ck_assert_int_eq(world.answers[1].result, AT_OK);
	ck_assert_str_eq(world.said, "\x1B\rAT\rAT+CMGS=14\r\x1B\rAT\rAT+CSQ\r");
	end(&world);
}
END_TEST

START_TEST(a_prompt_that_comes_after_the_escape_is_taken_back_as_well)
{
	static const struct cue cues[] = {
		{ "AT+CMGS=14\r", "\r\n> ", 300, 0 },
		{ "AT\r", "\r\nOK\r\n", 0, 0 }, { .hears = NULL },
	};
	struct world world;
	begin_pty(&world, cues);
	ask_send(&world);
	ask(&world, "AT");
	run_to(&world, 2);
	ck_assert_int_eq(world.answers[0].result, AT_SILENT);
	ck_assert_int_eq(world.answers[1].result, AT_OK);
	ck_assert_str_eq(world.said, "\x1B\rAT\rAT+CMGS=14\r\x1B\r\x1B\rAT\rAT\r");
	end(&world);
}
END_TEST

START_TEST(a_late_answer_is_never_that_of_the_next_command)
{
	static const struct cue cues[] = {
		{ "AT+CMGS=14\r", "\r\n> ", 0, 0 },
		{ "0001000B91\x1A", "\r\n+CMGS: 7\r\n\r\nOK\r\n", 1300, 0 }, /* as AT is asked */
		{ "AT\r", "\r\nOK\r\n", 0, 1 }, { "AT\r", "\r\nOK\r\n", 650, 1 }, { "AT\r", "\r\nOK\r\n", 0, 0 },
		{ "AT+CSQ\r", "\r\nERROR\r\n", 0, 0 }, { .hears = NULL },
	};
	struct world world;
	begin_pty(&world, cues);
	ask_send(&world);
	ask(&world, "AT+CSQ");
	run_to(&world, 2);
	ck_assert_int_eq(world.answers[0].result, AT_SILENT);
	ck_assert(world.answers[0].prompted);
	ck_assert_str_eq(world.answers[0].text, "no answer to AT+CMGS within 0.4 s");
	ck_assert_str_eq(world.urc, "+CMGS: 7;");
	ck_assert_int_eq(world.answers[1].result, AT_ERROR);
	end(&world);
}
END_TEST

START_TEST(a_result_between_commands_makes_the_channel_look_anew)
{
	struct world world;
	begin_pty(&world, ordinary);
	ask(&world, "AT");
	run_to(&world, 1);
	say(&world, "\r\n+CMS ERROR: 500\r\n");
	nap(&world, 50);
	ask(&world, "AT");
	run_to(&world, 2);
	ck_assert_str_eq(world.said, "\x1B\rAT\rAT\r\x1B\rAT\rAT\r");
	end(&world);
}
END_TEST

START_TEST(a_modem_that_does_not_answer_is_mute_and_is_asked_on)
{
	static const struct cue none[] = { { .hears = NULL } };
	struct world world;
	begin_pty(&world, none);
	ask(&world, "AT+CSQ");
	run(&world);
	ck_assert_uint_eq(world.mute, 3);
	ck_assert_uint_eq(count(world.said, "AT\r"), 3);
	world.cues = ordinary;
	world.seen = world.nsaid;
	nap(&world, 800);
	ck_assert_uint_eq(world.nanswers, 0);
	ck_assert_uint_eq(channel_load(world.channel), 1);
	run_to(&world, 1);              /* the command has left, and nobody knows it */
	ck_assert_int_eq(world.answers[0].result, AT_SILENT);
	end(&world);
}
END_TEST

START_TEST(an_unplugged_modem_closes_at_once_and_says_what_had_left)
{
	static const struct cue cues[] = {
		{ "AT\r", "\r\nOK\r\n", 0, 0 }, { "AT+CMGS=14\r", "\r\n> ", 0, 0 }, { .hears = NULL },
	};
	struct world world;
	begin_pty(&world, cues);
	world.ask_in_closed = true;
	ask_send(&world);
	ask(&world, "AT+CSQ");
	for (int i = 0; i < 40 && !strchr(world.said, '\x1A'); i++)
		nap(&world, 50);
	close(world.far);
	event_free(world.ear);
	world.ear = NULL;
	world.far = -1;
	run(&world);
	ck_assert_uint_eq(world.closed, 1);
	ck_assert_uint_eq(world.nanswers, 2);
	ck_assert_int_eq(world.answers[0].result, AT_CLOSED);
	ck_assert(world.answers[0].prompted && world.answers[0].written);
	ck_assert_int_eq(world.answers[1].result, AT_CLOSED);
	ck_assert(!world.answers[1].written);
	ck_assert_msg(strstr(world.why, "unplugged: ") || strstr(world.why, "hung up"), "%s", world.why);
	ck_assert_int_eq(open(world.path, O_RDWR | O_NOCTTY), -1); /* nobody keeps its name busy */
	run_to(&world, 3);              /* what is asked of a closed channel */
	ck_assert_int_eq(world.answers[2].result, AT_CLOSED);
	end(&world);
}
END_TEST

START_TEST(one_command_is_in_flight_and_the_first_goes_before_those_that_wait)
{
	static const struct cue cues[] = {
		{ "AT\r", "\r\nOK\r\n", 0, 0 }, { "AT+A\r", "\r\nOK\r\n", 100, 0 }, { "AT+B\r", "\r\n+CME ERROR: 14\r\n", 0, 0 },
		{ "AT+CNMA\r", "\r\n+CMS ERROR: 340\r\n", 0, 0 }, { .hears = NULL },
	};
	struct world world;
	begin_pty(&world, cues);
	ask(&world, "AT+A");
	ask(&world, "AT+B");
	for (int i = 0; i < 100 && !strstr(world.said, "AT+A\r"); i++)
		nap(&world, 20);
	ask_so(&world, (struct at_command){ .line = "AT+CNMA", .first = true });
	nap(&world, 40);
	ck_assert_str_eq(world.said, "\x1B\rAT\rAT+A\r");
	run_to(&world, 3);
	ck_assert_str_eq(world.said, "\x1B\rAT\rAT+A\rAT+CNMA\rAT+B\r");
	ck_assert_int_eq(world.answers[1].result, AT_CMS);
	ck_assert_int_eq(world.answers[1].code, 340);
	ck_assert_str_eq(world.answers[1].text, "+CMS ERROR: 340");
	ck_assert_int_eq(world.answers[2].result, AT_CME);
	ck_assert_int_eq(world.answers[2].code, 14);
	end(&world);
}
END_TEST

START_TEST(a_gap_is_kept_between_a_result_and_the_next_command)
{
	struct world world;
	begin_pty(&world, ordinary);
	ask(&world, "AT");
	run_to(&world, 1);
	channel_gap(world.channel, 300);
	ask(&world, "AT");
	ask(&world, "AT");
	const uint64_t from = clock_ms();
	run_to(&world, 3);
	ck_assert_uint_ge(clock_ms() - from, 590);
	ck_assert_uint_lt(clock_ms() - from, 2000);
	end(&world);
}
END_TEST

START_TEST(what_comes_by_itself_is_told_between_a_command_and_its_answer)
{
	static const struct cue cues[] = {
		{ "AT\r", "^RSSI:20\r\n\r\nOK\r\n", 0, 0 },
		{ "AT+CSQ\r", "\r\n+CMT: ,24\r\n0791\r\n\r\n+CSQ: 1,99\r\n\r\n+CREG: 5\r\n\r\nOK\r\n", 0, 0 }, { .hears = NULL },
	};
	struct world world;
	begin_pty(&world, cues);
	ask(&world, "AT+CSQ");
	run_to(&world, 1);
	ck_assert_str_eq(world.urc, "^RSSI:20;+CMT: ,24|0791;+CREG: 5;");
	ck_assert_str_eq(world.answers[0].lines, "+CSQ: 1,99;");
	end(&world);
}
END_TEST

START_TEST(a_message_whose_line_does_not_come_is_told_without_it)
{
	struct world world;
	begin_pty(&world, ordinary);
	ask(&world, "AT");
	run_to(&world, 1);
	say(&world, "\r\n+CDS: 25\r\n");
	nap(&world, 600);
	ck_assert_uint_eq(world.urcs, 0);
	nap(&world, 600);
	ck_assert_str_eq(world.urc, "+CDS: 25;");
	end(&world);
}
END_TEST

START_TEST(a_flood_of_what_comes_by_itself_keeps_no_command_waiting)
{
	static const struct cue cues[] = {
		{ "\x1B\r", "\r\n^RSSI:1\r\n", 0, 0 }, { "AT\r", "\r\nOK\r\n", 0, 0 }, { .hears = NULL },
	};
	struct world world;
	begin_pty(&world, cues);
	ask(&world, "AT");
	const uint64_t from = clock_ms();
	while (!world.nanswers && clock_ms() - from < 3000) {
		if (world.opened)
			say(&world, "\r\n^RSSI:2\r\n");
		nap(&world, 50);
	}
	ck_assert_uint_eq(world.nanswers, 1);
	ck_assert_uint_gt(world.urcs, 5);
	end(&world);
}
END_TEST

START_TEST(noise_is_drained_before_at_is_asked)
{
	struct world world;
	begin_pty(&world, ordinary);
	ask(&world, "AT");
	bool was_late = false;          /* on a busy machine: it was quiet for long enough in between */
	for (int i = 0; i < 10; i++) {  /* an answer of long ago */
		const uint64_t from = clock_ms();
		nap(&world, 100);
		was_late = was_late || clock_ms() - from > 200;
		say(&world, "07911326040000F0\r\n");
		ck_assert(was_late || strcmp(world.said, "\x1B\r") == 0);
	}
	run_to(&world, 1);
	ck_assert_int_eq(world.answers[0].result, AT_OK);
	end(&world);
}
END_TEST

START_TEST(no_carrier_is_an_answer_and_mends)
{
	static const struct cue cues[] = {
		{ "AT\r", "\r\nOK\r\n", 0, 0 }, { "ATH\r", "\r\nNO CARRIER\r\n", 0, 0 }, { .hears = NULL },
	};
	struct world world;
	begin_pty(&world, cues);
	ask(&world, "ATH");
	ask(&world, "AT");
	run_to(&world, 2);
	ck_assert_int_eq(world.answers[0].result, AT_NO_CARRIER);
	ck_assert_int_eq(world.answers[1].result, AT_OK);
	ck_assert_str_eq(world.said, "\x1B\rAT\rATH\r\x1B\rAT\rAT\r");
	end(&world);
}
END_TEST

START_TEST(a_secret_is_not_in_the_words_of_an_answer)
{
	struct world world;
	begin_pty(&world, ordinary);
	ask(&world, "AT+CPIN=\"1234\"");
	run_to(&world, 1);
	ck_assert_str_eq(world.answers[0].text, "no answer to AT+CPIN within 0.5 s");
	end(&world);
}
END_TEST

START_TEST(each_line_of_an_answer_gives_it_more_time)
{
	static const struct cue cues[] = {
		{ "AT\r", "\r\nOK\r\n", 0, 0 }, { "AT+CMGL=4\r", "\r\n+CMGL: 1,0,,4\r\n0791\r\n", 300, 0 }, { .hears = NULL },
	};
	struct world world;
	begin_pty(&world, cues);
	ask(&world, "AT+CMGL=4");
	for (int i = 0; i < 100 && !strstr(world.said, "AT+CMGL"); i++)
		nap(&world, 20);
	say_after(&world, "+CMGL: 2,0,,4\r\n0791\r\n", 600);
	say_after(&world, "\r\nOK\r\n", 900);
	run_to(&world, 1);
	ck_assert_int_eq(world.answers[0].result, AT_OK);
	ck_assert_str_eq(world.answers[0].lines, "+CMGL: 1,0,,4;0791;+CMGL: 2,0,,4;0791;");
	end(&world);
}
END_TEST

START_TEST(a_mute_modem_can_be_poked_and_what_it_says_to_that_is_no_answer)
{
	static const struct cue cues[] = {
		{ "AT+CFUN=1,1\r", "\r\nOK\r\n", 0, 0 }, { .hears = NULL },
	};
	struct world world;
	begin_pty(&world, cues);
	ck_assert(!channel_poke(world.channel, "AT\r")); /* it is not open */
	ask(&world, "AT+CSQ");
	run(&world);
	ck_assert_uint_eq(world.mute, 3);
	ck_assert(channel_poke(world.channel, ""));
	ck_assert(channel_poke(world.channel, "AT+CFUN=1,1\r"));
	nap(&world, 200);
	ck_assert_ptr_nonnull(strstr(world.said, "AT\r\x1B\rAT+CFUN=1,1\r"));
	ck_assert_uint_eq(world.nanswers, 0);
	world.cues = ordinary;
	world.seen = world.nsaid;
	for (int i = 0; i < 40 && !strstr(world.said, "CSQ"); i++)
		nap(&world, 50);
	ck_assert(!channel_poke(world.channel, "")); /* a command runs */
	end(&world);
}
END_TEST

START_TEST(a_message_that_is_half_written_is_not_ended_by_a_poke)
{
	static const struct cue cues[] = {
		{ "AT\r", "\r\nOK\r\n", 0, 1 }, { "AT+CMGS=14\r", "\r\n> ", 0, 0 }, { .hears = NULL },
	};
	struct world world;
	begin_pty(&world, cues);
	ask_send(&world);
	run_to(&world, 1);
	ck_assert(world.answers[0].prompted);
	ck_assert(!channel_poke(world.channel, "\x1A\r")); /* it would send what there is */
	ck_assert(channel_poke(world.channel, "AT+CFUN=1,1\r"));
	end(&world);
}
END_TEST

START_TEST(who_forgets_a_command_can_ask_whether_its_payload_has_left)
{
	static const struct cue cues[] = {
		{ "AT\r", "\r\nOK\r\n", 0, 0 }, { "AT+CMGS=14\r", "\r\n> ", 0, 0 }, { .hears = NULL },
	};
	struct world world;
	int other;
	begin_pty(&world, cues);
	ask_so(&world, (struct at_command){ .line = "AT+CMGS=14", .payload = "0001", .timeout_ms = 5000 });
	ck_assert(!channel_has_sent(world.channel, &world) && !channel_has_begun(world.channel, &world));
	for (int i = 0; i < 100 && !strchr(world.said, '\x1A'); i++)
		nap(&world, 20);
	ck_assert(channel_has_sent(world.channel, &world) && channel_has_begun(world.channel, &world));
	ck_assert(!channel_has_sent(world.channel, &other) && !channel_has_begun(world.channel, &other));
	end(&world);
	ck_assert_uint_eq(world.nanswers, 0); /* it is freed in silence */
}
END_TEST

START_TEST(a_channel_may_be_freed_in_any_callback)
{
	static const struct cue cues[] = {
		{ "AT\r", "\r\nOK\r\n", 0, 0 }, { "AT+A\r", "\r\nRING\r\n\r\nOK\r\n\r\nRING\r\n", 0, 0 }, { .hears = NULL },
	};
	struct world world;
	begin_pty(&world, cues);
	world.free_in_answer = _i == 0;
	world.free_in_urc = _i == 1;
	ask(&world, "AT+A");
	ask(&world, "AT+A");
	run(&world);
	nap(&world, 50);
	ck_assert_ptr_null(world.channel);
	ck_assert_uint_eq(world.urcs, 1);
	ck_assert_uint_eq(world.nanswers, _i == 0);
	end(&world);
}
END_TEST

/* TCP. */

static int listener(char device[64])
{
	struct sockaddr_in at = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof at;
	const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	ck_assert_int_eq(bind(fd, (void *)&at, len), 0);
	ck_assert_int_eq(listen(fd, 1), 0);
	getsockname(fd, (void *)&at, &len);
	snprintf(device, 64, "tcp://127.0.0.1:%u", ntohs(at.sin_port));
	return fd;
}

START_TEST(a_modem_behind_a_terminal_server_is_asked_alike)
{
	static const struct cue cues[] = {
		{ "AT\r", "\r\nOK\r\n", 0, 0 }, { "AT+CMGS=14\r", "\r\n> ", 0, 0 },
		{ "0001000B91\x1A", "\r\n+CMGS: 7\r\n\r\nOK\r\n", 0, 0 }, { .hears = NULL },
	};
	struct world world;
	begin(&world, cues);
	const int door = listener(world.path);
	open_channel(&world, world.path);
	ask_send(&world);
	nap(&world, 50);
	listen_to(&world, accept(door, NULL, NULL));
	run_to(&world, 1);
	ck_assert_str_eq(world.answers[0].lines, "+CMGS: 7;");
	ask(&world, "AT+CSQ");
	nap(&world, 50);
	close(world.far);
	event_free(world.ear);
	world.ear = NULL;
	world.far = -1;
	run(&world);
	ck_assert_str_eq(world.why, "the peer closed the connection");
	ck_assert_int_eq(world.answers[1].result, AT_CLOSED);
	ck_assert(world.answers[1].written);
	close(door);
	end(&world);
}
END_TEST

START_TEST(a_terminal_server_that_is_not_there_says_so)
{
	struct world world;
	begin(&world, ordinary);
	close(listener(world.path));
	open_channel(&world, world.path);
	ask(&world, "AT");
	run(&world);
	ck_assert_uint_eq(world.opened, 0);
	ck_assert_msg(strstr(world.why, "Connection refused"), "%s", world.why);
	ck_assert_int_eq(world.answers[0].result, AT_CLOSED);
	ck_assert(!world.answers[0].written);
	end(&world);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("modem_channel");
	TCase *tests = tcase_create("modem_channel");
	tcase_set_timeout(tests, 60);
	tcase_add_test(tests, a_command_waits_until_the_modem_has_answered_at);
	tcase_add_test(tests, a_payload_leaves_after_the_prompt_and_ends_with_substitute);
	tcase_add_test(tests, a_lost_prompt_is_taken_back_by_escape_and_the_payload_never_leaves);
	tcase_add_test(tests, a_prompt_that_comes_after_the_escape_is_taken_back_as_well);
	tcase_add_test(tests, a_late_answer_is_never_that_of_the_next_command);
	tcase_add_test(tests, a_result_between_commands_makes_the_channel_look_anew);
	tcase_add_test(tests, a_modem_that_does_not_answer_is_mute_and_is_asked_on);
	tcase_add_test(tests, an_unplugged_modem_closes_at_once_and_says_what_had_left);
	tcase_add_test(tests, one_command_is_in_flight_and_the_first_goes_before_those_that_wait);
	tcase_add_test(tests, a_gap_is_kept_between_a_result_and_the_next_command);
	tcase_add_test(tests, what_comes_by_itself_is_told_between_a_command_and_its_answer);
	tcase_add_test(tests, a_message_whose_line_does_not_come_is_told_without_it);
	tcase_add_test(tests, a_flood_of_what_comes_by_itself_keeps_no_command_waiting);
	tcase_add_test(tests, noise_is_drained_before_at_is_asked);
	tcase_add_test(tests, no_carrier_is_an_answer_and_mends);
	tcase_add_test(tests, a_secret_is_not_in_the_words_of_an_answer);
	tcase_add_test(tests, each_line_of_an_answer_gives_it_more_time);
	tcase_add_test(tests, a_mute_modem_can_be_poked_and_what_it_says_to_that_is_no_answer);
	tcase_add_test(tests, a_message_that_is_half_written_is_not_ended_by_a_poke);
	tcase_add_test(tests, who_forgets_a_command_can_ask_whether_its_payload_has_left);
	tcase_add_loop_test(tests, a_channel_may_be_freed_in_any_callback, 0, 2);
	tcase_add_test(tests, a_modem_behind_a_terminal_server_is_asked_alike);
	tcase_add_test(tests, a_terminal_server_that_is_not_there_says_so);
	suite_add_tcase(suite, tests);
	return run_suite(suite) != 0;
}
