/* SPDX-License-Identifier: Apache-2.0 */
/*
 * smpp.c - a session with a message centre over SMPP 3.3, 3.4 or 5.0: its lines.
 *
 *   OPENING <--------> UP ---------> DRAINING ---------> ENDED
 *      |   recount     |  smpp_drain  |  the last line    ^
 *      |               |              |  has ended        |
 *      +---------------+--------------+---- down() -------+
 *
 * A session has as many slots as the key `binds` says, and in each a line
 * (smpp_line.c): a bind with a window of its own. The first slot connects alone,
 * and with its line the link is up; the others follow. From then on each slot
 * connects its line anew by itself when that is lost, and the link learns only
 * how much room there is. Without any line that is up, the session is down, and
 * the rest is the link's. down() is the last thing that the link hears.
 *
 * A message centre may also connect to us (outbind, smpp_outbind.c). Its line is a
 * guest: it has no slot, and nobody connects it anew. A session that listens for guests
 * never goes down by itself, since then nobody would open the door: without a line it
 * waits (OPENING again), and its slots go on trying.
 *
 * A line that retires, after too long without a message, unbinds in order; its slot binds
 * anew at once.
 *
 * Every line begins with the first host of the list. A host that breaks or puts off
 * the bind gives way to the next at once. A line that ended up at a later host looks
 * after a while whether an earlier one is back: an heir binds there, and only when it
 * has does the old line log out, so that nothing is in doubt.
 *
 * A part goes to the line that holds the fewest, but parts of one message go to
 * the same line, so that they leave in order.
 *
 * A line has a number, which is in its tickets. A number is not given to another
 * line while a ticket with it is out.
 *
 * Left to others: octets (smpp_pdu.c), meaning (smpp_map.c), options
 * (smpp_options.c), reconnecting when all is lost (link.c).
 */
#include "smpp.h"

#include "../gateway/asked.h"
#include "../gateway/backoff.h"
#include "../gateway/clock.h"
#include "../gateway/driver.h"
#include "smpp_line.h"
#include "smpp_outbind.h"

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
	NOTE_MAX = 320,
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

struct session {
	struct link *link;
	const struct smpp_options *options;
	enum phase phase;
	enum smpp_bind bind;            /* of the next line; not auto any more once a line is bound */
	struct line *lines[LINE_NUMBERS]; /* all there are, by number; ended ones until swept */
	unsigned tickets[LINE_NUMBERS]; /* of the line with that number, or the last that had it */
	unsigned last_number;
	struct slot slots[SMPP_BINDS_MAX];
	unsigned nslots;
	struct outbind *outbind;        /* NULL: the door is not open */
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

static void enter(struct session *session, enum phase phase)
{
	static const char *const names[] = { [OPENING] = "opening", [UP] = "up",
		[DRAINING] = "draining", [ENDED] = "ended" };
	link_debug(session->link, "event=phase from=%s to=%s", names[session->phase], names[phase]);
	session->phase = phase;
}

static void down(struct session *session, enum down how, const char *why)
{
	if (session->phase == ENDED)
		return;
	for (unsigned i = 0; i < LINE_NUMBERS; i++)
		if (session->lines[i])
			line_close(session->lines[i], why);
	outbind_free(session->outbind);
	session->outbind = NULL;
	event_del(session->timer);
	enter(session, ENDED);
	link_down(session->link, how, why);
}

/* Lines. */

static void on_bound(void *at, struct line *);
static void on_delivered(void *at, struct line *, const struct smpp_pdu *, uint64_t ticket);
static void on_ended(void *at, struct line *, enum down, const char *why);
static void on_retiring(void *at, struct line *);

/* NULL when every number is in use, since the store is far behind with tickets. */
static struct line *make_line(struct session *session)
{
	const struct line_owner owner = { .session = session, .bound = on_bound,
		.delivered = on_delivered, .retiring = on_retiring, .ended = on_ended };
	for (unsigned i = 1; i <= LINE_NUMBERS; i++) {
		const unsigned number = (session->last_number + i) % LINE_NUMBERS;
		if (session->lines[number] || session->tickets[number])
			continue;
		session->last_number = number;
		return session->lines[number] = line_new(session->link, session->options, number, &owner);
	}
	return NULL;
}

/* A line that connects to one of `n` hosts, from `first` on, or NULL. */
static struct line *begin(struct session *session, size_t first, size_t n)
{
	struct line *line = make_line(session);
	session->calm_until = clock_ms() + STAGGER_MS;
	if (line)
		line_connect(line, session->bind, first, n);
	return line;
}

/* A slot is due. */
static void fill(struct session *session, struct slot *slot)
{
	struct line **place = slot->line ? &slot->heir : &slot->line;
	const size_t n = slot->line ? line_host(slot->line) : session->options->host.n;
	*place = begin(session, 0, n);
	slot->due = *place ? 0 : clock_ms() + NO_NUMBER_MS;
}

static struct slot *slot_of(struct session *session, const struct line *line)
{
	for (unsigned i = 0; i < session->nslots; i++)
		if (session->slots[i].line == line || session->slots[i].heir == line)
			return &session->slots[i];
	return NULL;
}

/* The slot that is due first, or NULL. */
static struct slot *next_slot(struct session *session)
{
	struct slot *first = NULL;
	for (unsigned i = 0; i < session->nslots; i++) {
		struct slot *slot = &session->slots[i];
		if (slot->due && (!first || slot->due < first->due))
			first = slot;
	}
	return first;
}

/* Makes the timer ring when a slot is due, or now when an ended line is to be freed,
 * which cannot be done while it calls us. */
static void arm(struct session *session)
{
	const uint64_t now = clock_ms();
	const struct slot *slot = next_slot(session);
	uint64_t at = slot ? slot->due : 0;
	if (at && at < session->calm_until)
		at = session->calm_until;
	if (session->listen_due && (!at || session->listen_due < at))
		at = session->listen_due;
	for (unsigned i = 0; i < LINE_NUMBERS; i++)
		if (session->lines[i] && line_is_closed(session->lines[i]))
			at = now;
	if (at)
		clock_ring(session->timer, at > now ? at - now : 0);
}

static void listen_now(struct session *);

static void on_timer(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	struct session *session = arg;
	const uint64_t now = clock_ms();
	if (session->listen_due && session->listen_due <= now)
		listen_now(session);
	for (unsigned i = 0; i < LINE_NUMBERS; i++)
		if (session->lines[i] && line_is_closed(session->lines[i])) {
			line_free(session->lines[i]);
			session->lines[i] = NULL;
		}
	struct slot *slot = next_slot(session);
	if (slot && slot->due <= now && session->calm_until <= now)
		fill(session, slot);
	arm(session);
}

/* What the link knows of the lines. */

static void tell_note(struct session *session)
{
	char note[NOTE_MAX] = "";
	if (session->bound < session->nslots && *session->why)
		snprintf(note, sizeof note, "%u of %u binds up: %.270s", session->bound,
		    session->nslots, session->why);
	else if (session->nserving)
		snprintf(note, sizeof note, "%s", line_secured(session->serving[0]));
	if (strcmp(note, session->note) == 0)
		return;
	snprintf(session->note, sizeof session->note, "%s", note);
	link_note(session->link, note);
}

/* While no line is up: what is awaited, and why it is not there any more. */
static void tell_waiting(struct session *session)
{
	char note[NOTE_MAX];
	const char *comma = *session->why ? "; " : "";
	if (session->outbind)
		snprintf(note, sizeof note, "awaiting outbind at %.80s%s%.210s", session->options->listen,
		    comma, session->why);
	else
		snprintf(note, sizeof note, "%.300s", *session->why ? session->why : "binding anew");
	if (session->phase == UP)
		link_wait(session->link, note);
	else if (strcmp(note, session->note) != 0)
		link_note(session->link, note);
	snprintf(session->note, sizeof session->note, "%s", note);
}

/* The first line is up: the others may come. */
static void come_up(struct session *session)
{
	enter(session, UP);
	for (unsigned i = 0; i < session->nslots; i++)
		if (!session->slots[i].line && !session->slots[i].due && !session->slots[i].barred)
			session->slots[i].due = clock_ms();
	link_up(session->link, session->room);
}

static void tell_bound(struct session *session, unsigned bound)
{
	if (bound == session->nslots)
		session->why[0] = '\0';
	if (session->nslots > 1 && bound != session->bound)
		link_info(session->link, "event=binds up=%u of=%u", bound, session->nslots);
	session->bound = bound;
	tell_note(session);
}

/* Lines have come or gone: who is up, who serves, and how much room is there? */
static void recount(struct session *session)
{
	const unsigned before = session->room;
	unsigned bound = 0, up = 0;
	session->nserving = session->room = 0;
	for (unsigned i = 0; i < LINE_NUMBERS; i++) {
		struct line *line = session->lines[i];
		if (!line || !line_is_up(line))
			continue;
		up++;
		bound += slot_of(session, line) != NULL;
		if (!line_room(line))
			continue;
		session->serving[session->nserving++] = line;
		session->room += line_room(line);
	}
	if (session->phase == DRAINING)
		return;
	if (up == 0) {
		if (session->phase == UP || *session->why)
			tell_waiting(session);
		if (session->phase == UP)
			enter(session, OPENING);
		return;
	}
	if (session->phase == OPENING)
		come_up(session);
	else if (session->room != before)
		link_up(session->link, session->room);
	tell_bound(session, bound);
}

static void look_back(struct session *session, struct slot *slot)
{
	const size_t host = line_host(slot->line);
	slot->due = 0;
	if (slot->barred)
		return;
	if (session->options->host_return && host > 0 && host < session->options->host.n)
		slot->due = clock_ms() + (uint64_t)session->options->host_return;
}

static void on_bound(void *at, struct line *line)
{
	struct session *session = at;
	struct slot *slot = slot_of(session, line);
	struct line *old = NULL;
	if (!slot) {                        /* a guest */
		recount(session);
		return;
	}
	session->bind = line_bind(line);
	if (slot->heir == line) {
		link_info(session->link, "event=returned host=%s",
		    session->options->host.items[line_host(line)]);
		old = slot->line;
		slot->line = line;
		slot->heir = NULL;
		line_drain(old);
	}
	look_back(session, slot);
	recount(session);
	arm(session);
}

/* Anything left that may still end by itself? */
static bool has_lines(const struct session *session)
{
	for (unsigned i = 0; i < LINE_NUMBERS; i++)
		if (session->lines[i] && !line_is_closed(session->lines[i]))
			return true;
	return false;
}

/* Is there anything to go on with, now that a line has ended? */
static bool goes_on(const struct session *session, enum down how)
{
	for (unsigned i = 0; i < LINE_NUMBERS; i++)
		if (session->lines[i] && line_is_up(session->lines[i]))
			return true;
	return outbind_wanted(session->options) || how == DOWN_DRAINED;
}

/* A host that takes the connection and not the bind, though it knows us, is no better than
 * one that is away. */
static bool try_next_host(struct session *session, struct slot *slot, enum down how,
    const char *why)
{
	const struct conf_list *hosts = &session->options->host;
	const size_t next = line_host(slot->line) + 1;
	const bool put_off = how == DOWN_LOST || how == DOWN_BUSY || how == DOWN_LOGGED_OUT;
	if (!put_off || line_bound_at(slot->line) || next == 0 || next >= hosts->n)
		return false;
	link_warn(session->link, "event=next_host failed=%s reason=\"%s\"", hosts->items[next - 1], why);
	slot->line = begin(session, next, hosts->n - next);
	return slot->line;
}

/* The others go on; its slot connects again after a while. */
static void replace(struct session *session, struct slot *slot, struct line *line, enum down how,
    const char *why)
{
	const uint64_t now = clock_ms(), bound_at = line_bound_at(line);
	const uint64_t wait = how == DOWN_DRAINED || how == DOWN_BARRED ? 0 : link_backoff(session->link, &slot->backoff, how,
	    bound_at ? now - bound_at + 1 : 0);
	snprintf(session->why, sizeof session->why, "%s", why);
	if (how == DOWN_DRAINED)            /* it has retired */
		link_info(session->link, "event=rebinding reason=\"%s\"", why);
	else if (how == DOWN_BARRED)
		link_warn(session->link, "event=bind_lost reason=\"%s\" retry=never", why);
	else
		link_warn(session->link, "event=bind_lost reason=\"%s\" retry=%.1fs", why,
		    (double)wait / 1000);
	slot->line = slot->heir;
	slot->heir = NULL;
	slot->barred = how == DOWN_BARRED;
	slot->due = slot->line || slot->barred ? 0 : now + wait;
}

static void guest_left(struct session *session, const struct line *line, const char *why)
{
	link_warn(session->link, "event=guest_left bound=%s reason=\"%s\"",
	    line_bound_at(line) ? "yes" : "no", why);
	if (session->nslots == 0)
		snprintf(session->why, sizeof session->why, "%s", why);
}

static void on_ended(void *at, struct line *line, enum down how, const char *why)
{
	struct session *session = at;
	struct slot *slot = slot_of(session, line);
	if (session->phase == DRAINING) {
		if (has_lines(session))
			line_doubt(line, why);
		else
			down(session, how, why);
		return;
	}
	if (slot && slot->heir == line) {
		link_info(session->link, "event=return_failed reason=\"%s\"", why);
		slot->heir = NULL;
		slot->barred = how == DOWN_BARRED;
		look_back(session, slot);
	} else if (slot && try_next_host(session, slot, how, why)) {
		recount(session);
	} else if (!goes_on(session, how)) {
		down(session, how, why);
		return;
	} else {
		line_doubt(line, why);
		if (slot)
			replace(session, slot, line, how, why);
		else
			guest_left(session, line, why);
		recount(session);
	}
	arm(session);
}

static void on_retiring(void *at, struct line *line)
{
	struct session *session = at;
	line_drain(line);
	recount(session);
	arm(session);
}

/* Guests. */

static void on_called(void *at, struct stream *stream, const char *peer)
{
	struct session *session = at;
	unsigned guests = 0;
	for (unsigned i = 0; i < LINE_NUMBERS; i++)
		guests += session->lines[i] && !line_is_closed(session->lines[i]) &&
		    !slot_of(session, session->lines[i]);
	struct line *line = guests < GUESTS_MAX ? make_line(session) : NULL;
	if (!line) {
		link_warn(session->link, "event=outbind_refused peer=%s reason=\"%s\"", peer,
		    guests < GUESTS_MAX ? "the store is too far behind" : "too many are bound");
		stream_free(stream);
		return;
	}
	line_adopt(line, session->options->outbind_bind == SMPP_OUTBIND_RECEIVER ? SMPP_RECEIVER
	    : SMPP_TRANSCEIVER, stream);
}

static void listen_now(struct session *session)
{
	const struct outbind_owner owner = { .session = session, .called = on_called };
	struct conf_error err;
	session->listen_due = 0;
	session->outbind = outbind_new(session->link, session->options, &owner, &err);
	if (!session->outbind) {
		const uint64_t wait = link_backoff(session->link, &session->listening, DOWN_LOST, 0);
		session->listen_due = clock_ms() + wait;
		snprintf(session->why, sizeof session->why, "%.200s", err.text);
		link_warn(session->link, "event=not_listening reason=\"%.200s\" retry=%.1fs", err.text,
		    (double)wait / 1000);
	} else if (session->phase == OPENING) {
		session->why[0] = '\0';
	}
	if (session->phase == OPENING && session->nslots == 0)
		tell_waiting(session);
}

static void smpp_drain(void *at)
{
	struct session *session = at;
	if (session->phase == OPENING)
		down(session, DOWN_DRAINED, "stopped before it was bound");
	if (session->phase != UP)
		return;
	enter(session, DRAINING);
	for (unsigned i = 0; i < session->nslots; i++)
		session->slots[i].due = 0;
	session->listen_due = 0;
	outbind_free(session->outbind);
	session->outbind = NULL;
	for (unsigned i = 0; i < LINE_NUMBERS && session->phase == DRAINING; i++)
		if (session->lines[i])
			line_drain(session->lines[i]);
}

/* Parts. */

/* Which of `serving` holds the fewest, nserving: none does. It looks from behind the last
 * one that was picked, so that equals take turns. */
static unsigned least_loaded(const struct session *session)
{
	unsigned best = session->nserving;
	for (unsigned i = 0; i < session->nserving; i++) {
		const unsigned n = (session->turn + i) % session->nserving;
		if (line_room(session->serving[n]) && (best == session->nserving ||
		    line_load(session->serving[n]) < line_load(session->serving[best])))
			best = n;
	}
	return best;
}

static struct line *pick(struct session *session, const struct message *message)
{
	struct home *home = &session->homes[(uint64_t)message->id % HOMES];
	if (message->nparts > 1 && home->row == message->id && session->lines[home->number] &&
	    line_room(session->lines[home->number]))
		return session->lines[home->number];
	const unsigned best = least_loaded(session);
	if (best == session->nserving)
		return NULL;
	session->turn = best + 1;
	if (message->nparts > 1)
		*home = (struct home){ .row = message->id,
			.number = line_number(session->serving[best]) };
	return session->serving[best];
}

static void smpp_take(void *at, struct part *part)
{
	struct session *session = at;
	assert(session->phase != ENDED);
	struct line *line = session->phase == UP ? pick(session, part->message) : NULL;
	if (line) {
		line_submit(line, part);
		return;
	}
	const struct outcome outcome = { .verdict = VERDICT_DEFERRED, .untried = true,
		.text = "the session is ending" };
	link_done(session->link, part, &outcome);
}

/* Questions. */

static void smpp_ask(void *at, struct question *question)
{
	struct session *session = at;
	const struct reply unsent = { .kind = REPLY_UNSENT, .text = "the session is ending" };
	const unsigned best = session->phase == UP ? least_loaded(session) : session->nserving;
	if (best < session->nserving)
		line_ask(session->serving[best], question);
	else
		link_replied(session->link, question, &unsent);
}

/* Deliveries. */

static void receive_receipt(struct session *session, const struct smpp_pdu *pdu,
    const struct smpp_receipt *from, uint64_t ticket)
{
	struct receipt receipt;
	smpp_read_receipt(session->options, pdu, from, &receipt);
	snprintf(receipt.link, sizeof receipt.link, "%s", link_name(session->link));
	link_receipt(session->link, &receipt, ticket);
}

static void on_delivered(void *at, struct line *line, const struct smpp_pdu *pdu, uint64_t ticket)
{
	struct session *session = at;
	struct smpp_receipt receipt;
	session->tickets[line_number(line)]++;
	const bool message = pdu->command != SMPP_ALERT_NOTIFICATION;
	if (message && (smpp_receipt(pdu, &receipt) ||
	    (session->options->sniff_receipts && smpp_receipt_sniffed(pdu, &receipt)))) {
		receive_receipt(session, pdu, &receipt, ticket);
		return;
	}
	struct inbound inbound;
	char *told = smpp_read_inbound(session->options, pdu, &inbound);
	snprintf(inbound.link, sizeof inbound.link, "%s", link_name(session->link));
	snprintf(inbound.arrival, sizeof inbound.arrival, "%" PRIx64 "-%016" PRIx64 "-%" PRIx64,
	    session->started_at, session->nonce, ++session->arrivals);
	link_inbound(session->link, &inbound, ticket);
	free(told);
}

static void smpp_ack(void *at, uint64_t ticket, enum ack ack)
{
	struct session *session = at;
	const unsigned number = line_of_ticket(ticket);
	if (session->phase == ENDED || ticket == line_no_ticket)
		return;
	assert(session->tickets[number] > 0);
	session->tickets[number]--;
	if (session->lines[number])
		line_ack(session->lines[number], ticket, ack);
}

/* From open to close. */

static const char *smpp_listens(const void *at)
{
	const struct smpp_options *options = at;
	return outbind_wanted(options) ? options->listen : NULL;
}

static void *smpp_open(struct link *link, const void *at)
{
	const struct smpp_options *options = at;
	struct session *session = calloc(1, sizeof *session);
	if (!session)
		abort();
	session->link = link;
	session->options = options;
	session->nslots = options->host.n ? (unsigned)options->binds : 0;
	session->bind = (enum smpp_bind)options->bind;
	if (session->bind == SMPP_BIND_AUTO && smpp_version(options) < 0x34)
		session->bind = SMPP_TRANSMITTER_RECEIVER; /* 3.3 has no transceiver */
	session->started_at = (uint64_t)time(NULL);
	if (getrandom(&session->nonce, sizeof session->nonce, 0) != (ssize_t)sizeof session->nonce)
		abort();
	session->timer = event_new(link_base(link), -1, 0, on_timer, session);
	if (!session->timer)
		abort();
	if (session->nslots)
		session->slots[0].line = begin(session, 0, options->host.n);
	if (outbind_wanted(options))
		session->listen_due = clock_ms();
	arm(session);
	return session;
}

static void smpp_close(void *at)
{
	struct session *session = at;
	for (unsigned i = 0; i < LINE_NUMBERS; i++)
		line_free(session->lines[i]);
	outbind_free(session->outbind);
	event_free(session->timer);
	free(session);
}

const struct driver smpp_driver = {
	.name = "smpp",
	.keys = smpp_keys,
	.options = sizeof(struct smpp_options),
	.check = smpp_check,
	.listens = smpp_listens,
	.open = smpp_open,
	.concats = 1 << CONCAT_UDH8 | 1 << CONCAT_UDH16 | 1 << CONCAT_SAR | 1 << CONCAT_PAYLOAD,
	.submit = smpp_take,
	.ack = smpp_ack,
	.ask = smpp_ask,
	.drain = smpp_drain,
	.close = smpp_close,
};
