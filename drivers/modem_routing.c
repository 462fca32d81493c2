/* SPDX-License-Identifier: Apache-2.0 */
/*
 * modem_routing.c - how a modem tells of what comes in: AT+CNMI, and AT+CSMS, by which the network
 * learns from us that it came.
 *
 * What modems say that they can and what they take are two things. So a list is tried, most
 * wanted first; what they say only puts first what they name. Where nothing is taken, the sweep
 * finds messages all the same, later.
 *
 * A report that comes directly without an acknowledgement of ours is gone when nobody listens, or
 * when the gateway ends before it is stored. So a modem that has a storage for them is to use it.
 */
#include "modem_receiver.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { UNREADABLE_TIMES = 2 };

enum { MODE, MESSAGES, BROADCASTS, REPORTS, BUFFER };    /* places of AT+CNMI=mode,mt,bm,ds,bfr */

static const char *const stored[] = { "2,1,0,1,0", "2,1,0,2,0", "1,1,0,1,0", "1,1,0,2,0", "2,1,0,0,0", "1,1,0,0,0",
	"2,1", NULL };
static const char *const reports_stored[] = { "2,1,0,2,0", "1,1,0,2,0", NULL };
static const char *const directly[] = { "2,2,0,1,0", "1,2,0,1,0", "2,2,0,2,0", "2,2,0,0,0", "1,2,0,0,0", "2,2", NULL };
static const char *const reports_only[] = { "2,0,0,1,0", "1,0,0,1,0", "2,0,0,0,0", "2,0", NULL };

/* The value in that place, -1: none stands there. */
static int value_at(const char *routing, unsigned place)
{
	for (; place; place--) {
		routing = strchr(routing, ',');
		if (!routing)
			return -1;
		routing++;
	}
	return (int)strtol(routing, NULL, 10);
}

static bool is_direct(const struct receiver *receiver)
{
	const int asked = receiver->modem->options->receive;
	return receiver->modem->acknowledges &&
	    (asked == RECEIVE_DIRECT || (asked == RECEIVE_STORAGE && receiver->only_direct));
}

/* Phase 2+. */

static void on_left(struct receiver *receiver, const struct at_answer *answer)
{
	receiver->modem->acknowledges = answer->result != AT_OK;
}

/* +CSMS: 1,1,1,1 */
static void on_service(struct receiver *receiver, const struct at_answer *answer)
{
	for (size_t i = 0; i < answer->nlines; i++)
		if (strncasecmp(answer->lines[i], "+CSMS:", 6) == 0 && strtol(answer->lines[i] + 6, NULL, 10) == 1) {
			receiver_ask(receiver, "AT+CSMS=0", "+CSMS:", QUICK_TIMEOUT_MS, on_left);
			return;
		}
	receiver->modem->acknowledges = false;
}

static void on_joined(struct receiver *receiver, const struct at_answer *answer)
{
	receiver->modem->acknowledges = answer->result == AT_OK;
	if (answer->result != AT_OK)
		link_warn(receiver->modem->link, "event=no_acknowledgement reason=\"AT+CSMS=1: %s; a message that comes "
		    "directly would be lost if the gateway ended before it is stored, so receive = storage is used\"",
		    answer->text);
}

void routing_service(struct receiver *receiver)
{
	receiver->no_stored_reports = receiver->modem->profile->reports_direct;
	receiver->stored_report_read = false;
	receiver->acknowledgement = 0;
	if (receiver->modem->options->receive == RECEIVE_DIRECT)
		receiver_ask(receiver, "AT+CSMS=1", "+CSMS:", QUICK_TIMEOUT_MS, on_joined);
	else
		receiver_ask(receiver, "AT+CSMS?", "+CSMS:", QUICK_TIMEOUT_MS, on_service);
}

/* Routing. */

static bool names(const struct receiver *receiver, unsigned place, unsigned value)
{
	return receiver->routings.values[place] >> value & 1;
}

static void on_learned(struct receiver *receiver, const struct at_answer *answer)
{
	struct lines lines = { answer->lines, answer->nlines };
	if (answer->result != AT_OK)
		lines.n = 0;
	receiver->routings = lists_routings(lines);
	/* One that never tells of what it stores, as Nordic's. */
	receiver->only_direct = !names(receiver, MESSAGES, 1) && !names(receiver, MESSAGES, 3) &&
	    names(receiver, MESSAGES, 2);
	if (receiver->only_direct && receiver->modem->options->receive == RECEIVE_STORAGE &&
	    !receiver->modem->acknowledges)
		receiver_ask(receiver, "AT+CSMS=1", "+CSMS:", QUICK_TIMEOUT_MS, on_joined);
}

void routing_learn(struct receiver *receiver)
{
	receiver_ask(receiver, "AT+CNMI=?", "+CNMI:", SET_TIMEOUT_MS, on_learned);
}

/* Nothing that is not wanted, or would be stored where it cannot be read. */
static bool fits(const struct receiver *receiver, const char *routing)
{
	const int reports = value_at(routing, REPORTS);
	return (reports <= 0 || receiver->modem->options->reports) && (reports != 2 || !receiver->no_stored_reports);
}

/* With the mode and the buffer that the modem has, when it has one alone. */
static void adapt(const struct receiver *receiver, char routing[ROUTING_MAX])
{
	enum { BUFFER_AT = 8, WHOLE = 9 };
	const bool other_mode = !names(receiver, MODE, 0) && !names(receiver, MODE, 1) && !names(receiver, MODE, 2);
	if (other_mode && names(receiver, MODE, 3))
		routing[0] = '3';
	if (strlen(routing) == WHOLE && !names(receiver, BUFFER, 0) && names(receiver, BUFFER, 1))
		routing[BUFFER_AT] = '1';
}

static void add(struct receiver *receiver, const char *const *list, bool named, int messages)
{
	for (; list && *list && receiver->ncandidates < CANDIDATES_MAX; list++) {
		char *routing = receiver->candidates[receiver->ncandidates];
		snprintf(routing, ROUTING_MAX, "%s", strncasecmp(*list, "AT+CNMI=", 8) == 0 ? *list + 8 : *list);
		if (named)
			adapt(receiver, routing);
		bool known = (messages >= 0 && value_at(routing, MESSAGES) != messages) || !fits(receiver, routing) ||
		    lists_routes(&receiver->routings, routing) != named;
		for (unsigned i = 0; i < receiver->ncandidates; i++)
			known = known || strcmp(receiver->candidates[i], routing) == 0;
		receiver->ncandidates += !known;
	}
}

/* In a storage of their own, which can be read as far as is known. */
static bool keeps_reports(const struct receiver *receiver)
{
	for (unsigned i = 0; i < receiver->nstorages; i++)
		if (receiver->storages[i].swept && strcmp(receiver->storages[i].name, "SR") == 0)
			return true;
	return false;
}

/* First what the modem names, then what it does not. */
static void gather(struct receiver *receiver)
{
	const struct modem *modem = receiver->modem;
	receiver->ncandidates = receiver->candidate = 0;
	for (int named = 1; named >= 0; named--) {
		if (modem->options->receive == RECEIVE_OFF) {
			add(receiver, reports_only, named, -1);
			continue;
		}
		if (is_direct(receiver)) {
			add(receiver, modem->profile->routing, named, 2);
			add(receiver, directly, named, -1);
		}
		add(receiver, modem->profile->routing, named, 1);
		if (named && keeps_reports(receiver))
			add(receiver, reports_stored, named, -1);
		add(receiver, stored, named, -1);
	}
}

static void on_routed(struct receiver *, const struct at_answer *);

static void try_next(struct receiver *receiver)
{
	char line[AT_LINE_MAX];
	if (receiver->candidate < receiver->ncandidates) {
		snprintf(line, sizeof line, "AT+CNMI=%s", receiver->candidates[receiver->candidate]);
		receiver_ask(receiver, line, "+CNMI:", SET_TIMEOUT_MS, on_routed);
		return;
	}
	receiver->routing[0] = '\0';
	if (!receiver->polling_said)
		link_warn(receiver->modem->link, "event=no_routing reason=\"AT+CNMI is refused in every form\" "
		    "sweep=%lds", receiver->modem->options->sweep / 1000);
	receiver->polling_said = true;
}

static void on_routed(struct receiver *receiver, const struct at_answer *answer)
{
	const char *routing = receiver->candidates[receiver->candidate];
	if (answer->result != AT_OK) {
		receiver->candidate++;
		try_next(receiver);
		return;
	}
	receiver->polling_said = false;
	if (strcmp(receiver->routing, routing) == 0)
		return;
	snprintf(receiver->routing, sizeof receiver->routing, "%s", routing);
	link_info(receiver->modem->link, "event=routing cnmi=%s", routing);
	if (is_direct(receiver) && value_at(routing, MESSAGES) != 2)
		link_warn(receiver->modem->link, "event=not_direct reason=\"the modem refuses to give messages directly; "
		    "they are read from its storages\"");
}

void routing_choose(struct receiver *receiver)
{
	receiver->route_wanted = false;
	gather(receiver);
	try_next(receiver);
}

static void on_asserted(struct receiver *receiver, const struct at_answer *answer)
{
	if (answer->result != AT_OK && answer->result != AT_SILENT)
		routing_choose(receiver);
}

void routing_assert(struct receiver *receiver)
{
	char line[AT_LINE_MAX];
	receiver->route_wanted = false;
	if (!*receiver->routing || !fits(receiver, receiver->routing)) {
		routing_choose(receiver);
		return;
	}
	snprintf(line, sizeof line, "AT+CNMI=%s", receiver->routing);
	receiver_ask(receiver, line, "+CNMI:", SET_TIMEOUT_MS, on_asserted);
}

void routing_stored_report(struct receiver *receiver, bool readable)
{
	if (readable)
		receiver->stored_report_read = true;
	/* A place that was told of may be empty: a sweep was there before. */
	if (receiver->stored_report_read || ++receiver->reports_missed < UNREADABLE_TIMES ||
	    receiver->no_stored_reports)
		return;
	receiver->no_stored_reports = true;
	link_warn(receiver->modem->link, "event=reports_unreadable reason=\"the modem stores status reports where it "
	    "cannot read them; it is asked for them directly\"");
	receiver->route_wanted = true;
}
