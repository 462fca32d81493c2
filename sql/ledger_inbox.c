/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ledger_inbox.c - messages from handsets, and how their parts find each other.
 *
 * A message on its own goes straight into inbox. A part goes into the open set of its
 * key (link, sender, recipient, reference and its width, number of parts), whose row is
 * locked from then on, so that two gateways that get parts of one message complete it
 * once. The part that completes a set puts the whole into inbox in the same
 * transaction. Nothing is answered to the network before that has been committed.
 *
 *   the same part with the same octets    a repeat: it is stored already
 *   the same part with other octets       the reference is used anew: the set is closed
 *                                         with what came, and another one opens
 *
 * Closed sets are remembered for a while. A part that comes late opens a set like any
 * other; when its time is over and it held nothing that the remembered one does not, it
 * was a repeat and is dropped. A whole set that comes twice is stored, with dup_of.
 */
#include "ledger_values.h"

#include "../gateway/inbox.h"

#include <stdlib.h>

enum {
	JOIN_DAY_S = 86400,             /* the longest that a set may take, from its first part */
	JOIN_KEEP_S = 600,              /* closed sets are remembered so much longer than open ones wait */
	JOIN_PER_SENDER = 20,
	JOIN_AT_ONCE = 200,             /* sets closed in one transaction */
	JOIN_ROUNDS = 100,              /* such transactions at one go */
};

/* A set as it is while a transaction works on it. */
struct set {
	int64_t id;
	const struct inbound *key;      /* any of its parts */
	const struct inbound *held[PARTS_MAX]; /* by number - 1; NULL: missing */
	unsigned came;
};

/* A transaction's work: rows to be written when it is known what they are. */
struct joining {
	struct ledger *ledger;
	struct batch *scratch;
	struct set *sets;
	size_t nsets;
	struct value *parts, *letters, *closed, *repeats;
	size_t nparts, nletters, nclosed, nrepeats;
};

enum { PART_WIDTH = 11, LETTER_WIDTH = 15, PAIR_WIDTH = 2, KEY_WIDTH = 6 };

/* Values. */

static struct value text_or_null(const char *text)
{
	return text ? text_value(text) : null_value();
}

/* Of a field that has `room` octets with its NUL. */
static struct value field_value(const char *field, size_t room)
{
	return (struct value){ .kind = VALUE_TEXT, .at = field, .len = strnlen(field, room) };
}

static void fill_letter(struct value row[LETTER_WIDTH], const struct inbound *first,
    const char *arrival, const struct letter *letter)
{
	const struct value values[LETTER_WIDTH] = {
		text_value(arrival), text_value(first->link), text_value(first->sender),
		text_value(first->recipient), text_value(letter->kind), text_or_null(letter->body),
		octets_value(letter->data), octets_value(letter->udh), text_or_null(letter->encoding),
		text_or_null(letter->options), number_value(letter->parts), number_value(letter->missing),
		first->network_at ? number_value(first->network_at * 1000) : null_value(),
		first->received_at ? number_value(first->received_at * 1000) : null_value(),
		first->outbox_id ? number_value(first->outbox_id) : null_value(),
	};
	memcpy(row, values, sizeof values);
}

static void fill_part(struct value row[PART_WIDTH], int64_t set, const struct inbound *part)
{
	const struct value values[PART_WIDTH] = {
		number_value(set), number_value(part->concat_part), text_value(part->arrival),
		text_value(charset_words[part->charset]), number_value(part->data_coding),
		number_value(part->protocol_id), octets_value(part->octets), octets_value(part->udh),
		text_or_null(part->options), number_value(part->received_at),
		number_value(part->network_at),
	};
	memcpy(row, values, sizeof values);
}

static void fill_key(struct value row[KEY_WIDTH], const struct inbound *part)
{
	const struct value values[KEY_WIDTH] = {
		field_value(part->link, sizeof part->link), field_value(part->sender, sizeof part->sender),
		field_value(part->recipient, sizeof part->recipient), number_value(part->concat_wide),
		number_value(part->concat_ref), number_value(part->concat_parts),
	};
	memcpy(row, values, sizeof values);
}

static void clean_field(struct batch *scratch, char *field, size_t room)
{
	const struct value clean = clean_value(scratch, field);
	if (clean.at == field)
		return;
	size_t len = clean.len < room - 1 ? clean.len : room - 1;
	while (len < clean.len && len && ((const char *)clean.at)[len] & 0x80 &&
	    (((const unsigned char *)clean.at)[len] & 0xC0) == 0x80)
		len--;                      /* never a piece of a character */
	memmove(field, clean.at, len);
	field[len] = '\0';
}

/* A copy whose texts a database takes. */
static void clean_inbound(struct batch *scratch, struct inbound *copy, const struct inbound *inbound)
{
	*copy = *inbound;
	clean_field(scratch, copy->sender, sizeof copy->sender);
	clean_field(scratch, copy->recipient, sizeof copy->recipient);
	clean_field(scratch, copy->arrival, sizeof copy->arrival);
}

/* Reading. */

static bool same_key(const struct inbound *a, const struct inbound *b)
{
	return a->concat_ref == b->concat_ref && a->concat_parts == b->concat_parts &&
	    a->concat_wide == b->concat_wide && strcmp(a->sender, b->sender) == 0 &&
	    strcmp(a->recipient, b->recipient) == 0 && strcmp(a->link, b->link) == 0;
}

static bool same_octets(const struct inbound *a, const struct inbound *b)
{
	return a->octets.len == b->octets.len && a->charset == b->charset &&
	    (a->octets.len == 0 || memcmp(a->octets.at, b->octets.at, a->octets.len) == 0);
}

static void copy_text(char *out, size_t room, const struct value *value)
{
	const size_t len = value->len < room ? value->len : room - 1;
	if (len)
		memcpy(out, value->at, len);
	out[len] = '\0';
}

static struct blob copy_octets(struct batch *scratch, const struct value *value)
{
	if (value->kind != VALUE_OCTETS || value->len == 0)
		return (struct blob){ NULL, 0 };
	return (struct blob){ (const uint8_t *)batch_text(scratch, value->at, value->len), value->len };
}

static enum charset charset_of(const struct value *word)
{
	for (int i = 0; charset_words[i]; i++)
		if (strcmp(charset_words[i], word->at) == 0)
			return (enum charset)i;
	return CHARSET_OCTETS;
}

static struct set *set_of(const struct joining *joining, int64_t id)
{
	for (size_t i = 0; i < joining->nsets; i++)
		if (joining->sets[i].id == id)
			return &joining->sets[i];
	return NULL;
}

/* A row of JOIN_READ. */
static void see_part(void *ctx, const struct value *columns, size_t n)
{
	(void)n;
	struct joining *joining = ctx;
	struct set *set = set_of(joining, columns[0].number);
	const int64_t number = columns[1].number;
	if (!set || number < 1 || number > PARTS_MAX || set->held[number - 1])
		return;
	struct inbound *part = batch_alloc(joining->scratch, sizeof *part);
	part->concat_part = (uint8_t)number;
	copy_text(part->arrival, sizeof part->arrival, &columns[2]);
	copy_text(part->link, sizeof part->link, &columns[3]);
	copy_text(part->sender, sizeof part->sender, &columns[4]);
	copy_text(part->recipient, sizeof part->recipient, &columns[5]);
	part->concat_wide = columns[6].number;
	part->concat_ref = (uint16_t)columns[7].number;
	part->concat_parts = (uint8_t)columns[8].number;
	part->charset = charset_of(&columns[9]);
	part->data_coding = (uint8_t)columns[10].number;
	part->protocol_id = (uint8_t)columns[11].number;
	part->octets = copy_octets(joining->scratch, &columns[12]);
	part->udh = copy_octets(joining->scratch, &columns[13]);
	if (columns[14].kind == VALUE_TEXT)
		part->options = batch_text(joining->scratch, columns[14].at, columns[14].len);
	part->received_at = columns[15].number;
	part->network_at = columns[16].number;
	set->held[number - 1] = part;
	set->came++;
	if (!set->key)
		set->key = part;
}

static enum db_result read_sets(struct joining *joining, struct db_error *err)
{
	struct value *ids = batch_alloc(joining->scratch, (joining->nsets + 1) * sizeof *ids);
	for (size_t i = 0; i < joining->nsets; i++)
		ids[i] = number_value(joining->sets[i].id);
	return ledger_run(joining->ledger, STATEMENT_JOIN_READ, ids, 1, joining->nsets, see_part,
	    joining, err);
}

/* Writing. */

/* Room for the rows that `nparts` new parts and the sets can come to. */
static void make_room(struct joining *joining, size_t nparts)
{
	struct batch *scratch = joining->scratch;
	const size_t nsets = joining->nsets + 1;
	joining->parts = batch_alloc(scratch, (nparts + 1) * PART_WIDTH * sizeof(struct value));
	joining->letters = batch_alloc(scratch, nsets * LETTER_WIDTH * sizeof(struct value));
	joining->closed = batch_alloc(scratch, nsets * PAIR_WIDTH * sizeof(struct value));
	joining->repeats = batch_alloc(scratch, nsets * PAIR_WIDTH * sizeof(struct value));
	joining->nparts = joining->nletters = joining->nclosed = joining->nrepeats = 0;
}

/* Into inbox with it: the whole, or what came of it. */
static void close_set(struct joining *joining, const struct set *set, const char *arrival)
{
	const struct inbound *parts[PARTS_MAX];
	size_t n = 0;
	for (unsigned i = 0; i < PARTS_MAX; i++)
		if (set->held[i])
			parts[n++] = set->held[i];
	const bool whole = n == set->key->concat_parts;
	struct letter *letter = batch_alloc(joining->scratch, sizeof *letter);
	inbox_join(letter, parts, n, joining->scratch);
	if (!arrival)
		arrival = parts[0]->arrival;
	fill_letter(joining->letters + joining->nletters++ * LETTER_WIDTH, parts[0], arrival, letter);
	const struct value pair[PAIR_WIDTH] = { number_value(set->id), text_value(arrival) };
	memcpy(joining->closed + joining->nclosed++ * PAIR_WIDTH, pair, sizeof pair);
	if (whole)
		memcpy(joining->repeats + joining->nrepeats++ * PAIR_WIDTH, pair, sizeof pair);
}

static enum db_result write_rows(struct joining *joining, struct db_error *err)
{
	struct ledger *ledger = joining->ledger;
	enum db_result result = ledger_run(ledger, STATEMENT_JOIN_PUT, joining->parts, PART_WIDTH,
	    joining->nparts, NULL, NULL, err);
	if (result == DB_OK)
		result = ledger_run(ledger, STATEMENT_INBOX_PUT, joining->letters, LETTER_WIDTH,
		    joining->nletters, NULL, NULL, err);
	if (result == DB_OK)
		result = ledger_run(ledger, STATEMENT_JOIN_CLOSE, joining->closed, PAIR_WIDTH,
		    joining->nclosed, NULL, NULL, err);
	if (result == DB_OK)
		result = ledger_run(ledger, STATEMENT_JOIN_REPEATS, joining->repeats, PAIR_WIDTH,
		    joining->nrepeats, NULL, NULL, err);
	return result;
}

/* Sets that are to be closed although parts are missing. */

/* Nothing to tell: it is told already, or nothing came. */
static void close_silently(struct joining *joining, struct set *set, const char *letter)
{
	set->came = 0;
	struct value *pair = joining->closed + joining->nclosed++ * PAIR_WIDTH;
	pair[0] = number_value(set->id);
	pair[1] = text_value(letter);
}

static void see_echo(void *ctx, const struct value *columns, size_t n)
{
	(void)n;
	struct joining *joining = ctx;
	struct set *set = set_of(joining, columns[0].number);
	if (set && set->came)
		close_silently(joining, set, batch_text(joining->scratch, columns[1].at, columns[1].len));
}

static enum db_result find_echoes(struct joining *joining, const int64_t *ids, size_t n,
    struct db_error *err)
{
	struct value *values = batch_alloc(joining->scratch, (n + 1) * sizeof *values);
	for (size_t i = 0; i < n; i++)
		values[i] = number_value(ids[i]);
	return ledger_run(joining->ledger, STATEMENT_JOIN_ECHO, values, 1, n, see_echo, joining, err);
}

/* Parts that were just told. */

static int by_key(const void *a, const void *b)
{
	const struct inbound *x = *(const struct inbound *const *)a;
	const struct inbound *y = *(const struct inbound *const *)b;
	int order = strcmp(x->link, y->link);
	order = order ? order : strcmp(x->sender, y->sender);
	order = order ? order : strcmp(x->recipient, y->recipient);
	order = order ? order : x->concat_wide - y->concat_wide;
	order = order ? order : x->concat_ref - y->concat_ref;
	order = order ? order : x->concat_parts - y->concat_parts;
	return order ? order : (x > y) - (x < y); /* in one array, as they came */
}

struct known { bool *is; size_t n; };

static void see_known(void *ctx, const struct value *columns, size_t n)
{
	(void)n;
	struct known *known = ctx;
	if (columns[0].number >= 0 && (size_t)columns[0].number < known->n)
		known->is[columns[0].number] = true;
}

/* Leaves out those that an earlier call has stored. */
static enum db_result leave_known(struct joining *joining, const struct inbound **parts, size_t *n,
    struct db_error *err)
{
	struct known known = { batch_alloc(joining->scratch, *n + 1), *n };
	struct value *values = batch_alloc(joining->scratch, *n * PAIR_WIDTH * sizeof *values);
	for (size_t i = 0; i < *n; i++) {
		values[i * PAIR_WIDTH] = number_value((int64_t)i);
		values[i * PAIR_WIDTH + 1] = text_value(parts[i]->arrival);
	}
	enum db_result result = ledger_run(joining->ledger, STATEMENT_JOIN_KNOWN, values, PAIR_WIDTH, *n,
	    see_known, &known, err);
	size_t left = 0;
	for (size_t i = 0; i < *n; i++)
		if (!known.is[i])
			parts[left++] = parts[i];
	*n = left;
	return result;
}

/* A row of JOIN_OPEN. */
static void see_open(void *ctx, const struct value *columns, size_t n)
{
	(void)n;
	struct joining *joining = ctx;
	struct inbound key = { .concat_wide = columns[4].number,
		.concat_ref = (uint16_t)columns[5].number, .concat_parts = (uint8_t)columns[6].number };
	copy_text(key.link, sizeof key.link, &columns[1]);
	copy_text(key.sender, sizeof key.sender, &columns[2]);
	copy_text(key.recipient, sizeof key.recipient, &columns[3]);
	for (size_t i = 0; i < joining->nsets; i++)
		if (same_key(joining->sets[i].key, &key))
			joining->sets[i].id = columns[0].number;
}

/* The sets of parts that are sorted by key: made or found, locked, and read. */
static enum db_result open_sets(struct joining *joining, const struct inbound *const *parts, size_t n,
    struct db_error *err)
{
	struct batch *scratch = joining->scratch;
	joining->sets = batch_alloc(scratch, n * sizeof *joining->sets);
	joining->nsets = 0;
	struct value *keys = batch_alloc(scratch, n * KEY_WIDTH * sizeof *keys);
	for (size_t i = 0; i < n; i++) {
		if (i && same_key(parts[i - 1], parts[i]))
			continue;
		fill_key(keys + joining->nsets * KEY_WIDTH, parts[i]);
		joining->sets[joining->nsets++].key = parts[i];
	}
	enum db_result result = ledger_run(joining->ledger, STATEMENT_JOIN_OPEN, keys, KEY_WIDTH,
	    joining->nsets, see_open, joining, err);
	return result == DB_OK ? read_sets(joining, err) : result;
}

/* Adds parts of one key until the set is whole, or one is of another message. Returns
 * how many were dealt with; *reused: the next one uses the reference anew. */
static size_t add_parts(struct joining *joining, struct set *set, const struct inbound *const *parts,
    size_t n, bool *reused)
{
	*reused = false;
	for (size_t i = 0; i < n; i++) {
		const struct inbound **held = &set->held[parts[i]->concat_part - 1];
		if (*held && same_octets(*held, parts[i]))
			continue;
		if (*held) {
			*reused = true;
			return i;
		}
		*held = parts[i];
		fill_part(joining->parts + joining->nparts++ * PART_WIDTH, set->id, parts[i]);
		if (++set->came < set->key->concat_parts)
			continue;
		close_set(joining, set, parts[i]->arrival);
		return i + 1;
	}
	return n;
}

/* One round: every set as far as it goes. What is left over, of sets that were closed,
 * is moved to the front for the next one. */
static enum db_result add_round(struct joining *joining, const struct inbound **parts, size_t *n,
    struct db_error *err)
{
	enum db_result result = open_sets(joining, parts, *n, err);
	if (result != DB_OK)
		return result;
	make_room(joining, *n);
	int64_t *reused = batch_alloc(joining->scratch, joining->nsets * sizeof *reused);
	size_t from = 0, left = 0, nreused = 0;
	for (size_t i = 0; i < joining->nsets; i++) {
		struct set *set = &joining->sets[i];
		size_t of_key = 1;
		while (from + of_key < *n && same_key(parts[from], parts[from + of_key]))
			of_key++;
		bool again;
		size_t done = add_parts(joining, set, parts + from, of_key, &again);
		if (again)
			reused[nreused++] = set->id;
		memmove(parts + left, parts + from + done, (of_key - done) * sizeof *parts);
		left += of_key - done;
		from += of_key;
	}
	*n = left;
	if (nreused && (result = find_echoes(joining, reused, nreused, err)) != DB_OK)
		return result;
	for (size_t i = 0; i < nreused; i++)
		if (set_of(joining, reused[i])->came)
			close_set(joining, set_of(joining, reused[i]), NULL);
	return write_rows(joining, err);
}

enum db_result ledger_put_inbound(struct ledger *ledger, const struct inbound *inbounds, size_t n,
    struct batch *scratch, struct db_error *err)
{
	struct joining joining = { .ledger = ledger, .scratch = scratch };
	const struct inbound **parts = batch_alloc(scratch, (n + 1) * sizeof *parts);
	struct inbound *copies = batch_alloc(scratch, (n + 1) * sizeof *copies);
	struct value *rows = batch_alloc(scratch, (n + 1) * LETTER_WIDTH * sizeof *rows);
	size_t nparts = 0, nrows = 0;
	for (size_t i = 0; i < n; i++) {
		const struct inbound *inbound = &copies[i];
		clean_inbound(scratch, &copies[i], &inbounds[i]);
		if (inbound->concat_parts > 1)
			parts[nparts++] = inbound;
		if (inbound->concat_parts > 1 || inbound->over)
			continue;
		struct letter *letter = batch_alloc(scratch, sizeof *letter);
		inbox_join(letter, &inbound, 1, scratch);
		fill_letter(rows + nrows++ * LETTER_WIDTH, inbound, inbound->arrival, letter);
	}
	enum db_result result = ledger_run(ledger, STATEMENT_INBOX_PUT, rows, LETTER_WIDTH, nrows, NULL,
	    NULL, err);
	for (size_t i = 0; result == DB_OK && i < n; i++)
		if (copies[i].turn.there && !copies[i].turn.alone)
			result = ledger_hear_turn(ledger, &copies[i], err);
	if (result == DB_OK && nparts)
		result = leave_known(&joining, parts, &nparts, err);
	qsort(parts, nparts, sizeof *parts, by_key);
	while (result == DB_OK && nparts)
		result = add_round(&joining, parts, &nparts, err);
	return result;
}

/* What is done now and then. */

struct ids { int64_t at[JOIN_AT_ONCE]; size_t n; };

static void see_id(void *ctx, const struct value *columns, size_t n)
{
	(void)n;
	struct ids *ids = ctx;
	if (ids->n < JOIN_AT_ONCE)
		ids->at[ids->n++] = columns[0].number;
}

static enum db_result close_overdue(struct ledger *ledger, struct batch *scratch, size_t *found,
    size_t *incomplete, struct db_error *err)
{
	struct ids ids = { .n = 0 };
	const struct value limits[] = { number_value(ledger->join_wait_s), number_value(JOIN_DAY_S),
		number_value(ledger->join_sets), number_value(JOIN_PER_SENDER), number_value(JOIN_AT_ONCE) };
	enum db_result result = ledger_run(ledger, STATEMENT_JOIN_OVERDUE, limits, 5, 1, see_id, &ids,
	    err);
	*found = ids.n;
	if (result != DB_OK || ids.n == 0)
		return result;
	struct joining joining = { .ledger = ledger, .scratch = scratch, .nsets = ids.n };
	joining.sets = batch_alloc(scratch, ids.n * sizeof *joining.sets);
	for (size_t i = 0; i < ids.n; i++)
		joining.sets[i].id = ids.at[i];
	make_room(&joining, 0);
	result = read_sets(&joining, err);
	for (size_t i = 0; result == DB_OK && i < ids.n; i++)
		if (joining.sets[i].came == 0)
			close_silently(&joining, &joining.sets[i], "");
	if (result == DB_OK)
		result = find_echoes(&joining, ids.at, ids.n, err);
	for (size_t i = 0; result == DB_OK && i < ids.n; i++) {
		if (joining.sets[i].came == 0)
			continue;
		close_set(&joining, &joining.sets[i], NULL);
		++*incomplete;
	}
	return result == DB_OK ? write_rows(&joining, err) : result;
}

static enum db_result forget_closed(struct ledger *ledger, struct batch *scratch, size_t *found,
    struct db_error *err)
{
	struct ids ids = { .n = 0 };
	const struct value limits[] = { number_value(ledger->join_wait_s + JOIN_KEEP_S),
		number_value(JOIN_AT_ONCE) };
	enum db_result result = ledger_run(ledger, STATEMENT_JOIN_FORGET, limits, 2, 1, see_id, &ids,
	    err);
	struct value *values = batch_alloc(scratch, (ids.n + 1) * sizeof *values);
	for (size_t i = 0; i < ids.n; i++)
		values[i] = number_value(ids.at[i]);
	*found = ids.n;
	return result == DB_OK ? ledger_run(ledger, STATEMENT_JOIN_DROP, values, 1, ids.n, NULL, NULL, err)
	    : result;
}

enum db_result ledger_tend_inbox(struct ledger *ledger, size_t *incomplete, struct db_error *err)
{
	enum db_result result = DB_OK;
	size_t overdue = JOIN_AT_ONCE, closed = JOIN_AT_ONCE;
	for (int i = 0; i < JOIN_ROUNDS && result == DB_OK &&
	    (overdue == JOIN_AT_ONCE || closed == JOIN_AT_ONCE); i++) {
		struct batch *scratch = batch_new();
		size_t came = 0;
		result = ledger_begin(ledger, err);
		if (result == DB_OK)
			result = close_overdue(ledger, scratch, &overdue, &came, err);
		if (result == DB_OK)
			result = forget_closed(ledger, scratch, &closed, err);
		result = ledger_end(ledger, result, err);
		if (result == DB_OK)
			*incomplete += came;
		batch_release(scratch);
	}
	return result;
}
