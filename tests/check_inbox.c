/* SPDX-License-Identifier: Apache-2.0 */
/* check_inbox.c - parts from handsets joined, and told what they are. */
#include "../gateway/inbox.h"

#include <check.h>
#include <jansson.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct batch *batch;

static char *hex_text(const char *hex, size_t *len)
{
	static char octets[4][2048];
	static unsigned turn;
	char *out = octets[turn++ % 4];
	for (*len = 0; hex[2 * *len]; ++*len) {
		unsigned octet;
		ck_assert_int_eq(sscanf(hex + 2 * *len, "%2x", &octet), 1);
		out[*len] = (char)octet;
	}
	return out;
}

static struct blob blob(const char *hex)
{
	size_t len;
	const char *at = hex_text(hex, &len);
	return (struct blob){ (const uint8_t *)at, len };
}

/* Letters */

static struct letter join(const struct inbound *parts, size_t n)
{
	const struct inbound *at[8];
	struct letter letter;
	if (!batch)
		batch = batch_new();
	for (size_t i = 0; i < n; i++)
		at[i] = &parts[i];
	inbox_join(&letter, at, n, batch);
	return letter;
}

static const struct {
	uint8_t data_coding;
	enum charset charset;
	const char *udh, *octets, *kind, *body, *options;
} alone[] = {
	{ 0, CHARSET_GSM7, "", "48691B65", "text", "Hi\xE2\x82\xAC", NULL },
	{ 8, CHARSET_UCS2, "", "041F0440", "text", "\xD0\x9F\xD1\x80", "{\"data_coding\":8}" },
	{ 0x10, CHARSET_GSM7, "", "4869", "flash", "Hi", "{\"data_coding\":16}" },
	{ 0xF0, CHARSET_GSM7, "", "4869", "flash", "Hi", "{\"data_coding\":240}" },
	{ 0x12, CHARSET_GSM7, "", "4869", "text", "Hi", "{\"class\":2,\"data_coding\":18}" },
	{ 4, CHARSET_OCTETS, "", "00FF", "binary", NULL, "{\"data_coding\":4}" },
	{ 4, CHARSET_OCTETS, "", "4869", "binary", NULL, "{\"data_coding\":4}" },
	{ 0, CHARSET_GSM7, "03240101", "1B73", "text", "\xC5\x9F", NULL }, /* Turkish single shift */
	{ 0xF5, CHARSET_OCTETS, "06050423F40000", "424547494E", "vcard", "BEGIN",
	  "{\"dest_port\":9204,\"source_port\":0,\"data_coding\":245}" },
	{ 0xF5, CHARSET_OCTETS, "06050423F50000", "FF", "vcalendar", NULL,
	  "{\"dest_port\":9205,\"source_port\":0,\"data_coding\":245}" },
	{ 4, CHARSET_OCTETS, "040402E200", "4869", "vcard", "Hi",
	  "{\"dest_port\":226,\"source_port\":0,\"port_bits\":8,\"data_coding\":4}" },
	{ 0, CHARSET_GSM7, "06050423F40000", "4869", "vcard", "Hi", "{\"dest_port\":9204,\"source_port\":0}" },
	{ 0xF5, CHARSET_OCTETS, "06050415820000", "30", "binary", NULL,
	  "{\"dest_port\":5506,\"source_port\":0,\"class\":1,\"data_coding\":245}" },
	{ 0xF5, CHARSET_OCTETS, "0605040B8423F0",
	  "010601AE02056A0045C60D036578616D706C650085037800010348656C6C6F000101", "wap-push",
	  "Hello <http://www.example.com/x>", "{\"dest_port\":2948,\"source_port\":9200,"
	  "\"url\":\"http://www.example.com/x\",\"data_coding\":245}" },
	{ 4, CHARSET_OCTETS, "0605040B8423F0", "0106", "binary", NULL,
	  "{\"dest_port\":2948,\"source_port\":9200,\"data_coding\":4}" },
	{ 0xC8, CHARSET_GSM7, "", "", "waiting", "",
	  "{\"waiting\":{\"type\":\"voice\",\"active\":true,\"store\":false},\"data_coding\":200}" },
	{ 0, CHARSET_GSM7, "0401028003", "4869", "waiting", "Hi",
	  "{\"waiting\":{\"count\":3,\"type\":\"voice\",\"active\":true,\"store\":true}}" },
};

START_TEST(a_message_is_told_what_it_is)
{
	const struct inbound one = { .charset = alone[_i].charset, .data_coding = alone[_i].data_coding,
		.udh = blob(alone[_i].udh), .octets = blob(alone[_i].octets) };
	const struct letter letter = join(&one, 1);
	ck_assert_str_eq(letter.kind, alone[_i].kind);
	if (alone[_i].body)
		ck_assert_pstr_eq(letter.body, alone[_i].body);
	else
		ck_assert_ptr_null(letter.body);
	if (!letter.body || strcmp(letter.kind, "wap-push") == 0) {
		ck_assert_uint_eq(letter.data.len, one.octets.len);
		ck_assert_mem_eq(letter.data.at, one.octets.at, one.octets.len);
	}
	ck_assert_str_eq(letter.encoding, charset_words[one.charset]);
	ck_assert_uint_eq(letter.udh.len, one.udh.len);
	json_t *expected = alone[_i].options ? json_loads(alone[_i].options, 0, NULL) : NULL;
	json_t *options = letter.options ? json_loads(letter.options, 0, NULL) : NULL;
	ck_assert_msg(expected == options || json_equal(expected, options), "%s", letter.options);
	json_decref(expected);
	json_decref(options);
	batch_release(batch);
	batch = NULL;
}
END_TEST

/* Part `number` of `total`; the charset is GSM 7-bit. */
static struct inbound piece(unsigned number, unsigned total, const char *hex)
{
	return (struct inbound){ .charset = CHARSET_GSM7, .concat_part = (uint8_t)number,
		.concat_parts = (uint8_t)total, .concat_ref = 5, .octets = blob(hex) };
}

START_TEST(parts_are_joined_where_they_were_cut)
{
	struct inbound some[] = { piece(1, 2, "61621B"), piece(2, 2, "6564") };
	ck_assert_str_eq(join(some, 2).body, "ab\xE2\x82\xAC" "d"); /* an escape cut in two */
	some[0] = piece(1, 2, "0041D83D");
	some[1] = piece(2, 2, "DE000042");
	some[0].charset = some[1].charset = CHARSET_UCS2;
	ck_assert_str_eq(join(some, 2).body, "A\xF0\x9F\x98\x80" "B"); /* a surrogate pair */
	some[1] = piece(2, 2, "62");
	some[0] = piece(1, 2, "0041");
	some[0].charset = CHARSET_UCS2;
	ck_assert_str_eq(join(some, 2).body, "Ab"); /* each in its own coding */
	some[0].charset = CHARSET_OCTETS;
	struct letter letter = join(some, 2);
	ck_assert_ptr_null(letter.body);
	ck_assert_str_eq(letter.encoding, "binary");
	ck_assert_mem_eq(letter.data.at, "\0Ab", letter.data.len);
	some[0] = piece(1, 2, "1B73");
	some[1] = piece(2, 2, "1B73");
	some[0].udh = blob("080003050201240101");
	letter = join(some, 2);
	ck_assert_str_eq(letter.body, "\xC5\x9Fs"); /* the shift is of its own part */
	ck_assert_uint_eq(letter.udh.len, 4); /* the concatenation is left out */
	ck_assert_uint_eq(letter.missing, 0);
	batch_release(batch);
	batch = NULL;
}
END_TEST

START_TEST(what_is_missing_shows)
{
	struct inbound some[] = { piece(2, 6, "61"), piece(3, 6, "62"), piece(5, 6, "63") };
	struct letter letter = join(some, 3);
	ck_assert_str_eq(letter.body, "[...]ab[...]c[...]");
	ck_assert_uint_eq(letter.parts, 6);
	ck_assert_uint_eq(letter.missing, 3);
	batch_release(batch);
	batch = NULL;
}
END_TEST

START_TEST(an_alert_is_a_letter_without_a_text)
{
	const struct inbound alert = { .sender = "+447700900123", .alert = true,
		.charset = CHARSET_GSM7, .options = "{\"availability\":\"available\"}" };
	const struct letter letter = join(&alert, 1);
	ck_assert_str_eq(letter.kind, "alert");
	ck_assert_ptr_null(letter.body);
	ck_assert_ptr_null(letter.encoding);
	ck_assert_ptr_null(letter.data.at);
	ck_assert_str_eq(letter.options, "{\"availability\":\"available\"}");
	ck_assert_uint_eq(letter.parts, 1);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("inbox");
	TCase *tests = tcase_create("inbox");
	tcase_add_loop_test(tests, a_message_is_told_what_it_is, 0, sizeof alone / sizeof *alone);
	tcase_add_test(tests, parts_are_joined_where_they_were_cut);
	tcase_add_test(tests, what_is_missing_shows);
	suite_add_tcase(suite, tests);
	tcase_add_test(tests, an_alert_is_a_letter_without_a_text);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
