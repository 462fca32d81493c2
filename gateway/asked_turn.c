/* SPDX-License-Identifier: Apache-2.0 */
/*
 * asked_turn.c - the member "ussd" of the options: a turn of a dialogue over USSD.
 *
 * What is left out follows from the rest: with a session it is the last word to the
 * handset, without one a notice of its own, or, to a code, the dialling of it; last words
 * and notices end the dialogue.
 */
#include "asked_values.h"
#include "turn.h"

#include <string.h>

enum { OP_MAX = 255, SESSION_TEXT = 2 }; /* "0x" */

static bool read_op(struct reading *reading, const json_t *value, struct turn *turn)
{
	long number = turn_op_number(json_string_value(value));
	if (number < 0 && (!value_number(value, &number) || number < 0 || number > OP_MAX))
		return wrong(reading, "option \"ussd\": op is request, notify, response, data-response, begin, "
		    "answer, or a number from 0 to 255");
	turn->op = (int)number;
	return true;
}

/* A number; or octets, "0x0A1B", which go out as they came in. */
static bool read_session(struct reading *reading, const json_t *value, struct turn *turn)
{
	const char *text = json_string_value(value);
	long number;
	struct blob octets;
	if (text && strncmp(text, "0x", SESSION_TEXT) == 0 &&
	    value_unhex(reading, text + SESSION_TEXT, TURN_TOKEN_MAX, &octets)) {
		memcpy(turn->token, octets.at, octets.len);
		turn->token_len = (uint8_t)octets.len;
		turn->session = turn_session(turn->token, turn->token_len);
		return true;
	}
	if (!value_number(value, &number) || number < 0 || number > UINT32_MAX)
		return wrong(reading, "option \"ussd\": session is the network's number of the dialogue, or its "
		    "octets like \"0x0A1B\": copy it from what came in");
	turn->session = number;
	return true;
}

static bool read_sequence(struct reading *reading, const json_t *value, struct turn *turn)
{
	long number;
	if (!value_number(value, &number) || number < 0 || number >= TURN_SEQUENCES)
		return wrong(reading, "option \"ussd\": sequence is a number from 0 to %d", TURN_SEQUENCES - 1);
	turn->sequence = (int)number;
	return true;
}

bool read_turn(struct reading *reading, const struct member *member, const json_t *value)
{
	json_t *op = NULL, *session = NULL, *sequence = NULL;
	int end = -1;
	struct turn *turn = &reading->asked->turn;
	if (json_unpack_ex((json_t *)(uintptr_t)value, &(json_error_t){ .line = 0 }, JSON_STRICT,
	    "{s?o, s?o, s?o, s?b}", "op", &op, "session", &session, "sequence", &sequence, "end", &end) != 0)
		return wrong(reading, "option \"%s\" takes an object with op, session, sequence, end",
		    member->name);
	if (session && !read_session(reading, session, turn))
		return false;
	turn->op = turn_usual_op(reading->message->recipient, session);
	if (op && !read_op(reading, op, turn))
		return false;
	turn->end = end < 0 ? turn_op_ends(turn->op) : end > 0;
	return !sequence || read_sequence(reading, sequence, turn);
}
