/* SPDX-License-Identifier: Apache-2.0 */
/*
 * desk.c - the operator's commands: a statement each, and what to say about it.
 *
 * Whatever can be done here can be done by SQL as well; the statements are those
 * named DESK_ in sql/ENGINE/statements.sql. Every command ends in one of three
 * ways: it is done; it is not, and one line on standard error says why and what
 * to do; or it was used wrongly, which smsqlctl.c finds out.
 */
#include "desk_ask.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { NAMES_MAX = 300, TRIES = 3, LOOK_EVERY_MS = 50 };

enum exit_status desk_fail(const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	fputs("smsqlctl: ", stderr);
	vfprintf(stderr, format, arguments);
	fputc('\n', stderr);
	va_end(arguments);
	return EXIT_FAILED;
}

static struct value number(int64_t n)
{
	return (struct value){ .kind = VALUE_NUMBER, .number = n };
}

static struct value text(const char *at)
{
	return (struct value){ .kind = VALUE_TEXT, .at = at, .len = strlen(at) };
}

bool desk_ask(struct desk *desk, enum statement statement, const struct value *values,
    size_t width, size_t rows, struct table *table)
{
	struct db_error err = { .code = 0 };
	enum db_result result = DB_AGAIN;
	for (unsigned tries = 0; result == DB_AGAIN && tries < TRIES; tries++) {
		if (table)
			table_free(table);
		result = desk->engine->run(desk->db, statement, values, width, rows,
		    table ? table_add : NULL, table, NULL, &err);
	}
	if (result != DB_OK)
		desk_fail("%s", err.text);
	return result == DB_OK;
}

void desk_print_json(json_t *json)
{
	json_dumpf(json, stdout, JSON_INDENT(2) | JSON_PRESERVE_ORDER);
	putchar('\n');
	json_decref(json);
}

static enum exit_status show(struct desk *desk, enum statement statement,
    const struct value *values, size_t width, const struct column *columns)
{
	struct table table = { .columns = columns };
	const bool good = desk_ask(desk, statement, values, width, 1, &table);
	if (good && desk->json)
		desk_print_json(table_json(&table));
	else if (good)
		table_print(&table, stdout);
	table_free(&table);
	return good ? EXIT_DONE : EXIT_FAILED;
}

void desk_names(const struct table *table, size_t column, char *into, size_t room)
{
	size_t n = 0;
	*into = '\0';
	for (size_t row = 0; row < table->rows && n < room; row++) {
		bool known = false;
		for (size_t i = 0; i < row && !known; i++)
			known = strcmp(table_text(table, i, column), table_text(table, row, column)) == 0;
		if (!known)
			n += (size_t)snprintf(into + n, room - n, "%s%s", n ? ", " : "",
			    table_text(table, row, column));
	}
}

/* Looking */

static const struct column gateway_columns[] = {
	{ .name = "gateway" }, { .name = "state" }, { .name = "host" }, { .name = "version" },
	{ .name = "alive_until" }, { .name = "epoch" }, { .name = NULL },
};

static const struct column status_columns[] = {
	{ .name = "status" }, { .name = "messages" },
	{ .name = "oldest_seconds", .title = "oldest", .look = COLUMN_AGE }, { .name = NULL },
};

static const struct column unmatched_columns[] = {
	{ .name = "link" }, { .name = "receipts" },
	{ .name = "oldest_seconds", .title = "oldest", .look = COLUMN_AGE }, { .name = NULL },
};

/* What a link has used, and behind a stroke its quota. */
#define USED_COLUMNS \
	{ .name = "used_hour", .title = "hour", .look = COLUMN_OF }, { .name = "quota_hour", .look = COLUMN_HIDDEN }, \
	{ .name = "used_day", .title = "day", .look = COLUMN_OF }, { .name = "quota_day", .look = COLUMN_HIDDEN }, \
	{ .name = "used_month", .title = "month", .look = COLUMN_OF }, { .name = "quota_month", .look = COLUMN_HIDDEN }

static const struct column link_columns[] = {
	{ .name = "gateway" }, { .name = "name" }, { .name = "driver" }, { .name = "state" },
	{ .name = "wanted" }, { .name = "reason", .look = COLUMN_LAST }, { .name = "window" },
	{ .name = "queued" }, { .name = "unanswered" }, { .name = "rate" },
	{ .name = "interval_ms", .title = "interval", .look = COLUMN_MS }, USED_COLUMNS,
	{ .name = "sent" }, { .name = "failed" }, { .name = "receipts" }, { .name = "received" },
	{ .name = "since" }, { .name = NULL },
};

static const struct column quota_columns[] = {
	{ .name = "gateway" }, { .name = "link" }, { .name = "state" }, USED_COLUMNS, { .name = NULL },
};

static const struct column queue_columns[] = {
	{ .name = "id" }, { .name = "route" }, { .name = "link" }, { .name = "priority" },
	{ .name = "recipient" }, { .name = "status" }, { .name = "attempts" },
	{ .name = "send_after" }, { .name = "error_text", .look = COLUMN_LAST }, { .name = NULL },
};

static const struct column doubtful_columns[] = {
	{ .name = "id" }, { .name = "recipient" }, { .name = "link_used" }, { .name = "attempts" },
	{ .name = "claimed_at" }, { .name = "in_doubt" }, { .name = "error_text", .look = COLUMN_LAST },
	{ .name = NULL },
};

static enum exit_status status(struct desk *desk)
{
	struct table gateways = { .columns = gateway_columns };
	struct table messages = { .columns = status_columns };
	struct table unmatched = { .columns = unmatched_columns };
	struct table quotas = { .columns = quota_columns };
	const bool good = desk_ask(desk, STATEMENT_DESK_GATEWAYS, NULL, 0, 1, &gateways) &&
	    desk_ask(desk, STATEMENT_DESK_STATUS, NULL, 0, 1, &messages) &&
	    desk_ask(desk, STATEMENT_DESK_UNMATCHED, NULL, 0, 1, &unmatched) &&
	    desk_ask(desk, STATEMENT_DESK_QUOTAS, NULL, 0, 1, &quotas);
	if (good && desk->json) {
		json_t *both = json_object();
		if (json_object_set_new(both, "gateways", table_json(&gateways)) != 0 ||
		    json_object_set_new(both, "unmatched_receipts", table_json(&unmatched)) != 0 ||
		    json_object_set_new(both, "quotas", table_json(&quotas)) != 0 ||
		    json_object_set_new(both, "messages", table_json(&messages)) != 0)
			abort();
		desk_print_json(both);
	} else if (good) {
		puts("GATEWAYS");
		table_print(&gateways, stdout);
		puts("\nMESSAGES");
		table_print(&messages, stdout);
		if (unmatched.rows > 0) {
			puts("\nRECEIPTS WITHOUT A MESSAGE");
			table_print(&unmatched, stdout);
		}
		if (quotas.rows > 0) {
			puts("\nQUOTAS USED");
			table_print(&quotas, stdout);
		}
	}
	table_free(&quotas);
	table_free(&unmatched);
	table_free(&gateways);
	table_free(&messages);
	return good ? EXIT_DONE : EXIT_FAILED;
}

static enum exit_status links(struct desk *desk)
{
	return show(desk, STATEMENT_DESK_LINKS, NULL, 0, link_columns);
}

static enum exit_status queue(struct desk *desk)
{
	const struct value limit = number(desk->limit);
	return show(desk, STATEMENT_DESK_QUEUE, &limit, 1, queue_columns);
}

/* Sending */

enum { ROW_ID, ROW_STATUS, ROW_ATTEMPTS, ROW_LINK, ROW_MESSAGE_ID, ROW_CODE, ROW_TEXT };
static const struct column row_columns[] = {
	[ROW_ID] = { .name = "id" }, [ROW_STATUS] = { .name = "status" },
	[ROW_ATTEMPTS] = { .name = "attempts" }, [ROW_LINK] = { .name = "link_used" },
	[ROW_MESSAGE_ID] = { .name = "message_id" }, [ROW_CODE] = { .name = "error_code" },
	[ROW_TEXT] = { .name = "error_text" }, { .name = "sent_at" }, { .name = "done_at" },
	{ .name = NULL },
};

static const struct column id_columns[] = { { .name = "id" }, { .name = NULL } };

struct watch {
	struct desk *desk;
	int64_t id;
	struct table row;               /* as it was read last */
	char status[16];                /* the last one that was told */
	json_t *changes;
};

static double seconds(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static void clock_text(char *into, size_t room, bool utc)
{
	struct timespec now;
	struct tm parts;
	clock_gettime(CLOCK_REALTIME, &now);
	char text_s[32];
	strftime(text_s, sizeof text_s, utc ? "%F %T" : "%T",
	    utc ? gmtime_r(&now.tv_sec, &parts) : localtime_r(&now.tv_sec, &parts));
	snprintf(into, room, "%s.%03ld", text_s, now.tv_nsec / 1000000);
}

static void tell_change(struct watch *watch)
{
	char at[64], details[500] = "";
	const char *status = table_text(&watch->row, 0, ROW_STATUS);
	clock_text(at, sizeof at, watch->desk->json);
	snprintf(watch->status, sizeof watch->status, "%s", status);
	if (watch->desk->json) {
		if (json_array_append_new(watch->changes, json_pack("{s:s, s:s}", "at", at,
		    "status", status)) != 0)
			abort();
		return;
	}
	const struct { const char *name; int column; } told[] = {
		{ "link ", ROW_LINK }, { "message id ", ROW_MESSAGE_ID }, { "", ROW_TEXT },
	};
	for (size_t i = 0, n = 0; i < sizeof told / sizeof *told && n < sizeof details; i++) {
		const char *what = table_text(&watch->row, 0, (size_t)told[i].column);
		if (*what)
			n += (size_t)snprintf(details + n, sizeof details - n, "%s%s%s",
			    n ? ", " : "", told[i].name, what);
	}
	if (*details)
		printf("%s  %-11s  %s\n", at, status, details);
	else
		printf("%s  %s\n", at, status);
	fflush(stdout);
}

enum finality { OPEN, GOOD, BAD };

static enum finality finality(const char *status)
{
	static const char *const bad[] = { "undelivered", "failed", "expired", "cancelled" };
	if (strcmp(status, "delivered") == 0)
		return GOOD;
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		if (strcmp(status, bad[i]) == 0)
			return BAD;
	return OPEN;
}

static bool look(struct watch *watch)
{
	const struct value id = number(watch->id);
	if (!desk_ask(watch->desk, STATEMENT_DESK_ROW, &id, 1, 1, &watch->row))
		return false;
	if (watch->row.rows == 0) {
		desk_fail("message %" PRId64 " is no longer in the outbox", watch->id);
		return false;
	}
	if (strcmp(watch->status, table_text(&watch->row, 0, ROW_STATUS)) != 0)
		tell_change(watch);
	return true;
}

void desk_warn_if_idle(struct desk *desk)
{
	struct table gateways = { .columns = gateway_columns };
	bool running = !desk_ask(desk, STATEMENT_DESK_GATEWAYS, NULL, 0, 1, &gateways);
	for (size_t row = 0; row < gateways.rows; row++)
		running = running || strcmp(table_text(&gateways, row, 1), "running") == 0;
	if (!running)
		fputs("smsqlctl: no gateway is running on these tables: start smsqld\n", stderr);
	table_free(&gateways);
}

/* Tables tell nobody of a change, so they are looked at. */
static enum exit_status follow(struct watch *watch)
{
	const struct timespec pause = { .tv_nsec = LOOK_EVERY_MS * 1000000L };
	const double end = seconds() + (double)watch->desk->timeout;
	desk_warn_if_idle(watch->desk);
	while (look(watch)) {
		const enum finality now = finality(watch->status);
		if (now != OPEN)
			return now == GOOD ? EXIT_DONE : desk_fail("message %" PRId64 " is %s%s%s", watch->id,
			    watch->status, *table_text(&watch->row, 0, ROW_TEXT) ? ": " : "",
			    table_text(&watch->row, 0, ROW_TEXT));
		if (seconds() >= end)
			return desk_fail("message %" PRId64 " is still %s after %ld seconds", watch->id,
			    watch->status, watch->desk->timeout);
		nanosleep(&pause, NULL);
	}
	return EXIT_FAILED;
}

static enum exit_status follow_to_end(struct desk *desk, int64_t id)
{
	struct watch watch = { .desk = desk, .id = id, .row = { .columns = row_columns },
		.changes = json_array() };
	const enum exit_status exit_status = follow(&watch);
	if (desk->json && watch.row.rows > 0) {
		json_t *row = table_json_row(&watch.row, 0);
		if (json_object_set(row, "changes", watch.changes) != 0)
			abort();
		desk_print_json(row);
	}
	json_decref(watch.changes);
	table_free(&watch.row);
	return exit_status;
}

static enum exit_status send_one(struct desk *desk)
{
	const struct value values[] = { text(desk->arguments[0]), text(desk->arguments[1]),
		text(desk->sender), text(desk->link) };
	struct table ids = { .columns = id_columns };
	if (!desk_ask(desk, STATEMENT_DESK_SEND, values, 4, 1, &ids)) {
		table_free(&ids);
		return EXIT_FAILED;
	}
	const int64_t id = ids.cells[0].number;
	if (!desk->json)
		printf("id %" PRId64 "\n", id);
	else if (!desk->wait)
		desk_print_json(table_json_row(&ids, 0));
	table_free(&ids);
	return desk->wait ? follow_to_end(desk, id) : EXIT_DONE;
}

/* Changing */

/* Of the arguments from the one on; each value is the first of `width` in its row. */
static bool read_ids(const struct desk *desk, size_t from, struct value *ids, size_t width)
{
	for (size_t i = from; i < desk->narguments; i++) {
		char *end;
		errno = 0;
		ids[(i - from) * width] = number(strtoll(desk->arguments[i], &end, 10));
		if (errno || *end || ids[(i - from) * width].number <= 0) {
			desk_fail("\"%s\" is no id of a message", desk->arguments[i]);
			return false;
		}
	}
	return true;
}

static void say_untouched(struct desk *desk, const struct value *id, const char *allowed)
{
	struct table row = { .columns = row_columns };
	if (desk_ask(desk, STATEMENT_DESK_ROW, id, 1, 1, &row)) {
		if (row.rows == 0)
			desk_fail("%" PRId64 ": there is no such message", id->number);
		else
			desk_fail("%" PRId64 ": is %s; only these can be: %s", id->number,
			    table_text(&row, 0, ROW_STATUS), allowed);
	}
	table_free(&row);
}

static bool has_id(const struct table *table, int64_t id)
{
	for (size_t row = 0; row < table->rows; row++)
		if (table->cells[row].number == id)
			return true;
	return false;
}

/* Runs it over rows of values that begin with an id, and says of each whether it was done. */
static enum exit_status change_rows(struct desk *desk, enum statement statement,
    const struct value *rows, size_t width, size_t n, const char *const said[2])
{
	struct table changed = { .columns = id_columns };
	enum exit_status exit_status = EXIT_FAILED;
	if (desk_ask(desk, statement, rows, width, n, &changed)) {
		exit_status = EXIT_DONE;
		for (size_t i = 0; i < n; i++) {
			if (has_id(&changed, rows[i * width].number)) {
				printf("%" PRId64 ": %s\n", rows[i * width].number, said[0]);
				continue;
			}
			say_untouched(desk, &rows[i * width], said[1]);
			exit_status = EXIT_FAILED;
		}
	}
	table_free(&changed);
	return exit_status;
}

static struct value *rows_new(size_t n)
{
	struct value *rows = calloc(n + 1, 2 * sizeof *rows);
	if (!rows)
		abort();
	return rows;
}

static enum exit_status change(struct desk *desk, enum statement statement, const char *done,
    const char *allowed)
{
	struct value *ids = rows_new(desk->narguments);
	const char *const said[2] = { done, allowed };
	const enum exit_status exit_status = !read_ids(desk, 0, ids, 1) ? EXIT_FAILED
	    : change_rows(desk, statement, ids, 1, desk->narguments, said);
	free(ids);
	return exit_status;
}

/* Messages in doubt: shown, or decided. */

static enum exit_status decide(struct desk *desk, const char *decision, struct value *rows, size_t n)
{
	static const char *const accepted[2] = { "taken as sent", "doubtful" };
	static const char *const resent[2] = { "queued again", "doubtful, and no turn of a dialogue" };
	const bool accept = strcmp(decision, "accept") == 0;
	for (size_t i = 0; i < n; i++)
		rows[2 * i + 1] = text(decision);
	const enum exit_status exit_status = change_rows(desk, STATEMENT_DESK_DECIDE, rows, 2, n,
	    accept ? accepted : resent);
	if (!accept)
		return exit_status;
	struct value *sent = rows_new(n);
	size_t nsent = 0;
	for (size_t i = 0; i < n; i++) {
		struct table row = { .columns = row_columns };
		if (desk_ask(desk, STATEMENT_DESK_ROW, &rows[2 * i], 1, 1, &row) && row.rows &&
		    strcmp(table_text(&row, 0, ROW_STATUS), "sent") == 0)
			sent[nsent++] = rows[2 * i];
		table_free(&row);
	}
	const bool good = !nsent || desk_ask(desk, STATEMENT_DESK_DECIDE_PARTS, sent, 1, nsent, NULL);
	free(sent);
	return good ? exit_status : EXIT_FAILED;
}

static enum exit_status decide_all(struct desk *desk, const char *decision)
{
	const struct value values[] = { text(desk->link), number(INT32_MAX) };
	struct table found = { .columns = doubtful_columns };
	enum exit_status exit_status = EXIT_FAILED;
	if (desk_ask(desk, STATEMENT_DESK_DOUBTFUL, values, 2, 1, &found)) {
		const size_t width = sizeof doubtful_columns / sizeof *doubtful_columns - 1;
		struct value *rows = rows_new(found.rows);
		for (size_t i = 0; i < found.rows; i++)
			rows[2 * i] = number(found.cells[i * width].number);
		exit_status = found.rows ? decide(desk, decision, rows, found.rows) : EXIT_DONE;
		if (!found.rows)
			puts("none is doubtful");
		free(rows);
	}
	table_free(&found);
	return exit_status;
}

static enum exit_status doubtful(struct desk *desk)
{
	const struct value values[] = { text(desk->link), number(desk->limit) };
	if (desk->narguments == 0)
		return desk->all ? desk_fail("doubtful --all: resend or accept?")
		    : show(desk, STATEMENT_DESK_DOUBTFUL, values, 2, doubtful_columns);
	const char *decision = desk->arguments[0];
	const size_t n = desk->narguments - 1;
	if (strcmp(decision, "resend") != 0 && strcmp(decision, "accept") != 0)
		return desk_fail("doubtful %s: resend or accept?", decision);
	if ((n > 0) + desk->all + (*desk->link != '\0') != 1)
		return desk_fail("doubtful %s: which? ID..., --link NAME or --all, one of these", decision);
	if (n == 0)
		return decide_all(desk, decision);
	struct value *rows = rows_new(n);
	const enum exit_status exit_status = !read_ids(desk, 1, rows, 2) ? EXIT_FAILED
	    : decide(desk, decision, rows, n);
	free(rows);
	return exit_status;
}

static enum exit_status retry(struct desk *desk)
{
	return change(desk, STATEMENT_DESK_RETRY, "queued again",
	    "failed, undelivered, expired, held, cancelled, and doubtful unless it is a turn of a dialogue");
}

static enum exit_status cancel(struct desk *desk)
{
	return change(desk, STATEMENT_DESK_CANCEL, "cancelled", "queued, held, doubtful");
}

static enum exit_status no_such_link(struct desk *desk, const char *link)
{
	struct table known = { .columns = link_columns };
	char names[NAMES_MAX] = "";
	if (desk_ask(desk, STATEMENT_DESK_LINKS, NULL, 0, 1, &known)) {
		desk_names(&known, 1, names, sizeof names);
		if (known.rows == 0)
			desk_fail("no gateway has a link \"%s\", or any: has smsqld been started?", link);
		else
			desk_fail("no gateway has a link \"%s\"; there are: %s", link, names);
	}
	table_free(&known);
	return EXIT_FAILED;
}

static enum exit_status want(struct desk *desk, const char *wanted)
{
	static const struct column columns[] = { { .name = "gateway" }, { .name = NULL } };
	const char *link = desk->arguments[0];
	const struct value values[] = { text(link), text(wanted) };
	struct table gateways = { .columns = columns };
	enum exit_status exit_status = EXIT_FAILED;
	if (desk_ask(desk, STATEMENT_DESK_WANT, values, 2, 1, &gateways))
		exit_status = gateways.rows ? EXIT_DONE : no_such_link(desk, link);
	for (size_t row = 0; row < gateways.rows; row++)
		printf("%s: wanted is now %s, on gateway %s\n", link, wanted,
		    table_text(&gateways, row, 0));
	table_free(&gateways);
	return exit_status;
}

static enum exit_status hold(struct desk *desk)
{
	return want(desk, "hold");
}

static enum exit_status release(struct desk *desk)
{
	return want(desk, "run");
}

static enum exit_status drain(struct desk *desk)
{
	return want(desk, "drain");
}

void desk_place(struct desk *desk, const char *url)
{
	const char *authority = strstr(url, "://");
	authority = authority ? authority + 3 : url;
	const size_t host = strcspn(authority, "/?");
	const char *at = memrchr(authority, '@', host);
	const char *colon = at ? memchr(authority, ':', (size_t)(at - authority)) : NULL;
	const char *query = strchr(authority, '?');
	const char *end = query ? query : url + strlen(url);
	if (colon)
		snprintf(desk->place, sizeof desk->place, "%.*s%.*s", (int)(colon - url), url,
		    (int)(end - at), at);
	else
		snprintf(desk->place, sizeof desk->place, "%.*s", (int)(end - url), url);
}

const struct desk_command commands[] = {
	{ "init", "", "create the tables; what exists is never changed", 0, 0, "yp", desk_init },
	{ "check", "", "is the database reachable and are the tables right?", 0, 0, "", desk_check },
	{ "upgrade", "", "make the tables those of this version; asks first, unless -y", 0, 0, "y",
	  desk_upgrade },
	{ "maintain", "", "delete what is kept no longer, as a gateway does daily; --dry-run counts", 0, 0, "D",
	  desk_maintain },
	{ "send", "RECIPIENT TEXT", "insert a message; with --wait, tell what becomes of it", 2, 2,
	  "slwtj", send_one },
	{ "parts", "TEXT", "what a text would cost: encoding and parts; sends nothing", 1, 1, "ljko",
	  desk_parts },
	{ "status", "", "gateways, and how many messages are in which state", 0, 0, "j", status },
	{ "links", "", "the links of every gateway and why they are not up", 0, 0, "j", links },
	{ "queue", "", "messages that wait or are being sent, in their order", 0, 0, "nj", queue },
	{ "doubtful", "[DECISION ID...]", "messages that left and were never answered", 0, SIZE_MAX,
	  "nlaj", doubtful },
	{ "retry", "ID...", "queue messages again that ended or are in doubt", 1, SIZE_MAX, "", retry },
	{ "cancel", "ID...", "take messages out that have not been sent", 1, SIZE_MAX, "", cancel },
	{ "ask", "WHAT ID [TEXT]", "of the network, about a message: query, cancel or replace", 2, 3,
	  "wtj", desk_ask_network },
	{ "hold", "LINK", "stop submitting on a link; it stays connected", 1, 1, "", hold },
	{ "release", "LINK", "let a held or drained link run again", 1, 1, "", release },
	{ "modem", "DEVICE", "what a modem is and can, and a section link for it", 1, 1, "PB", desk_modem },
	{ "drain", "LINK", "await the answers, then close the link", 1, 1, "", drain },
	{ .name = NULL },
};
