/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz_link.h - the link's part and the sockets of a message centre, for fuzz targets that try the
 * session of a driver.
 *
 * The first octets of an input choose the settings, the rest is a script: what the centre sends, and
 * what the link does meanwhile. The driver is the real one, over a socket of the loopback. It is held
 * to the rules of driver.h: a part comes back once, none is lent beyond the window, nothing is
 * said after link_down(), a ticket is answered once.
 *
 * Whoever includes this defines `target`: which driver it is, and what its protocol adds.
 */
#ifndef FUZZ_LINK_H
#define FUZZ_LINK_H

#include "../../gateway/driver.h"
#include "../../gateway/encode.h"
#include "replay.h"
#include "script.h"

#include <event2/event.h>

#include <arpa/inet.h>
#include <assert.h>
#include <stdarg.h>

enum { PARTS = 64, TICKETS = 256, CALLS = 8, NUMBERS = 16, IN_ROOM = 1 << 16, ROUNDS = 4, ROWS_MAX = 5 };

static const struct target {
	const struct driver *driver;
	bool may_only_receive;          /* a session may come up without a window */
	size_t (*measure)(const uint8_t *at, size_t len); /* as stream.h has it */
	void (*hear)(unsigned call, const uint8_t *at, size_t len); /* a frame that the driver sent */
	const void *(*begin)(struct script *); /* writes messages, forgets what was heard; the options */
	void (*act)(struct script *);   /* a step of the script */
} target;

/* The link. */

struct link {
	struct event_base *base;
	void *session;
	bool down, inside_open;
	unsigned window, lent, next;
	uint64_t tickets[TICKETS];
	unsigned ntickets;
};

static struct link the_link;
static struct batch *batch;
static struct message *messages[ROWS_MAX]; /* one of each way to be sent */
static size_t nmessages;
static struct part parts[PARTS];
static enum { FREE, LENT, DONE } states[PARTS];
static struct command errands[PARTS];
static struct question questions[PARTS];
static bool asked[PARTS];               /* and not replied to */

static void may_speak(const struct link *link)
{
	assert(link == &the_link && !link->down && !link->inside_open);
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

void link_up(struct link *link, unsigned window)
{
	may_speak(link);
	assert(window || target.may_only_receive);
	link->window = window;
}

void link_wait(struct link *link, const char *why)
{
	may_speak(link);
	assert(*why);
	link->window = 0;
}

void link_ease(struct link *link, unsigned percent)
{
	may_speak(link);
	assert(percent <= 100);
}

void link_note(struct link *link, const char *note)
{
	may_speak(link);
	assert(*note);
}

uint64_t link_backoff(const struct link *link, struct backoff *backoff, enum down down,
    uint64_t up_ms)
{
	may_speak(link);
	(void)backoff, (void)up_ms;
	assert(down <= DOWN_LOST);
	return 1; /* soon, so that a line that was lost comes back within the script */
}

void link_down(struct link *link, enum down down, const char *why)
{
	may_speak(link);
	assert(down <= DOWN_LOST && *why);
	link->down = true;
}

void link_done(struct link *link, struct part *part, const struct outcome *outcome)
{
	may_speak(link);
	const ptrdiff_t i = part - parts;
	assert(i >= 0 && i < PARTS && states[i] == LENT);
	assert(outcome->verdict == VERDICT_SENT || *outcome->text);
	assert(strnlen(outcome->network_id, sizeof outcome->network_id) < sizeof outcome->network_id);
	states[i] = DONE;
	link->lent--;
}

void link_replied(struct link *link, struct question *question, const struct reply *reply)
{
	may_speak(link);
	const ptrdiff_t i = question - questions;
	assert(i >= 0 && i < PARTS && asked[i]);
	assert(reply->kind == REPLY_DONE || *reply->text);
	assert(!reply->reports || strcmp(reply->receipt.link, "acme") == 0);
	asked[i] = false;
}

void link_late(struct link *link, const struct answer *answer)
{
	may_speak(link);
	assert(answer->row >= 1 && answer->row <= (int64_t)nmessages);
}

static void owe(struct link *link, uint64_t ticket)
{
	may_speak(link);
	if (link->ntickets < TICKETS)
		link->tickets[link->ntickets++] = ticket;
}

void link_receipt(struct link *link, const struct receipt *receipt, uint64_t ticket)
{
	assert(strcmp(receipt->link, "acme") == 0);
	owe(link, ticket);
}

void link_inbound(struct link *link, const struct inbound *inbound, uint64_t ticket)
{
	uint32_t sum = 0;
	for (size_t i = 0; i < inbound->octets.len; i++)
		sum += inbound->octets.at[i];
	for (size_t i = 0; i < inbound->udh.len; i++)
		sum += inbound->udh.at[i];
	assert(sum < UINT32_MAX && inbound->concat_part <= inbound->concat_parts);
	owe(link, ticket);
}

void link_log(const struct link *link, char level, const char *format, ...)
{
	char text[1024];
	va_list args;
	(void)link, (void)level;
	va_start(args, format);
	vsnprintf(text, sizeof text, format, args);
	va_end(args);
}

/* What is asked of the driver. */

/* The next part, which may now be submitted; NULL: none may. */
static inline struct part *next_part(void)
{
	if (the_link.down || the_link.lent >= the_link.window || the_link.next == PARTS)
		return NULL;
	the_link.lent++;
	states[the_link.next] = LENT;
	return &parts[the_link.next++];
}

/* A question about the message of a part. */
static inline void ask(const struct part *part, const struct command *command, const char *network_id)
{
	const ptrdiff_t i = part - parts;
	errands[i] = *command;
	errands[i].message = part->message;
	errands[i].nquestions = errands[i].unanswered = 1;
	questions[i] = (struct question){ .command = &errands[i], .number = 1 };
	snprintf(questions[i].network_id, sizeof questions[i].network_id, "%s", network_id);
	asked[i] = true;
	target.driver->ask(the_link.session, &questions[i]);
}

static inline void ack(enum ack how)
{
	if (the_link.ntickets)
		target.driver->ack(the_link.session, the_link.tickets[--the_link.ntickets], how);
}

static inline void drain(void)
{
	if (!the_link.down)
		target.driver->drain(the_link.session);
}

/* The sockets of the message centre. */

static struct { int fd; uint8_t in[IN_ROOM]; size_t have; } calls[CALLS];
static unsigned ncalls;
static int listener = -1;
static char host[32];

static void listen_once(void)
{
	struct sockaddr_in at = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof at;
	if (listener >= 0)
		return;
	listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (listener < 0 || bind(listener, (void *)&at, len) != 0 || listen(listener, CALLS) != 0 ||
	    getsockname(listener, (void *)&at, &len) != 0)
		abort();
	snprintf(host, sizeof host, "127.0.0.1:%u", ntohs(at.sin_port));
	the_link.base = event_base_new();
	if (!the_link.base)
		abort();
}

static void listen_to(unsigned call)
{
	uint8_t *in = calls[call].in;
	ssize_t n;
	while (calls[call].fd >= 0 &&
	    (n = recv(calls[call].fd, in + calls[call].have, IN_ROOM - calls[call].have, MSG_DONTWAIT)) > 0) {
		size_t have = calls[call].have + (size_t)n, at = 0, len;
		while ((len = target.measure(in + at, have - at)) && len <= have - at) {
			target.hear(call, in + at, len);
			at += len;
		}
		assert(len != SIZE_MAX);
		memmove(in, in + at, have - at);
		calls[call].have = have - at;
	}
}

/* What is under way arrives. */
static void settle(void)
{
	for (int round = 0; round < ROUNDS; round++) {
		int fd;
		event_base_loop(the_link.base, EVLOOP_NONBLOCK);
		while (ncalls < CALLS && (fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0) {
			calls[ncalls].fd = fd;
			calls[ncalls].have = 0;
			ncalls++;
		}
		for (unsigned i = 0; i < ncalls; i++)
			listen_to(i);
	}
}

static inline void say(unsigned call, const void *at, size_t len)
{
	if (call < ncalls && calls[call].fd >= 0)
		(void)!send(calls[call].fd, at, len, MSG_DONTWAIT | MSG_NOSIGNAL);
}

static inline void hang_up(unsigned call)
{
	if (call < ncalls)
		reset_socket(&calls[call].fd);
}

/* A run. */

struct row { const char *kind, *sender, *recipient, *body, *options; };

static inline void write_messages(const struct row *rows, size_t n)
{
	char why[OUTCOME_TEXT_MAX];
	assert(n <= ROWS_MAX);
	batch = batch_new();
	for (size_t i = 0; i < n; i++) {
		struct message *row = messages[i] = batch_message(batch);
		row->id = (int64_t)i + 1;
		row->sender = rows[i].sender;
		row->recipient = rows[i].recipient;
		row->kind = rows[i].kind;
		row->body = rows[i].body;
		row->options = rows[i].options;
		row->route = row->pinned = "";
		row->attempts = 1;
		row->wants_receipt = true;
		if (!encode_message(row, &encode_usual, why, sizeof why) || row->nparts != 1)
			abort();
	}
	nmessages = n;
}

static void open_session(const void *options)
{
	for (unsigned i = 0; i < PARTS; i++) {
		/* Each on its own, as if its message had been claimed again. */
		parts[i] = messages[i % nmessages]->parts[0];
		states[i] = FREE;
		asked[i] = false;
	}
	ncalls = 0;
	the_link = (struct link){ .base = the_link.base, .inside_open = true };
	the_link.session = target.driver->open(&the_link, options);
	the_link.inside_open = false;
}

int LLVMFuzzerTestOneInput(const uint8_t *at, size_t len)
{
	struct script script = { at, len };
	listen_once();
	open_session(target.begin(&script));
	settle();
	while (script.left) {
		target.act(&script);
		event_base_loop(the_link.base, EVLOOP_NONBLOCK);
	}
	settle();
	for (unsigned i = 0; i < ncalls; i++)
		hang_up(i);
	target.driver->close(the_link.session);
	for (size_t i = 0; i < nmessages; i++)
		message_release(messages[i]);
	batch_release(batch);
	int fd;
	while ((fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK)) >= 0)
		close(fd);
	event_base_loop(the_link.base, EVLOOP_NONBLOCK);
	return 0;
}

#endif
