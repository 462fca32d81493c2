/* SPDX-License-Identifier: Apache-2.0 */
/*
 * modem_reports.c - parts that left, by reference; and how a report is held against them.
 *
 * A reference alone says little: it comes again after 256 parts, in a quarter of an hour. So the
 * recipient has to agree, by its last eight digits (the report may have it in national form), and of
 * those that are left the time decides: the centre's stamp in the report lies between the moment that the
 * modem was given the part and its answer. An old one is never overwritten by its successor.
 *
 * Clocks of centres are wrong, by seconds or by whole zones. What each sure match shows is
 * remembered, and the median of it is taken off the stamps. Before that is known, one that is off by
 * whole quarters of an hour is still held against the parts by what is left of it.
 *
 * The id of a part can be computed from a report alone: the hour of its stamp, the reference and the
 * digits. So reports for what is not remembered, from before a restart, are told under that, with the
 * hours that it may be instead as alternates.
 *
 *     answered ---------------------> final, for the rest of its hour ---> forgotten
 *        ^        its final report
 *     in doubt        its report, or a late answer        both: forgotten after a week, or as the oldest
 */
#include "modem_reports.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum {
	REFERENCES = 256, UNKNOWN = REFERENCES, BUCKETS,
	TAIL = 8, TAIL_LEAST = 6,       /* digits */
	HOUR = 3600, QUARTER = 900, KEEP = 7 * 24 * HOUR,
	ZONES = 15 * HOUR,              /* no clock is off by more, if it is off by zones */
	SKEW = 300,                     /* by which a part may seem to have left after its stamp */
	NEAR = 60,                      /* a stamp and its part, when clocks are right */
	FAR = 600,                      /* more than that is another part */
	SAMPLES = 31, SAMPLES_FEW = 3,
};

struct entry {
	TAILQ_ENTRY(entry) age, same;   /* in reports.all, and in the bucket of its reference */
	int64_t began, ended, until;
	int64_t hour;                   /* of its id, since 1970 */
	int64_t stamp;                  /* the centre's; 0: not known */
	uint32_t doubt;
	int reference;                  /* -1: in doubt */
	unsigned twin;                  /* of those that have the same id: 1, 2, ... */
	bool wants_report, final, reported; /* reported: the stamp is one of a report */
	char tail[TAIL + 1];
};
TAILQ_HEAD(entries, entry);

struct reports {
	unsigned most, n;
	struct entries all, buckets[BUCKETS];
	int64_t samples[SAMPLES];       /* centre's clock less ours */
	unsigned nsamples;              /* ever */
	int64_t since;                  /* when the first of all parts began; 0: none did */
	bool confirmed;                 /* a reference that the modem told has come back in a report */
};

struct reports *reports_new(unsigned most)
{
	struct reports *reports = calloc(1, sizeof *reports);
	if (!reports)
		abort();
	reports->most = most;
	TAILQ_INIT(&reports->all);
	for (int i = 0; i < BUCKETS; i++)
		TAILQ_INIT(&reports->buckets[i]);
	return reports;
}

static struct entries *bucket_of(struct reports *reports, int reference)
{
	return &reports->buckets[reference < 0 ? UNKNOWN : reference % REFERENCES];
}

static void forget(struct reports *reports, struct entry *entry)
{
	TAILQ_REMOVE(bucket_of(reports, entry->reference), entry, same);
	TAILQ_REMOVE(&reports->all, entry, age);
	reports->n--;
	free(entry);
}

void reports_free(struct reports *reports)
{
	struct entry *entry;
	if (!reports)
		return;
	while ((entry = TAILQ_FIRST(&reports->all)))
		forget(reports, entry);
	free(reports);
}

/* Those whose time is over, in one bucket. */
static void sweep(struct reports *reports, struct entries *bucket, int64_t now)
{
	for (struct entry *entry = TAILQ_FIRST(bucket), *next; entry; entry = next) {
		next = TAILQ_NEXT(entry, same);
		if (entry->until < now)
			forget(reports, entry);
	}
}

/* Names. */

static void read_tail(char tail[TAIL + 1], const char *number)
{
	char digits[ADDRESS_TEXT_MAX];
	size_t n = 0;
	for (const char *at = number; *at && n + 1 < sizeof digits; at++)
		if (*at >= '0' && *at <= '9')
			digits[n++] = *at;
	const size_t from = n > TAIL ? n - TAIL : 0;
	memcpy(tail, digits + from, n - from);
	tail[n - from] = '\0';
}

/* Where numbers are short the national form has fewer than these digits. */
static bool same_number(const char *one, const char *other)
{
	const size_t n = strlen(one), m = strlen(other), least = n < m ? n : m;
	return least >= TAIL_LEAST ? strcmp(one + n - least, other + m - least) == 0 : strcmp(one, other) == 0;
}

static void write_id(char id[NETWORK_ID_MAX], int64_t hour, int reference, const char *tail, unsigned twin)
{
	const time_t at = (time_t)(hour * HOUR);
	char suffix[16] = "";
	struct tm when = { .tm_year = 70 };
	gmtime_r(&at, &when);
	if (twin > 1)
		snprintf(suffix, sizeof suffix, "+%u", twin);
	snprintf(id, NETWORK_ID_MAX, "%04d%02d%02d%02d-%03d-%s%s", (when.tm_year + 1900) % 10000, when.tm_mon + 1,
	    when.tm_mday, when.tm_hour, reference, tail, suffix);
}

static void name(struct reports *reports, struct entry *entry, int64_t now, char id[NETWORK_ID_MAX])
{
	struct entry *other;
	sweep(reports, bucket_of(reports, entry->reference), now);
	entry->hour = (entry->stamp ? entry->stamp : entry->ended) / HOUR;
	entry->twin = 1;
	TAILQ_FOREACH(other, bucket_of(reports, entry->reference), same)
		if (other != entry && other->hour == entry->hour && strcmp(other->tail, entry->tail) == 0 &&
		    other->twin >= entry->twin)
			entry->twin = other->twin + 1;
	write_id(id, entry->hour, entry->reference, entry->tail, entry->twin);
}

/* Clocks. */

static int by_number(const void *a, const void *b)
{
	const int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
	return x < y ? -1 : x > y;
}

bool reports_offset(const struct reports *reports, int64_t *seconds)
{
	int64_t sorted[SAMPLES];
	const unsigned n = reports->nsamples < SAMPLES ? reports->nsamples : SAMPLES;
	*seconds = 0;
	if (n < SAMPLES_FEW)
		return false;
	memcpy(sorted, reports->samples, n * sizeof *sorted);
	qsort(sorted, n, sizeof *sorted, by_number);
	*seconds = sorted[n / 2];
	return true;
}

static void learn(struct reports *reports, int64_t stamp, int64_t ours)
{
	const int64_t offset = stamp - ours;
	if (offset < -ZONES || offset > ZONES)
		return;
	reports->samples[reports->nsamples % SAMPLES] = offset;
	reports->nsamples++;
}

/* A report is on its way at once: when it speaks of the future, the centre's clock is ahead. */
static int64_t offset_of(const struct reports *reports, const struct tpdu *report, int64_t now, bool *known)
{
	int64_t offset;
	*known = reports_offset(reports, &offset);
	if (*known || !report->discharge.known || report->discharge.at <= now + SKEW)
		return offset;
	const int64_t ahead = report->discharge.at - now;
	return ahead <= ZONES ? (ahead + QUARTER / 2) / QUARTER * QUARTER : 0;
}

/* Parts. */

/* How far a moment is from when the part was on its way. */
static int64_t distance(const struct entry *entry, int64_t at)
{
	return at < entry->began ? entry->began - at : at > entry->ended ? at - entry->ended : 0;
}

/* What is left of that when the clocks may be of different zones. */
static int64_t remainder_of(const struct entry *entry, int64_t at)
{
	const int64_t away = distance(entry, at), rest = away % QUARTER;
	return away > ZONES ? away : rest > QUARTER / 2 ? QUARTER - rest : rest;
}

static void add(struct reports *reports, struct entry *entry)
{
	TAILQ_INSERT_TAIL(&reports->all, entry, age);
	TAILQ_INSERT_TAIL(bucket_of(reports, entry->reference), entry, same);
	if (++reports->n > reports->most)
		forget(reports, TAILQ_FIRST(&reports->all));
}

/* Nothing more is to come for it; its id is still taken. */
static void close_entry(struct entry *entry)
{
	entry->final = true;
	entry->until = (entry->hour + 2) * HOUR;
}

void reports_sent(struct reports *reports, const struct sent_part *part, char id[NETWORK_ID_MAX])
{
	struct entry *entry = calloc(1, sizeof *entry);
	if (!entry)
		abort();
	entry->began = part->began;
	if (!reports->since)
		reports->since = part->began;
	entry->ended = part->ended;
	entry->until = part->ended + (part->valid_for > KEEP ? part->valid_for : KEEP);
	entry->reference = part->reference;
	entry->doubt = part->doubt;
	entry->wants_report = part->wants_report;
	if (part->stamp.known)
		entry->stamp = part->stamp.at;
	read_tail(entry->tail, part->recipient);
	id[0] = '\0';
	if (part->reference < 0) {
		sweep(reports, bucket_of(reports, -1), part->ended);
		add(reports, entry);
		return;
	}
	name(reports, entry, part->ended, id);
	if (part->stamp.known)
		learn(reports, entry->stamp, part->ended);
	if (!part->wants_report)
		close_entry(entry);
	add(reports, entry);
}

/* The reference of one in doubt is known. */
static void settle(struct reports *reports, struct entry *entry, int reference, int64_t now,
    char id[NETWORK_ID_MAX])
{
	TAILQ_REMOVE(bucket_of(reports, -1), entry, same);
	entry->reference = reference;
	name(reports, entry, now, id);
	TAILQ_INSERT_TAIL(bucket_of(reports, reference), entry, same);
}

bool reports_answered(struct reports *reports, uint32_t doubt, int reference, int64_t now,
    char id[NETWORK_ID_MAX])
{
	struct entry *entry;
	TAILQ_FOREACH(entry, bucket_of(reports, -1), same)
		if (entry->doubt == doubt)
			break;
	if (!entry)
		return false;
	entry->ended = now;
	settle(reports, entry, reference, now, id);
	if (!entry->wants_report)
		close_entry(entry);
	return true;
}

/* A report. */

struct search {
	struct reports *reports;
	const struct tpdu *report;
	char tail[TAIL + 1];
	int64_t at, now;                /* its stamp by our clock; 0: it has none */
	int64_t elapsed;                /* the same by how long the centre says it took, if it told at once */
	bool sure;                      /* of the clock */
	struct entry *best;
	unsigned n;                     /* that could be it */
};

static bool is_open(const struct search *search, const struct entry *entry)
{
	const struct tpdu_time *stamp = &search->report->stamp;
	return !entry->final && entry->wants_report && entry->until >= search->now &&
	    !(entry->reported && stamp->known && entry->stamp != stamp->at);
}

/* The one whose stamp it has: also when it comes again. */
static struct entry *find_exact(const struct search *search)
{
	struct entry *entry;
	if (!search->report->stamp.known)
		return NULL;
	TAILQ_FOREACH(entry, bucket_of(search->reports, search->report->reference), same)
		if (entry->stamp == search->report->stamp.at && same_number(entry->tail, search->tail))
			return entry;
	return NULL;
}

/* Is the part nearer to the report? A stamp may be of another zone, so long as no part is near. */
static bool is_nearer(const struct search *search, const struct entry *entry, const struct entry *than)
{
	if (!than || !search->at)
		return true;            /* without a stamp: the newest */
	const int64_t one = distance(entry, search->at), other = distance(than, search->at);
	if (search->sure || one <= NEAR || other <= NEAR)
		return one < other;
	return remainder_of(entry, search->at) <= remainder_of(than, search->at);
}

/* Does the time agree at all? `only`: there is nothing else that it could be. */
static bool agrees(const struct search *search, const struct entry *entry, bool only)
{
	if (!search->at)
		return true;
	if (distance(entry, search->at) <= FAR && entry->began <= search->at + SKEW)
		return true;
	const int64_t rest = remainder_of(entry, search->at);
	if (search->sure)
		return only && rest <= NEAR; /* its zone changed, as in spring */
	return rest <= (only ? SKEW : NEAR) || distance(entry, search->elapsed) <= NEAR;
}

/* Parts of that reference and recipient. */
static void find_by_reference(struct search *search)
{
	struct entry *entry;
	TAILQ_FOREACH(entry, bucket_of(search->reports, search->report->reference), same) {
		if (!same_number(entry->tail, search->tail) || !is_open(search, entry))
			continue;
		search->n++;
		if (is_nearer(search, entry, search->best))
			search->best = entry;
	}
	if (search->best && !agrees(search, search->best, search->n == 1))
		search->best = NULL;
}

/* It may be about a part of an earlier life, which its reference alone tells. Stamps are in seconds. */
static bool is_older(const struct search *search)
{
	return search->at && search->at <= search->reports->since;
}

/* A part in doubt, to that recipient, at that time. */
static struct entry *find_doubtful(const struct search *search)
{
	struct entry *entry, *best = NULL;
	if (is_older(search))
		return NULL;
	TAILQ_FOREACH(entry, bucket_of(search->reports, -1), same)
		if (same_number(entry->tail, search->tail) && entry->wants_report && entry->until >= search->now &&
		    agrees(search, entry, false) &&
		    (!best || (search->at && distance(entry, search->at) < distance(best, search->at))))
			best = entry;
	return best;
}

/* That reference, to a number that is written in another way: only if there is one alone. */
static struct entry *find_by_time(const struct search *search)
{
	struct entry *entry, *only = NULL;
	if (!search->at)
		return NULL;
	TAILQ_FOREACH(entry, bucket_of(search->reports, search->report->reference), same) {
		if (!is_open(search, entry) || distance(entry, search->at) > FAR)
			continue;
		if (only)
			return NULL;
		only = entry;
	}
	return only;
}

/* That recipient and time, of a modem that tells wrong references, as far as we know. */
static struct entry *find_by_recipient(const struct search *search)
{
	struct entry *entry, *only = NULL;
	if (!search->at || search->reports->confirmed || is_older(search))
		return NULL;
	TAILQ_FOREACH(entry, &search->reports->all, age) {
		if (entry->reference < 0 || !same_number(entry->tail, search->tail) || !is_open(search, entry) ||
		    distance(entry, search->at) > NEAR)
			continue;
		if (only)
			return NULL;
		only = entry;
	}
	return only;
}

/* Could it be the part that is leaving just now? */
static bool is_leaving(const struct search *search, const struct leaving_part *leaving)
{
	char tail[TAIL + 1];
	if (!leaving)
		return false;
	read_tail(tail, leaving->recipient);
	if (!same_number(tail, search->tail))
		return false;
	if (search->at && search->sure && leaving->began > search->at + SKEW)
		return false;
	const int64_t before = search->at && search->at < leaving->began ? leaving->began - search->at : 0;
	return !search->best || !search->at || before <= distance(search->best, search->at);
}

static void put_alternate(struct report_match *match, unsigned *n, const struct search *search, int64_t at)
{
	char id[NETWORK_ID_MAX];
	write_id(id, at / HOUR, search->report->reference, search->tail, 1);
	if (*n < 2 && strcmp(id, match->id) != 0 && (*n == 0 || strcmp(id, match->alternate[0]) != 0))
		memcpy(match->alternate[(*n)++], id, sizeof id);
}

/* What it would be called, had we named it: by its stamp, by the hour that is next to that, and by the
 * zone that the centre's clock seems to be in. */
static void name_unknown(const struct search *search, struct report_match *match)
{
	const struct tpdu_time *discharge = &search->report->discharge;
	const int64_t at = search->at ? search->at : search->now;
	const bool late = at % HOUR >= HOUR / 2;
	unsigned n = 0;
	match->fit = REPORT_UNKNOWN;
	write_id(match->id, at / HOUR, search->report->reference, search->tail, 1);
	put_alternate(match, &n, search, late ? at + HOUR / 2 : at - HOUR / 2);
	const int64_t away = discharge->known ? discharge->at - search->now : 0;
	if (search->at && !search->sure && (away > SKEW || away < -SKEW) && away < ZONES && away > -ZONES) {
		const int64_t zone = (away + (away < 0 ? -QUARTER : QUARTER) / 2) / QUARTER * QUARTER;
		put_alternate(match, &n, search, search->report->stamp.at - zone);
	}
	put_alternate(match, &n, search, late ? at - HOUR : at + HOUR);
}

/* It is that part's. */
static void take(struct search *search, struct entry *entry, bool exact, struct report_match *match)
{
	const struct tpdu *report = search->report;
	const bool in_doubt = entry->reference < 0;
	match->fit = in_doubt ? REPORT_SETTLES : REPORT_FITS;
	match->doubt = entry->doubt;
	if (report->stamp.known && !entry->reported) {
		if (!exact && !in_doubt)
			learn(search->reports, report->stamp.at, entry->ended);
		entry->stamp = report->stamp.at;
		entry->reported = true;
	}
	if (in_doubt)
		settle(search->reports, entry, report->reference, search->now, match->id);
	else
		write_id(match->id, entry->hour, entry->reference, entry->tail, entry->twin);
	if (tpdu_status(report->status).final && !entry->final)
		close_entry(entry);
}

void reports_match(struct reports *reports, const struct tpdu *report, const struct leaving_part *leaving,
    int64_t now, struct report_match *match)
{
	struct search search = { .reports = reports, .report = report, .now = now };
	*match = (struct report_match){ .fit = REPORT_UNKNOWN };
	read_tail(search.tail, report->address.text);
	const int64_t offset = offset_of(reports, report, now, &search.sure);
	search.at = report->stamp.known ? report->stamp.at - offset : 0;
	search.elapsed = search.at && report->discharge.known
	    ? now - (report->discharge.at - report->stamp.at) : search.at;
	struct entry *entry = find_exact(&search);
	if (entry) {
		take(&search, entry, true, match);
		return;
	}
	find_by_reference(&search);
	struct entry *doubtful = find_doubtful(&search);
	if (doubtful && (!search.best || (search.at &&
	    distance(doubtful, search.at) < distance(search.best, search.at))))
		search.best = doubtful;
	if (is_leaving(&search, leaving)) {
		match->fit = REPORT_EARLY;
		return;
	}
	reports->confirmed = reports->confirmed || (search.best && search.best != doubtful);
	if (!search.best && search.n == 0)
		search.best = find_by_time(&search);
	if (!search.best && search.n == 0)
		search.best = find_by_recipient(&search);
	if (search.best)
		take(&search, search.best, false, match);
	else
		name_unknown(&search, match);
}
