/* SPDX-License-Identifier: Apache-2.0 */
/* ucp_wire.h - a connection to a centre of EMI/UCP, as a wire of its line (wire.h). */
#ifndef UCP_WIRE_H
#define UCP_WIRE_H

#include "account.h"
#include "twins.h"
#include "ucp.h"
#include "wire.h"

#include <sys/queue.h>

struct ucp_connection;
TAILQ_HEAD(ucp_connections, ucp_connection);

/* What the driver's session holds for all its wires. */
struct ucp_session {
	const struct ucp_options *options;
	struct account *account;
	struct twins *twins;            /* ids that messages were taken under */
	struct ucp_connections connections; /* all there are; ended ones until they are freed */
};

/* What a wire delivers: operation 52 or 01, or the receipt that a 53 is. Lent. */
struct ucp_delivery { const struct ucp_pdu *pdu; const struct receipt *receipt; };

extern const struct wire_class ucp_wire;

#endif
