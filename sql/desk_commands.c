/* SPDX-License-Identifier: Apache-2.0 */
/*
 * desk_commands.c - asking the network about a message: a row in table command, and what
 * becomes of it.
 */
#include "desk_ask.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { LOOK_EVERY_MS = 50 };
enum { COMMAND_ID, COMMAND_WHAT, COMMAND_STATUS, COMMAND_ANSWER, COMMAND_AT, COMMAND_CODE, COMMAND_TEXT };

static const struct column id_columns[] = { { .name = "id" }, { .name = NULL } };
static const struct column command_columns[] = {
	[COMMAND_ID] = { .name = "id" }, [COMMAND_WHAT] = { .name = "what" },
	[COMMAND_STATUS] = { .name = "status" }, [COMMAND_ANSWER] = { .name = "answer" },
	[COMMAND_AT] = { .name = "answer_at" }, [COMMAND_CODE] = { .name = "error_code" },
	[COMMAND_TEXT] = { .name = "error_text", .look = COLUMN_LAST }, { .name = NULL },
};

static enum exit_status tell(struct desk *desk, const struct table *row)
{
	const char *status = table_text(row, 0, COMMAND_STATUS), *text = table_text(row, 0, COMMAND_TEXT);
	if (desk->json)
		desk_print_json(table_json_row(row, 0));
	else if (strcmp(status, "done") == 0)
		printf("%s%s%s%s%s\n", status, *table_text(row, 0, COMMAND_ANSWER) ? ": " : "",
		    table_text(row, 0, COMMAND_ANSWER), *table_text(row, 0, COMMAND_AT) ? " since " : "",
		    table_text(row, 0, COMMAND_AT));
	return strcmp(status, "done") == 0 ? EXIT_DONE : desk_fail("%s: %s", status, text);
}

/* Until it has ended, or the time is over. */
static enum exit_status follow(struct desk *desk, int64_t id)
{
	const struct timespec pause = { .tv_nsec = LOOK_EVERY_MS * 1000000L };
	const struct value value = { .kind = VALUE_NUMBER, .number = id };
	struct table row = { .columns = command_columns };
	enum exit_status exit_status = EXIT_FAILED;
	long left_ms = desk->timeout * 1000;
	while (desk_ask(desk, STATEMENT_DESK_COMMAND, &value, 1, 1, &row)) {
		const char *status = row.rows ? table_text(&row, 0, COMMAND_STATUS) : "gone";
		if (strcmp(status, "asked") != 0 && strcmp(status, "sending") != 0 && row.rows) {
			exit_status = tell(desk, &row);
			break;
		}
		if (left_ms <= 0 || !row.rows) {
			desk_fail("command %" PRId64 " is still %s after %ld seconds%s%s", id, status,
			    desk->timeout, row.rows && *table_text(&row, 0, COMMAND_TEXT) ? ": " : "",
			    row.rows ? table_text(&row, 0, COMMAND_TEXT) : "");
			break;
		}
		nanosleep(&pause, NULL);
		left_ms -= LOOK_EVERY_MS;
	}
	table_free(&row);
	return exit_status;
}

static bool is_what(const char *word)
{
	return strcmp(word, "query") == 0 || strcmp(word, "cancel") == 0 || strcmp(word, "replace") == 0;
}

enum exit_status desk_ask_network(struct desk *desk)
{
	const char *what = desk->arguments[0];
	char *end;
	errno = 0;
	const int64_t message = strtoll(desk->arguments[1], &end, 10);
	const bool replaces = strcmp(what, "replace") == 0;
	if (!is_what(what))
		return desk_fail("\"%s\" cannot be asked: query, cancel or replace can", what);
	if (errno || *end || message <= 0)
		return desk_fail("\"%s\" is no id of a message", desk->arguments[1]);
	if (replaces != (desk->narguments == 3))
		return desk_fail(replaces ? "replace needs the new text" : "%s takes no text", what);
	const char *text = replaces ? desk->arguments[2] : NULL;
	const struct value values[] = {
		{ .kind = VALUE_TEXT, .at = what, .len = strlen(what) },
		{ .kind = VALUE_NUMBER, .number = message },
		{ .kind = text ? VALUE_TEXT : VALUE_NULL, .at = text, .len = text ? strlen(text) : 0 },
	};
	struct table ids = { .columns = id_columns };
	const bool good = desk_ask(desk, STATEMENT_DESK_ASK, values, 3, 1, &ids);
	const int64_t id = good ? ids.cells[0].number : 0;
	if (good && !desk->json)
		printf("command %" PRId64 "\n", id);
	else if (good && !desk->wait)
		desk_print_json(table_json_row(&ids, 0));
	table_free(&ids);
	if (!good)
		return EXIT_FAILED;
	if (!desk->wait)
		return EXIT_DONE;
	desk_warn_if_idle(desk);
	return follow(desk, id);
}
