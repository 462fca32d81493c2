/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cimd2.h - what the files of the CIMD2 driver share: its options, and the mapping between the
 * gateway's nouns and packets.
 */
#ifndef CIMD2_H
#define CIMD2_H

#include "../conf/conf.h"
#include "../gateway/driver.h"
#include "../gateway/message.h"
#include "addresses.h"
#include "cimd2_pdu.h"
#include "stx.h"

enum {
	CIMD2_SESSIONS_MAX = 16, CIMD2_WINDOW_MAX = 128,
	CIMD2_DATA_MAX = 480,           /* octets of 033 (reference, 5) */
};
enum cimd2_senders { CIMD2_SENDER_KEEP, CIMD2_SENDER_STRIP, CIMD2_SENDER_NEVER };
enum cimd2_validity { CIMD2_VALIDITY_IS_RELATIVE, CIMD2_VALIDITY_IS_ABSOLUTE };
enum cimd2_clock { CIMD2_CLOCK_ZONE, CIMD2_CLOCK_CENTRE };
enum cimd2_store_failure { CIMD2_STORE_SILENT, CIMD2_STORE_710 };

/* A section `link` with driver = cimd2. */
struct cimd2_options {
	struct stx_options stx;
	long host_return;               /* ms; 0: never */
	char *username, *password, *password_file;
	char *new_password_file;        /* "": the password stays what it is */
	long subaddress;                /* -1: none */
	long sessions;                  /* how many, each with its window */
	long window;
	long response_timeout, poll_interval, inactivity; /* ms; poll 0: the centre sends by itself */
	bool repeat_unanswered, stop_on_auth_failure;
	bool strict_sequence, require_checksum;

	int sender_numbers;             /* enum cimd2_senders */
	char *sender_prefix;            /* that the centre puts before them: digits */
	struct address_options addresses;
	int link_width;                 /* enum cimd2_width */
	int validity_format;            /* enum cimd2_validity */
	char *time_zone;                /* of the centre's clock: "+01:00" */
	int time_source;                /* enum cimd2_clock */
	long report_mask;               /* bits of 056 when a receipt is wanted */
	bool notifications;             /* and temporary errors */
	bool no_dlr;                    /* 056 is not for this account */
	bool more_messages, cancel_enabled;
	long reply_path, tariff_class, service_description; /* -1: not said */
	struct conf_list status;        /* "310 = fail": actions in place of the usual ones */
	int on_store_failure;           /* enum cimd2_store_failure */
};

extern const struct conf_key cimd2_keys[];
bool cimd2_check(const void *options, struct conf_error *err);

/*
 * Times of the centre: YYMMDDhhmmss by its own clock, which is `zone` seconds ahead of UTC
 * (reference, 6). False: it is none.
 */
enum { CIMD2_TIME_ROOM = 13 };
bool cimd2_read_time(const struct blob *, int32_t zone, int64_t *at);
void cimd2_write_time(char out[CIMD2_TIME_ROOM], int64_t at, int32_t zone);
/* The relative period, 0 to 255, that lasts so many seconds or a little longer (3GPP TS 23.040,
 * 9.2.3.12.1); -1: it cannot be that long. */
int cimd2_period(int64_t seconds);

/* Printable ASCII of what a peer wrote, '?' for the rest, cut to `room`. */
void cimd2_print(char *out, size_t room, const struct blob *);

/* A request and the texts that its parameters borrow. Not to be copied. */
struct cimd2_request {
	struct cimd2_pdu pdu;
	char destination[ADDRESS_MAX + 1], originator[ADDRESS_TEXT_MAX];
	char header[2 * PART_OCTETS], data[CIMD2_DATA_MAX];
	char validity[CIMD2_TIME_ROOM], schedule[CIMD2_TIME_ROOM];
};

/*
 * A part as submit message, without its number, for a centre whose clock is `zone` seconds ahead
 * of UTC. The request borrows from the part. False: it cannot be said, and `outcome` says why
 * (REJECTED).
 */
bool cimd2_submit(const struct cimd2_options *, int32_t zone, const struct part *,
    struct cimd2_request *, struct outcome *outcome);
/* Its destination, for other requests about the same message. False likewise. */
bool cimd2_put_destination(const struct cimd2_options *, const struct message *,
    struct cimd2_request *, struct outcome *outcome);

/*
 * What an answer says of errors: 0 when there is none, which is a good answer. An error that is
 * no number is CIMD2_ERROR_UNREADABLE.
 */
enum { CIMD2_ERROR_UNREADABLE = 1000 };
unsigned cimd2_error(const struct cimd2_pdu *);
/* "error 302: syntax error in user data; their words" */
void cimd2_error_text(char *out, size_t room, const struct cimd2_pdu *answer);
/* The words alone, or NULL. */
const char *cimd2_error_words(unsigned error);
/* Which parameters a part may be sent without, once, after that error; ended by 0. NULL: none. */
const uint16_t *cimd2_dispensable(unsigned error);

/* How a message is named: "021:060" of what names it. `destination` is as it was submitted, for an
 * answer that does not say it. False: it says no time stamp, and *id is "". */
bool cimd2_id(const struct cimd2_pdu *, const struct blob *destination, char id[NETWORK_ID_MAX]);

/* What an answer to submit message means, but for the id. */
struct outcome cimd2_outcome(const struct cimd2_options *, const struct cimd2_pdu *answer,
    const struct message *);
/* Does it ask for a new session? */
bool cimd2_logs_in_anew(const struct cimd2_options *, const struct cimd2_pdu *answer);

/* What the centre is answered with when a request of its cannot be taken (reference, 16). */
enum cimd2_refusal {
	CIMD2_TAKEN = 0, CIMD2_UNEXPECTED = 1, CIMD2_WRONG_SYNTAX = 2, CIMD2_WRONG_FORMAT = 8,
	CIMD2_GENERIC_FAILURE = 710, CIMD2_WRONG_CODING = 711, CIMD2_WRONG_HEADER = 712,
};
/* Octets of a message that came in, which its inbound borrows. */
struct cimd2_message { uint8_t text[CIMD2_PACKET_MAX], binary[CIMD2_PACKET_MAX / 2], header[CIMD2_PACKET_MAX / 2];
	char *options; unsigned strange; };
/* Deliver message: link and arrival are left to the caller, which frees room->options, NULL or
 * not, once the inbound is no longer used. */
enum cimd2_refusal cimd2_read_inbound(int32_t zone, const struct cimd2_pdu *, struct cimd2_message *room,
    struct inbound *);
/* Deliver status report: link is left to the caller, and so is the suffix of a twin. */
enum cimd2_refusal cimd2_read_receipt(int32_t zone, const struct cimd2_pdu *, struct receipt *);
/* What a status code (061) makes of a receipt whose `code` is set: status, word and text. */
void cimd2_tell_state(long state, struct receipt *);

/*
 * A question as enquire message status or cancel message, without its number. False: it cannot be
 * said, and `reply` says why (FAILED).
 */
bool cimd2_question(const struct question *, struct cimd2_request *, struct reply *);
/* What the answer to it means. */
struct reply cimd2_reply(int32_t zone, const char *link, const struct question *,
    const struct cimd2_pdu *);
/* Does it only say that it is too much just now? */
bool cimd2_asks_patience(const struct cimd2_pdu *);

#endif
