/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sim_center.c - what the centre does with a submit.
 *
 * Has it judged (sim_judge.c), and once it is accepted does what chance says:
 * the response now, later or never, the receipt before or after it, the message
 * itself back, the connection cut. Holds the clocks and the files, and reports the counts.
 */
#include "sim_center.h"

#include "sim_account.h"
#include "sim_command.h"
#include "sim_deliver.h"
#include "sim_dialect.h"
#include "sim_inbound.h"
#include "sim_judge.h"
#include "sim_message.h"
#include "sim_outbind.h"
#include "sim_phones.h"
#include "sim_session.h"
#include "sim_ussd.h"

#include "../../drivers/smpp_pdu.h"
#include "../../gateway/log.h"

#include <event2/event.h>

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum {
	REGISTERED_INTERMEDIATE = 0x10,
	TICK_MS = 1, HOUSEKEEPING_MS = 250, INBOUND_MS = 10,
	SEEDS = 1000, SECONDS_OF_SEED = 1000000,
};

static void number_id(const struct center *center, uint64_t nth, bool in_receipt, char out[ID_TEXT_MAX])
{
	const unsigned long long id = center->options->seed * 1000000000ull + nth;
	switch (center->options->id_form) {
	case SIM_ID_HEX_RECEIPT_DECIMAL:
		snprintf(out, ID_TEXT_MAX, in_receipt ? "%llu" : "%llx", id);
		break;
	case SIM_ID_HEX:
		snprintf(out, ID_TEXT_MAX, "%llx", id);
		break;
	case SIM_ID_UPPER:
		snprintf(out, ID_TEXT_MAX, in_receipt ? "%llX" : "%llx", id);
		break;
	case SIM_ID_PADDED:
		snprintf(out, ID_TEXT_MAX, in_receipt ? "%016llu" : "%llu", id);
		break;
	case SIM_ID_UUID: {
		const unsigned long long high = hash_mix(id), low = hash_mix(high ^ id);
		snprintf(out, ID_TEXT_MAX, "%08llx-%04llx-4%03llx-%04llx-%012llx", high >> 32,
		    high >> 16 & 0xffff, high & 0xfff, (low >> 48 & 0x3fff) | 0x8000,
		    low & 0xffffffffffff);
		break;
	}
	case SIM_ID_DECIMAL:
		snprintf(out, ID_TEXT_MAX, "%llu", id);
		break;
	}
}

/* Time stamps are ids where there are no others, so they move on a second for each message,
 * unless they are to be those of a busy centre. A seed sets them apart as it does with numbers. */
void center_id(const struct center *center, const struct taken *taken, bool in_receipt,
    char out[ID_TEXT_MAX])
{
	if (taken->dialect->id)
		taken->dialect->id(taken, center->options->same_second ? taken->at :
		    center->stamp_begin + (int64_t)taken->number, out, ID_TEXT_MAX);
	else
		number_id(center, taken->number, in_receipt, out);
}

void center_item_id(const struct center *center, const struct item *item, bool in_receipt,
    char out[ID_TEXT_MAX])
{
	const struct taken taken = { item->account->dialect, item->number, item->submitted_at,
		item->destination };
	center_id(center, &taken, in_receipt, out);
}

/* The submit that was accepted just now. */
static struct taken taken_now(const struct session *session, const struct smpp_pdu *pdu)
{
	const struct center *center = session->center;
	return (struct taken){ session->dialect, center->counts.accepted, center->unix_now,
		address_kept(&pdu->destination) };
}

void center_later(struct center *center, struct item *item, uint64_t in_ms)
{
	const struct timeval tick = { .tv_usec = TICK_MS * 1000 };
	agenda_put(center->agenda, item, center->now_ms + in_ms);
	if (!event_pending(center->tick, EV_TIMEOUT, NULL))
		event_add(center->tick, &tick);
}

static void post(struct center *center, struct item *item)
{
	const bool receipt = item->kind == ITEM_RECEIPT;
	if (!account_post(center, item->account, item))
		center->counts.receipts_lost += receipt;
}

static void post_in(struct center *center, struct item *item, uint64_t in_ms)
{
	if (in_ms)
		center_later(center, item, in_ms);
	else
		post(center, item);
}

static struct smpp_pdu response_of(const struct session *session, const struct item *response)
{
	struct smpp_pdu pdu = {
		.command = response->command, .sequence = response->sequence,
		.status = response->status,
	};
	const struct taken taken = { session->dialect, response->number, response->submitted_at,
		response->destination };
	if (!pdu.status)
		center_id(session->center, &taken, false, pdu.message_id);
	pdu.dests = (struct smpp_dests){ response->part, (uint16_t)response->octets_len, response->octets };
	return pdu;
}

static void respond(struct session *session, const struct item *response)
{
	const struct smpp_pdu pdu = response_of(session, response);
	session_send(session, &pdu);
}

/* Now or later; takes the octets of a response that has some. */
static void answer_in(struct session *session, const struct item *response, unsigned in_ms)
{
	struct center *center = session->center;
	if (!in_ms) {
		respond(session, response);
		free(response->octets);
		return;
	}
	struct item *item = item_new(center->agenda);
	*item = *response;
	session->delayed++;
	center_later(center, item, in_ms);
}

struct item center_response(const struct session *session, const struct smpp_pdu *pdu, uint32_t status)
{
	return (struct item){
		.kind = ITEM_RESPONSE, .session = session->serial, .sequence = pdu->sequence,
		.command = pdu->command | 0x80000000u, .status = status,
		.number = session->center->counts.accepted,
		.submitted_at = (uint32_t)session->center->unix_now,
		.destination = address_kept(&pdu->destination),
	};
}

bool center_refuse(struct session *session, const struct smpp_pdu *pdu, uint32_t status)
{
	struct center *center = session->center;
	const bool throttled = status == SMPP_RTHROTTLED;
	const struct item response = center_response(session, pdu, status);
	if (!status)
		return false;
	*(throttled ? &center->counts.throttled : &center->counts.refused) += 1;
	answer_in(session, &response, throttled ? 0 :
	    judge_span_ms(center, &center->options->response_delay, ASK_RESPONSE_MS));
	return true;
}

static void record(struct center *center, const struct segment *segment, const struct taken *taken,
    bool is_double)
{
	char id[ID_TEXT_MAX];
	if (center->record) {
		center_id(center, taken, false, id);
		fprintf(center->record, "%s %s %u/%u/%u %016llx\n", id, segment->recipient,
		    segment->reference, segment->part, segment->parts,
		    (unsigned long long)segment_hash(segment));
	}
	if (!center->doubles || !is_double)
		return;
	fprintf(center->doubles, "%s ", segment->recipient);
	for (size_t i = 0; i < segment->len; i++)
		fprintf(center->doubles, isprint(segment->text[i]) && segment->text[i] != '\\' ?
		    "%c" : "\\x%02x", segment->text[i]);
	fputc('\n', center->doubles);
}

static void record_json(struct center *center, const struct smpp_pdu *pdu, const struct taken *taken)
{
	if (!center->record_json)
		return;
	char id[ID_TEXT_MAX];
	center_id(center, taken, false, id);
	json_t *line = message_show(pdu);
	json_object_set_new(line, "message_id", json_string(id));
	json_dumpf(line, center->record_json, JSON_COMPACT);
	json_decref(line);
	fputc('\n', center->record_json);
	fflush(center->record_json);
}

void center_record(struct session *session, const struct smpp_pdu *pdu, const struct segment *segment)
{
	struct center *center = session->center;
	const struct taken taken = taken_now(session, pdu);
	const bool is_double = seen_note(center->seen, segment, &center->counts);
	record(center, segment, &taken, is_double);
	if (center->record_times)
		fprintf(center->record_times, "%lld %s\n", (long long)center->unix_ms,
		    segment->recipient);
}

void center_record_json(struct session *session, const struct smpp_pdu *pdu)
{
	const struct taken taken = taken_now(session, pdu);
	record_json(session->center, pdu, &taken);
}

void center_record_anew(struct center *center, const struct smpp_pdu *pdu, const struct taken *taken)
{
	struct segment segment;
	if (segment_read(pdu, &segment))
		record(center, &segment, taken, false);
	record_json(center, pdu, taken);
}

static void echo(struct center *center, struct account *account, const struct smpp_pdu *pdu)
{
	struct item *item = echo_new(center, account, pdu);
	if (item)
		post(center, item);
	else
		log_warn("account=%s event=no_echo reason=\"too long for a deliver_sm\"",
		    account->name);
}

void center_tell(struct session *session, const struct smpp_pdu *pdu, bool before)
{
	struct center *center = session->center;
	const struct sim_options *options = center->options;
	const unsigned response_ms = judge_span_ms(center, &options->response_delay, ASK_RESPONSE_MS);
	const unsigned receipt_ms = judge_span_ms(center, &options->receipt_delay, ASK_RECEIPT_MS);
	const uint8_t state = judge_state(center, pdu->destination.digits);
	const bool early = options->early_receipts > 0 &&
	    judge_chance(center, ASK_EARLY) < options->early_receipts;
	const uint64_t due_ms = early ? 0 : (uint64_t)response_ms + receipt_ms;
	if (early != before)
		return;
	if (options->receipts && pdu->registered_delivery & REGISTERED_INTERMEDIATE && !early) {
		struct item *notification = receipt_new(center, session->account, pdu);
		notification->state = STATE_ENROUTE;
		post_in(center, notification, response_ms + receipt_ms / 2);
	}
	struct item *receipt = NULL;
	if (judge_wants(center, pdu, state)) {
		receipt = receipt_new(center, session->account, pdu);
		receipt->state = state;
	}
	kept_note(session, pdu, state, due_ms, due_ms ? receipt : NULL);
	if (!receipt)
		return;
	if (!early) {
		post_in(center, receipt, due_ms);
		return;
	}
	const uint64_t sent = center->counts.receipts_sent;
	post(center, receipt);
	center->counts.receipts_early += center->counts.receipts_sent > sent;
}

void center_answer(struct session *session, const struct item *response)
{
	struct center *center = session->center;
	const struct sim_options *options = center->options;
	const unsigned ms = judge_span_ms(center, &options->response_delay, ASK_RESPONSE_MS);
	if (options->drop_responses > 0 && judge_chance(center, ASK_DROP) < options->drop_responses) {
		const struct smpp_pdu pdu = response_of(session, response);
		center->counts.dropped_responses++;
		session_keep(session, &pdu);
		free(response->octets);
	} else if (options->late > 0 && judge_chance(center, ASK_LATE) < options->late) {
		answer_in(session, response, ms + judge_span_ms(center, &options->late_delay, ASK_LATE));
	} else {
		answer_in(session, response, ms);
	}
}

/* An accepted submit: its response and its receipts, in the order that chance gives. */
static void follow(struct session *session, const struct smpp_pdu *pdu)
{
	const struct item response = center_response(session, pdu, SMPP_ROK);
	center_tell(session, pdu, true);
	center_answer(session, &response);
	center_tell(session, pdu, false);
}

void center_submit(struct session *session, const struct smpp_pdu *pdu)
{
	struct center *center = session->center;
	struct sim_counts *counts = &center->counts;
	struct segment segment;
	counts->submits++;
	session->submits++;
	if (center_refuse(session, pdu, judge_submit(session, pdu, &segment)))
		return;
	counts->accepted++;
	center_record(session, pdu, &segment);
	center_record_json(session, pdu);
	follow(session, pdu);
	ussd_submitted(center, session->account, pdu);
	if (center->options->echo)
		echo(center, session->account, pdu);
	center_cut(session);
}

void center_cut(struct session *session)
{
	const struct center *center = session->center;
	const unsigned every = center->options->disconnect_every;
	if (every && center->counts.accepted % every == 0)
		session_cut(session);
}

void center_clock(struct center *center)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	center->now_ms = (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
	clock_gettime(CLOCK_REALTIME, &now);
	center->unix_now = now.tv_sec;
	center->unix_ms = (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void on_tick(evutil_socket_t fd, short what, void *ctx)
{
	(void)fd, (void)what;
	struct center *center = ctx;
	struct item *item;
	center_clock(center);
	while ((item = agenda_take(center->agenda, center->now_ms))) {
		if (item->kind == ITEM_RECEIPT && kept_is_cancelled(center, item)) {
			item_free(center->agenda, item);
			continue;
		}
		if (item->kind != ITEM_RESPONSE) {
			post(center, item);
			continue;
		}
		struct session *session = session_find(center, item->session);
		if (session) {
			session->delayed--;
			respond(session, item);
		}
		item_free(center->agenda, item);
	}
	if (agenda_empty(center->agenda))
		event_del(center->tick);
}

static void on_turn_end(evutil_socket_t fd, short what, void *ctx)
{
	(void)fd, (void)what;
	struct center *center = ctx;
	if (center->record)
		fflush(center->record); /* before the answers: whoever is killed has recorded those */
	sessions_flush(center);
}

static void on_housekeeping(evutil_socket_t fd, short what, void *ctx)
{
	(void)fd, (void)what;
	struct center *center = ctx;
	center_clock(center);
	sessions_check(center);
	if (center->doubles)
		fflush(center->doubles);
}

static void on_disconnect(evutil_socket_t fd, short what, void *ctx)
{
	(void)fd, (void)what;
	center_clock(ctx);
	sessions_cut(ctx);
}

static void on_inbound(evutil_socket_t fd, short what, void *ctx)
{
	(void)fd, (void)what;
	center_clock(ctx);
	inbound_pace(ctx);
}

static void every(struct event *event, double seconds)
{
	const struct timeval period = {
		.tv_sec = (time_t)seconds,
		.tv_usec = (suseconds_t)((seconds - (double)(time_t)seconds) * 1e6),
	};
	event_add(event, &period);
}

static bool file_open(FILE **file, const char *name, const char *mode)
{
	if (!name)
		return true;
	*file = fopen(name, mode);
	if (!*file)
		fprintf(stderr, "smsc-sim: %s: %s\n", name, strerror(errno));
	return *file;
}

struct center *center_new(const struct sim_options *options, struct event_base *base)
{
	struct center *center = calloc(1, sizeof *center);
	if (!center)
		abort();
	center->options = options;
	center->base = base;
	center_clock(center);
	center->inbound_ms = center->now_ms;
	center->stamp_begin = center->unix_now + (options->seed - 1) % SEEDS * SECONDS_OF_SEED;
	center->agenda = agenda_new(center->now_ms);
	center->seen = seen_new();
	center->kept = kept_new();
	center->ussd = ussd_new();
	center->tick = event_new(base, -1, EV_PERSIST, on_tick, center);
	center->turn_end = event_new(base, -1, 0, on_turn_end, center);
	center->housekeeping = event_new(base, -1, EV_PERSIST, on_housekeeping, center);
	center->disconnect = event_new(base, -1, EV_PERSIST, on_disconnect, center);
	center->inbound = event_new(base, -1, EV_PERSIST, on_inbound, center);
	if (!center->tick || !center->turn_end || !center->housekeeping || !center->disconnect ||
	    !center->inbound)
		abort();
	if (!file_open(&center->record, options->record, "a") ||
	    !file_open(&center->record_json, options->record_json, "a") ||
	    !file_open(&center->record_times, options->record_times, "a") ||
	    !file_open(&center->doubles, options->doubles, "w")) {
		center_free(center);
		return NULL;
	}
	const unsigned quarter = options->deliver_timeout_ms / 4 + 1;
	every(center->housekeeping, (quarter < HOUSEKEEPING_MS ? quarter : HOUSEKEEPING_MS) / 1e3);
	if (options->disconnect_seconds > 0)
		every(center->disconnect, options->disconnect_seconds);
	if (options->inbound_rate > 0 || options->inbound_count || options->inject ||
	    options->alerts || options->ussd)
		every(center->inbound, INBOUND_MS / 1e3);
	return center;
}

void center_report(struct center *center)
{
	char json[2048];
	sim_counts_json(&center->counts, json, sizeof json);
	fputs(json, stdout);
	fflush(stdout);
	if (center->record)
		fflush(center->record);
	if (center->record_times)
		fflush(center->record_times);
	if (center->doubles)
		fflush(center->doubles);
	FILE *file = NULL;
	if (!center->options->counts || !file_open(&file, center->options->counts, "w"))
		return;
	fputs(json, file);
	if (fclose(file) != 0)
		fprintf(stderr, "smsc-sim: %s: %s\n", center->options->counts, strerror(errno));
}

void center_free(struct center *center)
{
	outbind_stop(center);
	phones_stop(center);
	sessions_free(center);
	accounts_free(center);
	struct event *events[] = { center->tick, center->turn_end, center->housekeeping,
		center->disconnect, center->inbound };
	for (size_t i = 0; i < sizeof events / sizeof *events; i++)
		event_free(events[i]);
	if (center->record)
		fclose(center->record);
	if (center->record_json)
		fclose(center->record_json);
	if (center->record_times)
		fclose(center->record_times);
	if (center->doubles)
		fclose(center->doubles);
	ussd_free(center->ussd);
	seen_free(center->seen);
	kept_free(center->kept);
	agenda_free(center->agenda);
	free(center);
}
