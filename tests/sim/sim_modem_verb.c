/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sim_modem_verb.c - what a script can say: a table of actions.
 *
 * A command is carried out when the first of `answer`, `lines` or `result` comes to it; a rule
 * without them has the modem do nothing of what it was asked.
 */
#include "sim_modem_inside.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static double number(const char *text)
{
	return strtod(text, NULL);
}

static bool is_number(const char *text)
{
	char *end;
	const double value = strtod(text, &end);
	return end != text && !*end && isfinite(value) && value >= 0 && value <= 1e9;
}

static bool good_number(char *const *args, unsigned n)
{
	return !n || is_number(args[0]);
}

static double say(struct run *run, char *const *args, unsigned n)
{
	(void)n;
	line_say(run->modem, args[0]);
	return 0;
}

static double urc(struct run *run, char *const *args, unsigned n)
{
	(void)n;
	line_unsolicited(run->modem, args[0]);
	return 0;
}

static double raw(struct run *run, char *const *args, unsigned n)
{
	(void)n;
	pty_write(run->modem, args[0], strlen(args[0]));
	return 0;
}

static double nul(struct run *run, char *const *args, unsigned n)
{
	(void)args, (void)n;
	pty_write(run->modem, "", 1);
	return 0;
}

static void prepare(struct run *run)
{
	struct sim_modem *modem = run->modem;
	if (run->prepared || !run->foreground)
		return;
	run->prepared = true;
	if (run->script->moment == MOMENT_PDU)
		sms_payload(modem, &run->answer);
	else if (run->script->moment == MOMENT_COMMAND)
		at_execute(modem, modem->command, &run->answer);
}

static double lines(struct run *run, char *const *args, unsigned n)
{
	(void)args, (void)n;
	prepare(run);
	answer_say_lines(run->modem, &run->answer);
	return 0;
}

static double result(struct run *run, char *const *args, unsigned n)
{
	(void)args, (void)n;
	prepare(run);
	answer_say_result(run->modem, &run->answer);
	return 0;
}

static double answer(struct run *run, char *const *args, unsigned n)
{
	lines(run, args, n);
	return result(run, args, n);
}

static double say_result(struct run *run, enum result kind, const char *code)
{
	struct answer said = { .result = kind, .code = code ? (int)number(code) : 0 };
	answer_say_result(run->modem, &said);
	return 0;
}

static double ok(struct run *run, char *const *args, unsigned n)
{
	(void)args, (void)n;
	return say_result(run, RESULT_OK, NULL);
}

static double error(struct run *run, char *const *args, unsigned n)
{
	(void)args, (void)n;
	return say_result(run, RESULT_ERROR, NULL);
}

static double cms(struct run *run, char *const *args, unsigned n)
{
	(void)n;
	return say_result(run, RESULT_CMS, args[0]);
}

static double cme(struct run *run, char *const *args, unsigned n)
{
	(void)n;
	return say_result(run, RESULT_CME, args[0]);
}

static double nothing(struct run *run, char *const *args, unsigned n)
{
	(void)run, (void)args, (void)n;
	return 0;
}

static double wait(struct run *run, char *const *args, unsigned n)
{
	(void)run, (void)n;
	return number(args[0]);
}

static double half(struct run *run, char *const *args, unsigned n)
{
	(void)args, (void)n;
	return strcmp(run->modem->payload.command, "+CMGS") == 0 ? run->modem->settings.delay / 2 : 0;
}

static double drip(struct run *run, char *const *args, unsigned n)
{
	(void)n;
	run->modem->drip = number(args[0]);
	return 0;
}

static double prompt(struct run *run, char *const *args, unsigned n)
{
	(void)args, (void)n;
	prepare(run);
	line_prompt(run->modem);
	return 0;
}

static double take(struct run *run, char *const *args, unsigned n)
{
	(void)args, (void)n;
	sms_take(run->modem);
	return 0;
}

static double report(struct run *run, char *const *args, unsigned n)
{
	net_report(run->modem, n ? (int)strtol(args[0], NULL, 0) : (int)run->modem->settings.report_status);
	return 0;
}

static double refuse(struct run *run, char *const *args, unsigned n)
{
	(void)n;
	struct sim_modem *modem = run->modem;
	if (modem->nrefusals == REFUSALS)
		return 0;
	snprintf(modem->refusals[modem->nrefusals].number, WORD_ROOM, "%s", args[0] + (args[0][0] == '+'));
	modem->refusals[modem->nrefusals++].code = (int)number(args[1]);
	return 0;
}

static bool good_refusal(char *const *args, unsigned n)
{
	return n == 2 && is_number(args[1]) && strlen(args[0]) < WORD_ROOM;
}

static double hang(struct run *run, char *const *args, unsigned n)
{
	modem_hang(run->modem, n ? number(args[0]) : 0);
	return 0;
}

static void plug_later(struct sim_modem *modem, void *arg)
{
	char why[200];
	(void)arg;
	if (!modem_plug(modem, why, sizeof why))
		fprintf(stderr, "smsc-sim: %s\n", why);
}

static double unplug(struct run *run, char *const *args, unsigned n)
{
	struct sim_modem *modem = run->modem;
	modem_unplug(modem);
	if (n)
		modem_later(modem, number(args[0]), plug_later, NULL);
	return 0;
}

static double plug(struct run *run, char *const *args, unsigned n)
{
	(void)args, (void)n;
	plug_later(run->modem, NULL);
	return 0;
}

static double reboot(struct run *run, char *const *args, unsigned n)
{
	modem_reboot(run->modem, n ? number(args[0]) : run->modem->settings.boot);
	return 0;
}

static double set(struct run *run, char *const *args, unsigned n)
{
	(void)n;
	settings_set(run->modem, args[0], args[1]);
	return 0;
}

static bool good_set(char *const *args, unsigned n)
{
	return n == 2 && settings_known(args[0], args[1]);
}

static double storage(struct run *run, char *const *args, unsigned n)
{
	(void)n;
	store_size(run->modem, args[0], (unsigned)number(args[1]));
	return 0;
}

static bool good_storage(char *const *args, unsigned n)
{
	return n == 2 && strlen(args[0]) == 2 && is_number(args[1]) && number(args[1]) <= SLOTS_MAX;
}

static double inbound(struct run *run, char *const *args, unsigned n)
{
	char id[ID_ROOM];
	snprintf(id, sizeof id, "%llu/1", (unsigned long long)run->modem->received + 1);
	sim_modem_inbound(run->modem, n > 2 ? args[2] : id, args[0], args[1]);
	return 0;
}

static double deliver(struct run *run, char *const *args, unsigned n)
{
	struct letter *letter = calloc(1, sizeof *letter);
	if (!letter)
		abort();
	struct tpdu tpdu;
	struct address centre;
	char why[100];
	const struct tpdu_given given = { .hex = args[0], .direction = TPDU_TO_HANDSET };
	uint8_t octets[HEX_ROOM / 2];
	size_t len;
	tpdu_unhex(octets, sizeof octets, &len, args[0]);
	snprintf(letter->hex, sizeof letter->hex, "%s", args[0]);
	snprintf(letter->id, sizeof letter->id, "inbound %s", n > 1 ? args[1] : "0/1");
	letter->report = tpdu_line_read(&tpdu, &centre, &given, why, sizeof why) && tpdu.type == TPDU_STATUS_REPORT;
	letter->length = len - (len && octets[0] < len ? octets[0] + 1u : 0);
	net_post(run->modem, letter);
	return 0;
}

static bool good_hex(char *const *args, unsigned n)
{
	uint8_t octets[HEX_ROOM / 2];
	size_t len;
	(void)n;
	return tpdu_unhex(octets, sizeof octets - 1, &len, args[0]);
}

static double ussd(struct run *run, char *const *args, unsigned n)
{
	ussd_menu(run->modem, args[0], args[2], (int)number(args[1]), n > 3 ? (int)number(args[3]) : -1);
	return 0;
}

static bool good_ussd(char *const *args, unsigned n)
{
	return is_number(args[1]) && (n < 4 || is_number(args[3]));
}

static bool good_profile(char *const *args, unsigned n)
{
	(void)n;
	return sim_modem_profile(args[0]) != NULL;
}

static double profile(struct run *run, char *const *args, unsigned n)
{
	(void)n;
	char why[200];
	for (const char *const *line = sim_modem_profile(args[0]); *line; line++)
		if (!sim_modem_script(run->modem, *line, why, sizeof why))
			fprintf(stderr, "smsc-sim: profile %s: %s\n", args[0], why);
	return 0;
}

static const struct verb verbs[] = {
	{ "say", 1, 1, NULL, say },
	{ "urc", 1, 1, NULL, urc },
	{ "raw", 1, 1, NULL, raw },
	{ "nul", 0, 0, NULL, nul },
	{ "answer", 0, 0, NULL, answer },
	{ "lines", 0, 0, NULL, lines },
	{ "result", 0, 0, NULL, result },
	{ "ok", 0, 0, NULL, ok },
	{ "error", 0, 0, NULL, error },
	{ "cms", 1, 1, good_number, cms },
	{ "cme", 1, 1, good_number, cme },
	{ "nothing", 0, 0, NULL, nothing },
	{ "wait", 1, 1, good_number, wait },
	{ "half", 0, 0, NULL, half },
	{ "drip", 1, 1, good_number, drip },
	{ "prompt", 0, 0, NULL, prompt },
	{ "take", 0, 0, NULL, take },
	{ "report", 0, 1, NULL, report },
	{ "refuse", 2, 2, good_refusal, refuse },
	{ "hang", 0, 1, good_number, hang },
	{ "unplug", 0, 1, good_number, unplug },
	{ "plug", 0, 0, NULL, plug },
	{ "reboot", 0, 1, good_number, reboot },
	{ "set", 2, 2, good_set, set },
	{ "storage", 2, 2, good_storage, storage },
	{ "inbound", 2, 3, NULL, inbound },
	{ "deliver", 1, 2, good_hex, deliver },
	{ "ussd", 3, 4, good_ussd, ussd },
	{ "profile", 1, 1, good_profile, profile },
};

const struct verb *verb_find(const char *name)
{
	for (size_t i = 0; i < sizeof verbs / sizeof *verbs; i++)
		if (strcmp(verbs[i].name, name) == 0)
			return &verbs[i];
	return NULL;
}
