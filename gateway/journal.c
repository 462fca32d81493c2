/* SPDX-License-Identifier: Apache-2.0 */
/*
 * journal.c - writes down what is about to be on the wire, before it is; past.c reads it.
 *
 * The idea: octets that write() took survive the process, whatever kills it, for they are
 * the kernel's. So nothing is ever synced; what a loss of power takes away is recognized by
 * the boot id, and the journal is not trusted then. What the file looks like is in
 * journal_format.h.
 *
 * The file stays small: once it is longer than `limit`, one that tells of the messages
 * still open takes its place, by rename. They are on the list `open`; the rest is gone.
 * The same begins a journal anew after the disk was full.
 */
#include "journal.h"

#include "clock.h"
#include "journal_format.h"
#include "log.h"
#include "several.h"
#include "state.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
	BUFFER = 128 * 1024,            /* more than the longest record */
	LIMIT = 4 * 1024 * 1024,
	READ_MAX = 256 * 1024 * 1024,   /* nothing of ours is as long */
	RETRY_MS = 60 * 1000,
	RECORD_MAX = 32 * 1024,
	REFUSAL_TEXT_MAX = 100,
};

struct journal {
	char path[PATH_MAX];
	struct journal_header header;   /* of every file of ours */
	int lock, fd;                   /* -1: it is not ours; it is not written */
	bool begun, broken;
	uint64_t retry_at;              /* while broken */
	size_t size, limit;
	struct messages open;           /* queued, and not settled */
	int64_t epoch, told_epoch;      /* under which we claim; that of the last E */
	char told_link[LINK_NAME_MAX];  /* that of the last L */
	size_t used;
	uint8_t buffer[BUFFER];
	struct past *past;
};

/* The folder. */

bool journal_folder(const char *wanted, const char *beside, char *out, size_t room)
{
	if (!*wanted)
		return false;
	if (strcmp(wanted, "auto") == 0 && *beside) {
		snprintf(out, room, "%s", beside);
		return true;
	}
	state_folder(wanted, out, room);
	state_make(out);
	return true;
}

/* Writing. */

static void give_up(struct journal *journal, const char *doing, int error)
{
	if (!journal->broken)
		log_warn("journal event=off file=%s reason=\"%s: %s\" effect=\"after a crash more rows are in "
		    "doubt; tried again each minute\"", journal->path, doing, strerror(error));
	/* With a gap in it the file would lie. */
	if (journal->fd >= 0 && ftruncate(journal->fd, 0) != 0)
		unlink(journal->path);
	if (journal->fd >= 0)
		close(journal->fd);
	journal->fd = -1;
	journal->broken = true;
	journal->used = 0;
	journal->retry_at = clock_ms() + RETRY_MS;
}

static bool write_all(int fd, const void *at, size_t len)
{
	for (size_t done = 0; done < len; ) {
		const ssize_t n = write(fd, (const uint8_t *)at + done, len - done);
		if (n < 0 && errno != EINTR)
			return false;
		done += n > 0 ? (size_t)n : 0;
	}
	return true;
}

static bool write_block(struct journal *journal)
{
	if (!journal->used)
		return true;
	struct journal_block block = { .len = (uint32_t)(journal->used - sizeof block),
		.not_len = ~(uint32_t)(journal->used - sizeof block),
		.sum = (uint32_t)journal_sum(journal->buffer + sizeof block, journal->used - sizeof block) };
	memcpy(journal->buffer, &block, sizeof block);
	const size_t len = journal->used;
	journal->used = 0;
	journal->size += len;
	return write_all(journal->fd, journal->buffer, len);
}

/* Room for one record. False: nothing is written now. */
static bool ready(struct journal *journal, uint8_t type, int64_t id)
{
	if (journal->fd < 0)
		return false;
	if (journal->used + RECORD_MAX > BUFFER && !write_block(journal)) {
		give_up(journal, "cannot be written", errno);
		return false;
	}
	if (!journal->used)
		journal->used = sizeof(struct journal_block);
	journal->buffer[journal->used++] = type;
	memcpy(journal->buffer + journal->used, &id, sizeof id);
	journal->used += sizeof id;
	return true;
}

static void put(struct journal *journal, const void *at, size_t len)
{
	memcpy(journal->buffer + journal->used, at, len);
	journal->used += len;
}

static void put_8(struct journal *journal, unsigned value)
{
	journal->buffer[journal->used++] = (uint8_t)value;
}

static void put_16(struct journal *journal, unsigned value)
{
	const uint16_t small = (uint16_t)value;
	put(journal, &small, sizeof small);
}

static void put_32(struct journal *journal, uint32_t value)
{
	put(journal, &value, sizeof value);
}

static void put_text(struct journal *journal, const char *text, size_t most)
{
	const size_t len = strnlen(text, most);
	put_8(journal, (unsigned)len);
	put(journal, text, len);
}

static void tell_epoch(struct journal *journal, int64_t epoch)
{
	if (journal->told_epoch != epoch && ready(journal, 'E', epoch))
		journal->told_epoch = epoch;
}

static void tell_queued(struct journal *journal, const struct message *message)
{
	tell_epoch(journal, message->epoch);
	if (strcmp(journal->told_link, message->link) != 0 && ready(journal, 'L', 0)) {
		put_text(journal, message->link, LINK_NAME_MAX - 1);
		snprintf(journal->told_link, sizeof journal->told_link, "%s", message->link);
	}
	if (!ready(journal, 'C', message->id))
		return;
	const bool parts = message->nparts > 1 || message->ndestinations || message->parts[0].digest;
	put_16(journal, message->attempts);
	put_8(journal, message->nparts);
	put_8(journal, (message->in_doubt == DOUBT_RESEND ? FLAG_RESEND : 0u) | (parts ? FLAG_PARTS : 0u));
	put_text(journal, message->encoding ? message->encoding : "", UINT8_MAX);
	for (unsigned i = 0; parts && i < message->nparts; i++) {
		put_8(journal, message->taken[i / 8] >> (i % 8) & 1);
		put_32(journal, message->parts[i].digest);
	}
}

static void tell_left(struct journal *journal, const struct part *part)
{
	tell_epoch(journal, part->message->epoch);
	if (ready(journal, 'W', part->message->id))
		put_8(journal, part->number);
}

static void tell_answer(struct journal *journal, const struct message *message, unsigned number,
    const struct part *part, const struct outcome *outcome)
{
	tell_epoch(journal, message->epoch);
	if (!ready(journal, 'R', message->id))
		return;
	const unsigned nrefused = !part ? 0 : part->nrefused < DESTINATIONS_MAX ? part->nrefused : DESTINATIONS_MAX;
	put_8(journal, number);
	put_8(journal, outcome->verdict);
	put_8(journal, outcome->untried);
	put_32(journal, outcome->code);
	put_32(journal, outcome->retry_ms);
	put_text(journal, outcome->network_id, NETWORK_ID_MAX - 1);
	put_text(journal, outcome->text, OUTCOME_TEXT_MAX - 1);
	put_16(journal, nrefused);
	for (unsigned i = 0; i < nrefused; i++) {
		put_16(journal, part->refused[i].destination);
		put_32(journal, part->refused[i].code);
		put_text(journal, part->refused[i].text, REFUSAL_TEXT_MAX);
	}
}

/* A message that is open, from what stands in it. */
static void tell_again(struct journal *journal, const struct message *message)
{
	tell_queued(journal, message);
	for (unsigned i = 0; i < message->nparts; i++) {
		const struct part *part = &message->parts[i];
		const bool now = part->taken && !(message->taken[i / 8] >> (i % 8) & 1);
		if (part->left || now)
			tell_left(journal, part);
		if (!now)
			continue;
		struct outcome outcome = { .verdict = VERDICT_SENT };
		memcpy(outcome.network_id, part->network_id, sizeof outcome.network_id);
		tell_answer(journal, message, part->number, part, &outcome);
	}
	const struct outcome *whole = &message->outcome;
	if (whole->verdict != VERDICT_SENT || whole->code || *whole->text)
		tell_answer(journal, message, 0, NULL, whole);
}

/* A new file in the place of the old one, which says no more than it has to. */
static void begin_file(struct journal *journal)
{
	char fresh[PATH_MAX + 8];
	snprintf(fresh, sizeof fresh, "%s.new", journal->path);
	const int fd = open(fresh, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
	const int old = journal->fd;
	journal->used = 0;
	if (fd < 0) {
		give_up(journal, "cannot be made", errno);
		return;
	}
	journal->fd = fd;
	journal->size = sizeof journal->header;
	journal->told_epoch = 0;
	journal->told_link[0] = '\0';
	bool good = write_all(fd, &journal->header, sizeof journal->header);
	tell_epoch(journal, journal->epoch);
	const struct message *message;
	TAILQ_FOREACH(message, &journal->open, open) {
		if (good && journal->used > BUFFER / 2)
			good = write_block(journal);
		if (good)
			tell_again(journal, message);
	}
	good = good && journal->fd == fd && write_block(journal) && rename(fresh, journal->path) == 0;
	if (!good) {
		const int error = errno;
		unlink(fresh);
		if (journal->fd == fd)
			close(fd);
		journal->fd = old;
		give_up(journal, "cannot be written", error);
		return;
	}
	if (old >= 0)
		close(old);
	if (journal->broken)
		log_info("journal event=on file=%s", journal->path);
	journal->broken = false;
	journal->limit = journal->size * 2 > LIMIT ? journal->size * 2 : LIMIT;
}

void journal_flush(struct journal *journal)
{
	if (!journal || !journal->begun)
		return;
	if (journal->broken) {
		if (clock_ms() >= journal->retry_at)
			begin_file(journal);
	} else if (journal->used) {
		if (!write_block(journal))
			give_up(journal, "cannot be written", errno);
		else if (journal->size > journal->limit)
			begin_file(journal);
	}
}

void journal_queued(struct journal *journal, struct message *message)
{
	if (!journal)
		return;
	if (!message->is_open)
		TAILQ_INSERT_TAIL(&journal->open, message, open);
	message->is_open = true;
	tell_queued(journal, message);
}

void journal_left(struct journal *journal, struct part *part)
{
	if (!journal)
		return;
	part->left = true;
	tell_left(journal, part);
}

void journal_answered(struct journal *journal, struct part *part, const struct outcome *outcome)
{
	if (!journal)
		return;
	part->left = false;
	tell_answer(journal, part->message, part->number, part, outcome);
}

void journal_settled(struct journal *journal, struct message *message)
{
	if (!journal || !message->is_open)
		return;
	TAILQ_REMOVE(&journal->open, message, open);
	message->is_open = false;
	tell_epoch(journal, message->epoch);
	ready(journal, 'D', message->id);
}

/* Opening and closing. */

/* One gateway of a name on a host: others see that the lock is held. */
static bool lock(struct journal *journal, const char *folder, const char *name, int *error)
{
	char path[PATH_MAX];
	snprintf(path, sizeof path, "%s/%s.lock", folder, name);
	journal->lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	*error = errno;
	if (journal->lock < 0)
		return false;
	if (flock(journal->lock, LOCK_EX | LOCK_NB) == 0)
		return true;
	*error = errno;
	close(journal->lock);
	journal->lock = -1;
	return false;
}

static struct past *load(const struct journal *journal, const char *name, const char *database)
{
	const char *why = NULL;
	struct stat stat;
	const int fd = open(journal->path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0 || fstat(fd, &stat) != 0 || stat.st_size == 0 || stat.st_size > READ_MAX) {
		if (fd >= 0)
			close(fd);
		return NULL;
	}
	uint8_t *at = malloc((size_t)stat.st_size);
	if (!at)
		abort();
	size_t len = 0;
	for (ssize_t n; len < (size_t)stat.st_size &&
	    (n = read(fd, at + len, (size_t)stat.st_size - len)) > 0; )
		len += (size_t)n;
	close(fd);
	struct past *past = past_read(at, len, name, database, &why);
	free(at);
	if (why)
		log_warn("journal event=not-trusted file=%s reason=\"%s\" effect=\"rows that were being sent go "
		    "the way of in_doubt\"", journal->path, why);
	return past;
}

struct journal *journal_open(const char *folder, const char *name, const char *database)
{
	struct journal *journal = calloc(1, sizeof *journal);
	if (!journal)
		abort();
	TAILQ_INIT(&journal->open);
	journal->fd = journal->lock = -1;
	int error = 0;
	const int n = snprintf(journal->path, sizeof journal->path, "%s/%s.journal", folder, name);
	const char *why = NULL;
	if (n >= (int)sizeof journal->path)
		why = "its path is too long";
	else if (!journal_fill_header(&journal->header, name, database))
		why = "/proc/sys/kernel/random/boot_id cannot be read";
	else if (!lock(journal, folder, name, &error))
		why = error == EWOULDBLOCK ? "another gateway of this name runs on this host: give this one "
		    "another name if both are meant to run" : strerror(error);
	if (why) {
		log_warn("journal event=off file=%s reason=\"%s\" effect=\"after a crash more rows are in doubt\"",
		    journal->path, why);
		if (journal->lock >= 0)
			close(journal->lock);
		free(journal);
		return NULL;
	}
	journal->past = load(journal, name, database);
	return journal;
}

struct past *journal_past(const struct journal *journal)
{
	return journal ? journal->past : NULL;
}

void journal_begin(struct journal *journal, int64_t epoch)
{
	if (!journal || epoch == journal->epoch)
		return;
	journal->epoch = epoch;
	if (!journal->begun) {
		journal->begun = true;
		begin_file(journal);
	} else {
		tell_epoch(journal, epoch);
		journal_flush(journal);
	}
}

void journal_close(struct journal *journal)
{
	if (!journal)
		return;
	journal_flush(journal);
	if (journal->begun && TAILQ_EMPTY(&journal->open))
		unlink(journal->path);
	if (journal->fd >= 0)
		close(journal->fd);
	close(journal->lock);
	past_release(journal->past);
	free(journal);
}
