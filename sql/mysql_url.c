/* SPDX-License-Identifier: Apache-2.0 */
/* mysql_url.c - the parts of a URL, and what differs between the two client libraries. */
#include "mysql_url.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char form[] = "expected mysql://user:password@host:port/database, or "
    "mysql://user@localhost/database?socket=/path; several host:port with commas between; parameters are "
    "socket, tls=off|on|verify, ca=/file";

static int hex_digit(char c)
{
	static const char digits[] = "0123456789abcdef";
	const char *at = c ? strchr(digits, c | 0x20) : NULL;
	return at ? (int)(at - digits) : -1;
}

/* "%40" -> "@", in place. False: a percent sign that is none. */
static bool decode(char *text)
{
	char *out = text;
	for (; *text; text++) {
		if (*text != '%') {
			*out++ = *text;
			continue;
		}
		const int high = hex_digit(text[1]), low = high < 0 ? -1 : hex_digit(text[2]);
		if (low < 0 || (high | low) == 0)
			return false;
		*out++ = (char)(high << 4 | low);
		text += 2;
	}
	*out = '\0';
	return true;
}

/* Cuts the text at the first of that sign; what is behind it, or NULL. */
static char *cut(char *text, char sign)
{
	char *at = strchr(text, sign);
	if (at)
		*at++ = '\0';
	return at;
}

static bool read_parameter(struct mysql_url *url, const char *name, const char *value)
{
	static const char *const words[] = { [MYSQL_TLS_OFF] = "off", [MYSQL_TLS_ON] = "on",
		[MYSQL_TLS_VERIFY] = "verify" };
	if (strcmp(name, "socket") == 0)
		url->socket = value;
	else if (strcmp(name, "ca") == 0)
		url->ca = value;
	else if (strcmp(name, "tls") == 0) {
		for (size_t i = 0; i < sizeof words / sizeof *words; i++)
			if (strcmp(words[i], value) == 0) {
				url->tls = (enum mysql_tls)i;
				return true;
			}
		return false;
	} else
		return false;
	return *value == '/';
}

static bool read_parameters(struct mysql_url *url, char *text)
{
	while (text && *text) {
		char *name = text;
		text = cut(name, '&');
		char *value = cut(name, '=');
		if (!value || !decode(value) || !read_parameter(url, name, value))
			return false;
	}
	return true;
}

/* host, host:port or [address]:port */
static bool read_host(struct mysql_host *host, char *text)
{
	char *port;
	if (*text == '[') {
		char *end = cut(++text, ']');
		if (!end || (*end && *end != ':'))
			return false;
		port = *end ? end + 1 : NULL;
	} else {
		port = cut(text, ':');
	}
	host->name = *text ? text : "localhost";
	if (!port)
		return decode(text);
	char *end;
	const unsigned long number = strtoul(port, &end, 10);
	host->port = (unsigned)number;
	return *port && !*end && number > 0 && number < 65536 && decode(text);
}

/* Only a host that is alone may be left out. */
static bool read_hosts(struct mysql_url *url, char *text)
{
	while (text) {
		char *next = cut(text, ',');
		if (url->nhosts == MYSQL_HOSTS_MAX || (!*text && (next || url->nhosts)) ||
		    !read_host(&url->hosts[url->nhosts++], text))
			return false;
		text = next;
	}
	return true;
}

bool mysql_url_read(struct mysql_url *url, const char *text, char *why, size_t room)
{
	*url = (struct mysql_url){ .user = "", .password = "", .nhosts = 0 };
	const char *begin = strstr(text, "://");
	const bool fits = begin && strlen(begin + 3) < sizeof url->octets;
	bool good = fits;
	if (fits) {
		char *at = url->octets;
		memcpy(at, begin + 3, strlen(begin + 3) + 1);
		char *parameters = cut(at, '?'), *database = cut(at, '/'), *host = strrchr(at, '@');
		if (host) {
			char *user = at;
			*host = '\0';
			at = host + 1;
			char *password = cut(user, ':');
			url->user = user;
			url->password = password ? password : "";
			good = decode(user) && (!password || decode(password));
		}
		url->database = database;
		good = good && database && *database && decode(database) && read_hosts(url, at) &&
		    read_parameters(url, parameters);
	}
	/* Never the whole url: it has the password. */
	if (!good)
		snprintf(why, room, "url of the database: %s", form);
	return good;
}

#if defined(MARIADB_BASE_VERSION) || defined(MARIADB_PACKAGE_VERSION)
void mysql_url_secure(MYSQL *conn, const struct mysql_url *url)
{
	const my_bool on = url->tls != MYSQL_TLS_OFF, verify = url->tls == MYSQL_TLS_VERIFY;
	if (url->ca)
		mysql_options(conn, MYSQL_OPT_SSL_CA, url->ca);
	if (on)
		mysql_options(conn, MYSQL_OPT_SSL_ENFORCE, &on);
	if (on)
		mysql_options(conn, MYSQL_OPT_SSL_VERIFY_SERVER_CERT, &verify);
}
#else
void mysql_url_secure(MYSQL *conn, const struct mysql_url *url)
{
	const unsigned mode = url->tls == MYSQL_TLS_OFF ? SSL_MODE_PREFERRED
	    : url->tls == MYSQL_TLS_ON ? SSL_MODE_REQUIRED : SSL_MODE_VERIFY_IDENTITY;
	if (url->ca)
		mysql_options(conn, MYSQL_OPT_SSL_CA, url->ca);
	mysql_options(conn, MYSQL_OPT_SSL_MODE, &mode);
}
#endif
