/* SPDX-License-Identifier: Apache-2.0 */
/* sim_account.h - who may bind, and what waits to be delivered to them. */
#ifndef SIM_ACCOUNT_H
#define SIM_ACCOUNT_H

#include "sim_agenda.h"

#include <stdbool.h>
#include <stdint.h>

struct center;
struct dialect;
struct session;

struct account {
	struct account *next;
	const struct dialect *dialect;  /* each has accounts of its own */
	char name[17];
	struct session *binds;          /* linked by next_bind */
	struct item_list queue;         /* receipts and inbound messages, oldest first */
	double tokens;                  /* submits it may send at once, as of tokens_ms */
	uint64_t tokens_ms;
};

/* The account of that name, made when it is new; NULL when it may not bind. */
struct account *account_find(struct center *, const struct dialect *, const char *system_id,
    const char *password);
/* The same for whom the centre itself calls, who says no password. NULL: there are too many. */
struct account *account_named(struct center *, const struct dialect *, const char *name);
void accounts_free(struct center *);

/* A session belongs to the account from join to leave. */
void account_join(struct account *, struct session *);
void account_leave(struct session *);

/* Takes one submit out of the account's rate. False: it has had its share. */
bool account_may_submit(struct center *, struct account *);

/* Queues a receipt or an inbound message, which goes out as soon as a bind can take
 * it. Takes the item. False: too many wait; the item is freed. */
bool account_post(struct center *, struct account *, struct item *);

/* Sends what can be sent. */
void account_pump(struct center *, struct account *);

/* A deliver_sm of this session was answered. */
void account_answered(struct session *, uint32_t sequence, uint32_t status);

/* Queues again, before all else, what is in flight on the session. */
void account_return(struct session *);

/* Likewise what has been in flight for too long. */
void account_overdue(struct session *);

#endif
