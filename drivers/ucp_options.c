/* SPDX-License-Identifier: Apache-2.0 */
/* ucp_options.c - what a link with driver = ucp may say. */
#include "ucp.h"

#include "door.h"

#include <stdio.h>
#include <string.h>

enum { PASSWORD_MAX = 16 };

static const char *const alphabet_words[] = {
	[UCP_GSM7] = "gsm7", [UCP_ASCII] = "ascii", [UCP_ISO21DE] = "iso21de", [UCP_LATIN1] = "latin1", NULL,
};
static const char *const password_words[] = { "ascii", "gsm7", NULL };
static const char *const plus_words[] = {
	[UCP_PLUS_00] = "00", [UCP_PLUS_STRIP] = "strip", [UCP_PLUS_KEEP] = "keep", NULL,
};
static const char *const receipts_words[] = {
	[UCP_RECEIPTS_FINAL] = "final", [UCP_RECEIPTS_FAILURE] = "failure",
	[UCP_RECEIPTS_SUCCESS] = "success", NULL,
};
static const char *const window_words[] = { [UCP_WINDOW_COUNT] = "count", [UCP_WINDOW_SPAN] = "span", NULL };
static const char *const timeout_words[] = {
	[UCP_TIMEOUT_WAIT] = "wait", [UCP_TIMEOUT_RECONNECT] = "reconnect", NULL,
};

#define AT(member) .offset = offsetof(struct ucp_options, member)

const struct conf_key ucp_keys[] = {
	STX_KEYS(offsetof(struct ucp_options, stx)),
	{ .name = "host_return", .type = CONF_SECONDS, AT(host_return), .fallback = "300", .min = 0,
	  .max = 86400,
	  .help = "seconds at a later host of the list before an earlier one is tried again; 0: never" },
	{ .name = "listen", .type = CONF_TEXT, AT(listen),
	  .help = "await message centres that connect to us, at this port or address:port" },
	{ .name = "listen_from", .type = CONF_LIST, AT(listen_from),
	  .help = "addresses and networks that may do so" },
	{ .name = "listen_sends", .type = CONF_SWITCH, AT(listen_sends), .fallback = "off",
	  .help = "send messages over these connections, too" },

	{ .name = "username", .type = CONF_TEXT, AT(username),
	  .help = "large account, up to 16 characters: the name at the login" },
	{ .name = "password", .type = CONF_PASSWORD, AT(password),
	  .help = "its password; password_file is safer; none: there is no login" },
	{ .name = "password_file", .type = CONF_PASSWORD_FILE, AT(password_file),
	  .help = "file whose first line is the password" },
	{ .name = "new_password_file", .type = CONF_PASSWORD_FILE, AT(new_password_file),
	  .help = "file whose first line is to be the password from the next login on: the provider is told so" },
	{ .name = "login", .type = CONF_SWITCH, AT(login), .fallback = "on",
	  .help = "log in with operation 60, when there is a password" },
	{ .name = "oton", .type = CONF_TEXT, AT(oton), .fallback = "6",
	  .help = "type of the account's number: 1 international, 2 national, 6 abbreviated" },
	{ .name = "onpi", .type = CONF_TEXT, AT(onpi), .fallback = "5",
	  .help = "its numbering plan: 1 E.164, 3 X.121, 5 private" },
	{ .name = "opid", .type = CONF_TEXT, AT(opid),
	  .help = "what we are, if the provider asks: 00 a handset, 39 a computer" },
	{ .name = "password_alphabet", .type = CONF_WORD, AT(password_alphabet), .fallback = "ascii",
	  .words = password_words, .help = "what the password is written in" },
	{ .name = "stop_on_auth_failure", .type = CONF_SWITCH, AT(stop_on_auth_failure), .fallback = "off",
	  .help = "a login refused for username or password is not tried again before the operator says so" },
	{ .name = "alert", .type = CONF_SWITCH, AT(alert), .fallback = "off",
	  .help = "ask for what waits for us after each login (operation 31)" },
	{ .name = "alert_pid", .type = CONF_TEXT, AT(alert_pid), .fallback = "0539",
	  .help = "what we are, in operation 31: 0539 a computer with TCP/IP" },
	{ .name = "keepalive_exclusive", .type = CONF_SWITCH, AT(keepalive_exclusive), .fallback = "off",
	  .help = "operation 31 only when nothing else is unanswered, and nothing else until it is answered" },
	{ .name = "sessions", .type = CONF_NUMBER, AT(sessions), .fallback = "1", .min = 1,
	  .max = UCP_SESSIONS_MAX, .help = "how many, each with its window; the load is spread over them" },
	{ .name = "window", .type = CONF_NUMBER, AT(window), .fallback = "10", .min = 1, .max = UCP_TRNS,
	  .help = "parts sent and not yet answered; what the provider allows" },
	{ .name = "window_mode", .type = CONF_WORD, AT(window_mode), .fallback = "count",
	  .words = window_words,
	  .help = "count: so many unanswered; span: from the oldest of them on" },
	{ .name = "response_timeout", .type = CONF_SECONDS, AT(response_timeout), .fallback = "60",
	  .min = 1, .max = 3600, .help = "seconds for the answer to a message; then it is in doubt" },
	{ .name = "on_timeout", .type = CONF_WORD, AT(on_timeout), .fallback = "wait",
	  .words = timeout_words,
	  .help = "what then: wait for the others, until three have none; or reconnect at once" },
	{ .name = "inactivity", .type = CONF_SECONDS, AT(inactivity), .fallback = "0", .min = 0, .max = 86400,
	  .help = "seconds without a message either way after which a session is opened anew; 0: never" },

	ADDRESS_KEYS(offsetof(struct ucp_options, addresses), 16),
	{ .name = "plus", .type = CONF_WORD, AT(plus), .fallback = "00", .words = plus_words,
	  .help = "how recipients abroad begin: with 00, with nothing (strip), or with + (keep)" },
	{ .name = "own_number", .type = CONF_TEXT, AT(own_number),
	  .help = "recipient of what comes in, and sender of messages that have none" },
	{ .name = "alphabet", .type = CONF_WORD, AT(alphabet), .fallback = "gsm7", .words = alphabet_words,
	  .help = "what texts are written in, both ways" },
	{ .name = "receipts", .type = CONF_WORD, AT(receipts), .fallback = "final", .words = receipts_words,
	  .help = "which receipts to ask for: final, failure alone, or success alone" },
	{ .name = "notifications", .type = CONF_SWITCH, AT(notifications), .fallback = "off",
	  .help = "ask for notifications on the way, too" },
	{ .name = "notification_address", .type = CONF_TEXT, AT(notification_address),
	  .help = "where receipts go to (NAdC), when it is not where the message is from" },
	{ .name = "notification_pid", .type = CONF_TEXT, AT(notification_pid),
	  .help = "what that is (NPID): 0100 a handset, 0539 a computer with TCP/IP" },
	{ .name = "ac", .type = CONF_TEXT, AT(ac),
	  .help = "authentication code of every message, if the provider names one" },
	{ .name = "tlvs", .type = CONF_LIST, AT(tlvs), .fallback = "",
	  .help = "parameters of every message, unless the row says them, like \"billing_id = EUR199\": "
	  "lrad, lpid, billing_id, single_shot, xser_03 to xser_FF" },
	{ .name = "data_class", .type = CONF_NUMBER, AT(data_class), .fallback = "-1", .min = -1, .max = 3,
	  .help = "class of octets that have none, in place of a data coding; -1: none" },
	{ .name = "more_messages", .type = CONF_SWITCH, AT(more_messages), .fallback = "off",
	  .help = "tell the network that more parts follow, so that it keeps the channel open" },
	{ .name = "short_operations", .type = CONF_SWITCH, AT(short_operations), .fallback = "off",
	  .help = "take operations that lack their last, reserved fields" },
	{ .name = "time_zone", .type = CONF_TEXT, AT(time_zone), .fallback = "local",
	  .help = "of the provider's clock, like +01:00; local: as this machine has it" },
	{ .name = "status", .type = CONF_LIST, AT(status), .fallback = "",
	  .help = "what to do at an error code in place of the usual, like \"24 = fail\": retry, few, "
	  "fail, throttle, rebind, hold" },
	{ .name = NULL },
};

const char *ucp_password(const struct ucp_options *options)
{
	return *options->password_file ? options->password_file : options->password;
}

bool ucp_logs_in(const struct ucp_options *options)
{
	return options->login && *ucp_password(options);
}

void ucp_door(const struct ucp_options *options, struct door_settings *door)
{
	*door = (struct door_settings){
		.name = "call", .listen = options->listen, .listen_from = options->listen_from,
		.tls = &options->stx.tls, .caller_timeout = options->stx.login_timeout,
		.pdu_timeout = options->stx.frame_timeout, .write_timeout = options->stx.write_timeout,
	};
}

/* What goes into fields as it stands. */
static bool check_fields(const struct ucp_options *options, struct conf_error *err)
{
	const struct { const char *name, *value; enum ucp_field field; } fields[] = {
		{ "own_number", options->own_number, UCP_ADC },
		{ "notification_address", options->notification_address, UCP_NADC },
		{ "notification_pid", options->notification_pid, UCP_NPID }, { "ac", options->ac, UCP_AC },
		{ "username", options->username, UCP_AC }, { "oton", options->oton, UCP_NRQ },
		{ "onpi", options->onpi, UCP_NRQ }, { "opid", options->opid, UCP_LPID },
		{ "alert_pid", options->alert_pid, UCP_NPID },
	};
	for (size_t i = 0; i < sizeof fields / sizeof *fields; i++) {
		const struct ucp_form *form = &ucp_forms[fields[i].field];
		if (!ucp_fits(fields[i].field, fields[i].value))
			return conf_fail(err, "%s = \"%.40s\" is not up to %u %s", fields[i].name, fields[i].value,
			    form->most, form->format == UCP_NUM ? "digits" : "characters without a slash");
	}
	return true;
}

bool ucp_check(const void *at, struct conf_error *err)
{
	const struct ucp_options *options = at;
	struct door_settings door;
	if (*options->password && *options->password_file)
		return conf_fail(err, "password and password_file are both given: keep one");
	if (strlen(ucp_password(options)) > PASSWORD_MAX || strlen(options->new_password_file) > PASSWORD_MAX)
		return conf_fail(err, "the password is longer than %d characters", PASSWORD_MAX);
	if (ucp_logs_in(options) && !*options->username)
		return conf_fail(err, "username is missing, to log in with the password");
	if (!ucp_zone_is_good(options->time_zone))
		return conf_fail(err, "time_zone = \"%.20s\" is no distance from UTC: like \"+01:00\"; or local",
		    options->time_zone);
	ucp_door(options, &door);
	return door_check(&door, options->stx.host.n, err) &&
	    stx_check(&options->stx, !*options->listen, err) && check_fields(options, err) &&
	    addresses_check(&options->addresses, err) && ucp_tlvs_check(options, err) && ucp_actions_check(options, err);
}
