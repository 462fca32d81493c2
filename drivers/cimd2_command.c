/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cimd2_command.c - questions as enquire message status (04) and cancel message (06), and answers as
 * replies.
 *
 * A message is named by its destination and its time stamp, which its id is made of. The answer to
 * a query that tells a final state is also told as a receipt: one that was lost is made good
 * so. No I/O and no state.
 */
#include "cimd2.h"

#include <stdio.h>
#include <string.h>

enum { CANCEL_ONE = 2, CONGESTION = 10, FIRST_UNKNOWN = 10 };

static bool fail(struct reply *reply, const char *why)
{
	*reply = (struct reply){ .kind = REPLY_FAILED };
	snprintf(reply->text, sizeof reply->text, "%s", why);
	return false;
}

/* "021:060", and maybe the suffix of a twin, which only we know. */
static bool put_id(const char *id, struct cimd2_request *request)
{
	const char *colon = strchr(id, ':');
	struct cimd2_pdu *pdu = &request->pdu;
	if (!colon || colon == id || (size_t)(colon - id) >= sizeof request->destination)
		return false;
	const size_t digits = strspn(colon + 1, "0123456789");
	if (!digits || digits >= sizeof request->originator || (colon[1 + digits] && colon[1 + digits] != '+'))
		return false;
	snprintf(request->destination, sizeof request->destination, "%.*s", (int)(colon - id), id);
	snprintf(request->originator, sizeof request->originator, "%.*s", (int)digits, colon + 1);
	cimd2_add_text(pdu, CIMD2_DESTINATION, request->destination);
	cimd2_add_text(pdu, CIMD2_TIMESTAMP, request->originator);
	return true;
}

bool cimd2_question(const struct question *question, struct cimd2_request *request,
    struct reply *reply)
{
	const struct command *command = question->command;
	struct cimd2_pdu *pdu = &request->pdu;
	pdu->operation = command->kind == COMMAND_CANCEL ? CIMD2_CANCEL : CIMD2_ENQUIRE;
	pdu->number = 0;
	pdu->nparameters = pdu->ndigits = 0;
	if (command->kind == COMMAND_REPLACE)
		return fail(reply, "CIMD2 does not replace a message that it has: cancel it, or send another with "
		    "option \"replace\"");
	if (!*question->network_id)
		return fail(reply, "CIMD2 would cancel all that waits for the recipient, whoever it is from: cancel "
		    "each by its message_id");
	if (command->kind == COMMAND_CANCEL)
		cimd2_add_number(pdu, CIMD2_CANCEL_MODE, CANCEL_ONE);
	return put_id(question->network_id, request) || fail(reply,
	    "message_id is none of CIMD2: it is the recipient, a colon, and the time stamp of the centre");
}

bool cimd2_asks_patience(const struct cimd2_pdu *pdu)
{
	return cimd2_error(pdu) == CONGESTION;
}

/* By 061: the words of docs/commands.md, and those of receipts. */
static const struct { const char *word, *receipt; } states[FIRST_UNKNOWN] = {
	{ "unknown", "UNKNOWN" }, { "enroute", "ENROUTE" }, { "expired", "EXPIRED" },
	{ "undeliverable", "UNDELIV" }, { "delivered", "DELIVRD" }, { "enroute", "ENROUTE" },
	{ "undeliverable", "UNDELIV" }, { "deleted", "DELETED" }, { "deleted", "DELETED" },
	{ "deleted", "DELETED" },
};

static struct reply queried(int32_t zone, const char *link, const struct question *question,
    const struct cimd2_pdu *pdu)
{
	struct reply reply = { .kind = REPLY_DONE };
	struct receipt *receipt = &reply.receipt;
	const struct blob *done = cimd2_value(pdu, CIMD2_DISCHARGE_TIME);
	enum { STATUS_MAX = 99, ERROR_MAX = 999 };
	const long state = cimd2_number(pdu, CIMD2_STATUS, STATUS_MAX, -1);
	if (state < 0) {
		fail(&reply, "the message centre answered, but not with a state");
		return reply;
	}
	const unsigned known = state < FIRST_UNKNOWN ? (unsigned)state : 0;
	reply.code = (uint32_t)cimd2_number(pdu, CIMD2_STATUS_ERROR, ERROR_MAX, 0);
	snprintf(reply.answer, sizeof reply.answer, "%s", states[known].word);
	if (done && !cimd2_read_time(done, zone, &reply.answer_at))
		reply.answer_at = 0;
	receipt->code = reply.code;
	cimd2_tell_state(state, receipt);
	/* It is named as it was asked about, twin or not, whatever the answer says. */
	snprintf(receipt->network_id, sizeof receipt->network_id, "%s", question->network_id);
	snprintf(receipt->link, sizeof receipt->link, "%s", link);
	snprintf(receipt->recipient, sizeof receipt->recipient, "%s", question->command->message->recipient);
	snprintf(receipt->word, sizeof receipt->word, "query:%s", states[known].receipt);
	receipt->done_at = reply.answer_at;
	reply.status = receipt->status;
	reply.reports = receipt->status != STATUS_SENT;
	return reply;
}

struct reply cimd2_reply(int32_t zone, const char *link, const struct question *question,
    const struct cimd2_pdu *pdu)
{
	struct reply reply = { .kind = REPLY_DONE, .code = cimd2_error(pdu) };
	if (reply.code) {
		reply.kind = REPLY_REFUSED;
		cimd2_error_text(reply.text, sizeof reply.text, pdu);
		return reply;
	}
	return question->command->kind == COMMAND_QUERY ? queried(zone, link, question, pdu) : reply;
}
