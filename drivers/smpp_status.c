/* SPDX-License-Identifier: Apache-2.0 */
/*
 * smpp_status.c - command_status: name, how to take it, and words for people.
 *
 * Numbers and names: SMPP 3.4, 5.1.3, and 5.0, 4.7.6 (those from 0x100 on). The
 * classes are experience, not specification: providers reuse codes freely.
 */
#include "smpp_pdu.h"

#include <stdlib.h>

/* Ascending. */
static const struct smpp_status_info statuses[] = {
	{ 0x000, "ESME_ROK", SMPP_CLASS_DONE, "accepted" },
	{ 0x001, "ESME_RINVMSGLEN", SMPP_CLASS_PERMANENT, "message length is bad" },
	{ 0x002, "ESME_RINVCMDLEN", SMPP_CLASS_PERMANENT, "PDU length is wrong for its type" },
	{ 0x003, "ESME_RINVCMDID", SMPP_CLASS_PERMANENT, "operation is not known or not supported" },
	{ 0x004, "ESME_RINVBNDSTS", SMPP_CLASS_SESSION, "not allowed in this bind state" },
	{ 0x005, "ESME_RALYBND", SMPP_CLASS_BIND, "already bound, or too many binds of this account" },
	{ 0x006, "ESME_RINVPRTFLG", SMPP_CLASS_PERMANENT, "priority_flag is bad" },
	{ 0x007, "ESME_RINVREGDLVFLG", SMPP_CLASS_PERMANENT, "registered_delivery is bad" },
	{ 0x008, "ESME_RSYSERR", SMPP_CLASS_TRANSIENT, "the message centre has an internal fault" },
	{ 0x00A, "ESME_RINVSRCADR", SMPP_CLASS_PERMANENT, "source address is bad or not permitted" },
	{ 0x00B, "ESME_RINVDSTADR", SMPP_CLASS_PERMANENT, "destination address is bad or not permitted" },
	{ 0x00C, "ESME_RINVMSGID", SMPP_CLASS_OPERATION, "message id is not known" },
	{ 0x00D, "ESME_RBINDFAIL", SMPP_CLASS_BIND, "bind failed" },
	{ 0x00E, "ESME_RINVPASWD", SMPP_CLASS_BIND, "password is wrong" },
	{ 0x00F, "ESME_RINVSYSID", SMPP_CLASS_BIND, "system_id is not known" },
	{ 0x011, "ESME_RCANCELFAIL", SMPP_CLASS_OPERATION, "cancel was refused" },
	{ 0x013, "ESME_RREPLACEFAIL", SMPP_CLASS_OPERATION, "replace was refused" },
	{ 0x014, "ESME_RMSGQFUL", SMPP_CLASS_TRANSIENT, "message queue is full" },
	{ 0x015, "ESME_RINVSERTYP", SMPP_CLASS_PERMANENT, "service_type is bad" },
	{ 0x033, "ESME_RINVNUMDESTS", SMPP_CLASS_PERMANENT, "number of destinations is bad" },
	{ 0x034, "ESME_RINVDLNAME", SMPP_CLASS_PERMANENT, "distribution list is not known" },
	{ 0x040, "ESME_RINVDESTFLAG", SMPP_CLASS_PERMANENT, "destination flag is bad" },
	{ 0x042, "ESME_RINVSUBREP", SMPP_CLASS_PERMANENT, "submit with replace was refused" },
	{ 0x043, "ESME_RINVESMCLASS", SMPP_CLASS_PERMANENT, "esm_class is bad" },
	{ 0x044, "ESME_RCNTSUBDL", SMPP_CLASS_PERMANENT, "distribution lists are not allowed" },
	{ 0x045, "ESME_RSUBMITFAIL", SMPP_CLASS_AMBIGUOUS, "submit failed" },
	{ 0x048, "ESME_RINVSRCTON", SMPP_CLASS_PERMANENT, "source TON is bad" },
	{ 0x049, "ESME_RINVSRCNPI", SMPP_CLASS_PERMANENT, "source NPI is bad" },
	{ 0x050, "ESME_RINVDSTTON", SMPP_CLASS_PERMANENT, "destination TON is bad" },
	{ 0x051, "ESME_RINVDSTNPI", SMPP_CLASS_PERMANENT, "destination NPI is bad" },
	{ 0x053, "ESME_RINVSYSTYP", SMPP_CLASS_BIND, "system_type is bad" },
	{ 0x054, "ESME_RINVREPFLAG", SMPP_CLASS_PERMANENT, "replace_if_present_flag is bad" },
	{ 0x055, "ESME_RINVNUMMSGS", SMPP_CLASS_PERMANENT, "number of messages is bad" },
	{ 0x058, "ESME_RTHROTTLED", SMPP_CLASS_THROTTLE, "over the allowed rate or window" },
	{ 0x061, "ESME_RINVSCHED", SMPP_CLASS_PERMANENT, "scheduled delivery time is bad" },
	{ 0x062, "ESME_RINVEXPIRY", SMPP_CLASS_PERMANENT, "validity period is bad" },
	{ 0x063, "ESME_RINVDFTMSGID", SMPP_CLASS_PERMANENT, "predefined message is not known" },
	{ 0x064, "ESME_RX_T_APPN", SMPP_CLASS_TRANSIENT, "receiver has a temporary error" },
	{ 0x065, "ESME_RX_P_APPN", SMPP_CLASS_PERMANENT, "receiver has a permanent error" },
	{ 0x066, "ESME_RX_R_APPN", SMPP_CLASS_PERMANENT, "receiver rejects the message" },
	{ 0x067, "ESME_RQUERYFAIL", SMPP_CLASS_OPERATION, "query failed" },
	{ 0x0C0, "ESME_RINVOPTPARSTREAM", SMPP_CLASS_PERMANENT, "optional parameters cannot be read" },
	{ 0x0C1, "ESME_ROPTPARNOTALLWD", SMPP_CLASS_PERMANENT, "an optional parameter is not allowed" },
	{ 0x0C2, "ESME_RINVPARLEN", SMPP_CLASS_PERMANENT, "an optional parameter has a bad length" },
	{ 0x0C3, "ESME_RMISSINGOPTPARAM", SMPP_CLASS_PERMANENT, "a required optional parameter is missing" },
	{ 0x0C4, "ESME_RINVOPTPARAMVAL", SMPP_CLASS_PERMANENT, "an optional parameter has a bad value" },
	{ 0x0FE, "ESME_RDELIVERYFAILURE", SMPP_CLASS_AMBIGUOUS, "delivery failed" },
	{ 0x0FF, "ESME_RUNKNOWNERR", SMPP_CLASS_AMBIGUOUS, "unspecified error" },
	{ 0x100, "ESME_RSERTYPUNAUTH", SMPP_CLASS_PERMANENT, "service_type is not authorised" },
	{ 0x101, "ESME_RPROHIBITED", SMPP_CLASS_PERMANENT, "operation is prohibited for this account" },
	{ 0x102, "ESME_RSERTYPUNAVAIL", SMPP_CLASS_TRANSIENT, "service_type is not available now" },
	{ 0x103, "ESME_RSERTYPDENIED", SMPP_CLASS_PERMANENT, "service_type is denied for this content" },
	{ 0x104, "ESME_RINVDCS", SMPP_CLASS_PERMANENT, "data_coding is not supported" },
	{ 0x105, "ESME_RINVSRCADDRSUBUNIT", SMPP_CLASS_PERMANENT, "source address subunit is bad" },
	{ 0x106, "ESME_RINVDSTADDRSUBUNIT", SMPP_CLASS_PERMANENT, "destination address subunit is bad" },
	{ 0x107, "ESME_RINVBCASTFREQINT", SMPP_CLASS_PERMANENT, "broadcast interval is bad" },
	{ 0x108, "ESME_RINVBCASTALIAS_NAME", SMPP_CLASS_PERMANENT, "broadcast area alias is bad" },
	{ 0x109, "ESME_RINVBCASTAREAFMT", SMPP_CLASS_PERMANENT, "broadcast area format is bad" },
	{ 0x10A, "ESME_RINVNUMBCAST_AREAS", SMPP_CLASS_PERMANENT, "number of broadcast areas is bad" },
	{ 0x10B, "ESME_RINVBCASTCNTTYPE", SMPP_CLASS_PERMANENT, "broadcast content type is bad" },
	{ 0x10C, "ESME_RINVBCASTMSGCLASS", SMPP_CLASS_PERMANENT, "broadcast message class is bad" },
	{ 0x10D, "ESME_RBCASTFAIL", SMPP_CLASS_AMBIGUOUS, "broadcast failed" },
	{ 0x10E, "ESME_RBCASTQUERYFAIL", SMPP_CLASS_OPERATION, "broadcast query failed" },
	{ 0x10F, "ESME_RBCASTCANCELFAIL", SMPP_CLASS_OPERATION, "broadcast cancel failed" },
	{ 0x110, "ESME_RINVBCAST_REP", SMPP_CLASS_PERMANENT, "number of broadcast repetitions is bad" },
	{ 0x111, "ESME_RINVBCASTSRVGRP", SMPP_CLASS_PERMANENT, "broadcast service group is bad" },
	{ 0x112, "ESME_RINVBCASTCHANIND", SMPP_CLASS_PERMANENT, "broadcast channel indicator is bad" },
};

static int compare(const void *key, const void *row)
{
	const uint32_t status = *(const uint32_t *)key;
	const uint32_t other = ((const struct smpp_status_info *)row)->status;
	return status < other ? -1 : status > other;
}

const struct smpp_status_info *smpp_status(uint32_t status)
{
	static const struct smpp_status_info unknown = {
		.name = "unknown status", .class = SMPP_CLASS_AMBIGUOUS,
		.meaning = "not a status of SMPP; ask the provider",
	};
	const struct smpp_status_info *found = bsearch(&status, statuses,
	    sizeof statuses / sizeof *statuses, sizeof *statuses, compare);
	return found ? found : &unknown;
}
