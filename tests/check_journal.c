/* SPDX-License-Identifier: Apache-2.0 */
/*
 * check_journal.c - what a run wrote down before it was killed is what the next one knows.
 *
 * A kill is left out: the file is copied while the journal is open, as a process that is
 * killed leaves it, and read.
 */
#include "../gateway/clock.h"
#include "../gateway/journal.h"
#include "../gateway/journal_format.h"
#include "../gateway/log.h"

#include <check.h>

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

enum { EPOCH = 7, FILE_MAX = 6 * 1024 * 1024 };

#define DATABASE "sqlite:///sms.db"

static char folder[] = "/tmp/smsqld-journal.XXXXXX", path[64];
static struct journal *journal;
static struct batch *batch;
static uint8_t image[FILE_MAX];
static size_t length;

/* The journal's clock, in the place of the loop's. */
static uint64_t now_ms;

uint64_t clock_ms(void)
{
	return now_ms;
}

static void set_up(void)
{
	log_set_level(LOG_LEVEL_ERROR);
	memcpy(strrchr(folder, '.') + 1, "XXXXXX", 6);
	ck_assert_ptr_nonnull(mkdtemp(folder));
	snprintf(path, sizeof path, "%s/gw1.journal", folder);
	journal = journal_open(folder, "gw1", DATABASE);
	ck_assert_ptr_nonnull(journal);
	journal_begin(journal, EPOCH);
	batch = batch_new();
}

static void tear_down(void)
{
	char lock[64];
	journal_close(journal);
	journal = NULL;
	batch_release(batch);
	unlink(path);
	snprintf(lock, sizeof lock, "%s/gw1.lock", folder);
	unlink(lock);
	ck_assert_int_eq(rmdir(folder), 0);
}

/* As a kill would leave it: what was not flushed is not there. */
static void copy_file(void)
{
	const int fd = open(path, O_RDONLY);
	ck_assert_int_ge(fd, 0);
	const ssize_t n = read(fd, image, sizeof image);
	close(fd);
	ck_assert_int_ge(n, 0);
	ck_assert_uint_lt((size_t)n, sizeof image);
	length = (size_t)n;
}

static struct past *past_of(size_t len)
{
	const char *why;
	struct past *past = past_read(image, len, "gw1", DATABASE, &why);
	ck_assert_msg(!why, "%s", why);
	return past;
}

static struct past *killed(void)
{
	copy_file();
	struct past *past = past_of(length);
	ck_assert_ptr_nonnull(past);
	return past;
}

static struct message *queued(int64_t id, uint8_t nparts)
{
	struct message *message = batch_message(batch);
	message->id = id;
	message->epoch = EPOCH;
	message->attempts = 2;
	message->nparts = message->unanswered = nparts;
	message->encoding = "gsm7";
	snprintf(message->link, sizeof message->link, "acme%d", (int)(id % 2));
	message->parts = batch_alloc(batch, nparts * sizeof *message->parts);
	for (unsigned i = 0; i < nparts; i++) {
		message->parts[i].message = message;
		message->parts[i].number = (uint8_t)(i + 1);
		message->parts[i].digest = nparts > 1 ? 100 + i : 0;
	}
	journal_queued(journal, message);
	return message;
}

static void leave(struct message *message, unsigned part)
{
	journal_left(journal, &message->parts[part]);
}

static void answer(struct message *message, unsigned part, struct outcome outcome)
{
	journal_answered(journal, &message->parts[part], &outcome);
	message_answer(&message->parts[part], &outcome);
}

static void settle(struct message *message)
{
	journal_settled(journal, message);
	message_release(message);
}

/* The row as it is read from the tables after the kill. */
static struct message *told(const struct past *past, int64_t id, uint16_t attempts)
{
	struct message *message = batch_message(batch);
	message->id = id;
	message->attempts = attempts;
	past_tell(past, EPOCH, "gw1", message);
	return message;
}

static const struct outcome taken = { .verdict = VERDICT_SENT, .network_id = "00AB" };
static const struct outcome rejected = { .verdict = VERDICT_REJECTED, .code = 11, .text = "no" };
static const struct outcome throttled = { .verdict = VERDICT_DEFERRED, .code = 88, .retry_ms = 500 };

/* One part, and how far it came. */
static const struct { bool left, answered; const struct outcome *outcome; struct outcome told; } cases[] = {
	{ false, false, NULL, { .verdict = VERDICT_DEFERRED, .untried = true,
	    .text = "gateway gw1 ended before it was sent" } },
	{ true, false, NULL, { .verdict = VERDICT_DOUBTFUL, .text = "gateway gw1 ended before it was answered" } },
	{ true, true, &taken, { .verdict = VERDICT_SENT } },
	{ true, true, &rejected, { .verdict = VERDICT_REJECTED, .code = 11, .text = "no" } },
	{ true, true, &throttled, { .verdict = VERDICT_DEFERRED, .code = 88, .retry_ms = 500 } },
};

static void check_case(const struct past *past, size_t i)
{
	const struct outcome *expected = &cases[i].told;
	struct message *message = told(past, (int64_t)i + 1, 2);
	ck_assert_int_eq(message->outcome.verdict, expected->verdict);
	ck_assert_int_eq(message->outcome.untried, expected->untried);
	ck_assert_uint_eq(message->outcome.code, expected->code);
	ck_assert_uint_eq(message->outcome.retry_ms, expected->retry_ms);
	ck_assert_str_eq(message->outcome.text, expected->text);
	ck_assert_str_eq(message->link, i % 2 ? "acme0" : "acme1");
	ck_assert_str_eq(message->encoding, "gsm7");
	ck_assert_uint_eq(message->nparts, 1);
	ck_assert_str_eq(message->parts[0].network_id, expected->verdict == VERDICT_SENT ? "00AB" : "");
	message_release(message);
}

START_TEST(what_became_of_each_is_known)
{
	enum { N = sizeof cases / sizeof *cases };
	struct message *messages[N];
	for (size_t i = 0; i < N; i++) {
		messages[i] = queued((int64_t)i + 1, 1);
		if (cases[i].left)
			leave(messages[i], 0);
		if (cases[i].answered)
			answer(messages[i], 0, *cases[i].outcome);
	}
	journal_flush(journal);
	struct past *past = killed();
	ck_assert(past_covers(past, EPOCH));
	ck_assert(!past_covers(past, EPOCH + 1));
	for (size_t i = 0; i < N; i++)
		check_case(past, i);
	struct message *unknown = told(past, 99, 1);
	ck_assert_int_eq(unknown->outcome.verdict, VERDICT_DEFERRED);
	ck_assert(unknown->outcome.untried);
	ck_assert_uint_eq(unknown->nparts, 0);
	message_release(unknown);
	past_release(past);
	for (size_t i = 0; i < N; i++)
		settle(messages[i]);
}
END_TEST

START_TEST(an_attempt_that_is_over_says_nothing_of_the_next_one)
{
	struct message *message = queued(1, 1), *again;
	leave(message, 0);
	journal_flush(journal);
	struct past *past = killed();
	struct message *row = told(past, 1, 3); /* claimed again, and what was settled not noted */
	ck_assert(row->outcome.untried);
	message_release(row);
	row = told(past, 1, 1);                 /* that cannot be */
	ck_assert_int_eq(row->outcome.verdict, VERDICT_DOUBTFUL);
	message_release(row);
	past_release(past);
	settle(message);
	again = queued(1, 1);
	journal_flush(journal);
	past = killed();
	row = told(past, 1, 2);
	ck_assert(row->outcome.untried);
	message_release(row);
	past_release(past);
	settle(again);
}
END_TEST

START_TEST(parts_keep_what_the_network_said_of_each)
{
	struct message *message = queued(1, 4);
	struct rejection refused[] = { { 2, 5, "unknown number" }, { 0, 6, "" } };
	message->taken[0] = 1;
	message->parts[0].taken = true;
	message->unanswered = 3;
	message->in_doubt = DOUBT_RESEND;
	settle(message);                        /* it is told of anew */
	journal_queued(journal, message);
	leave(message, 1);
	message->parts[1].refused = refused;
	message->parts[1].nrefused = 2;
	answer(message, 1, taken);
	leave(message, 2);
	journal_flush(journal);
	struct past *past = killed();
	struct message *row = told(past, 1, 2);
	ck_assert_int_eq(row->outcome.verdict, VERDICT_DOUBTFUL);
	ck_assert_int_eq(row->in_doubt, DOUBT_RESEND);
	ck_assert_uint_eq(row->nparts, 4);
	ck_assert_uint_eq(row->taken[0], 1);
	ck_assert(row->parts[0].taken && row->parts[1].taken);
	ck_assert(!row->parts[2].taken && !row->parts[3].taken);
	ck_assert_str_eq(row->parts[1].network_id, "00AB");
	ck_assert_uint_eq(row->parts[3].digest, 103);
	ck_assert_uint_eq(row->parts[1].nrefused, 2);
	ck_assert_uint_eq(row->parts[1].refused[0].destination, 2);
	ck_assert_str_eq(row->parts[1].refused[0].text, "unknown number");
	message_release(row);
	past_release(past);
	journal_settled(journal, message);
}
END_TEST

/* Blocks, of which the last may be cut anywhere: what is told is that of the whole ones. */
START_TEST(a_torn_tail_is_passed_over)
{
	enum { N = 5 };
	struct message *messages[N];
	size_t ends[N];
	for (size_t i = 0; i < N; i++) {
		messages[i] = queued((int64_t)i + 1, 1);
		leave(messages[i], 0);
		journal_flush(journal);
		copy_file();
		ends[i] = length;
	}
	for (size_t len = 0; len <= length; len++) {
		struct past *past = past_of(len);
		size_t whole = 0;
		while (whole < N && ends[whole] <= len)
			whole++;
		for (size_t i = 0; i < N && past; i++) {
			struct message *row = told(past, (int64_t)i + 1, 2);
			ck_assert_int_eq(row->outcome.verdict, i < whole ? VERDICT_DOUBTFUL : VERDICT_DEFERRED);
			message_release(row);
		}
		ck_assert(past || !whole);
		past_release(past);
	}
	for (size_t i = 0; i < N; i++)
		settle(messages[i]);
}
END_TEST

START_TEST(a_changed_octet_makes_it_worthless)
{
	struct message *message = queued(1, 3);
	leave(message, 0);
	answer(message, 0, taken);
	journal_flush(journal);
	leave(message, 1);
	journal_flush(journal);
	copy_file();
	for (size_t i = 0; i < length; i++)
		for (unsigned bit = 0; bit < 8; bit++) {
			const char *why;
			image[i] ^= (uint8_t)(1u << bit);
			ck_assert_ptr_null(past_read(image, length, "gw1", DATABASE, &why));
			ck_assert_ptr_nonnull(why);
			image[i] ^= (uint8_t)(1u << bit);
		}
	past_release(past_of(length));
	settle(message);
}
END_TEST

START_TEST(others_journals_are_not_trusted)
{
	const char *why;
	copy_file();
	ck_assert_ptr_null(past_read(image, length, "gw2", DATABASE, &why));
	ck_assert_str_eq(why, "it is of another gateway or database");
	ck_assert_ptr_null(past_read(image, length, "gw1", "sqlite:///other.db", &why));
	ck_assert_str_eq(why, "it is of another gateway or database");
	struct journal_header header;
	memcpy(&header, image, sizeof header);
	header.boot_id[3] ^= 1;
	header.sum = journal_sum(&header, offsetof(struct journal_header, sum));
	memcpy(image, &header, sizeof header);
	ck_assert_ptr_null(past_read(image, length, "gw1", DATABASE, &why));
	ck_assert_str_eq(why, "the machine was started anew since");
}
END_TEST

START_TEST(it_stays_small_and_forgets_nothing_that_is_open)
{
	struct message *old = queued(1, 3);
	struct batch *usual = batch;
	struct stat stat_now;
	off_t longest = 0;
	leave(old, 0);
	answer(old, 0, taken);
	leave(old, 1);
	for (int64_t id = 2; id < 300000; id++) {
		batch = batch_new();
		struct message *message = queued(id, 1);
		batch_release(batch);
		leave(message, 0);
		answer(message, 0, taken);
		settle(message);
		if (id % 50)
			continue;
		journal_flush(journal);
		ck_assert_int_eq(stat(path, &stat_now), 0);
		longest = stat_now.st_size > longest ? stat_now.st_size : longest;
	}
	batch = usual;
	ck_assert_int_gt(longest, 3 * 1024 * 1024);
	ck_assert_int_lt(longest, 5 * 1024 * 1024);
	struct past *past = killed();
	struct message *row = told(past, 1, 2);
	ck_assert_int_eq(row->outcome.verdict, VERDICT_DOUBTFUL);
	ck_assert_str_eq(row->parts[0].network_id, "00AB");
	ck_assert(row->parts[0].taken && !row->parts[1].taken && !row->parts[2].taken);
	message_release(row);
	int64_t *ids;
	ck_assert_uint_le(past_rows(past, EPOCH, &ids), 1);
	ck_assert_int_eq(ids[0], 1);
	free(ids);
	past_release(past);
	settle(old);
}
END_TEST

/* A limit on the size of files, as a disk that is full: nothing stops, nothing lies. */
START_TEST(when_it_cannot_be_written_it_says_nothing)
{
	struct rlimit before, small;
	struct message *message = queued(1, 1);
	journal_flush(journal);
	copy_file();
	signal(SIGXFSZ, SIG_IGN);
	ck_assert_int_eq(getrlimit(RLIMIT_FSIZE, &before), 0);
	small = (struct rlimit){ length + 5, before.rlim_max };
	ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &small), 0);
	leave(message, 0);
	journal_flush(journal);
	leave(queued(2, 1), 0);
	journal_flush(journal);
	ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &before), 0);
	copy_file();
	ck_assert_uint_eq(length, 0);
	ck_assert_ptr_null(past_of(length));
	settle(message);
	journal_flush(journal);
}
END_TEST

static void file_size_is(rlim_t most)
{
	struct rlimit limit;
	ck_assert_int_eq(getrlimit(RLIMIT_FSIZE, &limit), 0);
	limit.rlim_cur = most < limit.rlim_max ? most : limit.rlim_max;
	ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

/* Each minute it is tried again, and it then tells all that is open, also what happened meanwhile. */
START_TEST(when_there_is_room_again_it_knows_what_is_open)
{
	signal(SIGXFSZ, SIG_IGN);
	struct message *before = queued(1, 1), *settled = queued(2, 1);
	leave(before, 0);
	journal_flush(journal);
	file_size_is(8);
	struct message *meanwhile = queued(3, 2);
	leave(meanwhile, 0);
	journal_flush(journal);
	answer(meanwhile, 0, taken);
	leave(meanwhile, 1);
	settle(settled);
	now_ms += 61 * 1000;
	journal_flush(journal);                 /* still full */
	copy_file();
	ck_assert_uint_eq(length, 0);
	file_size_is(RLIM_INFINITY);
	now_ms += 59 * 1000;
	journal_flush(journal);                 /* not yet */
	copy_file();
	ck_assert_uint_eq(length, 0);
	now_ms += 2 * 1000;
	journal_flush(journal);
	struct past *past = killed();
	ck_assert(past_has(past, EPOCH, 1) && !past_has(past, EPOCH, 2) && past_has(past, EPOCH, 3));
	struct message *row = told(past, 1, 2);
	ck_assert_int_eq(row->outcome.verdict, VERDICT_DOUBTFUL);
	message_release(row);
	row = told(past, 3, 2);
	ck_assert_int_eq(row->outcome.verdict, VERDICT_DOUBTFUL);
	ck_assert(row->parts[0].taken && !row->parts[1].taken);
	ck_assert_str_eq(row->parts[0].network_id, "00AB");
	message_release(row);
	past_release(past);
	answer(before, 0, taken);
	journal_flush(journal);
	past = killed();
	row = told(past, 1, 2);
	ck_assert_int_eq(row->outcome.verdict, VERDICT_SENT);
	message_release(row);
	past_release(past);
	settle(before);
	settle(meanwhile);
}
END_TEST

START_TEST(two_of_one_name_notice)
{
	ck_assert_ptr_null(journal_open(folder, "gw1", DATABASE));
}
END_TEST

START_TEST(the_next_run_finds_what_is_open_and_else_nothing)
{
	char text[64];
	ck_assert(journal_folder("auto", folder, text, sizeof text));
	ck_assert_str_eq(text, folder);
	ck_assert(!journal_folder("", folder, text, sizeof text));
	struct message *message = queued(1, 1);
	leave(message, 0);
	journal_close(journal);
	message_release(message);
	journal = journal_open(folder, "gw1", DATABASE);
	ck_assert_ptr_nonnull(journal_past(journal));
	ck_assert(past_has(journal_past(journal), EPOCH, 1));
	journal_close(journal);                 /* killed before it had the lease */
	journal = journal_open(folder, "gw1", DATABASE);
	ck_assert(past_has(journal_past(journal), EPOCH, 1));
	journal_begin(journal, EPOCH + 1);
	journal_close(journal);                 /* in order */
	ck_assert_int_ne(access(path, F_OK), 0);
	journal = journal_open(folder, "gw1", DATABASE);
	ck_assert_ptr_nonnull(journal);
	ck_assert_ptr_null(journal_past(journal));
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		what_became_of_each_is_known,
		an_attempt_that_is_over_says_nothing_of_the_next_one,
		parts_keep_what_the_network_said_of_each,
		a_torn_tail_is_passed_over,
		a_changed_octet_makes_it_worthless,
		others_journals_are_not_trusted,
		it_stays_small_and_forgets_nothing_that_is_open,
		when_it_cannot_be_written_it_says_nothing,
		when_there_is_room_again_it_knows_what_is_open,
		two_of_one_name_notice,
		the_next_run_finds_what_is_open_and_else_nothing,
	};
	Suite *suite = suite_create("journal");
	TCase *all = tcase_create("journal");
	suite_add_tcase(suite, all);
	tcase_add_checked_fixture(all, set_up, tear_down);
	tcase_set_timeout(all, 120);
	for (size_t i = 0; i < sizeof tests / sizeof *tests; i++)
		tcase_add_test(all, tests[i]);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
