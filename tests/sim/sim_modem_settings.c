/* SPDX-License-Identifier: Apache-2.0 */
/* sim_modem_settings.c - what `set` changes: a table of names, kinds and defaults. */
#include "sim_modem_inside.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum kind { TEXT, WHOLE, SECONDS, SWITCH };

#define M(member) offsetof(struct settings, member)

static const struct { const char *name; enum kind kind; size_t member; const char *otherwise; } rows[] = {
	{ "maker", TEXT, M(maker), "smsc-sim" }, { "model", TEXT, M(model), "SIM-1" },
	{ "revision", TEXT, M(revision), "1.0" }, { "imei", TEXT, M(imei), "356938035643809" },
	{ "imsi", TEXT, M(imsi), "262011234567890" }, { "iccid", TEXT, M(iccid), "8949020000012345678" },
	{ "number", TEXT, M(number), "+491700000001" }, { "smsc", TEXT, M(smsc), "+491710760000" },
	{ "operator", TEXT, M(operator), "Testnet" }, { "pin", TEXT, M(pin), "" }, { "puk", TEXT, M(puk), "12345678" },
	{ "network", TEXT, M(network), "home" }, { "prompt", TEXT, M(prompt), "\r\n> " }, { "ussd", TEXT, M(ussd), "plain" },
	{ "tries", WHOLE, M(tries), "3" }, { "signal", WHOLE, M(signal), "17" },
	{ "reference", WHOLE, M(reference), "0" }, { "index", WHOLE, M(index), "1" },
	{ "report_status", WHOLE, M(report_status), "0" }, { "zone", WHOLE, M(zone), "0" },
	{ "clock", WHOLE, M(clock), "0" }, { "delay", SECONDS, M(delay), "0" },
	{ "report_delay", SECONDS, M(report_delay), "0" },
	{ "ussd_delay", SECONDS, M(ussd_delay), "0.02" }, { "boot", SECONDS, M(boot), "0" },
	{ "cnma_timeout", SECONDS, M(cnma_timeout), "15" }, { "retry", SECONDS, M(retry), "1" },
	{ "sim_delay", SECONDS, M(sim_delay), "0" }, { "echo_off", SWITCH, M(echo_off), "on" },
	{ "pdu_echo", SWITCH, M(pdu_echo), "off" }, { "pdu_mode", SWITCH, M(pdu_mode), "on" },
	{ "reports", SWITCH, M(reports), "on" }, { "csms", SWITCH, M(csms), "on" }, { "cmms", SWITCH, M(cmms), "on" },
	{ "sr_readable", SWITCH, M(sr_readable), "on" }, { "cnma_resets", SWITCH, M(cnma_resets), "on" },
};
enum { ROWS = sizeof rows / sizeof *rows };

static int find(const char *name)
{
	for (int i = 0; i < ROWS; i++)
		if (strcmp(rows[i].name, name) == 0)
			return i;
	return -1;
}

static bool read_into(struct settings *settings, int row, const char *value)
{
	void *member = (char *)settings + rows[row].member;
	char *end;
	double seconds;
	switch (rows[row].kind) {
	case TEXT:
		snprintf(member, WORD_ROOM, "%s", value);
		return strlen(value) < WORD_ROOM;
	case WHOLE:
		*(long *)member = strtol(value, &end, 0);
		return *value && !*end;
	case SECONDS:
		seconds = strtod(value, &end);
		*(double *)member = seconds;
		return *value && !*end && isfinite(seconds) && seconds >= 0 && seconds < 1e9;
	case SWITCH:
		*(bool *)member = strcmp(value, "on") == 0;
		return *(bool *)member || strcmp(value, "off") == 0;
	}
	return false;
}

void settings_usual(struct settings *settings)
{
	*settings = (struct settings){ .delay = 0 };
	for (int i = 0; i < ROWS; i++)
		if (!read_into(settings, i, rows[i].otherwise))
			abort();
}

bool settings_known(const char *name, const char *value)
{
	struct settings tried;
	const int row = find(name);
	return row >= 0 && read_into(&tried, row, value);
}

static void say_registration(struct sim_modem *modem)
{
	char line[40];
	const struct { const char *name; int shown; bool lte; } rows_of[] = {
		{ "CREG", modem->state.creg, false }, { "CGREG", modem->state.cgreg, false },
		{ "CEREG", modem->state.cereg, true },
	};
	for (size_t i = 0; i < 3; i++) {
		if (!rows_of[i].shown || !modem->booted)
			continue;
		snprintf(line, sizeof line, "+%s: %d", rows_of[i].name, modem_creg(modem, rows_of[i].lte));
		line_unsolicited(modem, line);
	}
}

void settings_set(struct sim_modem *modem, const char *name, const char *value)
{
	const int row = find(name);
	if (row < 0 || !read_into(&modem->settings, row, value))
		return;
	if (strcmp(name, "network") == 0)
		say_registration(modem);
	if (strcmp(name, "sim_delay") == 0 && modem->booted)
		modem->ready_ms = modem_clock() + (uint64_t)(modem->settings.sim_delay * 1000);
	net_deliver(modem);
}

int modem_creg(const struct sim_modem *modem, bool lte)
{
	static const struct { const char *name; int creg, cereg; } states[] = {
		{ "home", 1, 0 }, { "roaming", 5, 0 }, { "sms", 6, 0 }, { "lte", 0, 1 }, { "off", 0, 0 },
		{ "searching", 2, 2 }, { "denied", 3, 3 }, { "emergency", 8, 8 },
	};
	if ((*modem->settings.pin && !modem->state.pin_entered) || modem->state.cfun != 1)
		return 0;
	for (size_t i = 0; i < sizeof states / sizeof *states; i++)
		if (strcmp(states[i].name, modem->settings.network) == 0)
			return lte ? states[i].cereg : states[i].creg;
	return 4;
}

bool modem_registered(const struct sim_modem *modem)
{
	static const int usable[] = { 1, 5, 6, 7 };
	for (size_t i = 0; i < 4; i++)
		if (modem_creg(modem, false) == usable[i] || modem_creg(modem, true) == usable[i])
			return true;
	return false;
}
