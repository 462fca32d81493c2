/* SPDX-License-Identifier: Apache-2.0 */
/*
 * check_desk.c - the operator's commands over a real SQLite file: what they say,
 * how they end, and what they leave alone. What the network would do is done by
 * triggers.
 */
#include "../sql/desk.h"
#include "../sql/table.h"

#include <check.h>
#include <sqlite3.h>

#include <stdint.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char folder[] = "/tmp/check_desk.XXXXXX";
static char path[64], url[80];
static char out[8192], err[2048];       /* what the command run last has said */

static void sql(const char *text)
{
	sqlite3 *file;
	char *why = NULL;
	ck_assert_int_eq(sqlite3_open(path, &file), SQLITE_OK);
	sqlite3_exec(file, text, NULL, NULL, &why);
	ck_assert_msg(!why, "%s: %s", text, why);
	sqlite3_close(file);
}

static void enter_folder(void)
{
	snprintf(folder, sizeof folder, "%s", "/tmp/check_desk.XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(folder));
	snprintf(path, sizeof path, "%s/sms.db", folder);
	snprintf(url, sizeof url, "sqlite://%s", path);
}

static void leave_folder(void)
{
	char command[100];
	snprintf(command, sizeof command, "rm -r '%s'", folder);
	ck_assert_int_eq(system(command), 0);
}

/* Standard output or error into a file, and back again into a text. */
struct capture { int kept; FILE *file; FILE *stream; };

static struct capture capture(FILE *stream)
{
	fflush(stream);
	struct capture capture = { dup(fileno(stream)), tmpfile(), stream };
	ck_assert_ptr_nonnull(capture.file);
	dup2(fileno(capture.file), fileno(stream));
	return capture;
}

static void captured(struct capture *capture, char *into, size_t room)
{
	fflush(capture->stream);
	dup2(capture->kept, fileno(capture->stream));
	close(capture->kept);
	rewind(capture->file);
	into[fread(into, 1, room - 1, capture->file)] = '\0';
	fclose(capture->file);
}

/* Runs a command as smsqlctl does, after opening the file anew. */
static enum exit_status run(struct desk desk, const char *name, const char *first,
    const char *second)
{
	char *const arguments[] = { (char *)first, (char *)second };
	const struct desk_command *command = commands;
	while (strcmp(command->name, name) != 0)
		command++;
	struct db_error why;
	desk.engine = engine_of(url);
	desk.arguments = arguments;
	desk.narguments = (first != NULL) + (second != NULL);
	desk.sender = desk.sender ? desk.sender : "";
	desk.link = desk.link ? desk.link : "";
	desk.limit = desk.limit ? desk.limit : 50;
	desk_place(&desk, "sqlite://here");
	ck_assert_int_eq(desk.engine->open(&desk.db, url, "", &why), DB_OK);
	struct capture one = capture(stdout), other = capture(stderr);
	const enum exit_status ended = command->run(&desk);
	captured(&one, out, sizeof out);
	captured(&other, err, sizeof err);
	desk.engine->close(desk.db);
	return ended;
}

static enum exit_status plain(const char *name, const char *first, const char *second)
{
	return run((struct desk){ .json = false }, name, first, second);
}

START_TEST(init_creates_the_tables_and_then_leaves_them_alone)
{
	ck_assert_int_eq(plain("check", NULL, NULL), EXIT_FAILED);
	ck_assert_str_eq(err, "smsqlctl: sqlite://here: the tables are not there: run smsqlctl init\n");
	ck_assert_int_eq(plain("init", NULL, NULL), EXIT_DONE);
	ck_assert_str_eq(out, "sqlite://here: the tables were created, version 4\n");
	sql("INSERT INTO outbox (recipient) VALUES ('1234')");
	ck_assert_int_eq(plain("init", NULL, NULL), EXIT_DONE);
	ck_assert_str_eq(out, "sqlite://here: the tables are there already, version 4\n");
	ck_assert_int_eq(plain("queue", NULL, NULL), EXIT_DONE);
	ck_assert_ptr_nonnull(strstr(out, "1234"));
	ck_assert_int_eq(plain("check", NULL, NULL), EXIT_DONE);
}
END_TEST

START_TEST(init_refuses_tables_that_are_not_ours)
{
	sql("CREATE TABLE outbox (x); CREATE TABLE link (y); CREATE TABLE other (z)");
	ck_assert_int_eq(plain("init", NULL, NULL), EXIT_FAILED);
	ck_assert_ptr_nonnull(strstr(err, "not smsqld's: link, outbox; nothing was changed"));
	sql("INSERT INTO outbox (x) VALUES (1); INSERT INTO link (y) VALUES (1)");
}
END_TEST

/* The tables of version 1. */
static void make_old(void)
{
	static char script[65536];
	char old[300];
	const char *top = getenv("SMSQLD_TOP");
	snprintf(old, sizeof old, "%s/tests/schema/sqlite_1.sql", top ? top : ".");
	FILE *file = fopen(old, "r");
	ck_assert_msg(file != NULL, "%s", old);
	script[fread(script, 1, sizeof script - 1, file)] = '\0';
	fclose(file);
	sql(script);
}

START_TEST(upgrade_brings_old_tables_to_this_version)
{
	make_old();
	ck_assert_int_eq(plain("check", NULL, NULL), EXIT_FAILED);
	ck_assert_ptr_nonnull(strstr(err, "run smsqlctl upgrade"));
	sql("INSERT INTO gateway VALUES ('gw1', 1, 'running', '2999-01-01 00:00:00.000', "
	    "'2026-01-01 00:00:00.000', '0', 'host', 1)");
	ck_assert_int_eq(run((struct desk){ .yes = true }, "upgrade", NULL, NULL), EXIT_FAILED);
	ck_assert_ptr_nonnull(strstr(err, "gateway gw1 is running: stop it first"));
	sql("UPDATE gateway SET state = 'stopped'");
	ck_assert_int_eq(run((struct desk){ .yes = true }, "upgrade", NULL, NULL), EXIT_DONE);
	ck_assert_str_eq(out, "sqlite://here: the tables are now of version 4\n");
	ck_assert_int_eq(run((struct desk){ .yes = true }, "upgrade", NULL, NULL), EXIT_DONE);
	ck_assert_str_eq(out, "sqlite://here: the tables are of version 4 already\n");
	ck_assert_int_eq(plain("check", NULL, NULL), EXIT_DONE);
}
END_TEST

START_TEST(upgrade_changes_nothing_without_a_yes)
{
	make_old();
	const int kept = dup(STDIN_FILENO), empty = open("/dev/null", O_RDONLY);
	dup2(empty, STDIN_FILENO);
	ck_assert_int_eq(plain("upgrade", NULL, NULL), EXIT_FAILED);
	dup2(kept, STDIN_FILENO);
	close(empty);
	close(kept);
	ck_assert_ptr_nonnull(strstr(out, "from version 1 to 4? Make a backup first. [y/N]"));
	ck_assert_ptr_nonnull(strstr(err, "nothing was changed"));
	ck_assert_int_eq(plain("check", NULL, NULL), EXIT_FAILED);
}
END_TEST

START_TEST(init_and_check_refuse_tables_of_a_newer_program)
{
	plain("init", NULL, NULL);
	sql("UPDATE smsqld_schema SET version = 99");
	ck_assert_int_eq(plain("init", NULL, NULL), EXIT_FAILED);
	ck_assert_ptr_nonnull(strstr(err, "nothing was changed: the tables are of version 99"));
	ck_assert_int_eq(plain("check", NULL, NULL), EXIT_FAILED);
	ck_assert_ptr_nonnull(strstr(err, "install a newer smsqld"));
}
END_TEST

START_TEST(check_names_a_table_that_is_missing)
{
	plain("init", NULL, NULL);
	sql("DROP TABLE inbox");
	ck_assert_int_eq(plain("check", NULL, NULL), EXIT_FAILED);
	ck_assert_ptr_nonnull(strstr(err, "table inbox is missing"));
}
END_TEST

START_TEST(send_inserts_a_row_and_waits_for_its_end)
{
	static const struct { const char *becomes; enum exit_status ended; const char *out, *err; } ends[] = {
		{ "status = 'delivered', link_used = 'acme', message_id = '7F'", EXIT_DONE,
		  "delivered    link acme, message id 7F\n", "" },
		{ "status = 'undelivered', error_text = 'absent'", EXIT_FAILED,
		  "undelivered  absent\n", "smsqlctl: message 2 is undelivered: absent\n" },
		{ "status = 'cancelled'", EXIT_FAILED, "cancelled\n", "message 3 is cancelled\n" },
		{ "status = 'doubtful'", EXIT_FAILED, "doubtful\n",
		  "message 4 is still doubtful after 0 seconds\n" },
	};
	plain("init", NULL, NULL);
	for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) {
		char trigger[300];
		snprintf(trigger, sizeof trigger, "CREATE TRIGGER network AFTER INSERT ON outbox BEGIN "
		    "UPDATE outbox SET %s WHERE id = new.id; END", ends[i].becomes);
		sql(trigger);
		const struct desk desk = { .wait = true, .sender = "Shop", .link = "acme" };
		ck_assert_int_eq(run(desk, "send", "+36201234567", "it's \"me\""), ends[i].ended);
		ck_assert_msg(strstr(out, ends[i].out) != NULL, "%s", out);
		ck_assert_msg(strstr(err, ends[i].err) != NULL, "%s", err);
		ck_assert_ptr_nonnull(strstr(err, "no gateway is running"));
		sql("DROP TRIGGER network");
	}
	sql("CREATE TABLE seen (n CHECK (n = 4)); INSERT INTO seen SELECT count(*) FROM outbox WHERE "
	    "recipient = '+36201234567' AND body = 'it''s \"me\"' AND sender = 'Shop' AND link = 'acme'");
}
END_TEST

START_TEST(what_programs_get_is_json)
{
	plain("init", NULL, NULL);
	json_error_t why;
	const struct desk desk = { .json = true, .wait = true };
	ck_assert_int_eq(run(desk, "send", "123456", "x"), EXIT_FAILED);
	json_t *row = json_loads(out, 0, &why);
	ck_assert_int_eq(json_integer_value(json_object_get(row, "id")), 1);
	ck_assert_str_eq(json_string_value(json_object_get(row, "status")), "queued");
	ck_assert_uint_eq(json_array_size(json_object_get(row, "changes")), 1);
	json_decref(row);
	sql("UPDATE outbox SET recipient = 'a' || char(10, 27) || x'FF' WHERE id = 1");
	for (const struct desk_command *command = commands; command->name; command++) {
		if (!strchr(command->options, 'j') || command->least > 0)
			continue;
		ck_assert_int_eq(run(desk, command->name, NULL, NULL), EXIT_DONE);
		json_t *json = json_loads(out, 0, &why);
		ck_assert_msg(json != NULL, "%s: %s", command->name, out);
		json_decref(json);
	}
	ck_assert_int_eq(plain("queue", NULL, NULL), EXIT_DONE);
	ck_assert_ptr_nonnull(strstr(out, " a??"));
}
END_TEST

START_TEST(what_is_asked_of_the_network_is_a_row_and_its_answer_is_told)
{
	const struct desk waits = { .wait = true, .timeout = 0 };
	plain("init", NULL, NULL);
	ck_assert_int_eq(plain("ask", "query", "17"), EXIT_DONE);
	ck_assert_str_eq(out, "command 1\n");
	sql("INSERT INTO outbox (id, recipient, status) SELECT 1, '1', 'sent' FROM command "
	    "WHERE what = 'query' AND outbox_id = 17 AND body IS NULL");
	ck_assert_int_eq(plain("retry", "1", NULL), EXIT_FAILED); /* the row was as it should be */
	ck_assert_ptr_nonnull(strstr(err, "1: is sent"));
	ck_assert_int_eq(run(waits, "ask", "cancel", "17"), EXIT_FAILED);
	ck_assert_ptr_nonnull(strstr(err, "no gateway is running"));
	ck_assert_ptr_nonnull(strstr(err, "command 2 is still asked after 0 seconds"));
	sql("CREATE TRIGGER answers AFTER INSERT ON command BEGIN UPDATE command SET status = CASE new.what "
	    "WHEN 'query' THEN 'done' ELSE 'refused' END, answer = 'enroute', error_text = 'no' "
	    "WHERE id = new.id; END");
	ck_assert_int_eq(run(waits, "ask", "query", "17"), EXIT_DONE);
	ck_assert_str_eq(out, "command 3\ndone: enroute\n");
	ck_assert_int_eq(run(waits, "ask", "cancel", "17"), EXIT_FAILED);
	ck_assert_ptr_nonnull(strstr(err, "smsqlctl: refused: no\n"));
	ck_assert_int_eq(plain("ask", "replace", "17"), EXIT_FAILED);
	ck_assert_str_eq(err, "smsqlctl: replace needs the new text\n");
	ck_assert_int_eq(plain("ask", "delete", "17"), EXIT_FAILED);
	ck_assert_int_eq(plain("ask", "query", "x"), EXIT_FAILED);
}
END_TEST

START_TEST(retry_and_cancel_tell_what_became_of_each_id)
{
	plain("init", NULL, NULL);
	sql("INSERT INTO outbox (recipient, status, queue) VALUES ('1', 'failed', 2), "
	    "('2', 'delivered', 2), ('3', 'queued', 0)");
	ck_assert_int_eq(plain("retry", "1", "2"), EXIT_FAILED);
	ck_assert_str_eq(out, "1: queued again\n");
	ck_assert_str_eq(err, "smsqlctl: 2: is delivered; only these can be: failed, undelivered, "
	    "expired, held, cancelled, and doubtful unless it is a turn of a dialogue\n");
	ck_assert_int_eq(plain("cancel", "3", "1"), EXIT_DONE);
	ck_assert_str_eq(out, "3: cancelled\n1: cancelled\n");
	ck_assert_int_eq(plain("cancel", "9", NULL), EXIT_FAILED);
	ck_assert_str_eq(err, "smsqlctl: 9: there is no such message\n");
	ck_assert_int_eq(plain("retry", "1", "1x"), EXIT_FAILED);
	ck_assert_str_eq(err, "smsqlctl: \"1x\" is no id of a message\n");
	ck_assert_str_eq(out, "");
}
END_TEST

START_TEST(who_decides_names_messages_a_link_or_all)
{
	plain("init", NULL, NULL);
	sql("INSERT INTO outbox (recipient, status, queue, kind, link_used) VALUES ('1', 'doubtful', 2, 'text', "
	    "'acme'), ('2', 'doubtful', 2, 'text', 'beta'), ('3', 'doubtful', 2, 'ussd', 'beta'), "
	    "('4', 'failed', 2, 'text', 'beta')");
	sql("INSERT INTO outbox_part (outbox_id, part, link, message_id, status) "
	    "VALUES (3, 1, 'beta', '', 'doubtful'), (4, 1, 'beta', '', 'doubtful')");
	ck_assert_int_eq(plain("doubtful", "resend", NULL), EXIT_FAILED);
	ck_assert_ptr_nonnull(strstr(err, "which? ID..., --link NAME or --all"));
	ck_assert_int_eq(plain("doubtful", "keep", "1"), EXIT_FAILED);
	ck_assert_int_eq(plain("doubtful", "resend", "4"), EXIT_FAILED);
	ck_assert_str_eq(err, "smsqlctl: 4: is failed; only these can be: doubtful, and no turn of a dialogue\n");
	ck_assert_int_eq(plain("doubtful", "accept", "4"), EXIT_FAILED);
	struct desk beta = { .link = "beta" }, all = { .link = "", .all = true };
	ck_assert_int_eq(run(beta, "doubtful", "resend", NULL), EXIT_FAILED);
	ck_assert_str_eq(out, "2: queued again\n");
	ck_assert_ptr_nonnull(strstr(err, "3: is doubtful"));
	ck_assert_int_eq(run(all, "doubtful", "accept", NULL), EXIT_DONE);
	ck_assert_str_eq(out, "1: taken as sent\n3: taken as sent\n");
	sql("CREATE TABLE right AS SELECT 1 WHERE (SELECT group_concat(status) FROM outbox) = "
	    "'sent,queued,sent,failed' AND (SELECT group_concat(status) FROM outbox_part) = 'sent,doubtful'");
	sql("INSERT INTO outbox (id, recipient, status) SELECT 100, '1', 'doubtful' FROM right");
	ck_assert_int_eq(plain("doubtful", "accept", "100"), EXIT_DONE);
	ck_assert_int_eq(run(all, "doubtful", "resend", NULL), EXIT_DONE);
	ck_assert_str_eq(out, "none is doubtful\n");
}
END_TEST

START_TEST(a_link_that_no_gateway_has_is_told_with_those_there_are)
{
	plain("init", NULL, NULL);
	ck_assert_int_eq(plain("hold", "acme", NULL), EXIT_FAILED);
	ck_assert_str_eq(err, "smsqlctl: no gateway has a link \"acme\", or any: has smsqld been started?\n");
	sql("INSERT INTO link (gateway, name, driver, state, reason, window_size, queued, unanswered, "
	    "rate, sent, failed, receipts, received, updated_at) SELECT gateway, name, 'smpp', 'up', '', 10, 0, 0, 0, "
	    "0, 0, 0, 0, 'now' FROM (SELECT 'gw1' AS gateway, 'acme' AS name UNION ALL SELECT 'gw2', 'acme' "
	    "UNION ALL SELECT 'gw1', 'old')");
	ck_assert_int_eq(plain("drain", "acne", NULL), EXIT_FAILED);
	ck_assert_str_eq(err, "smsqlctl: no gateway has a link \"acne\"; there are: acme, old\n");
	static const struct { const char *command, *wanted; } cases[] = {
		{ "hold", "hold" }, { "drain", "drain" }, { "release", "run" },
	};
	for (size_t i = 0; i < 3; i++) {
		char expected[200];
		snprintf(expected, sizeof expected, "acme: wanted is now %s, on gateway gw1\n"
		    "acme: wanted is now %s, on gateway gw2\n", cases[i].wanted, cases[i].wanted);
		ck_assert_int_eq(plain(cases[i].command, "acme", NULL), EXIT_DONE);
		ck_assert_str_eq(out, expected);
	}
}
END_TEST

START_TEST(a_table_is_aligned_with_long_texts_last)
{
	static const struct column columns[] = { { .name = "why", .look = COLUMN_LAST },
		{ .name = "n" }, { .name = "seconds", .title = "age", .look = COLUMN_AGE },
		{ .name = "name" }, { .name = NULL } };
	struct table table = { .columns = columns };
	const struct value rows[2][4] = {
		{ { .kind = VALUE_NULL }, { .kind = VALUE_NUMBER, .number = 7 },
		  { .kind = VALUE_NUMBER, .number = 3725 }, { .kind = VALUE_TEXT, .at = "\xC3\xA9", .len = 2 } },
		{ { .kind = VALUE_TEXT, .at = "a\x1B\xC2\x9B" "b", .len = 5 },
		  { .kind = VALUE_NUMBER, .number = 1000 }, { .kind = VALUE_NUMBER, .number = 59 },
		  { .kind = VALUE_TEXT, .at = "abcdef", .len = 6 } },
	};
	table_add(&table, rows[0], 4);
	table_add(&table, rows[1], 4);
	struct capture shown = capture(stdout);
	table_print(&table, stdout);
	captured(&shown, out, sizeof out);
	ck_assert_str_eq(out,
	    "   n     age  name    why\n"
	    "   7  1h 02m  \xC3\xA9\n"
	    "1000     59s  abcdef  a???b\n");
	table_free(&table);
}
END_TEST

START_TEST(a_password_in_a_url_is_not_shown)
{
	static const struct { const char *url, *place; } cases[] = {
		{ "postgresql://bob:s3:c@ret@db/sms?password=x", "postgresql://bob@db/sms" },
		{ "postgresql://bob@db:5433/sms", "postgresql://bob@db:5433/sms" },
		{ "postgresql:///sms?host=/run", "postgresql:///sms" },
		{ "sqlite:///var/a@b:c.db", "sqlite:///var/a@b:c.db" },
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct desk desk = { .json = false };
		desk_place(&desk, cases[i].url);
		ck_assert_str_eq(desk.place, cases[i].place);
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("desk");
	TCase *tests = tcase_create("desk");
	tcase_set_timeout(tests, 60);
	tcase_add_checked_fixture(tests, enter_folder, leave_folder);
	tcase_add_test(tests, init_creates_the_tables_and_then_leaves_them_alone);
	tcase_add_test(tests, init_refuses_tables_that_are_not_ours);
	tcase_add_test(tests, upgrade_brings_old_tables_to_this_version);
	tcase_add_test(tests, upgrade_changes_nothing_without_a_yes);
	tcase_add_test(tests, init_and_check_refuse_tables_of_a_newer_program);
	tcase_add_test(tests, check_names_a_table_that_is_missing);
	tcase_add_test(tests, send_inserts_a_row_and_waits_for_its_end);
	tcase_add_test(tests, what_programs_get_is_json);
	tcase_add_test(tests, what_is_asked_of_the_network_is_a_row_and_its_answer_is_told);
	tcase_add_test(tests, retry_and_cancel_tell_what_became_of_each_id);
	tcase_add_test(tests, who_decides_names_messages_a_link_or_all);
	tcase_add_test(tests, a_link_that_no_gateway_has_is_told_with_those_there_are);
	tcase_add_test(tests, a_table_is_aligned_with_long_texts_last);
	tcase_add_test(tests, a_password_in_a_url_is_not_shown);
	suite_add_tcase(suite, tests);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? 1 : 0;
}
