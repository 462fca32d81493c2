/* SPDX-License-Identifier: Apache-2.0 */
/*
 * check_pools.c - several links in one route, as modems are: equal shares, quotas, pace,
 * and who takes over.
 *
 * time() is the test's, so that midnight comes when it says; the loop's own clock is not.
 */
#include "gateway_world.h"
#include "run_suite.h"

#include <time.h>

static time_t now_is = 1764288000 + 12 * 3600;  /* 2025-11-28, noon */

time_t time(time_t *into)
{
	if (into)
		*into = now_is;
	return now_is;
}

static const struct outcome sent = { .verdict = VERDICT_SENT, .network_id = "id" };
static const char three_parts[] =
	"A text of four hundred letters and some more, which does not fit into two parts of a message. "
	"A text of four hundred letters and some more, which does not fit into two parts of a message. "
	"A text of four hundred letters and some more, which does not fit into two parts of a message. "
	"A text of four hundred letters and some more, which does not fit into two parts of a message. ";

static void set_up_utc(void)
{
	setenv("TZ", "UTC0", 1);
	tzset();
	set_up();
}

static void set_up_thirty(void)
{
	nlinks = 30;
	set_up_utc();
}

/* A reload that gives each link this quota for a day, and that interval. */
static void limit(long quota_day, long interval_ms)
{
	struct settings *settings = all_links();
	for (size_t i = 0; i < nlinks; i++) {
		settings->links[i].common.quota[USE_DAY] = quota_day;
		settings->links[i].common.interval = interval_ms;
	}
	gateway_reload(gateway, settings);
}

static void limit_one(size_t i, long quota_day)
{
	struct settings *settings = all_links();
	settings->links[i - 1].common.quota[USE_DAY] = quota_day;
	gateway_reload(gateway, settings);
}

static struct link_report state_of(size_t i)
{
	struct link_report report;
	link_report(puppets[i]->link, &report);
	return report;
}

static unsigned claims(void)
{
	unsigned sum = 0;
	for (unsigned i = 0; i < nrows; i++)
		sum += rows[i].claims;
	return sum;
}

static unsigned by_link(const char *name)
{
	unsigned sum = 0;
	for (unsigned i = 0; i < nrows; i++)
		sum += rows[i].verdict == VERDICT_SENT && strcmp(rows[i].link, name) == 0;
	return sum;
}

/* Answers what there is until so many rows are sent. */
static void serve(unsigned wanted)
{
	for (unsigned done = 0, turns = 0; done < wanted; turns++) {
		ck_assert_uint_lt(turns, 5000);
		turn_for(1);
		for (size_t i = 1; i <= nlinks; i++)
			while (puppets[i] && puppets[i]->n)
				puppet_answer(puppets[i], &sent);
		done = 0;
		for (unsigned i = 0; i < nrows; i++)
			done += rows[i].settles > 0 && rows[i].verdict == VERDICT_SENT;
	}
}

/* Quotas */

START_TEST(a_link_with_a_used_up_quota_rests_and_another_takes_over)
{
	limit_one(1, 3);
	for (unsigned i = 0; i < 20; i++)
		add_row("+3620", "");
	up(1, 10);
	serve(3);
	up(2, 10);
	serve(20);
	ck_assert_uint_eq(by_link("link1"), 3);
	ck_assert_uint_eq(by_link("link2"), 17);
	const struct link_report report = state_of(1);
	ck_assert_str_eq(report.state, "resting");
	ck_assert_str_eq(report.reason, "daily quota of 3 parts used: goes on at 2025-11-29 00:00");
	ck_assert_uint_eq(report.used.parts[USE_DAY], 3);
	ck_assert_int_eq(report.quota[USE_DAY], 3);
	ck_assert_str_eq(state_of(2).state, "up");
}
END_TEST

START_TEST(nothing_is_claimed_while_every_link_rests_and_all_goes_on_at_midnight)
{
	limit(2, 0);
	for (unsigned i = 0; i < 6; i++)
		add_row("+3620", "");
	up(1, 10);
	up(2, 10);
	serve(4);
	turn_for(20);
	const unsigned before = claims();
	turn_for(300);
	ck_assert_uint_eq(claims(), before);
	ck_assert(rows[5].queued && rows[5].retry_ms == 0);
	now_is += 12 * 3600;
	serve(6);
	ck_assert_str_eq(state_of(1).state, "up");
	ck_assert_uint_eq(state_of(1).used.parts[USE_DAY] + state_of(2).used.parts[USE_DAY], 2);
}
END_TEST

START_TEST(a_pinned_row_waits_on_its_lane_for_the_quota)
{
	limit_one(1, 2);
	for (unsigned i = 0; i < 4; i++)
		add_row("+3620", "link1");
	up(1, 10);
	up(2, 10);
	serve(2);
	turn_for(30);
	const unsigned before = claims();
	turn_for(100);
	ck_assert_uint_eq(claims(), before);
	ck_assert_uint_eq(submitted, 2);
	now_is += 12 * 3600;
	serve(4);
	ck_assert_uint_eq(by_link("link1"), 4);
}
END_TEST

START_TEST(a_reload_that_raises_a_quota_counts_at_once)
{
	limit(1, 0);
	for (unsigned i = 0; i < 4; i++)
		add_row("+3620", "");
	up(1, 10);
	up(2, 10);
	serve(2);
	turn_for(20);
	ck_assert_uint_eq(submitted, 2);
	limit(2, 0);
	turn_for(20);
	ck_assert_uint_eq(submitted, 4);
}
END_TEST

START_TEST(a_reload_that_lowers_a_quota_sends_the_queue_elsewhere)
{
	for (unsigned i = 0; i < 12; i++)
		add_row("+3620", "");
	up(1, 2);
	await(submitted == 2);
	limit_one(1, 2);                        /* what it has sent already */
	await(rows[2].settles == 1);
	ck_assert_str_eq(state_of(1).state, "resting");
	ck_assert_ptr_nonnull(strstr(rows[2].text, "daily quota of 2 parts used"));
	ck_assert(rows[2].untried && rows[2].queued);
	up(2, 10);
	serve(12);
	ck_assert_uint_eq(by_link("link2"), 10);
}
END_TEST

START_TEST(a_message_of_several_parts_is_not_begun_when_it_does_not_fit)
{
	limit(4, 0);
	nlinks = 1;                             /* of the tests: the other one stays down */
	add_row("+3620", "");
	add_row("+3621", "");
	add_row("+3622", "")->body = three_parts;
	add_row("+3623", "");
	up(1, 10);
	serve(3);
	ck_assert_uint_eq(submitted, 3);
	turn_for(20);
	ck_assert_int_eq(rows[2].verdict, VERDICT_DEFERRED);
	ck_assert(rows[2].untried && rows[2].queued);
	ck_assert_str_eq(rows[2].text, "it counts as 3 parts, and the quotas of the links of route \"\" leave "
	    "less before 2025-11-29 00:00");
	ck_assert_uint_eq(rows[2].retry_ms, 300000); /* a reload may let it go sooner than midnight */
	ck_assert_uint_eq(rows[2].claims, 1);
	now_is += 12 * 3600;
	rows[2].retry_ms = 0;
	serve(4);
	ck_assert_uint_eq(submitted, 6);
}
END_TEST

START_TEST(a_message_that_does_not_fit_goes_by_the_link_where_it_does)
{
	limit_one(1, 2);
	add_row("+3622", "")->body = three_parts;
	up(1, 10);
	up(2, 5);                               /* less room */
	await(submitted == 3);
	ck_assert_uint_eq(puppets[2]->n, 3);
	ck_assert_uint_eq(rows[0].claims, 1);
}
END_TEST

START_TEST(a_message_larger_than_every_quota_fails_and_says_so)
{
	limit(2, 0);
	add_row("+3622", "")->body = three_parts;
	add_row("+3622", "link1")->body = three_parts;
	up(1, 10);
	up(2, 10);
	await(rows[0].settles == 1 && rows[1].settles == 1);
	ck_assert_int_eq(rows[0].verdict, VERDICT_REJECTED);
	ck_assert_str_eq(rows[0].text, "it counts as 3 parts, and the quotas of the links of route \"\" never "
	    "allow so many");
	ck_assert_int_eq(rows[1].verdict, VERDICT_REJECTED);
	ck_assert_str_eq(rows[1].text, "it counts as 3 parts, and the quotas of link link1 never allow so many");
	ck_assert_uint_eq(submitted, 0);
}
END_TEST

START_TEST(what_the_network_did_not_take_is_not_used)
{
	static const struct { struct outcome outcome; unsigned used; } cases[] = {
		{ { .verdict = VERDICT_SENT }, 1 }, { { .verdict = VERDICT_DOUBTFUL }, 1 },
		{ { .verdict = VERDICT_REJECTED }, 0 }, { { .verdict = VERDICT_EXPIRED }, 0 },
		{ { .verdict = VERDICT_DEFERRED, .retry_ms = 1000 }, 0 },
		{ { .verdict = VERDICT_DEFERRED, .untried = true, .retry_ms = 1000 }, 0 },
	};
	limit(1, 0);
	add_row("+3620", "link1");
	add_row("+3621", "link1");
	up(1, 10);
	await(submitted == 1);
	ck_assert_str_eq(state_of(1).state, "resting");
	puppet_answer(puppets[1], &cases[_i].outcome);
	ck_assert_uint_eq(state_of(1).used.parts[USE_DAY], cases[_i].used);
	ck_assert_str_eq(state_of(1).state, cases[_i].used ? "resting" : "up");
	turn_for(20);
	ck_assert_uint_eq(submitted, cases[_i].used ? 1 : 2);
}
END_TEST

START_TEST(a_part_that_waits_again_after_a_throttling_is_counted_once)
{
	static const struct outcome throttled = { .verdict = VERDICT_DEFERRED, .untried = true, .hold_ms = 30 };
	limit_one(1, 2);
	add_row("+3620", "link1");
	add_row("+3621", "link1");
	up(1, 1);
	await(submitted == 1);
	puppet_answer(puppets[1], &throttled);
	ck_assert_uint_eq(state_of(1).used.parts[USE_DAY], 0);
	await(puppets[1]->n == 1);
	ck_assert_uint_eq(state_of(1).used.parts[USE_DAY], 1);
	puppet_answer(puppets[1], &sent);
	await(puppets[1]->n == 1);
	ck_assert_uint_eq(state_of(1).used.parts[USE_DAY], 2);
}
END_TEST

START_TEST(what_the_run_before_has_used_counts)
{
	static const struct link_use use = { .parts = { 1, 2, 200 } };
	struct link_use today = use;
	today.at = now_is - 3600;
	the_store.listener.state(the_store.listener.ctx, STORE_LOST, "gone");
	limit(3, 0);
	the_store.listener.used(the_store.listener.ctx, "link1", &today);
	the_store.listener.used(the_store.listener.ctx, "another", &today);
	the_store.listener.state(the_store.listener.ctx, STORE_READY, "");
	for (unsigned i = 0; i < 3; i++)
		add_row("+3620", "link1");
	up(1, 10);
	await(submitted == 1);
	turn_for(30);
	ck_assert_uint_eq(submitted, 1);
	const struct link_use used = state_of(1).used;
	ck_assert(used.parts[USE_HOUR] == 1 && used.parts[USE_DAY] == 3 && used.parts[USE_MONTH] == 201);
	ck_assert_int_eq(used.at, now_is);
}
END_TEST

START_TEST(counts_stay_while_a_reload_takes_the_link_away)
{
	limit(2, 0);
	add_row("+3620", "link2");
	up(1, 10);
	up(2, 10);
	serve(1);
	nlinks = 1;
	limit(2, 0);
	await(!puppets[2]);
	turn_for(1100);                         /* it is buried */
	nlinks = 2;
	limit(2, 0);
	up(2, 10);
	ck_assert_uint_eq(state_of(2).used.parts[USE_DAY], 1);
	add_row("+3620", "link2");
	add_row("+3620", "link2");
	serve(2);
	turn_for(30);
	ck_assert_uint_eq(submitted, 2);
}
END_TEST

/* Shares */

START_TEST(thirty_links_get_equal_shares_of_a_trickle)
{
	for (size_t i = 1; i <= nlinks; i++)
		up(i, 1);
	turn_for(20);
	for (unsigned i = 0; i < 90; i++) {
		add_row("+3620", "");
		serve(i + 1);
	}
	for (size_t i = 1; i <= nlinks; i++)
		ck_assert_msg(by_link(link_names[i]) == 3, "%s: %u", link_names[i], by_link(link_names[i]));
}
END_TEST

/* It has more room then, as more is kept ready for it. */
START_TEST(a_link_that_was_busy_of_late_gets_no_more_of_a_trickle)
{
	enum { EARLIER = 5 };
	for (size_t i = 1; i <= nlinks; i++)
		up(i, 1);
	turn_for(20);
	for (unsigned i = 0; i < EARLIER; i++) {
		add_row("+3620", "link1");
		serve(i + 1);
	}
	turn_for(1100);                         /* its answers of a second were counted */
	for (unsigned i = 0; i < nlinks; i++) {
		add_row("+3620", "");
		serve(EARLIER + i + 1);
	}
	for (size_t i = 1; i <= nlinks; i++)
		ck_assert_msg(by_link(link_names[i]) == 1 + (i == 1 ? EARLIER : 0), "%s: %u", link_names[i],
		    by_link(link_names[i]));
}
END_TEST

START_TEST(no_message_waits_behind_a_slow_link_while_others_are_free)
{
	for (size_t i = 1; i <= nlinks; i++)
		up(i, 1);
	for (unsigned i = 0; i < 120; i++)
		add_row("+3620", "");
	await(submitted == 30);
	turn_for(30);
	ck_assert_uint_eq(claims(), 30);        /* none is kept ready for links that answered nothing yet */
	/* One hangs, and the others go on without waiting for each other. */
	for (unsigned turns = 0; turns < 3000 && submitted < 120; turns++) {
		puppet_answer(puppets[2 + turns % 29], &sent);
		await(submitted == 31 + turns || submitted == 120);
	}
	ck_assert_uint_eq(puppets[1]->n, 1);
	struct link_report report = state_of(1);
	ck_assert_uint_eq(report.queued, 0);
	for (size_t i = 2; i <= nlinks; i++)
		ck_assert_uint_le(state_of(i).queued, 1);
}
END_TEST

START_TEST(thirty_links_get_equal_shares_under_load)
{
	for (size_t i = 1; i <= nlinks; i++)
		up(i, 1);
	for (unsigned i = 0; i < 600; i++)
		add_row("+3620", "");
	serve(600);
	for (size_t i = 1; i <= nlinks; i++)
		ck_assert_msg(by_link(link_names[i]) >= 16 && by_link(link_names[i]) <= 24, "%s: %u", link_names[i],
		    by_link(link_names[i]));
}
END_TEST

START_TEST(with_an_interval_links_take_turns_and_nothing_waits_in_them)
{
	limit(0, 1000);
	up(1, 10);
	up(2, 10);
	turn_for(20);
	for (unsigned i = 0; i < 3; i++)
		add_row("+3620", "");
	await(submitted == 2);
	ck_assert(puppets[1]->n == 1 && puppets[2]->n == 1);
	turn_for(300);
	ck_assert_uint_eq(submitted, 2);
	ck_assert_uint_eq(claims(), 2);         /* whoever is free first will have it */
	await(submitted == 3);
	ck_assert_uint_eq(claims(), 3);
}
END_TEST

/* Failover */

START_TEST(a_part_that_comes_back_from_a_link_that_rests_goes_to_another)
{
	static const struct outcome untried = { .verdict = VERDICT_DEFERRED, .untried = true,
		.text = "no network" };
	for (unsigned i = 0; i < 2; i++)
		add_row("+3620", "");
	up(1, 1);
	await(submitted == 1);
	up(2, 1);
	await(submitted == 2);
	/* As a modem does it: it rests, and then gives the part back. */
	link_wait(puppets[1]->link, "no network");
	puppet_answer(puppets[1], &untried);
	turn_for(30);
	ck_assert_uint_eq(submitted, 2);
	ck_assert_uint_eq(claims(), 2);         /* the other one has no room */
	puppet_answer(puppets[2], &sent);
	await(puppets[2]->n == 1);
	ck_assert_uint_eq(submitted, 3);
	ck_assert_str_eq(state_of(1).reason, "no network");
	link_wait(puppets[2]->link, "no network");
	puppet_answer(puppets[2], &untried);
	turn_for(30);
	const unsigned before = claims();
	turn_for(200);
	ck_assert_uint_eq(claims(), before);    /* both rest */
	link_up(puppets[1]->link, 1);
	await(puppets[1]->n == 1);
}
END_TEST

START_TEST(a_link_that_was_asked_to_rest_is_passed_over)
{
	static const struct outcome throttled = { .verdict = VERDICT_DEFERRED, .untried = true,
		.hold_ms = 10000 };
	add_row("+3620", "");
	up(1, 10);
	await(submitted == 1);
	puppet_answer(puppets[1], &throttled);
	up(2, 2);
	for (unsigned i = 0; i < 6; i++) {
		add_row("+3620", "");
		await(puppets[2]->n == 1);
		puppet_answer(puppets[2], &sent);
	}
	ck_assert_uint_eq(submitted, 7);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("pools");
	TCase *two = tcase_create("two"), *thirty = tcase_create("thirty");
	tcase_add_checked_fixture(two, set_up_utc, tear_down);
	tcase_add_checked_fixture(thirty, set_up_thirty, tear_down);
	tcase_set_timeout(two, 20);
	tcase_set_timeout(thirty, 20);
	tcase_add_test(two, a_link_with_a_used_up_quota_rests_and_another_takes_over);
	tcase_add_test(two, nothing_is_claimed_while_every_link_rests_and_all_goes_on_at_midnight);
	tcase_add_test(two, a_pinned_row_waits_on_its_lane_for_the_quota);
	tcase_add_test(two, a_reload_that_raises_a_quota_counts_at_once);
	tcase_add_test(two, a_reload_that_lowers_a_quota_sends_the_queue_elsewhere);
	tcase_add_test(two, a_message_of_several_parts_is_not_begun_when_it_does_not_fit);
	tcase_add_test(two, a_message_that_does_not_fit_goes_by_the_link_where_it_does);
	tcase_add_test(two, a_message_larger_than_every_quota_fails_and_says_so);
	tcase_add_loop_test(two, what_the_network_did_not_take_is_not_used, 0, 6);
	tcase_add_test(two, a_part_that_waits_again_after_a_throttling_is_counted_once);
	tcase_add_test(two, what_the_run_before_has_used_counts);
	tcase_add_test(two, counts_stay_while_a_reload_takes_the_link_away);
	tcase_add_test(two, with_an_interval_links_take_turns_and_nothing_waits_in_them);
	tcase_add_test(two, a_part_that_comes_back_from_a_link_that_rests_goes_to_another);
	tcase_add_test(two, a_link_that_was_asked_to_rest_is_passed_over);
	tcase_add_test(thirty, thirty_links_get_equal_shares_of_a_trickle);
	tcase_add_test(thirty, a_link_that_was_busy_of_late_gets_no_more_of_a_trickle);
	tcase_add_test(thirty, thirty_links_get_equal_shares_under_load);
	tcase_add_test(thirty, no_message_waits_behind_a_slow_link_while_others_are_free);
	suite_add_tcase(suite, two);
	suite_add_tcase(suite, thirty);
	return run_suite(suite) != 0;
}
