/* SPDX-License-Identifier: Apache-2.0 */
/*
 * twins.h - message ids that a network gives more than once.
 *
 * UCP and CIMD2 name a message by its recipient and the second in which it was taken: parts
 * that go to one recipient in the same second have one id. Here each further one gets a suffix,
 * "ID", "ID+2", "ID+3", under which the gateway stores it; and of the receipts for ID, which
 * have no suffix, the first final one is told as that for ID, the second as that for ID+2, and
 * so on. That is in order and no more: which of the twins a receipt was for nobody says.
 */
#ifndef TWINS_H
#define TWINS_H

#include "../gateway/message.h"

struct twins;

enum { TWINS_USUAL = 16384 };           /* ids: some seconds of a fast link, and its long messages of days */

/* So many ids are remembered of those just taken, and as many of those with twins; the oldest
 * are forgotten. */
struct twins *twins_new(unsigned most);
void twins_free(struct twins *);

/* A part was taken under that id: adds the suffix of a twin. `now`: loop ms. */
void twins_name(struct twins *, char id[NETWORK_ID_MAX], uint64_t now);

/* A receipt came for that id: adds the suffix of the twin that it is told for: the first that
 * has no final one yet. An id that nobody knows stays as it is. */
void twins_receipt(struct twins *, char id[NETWORK_ID_MAX], bool final, uint64_t now);

/* The final receipt that was told under that id, suffix included, was not taken, and will come
 * again. */
void twins_again(struct twins *, const char *told);

#endif
