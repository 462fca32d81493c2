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
#include "fuzz_link.h"

extern const struct driver smpp_driver;

enum { WINDOW = 4 };

/* The message centre. */

static struct { uint32_t bind, number; } binds[CALLS]; /* as they were asked for */
static uint32_t numbers[NUMBERS];       /* of submits that were heard, the newest last; */
static uint32_t submits[NUMBERS];       /* and their commands */
static unsigned nnumbers, own_number;
static uint32_t asked_number;           /* of the newest question */

static size_t measure(const uint8_t *at, size_t len)
{
	return smpp_measure(NULL, at, len);
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
		binds[call].bind = pdu.command;
		binds[call].number = pdu.sequence;
	}
}

static void say_pdu(unsigned call, const struct smpp_pdu *pdu)
{
	uint8_t octets[2048];
	say(call, octets, smpp_pack(pdu, octets, sizeof octets));
}

/* The script. */

static void lend(void)
{
	struct part *part = next_part();
	if (!part)
		return;
	const ptrdiff_t i = part - parts;
	smpp_driver.submit(the_link.session, part);
	if (i % 4 == 3)
		ask(part, &(struct command){ .kind = i % 8 == 7 ? COMMAND_CANCEL : COMMAND_QUERY,
			.broadcast = i % 16 == 11 }, "1A2B");
}

static void say_raw(unsigned call, struct script *script)
{
	const struct blob raw = take(script, octet(script) * 2u);
	say(call, raw.at, raw.len);
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
	const uint32_t bind = ncalls ? binds[call].bind | (uint32_t)SMPP_RESPONSE : 0;
	const struct smpp_pdu requests[] = {
		{ .command = SMPP_UNBIND, .sequence = own_number + 1 },
		{ .command = SMPP_ENQUIRE_LINK, .sequence = own_number + 1 },
		{ .command = (uint32_t)SMPP_UNBIND_RESP, .sequence = numbers[NUMBERS - 1] + 1 },
		{ .command = (uint32_t)SMPP_GENERIC_NACK, .sequence = numbers[NUMBERS - 1], .status = octet(script) },
	};
	const struct smpp_pdu bound = { .command = bind, .sequence = ncalls ? binds[call].number : 0,
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
	case 11: drain(); break;
	case 13: hang_up(call); break;
	default: settle();
	}
}

static const struct row rows[] = {
	{ "text", "ACME", "+447700900123", "hello", NULL },
	{ "text", "ACME", "+447700900123", "hello, all", "{\"recipients\": [\"+447700900124\", \"+447700900125\"], "
	  "\"lists\": [\"STAFF\"]}" },
	{ "text", "ACME", "+447700900123", "hello", "{\"operation\": \"data_sm\", \"tlvs\": {\"0x1400\": \"AB\"}}" },
	{ "ussd", "ACME", "+447700900123", "1 yes, 2 no", "{\"ussd\": {\"op\": \"request\", \"session\": 7, \"sequence\": 1}}" },
	{ "broadcast", "ACME", "", "flood", "{\"areas\": [\"ZONE-6\", \"ZONE-7\"], \"broadcast_content\": 1, "
	  "\"repetitions\": 1, \"interval\": {\"unit\": \"fast\"}}" },
};

static const void *begin(struct script *script)
{
	static struct smpp_options options;
	static char empty[] = "", ussd[] = "USSD", info[] = "its_session_info", account[] = "acme01", abroad[] = "00", home[] = "0", *hosts[] = { host };
	const uint8_t choice = octet(script);
	options = (struct smpp_options){ .host = { hosts, 1 }, .port = 2775, .system_id = account,
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
	write_messages(rows, sizeof rows / sizeof *rows);
	nnumbers = own_number = 0;
	memset(numbers, 0, sizeof numbers);
	memset(submits, 0, sizeof submits);
	memset(binds, 0, sizeof binds);
	return &options;
}

static const struct target target = { .driver = &smpp_driver, .may_only_receive = true, .measure = measure, .hear = hear,
	.begin = begin, .act = act };
