/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pgsql_wait.c - the answer of a PostgreSQL server, waited for with a limit.
 *
 * PQexec waits for as long as the connection stands. A server that is frozen, or a proxy
 * before one that hangs, keeps it: their kernels go on acknowledging, so neither keep-alives nor
 * tcp_user_timeout notice, and its own statement_timeout is frozen, too.
 */
#include "pgsql_wait.h"

#include "../gateway/clock.h"

#include <errno.h>
#include <poll.h>
#include <stdint.h>

/* Until the server has something to say or, with `writes`, takes something. False: too late. */
static bool wait_for(const PGconn *conn, bool writes, uint64_t until)
{
	struct pollfd on = { .fd = PQsocket(conn), .events = writes ? POLLIN | POLLOUT : POLLIN };
	for (;;) {
		const uint64_t now = clock_ms();
		if (now >= until)
			return false;
		const int n = poll(&on, 1, (int)(until - now));
		if (n > 0 || (n < 0 && errno != EINTR))
			return true;    /* what is wrong, libpq will find */
	}
}

/* A server that answers before it has read all must be read from, or both would wait. */
static void write_out(PGconn *conn, uint64_t until, bool *late)
{
	while (PQflush(conn) > 0) {
		*late = !wait_for(conn, true, until);
		if (*late || !PQconsumeInput(conn))
			return;
	}
}

PGresult *pgsql_wait(PGconn *conn, bool sent, unsigned limit_ms, bool *late)
{
	const uint64_t until = clock_ms() + limit_ms;
	PGresult *last = NULL, *next = NULL;
	*late = false;
	if (sent)
		write_out(conn, until, late);
	do {
		/* Answers that are here are read also when the rest could not be written: they say why. */
		while (!*late && PQisBusy(conn)) {
			*late = !wait_for(conn, false, until);
			if (!*late && !PQconsumeInput(conn))
				break;
		}
		next = *late ? NULL : PQgetResult(conn);
		if (next) {
			PQclear(last);
			last = next;
		}
	} while (next);
	if (*late)
		PQclear(last);
	return *late ? NULL : last;
}
