/* SPDX-License-Identifier: Apache-2.0 */
/*
 * loop.c - a link that answers itself: for tests, for benchmarks, and for an
 * application's developer who has no message centre yet.
 *
 * Every part is taken after `delay`; when the row wants a receipt, one that
 * says delivered follows once the answer was given. The whole protocol is one
 * list and one timer, so this is also the shortest example of a driver.
 */
#include "../gateway/asked.h"
#include "../gateway/clock.h"
#include "../gateway/driver.h"

#include <event2/event.h>

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

struct loop_options {
	long window;
	long delay;                     /* ms */
	bool receipts;
};

static const struct conf_key loop_keys[] = {
	{ .name = "window", .type = CONF_NUMBER, .offset = offsetof(struct loop_options, window),
	  .fallback = "10", .min = 1, .max = 1000, .help = "parts unanswered at a time" },
	{ .name = "delay", .type = CONF_SECONDS, .offset = offsetof(struct loop_options, delay),
	  .fallback = "0", .min = 0, .max = 3600, .help = "seconds before a part is answered" },
	{ .name = "receipts", .type = CONF_SWITCH, .offset = offsetof(struct loop_options, receipts),
	  .fallback = "on", .help = "whether rows that want a receipt get one" },
	{ .name = NULL },
};

struct loop {
	struct link *link;
	const struct loop_options *options;
	struct event *timer;
	struct parts waiting;           /* in the order of their deadlines */
	uint64_t run, count;            /* together they name a part */
	uint64_t tickets;
	bool up, draining;
};

static void ring_at(struct loop *loop, uint64_t at)
{
	uint64_t now = clock_ms();
	clock_ring(loop->timer, at > now ? at - now : 0);
}

static void answer(struct loop *loop, struct part *part)
{
	struct outcome outcome = { .verdict = VERDICT_SENT };
	snprintf(outcome.network_id, sizeof outcome.network_id, "%016" PRIx64 "-%" PRIu64, loop->run,
	    ++loop->count);
	struct receipt receipt = { .status = STATUS_DELIVERED, .word = "DELIVRD",
		.done_at = time(NULL) };
	snprintf(receipt.link, sizeof receipt.link, "%s", link_name(loop->link));
	snprintf(receipt.network_id, sizeof receipt.network_id, "%s", outcome.network_id);
	snprintf(receipt.recipient, sizeof receipt.recipient, "%s", part->message->recipient);
	bool wanted = loop->options->receipts && part->message->wants_receipt;
	link_done(loop->link, part, &outcome);
	if (wanted)
		link_receipt(loop->link, &receipt, ++loop->tickets);
}

static void on_timer(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	struct loop *loop = arg;
	if (!loop->up) {
		loop->up = true;
		link_up(loop->link, (unsigned)loop->options->window);
	}
	uint64_t now = clock_ms();
	struct part *part;
	while ((part = TAILQ_FIRST(&loop->waiting)) && part->deadline <= now) {
		TAILQ_REMOVE(&loop->waiting, part, entry);
		answer(loop, part);
	}
	if (part)
		ring_at(loop, part->deadline);
	else if (loop->draining)
		link_down(loop->link, DOWN_DRAINED, "drained");
}

static void *loop_open(struct link *link, const void *options)
{
	struct loop *loop = calloc(1, sizeof *loop);
	if (!loop)
		abort();
	loop->link = link;
	loop->options = options;
	TAILQ_INIT(&loop->waiting);
	if (getrandom(&loop->run, sizeof loop->run, 0) != (ssize_t)sizeof loop->run)
		abort();
	loop->timer = event_new(link_base(link), -1, 0, on_timer, loop);
	if (!loop->timer)
		abort();
	ring_at(loop, 0);
	return loop;
}

static void loop_submit(void *session, struct part *part)
{
	struct loop *loop = session;
	const struct message *message = part->message;
	const struct outcome outcome = { .verdict = VERDICT_REJECTED,
		.text = "driver loop has no messages to several recipients, and no broadcasts" };
	if (message->ndestinations || (message->asked && message->asked->kind == KIND_BROADCAST)) {
		link_done(loop->link, part, &outcome);
		return;
	}
	bool first = TAILQ_EMPTY(&loop->waiting);
	part->deadline = clock_ms() + (uint64_t)loop->options->delay;
	TAILQ_INSERT_TAIL(&loop->waiting, part, entry);
	if (first)
		ring_at(loop, part->deadline);
}

/* There is nobody to tell. */
static void loop_ack(void *session, uint64_t ticket, enum ack ack)
{
	(void)session;
	(void)ticket;
	(void)ack;
}

static void loop_drain(void *session)
{
	struct loop *loop = session;
	loop->draining = true;
	if (TAILQ_EMPTY(&loop->waiting))
		ring_at(loop, 0);
}

static void loop_close(void *session)
{
	struct loop *loop = session;
	event_free(loop->timer);
	free(loop);
}

const struct driver loop_driver = {
	.name = "loop",
	.keys = loop_keys,
	.options = sizeof(struct loop_options),
	.concats = 1 << CONCAT_UDH8 | 1 << CONCAT_UDH16 | 1 << CONCAT_SAR | 1 << CONCAT_PAYLOAD,
	.open = loop_open,
	.submit = loop_submit,
	.ack = loop_ack,
	.drain = loop_drain,
	.close = loop_close,
};
