/* SPDX-License-Identifier: Apache-2.0 */
/*
 * check_statements.c - what each statement of the ledger means, in every dialect the same.
 *
 * Rows are put in from outside and looked at from outside; between the two
 * stands one statement. How statements are run is in check_engine.c; those for
 * operators are in check_desk_sql.c.
 */
#include "engine_world.h"

#include <pthread.h>

#define CLAIMED "queue, status, owner, claim, attempts"
#define CLAIMED_BY(owner) "1, 'sending', '" owner "', 7, 1"

/* Gateways */

static void enter(const char *name, int64_t from, int64_t to)
{
	RUN(GATEWAY_ENTER, text(name), number(from), number(to), number(60000), text("1.0"),
	    text("host"), number(42));
}

START_TEST(a_lease_is_taken_only_from_the_epoch_that_was_read)
{
	begin(_i);
	RUN(GATEWAY_READ, text("gw"));
	ck_assert_uint_eq(nanswers, 0);
	enter("gw", 0, 1);
	ck_assert_uint_eq(changed, 1);
	enter("gw", 0, 1);
	ck_assert_uint_eq(changed, 0);
	RUN(GATEWAY_READ, text("gw"));
	ck_assert_str_eq(cell(0, "epoch"), "1");
	ck_assert_str_eq(cell(0, "alive"), "1");
	ck_assert_str_eq(cell(0, "host"), "host");
	ck_assert_str_eq(cell(0, "pid"), "42");
	ck_assert(cell_number(0, "alive_ms") > 50000 && cell_number(0, "alive_ms") <= 60000);
	enter("gw", 1, 2);
	ck_assert_uint_eq(changed, 1);
	enter("gw", 1, 2);
	ck_assert_uint_eq(changed, 0);
	end();
}
END_TEST

START_TEST(a_lease_is_renewed_by_its_holder_until_it_is_buried_or_taken)
{
	begin(_i);
	enter("gw", 0, 1);
	RUN(GATEWAY_BEAT, text("gw"), number(2), number(60000));
	ck_assert_uint_eq(changed, 0);
	RUN(GATEWAY_BEAT, text("gw"), number(1), number(90000));
	ck_assert_uint_eq(changed, 1);
	RUN(GATEWAY_READ, text("gw"));
	ck_assert(cell_number(0, "alive_ms") > 80000);
	words("UPDATE gateway SET alive_until = %s", from_now(-1));
	RUN(GATEWAY_BEAT, text("gw"), number(1), number(60000));
	ck_assert_uint_eq(changed, 1);
	words("UPDATE gateway SET alive_until = %s", from_now(-1));
	RUN(GATEWAY_BURY, text("gw"), number(1));
	ck_assert_uint_eq(changed, 1);
	RUN(GATEWAY_BEAT, text("gw"), number(1), number(60000));
	ck_assert_uint_eq(changed, 0);
	enter("gw", 1, 2);
	RUN(GATEWAY_LEAVE, text("gw"), number(2));
	RUN(GATEWAY_BEAT, text("gw"), number(2), number(60000));
	ck_assert_uint_eq(changed, 0);
	RUN(GATEWAY_READ, text("gw"));
	ck_assert_str_eq(cell(0, "alive"), "0");
	end();
}
END_TEST

START_TEST(the_dead_are_found_and_buried_once)
{
	begin(_i);
	enter("alive", 0, 1);
	enter("stopped", 0, 1);
	RUN(GATEWAY_LEAVE, text("stopped"), number(1));
	enter("dead", 0, 5);
	words("UPDATE gateway SET alive_until = %s WHERE name <> 'alive'", from_now(-1));
	ASK(GATEWAY_DEAD);
	ck_assert_uint_eq(nanswers, 1);
	ck_assert_str_eq(cell(0, "name"), "dead");
	ck_assert_str_eq(cell(0, "epoch"), "5");
	RUN(GATEWAY_BURY, text("dead"), number(4));
	ck_assert_uint_eq(changed, 0);
	RUN(GATEWAY_BURY, text("alive"), number(1));
	ck_assert_uint_eq(changed, 0);
	RUN(GATEWAY_BURY, text("dead"), number(5));
	ck_assert_uint_eq(changed, 1);
	RUN(GATEWAY_BURY, text("dead"), number(5));
	ck_assert_uint_eq(changed, 0);
	enter("dead", 5, 6);
	ck_assert_uint_eq(changed, 1);
	end();
}
END_TEST

START_TEST(rows_of_a_dead_owner_go_the_way_of_their_doubt)
{
	begin(_i);
	const long long silent = put(CLAIMED, CLAIMED_BY("gw/1"));
	const long long resend = put(CLAIMED ", in_doubt", CLAIMED_BY("gw/1") ", 'resend'");
	const long long hold = put(CLAIMED ", in_doubt", CLAIMED_BY("gw/1") ", 'hold'");
	const long long other = put(CLAIMED, CLAIMED_BY("gw/2"));
	RUN(RECOVER, text("gw/1"), text("hold"), text("it died"));
	ck_assert_uint_eq(changed, 3);
	ck_assert_str_eq(row(silent),
	    "doubtful queue=2 lane=- owner=gw/1 attempts=1 link=- id=- error=-/it died");
	ck_assert_str_eq(row(resend),
	    "queued queue=0 lane=- owner=- attempts=1 link=- id=- error=-/it died");
	ck_assert_str_eq(status(hold), "doubtful");
	ck_assert_str_eq(status(other), "sending");
	RUN(RECOVER, text("gw/2"), text("resend"), text("it died"));
	ck_assert_str_eq(status(other), "queued");
	RUN(RECOVER, text("gw/2"), text("resend"), text("it died"));
	ck_assert_uint_eq(changed, 0);
	end();
}
END_TEST

/* Claims */

static void claim(const char *route, int max)
{
	static int64_t token = 100;
	RUN(CLAIM, text("gw/1"), number(++token), text(route), number(max), text(""));
}

START_TEST(a_claim_takes_the_best_priority_first_and_then_the_oldest)
{
	static const struct { int priority, age; } rows[] = {
		{ 5, 100 }, { 1, 10 }, { 0, 1 }, { 1, 20 }, { 9, 500 }, { 0, 5 }, { 1, 15 },
	};
	static const int order[] = { 5, 2, 3, 6, 1, 0, 4 };
	long long ids[7];
	begin(_i);
	for (size_t i = 0; i < 7; i++) {
		ids[i] = put("priority, send_after", "%d, %s", rows[i].priority, from_now(-rows[i].age));
	}
	static const struct { int max; size_t got; } claims[] = { { 3, 3 }, { 2, 2 }, { 9, 2 }, { 9, 0 } };
	for (size_t i = 0, at = 0; i < 4; i++) {
		claim("", claims[i].max);
		ck_assert_uint_eq(nanswers, claims[i].got);
		for (size_t k = 0; k < claims[i].got; k++)
			ck_assert_uint_ne(row_of(ids[order[at++]]), SIZE_MAX);
	}
	end();
}
END_TEST

START_TEST(rows_for_later_neither_come_nor_stand_in_the_way)
{
	begin(_i);
	words("INSERT INTO outbox (recipient, priority, send_after) VALUES ('1', 0, %s), ('2', 1, %s), "
	    "('3', 1, %s)", from_now(3600), from_now(60), from_now(3600));
	const long long now = put("priority", "2");
	claim("", 10);
	ck_assert_uint_eq(nanswers, 1);
	ck_assert_uint_eq(row_of(now), 0);
	end();
}
END_TEST

START_TEST(a_claim_is_of_one_route_or_of_one_links_lane)
{
	begin(_i);
	const long long usual = put("body", "'x'");
	const long long bulk = put("route", "'bulk'");
	const long long parked = put("queue, lane", "3, 'acme'");
	const long long later = put("queue, lane, send_after", "3, 'acme', '2200-01-01 00:00:00'");
	put("queue, lane", "3, 'beta'");
	claim("bulk", 10);
	ck_assert_uint_eq(nanswers, 1);
	ck_assert_uint_eq(row_of(bulk), 0);
	ck_assert_str_eq(cell(0, "route"), "bulk");
	claim("", 10);
	ck_assert_uint_eq(nanswers, 1);
	ck_assert_uint_eq(row_of(usual), 0);
	RUN(CLAIM_PARKED, text("gw/1"), number(9), text("acme"), number(10));
	ck_assert_uint_eq(nanswers, 1);
	ck_assert_uint_eq(row_of(parked), 0);
	ck_assert_str_eq(row(parked),
	    "sending queue=1 lane=- owner=gw/1 attempts=1 link=- id=- error=-/-");
	ck_assert_str_eq(status(later), "queued");
	end();
}
END_TEST

START_TEST(a_claim_gives_back_every_column)
{
	begin(_i);
	const char *hex = pgsql_outside ? "'\\x00FF'" : "x'00FF'";
	const long long id = put("body, sender, data, kind, route, link, priority, send_after, expires_at, "
	    "receipt, in_doubt, options, attempts", "'Hello', 'ACME', %s, 'flash', 'bulk', 'acme', 3, "
	    "'2020-01-02 03:04:05.678', '2100-01-01 00:00:00', %s, 'hold', '{\"class\": 1}', 2", hex,
	    pgsql_outside ? "false" : "0");
	claim("bulk", 10);
	ck_assert_uint_eq(nanswers, 1);
	ck_assert_int_eq(cell_number(0, "id"), id);
	static const char *const wanted[][2] = {
		{ "priority", "3" }, { "send_after_ms", "1577934245678" }, { "status", "sending" },
		{ "route", "bulk" }, { "link", "acme" }, { "sender", "ACME" },
		{ "recipient", "+49 151-1234567" }, { "kind", "flash" }, { "body", "Hello" },
		{ "data", "00FF" }, { "options", "{\"class\": 1}" }, { "receipt", "0" },
		{ "in_doubt", "hold" }, { "attempts", "3" }, { "expires_at", "4102444800" },
		{ "taken", "NULL" },
	};
	for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++)
		ck_assert_str_eq(cell(0, wanted[i][0]), wanted[i][1]);
	put("body", "''");
	claim("", 10);
	static const char *const bare[][2] = {
		{ "link", "" }, { "sender", "" }, { "kind", "text" }, { "body", "" }, { "data", "NULL" },
		{ "options", "NULL" }, { "receipt", "1" }, { "in_doubt", "NULL" }, { "attempts", "1" },
		{ "expires_at", "NULL" }, { "priority", "1" },
	};
	for (size_t i = 0; i < sizeof bare / sizeof *bare; i++)
		ck_assert_str_eq(cell(0, bare[i][0]), bare[i][1]);
	end();
}
END_TEST

START_TEST(rows_that_are_not_to_be_sent_leave_the_queue)
{
	begin(_i);
	const long long cancelled = put("body", "'x'"), held = put("body", "'x'"), over = put(
	    "expires_at", "%s", from_now(-1)), good = put("expires_at", "%s", from_now(60));
	words("UPDATE outbox SET status = 'cancelled' WHERE id = %lld", cancelled);
	words("UPDATE outbox SET status = 'held' WHERE id = %lld", held);
	claim("", 10);
	ck_assert_uint_eq(nanswers, 4);
	ck_assert_str_eq(cell(row_of(cancelled), "status"), "cancelled");
	ck_assert_str_eq(cell(row_of(held), "status"), "held");
	ck_assert_str_eq(cell(row_of(over), "status"), "expired");
	ck_assert_str_eq(cell(row_of(good), "status"), "sending");
	ck_assert_int_eq(count("SELECT count(*) FROM outbox WHERE queue = 2 AND attempts = %d AND "
	    "id IN (%lld, %lld)", 0, cancelled, held), 2);
	ck_assert_int_eq(count("SELECT count(*) FROM outbox WHERE done_at IS NOT NULL AND id IN "
	    "(%lld, %lld)", cancelled, over), 2);
	ck_assert_int_eq(count("SELECT count(*) FROM outbox WHERE queue = 2 AND id = %lld AND "
	    "error_text = 'expired before it was sent'", over), 1);
	ck_assert_int_eq(count("SELECT count(*) FROM outbox WHERE id = %lld AND done_at IS NULL", held), 1);
	claim("", 10);
	ck_assert_uint_eq(nanswers, 0);
	end();
}
END_TEST

START_TEST(a_claim_is_read_again_by_owner_and_token)
{
	begin(_i);
	for (int i = 0; i < 4; i++)
		put("body", "'x'");
	RUN(CLAIM, text("gw/1"), number(7), text(""), number(2), text(""));
	RUN(CLAIM, text("gw/1"), number(8), text(""), number(2), text(""));
	RUN(CLAIM_READ, text("gw/1"), number(7));
	ck_assert_uint_eq(nanswers, 2);
	ck_assert_str_eq(cell(0, "attempts"), "1");
	ck_assert_str_eq(cell(0, "status"), "sending");
	RUN(CLAIM_READ, text("gw/2"), number(7));
	ck_assert_uint_eq(nanswers, 0);
	RUN(CLAIM_READ, text("gw/1"), number(9));
	ck_assert_uint_eq(nanswers, 0);
	end();
}
END_TEST

START_TEST(a_message_tried_before_names_the_parts_that_were_taken)
{
	begin(_i);
	const long long id = put("attempts, parts", "1, 4");
	words("INSERT INTO outbox_part (outbox_id, part, link, status) VALUES (%lld, 1, 'acme', 'sent'), "
	    "(%lld, 2, 'acme', 'queued'), (%lld, 3, 'acme', 'delivered'), (%lld, 4, 'acme', 'undelivered')",
	    id, id, id, id);
	claim("", 10);
	ck_assert_msg(strcmp(cell(0, "taken"), "1:0,3:0") == 0 || strcmp(cell(0, "taken"), "3:0,1:0") == 0,
	    "%s", cell(0, "taken"));
	end();
}
END_TEST

/* Settlements */

#define SETTLEMENT(id, owner, status, queue, lane, retry, untried, link, parts, message, code, why) \
	number(id), text(owner), text(status), number(queue), text(lane), number(retry), \
	number(untried), text(link), number(parts), text(message), number(code), text(why), text("gsm7")

START_TEST(each_settlement_is_written_as_told)
{
	begin(_i);
	long long ids[5];
	for (size_t i = 0; i < 5; i++)
		ids[i] = put(CLAIMED, CLAIMED_BY("gw/1"));
	RUN(SETTLE,
	    SETTLEMENT(ids[0], "gw/1", "sent", 2, "", 0, 0, "acme", 1, "00AB", 0, ""),
	    SETTLEMENT(ids[1], "gw/1", "queued", 0, "", 0, 1, "", 1, "", 88, "throttled"),
	    SETTLEMENT(ids[2], "gw/1", "queued", 3, "acme", 0, 1, "", 1, "", 0, "no room"),
	    SETTLEMENT(ids[3], "gw/1", "failed", 2, "", 0, 0, "acme", 1, "", 4294967295, "refused"),
	    SETTLEMENT(ids[4], "gw/1", "doubtful", 2, "", 0, 0, "acme", 1, "", 0, "no answer"));
	ck_assert_uint_eq(changed, 5);
	static const char *const wanted[] = {
		"sent queue=2 lane=- owner=gw/1 attempts=1 link=acme id=00AB error=-/- sent",
		"queued queue=0 lane=- owner=- attempts=0 link=- id=- error=88/throttled",
		"queued queue=3 lane=acme owner=- attempts=0 link=- id=- error=-/no room",
		"failed queue=2 lane=- owner=gw/1 attempts=1 link=acme id=- error=4294967295/refused done",
		"doubtful queue=2 lane=- owner=gw/1 attempts=1 link=acme id=- error=-/no answer",
	};
	for (size_t i = 0; i < 5; i++)
		ck_assert_str_eq(row(ids[i]), wanted[i]);
	end();
}
END_TEST

START_TEST(a_settlement_is_only_for_who_holds_the_row)
{
	begin(_i);
	const long long other = put(CLAIMED, CLAIMED_BY("gw/2"));
	const long long done = put("queue, status, owner", "2, 'sent', 'gw/1'");
	const long long doubt = put("queue, status, owner", "2, 'doubtful', 'gw/1'");
	RUN(SETTLE,
	    SETTLEMENT(other, "gw/1", "failed", 2, "", 0, 0, "acme", 1, "", 0, "no"),
	    SETTLEMENT(done, "gw/1", "failed", 2, "", 0, 0, "acme", 1, "", 0, "no"),
	    SETTLEMENT(doubt, "gw/1", "sent", 2, "", 0, 0, "acme", 1, "7", 0, ""));
	ck_assert_uint_eq(changed, 1);
	ck_assert_str_eq(status(other), "sending");
	ck_assert_str_eq(status(done), "sent");
	ck_assert_str_eq(status(doubt), "sent");
	end();
}
END_TEST

START_TEST(a_deferred_row_waits_as_long_as_told)
{
	begin(_i);
	const long long later = put(CLAIMED, CLAIMED_BY("gw/1")), now = put(CLAIMED ", send_after",
	    CLAIMED_BY("gw/1") ", '2020-01-01 00:00:00'");
	words("UPDATE outbox SET link_used = 'old', message_id = 'older', parts = 3 WHERE id = %lld", now);
	RUN(SETTLE,
	    SETTLEMENT(later, "gw/1", "queued", 0, "", 30000, 0, "acme", 2, "", 0, "busy"),
	    SETTLEMENT(now, "gw/1", "queued", 0, "", 0, 0, "", 0, "", 0, ""));
	ck_assert_int_eq(count("SELECT count(*) FROM outbox WHERE id = %lld AND send_after > %s AND "
	    "send_after < %s AND parts = 2", later, from_now(25), from_now(31)), 1);
	ck_assert_int_eq(count("SELECT count(*) FROM outbox WHERE id = %lld AND send_after < "
	    "'2020-01-01 00:00:01' AND link_used = 'old' AND message_id = 'older' AND parts = 3", now), 1);
	end();
}
END_TEST

#define PART(id, part, link, message, status, code, why) \
	number(id), number(part), text(link), text(message), text(status), number(code), text(why), number(7), \
	text("")
/* The same of one of several recipients. */
#define SHARE(id, part, message, status, recipient) \
	number(id), number(part), text("acme"), text(message), text(status), number(0), text(""), number(7), \
	text(recipient)

static const char *part(long long id, int number_)
{
	return words("SELECT CAST(status AS text) || ' ' || link || ' ' || message_id || ' ' || "
	    "coalesce(CAST(error_code AS text), '-') || '/' || coalesce(error_text, '-') "
	    "FROM outbox_part WHERE outbox_id = %lld AND part = %d", id, number_);
}

START_TEST(a_part_that_was_taken_stays_taken)
{
	begin(_i);
	RUN(PART_PUT, PART(1, 1, "acme", "a1", "sent", 0, ""), PART(1, 2, "acme", "", "queued", 88, "busy"),
	    PART(1, 3, "acme", "a3", "sent", 0, ""));
	ck_assert_str_eq(part(1, 1), "sent acme a1 -/-");
	ck_assert_str_eq(part(1, 2), "queued acme  88/busy");
	words("UPDATE outbox_part SET status = 'undelivered' WHERE part = 3");
	RUN(PART_PUT, PART(1, 1, "beta", "b1", "queued", 0, ""), PART(1, 2, "beta", "b2", "sent", 0, ""),
	    PART(1, 3, "acme", "a3", "sent", 0, ""));
	ck_assert_str_eq(part(1, 1), "sent acme a1 -/-");
	ck_assert_str_eq(part(1, 2), "sent beta b2 -/-");
	/* Told again, not sent again: */
	ck_assert_str_eq(part(1, 3), "undelivered acme a3 -/-");
	RUN(PART_PUT, PART(1, 3, "beta", "b3", "sent", 0, ""));
	ck_assert_str_eq(part(1, 3), "sent beta b3 -/-");
	/* Cut anew, it is another part. */
	words("UPDATE outbox_part SET digest = 8 WHERE part = 3");
	RUN(PART_PUT, PART(1, 3, "main", "", "queued", 0, ""));
	ck_assert_str_eq(part(1, 3), "queued main  -/-");
	end();
}
END_TEST

/* Receipts */

#define RECEIPT(n, link, key, recipient, status, code, why) \
	number(n), text(link), text(key), text(recipient), text(status), number(code), text(why)
/* The same to parts, which may have recipients of their own. */
#define RECEIPT_FROM(n, link, key, recipient, status, code, why, source) \
	RECEIPT(n, link, key, recipient, status, code, why), text(source)

/* What a receipt makes of a row that has a status. */
static const char *moved(const char *status, const char *receipt)
{
	if (strcmp(status, "sent") == 0 || strcmp(status, "doubtful") == 0 ||
	    (strcmp(status, "undelivered") == 0 && strcmp(receipt, "delivered") == 0))
		return receipt;
	return status;
}

START_TEST(a_receipt_moves_a_message_forward_and_never_back)
{
	static const char *const receipts[] = { "sent", "delivered", "undelivered" };
	long long ids[STATUSES * 3];
	char keys[STATUSES * 3][16];
	begin(_i);
	for (size_t i = 0; i < STATUSES * 3; i++) {
		snprintf(keys[i], sizeof keys[i], "k%zu", i);
		ids[i] = put("queue, status, link_used, message_id", "2, '%s', 'acme', '%s'",
		    statuses[i / 3], keys[i]);
	}
	for (size_t i = 0; i < STATUSES * 3; i++) {
		RUN(CONFIRM, RECEIPT((int)i, "acme", keys[i], "", receipts[i % 3], 5, "why"));
		ck_assert_uint_eq(nanswers, 1);
		ck_assert_int_eq(cell_number(0, "n"), (long long)i);
		ck_assert_int_eq(cell_number(0, "id"), ids[i]);
		ck_assert_str_eq(status(ids[i]), moved(statuses[i / 3], receipts[i % 3]));
	}
	ck_assert_int_eq(count("SELECT count(*) FROM outbox WHERE done_at IS NOT NULL"), 5);
	ck_assert_int_eq(count("SELECT count(*) FROM outbox WHERE queue <> 2"), 0);
	end();
}
END_TEST

START_TEST(a_receipt_finds_the_newest_message_of_its_link_and_id)
{
	begin(_i);
	const char *columns = "queue, status, link_used, message_id, parts";
	const long long old = put(columns, "2, 'sent', 'acme', '00AbC', 1");
	const long long new = put(columns, "2, 'sent', 'acme', 'aBc', NULL");
	put(columns, "2, 'sent', 'beta', 'abc', 1");
	put(columns, "2, 'sent', 'acme', 'abc', 2");
	put(columns, "2, 'sent', 'acme', 'abcd', 1");
	put(columns, "2, 'sent', 'acme', NULL, 1");
	RUN(CONFIRM, RECEIPT(3, "acme", "abc", "", "undelivered", 27, "absent"),
	    RECEIPT(4, "gamma", "abc", "", "delivered", 0, ""),
	    RECEIPT(5, "acme", "x", "", "delivered", 0, ""));
	ck_assert_uint_eq(nanswers, 1);
	ck_assert_str_eq(cell(0, "n"), "3");
	ck_assert_int_eq(cell_number(0, "id"), new);
	ck_assert_str_eq(row(new),
	    "undelivered queue=2 lane=- owner=- attempts=0 link=acme id=aBc error=27/absent done");
	RUN(CONFIRM, RECEIPT(1, "acme", "abc", "", "delivered", 0, ""));
	ck_assert_str_eq(row(new),
	    "delivered queue=2 lane=- owner=- attempts=0 link=acme id=aBc error=-/- done");
	ck_assert_str_eq(status(old), "sent");
	end();
}
END_TEST

START_TEST(a_recipient_agrees_by_its_last_seven_digits)
{
	static const struct { const char *written, *told; bool agrees; } cases[] = {
		{ "+491511234567", "491511234567", true },
		{ "0151/123 45-67", "491511234567", true },
		{ "(0151) 123.45.67", "491511234567", true },
		{ "491511234567", "491511234568", false },
		{ "491511234567", "4915", false },
		{ "12345", "12345", true },
		{ "+12345", "12345", true },
	};
	begin(_i);
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		char key[16];
		snprintf(key, sizeof key, "k%zu", i);
		const long long id = count("INSERT INTO outbox (recipient, queue, status, link_used, "
		    "message_id) VALUES ('%s', 2, 'sent', 'acme', '%s') RETURNING id", cases[i].written, key);
		words("INSERT INTO outbox_part (outbox_id, part, link, message_id, status) "
		    "VALUES (%lld, 1, 'acme', '%s', 'sent')", id, key);
		RUN(CONFIRM, RECEIPT(1, "acme", key, cases[i].told, "delivered", 0, ""));
		ck_assert_msg((nanswers == 1) == cases[i].agrees, "%s %s", cases[i].written, cases[i].told);
		RUN(CONFIRM_PART, RECEIPT_FROM(1, "acme", key, cases[i].told, "delivered", 0, "", ""));
		ck_assert_msg((nanswers == 1) == cases[i].agrees, "%s %s", cases[i].written, cases[i].told);
	}
	end();
}
END_TEST

/* What receipts say of the two parts of a message, and what it is then. */
static const struct { const char *first, *second, *whole; } folds[] = {
	{ "delivered", "delivered", "delivered" },
	{ "delivered", "sent", "sent" },
	{ "delivered", "undelivered", "undelivered" },
	{ "undelivered", "sent", "sent" },
	{ "undelivered", "undelivered", "undelivered" },
	{ "sent", "sent", "sent" },
};

START_TEST(a_message_of_several_parts_is_what_its_parts_are)
{
	begin(_i);
	for (size_t i = 0; i < sizeof folds / sizeof *folds; i++) {
		char first[16], second[16];
		snprintf(first, sizeof first, "a%zu", i);
		snprintf(second, sizeof second, "b%zu", i);
		const long long id = put("queue, status, link_used, message_id, parts",
		    "2, 'sent', 'acme', 'x', 2");
		RUN(PART_PUT, PART(id, 1, "acme", first, "sent", 0, ""),
		    PART(id, 2, "acme", second, "sent", 0, ""));
		RUN(CONFIRM_PART, RECEIPT_FROM(8, "acme", first, "", folds[i].first, 2, "first", ""),
		    RECEIPT_FROM(9, "acme", second, "", folds[i].second, 1, "second", "4915"));
		ck_assert_uint_eq(nanswers, 2);
		ck_assert_int_eq(strtoll(answers[0][1], NULL, 10), id);
		RUN(FOLD, number(id));
		ck_assert_str_eq(status(id), folds[i].whole);
		const bool final = strcmp(folds[i].whole, "sent") != 0;
		ck_assert_int_eq(count("SELECT count(*) FROM outbox WHERE id = %lld AND done_at IS NOT NULL",
		    id), final);
		/* Why not: in the words of one of the parts, with that part's code. */
		const char *why = words("SELECT coalesce(error_code || error_text, '') FROM outbox "
		    "WHERE id = %lld", id);
		if (strcmp(folds[i].whole, "undelivered") == 0)
			ck_assert_msg((strcmp(why, "2first") == 0 && strcmp(folds[i].first, "undelivered") == 0)
			    || (strcmp(why, "1second") == 0 && strcmp(folds[i].second, "undelivered") == 0),
			    "%s", why);
		else
			ck_assert_str_eq(why, "");
	}
	end();
}
END_TEST

START_TEST(a_fold_waits_for_parts_that_are_missing_and_does_not_touch_the_queue)
{
	begin(_i);
	const long long missing = put("queue, status, parts", "2, 'sent', 3");
	const long long queued = put("queue, status, parts", "0, 'queued', 2");
	const long long fewer = put("queue, status, parts", "2, 'sent', 1");
	for (int i = 1; i <= 2; i++)
		RUN(PART_PUT, PART(missing, i, "acme", "", "delivered", 0, ""),
		    PART(queued, i, "acme", "", "delivered", 0, ""));
	RUN(FOLD, number(missing), number(queued), number(fewer), number(999));
	ck_assert_str_eq(status(missing), "sent");
	ck_assert_str_eq(status(queued), "queued");
	ck_assert_str_eq(status(fewer), "sent");
	RUN(PART_PUT, PART(missing, 3, "acme", "", "delivered", 0, ""));
	RUN(FOLD, number(missing));
	ck_assert_str_eq(status(missing), "delivered");
	end();
}
END_TEST

START_TEST(a_fold_does_not_count_parts_of_a_longer_text_sent_before)
{
	begin(_i);
	const long long id = put("queue, status, parts", "2, 'sent', 2");
	RUN(PART_PUT, PART(id, 1, "acme", "a", "delivered", 0, ""),
	    PART(id, 2, "acme", "b", "delivered", 0, ""), PART(id, 3, "acme", "c", "undelivered", 1, "x"));
	RUN(FOLD, number(id));
	ck_assert_str_eq(status(id), "delivered");
	end();
}
END_TEST

/* A gateway that is told of one part of a message, by two links of which another has the other. */
struct told { struct db *db; long long id; const char *key; pthread_barrier_t *both; enum db_result result; };

static enum db_result tell_part(struct told *told, bool waits)
{
	const struct value receipt[] = { RECEIPT_FROM(1, "acme", told->key, "", "delivered", 0, "", "") };
	const struct value id = number(told->id);
	struct db_error ignored;
	enum db_result result = engine->transact(told->db, EDGE_BEGIN, &ignored);
	if (result == DB_OK)
		result = engine->run(told->db, STATEMENT_CONFIRM_PART, receipt, 8, 1, NULL, NULL, NULL, &ignored);
	if (told->both && waits)
		pthread_barrier_wait(told->both);
	if (result == DB_OK)
		result = engine->run(told->db, STATEMENT_FOLD_LOCK, &id, 1, 1, NULL, NULL, NULL, &ignored);
	if (told->both && !waits)
		pthread_barrier_wait(told->both);
	if (result == DB_OK)
		result = engine->run(told->db, STATEMENT_FOLD, &id, 1, 1, NULL, NULL, NULL, &ignored);
	return result == DB_OK ? engine->transact(told->db, EDGE_COMMIT, &ignored) : result;
}

static void *be_told(void *ctx)
{
	struct told *told = ctx;
	told->result = tell_part(told, true);
	return NULL;
}

START_TEST(of_two_gateways_told_of_the_last_parts_at_a_time_one_folds)
{
	begin(_i);
	for (int i = 0; engine->connections > 1 && i < 5; i++) {
		char first[16], second[16];
		snprintf(first, sizeof first, "a%d", i);
		snprintf(second, sizeof second, "b%d", i);
		const long long id = put("queue, status, link_used, message_id, parts",
		    "2, 'sent', 'acme', 'x', 2");
		RUN(PART_PUT, PART(id, 1, "acme", first, "sent", 0, ""), PART(id, 2, "acme", second, "sent", 0, ""));
		pthread_barrier_t both;
		pthread_barrier_init(&both, NULL, 2);
		struct told here = { db, id, first, &both, DB_BROKEN };
		struct told other = { connection(), id, second, &both, DB_BROKEN };
		pthread_t thread;
		ck_assert_int_eq(pthread_create(&thread, NULL, be_told, &other), 0);
		here.result = tell_part(&here, false);
		pthread_join(thread, NULL);
		pthread_barrier_destroy(&both);
		/* MariaDB finds that they wait for each other, and one is to ask again. */
		here.both = other.both = NULL;
		if (other.result == DB_AGAIN)
			other.result = tell_part(&other, true);
		if (here.result == DB_AGAIN)
			here.result = tell_part(&here, true);
		ck_assert(here.result == DB_OK && other.result == DB_OK);
		engine->close(other.db);
		ck_assert_str_eq(status(id), "delivered");
	}
	end();
}
END_TEST

#define KEPT(link, id, status, outbox) text(link), text(id), text("4915"), text(status), \
	text("WORD"), number(3), text("why"), null(), outbox, text("")

START_TEST(a_receipt_without_a_message_is_kept_until_it_is_matched)
{
	begin(_i);
	RUN(RECEIPT_PUT, KEPT("acme", "0AB", "sent", null()), KEPT("acme", "ab", "delivered", null()),
	    KEPT("acme", "ab", "delivered", number(7)), KEPT("beta", "ab", "sent", null()));
	ck_assert_int_eq(count("SELECT count(*) FROM receipt"), 4);
	RUN(OVERTAKEN, text("acme"), text("ab"), text("gamma"), text("ab"));
	ck_assert_uint_eq(nanswers, 2);
	ck_assert_str_eq(cell(0, "message_id"), "0AB");
	ck_assert_str_eq(cell(0, "status"), "sent");
	ck_assert_str_eq(cell(0, "word"), "WORD");
	ck_assert_str_eq(cell(0, "code"), "3");
	ck_assert_str_eq(cell(0, "text"), "why");
	const long long first = cell_number(0, "receipt_id"), second = cell_number(1, "receipt_id");
	RUN(RECEIPT_OPEN, number(2), number(3600), number(0), number(0));
	ck_assert_uint_eq(nanswers, 2);
	ck_assert_int_eq(cell_number(0, "receipt_id"), first);
	ck_assert_int_eq(cell_number(1, "receipt_id"), second);
	const long long at = cell_number(1, "received_at_ms");
	RUN(RECEIPT_OPEN, number(10), number(3600), number(at), number(second));
	ck_assert_uint_eq(nanswers, 1);
	ck_assert_str_eq(cell(0, "link"), "beta");
	RUN(RECEIPT_OPEN, number(10), number(3600), number(at + 60000), number(0));
	ck_assert_uint_eq(nanswers, 0);
	RUN(RECEIPT_MATCHED, number(first), number(70), number(second), number(71));
	ck_assert_int_eq(count("SELECT outbox_id FROM receipt WHERE id = %lld", second), 71);
	RUN(OVERTAKEN, text("acme"), text("ab"));
	ck_assert_uint_eq(nanswers, 0);
	RUN(RECEIPT_OPEN, number(10), number(3600), number(0), number(0));
	ck_assert_uint_eq(nanswers, 1);
	ck_assert_str_eq(cell(0, "link"), "beta");
	words("UPDATE receipt SET received_at = %s", from_now(-3700));
	RUN(RECEIPT_OPEN, number(10), number(3600), number(0), number(0));
	ck_assert_uint_eq(nanswers, 0);
	RUN(RECEIPT_OPEN, number(10), number(3800), number(0), number(0));
	ck_assert_uint_eq(nanswers, 1);
	end();
}
END_TEST

/* Time that is over */

START_TEST(what_nobody_claims_expires_in_its_lane)
{
	begin(_i);
	const long long ready = put("expires_at, route, queue", "%s, 'nobody', 0", from_now(-1));
	const long long parked = put("expires_at, queue, lane", "%s, 3, 'acme'", from_now(-1));
	const long long sending = put("expires_at, queue, status", "%s, 1, 'sending'", from_now(-1));
	const long long held = put("expires_at, status", "%s, 'held'", from_now(-1));
	const long long later = put("expires_at", "%s", from_now(60)), never = put("body", "'x'");
	RUN(EXPIRE, number(1));
	ck_assert_uint_eq(changed, 1);
	RUN(EXPIRE, number(100));
	ck_assert_uint_eq(changed, 1);
	ck_assert_str_eq(status(ready), "expired");
	ck_assert_str_eq(row(parked), "expired queue=2 lane=acme owner=- attempts=0 link=- id=- "
	    "error=-/expired before it was sent done");
	ck_assert_str_eq(status(sending), "sending");
	ck_assert_str_eq(status(held), "held");
	ck_assert_str_eq(status(later), "queued");
	ck_assert_str_eq(status(never), "queued");
	end();
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		a_lease_is_taken_only_from_the_epoch_that_was_read,
		a_lease_is_renewed_by_its_holder_until_it_is_buried_or_taken,
		the_dead_are_found_and_buried_once,
		rows_of_a_dead_owner_go_the_way_of_their_doubt,
		a_claim_takes_the_best_priority_first_and_then_the_oldest,
		rows_for_later_neither_come_nor_stand_in_the_way,
		a_claim_is_of_one_route_or_of_one_links_lane,
		a_claim_gives_back_every_column,
		rows_that_are_not_to_be_sent_leave_the_queue,
		a_claim_is_read_again_by_owner_and_token,
		a_message_tried_before_names_the_parts_that_were_taken,
		each_settlement_is_written_as_told,
		a_settlement_is_only_for_who_holds_the_row,
		a_deferred_row_waits_as_long_as_told,
		a_part_that_was_taken_stays_taken,
		a_receipt_moves_a_message_forward_and_never_back,
		a_receipt_finds_the_newest_message_of_its_link_and_id,
		a_recipient_agrees_by_its_last_seven_digits,
		a_message_of_several_parts_is_what_its_parts_are,
		a_fold_waits_for_parts_that_are_missing_and_does_not_touch_the_queue,
		a_fold_does_not_count_parts_of_a_longer_text_sent_before,
		of_two_gateways_told_of_the_last_parts_at_a_time_one_folds,
		a_receipt_without_a_message_is_kept_until_it_is_matched,
		what_nobody_claims_expires_in_its_lane,
	};
	return run_tests("statements", tests, sizeof tests / sizeof *tests);
}
