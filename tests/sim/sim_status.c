/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sim_status.c - one table of errors for all dialects.
 *
 * The centre judges in statuses of SMPP (3.4, 5.1.3), and --error is told in them. UCP's are the
 * EC of EMI 4.6, 5.6, CIMD2's those of parameter 900. What only one of these has is said as a
 * status above STATUS_OWN.
 */
#include "sim_status.h"

#include "../../drivers/smpp_pdu.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

enum { RINVESMCLASS = 0x43, UCP_SYSTEM_ERROR = 55, UCP_LAST = 99, CIMD2_SYSTEM_ERROR = 6 };

static const struct row { uint32_t status; uint16_t ucp, cimd2; const char *name; } rows[] = {
	{ SMPP_RINVMSGLEN, 24, 302, "RINVMSGLEN" },
	{ SMPP_RINVCMDLEN, 2, 2, "RINVCMDLEN" },
	{ SMPP_RINVCMDID, 3, 1, "RINVCMDID" },
	{ SMPP_RINVBNDSTS, 4, 1, "RINVBNDSTS" },
	{ SMPP_RALYBND, 4, 102, "RALYBND" },
	{ SMPP_RSYSERR, UCP_SYSTEM_ERROR, CIMD2_SYSTEM_ERROR, "RSYSERR" },
	{ SMPP_RINVSRCADR, 2, 306, "RINVSRCADR" },
	{ SMPP_RINVDSTADR, 6, 300, "RINVDSTADR" },
	{ SMPP_RINVMSGID, 27, 7, "RINVMSGID" },
	{ SMPP_RBINDFAIL, 7, 100, "RBINDFAIL" },
	{ SMPP_RINVPASWD, 7, 100, "RINVPASWD" },
	{ SMPP_RINVSYSID, 7, 100, "RINVSYSID" },
	{ SMPP_RCANCELFAIL, 38, 600, "RCANCELFAIL" },
	{ SMPP_RREPLACEFAIL, 38, 9, "RREPLACEFAIL" },
	{ SMPP_RMSGQFUL, 50, 10, "RMSGQFUL" },
	{ SMPP_RINVSERTYP, 23, 314, "RINVSERTYP" },
	{ RINVESMCLASS, 2, 303, "RINVESMCLASS" },
	{ SMPP_RSUBMITFAIL, 54, 9, "RSUBMITFAIL" },
	{ SMPP_RTHROTTLED, 4, 10, "RTHROTTLED" },
	{ SMPP_RINVSCHED, 22, 308, "RINVSCHED" },
	{ SMPP_RINVEXPIRY, 22, 305, "RINVEXPIRY" },
	{ SMPP_RX_T_APPN, 50, 5, "RX_T_APPN" },
	{ SMPP_RX_P_APPN, 5, 323, "RX_P_APPN" },
	{ SMPP_RX_R_APPN, 5, 323, "RX_R_APPN" },
	{ SMPP_RMISSINGOPTPARAM, 2, 2, "RMISSINGOPTPARAM" },
	{ SMPP_RUNKNOWNERR, 99, 999, "RUNKNOWNERR" },
	{ SMPP_RPROHIBITED, 8, 106, "RPROHIBITED" },
};

static const struct { uint16_t error; const char *text; } texts[] = {
	{ 1, "Unexpected operation" }, { 2, "Syntax error" }, { 3, "Unsupported parameter" },
	{ 5, "No response from message center" }, { 6, "General system error" },
	{ 7, "Cannot find information" }, { 8, "Parameter formatting error" },
	{ 9, "Requested operation failed" }, { 10, "Temporary congestion error" },
	{ 100, "Invalid login" }, { 102, "Too many users with this login id" },
	{ 104, "Invalid window size" }, { 105, "Windowing disabled" },
	{ 300, "Incorrect destination address" }, { 301, "Incorrect number of destination addresses" },
	{ 302, "Syntax error in user data parameter" },
	{ 303, "Incorrect bin/head/normal user data parameter combination" },
	{ 304, "Incorrect data coding scheme parameter usage" },
	{ 305, "Incorrect validity period parameters usage" },
	{ 306, "Incorrect originator address usage" },
	{ 307, "Incorrect protocol identifier usage" },
	{ 308, "Incorrect first delivery parameters usage" }, { 309, "Incorrect reply path usage" },
	{ 310, "Incorrect status report request parameter usage" },
	{ 311, "Incorrect cancel enabled parameter usage" }, { 312, "Incorrect priority parameter usage" },
	{ 313, "Incorrect tariff class parameter usage" },
	{ 314, "Incorrect service description parameter usage" },
	{ 318, "Incorrect more messages to send parameter usage" },
	{ 321, "Incorrect alphanumeric originator address usage" },
	{ 401, "Incorrect service center time stamp parameter usage" },
	{ 501, "Incorrect mode" },
	{ 600, "Incorrect service center time stamp parameter usage" },
	{ 601, "Incorrect address parameter usage" }, { 602, "Incorrect cancel mode" }, { 801, "Changing of password not allowed" },
	{ 900, "Requested item is not supported" },
};

static const struct row *row_find(uint32_t status)
{
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		if (rows[i].status == status)
			return &rows[i];
	return NULL;
}

unsigned status_ucp(uint32_t status)
{
	const struct row *row = row_find(status);
	if (status > STATUS_OWN && status <= STATUS_OWN + UCP_LAST)
		return status - STATUS_OWN;
	return row ? row->ucp : UCP_SYSTEM_ERROR;
}

unsigned status_cimd2(uint32_t status)
{
	const struct row *row = row_find(status);
	if (status > STATUS_OWN && status <= STATUS_OWN_LAST)
		return status - STATUS_OWN;
	return row ? row->cimd2 : CIMD2_SYSTEM_ERROR;
}

const char *status_cimd2_text(unsigned error)
{
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
		if (texts[i].error == error)
			return texts[i].text;
	return "";
}

static uint32_t refusal(unsigned error, const unsigned *passing, size_t n)
{
	if (!error)
		return SMPP_ROK;
	for (size_t i = 0; i < n; i++)
		if (passing[i] == error)
			return SMPP_RX_T_APPN;
	return SMPP_RX_R_APPN;
}

uint32_t status_of_ucp(unsigned ec)
{
	static const unsigned passing[] = { 1, 4, 50, 53, 54, 55 };
	return refusal(ec, passing, sizeof passing / sizeof *passing);
}

uint32_t status_of_cimd2(unsigned error)
{
	static const unsigned passing[] = { 4, 5, 6, 9, 10, 700, 710 };
	return refusal(error, passing, sizeof passing / sizeof *passing);
}

void status_help(void)
{
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		printf("  0x%03x ESME_%-18s EC %02u  error %u\n", (unsigned)rows[i].status, rows[i].name,
		    (unsigned)rows[i].ucp, (unsigned)rows[i].cimd2);
	printf("  %-29s EC %02u  error %u\n", "any other", (unsigned)UCP_SYSTEM_ERROR,
	    (unsigned)CIMD2_SYSTEM_ERROR);
	printf("  0x%x + N: EC N, or error N, of the protocol itself\n", (unsigned)STATUS_OWN);
}
