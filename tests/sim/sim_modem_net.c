/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sim_modem_net.c - the network behind the modem: messages and status reports to it, SUBMITs from it.
 *
 * What is for the modem waits in order until it can be reached, and has room. By the routing of
 * AT+CNMI it is stored or shown; what has to be acknowledged with AT+CNMA and is not, comes again.
 */
#include "sim_modem_inside.h"

#include "../../sms/alphabet.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

static const double CLOCK_GRAIN = 0.002; /* seconds: due times are in milliseconds */

enum { INDICATE = 1, DIRECT = 2, MT = 1, DS = 3, CLASS_2 = 2 };

struct tpdu_time net_now(const struct sim_modem *modem)
{
	return (struct tpdu_time){ .at = (int64_t)time(NULL) + modem->settings.clock,
		.zone = (int)modem->settings.zone, .known = true };
}

static void on_retry(struct sim_modem *modem, void *arg)
{
	(void)arg;
	net_deliver(modem);
}

static void retry_in(struct sim_modem *modem, double seconds)
{
	modem_later(modem, seconds + CLOCK_GRAIN, on_retry, NULL);
}

void net_deliver_soon(struct sim_modem *modem)
{
	retry_in(modem, 0);
}

/* Puts it before or behind all others; what comes again comes first. */
static void put(struct sim_modem *modem, struct letter *letter, bool first)
{
	struct letter **at = &modem->network;
	while (*at && !first)
		at = &(*at)->next;
	letter->next = *at;
	*at = letter;
}

void net_post(struct sim_modem *modem, struct letter *letter)
{
	put(modem, letter, false);
	net_deliver(modem);
}

static void again(struct sim_modem *modem, struct letter *letter)
{
	modem_tell_letter(modem, MODEM_NACKED, NULL, letter);
	letter->not_before_ms = modem_clock() + (uint64_t)(modem->settings.retry * 1000);
	put(modem, letter, true);
	retry_in(modem, modem->settings.retry);
}

static struct letter *unacked_take(struct sim_modem *modem)
{
	struct letter *letter = modem->unacked;
	later_cancel(modem->unacked_timer);
	modem->unacked_timer = NULL;
	modem->unacked = NULL;
	return letter;
}

void net_reset(struct sim_modem *modem)
{
	if (modem->unacked)
		again(modem, unacked_take(modem));
}

static void on_unacked(struct sim_modem *modem, void *arg)
{
	(void)arg;
	modem->unacked_timer = NULL;
	if (modem->settings.cnma_resets)
		modem->state.cnmi[MT] = modem->state.cnmi[DS] = 0;
	again(modem, unacked_take(modem));
}

bool net_acked(struct sim_modem *modem, bool yes)
{
	struct letter *letter = unacked_take(modem);
	if (!letter)
		return false;
	if (yes) {
		modem_tell_letter(modem, MODEM_ACKED, "CNMA", letter);
		free(letter);
	} else {
		again(modem, letter);
	}
	net_deliver_soon(modem);
	return true;
}

static bool is_class_2(const struct letter *letter)
{
	struct tpdu tpdu;
	struct address centre;
	char why[100];
	const struct tpdu_given given = { letter->hex, letter->length, TPDU_TO_HANDSET };
	return tpdu_line_read(&tpdu, &centre, &given, why, sizeof why) && dcs_read(tpdu.data_coding).class == CLASS_2;
}

/* Says the message itself; takes it. */
static void show(struct sim_modem *modem, struct letter *letter)
{
	char header[LINE_ROOM], body[LINE_ROOM], text[2 * LINE_ROOM + 40];
	const char *head = letter->report ? "+CDS:" : "+CMT:";
	if (modem->state.text_mode) {
		text_header(modem, letter, head, header, sizeof header);
		text_body(modem, letter, body, sizeof body);
		snprintf(text, sizeof text, letter->report ? "%s" : "%s\r\n%s", header, body);
	} else {
		snprintf(text, sizeof text, letter->report ? "%s %zu\r\n%s" : "%s ,%zu\r\n%s", head, letter->length,
		    letter->hex);
	}
	line_unsolicited(modem, text);
	letter->over = modem->state.csms != 1;
	modem_tell_letter(modem, MODEM_TOLD, letter->report ? "CDS" : "CMT", letter);
	letter->told = true;
	if (modem->state.csms == 1) {
		modem->unacked = letter;
		modem->unacked_timer = modem_later(modem, modem->settings.cnma_timeout, on_unacked, NULL);
	} else {
		free(letter);
	}
}

/* False: there is no room, and it is not taken. */
static bool store(struct sim_modem *modem, struct letter *letter, int storage, const char *head)
{
	char line[40];
	const int index = store_put(modem, storage, letter);
	if (index < 0)
		return false;
	snprintf(line, sizeof line, "+%s: \"%s\",%d", head ? head : "", modem->storages[storage].name, index);
	if (head)
		line_unsolicited(modem, line);
	modem_tell_letter(modem, MODEM_TOLD, head, letter);
	letter->told = true;
	return true;
}

/* False: it waits on. */
static bool hand_over(struct sim_modem *modem, struct letter *letter)
{
	const int *cnmi = modem->state.cnmi;
	if (letter->report) {
		const int reports = store_named(modem, "SR");
		const int storage = reports < 0 ? modem->state.cpms[2] : reports;
		if (cnmi[DS] == INDICATE)
			show(modem, letter);
		else if (cnmi[DS] == DIRECT)
			return store(modem, letter, storage, "CDSI");
		else {
			modem_tell_letter(modem, MODEM_LOST, NULL, letter);
			free(letter);
		}
		return true;
	}
	if (cnmi[MT] == DIRECT && !is_class_2(letter)) {
		show(modem, letter);
		return true;
	}
	if (store(modem, letter, modem->state.cpms[2], cnmi[MT] ? "CMTI" : NULL))
		return true;
	if (!letter->refused)
		modem_tell_letter(modem, MODEM_FULL, modem->storages[modem->state.cpms[2]].name, letter);
	letter->refused = true;
	return false;
}

static bool can_be_reached(const struct sim_modem *modem)
{
	return modem->fd >= 0 && modem->booted && !modem->hung && !modem->unacked && modem_registered(modem);
}

void net_deliver(struct sim_modem *modem)
{
	const uint64_t now = modem_clock();
	for (struct letter **at = &modem->network; *at && can_be_reached(modem);) {
		struct letter *letter = *at;
		if (letter->not_before_ms > now) {
			at = &letter->next;
			continue;
		}
		*at = letter->next;
		if (!hand_over(modem, letter)) {
			letter->next = *at;
			*at = letter;
			at = &letter->next;
		}
	}
}

/* About the payload's SUBMIT. */
static void report(struct sim_modem *modem, int status, double seconds)
{
	const struct payload *payload = &modem->payload;
	struct tpdu tpdu = {
		.type = TPDU_STATUS_REPORT, .reference = payload->reference, .address = payload->tpdu.address,
		.status = (uint8_t)status, .no_more = true, .discharge = net_now(modem), .stamp = net_now(modem),
	};
	struct address centre = { .ton = TON_INTERNATIONAL, .npi = NPI_E164 };
	struct letter *letter = calloc(1, sizeof *letter);
	if (!letter)
		abort();
	tpdu.stamp.at = payload->taken_at;
	snprintf(centre.text, sizeof centre.text, "%s", modem->settings.smsc + (modem->settings.smsc[0] == '+'));
	letter->report = true;
	letter->status = (uint8_t)status;
	letter->length = tpdu_line(letter->hex, sizeof letter->hex, &centre, &tpdu);
	snprintf(letter->id, sizeof letter->id, "receipt %s-%llu", modem->name, (unsigned long long)modem->taken);
	if (seconds > 0) {
		letter->not_before_ms = modem_clock() + (uint64_t)(seconds * 1000);
		retry_in(modem, seconds);
	}
	net_post(modem, letter);
}

void net_report(struct sim_modem *modem, int status)
{
	modem->payload.report_due = false;
	if (modem->payload.taken)
		report(modem, status, 0);
}

void net_report_due(struct sim_modem *modem)
{
	const struct payload *payload = &modem->payload;
	const int status = modem->setup.report_status && payload->report_due ?
	    modem->setup.report_status(modem->setup.ctx, payload->tpdu.address.text) : (int)modem->settings.report_status;
	if (payload->report_due)
		report(modem, status, modem->settings.report_delay);
	modem->payload.report_due = false;
}

void net_submit(struct sim_modem *modem)
{
	char id[ID_ROOM];
	modem->taken++;
	snprintf(id, sizeof id, "%s-%llu", modem->name, (unsigned long long)modem->taken);
	modem_tell(modem, MODEM_TAKEN, modem->payload.text, id);
	modem->payload.report_due = modem->settings.reports && modem->payload.tpdu.report;
}

/* Puts a text into a DELIVER: in the default alphabet when that has all of it, else in UCS-2. */
static bool text_put(struct tpdu *tpdu, const char *text)
{
	const size_t len = strlen(text);
	size_t n;
	if (utf8_valid(text, len) != len)
		return false;
	if (gsm7_from_utf8(tpdu->data.text, TPDU_TEXT_MAX, &n, text, len) == len) {
		tpdu->data.text_len = (uint8_t)n;
		return true;
	}
	tpdu->data_coding = dcs_write(CHARSET_UCS2, -1);
	if (ucs2_from_utf8(tpdu->data.text, TPDU_DATA_MAX, &n, text, len) != len)
		return false;
	tpdu->data.text_len = (uint8_t)n;
	return true;
}

bool sim_modem_deliver(struct sim_modem *modem, const char *id, const struct tpdu *tpdu)
{
	struct address centre = { .ton = TON_INTERNATIONAL, .npi = NPI_E164 };
	struct letter *letter = calloc(1, sizeof *letter);
	if (!letter)
		abort();
	snprintf(centre.text, sizeof centre.text, "%s", modem->settings.smsc + (modem->settings.smsc[0] == '+'));
	letter->length = tpdu_line(letter->hex, sizeof letter->hex, &centre, tpdu);
	letter->report = tpdu->type == TPDU_STATUS_REPORT;
	if (!letter->length) {
		free(letter);
		return false;
	}
	modem->received++;
	snprintf(letter->id, sizeof letter->id, "inbound %s", id);
	net_post(modem, letter);
	return true;
}

bool sim_modem_inbound(struct sim_modem *modem, const char *id, const char *from, const char *text)
{
	struct tpdu tpdu = { .type = TPDU_DELIVER, .no_more = true, .stamp = net_now(modem) };
	char why[100];
	return address_sender(&tpdu.address, from, &address_usual, why, sizeof why) && text_put(&tpdu, text) &&
	    sim_modem_deliver(modem, id, &tpdu);
}

static void letters_free(struct letter *letter)
{
	while (letter) {
		struct letter *next = letter->next;
		free(letter);
		letter = next;
	}
}

void net_free(struct sim_modem *modem)
{
	letters_free(modem->network);
	letters_free(modem->unacked);
}
