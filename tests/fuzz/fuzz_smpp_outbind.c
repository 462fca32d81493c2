/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz_smpp_outbind.c - octets from whoever calls at a link that awaits outbinds.
 *
 * The first octet chooses the settings, the rest is a script: who calls, what he sends, raw
 * or as PDUs that lead on, who hangs up. The door is the real one, over a socket of the
 * loopback. Held against: nobody is let in who has not said both name and password; what is
 * answered are responses, few, that can be read; and after all that an honest caller still
 * gets in.
 */
#include "../../drivers/smpp_outbind.h"
#include "../../gateway/network.h"
#include "replay.h"
#include "script.h"

#include <event2/event.h>

#include <arpa/inet.h>
#include <assert.h>
#include <errno.h>
#include <stdarg.h>
#include <sys/socket.h>
#include <unistd.h>

enum { CALLS = 12, SENT_MAX = 1 << 14, ROUNDS = 3, PATIENCE = 10000,
	ANSWERS_MAX = 8 + 1 };          /* the last says that where the next PDU begins is lost */

static const char honest[] = "centre\0wakeup"; /* with its last NUL: a system_id and a password */

struct link { struct event_base *base; };

static struct link the_link;
static struct door *door;
static struct visitor {
	int fd;                         /* -1: he has hung up */
	unsigned port, answers;
	bool inside;
	uint8_t sent[SENT_MAX], heard[4096];
	size_t nsent, nheard;
} calls[CALLS];
static unsigned ncalls, own_number;
static struct stream *guests[CALLS];
static unsigned nguests;
static bool kept;                       /* what was let in is taken over, else freed at once */
static unsigned port;

/* The link. */

struct event_base *link_base(struct link *link)
{
	return link->base;
}

void link_log(const struct link *link, char level, const char *format, ...)
{
	char text[1024];
	va_list args;
	assert(link == &the_link);
	(void)level;
	va_start(args, format);
	vsnprintf(text, sizeof text, format, args);
	va_end(args);
}

/* The session. */

static void take_frame(void *ctx, const uint8_t *at, size_t len)
{
	struct smpp_pdu pdu;
	(void)ctx;
	smpp_unpack(at, len, &pdu);
}

static void take_event(void *ctx, enum stream_event event, const char *why)
{
	(void)ctx;
	assert(event == STREAM_CLOSED && *why);
}

static void on_called(void *account, struct stream *stream, const char *peer)
{
	const struct stream_handler handler = { .measure = smpp_measure, .frame = take_frame,
		.event = take_event };
	char name[NETWORK_NAME_MAX];
	unsigned i = 0;
	assert(account == &the_link);
	for (; i < ncalls; i++) {
		snprintf(name, sizeof name, "127.0.0.1:%u", calls[i].port);
		if (strcmp(name, peer) == 0)
			break;
	}
	assert(i < ncalls && !calls[i].inside);
	assert(memmem(calls[i].sent, calls[i].nsent, honest, sizeof honest));
	calls[i].inside = true;
	if (kept && nguests < CALLS) {
		stream_hand_over(stream, &handler);
		guests[nguests++] = stream;
	} else {
		stream_free(stream);
	}
}

/* Callers. */

static void call(void)
{
	const struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons((uint16_t)port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	struct sockaddr_in from;
	socklen_t len = sizeof from;
	if (ncalls == CALLS)
		return;
	struct visitor *caller = &calls[ncalls];
	caller->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (caller->fd < 0 || (connect(caller->fd, (const void *)&to, sizeof to) != 0 && errno != EINPROGRESS) ||
	    getsockname(caller->fd, (void *)&from, &len) != 0)
		abort();
	caller->port = ntohs(from.sin_port);
	caller->answers = 0;
	caller->inside = false;
	caller->nsent = caller->nheard = 0;
	ncalls++;
}

static void say(unsigned i, const void *at, size_t len)
{
	if (i >= ncalls || calls[i].fd < 0)
		return;
	const size_t room = SENT_MAX - calls[i].nsent;
	const ssize_t n = send(calls[i].fd, at, len < room ? len : room, MSG_DONTWAIT | MSG_NOSIGNAL);
	if (n <= 0)
		return;
	memcpy(calls[i].sent + calls[i].nsent, at, (size_t)n);
	calls[i].nsent += (size_t)n;
}

static void say_pdu(unsigned i, const struct smpp_pdu *pdu)
{
	uint8_t octets[256];
	say(i, octets, smpp_pack(pdu, octets, sizeof octets));
}

static void say_outbind(unsigned i, const char *id, const char *password)
{
	struct smpp_pdu pdu = { .command = SMPP_OUTBIND, .sequence = ++own_number };
	snprintf(pdu.system_id, sizeof pdu.system_id, "%s", id);
	snprintf(pdu.password, sizeof pdu.password, "%s", password);
	say_pdu(i, &pdu);
}

static void hang_up(unsigned i)
{
	if (i < ncalls)
		reset_socket(&calls[i].fd);
}

/* Before he is inside, he hears responses alone. */
static void listen_to(struct visitor *caller)
{
	ssize_t n;
	while (caller->fd >= 0 && (n = recv(caller->fd, caller->heard + caller->nheard,
	    sizeof caller->heard - caller->nheard, MSG_DONTWAIT)) > 0) {
		size_t have = caller->nheard + (size_t)n, at = 0, len;
		while ((len = smpp_measure(NULL, caller->heard + at, have - at)) && len <= have - at) {
			struct smpp_pdu pdu;
			assert(smpp_unpack(caller->heard + at, len, &pdu) == SMPP_ROK);
			assert(pdu.command & (uint32_t)SMPP_RESPONSE && ++caller->answers <= ANSWERS_MAX);
			at += len;
		}
		assert(len != SIZE_MAX);
		memmove(caller->heard, caller->heard + at, have - at);
		caller->nheard = have - at;
	}
}

static void settle(void)
{
	for (int round = 0; round < ROUNDS; round++) {
		event_base_loop(the_link.base, EVLOOP_NONBLOCK);
		for (unsigned i = 0; i < ncalls; i++)
			listen_to(&calls[i]);
	}
}

/* The script. */

static void say_raw(unsigned i, struct script *script, size_t len)
{
	const struct blob raw = take(script, len);
	say(i, raw.at, raw.len);
}

/* A header that fits the body, which is the script's. */
static void say_body(unsigned i, struct script *script)
{
	static const uint32_t commands[] = { SMPP_OUTBIND, SMPP_ENQUIRE_LINK, SMPP_UNBIND, SMPP_BIND_RECEIVER,
		SMPP_DELIVER_SM, SMPP_ALERT_NOTIFICATION, (uint32_t)SMPP_GENERIC_NACK, 0x999 };
	const uint32_t command = commands[octet(script) % (sizeof commands / sizeof *commands)];
	size_t len = octet(script) * 2u;
	if (len > script->left)
		len = script->left;
	const uint32_t fields[] = { (uint32_t)(SMPP_HEADER + len), command, 0, ++own_number };
	uint8_t header[SMPP_HEADER];
	for (size_t k = 0; k < SMPP_HEADER; k++)
		header[k] = (uint8_t)(fields[k / 4] >> (24 - 8 * (k % 4)));
	say(i, header, sizeof header);
	say_raw(i, script, len);
}

static void act(struct script *script)
{
	const uint8_t what = octet(script);
	const unsigned i = ncalls ? (what >> 4) % ncalls : 0;
	const struct smpp_pdu enquire = { .command = SMPP_ENQUIRE_LINK, .sequence = ++own_number };
	switch (what & 15) {
	case 0: case 1: call(); break;
	case 2: case 3: say_raw(i, script, octet(script) * 2u); break;
	case 4: case 5: say_body(i, script); break;
	case 6: say_outbind(i, "centre", "wakeup"); break;
	case 7: say_outbind(i, "centre", "wrong"); break;
	case 8: say_outbind(i, "another", "wakeup"); break;
	case 9: say_pdu(i, &enquire); break;
	case 10: hang_up(i); break;
	default: settle();
	}
}

/* A port of the loopback that is free, once for all. */
static void choose_port(void)
{
	struct sockaddr_in at = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof at;
	if (port)
		return;
	const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0 || bind(fd, (void *)&at, len) != 0 || getsockname(fd, (void *)&at, &len) != 0)
		abort();
	close(fd);
	port = ntohs(at.sin_port);
	the_link.base = event_base_new();
	if (!the_link.base)
		abort();
}

/* All others have gone: he finds a place, and is let in. */
static void let_honest_in(void)
{
	for (unsigned i = 0; i < ncalls; i++)
		hang_up(i);
	settle();
	ncalls = 0;
	call();
	say_outbind(0, "centre", "wakeup");
	for (unsigned round = 0; !calls[0].inside; round++) {
		assert(round < PATIENCE);
		settle();
	}
	hang_up(0);
}

int LLVMFuzzerTestOneInput(const uint8_t *at, size_t len)
{
	static char where[32], id[] = "centre", secret[] = "wakeup", empty[] = "", home[] = "127.0.0.0/8",
	    *allowed[] = { home };
	struct script script = { at, len };
	const struct door_owner owner = { .account = &the_link, .called = on_called };
	struct conf_error err;
	choose_port();
	snprintf(where, sizeof where, "127.0.0.1:%u", port);
	const uint8_t choice = octet(&script);
	const struct smpp_options options = { .listen = where, .listen_from = { allowed, 1 }, .outbind_id = id,
		.outbind_password = choice & 1 ? empty : secret, .outbind_password_file = choice & 1 ? secret : empty,
		.outbind_timeout = 60000, .pdu_timeout = 60000, .write_timeout = 60000 };
	kept = choice & 2;
	ncalls = nguests = own_number = 0;
	const struct door_settings settings = outbind_door(&options);
	door = door_new(&the_link, &settings, &owner, &err);
	if (!door)
		abort();
	while (script.left) {
		act(&script);
		event_base_loop(the_link.base, EVLOOP_NONBLOCK);
	}
	settle();
	if (choice & 4)                     /* or else the door is shut while they stand in it */
		let_honest_in();
	door_free(door);
	for (unsigned i = 0; i < nguests; i++)
		stream_free(guests[i]);
	for (unsigned i = 0; i < ncalls; i++)
		hang_up(i);
	event_base_loop(the_link.base, EVLOOP_NONBLOCK);
	return 0;
}
