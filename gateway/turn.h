/* SPDX-License-Identifier: Apache-2.0 */
/*
 * turn.h - a message of a USSD dialogue: its operation, and how options say it.
 *
 * The same member "ussd" stands in the options of a row that came in and of one that
 * answers it, so that an application can copy instead of compute.
 */
#ifndef TURN_H
#define TURN_H

#include "message.h"

/* The word, and its number in SMPP's ussd_service_op. */
#define TURN_OPS(X) \
	X(DATA,          0,  "data")          /* the handset begins, as in GSM phase 1   */ \
	X(BEGIN,         1,  "begin")         /* a code was dialled, by a handset or us  */ \
	X(REQUEST,       2,  "request")       /* to the handset: an answer is awaited    */ \
	X(NOTIFY,        3,  "notify")        /* to the handset: shown, and confirmed    */ \
	X(DATA_RESPONSE, 16, "data-response") /* the last word to DATA                   */ \
	X(RESPONSE,      17, "response")      /* the last word to BEGIN                  */ \
	X(ANSWER,        18, "answer")        /* the handset, or we, to REQUEST          */ \
	X(CONFIRM,       19, "confirm")       /* the handset, to NOTIFY                  */
#define X(name, number, word) TURN_##name = number,
enum turn_op { TURN_OPS(X) TURN_VENDOR = 32 };
#undef X

enum { TURN_SEQUENCES = 128 };          /* after the last one the first again */

/* The number of a word, -1 when it is none. */
int turn_op_number(const char *word);

/* The word of a number, or its digits. */
void turn_op_text(char *out, size_t room, int op);

/* Of those from us: is nothing more expected from the handset after it? */
bool turn_op_ends(int op);

/* Does who dialled begin a dialogue with this? */
bool turn_op_begins(int op);

/* Where others have the number of a handset: is it a code to dial, "*100#"? Or who speaks when
 * the network begins? Both are the network's side, and we are the handset. */
#define TURN_NETWORK "USSD"
bool turn_is_code(const char *number);
bool turn_is_network(const char *number);

/* The operation of a row that says none. */
int turn_usual_op(const char *recipient, bool session);

/* The number of a session that the network names by octets of its own: theirs, big-endian,
 * of the last eight without the sign. */
int64_t turn_session(const uint8_t *octets, size_t len);

/*
 * A turn as JSON: {"op": "begin", "session": 42, "sequence": 0, "end": false}; members that
 * are not known are left out. Allocated: free() it.
 */
char *turn_json(const struct turn *);

/* What an application is to copy into outbox.options to answer that turn: of a handset's
 * {"ussd": {"op": "request", ...}}, to a request of the network's {"ussd": {"op": "answer"}}.
 * Allocated: free() it. */
char *turn_reply(const struct turn *);

#endif
