/* SPDX-License-Identifier: Apache-2.0 */
/* table.h - rows of a statement kept, and shown to people or to programs. */
#ifndef TABLE_H
#define TABLE_H

#include "engine.h"

#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>

/* The columns of a statement in its order; ends with a name that is NULL. */
struct column {
	const char *name;
	const char *title;              /* for people, where it is not the name */
	enum {
		COLUMN_PLAIN,
		COLUMN_AGE,             /* seconds, shown as 3h 05m */
		COLUMN_MS,              /* milliseconds, shown as 1.5s */
		COLUMN_OF,              /* of the number in the next column, shown as 150/200; 0 there: 150 */
		COLUMN_HIDDEN,          /* for programs alone */
		COLUMN_LAST,            /* long texts, shown at the end */
	} look;
};

/* Zero but for `columns`, which is borrowed. table_free() empties it. */
struct table {
	const struct column *columns;
	struct value *cells;            /* row by row; texts are owned and end with a NUL */
	size_t rows;
};

/* A row_fn whose ctx is the table. The row has at least the table's columns.
 * Control characters in texts become '?'. */
void table_add(void *table, const struct value *columns, size_t n);

/* Aligned, with a head; "none" when there are no rows. */
void table_print(const struct table *, FILE *);

/* New: an array of an object for each row. */
json_t *table_json(const struct table *);
json_t *table_json_row(const struct table *, size_t row);

/* The text of a cell; "" when it is NULL or no text. Lent. */
const char *table_text(const struct table *, size_t row, size_t column);

void table_free(struct table *);

#endif
