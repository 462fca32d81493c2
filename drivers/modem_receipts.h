/* SPDX-License-Identifier: Apache-2.0 */
/* modem_receipts.h - what parts of a modem are called, and status reports told to the link under that. */
#ifndef MODEM_RECEIPTS_H
#define MODEM_RECEIPTS_H

#include "../gateway/message.h"
#include "../sms/tpdu.h"

#include <stdbool.h>
#include <stdint.h>

struct modem;
struct modem_submit;
struct receipts;

struct receipts *receipts_new(struct modem *);
void receipts_free(struct receipts *);  /* NULL is allowed */

/* The part is given to the modem. One at a time; then one of these three, and when the link has the
 * outcome, receipts_again(). */
void receipts_leaving(struct receipts *, const struct part *, const struct modem_submit *);
/* It was taken, under that reference; stamp: of the SUBMIT-REPORT, if it is known. Names it. */
void receipts_taken(struct receipts *, int reference, struct tpdu_time stamp, char id[NETWORK_ID_MAX]);
/* It may have left: a late answer or a report may settle it. */
void receipts_doubted(struct receipts *);
/* It did not leave. */
void receipts_stayed(struct receipts *);
/* Reports that waited for it are held against what is known now. */
void receipts_again(struct receipts *);

/* "+CMGS: 7" for the part that was in doubt last. False: none is. */
bool receipts_late(struct receipts *, int reference);

/* A status report: tells the link now, or when the part that is leaving has left, or after a minute. */
void receipts_report(struct receipts *, const struct tpdu *, uint64_t ticket);
/* The session ends: tells all that wait. */
void receipts_flush(struct receipts *);

#endif
