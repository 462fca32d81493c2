/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sim_smpp.c - SMPP on a session: the codec as it is, and what is answered to octets that are
 * no PDU.
 */
#include "sim_center.h"
#include "sim_dialect.h"
#include "sim_react.h"
#include "sim_session.h"

#include "../../drivers/smpp_pdu.h"

#include <assert.h>
#include <string.h>

enum { MOST_UNBOUND = 512 };

static size_t measure(const uint8_t *at, size_t len)
{
	return smpp_measure(NULL, at, len);
}

/* The place of the next PDU is lost. */
static void lost(struct session *session, size_t have)
{
	static const char *const others[] = { "\x16\x03", "GET ", "POST", "HEAD" };
	for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
		const size_t n = strlen(others[i]);
		if (session->state == SESSION_OPEN && have >= n &&
		    memcmp(session->in, others[i], n) == 0) {
			session_drop(session, "speaks another protocol");
			return;
		}
	}
	uint32_t command, status, sequence = 0;
	const bool is_short = !session->in[0] && !session->in[1] && !session->in[2];
	if (have >= SMPP_HEADER && !is_short)
		smpp_header(session->in, &command, &status, &sequence);
	session->center->counts.malformed++;
	session_answer(session, (uint32_t)SMPP_GENERIC_NACK, sequence, SMPP_RINVCMDLEN);
	session_end(session, "command_length is impossible");
}

static void smpp_react(struct session *session, const uint8_t *at, size_t len)
{
	struct smpp_pdu pdu;
	uint32_t wrong = smpp_unpack(at, len, &pdu);
	if (!wrong && pdu.tail_dropped)
		wrong = SMPP_RINVOPTPARSTREAM;
	react(session, &pdu, wrong);
}

static size_t pack(struct session *session, const struct smpp_pdu *pdu, uint8_t *out, size_t room)
{
	size_t len = smpp_pack(pdu, out, room - 1);
	assert(len);
	const bool submitted = pdu->command == (uint32_t)SMPP_SUBMIT_SM_RESP ||
	    pdu->command == (uint32_t)SMPP_DATA_SM_RESP || pdu->command == (uint32_t)SMPP_SUBMIT_MULTI_RESP ||
	    pdu->command == (uint32_t)SMPP_BROADCAST_SM_RESP;
	/* SMPP 3.3 knows no response without a message_id, not even a refusal. */
	if (submitted && pdu->status && session->version < 0x34 && len == SMPP_HEADER) {
		out[len++] = 0;
		out[3] = (uint8_t)len;
	}
	return len;
}

const struct dialect dialect_smpp = {
	.name = "smpp", .most_unbound = MOST_UNBOUND,
	.numbers = { .first = 1, .last = INT32_MAX, .step = 1, .most = UINT32_MAX },
	.measure = measure, .react = smpp_react, .lost = lost, .pack = pack,
};
