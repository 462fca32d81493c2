/* SPDX-License-Identifier: Apache-2.0 */
/*
 * check_cimd2_pdu.c - the CIMD2 codec and its user data against tests/vectors/cimd2.json.
 */
#include "../drivers/cimd2_pdu.h"
#include "../drivers/cimd2_text.h"
#include "../sms/alphabet.h"
#include "vectors.h"

#include <check.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static json_t *vectors;

static void load(void)
{
	vectors = vectors_load("cimd2.json");
}

static void unload(void)
{
	json_decref(vectors);
}

/* The vectors show octets above 127 as <FC>. */
static void show(char *out, size_t room, const struct blob *value)
{
	size_t n = 0;
	*out = '\0';
	for (size_t i = 0; i < value->len && n < room; i++)
		n += (size_t)snprintf(out + n, room - n, value->at[i] < 0x80 ? "%c" : "<%02X>",
		    value->at[i]);
}

static void compare_text(const char *id, json_t *meaning, const struct cimd2_pdu *pdu)
{
	const struct blob *data = cimd2_value(pdu, CIMD2_TEXT);
	const char *expect = json_string_value(json_object_get(meaning, "text"));
	if (!data || !expect)
		return;
	uint8_t septets[512];
	char text[512];
	unsigned strange;
	const size_t n = cimd2_text_read(septets, sizeof septets, data->at, data->len, &strange);
	gsm7_to_utf8(text, sizeof text, septets, n);
	ck_assert_msg(strcmp(text, expect) == 0, "%s: %s", id, text);
	ck_assert_uint_eq(strange, 0);
}

START_TEST(every_valid_packet_is_read_parameter_by_parameter_and_written_back)
{
	size_t i;
	json_t *vector;
	json_array_foreach(json_object_get(vectors, "valid"), i, vector) {
		const char *id = text_of(vector, "id");
		json_t *decoded = json_object_get(vector, "decoded");
		size_t len, k;
		uint8_t *octets = octets_of(text_of(vector, "hex"), &len);
		struct cimd2_pdu pdu;
		ck_assert_msg(cimd2_unpack(octets, len, &pdu) == CIMD2_FINE, "%s", id);
		ck_assert_int_eq(pdu.operation, json_integer_value(json_object_get(decoded, "operation")));
		ck_assert_int_eq(pdu.number, json_integer_value(json_object_get(decoded, "packet_number")));
		ck_assert_int_eq(pdu.checked, json_is_string(json_object_get(decoded, "checksum")));
		ck_assert_ptr_nonnull(cimd2_operation_name(pdu.operation));
		json_t *parameters = json_object_get(decoded, "parameters"), *parameter;
		ck_assert_uint_eq(pdu.nparameters, json_array_size(parameters));
		json_array_foreach(parameters, k, parameter) {
			char value[1024];
			ck_assert_int_eq(pdu.parameters[k].code, strtol(text_of(parameter, "code"), NULL, 10));
			show(value, sizeof value, &pdu.parameters[k].value);
			ck_assert_msg(strcmp(value, text_of(parameter, "value")) == 0, "%s: %s", id, value);
		}
		compare_text(id, json_object_get(decoded, "meaning"), &pdu);
		uint8_t *back = malloc(len + 2);
		const size_t n = cimd2_pack(&pdu, back, len + 2);
		ck_assert_uint_eq(n, pdu.checked ? len : len + 2);
		ck_assert_msg(memcmp(back, octets, pdu.checked ? len : len - 1) == 0, "%s differs", id);
		for (size_t room = 0; room < n; room++)
			ck_assert_uint_eq(cimd2_pack(&pdu, back, room), 0);
		free(back);
		free(octets);
	}
}
END_TEST

/* Those that the codec decides alone; of the others the session or the map does. */
static const struct { const char *id; enum cimd2_fault fault; } decided[] = {
	{ "C101", CIMD2_BAD_CHECKSUM }, { "C102", CIMD2_BAD_CHECKSUM }, { "C109", CIMD2_FINE },
	{ "C110", CIMD2_FINE }, { "C111", CIMD2_FINE }, { "C112", CIMD2_FINE }, { "C113", CIMD2_FINE },
	{ "C114", CIMD2_BAD_HEADER }, { "C115", CIMD2_BAD_HEADER }, { "C117", CIMD2_SYNTAX },
	{ "C119", CIMD2_FINE }, { "C128", CIMD2_SYNTAX }, { "C135", CIMD2_FINE },
	{ "C141", CIMD2_FINE },
};

START_TEST(a_broken_packet_is_told_by_what_is_wrong_with_it)
{
	json_t *vector = vector_named(json_object_get(vectors, "malformed"), decided[_i].id);
	json_t *chunk = json_array_get(json_object_get(vector, "chunks_hex"), 0);
	size_t len;
	uint8_t *octets = octets_of(json_string_value(chunk), &len);
	struct cimd2_pdu pdu;
	ck_assert_msg(cimd2_unpack(octets, len, &pdu) == decided[_i].fault, "%s", decided[_i].id);
	if (decided[_i].fault != CIMD2_BAD_HEADER)
		ck_assert_int_eq(pdu.operation, (octets[1] - '0') * 10 + octets[2] - '0');
	free(octets);
}
END_TEST

START_TEST(any_cut_of_a_valid_packet_is_refused)
{
	size_t i;
	json_t *vector;
	json_array_foreach(json_object_get(vectors, "valid"), i, vector) {
		size_t len;
		uint8_t *octets = octets_of(text_of(vector, "hex"), &len);
		struct cimd2_pdu pdu;
		for (size_t cut = 0; cut < len; cut++) {
			uint8_t *exact = malloc(cut ? cut : 1);
			memcpy(exact, octets, cut);
			ck_assert_int_eq(cimd2_unpack(exact, cut, &pdu), CIMD2_BAD_HEADER);
			if (cut)
				exact[cut - 1] = CIMD2_ETX;
			cimd2_unpack(exact, cut, &pdu);
			free(exact);
		}
		free(octets);
	}
}
END_TEST

/* Written with | for TAB, without STX and ETX. */
static enum cimd2_fault unpack(const char *packet, struct cimd2_pdu *pdu)
{
	static uint8_t octets[CIMD2_PACKET_MAX];
	const size_t len = strlen(packet);
	octets[0] = CIMD2_STX;
	for (size_t i = 0; i < len; i++)
		octets[1 + i] = packet[i] == '|' ? CIMD2_TAB : (uint8_t)packet[i];
	octets[1 + len] = CIMD2_ETX;
	return cimd2_unpack(octets, len + 2, pdu);
}

START_TEST(what_a_peer_may_write_otherwise_is_taken)
{
	static const struct { const char *packet; enum cimd2_fault fault; unsigned parameters; } rows[] = {
		{ "51:001|3c|", CIMD2_SYNTAX, 0 },
		{ "51:001|3c", CIMD2_FINE, 0 },         /* lower case */
		{ "51:001|", CIMD2_FINE, 0 },
		{ "51:001|3G", CIMD2_SYNTAX, 0 },
		{ "51:001|3C0", CIMD2_SYNTAX, 0 },
		{ "51:001", CIMD2_BAD_HEADER, 0 },
		{ "51:001 |", CIMD2_BAD_HEADER, 0 },
		{ "5:0001|", CIMD2_BAD_HEADER, 0 },
		{ "53:001|901:a:b|900:002|", CIMD2_FINE, 2 }, /* a colon in a value */
		{ "53:001|033:|", CIMD2_FINE, 1 },
		{ "53:001|03a:x|900:1|", CIMD2_SYNTAX, 1 }, /* what can be read is */
		{ "53:001||900:1|", CIMD2_SYNTAX, 1 },
		{ "53:001|90|", CIMD2_SYNTAX, 0 },
		{ "53:001|900:1", CIMD2_SYNTAX, 0 },    /* the last one ends with a TAB, too */
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct cimd2_pdu pdu;
		ck_assert_msg(unpack(rows[i].packet, &pdu) == rows[i].fault, "%s", rows[i].packet);
		ck_assert_msg(pdu.nparameters == rows[i].parameters, "%s", rows[i].packet);
	}
	static const uint8_t nul[] = "\x02""20:018\t033:a\0b\t\x03", stx[] = "\x02""20:018\t033:a\x02\t\x03";
	struct cimd2_pdu pdu;
	ck_assert_int_eq(cimd2_unpack(nul, sizeof nul - 1, &pdu), CIMD2_SYNTAX);
	ck_assert_int_eq(cimd2_unpack(stx, sizeof stx - 1, &pdu), CIMD2_SYNTAX);
}
END_TEST

START_TEST(a_packet_has_so_many_parameters_and_no_more)
{
	char packet[CIMD2_PACKET_MAX];
	struct cimd2_pdu pdu;
	int n = snprintf(packet, sizeof packet, "20:000|");
	for (int i = 0; i < CIMD2_PARAMETERS_MAX; i++)
		n += snprintf(packet + n, sizeof packet - (size_t)n, "021:1|");
	ck_assert_int_eq(unpack(packet, &pdu), CIMD2_FINE);
	snprintf(packet + n, sizeof packet - (size_t)n, "021:1|");
	ck_assert_int_eq(unpack(packet, &pdu), CIMD2_SYNTAX);
	ck_assert_uint_eq(pdu.nparameters, CIMD2_PARAMETERS_MAX);

	uint8_t out[CIMD2_PACKET_MAX];
	pdu.nparameters = 0;
	for (int i = 0; i < CIMD2_PARAMETERS_MAX; i++)
		cimd2_add_text(&pdu, CIMD2_DESTINATION, "1");
	ck_assert_uint_gt(cimd2_pack(&pdu, out, sizeof out), 0);
	for (int i = 0; i < 3; i++)
		cimd2_add_text(&pdu, CIMD2_DESTINATION, "1");
	ck_assert_uint_eq(cimd2_pack(&pdu, out, sizeof out), 0);
}
END_TEST

START_TEST(what_would_break_a_packet_is_not_packed)
{
	static const struct { const char *value; size_t len; bool good; } values[] = {
		{ "a\nb\rc", 5, true }, { "a\tb", 3, false }, { "a\0b", 3, false }, { "\x02", 1, false },
		{ "\x03", 1, false }, { "", 0, true }, { "\xFF", 1, true },
	};
	uint8_t out[64];
	for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
		struct cimd2_pdu pdu = { .operation = CIMD2_SUBMIT, .number = 1 }, back;
		cimd2_add(&pdu, CIMD2_TEXT, (struct blob){ (const uint8_t *)values[i].value, values[i].len });
		const size_t n = cimd2_pack(&pdu, out, sizeof out);
		ck_assert_msg((n > 0) == values[i].good, "%zu", i);
		if (n)
			ck_assert_int_eq(cimd2_unpack(out, n, &back), CIMD2_FINE);
	}
	struct cimd2_pdu pdu = { .operation = 100, .number = 1 };
	ck_assert_uint_eq(cimd2_pack(&pdu, out, sizeof out), 0);
	pdu = (struct cimd2_pdu){ .operation = 3, .number = 1000 };
	ck_assert_uint_eq(cimd2_pack(&pdu, out, sizeof out), 0);
	pdu.number = 1;
	cimd2_add_text(&pdu, 1000, "");
	ck_assert_uint_eq(cimd2_pack(&pdu, out, sizeof out), 0);
}
END_TEST

START_TEST(numbers_may_have_zeros_in_front_and_nothing_else)
{
	static const struct { const char *text; long number; } rows[] = {
		{ "0", 0 }, { "002", 2 }, { "255", 255 }, { "0000000000000255", 255 }, { "256", -1 },
		{ "99999999999999999999999", -1 }, { "", -1 }, { "-1", -1 }, { " 1", -1 }, { "1x", -1 },
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct cimd2_pdu pdu = { .operation = CIMD2_SUBMIT };
		ck_assert_int_eq(cimd2_number(&pdu, CIMD2_CODING, 255, -2), -2);
		cimd2_add_text(&pdu, CIMD2_CODING, rows[i].text);
		cimd2_add_text(&pdu, CIMD2_CODING, "7");  /* the first one counts */
		ck_assert_msg(cimd2_number(&pdu, CIMD2_CODING, 255, -1) == rows[i].number, "%s",
		    rows[i].text);
	}
	struct cimd2_pdu pdu = { .operation = CIMD2_SUBMIT, .number = 35 };
	uint8_t out[64];
	cimd2_add_number(&pdu, CIMD2_VALIDITY_RELATIVE, 167);
	cimd2_add_number(&pdu, CIMD2_FIRST_RELATIVE, -1);
	const size_t n = cimd2_pack(&pdu, out, sizeof out);
	ck_assert_mem_eq(out, "\x02""03:035\t050:167\t053:-1\t", 23);
	ck_assert_uint_eq(n, 26);
	for (int i = 0; i < 100; i++)
		cimd2_add_number(&pdu, CIMD2_CODING, 100);
	ck_assert_uint_eq(cimd2_pack(&pdu, out, sizeof out), 0);
}
END_TEST

START_TEST(hexadecimal_is_read_in_either_case_and_written_in_upper_case)
{
	static const struct { const char *text; bool good; } rows[] = {
		{ "050003ab0202", true }, { "050003AB0202", true }, { "F5ZZ", false }, { "F", false },
		{ "", true }, { "0102030405060708", false },
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		uint8_t octets[6];
		size_t len;
		const struct blob value = { (const uint8_t *)rows[i].text, strlen(rows[i].text) };
		ck_assert_msg(cimd2_read_hex(&value, octets, sizeof octets, &len) == rows[i].good, "%s",
		    rows[i].text);
		char back[16] = "";
		cimd2_write_hex(back, octets, len);
		if (rows[i].good)
			ck_assert(strcasecmp(back, rows[i].text) == 0 && !strpbrk(back, "abcdef"));
	}
}
END_TEST

START_TEST(every_character_goes_to_the_centre_and_back_on_links_of_either_width)
{
	for (enum cimd2_width width = CIMD2_SEVEN_BITS; width <= CIMD2_EIGHT_BITS; width++) {
		for (unsigned first = 0; first < 128; first++) {
			for (unsigned second = 0; second < 128; second++) {
				const uint8_t septets[2] = { (uint8_t)first, (uint8_t)second };
				uint8_t data[6], back[8];
				unsigned strange;
				const size_t n = cimd2_text_write(data, sizeof data, septets, 2, width);
				for (size_t i = 0; i < n; i++)
					ck_assert(data[i] > CIMD2_ETX && data[i] != CIMD2_TAB &&
					    (data[i] < 0x80 || width == CIMD2_EIGHT_BITS));
				ck_assert_uint_eq(cimd2_text_read(back, sizeof back, data, n, &strange), 2);
				ck_assert_msg(memcmp(back, septets, 2) == 0 && !strange, "%02X %02X as %.*s", first,
				    second, (int)n, (const char *)data);
			}
		}
	}
	ck_assert_uint_eq(cimd2_text_write(NULL, 5, (const uint8_t *)"ab", 2, CIMD2_SEVEN_BITS), 0);
}
END_TEST

/* User data as the centre may write it, and what it shows. */
static const struct { const char *data, *text; unsigned strange; } spellings[] = {
	{ "hello", "hello", 0 }, { "a\nb\rc", "a\nb\rc", 0 },
	{ "_Oa@_L-$_Y-", "@@£$¥", 0 }, { "_e`_e'_u`_i`_o`_C,_O/_o/_A*_a*", "èéùìòÇØøÅå", 0 },
	{ "_gd_--_gf_gg_gl_go_gp_gi_gs_gt_gx", "Δ_ΦΓΛΩΠΨΣΘΞ", 0 },
	{ "_AE_ae_ss_E'_qq_ox_!!_A\"_O\"_N~_U\"_so_??_a\"_o\"_n~_u\"_a`", "ÆæßÉ\"¤¡ÄÖÑÜ§¿äöñüà", 0 },
	{ "_XXe _XX<a_XX> _XX(b_XX) _XX/ _XX= _XX_!! _XX_gl", "€ [a] {b} \\ ~ | ^", 0 },
	{ "_e\"", "é", 0 },
	{ "]}[\\^{|~`", "ÅåÄÖÜäöü¿", 0 },
	{ "Gr\xFC\xDF""e \xC4\xD6\xDC", "Grüße ÄÖÜ", 0 },
	{ "\xE7\xA0\x80\x01\x7F", "?????", 0 },     /* no characters of the alphabet */
	{ "\"#%&'()*+,-./:;<=>?!", "\"#%&'()*+,-./:;<=>?!", 0 },
	{ "a_zzb", "a_zzb", 1 }, { "_", "_", 1 }, { "_O", "_O", 1 }, { "x__Oa", "x_@", 1 },
	{ "__", "__", 2 }, { "_XX", " ", 0 },
};

START_TEST(user_data_is_read_as_centres_write_it)
{
	const char *data = spellings[_i].data;
	uint8_t septets[128];
	char text[256];
	unsigned strange;
	const size_t n = cimd2_text_read(septets, sizeof septets, (const uint8_t *)data, strlen(data),
	    &strange);
	gsm7_to_utf8(text, sizeof text, septets, n);
	ck_assert_str_eq(text, spellings[_i].text);
	ck_assert_uint_eq(strange, spellings[_i].strange);
	for (size_t room = 0; room < n; room++)
		ck_assert_uint_eq(cimd2_text_read(septets, room, (const uint8_t *)data, strlen(data), NULL), room);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("cimd2_pdu");
	TCase *tests = tcase_create("cimd2_pdu");
	tcase_add_checked_fixture(tests, load, unload);
	tcase_add_test(tests, every_valid_packet_is_read_parameter_by_parameter_and_written_back);
	tcase_add_loop_test(tests, a_broken_packet_is_told_by_what_is_wrong_with_it, 0,
	    sizeof decided / sizeof *decided);
	tcase_add_test(tests, any_cut_of_a_valid_packet_is_refused);
	tcase_add_test(tests, what_a_peer_may_write_otherwise_is_taken);
	tcase_add_test(tests, a_packet_has_so_many_parameters_and_no_more);
	tcase_add_test(tests, what_would_break_a_packet_is_not_packed);
	tcase_add_test(tests, numbers_may_have_zeros_in_front_and_nothing_else);
	tcase_add_test(tests, hexadecimal_is_read_in_either_case_and_written_in_upper_case);
	tcase_add_test(tests, every_character_goes_to_the_centre_and_back_on_links_of_either_width);
	tcase_add_loop_test(tests, user_data_is_read_as_centres_write_it, 0,
	    sizeof spellings / sizeof *spellings);
	suite_add_tcase(suite, tests);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
