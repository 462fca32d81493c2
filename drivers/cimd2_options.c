/* SPDX-License-Identifier: Apache-2.0 */
/* cimd2_options.c - what a link with driver = cimd2 may say. */
#include "cimd2.h"

#include "action.h"
#include "cimd2_text.h"
#include "zone.h"

#include <string.h>

enum { LOGIN_MAX = 32, SENDER_PREFIX_MAX = 20 };

static const char *const sender_words[] = {
	[CIMD2_SENDER_KEEP] = "keep", [CIMD2_SENDER_STRIP] = "strip", [CIMD2_SENDER_NEVER] = "never", NULL,
};
static const char *const width_words[] = { [CIMD2_SEVEN_BITS] = "7", [CIMD2_EIGHT_BITS] = "8", NULL };
static const char *const validity_words[] = {
	[CIMD2_VALIDITY_IS_RELATIVE] = "relative", [CIMD2_VALIDITY_IS_ABSOLUTE] = "absolute", NULL,
};
static const char *const clock_words[] = {
	[CIMD2_CLOCK_ZONE] = "zone", [CIMD2_CLOCK_CENTRE] = "centre", NULL,
};
static const char *const failure_words[] = {
	[CIMD2_STORE_SILENT] = "silent", [CIMD2_STORE_710] = "710", NULL,
};

#define AT(member) .offset = offsetof(struct cimd2_options, member)
const struct conf_key cimd2_keys[] = {
	STX_KEYS(offsetof(struct cimd2_options, stx)),
	{ .name = "host_return", .type = CONF_SECONDS, AT(host_return), .fallback = "300", .min = 0,
	  .max = 86400, .help = "seconds until an earlier host of the list is tried again; 0: never" },
	{ .name = "username", .type = CONF_TEXT, AT(username), .required = true,
	  .help = "as the provider calls us, up to 32 characters" },
	{ .name = "password", .type = CONF_PASSWORD, AT(password),
	  .help = "its password; password_file is safer" },
	{ .name = "password_file", .type = CONF_PASSWORD_FILE, AT(password_file),
	  .help = "file whose first line is the password" },
	{ .name = "new_password_file", .type = CONF_PASSWORD_FILE, AT(new_password_file),
	  .help = "file whose first line is to be the password from the next login on: the provider is told so" },
	{ .name = "stop_on_auth_failure", .type = CONF_SWITCH, AT(stop_on_auth_failure), .fallback = "off",
	  .help = "a login refused for username or password is not tried again before the operator says so" },
	{ .name = "subaddress", .type = CONF_NUMBER, AT(subaddress), .fallback = "-1", .min = -1, .max = 9,
	  .help = "tells several applications on one account apart; -1: none" },
	{ .name = "sessions", .type = CONF_NUMBER, AT(sessions), .fallback = "1", .min = 1,
	  .max = CIMD2_SESSIONS_MAX,
	  .help = "how many connections, each with its window; the load is spread over them" },
	{ .name = "window", .type = CONF_NUMBER, AT(window), .fallback = "1", .min = 1,
	  .max = CIMD2_WINDOW_MAX,
	  .help = "parts sent and not yet answered; more than 1 is asked for at login, if the provider allows it" },
	{ .name = "response_timeout", .type = CONF_SECONDS, AT(response_timeout), .fallback = "60",
	  .min = 1, .max = 3600,
	  .help = "seconds for the answer to a message; then it is sent once more, and then in doubt" },
	{ .name = "repeat_unanswered", .type = CONF_SWITCH, AT(repeat_unanswered), .fallback = "on",
	  .help = "a message without an answer is sent once more under its number, by which the provider knows "
	  "it; off: it is in doubt at once" },
	{ .name = "inactivity", .type = CONF_SECONDS, AT(inactivity), .fallback = "0", .min = 0, .max = 86400,
	  .help = "seconds without a message either way after which a session logs in anew; 0: never" },
	{ .name = "poll_interval", .type = CONF_SECONDS, AT(poll_interval), .fallback = "0", .min = 0,
	  .max = 3600,
	  .help = "seconds between questions for what waits, for a querying account; 0: the provider sends by itself" },
	{ .name = "strict_sequence", .type = CONF_SWITCH, AT(strict_sequence), .fallback = "off",
	  .help = "refuse a packet of the provider whose number is not the next one; off: go on from it" },
	{ .name = "require_checksum", .type = CONF_SWITCH, AT(require_checksum), .fallback = "off",
	  .help = "refuse a packet of the provider without a checksum" },

	{ .name = "sender_numbers", .type = CONF_WORD, AT(sender_numbers), .fallback = "keep",
	  .words = sender_words,
	  .help = "senders that are numbers: keep; strip: without sender_prefix, which the provider puts "
	  "before them; never: they are not sent, the account has its own" },
	{ .name = "sender_prefix", .type = CONF_TEXT, AT(sender_prefix),
	  .help = "the account's own number, before the sender's, for sender_numbers = strip" },
	ADDRESS_KEYS(offsetof(struct cimd2_options, addresses), 20),
	{ .name = "link_width", .type = CONF_WORD, AT(link_width), .fallback = "7", .words = width_words,
	  .help = "bits of a character in texts: 7, which goes with every account, or 8, which is shorter" },
	{ .name = "validity_format", .type = CONF_WORD, AT(validity_format), .fallback = "relative",
	  .words = validity_words,
	  .help = "relative: for how long, in steps of 5 minutes to weeks; absolute: until when, by the "
	  "provider's clock" },
	{ .name = "time_zone", .type = CONF_TEXT, AT(time_zone), .fallback = "+00:00",
	  .help = "of the provider's clock, whose times name no zone" },
	{ .name = "time_source", .type = CONF_WORD, AT(time_source), .fallback = "zone",
	  .words = clock_words,
	  .help = "zone: the provider's clock is as time_zone says; centre: it is asked for the time at login" },
	{ .name = "report_mask", .type = CONF_NUMBER, AT(report_mask), .fallback = "62", .max = 255,
	  .help = "reports to ask for where a receipt is wanted, added up: 1 temporary error, 2 expired, "
	  "4 failed, 8 delivered, 16 cancelled, 32 deleted" },
	{ .name = "notifications", .type = CONF_SWITCH, AT(notifications), .fallback = "off",
	  .help = "ask for reports of temporary errors, too" },
	{ .name = "no_dlr", .type = CONF_SWITCH, AT(no_dlr), .fallback = "off",
	  .help = "the account may not ask for receipts (error 310): nothing is said of them" },
	{ .name = "more_messages", .type = CONF_SWITCH, AT(more_messages), .fallback = "off",
	  .help = "tell the network that more parts follow, so that it keeps the channel open" },
	{ .name = "cancel_enabled", .type = CONF_SWITCH, AT(cancel_enabled), .fallback = "off",
	  .help = "say of each message that it may be cancelled, if the provider wants to know" },
	{ .name = "reply_path", .type = CONF_NUMBER, AT(reply_path), .fallback = "-1", .min = -1, .max = 1,
	  .help = "1: replies of handsets go by the provider; 0: not; -1: it is not said" },
	{ .name = "tariff_class", .type = CONF_NUMBER, AT(tariff_class), .fallback = "-1", .min = -1,
	  .max = 99, .help = "of every message, unless its row says it, as agreed with the provider; -1: none" },
	{ .name = "service_description", .type = CONF_NUMBER, AT(service_description), .fallback = "-1",
	  .min = -1, .max = 9, .help = "likewise, 0 to 9" },
	{ .name = "status", .type = CONF_LIST, AT(status), .fallback = "",
	  .help = "what to do at an error in place of the usual, like \"9 = fail\": retry, few, fail, throttle, "
	  "rebind, hold" },
	{ .name = "on_store_failure", .type = CONF_WORD, AT(on_store_failure), .fallback = "silent",
	  .words = failure_words,
	  .help = "what came and cannot be stored is answered: silent: not, so that it is sent again; 710: with that "
	  "error, where the provider tries again then" },
	{ .name = NULL },
};

/* 32 to 126, up to 32 of them, no blank at either end (reference, 5). */
static bool check_login(const char *name, const char *value, struct conf_error *err)
{
	const size_t len = strlen(value);
	for (const char *at = value; *at; at++)
		if (*at < ' ' || *at > '~')
			return conf_fail(err, "%s has a character that CIMD2 cannot say: ASCII alone", name);
	if (len > LOGIN_MAX)
		return conf_fail(err, "%s is longer than %d characters", name, LOGIN_MAX);
	if (len && (value[0] == ' ' || value[len - 1] == ' '))
		return conf_fail(err, "%s begins or ends with a blank", name);
	return true;
}

bool cimd2_check(const void *at, struct conf_error *err)
{
	const struct cimd2_options *options = at;
	int32_t seconds;
	if (!stx_check(&options->stx, true, err) || !check_login("username", options->username, err) ||
	    !check_login("password", options->password, err) ||
	    !check_login("the password in password_file", options->password_file, err) ||
	    !check_login("the password in new_password_file", options->new_password_file, err) ||
	    !addresses_check(&options->addresses, err) ||
	    !addresses_check_digits("sender_prefix", options->sender_prefix, SENDER_PREFIX_MAX, err))
		return false;
	if (*options->password && *options->password_file)
		return conf_fail(err, "password and password_file are both given: keep one");
	if (options->sender_numbers == CIMD2_SENDER_STRIP && !*options->sender_prefix)
		return conf_fail(err, "sender_numbers = strip needs a sender_prefix");
	if (options->sender_numbers != CIMD2_SENDER_STRIP && *options->sender_prefix)
		return conf_fail(err, "sender_prefix is for sender_numbers = strip alone");
	if (!zone_read(options->time_zone, &seconds))
		return conf_fail(err, "time_zone = \"%.20s\" is no distance from UTC: like \"+01:00\"",
		    options->time_zone);
	return action_check(&options->status, "9 = fail", err);
}
