/* SPDX-License-Identifier: Apache-2.0 */
/*
 * account.c - a session over lines: who connects where, who sends what, and what the link hears.
 *
 *   OPENING <--------> UP ------------> DRAINING ---------> ENDED
 *      |   recount     |  account_drain  |  the last line    ^
 *      |               |                 |  has ended        |
 *      +---------------+-----------------+---- down() -------+
 *
 * An account has as many slots as its driver's options say, and in each a line
 * (line.c): a login with a window of its own. The first slot connects alone,
 * and with its line the link is up; the others follow. From then on each slot
 * connects its line anew by itself when that is lost, and the link learns only
 * how much room there is. Without any line that is up, the session is down, and
 * the rest is the link's. down() is the last thing that the link hears.
 *
 * A message centre may also connect to us (door.c). Its line is a
 * guest: it has no slot, and nobody connects it anew. A session that listens for guests
 * never goes down by itself, since then nobody would open the door: without a line it
 * waits (OPENING again), and its slots go on trying.
 *
 * A line that retires, after too long without a message, logs out in order; its slot logs in
 * anew at once.
 *
 * Every line begins with the first host of the list. A host that breaks or puts off
 * the login gives way to the next at once. A line that ended up at a later host looks
 * after a while whether an earlier one is back: an heir logs in there, and only when it
 * has does the old line log out, so that nothing is in doubt.
 *
 * A part goes to the line that holds the fewest, but parts of one message go to
 * the same line, so that they leave in order.
 *
 * A line has a number, which is in its tickets. A number is not given to another
 * line while a ticket with it is out.
 *
 * Left to others: the protocol (wire.h), what came in (the driver), reconnecting when all is
 * lost (link.c).
 */
#include "account.h"

#include "../gateway/backoff.h"
#include "../gateway/clock.h"

#include <event2/event.h>

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

enum {
	STAGGER_MS = 200,               /* between two connections of one account */
	NO_NUMBER_MS = 1000,            /* until one may be free */
	GUESTS_MAX = 8,                 /* lines that message centres made */
	HOMES = 256,                    /* messages in parts whose line is remembered */
	NOTE_MAX = 340,
};

enum phase { OPENING, UP, DRAINING, ENDED };

/* Room for one line. */
struct slot {
	struct line *line;              /* NULL: it waits */
	struct line *heir;              /* to take over, at an earlier host; NULL: none */
	struct backoff backoff;
	bool barred;                    /* its bind was refused for who we are: it is not tried again */
	uint64_t due;                   /* loop ms, when it connects its line or an heir; 0: never */
};

struct account {
	struct link *link;
	struct account_settings settings;
	enum phase phase;
	struct line *lines[LINE_NUMBERS]; /* all there are, by number; ended ones until swept */
	unsigned tickets[LINE_NUMBERS]; /* of the line with that number, or the last that had it */
	unsigned last_number;
	struct slot slots[ACCOUNT_SLOTS_MAX];
	unsigned nslots;
	struct door *door;              /* NULL: it is not open */
	uint64_t listen_due;            /* loop ms, when to open it; 0: never */
	struct backoff listening;       /* for failures to */
	struct line *serving[LINE_NUMBERS]; /* those that send */
	unsigned nserving, turn, room;  /* where to begin to look; room of all of them */
	unsigned bound;                 /* slots whose line is up */
	struct home { int64_t row; unsigned number; } homes[HOMES]; /* by row */
	char why[NOTE_MAX], note[NOTE_MAX]; /* the last that was lost; as told to the link */
	struct event *timer;
	uint64_t calm_until;            /* no connection is begun before */
	uint64_t started_at, nonce, arrivals; /* together they name an arrival */
};

static void enter(struct account *account, enum phase phase)
{
	static const char *const names[] = { [OPENING] = "opening", [UP] = "up",
		[DRAINING] = "draining", [ENDED] = "ended" };
	link_debug(account->link, "event=phase from=%s to=%s", names[account->phase], names[phase]);
	account->phase = phase;
}

static void down(struct account *account, enum down how, const char *why)
{
	if (account->phase == ENDED)
		return;
	for (unsigned i = 0; i < LINE_NUMBERS; i++)
		if (account->lines[i])
			line_close(account->lines[i], why);
	door_free(account->door);
	account->door = NULL;
	event_del(account->timer);
	enter(account, ENDED);
	link_down(account->link, how, why);
}

/* Lines. */

static void on_bound(void *at, struct line *);
static void on_delivered(void *at, struct line *, const void *what, uint64_t ticket);
static void on_ended(void *at, struct line *, enum down, const char *why);
static void on_retiring(void *at, struct line *);

/* NULL when every number is in use, since the store is far behind with tickets. */
static struct line *make_line(struct account *account)
{
	const struct line_owner owner = { .account = account, .bound = on_bound,
		.delivered = on_delivered, .retiring = on_retiring, .ended = on_ended };
	for (unsigned i = 1; i <= LINE_NUMBERS; i++) {
		const unsigned number = (account->last_number + i) % LINE_NUMBERS;
		if (account->lines[number] || account->tickets[number])
			continue;
		account->last_number = number;
		return account->lines[number] = line_new(account->link, &account->settings.line,
		    number, &owner);
	}
	return NULL;
}

/* A line that connects to one of `n` hosts, from `first` on, or NULL. */
static struct line *begin(struct account *account, size_t first, size_t n)
{
	struct line *line = make_line(account);
	account->calm_until = clock_ms() + STAGGER_MS;
	if (line)
		line_connect(line, first, n);
	return line;
}

/* A slot is due. */
static void fill(struct account *account, struct slot *slot)
{
	struct line **place = slot->line ? &slot->heir : &slot->line;
	const size_t n = slot->line ? line_host(slot->line) : account->settings.hosts.n;
	*place = begin(account, 0, n);
	slot->due = *place ? 0 : clock_ms() + NO_NUMBER_MS;
}

static struct slot *slot_of(struct account *account, const struct line *line)
{
	for (unsigned i = 0; i < account->nslots; i++)
		if (account->slots[i].line == line || account->slots[i].heir == line)
			return &account->slots[i];
	return NULL;
}

/* The slot that is due first, or NULL. */
static struct slot *next_slot(struct account *account)
{
	struct slot *first = NULL;
	for (unsigned i = 0; i < account->nslots; i++) {
		struct slot *slot = &account->slots[i];
		if (slot->due && (!first || slot->due < first->due))
			first = slot;
	}
	return first;
}

/* Makes the timer ring when a slot is due, or now when an ended line is to be freed,
 * which cannot be done while it calls us. */
static void arm(struct account *account)
{
	const uint64_t now = clock_ms();
	const struct slot *slot = next_slot(account);
	uint64_t at = slot ? slot->due : 0;
	if (at && at < account->calm_until)
		at = account->calm_until;
	if (account->listen_due && (!at || account->listen_due < at))
		at = account->listen_due;
	for (unsigned i = 0; i < LINE_NUMBERS; i++)
		if (account->lines[i] && line_is_closed(account->lines[i]))
			at = now;
	if (at)
		clock_ring(account->timer, at > now ? at - now : 0);
}

static void listen_now(struct account *);

static void on_timer(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	struct account *account = arg;
	const uint64_t now = clock_ms();
	if (account->listen_due && account->listen_due <= now)
		listen_now(account);
	for (unsigned i = 0; i < LINE_NUMBERS; i++)
		if (account->lines[i] && line_is_closed(account->lines[i])) {
			line_free(account->lines[i]);
			account->lines[i] = NULL;
		}
	struct slot *slot = next_slot(account);
	if (slot && slot->due <= now && account->calm_until <= now)
		fill(account, slot);
	arm(account);
}

/* What the link knows of the lines. */

static void tell_note(struct account *account)
{
	char note[NOTE_MAX] = "";
	if (account->bound < account->nslots && *account->why)
		snprintf(note, sizeof note, "%u of %u %ss up: %.270s", account->bound,
		    account->nslots, account->settings.noun, account->why);
	else if (account->nserving)
		snprintf(note, sizeof note, "%s", line_secured(account->serving[0]));
	if (strcmp(note, account->note) == 0)
		return;
	snprintf(account->note, sizeof account->note, "%s", note);
	link_note(account->link, note);
}

/* While no line is up: what is awaited, and why it is not there any more. */
static void tell_waiting(struct account *account)
{
	char note[NOTE_MAX];
	const char *comma = *account->why ? "; " : "";
	if (account->door)
		snprintf(note, sizeof note, "awaiting %.20s at %.80s%s%.210s", account->settings.door.name,
		    account->settings.door.listen, comma, account->why);
	else
		snprintf(note, sizeof note, "%.300s", *account->why ? account->why
		    : account->settings.line.anew);
	if (account->phase == UP)
		link_wait(account->link, note);
	else if (strcmp(note, account->note) != 0)
		link_note(account->link, note);
	snprintf(account->note, sizeof account->note, "%s", note);
}

/* The first line is up: the others may come. */
static void come_up(struct account *account)
{
	enter(account, UP);
	for (unsigned i = 0; i < account->nslots; i++)
		if (!account->slots[i].line && !account->slots[i].due && !account->slots[i].barred)
			account->slots[i].due = clock_ms();
	link_up(account->link, account->room);
}

static void tell_bound(struct account *account, unsigned bound)
{
	if (bound == account->nslots)
		account->why[0] = '\0';
	if (account->nslots > 1 && bound != account->bound)
		link_info(account->link, "event=%ss up=%u of=%u", account->settings.noun, bound,
		    account->nslots);
	account->bound = bound;
	tell_note(account);
}

/* Lines have come or gone: who is up, who serves, and how much room is there? */
static void recount(struct account *account)
{
	const unsigned before = account->room;
	unsigned bound = 0, up = 0;
	account->nserving = account->room = 0;
	for (unsigned i = 0; i < LINE_NUMBERS; i++) {
		struct line *line = account->lines[i];
		if (!line || !line_is_up(line))
			continue;
		up++;
		bound += slot_of(account, line) != NULL;
		if (!line_room(line))
			continue;
		account->serving[account->nserving++] = line;
		account->room += line_room(line);
	}
	if (account->phase == DRAINING)
		return;
	if (up == 0) {
		if (account->phase == UP || *account->why)
			tell_waiting(account);
		if (account->phase == UP)
			enter(account, OPENING);
		return;
	}
	if (account->phase == OPENING)
		come_up(account);
	else if (account->room != before)
		link_up(account->link, account->room);
	tell_bound(account, bound);
}

static void look_back(struct account *account, struct slot *slot)
{
	const size_t host = line_host(slot->line);
	slot->due = 0;
	if (slot->barred)
		return;
	if (account->settings.host_return && host > 0 && host < account->settings.hosts.n)
		slot->due = clock_ms() + (uint64_t)account->settings.host_return;
}

static void on_bound(void *at, struct line *line)
{
	struct account *account = at;
	struct slot *slot = slot_of(account, line);
	struct line *old = NULL;
	if (!slot) {                        /* a guest */
		recount(account);
		return;
	}
	if (slot->heir == line) {
		link_info(account->link, "event=returned host=%s",
		    account->settings.hosts.items[line_host(line)]);
		old = slot->line;
		slot->line = line;
		slot->heir = NULL;
		line_drain(old);
	}
	look_back(account, slot);
	recount(account);
	arm(account);
}

/* Anything left that may still end by itself? */
static bool has_lines(const struct account *account)
{
	for (unsigned i = 0; i < LINE_NUMBERS; i++)
		if (account->lines[i] && !line_is_closed(account->lines[i]))
			return true;
	return false;
}

/* Is there anything to go on with, now that a line has ended? */
static bool goes_on(const struct account *account, enum down how)
{
	for (unsigned i = 0; i < LINE_NUMBERS; i++)
		if (account->lines[i] && line_is_up(account->lines[i]))
			return true;
	return door_wanted(&account->settings.door) || how == DOWN_DRAINED;
}

/* A host that takes the connection and not the bind, though it knows us, is no better than
 * one that is away. */
static bool try_next_host(struct account *account, struct slot *slot, enum down how,
    const char *why)
{
	const struct conf_list *hosts = &account->settings.hosts;
	const size_t next = line_host(slot->line) + 1;
	const bool put_off = how == DOWN_LOST || how == DOWN_BUSY || how == DOWN_LOGGED_OUT;
	if (!put_off || line_bound_at(slot->line) || next == 0 || next >= hosts->n)
		return false;
	link_warn(account->link, "event=next_host failed=%s reason=\"%s\"", hosts->items[next - 1], why);
	slot->line = begin(account, next, hosts->n - next);
	return slot->line;
}

/* The others go on; its slot connects again after a while. */
static void replace(struct account *account, struct slot *slot, struct line *line, enum down how,
    const char *why)
{
	const uint64_t now = clock_ms(), bound_at = line_bound_at(line);
	const uint64_t wait = how == DOWN_DRAINED || how == DOWN_BARRED ? 0 : link_backoff(account->link, &slot->backoff, how,
	    bound_at ? now - bound_at + 1 : 0);
	snprintf(account->why, sizeof account->why, "%s", why);
	if (how == DOWN_DRAINED)            /* it has retired */
		link_info(account->link, "event=rebinding reason=\"%s\"", why);
	else if (how == DOWN_BARRED)
		link_warn(account->link, "event=%s_lost reason=\"%s\" retry=never", account->settings.noun, why);
	else
		link_warn(account->link, "event=%s_lost reason=\"%s\" retry=%.1fs", account->settings.noun,
		    why, (double)wait / 1000);
	slot->line = slot->heir;
	slot->heir = NULL;
	slot->barred = how == DOWN_BARRED;
	slot->due = slot->line || slot->barred ? 0 : now + wait;
}

static void guest_left(struct account *account, const struct line *line, const char *why)
{
	link_warn(account->link, "event=guest_left bound=%s reason=\"%s\"",
	    line_bound_at(line) ? "yes" : "no", why);
	if (account->nslots == 0)
		snprintf(account->why, sizeof account->why, "%s", why);
}

static void on_ended(void *at, struct line *line, enum down how, const char *why)
{
	struct account *account = at;
	struct slot *slot = slot_of(account, line);
	if (account->phase == DRAINING) {
		if (has_lines(account))
			line_doubt(line, why);
		else
			down(account, how, why);
		return;
	}
	if (slot && slot->heir == line) {
		link_info(account->link, "event=return_failed reason=\"%s\"", why);
		slot->heir = NULL;
		slot->barred = how == DOWN_BARRED;
		look_back(account, slot);
	} else if (slot && try_next_host(account, slot, how, why)) {
		recount(account);
	} else if (!goes_on(account, how)) {
		down(account, how, why);
		return;
	} else {
		line_doubt(line, why);
		if (slot)
			replace(account, slot, line, how, why);
		else
			guest_left(account, line, why);
		recount(account);
	}
	arm(account);
}

static void on_retiring(void *at, struct line *line)
{
	struct account *account = at;
	line_drain(line);
	recount(account);
	arm(account);
}

/* Guests. */

static void on_called(void *at, struct stream *stream, const char *peer)
{
	struct account *account = at;
	unsigned guests = 0;
	for (unsigned i = 0; i < LINE_NUMBERS; i++)
		guests += account->lines[i] && !line_is_closed(account->lines[i]) &&
		    !slot_of(account, account->lines[i]);
	struct line *line = guests < GUESTS_MAX ? make_line(account) : NULL;
	if (!line) {
		door_refuse(account->door, peer, guests < GUESTS_MAX ? "the store is too far behind"
		    : "too many are bound");
		stream_free(stream);
		return;
	}
	line_adopt(line, stream);
}

static void listen_now(struct account *account)
{
	const struct door_owner owner = { .account = account, .called = on_called };
	struct conf_error err;
	account->listen_due = 0;
	account->door = door_new(account->link, &account->settings.door, &owner, &err);
	if (!account->door) {
		const uint64_t wait = link_backoff(account->link, &account->listening, DOWN_LOST, 0);
		account->listen_due = clock_ms() + wait;
		snprintf(account->why, sizeof account->why, "%.200s", err.text);
		link_warn(account->link, "event=not_listening reason=\"%.200s\" retry=%.1fs", err.text,
		    (double)wait / 1000);
	} else if (account->phase == OPENING) {
		account->why[0] = '\0';
	}
	if (account->phase == OPENING && account->nslots == 0)
		tell_waiting(account);
}

void account_drain(struct account *account)
{
	if (account->phase == OPENING)
		down(account, DOWN_DRAINED, "stopped before it was bound");
	if (account->phase != UP)
		return;
	enter(account, DRAINING);
	for (unsigned i = 0; i < account->nslots; i++)
		account->slots[i].due = 0;
	account->listen_due = 0;
	door_free(account->door);
	account->door = NULL;
	for (unsigned i = 0; i < LINE_NUMBERS && account->phase == DRAINING; i++)
		if (account->lines[i])
			line_drain(account->lines[i]);
}

/* Parts. */

/* Which of `serving` holds the fewest, nserving: none does. It looks from behind the last
 * one that was picked, so that equals take turns. */
static unsigned least_loaded(const struct account *account)
{
	unsigned best = account->nserving;
	for (unsigned i = 0; i < account->nserving; i++) {
		const unsigned n = (account->turn + i) % account->nserving;
		if (line_room(account->serving[n]) && (best == account->nserving ||
		    line_load(account->serving[n]) < line_load(account->serving[best])))
			best = n;
	}
	return best;
}

static struct line *pick(struct account *account, const struct message *message)
{
	struct home *home = &account->homes[(uint64_t)message->id % HOMES];
	if (message->nparts > 1 && home->row == message->id && account->lines[home->number] &&
	    line_room(account->lines[home->number]))
		return account->lines[home->number];
	const unsigned best = least_loaded(account);
	if (best == account->nserving)
		return NULL;
	account->turn = best + 1;
	if (message->nparts > 1)
		*home = (struct home){ .row = message->id,
			.number = line_number(account->serving[best]) };
	return account->serving[best];
}

void account_submit(struct account *account, struct part *part)
{
	assert(account->phase != ENDED);
	struct line *line = account->phase == UP ? pick(account, part->message) : NULL;
	if (line) {
		line_submit(line, part);
		return;
	}
	const struct outcome outcome = { .verdict = VERDICT_DEFERRED, .untried = true,
		.text = "the session is ending" };
	link_done(account->link, part, &outcome);
}

/* Questions. */

void account_ask(struct account *account, struct question *question)
{
	const struct reply unsent = { .kind = REPLY_UNSENT, .text = "the session is ending" };
	const unsigned best = account->phase == UP ? least_loaded(account) : account->nserving;
	if (best < account->nserving)
		line_ask(account->serving[best], question);
	else
		link_replied(account->link, question, &unsent);
}

/* Deliveries. */

static void on_delivered(void *at, struct line *line, const void *what, uint64_t ticket)
{
	struct account *account = at;
	account->tickets[line_number(line)]++;
	account->settings.delivered(account->settings.line.session, what, ticket);
}

void account_receipt(struct account *account, struct receipt *receipt, uint64_t ticket)
{
	snprintf(receipt->link, sizeof receipt->link, "%s", link_name(account->link));
	link_receipt(account->link, receipt, ticket);
}

void account_inbound(struct account *account, struct inbound *inbound, uint64_t ticket)
{
	snprintf(inbound->link, sizeof inbound->link, "%s", link_name(account->link));
	snprintf(inbound->arrival, sizeof inbound->arrival, "%" PRIx64 "-%016" PRIx64 "-%" PRIx64,
	    account->started_at, account->nonce, ++account->arrivals);
	link_inbound(account->link, inbound, ticket);
}

void account_ack(struct account *account, uint64_t ticket, enum ack ack)
{
	const unsigned number = line_of_ticket(ticket);
	if (account->phase == ENDED || ticket == line_no_ticket)
		return;
	assert(account->tickets[number] > 0);
	account->tickets[number]--;
	if (account->lines[number])
		line_ack(account->lines[number], ticket, ack);
}

/* From open to close. */

struct account *account_open(struct link *link, const struct account_settings *settings)
{
	assert(settings->nslots <= ACCOUNT_SLOTS_MAX);
	struct account *account = calloc(1, sizeof *account);
	if (!account)
		abort();
	account->link = link;
	account->settings = *settings;
	account->nslots = settings->hosts.n ? settings->nslots : 0;
	account->started_at = (uint64_t)time(NULL);
	if (getrandom(&account->nonce, sizeof account->nonce, 0) != (ssize_t)sizeof account->nonce)
		abort();
	account->timer = event_new(link_base(link), -1, 0, on_timer, account);
	if (!account->timer)
		abort();
	if (account->nslots)
		account->slots[0].line = begin(account, 0, settings->hosts.n);
	if (door_wanted(&settings->door))
		account->listen_due = clock_ms();
	arm(account);
	return account;
}

void account_close(struct account *account)
{
	if (!account)
		return;
	for (unsigned i = 0; i < LINE_NUMBERS; i++)
		line_free(account->lines[i]);
	door_free(account->door);
	event_free(account->timer);
	free(account);
}
