/* SPDX-License-Identifier: Apache-2.0 */
/*
 * check_engine.c - every engine against the rules of engine.h.
 *
 * What the statements mean is in check_statements.c; here is how they are run:
 * values, transactions, failures, opening, and for SQLite by which index.
 */
#include "engine_world.h"

#include <grp.h>
#include <pthread.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>

extern const char *const sqlite_statements[STATEMENT_COUNT];

/* A row for INBOX_PUT; it is refused when link is NULL. */
#define INBOX(arrival, link) text(arrival), link, text("4915"), text("4916"), text("text"), \
	text("hello"), null(), null(), text("gsm7"), null(), number(1), number(0), null(), null(), \
	null()

static long long inbox_rows(void)
{
	return count("SELECT count(*) FROM inbox");
}

/* Signatures */

static bool is_number(const char *name)
{
	static const char *const numbers[] = { "old_epoch", "new_epoch", "epoch", "lease_ms", "pid",
		"token", "max", "age_s", "after_at_ms", "after_id", "id", "queue", "retry_ms", "untried", "parts", "code", "part", "n",
		"done_at_ms", "outbox_id", "receipt_id", "received_at_ms", "network_at_ms", "missing", "wide", "ref", "set",
		"received_at", "network_at", "data_coding", "protocol_id", "session", "sequence", "passed", "later", "ours", "quiet_s", "confirm",
		"wait_s", "most_s", "keep_s", "unconfirmed_s", "after", "dry", "number", "ranges",
		"per_link", "per_sender", "digest", "attempt", "window", "queued", "answer_at_ms",
		"interval_ms", "quota_hour", "quota_day", "quota_month", "used_hour", "used_day", "used_month", "used_at_ms",
		"unanswered", "rate", "sent", "failed", "receipts", "received", NULL };
	for (size_t i = 0; numbers[i]; i++)
		if (strcmp(numbers[i], name) == 0)
			return true;
	return false;
}

/* Something that a column of that name may hold, another for each row. */
static struct value sample(const char *name, size_t row)
{
	static const char *const rows[] = { "x0", "x1" };
	if (is_number(name))
		return number((int64_t)row + 1);
	if (strcmp(name, "status") == 0)
		return text("sent");
	if (strcmp(name, "in_doubt") == 0)
		return text("resend");
	if (strcmp(name, "options") == 0)
		return text("{}");
	if (strcmp(name, "floors") == 0)
		return text("1,,2");
	if (strcmp(name, "what") == 0)
		return text("query");
	if (strcmp(name, "wanted") == 0)
		return text("run");
	if (strcmp(name, "data") == 0 || strcmp(name, "udh") == 0 || strcmp(name, "octets") == 0)
		return octets("\0\1", 2);
	return text(rows[row]);
}

static size_t sample_row(enum statement statement, struct value *values, size_t row)
{
	char names[512], *next = names;
	snprintf(names, sizeof names, "%s", names_of(statement, false));
	size_t n = 0;
	for (char *name; *names && (name = strsep(&next, ",")); n++)
		values[n] = sample(name + strspn(name, " "), row);
	return n;
}

START_TEST(every_statement_takes_the_parameters_it_names)
{
	begin(_i);
	for (int i = 0; i < STATEMENT_COUNT; i++) {
		struct value values[2 * COLUMNS];
		/* Of partitioned tables: check_partitions.c. */
		if (strncmp(statement_names[i], "PARTITION_", 10) == 0 && engine->partitioned)
			continue;
		size_t n = 0;
		for (size_t row = 0; row < (statement_shapes[i] == MANY ? 2 : 1); row++)
			n += sample_row((enum statement)i, values + n, row);
		ck_assert_msg(run_on(db, (enum statement)i, values, n) == DB_OK, "%s: %s",
		    statement_names[i], err.text);
	}
	end();
}
END_TEST

START_TEST(no_rows_are_no_work)
{
	begin(_i);
	for (int i = 0; i < STATEMENT_COUNT; i++) {
		if (statement_shapes[i] != MANY)
			continue;
		const struct value none = null();
		const size_t width = names_count(names_of((enum statement)i, false));
		changed = 12345;
		ck_assert_int_eq(engine->run(db, (enum statement)i, &none, width, 0, NULL, NULL, &changed,
		    &err), DB_OK);
		ck_assert_uint_eq(changed, 0);
	}
	end();
}
END_TEST

START_TEST(a_url_finds_its_engine_by_its_scheme)
{
	(void)_i;
	for (size_t i = 0; engines[i]; i++)
		for (size_t k = 0; engines[i]->schemes[k]; k++) {
			char of[64];
			snprintf(of, sizeof of, "%s://somewhere", engines[i]->schemes[k]);
			ck_assert_ptr_eq(engine_of(of), engines[i]);
		}
	ck_assert_ptr_null(engine_of("oracle://somewhere"));
	ck_assert_ptr_null(engine_of("sqlit://somewhere"));
	ck_assert_ptr_null(engine_of("sqlite"));
	ck_assert_ptr_null(engine_of(""));
}
END_TEST

/* Values */

START_TEST(numbers_and_times_come_back_as_they_went_in)
{
	begin(_i);
	RUN(RECEIPT_PUT, text("acme"), text("00Ab"), text(""), text("sent"), text("ENROUTE"),
	    number(4294967295), text("a text"), number(1700000000123), null(), text("171 ab"),
	    text("acme"), text("ab"), text("4915"), text("delivered"), text(""), number(0), text(""),
	    null(), null(), text(""));
	RUN(OVERTAKEN, text("acme"), text("ab"));
	ck_assert_uint_eq(nanswers, 2);
	ck_assert_str_eq(cell(0, "code"), "4294967295");
	ck_assert_str_eq(cell(0, "done_at_ms"), "1700000000123");
	ck_assert_str_eq(cell(0, "message_id"), "00Ab");
	ck_assert_str_eq(cell(0, "other_ids"), "171 ab");
	ck_assert_str_eq(cell(0, "recipient"), "");
	ck_assert_str_eq(cell(1, "code"), "0");
	ck_assert_str_eq(cell(1, "text"), "");
	ck_assert_str_eq(cell(1, "done_at_ms"), "NULL");
	end();
}
END_TEST

START_TEST(octets_and_nulls_come_in_as_they_are)
{
	begin(_i);
	static const uint8_t every[] = { 0x00, 0x01, 0x27, 0x5C, 0x80, 0xFF, 0x00 };
	RUN(INBOX_PUT,
	    text("a"), text("acme"), text("4915"), text("4916"), text("binary"), null(),
	    octets(every, sizeof every), octets(every, 1), text("binary"), text("{\"class\": 1}"),
	    number(255), number(254), number(1700000000123), null(), null(),
	    text("b"), text("acme"), text("4915"), text("4916"), text("text"), text(""),
	    null(), null(), text("ucs2"), null(), number(1), number(0), null(), number(1700000000123),
	    number(4711));
	ck_assert_uint_eq(changed, 2);
	const char *hex = pgsql_outside ? "upper(encode(data, 'hex'))" : "hex(data)";
	ck_assert_str_eq(words("SELECT %s FROM inbox WHERE arrival = 'a'", hex), "0001275C80FF00");
	ck_assert_int_eq(count("SELECT count(*) FROM inbox WHERE arrival = 'a' AND body IS NULL "
	    "AND parts = 255 AND missing = 254 AND encoding = 'binary' AND options IS NOT NULL AND outbox_id IS NULL "
	    "AND network_time < '2023-11-15 00:00:00' AND received_at > %s", from_now(-60)), 1);
	ck_assert_int_eq(count("SELECT count(*) FROM inbox WHERE arrival = 'b' AND body = '' "
	    "AND data IS NULL AND udh IS NULL AND options IS NULL AND network_time IS NULL AND parts = 1 AND outbox_id = 4711 "
	    "AND received_at < '2023-11-15 00:00:00'"), 1);
	end();
}
END_TEST

struct long_text { const char *at; size_t len; bool same; };

static void see_body(void *ctx, const struct value *columns, size_t n)
{
	struct long_text *wants = ctx;
	ck_assert_uint_eq(n, names_count(CLAIM_COLUMNS));
	const struct value *body = &columns[name_index(CLAIM_COLUMNS, "body")];
	wants->same = body->kind == VALUE_TEXT && body->len == wants->len &&
	    memcmp(body->at, wants->at, wants->len) == 0;
}

START_TEST(a_long_text_in_any_script_comes_back_whole)
{
	static const char piece[] = "Привет, 世界 \xF0\x9F\x93\xA8 'quoted' \"twice\" \\ ";
	enum { PIECES = 5000 };
	begin(_i);
	const size_t len = PIECES * (sizeof piece - 1);
	char *body = calloc(1, len + 1);
	ck_assert_ptr_nonnull(body);
	for (size_t i = 0; i < PIECES; i++)
		memcpy(body + i * (sizeof piece - 1), piece, sizeof piece - 1);
	RUN(DESK_SEND, text("4915"), text(body), text(""), text(""));
	struct long_text wants = { body, len, false };
	const struct value claim[] = { text("gw/1"), number(1), text(""), number(10), text("") };
	ck_assert_int_eq(engine->run(db, STATEMENT_CLAIM, claim, 5, 1, see_body, &wants, NULL, &err),
	    DB_OK);
	ck_assert(wants.same);
	free(body);
	end();
}
END_TEST

START_TEST(rows_may_be_of_no_interest)
{
	begin(_i);
	const struct value values[] = { text("4915"), text("x"), text(""), text("") };
	ck_assert_int_eq(engine->run(db, STATEMENT_DESK_SEND, values, 4, 1, NULL, NULL, NULL, &err),
	    DB_OK);
	ck_assert_int_eq(count("SELECT count(*) FROM outbox"), 1);
	end();
}
END_TEST

START_TEST(a_thousand_rows_go_in_order_in_one_call)
{
	enum { ROWS = 1000, WIDTH = 15 };
	begin(_i);
	static struct value values[ROWS * WIDTH];
	static char arrivals[ROWS][16];
	for (size_t i = 0; i < ROWS; i++) {
		snprintf(arrivals[i], sizeof arrivals[i], "a%zu", i);
		const struct value row[WIDTH] = { INBOX(arrivals[i], text("acme")) };
		memcpy(values + i * WIDTH, row, sizeof row);
	}
	ck_assert_int_eq(run_on(db, STATEMENT_INBOX_PUT, values, ROWS * WIDTH), DB_OK);
	ck_assert_uint_eq(changed, ROWS);
	ck_assert_str_eq(words("SELECT arrival FROM inbox ORDER BY id LIMIT 1 OFFSET 777"), "a777");
	ck_assert_int_eq(run_on(db, STATEMENT_INBOX_PUT, values, ROWS * WIDTH), DB_OK);
	ck_assert_uint_eq(changed, 0);
	ck_assert_int_eq(inbox_rows(), ROWS);
	end();
}
END_TEST

/* Transactions */

START_TEST(outside_of_a_transaction_a_statement_is_one_of_its_own)
{
	begin(_i);
	ck_assert_int_eq(TRY(INBOX_PUT, INBOX("a", text("acme")), INBOX("b", null())), DB_REFUSED);
	ck_assert_int_eq(inbox_rows(), 0);
	RUN(INBOX_PUT, INBOX("a", text("acme")), INBOX("b", text("acme")));
	ck_assert_int_eq(inbox_rows(), 2);
	end();
}
END_TEST

START_TEST(a_rollback_undoes_and_a_commit_keeps)
{
	begin(_i);
	ck_assert_int_eq(engine->transact(db, EDGE_BEGIN, &err), DB_OK);
	RUN(INBOX_PUT, INBOX("a", text("acme")));
	ck_assert_int_eq(engine->transact(db, EDGE_ROLLBACK, &err), DB_OK);
	ck_assert_int_eq(inbox_rows(), 0);
	ck_assert_int_eq(engine->transact(db, EDGE_BEGIN, &err), DB_OK);
	RUN(INBOX_PUT, INBOX("b", text("acme")));
	RUN(INBOX_PUT, INBOX("c", text("acme")));
	ck_assert_int_eq(inbox_rows(), 0);
	ck_assert_int_eq(engine->transact(db, EDGE_COMMIT, &err), DB_OK);
	ck_assert_int_eq(inbox_rows(), 2);
	end();
}
END_TEST

START_TEST(a_failure_leaves_no_transaction_open)
{
	begin(_i);
	ck_assert_int_eq(engine->transact(db, EDGE_BEGIN, &err), DB_OK);
	RUN(INBOX_PUT, INBOX("a", text("acme")));
	ck_assert_int_eq(TRY(INBOX_PUT, INBOX("b", null())), DB_REFUSED);
	ck_assert_str_ne(err.text, "");
	RUN(INBOX_PUT, INBOX("c", text("acme")));
	ck_assert_str_eq(words("SELECT arrival FROM inbox"), "c");
	ck_assert_int_eq(inbox_rows(), 1);
	/* There is nothing to roll back, and that is no failure. */
	ck_assert_int_eq(engine->transact(db, EDGE_ROLLBACK, &err), DB_OK);
	ck_assert_int_eq(engine->transact(db, EDGE_BEGIN, &err), DB_OK);
	ck_assert_int_eq(engine->transact(db, EDGE_COMMIT, &err), DB_OK);
	end();
}
END_TEST

START_TEST(what_was_not_committed_goes_with_the_connection)
{
	begin(_i);
	struct db *other = connection();
	ck_assert_int_eq(engine->transact(other, EDGE_BEGIN, &err), DB_OK);
	ck_assert_int_eq(run_on(other, STATEMENT_INBOX_PUT, VALUES(INBOX("a", text("acme")))), DB_OK);
	engine->close(other);
	engine->close(NULL);
	RUN(INBOX_PUT, INBOX("a", text("beta")));
	ck_assert_str_eq(words("SELECT link FROM inbox"), "beta");
	end();
}
END_TEST

START_TEST(a_script_is_all_or_nothing)
{
	begin_empty(_i);
	ck_assert_int_ne(engine->script(db, "CREATE TABLE smsqld_schema (version int); "
	    "INSERT INTO smsqld_schema VALUES (1); nonsense;", &err), DB_OK);
	ck_assert_ptr_nonnull(strstr(err.text, "nonsense"));
	ASK(TABLES);
	ck_assert_uint_eq(nanswers, 0);
	ck_assert_int_eq(engine->script(db, engine->schema, &err), DB_OK);
	ck_assert_int_ne(engine->script(db, engine->schema, &err), DB_OK);
	ASK(TABLES);
	ck_assert_uint_eq(nanswers, 11);
	end();
}
END_TEST

/* Failures */

START_TEST(without_tables_a_statement_is_broken_and_says_the_remedy)
{
	begin_empty(_i);
	ASK(TABLES);
	ck_assert_uint_eq(nanswers, 0);
	ck_assert_int_eq(run_on(db, STATEMENT_VERSION, NULL, 0), DB_BROKEN);
	ck_assert_msg(strstr(err.text, "smsqlctl init") != NULL, "%s", err.text);
	ck_assert_int_eq(TRY(CLAIM, text("gw/1"), number(1), text(""), number(1), text("")), DB_BROKEN);
	/* Statements are not forgotten when the tables come. */
	ck_assert_int_eq(engine->script(db, engine->schema, &err), DB_OK);
	ASK(VERSION);
	ck_assert_int_eq(cell_number(0, "version"), SCHEMA_VERSION);
	RUN(CLAIM, text("gw/1"), number(1), text(""), number(1), text(""));
	end();
}
END_TEST

START_TEST(a_value_against_a_rule_of_the_tables_is_refused)
{
	begin(_i);
	RUN(LINK_PUT, text("gw"), text("acme"), text("loop"), text("up"), text(""), number(1), number(0),
	    number(0), number(0), number(0), number(0), number(0), number(0), text(""), number(0), number(0),
	    number(0), number(0), number(0), number(0), number(0), number(0));
	ck_assert_int_eq(TRY(DESK_WANT, text("acme"), text("stop")), DB_REFUSED);
	ck_assert_int_eq(TRY(PART_PUT, number(1), number(1), text("acme"), text("x"), text("nonsense"),
	    number(0), text(""), number(0), text("")), DB_REFUSED);
	ck_assert_int_eq(count("SELECT count(*) FROM outbox_part"), 0);
	end();
}
END_TEST

START_TEST(a_connection_that_died_is_lost)
{
	begin(_i);
	if (pgsql_outside) {
		ck_assert_int_eq(engine->transact(db, EDGE_BEGIN, &err), DB_OK);
		RUN(INBOX_PUT, INBOX("a", text("acme")));
		words("SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
		    "WHERE application_name = '%s' AND state = 'idle in transaction'",
		    program_invocation_short_name);
		ck_assert_int_eq(TRY(INBOX_PUT, INBOX("b", text("acme"))), DB_LOST);
		ck_assert_int_eq(TRY(INBOX_PUT, INBOX("b", text("acme"))), DB_LOST);
		ck_assert_int_eq(engine->transact(db, EDGE_ROLLBACK, &err), DB_LOST);
		ck_assert_int_eq(inbox_rows(), 0);
	}
	if (mysql_outside) {
		ck_assert_int_eq(engine->transact(db, EDGE_BEGIN, &err), DB_OK);
		RUN(INBOX_PUT, INBOX("a", text("acme")));
		const long long other = count("SELECT id FROM information_schema.processlist WHERE db = database() "
		    "AND id <> connection_id()");
		words("KILL %lld", other);
		ck_assert_int_eq(TRY(INBOX_PUT, INBOX("b", text("acme"))), DB_LOST);
		ck_assert_int_eq(TRY(INBOX_PUT, INBOX("b", text("acme"))), DB_LOST);
		ck_assert_int_eq(engine->transact(db, EDGE_ROLLBACK, &err), DB_LOST);
		ck_assert_int_eq(inbox_rows(), 0);
	}
	end();
}
END_TEST

/* Two transactions that want each other's rows. */

struct rival { struct db *db; enum db_result result; pthread_barrier_t *both; };

static enum db_result want(struct db *one, const char *name)
{
	const struct value beat[] = { text(name), number(1), number(60000) };
	struct db_error ignored;
	return engine->run(one, STATEMENT_GATEWAY_BEAT, beat, 3, 1, NULL, NULL, NULL, &ignored);
}

static void *rival(void *ctx)
{
	struct rival *self = ctx;
	struct db_error ignored;
	self->result = engine->transact(self->db, EDGE_BEGIN, &ignored);
	if (self->result == DB_OK)
		self->result = want(self->db, "second");
	pthread_barrier_wait(self->both);
	if (self->result == DB_OK)
		self->result = want(self->db, "first");
	if (self->result == DB_OK)
		self->result = engine->transact(self->db, EDGE_COMMIT, &ignored);
	return NULL;
}

START_TEST(of_two_that_wait_for_each_other_one_is_told_to_ask_again)
{
	begin(_i);
	if (engine->connections > 1) {
		RUN(GATEWAY_ENTER, text("first"), number(0), number(1), number(60000), text("x"), text("h"),
		    number(1));
		RUN(GATEWAY_ENTER, text("second"), number(0), number(1), number(60000), text("x"),
		    text("h"), number(1));
		pthread_barrier_t both;
		pthread_barrier_init(&both, NULL, 2);
		struct rival other = { connection(), DB_BROKEN, &both };
		pthread_t thread;
		ck_assert_int_eq(engine->transact(db, EDGE_BEGIN, &err), DB_OK);
		ck_assert_int_eq(want(db, "first"), DB_OK);
		ck_assert_int_eq(pthread_create(&thread, NULL, rival, &other), 0);
		pthread_barrier_wait(&both);
		enum db_result mine = want(db, "second");
		if (mine == DB_OK)
			mine = engine->transact(db, EDGE_COMMIT, &err);
		pthread_join(thread, NULL);
		pthread_barrier_destroy(&both);
		ck_assert_msg((mine == DB_OK && other.result == DB_AGAIN)
		    || (mine == DB_AGAIN && other.result == DB_OK), "%d %d", mine, other.result);
		engine->close(other.db);
	}
	end();
}
END_TEST

START_TEST(a_claim_does_not_wait_for_another_that_is_not_committed)
{
	begin(_i);
	if (engine->connections > 1) {
		for (int i = 0; i < 10; i++)
			RUN(DESK_SEND, text("4915"), text("x"), text(""), text(""));
		struct db *other = connection();
		ck_assert_int_eq(engine->transact(other, EDGE_BEGIN, &err), DB_OK);
		ck_assert_int_eq(run_on(other, STATEMENT_CLAIM,
		    VALUES(text("a/1"), number(1), text(""), number(4), text(""))), DB_OK);
		ck_assert_uint_eq(nanswers, 4);
		RUN(CLAIM, text("b/1"), number(1), text(""), number(10), text(""));
		ck_assert_uint_eq(nanswers, 6);
		ck_assert_int_eq(engine->transact(other, EDGE_COMMIT, &err), DB_OK);
		engine->close(other);
		ck_assert_int_eq(count("SELECT count(*) FROM outbox WHERE owner = 'a/1'"), 4);
		ck_assert_int_eq(count("SELECT count(*) FROM outbox WHERE owner = 'b/1'"), 6);
	}
	end();
}
END_TEST

/* Opening */

static void opens_as(const char *where, enum db_result wanted, const char *says)
{
	struct db *one = (struct db *)&one;
	*err.text = '\0';
	ck_assert_msg(engine->open(&one, where, "", &err) == wanted, "%s: %s", where, err.text);
	ck_assert_ptr_null(one);
	ck_assert_msg(strstr(err.text, says) != NULL, "%s: %s", where, err.text);
}

START_TEST(a_server_that_cannot_be_reached_is_lost_and_a_wrong_name_is_broken)
{
	begin_empty(_i);
	if (pgsql_outside) {
		opens_as("postgresql://127.0.0.1:1/sms", DB_LOST, "");
		char other[1100];
		snprintf(other, sizeof other, "%s&dbname=no_such_database", url);
		opens_as(other, DB_BROKEN, "no_such_database");
		opens_as("postgresql://127.0.0.1/sms?nonsense=1", DB_BROKEN, "nonsense");
	}
	if (mysql_outside) {
		char other[1100];
		opens_as("mysql://127.0.0.1:1/sms", DB_LOST, "");
		snprintf(other, sizeof other, "%.*s/no_such_database", (int)(strrchr(url, '/') - url), url);
		opens_as(other, DB_BROKEN, "create the database");
		snprintf(other, sizeof other, "mariadb://nobody:x@%.1000s", strchr(url, '@') + 1);
		opens_as(other, DB_BROKEN, "check the user and its password");
		opens_as("mysql://127.0.0.1/sms?nonsense=1", DB_BROKEN, "expected mysql://");
		opens_as("mysql://127.0.0.1", DB_BROKEN, "expected mysql://");
		opens_as("mysql://127.0.0.1:x/sms", DB_BROKEN, "expected mysql://");
		opens_as("mysql://u:%zz@127.0.0.1/sms", DB_BROKEN, "expected mysql://");
		opens_as("mysql://u:p@localhost/sms?socket=/no/such/socket", DB_LOST, "/no/such/socket");
	}
	end();
}
END_TEST

START_TEST(of_several_hosts_the_first_that_is_there_is_taken)
{
	begin_empty(_i);
	if (pgsql_outside || mysql_outside) {
		char list[1200];
		const char *host = strchr(url, '@') + 1;
		const int before = (int)(host - url);
		struct db *one = NULL;
		snprintf(list, sizeof list, "%.*s127.0.0.1:1,%.1000s", before, url, host);
		ck_assert_msg(engine->open(&one, list, "", &err) == DB_OK, "%s", err.text);
		ck_assert_str_eq(err.text, "");
		ck_assert_int_eq(engine->run(one, STATEMENT_TABLES, NULL, 0, 1, NULL, NULL, NULL, &err), DB_OK);
		engine->close(one);
		snprintf(list, sizeof list, "%.*s127.0.0.1:1,127.0.0.1:2%.1000s", before, url, strchr(host, '/'));
		opens_as(list, DB_LOST, mysql_outside ? "; 127.0.0.1:2 " : "port 2");
	}
	if (mysql_outside) {
		char list[1200];
		snprintf(list, sizeof list, "mysql://nobody:x@127.0.0.1:1,%.1000s", strchr(url, '@') + 1);
		opens_as(list, DB_LOST, "check the user and its password");
	}
	end();
}
END_TEST

START_TEST(a_file_that_cannot_be_is_broken_and_says_why)
{
	begin_empty(_i);
	if (sqlite_outside) {
		opens_as("sqlite://sms.db", DB_BROKEN, "sqlite:///");
		opens_as("sqlite:/sms.db", DB_BROKEN, "sqlite:///");
		opens_as("sqlite:///no/such/folder/sms.db", DB_BROKEN, "/no/such/folder: does not exist");
		opens_as("sqlite:///proc", DB_BROKEN, "/proc");
		char path[200];
		snprintf(path, sizeof path, "%s/other", folder);
		FILE *file = fopen(path, "w");
		ck_assert_ptr_nonnull(file);
		for (int i = 0; i < 1000; i++)
			fputs("no database at all\n", file);
		fclose(file);
		char other[220];
		snprintf(other, sizeof other, "sqlite://%s", path);
		opens_as(other, DB_BROKEN, "no SQLite database");
	}
	end();
}
END_TEST

/* From here on this process is nobody, for whom the folder is not writable. */
static void become_nobody(void)
{
	enum { NOBODY = 65534 };
	if (geteuid() != 0)
		return;
	ck_assert_int_eq(setgroups(0, NULL), 0);
	ck_assert_int_eq(setresgid(NOBODY, NOBODY, NOBODY), 0);
	ck_assert_int_eq(setresuid(NOBODY, NOBODY, NOBODY), 0);
	prctl(PR_SET_DUMPABLE, 1);      /* for the leak checker */
}

START_TEST(a_file_or_folder_without_the_right_to_write_is_broken)
{
	begin(_i);
	if (sqlite_outside) {
		const uid_t was = geteuid();
		const char *path = url + strlen("sqlite://");
		engine->close(db);
		db = NULL;
		sqlite3_close(sqlite_outside);
		ck_assert_int_eq(chmod(temporary, 0755), 0);
		ck_assert_int_eq(chmod(folder, 0777), 0);
		ck_assert_int_eq(chmod(path, 0444), 0);
		const pid_t child = fork();
		if (child == 0) {
			become_nobody();
			opens_as(url, DB_BROKEN, "the file is not writable");
			_exit(0);
		}
		int status;
		ck_assert_int_eq(waitpid(child, &status, 0), child);
		ck_assert_int_eq(status, 0);
		ck_assert_int_eq(chmod(folder, 0555), 0);
		const pid_t other = fork();
		if (other == 0) {
			become_nobody();
			opens_as(url, DB_BROKEN, "is not writable: let this user write there");
			_exit(0);
		}
		ck_assert_int_eq(waitpid(other, &status, 0), other);
		ck_assert_int_eq(status, 0);
		ck_assert_uint_eq(was, geteuid());
		ck_assert_int_eq(chmod(folder, 0700), 0);
	} else {
		end();
	}
}
END_TEST

/* SQLite */

START_TEST(a_full_disk_is_asked_again_and_says_the_remedy)
{
	begin(_i);
	if (sqlite_outside) {
		static char body[100000];
		memset(body, 'x', sizeof body - 1);
		ck_assert_int_eq(engine->script(db, "PRAGMA max_page_count = 60", &err), DB_OK);
		ck_assert_int_eq(engine->transact(db, EDGE_BEGIN, &err), DB_OK);
		RUN(DESK_SEND, text("4915"), text("small"), text(""), text(""));
		enum db_result result = TRY(DESK_SEND, text("4915"), text(body), text(""), text(""));
		if (result == DB_OK)
			result = TRY(DESK_SEND, text("4915"), text(body), text(""), text(""));
		ck_assert_int_eq(result, DB_AGAIN);
		ck_assert_msg(strstr(err.text, "disk is full: free space on the file system of /") != NULL,
		    "%s", err.text);
		ck_assert_int_eq(count("SELECT count(*) FROM outbox"), 0);
		ck_assert_int_eq(engine->script(db, "PRAGMA max_page_count = 60000", &err), DB_OK);
		RUN(DESK_SEND, text("4915"), text(body), text(""), text(""));
		ck_assert_int_eq(count("SELECT count(*) FROM outbox"), 1);
	}
	end();
}
END_TEST

START_TEST(a_file_that_others_keep_locked_is_asked_again)
{
	begin(_i);
	if (sqlite_outside) {
		words("BEGIN IMMEDIATE");
		ck_assert_int_eq(engine->transact(db, EDGE_BEGIN, &err), DB_AGAIN);
		ck_assert_msg(strstr(err.text, "locked") != NULL, "%s", err.text);
		words("COMMIT");
		ck_assert_int_eq(engine->transact(db, EDGE_BEGIN, &err), DB_OK);
		ck_assert_int_eq(engine->transact(db, EDGE_COMMIT, &err), DB_OK);
	}
	end();
}
END_TEST

START_TEST(what_was_committed_survives_a_power_loss)
{
	begin(_i);
	if (sqlite_outside) {
		ck_assert_str_eq(words("PRAGMA journal_mode"), "wal");
		/* Asked of the engine's own connection, in the one way there is. */
		ck_assert_int_eq(engine->script(db, "CREATE TABLE was AS SELECT synchronous "
		    "FROM pragma_synchronous", &err), DB_OK);
		ck_assert_int_eq(count("SELECT synchronous FROM was"), 2);
	}
	end();
}
END_TEST

/* The plan of a text, all of its statements, a step a line. */
static void plan_of(char *out, size_t room, const char *text)
{
	static char question[8192];
	sqlite3_exec(sqlite_outside, "CREATE TEMP TABLE picked (id INTEGER PRIMARY KEY)", NULL, NULL, NULL);
	size_t n = 0;
	while (*text) {
		const size_t len = strcspn(text, ";");
		snprintf(question, sizeof question, "EXPLAIN QUERY PLAN %.*s", (int)len, text);
		sqlite3_stmt *prepared;
		ck_assert_msg(sqlite3_prepare_v2(sqlite_outside, question, -1, &prepared, NULL) == SQLITE_OK,
		    "%s", sqlite3_errmsg(sqlite_outside));
		while (sqlite3_step(prepared) == SQLITE_ROW && n < room)
			n += (size_t)snprintf(out + n, room - n, "%s\n",
			    (const char *)sqlite3_column_text(prepared, 3));
		sqlite3_finalize(prepared);
		text += len + (text[len] == ';');
	}
}

static const struct { enum statement statement; const char *step; } probes[] = {
	{ STATEMENT_CLAIM, "o USING INDEX outbox_ready (route=? AND priority=? AND send_after<?)" },
	{ STATEMENT_CLAIM_PARKED, "o USING INDEX outbox_parked (lane=? AND priority=? AND send_after<?)" },
	{ STATEMENT_CLAIM_READ, "outbox USING INDEX outbox_claimed (owner=?)" },
	{ STATEMENT_RECOVER, "outbox USING INDEX outbox_claimed (owner=?)" },
	{ STATEMENT_SETTLE, "outbox USING INTEGER PRIMARY KEY (rowid=?)" },
	{ STATEMENT_OVERTAKEN, "receipt USING INDEX receipt_unmatched (link=? AND <expr>=?)" },
	{ STATEMENT_CONFIRM, "o USING INDEX outbox_network_id (link_used=? AND <expr>=?)" },
	{ STATEMENT_CONFIRM_PART, "p USING INDEX outbox_part_network_id (link=? AND <expr>=?)" },
	{ STATEMENT_FOLD_LOCK, "outbox USING INTEGER PRIMARY KEY (rowid=?)" },
	{ STATEMENT_FOLD, "p USING PRIMARY KEY (outbox_id=?" },
	{ STATEMENT_RECEIPT_MATCHED, "receipt USING INTEGER PRIMARY KEY (rowid=?)" },
	{ STATEMENT_RECEIPT_OPEN, "receipt USING INDEX receipt_open (received_at>?)" },
	{ STATEMENT_COMMAND_ANY, "command USING INDEX command_asked" },
	{ STATEMENT_COMMAND_LOOK, "c USING INDEX command_asked" },
	{ STATEMENT_COMMAND_LOOK, "o USING INTEGER PRIMARY KEY (rowid=?)" },
	{ STATEMENT_COMMAND_IDS, "outbox_part USING PRIMARY KEY (outbox_id=?)" },
	{ STATEMENT_COMMAND_APPLY, "outbox USING INTEGER PRIMARY KEY (rowid=?)" },
	{ STATEMENT_COMMAND_RECOVER, "command USING INDEX command_claimed (owner=?)" },
	{ STATEMENT_EXPIRE, "outbox USING INDEX outbox_expiry (expires_at>? AND expires_at<?)" },
};

/* These may read all of a table: a person waits for the answer. */
static bool may_scan(enum statement statement)
{
	return statement == STATEMENT_DESK_STATUS || statement == STATEMENT_DESK_DOUBTFUL ||
	    statement == STATEMENT_DESK_QUEUE;
}

static void check_plans(void)
{
	char plan[2048];
	for (size_t i = 0; i < sizeof probes / sizeof *probes; i++) {
		plan_of(plan, sizeof plan, sqlite_statements[probes[i].statement]);
		ck_assert_msg(strstr(plan, probes[i].step) != NULL, "%s:\n%s",
		    statement_names[probes[i].statement], plan);
	}
	for (int i = 0; i < STATEMENT_COUNT; i++) {
		plan_of(plan, sizeof plan, sqlite_statements[i]);
		const bool scans = strstr(plan, "SCAN outbox\n") || strstr(plan, "SCAN outbox_part\n") ||
		    strstr(plan, "SCAN o\n") || strstr(plan, "SCAN p\n") ||
		    strstr(plan, "SCAN receipt\n") || strstr(plan, "SCAN inbox\n");
		ck_assert_msg(!scans || may_scan((enum statement)i), "%s:\n%s", statement_names[i], plan);
	}
	/* A claim takes rows as they stand in the index. */
	plan_of(plan, sizeof plan, sqlite_statements[STATEMENT_CLAIM]);
	ck_assert_msg(!strstr(plan, "TEMP B-TREE"), "%s", plan);
	plan_of(plan, sizeof plan, sqlite_statements[STATEMENT_CLAIM_PARKED]);
	ck_assert_msg(!strstr(plan, "TEMP B-TREE"), "%s", plan);
}

START_TEST(every_statement_uses_its_index)
{
	begin(_i);
	if (sqlite_outside) {
		check_plans();
		/* Statistics of a large backlog must not change that. */
		words("INSERT INTO outbox (recipient, priority, queue) WITH RECURSIVE s (i) AS (SELECT 1 "
		    "UNION ALL SELECT i + 1 FROM s WHERE i < 5000) SELECT i, i %% 2, i %% 4 / 3 * 2 FROM s");
		words("INSERT INTO receipt (link, message_id, status) SELECT 'acme', id, 'sent' FROM outbox");
		words("ANALYZE");
		sqlite3_close(sqlite_outside);
		ck_assert_int_eq(sqlite3_open(url + strlen("sqlite://"), &sqlite_outside), SQLITE_OK);
		check_plans();
	}
	end();
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		every_statement_takes_the_parameters_it_names,
		no_rows_are_no_work,
		a_url_finds_its_engine_by_its_scheme,
		numbers_and_times_come_back_as_they_went_in,
		octets_and_nulls_come_in_as_they_are,
		a_long_text_in_any_script_comes_back_whole,
		rows_may_be_of_no_interest,
		a_thousand_rows_go_in_order_in_one_call,
		outside_of_a_transaction_a_statement_is_one_of_its_own,
		a_rollback_undoes_and_a_commit_keeps,
		a_failure_leaves_no_transaction_open,
		what_was_not_committed_goes_with_the_connection,
		a_script_is_all_or_nothing,
		without_tables_a_statement_is_broken_and_says_the_remedy,
		a_value_against_a_rule_of_the_tables_is_refused,
		a_connection_that_died_is_lost,
		of_two_that_wait_for_each_other_one_is_told_to_ask_again,
		a_claim_does_not_wait_for_another_that_is_not_committed,
		a_server_that_cannot_be_reached_is_lost_and_a_wrong_name_is_broken,
		of_several_hosts_the_first_that_is_there_is_taken,
		a_file_that_cannot_be_is_broken_and_says_why,
		a_file_or_folder_without_the_right_to_write_is_broken,
		a_full_disk_is_asked_again_and_says_the_remedy,
		a_file_that_others_keep_locked_is_asked_again,
		what_was_committed_survives_a_power_loss,
		every_statement_uses_its_index,
	};
	return run_tests("engine", tests, sizeof tests / sizeof *tests);
}
