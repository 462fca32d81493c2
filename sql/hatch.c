/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hatch.c - the opening between the loop and the workers: the only lock there is.
 *
 * Everything shared between threads is in struct hatch, and every function
 * below holds its lock from the first use of a member to the last. What passes
 * through is only ever linked in or out under the lock; it is filled, used and
 * freed outside, by whoever has it.
 *
 * Workers are called one by one: each has a condition of its own and a flag
 * that remembers a call which came while it was busy. The loop is called by
 * an eventfd, written when the list of notices stops being empty.
 *
 * The hatch is counted: the loop has one hold and each worker one. So a worker
 * that is stuck in a client library when the store closes can be left behind:
 * it finds everything it may still touch in place, and frees it if it ever
 * comes back.
 */
#include "hatch.h"

#include <assert.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

enum { SECOND = 1000 };

struct report_slot {
	struct link_report report;
	bool fresh;                     /* not taken yet */
	bool urgent;                    /* fresh, and of another state than the last */
	bool taken;                     /* by the worker, last time */
};

struct side {
	pthread_cond_t news;
	bool called;
	bool ended;
	struct bundle *bundle;          /* in this worker's hands */
};

struct hatch {
	pthread_mutex_t lock;
	unsigned holds;
	unsigned workers, lease, facts;
	size_t batch;
	int fd;
	struct side sides[WORKERS_MAX];
	pthread_cond_t end;             /* a worker has ended */

	struct bundles bundles;
	size_t nbundles, settling;
	struct wishes wishes;
	size_t nwishes;
	struct report_slot *slots;
	size_t nslots;
	struct notices notices;
	bool draining, leaving, closing;
};

static void lock(struct hatch *hatch)
{
	int failed = pthread_mutex_lock(&hatch->lock);
	assert(!failed);
	(void)failed;
}

static void unlock(struct hatch *hatch)
{
	int failed = pthread_mutex_unlock(&hatch->lock);
	assert(!failed);
	(void)failed;
}

static uint64_t clock_ms(clockid_t clock)
{
	struct timespec now;
	clock_gettime(clock, &now);
	return (uint64_t)now.tv_sec * SECOND + (uint64_t)now.tv_nsec / 1000000;
}

uint64_t hatch_now(void)
{
	return clock_ms(CLOCK_BOOTTIME);
}

/* The time that pthread_cond_timedwait() understands: conditions know no
 * CLOCK_BOOTTIME. After the machine slept a wait is longer by that much. */
static struct timespec deadline(uint64_t until)
{
	uint64_t now = hatch_now();
	uint64_t left = until > now ? until - now : 0;
	if (left > 3600 * SECOND)
		left = 3600 * SECOND;
	uint64_t at = clock_ms(CLOCK_MONOTONIC) + left;
	return (struct timespec){ .tv_sec = (time_t)(at / SECOND),
		.tv_nsec = (long)(at % SECOND) * 1000000 };
}

void wish_free(struct wish *wish)
{
	if (wish->batch)
		batch_release(wish->batch);
	free((char *)wish->lane.name);
	free(wish);
}

/* Birth and death */

struct hatch *hatch_new(unsigned workers, size_t batch, unsigned lease, unsigned facts)
{
	assert(workers <= WORKERS_MAX && lease < workers && facts < workers && batch > 0);
	struct hatch *hatch = calloc(1, sizeof *hatch);
	if (!hatch)
		abort();
	hatch->holds = 1 + workers;
	hatch->workers = workers;
	hatch->lease = lease;
	hatch->facts = facts;
	hatch->batch = batch;
	hatch->fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	if (hatch->fd < 0)
		abort();
	pthread_condattr_t monotonic;
	pthread_condattr_init(&monotonic);
	pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	pthread_mutex_init(&hatch->lock, NULL);
	pthread_cond_init(&hatch->end, &monotonic);
	for (unsigned i = 0; i < workers; i++)
		pthread_cond_init(&hatch->sides[i].news, &monotonic);
	pthread_condattr_destroy(&monotonic);
	TAILQ_INIT(&hatch->bundles);
	TAILQ_INIT(&hatch->wishes);
	TAILQ_INIT(&hatch->notices);
	return hatch;
}

static void hatch_free(struct hatch *hatch)
{
	struct wish *wish;
	while ((wish = TAILQ_FIRST(&hatch->wishes))) {
		TAILQ_REMOVE(&hatch->wishes, wish, entry);
		wish_free(wish);
	}
	/* What a worker posted that came back after the store had closed. Its
	 * messages are the loop's, which has gone: they stay where they are. */
	struct notice *notice;
	while ((notice = TAILQ_FIRST(&hatch->notices))) {
		TAILQ_REMOVE(&hatch->notices, notice, entry);
		free(notice);
	}
	for (unsigned i = 0; i < hatch->workers; i++)
		pthread_cond_destroy(&hatch->sides[i].news);
	pthread_cond_destroy(&hatch->end);
	pthread_mutex_destroy(&hatch->lock);
	close(hatch->fd);
	free(hatch->slots);
	free(hatch);
}

void hatch_release(struct hatch *hatch)
{
	lock(hatch);
	unsigned left = --hatch->holds;
	unlock(hatch);
	if (left == 0)
		hatch_free(hatch);
}

/* The loop's side. call() is for those who hold the lock. */

static void call(struct hatch *hatch, unsigned worker)
{
	hatch->sides[worker].called = true;
	pthread_cond_signal(&hatch->sides[worker].news);
}

int hatch_fd(const struct hatch *hatch)
{
	return hatch->fd;
}

static struct bundle *add_bundle(struct hatch *hatch)
{
	struct bundle *bundle = bundle_new();
	TAILQ_INSERT_TAIL(&hatch->bundles, bundle, entry);
	hatch->nbundles++;
	return bundle;
}

/* The bundle that the next fact goes into. */
static struct bundle *open_bundle(struct hatch *hatch)
{
	struct bundle *bundle = TAILQ_LAST(&hatch->bundles, bundles);
	return bundle && bundle_facts(bundle) < hatch->batch ? bundle : add_bundle(hatch);
}

void hatch_tell_settled(struct hatch *hatch, struct message *message)
{
	lock(hatch);
	struct bundle *bundle = open_bundle(hatch);
	if (!bundle_suits(bundle, message))
		bundle = add_bundle(hatch);
	bundle_add_settled(bundle, message);
	hatch->settling++;
	unlock(hatch);
}

void hatch_tell_receipt(struct hatch *hatch, const struct receipt *receipt,
    const struct asker *asker)
{
	lock(hatch);
	bundle_add_receipt(open_bundle(hatch), receipt, asker);
	unlock(hatch);
}

void hatch_tell_inbound(struct hatch *hatch, const struct inbound *inbound,
    const struct asker *asker)
{
	lock(hatch);
	bundle_add_inbound(open_bundle(hatch), inbound, asker);
	unlock(hatch);
}

void hatch_tell_answer(struct hatch *hatch, struct command *command)
{
	lock(hatch);
	bundle_add_command(open_bundle(hatch), command);
	unlock(hatch);
}

void hatch_call_facts(struct hatch *hatch)
{
	lock(hatch);
	if (hatch->nbundles > 0)
		call(hatch, hatch->facts);
	unlock(hatch);
}

void hatch_wish(struct hatch *hatch, struct wish *wish)
{
	lock(hatch);
	TAILQ_INSERT_TAIL(&hatch->wishes, wish, entry);
	hatch->nwishes++;
	call(hatch, hatch->lease);
	unlock(hatch);
}

/* The slot of that link; an empty one when it is the first report. */
static struct report_slot *slot_of(struct hatch *hatch, const char *name)
{
	for (size_t i = 0; i < hatch->nslots; i++)
		if (strcmp(hatch->slots[i].report.name, name) == 0)
			return &hatch->slots[i];
	hatch->slots = reallocarray(hatch->slots, hatch->nslots + 1, sizeof *hatch->slots);
	if (!hatch->slots)
		abort();
	struct report_slot *slot = &hatch->slots[hatch->nslots++];
	*slot = (struct report_slot){ .fresh = false };
	return slot;
}

void hatch_report(struct hatch *hatch, const struct link_report *report)
{
	lock(hatch);
	struct report_slot *slot = slot_of(hatch, report->name);
	if (strcmp(slot->report.state, report->state) != 0)
		slot->urgent = true;
	/* An idle link costs the database nothing. */
	if (memcmp(&slot->report, report, sizeof *report) != 0)
		slot->fresh = true;
	slot->report = *report;
	if (slot->urgent)
		call(hatch, hatch->lease);
	unlock(hatch);
}

void hatch_drain(struct hatch *hatch)
{
	lock(hatch);
	hatch->draining = true;
	call(hatch, hatch->lease);
	unlock(hatch);
}

void hatch_leave(struct hatch *hatch)
{
	lock(hatch);
	hatch->leaving = true;
	call(hatch, hatch->lease);
	unlock(hatch);
}

void hatch_collect(struct hatch *hatch, struct notices *into)
{
	eventfd_t count;
	eventfd_read(hatch->fd, &count); /* nothing to read: then the list may be empty */
	lock(hatch);
	TAILQ_CONCAT(into, &hatch->notices, entry);
	unlock(hatch);
}

void hatch_close(struct hatch *hatch)
{
	lock(hatch);
	hatch->closing = true;
	for (unsigned i = 0; i < hatch->workers; i++)
		call(hatch, i);
	unlock(hatch);
}

bool hatch_ended(struct hatch *hatch, unsigned worker, uint64_t ms)
{
	struct timespec until = deadline(hatch_now() + ms);
	lock(hatch);
	while (!hatch->sides[worker].ended
	    && pthread_cond_timedwait(&hatch->end, &hatch->lock, &until) == 0)
		;
	bool ended = hatch->sides[worker].ended;
	unlock(hatch);
	return ended;
}

struct bundle *hatch_salvage(struct hatch *hatch, bool *held)
{
	lock(hatch);
	struct bundle *bundle = NULL;
	*held = false;
	for (unsigned i = 0; i < hatch->workers && !bundle; i++) {
		bundle = hatch->sides[i].bundle;
		hatch->sides[i].bundle = NULL;
		*held = bundle && !hatch->sides[i].ended;
	}
	if (!bundle && (bundle = TAILQ_FIRST(&hatch->bundles)))
		TAILQ_REMOVE(&hatch->bundles, bundle, entry);
	unlock(hatch);
	return bundle;
}

/* The workers' side */

void hatch_look(struct hatch *hatch, struct hatch_view *view)
{
	lock(hatch);
	*view = (struct hatch_view){
		.bundles = hatch->nbundles,
		.wishes = hatch->nwishes,
		.settling = hatch->settling,
		.draining = hatch->draining,
		.leaving = hatch->leaving,
		.closing = hatch->closing,
	};
	for (size_t i = 0; i < hatch->nslots; i++) {
		view->reports |= hatch->slots[i].fresh;
		view->urgent |= hatch->slots[i].urgent;
	}
	unlock(hatch);
}

void hatch_wait(struct hatch *hatch, unsigned worker, uint64_t until)
{
	struct side *side = &hatch->sides[worker];
	struct timespec at = deadline(until);
	lock(hatch);
	while (!side->called && pthread_cond_timedwait(&side->news, &hatch->lock, &at) == 0)
		;
	side->called = false;
	unlock(hatch);
}

struct bundle *hatch_take_bundle(struct hatch *hatch, unsigned worker)
{
	lock(hatch);
	assert(!hatch->sides[worker].bundle);
	struct bundle *bundle = TAILQ_FIRST(&hatch->bundles);
	if (bundle) {
		TAILQ_REMOVE(&hatch->bundles, bundle, entry);
		hatch->nbundles--;
		hatch->sides[worker].bundle = bundle;
	}
	unlock(hatch);
	return bundle;
}

struct wish *hatch_take_wish(struct hatch *hatch)
{
	lock(hatch);
	struct wish *wish = TAILQ_FIRST(&hatch->wishes);
	if (wish) {
		TAILQ_REMOVE(&hatch->wishes, wish, entry);
		hatch->nwishes--;
	}
	unlock(hatch);
	return wish;
}

size_t hatch_take_reports(struct hatch *hatch, struct link_report **reports)
{
	lock(hatch);
	*reports = calloc(hatch->nslots ? hatch->nslots : 1, sizeof **reports);
	if (!*reports)
		abort();
	size_t n = 0;
	for (size_t i = 0; i < hatch->nslots; i++) {
		struct report_slot *slot = &hatch->slots[i];
		slot->taken = slot->fresh;
		if (slot->fresh)
			(*reports)[n++] = slot->report;
		slot->fresh = slot->urgent = false;
	}
	unlock(hatch);
	return n;
}

void hatch_reports_lost(struct hatch *hatch)
{
	lock(hatch);
	for (size_t i = 0; i < hatch->nslots; i++)
		hatch->slots[i].fresh |= hatch->slots[i].taken;
	unlock(hatch);
}

void hatch_post(struct hatch *hatch, struct notice *notice)
{
	lock(hatch);
	if (notice->kind == NOTICE_RECORDED) {
		for (unsigned i = 0; i < hatch->workers; i++)
			if (hatch->sides[i].bundle == notice->bundle)
				hatch->sides[i].bundle = NULL;
		assert(hatch->settling >= notice->bundle->nsettled);
		hatch->settling -= notice->bundle->nsettled;
		/* It may wait for these before it takes the lease again. */
		if (hatch->settling == 0)
			call(hatch, hatch->lease);
	}
	bool first = TAILQ_EMPTY(&hatch->notices);
	TAILQ_INSERT_TAIL(&hatch->notices, notice, entry);
	unlock(hatch);
	if (first && eventfd_write(hatch->fd, 1) != 0)
		abort();
}

void hatch_end(struct hatch *hatch, unsigned worker)
{
	lock(hatch);
	hatch->sides[worker].ended = true;
	pthread_cond_broadcast(&hatch->end);
	unlock(hatch);
	hatch_release(hatch);
}
