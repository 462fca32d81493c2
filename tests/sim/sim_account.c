/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sim_account.c - accounts, and delivering to them until they acknowledge.
 *
 * An item waits in its account's queue until one of the account's receivers has
 * room, then it is in flight there. It ends when it is acknowledged, or refused
 * for good; a lost connection, silence and passing errors bring it back:
 *
 *     queue --account_pump--> flight --ROK, lasting error--> freed
 *       ^                       |  |
 *       +--account_return-------+  +--passing error--> agenda
 *       +--account_overdue------+                        |
 *       +------------------- account_post ---------------+
 *
 * What a deliver_sm says is left to sim_deliver.c.
 */
#include "sim_account.h"

#include "sim_center.h"
#include "sim_deliver.h"
#include "sim_session.h"

#include "../../drivers/smpp_pdu.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { QUEUE_MAX = 2000000, ACCOUNTS_MAX = 1024 };

static bool allowed(const struct center *center, const char *system_id, const char *password)
{
	const struct sim_list *list = &center->options->accounts;
	const size_t n = strlen(system_id);
	for (size_t i = 0; i < list->n; i++)
		if (strncmp(list->at[i], system_id, n) == 0 && list->at[i][n] == ':' &&
		    strcmp(list->at[i] + n + 1, password) == 0)
			return true;
	return !list->n;
}

struct account *account_find(struct center *center, const struct dialect *dialect,
    const char *system_id, const char *password)
{
	return allowed(center, system_id, password) ? account_named(center, dialect, system_id) : NULL;
}

struct account *account_named(struct center *center, const struct dialect *dialect, const char *name)
{
	unsigned n = 0;
	for (struct account *account = center->accounts; account; account = account->next, n++)
		if (account->dialect == dialect && strcmp(account->name, name) == 0)
			return account;
	if (n == ACCOUNTS_MAX)
		return NULL;
	struct account *account = calloc(1, sizeof *account);
	if (!account)
		abort();
	account->dialect = dialect;
	snprintf(account->name, sizeof account->name, "%s", name);
	account->tokens = center->options->rate;
	account->tokens_ms = center->now_ms;
	account->next = center->accounts;
	center->accounts = account;
	return account;
}

void accounts_free(struct center *center)
{
	while (center->accounts) {
		struct account *account = center->accounts;
		center->accounts = account->next;
		free(account);
	}
}

void account_join(struct account *account, struct session *session)
{
	session->account = account;
	session->next_bind = account->binds;
	account->binds = session;
}

void account_leave(struct session *session)
{
	if (!session->account)
		return;
	struct session **at = &session->account->binds;
	while (*at && *at != session)
		at = &(*at)->next_bind;
	if (*at)
		*at = session->next_bind;
	session->next_bind = NULL;
}

bool account_may_submit(struct center *center, struct account *account)
{
	const unsigned rate = center->options->rate;
	if (!rate)
		return true;
	account->tokens += (double)(center->now_ms - account->tokens_ms) * rate / 1000;
	account->tokens_ms = center->now_ms;
	if (account->tokens > rate)
		account->tokens = rate;
	if (account->tokens < 1)
		return false;
	account->tokens--;
	return true;
}

/* The receiver with the least in flight that has room, or NULL. */
static struct session *receiver(const struct account *account)
{
	struct session *best = NULL;
	for (struct session *at = account->binds; at; at = at->next_bind)
		if (session_receives(at) && !session_full(at) &&
		    (!best || at->flight.n < best->flight.n))
			best = at;
	return best;
}

void account_pump(struct center *center, struct account *account)
{
	while (account->queue.first) {
		struct session *session = receiver(account);
		if (!session)
			return;
		struct item *item = account->queue.first;
		list_remove(&account->queue, item);
		deliver(center, session, item);
	}
}

bool account_post(struct center *center, struct account *account, struct item *item)
{
	if (account->queue.n >= QUEUE_MAX) {
		item_free(center->agenda, item);
		return false;
	}
	list_append(&account->queue, item);
	account_pump(center, account);
	return true;
}

/* Whether the same deliver_sm may be taken later (reference: retry class). */
static bool passing(uint32_t status)
{
	static const uint32_t statuses[] = {
		SMPP_RSYSERR, SMPP_RMSGQFUL, SMPP_RSUBMITFAIL, SMPP_RTHROTTLED, SMPP_RX_T_APPN,
		0xFE, SMPP_RUNKNOWNERR,
	};
	for (size_t i = 0; i < sizeof statuses / sizeof *statuses; i++)
		if (statuses[i] == status)
			return true;
	return false;
}

/* Writes down that the client has it: a test then looks for it in the tables. */
static void record_acked(struct center *center, const struct item *item)
{
	char id[ID_TEXT_MAX];
	if (item->kind == ITEM_RECEIPT) {
		center_item_id(center, item, false, id);
		fprintf(center->record, "acked receipt %s\n", id);
	} else if (item->kind == ITEM_INBOUND) {
		fprintf(center->record, "acked inbound %llu/%u\n", (unsigned long long)item->number,
		    item->part);
	}
}

void account_answered(struct session *session, uint32_t sequence, uint32_t status)
{
	struct center *center = session->center;
	struct item *item = session_delivered(session, sequence);
	if (!item) {
		center->counts.stray_responses++;
		return;
	}
	if (passing(status)) {
		center_later(center, item, center->options->deliver_retry_ms);
	} else {
		if (status)
			center->counts.deliveries_refused++;
		else if (item->kind == ITEM_RECEIPT)
			center->counts.receipts_acked++;
		else if (item->kind != ITEM_ANSWER)
			center->counts.inbound_acked++;
		if (!status && center->record)
			record_acked(center, item);
		item_free(center->agenda, item);
	}
	if (session->account)
		account_pump(center, session->account);
}

void account_return(struct session *session)
{
	struct account *account = session->account;
	if (!session->flight.first)
		return;
	list_prepend_all(&account->queue, &session->flight);
	memset(session->by_sequence, 0, session->ring * sizeof(struct item *));
	account_pump(session->center, account);
}

void account_overdue(struct session *session)
{
	const struct center *center = session->center;
	struct item_list late = { 0 };
	struct item *item;
	while ((item = session->flight.first) &&
	    center->now_ms - item->due_ms >= center->options->deliver_timeout_ms)
		list_append(&late, session_delivered(session, item->sequence));
	if (!late.first)
		return;
	list_prepend_all(&session->account->queue, &late);
	account_pump(session->center, session->account);
}
