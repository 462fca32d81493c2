/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz_smpp_session.c - octets from a message centre at any state of a session.
 *
 * The first octets choose the settings, the rest is a script: what the centre sends, raw
 * or as good answers that lead into deeper states, and what the link does meanwhile.
 * The driver is the real one, over a socket of the loopback. Held against the rules of
 * driver.h: a part comes back once, none is lent beyond the window, nothing is said
 * after link_down(), a ticket is answered once; and what the driver sends can be read.
 */
#include "../../drivers/smpp.h"
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

extern const struct driver smpp_driver;

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
static struct message *messages[5];      /* one of each way to be sent */
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

/* The message centre. */

static struct { int fd; uint8_t in[IN_ROOM]; size_t have; uint32_t bind, bind_number; } calls[CALLS];
static unsigned ncalls;
static uint32_t numbers[NUMBERS];       /* of submits that were heard, the newest last; */
static uint32_t submits[NUMBERS];       /* and their commands */
static unsigned nnumbers, own_number;
static uint32_t asked_number;           /* of the newest question */
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
	struct smpp_pdu pdu;
	assert(smpp_unpack(at, len, &pdu) == SMPP_ROK && !pdu.tail_dropped);
	if (pdu.command == SMPP_QUERY_SM || pdu.command == SMPP_CANCEL_SM ||
	    pdu.command == SMPP_QUERY_BROADCAST_SM || pdu.command == SMPP_CANCEL_BROADCAST_SM) {
		asked_number = pdu.sequence;
	} else if (pdu.command == SMPP_SUBMIT_SM || pdu.command == SMPP_DATA_SM ||
	    pdu.command == SMPP_SUBMIT_MULTI || pdu.command == SMPP_BROADCAST_SM) {
		memmove(numbers, numbers + 1, sizeof numbers - sizeof *numbers);
		memmove(submits, submits + 1, sizeof submits - sizeof *submits);
		numbers[NUMBERS - 1] = pdu.sequence;
		submits[NUMBERS - 1] = pdu.command;
		nnumbers += nnumbers < NUMBERS;
	} else if (pdu.command == SMPP_BIND_TRANSCEIVER || pdu.command == SMPP_BIND_TRANSMITTER ||
	    pdu.command == SMPP_BIND_RECEIVER) {
		calls[call].bind = pdu.command;
		calls[call].bind_number = pdu.sequence;
	}
}

static void listen_to(unsigned call)
{
	uint8_t *in = calls[call].in;
	ssize_t n;
	while (calls[call].fd >= 0 &&
	    (n = recv(calls[call].fd, in + calls[call].have, IN_ROOM - calls[call].have, MSG_DONTWAIT)) > 0) {
		size_t have = calls[call].have + (size_t)n, at = 0, len;
		while ((len = smpp_measure(NULL, in + at, have - at)) && len <= have - at) {
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
			calls[ncalls].have = calls[ncalls].bind = 0;
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

static void say_pdu(unsigned call, const struct smpp_pdu *pdu)
{
	uint8_t octets[2048];
	say(call, octets, smpp_pack(pdu, octets, sizeof octets));
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

static void lend(void)
{
	if (the_link.down || the_link.lent >= the_link.window || the_link.next == PARTS)
		return;
	the_link.lent++;
	states[the_link.next] = LENT;
	const unsigned i = the_link.next++;
	smpp_driver.submit(the_link.session, &parts[i]);
	if (i % 4 == 3) {
		errands[i] = (struct command){ .kind = i % 8 == 7 ? COMMAND_CANCEL : COMMAND_QUERY,
			.message = parts[i].message, .broadcast = i % 16 == 11, .nquestions = 1, .unanswered = 1 };
		questions[i] = (struct question){ .command = &errands[i], .number = 1, .network_id = "1A2B" };
		asked[i] = true;
		smpp_driver.ask(the_link.session, &questions[i]);
	}
}

static void ack(enum ack how)
{
	if (!the_link.ntickets)
		return;
	const uint64_t ticket = the_link.tickets[--the_link.ntickets];
	smpp_driver.ack(the_link.session, ticket, how);
}

static void say_raw(unsigned call, struct script *script)
{
	size_t len = (size_t)octet(script) * 2;
	if (len > script->left)
		len = script->left;
	say(call, script->at, len);
	script->at += len;
	script->left -= len;
}

/* A whole PDU whose header is right and whose body is the script's. */
static void say_body(unsigned call, struct script *script)
{
	static const uint32_t commands[] = { SMPP_DELIVER_SM, SMPP_DATA_SM, SMPP_ALERT_NOTIFICATION,
		(uint32_t)SMPP_SUBMIT_SM_RESP, SMPP_OUTBIND, (uint32_t)SMPP_DATA_SM_RESP,
		(uint32_t)SMPP_SUBMIT_MULTI_RESP, (uint32_t)SMPP_QUERY_SM_RESP,
		(uint32_t)SMPP_BROADCAST_SM_RESP, (uint32_t)SMPP_QUERY_BROADCAST_SM_RESP };
	uint8_t octets[SMPP_HEADER + 255] = { 0 };
	const uint32_t command = commands[octet(script) % (sizeof commands / sizeof *commands)];
	const uint32_t number = command == (uint32_t)SMPP_QUERY_SM_RESP ||
	    command == (uint32_t)SMPP_QUERY_BROADCAST_SM_RESP ? asked_number : command & (uint32_t)SMPP_RESPONSE ? numbers[NUMBERS - 1] : ++own_number;
	size_t len = octet(script);
	if (len > script->left)
		len = script->left;
	const uint32_t fields[] = { (uint32_t)(SMPP_HEADER + len), command, octet(script) % 4 ? 0 : 8, number };
	for (size_t i = 0; i < 4; i++)
		for (size_t k = 0; k < 4; k++)
			octets[4 * i + k] = (uint8_t)(fields[i] >> (24 - 8 * k));
	if (len > script->left)
		len = script->left;
	memcpy(octets + SMPP_HEADER, script->at, len);
	octets[3] = (uint8_t)((SMPP_HEADER + len) & 0xFF);
	octets[2] = (uint8_t)((SMPP_HEADER + len) >> 8);
	script->at += len;
	script->left -= len;
	say(call, octets, SMPP_HEADER + len);
}

static void answer_submit(unsigned call, struct script *script)
{
	const unsigned i = NUMBERS - 1 - octet(script) % NUMBERS;
	struct smpp_pdu pdu = { .command = submits[i] | (uint32_t)SMPP_RESPONSE, .sequence = numbers[i],
		.status = octet(script) % 3 ? 0 : octet(script), .message_id = "1A2B" };
	say_pdu(call, &pdu);
}

static void deliver(unsigned call, struct script *script)
{
	static const char receipt[] = "id:1A2B sub:001 dlvrd:001 submit date:2607311200 done date:2607311201 "
	    "stat:DELIVRD err:000 text:";
	const bool report = octet(script) % 2;
	const struct smpp_pdu pdu = { .command = SMPP_DELIVER_SM, .sequence = ++own_number,
		.esm_class = report ? SMPP_ESM_RECEIPT : octet(script), .data_coding = octet(script),
		.source = { 1, 1, "447700900123" }, .destination = { 0, 0, "88100" },
		.short_message = (const uint8_t *)receipt, .sm_length = report ? sizeof receipt - 1 : 20 };
	say_pdu(call, &pdu);
}

static void act(struct script *script)
{
	const uint8_t what = octet(script);
	const unsigned call = ncalls ? (what >> 4) % ncalls : 0;
	const uint32_t bind = ncalls ? calls[call].bind | (uint32_t)SMPP_RESPONSE : 0;
	const struct smpp_pdu requests[] = {
		{ .command = SMPP_UNBIND, .sequence = own_number + 1 },
		{ .command = SMPP_ENQUIRE_LINK, .sequence = own_number + 1 },
		{ .command = (uint32_t)SMPP_UNBIND_RESP, .sequence = numbers[NUMBERS - 1] + 1 },
		{ .command = (uint32_t)SMPP_GENERIC_NACK, .sequence = numbers[NUMBERS - 1], .status = octet(script) },
	};
	const struct smpp_pdu bound = { .command = bind, .sequence = ncalls ? calls[call].bind_number : 0,
		.status = what & 8 && what & 4 ? octet(script) : 0, .system_id = "mc" };
	switch (what & 15) {
	case 0: say_raw(call, script); break;
	case 1: say_body(call, script); break;
	case 2: case 3: case 12: say_pdu(call, &bound); break;
	case 4: answer_submit(call, script); break;
	case 5: deliver(call, script); break;
	case 6: case 7: lend(); break;
	case 8: ack(ACK_KEPT); break;
	case 9: ack(ACK_LATER); break;
	case 10: say_pdu(call, &requests[octet(script) % 4]); break;
	case 11: if (!the_link.down) smpp_driver.drain(the_link.session); break;
	case 13: hang_up(call); break;
	default: settle();
	}
}

static void write_messages(void)
{
	static const struct { const char *kind, *recipient, *body, *options; } rows[] = {
		{ "text", "+447700900123", "hello", NULL },
		{ "text", "+447700900123", "hello, all", "{\"recipients\": [\"+447700900124\", \"+447700900125\"], "
		  "\"lists\": [\"STAFF\"]}" },
		{ "text", "+447700900123", "hello", "{\"operation\": \"data_sm\", \"tlvs\": {\"0x1400\": \"AB\"}}" },
		{ "ussd", "+447700900123", "1 yes, 2 no", "{\"ussd\": {\"op\": \"request\", \"session\": 7, \"sequence\": 1}}" },
		{ "broadcast", "", "flood", "{\"areas\": [\"ZONE-6\", \"ZONE-7\"], \"broadcast_content\": 1, "
		  "\"repetitions\": 1, \"interval\": {\"unit\": \"fast\"}}" },
	};
	char why[OUTCOME_TEXT_MAX];
	batch = batch_new();
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct message *row = messages[i] = batch_message(batch);
		row->id = (int64_t)i + 1;
		row->sender = "ACME";
		row->recipient = rows[i].recipient;
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

static void begin(struct script *script, struct smpp_options *options)
{
	static char empty[] = "", ussd[] = "USSD", info[] = "its_session_info", account[] = "acme01", abroad[] = "00", home[] = "0", *hosts[] = { host };
	const uint8_t choice = octet(script);
	*options = (struct smpp_options){ .host = { hosts, 1 }, .port = 2775, .system_id = account,
		.password = empty, .password_file = empty, .system_type = empty, .address_range = empty,
		.bind = choice & 3, .interface_version = (choice >> 2) % 3, .source_ton = -1, .source_npi = -1,
		.dest_ton = -1, .dest_npi = -1, .addresses.country_code = empty, .addresses.international_prefix = abroad,
		.addresses.national_prefix = home, .addresses.short_code_digits = 6,
		.service_type = empty, .ussd_service_type = ussd, .ussd_session = info,
		.window = WINDOW, .binds = 1 + (choice >> 4) % 3,
		.deliver_defer_status = SMPP_RX_T_APPN, .sniff_receipts = choice & 64, .packed = choice & 128,
		.tolerate_tx_deliver = choice & 64, .stop_on_auth_failure = choice & 128,
		.connect_timeout = 60000, .bind_timeout = 60000, .response_timeout = 60000,
		.enquire_timeout = 60000, .unbind_timeout = 60000, .pdu_timeout = 60000, .write_timeout = 60000 };
	write_messages();
	for (unsigned i = 0; i < PARTS; i++) {
		/* Each on its own, as if its message had been claimed again. */
		parts[i] = messages[i % (sizeof messages / sizeof *messages)]->parts[0];
		states[i] = FREE;
		asked[i] = false;
	}
	ncalls = nnumbers = own_number = 0;
	memset(numbers, 0, sizeof numbers);
	memset(submits, 0, sizeof submits);
	the_link = (struct link){ .base = the_link.base, .inside_open = true };
	the_link.session = smpp_driver.open(&the_link, options);
	the_link.inside_open = false;
}

int LLVMFuzzerTestOneInput(const uint8_t *at, size_t len)
{
	struct script script = { at, len };
	struct smpp_options options;
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
	smpp_driver.close(the_link.session);
	for (size_t i = 0; i < sizeof messages / sizeof *messages; i++)
		message_release(messages[i]);
	batch_release(batch);
	int fd;
	while ((fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK)) >= 0)
		close(fd);
	event_base_loop(the_link.base, EVLOOP_NONBLOCK);
	return 0;
}
