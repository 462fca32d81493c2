/* SPDX-License-Identifier: Apache-2.0 */
/*
 * check_recall.c - rows that a gateway held when it was killed, settled by its journal when
 * it takes the lease again; over every engine, with a real journal in a folder of its own.
 */
#include "ledger_world.h"

#include "../gateway/journal.h"

#include <stdlib.h>
#include <unistd.h>

#define DATABASE "the tables"

static char journals[] = "/tmp/smsqld-recall.XXXXXX";
static struct journal *journal;

static void begin_journal(int index)
{
	begin_entered(index);
	memcpy(strrchr(journals, '.') + 1, "XXXXXX", 6);
	ck_assert_ptr_nonnull(mkdtemp(journals));
	journal = journal_open(journals, "gw1", DATABASE);
	ck_assert_ptr_nonnull(journal);
	journal_begin(journal, gw1.epoch);
}

/* The messages that were claimed are given to link acme, in so many parts. */
static void queue(unsigned nparts)
{
	for (size_t i = 0; i < nmessages; i++) {
		struct message *message = messages[i];
		answer(message, VERDICT_DEFERRED, nparts, "");
		message->outcome = (struct outcome){ .verdict = VERDICT_SENT };
		message->unanswered = (uint8_t)nparts;
		message->epoch = gw1.epoch;
		message->encoding = "gsm7";
		for (unsigned k = 0; nparts > 1 && k < nparts; k++)
			message->parts[k].digest = 100 + k;
		journal_queued(journal, message);
	}
}

static void leave(size_t i, unsigned part)
{
	journal_left(journal, &messages[i]->parts[part]);
}

static void answered(size_t i, unsigned part, enum verdict verdict, const char *id)
{
	struct outcome outcome = { .verdict = verdict };
	snprintf(outcome.network_id, sizeof outcome.network_id, "%s", id);
	if (verdict != VERDICT_SENT)
		snprintf(outcome.text, sizeof outcome.text, "no such number");
	journal_answered(journal, &messages[i]->parts[part], &outcome);
	message_answer(&messages[i]->parts[part], &outcome);
}

/* The process is gone, and another one starts on this host. */
static void start_anew(void)
{
	journal_close(journal);
	let_go();
	journal = journal_open(journals, "gw1", DATABASE);
	ck_assert_ptr_nonnull(journal_past(journal));
	gw1 = ledger_of("gw1", db);
	gw1.past = journal_past(journal);
	enter(&gw1);
	ck_assert_ptr_null(gw1.past);
}

static void end_journal(void)
{
	char path[256];
	journal_begin(journal, gw1.epoch);
	journal_close(journal);
	snprintf(path, sizeof path, "%s/gw1.lock", journals);
	unlink(path);
	rmdir(journals);
	end_entered();
}

static const char *shown(long long id)
{
	return words("SELECT status || ' ' || attempts || ' ' || queue || ' ' || coalesce(message_id, '-') "
	    "FROM outbox WHERE id = %lld", id);
}

START_TEST(each_row_is_what_the_journal_says)
{
	begin_journal(_i);
	const long long sent_row = insert("1"), doubt = insert("2"), queued_row = insert("3"),
	    refused = insert("4"), unknown = insert("6"), again = insert("5");
	words("UPDATE outbox SET in_doubt = 'resend' WHERE id = %lld", again);
	words("UPDATE outbox SET priority = 9 WHERE id = %lld", unknown);
	claim(&gw1, 1, CLAIM_MAX);
	ck_assert_uint_eq(nmessages, 6);
	message_release(messages[--nmessages]); /* killed before a link had it */
	queue(1);
	leave(0, 0);
	answered(0, 0, VERDICT_SENT, "AB12");
	leave(1, 0);
	leave(3, 0);
	answered(3, 0, VERDICT_REJECTED, "");
	leave(4, 0);
	start_anew();
	ck_assert_uint_eq(gw1.recalled.rows, 6);
	ck_assert_uint_eq(gw1.recalled.doubtful, 1);
	ck_assert_uint_eq(gw1.recalled.queued, 3);
	ck_assert_str_eq(shown(sent_row), "sent 1 2 AB12");
	ck_assert_str_eq(shown(doubt), "doubtful 1 2 -");
	ck_assert_str_eq(shown(queued_row), "queued 0 0 -");
	ck_assert_str_eq(shown(refused), "failed 1 2 -");
	ck_assert_str_eq(shown(again), "queued 1 0 -");
	ck_assert_str_eq(shown(unknown), "queued 0 0 -");
	tell_one("ab12", STATUS_DELIVERED);
	ck_assert_str_eq(shown(sent_row), "delivered 1 2 AB12");
	end_journal();
}
END_TEST

START_TEST(parts_that_were_answered_are_not_sent_again)
{
	begin_journal(_i);
	const long long id = insert("1");
	claim(&gw1, 1, CLAIM_MAX);
	queue(3);
	leave(0, 0);
	answered(0, 0, VERDICT_SENT, "A1");
	start_anew();
	ck_assert_str_eq(shown(id), "queued 1 0 A1");
	claim(&gw1, 2, CLAIM_MAX);
	ck_assert_uint_eq(nmessages, 1);
	ck_assert_uint_eq(messages[0]->taken[0], 1);
	ck_assert_uint_eq(messages[0]->digests[0], 100);
	end_journal();
}
END_TEST

START_TEST(what_another_has_put_in_doubt_meanwhile_is_settled)
{
	begin_journal(_i);
	const long long never = insert("1"), left = insert("2"), told = insert("3"), receipted = insert("4");
	claim(&gw1, 1, CLAIM_MAX);
	queue(1);
	leave(1, 0);
	leave(2, 0);
	answered(2, 0, VERDICT_SENT, "C3");
	leave(3, 0);
	answered(3, 0, VERDICT_SENT, "C4");
	words("UPDATE gateway SET alive_until = %s", from_now(-1));
	begin_second();
	struct tended tended;
	GOOD(ledger_tend(&gw2, &tended, &err));
	ck_assert_uint_eq(tended.recovered, 4);
	ck_assert_str_eq(shown(never), "doubtful 1 2 -");
	words("UPDATE outbox SET status = 'delivered' WHERE id = %lld", receipted);
	start_anew();
	ck_assert_str_eq(shown(never), "queued 0 0 -");
	ck_assert_str_eq(shown(left), "doubtful 1 2 -");
	ck_assert_str_eq(shown(told), "sent 1 2 C3");
	ck_assert_str_eq(shown(receipted), "delivered 1 2 -");
	end_journal();
}
END_TEST

START_TEST(tables_out_of_a_backup_are_not_settled_by_it)
{
	begin_journal(_i);
	const long long id = insert("1");
	claim(&gw1, 1, CLAIM_MAX);
	queue(1);
	journal_begin(journal, gw1.epoch + 5);
	start_anew();
	ck_assert_str_eq(shown(id), "doubtful 1 2 -");
	end_journal();
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		each_row_is_what_the_journal_says,
		parts_that_were_answered_are_not_sent_again,
		what_another_has_put_in_doubt_meanwhile_is_settled,
		tables_out_of_a_backup_are_not_settled_by_it,
	};
	return run_tests("recall", tests, sizeof tests / sizeof *tests);
}
