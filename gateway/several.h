/* SPDX-License-Identifier: Apache-2.0 */
/*
 * several.h - one message to several recipients.
 *
 * Each part goes out once, for all of its destinations, and outbox_part has a row for each
 * part and destination. A destination that the network refused fails alone. What a
 * destination has got in an earlier attempt is known by a digest of part and address, so
 * that a retry is for the others alone. A message without `destinations` is untouched by all
 * of this.
 */
#ifndef SEVERAL_H
#define SEVERAL_H

#include "message.h"

enum { DESTINATIONS_MAX = 254 };        /* of a submit_multi (SMPP 3.4, 4.5.1) */

/* Parts times destinations: outbox.parts, and how many rows outbox_part has if that is more
 * than one. */
unsigned message_rows(const struct message *);

/* What names a part for one of the message's destinations, by its index. */
uint32_t destination_digest(const struct part *, unsigned destination);
/* That one got this part in an earlier attempt. */
bool destination_has(const struct part *, unsigned destination);
/* Takes as taken what every destination has. Once the parts are cut and have their digests. */
void several_trust_taken(struct message *);

/* How many messages the part is to the network: those of its destinations that do not have it
 * yet, 1 for a part to one recipient. */
unsigned part_messages(const struct part *);
/* The same of all the parts that are not taken. */
unsigned message_messages(const struct message *);

/* The refusal of a destination, or NULL. */
const struct rejection *destination_refused(const struct part *, unsigned destination);
/* "2 of 5 recipients refused: see outbox_part", or "" when none was. */
void several_tell_refused(const struct message *, char *out, size_t room);

#endif
