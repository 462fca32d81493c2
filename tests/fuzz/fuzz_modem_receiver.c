/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz_modem_receiver.c - a receiver whose modem answers and says what it likes.
 *
 * The first octet chooses the settings, the rest is a script: answers to what is asked, lines that come by
 * themselves, and what link and session do. The channel is played. Whatever comes, one command is under
 * way at a time (AT+CNMA aside), none when it is stopped; tickets are bounded; and nothing is deleted
 * before anything was committed.
 */
#include "../../drivers/modem.h"
#include "replay.h"
#include "script.h"

#include <assert.h>
#include <event2/event.h>
#include <stdarg.h>

enum { TICKETS = 64, LINES = 64, PENDING = 8 };

struct link { struct event_base *base; };

static struct link the_link;
static struct channel *const no_channel = (void *)&the_link; /* it is only passed on */
static struct modem modem;
static struct at_command pending[PENDING];
static char commands[PENDING][AT_LINE_MAX];
static unsigned npending;
static bool stopped, committed;
static uint64_t tickets[TICKETS];
static unsigned ntickets;

struct event_base *link_base(struct link *link)
{
	return link->base;
}

const char *link_name(const struct link *link)
{
	assert(link == &the_link);
	return "acme";
}

void link_log(const struct link *link, char level, const char *format, ...)
{
	char text[1024];
	va_list args;
	(void)link, (void)level;
	va_start(args, format);
	vsnprintf(text, sizeof text, format, args);
	va_end(args);
}

static void owe(uint64_t ticket)
{
	assert(ticket && ntickets < TICKETS);
	tickets[ntickets++] = ticket;
}

void link_inbound(struct link *link, const struct inbound *inbound, uint64_t ticket)
{
	uint32_t sum = 0;
	assert(link == &the_link && *inbound->arrival && strlen(inbound->arrival) < ARRIVAL_MAX);
	for (size_t i = 0; i < inbound->octets.len; i++)
		sum += inbound->octets.at[i];
	for (size_t i = 0; i < inbound->udh.len; i++)
		sum += inbound->udh.at[i];
	assert(sum < UINT32_MAX && inbound->concat_part <= inbound->concat_parts);
	assert(!inbound->options || *inbound->options == '{');
	owe(ticket);
}

bool sender_report(struct sender *sender, const struct tpdu *report, uint64_t ticket)
{
	(void)sender, (void)report;
	if (ticket % 5 == 0)
		return false;
	owe(ticket);
	return true;
}

void modem_works(struct modem *of)
{
	assert(of == &modem);
}

void modem_ill(struct modem *of, const char *why)
{
	assert(of == &modem && *why);
}

void modem_idle(struct modem *of)
{
	assert(of == &modem && receiver_is_idle(modem.receiver));
}

void channel_ask(struct channel *channel, const struct at_command *command)
{
	unsigned others = 0;
	assert(channel == no_channel && !stopped && npending < PENDING);
	assert(strlen(command->line) < AT_LINE_MAX && command->timeout_ms && command->done);
	assert(committed || strncmp(command->line, "AT+CMGD=", 8) != 0 || command->line[8] == '?');
	for (unsigned i = 0; i < npending; i++)
		others += !pending[i].first;
	assert(command->first || others == 0);
	pending[npending] = *command;
	snprintf(commands[npending], sizeof commands[0], "%s", command->line);
	npending++;
}

static void answer(const struct at_answer *given)
{
	if (!npending)
		return;
	const struct at_command command = pending[0];
	npending--;
	memmove(&pending[0], &pending[1], npending * sizeof pending[0]);
	memmove(&commands[0], &commands[1], npending * sizeof commands[0]);
	command.done(command.ctx, given);
}

/* Lines of a blob, without what a channel does not pass on. */
static struct at_answer lines_of(struct script *script, enum at_result result)
{
	static char text[4096];
	static const char *lines[LINES];
	const struct blob blob = take(script, (size_t)octet(script) * 8);
	struct at_answer given = { .result = result, .code = octet(script) << 1, .text = "+CMS ERROR", .lines = lines };
	size_t n = 0;
	for (size_t i = 0; i < blob.len && given.nlines < LINES; i++) {
		char *line = text + n;
		size_t len = 0;
		for (; i < blob.len && blob.at[i] != '\n' && len + 1 < AT_LINE_MAX; i++)
			if (blob.at[i])
				line[len++] = (char)blob.at[i];
		if (!len)
			continue;
		line[len] = '\0';
		n += len + 1;
		lines[given.nlines++] = line;
	}
	return given;
}

static void hear(struct script *script)
{
	const struct at_answer said = lines_of(script, AT_OK);
	if (said.nlines) {
		const struct at_urc urc = { .line = said.lines[0], .pdu = said.nlines > 1 ? said.lines[1] : NULL };
		receiver_urc(modem.receiver, &urc);
	}
}

static void on_started(struct modem *of)
{
	assert(of == &modem);
}

static void acknowledge(enum ack how)
{
	if (!ntickets)
		return;
	committed = committed || how == ACK_KEPT;
	receiver_ack(modem.receiver, tickets[--ntickets], how);
}

static void act(struct script *script)
{
	static const enum at_result failures[] = { AT_ERROR, AT_CME, AT_CMS, AT_NO_CARRIER, AT_SILENT, AT_CLOSED };
	struct at_answer given;
	const uint8_t choice = octet(script);
	switch (choice % 10) {
	case 0: given = lines_of(script, AT_OK); answer(&given); break;
	case 1: given = lines_of(script, failures[choice / 10 % 6]); answer(&given); break;
	case 2: hear(script); break;
	case 3: acknowledge(ACK_KEPT); break;
	case 4: acknowledge(ACK_LATER); break;
	case 5: receiver_sweep(modem.receiver); break;
	case 6: receiver_assert(modem.receiver); break;
	case 7: receiver_start(modem.receiver, on_started); break;
	case 8:
		receiver_stop(modem.receiver);
		npending = 0;               /* the channel is freed */
		stopped = true;
		receiver_sweep(modem.receiver);
		receiver_assert(modem.receiver);
		stopped = false;
		receiver_start(modem.receiver, on_started);
		break;
	default: given = (struct at_answer){ .result = AT_OK }; answer(&given); break;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *at, size_t len)
{
	struct script script = { at, len };
	const uint8_t settings = octet(&script);
	char *names[] = { (char []){ "SM" }, (char []){ "ME" } };
	const struct modem_options options = { .sweep = 60000, .command_timeout = 5000,
		.reports = !(settings & 1), .receive = settings >> 1 & 3, .storages = { names, settings >> 3 & 1 ? 2 : 0 },
		.addresses = { .country_code = (char []){ "36" }, .national_prefix = (char []){ "06" },
		.international_prefix = (char []){ "00" } } };
	const struct modem_profile profile = { .name = "generic", .slow_count = settings & 0x10 };
	if (!the_link.base)
		the_link.base = event_base_new();
	modem = (struct modem){ .link = &the_link, .options = &options, .profile = &profile, .channel = no_channel,
		.text_mode = settings & 0x20, .ucs2_strings = settings & 0x40 };
	npending = ntickets = 0;
	stopped = committed = false;
	modem.receiver = receiver_new(&modem);
	receiver_start(modem.receiver, on_started);
	while (script.left)
		act(&script);
	receiver_free(modem.receiver);
	return 0;
}
