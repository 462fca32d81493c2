/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sim_inbound.c - messages from handsets.
 *
 * A message is its number: sender, recipient and text follow from the options
 * with %d replaced. So an item keeps the number and the part alone, and what is
 * sent again is the same to the octet. The clock of --inbound stands still
 * while nobody can receive. Those that a file names were made in sim_inject.c and
 * wait for a receiver here.
 */
#include "sim_inbound.h"

#include "sim_account.h"
#include "sim_alert.h"
#include "sim_center.h"
#include "sim_deliver.h"
#include "sim_dialect.h"
#include "sim_phones.h"
#include "sim_session.h"
#include "sim_text.h"
#include "sim_ussd.h"

#include "../../drivers/smpp_pdu.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	TEXT_MAX = 1600,                /* octets of UTF-8 of one message */
	LONG = 160,                     /* octets that a long one has more than */
	BACKLOG = 10000,                /* nothing is made while so much waits */
};

/* The pattern with every %d replaced by the number. */
static void expand(char *out, size_t room, const char *pattern, uint64_t number)
{
	size_t n = 0;
	while (*pattern && n + 1 < room) {
		if (pattern[0] == '%' && pattern[1] == 'd') {
			n += (size_t)snprintf(out + n, room - n, "%llu", (unsigned long long)number);
			pattern += 2;
		} else {
			out[n++] = *pattern++;
		}
	}
	out[n < room ? n : room - 1] = '\0';
}

static void units_make(struct units *units, const struct center *center, uint64_t number)
{
	char text[TEXT_MAX];
	expand(text, sizeof text, center->options->inbound_text, number);
	const unsigned every = center->options->inbound_long;
	const size_t once = strlen(text);
	if (every && number % every == 0 && once)
		for (size_t n = once; n <= LONG && n + once < sizeof text; n += once)
			memcpy(text + n, text, once), text[n + once] = '\0';
	if (!units_gsm7(units, text) && !units_ucs2(units, text))
		abort();
}

static struct smpp_address address(const char *pattern, uint64_t number)
{
	char text[32];
	expand(text, sizeof text, pattern, number);
	const char *digits = text + (*text == '+');
	const size_t n = strlen(digits);
	struct smpp_address address = { .ton = 1, .npi = 1 };
	if (strspn(digits, "0123456789") != n)
		address.ton = 5, address.npi = 0;
	else if (n <= 6)
		address.ton = 3, address.npi = 0;
	snprintf(address.digits, sizeof address.digits, "%.20s", digits);
	return address;
}

bool inbound_send(struct center *center, struct session *session, struct item *item)
{
	struct units units;
	uint8_t message[PART_MAX];
	units_make(&units, center, item->number);
	struct smpp_pdu pdu = {
		.command = SMPP_DELIVER_SM,
		.source = address(center->options->inbound_from, item->number),
		.destination = address(center->options->inbound_to, item->number),
		.data_coding = units.size == 1 ? 0 : 8,
	};
	units_part(&units, item->part, (uint8_t)item->number, message, &pdu);
	stamp_delivery(session, item, &pdu);
	return session_deliver(session, &pdu, item);
}

static bool has_receiver(const struct account *account)
{
	for (const struct session *at = account->binds; at; at = at->next_bind)
		if (session_receives(at))
			return true;
	return false;
}

/* The account after the last that can receive and has not too much waiting, or NULL. */
static struct account *next_account(const struct center *center)
{
	struct account *first = NULL;
	bool passed = false;
	for (struct account *at = center->accounts; at; at = at->next) {
		const bool good = has_receiver(at) && at->queue.n < BACKLOG;
		if (good && passed)
			return at;
		if (good && !first)
			first = at;
		passed |= at == center->inbound_last;
	}
	return first;
}

static void inbound_make(struct center *center, struct account *account)
{
	struct units units;
	center->inbound_last = account;
	center->inbound_made++;
	units_make(&units, center, center->inbound_made);
	const unsigned parts = units_parts(&units);
	for (unsigned part = 1; part <= parts; part++) {
		struct item *item = item_new(center->agenda);
		item->kind = ITEM_INBOUND;
		item->account = account;
		item->number = center->inbound_made;
		item->part = (uint8_t)part;
		account_post(center, account, item);
	}
}

/* All of them go to the account that was the first to have a receiver. */
static void injected_post(struct center *center, struct account *account)
{
	if (!center->injected_to)
		center->injected_to = account;
	while (center->injected.first && center->injected_to->queue.n < BACKLOG) {
		struct item *item = center->injected.first;
		list_remove(&center->injected, item);
		item->account = center->injected_to;
		account_post(center, item->account, item);
	}
}

static void phone_rings(struct center *center)
{
	struct units units;
	uint8_t message[PART_MAX];
	center->inbound_made++;
	units_make(&units, center, center->inbound_made);
	const unsigned parts = units_parts(&units);
	for (unsigned part = 1; part <= parts; part++) {
		struct smpp_pdu pdu = { .source = address(center->options->inbound_from, center->inbound_made),
			.data_coding = units.size == 1 ? 0 : 8 };
		units_part(&units, part, (uint8_t)center->inbound_made, message, &pdu);
		phones_deliver(center, &pdu, center->inbound_made, part);
	}
}

/* What is for modems: these keep it until they can be reached. */
static void phones_pace(struct center *center)
{
	const struct sim_options *options = center->options;
	while (center->injected.first) {
		struct item *item = center->injected.first;
		struct smpp_pdu pdu;
		list_remove(&center->injected, item);
		if (smpp_unpack(item->octets, item->octets_len, &pdu) == SMPP_ROK)
			phones_deliver(center, &pdu, ++center->inbound_made, 1);
		item_free(center->agenda, item);
	}
	for (; center->inbound_owed >= 1 && (!options->inbound_count || center->inbound_made < options->inbound_count);
	    center->inbound_owed--)
		phone_rings(center);
}

void inbound_pace(struct center *center)
{
	const struct sim_options *options = center->options;
	const uint64_t passed_ms = center->now_ms - center->inbound_ms;
	center->inbound_ms = center->now_ms;
	if (phones_count(center)) {
		if (options->inbound_rate > 0)
			center->inbound_owed += (double)passed_ms * options->inbound_rate / 1000;
		else
			center->inbound_owed = options->inbound_count;
		phones_pace(center);
		return;
	}
	struct account *account = next_account(center);
	if (!account)
		return;
	injected_post(center, account);
	if (account->dialect == &dialect_smpp) {
		alerts_post(center, account);
		ussd_dial(center, account);
	}
	if (options->inbound_rate > 0)
		center->inbound_owed += (double)passed_ms * options->inbound_rate / 1000;
	else
		center->inbound_owed = options->inbound_count;
	while (account && center->inbound_owed >= 1 &&
	    (!options->inbound_count || center->inbound_made < options->inbound_count)) {
		center->inbound_owed--;
		inbound_make(center, account);
		account = next_account(center);
	}
}
