/* SPDX-License-Identifier: Apache-2.0 */
/*
 * check_store_faults.c - the store over a database that fails: busy, refusing, without tables,
 * its connections lost before and behind a commit. Nothing is lost by that, and nothing is
 * written twice. What no server does when it is told to, faulty_engine.h does.
 */
#include "store_world.h"

#include <check.h>

START_TEST(a_busy_database_is_asked_again_in_silence)
{
	begin_installed(_i);
	open_ready();
	faulty_fail(STATEMENT_RECEIPT_PUT, DB_AGAIN, 3);
	tell_receipt(1, "DELIVRD");
	await(nkept == 1);
	ck_assert(kept_so[1]);
	ck_assert(!was(STORE_LOST));
	ck_assert_int_eq(sql("SELECT count(*) FROM receipt"), 1);
	end();
}
END_TEST

START_TEST(a_database_that_stays_busy_is_reported)
{
	begin_installed(_i);
	open_ready();
	faulty_fail(STATEMENT_RECEIPT_PUT, DB_AGAIN, 1000000);
	tell_receipt(1, "DELIVRD");
	await(state() == STORE_LOST);
	ck_assert_ptr_nonnull(strstr(why, "as the test wants it"));
	ck_assert_uint_eq(nkept, 0);
	faulty_fail(STATEMENT_RECEIPT_PUT, DB_AGAIN, 0);
	await(state() == STORE_READY);
	await(nkept == 1);
	end();
}
END_TEST

START_TEST(a_lost_connection_is_opened_again_and_no_fact_is_lost)
{
	begin_installed(_i);
	open_ready();
	unsigned opens = faulty_read(&faulty.opens);
	faulty_fail(STATEMENT_INBOX_PUT, DB_LOST, 4);
	for (unsigned i = 0; i < 20; i++)
		tell_inbound(i, "kept");
	await(nkept == 20);
	ck_assert(was(STORE_LOST));
	await(state() == STORE_READY);
	ck_assert_uint_eq(faulty_read(&faulty.opens), opens + 4);
	ck_assert_int_eq(sql("SELECT count(*) FROM inbox"), 20);
	end();
}
END_TEST

/* Waits are a quarter longer at random: worker.c. */
START_TEST(no_wait_for_a_server_or_a_disk_is_longer_than_a_second)
{
	ck_assert_uint_le(store_waits.reopen_max * 5 / 4, 1000);
	ck_assert_uint_le(store_waits.again_max * 5 / 4, 1000);
}
END_TEST

START_TEST(facts_whose_commit_was_not_heard_of_are_stored_once)
{
	begin_installed(_i);
	open_ready();
	faulty_lose_behind(STATEMENT_INBOX_PUT);
	for (unsigned i = 0; i < 20; i++)
		tell_inbound(i, "once");
	await(nkept == 20);
	ck_assert(was(STORE_LOST));
	ck_assert_int_eq(sql("SELECT count(*) FROM inbox"), 20);
	end();
}
END_TEST

START_TEST(a_claim_whose_commit_was_not_heard_of_is_found_by_its_token)
{
	begin_installed(_i);
	insert_rows(5);
	open_ready();
	faulty_lose_behind(STATEMENT_CLAIM);
	claim(3);
	await(nanswers == 1);
	ck_assert_uint_eq(nclaimed, 3);
	ck_assert(was(STORE_LOST));
	ck_assert_uint_eq(faulty_read(&faulty.runs[STATEMENT_CLAIM]), 1);
	ck_assert_int_eq(rows_of("sending"), 3);
	ck_assert_int_eq(sql("SELECT max(attempts) FROM outbox"), 1);
	await(state() == STORE_READY);
	for (unsigned i = 0; i < 3; i++)
		settle(claimed[i], VERDICT_SENT, "");
	await(store_waiting(store) == 0);
	ck_assert_int_eq(rows_of("sent"), 3);
	end();
}
END_TEST

START_TEST(a_claim_that_was_lost_before_its_commit_is_made_again)
{
	begin_installed(_i);
	insert_rows(5);
	open_ready();
	faulty_fail(STATEMENT_CLAIM, DB_LOST, 1);
	claim(3);
	await(nanswers == 1);
	ck_assert_uint_eq(nclaimed, 3);
	ck_assert_uint_eq(faulty_read(&faulty.runs[STATEMENT_CLAIM]), 2);
	for (unsigned i = 0; i < 3; i++)
		settle(claimed[i], VERDICT_SENT, "");
	await(store_waiting(store) == 0);
	end();
}
END_TEST

/* In the middle of whatever the workers do just then: claims, commits, beats. */
START_TEST(connections_that_the_server_cuts_lose_and_double_nothing)
{
	enum { CUTS = 6, FACTS = 50, ROWS = 5 * CUTS };
	begin_installed(_i);
	insert_rows(ROWS);
	open_ready();
	const unsigned opens = faulty_read(&faulty.opens);
	unsigned settled = 0, asked = 0;
	for (unsigned i = 0; i < CUTS; i++) {
		claim(5);
		asked++;
		for (unsigned k = 0; k < FACTS; k++)
			tell_inbound(i * FACTS + k, "once");
		await(i % 2 == 0 || nkept > i * FACTS);
		if (!cut_connections())
			break;
		for (; settled < nclaimed; settled++)
			settle(claimed[settled], VERDICT_SENT, "");
		await(nkept == (i + 1) * FACTS && nanswers == asked && state() == STORE_READY);
	}
	while (settled < ROWS) {
		claim(ROWS);
		asked++;
		await(nanswers == asked);
		for (; settled < nclaimed; settled++)
			settle(claimed[settled], VERDICT_SENT, "");
	}
	await(store_waiting(store) == 0);
	ck_assert_uint_eq(nclaimed, ROWS);
	ck_assert_int_eq(rows_of("sent"), ROWS);
	ck_assert_int_eq(sql("SELECT max(attempts) FROM outbox"), 1);
	ck_assert_int_eq(sql("SELECT count(*) FROM inbox"), nkept);
	if (!sqlite)
		ck_assert_uint_ge(faulty_read(&faulty.opens), opens + CUTS);
	end();
}
END_TEST

/* Somebody waits for a lock: then it is the gateway, which has the first rows already. */
static bool somebody_waits(void)
{
	usleep(150000);                 /* more often, and MariaDB shows what it has shown before */
	return sql(pgsql ? "SELECT count(*) FROM pg_stat_activity WHERE application_name = '%s' AND "
	    "wait_event_type = 'Lock'" : "SELECT count(*) FROM information_schema.innodb_lock_waits w JOIN "
	    "information_schema.innodb_trx t ON t.trx_id = w.requesting_trx_id JOIN information_schema.processlist p "
	    "ON p.id = t.trx_mysql_thread_id WHERE p.db = '%s'", program_invocation_short_name) > 0;
}

/* An application locks two rows in the other order than the settlement. It has written more
 * (MariaDB) and waits for less long (PostgreSQL), so the gateway gives way, and settles again. */
START_TEST(a_settlement_that_gives_way_in_a_deadlock_is_made_again)
{
	enum { ROWS = 20 };
	begin_installed(_i);
	if (!sqlite) {
		insert_rows(ROWS);
		open_ready();
		claim(ROWS);
		await(nanswers == 1);
		ck_assert_uint_eq(nclaimed, ROWS);
		sql(pgsql ? "BEGIN" : "START TRANSACTION");
		sql("INSERT INTO inbox (sender, recipient, link) WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL "
		    "SELECT i + 1 FROM n WHERE i < 400) SELECT '1', '2', 'other' FROM n");
		sql("UPDATE outbox SET app = 'mine' WHERE id = %d", ROWS);
		faulty_stop(STATEMENT_SETTLE);
		for (unsigned i = 0; i < ROWS; i++)
			settle(claimed[i], VERDICT_SENT, "");
		faulty_go();
		await(somebody_waits());
		sql("UPDATE outbox SET app = 'mine' WHERE id = 1");
		sql("COMMIT");
		await(store_waiting(store) == 0);
		ck_assert_int_eq(rows_of("sent"), ROWS);
		ck_assert_int_eq(sql("SELECT count(*) FROM outbox WHERE app = 'mine' AND status = 'sent'"), 2);
		ck_assert_uint_ge(faulty_read(&faulty.runs[STATEMENT_SETTLE]), 2);
		ck_assert(!was(STORE_LOST) && !was(STORE_BROKEN));
	}
	end();
}
END_TEST

START_TEST(one_refused_fact_does_not_hold_up_the_others)
{
	enum { FACTS = 101, CULPRIT = 37 };
	begin_installed(_i);
	insert_rows(3);
	open_ready();
	claim(3);
	await(nanswers == 1);
	faulty_refuse("poison");
	unsigned before = faulty_read(&faulty.runs[STATEMENT_INBOX_PUT]);
	faulty_stop(STATEMENT_SETTLE);
	for (unsigned i = 0; i < FACTS; i++)
		tell_inbound(i, i == CULPRIT ? "poison" : "wine");
	settle(claimed[0], VERDICT_SENT, "");
	settle(claimed[1], VERDICT_REJECTED, "poison");
	settle(claimed[2], VERDICT_SENT, "");
	tell_receipt(FACTS, "poison");
	tell_receipt(FACTS + 1, "DELIVRD");
	faulty_go();
	await(store_waiting(store) == 0);
	for (unsigned i = 0; i < FACTS + 2; i++) {
		ck_assert_uint_eq(kept_times[i], 1);
		ck_assert_int_eq(kept_so[i], i != CULPRIT && i != FACTS);
	}
	ck_assert_int_eq(sql("SELECT count(*) FROM inbox"), FACTS - 1);
	ck_assert_int_eq(sql("SELECT count(*) FROM receipt"), 1);
	ck_assert_int_eq(rows_of("sent"), 2);
	ck_assert_int_eq(rows_of("sending"), 1);
	/* Some twenty tries, not a hundred. */
	ck_assert_uint_lt(faulty_read(&faulty.runs[STATEMENT_INBOX_PUT]) - before, 40);
	ck_assert(!was(STORE_LOST) && !was(STORE_BROKEN));
	end();
}
END_TEST

START_TEST(tables_that_are_made_meanwhile_are_noticed)
{
	begin(_i);
	open_store();
	await(state() == STORE_BROKEN);
	ck_assert_ptr_nonnull(strstr(why, "init"));
	tell_receipt(1, "DELIVRD");
	idle(3 * waits.broken);
	ck_assert_uint_eq(nkept, 0);
	ck_assert_uint_eq(store_waiting(store), 1);
	/* Looked at again and again, and said once (each worker may have said it). */
	const unsigned told = nstates;
	idle(3 * waits.broken);
	ck_assert_uint_eq(nstates, told);
	ck_assert_int_eq(state(), STORE_BROKEN);
	install();
	await(state() == STORE_READY);
	await(nkept == 1);
	end();
}
END_TEST

START_TEST(a_broken_statement_keeps_the_facts)
{
	begin_installed(_i);
	open_ready();
	faulty_fail(STATEMENT_RECEIPT_PUT, DB_BROKEN, 3);
	tell_receipt(1, "DELIVRD");
	await(state() == STORE_BROKEN);
	await(nkept == 1);
	ck_assert(kept_so[1]);
	await(state() == STORE_READY);
	/* It was not READY in between: the same statement had to work first. */
	ck_assert_uint_eq(nstates, 3);
	end();
}
END_TEST

START_TEST(maintenance_that_fails_stops_nothing)
{
	begin_installed(_i);
	options.maintain_at = (char *)"03:30";
	faulty_fail(STATEMENT_PARTITION_NEXT, DB_BROKEN, 1);
	open_ready();
	await(faulty_read(&faulty.runs[STATEMENT_PARTITION_NEXT]) == 1);
	tell_receipt(1, "DELIVRD");
	await(nkept == 1);
	ck_assert(!was(STORE_BROKEN));
	end();
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		a_busy_database_is_asked_again_in_silence,
		a_database_that_stays_busy_is_reported,
		a_lost_connection_is_opened_again_and_no_fact_is_lost,
		no_wait_for_a_server_or_a_disk_is_longer_than_a_second,
		facts_whose_commit_was_not_heard_of_are_stored_once,
		a_claim_whose_commit_was_not_heard_of_is_found_by_its_token,
		a_claim_that_was_lost_before_its_commit_is_made_again,
		connections_that_the_server_cuts_lose_and_double_nothing,
		a_settlement_that_gives_way_in_a_deadlock_is_made_again,
		one_refused_fact_does_not_hold_up_the_others,
		tables_that_are_made_meanwhile_are_noticed,
		a_broken_statement_keeps_the_facts,
		maintenance_that_fails_stops_nothing,
	};
	return run_worlds("store faults", tests, sizeof tests / sizeof *tests);
}
