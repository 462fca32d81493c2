/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sim_ussd.c - handsets in USSD dialogues.
 *
 *     --ussd N: dials ----> open <---- a request or notice to nobody's dialogue (push)
 *                            |  a request: the next line of --ussd-input, op 18
 *                            |  a notice: confirmed, op 19
 *                            v
 *                          ended by op 16 or 17, by the end bit, by --ussd-release, or
 *                          when a lone notice has been confirmed
 *
 * A handset has one dialogue. Each of our turns has the sequence after the service's, and
 * the service's is to be the one after ours: what has another, or another session, is
 * counted as wrong and then taken as it is.
 */
#include "sim_ussd.h"

#include "sim_account.h"
#include "sim_center.h"
#include "sim_deliver.h"

#include "../../drivers/smpp_pdu.h"
#include "../../sms/alphabet.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	OP_BEGIN = 1, OP_REQUEST = 2, OP_NOTIFY = 3, OP_DATA_RESPONSE = 16, OP_RESPONSE = 17, OP_ANSWER = 18,
	OP_CONFIRM = 19,
	END = 1, SEQUENCES = 128, INPUT_MAX = 182,
};

struct dialogue {
	struct dialogue *next;
	struct account *account;
	struct smpp_address handset, code;
	uint8_t session, sequence;      /* of the last turn */
	unsigned asked;                 /* requests so far */
	bool open;
};

struct ussd {
	struct dialogue *dialogues;     /* the newest first */
	uint8_t sessions;               /* numbers given out */
	bool dialed;
};

struct ussd *ussd_new(void)
{
	struct ussd *ussd = calloc(1, sizeof *ussd);
	if (!ussd)
		abort();
	return ussd;
}

void ussd_free(struct ussd *ussd)
{
	while (ussd->dialogues) {
		struct dialogue *first = ussd->dialogues;
		ussd->dialogues = first->next;
		free(first);
	}
	free(ussd);
}

static struct dialogue *dialogue_new(struct center *center, struct account *account)
{
	struct dialogue *dialogue = calloc(1, sizeof *dialogue);
	if (!dialogue)
		abort();
	dialogue->account = account;
	dialogue->session = ++center->ussd->sessions;
	dialogue->open = true;
	dialogue->next = center->ussd->dialogues;
	center->ussd->dialogues = dialogue;
	center->counts.ussd_dialogues++;
	return dialogue;
}

static void end(struct center *center, struct dialogue *dialogue)
{
	center->counts.ussd_ended += dialogue->open;
	dialogue->open = false;
}

/* Says something to the service. */
static void turn(struct center *center, const struct dialogue *dialogue, uint8_t op, const char *text,
    bool last)
{
	uint8_t septets[INPUT_MAX];
	size_t n = 0;
	gsm7_from_utf8(septets, sizeof septets, &n, text, strlen(text));
	struct smpp_pdu pdu = { .command = SMPP_DELIVER_SM, .service_type = "USSD",
		.source = dialogue->handset, .destination = dialogue->code, .short_message = septets,
		.sm_length = (uint8_t)n };
	const uint8_t info[] = { dialogue->session, (uint8_t)(dialogue->sequence << 1 | (last ? END : 0)) };
	smpp_tlv_add(&pdu, SMPP_TAG_USSD_SERVICE_OP, &op, 1);
	if (!center->options->ussd_unnumbered)
		smpp_tlv_add(&pdu, SMPP_TAG_ITS_SESSION_INFO, info, sizeof info);
	struct item *item = verbatim_new(center, &pdu);
	if (!item)
		abort();
	item->account = dialogue->account;
	center->counts.ussd_turns++;
	account_post(center, dialogue->account, item);
}

void ussd_dial(struct center *center, struct account *account)
{
	const struct sim_options *options = center->options;
	if (center->ussd->dialed || !options->ussd)
		return;
	center->ussd->dialed = true;
	const unsigned long long first = strtoull(options->ussd_from, NULL, 10);
	for (unsigned i = 0; i < options->ussd; i++) {
		struct dialogue *dialogue = dialogue_new(center, account);
		dialogue->handset = (struct smpp_address){ .ton = 1, .npi = 1 };
		dialogue->code = (struct smpp_address){ .ton = 3, .npi = 0 };
		snprintf(dialogue->handset.digits, sizeof dialogue->handset.digits, "%llu", first + i);
		snprintf(dialogue->code.digits, sizeof dialogue->code.digits, "%.20s", options->ussd_code);
		turn(center, dialogue, OP_BEGIN, options->ussd_code, false);
	}
}

/* The nth line of the input, which begins anew when it is used up. */
static void input(const struct center *center, unsigned n, char line[INPUT_MAX])
{
	const char *text = center->options->ussd_input, *at = text;
	for (unsigned i = 1; i < n; i++) {
		at = strchr(at, ',');
		at = at ? at + 1 : text;
	}
	snprintf(line, INPUT_MAX, "%.*s", (int)strcspn(at, ","), at);
}

static struct dialogue *open_of(const struct center *center, const struct smpp_address *handset)
{
	for (struct dialogue *at = center->ussd->dialogues; at; at = at->next)
		if (at->open && strcmp(at->handset.digits, handset->digits) == 0)
			return at;
	return NULL;
}

static const struct smpp_tlv *info_of(const struct smpp_pdu *pdu)
{
	const struct smpp_tlv *info = smpp_tlv(pdu, SMPP_TAG_ITS_SESSION_INFO);
	return info && info->len == 2 ? info : NULL;
}

/* Is it the turn that is expected now? */
static bool is_right(const struct center *center, const struct dialogue *dialogue, const struct smpp_tlv *info)
{
	if (center->options->ussd_unnumbered)
		return !info;
	return info && info->at[0] == dialogue->session &&
	    info->at[1] >> 1 == (dialogue->sequence + 1) % SEQUENCES;
}

/* A service that calls: it may bring a number of its own. */
static struct dialogue *pushed(struct center *center, struct account *account, const struct smpp_pdu *pdu,
    uint32_t op)
{
	if (op != OP_REQUEST && op != OP_NOTIFY)
		return NULL;
	const struct smpp_tlv *info = info_of(pdu);
	struct dialogue *dialogue = dialogue_new(center, account);
	dialogue->handset = pdu->destination;
	dialogue->code = pdu->source;
	if (info)
		dialogue->session = info->at[0];
	return dialogue;
}

static void answer(struct center *center, struct dialogue *dialogue, uint32_t op, bool lone)
{
	char line[INPUT_MAX];
	dialogue->sequence = (uint8_t)((dialogue->sequence + 1) % SEQUENCES);
	if (op == OP_NOTIFY) {
		turn(center, dialogue, OP_CONFIRM, "", false);
		if (lone)
			end(center, dialogue);
		return;
	}
	if (++dialogue->asked == center->options->ussd_release) {
		turn(center, dialogue, OP_ANSWER, "", true);
		end(center, dialogue);
		return;
	}
	input(center, dialogue->asked, line);
	turn(center, dialogue, OP_ANSWER, line, false);
}

void ussd_submitted(struct center *center, struct account *account, const struct smpp_pdu *pdu)
{
	const uint32_t op = smpp_tlv_number(pdu, SMPP_TAG_USSD_SERVICE_OP, UINT32_MAX);
	if (op == UINT32_MAX)
		return;
	center->counts.ussd_turns++;
	struct dialogue *dialogue = open_of(center, &pdu->destination);
	const struct smpp_tlv *info = info_of(pdu);
	if (dialogue)
		center->counts.ussd_wrong += !is_right(center, dialogue, info);
	else if (!(dialogue = pushed(center, account, pdu, op))) {
		center->counts.ussd_wrong++;
		return;
	}
	if (info)
		dialogue->sequence = info->at[1] >> 1;
	const bool last = info && info->at[1] & END;
	if (op == OP_NOTIFY || (op == OP_REQUEST && !last))
		answer(center, dialogue, op, !info);
	if (last || op == OP_RESPONSE || op == OP_DATA_RESPONSE)
		end(center, dialogue);
}
