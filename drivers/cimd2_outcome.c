/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cimd2_outcome.c - errors (900): their words, and what is done about a part that has one, the
 * usual or the link's own (key status).
 */
#include "cimd2.h"

#include "action.h"

#include <stdio.h>
#include <string.h>

enum { ERROR_MAX = 999, ID_ADDRESS_MAX = 20, ID_TIMESTAMP_MAX = 20 };

/* Reference, section 13. */
static const struct { uint16_t error; enum action action; const char *words; } errors[] = {
	{ 1, ACTION_FAIL, "unexpected operation" },
	{ 2, ACTION_FAIL, "syntax error" },
	{ 3, ACTION_FAIL, "unsupported parameter" },
	{ 4, ACTION_HOLD, "connection to message centre lost" },
	{ 5, ACTION_RETRY, "no response from message centre" },
	{ 6, ACTION_RETRY, "general system error" },
	{ 7, ACTION_FAIL, "cannot find information" },
	{ 8, ACTION_FAIL, "parameter formatting error" },
	{ 9, ACTION_FEW, "requested operation failed" },
	{ 10, ACTION_THROTTLE, "temporary congestion" },
	{ 100, ACTION_REBIND, "invalid login: wrong username or password" },
	{ 101, ACTION_REBIND, "incorrect access type" },
	{ 102, ACTION_REBIND, "too many users with this login" },
	{ 103, ACTION_REBIND, "login refused by message centre" },
	{ 104, ACTION_REBIND, "invalid window size" },
	{ 105, ACTION_REBIND, "windowing disabled" },
	{ 106, ACTION_REBIND, "barred on this virtual message centre" },
	{ 107, ACTION_REBIND, "invalid subaddress" },
	{ 108, ACTION_REBIND, "alias account, login refused" },
	{ 300, ACTION_FAIL, "incorrect destination address" },
	{ 301, ACTION_FAIL, "incorrect number of destination addresses" },
	{ 302, ACTION_FAIL, "syntax error in user data" },
	{ 303, ACTION_FAIL, "incorrect combination of binary data, header and text" },
	{ 304, ACTION_FAIL, "incorrect data coding" },
	{ 305, ACTION_FAIL, "incorrect validity period" },
	{ 306, ACTION_FAIL, "incorrect originator address" },
	{ 307, ACTION_FAIL, "incorrect protocol identifier" },
	{ 308, ACTION_FAIL, "incorrect first delivery time" },
	{ 309, ACTION_FAIL, "incorrect reply path" },
	{ 310, ACTION_FAIL, "incorrect status report request" },
	{ 311, ACTION_FAIL, "incorrect cancel enabled" },
	{ 312, ACTION_FAIL, "incorrect priority" },
	{ 313, ACTION_FAIL, "incorrect tariff class" },
	{ 314, ACTION_FAIL, "incorrect service description" },
	{ 315, ACTION_FAIL, "incorrect transport type" },
	{ 316, ACTION_FAIL, "incorrect message type" },
	{ 318, ACTION_FAIL, "incorrect more messages to send" },
	{ 319, ACTION_FAIL, "incorrect operation timer" },
	{ 320, ACTION_FAIL, "incorrect dialogue id" },
	{ 321, ACTION_FAIL, "incorrect alphanumeric originator" },
	{ 322, ACTION_FAIL, "invalid data in alphanumeric originator" },
	{ 323, ACTION_FAIL, "closed user group rejection" },
	{ 324, ACTION_RETRY, "licence exceeded" },
	{ 400, ACTION_FAIL, "incorrect address" },
	{ 401, ACTION_FAIL, "incorrect time stamp" },
	{ 500, ACTION_FEW, "incorrect time stamp" },
	{ 501, ACTION_FEW, "incorrect mode" },
	{ 502, ACTION_FEW, "incorrect combination of parameters" },
	{ 600, ACTION_FEW, "incorrect time stamp" },
	{ 601, ACTION_FEW, "incorrect address" },
	{ 602, ACTION_FEW, "incorrect mode" },
	{ 603, ACTION_FEW, "incorrect combination of parameters" },
	{ 710, ACTION_FEW, "generic failure" },     /* 710 to 712 are what we say to the centre */
	{ 711, ACTION_FEW, "unsupported data coding" },
	{ 712, ACTION_FEW, "unsupported user data header" },
	{ 800, ACTION_FEW, "changing password failed" },
	{ 801, ACTION_FEW, "changing password not allowed" },
	{ 900, ACTION_FEW, "unsupported item" },
	{ CIMD2_ERROR_UNREADABLE, ACTION_FEW, "an error that is no number" },
};
enum { ERRORS = sizeof errors / sizeof errors[0] };

unsigned cimd2_error(const struct cimd2_pdu *pdu)
{
	if (!cimd2_value(pdu, CIMD2_ERROR_CODE))
		return pdu->operation == CIMD2_ERROR ? CIMD2_ERROR_UNREADABLE : 0;
	return (unsigned)cimd2_number(pdu, CIMD2_ERROR_CODE, ERROR_MAX, CIMD2_ERROR_UNREADABLE);
}

const char *cimd2_error_words(unsigned error)
{
	for (size_t i = 0; i < ERRORS; i++)
		if (errors[i].error == error)
			return errors[i].words;
	return NULL;
}

void cimd2_print(char *out, size_t room, const struct blob *text)
{
	size_t n = 0;
	for (; text && n < text->len && n + 1 < room; n++)
		out[n] = text->at[n] < ' ' || text->at[n] > '~' ? '?' : (char)text->at[n];
	out[n] = '\0';
}

void cimd2_error_text(char *out, size_t room, const struct cimd2_pdu *answer)
{
	const unsigned error = cimd2_error(answer);
	const char *words = cimd2_error_words(error);
	char theirs[80];
	cimd2_print(theirs, sizeof theirs, cimd2_value(answer, CIMD2_ERROR_TEXT));
	if (error == CIMD2_ERROR_UNREADABLE)
		snprintf(out, room, "%s%s%s", words, *theirs ? "; " : "", theirs);
	else
		snprintf(out, room, "error %u: %s%s%s", error, words ? words : "not a known one",
		    *theirs ? "; " : "", theirs);
}

/* What is not the message itself, nor what it costs (reference, 13). */
const uint16_t *cimd2_dispensable(unsigned error)
{
	static const uint16_t extras[] = { CIMD2_MORE_MESSAGES, CIMD2_REPLY_PATH, CIMD2_REPORT_REQUEST,
		CIMD2_CANCEL_ENABLED, CIMD2_PRIORITY, 0 };
	static const uint16_t reports[] = { CIMD2_REPORT_REQUEST, 0 };
	static const uint16_t priority[] = { CIMD2_PRIORITY, 0 };
	return error == 3 ? extras : error == 310 ? reports : error == 312 ? priority : NULL;
}

/* An address or a time stamp that goes into an id. */
static bool is_plain(const struct blob *value, const char *characters, size_t most)
{
	if (!value || !value->len || value->len > most)
		return false;
	for (size_t i = 0; i < value->len; i++)
		if (!strchr(characters, value->at[i]))
			return false;
	return true;
}

bool cimd2_id(const struct cimd2_pdu *pdu, const struct blob *destination, char id[NETWORK_ID_MAX])
{
	const struct blob *said = cimd2_value(pdu, CIMD2_DESTINATION);
	const struct blob *timestamp = cimd2_value(pdu, CIMD2_TIMESTAMP);
	const struct blob *address = is_plain(said, "0123456789+-", ID_ADDRESS_MAX) ? said : destination;
	*id = '\0';
	if (!is_plain(timestamp, "0123456789", ID_TIMESTAMP_MAX))
		return false;
	if (is_plain(address, "0123456789+-", ID_ADDRESS_MAX))
		snprintf(id, NETWORK_ID_MAX, "%.*s:%.*s", (int)address->len, (const char *)address->at,
		    (int)timestamp->len, (const char *)timestamp->at);
	return *id != '\0';
}

static enum action action_of(const struct cimd2_options *options, unsigned error)
{
	enum action usual = ACTION_FEW;
	for (size_t i = 0; i < ERRORS; i++)
		if (errors[i].error == error)
			usual = errors[i].action;
	return action_for(&options->status, error, usual);
}

bool cimd2_logs_in_anew(const struct cimd2_options *options, const struct cimd2_pdu *answer)
{
	const unsigned error = cimd2_error(answer);
	return error && action_of(options, error) == ACTION_REBIND;
}

struct outcome cimd2_outcome(const struct cimd2_options *options, const struct cimd2_pdu *answer,
    const struct message *message)
{
	const unsigned error = cimd2_error(answer);
	struct outcome outcome = { .verdict = VERDICT_SENT, .code = error };
	if (!error)
		return outcome;
	cimd2_error_text(outcome.text, sizeof outcome.text, answer);
	action_apply(action_of(options, error), message, &outcome);
	return outcome;
}
