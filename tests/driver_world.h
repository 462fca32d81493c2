/* SPDX-License-Identifier: Apache-2.0 */
/*
 * driver_world.h - the link's part and an SMPP peer's, played for the SMPP driver.
 *
 * The link's is in link_world.h. The peer is an SMPP message centre on a loopback port,
 * in the same loop, that does what a script says. One test, one world.
 */
#ifndef DRIVER_WORLD_H
#define DRIVER_WORLD_H

#include "../drivers/smpp.h"
#include "../gateway/stream.h"
#include "link_world.h"

#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>

extern const struct driver smpp_driver, loop_driver;

enum { CALLS = 16, HEARD = 4096 };

static struct smpp_options options;     /* of the session, to be changed before world_open() */

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
	size_t noctets[CALLS];
	struct smpp_pdu last_submit;    /* its text is not kept */
	unsigned nheard, submits;
	uint32_t sequence;
	/* What is counted above: it is not cleared. */
	uint8_t octets[CALLS][1 << 16]; /* everything heard since the last forget() */
	struct heard heard[HEARD];
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
		.addresses.country_code = empty, .addresses.international_prefix = abroad, .addresses.national_prefix = home,
		.addresses.short_code_digits = 6, .short_code_ton = 3, .service_type = empty,
		.tls = { .verify = true, .ca = empty, .client_ca = empty, .name = empty, .certificate = empty,
			.key = empty },
		.window = 10, .deliver_defer_status = SMPP_RX_T_APPN,
		.connect_timeout = 5000, .bind_timeout = 5000, .response_timeout = 5000,
		.enquire_link = 5000, .enquire_timeout = 5000, .unbind_timeout = 5000,
		.pdu_timeout = 5000, .write_timeout = 5000,
	};
}

static inline void world_setup(void)
{
	link_world_setup();
	memset(&peer, 0, offsetof(struct peer, octets));
	peer.listener = -1;
	hosts[0] = host;
	options = smpp_defaults();
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
	the_link.listens = true;
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

static inline void world_teardown(void)
{
	world_close();
	for (unsigned i = 0; i < peer.ncalls; i++)
		stream_free(peer.calls[i]);
	if (peer.accepting)
		event_free(peer.accepting);
	if (peer.listener >= 0)
		close(peer.listener);
	link_world_teardown();
}

#endif
