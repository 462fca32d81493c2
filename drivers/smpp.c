/* SPDX-License-Identifier: Apache-2.0 */
/*
 * smpp.c - the driver of SMPP 3.3, 3.4 and 5.0: an account whose lines are binds.
 *
 * It says of the options what an account has to know, and reads what came in.
 *
 * Left to others: octets (smpp_pdu.c), meaning (smpp_map.c and its kind), options
 * (smpp_options.c), binds (smpp_wire.c, smpp_half.c), who may call (smpp_outbind.c), and all that
 * is the same for every protocol (account.c, line.c).
 */
#include "smpp.h"

#include "../gateway/asked.h"
#include "../gateway/driver.h"
#include "account.h"
#include "smpp_outbind.h"
#include "smpp_wire.h"

#include <stdlib.h>

static void receive_receipt(struct smpp_session *session, const struct smpp_pdu *pdu,
    const struct smpp_receipt *from, uint64_t ticket)
{
	struct receipt receipt;
	smpp_read_receipt(session->options, pdu, from, &receipt);
	account_receipt(session->account, &receipt, ticket);
}

static void on_delivered(void *at, const void *what, uint64_t ticket)
{
	struct smpp_session *session = at;
	const struct smpp_pdu *pdu = what;
	struct smpp_receipt receipt;
	const bool message = pdu->command != SMPP_ALERT_NOTIFICATION;
	if (message && (smpp_receipt(pdu, &receipt) ||
	    (session->options->sniff_receipts && smpp_receipt_sniffed(pdu, &receipt)))) {
		receive_receipt(session, pdu, &receipt, ticket);
		return;
	}
	struct inbound inbound;
	char *told = smpp_read_inbound(session->options, pdu, &inbound);
	account_inbound(session->account, &inbound, ticket);
	free(told);
}

static void smpp_take(void *at, struct part *part)
{
	account_submit(((struct smpp_session *)at)->account, part);
}

static void smpp_ask(void *at, struct question *question)
{
	account_ask(((struct smpp_session *)at)->account, question);
}

static void smpp_ack(void *at, uint64_t ticket, enum ack ack)
{
	account_ack(((struct smpp_session *)at)->account, ticket, ack);
}

static void smpp_drain(void *at)
{
	account_drain(((struct smpp_session *)at)->account);
}

static const char *smpp_listens(const void *options)
{
	const struct door_settings door = outbind_door(options);
	return door_wanted(&door) ? door.listen : NULL;
}

static void *smpp_open(struct link *link, const void *at)
{
	const struct smpp_options *options = at;
	struct smpp_session *session = calloc(1, sizeof *session);
	if (!session)
		abort();
	*session = (struct smpp_session){ .options = options,
		.bind = (enum smpp_bind)options->bind };
	if (session->bind == SMPP_BIND_AUTO && smpp_version(options) < 0x34)
		session->bind = SMPP_TRANSMITTER_RECEIVER; /* 3.3 has no transceiver */
	const struct account_settings settings = {
		.line = { .class = &smpp_wire, .options = options, .session = session,
			.window = (unsigned)options->window, .response_timeout = options->response_timeout,
			.inactivity = options->inactivity, .anew = "binding anew" },
		.hosts = options->host, .nslots = (unsigned)options->binds,
		.host_return = options->host_return, .door = outbind_door(options), .noun = "bind",
		.delivered = on_delivered,
	};
	session->account = account_open(link, &settings);
	return session;
}

static void smpp_close(void *at)
{
	struct smpp_session *session = at;
	account_close(session->account);
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
