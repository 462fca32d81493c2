/* SPDX-License-Identifier: Apache-2.0 */
/*
 * check_quota.c - what a link has used in an hour, a day and a month, with a clock that the
 * test sets, and how far apart parts leave.
 *
 * Zones are told as rules, so that no database of them is needed.
 */
#include "../gateway/pace.h"
#include "../gateway/quota.h"
#include "run_suite.h"

#include <check.h>

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define BERLIN "CET-1CEST,M3.5.0,M10.5.0/3"
#define SAO_PAULO "<-03>3<-02>,M11.1.0/0,M2.3.0/0"      /* as it was: summer begins at midnight */
#define AZORES "<-01>1<+00>,M3.5.0/0,M10.5.0/1"         /* midnight comes twice in autumn */

static struct quota quota;
static long limits[USE_PERIODS];

static void zone(const char *tz)
{
	setenv("TZ", tz, 1);
	tzset();
	quota = (struct quota){ .used_at = 0 };
	for (int i = 0; i < USE_PERIODS; i++)
		limits[i] = 0;
}

/* UTC. */
static int64_t at(const char *when)
{
	struct tm tm = { 0 };
	ck_assert_int_eq(sscanf(when, "%d-%d-%d %d:%d:%d", &tm.tm_year, &tm.tm_mon, &tm.tm_mday, &tm.tm_hour,
	    &tm.tm_min, &tm.tm_sec), 6);
	tm.tm_year -= 1900;
	tm.tm_mon--;
	return timegm(&tm);
}

/* Where a period begins and ends: in UTC, as it is by the rules of the zone. */
static const struct boundary {
	const char *zone, *now;
	enum use_period period;
	const char *begins, *ends;
} boundaries[] = {
	{ "UTC0", "2026-11-27 23:59:59", USE_HOUR, "2026-11-27 23:00:00", "2026-11-28 00:00:00" },
	{ "UTC0", "2026-11-28 00:00:00", USE_HOUR, "2026-11-28 00:00:00", "2026-11-28 01:00:00" },
	{ "UTC0", "2026-11-27 23:59:59", USE_DAY, "2026-11-27 00:00:00", "2026-11-28 00:00:00" },
	{ "UTC0", "2026-12-31 23:59:59", USE_MONTH, "2026-12-01 00:00:00", "2027-01-01 00:00:00" },
	{ "UTC0", "2028-02-29 12:00:00", USE_MONTH, "2028-02-01 00:00:00", "2028-03-01 00:00:00" },
	/* The local day, not that of UTC. */
	{ BERLIN, "2026-11-27 22:30:00", USE_DAY, "2026-11-26 23:00:00", "2026-11-27 23:00:00" },
	{ BERLIN, "2026-11-27 23:30:00", USE_DAY, "2026-11-27 23:00:00", "2026-11-28 23:00:00" },
	{ BERLIN, "2026-07-31 22:00:00", USE_MONTH, "2026-07-31 22:00:00", "2026-08-31 22:00:00" },
	/* Half an hour beside the full one. */
	{ "IST-5:30", "2026-11-27 12:29:59", USE_HOUR, "2026-11-27 11:30:00", "2026-11-27 12:30:00" },
	{ "IST-5:30", "2026-11-27 12:29:59", USE_DAY, "2026-11-26 18:30:00", "2026-11-27 18:30:00" },
	/* Summer time begins: a day of 23 hours. It ends: a day of 25, and an hour comes twice. */
	{ BERLIN, "2026-03-29 12:00:00", USE_DAY, "2026-03-28 23:00:00", "2026-03-29 22:00:00" },
	{ BERLIN, "2026-10-25 12:00:00", USE_DAY, "2026-10-24 22:00:00", "2026-10-25 23:00:00" },
	{ BERLIN, "2026-10-25 00:30:00", USE_HOUR, "2026-10-25 00:00:00", "2026-10-25 01:00:00" },
	{ BERLIN, "2026-10-25 01:30:00", USE_HOUR, "2026-10-25 01:00:00", "2026-10-25 02:00:00" },
	{ BERLIN, "2026-10-05 12:00:00", USE_MONTH, "2026-09-30 22:00:00", "2026-10-31 23:00:00" },
	/* A day that begins at one, since midnight does not come; one whose midnight comes twice. */
	{ SAO_PAULO, "2018-11-04 12:00:00", USE_DAY, "2018-11-04 03:00:00", "2018-11-05 02:00:00" },
	{ SAO_PAULO, "2018-11-04 02:59:59", USE_DAY, "2018-11-03 03:00:00", "2018-11-04 03:00:00" },
	{ AZORES, "2026-10-25 12:00:00", USE_DAY, "2026-10-25 00:00:00", "2026-10-26 01:00:00" },
	{ AZORES, "2026-10-25 00:30:00", USE_DAY, "2026-10-25 00:00:00", "2026-10-26 01:00:00" },
};

START_TEST(a_period_begins_and_ends_by_the_local_clock)
{
	const struct boundary *row = &boundaries[_i];
	zone(row->zone);
	quota_turn(&quota, at(row->now));
	const struct span *span = &quota.spans[row->period];
	ck_assert_msg(span->begins == at(row->begins) && span->ends == at(row->ends),
	    "%s %s: %" PRId64 " s before it begins, %" PRId64 " s before it ends", row->zone, row->now,
	    at(row->begins) - span->begins, at(row->ends) - span->ends);
}
END_TEST

START_TEST(each_period_counts_for_itself_and_begins_anew_with_its_end)
{
	struct link_use use;
	zone(BERLIN);
	quota_add(&quota, 3, at("2026-10-31 22:10:00"));
	quota_add(&quota, 2, at("2026-10-31 22:59:59"));
	quota_tell(&quota, &use);
	ck_assert(use.parts[USE_HOUR] == 5 && use.parts[USE_DAY] == 5 && use.parts[USE_MONTH] == 5);
	ck_assert_int_eq(use.at, at("2026-10-31 22:59:59"));
	quota_add(&quota, 1, at("2026-10-31 23:00:00"));        /* midnight, and November */
	quota_tell(&quota, &use);
	ck_assert(use.parts[USE_HOUR] == 1 && use.parts[USE_DAY] == 1 && use.parts[USE_MONTH] == 1);
	quota_add(&quota, 1, at("2026-11-01 10:00:00"));
	quota_add(&quota, 1, at("2026-11-05 10:00:00"));
	quota_tell(&quota, &use);
	ck_assert(use.parts[USE_HOUR] == 1 && use.parts[USE_DAY] == 1 && use.parts[USE_MONTH] == 3);
}
END_TEST

START_TEST(what_is_left_is_that_of_the_tightest_limit)
{
	zone("UTC0");
	const int64_t now = at("2026-11-28 10:20:00");
	quota_add(&quota, 4, now);
	ck_assert(quota_left(&quota, limits) == UINT64_MAX);
	limits[USE_DAY] = 10;
	ck_assert_uint_eq(quota_left(&quota, limits), 6);
	limits[USE_HOUR] = 5;
	ck_assert_uint_eq(quota_left(&quota, limits), 1);
	limits[USE_MONTH] = 3;                  /* by a reload, below what is used already */
	ck_assert_uint_eq(quota_left(&quota, limits), 0);
}
END_TEST

START_TEST(what_was_not_taken_is_given_back_to_the_period_in_which_it_left)
{
	zone("UTC0");
	const int64_t before = at("2026-11-28 10:59:59"), after = at("2026-11-28 11:00:01");
	quota_add(&quota, 1, before);
	quota_add(&quota, 2, after);
	quota_give_back(&quota, 1, before);     /* answered in the next hour */
	ck_assert_uint_eq(quota.spans[USE_HOUR].used, 2);
	ck_assert_uint_eq(quota.spans[USE_DAY].used, 2);
	quota_give_back(&quota, 2, after);
	ck_assert_uint_eq(quota.spans[USE_HOUR].used, 0);
	ck_assert_uint_eq(quota.spans[USE_MONTH].used, 0);
}
END_TEST

START_TEST(the_words_name_the_quota_that_lasts_longest_and_when_it_goes_on)
{
	char words[160];
	zone(BERLIN);
	const int64_t now = at("2026-11-28 10:20:00");
	quota_add(&quota, 200, now);
	quota_words(&quota, limits, words, sizeof words);
	ck_assert_str_eq(words, "");
	limits[USE_HOUR] = 50;
	quota_words(&quota, limits, words, sizeof words);
	ck_assert_str_eq(words, "hourly quota of 50 parts used: goes on at 2026-11-28 12:00");
	limits[USE_DAY] = 200;
	quota_words(&quota, limits, words, sizeof words);
	ck_assert_str_eq(words, "daily quota of 200 parts used: goes on at 2026-11-29 00:00");
	limits[USE_MONTH] = 200;
	quota_words(&quota, limits, words, sizeof words);
	ck_assert_str_eq(words, "monthly quota of 200 parts used: goes on at 2026-12-01 00:00");
}
END_TEST

START_TEST(a_message_fits_now_or_later_or_never)
{
	zone("UTC0");
	const int64_t now = at("2026-11-28 10:20:00");
	limits[USE_HOUR] = 10;
	limits[USE_DAY] = 20;
	quota_add(&quota, 6, now);
	struct allowance allowance = { &quota, limits, 0 };
	ck_assert(allowance_fits(&allowance, 4) && !allowance_fits(&allowance, 5));
	ck_assert_int_eq(allowance_fits_at(&allowance, 4), 0);
	ck_assert_int_eq(allowance_fits_at(&allowance, 5), at("2026-11-28 11:00:00"));
	ck_assert(allowance_fits_ever(&allowance, 10) && !allowance_fits_ever(&allowance, 11));
	allowance.promised = 3;
	ck_assert_uint_eq(allowance_free(&allowance), 1);
	ck_assert(allowance_fits(&allowance, 1) && !allowance_fits(&allowance, 2));
	quota_add(&quota, 9, at("2026-11-28 11:30:00"));
	ck_assert_int_eq(allowance_fits_at(&allowance, 10), at("2026-11-29 00:00:00"));
	limits[USE_HOUR] = limits[USE_DAY] = 0;
	ck_assert(allowance_fits(&allowance, 100000) && allowance_fits_ever(&allowance, 100000));
}
END_TEST

START_TEST(what_the_table_has_counts_in_the_periods_that_have_not_ended)
{
	zone("UTC0");
	const struct link_use then = { at("2026-11-27 23:50:00"), { 5, 50, 500 } };
	const struct link_use near = { at("2026-11-28 10:05:00"), { 6, 60, 600 } };
	quota_learn(&quota, &then, at("2026-11-28 10:20:00"));
	ck_assert(quota.spans[USE_HOUR].used == 0 && quota.spans[USE_DAY].used == 0);
	ck_assert_uint_eq(quota.spans[USE_MONTH].used, 500);
	quota_learn(&quota, &near, at("2026-11-28 10:20:00"));
	ck_assert_uint_eq(quota.spans[USE_HOUR].used, 6);
	ck_assert_uint_eq(quota.spans[USE_DAY].used, 60);
	ck_assert_uint_eq(quota.spans[USE_MONTH].used, 600);
	/* Told once more, after a lease that was lost: what was counted meanwhile stays. */
	quota_add(&quota, 4, at("2026-11-28 10:30:00"));
	quota_learn(&quota, &near, at("2026-11-28 10:31:00"));
	ck_assert_uint_eq(quota.spans[USE_HOUR].used, 10);
	ck_assert_int_eq(quota.used_at, at("2026-11-28 10:30:00"));
}
END_TEST

/* Else a quota could be had twice by setting the clock back, or on a machine that starts with a
 * clock that is not set yet. */
START_TEST(a_clock_that_is_set_back_gives_nothing_back)
{
	zone("UTC0");
	quota_add(&quota, 7, at("2026-11-28 00:10:00"));
	quota_add(&quota, 1, at("2026-11-27 23:50:00"));
	ck_assert_uint_eq(quota.spans[USE_DAY].used, 8);
	quota_turn(&quota, at("2026-11-28 00:00:00"));          /* and that day ends as any other */
	ck_assert_uint_eq(quota.spans[USE_DAY].used, 0);
	zone("UTC0");
	const struct link_use ahead = { at("2026-12-02 08:00:00"), { 5, 50, 500 } };
	quota_learn(&quota, &ahead, at("2026-11-28 10:20:00"));
	ck_assert_uint_eq(quota.spans[USE_HOUR].used, 5);
	ck_assert_uint_eq(quota.spans[USE_MONTH].used, 500);
	quota_turn(&quota, at("2026-11-28 11:00:00"));
	ck_assert_uint_eq(quota.spans[USE_HOUR].used, 0);
}
END_TEST

START_TEST(counts_belong_to_a_name)
{
	struct quotas *quotas = quotas_new();
	struct quota *one = quotas_get(quotas, "sim1");
	ck_assert_ptr_ne(one, quotas_get(quotas, "sim2"));
	ck_assert_ptr_eq(one, quotas_get(quotas, "sim1"));
	quotas_free(quotas);
}
END_TEST

/* Pace */

/* The times at which parts leave that always wait. */
static size_t leave(struct pace *pace, uint64_t from, uint64_t until, uint64_t times[], size_t room)
{
	size_t n = 0;
	for (uint64_t now = from; now < until; now++)
		while (n < room && pace_take(pace, now))
			times[n++] = now;
	return n;
}

START_TEST(with_an_interval_no_two_parts_leave_closer_together)
{
	static const struct { double rate; long interval; size_t parts; uint64_t apart; } cases[] = {
		{ 0, 6000, 10, 6000 }, { 100, 6000, 10, 6000 }, { 0.1, 6000, 6, 10000 },
		{ 0, 20, 3000, 20 }, { 50, 10, 3000, 20 }, { 0, 1500, 40, 1500 },
	};
	static uint64_t times[4000];
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct pace pace;
		pace_init(&pace, cases[i].rate, cases[i].interval, 0);
		/* After an idle hour, too, there is no burst. */
		const size_t n = leave(&pace, 3600000, 3660000, times, 4000);
		ck_assert_msg(n >= cases[i].parts - cases[i].parts / 100 && n <= cases[i].parts + 1, "%zu: %zu", i, n);
		for (size_t k = 1; k < n; k++)
			ck_assert_msg(times[k] - times[k - 1] >= cases[i].apart, "%zu: %zu", i, k);
	}
}
END_TEST

START_TEST(a_pace_that_is_set_anew_keeps_what_has_gathered)
{
	struct pace pace;
	pace_init(&pace, 0, 6000, 0);
	ck_assert(pace_take(&pace, 0));
	for (uint64_t now = 1000; now <= 6000; now += 1000)     /* as easing does, each second */
		pace_set(&pace, 0, 6000, now);
	ck_assert_uint_le(pace_wait(&pace, 6000), 1);
	ck_assert(pace_take(&pace, 6001));
	ck_assert_uint_ge(pace_wait(&pace, 6001), 5999);
	ck_assert_uint_le(pace_wait(&pace, 12000), 3);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("quota");
	TCase *tests = tcase_create("quota");
	tcase_add_loop_test(tests, a_period_begins_and_ends_by_the_local_clock, 0,
	    sizeof boundaries / sizeof *boundaries);
	tcase_add_test(tests, each_period_counts_for_itself_and_begins_anew_with_its_end);
	tcase_add_test(tests, what_is_left_is_that_of_the_tightest_limit);
	tcase_add_test(tests, what_was_not_taken_is_given_back_to_the_period_in_which_it_left);
	tcase_add_test(tests, the_words_name_the_quota_that_lasts_longest_and_when_it_goes_on);
	tcase_add_test(tests, a_message_fits_now_or_later_or_never);
	tcase_add_test(tests, what_the_table_has_counts_in_the_periods_that_have_not_ended);
	tcase_add_test(tests, a_clock_that_is_set_back_gives_nothing_back);
	tcase_add_test(tests, counts_belong_to_a_name);
	tcase_add_test(tests, with_an_interval_no_two_parts_leave_closer_together);
	tcase_add_test(tests, a_pace_that_is_set_anew_keeps_what_has_gathered);
	suite_add_tcase(suite, tests);
	return run_suite(suite) != 0;
}
