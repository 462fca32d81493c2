/* SPDX-License-Identifier: Apache-2.0 */
/*
 * modem_at.h - octets from a modem -> results, lines, prompts, and what it says by itself.
 *
 * No I/O and no clock. Octets go in as they come, in any pieces; out comes one item at a time,
 * the same whatever the pieces were. What a line is depends on what was asked, so the reader is
 * told: at_reader_expect(). Line ends are any run of CR and LF; NULs are dropped; a line of more
 * than AT_LINE_MAX octets is dropped whole, so a reader never grows.
 */
#ifndef MODEM_AT_H
#define MODEM_AT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct at_reader;

enum {
	AT_LINE_MAX = 1024,             /* octets: USSD as hex of UCS-2 has 728 and more */
	AT_ECHO_MAX = 2048,             /* octets of a command or payload that are known again as echo */
};

enum at_result {
	AT_OK,
	AT_ERROR,                       /* ERROR, COMMAND NOT SUPPORT, and what else is as mute */
	AT_CME,                         /* +CME ERROR (27.007, 9.2) */
	AT_CMS,                         /* +CMS ERROR (27.005, 3.2.5) */
	AT_NO_CARRIER,                  /* that, BUSY, NO ANSWER, NO DIALTONE, CONNECT */
	AT_SILENT,                      /* no final result in time; the channel is mended meanwhile */
	AT_CLOSED,                      /* the port is gone */
};

enum at_kind {
	AT_NOTHING,                     /* all octets are read */
	AT_FINAL,                       /* `result` of the command that ran; it no longer runs */
	AT_INFORMATION,                 /* a line of its answer */
	AT_PROMPT,                      /* > at the beginning of a line: asked for, or while no command runs */
	AT_UNSOLICITED,                 /* `line`, and the one that belongs to it */
	AT_STRAY,                       /* a line that nobody asked for: of an answer that came too late. Its OK
	                                 * may come while another command runs, if its line did */
	AT_TOO_LONG,                    /* a line was dropped */
};

/* Strings are lent until the next call. */
struct at_item {
	enum at_kind kind;
	enum at_result result;
	int code;                       /* of AT_CME, AT_CMS; -1: in words, or none */
	const char *line;               /* without its end; of +CUSD perhaps several, with '\n' between */
	const char *pdu;                /* what follows +CMT, +CDS, +CBM; else NULL */
};

struct at_reader *at_reader_new(void);
void at_reader_free(struct at_reader *);

/*
 * A command leaves: until its final result it runs. `line` and `payload` (NULL: no prompt is
 * awaited) are stripped where they come back as echo. Lines that begin with `prefix` (NULL:
 * none) are its answer, even if they would pass for unsolicited. Where the line ends in `?`
 * that is so for its own name as well: AT+CPIN? is answered by "+CPIN:".
 */
void at_reader_expect(struct at_reader *, const char *line, const char *payload, const char *prefix);
/* It is given up. What comes of its answer is AT_STRAY, or AT_UNSOLICITED where it has a prefix. */
void at_reader_forget(struct at_reader *);

/* Reads until an item is complete; *at and *len then stand behind it. Call it again, until
 * it says AT_NOTHING. */
enum at_kind at_reader_take(struct at_reader *, const uint8_t **at, size_t *len, struct at_item *);

/* It has an unsolicited line whose next line, or whose end, is still to come. */
bool at_reader_holds(const struct at_reader *);
/* That does not come: the item as it is, or AT_NOTHING. */
enum at_kind at_reader_flush(struct at_reader *, struct at_item *);

#endif
