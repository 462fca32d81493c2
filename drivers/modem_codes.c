/* SPDX-License-Identifier: Apache-2.0 */
/*
 * modem_codes.c - what is done about an error: +CMS ERROR (27.005, 3.2.5; causes of 24.011 and
 * 23.040 below 256), +CME ERROR (27.007, 9.2), plain ERROR, and silence.
 *
 * The makers' tables are looked at first. Names are those of the standards, so that an
 * error that comes in words (AT+CMEE=2) is found by them. Whether the PDU had left decides what
 * is in doubt: before the prompt nothing is.
 */
#include "modem.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

enum {
	SWEEP = 1,                      /* a storage is full */
	ALARM = 2,                      /* somebody has to act */
	OURS = 4,                       /* we made a mistake */
	SIM = 8,                        /* several in a row: not the messages, the SIM or its subscription */
	SOON = 16,                      /* in seconds it may be otherwise */
	UNWELL = 32,                    /* it casts doubt on the modem */
	PLAIN = 64,                     /* again without a validity */
};

struct entry { int first, last; enum modem_class class; unsigned flags; const char *meaning; };

static const struct entry cms[] = {
	{ 1, 1, CLASS_FAIL, 0, "unassigned number" },
	{ 8, 8, CLASS_FAIL, SIM, "operator determined barring" },
	{ 10, 10, CLASS_FAIL, SIM, "call barred" },
	{ 17, 17, CLASS_RETRY, 0, "network failure" },
	{ 21, 21, CLASS_FEW, SIM, "short message transfer rejected" },
	{ 22, 22, CLASS_FEW, 0, "memory capacity exceeded" },
	{ 27, 27, CLASS_FEW, 0, "destination out of service" },
	{ 28, 28, CLASS_FAIL, SIM, "unidentified subscriber" },
	{ 29, 29, CLASS_FAIL, SIM, "facility rejected" },
	{ 30, 30, CLASS_FAIL, SIM, "unknown subscriber" },
	{ 38, 38, CLASS_RETRY, 0, "network out of order" },
	{ 41, 41, CLASS_RETRY, 0, "temporary failure" },
	{ 42, 42, CLASS_RETRY, 0, "congestion" },
	{ 47, 47, CLASS_RETRY, 0, "resources unavailable" },
	{ 50, 50, CLASS_FAIL, SIM, "requested facility not subscribed" },
	{ 69, 69, CLASS_FAIL, SIM, "requested facility not implemented" },
	{ 81, 81, CLASS_FAIL, 0, "invalid short message transfer reference value" },
	{ 95, 95, CLASS_FAIL, 0, "invalid message" },
	{ 96, 96, CLASS_FAIL, 0, "invalid mandatory information" },
	{ 97, 97, CLASS_FAIL, 0, "message type non-existent or not implemented" },
	{ 98, 98, CLASS_FAIL, 0, "message not compatible with short message protocol state" },
	{ 99, 99, CLASS_FAIL, 0, "information element non-existent or not implemented" },
	{ 111, 111, CLASS_FEW, 0, "protocol error, unspecified" },
	{ 127, 127, CLASS_FEW, 0, "interworking, unspecified" },
	{ 128, 128, CLASS_FAIL, 0, "telematic interworking not supported" },
	{ 129, 129, CLASS_FAIL, 0, "short message type 0 not supported" },
	{ 130, 130, CLASS_FAIL, 0, "cannot replace short message" },
	{ 143, 143, CLASS_FAIL, 0, "unspecified TP-PID error" },
	{ 144, 144, CLASS_FAIL, 0, "data coding scheme (alphabet) not supported" },
	{ 145, 145, CLASS_FAIL, 0, "message class not supported" },
	{ 159, 159, CLASS_FAIL, 0, "unspecified TP-DCS error" },
	{ 160, 160, CLASS_FAIL, 0, "command cannot be actioned" },
	{ 161, 161, CLASS_FAIL, 0, "command unsupported" },
	{ 175, 175, CLASS_FAIL, 0, "unspecified TP-Command error" },
	{ 176, 176, CLASS_FAIL, 0, "TPDU not supported" },
	{ 128, 191, CLASS_FAIL, 0, "protocol identifier, data coding or command not supported" },
	{ 192, 192, CLASS_RETRY, 0, "SC busy" },
	{ 193, 193, CLASS_FAIL, 0, "no SC subscription" },
	{ 194, 194, CLASS_RETRY, 0, "SC system failure" },
	{ 195, 195, CLASS_FAIL, 0, "invalid SME address" },
	{ 196, 196, CLASS_FAIL, 0, "destination SME barred" },
	{ 197, 197, CLASS_TAKEN, 0, "SM rejected-duplicate SM" },
	{ 198, 198, CLASS_FAIL, PLAIN, "TP-VPF not supported" },
	{ 199, 199, CLASS_FAIL, PLAIN, "TP-VP not supported" },
	{ 208, 208, CLASS_RETRY, SWEEP | SOON, "SIM SMS storage full" },
	{ 209, 209, CLASS_RETRY, SWEEP | SOON, "no SMS storage capability in SIM" },
	{ 210, 210, CLASS_RETRY, SWEEP | SOON, "error in MS" },
	{ 211, 211, CLASS_RETRY, SWEEP | SOON, "memory capacity exceeded" },
	{ 212, 212, CLASS_RETRY, SWEEP | SOON, "SIM application toolkit busy" },
	{ 213, 213, CLASS_RETRY, 0, "SIM data download error" },
	{ 224, 254, CLASS_FEW, 0, "an error of the application's own" },
	{ 255, 255, CLASS_FEW, 0, "unspecified error cause" },
	{ 300, 300, CLASS_RETRY, UNWELL, "ME failure" },
	{ 301, 301, CLASS_REST, 0, "SMS service of ME reserved" },
	{ 302, 302, CLASS_REST, 0, "operation not allowed" },
	{ 303, 303, CLASS_REST, 0, "operation not supported" },
	{ 304, 304, CLASS_FAIL, OURS, "invalid PDU mode parameter" },
	{ 305, 305, CLASS_FAIL, OURS, "invalid text mode parameter" },
	{ 310, 310, CLASS_REST, ALARM, "SIM not inserted" },
	{ 311, 311, CLASS_REST, ALARM, "SIM PIN required" },
	{ 312, 312, CLASS_REST, ALARM, "PH-SIM PIN required" },
	{ 313, 313, CLASS_REST, ALARM, "SIM failure" },
	{ 314, 314, CLASS_RETRY, SOON, "SIM busy" },
	{ 315, 315, CLASS_REST, ALARM, "SIM wrong" },
	{ 316, 316, CLASS_REST, ALARM, "SIM PUK required" },
	{ 317, 317, CLASS_REST, ALARM, "SIM PIN2 required" },
	{ 318, 318, CLASS_REST, ALARM, "SIM PUK2 required" },
	{ 320, 320, CLASS_RETRY, SOON, "memory failure" },
	{ 321, 321, CLASS_FAIL, OURS, "invalid memory index" },
	{ 322, 322, CLASS_RETRY, SOON | SWEEP, "memory full" },
	{ 330, 330, CLASS_REST, ALARM, "SMSC address unknown" },
	{ 331, 331, CLASS_RETRY, 0, "no network service" },
	{ 332, 332, CLASS_DOUBT, 0, "network timeout" },
	{ 340, 340, CLASS_RETRY, 0, "no +CNMA acknowledgement expected" },
	{ 500, 500, CLASS_FEW, UNWELL, "unknown error" },
	{ 512, 512, CLASS_RETRY, 0, "collision, or the signal is weak" },
	{ 513, 513, CLASS_DOUBT, 0, "lower layer failure" },
	{ 514, 514, CLASS_RETRY, 0, "congestion" },
	{ 515, 515, CLASS_RETRY, SOON, "please wait, initialisation or a command is in progress" },
	{ 524, 524, CLASS_RETRY, SOON, "an acknowledgement was missing" },
	{ 512, 65535, CLASS_FEW, 0, "an error of the maker's own" },
	{ 0, 0, CLASS_RETRY, 0, NULL },
};

static const struct entry cms_siemens[] = {
	{ 512, 512, CLASS_RETRY, 0, "user abort" },
	{ 513, 513, CLASS_FAIL, 0, "unable to store" },
	{ 514, 514, CLASS_FAIL, OURS, "invalid status" },
	{ 515, 515, CLASS_FAIL, OURS, "invalid character in address string" },
	{ 516, 516, CLASS_FAIL, OURS, "invalid length" },
	{ 517, 517, CLASS_FAIL, OURS, "invalid character in PDU" },
	{ 518, 518, CLASS_FAIL, OURS, "invalid parameter" },
	{ 519, 519, CLASS_FAIL, OURS, "invalid length or character" },
	{ 520, 520, CLASS_FAIL, OURS, "invalid character in text" },
	{ 521, 521, CLASS_DOUBT, 0, "timer expired" },
	{ 522, 522, CLASS_RETRY, SOON, "operation temporarily not allowed" },
	{ 532, 532, CLASS_RETRY, SOON, "SIM not ready" },
	{ 535, 535, CLASS_RETRY, SOON, "protocol stack busy" },
	{ 538, 538, CLASS_FAIL, OURS, "invalid parameter in PDU" },
	{ 549, 554, CLASS_FAIL, OURS, "an error in the PDU" },
	{ 0, 0, CLASS_RETRY, 0, NULL },
};

static const struct entry cms_wavecom[] = {
	{ 512, 512, CLASS_RETRY, 0, "MM establishment failure" },
	{ 513, 513, CLASS_DOUBT, 0, "lower layer failure" },
	{ 514, 514, CLASS_RETRY, 0, "CP error, congestion" },
	{ 515, 515, CLASS_RETRY, SOON, "please wait, init or command processing in progress" },
	{ 0, 0, CLASS_RETRY, 0, NULL },
};

static const struct entry cms_huawei[] = {
	{ 512, 512, CLASS_RETRY, 0, "collision, or the signal is weak" },
	{ 513, 513, CLASS_DOUBT, 0, "lower layer failure" },
	{ 514, 514, CLASS_RETRY, 0, "congestion" },
	{ 515, 515, CLASS_RETRY, SOON, "please wait, the SIM is being read" },
	{ 0, 0, CLASS_RETRY, 0, NULL },
};

static const struct entry cme[] = {
	{ 0, 0, CLASS_RETRY, UNWELL, "phone failure" },
	{ 1, 1, CLASS_RETRY, UNWELL, "no connection to phone" },
	{ 2, 2, CLASS_RETRY, 0, "phone-adaptor link reserved" },
	{ 3, 3, CLASS_REST, 0, "operation not allowed" },
	{ 4, 4, CLASS_REST, 0, "operation not supported" },
	{ 5, 5, CLASS_REST, ALARM, "PH-SIM PIN required" },
	{ 6, 6, CLASS_REST, ALARM, "PH-FSIM PIN required" },
	{ 7, 7, CLASS_REST, ALARM, "PH-FSIM PUK required" },
	{ 10, 10, CLASS_REST, ALARM, "SIM not inserted" },
	{ 11, 11, CLASS_REST, ALARM, "SIM PIN required" },
	{ 12, 12, CLASS_REST, ALARM, "SIM PUK required" },
	{ 13, 13, CLASS_REST, ALARM, "SIM failure" },
	{ 14, 14, CLASS_RETRY, SOON, "SIM busy" },
	{ 15, 15, CLASS_REST, ALARM, "SIM wrong" },
	{ 16, 16, CLASS_REST, ALARM, "incorrect password" },
	{ 17, 17, CLASS_REST, ALARM, "SIM PIN2 required" },
	{ 18, 18, CLASS_REST, ALARM, "SIM PUK2 required" },
	{ 20, 20, CLASS_RETRY, SOON | SWEEP, "memory full" },
	{ 21, 21, CLASS_FAIL, OURS, "invalid index" },
	{ 22, 22, CLASS_FAIL, OURS, "not found" },
	{ 23, 23, CLASS_RETRY, SOON | SWEEP, "memory failure" },
	{ 24, 24, CLASS_FAIL, OURS, "text string too long" },
	{ 25, 25, CLASS_FAIL, OURS, "invalid characters in text string" },
	{ 26, 26, CLASS_FAIL, OURS, "dial string too long" },
	{ 27, 27, CLASS_FAIL, OURS, "invalid characters in dial string" },
	{ 30, 30, CLASS_RETRY, 0, "no network service" },
	{ 31, 31, CLASS_DOUBT, 0, "network timeout" },
	{ 32, 32, CLASS_REST, ALARM, "network not allowed - emergency calls only" },
	{ 40, 40, CLASS_REST, ALARM, "network personalization PIN required" },
	{ 41, 41, CLASS_REST, ALARM, "network personalization PUK required" },
	{ 42, 42, CLASS_REST, ALARM, "network subset personalization PIN required" },
	{ 43, 43, CLASS_REST, ALARM, "network subset personalization PUK required" },
	{ 44, 44, CLASS_REST, ALARM, "service provider personalization PIN required" },
	{ 45, 45, CLASS_REST, ALARM, "service provider personalization PUK required" },
	{ 46, 46, CLASS_REST, ALARM, "corporate personalization PIN required" },
	{ 47, 47, CLASS_REST, ALARM, "corporate personalization PUK required" },
	{ 100, 100, CLASS_RETRY, UNWELL, "unknown" },
	{ 103, 103, CLASS_REST, 0, "illegal MS" },
	{ 106, 106, CLASS_REST, 0, "illegal ME" },
	{ 107, 107, CLASS_REST, 0, "GPRS services not allowed" },
	{ 111, 111, CLASS_REST, 0, "PLMN not allowed" },
	{ 112, 112, CLASS_REST, 0, "location area not allowed" },
	{ 113, 113, CLASS_REST, 0, "roaming not allowed in this location area" },
	{ 132, 132, CLASS_REST, 0, "service option not supported" },
	{ 133, 133, CLASS_REST, 0, "requested service option not subscribed" },
	{ 134, 134, CLASS_REST, 0, "service option temporarily out of order" },
	{ 256, 256, CLASS_RETRY, SOON, "operation temporarily not allowed" },
	{ 257, 257, CLASS_FAIL, SIM, "call barred" },
	{ 258, 258, CLASS_RETRY, SOON, "phone is busy" },
	{ 259, 259, CLASS_RETRY, 0, "user abort" },
	{ 260, 260, CLASS_FAIL, OURS, "invalid dial string" },
	{ 261, 261, CLASS_FAIL, 0, "supplementary service not executed" },
	{ 262, 262, CLASS_REST, ALARM, "SIM blocked" },
	{ 263, 263, CLASS_FAIL, OURS, "invalid block" },
	{ 515, 515, CLASS_RETRY, SOON, "please wait, initialisation or a command is in progress" },
	{ 0, 0, CLASS_RETRY, 0, NULL },
};

static const struct entry *const makers[] = { [CODES_USUAL] = NULL, [CODES_SIEMENS] = cms_siemens,
	[CODES_WAVECOM] = cms_wavecom, [CODES_HUAWEI] = cms_huawei };

/* What follows "ERROR:" when it is no number; "": nothing. */
static const char *words_of(const struct at_answer *answer)
{
	const char *colon = strstr(answer->text, "ERROR:");
	const char *words = colon ? colon + strlen("ERROR:") : "";
	return words + strspn(words, " ");
}

static const struct entry *find(const struct entry *table, const struct at_answer *answer)
{
	const char *words = words_of(answer);
	for (const struct entry *entry = table; entry && entry->meaning; entry++)
		if (answer->code < 0 ? strcasecmp(entry->meaning, words) == 0
		    : answer->code >= entry->first && answer->code <= entry->last)
			return entry;
	return NULL;
}

/* Without a number, or with one that nobody knows. */
static struct modem_verdict unknown(const struct at_answer *answer)
{
	if (answer->result == AT_SILENT || answer->result == AT_CLOSED)
		return answer->prompted
		    ? (struct modem_verdict){ .class = CLASS_DOUBT, .meaning = "no result came",
			.unwell = answer->result == AT_SILENT }
		    : (struct modem_verdict){ .class = CLASS_RETRY, .meaning = "the modem never asked for the message",
			.unwell = answer->result == AT_SILENT, .soon = true };
	if (answer->result == AT_CMS || answer->result == AT_CME)
		return (struct modem_verdict){ .class = CLASS_FEW, .meaning = "an unknown error" };
	return answer->prompted
	    ? (struct modem_verdict){ .class = CLASS_DOUBT, .unwell = true,
		.meaning = "the modem does not say what went wrong" }
	    : (struct modem_verdict){ .class = CLASS_FEW, .unwell = true, .soon = true,
		.meaning = "the modem refused the command without a reason" };
}

struct modem_verdict modem_verdict(const struct at_answer *answer, enum modem_codes codes)
{
	const struct entry *entry = NULL;
	if (answer->result == AT_CMS)
		entry = find(makers[codes], answer);
	if (!entry && answer->result == AT_CMS)
		entry = find(cms, answer);
	else if (answer->result == AT_CME)
		entry = find(cme, answer);
	if (!entry)
		return unknown(answer);
	const bool left = entry->class != CLASS_DOUBT || answer->prompted;
	return (struct modem_verdict){ .class = left ? entry->class : CLASS_RETRY,
		.meaning = entry->meaning, .sweep = entry->flags & SWEEP, .alarm = entry->flags & ALARM,
		.ours = entry->flags & OURS, .sim = entry->flags & SIM, .soon = entry->flags & SOON,
		.unwell = entry->flags & UNWELL, .plain = entry->flags & PLAIN };
}
