/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sim_count.h - what the centre has seen: counts, and which submits came twice.
 */
#ifndef SIM_COUNT_H
#define SIM_COUNT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct smpp_pdu;

/* X(name): a member of struct sim_counts and of the JSON object, in this order. */
#define SIM_COUNTS(X) \
	X(submits)              /* submit_sm, data_sm, submit_multi, broadcast_sm on a bind, well formed or not */ \
	X(multis)               /* accepted submit_multi among them */ \
	X(destinations)         /* of these, that were accepted */ \
	X(broadcasts)           /* accepted broadcast_sm among them */ \
	X(areas)                /* of these, that were accepted */ \
	X(accepted)             /* taken, answered or not */ \
	X(refused)              /* answered with an error other than RTHROTTLED */ \
	X(throttled)            /* answered RTHROTTLED, for window, rate or --error */ \
	X(dropped_responses)    /* taken and never answered, by --drop-responses */ \
	X(unanswered)           /* taken, but the connection was gone before the answer was */ \
	X(disconnects)          /* connections cut on purpose */ \
	X(messages)             /* distinct whole messages */ \
	X(doubles)              /* accepted submits beyond the first of the same part */ \
	X(receipts_sent)        /* distinct */ \
	X(receipts_early)       /* those sent before their submit's response */ \
	X(receipts_acked)       /* distinct */ \
	X(receipts_lost)        /* not queued: too many waited for a bind already */ \
	X(inbound_sent)         /* distinct deliver_sm: parts of long texts count each */ \
	X(inbound_acked)        /* distinct */ \
	X(redelivered)          /* deliver_sm sent again */ \
	X(deliveries_refused)   /* answered with a lasting error and given up */ \
	X(alerts_sent)          /* alert_notification */ \
	X(outbinds)             /* calls on which one left */ \
	X(commands)             /* queries, cancels and replacements */ \
	X(commands_refused)     /* those answered with an error */ \
	X(ussd_dialogues)       /* begun by handsets or by a push */ \
	X(ussd_turns)           /* both ways */ \
	X(ussd_ended)           /* by either side */ \
	X(ussd_wrong)           /* submits of another session or sequence than their dialogue's, or of none */ \
	X(unread)               /* modems: messages deleted from a storage and never read */ \
	X(storage_full)         /* modems: messages that waited for room in one */ \
	X(pins)                 /* modems: PINs entered, right or wrong */ \
	X(escapes)              /* modems: ESC in place of a command or PDU */ \
	X(binds)                /* accepted */ \
	X(binds_refused) \
	X(malformed)            /* PDUs answered with an error for their form, and frames that are none */ \
	X(nacks)                /* CIMD2: requests refused for their number or checksum, or by --nack-every */ \
	X(repeats)              /* CIMD2: requests that came again under their number */ \
	X(stray_responses)      /* responses to nothing that waited */

#define X(name) uint64_t name;
struct sim_counts { SIM_COUNTS(X) };
#undef X

/* Writes the counts as one line of JSON. */
void sim_counts_json(const struct sim_counts *, char *out, size_t room);

/* One submit, seen as a part of a message. */
struct segment {
	const char *recipient;          /* borrowed from the PDU, as is text */
	unsigned reference, part, parts; /* 0, 1, 1 when it stands alone */
	const uint8_t *text;            /* without the user data header */
	size_t len;
	uint64_t elements;              /* hash of the header's other elements */
};

/* Reads it from a submit_sm or data_sm. False: its user data header is broken. */
bool segment_read(const struct smpp_pdu *, struct segment *);

/* FNV-1a of the text, as --record shows it. */
uint64_t segment_hash(const struct segment *);

/* Spreads a number over 64 bits, one to one. */
uint64_t hash_mix(uint64_t);

struct seen;

struct seen *seen_new(void);
void seen_free(struct seen *);

/* Notes an accepted submit, and counts messages and doubles. True: it is a double. */
bool seen_note(struct seen *, const struct segment *, struct sim_counts *);

#endif
