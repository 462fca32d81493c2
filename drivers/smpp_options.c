/* SPDX-License-Identifier: Apache-2.0 */
/* smpp_options.c - what a link with driver = smpp may say. */
#include "smpp.h"

#include "../gateway/asked.h"
#include "../sms/dcs.h"
#include "smpp_half.h"
#include "smpp_outbind.h"
#include "zone.h"

#include <stdio.h>
#include <string.h>

enum { PASSWORD_MAX = sizeof ((struct smpp_pdu *)0)->password - 1 };

static const char *const bind_words[] = {
	[SMPP_TRANSCEIVER] = "transceiver", [SMPP_TRANSMITTER_RECEIVER] = "transmitter_receiver",
	[SMPP_TRANSMITTER] = "transmitter", [SMPP_BIND_AUTO] = "auto", NULL,
};
static const char *const outbind_words[] = {
	[SMPP_OUTBIND_RECEIVER] = "receiver", [SMPP_OUTBIND_TRANSCEIVER] = "transceiver", NULL,
};
static const char *const version_words[] = { "3.3", "3.4", "5.0", NULL };
static const char *const receipt_id_words[] = {
	[SMPP_IDS_AUTO] = "auto", [SMPP_IDS_SAME] = "same",
	[SMPP_IDS_HEX_DECIMAL] = "hex-decimal", [SMPP_IDS_DECIMAL_HEX] = "decimal-hex", NULL,
};

static const char *const class_coding_words[] = {
	[SMPP_CLASS_GENERAL] = "general", [SMPP_CLASS_F] = "f", NULL,
};
static const char *const validity_words[] = {
	[SMPP_VALIDITY_ABSOLUTE] = "absolute", [SMPP_VALIDITY_RELATIVE] = "relative", NULL,
};
static const char *const mode_words[] = {
	[SMPP_MODE_DEFAULT] = "default", [SMPP_MODE_DATAGRAM] = "datagram",
	[SMPP_MODE_TRANSACTION] = "transaction", [SMPP_MODE_STORE] = "store", NULL,
};
static const char *const receipts_words[] = {
	[SMPP_RECEIPTS_FINAL] = "final", [SMPP_RECEIPTS_FAILURE] = "failure",
	[SMPP_RECEIPTS_SUCCESS] = "success", NULL,
};
static const char *const submit_words[] = { [OPERATION_SUBMIT] = "submit_sm", [OPERATION_DATA] = "data_sm", NULL };
static const char *const alphabet_words[] = { "gsm7", "latin1", "ascii", "utf8", NULL };

#define AT(member) .offset = offsetof(struct smpp_options, member)

const struct conf_key smpp_keys[] = {
	{ .name = "host", .type = CONF_LIST, AT(host),
	  .help = "message centre: name or address, with or without :port; more are tried in turn" },
	{ .name = "port", .type = CONF_NUMBER, AT(port), .fallback = "2775", .min = 1, .max = 65535,
	  .help = "TCP port of hosts that name none" },
	{ .name = "host_return", .type = CONF_SECONDS, AT(host_return), .fallback = "300", .min = 0,
	  .max = 86400,
	  .help = "seconds at a later host of the list before an earlier one is tried again; 0: never" },
	{ .name = "source_address", .type = CONF_TEXT, AT(source_address),
	  .help = "address of this machine to connect from, IPv4 or IPv6" },
	{ .name = "listen", .type = CONF_TEXT, AT(listen),
	  .help = "await message centres that connect to us (outbind), at this port or address:port" },
	{ .name = "listen_from", .type = CONF_LIST, AT(listen_from),
	  .help = "addresses and networks that may do so" },
	{ .name = "outbind_id", .type = CONF_TEXT, AT(outbind_id),
	  .help = "system_id by which such a message centre makes itself known" },
	{ .name = "outbind_password", .type = CONF_PASSWORD, AT(outbind_password),
	  .help = "its password; outbind_password_file is safer" },
	{ .name = "outbind_password_file", .type = CONF_PASSWORD_FILE, AT(outbind_password_file),
	  .help = "file whose first line is that password" },
	{ .name = "outbind_bind", .type = CONF_WORD, AT(outbind_bind), .fallback = "receiver",
	  .words = outbind_words,
	  .help = "how we bind in answer: receiver, or transceiver, which also sends" },
	{ .name = "outbind_timeout", .type = CONF_SECONDS, AT(outbind_timeout), .fallback = "15",
	  .min = 1, .max = 600, .help = "seconds from its connection to its outbind" },
	{ .name = "system_id", .type = CONF_TEXT, AT(system_id), .required = true,
	  .help = "account, up to 15 characters" },
	{ .name = "password", .type = CONF_PASSWORD, AT(password),
	  .help = "its password; password_file is safer" },
	{ .name = "password_file", .type = CONF_PASSWORD_FILE, AT(password_file),
	  .help = "file whose first line is the password" },
	{ .name = "system_type", .type = CONF_TEXT, AT(system_type),
	  .help = "if the provider names one, up to 12 characters" },
	{ .name = "bind", .type = CONF_WORD, AT(bind), .fallback = "auto",
	  .words = bind_words,
	  .help = "transceiver: one connection both ways; transmitter_receiver: two; transmitter: "
	  "sends only; auto: one, or two where the provider does not know the first" },
	{ .name = "binds", .type = CONF_NUMBER, AT(binds), .fallback = "1", .min = 1,
	  .max = SMPP_BINDS_MAX,
	  .help = "how many binds of that kind, each with its window; the load is spread over them" },
	{ .name = "stop_on_auth_failure", .type = CONF_SWITCH, AT(stop_on_auth_failure), .fallback = "off",
	  .help = "a bind refused for system_id, password or system_type is not tried again before the "
	  "operator says so" },
	{ .name = "interface_version", .type = CONF_WORD, AT(interface_version), .fallback = "3.4",
	  .words = version_words, .help = "version of SMPP to announce" },
	{ .name = "strict_version", .type = CONF_SWITCH, AT(strict_version), .fallback = "off",
	  .help = "a provider that announces no version in its answer speaks 3.3, by the book; off: 3.4" },
	{ .name = "addr_ton", .type = CONF_NUMBER, AT(addr_ton), .fallback = "0", .max = 255,
	  .help = "type of number of the bind" },
	{ .name = "addr_npi", .type = CONF_NUMBER, AT(addr_npi), .fallback = "0", .max = 255,
	  .help = "numbering plan of the bind" },
	{ .name = "address_range", .type = CONF_TEXT, AT(address_range),
	  .help = "addresses that this link serves, if the provider asks for it" },

	{ .name = "source_ton", .type = CONF_NUMBER, AT(source_ton), .fallback = "-1", .min = -1,
	  .max = 255, .help = "type of number of every sender; -1: from the address" },
	{ .name = "source_npi", .type = CONF_NUMBER, AT(source_npi), .fallback = "-1", .min = -1,
	  .max = 255, .help = "numbering plan of every sender; -1: from the address" },
	{ .name = "dest_ton", .type = CONF_NUMBER, AT(dest_ton), .fallback = "-1", .min = -1,
	  .max = 255, .help = "type of number of every recipient; -1: from the address" },
	{ .name = "dest_npi", .type = CONF_NUMBER, AT(dest_npi), .fallback = "-1", .min = -1,
	  .max = 255, .help = "numbering plan of every recipient; -1: from the address" },
	ADDRESS_KEYS(offsetof(struct smpp_options, addresses), 20),
	{ .name = "short_code_ton", .type = CONF_NUMBER, AT(short_code_ton), .fallback = "3",
	  .max = 255, .help = "type of number of short codes" },
	{ .name = "short_code_npi", .type = CONF_NUMBER, AT(short_code_npi), .fallback = "0",
	  .max = 255, .help = "numbering plan of short codes" },
	{ .name = "service_type", .type = CONF_TEXT, AT(service_type),
	  .help = "of every message, if the provider names one, up to 5 characters" },
	{ .name = "ussd_service_type", .type = CONF_TEXT, AT(ussd_service_type), .fallback = "USSD",
	  .help = "of messages of kind ussd, and what marks those that come in, up to 5 characters" },
	{ .name = "ussd_session", .type = CONF_TEXT, AT(ussd_session), .fallback = "its_session_info",
	  .help = "what names a USSD dialogue: its_session_info; the tag of a parameter of the "
	  "provider's own, like 0x1403; none: the handset alone" },
	{ .name = "tlv_names", .type = CONF_LIST, AT(tlv_names), .fallback = "",
	  .help = "names of the provider's own optional parameters, for option tlvs of rows both ways, like "
	  "\"0x1400 entity_id text\": text, cstring, number, number1, number2, number4, hex" },
	{ .name = "tlvs", .type = CONF_LIST, AT(tlvs), .fallback = "",
	  .help = "optional parameters of every submit, unless the row says them, like "
	  "\"entity_id = 1101234567890\" or \"0x1403 = text:S50\"" },
	{ .name = "alphabet", .type = CONF_WORD, AT(alphabet), .fallback = "gsm7",
	  .words = alphabet_words,
	  .help = "what data_coding 0 means at the provider; other texts than GSM 7-bit's are not "
	  "changed by it" },
	{ .name = "packed", .type = CONF_SWITCH, AT(packed), .fallback = "off",
	  .help = "GSM 7-bit texts have eight characters in seven octets, both ways" },
	{ .name = "data_codings", .type = CONF_LIST, AT(data_codings), .fallback = "",
	  .help = "how texts from handsets are read in place of the usual, like \"0x01 = latin1\": gsm7, "
	  "ucs2, binary, ascii, latin1, jis, iso-8859-5, iso-8859-8, iso-2022-jp, euc-jp, ks_c_5601, utf8" },
	{ .name = "esm_mode", .type = CONF_WORD, AT(esm_mode), .fallback = "default",
	  .words = mode_words, .help = "messaging mode in esm_class, if the provider asks for one" },
	{ .name = "receipts", .type = CONF_WORD, AT(receipts), .fallback = "final",
	  .words = receipts_words,
	  .help = "which receipts to ask for: final, failure alone, or success alone (SMPP 5.0)" },
	{ .name = "notifications", .type = CONF_SWITCH, AT(notifications), .fallback = "off",
	  .help = "ask for notifications on the way, too" },
	{ .name = "submit_with", .type = CONF_WORD, AT(submit_with), .fallback = "submit_sm",
	  .words = submit_words,
	  .help = "the operation that carries a message of one recipient: submit_sm, or data_sm "
	  "(SMPP 3.4 and later)" },
	{ .name = "class_coding", .type = CONF_WORD, AT(class_coding), .fallback = "f",
	  .words = class_coding_words,
	  .help = "data_coding of GSM 7-bit texts and octets with a class: general: 16 to 23, "
	  "f: 240 to 247" },
	{ .name = "validity_format", .type = CONF_WORD, AT(validity_format), .fallback = "absolute",
	  .words = validity_words,
	  .help = "absolute: until when, in UTC; relative: for how long, whatever the clocks say" },
	{ .name = "more_messages", .type = CONF_SWITCH, AT(more_messages), .fallback = "off",
	  .help = "tell the network that more parts follow, so that it keeps the channel open" },

	{ .name = "window", .type = CONF_NUMBER, AT(window), .fallback = "10", .min = 1,
	  .max = 1000, .help = "parts sent and not yet answered; what the provider allows" },
	{ .name = "receipt_ids", .type = CONF_WORD, AT(receipt_ids), .fallback = "auto",
	  .words = receipt_id_words,
	  .help = "auto: receipts may name messages in hexadecimal for decimal or the other way; "
	  "same: they do not; hex-decimal, decimal-hex: answers in the first base, receipts in the "
	  "second" },
	{ .name = "sniff_receipts", .type = CONF_SWITCH, AT(sniff_receipts), .fallback = "off",
	  .help = "take for a receipt what reads like one, though the provider does not mark it" },
	{ .name = "accepted_final", .type = CONF_SWITCH, AT(accepted_final), .fallback = "off",
	  .help = "a receipt ACCEPTD means delivered" },
	{ .name = "unknown_final", .type = CONF_SWITCH, AT(unknown_final), .fallback = "off",
	  .help = "a receipt UNKNOWN means undelivered" },
	{ .name = "time_zone", .type = CONF_TEXT, AT(time_zone), .fallback = "+00:00",
	  .help = "of the times in receipts" },
	{ .name = "status", .type = CONF_LIST, AT(status), .fallback = "",
	  .help = "what to do at a status in place of the usual, like \"0x45 = fail\": retry, few, "
	  "fail, throttle, rebind, hold" },
	{ .name = "deliver_defer_status", .type = CONF_NUMBER, AT(deliver_defer_status),
	  .fallback = "100", .min = 1, .max = 65535,
	  .help = "status that asks the provider to deliver again later: 100 (ESME_RX_T_APPN), "
	  "or 8, 20, 69, 88 where that one is final" },

	{ .name = "tolerate_tx_deliver", .type = CONF_SWITCH, AT(tolerate_tx_deliver), .fallback = "off",
	  .help = "take messages and receipts also where we are bound as transmitter, against the "
	  "specification" },

	TLS_KEYS(offsetof(struct smpp_options, tls)),

	{ .name = "connect_timeout", .type = CONF_SECONDS, AT(connect_timeout), .fallback = "10",
	  .min = 1, .max = 600, .help = "seconds for a host to take the connection" },
	{ .name = "bind_timeout", .type = CONF_SECONDS, AT(bind_timeout), .fallback = "30",
	  .min = 1, .max = 600, .help = "seconds for the answer to the bind" },
	{ .name = "response_timeout", .type = CONF_SECONDS, AT(response_timeout), .fallback = "60",
	  .min = 1, .max = 3600, .help = "seconds for the answer to a message; then it is in doubt" },
	{ .name = "enquire_link", .type = CONF_SECONDS, AT(enquire_link), .fallback = "30",
	  .min = 0, .max = 3600, .help = "seconds of silence before the peer is asked; 0: never" },
	{ .name = "enquire_timeout", .type = CONF_SECONDS, AT(enquire_timeout), .fallback = "15",
	  .min = 1, .max = 600, .help = "seconds for its answer; then the connection is dead" },
	{ .name = "unbind_timeout", .type = CONF_SECONDS, AT(unbind_timeout), .fallback = "10",
	  .min = 1, .max = 600, .help = "seconds for the answer to the unbind" },
	{ .name = "pdu_timeout", .type = CONF_SECONDS, AT(pdu_timeout), .fallback = "30",
	  .min = 1, .max = 600, .help = "seconds from a PDU's first octet to its last" },
	{ .name = "write_timeout", .type = CONF_SECONDS, AT(write_timeout), .fallback = "30",
	  .min = 1, .max = 600, .help = "seconds that a peer may take nothing of what is sent" },
	{ .name = "inactivity", .type = CONF_SECONDS, AT(inactivity), .fallback = "0", .min = 0,
	  .max = 86400,
	  .help = "seconds without a message either way after which a bind is made anew; 0: never" },
	{ .name = NULL },
};

uint8_t smpp_version(const struct smpp_options *options)
{
	static const uint8_t versions[] = { 0x33, 0x34, 0x50 };
	return versions[options->interface_version];
}

enum charset smpp_alphabet(const struct smpp_options *options)
{
	static const enum charset charsets[] = { CHARSET_GSM7, CHARSET_LATIN1, CHARSET_ASCII,
		CHARSET_UTF8 };
	return charsets[options->alphabet];
}

/* "0x01 = latin1". */
static bool read_coding(const char *text, unsigned *octet, enum charset *charset)
{
	char word[16];
	int end = 0;
	const bool hex = strncmp(text, "0x", 2) == 0 || strncmp(text, "0X", 2) == 0;
	if (sscanf(text, hex ? "%x = %15s %n" : "%u = %15s %n", octet, word, &end) != 2 || text[end] ||
	    *octet > UINT8_MAX)
		return false;
	for (int i = 0; charset_words[i]; i++) {
		*charset = (enum charset)i;
		if (strcmp(charset_words[i], word) == 0)
			return true;
	}
	return false;
}

enum charset smpp_read_coding(const struct smpp_options *options, uint8_t data_coding)
{
	unsigned octet;
	enum charset charset;
	for (size_t i = 0; i < options->data_codings.n; i++)
		if (read_coding(options->data_codings.items[i], &octet, &charset) && octet == data_coding)
			return charset;
	return dcs_read_smpp(data_coding, smpp_alphabet(options)).charset;
}

static bool check_habits(const struct smpp_options *options, struct conf_error *err)
{
	unsigned octet;
	enum charset charset;
	int32_t seconds;
	for (size_t i = 0; i < options->data_codings.n; i++)
		if (*options->data_codings.items[i] &&
		    !read_coding(options->data_codings.items[i], &octet, &charset))
			return conf_fail(err, "data_codings: \"%.40s\" is not a data_coding and an alphabet: like "
			    "\"0x01 = latin1\"", options->data_codings.items[i]);
	if (options->time_zone && !zone_read(options->time_zone, &seconds))
		return conf_fail(err, "time_zone = \"%.20s\" is no distance from UTC: like \"+01:00\"",
		    options->time_zone);
	if (options->receipts == SMPP_RECEIPTS_SUCCESS && smpp_version(options) < 0x50)
		return conf_fail(err, "receipts = success needs interface_version = 5.0");
	if (options->packed && smpp_alphabet(options) != CHARSET_GSM7)
		return conf_fail(err, "packed goes with alphabet = gsm7 alone");
	return true;
}

bool smpp_check(const void *at, struct conf_error *err)
{
	const struct smpp_options *options = at;
	const struct { const char *name, *value; size_t max; } texts[] = {
		{ "system_id", options->system_id, 15 },
		{ "system_type", options->system_type, 12 },
		{ "address_range", options->address_range, 40 },
		{ "service_type", options->service_type, 5 },
		{ "password", options->password, PASSWORD_MAX },
		{ "the password in password_file", options->password_file, PASSWORD_MAX },
	};
	for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
		if (strlen(texts[i].value) > texts[i].max)
			return conf_fail(err, "%s is longer than %zu characters", texts[i].name,
			    texts[i].max);
	if (*options->password && *options->password_file)
		return conf_fail(err, "password and password_file are both given: keep one");
	if (!addresses_check(&options->addresses, err))
		return false;
	const struct talk_settings settings = smpp_talk_settings(options);
	if (!outbind_check(options, err) || !talk_check(&settings, options->host.n, err))
		return false;
	return check_habits(options, err) && smpp_ussd_check(options, err) &&
	    smpp_actions_check(options, err) && smpp_tlvs_check(options, err);
}
