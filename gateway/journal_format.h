/* SPDX-License-Identifier: Apache-2.0 */
/*
 * journal_format.h - what the file of a journal looks like; for journal.c, which writes it,
 * and past.c, which reads it. Numbers are as this machine has them: no other reads it.
 *
 *   header  magic and version, boot id, name of the gateway, place of its tables
 *   block   length, sum, records   one write() each, at most one a turn of a link
 *
 * A record begins with its type and the id of its row, or another number:
 *
 *   E epoch     the rows that follow were claimed under it
 *   L           link     the rows queued behind it were given to that link
 *   C row       attempts nparts flags encoding [taken digest] for each part
 *   W row part  it is given to a session: from then on it may be on the wire
 *   R row part  what was answered; part 0: what is known of the row as a whole
 *   D row       what became of it is in the tables
 */
#ifndef JOURNAL_FORMAT_H
#define JOURNAL_FORMAT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { FLAG_RESEND = 1, FLAG_PARTS = 2 }; /* of C: the policy; whether parts are told of */

struct journal_header {
	char magic[8];
	char boot_id[40];
	char name[40];
	uint64_t place, sum;            /* the sum of all before it */
};

struct journal_block { uint32_t len, not_len, sum; }; /* of the records behind it; not_len is ~len */

/* Of octets; eight at a time. */
uint64_t journal_sum(const void *at, size_t len);

/* The header of a journal of this gateway that is written now. False: the boot id cannot be read. */
bool journal_fill_header(struct journal_header *, const char *name, const char *database);

#endif
