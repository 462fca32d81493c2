/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sim_modem.h - a GSM modem on a pseudo-terminal: AT commands (3GPP TS 27.005, 27.007), a
 * SIM, and the network behind them, which can be told to misbehave in lines of a script
 * (docs/smsc-sim.1, MODEM SCRIPTS).
 */
#ifndef SIM_MODEM_H
#define SIM_MODEM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct event_base;
struct sim_modem;
struct tpdu;

enum sim_modem_what {
	MODEM_COMMAND,                  /* a line came: `text` */
	MODEM_ESCAPE,                   /* ESC came; in place of a PDU: `text` is "pdu" */
	MODEM_PDU,                      /* what a prompt asked for came: `text` */
	MODEM_TAKEN,                    /* the network took a SUBMIT: `id`, `tpdu`, its line in `text` */
	MODEM_REFUSED,                  /* it, or the modem, did not: `text` is the result */
	MODEM_TOLD,                     /* a message went to the host, as `text`: "CMTI", "CMT", "CDSI", "CDS"; `id` */
	MODEM_READ,                     /* the host read it from a storage: `id` */
	MODEM_ACKED,                    /* it was deleted after it was read, or acknowledged: `id` */
	MODEM_UNREAD,                   /* it was deleted and never read: `id` */
	MODEM_NACKED,                   /* AT+CNMA said no, or nothing in time; it comes again: `id` */
	MODEM_LOST,                     /* the routing has the modem drop it: `id` */
	MODEM_FULL,                     /* a storage has no room: `text` is its name, `id` waits */
	MODEM_USSD,                     /* a code or an answer: `text`, in UTF-8 */
	MODEM_PIN,                      /* one was entered: `text` is "right" or "wrong" */
	MODEM_STATE,                    /* `text`: "plugged", "unplugged", "reboot", "hung", "opened", "closed" */
};

/* Lent. `id` of an inbound message is "inbound NUMBER/PART", of a status report "receipt ID". */
struct sim_modem_event {
	enum sim_modem_what what;
	const char *text, *id;
	const struct tpdu *tpdu;
	int status;                     /* of a status report: TP-ST */
	bool again;                     /* TOLD: not for the first time */
	bool over;                      /* TOLD: nothing acknowledges it */
};

struct sim_modem_setup {
	const char *path;               /* of the symbolic link to the terminal; copied */
	const char *name;               /* begins the ids of what it takes; copied */
	unsigned number;                /* lines of scripts that begin "modem N:" are for this one */
	void (*tell)(void *ctx, const struct sim_modem_event *); /* NULL: nobody listens */
	/* The +CMS ERROR for a SUBMIT to that number, 0: it is taken; NULL: as scripts say. */
	int (*judge)(void *ctx, const char *recipient);
	int (*report_status)(void *ctx, const char *recipient); /* TP-ST; NULL: as scripts say */
	void *ctx;
};

/* Plugs it in. NULL: no terminal, or no link; `why` says so. */
struct sim_modem *sim_modem_new(struct event_base *, const struct sim_modem_setup *, char *why, size_t room);
void sim_modem_free(struct sim_modem *);        /* unplugs it */

/* Does what a line of a script says, or remembers it. False: it is none; `why` says what is wrong. */
bool sim_modem_script(struct sim_modem *, const char *line, char *why, size_t room);
/* All lines of a file; `why` begins with its name and the line. */
bool sim_modem_script_file(struct sim_modem *, const char *path, char *why, size_t room);

/* A message from a handset. `id`: without "inbound "; in UTF-8, one part. False: it does not fit. */
bool sim_modem_inbound(struct sim_modem *, const char *id, const char *from, const char *text);
/* The same from a TPDU. */
bool sim_modem_deliver(struct sim_modem *, const char *id, const struct tpdu *);

/* Names of profiles, NULL-ended. */
extern const char *const sim_modem_profiles[];
/* Lines of a profile, NULL-ended; NULL: there is none of that name. */
const char *const *sim_modem_profile(const char *name);

#endif
