/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ucp.h - what the files of the UCP driver share: its options, and the mapping between the
 * gateway's nouns and operations.
 */
#ifndef UCP_H
#define UCP_H

#include "../conf/conf.h"
#include "../gateway/driver.h"
#include "../gateway/message.h"
#include "../sms/charset.h"
#include "addresses.h"
#include "stx.h"
#include "ucp_pdu.h"

enum ucp_alphabet { UCP_GSM7, UCP_ASCII, UCP_ISO21DE, UCP_LATIN1 };
enum ucp_plus { UCP_PLUS_00, UCP_PLUS_STRIP, UCP_PLUS_KEEP };
enum ucp_receipts { UCP_RECEIPTS_FINAL, UCP_RECEIPTS_FAILURE, UCP_RECEIPTS_SUCCESS };
enum ucp_window_mode { UCP_WINDOW_COUNT, UCP_WINDOW_SPAN };
enum ucp_on_timeout { UCP_TIMEOUT_WAIT, UCP_TIMEOUT_RECONNECT };
enum { UCP_SESSIONS_MAX = 16 };

/* A section `link` with driver = ucp. */
struct ucp_options {
	struct stx_options stx;
	long host_return;               /* ms; 0: never */
	char *listen;                   /* for centres that connect to us: address and port; empty: none */
	struct conf_list listen_from;   /* addresses and networks */
	bool listen_sends;              /* messages leave over these connections, too */

	char *username;                 /* OAdC of 60, AdC of 31 */
	char *password, *password_file, *new_password_file;
	bool login;                     /* by 60, when there is a password */
	char *oton, *onpi, *opid;       /* of 60; empty: left out */
	int password_alphabet;          /* index: ASCII, GSM 7-bit */
	bool alert;                     /* 31 after the login, so that what waits for us comes */
	char *alert_pid;                /* PID of 31 */
	bool keepalive_exclusive;       /* 31 only when nothing else is outstanding */
	bool stop_on_auth_failure;
	long sessions, window;
	int window_mode;                /* enum ucp_window_mode */
	int on_timeout;                 /* enum ucp_on_timeout */
	long response_timeout, inactivity; /* ms */

	struct address_options addresses;
	int plus;                       /* enum ucp_plus: recipients abroad */
	char *own_number;               /* recipient of what comes in, and sender of what has none */
	int alphabet;                   /* enum ucp_alphabet: behind AMsg */
	int receipts;                   /* enum ucp_receipts */
	bool notifications;             /* buffered ones are asked for, too */
	char *notification_address, *notification_pid; /* NAdC and NPID */
	char *ac;                       /* authentication code of each message */
	struct conf_list tlvs;          /* "billing_id = EUR199" */
	long data_class;                /* of octets without a class; -1: none */
	bool more_messages;
	bool short_operations;          /* operations without their reserved fields are taken */
	char *time_zone;                /* of the centre: "+01:00", or "local" */
	struct conf_list status;        /* "24 = fail": actions in place of the usual ones */
};

extern const struct conf_key ucp_keys[];
bool ucp_check(const void *options, struct conf_error *err);
/* Where the link awaits centres (door.h); they are told apart by their addresses alone. */
struct door_settings;
void ucp_door(const struct ucp_options *, struct door_settings *);
/* The password, wherever it is from; "": there is none. */
const char *ucp_password(const struct ucp_options *);
/* Whether a session begins with a login (operation 60). */
bool ucp_logs_in(const struct ucp_options *);
/* How this link writes numbers. */
struct address_rules ucp_address_rules(const struct ucp_options *);

/* Times of a centre: DDMMYYhhmm or DDMMYYhhmmss by its own clock (4.6, 5.1). ucp_time.c */

enum { UCP_TIME_ROOM = 11 };
/* Is it "local", or a distance from UTC? */
bool ucp_zone_is_good(const char *zone);
/* The next full minute not before `at` (Unix seconds). */
void ucp_time_write(const struct ucp_options *, char out[UCP_TIME_ROOM], int64_t at);
/* 0: it is none. */
int64_t ucp_time_read(const struct ucp_options *, struct blob);

/* Optional parameters by name, of rows and of the key tlvs. ucp_tlvs.c */

/* What an operation says besides its message: fields and services by name. */
struct ucp_extras {
	char ac[17], nadc[17], npid[5], lrad[17], lpid[5];
	size_t len;                     /* of `services`: as XSer has them, in the order that they were asked for */
	uint8_t services[UCP_SERVICES_MAX];
};
/* Those of the row, then the link's own that it does not say. False: `outcome` says why. */
bool ucp_read_extras(const struct ucp_options *, const struct message *, struct ucp_extras *,
    struct outcome *);
/* Is every entry of key tlvs a name and a value that fits? */
bool ucp_tlvs_check(const struct ucp_options *, struct conf_error *);
/* The services of XSer that are not said elsewhere, as a row may say them, in {"tlvs": {...}}, with
 * HPLMN and RPI; NULL: there are none. free() it. */
char *ucp_tell_extras(const struct ucp_pdu *, const uint8_t *services, size_t len);

/* An operation and the texts that its fields borrow. */
struct ucp_written {
	struct ucp_pdu pdu;
	struct ucp_extras extras;
	char adc[24], oadc[UCP_NAME_ROOM + 1], ddt[UCP_TIME_ROOM], vp[UCP_TIME_ROOM], rpid[5], nb[5],
	    nt[2], mcls[2], pr[2], scts[13];
	char msg[2 * UCP_MESSAGE_MAX + 1], xser[2 * UCP_SERVICES_MAX + 1];
};

/* A part as operation 51, without its number. False: it cannot be said, and `outcome` says
 * why (REJECTED). ucp_map.c */
bool ucp_submit(const struct ucp_options *, const struct part *, struct ucp_written *, struct outcome *);
/* Parts of that, for operations about the same message. */
bool ucp_put_recipient(const struct ucp_options *, const struct message *, struct ucp_written *,
    struct outcome *);
bool ucp_put_sender(const struct ucp_options *, const struct message *, struct ucp_written *,
    struct outcome *);
bool ucp_put_message(const struct ucp_options *, const struct part *, struct ucp_written *,
    struct outcome *);
void ucp_put_receipts(const struct ucp_options *, const struct message *, struct ucp_written *);

/* A message's id, from SM of its result: what is before the colon, and the time stamp behind it
 * with zeros where some write blanks; "": there is none. */
void ucp_id(char id[NETWORK_ID_MAX], struct blob sm);

/* What a result of 51 means. ucp_outcome.c */
struct outcome ucp_outcome(const struct ucp_options *, const struct ucp_result *, const struct message *);
/* Does it ask for a new session? */
bool ucp_rebinds(const struct ucp_options *, const struct ucp_result *, const struct message *);
bool ucp_actions_check(const struct ucp_options *, struct conf_error *);
/* "EC 24: message is too long; Message too long" */
void ucp_refusal(char *out, size_t room, const struct ucp_result *);

/* A message from a handset, 52 or 01, and what it borrows. ucp_inbound.c */
struct ucp_arrived {
	struct inbound inbound;         /* link and arrival are left to the caller */
	uint8_t octets[UCP_MESSAGE_MAX], services[UCP_SERVICES_MAX];
	char *options;                  /* free() it once the inbound is no longer used; may be NULL */
};
void ucp_read_inbound(const struct ucp_options *, const struct ucp_pdu *, struct ucp_arrived *);
/* A notification, 53. Its id has no suffix yet (twins.h); link is left to the caller. */
void ucp_read_receipt(const struct ucp_options *, const struct ucp_pdu *, struct receipt *);

/*
 * A question as 55, 56 or 54, without its number. False: it cannot be said, and `reply` says why
 * (FAILED). ucp_command.c
 */
bool ucp_question(const struct ucp_options *, const struct question *, struct ucp_written *, struct reply *);
/* What its result says. True: that is the reply; false: the outcome comes as 57 or 58. */
bool ucp_taken(const struct question *, const struct ucp_result *, struct reply *);
/* Does that 57 or 58 tell the outcome of that question? */
bool ucp_is_told(const struct question *, const struct ucp_pdu *);
struct reply ucp_told(const struct ucp_options *, const char *link, const struct question *,
    const struct ucp_pdu *);

#endif
