/* SPDX-License-Identifier: Apache-2.0 */
/* check_wap.c - WAP pushes: written to the octet, read from anyone. */
#include "../sms/alphabet.h"
#include "../sms/wap.h"
#include "vectors.h"

#include <check.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { ROOM = 2048 };

static const char *str(const json_t *json, const char *key)
{
	return json_string_value(json_object_get(json, key));
}

/* Spaces are for the eye. */
static size_t unhex(uint8_t *out, const char *hex)
{
	size_t n = 0;
	while (*hex) {
		unsigned octet;
		if (*hex == ' ') {
			hex++;
			continue;
		}
		ck_assert_int_eq(sscanf(hex, "%2x", &octet), 1);
		ck_assert_uint_lt(n, ROOM);
		out[n++] = (uint8_t)octet;
		hex += 2;
	}
	return n;
}

static int64_t unix_time(const char *text)
{
	struct tm utc = { 0 };
	if (!text)
		return 0;
	ck_assert(strptime(text, "%Y-%m-%dT%H:%M:%SZ", &utc) != NULL);
	return timegm(&utc);
}

/* Reads from a copy of just that size, so that a step over its end is seen. */
static bool read_copy(const uint8_t *at, size_t len, struct wap_view *view)
{
	uint8_t *copy = malloc(len ? len : 1);
	ck_assert(copy != NULL);
	memcpy(copy, at, len);
	const bool read = wap_text(copy, len, view);
	free(copy);
	return read;
}

static char text[ROOM], url[ROOM];

static struct wap_view new_view(void)
{
	return (struct wap_view){ .text = text, .text_room = sizeof text, .url = url,
		.url_room = sizeof url };
}

static void reads_nothing(const uint8_t *at, size_t len)
{
	struct wap_view view = new_view();
	ck_assert(!read_copy(at, len, &view));
	ck_assert_str_eq(text, "");
	ck_assert_str_eq(url, "");
	ck_assert_str_eq(view.from, "");
}

static struct wap_push push_of(const json_t *vector, uint8_t transaction)
{
	const json_t *input = json_object_get(vector, "input");
	return (struct wap_push){ .kind = strcmp(str(input, "type"), "sl") == 0 ? WAP_SL : WAP_SI,
		.transaction = transaction, .full = strcmp(str(vector, "id"), "G02") == 0,
		.href = str(input, "href"), .text = str(input, "text"), .id = str(input, "si_id"),
		.action = str(input, "action"), .created_at = unix_time(str(input, "created")),
		.expires_at = unix_time(str(input, "expires")) };
}

static bool same(const char *a, const char *b) { return strcmp(a ? a : "", b ? b : "") == 0; }

static void writes_and_reads(const struct wap_push *push, const uint8_t *pdu, size_t len)
{
	uint8_t out[ROOM];
	struct wap_view view = new_view();
	ck_assert_uint_eq(wap_write(out, sizeof out, push), len);
	ck_assert_mem_eq(out, pdu, len);
	ck_assert_uint_eq(wap_write(out, len, push), len);
	for (size_t room = 0; room < len; room++)
		ck_assert_uint_eq(wap_write(out, room, push), 0);
	ck_assert(read_copy(pdu, len, &view));
	ck_assert_int_eq(view.kind, push->kind);
	ck_assert_uint_eq(view.transaction, push->transaction);
	ck_assert(same(text, push->text) && same(url, push->href) && same(view.action, push->action));
	for (size_t cut = 0; cut < len; cut++)
		reads_nothing(pdu, cut);
}

static void notification_is_read(const json_t *input, const uint8_t *pdu, size_t len)
{
	struct wap_view view = new_view();
	ck_assert(read_copy(pdu, len, &view));
	ck_assert_int_eq(view.kind, WAP_MMS);
	ck_assert_str_eq(text, str(input, "subject"));
	ck_assert_str_eq(url, str(input, "location"));
	ck_assert_str_eq(view.from, str(input, "frm"));
	ck_assert_int_eq((json_int_t)view.size, json_integer_value(json_object_get(input, "size")));
	for (size_t cut = 0; cut < len; cut++)
		reads_nothing(pdu, cut);        /* the location is last */
}

static void settings_are_written(const json_t *input, const uint8_t *pdu, size_t len)
{
	uint8_t wbxml[ROOM], out[ROOM];
	const bool provisioning = strcmp(str(input, "type"), "oma-cp") == 0;
	const struct wap_settings settings = { .transaction = pdu[0],
		.content = provisioning ? "provisioning" : "browser-settings",
		.security = provisioning ? WAP_SECURITY_USER_PIN : WAP_SECURITY_NONE,
		.pin = str(input, "pin"), .wbxml = wbxml, .len = unhex(wbxml, str(input, "wbxml")) };
	ck_assert_uint_eq(wap_write_ota(out, sizeof out, &settings), len);
	ck_assert_mem_eq(out, pdu, len);
	for (size_t room = 0; room < len; room++)
		ck_assert_uint_eq(wap_write_ota(out, room, &settings), 0);
	for (size_t cut = 0; cut <= len; cut++)
		reads_nothing(pdu, cut);
}

START_TEST(every_push_is_as_the_vectors_say)
{
	json_t *json = vectors_load("gsm.json"), *vector;
	size_t i, tried = 0;
	json_array_foreach(json_object_get(json, "vectors"), i, vector) {
		if (strcmp(str(vector, "kind"), "wap") != 0)
			continue;
		const json_t *input = json_object_get(vector, "input");
		const char *type = str(input, "type");
		uint8_t pdu[ROOM];
		const size_t len = unhex(pdu, str(json_object_get(vector, "expect"), "wsp_pdu"));
		if (strcmp(type, "si") == 0 || strcmp(type, "sl") == 0) {
			const struct wap_push push = push_of(vector, pdu[0]);
			writes_and_reads(&push, pdu, len);
		} else if (strcmp(type, "mms") == 0) {
			notification_is_read(input, pdu, len);
		} else if (strcmp(type, "oma-cp") == 0 || strcmp(type, "ota-browser") == 0) {
			settings_are_written(input, pdu, len);
		} else {
			ck_abort_msg("%s: a type without a test: %s", str(vector, "id"), type);
		}
		tried++;
	}
	ck_assert_uint_eq(tried, 10);
	json_decref(json);
}
END_TEST

static const struct { struct wap_push push; const char *hex; } pushes[] = {
	/* the SL of the reference */
	{ { WAP_SL, 7, false, .href = "http://www.example.com/x" },
		"070601B0 02066A00 85 0A 03 6578616D706C65 00 85 03 7800 01" },
	{ { WAP_SL, 1, true, .href = "http://a.org/", .action = "cache" },
		"0106 08 03B081EA AF82 B484 02066A00 85 09 036100 88 07 01" },
	{ { WAP_SI, 1, false, .href = "tel:1", .action = "signal-medium" },
		"010601AE 02056A00 45 86 0B 0374656C3A3100 07 01 01" },
	/* each domain has its token, where the next begins too */
	{ { WAP_SI, 1, false, .href = "https://.com/.edu/a.net/.orgb.org/" },
		"010601AE 02056A00 45 86 0E 85 86 036100 87 032E6F72676200 88 01 01" },
	{ { WAP_SI, 1, false, .href = "http://" }, "010601AE 02056A00 45 86 0C 01 01" },
	{ { WAP_SI, 1, false, .text = "a&<" }, "010601AE 02056A00 45 C6 01 0361263C00 01 01" },
	/* zeros within a time stay */
	{ { WAP_SI, 1, false, .id = "i", .created_at = 946684800, .expires_at = 1577836801 },
		"010601AE 02056A00 45 86 11 036900 0A C304 20000101 10 C307 20200101000001 01 01" },
	{ { WAP_SI, 1, false, .id = "i", .text = "t", .action = "signal-none" },
		"010601AE 02056A00 45 C6 11 036900 05 01 037400 01 01" },
};

START_TEST(a_push_is_written_and_reads_the_same)
{
	uint8_t pdu[ROOM];
	const size_t len = unhex(pdu, pushes[_i].hex);
	writes_and_reads(&pushes[_i].push, pdu, len);
}
END_TEST

static const struct wap_push impossible[] = {
	{ WAP_MMS, .href = "http://a/" }, { WAP_SI, .href = NULL }, { WAP_SL, .text = NULL },
	{ WAP_SI, .href = "" }, { WAP_SL, .href = "" },
	{ WAP_SI, .text = "t", .action = "execute-low" }, { WAP_SL, .href = "h", .action = "delete" },
	{ WAP_SI, .text = "t", .action = "loud" }, { WAP_SI, .href = "h", .action = "delete" },
	{ WAP_SI, .id = "i", .text = "t", .action = "delete" },
	{ WAP_SI, .href = "h", .action = "signal-none" },
	{ WAP_SL, .href = "h", .text = "t" }, { WAP_SL, .href = "h", .id = "i" },
	{ WAP_SL, .href = "h", .created_at = 1 }, { WAP_SL, .href = "h", .expires_at = 1 },
	{ WAP_SI, .text = "t", .created_at = -1 }, { WAP_SI, .text = "t", .expires_at = 253402300800 },
	{ WAP_SI, .text = "\xC3" }, { WAP_SI, .href = "\xFF" }, { WAP_SI, .text = "t", .id = "\x80" },
};

START_TEST(what_cannot_be_is_not_written)
{
	uint8_t out[ROOM];
	ck_assert_uint_eq(wap_write(out, sizeof out, &impossible[_i]), 0);
}
END_TEST

START_TEST(a_push_as_long_as_255_parts_is_written_and_read)
{
	enum { LONG = 30000 };
	char *long_text = malloc(LONG + 1), *back = malloc(LONG + 5);
	uint8_t *out = malloc(LONG + 100);
	ck_assert(long_text && back && out);
	memset(long_text, 'a', LONG);
	long_text[LONG] = '\0';
	const struct wap_push push = { WAP_SI, .text = long_text };
	struct wap_view view = { .text = back, .text_room = LONG + 5 };
	const size_t n = wap_write(out, LONG + 100, &push);
	ck_assert_uint_gt(n, LONG);
	ck_assert(wap_text(out, n, &view));
	ck_assert_str_eq(back, long_text);
	free(long_text);
	free(back);
	free(out);
}
END_TEST

/* A MAC that others published: an imaginary IMSI, and what a gateway made of it. */
static const char published[] = "030B6A0674657374310045C6560187070683000101C65501870706830001871106"
    "0374657374315F4E415049440001871006AB0187080603746573743200018709068901871401C65A01870C069A0187"
    "0D060367707273757365726E616D650001870E06036770727370617373776F72640001010101";

static const struct { enum wap_security security; const char *pin, *head; } secured[] = {
	{ WAP_SECURITY_NETWORK_PIN, "123456789012345", "01062F 1F2DB6 9180 92"
		"43343833454332354637453345304346313030333830444135463637313443463230344135454335 00" },
	{ WAP_SECURITY_NETWORK_PIN, "12345678901234", "01062F 1F2DB6 9180 92"
		"35443644344643334641303334433537413841324531454131383437324432303239383636314446 00" },
	{ WAP_SECURITY_BOTH_PINS, "123456789012345:1234", "01062F 1F2DB6 9182 92"
		"32393539323735363341344638464633373533463842463045423145373633424546373835413941 00" },
	{ WAP_SECURITY_USER_PIN_MAC, NULL, "010604 03B6 9183" },
	{ WAP_SECURITY_NONE, NULL, "010601 B6" },
};

START_TEST(settings_say_whom_they_are_from)
{
	uint8_t wbxml[ROOM], head[ROOM], out[ROOM];
	const size_t len = unhex(wbxml, published), n = unhex(head, secured[_i].head);
	const struct wap_settings settings = { .transaction = 1, .content = "provisioning",
		.security = secured[_i].security, .pin = secured[_i].pin, .wbxml = wbxml, .len = len };
	ck_assert_uint_eq(wap_write_ota(out, sizeof out, &settings), n + len);
	ck_assert_mem_eq(out, head, n);
	ck_assert_mem_eq(out + n, wbxml, len);
}
END_TEST

START_TEST(bookmarks_have_a_name_of_their_own)
{
	uint8_t out[ROOM];
	const struct wap_settings settings = { .transaction = 2, .content = "browser-bookmarks",
		.security = WAP_SECURITY_NONE, .wbxml = (const uint8_t[]){ 1 }, .len = 1 };
	ck_assert_uint_eq(wap_write_ota(out, sizeof out, &settings), 3 + 0x2D + 1);
	ck_assert_mem_eq(out, "\x02\x06\x2D\x1F\x2B"
	    "application/x-wap-prov.browser-bookmarks\0\x81\xEA\x01", 3 + 0x2D + 1);
}
END_TEST

static const struct wap_settings no_settings[] = {
	{ .content = NULL, .security = WAP_SECURITY_NONE },
	{ .content = "something", .security = WAP_SECURITY_NONE },
	{ .content = "browser-settings", .security = WAP_SECURITY_USER_PIN, .pin = "1234" },
	{ .content = "provisioning", .security = WAP_SECURITY_USER_PIN },
	{ .content = "provisioning", .security = WAP_SECURITY_USER_PIN, .pin = "" },
	{ .content = "provisioning", .security = WAP_SECURITY_NETWORK_PIN, .pin = "12345" },
	{ .content = "provisioning", .security = WAP_SECURITY_NETWORK_PIN, .pin = "1234567890123456" },
	{ .content = "provisioning", .security = WAP_SECURITY_NETWORK_PIN, .pin = "12345678901234a" },
	{ .content = "provisioning", .security = WAP_SECURITY_BOTH_PINS, .pin = "123456789012345" },
	{ .content = "provisioning", .security = WAP_SECURITY_BOTH_PINS, .pin = "123456789012345:" },
	{ .content = "provisioning", .security = WAP_SECURITY_BOTH_PINS, .pin = ":1234" },
	{ .content = "provisioning", .security = (enum wap_security)4, .pin = "1234" },
	{ .content = "provisioning", .security = WAP_SECURITY_USER_PIN, .pin =
		"12345678901234567890123456789012345678901234567890123456789012345" },
};

START_TEST(settings_that_cannot_be_are_not_written)
{
	uint8_t out[ROOM];
	struct wap_settings settings = no_settings[_i];
	settings.wbxml = (const uint8_t[]){ 1 };
	settings.len = 1;
	ck_assert_uint_eq(wap_write_ota(out, sizeof out, &settings), 0);
	ck_assert_uint_eq(wap_write_ota(out, sizeof out, &(struct wap_settings){
	    .content = "provisioning", .security = WAP_SECURITY_NONE }), 0);
}
END_TEST

/* What others may send: the same in other words. */
static const struct { const char *hex, *text, *url, *action; } readable[] = {
	/* content type as text, in capitals with its length, with parameters */
	{ "0106 18 6170706C69636174696F6E2F766E642E7761702E73696300"
	  "02056A00 45C601 034100 0101", "A", "", NULL },
	{ "0106 1C 1F1A 4150504C49434154494F4E2F564E442E5741502E53494300 81EA"
	  "02056A00 45C601 034100 0101", "A", "", NULL },
	{ "0106 04 03AE8184 02056A00 45C601 034100 0101", "A", "", NULL },
	/* header length in more octets than it needs, headers of no interest */
	{ "0106 8003 AEB484 02056A00 45C601 034100 0101", "A", "", NULL },
	/* WBXML 1.1 and 1.3; no public identifier; one in the string table */
	{ "010601AE 01056A00 45C601 034100 0101", "A", "", NULL },
	{ "010601AE 03056A00 45C601 034100 0101", "A", "", NULL },
	{ "010601AE 02016A00 45C601 034100 0101", "A", "", NULL },
	{ "010601AE 0200006A1C 2D2F2F574150464F52554D2F2F44544420534920312E302F2F454E00"
	  "45C601 034100 0101", "A", "", NULL },
	/* strings from the table, whole and from their middle; entities; pieces */
	{ "010601AE 02056A07 61620063646500"
	  "45 C6 0C 8300 8303 85 8304 01 8301 028641 034100 02C12C 0101",
	  "b\xCD\x81" "A\xE2\x82\xAC", "http://abcde.com/de", NULL },
	/* Latin-1, ISO-8859-5, no charset; what is no UTF-8 shows as such */
	{ "010601AE 02050400 45C601 03FC00 0101", "\xC3\xBC", "", NULL },
	{ "010601AE 02050800 45C601 03D000 0101", "\xD0\xB0", "", NULL },
	{ "010601AE 02050000 45C601 03C3BC00 0101", "\xC3\xBC", "", NULL },
	{ "010601AE 02056A00 45C601 03C300 0101", "\xEF\xBF\xBD", "", NULL },
	/* page 0 again, processing instructions, attributes of the root, info with an item */
	{ "010601AE 02056A00 0000 430503780001 C5 0A03780001 0000 C6 0000 07 01 034100 430503780001"
	  "034200 01 47 C8 1203630001 C30178 037900 407800 8001 C0 01 01 01", "AB", "", "signal-medium" },
	/* in an attribute that says nothing: extensions, a value without a meaning */
	{ "010601AE 02056A00 45 C6 0A 407800 417800 4200 8001 8101 8201 C0C1C2 90 06 01 034100 0101",
	  "A", "", "signal-low" },
	{ "010601AE 02056A02 6100 45 C601 034100 01 C7 0400 037800 01 01 01", "A", "", NULL },
	/* octets behind the end; an SL with content */
	{ "010601AE 02056A00 45C601 034100 0101 FFFF", "A", "", NULL },
	{ "010601B0 02066A00 85 05 0A 85 01", "", "http://www..com/", "execute-low" },
	{ "010601B0 02066A00 C5 05 08 036100 01 035400 01", "", "a", "execute-low" },
};

START_TEST(a_push_in_other_words_is_read)
{
	uint8_t pdu[ROOM];
	const size_t len = unhex(pdu, readable[_i].hex);
	struct wap_view view = new_view();
	ck_assert_msg(read_copy(pdu, len, &view), "%s", readable[_i].hex);
	ck_assert_str_eq(text, readable[_i].text);
	ck_assert_str_eq(url, readable[_i].url);
	ck_assert(same(view.action, readable[_i].action));
	for (size_t cut = 0; cut < len; cut++) {
		view = new_view();
		ck_assert(!read_copy(pdu, cut, &view) || cut >= len - 2);
	}
}
END_TEST

/* Behind the message type, 8C82. */
static const struct { const char *hex, *text, *from; uint64_t size; } notifications[] = {
	{ "", "", "", 0 },
	/* subject: charset short and long, quoted, the last of two */
	{ "9604 EAC3BC00", "\xC3\xBC", "", 0 }, { "9603 84FC00", "\xC3\xBC", "", 0 },
	{ "9606 02006AC3BC00", "\xC3\xBC", "", 0 }, { "96 7FC3BC00", "\xC3\xBC", "", 0 },
	{ "9605 EA7FC3BC00", "\xC3\xBC", "", 0 }, { "964100 964200", "B", "", 0 },
	/* from: to be inserted, text, with a charset */
	{ "890181", "", "", 0 }, { "8904 802B3100", "", "+1", 0 },
	{ "8906 8004EAC3BC00", "", "\xC3\xBC", 0 },
	/* size: short, long, the longest */
	{ "8E85", "", "", 5 }, { "8E03 010000", "", "", 65536 },
	{ "8E08 FFFFFFFFFFFFFFFF", "", "", UINT64_MAX },
	/* what is stepped over: a header by name, values of every form */
	{ "582D4100 6200", "", "", 0 }, { "881F03810180 8A80 986100 8D92", "", "", 0 },
};

START_TEST(a_notification_is_read_whatever_its_fields)
{
	char hex[256];
	uint8_t pdu[ROOM];
	snprintf(hex, sizeof hex, "090603BEAF84 8C82 %s 83687474703A2F2F6100", notifications[_i].hex);
	const size_t len = unhex(pdu, hex);
	struct wap_view view = new_view();
	ck_assert_msg(read_copy(pdu, len, &view), "%s", hex);
	ck_assert_int_eq(view.kind, WAP_MMS);
	ck_assert_str_eq(url, "http://a");
	ck_assert_str_eq(text, notifications[_i].text);
	ck_assert_str_eq(view.from, notifications[_i].from);
	ck_assert(view.size == notifications[_i].size);
	for (size_t cut = 0; cut < len; cut++)
		reads_nothing(pdu, cut);
}
END_TEST

static const char *const unreadable[] = {
	/* the PDU: too short, of another type, its header or a number too long */
	"", "01", "0106", "010600", "010701AE 02056A00 45C601 034100 0101", "010602AE",
	"0106 808080808001 AE 02056A00 45C601 034100 0101",
	"0106 9080808001 AE 02056A00 45C601 034100 0101",
	/* content types: settings, in text, unknown, another name, cut, with too long a length */
	"010601B6 02056A00 45C601 034100 0101", "010601AD 3C73693E",
	"010601FF 02056A00 45C601 034100 0101",
	"0106 19 6170706C69636174696F6E2F766E642E7761702E7369637800 02056A00 45C601 034100 0101",
	"0106 02 6170 02056A00 45C601 034100 0101", "0106 02 05AE 02056A00 45C601 034100 0101",
	"0106 01 00 02056A00 45C601 034100 0101", "0106 03 0201AE 02056A00 45C601 034100 0101",
	/* WBXML: versions, another document's identifier, unknown charset, strings not there */
	"010601AE 00056A00 45C601 034100 0101", "010601AE 04056A00 45C601 034100 0101",
	"010601AE 02066A00 45C601 034100 0101", "010601AE 02076A00 45C601 034100 0101",
	"010601AE 0200006A1C 2D2F2F574150464F52554D2F2F44544420534C20312E302F2F454E00 45C601 034100 0101",
	"010601AE 0200016A00 45C601 034100 0101", "010601AE 0205876800 45C601 034100 0101",
	"010601AE 02056A7F 45C601 034100 0101", "010601AE 02056A026100 45C601 8302 0101",
	"010601AE 02056A026161 45C601 8300 0101", "010601AE 02056A026161 45C601 838FFFFFFF7F 0101",
	/* another page, tags that are unknown, by name, or where they may not be */
	"010601AE 02056A00 0001 45C601 034100 0101", "010601AE 02056A00 45C6000105 01 034100 0101",
	"010601AE 02056A00 45 09 C601 034100 0101", "010601AE 02056A00 45 08 C601 034100 0101",
	"010601AE 02056A00 45 C601 06 01 01", "010601AE 02056A00 45 06 06 01",
	"010601AE 02056A00 46 034100 01", "010601AE 02056A026100 45 0400 06 01",
	"010601AE 02056A026100 45 4400 01 06 01", "010601AE 02056A026100 45 8400 01 06 01",
	"010601AE 02056A026100 45 C400 01 01 06 01", "010601B0 02066A00 C5 08036100 01 06 01",
	/* nothing in it, or something before it begins */
	"010601AE 02056A00 05", "010601AE 02056A00 45 01", "010601AE 02056A00 01 45 06 01",
	"010601AE 02056A00 034100 45 06 01", "010601B0 02066A00 05", "010601B0 02066A00 85 05 01",
	/* in text: no characters, extensions, octets */
	"010601AE 02056A00 45C601 0200 0101", "010601AE 02056A00 45C601 0283B000 0101",
	"010601AE 02056A00 45C601 02C48000 0101", "010601AE 02056A00 45C601 404100 0101",
	"010601AE 02056A00 45C601 8141 0101", "010601AE 02056A00 45C601 C2 0101",
	"010601AE 02056A00 45C601 C30141 0101", "010601AE 02056A00 45C601 C38FFFFFFF7F 0101",
	/* in attributes: the same, unknown values, by name, none to belong to, a second URL */
	"010601AE 02056A00 45 86 0B 404100 01 01", "010601AE 02056A00 45 86 0B 8041 01 01",
	"010601AE 02056A00 45 86 0B C0 01 01", "010601AE 02056A00 45 86 0B C30141 01 01",
	"010601AE 02056A00 45 86 0B 89 01 01", "010601AE 02056A00 45 86 0B C5 01 01",
	"010601AE 02056A026100 45 86 0400 01 01", "010601AE 02056A00 45 86 034100 01 01",
	"010601AE 02056A00 45 86 0B 43 01 01", "010601AE 02056A026100 45 86 0B 8400 01 01",
	"010601AE 02056A00 45 86 0B 036100 0C 036200 01 01",
	/* notifications: another type, not first, twice, no location or two or none in text */
	"010601BE 8C84 83 6100", "010601BE 8D90 8C82 83 6100", "010601BE 8C82 8C82 83 6100",
	"010601BE 8C82", "010601BE 8C82 83 6100 83 6100", "010601BE 8C82 83 8161", "010601BE 8C82 83 00",
	/* sizes, charsets and addresses that are none; what runs past the end */
	"010601BE 8C82 8E09000000000000000001 83 6100", "010601BE 8C82 8E00 83 6100",
	"010601BE 8C82 8E3100 83 6100", "010601BE 8C82 96058768410000 83 6100",
	"010601BE 8C82 9604 02 03E8 00 83 6100", "010601BE 8C82 9602EA41 83 6100",
	"010601BE 8C82 8900 83 6100", "010601BE 8C82 894100 83 6100", "010601BE 8C82 890180 83 6100",
	"010601BE 8C82 83 6100 01", "010601BE 8C82 83 6100 96", "010601BE 8C82 83 6100 9605EA",
	"010601BE 8C82 83 6100 961F8FFFFFFF7F", "010601BE 8C82 83 6100 5800",
};

START_TEST(what_is_not_understood_is_not_read)
{
	uint8_t pdu[ROOM];
	const size_t len = unhex(pdu, unreadable[_i]);
	for (size_t cut = 0; cut <= len; cut++) {
		struct wap_view view = new_view();
		const bool read = read_copy(pdu, cut, &view);
		ck_assert_msg(!read || cut < len, "%s", unreadable[_i]);
	}
}
END_TEST

START_TEST(a_long_text_is_cut_and_a_long_url_is_none)
{
	uint8_t out[ROOM];
	const struct wap_push push = { WAP_SI, .href = "http://a.b/",
		.text = "\xE2\x82\xAC" "1\xC3\xBC" "23" };
	const size_t len = wap_write(out, sizeof out, &push);
	for (size_t room = 0; room < 20; room++) {
		memset(text, 'x', sizeof text);
		struct wap_view view = new_view();
		view.text_room = room;
		ck_assert(read_copy(out, len, &view));
		ck_assert(text[room] == 'x');
		if (room == 0)
			continue;
		const size_t n = strlen(text);
		ck_assert(n < room && utf8_valid(text, n) == n && strncmp(text, push.text, n) == 0);
		ck_assert(room < 9 || n == 8);
	}
	for (size_t room = 0; room < 20; room++) {
		memset(url, 'x', sizeof url);
		struct wap_view view = new_view();
		view.url_room = room;
		ck_assert_int_eq(read_copy(out, len, &view), room >= strlen(push.href) + 5);
		ck_assert(url[room] == 'x');
	}
}
END_TEST

START_TEST(no_text_is_longer_for_being_said_a_thousand_times)
{
	enum { TIMES = 10000, TABLE = 3000 };
	uint8_t *pdu = malloc(2 * TIMES + TABLE + 100);
	ck_assert(pdu != NULL);
	size_t n = unhex(pdu, "010601AE 02056A");
	pdu[n++] = 0x80 | TABLE >> 7;
	pdu[n++] = TABLE & 0x7F;
	memset(pdu + n, 'a', TABLE - 1);
	pdu[n + TABLE - 1] = 0;
	n += TABLE;
	n += unhex(pdu + n, "45C601");
	for (size_t i = 0; i < TIMES; i++) {
		pdu[n++] = 0x83;
		pdu[n++] = 0;
	}
	n += unhex(pdu + n, "0101");
	struct wap_view view = new_view();
	ck_assert(wap_text(pdu, n, &view));
	ck_assert_uint_eq(strlen(text), sizeof text - 1);
	free(pdu);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("wap");
	TCase *tests = tcase_create("wap");
	tcase_add_test(tests, every_push_is_as_the_vectors_say);
	tcase_add_loop_test(tests, a_push_is_written_and_reads_the_same, 0,
	    sizeof pushes / sizeof *pushes);
	tcase_add_loop_test(tests, what_cannot_be_is_not_written, 0,
	    sizeof impossible / sizeof *impossible);
	tcase_add_test(tests, a_push_as_long_as_255_parts_is_written_and_read);
	tcase_add_loop_test(tests, settings_say_whom_they_are_from, 0,
	    sizeof secured / sizeof *secured);
	tcase_add_test(tests, bookmarks_have_a_name_of_their_own);
	tcase_add_loop_test(tests, settings_that_cannot_be_are_not_written, 0,
	    sizeof no_settings / sizeof *no_settings);
	tcase_add_loop_test(tests, a_push_in_other_words_is_read, 0,
	    sizeof readable / sizeof *readable);
	tcase_add_loop_test(tests, a_notification_is_read_whatever_its_fields, 0,
	    sizeof notifications / sizeof *notifications);
	tcase_add_loop_test(tests, what_is_not_understood_is_not_read, 0,
	    sizeof unreadable / sizeof *unreadable);
	tcase_add_test(tests, a_long_text_is_cut_and_a_long_url_is_none);
	tcase_add_test(tests, no_text_is_longer_for_being_said_a_thousand_times);
	suite_add_tcase(suite, tests);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
