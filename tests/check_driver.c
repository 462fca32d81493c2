/* SPDX-License-Identifier: Apache-2.0 */
/*
 * check_driver.c - every driver against the rules of driver.h. Each test runs once
 * for each row of subjects[]; a new driver adds a row.
 */
#include "cimd2_peer.h"
#include "driver_world.h"
#include "modem_session.h"
#include "ucp_peer.h"

static void open_smpp(int bind, bool receipts)
{
	options.bind = bind;
	peer.receipts = receipts;
	world_open();
}

static void open_transceiver(void) { open_smpp(SMPP_TRANSCEIVER, true); }
static void open_pair(void) { open_smpp(SMPP_TRANSMITTER_RECEIVER, true); }
static void open_transmitter(void) { open_smpp(SMPP_TRANSMITTER, false); }

static void open_three(void)
{
	options.binds = 3;
	peer.counted_ids = true;
	open_smpp(SMPP_TRANSCEIVER, true);
}

/* The peer calls. */
static void open_outbind(void)
{
	const unsigned port = world_listens();
	options.outbind_bind = SMPP_OUTBIND_TRANSCEIVER;
	peer.receipts = true;
	world_open_as(&smpp_driver, &options);
	AWAIT(*the_link.note);
	peer_outbind(peer_call(port), "centre", "wakeup");
}

static void open_cimd2(unsigned sessions, unsigned window)
{
	cimd2_centre_setup();
	cimd2_said.sessions = sessions;
	cimd2_said.window = window;
	cimd2_centre.receipts = true;
	cimd2_open();
}

static void open_cimd2_alone(void) { open_cimd2(1, 1); }
static void open_cimd2_window(void) { open_cimd2(1, 10); }
static void open_cimd2_three(void) { open_cimd2(3, 5); }

static void open_cimd2_twins(void)
{
	open_cimd2(1, 10);
	cimd2_centre.same_second = true;
}

static void *loop_options;

static void open_loop(void)
{
	struct conf_error err;
	loop_options = calloc(1, loop_driver.options);
	ck_assert_ptr_nonnull(loop_options);
	ck_assert_msg(conf_fill(NULL, loop_driver.keys, loop_options, &err), "%s", err.text);
	world_open_as(&loop_driver, loop_options);
}

static void open_ucp(void)
{
	centre.receipts = centre.answers = true;
	ucp_world_open();
}

static void open_ucp_without_login(void)
{
	static char none[] = "";
	ucp_link.password = none;
	open_ucp();
}

/* As a busy centre has it: all ids are one. */
static void open_ucp_in_a_second(void)
{
	centre.same_second = true;
	open_ucp();
}

static void open_ucp_three(void)
{
	ucp_link.sessions = 3;
	open_ucp();
}

/* The centre calls. */
static void open_ucp_called(void)
{
	const unsigned port = ucp_listens();
	centre.receipts = centre.answers = true;
	ucp_link.listen_sends = true;
	world_open_as(&ucp_driver, &ucp_link);
	AWAIT(*the_link.note);
	centre_call(port);
}

static void open_modem(void)
{
	modem_plug_in();
	modem_state_setup();
	modem_link_open("");
}

/* Reports are read from a storage, and messages come before everything else. */
static void open_modem_stored(void)
{
	modem_plug_in();
	modem_state_setup();
	modem_script("profile mu509");
	modem_link_open("");
}

static const struct subject {
	const char *name;
	void (*open)(void);             /* a session, and a peer that takes all it is given */
	bool tells_receipts;
	unsigned stride;                /* turns that are taken at a time, where a session takes many */
} subjects[] = {
	{ "smpp as transceiver", open_transceiver, true, 1 },
	{ "smpp as transmitter and receiver", open_pair, true, 1 },
	{ "smpp as transmitter", open_transmitter, false, 1 },
	{ "smpp with three binds", open_three, true, 1 },
	{ "smpp by outbind", open_outbind, true, 1 },
	{ "cimd2, one at a time", open_cimd2_alone, true, 1 },
	{ "cimd2 with a window", open_cimd2_window, true, 1 },
	{ "cimd2 with three sessions", open_cimd2_three, true, 1 },
	{ "cimd2, all in one second", open_cimd2_twins, true, 1 },
	{ "loop", open_loop, true, 1 },
	{ "ucp", open_ucp, true, 1 },
	{ "ucp without login", open_ucp_without_login, true, 1 },
	{ "ucp with one id for all", open_ucp_in_a_second, true, 1 },
	{ "ucp with three sessions", open_ucp_three, true, 1 },
	{ "ucp by a call", open_ucp_called, true, 1 },
	{ "modem", open_modem, true, 61 },
	{ "modem of another maker", open_modem_stored, true, 67 },
};
enum { SUBJECTS = sizeof subjects / sizeof subjects[0], TURNS_MAX = 400 };

static void contract_setup(void)
{
	world_setup();
	ucp_setup();
}

static void contract_teardown(void)
{
	world_close();
	ucp_teardown();
	cimd2_centre_teardown();
	if (the_modem) {
		modem_state_teardown();
		modem_take_away();
	}
	world_teardown();
	if (loop_options) {
		conf_clear(loop_driver.keys, loop_options);
		free(loop_options);
		loop_options = NULL;
	}
}

START_TEST(a_session_comes_up_once_and_goes_when_it_is_drained)
{
	subjects[_i].open();
	AWAIT(the_link.ups);
	idle(20);
	ck_assert_uint_eq(the_link.ups, 1); /* more of its binds take longer */
	drain();
	AWAIT(the_link.downs);
	ck_assert_int_eq(the_link.down, DOWN_DRAINED);
	idle(20);
}
END_TEST

START_TEST(every_part_lent_comes_back_once)
{
	subjects[_i].open();
	AWAIT(the_link.ups);
	unsigned next = 0;
	while (next < 200) {
		while (next < 200 && the_link.lent < the_link.window)
			lend(next++);
		turn();
	}
	AWAIT(the_link.answered == 200);
	for (unsigned i = 0; i < 200; i++) {
		ck_assert_uint_eq(the_link.done[i], 1);
		ck_assert_int_eq(the_link.outcomes[i].verdict, VERDICT_SENT);
		ck_assert_str_ne(the_link.outcomes[i].network_id, "");
		unsigned twin = 0;
		while (twin < i && strcmp(the_link.outcomes[twin].network_id, the_link.outcomes[i].network_id) != 0)
			twin++;
		ck_assert_uint_eq(twin, i); /* one for all: Check writes down each that holds */
	}
}
END_TEST

START_TEST(receipts_name_what_was_sent)
{
	if (!subjects[_i].tells_receipts)
		return;
	subjects[_i].open();
	AWAIT(the_link.ups);
	for (unsigned i = 0; i < 3; i++) {
		AWAIT(the_link.lent < the_link.window);
		lend(i);
	}
	AWAIT(the_link.nreceipts == 3);
	for (unsigned i = 0; i < 3; i++) {
		const struct receipt *receipt = &the_link.receipts[i];
		unsigned j = 0;
		while (j < 3 && strcmp(the_link.outcomes[j].network_id, receipt->network_id) != 0)
			j++;
		ck_assert_uint_lt(j, 3);
		ck_assert_int_eq(receipt->status, STATUS_DELIVERED);
		ack(the_link.receipt_tickets[i], ACK_KEPT);
	}
	idle(20);
	ck_assert_uint_eq(the_link.nreceipts, 3);
	ck_assert_uint_eq(the_link.downs, 0);
}
END_TEST

/* Those that cannot ask say so by having no function for it. */
START_TEST(every_question_lent_comes_back_once)
{
	peer.answers = true;
	subjects[_i].open();
	AWAIT(the_link.ups);
	if (!the_link.driver->ask)
		return;
	for (unsigned i = 0; i < 50; i++) {
		ask(i, i % 2 ? COMMAND_CANCEL : COMMAND_QUERY);
		if (the_link.lent < the_link.window)
			lend(i);
	}
	AWAIT(the_link.replied == 50 && the_link.lent == 0);
	for (unsigned i = 0; i < 50; i++) {
		ck_assert_uint_eq(the_link.replies[i], 1);
		ck_assert_int_eq(the_link.reply[i].kind, REPLY_DONE);
		ck_assert_str_eq(the_link.reply[i].answer, i % 2 ? "" : "delivered");
	}
}
END_TEST

START_TEST(a_drain_gives_back_or_awaits_every_question)
{
	peer.answers = true;
	subjects[_i].open();
	AWAIT(the_link.ups);
	if (!the_link.driver->ask)
		return;
	for (unsigned i = 0; i < 50; i++)
		ask(i, COMMAND_QUERY);
	drain();
	AWAIT(the_link.downs);
	ck_assert_int_eq(the_link.down, DOWN_DRAINED);
	ck_assert_uint_eq(the_link.replied, 50);
	for (unsigned i = 0; i < 50; i++)
		ck_assert(the_link.reply[i].kind == REPLY_DONE || the_link.reply[i].kind == REPLY_UNSENT);
}
END_TEST

START_TEST(draining_awaits_what_is_lent)
{
	subjects[_i].open();
	AWAIT(the_link.ups);
	const unsigned n = the_link.window;
	for (unsigned i = 0; i < n; i++)
		lend(i);
	drain();
	for (unsigned acked = 0; !the_link.downs; ) {
		while (acked < the_link.nreceipts)
			ack(the_link.receipt_tickets[acked++], ACK_KEPT);
		turn();
	}
	ck_assert_int_eq(the_link.down, DOWN_DRAINED);
	ck_assert_uint_eq(the_link.answered, n);
	ck_assert_uint_eq(the_link.lent, 0);
}
END_TEST

/* Lends, asks, and drains once all that was lent has come back; what came in is acknowledged a turn
 * later. True: the session is down. */
static bool live(unsigned turns)
{
	unsigned lent = 0, asked = 0, acked = 0;
	bool drained = false;
	for (unsigned i = 0; i < turns && !the_link.downs; i++) {
		const unsigned due = the_link.nreceipts;
		turn();
		while (acked < due && !the_link.downs)
			ack(the_link.receipt_tickets[acked++], ACK_KEPT);
		if (the_link.ups && lent < 3 && the_link.lent < the_link.window)
			lend(lent++);
		if (the_link.ups && asked < 3 && the_link.driver->ask)
			ask(asked++, COMMAND_QUERY);
		if (!drained && !the_link.downs && the_link.answered == 3 && the_link.replied == asked) {
			drain();
			drained = true;
		}
	}
	return the_link.downs > 0;
}

/* From the first turn to the last one, in which it goes by itself. A turn in which nothing comes takes
 * a tick, so there are no more of them than are needed. */
START_TEST(a_session_may_be_closed_at_any_turn)
{
	bool down = false;
	const unsigned stride = subjects[_i].stride;
	for (unsigned turns = 0; !down; turns += stride) {
		ck_assert_uint_lt(turns, TURNS_MAX * stride);
		if (turns) {
			contract_teardown();
			contract_setup();
		}
		peer.answers = true;
		subjects[_i].open();
		down = live(turns);
		world_close();
		idle(4);
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("driver");
	TCase *tests = tcase_create("contract");
	suite_add_tcase(suite, tests);
	tcase_set_timeout(tests, 60);
	tcase_add_checked_fixture(tests, contract_setup, contract_teardown);
	tcase_add_loop_test(tests, a_session_comes_up_once_and_goes_when_it_is_drained, 0, SUBJECTS);
	tcase_add_loop_test(tests, every_part_lent_comes_back_once, 0, SUBJECTS);
	tcase_add_loop_test(tests, receipts_name_what_was_sent, 0, SUBJECTS);
	tcase_add_loop_test(tests, every_question_lent_comes_back_once, 0, SUBJECTS);
	tcase_add_loop_test(tests, a_drain_gives_back_or_awaits_every_question, 0, SUBJECTS);
	tcase_add_loop_test(tests, draining_awaits_what_is_lent, 0, SUBJECTS);
	tcase_add_loop_test(tests, a_session_may_be_closed_at_any_turn, 0, SUBJECTS);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
