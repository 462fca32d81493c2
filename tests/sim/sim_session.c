/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sim_session.c - a connection: its octets, its state, its deadlines.
 *
 * Reads a block, cuts it into PDUs and hands each to react(). What they answer
 * is packed into one buffer and written once at the end of the loop's turn.
 * A session that has gone is freed there too, never under its callers.
 *
 *     OPEN ---bind---> TX, RX, TRX ---unbind---> UNBOUND ---> GONE
 *       |                   |
 *       +---broken PDU------+----> ENDING ---written, or 5 s---> GONE
 *
 *     OPEN -> TX, RX, TRX    react(), a bind that is granted
 *     bound -> UNBOUND       react(), unbind; the client closes, or 5 s pass
 *     any -> ENDING          session_end(): nothing is read any more
 *     any -> GONE            session_drop(): end of file, error, deadline, cut
 *
 * What octets are a PDU is left to the session's dialect, and what it means to sim_react.c.
 */
#include "sim_session.h"

#include "sim_account.h"
#include "sim_center.h"
#include "sim_dialect.h"

#include "../../drivers/smpp_pdu.h"
#include "../../gateway/log.h"

#include <event2/buffer.h>
#include <event2/event.h>

#include <assert.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
	READ_AT_ONCE = 64 * 1024,
	IN_ROOM = SMPP_PDU_MAX + READ_AT_ONCE,
	PDU_ROOM = 1024,                /* of ours, any is shorter without its TLVs */
	TEXT_ROOM = 4,                  /* octets of one of its text, in any dialect */
	OUT_HIGH = 4 * 1024 * 1024,     /* nothing is read while so much is unsent */
	OUT_LOW = 1024 * 1024,          /* and no deliver_sm is added above this */
	RING_MIN = 4096,

	BIND_MS = 15000,                /* from connection to bind */
	PARTIAL_MS = 30000,             /* from a PDU's first octet to its last */
	STALL_MS = 30000,               /* unsent octets without progress */
	CLOSE_MS = 5000,                /* for the client to close after an unbind */
};

static const char *const state_words[] = {
	[SESSION_OPEN] = "open", [SESSION_TX] = "transmitter", [SESSION_RX] = "receiver",
	[SESSION_TRX] = "transceiver", [SESSION_UNBOUND] = "unbound", [SESSION_ENDING] = "ending",
	[SESSION_GONE] = "gone",
};

struct session *session_find(const struct center *center, uint64_t serial)
{
	struct session *session = center->sessions[serial % SESSIONS_MAX];
	return session && session->serial == serial && session->state != SESSION_GONE ?
	    session : NULL;
}

static void mark_dirty(struct session *session)
{
	if (session->dirty)
		return;
	session->dirty = true;
	session->next_dirty = session->center->dirty;
	session->center->dirty = session;
	event_active(session->center->turn_end, 0, 0);
}

static void note(const struct session *session, const char *event, const char *why)
{
	log_info("session=%llu account=%s event=%s reason=\"%s\"",
	    (unsigned long long)session->serial, session->account ? session->account->name : "-",
	    event, why);
}

void session_enter(struct session *session, enum session_state state)
{
	assert(state > session->state);
	session->state = state;
	session->since_ms = session->center->now_ms;
	note(session, state_words[state], "protocol");
	if (state == SESSION_UNBOUND || state == SESSION_ENDING)
		account_leave(session);
}

void session_drop(struct session *session, const char *why)
{
	if (session->state == SESSION_GONE)
		return;
	note(session, "gone", why);
	if (session->submits)
		log_info("session=%llu submits=%u", (unsigned long long)session->serial, session->submits);
	session->state = SESSION_GONE;
	session->center->counts.unanswered += session->delayed + session->unsent;
	event_del(session->readable);
	event_del(session->writable);
	account_leave(session);
	account_return(session);
	mark_dirty(session);
}

void session_cut(struct session *session)
{
	if (session->state == SESSION_GONE)
		return;
	if (++session->center->counts.disconnects % 2 == 0) {
		const struct linger reset = { .l_onoff = 1, .l_linger = 0 };
		setsockopt(session->fd, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
	}
	session_drop(session, "cut on purpose");
}

void session_end(struct session *session, const char *why)
{
	if (session->state >= SESSION_ENDING)
		return;
	note(session, "ending", why);
	session_enter(session, SESSION_ENDING);
	mark_dirty(session);
}

static bool answers_submit(const struct smpp_pdu *pdu)
{
	return pdu->command == (uint32_t)SMPP_SUBMIT_SM_RESP || pdu->command == (uint32_t)SMPP_DATA_SM_RESP ||
	    pdu->command == (uint32_t)SMPP_SUBMIT_MULTI_RESP || pdu->command == (uint32_t)SMPP_BROADCAST_SM_RESP;
}

bool session_send(struct session *session, const struct smpp_pdu *pdu)
{
	if (session->state >= SESSION_ENDING)
		return false;
	struct evbuffer_iovec room;
	size_t most = PDU_ROOM + TEXT_ROOM * pdu->sm_length;
	most += pdu->dests.len;
	for (unsigned i = 0; i < pdu->ntlvs; i++)
		most += 4u + pdu->tlvs[i].len;
	if (evbuffer_reserve_space(session->out, (ev_ssize_t)most, &room, 1) != 1)
		abort();
	room.iov_len = session->dialect->pack(session, pdu, room.iov_base, most);
	if (!room.iov_len)
		return false;
	session->unsent += answers_submit(pdu) && !pdu->status;
	if (evbuffer_commit_space(session->out, &room, 1) != 0)
		abort();
	mark_dirty(session);
	return true;
}

void session_keep(struct session *session, const struct smpp_pdu *pdu)
{
	uint8_t unused[PDU_ROOM];
	if (session->dialect->repeats)
		session->dialect->pack(session, pdu, unused, sizeof unused);
}

void session_write(struct session *session, const void *at, size_t len)
{
	if (session->state >= SESSION_ENDING)
		return;
	if (evbuffer_add(session->out, at, len) != 0)
		abort();
	mark_dirty(session);
}

void session_answer(struct session *session, uint32_t command, uint32_t sequence, uint32_t status)
{
	struct smpp_pdu pdu = { .command = command, .sequence = sequence, .status = status };
	session_send(session, &pdu);
}

static uint32_t number_after(const struct session *session, uint32_t number)
{
	const struct numbers *numbers = &session->dialect->numbers;
	return number >= numbers->last ? numbers->first : number + numbers->step;
}

static struct item **place_of(const struct session *session, uint32_t number)
{
	return &session->by_sequence[number & (session->ring - 1)];
}

bool session_full(const struct session *session)
{
	const struct dialect *dialect = session->dialect;
	return session->flight.n >= session->center->options->deliver_window ||
	    session->flight.n >= dialect->numbers.most ||
	    (dialect->numbers.in_order && *place_of(session, number_after(session, session->sequence))) ||
	    evbuffer_get_length(session->out) > OUT_LOW;
}

/* The next number whose place in the ring is free. There are more numbers than may be in
 * flight, and the ring has twice the window's room, so one is near. */
static uint32_t next_sequence(struct session *session)
{
	do {
		session->sequence = number_after(session, session->sequence);
	} while (*place_of(session, session->sequence));
	return session->sequence;
}

bool session_deliver(struct session *session, struct smpp_pdu *pdu, struct item *item)
{
	const uint32_t before = session->sequence;
	pdu->sequence = item->sequence = next_sequence(session);
	if (!session_send(session, pdu)) {
		session->sequence = before;
		return false;
	}
	item->due_ms = session->center->now_ms;
	*place_of(session, item->sequence) = item;
	list_append(&session->flight, item);
	return true;
}

bool session_tell(struct session *session, struct smpp_pdu *pdu)
{
	if (session->flight.n >= session->dialect->numbers.most)
		return false;
	pdu->sequence = next_sequence(session);
	return session_send(session, pdu);
}

const struct item *session_flying(const struct session *session, uint32_t sequence)
{
	const struct item *item = *place_of(session, sequence);
	return item && item->sequence == sequence ? item : NULL;
}

struct item *session_delivered(struct session *session, uint32_t sequence)
{
	struct item **place = place_of(session, sequence);
	struct item *item = *place;
	if (!item || item->sequence != sequence)
		return NULL;
	*place = NULL;
	list_remove(&session->flight, item);
	return item;
}

/* Hands over the whole PDUs that are here. Returns the octets they took. */
static size_t cut(struct session *session)
{
	size_t at = 0;
	while (session->state < SESSION_ENDING) {
		const size_t left = session->have - at;
		size_t len = session->dialect->measure(session->in + at, left);
		if (session->state == SESSION_OPEN && len != SIZE_MAX && len > session->dialect->most_unbound)
			len = SIZE_MAX;
		if (len == SIZE_MAX) {
			memmove(session->in, session->in + at, left);
			session->have = left;
			session->dialect->lost(session, left);
			return left;
		}
		if (!len || len > left)
			return at;
		session->dialect->react(session, session->in + at, len);
		at += len;
	}
	return session->have;
}

static void on_readable(evutil_socket_t fd, short what, void *ctx)
{
	(void)what;
	struct session *session = ctx;
	center_clock(session->center);
	ssize_t n = read(fd, session->in + session->have, READ_AT_ONCE);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		session_drop(session, n ? strerror(errno) : "closed by the client");
		return;
	}
	session->have += (size_t)n;
	const size_t used = cut(session);
	session->have -= used;
	memmove(session->in, session->in + used, session->have);
	if (!session->have)
		session->partial_ms = 0;
	else if (used || !session->partial_ms)
		session->partial_ms = session->center->now_ms;
	if (session->state != SESSION_GONE && evbuffer_get_length(session->out) > OUT_HIGH) {
		session->paused = true;
		event_del(session->readable);
	}
}

static void flush(struct session *session)
{
	while (evbuffer_get_length(session->out)) {
		if (evbuffer_write(session->out, session->fd) < 0) {
			if (errno != EAGAIN && errno != EINTR) {
				session_drop(session, strerror(errno));
				return;
			}
			event_add(session->writable, NULL);
			break;
		}
		session->progress_ms = session->center->now_ms;
	}
	const size_t left = evbuffer_get_length(session->out);
	if (!left) {
		session->unsent = 0;
		session->progress_ms = session->center->now_ms;
		if (session->state == SESSION_ENDING)
			shutdown(session->fd, SHUT_WR);
	}
	if (session->paused && left < OUT_LOW) {
		session->paused = false;
		event_add(session->readable, NULL);
	}
}

static void on_writable(evutil_socket_t fd, short what, void *ctx)
{
	(void)fd, (void)what;
	struct session *session = ctx;
	center_clock(session->center);
	flush(session);
	if (session->account && session_receives(session))
		account_pump(session->center, session->account);
}

static void session_free(struct session *session)
{
	session->center->sessions[session->serial % SESSIONS_MAX] = NULL;
	event_free(session->readable);
	event_free(session->writable);
	evbuffer_free(session->out);
	close(session->fd);
	free(session->by_sequence);
	free(session->own);
	free(session->in);
	free(session);
}

void sessions_flush(struct center *center)
{
	while (center->dirty) {
		struct session *session = center->dirty;
		center->dirty = session->next_dirty;
		session->dirty = false;
		if (session->state != SESSION_GONE)
			flush(session);
		if (session->state == SESSION_GONE && !session->dirty)
			session_free(session);
	}
}

static bool slot_find(struct center *center, uint64_t *serial)
{
	for (unsigned i = 0; i < SESSIONS_MAX; i++) {
		*serial = ++center->serials;
		if (!center->sessions[*serial % SESSIONS_MAX])
			return true;
	}
	return false;
}

uint64_t session_new(struct center *center, const struct dialect *dialect, int fd)
{
	uint64_t serial;
	if (!slot_find(center, &serial)) {
		log_warn("event=refused reason=\"too many connections\"");
		close(fd);
		return 0;
	}
	const int on = 1;
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
	struct session *session = calloc(1, sizeof *session);
	if (!session)
		abort();
	*session = (struct session){
		.center = center, .dialect = dialect, .serial = serial, .fd = fd, .since_ms = center->now_ms,
		.progress_ms = center->now_ms, .ring = RING_MIN, .version = 0x34,
		.sequence = dialect->numbers.last,
		.in = malloc(IN_ROOM), .out = evbuffer_new(),
		.readable = event_new(center->base, fd, EV_READ | EV_PERSIST, on_readable, session),
		.writable = event_new(center->base, fd, EV_WRITE, on_writable, session),
	};
	while (session->ring < 2 * center->options->deliver_window)
		session->ring *= 2;
	session->by_sequence = calloc(session->ring, sizeof(struct item *));
	if (!session->in || !session->out || !session->readable || !session->writable ||
	    !session->by_sequence)
		abort();
	center->sessions[serial % SESSIONS_MAX] = session;
	event_add(session->readable, NULL);
	if (dialect->begin)
		dialect->begin(session);
	return serial;
}

/* What a session has waited for too long, or NULL. */
static const char *overdue(const struct session *session)
{
	const uint64_t now = session->center->now_ms, in_state = now - session->since_ms;
	if (session->state == SESSION_OPEN && in_state >= BIND_MS &&
	    (session->dialect != &dialect_ucp || session->center->options->accounts.n))
		return "no bind came";
	if (session->state >= SESSION_UNBOUND && in_state >= CLOSE_MS)
		return "the client does not close";
	if (session->partial_ms && now - session->partial_ms >= PARTIAL_MS)
		return "the rest of a PDU does not come";
	if (evbuffer_get_length(session->out) && now - session->progress_ms >= STALL_MS)
		return "the client does not read";
	return NULL;
}

void sessions_check(struct center *center)
{
	for (unsigned i = 0; i < SESSIONS_MAX; i++) {
		struct session *session = center->sessions[i];
		if (!session || session->state == SESSION_GONE)
			continue;
		if (session->state == SESSION_OPEN && session->dialect->silent)
			session->dialect->silent(session, center->now_ms - session->since_ms);
		const char *why = overdue(session);
		if (why)
			session_drop(session, why);
		else
			account_overdue(session);
	}
}

void sessions_cut(struct center *center)
{
	for (unsigned i = 0; i < SESSIONS_MAX; i++)
		if (center->sessions[i])
			session_cut(center->sessions[i]);
}

void sessions_free(struct center *center)
{
	for (unsigned i = 0; i < SESSIONS_MAX; i++)
		if (center->sessions[i])
			session_drop(center->sessions[i], "the centre ends");
	sessions_flush(center);
}
