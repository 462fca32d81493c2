/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tpdu.h - the transfer protocol of short messages (3GPP TS 23.040, 9.2): what a modem
 * in PDU mode takes and gives, and what a network carries.
 *
 * The same two bits name different TPDUs by their direction. User data stand here
 * unpacked: a header, then septets one to an octet, or octets. Everything a peer sends
 * has a fixed maximum, and nothing is allocated.
 */
#ifndef TPDU_H
#define TPDU_H

#include "address.h"
#include "dcs.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { TPDU_MAX = 175, TPDU_DATA_MAX = 140, TPDU_TEXT_MAX = 160, TPDU_ADDRESS_MAX = 12,
	TPDU_TIME = 7 };

enum tpdu_direction { TPDU_TO_HANDSET, TPDU_FROM_HANDSET };

enum tpdu_type { TPDU_DELIVER, TPDU_SUBMIT_REPORT, TPDU_STATUS_REPORT, /* to the handset */
	TPDU_SUBMIT, TPDU_DELIVER_REPORT, TPDU_COMMAND };                   /* from it */

enum tpdu_validity { TPDU_VALIDITY_NONE, TPDU_VALIDITY_ENHANCED, TPDU_VALIDITY_RELATIVE,
	TPDU_VALIDITY_ABSOLUTE };               /* as TP-VPF has them */

enum { TPDU_HAS_PROTOCOL = 1, TPDU_HAS_CODING = 2, TPDU_HAS_DATA = 4 }; /* TP-PI */

/* A point in time with its zone. */
struct tpdu_time {
	int64_t at;                     /* Unix seconds */
	int zone;                       /* quarters of an hour east of UTC, -56 to 56 */
	bool known;                     /* false: the octets were no time */
};

/* User data. `text` are septets for GSM 7-bit, else octets. */
struct tpdu_data {
	uint8_t header[TPDU_DATA_MAX], header_len; /* with its length octet */
	uint8_t text[TPDU_TEXT_MAX];
	uint8_t text_len;
	bool cut;                       /* fewer octets than TP-UDL promised, or it was too large */
	bool void_header;               /* the header does not add up: its elements mean nothing; if
	                                 * it runs past the end, it is all the octets, without text */
};

struct tpdu {
	enum tpdu_type type;
	bool reply_path;                /* DELIVER, SUBMIT */
	bool report;                    /* TP-SRR, TP-SRI: a status report is, or was, asked for */
	bool reject_duplicates;         /* SUBMIT */
	bool no_more;                   /* TP-MMS, set: nothing more waits (DELIVER, STATUS-REPORT) */
	bool loop_prevention;           /* DELIVER, STATUS-REPORT */
	bool of_command;                /* TP-SRQ of a STATUS-REPORT */
	uint8_t reference;              /* TP-MR */
	struct address address;         /* TP-OA, TP-DA, TP-RA */
	uint8_t protocol_id, data_coding;
	enum tpdu_validity validity_format;
	uint8_t validity[TPDU_TIME];    /* as it stands; RELATIVE: the first octet */
	struct tpdu_time stamp;         /* TP-SCTS */
	struct tpdu_time discharge;     /* TP-DT */
	uint8_t status;                 /* TP-ST */
	int cause;                      /* TP-FCS of a report about a failure, -1: none */
	uint8_t indicator;              /* TP-PI: TPDU_HAS_*; STATUS-REPORT: may be absent with 0 */
	uint8_t command, command_number; /* TP-CT, TP-MN; its data stand in data.text as octets */
	struct tpdu_data data;
};

/*
 * Reads one TPDU. `failed`: it came with an error (RP-ERROR, +CMS ERROR), so that a
 * SUBMIT-REPORT or DELIVER-REPORT begins with a cause. What stands behind its end is
 * ignored. False: it cannot be used, and `why` says where it ends or goes wrong; the
 * fields before that are read. A reserved type is read as DELIVER.
 */
bool tpdu_read(struct tpdu *, const uint8_t *at, size_t len, enum tpdu_direction, bool failed,
    char *why, size_t room);

/* Writes one, into room for TPDU_MAX. Returns its octets; 0 when the address or the
 * data do not fit, or a time is not of the years 1990 to 2089. A time that is not known
 * is written as zeros, which no reader takes for one. */
size_t tpdu_write(uint8_t *out, const struct tpdu *);

/* What the user data say in UTF-8, by data coding and header; returns its length. */
size_t tpdu_text(char *out, size_t room, const struct tpdu *);

/* tpdu_line.c: a line of a modem, in hex: the address of the message centre, then a TPDU. */

/* A line as it came. `length`: the octets that the modem said the TPDU has; 0: not said. */
struct tpdu_given { const char *hex; size_t length; enum tpdu_direction direction; };

/*
 * Reads a line. *centre is "" when there is none, or none that can be: the TPDU is then
 * tried from the first octet. False: no TPDU either way; `why` says what is wrong, and
 * whoever gave the line is not to be asked again.
 */
bool tpdu_line_read(struct tpdu *, struct address *centre, const struct tpdu_given *, char *why,
    size_t room);

/* Reads hex into `out`; *len its octets. False: odd, empty, no hex, or above `room`. */
bool tpdu_unhex(uint8_t *out, size_t room, size_t *len, const char *hex);

/*
 * Finds the TPDU in a line that is unhexed: *centre is the service centre's address ("" when
 * there is none), and what is returned the octets before the TPDU. `length`: what the
 * modem said that the TPDU has; 0: not said. Modems that leave the centre out are
 * recognised by it. SIZE_MAX: the centre runs past the end.
 */
size_t tpdu_centre(struct address *centre, const uint8_t *at, size_t len, size_t length);

/* Writes a line in hex with a NUL: the centre (NULL or "": the SIM's), then the TPDU.
 * Returns the octets of the TPDU, for AT+CMGS; 0 when it cannot be or `room` is short. */
size_t tpdu_line(char *out, size_t room, const struct address *centre, const struct tpdu *);

/* tpdu_fields.c */

/* An address: length in semi-octets, type, value. Reading returns its octets, 0 when
 * it is above 20 semi-octets or runs past `len`. Writing needs room for
 * TPDU_ADDRESS_MAX; 0 when it is too long or no number. */
size_t tpdu_address_read(struct address *, const uint8_t *at, size_t len);
size_t tpdu_address_write(uint8_t *out, const struct address *);

/* A time stamp of seven octets. False: the year is not 1990 to 2089, or the zone too far. */
struct tpdu_time tpdu_time_read(const uint8_t at[TPDU_TIME]);
bool tpdu_time_write(uint8_t out[TPDU_TIME], const struct tpdu_time *);

/* A validity period of one octet, rounded up (at most 63 weeks), and what one means. */
uint8_t tpdu_relative(uint64_t seconds);
uint32_t tpdu_relative_seconds(uint8_t octet);

/* The enhanced format; single_shot: the centre tries once. Seconds are exact to 99 hours. */
void tpdu_enhanced(uint8_t out[TPDU_TIME], uint64_t seconds, bool single_shot);

/* Seconds that a SUBMIT is valid from `now` on, 0 when past; -1: it does not say. */
int64_t tpdu_valid_for(const struct tpdu *, int64_t now);

/* What a TP-ST means. */
enum tpdu_outcome { TPDU_DONE, TPDU_TRYING, TPDU_FAILED, TPDU_GAVE_UP };
struct tpdu_status {
	enum tpdu_outcome outcome;
	bool final;
	const char *word;               /* as SMPP receipts have it: "DELIVRD" */
	const char *meaning;            /* for an operator */
};
/* Reserved values are read as 63, service rejected, as TS 23.040 asks. */
struct tpdu_status tpdu_status(uint8_t st);

#endif
