/* SPDX-License-Identifier: Apache-2.0 */
/*
 * check_line.c - what a line owes a wire whose protocol is not like SMPP: few numbers that must not
 * come again too early, limits of its own, packets that are sent again or renumbered,
 * questions that are answered twice. The wire is played here, without a connection; the
 * rest of line.c is held by check_smpp*.c and check_driver.c.
 */
#include "../drivers/line.h"
#include "link_world.h"

enum { NUMBERS = 10, SENT = 64 };

/* The wire, of which there is one. */
static struct wire {
	struct line *line;
	uint32_t next;
	uint64_t written, left;
	unsigned most;                  /* numbers on the wire, by its own rule; 0: any */
	unsigned on_wire;
	enum wire_overdue verdict;
	unsigned overdue, closed, logouts, acks;
	unsigned pauses;                /* reasons that are set */
	uint64_t acked;
	uint32_t sent[SENT];            /* numbers, in their order */
	unsigned nsent;
} wire;

static struct line *line;
static struct line_settings settings;
static unsigned bound, retiring, ended, delivered;
static uint64_t ticket;
static enum down down;
static char why[256];

static uint32_t give_number(void)
{
	for (unsigned i = 0; i < NUMBERS; i++) {
		const uint32_t number = (wire.next + i) % NUMBERS;
		if (line_is_used(line, number))
			continue;
		wire.next = number + 1;
		return number;
	}
	ck_abort_msg("every number is used");
}

static void write_as(uint32_t number, struct wire_place *place)
{
	*place = (struct wire_place){ .number = number, .offset = wire.written };
	wire.written += 10;
	wire.sent[wire.nsent++] = number;
}

static void *wire_make(struct line *of, const void *with, void *session)
{
	ck_assert_ptr_eq(with, &settings);
	ck_assert_ptr_eq(session, &wire);
	wire.line = of;
	return &wire;
}

static void wire_nothing(void *at) { ck_assert_ptr_eq(at, &wire); }
static void wire_connect(void *at, size_t first, size_t n) { wire_nothing(at); (void)first, (void)n; }
static void wire_adopt(void *at, struct stream *stream) { wire_nothing(at); (void)stream; }
static void wire_log_out(void *at) { wire_nothing(at); wire.logouts++; }
static void wire_close(void *at) { wire_nothing(at); wire.closed++; }

static bool wire_submit(void *at, struct part *part, struct wire_place *place, struct outcome *outcome)
{
	wire_nothing(at);
	(void)part, (void)outcome;
	write_as(give_number(), place);
	wire.on_wire++;
	return true;
}

static bool wire_ask(void *at, struct question *question, struct wire_place *place, struct reply *reply)
{
	wire_nothing(at);
	(void)question, (void)reply;
	write_as(give_number(), place);
	wire.on_wire++;
	return true;
}

static bool wire_has_room(const void *at)
{
	(void)at;
	return !wire.most || wire.on_wire < wire.most;
}

static enum wire_overdue wire_overdue(void *at, uint32_t number, struct part *part,
    struct question *question)
{
	wire_nothing(at);
	(void)number;
	ck_assert((part != NULL) != (question != NULL));
	wire.overdue++;
	return wire.verdict;
}

static void wire_ack(void *at, uint64_t which, enum ack how)
{
	wire_nothing(at);
	(void)how;
	wire.acks++;
	wire.acked = which;
}

static uint64_t wire_left(const void *at) { (void)at; return wire.left; }
static size_t wire_host(const void *at) { (void)at; return 0; }
static const char *wire_secured(const void *at) { (void)at; return ""; }
static bool wire_pause(void *at, unsigned reason) { wire_nothing(at); wire.pauses |= reason; return true; }
static void wire_resume(void *at, unsigned reason) { wire_nothing(at); wire.pauses &= ~reason; }

static const struct wire_class class = { .make = wire_make, .free = wire_nothing, .connect = wire_connect,
	.adopt = wire_adopt, .log_out = wire_log_out, .close = wire_close, .submit = wire_submit,
	.ask = wire_ask, .has_room = wire_has_room, .overdue = wire_overdue, .ack = wire_ack,
	.left = wire_left, .host = wire_host, .secured = wire_secured, .pause = wire_pause,
	.resume = wire_resume };

/* The account. */

static void on_bound(void *at, struct line *of) { ck_assert_ptr_eq(at, &line); (void)of; bound++; }

static void on_delivered(void *at, struct line *of, const void *what, uint64_t with)
{
	ck_assert_ptr_eq(at, &line);
	ck_assert_ptr_eq(of, line);
	ck_assert_str_eq(what, "what came");
	ticket = with;
	delivered++;
}

static void on_retiring(void *at, struct line *of)
{
	ck_assert_ptr_eq(at, &line);
	retiring++;
	line_drain(of);
}

static void on_ended(void *at, struct line *of, enum down how, const char *reason)
{
	ck_assert_ptr_eq(at, &line);
	ended++;
	down = how;
	snprintf(why, sizeof why, "%s", reason);
	line_doubt(of, reason);
}

/* A line that is up, with a window of 5 of which the peer grants so many. */
static void open_line(unsigned granted)
{
	const struct line_owner owner = { .account = &line, .bound = on_bound, .delivered = on_delivered,
		.retiring = on_retiring, .ended = on_ended };
	settings = (struct line_settings){ .class = &class, .options = &settings, .session = &wire,
		.window = 5, .response_timeout = 30, .anew = "logging in anew" };
	line = line_new(&the_link, &settings, 3, &owner);
	line_connect(line, 0, 1);
	line_bound(line, granted);
	ck_assert_uint_eq(bound, 1);
}

static void setup(void)
{
	link_world_setup();
	memset(&wire, 0, sizeof wire);
	bound = retiring = ended = delivered = 0;
	line = NULL;
}

static void teardown(void)
{
	line_free(line);
	link_world_teardown();
}

static void submit(unsigned i)
{
	the_link.lent++;
	parts[i].turn = ++the_link.turns;
	line_submit(line, &parts[i]);
}

static void put_question(unsigned i)
{
	the_link.asked++;
	line_ask(line, &questions[i]);
}

/* The peer takes the part of that number. */
static void answer(uint32_t number)
{
	const struct outcome sent = { .verdict = VERDICT_SENT, .network_id = "id" };
	struct part *part = line_take(line, number);
	ck_assert_ptr_nonnull(part);
	wire.on_wire--;
	line_done(line, part, &sent);
	line_go_on(line);
}

/* Tests. */

START_TEST(a_line_has_the_room_that_its_peer_grants_and_no_more_than_its_window)
{
	open_line(_i == 0 ? 2 : 100);
	ck_assert_uint_eq(line_room(line), _i == 0 ? 2 : 5);
	for (unsigned i = 0; i < 8; i++)
		submit(i);
	ck_assert_uint_eq(wire.nsent, _i == 0 ? 2 : 5);
	ck_assert_uint_eq(line_load(line), 8);
	for (uint32_t number = 0; number < 8; number++)
		answer(number);
	ck_assert_uint_eq(the_link.answered, 8);
}
END_TEST

START_TEST(a_line_that_only_receives_takes_nothing)
{
	open_line(0);
	ck_assert(line_is_up(line));
	ck_assert_uint_eq(line_room(line), 0);
	submit(0);
	ck_assert_int_eq(the_link.outcomes[0].verdict, VERDICT_DEFERRED);
	put_question(0);
	ck_assert_uint_eq(wire.nsent, 0);
	line_close(line, "closed");
	ck_assert_int_eq(the_link.reply[0].kind, REPLY_UNSENT);
}
END_TEST

START_TEST(no_more_is_sent_than_the_wire_has_room_for)
{
	open_line(5);
	wire.most = 1;
	for (unsigned i = 0; i < 3; i++)
		submit(i);
	put_question(0);
	ck_assert_uint_eq(wire.nsent, 1);
	wire.most = 2;                  /* as when a keep-alive was answered */
	line_go_on(line);
	ck_assert_uint_eq(wire.nsent, 2);
	ck_assert_ptr_eq(line_question(line, 1), &questions[0]); /* it goes first */
	answer(0);
	ck_assert_uint_eq(wire.nsent, 3);
}
END_TEST

START_TEST(a_number_that_was_given_up_is_not_free_before_its_late_answer)
{
	open_line(5);
	wire.verdict = WIRE_LOST;
	submit(0);
	AWAIT(the_link.answered == 1);
	ck_assert_int_eq(the_link.outcomes[0].verdict, VERDICT_DOUBTFUL);
	ck_assert(!line_has(line, 0));
	ck_assert(line_is_used(line, 0));
	wire.next = 0;
	submit(1);
	ck_assert_uint_eq(wire.sent[1], 1);
	struct answer late;
	ck_assert(line_take_late(line, 0, &late));
	ck_assert_int_eq(late.row, 1);
	late.outcome = (struct outcome){ .verdict = VERDICT_SENT };
	line_late(line, &late);
	ck_assert_uint_eq(the_link.nlate, 1);
	ck_assert(!line_is_used(line, 0));
	ck_assert(!line_take_late(line, 0, &late));
}
END_TEST

START_TEST(a_lost_part_is_not_held_against_a_line_that_answered_a_newer_one)
{
	open_line(5);
	wire.verdict = WIRE_LOST;
	for (unsigned i = 0; i < 4; i++)
		submit(i);
	answer(_i == 0 ? 3 : 0);
	AWAIT(the_link.answered == 4);
	ck_assert_uint_eq(ended, _i == 0 ? 0 : 1);
	if (_i == 1)
		ck_assert_str_eq(why, "3 messages in a row got no answer within 0.03 s");
}
END_TEST

START_TEST(an_overdue_part_may_be_sent_again_under_its_number)
{
	open_line(5);
	wire.verdict = WIRE_AGAIN;
	submit(0);
	put_question(0);
	wire.left = wire.written;
	AWAIT(wire.overdue == 2);
	ck_assert_uint_eq(the_link.answered, 0);
	ck_assert(line_has(line, 0));
	ck_assert_ptr_eq(line_question(line, 1), &questions[0]);
	wire.verdict = WIRE_USELESS;
	AWAIT(ended);
	ck_assert_int_eq(down, DOWN_LOST);
	ck_assert_uint_eq(wire.closed, 1);
	ck_assert_int_eq(the_link.outcomes[0].verdict, VERDICT_DOUBTFUL); /* the first copy may have left */
	ck_assert_int_eq(the_link.reply[0].kind, REPLY_LOST);
}
END_TEST

START_TEST(what_is_on_the_wire_may_be_renumbered_in_its_order)
{
	struct part *taken[3];
	struct wire_place place;
	open_line(5);
	for (unsigned i = 0; i < 3; i++)
		submit(i);
	for (uint32_t i = 0; i < 3; i++)
		taken[i] = line_take(line, i);
	wire.left = wire.written;       /* all of it had left */
	for (uint32_t i = 0; i < 3; i++) {
		write_as(i + 1, &place);
		line_put(line, taken[i], &place);
	}
	answer(2);
	ck_assert_int_eq(the_link.outcomes[1].verdict, VERDICT_SENT);
	wire.left += 10;                /* of the new ones, the first */
	line_ended(line, DOWN_LOST, "cut");
	ck_assert_int_eq(the_link.outcomes[0].verdict, VERDICT_DOUBTFUL);
	ck_assert_int_eq(the_link.outcomes[2].verdict, VERDICT_DEFERRED);
	ck_assert(the_link.outcomes[2].untried);
}
END_TEST

START_TEST(a_question_that_was_taken_leaves_its_number_and_waits_for_its_outcome)
{
	const struct reply done = { .kind = REPLY_DONE, .answer = "delivered" };
	open_line(1);
	put_question(0);
	put_question(1);
	ck_assert_uint_eq(wire.nsent, 1);
	line_put_aside(line, line_question(line, 0), 1000, 5000);
	ck_assert(!line_is_used(line, 0));
	ck_assert(line_is_used(line, 1000));
	ck_assert_uint_eq(wire.nsent, 2); /* it has no share of the window any more */
	line_replied(line, line_question(line, 1), &done);
	line_drain(line);
	ck_assert_uint_eq(wire.logouts, 0);
	line_replied(line, line_question(line, 1000), &done);
	ck_assert_uint_eq(wire.logouts, 1);
	ck_assert_uint_eq(the_link.replied, 2);
	ck_assert_int_eq(the_link.reply[0].kind, REPLY_DONE);
	line_ended(line, DOWN_DRAINED, "drained");
	ck_assert_int_eq(down, DOWN_DRAINED);
}
END_TEST

START_TEST(an_outcome_that_is_not_told_in_time_is_lost)
{
	open_line(5);
	wire.verdict = WIRE_LOST;
	put_question(0);
	line_put_aside(line, line_question(line, 0), 1000, 10);
	AWAIT(the_link.replied == 1);
	ck_assert_int_eq(the_link.reply[0].kind, REPLY_LOST);
	ck_assert_ptr_nonnull(strstr(the_link.reply[0].text, "did not tell its outcome"));
	ck_assert(!line_is_used(line, 1000));
	ck_assert_uint_eq(ended, 0);
}
END_TEST

START_TEST(a_ticket_brings_the_wire_its_own_bits_back)
{
	const uint64_t bits = (UINT64_C(1) << WIRE_TICKET_BITS) - 2;
	open_line(5);
	line_delivered(line, "what came", bits);
	ck_assert_uint_eq(delivered, 1);
	ck_assert_uint_eq(line_of_ticket(ticket), 3);
	line_ack(line, ticket, ACK_KEPT);
	ck_assert(wire.acked == bits);
}
END_TEST

START_TEST(too_much_that_is_owed_stops_reading_and_no_part_is_overdue_meanwhile)
{
	open_line(5);
	wire.verdict = WIRE_LOST;
	for (unsigned i = 0; i < 1000; i++)
		line_delivered(line, "what came", i);
	ck_assert_uint_eq(wire.pauses, WIRE_OWING);
	submit(0);
	idle(60);
	ck_assert_uint_eq(the_link.answered, 0);
	line_ack(line, ticket, ACK_KEPT);
	ck_assert_uint_eq(wire.pauses, 0);
	answer(0);
}
END_TEST

START_TEST(nothing_is_given_to_a_wire_that_is_on_its_way_out)
{
	open_line(5);
	submit(0);
	line_leaving(line);
	ck_assert(!line_is_up(line));
	submit(1);
	ck_assert_int_eq(the_link.outcomes[1].verdict, VERDICT_DEFERRED);
	ck_assert_uint_eq(wire.nsent, 1);
	line_ended(line, DOWN_LOGGED_OUT, "the message centre ended the session");
	ck_assert_int_eq(down, DOWN_LOGGED_OUT);
}
END_TEST

START_TEST(a_peer_that_sends_rubbish_is_left_in_order)
{
	open_line(5);
	submit(0);
	line_broken(line, "rubbish");
	ck_assert_uint_eq(retiring, 1);
	ck_assert_uint_eq(wire.logouts, 0); /* an answer is awaited */
	answer(0);
	ck_assert_uint_eq(wire.logouts, 1);
	line_ended(line, DOWN_DRAINED, "drained");
	ck_assert_int_eq(down, DOWN_LOST);
	ck_assert_str_eq(why, "rubbish");
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("line");
	TCase *tests = tcase_create("wire");
	suite_add_tcase(suite, tests);
	tcase_add_checked_fixture(tests, setup, teardown);
	tcase_add_loop_test(tests, a_line_has_the_room_that_its_peer_grants_and_no_more_than_its_window, 0, 2);
	tcase_add_test(tests, a_line_that_only_receives_takes_nothing);
	tcase_add_test(tests, no_more_is_sent_than_the_wire_has_room_for);
	tcase_add_test(tests, a_number_that_was_given_up_is_not_free_before_its_late_answer);
	tcase_add_loop_test(tests, a_lost_part_is_not_held_against_a_line_that_answered_a_newer_one, 0, 2);
	tcase_add_test(tests, an_overdue_part_may_be_sent_again_under_its_number);
	tcase_add_test(tests, what_is_on_the_wire_may_be_renumbered_in_its_order);
	tcase_add_test(tests, a_question_that_was_taken_leaves_its_number_and_waits_for_its_outcome);
	tcase_add_test(tests, an_outcome_that_is_not_told_in_time_is_lost);
	tcase_add_test(tests, a_ticket_brings_the_wire_its_own_bits_back);
	tcase_add_test(tests, too_much_that_is_owed_stops_reading_and_no_part_is_overdue_meanwhile);
	tcase_add_test(tests, nothing_is_given_to_a_wire_that_is_on_its_way_out);
	tcase_add_test(tests, a_peer_that_sends_rubbish_is_left_in_order);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
