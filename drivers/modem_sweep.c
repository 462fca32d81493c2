/* SPDX-License-Identifier: Apache-2.0 */
/*
 * modem_sweep.c - what lies in the storages: listed, read, told, and deleted after the commit.
 *
 * A sweep lists every storage (AT+CMGL). What is told at once is bounded; the rest is read one by
 * one (AT+CMGR) when there is room again. A modem without lists is read index by index.
 *
 * What cannot be read is looked at three times, for it may have been the line. Octets that are no
 * message then become a row of their own, so that they are not lost and do not fill the storage; what
 * is not even hex stays where it is, and is not talked of again. Copies of outgoing messages stay, too.
 * A message is looked at once more before it is deleted when another may lie there by now.
 */
#include "modem_receiver.h"

#include "../gateway/clock.h"
#include "modem_text.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SOON_MS = 1000, LOOKS = 3, DELETES = 10 /* sweeps */, FAILURES = 3, INDICES_MAX = 1024, INDICES_USUAL = 50, SHOWN = 48 };

static void begin_job(struct receiver *);

/* What refusals mean. */

enum refusal { REFUSAL_EMPTY, REFUSAL_UNSUPPORTED, REFUSAL_TROUBLE };

static enum refusal refusal_of(const struct at_answer *answer)
{
	static const struct { enum at_result result; int code; enum refusal refusal; } known[] = {
		{ AT_CMS, 321, REFUSAL_EMPTY }, { AT_CMS, 500, REFUSAL_EMPTY }, { AT_CME, 21, REFUSAL_EMPTY },
		{ AT_CME, 22, REFUSAL_EMPTY }, { AT_CMS, 302, REFUSAL_UNSUPPORTED }, { AT_CMS, 303, REFUSAL_UNSUPPORTED },
		{ AT_CMS, 304, REFUSAL_UNSUPPORTED }, { AT_CMS, 305, REFUSAL_UNSUPPORTED },
		{ AT_CME, 3, REFUSAL_UNSUPPORTED }, { AT_CME, 4, REFUSAL_UNSUPPORTED },
		{ AT_CME, 50, REFUSAL_UNSUPPORTED },
	};
	if (answer->result == AT_ERROR)
		return REFUSAL_UNSUPPORTED;
	for (size_t i = 0; i < sizeof known / sizeof *known; i++)
		if (known[i].result == answer->result && known[i].code == answer->code)
			return known[i].refusal;
	return REFUSAL_TROUBLE;
}

/* Oddities. */

static bool same_place(struct place a, struct place b)
{
	return a.storage == b.storage && a.index == b.index;
}

static struct oddity *oddity_at(struct receiver *receiver, struct place place)
{
	for (unsigned i = 0; i < ODDITIES_MAX; i++)
		if (receiver->oddities[i].there && same_place(receiver->oddities[i].place, place))
			return &receiver->oddities[i];
	return NULL;
}

/* The one of that place, or in the place of the first one that is free, or of any. */
static struct oddity *oddity_make(struct receiver *receiver, struct place place)
{
	struct oddity *oddity = oddity_at(receiver, place);
	if (oddity)
		return oddity;
	oddity = &receiver->oddities[(unsigned long)place.index % ODDITIES_MAX];
	for (unsigned i = 0; i < ODDITIES_MAX && oddity->there; i++)
		if (!receiver->oddities[i].there)
			oddity = &receiver->oddities[i];
	*oddity = (struct oddity){ .place = place, .there = true };
	return oddity;
}

/* Is it to be told as it is, as octets? Else it is looked at again, or left alone. */
static bool is_worth(struct receiver *receiver, struct place place, const struct delivery *delivery)
{
	struct oddity *oddity = oddity_make(receiver, place);
	receiver->copies++;
	if (oddity->tries++ < LOOKS - 1) {
		receiver->soon = true;
		return false;
	}
	if (oddity->tries == LOOKS)
		link_warn(receiver->modem->link, "event=unreadable storage=%s index=%ld octets=%zu reason=\"%s\" then=\"%s\"",
		    receiver->storages[place.storage].name, place.index, delivery->noctets, delivery->why,
		    delivery->noctets ? "a row of octets" : "left there");
	return delivery->noctets > 0;
}

/* With its digits masked, and no more of it than shows where it goes wrong. */
static void show_noise(const struct receiver *receiver, const char *body)
{
	char shown[SHOWN + 1];
	size_t n = 0;
	for (; body[n] && n < SHOWN; n++)
		shown[n] = isxdigit((unsigned char)body[n]) ? 'x' : isprint((unsigned char)body[n]) ? body[n] : '?';
	shown[n] = '\0';
	link_debug(receiver->modem->link, "event=noise line=\"%s\"", shown);
}

/* Messages. */

static struct ticket *ticket_at(struct receiver *receiver, struct place place)
{
	for (unsigned i = 0; i < TICKETS_MAX; i++) {
		struct ticket *ticket = &receiver->tickets[i];
		if (ticket->state != TICKET_FREE && !ticket->direct && same_place(ticket->place, place))
			return ticket;
	}
	return NULL;
}

/* False: nobody could make anything of it, not even octets. */
static bool read_entry(struct receiver *receiver, struct delivery *delivery, const struct listed *listed,
    const char *prefix)
{
	const struct modem *modem = receiver->modem;
	struct tpdu tpdu;
	if (!modem->text_mode)
		return delivery_read(delivery, modem, listed->body, listed->length);
	const struct text_entry entry = { .head = listed->head, .body = listed->body,
		.source = strcmp(prefix, "+CMGL:") == 0 ? TEXT_LIST : TEXT_READ, .hex_strings = modem->ucs2_strings };
	*delivery = (struct delivery){ .readable = false };
	if (!text_read(&tpdu, &entry, delivery->why, sizeof delivery->why))
		return false;
	delivery_of(delivery, modem, &tpdu);
	return true;
}

/* One that is committed, and is still there: deleted once more, now and then. */
static bool is_committed(struct receiver *receiver, struct place place, const struct delivery *delivery)
{
	struct oddity *oddity = oddity_at(receiver, place);
	if (!oddity || !oddity->committed || memcmp(oddity->content, delivery->content, CONTENT_MAX) != 0)
		return false;
	receiver->copies++;
	struct ticket *ticket = oddity->tries++ % DELETES == 0 ? receiver_ticket_new(receiver, delivery, false) : NULL;
	if (ticket) {
		ticket->state = TICKET_KEPT;
		ticket->place = place;
	}
	return true;
}

/* One that needs nothing more: it is on its way, or was committed. */
static bool is_known(struct receiver *receiver, struct place place, const struct delivery *delivery)
{
	struct ticket *there = ticket_at(receiver, place);
	if (there && memcmp(there->content, delivery->content, CONTENT_MAX) == 0)
		return true;
	if (there)
		there->verify = true;       /* its place was taken by another */
	return is_committed(receiver, place, delivery);
}

static void tell(struct receiver *receiver, struct place place, struct delivery *delivery)
{
	struct ticket *ticket = receiver_ticket_new(receiver, delivery, false);
	if (!ticket) {
		sweep_read(receiver, place);
		return;
	}
	ticket->place = place;
	if (!receiver_tell(receiver, ticket, delivery)) {
		oddity_make(receiver, place)->tries = LOOKS;
		receiver_ticket_end(receiver, ticket);
	}
}

/* Something that a storage has. */
static void see(struct receiver *receiver, struct place place, const struct listed *listed, const char *prefix)
{
	struct delivery delivery;
	if (listed->state == LISTED_UNSENT || listed->state == LISTED_SENT) {
		receiver->copies++;
		return;
	}
	if (!receiver->modem->text_mode && lists_is_void(listed->body))
		return;
	const bool sense = read_entry(receiver, &delivery, listed, prefix);
	if (!sense)
		show_noise(receiver, listed->body);
	if (is_known(receiver, place, &delivery))
		return;
	if (!delivery.readable && !is_worth(receiver, place, &delivery))
		return;
	if (delivery.readable && delivery.tpdu.type == TPDU_SUBMIT_REPORT) {
		receiver->copies++;         /* a SUBMIT, which has the same bits the other way */
		return;
	}
	struct oddity *oddity = oddity_at(receiver, place);
	if (oddity && !oddity->committed && delivery.readable)
		oddity->there = false;
	tell(receiver, place, &delivery);
}

/* Jobs. */

static struct storage *storage_of_job(struct receiver *receiver)
{
	return &receiver->storages[receiver->job.place.storage];
}

static bool is_of_reports(const struct receiver *receiver, unsigned storage)
{
	return strcmp(receiver->storages[storage].name, "SR") == 0;
}

/* It is committed, and stays: not told again, and tried again at sweeps. */
static void leave(struct receiver *receiver, struct ticket *ticket, const char *why)
{
	if (ticket->outgoing) {
		link_info(receiver->modem->link, "event=stored_copy_stays index=%ld reason=\"%s\"", ticket->place.index, why);
		receiver_ticket_end(receiver, ticket);
		return;
	}
	struct oddity *oddity = oddity_make(receiver, ticket->place);
	if (!oddity->committed || memcmp(oddity->content, ticket->content, CONTENT_MAX) != 0) {
		link_warn(receiver->modem->link, "event=not_deleted storage=%s index=%ld reason=\"%s\" retry=sweep",
		    receiver->storages[ticket->place.storage].name, ticket->place.index, why);
		*oddity = (struct oddity){ .place = ticket->place, .there = true, .committed = true };
		memcpy(oddity->content, ticket->content, CONTENT_MAX);
	}
	receiver_ticket_end(receiver, ticket);
}

static void fail_list(struct receiver *receiver, const struct at_answer *answer)
{
	struct storage *storage = storage_of_job(receiver);
	const unsigned index = receiver->job.place.storage;
	if (is_of_reports(receiver, index))
		routing_stored_report(receiver, false);
	if (storage->failures++ == 0)
		link_warn(receiver->modem->link, "event=storage_unread storage=%s reason=\"%s\" retry=sweep",
		    storage->name, answer->text);
	unsigned swept = 0;
	for (unsigned i = 0; i < receiver->nstorages; i++)
		swept += receiver->storages[i].swept;
	if (storage->failures < FAILURES || refusal_of(answer) == REFUSAL_TROUBLE || swept < 2)
		return;
	storage->swept = false;             /* there is no such storage, whatever was said of it */
	link_info(receiver->modem->link, "event=storage_dropped storage=%s", storage->name);
}

static void fail_job(struct receiver *receiver, const struct at_answer *answer)
{
	switch (receiver->job.kind) {
	case JOB_LIST:
	case JOB_INDICES:
		fail_list(receiver, answer);
		break;
	case JOB_READ:
		receiver->soon = receiver->soon || !receiver->job.in_turn; /* it may not be there yet, or elsewhere */
		if (is_of_reports(receiver, receiver->job.place.storage))
			routing_stored_report(receiver, false);
		break;
	case JOB_VERIFY:
	case JOB_DELETE:
		leave(receiver, receiver->job.ticket, answer->text);
		break;
	}
}

/* Lists. */

static void warn_full(struct receiver *receiver, struct storage *storage)
{
	const bool full = storage->total > 0 && storage->used >= storage->total &&
	    (long)receiver->copies >= storage->used;
	if (full && !storage->full_said)
		link_warn(receiver->modem->link, "event=storage_full storage=%s of=%ld reason=\"copies of outgoing messages, or "
		    "what cannot be read; nothing can come in\" remedy=\"delete them\"", storage->name, storage->total);
	storage->full_said = full;
}

static void on_listed(struct receiver *receiver, const struct at_answer *answer)
{
	struct storage *storage = storage_of_job(receiver);
	struct listing listing = { .lines = { answer->lines, answer->nlines }, .prefix = "+CMGL:",
		.text_mode = receiver->modem->text_mode };
	struct listed listed;
	/* Also of a list that ends with an error: what is there is there. */
	while (lists_next(&listing, &listed))
		if (listed.index >= 0) {
			if (is_of_reports(receiver, receiver->job.place.storage))
				routing_stored_report(receiver, true);
			see(receiver, (struct place){ receiver->job.place.storage, listed.index }, &listed, "+CMGL:");
		}
	if (answer->result == AT_OK) {
		storage->failures = 0;
		warn_full(receiver, storage);
		return;
	}
	const enum refusal refusal = refusal_of(answer);
	if (refusal == REFUSAL_EMPTY && (storage->used <= 0 || receiver->modem->profile->slow_count))
		return;
	if (refusal == REFUSAL_TROUBLE) {
		fail_job(receiver, answer);
		return;
	}
	if (receiver->modem->text_mode && receiver->modem->ucs2_strings && !receiver->list_hex)
		receiver->list_hex = true;
	else
		storage->by_index = true;
	begin_job(receiver);
}

static void on_indices(struct receiver *receiver, const struct at_answer *answer)
{
	const struct storage *storage = storage_of_job(receiver);
	const struct lines lines = { answer->lines, answer->nlines };
	if (answer->result == AT_CLOSED || answer->result == AT_SILENT) {
		fail_job(receiver, answer);
		return;
	}
	receiver->span = 0;
	receiver->nspans = answer->result == AT_OK ? lists_indices(receiver->spans, lines) : 0;
	if (receiver->nspans == 0 && (answer->result != AT_OK || answer->nlines == 0)) {
		receiver->spans[0] = (struct span){ 0, storage->total > 0 ? storage->total : INDICES_USUAL };
		receiver->nspans = 1;
	}
	long left = INDICES_MAX;
	for (size_t i = 0; i < receiver->nspans; i++) {
		struct span *span = &receiver->spans[i];
		if (span->to - span->from >= left)
			span->to = span->from + left - 1;
		left -= span->to - span->from + 1;
	}
	receiver->next_index = receiver->nspans ? receiver->spans[0].from : 0;
}

/* One. */

static bool entry_of(const struct receiver *receiver, const struct at_answer *answer, struct listed *listed)
{
	struct listing listing = { .lines = { answer->lines, answer->nlines }, .prefix = "+CMGR:",
		.text_mode = receiver->modem->text_mode };
	return answer->result == AT_OK && lists_next(&listing, listed) &&
	    (receiver->modem->text_mode || !lists_is_void(listed->body));
}

static void on_read(struct receiver *receiver, const struct at_answer *answer)
{
	struct listed listed;
	if (!entry_of(receiver, answer, &listed)) {
		fail_job(receiver, answer);
		return;
	}
	if (is_of_reports(receiver, receiver->job.place.storage))
		routing_stored_report(receiver, true);
	see(receiver, receiver->job.place, &listed, "+CMGR:");
}

static void on_deleted(struct receiver *receiver, const struct at_answer *answer)
{
	struct ticket *ticket = receiver->job.ticket;
	if (answer->result == AT_OK || refusal_of(answer) == REFUSAL_EMPTY) {
		receiver_ticket_end(receiver, ticket);
		return;
	}
	if (refusal_of(answer) == REFUSAL_UNSUPPORTED && !ticket->plain) {
		ticket->plain = true;
		begin_job(receiver);
		return;
	}
	fail_job(receiver, answer);
}

/* Is what lies there what is to be deleted? */
static bool is_the_one(struct receiver *receiver, const struct ticket *ticket, const struct listed *listed)
{
	struct delivery delivery;
	if (ticket->outgoing)
		return listed->state == LISTED_UNSENT || listed->state == LISTED_SENT;
	return read_entry(receiver, &delivery, listed, "+CMGR:") &&
	    memcmp(delivery.content, ticket->content, CONTENT_MAX) == 0;
}

static void on_verified(struct receiver *receiver, const struct at_answer *answer)
{
	struct ticket *ticket = receiver->job.ticket;
	struct listed listed;
	if (answer->result != AT_OK && refusal_of(answer) == REFUSAL_TROUBLE) {
		fail_job(receiver, answer);
		return;
	}
	if (!entry_of(receiver, answer, &listed)) {
		receiver_ticket_end(receiver, ticket);
		return;
	}
	if (!is_the_one(receiver, ticket, &listed)) {
		link_info(receiver->modem->link, "event=place_taken storage=%s index=%ld",
		    storage_of_job(receiver)->name, ticket->place.index);
		receiver_ticket_end(receiver, ticket);
		sweep_begin(receiver);
		return;
	}
	ticket->verify = false;
	receiver->job.kind = JOB_DELETE;
	begin_job(receiver);
}

/* Beginning. */

static void perform(struct receiver *receiver)
{
	static const char *const all_hex = "AT+CMGL=\"0041004C004C\"";
	char line[AT_LINE_MAX];
	const long index = receiver->job.place.index;
	const struct ticket *ticket = receiver->job.ticket;
	const bool text = receiver->modem->text_mode;
	switch (receiver->job.kind) {
	case JOB_LIST:
		if (storage_of_job(receiver)->by_index) {
			receiver->job.kind = JOB_INDICES;
			receiver_ask(receiver, "AT+CMGD=?", "+CMGD:", SET_TIMEOUT_MS, on_indices);
		} else {
			receiver_ask(receiver, !text ? "AT+CMGL=4" : receiver->list_hex ? all_hex : "AT+CMGL=\"ALL\"", "+CMGL:",
			    LIST_TIMEOUT_MS, on_listed);
		}
		break;
	case JOB_INDICES:
		break;
	case JOB_READ:
	case JOB_VERIFY:
		snprintf(line, sizeof line, "AT+CMGR=%ld", index);
		receiver_ask(receiver, line, "+CMGR:", QUICK_TIMEOUT_MS, receiver->job.kind == JOB_READ ? on_read : on_verified);
		break;
	case JOB_DELETE:
		snprintf(line, sizeof line, "AT+CMGD=%ld%s", index, ticket->plain ? ",0" : "");
		receiver_ask(receiver, line, NULL, QUICK_TIMEOUT_MS, on_deleted);
		break;
	}
}

static void on_selected(struct receiver *receiver, const struct at_answer *answer)
{
	const unsigned storage = receiver->job.place.storage;
	if (answer->result == AT_OK) {
		receiver->selected = storage;
		storages_count(receiver, storage, answer);
		perform(receiver);
		return;
	}
	/* A modem that sets all three or none. */
	const bool refused = refusal_of(answer) != REFUSAL_TROUBLE;
	if (refused && !receiver->job.reselected && *receiver->receive_to) {
		receiver->job.reselected = true;
		receiver->select_whole = !receiver->select_whole;
		storages_select(receiver, storage, on_selected);
		return;
	}
	if (receiver->job.reselected)
		receiver->select_whole = !receiver->select_whole; /* neither: it is the storage */
	fail_job(receiver, answer);
}

static void begin_job(struct receiver *receiver)
{
	const unsigned storage = receiver->job.place.storage;
	const bool afresh = receiver->job.kind == JOB_LIST && !storage_of_job(receiver)->by_index;
	if (*receiver->storages[storage].name && (receiver->selected != storage || afresh))
		storages_select(receiver, storage, on_selected);
	else
		perform(receiver);
}

static bool next_deletion(struct receiver *receiver)
{
	for (unsigned i = 0; i < TICKETS_MAX; i++) {
		struct ticket *ticket = &receiver->tickets[i];
		if (ticket->state != TICKET_KEPT || ticket->direct)
			continue;
		receiver->job.kind = ticket->verify ? JOB_VERIFY : JOB_DELETE;
		receiver->job.place = ticket->place;
		receiver->job.ticket = ticket;
		begin_job(receiver);
		return true;
	}
	return false;
}

static bool next_read(struct receiver *receiver)
{
	receiver->job.kind = JOB_READ;
	receiver->job.in_turn = receiver->nreads == 0;
	if (receiver->nreads) {
		receiver->job.place = receiver->reads[receiver->first_read];
		receiver->first_read = (receiver->first_read + 1) % READS_MAX;
		receiver->nreads--;
		begin_job(receiver);
		return true;
	}
	if (receiver->span == receiver->nspans)
		return false;
	receiver->job.place = (struct place){ receiver->cursor - 1, receiver->next_index };
	if (receiver->next_index++ == receiver->spans[receiver->span].to && ++receiver->span < receiver->nspans)
		receiver->next_index = receiver->spans[receiver->span].from;
	begin_job(receiver);
	return true;
}

static bool next_list(struct receiver *receiver)
{
	while (receiver->cursor < receiver->nstorages) {
		const unsigned storage = receiver->cursor++;
		if (!receiver->storages[storage].swept)
			continue;
		receiver->copies = 0;
		receiver->job.kind = JOB_LIST;
		receiver->job.place = (struct place){ storage, 0 };
		begin_job(receiver);
		return true;
	}
	const long every = receiver->modem->options->sweep;
	if (receiver->cursor != NO_STORAGE && every > 0) {
		clock_ring(receiver->timer, receiver->soon && every > SOON_MS ? SOON_MS : (uint64_t)every);
		receiver->soon = false;
	}
	receiver->cursor = NO_STORAGE;
	return false;
}

bool sweep_next(struct receiver *receiver)
{
	receiver->job.reselected = false;
	if (next_deletion(receiver))
		return true;
	if (receiver_count(receiver, false) >= STORED_MAX)
		return false;               /* until some are answered */
	if (next_read(receiver) || next_list(receiver))
		return true;
	if (!receiver->sweep_wanted)
		return false;
	if (receiver->unset) {              /* clears it, or tries again later */
		storages_choose(receiver);
		return true;
	}
	receiver->sweep_wanted = false;
	receiver->cursor = 0;
	return next_list(receiver);
}

void sweep_read(struct receiver *receiver, struct place place)
{
	for (unsigned i = 0; i < receiver->nreads; i++)
		if (same_place(receiver->reads[(receiver->first_read + i) % READS_MAX], place))
			return;
	if (receiver->nreads == READS_MAX) {
		receiver->soon = true;      /* the rest is found by the next sweep */
		return;
	}
	receiver->reads[(receiver->first_read + receiver->nreads++) % READS_MAX] = place;
}

void receiver_delete_sent(struct receiver *receiver, long index)
{
	const bool unnamed = receiver->selected < receiver->nstorages && !*receiver->storages[receiver->selected].name;
	const unsigned storage = unnamed ? receiver->selected : storages_named(receiver, receiver->write_to);
	struct ticket *ticket = receiver->tickets;
	while (ticket < receiver->tickets + TICKETS_MAX && ticket->state != TICKET_FREE)
		ticket++;
	if (storage == NO_STORAGE || ticket == receiver->tickets + TICKETS_MAX)
		return;
	*ticket = (struct ticket){ .state = TICKET_KEPT, .verify = true, .outgoing = true, .place = { storage, index } };
	receiver_next(receiver);
}

void sweep_begin(struct receiver *receiver)
{
	if (receiver->modem->options->receive == RECEIVE_OFF)
		return;
	receiver->sweep_wanted = true;
	receiver_next(receiver);
}

void sweep_reset(struct receiver *receiver)
{
	receiver->nreads = receiver->first_read = 0;
	receiver->nspans = receiver->span = 0;
	receiver->cursor = NO_STORAGE;
	receiver->selected = NO_STORAGE;
}
