/* SPDX-License-Identifier: Apache-2.0 */
/*
 * check_gateway.c - the hub and its links between a store and a driver that do
 * as the test says.
 *
 * The store here is a list of rows in memory: claims are answered from the
 * loop, settlements are written down. The driver keeps what it was lent until the
 * test answers it. The real route, link, encode and gateway run in between.
 */
#include "../gateway/gateway.h"
#include "../gateway/log.h"

#include <check.h>
#include <event2/event.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ROWS_MAX = 4000, LINKS_MAX = 4 };

/* The puppet driver. */

struct puppet {
	struct link *link;
	const struct puppet_options *options;
	struct parts lent;
	unsigned n;
	bool draining;
};

struct puppet_options { long window; };

static struct puppet *puppets[LINKS_MAX]; /* by the digit that ends the link's name */
static uint64_t acked[16];
static enum ack acks[16];
static unsigned nacked, submitted;

static const struct conf_key puppet_keys[] = {
	{ .name = "window", .type = CONF_NUMBER, .offset = offsetof(struct puppet_options, window),
	  .fallback = "10", .min = 1, .max = 1000, .help = "parts" },
	{ .name = NULL },
};

static size_t puppet_index(struct link *link)
{
	const char *name = link_name(link);
	return (size_t)(name[strlen(name) - 1] - '0');
}

static void *puppet_open(struct link *link, const void *options)
{
	struct puppet *puppet = calloc(1, sizeof *puppet);
	ck_assert_ptr_nonnull(puppet);
	puppet->options = options;
	puppet->link = link;
	TAILQ_INIT(&puppet->lent);
	puppets[puppet_index(link)] = puppet;
	return puppet;
}

static void puppet_submit(void *session, struct part *part)
{
	struct puppet *puppet = session;
	TAILQ_INSERT_TAIL(&puppet->lent, part, entry);
	puppet->n++;
	submitted++;
}

static void puppet_ack(void *session, uint64_t ticket, enum ack ack)
{
	(void)session;
	ck_assert_uint_lt(nacked, 16);
	acked[nacked] = ticket;
	acks[nacked++] = ack;
}

static void puppet_drain(void *session)
{
	struct puppet *puppet = session;
	puppet->draining = true;
	if (TAILQ_EMPTY(&puppet->lent))
		link_down(puppet->link, DOWN_DRAINED, "drained");
}

static void puppet_close(void *session)
{
	struct puppet *puppet = session;
	puppets[puppet_index(puppet->link)] = NULL;
	free(puppet);
}

static const struct driver puppet_driver = {
	.name = "puppet", .keys = puppet_keys, .options = sizeof(struct puppet_options),
	.open = puppet_open, .submit = puppet_submit, .ack = puppet_ack, .drain = puppet_drain,
	.close = puppet_close, .concats = 1,
};

const struct driver *const drivers[] = { &puppet_driver, NULL };

static void puppet_answer(struct puppet *puppet, const struct outcome *outcome)
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
	struct wish wishes[16];
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

bool store_check(const struct store_options *options, struct conf_error *err)
{
	(void)options;
	(void)err;
	return true;
}

static struct message *claim_row(struct batch *batch, struct row *row)
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

static bool on_lane(const struct row *row, const struct lane *lane)
{
	if (!row->queued)
		return false;
	return lane->kind == LANE_ROUTE ? row->lane == NULL
	    : row->lane && strcmp(row->lane, lane->name) == 0;
}

static void answer_wish(const struct wish *wish)
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

static void store_turn(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	(void)arg;
	struct wish wishes[16];
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
	ck_assert_uint_lt(store->nwishes, 16);
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
	row->lane = message->parked ? message->link[4] == '1' ? "link1" : "link2" : NULL;
	snprintf(row->link, sizeof row->link, "%s", message->link);
	snprintf(row->text, sizeof row->text, "%s", message->outcome.text);
	message_release(message);
}

void store_late(struct store *store, const struct answer *answer)
{
	(void)store;
	(void)answer;
}

void store_receipt(struct store *store, const struct receipt *receipt, uint64_t ticket,
    store_kept_fn *kept, void *ctx)
{
	(void)receipt;
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
	(void)report;
}

bool store_full(const struct store *store) { return store->full; }
bool store_leased(const struct store *store) { return !store->unleased; }
size_t store_waiting(const struct store *store) { (void)store; return 0; }

void store_drain(struct store *store)
{
	store->drained = true;
	event_active(store->turn, 0, 0);
}

void store_close(struct store *store)
{
	event_free(store->turn);
}

/* A gateway with two links in one route. */

static struct event_base *base;
static struct gateway *gateway;
static struct puppet_options options[2] = { { 10 }, { 10 } };
static bool ended;

static void on_ended(void *ctx)
{
	(void)ctx;
	ended = true;
}

static void add_row(const char *recipient, const char *pinned)
{
	rows[nrows++] = (struct row){ .recipient = recipient, .body = "hello", .pinned = pinned,
		.queued = true };
}

static struct settings *two_links(void)
{
	struct settings *settings = calloc(1, sizeof *settings);
	settings->links = calloc(2, sizeof *settings->links);
	settings->routes = calloc(1, sizeof *settings->routes);
	settings->nlinks = 2;
	settings->nroutes = 1;
	settings->gateway = (struct gateway_options){ .name = strdup("gw"), .poll = 5,
		.drain_time = 200, .log = LOG_LEVEL_ERROR };
	struct conf_list *links = &settings->routes[0].options.links;
	settings->routes[0].name = "";
	links->items = calloc(2, sizeof *links->items);
	static const char *const names[] = { "link1", "link2" };
	for (size_t i = 0; i < 2; i++) {
		struct puppet_options *own = calloc(1, sizeof *own);
		*own = options[i];
		settings->links[i] = (struct link_settings){ .name = names[i],
			.driver = &puppet_driver, .options = own, .encode = { .max_parts = 20 },
			.common = { .prefetch = 20,
			.reconnect_min = 1, .reconnect_max = 5 } };
		links->items[links->n++] = strdup(names[i]);
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

static void turn_for(unsigned ms)
{
	const struct timeval after = { .tv_usec = (suseconds_t)ms * 1000 };
	event_base_loopexit(base, &after);
	event_base_dispatch(base);
}

static void set_up(void)
{
	struct conf_error err;
	log_set_level(LOG_LEVEL_ERROR);
	nrows = nacked = submitted = 0;
	ended = false;
	base = event_base_new();
	gateway = gateway_open(base, two_links(), on_ended, NULL, &err);
	ck_assert_ptr_nonnull(gateway);
	the_store.listener.state(the_store.listener.ctx, STORE_READY, "");
}

static void tear_down(void)
{
	gateway_close(gateway);
	event_base_free(base);
}

static void up(size_t i, unsigned window)
{
	await(puppets[i]);
	link_up(puppets[i]->link, window);
}

static const struct outcome sent = { .verdict = VERDICT_SENT, .network_id = "id" };

START_TEST(nothing_is_claimed_before_a_link_is_up)
{
	add_row("+3620", "");
	turn_for(50);
	ck_assert_uint_eq(the_store.claims, 0);
	up(1, 10);
	await(submitted == 1);
	puppet_answer(puppets[1], &sent);
	await(rows[0].settles == 1);
	ck_assert_int_eq(rows[0].verdict, VERDICT_SENT);
	ck_assert_str_eq(rows[0].link, "link1");
}
END_TEST

START_TEST(no_more_leaves_than_the_window_and_no_more_is_claimed_than_the_room)
{
	for (unsigned i = 0; i < 500; i++)
		add_row("+3620", "");
	up(1, 10);
	await(submitted == 10);
	turn_for(50);
	ck_assert_uint_eq(submitted, 10);
	unsigned claimed = 0;
	for (unsigned i = 0; i < nrows; i++)
		claimed += rows[i].claims;
	ck_assert_uint_le(claimed, 20);
	puppet_answer(puppets[1], &sent);
	await(submitted == 11);
}
END_TEST

START_TEST(a_link_that_does_not_answer_does_not_stop_its_neighbour)
{
	for (unsigned i = 0; i < 400; i++)
		add_row("+3620", "link1");
	for (unsigned i = 0; i < 5; i++)
		add_row("+3620", "link2");
	up(1, 1);
	up(2, 10);
	await(puppets[2]->n == 5);
	ck_assert_uint_eq(puppets[1]->n, 1);
	while (puppets[2]->n)
		puppet_answer(puppets[2], &sent);
	for (unsigned i = 400; i < 405; i++)
		ck_assert_uint_eq(rows[i].settles, 1);
	ck_assert_str_eq(rows[399].lane, "link1");
	ck_assert_str_eq(rows[399].text, "waits for link link1");
}
END_TEST

START_TEST(rows_parked_for_a_link_flow_when_it_comes_up)
{
	for (unsigned i = 0; i < 30; i++)
		add_row("+3620", "link1");
	add_row("+3620", "");
	up(2, 10);
	await(rows[0].lane != NULL);
	ck_assert_str_eq(rows[0].text, "waits for link link1, which is not up");
	up(1, 10);
	for (unsigned done = 0; done < 30; done++) {
		await(puppets[1]->n > 0);
		puppet_answer(puppets[1], &sent);
	}
	for (unsigned i = 0; i < 30; i++)
		ck_assert_int_eq(rows[i].verdict, VERDICT_SENT);
}
END_TEST

START_TEST(a_row_that_cannot_be_sent_is_refused_with_the_reason)
{
	add_row("abc", "");
	add_row("+3620", "");
	up(1, 10);
	await(rows[0].settles == 1);
	ck_assert_int_eq(rows[0].verdict, VERDICT_REJECTED);
	ck_assert_ptr_nonnull(strstr(rows[0].text, "not a phone number"));
	await(submitted == 1);
}
END_TEST

START_TEST(a_lost_connection_leaves_doubt_only_about_what_left)
{
	for (unsigned i = 0; i < 15; i++)
		add_row("+3620", "");
	up(1, 4);
	await(submitted == 4);
	link_down(puppets[1]->link, DOWN_LOST, "reset by peer");
	await(rows[3].settles == 1);
	for (unsigned i = 0; i < 4; i++) {
		ck_assert_int_eq(rows[i].verdict, VERDICT_DOUBTFUL);
		ck_assert_str_eq(rows[i].text,
		    "no answer before the connection ended: reset by peer");
	}
	ck_assert_uint_eq(rows[4].claims, rows[4].settles);
	ck_assert(rows[4].claims == 0 || (rows[4].untried && rows[4].queued));
	await(puppets[1]);              /* it connects again by itself */
}
END_TEST

START_TEST(a_throttled_part_waits_at_the_head_and_the_link_rests)
{
	for (unsigned i = 0; i < 3; i++)
		add_row("+3620", "");
	up(1, 1);
	await(submitted == 1);
	const struct outcome throttled = { .verdict = VERDICT_DEFERRED, .untried = true,
		.hold_ms = 60 };
	const int64_t first = TAILQ_FIRST(&puppets[1]->lent)->message->id;
	puppet_answer(puppets[1], &throttled);
	turn_for(20);
	ck_assert_uint_eq(puppets[1]->n, 0);
	await(puppets[1]->n == 1);
	ck_assert_int_eq(TAILQ_FIRST(&puppets[1]->lent)->message->id, first);
	ck_assert_uint_eq(rows[first - 1].settles, 0);
}
END_TEST

START_TEST(throttled_parts_keep_their_order_and_the_link_goes_on_slower)
{
	for (unsigned i = 0; i < 5; i++)
		add_row("+3620", "");
	up(1, 3);
	await(submitted == 3);
	const struct outcome throttled = { .verdict = VERDICT_DEFERRED, .untried = true,
		.hold_ms = 60 };
	for (unsigned i = 0; i < 3; i++)
		puppet_answer(puppets[1], &throttled);
	await(submitted > 3);
	int64_t before = 0;
	for (unsigned i = 0; i < 5; i++) {
		await(puppets[1]->n > 0);   /* one after the other now, with a pace */
		const int64_t id = TAILQ_FIRST(&puppets[1]->lent)->message->id;
		ck_assert_int_gt(id, before);
		before = id;
		puppet_answer(puppets[1], &sent);
	}
	struct link_report report;
	link_report(puppets[1]->link, &report);
	ck_assert_str_eq(report.state, "up");
	ck_assert_msg(strncmp(report.reason, "throttled by the peer: ", 23) == 0, "%s", report.reason);
}
END_TEST

START_TEST(a_held_link_gives_its_queue_back_and_sends_nothing)
{
	for (unsigned i = 0; i < 10; i++)
		add_row("+3620", "link1");
	up(1, 2);
	await(submitted == 2);
	the_store.listener.wanted(the_store.listener.ctx, "link1", WANTED_HOLD);
	turn_for(30);
	puppet_answer(puppets[1], &sent);
	puppet_answer(puppets[1], &sent);
	turn_for(30);
	ck_assert_uint_eq(submitted, 2);
	the_store.listener.wanted(the_store.listener.ctx, "link1", WANTED_RUN);
	await(submitted == 4);
}
END_TEST

START_TEST(an_operators_drain_closes_the_link_and_run_opens_it_again)
{
	up(1, 2);
	turn_for(5);
	the_store.listener.wanted(the_store.listener.ctx, "link1", WANTED_DRAIN);
	await(!puppets[1]);
	turn_for(30);
	ck_assert_ptr_null(puppets[1]);
	the_store.listener.wanted(the_store.listener.ctx, "link1", WANTED_RUN);
	await(puppets[1]);
}
END_TEST

START_TEST(a_link_that_only_receives_is_given_no_rows)
{
	add_row("+3620", "link1");
	for (unsigned i = 0; i < 5; i++)
		add_row("+3620", "");
	up(1, 0);
	turn_for(30);
	ck_assert_uint_eq(submitted, 0);
	up(2, 10);
	await(submitted == 5);
	turn_for(30);
	ck_assert_uint_eq(submitted, 5);
	ck_assert_uint_eq(rows[0].settles, rows[0].claims); /* parked at most */
	link_up(puppets[1]->link, 1);      /* it sends, too, from now on */
	await(submitted == 6);
}
END_TEST

START_TEST(a_session_that_waits_for_its_peer_gives_its_queue_back_and_goes_on)
{
	for (unsigned i = 0; i < 10; i++)
		add_row("+3620", "link1");
	up(1, 2);
	await(submitted == 2);
	const struct puppet *before = puppets[1];
	struct link_report report;
	link_wait(puppets[1]->link, "awaiting outbind");
	turn_for(30);
	link_report(puppets[1]->link, &report);
	ck_assert_str_eq(report.state, "connecting");
	ck_assert_str_eq(report.reason, "awaiting outbind");
	puppet_answer(puppets[1], &sent);   /* what was lent comes back all the same */
	puppet_answer(puppets[1], &sent);
	turn_for(30);
	ck_assert_uint_eq(submitted, 2);
	ck_assert_uint_eq(rows[0].verdict, VERDICT_SENT);
	ck_assert_uint_eq(rows[9].settles, rows[9].claims);
	link_up(puppets[1]->link, 2);
	await(submitted == 4);
	ck_assert_ptr_eq(before, puppets[1]);
}
END_TEST

START_TEST(nothing_leaves_while_the_lease_is_not_certain)
{
	add_row("+3620", "");
	the_store.unleased = true;
	up(1, 10);
	turn_for(50);
	ck_assert_uint_eq(submitted, 0);
	the_store.unleased = false;
	await(submitted == 1);
}
END_TEST

START_TEST(a_fenced_gateway_drops_its_links_and_comes_back)
{
	add_row("+3620", "");
	up(1, 10);
	await(submitted == 1);
	the_store.listener.state(the_store.listener.ctx, STORE_FENCED, "slept too long");
	await(!puppets[1] && rows[0].settles == 1);
	ck_assert_int_eq(rows[0].verdict, VERDICT_DOUBTFUL);
	the_store.listener.state(the_store.listener.ctx, STORE_READY, "");
	await(puppets[1]);
}
END_TEST

START_TEST(an_expired_row_does_not_leave)
{
	add_row("+3620", "");
	rows[0].expires_at = 1;
	up(1, 10);
	await(rows[0].settles == 1);
	ck_assert_int_eq(rows[0].verdict, VERDICT_EXPIRED);
	ck_assert_uint_eq(submitted, 0);
}
END_TEST

START_TEST(a_peer_is_told_only_after_the_commit_and_only_by_the_session_that_asked)
{
	struct inbound inbound = { .link = "link1" };
	up(1, 10);
	turn_for(5);
	link_inbound(puppets[1]->link, &inbound, 7);
	turn_for(5);
	ck_assert_uint_eq(nacked, 0);
	the_store.kept(the_store.kept_ctx, the_store.ticket, true);
	ck_assert_uint_eq(nacked, 1);
	ck_assert_uint_eq(acked[0], 7);
	ck_assert_int_eq(acks[0], ACK_KEPT);
	link_inbound(puppets[1]->link, &inbound, 8);
	link_down(puppets[1]->link, DOWN_LOST, "gone");
	struct puppet *before = puppets[1];
	await(puppets[1] && puppets[1] != before);
	the_store.kept(the_store.kept_ctx, the_store.ticket, true);
	ck_assert_uint_eq(nacked, 1);
}
END_TEST

START_TEST(a_drain_gives_back_awaits_answers_and_ends)
{
	for (unsigned i = 0; i < 10; i++)
		add_row("+3620", "");
	up(1, 2);
	await(submitted == 2);
	gateway_drain(gateway);
	await(puppets[1]->draining);
	ck_assert(!ended);
	puppet_answer(puppets[1], &sent);
	puppet_answer(puppets[1], &sent);
	link_down(puppets[1]->link, DOWN_DRAINED, "drained");
	await(ended);
	for (unsigned i = 0; i < nrows; i++)
		ck_assert_uint_eq(rows[i].claims, rows[i].settles);
}
END_TEST

START_TEST(a_drain_whose_answers_never_come_ends_in_time_and_in_doubt)
{
	add_row("+3620", "");
	up(1, 2);
	await(submitted == 1);
	gateway_drain(gateway);
	await(ended);
	ck_assert_int_eq(rows[0].verdict, VERDICT_DOUBTFUL);
}
END_TEST

START_TEST(a_reload_changes_live_keys_in_place_and_reopens_for_others)
{
	up(1, 10);
	up(2, 10);
	turn_for(5);
	struct puppet *one = puppets[1], *two = puppets[2];
	struct settings *settings = two_links();
	settings->links[0].common.rate = 5;
	((struct puppet_options *)settings->links[1].options)->window = 3;
	gateway_reload(gateway, settings);
	await(puppets[2] && puppets[2] != two);
	ck_assert_ptr_eq(puppets[1], one);
}
END_TEST

START_TEST(a_session_keeps_its_options_through_reloads)
{
	up(1, 10);
	up(2, 10);
	turn_for(5);
	struct puppet *first = puppets[2], *second = NULL;
	for (unsigned i = 1; i <= 4; i++) {
		struct settings *settings = two_links();
		((struct puppet_options *)settings->links[1].options)->window = 3;
		settings->links[1].common.rate = i;
		gateway_reload(gateway, settings);
		await(puppets[2] && puppets[2] != first);
		turn_for(1100);         /* settings that nobody uses are freed each second */
		ck_assert(!second || puppets[2] == second);
		second = puppets[2];
		ck_assert_int_eq(second->options->window, 3);
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("gateway");
	TCase *tests = tcase_create("gateway");
	tcase_add_checked_fixture(tests, set_up, tear_down);
	tcase_set_timeout(tests, 20);
	tcase_add_test(tests, nothing_is_claimed_before_a_link_is_up);
	tcase_add_test(tests, no_more_leaves_than_the_window_and_no_more_is_claimed_than_the_room);
	tcase_add_test(tests, a_link_that_does_not_answer_does_not_stop_its_neighbour);
	tcase_add_test(tests, rows_parked_for_a_link_flow_when_it_comes_up);
	tcase_add_test(tests, a_row_that_cannot_be_sent_is_refused_with_the_reason);
	tcase_add_test(tests, a_lost_connection_leaves_doubt_only_about_what_left);
	tcase_add_test(tests, a_throttled_part_waits_at_the_head_and_the_link_rests);
	tcase_add_test(tests, throttled_parts_keep_their_order_and_the_link_goes_on_slower);
	tcase_add_test(tests, a_held_link_gives_its_queue_back_and_sends_nothing);
	tcase_add_test(tests, an_operators_drain_closes_the_link_and_run_opens_it_again);
	tcase_add_test(tests, nothing_leaves_while_the_lease_is_not_certain);
	tcase_add_test(tests, a_fenced_gateway_drops_its_links_and_comes_back);
	tcase_add_test(tests, an_expired_row_does_not_leave);
	tcase_add_test(tests, a_peer_is_told_only_after_the_commit_and_only_by_the_session_that_asked);
	tcase_add_test(tests, a_drain_gives_back_awaits_answers_and_ends);
	tcase_add_test(tests, a_drain_whose_answers_never_come_ends_in_time_and_in_doubt);
	tcase_add_test(tests, a_reload_changes_live_keys_in_place_and_reopens_for_others);
	tcase_add_test(tests, a_session_keeps_its_options_through_reloads);
	suite_add_tcase(suite, tests);
	tcase_add_test(tests, a_link_that_only_receives_is_given_no_rows);
	tcase_add_test(tests, a_session_that_waits_for_its_peer_gives_its_queue_back_and_goes_on);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
