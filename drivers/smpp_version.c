/* SPDX-License-Identifier: Apache-2.0 */
/*
 * smpp_version.c - which version of SMPP a session is of, and what that forbids.
 *
 * The lower of the two that were announced (SMPP 3.4, 1.6 and 2.8; 5.0, 2.8). What an
 * older peer does not know must not be sent: 3.3 has no optional parameters at all.
 */
#include "smpp.h"

#include "refuse.h"

enum {
	V33 = 0x33, V34 = 0x34, V50 = 0x50,
	DECIMAL_34 = 34,                /* what some write for 3.4 */
	TAG_MORE_MESSAGES_TO_SEND = 0x0426,
};

static uint8_t version_of(uint8_t announced)
{
	if (announced == DECIMAL_34)
		return V34;
	return announced < V34 ? V33 : announced < V50 ? V34 : V50;
}

uint8_t smpp_negotiate(uint8_t ours, int theirs, bool strict)
{
	const uint8_t own = version_of(ours);
	if (theirs < 0)
		return strict || own < V34 ? V33 : V34;
	const uint8_t other = version_of((uint8_t)theirs);
	return own < other ? own : other;
}

/* Parameters that a message is as good without. */
static bool is_hint(uint16_t tag)
{
	return tag == TAG_MORE_MESSAGES_TO_SEND || tag == SMPP_TAG_USER_MESSAGE_REFERENCE;
}

static uint8_t least_version(uint32_t command)
{
	return command == SMPP_BROADCAST_SM ? V50 : command == SMPP_DATA_SM ? V34 : V33;
}

bool smpp_suits(uint8_t version, struct smpp_pdu *pdu, struct outcome *outcome)
{
	unsigned kept = 0;
	const uint8_t least = least_version(pdu->command);
	if (version < least)
		return refuse(outcome, "%s needs SMPP %d.%d, and this session is of %d.%d",
		    smpp_command_name(pdu->command), least >> 4, least & 15, version >> 4, version & 15);
	if (version >= V34)
		return true;
	for (unsigned i = 0; i < pdu->ntlvs; i++)
		if (!is_hint(pdu->tlvs[i].tag))
			pdu->tlvs[kept++] = pdu->tlvs[i];
	pdu->ntlvs = kept;
	if (kept == 0)
		return true;
	return refuse(outcome, "it needs optional parameter 0x%04X, and this message centre speaks SMPP 3.3, which "
	    "has none: use concat udh8, and no tlvs", pdu->tlvs[0].tag);
}
