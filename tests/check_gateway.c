/* SPDX-License-Identifier: Apache-2.0 */
/*
 * check_gateway.c - the hub and its links: what is claimed, where it goes, what becomes
 * of it.
 */
#include "gateway_world.h"

static const struct outcome sent = { .verdict = VERDICT_SENT, .network_id = "id" };

START_TEST(nothing_is_claimed_before_a_link_is_up)
{
	add_row("+3620", "");
	turn_for(50);
	ck_assert_uint_eq(the_store.claims, 0);
	up(1, 10);
	await(submitted == 1);
	puppet_answer(puppets[1], &sent);
	await(rows[0].settles == 1);
	ck_assert_int_eq(rows[0].verdict, VERDICT_SENT);
	ck_assert_str_eq(rows[0].link, "link1");
}
END_TEST

START_TEST(no_more_leaves_than_the_window_and_no_more_is_claimed_than_the_room)
{
	for (unsigned i = 0; i < 500; i++)
		add_row("+3620", "");
	up(1, 10);
	await(submitted == 10);
	turn_for(50);
	ck_assert_uint_eq(submitted, 10);
	unsigned claimed = 0;
	for (unsigned i = 0; i < nrows; i++)
		claimed += rows[i].claims;
	ck_assert_uint_le(claimed, 20);
	puppet_answer(puppets[1], &sent);
	await(submitted == 11);
}
END_TEST

START_TEST(a_link_that_does_not_answer_does_not_stop_its_neighbour)
{
	for (unsigned i = 0; i < 400; i++)
		add_row("+3620", "link1");
	for (unsigned i = 0; i < 5; i++)
		add_row("+3620", "link2");
	up(1, 1);
	up(2, 10);
	await(puppets[2]->n == 5);
	ck_assert_uint_eq(puppets[1]->n, 1);
	while (puppets[2]->n)
		puppet_answer(puppets[2], &sent);
	for (unsigned i = 400; i < 405; i++)
		ck_assert_uint_eq(rows[i].settles, 1);
	ck_assert_str_eq(rows[399].lane, "link1");
	ck_assert_str_eq(rows[399].text, "waits for link link1");
}
END_TEST

START_TEST(rows_parked_for_a_link_flow_when_it_comes_up)
{
	for (unsigned i = 0; i < 30; i++)
		add_row("+3620", "link1");
	add_row("+3620", "");
	up(2, 10);
	await(rows[0].lane != NULL);
	ck_assert_str_eq(rows[0].text, "waits for link link1, which is not up");
	up(1, 10);
	for (unsigned done = 0; done < 30; done++) {
		await(puppets[1]->n > 0);
		puppet_answer(puppets[1], &sent);
	}
	for (unsigned i = 0; i < 30; i++)
		ck_assert_int_eq(rows[i].verdict, VERDICT_SENT);
}
END_TEST

START_TEST(a_row_that_cannot_be_sent_is_refused_with_the_reason)
{
	add_row("abc", "");
	add_row("+3620", "");
	up(1, 10);
	await(rows[0].settles == 1);
	ck_assert_int_eq(rows[0].verdict, VERDICT_REJECTED);
	ck_assert_ptr_nonnull(strstr(rows[0].text, "not a phone number"));
	await(submitted == 1);
}
END_TEST

START_TEST(a_lost_connection_leaves_doubt_only_about_what_left)
{
	for (unsigned i = 0; i < 15; i++)
		add_row("+3620", "");
	up(1, 4);
	await(submitted == 4);
	link_down(puppets[1]->link, DOWN_LOST, "reset by peer");
	await(rows[3].settles == 1);
	for (unsigned i = 0; i < 4; i++) {
		ck_assert_int_eq(rows[i].verdict, VERDICT_DOUBTFUL);
		ck_assert_str_eq(rows[i].text,
		    "no answer before the connection ended: reset by peer");
	}
	ck_assert_uint_eq(rows[4].claims, rows[4].settles);
	ck_assert(rows[4].claims == 0 || (rows[4].untried && rows[4].queued));
	await(puppets[1]);              /* it connects again by itself */
}
END_TEST

START_TEST(a_throttled_part_waits_at_the_head_and_the_link_rests)
{
	for (unsigned i = 0; i < 3; i++)
		add_row("+3620", "");
	up(1, 1);
	await(submitted == 1);
	const struct outcome throttled = { .verdict = VERDICT_DEFERRED, .untried = true,
		.hold_ms = 60 };
	const int64_t first = TAILQ_FIRST(&puppets[1]->lent)->message->id;
	puppet_answer(puppets[1], &throttled);
	turn_for(20);
	ck_assert_uint_eq(puppets[1]->n, 0);
	await(puppets[1]->n == 1);
	ck_assert_int_eq(TAILQ_FIRST(&puppets[1]->lent)->message->id, first);
	ck_assert_uint_eq(rows[first - 1].settles, 0);
}
END_TEST

/* Whether others are taken says whether it is the message that is not wanted. */
START_TEST(a_message_that_is_throttled_again_and_again_lets_others_by)
{
	const struct outcome throttled = { .verdict = VERDICT_DEFERRED, .untried = true, .hold_ms = 20 };
	struct settings *settings = all_links();
	settings->links[0].common.rate = 10000; /* four fifths of it, and again, are still enough */
	gateway_reload(gateway, settings);
	for (unsigned i = 0; i < 4; i++)
		add_row("+3620", "link1");
	up(1, 1);
	await(puppets[1]->n == 1);
	struct message *first = TAILQ_FIRST(&puppets[1]->lent)->message;
	unsigned others = 0;
	for (unsigned rests = 1; first->throttled < THROTTLED_ALONE; rests++) {
		ck_assert_uint_le(rests, 100);
		await(puppets[1]->n == 1);
		const struct message *now = TAILQ_FIRST(&puppets[1]->lent)->message;
		ck_assert(now == first || rests > THROTTLED_SUSPECT);
		others += now != first;
		puppet_answer(puppets[1], now == first ? &throttled : &sent);
		if (now != first)
			add_row("+3620", "link1");
	}
	ck_assert_uint_ge(others, THROTTLED_ALONE - THROTTLED_SUSPECT);
	for (unsigned i = 0; i < 3; i++) {      /* nothing is taken: it counts no further */
		await(puppets[1]->n == 1);
		puppet_answer(puppets[1], &throttled);
	}
	ck_assert_uint_eq(first->throttled, THROTTLED_ALONE);
}
END_TEST

START_TEST(throttled_parts_keep_their_order_and_the_link_goes_on_slower)
{
	for (unsigned i = 0; i < 5; i++)
		add_row("+3620", "");
	up(1, 3);
	await(submitted == 3);
	const struct outcome throttled = { .verdict = VERDICT_DEFERRED, .untried = true,
		.hold_ms = 60, .text = "too fast" };
	for (unsigned i = 0; i < 3; i++)
		puppet_answer(puppets[1], &throttled);
	await(submitted > 3);
	int64_t before = 0;
	for (unsigned i = 0; i < 5; i++) {
		await(puppets[1]->n > 0);   /* one after the other now, with a pace */
		const int64_t id = TAILQ_FIRST(&puppets[1]->lent)->message->id;
		ck_assert_int_gt(id, before);
		before = id;
		puppet_answer(puppets[1], &sent);
	}
	struct link_report report;
	link_report(puppets[1]->link, &report);
	ck_assert_str_eq(report.state, "up");
	ck_assert_msg(strncmp(report.reason, "throttled by the peer: ", 23) == 0, "%s", report.reason);
	ck_assert_msg(strstr(report.reason, "; it says: too fast"), "%s", report.reason);
}
END_TEST

START_TEST(a_held_link_gives_its_queue_back_and_sends_nothing)
{
	for (unsigned i = 0; i < 10; i++)
		add_row("+3620", "link1");
	up(1, 2);
	await(submitted == 2);
	the_store.listener.wanted(the_store.listener.ctx, "link1", WANTED_HOLD);
	turn_for(30);
	puppet_answer(puppets[1], &sent);
	puppet_answer(puppets[1], &sent);
	turn_for(30);
	ck_assert_uint_eq(submitted, 2);
	the_store.listener.wanted(the_store.listener.ctx, "link1", WANTED_RUN);
	await(submitted == 4);
}
END_TEST

START_TEST(an_operators_drain_closes_the_link_and_run_opens_it_again)
{
	up(1, 2);
	turn_for(5);
	the_store.listener.wanted(the_store.listener.ctx, "link1", WANTED_DRAIN);
	await(!puppets[1]);
	turn_for(30);
	ck_assert_ptr_null(puppets[1]);
	the_store.listener.wanted(the_store.listener.ctx, "link1", WANTED_RUN);
	await(puppets[1]);
}
END_TEST

/* However it may say so. */
START_TEST(a_link_that_is_barred_waits_for_the_operator)
{
	struct link_report report;
	turn_for(5);
	struct link *link = puppets[1]->link;
	link_down(link, DOWN_BARRED, "wrong password");
	await(!puppets[1]);
	turn_for(200);
	the_store.listener.room(the_store.listener.ctx); /* all links are steered */
	turn_for(30);
	ck_assert_ptr_null(puppets[1]);
	link_report(link, &report);
	ck_assert_str_eq(report.state, "stopped");
	ck_assert_str_eq(report.reason, "wrong password");
	if (_i == 2) {
		gateway_reload(gateway, all_links());
	} else {
		the_store.listener.wanted(the_store.listener.ctx, "link1", _i ? WANTED_HOLD : WANTED_DRAIN);
		turn_for(30);
		ck_assert_ptr_null(puppets[1]);
		the_store.listener.wanted(the_store.listener.ctx, "link1", WANTED_RUN);
	}
	await(puppets[1]);
	up(1, 2);
	add_row("+3620", "link1");
	await(submitted == 1);
	puppet_answer(puppets[1], &sent);
}
END_TEST

START_TEST(a_link_that_only_receives_is_given_no_rows)
{
	add_row("+3620", "link1");
	for (unsigned i = 0; i < 5; i++)
		add_row("+3620", "");
	up(1, 0);
	turn_for(30);
	ck_assert_uint_eq(submitted, 0);
	up(2, 10);
	await(submitted == 5);
	turn_for(30);
	ck_assert_uint_eq(submitted, 5);
	ck_assert_uint_eq(rows[0].settles, rows[0].claims); /* parked at most */
	link_up(puppets[1]->link, 1);      /* it sends, too, from now on */
	await(submitted == 6);
}
END_TEST

START_TEST(a_session_that_waits_for_its_peer_gives_its_queue_back_and_goes_on)
{
	for (unsigned i = 0; i < 10; i++)
		add_row("+3620", "link1");
	up(1, 2);
	await(submitted == 2);
	const struct puppet *before = puppets[1];
	struct link_report report;
	link_wait(puppets[1]->link, "awaiting outbind");
	turn_for(30);
	link_report(puppets[1]->link, &report);
	ck_assert_str_eq(report.state, "connecting");
	ck_assert_str_eq(report.reason, "awaiting outbind");
	puppet_answer(puppets[1], &sent);   /* what was lent comes back all the same */
	puppet_answer(puppets[1], &sent);
	turn_for(30);
	ck_assert_uint_eq(submitted, 2);
	ck_assert_uint_eq(rows[0].verdict, VERDICT_SENT);
	ck_assert_uint_eq(rows[9].settles, rows[9].claims);
	link_up(puppets[1]->link, 2);
	await(submitted == 4);
	ck_assert_ptr_eq(before, puppets[1]);
}
END_TEST

START_TEST(nothing_leaves_while_the_lease_is_not_certain)
{
	add_row("+3620", "");
	the_store.unleased = true;
	up(1, 10);
	turn_for(50);
	ck_assert_uint_eq(submitted, 0);
	the_store.unleased = false;
	await(submitted == 1);
}
END_TEST

START_TEST(a_fenced_gateway_drops_its_links_and_comes_back)
{
	add_row("+3620", "");
	up(1, 10);
	await(submitted == 1);
	the_store.listener.state(the_store.listener.ctx, STORE_FENCED, "slept too long");
	await(!puppets[1] && rows[0].settles == 1);
	ck_assert_int_eq(rows[0].verdict, VERDICT_DOUBTFUL);
	the_store.listener.state(the_store.listener.ctx, STORE_READY, "");
	await(puppets[1]);
}
END_TEST

START_TEST(an_expired_row_does_not_leave)
{
	add_row("+3620", "");
	rows[0].expires_at = 1;
	up(1, 10);
	await(rows[0].settles == 1);
	ck_assert_int_eq(rows[0].verdict, VERDICT_EXPIRED);
	ck_assert_uint_eq(submitted, 0);
}
END_TEST

START_TEST(a_peer_is_told_only_after_the_commit_and_only_by_the_session_that_asked)
{
	struct inbound inbound = { .link = "link1" };
	up(1, 10);
	turn_for(5);
	link_inbound(puppets[1]->link, &inbound, 7);
	turn_for(5);
	ck_assert_uint_eq(nacked, 0);
	the_store.kept(the_store.kept_ctx, the_store.ticket, true);
	ck_assert_uint_eq(nacked, 1);
	ck_assert_uint_eq(acked[0], 7);
	ck_assert_int_eq(acks[0], ACK_KEPT);
	link_inbound(puppets[1]->link, &inbound, 8);
	link_down(puppets[1]->link, DOWN_LOST, "gone");
	struct puppet *before = puppets[1];
	await(puppets[1] && puppets[1] != before);
	the_store.kept(the_store.kept_ctx, the_store.ticket, true);
	ck_assert_uint_eq(nacked, 1);
}
END_TEST

START_TEST(a_drain_gives_back_awaits_answers_and_ends)
{
	for (unsigned i = 0; i < 10; i++)
		add_row("+3620", "");
	up(1, 2);
	await(submitted == 2);
	gateway_drain(gateway);
	await(puppets[1]->draining);
	ck_assert(!ended);
	puppet_answer(puppets[1], &sent);
	puppet_answer(puppets[1], &sent);
	link_down(puppets[1]->link, DOWN_DRAINED, "drained");
	await(ended);
	for (unsigned i = 0; i < nrows; i++)
		ck_assert_uint_eq(rows[i].claims, rows[i].settles);
}
END_TEST

START_TEST(a_drain_whose_answers_never_come_ends_in_time_and_in_doubt)
{
	add_row("+3620", "");
	up(1, 2);
	await(submitted == 1);
	gateway_drain(gateway);
	await(ended);
	ck_assert_int_eq(rows[0].verdict, VERDICT_DOUBTFUL);
}
END_TEST

START_TEST(a_reload_changes_live_keys_in_place_and_reopens_for_others)
{
	up(1, 10);
	up(2, 10);
	turn_for(5);
	struct puppet *one = puppets[1], *two = puppets[2];
	struct settings *settings = all_links();
	settings->links[0].common.rate = 5;
	((struct puppet_options *)settings->links[1].options)->window = 3;
	gateway_reload(gateway, settings);
	await(puppets[2] && puppets[2] != two);
	ck_assert_ptr_eq(puppets[1], one);
}
END_TEST

START_TEST(a_session_keeps_its_options_through_reloads)
{
	up(1, 10);
	up(2, 10);
	turn_for(5);
	struct puppet *first = puppets[2], *second = NULL;
	for (unsigned i = 1; i <= 4; i++) {
		struct settings *settings = all_links();
		((struct puppet_options *)settings->links[1].options)->window = 3;
		settings->links[1].common.rate = i;
		gateway_reload(gateway, settings);
		await(puppets[2] && puppets[2] != first);
		turn_for(1100);         /* settings that nobody uses are freed each second */
		ck_assert(!second || puppets[2] == second);
		second = puppets[2];
		ck_assert_int_eq(second->options->window, 3);
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("gateway");
	TCase *tests = tcase_create("gateway");
	tcase_add_checked_fixture(tests, set_up, tear_down);
	tcase_set_timeout(tests, 20);
	tcase_add_test(tests, nothing_is_claimed_before_a_link_is_up);
	tcase_add_test(tests, no_more_leaves_than_the_window_and_no_more_is_claimed_than_the_room);
	tcase_add_test(tests, a_link_that_does_not_answer_does_not_stop_its_neighbour);
	tcase_add_test(tests, rows_parked_for_a_link_flow_when_it_comes_up);
	tcase_add_test(tests, a_row_that_cannot_be_sent_is_refused_with_the_reason);
	tcase_add_test(tests, a_lost_connection_leaves_doubt_only_about_what_left);
	tcase_add_test(tests, a_throttled_part_waits_at_the_head_and_the_link_rests);
	tcase_add_test(tests, a_message_that_is_throttled_again_and_again_lets_others_by);
	tcase_add_test(tests, throttled_parts_keep_their_order_and_the_link_goes_on_slower);
	tcase_add_test(tests, a_held_link_gives_its_queue_back_and_sends_nothing);
	tcase_add_test(tests, an_operators_drain_closes_the_link_and_run_opens_it_again);
	tcase_add_test(tests, nothing_leaves_while_the_lease_is_not_certain);
	tcase_add_test(tests, a_fenced_gateway_drops_its_links_and_comes_back);
	tcase_add_test(tests, an_expired_row_does_not_leave);
	tcase_add_test(tests, a_peer_is_told_only_after_the_commit_and_only_by_the_session_that_asked);
	tcase_add_test(tests, a_drain_gives_back_awaits_answers_and_ends);
	tcase_add_test(tests, a_drain_whose_answers_never_come_ends_in_time_and_in_doubt);
	tcase_add_test(tests, a_reload_changes_live_keys_in_place_and_reopens_for_others);
	tcase_add_test(tests, a_session_keeps_its_options_through_reloads);
	suite_add_tcase(suite, tests);
	tcase_add_loop_test(tests, a_link_that_is_barred_waits_for_the_operator, 0, 3);
	tcase_add_test(tests, a_link_that_only_receives_is_given_no_rows);
	tcase_add_test(tests, a_session_that_waits_for_its_peer_gives_its_queue_back_and_goes_on);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
