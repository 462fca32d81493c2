/* SPDX-License-Identifier: Apache-2.0 */
/*
 * check_guests.c - an account that awaits peers of a protocol without a way to say who one is: who
 * connects from an allowed network is let in at once. A door with an etiquette, and guests that
 * log in, are held by check_smpp_outbind.c.
 */
#include "../drivers/account.h"
#include "link_world.h"

#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>

enum { CALLERS = 12 };

static struct account *account;
static struct account_settings settings;
static char where[32], *allowed[1];
static unsigned port, delivered;
static int calls[CALLERS];

/* The wire: frames of one octet, and each is something that came. */
struct wire { struct line *line; struct stream *stream; bool leaving; };

static void *wire_make(struct line *line, const void *options, void *session)
{
	struct wire *wire = calloc(1, sizeof *wire);
	ck_assert_ptr_nonnull(wire);
	(void)options, (void)session;
	wire->line = line;
	return wire;
}

static void wire_close(void *at)
{
	struct wire *wire = at;
	stream_free(wire->stream);
	wire->stream = NULL;
}

static void wire_free(void *at)
{
	wire_close(at);
	free(at);
}

static size_t measure(void *at, const uint8_t *octets, size_t len)
{
	(void)at, (void)octets;
	return len ? 1 : 0;
}

static void on_frame(void *at, const uint8_t *octet, size_t len)
{
	(void)len;
	line_delivered(((struct wire *)at)->line, octet, *octet);
}

static void on_stream(void *at, enum stream_event event, const char *why)
{
	ck_assert_int_eq(event, STREAM_CLOSED);
	struct wire *wire = at;
	line_ended(wire->line, wire->leaving ? DOWN_DRAINED : DOWN_LOST, why);
}

static void wire_adopt(void *at, struct stream *stream)
{
	struct wire *wire = at;
	const struct stream_handler handler = { .ctx = wire, .measure = measure, .frame = on_frame,
		.event = on_stream };
	wire->stream = stream;
	stream_hand_over(stream, &handler);
	line_bound(wire->line, 0);
}

static void wire_log_out(void *at)
{
	struct wire *wire = at;
	wire->leaving = true;
	stream_finish(wire->stream, "drained");
}

static void wire_ack(void *at, uint64_t ticket, enum ack how)
{
	const uint8_t octet = (uint8_t)ticket;
	ck_assert_int_eq(how, ACK_KEPT);
	stream_write(((struct wire *)at)->stream, &octet, 1);
}

static uint64_t wire_left(const void *at) { (void)at; return 0; }
static size_t wire_host(const void *at) { (void)at; return SIZE_MAX; }
static const char *wire_secured(const void *at) { (void)at; return ""; }
static bool wire_pause(void *at, unsigned reason) { stream_pause(((struct wire *)at)->stream, reason); return true; }
static void wire_resume(void *at, unsigned reason) { stream_resume(((struct wire *)at)->stream, reason); }

static const struct wire_class class = { .make = wire_make, .free = wire_free, .adopt = wire_adopt,
	.log_out = wire_log_out, .close = wire_close, .ack = wire_ack, .left = wire_left, .host = wire_host,
	.secured = wire_secured, .pause = wire_pause, .resume = wire_resume };

/* The driver. */

static void on_delivered(void *session, const void *what, uint64_t ticket)
{
	ck_assert_ptr_eq(session, &account);
	struct receipt receipt = { .status = STATUS_DELIVERED, .code = *(const uint8_t *)what };
	delivered++;
	account_receipt(account, &receipt, ticket);
}

static void open_account(const char *from)
{
	static char network[32];
	snprintf(network, sizeof network, "%s", from);
	allowed[0] = network;
	settings = (struct account_settings){
		.line = { .class = &class, .session = &account, .window = 10, .response_timeout = 1000,
			.anew = "logging in anew" },
		.door = { .name = "call", .listen = where, .listen_from = { .items = allowed, .n = 1 },
			.caller_timeout = 1000, .pdu_timeout = 1000, .write_timeout = 1000 },
		.noun = "session", .delivered = on_delivered };
	the_link.listens = true;
	account = account_open(&the_link, &settings);
	AWAIT(strstr(the_link.note, "awaiting call at 127.0.0.1:"));
}

static void setup(void)
{
	struct sockaddr_in at = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof at;
	link_world_setup();
	const int fd = socket(AF_INET, SOCK_STREAM, 0);
	ck_assert_int_eq(bind(fd, (void *)&at, len), 0);
	ck_assert_int_eq(getsockname(fd, (void *)&at, &len), 0);
	close(fd);
	port = ntohs(at.sin_port);
	snprintf(where, sizeof where, "127.0.0.1:%u", port);
	delivered = 0;
	for (unsigned i = 0; i < CALLERS; i++)
		calls[i] = -1;
}

static void teardown(void)
{
	account_close(account);
	for (unsigned i = 0; i < CALLERS; i++)
		if (calls[i] >= 0)
			close(calls[i]);
	link_world_teardown();
}

static void call(unsigned i)
{
	const struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons((uint16_t)port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	calls[i] = socket(AF_INET, SOCK_STREAM, 0);
	ck_assert_int_eq(connect(calls[i], (const void *)&to, sizeof to), 0);
}

static bool is_hung_up(unsigned i)
{
	uint8_t octet;
	return recv(calls[i], &octet, 1, MSG_DONTWAIT) == 0;
}

static bool hears(unsigned i, uint8_t which)
{
	uint8_t octet;
	return recv(calls[i], &octet, 1, MSG_DONTWAIT) == 1 && octet == which;
}

START_TEST(a_guest_without_a_login_is_up_when_he_has_connected)
{
	open_account("127.0.0.0/8");
	call(0);
	AWAIT(the_link.ups == 1);
	ck_assert_uint_eq(the_link.window, 0); /* he only sends */
	ck_assert_int_eq(send(calls[0], "a", 1, 0), 1);
	AWAIT(the_link.nreceipts == 1);
	ck_assert_int_eq(the_link.receipts[0].code, 'a');
	ck_assert(!hears(0, 'a'));          /* not before it is kept */
	account_ack(account, the_link.receipt_tickets[0], ACK_KEPT);
	AWAIT(hears(0, 'a'));
}
END_TEST

START_TEST(a_link_whose_guest_has_left_waits_for_another)
{
	open_account("127.0.0.1");
	call(0);
	AWAIT(the_link.ups == 1);
	close(calls[0]);
	calls[0] = -1;
	AWAIT(the_link.waits == 1);
	ck_assert_ptr_nonnull(strstr(the_link.note, "awaiting call at"));
	call(1);
	AWAIT(the_link.ups == 2);
	account_drain(account);
	AWAIT(the_link.downs);
	ck_assert_int_eq(the_link.down, DOWN_DRAINED);
}
END_TEST

START_TEST(who_calls_from_elsewhere_is_not_let_in)
{
	open_account("192.0.2.0/24");
	call(0);
	AWAIT(is_hung_up(0));
	ck_assert_uint_eq(the_link.ups, 0);
}
END_TEST

START_TEST(there_are_eight_guests_at_most)
{
	open_account("127.0.0.0/8");
	for (unsigned i = 0; i < 9; i++)
		call(i);
	AWAIT(is_hung_up(8));
	for (unsigned i = 0; i < 8; i++)
		ck_assert_int_eq(send(calls[i], "b", 1, 0), 1);
	AWAIT(delivered == 8);
	close(calls[0]);
	calls[0] = -1;
	idle(20);
	call(9);
	ck_assert_int_eq(send(calls[9], "c", 1, 0), 1);
	AWAIT(delivered == 9);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("guests");
	TCase *tests = tcase_create("account");
	suite_add_tcase(suite, tests);
	tcase_add_checked_fixture(tests, setup, teardown);
	tcase_add_test(tests, a_guest_without_a_login_is_up_when_he_has_connected);
	tcase_add_test(tests, a_link_whose_guest_has_left_waits_for_another);
	tcase_add_test(tests, who_calls_from_elsewhere_is_not_let_in);
	tcase_add_test(tests, there_are_eight_guests_at_most);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
