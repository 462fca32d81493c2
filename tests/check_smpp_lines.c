/* SPDX-License-Identifier: Apache-2.0 */
/*
 * check_smpp_lines.c - a link with several binds: how they share the load, and what
 * becomes of it when one of them is lost.
 */
#include "driver_world.h"

/* So many binds, all of them up. */
static void lines_up(unsigned n, unsigned window)
{
	options.binds = n;
	options.window = window;
	world_open();
	AWAIT(the_link.window == n * window);
	ck_assert_uint_eq(peer.ncalls, n);
	forget();
}

static unsigned submits_on(unsigned call)
{
	unsigned n = 0;
	for (unsigned i = 0; i < peer.nheard; i++)
		n += peer.heard[i].call == call && peer.heard[i].command == SMPP_SUBMIT_SM;
	return n;
}

START_TEST(the_first_bind_is_enough_and_each_further_one_adds_its_window)
{
	options.binds = 3;
	options.window = 4;
	world_open();
	AWAIT(the_link.ups);
	ck_assert_uint_eq(the_link.window, 4);
	ck_assert_uint_eq(peer.ncalls, 1);
	const uint64_t begun = now_ms();
	AWAIT(the_link.window == 12);
	ck_assert_uint_eq(the_link.ups, 3);
	ck_assert_uint_ge(now_ms() - begun, 200); /* they do not come all at once */
}
END_TEST

START_TEST(a_part_goes_to_the_bind_that_has_the_fewest)
{
	lines_up(3, 4);
	peer.no_submit_answer = true;
	for (unsigned i = 0; i < 12; i++) {
		lend(i);
		AWAIT(peer.submits == i + 1);
		for (unsigned call = 0; call < 3; call++) {
			ck_assert_uint_ge(submits_on(call), (i + 1) / 3);
			ck_assert_uint_le(submits_on(call), (i + 3) / 3);
		}
	}
	/* The one that answers gets what comes. */
	const unsigned call = peer.heard[5].call;
	const struct smpp_pdu submit = { .command = SMPP_SUBMIT_SM, .sequence = peer.heard[5].sequence };
	peer_answer(call, &submit, SMPP_ROK);
	AWAIT(the_link.answered == 1);
	lend(12);
	AWAIT(peer.submits == 13);
	ck_assert_uint_eq(peer.heard[12].call, call);
}
END_TEST

START_TEST(parts_of_one_message_leave_by_one_bind_in_their_order)
{
	static struct message message;
	lines_up(2, 3);
	message = messages[0];
	message.nparts = 6;
	peer.no_submit_answer = true;
	for (unsigned i = 0; i < 6; i++) {
		parts[i].message = &message;
		parts[i].number = (uint8_t)(i + 1);
		lend(i);
	}
	AWAIT(peer.submits == 3);
	idle(20);
	ck_assert_uint_eq(peer.submits, 3); /* the others wait for this bind, not for any */
	for (unsigned i = 0; i < 6; i++) {
		AWAIT(peer.submits > i);
		ck_assert_uint_eq(peer.heard[i].call, peer.heard[0].call);
		const struct smpp_pdu submit = { .command = SMPP_SUBMIT_SM,
			.sequence = peer.heard[i].sequence };
		peer_answer(peer.heard[0].call, &submit, SMPP_ROK);
	}
	AWAIT(the_link.answered == 6);
	for (unsigned i = 0; i < 6; i++) {
		char id[16];
		snprintf(id, sizeof id, "id%u", (unsigned)peer.heard[i].sequence);
		ck_assert_str_eq(the_link.outcomes[i].network_id, id);
	}
}
END_TEST

START_TEST(a_bind_that_is_lost_leaves_its_parts_in_doubt_and_the_others_go_on)
{
	lines_up(2, 10);
	peer.no_submit_answer = true;
	for (unsigned i = 0; i < 6; i++)
		lend(i);
	AWAIT(peer.submits == 6);
	const unsigned lost = peer.heard[0].call;
	stream_finish(peer.calls[lost], "test");
	AWAIT(the_link.window == 10);
	ck_assert_uint_eq(the_link.downs, 0);
	ck_assert_uint_eq(the_link.answered, 3);
	for (unsigned i = 0; i < 6; i++) {
		ck_assert_uint_eq(the_link.done[i], the_link.done[i % 2]);
		if (!the_link.done[i])
			continue;
		ck_assert_int_eq(the_link.outcomes[i].verdict, VERDICT_DOUBTFUL);
		ck_assert_ptr_nonnull(strstr(the_link.outcomes[i].text, "before the connection ended"));
	}
	ck_assert_ptr_nonnull(strstr(the_link.note, "1 of 2 binds up: "));
	for (unsigned i = 6; i < 9; i++)
		lend(i);
	AWAIT(submits_on(!lost) == 6);
	/* It comes back by itself. */
	AWAIT(the_link.window == 20);
	ck_assert_str_eq(the_link.note, "");
	ck_assert_uint_eq(peer.ncalls, 3);
	lend(9);
	AWAIT(submits_on(2) == 1);
}
END_TEST

START_TEST(what_waited_for_a_bind_that_is_lost_never_left)
{
	static struct message message;
	lines_up(2, 2);
	message = messages[0];
	message.nparts = 4;
	peer.no_submit_answer = true;
	for (unsigned i = 0; i < 4; i++) {
		parts[i].message = &message;
		lend(i);
	}
	AWAIT(peer.submits == 2);
	stream_finish(peer.calls[peer.heard[0].call], "test");
	AWAIT(the_link.answered == 4);
	ck_assert_uint_eq(the_link.downs, 0);
	for (unsigned i = 0; i < 4; i++) {
		ck_assert_int_eq(the_link.outcomes[i].verdict, i < 2 ? VERDICT_DOUBTFUL : VERDICT_DEFERRED);
		ck_assert_int_eq(the_link.outcomes[i].untried, i >= 2);
	}
}
END_TEST

START_TEST(three_silences_in_a_row_end_one_bind_only)
{
	options.response_timeout = 100;
	lines_up(2, 10);
	peer.no_submit_answer = true;
	for (unsigned i = 0; i < 5; i++)
		lend(i);
	AWAIT(the_link.window == 10);
	ck_assert_uint_eq(the_link.downs, 0);
	AWAIT(the_link.answered == 5);
	ck_assert_ptr_nonnull(strstr(the_link.note, "3 messages in a row"));
}
END_TEST

START_TEST(without_any_bind_the_link_is_down)
{
	lines_up(2, 10);
	stream_finish(peer.calls[0], "test");
	stream_finish(peer.calls[1], "test");
	AWAIT(the_link.downs);
	ck_assert_int_eq(the_link.down, DOWN_LOST);
}
END_TEST

START_TEST(a_bind_too_many_is_said_and_tried_again)
{
	options.binds = 2;
	world_open();
	AWAIT(the_link.ups);
	peer.bind_status = SMPP_RALYBND;
	AWAIT(strstr(the_link.note, "1 of 2 binds up: bind refused: ESME_RALYBND"));
	lend(0);
	AWAIT(the_link.answered == 1);
	ck_assert_int_eq(the_link.outcomes[0].verdict, VERDICT_SENT);
	peer.bind_status = SMPP_ROK;
	AWAIT(the_link.window == 20);
	ck_assert_str_eq(the_link.note, "");
	ck_assert_uint_eq(the_link.downs, 0);
}
END_TEST

START_TEST(a_further_bind_that_is_refused_for_who_we_are_is_not_tried_again)
{
	options.binds = 2;
	options.stop_on_auth_failure = true;
	world_open();
	AWAIT(the_link.ups);
	peer.bind_status = SMPP_RINVPASWD;
	AWAIT(strstr(the_link.note, "1 of 2 binds up: bind refused: ESME_RINVPASWD"));
	const unsigned calls = peer.ncalls;
	peer.bind_status = SMPP_ROK;
	idle(40 * BACKOFF_MS);              /* else it would have waited 36 of these at most */
	ck_assert_uint_eq(peer.ncalls, calls);
	lend(0);
	AWAIT(the_link.answered == 1);
	ck_assert_int_eq(the_link.outcomes[0].verdict, VERDICT_SENT);
	stream_finish(peer.calls[0], "test");
	AWAIT(the_link.downs);              /* the link then begins anew */
	ck_assert_int_eq(the_link.down, DOWN_LOST);
}
END_TEST

START_TEST(pairs_come_in_numbers_too)
{
	options.bind = SMPP_BIND_AUTO;
	options.binds = 2;
	peer.no_bind_answer = true;
	world_open();
	AWAIT(heard(SMPP_BIND_TRANSCEIVER));
	peer.no_bind_answer = false;
	const struct smpp_pdu nack = { .command = (uint32_t)SMPP_GENERIC_NACK,
		.status = SMPP_RINVCMDID, .sequence = 1 };
	peer_say(0, &nack);
	AWAIT(the_link.window == 20);
	ck_assert_uint_eq(heard(SMPP_BIND_TRANSCEIVER), 1); /* once is enough to know */
	ck_assert_uint_eq(heard(SMPP_BIND_TRANSMITTER), 2);
	ck_assert_uint_eq(heard(SMPP_BIND_RECEIVER), 2);
	/* A pair without its receiver is lost, and the other one is not. */
	stream_finish(peer.calls[2], "test");
	AWAIT(the_link.window == 10);
	AWAIT(the_link.window == 20);
	ck_assert_uint_eq(the_link.downs, 0);
}
END_TEST

START_TEST(a_delivery_is_answered_on_the_bind_that_it_came_by)
{
	lines_up(2, 10);
	peer_deliver(1, SMPP_DELIVER_SM, 0, 0, "one");
	peer_deliver(0, SMPP_DELIVER_SM, 0, 0, "two");
	AWAIT(the_link.ninbound == 2);
	for (unsigned i = 0; i < 2; i++)
		ack(the_link.inbound_tickets[i], ACK_KEPT);
	AWAIT(peer.nheard == 2);
	for (unsigned i = 0; i < 2; i++)
		ck_assert_uint_eq(peer.heard[i].sequence, peer.heard[i].call == 1 ? 1 : 2);
}
END_TEST

START_TEST(a_ticket_of_a_lost_bind_is_not_answered_on_another)
{
	lines_up(2, 10);
	peer_deliver(1, SMPP_DELIVER_SM, 0, 0, "one");
	AWAIT(the_link.ninbound == 1);
	stream_finish(peer.calls[1], "test");
	AWAIT(the_link.window == 10);
	AWAIT(the_link.window == 20);
	ack(the_link.inbound_tickets[0], ACK_KEPT);
	idle(30);
	ck_assert_uint_eq(heard((uint32_t)SMPP_DELIVER_SM_RESP), 0);
	/* Nor does it stand in the way of the next. */
	peer_deliver(2, SMPP_DELIVER_SM, 0, 0, "one");
	AWAIT(the_link.ninbound == 2);
	ack(the_link.inbound_tickets[1], ACK_KEPT);
	AWAIT(heard((uint32_t)SMPP_DELIVER_SM_RESP) == 1);
}
END_TEST

START_TEST(all_log_out_and_only_then_is_it_drained)
{
	lines_up(3, 10);
	peer.no_submit_answer = true;
	lend(0);
	AWAIT(peer.submits == 1);
	const struct heard submit = peer.heard[0];
	drain();
	AWAIT(heard(SMPP_UNBIND) == 2);
	idle(20);
	ck_assert_uint_eq(the_link.downs, 0);
	const struct smpp_pdu pdu = { .command = SMPP_SUBMIT_SM, .sequence = submit.sequence };
	peer_answer(submit.call, &pdu, SMPP_ROK);
	AWAIT(the_link.downs);
	ck_assert_int_eq(the_link.down, DOWN_DRAINED);
	ck_assert_uint_eq(heard(SMPP_UNBIND), 3);
	ck_assert_uint_eq(the_link.answered, 1);
}
END_TEST

/* Hosts: the peer's, 127.0.0.1, and another of its on the same port, 127.0.0.2. */

enum { FIRST = INADDR_LOOPBACK, SECOND = INADDR_LOOPBACK + 1 };

static struct event *second;

static void second_listen(void)
{
	struct sockaddr_in at = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(SECOND),
		.sin_port = htons((uint16_t)peer.port) };
	const int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0), on = 1;
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
	ck_assert_int_eq(bind(fd, (void *)&at, sizeof at), 0);
	ck_assert_int_eq(listen(fd, 4), 0);
	second = event_new(the_link.base, fd, EV_READ | EV_PERSIST, peer_accept, NULL);
	event_add(second, NULL);
}

/* The order is that of the list. */
static void open_at(uint32_t first, uint32_t then)
{
	static char texts[2][64];
	static char *both[] = { texts[0], texts[1] };
	peer_listen();
	snprintf(texts[0], sizeof texts[0], "127.0.0.%u:%u", first & 0xff, peer.port);
	snprintf(texts[1], sizeof texts[1], "127.0.0.%u:%u", then & 0xff, peer.port);
	options.host = (struct conf_list){ .items = both, .n = 2 };
}

static void lines_teardown(void)
{
	if (second) {
		close(event_get_fd(second));
		event_free(second);
		second = NULL;
	}
	world_teardown();
}

START_TEST(a_host_that_puts_off_the_bind_gives_way_to_the_next)
{
	open_at(FIRST, SECOND);
	second_listen();
	peer.bind_status = SMPP_RSYSERR;
	world_open_as(&smpp_driver, &options);
	AWAIT(heard(SMPP_BIND_TRANSCEIVER));
	peer.bind_status = SMPP_ROK;
	AWAIT(the_link.ups);
	ck_assert_uint_eq(peer.ncalls, 2);
	ck_assert_uint_eq(peer.called[0], FIRST);
	ck_assert_uint_eq(peer.called[1], SECOND);
}
END_TEST

START_TEST(a_host_that_breaks_the_bind_or_is_silent_gives_way_too)
{
	open_at(FIRST, SECOND);
	second_listen();
	peer.no_bind_answer = true;
	options.bind_timeout = _i ? 5000 : 50;
	world_open_as(&smpp_driver, &options);
	AWAIT(heard(SMPP_BIND_TRANSCEIVER));
	if (_i)
		stream_finish(peer.calls[0], "test");
	peer.no_bind_answer = false;
	AWAIT(the_link.ups);
	ck_assert_uint_eq(peer.called[1], SECOND);
}
END_TEST

START_TEST(when_no_host_takes_the_bind_the_link_is_down)
{
	open_at(FIRST, SECOND);
	second_listen();
	peer.bind_status = SMPP_RSYSERR;
	world_open_as(&smpp_driver, &options);
	AWAIT(the_link.downs);
	ck_assert_int_eq(the_link.down, DOWN_BUSY);
	ck_assert_uint_eq(peer.ncalls, 2);
	ck_assert_ptr_nonnull(strstr(the_link.why, "bind refused: ESME_RSYSERR"));
}
END_TEST

START_TEST(a_wrong_password_is_not_tried_at_the_next_host)
{
	open_at(FIRST, SECOND);
	second_listen();
	peer.bind_status = SMPP_RINVPASWD;
	world_open_as(&smpp_driver, &options);
	AWAIT(the_link.downs);
	ck_assert_int_eq(the_link.down, DOWN_PASSWORD);
	ck_assert_uint_eq(peer.ncalls, 1);
}
END_TEST

START_TEST(an_earlier_host_that_is_back_takes_over_and_nothing_is_in_doubt)
{
	open_at(SECOND, FIRST);
	options.host_return = 100;
	peer.no_submit_answer = true;
	world_open_as(&smpp_driver, &options);
	AWAIT(the_link.ups);
	ck_assert_uint_eq(peer.called[0], FIRST);
	lend(0);
	AWAIT(peer.submits == 1);
	const struct smpp_pdu submit = { .command = SMPP_SUBMIT_SM,
		.sequence = peer.heard[peer.nheard - 1].sequence };
	idle(250); /* it looks, in vain */
	ck_assert_uint_eq(peer.ncalls, 1);
	second_listen();
	AWAIT(heard(SMPP_BIND_TRANSCEIVER) == 2);
	ck_assert_uint_eq(peer.called[1], SECOND);
	idle(30);
	ck_assert_uint_eq(heard(SMPP_UNBIND), 0);
	lend(1);
	AWAIT(peer.submits == 2);
	ck_assert_uint_eq(peer.heard[peer.nheard - 1].call, 1);
	peer_answer(0, &submit, SMPP_ROK);
	AWAIT(peer.hung_up[0]);
	ck_assert_uint_eq(heard(SMPP_UNBIND), 1);
	ck_assert_uint_eq(the_link.answered, 1);
	ck_assert_int_eq(the_link.outcomes[0].verdict, VERDICT_SENT);
	idle(250); /* it is where it wants to be */
	ck_assert_uint_eq(peer.ncalls, 2);
	ck_assert_uint_eq(the_link.ups, 1);
	ck_assert_uint_eq(the_link.downs, 0);
}
END_TEST

START_TEST(an_earlier_host_that_refuses_the_bind_changes_nothing)
{
	open_at(SECOND, FIRST);
	options.host_return = 50;
	world_open_as(&smpp_driver, &options);
	AWAIT(the_link.ups);
	peer.bind_status = SMPP_RALYBND;
	second_listen();
	AWAIT(peer.ncalls == 3); /* and once more */
	peer.bind_status = SMPP_ROK;
	lend(0);
	AWAIT(the_link.answered == 1);
	ck_assert_int_eq(the_link.outcomes[0].verdict, VERDICT_SENT);
	ck_assert_uint_eq(the_link.downs, 0);
}
END_TEST

START_TEST(a_bind_lost_while_its_heir_binds_leaves_the_link_up)
{
	open_at(SECOND, FIRST);
	options.host_return = 50;
	options.binds = 2;
	world_open_as(&smpp_driver, &options);
	AWAIT(the_link.window == 20);
	peer.no_bind_answer = true;
	second_listen();
	AWAIT(peer.ncalls == 3);
	stream_finish(peer.calls[0], "test");
	AWAIT(the_link.window == 10);
	peer.no_bind_answer = false;
	const struct smpp_pdu bind = { .command = SMPP_BIND_TRANSCEIVER, .sequence = 1 };
	for (unsigned call = 2; call < peer.ncalls; call++)
		peer_answer(call, &bind, SMPP_ROK);
	AWAIT(the_link.window == 20);
	ck_assert_uint_eq(the_link.downs, 0);
}
END_TEST

START_TEST(a_bind_comes_from_the_source_address)
{
	static char source[] = "127.0.0.2";
	options.source_address = source;
	world_up();
	ck_assert_uint_eq(peer.caller[0], SECOND);
}
END_TEST

/* Inactivity. */

START_TEST(a_bind_without_messages_is_made_anew_in_order)
{
	options.inactivity = 150;
	options.enquire_link = 40;          /* which does not count */
	world_up();
	AWAIT(the_link.waits == 1);
	AWAIT(heard(SMPP_UNBIND) == 1);
	ck_assert_uint_ge(heard(SMPP_ENQUIRE_LINK), 1);
	ck_assert_uint_eq(the_link.window, 0);
	AWAIT(the_link.ups == 2);
	ck_assert_uint_eq(the_link.window, 10);
	ck_assert_uint_eq(peer.ncalls, 2);
	ck_assert(peer.hung_up[0]);
	ck_assert_str_eq(the_link.note, "");
	lend(0);
	AWAIT(the_link.answered == 1);
	ck_assert_int_eq(the_link.outcomes[0].verdict, VERDICT_SENT);
	ck_assert_uint_eq(the_link.downs, 0);
}
END_TEST

START_TEST(messages_either_way_keep_a_bind_and_what_is_unanswered_does)
{
	options.inactivity = 300;
	world_up();
	for (unsigned i = 0; i < 6; i++) {
		if (i % 2)
			lend(i);
		else
			peer_deliver(0, SMPP_DELIVER_SM, 0, 0, "hi");
		AWAIT(the_link.answered + the_link.ninbound == i + 1);
		idle(100);
	}
	ck_assert_uint_eq(the_link.waits, 0);
	/* Three deliveries are unacknowledged: we owe, and do not leave. */
	idle(500);
	ck_assert_uint_eq(the_link.waits, 0);
	for (unsigned i = 0; i < 3; i++)
		ack(the_link.inbound_tickets[i], ACK_KEPT);
	AWAIT(the_link.waits == 1);
	AWAIT(the_link.ups == 2);
}
END_TEST

START_TEST(one_of_several_binds_may_be_quiet)
{
	options.inactivity = 250;
	lines_up(2, 10);
	peer.no_submit_answer = true;
	lend(0);
	AWAIT(peer.submits == 1);
	const unsigned busy = peer.heard[0].call;
	AWAIT(heard(SMPP_UNBIND) == 1);
	AWAIT(the_link.window == 20);
	ck_assert(!peer.hung_up[busy]);
	ck_assert(peer.hung_up[!busy]);
	ck_assert_uint_eq(the_link.waits, 0);
	ck_assert_uint_eq(the_link.answered, 0);
}
END_TEST

START_TEST(a_bind_that_cannot_be_made_anew_is_a_link_that_is_down)
{
	options.inactivity = 100;
	world_up();
	peer.bind_status = SMPP_RINVSYSID;
	AWAIT(the_link.downs);
	ck_assert_int_eq(the_link.down, DOWN_REFUSED);
	ck_assert_uint_eq(the_link.waits, 1);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("smpp_lines");
	TCase *tests = tcase_create("lines");
	suite_add_tcase(suite, tests);
	tcase_set_timeout(tests, 60);
	tcase_add_checked_fixture(tests, world_setup, lines_teardown);
	tcase_add_test(tests, the_first_bind_is_enough_and_each_further_one_adds_its_window);
	tcase_add_test(tests, a_part_goes_to_the_bind_that_has_the_fewest);
	tcase_add_test(tests, parts_of_one_message_leave_by_one_bind_in_their_order);
	tcase_add_test(tests, a_bind_that_is_lost_leaves_its_parts_in_doubt_and_the_others_go_on);
	tcase_add_test(tests, what_waited_for_a_bind_that_is_lost_never_left);
	tcase_add_test(tests, three_silences_in_a_row_end_one_bind_only);
	tcase_add_test(tests, without_any_bind_the_link_is_down);
	tcase_add_test(tests, a_bind_too_many_is_said_and_tried_again);
	tcase_add_test(tests, a_further_bind_that_is_refused_for_who_we_are_is_not_tried_again);
	tcase_add_test(tests, pairs_come_in_numbers_too);
	tcase_add_test(tests, a_delivery_is_answered_on_the_bind_that_it_came_by);
	tcase_add_test(tests, a_ticket_of_a_lost_bind_is_not_answered_on_another);
	tcase_add_test(tests, all_log_out_and_only_then_is_it_drained);
	tcase_add_test(tests, a_host_that_puts_off_the_bind_gives_way_to_the_next);
	tcase_add_loop_test(tests, a_host_that_breaks_the_bind_or_is_silent_gives_way_too, 0, 2);
	tcase_add_test(tests, when_no_host_takes_the_bind_the_link_is_down);
	tcase_add_test(tests, a_wrong_password_is_not_tried_at_the_next_host);
	tcase_add_test(tests, an_earlier_host_that_is_back_takes_over_and_nothing_is_in_doubt);
	tcase_add_test(tests, an_earlier_host_that_refuses_the_bind_changes_nothing);
	tcase_add_test(tests, a_bind_lost_while_its_heir_binds_leaves_the_link_up);
	tcase_add_test(tests, a_bind_comes_from_the_source_address);
	tcase_add_test(tests, a_bind_without_messages_is_made_anew_in_order);
	tcase_add_test(tests, messages_either_way_keep_a_bind_and_what_is_unanswered_does);
	tcase_add_test(tests, one_of_several_binds_may_be_quiet);
	tcase_add_test(tests, a_bind_that_cannot_be_made_anew_is_a_link_that_is_down);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
