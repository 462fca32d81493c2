/* SPDX-License-Identifier: Apache-2.0 */
/*
 * modem_channel.h - one command at a time to a modem, and what it says by itself.
 *
 * Commands wait in a queue; the next leaves when the last has its final result, or after a
 * timeout once the modem has answered AT again, so that a late answer is never read as that of
 * another command. Unsolicited result codes are taken out wherever they stand (27.005, 3.4;
 * 27.007, 7). Everything calls back from the loop, never from inside channel_ask(); octets
 * leave in a later turn of it. In a callback anything may be called but channel_free(), for
 * which the owner waits until it is out.
 */
#ifndef MODEM_CHANNEL_H
#define MODEM_CHANNEL_H

#include <stdbool.h>
#include <stddef.h>

struct channel;
struct event_base;
struct modem_options;

enum { AT_LINE_MAX = 512, AT_LINES_MAX = 4096, AT_TEXT_MAX = 160 };

enum at_result {
	AT_OK,
	AT_ERROR,                       /* ERROR, COMMAND NOT SUPPORT, and what else is as mute */
	AT_CME,                         /* +CME ERROR (27.007, 9.2) */
	AT_CMS,                         /* +CMS ERROR (27.005, 3.2.5) */
	AT_NO_CARRIER,                  /* that, BUSY, NO ANSWER, NO DIALTONE, CONNECT */
	AT_SILENT,                      /* no final result in time; the channel is mended meanwhile */
	AT_CLOSED,                      /* the port is gone, or channel_free() */
};

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
	const char *prefix;             /* "+CSQ:": lines of the answer that would pass for unsolicited; NULL: none */
	unsigned timeout_ms;            /* to the final result, from the payload on if there is one */
	unsigned prompt_ms;             /* to the prompt; it is then taken back by ESC */
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
	/* No answer to AT three times in a row; it goes on trying, and says it each time. Commands wait. */
	void (*mute)(void *ctx, unsigned tries);
	/* The port is gone: unplugged, refused, reset. No more callbacks; all commands were AT_CLOSED. */
	void (*closed)(void *ctx, const char *why);
};

/* Opens the device of the options (a path, tcp://host:port), at that rate (0: as it is).
 * The options outlive it. */
struct channel *channel_open(struct event_base *, const struct modem_options *, const char *device,
    unsigned baud, const struct channel_handler *);
void channel_free(struct channel *);    /* NULL is allowed */

void channel_ask(struct channel *, const struct at_command *);
/* Commands that wait or run. */
size_t channel_load(const struct channel *);

#endif
