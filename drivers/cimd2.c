/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cimd2.c - the driver of CIMD2: an account whose lines are logins.
 *
 * It says of the options what an account has to know, and hands on what came in.
 *
 * Left to others: octets (cimd2_pdu.c, cimd2_text.c), meaning (cimd2_map.c and its kind), options
 * (cimd2_options.c), logins (cimd2_wire.c, cimd2_request.c), and all that is the same for every
 * protocol (account.c, line.c, talk.c).
 */
#include "cimd2.h"

#include "../gateway/asked.h"
#include "../gateway/driver.h"
#include "cimd2_wire.h"
#include "zone.h"

#include <stdlib.h>

static void on_delivered(void *at, const void *what, uint64_t ticket)
{
	struct cimd2_session *session = at;
	const struct cimd2_news *news = what;
	if (news->receipt)
		account_receipt(session->account, news->receipt, ticket);
	else
		account_inbound(session->account, news->inbound, ticket);
}

static void cimd2_take(void *at, struct part *part)
{
	account_submit(((struct cimd2_session *)at)->account, part);
}

static void cimd2_ask(void *at, struct question *question)
{
	account_ask(((struct cimd2_session *)at)->account, question);
}

static void cimd2_acked(void *at, uint64_t ticket, enum ack ack)
{
	account_ack(((struct cimd2_session *)at)->account, ticket, ack);
}

static void cimd2_drain(void *at)
{
	account_drain(((struct cimd2_session *)at)->account);
}

static void *cimd2_open(struct link *link, const void *at)
{
	const struct cimd2_options *options = at;
	struct cimd2_session *session = calloc(1, sizeof *session);
	if (!session)
		abort();
	*session = (struct cimd2_session){ .options = options, .twins = twins_new(TWINS_USUAL),
		.zone = zone_seconds(options->time_zone) };
	const struct account_settings settings = {
		.line = { .class = &cimd2_wire, .options = options, .session = session,
			.window = (unsigned)options->window, .response_timeout = options->response_timeout,
			.inactivity = options->inactivity, .anew = "logging in anew" },
		.hosts = options->stx.host, .nslots = (unsigned)options->sessions,
		.host_return = options->host_return, .noun = "session", .delivered = on_delivered,
	};
	session->account = account_open(link, &settings);
	return session;
}

static void cimd2_close(void *at)
{
	struct cimd2_session *session = at;
	account_close(session->account);
	twins_free(session->twins);
	free(session);
}

const struct driver cimd2_driver = {
	.name = "cimd2",
	.keys = cimd2_keys,
	.options = sizeof(struct cimd2_options),
	.check = cimd2_check,
	.open = cimd2_open,
	.concats = 1 << CONCAT_UDH8 | 1 << CONCAT_UDH16,
	.submit = cimd2_take,
	.ack = cimd2_acked,
	.ask = cimd2_ask,
	.drain = cimd2_drain,
	.close = cimd2_close,
};
