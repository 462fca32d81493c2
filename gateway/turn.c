/* SPDX-License-Identifier: Apache-2.0 */
/* turn.c - USSD operations by word and number, and a turn as JSON. */
#include "turn.h"

#include <jansson.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct { const char *word; int number; } ops[] = {
#define X(name, number, word) { word, number },
	TURN_OPS(X)
#undef X
};
enum { OPS = sizeof ops / sizeof *ops };

int turn_op_number(const char *word)
{
	for (size_t i = 0; word && i < OPS; i++)
		if (strcmp(ops[i].word, word) == 0)
			return ops[i].number;
	return -1;
}

void turn_op_text(char *out, size_t room, int op)
{
	snprintf(out, room, "%d", op);
	for (size_t i = 0; i < OPS; i++)
		if (ops[i].number == op)
			snprintf(out, room, "%s", ops[i].word);
}

bool turn_op_ends(int op)
{
	return op == TURN_NOTIFY || op == TURN_RESPONSE || op == TURN_DATA_RESPONSE;
}

bool turn_op_begins(int op)
{
	return op == TURN_BEGIN || op == TURN_DATA;
}

bool turn_is_code(const char *number)
{
	return *number == '*' || *number == '#';
}

bool turn_is_network(const char *number)
{
	return turn_is_code(number) || strcmp(number, TURN_NETWORK) == 0;
}

int turn_usual_op(const char *recipient, bool session)
{
	if (session)
		return TURN_RESPONSE;
	return turn_is_code(recipient) ? TURN_BEGIN : turn_is_network(recipient) ? TURN_ANSWER : TURN_NOTIFY;
}

int64_t turn_session(const uint8_t *octets, size_t len)
{
	uint64_t number = 0;
	for (size_t i = 0; i < len; i++)
		number = number << 8 | octets[i];
	return (int64_t)(number & INT64_MAX);
}

static void set(json_t *object, const char *name, json_t *value)
{
	if (json_object_set_new(object, name, value) != 0)
		abort();
}

static json_t *op_json(int op)
{
	char text[24];
	turn_op_text(text, sizeof text, op);
	return turn_op_number(text) < 0 ? json_integer(op) : json_string(text);
}

/* Octets that only the network understands stay octets. */
static json_t *session_json(const struct turn *turn)
{
	char hex[2 + 2 * TURN_TOKEN_MAX + 1] = "0x";
	if (!turn->token_len)
		return json_integer(turn->session);
	for (size_t i = 0; i < turn->token_len; i++)
		snprintf(hex + 2 + 2 * i, 3, "%02X", turn->token[i]);
	return json_string(hex);
}

static json_t *turn_object(const struct turn *turn)
{
	json_t *object = json_object();
	set(object, "op", op_json(turn->op));
	if (turn->session >= 0)
		set(object, "session", session_json(turn));
	if (turn->sequence >= 0)
		set(object, "sequence", json_integer(turn->sequence));
	return object;
}

static char *text_of(json_t *object)
{
	char *text = json_dumps(object, JSON_COMPACT);
	json_decref(object);
	if (!text)
		abort();
	return text;
}

char *turn_json(const struct turn *turn)
{
	json_t *object = turn_object(turn);
	set(object, "end", json_boolean(turn->end));
	return text_of(object);
}

char *turn_reply(const struct turn *turn)
{
	struct turn reply = *turn;
	reply.op = turn->op == TURN_DATA ? TURN_DATA_RESPONSE
	    : turn->op == TURN_REQUEST ? TURN_ANSWER : TURN_REQUEST;
	if (turn->sequence >= 0)
		reply.sequence = (turn->sequence + 1) % TURN_SEQUENCES;
	json_t *options = json_object();
	set(options, "ussd", turn_object(&reply));
	return text_of(options);
}
