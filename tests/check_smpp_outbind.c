/* SPDX-License-Identifier: Apache-2.0 */
/*
 * check_smpp_outbind.c - message centres that connect to us: who is let in, who is not,
 * and what becomes of a link whose only connections are those.
 */
#include "driver_world.h"

#include "../gateway/network.h"

enum { MARK = 4242 };

static unsigned port;

static void outbind_setup(void)
{
	world_setup();
	port = world_listens();
}

/* A session that only listens; the door is open. */
static void door_open(void)
{
	world_open_as(&smpp_driver, &options);
	AWAIT(*the_link.note);
	ck_assert_ptr_nonnull(strstr(the_link.note, "awaiting outbind at 127.0.0.1:"));
}

/* A call that says who it is. */
static unsigned call_in(void)
{
	const unsigned call = peer_call(port);
	peer_outbind(call, "centre", "wakeup");
	return call;
}

static void bound_by_outbind(void)
{
	door_open();
	call_in();
	AWAIT(the_link.ups);
	forget();
}

/* The peer's answer to what it has sent before, since it is in order. */
static void await_enquiry(unsigned call)
{
	const struct smpp_pdu enquire = { .command = SMPP_ENQUIRE_LINK, .sequence = MARK };
	peer_say(call, &enquire);
	AWAIT(peer.nheard && peer.heard[peer.nheard - 1].sequence == MARK);
}

/* Who is let in. */

START_TEST(an_outbind_is_answered_by_a_bind_and_then_messages_come)
{
	door_open();
	ck_assert_uint_eq(the_link.ups, 0);
	const unsigned call = call_in();
	AWAIT(the_link.ups);
	ck_assert_uint_eq(the_link.window, 0); /* it only receives */
	ck_assert_uint_eq(peer.bind[call].command, SMPP_BIND_RECEIVER);
	ck_assert_str_eq(peer.bind[call].system_id, "acme01");
	ck_assert_str_eq(peer.bind[call].password, "s3cret");
	peer_deliver(call, SMPP_DELIVER_SM, 0, 0, "kept for you");
	peer_deliver(call, SMPP_DELIVER_SM, SMPP_ESM_RECEIPT, 0, "id:7 stat:DELIVRD done date:2607311201");
	AWAIT(the_link.ninbound == 1 && the_link.nreceipts == 1);
	ck_assert_str_eq(the_link.bodies[0], "kept for you");
	ck_assert_str_eq(the_link.receipts[0].network_id, "7");
	forget();
	ack(the_link.inbound_tickets[0], ACK_KEPT);
	ack(the_link.receipt_tickets[0], ACK_KEPT);
	AWAIT(heard((uint32_t)SMPP_DELIVER_SM_RESP) == 2);
	await_enquiry(call);
}
END_TEST

START_TEST(a_transceiver_that_answers_an_outbind_sends_too)
{
	options.outbind_bind = SMPP_OUTBIND_TRANSCEIVER;
	bound_by_outbind();
	ck_assert_uint_eq(the_link.window, 10);
	lend(0);
	AWAIT(the_link.answered == 1);
	ck_assert_int_eq(the_link.outcomes[0].verdict, VERDICT_SENT);
}
END_TEST

START_TEST(silence_on_a_connection_that_was_made_by_outbind_is_asked_about)
{
	options.enquire_link = 50;
	bound_by_outbind();
	AWAIT(heard(SMPP_ENQUIRE_LINK) == 2);
	ck_assert_uint_eq(the_link.waits, 0);
}
END_TEST

START_TEST(a_bind_that_the_centre_then_refuses_leaves_the_door_open)
{
	door_open();
	peer.bind_status = SMPP_RINVSYSID;
	const unsigned call = call_in();
	AWAIT(peer.hung_up[call]);
	ck_assert_uint_eq(the_link.ups, 0);
	peer.bind_status = SMPP_ROK;
	call_in();
	AWAIT(the_link.ups);
	ck_assert_uint_eq(the_link.downs, 0);
}
END_TEST

/* Who is not. */

START_TEST(wrong_credentials_end_the_call)
{
	static const struct { const char *id, *password; } cases[] = {
		{ "centre", "wrong" }, { "another", "wakeup" }, { "", "" }, { "centre", "" },
		{ "centre", "wakeupwakeup" }, { "centrec", "wakeup" }, { "centr", "wakeup" },
	};
	door_open();
	const unsigned call = peer_call(port);
	peer_outbind(call, cases[_i].id, cases[_i].password);
	AWAIT(peer.hung_up[call]);
	ck_assert_uint_eq(peer.nheard, 0);
	call_in();
	AWAIT(the_link.ups);
}
END_TEST

START_TEST(a_call_from_elsewhere_is_not_taken)
{
	static char other[] = "192.0.2.0/24", *others[] = { other };
	options.listen_from.items = others;
	door_open();
	const unsigned call = call_in();
	AWAIT(peer.hung_up[call]);
	ck_assert_uint_eq(peer.nheard, 0);
	ck_assert_uint_eq(the_link.ups, 0);
}
END_TEST

START_TEST(who_says_nothing_has_his_time)
{
	options.outbind_timeout = 100;
	door_open();
	const uint64_t begun = now_ms();
	const unsigned call = peer_call(port);
	AWAIT(peer.hung_up[call]);
	ck_assert_uint_ge(now_ms() - begun, 90);
	ck_assert_uint_eq(peer.nheard, 0);
	/* Who is bound has no such deadline. */
	call_in();
	AWAIT(the_link.ups);
	idle(200);
	ck_assert_uint_eq(the_link.waits, 0);
}
END_TEST

START_TEST(garbage_ends_the_call)
{
	static const struct { const char *octets; size_t len; const char *reply; } cases[] = {
		{ "\x16\x03\x01\x00\xC8\x01\x00\x00", 8, "" },
		{ "GET / HTTP/1.1\r\n\r\n", 18, "" },
		{ "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 16,
		    "\0\0\0\x10\x80\0\0\0\0\0\0\x02\0\0\0\0" },
		/* 513 octets, whatever they are to be; a bound peer may send them */
		{ "\0\0\x02\x01\0\0\0\x0B\0\0\0\0\0\0\0\x07", 16,
		    "\0\0\0\x10\x80\0\0\0\0\0\0\x02\0\0\0\x07" },
		/* an outbind without its password */
		{ "\0\0\0\x17\0\0\0\x0B\0\0\0\0\0\0\0\x01" "centre", 23, "" },
	};
	door_open();
	const unsigned call = peer_call(port);
	stream_write(peer.calls[call], cases[_i].octets, cases[_i].len);
	AWAIT(peer.hung_up[call]);
	const size_t want = *cases[_i].reply || cases[_i].len == 16 ? SMPP_HEADER : 0;
	ck_assert_uint_eq(peer.noctets[call], want);
	ck_assert_mem_eq(peer.octets[call], cases[_i].reply, want);
	call_in();
	AWAIT(the_link.ups);
}
END_TEST

START_TEST(other_pdus_before_the_outbind_are_answered_but_not_for_ever)
{
	static const struct { uint32_t command, response, status; } cases[] = {
		{ SMPP_ENQUIRE_LINK, (uint32_t)SMPP_ENQUIRE_LINK_RESP, SMPP_ROK },
		{ SMPP_UNBIND, (uint32_t)SMPP_UNBIND_RESP, SMPP_RINVBNDSTS },
	};
	door_open();
	const unsigned call = peer_call(port);
	for (unsigned i = 0; i < 2; i++) {
		const struct smpp_pdu pdu = { .command = cases[i].command, .sequence = i + 1 };
		peer_say(call, &pdu);
		AWAIT(peer.nheard == i + 1);
		ck_assert_uint_eq(peer.heard[i].command, cases[i].response);
		ck_assert_uint_eq(peer.heard[i].status, cases[i].status);
	}
	peer_outbind(call, "centre", "wakeup");
	AWAIT(the_link.ups);
	const unsigned other = peer_call(port);
	for (unsigned i = 0; i < 9; i++) {
		const struct smpp_pdu pdu = { .command = SMPP_ENQUIRE_LINK, .sequence = 100 + i };
		peer_say(other, &pdu);
	}
	AWAIT(peer.hung_up[other]);
}
END_TEST

START_TEST(only_a_few_may_stand_in_the_door)
{
	unsigned calls[9];
	door_open();
	for (unsigned i = 0; i < 9; i++) {
		calls[i] = peer_call(port);
		idle(5);
	}
	AWAIT(peer.hung_up[calls[8]]);
	for (unsigned i = 0; i < 8; i++)
		ck_assert(!peer.hung_up[calls[i]]);
	peer_outbind(calls[3], "centre", "wakeup"); /* makes room for another */
	AWAIT(the_link.ups);
	const unsigned call = peer_call(port);
	idle(20);
	ck_assert(!peer.hung_up[call]);
}
END_TEST

/* What becomes of the link. */

START_TEST(a_second_outbind_on_a_bound_session_changes_nothing)
{
	bound_by_outbind();
	peer_outbind(0, "centre", "wrong");
	await_enquiry(0);
	ck_assert_uint_eq(peer.nheard, 1);
	ck_assert_uint_eq(the_link.waits, 0);
}
END_TEST

START_TEST(an_outbind_on_a_connection_of_ours_changes_nothing)
{
	static char nowhere[] = "";
	options.listen = nowhere;
	options.host.n = 1;
	world_up();
	peer_outbind(0, "centre", "wakeup");
	await_enquiry(0);
	ck_assert_uint_eq(peer.nheard, 1);
	ck_assert_uint_eq(the_link.downs, 0);
}
END_TEST

START_TEST(a_centre_that_is_lost_is_awaited_and_the_door_stays_open)
{
	options.outbind_bind = SMPP_OUTBIND_TRANSCEIVER;
	bound_by_outbind();
	peer.no_submit_answer = true;
	lend(0);
	AWAIT(peer.submits == 1);
	stream_finish(peer.calls[0], "test");
	AWAIT(the_link.waits == 1);
	ck_assert_uint_eq(the_link.answered, 1);
	ck_assert_int_eq(the_link.outcomes[0].verdict, VERDICT_DOUBTFUL);
	ck_assert_ptr_nonnull(strstr(the_link.note, "awaiting outbind at 127.0.0.1:"));
	ck_assert_ptr_nonnull(strstr(the_link.note, "; the peer closed the connection"));
	peer.no_submit_answer = false;
	call_in();
	AWAIT(the_link.ups == 2);
	ck_assert_str_eq(the_link.note, "");
	lend(1);
	AWAIT(the_link.answered == 2);
	ck_assert_uint_eq(the_link.downs, 0);
}
END_TEST

START_TEST(a_centre_that_logs_out_is_awaited)
{
	bound_by_outbind();
	const struct smpp_pdu unbind = { .command = SMPP_UNBIND, .sequence = 99 };
	peer_say(0, &unbind);
	AWAIT(the_link.waits == 1 && peer.hung_up[0]);
	ck_assert_uint_eq(heard((uint32_t)SMPP_UNBIND_RESP), 1);
	call_in();
	AWAIT(the_link.ups == 2);
}
END_TEST

START_TEST(several_nodes_of_a_centre_may_be_bound_at_a_time)
{
	options.outbind_bind = SMPP_OUTBIND_TRANSCEIVER;
	bound_by_outbind();
	call_in();
	AWAIT(the_link.window == 20);
	peer_deliver(1, SMPP_DELIVER_SM, 0, 0, "from the second");
	AWAIT(the_link.ninbound);
	ack(the_link.inbound_tickets[0], ACK_KEPT);
	AWAIT(heard((uint32_t)SMPP_DELIVER_SM_RESP));
	ck_assert_uint_eq(peer.heard[peer.nheard - 1].call, 1);
	stream_finish(peer.calls[0], "test");
	AWAIT(the_link.window == 10);
	ck_assert_uint_eq(the_link.waits, 0);
}
END_TEST

START_TEST(a_drain_while_bound_logs_out_and_shuts_the_door)
{
	bound_by_outbind();
	peer_deliver(0, SMPP_DELIVER_SM, 0, 0, "owed");
	AWAIT(the_link.ninbound);
	drain();
	idle(20);
	ck_assert_uint_eq(heard(SMPP_UNBIND), 0); /* what is owed is paid first */
	ack(the_link.inbound_tickets[0], ACK_KEPT);
	AWAIT(the_link.downs);
	ck_assert_int_eq(the_link.down, DOWN_DRAINED);
	ck_assert_uint_eq(heard(SMPP_UNBIND), 1);
	const struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons((uint16_t)port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	const int fd = socket(AF_INET, SOCK_STREAM, 0);
	ck_assert_int_ne(connect(fd, (const void *)&to, sizeof to), 0);
	close(fd);
}
END_TEST

START_TEST(a_drain_while_nobody_is_bound_is_over_at_once)
{
	door_open();
	peer_call(port);
	idle(10);
	drain();
	AWAIT(the_link.downs);
	ck_assert_int_eq(the_link.down, DOWN_DRAINED);
}
END_TEST

START_TEST(a_port_that_is_taken_is_said_and_tried_again)
{
	const struct sockaddr_in at = { .sin_family = AF_INET, .sin_port = htons((uint16_t)port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	const int fd = socket(AF_INET, SOCK_STREAM, 0);
	ck_assert_int_eq(bind(fd, (const void *)&at, sizeof at), 0);
	ck_assert_int_eq(listen(fd, 1), 0);
	world_open_as(&smpp_driver, &options);
	AWAIT(*the_link.note);
	ck_assert_ptr_nonnull(strstr(the_link.note, "cannot listen at 127.0.0.1:"));
	ck_assert_ptr_nonnull(strstr(the_link.note, "Address already in use: another link"));
	close(fd);
	AWAIT(strstr(the_link.note, "awaiting outbind at"));
	call_in();
	AWAIT(the_link.ups);
	ck_assert_uint_eq(the_link.downs, 0);
}
END_TEST

/* With binds of its own. */

static void both_ways_up(void)
{
	options.host.n = 1;
	world_open();
	AWAIT(the_link.window == 10);
	idle(10);                           /* the door is opened in the first turn */
	call_in();
	AWAIT(heard(SMPP_BIND_RECEIVER));
	await_enquiry(1);
	forget();
}

START_TEST(a_link_with_binds_of_its_own_takes_outbinds_as_well)
{
	both_ways_up();
	ck_assert_uint_eq(the_link.window, 10);
	lend(0);
	AWAIT(the_link.answered == 1);
	ck_assert_uint_eq(peer.heard[0].call, 0);
	peer_deliver(1, SMPP_DELIVER_SM, 0, 0, "held for you");
	AWAIT(the_link.ninbound == 1);
	stream_finish(peer.calls[1], "test");
	idle(30);
	ck_assert_uint_eq(the_link.window, 10);
	ck_assert_uint_eq(the_link.waits, 0);
}
END_TEST

START_TEST(a_bind_of_its_own_that_is_lost_comes_back_beside_the_guest)
{
	both_ways_up();
	peer.no_submit_answer = true;
	lend(0);
	AWAIT(peer.submits == 1);
	stream_finish(peer.calls[0], "test");
	AWAIT(the_link.window == 0);
	ck_assert_int_eq(the_link.outcomes[0].verdict, VERDICT_DOUBTFUL);
	peer_deliver(1, SMPP_DELIVER_SM, 0, 0, "meanwhile");
	AWAIT(the_link.ninbound == 1);
	AWAIT(the_link.window == 10);
	ck_assert_uint_eq(peer.bind[2].command, SMPP_BIND_TRANSCEIVER);
	ck_assert_uint_eq(the_link.waits, 0);
	ck_assert_uint_eq(the_link.downs, 0);
}
END_TEST

START_TEST(a_bind_of_its_own_that_is_refused_is_said_while_it_listens)
{
	options.host.n = 1;
	peer.bind_status = SMPP_RINVSYSID;
	world_open();
	AWAIT(strstr(the_link.note, "awaiting outbind at 127.0.0.1:"));
	ck_assert_ptr_nonnull(strstr(the_link.note, "; bind refused: ESME_RINVSYSID"));
	peer.bind_status = SMPP_ROK;
	call_in();
	AWAIT(the_link.ups);
	ck_assert_uint_eq(the_link.downs, 0);
}
END_TEST

START_TEST(a_link_that_has_lost_all_waits_and_tries_and_listens)
{
	both_ways_up();
	peer.bind_status = SMPP_RSYSERR;
	stream_finish(peer.calls[0], "test");
	stream_finish(peer.calls[1], "test");
	AWAIT(the_link.waits == 1);
	AWAIT(heard(SMPP_BIND_TRANSCEIVER) == 1);
	peer.bind_status = SMPP_ROK;
	call_in();
	AWAIT(the_link.ups > 1);
	AWAIT(the_link.window == 10);
	ck_assert_uint_eq(the_link.downs, 0);
}
END_TEST

/* Keys and addresses. */

START_TEST(keys_that_do_not_go_together_are_refused_in_words)
{
	static char empty[] = "", bad[] = "10.0.0.0/33", name[] = "localhost:2775", all[] = "0";
	struct conf_error err;
	struct smpp_options good = options;
	ck_assert(smpp_check(&good, &err));
	struct smpp_options wrong[10];
	for (unsigned i = 0; i < 10; i++)
		wrong[i] = good;
	static char *bads[] = { bad };
	wrong[0].listen = empty;
	wrong[1].listen = name;
	wrong[2].listen = all;
	wrong[3].listen_from.n = 0;
	wrong[4].listen_from.items = bads;
	wrong[5].outbind_id = empty;
	wrong[6].outbind_password_file = good.outbind_password;
	wrong[7].tls.on = true;
	wrong[8].tls.client_ca = name;
	wrong[9].listen = empty;
	wrong[9].host = (struct conf_list){ .items = bads, .n = 1 };
	wrong[9].tls.on = true;
	wrong[9].tls.client_ca = name;
	static const char *const words[] = { "host is missing", "listen = \"localhost:2775\"",
		"listen = \"0\"", "listen needs listen_from", "listen_from: \"10.0.0.0/33\"",
		"listen needs outbind_id", "keep one", "tls_certificate is missing",
		"tls_client_ca needs tls = on", "tls_client_ca is about message centres that connect to us" };
	for (unsigned i = 0; i < 10; i++) {
		ck_assert(!smpp_check(&wrong[i], &err));
		ck_assert_msg(strstr(err.text, words[i]), "%u: %s", i, err.text);
	}
}
END_TEST

START_TEST(a_pin_is_a_fingerprint)
{
	enum { HEX = 64, COLONS = 95 };
	static char plain[HEX + 1], colons[COLONS + 1], empty[] = "", short_one[] = "ab:cd", no_hex[HEX + 1],
	    longer[HEX + 2], odd[HEX + 2];
	for (int i = 0; i < HEX; i++)
		plain[i] = "0123456789abcdef"[i % 16];
	for (int i = 0; i < COLONS; i++)
		colons[i] = i % 3 == 2 ? ':' : 'A';
	memcpy(no_hex, plain, HEX);
	no_hex[63] = 'g';
	snprintf(longer, sizeof longer, "%s0", plain);
	snprintf(odd, sizeof odd, ":%s", plain);
	const struct { char *text; bool good; } cases[] = { { plain, true }, { colons, true }, { empty, true },
		{ short_one, false }, { no_hex, false }, { longer, false }, { odd, false } };
	struct smpp_options with = options;
	with.tls.on = true;
	with.listen = empty;
	with.host = (struct conf_list){ .items = (char *[]){ plain }, .n = 1 };
	char *items[] = { plain, plain };
	for (unsigned i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct conf_error err = { .text = "" };
		items[1] = cases[i].text;
		with.tls.pins = (struct conf_list){ .items = items, .n = 2 };
		ck_assert_msg(smpp_check(&with, &err) == cases[i].good, "%s: %s", cases[i].text, err.text);
		ck_assert(cases[i].good || strstr(err.text, "is no SHA-256 fingerprint, which has 64 hex"));
	}
	struct conf_error err;
	with.tls.on = false;
	ck_assert(!smpp_check(&with, &err));
	ck_assert_str_eq(err.text, "tls_pin needs tls = on");
}
END_TEST

START_TEST(a_network_has_its_addresses_and_no_others)
{
	static const struct { const char *network, *address; bool has; } cases[] = {
		{ "192.0.2.7", "192.0.2.7:1", true }, { "192.0.2.7", "192.0.2.6:1", false },
		{ "192.0.2.0/24", "192.0.2.255:1", true }, { "192.0.2.0/24", "192.0.3.0:1", false },
		{ "192.0.2.0/25", "192.0.2.127:1", true }, { "192.0.2.0/25", "192.0.2.128:1", false },
		{ "192.0.2.9/30", "192.0.2.11:1", true }, { "0.0.0.0/0", "203.0.113.1:1", true },
		{ "0.0.0.0/0", "[2001:db8::1]:1", false }, { "::/0", "203.0.113.1:1", true },
		{ "192.0.2.0/24", "[::ffff:192.0.2.3]:1", true }, { "2001:db8::/32", "[2001:db8:1::5]:1", true },
		{ "2001:db8::/32", "[2001:db9::5]:1", false }, { "::1", "[::1]:1", true },
	};
	for (unsigned i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct network network;
		struct sockaddr_storage at;
		socklen_t len;
		ck_assert(network_read(cases[i].network, &network));
		ck_assert(network_endpoint(cases[i].address, &at, &len));
		ck_assert_msg(network_has(&network, (struct sockaddr *)&at) == cases[i].has, "%s in %s",
		    cases[i].address, cases[i].network);
	}
	static const char *const none[] = { "", "10.1", "10.0.0.0/", "10.0.0.0/33", "10.0.0.0/-1",
		"::1/129", "localhost", "10.0.0.0/8x", "/8" };
	struct network network;
	for (unsigned i = 0; i < sizeof none / sizeof none[0]; i++)
		ck_assert_msg(!network_read(none[i], &network), "%s", none[i]);
}
END_TEST

START_TEST(two_cannot_listen_at_one_address)
{
	static const struct { const char *one, *other; bool clash; } cases[] = {
		{ "192.0.2.7:2775", "192.0.2.7:2775", true }, { "192.0.2.7:2775", "192.0.2.7:2776", false },
		{ "192.0.2.7:2775", "192.0.2.8:2775", false }, { "2775", "2775", true }, { "2775", "2776", false },
		{ "2775", "192.0.2.7:2775", true }, { "2775", "[2001:db8::1]:2775", true },
		{ "[::]:2775", "0.0.0.0:2775", true }, { "0.0.0.0:2775", "192.0.2.7:2775", true },
		{ "0.0.0.0:2775", "[2001:db8::1]:2775", false }, { "0.0.0.0:2775", "192.0.2.7:2776", false },
		{ "[2001:db8::1]:5", "[2001:DB8:0::1]:5", true }, { "[2001:db8::1]:5", "[2001:db8::2]:5", false },
		{ "[::ffff:192.0.2.7]:5", "192.0.2.7:5", true }, { "localhost:5", "localhost:5", false },
	};
	for (unsigned i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		ck_assert_msg(network_clash(cases[i].one, cases[i].other) == cases[i].clash, "%s and %s",
		    cases[i].one, cases[i].other);
		ck_assert_msg(network_clash(cases[i].other, cases[i].one) == cases[i].clash, "%s and %s",
		    cases[i].other, cases[i].one);
	}
}
END_TEST

START_TEST(a_caller_has_a_name)
{
	static const struct { const char *endpoint, *name; } cases[] = {
		{ "192.0.2.7:2775", "192.0.2.7:2775" }, { "[2001:db8::1]:5", "[2001:db8::1]:5" },
		{ "[::ffff:192.0.2.7]:6", "192.0.2.7:6" }, { "2775", "[::]:2775" },
	};
	struct sockaddr_storage at;
	socklen_t len;
	char name[NETWORK_NAME_MAX];
	ck_assert(network_endpoint(cases[_i].endpoint, &at, &len));
	network_name((struct sockaddr *)&at, name);
	ck_assert_str_eq(name, cases[_i].name);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("smpp_outbind");
	TCase *tests = tcase_create("outbind");
	suite_add_tcase(suite, tests);
	tcase_set_timeout(tests, 60);
	tcase_add_checked_fixture(tests, outbind_setup, world_teardown);
	tcase_add_test(tests, an_outbind_is_answered_by_a_bind_and_then_messages_come);
	tcase_add_test(tests, a_transceiver_that_answers_an_outbind_sends_too);
	tcase_add_test(tests, silence_on_a_connection_that_was_made_by_outbind_is_asked_about);
	tcase_add_test(tests, a_bind_that_the_centre_then_refuses_leaves_the_door_open);
	tcase_add_loop_test(tests, wrong_credentials_end_the_call, 0, 7);
	tcase_add_test(tests, a_call_from_elsewhere_is_not_taken);
	tcase_add_test(tests, who_says_nothing_has_his_time);
	tcase_add_loop_test(tests, garbage_ends_the_call, 0, 5);
	tcase_add_test(tests, other_pdus_before_the_outbind_are_answered_but_not_for_ever);
	tcase_add_test(tests, only_a_few_may_stand_in_the_door);
	tcase_add_test(tests, a_second_outbind_on_a_bound_session_changes_nothing);
	tcase_add_test(tests, an_outbind_on_a_connection_of_ours_changes_nothing);
	tcase_add_test(tests, a_centre_that_is_lost_is_awaited_and_the_door_stays_open);
	tcase_add_test(tests, a_centre_that_logs_out_is_awaited);
	tcase_add_test(tests, several_nodes_of_a_centre_may_be_bound_at_a_time);
	tcase_add_test(tests, a_drain_while_bound_logs_out_and_shuts_the_door);
	tcase_add_test(tests, a_drain_while_nobody_is_bound_is_over_at_once);
	tcase_add_test(tests, a_port_that_is_taken_is_said_and_tried_again);
	tcase_add_test(tests, a_link_with_binds_of_its_own_takes_outbinds_as_well);
	tcase_add_test(tests, a_bind_of_its_own_that_is_lost_comes_back_beside_the_guest);
	tcase_add_test(tests, a_bind_of_its_own_that_is_refused_is_said_while_it_listens);
	tcase_add_test(tests, a_link_that_has_lost_all_waits_and_tries_and_listens);
	tcase_add_test(tests, keys_that_do_not_go_together_are_refused_in_words);
	tcase_add_test(tests, a_pin_is_a_fingerprint);
	tcase_add_test(tests, a_network_has_its_addresses_and_no_others);
	tcase_add_test(tests, two_cannot_listen_at_one_address);
	tcase_add_loop_test(tests, a_caller_has_a_name, 0, 4);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
