/* SPDX-License-Identifier: Apache-2.0 */
/* sim_options.h - how the message centre is told to behave. */
#ifndef SIM_OPTIONS_H
#define SIM_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { SIM_LIST_MAX = 64 };

/* A delay: `ms`, and anything up to `jitter_ms` on top of it. */
struct sim_span { unsigned ms, jitter_ms; };

/* A flag given several times; the texts are the caller's argv. */
struct sim_list { const char *at[SIM_LIST_MAX]; size_t n; };

/* A port to listen on, if at all; 0: any free one. */
struct sim_door { bool open; unsigned port; };

struct sim_error { uint32_t status; double share; };
struct sim_errors { struct sim_error at[SIM_LIST_MAX]; size_t n; };

/* The shape of ids in responses and in receipts. */
enum sim_id_form {
	SIM_ID_DECIMAL,                 /* 1000000001 in both */
	SIM_ID_HEX,                     /* 3b9aca01 in both */
	SIM_ID_HEX_RECEIPT_DECIMAL,     /* 3b9aca01, then 1000000001 */
	SIM_ID_PADDED,                  /* 1000000001, then 0000001000000001 */
	SIM_ID_UPPER,                   /* 3b9aca01, then 3B9ACA01 */
	SIM_ID_UUID,                    /* the same UUID in both */
};

struct sim_options {
	const char *listen, *record, *record_json, *record_times, *counts, *doubles, *inject;
	const char *outbind;            /* ADDRESS:PORT[,ID,PASSWORD]; NULL: nobody is called */
	const char *ucp_call;           /* ADDRESS:PORT[,ID]; NULL: nobody is called */
	const char *inbound_from, *inbound_to, *inbound_text;
	const char *ussd_code, *ussd_from, *ussd_input;
	struct sim_door smpp, ucp, cimd2;
	unsigned speaks;                /* SMPP: 0x33, 0x34, 0x50 */
	unsigned max_binds;             /* of an account at a time; 0: no limit */
	unsigned window;                /* unanswered submits of a bind; 0: no limit */
	unsigned rate;                  /* submits a second of an account; 0: no limit */
	unsigned deliver_window;        /* unanswered deliver_sm of a bind */
	unsigned deliver_timeout_ms, deliver_retry_ms;
	unsigned disconnect_every;      /* accepted submits; 0: never */
	unsigned inbound_count;         /* 0: no end when there is a rate, else none */
	unsigned inbound_long;          /* every so-manieth is long; 0: none */
	unsigned alerts;                /* out of the blue */
	unsigned ussd, ussd_release;    /* handsets that dial; the question at which they release, 0: none */
	unsigned seed;
	struct sim_span response_delay, receipt_delay, late_delay;
	double undelivered, expired, rejected, early_receipts, drop_responses, late;
	double disconnect_seconds;      /* 0: never */
	double inbound_rate;            /* a second; 0: all at once */
	enum sim_id_form id_form;
	unsigned nack_every;            /* requests of CIMD2; 0: none */
	bool outbind_wrong_password;
	bool no_window;                 /* CIMD2: logins that ask for one are refused */
	bool same_second;               /* time stamps are those of the clock */
	bool ussd_unnumbered;           /* dialogues have no sessions */
	bool receipts, echo, no_commands, silent_commands, quiet, help, version;
	const char *modem_pin, *modem_control;
	unsigned modem_count;           /* of a path with %d */
	double modem_delay;             /* seconds a message takes */
	struct sim_list modems, modem_profiles, modem_scripts;
	struct sim_list accounts, fail, undeliverable, fail_area;
	struct sim_list lists;          /* "NAME=NUMBER,NUMBER" */
	struct sim_errors errors;
};

/* Fills in the defaults, then what argv says. False: argv is wrong, and one line
 * on standard error says how. */
bool sim_options_read(struct sim_options *, int argc, char **argv);

/* Prints every flag with its default on standard output. */
void sim_options_help(void);

#endif
