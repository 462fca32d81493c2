/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sim_modem_general.c - commands of 27.007 and the like: who the modem is, its SIM and PIN, the
 * network, strings, power.
 */
#include "sim_modem_inside.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { NOT_SUPPORTED = 4, PUK_WANTED = 12, WRONG_PASSWORD = 16, BAD_INDEX = 21, NOT_ALLOWED = 3 };

static void refuse(const struct sim_modem *modem, struct answer *answer, int code)
{
	answer_error(answer, modem->state.cmee ? RESULT_CME : RESULT_ERROR, code);
}

/* A value of one number: read, tested and set in the same way. */
struct knob { const char *name; size_t member; long least, most; };

static void turn(struct sim_modem *modem, const struct call *call, struct answer *answer,
    const struct knob *knob)
{
	int *value = (int *)(void *)((char *)&modem->state + knob->member);
	const long wanted = at_number(call->args, 0, knob->least);
	if (call->kind == CALL_TEST)
		answer_line(answer, "%s: (%ld-%ld)", knob->name, knob->least, knob->most);
	else if (call->kind == CALL_READ)
		answer_line(answer, "%s: %d", knob->name, *value);
	else if (wanted < knob->least || wanted > knob->most)
		refuse(modem, answer, BAD_INDEX);
	else
		*value = (int)wanted;
}

#define S(member) offsetof(struct state, member)

static void cmee(struct sim_modem *modem, const struct call *call, struct answer *answer)
{
	turn(modem, call, answer, &(struct knob){ "+CMEE", S(cmee), 0, 2 });
}

static void clip(struct sim_modem *modem, const struct call *call, struct answer *answer)
{
	turn(modem, call, answer, &(struct knob){ "+CLIP", S(clip), 0, 1 });
}

static void cgsms(struct sim_modem *modem, const struct call *call, struct answer *answer)
{
	turn(modem, call, answer, &(struct knob){ "+CGSMS", S(cgsms), 0, 3 });
}

/* Behind the answer. */
static void restart(struct sim_modem *modem, void *arg)
{
	(void)arg;
	modem_reboot(modem, modem->settings.boot);
}

static void cfun(struct sim_modem *modem, const struct call *call, struct answer *answer)
{
	const long value = at_number(call->args, 0, -1);
	if (call->kind == CALL_TEST)
		answer_line(answer, "+CFUN: (0,1,4),(0,1)");
	else if (call->kind == CALL_READ)
		answer_line(answer, "+CFUN: %d", modem->state.cfun);
	else if (value != 0 && value != 1 && value != 4)
		refuse(modem, answer, NOT_ALLOWED);
	else if (at_number(call->args, 1, 0) == 1)
		modem_later(modem, 0, restart, NULL);
	else {
		modem->state.cfun = (int)value;
		if (value != 1)
			net_reset(modem);
		net_deliver(modem);
	}
}

static void identity(struct sim_modem *modem, const struct call *call, struct answer *answer)
{
	const struct settings *settings = &modem->settings;
	const struct { const char *name, *prefix, *text; } rows[] = {
		{ "+CGMI", "", settings->maker }, { "+GMI", "", settings->maker }, { "+CGMM", "", settings->model },
		{ "+GMM", "", settings->model }, { "+CGMR", "", settings->revision }, { "+GMR", "", settings->revision },
		{ "+CGSN", "", settings->imei }, { "+GSN", "", settings->imei }, { "+CIMI", "", settings->imsi },
		{ "+CCID", "+CCID: ", settings->iccid }, { "+ICCID", "+ICCID: ", settings->iccid },
		{ "^ICCID", "^ICCID: ", settings->iccid }, { "+QCCID", "+QCCID: ", settings->iccid },
	};
	if (call->kind == CALL_TEST)
		return;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		if (strcasecmp(rows[i].name, call->name) == 0)
			answer_line(answer, "%s%s", rows[i].prefix, rows[i].text);
}

/* The PIN, its tries, the PUK. */

static bool is_locked(const struct sim_modem *modem)
{
	return *modem->settings.pin && !modem->state.pin_entered;
}

static void pin_enter(struct sim_modem *modem, const char *pin, const char *fresh, struct answer *answer)
{
	struct settings *settings = &modem->settings;
	const bool by_puk = settings->tries <= 0;
	if (!is_locked(modem)) {
		refuse(modem, answer, NOT_ALLOWED);
		return;
	}
	const bool right = strcmp(pin, by_puk ? settings->puk : settings->pin) == 0 && (!by_puk || *fresh);
	modem_tell(modem, MODEM_PIN, by_puk ? right ? "right puk" : "wrong puk" : right ? "right" : "wrong", NULL);
	if (!right) {
		settings->tries -= !by_puk;
		refuse(modem, answer, settings->tries > 0 ? WRONG_PASSWORD : PUK_WANTED);
		return;
	}
	if (by_puk)
		snprintf(settings->pin, sizeof settings->pin, "%s", fresh);
	settings->tries = 3;
	modem->state.pin_entered = true;
	modem->ready_ms = modem_clock() + (uint64_t)(settings->sim_delay * 1000);
	net_deliver(modem);
}

static void cpin(struct sim_modem *modem, const struct call *call, struct answer *answer)
{
	char pin[WORD_ROOM], fresh[WORD_ROOM];
	if (call->kind == CALL_TEST)
		return;
	if (call->kind == CALL_READ) {
		answer_line(answer, "+CPIN: %s", !is_locked(modem) ? "READY" :
		    modem->settings.tries > 0 ? "SIM PIN" : "SIM PUK");
	} else {
		at_text(call->args, 0, pin, sizeof pin);
		at_text(call->args, 1, fresh, sizeof fresh);
		pin_enter(modem, pin, fresh, answer);
	}
}

static void cpinr(struct sim_modem *modem, const struct call *call, struct answer *answer)
{
	(void)call;
	answer_line(answer, "+CPINR: SIM PIN,%ld,3", modem->settings.tries);
	answer_line(answer, "+CPINR: SIM PUK,10,10");
}

static void clck(struct sim_modem *modem, const struct call *call, struct answer *answer)
{
	if (at_number(call->args, 1, 2) == 2)
		answer_line(answer, "+CLCK: %d", *modem->settings.pin != '\0');
}

/* The network. */

static void creg(struct sim_modem *modem, const struct call *call, struct answer *answer)
{
	const bool lte = strcasecmp(call->name, "+CEREG") == 0, packets = strcasecmp(call->name, "+CGREG") == 0;
	int *shown = lte ? &modem->state.cereg : packets ? &modem->state.cgreg : &modem->state.creg;
	const int stat = modem_creg(modem, lte);
	if (call->kind != CALL_READ)
		turn(modem, call, answer, &(struct knob){ call->name, lte ? S(cereg) : packets ? S(cgreg) : S(creg), 0, 2 });
	else if (*shown == 2 && (stat == 1 || stat == 5))
		answer_line(answer, "%s: 2,%d,\"00C3\",\"0001\"%s", call->name, stat, lte ? ",7" : "");
	else
		answer_line(answer, "%s: %d,%d", call->name, *shown, stat);
}

static void csq(struct sim_modem *modem, const struct call *call, struct answer *answer)
{
	if (call->kind == CALL_TEST)
		answer_line(answer, "+CSQ: (0-31,99),(0-7,99)");
	else
		answer_line(answer, "+CSQ: %ld,99", modem->settings.signal);
}

static void cops(struct sim_modem *modem, const struct call *call, struct answer *answer)
{
	if (call->kind == CALL_TEST)
		answer_line(answer, "+COPS: (2,\"%s\",\"TST\",\"00101\"),,(0-4),(0-2)", modem->settings.operator);
	else if (call->kind == CALL_READ && modem_registered(modem))
		answer_line(answer, "+COPS: 0,0,\"%s\"", modem->settings.operator);
	else if (call->kind == CALL_READ)
		answer_line(answer, "+COPS: 0");
}

static void cnum(struct sim_modem *modem, const struct call *call, struct answer *answer)
{
	(void)call;
	if (*modem->settings.number)
		answer_line(answer, "+CNUM: ,\"%s\",145", modem->settings.number);
}

static void cscs(struct sim_modem *modem, const struct call *call, struct answer *answer)
{
	static const char *const known[] = { "GSM", "UCS2", "IRA", "HEX" };
	char name[sizeof modem->state.cscs];
	if (call->kind == CALL_TEST) {
		answer_line(answer, "+CSCS: (\"GSM\",\"UCS2\",\"IRA\",\"HEX\")");
		return;
	}
	if (call->kind == CALL_READ) {
		answer_line(answer, "+CSCS: \"%s\"", modem->state.cscs);
		return;
	}
	at_text(call->args, 0, name, sizeof name);
	for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
		if (strcasecmp(known[i], name) == 0) {
			snprintf(modem->state.cscs, sizeof modem->state.cscs, "%s", known[i]);
			return;
		}
	}
	refuse(modem, answer, NOT_SUPPORTED);
}

static void cclk(struct sim_modem *modem, const struct call *call, struct answer *answer)
{
	(void)modem;
	if (call->kind == CALL_READ)
		answer_line(answer, "+CCLK: \"26/01/01,00:00:00+00\"");
}

/* What is taken and changes nothing here. */
static void taken(struct sim_modem *modem, const struct call *call, struct answer *answer)
{
	(void)modem, (void)call, (void)answer;
}

static void capabilities(struct sim_modem *modem, const struct call *call, struct answer *answer)
{
	(void)modem, (void)call;
	answer_line(answer, "+GCAP: +CGSM");
}

const struct at_row at_general[] = {
	{ "+CMEE", cmee, WANTS_NOTHING }, { "+CFUN", cfun, WANTS_NOTHING }, { "+CGMI", identity, WANTS_NOTHING },
	{ "+GMI", identity, WANTS_NOTHING }, { "+CGMM", identity, WANTS_NOTHING }, { "+GMM", identity, WANTS_NOTHING },
	{ "+CGMR", identity, WANTS_NOTHING }, { "+GMR", identity, WANTS_NOTHING },
	{ "+CGSN", identity, WANTS_NOTHING }, { "+GSN", identity, WANTS_NOTHING }, { "+CIMI", identity, WANTS_SIM },
	{ "+CCID", identity, WANTS_NOTHING }, { "+ICCID", identity, WANTS_NOTHING },
	{ "^ICCID", identity, WANTS_NOTHING }, { "+QCCID", identity, WANTS_NOTHING },
	{ "+CPIN", cpin, WANTS_NOTHING }, { "+CPINR", cpinr, WANTS_NOTHING }, { "+CLCK", clck, WANTS_NOTHING },
	{ "+CREG", creg, WANTS_NOTHING }, { "+CGREG", creg, WANTS_NOTHING }, { "+CEREG", creg, WANTS_NOTHING },
	{ "+CSQ", csq, WANTS_NOTHING }, { "+COPS", cops, WANTS_SIM }, { "+CNUM", cnum, WANTS_SIM },
	{ "+CSCS", cscs, WANTS_NOTHING }, { "+CLIP", clip, WANTS_NOTHING }, { "+CGSMS", cgsms, WANTS_NOTHING },
	{ "+CUSD", ussd_command, WANTS_SIM }, { "+CCLK", cclk, WANTS_NOTHING }, { "+CRC", taken, WANTS_NOTHING },
	{ "+GCAP", capabilities, WANTS_NOTHING }, { "+IPR", taken, WANTS_NOTHING }, { "+IFC", taken, WANTS_NOTHING },
	{ "+CHUP", taken, WANTS_NOTHING }, { "+CSSN", taken, WANTS_NOTHING }, { NULL, NULL, WANTS_NOTHING },
};
