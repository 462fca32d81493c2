/* SPDX-License-Identifier: Apache-2.0 */
/* desk.h - the operator's commands: what each does with the tables. */
#ifndef DESK_H
#define DESK_H

#include "engine.h"

#include <stdbool.h>

struct encode_rules;
struct keep;

/* One call of smsqlctl, with its connection. */
struct desk {
	const struct engine *engine;
	struct db *db;
	char place[200];                /* the database, for people: no password in it */
	char *const *arguments;         /* behind the command's name */
	size_t narguments;

	bool json, wait, yes, all, dry;
	const char *sender, *link;      /* "" when not given */
	long timeout, limit;            /* seconds, rows */
	long ranges;                    /* of so many rows, outbox is to be partitioned in; 0: it is not */
	const char *pin_file;           /* "" when not given */
	long baud;                      /* 0: not given */
	const char *kind, *options;     /* of a message, "" when not given */
	const struct encode_rules *rules; /* of the link that was named; NULL: the defaults */
	const struct keep *keep;        /* of the configuration; NULL without one */
};

enum exit_status { EXIT_DONE, EXIT_FAILED, EXIT_USAGE };

struct desk_command {
	const char *name, *arguments, *help;
	size_t least, most;             /* arguments */
	const char *options;            /* short names of those it takes, besides the common ones */
	enum exit_status (*run)(struct desk *);
};

/* Ends with a name that is NULL. */
extern const struct desk_command commands[];

/* desk_parts.c: what a text would cost. Needs no database. */
enum exit_status desk_parts(struct desk *);

/* desk_modem.c: what a modem is. Needs none either. */
enum exit_status desk_modem(struct desk *);

/* Shows a URL without the password that may stand in it. */
void desk_place(struct desk *, const char *url);

#endif
