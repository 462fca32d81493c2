/* SPDX-License-Identifier: Apache-2.0 */
/*
 * check_smpp_pdu.c - the SMPP codec against tests/vectors/smpp.json.
 */
#include "../drivers/smpp_pdu.h"
#include "../gateway/message.h"
#include "vectors.h"

#include <check.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

static json_t *vectors;

static void load(void)
{
	vectors = vectors_load("smpp.json");
}

static void unload(void)
{
	json_decref(vectors);
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
	TEXT("message_id", message_id), OCTET("number_of_dests", dests.n),
	OCTET("no_unsuccess", dests.n), TEXT("final_date", final_date),
	OCTET("message_state", message_state), OCTET("error_code", error_code),
#undef TEXT
#undef OCTET
};

static void compare_dests(const char *id, json_t *field, const struct smpp_pdu *pdu)
{
	size_t i, at = 0, len = 0;
	json_t *value;
	struct smpp_dest dest;
	uint8_t room[512];
	json_array_foreach(json_object_get(field, "value"), i, value) {
		ck_assert_msg(smpp_dest_next(pdu, &at, &dest), "%s: destination %zu", id, i);
		ck_assert_int_eq(dest.list, number_of(value, "dest_flag") == 2);
		ck_assert_str_eq(dest.address.digits, text_of(value, dest.list ? "dl_name" : "addr"));
		ck_assert_uint_eq(dest.address.ton, number_of(value, "ton"));
		ck_assert_uint_eq(dest.address.npi, number_of(value, "npi"));
		ck_assert_uint_eq(dest.status, number_of(value, "error_status_code"));
		len += smpp_dest_put(pdu->command, &dest, room + len, sizeof room - len);
	}
	ck_assert_msg(!smpp_dest_next(pdu, &at, &dest), "%s: a destination too many", id);
	ck_assert_uint_eq(len, pdu->dests.len);
	ck_assert_mem_eq(room, pdu->dests.at, len);
}

static void compare_field(const char *id, json_t *field, const struct smpp_pdu *pdu)
{
	const char *name = text_of(field, "name");
	if (strcmp(name, "dest_address") == 0 || strcmp(name, "unsuccess_sme") == 0) {
		compare_dests(id, field, pdu);
		return;
	}
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
	size_t i;
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
}
END_TEST

/* Those that the codec decides alone; of the others the session or the account does. */
static const char *const decided[] = { "M07", "M08", "M13", "M15", "M18", "M19", "M22", "M23",
	"M28", "M29", "M30", "M33", "M34", "M35", "M36", "M37", "M38", "M40", "M42", "M43" };

/* What the answer that the vector asks for says of the PDU; none says that all is well. */
static uint32_t status_of_answer(json_t *vector)
{
	size_t len;
	uint8_t *reply = octets_of(text_of(vector, "reply_hex"), &len);
	uint32_t command, status = SMPP_ROK, sequence;
	if (len >= SMPP_HEADER)
		smpp_header(reply, &command, &status, &sequence);
	free(reply);
	return status;
}

START_TEST(a_broken_pdu_names_the_status_of_its_answer)
{
	json_t *vector = vector_named(json_object_get(vectors, "malformed"), decided[_i]);
	size_t len;
	uint8_t *octets = octets_of(text_of(vector, "hex"), &len);
	struct smpp_pdu pdu;
	uint32_t status = smpp_unpack(octets, len, &pdu);
	if (status == SMPP_ROK && pdu.tail_dropped)
		status = SMPP_RINVOPTPARSTREAM; /* as a message centre answers it */
	const uint32_t expected = smpp_command_name(pdu.command) ? status_of_answer(vector)
	    : SMPP_RINVCMDID;
	ck_assert_msg(status == expected, "%s: status 0x%x, not 0x%x", decided[_i], status, expected);
	free(octets);
}
END_TEST

START_TEST(an_impossible_length_ends_the_stream_and_a_part_of_a_pdu_does_not)
{
	static const char *const impossible[] = { "M01", "M03", "M04", "M05" };
	size_t len;
	for (size_t i = 0; i < sizeof impossible / sizeof *impossible; i++) {
		uint8_t *octets = octets_of(text_of(vector_named(json_object_get(vectors, "malformed"), impossible[i]), "hex"), &len);
		ck_assert_uint_eq(smpp_measure(NULL, octets, len), SIZE_MAX);
		free(octets);
	}
	uint8_t *octets = octets_of(text_of(vector_named(json_object_get(vectors, "malformed"), "M06"), "hex"), &len);
	ck_assert_uint_eq(smpp_measure(NULL, octets, len), 0x33);
	ck_assert_uint_eq(smpp_measure(NULL, octets, 3), 0);
	free(octets);
}
END_TEST

START_TEST(a_delivery_with_a_broken_tail_is_accepted_without_it)
{
	size_t len;
	uint8_t *octets = octets_of(text_of(vector_named(json_object_get(vectors, "malformed"), "M22"), "hex"), &len);
	octets[7] = SMPP_DELIVER_SM;            /* the same layout, and we are the client */
	struct smpp_pdu pdu;
	ck_assert_uint_eq(smpp_unpack(octets, len, &pdu), SMPP_ROK);
	ck_assert(pdu.tail_dropped);
	ck_assert_uint_eq(pdu.ntlvs, 0);
	ck_assert_uint_eq(pdu.sm_length, 2);
	ck_assert_mem_eq(pdu.short_message, "Hi", 2);
	free(octets);
}
END_TEST

/* Bodies of a submit_sm_resp that refuses: reference 1.4, forms a to d, and none of them. */
static const struct {
	const char *body, *message_id;
	unsigned ntlvs;
	bool dropped;
} refusals[] = {
	{ "", "", 0, false },
	{ "00", "", 0, false },
	{ "41423100", "AB1", 0, false },
	{ "414231000425000101", "AB1", 1, false },
	{ "0425000101", "", 1, false },
	{ "042500010104200001010423000303001B", "", 3, false },
	{ "41423100040F", "", 0, true },
	{ "4142", "", 0, true },
};

START_TEST(a_refusal_is_read_with_whatever_body_it_has)
{
	char hex[256];
	snprintf(hex, sizeof hex, "0000000080000004000000FE00000003%s", refusals[_i].body);
	size_t len;
	uint8_t *octets = octets_of(hex, &len);
	octets[3] = (uint8_t)len;
	struct smpp_pdu pdu;
	ck_assert_uint_eq(smpp_unpack(octets, len, &pdu), SMPP_ROK);
	ck_assert_uint_eq(pdu.command, (uint32_t)SMPP_SUBMIT_SM_RESP);
	ck_assert_uint_eq(pdu.status, 0xFE);
	ck_assert_uint_eq(pdu.sequence, 3);
	ck_assert_str_eq(pdu.message_id, refusals[_i].message_id);
	ck_assert_uint_eq(pdu.ntlvs, refusals[_i].ntlvs);
	ck_assert_int_eq(pdu.tail_dropped, refusals[_i].dropped);
	ck_assert_uint_eq(smpp_tlv_number(&pdu, 0x0425, 9), pdu.ntlvs ? 1 : 9);
	free(octets);
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

static void compare_frame(json_t *stream, size_t frame, const uint8_t *at, size_t n)
{
	const char *id = json_string_value(json_array_get(json_object_get(stream, "expect"), frame));
	ck_assert_msg(id != NULL, "%s: a frame too many", text_of(stream, "id"));
	size_t len;
	uint8_t *octets = octets_of(text_of(vector_named(json_object_get(vectors, "pdus"), id), "hex"), &len);
	ck_assert_msg(len == n && memcmp(octets, at, n) == 0, "%s: frame %zu is not %s",
	    text_of(stream, "id"), frame, id);
	free(octets);
}

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
				compare_frame(vector, frames++, all, need);
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

/* A null of the vectors is "" or 0 here, as text_of() and state_number() read it. */
static void compare_receipt(const char *id, json_t *expect, const struct smpp_receipt *receipt)
{
	ck_assert_msg(strcmp(receipt->id, text_of(expect, "id")) == 0, "%s: id %s", id, receipt->id);
	ck_assert_msg(receipt->state == state_number(text_of(expect, "state")), "%s: state %u", id,
	    receipt->state);
	json_t *other = json_array_get(json_object_get(expect, "id_candidates"), 1);
	ck_assert_msg(strcmp(receipt->text_id, other ? json_string_value(other) : "") == 0,
	    "%s: id in the text %s", id, receipt->text_id);
	if (json_object_get(expect, "err_text"))
		ck_assert_msg(strcmp(receipt->error_text, text_of(expect, "err_text")) == 0, "%s: error %s",
		    id, receipt->error_text);
	json_t *error = json_object_get(expect, "network_error");
	if (error)
		ck_assert_msg(receipt->error == number_of(error, "code"), "%s: error %u", id,
		    receipt->error);
}

START_TEST(receipts_are_told_from_messages_and_tlvs_win_over_text)
{
	size_t i;
	json_t *vector;
	json_array_foreach(json_object_get(vectors, "receipt_pdus"), i, vector) {
		const char *id = text_of(vector, "id");
		json_t *expect = json_object_get(vector, "expect");
		size_t len;
		uint8_t *octets = octets_of(text_of(vector, "hex"), &len);
		struct smpp_pdu pdu;
		struct smpp_receipt receipt;
		ck_assert_uint_eq(smpp_unpack(octets, len, &pdu), SMPP_ROK);
		const bool is = json_is_true(json_object_get(expect, "is_receipt"));
		const bool sniff = json_is_true(json_object_get(json_object_get(vector, "options"),
		    "sniff_receipts"));
		ck_assert_msg((smpp_receipt(&pdu, &receipt) || (sniff && smpp_receipt_sniffed(&pdu, &receipt))) == is,
		    "%s", id);
		if (strcmp(id, "P07") == 0) { /* by default it is a message, and could be taken for one */
			ck_assert(smpp_receipt_sniffed(&pdu, &receipt));
			ck_assert_str_eq(receipt.id, "59");
			ck_assert_uint_eq(receipt.state, 2);
		}
		if (is)
			compare_receipt(id, expect, &receipt);
		free(octets);
	}
}
END_TEST

/* A message's text may be quoted anywhere, and a number may have any length. */
START_TEST(a_label_begins_a_word_and_an_error_is_a_number_that_fits)
{
	static const char quoted[] = "id:1 text:a\0stat:DELIVRD", large[] = "id:1 err:4294967297";
	struct smpp_receipt receipt;
	ck_assert(smpp_receipt_text((const uint8_t *)quoted, sizeof quoted - 1, &receipt));
	ck_assert_str_eq(receipt.word, "");
	ck_assert(smpp_receipt_text((const uint8_t *)large, sizeof large - 1, &receipt));
	ck_assert_uint_eq(receipt.error, 0);
	ck_assert_str_eq(receipt.error_text, "4294967297");
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
	ck_assert_int_eq(smpp_status(SMPP_RMSGQFUL)->class, SMPP_CLASS_TRANSIENT);
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
	tcase_add_loop_test(tests, a_broken_pdu_names_the_status_of_its_answer, 0,
	    sizeof decided / sizeof *decided);
	tcase_add_test(tests, an_impossible_length_ends_the_stream_and_a_part_of_a_pdu_does_not);
	tcase_add_test(tests, a_delivery_with_a_broken_tail_is_accepted_without_it);
	tcase_add_loop_test(tests, a_refusal_is_read_with_whatever_body_it_has, 0,
	    sizeof refusals / sizeof *refusals);
	tcase_add_test(tests, any_cut_of_a_valid_pdu_is_refused_or_read_within_its_octets);
	tcase_add_test(tests, a_stream_is_cut_into_pdus_wherever_it_was_split);
	tcase_add_test(tests, every_variant_of_a_receipt_text_is_read);
	tcase_add_test(tests, receipts_are_told_from_messages_and_tlvs_win_over_text);
	tcase_add_test(tests, a_label_begins_a_word_and_an_error_is_a_number_that_fits);
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
