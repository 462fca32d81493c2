/* SPDX-License-Identifier: Apache-2.0 */
/*
 * check_several.c - one message to several recipients in the tables: a row of outbox_part
 * for each, receipts by the number that they are from, and what the whole is then.
 */
#include "ledger_world.h"

#include "../gateway/several.h"

static const struct destination three[] = { { "+36201234567", false }, { "0620 765-4321", false },
	{ "+36301234567", false } };    /* the first and the last have the last seven digits in common */

/* A claimed row for these three, and the answer to it: nparts parts, some of them refused to some. */
static struct message *answered(enum verdict verdict, unsigned nparts, const char *id)
{
	struct message *message = messages[0];
	message->destinations = three;
	message->ndestinations = 3;
	answer(message, verdict, nparts, id);
	for (unsigned i = 0; i < nparts; i++)
		message->parts[i].digest = i + 1;
	several_trust_taken(message);       /* as encode.c does, before the link has it */
	for (unsigned i = 0; i < nparts; i++)
		message->parts[i].taken = verdict == VERDICT_SENT;
	return message;
}

static long long claimed(void)
{
	const long long id = insert("+36201234567");
	claim(&gw1, id, CLAIM_MAX);
	ck_assert_uint_eq(nmessages, 1);
	return id;
}

static void refuse(struct part *part, unsigned destination)
{
	struct rejection *refused = batch_alloc(part->message->batch, 4 * sizeof *refused);
	for (unsigned i = 0; i < part->nrefused; i++)
		refused[i] = part->refused[i];
	refused[part->nrefused++] = (struct rejection){ destination, 11, "bad number" };
	part->refused = refused;
}

static void settle_it(void)
{
	record(&gw1, &(struct facts){ .settled = messages, .nsettled = nmessages });
}

static struct receipt from(const char *id, const char *number, enum status said)
{
	struct receipt one = { .link = "acme", .status = said };
	snprintf(one.network_id, sizeof one.network_id, "%s", id);
	snprintf(one.recipient, sizeof one.recipient, "%s", number);
	snprintf(one.word, sizeof one.word, "WORD");
	if (said == STATUS_UNDELIVERED) {
		one.code = 27;
		snprintf(one.text, sizeof one.text, "absent");
	}
	return one;
}

static void hear(const struct receipt *receipts, size_t n)
{
	record(&gw1, &(struct facts){ .receipts = receipts, .nreceipts = n });
}

static void hear_one(const char *id, const char *number, enum status said)
{
	const struct receipt one = from(id, number, said);
	hear(&one, 1);
}

/* "sent -/failed 11/..." in the order of parts and numbers: the first, the last, the second. */
static const char *states(long long id)
{
	if (mysql_outside)
		return words("SELECT group_concat(status || ' ' || coalesce(error_code, '-') ORDER BY part, recipient "
		    "SEPARATOR '/') FROM outbox_part WHERE outbox_id = %lld", id);
	return words(pgsql_outside ? "SELECT string_agg(status::text || ' ' || coalesce(error_code::text, '-'), '/' ORDER BY "
	    "part, recipient COLLATE \"C\") FROM outbox_part WHERE outbox_id = %lld"
	    : "SELECT group_concat(x, '/') FROM (SELECT status || ' ' || coalesce(error_code, '-') AS x FROM outbox_part "
	    "WHERE outbox_id = %lld ORDER BY part, recipient)", id);
}

static const char *text_of(long long id)
{
	return words("SELECT coalesce(error_text, '-') FROM outbox WHERE id = %lld", id);
}

START_TEST(each_recipient_has_a_row_and_receipts_find_it_by_number)
{
	begin_entered(_i);
	const long long id = claimed();
	answered(VERDICT_SENT, 1, "A1");
	settle_it();
	ck_assert_str_eq(status(id), "sent");
	ck_assert_str_eq(text_of(id), "-");
	ck_assert_int_eq(count("SELECT parts FROM outbox WHERE id = %lld", id), 3);
	ck_assert_str_eq(states(id), "sent -/sent -/sent -");
	hear_one("a1", "36301234567", STATUS_DELIVERED);
	ck_assert_str_eq(states(id), "sent -/delivered -/sent -"); /* not its namesake in seven digits */
	hear_one("0a1", "36207654321", STATUS_DELIVERED);
	ck_assert_str_eq(states(id), "sent -/delivered -/delivered -");
	hear_one("a1", "36709999999", STATUS_DELIVERED);           /* a stranger */
	hear_one("a1", "", STATUS_DELIVERED);                      /* nobody */
	ck_assert_str_eq(status(id), "sent");
	ck_assert_int_eq(count("SELECT count(*) FROM receipt WHERE outbox_id IS NULL"), 2);
	hear_one("a1", "06201234567", STATUS_DELIVERED);           /* by nine digits */
	ck_assert_str_eq(states(id), "delivered -/delivered -/delivered -");
	ck_assert_str_eq(status(id), "delivered");
	hear_one("a1", "36201234567", STATUS_UNDELIVERED);         /* told again, and otherwise */
	ck_assert_str_eq(status(id), "delivered");
	ck_assert_str_eq(states(id), "delivered -/delivered -/delivered -");
	end_entered();
}
END_TEST

START_TEST(the_whole_is_what_its_recipients_are)
{
	static const struct { unsigned refused; enum status first, second; const char *whole, *text; } cases[] = {
		{ 0, STATUS_DELIVERED, STATUS_DELIVERED, "sent", "-" },
		{ 0, STATUS_UNDELIVERED, STATUS_DELIVERED, "sent", "-" },
		{ 1, STATUS_SENT, STATUS_DELIVERED, "sent", "1 of 3 recipients refused: see outbox_part" },
		{ 1, STATUS_DELIVERED, STATUS_DELIVERED, "undelivered", "1 of 3 recipients not reached: see outbox_part" },
		{ 1, STATUS_UNDELIVERED, STATUS_DELIVERED, "undelivered", "2 of 3 recipients not reached: see outbox_part" },
	};
	begin_entered(_i);
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		char id[16];
		snprintf(id, sizeof id, "c%zu", i);
		const long long row = claimed();
		struct message *message = answered(VERDICT_SENT, 1, id);
		if (cases[i].refused)
			refuse(&message->parts[0], 2);
		settle_it();
		const struct receipt both[] = { from(id, "36201234567", cases[i].first),
			from(id, "36207654321", cases[i].second) };
		hear(both, 2);
		ck_assert_str_eq(status(row), cases[i].whole);
		ck_assert_str_eq(text_of(row), cases[i].text);
		ck_assert_int_eq(count("SELECT count(*) FROM outbox WHERE id = %lld AND done_at IS NOT NULL", row),
		    strcmp(cases[i].whole, "sent") != 0);
		ck_assert_int_eq(count("SELECT count(*) FROM outbox_part WHERE outbox_id = %lld AND status = 'failed' AND "
		    "message_id = '' AND error_code = 11 AND error_text = 'bad number'", row), cases[i].refused);
	}
	/* Undelivered becomes delivered when the last one is told so after all. */
	const long long row = claimed();
	answered(VERDICT_SENT, 1, "late");
	settle_it();
	hear_one("late", "36201234567", STATUS_UNDELIVERED);
	hear_one("late", "36207654321", STATUS_DELIVERED);
	hear_one("late", "36301234567", STATUS_DELIVERED);
	ck_assert_str_eq(status(row), "undelivered");
	ck_assert_str_eq(text_of(row), "1 of 3 recipients not reached: see outbox_part");
	hear_one("late", "36201234567", STATUS_DELIVERED);
	ck_assert_str_eq(status(row), "delivered");
	ck_assert_str_eq(text_of(row), "-");
	end_entered();
}
END_TEST

START_TEST(when_all_are_refused_the_row_fails)
{
	begin_entered(_i);
	const long long id = claimed();
	struct message *message = answered(VERDICT_REJECTED, 1, "");
	message->outcome.code = 11;
	for (unsigned i = 0; i < 3; i++)
		refuse(&message->parts[0], i);
	settle_it();
	ck_assert_str_eq(status(id), "failed");
	ck_assert_str_eq(states(id), "failed 11/failed 11/failed 11");
	end_entered();
}
END_TEST

START_TEST(receipts_that_overtake_the_answer_find_their_recipients)
{
	begin_entered(_i);
	const long long id = claimed();
	answered(VERDICT_SENT, 2, "b");
	const struct receipt early[] = { from("b1", "36201234567", STATUS_SENT), from("b1", "36201234567", STATUS_DELIVERED),
		from("b2", "36207654321", STATUS_DELIVERED), from("b1", "36207654321", STATUS_UNDELIVERED),
		from("b2", "36301234567", STATUS_DELIVERED), from("b2", "36201234567", STATUS_DELIVERED),
		from("b2", "36201234567", STATUS_DELIVERED) };
	hear(early, 7);
	ck_assert_int_eq(count("SELECT count(*) FROM receipt WHERE outbox_id IS NULL"), 7);
	refuse(&messages[0]->parts[0], 2);
	settle_it();
	ck_assert_int_eq(count("SELECT count(*) FROM receipt WHERE outbox_id IS NULL"), 0);
	ck_assert_str_eq(states(id), "delivered -/failed 11/undelivered 27/delivered -/delivered -/delivered -");
	ck_assert_str_eq(status(id), "undelivered");
	ck_assert_str_eq(text_of(id), "2 of 3 recipients not reached: see outbox_part");
	end_entered();
}
END_TEST

START_TEST(many_receipts_of_one_id_go_in_one_batch)
{
	begin_entered(_i);
	const long long id = claimed();
	answered(VERDICT_SENT, 1, "m");
	settle_it();
	const struct receipt all[] = { from("m", "36201234567", STATUS_DELIVERED), from("m", "36301234567", STATUS_SENT),
		from("m", "36207654321", STATUS_UNDELIVERED), from("m", "36301234567", STATUS_UNDELIVERED),
		from("m", "36301234567", STATUS_DELIVERED), from("m", "36207654321", STATUS_DELIVERED) };
	hear(all, 6);
	ck_assert_str_eq(states(id), "delivered -/delivered -/delivered -");
	ck_assert_str_eq(status(id), "delivered");
	end_entered();
}
END_TEST

START_TEST(a_retry_is_for_those_who_have_it_not)
{
	begin_entered(_i);
	const long long id = claimed();
	refuse(&answered(VERDICT_SENT, 1, "r")->parts[0], 1);
	settle_it();
	hear_one("r", "36201234567", STATUS_DELIVERED);
	hear_one("r", "36301234567", STATUS_UNDELIVERED);
	ck_assert_str_eq(status(id), "undelivered");
	words("UPDATE outbox SET status = 'queued', queue = 0, owner = NULL WHERE id = %lld", id);
	claim(&gw1, 99, CLAIM_MAX);
	struct message *message = answered(VERDICT_SENT, 1, "s");
	ck_assert(destination_has(&message->parts[0], 0));
	ck_assert(!destination_has(&message->parts[0], 1));
	ck_assert(!destination_has(&message->parts[0], 2));
	settle_it();
	ck_assert_str_eq(states(id), "delivered -/sent -/sent -");
	hear_one("s", "36207654321", STATUS_DELIVERED);
	hear_one("s", "36301234567", STATUS_DELIVERED);
	ck_assert_str_eq(status(id), "delivered");
	end_entered();
}
END_TEST

START_TEST(a_row_that_was_longer_before_is_folded_from_what_it_is_now)
{
	begin_entered(_i);
	const long long id = claimed();
	answered(VERDICT_DEFERRED, 2, "");
	settle_it();
	ck_assert_str_eq(status(id), "queued");
	ck_assert_int_eq(count("SELECT count(*) FROM outbox_part WHERE status = 'queued'"), 6);
	claim(&gw1, 98, CLAIM_MAX);
	answered(VERDICT_SENT, 1, "t");
	settle_it();
	hear_one("t", "36201234567", STATUS_DELIVERED);
	hear_one("t", "36207654321", STATUS_DELIVERED);
	hear_one("t", "36301234567", STATUS_DELIVERED);
	ck_assert_str_eq(status(id), "delivered");
	end_entered();
}
END_TEST

/* An answer to the part after all, of a row that was given up. */
static void answer_late(long long id, unsigned part, unsigned rows, const char *network_id)
{
	struct receipt late = { .link = "acme", .status = STATUS_SENT, .row = id, .attempt = 1, .part = (uint8_t)part,
		.parts = (uint16_t)rows };
	snprintf(late.network_id, sizeof late.network_id, "%s", network_id);
	hear(&late, 1);
}

START_TEST(a_late_answer_is_of_all_and_refusals_follow_it)
{
	begin_entered(_i);
	const long long id = claimed();
	answered(VERDICT_DOUBTFUL, 1, "");
	settle_it();
	ck_assert_str_eq(status(id), "doubtful");
	ck_assert_str_eq(states(id), "doubtful -/doubtful -/doubtful -");
	answer_late(id, 1, 3, "l1");
	ck_assert_str_eq(status(id), "sent");
	ck_assert_str_eq(states(id), "sent -/sent -/sent -");
	hear_one("l1", "36207654321", STATUS_UNDELIVERED);
	hear_one("l1", "36201234567", STATUS_DELIVERED);
	hear_one("l1", "36301234567", STATUS_DELIVERED);
	ck_assert_str_eq(status(id), "undelivered");
	end_entered();
}
END_TEST

START_TEST(a_late_answer_does_not_fail_what_was_refused_to_some)
{
	begin_entered(_i);
	const long long id = claimed();
	struct message *message = answered(VERDICT_SENT, 2, "p");
	refuse(&message->parts[0], 1);
	message->parts[1].taken = false;
	message->parts[1].network_id[0] = '\0';
	message->outcome = (struct outcome){ .verdict = VERDICT_DOUBTFUL, .text = "no answer" };
	settle_it();
	ck_assert_str_eq(status(id), "doubtful");
	ck_assert_str_eq(states(id), "sent -/sent -/failed 11/doubtful -/doubtful -/doubtful -");
	answer_late(id, 2, 6, "p2");
	ck_assert_str_eq(status(id), "sent");
	ck_assert_str_eq(states(id), "sent -/sent -/failed 11/sent -/sent -/sent -");
	end_entered();
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		each_recipient_has_a_row_and_receipts_find_it_by_number,
		the_whole_is_what_its_recipients_are,
		when_all_are_refused_the_row_fails,
		receipts_that_overtake_the_answer_find_their_recipients,
		many_receipts_of_one_id_go_in_one_batch,
		a_retry_is_for_those_who_have_it_not,
		a_row_that_was_longer_before_is_folded_from_what_it_is_now,
		a_late_answer_is_of_all_and_refusals_follow_it,
		a_late_answer_does_not_fail_what_was_refused_to_some,
	};
	return run_tests("several", tests, sizeof tests / sizeof *tests);
}
