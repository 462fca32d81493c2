/* SPDX-License-Identifier: Apache-2.0 */
/*
 * modem_radio.c - registration, signal and operator, as a modem tells them.
 *
 * +CREG is told in two forms: as an answer with the setting first (`+CREG: 2,1,"00C3"`), and by
 * itself without (`+CREG: 1,"00C3"`). A second field that is a short number is a state.
 */
#include "modem_said.h"
#include "modem_session.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SIGNAL_MOST = 31, SIGNAL_UNKNOWN = 99, SIGNAL_WEAK = 7, STATE_DIGITS = 3, TDSCDMA_LEAST = 100, TDSCDMA_MOST = 191 };

static const char *const kinds[RADIO_KINDS] = {
	[RADIO_CS] = "+CREG:", [RADIO_PS] = "+CGREG:", [RADIO_EPS] = "+CEREG:",
};

static const struct { bool usable; const char *words; } states[] = {
	{ false, "no network, and it looks for none" }, { true, "home network" },
	{ false, "looks for a network" },
	{ false, "the network refuses this SIM (registration denied): is it active, and allowed here?" },
	{ false, "no network (out of coverage)" }, { true, "roaming" },
	{ true, "home network, messages only" }, { true, "roaming, messages only" },
	{ false, "emergency calls only: is the SIM active?" }, { true, "home network (circuit fallback not preferred)" },
	{ true, "roaming (circuit fallback not preferred)" },
};
enum { STATES = sizeof states / sizeof *states };

void radio_clear(struct radio *radio)
{
	*radio = (struct radio){ .stat = { -1, -1, -1 }, .signal = SIGNAL_UNKNOWN };
}

/* A number of `most` digits at most at the beginning; *end is behind it. -1: there is none. */
static int number(const char *at, size_t most, const char **end)
{
	at += strspn(at, " ");
	const size_t n = strspn(at, "0123456789");
	*end = at + n;
	return n && n <= most ? (int)strtol(at, NULL, 10) : -1;
}

static bool read_state(struct radio *radio, const char *line)
{
	size_t kind = 0;
	while (kind < RADIO_KINDS && strncmp(line, kinds[kind], strlen(kinds[kind])) != 0)
		kind++;
	if (kind == RADIO_KINDS)
		return false;
	const char *end, *unused;
	int state = number(line + strlen(kinds[kind]), STATE_DIGITS, &end);
	if (*end == ',') {
		const char *second = end + 1;
		const int value = number(second, STATE_DIGITS, &unused);
		if (value >= 0 && (*unused == ',' || *unused == ' ' || !*unused))
			state = value;
	}
	if (state >= 0)
		radio->stat[kind] = state;
	return true;
}

static bool read_signal(struct radio *radio, const char *line)
{
	if (strncmp(line, "+CSQ:", 5) != 0)
		return false;
	const char *end;
	const int value = number(line + 5, STATE_DIGITS, &end);
	radio->signal = SIGNAL_UNKNOWN;
	if (value >= 0 && value <= SIGNAL_MOST)
		radio->signal = value;
	else if (value >= TDSCDMA_LEAST && value <= TDSCDMA_MOST) /* -116 dBm + n: into steps of 2 dB */
		radio->signal = value - TDSCDMA_LEAST < 3 ? 0 : (value - TDSCDMA_LEAST - 3) / 2 > SIGNAL_MOST
		    ? SIGNAL_MOST : (value - TDSCDMA_LEAST - 3) / 2;
	return true;
}

static bool read_operator(struct radio *radio, const char *line, bool ucs2)
{
	if (strncmp(line, "+COPS:", 6) != 0)
		return false;
	const char *begin = strchr(line, '"'), *end = begin ? strchr(begin + 1, '"') : NULL;
	radio->operator[0] = '\0';
	if (!end)
		return true;
	snprintf(radio->operator, sizeof radio->operator, "%.*s", (int)(end - begin - 1), begin + 1);
	/* Some write hex whatever they were told; a name that is nothing else is rare. */
	if (ucs2 || strncmp(radio->operator, "00", 2) == 0)
		said_plain(radio->operator, sizeof radio->operator);
	for (char *at = radio->operator; *at; at++)
		if ((unsigned char)*at < ' ' || (unsigned char)*at >= 0x7F)
			*at = '?';
	return true;
}

bool radio_read(struct radio *radio, const char *line, bool ucs2)
{
	return read_state(radio, line) || read_signal(radio, line) || read_operator(radio, line, ucs2);
}

static bool is_usable(int state)
{
	return state >= 0 && state < STATES && states[state].usable;
}

bool radio_is_there(const struct radio *radio)
{
	for (size_t i = 0; i < RADIO_KINDS; i++)
		if (is_usable(radio->stat[i]))
			return true;
	return false;
}

bool radio_is_told(const struct radio *radio)
{
	for (size_t i = 0; i < RADIO_KINDS; i++)
		if (radio->stat[i] >= 0)
			return true;
	return false;
}

int radio_dbm(const struct radio *radio)
{
	return radio->signal == SIGNAL_UNKNOWN ? 0 : -113 + 2 * radio->signal;
}

/* The state that says most: one that can be used, else that which says why there is none. */
static int telling_state(const struct radio *radio)
{
	static const int order[] = { 1, 5, 9, 10, 6, 7, 3, 8, 2, 4, 0 };
	for (size_t k = 0; k < sizeof order / sizeof *order; k++)
		for (size_t i = 0; i < RADIO_KINDS; i++)
			if (radio->stat[i] == order[k])
				return order[k];
	return -1;
}

static const char *signal_words(int signal)
{
	return signal < SIGNAL_WEAK ? "weak" : signal < 12 ? "fair" : signal < 20 ? "good" : "very good";
}

void radio_words(const struct radio *radio, char *out, size_t room)
{
	const int state = telling_state(radio);
	const char *words = state >= 0 ? states[state].words : "the modem does not say whether it has a network";
	const bool named = is_usable(state) && *radio->operator;
	int n = snprintf(out, room, "%s%s%s", words, named ? " " : "", named ? radio->operator : "");
	if (n < 0 || (size_t)n >= room)
		return;
	if (radio->signal == SIGNAL_UNKNOWN)
		snprintf(out + n, room - (size_t)n, ", signal not known");
	else
		snprintf(out + n, room - (size_t)n, ", signal %d dBm (%s)", radio_dbm(radio),
		    signal_words(radio->signal));
}
