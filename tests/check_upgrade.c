/* SPDX-License-Identifier: Apache-2.0 */
/*
 * check_upgrade.c - tables of an older version become those of this one, with what is
 * in them. tests/schema has the schema.sql of every earlier version. MariaDB came with version 3.
 */
#include "ledger_world.h"

/* The first version that the engine had. */
static int oldest(void)
{
	return mysql_outside ? 3 : 1;
}

/* The schema of an old version, in the database that is empty. */
static void make_old(int version)
{
	static char script[65536];
	char path[300];
	const char *top = getenv("SMSQLD_TOP");
	snprintf(path, sizeof path, "%s/tests/schema/%s_%d.sql", top ? top : ".",
	    pgsql_outside ? "pgsql" : mysql_outside ? "mysql" : "sqlite", version);
	FILE *file = fopen(path, "r");
	ck_assert_msg(file != NULL, "%s", path);
	script[fread(script, 1, sizeof script - 1, file)] = '\0';
	fclose(file);
	GOOD(engine->script(db, script, &err));
}

static void upgrade(int from)
{
	for (int version = from + 1; version <= SCHEMA_VERSION; version++)
		GOOD(engine->script(db, engine->upgrades[version], &err));
}

static const char *const names[] = { "outbox", "outbox_part", "inbox", "inbox_set", "inbox_part",
	"receipt", "command", "ussd", "gateway", "link" };
enum { TABLES = sizeof names / sizeof *names };

/* The columns of a table, and its indexes, in the order of their names. */
static const char *shape_of(const char *table)
{
	if (pgsql_outside)
		return words("SELECT (SELECT string_agg(column_name || ' ' || data_type || ' ' || is_nullable, ', ' "
		    "ORDER BY column_name) FROM information_schema.columns WHERE table_schema = current_schema() "
		    "AND table_name = '%s') || (SELECT string_agg(indexname, ' ' ORDER BY indexname) FROM "
		    "pg_indexes WHERE schemaname = current_schema() AND tablename = '%s')", table, table);
	if (mysql_outside)
		return words("SELECT concat((SELECT group_concat(column_name, ' ', column_type, ' ', is_nullable "
		    "ORDER BY column_name SEPARATOR ', ') FROM information_schema.columns WHERE table_schema = database() "
		    "AND table_name = '%s'), ' ', (SELECT group_concat(DISTINCT index_name ORDER BY index_name SEPARATOR ' ') "
		    "FROM information_schema.statistics WHERE table_schema = database() AND table_name = '%s'))", table, table);
	return words("SELECT (SELECT group_concat(x, ', ') FROM (SELECT name || ' ' || type || ' ' || "
	    "\"notnull\" AS x FROM pragma_table_info('%s') ORDER BY name)) || coalesce((SELECT group_concat(name, "
	    "' ') FROM (SELECT name FROM sqlite_master WHERE type = 'index' AND tbl_name = '%s' AND name "
	    "NOT LIKE 'sqlite_auto%%' ORDER BY name)), '')", table, table);
}

START_TEST(an_upgraded_database_is_like_a_new_one)
{
	static char expected[TABLES][2048];
	begin(_i);
	const int first = oldest();
	for (size_t i = 0; i < TABLES; i++) {
		snprintf(expected[i], sizeof expected[i], "%s", shape_of(names[i]));
		ck_assert_ptr_nonnull(strchr(expected[i], ' '));
	}
	for (int version = 0; version <= first; version++)
		ck_assert_ptr_null(engine->upgrades[version]);
	end();
	for (int version = first; version < SCHEMA_VERSION; version++) {
		begin_empty(_i);
		make_old(version);
		struct ledger ledger = { .engine = engine, .db = db };
		ck_assert_int_eq(ledger_check(&ledger, &err), DB_BROKEN);
		ck_assert_ptr_nonnull(strstr(err.text, "run smsqlctl upgrade"));
		upgrade(version);
		GOOD(ledger_check(&ledger, &err));
		for (size_t i = 0; i < TABLES; i++)
			ck_assert_str_eq(shape_of(names[i]), expected[i]);
		end();
	}
}
END_TEST

START_TEST(what_version_1_had_is_still_there)
{
	begin_empty(_i);
	if (oldest() > 1) {
		end();
		return;
	}
	make_old(1);
	words("INSERT INTO outbox (recipient, body) VALUES ('4915', 'old')");
	words("INSERT INTO inbox (sender, recipient, body, link, arrival) VALUES ('A', '1', 'whole', 'acme', 'a')");
	words("INSERT INTO inbox (sender, recipient, body, link, arrival, part_ref, part, parts) "
	    "VALUES ('A', '1', 'first', 'acme', 'b', 77, 1, 3)");
	words("INSERT INTO inbox (sender, recipient, body, link, arrival) VALUES ('A', '1', 'gone', 'acme', 'c')");
	words("DELETE FROM inbox WHERE arrival = 'c'");
	words("INSERT INTO outbox_part (outbox_id, part, link, message_id, status, error_code, error_text) "
	    "VALUES (1, 1, 'acme', 'p1', 'sent', NULL, NULL), (1, 2, 'acme', 'p2', 'failed', 11, 'why')");
	upgrade(1);
	ck_assert_int_eq(count("SELECT count(*) FROM outbox_part WHERE outbox_id = 1 AND recipient = '' AND "
	    "(part = 1 AND status = 'sent' AND message_id = 'p1' OR part = 2 AND error_code = 11 AND error_text = "
	    "'why')"), 2);
	ck_assert_int_eq(count("SELECT count(*) FROM outbox WHERE body = 'old' AND encoding IS NULL"), 1);
	ck_assert_int_eq(count("SELECT count(*) FROM inbox WHERE id = 1 AND body = 'whole' AND parts = 1 AND "
	    "missing = 0 AND options IS NULL"), 1);
	ck_assert_int_eq(count("SELECT count(*) FROM inbox WHERE id = 2 AND body = 'first' AND parts = 3 AND "
	    "missing = 2"), 1);
	ck_assert_ptr_nonnull(strstr(words("SELECT options FROM inbox WHERE id = 2"), "77"));
	/* No id is given twice, and the gateway goes on. */
	gw1 = ledger_of("gw1", db);
	enter(&gw1);
	const struct inbound in = inbound("d", "new");
	record(&gw1, &(struct facts){ .inbounds = &in, .ninbounds = 1 });
	ck_assert_int_eq(count("SELECT count(*) FROM inbox WHERE id = 4 AND body = 'new'"), 1);
	claim(&gw1, 1, CLAIM_MAX);
	ck_assert_uint_eq(nmessages, 1);
	end_entered();
}
END_TEST

static void make_version_3(void)
{
	make_old(3);
	words("INSERT INTO outbox (recipient, body) VALUES ('4915', 'old')");
	words("INSERT INTO inbox (sender, recipient, body, link, arrival) VALUES ('A', '1', 'whole', 'acme', 'a')");
	words("INSERT INTO link (gateway, name, driver, state, wanted, window_size, queued, unanswered, rate, "
	    "sent, failed, receipts, received, updated_at) VALUES ('gw1', 'acme', 'smpp', 'up', 'hold', 10, 0, 0, "
	    "5, 7, 0, 0, 0, '2026-11-01 00:00:00')");
}

static void look_at_version_4(void)
{
	struct ledger ledger = { .engine = engine, .db = db };
	GOOD(ledger_check(&ledger, &err));
	ck_assert_int_eq(count("SELECT count(*) FROM inbox WHERE body = 'whole' AND outbox_id IS NULL"), 1);
	ck_assert_int_eq(count("SELECT count(*) FROM link WHERE name = 'acme' AND wanted = 'hold' AND sent = 7 AND "
	    "interval_ms + quota_hour + quota_day + quota_month + used_hour + used_day + used_month = 0 AND "
	    "used_at IS NULL"), 1);
	gw1 = ledger_of("gw1", db);
	enter(&gw1);
	claim(&gw1, 1, CLAIM_MAX);
	ck_assert_uint_eq(nmessages, 1);
}

START_TEST(what_version_3_had_is_still_there)
{
	begin_empty(_i);
	make_version_3();
	upgrade(3);
	look_at_version_4();
	end_entered();
}
END_TEST

/* Where DDL commits by itself, a server that dies leaves some of an upgrade behind. */
START_TEST(an_upgrade_that_was_cut_off_can_run_again)
{
	begin_empty(_i);
	if (!mysql_outside) {
		end();
		return;
	}
	make_version_3();
	words("ALTER TABLE inbox ADD COLUMN outbox_id bigint");
	upgrade(3);
	words("UPDATE smsqld_schema SET version = 3");
	upgrade(3);
	look_at_version_4();
	end_entered();
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		an_upgraded_database_is_like_a_new_one,
		what_version_1_had_is_still_there,
		what_version_3_had_is_still_there,
		an_upgrade_that_was_cut_off_can_run_again,
	};
	return run_tests("upgrade", tests, sizeof tests / sizeof *tests);
}
