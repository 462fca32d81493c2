/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ledger_receipts.c - how delivery reports find their messages.
 *
 * A receipt names (link, message id). It is looked for among messages of one
 * part, then among parts, by the normal form of the id; and when it is unknown
 * and the driver gave the id in other bases, by those, and then the recipient
 * has to agree as well; then so among messages of other links of the same account.
 * What is found moves forward only. What is not found is kept, and tried again when a
 * message of that id is settled, and now and then.
 *
 * A message to several recipients has one id for all of them, and the number that a receipt
 * is from says whose it is.
 *
 * One statement takes many receipts at once and says nothing of order among
 * them, so several for one id and number go in waves, one of each in a wave.
 */
#include "ledger_values.h"

#include "../sms/alphabet.h"

#include <stdio.h>
#include <stdlib.h>

/* A receipt on its way to its message. */
struct pending {
	const char *link, *status;
	const char *via;                /* the link whose messages are looked at; NULL: none now */
	const char *id;                 /* as it is kept; "": the network gave none */
	const char *recipient;          /* its digits */
	char key[NETWORK_ID_MAX], alternate[2][NETWORK_ID_MAX]; /* keys; "" alternates: none */
	const char *text;
	int64_t code;                   /* this and `text`: why undelivered, else "" and 0 */
	int64_t receipt_id;             /* its row, when it has one already */
	int64_t outbox_id;              /* found; 0: not */
	unsigned wave;                  /* how many of the same id came before it */
};

/* The receipts that are looked for, and the messages that have to be folded. */
struct search {
	struct pending *pending;
	int64_t *folds;                 /* messages whose parts changed */
	size_t nfolds;
};

struct value clean_value(struct batch *scratch, const char *text)
{
	enum { WIDEST = 3 };            /* U+FFFD for one octet */
	const size_t len = strlen(text);
	const uint8_t *at = (const uint8_t *)text, *end = at + len;
	bool clean = true;
	while (at < end && clean)
		clean = *at < 0x80 ? at++ != NULL : utf8_next(&at, end) != 0xFFFD;
	if (clean)
		return text_value(text);
	char *copy = batch_alloc(scratch, len * WIDEST + 1);
	size_t n = 0;
	for (at = (const uint8_t *)text; at < end; )
		n += utf8_put(copy + n, utf8_next(&at, end));
	return text_value(copy);
}

struct value id_value(struct batch *scratch, const char *id)
{
	struct value value = clean_value(scratch, id);
	if (value.len < NETWORK_ID_MAX)
		return value;
	/* Cut where a character begins. */
	size_t len = NETWORK_ID_MAX - 1;
	while (((const uint8_t *)value.at)[len] >> 6 == 2)
		len--;
	return text_value(batch_text(scratch, value.at, len));
}

static const char *digits_of(struct batch *scratch, const char *text)
{
	char *digits = batch_text(scratch, text, strlen(text));
	size_t n = 0;
	for (const char *at = text; *at; at++)
		if (*at >= '0' && *at <= '9')
			digits[n++] = *at;
	digits[n] = '\0';
	return digits;
}

static void see_match(void *ctx, const struct value *columns, size_t n)
{
	(void)n;
	struct search *search = ctx;
	struct pending *pending = &search->pending[columns[0].number];
	pending->outbox_id = columns[1].number;
	if (search->folds)
		search->folds[search->nfolds++] = columns[1].number;
}

/* Asks one statement for all of a wave that are still unknown. `base`: -1 for
 * the normal form, else which alternate. */
static enum db_result look(struct ledger *ledger, enum statement statement, unsigned wave, int base,
    struct search *search, size_t n, struct batch *scratch, struct db_error *err)
{
	enum { MOST = 8 };
	const size_t width = statement == STATEMENT_CONFIRM_PART ? MOST : MOST - 1;
	struct value *values = batch_alloc(scratch, (n + 1) * MOST * sizeof *values);
	size_t rows = 0;
	for (size_t i = 0; i < n; i++) {
		const struct pending *pending = &search->pending[i];
		const char *key = base < 0 ? pending->key : pending->alternate[base];
		const bool findable = base < 0 ? *pending->id : *key && *pending->recipient;
		if (pending->outbox_id || pending->wave != wave || !findable || !pending->via)
			continue;
		const struct value row[MOST] = {
			number_value((int64_t)i), text_value(pending->via), text_value(key),
			text_value(base < 0 ? "" : pending->recipient), text_value(pending->status),
			number_value(pending->code), text_value(pending->text), text_value(pending->recipient),
		};
		memcpy(values + rows++ * width, row, width * sizeof *row);
	}
	return ledger_run(ledger, statement, values, width, rows, see_match, search, err);
}

static enum db_result look_everywhere(struct ledger *ledger, unsigned wave, struct search *search,
    size_t n, struct batch *scratch, struct db_error *err)
{
	int64_t *folds = search->folds;
	enum db_result result = DB_OK;
	for (int base = -1; base < 2 && result == DB_OK; base++) {
		search->folds = NULL;
		result = look(ledger, STATEMENT_CONFIRM, wave, base, search, n, scratch, err);
		search->folds = folds;
		if (result == DB_OK)
			result = look(ledger, STATEMENT_CONFIRM_PART, wave, base, search, n, scratch, err);
	}
	return result;
}

static int by_number(const void *a, const void *b)
{
	const int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
	return x < y ? -1 : x > y;
}

static enum db_result fold(struct ledger *ledger, struct search *search, struct batch *scratch,
    struct db_error *err)
{
	struct value *values = batch_alloc(scratch, (search->nfolds + 1) * sizeof *values);
	size_t rows = 0;
	qsort(search->folds, search->nfolds, sizeof *search->folds, by_number);
	for (size_t i = 0; i < search->nfolds; i++)
		if (i == 0 || search->folds[i] != search->folds[i - 1])
			values[rows++] = number_value(search->folds[i]);
	const enum db_result result = ledger_run(ledger, STATEMENT_FOLD_LOCK, values, 1, rows, NULL, NULL,
	    err);
	return result == DB_OK ? ledger_run(ledger, STATEMENT_FOLD, values, 1, rows, NULL, NULL, err) : result;
}

static int by_key(const void *a, const void *b)
{
	const struct pending *x = *(struct pending *const *)a, *y = *(struct pending *const *)b;
	int order = strcmp(x->key, y->key);
	if (order == 0)
		order = strcmp(x->link, y->link);
	if (order == 0)
		order = strcmp(x->recipient, y->recipient);
	return order ? order : x < y ? -1 : x > y;
}

/* Numbers the receipts of one id and number in the order they came; returns how many waves. */
static unsigned make_waves(struct pending *pending, size_t n, struct batch *scratch)
{
	struct pending **sorted = batch_alloc(scratch, (n + 1) * sizeof *sorted);
	unsigned waves = 1;
	for (size_t i = 0; i < n; i++)
		sorted[i] = &pending[i];
	qsort(sorted, n, sizeof *sorted, by_key);
	for (size_t i = 1; i < n; i++) {
		if (strcmp(sorted[i]->key, sorted[i - 1]->key) != 0 ||
		    strcmp(sorted[i]->link, sorted[i - 1]->link) != 0 ||
		    strcmp(sorted[i]->recipient, sorted[i - 1]->recipient) != 0)
			continue;
		sorted[i]->wave = sorted[i - 1]->wave + 1;
		if (sorted[i]->wave >= waves)
			waves = sorted[i]->wave + 1;
	}
	return waves;
}

static enum db_result look_in_order(struct ledger *ledger, unsigned waves, struct search *search,
    size_t n, struct batch *scratch, struct db_error *err)
{
	enum db_result result = DB_OK;
	for (unsigned wave = 0; wave < waves && result == DB_OK; wave++)
		result = look_everywhere(ledger, wave, search, n, scratch, err);
	return result;
}

/* Links of the same account as one of these. */
struct siblings {
	struct batch *scratch;
	struct sibling { const char *link, *name; } *at;
	size_t n, room;
};

static void see_sibling(void *ctx, const struct value *columns, size_t n)
{
	(void)n;
	struct siblings *siblings = ctx;
	if (siblings->n < siblings->room)
		siblings->at[siblings->n++] = (struct sibling){
			batch_text(siblings->scratch, columns[0].at, columns[0].len),
			batch_text(siblings->scratch, columns[1].at, columns[1].len) };
}

static bool known_link(const struct value *links, size_t n, const char *link)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(links[i].at, link) == 0)
			return true;
	return false;
}

static enum db_result read_siblings(struct ledger *ledger, struct siblings *siblings,
    const struct pending *pending, size_t n, struct db_error *err)
{
	enum { LINKS_MAX = 64, SIBLINGS_MAX = 256 };
	struct value links[LINKS_MAX];
	size_t rows = 0;
	for (size_t i = 0; i < n && rows < LINKS_MAX; i++)
		if (!pending[i].outbox_id && *pending[i].id && !known_link(links, rows, pending[i].link))
			links[rows++] = text_value(pending[i].link);
	siblings->room = rows ? SIBLINGS_MAX : 0;
	siblings->at = batch_alloc(siblings->scratch, (siblings->room + 1) * sizeof *siblings->at);
	return ledger_run(ledger, STATEMENT_SIBLINGS, links, 1, rows, see_sibling, siblings, err);
}

/* The sibling of that number of a link, or NULL. */
static const char *sibling_of(const struct siblings *siblings, const char *link, unsigned number)
{
	for (size_t i = 0; i < siblings->n; i++)
		if (strcmp(siblings->at[i].link, link) == 0 && number-- == 0)
			return siblings->at[i].name;
	return NULL;
}

/* Those that are still unknown, among the messages of other links of their account: the
 * first such link of each, then the second. */
static enum db_result look_at_siblings(struct ledger *ledger, unsigned waves,
    struct search *search, size_t n, struct batch *scratch, struct db_error *err)
{
	struct siblings siblings = { .scratch = scratch };
	enum db_result result = read_siblings(ledger, &siblings, search->pending, n, err);
	bool more = siblings.n > 0;
	for (unsigned number = 0; more && result == DB_OK; number++) {
		more = false;
		for (size_t i = 0; i < n; i++) {
			struct pending *pending = &search->pending[i];
			pending->via = pending->outbox_id ? NULL
			    : sibling_of(&siblings, pending->link, number);
			more = more || pending->via;
		}
		if (more)
			result = look_in_order(ledger, waves, search, n, scratch, err);
	}
	return result;
}

static enum db_result find(struct ledger *ledger, struct pending *pending, size_t n,
    struct batch *scratch, struct db_error *err)
{
	struct search search = { .pending = pending,
		.folds = batch_alloc(scratch, (n * 3 + 1) * sizeof(int64_t)) };
	const unsigned waves = make_waves(pending, n, scratch);
	for (size_t i = 0; i < n; i++)
		pending[i].via = pending[i].link;
	enum db_result result = look_in_order(ledger, waves, &search, n, scratch, err);
	if (result == DB_OK)
		result = look_at_siblings(ledger, waves, &search, n, scratch, err);
	return result == DB_OK ? fold(ledger, &search, scratch, err) : result;
}

static void from_receipt(struct pending *pending, const struct receipt *receipt,
    struct batch *scratch)
{
	const bool delivered = receipt->status == STATUS_DELIVERED;
	*pending = (struct pending){
		.link = receipt->link, .status = status_word(receipt->status),
		.id = id_value(scratch, receipt->network_id).at,
		.recipient = digits_of(scratch, receipt->recipient),
		.text = delivered ? "" : clean_value(scratch, receipt->text).at,
		.code = delivered ? 0 : receipt->code,
	};
	network_key(pending->key, pending->id);
	for (int i = 0; i < 2; i++)
		network_key(pending->alternate[i], id_value(scratch, receipt->alternate[i]).at);
}

/* The alternates as they are kept: one space between two. */
static const char *other_ids(const struct pending *pending, struct batch *scratch)
{
	char text[2 * NETWORK_ID_MAX];
	const int n = snprintf(text, sizeof text, "%s%s%s", pending->alternate[0],
	    pending->alternate[1][0] ? " " : "", pending->alternate[1]);
	return batch_text(scratch, text, (size_t)n);
}

static void read_other_ids(struct pending *pending, const char *text)
{
	const size_t first = strcspn(text, " ");
	snprintf(pending->alternate[0], NETWORK_ID_MAX, "%.*s", (int)first, text);
	if (text[first])
		snprintf(pending->alternate[1], NETWORK_ID_MAX, "%s", text + first + 1);
}

static enum db_result keep(struct ledger *ledger, const struct receipt *receipts,
    const struct pending *pending, size_t n, struct batch *scratch, struct db_error *err)
{
	enum { WIDTH = 10 };
	struct value *values = batch_alloc(scratch, (n + 1) * WIDTH * sizeof *values);
	for (size_t i = 0; i < n; i++) {
		const struct receipt *receipt = &receipts[i];
		ledger->unmatched += pending[i].outbox_id == 0;
		const struct value row[WIDTH] = {
			text_value(receipt->link), text_value(pending[i].id),
			clean_value(scratch, receipt->recipient), text_value(pending[i].status),
			clean_value(scratch, receipt->word), number_value(receipt->code),
			clean_value(scratch, receipt->text),
			receipt->done_at ? number_value(receipt->done_at * 1000) : null_value(),
			pending[i].outbox_id ? number_value(pending[i].outbox_id) : null_value(),
			text_value(pending[i].outbox_id ? "" : other_ids(&pending[i], scratch)),
		};
		memcpy(values + i * WIDTH, row, sizeof row);
	}
	return ledger_run(ledger, STATEMENT_RECEIPT_PUT, values, WIDTH, n, NULL, NULL, err);
}

/* Applies the receipts that came before the id of their message was known: `rows` times
 * link and key. */
static enum db_result apply_overtaken(struct ledger *, const struct value *, size_t rows,
    struct batch *scratch, struct db_error *);

/* Answers that came after their row was given up as doubtful. */
static enum db_result apply_late(struct ledger *ledger, const struct receipt *receipts, size_t n,
    struct batch *scratch, struct db_error *err)
{
	enum { WIDTH = 9 };
	struct value *values = batch_alloc(scratch, (n + 1) * WIDTH * sizeof *values);
	struct value *ids = batch_alloc(scratch, (n + 1) * sizeof *ids);
	struct value *keys = batch_alloc(scratch, (n + 1) * 2 * sizeof *keys);
	size_t rows = 0, nkeys = 0;
	for (size_t i = 0; i < n; i++) {
		const struct receipt *late = &receipts[i];
		if (!late->row)
			continue;
		const struct value row[WIDTH] = {
			number_value(late->row), text_value(late->link), number_value(late->attempt),
			number_value(late->part), number_value(late->parts), id_value(scratch, late->network_id),
			text_value(status_word(late->status)), number_value(late->code),
			clean_value(scratch, late->text),
		};
		char key[NETWORK_ID_MAX];
		network_key(key, row[5].at);
		ids[rows] = row[0];
		if (*key) {
			keys[2 * nkeys] = row[1];
			keys[2 * nkeys++ + 1] = text_value(batch_text(scratch, key, strlen(key)));
		}
		memcpy(values + rows++ * WIDTH, row, sizeof row);
	}
	enum db_result result = ledger_run(ledger, STATEMENT_LATE, values, WIDTH, rows, NULL, NULL, err);
	if (result == DB_OK)
		result = ledger_run(ledger, STATEMENT_LATE_PART, values, WIDTH, rows, NULL, NULL, err);
	if (result == DB_OK)
		result = ledger_run(ledger, STATEMENT_LATE_FOLD, ids, 1, rows, NULL, NULL, err);
	if (result == DB_OK)
		result = ledger_run(ledger, STATEMENT_FOLD, ids, 1, rows, NULL, NULL, err);
	return result == DB_OK ? apply_overtaken(ledger, keys, nkeys, scratch, err) : result;
}

enum db_result ledger_apply_receipts(struct ledger *ledger, const struct receipt *receipts,
    size_t n, struct batch *scratch, struct db_error *err)
{
	size_t late = 0, nreports = 0;
	for (size_t i = 0; i < n; i++)
		late += receipts[i].row != 0;
	if (late) {
		const enum db_result applied = apply_late(ledger, receipts, n, scratch, err);
		if (applied != DB_OK)
			return applied;
		struct receipt *reports = batch_alloc(scratch, (n + 1) * sizeof *reports);
		for (size_t i = 0; i < n; i++)
			if (!receipts[i].row)
				reports[nreports++] = receipts[i];
		receipts = reports;
		n = nreports;
	}
	if (n == 0)
		return DB_OK;
	struct pending *pending = batch_alloc(scratch, n * sizeof *pending);
	for (size_t i = 0; i < n; i++)
		from_receipt(&pending[i], &receipts[i], scratch);
	enum db_result result = find(ledger, pending, n, scratch, err);
	return result == DB_OK ? keep(ledger, receipts, pending, n, scratch, err) : result;
}

/* Receipts read back from their table. */

struct kept {
	struct batch *scratch;
	struct pending *pending;
	size_t n, room;
	int64_t last_ms, last_id;       /* of the last one; RECEIPT_OPEN tells when it came */
};

static enum status receipt_status(const char *word)
{
	for (int status = 0; status < STATUS_COUNT; status++)
		if (strcmp(status_word((enum status)status), word) == 0)
			return (enum status)status;
	return STATUS_SENT;
}

/* The order of columns is RECEIPT_COLUMNS'. */
static void see_kept(void *ctx, const struct value *columns, size_t n)
{
	enum { RECEIVED_AT = 10 };
	struct kept *kept = ctx;
	kept->last_id = columns[0].number;
	kept->last_ms = n > RECEIVED_AT ? columns[RECEIVED_AT].number : 0;
	if (kept->n == kept->room) {
		const size_t room = kept->room ? kept->room * 2 : 16;
		struct pending *more = batch_alloc(kept->scratch, room * sizeof *more);
		if (kept->n)
			memcpy(more, kept->pending, kept->n * sizeof *more);
		kept->pending = more;
		kept->room = room;
	}
	struct pending *pending = &kept->pending[kept->n++];
	const bool delivered = receipt_status(columns[4].at) == STATUS_DELIVERED;
	*pending = (struct pending){
		.receipt_id = columns[0].number,
		.link = batch_text(kept->scratch, columns[1].at, columns[1].len),
		.id = batch_text(kept->scratch, columns[2].at, columns[2].len),
		.recipient = digits_of(kept->scratch, columns[3].at),
		.status = status_word(receipt_status(columns[4].at)),
		.code = delivered ? 0 : columns[6].number,
		.text = delivered ? "" : batch_text(kept->scratch, columns[7].at, columns[7].len),
	};
	network_key(pending->key, pending->id);
	read_other_ids(pending, columns[9].at);
}

/* Finds messages for receipts that have a row, and notes them there. *found of them have one. */
static enum db_result find_kept(struct ledger *ledger, struct kept *kept, size_t *found,
    struct db_error *err)
{
	enum { WIDTH = 2 };
	*found = 0;
	if (kept->n == 0)
		return DB_OK;
	enum db_result result = find(ledger, kept->pending, kept->n, kept->scratch, err);
	struct value *values = batch_alloc(kept->scratch, kept->n * WIDTH * sizeof *values);
	size_t rows = 0;
	for (size_t i = 0; i < kept->n; i++) {
		if (!kept->pending[i].outbox_id)
			continue;
		values[rows * WIDTH] = number_value(kept->pending[i].receipt_id);
		values[rows++ * WIDTH + 1] = number_value(kept->pending[i].outbox_id);
	}
	if (result == DB_OK)
		result = ledger_run(ledger, STATEMENT_RECEIPT_MATCHED, values, WIDTH, rows, NULL, NULL, err);
	*found = rows;
	return result;
}

static enum db_result apply_overtaken(struct ledger *ledger, const struct value *values,
    size_t rows, struct batch *scratch, struct db_error *err)
{
	struct kept kept = { .scratch = scratch };
	size_t found;
	enum db_result result = ledger_run(ledger, STATEMENT_OVERTAKEN, values, 2, rows, see_kept,
	    &kept, err);
	return result == DB_OK ? find_kept(ledger, &kept, &found, err) : result;
}

enum db_result ledger_apply_overtaken(struct ledger *ledger, struct message *const *settled,
    size_t n, struct batch *scratch, struct db_error *err)
{
	enum { WIDTH = 2 };
	size_t most = 0, rows = 0;
	for (size_t i = 0; i < n; i++)
		most += settled[i]->nparts;
	struct value *values = batch_alloc(scratch, (most + 1) * WIDTH * sizeof *values);
	for (size_t i = 0; i < n; i++) {
		for (unsigned k = 0; k < settled[i]->nparts; k++) {
			const struct part *part = &settled[i]->parts[k];
			if (!part->taken || !part->network_id[0])
				continue;
			char key[NETWORK_ID_MAX];
			network_key(key, id_value(scratch, part->network_id).at);
			values[rows * WIDTH] = text_value(settled[i]->link);
			values[rows++ * WIDTH + 1] = text_value(batch_text(scratch, key, strlen(key)));
		}
	}
	return apply_overtaken(ledger, values, rows, scratch, err);
}

enum db_result ledger_match(struct ledger *ledger, struct receipt_walk *walk, struct db_error *err)
{
	enum { STEP = 500 };
	struct batch *scratch = batch_new();
	struct kept kept = { .scratch = scratch };
	size_t found = 0;
	const struct value values[] = { number_value(STEP), number_value(walk->age_s),
		number_value(walk->after_ms), number_value(walk->after_id) };
	enum db_result result = ledger_begin(ledger, err);
	if (result == DB_OK)
		result = ledger_run(ledger, STATEMENT_RECEIPT_OPEN, values, 4, 1, see_kept, &kept, err);
	if (result == DB_OK)
		result = find_kept(ledger, &kept, &found, err);
	result = ledger_end(ledger, result, err);
	batch_release(scratch);
	if (result != DB_OK)
		return result;
	walk->ended = kept.n < STEP;
	walk->found = found;
	walk->after_ms = walk->ended ? 0 : kept.last_ms;
	walk->after_id = walk->ended ? 0 : kept.last_id;
	return DB_OK;
}
