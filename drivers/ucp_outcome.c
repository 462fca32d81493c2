/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ucp_outcome.c - what a result of operation 51 means: an action for each EC (4.6, 5.6), the
 * usual one or the link's own (key status), and the outcome that follows (action.c).
 */
#include "ucp.h"

#include "action.h"

#include <stdio.h>
#include <string.h>

/* Of what is not here the message fails; what no list knows is tried a few times. */
static const struct { uint8_t ec; enum action action; } usual[] = {
	{ UCP_EC_CHECKSUM, ACTION_REBIND }, /* it was sent again, and still came broken */
	{ UCP_EC_NOT_ALLOWED, ACTION_THROTTLE }, /* as most centres say that it is too much just now */
	{ UCP_EC_AUTHENTICATION, ACTION_REBIND },
	{ 30, ACTION_RETRY }, { 36, ACTION_RETRY }, { 37, ACTION_RETRY }, { 50, ACTION_RETRY },
	{ 53, ACTION_RETRY }, { 54, ACTION_RETRY }, { 55, ACTION_RETRY },
};

enum { OWN_MIN = 90, LOGINS_MAX = 2 };

/* 4.6, 5.6; 50 and above as operators and ETS 300 133-3 have them. */
static bool is_known(unsigned ec)
{
	return (ec >= 1 && ec <= 38 && ec != 29) || (ec >= 50 && ec <= 69 && ec != 52 && ec != 56 &&
	    ec != 60 && ec != 67);
}

bool ucp_actions_check(const struct ucp_options *options, struct conf_error *err)
{
	return action_check(&options->status, "24 = fail", err);
}

/* A new session may help it, but that did not help it will not do so again. */
static bool rebinds_once(const struct ucp_result *result)
{
	return result->code == UCP_EC_CHECKSUM || result->code == UCP_EC_AUTHENTICATION;
}

static enum action usual_action(const struct ucp_result *result, const struct message *message)
{
	if (message->attempts >= LOGINS_MAX && rebinds_once(result))
		return result->code == UCP_EC_CHECKSUM ? ACTION_RETRY : ACTION_FAIL;
	for (size_t i = 0; i < sizeof usual / sizeof *usual; i++)
		if (usual[i].ec == result->code)
			return usual[i].action;
	return result->code >= OWN_MIN ? ACTION_RETRY : is_known(result->code) ? ACTION_FAIL : ACTION_FEW;
}

static enum action action_of(const struct ucp_options *options, const struct ucp_result *result,
    const struct message *message)
{
	return action_for(&options->status, result->code, usual_action(result, message));
}

bool ucp_rebinds(const struct ucp_options *options, const struct ucp_result *result,
    const struct message *message)
{
	return !result->positive && action_of(options, result, message) == ACTION_REBIND;
}

/* What a centre wrote, as a table may hold it. */
static void print(char *out, size_t room, struct blob text)
{
	size_t n = text.len < room ? text.len : room - 1;
	for (size_t i = 0; i < n; i++)
		out[i] = text.at[i] < ' ' || text.at[i] > '~' ? '?' : (char)text.at[i];
	out[n] = '\0';
}

/* What a person can do about it; "": nobody knows. */
static const char *remedy(unsigned ec)
{
	static const struct { uint8_t ec; const char *words; } remedies[] = {
		{ UCP_EC_ADC_INVALID, "; see key plus of the link" },
		{ 12, "; leave out option priority" },
		{ UCP_EC_TIME_PERIOD, "; check time_zone of the link" },
		{ 28, "; check alphabet of the link" },
	};
	for (size_t i = 0; i < sizeof remedies / sizeof *remedies; i++)
		if (remedies[i].ec == ec)
			return remedies[i].words;
	return "";
}

void ucp_refusal(char *out, size_t room, const struct ucp_result *result)
{
	char sm[64];
	print(sm, sizeof sm, result->sm);
	if (result->code)
		snprintf(out, room, "EC %02u: %s%s%s%s", result->code, ucp_error_text(result->code),
		    remedy(result->code), *sm ? "; " : "", sm);
	else
		snprintf(out, room, "refused without an error code%s%s", *sm ? "; " : "", sm);
}

void ucp_id(char id[NETWORK_ID_MAX], struct blob sm)
{
	const uint8_t *colon = sm.len ? memchr(sm.at, ':', sm.len) : NULL;
	size_t n = 0;
	for (size_t i = 0; i < sm.len && n + 1 < NETWORK_ID_MAX; i++) {
		const uint8_t c = sm.at[i];
		if (c == ' ' && colon && sm.at + i > colon)
			id[n++] = '0';
		else if (c > ' ' && c <= '~')
			id[n++] = (char)c;
	}
	id[n] = '\0';
}

struct outcome ucp_outcome(const struct ucp_options *options, const struct ucp_result *result,
    const struct message *message)
{
	struct outcome outcome = { .code = result->code };
	if (result->positive) {
		outcome.verdict = VERDICT_SENT;
		ucp_id(outcome.network_id, result->sm);
		return outcome;
	}
	ucp_refusal(outcome.text, sizeof outcome.text, result);
	const size_t n = strlen(outcome.text);
	if (result->code == UCP_EC_NOT_ALLOWED && !ucp_logs_in(options))
		snprintf(outcome.text + n, sizeof outcome.text - n, "; if the centre wants a login: key password of the link");
	action_apply(action_of(options, result, message), message, &outcome);
	/* So that the next refusal of its kind is known to be the second. */
	if (rebinds_once(result))
		outcome.untried = false;
	return outcome;
}
