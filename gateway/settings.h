/* SPDX-License-Identifier: Apache-2.0 */
/* settings.h - the configuration file as the gateway understands it. */
#ifndef SETTINGS_H
#define SETTINGS_H

#include "../conf/conf.h"
#include "link.h"
#include "store.h"

/* Section `gateway`. */
struct gateway_options {
	char *name;                     /* unique among gateways that share a database */
	int in_doubt;                   /* enum in_doubt */
	int log;                        /* enum log_level */
	char *journal;                  /* its folder; "": none, "auto": see journal_folder() */
	long drain_time;                /* ms */
	long poll;                      /* ms: how long an idle gateway sleeps between looks */
};
extern const struct conf_key gateway_keys[];

/* Section `route`: which links serve it. */
struct route_options {
	struct conf_list links;
};
extern const struct conf_key route_keys[];

struct route_settings {
	const char *name;
	struct route_options options;
};

enum { SETTINGS_DRIVERS_MAX = 30, SETTINGS_KINDS = 5 };

/* One reading of the file. Never changes; a reload makes another. */
struct settings {
	struct conf *conf;
	struct gateway_options gateway;
	struct store_options database;
	struct link_settings *links;
	size_t nlinks;
	struct route_settings *routes;  /* never empty: without sections, "" over every link */
	size_t nroutes;
	struct conf_kind kinds[SETTINGS_KINDS]; /* what the file may hold; conf points here */
	const struct conf_key *link_tables[SETTINGS_DRIVERS_MAX + 2];
};

/* Reads and checks everything; opens nothing. NULL, with *err filled: one line
 * with file, line, key and what is allowed. */
struct settings *settings_read(const char *path, struct conf_error *err);
void settings_free(struct settings *); /* NULL is allowed */

#endif
