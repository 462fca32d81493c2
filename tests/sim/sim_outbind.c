/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sim_outbind.c - a client that is called. SMPP: connect, outbind, and then it is a session like
 * any other, whose bind is awaited. UCP: there is no login on it, and it receives at once.
 *
 *     IDLE --on_turn--> CALLING --on_called--> a session --gone--> IDLE
 *       ^                  |
 *       +--- refused ------+
 *
 * Who does not listen is called again, five times a second.
 */
#include "sim_outbind.h"

#include "sim_account.h"
#include "sim_center.h"
#include "sim_dialect.h"
#include "sim_react.h"
#include "sim_session.h"

#include "../../drivers/smpp_pdu.h"
#include "../../gateway/log.h"

#include <event2/event.h>
#include <event2/util.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { TURN_MS = 200, TEXT_MAX = 128 };

struct outbind {
	struct outbind *next;
	struct center *center;
	const struct dialect *dialect;
	struct sockaddr_storage to;
	int to_len;
	char id[17], password[65];
	uint64_t serial;                /* of the session that the last call became */
	struct event *turn, *calling;   /* calling: NULL but while CALLING */
};

static void say_who(struct outbind *outbind)
{
	struct session *session = session_find(outbind->center, outbind->serial);
	struct smpp_pdu pdu = { .command = SMPP_OUTBIND, .sequence = 1 };
	if (!session)
		return;
	if (outbind->dialect == &dialect_ucp) {
		struct account *account = account_named(outbind->center, outbind->dialect, outbind->id);
		if (account)
			session_let_in(session, account, SESSION_RX);
		return;
	}
	snprintf(pdu.system_id, sizeof pdu.system_id, "%.15s", outbind->id);
	snprintf(pdu.password, sizeof pdu.password, "%s",
	    outbind->center->options->outbind_wrong_password ? "wrong" : outbind->password);
	session_send(session, &pdu);
	outbind->center->counts.outbinds++;
}

static void on_called(evutil_socket_t fd, short what, void *ctx)
{
	(void)what;
	struct outbind *outbind = ctx;
	int error = 0;
	socklen_t len = sizeof error;
	event_free(outbind->calling);
	outbind->calling = NULL;
	center_clock(outbind->center);
	if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len) != 0 || error) {
		log_info("event=outbind reason=\"%s\"", strerror(error));
		close(fd);
		return;
	}
	outbind->serial = session_new(outbind->center, outbind->dialect, fd);
	say_who(outbind);
}

static void on_turn(evutil_socket_t unused, short what, void *ctx)
{
	(void)unused, (void)what;
	struct outbind *outbind = ctx;
	if (outbind->calling || session_find(outbind->center, outbind->serial))
		return;
	const int fd = socket(outbind->to.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return;
	if (connect(fd, (struct sockaddr *)&outbind->to, (socklen_t)outbind->to_len) != 0 &&
	    errno != EINPROGRESS) {
		close(fd);
		return;
	}
	outbind->calling = event_new(outbind->center->base, fd, EV_WRITE, on_called, outbind);
	if (!outbind->calling || event_add(outbind->calling, NULL) != 0)
		abort();
}

/* "HOST:PORT[,ID,PASSWORD]" */
static bool read_whom(struct outbind *outbind, const char *text)
{
	char where[TEXT_MAX];
	const size_t n = strcspn(text, ",");
	outbind->to_len = sizeof outbind->to;
	snprintf(where, sizeof where, "%.*s", (int)n, text);
	snprintf(outbind->id, sizeof outbind->id, "smsc-sim");
	if (text[n] && sscanf(text + n, ",%15[^,],%64s", outbind->id, outbind->password) < 1)
		return false;
	return evutil_parse_sockaddr_port(where, (struct sockaddr *)&outbind->to,
	    &outbind->to_len) == 0;
}

/* Calls `whom`, which is in the form that the flag has; NULL: nobody. */
static bool start(struct center *center, const struct dialect *dialect, const char *whom,
    const char *form)
{
	static const struct timeval every = { .tv_usec = TURN_MS * 1000 };
	if (!whom)
		return true;
	struct outbind *outbind = calloc(1, sizeof *outbind);
	if (!outbind)
		abort();
	outbind->next = center->outbind;
	center->outbind = outbind;
	outbind->center = center;
	outbind->dialect = dialect;
	if (!read_whom(outbind, whom)) {
		fprintf(stderr, "smsc-sim: %s: %s is no address that can be called\n", form, whom);
		return false;
	}
	outbind->turn = event_new(center->base, -1, EV_PERSIST, on_turn, outbind);
	if (!outbind->turn || event_add(outbind->turn, &every) != 0)
		abort();
	return true;
}

bool outbind_start(struct center *center)
{
	const struct sim_options *options = center->options;
	return start(center, &dialect_smpp, options->outbind, "--outbind ADDRESS:PORT[,ID,PASSWORD]") &&
	    start(center, &dialect_ucp, options->ucp_call, "--ucp-call ADDRESS:PORT[,ID]");
}

static void outbind_free(struct outbind *outbind)
{
	if (outbind->calling) {
		close(event_get_fd(outbind->calling));
		event_free(outbind->calling);
	}
	if (outbind->turn)
		event_free(outbind->turn);
	free(outbind);
}

void outbind_stop(struct center *center)
{
	while (center->outbind) {
		struct outbind *outbind = center->outbind;
		center->outbind = outbind->next;
		outbind_free(outbind);
	}
}
