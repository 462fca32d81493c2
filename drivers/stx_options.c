/* SPDX-License-Identifier: Apache-2.0 */
/* stx_options.c - what a link of UCP or CIMD2 says of its connection. */
#include "stx.h"

#include <string.h>

struct talk_settings stx_settings(const struct stx_options *options)
{
	return (struct talk_settings){
		.hosts = (const char *const *)options->host.items, .port = (unsigned)options->port,
		.source = options->source_address,
		.connect_ms = (unsigned)options->connect_timeout,
		.login_ms = (unsigned)options->login_timeout,
		.silence_ms = (unsigned)options->keepalive,
		.enquiry_ms = (unsigned)options->keepalive_timeout,
		.logout_ms = (unsigned)options->logout_timeout,
		.partial_ms = (unsigned)options->frame_timeout,
		.stall_ms = (unsigned)options->write_timeout, .tls = &options->tls,
		.login = "the login", .enquiry = "the enquiry (keepalive)", .logout = "the logout",
	};
}

bool stx_check(const struct stx_options *options, bool needs_host, struct conf_error *err)
{
	const struct talk_settings settings = stx_settings(options);
	if (needs_host && options->host.n == 0)
		return conf_fail(err, "host is missing: the message centre to connect to");
	if (!talk_check(&settings, options->host.n, err))
		return false;
	for (size_t i = 0; i < options->host.n; i++) {
		const char *host = options->host.items[i], *colon = strrchr(host, ':');
		const bool bare = !colon || (strchr(host, ':') != colon && *host != '[') ||
		    strchr(colon, ']');
		if (bare && options->port == 0)
			return conf_fail(err, "port is missing, and \"%.60s\" of host names none", host);
	}
	return true;
}
