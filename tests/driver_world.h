/* SPDX-License-Identifier: Apache-2.0 */
/*
 * driver_world.h - the link's part and the peer's, played for a driver.
 *
 * The functions that a driver may call are defined here instead of in link.c
 * (an archive gives its link.o only to who lacks them): they write down what
 * they hear and hold the driver to the rules of driver.h. The peer is an SMPP
 * message centre on a loopback port, in the same loop, that does what a script
 * says. One test, one world.
 */
#ifndef DRIVER_WORLD_H
#define DRIVER_WORLD_H

#include "../drivers/smpp.h"
#include "../gateway/backoff.h"
#include "../gateway/driver.h"
#include "../gateway/stream.h"

#include <check.h>
#include <event2/event.h>

#include <arpa/inet.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

extern const struct driver smpp_driver, loop_driver;

enum { PATIENCE_MS = 10000, TICK_MS = 2, PARTS = 1000, FACTS = 2048, CALLS = 16, BACKOFF_MS = 20, HEARD = 4096 };

/* The link. */

struct link {
	struct event_base *base;
	const struct driver *driver;
	void *session;
	bool inside_open;
	unsigned ups, waits, window, downs, lent;
	enum down down;
	char why[512], note[256];
	unsigned done[PARTS];           /* how often each part came back */
	struct outcome outcomes[PARTS];
	unsigned answered;
	struct receipt receipts[FACTS];
	struct inbound inbound[FACTS];
	char bodies[FACTS][256];
	uint64_t receipt_tickets[FACTS], inbound_tickets[FACTS];
	unsigned nreceipts, ninbound, nlate, eased, asked, replied;
	unsigned replies[PARTS];        /* how often each question came back */
	struct reply reply[PARTS];
	struct answer late[FACTS];
};

static struct link the_link;
static struct smpp_options options;     /* of the session, to be changed before world_open() */
static struct event *tick;
static struct message messages[PARTS];
static struct part parts[PARTS];
static struct command commands[PARTS];
static struct question questions[PARTS];

static inline uint64_t now_ms(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

struct event_base *link_base(struct link *link)
{
	return link->base;
}

const char *link_name(const struct link *link)
{
	(void)link;
	return "acme";
}

/* After link_down() the session is silent, and open() has not told of anything yet. */
static inline void may_speak(const struct link *link)
{
	ck_assert_uint_eq(link->downs, 0);
	ck_assert(!link->inside_open);
}

void link_up(struct link *link, unsigned window)
{
	may_speak(link);
	ck_assert(window >= 1 || *options.listen); /* none: it only receives */
	link->ups++;
	link->window = window;
}

void link_wait(struct link *link, const char *why)
{
	may_speak(link);
	ck_assert_uint_gt(link->ups, link->waits);
	link->waits++;
	link->window = 0;
	snprintf(link->note, sizeof link->note, "%s", why);
}

void link_down(struct link *link, enum down down, const char *why)
{
	may_speak(link);
	link->downs++;
	link->down = down;
	snprintf(link->why, sizeof link->why, "%s", why);
}

void link_done(struct link *link, struct part *part, const struct outcome *outcome)
{
	may_speak(link);
	const ptrdiff_t i = part - parts;
	ck_assert_int_ge(i, 0);
	ck_assert_int_lt(i, PARTS);
	ck_assert_uint_eq(link->done[i]++, 0);
	ck_assert_uint_gt(link->lent, 0);
	if (outcome->verdict == VERDICT_SENT)
		ck_assert_str_eq(outcome->text, "");
	else
		ck_assert_str_ne(outcome->text, "");
	link->outcomes[i] = *outcome;
	link->lent--;
	link->answered++;
}

void link_replied(struct link *link, struct question *question, const struct reply *reply)
{
	may_speak(link);
	const ptrdiff_t i = question - questions;
	ck_assert_int_ge(i, 0);
	ck_assert_int_lt(i, PARTS);
	ck_assert_uint_eq(link->replies[i]++, 0);
	ck_assert_uint_gt(link->asked, 0);
	if (reply->kind != REPLY_DONE)
		ck_assert_str_ne(reply->text, "");
	link->reply[i] = *reply;
	link->asked--;
	link->replied++;
}

void link_ease(struct link *link, unsigned percent)
{
	may_speak(link);
	link->eased = percent;
}

void link_note(struct link *link, const char *note)
{
	may_speak(link);
	snprintf(link->note, sizeof link->note, "%s", note);
}

/* Like the true one, and much faster. */
uint64_t link_backoff(const struct link *link, struct backoff *backoff, enum down down,
    uint64_t up_ms)
{
	(void)link;
	return backoff_next(backoff, down, up_ms, BACKOFF_MS, BACKOFF_MS * 2);
}

void link_late(struct link *link, const struct answer *answer)
{
	may_speak(link);
	ck_assert_uint_lt(link->nlate, FACTS);
	link->late[link->nlate++] = *answer;
}

void link_receipt(struct link *link, const struct receipt *receipt, uint64_t ticket)
{
	may_speak(link);
	ck_assert_str_eq(receipt->link, "acme");
	ck_assert_uint_lt(link->nreceipts, FACTS);
	link->receipts[link->nreceipts] = *receipt;
	link->receipt_tickets[link->nreceipts++] = ticket;
}

void link_inbound(struct link *link, const struct inbound *inbound, uint64_t ticket)
{
	may_speak(link);
	ck_assert_str_eq(inbound->link, "acme");
	ck_assert_str_ne(inbound->arrival, "");
	ck_assert_uint_lt(link->ninbound, FACTS);
	charset_to_utf8(link->bodies[link->ninbound], sizeof link->bodies[0], inbound->charset,
	    inbound->octets.at, inbound->octets.len, NULL);
	link->inbound[link->ninbound] = *inbound;
	link->inbound[link->ninbound].octets.at = NULL; /* lent until we return */
	link->inbound_tickets[link->ninbound++] = ticket;
}

void link_log(const struct link *link, char level, const char *format, ...)
{
	(void)link;
	if (!getenv("LOUD"))
		return;
	va_list args;
	va_start(args, format);
	fprintf(stderr, "%c ", level);
	vfprintf(stderr, format, args);
	fputc('\n', stderr);
	va_end(args);
}

/* The peer: a message centre, an array of connections. */

struct heard { unsigned call; uint32_t command, status, sequence; };

static struct peer {
	/* The script. */
	uint32_t bind_status, submit_status;
	unsigned receive_buffer;        /* octets; 0: the system's */
	bool no_bind_answer, no_submit_answer, no_enquire_answer, no_unbind_answer, receipts,
	    answers,                /* questions, too */
	    counted_ids;            /* of messages: by their order, not by their sequence number */
	/* What happened. */
	int listener;
	unsigned port, ncalls;
	struct event *accepting;
	struct stream *calls[CALLS];
	uint32_t called[CALLS], caller[CALLS]; /* the addresses that the call was made to, and from */
	bool hung_up[CALLS];
	struct smpp_pdu bind[CALLS];
	uint8_t octets[CALLS][1 << 16]; /* everything heard since the last forget() */
	size_t noctets[CALLS];
	struct heard heard[HEARD];
	struct smpp_pdu last_submit;    /* its text is not kept */
	unsigned nheard, submits;
	uint32_t sequence;
} peer;

/* A message's number in its id: of several connections, each has numbers of its own. */
static inline unsigned peer_id(const struct smpp_pdu *submit)
{
	return peer.counted_ids ? peer.submits : (unsigned)submit->sequence;
}

static inline void peer_say(unsigned call, const struct smpp_pdu *pdu)
{
	static uint8_t octets[SMPP_PDU_MAX];
	const size_t len = smpp_pack(pdu, octets, sizeof octets);
	ck_assert_uint_gt(len, 0);
	stream_write(peer.calls[call], octets, len);
}

static inline void peer_answer(unsigned call, const struct smpp_pdu *to, uint32_t status)
{
	struct smpp_pdu pdu = { .command = to->command | 0x80000000u, .status = status,
		.sequence = to->sequence };
	if (to->command == SMPP_SUBMIT_SM && status == SMPP_ROK)
		snprintf(pdu.message_id, sizeof pdu.message_id, "id%u", peer_id(to));
	if (to->command == SMPP_QUERY_SM && status == SMPP_ROK) {
		memcpy(pdu.message_id, to->message_id, sizeof pdu.message_id);
		pdu.message_state = 2;
	}
	peer_say(call, &pdu);
}

static inline void peer_deliver(unsigned call, uint32_t command, uint8_t esm_class,
    uint8_t data_coding, const char *text)
{
	const struct smpp_pdu pdu = { .command = command, .sequence = ++peer.sequence,
		.source = { .ton = 1, .npi = 1, .digits = "447700900123" },
		.destination = { .digits = "88100" }, .esm_class = esm_class,
		.data_coding = data_coding, .short_message = (const uint8_t *)text,
		.sm_length = (uint8_t)strlen(text) };
	peer_say(call, &pdu);
}

static inline void peer_receipt(unsigned call, const struct smpp_pdu *submit)
{
	char text[128];
	snprintf(text, sizeof text, "id:id%u sub:001 dlvrd:001 submit date:2607311200 "
	    "done date:2607311201 stat:DELIVRD err:000 text:", peer_id(submit));
	peer_deliver(call, SMPP_DELIVER_SM, SMPP_ESM_RECEIPT, 0, text);
}

static inline void peer_react(unsigned call, const struct smpp_pdu *pdu)
{
	switch ((int32_t)pdu->command) {
	case SMPP_BIND_TRANSCEIVER:
	case SMPP_BIND_TRANSMITTER:
	case SMPP_BIND_RECEIVER:
		peer.bind[call] = *pdu;
		if (!peer.no_bind_answer)
			peer_answer(call, pdu, peer.bind_status);
		break;
	case SMPP_SUBMIT_SM:
		peer.submits++;
		peer.last_submit = *pdu;
		if (!peer.no_submit_answer)
			peer_answer(call, pdu, peer.submit_status);
		if (peer.receipts && pdu->registered_delivery)
			peer_receipt(peer.ncalls - 1, pdu);
		break;
	case SMPP_QUERY_SM:
	case SMPP_CANCEL_SM:
		if (peer.answers)
			peer_answer(call, pdu, SMPP_ROK);
		break;
	case SMPP_ENQUIRE_LINK:
		if (!peer.no_enquire_answer)
			peer_answer(call, pdu, SMPP_ROK);
		break;
	case SMPP_UNBIND:
		if (!peer.no_unbind_answer)
			peer_answer(call, pdu, SMPP_ROK);
		break;
	}
}

static inline void peer_frame(void *ctx, const uint8_t *at, size_t len)
{
	const unsigned call = (unsigned)((struct stream **)ctx - peer.calls);
	struct smpp_pdu pdu;
	ck_assert_uint_eq(smpp_unpack(at, len, &pdu), SMPP_ROK); /* never malformed */
	if (peer.noctets[call] + len <= sizeof peer.octets[call]) {
		memcpy(peer.octets[call] + peer.noctets[call], at, len);
		peer.noctets[call] += len;
	}
	ck_assert_uint_lt(peer.nheard, HEARD);
	struct heard *heard = &peer.heard[peer.nheard++];
	*heard = (struct heard){ .call = call, .command = pdu.command, .status = pdu.status,
		.sequence = pdu.sequence };
	peer_react(call, &pdu);
}

static inline void peer_event(void *ctx, enum stream_event event, const char *why)
{
	(void)why;
	ck_assert_int_eq(event, STREAM_CLOSED);
	peer.hung_up[(struct stream **)ctx - peer.calls] = true;
}

static inline void peer_accept(evutil_socket_t fd, short what, void *arg)
{
	(void)what;
	(void)arg;
	const int call = accept(fd, NULL, NULL);
	ck_assert_int_ge(call, 0);
	ck_assert_uint_lt(peer.ncalls, CALLS);
	struct sockaddr_in to;
	socklen_t len = sizeof to;
	ck_assert_int_eq(getsockname(call, (void *)&to, &len), 0);
	peer.called[peer.ncalls] = ntohl(to.sin_addr.s_addr);
	ck_assert_int_eq(getpeername(call, (void *)&to, &len), 0);
	peer.caller[peer.ncalls] = ntohl(to.sin_addr.s_addr);
	struct stream **stream = &peer.calls[peer.ncalls++];
	const struct stream_handler handler = { .ctx = stream, .measure = smpp_measure,
		.frame = peer_frame, .event = peer_event };
	const struct stream_options none = { 0 };
	*stream = stream_adopt(the_link.base, call, &none, &handler);
}

/* How many PDUs of that command were heard. */
static inline unsigned heard(uint32_t command)
{
	unsigned n = 0;
	for (unsigned i = 0; i < peer.nheard; i++)
		n += peer.heard[i].command == command;
	return n;
}

static inline void forget(void)
{
	peer.nheard = peer.submits = 0;
	memset(peer.noctets, 0, sizeof peer.noctets);
}

/* The peer calls us, as for an outbind. Returns which call it is. */
static inline unsigned peer_call(unsigned port)
{
	const struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons((uint16_t)port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	const int fd = socket(AF_INET, SOCK_STREAM, 0);
	ck_assert_uint_lt(peer.ncalls, CALLS);
	ck_assert_int_eq(connect(fd, (const void *)&to, sizeof to), 0);
	struct stream **stream = &peer.calls[peer.ncalls++];
	const struct stream_handler handler = { .ctx = stream, .measure = smpp_measure,
		.frame = peer_frame, .event = peer_event };
	const struct stream_options none = { 0 };
	*stream = stream_adopt(the_link.base, fd, &none, &handler);
	return peer.ncalls - 1;
}

static inline void peer_listen(void)
{
	struct sockaddr_in at = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof at;
	peer.listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
	ck_assert_int_ge(peer.listener, 0);
	if (peer.receive_buffer)
		setsockopt(peer.listener, SOL_SOCKET, SO_RCVBUF, &peer.receive_buffer, sizeof(int));
	ck_assert_int_eq(bind(peer.listener, (void *)&at, len), 0);
	ck_assert_int_eq(listen(peer.listener, 4), 0);
	ck_assert_int_eq(getsockname(peer.listener, (void *)&at, &len), 0);
	peer.port = ntohs(at.sin_port);
	peer.accepting = event_new(the_link.base, peer.listener, EV_READ | EV_PERSIST, peer_accept,
	    NULL);
	event_add(peer.accepting, NULL);
}

/* The world. */

static char *hosts[1];
static char host[64];

static inline struct smpp_options smpp_defaults(void)
{
	static char empty[] = "", account[] = "acme01", secret[] = "s3cret", abroad[] = "00",
	    home[] = "0";
	return (struct smpp_options){
		.host = { .items = hosts, .n = 1 }, .port = 2775, .source_address = empty,
		.listen = empty, .outbind_id = empty, .outbind_password = empty,
		.outbind_password_file = empty, .outbind_timeout = 5000,
		.system_id = account,
		.password = secret, .password_file = empty, .system_type = empty,
		.bind = SMPP_TRANSCEIVER, .binds = 1, .interface_version = 1, .address_range = empty,
		.source_ton = -1, .source_npi = -1, .dest_ton = -1, .dest_npi = -1,
		.country_code = empty, .international_prefix = abroad, .national_prefix = home,
		.short_code_digits = 6, .short_code_ton = 3, .service_type = empty,
		.tls = { .verify = true, .ca = empty, .client_ca = empty, .name = empty, .certificate = empty,
			.key = empty },
		.window = 10, .deliver_defer_status = SMPP_RX_T_APPN,
		.connect_timeout = 5000, .bind_timeout = 5000, .response_timeout = 5000,
		.enquire_link = 5000, .enquire_timeout = 5000, .unbind_timeout = 5000,
		.pdu_timeout = 5000, .write_timeout = 5000,
	};
}

static inline void on_tick(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	(void)arg;
}

static inline void world_setup(void)
{
	static const struct timeval every = { .tv_usec = TICK_MS * 1000 };
	memset(&the_link, 0, sizeof the_link);
	memset(&peer, 0, sizeof peer);
	peer.listener = -1;
	the_link.base = event_base_new();
	tick = event_new(the_link.base, -1, EV_PERSIST, on_tick, NULL);
	event_add(tick, &every);
	hosts[0] = host;
	options = smpp_defaults();
	static uint8_t text[160];
	memset(text, 'a', sizeof text);
	for (unsigned i = 0; i < PARTS; i++) {
		messages[i] = (struct message){ .id = i + 1, .sender = "ACME", .kind = "text",
			.recipient = "+447700900123", .body = "hello", .attempts = 1,
			.wants_receipt = true };
		parts[i] = (struct part){ .message = &messages[i], .number = 1, .len = 160 };
		parts[i].octets = text;
		commands[i] = (struct command){ .id = i + 1, .message = &messages[i],
			.questions = &questions[i], .nquestions = 1, .unanswered = 1 };
		questions[i] = (struct question){ .command = &commands[i], .number = 1 };
		snprintf(questions[i].network_id, sizeof questions[i].network_id, "id%u", i);
	}
}

static inline void turn(void)
{
	event_base_loop(the_link.base, EVLOOP_ONCE);
}

#define AWAIT(condition) do { \
	const uint64_t until_ = now_ms() + PATIENCE_MS; \
	while (!(condition)) { \
		ck_assert_msg(now_ms() < until_, "in vain: %s (down: %s)", #condition, the_link.why); \
		turn(); \
	} \
} while (0)

/* Lets the loop turn for a while, for what is not to happen. */
static inline void idle(unsigned ms)
{
	const uint64_t until = now_ms() + ms;
	while (now_ms() < until)
		turn();
}

static inline void world_open_as(const struct driver *driver, const void *with)
{
	the_link.driver = driver;
	the_link.inside_open = true;
	the_link.session = driver->open(&the_link, with);
	the_link.inside_open = false;
	ck_assert_ptr_nonnull(the_link.session);
}

/* A listening peer, and a session that connects to it. */
static inline void world_open(void)
{
	peer_listen();
	snprintf(host, sizeof host, "127.0.0.1:%u", peer.port);
	world_open_as(&smpp_driver, &options);
}

/* The options of a session without a host, which awaits outbinds of "centre" with the password
 * "wakeup" at a port that is free just now. */
static inline unsigned world_listens(void)
{
	static char where[64], id[] = "centre", secret[] = "wakeup", home[] = "127.0.0.0/8",
	    *allowed[] = { home };
	struct sockaddr_in at = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof at;
	const int fd = socket(AF_INET, SOCK_STREAM, 0);
	ck_assert_int_eq(bind(fd, (void *)&at, len), 0);
	ck_assert_int_eq(getsockname(fd, (void *)&at, &len), 0);
	close(fd);
	snprintf(where, sizeof where, "127.0.0.1:%u", ntohs(at.sin_port));
	options.listen = where;
	options.listen_from = (struct conf_list){ .items = allowed, .n = 1 };
	options.outbind_id = id;
	options.outbind_password = secret;
	options.host.n = 0;
	return ntohs(at.sin_port);
}

static inline void peer_outbind(unsigned call, const char *id, const char *password)
{
	struct smpp_pdu pdu = { .command = SMPP_OUTBIND, .sequence = 1 };
	snprintf(pdu.system_id, sizeof pdu.system_id, "%s", id);
	snprintf(pdu.password, sizeof pdu.password, "%s", password);
	peer_say(call, &pdu);
}

static inline void world_up(void)
{
	world_open();
	AWAIT(the_link.ups);
	forget();
}

static inline void lend(unsigned i)
{
	ck_assert_uint_lt(the_link.lent, the_link.window);
	the_link.lent++;
	the_link.driver->submit(the_link.session, &parts[i]);
}

/* Lends question i, to query, cancel or replace. */
static inline void ask(unsigned i, enum command_kind kind)
{
	commands[i].kind = kind;
	the_link.asked++;
	the_link.driver->ask(the_link.session, &questions[i]);
}

static inline void ack(uint64_t ticket, enum ack how)
{
	the_link.driver->ack(the_link.session, ticket, how);
}

static inline void drain(void)
{
	the_link.driver->drain(the_link.session);
}

static inline void world_close(void)
{
	if (the_link.session)
		the_link.driver->close(the_link.session);
	the_link.session = NULL;
}

/* In a build with the address sanitizer; Check's children end without asking it. */
extern int __lsan_do_recoverable_leak_check(void) __attribute__((weak));

static inline void world_teardown(void)
{
	world_close();
	for (unsigned i = 0; i < peer.ncalls; i++)
		stream_free(peer.calls[i]);
	if (peer.accepting)
		event_free(peer.accepting);
	if (peer.listener >= 0)
		close(peer.listener);
	event_free(tick);
	for (int i = 0; i < 3; i++)
		event_base_loop(the_link.base, EVLOOP_NONBLOCK);
	event_base_free(the_link.base);
	if (__lsan_do_recoverable_leak_check)
		ck_assert_int_eq(__lsan_do_recoverable_leak_check(), 0);
}

#endif
