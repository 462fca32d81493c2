/* SPDX-License-Identifier: Apache-2.0 */
/*
 * check_encode.c - texts into parts: alphabet, segmentation, headers, cuts; pace.
 *
 * The vectors say what each text becomes; the properties hold for any text: what
 * was encoded decodes to the same, no part is too long, and none is needless.
 */
#include "../gateway/encode.h"
#include "../gateway/pace.h"
#include "../sms/alphabet.h"
#include "../sms/septets.h"
#include "../sms/udh.h"
#include "vectors.h"

#include <check.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { RANDOM_TEXTS = 4000, TEXT_MOST = 700 };

static struct message *message_of(const char *body)
{
	struct batch *batch = batch_new();
	struct message *message = batch_message(batch);
	batch_release(batch);
	message->id = 0x1FE;
	message->kind = "text";
	message->body = batch_text(message->batch, body, strlen(body));
	return message;
}

static char *repeat(const char *what, size_t n)
{
	char *all = calloc(n + 1, strlen(what) + 1);
	ck_assert_ptr_nonnull(all);
	for (size_t i = 0; i < n; i++)
		memcpy(all + i * strlen(what), what, strlen(what));
	return all;
}

static void unhex(uint8_t *out, const char *hex)
{
	for (size_t i = 0; hex[2 * i]; i++) {
		unsigned octet;
		ck_assert_int_eq(sscanf(hex + 2 * i, "%2x", &octet), 1);
		out[i] = (uint8_t)octet;
	}
}

static void same_octets(const char *id, const char *hex, const uint8_t *at, size_t len)
{
	char text[2 * PART_OCTETS + 64] = "";
	for (size_t i = 0; i < len; i++)
		snprintf(text + 2 * i, 3, "%02X", at[i]);
	ck_assert_msg(strcmp(hex, text) == 0, "%s: %s is not %s", id, text, hex);
}

static const char *str(const json_t *json, const char *key)
{
	return json_string_value(json_object_get(json, key));
}

static long num(const json_t *json, const char *key)
{
	return (long)json_integer_value(json_object_get(json, key));
}

/* The user data as it goes over the air: packed behind fill bits. */
static size_t on_air(const struct part *part, uint8_t *out)
{
	if (part->coding != CODING_GSM7) {
		memcpy(out, part->octets, part->len);
		return part->len;
	}
	memcpy(out, part->octets, part->udh_len);
	return part->udh_len + septets_pack(out + part->udh_len, part->octets + part->udh_len,
	    (size_t)part->len - part->udh_len, septets_fill(part->udh_len));
}

static int32_t mask_of(const json_t *list)
{
	int32_t mask = 0;
	size_t i;
	json_t *id;
	json_array_foreach(list, i, id)
		mask |= 1 << json_integer_value(id);
	return mask;
}

static void same_part(const char *id, const struct part *part, const json_t *expect)
{
	const size_t n = (size_t)part->len - part->udh_len;
	ck_assert_msg((long)(part->coding == CODING_UCS2 ? n / 2 : n) == num(expect, "units"),
	    "%s: %zu units", id, n);
	same_octets(id, str(expect, "udh"), part->octets, part->udh_len);
	uint8_t air[PART_OCTETS + 32];
	size_t octets = on_air(part, air);
	same_octets(id, str(expect, "ud"), air, octets);
	ck_assert_uint_le(octets, PART_OCTETS);
	if (str(expect, "septets"))
		same_octets(id, str(expect, "septets"), part->octets + part->udh_len, n);
}

static void run_plan(const json_t *vector)
{
	const json_t *input = json_object_get(vector, "input"), *expect = json_object_get(vector, "expect");
	const char *id = str(vector, "id"), *body = str(input, "text");
	char from_units[64];
	if (str(input, "utf16be")) {
		uint8_t units[32];
		unhex(units, str(input, "utf16be"));
		ucs2_to_utf8(from_units, sizeof from_units, units, strlen(str(input, "utf16be")) / 2);
		body = from_units;
	}
	ck_assert_msg(body != NULL, "%s has no text", id);
	struct encode_rules rules = encode_usual;
	rules.concat = json_is_true(json_object_get(input, "ref16")) ? CONCAT_UDH16 : CONCAT_UDH8;
	rules.national_single = mask_of(json_object_get(input, "single_shift_allowed"));
	rules.national_locking = mask_of(json_object_get(input, "locking_allowed"));
	struct message *message = message_of(body);
	message->id = num(input, "ref") - 1;
	char options[100], why[OUTCOME_TEXT_MAX];
	if (str(input, "other_ie")) {
		snprintf(options, sizeof options, "{\"udh\": \"%02zX%s\"}",
		    strlen(str(input, "other_ie")) / 2, str(input, "other_ie"));
		message->options = options;
	}
	ck_assert_msg(encode_message(message, &rules, why, sizeof why), "%s: %s", id, why);
	const json_t *parts = json_object_get(expect, "part");
	ck_assert_msg(message->nparts == json_array_size(parts), "%s: %u parts", id, message->nparts);
	ck_assert_msg(strncmp(message->encoding, str(expect, "encoding"), 4) == 0, "%s: %s", id,
	    message->encoding);
	uint8_t dcs;
	unhex(&dcs, str(expect, "dcs"));
	ck_assert_msg(message->data_coding == dcs, "%s: data_coding %02X", id, message->data_coding);
	for (unsigned i = 0; i < message->nparts; i++)
		same_part(id, &message->parts[i], json_array_get(parts, i));
	message_release(message);
}

START_TEST(every_text_of_the_vectors_becomes_their_parts)
{
	json_t *json = vectors_load("gsm.json");
	size_t i, n = 0;
	json_t *vector;
	json_array_foreach(json_object_get(json, "vectors"), i, vector)
		if (strcmp(str(vector, "kind"), "text-plan") == 0) {
			run_plan(vector);
			n++;
		}
	ck_assert_uint_ge(n, 30);
	json_decref(json);
}
END_TEST

/* `160 x "a" + euro`, `71 x U+044F`, `141 octets`. */
static char *by_rule(const char *rule, bool *octets)
{
	char *text = calloc(1, 4096);
	ck_assert_ptr_nonnull(text);
	*octets = false;
	for (const char *at = rule; at && *at; at = strstr(at, " + ") ? strstr(at, " + ") + 3 : NULL) {
		unsigned long count = 1, point = 0;
		char name[16] = "", letter = 'a';
		if (strncmp(at, "euro", 4) == 0)
			point = 0x20AC;
		else if (sscanf(at, "U+%lx", &point) == 1)
			;
		else if (sscanf(at, "%lu x U+%lx", &count, &point) == 2)
			;
		else if (sscanf(at, "%lu x \"%c\"", &count, &letter) == 2)
			point = (unsigned char)letter;
		else {
			ck_assert_int_eq(sscanf(at, "%lu %15s", &count, name), 2);
			ck_assert_str_eq(name, "octets");
			*octets = true;
			point = 'x';
		}
		for (char put[4]; count--; )
			strncat(text, put, utf8_put(put, (uint32_t)point));
	}
	return text;
}

START_TEST(every_split_of_the_smpp_vectors_is_ours)
{
	json_t *json = vectors_load("smpp.json"), *vector;
	size_t i;
	json_array_foreach(json_object_get(json, "long_message_splits"), i, vector) {
		bool octets;
		char *body = by_rule(str(vector, "text_rule"), &octets), why[OUTCOME_TEXT_MAX];
		struct message *message = message_of(octets ? "" : body);
		if (octets) {
			message->kind = "binary";
			message->data = (struct blob){ (const uint8_t *)body, strlen(body) };
		}
		struct encode_rules rules = encode_usual;
		rules.concat = num(vector, "ref_bits") == 16 ? CONCAT_UDH16 : CONCAT_UDH8;
		ck_assert_msg(encode_message(message, &rules, why, sizeof why), "%s: %s",
		    str(vector, "title"), why);
		const json_t *units = json_object_get(vector, "units_per_part");
		const json_t *lengths = json_object_get(vector, "sm_length_per_part");
		ck_assert_uint_eq(message->nparts, json_array_size(units));
		for (unsigned k = 0; k < message->nparts; k++) {
			const struct part *part = &message->parts[k];
			const unsigned wide = part->coding == CODING_UCS2 ? 2 : 1;
			ck_assert_int_eq((part->len - part->udh_len) / wide,
			    json_integer_value(json_array_get(units, k)));
			ck_assert_int_eq(part->len, json_integer_value(json_array_get(lengths, k)));
		}
		message_release(message);
		free(body);
	}
	json_decref(json);
}
END_TEST

/* Properties over random texts. */

static uint32_t next_random(uint64_t *state)
{
	*state = *state * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)(*state >> 33);
}

static uint32_t any_point(uint64_t *state, unsigned flavour)
{
	static const char gsm[] = "Hello {wOrld} [12] ~^|\\ @$_";
	static const struct { uint32_t first, n; } blocks[] = {
		{ 0x20, 95 }, { 0xA1, 95 }, { 0x11E, 66 }, { 0x391, 57 }, { 0x410, 64 },
		{ 0x5D0, 27 }, { 0x621, 42 }, { 0x905, 53 }, { 0x4E00, 5000 }, { 0x1F600, 80 },
		{ 0x10000, 0xFFFFF }, { 0x20AC, 1 },
	};
	if (flavour < 3)
		return (unsigned char)gsm[next_random(state) % (sizeof gsm - 1)];
	const size_t i = next_random(state) % (flavour % (sizeof blocks / sizeof *blocks) + 1);
	return blocks[i].first + next_random(state) % blocks[i].n;
}

static void decodes_to(const struct message *message, const char *body)
{
	uint8_t units[PAYLOAD_MAX];
	size_t n = 0;
	struct shifts shifts = { 0 };
	for (unsigned i = 0; i < message->nparts; i++) {
		const struct part *part = &message->parts[i];
		struct udh udh = { 0 };
		if (part->udh_len)
			ck_assert_uint_eq(udh_read(part->octets, part->len, &udh), part->udh_len);
		if (message->nparts > 1 && message->concat != CONCAT_SAR) {
			ck_assert_uint_eq(udh.concat.parts, message->nparts);
			ck_assert_uint_eq(udh.concat.part, i + 1);
			ck_assert_uint_eq(udh.concat.reference, message->concat_ref);
		}
		shifts = udh.shifts;
		memcpy(units + n, part->octets + part->udh_len, (size_t)part->len - part->udh_len);
		n += (size_t)part->len - part->udh_len;
	}
	static char text[PAYLOAD_MAX * 3 + 1];
	size_t len = charset_to_utf8(text, sizeof text, message->parts->coding == CODING_UCS2
	    ? CHARSET_UCS2 : CHARSET_GSM7, units, n, &shifts);
	ck_assert_msg(len == strlen(body) && memcmp(text, body, len) == 0, "\"%s\" came back as \"%s\"",
	    body, text);
}

/* The first character of the next part did not fit, and nothing is cut in two. */
static void none_is_needless(const struct message *message)
{
	for (unsigned i = 0; i < message->nparts; i++) {
		const struct part *part = &message->parts[i];
		const size_t sar = message->concat != CONCAT_SAR || message->nparts == 1 ? 0
		    : part->udh_len ? 5 : 6;
		const size_t before = part->udh_len + sar, here = (size_t)part->len - part->udh_len;
		ck_assert(part->coding == CODING_GSM7 ? septets_of_header(before) + here <= 160
		    : before + here <= PART_OCTETS);
		if (i + 1 == message->nparts)
			break;
		const uint8_t *next = part[1].octets + part[1].udh_len;
		struct part longer = *part;
		uint8_t octets[2 * PART_OCTETS];
		memcpy(octets, part->octets, part->len);
		longer.octets = octets;
		unsigned more = part->coding == CODING_GSM7 ? next[0] == GSM7_ESCAPE ? 2 : 1
		    : (next[0] & 0xFC) == 0xD8 ? 4 : 2;
		ck_assert((next[0] & 0xFC) != 0xDC || part->coding == CODING_GSM7);
		memcpy(octets + part->len, next, more);
		longer.len = (uint16_t)(part->len + more);
		const size_t units = (size_t)longer.len - longer.udh_len;
		ck_assert(part->coding == CODING_GSM7
		    ? septets_of_header(before) + units > 160 : before + units > PART_OCTETS);
	}
}

START_TEST(any_text_comes_back_and_no_part_is_needless)
{
	uint64_t state = 20261124;
	for (unsigned i = 0; i < RANDOM_TEXTS; i++) {
		char body[TEXT_MOST * 4 + 1];
		size_t len = 0;
		const unsigned flavour = next_random(&state) % 15, n = next_random(&state) % TEXT_MOST;
		for (unsigned k = 0; k < n; k++)
			len += utf8_put(body + len, any_point(&state, flavour));
		body[len] = '\0';
		struct encode_rules rules = encode_usual;
		rules.max_parts = PARTS_MAX;
		rules.concat = (int)(next_random(&state) % 3);
		rules.encoding = next_random(&state) % 4 ? ENCODING_AUTO : ENCODING_UCS2;
		if (next_random(&state) % 2)
			rules.national_single = rules.national_locking = ASKED_NATIONAL_ALL;
		struct message *message = message_of(body);
		char why[OUTCOME_TEXT_MAX];
		ck_assert_msg(encode_message(message, &rules, why, sizeof why), "%s: %s", why, body);
		decodes_to(message, body);
		none_is_needless(message);
		message_release(message);
	}
}
END_TEST

static const struct { const char *body, *options; const char *why; } refusals[] = {
	{ "abc\x80", NULL, "body is not UTF-8: octet 4 is 0x80" },
	{ "\xED\xA0\x80", NULL, "body is not UTF-8: octet 1 is 0xED" },
	{ "a \xE2\x80\x93", "{\"encoding\": \"gsm7\"}", "body: U+2013 at octet 3 is not in GSM 7-bit: "
	  "use encoding auto or ucs2, or transliterate" },
	{ "\xC5\x91", "{\"data_coding\": 3}", "body: U+0151 cannot be written in data_coding 3" },
	{ "\xD0\x96", "{\"data_coding\": 6}", "data_coding 6 is iso-8859-5: write it as octets into data, "
	  "with kind binary" },
};

START_TEST(what_cannot_be_sent_says_why)
{
	char why[OUTCOME_TEXT_MAX] = "";
	struct message *message = message_of(refusals[_i].body);
	message->options = refusals[_i].options;
	ck_assert(!encode_message(message, &encode_usual, why, sizeof why));
	ck_assert_str_eq(why, refusals[_i].why);
	message_release(message);
}
END_TEST

START_TEST(a_message_of_too_many_parts_fails_with_their_number)
{
	char why[OUTCOME_TEXT_MAX];
	char *body = repeat("a", 20 * 153 + 1);
	struct message *message = message_of(body);
	ck_assert(!encode_message(message, &encode_usual, why, sizeof why));
	ck_assert_str_eq(why, "body is too long: it needs 21 parts, max_parts is 20");
	message->options = "{\"max_parts\": 21}";
	ck_assert_msg(encode_message(message, &encode_usual, why, sizeof why), "%s", why);
	ck_assert_uint_eq(message->nparts, 21);
	message_release(message);
	free(body);
	body = repeat("a", 255 * 153 + 1);
	message = message_of(body);
	message->options = "{\"max_parts\": 255}";
	ck_assert(!encode_message(message, &encode_usual, why, sizeof why));
	ck_assert_str_eq(why, "body is too long: it needs more than 255 parts, max_parts is 255");
	message_release(message);
	body[255 * 153] = '\0';
	message = message_of(body);
	message->options = "{\"max_parts\": 255}";
	ck_assert_msg(encode_message(message, &encode_usual, why, sizeof why), "%s", why);
	ck_assert_uint_eq(message->nparts, 255);
	message_release(message);
	free(body);
}
END_TEST

static const struct { const char *body, *level; const char *septets; } replaced[] = {
	{ "5 \xE2\x80\x93 10\xE2\x80\xA6", "typographic", "5 - 10..." },
	{ "h\xC5\x91s", "accents", "hos" },
	{ "\xD0\x96\xD1\x83\xD0\xBA", "on", "Zhuk" },
};

START_TEST(transliteration_stays_in_gsm_7_bit)
{
	char options[60], why[OUTCOME_TEXT_MAX];
	snprintf(options, sizeof options, "{\"transliterate\": \"%s\"}", replaced[_i].level);
	struct message *message = message_of(replaced[_i].body);
	message->options = options;
	ck_assert_msg(encode_message(message, &encode_usual, why, sizeof why), "%s", why);
	ck_assert_str_eq(message->encoding, "gsm7");
	ck_assert_uint_eq(message->parts->len, strlen(replaced[_i].septets));
	ck_assert_mem_eq(message->parts->octets, replaced[_i].septets, message->parts->len);
	message_release(message);
}
END_TEST

START_TEST(what_has_no_replacement_becomes_a_question_mark_when_losses_are_allowed)
{
	char why[OUTCOME_TEXT_MAX];
	struct message *message = message_of("a\xE4\xB8\xAD" "b");
	message->options = "{\"encoding\": \"gsm7-lossy\"}";
	ck_assert_msg(encode_message(message, &encode_usual, why, sizeof why), "%s", why);
	ck_assert_mem_eq(message->parts->octets, "a?b", 3);
	message_release(message);
}
END_TEST

START_TEST(a_payload_is_one_part_of_any_length)
{
	char why[OUTCOME_TEXT_MAX];
	char *body = repeat("0123456789", 500);
	struct message *message = message_of(body);
	message->options = "{\"concat\": \"payload\"}";
	ck_assert_msg(encode_message(message, &encode_usual, why, sizeof why), "%s", why);
	ck_assert_uint_eq(message->nparts, 1);
	ck_assert_uint_eq(message->parts->len, 5000);
	ck_assert_uint_eq(message->parts->udh_len, 0);
	message_release(message);
	free(body);
}
END_TEST

START_TEST(what_is_reserved_for_other_headers_stays_free)
{
	char why[OUTCOME_TEXT_MAX];
	char *body = repeat("a", 160);
	struct encode_rules rules = encode_usual;
	rules.reserve = 7;
	struct message *message = message_of(body);
	ck_assert_msg(encode_message(message, &rules, why, sizeof why), "%s", why);
	ck_assert_uint_eq(message->nparts, 2);
	ck_assert_uint_eq(message->parts->len, 6 + 160 - 15);
	message_release(message);
	free(body);
}
END_TEST

static const struct {
	const char *kind, *options, *data;      /* data: hex, or NULL */
	const char *octets;                     /* of the one part, hex */
	int data_coding;
} kinds[] = {
	{ "flash", NULL, NULL, "4142", 0x10 },
	{ "text", "{\"class\": 2}", NULL, "4142", 0x12 },
	{ "text", "{\"encoding\": \"ucs2\", \"class\": 1}", NULL, "00410042", 0x19 },
	{ "text", "{\"data_coding\": 3}", NULL, "4142", 0x03 },
	{ "text", "{\"dest_port\": 5000}", NULL, "060504138800004142", 0x00 },
	{ "binary", NULL, "00FF", "00FF", 0x04 },
	{ "binary", "{\"dest_port\": 9200, \"source_port\": 1}", "00FF", "06050423F0000100FF", 0xF5 },
	{ "binary", "{\"dest_port\": 240, \"source_port\": 0, \"port_bits\": 8}", "00FF",
	  "040402F00000FF", 0xF5 },
	{ "binary", "{\"udh\": \"027000\"}", "00FF", "02700000FF", 0x04 },
	{ "vcard", NULL, "4243", "06050423F400004243", 0xF5 },
	{ "vcalendar", NULL, NULL, "06050423F500004142", 0xF5 },
	{ "raw", "{\"data_coding\": 4, \"esm_class\": 64}", "0270004142", "0270004142", 0x04 },
	{ "silent", NULL, NULL, "4142", 0x00 },
	{ "waiting", "{\"waiting\": {\"type\": \"voice\", \"active\": true, \"store\": true}}", NULL,
	  "4142", 0xD8 },
};

START_TEST(each_kind_has_its_coding_and_header)
{
	char why[OUTCOME_TEXT_MAX] = "";
	struct message *message = message_of(kinds[_i].data ? "" : "AB");
	message->kind = kinds[_i].kind;
	message->options = kinds[_i].options;
	uint8_t data[64];
	if (kinds[_i].data) {
		unhex(data, kinds[_i].data);
		message->data = (struct blob){ data, strlen(kinds[_i].data) / 2 };
	}
	ck_assert_msg(encode_message(message, &encode_usual, why, sizeof why), "%s %s: %s",
	    kinds[_i].kind, kinds[_i].options, why);
	ck_assert_uint_eq(message->nparts, 1);
	same_octets(kinds[_i].kind, kinds[_i].octets, message->parts->octets, message->parts->len);
	ck_assert_int_eq(message->data_coding, kinds[_i].data_coding);
	message_release(message);
}
END_TEST

START_TEST(parts_taken_before_stay_taken)
{
	char why[OUTCOME_TEXT_MAX];
	char *body = repeat("a", 400);
	struct message *message = message_of(body);
	message->taken[0] = 0x05;
	ck_assert(encode_message(message, &encode_usual, why, sizeof why));
	ck_assert(message->parts[0].taken && !message->parts[1].taken && message->parts[2].taken);
	message_release(message);
	free(body);
}
END_TEST

START_TEST(parts_that_are_cut_otherwise_now_are_all_sent)
{
	static const struct { struct encode_rules rules; const char *more; bool same; } retries[] = {
		{ { .max_parts = 20 }, "", true },
		{ { .max_parts = 20, .concat = CONCAT_UDH16 }, "", false },
		{ { .max_parts = 20, .concat = CONCAT_SAR }, "", false },
		{ { .max_parts = 20, .concat = CONCAT_PAYLOAD }, "", false },
		{ { .max_parts = 20, .encoding = ENCODING_UCS2 }, "", false },
		{ { .max_parts = 20, .reserve = 4 }, "", false },
		{ { .max_parts = 20 }, "b", true },     /* what was taken is still the same */
		{ { .max_parts = 20 }, " \xC5\x91", false },
	};
	char why[OUTCOME_TEXT_MAX], *body = repeat("a", 400);
	for (size_t i = 0; i < sizeof retries / sizeof *retries; i++) {
		struct message *first = message_of(body), *again;
		ck_assert(encode_message(first, &encode_usual, why, sizeof why));
		ck_assert_uint_eq(first->nparts, 3);
		char longer[500];
		snprintf(longer, sizeof longer, "%s%s", body, retries[i].more);
		again = message_of(longer);
		again->taken[0] = 0x03;
		again->digests = batch_alloc(again->batch, PARTS_MAX * sizeof *again->digests);
		again->digests[0] = first->parts[0].digest;
		again->digests[1] = first->parts[1].digest;
		ck_assert(encode_message(again, &retries[i].rules, why, sizeof why));
		unsigned taken = 0;
		for (unsigned k = 0; k < again->nparts; k++)
			taken += again->parts[k].taken;
		ck_assert_msg(taken == (retries[i].same ? 2u : 0), "%zu: %u", i, taken);
		ck_assert_int_eq(again->taken[0], retries[i].same ? 3 : 0);
		message_release(first);
		message_release(again);
	}
	free(body);
}
END_TEST

START_TEST(a_pace_gives_its_rate_and_says_how_long_to_wait)
{
	struct pace pace;
	pace_init(&pace, 50, 0, 1000);
	unsigned taken = 0;
	for (uint64_t now = 1000; now < 11000; now++)
		taken += pace_take(&pace, now);
	ck_assert_uint_ge(taken, 500);
	ck_assert_uint_le(taken, 505);
	while (pace_take(&pace, 11000))
		;
	ck_assert_uint_ge(pace_wait(&pace, 11000), 1);
	ck_assert(pace_take(&pace, 11000 + pace_wait(&pace, 11000)));
	pace_init(&pace, 0, 0, 0);
	ck_assert(pace_take(&pace, 0) && pace_wait(&pace, 0) == 0);
}
END_TEST

START_TEST(a_code_to_dial_is_a_part_of_no_octets)
{
	char why[OUTCOME_TEXT_MAX];
	struct message *message = message_of("");
	message->kind = "ussd";
	message->recipient = "*100#";
	ck_assert_msg(encode_message(message, &encode_usual, why, sizeof why), "%s", why);
	ck_assert_uint_eq(message->nparts, 1);
	ck_assert_uint_eq(message->parts[0].len, 0);
	ck_assert_uint_eq(message->parts[0].udh_len, 0);
	ck_assert_int_eq(message->expires_at, 0);
	message_release(message);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("encode");
	TCase *tests = tcase_create("encode");
	tcase_set_timeout(tests, 60);
	tcase_add_test(tests, a_code_to_dial_is_a_part_of_no_octets);
	tcase_add_test(tests, every_text_of_the_vectors_becomes_their_parts);
	tcase_add_test(tests, every_split_of_the_smpp_vectors_is_ours);
	tcase_add_test(tests, any_text_comes_back_and_no_part_is_needless);
	tcase_add_loop_test(tests, what_cannot_be_sent_says_why, 0, sizeof refusals / sizeof *refusals);
	tcase_add_test(tests, a_message_of_too_many_parts_fails_with_their_number);
	tcase_add_loop_test(tests, transliteration_stays_in_gsm_7_bit, 0,
	    sizeof replaced / sizeof *replaced);
	tcase_add_test(tests, what_has_no_replacement_becomes_a_question_mark_when_losses_are_allowed);
	tcase_add_test(tests, a_payload_is_one_part_of_any_length);
	tcase_add_test(tests, what_is_reserved_for_other_headers_stays_free);
	tcase_add_loop_test(tests, each_kind_has_its_coding_and_header, 0, sizeof kinds / sizeof *kinds);
	tcase_add_test(tests, parts_taken_before_stay_taken);
	tcase_add_test(tests, parts_that_are_cut_otherwise_now_are_all_sent);
	tcase_add_test(tests, a_pace_gives_its_rate_and_says_how_long_to_wait);
	suite_add_tcase(suite, tests);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
