/* SPDX-License-Identifier: Apache-2.0 */
/*
 * modem_lists.h - what modems answer when they are asked what they have: storages, messages in
 * them, indices, ways to route (3GPP TS 27.005, 3.2.2, 3.4).
 *
 * Every maker writes these answers in a way of its own. They are read here without I/O, and
 * whatever stands there, nothing is read that is not in it and everything has a maximum.
 */
#ifndef MODEM_LISTS_H
#define MODEM_LISTS_H

#include "modem_channel.h"

#include <stdint.h>

/* The lines of an answer, as struct at_answer has them. */
struct lines { const char *const *at; size_t n; };

enum { STORAGE_NAME_MAX = 8, STORAGE_NAMES_MAX = 8 };
enum { STORAGE_READ, STORAGE_WRITE, STORAGE_RECEIVE, STORAGE_ROLES };  /* mem1, mem2, mem3 */

struct storage_names { char at[STORAGE_NAMES_MAX][STORAGE_NAME_MAX]; unsigned n; };

/* +CPMS=?: the storages that each role may have. Modems without names, parentheses or pairs
 * of quotes are understood; one list stands for all roles. False: it names none. */
bool lists_storages(struct storage_names roles[STORAGE_ROLES], struct lines);

/* "SM", and other words of two to seven letters and digits. */
bool lists_is_storage(const char *name);

/* +CPMS: how many messages mem1 has, and has room for; with names or without. False: it
 * does not say. */
bool lists_count(long *used, long *total, struct lines);

/* Of numbers, in ranges that are in ascending order within themselves. */
enum { SPANS_MAX = 64 };
struct span { long from, to; };

/* +CMGD=?: the indices that there are, or may be. Returns how many ranges; 0: none, or it does not say. */
size_t lists_indices(struct span spans[SPANS_MAX], struct lines);

/* +CNMI=?: a bit for each value that may stand in each place. A place of which it says nothing
 * may have any value. */
enum { ROUTING_PLACES = 5 };
struct routings { uint32_t values[ROUTING_PLACES]; };
struct routings lists_routings(struct lines);
/* Does it allow "2,1,0,1,0"? Places that are not named are left as they are. */
bool lists_routes(const struct routings *, const char *routing);

/* Messages. */

enum { LISTED_HEAD_MAX = AT_LINE_MAX, LISTED_BODY_MAX = 1024 };
enum listed_state { LISTED_UNREAD, LISTED_READ, LISTED_UNSENT, LISTED_SENT, LISTED_STATES,
	LISTED_UNSAID = LISTED_STATES };

/* An entry of +CMGL, the one of +CMGR. */
struct listed {
	long index;                     /* -1: not said (+CMGR) */
	enum listed_state state;
	size_t length;                  /* octets of the TPDU, by the modem; 0: not said */
	char head[LISTED_HEAD_MAX];     /* behind "+CMGL:" */
	char body[LISTED_BODY_MAX];     /* the TPDU in hex, "" when there is none; in text mode the
	                                 * text, its lines parted by \n */
};

/* Where one is in a list. */
struct listing {
	struct lines lines;
	const char *prefix;             /* "+CMGL:", "+CMGR:" */
	bool text_mode;
	size_t line, column;
};

/* The next entry. False: there are no more. */
bool lists_next(struct listing *, struct listed *);

/* The TPDU's length in a header line that ends with it ("+CMT: ,24"); 0: it says none. */
size_t lists_length(const char *head);

/* Does a storage have nothing there: no hex, FF throughout, zeros, or fewer octets than a TPDU has? */
bool lists_is_void(const char *hex);

/* Cuts what stands behind a TPDU of that length and its service centre: padding, ",0". */
void lists_trim(char *hex, size_t length);

/* An element of a comma-separated line, quotes removed; commas in quotes do not part. Returns
 * where the next one begins, NULL behind the last. */
const char *lists_field(char *out, size_t room, const char *from, bool *quoted);

#endif
