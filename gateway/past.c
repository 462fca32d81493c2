/* SPDX-License-Identifier: Apache-2.0 */
/*
 * past.c - reads a journal, and tells what became of the rows in it.
 *
 * A last block that is cut off was being written when the process ended: nothing of it had
 * left, and it is passed over. Anything else that is not as it should be makes the whole
 * file worthless: a W that is missing would send a message twice.
 *
 * A row that is not in it at all had not been given to a link, or an earlier attempt is
 * meant: nothing of it left.
 */
#include "past.h"

#include "journal_format.h"
#include "several.h"

#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { EPOCHS_MAX = 64 };

static const char magic[8] = "smsqldj1";

struct past_part {
	bool earlier, left, taken;      /* earlier: by the network, before this attempt */
	uint32_t digest;
	char network_id[NETWORK_ID_MAX];
	struct rejection *refused;      /* with texts of their own */
	unsigned nrefused;
};

struct past_row {
	uint16_t attempts;
	uint8_t nparts;
	bool resend;
	char link[LINK_NAME_MAX];
	char *encoding;
	struct outcome outcome;         /* folded, of what came back */
	struct past_part *parts;
};

/* A row of one epoch; `row` is NULL once it was settled. */
struct slot { int64_t epoch, id; bool used; struct past_row *row; };

struct past {
	atomic_uint holds;
	int64_t epochs[EPOCHS_MAX];
	size_t nepochs;
	struct slot *slots;             /* a power of two, open addressing */
	size_t nslots, used;
};

struct cursor {
	const uint8_t *at, *end;
	bool good;
	int64_t epoch;
	char link[LINK_NAME_MAX];
};

/* Eight octets at a time. */
uint64_t journal_sum(const void *at, size_t len)
{
	static const uint64_t odd = 0x9E3779B97F4A7C15u;
	uint64_t sum = len + 1;
	for (size_t i = 0; i < len; i += sizeof sum) {
		uint64_t octets = 0;
		memcpy(&octets, (const uint8_t *)at + i, len - i < sizeof octets ? len - i : sizeof octets);
		sum = (sum ^ octets) * odd;
		sum ^= sum >> 32;
	}
	return sum;
}

static bool read_boot_id(char *boot_id, size_t room)
{
	const int fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
	const ssize_t n = fd >= 0 ? read(fd, boot_id, room - 1) : -1;
	if (fd >= 0)
		close(fd);
	return n > 0;
}

bool journal_fill_header(struct journal_header *header, const char *name, const char *database)
{
	*header = (struct journal_header){ .place = journal_sum(database, strlen(database)) };
	memcpy(header->magic, magic, sizeof magic);
	snprintf(header->name, sizeof header->name, "%s", name);
	if (!read_boot_id(header->boot_id, sizeof header->boot_id))
		return false;
	header->sum = journal_sum(header, offsetof(struct journal_header, sum));
	return true;
}

static void *own(void *memory)
{
	if (!memory)
		abort();
	return memory;
}

static void row_free(struct past_row *row)
{
	if (!row)
		return;
	for (unsigned i = 0; i < row->nparts; i++) {
		for (unsigned k = 0; k < row->parts[i].nrefused; k++)
			free((char *)row->parts[i].refused[k].text);
		free(row->parts[i].refused);
	}
	free(row->parts);
	free(row->encoding);
	free(row);
}

/* The slot of a row, or the empty one where it belongs. */
static struct slot *slot_of(const struct past *past, int64_t epoch, int64_t id)
{
	const uint64_t mix = ((uint64_t)id * 0x9E3779B97F4A7C15u) ^ (uint64_t)epoch;
	size_t at = (size_t)(mix ^ mix >> 32) & (past->nslots - 1);
	while (past->slots[at].used && (past->slots[at].id != id || past->slots[at].epoch != epoch))
		at = (at + 1) & (past->nslots - 1);
	return &past->slots[at];
}

static void grow(struct past *past)
{
	struct slot *old = past->slots;
	const size_t n = past->nslots;
	past->nslots = n ? n * 2 : 64;
	past->slots = own(calloc(past->nslots, sizeof *past->slots));
	for (size_t i = 0; i < n; i++)
		if (old[i].used)
			*slot_of(past, old[i].epoch, old[i].id) = old[i];
	free(old);
}

static struct past_row *row_of(const struct past *past, int64_t epoch, int64_t id)
{
	return past->nslots ? slot_of(past, epoch, id)->row : NULL;
}

static void take(struct cursor *cursor, void *into, size_t len)
{
	if (cursor->good && (size_t)(cursor->end - cursor->at) >= len) {
		memcpy(into, cursor->at, len);
		cursor->at += len;
	} else {
		memset(into, 0, len);
		cursor->good = false;
	}
}

static unsigned take_8(struct cursor *cursor)
{
	uint8_t value;
	take(cursor, &value, sizeof value);
	return value;
}

static unsigned take_16(struct cursor *cursor)
{
	uint16_t value;
	take(cursor, &value, sizeof value);
	return value;
}

static uint32_t take_32(struct cursor *cursor)
{
	uint32_t value;
	take(cursor, &value, sizeof value);
	return value;
}

static void take_text(struct cursor *cursor, char *into, size_t room)
{
	const size_t len = take_8(cursor);
	cursor->good = cursor->good && len < room;
	take(cursor, into, cursor->good ? len : 0);
	into[cursor->good ? len : 0] = '\0';
}

static void read_epoch(struct past *past, struct cursor *cursor, int64_t epoch)
{
	cursor->epoch = epoch;
	if (past_covers(past, epoch))
		return;
	cursor->good = past->nepochs < EPOCHS_MAX;
	if (cursor->good)
		past->epochs[past->nepochs++] = epoch;
}

static void read_queued(struct past *past, struct cursor *cursor, int64_t id)
{
	char encoding[UINT8_MAX + 1];
	struct past_row *row = own(calloc(1, sizeof *row));
	row->attempts = (uint16_t)take_16(cursor);
	row->nparts = (uint8_t)take_8(cursor);
	const unsigned flags = take_8(cursor);
	row->resend = flags & FLAG_RESEND;
	take_text(cursor, encoding, sizeof encoding);
	row->encoding = own(strdup(encoding));
	memcpy(row->link, cursor->link, sizeof row->link);
	row->parts = own(calloc(row->nparts + 1u, sizeof *row->parts));
	for (unsigned i = 0; flags & FLAG_PARTS && i < row->nparts; i++) {
		row->parts[i].earlier = take_8(cursor);
		row->parts[i].digest = take_32(cursor);
	}
	cursor->good = cursor->good && row->nparts;
	if (past->used * 2 >= past->nslots)
		grow(past);
	struct slot *slot = slot_of(past, cursor->epoch, id);
	past->used += !slot->used;
	row_free(slot->row);            /* claimed again, and the D got lost */
	*slot = (struct slot){ cursor->epoch, id, true, row };
}

/* The part that a record names, or NULL. */
static struct past_part *part_of(struct past_row *row, struct cursor *cursor, unsigned number)
{
	cursor->good = cursor->good && row && number >= 1 && number <= row->nparts;
	return cursor->good ? &row->parts[number - 1] : NULL;
}

static void read_refusals(struct past_part *part, struct cursor *cursor, unsigned n)
{
	if (!n)
		return;
	part->refused = own(calloc(n, sizeof *part->refused));
	for (unsigned i = 0; i < n && cursor->good; i++) {
		char text[UINT8_MAX + 1];
		struct rejection *refused = &part->refused[i];
		refused->destination = take_16(cursor);
		refused->code = take_32(cursor);
		take_text(cursor, text, sizeof text);
		refused->text = own(strdup(text));
		part->nrefused++;
	}
}

static void read_answer(struct past *past, struct cursor *cursor, int64_t id)
{
	struct past_row *row = row_of(past, cursor->epoch, id);
	const unsigned number = take_8(cursor), verdict = take_8(cursor);
	struct outcome outcome = { .verdict = (enum verdict)verdict, .untried = take_8(cursor) };
	outcome.code = take_32(cursor);
	outcome.retry_ms = take_32(cursor);
	take_text(cursor, outcome.network_id, sizeof outcome.network_id);
	take_text(cursor, outcome.text, sizeof outcome.text);
	const unsigned nrefused = take_16(cursor);
	cursor->good = cursor->good && row && verdict <= VERDICT_REJECTED && nrefused <= DESTINATIONS_MAX;
	if (!cursor->good)
		return;
	if (number) {
		struct past_part *part = part_of(row, cursor, number);
		if (!part || part->refused) {
			cursor->good = false;
			return;
		}
		part->left = false;
		part->taken = verdict == VERDICT_SENT;
		memcpy(part->network_id, outcome.network_id, sizeof part->network_id);
		read_refusals(part, cursor, nrefused);
	}
	outcome_fold(&row->outcome, &outcome);
}

static void read_record(struct past *past, struct cursor *cursor)
{
	const unsigned type = take_8(cursor);
	int64_t id;
	take(cursor, &id, sizeof id);
	if (type == 'E') {
		read_epoch(past, cursor, id);
	} else if (type == 'L') {
		take_text(cursor, cursor->link, sizeof cursor->link);
	} else if (type == 'C') {
		read_queued(past, cursor, id);
	} else if (type == 'W') {
		struct past_part *part = part_of(row_of(past, cursor->epoch, id), cursor, take_8(cursor));
		if (part)
			part->left = true;
	} else if (type == 'R') {
		read_answer(past, cursor, id);
	} else if (type == 'D') {
		struct slot *slot = past->nslots ? slot_of(past, cursor->epoch, id) : NULL;
		if (slot) {
			row_free(slot->row);
			slot->row = NULL;
		}
	} else {
		cursor->good = false;
	}
}

static const char *read_blocks(struct past *past, const uint8_t *at, size_t len)
{
	struct cursor cursor = { .good = true };
	struct journal_block block;
	while (len >= sizeof block) {
		memcpy(&block, at, sizeof block);
		if (block.len == 0 || block.not_len != ~block.len)
			return "what it holds has been changed";
		if (block.len > len - sizeof block)
			break;
		if ((uint32_t)journal_sum(at + sizeof block, block.len) != block.sum)
			return "what it holds has been changed";
		cursor.at = at + sizeof block;
		cursor.end = cursor.at + block.len;
		while (cursor.at < cursor.end && cursor.good)
			read_record(past, &cursor);
		if (!cursor.good)
			return "what it holds makes no sense";
		at += sizeof block + block.len;
		len -= sizeof block + block.len;
	}
	return NULL;                    /* what is left had not been written when it ended */
}

struct past *past_read(const void *at, size_t len, const char *name, const char *database,
    const char **why)
{
	struct journal_header ours, theirs;
	*why = NULL;
	if (len < sizeof theirs)
		return NULL;            /* nothing can have left before it had a header */
	memcpy(&theirs, at, sizeof theirs);
	if (!journal_fill_header(&ours, name, database))
		*why = "the boot id cannot be read";
	else if (memcmp(theirs.magic, ours.magic, sizeof ours.magic) != 0)
		*why = "it is no journal of this version";
	else if (journal_sum(&theirs, offsetof(struct journal_header, sum)) != theirs.sum)
		*why = "what it holds has been changed";
	else if (memcmp(theirs.boot_id, ours.boot_id, sizeof ours.boot_id) != 0)
		*why = "the machine was started anew since";
	else if (memcmp(theirs.name, ours.name, sizeof ours.name) != 0 || theirs.place != ours.place)
		*why = "it is of another gateway or database";
	if (*why)
		return NULL;
	struct past *past = own(calloc(1, sizeof *past));
	past_hold(past);
	*why = read_blocks(past, (const uint8_t *)at + sizeof theirs, len - sizeof theirs);
	if (!*why && past->nepochs)
		return past;
	past_release(past);
	return NULL;
}

struct past *past_hold(struct past *past)
{
	if (past)
		atomic_fetch_add(&past->holds, 1);
	return past;
}

void past_release(struct past *past)
{
	if (!past || atomic_fetch_sub(&past->holds, 1) > 1)
		return;
	for (size_t i = 0; i < past->nslots; i++)
		row_free(past->slots[i].row);
	free(past->slots);
	free(past);
}

size_t past_epochs(const struct past *past, int64_t *epochs, size_t room)
{
	const size_t n = !past ? 0 : past->nepochs < room ? past->nepochs : room;
	for (size_t i = 0; i < n; i++)
		epochs[i] = past->epochs[i];
	return n;
}

bool past_covers(const struct past *past, int64_t epoch)
{
	for (size_t i = 0; past && i < past->nepochs; i++)
		if (past->epochs[i] == epoch)
			return true;
	return false;
}

bool past_has(const struct past *past, int64_t epoch, int64_t id)
{
	return row_of(past, epoch, id) != NULL;
}

size_t past_rows(const struct past *past, int64_t epoch, int64_t **ids)
{
	size_t n = 0;
	*ids = own(calloc(past ? past->used + 1 : 1, sizeof **ids));
	for (size_t i = 0; past && i < past->nslots; i++)
		if (past->slots[i].row && past->slots[i].epoch == epoch)
			(*ids)[n++] = past->slots[i].id;
	return n;
}

/* Telling what became of a row. */

static void tell_untouched(struct message *message, const char *name)
{
	message->outcome = (struct outcome){ .verdict = VERDICT_DEFERRED, .untried = true };
	snprintf(message->outcome.text, sizeof message->outcome.text,
	    "gateway %.64s ended before it was sent", name);
}

static void fill_parts(struct message *message, const struct past_row *row)
{
	message->nparts = row->nparts;
	message->parts = batch_alloc(message->batch, row->nparts * sizeof *message->parts);
	memset(message->taken, 0, sizeof message->taken);
	message->unanswered = 0;
	for (unsigned i = 0; i < row->nparts; i++) {
		struct part *part = &message->parts[i];
		const struct past_part *was = &row->parts[i];
		part->message = message;
		part->number = (uint8_t)(i + 1);
		part->digest = was->digest;
		part->taken = was->earlier;
		part->refused = was->refused;
		part->nrefused = was->nrefused;
		if (was->earlier)
			message->taken[i / 8] |= (uint8_t)(1u << (i % 8));
		else
			message->unanswered++;
	}
}

void past_tell(const struct past *past, int64_t epoch, const char *name, struct message *message)
{
	const struct past_row *row = row_of(past, epoch, message->id);
	/* What is told of an earlier attempt is over. */
	if (!row || row->attempts < message->attempts) {
		tell_untouched(message, name);
		return;
	}
	snprintf(message->link, sizeof message->link, "%s", row->link);
	message->encoding = row->encoding;
	message->in_doubt = row->resend ? DOUBT_RESEND : DOUBT_HOLD;
	fill_parts(message, row);
	message->outcome = row->outcome;
	for (unsigned i = 0; i < row->nparts; i++) {
		const struct past_part *was = &row->parts[i];
		struct outcome outcome = { .verdict = VERDICT_DEFERRED, .untried = true };
		if (was->earlier)
			continue;
		if (was->taken)
			outcome = (struct outcome){ .verdict = VERDICT_SENT };
		else if (was->left || row->attempts > message->attempts)
			outcome = (struct outcome){ .verdict = VERDICT_DOUBTFUL };
		memcpy(outcome.network_id, was->network_id, sizeof outcome.network_id);
		if (outcome.verdict == VERDICT_DOUBTFUL)
			snprintf(outcome.text, sizeof outcome.text,
			    "gateway %.64s ended before it was answered", name);
		else if (outcome.verdict == VERDICT_DEFERRED)
			snprintf(outcome.text, sizeof outcome.text, "gateway %.64s ended before it was sent", name);
		message_answer(&message->parts[i], &outcome);
	}
}
