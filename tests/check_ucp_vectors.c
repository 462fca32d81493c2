/* SPDX-License-Identifier: Apache-2.0 */
/*
 * check_ucp_vectors.c - sessions of EMI/UCP held against tests/vectors/ucp.json: the login, broken
 * frames answered to the letter, and a whole dialogue.
 */
#include "ucp_peer.h"
#include "vectors.h"

/* Vectors. */

static void is_hex(const struct ucp_heard *heard, const char *hex, const char *what)
{
	char text[2 * sizeof heard->octets + 1];
	ucp_hex(text, sizeof text, heard->octets, heard->len);
	ck_assert_msg(strcmp(text, hex) == 0, "%s: %.*s", what, (int)heard->len, (const char *)heard->octets);
}

/* Lends parts that are answered until the next one has that number. */
static unsigned lend_until(unsigned trn)
{
	unsigned i = 0;
	while (i + 1 < trn) {           /* 00 was the login's */
		lend(i++);
		AWAIT(the_link.answered == i);
	}
	return i;
}

START_TEST(a_login_is_the_one_of_the_book)
{
	json_t *valid = vectors_list("ucp.json", "valid");
	ucp_world_open();
	AWAIT(the_link.ups);
	ck_assert_uint_eq(the_link.window, 10);
	is_hex(&centre.heard[0], vector_hex(valid, "U001"), "login");
	json_decref(valid);
}
END_TEST

/* Broken frames: octets in, octets out. */

/* What besides the replies is expected of the vectors: how many facts the link hears, and what becomes
 * of the part that waits under a number. */
static const struct broken {
	const char *id;
	unsigned pending;               /* a 51 under that number; 0: none */
	unsigned inbound, receipts;
	const char *network_id;         /* NULL: the part still waits */
} broken[] = {
	{ "U101", 0, 0, 0, NULL }, { "U102", 12, 0, 0, NULL }, { "U103", 0, 0, 0, NULL },
	{ "U105", 0, 0, 0, NULL }, { "U106", 0, 0, 0, NULL }, { "U107", 0, 1, 0, NULL },
	{ "U108", 0, 2, 0, NULL }, { "U109", 0, 0, 0, NULL }, { "U110", 0, 0, 0, NULL },
	{ "U111", 0, 0, 0, NULL }, { "U112", 0, 0, 0, NULL }, { "U113", 0, 0, 0, NULL },
	{ "U114", 0, 0, 0, NULL }, { "U115", 0, 1, 0, NULL }, { "U116", 0, 0, 0, NULL },
	{ "U119", 0, 0, 0, NULL }, { "U120", 0, 1, 0, NULL }, { "U121", 0, 1, 0, NULL },
	{ "U123", 30, 0, 0, NULL }, { "U124", 31, 0, 0, NULL }, { "U125", 32, 0, 0, "" },
	{ "U126", 33, 0, 0, "0171123456:050226090703" }, { "U128", 0, 1, 0, NULL },
	{ "U129", 0, 2, 0, NULL }, /* that they are one message is the ledger's to see */
	{ "U131", 0, 0, 1, NULL }, { "U133", 0, 0, 0, NULL }, { "U134", 0, 0, 0, NULL },
	{ "U137", 43, 0, 1, "0171123456:241126101600" },
};

static void feed(const json_t *vector)
{
	size_t i;
	const json_t *chunk;
	json_array_foreach(json_object_get(vector, "chunks_hex"), i, chunk) {
		centre_say_hex(0, json_string_value(chunk));
		idle(6);
		ack_all();
	}
}

START_TEST(broken_frames_are_answered_to_the_letter)
{
	const struct broken *row = &broken[_i];
	json_t *malformed = vectors_list("ucp.json", "malformed");
	const json_t *vector = vector_named(malformed, row->id);
	const json_t *replies = json_object_get(json_object_get(vector, "expect"), "replies");
	ucp_world_up();
	const unsigned part = row->pending ? lend_until(row->pending) : 0;
	if (row->pending) {
		centre.no_submit_answer = true;
		lend(part);
		AWAIT(centre_last()->pdu.operation == UCP_SUBMIT && centre_last()->pdu.trn == row->pending);
	}
	centre_forget();
	feed(vector);
	await_mark(0);
	ck_assert_uint_eq(centre.nheard - 1, json_array_size(replies));
	for (size_t i = 0; i < json_array_size(replies); i++)
		is_hex(&centre.heard[i], json_string_value(json_array_get(replies, i)), row->id);
	ck_assert_uint_eq(the_link.ninbound, row->inbound);
	ck_assert_uint_eq(the_link.nreceipts, row->receipts);
	ck_assert_uint_eq(the_link.lent, row->pending && !row->network_id);
	if (row->network_id)
		ck_assert_str_eq(the_link.outcomes[part].network_id, row->network_id);
	ck_assert_uint_eq(the_link.downs, 0);
	json_decref(malformed);
}
END_TEST

/* Operations of the centre's in frames that are in order, by their fields. */
#define DELIVERED "4321/491711234567/////////////241126102000////"
static const struct {
	unsigned operation;
	const char *fields, *answer;    /* EC, or A */
	unsigned inbound;
} judged[] = {
	/* a call: MT 2 and 3; the others are those of pagers */
	{ UCP_CALL, "4321/0171//2/123/", "A", 1 }, { UCP_CALL, "4321/0171//3/41/x/y/", "A", 1 },
	{ UCP_CALL, "4321/0171//1//", "23", 0 }, { UCP_CALL, "4321/0171//4/0016/4142/", "23", 0 },
	{ UCP_CALL, "4321/0171//5/1/2/3/", "23", 0 }, { UCP_CALL, "4321/0171//6/41/0/", "23", 0 },
	{ UCP_CALL, "4321/0171//3/4G/", "02", 0 }, { UCP_CALL, "4321/0171//3/", "02", 0 },
	/* what only a client says */
	{ UCP_CALL_MULTIPLE, "2/1/2/0171//3/41/", "04", 0 }, { UCP_CALL_MULTIPLE, "99/1/2/0171//3/41/", "02", 0 },
	{ UCP_CALL_MULTIPLE, "2/1/2/0171//4/0008/41/", "23", 0 },
	{ UCP_CALL_SUPPLEMENTARY, "01/02//0///////////3/41/", "04", 0 },
	{ UCP_TRANSFER, "66677789///1//////68656C6C6F/", "04", 0 },
	{ UCP_SESSION, "4321/6/5/1/41//0100//////", "04", 0 }, { UCP_SESSION, "x/", "02", 0 },
	{ UCP_LIST, "4321/6/5/1/41//0100/1/1/1///", "04", 0 },
	{ UCP_MODIFY, DELIVERED "3//41/////////////", "04", 0 }, { UCP_INQUIRE, DELIVERED "3//41/////////////", "04", 0 },
	{ UCP_DELETE, DELIVERED "3//41/////////////", "04", 0 },
	{ UCP_ALERT, "4321/0539/", "A", 0 }, { UCP_ALERT, "4321/", "02", 0 },
	/* a delivery */
	{ UCP_DELIVER, DELIVERED "3//41G0/////////////", "02", 0 }, { UCP_DELIVER, DELIVERED "4//0//////////020108///", "02", 0 },
	{ UCP_DELIVER, DELIVERED "3//41//////////010605///", "02", 0 }, { UCP_DELIVER, DELIVERED "3//41//////////0///", "02", 0 },
	{ UCP_DELIVER, DELIVERED "34//41/////////////", "23", 0 }, { UCP_DELIVER, DELIVERED "x//41/////////////", "23", 0 },
	{ UCP_DELIVER, "4321/ZZ/////////////241126102000////3//41////////5039/////", "02", 0 },
	{ UCP_DELIVER, DELIVERED "3//41//////////0100///", "A", 1 }, /* an empty header */
	{ UCP_DELIVER, DELIVERED "3//41//////////010100///", "A", 1 },
	{ UCP_DELIVER, DELIVERED "3//41//////////FF020102///", "A", 1 }, /* a service that nobody knows */
	{ UCP_DELIVER, DELIVERED "4/0007/41//////////020100///", "A", 1 },
	{ UCP_DELIVER, DELIVERED "4/0000///////////020108///", "A", 1 },
	/* what would come for ever if it were refused */
	{ UCP_NOTIFY, "4321//////////////////////////////////", "A", 0 },
	{ UCP_NOTIFY, "4321/0171123456/////////////241126101530/9/999//3//ZZ/////////////", "A", 0 },
	{ UCP_NOTIFY, "4321/0171123456/////////////241126101530/0/000//3//ZZ////////////", "02", 0 },
	{ UCP_INQUIRED, "4321//////////////241126101530////3//41/////////////", "A", 0 },
	{ UCP_DELETED, "4321//////////////241126101530////3//41/////////////", "A", 0 },
	/* what is in no list */
	{ 0, "/", "03", 0 }, { 4, "/", "03", 0 }, { 32, "/", "03", 0 }, { 59, "/", "03", 0 }, { 99, "/", "03", 0 },
};

static void say_fields(unsigned operation, const char *fields)
{
	uint8_t octets[UCP_FRAME_MAX];
	struct ucp_pdu pdu = { .trn = 7, .operation = (uint8_t)operation };
	for (const char *at = fields; *at; at = strchr(at, '/') + 1)
		pdu.fields[pdu.nfields++] = (struct blob){ (const uint8_t *)at, (size_t)(strchr(at, '/') - at) };
	const size_t len = ucp_pack(&pdu, octets, sizeof octets);
	ck_assert_uint_gt(len, 0);
	centre_say(0, octets, len);
}

START_TEST(operations_are_answered_by_what_they_say)
{
	ucp_world_up();
	say_fields(judged[_i].operation, judged[_i].fields);
	idle(6);
	ack_all();
	await_mark(0);
	const struct ucp_pdu *answer = &centre.heard[0].pdu;
	ck_assert_uint_eq(centre.nheard, 2);
	ck_assert(answer->result && answer->trn == 7 && answer->operation == judged[_i].operation);
	ck_assert_msg(ucp_is(answer, *judged[_i].answer == 'A' ? 0 : 1, judged[_i].answer), "%02u %s",
	    judged[_i].operation, judged[_i].fields);
	ck_assert_uint_eq(the_link.ninbound, judged[_i].inbound);
	ck_assert_uint_eq(the_link.downs, 0);
}
END_TEST

START_TEST(a_connection_that_ends_inside_a_frame_is_lost)
{
	json_t *malformed = vectors_list("ucp.json", "malformed");
	ucp_world_up();
	feed(vector_named(malformed, "U135"));
	stream_free(centre.calls[0]);
	centre.calls[0] = NULL;
	AWAIT(the_link.downs);
	ck_assert_int_eq(the_link.down, DOWN_LOST);
	ck_assert_uint_eq(the_link.ninbound, 0);
	json_decref(malformed);
}
END_TEST

START_TEST(three_broken_frames_in_a_row_end_the_session)
{
	ucp_world_up();
	for (int i = 0; i < 3; i++)
		centre_say(0, "\x02" "00/00019/R/60/A//00\x03", 21);
	AWAIT(the_link.downs);
	ck_assert_ptr_nonnull(strstr(the_link.why, "broken"));
}
END_TEST

START_TEST(a_frame_without_an_end_ends_the_session)
{
	static char octets[UCP_FRAME_MAX + 1];
	memset(octets, '1', sizeof octets);
	octets[0] = UCP_STX;
	ucp_world_up();
	centre_say(0, octets, sizeof octets);
	AWAIT(the_link.downs);
	ck_assert_int_eq(the_link.down, DOWN_LOST);
	ck_assert_ptr_nonnull(strstr(the_link.why, "4096"));
}
END_TEST

START_TEST(operations_without_their_reserved_fields_may_be_taken)
{
	ucp_link.short_operations = true;
	ucp_world_up();
	struct ucp_pdu pdu = centre_operation(UCP_DELIVER);
	ucp_set(&pdu, UCP_MSG, "41");
	pdu.nfields = UCP_RES4;
	centre_say_pdu(0, &pdu);
	AWAIT(the_link.ninbound == 1);
	ack_all();
	await_mark(0);
	ck_assert(ucp_is(&centre.heard[0].pdu, 0, "A"));
}
END_TEST

/* A whole session. */

START_TEST(a_dialogue_is_the_one_of_the_reference)
{
	static uint8_t text[] = "Order 42 shipped";
	json_t *valid = vectors_list("ucp.json", "valid");
	ucp_link.stx.keepalive = 60;
	ucp_world_up();
	const unsigned i = lend_until(12);
	messages[i].sender = "+491729990000";
	messages[i].recipient = "+49171123456";
	parts[i].octets = text;
	parts[i].len = 16;
	centre.no_submit_answer = true;
	centre_forget();
	lend(i);
	AWAIT(centre.nheard == 1);
	is_hex(&centre.heard[0], vector_hex(valid, "U015"), "submit");
	centre_result(0, &centre.heard[0].pdu, 0, "0049171123456:241126101540");
	AWAIT(the_link.answered == i + 1);
	ck_assert_str_eq(the_link.outcomes[i].network_id, "0049171123456:241126101540");
	static const char *const sent[] = { "U051", "U050", "U044" };
	for (int k = 0; k < 3; k++) {
		centre_forget();
		centre_say_hex(0, vector_hex(valid, sent[k]));
		AWAIT(the_link.nreceipts + the_link.ninbound == (unsigned)k + 1);
		ack_all();
		AWAIT(centre.nheard >= 1 && centre_last()->pdu.result);
		const json_t *expect = json_object_get(vector_named(valid, sent[k]), "expect");
		is_hex(centre_last(), json_string_value(json_array_get(json_object_get(expect, "replies"), 0)), sent[k]);
	}
	ck_assert_int_eq(the_link.receipts[0].status, STATUS_SENT);
	ck_assert_int_eq(the_link.receipts[1].status, STATUS_DELIVERED);
	ck_assert_str_eq(the_link.receipts[1].network_id, "0049171123456:241126101540");
	ck_assert_str_eq(the_link.bodies[0], "STOP news");
	AWAIT(centre_heard(UCP_ALERT, false) > 0);
	drain();
	AWAIT(the_link.downs && centre.hung_up[0]);
	ck_assert_int_eq(the_link.down, DOWN_DRAINED);
	json_decref(valid);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("ucp_vectors");
	TCase *tests = tcase_create("ucp_vectors");
	suite_add_tcase(suite, tests);
	tcase_set_timeout(tests, 30);
	tcase_add_checked_fixture(tests, ucp_world_setup, ucp_world_teardown);
	tcase_add_test(tests, a_login_is_the_one_of_the_book);
	tcase_add_loop_test(tests, broken_frames_are_answered_to_the_letter, 0, sizeof broken / sizeof *broken);
	tcase_add_loop_test(tests, operations_are_answered_by_what_they_say, 0, sizeof judged / sizeof *judged);
	tcase_add_test(tests, a_connection_that_ends_inside_a_frame_is_lost);
	tcase_add_test(tests, three_broken_frames_in_a_row_end_the_session);
	tcase_add_test(tests, a_frame_without_an_end_ends_the_session);
	tcase_add_test(tests, operations_without_their_reserved_fields_may_be_taken);
	tcase_add_test(tests, a_dialogue_is_the_one_of_the_reference);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
