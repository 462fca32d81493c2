/* SPDX-License-Identifier: Apache-2.0 */
/*
 * smpp_broadcast.c - broadcast_sm: a text to everybody in some areas (SMPP 5.0, 4.4.1).
 *
 * Areas, content, repetitions and interval have to be there, which asked_broadcast.c sees to.
 * The answer has an id, and names areas that were refused. No receipts follow.
 */
#include "smpp_other.h"

#include "refuse.h"

#include <stdio.h>
#include <string.h>

static bool put_number(struct smpp_pdu *pdu, const struct message *message, uint16_t tag, uint32_t number,
    unsigned width)
{
	uint8_t *at = batch_alloc(message->batch, width);
	for (unsigned i = 0; i < width; i++)
		at[i] = (uint8_t)(number >> (8 * (width - 1 - i)));
	return smpp_tlv_add(pdu, tag, at, (uint16_t)width);
}

bool smpp_make_broadcast(const struct asked *asked, const struct part *part, struct smpp_pdu *pdu,
    struct outcome *outcome)
{
	const struct asked_broadcast *broadcast = asked->broadcast;
	const struct message *message = part->message;
	pdu->command = SMPP_BROADCAST_SM;
	bool good = true;
	for (unsigned i = 0; i < broadcast->nareas; i++)
		good = good && smpp_tlv_add(pdu, SMPP_TAG_BROADCAST_AREA_IDENTIFIER, broadcast->areas[i].value.at,
		    (uint16_t)broadcast->areas[i].value.len);
	good = good && put_number(pdu, message, SMPP_TAG_BROADCAST_CONTENT_TYPE,
	    (uint32_t)broadcast->network << 16 | (uint32_t)broadcast->service, 3) &&
	    put_number(pdu, message, SMPP_TAG_BROADCAST_REP_NUM, (uint32_t)broadcast->repetitions, 2) &&
	    put_number(pdu, message, SMPP_TAG_BROADCAST_FREQUENCY_INTERVAL,
	    (uint32_t)broadcast->unit << 16 | (uint32_t)broadcast->count, 3) &&
	    (broadcast->channel < 0 ||
	    put_number(pdu, message, SMPP_TAG_BROADCAST_CHANNEL_INDICATOR, (uint32_t)broadcast->channel, 1)) &&
	    (broadcast->class < 0 ||
	    put_number(pdu, message, SMPP_TAG_BROADCAST_MESSAGE_CLASS, (uint32_t)broadcast->class, 1)) &&
	    (asked->default_message > 0 || smpp_into_payload(pdu));
	return good || refuse(outcome, "the broadcast has too many optional parameters");
}

/* An area as the row called it, else as octets. */
static void name_area(const struct smpp_tlv *tlv, const struct asked_broadcast *broadcast, char *out, size_t room)
{
	for (unsigned i = 0; broadcast && i < broadcast->nareas; i++) {
		const struct blob *value = &broadcast->areas[i].value;
		if (value->len == tlv->len && memcmp(value->at, tlv->at, tlv->len) == 0) {
			smpp_print(out, room, broadcast->areas[i].name);
			return;
		}
	}
	char raw[64];
	const size_t len = tlv->len > 1 ? tlv->len - 1u : 0;
	snprintf(raw, sizeof raw, "%.*s", (int)(len < sizeof raw ? len : sizeof raw - 1),
	    len ? (const char *)tlv->at + 1 : "");
	smpp_print(out, room, raw);
}

/* The nth TLV of that tag, or NULL: they go in parallel order. */
static const struct smpp_tlv *nth_tlv(const struct smpp_pdu *pdu, uint16_t tag, unsigned n)
{
	for (unsigned i = 0; i < pdu->ntlvs; i++)
		if (pdu->tlvs[i].tag == tag && n-- == 0)
			return &pdu->tlvs[i];
	return NULL;
}

static uint32_t number_of(const struct smpp_tlv *tlv)
{
	uint32_t number = 0;
	for (unsigned i = 0; tlv && i < tlv->len; i++)
		number = number << 8 | tlv->at[i];
	return number;
}

void smpp_answer_broadcast(const struct smpp_pdu *pdu, const struct part *part, struct outcome *outcome)
{
	const struct asked *asked = part->message->asked;
	const struct smpp_tlv *area;
	unsigned n = 0, last = 0;
	size_t len = 0;
	for (; (area = nth_tlv(pdu, SMPP_TAG_BROADCAST_AREA_IDENTIFIER, n)); n++) {
		const struct smpp_tlv *error = nth_tlv(pdu, SMPP_TAG_BROADCAST_ERROR_STATUS, n);
		char name[64], text[OUTCOME_TEXT_MAX];
		if (error)
			last = number_of(error);
		name_area(area, asked ? asked->broadcast : NULL, name, sizeof name);
		smpp_status_text(text, sizeof text, last);
		if (len < sizeof outcome->text)
			len += (size_t)snprintf(outcome->text + len, sizeof outcome->text - len, "%sarea %s refused: %s",
			    n ? "; " : "", name, text);
	}
	if (n == 0)
		return;
	outcome->code = last;
	if (asked && asked->broadcast && n >= asked->broadcast->nareas)
		outcome->verdict = VERDICT_REJECTED;
}
