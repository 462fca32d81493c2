/* SPDX-License-Identifier: Apache-2.0 */
/*
 * smpp.h - what the files of the SMPP driver share: its options, and the
 * mapping between the gateway's nouns and PDUs.
 */
#ifndef SMPP_H
#define SMPP_H

#include "../conf/conf.h"
#include "../gateway/driver.h"
#include "../gateway/message.h"
#include "../gateway/tls.h"
#include "../sms/charset.h"
#include "addresses.h"
#include "smpp_pdu.h"

#include <jansson.h>

enum smpp_bind { SMPP_TRANSCEIVER, SMPP_TRANSMITTER_RECEIVER, SMPP_TRANSMITTER, SMPP_BIND_AUTO,
	SMPP_RECEIVER };                /* a receiver alone answers an outbind */
enum smpp_outbind_bind { SMPP_OUTBIND_RECEIVER, SMPP_OUTBIND_TRANSCEIVER };
enum { SMPP_BINDS_MAX = 16 };
enum smpp_receipt_ids { SMPP_IDS_AUTO, SMPP_IDS_SAME, SMPP_IDS_HEX_DECIMAL, SMPP_IDS_DECIMAL_HEX };
enum smpp_class_coding { SMPP_CLASS_GENERAL, SMPP_CLASS_F };
enum smpp_esm_mode { SMPP_MODE_DEFAULT, SMPP_MODE_DATAGRAM, SMPP_MODE_TRANSACTION, SMPP_MODE_STORE };
enum smpp_receipts { SMPP_RECEIPTS_FINAL, SMPP_RECEIPTS_FAILURE, SMPP_RECEIPTS_SUCCESS };
enum smpp_validity { SMPP_VALIDITY_ABSOLUTE, SMPP_VALIDITY_RELATIVE };

/* A section `link` with driver = smpp. */
struct smpp_options {
	struct conf_list host;
	long port;
	long host_return;               /* ms; 0: never */
	char *source_address;           /* to connect from; empty: any */
	char *listen;                   /* for outbinds: address and port; empty: for none */
	struct conf_list listen_from;   /* addresses and networks */
	char *outbind_id, *outbind_password, *outbind_password_file; /* the centre's */
	int outbind_bind;               /* enum smpp_outbind_bind: our answer */
	long outbind_timeout;           /* ms, from a connection to its outbind */
	char *system_id, *password, *password_file, *system_type;
	int bind;                       /* enum smpp_bind */
	long binds;                     /* how many, each with its window */
	int interface_version;          /* index; see smpp_version() */
	bool strict_version;
	long addr_ton, addr_npi;
	char *address_range;

	long source_ton, source_npi, dest_ton, dest_npi; /* -1: from the address */
	struct address_options addresses;
	long short_code_ton, short_code_npi;
	char *service_type;
	char *ussd_service_type, *ussd_session; /* "its_session_info", "none", or a tag: "0x1403" */
	struct conf_list tlv_names, tlvs; /* "0x1400 entity_id text"; "entity_id = 1101" */

	int alphabet;                   /* index; see smpp_alphabet() */
	bool packed;                    /* GSM 7-bit texts have eight septets in seven octets */
	struct conf_list data_codings;  /* "0x01 = latin1": how texts from handsets are read */
	int esm_mode;                   /* enum smpp_esm_mode, as in esm_class */
	int receipts;                   /* enum smpp_receipts */
	bool notifications;             /* intermediate ones are asked for, too */
	int submit_with;                /* enum operation, for rows that do not say it */
	int class_coding;               /* enum smpp_class_coding */
	int validity_format;            /* enum smpp_validity */
	bool more_messages;

	bool stop_on_auth_failure;
	long window;
	int receipt_ids;                /* enum smpp_receipt_ids */
	bool sniff_receipts, accepted_final, unknown_final;
	char *time_zone;                /* of the provider's clock: "+01:00" */
	struct conf_list status;        /* "0x45 = fail": actions in place of the usual ones */
	long deliver_defer_status;
	bool tolerate_tx_deliver;
	struct tls_settings tls;
	long connect_timeout, bind_timeout, response_timeout, enquire_link, enquire_timeout,
	    unbind_timeout, pdu_timeout, write_timeout, inactivity; /* ms */
};

extern const struct conf_key smpp_keys[];
bool smpp_check(const void *options, struct conf_error *err);
/* interface_version as it stands in a bind. */
uint8_t smpp_version(const struct smpp_options *);
/*
 * The version of a session (0x33, 0x34, 0x50): of ours, as it stands in the bind, and
 * theirs, sc_interface_version of the answer, -1: not said. Then it is taken for 3.4, or
 * by the book, `strict`, for 3.3. (SMPP 3.4, 5.3.2.25; reference 1.5.)
 */
uint8_t smpp_negotiate(uint8_t ours, int theirs, bool strict);
/* Takes out what a session of that version has no room for, and the message does not
 * need. False: it does need it, and `outcome` says so (REJECTED). */
bool smpp_suits(uint8_t version, struct smpp_pdu *, struct outcome *outcome);
/* What data_coding 0 means at this message centre. */
enum charset smpp_alphabet(const struct smpp_options *);

/* How the text of a data_coding is to be read: by the table, or as the link says. */
enum charset smpp_read_coding(const struct smpp_options *, uint8_t data_coding);

/* Optional parameters by the link's names (smpp_tlvs.c). Are all entries of tlv_names and
 * tlvs what they should be? */
bool smpp_tlvs_check(const struct smpp_options *, struct conf_error *);
/* Adds those that the row asks for, then the link's own that it does not say. Values are put
 * into the batch. False: `outcome` says why. */
bool smpp_add_tlvs(const struct smpp_options *, const struct message *, struct smpp_pdu *,
    struct outcome *);
/* Adds one that came in to `tlvs`, by its name, as a row may say it. */
void smpp_tell_tlv(const struct smpp_options *, const struct smpp_tlv *, json_t *tlvs);

/* How this link writes numbers. */
struct address_rules smpp_address_rules(const struct smpp_options *);

/* Printable ASCII of what a peer wrote, '?' for the rest, cut to `room`. */
void smpp_print(char *out, size_t room, const char *text);

/*
 * A part as submit_sm, without its sequence number. The PDU borrows from the
 * part, and from its batch, where a text is written anew that this message centre
 * has another alphabet for. False: it does not fit, and `outcome` says so (REJECTED).
 */
bool smpp_submit(const struct smpp_options *, const struct part *, struct smpp_pdu *,
    struct outcome *outcome);

/* Adds to a failure's reason that the network will tell when the handset can be reached again,
 * where the PDU says so (dpf_result): then an alert is to come. */
void smpp_tell_pending(const struct smpp_pdu *, char *text, size_t room);
/* Parts of that, for other requests about the same message. False: `outcome` says why. */
bool smpp_put_source(const struct smpp_options *, const struct message *, struct smpp_pdu *,
    struct outcome *);
bool smpp_put_text(const struct smpp_options *, const struct part *, struct smpp_pdu *,
    struct outcome *);
/* Its registered_delivery. */
uint8_t smpp_receipts_of(const struct smpp_options *, const struct message *);

/*
 * A question as query_sm, cancel_sm or replace_sm, or as what 5.0 has for broadcasts,
 * without its sequence number, for a session of that version. The PDU borrows from the
 * command. False: it cannot be said, and `reply` says why (FAILED).
 */
bool smpp_question(const struct smpp_options *, uint8_t version, const struct question *,
    struct smpp_pdu *, struct reply *);
/* Which request that is, 0: there is none. */
uint32_t smpp_question_command(const struct command *);
/* What the answer to it means: its response, or a generic_nack. */
struct reply smpp_reply(const struct smpp_options *, const char *link, const struct question *,
    const struct smpp_pdu *);
/* Does it only say that it is too much just now? */
bool smpp_asks_patience(const struct smpp_pdu *);
/* Adds what makes a submit_sm a turn of a USSD dialogue, to one that smpp_submit() has
 * filled else; nothing for other kinds. False as there. */
bool smpp_put_turn(const struct smpp_options *, const struct part *, struct smpp_pdu *,
    struct outcome *outcome);
/* The other way. False: it is no turn, and `turn` says so too. */
bool smpp_read_turn(const struct smpp_options *, const struct smpp_pdu *, struct turn *);
/* Is this parameter said by the turn, so that it need not be told again? */
bool smpp_tells_turn(const struct smpp_options *, const struct turn *, uint16_t tag);
/* Are ussd_session and ussd_service_type what they may be? */
bool smpp_ussd_check(const struct smpp_options *, struct conf_error *);
/* A recipient as the link and the row want it written. False: it is none, as `outcome` says. */
bool smpp_put_recipient(const struct smpp_options *, const struct message *, const char *recipient,
    struct smpp_address *, struct outcome *);

/* The same in whatever PDU the row asks for: submit_sm, submit_multi, data_sm or broadcast_sm. */
bool smpp_request(const struct smpp_options *, const struct part *, struct smpp_pdu *, struct outcome *);
/* What the answer to that means for the part; notes in it who was refused. */
struct outcome smpp_answer(const struct smpp_options *, const struct smpp_pdu *, struct part *);

/* What an answer to submit_sm means: submit_sm_resp, or a generic_nack. */
struct outcome smpp_outcome(const struct smpp_options *, const struct smpp_pdu *,
    const struct message *);
/* Does it ask for a new session? */
bool smpp_rebinds(const struct smpp_options *, const struct smpp_pdu *);
/* Is every entry of `status` a status and an action? */
bool smpp_actions_check(const struct smpp_options *, struct conf_error *);

/* "ESME_RINVDSTADR (0x0b): destination address is bad or not permitted" */
void smpp_status_text(char *out, size_t room, uint32_t status);

/* A delivery report as the gateway knows it; one that names no message or no state has
 * its text for a person, since none is dropped. link is left to the caller. */
void smpp_read_receipt(const struct smpp_options *, const struct smpp_pdu *,
    const struct smpp_receipt *, struct receipt *);

/*
 * A message from a handset, or the news that it can be reached again (alert_notification).
 * link and arrival are left to the caller. What else the PDU
 * said (service_type, optional parameters) is in `options`, which is allocated: free()
 * what is returned, NULL or not, once the inbound is no longer used; `octets` and `udh`
 * borrow from the PDU.
 */
char *smpp_read_inbound(const struct smpp_options *, const struct smpp_pdu *, struct inbound *);

#endif
