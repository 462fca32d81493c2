/* SPDX-License-Identifier: Apache-2.0 */
/*
 * check_modem_reports.c - status reports, and the parts that they are about: references that come
 * again, clocks that are wrong, numbers in other forms, parts in doubt.
 */
#include "../drivers/modem_reports.h"
#include "run_suite.h"

#include <check.h>

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NOW = 1764288600, MINUTE = 60, HOUR = 3600, DAY = 24 * HOUR, DELIVERED = 0, TRYING = 0x21, EXPIRED = 0x46 };

#define ANNA "491711234567"
#define BERT "447700900123"

static struct reports *reports;
static int64_t now;                     /* ours */
static int64_t ahead;                   /* the centre's clock */

static void begin(void)
{
	reports = reports_new(1000);
	now = NOW; /* 2025-11-28 00:10 UTC */
	ahead = 0;
}

static void end(void)
{
	reports_free(reports);
}

/* Sends one, which takes three seconds. Returns its id. */
static const char *send_as(const char *recipient, int reference, bool wanted)
{
	static char ids[32][NETWORK_ID_MAX];
	static unsigned turn;
	char *id = ids[turn++ % 32];
	reports_sent(reports, &(struct sent_part){ .recipient = recipient, .began = now, .ended = now + 3,
		.reference = reference, .wants_report = wanted }, id);
	now += 3;
	return id;
}

static const char *sent(const char *recipient, int reference)
{
	return send_as(recipient, reference, true);
}

static void sent_in_doubt(const char *recipient, uint32_t doubt)
{
	char id[NETWORK_ID_MAX];
	reports_sent(reports, &(struct sent_part){ .recipient = recipient, .began = now, .ended = now + 180,
		.reference = -1, .doubt = doubt, .wants_report = true }, id);
	ck_assert_str_eq(id, "");
	now += 180;
}

/* A report of a part that the centre got at `at` (our clock), and that ended now. */
static struct tpdu report_of(const char *recipient, int reference, int64_t at, unsigned status)
{
	struct tpdu tpdu = { .type = TPDU_STATUS_REPORT, .reference = (uint8_t)reference,
		.stamp = { .at = at + ahead, .known = true }, .discharge = { .at = now + ahead, .known = true },
		.status = (uint8_t)status, .cause = -1 };
	snprintf(tpdu.address.text, sizeof tpdu.address.text, "%s", recipient);
	return tpdu;
}

static struct report_match match;

static enum report_fit tell(const struct tpdu *tpdu, const struct leaving_part *leaving)
{
	reports_match(reports, tpdu, leaving, now, &match);
	return match.fit;
}

static void fits(const char *id, const char *recipient, int reference, int64_t at, unsigned status)
{
	const struct tpdu tpdu = report_of(recipient, reference, at, status);
	ck_assert_int_eq(tell(&tpdu, NULL), REPORT_FITS);
	ck_assert_str_eq(match.id, id);
}

static void is_unknown(const char *recipient, int reference, int64_t at)
{
	const struct tpdu tpdu = report_of(recipient, reference, at, DELIVERED);
	ck_assert_int_eq(tell(&tpdu, NULL), REPORT_UNKNOWN);
}

/* Teaches the centre's clock. */
static void teach(void)
{
	for (int i = 0; i < 5; i++) {
		const char *id = sent("4912345000", 250 + i);
		fits(id, "4912345000", 250 + i, now - 1, DELIVERED);
		now += 10;
	}
}

/* Recommended, 1 and 2. */

START_TEST(an_id_says_hour_reference_and_recipient)
{
	ck_assert_str_eq(sent(ANNA, 7), "2025112800-007-11234567");
	ck_assert_str_eq(sent("72345", 255), "2025112800-255-72345");
	ck_assert_str_eq(sent("*21#", 0), "2025112800-000-21");
}
END_TEST

START_TEST(a_report_fits_the_part_of_its_reference_and_recipient)
{
	const char *anna = sent(ANNA, 7), *bert = sent(BERT, 8);
	fits(bert, BERT, 8, now - 1, DELIVERED);
	fits(anna, ANNA, 7, now - 4, EXPIRED);
}
END_TEST

START_TEST(the_same_reference_to_another_recipient_is_another_part)
{
	const char *anna = sent(ANNA, 7), *bert = sent(BERT, 7);
	fits(anna, ANNA, 7, now - 4, DELIVERED);
	fits(bert, BERT, 7, now - 1, DELIVERED);
}
END_TEST

START_TEST(when_the_reference_wraps_the_time_tells_which_part_it_is)
{
	const char *early = sent(ANNA, 7);
	const int64_t first = now - 1;
	now += 256 * 3;
	const char *later = sent(ANNA, 7);
	const int64_t second = now - 1;
	ck_assert_str_eq(later, "2025112800-007-11234567+2");
	now += 60;
	fits(later, ANNA, 7, second, DELIVERED);
	fits(early, ANNA, 7, first, DELIVERED);
}
END_TEST

START_TEST(reports_may_come_in_any_order_across_many_wraps)
{
	enum { WRAPS = 5, N = WRAPS * 256 };
	static char ids[N][NETWORK_ID_MAX];
	static int64_t at[N];
	reports_free(reports);
	reports = reports_new(N);
	for (int i = 0; i < N; i++) {
		snprintf(ids[i], sizeof ids[i], "%s", sent(ANNA, i % 256));
		at[i] = now - 1;
	}
	now += HOUR;
	for (int i = 0; i < N; i++) {
		const int k = (i * 511 + 77) % N;
		fits(ids[k], ANNA, k % 256, at[k], DELIVERED);
	}
}
END_TEST

START_TEST(the_stamp_of_a_submit_report_is_exact)
{
	char one[NETWORK_ID_MAX], two[NETWORK_ID_MAX];
	/* The clock of the centre stood still, and then ran on: no time would tell. */
	struct sent_part part = { .recipient = ANNA, .began = now, .ended = now + 3, .reference = 7,
		.wants_report = true, .stamp = { .at = now - 5 * HOUR, .known = true } };
	reports_sent(reports, &part, one);
	part.began = now += 800;
	part.ended = now += 3;
	part.stamp.at = NOW - 4 * HOUR;
	reports_sent(reports, &part, two);
	fits(two, ANNA, 7, NOW - 4 * HOUR, DELIVERED);
	fits(one, ANNA, 7, NOW - 5 * HOUR, DELIVERED);
	/* So is the hour in the id then. */
	ck_assert_str_eq(one, "2025112719-007-11234567");
}
END_TEST

START_TEST(a_part_that_left_after_the_stamp_is_not_meant)
{
	teach();
	const int64_t before = now;
	now += 20 * MINUTE;
	sent(ANNA, 7);
	is_unknown(ANNA, 7, before);
	/* But a few minutes are a matter of clocks. */
	const char *id = sent(BERT, 9);
	fits(id, BERT, 9, now - 200, DELIVERED);
}
END_TEST

START_TEST(without_a_stamp_the_newest_is_meant)
{
	sent(ANNA, 7);
	now += 1000;
	const char *newest = sent(ANNA, 7);
	struct tpdu tpdu = report_of(ANNA, 7, 0, DELIVERED);
	tpdu.stamp.known = false;
	ck_assert_int_eq(tell(&tpdu, NULL), REPORT_FITS);
	ck_assert_str_eq(match.id, newest);
}
END_TEST

/* Clocks. */

START_TEST(the_clock_of_the_centre_is_learned)
{
	int64_t offset;
	ahead = 200;
	ck_assert(!reports_offset(reports, &offset));
	teach();
	ck_assert(reports_offset(reports, &offset));
	ck_assert_int_ge(offset, 195);
	ck_assert_int_le(offset, 200);
	/* Between two parts a quarter of an hour apart it decides. */
	ahead = -440;
	reports_free(reports);
	reports = reports_new(100);
	teach();
	const char *one = sent(ANNA, 7);
	const int64_t first = now - 1;
	now += 768;
	const char *two = sent(ANNA, 7);
	fits(two, ANNA, 7, now - 1, DELIVERED);
	fits(one, ANNA, 7, first, DELIVERED);
}
END_TEST

START_TEST(one_wrong_match_does_not_spoil_the_clock)
{
	int64_t offset;
	teach();
	ahead = 3 * HOUR;
	const char *id = sent(ANNA, 7);
	fits(id, ANNA, 7, now - 1, DELIVERED);
	ck_assert(reports_offset(reports, &offset));
	ck_assert_int_ge(offset, -5);
	ck_assert_int_le(offset, 0);
}
END_TEST

START_TEST(a_centre_may_be_wrong_by_whole_zones_before_anything_is_learned)
{
	static const int64_t zones[] = { 2 * HOUR, -2 * HOUR, 5 * HOUR + 45 * MINUTE, -9 * HOUR - 30 * MINUTE, 14 * HOUR };
	for (size_t i = 0; i < sizeof zones / sizeof *zones; i++) {
		end();
		begin();
		ahead = zones[i];
		const char *one = sent(ANNA, 7);
		const int64_t first = now - 1;
		now += 768;
		const char *two = sent(ANNA, 7);
		const int64_t second = now - 1;
		now += 10;
		fits(two, ANNA, 7, second, DELIVERED);
		fits(one, ANNA, 7, first, DELIVERED);
	}
}
END_TEST

START_TEST(a_centre_may_change_its_zone)
{
	teach();
	ahead = HOUR;
	for (int i = 0; i < 40; i++) {
		const char *id = sent(ANNA, i);
		fits(id, ANNA, i, now - 1, DELIVERED);
	}
	int64_t offset;
	ck_assert(reports_offset(reports, &offset));
	ck_assert_int_ge(offset, HOUR - 5);
}
END_TEST

/* 3. */

START_TEST(a_recipient_in_national_form_is_the_same)
{
	const char *id = sent(ANNA, 7);
	fits(id, "01711234567", 7, now - 1, TRYING);
	fits(id, "+49 171 1234567", 7, now - 1, DELIVERED);
}
END_TEST

START_TEST(a_short_national_form_is_the_same_too)
{
	const char *id = sent("3546123456", 7);
	fits(id, "6123456", 7, now - 1, TRYING);
	fits(id, "3546123456", 7, now - 1, DELIVERED);
	teach();
	sent("72345", 8); /* but not of a short code */
	sent("12345", 8);
	is_unknown("2345", 8, now - 1);
}
END_TEST

START_TEST(a_recipient_that_is_another_number_is_found_by_time_if_it_is_the_only_one)
{
	teach();
	const char *id = sent("72345", 7);
	fits(id, "4917699999999", 7, now - 1, DELIVERED);
	sent(ANNA, 9);
	sent(BERT, 9);
	is_unknown("4917699999999", 9, now - 1); /* which of them? */
	sent(ANNA, 10);
	now += 30 * MINUTE;
	is_unknown("4917699999999", 10, now - 1); /* too long ago */
}
END_TEST

START_TEST(a_modem_that_tells_wrong_references_is_found_out_by_recipient_and_time)
{
	const char *id = sent(ANNA, 0); /* it always says 0 */
	fits(id, ANNA, 41, now - 1, DELIVERED);
	now += 100;
	sent(BERT, 0);
	sent(BERT, 0);
	is_unknown(BERT, 43, now - 3); /* which of them? */
	teach(); /* but this one tells the truth */
	sent(ANNA, 7);
	is_unknown(ANNA, 8, now - 1);
}
END_TEST

/* As after a restart in the middle of a long message. */
START_TEST(a_report_about_an_earlier_life_is_not_about_a_new_part_to_the_same_recipient)
{
	sent(ANNA, 50);
	is_unknown(ANNA, 47, now - 5);
	sent_in_doubt(BERT, 1);
	is_unknown(BERT, 48, now - 200);
}
END_TEST

/* 4 is the session's: each modem has a memory of its own. */

START_TEST(two_sims_never_mix)
{
	struct reports *other = reports_new(10);
	char id[NETWORK_ID_MAX];
	reports_sent(other, &(struct sent_part){ .recipient = ANNA, .began = now - 50, .ended = now - 47, .reference = 7,
		.wants_report = true }, id);
	const char *mine = sent(ANNA, 7);
	fits(mine, ANNA, 7, now - 50, DELIVERED);
	reports_free(other);
}
END_TEST

/* 5. */

START_TEST(a_report_may_come_before_the_answer_to_its_part)
{
	const struct leaving_part leaving = { .recipient = ANNA, .began = now };
	const struct tpdu tpdu = report_of(ANNA, 7, now + 1, DELIVERED);
	ck_assert_int_eq(tell(&tpdu, &leaving), REPORT_EARLY);
	const char *id = sent(ANNA, 7);
	ck_assert_int_eq(tell(&tpdu, NULL), REPORT_FITS);
	ck_assert_str_eq(match.id, id);
}
END_TEST

START_TEST(a_report_before_the_answer_is_not_taken_for_an_older_part)
{
	sent(ANNA, 7);
	now += 768;
	const struct leaving_part leaving = { .recipient = ANNA, .began = now };
	const struct tpdu tpdu = report_of(ANNA, 7, now + 1, DELIVERED);
	ck_assert_int_eq(tell(&tpdu, &leaving), REPORT_EARLY);
	const char *id = sent(ANNA, 7);
	ck_assert_int_eq(tell(&tpdu, NULL), REPORT_FITS);
	ck_assert_str_eq(match.id, id);
}
END_TEST

START_TEST(a_report_for_an_older_part_does_not_wait)
{
	const char *old = sent(ANNA, 7);
	const struct tpdu tpdu = report_of(ANNA, 7, now - 1, DELIVERED);
	now += 600;
	struct leaving_part leaving = { .recipient = ANNA, .began = now };
	ck_assert_int_eq(tell(&tpdu, &leaving), REPORT_FITS);
	ck_assert_str_eq(match.id, old);
	leaving.recipient = BERT;
	const struct tpdu other = report_of(ANNA, 8, now, DELIVERED);
	ck_assert_int_eq(tell(&other, &leaving), REPORT_UNKNOWN);
}
END_TEST

START_TEST(a_report_for_nothing_that_is_remembered_names_the_part_by_its_own_fields)
{
	/* 00:10: the hour before is nearer than that after. */
	is_unknown(ANNA, 7, now);
	ck_assert_str_eq(match.id, "2025112800-007-11234567");
	ck_assert_str_eq(match.alternate[0], "2025112723-007-11234567");
	ck_assert_str_eq(match.alternate[1], "2025112801-007-11234567");
	now += 40 * MINUTE;
	is_unknown(ANNA, 7, now);
	ck_assert_str_eq(match.id, "2025112800-007-11234567");
	ck_assert_str_eq(match.alternate[0], "2025112801-007-11234567");
	ck_assert_str_eq(match.alternate[1], "2025112723-007-11234567");
}
END_TEST

START_TEST(its_zone_is_guessed_by_when_it_came)
{
	ahead = -3 * HOUR; /* it cannot be known that it was not on its way for three hours */
	is_unknown(ANNA, 7, now);
	ck_assert_str_eq(match.id, "2025112721-007-11234567");
	ck_assert_str_eq(match.alternate[1], "2025112800-007-11234567");
	ahead = 3 * HOUR; /* it can */
	is_unknown(ANNA, 7, now);
	ck_assert_str_eq(match.id, "2025112800-007-11234567");
}
END_TEST

START_TEST(what_a_new_process_computes_is_what_the_old_one_named)
{
	char id[NETWORK_ID_MAX];
	static const int64_t clocks[] = { 0, 20, -20, 1800, -1800, 2 * HOUR, -2 * HOUR, 5 * HOUR + 30 * MINUTE };
	for (size_t i = 0; i < sizeof clocks / sizeof *clocks; i++) {
		for (int minute = 0; minute < 60; minute += 5) {
			end();
			begin();
			ahead = clocks[i];
			now += minute * MINUTE;
			snprintf(id, sizeof id, "%s", sent(ANNA, 7));
			const int64_t at = now - 1;
			now += 20;
			const struct tpdu tpdu = report_of(ANNA, 7, at, DELIVERED);
			reports_free(reports);
			reports = reports_new(10);
			ck_assert_int_eq(tell(&tpdu, NULL), REPORT_UNKNOWN);
			ck_assert_msg(strcmp(match.id, id) == 0 || strcmp(match.alternate[0], id) == 0 ||
			    strcmp(match.alternate[1], id) == 0, "%s is none of %s %s %s", id, match.id,
			    match.alternate[0], match.alternate[1]);
		}
	}
}
END_TEST

/* 7. */

START_TEST(a_part_that_asked_for_none_is_not_meant)
{
	const char *asked = sent(ANNA, 7);
	now += 768;
	send_as(ANNA, 7, false);
	fits(asked, ANNA, 7, now - 771, DELIVERED);
	is_unknown(ANNA, 7, now - 1);
}
END_TEST

/* 8. */

START_TEST(a_report_settles_a_part_in_doubt)
{
	teach();
	sent_in_doubt(ANNA, 5);
	sent_in_doubt(BERT, 6);
	struct tpdu tpdu = report_of(ANNA, 77, now - 350, TRYING);
	ck_assert_int_eq(tell(&tpdu, NULL), REPORT_SETTLES);
	ck_assert_uint_eq(match.doubt, 5);
	ck_assert_str_eq(match.id, "2025112800-077-11234567");
	/* From then on it is one of known reference. */
	tpdu.status = DELIVERED;
	ck_assert_int_eq(tell(&tpdu, NULL), REPORT_FITS);
	ck_assert_str_eq(match.id, "2025112800-077-11234567");
	/* A report of another time is not for it. */
	const struct tpdu old = report_of(BERT, 78, now - 3000, DELIVERED);
	ck_assert_int_eq(tell(&old, NULL), REPORT_UNKNOWN);
}
END_TEST

START_TEST(an_older_part_of_that_reference_is_not_mistaken_for_one_in_doubt)
{
	teach();
	const char *old = sent(ANNA, 77);
	now += HOUR;
	sent_in_doubt(ANNA, 5);
	const struct tpdu tpdu = report_of(ANNA, 77, now - 170, DELIVERED);
	ck_assert_int_eq(tell(&tpdu, NULL), REPORT_SETTLES);
	ck_assert_uint_eq(match.doubt, 5);
	fits(old, ANNA, 77, now - 180 - HOUR - 1, DELIVERED);
}
END_TEST

START_TEST(a_late_answer_settles_it_too_and_once)
{
	char id[NETWORK_ID_MAX];
	sent_in_doubt(ANNA, 5);
	ck_assert(!reports_answered(reports, 4, 30, now, id));
	ck_assert(reports_answered(reports, 5, 30, now, id));
	ck_assert_str_eq(id, "2025112800-030-11234567");
	ck_assert(!reports_answered(reports, 5, 30, now, id));
	fits(id, ANNA, 30, now - 100, DELIVERED);
}
END_TEST

/* 9. */

START_TEST(after_a_temporary_report_more_will_come)
{
	const char *id = sent(ANNA, 7);
	const int64_t at = now - 1;
	for (int i = 0; i < 5; i++) {
		now += 20 * MINUTE;
		fits(id, ANNA, 7, at, 0x20 + (unsigned)i);
	}
	/* Once the stamp is known, another one is another part's. */
	is_unknown(ANNA, 7, at + 100);
	fits(id, ANNA, 7, at, DELIVERED);
}
END_TEST

START_TEST(a_final_report_that_comes_again_is_told_as_the_same)
{
	const char *id = sent(ANNA, 7);
	const int64_t at = now - 1;
	fits(id, ANNA, 7, at, DELIVERED);
	fits(id, ANNA, 7, at, DELIVERED);
	/* And its id is not given to another one in that hour. */
	ck_assert_str_eq(sent(ANNA, 7), "2025112800-007-11234567+2");
}
END_TEST

/* 10. */

START_TEST(an_old_part_stays_a_candidate_until_it_expires)
{
	teach();
	const char *old = sent(ANNA, 7);
	const int64_t at = now - 1;
	for (int i = 0; i < 10; i++) {
		now += HOUR;
		sent(ANNA, 7);
	}
	now = NOW + 6 * DAY;
	fits(old, ANNA, 7, at, DELIVERED);
	const char *next = sent(BERT, 8);
	const int64_t then = now - 1;
	ck_assert_str_ne(next, "");
	now += 8 * DAY;
	is_unknown(BERT, 8, then);
}
END_TEST

START_TEST(of_too_many_the_oldest_are_forgotten)
{
	reports_free(reports);
	reports = reports_new(3);
	const char *first = sent(ANNA, 1);
	const char *second = sent(ANNA, 2);
	sent(ANNA, 3);
	sent(ANNA, 4);
	is_unknown(ANNA, 1, now - 10);
	ck_assert_str_eq(match.id, first); /* which is then the ledger's to find */
	fits(second, ANNA, 2, now - 7, DELIVERED);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("modem reports");
	TCase *tests = tcase_create("modem reports");
	tcase_add_checked_fixture(tests, begin, end);
	tcase_add_test(tests, an_id_says_hour_reference_and_recipient);
	tcase_add_test(tests, a_report_fits_the_part_of_its_reference_and_recipient);
	tcase_add_test(tests, the_same_reference_to_another_recipient_is_another_part);
	tcase_add_test(tests, when_the_reference_wraps_the_time_tells_which_part_it_is);
	tcase_add_test(tests, reports_may_come_in_any_order_across_many_wraps);
	tcase_add_test(tests, the_stamp_of_a_submit_report_is_exact);
	tcase_add_test(tests, a_part_that_left_after_the_stamp_is_not_meant);
	tcase_add_test(tests, without_a_stamp_the_newest_is_meant);
	tcase_add_test(tests, the_clock_of_the_centre_is_learned);
	tcase_add_test(tests, one_wrong_match_does_not_spoil_the_clock);
	tcase_add_test(tests, a_centre_may_be_wrong_by_whole_zones_before_anything_is_learned);
	tcase_add_test(tests, a_centre_may_change_its_zone);
	tcase_add_test(tests, a_recipient_in_national_form_is_the_same);
	tcase_add_test(tests, a_short_national_form_is_the_same_too);
	tcase_add_test(tests, a_recipient_that_is_another_number_is_found_by_time_if_it_is_the_only_one);
	tcase_add_test(tests, a_modem_that_tells_wrong_references_is_found_out_by_recipient_and_time);
	tcase_add_test(tests, a_report_about_an_earlier_life_is_not_about_a_new_part_to_the_same_recipient);
	tcase_add_test(tests, two_sims_never_mix);
	tcase_add_test(tests, a_report_may_come_before_the_answer_to_its_part);
	tcase_add_test(tests, a_report_before_the_answer_is_not_taken_for_an_older_part);
	tcase_add_test(tests, a_report_for_an_older_part_does_not_wait);
	tcase_add_test(tests, a_report_for_nothing_that_is_remembered_names_the_part_by_its_own_fields);
	tcase_add_test(tests, its_zone_is_guessed_by_when_it_came);
	tcase_add_test(tests, what_a_new_process_computes_is_what_the_old_one_named);
	tcase_add_test(tests, a_part_that_asked_for_none_is_not_meant);
	tcase_add_test(tests, a_report_settles_a_part_in_doubt);
	tcase_add_test(tests, an_older_part_of_that_reference_is_not_mistaken_for_one_in_doubt);
	tcase_add_test(tests, a_late_answer_settles_it_too_and_once);
	tcase_add_test(tests, after_a_temporary_report_more_will_come);
	tcase_add_test(tests, a_final_report_that_comes_again_is_told_as_the_same);
	tcase_add_test(tests, an_old_part_stays_a_candidate_until_it_expires);
	tcase_add_test(tests, of_too_many_the_oldest_are_forgotten);
	suite_add_tcase(suite, tests);
	return run_suite(suite) != 0;
}
