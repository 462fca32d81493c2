/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sim_inbound.c - messages from handsets.
 *
 * A message is its number: sender, recipient and text follow from the options
 * with %d replaced. So an item keeps the number and the part alone, and what is
 * sent again is the same to the octet. The clock of --inbound stands still
 * while nobody can receive.
 */
#include "sim_inbound.h"

#include "sim_account.h"
#include "sim_center.h"
#include "sim_session.h"

#include "../../drivers/smpp_pdu.h"
#include "../../sms/alphabet.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

enum {
	TEXT_MAX = 1600,                /* octets of UTF-8 of one message, and units of it */
	BACKLOG = 10000,                /* nothing is made while so much waits */
	HEADER = 6,                     /* 05 00 03 ref parts part */
};

/* A text as the air interface has it. A unit is a septet, or two octets. */
struct units {
	uint8_t at[2 * TEXT_MAX + 4];
	size_t n;                       /* octets */
	size_t size;                    /* octets of a unit */
	size_t single, each;            /* octets that fit one part: alone, and of several */
};

struct slice { size_t at, n; };

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

static bool units_gsm7(struct units *units, const char *text)
{
	const uint8_t *at = (const uint8_t *)text, *end = at + strlen(text);
	*units = (struct units){ .size = 1, .single = 160, .each = 153 };
	while (at < end) {
		const size_t n = gsm7_put(units->at + units->n, utf8_next(&at, end));
		if (!n)
			return false;
		units->n += n;
	}
	return true;
}

static void units_ucs2(struct units *units, const char *text)
{
	const uint8_t *at = (const uint8_t *)text, *end = at + strlen(text);
	*units = (struct units){ .size = 2, .single = 140, .each = 134 };
	while (at < end) {
		uint32_t point = utf8_next(&at, end);
		unsigned pair[2] = { point, 0 };
		if (point > 0xffff) {
			pair[0] = 0xd800 + ((point - 0x10000) >> 10);
			pair[1] = 0xdc00 + ((point - 0x10000) & 0x3ff);
		}
		for (unsigned i = 0; i < 1u + !!pair[1]; i++) {
			units->at[units->n++] = (uint8_t)(pair[i] >> 8);
			units->at[units->n++] = (uint8_t)pair[i];
		}
	}
}

/* Whether a part must not end behind the unit that ends at this octet. */
static bool inseparable(const struct units *units, size_t end)
{
	if (units->size == 1)
		return units->at[end - 1] == GSM7_ESCAPE;
	return (units->at[end - 2] & 0xfc) == 0xd8;
}

/* Where part `part` lies; returns how many parts there are. */
static unsigned slice(const struct units *units, unsigned part, struct slice *out)
{
	*out = (struct slice){ 0, units->n };
	if (units->n <= units->single)
		return 1;
	unsigned parts = 0;
	for (size_t at = 0; at < units->n;) {
		size_t n = units->n - at < units->each ? units->n - at : units->each;
		if (at + n < units->n && inseparable(units, at + n))
			n -= units->size;
		if (++parts == part)
			*out = (struct slice){ at, n };
		at += n;
	}
	return parts;
}

static void units_make(struct units *units, const struct center *center, uint64_t number)
{
	char text[TEXT_MAX];
	expand(text, sizeof text, center->options->inbound_text, number);
	if (!units_gsm7(units, text))
		units_ucs2(units, text);
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

void inbound_send(struct center *center, struct session *session, struct item *item)
{
	struct units units;
	struct slice part;
	uint8_t message[HEADER + 160];
	units_make(&units, center, item->number);
	const unsigned parts = slice(&units, item->part, &part);
	const size_t header = parts > 1 ? HEADER : 0;
	const uint8_t elements[HEADER] = { 5, 0, 3, (uint8_t)item->number, (uint8_t)parts, item->part };
	memcpy(message, elements, header);
	memcpy(message + header, units.at + part.at, part.n);
	struct smpp_pdu pdu = {
		.command = SMPP_DELIVER_SM,
		.source = address(center->options->inbound_from, item->number),
		.destination = address(center->options->inbound_to, item->number),
		.esm_class = header ? SMPP_ESM_UDHI : 0, .data_coding = units.size == 1 ? 0 : 8,
		.short_message = message, .sm_length = (uint8_t)(header + part.n),
	};
	session_deliver(session, &pdu, item);
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
	struct slice first;
	center->inbound_last = account;
	center->inbound_made++;
	units_make(&units, center, center->inbound_made);
	const unsigned parts = slice(&units, 1, &first);
	for (unsigned part = 1; part <= parts; part++) {
		struct item *item = item_new(center->agenda);
		item->kind = ITEM_INBOUND;
		item->account = account;
		item->number = center->inbound_made;
		item->part = (uint8_t)part;
		account_post(center, account, item);
	}
}

void inbound_pace(struct center *center)
{
	const struct sim_options *options = center->options;
	const uint64_t passed_ms = center->now_ms - center->inbound_ms;
	center->inbound_ms = center->now_ms;
	struct account *account = next_account(center);
	if (!account)
		return;
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
