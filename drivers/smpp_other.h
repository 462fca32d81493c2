/* SPDX-License-Identifier: Apache-2.0 */
/* smpp_other.h - PDUs that carry a message besides submit_sm; for smpp_request.c and its kind. */
#ifndef SMPP_OTHER_H
#define SMPP_OTHER_H

#include "../gateway/asked.h"
#include "smpp.h"

/* Moves short_message into message_payload. False: there are too many TLVs. */
bool smpp_into_payload(struct smpp_pdu *);

/* Make a submit_sm, as smpp_submit() filled it in, into another PDU. What they add lives in the
 * part's batch. False: `outcome` says why not. */
bool smpp_make_multi(const struct smpp_options *, const struct part *, struct smpp_pdu *, struct outcome *);
bool smpp_make_broadcast(const struct asked *, const struct part *, struct smpp_pdu *, struct outcome *);

/* What an answer of ESME_ROK says of those it was not taken for: in part->refused, in the
 * outcome's text, and as REJECTED when nobody is left. */
void smpp_answer_multi(const struct smpp_options *, const struct smpp_pdu *, struct part *, struct outcome *);
void smpp_answer_broadcast(const struct smpp_pdu *, const struct part *, struct outcome *);

#endif
