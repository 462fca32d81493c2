/* SPDX-License-Identifier: Apache-2.0 */
/*
 * action.c - the entries of key status, and the outcomes that actions have.
 *
 * Entries are read each time that they are used: they are few, and most links have none.
 */
#include "action.h"

#include "../gateway/asked.h"
#include "../gateway/turn.h"

#include <stdio.h>
#include <string.h>

enum {
	SECOND = 1000,
	RETRY_FIRST_MS = 30 * SECOND, RETRY_MOST_MS = 900 * SECOND,
	RETRY_TRIES = 10, FEW_TRIES = 3,
	THROTTLE_MS = 1 * SECOND, HOLD_MS = 60 * SECOND,
};

static const char *const words[] = {
	[ACTION_RETRY] = "retry", [ACTION_FEW] = "few", [ACTION_FAIL] = "fail",
	[ACTION_THROTTLE] = "throttle", [ACTION_REBIND] = "rebind", [ACTION_HOLD] = "hold", NULL,
};

/* "0x45 = fail". */
static bool read_rule(const char *rule, uint32_t *status, enum action *action)
{
	unsigned number;
	char word[16];
	int end = 0;
	const bool hex = strncmp(rule, "0x", 2) == 0 || strncmp(rule, "0X", 2) == 0;
	if (sscanf(rule, hex ? "%x = %15s %n" : "%u = %15s %n", &number, word, &end) != 2 || rule[end])
		return false;
	*status = number;
	for (int i = 0; words[i]; i++) {
		*action = (enum action)i;
		if (strcmp(words[i], word) == 0)
			return number > 0;
	}
	return false;
}

bool action_check(const struct conf_list *rules, const char *example, struct conf_error *err)
{
	uint32_t status;
	enum action action;
	for (size_t i = 0; i < rules->n; i++)
		if (*rules->items[i] && !read_rule(rules->items[i], &status, &action))
			return conf_fail(err, "status: \"%.40s\" is not a status and an action: like \"%s\"; "
			    "actions are retry, few, fail, throttle, rebind, hold", rules->items[i], example);
	return true;
}

bool action_said(const struct conf_list *rules, uint32_t code, enum action *action)
{
	uint32_t status;
	for (size_t i = 0; i < rules->n; i++)
		if (read_rule(rules->items[i], &status, action) && status == code)
			return true;
	return false;
}

enum action action_for(const struct conf_list *rules, uint32_t code, enum action usual)
{
	enum action action;
	return action_said(rules, code, &action) ? action : usual;
}

/* The more attempts there were the longer. */
static void wait_longer(struct outcome *outcome, unsigned attempts)
{
	outcome->verdict = VERDICT_DEFERRED;
	outcome->retry_ms = RETRY_FIRST_MS;
	for (unsigned i = 1; i < attempts && outcome->retry_ms < RETRY_MOST_MS; i++)
		outcome->retry_ms *= 2;
	if (outcome->retry_ms > RETRY_MOST_MS)
		outcome->retry_ms = RETRY_MOST_MS;
}

/* Later, each time later, but not for ever; a turn of a dialogue never, unless it begins it, since
 * nobody waits for one that comes half a minute late. */
static void put_off(struct outcome *outcome, const struct message *message, unsigned tries)
{
	const unsigned attempts = message->attempts;
	const bool turn = message->asked && message->asked->kind == KIND_USSD &&
	    !turn_op_begins(message->asked->turn.op);
	char text[OUTCOME_TEXT_MAX];
	memcpy(text, outcome->text, sizeof text);
	if (turn)
		snprintf(outcome->text, sizeof outcome->text, "not taken, and too late to try again: %.110s", text);
	else if (attempts >= tries)
		snprintf(outcome->text, sizeof outcome->text, "given up after %u attempts: %.110s", attempts, text);
	if (turn || attempts >= tries) {
		outcome->verdict = VERDICT_REJECTED;
		return;
	}
	wait_longer(outcome, attempts);
}

/* The link rests, and no attempt is burnt; but not for one message again and again while others are
 * taken: that one waits by itself, as long as it likes. */
static void rest(struct outcome *outcome, const struct message *message, uint32_t rest_ms)
{
	if (message->throttled >= THROTTLED_ALONE) {
		wait_longer(outcome, message->attempts);
		return;
	}
	outcome->verdict = VERDICT_DEFERRED;
	outcome->untried = true;
	outcome->retry_ms = outcome->hold_ms = rest_ms;
}

void action_apply(enum action action, const struct message *message, struct outcome *outcome)
{
	switch (action) {
	case ACTION_FAIL:
		outcome->verdict = VERDICT_REJECTED;
		break;
	case ACTION_THROTTLE:
		rest(outcome, message, THROTTLE_MS);
		break;
	case ACTION_HOLD:
		rest(outcome, message, HOLD_MS);
		break;
	case ACTION_REBIND:
		outcome->verdict = VERDICT_DEFERRED;
		outcome->untried = true;
		break;
	case ACTION_RETRY:
		put_off(outcome, message, RETRY_TRIES);
		break;
	case ACTION_FEW:
		put_off(outcome, message, FEW_TRIES);
	}
}
