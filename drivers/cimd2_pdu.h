/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cimd2_pdu.h - CIMD2 packets between octets and a struct. No I/O, no state.
 *
 *     STX ZZ:NNN TAB (PPP:value TAB)* [CC] ETX
 *
 * ZZ is the operation, NNN the packet number, PPP a parameter's code; CC is the low octet
 * of the sum of all octets from STX to the last TAB, both included, in hexadecimal, and
 * may be missing (reference, section 2). What is in a value is the business of whoever
 * asks for it: user data is in cimd2_text.h.
 */
#ifndef CIMD2_PDU_H
#define CIMD2_PDU_H

#include "../gateway/message.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	CIMD2_PACKET_MAX = 4096,        /* octets; the largest in use has below 1,200 */
	CIMD2_PARAMETERS_MAX = 64,      /* a packet with more of them is a syntax error */
	CIMD2_NUMBERS = 256,            /* packet numbers: 000 to 255, ours odd, the centre's even */
	CIMD2_RESPONSE = 50,            /* an operation and this is its response */
	CIMD2_STX = 0x02, CIMD2_ETX = 0x03, CIMD2_TAB = 0x09,
};

/* Reference, section 4. */
enum cimd2_operation {
	CIMD2_LOGIN = 1, CIMD2_LOGOUT = 2, CIMD2_SUBMIT = 3, CIMD2_ENQUIRE = 4,
	CIMD2_DELIVERY_REQUEST = 5, CIMD2_CANCEL = 6, CIMD2_SET = 8, CIMD2_GET = 9,
	CIMD2_DELIVER = 20, CIMD2_REPORT = 23, CIMD2_ALIVE = 40,
	CIMD2_LOGIN_RESP = 51, CIMD2_LOGOUT_RESP = 52, CIMD2_SUBMIT_RESP = 53,
	CIMD2_ENQUIRE_RESP = 54, CIMD2_DELIVERY_REQUEST_RESP = 55, CIMD2_CANCEL_RESP = 56,
	CIMD2_SET_RESP = 58, CIMD2_GET_RESP = 59, CIMD2_DELIVER_RESP = 70,
	CIMD2_REPORT_RESP = 73, CIMD2_ALIVE_RESP = 90,
	CIMD2_ERROR = 98,               /* general error response: error 900 to a request of ours */
	CIMD2_NACK = 99,                /* its number is the one that the nacking side expects */
};

/* Codes of parameters. Reference, section 5. */
enum cimd2_code {
	CIMD2_USER = 10, CIMD2_PASSWORD = 11, CIMD2_SUBADDRESS = 12, CIMD2_WINDOW = 19,
	CIMD2_DESTINATION = 21, CIMD2_ORIGINATOR = 23, CIMD2_ORIGINATING_IMSI = 26,
	CIMD2_ALPHANUMERIC = 27, CIMD2_VISITED_MSC = 28, CIMD2_CODING = 30, CIMD2_HEADER = 32,
	CIMD2_TEXT = 33, CIMD2_BINARY = 34, CIMD2_MORE_MESSAGES = 44,
	CIMD2_VALIDITY_RELATIVE = 50, CIMD2_VALIDITY_ABSOLUTE = 51, CIMD2_PROTOCOL_ID = 52,
	CIMD2_FIRST_RELATIVE = 53, CIMD2_FIRST_ABSOLUTE = 54, CIMD2_REPLY_PATH = 55,
	CIMD2_REPORT_REQUEST = 56, CIMD2_CANCEL_ENABLED = 58, CIMD2_CANCEL_MODE = 59,
	CIMD2_TIMESTAMP = 60, CIMD2_STATUS = 61, CIMD2_STATUS_ERROR = 62,
	CIMD2_DISCHARGE_TIME = 63, CIMD2_TARIFF_CLASS = 64, CIMD2_SERVICE_DESCRIPTION = 65,
	CIMD2_MESSAGE_COUNT = 66, CIMD2_PRIORITY = 67, CIMD2_REQUEST_MODE = 68,
	CIMD2_CENTRE_ADDRESS = 69, CIMD2_GET_CODE = 500, CIMD2_CENTRE_TIME = 501,
	CIMD2_ERROR_CODE = 900, CIMD2_ERROR_TEXT = 901,
};

/* What is wrong with a packet, in the order in which it is looked for (reference, 17). */
enum cimd2_fault {
	CIMD2_FINE,
	CIMD2_BAD_HEADER,               /* no STX dd:ddd TAB ... ETX: nobody knows what it is */
	CIMD2_BAD_CHECKSUM,             /* operation and number are as they were read, and no more is */
	CIMD2_SYNTAX,                   /* a parameter that is none, a forbidden octet, too many, or a
	                                 * trailer of one octet or of no hex digits. The parameters
	                                 * are those that could be read */
};

struct cimd2_parameter { uint16_t code; struct blob value; };

struct cimd2_pdu {
	uint8_t operation;              /* enum cimd2_operation, or any other up to 99 */
	uint16_t number;                /* of the packet, up to 999 as it came */
	bool checked;                   /* it had a checksum; of one that was unpacked */
	unsigned nparameters;
	struct cimd2_parameter parameters[CIMD2_PARAMETERS_MAX]; /* values are borrowed */
	char digits[128];               /* what cimd2_add_number() wrote; parameters borrow from it, */
	unsigned ndigits;               /* so the struct is not to be copied then */
};

/*
 * Unpacks one packet, STX and ETX included, of any length. The parameters borrow from it.
 * With BAD_HEADER *pdu is zeroed. See enum cimd2_fault.
 */
enum cimd2_fault cimd2_unpack(const uint8_t *packet, size_t len, struct cimd2_pdu *);

/* Packs into `out`, always with a checksum. Returns the octets, or 0: they do not fit into
 * `room`, an operation, number or code has too many digits, or a value has an octet that none may
 * have (NUL, STX, ETX, TAB). */
size_t cimd2_pack(const struct cimd2_pdu *, uint8_t *out, size_t room);

/* The value of the first parameter of that code, or NULL. */
const struct blob *cimd2_value(const struct cimd2_pdu *, unsigned code);
/* The value as a number: digits, maybe with zeros in front, up to `max`. `otherwise`: there is no
 * such parameter, or its value is none. */
long cimd2_number(const struct cimd2_pdu *, unsigned code, long max, long otherwise);
/* The same of a value: false when it is none. */
bool cimd2_read_number(const struct blob *, long max, long *number);

/* Adds a parameter; the value is borrowed until packed. Beyond the maximum nothing is added, and
 * the packet will not pack. */
void cimd2_add(struct cimd2_pdu *, unsigned code, struct blob value);
void cimd2_add_text(struct cimd2_pdu *, unsigned code, const char *value);
/* A number, whose digits are kept in the struct; some can be -1. */
void cimd2_add_number(struct cimd2_pdu *, unsigned code, long number);

/* Hexadecimal digits into octets. False: another character, an odd number of them, or more
 * than fit into `room`. */
bool cimd2_read_hex(const struct blob *, uint8_t *out, size_t room, size_t *len);
/* Octets into 2 * len digits in upper case. */
void cimd2_write_hex(char *out, const uint8_t *at, size_t len);

/* "submit message", or NULL for what is none of these. */
const char *cimd2_operation_name(unsigned operation);

#endif
