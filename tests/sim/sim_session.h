/* SPDX-License-Identifier: Apache-2.0 */
/* sim_session.h - one connection of a client: octets, its state, what is in flight. */
#ifndef SIM_SESSION_H
#define SIM_SESSION_H

#include "sim_agenda.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct center;
struct dialect;
struct event;
struct evbuffer;
struct smpp_pdu;

enum session_state {
	SESSION_OPEN, SESSION_TX, SESSION_RX, SESSION_TRX, SESSION_UNBOUND, SESSION_ENDING,
	SESSION_GONE,
};

struct session {
	struct center *center;
	const struct dialect *dialect;
	struct account *account;        /* while bound */
	struct session *next_bind;      /* of the account */
	struct session *next_dirty;
	uint64_t serial;
	int fd;
	enum session_state state;       /* session_enter() and session_drop() change it */
	bool dirty, paused;
	bool guessed;                   /* who it is: it has not said a word */
	uint8_t version;                /* interface_version of the bind */
	unsigned submits;               /* taken or not */
	unsigned delayed;               /* submits whose response is on the agenda */
	unsigned unsent;                /* responses to submits that are still in `out` */
	unsigned window;                /* unanswered submits, as the login had it; 0: as --window has it */
	unsigned bad;                   /* frames that were none, since the last that was one */
	void *own;                      /* the dialect's; one allocation, freed with the session */
	uint64_t since_ms;              /* when this state was entered */
	uint64_t partial_ms;            /* when a PDU began that is not whole; 0: none */
	uint64_t progress_ms;           /* when octets last left, or there were none to send */
	struct event *readable, *writable;
	struct evbuffer *out;
	uint8_t *in;
	size_t have;
	struct item_list flight;        /* deliver_sm sent and not answered, oldest first */
	struct item **by_sequence;      /* the same, at sequence modulo ring */
	uint32_t sequence, ring;        /* the last given out; a power of two */
};

/* Takes a connected socket, on which that is spoken. Returns the serial; 0: too many sessions,
 * it is closed. */
uint64_t session_new(struct center *, const struct dialect *, int fd);

/* The session of that serial, or NULL when it is no more. */
struct session *session_find(const struct center *, uint64_t serial);

static inline bool session_sends(const struct session *session)
{
	return session->state == SESSION_TX || session->state == SESSION_TRX;
}

static inline bool session_receives(const struct session *session)
{
	return session->state == SESSION_RX || session->state == SESSION_TRX;
}

/* Moves on to a later state. */
void session_enter(struct session *, enum session_state);

/* Queues a PDU; all of a turn leave together. False: nothing leaves, for the dialect cannot say
 * it, or the session is over. */
bool session_send(struct session *, const struct smpp_pdu *);

/* Lets the dialect keep a response that does not leave, for when its request comes again. */
void session_keep(struct session *, const struct smpp_pdu *);

/* Queues octets that are no PDU. */
void session_write(struct session *, const void *at, size_t len);

/* Queues a response without a body. */
void session_answer(struct session *, uint32_t command, uint32_t sequence, uint32_t status);

/* Sends a deliver_sm under a number of its own, and takes the item into flight. False: the
 * dialect cannot say it; the item is the caller's still. */
bool session_deliver(struct session *, struct smpp_pdu *, struct item *);

/* Sends a request under a number of its own that has no response. False: nothing leaves. */
bool session_tell(struct session *, struct smpp_pdu *);

/* The item that is in flight under that number; NULL: none is. */
const struct item *session_flying(const struct session *, uint32_t sequence);

/* Takes the item out of flight that was sent under that number; NULL: none was. */
struct item *session_delivered(struct session *, uint32_t sequence);

/* Whether one more deliver_sm would be too much just now. */
bool session_full(const struct session *);

/* Lets go of the connection: what is queued is lost, flights go back to the account. */
void session_drop(struct session *, const char *why);

/* Cuts it on purpose: every other time with a reset instead of an end. */
void session_cut(struct session *);

/* Writes what is queued, then closes. */
void session_end(struct session *, const char *why);

/* Cuts or drops every session. */
void sessions_cut(struct center *);
void sessions_free(struct center *);

/* Deadlines of all sessions; called a few times a second. */
void sessions_check(struct center *);

/* Writes what this turn has queued, and frees the sessions that are gone. */
void sessions_flush(struct center *);

#endif
