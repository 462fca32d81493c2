/* SPDX-License-Identifier: Apache-2.0 */
/*
 * match.c - when receipts that found no message are looked at again.
 */
#include "match.h"

#include "hatch.h"

enum {
	YOUNG_S = 10, YOUNG_MS = 100, YOUNG_MAX_MS = 1600, YOUNG_REST = 10,
	OLD_S = 3600, OLD_REST = 20,
};

void match_init(struct match *match, unsigned each_ms)
{
	*match = (struct match){
		.young = { .walk.age_s = YOUNG_S, .at = MATCH_NEVER, .rest = YOUNG_REST },
		.old = { .walk.age_s = OLD_S, .wait_ms = each_ms, .rest = OLD_REST },
	};
}

uint64_t match_due(const struct match *match)
{
	return match->young.at < match->old.at ? match->young.at : match->old.at;
}

void match_soon(struct match *match, uint64_t now)
{
	struct stroll *young = &match->young;
	young->wait_ms = YOUNG_MS;
	if (young->at == MATCH_NEVER)
		young->at = now + YOUNG_MS;
}

enum db_result match_step(struct match *match, struct ledger *ledger, struct db_error *err)
{
	struct stroll *stroll = match->young.at <= match->old.at ? &match->young : &match->old;
	const uint64_t began = hatch_now();
	enum db_result result = ledger_match(ledger, &stroll->walk, err);
	if (result != DB_OK)
		return result;
	const uint64_t now = hatch_now();
	stroll->at = now + (now - began) * stroll->rest;
	if (!stroll->walk.ended)
		return DB_OK;
	if (stroll == &match->young && stroll->wait_ms > YOUNG_MAX_MS) {
		stroll->at = MATCH_NEVER;
		return DB_OK;
	}
	stroll->at += stroll->wait_ms;
	if (stroll == &match->young)
		stroll->wait_ms *= 2;
	return DB_OK;
}
