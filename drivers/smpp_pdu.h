/* SPDX-License-Identifier: Apache-2.0 */
/*
 * smpp_pdu.h - SMPP PDUs between octets and a struct. No I/O, no state.
 *
 * SMPP 3.4 (issue 1.2) sections 3 to 5. Each command is a table of fields; one
 * loop packs and one unpacks. One flat struct holds the fields of every
 * command, so that a message centre and a client read it alike.
 */
#ifndef SMPP_PDU_H
#define SMPP_PDU_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	SMPP_HEADER = 16,
	SMPP_PDU_MAX = 128 * 1024,      /* a longer command_length is refused */
	SMPP_TLVS_MAX = 64,             /* further TLVs of a PDU are skipped */
	SMPP_RESPONSE = INT32_MIN,      /* bit 31 of a command id */
};

/* SMPP 3.4, 5.1.2.1; broadcast: 5.0, 4.7.5. The three that 3.3 alone had are unknown here. */
#define SMPP_COMMAND_LIST(X) \
	X(GENERIC_NACK,          0x80000000u, "generic_nack")          \
	X(BIND_RECEIVER,         0x00000001u, "bind_receiver")         \
	X(BIND_RECEIVER_RESP,    0x80000001u, "bind_receiver_resp")    \
	X(BIND_TRANSMITTER,      0x00000002u, "bind_transmitter")      \
	X(BIND_TRANSMITTER_RESP, 0x80000002u, "bind_transmitter_resp") \
	X(QUERY_SM,              0x00000003u, "query_sm")              \
	X(QUERY_SM_RESP,         0x80000003u, "query_sm_resp")         \
	X(SUBMIT_SM,             0x00000004u, "submit_sm")             \
	X(SUBMIT_SM_RESP,        0x80000004u, "submit_sm_resp")        \
	X(DELIVER_SM,            0x00000005u, "deliver_sm")            \
	X(DELIVER_SM_RESP,       0x80000005u, "deliver_sm_resp")       \
	X(UNBIND,                0x00000006u, "unbind")                \
	X(UNBIND_RESP,           0x80000006u, "unbind_resp")           \
	X(REPLACE_SM,            0x00000007u, "replace_sm")            \
	X(REPLACE_SM_RESP,       0x80000007u, "replace_sm_resp")       \
	X(CANCEL_SM,             0x00000008u, "cancel_sm")             \
	X(CANCEL_SM_RESP,        0x80000008u, "cancel_sm_resp")        \
	X(BIND_TRANSCEIVER,      0x00000009u, "bind_transceiver")      \
	X(BIND_TRANSCEIVER_RESP, 0x80000009u, "bind_transceiver_resp") \
	X(OUTBIND,               0x0000000Bu, "outbind")               \
	X(ENQUIRE_LINK,          0x00000015u, "enquire_link")          \
	X(ENQUIRE_LINK_RESP,     0x80000015u, "enquire_link_resp")     \
	X(SUBMIT_MULTI,          0x00000021u, "submit_multi")          \
	X(SUBMIT_MULTI_RESP,     0x80000021u, "submit_multi_resp")     \
	X(ALERT_NOTIFICATION,    0x00000102u, "alert_notification")    \
	X(DATA_SM,               0x00000103u, "data_sm")               \
	X(DATA_SM_RESP,          0x80000103u, "data_sm_resp")          \
	X(BROADCAST_SM,          0x00000111u, "broadcast_sm")          \
	X(BROADCAST_SM_RESP,     0x80000111u, "broadcast_sm_resp")     \
	X(QUERY_BROADCAST_SM,    0x00000112u, "query_broadcast_sm")    \
	X(QUERY_BROADCAST_SM_RESP, 0x80000112u, "query_broadcast_sm_resp") \
	X(CANCEL_BROADCAST_SM,   0x00000113u, "cancel_broadcast_sm")   \
	X(CANCEL_BROADCAST_SM_RESP, 0x80000113u, "cancel_broadcast_sm_resp")

#define X(name, id, text) SMPP_##name = (int32_t)(id),
enum smpp_command { SMPP_COMMAND_LIST(X) };
#undef X

/* SMPP 3.4, 5.1.3: those that the code names; smpp_status() has all of them. */
enum smpp_status {
	SMPP_ROK = 0x00, SMPP_RINVMSGLEN = 0x01, SMPP_RINVCMDLEN = 0x02, SMPP_RINVCMDID = 0x03,
	SMPP_RINVBNDSTS = 0x04, SMPP_RALYBND = 0x05, SMPP_RSYSERR = 0x08, SMPP_RINVSRCADR = 0x0A,
	SMPP_RINVDSTADR = 0x0B, SMPP_RINVMSGID = 0x0C, SMPP_RBINDFAIL = 0x0D, SMPP_RINVPASWD = 0x0E,
	SMPP_RINVSYSID = 0x0F, SMPP_RCANCELFAIL = 0x11, SMPP_RREPLACEFAIL = 0x13, SMPP_RMSGQFUL = 0x14,
	SMPP_RINVSERTYP = 0x15, SMPP_RINVNUMDESTS = 0x33, SMPP_RINVDLNAME = 0x34,
	SMPP_RINVDESTFLAG = 0x40, SMPP_RSUBMITFAIL = 0x45,
	SMPP_RINVSYSTYP = 0x53, SMPP_RTHROTTLED = 0x58, SMPP_RINVSCHED = 0x61, SMPP_RINVEXPIRY = 0x62, SMPP_RPROHIBITED = 0x101,
	SMPP_RX_T_APPN = 0x64, SMPP_RX_P_APPN = 0x65, SMPP_RX_R_APPN = 0x66, SMPP_RQUERYFAIL = 0x67,
	SMPP_RINVOPTPARSTREAM = 0xC0, SMPP_RMISSINGOPTPARAM = 0xC3, SMPP_RUNKNOWNERR = 0xFF,
	SMPP_RBCASTQUERYFAIL = 0x10E, SMPP_RBCASTCANCELFAIL = 0x10F,
};

enum smpp_tag {
	SMPP_TAG_ADDITIONAL_STATUS_INFO_TEXT = 0x001D, SMPP_TAG_RECEIPTED_MESSAGE_ID = 0x001E,
	SMPP_TAG_USER_MESSAGE_REFERENCE = 0x0204,
	SMPP_TAG_SOURCE_PORT = 0x020A, SMPP_TAG_DESTINATION_PORT = 0x020B,
	SMPP_TAG_SAR_MSG_REF_NUM = 0x020C, SMPP_TAG_SAR_TOTAL_SEGMENTS = 0x020E,
	SMPP_TAG_SAR_SEGMENT_SEQNUM = 0x020F, SMPP_TAG_SC_INTERFACE_VERSION = 0x0210,
	SMPP_TAG_DPF_RESULT = 0x0420,
	SMPP_TAG_MS_AVAILABILITY_STATUS = 0x0422, SMPP_TAG_NETWORK_ERROR_CODE = 0x0423, SMPP_TAG_MESSAGE_PAYLOAD = 0x0424,
	SMPP_TAG_MESSAGE_STATE = 0x0427, SMPP_TAG_CONGESTION_STATE = 0x0428,
	SMPP_TAG_USSD_SERVICE_OP = 0x0501, SMPP_TAG_BROADCAST_CHANNEL_INDICATOR = 0x0600,
	SMPP_TAG_BROADCAST_CONTENT_TYPE = 0x0601, SMPP_TAG_BROADCAST_MESSAGE_CLASS = 0x0603,
	SMPP_TAG_BROADCAST_REP_NUM = 0x0604, SMPP_TAG_BROADCAST_FREQUENCY_INTERVAL = 0x0605,
	SMPP_TAG_BROADCAST_AREA_IDENTIFIER = 0x0606, SMPP_TAG_BROADCAST_ERROR_STATUS = 0x0607,
	SMPP_TAG_BROADCAST_AREA_SUCCESS = 0x0608, SMPP_TAG_BROADCAST_END_TIME = 0x0609,
	SMPP_TAG_BROADCAST_SERVICE_GROUP = 0x060A, SMPP_TAG_ITS_SESSION_INFO = 0x1383,
};

enum { /* esm_class, SMPP 3.4, 5.2.12 */
	SMPP_ESM_RECEIPT = 0x04, SMPP_ESM_TYPES = 0x3C, SMPP_ESM_NOTIFICATION = 0x20,
	SMPP_ESM_UDHI = 0x40,
};

struct smpp_address { uint8_t ton, npi; char digits[66]; };

/* Destinations of a submit_multi, or those that its response says were refused: `n`
 * entries in `len` octets as on the wire, borrowed. See smpp_dest_next(), smpp_dest_put(). */
struct smpp_dests { uint8_t n; uint16_t len; const uint8_t *at; };

/* One of them. */
struct smpp_dest {
	bool list;                      /* a distribution list, whose name is in address.digits */
	struct smpp_address address;
	uint32_t status;                /* of one that was refused */
};

struct smpp_tlv { uint16_t tag, len; const uint8_t *at; };

struct smpp_pdu {
	uint32_t command;               /* enum smpp_command, or any other number */
	uint32_t status, sequence;

	/* bind */
	char system_id[17], password[65], system_type[14], address_range[42];
	uint8_t interface_version;
	struct smpp_address range;      /* addr_ton, addr_npi of a bind; digits unused */
	/* submit_sm, deliver_sm, data_sm */
	char service_type[7];
	struct smpp_address source, destination;
	uint8_t esm_class, protocol_id, priority_flag, registered_delivery, replace_if_present,
	    data_coding, sm_default_msg_id;
	char schedule_delivery_time[18], validity_period[18];
	/* short_message; borrowed from the octets that were unpacked, or from the caller */
	const uint8_t *short_message;
	uint8_t sm_length;
	/* submit_multi and its response */
	struct smpp_dests dests;
	/* responses, and requests about a message */
	char message_id[66];
	/* query_sm_resp; some write 12 digits, or none */
	char final_date[18];
	uint8_t message_state, error_code;
	/* optional parameters, in the order they came; values borrowed */
	struct smpp_tlv tlvs[SMPP_TLVS_MAX];
	unsigned ntlvs;
	uint8_t numbers[8], more[4];    /* room for values of TLVs; they are borrowed as any others */
	bool tail_dropped;              /* the TLV area was broken and its rest was ignored */
};

/*
 * The length of the PDU that begins at `at` (command_length), 0 when fewer
 * than 4 octets are here, SIZE_MAX when it is below 16 or above SMPP_PDU_MAX.
 * Suits struct stream_handler.measure.
 */
size_t smpp_measure(void *ctx, const uint8_t *at, size_t len);

/* What to say of octets that begin no PDU. True: they may be answered with a generic_nack
 * RINVCMDLEN of that sequence number; false: the peer speaks something else. `why` in words. */
bool smpp_garbled(const uint8_t *at, size_t len, uint32_t *sequence, char *why, size_t room);

/* Reads the header alone. len >= SMPP_HEADER. */
void smpp_header(const uint8_t *at, uint32_t *command, uint32_t *status, uint32_t *sequence);

/*
 * Unpacks one PDU of exactly `len` octets (>= SMPP_HEADER). Always fills in
 * command, status and sequence. SMPP_ROK: all of it is valid. Else the status
 * that the peer is to be answered with (reference 4.7): RINVCMDID for a command
 * not known, RINVCMDLEN for missing fields, the field's own code for a text
 * without its end. A response with a status may have no body, its fields, or
 * TLVs alone; any other body it has is ignored, with tail_dropped. String
 * fields longer than their limit are accepted when they fit the struct.
 * `pdu` borrows from `at`.
 */
uint32_t smpp_unpack(const uint8_t *at, size_t len, struct smpp_pdu *pdu);

/* Packs into `out`, which has room for `room` octets. Returns the PDU's length,
 * or 0 when it does not fit, the command is not known, or a text is longer
 * than its field. A response with a status other than ROK has no body. */
size_t smpp_pack(const struct smpp_pdu *pdu, uint8_t *out, size_t room);

/*
 * The destinations one after the other: *at is 0 at first, and moved on. False: no more,
 * or what follows is broken, which smpp_unpack() would have said.
 */
bool smpp_dest_next(const struct smpp_pdu *, size_t *at, struct smpp_dest *);
/* Writes one for `command`, SUBMIT_MULTI or its response, behind `at`, which has `room` octets.
 * Returns how many, 0 when it does not fit. The caller counts them in dests.n and .len. */
size_t smpp_dest_put(uint32_t command, const struct smpp_dest *, uint8_t *at, size_t room);

/* The first TLV of that tag, or NULL. */
const struct smpp_tlv *smpp_tlv(const struct smpp_pdu *, uint16_t tag);
/* Its value as a big-endian number of 1 to 4 octets, or `otherwise`. */
uint32_t smpp_tlv_number(const struct smpp_pdu *, uint16_t tag, uint32_t otherwise);
/* Adds one; the value is borrowed until packed. False when there are too many. */
bool smpp_tlv_add(struct smpp_pdu *, uint16_t tag, const void *at, uint16_t len);

/* The message's octets, wherever they stand: message_payload wins. */
const uint8_t *smpp_text(const struct smpp_pdu *, size_t *len);

/* "submit_sm", or NULL for a number that is none of ours. */
const char *smpp_command_name(uint32_t command);

/* How a status is to be taken by the one who asked (reference, section 3). */
enum smpp_class {
	SMPP_CLASS_DONE,                /* ROK */
	SMPP_CLASS_TRANSIENT,           /* try again later */
	SMPP_CLASS_PERMANENT,           /* fail the message */
	SMPP_CLASS_THROTTLE,            /* slow the bind, try again, no attempt burnt */
	SMPP_CLASS_SESSION,             /* fix the session, try again */
	SMPP_CLASS_BIND,                /* do not hammer */
	SMPP_CLASS_OPERATION,           /* only the ancillary operation failed */
	SMPP_CLASS_AMBIGUOUS,           /* a few tries, then fail */
};

struct smpp_status_info {
	uint32_t status;
	const char *name;               /* "ESME_RINVDSTADR" */
	enum smpp_class class;
	const char *meaning;            /* "destination address is bad or not permitted" */
};

/* The row of a status; for an unknown one a row named "unknown status", AMBIGUOUS. */
const struct smpp_status_info *smpp_status(uint32_t status);

/* A delivery report, read from a deliver_sm or data_sm (reference, section 6). */
struct smpp_receipt {
	char id[66];                    /* "" when it says none */
	char text_id[66];               /* the id in the text when a TLV says another, else "" */
	uint8_t state;                  /* message_state, 1..9; 0: not recognised */
	char word[16];                  /* "DELIVRD" as it came, cut */
	uint32_t error;                 /* as a number, 0 when none, too large or not decimal */
	char error_text[16];            /* verbatim */
	int64_t submit_at, done_at;     /* Unix seconds, read as UTC; 0: not said or impossible */
	int sub, dlvrd;                 /* -1: not said */
};

/* True when the PDU is a receipt or notification; *receipt is then filled in. */
bool smpp_receipt(const struct smpp_pdu *, struct smpp_receipt *);
/* The same where it should say that it is a receipt and does not: its text names a message,
 * a known state and a date. */
bool smpp_receipt_sniffed(const struct smpp_pdu *, struct smpp_receipt *);
/* The same for a bare text (reference 6.3, steps 3 to 6). True when it has an id or a state. */
bool smpp_receipt_text(const uint8_t *at, size_t len, struct smpp_receipt *);

/*
 * A message id in the other base, of any length that fits: "1a2b" and "6699".
 * False, with *out empty, when the id is not wholly of the first base, is empty,
 * or does not fit into `room` octets. Letters come out in lower case.
 */
bool smpp_id_hex_to_decimal(char *out, size_t room, const char *id);
bool smpp_id_decimal_to_hex(char *out, size_t room, const char *id);

#endif
