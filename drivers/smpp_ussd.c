/* SPDX-License-Identifier: Apache-2.0 */
/*
 * smpp_ussd.c - turns of USSD dialogues in submit_sm, deliver_sm and data_sm.
 *
 * The operation stands in ussd_service_op, the dialogue in its_session_info: an octet
 * that numbers it, an octet with the sequence of the turn in bits 7 to 1 and the end of
 * the dialogue in bit 0. Some message centres name it by a parameter of their own in its
 * place, whose octets go back as they came, or by the handset alone (key ussd_session).
 */
#include "smpp.h"

#include "../gateway/asked.h"
#include "../gateway/turn.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum {
	SESSION_INFO_LEN = 2, END = 1,
	OP_AT = 5, SESSION_AT = 6,      /* in the PDU's numbers, behind those of smpp_map.c */
	VENDOR_FIRST = 0x1400, VENDOR_LAST = 0x3FFF,
};

static const char own_service_type[] = "USSD";

/* The parameter that names the dialogue; 0: there is none. False: the text is no such thing. */
static bool read_tag(const char *text, uint16_t *tag)
{
	char *end;
	*tag = SMPP_TAG_ITS_SESSION_INFO;
	if (!text || !*text || strcmp(text, "its_session_info") == 0)
		return true;
	*tag = 0;
	if (strcmp(text, "none") == 0)
		return true;
	const unsigned long number = strncmp(text, "0x", 2) == 0 ? strtoul(text + 2, &end, 16) : 0;
	if (number < VENDOR_FIRST || number > VENDOR_LAST || *end)
		return false;
	*tag = (uint16_t)number;
	return true;
}

static uint16_t session_tag(const struct smpp_options *options)
{
	uint16_t tag;
	return read_tag(options->ussd_session, &tag) ? tag : 0;
}

static const char *service_type(const struct smpp_options *options)
{
	return options->ussd_service_type ? options->ussd_service_type : own_service_type;
}

bool smpp_ussd_check(const struct smpp_options *options, struct conf_error *err)
{
	enum { TYPE_MAX = 5 };
	uint16_t tag;
	if (strlen(service_type(options)) > TYPE_MAX)
		return conf_fail(err, "ussd_service_type is longer than %d characters", TYPE_MAX);
	return read_tag(options->ussd_session, &tag) || conf_fail(err, "ussd_session = \"%.40s\" is not "
	    "its_session_info, none, or the tag of a parameter of the message centre's own, 0x1400 to 0x3FFF",
	    options->ussd_session);
}

/* Outwards. */

/* A number in as many octets as it takes, where the row has no octets. */
static bool put_own_session(const struct part *part, uint16_t tag, const struct turn *turn,
    struct smpp_pdu *pdu)
{
	if (turn->token_len)
		return smpp_tlv_add(pdu, tag, turn->token, turn->token_len);
	const size_t width = turn->session > 0xFFFF ? 4 : turn->session > 0xFF ? 2 : 1;
	uint8_t *octets = batch_alloc(part->message->batch, width);
	for (size_t i = 0; i < width; i++)
		octets[i] = (uint8_t)(turn->session >> (8 * (width - 1 - i)));
	return smpp_tlv_add(pdu, tag, octets, (uint16_t)width);
}

static bool put_session(const struct smpp_options *options, const struct part *part,
    struct smpp_pdu *pdu, struct outcome *outcome)
{
	const struct turn *turn = &part->message->asked->turn;
	const uint16_t tag = session_tag(options);
	if (!tag || turn->session < 0)
		return true;
	if (tag != SMPP_TAG_ITS_SESSION_INFO)
		return put_own_session(part, tag, turn, pdu);
	if (turn->session > UINT8_MAX) {
		snprintf(outcome->text, sizeof outcome->text, "option \"ussd\": session is a number from 0 to "
		    "255 on this link (ussd_session = its_session_info)");
		return false;
	}
	pdu->numbers[SESSION_AT] = (uint8_t)turn->session;
	pdu->numbers[SESSION_AT + 1] = (uint8_t)(turn->sequence << 1 | (turn->end ? END : 0));
	return smpp_tlv_add(pdu, tag, pdu->numbers + SESSION_AT, SESSION_INFO_LEN);
}

bool smpp_put_turn(const struct smpp_options *options, const struct part *part, struct smpp_pdu *pdu,
    struct outcome *outcome)
{
	const struct asked *asked = part->message->asked;
	if (!asked || asked->kind != KIND_USSD)
		return true;
	/* Nothing of it is kept for later: no mode but the row's, no receipt, no end. */
	pdu->esm_class = (uint8_t)(asked->esm_class > 0 ? asked->esm_class : 0);
	pdu->registered_delivery = 0;
	pdu->validity_period[0] = '\0';
	if (!asked->service_type)
		snprintf(pdu->service_type, sizeof pdu->service_type, "%s", service_type(options));
	pdu->numbers[OP_AT] = (uint8_t)asked->turn.op;
	return smpp_tlv_add(pdu, SMPP_TAG_USSD_SERVICE_OP, pdu->numbers + OP_AT, 1) &&
	    put_session(options, part, pdu, outcome);
}

/* Inwards. */

/* Without an operation: what is dialled begins with one of these, in any alphabet. */
static int guess_op(const struct smpp_pdu *pdu)
{
	size_t len;
	const uint8_t *text = smpp_text(pdu, &len);
	while (len && !*text)               /* the upper octet of UCS-2 */
		text++, len--;
	return len && (*text == '*' || *text == '#') ? TURN_BEGIN : TURN_ANSWER;
}

static void read_session_info(const struct smpp_tlv *tlv, struct turn *turn)
{
	if (!tlv || tlv->len < SESSION_INFO_LEN)
		return;
	turn->session = tlv->at[0];
	turn->sequence = tlv->at[1] >> 1;
	turn->end = tlv->at[1] & END;
}

bool smpp_read_turn(const struct smpp_options *options, const struct smpp_pdu *pdu, struct turn *turn)
{
	const struct smpp_tlv *op = smpp_tlv(pdu, SMPP_TAG_USSD_SERVICE_OP);
	const uint16_t tag = session_tag(options);
	*turn = (struct turn){ .session = -1, .sequence = -1 };
	turn->there = op || strcasecmp(pdu->service_type, own_service_type) == 0 ||
	    (*service_type(options) && strcasecmp(pdu->service_type, service_type(options)) == 0);
	if (!turn->there)
		return false;
	turn->op = op && op->len ? (int)smpp_tlv_number(pdu, SMPP_TAG_USSD_SERVICE_OP, 0) & 0xFF : guess_op(pdu);
	const struct smpp_tlv *session = tag ? smpp_tlv(pdu, tag) : NULL;
	if (tag == SMPP_TAG_ITS_SESSION_INFO) {
		read_session_info(session, turn);
	} else if (session && session->len && session->len <= TURN_TOKEN_MAX) {
		memcpy(turn->token, session->at, session->len);
		turn->token_len = (uint8_t)session->len;
		turn->session = turn_session(turn->token, turn->token_len);
	}
	return true;
}

bool smpp_tells_turn(const struct smpp_options *options, const struct turn *turn, uint16_t tag)
{
	return turn->there && (tag == SMPP_TAG_USSD_SERVICE_OP ||
	    (turn->session >= 0 && tag == session_tag(options)));
}
