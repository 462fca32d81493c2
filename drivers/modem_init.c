/* SPDX-License-Identifier: Apache-2.0 */
/*
 * modem_init.c - the commands of the beginning, as a table of steps.
 *
 * Each step is a command, or makes one, or is left out; what is heard says what comes then: the next
 * step, the same again after a while, or the end. The order matters: the identity chooses the profile
 * and names the SIM whose PIN is entered, and what a SIM decides comes after it. (Which state a step
 * leaves is in struct init and struct modem; there are no others.)
 *
 * The PIN is entered once: when the SIM asks for it, and pin_may() of modem_pin.c says yes. A PUK is
 * never entered.
 *
 * Storages, routing and sessions (CPMS, CNMI, CSMS, CMMS, CUSD) belong to those who use them.
 */
#include "modem_said.h"
#include "modem_session.h"

#include "../gateway/clock.h"

#include <event2/event.h>

#include <assert.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	AT_MS = 3000, PIN_MS = 30000, RADIO_MS = 20000, SLOW_MS = 20000,
	AT_TRIES = 5,
	/* In multiples of recovery_wait. */
	BUSY_WAIT = 2, BUSY_MOST = 60, READY_WAIT = 1, READY_MOST = 30, SMS_MOST = 20, SMS_USUAL = 5,
};

enum then { THEN_NEXT, THEN_AGAIN, THEN_OVER };
enum make { MAKE_SEND, MAKE_SKIP, MAKE_OVER };
enum sim { SIM_UNKNOWN, SIM_READY, SIM_WANTS_PIN };

struct init {
	struct modem *modem;
	struct init_handler handler;
	struct event *timer;
	size_t step;
	unsigned asked;                 /* how often this step was */
	uint64_t since;                 /* when it first was */
	uint64_t wait_ms;               /* before it is asked again */
	enum sim sim;
	int tries;                      /* left for the PIN; -1: not known */
	bool radio_off, entered, no_plain_strings, no_pdus;
	bool booted;                    /* it may not be ready for messages yet */
	bool sms_ready;                 /* it said that it is */
	bool restarted;                 /* while it was being begun: from the first step */
	bool over;
	struct pin_key key;
	char pin_file[PATH_MAX];
};

struct step {
	const char *line;               /* NULL: make() writes it */
	enum make (*make)(struct init *, char line[AT_LINE_MAX]);       /* NULL: it is always sent */
	const char *prefix;
	unsigned timeout_ms;            /* 0: the link's command_timeout */
	bool must;                      /* without an answer nothing goes on */
	enum then (*heard)(struct init *, const struct at_answer *);    /* NULL: whatever it was, the next */
};

static enum then over(struct init *init, enum init_result result, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static enum then over(struct init *init, enum init_result result, const char *format, ...)
{
	char why[MODEM_WHY_MAX];
	va_list args;
	va_start(args, format);
	vsnprintf(why, sizeof why, format, args);
	va_end(args);
	init->over = true;
	init->handler.done(init->handler.ctx, result, why);
	return THEN_OVER;
}

static enum then again(struct init *init, unsigned waits)
{
	init->wait_ms = waits * (uint64_t)init->modem->options->recovery_wait;
	return THEN_AGAIN;
}

/* Has this step gone on for so many waits? */
static bool is_long(const struct init *init, unsigned waits)
{
	return clock_ms() - init->since >= waits * (uint64_t)init->modem->options->recovery_wait;
}

/* Beginning. */

static enum then heard_at(struct init *init, const struct at_answer *answer)
{
	if (said_well(answer))
		return THEN_NEXT;
	if (init->asked < AT_TRIES)
		return again(init, 1);
	return over(init, INIT_MUTE, "no OK to AT: %.100s", answer->text);
}

static enum then heard_radio(struct init *init, const struct at_answer *answer)
{
	const char *at = said_line(answer, "+CFUN:");
	init->radio_off = at && (*at == '0' || *at == '4');
	return THEN_NEXT;
}

static enum make make_radio(struct init *init, char line[AT_LINE_MAX])
{
	(void)line;
	if (!init->radio_off)
		return MAKE_SKIP;
	init->booted = true;
	init->handler.doing(init->handler.ctx, "switches the radio on");
	return MAKE_SEND;
}

static enum then heard_identity(struct init *, const struct at_answer *);

static enum then heard_model(struct init *init, const struct at_answer *answer)
{
	struct modem *modem = init->modem;
	heard_identity(init, answer);
	const struct modem_profile *said = modem_profile_named(modem->options->profile);
	modem->profile = said ? said : modem_profile_of(&modem->identity);
	channel_gap(modem->channel, modem->profile->gap_ms);
	link_info(modem->link, "event=modem maker=\"%s\" model=\"%s\" profile=%s", modem->identity.maker,
	    modem->identity.model, modem->profile->name);
	return THEN_NEXT;
}

/* The SIM. */

static enum then sim_is_busy(struct init *init, const char *how)
{
	if (is_long(init, BUSY_MOST))
		return over(init, INIT_NO_SIM, "the SIM is not ready: %.100s; is it in, and the right way round?", how);
	init->handler.doing(init->handler.ctx, "waits for the SIM");
	return again(init, BUSY_WAIT);
}

static const char barred_by_puk[] = "the SIM asks for its PUK, since wrong PINs were entered: unlock it in a handset; "
    "a PUK is never entered here";

/* As a number of +CME ERROR, whichever of the two it was; -1: neither. */
static int sim_error(const struct at_answer *answer)
{
	static const struct { int cms, cme; } same[] = {
		{ 310, 10 }, { 311, 11 }, { 313, 13 }, { 314, 14 }, { 315, 15 }, { 316, 12 },
	};
	if (answer->result == AT_CME)
		return answer->code;
	for (size_t i = 0; answer->result == AT_CMS && i < sizeof same / sizeof *same; i++)
		if (same[i].cms == answer->code)
			return same[i].cme;
	return -1;
}

/* No state was told; the error says why. */
static enum then sim_failed(struct init *init, const struct at_answer *answer)
{
	const int code = sim_error(answer);
	if (answer->result == AT_SILENT)
		return over(init, INIT_MUTE, "no answer to AT+CPIN?");
	if (code == 10 || (code < 0 && strcasestr(answer->text, "not inserted")))
		return over(init, INIT_NO_SIM, "there is no SIM in the modem");
	if (code == 13 || code == 15)
		return over(init, INIT_NO_SIM, "the SIM fails (%.80s): take it out and put it in again, or try another", answer->text);
	if (code == 12)
		return over(init, INIT_BARRED, "%s", barred_by_puk);
	if (code == 11) {
		init->sim = SIM_WANTS_PIN;
		return THEN_NEXT;
	}
	return sim_is_busy(init, answer->text);
}

static enum then heard_sim(struct init *init, const struct at_answer *answer)
{
	const char *state = said_line(answer, "+CPIN:");
	if (!state)
		return sim_failed(init, answer);
	if (strcmp(state, "READY") == 0 || strcmp(state, "SIM PIN2") == 0 || strcmp(state, "SIM PUK2") == 0) {
		init->sim = SIM_READY;
		return THEN_NEXT;
	}
	if (strcmp(state, "SIM PIN") == 0) {
		init->sim = SIM_WANTS_PIN;
		return THEN_NEXT;
	}
	if (strcmp(state, "SIM PUK") == 0)
		return over(init, INIT_BARRED, "%s", barred_by_puk);
	if (strcmp(state, "NOT INSERTED") == 0)
		return over(init, INIT_NO_SIM, "there is no SIM in the modem");
	if (strncmp(state, "PH-", 3) == 0)
		return over(init, INIT_REFUSED, "the modem is locked to another SIM or network (%.40s): its maker or seller "
		    "can unlock it", state);
	return sim_is_busy(init, state);
}

static enum make make_iccid(struct init *init, char line[AT_LINE_MAX])
{
	(void)line;
	return *init->modem->identity.iccid ? MAKE_SKIP : MAKE_SEND;
}

/* Before the PIN few tell it: only when nothing else names the SIM. */
static enum make make_early_imsi(struct init *init, char line[AT_LINE_MAX])
{
	(void)line;
	return init->sim == SIM_WANTS_PIN && !*init->modem->identity.iccid ? MAKE_SEND : MAKE_SKIP;
}

static enum make make_tries(struct init *init, char line[AT_LINE_MAX])
{
	(void)line;
	return init->sim == SIM_WANTS_PIN && init->tries < 0 ? MAKE_SEND : MAKE_SKIP;
}

static enum then heard_tries(struct init *init, const struct at_answer *answer)
{
	for (size_t i = 0; said_well(answer) && i < answer->nlines && init->tries < 0; i++)
		init->tries = pin_tries(answer->lines[i]);
	return THEN_NEXT;
}

/* The PIN. */

static bool may_enter(struct init *init, const char *pin)
{
	char why[MODEM_WHY_MAX];
	const struct pin_ask ask = { .file = init->pin_file, .pin = pin, .key = &init->key, .tries = init->tries };
	bool person = false;
	if (!*pin)
		over(init, INIT_REFUSED, "the SIM asks for its PIN: write it into a file and name that with pin_file");
	else if (pin_may(&ask, why, &person))
		return true;
	else
		over(init, person ? INIT_BARRED : INIT_REFUSED, "%s", why);
	return false;
}

static enum make make_pin(struct init *init, char line[AT_LINE_MAX])
{
	const struct modem *modem = init->modem;
	const char *pin = modem_pin(modem->options);
	const bool named = pin_key_of(&init->key, &modem->identity, modem->options->device);
	pin_file_of(&init->key, modem->options->state, init->pin_file, sizeof init->pin_file);
	if (init->sim == SIM_READY) {
		/* It was taken: now, or before we could write that down. */
		if (pin_past(init->pin_file, &init->key, "") == PIN_ENTERED)
			pin_forget(init->pin_file);
		return MAKE_SKIP;
	}
	if (!may_enter(init, pin))
		return MAKE_OVER;
	if (!named)
		link_warn(modem->link, "event=pin reason=\"the SIM tells neither ICCID nor IMSI: a refused PIN is remembered "
		    "for this modem, whatever SIM is in it\"");
	link_info(modem->link, "event=pin tries_left=%d", init->tries);
	init->handler.doing(init->handler.ctx, "enters the PIN");
	init->entered = init->booted = true;
	snprintf(line, AT_LINE_MAX, "AT+CPIN=\"%.8s\"", pin);
	return MAKE_SEND;
}

static enum then heard_pin(struct init *init, const struct at_answer *answer)
{
	const char *pin = modem_pin(init->modem->options);
	if (said_well(answer))
		return THEN_NEXT;
	/* Even one that may not have been looked at is not entered again. */
	if (!pin_note(init->pin_file, &init->key, pin, PIN_REFUSED))
		link_warn(init->modem->link, "event=pin reason=\"%s cannot be written\"", init->pin_file);
	return over(init, INIT_BARRED, "the SIM did not take the PIN (%.80s): correct pin_file. This one is not entered "
	    "again", answer->text);
}

static enum make make_after_pin(struct init *init, char line[AT_LINE_MAX])
{
	(void)line;
	return init->entered ? MAKE_SEND : MAKE_SKIP;
}

static enum then heard_after_pin(struct init *init, const struct at_answer *answer)
{
	const char *state = said_line(answer, "+CPIN:");
	if (state && strcmp(state, "READY") == 0) {
		pin_forget(init->pin_file);
		init->sim = SIM_READY;
		return THEN_NEXT;
	}
	if (!is_long(init, READY_MOST))
		return again(init, READY_WAIT);
	return over(init, INIT_BARRED, "the PIN was taken, but the SIM is not ready: %.100s", state ? state : answer->text);
}

/* A modem that just started refuses messages until it says that it can. */
static enum make make_sms_wait(struct init *init, char line[AT_LINE_MAX])
{
	(void)line;
	const unsigned most = init->modem->profile->ready ? SMS_MOST : SMS_USUAL;
	if (!init->booted || init->sms_ready || (init->asked && is_long(init, most)))
		return MAKE_SKIP;
	init->handler.doing(init->handler.ctx, "waits until the modem can do messages");
	return MAKE_SEND;
}

static enum then heard_sms_wait(struct init *init, const struct at_answer *answer)
{
	(void)answer;
	return again(init, 1);
}

/* How messages and strings are written. */

static enum then heard_plain_strings(struct init *init, const struct at_answer *answer)
{
	init->no_plain_strings = !said_well(answer);
	init->modem->ucs2_strings = false;
	return THEN_NEXT;
}

static enum make make_ucs2_strings(struct init *init, char line[AT_LINE_MAX])
{
	(void)line;
	return init->no_plain_strings ? MAKE_SEND : MAKE_SKIP;
}

static enum then heard_ucs2_strings(struct init *init, const struct at_answer *answer)
{
	init->modem->ucs2_strings = said_well(answer);
	return THEN_NEXT;
}

static enum make make_pdus(struct init *init, char line[AT_LINE_MAX])
{
	(void)line;
	init->no_pdus = init->modem->options->mode == MODE_TEXT;
	return init->no_pdus ? MAKE_SKIP : MAKE_SEND;
}

static enum then heard_pdus(struct init *init, const struct at_answer *answer)
{
	if (answer->result == AT_SILENT)
		return over(init, INIT_MUTE, "no answer to AT+CMGF=0");
	init->no_pdus = !said_well(answer);
	if (init->no_pdus && init->modem->options->mode == MODE_PDU)
		return over(init, INIT_REFUSED, "the modem refuses PDU mode (%.80s): mode = auto or text lets it do plain texts",
		    answer->text);
	return THEN_NEXT;
}

static enum make make_texts(struct init *init, char line[AT_LINE_MAX])
{
	(void)line;
	init->modem->text_mode = init->no_pdus;
	return init->no_pdus ? MAKE_SEND : MAKE_SKIP;
}

static enum then heard_texts(struct init *init, const struct at_answer *answer)
{
	if (!said_well(answer))
		return over(init, INIT_REFUSED, "the modem does messages neither as PDUs nor as texts (%.80s)", answer->text);
	link_warn(init->modem->link, "event=text_mode reason=\"%s\"",
	    init->modem->options->mode == MODE_TEXT ? "mode = text" : "PDU mode was refused");
	return THEN_NEXT;
}

/* A text takes its message centre from the modem, a PDU has it inside. */
static enum make make_centre(struct init *init, char line[AT_LINE_MAX])
{
	const struct modem *modem = init->modem;
	const char *centre = modem->options->smsc;
	if (!modem->text_mode || !*centre)
		return MAKE_SKIP;
	snprintf(line, AT_LINE_MAX, "AT+CSCA=\"%.24s\",%d", centre, *centre == '+' ? 145 : 129);
	return MAKE_SEND;
}

static enum then heard_centre(struct init *init, const struct at_answer *answer)
{
	struct modem *modem = init->modem;
	said_centre(answer, modem->identity.smsc, sizeof modem->identity.smsc);
	if (!*modem->identity.smsc && !*modem->options->smsc)
		link_warn(modem->link, "event=no_smsc reason=\"the SIM names no message centre: give the link one with smsc\"");
	return THEN_NEXT;
}

static enum make make_service(struct init *init, char line[AT_LINE_MAX])
{
	if (init->modem->options->message_service < 0)
		return MAKE_SKIP;
	snprintf(line, AT_LINE_MAX, "AT+CGSMS=%ld", init->modem->options->message_service);
	return MAKE_SEND;
}

/* More commands: the maker's, then those of the file. */

static size_t list_length(const char *const *list)
{
	size_t n = 0;
	while (list && list[n])
		n++;
	return n;
}

static enum make make_more(struct init *init, char line[AT_LINE_MAX])
{
	const char *const *profile = init->modem->profile->init;
	const struct conf_list *own = &init->modem->options->init;
	const size_t n = list_length(profile), at = init->asked;
	if (at < n)
		snprintf(line, AT_LINE_MAX, "%s", profile[at]);
	else if (at - n < own->n && *own->items[at - n])
		snprintf(line, AT_LINE_MAX, "%s", own->items[at - n]);
	else
		return MAKE_SKIP;
	return MAKE_SEND;
}

static enum then heard_more(struct init *init, const struct at_answer *answer)
{
	const size_t n = list_length(init->modem->profile->init), at = init->asked - 1;
	if (!said_well(answer) && at >= n)
		link_warn(init->modem->link, "event=init command=\"%s\" reason=\"%s\"",
		    init->modem->options->init.items[at - n], answer->text);
	return again(init, 0);
}

static const struct step steps[] = {
	{ "AT", NULL, NULL, AT_MS, true, heard_at },
	{ "ATE0V1Q0", NULL, NULL, AT_MS, false, NULL },
	{ "AT+CMEE=1", NULL, NULL, 0, false, NULL },
	{ "AT+CFUN?", NULL, "+CFUN:", 0, false, heard_radio },
	{ "AT+CFUN=1", make_radio, NULL, RADIO_MS, false, NULL },
	{ "AT+CGMI", NULL, "+CGMI:", 0, false, heard_identity },
	{ "AT+CGMM", NULL, "+CGMM:", 0, false, heard_model },
	{ "AT+CGMR", NULL, "+CGMR:", 0, false, heard_identity },
	{ "AT+CGSN", NULL, "+CGSN:", 0, false, heard_identity },
	{ "AT+CPIN?", NULL, "+CPIN:", 0, true, heard_sim },
	{ "AT+CCID", make_iccid, "+CCID:", 0, false, heard_identity },
	{ "AT^ICCID?", make_iccid, "^ICCID:", 0, false, heard_identity },
	{ "AT+ICCID", make_iccid, "+ICCID:", 0, false, heard_identity },
	{ "AT+CIMI", make_early_imsi, "+CIMI:", 0, false, heard_identity },
	{ "AT+CPINR", make_tries, "+CPINR:", 0, false, heard_tries },
	{ "AT^CPIN?", make_tries, "^CPIN:", 0, false, heard_tries },
	{ "AT+SPIC", make_tries, "+SPIC:", 0, false, heard_tries },
	{ "AT+QPINC?", make_tries, "+QPINC:", 0, false, heard_tries },
	{ NULL, make_pin, "+CPIN:", PIN_MS, false, heard_pin },
	{ "AT+CPIN?", make_after_pin, "+CPIN:", 0, true, heard_after_pin },
	{ "AT", make_sms_wait, NULL, AT_MS, false, heard_sms_wait },
	{ "AT+CIMI", NULL, "+CIMI:", 0, false, heard_identity },
	{ "AT+CREG=2", NULL, NULL, 0, false, NULL },
	{ "AT+CGREG=2", NULL, NULL, 0, false, NULL },
	{ "AT+CEREG=2", NULL, NULL, 0, false, NULL },
	{ "AT+CSCS=\"GSM\"", NULL, NULL, 0, false, heard_plain_strings },
	{ "AT+CSCS=\"UCS2\"", make_ucs2_strings, NULL, 0, false, heard_ucs2_strings },
	{ "AT+CMGF=0", make_pdus, NULL, 0, true, heard_pdus },
	{ "AT+CMGF=1", make_texts, NULL, 0, true, heard_texts },
	{ NULL, make_centre, NULL, SLOW_MS, false, NULL },
	{ "AT+CSCA?", NULL, "+CSCA:", SLOW_MS, false, heard_centre },
	{ NULL, make_service, NULL, 0, false, NULL },
	{ NULL, make_more, NULL, SLOW_MS, false, heard_more },
};
enum { STEPS = sizeof steps / sizeof *steps };

static enum then heard_identity(struct init *init, const struct at_answer *answer)
{
	said_identity(&init->modem->identity, steps[init->step].prefix, answer);
	return THEN_NEXT;
}

/* From step to step. */

static void go(struct init *init);

static void next(struct init *init)
{
	init->step++;
	init->asked = 0;
}

static void begin(struct init *init)
{
	struct modem *modem = init->modem;
	init->step = init->asked = 0;
	init->sim = SIM_UNKNOWN;
	init->tries = -1;
	init->radio_off = init->entered = init->no_plain_strings = init->no_pdus = init->restarted = false;
	modem->identity = (struct modem_identity){ .maker = "" };
	modem->text_mode = modem->acknowledges = modem->ucs2_strings = false;
	modem->profile = modem_profiles;
}

static void on_answer(void *ctx, const struct at_answer *answer)
{
	struct init *init = ctx;
	if (init->over || answer->result == AT_CLOSED)
		return;
	if (init->restarted) {
		begin(init);
		go(init);
		return;
	}
	const struct step *step = &steps[init->step];
	init->asked++;
	if (answer->result != AT_OK)
		link_debug(init->modem->link, "event=init step=%zu answer=\"%s\"", init->step, answer->text);
	const enum then then = step->heard ? step->heard(init, answer) : THEN_NEXT;
	if (then == THEN_AGAIN) {
		clock_ring(init->timer, init->wait_ms);
	} else if (then == THEN_NEXT) {
		next(init);
		go(init);
	}
}

static void go(struct init *init)
{
	char line[AT_LINE_MAX];
	while (!init->over && init->step < STEPS) {
		const struct step *step = &steps[init->step];
		line[0] = '\0';
		if (!init->asked)
			init->since = clock_ms();
		const enum make made = step->make ? step->make(init, line) : MAKE_SEND;
		if (made == MAKE_OVER)
			return;
		if (made == MAKE_SKIP) {
			next(init);
			continue;
		}
		const struct at_command command = { .line = step->line ? step->line : line, .prefix = step->prefix,
			.timeout_ms = step->timeout_ms ? step->timeout_ms : (unsigned)init->modem->options->command_timeout,
			.done = on_answer, .ctx = init };
		channel_ask(init->modem->channel, &command);
		return;
	}
	if (!init->over)
		over(init, INIT_READY, "%s", "ready");
}

static void on_timer(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	struct init *init = arg;
	if (init->over)
		return;
	if (init->restarted)
		begin(init);
	go(init);
}

void init_hear(struct init *init, const char *line)
{
	const char *ready = init->modem->profile->ready;
	if ((ready && strncmp(line, ready, strlen(ready)) == 0) || strcmp(line, "SMS Ready") == 0 ||
	    strcmp(line, "+QIND: SMS DONE") == 0)
		init->sms_ready = true;
}

void init_again(struct init *init)
{
	init->restarted = init->booted = true;
	init->sms_ready = false;
}

struct init *init_new(struct modem *modem, bool booted, const struct init_handler *handler)
{
	struct init *init = calloc(1, sizeof *init);
	if (!init)
		abort();
	*init = (struct init){ .modem = modem, .handler = *handler, .booted = booted };
	init->timer = event_new(link_base(modem->link), -1, 0, on_timer, init);
	if (!init->timer)
		abort();
	begin(init);
	clock_ring(init->timer, 0);
	return init;
}

void init_free(struct init *init)
{
	if (!init)
		return;
	event_free(init->timer);
	free(init);
}
