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
#include "fuzz_link.h"

extern const struct driver cimd2_driver;

/* The message centre. */

static unsigned next_numbers[CALLS];     /* of the centre's own requests */
static struct { unsigned operation, number; } requests[NUMBERS]; /* that were heard, the newest last */

static void hear(unsigned call, const uint8_t *at, size_t len)
{
	struct cimd2_pdu pdu;
	(void)call;
	assert(cimd2_unpack(at, len, &pdu) == CIMD2_FINE && pdu.checked);
	if (pdu.operation >= CIMD2_RESPONSE)
		return;
	assert(pdu.number % 2 == 1 && pdu.number < CIMD2_NUMBERS);
	memmove(requests, requests + 1, sizeof requests - sizeof *requests);
	requests[NUMBERS - 1].operation = pdu.operation;
	requests[NUMBERS - 1].number = pdu.number;
}

/* The script. */

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
	const unsigned number = next_numbers[call];
	next_numbers[call] = (number + 2) % CIMD2_NUMBERS;
	return number;
}

static void lend(bool with_question)
{
	struct part *part = next_part();
	if (!part)
		return;
	const ptrdiff_t i = part - parts;
	part->turn = (uint64_t)i + 1;
	cimd2_driver.submit(the_link.session, part);
	if (with_question)
		ask(part, &(struct command){ .kind = i % 2 ? COMMAND_CANCEL : COMMAND_QUERY },
		    "+447700900123:261124101530");
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
	const struct blob body = take(script, octet(script));
	say_packet(call, operation, number, body.at, body.len);
}

static void act(struct script *script)
{
	const uint8_t what = octet(script);
	const unsigned call = ncalls ? (what >> 4) % ncalls : 0;
	struct blob raw;
	switch (what & 15) {
	case 0: raw = take(script, octet(script)); say(call, raw.at, raw.len); break;
	case 1: say_body(call, script); break;
	case 2: case 3: say_text(call, CIMD2_LOGIN_RESP, requests[NUMBERS - 1].number, ""); break;
	case 4: case 5: answer(call, script); break;
	case 6: lend(false); break;
	case 7: lend(true); break;
	case 8: ack(ACK_KEPT); break;
	case 9: ack(ACK_LATER); break;
	case 10: ask_them(call, script); break;
	case 11: drain(); break;
	case 12: say_text(call, CIMD2_NACK, octet(script) * 2u + 1, ""); break;
	case 13: hang_up(call); break;
	case 14: say_text(call, CIMD2_NACK, requests[NUMBERS - 1 - octet(script) % NUMBERS].number, ""); break;
	default: settle();
	}
}

static const struct row rows[] = {
	{ "text", "ACME", "+447700900123", "hello", NULL },
	{ "flash", "ACME", "+447700900123", "Gr\xC3\xBC\xC3\x9F" "e", "{\"priority\": 3}" },
	{ "text", "ACME", "+447700900123", "hello", "{\"tlvs\": {\"tariff_class\": 5}, \"validity\": 3600}" },
};

static const void *begin(struct script *script)
{
	static struct cimd2_options options;
	static char empty[] = "", account[] = "gw01", abroad[] = "00", home[] = "0", utc[] = "+00:00", *hosts[] = { host };
	const uint8_t choice = octet(script);
	options = (struct cimd2_options){
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
	write_messages(rows, sizeof rows / sizeof *rows);
	memset(requests, 0, sizeof requests);
	memset(next_numbers, 0, sizeof next_numbers);
	return &options;
}

static const struct target target = { .driver = &cimd2_driver, .measure = stx_measure, .hear = hear,
	.begin = begin, .act = act };
