/* SPDX-License-Identifier: Apache-2.0 */
/*
 * settings.c - sections into structs, by the tables of those they belong to:
 * gateway and route here, link in link.c and in each driver, database in the
 * store.
 */
#include "settings.h"

#include "log.h"
#include "network.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char *const log_words[] = { "error", "warn", "info", "debug", NULL };

const struct conf_key gateway_keys[] = {
	{ .name = "name", .type = CONF_TEXT, .offset = offsetof(struct gateway_options, name),
	  .help = "of this gateway, unique among those that share a database; default: the host's name" },
	{ .name = "in_doubt", .type = CONF_WORD, .offset = offsetof(struct gateway_options, in_doubt),
	  .fallback = "hold", .words = in_doubt_words,
	  .help = "a message that left and was never answered: hold (at most once, a person decides) "
	  "or resend (at least once)" },
	{ .name = "journal", .type = CONF_TEXT, .offset = offsetof(struct gateway_options, journal),
	  .fallback = "auto",
	  .help = "folder for the journal of what was sent and not yet answered, by which fewer rows are in "
	  "doubt after a crash; auto: beside the SQLite file, or where this user keeps state; \"\": none" },
	{ .name = "log", .type = CONF_WORD, .offset = offsetof(struct gateway_options, log),
	  .fallback = "info", .words = log_words, .live = true,
	  .help = "how much to log; debug has a line for each message" },
	{ .name = "drain_time", .type = CONF_SECONDS,
	  .offset = offsetof(struct gateway_options, drain_time), .fallback = "30", .min = 0,
	  .max = 3600, .live = true,
	  .help = "seconds to wait for answers at the end, at most" },
	{ .name = "poll", .type = CONF_SECONDS, .offset = offsetof(struct gateway_options, poll),
	  .fallback = "0.025", .min = 0, .max = 60, .live = true,
	  .help = "seconds between looks for new messages when there were none" },
	{ .name = NULL },
};

const struct conf_key route_keys[] = {
	{ .name = "links", .type = CONF_LIST, .offset = offsetof(struct route_options, links),
	  .required = true, .help = "the links that serve messages of this route" },
	{ .name = NULL },
};

static const struct conf_key *const gateway_tables[] = { gateway_keys, NULL };
static const struct conf_key *const store_tables[] = { store_keys, NULL };
static const struct conf_key *const route_tables[] = { route_keys, NULL };

static const struct driver *driver_of(const char *name)
{
	for (size_t i = 0; drivers[i]; i++)
		if (strcmp(drivers[i]->name, name) == 0)
			return drivers[i];
	return NULL;
}

static bool no_driver(const struct conf_section *section, const char *name, struct conf_error *err)
{
	char known[200] = "";
	for (size_t i = 0, n = 0; drivers[i] && n < sizeof known; i++)
		n += (size_t)snprintf(known + n, sizeof known - n, "%s%s", i ? ", " : "",
		    drivers[i]->name);
	if (!name)
		return conf_fail(err, "%s: driver is missing: one of %s", conf_where(section), known);
	return conf_fail(err, "%s: driver = %s: there is no such driver; one of %s",
	    conf_where(section), name, known);
}

static bool read_link(const struct conf_section *section, struct link_settings *link,
    struct conf_error *err)
{
	link->name = conf_title(section);
	if (!*link->name || strlen(link->name) >= LINK_NAME_MAX)
		return conf_fail(err, "%s: a link's name has 1 to %d characters", conf_where(section),
		    LINK_NAME_MAX - 1);
	const char *name = conf_value(section, "driver");
	link->driver = name ? driver_of(name) : NULL;
	if (!link->driver)
		return no_driver(section, name, err);
	const struct conf_key *const tables[] = { link_keys, link->driver->keys, NULL };
	if (!conf_known(section, tables, err) || !conf_fill(section, link_keys, &link->common, err))
		return false;
	link->options = calloc(1, link->driver->options);
	if (!link->options)
		abort();
	if (!conf_fill(section, link->driver->keys, link->options, err))
		return false;
	struct conf_error inner;
	if ((link->driver->check && !link->driver->check(link->options, &inner)) ||
	    !link_encode_rules(&link->common, link->driver, &link->encode, &inner))
		return conf_fail(err, "%s: %.300s", conf_where(section), inner.text);
	return true;
}

static const char *listens_at(const struct link_settings *link)
{
	return link->driver->listens ? link->driver->listens(link->options) : NULL;
}

static const struct conf_section *section_of(const struct conf *conf, const char *link)
{
	const struct conf_section *at = conf_next(conf, "link", NULL);
	while (at && strcmp(conf_title(at), link) != 0)
		at = conf_next(conf, "link", at);
	return at;
}

/* No two links may await their peers at one address: the second would never get it. */
static bool check_listening(const struct settings *settings, struct conf_error *err)
{
	char here[400], there[400];
	for (size_t i = 0; i < settings->nlinks; i++) {
		const char *one = listens_at(&settings->links[i]);
		for (size_t j = 0; one && j < i; j++) {
			const char *other = listens_at(&settings->links[j]);
			if (!other || !network_clash(one, other))
				continue;
			conf_where_key(section_of(settings->conf, settings->links[i].name), "listen", here,
			    sizeof here);
			conf_where_key(section_of(settings->conf, settings->links[j].name), "listen", there,
			    sizeof there);
			return conf_fail(err, "%s: listen = %.80s: it is taken by %s: listen = %.80s; give one of "
			    "them another port", here, one, there, other);
		}
	}
	return true;
}

static size_t count(const struct conf *conf, const char *kind)
{
	size_t n = 0;
	for (const struct conf_section *at = NULL; (at = conf_next(conf, kind, at)); )
		n++;
	return n;
}

static bool read_links(struct settings *settings, struct conf_error *err)
{
	size_t n = count(settings->conf, "link");
	settings->links = calloc(n ? n : 1, sizeof *settings->links);
	if (!settings->links)
		abort();
	for (const struct conf_section *at = NULL; (at = conf_next(settings->conf, "link", at)); )
		if (!read_link(at, &settings->links[settings->nlinks++], err))
			return false;
	return check_listening(settings, err);
}

static bool has_link(const struct settings *settings, const char *name)
{
	for (size_t i = 0; i < settings->nlinks; i++)
		if (strcmp(settings->links[i].name, name) == 0)
			return true;
	return false;
}

static bool read_route(const struct conf_section *section, struct settings *settings,
    struct conf_error *err)
{
	struct route_settings *route = &settings->routes[settings->nroutes++];
	route->name = conf_title(section);
	if (!conf_known(section, route_tables, err) ||
	    !conf_fill(section, route_keys, &route->options, err))
		return false;
	const struct conf_list *links = &route->options.links;
	for (size_t i = 0; i < links->n; i++)
		if (!has_link(settings, links->items[i]))
			return conf_fail(err, "%s: links: there is no link \"%s\" in this file",
			    conf_where(section), links->items[i]);
	return true;
}

/* Without a section `route` the default route goes over every link. */
static void route_over_all(struct settings *settings)
{
	struct route_settings *route = &settings->routes[settings->nroutes++];
	route->name = "";
	struct conf_list *links = &route->options.links;
	links->items = calloc(settings->nlinks ? settings->nlinks : 1, sizeof *links->items);
	if (!links->items)
		abort();
	for (size_t i = 0; i < settings->nlinks; i++)
		if (!(links->items[links->n++] = strdup(settings->links[i].name)))
			abort();
}

static bool read_routes(struct settings *settings, struct conf_error *err)
{
	size_t n = count(settings->conf, "route");
	settings->routes = calloc(n ? n : 1, sizeof *settings->routes);
	if (!settings->routes)
		abort();
	if (n == 0)
		route_over_all(settings);
	for (const struct conf_section *at = NULL; (at = conf_next(settings->conf, "route", at)); )
		if (!read_route(at, settings, err))
			return false;
	return true;
}

static bool read_gateway(struct settings *settings, struct conf_error *err)
{
	struct gateway_options *gateway = &settings->gateway;
	const struct conf_section *section = conf_next(settings->conf, "gateway", NULL);
	if (section && !conf_known(section, gateway_tables, err))
		return false;
	if (!conf_fill(section, gateway_keys, gateway, err))
		return false;
	if (!*gateway->name) {
		char host[LINK_NAME_MAX] = "";
		gethostname(host, sizeof host - 1);
		free(gateway->name);
		if (!(gateway->name = strdup(*host ? host : "smsqld")))
			abort();
	}
	if (strlen(gateway->name) >= LINK_NAME_MAX || strchr(gateway->name, '/'))
		return conf_fail(err, "gateway: name = \"%.60s\": 1 to %d characters without a slash",
		    gateway->name, LINK_NAME_MAX - 1);
	return true;
}

static bool read_database(struct settings *settings, const char *path, struct conf_error *err)
{
	const struct conf_section *section = conf_next(settings->conf, "database", NULL);
	if (!section)
		return conf_fail(err, "%s: section database is missing: "
		    "database { url = \"sqlite:///var/lib/smsqld/sms.db\" }", path);
	if (!conf_known(section, store_tables, err) ||
	    !conf_fill(section, store_keys, &settings->database, err))
		return false;
	settings->database.name = settings->gateway.name;
	settings->database.in_doubt = (enum in_doubt)settings->gateway.in_doubt;
	settings->database.version = SMSQLD_VERSION;
	struct conf_error inner;
	if (!store_check(&settings->database, &inner))
		return conf_fail(err, "%s: %.300s", conf_where(section), inner.text);
	return true;
}

static bool read_all(struct settings *settings, const char *path, struct conf_error *err)
{
	settings->link_tables[0] = link_keys;
	for (size_t i = 0; drivers[i] && i < SETTINGS_DRIVERS_MAX; i++)
		settings->link_tables[i + 1] = drivers[i]->keys;
	const struct conf_kind kinds[SETTINGS_KINDS] = {
		{ .name = "gateway", .tables = gateway_tables },
		{ .name = "database", .tables = store_tables },
		{ .name = "link", .titled = true, .tables = settings->link_tables },
		{ .name = "route", .titled = true, .tables = route_tables },
		{ .name = NULL },
	};
	memcpy(settings->kinds, kinds, sizeof kinds);
	settings->conf = conf_read(path, settings->kinds, err);
	if (!settings->conf || !read_gateway(settings, err) || !read_database(settings, path, err) ||
	    !read_links(settings, err) || !read_routes(settings, err))
		return false;
	/* Rather not sent than sent twice, when a link may say so. */
	settings->database.in_doubt_unknown = settings->database.in_doubt;
	for (size_t i = 0; i < settings->nlinks; i++)
		if (settings->links[i].common.in_doubt == DOUBT_HOLD)
			settings->database.in_doubt_unknown = DOUBT_HOLD;
	return true;
}

struct settings *settings_read(const char *path, struct conf_error *err)
{
	struct settings *settings = calloc(1, sizeof *settings);
	if (!settings)
		abort();
	if (read_all(settings, path, err))
		return settings;
	settings_free(settings);
	return NULL;
}

void settings_free(struct settings *settings)
{
	if (!settings)
		return;
	for (size_t i = 0; i < settings->nlinks; i++) {
		struct link_settings *link = &settings->links[i];
		conf_clear(link_keys, &link->common);
		if (link->options)
			conf_clear(link->driver->keys, link->options);
		free(link->options);
	}
	for (size_t i = 0; i < settings->nroutes; i++)
		conf_clear(route_keys, &settings->routes[i].options);
	free(settings->links);
	free(settings->routes);
	conf_clear(gateway_keys, &settings->gateway);
	conf_clear(store_keys, &settings->database);
	conf_free(settings->conf);
	free(settings);
}
