/* SPDX-License-Identifier: Apache-2.0 */
/*
 * asked.h - what an outbox row asks for besides its text: kind and options.
 *
 * `options` is a JSON object. Each of its members is a row of one table in
 * asked.c: name, type, range, the kinds it goes with. A member that is unknown,
 * of another type, out of range, or at odds with another one fails the row with a
 * sentence that names it. docs/options.md shows each with an example.
 */
#ifndef ASKED_H
#define ASKED_H

#include "message.h"

#include "../sms/dcs.h"
#include "../sms/translit.h"

/* The word is outbox.kind. */
#define KIND_LIST(X) \
	X(TEXT,      "text")      /* body                                          */ \
	X(FLASH,     "flash")     /* body, class 0                                 */ \
	X(BINARY,    "binary")    /* data, with udh or ports                       */ \
	X(VCARD,     "vcard")     /* body or data, to port 9204                    */ \
	X(VCALENDAR, "vcalendar") /* body or data, to port 9205                    */ \
	X(WAP_PUSH,  "wap-push")  /* body and options.url: service indication, or loading */ \
	X(OTA,       "ota")       /* data: settings in WBXML, options.content_type */ \
	X(WAITING,   "waiting")   /* message waiting indication; options.waiting   */ \
	X(SILENT,    "silent")    /* type 0: acknowledged, never shown             */ \
	X(RAW,       "raw")       /* data is the whole user data, as it stands     */ \
	X(USSD,      "ussd")      /* body, on the screen at once; options.ussd     */ \
	X(BROADCAST, "broadcast") /* body, to every handset in options.areas       */
#define X(name, word) KIND_##name,
enum kind { KIND_LIST(X) KIND_COUNT };
#undef X
extern const char *const kind_words[]; /* NULL-ended */

enum encoding { ENCODING_AUTO, ENCODING_GSM7, ENCODING_GSM7_LOSSY, ENCODING_UCS2 };
extern const char *const encoding_words[]; /* "auto" "gsm7" "gsm7-lossy" "ucs2" NULL */

/* How the parts of a long message are marked as such. */
enum concat { CONCAT_UDH8, CONCAT_UDH16, CONCAT_SAR, CONCAT_PAYLOAD };
extern const char *const concat_words[]; /* "udh8" "udh16" "sar" "payload" NULL */

/* Settings over the air: "browser-settings" "browser-bookmarks" "provisioning" NULL. */
extern const char *const content_words[];

/* Which operation of the protocol carries it, where there is a choice. */
enum operation { OPERATION_SUBMIT, OPERATION_DATA };
extern const char *const operation_words[]; /* "submit_sm" "data_sm" NULL */

enum { ASKED_TLVS_MAX = 16, ASKED_AREAS_MAX = 32, ASKED_NATIONAL_ALL = 0x3FFE };

/* One whose name only a link can know has that name, and its value in JSON; tag and value are
 * then the driver's to find. Else name is NULL. */
struct asked_tlv { uint16_t tag; struct blob value; const char *name, *json; };

struct asked_texts { const char *const *at; unsigned n; };

/* Kind broadcast. Areas: name for people, value as it goes out, its format first. Content, network
 * and service; an interval, unit (an octet of SMPP) and count. -1: not said. */
struct asked_area { const char *name; struct blob value; };
struct asked_broadcast {
	const struct asked_area *areas;
	unsigned nareas;
	int network, service, repetitions, unit, count, channel, class;
};

/* -1 everywhere: not asked for, the link's setting or what follows from the text. */
struct asked {
	enum kind kind;
	int encoding, transliterate, concat, max_parts; /* enum encoding, translit, concat; 1..255 */
	int32_t national_single, national_locking; /* bit n: language n is allowed; -1: the link's */
	int class;                      /* 0..3 */
	int data_coding, protocol_id, esm_class; /* octets, as they go out; esm_class bits are added */
	int network_priority;           /* 0..3: the network's priority_flag */
	int registered_delivery;        /* an octet, in place of what outbox.receipt and the link say */
	int replace;                    /* 1..7: protocol_id 41..47 */
	int source_ton, source_npi, dest_ton, dest_npi;
	int dest_port, source_port;     /* 0..65535 */
	bool ports_wide;                /* 16 bits a port; else 8 */
	bool replace_if_present;        /* of the network: an undelivered one of the same kind */
	int default_message;            /* 1..254: a text that the network keeps */
	int64_t schedule_at;            /* the network is to keep it until then; 0: no */
	long validity;                  /* seconds from the submit; the row's expires_at wins when sooner */
	const char *service_type;       /* NULL: the link's */
	struct blob udh;                /* with its length octet; empty: none */
	struct asked_tlv tlvs[ASKED_TLVS_MAX];
	unsigned ntlvs;
	struct asked_texts recipients, lists; /* besides the row's recipient; see message->destinations */
	int operation;                  /* enum operation */
	struct asked_broadcast *broadcast; /* NULL but for kind broadcast */
	struct { const char *url, *id; int action; bool loading; int64_t created_at, expires_at; } push; /* kind wap-push; action: of wap_action_words; times 0: none */
	struct { const char *pin; int type; } ota; /* kind ota: of content_words; pin NULL: none */
	struct { enum mwi_type type; bool on, store, by_dcs, by_udh; int count; } waiting; /* kind waiting; count -1: not said */
	struct turn turn;               /* kind ussd */
};

/* What a row without kind or options asks for. */
extern const struct asked asked_nothing;

/* What a message asks for, read or not. */
const struct asked *asked_of(const struct message *);
/* The protocol identifier that goes out, 0 when nothing asks for one (23.040, 9.2.3.9). */
uint8_t asked_protocol(const struct asked *);
/* When it is too late for the network to deliver it, Unix seconds: `now` and the validity that it
 * asks for, or its expires_at when that is sooner; 0: never. */
int64_t asked_end(const struct message *, int64_t now);

/*
 * Reads kind and options of a message into its batch, and sets message->asked
 * (which is &asked_nothing when there is nothing to read). False: `why` says what
 * is wrong, for the row's error_text, naming the option and the remedy.
 */
bool asked_read(struct message *, char *why, size_t room);

#endif
