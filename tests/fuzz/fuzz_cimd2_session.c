/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz_cimd2_session.c - octets from a CIMD2 centre at any state of a session.
 *
 * The first octets choose the settings, the rest is a script: what the centre sends, raw or as good
 * answers that lead into deeper states, and what the link does meanwhile. The driver is
 * the real one, over a socket of the loopback. Held against the rules of driver.h: a part comes back
 * once, none is lent beyond the window, nothing is said after link_down(), a ticket is answered
 * once; and what the driver sends is a packet with a good checksum.
 */
#include "../../drivers/cimd2.h"
#include "../../gateway/driver.h"
#include "../../gateway/encode.h"
#include "replay.h"

#include <event2/event.h>

#include <arpa/inet.h>
#include <assert.h>
#include <stdarg.h>
#include <sys/socket.h>
#include <unistd.h>

extern const struct driver cimd2_driver;

enum { PARTS = 64, TICKETS = 256, CALLS = 8, NUMBERS = 16, IN_ROOM = 1 << 16, ROUNDS = 4 };

/* The link. */

struct link {
	struct event_base *base;
	void *session;
	bool down, inside_open;
	unsigned window, lent, next;
	uint64_t tickets[TICKETS];
	unsigned ntickets;
};

static struct link the_link;
static struct message *messages[3];
static struct batch *batch;
static struct part parts[PARTS];
static enum { FREE, LENT, DONE } states[PARTS];
static struct command errands[PARTS];
static struct question questions[PARTS];
static bool asked[PARTS];               /* and not replied to */

static void may_speak(const struct link *link)
{
	assert(link == &the_link && !link->down && !link->inside_open);
}

struct event_base *link_base(struct link *link)
{
	return link->base;
}

const char *link_name(const struct link *link)
{
	(void)link;
	return "acme";
}

void link_up(struct link *link, unsigned window)
{
	may_speak(link);
	assert(window >= 1);
	link->window = window;
}

void link_wait(struct link *link, const char *why)
{
	may_speak(link);
	assert(*why);
	link->window = 0;
}

void link_ease(struct link *link, unsigned percent)
{
	may_speak(link);
	assert(percent <= 100);
}

void link_note(struct link *link, const char *note)
{
	may_speak(link);
	assert(*note);
}

uint64_t link_backoff(const struct link *link, struct backoff *backoff, enum down down, uint64_t up_ms)
{
	may_speak(link);
	(void)backoff, (void)up_ms;
	assert(down <= DOWN_LOST);
	return 1; /* soon, so that a line that was lost comes back within the script */
}

void link_down(struct link *link, enum down down, const char *why)
{
	may_speak(link);
	assert(down <= DOWN_LOST && *why);
	link->down = true;
}

void link_done(struct link *link, struct part *part, const struct outcome *outcome)
{
	may_speak(link);
	const ptrdiff_t i = part - parts;
	assert(i >= 0 && i < PARTS && states[i] == LENT);
	assert(outcome->verdict == VERDICT_SENT || *outcome->text);
	assert(strnlen(outcome->network_id, sizeof outcome->network_id) < sizeof outcome->network_id);
	states[i] = DONE;
	link->lent--;
}

void link_replied(struct link *link, struct question *question, const struct reply *reply)
{
	may_speak(link);
	const ptrdiff_t i = question - questions;
	assert(i >= 0 && i < PARTS && asked[i]);
	assert(reply->kind == REPLY_DONE || *reply->text);
	assert(!reply->reports || strcmp(reply->receipt.link, "acme") == 0);
	asked[i] = false;
}

void link_late(struct link *link, const struct answer *answer)
{
	may_speak(link);
	assert(answer->row >= 1);
}

static void owe(struct link *link, uint64_t ticket)
{
	may_speak(link);
	if (link->ntickets < TICKETS)
		link->tickets[link->ntickets++] = ticket;
}

void link_receipt(struct link *link, const struct receipt *receipt, uint64_t ticket)
{
	assert(strcmp(receipt->link, "acme") == 0);
	owe(link, ticket);
}

void link_inbound(struct link *link, const struct inbound *inbound, uint64_t ticket)
{
	uint32_t sum = 0;
	for (size_t i = 0; i < inbound->octets.len; i++)
		sum += inbound->octets.at[i];
	for (size_t i = 0; i < inbound->udh.len; i++)
		sum += inbound->udh.at[i];
	assert(sum < UINT32_MAX && inbound->concat_part <= inbound->concat_parts);
	owe(link, ticket);
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

/* The message centre. */

static struct { int fd; uint8_t in[IN_ROOM]; size_t have; unsigned number; } calls[CALLS];
static unsigned ncalls;
static struct { unsigned operation, number; } requests[NUMBERS]; /* that were heard, the newest last */
static int listener = -1;
static char host[32];

static void listen_once(void)
{
	struct sockaddr_in at = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof at;
	if (listener >= 0)
		return;
	listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (listener < 0 || bind(listener, (void *)&at, len) != 0 || listen(listener, CALLS) != 0 ||
	    getsockname(listener, (void *)&at, &len) != 0)
		abort();
	snprintf(host, sizeof host, "127.0.0.1:%u", ntohs(at.sin_port));
	the_link.base = event_base_new();
	if (!the_link.base)
		abort();
}

static void hear(const uint8_t *at, size_t len)
{
	struct cimd2_pdu pdu;
	assert(cimd2_unpack(at, len, &pdu) == CIMD2_FINE && pdu.checked);
	if (pdu.operation >= CIMD2_RESPONSE)
		return;
	assert(pdu.number % 2 == 1 && pdu.number < CIMD2_NUMBERS);
	memmove(requests, requests + 1, sizeof requests - sizeof *requests);
	requests[NUMBERS - 1].operation = pdu.operation;
	requests[NUMBERS - 1].number = pdu.number;
}

static void listen_to(unsigned call)
{
	uint8_t *in = calls[call].in;
	ssize_t n;
	while (calls[call].fd >= 0 &&
	    (n = recv(calls[call].fd, in + calls[call].have, IN_ROOM - calls[call].have, MSG_DONTWAIT)) > 0) {
		size_t have = calls[call].have + (size_t)n, at = 0, len;
		while (at < have && (len = stx_measure(in + at, have - at)) && len <= have - at) {
			hear(in + at, len);
			at += len;
		}
		memmove(in, in + at, have - at);
		calls[call].have = have - at;
	}
}

/* What is under way arrives. */
static void settle(void)
{
	for (int round = 0; round < ROUNDS; round++) {
		int fd;
		event_base_loop(the_link.base, EVLOOP_NONBLOCK);
		while (ncalls < CALLS && (fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0) {
			calls[ncalls].fd = fd;
			calls[ncalls].have = 0;
			calls[ncalls].number = 0;
			ncalls++;
		}
		for (unsigned i = 0; i < ncalls; i++)
			listen_to(i);
	}
}

static void say(unsigned call, const void *at, size_t len)
{
	if (call < ncalls && calls[call].fd >= 0)
		(void)!send(calls[call].fd, at, len, MSG_DONTWAIT | MSG_NOSIGNAL);
}

/* With a reset, so that no port is left waiting. */
static void hang_up(unsigned call)
{
	const struct linger reset = { .l_onoff = 1 };
	if (call >= ncalls || calls[call].fd < 0)
		return;
	setsockopt(calls[call].fd, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
	close(calls[call].fd);
	calls[call].fd = -1;
}

/* The script. */

struct script { const uint8_t *at; size_t left; };

static uint8_t octet(struct script *script)
{
	if (!script->left)
		return 0;
	script->left--;
	return *script->at++;
}

static const uint8_t *take(struct script *script, size_t *len)
{
	*len = octet(script);
	const uint8_t *at = script->at;
	if (*len > script->left)
		*len = script->left;
	script->at += *len;
	script->left -= *len;
	return at;
}

/* A packet with a good header and checksum around any octets. */
static void say_packet(unsigned call, unsigned operation, unsigned number, const void *body, size_t len)
{
	uint8_t octets[512], sum = 0;
	char text[16];
	size_t n = (size_t)snprintf((char *)octets, sizeof octets, "%c%02u:%03u%c", CIMD2_STX, operation % 100,
	    number % 1000, CIMD2_TAB);
	if (len)
		memcpy(octets + n, body, len);
	n += len;
	for (size_t i = 0; i < n; i++)
		sum = (uint8_t)(sum + octets[i]);
	snprintf(text, sizeof text, "%02X%c", sum, CIMD2_ETX);
	memcpy(octets + n, text, 3);
	say(call, octets, n + 3);
}

static void say_text(unsigned call, unsigned operation, unsigned number, const char *parameters)
{
	char body[256];
	snprintf(body, sizeof body, "%s", parameters);
	for (char *at = body; *at; at++)
		if (*at == '|')
			*at = CIMD2_TAB;
	say_packet(call, operation, number, body, strlen(body));
}

static unsigned next_number(unsigned call)
{
	const unsigned number = calls[call].number;
	calls[call].number = (number + 2) % CIMD2_NUMBERS;
	return number;
}

static void lend(bool with_question)
{
	if (the_link.down || the_link.lent >= the_link.window || the_link.next == PARTS)
		return;
	the_link.lent++;
	const unsigned i = the_link.next++;
	states[i] = LENT;
	parts[i].turn = i + 1;
	cimd2_driver.submit(the_link.session, &parts[i]);
	if (!with_question)
		return;
	errands[i] = (struct command){ .kind = i % 2 ? COMMAND_CANCEL : COMMAND_QUERY,
		.message = parts[i].message, .nquestions = 1, .unanswered = 1 };
	questions[i] = (struct question){ .command = &errands[i], .number = 1,
		.network_id = "+447700900123:261124101530" };
	asked[i] = true;
	cimd2_driver.ask(the_link.session, &questions[i]);
}

static void ack(enum ack how)
{
	if (the_link.ntickets)
		cimd2_driver.ack(the_link.session, the_link.tickets[--the_link.ntickets], how);
}

static void answer(unsigned call, struct script *script)
{
	static const unsigned errors[] = { 0, 3, 310, 312, 10, 4, 103, 302, 104, 999 };
	const unsigned choice = octet(script), i = NUMBERS - 1 - choice % NUMBERS;
	const unsigned error = errors[octet(script) % (sizeof errors / sizeof *errors)];
	char text[96] = "021:+447700900123|060:261124101530|061:4|066:2|501:261124101533|";
	if (error)
		snprintf(text, sizeof text, "900:%u|", error);
	say_text(call, choice & 0x80 ? (unsigned)CIMD2_ERROR : requests[i].operation + CIMD2_RESPONSE,
	    requests[i].number, text);
}

static void ask_them(unsigned call, struct script *script)
{
	static const struct { unsigned operation; const char *parameters; } good[] = {
		{ CIMD2_DELIVER, "021:4321|023:+491711234567|060:261124103000|033:Ping _zz|" },
		{ CIMD2_DELIVER, "021:4321|023:+491711234567|030:8|032:050003AB0201|034:04140430|" },
		{ CIMD2_REPORT, "021:+447700900123|060:261124101530|061:4|063:261124101535|" },
		{ CIMD2_REPORT, "021:+447700900123|060:261124101530|061:2|" }, { CIMD2_ALIVE, "" }, { 27, "021:1|" },
	};
	const uint8_t choice = octet(script), i = choice % (sizeof good / sizeof *good);
	const unsigned number = choice & 0x80 ? (unsigned)octet(script) * 4 : next_number(call);
	say_text(call, good[i].operation, number, good[i].parameters);
}

static void say_body(unsigned call, struct script *script)
{
	static const unsigned operations[] = { CIMD2_DELIVER, CIMD2_REPORT, CIMD2_SUBMIT_RESP, CIMD2_ENQUIRE_RESP,
		CIMD2_ERROR, CIMD2_LOGIN_RESP };
	const unsigned operation = operations[octet(script) % (sizeof operations / sizeof *operations)];
	const unsigned number = operation < CIMD2_RESPONSE ? next_number(call) : requests[NUMBERS - 1].number;
	size_t len;
	const uint8_t *body = take(script, &len);
	say_packet(call, operation, number, body, len);
}

static void act(struct script *script)
{
	const uint8_t what = octet(script);
	const unsigned call = ncalls ? (what >> 4) % ncalls : 0;
	size_t len;
	const uint8_t *raw;
	switch (what & 15) {
	case 0: raw = take(script, &len); say(call, raw, len); break;
	case 1: say_body(call, script); break;
	case 2: case 3: say_text(call, CIMD2_LOGIN_RESP, requests[NUMBERS - 1].number, ""); break;
	case 4: case 5: answer(call, script); break;
	case 6: lend(false); break;
	case 7: lend(true); break;
	case 8: ack(ACK_KEPT); break;
	case 9: ack(ACK_LATER); break;
	case 10: ask_them(call, script); break;
	case 11: if (!the_link.down) cimd2_driver.drain(the_link.session); break;
	case 12: say_text(call, CIMD2_NACK, octet(script) * 2u + 1, ""); break;
	case 13: hang_up(call); break;
	case 14: say_text(call, CIMD2_NACK, requests[NUMBERS - 1 - octet(script) % NUMBERS].number, ""); break;
	default: settle();
	}
}

static void write_messages(void)
{
	static const struct { const char *kind, *body, *options; } rows[] = {
		{ "text", "hello", NULL }, { "flash", "Gr\xC3\xBC\xC3\x9F" "e", "{\"priority\": 3}" },
		{ "text", "hello", "{\"tlvs\": {\"tariff_class\": 5}, \"validity\": 3600}" },
	};
	char why[OUTCOME_TEXT_MAX];
	batch = batch_new();
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct message *row = messages[i] = batch_message(batch);
		row->id = (int64_t)i + 1;
		row->sender = "ACME";
		row->recipient = "+447700900123";
		row->kind = rows[i].kind;
		row->body = rows[i].body;
		row->options = rows[i].options;
		row->route = row->pinned = "";
		row->attempts = 1;
		row->wants_receipt = true;
		if (!encode_message(row, &encode_usual, why, sizeof why) || row->nparts != 1)
			abort();
	}
}

static void begin(struct script *script, struct cimd2_options *options)
{
	static char empty[] = "", account[] = "gw01", abroad[] = "00", home[] = "0", utc[] = "+00:00", *hosts[] = { host };
	const uint8_t choice = octet(script);
	*options = (struct cimd2_options){
		.stx = { .host = { hosts, 1 }, .port = 9971, .source_address = empty, .connect_timeout = 60000,
			.login_timeout = 60000, .keepalive_timeout = 60000, .logout_timeout = 60000,
			.frame_timeout = 60000, .write_timeout = 60000 },
		.username = account, .password = empty, .password_file = empty, .new_password_file = empty, .subaddress = -1,
		.sessions = 1 + (choice >> 2) % 3, .window = choice & 1 ? 5 : 1, .response_timeout = 60000, .repeat_unanswered = true,
		.poll_interval = choice & 16 ? 60000 : 0, .strict_sequence = choice & 32,
		.time_source = choice & 64 ? CIMD2_CLOCK_CENTRE : CIMD2_CLOCK_ZONE,
		.on_store_failure = choice & 128 ? CIMD2_STORE_710 : CIMD2_STORE_SILENT,
		.sender_prefix = empty, .addresses.country_code = empty, .addresses.international_prefix = abroad,
		.addresses.national_prefix = home, .addresses.short_code_digits = 6, .time_zone = utc, .report_mask = 62,
		.reply_path = -1, .tariff_class = -1, .service_description = -1, .more_messages = choice & 2,
	};
	write_messages();
	for (unsigned i = 0; i < PARTS; i++) {
		/* Each on its own, as if its message had been claimed again. */
		parts[i] = messages[i % (sizeof messages / sizeof *messages)]->parts[0];
		states[i] = FREE;
		asked[i] = false;
	}
	ncalls = 0;
	memset(requests, 0, sizeof requests);
	the_link = (struct link){ .base = the_link.base, .inside_open = true };
	the_link.session = cimd2_driver.open(&the_link, options);
	the_link.inside_open = false;
}

int LLVMFuzzerTestOneInput(const uint8_t *at, size_t len)
{
	struct script script = { at, len };
	struct cimd2_options options;
	listen_once();
	begin(&script, &options);
	settle();
	while (script.left) {
		act(&script);
		event_base_loop(the_link.base, EVLOOP_NONBLOCK);
	}
	settle();
	for (unsigned i = 0; i < ncalls; i++)
		hang_up(i);
	cimd2_driver.close(the_link.session);
	for (size_t i = 0; i < sizeof messages / sizeof *messages; i++)
		message_release(messages[i]);
	batch_release(batch);
	int fd;
	while ((fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK)) >= 0)
		close(fd);
	event_base_loop(the_link.base, EVLOOP_NONBLOCK);
	return 0;
}
