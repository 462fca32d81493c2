/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ledger_world.h - gateways on the engines under test; for check_ledger.c and
 * check_receipts.c.
 *
 * One gateway, gw1, has a lease when a test begins, and its rows are looked at
 * from outside. The other one, gw2, is there when a test opens it.
 */
#ifndef LEDGER_WORLD_H
#define LEDGER_WORLD_H

#include "../sql/ledger.h"
#include "engine_world.h"

enum { LEASE_MS = 60000, CLAIM_MAX = 100 };

static struct ledger gw1, gw2;
static const struct lane usual = { LANE_ROUTE, "" };
static struct message **messages;       /* of the last claim */
static size_t nmessages;
static struct batch *batch;             /* they live in it; held here */

static inline struct ledger ledger_of(const char *name, struct db *one)
{
	return (struct ledger){ .engine = engine, .db = one, .name = name, .in_doubt = DOUBT_HOLD,
		.version = "test", .join_wait_s = 3600, .join_sets = 10000 };
}

#define GOOD(call) ck_assert_msg((call) == DB_OK, "%s", err.text)

static inline void enter(struct ledger *ledger)
{
	long alive_ms = -1;
	GOOD(ledger_enter(ledger, LEASE_MS, &alive_ms, &err));
	ck_assert_msg(alive_ms == 0, "%s", err.text);
}

static inline void begin_entered(int index)
{
	begin(index);
	gw1 = ledger_of("gw1", db);
	enter(&gw1);
}

static inline void begin_second(void)
{
	gw2 = ledger_of("gw2", connection());
	enter(&gw2);
}

static inline void let_go(void)
{
	for (size_t i = 0; i < nmessages; i++)
		message_release(messages[i]);
	if (batch)
		batch_release(batch);
	batch = NULL;
	nmessages = 0;
}

static inline void end_entered(void)
{
	let_go();
	engine->close(gw2.db);
	gw2.db = NULL;
	end();
}

static inline long long insert(const char *recipient)
{
	return count("INSERT INTO outbox (recipient, body) VALUES ('%s', 'hello') RETURNING id", recipient);
}

static inline void claim(struct ledger *ledger, int64_t token, size_t max)
{
	let_go();
	GOOD(ledger_claim(ledger, token, &usual, max, &batch, &messages, &nmessages, &err));
}

/* As the gateway and a link would: parts of its own, and an outcome. */
static inline void answer(struct message *message, enum verdict verdict, unsigned nparts, const char *id)
{
	snprintf(message->link, sizeof message->link, "acme");
	message->parts = batch_alloc(message->batch, nparts * sizeof *message->parts);
	message->nparts = (uint8_t)nparts;
	for (unsigned i = 0; i < nparts; i++) {
		struct part *part = &message->parts[i];
		part->message = message;
		part->number = (uint8_t)(i + 1);
		part->taken = verdict == VERDICT_SENT;
		if (part->taken)
			snprintf(part->network_id, sizeof part->network_id, nparts > 1 ? "%s%u" : "%s", id,
			    i + 1);
	}
	message->outcome = (struct outcome){ .verdict = verdict };
	if (verdict != VERDICT_SENT)
		snprintf(message->outcome.text, sizeof message->outcome.text, "why");
}

static inline void record(struct ledger *ledger, const struct facts *facts)
{
	GOOD(ledger_record(ledger, facts, &err));
}

static inline void settle(struct ledger *ledger)
{
	record(ledger, &(struct facts){ .settled = messages, .nsettled = nmessages });
}

/* Inserts a row, claims it and has it sent under that id. */
static inline long long sent(const char *recipient, const char *id, unsigned nparts)
{
	static int64_t token = 1000;
	const long long row = insert(recipient);
	claim(&gw1, ++token, 1);
	ck_assert_uint_eq(nmessages, 1);
	answer(messages[0], VERDICT_SENT, nparts, id);
	settle(&gw1);
	return row;
}

static inline struct receipt receipt(const char *id, enum status state)
{
	struct receipt one = { .link = "acme", .word = "WORD", .recipient = "491511234567",
		.status = state };
	snprintf(one.network_id, sizeof one.network_id, "%s", id);
	return one;
}

static inline void tell(const struct receipt *receipts, size_t n)
{
	record(&gw1, &(struct facts){ .receipts = receipts, .nreceipts = n });
}

static inline void tell_one(const char *id, enum status state)
{
	const struct receipt one = receipt(id, state);
	tell(&one, 1);
}

/* UTF-8, or octets of no meaning when `body` is NULL. */
static inline struct inbound inbound(const char *arrival, const char *body)
{
	struct inbound one = { .link = "acme", .sender = "4915", .recipient = "22333",
		.charset = body ? CHARSET_UTF8 : CHARSET_OCTETS,
		.octets = { (const uint8_t *)body, body ? strlen(body) : 0 } };
	snprintf(one.arrival, sizeof one.arrival, "%s", arrival);
	return one;
}

#endif
