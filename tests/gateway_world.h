/* SPDX-License-Identifier: Apache-2.0 */
/*
 * gateway_world.h - the hub and its links between a store and a driver that do as the test
 * says; for check_gateway.c, check_asking.c and check_pools.c.
 *
 * The store here is a list of rows in memory: claims are answered from the
 * loop, settlements are written down. The driver keeps what it was lent until the
 * test answers it. The real route, link, encode and gateway run in between.
 */
#ifndef GATEWAY_WORLD_H
#define GATEWAY_WORLD_H

#include "../gateway/gateway.h"
#include "../gateway/log.h"

#include <check.h>
#include <event2/event.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ROWS_MAX = 4000, LINKS_MAX = 31 };

/* The puppet driver. */

struct puppet {
	struct link *link;
	const struct puppet_options *options;
	struct parts lent;
	unsigned n;
	bool draining;
};

struct puppet_options { long window; };

static struct puppet *puppets[LINKS_MAX]; /* by the number that ends the link's name, from 1 */
static uint64_t acked[16];
static enum ack acks[16];
static unsigned nacked, submitted;

static const struct conf_key puppet_keys[] = {
	{ .name = "window", .type = CONF_NUMBER, .offset = offsetof(struct puppet_options, window),
	  .fallback = "10", .min = 1, .max = 1000, .help = "parts" },
	{ .name = NULL },
};

static inline size_t puppet_index(struct link *link)
{
	return (size_t)strtoul(link_name(link) + strlen("link"), NULL, 10);
}

static inline void *puppet_open(struct link *link, const void *options)
{
	struct puppet *puppet = calloc(1, sizeof *puppet);
	ck_assert_ptr_nonnull(puppet);
	puppet->options = options;
	puppet->link = link;
	TAILQ_INIT(&puppet->lent);
	puppets[puppet_index(link)] = puppet;
	return puppet;
}

static inline void puppet_submit(void *session, struct part *part)
{
	struct puppet *puppet = session;
	TAILQ_INSERT_TAIL(&puppet->lent, part, entry);
	puppet->n++;
	submitted++;
}

static inline void puppet_ack(void *session, uint64_t ticket, enum ack ack)
{
	(void)session;
	ck_assert_uint_lt(nacked, 16);
	acked[nacked] = ticket;
	acks[nacked++] = ack;
}

static struct question *asked[8];       /* of the puppets, in order */
static unsigned nasked;

static inline void puppet_ask(void *session, struct question *question)
{
	(void)session;
	ck_assert_uint_lt(nasked, 8);
	asked[nasked++] = question;
}

static inline void puppet_drain(void *session)
{
	struct puppet *puppet = session;
	puppet->draining = true;
	if (TAILQ_EMPTY(&puppet->lent))
		link_down(puppet->link, DOWN_DRAINED, "drained");
}

static inline void puppet_close(void *session)
{
	struct puppet *puppet = session;
	puppets[puppet_index(puppet->link)] = NULL;
	free(puppet);
}

static const struct driver puppet_driver = {
	.name = "puppet", .keys = puppet_keys, .options = sizeof(struct puppet_options),
	.open = puppet_open, .submit = puppet_submit, .ack = puppet_ack, .ask = puppet_ask, .drain = puppet_drain,
	.close = puppet_close, .concats = 1,
};

const struct driver *const drivers[] = { &puppet_driver, NULL };

static inline void puppet_answer(struct puppet *puppet, const struct outcome *outcome)
{
	struct part *part = TAILQ_FIRST(&puppet->lent);
	ck_assert_ptr_nonnull(part);
	TAILQ_REMOVE(&puppet->lent, part, entry);
	puppet->n--;
	link_done(puppet->link, part, outcome);
}

/* The store of rows. */

struct row {
	const char *recipient, *body, *pinned, *lane; /* lane: parked for that link, or NULL */
	int64_t expires_at;
	bool queued;
	unsigned claims, settles;
	enum verdict verdict;
	bool untried;
	uint32_t retry_ms;              /* not claimed again, if it is not 0 */
	char link[LINK_NAME_MAX], text[OUTCOME_TEXT_MAX];
};

struct wish {
	struct lane lane;
	size_t max;
	store_claim_fn *answer;
	void *ctx;
};

struct store {
	struct store_listener listener;
	struct wish wishes[64];
	unsigned nwishes, claims;
	struct event *turn;
	bool drained, full, unleased;
	store_kept_fn *kept;
	void *kept_ctx;
	uint64_t ticket;
};

const struct conf_key store_keys[] = { { .name = NULL } };
static struct store the_store;
static struct row rows[ROWS_MAX];
static unsigned nrows;
static char link_names[LINKS_MAX][LINK_NAME_MAX];
static struct link_report reports[LINKS_MAX];   /* the last of each */

bool store_check(const struct store_options *options, struct conf_error *err)
{
	(void)options;
	(void)err;
	return true;
}

bool store_folder(const struct store_options *options, char *out, size_t room)
{
	(void)options;
	(void)out;
	(void)room;
	return false;
}

static inline struct message *claim_row(struct batch *batch, struct row *row)
{
	struct message *message = batch_message(batch);
	message->id = row - rows + 1;
	message->route = "";
	message->pinned = row->pinned;
	message->sender = "shop";
	message->recipient = row->recipient;
	message->kind = "text";
	message->body = row->body;
	message->attempts = 1;
	message->expires_at = row->expires_at;
	row->queued = false;
	row->lane = NULL;
	row->claims++;
	return message;
}

static inline bool on_lane(const struct row *row, const struct lane *lane)
{
	if (!row->queued || row->retry_ms)
		return false;
	return lane->kind == LANE_ROUTE ? row->lane == NULL
	    : row->lane && strcmp(row->lane, lane->name) == 0;
}

static inline void answer_wish(const struct wish *wish)
{
	struct message *found[1000];
	size_t n = 0;
	struct batch *batch = batch_new();
	for (unsigned i = 0; i < nrows && n < wish->max && n < 1000; i++)
		if (on_lane(&rows[i], &wish->lane))
			found[n++] = claim_row(batch, &rows[i]);
	the_store.claims += n > 0;
	wish->answer(wish->ctx, found, n);
	batch_release(batch);
}

static inline void store_turn(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	(void)arg;
	struct wish wishes[64];
	unsigned n = the_store.nwishes;
	memcpy(wishes, the_store.wishes, sizeof wishes);
	the_store.nwishes = 0;
	for (unsigned i = 0; i < n; i++)
		answer_wish(&wishes[i]);
	if (the_store.drained)
		the_store.listener.state(the_store.listener.ctx, STORE_DRAINED, "");
}

struct store *store_open(struct event_base *base, const struct store_options *options,
    const struct store_listener *listener, struct conf_error *err)
{
	(void)options;
	(void)err;
	the_store = (struct store){ .listener = *listener };
	the_store.turn = event_new(base, -1, 0, store_turn, NULL);
	return &the_store;
}

void store_claim(struct store *store, const struct lane *lane, size_t max, store_claim_fn *answer,
    void *ctx)
{
	ck_assert_uint_lt(store->nwishes, 64);
	store->wishes[store->nwishes++] = (struct wish){ *lane, max, answer, ctx };
	event_active(store->turn, 0, 0);
}

void store_settle(struct store *store, struct message *message)
{
	(void)store;
	struct row *row = &rows[message->id - 1];
	row->settles++;
	row->verdict = message->outcome.verdict;
	row->untried = message->outcome.untried;
	row->queued = row->verdict == VERDICT_DEFERRED;
	row->retry_ms = row->queued ? message->outcome.retry_ms : 0;
	row->lane = message->parked ? link_names[strtoul(message->link + strlen("link"), NULL, 10)] : NULL;
	snprintf(row->link, sizeof row->link, "%s", message->link);
	snprintf(row->text, sizeof row->text, "%s", message->outcome.text);
	message_release(message);
}

void store_late(struct store *store, const struct answer *answer)
{
	(void)store;
	(void)answer;
}

static struct reply answered[8];        /* of commands, in order */
static unsigned nanswered, nreported;

void store_answer(struct store *store, struct command *command)
{
	(void)store;
	answered[nanswered++] = command->reply;
	command_release(command);
}

void store_receipt(struct store *store, const struct receipt *receipt, uint64_t ticket,
    store_kept_fn *kept, void *ctx)
{
	nreported += strncmp(receipt->word, "query:", 6) == 0;
	store->kept = kept;
	store->kept_ctx = ctx;
	store->ticket = ticket;
}

void store_inbound(struct store *store, const struct inbound *inbound, uint64_t ticket,
    store_kept_fn *kept, void *ctx)
{
	(void)inbound;
	store->kept = kept;
	store->kept_ctx = ctx;
	store->ticket = ticket;
}

void store_report(struct store *store, const struct link_report *report)
{
	(void)store;
	reports[strtoul(report->name + strlen("link"), NULL, 10)] = *report;
}

bool store_full(const struct store *store) { return store->full; }
bool store_leased(const struct store *store) { return !store->unleased; }
size_t store_waiting(const struct store *store) { (void)store; return 0; }
int64_t store_epoch(const struct store *store) { (void)store; return 1; }

void store_drain(struct store *store)
{
	store->drained = true;
	event_active(store->turn, 0, 0);
}

void store_close(struct store *store)
{
	event_free(store->turn);
}

/* A gateway with two links in one route, or more. */

static struct event_base *base;
static struct gateway *gateway;
static struct puppet_options options[LINKS_MAX];
static size_t nlinks = 2;
static bool ended;

static inline void on_ended(void *ctx)
{
	(void)ctx;
	ended = true;
}

static inline struct row *add_row(const char *recipient, const char *pinned)
{
	rows[nrows] = (struct row){ .recipient = recipient, .body = "hello", .pinned = pinned,
		.queued = true };
	return &rows[nrows++];
}

static inline struct settings *all_links(void)
{
	struct settings *settings = calloc(1, sizeof *settings);
	settings->links = calloc(nlinks, sizeof *settings->links);
	settings->routes = calloc(1, sizeof *settings->routes);
	settings->nlinks = nlinks;
	settings->nroutes = 1;
	settings->gateway = (struct gateway_options){ .name = strdup("gw"),
		.journal = strdup(""), .poll = 5,
		.drain_time = 200, .log = LOG_LEVEL_ERROR };
	struct conf_list *links = &settings->routes[0].options.links;
	settings->routes[0].name = "";
	links->items = calloc(nlinks, sizeof *links->items);
	for (size_t i = 0; i < nlinks; i++) {
		struct puppet_options *own = calloc(1, sizeof *own);
		*own = options[i];
		snprintf(link_names[i + 1], sizeof link_names[i + 1], "link%zu", i + 1);
		settings->links[i] = (struct link_settings){ .name = link_names[i + 1],
			.driver = &puppet_driver, .options = own, .encode = { .max_parts = 20 },
			.common = { .prefetch = 20, .in_doubt = LINK_DOUBT_DEFAULT,
			.reconnect_min = 1, .reconnect_max = 5 } };
		links->items[links->n++] = strdup(link_names[i + 1]);
	}
	return settings;
}

/* Turns the loop until the condition holds; fails after two seconds. */
#define await(condition) \
	do { \
		for (unsigned tries_ = 0; !(condition); tries_++) { \
			ck_assert_msg(tries_ < 2000, "never came: %s", #condition); \
			const struct timeval ms_ = { .tv_usec = 1000 }; \
			event_base_loopexit(base, &ms_); \
			event_base_dispatch(base); \
		} \
	} while (0)

static inline void turn_for(unsigned ms)
{
	const struct timeval after = { .tv_usec = (suseconds_t)ms * 1000 };
	event_base_loopexit(base, &after);
	event_base_dispatch(base);
}

static inline void set_up(void)
{
	struct conf_error err;
	log_set_level(LOG_LEVEL_ERROR);
	nrows = nacked = submitted = 0;
	ended = false;
	for (size_t i = 0; i < LINKS_MAX; i++)
		options[i].window = 10;
	base = event_base_new();
	gateway = gateway_open(base, all_links(), on_ended, NULL, &err);
	ck_assert_ptr_nonnull(gateway);
	the_store.listener.state(the_store.listener.ctx, STORE_READY, "");
}

static inline void tear_down(void)
{
	gateway_close(gateway);
	event_base_free(base);
}

static inline void up(size_t i, unsigned window)
{
	await(puppets[i]);
	link_up(puppets[i]->link, window);
}

#endif
