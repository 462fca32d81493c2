/* SPDX-License-Identifier: Apache-2.0 */
/* desk_schema.c - the tables: created, looked at, brought to this version. */
#include "desk_ask.h"

#include "ledger.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { NAMES_MAX = 300 };

static const struct column table_columns[] = { { .name = "name" }, { .name = NULL } };

static bool has_name(const struct table *table, const char *name)
{
	for (size_t row = 0; row < table->rows; row++)
		if (strcmp(table_text(table, row, 0), name) == 0)
			return true;
	return false;
}

enum db_result desk_check_schema(const struct desk *desk, struct db_error *err)
{
	struct ledger ledger = { .engine = desk->engine, .db = desk->db };
	return ledger_check(&ledger, err);
}

char *desk_script(const struct engine *engine, long ranges)
{
	static const char mark[] = ":ROWS";
	char *script = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&script, &len);
	if (!out)
		abort();
	fputs(engine->schema, out);
	for (const char *at = ranges ? engine->partitioned : "", *found; *at; at = found) {
		found = strstr(at, mark);
		found = found ? found : at + strlen(at);
		fwrite(at, 1, (size_t)(found - at), out);
		if (*found) {
			fprintf(out, "%ld", ranges);
			found += sizeof mark - 1;
		}
	}
	if (fclose(out) != 0)
		abort();
	return script;
}

static enum exit_status create(struct desk *desk)
{
	struct db_error err;
	if (desk->ranges && !desk->engine->partitioned)
		return desk_fail("%s: there are no tables in ranges in this database: run init without --partitioned",
		    desk->place);
	char *script = desk_script(desk->engine, desk->ranges);
	const bool good = desk->engine->script(desk->db, script, &err) == DB_OK &&
	    desk_check_schema(desk, &err) == DB_OK;
	free(script);
	if (!good)
		return desk_fail("%s", err.text);
	printf("%s: the tables were created, version %d", desk->place, SCHEMA_VERSION);
	if (desk->ranges)
		printf(", in ranges of %ld messages", desk->ranges);
	putchar('\n');
	return EXIT_DONE;
}

static bool is_partitioned(struct desk *desk)
{
	static const struct column columns[] = { { .name = "number" }, { .name = "name" },
		{ .name = "attached" }, { .name = NULL } };
	const struct value first = { .kind = VALUE_NUMBER, .number = -1 };
	struct table ranges = { .columns = columns };
	const bool found = desk_ask(desk, STATEMENT_PARTITION_NEXT, &first, 1, 1, &ranges) && ranges.rows;
	table_free(&ranges);
	return found;
}

enum exit_status desk_init(struct desk *desk)
{
	struct table tables = { .columns = table_columns };
	struct db_error err;
	char names[NAMES_MAX];
	if (!desk_ask(desk, STATEMENT_TABLES, NULL, 0, 1, &tables))
		return EXIT_FAILED;
	const size_t ours = tables.rows;
	const bool marked = has_name(&tables, "smsqld_schema");
	desk_names(&tables, 0, names, sizeof names);
	table_free(&tables);
	if (ours == 0)
		return create(desk);
	if (!marked)
		return desk_fail("%s: there are tables of these names that are not smsqld's: %s; "
		    "nothing was changed: use another database or schema", desk->place, names);
	if (desk_check_schema(desk, &err) != DB_OK)
		return desk_fail("%s: nothing was changed: %s", desk->place, err.text);
	if (desk->ranges && !is_partitioned(desk))
		return desk_fail("%s: nothing was changed: the tables are there already, and not partitioned; new "
		    "ones in another database or schema can be", desk->place);
	printf("%s: the tables are there already, version %d\n", desk->place, SCHEMA_VERSION);
	return EXIT_DONE;
}

/* The first table that schema.sql creates and the database does not have, into
 * name; "" when it has all. */
static void missing_table(const struct desk *desk, const struct table *tables, char *name,
    size_t room)
{
	static const char create_table[] = "\nCREATE TABLE ";
	*name = '\0';
	for (const char *at = desk->engine->schema; (at = strstr(at, create_table)); ) {
		at += sizeof create_table - 1;
		snprintf(name, room, "%.*s", (int)strcspn(at, " (\n"), at);
		if (!has_name(tables, name))
			return;
		*name = '\0';
	}
}

enum exit_status desk_check(struct desk *desk)
{
	struct db_error err;
	char missing[64] = "";
	if (desk_check_schema(desk, &err) != DB_OK)
		return desk_fail("%s: %s", desk->place, err.text);
	struct table tables = { .columns = table_columns };
	const bool good = desk_ask(desk, STATEMENT_TABLES, NULL, 0, 1, &tables);
	if (good)
		missing_table(desk, &tables, missing, sizeof missing);
	table_free(&tables);
	/* Reading two of them shows whether this user may. */
	if (!good || (!*missing && (!desk_ask(desk, STATEMENT_DESK_STATUS, NULL, 0, 1, NULL) ||
	    !desk_ask(desk, STATEMENT_DESK_LINKS, NULL, 0, 1, NULL))))
		return EXIT_FAILED;
	if (*missing)
		return desk_fail("%s: table %s is missing: restore it from a backup, or take what is in "
		    "schema.sql for it", desk->place, missing);
	printf("%s: the tables are there, version %d\n", desk->place, SCHEMA_VERSION);
	return EXIT_DONE;
}

/* Upgrade */

static const struct column version_columns[] = { { .name = "version" }, { .name = NULL } };
static const struct column gateway_columns[] = {
	{ .name = "name" }, { .name = "state" }, { .name = NULL },
};

/* "" when no gateway is alive. */
static bool living(struct desk *desk, char *name, size_t room)
{
	struct table table = { .columns = gateway_columns };
	const bool good = desk_ask(desk, STATEMENT_DESK_GATEWAYS, NULL, 0, 1, &table);
	*name = '\0';
	for (size_t row = 0; good && row < table.rows; row++)
		if (strcmp(table_text(&table, row, 1), "running") == 0)
			snprintf(name, room, "%s", table_text(&table, row, 0));
	table_free(&table);
	return good;
}

static bool agreed(const struct desk *desk, int64_t from)
{
	char line[16] = "";
	if (desk->yes)
		return true;
	printf("%s: upgrade the tables from version %" PRId64 " to %d? Make a backup first. [y/N] ",
	    desk->place, from, SCHEMA_VERSION);
	fflush(stdout);
	return fgets(line, sizeof line, stdin) && (*line == 'y' || *line == 'Y');
}

enum exit_status desk_upgrade(struct desk *desk)
{
	struct db_error err;
	char gateway[64];
	struct table table = { .columns = version_columns };
	if (desk_check_schema(desk, &err) == DB_OK) {
		printf("%s: the tables are of version %d already\n", desk->place, SCHEMA_VERSION);
		return EXIT_DONE;
	}
	const bool good = desk_ask(desk, STATEMENT_VERSION, NULL, 0, 1, &table);
	const int64_t from = good && table.rows ? table.cells[0].number : 0;
	table_free(&table);
	if (!good)
		return EXIT_FAILED;
	if (from < 1 || from > SCHEMA_VERSION)
		return desk_fail("%s: nothing was changed: %s", desk->place, err.text);
	if (!living(desk, gateway, sizeof gateway))
		return EXIT_FAILED;
	if (*gateway)
		return desk_fail("%s: nothing was changed: gateway %s is running: stop it first",
		    desk->place, gateway);
	if (!agreed(desk, from))
		return desk_fail("%s: nothing was changed", desk->place);
	for (int64_t version = from + 1; version <= SCHEMA_VERSION; version++)
		if (desk->engine->script(desk->db, desk->engine->upgrades[version], &err) != DB_OK)
			return desk_fail("%s: the tables stay at version %" PRId64 ": %s", desk->place,
			    version - 1, err.text);
	if (desk_check_schema(desk, &err) != DB_OK)
		return desk_fail("%s: %s", desk->place, err.text);
	printf("%s: the tables are now of version %d\n", desk->place, SCHEMA_VERSION);
	return EXIT_DONE;
}
