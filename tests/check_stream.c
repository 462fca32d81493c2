/* SPDX-License-Identifier: Apache-2.0 */
/*
 * check_stream.c - connecting, cutting, pausing and ending, against peers on
 * loopback that the same loop plays.
 *
 * The frames of these tests: one octet of length, itself included, 0 is none.
 */
#include "../gateway/stream.h"

#include <event2/event.h>

#include <check.h>

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pty.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <termios.h>
#include <unistd.h>

enum { PATIENCE_MS = 5000, FRAMES_MAX = 4096 };

/* What a stream told us. */
struct ear {
	struct event_base *base;
	struct stream *stream;
	unsigned connected, closed, frames, garbled;
	char why[256];
	uint8_t first[FRAMES_MAX];      /* first octet behind the length of each frame */
	unsigned stop_after;            /* frames; then the loop ends */
	bool pause_each, free_in_frame, answer_garbled;
};

static size_t measure(void *ctx, const uint8_t *at, size_t len)
{
	(void)ctx;
	ck_assert_uint_gt(len, 0);
	return at[0] == 0 ? SIZE_MAX : at[0];
}

static void on_frame(void *ctx, const uint8_t *at, size_t len)
{
	struct ear *ear = ctx;
	ck_assert_uint_eq(at[0], len);
	if (ear->frames < FRAMES_MAX)
		ear->first[ear->frames] = at[len > 1];
	ear->frames++;
	if (ear->pause_each)
		stream_pause(ear->stream, 1);
	if (ear->free_in_frame) {
		stream_free(ear->stream);
		ear->stream = NULL;
		ck_assert_uint_eq(at[0], len); /* lent until we return */
	}
	if (ear->frames == ear->stop_after || ear->pause_each || ear->free_in_frame)
		event_base_loopbreak(ear->base);
}

static void on_garbled(void *ctx, const uint8_t *at, size_t len)
{
	struct ear *ear = ctx;
	(void)at;
	(void)len;
	ear->garbled++;
	if (ear->answer_garbled)
		stream_write(ear->stream, "\x02n", 2);
	stream_finish(ear->stream, "garbled");
}

static void on_event(void *ctx, enum stream_event event, const char *why)
{
	struct ear *ear = ctx;
	ck_assert_uint_eq(ear->closed, 0);
	snprintf(ear->why, sizeof ear->why, "%s", why);
	if (event == STREAM_CONNECTED)
		ear->connected++;
	else
		ear->closed++;
	event_base_loopbreak(ear->base);
}

static struct stream_handler handler_of(struct ear *ear)
{
	return (struct stream_handler){ .ctx = ear, .measure = measure, .frame = on_frame,
		.garbled = on_garbled, .event = on_event };
}

/* Until a callback says stop; too long is a failure. */
static void run(struct ear *ear)
{
	const struct timeval most = { .tv_sec = PATIENCE_MS / 1000 };
	event_base_loopexit(ear->base, &most);
	event_base_dispatch(ear->base);
	ck_assert_msg(!event_base_got_exit(ear->base), "nothing happened within %d ms", PATIENCE_MS);
}

static void nap(struct ear *ear, unsigned ms)
{
	const struct timeval after = { .tv_sec = ms / 1000, .tv_usec = ms % 1000 * 1000 };
	event_base_loopexit(ear->base, &after);
	event_base_dispatch(ear->base);
}

/* In a build with the address sanitizer; Check's children end without asking it. */
extern int __lsan_do_recoverable_leak_check(void) __attribute__((weak));

static void end(struct ear *ear)
{
	stream_free(ear->stream);
	for (int i = 0; i < 3; i++)
		event_base_loop(ear->base, EVLOOP_NONBLOCK);
	event_base_free(ear->base);
	if (__lsan_do_recoverable_leak_check)
		ck_assert_int_eq(__lsan_do_recoverable_leak_check(), 0);
}

static int listener(int family, unsigned *port)
{
	int fd = socket(family, SOCK_STREAM, 0);
	struct sockaddr_in v4 = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	struct sockaddr_in6 v6 = { .sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT };
	const struct sockaddr *to = family == AF_INET ? (void *)&v4 : (void *)&v6;
	socklen_t len = family == AF_INET ? sizeof v4 : sizeof v6;
	if (fd < 0 || bind(fd, to, len) != 0 || listen(fd, 8) != 0) {
		close(fd);
		return -1;
	}
	struct sockaddr_storage got = { 0 };
	len = sizeof got;
	ck_assert_int_eq(getsockname(fd, (void *)&got, &len), 0);
	*port = ntohs(family == AF_INET ? ((struct sockaddr_in *)&got)->sin_port
	    : ((struct sockaddr_in6 *)&got)->sin6_port);
	return fd;
}

/* An adopted half of a pair; *peer is the other half. */
static void adopt(struct ear *ear, int *peer, const struct stream_options *options)
{
	int pair[2];
	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
	*peer = pair[1];
	fcntl(*peer, F_SETFL, O_NONBLOCK);
	const struct stream_options none = { 0 };
	const struct stream_handler handler = handler_of(ear);
	ear->base = event_base_new();
	ear->stream = stream_adopt(ear->base, pair[0], options ? options : &none, &handler);
}

static void say(int fd, const void *at, size_t len)
{
	ck_assert_int_eq(write(fd, at, len), (ssize_t)len);
}

static void connect_from(struct ear *ear, const char *source, const char *const *hosts, size_t n,
    unsigned port)
{
	const struct stream_options options = { .hosts = hosts, .nhosts = n, .port = port,
		.connect_ms = 300, .source = source };
	const struct stream_handler handler = handler_of(ear);
	ear->base = event_base_new();
	ear->stream = stream_connect(ear->base, &options, &handler);
}

static void connect_to(struct ear *ear, const char *const *hosts, size_t n, unsigned port)
{
	connect_from(ear, NULL, hosts, n, port);
}

START_TEST(every_way_to_write_a_host_connects)
{
	unsigned port, port6;
	int fd = listener(AF_INET, &port), fd6 = listener(AF_INET6, &port6);
	char with_port[64], with_port6[64];
	snprintf(with_port, sizeof with_port, "127.0.0.1:%u", port);
	snprintf(with_port6, sizeof with_port6, "[::1]:%u", port6);
	const struct { const char *host; unsigned port; int fd; } cases[] = {
		{ "127.0.0.1", port, fd }, { with_port, 1, fd }, { "::1", port6, fd6 },
		{ with_port6, 1, fd6 }, { "[::1]", port6, fd6 }, { "localhost", port, fd },
	};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		if (cases[i].fd < 0)
			continue; /* a machine without IPv6 */
		struct ear ear = { 0 };
		connect_to(&ear, &cases[i].host, 1, cases[i].port);
		run(&ear);
		ck_assert_msg(ear.connected == 1, "%s: %s", cases[i].host, ear.why);
		ck_assert_ptr_nonnull(strstr(ear.why, ":"));
		int peer = accept(cases[i].fd, NULL, NULL);
		ck_assert_int_ge(peer, 0);
		close(peer);
		run(&ear);
		ck_assert_uint_eq(ear.closed, 1);
		ck_assert_str_eq(ear.why, "the peer closed the connection");
		end(&ear);
	}
	close(fd);
	close(fd6);
}
END_TEST

START_TEST(hosts_that_fail_are_passed_over_in_order)
{
	unsigned port, dead;
	int fd = listener(AF_INET, &port), gone = listener(AF_INET, &dead);
	close(gone);
	char refused[64], good[64];
	snprintf(refused, sizeof refused, "127.0.0.1:%u", dead);
	snprintf(good, sizeof good, "127.0.0.1:%u", port);
	const char *hosts[] = { refused, "no such host!", "[::1", "h:0", "192.0.2.1", good };
	struct ear ear = { 0 };
	connect_to(&ear, hosts, 6, 2775);
	run(&ear);
	ck_assert_msg(ear.connected == 1, "%s", ear.why);
	ck_assert_str_eq(ear.why, good);
	end(&ear);
	close(fd);
}
END_TEST

START_TEST(when_no_host_answers_the_reason_names_each)
{
	unsigned dead;
	close(listener(AF_INET, &dead));
	const char *hosts[] = { "127.0.0.1", "smsc1:port" };
	struct ear ear = { 0 };
	connect_to(&ear, hosts, 2, dead);
	run(&ear);
	ck_assert_uint_eq(ear.closed, 1);
	ck_assert_ptr_nonnull(strstr(ear.why, "127.0.0.1:"));
	ck_assert_ptr_nonnull(strstr(ear.why, "Connection refused; smsc1:port: "));
	end(&ear);
}
END_TEST

START_TEST(a_connection_comes_from_the_source_address)
{
	unsigned port, port6;
	int fd = listener(AF_INET, &port), fd6 = listener(AF_INET6, &port6);
	char good[64], good6[64];
	snprintf(good, sizeof good, "127.0.0.1:%u", port);
	snprintf(good6, sizeof good6, "[::1]:%u", port6);
	const struct { const char *source; int fd; size_t host; } cases[] = {
		{ "127.0.0.2", fd, 1 }, { "127.0.0.1", fd, 1 }, { "::1", fd6, 0 },
	};
	const char *const hosts[] = { good6, good }; /* of both, the one of its family */
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		if (fd6 < 0)
			break; /* a machine without IPv6 */
		struct ear ear = { 0 };
		char from[INET6_ADDRSTRLEN];
		struct sockaddr_storage at;
		socklen_t len = sizeof at;
		connect_from(&ear, cases[i].source, hosts, 2, 1);
		run(&ear);
		ck_assert_msg(ear.connected == 1, "%s: %s", cases[i].source, ear.why);
		ck_assert_uint_eq(stream_host(ear.stream), cases[i].host);
		const int peer = accept(cases[i].fd, (void *)&at, &len);
		ck_assert_int_ge(peer, 0);
		ck_assert_int_eq(getnameinfo((void *)&at, len, from, sizeof from, NULL, 0, NI_NUMERICHOST), 0);
		ck_assert_str_eq(from, cases[i].source);
		close(peer);
		end(&ear);
	}
	close(fd);
	close(fd6);
}
END_TEST

START_TEST(a_source_address_that_cannot_be_used_says_so)
{
	static const struct { const char *source, *host, *words; } cases[] = {
		{ "127.0.0.1", "::1", "its address is IPv6, and the source address is IPv4" },
		{ "::1", "127.0.0.1", "its address is IPv4, and the source address is IPv6" },
		{ "192.0.2.1", "127.0.0.1", "the source address is not one of this machine" },
	};
	struct ear ear = { 0 };
	connect_from(&ear, cases[_i].source, &cases[_i].host, 1, 2775);
	run(&ear);
	ck_assert_uint_eq(ear.closed, 1);
	ck_assert_uint_eq(stream_host(ear.stream), SIZE_MAX);
	ck_assert_msg(strstr(ear.why, cases[_i].words), "%s", ear.why);
	end(&ear);
}
END_TEST

START_TEST(a_stream_may_be_freed_while_it_looks_up_a_name_or_connects)
{
	const char *hosts[] = { "name.invalid", "192.0.2.1" };
	for (int i = 0; i < 2; i++) {
		struct ear ear = { 0 };
		connect_to(&ear, hosts + i, 1, 2775);
		for (int turn = 0; turn < 4; turn++)
			event_base_loop(ear.base, EVLOOP_NONBLOCK);
		stream_free(ear.stream);
		ear.stream = NULL;
		nap(&ear, 50);
		ck_assert_uint_eq(ear.connected, 0);
		end(&ear);
	}
}
END_TEST

START_TEST(frames_are_cut_however_the_octets_arrive)
{
	static const uint8_t octets[] = { 3, 'a', 0, 2, 'b', 1, 4, 'd', 4, 4 };
	for (size_t chunk = 1; chunk <= sizeof octets; chunk++) {
		struct ear ear = { .stop_after = 4 };
		int peer;
		adopt(&ear, &peer, NULL);
		for (size_t i = 0; i < sizeof octets; i += chunk) {
			size_t n = sizeof octets - i < chunk ? sizeof octets - i : chunk;
			say(peer, octets + i, n);
			event_base_loop(ear.base, EVLOOP_NONBLOCK);
		}
		ck_assert_uint_eq(ear.frames, 4);
		ck_assert_mem_eq(ear.first, "ab\001d", 4);
		end(&ear);
		close(peer);
	}
}
END_TEST

START_TEST(a_pause_inside_a_frame_keeps_the_next_frames_waiting)
{
	struct ear ear = { .pause_each = true };
	int peer;
	adopt(&ear, &peer, NULL);
	say(peer, "\x02" "a" "\x02" "b" "\x02" "c", 6);
	for (unsigned i = 1; i <= 3; i++) {
		run(&ear);
		ck_assert_uint_eq(ear.frames, i);
		nap(&ear, 20);
		ck_assert_uint_eq(ear.frames, i);
		stream_pause(ear.stream, 2);
		stream_resume(ear.stream, 1);
		nap(&ear, 20); /* one reason is left */
		ck_assert_uint_eq(ear.frames, i);
		stream_resume(ear.stream, 2);
	}
	ck_assert_mem_eq(ear.first, "abc", 3);
	end(&ear);
	close(peer);
}
END_TEST

START_TEST(a_stream_may_be_freed_from_inside_a_frame)
{
	struct ear ear = { .free_in_frame = true };
	int peer;
	adopt(&ear, &peer, NULL);
	say(peer, "\x02" "a" "\x02" "b", 4);
	run(&ear);
	ck_assert_uint_eq(ear.frames, 1);
	char octet;
	ck_assert_int_le(read(peer, &octet, 1), 0);
	end(&ear);
	close(peer);
}
END_TEST

START_TEST(what_is_no_frame_may_be_answered_before_the_end)
{
	struct ear ear = { .answer_garbled = true };
	int peer;
	adopt(&ear, &peer, NULL);
	say(peer, "\x02" "a" "\x00" "rest", 7);
	run(&ear);
	ck_assert_uint_eq(ear.frames, 1);
	ck_assert_uint_eq(ear.garbled, 1);
	ck_assert_uint_eq(ear.closed, 1);
	ck_assert_str_eq(ear.why, "garbled");
	uint8_t got[8];
	ck_assert_int_eq(read(peer, got, sizeof got), 2);
	ck_assert_mem_eq(got, "\x02n", 2);
	ck_assert_int_eq(read(peer, got, sizeof got), 0);
	end(&ear);
	close(peer);
}
END_TEST

START_TEST(the_rest_of_a_frame_has_a_deadline)
{
	const struct stream_options options = { .partial_ms = 600 };
	struct ear ear = { 0 };
	int peer;
	adopt(&ear, &peer, &options);
	nap(&ear, 700); /* silence between frames is no fault */
	ck_assert_uint_eq(ear.closed, 0);
	say(peer, "\x02" "a" "\x09", 3);
	nap(&ear, 100);
	say(peer, "b", 1); /* a drop of it does not start the time anew */
	run(&ear);
	ck_assert_uint_eq(ear.closed, 1);
	ck_assert_uint_eq(ear.frames, 1);
	ck_assert_str_eq(ear.why, "the rest of a frame did not come within 0.6 s");
	end(&ear);
	close(peer);
}
END_TEST

START_TEST(a_peer_that_does_not_read_is_left_after_a_while)
{
	const struct stream_options options = { .stall_ms = 2000 };
	static uint8_t much[4 << 20];
	for (int finish = 0; finish < 2; finish++) {
		struct ear ear = { 0 };
		int peer;
		adopt(&ear, &peer, &options);
		stream_write(ear.stream, much, sizeof much);
		ck_assert_uint_eq(stream_written(ear.stream), sizeof much);
		ck_assert_uint_eq(stream_unsent(ear.stream), sizeof much);
		if (finish)
			stream_finish(ear.stream, "enough");
		run(&ear);
		ck_assert_uint_eq(ear.closed, 1);
		ck_assert_str_eq(ear.why, finish ? "enough" : "nothing could be sent for 2 s");
		ck_assert_uint_gt(stream_unsent(ear.stream), 0);
		ck_assert_uint_lt(stream_unsent(ear.stream), sizeof much);
		end(&ear);
		close(peer);
	}
}
END_TEST

START_TEST(finishing_writes_what_is_queued_first)
{
	const struct stream_options options = { .stall_ms = 2000 };
	static uint8_t much[1 << 20], got[1 << 16];
	struct ear ear = { 0 };
	int peer;
	adopt(&ear, &peer, &options);
	stream_write(ear.stream, much, sizeof much);
	stream_finish(ear.stream, "done");
	stream_write(ear.stream, much, 1); /* too late */
	size_t read_so_far = 0;
	ssize_t n = 1;
	while (n != 0) {
		event_base_loop(ear.base, EVLOOP_NONBLOCK);
		n = read(peer, got, sizeof got);
		if (n > 0)
			read_so_far += (size_t)n;
		else
			ck_assert(n == 0 || errno == EAGAIN);
	}
	ck_assert_uint_eq(read_so_far, sizeof much);
	ck_assert_uint_eq(ear.closed, 1);
	ck_assert_str_eq(ear.why, "done");
	end(&ear);
	close(peer);
}
END_TEST

/* A last answer that is written because reading was paused until then. */
START_TEST(what_is_queued_leaves_though_it_was_to_read_on_just_before)
{
	const struct stream_options options = { .stall_ms = 2000 };
	struct ear ear = { 0 };
	uint8_t got[8];
	int peer;
	adopt(&ear, &peer, &options);
	stream_pause(ear.stream, 1);
	stream_write(ear.stream, "answer", 6);
	stream_resume(ear.stream, 1);
	stream_finish(ear.stream, "done");
	while (!ear.closed)
		event_base_loop(ear.base, EVLOOP_ONCE);
	ck_assert_int_eq(read(peer, got, sizeof got), 6);
	end(&ear);
	close(peer);
}
END_TEST

START_TEST(what_is_queued_in_one_turn_leaves_in_one_write)
{
	struct ear ear = { 0 };
	int pair[2];
	/* Sequenced packets show the borders of writes. */
	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK, 0, pair), 0);
	const struct stream_options none = { 0 };
	const struct stream_handler handler = handler_of(&ear);
	ear.base = event_base_new();
	ear.stream = stream_adopt(ear.base, pair[0], &none, &handler);
	for (int i = 0; i < 10; i++)
		stream_write(ear.stream, "0123456789", 10);
	event_base_loop(ear.base, EVLOOP_NONBLOCK);
	char got[200];
	ck_assert_int_eq(read(pair[1], got, sizeof got), 100);
	ck_assert_uint_eq(stream_unsent(ear.stream), 0);
	end(&ear);
	close(pair[1]);
}
END_TEST

/* The system asks it, and soon: nobody else asks who only sends to us. */
START_TEST(a_peer_that_has_gone_without_a_word_is_missed)
{
	const struct stream_options none = { 0 };
	struct ear ear = { 0 };
	const struct stream_handler handler = handler_of(&ear);
	const int fd = socket(AF_INET, SOCK_STREAM, 0);
	int on = 0, idle = 0, each = 0, probes = 0;
	socklen_t len = sizeof on;
	ear.base = event_base_new();
	ear.stream = stream_adopt(ear.base, fd, &none, &handler);
	ck_assert_int_eq(getsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, &len), 0);
	ck_assert_int_eq(getsockopt(fd, IPPROTO_TCP, TCP_KEEPIDLE, &idle, &len), 0);
	ck_assert_int_eq(getsockopt(fd, IPPROTO_TCP, TCP_KEEPINTVL, &each, &len), 0);
	ck_assert_int_eq(getsockopt(fd, IPPROTO_TCP, TCP_KEEPCNT, &probes, &len), 0);
	ck_assert_int_ne(on, 0);
	ck_assert_int_le(idle + each * probes, 120);
	end(&ear);
}
END_TEST

START_TEST(a_terminal_line_is_a_stream_as_well)
{
	struct ear ear = { .stop_after = 1 };
	int near, far;
	struct termios raw;
	const struct stream_options none = { 0 };
	const struct stream_handler handler = handler_of(&ear);
	uint8_t got[8];
	ck_assert_int_eq(openpty(&far, &near, NULL, NULL, NULL), 0);
	ck_assert_int_eq(tcgetattr(near, &raw), 0);
	cfmakeraw(&raw);
	tcsetattr(near, TCSANOW, &raw);
	ear.base = event_base_new();
	ear.stream = stream_adopt(ear.base, near, &none, &handler);
	stream_write(ear.stream, "\x02" "a", 2);
	say(far, "\x02" "b", 2);
	run(&ear);
	ck_assert_uint_eq(ear.first[0], 'b');
	ck_assert_int_eq(read(far, got, sizeof got), 2);
	stream_finish(ear.stream, "enough");
	run(&ear);
	ck_assert_uint_eq(ear.closed, 1);
	ck_assert_str_eq(ear.why, "enough");
	end(&ear);
	close(far);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("stream");
	TCase *tests = tcase_create("stream");
	suite_add_tcase(suite, tests);
	tcase_set_timeout(tests, 30);
	tcase_add_test(tests, every_way_to_write_a_host_connects);
	tcase_add_test(tests, hosts_that_fail_are_passed_over_in_order);
	tcase_add_test(tests, when_no_host_answers_the_reason_names_each);
	tcase_add_test(tests, a_connection_comes_from_the_source_address);
	tcase_add_loop_test(tests, a_source_address_that_cannot_be_used_says_so, 0, 3);
	tcase_add_test(tests, a_stream_may_be_freed_while_it_looks_up_a_name_or_connects);
	tcase_add_test(tests, frames_are_cut_however_the_octets_arrive);
	tcase_add_test(tests, a_pause_inside_a_frame_keeps_the_next_frames_waiting);
	tcase_add_test(tests, a_stream_may_be_freed_from_inside_a_frame);
	tcase_add_test(tests, what_is_no_frame_may_be_answered_before_the_end);
	tcase_add_test(tests, the_rest_of_a_frame_has_a_deadline);
	tcase_add_test(tests, a_peer_that_does_not_read_is_left_after_a_while);
	tcase_add_test(tests, finishing_writes_what_is_queued_first);
	tcase_add_test(tests, what_is_queued_leaves_though_it_was_to_read_on_just_before);
	tcase_add_test(tests, what_is_queued_in_one_turn_leaves_in_one_write);
	tcase_add_test(tests, a_peer_that_has_gone_without_a_word_is_missed);
	tcase_add_test(tests, a_terminal_line_is_a_stream_as_well);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
