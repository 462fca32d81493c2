/* SPDX-License-Identifier: Apache-2.0 */
/*
 * check_recall.c - rows that a gateway held when it was killed, settled by its journal when
 * it takes the lease again; over every engine, with a real journal in a folder of its own.
 */
#include "ledger_world.h"

#include "../gateway/asked.h"
#include "../gateway/journal.h"
#include "../gateway/several.h"

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

static long long insert_with(const char *kind, const char *options)
{
	return count("INSERT INTO outbox (recipient, body, kind, options, in_doubt) VALUES ('+36201234567', 'hello', '%s', "
	    "'%s', 'resend') RETURNING id", kind, options);
}

/* As the gateway reads a row before a link has it. */
static void read_all(void)
{
	char why[OUTCOME_TEXT_MAX];
	for (size_t i = 0; i < nmessages; i++)
		ck_assert_msg(asked_read(messages[i], why, sizeof why), "%s", why);
}

/* How many of its recipients, each time its parts, are so. */
static long long recipients(long long id, const char *state)
{
	return count("SELECT count(*) FROM outbox_part WHERE outbox_id = %lld AND status = '%s'", id, state);
}

START_TEST(of_several_recipients_each_is_what_the_journal_says)
{
	static const char two_more[] = "{\"recipients\": [\"+36201234568\", \"+36201234569\"]}";
	struct rejection refused = { 1, 11, "bad number" };
	begin_journal(_i);
	const long long told = insert_with("text", two_more), never = insert_with("text", two_more),
	    half = insert_with("text", two_more);
	words("UPDATE outbox SET in_doubt = 'hold'");
	claim(&gw1, 1, CLAIM_MAX);
	ck_assert_uint_eq(nmessages, 3);
	read_all();
	ck_assert_uint_eq(messages[0]->ndestinations, 3);
	queue(2);
	for (unsigned part = 0; part < 2; part++) {
		leave(0, part);
		messages[0]->parts[part].refused = &refused;
		messages[0]->parts[part].nrefused = 1;
		answered(0, part, VERDICT_SENT, part ? "A2" : "A1");
	}
	leave(2, 0);
	answered(2, 0, VERDICT_SENT, "B1");
	leave(2, 1);
	start_anew();
	ck_assert_uint_eq(gw1.recalled.rows, 3);
	ck_assert_str_eq(status(told), "sent");
	ck_assert_int_eq(recipients(told, "sent"), 4);
	ck_assert_int_eq(recipients(told, "failed"), 2);
	ck_assert_str_eq(shown(never), "queued 0 0 -");
	ck_assert_str_eq(status(half), "doubtful");
	ck_assert_int_eq(recipients(half, "sent"), 3);
	ck_assert_int_eq(recipients(half, "doubtful"), 3);
	end_journal();
}
END_TEST

START_TEST(a_turn_of_a_dialogue_that_left_is_in_doubt_whatever_the_row_says)
{
	static const char request[] = "{\"ussd\": {\"op\": \"request\"}}";
	begin_journal(_i);
	gw1.in_doubt = gw1.in_doubt_unknown = DOUBT_RESEND;
	const long long left = insert_with("ussd", request), never = insert_with("ussd", request),
	    told = insert_with("ussd", request);
	claim(&gw1, 1, CLAIM_MAX);
	ck_assert_uint_eq(nmessages, 3);
	read_all();
	queue(1);
	leave(0, 0);
	leave(2, 0);
	answered(2, 0, VERDICT_SENT, "C1");
	start_anew();
	ck_assert_str_eq(shown(left), "doubtful 1 2 -");
	ck_assert_str_eq(shown(never), "queued 0 0 -");
	ck_assert_str_eq(shown(told), "sent 1 2 C1");
	ck_assert_uint_eq(gw1.recalled.doubtful, 1);
	ck_assert_int_ge(count("SELECT count(*) FROM ussd"), 1);
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
		of_several_recipients_each_is_what_the_journal_says,
		a_turn_of_a_dialogue_that_left_is_in_doubt_whatever_the_row_says,
		what_another_has_put_in_doubt_meanwhile_is_settled,
		tables_out_of_a_backup_are_not_settled_by_it,
	};
	return run_tests("recall", tests, sizeof tests / sizeof *tests);
}
