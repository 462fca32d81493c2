/* SPDX-License-Identifier: Apache-2.0 */
/*
 * modem.h - what the files of the modem driver know of each other.
 *
 *     modem.c            struct driver, and the session: phases, registration, health, the ladder
 *     modem_options.c    the keys of a link
 *     modem_find.[ch]    which device: path, by-id, IMEI, and its rate
 *     modem_port.[ch]    octets: a tty or TCP        modem_trouble.[ch] why there are none, for people
 *     modem_at.[ch]      octets -> lines, results, prompts
 *     modem_channel.[ch] one command at a time
 *     modem_init.c       the commands of the beginning, as a table
 *     modem_pin.c        the SIM's PIN: entered once        modem_radio.c    registration, signal
 *     modem_said.[ch]    values in answers that are one line
 *     modem_ladder.c     what helps a modem that hangs      modem_hook.c     the power hook
 *     modem_profile.c    what makers do otherwise    modem_codes.c   what error numbers mean
 *     modem_sender.c     parts out                   modem_pdu.c     a part -> SUBMIT
 *     modem_receiver.c   messages in: storages, direct
 *     modem_reports.c    which part a status report is about
 *     modem_dialer.c     USSD                        modem_ussd.[ch] rows -> strings, strings -> messages
 *     modem_identify.c   `smsqlctl modem`
 *
 * modem.c owns the sender, receiver and dialer, and gives them what is theirs. They ask over
 * the same channel.
 */
#ifndef MODEM_H
#define MODEM_H

#include "../conf/conf.h"
#include "../gateway/driver.h"
#include "addresses.h"
#include "modem_channel.h"

struct dialer;
struct receiver;
struct sender;

enum { MODEM_ID_MAX = 32, MODEM_NAME_MAX = 64 };

enum modem_flow { FLOW_AUTO, FLOW_HARDWARE, FLOW_SOFTWARE, FLOW_NONE };
enum modem_mode { MODE_AUTO, MODE_PDU, MODE_TEXT };
enum modem_receive { RECEIVE_STORAGE, RECEIVE_DIRECT, RECEIVE_OFF };

struct modem_options {
	char *device;                   /* /dev/..., tcp://host:port, imei:DIGITS */
	char *profile;                  /* auto, or a name of modem_profile.c */
	char *pin;                      /* key pin or pin_file; "": none */
	char *pin_file;
	char *smsc;                     /* "": the SIM's */
	char *state;                    /* folder of the file that remembers a wrong PIN beyond the process */
	char *power_hook;               /* command line that switches the modem off and on; "": none */
	char *balance;                  /* USSD code asked on a schedule; "": none */
	struct conf_list init;          /* more commands after the initialisation */
	struct conf_list storages;      /* to sweep; empty: those that it has */
	struct conf_list status;        /* action.h */
	struct address_options addresses;
	char *own_number;               /* the SIM's: recipient of what comes in; "" or NULL: not said */
	long sweep, prompt_timeout, result_timeout, command_timeout, registration_timeout; /* ms */
	long recovery_wait;             /* ms; waits of the session are multiples of it */
	long balance_every;             /* ms */
	long ussd_timeout;              /* ms */
	long message_service;           /* AT+CGSMS; -1: left alone */
	int baud;                       /* see modem_baud() */
	int flow, mode, receive;
	bool reports;                   /* status reports are asked for when the row wants one */
	bool dtr_reset;                 /* the ladder may drop DTR: closing the port does (HUPCL) */
};
extern const struct conf_key modem_keys[];
bool modem_check(const void *options, struct conf_error *);
unsigned modem_baud(const struct modem_options *);      /* 0: probed */
bool modem_set_baud(struct modem_options *, long baud); /* false: there is no such rate */
bool modem_check_device(const char *device, struct conf_error *);
const char *modem_pin(const struct modem_options *);     /* "": none */

struct modem_identity {
	char maker[MODEM_NAME_MAX], model[MODEM_NAME_MAX], revision[MODEM_NAME_MAX];
	char imei[MODEM_ID_MAX], imsi[MODEM_ID_MAX], iccid[MODEM_ID_MAX];
	char smsc[MODEM_ID_MAX];        /* the SIM's */
};

/* modem_find.h: which device it is, and at what rate it answers. */

struct modem_found {
	const char *device;             /* a path that can be opened, or tcp://; NULL: there is none */
	unsigned baud;                  /* at which it answered; 0: as it is, or it did not */
	bool answers;                   /* false, with a device: it is there, and mute */
	const char *why;                /* for people, with the remedy, when it is not all well */
};
/* modem_profile.c */

enum modem_codes { CODES_USUAL, CODES_SIEMENS, CODES_WAVECOM, CODES_HUAWEI };

struct modem_profile {
	const char *name;
	const char *const *makers;      /* in what AT+CGMI, +CGMM say, NULL-ended, case ignored */
	const char *const *init;        /* more commands, NULL-ended; failures are passed over */
	const char *const *routing;     /* AT+CNMI to try before the usual ones, NULL-ended */
	const char *ready;              /* the unsolicited line that says SMS can be used; NULL: none */
	const char *reset;              /* "AT^RESET"; NULL: AT+CFUN=1,1 */
	enum modem_codes codes;
	unsigned gap_ms;                /* between commands */
	bool packed_ussd;               /* USSD is tried as hex of septets first */
	bool no_cfun;                   /* AT+CFUN=0 or 4 breaks it */
	bool reports_direct;            /* it cannot read status reports that it stored */
	bool slow_count;                /* AT+CPMS? lags after +CMTI */
};
extern const struct modem_profile modem_profiles[]; /* ends with name NULL; the first is "generic" */
const struct modem_profile *modem_profile_named(const char *name);      /* or NULL */
const struct modem_profile *modem_profile_of(const struct modem_identity *);

/* The session, as its parts see it. */

struct modem {
	struct link *link;
	const struct modem_options *options;
	const struct modem_profile *profile;
	struct modem_identity identity;
	struct channel *channel;        /* NULL while it is being opened */
	bool text_mode;                 /* AT+CMGF=1: PDU mode was refused */
	bool acknowledges;              /* AT+CSMS=1: +CMT and +CDS await AT+CNMA */
	bool ucs2_strings;              /* AT+CSCS="UCS2" is set: strings are hex */
	bool usable;                    /* initialised, and registered: parts may leave */
	struct sender *sender;
	struct receiver *receiver;
	struct dialer *dialer;
};

/* It rests for a while, with the reason in `link`: what is lent goes on, nothing more comes.
 * The time doubles with each in a row. For failures that are the modem's or the SIM's. */
void modem_rest(struct modem *, const char *why);
/* The network took something: rests are short again, and the ladder is forgotten. */
void modem_well(struct modem *);
/* A command worked that says nothing of the network or of sending. */
void modem_works(struct modem *);
/* One failed in a way that casts doubt on the modem (300, 500, plain ERROR): after some in a row the
 * ladder begins. */
void modem_ill(struct modem *, const char *why);
/* A part of the session has nothing more to do: draining may be over. */
void modem_idle(struct modem *);
/* The modem restarted (RDY, ^BOOT): initialise anew. */
void modem_restarted(struct modem *, const char *why);

/* modem_sender.c: parts out. One at a time. */
struct sender *sender_new(struct modem *);
void sender_free(struct sender *);      /* what it holds stays lent: in doubt, or see sender_lost() */
void sender_submit(struct sender *, struct part *);
/* The session ends or starts anew: what never left goes back untried. After the channel was freed,
 * and before link_down(). */
void sender_lost(struct sender *);
/* True: it was one of its own, a result that came after its command was given up ("+CMGS: 7"). */
bool sender_urc(struct sender *, const struct at_urc *);
bool sender_is_idle(const struct sender *);
/* A status report that the receiver has read: finds the part and tells the link, under the
 * ticket. False: it is no such TPDU, or cannot be read. */
struct tpdu;
bool sender_report(struct sender *, const struct tpdu *, uint64_t ticket);

/* modem_receiver.c: messages in. */
struct receiver *receiver_new(struct modem *);
void receiver_free(struct receiver *);
/* Initialised: chooses storages and routing (AT+CPMS, +CNMI), then reads what is there, and
 * again every `sweep`. Called again after a restart of the modem. `done`: it is under way, and
 * the modem is usable. */
void receiver_start(struct receiver *, void (*done)(struct modem *));
void receiver_stop(struct receiver *);  /* no more commands, and the channel is freed; tickets stay */
bool receiver_urc(struct receiver *, const struct at_urc *);  /* true: it was one of its own */
void receiver_ack(struct receiver *, uint64_t ticket, enum ack);
void receiver_sweep(struct receiver *); /* now: a storage is full */
/* Sends the routing that it chose (AT+CNMI) again: some modems drop it silently. */
void receiver_assert(struct receiver *);
/* Deletes a message that was written there to be sent (AT+CMGW, AT+CMSS): AT+CMGD alone would delete in
 * the storage that is being read. Looks whether it is an outgoing one. */
void receiver_delete_sent(struct receiver *, long index);
/* A ticket of the session that the receiver has nothing to do for (dialer, sender's own). */
uint64_t receiver_ticket(struct receiver *);
/* Nothing is unanswered, and no message waits to be deleted or acknowledged. */
bool receiver_is_idle(const struct receiver *);

/* modem_dialer.c: USSD. */
struct dialer *dialer_new(struct modem *);
void dialer_free(struct dialer *);
void dialer_start(struct dialer *);     /* usable: balance checks begin; again after a restart */
void dialer_submit(struct dialer *, struct part *);   /* of kind ussd */
void dialer_drain(struct dialer *);     /* no more rows come: what awaits one is ended */
bool dialer_urc(struct dialer *, const struct at_urc *);
void dialer_lost(struct dialer *);      /* as sender_lost() */
bool dialer_is_idle(const struct dialer *);

/* modem_codes.c: what to do about an error. */
enum modem_class {
	CLASS_RETRY,                    /* T: later, another modem may */
	CLASS_FEW,                      /* T, a few times */
	CLASS_REST,                     /* B: this modem or SIM; the message goes on by another */
	CLASS_FAIL,                     /* P */
	CLASS_DOUBT,                    /* U: the network may have it */
	CLASS_TAKEN,                    /* D: the network has it already */
};
struct modem_verdict {
	enum modem_class class;
	const char *meaning;            /* in words, for people */
	bool sweep;                     /* a storage is full: receiver_sweep() */
	bool alarm;                     /* somebody has to act */
	bool ours;                      /* the modem finds fault with what we wrote */
	bool sim;                       /* several in a row are the SIM's or its subscription's */
	bool soon;                      /* in seconds it may be otherwise */
	bool unwell;                    /* it casts doubt on the modem: modem_ill() */
	bool plain;                     /* it may go without a validity period */
};
/* `prompted`: the PDU had left. */
struct modem_verdict modem_verdict(const struct at_answer *, enum modem_codes);

#endif
