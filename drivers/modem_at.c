/* SPDX-License-Identifier: Apache-2.0 */
/*
 * modem_at.c - what a modem says, line by line.
 *
 * An octet goes into `line` until a CR or an LF ends it; judge() then says what the line is. It
 * asks in an order that matters: the line that an unsolicited code awaits, echo, final results,
 * lines of the running command's prefix, codes of the table, and last what only looks like
 * something. A prompt is the one thing without a line end, so it is seen as its octet comes.
 *
 * holding:    NOTHING --+CMT, +CDS, +CBM--> HEADER --next line--> NOTHING
 *                     --+CUSD: 1,"first--> TEXT   --",15--------> NOTHING
 * What is held ends early where a line comes that cannot belong to it; that line is then judged
 * for itself (`again`), so an end that never comes takes nothing with it.
 *
 * With ATV0 results are 0 and 4. A digit is one only where no other answer is possible: for a
 * command without a prefix, before any line; then for every command, until one in words comes.
 */
#include "modem_at.h"

#include <assert.h>
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SUB = 0x1A, ESC = 0x1B };

enum {
	OWN_MAX = 32,                   /* octets of a command's name */
	ECHO_PIECE = 8,                 /* octets of a payload that are no chance */
	PDU_LEAST = 16,                 /* digits that a + ends: no number has so many */
	NORDIC_MISSED = 524,            /* +CMS ERROR that no command ends with: CNMA was missed */
};

/* What comes by itself (3GPP 27.005 and 27.007, and the makers' own). A name with a colon begins
 * a line; another is a line of its own, or its first words. */
enum trait {
	PLAIN = 0,
	PDU_LINE = 1,                   /* a line belongs to it */
	TEXT_LINES = 2,                 /* its text may have several */
	REGISTRATION = 4,               /* the answer to a question has one number more */
	RINGING = 8,                    /* somebody calls: NO CARRIER will be about that */
};
static const struct { const char *name; unsigned traits; } codes[] = {
	{ "+CMTI:", PLAIN }, { "+CMT:", PDU_LINE }, { "+CDS:", PDU_LINE }, { "+CDSI:", PLAIN },
	{ "+CBM:", PDU_LINE }, { "+CBMI:", PLAIN },
	{ "+CREG:", REGISTRATION }, { "+CGREG:", REGISTRATION }, { "+CEREG:", REGISTRATION },
	{ "+C5GREG:", REGISTRATION }, { "+CUSD:", TEXT_LINES },
	{ "RING", RINGING }, { "+CRING:", RINGING }, { "+CLIP:", RINGING }, { "+CCWA:", RINGING },
	{ "+CLCC:", PLAIN }, { "+COLP:", PLAIN }, { "+CIEV:", PLAIN }, { "+CGEV:", PLAIN },
	{ "+CTZV:", PLAIN }, { "+CTZE:", PLAIN }, { "+CTZU:", PLAIN }, { "+CSSI:", PLAIN },
	{ "+CSSU:", PLAIN }, { "+CUSATP:", PLAIN }, { "+CPIN:", PLAIN }, { "+CFUN:", PLAIN },
	{ "^SMMEMFULL", PLAIN }, { "+WMGF", PLAIN }, { "*SMSFULL", PLAIN }, { "SMSFULL", PLAIN },
	/* Huawei */
	{ "^RSSI:", PLAIN }, { "^RSSILVL:", PLAIN }, { "^HRSSILVL:", PLAIN }, { "^HCSQ:", PLAIN },
	{ "^DSFLOWRPT:", PLAIN }, { "^BOOT:", PLAIN }, { "^MODE:", PLAIN }, { "^CSNR:", PLAIN },
	{ "^SRVST:", PLAIN }, { "^SIMST:", PLAIN }, { "^STIN:", PLAIN }, { "^NWTIME:", PLAIN },
	{ "^CCIN:", PLAIN }, { "^NDISSTAT:", PLAIN }, { "^NDISEND:", PLAIN }, { "^LWURC:", PLAIN },
	{ "^EONS:", PLAIN }, { "^ORIG:", PLAIN }, { "^CONF:", PLAIN }, { "^CONN:", PLAIN },
	{ "^CEND:", PLAIN }, { "^RFSWITCH:", PLAIN }, { "^PDPDEACT", PLAIN }, { "^NDISEND", PLAIN },
	/* ZTE */
	{ "+ZUSIMR:", PLAIN }, { "+ZDONR:", PLAIN }, { "+ZPASR:", PLAIN }, { "+ZPSTM:", PLAIN },
	{ "+ZEND", PLAIN }, { "*RADIOPOWER", PLAIN },
	/* Quectel, SIMCom */
	{ "+QIND:", PLAIN }, { "+QUSIM:", PLAIN }, { "+QLWURC:", PLAIN }, { "RDY", PLAIN },
	{ "POWERED DOWN", PLAIN }, { "NORMAL POWER DOWN", PLAIN }, { "Call Ready", PLAIN },
	{ "SMS Ready", PLAIN }, { "SMS DONE", PLAIN }, { "PB DONE", PLAIN }, { "UNDER-VOLTAGE", PLAIN },
	{ "UNDER VOLTAGE", PLAIN }, { "OVER-VOLTAGE", PLAIN }, { "OVER VOLTAGE", PLAIN }, { "+CSQN:", PLAIN },
	{ "+CNSMOD:", PLAIN }, { "+NITZ:", PLAIN }, { "*PSUTTZ", PLAIN }, { "DST:", PLAIN },
	{ "VOICE CALL:", PLAIN }, { "MISSED_CALL:", PLAIN },
	/* Telit, Siemens, Wavecom, Option, Motorola, D-Link, Ericsson */
	{ "#STN:", PLAIN }, { "^SCN:", PLAIN }, { "^SYSSTART", PLAIN }, { "^SHUTDOWN", PLAIN }, { "^EXIT", PLAIN },
	{ "+WIND:", PLAIN }, { "_OSIQ:", PLAIN }, { "_OBS:", PLAIN }, { "_OWANCALL:", PLAIN }, { "+MBAN:", PLAIN },
	{ "+SPNWNAME:", PLAIN }, { "+PSBEARER:", PLAIN }, { "*EMRDY:", PLAIN }, { "*EMWI:", PLAIN },
};

/* How a command ends, in words. Those of a call are about one that somebody makes to us, if any. */
static const struct { const char *words; enum at_result result; bool call; } finals[] = {
	{ "OK", AT_OK, false }, { "ERROR", AT_ERROR, false }, { "COMMAND NOT SUPPORT", AT_ERROR, false },
	{ "COMMAND NOT SUPPORTED", AT_ERROR, false }, { "MODEM ERROR", AT_ERROR, false },
	{ "NA", AT_ERROR, false }, { "TOO MANY PARAMETERS", AT_ERROR, false },
	{ "NO CARRIER", AT_NO_CARRIER, true }, { "BUSY", AT_NO_CARRIER, true },
	{ "NO ANSWER", AT_NO_CARRIER, true }, { "NO DIALTONE", AT_NO_CARRIER, true },
	{ "NO DIAL TONE", AT_NO_CARRIER, true }, { "CONNECT", AT_NO_CARRIER, false },
};

enum holding { HOLDS_NOTHING, HOLDS_HEADER, HOLDS_TEXT };

struct at_reader {
	char line[AT_LINE_MAX + 1];
	char held[AT_LINE_MAX + 1];     /* +CMT and what else awaits a line; the text of +CUSD so far */
	size_t len, held_len;
	enum holding holding;
	bool must_be_hex;               /* the line that HOLDS_HEADER awaits is a PDU */
	bool too_long;                  /* `line` is dropped, up to its end */
	bool spent;                     /* `line` was given out */
	bool again;                     /* `line` is to be judged, now for itself */
	uint8_t last;                   /* octet read: CR LF are one end within a text */
	bool after_prompt;              /* the space of a prompt is no line */

	/* The command that runs. */
	bool running;
	bool awaits_prompt, prompted;
	bool informed;                  /* a line of its answer has come */
	char command[AT_ECHO_MAX + 1], payload[AT_ECHO_MAX + 1];
	char prefix[OWN_MAX + 1], own[OWN_MAX + 1]; /* "+CSQ:"; "": none */
	bool question;                  /* it ends in `?` */
	size_t echoed;                  /* octets of the command, or the payload, that came back */

	char late[OWN_MAX + 1];         /* "+CMGS:" of a command that was given up; "": none */
	bool owes;                      /* its line came while another ran: its OK follows */

	bool numeric;                   /* ATV0: the last result was a digit */
	bool called;                    /* somebody rings */
};

struct at_reader *at_reader_new(void)
{
	struct at_reader *reader = calloc(1, sizeof *reader);
	if (!reader)
		abort();
	return reader;
}

void at_reader_free(struct at_reader *reader)
{
	free(reader);
}

/* "+CSQ:" of "AT+CSQ?", "" where it has no name. */
static void name_command(char *name, const char *line)
{
	*name = '\0';
	if (strncasecmp(line, "AT", 2) != 0 || !line[2] || !strchr("+^*#$%&_", line[2]))
		return;
	const size_t n = 1 + strspn(line + 3, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789");
	if (n > 1 && n < OWN_MAX)
		snprintf(name, OWN_MAX + 1, "%.*s:", (int)n, line + 2);
}

void at_reader_expect(struct at_reader *reader, const char *line, const char *payload, const char *prefix)
{
	const size_t n = strlen(line);
	snprintf(reader->command, sizeof reader->command, "%s", line);
	snprintf(reader->payload, sizeof reader->payload, "%s", payload ? payload : "");
	snprintf(reader->prefix, sizeof reader->prefix, "%s", prefix ? prefix : "");
	name_command(reader->own, line);
	reader->question = n && line[n - 1] == '?';
	reader->running = true;
	reader->awaits_prompt = payload != NULL;
	reader->prompted = reader->informed = false;
	reader->echoed = 0;
}

/* Names that no modem says by itself, and that are followed by OK. */
static bool is_answer_name(const char *name)
{
	static const char *const names[] = { "+CMGS:", "+CMSS:", "+CMGW:", "+CMGL:", "+CMGR:" };
	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		if (strcmp(name, names[i]) == 0)
			return true;
	return false;
}

static void end_running(struct at_reader *reader)
{
	reader->running = reader->awaits_prompt = reader->prompted = reader->owes = false;
}

void at_reader_forget(struct at_reader *reader)
{
	if (reader->running && is_answer_name(reader->own))
		memcpy(reader->late, reader->own, sizeof reader->late);
	end_running(reader);
}

/* What a line is. */

static bool begins(const char *line, const char *with)
{
	return strncmp(line, with, strlen(with)) == 0;
}

/* The line is these words, or these and more. */
static bool is_words(const char *line, const char *words)
{
	const size_t n = strlen(words);
	return strncmp(line, words, n) == 0 && !isalnum((unsigned char)line[n]) && line[n] != '_';
}

static bool is_hex(const char *line)
{
	const size_t n = strlen(line);
	return n >= 2 && strspn(line, "0123456789ABCDEFabcdef") == n;
}

/* The index of its code, or SIZE_MAX. */
static size_t code_of(const char *line)
{
	for (size_t i = 0; i < sizeof codes / sizeof *codes; i++) {
		const char *name = codes[i].name;
		if (name[strlen(name) - 1] == ':' ? begins(line, name) : is_words(line, name))
			return i;
	}
	return SIZE_MAX;
}

/* Some mark, a name, a colon: +CIEV: and what nobody knows yet. */
static bool is_named(const char *line)
{
	if (!*line || !strchr("+^*#$%&_", *line) || !isalpha((unsigned char)line[1]))
		return false;
	const char *end = line + 1;
	while (isalnum((unsigned char)*end) || *end == '_')
		end++;
	return *end == ':';
}

/* Fields with commas between; commas in quotes are none. */
static unsigned count_fields(const char *line)
{
	unsigned n = 1;
	bool quoted = false;
	for (; *line; line++) {
		quoted ^= *line == '"';
		n += *line == ',' && !quoted;
	}
	return n;
}

/* A change of registration, "+CREG: 1" or "+CREG: 1,"00C3","1A2B"", and not what AT+CREG? is
 * answered, "+CREG: 2,1,...". Some leave the quotes of the area away: a status is short. */
static bool is_registration_change(const char *line)
{
	const char *comma = strchr(line, ',');
	if (!comma)
		return true;
	comma += 1 + strspn(comma + 1, " ");
	const size_t digits = strspn(comma, "0123456789");
	return digits == 0 || digits > 3 || (comma[digits] && comma[digits] != ',' && comma[digits] != ' ');
}

/* A text in quotes that begins and does not end: `+CUSD: 1,"Menu:`. It ends with a quote, or with
 * one and the data coding. */
static bool is_closed(const char *from)
{
	size_t n = strlen(from);
	while (n && (isdigit((unsigned char)from[n - 1]) || from[n - 1] == ' '))
		n--;
	if (n && from[n - 1] == ',')
		n--;
	return n && from[n - 1] == '"';
}

static bool is_open(const char *line)
{
	const char *quote = strchr(line, '"');
	return quote && !is_closed(quote + 1);
}

/* Whether a line belongs to it, and whether that is a PDU: in text mode a report is one line, and
 * the text of a message may be anything. */
static bool awaits_line(const char *line, bool *must_be_hex)
{
	const unsigned fields = count_fields(line);
	if (begins(line, "+CDS:") && fields > 1)
		return false;
	*must_be_hex = begins(line, "+CBM:") ? fields == 1 : fields <= 2;
	return true;
}

/* It is what was sent, or a piece of it with something between. */
static bool take_echo(struct at_reader *reader)
{
	if (!reader->running || (reader->informed && !reader->prompted))
		return false;
	const char *rest = (reader->prompted ? reader->payload : reader->command) + reader->echoed;
	const size_t left = strlen(rest), piece = reader->prompted ? ECHO_PIECE : 2;
	if (!left || reader->len > left || (reader->len < piece && reader->len < left) ||
	    memcmp(rest, reader->line, reader->len) != 0)
		return false;
	reader->echoed += reader->len;
	return true;
}

/* "+CMS ERROR: 38", "+CMS ERROR:38", "+CME ERROR: SIM busy". */
static bool is_error(const char *line, struct at_item *item)
{
	const bool cme = begins(line, "+CME ERROR"), cms = begins(line, "+CMS ERROR");
	if (!cme && !cms)
		return false;
	line += strlen("+CME ERROR");
	line += strspn(line, ": ");
	const size_t digits = strspn(line, "0123456789");
	item->result = cme ? AT_CME : AT_CMS;
	item->code = digits && digits < 6 && !line[digits] ? (int)strtol(line, NULL, 10) : -1;
	return true;
}

/* A digit that can only be the result of ATV0. */
static bool is_digit_result(const struct at_reader *reader)
{
	return (reader->line[0] == '0' || reader->line[0] == '4') && !reader->line[1] && reader->running &&
	    (reader->numeric || (!*reader->prefix && !reader->informed && !reader->awaits_prompt));
}

static enum at_kind end_command(struct at_reader *reader, struct at_item *item, bool numeric)
{
	if (!reader->running)
		return AT_STRAY;
	item->line = reader->line;
	if (item->result == AT_OK && (reader->awaits_prompt || reader->owes)) {
		reader->owes = false;
		return AT_STRAY;            /* nothing is well before its prompt; or it is that of another */
	}
	reader->numeric = numeric;
	if (strcmp(reader->own, reader->late) == 0)
		*reader->late = '\0';
	end_running(reader);
	return AT_FINAL;
}

static enum at_kind judge_final(struct at_reader *reader, struct at_item *item)
{
	if (is_error(reader->line, item)) {
		if (item->result == AT_CMS && item->code == NORDIC_MISSED)
			return AT_UNSOLICITED;
		return end_command(reader, item, reader->numeric);
	}
	if (is_digit_result(reader)) {
		item->result = reader->line[0] == '0' ? AT_OK : AT_ERROR;
		return end_command(reader, item, true);
	}
	for (size_t i = 0; i < sizeof finals / sizeof *finals; i++) {
		const char *words = finals[i].words;
		if (strcmp(reader->line, words) != 0 &&
		    !(begins(reader->line, words) && (begins(words, "CONNECT") || begins(words, "ERROR")) &&
		    strchr(" :", reader->line[strlen(words)])))
			continue;
		if (finals[i].call && (reader->called || !reader->running)) {
			reader->called = false;
			return AT_UNSOLICITED;
		}
		item->result = finals[i].result;
		return end_command(reader, item, false);
	}
	return AT_NOTHING;
}

/* It begins as the command said, or with the name of a question. */
static bool is_answer(const struct at_reader *reader, size_t code)
{
	if (!reader->running)
		return false;
	const bool said = *reader->prefix && begins(reader->line, reader->prefix);
	const bool own = reader->question && *reader->own && begins(reader->line, reader->own);
	if (!said && !own)
		return false;
	return code == SIZE_MAX || !(codes[code].traits & REGISTRATION) || !is_registration_change(reader->line);
}

static void hold(struct at_reader *reader, enum holding holding)
{
	memcpy(reader->held, reader->line, reader->len + 1);
	reader->held_len = reader->len;
	reader->holding = holding;
	reader->len = 0;
}

static enum at_kind judge_code(struct at_reader *reader, unsigned traits)
{
	if (traits & RINGING)
		reader->called = true;
	if (traits & PDU_LINE && awaits_line(reader->line, &reader->must_be_hex))
		hold(reader, HOLDS_HEADER);
	else if (traits & TEXT_LINES && is_open(reader->line))
		hold(reader, HOLDS_TEXT);
	else
		return AT_UNSOLICITED;
	return AT_NOTHING;
}

/* The line that a code awaited. */
static enum at_kind judge_awaited(struct at_reader *reader, struct at_item *item)
{
	reader->holding = HOLDS_NOTHING;
	item->line = reader->held;
	if (!reader->must_be_hex || is_hex(reader->line))
		item->pdu = reader->line;
	else
		reader->again = true;
	return AT_UNSOLICITED;
}

/* A text of several lines, or a code whose line does not come. */
static enum at_kind give_held(struct at_reader *reader, struct at_item *item)
{
	reader->holding = HOLDS_NOTHING;
	while (reader->held_len && reader->held[reader->held_len - 1] == '\n')
		reader->held_len--;
	reader->held[reader->held_len] = '\0';
	item->line = reader->held;
	return AT_UNSOLICITED;
}

/* A line that no network would write into a text: its end is missing. */
static bool ends_text(struct at_reader *reader)
{
	struct at_item item;
	if (is_error(reader->line, &item) || code_of(reader->line) != SIZE_MAX || is_answer(reader, SIZE_MAX))
		return true;
	for (size_t i = 0; i < sizeof finals / sizeof *finals; i++)
		if (strcmp(reader->line, finals[i].words) == 0)
			return true;
	return false;
}

static enum at_kind judge_text(struct at_reader *reader, struct at_item *item)
{
	if (ends_text(reader)) {
		reader->again = true;
		return give_held(reader, item);
	}
	if (reader->held_len + 1 + reader->len > AT_LINE_MAX) {
		reader->holding = HOLDS_NOTHING;
		return AT_TOO_LONG;
	}
	reader->held[reader->held_len++] = '\n';
	memcpy(reader->held + reader->held_len, reader->line, reader->len + 1);
	reader->held_len += reader->len;
	return reader->len && is_closed(reader->line) ? give_held(reader, item) : AT_NOTHING;
}

/* AT_NOTHING: echo, or something that is held for now. */
static enum at_kind judge(struct at_reader *reader, struct at_item *item)
{
	if (reader->holding == HOLDS_TEXT)
		return judge_text(reader, item);
	if (reader->holding == HOLDS_HEADER)
		return judge_awaited(reader, item);
	item->line = reader->line;
	if (take_echo(reader))
		return AT_NOTHING;
	const enum at_kind final = judge_final(reader, item);
	if (final != AT_NOTHING)
		return final;
	const size_t code = code_of(reader->line);
	const bool own = reader->running && *reader->own && begins(reader->line, reader->own);
	if (!is_answer(reader, code)) {
		if (code != SIZE_MAX)
			return judge_code(reader, codes[code].traits);
		if (!own && is_named(reader->line)) {
			reader->owes = reader->running && *reader->late && begins(reader->line, reader->late);
			return AT_UNSOLICITED;
		}
		if (!reader->running)
			return AT_STRAY;
	}
	reader->informed = true;
	return AT_INFORMATION;
}

/* Octets. */

static enum at_kind given(struct at_reader *reader, enum at_kind kind, struct at_item *item)
{
	if (kind == AT_NOTHING || kind == AT_PROMPT || kind == AT_TOO_LONG)
		*item = (struct at_item){ .code = -1 };
	item->kind = kind;
	reader->spent = !reader->again;
	return kind;
}

static enum at_kind end_line(struct at_reader *reader, struct at_item *item)
{
	enum at_kind kind;
	const bool text = reader->holding == HOLDS_TEXT;
	reader->after_prompt = false;
	if (reader->too_long) {
		reader->too_long = false;
		reader->holding = HOLDS_NOTHING;
		kind = AT_TOO_LONG;
	} else {
		while (!text && reader->len && (reader->line[reader->len - 1] == ' ' ||
		    reader->line[reader->len - 1] == '\t'))
			reader->len--;
		reader->line[reader->len] = '\0';
		kind = reader->len || text ? judge(reader, item) : AT_NOTHING;
	}
	given(reader, kind, item);
	return kind;
}

/* It comes at the beginning of a line, or behind the echo of the command without a line end. */
static bool is_prompt(const struct at_reader *reader, uint8_t octet)
{
	if (octet != '>' || reader->holding != HOLDS_NOTHING || (reader->running && !reader->awaits_prompt))
		return false;
	return reader->len == 0 ||
	    (reader->running && !reader->echoed && reader->len == strlen(reader->command) &&
	    memcmp(reader->line, reader->command, reader->len) == 0);
}

static enum at_kind prompt(struct at_reader *reader, struct at_item *item)
{
	reader->prompted = reader->running;
	reader->awaits_prompt = false;
	reader->echoed = 0;
	reader->after_prompt = true;
	return given(reader, AT_PROMPT, item);
}

static bool is_line_end(const struct at_reader *reader, uint8_t octet)
{
	return octet == '\r' || octet == '\n' || (octet == SUB && reader->running && reader->prompted);
}

static enum at_kind add(struct at_reader *reader, uint8_t octet, struct at_item *item)
{
	const uint8_t last = reader->last;
	reader->last = octet;
	if (octet == '\0')
		return AT_NOTHING;
	if (is_line_end(reader, octet))
		return reader->holding == HOLDS_TEXT && last == '\r' ? AT_NOTHING : end_line(reader, item);
	if (reader->too_long)
		return AT_NOTHING;
	if (reader->after_prompt && (octet == ' ' || (octet == '>' && reader->running)))
		return AT_NOTHING;
	if (is_prompt(reader, octet))
		return prompt(reader, item);
	if (reader->len == 0 && reader->holding != HOLDS_TEXT && (octet == ESC || octet == SUB))
		return AT_NOTHING;          /* ours, come back */
	reader->after_prompt = false;
	if (reader->len == AT_LINE_MAX) {
		reader->too_long = true;
		return AT_NOTHING;
	}
	reader->line[reader->len++] = (char)octet;
	return AT_NOTHING;
}

/* The line end behind a PDU is missing: +CMGL: of the next entry follows its last digit, or +CMGS:
 * that of the echo. */
static bool runs_into(const struct at_reader *reader, uint8_t octet)
{
	if (octet != '+' || reader->too_long || reader->holding == HOLDS_TEXT ||
	    (reader->holding == HOLDS_HEADER && !reader->must_be_hex))
		return false;
	if (reader->prompted && reader->len && strlen(reader->payload) == reader->len &&
	    memcmp(reader->payload, reader->line, reader->len) == 0)
		return true;
	if (reader->len < PDU_LEAST)
		return false;
	for (size_t i = 0; i < reader->len; i++)
		if (!isxdigit((unsigned char)reader->line[i]))
			return false;
	return true;
}

enum at_kind at_reader_take(struct at_reader *reader, const uint8_t **at, size_t *len, struct at_item *item)
{
	*item = (struct at_item){ .code = -1 };
	if (reader->again) {
		reader->again = false;
		const enum at_kind kind = given(reader, judge(reader, item), item);
		if (kind != AT_NOTHING)
			return kind;
	}
	while (*len) {
		if (reader->spent)
			reader->len = 0;
		reader->spent = false;
		const bool ended = runs_into(reader, **at);
		const enum at_kind kind = ended ? end_line(reader, item) : add(reader, **at, item);
		*at += !ended;
		*len -= !ended;
		if (kind != AT_NOTHING)
			return kind;
	}
	return AT_NOTHING;
}

bool at_reader_holds(const struct at_reader *reader)
{
	return reader->holding != HOLDS_NOTHING;
}

enum at_kind at_reader_flush(struct at_reader *reader, struct at_item *item)
{
	*item = (struct at_item){ .code = -1 };
	if (reader->holding == HOLDS_NOTHING)
		return AT_NOTHING;
	item->kind = give_held(reader, item);
	return item->kind;
}
