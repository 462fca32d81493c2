/* SPDX-License-Identifier: Apache-2.0 */
/*
 * modem_session.h - what the files of a modem's session know of each other: modem.c, which has the
 * phases, and who begins, watches and mends for it.
 */
#ifndef MODEM_SESSION_H
#define MODEM_SESSION_H

#include "modem.h"
#include "modem_find.h"

#include <stdint.h>

enum { MODEM_WHY_MAX = 240 };

/* modem_radio.c: is it registered, and how well does it hear? Values only. */

enum { RADIO_CS, RADIO_PS, RADIO_EPS, RADIO_KINDS };    /* +CREG, +CGREG, +CEREG */

struct radio {
	int stat[RADIO_KINDS];        /* 27.007, 10.1.19; -1: not said */
	int signal;                     /* of +CSQ: 0..31; 99: not known */
	char operator[MODEM_NAME_MAX];
};
void radio_clear(struct radio *);
/* Reads +CREG, +CGREG, +CEREG (both as an answer and as it comes by itself), +CSQ or +COPS. False:
 * the line is none of these. `ucs2`: strings are hex. */
bool radio_read(struct radio *, const char *line, bool ucs2);
/* Home, roaming or for messages only, by any of the three. */
bool radio_is_there(const struct radio *);
/* The modem can tell: one of the three is known. */
bool radio_is_told(const struct radio *);
/* dBm; 0: not known. */
int radio_dbm(const struct radio *);
/* "home network O2, signal -79 dBm (good)"; or why there is none. */
void radio_words(const struct radio *, char *out, size_t room);

/* modem_pin.c: a PIN is entered once. What was entered, and what came of it, is a file for each
 * SIM, with digests in it; it is written before the PIN leaves. */

enum pin_past { PIN_NEW, PIN_ENTERED, PIN_REFUSED, PIN_UNREADABLE };

struct pin_key { char sim[MODEM_ID_MAX + 8]; };
/* By ICCID, else IMSI, else the modem's own IMEI, else the device. False: it names no SIM. */
bool pin_key_of(struct pin_key *, const struct modem_identity *, const char *device);
/* Where its file is: in the folder of key `state`, which is made. */
void pin_file_of(const struct pin_key *, const char *state, char *out, size_t room);
/* What happened to that PIN in that SIM; PIN "" : to any. */
enum pin_past pin_past(const char *file, const struct pin_key *, const char *pin);
/* Notes it. False: the file cannot be written, and errno says why. */
bool pin_note(const char *file, const struct pin_key *, const char *pin, enum pin_past);
void pin_forget(const char *file);
/* May it be entered, with `tries` left (-1: not known)? True: it is noted that it was. False: `why`
 * says why not, and *person that only a person can change it. */
struct pin_ask { const char *file, *pin; const struct pin_key *key; int tries; };
bool pin_may(const struct pin_ask *, char why[MODEM_WHY_MAX], bool *person);
/* Tries that are left, in a line of an answer to AT+CPINR, AT^CPIN?, AT+SPIC, AT+QPINC?; -1: it
 * does not say. */
int pin_tries(const char *line);

/* modem_init.c: the commands of the beginning. */

enum init_result {
	INIT_READY,
	INIT_MUTE,                      /* it does not answer as it must: the ladder's business */
	INIT_NO_SIM,                    /* none, or one that fails: as the back-off has it */
	INIT_REFUSED,                   /* what the file says does not fit */
	INIT_BARRED,                    /* PUK, a PIN that was refused: a person is needed */
};
struct init_handler {
	void *ctx;
	void (*done)(void *ctx, enum init_result, const char *why);     /* once; from the loop */
	void (*doing)(void *ctx, const char *what);                     /* for people: "waits for the SIM" */
};
/* Begins. `booted`: the modem has just started, and may not be ready for messages. */
struct init *init_new(struct modem *, bool booted, const struct init_handler *);
void init_free(struct init *);          /* with the channel, or after done(); NULL is allowed */
/* What the modem says by itself meanwhile. */
void init_hear(struct init *, const char *line);
/* The modem started anew: from the first command. */
void init_again(struct init *);

/* modem_hook.c: a command of the operator's, in a process of its own. */

struct hook;
typedef void hook_fn(void *ctx, bool well, const char *how);    /* once, from the loop */
/* Runs `sh -c command` with MODEM_DEVICE and MODEM_LINK in its environment; after `limit_ms` it is
 * killed, with what it started. NULL, with *why: it cannot be run. */
struct hook *hook_run(struct event_base *, const char *command, const char *device, const char *link,
    uint64_t limit_ms, const char **why, hook_fn *, void *ctx);
void hook_free(struct hook *);          /* kills what runs; not from inside hook_fn; NULL is allowed */

/* The session. */

enum modem_phase {
	MODEM_FINDING, MODEM_OPENING, MODEM_STARTING, MODEM_PREPARING, MODEM_SEARCHING, MODEM_USABLE, MODEM_RESTING,
	MODEM_MENDING, MODEM_DRAINING, MODEM_ENDED,
};

/* Steps of the ladder, in the order in which they are tried. */
enum rung {
	RUNG_NONE,                      /* with ESC and AT the channel helps itself, as ever */
	RUNG_END,                       /* ^Z: it may wait for the end of a message */
	RUNG_REOPEN,                    /* DTR falls meanwhile */
	RUNG_RADIO,                     /* AT+CFUN=4, =1 */
	RUNG_RESET,                     /* as its maker has it */
	RUNG_POWER,                     /* the power hook */
	RUNG_FAILED,                    /* tried for ever */
	RUNGS
};

struct ladder {
	enum rung rung;                 /* the last that was tried since all was well */
	size_t move;                    /* of that rung, while phase is MODEM_MENDING */
	unsigned ills;                  /* failures in a row that cast doubt on the modem */
	unsigned quiet;                 /* looks at the network since, without any */
	bool told;                      /* that it has failed */
	char why[MODEM_WHY_MAX];        /* it was begun */
	struct hook *hook;
};

struct session {
	struct modem modem;             /* first: the parts are given this */
	enum modem_phase phase;
	struct radio radio;
	struct ladder ladder;
	struct find *find;
	struct init *init;
	char device[256];               /* that was found, and its rate */
	unsigned baud;
	bool booted;                    /* the modem has just started, or may have */
	bool looked;                    /* the network was asked for since the session began to search */
	unsigned rests;                 /* in a row */
	uint64_t booted_at;             /* when it last was begun anew for that */
	uint64_t asserted_at;           /* when routing was last set */
	enum rung wanted;               /* a later turn of the loop begins the ladder, at this at least */
	bool restart;                   /* or begins the modem anew */
	char why[MODEM_WHY_MAX];        /* of either */
	uint32_t strangers[16];         /* digests of unknown lines that were logged */
	unsigned nstrangers;
	struct event *late, *look, *wake;
};

/* modem.c, for the ladder. */
void session_enter(struct session *, enum modem_phase);
/* Nothing leaves any more: what is lent comes back, or is in doubt, and the channel is gone. Not
 * from inside a callback of it. */
void session_shut(struct session *);
/* Opens the device that was found; session_enter() says what for. */
void session_reach(struct session *);
/* The ring of the phase is set anew, in multiples of recovery_wait. */
void session_ring(struct session *, unsigned waits);
/* For people: why the link has no room; or, while it is up, what there is to say. */
void session_say(struct session *, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* modem_ladder.c: what helps a modem that hangs. From the loop, not from inside callbacks. */
void ladder_climb(struct session *, enum rung least, const char *why);
void ladder_move(struct session *);     /* the time of a move is over */
void ladder_leave(struct session *);    /* the session ends, or the modem is well */

/* modem_identify.c: struct driver's. */
bool modem_identify(const struct identify *, FILE *out, struct conf_error *);

#endif
