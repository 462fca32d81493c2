/* SPDX-License-Identifier: Apache-2.0 */
/* desk_ask.h - what the files of the desk share; for desk.c and desk_schema.c. */
#ifndef DESK_ASK_H
#define DESK_ASK_H

#include "desk.h"
#include "table.h"

/* Says on standard error why it is not done; always EXIT_FAILED. */
enum exit_status desk_fail(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Runs a statement; the rows go into the table, if one is given. False: it was
 * said on standard error why not. */
bool desk_ask(struct desk *, enum statement, const struct value *, size_t width, size_t rows,
    struct table *);

/* Prints it on standard output, and gives it up. */
void desk_print_json(json_t *);

/* Says on standard error when nobody would send a message or ask about one: better said
 * at once than after the timeout. */
void desk_warn_if_idle(struct desk *);

/* "a, b, c" of a column, each name once, as far as there is room. */
void desk_names(const struct table *, size_t column, char *into, size_t room);

/* desk_commands.c: asks the network about a message. */
enum exit_status desk_ask_network(struct desk *);
enum exit_status desk_init(struct desk *);
enum exit_status desk_check(struct desk *);
enum exit_status desk_upgrade(struct desk *);
enum db_result desk_check_schema(const struct desk *, struct db_error *);
/* What creates the tables; with ranges, outbox partitioned in such of so many ids. Free it. */
char *desk_script(const struct engine *, long ranges);
/* desk_maintain.c: what is kept no longer goes. */
enum exit_status desk_maintain(struct desk *);

#endif
