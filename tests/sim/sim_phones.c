/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sim_phones.c - modems as clients of the centre.
 *
 * What a modem's host submits is judged, counted and recorded as any other submit, as a struct
 * smpp_pdu made of the SUBMIT; what is inbound becomes a DELIVER. A modem keeps what is not
 * delivered by itself, so nothing of it is in accounts. Scripts go to all of them, or to the one
 * that a line names, and more lines can be written into a pipe while they run.
 */
#include "sim_phones.h"

#include "sim_center.h"
#include "sim_judge.h"
#include "sim_message.h"
#include "sim_modem.h"
#include "sim_status.h"

#include "../../sms/tpdu.h"

#include <event2/buffer.h>
#include <event2/event.h>

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PATH_ROOM = 512, LINE_MAX_OCTETS = 4096, REGISTERED_ALL = 1, ESM_UDHI = 0x40,
	CMS_TEMPORARY = 41, CMS_CONGESTION = 42, CMS_UNASSIGNED = 1, CMS_UNKNOWN = 500 };

struct phone { struct center *center; struct sim_modem *modem; char path[PATH_ROOM], name[24]; };

struct phones {
	struct phone *at;
	size_t n, next;                 /* next: whose turn an inbound message is */
	struct event *control;
	int fd;                         /* of --modem-control, -1: none */
	struct evbuffer *lines;
};

static const struct sim_options *options_of(const struct phone *phone)
{
	return phone->center->options;
}

size_t phones_count(const struct center *center)
{
	return center->phones ? center->phones->n : 0;
}

void phones_say(const struct center *center)
{
	const struct sim_list *paths = &center->options->modems;
	for (size_t i = 0; i < paths->n; i++)
		printf(" modem=%s", paths->at[i]);
}

/* The SUBMIT as SMPP has it; borrows from `text`. */
static struct smpp_pdu submit_of(const struct tpdu *tpdu, uint8_t text[TPDU_DATA_MAX + TPDU_TEXT_MAX])
{
	const struct tpdu_data *data = &tpdu->data;
	struct smpp_pdu pdu = {
		.command = SMPP_SUBMIT_SM, .protocol_id = tpdu->protocol_id, .data_coding = tpdu->data_coding,
		.registered_delivery = tpdu->report ? REGISTERED_ALL : 0,
		.esm_class = data->header_len ? ESM_UDHI : 0,
		.destination = { .ton = tpdu->address.ton, .npi = tpdu->address.npi },
	};
	snprintf(pdu.destination.digits, sizeof pdu.destination.digits, "%.20s", tpdu->address.text);
	memcpy(text, data->header, data->header_len);
	memcpy(text + data->header_len, data->text, data->text_len);
	pdu.short_message = text;
	pdu.sm_length = (uint8_t)(data->header_len + data->text_len);
	return pdu;
}

static void record_json(const struct center *center, const struct smpp_pdu *pdu, const char *id, const char *hex)
{
	if (!center->record_json)
		return;
	json_t *line = message_show(pdu);
	json_object_set_new(line, "message_id", json_string(id));
	json_object_set_new(line, "tpdu", json_string(hex));
	json_dumpf(line, center->record_json, JSON_COMPACT);
	json_decref(line);
	fputc('\n', center->record_json);
	fflush(center->record_json);
}

__attribute__((format(printf, 2, 3)))
static void record(const struct center *center, const char *format, ...)
{
	va_list args;
	if (!center->record)
		return;
	va_start(args, format);
	vfprintf(center->record, format, args);
	va_end(args);
	fflush(center->record);
}

static void taken(struct center *center, const struct sim_modem_event *event)
{
	uint8_t text[TPDU_DATA_MAX + TPDU_TEXT_MAX];
	struct segment segment;
	const struct smpp_pdu pdu = submit_of(event->tpdu, text);
	center->counts.accepted++;
	if (!segment_read(&pdu, &segment)) {
		center->counts.malformed++;
		return;
	}
	const bool again = seen_note(center->seen, &segment, &center->counts);
	record(center, "%s %s %u/%u/%u %016llx\n", event->id, segment.recipient, segment.reference, segment.part,
	    segment.parts, (unsigned long long)segment_hash(&segment));
	if (center->record_times) {
		fprintf(center->record_times, "%lld %s\n", (long long)center->unix_ms, segment.recipient);
		fflush(center->record_times);
	}
	if (center->doubles && again)
		fprintf(center->doubles, "%s %.*s\n", segment.recipient, (int)segment.len, (const char *)segment.text);
	record_json(center, &pdu, event->id, event->text);
}

/* The host has it, as far as the network knows. */
static void settled(struct center *center, const char *how, const char *id)
{
	const bool receipt = strncmp(id, "receipt", 7) == 0;
	*(receipt ? &center->counts.receipts_acked : &center->counts.inbound_acked) += 1;
	record(center, "%s %s\n", how, id);
}

static void told(struct center *center, const struct sim_modem_event *event)
{
	const bool receipt = strncmp(event->id, "receipt ", 8) == 0;
	if (event->again)
		center->counts.redelivered++;
	else
		*(receipt ? &center->counts.receipts_sent : &center->counts.inbound_sent) += 1;
	if (receipt && !event->again)
		record(center, "%s %s\n", event->id + 8, tpdu_status((uint8_t)event->status).word);
	if (event->over)
		settled(center, "told", event->id);
}

static void on_event(void *ctx, const struct sim_modem_event *event)
{
	const struct phone *phone = ctx;
	struct center *center = phone->center;
	struct sim_counts *counts = &center->counts;
	center_clock(center);
	switch (event->what) {
	case MODEM_TAKEN: taken(center, event); return;
	case MODEM_REFUSED: counts->refused++; return;
	case MODEM_TOLD: told(center, event); return;
	case MODEM_ACKED: settled(center, "acked", event->id); return;
	case MODEM_UNREAD: counts->unread++; record(center, "unread %s\n", event->id); return;
	case MODEM_LOST: counts->receipts_lost++; return;
	case MODEM_NACKED: counts->deliveries_refused++; return;
	case MODEM_FULL: counts->storage_full++; return;
	case MODEM_USSD: counts->ussd_turns++; record(center, "ussd %s %s\n", phone->name, event->text); return;
	case MODEM_PIN: counts->pins++; return;
	case MODEM_ESCAPE: counts->escapes++; return;
	case MODEM_STATE:
		counts->disconnects += strcmp(event->text, "unplugged") == 0;
		counts->binds += strcmp(event->text, "opened") == 0;
		return;
	case MODEM_COMMAND:
	case MODEM_PDU:
	case MODEM_READ: return;
	}
}

/* The +CMS ERROR that a submit to that number gets; 0: it is taken. */
static int judge(void *ctx, const char *recipient)
{
	const struct phone *phone = ctx;
	phone->center->counts.submits++;
	if (judge_listed(&options_of(phone)->fail, recipient))
		return CMS_UNASSIGNED;
	const uint32_t status = judge_chance_error(phone->center);
	if (status > STATUS_OWN && status <= STATUS_OWN_LAST)
		return (int)(status - STATUS_OWN);
	switch (status) {
	case SMPP_ROK: return 0;
	case SMPP_RTHROTTLED: return CMS_CONGESTION;
	case SMPP_RSYSERR: return CMS_TEMPORARY;
	case SMPP_RINVDSTADR: return CMS_UNASSIGNED;
	default: return CMS_UNKNOWN;
	}
}

static int report_status(void *ctx, const char *recipient)
{
	enum { EXPIRED = 3, UNDELIVERABLE = 5, REJECTED = 8 };
	const struct phone *phone = ctx;
	switch (judge_state(phone->center, recipient)) {
	case EXPIRED: return 0x46;
	case UNDELIVERABLE: return 0x41;
	case REJECTED: return 0x42;
	default: return 0;
	}
}

static bool complain(const char *what, const char *why)
{
	fprintf(stderr, "smsc-sim: %s: %s\n", what, why);
	return false;
}

__attribute__((format(printf, 2, 3)))
static bool tell(const struct phone *phone, const char *format, ...)
{
	char line[LINE_MAX_OCTETS], why[256];
	va_list args;
	va_start(args, format);
	vsnprintf(line, sizeof line, format, args);
	va_end(args);
	return sim_modem_script(phone->modem, line, why, sizeof why) || complain(line, why);
}

static bool prepare(const struct phone *phone)
{
	const struct sim_options *options = options_of(phone);
	char why[512];
	const unsigned number = (unsigned)(phone - phone->center->phones->at) + 1;
	if (!tell(phone, "set imei 3569380356%05u", number) || !tell(phone, "set imsi 2620112345%05u", number) ||
	    !tell(phone, "set reports %s", options->receipts ? "on" : "off") ||
	    !tell(phone, "set report_delay %.3f", options->receipt_delay.ms / 1000.0) ||
	    !tell(phone, "set delay %.3f", options->modem_delay) ||
	    (*options->modem_pin && !tell(phone, "set pin \"%s\"", options->modem_pin)))
		return false;
	for (size_t i = 0; i < options->modem_profiles.n; i++)
		if (!tell(phone, "profile %s", options->modem_profiles.at[i]))
			return false;
	for (size_t i = 0; i < options->modem_scripts.n; i++)
		if (!sim_modem_script_file(phone->modem, options->modem_scripts.at[i], why, sizeof why))
			return complain("--modem-script", why);
	return true;
}

static bool plug(struct phones *phones, struct center *center, const char *pattern, unsigned of)
{
	struct phone *phone = &phones->at[phones->n];
	char why[512];
	const char *number = strstr(pattern, "%d");
	phone->center = center;
	if (number)
		snprintf(phone->path, sizeof phone->path, "%.*s%u%s", (int)(number - pattern), pattern, of, number + 2);
	else
		snprintf(phone->path, sizeof phone->path, "%s", pattern);
	snprintf(phone->name, sizeof phone->name, "%um%zu", center->options->seed, phones->n + 1);
	const struct sim_modem_setup setup = { .path = phone->path, .name = phone->name,
		.number = (unsigned)phones->n + 1, .tell = on_event, .judge = judge, .report_status = report_status,
		.ctx = phone };
	phone->modem = sim_modem_new(center->base, &setup, why, sizeof why);
	if (!phone->modem)
		return complain("--modem", why);
	phones->n++;
	return prepare(phone);
}

/* Lines that somebody wrote into the pipe. */
static void on_control(evutil_socket_t fd, short what, void *ctx)
{
	(void)what;
	struct phones *phones = ctx;
	char *line;
	evbuffer_read(phones->lines, fd, LINE_MAX_OCTETS);
	while ((line = evbuffer_readln(phones->lines, NULL, EVBUFFER_EOL_LF))) {
		for (size_t i = 0; i < phones->n; i++)
			tell(&phones->at[i], "%s", line);
		free(line);
	}
}

static bool control_open(struct phones *phones, struct center *center)
{
	const char *path = center->options->modem_control;
	if (!path)
		return true;
	/* Open for writing too, so that it does not end with the first who writes. */
	if (mkfifo(path, 0600) != 0 || (phones->fd = open(path, O_RDWR | O_NONBLOCK | O_CLOEXEC)) < 0)
		return complain(path, strerror(errno));
	phones->lines = evbuffer_new();
	phones->control = event_new(center->base, phones->fd, EV_READ | EV_PERSIST, on_control, phones);
	if (!phones->lines || !phones->control || event_add(phones->control, NULL) != 0)
		abort();
	return true;
}

bool phones_start(struct center *center)
{
	const struct sim_options *options = center->options;
	struct phones *phones = calloc(1, sizeof *phones);
	const unsigned each = options->modem_count ? options->modem_count : 1;
	if (!phones)
		abort();
	center->phones = phones;
	phones->fd = -1;
	phones->at = calloc(options->modems.n * each + 1, sizeof *phones->at);
	if (!phones->at)
		abort();
	for (size_t i = 0; i < options->modems.n; i++) {
		const bool several = strstr(options->modems.at[i], "%d") != NULL;
		for (unsigned of = 1; of <= (several ? each : 1); of++)
			if (!plug(phones, center, options->modems.at[i], of))
				return false;
	}
	phones->next = phones->n ? phones->n - 1 : 0;
	return control_open(phones, center);
}

void phones_stop(struct center *center)
{
	struct phones *phones = center->phones;
	if (!phones)
		return;
	for (size_t i = 0; i < phones->n; i++)
		sim_modem_free(phones->at[i].modem);
	if (phones->control)
		event_free(phones->control);
	if (phones->lines)
		evbuffer_free(phones->lines);
	if (phones->fd >= 0) {
		close(phones->fd);
		unlink(center->options->modem_control);
	}
	free(phones->at);
	free(phones);
	center->phones = NULL;
}

void phones_deliver(struct center *center, const struct smpp_pdu *pdu, uint64_t number, unsigned part)
{
	struct phones *phones = center->phones;
	const size_t header = pdu->esm_class & ESM_UDHI ? pdu->short_message[0] + 1u : 0;
	struct tpdu tpdu = { .type = TPDU_DELIVER, .no_more = true, .protocol_id = pdu->protocol_id,
		.data_coding = pdu->data_coding, .cause = -1,
		.address = { .ton = pdu->source.ton, .npi = pdu->source.npi },
		.stamp = { .at = center->unix_now, .known = true } };
	char id[48];
	if (part == 1)
		phones->next = (phones->next + 1) % phones->n;
	if (header > sizeof tpdu.data.header || header > pdu->sm_length ||
	    pdu->sm_length - header > sizeof tpdu.data.text)
		return;
	snprintf(tpdu.address.text, sizeof tpdu.address.text, "%.60s", pdu->source.digits);
	memcpy(tpdu.data.header, pdu->short_message, header);
	memcpy(tpdu.data.text, pdu->short_message + header, pdu->sm_length - header);
	tpdu.data.header_len = (uint8_t)header;
	tpdu.data.text_len = (uint8_t)(pdu->sm_length - header);
	snprintf(id, sizeof id, "%llu/%u", (unsigned long long)number, part);
	if (!sim_modem_deliver(phones->at[phones->next].modem, id, &tpdu))
		center->counts.malformed++;
}
