/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sim_alert.c - an alert_notification for a handset that was away.
 *
 * A submit with set_dpf whose receipt says that the handset did not get it is followed by
 * one; --alerts sends some without. It has no response: it is sent once, and gone.
 */
#include "sim_alert.h"

#include "sim_account.h"
#include "sim_center.h"
#include "sim_session.h"

#include "../../drivers/smpp_pdu.h"

#include <stdio.h>

static struct item *alert_new(struct center *center, struct account *account)
{
	struct item *item = item_new(center->agenda);
	item->kind = ITEM_ALERT;
	item->account = account;
	return item;
}

struct item *alert_after(struct center *center, const struct item *receipt)
{
	struct item *item = alert_new(center, receipt->account);
	item->source = receipt->source;
	item->destination = receipt->destination;
	return item;
}

void alerts_post(struct center *center, struct account *account)
{
	while (center->alerts_made < center->options->alerts) {
		struct item *item = alert_new(center, account);
		item->destination = (struct item_address){ .ton = 1, .npi = 1 };
		snprintf(item->destination.digits, sizeof item->destination.digits, "4477009%05u",
		    ++center->alerts_made % 100000);
		snprintf(item->source.digits, sizeof item->source.digits, "12345");
		account_post(center, account, item);
	}
}

void alert_send(struct center *center, struct session *session, struct item *item)
{
	static const uint8_t available = 0;
	struct smpp_pdu pdu = { .command = SMPP_ALERT_NOTIFICATION,
		.source = { .ton = item->destination.ton, .npi = item->destination.npi },
		.destination = { .ton = item->source.ton, .npi = item->source.npi } };
	snprintf(pdu.source.digits, sizeof pdu.source.digits, "%s", item->destination.digits);
	snprintf(pdu.destination.digits, sizeof pdu.destination.digits, "%s", item->source.digits);
	smpp_tlv_add(&pdu, SMPP_TAG_MS_AVAILABILITY_STATUS, &available, 1);
	center->counts.alerts_sent += session_tell(session, &pdu);
	item_free(center->agenda, item);
}
