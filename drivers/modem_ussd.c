/* SPDX-License-Identifier: Apache-2.0 */
/* modem_ussd.c - turns of USSD dialogues as a modem says and hears them: rows, strings, messages. */
#include "modem_ussd.h"

#include "../gateway/asked.h"
#include "../gateway/turn.h"
#include "../sms/alphabet.h"
#include "refuse.h"

#include <jansson.h>

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { DCS_GSM7 = 0x0F, DCS_UCS2 = 0x48 }; /* of cell broadcast (3GPP TS 23.038, 5) */

bool said_code(struct said *said, const char *code)
{
	*said = (struct said){ .len = 0 };
	if (!turn_is_code(code) || strlen(code) >= SENDER_MAX)
		return false;
	for (; *code; code++) {
		if (!isalnum((unsigned char)*code) && !strchr("*#+", *code))
			return false;
		said->at[said->len++] = (uint8_t)*code; /* the same in ASCII and GSM 7-bit */
	}
	return true;
}

static bool said_body(const struct part *part, struct said *said, struct outcome *outcome)
{
	said->wide = part->coding == CODING_UCS2;
	if (part->coding == CODING_BINARY || part->len > (said->wide ? (size_t)USSD_OCTETS_MAX : USSD_SEPTETS_MAX))
		return refuse(outcome, "option \"data_coding\": a modem says texts in GSM 7-bit or UCS-2 alone over "
		    "USSD");
	said->len = part->len;
	memcpy(said->at, part->octets, part->len);
	return true;
}

bool said_part(const struct part *part, enum deed *deed, struct said *said, struct outcome *outcome)
{
	const struct message *message = part->message;
	const struct turn *turn = &message->asked->turn;
	*said = (struct said){ .len = 0 };
	*deed = turn_op_begins(turn->op) ? DEED_DIAL : part->len ? DEED_ANSWER : DEED_CANCEL;
	if (message->asked->ntlvs)
		return refuse(outcome, "option \"tlvs\" does not go with driver modem");
	if (!turn_is_network(message->recipient))
		return refuse(outcome, "recipient \"%.40s\": over a modem kind ussd is to a code, like *100#; a "
		    "handset cannot be asked", message->recipient);
	if (*deed == DEED_DIAL && part->len)
		return refuse(outcome, "body is set, but a code is dialled by the recipient alone");
	if (*deed == DEED_DIAL && !said_code(said, message->recipient))
		return refuse(outcome, "recipient \"%.40s\" is not a USSD code: digits, letters, *, # and +, at most "
		    "%d of them", message->recipient, SENDER_MAX - 1);
	if (*deed == DEED_CANCEL && !turn_op_ends(turn->op) && !turn->end)
		return refuse(outcome, "body is empty, and there is no such answer: op response with an empty body "
		    "ends the dialogue");
	return *deed != DEED_ANSWER || said_body(part, said, outcome);
}

bool said_command(char line[AT_LINE_MAX], const struct said *said, enum ussd_way way)
{
	char text[USSD_STRING_MAX];
	if (!ussd_write(text, way, said->at, said->len, said->wide))
		return false;
	return snprintf(line, AT_LINE_MAX, "AT+CUSD=1,\"%s\",%d", text, said->wide ? DCS_UCS2 : DCS_GSM7) <
	    AT_LINE_MAX;
}

/* What came in. */

static void set(json_t *object, const char *name, json_t *value)
{
	if (json_object_set_new(object, name, value) != 0)
		abort();
}

static char *options_of(const struct talk_of *talk, const struct ussd *ussd, const struct turn *turn)
{
	json_t *told = json_object();
	if (talk->balance) {
		set(told, "balance", json_true());
	} else {
		char *text = turn_json(turn);
		set(told, "ussd", json_loads(text, 0, NULL));
		free(text);
	}
	if (ussd->state != USSD_DONE && ussd->state != USSD_OPEN)
		set(told, "state", json_string(ussd_word(ussd->state)));
	char *text = json_dumps(told, JSON_COMPACT);
	if (!text)
		abort();
	json_decref(told);
	return text;
}

/* Nothing is told twice by a modem: the moment names it. */
static void name_arrival(const struct modem *modem, struct inbound *inbound)
{
	struct timespec now;
	clock_gettime(CLOCK_REALTIME, &now);
	snprintf(inbound->arrival, sizeof inbound->arrival, "ussd-%llx-%lx-%.15s",
	    (unsigned long long)now.tv_sec, (unsigned long)now.tv_nsec, modem->identity.imei);
}

static void fill_in(const struct modem *modem, const struct talk_of *talk, struct inbound *to)
{
	const char *own = modem->options->own_number;
	*to = (struct inbound){ .charset = CHARSET_UTF8, .outbox_id = talk->row,
		.first = talk->row && talk->first, .received_at = time(NULL) };
	snprintf(to->link, sizeof to->link, "%s", link_name(modem->link));
	snprintf(to->sender, sizeof to->sender, "%s", talk->code);
	snprintf(to->recipient, sizeof to->recipient, "%s", own ? own : "");
	name_arrival(modem, to);
	to->turn = (struct turn){ .there = true, .op = TURN_RESPONSE, .end = true, .session = -1,
		.sequence = -1, .alone = talk->balance };
}

char *heard_message(const struct modem *modem, const struct talk_of *talk, const struct ussd *ussd,
    struct inbound *to)
{
	fill_in(modem, talk, to);
	to->turn.end = ussd->state != USSD_OPEN;
	if (ussd->state == USSD_OPEN)
		to->turn.op = TURN_REQUEST;
	else if (!talk->row && !talk->balance && strcmp(talk->code, TURN_NETWORK) == 0 &&
	    ussd->state == USSD_DONE)
		to->turn.op = TURN_NOTIFY;
	to->octets = (struct blob){ (const uint8_t *)ussd->text, strlen(ussd->text) };
	char *options = options_of(talk, ussd, &to->turn);
	to->options = options;
	return options;
}

void heard_nothing(const struct modem *modem, const struct talk_of *talk, const char *why,
    struct inbound *to)
{
	fill_in(modem, talk, to);
	to->over = why;
}
