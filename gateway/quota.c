/* SPDX-License-Identifier: Apache-2.0 */
/* quota.c - hours, days and months of the local time, and counts in them. */
#include "quota.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <time.h>

enum { HOUR_S = 3600 };

struct entry {
	TAILQ_ENTRY(entry) entry;
	char link[LINK_NAME_MAX];
	struct quota quota;
};

struct quotas { TAILQ_HEAD(, entry) all; };

/* The beginning of a day of the local time: the first second of it, where summer time begins
 * at midnight. */
static int64_t day_begins(int year, int month, int day)
{
	struct tm tm = { .tm_year = year, .tm_mon = month, .tm_mday = day, .tm_isdst = -1 };
	time_t at = mktime(&tm);
	struct tm noon = { .tm_year = year, .tm_mon = month, .tm_mday = day, .tm_hour = 12, .tm_isdst = -1 };
	mktime(&noon);                  /* the day as the calendar has it: the 32nd is the 1st */
	while (localtime_r(&at, &tm) && tm.tm_mday != noon.tm_mday)
		at += HOUR_S / 2;
	/* Where midnight comes twice, mktime() may have meant the second one. */
	const time_t before = at - HOUR_S;
	if (localtime_r(&before, &tm) && tm.tm_mday == noon.tm_mday)
		at = before;
	return at;
}

static struct span span_of(enum use_period period, int64_t now)
{
	const time_t at = now;
	struct tm tm = { 0 };
	localtime_r(&at, &tm);
	if (period == USE_DAY)
		return (struct span){ .begins = day_begins(tm.tm_year, tm.tm_mon, tm.tm_mday),
			.ends = day_begins(tm.tm_year, tm.tm_mon, tm.tm_mday + 1) };
	if (period == USE_MONTH)
		return (struct span){ .begins = day_begins(tm.tm_year, tm.tm_mon, 1),
			.ends = day_begins(tm.tm_year, tm.tm_mon + 1, 1) };
	const int64_t begins = now - (tm.tm_min * 60 + tm.tm_sec);
	return (struct span){ .begins = begins, .ends = begins + HOUR_S };
}

void quota_turn(struct quota *quota, int64_t now)
{
	for (int i = 0; i < USE_PERIODS; i++) {
		struct span *span = &quota->spans[i];
		if (now >= span->begins && now < span->ends)
			continue;
		const uint64_t used = now < span->begins ? span->used : 0;
		*span = span_of((enum use_period)i, now);
		span->used = used;
	}
}

void quota_add(struct quota *quota, unsigned parts, int64_t now)
{
	quota_turn(quota, now);
	quota->used_at = now;
	for (int i = 0; i < USE_PERIODS; i++)
		quota->spans[i].used += parts;
}

void quota_give_back(struct quota *quota, unsigned parts, int64_t left_at)
{
	for (int i = 0; i < USE_PERIODS; i++) {
		struct span *span = &quota->spans[i];
		if (left_at >= span->begins)
			span->used -= span->used < parts ? span->used : parts;
	}
}

void quota_learn(struct quota *quota, const struct link_use *use, int64_t now)
{
	quota_turn(quota, now);
	for (int i = 0; i < USE_PERIODS; i++) {
		struct span *span = &quota->spans[i];
		if (use->at >= span->begins && use->parts[i] > span->used)
			span->used = use->parts[i];
	}
	if (use->at > quota->used_at)
		quota->used_at = use->at;
}

void quota_tell(const struct quota *quota, struct link_use *use)
{
	use->at = quota->used_at;
	for (int i = 0; i < USE_PERIODS; i++)
		use->parts[i] = quota->spans[i].used;
}

uint64_t quota_left(const struct quota *quota, const long limits[USE_PERIODS])
{
	uint64_t left = UINT64_MAX;
	for (int i = 0; i < USE_PERIODS; i++) {
		const uint64_t limit = (uint64_t)limits[i], used = quota->spans[i].used;
		const uint64_t more = used < limit ? limit - used : 0;
		if (limit && more < left)
			left = more;
	}
	return left;
}

/* The longest of the periods in which so many are too many, or USE_PERIODS. */
static enum use_period in_the_way(const struct quota *quota, const long limits[USE_PERIODS], uint64_t parts)
{
	enum use_period found = USE_PERIODS;
	for (int i = 0; i < USE_PERIODS; i++)
		if (limits[i] && quota->spans[i].used + parts > (uint64_t)limits[i])
			found = (enum use_period)i;
	return found;
}

void quota_time(int64_t at, char *out, size_t room)
{
	const time_t when = at;
	struct tm tm = { 0 };
	localtime_r(&when, &tm);
	if (strftime(out, room, "%Y-%m-%d %H:%M", &tm) == 0 && room)
		*out = '\0';
}

void quota_words(const struct quota *quota, const long limits[USE_PERIODS], char *out, size_t room)
{
	static const char *const names[] = { [USE_HOUR] = "hourly", [USE_DAY] = "daily",
		[USE_MONTH] = "monthly" };
	const enum use_period period = in_the_way(quota, limits, 1);
	char when[32];
	*out = '\0';
	if (period == USE_PERIODS)
		return;
	quota_time(quota->spans[period].ends, when, sizeof when);
	snprintf(out, room, "%s quota of %ld parts used: goes on at %s", names[period], limits[period], when);
}

uint64_t allowance_free(const struct allowance *allowance)
{
	const uint64_t left = quota_left(allowance->quota, allowance->limits);
	return left > allowance->promised ? left - allowance->promised : 0;
}

bool allowance_fits(const struct allowance *allowance, unsigned parts)
{
	return allowance_free(allowance) >= parts;
}

bool allowance_fits_ever(const struct allowance *allowance, unsigned parts)
{
	static const struct quota unused;
	return quota_left(&unused, allowance->limits) >= parts;
}

int64_t allowance_fits_at(const struct allowance *allowance, unsigned parts)
{
	const enum use_period period = in_the_way(allowance->quota, allowance->limits, allowance->promised + parts);
	return period == USE_PERIODS ? 0 : allowance->quota->spans[period].ends;
}

struct quotas *quotas_new(void)
{
	struct quotas *quotas = calloc(1, sizeof *quotas);
	if (!quotas)
		abort();
	TAILQ_INIT(&quotas->all);
	return quotas;
}

struct quota *quotas_get(struct quotas *quotas, const char *link)
{
	struct entry *entry;
	TAILQ_FOREACH(entry, &quotas->all, entry)
		if (strcmp(entry->link, link) == 0)
			return &entry->quota;
	entry = calloc(1, sizeof *entry);
	if (!entry)
		abort();
	snprintf(entry->link, sizeof entry->link, "%s", link);
	TAILQ_INSERT_TAIL(&quotas->all, entry, entry);
	return &entry->quota;
}

void quotas_free(struct quotas *quotas)
{
	struct entry *entry;
	while (quotas && (entry = TAILQ_FIRST(&quotas->all))) {
		TAILQ_REMOVE(&quotas->all, entry, entry);
		free(entry);
	}
	free(quotas);
}
