/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cimd2_peer.h - a CIMD2 message centre on a loopback port, in the test's loop, that does what a
 * script says; and a session that connects to it. It stands on link_world.h.
 *
 * Packets are written with | for TAB, and without STX, ETX and checksum: "20:018|021:1|".
 */
#ifndef CIMD2_PEER_H
#define CIMD2_PEER_H

#include "../drivers/cimd2.h"
#include "../gateway/stream.h"
#include "link_world.h"

#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>

extern const struct driver cimd2_driver;

enum { CIMD2_CENTRE_CALLS = 16, CIMD2_CENTRE_HEARD = 4096, CIMD2_CENTRE_TEXT = 256, CIMD2_CENTRE_QUEUE = 300 };

static struct cimd2_options cimd2_said; /* of the session, to be changed before cimd2_open() */
static char cimd2_centre_hosts[2][64], *cimd2_centre_host_list[2] = { cimd2_centre_hosts[0], cimd2_centre_hosts[1] };

struct cimd2_centre_packet { unsigned call, operation, number; char text[CIMD2_CENTRE_TEXT]; };

static struct cimd2_centre {
	/* The script. */
	unsigned login_error, login_errors; /* that so many of the first logins get */
	unsigned set_error;                 /* that a new password gets; 0: it is taken */
	unsigned submit_error, poll_count, poll_error;
	bool no_login_answer, no_submit_answer, no_alive_answer, no_logout_answer, no_get_answer, no_answer,
	    receipts, same_second, /* all messages have one time stamp */
	    no_destination,         /* answers do not name it */
	    hangs_up;               /* on a login that it refused */
	const char *greeting, *time;
	/* What happened. */
	int listener;
	unsigned port, ncalls, logins, submits;
	struct event *accepting;
	struct stream *calls[CIMD2_CENTRE_CALLS];
	bool hung_up[CIMD2_CENTRE_CALLS];
	unsigned numbers[CIMD2_CENTRE_CALLS];     /* that the next request of the centre gets */
	unsigned nheard;
	size_t noctets[CIMD2_CENTRE_CALLS];
	/* What is counted above: it is not cleared. */
	struct cimd2_centre_packet heard[CIMD2_CENTRE_HEARD];
	uint8_t octets[CIMD2_CENTRE_CALLS][1 << 16]; /* everything heard since cimd2_centre_forget() */
} cimd2_centre;

static inline void cimd2_centre_say(unsigned call, const char *packet)
{
	uint8_t octets[CIMD2_PACKET_MAX];
	char checksum[3];
	size_t n = 0;
	uint8_t sum = CIMD2_STX;
	octets[n++] = CIMD2_STX;
	for (; *packet; packet++) {
		octets[n] = *packet == '|' ? CIMD2_TAB : (uint8_t)*packet;
		sum = (uint8_t)(sum + octets[n++]);
	}
	snprintf(checksum, sizeof checksum, "%02X", sum);
	memcpy(octets + n, checksum, 2);
	octets[n + 2] = CIMD2_ETX;
	stream_write(cimd2_centre.calls[call], octets, n + 3);
}

static inline void cimd2_centre_sayf(unsigned call, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static inline void cimd2_centre_sayf(unsigned call, const char *format, ...)
{
	char text[1024];
	va_list args;
	va_start(args, format);
	vsnprintf(text, sizeof text, format, args);
	va_end(args);
	cimd2_centre_say(call, text);
}

/* A request of the centre's, under its next number: "20", "021:1|". */
static inline void cimd2_centre_request(unsigned call, unsigned operation, const char *parameters)
{
	cimd2_centre_sayf(call, "%02u:%03u|%s", operation, cimd2_centre.numbers[call], parameters);
	cimd2_centre.numbers[call] = (cimd2_centre.numbers[call] + 2) % CIMD2_NUMBERS;
}

static inline const char *cimd2_centre_timestamp(void)
{
	static char text[CIMD2_TIME_ROOM];
	cimd2_write_time(text, 1795515330 + (cimd2_centre.same_second ? 0 : (int64_t)cimd2_centre.submits), 0);
	return text;
}

static inline void cimd2_centre_submitted(unsigned call, const struct cimd2_pdu *pdu)
{
	const struct blob *to = cimd2_value(pdu, CIMD2_DESTINATION);
	char destination[32];
	cimd2_centre.submits++;
	snprintf(destination, sizeof destination, "%.*s", (int)to->len, (const char *)to->at);
	if (cimd2_centre.no_submit_answer)
		return;
	if (cimd2_centre.submit_error) {
		cimd2_centre_sayf(call, "53:%03u|900:%u|", pdu->number, cimd2_centre.submit_error);
		return;
	}
	if (cimd2_centre.no_destination)
		cimd2_centre_sayf(call, "53:%03u|060:%s|", pdu->number, cimd2_centre_timestamp());
	else
		cimd2_centre_sayf(call, "53:%03u|021:%s|060:%s|", pdu->number, destination, cimd2_centre_timestamp());
	if (cimd2_centre.receipts && cimd2_number(pdu, CIMD2_REPORT_REQUEST, 255, 0)) {
		char text[128];
		snprintf(text, sizeof text, "021:%s|060:%s|061:4|063:261124101535|", destination, cimd2_centre_timestamp());
		cimd2_centre_request(call, CIMD2_REPORT, text);
	}
}

static inline void cimd2_centre_logged_in(unsigned call, unsigned number)
{
	if (cimd2_centre.logins++ >= cimd2_centre.login_errors) {
		cimd2_centre_sayf(call, "51:%03u|", number);
		return;
	}
	cimd2_centre_sayf(call, "51:%03u|900:%u|", number, cimd2_centre.login_error);
	if (cimd2_centre.hangs_up)
		stream_finish(cimd2_centre.calls[call], "refused");
}

static inline void cimd2_centre_react(unsigned call, const struct cimd2_pdu *pdu)
{
	const unsigned answer = pdu->operation + CIMD2_RESPONSE;
	if (cimd2_centre.no_answer)
		return;
	switch (pdu->operation) {
	case CIMD2_LOGIN:
		cimd2_centre.numbers[call] = 0;
		if (cimd2_centre.no_login_answer)
			break;
		cimd2_centre_logged_in(call, pdu->number);
		break;
	case CIMD2_SUBMIT:
		cimd2_centre_submitted(call, pdu);
		break;
	case CIMD2_ENQUIRE:
		cimd2_centre_sayf(call, "54:%03u|061:4|063:261124101535|", pdu->number);
		break;
	case CIMD2_DELIVERY_REQUEST:
		if (cimd2_centre.poll_error)
			cimd2_centre_sayf(call, "55:%03u|900:%u|", pdu->number, cimd2_centre.poll_error);
		else if (cimd2_number(pdu, CIMD2_REQUEST_MODE, 2, 1) == 0)
			cimd2_centre_sayf(call, "55:%03u|066:%u|", pdu->number, cimd2_centre.poll_count);
		else
			cimd2_centre_sayf(call, "55:%03u|", pdu->number);
		break;
	case CIMD2_GET:
		if (!cimd2_centre.no_get_answer && cimd2_centre.time)
			cimd2_centre_sayf(call, "59:%03u|501:%s|", pdu->number, cimd2_centre.time);
		else if (!cimd2_centre.no_get_answer)
			cimd2_centre_sayf(call, "59:%03u|900:900|", pdu->number);
		break;
	case CIMD2_SET:
		cimd2_centre_sayf(call, "58:%03u|900:%u|", pdu->number, cimd2_centre.set_error);
		break;
	case CIMD2_LOGOUT:
		if (!cimd2_centre.no_logout_answer)
			cimd2_centre_sayf(call, "52:%03u|", pdu->number);
		break;
	case CIMD2_ALIVE:
		if (!cimd2_centre.no_alive_answer)
			cimd2_centre_sayf(call, "90:%03u|", pdu->number);
		break;
	case CIMD2_CANCEL:
		cimd2_centre_sayf(call, "%02u:%03u|", answer, pdu->number);
		break;
	}
}

/* Whole packets, never malformed, always with a checksum. */
static inline void cimd2_centre_frame(void *ctx, const uint8_t *at, size_t len)
{
	const unsigned call = (unsigned)((struct stream **)ctx - cimd2_centre.calls);
	struct cimd2_pdu pdu;
	ck_assert_int_eq(cimd2_unpack(at, len, &pdu), CIMD2_FINE);
	ck_assert(pdu.checked);
	if (cimd2_centre.noctets[call] + len <= sizeof cimd2_centre.octets[call]) {
		memcpy(cimd2_centre.octets[call] + cimd2_centre.noctets[call], at, len);
		cimd2_centre.noctets[call] += len;
	}
	ck_assert_uint_lt(cimd2_centre.nheard, CIMD2_CENTRE_HEARD);
	struct cimd2_centre_packet *heard = &cimd2_centre.heard[cimd2_centre.nheard++];
	*heard = (struct cimd2_centre_packet){ .call = call, .operation = pdu.operation, .number = pdu.number };
	for (size_t i = 1; i + 3 < len && i < CIMD2_CENTRE_TEXT; i++)
		heard->text[i - 1] = at[i] == CIMD2_TAB ? '|' : (char)at[i];
	cimd2_centre_react(call, &pdu);
}

static inline size_t cimd2_centre_measure(void *ctx, const uint8_t *at, size_t len)
{
	(void)ctx;
	return stx_measure(at, len);
}

static inline void cimd2_centre_event(void *ctx, enum stream_event event, const char *why)
{
	(void)why;
	ck_assert_int_eq(event, STREAM_CLOSED);
	cimd2_centre.hung_up[(struct stream **)ctx - cimd2_centre.calls] = true;
}

static inline void cimd2_centre_accept(evutil_socket_t fd, short what, void *arg)
{
	(void)what;
	(void)arg;
	const int call = accept(fd, NULL, NULL);
	ck_assert_int_ge(call, 0);
	ck_assert_uint_lt(cimd2_centre.ncalls, CIMD2_CENTRE_CALLS);
	struct stream **stream = &cimd2_centre.calls[cimd2_centre.ncalls++];
	const struct stream_handler handler = { .ctx = stream, .measure = cimd2_centre_measure,
		.frame = cimd2_centre_frame, .event = cimd2_centre_event };
	const struct stream_options none = { 0 };
	*stream = stream_adopt(the_link.base, call, &none, &handler);
	if (cimd2_centre.greeting)
		stream_write(*stream, cimd2_centre.greeting, strlen(cimd2_centre.greeting));
}

/* How many packets of that operation were heard, and the last of them. */
static inline unsigned cimd2_centre_heard(unsigned operation)
{
	unsigned n = 0;
	for (unsigned i = 0; i < cimd2_centre.nheard; i++)
		n += cimd2_centre.heard[i].operation == operation;
	return n;
}

static inline const struct cimd2_centre_packet *cimd2_centre_last(unsigned operation)
{
	for (unsigned i = cimd2_centre.nheard; i-- > 0; )
		if (cimd2_centre.heard[i].operation == operation)
			return &cimd2_centre.heard[i];
	ck_abort_msg("no packet of operation %u was heard", operation);
}

static inline void cimd2_centre_forget(void)
{
	cimd2_centre.nheard = 0;
	memset(cimd2_centre.noctets, 0, sizeof cimd2_centre.noctets);
}

static inline struct cimd2_options cimd2_defaults(void)
{
	static char empty[] = "", account[] = "gw01", secret[] = "s3cret", abroad[] = "00", home[] = "0", utc[] = "+00:00";
	return (struct cimd2_options){
		.stx = { .host = { .items = cimd2_centre_host_list, .n = 1 }, .port = 9971, .source_address = empty,
			.connect_timeout = 5000, .login_timeout = 5000, .keepalive = 5000, .keepalive_timeout = 5000,
			.logout_timeout = 5000, .frame_timeout = 5000, .write_timeout = 5000,
			.tls = { .verify = true, .ca = empty, .client_ca = empty, .name = empty, .certificate = empty,
				.key = empty } },
		.username = account, .password = secret, .password_file = empty, .new_password_file = empty,
		.subaddress = -1, .sessions = 1,
		.window = 1, .response_timeout = 5000, .sender_prefix = empty, .addresses.country_code = empty,
		.addresses.international_prefix = abroad, .addresses.national_prefix = home, .addresses.short_code_digits = 6,
		.repeat_unanswered = true, .time_zone = utc, .report_mask = 14, .reply_path = -1, .tariff_class = -1,
		.service_description = -1,
	};
}

/* After link_world_setup(). */
static inline void cimd2_centre_setup(void)
{
	memset(&cimd2_centre, 0, offsetof(struct cimd2_centre, heard));
	cimd2_said = cimd2_defaults();
	for (unsigned i = 0; i < PARTS; i++)
		snprintf(questions[i].network_id, sizeof questions[i].network_id, "+447700900123:2611241015%02u", i % 60);
}

/* A listening centre, and a session that connects to it. */
static inline void cimd2_open(void)
{
	struct sockaddr_in at = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof at;
	cimd2_centre.listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
	ck_assert_int_ge(cimd2_centre.listener, 0);
	ck_assert_int_eq(bind(cimd2_centre.listener, (void *)&at, len), 0);
	ck_assert_int_eq(listen(cimd2_centre.listener, CIMD2_CENTRE_CALLS), 0);
	ck_assert_int_eq(getsockname(cimd2_centre.listener, (void *)&at, &len), 0);
	cimd2_centre.port = ntohs(at.sin_port);
	cimd2_centre.accepting = event_new(the_link.base, cimd2_centre.listener, EV_READ | EV_PERSIST, cimd2_centre_accept, NULL);
	event_add(cimd2_centre.accepting, NULL);
	snprintf(cimd2_centre_hosts[cimd2_said.stx.host.n - 1], sizeof cimd2_centre_hosts[0], "127.0.0.1:%u", cimd2_centre.port);
	world_open_as(&cimd2_driver, &cimd2_said);
}

static inline void cimd2_up(void)
{
	cimd2_open();
	AWAIT(the_link.ups);
	cimd2_centre_forget();
}

/* With the session closed, and before link_world_teardown(). */
static inline void cimd2_centre_teardown(void)
{
	for (unsigned i = 0; i < cimd2_centre.ncalls; i++)
		stream_free(cimd2_centre.calls[i]);
	if (cimd2_centre.accepting) {
		event_free(cimd2_centre.accepting);
		close(cimd2_centre.listener);
	}
	memset(&cimd2_centre, 0, offsetof(struct cimd2_centre, heard));
}

/* For a test that has no other peer. */

static unsigned cimd2_messages_acked, cimd2_receipts_acked;

static inline void cimd2_world_setup(void)
{
	cimd2_messages_acked = cimd2_receipts_acked = 0;
	link_world_setup();
	cimd2_centre_setup();
	memset(cimd2_centre_hosts, 0, sizeof cimd2_centre_hosts);
}

static inline void cimd2_world_teardown(void)
{
	world_close();
	cimd2_centre_teardown();
	link_world_teardown();
}

/* Everything that came is taken. */
static inline void cimd2_ack_all(void)
{
	while (cimd2_messages_acked < the_link.ninbound)
		ack(the_link.inbound_tickets[cimd2_messages_acked++], ACK_KEPT);
	while (cimd2_receipts_acked < the_link.nreceipts)
		ack(the_link.receipt_tickets[cimd2_receipts_acked++], ACK_KEPT);
}

#endif
