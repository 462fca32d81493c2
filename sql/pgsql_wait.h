/* SPDX-License-Identifier: Apache-2.0 */
/* pgsql_wait.h - the answer of a PostgreSQL server, waited for with a limit. */
#ifndef PGSQL_WAIT_H
#define PGSQL_WAIT_H

#include <libpq-fe.h>

#include <stdbool.h>

/* Writes out what one of libpq's PQsend... functions has taken (`sent`: what it returned), and reads the
 * answer to all of it, as PQexec would; the caller clears it. The connection must be non-blocking.
 * NULL: there is none. Then *late says whether that is because limit_ms went by; such a connection
 * is of no more use but to PQfinish(). */
PGresult *pgsql_wait(PGconn *, bool sent, unsigned limit_ms, bool *late);

#endif
