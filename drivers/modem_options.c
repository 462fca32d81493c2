/* SPDX-License-Identifier: Apache-2.0 */
/* modem_options.c - what a link with driver = modem may say. */
#include "modem.h"

#include "action.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PIN_LEAST = 4, PIN_MOST = 8, IMEI_DIGITS = 15, CENTRE_DIGITS = 20, TIMEOUT_LEAST_MS = 100 };

/* "auto" is the first. */
static const char *const baud_words[] = {
	"auto", "4800", "9600", "19200", "38400", "57600", "115200", "230400", "460800", "921600", NULL,
};
static const char *const flow_words[] = {
	[FLOW_AUTO] = "auto", [FLOW_HARDWARE] = "hardware", [FLOW_SOFTWARE] = "software",
	[FLOW_NONE] = "none", NULL,
};
static const char *const mode_words[] = {
	[MODE_AUTO] = "auto", [MODE_PDU] = "pdu", [MODE_TEXT] = "text", NULL,
};
static const char *const receive_words[] = {
	[RECEIVE_STORAGE] = "storage", [RECEIVE_DIRECT] = "direct", [RECEIVE_OFF] = "off", NULL,
};

#define AT(member) .offset = offsetof(struct modem_options, member)

const struct conf_key modem_keys[] = {
	{ .name = "device", .type = CONF_TEXT, AT(device), .required = true,
	  .help = "the modem: /dev/serial/by-id/..., another path, tcp://host:port, or imei:DIGITS (looked for)" },
	{ .name = "baud", .type = CONF_WORD, AT(baud), .fallback = "auto", .words = baud_words,
	  .help = "rate of a serial line; auto: tried until the modem answers. USB modems have none" },
	{ .name = "flow", .type = CONF_WORD, AT(flow), .fallback = "auto", .words = flow_words,
	  .help = "flow control: hardware (RTS/CTS), software (XON/XOFF), none, or auto: hardware when the modem "
	  "raises CTS" },
	{ .name = "profile", .type = CONF_TEXT, AT(profile), .fallback = "auto",
	  .help = "habits of its maker: auto (by what it says of itself), generic, huawei, zte, quectel, simcom, "
	  "wavecom, siemens, telit, motorola, option, sagem, nordic, neoway" },
	{ .name = "pin", .type = CONF_PASSWORD, AT(pin),
	  .help = "PIN of the SIM, entered at most once; pin_file is safer; none: it is never entered" },
	{ .name = "pin_file", .type = CONF_PASSWORD_FILE, AT(pin_file),
	  .help = "file whose first line is the PIN" },
	{ .name = "state", .type = CONF_TEXT, AT(state), .fallback = "auto",
	  .help = "folder of the file that remembers a PIN that was refused; auto: where this user keeps state" },
	{ .name = "smsc", .type = CONF_TEXT, AT(smsc),
	  .help = "number of the message centre, like +447785016005; none: the SIM's" },
	{ .name = "own_number", .type = CONF_TEXT, AT(own_number),
	  .help = "number of the SIM: recipient of what comes in" },
	{ .name = "mode", .type = CONF_WORD, AT(mode), .fallback = "auto", .words = mode_words,
	  .help = "how messages are written: pdu, text (plain texts only), or auto: text when PDUs are refused" },
	{ .name = "receive", .type = CONF_WORD, AT(receive), .fallback = "storage", .words = receive_words,
	  .help = "storage: by way of the modem's storage, deleted once stored here; direct: acknowledged once "
	  "stored here; off" },
	{ .name = "storages", .type = CONF_LIST, AT(storages), .fallback = "",
	  .help = "which are looked through, like {\"SM\", \"ME\"}; none said: those that the modem has" },
	{ .name = "sweep", .type = CONF_SECONDS, AT(sweep), .fallback = "120", .min = 1, .max = 86400,
	  .help = "seconds between looks through its storages, for what it did not tell of" },
	{ .name = "reports", .type = CONF_SWITCH, AT(reports), .fallback = "on",
	  .help = "ask the network for a status report when the row wants a receipt" },
	{ .name = "message_service", .type = CONF_NUMBER, AT(message_service), .fallback = "-1", .min = -1, .max = 3,
	  .help = "way of messages (AT+CGSMS): 0 packet, 1 circuit, 2 packet preferred, 3 circuit preferred; -1: as "
	  "the modem has it" },
	{ .name = "init", .type = CONF_LIST, AT(init), .fallback = "",
	  .help = "more commands after the usual ones, like {\"AT+CNSMOD=1\"}" },

	{ .name = "balance", .type = CONF_TEXT, AT(balance),
	  .help = "USSD code that asks for the balance, like *100#; the answer is a row of inbox" },
	{ .name = "balance_every", .type = CONF_SECONDS, AT(balance_every), .fallback = "86400", .min = 60,
	  .max = 31536000, .help = "seconds between such checks" },

	{ .name = "command_timeout", .type = CONF_SECONDS, AT(command_timeout), .fallback = "10", .min = 0,
	  .max = 600, .help = "seconds for the answer to a usual command" },
	{ .name = "prompt_timeout", .type = CONF_SECONDS, AT(prompt_timeout), .fallback = "10", .min = 0,
	  .max = 600, .help = "seconds until the modem asks for the message" },
	{ .name = "result_timeout", .type = CONF_SECONDS, AT(result_timeout), .fallback = "180", .min = 0,
	  .max = 3600, .help = "seconds for what became of the message; then it is in doubt" },
	{ .name = "ussd_timeout", .type = CONF_SECONDS, AT(ussd_timeout), .fallback = "60", .min = 1,
	  .max = 3600, .help = "seconds for the network's answer to a USSD code" },
	{ .name = "registration_timeout", .type = CONF_SECONDS, AT(registration_timeout), .fallback = "300",
	  .min = 10, .max = 86400,
	  .help = "seconds without network after which the radio is switched off and on" },
	{ .name = "recovery_wait", .type = CONF_SECONDS, AT(recovery_wait), .fallback = "1", .min = 0, .max = 60,
	  .help = "seconds of which the waits at the start and in recovery are multiples: 2 while the SIM is busy, up "
	  "to 60 between tries" },
	{ .name = "dtr_reset", .type = CONF_SWITCH, AT(dtr_reset), .fallback = "on",
	  .help = "DTR is low for a second when the port is opened, which resets a modem that hangs" },
	{ .name = "power_hook", .type = CONF_TEXT, AT(power_hook),
	  .help = "command that switches the modem off and on, when nothing else helped" },

	ADDRESS_KEYS(offsetof(struct modem_options, addresses), 20),
	{ .name = "status", .type = CONF_LIST, AT(status), .fallback = "",
	  .help = "what to do at a number of +CMS ERROR in place of the usual, like \"38 = fail\": retry, few, "
	  "fail, throttle, rebind, hold" },
	{ .name = NULL },
};

unsigned modem_baud(const struct modem_options *options)
{
	return options->baud ? (unsigned)strtoul(baud_words[options->baud], NULL, 10) : 0;
}

bool modem_set_baud(struct modem_options *options, long baud)
{
	options->baud = 0;
	while (baud && baud_words[options->baud] && (long)modem_baud(options) != baud)
		options->baud++;
	return baud_words[options->baud] != NULL;
}

const char *modem_pin(const struct modem_options *options)
{
	return *options->pin_file ? options->pin_file : options->pin;
}

static bool are_digits(const char *at, size_t least, size_t most)
{
	const size_t n = strspn(at, "0123456789");
	return !at[n] && n >= least && n <= most;
}

bool modem_check_device(const char *device, struct conf_error *err)
{
	if (*device == '/' && device[1])
		return true;
	if (strncmp(device, "tcp://", 6) == 0) {
		const char *const host = device + 6, *const port = memrchr(host, ':', strlen(host));
		if (port && port > host && are_digits(port + 1, 1, 5) && strtol(port + 1, NULL, 10) <= 65535)
			return true;
	}
	if (strncmp(device, "imei:", 5) == 0 && are_digits(device + 5, IMEI_DIGITS, IMEI_DIGITS))
		return true;
	return conf_fail(err, "device = \"%.80s\" is no path, no tcp://host:port, and no imei: with %d digits",
	    device, IMEI_DIGITS);
}

static bool check_pin(const struct modem_options *options, struct conf_error *err)
{
	const char *pin = modem_pin(options);
	if (*options->pin && *options->pin_file)
		return conf_fail(err, "pin and pin_file are both given: keep one");
	if (*pin && !are_digits(pin, PIN_LEAST, PIN_MOST))
		return conf_fail(err, "the PIN is not %d to %d digits", PIN_LEAST, PIN_MOST);
	return true;
}

static bool check_storages(const struct conf_list *storages, struct conf_error *err)
{
	static const char *const known[] = { "SM", "ME", "MT", "SR", NULL };
	for (size_t i = 0; i < storages->n && *storages->items[i]; i++) {
		size_t at = 0;
		while (known[at] && strcmp(known[at], storages->items[i]) != 0)
			at++;
		if (!known[at])
			return conf_fail(err, "storages: \"%.20s\" is none of SM, ME, MT, SR", storages->items[i]);
	}
	return true;
}

/* They are sent as they stand. What enters a PIN, or begins a message, is not theirs to do. */
static bool check_init(const struct conf_list *init, struct conf_error *err)
{
	static const char *const barred[] = { "AT+CPIN", "AT+CPWD", "AT+CLCK", "AT+CMGS", "AT+CMGW", "AT+CMSS", NULL };
	for (size_t i = 0; i < init->n && *init->items[i]; i++) {
		const char *line = init->items[i];
		if (strncasecmp(line, "AT", 2) != 0 || strlen(line) >= AT_LINE_MAX / 2)
			return conf_fail(err, "init: \"%.40s\" does not begin with AT, or is too long", line);
		for (const char *at = line; *at; at++)
			if (!isprint((unsigned char)*at))
				return conf_fail(err, "init: \"%.40s\" has characters that no command has", line);
		for (size_t k = 0; barred[k]; k++)
			if (strncasecmp(line, barred[k], strlen(barred[k])) == 0)
				return conf_fail(err, "init: %s is not for here%s", barred[k],
				    k < 3 ? "; the PIN stands in pin_file" : "");
	}
	return true;
}

static bool check_profile(const char *name, struct conf_error *err)
{
	char known[200] = "auto";
	if (strcmp(name, "auto") == 0 || modem_profile_named(name))
		return true;
	for (size_t i = 0, n = strlen(known); modem_profiles[i].name && n < sizeof known; i++)
		n += (size_t)snprintf(known + n, sizeof known - n, ", %s", modem_profiles[i].name);
	return conf_fail(err, "profile = \"%.40s\": there is none of that name; one of %s", name, known);
}

static bool check_balance(const struct modem_options *options, struct conf_error *err)
{
	const char *code = options->balance;
	if (!*code)
		return true;
	if (strspn(code, "0123456789*#") != strlen(code) || !strchr("*#", *code) || code[strlen(code) - 1] != '#' ||
	    strlen(code) > 40)
		return conf_fail(err, "balance = \"%.40s\" is no USSD code, like *100#", code);
	return true;
}

static bool check_timeouts(const struct modem_options *options, struct conf_error *err)
{
	const struct { const char *key; long ms; } timeouts[] = { { "command_timeout", options->command_timeout },
		{ "prompt_timeout", options->prompt_timeout }, { "result_timeout", options->result_timeout } };
	for (size_t i = 0; i < sizeof timeouts / sizeof *timeouts; i++)
		if (timeouts[i].ms < TIMEOUT_LEAST_MS)
			return conf_fail(err, "%s is too short for any modem: at least 0.1", timeouts[i].key);
	return true;
}

bool modem_check(const void *at, struct conf_error *err)
{
	const struct modem_options *options = at;
	const char *centre = options->smsc;
	if (*centre && !are_digits(centre + (*centre == '+'), 1, CENTRE_DIGITS))
		return conf_fail(err, "smsc = \"%.40s\" is no number, like +447785016005", centre);
	if (strlen(options->own_number) >= ADDRESS_MAX)
		return conf_fail(err, "own_number = \"%.40s\" is longer than %d characters", options->own_number, ADDRESS_MAX - 1);
	return modem_check_device(options->device, err) && check_pin(options, err) &&
	    check_profile(options->profile, err) && check_storages(&options->storages, err) &&
	    check_init(&options->init, err) && check_balance(options, err) && check_timeouts(options, err) &&
	    addresses_check(&options->addresses, err) && action_check(&options->status, "38 = fail", err);
}
