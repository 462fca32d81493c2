/* SPDX-License-Identifier: Apache-2.0 */
/*
 * table.c - rows of a statement, aligned for people or as JSON for programs.
 *
 * Values come from applications and from networks and must not do anything to a
 * terminal or a parser: control characters become '?' when a row is added, and
 * JSON gets valid UTF-8 only.
 */
#include "table.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { COLUMNS_MAX = 24 };

static void *own(void *memory)
{
	if (!memory)
		abort();
	return memory;
}

static size_t width_of(const struct table *table)
{
	size_t n = 0;
	while (table->columns[n].name)
		n++;
	return n;
}

static const struct value *cell(const struct table *table, size_t row, size_t column)
{
	return &table->cells[row * width_of(table) + column];
}

/* Control characters, also those of two octets (U+0080 to U+009F), would get
 * through to a terminal. */
static char *harmless(const char *text, size_t len)
{
	char *copy = own(strndup(len ? text : "", len));
	for (unsigned char *at = (unsigned char *)copy; *at; at++) {
		if (*at < ' ' || *at == 0x7F)
			*at = '?';
		else if (at[0] == 0xC2 && at[1] >= 0x80 && at[1] < 0xA0)
			at[0] = at[1] = '?';
	}
	return copy;
}

void table_add(void *ctx, const struct value *columns, size_t n)
{
	struct table *table = ctx;
	const size_t width = width_of(table);
	if (n < width)
		abort();
	table->cells = own(reallocarray(table->cells, (table->rows + 1) * width,
	    sizeof *table->cells));
	for (size_t i = 0; i < width; i++) {
		struct value *kept = &table->cells[table->rows * width + i];
		*kept = columns[i];
		if (kept->kind == VALUE_TEXT || kept->kind == VALUE_OCTETS)
			kept->at = harmless(kept->at, kept->len);
		else
			kept->at = NULL;
	}
	table->rows++;
}

const char *table_text(const struct table *table, size_t row, size_t column)
{
	const char *text = cell(table, row, column)->at;
	return text ? text : "";
}

/* For people */

static char *age(int64_t seconds)
{
	static const struct { int64_t unit, part; char unit_name, part_name; } scales[] = {
		{ 86400, 3600, 'd', 'h' }, { 3600, 60, 'h', 'm' }, { 60, 1, 'm', 's' },
	};
	char *text = NULL;
	for (size_t i = 0; i < sizeof scales / sizeof *scales && !text; i++)
		if (seconds >= scales[i].unit && asprintf(&text, "%" PRId64 "%c %02" PRId64 "%c",
		    seconds / scales[i].unit, scales[i].unit_name,
		    seconds % scales[i].unit / scales[i].part, scales[i].part_name) < 0)
			abort();
	if (!text && asprintf(&text, "%" PRId64 "s", seconds) < 0)
		abort();
	return text;
}

static char *shown(const struct table *table, size_t row, size_t column)
{
	const struct value *value = cell(table, row, column);
	if (value->kind != VALUE_NUMBER)
		return own(strdup(table_text(table, row, column)));
	if (table->columns[column].look == COLUMN_AGE)
		return age(value->number);
	const int64_t of = table->columns[column].look == COLUMN_OF ? value[1].number : 0;
	char *text;
	if (table->columns[column].look == COLUMN_MS
	    ? asprintf(&text, "%gs", (double)value->number / 1000) < 0
	    : of ? asprintf(&text, "%" PRId64 "/%" PRId64, value->number, of) < 0
	    : asprintf(&text, "%" PRId64, value->number) < 0)
		abort();
	return text;
}

static size_t letters(const char *text)
{
	size_t n = 0;
	for (; *text; text++)
		n += ((unsigned char)*text & 0xC0) != 0x80;
	return n;
}

/* The columns in the order in which they are shown. */
static size_t arrange(const struct table *table, size_t order[COLUMNS_MAX])
{
	const size_t width = width_of(table);
	size_t n = 0;
	if (width > COLUMNS_MAX)
		abort();
	for (int last = 0; last < 2; last++)
		for (size_t i = 0; i < width; i++)
			if ((table->columns[i].look == COLUMN_LAST) == last && table->columns[i].look != COLUMN_HIDDEN)
				order[n++] = i;
	return n;
}

static const char *title(const struct column *column)
{
	return column->title ? column->title : column->name;
}

/* Numbers stand on the right of their column, all else on the left. */
static bool on_the_right(const struct table *table, size_t column)
{
	for (size_t row = 0; row < table->rows; row++)
		if (cell(table, row, column)->kind == VALUE_NUMBER)
			return true;
	return false;
}

/* The head and the rows as texts, in the order in which columns are shown. */
static char **texts_of(const struct table *table, const size_t *order, size_t n)
{
	char **texts = own(calloc((table->rows + 1) * n, sizeof *texts));
	for (size_t i = 0; i < n; i++) {
		texts[i] = own(strdup(title(&table->columns[order[i]])));
		for (size_t row = 0; row < table->rows; row++)
			texts[(row + 1) * n + i] = shown(table, row, order[i]);
	}
	return texts;
}

static void print_line(char **texts, const size_t *widths, const bool *right, size_t n, FILE *out)
{
	while (n > 1 && !*texts[n - 1])
		n--;
	for (size_t i = 0; i < n; i++) {
		const int blanks = (int)(widths[i] - letters(texts[i]));
		if (right[i])
			fprintf(out, "%*s%s", blanks, "", texts[i]);
		else
			fprintf(out, "%s%*s", texts[i], i == n - 1 ? 0 : blanks, "");
		fputs(i == n - 1 ? "\n" : "  ", out);
	}
}

void table_print(const struct table *table, FILE *out)
{
	if (table->rows == 0) {
		fputs("none\n", out);
		return;
	}
	size_t order[COLUMNS_MAX], widths[COLUMNS_MAX] = { 0 };
	bool right[COLUMNS_MAX];
	const size_t n = arrange(table, order);
	char **texts = texts_of(table, order, n);
	for (size_t i = 0; i < n; i++) {
		right[i] = on_the_right(table, order[i]);
		for (size_t line = 0; line <= table->rows; line++)
			if (letters(texts[line * n + i]) > widths[i])
				widths[i] = letters(texts[line * n + i]);
	}
	for (size_t line = 0; line <= table->rows; line++)
		print_line(texts + line * n, widths, right, n, out);
	for (size_t i = 0; i < (table->rows + 1) * n; i++)
		free(texts[i]);
	free(texts);
}

/* For programs */

static json_t *json_of(const struct value *value)
{
	if (value->kind == VALUE_NULL)
		return own(json_null());
	if (value->kind == VALUE_NUMBER)
		return own(json_integer(value->number));
	json_t *text = json_string(value->at);
	if (text)
		return text;
	char *ascii = own(strdup(value->at)); /* it was no valid UTF-8 */
	for (char *at = ascii; *at; at++)
		*at = (unsigned char)*at >= 0x80 ? '?' : *at;
	text = own(json_string(ascii));
	free(ascii);
	return text;
}

json_t *table_json_row(const struct table *table, size_t row)
{
	json_t *object = own(json_object());
	for (size_t i = 0; table->columns[i].name; i++)
		if (json_object_set_new(object, table->columns[i].name,
		    json_of(cell(table, row, i))) != 0)
			abort();
	return object;
}

json_t *table_json(const struct table *table)
{
	json_t *array = own(json_array());
	for (size_t row = 0; row < table->rows; row++)
		if (json_array_append_new(array, table_json_row(table, row)) != 0)
			abort();
	return array;
}

void table_free(struct table *table)
{
	const size_t n = table->rows * width_of(table);
	for (size_t i = 0; i < n; i++)
		free((void *)table->cells[i].at);
	free(table->cells);
	table->cells = NULL;
	table->rows = 0;
}
