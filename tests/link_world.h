/* SPDX-License-Identifier: Apache-2.0 */
/*
 * link_world.h - the link's part, played for a driver of whatever protocol.
 *
 * The functions that a driver may call are defined here instead of in link.c
 * (an archive gives its link.o only to who lacks them): they write down what
 * they hear and hold the driver to the rules of driver.h. Parts and questions to
 * lend are made, and a loop to turn. The peer is played elsewhere, in the same loop:
 * driver_world.h has an SMPP message centre. One test, one world.
 */
#ifndef LINK_WORLD_H
#define LINK_WORLD_H

#include "../gateway/backoff.h"
#include "../gateway/driver.h"
#include "../sms/charset.h"

#include <check.h>
#include <event2/event.h>

#include <inttypes.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { PATIENCE_MS = 30000, TICK_MS = 2, PARTS = 1000, FACTS = 2048, BACKOFF_MS = 20 };

/* The link. */

struct link {
	struct event_base *base;
	const struct driver *driver;
	void *session;
	bool inside_open;
	unsigned warnings;              /* written to the log */
	char warning[512];              /* the last of them */
	bool listens;                   /* for a peer that may only be received from: set before the session opens */
	unsigned ups, waits, window, downs, lent;
	enum down down;
	char why[512], note[256];
	uint64_t turns;                 /* lent so far */
	unsigned done[PARTS];           /* how often each part came back */
	unsigned answered, nreceipts, ninbound, nlate, eased, asked, replied;
	unsigned replies[PARTS];        /* how often each question came back */
	/* The rest is much, and holds only what is counted above: it is not cleared. */
	struct outcome outcomes[PARTS];
	struct receipt receipts[FACTS];
	struct inbound inbound[FACTS];
	char bodies[FACTS][256], options[FACTS][256], over[FACTS][256];
	uint64_t receipt_tickets[FACTS], inbound_tickets[FACTS];
	struct reply reply[PARTS];
	struct answer late[FACTS];
};

static struct link the_link;
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
	ck_assert(window >= 1 || link->listens); /* none: it only receives */
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
	snprintf(link->options[link->ninbound], sizeof link->options[0], "%s", inbound->options ? inbound->options : "");
	snprintf(link->over[link->ninbound], sizeof link->over[0], "%s", inbound->over ? inbound->over : "");
	link->inbound[link->ninbound].octets.at = NULL; /* lent until we return */
	link->inbound_tickets[link->ninbound++] = ticket;
}

void link_log(const struct link *link, char level, const char *format, ...)
{
	va_list args;
	(void)link;
	if (level == 'w') {
		the_link.warnings++;
		va_start(args, format);
		vsnprintf(the_link.warning, sizeof the_link.warning, format, args);
		va_end(args);
	}
	if (!getenv("LOUD"))
		return;
	va_start(args, format);
	fprintf(stderr, "%c ", level);
	vfprintf(stderr, format, args);
	fputc('\n', stderr);
	va_end(args);
}

/* The loop. */

static inline void on_tick(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	(void)arg;
}

/* Before the peer's. */
static inline void link_world_setup(void)
{
	static const struct timeval every = { .tv_usec = TICK_MS * 1000 };
	memset(&the_link, 0, offsetof(struct link, outcomes));
	the_link.base = event_base_new();
	tick = event_new(the_link.base, -1, EV_PERSIST, on_tick, NULL);
	event_add(tick, &every);
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

/* What the link asks of the driver. */

static inline void lend(unsigned i)
{
	ck_assert_uint_lt(the_link.lent, the_link.window);
	the_link.lent++;
	parts[i].turn = ++the_link.turns;
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

/* After the peer's, with the session closed: what was put off runs, and nothing may be left over. */
static inline void link_world_teardown(void)
{
	event_free(tick);
	for (int i = 0; i < 3; i++)
		event_base_loop(the_link.base, EVLOOP_NONBLOCK);
	event_base_free(the_link.base);
	if (__lsan_do_recoverable_leak_check)
		ck_assert_int_eq(__lsan_do_recoverable_leak_check(), 0);
}

#endif
