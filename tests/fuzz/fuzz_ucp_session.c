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
#include "fuzz_link.h"

extern const struct driver ucp_driver;

enum { WINDOW = 4, FIELD_MAX = 64 };

/* The message centre. */

static uint8_t logins[CALLS];            /* their numbers */
static struct { uint8_t trn, operation; } heard[NUMBERS]; /* operations, the newest last */
static uint8_t own_number;

static void hear(unsigned call, const uint8_t *at, size_t len)
{
	struct ucp_pdu pdu;
	const char *culprit;
	assert(stx_kind(at, len) == STX_FRAME && ucp_unpack(at, len, &pdu) == UCP_FINE);
	if (pdu.result)
		return;
	assert(ucp_judge(&pdu, &culprit) == UCP_EC_NONE);
	if (pdu.operation == UCP_SESSION)
		logins[call] = pdu.trn;
	memmove(heard, heard + 1, sizeof heard - sizeof *heard);
	heard[NUMBERS - 1].trn = pdu.trn;
	heard[NUMBERS - 1].operation = pdu.operation;
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

/* The script. */

static void lend(void)
{
	struct part *part = next_part();
	if (!part)
		return;
	const ptrdiff_t i = part - parts;
	ucp_driver.submit(the_link.session, part);
	if (i % 4 == 3)
		ask(part, &(struct command){ .kind = i % 8 == 7 ? COMMAND_CANCEL : COMMAND_QUERY },
		    "00447700900123:241126101530");
}

static void say_raw(unsigned call, struct script *script)
{
	const struct blob raw = take(script, octet(script));
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
		if (field == pdu.nfields)
			continue;
		const uint8_t len = octet(script);
		pdu.fields[field] = take(script, len < FIELD_MAX ? len : FIELD_MAX);
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
	case 2: case 3: case 12: say_result(call, ncalls ? logins[call] : 0, UCP_SESSION,
		what & 8 && what & 4 ? octet(script) % 100u : 0, NULL); break;
	case 4: case 10: answer(call, script); break;
	case 5: deliver(call, script); break;
	case 6: case 7: lend(); break;
	case 8: ack(ACK_KEPT); break;
	case 9: ack(ACK_LATER); break;
	case 11: drain(); break;
	case 13: hang_up(call); break;
	default: settle();
	}
}

static const struct row rows[] = {
	{ "text", "ACME", "+447700900123", "hello", NULL },
	{ "text", "4321", "07700900123", "\xD0\x9F", "{\"tlvs\": {\"billing_id\": \"EUR199\"}}" },
	{ "text", "+4412345678", "+447700900123", "hello", "{\"class\": 0, \"validity\": 3600, \"priority\": 1}" },
	{ "text", "", "*100#", "hello", NULL },
};

static const void *begin(struct script *script)
{
	static struct ucp_options options;
	static char empty[] = "", account[] = "4321", secret[] = "secret", abroad[] = "00", home[] = "0",
	    six[] = "6", pid[] = "0539", zone[] = "+01:00", *hosts[] = { host };
	const uint8_t choice = octet(script);
	options = (struct ucp_options){ .stx = { .host = { hosts, 1 }, .source_address = empty,
			.connect_timeout = 60000, .login_timeout = 60000, .keepalive_timeout = 60000,
			.logout_timeout = 60000, .frame_timeout = 60000, .write_timeout = 60000 },
		.listen = empty, .username = account, .password = choice & 1 ? secret : empty,
		.password_file = empty, .new_password_file = empty, .login = true, .oton = six, .onpi = six, .opid = empty, .alert = choice & 2,
		.alert_pid = pid, .keepalive_exclusive = choice & 4, .stop_on_auth_failure = choice & 8,
		.sessions = 1 + (choice >> 4) % 3, .window = WINDOW, .window_mode = choice >> 6 & 1,
		.response_timeout = 60000, .addresses.country_code = empty, .addresses.international_prefix = abroad,
		.addresses.national_prefix = home, .addresses.short_code_digits = 6, .own_number = empty, .alphabet = choice >> 4 & 3,
		.notification_address = empty, .notification_pid = empty, .ac = empty, .data_class = -1,
		.short_operations = choice & 128, .time_zone = zone };
	write_messages(rows, sizeof rows / sizeof *rows);
	own_number = 0;
	memset(heard, 0, sizeof heard);
	memset(logins, 0, sizeof logins);
	return &options;
}

static const struct target target = { .driver = &ucp_driver, .may_only_receive = true, .measure = stx_measure, .hear = hear,
	.begin = begin, .act = act };
