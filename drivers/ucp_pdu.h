/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ucp_pdu.h - frames of EMI/UCP between octets and a struct. No I/O, no state.
 *
 * EMI - UCP interface 4.6 and ETS 300 133-3:
 *
 *     STX TRN / LEN / O or R / OT / field / field / ... / checksum ETX
 *
 * Every field is followed by a slash, and how many there are is fixed by the operation, but
 * for those of lists (02, 03). A field is printable ASCII without a slash; texts, octets,
 * passwords and names are hex. So the struct is the same for all operations: a list of
 * fields, and tables say what they are called and what may stand in them.
 */
#ifndef UCP_PDU_H
#define UCP_PDU_H

#include "../gateway/message.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	UCP_FRAME_MAX = 4096,           /* octets of a frame, STX and ETX included */
	UCP_FIELDS_MAX = 64,            /* further fields of a frame are skipped */
	UCP_TRNS = 100,                 /* transaction numbers 00 to 99, of each side */
	UCP_STX = 0x02, UCP_ETX = 0x03,
	UCP_SERVICES_MAX = 200,         /* octets of XSer (4.6, 5.1: 400 hex digits) */
	UCP_MESSAGE_MAX = 320,          /* octets of Msg: AMsg has 640 hex digits */
	UCP_NAME_MAX = 18,              /* septets of an alphanumeric sender that are read; 11 are written */
	UCP_NAME_ROOM = 23,             /* characters of such an OAdC when written, with a NUL */
};

enum ucp_operation {
	UCP_CALL = 1, UCP_CALL_MULTIPLE = 2, UCP_CALL_SUPPLEMENTARY = 3,
	UCP_TRANSFER = 30, UCP_ALERT = 31,
	UCP_SUBMIT = 51, UCP_DELIVER = 52, UCP_NOTIFY = 53, UCP_MODIFY = 54, UCP_INQUIRE = 55,
	UCP_DELETE = 56, UCP_INQUIRED = 57, UCP_DELETED = 58,
	UCP_SESSION = 60, UCP_LIST = 61,
};

/* The 33 fields of 51 to 58, in their order (4.6, 5.1). */
enum ucp_field {
	UCP_ADC, UCP_OADC, UCP_AC, UCP_NRQ, UCP_NADC, UCP_NT, UCP_NPID, UCP_LRQ, UCP_LRAD, UCP_LPID,
	UCP_DD, UCP_DDT, UCP_VP, UCP_RPID, UCP_SCTS, UCP_DST, UCP_RSN, UCP_DSCTS, UCP_MT, UCP_NB,
	UCP_MSG, UCP_MMS, UCP_PR, UCP_DCS, UCP_MCLS, UCP_RPI, UCP_CPG, UCP_RPLY, UCP_OTOA, UCP_HPLMN,
	UCP_XSER, UCP_RES4, UCP_RES5, UCP_FIELDS,
};
/* Those of 01, 30, 31, and of 60 and 61; 02 and 03 have lists. */
enum { UCP_CALL_ADC, UCP_CALL_OADC, UCP_CALL_AC, UCP_CALL_MT, UCP_CALL_MSG, UCP_CALL_FIELDS };
enum { UCP_TRANSFER_ADC, UCP_TRANSFER_OADC, UCP_TRANSFER_AC, UCP_TRANSFER_NRQ, UCP_TRANSFER_NADC,
	UCP_TRANSFER_NPID, UCP_TRANSFER_DD, UCP_TRANSFER_DDT, UCP_TRANSFER_VP, UCP_TRANSFER_AMSG,
	UCP_TRANSFER_FIELDS };
enum { UCP_ALERT_ADC, UCP_ALERT_PID, UCP_ALERT_FIELDS };
enum { UCP_SESSION_OADC, UCP_SESSION_OTON, UCP_SESSION_ONPI, UCP_SESSION_STYP, UCP_SESSION_PWD,
	UCP_SESSION_NPWD, UCP_SESSION_VERS, UCP_SESSION_LADC, UCP_SESSION_LTON, UCP_SESSION_LNPI,
	UCP_SESSION_OPID, UCP_SESSION_RES1, UCP_SESSION_FIELDS };

/* EC (4.6, 5.6), those that the code names; ucp_error() has all of them. */
enum ucp_error {
	UCP_EC_NONE = 0, UCP_EC_CHECKSUM = 1, UCP_EC_SYNTAX = 2, UCP_EC_UNSUPPORTED = 3,
	UCP_EC_NOT_ALLOWED = 4, UCP_EC_BARRED = 5, UCP_EC_ADC_INVALID = 6, UCP_EC_AUTHENTICATION = 7,
	UCP_EC_TIME_PERIOD = 22, UCP_EC_MESSAGE_TYPE = 23, UCP_EC_TOO_LONG = 24, UCP_EC_NOT_FOUND = 27,
};

/* OTOA (4.6, 5.1): the only two there are; "" is a number as it is. */
#define UCP_OTOA_INTERNATIONAL "1139"
#define UCP_OTOA_NAME "5039"

struct ucp_pdu {
	uint8_t trn;                    /* 0 to 99 */
	bool result;                    /* R, else O */
	uint8_t operation;              /* enum ucp_operation, or any number up to 99 */
	unsigned nfields;               /* in `fields`; those after the last are as empty ones */
	struct blob fields[UCP_FIELDS_MAX]; /* borrowed from the frame, or from the caller */
};

enum ucp_fault {
	UCP_FINE,
	UCP_RUNT,                       /* too short for a header and a checksum, or without STX or ETX */
	UCP_BAD_HEADER,                 /* no TRN/LEN/O/OT/ at its beginning: nothing can be answered */
	UCP_BAD_CHECKSUM,               /* header read, fields not: operations are answered with 01 */
	UCP_BAD_LENGTH,                 /* all is read; LEN is not what the frame has: 02 */
};

/*
 * Unpacks one frame, STX and ETX both included, judged in the order of enum ucp_fault. All of
 * `pdu` is filled in for FINE and BAD_LENGTH, all but the fields for BAD_CHECKSUM; else it is
 * zeroed. Hex digits of the checksum may be of either case. `pdu` borrows from `frame`.
 */
enum ucp_fault ucp_unpack(const uint8_t *frame, size_t len, struct ucp_pdu *);

/* Packs with STX, LEN, checksum and ETX. What no field may hold (slashes, controls, octets that
 * are not ASCII) is written as blanks. Returns the octets, 0: it does not fit, `nfields`, `trn`
 * or `operation` are too large. */
size_t ucp_pack(const struct ucp_pdu *, uint8_t *out, size_t room);

/* Makes `pdu` that operation, with all its fields empty: 33 for 51 to 58. */
void ucp_begin(struct ucp_pdu *, unsigned operation);
/* The text of a field, borrowed until packed; the frame grows when it has fewer fields. */
void ucp_set(struct ucp_pdu *, unsigned field, const char *text);

/* A field, empty when the frame ends before. */
struct blob ucp_get(const struct ucp_pdu *, unsigned field);
bool ucp_is(const struct ucp_pdu *, unsigned field, const char *text);
/* A field as a text, cut to fit; returns its length, which is below `room`. */
size_t ucp_text(const struct ucp_pdu *, unsigned field, char *out, size_t room);
/* A field of 1 to 9 decimal digits, or `otherwise`. */
int ucp_number(const struct ucp_pdu *, unsigned field, int otherwise);

/* Packs the result of an operation: EC_NONE is A (with an empty MVP where the operation has
 * one), any other N and that code. `sm` may be NULL. Returns as ucp_pack(). */
size_t ucp_pack_result(const struct ucp_pdu *operation, unsigned ec, const char *sm, uint8_t *out,
    size_t room);

/* What a result says. */
struct ucp_result {
	bool positive;
	unsigned code;                  /* EC of a negative one; 0: it has none of two digits */
	struct blob mvp, sm;            /* may be empty */
};
/* False: it is neither A nor N. A positive one may have two or three fields, whatever the
 * operation: what looks like an MVP is none of SM. */
bool ucp_result(const struct ucp_pdu *, struct ucp_result *);

/*
 * Whether an operation, as unpacked, can be taken: EC_NONE, or the code to answer it with.
 * UNSUPPORTED: not one of enum ucp_operation. SYNTAX: fewer fields than it has, a Msg, name or
 * XSer that is not hex, a service of XSer that is cut off. MESSAGE_TYPE: MT is not 2, 3, 4, nor
 * empty; of 01 to 03, not 2, 3, nor empty. Too many fields, and anything else, are taken; of 53,
 * 57 and 58 only the number of fields counts. `field` names the culprit, or is NULL.
 */
enum ucp_error ucp_judge(const struct ucp_pdu *, const char **field);

/* "submit"; NULL for numbers that are not in enum ucp_operation. */
const char *ucp_operation_name(unsigned operation);
/* "OAdC": the name of a field of an operation as it has been filled in, in its lists too, or of a
 * result: "ACK", "MVP", "EC", "SM". "?" for those that are too many. */
const char *ucp_field_name(const struct ucp_pdu *, unsigned field);
/* The meaning of an EC, "unknown error" when it is in no list. */
const char *ucp_error_text(unsigned ec);

/* How a field stands in a frame (4.6, 5.1): digits, hex pairs, or any printable text, at most. */
enum ucp_format { UCP_NUM, UCP_HEX, UCP_CHR };
struct ucp_form { const char *name; enum ucp_format format; uint16_t most; };
extern const struct ucp_form ucp_forms[UCP_FIELDS]; /* of 51 to 58 */
/* Whether that text may stand in a field of 51 to 58; an empty one may. OAdC may have 22. */
bool ucp_fits(enum ucp_field, const char *text);

/* Octets as hex in upper case with a NUL; what does not fit is left out, as whole octets.
 * Returns the characters. */
size_t ucp_hex(char *out, size_t room, const uint8_t *at, size_t len);
/* False: odd, not hex, or more than `room` octets; *len is then 0. */
bool ucp_unhex(uint8_t *out, size_t room, size_t *len, struct blob hex);

/* One of the services of XSer (4.6, 5.1: type, length and data, one after another). */
enum ucp_service_type { UCP_SERVICE_UDH = 0x01, UCP_SERVICE_DCS = 0x02, UCP_SERVICE_BILLING = 0x0C,
	UCP_SERVICE_SINGLE_SHOT = 0x0D };
struct ucp_service { uint8_t type, len; const uint8_t *at; };
/* Walks over the octets of XSer: *at is 0 at first, and moved on. False: no more, with *at == len,
 * or what follows is cut off. */
bool ucp_service_next(const uint8_t *services, size_t len, size_t *at, struct ucp_service *);
/* Appends one behind *len octets. False, with nothing changed: no room. */
bool ucp_service_add(uint8_t *services, size_t room, size_t *len, uint8_t type, const void *at,
    size_t n);

/*
 * Alphanumeric senders: an octet with the number of half octets that are used, and the septets
 * packed (23.038), all as hex. Writing: at most 11 septets, false for more. Reading: *n septets,
 * one to an octet, UCP_NAME_MAX at most; a length that was rounded up to whole octets is
 * understood, one that is too large is what is there. False: no such name.
 */
bool ucp_name_pack(char out[UCP_NAME_ROOM], const uint8_t *septets, size_t n);
bool ucp_name_unpack(uint8_t septets[UCP_NAME_MAX], size_t *n, struct blob hex);

/*
 * The octets of a message, by its type `mt`: 2: NMsg as its characters; 3: AMsg and 4: TMsg from
 * hex. NB is not looked at: when it is at odds with the hex, the hex is right. False: no hex,
 * or more than `room`.
 */
bool ucp_message(uint8_t *out, size_t room, size_t *len, int mt, struct blob msg);

#endif
