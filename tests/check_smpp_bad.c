/* SPDX-License-Identifier: Apache-2.0 */
/*
 * check_smpp_bad.c - what a message centre may get wrong, and what the session makes of it:
 * the vectors M01 to M44 and the table of the reference (4.7).
 */
#include "driver_world.h"
#include "vectors.h"

/* Bad input: tests/vectors/smpp.json, `malformed`. */

static json_t *malformed;

/* Two parts are unanswered, 2 and 3; then comes what is malformed, then an enquiry. */
static void play_malformed(json_t *row)
{
	const bool closes = json_is_true(json_object_get(row, "close"));
	options.bind = strcmp(text_of(row, "state"), "BOUND_TX") == 0 ? SMPP_TRANSMITTER
	    : SMPP_TRANSCEIVER;
	options.pdu_timeout = 40;
	world_up();
	peer.no_submit_answer = true;
	lend(0);
	lend(1);
	AWAIT(peer.submits == 2);
	forget();
	uint8_t octets[512], expected[64];
	stream_write(peer.calls[0], octets, octets_into(text_of(row, "hex"), octets, sizeof octets));
	const struct smpp_pdu enquire = { .command = SMPP_ENQUIRE_LINK, .sequence = 1000 };
	if (closes) {
		AWAIT(the_link.downs && peer.hung_up[0]);
		ck_assert_int_eq(the_link.down, DOWN_LOST);
	} else {
		peer_say(0, &enquire);
		AWAIT(heard((uint32_t)SMPP_ENQUIRE_LINK_RESP) &&
		    peer.heard[peer.nheard - 1].sequence == 1000);
		ck_assert_uint_eq(the_link.downs, 0);
	}
	const size_t want = octets_into(text_of(row, "reply_hex"), expected, sizeof expected);
	ck_assert_uint_eq(peer.noctets[0], want + (closes ? 0 : SMPP_HEADER));
	ck_assert_mem_eq(peer.octets[0], expected, want);
	const bool fails = strcmp(text_of(row, "action"), "complete-request-failed") == 0;
	ck_assert_uint_eq(the_link.answered, fails);
	for (unsigned i = 0; i < 2 && fails; i++)
		if (the_link.done[i])
			ck_assert_int_eq(the_link.outcomes[i].verdict, VERDICT_REJECTED);
}

START_TEST(bad_input_is_answered_as_the_vectors_say)
{
	malformed = vectors_list("smpp.json", "malformed");
	size_t i, played = 0;
	json_t *row;
	json_array_foreach(malformed, i, row) {
		const char *role = text_of(row, "role");
		if (strcmp(role, "ESME") != 0 && strcmp(role, "any") != 0)
			continue;
		if (played++) {
			world_teardown();
			world_setup();
		}
		play_malformed(row);
	}
	ck_assert_uint_ge(played, 11);
	json_decref(malformed);
}
END_TEST

/* What a peer may get wrong in one PDU (reference 4.7): taken all the same, or answered. */
static const struct odd {
	const char *octets;             /* with any length, which is set before it is sent */
	uint32_t response, status;      /* none: 0 */
	const char *body;               /* of what is delivered; NULL: nothing is */
} odds[] = {
#define HEAD "000000000000000500000000000000360001013434373730303930303132330003003838313030" "00"
	/* zeros behind the end, and other octets there */
	{ HEAD "000000000000000000" "0178" "000000", 0, 0, "x" },
	{ HEAD "000000000000000000" "0178" "0204000A0001", 0, 0, "x" },
	{ HEAD "000000000000000000" "0178" "DEADBEEF01", 0, 0, "x" },
	/* a text that is longer than its field, but ends */
	{ "0000000000000005000000000000003600010131313131313131313131313131313131313131313131313131"
	  "0003003838313030" "00" "000000000000000000" "0178", 0, 0, "x" },
	/* two places for one text; a status; a sequence number beyond the last */
	{ HEAD "000000000000000000" "024869" "04240003506179", 0, 0, "Pay" },
	{ "000000000000000500000058000000360001013434373730303930303132330003003838313030" "00"
	  "000000000000000000" "0178", 0, 0, "x" },
	{ "000000000000000500000000800000010001013434373730303930303132330003003838313030" "00"
	  "000000000000000000" "0178", 0, 0, "x" },
	/* UCS-2 with half a character */
	{ HEAD "000000000000000800" "03004104", 0, 0, "A" },
	/* texts without an end: source, destination, service_type, schedule, validity */
	{ "0000000000000005000000000000003600010134343737", (uint32_t)SMPP_DELIVER_SM_RESP,
	  SMPP_RINVSRCADR, NULL },
	{ "000000000000000500000000000000360001013434373730303930303132330003003838",
	  (uint32_t)SMPP_DELIVER_SM_RESP, SMPP_RINVDSTADR, NULL },
	{ "000000000000000500000000000000364142434445464748", (uint32_t)SMPP_DELIVER_SM_RESP,
	  SMPP_RINVSERTYP, NULL },
	{ HEAD "000000" "3236", (uint32_t)SMPP_DELIVER_SM_RESP, SMPP_RINVSCHED, NULL },
	{ HEAD "000000" "00" "3236", (uint32_t)SMPP_DELIVER_SM_RESP, SMPP_RINVEXPIRY, NULL },
	/* the end is missing; the text is */
	{ HEAD "0000000000000000", (uint32_t)SMPP_DELIVER_SM_RESP, SMPP_RINVCMDLEN, NULL },
	{ HEAD "000000000000000000" "2878", (uint32_t)SMPP_DELIVER_SM_RESP, SMPP_RINVMSGLEN, NULL },
	/* a body where there is none */
	{ "000000000000001500000000000000360001", (uint32_t)SMPP_ENQUIRE_LINK_RESP, SMPP_ROK, NULL },
	/* requests that only a client makes */
	{ "00000000000000030000000000000036310001013100", (uint32_t)SMPP_QUERY_SM_RESP,
	  SMPP_RINVBNDSTS, NULL },
	{ "00000000000000040000000000000036", (uint32_t)SMPP_SUBMIT_SM_RESP, SMPP_RINVBNDSTS, NULL },
	{ "00000000000000090000000000000036", (uint32_t)SMPP_BIND_TRANSCEIVER_RESP, SMPP_RINVBNDSTS,
	  NULL },
	{ "00000000000002000000000000000036", (uint32_t)SMPP_GENERIC_NACK, SMPP_RINVCMDID, NULL },
#undef HEAD
};

START_TEST(what_is_odd_is_taken_and_what_cannot_be_is_answered)
{
	const struct odd *odd = &odds[_i];
	uint8_t octets[512];
	const size_t len = octets_into(odd->octets, octets, sizeof octets);
	octets[3] = (uint8_t)len;
	world_up();
	stream_write(peer.calls[0], octets, len);
	if (odd->body) {
		AWAIT(the_link.ninbound == 1);
		ck_assert_str_eq(the_link.bodies[0], odd->body);
		ck_assert_uint_eq(peer.nheard, 0);
		ack(the_link.inbound_tickets[0], ACK_KEPT);
	}
	AWAIT(peer.nheard == 1);
	ck_assert_uint_eq(peer.heard[0].command, odd->body ? (uint32_t)SMPP_DELIVER_SM_RESP
	    : odd->response);
	ck_assert_uint_eq(peer.heard[0].status, odd->status);
	ck_assert_mem_eq(&peer.octets[0][12], octets + 12, 4); /* the sequence number is theirs */
	ck_assert_uint_eq(the_link.ninbound, odd->body != NULL);
	ck_assert_uint_eq(the_link.downs, 0);
}
END_TEST

START_TEST(a_wrong_protocol_is_named)
{
	static const struct { const char *octets; size_t len; const char *words; } cases[] = {
		{ "\x16\x03\x01\x00\xC8\x01\x00\x00", 8, "TLS" },
		{ "GET / HTTP/1.0\r\n\r\n", 18, "HTTP" },
		{ "\x15\x03\x01\x00\x02\x02\x28", 7, "TLS" },
		{ "HTTP/1.1 400 Bad Request\r\n", 26, "HTTP" },
	};
	peer.no_bind_answer = true;
	world_open();
	AWAIT(heard(SMPP_BIND_TRANSCEIVER));
	forget();
	stream_write(peer.calls[0], cases[_i].octets, cases[_i].len);
	AWAIT(the_link.downs);
	ck_assert_ptr_nonnull(strstr(the_link.why, cases[_i].words));
	idle(10);
	ck_assert_uint_eq(peer.nheard, 0);
}
END_TEST

START_TEST(a_peer_that_sends_nothing_but_errors_is_left)
{
	world_up();
	const uint8_t unknown[SMPP_HEADER] = { 0, 0, 0, 16, 0, 0, 0, 10, 0, 0, 0, 0, 0, 0, 0, 1 };
	for (unsigned i = 0; i < 150; i++)
		stream_write(peer.calls[0], unknown, sizeof unknown);
	AWAIT(the_link.downs);
	ck_assert_int_eq(the_link.down, DOWN_LOST);
	ck_assert_uint_le(heard((uint32_t)SMPP_GENERIC_NACK), 101);
}
END_TEST

START_TEST(a_storm_of_malformed_pdus_ends_the_session_in_order)
{
	uint8_t octets[512];
	/* A deliver_sm whose text is longer than what is left of it. */
	const size_t len = octets_into("0000003300000005000000000000003600010134343737303039303031323300"
	    "03003838313030000000000000000000FF78", octets, sizeof octets);
	octets[3] = (uint8_t)len;
	world_up();
	peer.no_submit_answer = true;
	lend(0);
	AWAIT(peer.submits == 1);
	const struct smpp_pdu submit = { .command = SMPP_SUBMIT_SM, .sequence = peer.heard[0].sequence };
	for (unsigned i = 0; i < 50; i++)
		stream_write(peer.calls[0], octets, len);
	AWAIT(heard((uint32_t)SMPP_DELIVER_SM_RESP) == 50);
	ck_assert_uint_eq(the_link.waits, 0);
	stream_write(peer.calls[0], octets, len);
	AWAIT(the_link.waits == 1);         /* what is unanswered is awaited */
	ck_assert_uint_eq(heard(SMPP_UNBIND), 0);
	peer_answer(0, &submit, SMPP_ROK);
	AWAIT(the_link.downs);
	ck_assert_uint_eq(heard(SMPP_UNBIND), 1);
	ck_assert_int_eq(the_link.outcomes[0].verdict, VERDICT_SENT);
	ck_assert_int_eq(the_link.down, DOWN_LOST);
	ck_assert_str_eq(the_link.why, "the message centre sent too much that is malformed");
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("smpp_bad");
	TCase *tests = tcase_create("bad input");
	suite_add_tcase(suite, tests);
	tcase_set_timeout(tests, 60);
	tcase_add_checked_fixture(tests, world_setup, world_teardown);
	tcase_add_test(tests, bad_input_is_answered_as_the_vectors_say);
	tcase_add_loop_test(tests, what_is_odd_is_taken_and_what_cannot_be_is_answered, 0,
	    sizeof odds / sizeof odds[0]);
	tcase_add_loop_test(tests, a_wrong_protocol_is_named, 0, 4);
	tcase_add_test(tests, a_storm_of_malformed_pdus_ends_the_session_in_order);
	tcase_add_test(tests, a_peer_that_sends_nothing_but_errors_is_left);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
