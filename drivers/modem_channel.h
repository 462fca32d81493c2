/* SPDX-License-Identifier: Apache-2.0 */
/*
 * modem_channel.h - one command at a time to a modem, and what it says by itself.
 *
 * Commands wait in a queue; the next leaves when the last has its final result, or after a
 * timeout once the modem has answered AT again, so that a late answer is never read as that of
 * another command. Unsolicited result codes are taken out wherever they stand (27.005, 3.4;
 * 27.007, 7). Everything calls back from the loop, never from inside channel_ask(); octets
 * leave in a later turn of it. In a callback anything may be called, channel_free() as well.
 *
 * A channel is mended when it is opened, and when it lost touch: after a timeout, a prompt that
 * did not come, NO CARRIER. Then ESC and CR leave, what comes is thrown away until the modem has been
 * silent for 300 ms, and AT has to be answered with OK; commands wait meanwhile. Unsolicited
 * codes are told all the time; so is the +CMGS of an answer that comes too late, whose lines are
 * then nobody's.
 */
#ifndef MODEM_CHANNEL_H
#define MODEM_CHANNEL_H

#include "modem_at.h"

#include <stdbool.h>
#include <stddef.h>

struct channel;
struct event_base;
struct modem_options;

enum { AT_LINES_MAX = 4096, AT_TEXT_MAX = 160 }; /* lines of an answer; octets of words */

/* Lent until the callback returns. */
struct at_answer {
	enum at_result result;
	int code;                       /* of CME, CMS; -1: none, or in words */
	char text[AT_TEXT_MAX];         /* how it failed, for people: "+CMS ERROR: 38 (network out of order)" */
	const char *const *lines;       /* between the command and its result, without empty ones */
	size_t nlines;
	bool prompted;                  /* the modem said >, so the payload has left, whole or in part */
	bool written;                   /* some of the command has left this machine */
};

typedef void at_done_fn(void *ctx, const struct at_answer *);

struct at_command {
	const char *line;               /* "AT+CSQ", without its end; copied */
	const char *payload;            /* what the prompt asks for, without its ^Z; NULL: none; copied */
	const char *prefix;             /* "+CSQ:": lines of the answer that would pass for unsolicited; NULL: none.
	                                 * Not needed for a line that ends in `?`, nor for its own name unless
	                                 * that is in the table of modem_at.c (+CUSD, +CLCC) */
	unsigned timeout_ms;            /* to the final result, from the payload on if there is one, and again from
	                                 * each line of the answer */
	unsigned prompt_ms;             /* to the prompt; it is then taken back by ESC. 0, of both: as the options say */
	bool first;                     /* before all others that wait: CNMA */
	at_done_fn *done;               /* once; NULL: nobody cares */
	void *ctx;
};

/* What came by itself. Lent. */
struct at_urc {
	const char *line;               /* "+CMTI: \"SM\",5" */
	const char *pdu;                /* the line that belongs to it (+CMT, +CDS, +CBM), else NULL */
};

struct channel_handler {
	void *ctx;
	void (*opened)(void *ctx);                      /* octets can go */
	void (*urc)(void *ctx, const struct at_urc *);
	/* No OK to AT three times in a row; it goes on trying, and says it each further time. Commands wait. */
	void (*mute)(void *ctx, unsigned tries);
	/* The port is gone: unplugged, refused, reset. No more callbacks; all commands were AT_CLOSED
	 * before. */
	void (*closed)(void *ctx, const char *why);
};

/* Opens the device (a path, or tcp://host:port), at that rate (0: as it is), with the handshake of
 * the options. The options outlive it. Why it cannot be opened is told by closed(). */
struct channel *channel_open(struct event_base *, const struct modem_options *, const char *device,
    unsigned baud, const struct channel_handler *);
/* Calls nobody back, not even for commands that wait: who asked must have forgotten them
 * (sender_lost(), receiver_stop(), dialer_lost()). NULL is allowed. */
void channel_free(struct channel *);

void channel_ask(struct channel *, const struct at_command *);
/* The payload of the command that was asked with this ctx has left, whole or in part, and there is
 * no result yet: for who forgets it. */
bool channel_has_sent(const struct channel *, const void *ctx);
/* The same of a command's line: some of it has left, and there is no result yet. */
bool channel_has_begun(const struct channel *, const void *ctx);
/* Octets out of turn, to a modem that is mute ("\x1a\r", "AT+CFUN=1,1\r"); then it is mended,
 * without another ESC at first. False: not now, a command runs, or the port is not open; or it is
 * ^Z, and might send half of a payload that got no result. */
bool channel_poke(struct channel *, const char *octets);
/* From now on so long is waited between a result and the next command; 0 at first. */
void channel_gap(struct channel *, unsigned ms);
/* Commands that wait or run. */
size_t channel_load(const struct channel *);

#endif
