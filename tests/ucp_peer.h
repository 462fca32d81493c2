/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ucp_peer.h - a centre of EMI/UCP on a loopback port, in the same loop as the link's part
 * (link_world.h), that does what a script says. One test, one centre.
 */
#ifndef UCP_PEER_H
#define UCP_PEER_H

#include "../drivers/stx.h"
#include "../drivers/ucp.h"
#include "../gateway/stream.h"
#include "link_world.h"

#include <arpa/inet.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

extern const struct driver ucp_driver;

enum { UCP_CALLS = 16, UCP_HEARD = 1024, UCP_OCTETS = 1 << 16 };

/* What was heard: its header, and of an operation 51 its text as it stands. */
struct ucp_heard { unsigned call; struct ucp_pdu pdu; uint8_t octets[640]; size_t len; };

static struct ucp_options ucp_link;     /* of the session, to be changed before ucp_world_open() */

static struct ucp_centre {
	/* The script. */
	unsigned login_ec, submit_ec, password_ec; /* 0: taken */
	const char *password;           /* in hex: another is refused with 07; NULL: any will do */
	unsigned ec_times;              /* so many are refused with submit_ec; 0: all */
	bool no_login_answer, no_submit_answer, no_alert_answer,
	    receipts,                   /* a 53 follows each submit that asks for it */
	    receipts_first,             /* and before its result */
	    answers;                    /* 55 and 56, and with a 57 or 58 */
	unsigned second;                /* of the ids: "241126101500" and so on; as it stands */
	bool same_second;
	/* What happened. */
	int listener;
	unsigned port, ncalls;
	struct event *accepting;
	struct stream *calls[UCP_CALLS];
	bool hung_up[UCP_CALLS];
	unsigned nheard, submits, most_open, open;
	uint8_t trn;                    /* of the centre's next operation */
	struct ucp_heard heard[UCP_HEARD]; /* what is counted above: it is not cleared */
} centre;

static inline void centre_say(unsigned call, const void *octets, size_t len)
{
	stream_write(centre.calls[call], octets, len);
}

/* "02..." */
static inline void centre_say_hex(unsigned call, const char *hex)
{
	uint8_t octets[UCP_FRAME_MAX];
	size_t len;
	ck_assert(ucp_unhex(octets, sizeof octets, &len, (struct blob){ (const uint8_t *)hex, strlen(hex) }));
	centre_say(call, octets, len);
}

static inline void centre_say_pdu(unsigned call, const struct ucp_pdu *pdu)
{
	uint8_t octets[UCP_FRAME_MAX];
	const size_t len = ucp_pack(pdu, octets, sizeof octets);
	ck_assert_uint_gt(len, 0);
	centre_say(call, octets, len);
}

static inline void centre_result(unsigned call, const struct ucp_pdu *to, unsigned ec, const char *sm)
{
	uint8_t octets[UCP_FRAME_MAX];
	const size_t len = ucp_pack_result(to, ec, sm, octets, sizeof octets);
	centre_say(call, octets, len);
}

/* An operation of the centre's own, with the next number. */
static inline struct ucp_pdu centre_operation(unsigned operation)
{
	struct ucp_pdu pdu;
	ucp_begin(&pdu, operation);
	pdu.trn = centre.trn;
	centre.trn = (uint8_t)((centre.trn + 1) % UCP_TRNS);
	return pdu;
}

static inline void centre_deliver(unsigned call, const char *from, const char *hex)
{
	struct ucp_pdu pdu = centre_operation(UCP_DELIVER);
	ucp_set(&pdu, UCP_ADC, "4321");
	ucp_set(&pdu, UCP_OADC, from);
	ucp_set(&pdu, UCP_SCTS, "241126102000");
	ucp_set(&pdu, UCP_MT, "3");
	ucp_set(&pdu, UCP_MSG, hex);
	centre_say_pdu(call, &pdu);
}

static inline void centre_notify(unsigned call, const char *recipient, const char *scts, const char *dst)
{
	struct ucp_pdu pdu = centre_operation(UCP_NOTIFY);
	ucp_set(&pdu, UCP_ADC, "4321");
	ucp_set(&pdu, UCP_OADC, recipient);
	ucp_set(&pdu, UCP_SCTS, scts);
	ucp_set(&pdu, UCP_DST, dst);
	ucp_set(&pdu, UCP_RSN, strcmp(dst, "0") == 0 ? "000" : "107");
	ucp_set(&pdu, UCP_DSCTS, "241126101545");
	centre_say_pdu(call, &pdu);
}

static inline void centre_stamp(char stamp[13])
{
	snprintf(stamp, 13, "2411261%05u", centre.second % 100000);
	if (!centre.same_second)
		centre.second++;
}

static inline void centre_take(unsigned call, const struct ucp_pdu *pdu)
{
	char recipient[24], stamp[13], sm[40];
	const unsigned n = ++centre.submits;
	if (++centre.open > centre.most_open)
		centre.most_open = centre.open;
	if (centre.no_submit_answer)
		return;
	centre.open--;
	if (centre.submit_ec && (!centre.ec_times || n <= centre.ec_times)) {
		centre_result(call, pdu, centre.submit_ec, "no");
		return;
	}
	ucp_text(pdu, UCP_ADC, recipient, sizeof recipient);
	centre_stamp(stamp);
	snprintf(sm, sizeof sm, "%s:%s", recipient, stamp);
	const bool wanted = centre.receipts && ucp_is(pdu, UCP_NRQ, "1");
	if (wanted && centre.receipts_first)
		centre_notify(call, recipient, stamp, "0");
	centre_result(call, pdu, 0, sm);
	if (wanted && !centre.receipts_first)
		centre_notify(call, recipient, stamp, "0");
}

static inline void centre_tell(unsigned call, const struct ucp_pdu *asked)
{
	char scts[16];
	struct ucp_pdu pdu = centre_operation(asked->operation == UCP_INQUIRE ? UCP_INQUIRED : UCP_DELETED);
	ucp_text(asked, UCP_SCTS, scts, sizeof scts);
	ucp_set(&pdu, UCP_ADC, "4321");
	ucp_set(&pdu, UCP_SCTS, scts);
	ucp_set(&pdu, UCP_DST, asked->operation == UCP_INQUIRE ? "0" : "2");
	ucp_set(&pdu, UCP_RSN, asked->operation == UCP_INQUIRE ? "000" : "118");
	ucp_set(&pdu, UCP_MT, "3");
	centre_say_pdu(call, &pdu);
}

static inline void centre_react(unsigned call, const struct ucp_pdu *pdu)
{
	if (pdu->result)
		return;
	switch (pdu->operation) {
	case UCP_SESSION:
		if (!centre.no_login_answer)
			centre_result(call, pdu, ucp_is(pdu, UCP_SESSION_STYP, "3") ? centre.password_ec
			    : centre.password && !ucp_is(pdu, UCP_SESSION_PWD, centre.password)
			    ? UCP_EC_AUTHENTICATION : centre.login_ec, NULL);
		break;
	case UCP_ALERT:
		if (!centre.no_alert_answer)
			centre_result(call, pdu, 0, "0000");
		break;
	case UCP_SUBMIT:
		centre_take(call, pdu);
		break;
	case UCP_MODIFY:
	case UCP_INQUIRE:
	case UCP_DELETE:
		if (!centre.answers)
			break;
		centre_result(call, pdu, 0, NULL);
		if (pdu->operation != UCP_MODIFY)
			centre_tell(call, pdu);
		break;
	}
}

static inline size_t centre_measure(void *ctx, const uint8_t *at, size_t len)
{
	(void)ctx;
	return stx_measure(at, len);
}

static inline void centre_frame(void *ctx, const uint8_t *at, size_t len)
{
	const unsigned call = (unsigned)((struct stream **)ctx - centre.calls);
	ck_assert_uint_lt(centre.nheard, UCP_HEARD);
	struct ucp_heard *heard = &centre.heard[centre.nheard++];
	heard->call = call;
	heard->len = len;
	ck_assert_uint_le(len, sizeof heard->octets);
	memcpy(heard->octets, at, len);
	ck_assert_int_eq(ucp_unpack(heard->octets, len, &heard->pdu), UCP_FINE); /* never malformed */
	centre_react(call, &heard->pdu);
}

static inline void centre_event(void *ctx, enum stream_event event, const char *why)
{
	(void)why;
	ck_assert_int_eq(event, STREAM_CLOSED);
	centre.hung_up[(struct stream **)ctx - centre.calls] = true;
}

static inline void centre_begin(int fd)
{
	ck_assert_uint_lt(centre.ncalls, UCP_CALLS);
	struct stream **stream = &centre.calls[centre.ncalls++];
	const struct stream_handler handler = { .ctx = stream, .measure = centre_measure,
		.frame = centre_frame, .event = centre_event };
	const struct stream_options none = { 0 };
	*stream = stream_adopt(the_link.base, fd, &none, &handler);
}

static inline void centre_accept(evutil_socket_t fd, short what, void *arg)
{
	(void)what;
	(void)arg;
	const int call = accept(fd, NULL, NULL);
	ck_assert_int_ge(call, 0);
	centre_begin(call);
}

/* The centre calls us. Returns which call it is. */
static inline unsigned centre_call(unsigned port)
{
	const struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons((uint16_t)port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	const int fd = socket(AF_INET, SOCK_STREAM, 0);
	ck_assert_int_eq(connect(fd, (const void *)&to, sizeof to), 0);
	centre_begin(fd);
	return centre.ncalls - 1;
}

/* How many operations, or results, of that kind were heard. */
static inline unsigned centre_heard(unsigned operation, bool result)
{
	unsigned n = 0;
	for (unsigned i = 0; i < centre.nheard; i++)
		n += centre.heard[i].pdu.operation == operation && centre.heard[i].pdu.result == result;
	return n;
}

static inline const struct ucp_heard *centre_last(void)
{
	ck_assert_uint_gt(centre.nheard, 0);
	return &centre.heard[centre.nheard - 1];
}

static inline void centre_forget(void)
{
	centre.nheard = centre.submits = 0;
}

static inline unsigned loopback_port(int fd)
{
	struct sockaddr_in at = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof at;
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(bind(fd, (void *)&at, len), 0);
	ck_assert_int_eq(getsockname(fd, (void *)&at, &len), 0);
	return ntohs(at.sin_port);
}

static inline void centre_listen(void)
{
	centre.listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
	centre.port = loopback_port(centre.listener);
	ck_assert_int_eq(listen(centre.listener, 4), 0);
	centre.accepting = event_new(the_link.base, centre.listener, EV_READ | EV_PERSIST, centre_accept, NULL);
	event_add(centre.accepting, NULL);
}

/* The world. */

static char *ucp_hosts[2];
static char ucp_host[64];

static inline struct ucp_options ucp_defaults(void)
{
	static char empty[] = "", account[] = "4321", secret[] = "secret", abroad[] = "00", home[] = "0",
	    six[] = "6", five[] = "5", pid[] = "0539", utc[] = "+00:00";
	return (struct ucp_options){
		.stx = { .host = { ucp_hosts, 1 }, .source_address = empty, .connect_timeout = 5000,
			.login_timeout = 5000, .keepalive = 5000, .keepalive_timeout = 5000, .logout_timeout = 5000,
			.frame_timeout = 5000, .write_timeout = 5000,
			.tls = { .verify = true, .ca = empty, .client_ca = empty, .name = empty,
				.certificate = empty, .key = empty } },
		.listen = empty, .username = account, .password = secret, .password_file = empty, .new_password_file = empty, .login = true,
		.oton = six, .onpi = five, .opid = empty, .alert_pid = pid, .sessions = 1, .window = 10,
		.response_timeout = 5000, .addresses.country_code = empty, .addresses.international_prefix = abroad,
		.addresses.national_prefix = home, .addresses.short_code_digits = 6, .own_number = empty,
		.notification_address = empty, .notification_pid = empty, .ac = empty, .data_class = -1,
		.time_zone = utc,
	};
}

/* After link_world_setup(). */
static inline void ucp_setup(void)
{
	signal(SIGPIPE, SIG_IGN);       /* as the gateway has it: the centre may write to who hung up */
	memset(&centre, 0, offsetof(struct ucp_centre, heard));
	centre.listener = -1;
	ucp_hosts[0] = ucp_hosts[1] = ucp_host;
	ucp_link = ucp_defaults();
	for (unsigned i = 0; i < PARTS; i++)
		snprintf(questions[i].network_id, sizeof questions[i].network_id, "447700900123:2411261%05u", i);
}

/* A listening centre, and a session that connects to it. */
static inline void ucp_world_open(void)
{
	centre_listen();
	snprintf(ucp_host, sizeof ucp_host, "127.0.0.1:%u", centre.port);
	world_open_as(&ucp_driver, &ucp_link);
}

static inline void ucp_world_up(void)
{
	ucp_world_open();
	AWAIT(the_link.ups);
	centre_forget();
}

/* The options of a session without a host, which awaits centres at a port that is free now. */
static inline unsigned ucp_listens(void)
{
	static char where[64], home[] = "127.0.0.0/8", *allowed[] = { home };
	const int fd = socket(AF_INET, SOCK_STREAM, 0);
	const unsigned port = loopback_port(fd);
	close(fd);
	snprintf(where, sizeof where, "127.0.0.1:%u", port);
	ucp_link.listen = where;
	ucp_link.listen_from = (struct conf_list){ .items = allowed, .n = 1 };
	ucp_link.stx.host.n = 0;
	the_link.listens = true;
	return port;
}

/* With the session closed, before link_world_teardown(). */
static inline void ucp_teardown(void)
{
	for (unsigned i = 0; i < centre.ncalls; i++)
		stream_free(centre.calls[i]);
	if (centre.accepting)
		event_free(centre.accepting);
	if (centre.listener >= 0)
		close(centre.listener);
}

/* For a test that has no other peer. */

enum { MARK = 99 };

static inline void ucp_world_setup(void)
{
	link_world_setup();
	ucp_setup();
}

static inline void ucp_world_teardown(void)
{
	world_close();
	ucp_teardown();
	link_world_teardown();
}

/* Acknowledges what has come. */
static unsigned acked_inbound, acked_receipts;

static inline void ack_all(void)
{
	while (acked_inbound < the_link.ninbound)
		ack(the_link.inbound_tickets[acked_inbound++], ACK_KEPT);
	while (acked_receipts < the_link.nreceipts)
		ack(the_link.receipt_tickets[acked_receipts++], ACK_KEPT);
}

/* Answers come in order: once that to our mark is here, so are those to all before it. */
static inline void await_mark(unsigned call)
{
	struct ucp_pdu pdu;
	ucp_begin(&pdu, UCP_ALERT);
	pdu.trn = MARK;
	centre_say_pdu(call, &pdu);
	AWAIT(centre.nheard && centre_last()->pdu.trn == MARK);
}

#endif
