/* SPDX-License-Identifier: Apache-2.0 */
/*
 * modem_receipts.c - between the memory of what left (modem_reports.c) and the link.
 *
 * A report may overtake the answer to its own part, since the modem says both when it likes. One that
 * may be about the part that is leaving waits until that has left, for a minute at most (less
 * when the network awaits our acknowledgement), and is then told as it is: nothing is dropped, and
 * what no part is found for stands in table receipt.
 */
#include "modem_receipts.h"

#include "../gateway/clock.h"
#include "../gateway/late.h"
#include "modem.h"
#include "modem_pdu.h"
#include "modem_reports.h"

#include <event2/event.h>

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum {
	HELD_MAX = 64, HOLD_MS = 60 * 1000, HOLD_ACKNOWLEDGED_MS = 10 * 1000,
	LATE_MAX = 1024, LATE_MS = 7 * 24 * 3600 * 1000, /* as long as reports are awaited */
	ANSWER_MS = 600 * 1000,         /* a late answer of the modem's own */
};

struct held { struct tpdu report; uint64_t ticket, until; };

struct receipts {
	struct modem *modem;
	struct reports *reports;
	struct late *late;
	uint32_t doubts;                /* ever: numbers of late.h */
	uint64_t answer_until;          /* loop ms: for the last in doubt; 0: none is */
	const struct part *part;        /* that is leaving; NULL: none */
	struct leaving_part leaving;
	char recipient[ADDRESS_TEXT_MAX];
	bool wants_report;
	struct held held[HELD_MAX];     /* in the order in which they came */
	unsigned nheld;
	struct event *timer;
};

/* The link. */

static void tell(struct receipts *receipts, const struct tpdu *report, const struct report_match *match,
    uint64_t ticket)
{
	struct link *link = receipts->modem->link;
	const struct address_rules rules = modem_address_rules(receipts->modem->options);
	const struct tpdu_status status = tpdu_status(report->status);
	struct receipt receipt = { .code = report->status,
		.done_at = report->discharge.known ? report->discharge.at : 0 };
	char shown[ADDRESS_TEXT_MAX + 8];
	snprintf(receipt.link, sizeof receipt.link, "%s", link_name(link));
	snprintf(receipt.network_id, sizeof receipt.network_id, "%s", match->id);
	for (int i = 0; i < 2; i++)
		snprintf(receipt.alternate[i], sizeof receipt.alternate[i], "%s", match->alternate[i]);
	address_show(shown, sizeof shown, &report->address, &rules);
	snprintf(receipt.recipient, sizeof receipt.recipient, "%.*s", ADDRESS_MAX - 1, shown);
	snprintf(receipt.word, sizeof receipt.word, "%s", status.word);
	receipt.status = status.outcome == TPDU_DONE ? STATUS_DELIVERED : status.final ? STATUS_UNDELIVERED
	    : STATUS_SENT;
	if (receipt.status == STATUS_UNDELIVERED)
		snprintf(receipt.text, sizeof receipt.text, "status 0x%02X: %s", report->status, status.meaning);
	link_receipt(link, &receipt, ticket);
}

/* A part in doubt was sent after all. */
static void settle(struct receipts *receipts, uint32_t doubt, const char *id)
{
	struct link *link = receipts->modem->link;
	struct answer answer;
	if (!late_take(receipts->late, doubt, clock_ms(), &answer))
		return;
	answer.outcome.verdict = VERDICT_SENT;
	snprintf(answer.outcome.network_id, sizeof answer.outcome.network_id, "%s", id);
	link_info(link, "event=late_answer row=%" PRId64 " part=%u parts=%u status=0x00", answer.row,
	    answer.part, answer.parts);
	link_late(link, &answer);
}

/* False: it is to wait for the part that is leaving. */
static bool try_report(struct receipts *receipts, const struct tpdu *report, uint64_t ticket, bool wait)
{
	struct report_match match;
	reports_match(receipts->reports, report, wait && receipts->part ? &receipts->leaving : NULL,
	    time(NULL), &match);
	if (match.fit == REPORT_EARLY)
		return false;
	if (match.fit == REPORT_SETTLES)
		settle(receipts, match.doubt, match.id);
	if (match.fit == REPORT_UNKNOWN)
		link_debug(receipts->modem->link, "event=report_unmatched id=%s", match.id);
	tell(receipts, report, &match, ticket);
	return true;
}

/* Those that wait. */

static void arm(struct receipts *receipts)
{
	const uint64_t now = clock_ms();
	if (receipts->nheld == 0)
		event_del(receipts->timer);
	else
		clock_ring(receipts->timer, receipts->held[0].until > now ? receipts->held[0].until - now : 0);
}

/* Tells what need not wait any more; `over`: none may. */
static void try_held(struct receipts *receipts, bool over)
{
	const uint64_t now = clock_ms();
	unsigned kept = 0;
	for (unsigned i = 0; i < receipts->nheld; i++) {
		const struct held *held = &receipts->held[i];
		const bool wait = !over && held->until > now;
		if (!try_report(receipts, &held->report, held->ticket, wait))
			receipts->held[kept++] = *held;
	}
	receipts->nheld = kept;
	arm(receipts);
}

static void on_timer(evutil_socket_t fd, short what, void *arg)
{
	(void)fd, (void)what;
	try_held(arg, false);
}

void receipts_again(struct receipts *receipts)
{
	if (receipts->nheld)
		try_held(receipts, false);
}

void receipts_flush(struct receipts *receipts)
{
	if (receipts->nheld)
		try_held(receipts, true);
}

/* As the link writes numbers: the id of a part that nobody remembers is made of these digits. */
static struct address recipient_of(const struct receipts *receipts, const struct address *from)
{
	const struct address_rules rules = modem_address_rules(receipts->modem->options);
	char shown[ADDRESS_TEXT_MAX + 16];
	struct address address = *from;
	address_show(shown, sizeof shown, from, &rules);
	if (from->ton != TON_NATIONAL || *shown != '+' || strlen(shown) > sizeof address.text)
		return address;
	address.ton = TON_INTERNATIONAL;
	snprintf(address.text, sizeof address.text, "%.*s", ADDRESS_TEXT_MAX - 1, shown + 1);
	return address;
}

void receipts_report(struct receipts *receipts, const struct tpdu *tpdu, uint64_t ticket)
{
	const bool room = receipts->nheld < HELD_MAX;
	struct tpdu report = *tpdu;
	report.address = recipient_of(receipts, &tpdu->address);
	if (try_report(receipts, &report, ticket, room))
		return;
	receipts->held[receipts->nheld++] = (struct held){ .report = report, .ticket = ticket,
		.until = clock_ms() + (receipts->modem->acknowledges ? HOLD_ACKNOWLEDGED_MS : HOLD_MS) };
	arm(receipts);
}

/* The part that is leaving. */

void receipts_leaving(struct receipts *receipts, const struct part *part, const struct modem_submit *submit)
{
	receipts->part = part;
	receipts->wants_report = submit->wants_report;
	snprintf(receipts->recipient, sizeof receipts->recipient, "%s", submit->recipient);
	receipts->leaving = (struct leaving_part){ .recipient = receipts->recipient, .began = time(NULL) };
}

static void remember(struct receipts *receipts, struct sent_part *sent, char id[NETWORK_ID_MAX])
{
	sent->recipient = receipts->recipient;
	sent->began = receipts->leaving.began;
	sent->ended = time(NULL);
	sent->wants_report = receipts->wants_report;
	if (receipts->part->message->expires_at > sent->ended)
		sent->valid_for = receipts->part->message->expires_at - sent->ended;
	reports_sent(receipts->reports, sent, id);
	receipts->part = NULL;
}

void receipts_taken(struct receipts *receipts, int reference, struct tpdu_time stamp, char id[NETWORK_ID_MAX])
{
	struct sent_part sent = { .reference = reference, .stamp = stamp };
	remember(receipts, &sent, id);
}

void receipts_doubted(struct receipts *receipts)
{
	char none[NETWORK_ID_MAX];
	const uint64_t now = clock_ms();
	struct sent_part sent = { .reference = -1, .doubt = ++receipts->doubts };
	late_put(receipts->late, sent.doubt, receipts->part, now + LATE_MS);
	remember(receipts, &sent, none);
	receipts->answer_until = now + ANSWER_MS;
}

void receipts_stayed(struct receipts *receipts)
{
	receipts->part = NULL;
}

bool receipts_late(struct receipts *receipts, int reference)
{
	char id[NETWORK_ID_MAX];
	const bool awaited = receipts->answer_until > clock_ms();
	receipts->answer_until = 0;
	if (!awaited || !reports_answered(receipts->reports, receipts->doubts, reference, time(NULL), id))
		return false;
	settle(receipts, receipts->doubts, id);
	return true;
}

struct receipts *receipts_new(struct modem *modem)
{
	struct receipts *receipts = calloc(1, sizeof *receipts);
	if (!receipts)
		abort();
	receipts->modem = modem;
	receipts->reports = reports_new(REPORTS_USUAL);
	receipts->late = late_new(LATE_MAX);
	receipts->timer = event_new(link_base(modem->link), -1, 0, on_timer, receipts);
	if (!receipts->timer)
		abort();
	return receipts;
}

void receipts_free(struct receipts *receipts)
{
	if (!receipts)
		return;
	event_free(receipts->timer);
	late_free(receipts->late);
	reports_free(receipts->reports);
	free(receipts);
}
