/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sim_modem_at.c - a command line into its commands (V.250, 5.2), and their answers.
 *
 * Several may stand in one line: ATE0V1, AT+CMEE=1;+CREG=2. The first that fails ends it. What
 * each of them does is in the tables of sim_modem_general.c and sim_modem_sms.c.
 */
#include "sim_modem_inside.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

void answer_line(struct answer *answer, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	evbuffer_add(answer->lines, "\r\n", answer->n++ ? 0 : 2);
	evbuffer_add_vprintf(answer->lines, format, args);
	evbuffer_add(answer->lines, "\r\n", 2);
	va_end(args);
}

void answer_error(struct answer *answer, enum result result, int code)
{
	answer->result = result;
	answer->code = code;
}

void answer_say_lines(struct sim_modem *modem, struct answer *answer)
{
	const size_t n = evbuffer_get_length(answer->lines);
	if (!n)
		return;
	pty_write(modem, (const char *)evbuffer_pullup(answer->lines, -1), n);
	evbuffer_drain(answer->lines, n);
}

static const char *words_of(enum result result, int code)
{
	static const struct { enum result result; int code; const char *words; } rows[] = {
		{ RESULT_CMS, 38, "network out of order" }, { RESULT_CMS, 302, "operation not allowed" },
		{ RESULT_CMS, 303, "operation not supported" }, { RESULT_CMS, 304, "invalid PDU mode parameter" },
		{ RESULT_CMS, 310, "SIM not inserted" }, { RESULT_CMS, 311, "SIM PIN required" },
		{ RESULT_CMS, 314, "SIM busy" }, { RESULT_CMS, 321, "invalid memory index" },
		{ RESULT_CMS, 322, "memory full" }, { RESULT_CMS, 330, "SMSC address unknown" },
		{ RESULT_CMS, 331, "no network service" }, { RESULT_CMS, 500, "unknown error" },
		{ RESULT_CME, 3, "operation not allowed" }, { RESULT_CME, 4, "operation not supported" },
		{ RESULT_CME, 10, "SIM not inserted" }, { RESULT_CME, 11, "SIM PIN required" },
		{ RESULT_CME, 12, "SIM PUK required" }, { RESULT_CME, 14, "SIM busy" },
		{ RESULT_CME, 16, "incorrect password" }, { RESULT_CME, 30, "no network service" },
		{ RESULT_CME, 100, "unknown" },
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		if (rows[i].result == result && rows[i].code == code)
			return rows[i].words;
	return NULL;
}

void answer_say_result(struct sim_modem *modem, struct answer *answer)
{
	char text[80];
	const struct state *state = &modem->state;
	const char *kind = answer->result == RESULT_CME ? "+CME" : "+CMS", *words = NULL;
	switch (answer->result) {
	case RESULT_NONE: return;
	case RESULT_PROMPT: line_prompt(modem); return;
	case RESULT_OK: snprintf(text, sizeof text, "%s", state->verbose ? "OK" : "0"); break;
	case RESULT_ERROR: snprintf(text, sizeof text, "%s", state->verbose ? "ERROR" : "4"); break;
	case RESULT_CME:
	case RESULT_CMS:
		if (state->cmee == 2)
			words = words_of(answer->result, answer->code);
		if (state->cmee == 0 && answer->result == RESULT_CME)
			snprintf(text, sizeof text, "ERROR");
		else if (words)
			snprintf(text, sizeof text, "%s ERROR: %s", kind, words);
		else
			snprintf(text, sizeof text, "%s ERROR: %d", kind, answer->code);
		break;
	}
	if (state->quiet)
		return;
	if (state->verbose || answer->result >= RESULT_CME) {
		line_say(modem, text);
	} else {
		pty_write(modem, text, 1);
		pty_write(modem, "\r", 1);
	}
}

/* Where the nth argument begins, or NULL. */
static const char *argument(const char *args, unsigned nth)
{
	bool quoted = false;
	for (; args && nth; args++) {
		if (!*args)
			return NULL;
		quoted ^= *args == '"';
		nth -= *args == ',' && !quoted;
	}
	return args;
}

bool at_text(const char *args, unsigned nth, char *out, size_t room)
{
	const char *at = argument(args, nth);
	size_t n = 0;
	bool quoted = false;
	*out = '\0';
	if (!at)
		return false;
	at += strspn(at, " ");
	for (; *at && (quoted || *at != ','); at++) {
		quoted ^= *at == '"';
		if (*at != '"' && n + 1 < room)
			out[n++] = *at;
	}
	out[n] = '\0';
	return n > 0;
}

long at_number(const char *args, unsigned nth, long otherwise)
{
	char text[24], *end;
	if (!at_text(args, nth, text, sizeof text))
		return otherwise;
	const long value = strtol(text, &end, 10);
	return *end ? -1 : value;
}

/* ATE0, ATV1, ATQ0, ATZ, AT&F, ATH and others that change nothing. */
static const char *basic(struct sim_modem *modem, const char *at, struct answer *answer)
{
	const bool further = *at == '&';
	at += further;
	const char letter = (char)toupper((unsigned char)*at);
	if (!isalpha((unsigned char)*at++)) {
		answer_error(answer, RESULT_ERROR, 0);
		return at;
	}
	char *end;
	const long value = strtol(at, &end, 10);
	if (further || letter == 'Z') {
		if (letter == 'F' || letter == 'Z')
			modem->state.echo = modem->state.verbose = true, modem->state.quiet = false;
	} else if (letter == 'E') {
		modem->state.echo = value || !modem->settings.echo_off;
	} else if (letter == 'V') {
		modem->state.verbose = value;
	} else if (letter == 'Q') {
		modem->state.quiet = value;
	} else if (letter == 'I') {
		answer_line(answer, "%s %s", modem->settings.maker, modem->settings.model);
	} else if (!strchr("HSDAXM", letter)) {
		answer_error(answer, RESULT_ERROR, 0);
	}
	return letter == 'D' || letter == 'S' ? "" : end;
}

static const struct at_row *row_find(const char *name)
{
	static const struct at_row *const tables[] = { at_general, at_sms };
	for (size_t i = 0; i < 2; i++)
		for (const struct at_row *row = tables[i]; row->name; row++)
			if (strcasecmp(row->name, name) == 0)
				return row;
	return NULL;
}

static void carry_out(struct sim_modem *modem, const struct call *call, struct answer *answer)
{
	const struct at_row *row = row_find(call->name);
	const struct settings *settings = &modem->settings;
	const bool messages = row && row->wants == WANTS_MESSAGES;
	if (!row)
		answer_error(answer, modem->state.cmee ? RESULT_CME : RESULT_ERROR, 4);
	else if (row->wants && settings->tries <= 0)
		answer_error(answer, messages ? RESULT_CMS : RESULT_CME, messages ? 316 : 12);
	else if (row->wants && *settings->pin && !modem->state.pin_entered)
		answer_error(answer, messages ? RESULT_CMS : RESULT_CME, messages ? 311 : 11);
	else if (row->wants && modem_clock() < modem->ready_ms)
		answer_error(answer, messages ? RESULT_CMS : RESULT_CME, messages ? 314 : 14);
	else
		row->act(modem, call, answer);
}

/* From its + on; returns where the next one begins. */
static const char *extended(struct sim_modem *modem, const char *at, struct answer *answer)
{
	struct call call = { .kind = CALL_DO, .args = "" };
	char args[LINE_ROOM];
	size_t n = 1;
	bool quoted = false;
	while (isalnum((unsigned char)at[n]) || at[n] == '_')
		n++;
	snprintf(call.name, sizeof call.name, "%.*s", (int)n, at);
	at += n;
	for (n = 0; at[n] && (quoted || at[n] != ';'); n++)
		quoted ^= at[n] == '"';
	snprintf(args, sizeof args, "%.*s", (int)n, at);
	if (strcmp(args, "?") == 0)
		call.kind = CALL_READ;
	else if (strcmp(args, "=?") == 0)
		call.kind = CALL_TEST;
	else if (*args == '=')
		call.kind = CALL_SET, call.args = args + 1;
	if (*args && call.kind == CALL_DO)
		answer_error(answer, RESULT_ERROR, 0);
	else
		carry_out(modem, &call, answer);
	return at + n + (at[n] == ';');
}

void at_execute(struct sim_modem *modem, const char *line, struct answer *answer)
{
	const char *at = line + 2;
	while (*at && answer->result == RESULT_OK) {
		if (*at == ' ' || *at == ';')
			at++;
		else if (strchr("+^*#_$%", *at))
			at = extended(modem, at, answer);
		else
			at = basic(modem, at, answer);
	}
}
