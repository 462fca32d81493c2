/* SPDX-License-Identifier: Apache-2.0 */
/*
 * check_smpp_pdu.c - the SMPP codec against tests/vectors/smpp.json.
 *
 * Vectors of commands that the codec does not know are looked at too: they
 * must be refused as unknown, and are counted.
 */
#include "../drivers/smpp_pdu.h"
#include "../gateway/message.h"

#include <check.h>
#include <jansson.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

static json_t *vectors;

static void load(void)
{
	const char *top = getenv("SMSQLD_TOP");
	char path[512];
	snprintf(path, sizeof path, "%s/tests/vectors/smpp.json", top ? top : ".");
	json_error_t err;
	vectors = json_load_file(path, JSON_ALLOW_NUL, &err);
	ck_assert_msg(vectors != NULL, "%s: %s", path, err.text);
}

static void unload(void)
{
	json_decref(vectors);
}

/* Exactly as many octets as there are, so that a sanitizer sees every step over. */
static uint8_t *octets_of(const char *hex, size_t *len)
{
	*len = strlen(hex) / 2;
	uint8_t *octets = malloc(*len ? *len : 1);
	ck_assert_ptr_nonnull(octets);
	for (size_t i = 0; i < *len; i++) {
		const char pair[3] = { hex[2 * i], hex[2 * i + 1], '\0' };
		octets[i] = (uint8_t)strtoul(pair, NULL, 16);
	}
	return octets;
}

static const char *text_of(json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));
	return text ? text : "";
}

static uint32_t number_of(json_t *object, const char *key)
{
	json_t *value = json_object_get(object, key);
	if (json_is_string(value))
		return (uint32_t)strtoul(json_string_value(value), NULL, 0);
	return (uint32_t)json_integer_value(value);
}

/* Where a field of the vectors stands in the struct. */
static const struct { const char *name; size_t offset; bool text; } places[] = {
#define TEXT(name, member) { name, offsetof(struct smpp_pdu, member), true }
#define OCTET(name, member) { name, offsetof(struct smpp_pdu, member), false }
	TEXT("system_id", system_id), TEXT("password", password), TEXT("system_type", system_type),
	OCTET("interface_version", interface_version), OCTET("addr_ton", range.ton),
	OCTET("addr_npi", range.npi), TEXT("address_range", address_range),
	TEXT("service_type", service_type), OCTET("source_addr_ton", source.ton),
	OCTET("source_addr_npi", source.npi), TEXT("source_addr", source.digits),
	OCTET("dest_addr_ton", destination.ton), OCTET("dest_addr_npi", destination.npi),
	TEXT("destination_addr", destination.digits), OCTET("esm_class", esm_class),
	OCTET("protocol_id", protocol_id), OCTET("priority_flag", priority_flag),
	TEXT("schedule_delivery_time", schedule_delivery_time),
	TEXT("validity_period", validity_period), OCTET("registered_delivery", registered_delivery),
	OCTET("replace_if_present_flag", replace_if_present), OCTET("data_coding", data_coding),
	OCTET("sm_default_msg_id", sm_default_msg_id), OCTET("sm_length", sm_length),
	TEXT("message_id", message_id),
#undef TEXT
#undef OCTET
};

static void compare_field(const char *id, json_t *field, const struct smpp_pdu *pdu)
{
	const char *name = text_of(field, "name");
	if (strcmp(name, "short_message") == 0) {
		size_t len;
		uint8_t *octets = octets_of(text_of(field, "hex"), &len);
		ck_assert_msg(len == pdu->sm_length && memcmp(octets, pdu->short_message, len) == 0,
		    "%s: short_message", id);
		free(octets);
		return;
	}
	for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
		if (strcmp(places[i].name, name) != 0)
			continue;
		const char *member = (const char *)pdu + places[i].offset;
		if (places[i].text)
			ck_assert_msg(strcmp(member, text_of(field, "value")) == 0, "%s: %s", id, name);
		else
			ck_assert_msg(*(const uint8_t *)member == number_of(field, "value"), "%s: %s", id,
			    name);
		return;
	}
	ck_abort_msg("%s: a field %s that this test does not know", id, name);
}

static void compare_tlvs(const char *id, json_t *tlvs, const struct smpp_pdu *pdu)
{
	ck_assert_msg(json_array_size(tlvs) == pdu->ntlvs, "%s: number of TLVs", id);
	for (unsigned i = 0; i < pdu->ntlvs; i++) {
		json_t *tlv = json_array_get(tlvs, i);
		size_t len;
		uint8_t *octets = octets_of(text_of(tlv, "hex"), &len);
		ck_assert_msg(pdu->tlvs[i].tag == number_of(tlv, "tag"), "%s: tag", id);
		ck_assert_msg(len == pdu->tlvs[i].len && memcmp(octets, pdu->tlvs[i].at, len) == 0,
		    "%s: value", id);
		free(octets);
	}
}

START_TEST(every_valid_pdu_is_read_field_by_field_and_written_back)
{
	size_t i, known = 0, unknown = 0;
	json_t *vector;
	json_array_foreach(json_object_get(vectors, "pdus"), i, vector) {
		const char *id = text_of(vector, "id");
		size_t len;
		uint8_t *octets = octets_of(text_of(vector, "hex"), &len);
		struct smpp_pdu pdu;
		const uint32_t status = smpp_unpack(octets, len, &pdu);
		json_t *header = json_object_get(vector, "header");
		ck_assert_uint_eq(pdu.command, number_of(header, "command_id"));
		ck_assert_uint_eq(pdu.status, number_of(header, "command_status"));
		ck_assert_uint_eq(pdu.sequence, number_of(header, "sequence_number"));
		if (!smpp_command_name(pdu.command)) {
			ck_assert_uint_eq(status, SMPP_RINVCMDID);
			unknown++;
			free(octets);
			continue;
		}
		known++;
		ck_assert_msg(status == SMPP_ROK && !pdu.tail_dropped, "%s: status 0x%x", id, status);
		ck_assert_str_eq(smpp_command_name(pdu.command), text_of(vector, "pdu"));
		size_t k;
		json_t *field;
		json_array_foreach(json_object_get(vector, "fields"), k, field)
			compare_field(id, field, &pdu);
		compare_tlvs(id, json_object_get(vector, "tlvs"), &pdu);
		uint8_t *back = malloc(len);
		const size_t n = smpp_pack(&pdu, back, len);
		if (pdu.status != SMPP_ROK)
			ck_assert_uint_eq(n, SMPP_HEADER); /* a refusal of ours has no body */
		else
			ck_assert_msg(n == len && memcmp(back, octets, len) == 0,
			    "%s: written back it differs", id);
		ck_assert_uint_eq(smpp_pack(&pdu, back, n - 1), 0);
		free(back);
		free(octets);
	}
	ck_assert_uint_ge(known, 45);
	fprintf(stderr, "check_smpp_pdu: %zu PDUs read, %zu of commands for later\n", known, unknown);
}
END_TEST

/* What the codec alone decides; the rest is the session's, and the simulator's. */
static const struct { const char *id; uint32_t status; } broken[] = {
	{ "M13", SMPP_RINVSYSID }, { "M15", SMPP_RINVPASWD }, { "M18", SMPP_RINVMSGLEN },
	{ "M19", SMPP_RINVCMDLEN }, { "M29", SMPP_RINVSCHED }, { "M30", SMPP_RINVEXPIRY },
	{ "M07", SMPP_RINVCMDID }, { "M08", SMPP_RINVCMDID }, { "M23", SMPP_ROK }, { "M28", SMPP_ROK },
	{ "M37", SMPP_ROK }, { "M38", SMPP_ROK }, { "M40", SMPP_ROK }, { "M42", SMPP_ROK },
	{ "M43", SMPP_ROK },
};

START_TEST(a_broken_pdu_names_the_status_for_its_answer)
{
	size_t i, found = 0;
	json_t *vector;
	json_array_foreach(json_object_get(vectors, "malformed"), i, vector) {
		if (strcmp(text_of(vector, "id"), broken[_i].id) != 0)
			continue;
		found++;
		size_t len;
		uint8_t *octets = octets_of(text_of(vector, "hex"), &len);
		struct smpp_pdu pdu;
		ck_assert_uint_eq(smpp_unpack(octets, len, &pdu), broken[_i].status);
		free(octets);
	}
	ck_assert_uint_eq(found, 1);
}
END_TEST

START_TEST(a_broken_tail_is_dropped_and_said_so)
{
	size_t i;
	json_t *vector;
	json_array_foreach(json_object_get(vectors, "malformed"), i, vector) {
		if (strcmp(text_of(vector, "id"), "M22") != 0)
			continue;
		size_t len;
		uint8_t *octets = octets_of(text_of(vector, "hex"), &len);
		struct smpp_pdu pdu;
		ck_assert_uint_eq(smpp_unpack(octets, len, &pdu), SMPP_ROK);
		ck_assert(pdu.tail_dropped);
		free(octets);
		return;
	}
	ck_abort_msg("M22 is missing");
}
END_TEST

START_TEST(any_cut_of_a_valid_pdu_is_refused_or_read_within_its_octets)
{
	size_t i;
	json_t *vector;
	json_array_foreach(json_object_get(vectors, "pdus"), i, vector) {
		size_t len;
		uint8_t *octets = octets_of(text_of(vector, "hex"), &len);
		for (size_t cut = SMPP_HEADER; cut < len; cut++) {
			uint8_t *piece = malloc(cut);
			memcpy(piece, octets, cut);
			struct smpp_pdu pdu;
			struct smpp_receipt receipt;
			if (smpp_unpack(piece, cut, &pdu) == SMPP_ROK)
				smpp_receipt(&pdu, &receipt);
			free(piece);
		}
		free(octets);
	}
}
END_TEST

START_TEST(a_stream_is_cut_into_pdus_wherever_it_was_split)
{
	size_t i, k;
	json_t *vector, *chunk;
	json_array_foreach(json_object_get(vectors, "streams"), i, vector) {
		uint8_t all[4096];
		size_t have = 0, frames = 0;
		bool garbled = false;
		json_array_foreach(json_object_get(vector, "chunks"), k, chunk) {
			size_t len;
			uint8_t *octets = octets_of(json_string_value(chunk), &len);
			memcpy(all + have, octets, len);
			have += len;
			free(octets);
			size_t need;
			while ((need = smpp_measure(NULL, all, have)) && need <= have) {
				frames++;
				memmove(all, all + need, have - need);
				have -= need;
			}
			garbled = garbled || need == SIZE_MAX;
		}
		size_t expected = 0;
		json_t *each;
		json_array_foreach(json_object_get(vector, "expect"), k, each)
			expected += *json_string_value(each) == 'V';
		ck_assert_msg(frames == expected, "%s: %zu frames", text_of(vector, "id"), frames);
		ck_assert_int_eq(garbled, strcmp(text_of(vector, "id"), "S5") == 0);
	}
}
END_TEST

static int64_t moment(json_t *value)
{
	struct tm tm = { 0 };
	if (!json_is_string(value))
		return 0;
	ck_assert_ptr_nonnull(strptime(json_string_value(value), "%Y-%m-%dT%H:%M:%S", &tm));
	return timegm(&tm);
}

static unsigned state_number(const char *word)
{
	static const char *const words[] = { "SCHEDULED", "ENROUTE", "DELIVERED", "EXPIRED",
		"DELETED", "UNDELIVERABLE", "ACCEPTED", "UNKNOWN", "REJECTED", "SKIPPED" };
	for (unsigned i = 0; i < sizeof words / sizeof *words; i++)
		if (strcmp(words[i], word) == 0)
			return i;
	return 0;
}

static int count_of(json_t *value)
{
	return json_is_integer(value) ? (int)json_integer_value(value) : -1;
}

START_TEST(every_variant_of_a_receipt_text_is_read)
{
	size_t i;
	json_t *vector;
	json_array_foreach(json_object_get(vectors, "receipts"), i, vector) {
		const char *id = text_of(vector, "id");
		json_t *text = json_object_get(vector, "text");
		json_t *expect = json_object_get(vector, "expect");
		const size_t len = json_string_length(text);
		uint8_t *octets = malloc(len);
		memcpy(octets, json_string_value(text), len);
		struct smpp_receipt receipt;
		ck_assert_msg(smpp_receipt_text(octets, len, &receipt), "%s", id);
		ck_assert_msg(strcmp(receipt.id, text_of(expect, "id")) == 0, "%s: id %s", id, receipt.id);
		ck_assert_msg(strcmp(receipt.word, text_of(expect, "stat")) == 0, "%s: stat", id);
		ck_assert_msg(strcmp(receipt.error_text, text_of(expect, "err")) == 0, "%s: err %s", id,
		    receipt.error_text);
		ck_assert_msg(receipt.state == state_number(text_of(expect, "state")), "%s: state", id);
		ck_assert_msg(receipt.submit_at == moment(json_object_get(expect, "submit_date")),
		    "%s: submit date", id);
		ck_assert_msg(receipt.done_at == moment(json_object_get(expect, "done_date")),
		    "%s: done date", id);
		ck_assert_msg(receipt.sub == count_of(json_object_get(expect, "sub")), "%s: sub", id);
		ck_assert_msg(receipt.dlvrd == count_of(json_object_get(expect, "dlvrd")), "%s: dlvrd", id);
		free(octets);
	}
	ck_assert_uint_ge(i, 30);
}
END_TEST

START_TEST(receipts_are_told_from_messages_and_tlvs_win_over_text)
{
	size_t i;
	json_t *vector;
	json_array_foreach(json_object_get(vectors, "receipt_pdus"), i, vector) {
		const char *id = text_of(vector, "id");
		json_t *expect = json_object_get(vector, "expect");
		if (json_object_size(json_object_get(vector, "options")))
			continue;       /* options of later work: sniffing */
		size_t len;
		uint8_t *octets = octets_of(text_of(vector, "hex"), &len);
		struct smpp_pdu pdu;
		struct smpp_receipt receipt;
		ck_assert_uint_eq(smpp_unpack(octets, len, &pdu), SMPP_ROK);
		const bool is = json_is_true(json_object_get(expect, "is_receipt"));
		ck_assert_msg(smpp_receipt(&pdu, &receipt) == is, "%s", id);
		if (is && json_is_string(json_object_get(expect, "id")))
			ck_assert_msg(strcmp(receipt.id, text_of(expect, "id")) == 0, "%s: id %s", id,
			    receipt.id);
		if (is && json_is_string(json_object_get(expect, "state")))
			ck_assert_msg(receipt.state == state_number(text_of(expect, "state")), "%s: state %u",
			    id, receipt.state);
		free(octets);
	}
}
END_TEST

static bool same_key(const char *a, const char *b)
{
	char x[NETWORK_ID_MAX], y[NETWORK_ID_MAX];
	network_key(x, a);
	network_key(y, b);
	return strcmp(x, y) == 0;
}

START_TEST(message_ids_match_across_case_zeros_and_base)
{
	size_t i;
	json_t *vector;
	json_array_foreach(json_object_get(vectors, "message_id_matching"), i, vector) {
		const char *response = text_of(vector, "resp"), *receipt = text_of(vector, "dlr");
		const char *mode = text_of(vector, "mode");
		char converted[NETWORK_ID_MAX];
		bool match = false;
		if (strcmp(mode, "string") == 0)
			match = same_key(response, receipt);
		else if (strcmp(mode, "resp-hex/dlr-dec") == 0)
			match = smpp_id_decimal_to_hex(converted, sizeof converted, receipt) &&
			    same_key(response, converted);
		else
			match = smpp_id_hex_to_decimal(converted, sizeof converted, receipt) &&
			    same_key(response, converted);
		ck_assert_msg(match == json_is_true(json_object_get(vector, "match")), "%s %s %s", response,
		    receipt, mode);
	}
	char out[NETWORK_ID_MAX];
	ck_assert(!smpp_id_hex_to_decimal(out, sizeof out, "12g4"));
	ck_assert(!smpp_id_decimal_to_hex(out, sizeof out, ""));
	ck_assert(!smpp_id_hex_to_decimal(out, 4, "ffffffff"));
}
END_TEST

START_TEST(every_status_has_a_row_in_order)
{
	uint32_t rows = 0;
	for (uint32_t status = 0; status < 0x500; status++)
		rows += smpp_status(status)->status == status && (status == 0 ||
		    strncmp(smpp_status(status)->name, "ESME_", 5) == 0);
	ck_assert_uint_eq(rows, 67);
	ck_assert_str_eq(smpp_status(SMPP_RTHROTTLED)->name, "ESME_RTHROTTLED");
	ck_assert_int_eq(smpp_status(0x4AA)->class, SMPP_CLASS_AMBIGUOUS);
}
END_TEST

START_TEST(a_text_too_long_for_its_field_is_not_packed)
{
	struct smpp_pdu pdu = { .command = SMPP_SUBMIT_SM, .sequence = 1 };
	uint8_t out[512];
	ck_assert_uint_gt(smpp_pack(&pdu, out, sizeof out), 0);
	memset(pdu.source.digits, '1', 21);
	ck_assert_uint_eq(smpp_pack(&pdu, out, sizeof out), 0);
	pdu.source.digits[20] = '\0';
	ck_assert_uint_gt(smpp_pack(&pdu, out, sizeof out), 0);
	pdu.command = 0x77;
	ck_assert_uint_eq(smpp_pack(&pdu, out, sizeof out), 0);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("smpp_pdu");
	TCase *tests = tcase_create("smpp_pdu");
	tcase_add_checked_fixture(tests, load, unload);
	tcase_add_test(tests, every_valid_pdu_is_read_field_by_field_and_written_back);
	tcase_add_loop_test(tests, a_broken_pdu_names_the_status_for_its_answer, 0,
	    sizeof broken / sizeof *broken);
	tcase_add_test(tests, a_broken_tail_is_dropped_and_said_so);
	tcase_add_test(tests, any_cut_of_a_valid_pdu_is_refused_or_read_within_its_octets);
	tcase_add_test(tests, a_stream_is_cut_into_pdus_wherever_it_was_split);
	tcase_add_test(tests, every_variant_of_a_receipt_text_is_read);
	tcase_add_test(tests, receipts_are_told_from_messages_and_tlvs_win_over_text);
	tcase_add_test(tests, message_ids_match_across_case_zeros_and_base);
	tcase_add_test(tests, every_status_has_a_row_in_order);
	tcase_add_test(tests, a_text_too_long_for_its_field_is_not_packed);
	suite_add_tcase(suite, tests);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
