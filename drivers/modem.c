/* SPDX-License-Identifier: Apache-2.0 */
/*
 * modem.c - the session of a link with a modem: phases, registration, health.
 *
 *     open
 *      |
 *    FINDING ----> OPENING ----> STARTING ----> PREPARING ----> SEARCHING <----> USABLE <---> RESTING
 *      ^  |device    |opened       |modem_init    |receiver       |registered     |modem_rest
 *      |  |          |             |              |has begun      |               |drain
 *      |  +----------+-------------+-- mute ------+---------------+--+            v
 *      |                                                             v          DRAINING ---> ENDED
 *      +------------------------------------------------------- MENDING
 *
 *     on_found, on_opened, on_started, on_prepared, judge() make the way to the right; judge() also
 *     the way back when the network is gone. modem_ill(), no answer to AT, and no network for too
 *     long lead to MENDING, where modem_ladder.c has its moves: it goes on at FINDING. A modem that
 *     restarted is opened anew (OPENING). From anywhere: the port is gone, a PUK: ENDED, by
 *     link_down(); the link's back-off opens the next session.
 *
 * The link has room for one part while USABLE, and none otherwise: what it has goes to other modems
 * of the route, and its note says why. What is lent goes on.
 *
 * What frees the channel or a part of the session waits for a later turn of the loop (on_wake, the
 * timers), for it may be asked for by one of their callbacks. Parts belong to the sender and the
 * dialer, what comes in to the receiver; lines that come by themselves are given to each in turn.
 */
#include "modem_session.h"

#include "../gateway/asked.h"
#include "../gateway/clock.h"
#include "digest.h"
#include "refuse.h"

#include <event2/event.h>

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	OPEN_MS = 15000, PREPARE_MS = 60000, DRAIN_MS = 5000, OPERATOR_MS = 30000,
	BOOT_AGAIN_MS = 600000,         /* Huawei's ^BOOT comes over and over */
	ILLS_MOST = 5,                  /* in a row, then the ladder begins */
	QUIET_LOOKS = 10,               /* at a network that is there: the ladder is forgotten */
	RESTS_MOST = 6,                 /* doublings */
	/* In multiples of recovery_wait. */
	SEARCH_LOOK = 3, USABLE_LOOK = 60, ASSERT_EACH = 900, REST_FIRST = 60,
};

static uint64_t waits(const struct session *session, unsigned n)
{
	return n * (uint64_t)session->modem.options->recovery_wait;
}

void session_ring(struct session *session, unsigned n)
{
	clock_ring(session->late, waits(session, n));
}

void session_say(struct session *session, const char *format, ...)
{
	char text[MODEM_WHY_MAX];
	va_list args;
	va_start(args, format);
	vsnprintf(text, sizeof text, format, args);
	va_end(args);
	if (session->phase != MODEM_ENDED)
		link_note(session->modem.link, text);
}

/* Phases. */

static void begin_finding(struct session *);
static void begin_opening(struct session *);
static void begin_starting(struct session *);
static void begin_preparing(struct session *);
static void begin_searching(struct session *);
static void begin_use(struct session *);
static void begin_draining(struct session *);
static void open_late(struct session *);
static void prepare_late(struct session *);
static void search_late(struct session *);
static void rest_late(struct session *);
static void end(struct session *, enum down, const char *why);
static void drain_late(struct session *session) { end(session, DOWN_DRAINED, "drained"); }

static const struct {
	const char *name;
	void (*enter)(struct session *);
	void (*late)(struct session *); /* when the timer rings that it set */
} phases[] = {
	[MODEM_FINDING]   = { "finding", begin_finding, NULL },
	[MODEM_OPENING]   = { "opening", begin_opening, open_late },
	[MODEM_STARTING]  = { "starting", begin_starting, NULL },
	[MODEM_PREPARING] = { "preparing", begin_preparing, prepare_late },
	[MODEM_SEARCHING] = { "searching", begin_searching, search_late },
	[MODEM_USABLE]    = { "usable", begin_use, NULL },
	[MODEM_RESTING]   = { "resting", NULL, rest_late },
	[MODEM_MENDING]   = { "mending", NULL, ladder_move },
	[MODEM_DRAINING]  = { "draining", begin_draining, drain_late },
	[MODEM_ENDED]     = { "ended", NULL, NULL },
};

static bool is_begun(const struct session *session)
{
	return session->phase >= MODEM_SEARCHING && session->phase != MODEM_MENDING && session->phase != MODEM_ENDED;
}

void session_enter(struct session *session, enum modem_phase phase)
{
	struct modem *modem = &session->modem;
	if (session->phase == MODEM_ENDED)
		return;
	link_debug(modem->link, "event=phase from=%s to=%s", phases[session->phase].name, phases[phase].name);
	if (session->phase == MODEM_USABLE && phase != MODEM_DRAINING && phase != MODEM_ENDED)
		link_wait(modem->link, session->why);
	modem->usable = phase == MODEM_USABLE || phase == MODEM_DRAINING;
	session->phase = phase;
	event_del(session->late);
	if (phases[phase].enter)
		phases[phase].enter(session);
}

/* Ending. */

/* Its parts forget what they asked; what never left goes back. */
static void forget(struct session *session)
{
	struct modem *modem = &session->modem;
	modem->usable = false;
	sender_lost(modem->sender);
	dialer_lost(modem->dialer);
	receiver_stop(modem->receiver);
}

void session_shut(struct session *session)
{
	forget(session);
	event_del(session->look);
	init_free(session->init);
	session->init = NULL;
	channel_free(session->modem.channel);
	session->modem.channel = NULL;
}

/* The rest is freed by close(): this may be a callback of it. */
static void end(struct session *session, enum down how, const char *why)
{
	if (session->phase == MODEM_ENDED)
		return;
	forget(session);
	session_enter(session, MODEM_ENDED);
	event_del(session->look);
	event_del(session->wake);
	link_down(session->modem.link, how, why);
}

/* A later turn of the loop begins the ladder. */
static void mend_later(struct session *session, enum rung least, const char *why)
{
	if (session->phase == MODEM_ENDED || session->phase == MODEM_MENDING || session->wanted)
		return;
	session->wanted = least;
	snprintf(session->why, sizeof session->why, "%s", why);
	event_active(session->wake, 0, 0);
}

static void on_wake(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	struct session *session = arg;
	const enum rung wanted = session->wanted;
	const bool restart = session->restart;
	session->wanted = RUNG_NONE;
	session->restart = false;
	if (session->phase == MODEM_ENDED)
		return;
	if (session->phase == MODEM_DRAINING && (wanted || restart)) {
		end(session, DOWN_LOST, session->why);
	} else if (wanted) {
		ladder_climb(session, wanted, session->why);
	} else if (restart) {
		session->booted = true;
		session->booted_at = clock_ms();
		session_enter(session, MODEM_OPENING);
	}
}

static void on_late(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	struct session *session = arg;
	if (phases[session->phase].late)
		phases[session->phase].late(session);
}

/* Finding and opening. */

static void on_found(void *ctx, const struct modem_found *found)
{
	struct session *session = ctx;
	const bool there = found->device != NULL, answers = there && found->answers;
	char why[MODEM_WHY_MAX];
	snprintf(why, sizeof why, "%s", found->why ? found->why : "");
	if (there) {
		snprintf(session->device, sizeof session->device, "%s", found->device);
		session->baud = found->baud;
	}
	find_free(session->find);       /* and with it the device is closed */
	session->find = NULL;
	if (session->phase != MODEM_FINDING)
		return;
	if (answers) {
		link_info(session->modem.link, "event=found device=%s baud=%u", session->device, session->baud);
		session_enter(session, MODEM_OPENING);
	} else if (!there && !session->ladder.rung) {
		end(session, DOWN_LOST, why);
	} else {
		/* It is there, and says nothing; or it has not come back from a rung of the ladder. */
		mend_later(session, RUNG_REOPEN, why);
	}
}

static void begin_finding(struct session *session)
{
	const struct modem *modem = &session->modem;
	find_free(session->find);
	session->find = find_start(link_base(modem->link), modem->options, "/dev", on_found, session);
	if (!session->ladder.rung)
		session_say(session, "looks for the modem");
}

static void on_opened(void *ctx)
{
	struct session *session = ctx;
	if (session->phase == MODEM_OPENING)
		session_enter(session, MODEM_STARTING);
}

static void on_closed(void *ctx, const char *why)
{
	struct session *session = ctx;
	if (session->phase == MODEM_MENDING)
		return;                 /* a reset does that; the next moves see to it */
	if (session->ladder.rung && session->phase < MODEM_SEARCHING)
		mend_later(session, RUNG_REOPEN, why);
	else
		end(session, DOWN_LOST, why);
}

static void on_mute(void *ctx, unsigned tries)
{
	struct session *session = ctx;
	char why[64];
	snprintf(why, sizeof why, "no answer to AT, %u times", tries);
	mend_later(session, RUNG_NONE + 1, why);
}

static void on_urc(void *ctx, const struct at_urc *);

void session_reach(struct session *session)
{
	struct modem *modem = &session->modem;
	const struct channel_handler handler = { .ctx = session, .opened = on_opened, .urc = on_urc, .mute = on_mute,
		.closed = on_closed };
	modem->channel = channel_open(link_base(modem->link), modem->options, session->device, session->baud, &handler);
}

static void begin_opening(struct session *session)
{
	session_shut(session);
	session_reach(session);
	clock_ring(session->late, OPEN_MS);
	if (!session->ladder.rung)
		session_say(session, "opens %.100s", session->device);
}

static void open_late(struct session *session)
{
	end(session, DOWN_LOST, "the device could not be opened in time");
}

/* The beginning. */

static void on_started(void *ctx, enum init_result result, const char *why)
{
	static const enum down ends[] = { [INIT_NO_SIM] = DOWN_BUSY, [INIT_REFUSED] = DOWN_REFUSED,
		[INIT_BARRED] = DOWN_BARRED };
	struct session *session = ctx;
	if (session->phase != MODEM_STARTING)
		return;
	if (result == INIT_READY) {
		session->booted = false;
		session_enter(session, MODEM_PREPARING);
	} else if (result == INIT_MUTE) {
		mend_later(session, RUNG_NONE + 1, why);
	} else {
		end(session, ends[result], why);
	}
}

static void on_doing(void *ctx, const char *what)
{
	struct session *session = ctx;
	session_say(session, "starts: %s", what);
}

static void begin_starting(struct session *session)
{
	const struct init_handler handler = { .ctx = session, .done = on_started, .doing = on_doing };
	if (!session->ladder.rung)
		session_say(session, "starts");
	init_free(session->init);
	session->init = init_new(&session->modem, session->booted, &handler);
}

static void on_prepared(struct modem *modem)
{
	struct session *session = (struct session *)modem;
	if (session->phase == MODEM_PREPARING)
		session_enter(session, MODEM_SEARCHING);
}

static void begin_preparing(struct session *session)
{
	session->asserted_at = clock_ms();
	clock_ring(session->late, PREPARE_MS);
	receiver_start(session->modem.receiver, on_prepared);
}

static void prepare_late(struct session *session)
{
	link_warn(session->modem.link, "event=prepare reason=\"the modem's storages are not ready yet\"");
	session_enter(session, MODEM_SEARCHING);
}

/* The network. */

static void tell(struct session *session)
{
	char words[MODEM_WHY_MAX];
	radio_words(&session->radio, words, sizeof words);
	session_say(session, "%s", words);
}

/* What is known of the network may have changed. */
static void judge(struct session *session)
{
	const struct radio *radio = &session->radio;
	/* One that knows none of the commands is taken at its word when it takes messages. */
	const bool there = radio_is_there(radio) || (session->looked && !radio_is_told(radio));
	if (session->phase == MODEM_SEARCHING && there && session->looked) {
		session_enter(session, MODEM_USABLE);
	} else if (session->phase == MODEM_USABLE && !there) {
		radio_words(radio, session->why, sizeof session->why);
		session_enter(session, MODEM_SEARCHING);
	} else if (session->phase == MODEM_SEARCHING || session->phase == MODEM_USABLE) {
		tell(session);
	}
}

static void on_state(void *ctx, const struct at_answer *answer)
{
	struct session *session = ctx;
	for (size_t i = 0; i < answer->nlines; i++)
		radio_read(&session->radio, answer->lines[i], session->modem.ucs2_strings);
}

/* The last of them. */
static void on_signal(void *ctx, const struct at_answer *answer)
{
	struct session *session = ctx;
	on_state(session, answer);
	if (answer->result == AT_CLOSED)
		return;
	session->looked = true;
	if (session->phase == MODEM_USABLE && radio_is_there(&session->radio) && answer->result == AT_OK &&
	    ++session->ladder.quiet == QUIET_LOOKS)
		ladder_leave(session);
	judge(session);
}

static void ask(struct session *session, const char *line, const char *prefix, unsigned limit, at_done_fn *done)
{
	const struct at_command command = { .line = line, .prefix = prefix, .timeout_ms = limit, .done = done,
		.ctx = session };
	channel_ask(session->modem.channel, &command);
}

static void look(struct session *session)
{
	struct channel *channel = session->modem.channel;
	const struct radio *radio = &session->radio;
	const bool usable = session->phase == MODEM_USABLE;
	const uint64_t now = clock_ms();
	const unsigned limit = (unsigned)session->modem.options->command_timeout;
	clock_ring(session->look, waits(session, usable ? USABLE_LOOK : SEARCH_LOOK));
	/* A modem that is slow to answer is not asked more than it can say. */
	if (!channel || (!usable && session->looked && channel_load(channel) > RADIO_KINDS))
		return;
	ask(session, "AT+CREG?", "+CREG:", limit, on_state);
	ask(session, "AT+CGREG?", "+CGREG:", limit, on_state);
	ask(session, "AT+CEREG?", "+CEREG:", limit, on_state);
	if (radio_is_there(radio) && !*radio->operator)
		ask(session, "AT+COPS?", "+COPS:", OPERATOR_MS, on_state);
	ask(session, "AT+CSQ", "+CSQ:", limit, on_signal);
	if (now - session->asserted_at >= waits(session, ASSERT_EACH)) {
		session->asserted_at = now;
		receiver_assert(session->modem.receiver);
	}
}

static void on_look(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	struct session *session = arg;
	if (is_begun(session))
		look(session);
}

static void begin_searching(struct session *session)
{
	clock_ring(session->late, (uint64_t)session->modem.options->registration_timeout);
	radio_clear(&session->radio);
	session->looked = false;
	if (!session->ladder.rung)
		session_say(session, "%s", *session->why ? session->why : "looks for a network");
	look(session);
}

static void search_late(struct session *session)
{
	char words[MODEM_WHY_MAX];
	radio_words(&session->radio, words, sizeof words);
	ladder_climb(session, RUNG_RADIO, words);
}

static void begin_use(struct session *session)
{
	session->why[0] = '\0';
	link_up(session->modem.link, 1);
	tell(session);
	dialer_start(session->modem.dialer);
	clock_ring(session->look, *session->radio.operator ? waits(session, USABLE_LOOK) : 0);
}

/* Health, as the parts see it. */

void modem_works(struct modem *modem)
{
	((struct session *)modem)->ladder.ills = 0;
}

void modem_well(struct modem *modem)
{
	struct session *session = (struct session *)modem;
	session->ladder.ills = session->rests = 0;
	if (session->ladder.rung)
		ladder_leave(session);
}

void modem_ill(struct modem *modem, const char *why)
{
	struct session *session = (struct session *)modem;
	link_debug(modem->link, "event=ill reason=\"%s\"", why);
	if (++session->ladder.ills >= ILLS_MOST)
		mend_later(session, RUNG_RADIO, why);
}

void modem_rest(struct modem *modem, const char *why)
{
	struct session *session = (struct session *)modem;
	const unsigned doubled = session->rests < RESTS_MOST ? session->rests : RESTS_MOST;
	if (session->phase != MODEM_USABLE && session->phase != MODEM_RESTING)
		return;
	session->rests += session->phase == MODEM_USABLE;
	snprintf(session->why, sizeof session->why, "rests %.0f s: %.180s", (double)waits(session, REST_FIRST << doubled) / 1000,
	    why);
	link_warn(modem->link, "event=resting reason=\"%s\"", session->why);
	if (session->phase == MODEM_USABLE)
		session_enter(session, MODEM_RESTING);
	session_ring(session, REST_FIRST << doubled);
}

static void rest_late(struct session *session)
{
	session->why[0] = '\0';
	session_enter(session, MODEM_SEARCHING);
}

void modem_restarted(struct modem *modem, const char *why)
{
	struct session *session = (struct session *)modem;
	if (session->phase == MODEM_STARTING && session->init) {
		init_again(session->init);
		return;
	}
	if (session->phase < MODEM_PREPARING || session->phase == MODEM_MENDING || session->phase == MODEM_ENDED)
		return;
	link_warn(modem->link, "event=restarted reason=\"%s\"", why);
	snprintf(session->why, sizeof session->why, "the modem restarted: %s", why);
	session->restart = true;
	event_active(session->wake, 0, 0);
}

/* Draining. */

static void on_quiet(void *ctx, const struct at_answer *answer)
{
	struct session *session = ctx;
	(void)answer;
	if (session->phase == MODEM_DRAINING)
		end(session, DOWN_DRAINED, "drained");
}

static bool is_idle(const struct session *session)
{
	const struct modem *modem = &session->modem;
	return sender_is_idle(modem->sender) && dialer_is_idle(modem->dialer) && receiver_is_idle(modem->receiver);
}

void modem_idle(struct modem *modem)
{
	struct session *session = (struct session *)modem;
	if (session->phase != MODEM_DRAINING || !is_idle(session) || event_pending(session->late, EV_TIMEOUT, NULL))
		return;
	/* Behind all that was asked before. */
	clock_ring(session->late, modem->channel ? DRAIN_MS : 0);
	if (modem->channel)
		ask(session, "AT", NULL, DRAIN_MS, on_quiet);
}

static void begin_draining(struct session *session)
{
	event_del(session->look);
	dialer_drain(session->modem.dialer);
	modem_idle(&session->modem);
}

/* What comes by itself. */

static const struct { const char *line; const char *restarted, *warns; } notices[] = {
	{ "RDY", "RDY", NULL },
	{ "^SYSSTART", "^SYSSTART", NULL },
	{ "^BOOT", "^BOOT", NULL },
	{ "^SIMST: 0", "the SIM is gone (^SIMST: 0)", NULL },
	{ "^SIMST:0", "the SIM is gone (^SIMST:0)", NULL },
	{ "+CPIN: NOT ", "the SIM is gone", NULL },
	{ "+CPIN: SIM REMOVED", "the SIM is gone", NULL },
	{ "UNDER-VOLTAGE", NULL, "its voltage is too low: see its power supply" },
	{ "OVER-VOLTAGE", NULL, "its voltage is too high: see its power supply" },
	{ "NORMAL POWER DOWN", NULL, "it switches itself off" },
	{ "POWERED DOWN", NULL, "it switches itself off" },
	{ "^SHUTDOWN", NULL, "it switches itself off" },
	{ "RING", NULL, "somebody calls, and nobody takes the call" },
	{ "+CRING", NULL, "somebody calls, and nobody takes the call" },
};

/* Each kind of line that nobody knows is logged once. */
static void log_stranger(struct session *session, const char *line)
{
	const uint32_t digest = digest_of(line, strcspn(line, ":"));
	for (unsigned i = 0; i < session->nstrangers; i++)
		if (session->strangers[i] == digest)
			return;
	if (session->nstrangers == sizeof session->strangers / sizeof *session->strangers)
		return;
	session->strangers[session->nstrangers++] = digest;
	link_debug(session->modem.link, "event=unknown line=\"%.40s\"", line);
}

static bool is_notice(struct session *session, const char *line)
{
	struct modem *modem = &session->modem;
	for (size_t i = 0; i < sizeof notices / sizeof *notices; i++) {
		if (strncmp(line, notices[i].line, strlen(notices[i].line)) != 0)
			continue;
		const bool over_and_over = strcmp(notices[i].line, "^BOOT") == 0 && session->booted_at &&
		    clock_ms() - session->booted_at < BOOT_AGAIN_MS;
		if (notices[i].warns)
			link_warn(modem->link, "event=notice line=\"%.40s\" reason=\"%s\"", line, notices[i].warns);
		else if (!over_and_over)
			modem_restarted(modem, notices[i].restarted);
		return true;
	}
	return false;
}

static void on_urc(void *ctx, const struct at_urc *urc)
{
	struct session *session = ctx;
	struct modem *modem = &session->modem;
	if (session->phase == MODEM_ENDED)
		return;
	if (session->phase == MODEM_STARTING)
		init_hear(session->init, urc->line);
	if (is_notice(session, urc->line))
		return;
	if (radio_read(&session->radio, urc->line, modem->ucs2_strings))
		judge(session);
	else if (!receiver_urc(modem->receiver, urc) && !dialer_urc(modem->dialer, urc) && !sender_urc(modem->sender, urc))
		log_stranger(session, urc->line);
}

/* The driver. */

static void *modem_open(struct link *link, const void *options)
{
	struct session *session = calloc(1, sizeof *session);
	if (!session)
		abort();
	session->modem = (struct modem){ .link = link, .options = options, .profile = modem_profiles };
	session->late = event_new(link_base(link), -1, 0, on_late, session);
	session->look = event_new(link_base(link), -1, 0, on_look, session);
	session->wake = event_new(link_base(link), -1, 0, on_wake, session);
	if (!session->late || !session->look || !session->wake)
		abort();
	radio_clear(&session->radio);
	session->modem.sender = sender_new(&session->modem);
	session->modem.receiver = receiver_new(&session->modem);
	session->modem.dialer = dialer_new(&session->modem);
	session->find = find_start(link_base(link), options, "/dev", on_found, session);
	return session;
}

static void modem_submit(void *at, struct part *part)
{
	struct session *session = at;
	const struct message *message = part->message;
	const enum kind kind = message->asked ? message->asked->kind : KIND_TEXT;
	struct outcome outcome = { .verdict = VERDICT_DEFERRED, .untried = true,
		.text = "the modem was lost before it was sent" };
	if (message->ndestinations)
		refuse(&outcome, "a modem sends to one recipient at a time: write a row for each");
	else if (kind == KIND_BROADCAST)
		refuse(&outcome, "a modem cannot send broadcasts");
	else if (session->modem.usable && kind == KIND_USSD) {
		dialer_submit(session->modem.dialer, part);
		return;
	} else if (session->modem.usable) {
		sender_submit(session->modem.sender, part);
		return;
	}
	link_done(session->modem.link, part, &outcome);
}

static void modem_ack(void *at, uint64_t ticket, enum ack ack)
{
	struct session *session = at;
	receiver_ack(session->modem.receiver, ticket, ack);
}

static void modem_drain(void *at)
{
	session_enter(at, MODEM_DRAINING);
}

static void modem_close(void *at)
{
	struct session *session = at;
	session->phase = MODEM_ENDED;
	find_free(session->find);
	init_free(session->init);
	hook_free(session->ladder.hook);
	channel_free(session->modem.channel);
	sender_free(session->modem.sender);
	dialer_free(session->modem.dialer);
	receiver_free(session->modem.receiver);
	event_free(session->late);
	event_free(session->look);
	event_free(session->wake);
	free(session);
}

const struct driver modem_driver = {
	.name = "modem",
	.keys = modem_keys,
	.options = sizeof(struct modem_options),
	.concats = 1 << CONCAT_UDH8 | 1 << CONCAT_UDH16,
	.check = modem_check,
	.open = modem_open,
	.submit = modem_submit,
	.ack = modem_ack,
	.drain = modem_drain,
	.close = modem_close,
	.identify = modem_identify,
};
