/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz_ucp_session.c - octets from a centre of EMI/UCP at any state of a session.
 *
 * The first octets choose the settings, the rest is a script: what the centre sends, raw,
 * as frames with a right checksum or as good answers that lead into deeper states, and what the
 * link does meanwhile. The driver is the real one, over a socket of the loopback. Held against
 * the rules of driver.h, as fuzz_smpp_session.c does it; and what the driver sends can be read.
 */
#include "../../drivers/stx.h"
#include "../../drivers/ucp.h"
#include "../../gateway/driver.h"
#include "../../gateway/encode.h"
#include "replay.h"

#include <event2/event.h>

#include <arpa/inet.h>
#include <assert.h>
#include <errno.h>
#include <stdarg.h>
#include <sys/socket.h>
#include <unistd.h>

extern const struct driver ucp_driver;

enum { PARTS = 64, TICKETS = 256, CALLS = 8, WINDOW = 4, NUMBERS = 16, IN_ROOM = 1 << 16, ROUNDS = 4 };

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
static struct message *messages[4];      /* one of each way to be sent */
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

uint64_t link_backoff(const struct link *link, struct backoff *backoff, enum down down,
    uint64_t up_ms)
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
	assert(answer->row >= 1 && answer->row <= (int64_t)(sizeof messages / sizeof *messages));
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

/* The centre. */

static struct { int fd; uint8_t in[IN_ROOM]; size_t have; uint8_t login; } calls[CALLS];
static unsigned ncalls;
static struct { uint8_t trn, operation; } heard[NUMBERS]; /* operations, the newest last */
static uint8_t own_number;
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

static void hear(unsigned call, const uint8_t *at, size_t len)
{
	struct ucp_pdu pdu;
	const char *culprit;
	assert(stx_kind(at, len) == STX_FRAME && ucp_unpack(at, len, &pdu) == UCP_FINE);
	if (pdu.result)
		return;
	assert(ucp_judge(&pdu, &culprit) == UCP_EC_NONE);
	if (pdu.operation == UCP_SESSION)
		calls[call].login = pdu.trn;
	memmove(heard, heard + 1, sizeof heard - sizeof *heard);
	heard[NUMBERS - 1].trn = pdu.trn;
	heard[NUMBERS - 1].operation = pdu.operation;
}

static void listen_to(unsigned call)
{
	uint8_t *in = calls[call].in;
	ssize_t n;
	while (calls[call].fd >= 0 &&
	    (n = recv(calls[call].fd, in + calls[call].have, IN_ROOM - calls[call].have, MSG_DONTWAIT)) > 0) {
		size_t have = calls[call].have + (size_t)n, at = 0, len;
		while ((len = stx_measure(in + at, have - at)) && len <= have - at) {
			hear(call, in + at, len);
			at += len;
		}
		assert(len != SIZE_MAX);
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

static void say_pdu(unsigned call, const struct ucp_pdu *pdu)
{
	uint8_t octets[UCP_FRAME_MAX];
	say(call, octets, ucp_pack(pdu, octets, sizeof octets));
}

static void say_result(unsigned call, uint8_t trn, uint8_t operation, unsigned ec, const char *sm)
{
	const struct ucp_pdu to = { .trn = trn, .operation = operation };
	uint8_t octets[UCP_FRAME_MAX];
	say(call, octets, ucp_pack_result(&to, ec, sm, octets, sizeof octets));
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

static struct blob octets(struct script *script, size_t most)
{
	size_t len = octet(script);
	if (len > most)
		len = most;
	if (len > script->left)
		len = script->left;
	const struct blob blob = { script->at, len };
	script->at += len;
	script->left -= len;
	return blob;
}

static void lend(void)
{
	if (the_link.down || the_link.lent >= the_link.window || the_link.next == PARTS)
		return;
	the_link.lent++;
	states[the_link.next] = LENT;
	const unsigned i = the_link.next++;
	ucp_driver.submit(the_link.session, &parts[i]);
	if (i % 4 == 3) {
		errands[i] = (struct command){ .kind = i % 8 == 7 ? COMMAND_CANCEL : COMMAND_QUERY,
			.message = parts[i].message, .nquestions = 1, .unanswered = 1 };
		questions[i] = (struct question){ .command = &errands[i], .number = 1,
			.network_id = "00447700900123:241126101530" };
		asked[i] = true;
		ucp_driver.ask(the_link.session, &questions[i]);
	}
}

static void ack(enum ack how)
{
	if (!the_link.ntickets)
		return;
	const uint64_t ticket = the_link.tickets[--the_link.ntickets];
	ucp_driver.ack(the_link.session, ticket, how);
}

static void say_raw(unsigned call, struct script *script)
{
	const struct blob raw = octets(script, 255);
	say(call, raw.at, raw.len);
}

/* A frame whose header and checksum are right and whose fields are the script's: an octet says
 * which field, the next ones what is in it. */
static void say_fields(unsigned call, struct script *script)
{
	static const uint8_t operations[] = { UCP_DELIVER, UCP_NOTIFY, UCP_CALL, UCP_INQUIRED, UCP_DELETED,
		UCP_ALERT, UCP_SUBMIT, UCP_SESSION };
	struct ucp_pdu pdu;
	const uint8_t what = octet(script);
	ucp_begin(&pdu, operations[what % 8]);
	pdu.result = what & 8;
	pdu.trn = pdu.result ? heard[NUMBERS - 1].trn : (uint8_t)(octet(script) % UCP_TRNS);
	if (pdu.result) {
		pdu.operation = heard[NUMBERS - 1].operation;
		pdu.nfields = 1 + (what >> 4) % 4;
	}
	for (unsigned n = octet(script) % 8; n > 0; n--) {
		const unsigned field = octet(script) % (pdu.nfields + 1);
		if (field < pdu.nfields)
			pdu.fields[field] = octets(script, 64);
	}
	if (what & 128)
		pdu.nfields--;
	say_pdu(call, &pdu);
}

static void answer(unsigned call, struct script *script)
{
	static const char *const ids[] = { "00447700900123:241126101530", "00447700900123:241126101531", "",
		"4711", "1: 5 226 9 7 3" };
	const unsigned i = NUMBERS - 1 - octet(script) % NUMBERS;
	const uint8_t how = octet(script);
	say_result(call, heard[i].trn, heard[i].operation, how % 4 ? 0 : how % 100u, ids[how % 5]);
}

static void deliver(unsigned call, struct script *script)
{
	static const uint8_t operations[] = { UCP_DELIVER, UCP_NOTIFY, UCP_INQUIRED, UCP_DELETED };
	static const char *const dsts[] = { "0", "1", "2", "" };
	const uint8_t what = octet(script);
	struct ucp_pdu pdu;
	ucp_begin(&pdu, operations[what % 4]);
	pdu.trn = own_number;
	own_number = (uint8_t)((own_number + (what & 64 ? 0 : 1)) % UCP_TRNS);
	ucp_set(&pdu, UCP_ADC, "4321");
	ucp_set(&pdu, UCP_OADC, "00447700900123");
	ucp_set(&pdu, UCP_SCTS, "241126101530");
	ucp_set(&pdu, UCP_DST, pdu.operation == UCP_DELIVER ? "" : dsts[what >> 2 & 3]);
	ucp_set(&pdu, UCP_RSN, pdu.operation == UCP_DELIVER ? "" : "107");
	ucp_set(&pdu, UCP_MT, "3");
	ucp_set(&pdu, UCP_MSG, what & 32 ? "6E6F7420666F756E64" : "53544F50");
	ucp_set(&pdu, UCP_XSER, what & 16 ? "01060500032A0201" : "");
	say_pdu(call, &pdu);
}

static void act(struct script *script)
{
	const uint8_t what = octet(script);
	const unsigned call = ncalls ? (what >> 4) % ncalls : 0;
	switch (what & 15) {
	case 0: say_raw(call, script); break;
	case 1: say_fields(call, script); break;
	case 2: case 3: case 12: say_result(call, ncalls ? calls[call].login : 0, UCP_SESSION,
		what & 8 && what & 4 ? octet(script) % 100u : 0, NULL); break;
	case 4: case 10: answer(call, script); break;
	case 5: deliver(call, script); break;
	case 6: case 7: lend(); break;
	case 8: ack(ACK_KEPT); break;
	case 9: ack(ACK_LATER); break;
	case 11: if (!the_link.down) ucp_driver.drain(the_link.session); break;
	case 13: hang_up(call); break;
	default: settle();
	}
}

static void write_messages(void)
{
	static const struct { const char *recipient, *sender, *body, *options; } rows[] = {
		{ "+447700900123", "ACME", "hello", NULL },
		{ "07700900123", "4321", "\xD0\x9F", "{\"tlvs\": {\"billing_id\": \"EUR199\"}}" },
		{ "+447700900123", "+4412345678", "hello", "{\"class\": 0, \"validity\": 3600, \"priority\": 1}" },
		{ "*100#", "", "hello", NULL },
	};
	char why[OUTCOME_TEXT_MAX];
	batch = batch_new();
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct message *row = messages[i] = batch_message(batch);
		row->id = (int64_t)i + 1;
		row->sender = rows[i].sender;
		row->recipient = rows[i].recipient;
		row->kind = "text";
		row->body = rows[i].body;
		row->options = rows[i].options;
		row->route = row->pinned = "";
		row->attempts = 1;
		row->wants_receipt = true;
		if (!encode_message(row, &encode_usual, why, sizeof why) || row->nparts != 1)
			abort();
	}
}

static void begin(struct script *script, struct ucp_options *options)
{
	static char empty[] = "", account[] = "4321", secret[] = "secret", abroad[] = "00", home[] = "0",
	    six[] = "6", pid[] = "0539", zone[] = "+01:00", *hosts[] = { host };
	const uint8_t choice = octet(script);
	*options = (struct ucp_options){ .stx = { .host = { hosts, 1 }, .source_address = empty,
			.connect_timeout = 60000, .login_timeout = 60000, .keepalive_timeout = 60000,
			.logout_timeout = 60000, .frame_timeout = 60000, .write_timeout = 60000 },
		.listen = empty, .username = account, .password = choice & 1 ? secret : empty,
		.password_file = empty, .login = true, .oton = six, .onpi = six, .opid = empty, .alert = choice & 2,
		.alert_pid = pid, .keepalive_exclusive = choice & 4, .stop_on_auth_failure = choice & 8,
		.sessions = 1 + (choice >> 4) % 3, .window = WINDOW, .window_mode = choice >> 6 & 1,
		.response_timeout = 60000, .addresses.country_code = empty, .addresses.international_prefix = abroad,
		.addresses.national_prefix = home, .addresses.short_code_digits = 6, .own_number = empty, .alphabet = choice >> 4 & 3,
		.notification_address = empty, .notification_pid = empty, .ac = empty, .data_class = -1,
		.short_operations = choice & 128, .time_zone = zone };
	write_messages();
	for (unsigned i = 0; i < PARTS; i++) {
		/* Each on its own, as if its message had been claimed again. */
		parts[i] = messages[i % (sizeof messages / sizeof *messages)]->parts[0];
		states[i] = FREE;
		asked[i] = false;
	}
	ncalls = own_number = 0;
	memset(heard, 0, sizeof heard);
	the_link = (struct link){ .base = the_link.base, .inside_open = true };
	the_link.session = ucp_driver.open(&the_link, options);
	the_link.inside_open = false;
}

int LLVMFuzzerTestOneInput(const uint8_t *at, size_t len)
{
	struct script script = { at, len };
	struct ucp_options options;
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
	ucp_driver.close(the_link.session);
	for (size_t i = 0; i < sizeof messages / sizeof *messages; i++)
		message_release(messages[i]);
	batch_release(batch);
	int fd;
	while ((fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK)) >= 0)
		close(fd);
	event_base_loop(the_link.base, EVLOOP_NONBLOCK);
	return 0;
}
