/* SPDX-License-Identifier: Apache-2.0 */
/*
 * quota.h - what a link has used in this hour, day and month.
 *
 * Parts are counted when they leave, and given back when it turns out that the network did
 * not take them: so what is used is what it took or may have taken. Every link counts,
 * whether it has quotas or not, so that one that gets them knows what it has used already.
 *
 * Counts belong to a link's name and outlive the link: a reload may take it away and bring
 * it back. Table `link` keeps them for the next run (store.h, struct link_use).
 *
 * Times are Unix seconds, and are given: nothing here looks at a clock. Hour, day and
 * month are those of the local time (TZ): a day has 23 or 25 hours when summer time
 * begins or ends, and the hour that comes twice is two hours.
 */
#ifndef QUOTA_H
#define QUOTA_H

#include "store.h"

/* An hour, a day or a month, and what was used in it. */
struct span { int64_t begins, ends; uint64_t used; };

struct quota {
	int64_t used_at;                /* when the last part was counted; 0: none ever was */
	struct span spans[USE_PERIODS];
};

/*
 * Where it is another hour, day or month now, what was used is 0 again. A clock that is
 * set back into an earlier one gives nothing back: what was used is then used in that one.
 */
void quota_turn(struct quota *, int64_t now);

/* So many parts leave now. */
void quota_add(struct quota *, unsigned parts, int64_t now);
/* Parts that left at that time were not taken. */
void quota_give_back(struct quota *, unsigned parts, int64_t left_at);

/* What the table has of the run before this one, or of one in between: the larger counts. */
void quota_learn(struct quota *, const struct link_use *, int64_t now);
void quota_tell(const struct quota *, struct link_use *);

/* Parts that may leave before one of the limits is reached; UINT64_MAX: there is no limit.
 * A limit of 0 is none. */
uint64_t quota_left(const struct quota *, const long limits[USE_PERIODS]);
/* "daily quota of 200 parts used: goes on at 2026-11-29 00:00", of the one that lasts longest. */
void quota_words(const struct quota *, const long limits[USE_PERIODS], char *out, size_t room);
/* "2026-11-29 00:00", in local time. */
void quota_time(int64_t at, char *out, size_t room);

/* What a link may be given: its counts, its limits, and what it has been given that has not left yet. */
struct allowance { const struct quota *quota; const long *limits; uint64_t promised; };

uint64_t allowance_free(const struct allowance *);
/* Do so many more fit, now? */
bool allowance_fits(const struct allowance *, unsigned parts);
/* Is no limit smaller than that? */
bool allowance_fits_ever(const struct allowance *, unsigned parts);
/* When they fit, as far as that depends on time alone; 0: now. They fit some time. */
int64_t allowance_fits_at(const struct allowance *, unsigned parts);

/* Of all links that ever were, by name. */
struct quotas;
struct quotas *quotas_new(void);
/* That link's, made when it is first asked for; it lives as long as they all do. */
struct quota *quotas_get(struct quotas *, const char *link);
void quotas_free(struct quotas *);

#endif
