/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sim_options.c - the flags of smsc-sim: one table, read by the parser and by --help.
 *
 * A row names a flag, the kind of its value and the member it sets. Defaults
 * are texts in the same row and go through the same reader as argv does, so
 * that what --help prints is what holds.
 */
#include "sim_options.h"

#include "sim_modem.h"
#include "sim_status.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum kind {
	TEXT, NUMBER, REAL, SHARE, SPAN, SWITCH, FLAG, LIST, PAIR_LIST, LISTS, ERRORS, ID_FORM, SESSIONS, DOOR,
};

struct row {
	const char *flag, *value;       /* value: NULL for a flag that takes none */
	enum kind kind;
	size_t member;
	const char *otherwise;          /* the default as it would be typed; NULL: none */
	const char *help;
};

#define M(member) offsetof(struct sim_options, member)

static const struct row rows[] = {
	{ "--smpp", "PORT", DOOR, M(smpp), "0",
	  "listen for SMPP here; 0 takes a free port" },
	{ "--ucp", "PORT", DOOR, M(ucp), NULL, "listen for EMI/UCP, too" },
	{ "--cimd2", "PORT", DOOR, M(cimd2), NULL, "listen for CIMD2, too" },
	{ "--modem", "PATH", LIST, M(modems), NULL,
	  "be a GSM modem at this path, too, a terminal (repeatable); %d becomes 1 to --modem-count" },
	{ "--modem-count", "N", NUMBER, M(modem_count), "1", "so many modems for a path with %d" },
	{ "--modem-profile", "NAME", LIST, M(modem_profiles), NULL,
	  "what a maker's modems do: see below (repeatable)" },
	{ "--modem-script", "FILE", LIST, M(modem_scripts), NULL,
	  "lines that say what a modem is to do, and when: MODEM SCRIPTS in smsc-sim(1) (repeatable)" },
	{ "--modem-control", "PATH", TEXT, M(modem_control), NULL,
	  "make a pipe here, and do what is written into it: lines as of --modem-script" },
	{ "--modem-pin", "PIN", TEXT, M(modem_pin), "", "what opens the SIM; none is wanted without it" },
	{ "--modem-delay", "S", REAL, M(modem_delay), "0", "seconds a message takes a modem" },
	{ "--listen", "ADDRESS", TEXT, M(listen), "127.0.0.1", "listen on this address" },
	{ "--account", "ID:PASSWORD", PAIR_LIST, M(accounts), NULL,
	  "who may bind, or log in (repeatable); without it anybody may, in UCP also without a login" },
	{ "--speak", "VERSION", NUMBER, M(speaks), "0x34",
	  "0x33 announces none and knows no transceiver; 0x34, 0x50" },
	{ "--max-binds", "N", NUMBER, M(max_binds), "0",
	  "more binds of an account at a time are refused with ESME_RALYBND; 0: no limit" },
	{ "--window", "N", NUMBER, M(window), "0",
	  "more unanswered submits on a bind are throttled, and CIMD2 logins that ask for more refused; 0: no limit" },
	{ "--no-window", NULL, FLAG, M(no_window), NULL, "CIMD2: refuse logins that ask for a window (105)" },
	{ "--nack-every", "N", NUMBER, M(nack_every), "0",
	  "CIMD2: take every Nth request for damaged, and answer nack; 0: none" },
	{ "--rate", "N", NUMBER, M(rate), "0",
	  "more submits a second of an account are throttled (bucket of one second); 0: no limit" },
	{ "--response-delay", "MS[:JITTER]", SPAN, M(response_delay), "0", "answer submits so late" },
	{ "--receipts", "on|off", SWITCH, M(receipts), "on",
	  "send the receipts that registered_delivery asks for" },
	{ "--receipt-delay", "MS[:JITTER]", SPAN, M(receipt_delay), "0",
	  "from the response to the receipt" },
	{ "--early-receipts", "SHARE", SHARE, M(early_receipts), "0",
	  "so many receipts leave before their submit's response" },
	{ "--undelivered", "SHARE", SHARE, M(undelivered), "0", "so many receipts say UNDELIV" },
	{ "--expired", "SHARE", SHARE, M(expired), "0", "so many receipts say EXPIRED" },
	{ "--rejected", "SHARE", SHARE, M(rejected), "0", "so many receipts say REJECTD" },
	{ "--undeliverable", "NUMBER", LIST, M(undeliverable), NULL,
	  "receipts of this recipient say UNDELIV err:001 (repeatable)" },
	{ "--fail", "NUMBER", LIST, M(fail), NULL,
	  "refuse submits to this recipient with ESME_RINVDSTADR (repeatable)" },
	{ "--list", "NAME=NUMBER,NUMBER", LISTS, M(lists), NULL,
	  "a distribution list that submit_multi may name (repeatable)" },
	{ "--fail-area", "NAME", LIST, M(fail_area), NULL,
	  "refuse this area of a broadcast_sm (repeatable)" },
	{ "--error", "STATUS:SHARE", ERRORS, M(errors), NULL,
	  "answer so many submits with this status, as 0x58:0.1 (repeatable); see below for UCP and CIMD2" },
	{ "--drop-responses", "SHARE", SHARE, M(drop_responses), "0",
	  "take so many submits and never answer them" },
	{ "--late", "SHARE", SHARE, M(late), "0", "answer so many submits later, by --late-delay" },
	{ "--late-delay", "MS[:JITTER]", SPAN, M(late_delay), "3000", "how much later" },
	{ "--disconnect-every", "N", NUMBER, M(disconnect_every), "0",
	  "cut the connection at every Nth accepted submit; its answer is lost; 0: never" },
	{ "--disconnect-seconds", "S", REAL, M(disconnect_seconds), "0",
	  "cut every connection each so many seconds; 0: never" },
	{ "--inbound", "RATE", REAL, M(inbound_rate), "0",
	  "send so many inbound messages a second; 0: --inbound-count at once" },
	{ "--inbound-count", "N", NUMBER, M(inbound_count), "0", "stop after so many; 0: no end" },
	{ "--inbound-from", "NUMBER", TEXT, M(inbound_from), "447700900001",
	  "their sender; %d becomes 1, 2, ..." },
	{ "--inbound-to", "NUMBER", TEXT, M(inbound_to), "12345", "their recipient, likewise" },
	{ "--inbound-text", "TEXT", TEXT, M(inbound_text), "inbound %d",
	  "their text, likewise: GSM 7-bit or UCS-2, split when it is long" },
	{ "--inbound-long", "N", NUMBER, M(inbound_long), "0",
	  "repeat the text of every Nth until it has more than 160 octets; 0: of none" },
	{ "--inject", "FILE", TEXT, M(inject), NULL,
	  "send the messages of this file, a JSON object a line, to the first who receives" },
	{ "--outbind", "WHOM", TEXT, M(outbind), NULL,
	  "ADDRESS:PORT[,ID,PASSWORD]: connect there, send outbind, and await a bind; again and again" },
	{ "--ucp-call", "WHOM", TEXT, M(ucp_call), NULL,
	  "ADDRESS:PORT[,ID]: connect there and deliver that account's messages over UCP, and on no login" },
	{ "--outbind-wrong-password", NULL, FLAG, M(outbind_wrong_password),
	  NULL, "say another one" },
	{ "--alerts", "N", NUMBER, M(alerts), "0",
	  "send so many alert_notification to the first who receives" },
	{ "--ussd", "N", NUMBER, M(ussd), "0",
	  "so many handsets dial --ussd-code over USSD, and answer what they are asked" },
	{ "--ussd-code", "CODE", TEXT, M(ussd_code), "*123#", "what they dial" },
	{ "--ussd-from", "NUMBER", TEXT, M(ussd_from), "447700901001", "the first one's number; then the next" },
	{ "--ussd-input", "LINE,...", TEXT, M(ussd_input), "1,2,3",
	  "what a handset enters, a line for each request; then the first again" },
	{ "--ussd-release", "N", NUMBER, M(ussd_release), "0",
	  "it releases the dialogue in place of its Nth answer; 0: never" },
	{ "--ussd-sessions", "HOW", SESSIONS, M(ussd_unnumbered), "its_session_info",
	  "what names a dialogue: its_session_info or none" },
	{ "--echo", NULL, FLAG, M(echo), NULL,
	  "send back what is submitted: source and destination swapped, the same octets" },
	{ "--no-commands", NULL, FLAG, M(no_commands), NULL,
	  "know no query_sm, cancel_sm and replace_sm: generic_nack ESME_RINVCMDID" },
	{ "--silent-commands", NULL, FLAG, M(silent_commands), NULL, "take them and never answer" },
	{ "--deliver-window", "N", NUMBER, M(deliver_window), "1000",
	  "unanswered deliver_sm of a bind" },
	{ "--deliver-timeout", "MS", NUMBER, M(deliver_timeout_ms), "30000",
	  "an unanswered deliver_sm is sent again after so long" },
	{ "--deliver-retry", "MS", NUMBER, M(deliver_retry_ms), "1000",
	  "one answered with a passing error is sent again after so long" },
	{ "--id-form", "FORM", ID_FORM, M(id_form), "decimal",
	  "decimal, hex, hex-receipt-decimal, padded, upper or uuid; of SMPP" },
	{ "--same-second", NULL, FLAG, M(same_second), NULL,
	  "UCP, CIMD2: time stamps are the clock's; else a second later for each message, so that ids differ" },
	{ "--seed", "N", NUMBER, M(seed), "1",
	  "chance and message ids follow from it: ids begin at N times 1000000000" },
	{ "--record", "FILE", TEXT, M(record), NULL,
	  "a line for each accepted submit, each state sent and each delivery acknowledged" },
	{ "--record-json", "FILE", TEXT, M(record_json), NULL,
	  "a JSON object a line for each accepted submit: its fields, octets and message_id" },
	{ "--record-times", "FILE", TEXT, M(record_times), NULL,
	  "a line for each accepted submit: when it came, in Unix milliseconds, and its recipient" },
	{ "--counts", "FILE", TEXT, M(counts), NULL, "write the counts there too" },
	{ "--doubles", "FILE", TEXT, M(doubles), NULL,
	  "a line for each double: recipient and text" },
	{ "--quiet", NULL, FLAG, M(quiet), NULL, "say nothing on standard error" },
	{ "--version", NULL, FLAG, M(version), NULL, "print the version and exit" },
	{ "--help", NULL, FLAG, M(help), NULL, "print this and exit" },
};

static const char *const id_forms[] = {
	[SIM_ID_DECIMAL] = "decimal", [SIM_ID_HEX] = "hex",
	[SIM_ID_HEX_RECEIPT_DECIMAL] = "hex-receipt-decimal", [SIM_ID_PADDED] = "padded",
	[SIM_ID_UPPER] = "upper", [SIM_ID_UUID] = "uuid",
};

static const char about[] =
	"Usage: smsc-sim [FLAG VALUE]...\n"
	"A message centre for tests (SMPP, UCP, CIMD2, modems): it answers, misbehaves as told, and counts.\n"
	"Prints \"READY smpp=PORT\" when it listens, with ucp=PORT, cimd2=PORT and modem=PATH if asked for. SIGUSR1 prints the counts as one line of\n"
	"JSON, SIGTERM and SIGINT print them and end it. Exit status 2: wrong usage, or a wrong\n"
	"line in the file of --inject.\n\n";

static const char notes[] =
	"\n"
	"Counts: an accepted submit is known by recipient, part and text. The first counts for\n"
	"its message (\"messages\": whole ones), each further one is a double. Give every message\n"
	"of a crash test its own recipient or text.\n"
	"--record writes  ID RECIPIENT REF/PART/PARTS HASH  for a submit (HASH: FNV-1a, 64 bits,\n"
	"of the text's octets without its header),  ID STATE  for a receipt sent, and  acked\n"
	"receipt ID  or  acked inbound NUMBER/PART  for one that was acknowledged.\n"
	"--inject reads objects with the members that --record-json writes, and \"text\" (UTF-8)\n"
	"in place of \"short_message\" (hexadecimal), which is encoded as data_coding says: 0 is\n"
	"GSM 7-bit, 8 UTF-16BE. \"source\" and \"destination\" have to be there.\n"
	"In UCP and CIMD2 all flags are as in SMPP, and messages are recorded with SMPP's members; but for\n"
	"alerts, outbind and USSD, which these protocols do not have. A status of SMPP is this error there:\n";

static bool read_number(const char *text, unsigned *out)
{
	char *end;
	errno = 0;
	unsigned long value = strtoul(text, &end, 0);
	if (errno || end == text || *end || *text == '-' || value > UINT32_MAX)
		return false;
	*out = (unsigned)value;
	return true;
}

static bool read_real(const char *text, double *out)
{
	char *end;
	*out = strtod(text, &end);
	return end != text && !*end && isfinite(*out) && *out >= 0;
}

static bool read_share(const char *text, double *out)
{
	return read_real(text, out) && *out <= 1;
}

/* "MS" or "MS:JITTER" */
static bool read_span(const char *text, struct sim_span *out)
{
	char head[16];
	const char *colon = strchr(text, ':');
	*out = (struct sim_span){ 0 };
	if (!colon)
		return read_number(text, &out->ms);
	if ((size_t)(colon - text) >= sizeof head)
		return false;
	snprintf(head, sizeof head, "%.*s", (int)(colon - text), text);
	return read_number(head, &out->ms) && read_number(colon + 1, &out->jitter_ms);
}

/* "STATUS:SHARE" */
static bool read_error(const char *text, struct sim_errors *errors)
{
	char head[16];
	unsigned status;
	const char *colon = strchr(text, ':');
	if (!colon || (size_t)(colon - text) >= sizeof head || errors->n == SIM_LIST_MAX)
		return false;
	snprintf(head, sizeof head, "%.*s", (int)(colon - text), text);
	struct sim_error *error = &errors->at[errors->n];
	if (!read_number(head, &status) || !status || !read_share(colon + 1, &error->share))
		return false;
	error->status = status;
	errors->n++;
	return true;
}

static bool read_list(const char *text, struct sim_list *list)
{
	if (list->n == SIM_LIST_MAX || !*text)
		return false;
	list->at[list->n++] = text;
	return true;
}

static bool read_id_form(const char *text, enum sim_id_form *out)
{
	for (size_t i = 0; i < sizeof id_forms / sizeof *id_forms; i++) {
		if (strcmp(text, id_forms[i]) == 0) {
			*out = (enum sim_id_form)i;
			return true;
		}
	}
	return false;
}

static bool read_door(const char *text, struct sim_door *out)
{
	out->open = true;
	return read_number(text, &out->port);
}

static bool read_switch(const char *text, bool *out)
{
	*out = strcmp(text, "on") == 0;
	return *out || strcmp(text, "off") == 0;
}

static bool read_sessions(const char *text, bool *unnumbered)
{
	*unnumbered = strcmp(text, "none") == 0;
	return *unnumbered || strcmp(text, "its_session_info") == 0;
}

static bool row_read(const struct row *row, struct sim_options *options, const char *text)
{
	void *member = (char *)options + row->member;
	switch (row->kind) {
	case TEXT: *(const char **)member = text; return true;
	case NUMBER: return read_number(text, member);
	case REAL: return read_real(text, member);
	case SHARE: return read_share(text, member);
	case SPAN: return read_span(text, member);
	case SWITCH: return read_switch(text, member);
	case FLAG: *(bool *)member = true; return true;
	case LIST: return read_list(text, member);
	case PAIR_LIST: return strchr(text, ':') && *text != ':' && read_list(text, member);
	case LISTS: return strchr(text, '=') && *text != '=' && read_list(text, member);
	case ERRORS: return read_error(text, member);
	case ID_FORM: return read_id_form(text, member);
	case SESSIONS: return read_sessions(text, member);
	case DOOR: return read_door(text, member);
	}
	return false;
}

static const struct row *row_find(const char *flag, size_t len)
{
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		if (strlen(rows[i].flag) == len && strncmp(rows[i].flag, flag, len) == 0)
			return &rows[i];
	return NULL;
}

static bool complain(const char *what, const char *flag)
{
	fprintf(stderr, "smsc-sim: %s: %s (see smsc-sim --help)\n", flag, what);
	return false;
}

/* Reads argv[*at], and its value from "--flag=value" or the next word. */
static bool read_word(struct sim_options *options, int argc, char **argv, int *at)
{
	const char *word = argv[*at];
	const char *equals = strchr(word, '=');
	const struct row *row = row_find(word, equals ? (size_t)(equals - word) : strlen(word));
	if (!row)
		return complain("no such flag", word);
	const char *value = equals ? equals + 1 : NULL;
	if (!row->value && value)
		return complain("takes no value", row->flag);
	if (row->value && !value) {
		if (*at + 1 >= argc)
			return complain("wants a value", row->flag);
		value = argv[++*at];
	}
	return row_read(row, options, value) || complain("cannot use this value", row->flag);
}

static bool judge(const struct sim_options *options)
{
	if (options->smpp.port > UINT16_MAX)
		return complain("is above 65535", "--smpp");
	if (options->ucp.port > UINT16_MAX)
		return complain("is above 65535", "--ucp");
	if (options->cimd2.port > UINT16_MAX)
		return complain("is above 65535", "--cimd2");
	if (options->undelivered + options->expired + options->rejected > 1.000001)
		return complain("adds up to more than 1 with the others", "--undelivered");
	if (!options->deliver_window || options->deliver_window > 10000)
		return complain("is 1 to 10000", "--deliver-window");
	if (options->modem_count > 1000)
		return complain("is above 1000", "--modem-count");
	for (size_t i = 0; i < options->modem_profiles.n; i++)
		if (!sim_modem_profile(options->modem_profiles.at[i]))
			return complain("there is no such profile", options->modem_profiles.at[i]);
	return true;
}

bool sim_options_read(struct sim_options *options, int argc, char **argv)
{
	*options = (struct sim_options){ 0 };
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		if (rows[i].otherwise && !row_read(&rows[i], options, rows[i].otherwise))
			return complain("has a default that cannot be read", rows[i].flag);
	for (int at = 1; at < argc; at++)
		if (!read_word(options, argc, argv, &at))
			return false;
	return judge(options);
}

void sim_options_help(void)
{
	fputs(about, stdout);
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		char left[64];
		snprintf(left, sizeof left, "%s %s", rows[i].flag, rows[i].value ? rows[i].value : "");
		printf("  %-28s %s", left, rows[i].help);
		if (rows[i].otherwise)
			printf(" [%s]", rows[i].otherwise);
		putchar('\n');
	}
	fputs("\nProfiles of modems:", stdout);
	for (const char *const *name = sim_modem_profiles; *name; name++)
		printf(" %s", *name);
	putchar('\n');
	fputs(notes, stdout);
	status_help();
}
