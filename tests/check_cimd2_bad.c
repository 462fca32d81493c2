/* SPDX-License-Identifier: Apache-2.0 */
/*
 * check_cimd2_bad.c - the vectors' malformed packets over a real socket, with the exact octets of
 * each reply, and their dialogue from end to end.
 */
#include "cimd2_peer.h"
#include "vectors.h"

enum { SENTINEL = 100 };                /* packet number of an alive that ends what is listened to */

static json_t *vectors;

/* One read each: what is written in one turn of the loop leaves together. */
static void feed(json_t *row)
{
	static uint8_t octets[8192];
	json_t *chunks = json_object_get(row, "chunks_hex"), *chunk;
	size_t i;
	if (!json_is_array(chunks)) {       /* without an end */
		octets[0] = CIMD2_STX;
		memset(octets + 1, '0', 5000);
		stream_write(cimd2_centre.calls[0], octets, 5001);
		return;
	}
	json_array_foreach(chunks, i, chunk) {
		stream_write(cimd2_centre.calls[0], octets, octets_into(json_string_value(chunk), octets, sizeof octets));
		idle(2 * TICK_MS);
	}
}

/* Of events like "submitted:79" or "mo", those that begin so. */
static unsigned events(json_t *expect, const char *begins)
{
	size_t i;
	json_t *event;
	unsigned n = 0;
	json_array_foreach(json_object_get(expect, "events"), i, event)
		n += strncmp(json_string_value(event), begins, strlen(begins)) == 0;
	return n;
}

/* Logged in, 018 is expected of the centre, and one part, or three, are unanswered from 075 on. */
static void come_so_far(unsigned pending)
{
	cimd2_said.window = 3;
	cimd2_up();
	for (unsigned i = 0; i < 36; i++) {
		AWAIT(the_link.lent < the_link.window);
		lend(i);
	}
	AWAIT(the_link.answered == 36);
	for (unsigned i = 0; i < 9; i++)
		cimd2_centre_request(0, CIMD2_ALIVE, "");
	AWAIT(cimd2_centre_heard(CIMD2_ALIVE_RESP) == 9);
	cimd2_centre.no_submit_answer = true;
	for (unsigned i = 0; i < pending; i++)
		lend(36 + i);
	AWAIT(cimd2_centre_heard(CIMD2_SUBMIT) == 36 + pending);
	ck_assert_uint_eq(cimd2_centre_last(CIMD2_SUBMIT)->number, 75 + 2 * (pending - 1));
	cimd2_centre_forget();
	the_link.answered = 0;
}

/* The replies, and nothing else. */
static void expect_replies(const char *id, json_t *expect)
{
	uint8_t want[256];
	size_t n = 0, i;
	json_t *reply;
	json_array_foreach(json_object_get(expect, "replies"), i, reply)
		n += octets_into(json_string_value(reply), want + n, sizeof want - n);
	AWAIT((cimd2_ack_all(), cimd2_centre.noctets[0] >= n));
	cimd2_centre_sayf(0, "40:%03u|", SENTINEL);
	AWAIT(cimd2_centre_heard(CIMD2_ALIVE_RESP) || cimd2_centre_heard(CIMD2_NACK) > 1);
	ck_assert_msg(cimd2_centre.noctets[0] == n + 11 && memcmp(cimd2_centre.octets[0], want, n) == 0, "%s: %zu octets, not %zu: %.*s",
	    id, cimd2_centre.noctets[0], n + 11, (int)cimd2_centre.noctets[0], (const char *)cimd2_centre.octets[0]);
}

static void play_malformed(json_t *row, json_t *expect)
{
	const bool closes = events(expect, "oversize_close") || events(expect, "eof_in_frame");
	const unsigned pending = strstr(text_of(row, "state"), "077") ? 3 : 1;
	come_so_far(pending);
	feed(row);
	if (closes) {
		if (events(expect, "eof_in_frame")) {
			idle(2 * TICK_MS);
			stream_free(cimd2_centre.calls[0]);
			cimd2_centre.calls[0] = NULL;
		}
		AWAIT(the_link.downs);
		ck_assert_int_eq(the_link.down, DOWN_LOST);
		return;
	}
	expect_replies(text_of(row, "id"), expect);
	ck_assert_uint_eq(the_link.ninbound, events(expect, "mo"));
	ck_assert_uint_eq(the_link.nreceipts, events(expect, "dlr_"));
	ck_assert_uint_eq(the_link.answered, events(expect, "submit"));
	ck_assert_uint_eq(the_link.downs, 0);
	if (events(expect, "submitted"))
		ck_assert_int_eq(the_link.outcomes[36].verdict, VERDICT_SENT);
	if (events(expect, "submit_failed"))
		ck_assert_int_eq(the_link.outcomes[36].verdict, VERDICT_DEFERRED);
	if (events(expect, "no_msgid"))
		ck_assert_str_eq(the_link.outcomes[36].network_id, "");
}

START_TEST(what_is_malformed_gets_these_octets_and_no_others)
{
	vectors = vectors_load("cimd2.json");
	size_t i, played = 0;
	json_t *row;
	json_array_foreach(json_object_get(vectors, "malformed"), i, row) {
		if (strstr(text_of(row, "state"), "login"))
			continue;
		if (played++) {
			cimd2_world_teardown();
			cimd2_world_setup();
		}
		play_malformed(row, json_object_get(row, "expect"));
	}
	ck_assert_uint_ge(played, 30);
	json_decref(vectors);
}
END_TEST

START_TEST(a_strict_link_refuses_a_gap)
{
	vectors = vectors_load("cimd2.json");
	size_t i;
	json_t *row;
	json_array_foreach(json_object_get(vectors, "malformed"), i, row) {
		json_t *strict = json_object_get(json_object_get(row, "expect"), "strict");
		if (!strict)
			continue;
		cimd2_said.strict_sequence = true;
		come_so_far(1);
		feed(row);
		uint8_t want[64];
		const size_t n = octets_into(json_string_value(json_array_get(json_object_get(strict, "replies"), 0)),
		    want, sizeof want);
		AWAIT(cimd2_centre.noctets[0] >= n);
		ck_assert_uint_eq(cimd2_centre.noctets[0], n);
		ck_assert_mem_eq(cimd2_centre.octets[0], want, n);
		ck_assert_uint_eq(the_link.ninbound, 0);
		cimd2_centre_request(0, CIMD2_DELIVER, "021:4321|023:1|033:Hi|"); /* 018 */
		AWAIT(the_link.ninbound == 1);
	}
	json_decref(vectors);
}
END_TEST

START_TEST(a_packet_without_a_checksum_may_be_refused)
{
	static const char bare[] = "\x02""20:018\t021:4321\t023:1\t033:Hi\t\x03";
	cimd2_said.require_checksum = true;
	come_so_far(1);
	stream_write(cimd2_centre.calls[0], bare, sizeof bare - 1);
	AWAIT(cimd2_centre_heard(CIMD2_NACK));
	ck_assert_uint_eq(cimd2_centre_last(CIMD2_NACK)->number, 18);
	ck_assert_uint_eq(the_link.ninbound, 0);
}
END_TEST

START_TEST(three_bad_packets_in_a_row_end_the_connection_and_others_do_not)
{
	static const char bad[] = "\x02""40:018\tFF\x03";
	come_so_far(1);
	stream_write(cimd2_centre.calls[0], bad, sizeof bad - 1);
	stream_write(cimd2_centre.calls[0], bad, sizeof bad - 1);
	cimd2_centre_request(0, CIMD2_ALIVE, "");
	stream_write(cimd2_centre.calls[0], bad, sizeof bad - 1);
	stream_write(cimd2_centre.calls[0], bad, sizeof bad - 1);
	AWAIT(cimd2_centre_heard(CIMD2_NACK) == 4);
	ck_assert_uint_eq(the_link.downs, 0);
	stream_write(cimd2_centre.calls[0], bad, sizeof bad - 1);
	AWAIT(the_link.downs);
	ck_assert_int_eq(the_link.down, DOWN_LOST);
	ck_assert_uint_eq(the_link.lent, 1); /* in doubt */
}
END_TEST

/* Reference, 21.3. */
START_TEST(the_dialogue_of_the_vectors_is_played_through)
{
	static const char id[] = "+447700900123:261124101530";
	cimd2_centre.greeting = "CIMD2-A ConnectionInfo: SessionId = 7 PortId = 3\r\n";
	cimd2_said.stx.keepalive = 60;
	cimd2_centre.no_submit_answer = cimd2_centre.no_alive_answer = true;
	cimd2_open();
	AWAIT(the_link.ups);
	ck_assert_str_eq(cimd2_centre.heard[0].text, "01:001|010:gw01|011:s3cret|");
	lend(0);
	AWAIT(cimd2_centre_heard(CIMD2_SUBMIT));
	ck_assert_uint_eq(cimd2_centre_last(CIMD2_SUBMIT)->number, 3);
	ck_assert_ptr_nonnull(strstr(cimd2_centre_last(CIMD2_SUBMIT)->text, "|056:14|"));
	cimd2_centre_request(0, CIMD2_DELIVER, "021:4321|023:+491711234567|060:261124102000|033:STOP news|");
	AWAIT(the_link.ninbound);
	ck_assert_str_eq(the_link.bodies[0], "STOP news");
	cimd2_ack_all();
	AWAIT(cimd2_centre_heard(CIMD2_DELIVER_RESP));
	ck_assert_uint_eq(cimd2_centre_last(CIMD2_DELIVER_RESP)->number, 0);
	cimd2_centre_say(0, "53:003|021:+447700900123|060:261124101530|");
	AWAIT(the_link.answered);
	ck_assert_str_eq(the_link.outcomes[0].network_id, id);
	cimd2_centre_request(0, CIMD2_REPORT, "021:+447700900123|060:261124101530|061:1|");
	cimd2_centre_request(0, CIMD2_REPORT, "021:+447700900123|060:261124101530|061:4|063:261124101535|");
	AWAIT(the_link.nreceipts == 2);
	ck_assert_int_eq(the_link.receipts[0].status, STATUS_SENT);
	ck_assert_int_eq(the_link.receipts[1].status, STATUS_DELIVERED);
	ck_assert_str_eq(the_link.receipts[1].network_id, id);
	cimd2_ack_all();
	AWAIT(cimd2_centre_heard(CIMD2_REPORT_RESP) == 2 && cimd2_centre_heard(CIMD2_ALIVE) == 1);
	ck_assert_uint_eq(cimd2_centre_last(CIMD2_REPORT_RESP)->number, 4);
	ck_assert_str_eq(cimd2_centre_last(CIMD2_ALIVE)->text, "40:005|");
	cimd2_centre_say(0, "99:005|");
	AWAIT(cimd2_centre_heard(CIMD2_ALIVE) == 2);
	ck_assert_str_eq(cimd2_centre_last(CIMD2_ALIVE)->text, "40:005|");
	cimd2_centre_say(0, "90:005|");
	drain();
	AWAIT(the_link.downs);
	ck_assert_int_eq(the_link.down, DOWN_DRAINED);
	ck_assert_uint_eq(cimd2_centre_last(CIMD2_LOGOUT)->number, 7);
}
END_TEST
int main(void)
{
	Suite *suite = suite_create("cimd2_bad");
	TCase *tests = tcase_create("cimd2_bad");
	tcase_set_timeout(tests, 60);
	tcase_add_checked_fixture(tests, cimd2_world_setup, cimd2_world_teardown);
	tcase_add_test(tests, what_is_malformed_gets_these_octets_and_no_others);
	tcase_add_test(tests, a_strict_link_refuses_a_gap);
	tcase_add_test(tests, a_packet_without_a_checksum_may_be_refused);
	tcase_add_test(tests, three_bad_packets_in_a_row_end_the_connection_and_others_do_not);
	tcase_add_test(tests, the_dialogue_of_the_vectors_is_played_through);
	suite_add_tcase(suite, tests);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
