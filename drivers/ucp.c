/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ucp.c - the driver of EMI/UCP: an account whose lines are sessions with a centre.
 *
 * It says of the options what an account has to know, and reads what came in.
 *
 * Left to others: octets (ucp_pdu.c), meaning (ucp_map.c and its kind), options (ucp_options.c),
 * sessions (ucp_wire.c), ids that a centre gives more than once (twins.c), and all that is the
 * same for every protocol (account.c, line.c).
 */
#include "ucp.h"

#include "../gateway/asked.h"
#include "../gateway/driver.h"
#include "account.h"
#include "ucp_wire.h"

#include <stdlib.h>

static void on_delivered(void *at, const void *what, uint64_t ticket)
{
	struct ucp_session *session = at;
	const struct ucp_delivery *delivery = what;
	if (delivery->receipt) {
		struct receipt receipt = *delivery->receipt;
		account_receipt(session->account, &receipt, ticket);
		return;
	}
	struct ucp_arrived arrived;
	ucp_read_inbound(session->options, delivery->pdu, &arrived);
	account_inbound(session->account, &arrived.inbound, ticket);
	free(arrived.options);
}

static void ucp_take(void *at, struct part *part)
{
	account_submit(((struct ucp_session *)at)->account, part);
}

static void ucp_ask(void *at, struct question *question)
{
	account_ask(((struct ucp_session *)at)->account, question);
}

static void ucp_acked(void *at, uint64_t ticket, enum ack ack)
{
	account_ack(((struct ucp_session *)at)->account, ticket, ack);
}

static void ucp_drain(void *at)
{
	account_drain(((struct ucp_session *)at)->account);
}

static const char *ucp_listens(const void *at)
{
	const struct ucp_options *options = at;
	return options->listen && *options->listen ? options->listen : NULL;
}

static void *ucp_open(struct link *link, const void *at)
{
	const struct ucp_options *options = at;
	struct ucp_session *session = calloc(1, sizeof *session);
	if (!session)
		abort();
	*session = (struct ucp_session){ .options = options, .twins = twins_new(TWINS_USUAL) };
	TAILQ_INIT(&session->connections);
	struct account_settings settings = {
		.line = { .class = &ucp_wire, .options = options, .session = session,
			.window = (unsigned)options->window, .response_timeout = options->response_timeout,
			.inactivity = options->inactivity, .anew = "opening a session anew" },
		.hosts = options->stx.host, .nslots = (unsigned)options->sessions,
		.host_return = options->host_return, .noun = "session", .delivered = on_delivered,
	};
	ucp_door(options, &settings.door);
	session->account = account_open(link, &settings);
	return session;
}

static void ucp_close(void *at)
{
	struct ucp_session *session = at;
	account_close(session->account);
	twins_free(session->twins);
	free(session);
}

const struct driver ucp_driver = {
	.name = "ucp",
	.keys = ucp_keys,
	.options = sizeof(struct ucp_options),
	.check = ucp_check,
	.listens = ucp_listens,
	.open = ucp_open,
	.concats = 1 << CONCAT_UDH8 | 1 << CONCAT_UDH16,
	.submit = ucp_take,
	.ack = ucp_acked,
	.ask = ucp_ask,
	.drain = ucp_drain,
	.close = ucp_close,
};
