/* SPDX-License-Identifier: Apache-2.0 */
/*
 * check_kinds.c - rows of the kinds that are no text into the parts, and the TPDUs, that
 * the vectors have: pushes, settings, cards, pictures.
 */
#include "../gateway/encode.h"
#include "../sms/tpdu.h"
#include "vectors.h"

#include <check.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static json_t *vectors(void)
{
	static json_t *json;
	if (json)
		return json_object_get(json, "vectors");
	json = vectors_load("gsm.json");
	return json_object_get(json, "vectors");
}

static const char *str(const json_t *object, const char *name)
{
	return json_string_value(json_object_get(object, name));
}

static size_t unhex(uint8_t *out, const char *hex)
{
	size_t len;
	ck_assert_msg(tpdu_unhex(out, 512, &len, hex), "%s", hex);
	return len;
}

static struct message *row(const char *kind, json_t *options, const char *body, const char *hex)
{
	struct batch *batch = batch_new();
	struct message *message = batch_message(batch);
	batch_release(batch);
	char *text = json_dumps(options, JSON_COMPACT);
	message->options = batch_text(message->batch, text, strlen(text));
	free(text);
	json_decref(options);
	message->id = 0x76;             /* makes the reference that the vectors have, 77 */
	message->kind = kind;
	message->body = body ? body : "";
	if (hex) {
		uint8_t *data = batch_alloc(message->batch, 512);
		message->data = (struct blob){ data, unhex(data, hex) };
	}
	return message;
}

/* The row that an application would write for a push or settings. */
static struct message *push_row(const json_t *input)
{
	static const char *const names[][2] = { { "href", "url" }, { "action", "action" },
		{ "si_id", "id" }, { "created", "created" }, { "expires", "expires" }, { "pin", "pin" } };
	const char *type = str(input, "type");
	json_t *options = json_object();
	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		if (json_object_get(input, names[i][0]))
			json_object_set(options, names[i][1], json_object_get(input, names[i][0]));
	if (strcmp(type, "sl") == 0)
		json_object_set_new(options, "sl", json_true());
	if (*type == 'o')
		json_object_set_new(options, "content_type", json_string(strcmp(type, "oma-cp") == 0
		    ? "provisioning" : "browser-settings"));
	return row(*type == 'o' ? "ota" : "wap-push", options, str(input, "text"), str(input, "wbxml"));
}

/* The transaction is ours to choose; the long form of the headers says what the short
 * one implies, and is not what we write. */
static void same_part(const struct part *part, uint8_t *ud, size_t len, const char *id)
{
	const size_t header = part->udh_len;
	const bool first = part->number == 1;
	if (first)
		ud[header] = 0x76;
	if (first && ud[header + 2] == 8) {
		ud[header + 2] = 1;
		ud[header + 3] = 0xAE;
		memmove(ud + header + 4, ud + header + 11, len - header - 11);
		len -= 7;
	}
	ck_assert_msg(part->len == len && memcmp(part->octets, ud, len) == 0, "%s part %u", id, part->number);
}

START_TEST(a_push_becomes_the_parts_of_the_vectors)
{
	size_t i, ran = 0;
	json_t *vector;
	json_array_foreach(vectors(), i, vector) {
		const json_t *input = json_object_get(vector, "input"), *expect = json_object_get(vector, "expect");
		if (strcmp(str(vector, "kind"), "wap") != 0 || strcmp(str(input, "type"), "mms") == 0)
			continue;
		char why[OUTCOME_TEXT_MAX] = "";
		struct message *message = push_row(input);
		ck_assert_msg(encode_message(message, &encode_usual, why, sizeof why), "%s: %s", str(vector, "id"),
		    why);
		ck_assert_int_eq(message->data_coding, 0xF5);
		ck_assert_int_eq(message->nparts, json_integer_value(json_object_get(expect, "parts")));
		for (unsigned k = 0; k < message->nparts; k++) {
			const json_t *one = message->nparts == 1 ? expect
			    : json_array_get(json_object_get(expect, "part"), k);
			uint8_t ud[512];
			const size_t len = unhex(ud, str(one, "ud"));
			same_part(&message->parts[k], ud, len, str(vector, "id"));
		}
		message_release(message);
		ran++;
	}
	ck_assert_uint_ge(ran, 9);
}
END_TEST

/* A part as the modem driver would send it. */
static size_t submit(uint8_t *out, const struct message *message, const struct part *part)
{
	struct tpdu tpdu = { .type = TPDU_SUBMIT, .cause = -1, .data_coding = message->data_coding,
		.address = { TON_INTERNATIONAL, NPI_E164, "46708251358" } };
	tpdu.data.header_len = part->udh_len;
	tpdu.data.text_len = (uint8_t)(part->len - part->udh_len);
	memcpy(tpdu.data.header, part->octets, part->udh_len);
	memcpy(tpdu.data.text, part->octets + part->udh_len, tpdu.data.text_len);
	return tpdu_write(out, &tpdu);
}

START_TEST(octets_for_a_port_become_the_tpdus_of_the_vectors)
{
	size_t i, ran = 0;
	json_t *vector;
	json_array_foreach(vectors(), i, vector) {
		const json_t *input = json_object_get(vector, "input"), *expect = json_object_get(vector, "expect");
		if (strcmp(str(vector, "kind"), "binary") != 0)
			continue;
		const json_int_t port = json_integer_value(json_object_get(input, "dst_port"));
		char why[OUTCOME_TEXT_MAX] = "";
		uint8_t octets[512], out[TPDU_MAX];
		struct message *message = port == 9204 ? row("vcard", json_object(), NULL, str(input, "data"))
		    : row("binary", json_pack("{s:I}", "dest_port", port), NULL, str(input, "data"));
		ck_assert_msg(encode_message(message, &encode_usual, why, sizeof why), "%s", why);
		ck_assert_uint_eq(message->nparts, 1);
		const size_t len = unhex(octets, str(expect, "tpdu"));
		ck_assert_msg(submit(out, message, message->parts) == len && memcmp(out, octets, len) == 0, "%s",
		    str(vector, "id"));
		message_release(message);
		ran++;
	}
	ck_assert_uint_ge(ran, 3);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("kinds");
	TCase *tests = tcase_create("kinds");
	tcase_add_test(tests, a_push_becomes_the_parts_of_the_vectors);
	tcase_add_test(tests, octets_for_a_port_become_the_tpdus_of_the_vectors);
	suite_add_tcase(suite, tests);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
