/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sim_modem_rule.c - scripts: a line is read into a rule, and what it says is run.
 *
 *     line    = [ "modem" N ":" ] [ when ":" ] actions | "#" anything
 *     when    = "on" moment [ "nth" N | "first" N | "after" N | "every" N ]
 *             | "in" SECONDS | "every" SECONDS
 *     moment  = what a command begins with ("AT+CSQ"; "AT+CSQ$" is all of it)
 *             | "pdu" | "esc" | "boot" | "open"
 *     actions = action { ";" action }         action = verb { word }
 *
 * Words stand between blanks, or in double quotes, where \r \n \t \" \\ and \xHH are octets. A
 * colon or semicolon separates when a blank or the end follows. Of the rules for a moment the
 * newest whose turn it is, is run; the oldest are what a modem does by itself.
 */
#include "sim_modem_inside.h"

#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { WORDS_MAX = 256, WORD_MAX = 2048, ACTIONS_MAX = 64 };

/* A word; `end` is the ':' or ';' behind it, or 0. */
struct word { char *text; char end; };
struct words { struct word at[WORDS_MAX]; unsigned n; };

static void words_free(struct words *words)
{
	for (unsigned i = 0; i < words->n; i++)
		free(words->at[i].text);
	words->n = 0;
}

static char escaped(const char **at)
{
	const char c = *(*at)++;
	char digits[3] = { 0 };
	switch (c) {
	case 'r': return '\r';
	case 'n': return '\n';
	case 't': return '\t';
	case 'x':
		for (int i = 0; i < 2 && isxdigit((unsigned char)**at); i++)
			digits[i] = *(*at)++;
		return (char)strtoul(digits, NULL, 16);
	default: return c;
	}
}

static bool is_end(const char *at)
{
	return (*at == ':' || *at == ';') && (!at[1] || isblank((unsigned char)at[1]));
}

/* Reads a word; false: its quotes do not close, or it is too long. */
static bool word_read(const char **from, struct word *word)
{
	char text[WORD_MAX];
	size_t n = 0;
	const char *at = *from;
	const bool quoted = *at == '"';
	at += quoted;
	while (*at && (quoted ? *at != '"' : !isblank((unsigned char)*at) && !is_end(at))) {
		if (n + 1 >= sizeof text || (*at == '\\' && quoted && !at[1]))
			return false;
		if (*at == '\\' && quoted)
			at++, text[n] = escaped(&at), n++;
		else
			text[n++] = *at++;
	}
	if (quoted && *at++ != '"')
		return false;
	text[n] = '\0';
	*word = (struct word){ strdup(text), is_end(at) ? *at : 0 };
	if (!word->text)
		abort();
	*from = at + (word->end != 0);
	return true;
}

static bool words_read(struct words *words, const char *line)
{
	for (;;) {
		line += strspn(line, " \t");
		if (!*line || *line == '#')
			return true;
		if (words->n == WORDS_MAX || !word_read(&line, &words->at[words->n]))
			return false;
		words->n++;
	}
}

static bool seconds_read(const char *text, double *out)
{
	char *end;
	*out = strtod(text, &end);
	return end != text && !*end && isfinite(*out) && *out >= 0;
}

static bool count_read(const char *text, unsigned *out)
{
	char *end;
	const unsigned long n = strtoul(text, &end, 10);
	*out = (unsigned)n;
	return end != text && !*end && n >= 1 && n <= 1000000000;
}

static bool turns_read(struct script *script, const char *word, const char *number)
{
	unsigned n;
	if (!count_read(number, &n))
		return false;
	if (strcmp(word, "nth") == 0)
		script->from = script->to = n;
	else if (strcmp(word, "first") == 0)
		script->to = n;
	else if (strcmp(word, "after") == 0)
		script->from = n + 1;
	else if (strcmp(word, "every") == 0)
		script->every = n;
	else
		return false;
	return true;
}

static bool moment_read(struct script *script, const char *word)
{
	static const struct { const char *name; enum moment moment; } moments[] = {
		{ "pdu", MOMENT_PDU }, { "esc", MOMENT_ESC }, { "boot", MOMENT_BOOT }, { "open", MOMENT_OPEN },
	};
	for (size_t i = 0; i < sizeof moments / sizeof *moments; i++) {
		if (strcmp(moments[i].name, word) == 0) {
			script->moment = moments[i].moment;
			return true;
		}
	}
	size_t n = strlen(word);
	if (strncasecmp(word, "AT", 2) != 0 || n >= sizeof script->pattern)
		return false;
	script->moment = MOMENT_COMMAND;
	script->whole = word[n - 1] == '$';
	snprintf(script->pattern, sizeof script->pattern, "%.*s", (int)(n - script->whole), word);
	return true;
}

/* The words before the colon; returns how many, 0: they are wrong. */
static unsigned when_read(struct script *script, const struct words *words)
{
	const char *first = words->at[0].text;
	if (words->n < 2)
		return 0;
	if (words->at[1].end == ':' && (strcmp(first, "in") == 0 || strcmp(first, "every") == 0)) {
		script->moment = *first == 'i' ? MOMENT_IN : MOMENT_EVERY;
		return seconds_read(words->at[1].text, &script->seconds) &&
		    (script->moment == MOMENT_IN || script->seconds > 0) ? 2 : 0;
	}
	if (strcmp(first, "on") != 0 || !moment_read(script, words->at[1].text))
		return 0;
	if (words->at[1].end == ':')
		return 2;
	return words->n >= 4 && words->at[3].end == ':' &&
	    turns_read(script, words->at[2].text, words->at[3].text) ? 4 : 0;
}

/* Takes "modem N:" from the beginning. False: it is another modem's number. */
static bool is_for(struct words *words, unsigned number)
{
	if (words->n < 2 || strcmp(words->at[0].text, "modem") != 0 || words->at[1].end != ':')
		return true;
	const bool ours = strtoul(words->at[1].text, NULL, 10) == number;
	free(words->at[0].text);
	free(words->at[1].text);
	words->n -= 2;
	memmove(words->at, words->at + 2, words->n * sizeof *words->at);
	return ours;
}

static bool is_timed(const struct words *words)
{
	static const char *const names[] = { "on", "in", "every" };
	for (size_t i = 0; words->n && i < sizeof names / sizeof *names; i++)
		if (strcmp(words->at[0].text, names[i]) == 0)
			return true;
	return false;
}

/* Takes the texts of the words. */
static bool actions_read(struct script *script, struct words *words, unsigned from, char *why, size_t room)
{
	script->actions = calloc(ACTIONS_MAX, sizeof *script->actions);
	if (!script->actions)
		abort();
	for (unsigned at = from; at < words->n;) {
		struct action *action = &script->actions[script->n];
		struct word *word = &words->at[at++];
		action->verb = verb_find(word->text);
		if (!action->verb || script->n + 1 == ACTIONS_MAX) {
			snprintf(why, room, "no such action: %s", word->text);
			return false;
		}
		script->n++;
		while (!word->end && at < words->n && action->n < VERB_ARGS) {
			word = &words->at[at++];
			action->args[action->n++] = word->text;
			word->text = NULL;
		}
		if (word->end == ':' || (!word->end && at < words->n) || action->n < action->verb->least ||
		    action->n > action->verb->most ||
		    (action->verb->good && !action->verb->good(action->args, action->n))) {
			snprintf(why, room, "%s: that is not what it takes", action->verb->name);
			return false;
		}
	}
	return true;
}

/* Another modem's line is read, and does nothing. */
static void script_clear(struct script *script)
{
	for (unsigned i = 0; i < script->n; i++)
		for (unsigned j = 0; j < script->actions[i].n; j++)
			free(script->actions[i].args[j]);
	script->n = 0;
	script->moment = MOMENT_NOW;
}

static void script_free(struct script *script)
{
	script_clear(script);
	free(script->actions);
	free(script);
}

static void on_due(struct sim_modem *modem, void *arg)
{
	const struct script *script = arg;
	if (script->moment == MOMENT_EVERY)
		modem_later(modem, script->seconds, on_due, arg);
	run_start(modem, script, false);
}

struct script *rule_read(struct sim_modem *modem, const char *line, char *why, size_t room)
{
	struct words words = { .n = 0 };
	struct script *script = calloc(1, sizeof *script);
	if (!script)
		abort();
	script->from = 1;
	snprintf(why, room, "it cannot be read: %s", line);
	bool good = words_read(&words, line);
	const bool ours = good && is_for(&words, modem->setup.number);
	const bool timed = good && is_timed(&words);
	const unsigned from = timed ? when_read(script, &words) : 0;
	good = good && (!timed || from) && actions_read(script, &words, from, why, room);
	if (good && !ours)
		script_clear(script);
	words_free(&words);
	if (!good) {
		script_free(script);
		return NULL;
	}
	script->next = modem->scripts;
	modem->scripts = script;
	if (script->moment == MOMENT_IN || script->moment == MOMENT_EVERY)
		modem_later(modem, script->seconds, on_due, script);
	return script;
}

void rules_free(struct sim_modem *modem)
{
	while (modem->runs)
		run_free(modem->runs);
	while (modem->scripts) {
		struct script *script = modem->scripts;
		modem->scripts = script->next;
		script_free(script);
	}
}

static bool matches(const struct script *script, enum moment moment, const char *line)
{
	if (script->moment != moment)
		return false;
	if (moment != MOMENT_COMMAND)
		return true;
	return script->whole ? strcasecmp(script->pattern, line) == 0 :
	    strncasecmp(script->pattern, line, strlen(script->pattern)) == 0;
}

static bool is_its_turn(const struct script *script)
{
	return script->seen >= script->from && (!script->to || script->seen <= script->to) &&
	    (!script->every || script->seen % script->every == 0);
}

void rule_moment(struct sim_modem *modem, enum moment moment, const char *line)
{
	const struct script *found = NULL;
	for (struct script *at = modem->scripts; at; at = at->next) {
		if (!matches(at, moment, line))
			continue;
		at->seen++;
		if (!found && is_its_turn(at))
			found = at;
	}
	if (found)
		run_start(modem, found, moment == MOMENT_COMMAND || moment == MOMENT_PDU || moment == MOMENT_ESC);
}

void run_free(struct run *run)
{
	struct sim_modem *modem = run->modem;
	later_cancel(run->waits);
	if (run->answer.lines)
		evbuffer_free(run->answer.lines);
	if (run->foreground) {
		modem->run = NULL;
		net_report_due(modem);
	} else {
		if (run->next)
			run->next->self = run->self;
		*run->self = run->next;
	}
	free(run);
}

static void on_waited(struct sim_modem *modem, void *arg)
{
	(void)modem;
	struct run *run = arg;
	run->waits = NULL;
	run_go_on(run);
}

/* An action may end the run that it stands in: a modem that is unplugged answers nothing. */
void run_go_on(struct run *run)
{
	struct sim_modem *modem = run->modem;
	const bool foreground = run->foreground;
	while (run->at < run->script->n) {
		const struct action *action = &run->script->actions[run->at++];
		const double wait = action->verb->act(run, action->args, action->n);
		if (foreground && modem->run != run)
			return;
		if (wait > 0) {
			run->waits = modem_later(modem, wait, on_waited, run);
			return;
		}
	}
	run_free(run);
	if (foreground)
		line_end(modem);
}

void run_start(struct sim_modem *modem, const struct script *script, bool foreground)
{
	struct run *run = calloc(1, sizeof *run);
	if (!run)
		abort();
	*run = (struct run){ .modem = modem, .script = script, .foreground = foreground };
	run->answer.lines = evbuffer_new();
	if (!run->answer.lines)
		abort();
	if (foreground) {
		modem->run = run;
	} else {
		run->next = modem->runs;
		run->self = &modem->runs;
		if (modem->runs)
			modem->runs->self = &run->next;
		modem->runs = run;
	}
	run_go_on(run);
}
