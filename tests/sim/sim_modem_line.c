/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sim_modem_line.c - octets from the host: command lines, what a prompt asks for, ESC.
 *
 * One command at a time: what comes while one is answered waits until it has its result.
 */
#include "sim_modem_inside.h"

#include <stdio.h>
#include <string.h>

enum { CTRL_Z = 0x1A, ESC = 0x1B, BACKSPACE = 0x08 };

void line_say(struct sim_modem *modem, const char *text)
{
	char line[3 * LINE_ROOM];
	const int n = snprintf(line, sizeof line, "\r\n%s\r\n", text);
	pty_write(modem, line, (size_t)n < sizeof line ? (size_t)n : sizeof line - 1);
}

void line_unsolicited(struct sim_modem *modem, const char *text)
{
	if (!modem->prompted) {
		line_say(modem, text);
		return;
	}
	evbuffer_add(modem->held, "\r\n", 2);
	evbuffer_add(modem->held, text, strlen(text));
	evbuffer_add(modem->held, "\r\n", 2);
}

static void release_held(struct sim_modem *modem)
{
	const size_t n = evbuffer_get_length(modem->held);
	if (!n)
		return;
	pty_write(modem, (const char *)evbuffer_pullup(modem->held, -1), n);
	evbuffer_drain(modem->held, n);
}

void line_prompt(struct sim_modem *modem)
{
	modem->prompted = true;
	modem->have = 0;
	pty_write(modem, modem->settings.prompt, strlen(modem->settings.prompt));
}

static void command_came(struct sim_modem *modem)
{
	char *line = modem->line;
	modem->line[modem->have] = '\0';
	modem->have = 0;
	/* What stands before AT is noise. */
	for (; *line; line++)
		if ((line[0] | 0x20) == 'a' && (line[1] | 0x20) == 't')
			break;
	if (!*line)
		return;
	memmove(modem->command, line, strlen(line) + 1);
	modem_tell(modem, MODEM_COMMAND, modem->command, NULL);
	rule_moment(modem, MOMENT_COMMAND, modem->command);
}

static void payload_came(struct sim_modem *modem, bool escaped)
{
	modem->line[modem->have] = '\0';
	modem->have = 0;
	modem->prompted = false;
	memcpy(modem->payload.text, modem->line, sizeof modem->payload.text);
	if (escaped) {
		modem_tell(modem, MODEM_ESCAPE, "pdu", NULL);
		rule_moment(modem, MOMENT_ESC, "esc");
	} else {
		modem_tell(modem, MODEM_PDU, modem->payload.text, NULL);
		rule_moment(modem, MOMENT_PDU, "pdu");
	}
	release_held(modem);
}

static void octet(struct sim_modem *modem, char c)
{
	const bool echoes = modem->prompted ? modem->settings.pdu_echo : modem->state.echo;
	if (echoes && c != ESC)
		pty_write(modem, &c, 1);
	if (modem->prompted && (c == CTRL_Z || c == ESC)) {
		payload_came(modem, c == ESC);
		return;
	}
	if (!modem->prompted && c == ESC) {
		modem_tell(modem, MODEM_ESCAPE, NULL, NULL);
		modem->have = 0;
	} else if (!modem->prompted && c == '\r') {
		command_came(modem);
	} else if (!modem->prompted && c == BACKSPACE) {
		modem->have -= modem->have > 0;
	} else if (modem->prompted || (unsigned char)c >= ' ') {
		if (modem->have + 1 < sizeof modem->line)
			modem->line[modem->have++] = c;
	}
}

void line_end(struct sim_modem *modem)
{
	char c;
	if (modem->inside)
		return;
	modem->inside = true;
	while (!modem->run && !modem->hung && modem->booted && evbuffer_remove(modem->in, &c, 1) == 1)
		octet(modem, c);
	modem->inside = false;
	if (modem->hung || !modem->booted)
		evbuffer_drain(modem->in, evbuffer_get_length(modem->in));
}

void line_input(struct sim_modem *modem, const char *at, size_t len)
{
	if (modem->hung || !modem->booted)
		return;
	if (evbuffer_get_length(modem->in) + len <= 1 << 20)
		evbuffer_add(modem->in, at, len);
	line_end(modem);
}
