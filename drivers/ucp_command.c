/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ucp_command.c - questions as operations 55 (inquire), 56 (delete) and 54 (modify), and what
 * became of them.
 *
 *     query    55 ---> result: taken ---> 57 says the state
 *     cancel   56 ---> result: taken ---> 58 says that it is deleted, or not
 *     replace  54 ---> result: done
 *
 * 57 and 58 name the message by its time stamp alone: AdC is ours in them, and OAdC empty (4.6,
 * 5.3.7 and 5.3.8). So of questions about one second the oldest is answered first. What they say is
 * a text for people; most centres fill in Dst and Rsn as in a notification, and where they do
 * not the text is looked at for a few words. Only a Dst is good enough for a receipt.
 *
 * No I/O and no state.
 */
#include "ucp.h"

#include "../sms/alphabet.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

enum { SCTS_DIGITS = 12, DST_DELIVERED = 0, DST_BUFFERED = 1 };

static bool fail(struct reply *reply, const char *why)
{
	*reply = (struct reply){ .kind = REPLY_FAILED };
	snprintf(reply->text, sizeof reply->text, "%s", why);
	return false;
}

/* "AdC:SCTS", maybe with the suffix of a twin (twins.h), or SCTS alone. False: it is neither. */
static bool read_id(const char *id, char adc[24], char scts[SCTS_DIGITS + 1])
{
	const char *colon = strchr(id, ':'), *stamp = colon ? colon + 1 : id;
	const size_t digits = strspn(stamp, "0123456789");
	if (digits != SCTS_DIGITS || (stamp[digits] && stamp[digits] != '+'))
		return false;
	snprintf(adc, 24, "%.*s", colon ? (int)(colon - id < 23 ? colon - id : 23) : 0, id);
	snprintf(scts, SCTS_DIGITS + 1, "%.*s", SCTS_DIGITS, stamp);
	return true;
}

static bool put_which(const struct ucp_options *options, const struct question *question,
    struct ucp_written *to, struct outcome *outcome)
{
	const struct message *message = question->command->message;
	if (!*question->network_id)     /* all that wait from the sender to the recipient */
		return ucp_put_recipient(options, message, to, outcome);
	if (!read_id(question->network_id, to->adc, to->scts)) {
		snprintf(outcome->text, sizeof outcome->text, "message_id \"%.40s\" is not a number and a time "
		    "stamp, by which a centre of UCP could find it", question->network_id);
		return false;
	}
	ucp_set(&to->pdu, UCP_SCTS, to->scts);
	if (!*to->adc)
		return ucp_put_recipient(options, message, to, outcome);
	ucp_set(&to->pdu, UCP_ADC, to->adc);
	return true;
}

bool ucp_question(const struct ucp_options *options, const struct question *question,
    struct ucp_written *to, struct reply *reply)
{
	static const unsigned operations[] = { [COMMAND_QUERY] = UCP_INQUIRE, [COMMAND_CANCEL] = UCP_DELETE,
		[COMMAND_REPLACE] = UCP_MODIFY };
	const struct command *command = question->command;
	struct outcome outcome = { .text = "the question does not fit its operation" };
	if (command->broadcast)
		return fail(reply, "UCP does not have broadcasts");
	ucp_begin(&to->pdu, operations[command->kind]);
	if (!ucp_read_extras(options, command->message, &to->extras, &outcome) ||
	    !put_which(options, question, to, &outcome) ||
	    !ucp_put_sender(options, command->message, to, &outcome))
		return fail(reply, outcome.text);
	ucp_set(&to->pdu, UCP_AC, to->extras.ac);
	if (command->kind != COMMAND_REPLACE) {
		ucp_set(&to->pdu, UCP_OTOA, "");
		return true;
	}
	ucp_put_receipts(options, command->message, to);
	return ucp_put_message(options, command->message->parts, to, &outcome) || fail(reply, outcome.text);
}

bool ucp_taken(const struct question *question, const struct ucp_result *result, struct reply *reply)
{
	const struct command *command = question->command;
	*reply = (struct reply){ .kind = REPLY_DONE };
	if (result->positive)
		return command->kind == COMMAND_REPLACE || !*question->network_id;
	reply->kind = REPLY_REFUSED;
	reply->code = result->code;
	ucp_refusal(reply->text, sizeof reply->text, result);
	if (result->code == UCP_EC_UNSUPPORTED)
		snprintf(reply->text, sizeof reply->text, "EC 03: this message centre does not know how to %s a "
		    "message", command_words[command->kind]);
	return true;
}

bool ucp_is_told(const struct question *question, const struct ucp_pdu *pdu)
{
	char adc[24], scts[SCTS_DIGITS + 1];
	const enum command_kind kind = pdu->operation == UCP_DELETED ? COMMAND_CANCEL : COMMAND_QUERY;
	return question->command->kind == kind && read_id(question->network_id, adc, scts) &&
	    ucp_is(pdu, UCP_SCTS, scts);
}

/* The text, in lower case ASCII. */
static void read_text(const struct ucp_pdu *pdu, char *out, size_t room)
{
	uint8_t octets[UCP_MESSAGE_MAX];
	size_t len;
	ucp_message(octets, sizeof octets, &len, ucp_number(pdu, UCP_MT, 3), ucp_get(pdu, UCP_MSG));
	if (len >= room)
		len = room - 1;
	for (size_t i = 0; i < len; i++)
		out[i] = octets[i] < ' ' || octets[i] > '~' ? '?' : octets[i] >= 'A' && octets[i] <= 'Z'
		    ? (char)(octets[i] + 'a' - 'A') : (char)octets[i];
	out[len] = '\0';
}

/* Of a final one that is not delivered, or of one without Dst. */
static const char *word_of(const char *text, const char *otherwise)
{
	static const struct { const char *in, *word; } words[] = { { "expire", "expired" },
		{ "in time", "expired" }, { "delet", "deleted" }, { "reject", "rejected" },
		{ "not be delivered", "undeliverable" }, { "not delivered", "undeliverable" },
		{ "undeliver", "undeliverable" }, { "fail", "undeliverable" }, { "buffered", "enroute" },
		{ "deferred", "scheduled" }, { "waiting", "enroute" }, { "delivered", "delivered" } };
	for (size_t i = 0; i < sizeof words / sizeof *words; i++)
		if (strstr(text, words[i].in))
			return words[i].word;
	return otherwise;
}

/* Of an outcome of 56 without Dst: does it say that the message is still there, or was delivered? */
static bool is_refusal(const char *text)
{
	static const char *const words[] = { "not ", "unable", "fail", "no such", "unknown", "already",
		"delivered" };
	for (size_t i = 0; i < sizeof words / sizeof *words; i++)
		if (strstr(text, words[i]))
			return true;
	return false;
}

/* A state with a Dst, as a receipt would tell it. */
static void tell(const struct ucp_options *options, const char *link, const struct question *question,
    const struct ucp_pdu *pdu, struct reply *reply)
{
	struct receipt *receipt = &reply->receipt;
	ucp_read_receipt(options, pdu, receipt);
	reply->status = receipt->status;
	reply->code = receipt->code;
	reply->answer_at = receipt->done_at;
	reply->reports = receipt->status != STATUS_SENT;
	snprintf(receipt->link, sizeof receipt->link, "%s", link);
	snprintf(receipt->network_id, sizeof receipt->network_id, "%s", question->network_id);
	memset(receipt->alternate, 0, sizeof receipt->alternate);
	snprintf(receipt->recipient, sizeof receipt->recipient, "%s", question->command->message->recipient);
	snprintf(receipt->word, sizeof receipt->word, "query:%s", receipt->status == STATUS_DELIVERED
	    ? "delivered" : "undeliv");
	if (receipt->status == STATUS_UNDELIVERED && strncmp(receipt->text, "it names", 8) == 0)
		snprintf(receipt->text, sizeof receipt->text, "%s (reason %u)", reply->answer, (unsigned)receipt->code);
}

struct reply ucp_told(const struct ucp_options *options, const char *link, const struct question *question,
    const struct ucp_pdu *pdu)
{
	struct reply reply = { .kind = REPLY_DONE, .status = STATUS_SENT };
	char text[OUTCOME_TEXT_MAX];
	const int dst = ucp_number(pdu, UCP_DST, -1);
	read_text(pdu, text, sizeof text);
	if (question->command->kind == COMMAND_CANCEL) {
		if (dst == DST_DELIVERED || dst == DST_BUFFERED || (dst < 0 && is_refusal(text))) {
			reply.kind = REPLY_REFUSED;
			snprintf(reply.text, sizeof reply.text, "not deleted: %.140s", *text ? text : "it was delivered");
		}
		return reply;
	}
	const char *word = dst == DST_DELIVERED ? "delivered" : dst == DST_BUFFERED ? "enroute"
	    : word_of(text, dst < 0 ? "unknown" : "undeliverable");
	snprintf(reply.answer, sizeof reply.answer, "%s", word);
	if (dst >= 0)
		tell(options, link, question, pdu, &reply);
	return reply;
}
