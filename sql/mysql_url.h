/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mysql_url.h - where a MariaDB or MySQL is: mysql://user:password@host:port/database, with
 * ?socket=/path for a Unix socket, and tls=off|on|verify, ca=/file. Percent signs as in any URL.
 * Several hosts, host:port,host:port, are servers that have the same data, to be tried in that order.
 */
#ifndef MYSQL_URL_H
#define MYSQL_URL_H

#include <mysql.h>

#include <stdbool.h>
#include <stddef.h>

enum mysql_tls { MYSQL_TLS_OFF, MYSQL_TLS_ON, MYSQL_TLS_VERIFY };

enum { MYSQL_HOSTS_MAX = 16 };

struct mysql_url {
	char octets[1024];              /* the texts, each with its NUL */
	const char *user, *password, *database;
	const char *socket, *ca;        /* NULL: none */
	size_t nhosts;                  /* at least one */
	struct mysql_host { const char *name; unsigned port; } hosts[MYSQL_HOSTS_MAX]; /* port 0: the usual one */
	enum mysql_tls tls;             /* OFF when nothing is said */
};

/* False: it is none, and `why` says what is expected. */
bool mysql_url_read(struct mysql_url *, const char *text, char *why, size_t room);

/* Sets what the url says of encryption, in the way of the library there is. */
void mysql_url_secure(MYSQL *, const struct mysql_url *);

#endif
