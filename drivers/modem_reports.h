/* SPDX-License-Identifier: Apache-2.0 */
/*
 * modem_reports.h - which part a status report is about, though its reference is one of 256.
 *
 * Parts that left are remembered with their reference, their recipient and when they left; a report is
 * held against them by all three. No I/O; times are Unix seconds.
 */
#ifndef MODEM_REPORTS_H
#define MODEM_REPORTS_H

#include "../gateway/message.h"
#include "../sms/tpdu.h"

#include <stdbool.h>
#include <stdint.h>

struct reports;

enum { REPORTS_USUAL = 8192 };          /* parts */

/* A part that left. */
struct sent_part {
	const char *recipient;          /* digits, as the SUBMIT had them */
	int64_t began, ended;           /* when the modem was given it, and when it answered or was given up */
	int reference;                  /* TP-MR; -1: not known, no answer came */
	uint32_t doubt;                 /* then: what names it in late.h */
	bool wants_report;
	struct tpdu_time stamp;         /* TP-SCTS of the SUBMIT-REPORT, if the modem gives that */
	int64_t valid_for;              /* seconds that the network may try; 0: not said */
};

/* A part that is leaving: its reference is not known yet. */
struct leaving_part { const char *recipient; int64_t began; };

enum report_fit {
	REPORT_FITS,                    /* a part that was answered: id */
	REPORT_SETTLES,                 /* one that was in doubt: id, doubt */
	REPORT_EARLY,                   /* maybe that which is leaving: ask again when it has */
	REPORT_UNKNOWN,                 /* nothing that is remembered: id and alternates, by its own fields */
};

struct report_match {
	enum report_fit fit;
	char id[NETWORK_ID_MAX], alternate[2][NETWORK_ID_MAX];
	uint32_t doubt;
};

/* Room for so many; of more, the oldest are forgotten, and reports for them are told by their
 * own fields. */
struct reports *reports_new(unsigned most);
void reports_free(struct reports *);    /* NULL is allowed */

/* Remembers a part, and names it: `id` is what the network's id of it is to be; "" when its
 * reference is not known. */
void reports_sent(struct reports *, const struct sent_part *, char id[NETWORK_ID_MAX]);
/* A part in doubt was answered after all. False: it is not remembered. */
bool reports_answered(struct reports *, uint32_t doubt, int reference, int64_t now, char id[NETWORK_ID_MAX]);
/* What a report is about. `leaving`: NULL, or the part that is being sent. */
void reports_match(struct reports *, const struct tpdu *, const struct leaving_part *leaving, int64_t now,
    struct report_match *);
/* By how much the centre's clock is ahead of ours, as far as reports have taught it; false: not yet. */
bool reports_offset(const struct reports *, int64_t *seconds);

#endif
