/* SPDX-License-Identifier: Apache-2.0 */
/*
 * check_receipts.c - what comes in from the network, over every engine: delivery
 * receipts find their messages in whatever order they come, messages of handsets
 * are stored once, and no octets of a peer's are too wild.
 */
#include "ledger_world.h"

/* Receipts */

START_TEST(a_receipt_moves_its_message_and_is_kept)
{
	begin_entered(_i);
	const long long good = sent("491511234567", "00A1", 1), bad = sent("491511234567", "A2", 1);
	struct receipt both[] = { receipt("a1", STATUS_DELIVERED), receipt("000a2", STATUS_UNDELIVERED) };
	both[0].code = 9;               /* some networks send one with every receipt */
	both[0].done_at = 1700000000;
	both[1].code = 27;
	snprintf(both[1].text, sizeof both[1].text, "absent subscriber");
	tell(both, 2);
	ck_assert_str_eq(status(good), "delivered");
	ck_assert_str_eq(words("SELECT error_code FROM outbox WHERE id = %lld", good), "NULL");
	ck_assert_str_eq(status(bad), "undelivered");
	ck_assert_str_eq(words("SELECT error_code || error_text FROM outbox WHERE id = %lld", bad),
	    "27absent subscriber");
	ck_assert_int_eq(count("SELECT count(*) FROM receipt WHERE outbox_id = %lld AND error_code = 9 "
	    "AND word = 'WORD' AND link = 'acme' AND recipient = '491511234567' "
	    "AND done_at >= '2023-11-14 22:13:20' AND done_at < '2023-11-14 22:13:21'", good), 1);
	ck_assert_int_eq(count("SELECT count(*) FROM receipt WHERE outbox_id = %lld", bad), 1);
	end_entered();
}
END_TEST

START_TEST(a_final_status_never_goes_back)
{
	begin_entered(_i);
	const long long id = sent("4915", "a1", 1), other = sent("4915", "a2", 1);
	tell_one("a1", STATUS_DELIVERED);
	tell_one("a1", STATUS_SENT);
	tell_one("a1", STATUS_UNDELIVERED);
	ck_assert_str_eq(status(id), "delivered");
	tell_one("a2", STATUS_UNDELIVERED);
	tell_one("a2", STATUS_SENT);
	ck_assert_str_eq(status(other), "undelivered");
	tell_one("a2", STATUS_DELIVERED);
	ck_assert_str_eq(status(other), "delivered");
	ck_assert_int_eq(count("SELECT count(*) FROM receipt WHERE outbox_id IS NOT NULL"), 6);
	end_entered();
}
END_TEST

START_TEST(receipts_of_one_id_in_one_batch_act_in_their_order)
{
	begin_entered(_i);
	const long long id = sent("4915", "a1", 1), other = sent("4915", "a2", 1);
	const struct receipt many[] = {
		receipt("a1", STATUS_SENT), receipt("a2", STATUS_UNDELIVERED),
		receipt("A1", STATUS_UNDELIVERED), receipt("a1", STATUS_SENT),
		receipt("0a1", STATUS_DELIVERED), receipt("a2", STATUS_SENT),
		receipt("a1", STATUS_DELIVERED),
	};
	tell(many, 7);
	ck_assert_str_eq(status(id), "delivered");
	ck_assert_str_eq(status(other), "undelivered");
	ck_assert_int_eq(count("SELECT count(*) FROM receipt WHERE outbox_id = %lld", id), 5);
	ck_assert_int_eq(count("SELECT count(*) FROM receipt WHERE outbox_id = %lld", other), 2);
	end_entered();
}
END_TEST

START_TEST(a_receipt_before_its_settlement_finds_it_when_it_comes)
{
	begin_entered(_i);
	const long long id = insert("4915"), parts = insert("4915");
	claim(&gw1, 1, CLAIM_MAX);
	answer(messages[0], VERDICT_SENT, 1, "00A1");
	answer(messages[1], VERDICT_SENT, 2, "b");
	const struct receipt early[] = { receipt("a1", STATUS_SENT), receipt("a1", STATUS_DELIVERED),
		receipt("b2", STATUS_DELIVERED), receipt("b1", STATUS_DELIVERED) };
	tell(early, 4);
	ck_assert_int_eq(count("SELECT count(*) FROM receipt WHERE outbox_id IS NULL"), 4);
	settle(&gw1);
	ck_assert_str_eq(status(id), "delivered");
	ck_assert_str_eq(status(parts), "delivered");
	ck_assert_int_eq(count("SELECT count(*) FROM receipt WHERE outbox_id = %lld", id), 2);
	ck_assert_int_eq(count("SELECT count(*) FROM receipt WHERE outbox_id = %lld", parts), 2);
	end_entered();
}
END_TEST

START_TEST(a_settlement_and_its_receipt_may_come_in_one_batch)
{
	begin_entered(_i);
	const long long id = insert("4915");
	claim(&gw1, 1, CLAIM_MAX);
	answer(messages[0], VERDICT_SENT, 1, "a1");
	const struct receipt one = receipt("a1", STATUS_DELIVERED);
	record(&gw1, &(struct facts){ .settled = messages, .nsettled = 1, .receipts = &one, .nreceipts = 1 });
	ck_assert_str_eq(status(id), "delivered");
	end_entered();
}
END_TEST

/* From the beginning to the end; how many receipts found their message. */
static size_t walk(long age_s)
{
	struct receipt_walk walk = { .age_s = age_s };
	size_t found = 0;
	for (int steps = 0; !walk.ended; steps++) {
		ck_assert_int_lt(steps, 10);
		GOOD(ledger_match(&gw1, &walk, &err));
		found += walk.found;
	}
	return found;
}

START_TEST(a_receipt_that_two_connections_passed_is_found_by_a_walk)
{
	begin_entered(_i);
	const long long id = sent("4915", "a1", 1);
	words("INSERT INTO receipt (link, message_id, status, error_code) "
	    "VALUES ('acme', '0A1', 'delivered', 9)");
	ck_assert_uint_eq(walk(3600), 1);
	ck_assert_str_eq(status(id), "delivered");
	ck_assert_str_eq(words("SELECT error_code FROM outbox WHERE id = %lld", id), "NULL");
	ck_assert_int_eq(count("SELECT outbox_id FROM receipt"), id);
	end_entered();
}
END_TEST

/* Others' receipts, on our account, never find one. */
START_TEST(a_walk_gets_past_receipts_that_nobody_sent)
{
	begin_entered(_i);
	const long long id = sent("4915", "a1", 1);
	words("INSERT INTO receipt (link, message_id, status, received_at) WITH RECURSIVE n (i) AS "
	    "(SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 900) SELECT 'acme', 77000 + i, 'delivered', %s FROM n",
	    from_now(-60));
	words("INSERT INTO receipt (link, message_id, status) VALUES ('acme', '0A1', 'delivered')");
	struct receipt_walk walk = { .age_s = 3600 };
	GOOD(ledger_match(&gw1, &walk, &err));
	ck_assert_uint_eq(walk.found, 0);
	ck_assert(!walk.ended);
	GOOD(ledger_match(&gw1, &walk, &err));
	ck_assert_uint_eq(walk.found, 1);
	ck_assert(walk.ended);
	ck_assert_int_eq(walk.after_id, 0);
	ck_assert_str_eq(status(id), "delivered");
	end_entered();
}
END_TEST

START_TEST(a_walk_is_as_long_as_it_is_told)
{
	begin_entered(_i);
	const long long id = sent("4915", "a1", 1);
	words("INSERT INTO receipt (link, message_id, status, received_at) VALUES ('acme', '0A1', 'delivered', %s)",
	    from_now(-60));
	ck_assert_uint_eq(walk(10), 0);
	ck_assert_str_eq(status(id), "sent");
	ck_assert_uint_eq(walk(120), 1);
	ck_assert_str_eq(status(id), "delivered");
	end_entered();
}
END_TEST

static void no_wish(void *ctx, const char *link, enum wanted wanted)
{
	(void)ctx, (void)link, (void)wanted;
}

START_TEST(a_receipt_on_another_link_of_the_account_finds_its_message)
{
	begin_entered(_i);
	const struct link_report links[] = {
		{ .name = "acme", .driver = "smpp", .state = "up", .account = "shop" },
		{ .name = "twin", .driver = "smpp", .state = "up", .account = "shop" },
		{ .name = "other", .driver = "smpp", .state = "up" },
		{ .name = "alone", .driver = "smpp", .state = "up" },
	};
	GOOD(ledger_links(&gw1, links, 4, no_wish, NULL, &err));
	const long long id = sent("4915", "a1", 1), parts = sent("4915", "b", 2),
	    foreign = sent("4915", "c1", 1);
	words("UPDATE outbox SET link_used = 'other' WHERE id = %lld", foreign);
	struct receipt on[] = { receipt("a1", STATUS_SENT), receipt("b1", STATUS_DELIVERED),
		receipt("b2", STATUS_DELIVERED), receipt("0A1", STATUS_DELIVERED),
		receipt("c1", STATUS_DELIVERED), receipt("c1", STATUS_DELIVERED) };
	for (size_t i = 0; i < 5; i++)
		snprintf(on[i].link, sizeof on[i].link, "twin");
	snprintf(on[5].link, sizeof on[5].link, "alone");
	tell(on, 6);
	ck_assert_str_eq(status(id), "delivered");
	ck_assert_str_eq(status(parts), "delivered");
	ck_assert_str_eq(status(foreign), "sent");
	ck_assert_int_eq(count("SELECT count(*) FROM receipt WHERE link = 'twin' AND outbox_id IS NOT NULL"), 4);
	/* One that overtook its message. */
	const long long late = insert("4915");
	claim(&gw1, 1, CLAIM_MAX);
	answer(messages[0], VERDICT_SENT, 1, "d1");
	struct receipt early = receipt("d1", STATUS_DELIVERED);
	snprintf(early.link, sizeof early.link, "twin");
	tell(&early, 1);
	settle(&gw1);
	ck_assert_uint_eq(walk(3600), 1);
	ck_assert_str_eq(status(late), "delivered");
	end_entered();
}
END_TEST

START_TEST(another_base_of_an_id_needs_the_recipient)
{
	begin_entered(_i);
	const long long id = sent("+49 1511 234567", "6699", 1), parts = sent("+49 1511 234567", "6700", 2);
	words("UPDATE outbox_part SET message_id = '6701' WHERE part = 1");
	struct receipt one = receipt("1a2b", STATUS_DELIVERED);
	snprintf(one.alternate[1], sizeof one.alternate[1], "06699");
	one.recipient[0] = '\0';
	tell(&one, 1);
	ck_assert_str_eq(status(id), "sent");
	snprintf(one.recipient, sizeof one.recipient, "491511234568");
	tell(&one, 1);
	ck_assert_str_eq(status(id), "sent");
	snprintf(one.recipient, sizeof one.recipient, "491511234567");
	tell(&one, 1);
	ck_assert_str_eq(status(id), "delivered");
	snprintf(one.network_id, sizeof one.network_id, "1a2d");
	snprintf(one.alternate[0], sizeof one.alternate[0], "6701");
	*one.alternate[1] = '\0';
	tell(&one, 1);
	ck_assert_int_eq(count("SELECT count(*) FROM outbox_part WHERE status = 'delivered' "
	    "AND outbox_id = %lld", parts), 1);
	ck_assert_int_eq(count("SELECT count(*) FROM receipt WHERE outbox_id IS NULL"), 2);
	end_entered();
}
END_TEST

/* Its ids have hour, reference and digits (modem_reports.c); what a report is about is computed. */
START_TEST(a_modems_report_finds_its_message_by_the_hour_after_a_restart)
{
	begin_entered(_i);
	const long long id = sent("01711 234567", "2025112800-007-11234567", 1),
	    short_code = sent("72345", "2025112800-008-72345", 1);
	begin_second(); /* another process, which remembers nothing */
	struct receipt one = receipt("2025112801-007-11234567", STATUS_DELIVERED);
	snprintf(one.recipient, sizeof one.recipient, "+491711234567");
	snprintf(one.alternate[0], sizeof one.alternate[0], "2025112802-007-11234567");
	snprintf(one.alternate[1], sizeof one.alternate[1], "2025112800-007-11234567");
	record(&gw2, &(struct facts){ .receipts = &one, .nreceipts = 1 });
	ck_assert_str_eq(status(id), "delivered");
	snprintf(one.network_id, sizeof one.network_id, "2025112723-008-72345");
	snprintf(one.alternate[0], sizeof one.alternate[0], "2025112800-008-72345");
	snprintf(one.recipient, sizeof one.recipient, "72345");
	record(&gw2, &(struct facts){ .receipts = &one, .nreceipts = 1 });
	ck_assert_str_eq(status(short_code), "delivered");
	end_entered();
}
END_TEST

START_TEST(a_receipt_before_its_settlement_in_another_base_is_found_by_a_walk)
{
	begin_entered(_i);
	const long long id = insert("4915111234567");
	claim(&gw1, 1, CLAIM_MAX);
	answer(messages[0], VERDICT_SENT, 1, "6699");
	struct receipt one = receipt("1a2b", STATUS_DELIVERED);
	snprintf(one.recipient, sizeof one.recipient, "4915111234567");
	snprintf(one.alternate[0], sizeof one.alternate[0], "6699");
	tell(&one, 1);
	settle(&gw1);
	ck_assert_str_eq(status(id), "sent");
	ck_assert_uint_eq(walk(3600), 1);
	ck_assert_str_eq(status(id), "delivered");
	end_entered();
}
END_TEST

START_TEST(the_id_itself_needs_no_recipient_and_an_empty_id_finds_nothing)
{
	begin_entered(_i);
	const long long zero = sent("4915", "000", 1), id = sent("4915", "a1", 1);
	struct receipt none = receipt("", STATUS_DELIVERED);
	tell(&none, 1);
	ck_assert_str_eq(status(zero), "sent");
	struct receipt other = receipt("a1", STATUS_DELIVERED);
	snprintf(other.recipient, sizeof other.recipient, "1");
	tell(&other, 1);
	ck_assert_str_eq(status(id), "delivered");
	tell_one("0", STATUS_DELIVERED);
	ck_assert_str_eq(status(zero), "delivered");
	ck_assert_int_eq(count("SELECT count(*) FROM receipt"), 3);
	end_entered();
}
END_TEST

START_TEST(a_message_of_several_parts_is_delivered_with_its_last)
{
	begin_entered(_i);
	const long long good = sent("4915", "a", 3), bad = sent("4915", "b", 2);
	tell_one("a1", STATUS_DELIVERED);
	tell_one("a3", STATUS_DELIVERED);
	ck_assert_str_eq(status(good), "sent");
	tell_one("a2", STATUS_DELIVERED);
	ck_assert_str_eq(status(good), "delivered");
	const struct receipt both[] = { receipt("b1", STATUS_UNDELIVERED), receipt("b2", STATUS_SENT) };
	tell(both, 2);
	ck_assert_str_eq(status(bad), "sent");
	tell_one("b2", STATUS_DELIVERED);
	ck_assert_str_eq(status(bad), "undelivered");
	ck_assert_str_eq(words("SELECT message_id FROM outbox WHERE id = %lld", good), "a1");
	ck_assert_str_eq(words("SELECT parts FROM outbox WHERE id = %lld", good), "3");
	end_entered();
}
END_TEST

/* Answers that came too late */

static struct receipt late(long long row, unsigned part, unsigned parts, enum status status, const char *id)
{
	struct receipt one = { .link = "acme", .row = row, .attempt = 1, .part = (uint8_t)part,
		.parts = (uint8_t)parts, .status = status };
	snprintf(one.network_id, sizeof one.network_id, "%s", id);
	if (status != STATUS_SENT)
		snprintf(one.text, sizeof one.text, "refused");
	return one;
}

/* A row that left and was never answered. */
static long long in_doubt(unsigned nparts, enum in_doubt policy)
{
	static int64_t token = 5000;
	const long long row = insert("491511234567");
	claim(&gw1, ++token, 1);
	answer(messages[0], VERDICT_DOUBTFUL, nparts, "");
	messages[0]->in_doubt = policy;
	settle(&gw1);
	return row;
}

START_TEST(a_late_answer_settles_a_row_in_doubt)
{
	begin_entered(_i);
	const long long good = in_doubt(1, DOUBT_HOLD), bad = in_doubt(1, DOUBT_HOLD);
	const long long busy = in_doubt(1, DOUBT_HOLD), other = in_doubt(1, DOUBT_HOLD);
	ck_assert_str_eq(status(good), "doubtful");
	tell_one("l1", STATUS_DELIVERED);   /* it overtook the answer */
	struct receipt some[] = { late(good, 1, 1, STATUS_SENT, "l1"), late(bad, 1, 1, STATUS_FAILED, ""),
		late(busy, 1, 1, STATUS_QUEUED, ""), late(other, 1, 1, STATUS_SENT, "l4") };
	some[3].attempt = 2;                /* of an attempt that never was */
	for (int again = 0; again < 2; again++)
		tell(some, 4);
	ck_assert_str_eq(status(good), "delivered");
	ck_assert_int_eq(count("SELECT count(*) FROM outbox WHERE id = %lld AND message_id = 'l1' AND sent_at "
	    "IS NOT NULL AND error_text IS NULL AND queue = 2", good), 1);
	ck_assert_str_eq(status(bad), "failed");
	ck_assert_str_eq(words("SELECT error_text FROM outbox WHERE id = %lld", bad), "refused");
	ck_assert_int_eq(count("SELECT count(*) FROM outbox WHERE id = %lld AND status = 'queued' AND queue = 0 "
	    "AND owner IS NULL", busy), 1);
	ck_assert_str_eq(status(other), "doubtful");
	tell(some, 1);
	ck_assert_str_eq(status(good), "delivered"); /* never back */
	ck_assert_int_eq(count("SELECT count(*) FROM receipt"), 1);
	end_entered();
}
END_TEST

START_TEST(a_late_answer_spares_a_row_from_being_sent_again)
{
	begin_entered(_i);
	const long long row = in_doubt(1, DOUBT_RESEND);
	ck_assert_str_eq(status(row), "queued");
	struct receipt one = late(row, 1, 1, STATUS_SENT, "l1");
	tell(&one, 1);
	ck_assert_str_eq(status(row), "sent");
	const long long again = in_doubt(1, DOUBT_RESEND);
	one = late(again, 1, 1, STATUS_FAILED, "");
	tell(&one, 1);
	ck_assert_str_eq(status(again), "queued"); /* it is asked again anyway */
	claim(&gw1, 9999, CLAIM_MAX);
	ck_assert_uint_eq(nmessages, 1);
	const struct receipt too_late = late(again, 1, 1, STATUS_SENT, "l2");
	tell(&too_late, 1);
	ck_assert_str_eq(status(again), "sending");
	end_entered();
}
END_TEST

START_TEST(late_answers_to_all_parts_settle_the_whole)
{
	begin_entered(_i);
	const long long row = in_doubt(3, DOUBT_HOLD), bad = in_doubt(2, DOUBT_HOLD);
	const struct receipt some[] = { late(row, 1, 3, STATUS_SENT, "l1"), late(row, 3, 3, STATUS_SENT, "l3"),
		late(bad, 1, 2, STATUS_SENT, "m1"), late(bad, 2, 2, STATUS_FAILED, "") };
	tell(some, 2);
	ck_assert_str_eq(status(row), "doubtful");
	const struct receipt last = late(row, 2, 3, STATUS_SENT, "l2");
	tell(&last, 1);
	ck_assert_str_eq(status(row), "sent");
	for (unsigned i = 1; i <= 3; i++) {
		char id[8];
		snprintf(id, sizeof id, "l%u", i);
		tell_one(id, STATUS_DELIVERED);
	}
	ck_assert_str_eq(status(row), "delivered");
	tell(some + 2, 2);
	ck_assert_str_eq(status(bad), "failed");
	/* To be sent again, the parts that arrived are left out. */
	const long long resent = in_doubt(2, DOUBT_RESEND);
	const struct receipt first = late(resent, 1, 2, STATUS_SENT, "n1");
	tell(&first, 1);
	ck_assert_str_eq(status(resent), "queued");
	claim(&gw1, 9999, CLAIM_MAX);
	ck_assert_uint_eq(nmessages, 1);
	ck_assert_uint_eq(messages[0]->taken[0], 1);
	end_entered();
}
END_TEST

/* Inbound */

START_TEST(an_arrival_is_stored_once)
{
	begin_entered(_i);
	struct inbound some[] = { inbound("x1", "hello"), inbound("x2", NULL), inbound("x1", "hello") };
	some[1].octets = (struct blob){ (const uint8_t *)"\0\xFF", 2 };
	some[1].udh = (struct blob){ (const uint8_t *)"\4\x70\2\1\2", 5 };
	some[1].received_at = 1700000000;
	for (int again = 0; again < 2; again++)
		record(&gw1, &(struct facts){ .inbounds = some, .ninbounds = 3 });
	ck_assert_int_eq(count("SELECT count(*) FROM inbox"), 2);
	ck_assert_int_eq(count("SELECT count(*) FROM inbox WHERE arrival = 'x1' AND body = 'hello' AND "
	    "kind = 'text' AND data IS NULL AND udh IS NULL AND parts = 1 AND missing = 0 AND "
	    "taken_at IS NULL AND received_at > %s", from_now(-60)), 1);
	ck_assert_int_eq(count("SELECT count(*) FROM inbox WHERE arrival = 'x2' AND body IS NULL AND "
	    "kind = 'binary' AND length(data) = 2 AND length(udh) = 5 AND encoding = 'binary' AND "
	    "received_at < '2023-11-15 00:00:00'"), 1);
	end_entered();
}
END_TEST

START_TEST(no_octets_of_a_peer_are_refused)
{
	begin_entered(_i);
	const long long id = insert("4915"), cut = insert("4915");
	claim(&gw1, 1, CLAIM_MAX);
	/* As long as an id can be, and longer when it is made valid. */
	char wild[NETWORK_ID_MAX];
	memset(wild, 0xFF, sizeof wild - 1);
	wild[sizeof wild - 1] = '\0';
	answer(messages[0], VERDICT_SENT, 1, wild);
	answer(messages[1], VERDICT_REJECTED, 1, "");
	snprintf(messages[1]->outcome.text, OUTCOME_TEXT_MAX, "caf\xE9 \xC3");
	struct receipt one = receipt(wild, STATUS_UNDELIVERED);
	snprintf(one.text, sizeof one.text, "\xC0\x80");
	snprintf(one.word, sizeof one.word, "\x80");
	snprintf(one.recipient, sizeof one.recipient, "\xFE");
	snprintf(one.alternate[0], NETWORK_ID_MAX, "\xED\xA0\x80");
	struct inbound in = inbound("\xF5", "\xFF text");
	snprintf(in.sender, sizeof in.sender, "\xE2\x82");
	record(&gw1, &(struct facts){ messages, 2, &one, 1, &in, 1, NULL, 0 });
	ck_assert_str_eq(status(id), "undelivered");
	ck_assert_str_eq(words("SELECT error_text FROM outbox WHERE id = %lld", cut),
	    "caf\xEF\xBF\xBD \xEF\xBF\xBD");
	ck_assert_str_eq(words("SELECT body FROM inbox"), "\xEF\xBF\xBD text");
	end_entered();
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		a_receipt_moves_its_message_and_is_kept,
		a_final_status_never_goes_back,
		receipts_of_one_id_in_one_batch_act_in_their_order,
		a_receipt_before_its_settlement_finds_it_when_it_comes,
		a_settlement_and_its_receipt_may_come_in_one_batch,
		a_receipt_that_two_connections_passed_is_found_by_a_walk,
		a_walk_gets_past_receipts_that_nobody_sent,
		a_walk_is_as_long_as_it_is_told,
		a_receipt_on_another_link_of_the_account_finds_its_message,
		another_base_of_an_id_needs_the_recipient,
		a_modems_report_finds_its_message_by_the_hour_after_a_restart,
		a_receipt_before_its_settlement_in_another_base_is_found_by_a_walk,
		the_id_itself_needs_no_recipient_and_an_empty_id_finds_nothing,
		a_message_of_several_parts_is_delivered_with_its_last,
		a_late_answer_settles_a_row_in_doubt,
		a_late_answer_spares_a_row_from_being_sent_again,
		late_answers_to_all_parts_settle_the_whole,
		an_arrival_is_stored_once,
		no_octets_of_a_peer_are_refused,
	};
	return run_tests("receipts", tests, sizeof tests / sizeof *tests);
}
