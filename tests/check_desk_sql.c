/* SPDX-License-Identifier: Apache-2.0 */
/*
 * check_desk_sql.c - statements for operators and what they look at, in every
 * dialect the same: the table of links, and all that smsqlctl asks.
 */
#include "engine_world.h"

/* Links */

static void report(const char *state, int64_t sent)
{
	RUN(LINK_PUT, text("gw"), text("acme"), text("smpp"), text(state), text("because"), number(10),
	    number(1), number(2), number(50), number(sent), number(4), number(5), number(6), text(""),
	    number(6000), number(0), number(200), number(0), number(7), number(sent), number(9),
	    number(sent ? 1764288000123 : 0),
	    text("gw"), text("beta"), text("loop"), text("up"), text(""), number(1), number(0), number(0),
	    number(0), number(0), number(0), number(0), number(0), text(""),
	    number(0), number(0), number(0), number(0), number(0), number(0), number(0), number(0));
}

START_TEST(since_moves_only_with_the_state_and_wanted_is_the_operators)
{
	begin(_i);
	report("connecting", 0);
	words("UPDATE link SET since = '2020-01-01 00:00:00', updated_at = '2020-01-01 00:00:00'");
	RUN(DESK_WANT, text("acme"), text("hold"));
	ck_assert_uint_eq(nanswers, 1);
	ck_assert_str_eq(cell(0, "gateway"), "gw");
	report("connecting", 3);
	ck_assert_int_eq(count("SELECT count(*) FROM link WHERE name = 'acme' AND sent = 3 AND failed = 4 "
	    "AND receipts = 5 AND received = 6 AND window_size = 10 AND since < '2020-01-02 00:00:00' "
	    "AND updated_at > '2020-01-02 00:00:00' AND reason = 'because'"), 1);
	report("up", 4);
	ck_assert_int_eq(count("SELECT count(*) FROM link WHERE name = 'acme' AND state = 'up' "
	    "AND since > '2020-01-02 00:00:00'"), 1);
	RUN(LINK_WANTED, text("gw"));
	ck_assert_uint_eq(nanswers, 2);
	const size_t acme = strcmp(cell(0, "name"), "acme") == 0 ? 0 : 1;
	ck_assert_str_eq(cell(acme, "wanted"), "hold");
	ck_assert_str_eq(cell(1 - acme, "wanted"), "run");
	RUN(LINK_WANTED, text("other"));
	ck_assert_uint_eq(nanswers, 0);
	ASK(DESK_LINKS);
	ck_assert_uint_eq(nanswers, 2);
	ck_assert_str_eq(cell(0, "name"), "acme");
	ck_assert_str_eq(cell(0, "window"), "10");
	ck_assert_str_eq(cell(0, "wanted"), "hold");
	end();
}
END_TEST

/* What is used is read by the next run, so a report that does not know it leaves it. */
START_TEST(what_a_link_has_used_is_kept_and_given_back)
{
	begin(_i);
	report("up", 0);
	ck_assert_int_eq(count("SELECT count(*) FROM link WHERE name = 'acme' AND used_at IS NULL AND "
	    "interval_ms = 6000 AND quota_hour = 0 AND quota_day = 200 AND quota_month = 0"), 1);
	RUN(LINK_USED, text("gw"));
	ck_assert_uint_eq(nanswers, 0);
	report("up", 150);
	RUN(LINK_USED, text("gw"));
	ck_assert_uint_eq(nanswers, 1);
	ck_assert_str_eq(cell(0, "name"), "acme");
	ck_assert_int_eq(cell_number(0, "used_hour"), 7);
	ck_assert_int_eq(cell_number(0, "used_day"), 150);
	ck_assert_int_eq(cell_number(0, "used_month"), 9);
	ck_assert_int_eq(cell_number(0, "used_at_s"), 1764288000);
	report("connecting", 0);
	RUN(LINK_USED, text("gw"));
	ck_assert_uint_eq(nanswers, 1);
	ck_assert_int_eq(cell_number(0, "used_day"), 150);
	ck_assert_int_eq(cell_number(0, "used_at_s"), 1764288000);
	RUN(LINK_USED, text("other"));
	ck_assert_uint_eq(nanswers, 0);
	ASK(DESK_QUOTAS);
	ck_assert_uint_eq(nanswers, 1);
	ck_assert_str_eq(cell(0, "link"), "acme");
	ck_assert_str_eq(cell(0, "used_day"), "150");
	ck_assert_str_eq(cell(0, "quota_day"), "200");
	end();
}
END_TEST

/* The desk */

START_TEST(the_desk_shows_a_row_and_counts_by_status)
{
	begin(_i);
	RUN(DESK_SEND, text("4915"), text("hello"), text("ACME"), text(""));
	const long long id = cell_number(0, "id");
	RUN(DESK_SEND, text("4916"), text("hello"), text(""), text("acme"));
	ck_assert_str_eq(words("SELECT link FROM outbox WHERE id = %lld", cell_number(0, "id")), "acme");
	ck_assert_str_eq(words("SELECT link FROM outbox WHERE id = %lld", id), "NULL");
	RUN(DESK_ROW, number(id));
	ck_assert_str_eq(cell(0, "status"), "queued");
	ck_assert_str_eq(cell(0, "sent_at"), "");
	ck_assert_str_eq(cell(0, "error_code"), "NULL");
	RUN(DESK_ROW, number(999));
	ck_assert_uint_eq(nanswers, 0);
	put("queue, status", "2, 'delivered'");
	words("UPDATE outbox SET created_at = %s WHERE id = %lld", from_now(-100), id);
	ASK(DESK_STATUS);
	ck_assert_uint_eq(nanswers, 2);
	const size_t queued = strcmp(cell(0, "status"), "queued") == 0 ? 0 : 1;
	ck_assert_str_eq(cell(queued, "messages"), "2");
	ck_assert(cell_number(queued, "oldest_seconds") >= 99 && cell_number(queued, "oldest_seconds") < 130);
	ck_assert_str_eq(cell(1 - queued, "oldest_seconds"), "NULL");
	ASK(DESK_UNMATCHED);
	ck_assert_uint_eq(nanswers, 0);
	words("INSERT INTO receipt (link, message_id, status) VALUES ('acme', '1', 'sent')");
	words("INSERT INTO receipt (link, message_id, status) VALUES ('acme', '2', 'sent')");
	words("INSERT INTO receipt (link, message_id, status, outbox_id) VALUES ('beta', '3', 'sent', 1)");
	ASK(DESK_UNMATCHED);
	ck_assert_uint_eq(nanswers, 1);
	ck_assert_str_eq(cell(0, "link"), "acme");
	ck_assert_str_eq(cell(0, "receipts"), "2");
	RUN(DESK_QUEUE, number(1));
	ck_assert_uint_eq(nanswers, 1);
	RUN(DESK_QUEUE, number(10));
	ck_assert_uint_eq(nanswers, 2);
	end();
}
END_TEST

START_TEST(the_desk_shows_gateways_and_doubts)
{
	begin(_i);
	RUN(GATEWAY_ENTER, text("one"), number(0), number(1), number(60000), text("1.0"), text("host"),
	    number(42));
	RUN(GATEWAY_ENTER, text("two"), number(0), number(3), number(60000), text("1.0"), text("host"),
	    number(42));
	words("UPDATE gateway SET alive_until = %s WHERE name = 'two'", from_now(-1));
	ASK(DESK_GATEWAYS);
	ck_assert_uint_eq(nanswers, 2);
	ck_assert_str_eq(cell(0, "state"), "running");
	ck_assert_str_eq(cell(1, "state"), "dead");
	ck_assert_str_eq(cell(1, "epoch"), "3");
	put("queue, status, link_used, attempts, error_text", "2, 'doubtful', 'acme', 2, 'no answer'");
	RUN(DESK_DOUBTFUL, text(""), number(10));
	ck_assert_uint_eq(nanswers, 1);
	ck_assert_str_eq(cell(0, "link_used"), "acme");
	ck_assert_str_eq(cell(0, "error_text"), "no answer");
	end();
}
END_TEST

START_TEST(the_desk_retries_what_is_over_and_nothing_else)
{
	begin(_i);
	long long ids[STATUSES];
	struct value values[STATUSES];
	for (size_t i = 0; i < STATUSES; i++) {
		ids[i] = put("queue, status, expires_at, error_code, error_text, owner",
		    "%d, '%s', %s, 3, 'why', 'gw/1'",
		    strcmp(statuses[i], "queued") == 0 ? 0 : strcmp(statuses[i], "sending") == 0 ? 1 : 2,
		    statuses[i], from_now(-5));
		values[i] = number(ids[i]);
	}
	ck_assert_int_eq(run_on(db, STATEMENT_DESK_RETRY, values, STATUSES), DB_OK);
	ck_assert_uint_eq(nanswers, 6);
	for (size_t i = 0; i < STATUSES; i++) {
		static const char *const retried[] = { "failed", "undelivered", "expired", "doubtful", "held",
			"cancelled" };
		bool is = false;
		for (size_t k = 0; k < 6; k++)
			is = is || strcmp(retried[k], statuses[i]) == 0;
		ck_assert_msg((row_of(ids[i]) != SIZE_MAX) == is, "%s", statuses[i]);
		if (is)
			ck_assert_str_eq(row(ids[i]),
			    "queued queue=0 lane=- owner=- attempts=0 link=- id=- error=-/-");
	}
	words("UPDATE outbox SET send_after = %s", from_now(-1));
	RUN(CLAIM, text("gw/1"), number(1), text(""), number(10), text(""));
	ck_assert_uint_ge(nanswers, 6);
	for (size_t i = 0; i < nanswers; i++)
		ck_assert(cell_number(i, "id") == ids[0] || strcmp(cell(i, "status"), "sending") == 0);
	end();
}
END_TEST

START_TEST(a_turn_in_doubt_is_not_queued_again)
{
	begin(_i);
	const long long turn = put("queue, status, kind, in_doubt", "2, 'doubtful', 'ussd', 'resend'"),
	    text_row = put("queue, status", "2, 'doubtful'"),
	    refused = put("queue, status, kind", "2, 'failed', 'ussd'");
	const struct value ids[] = { number(turn), number(text_row), number(refused) };
	ck_assert_int_eq(run_on(db, STATEMENT_DESK_RETRY, ids, 3), DB_OK);
	ck_assert_uint_eq(nanswers, 2);
	ck_assert_str_eq(status(turn), "doubtful");
	ck_assert_str_eq(status(text_row), "queued");
	ck_assert_str_eq(status(refused), "queued");
	RUN(DESK_DECIDE, number(turn), text("resend"));
	ck_assert_uint_eq(nanswers, 0);
	ck_assert_str_eq(status(turn), "doubtful");
	end();
}
END_TEST

START_TEST(the_desk_cancels_what_waits_and_nothing_else)
{
	static const struct { const char *values; bool may; } cases[] = {
		{ "0, 'queued'", true }, { "3, 'queued'", true }, { "0, 'held'", true }, { "2, 'held'", true },
		{ "2, 'doubtful'", true }, { "1, 'sending'", false }, { "2, 'sent'", false },
		{ "2, 'delivered'", false }, { "2, 'failed'", false },
	};
	enum { CASES = sizeof cases / sizeof *cases };
	long long ids[CASES];
	struct value values[CASES];
	begin(_i);
	for (size_t i = 0; i < CASES; i++) {
		ids[i] = put("queue, status", "%s", cases[i].values);
		values[i] = number(ids[i]);
	}
	ck_assert_int_eq(run_on(db, STATEMENT_DESK_CANCEL, values, CASES), DB_OK);
	for (size_t i = 0; i < CASES; i++) {
		ck_assert_msg((row_of(ids[i]) != SIZE_MAX) == cases[i].may, "%s", cases[i].values);
		ck_assert_msg((strcmp(status(ids[i]), "cancelled") == 0) == cases[i].may, "%s",
		    cases[i].values);
	}
	ck_assert_int_eq(count("SELECT count(*) FROM outbox WHERE status = 'cancelled' "
	    "AND (queue <> 2 OR done_at IS NULL)"), 0);
	end();
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		since_moves_only_with_the_state_and_wanted_is_the_operators,
		what_a_link_has_used_is_kept_and_given_back,
		the_desk_shows_a_row_and_counts_by_status,
		the_desk_shows_gateways_and_doubts,
		the_desk_retries_what_is_over_and_nothing_else,
		a_turn_in_doubt_is_not_queued_again,
		the_desk_cancels_what_waits_and_nothing_else,
	};
	return run_tests("desk_sql", tests, sizeof tests / sizeof *tests);
}
