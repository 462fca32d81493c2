/* SPDX-License-Identifier: Apache-2.0 */
/*
 * check_smpp.c - the SMPP session against a message centre that does as the test
 * says. What every driver owes its link is in check_driver.c.
 */
#include "driver_world.h"

#include "../gateway/asked.h"

/* Binding. */

START_TEST(a_bind_says_who_we_are)
{
	static char type[] = "VMS", range[] = "^4477";
	options.system_type = type;
	options.address_range = range;
	options.addr_ton = 1;
	options.addr_npi = 2;
	world_open();
	AWAIT(the_link.ups);
	ck_assert_uint_eq(peer.bind[0].command, SMPP_BIND_TRANSCEIVER);
	ck_assert_uint_eq(peer.bind[0].sequence, 1);
	ck_assert_str_eq(peer.bind[0].system_id, "acme01");
	ck_assert_str_eq(peer.bind[0].password, "s3cret");
	ck_assert_str_eq(peer.bind[0].system_type, "VMS");
	ck_assert_str_eq(peer.bind[0].address_range, "^4477");
	ck_assert_uint_eq(peer.bind[0].interface_version, 0x34);
	ck_assert_uint_eq(peer.bind[0].range.ton, 1);
	ck_assert_uint_eq(peer.bind[0].range.npi, 2);
	ck_assert_uint_eq(the_link.window, 10);
}
END_TEST

START_TEST(a_refused_bind_says_what_to_do)
{
	static const struct { uint32_t status; enum down down; const char *words; } cases[] = {
		{ SMPP_RINVPASWD, DOWN_PASSWORD, "bind refused: ESME_RINVPASWD (0x0e): " },
		{ SMPP_RBINDFAIL, DOWN_REFUSED, "; check system_id and password of this link" },
		{ SMPP_RALYBND, DOWN_TAKEN, "another session" },
		{ SMPP_RSYSERR, DOWN_BUSY, "bind refused: ESME_RSYSERR (0x08): " },
		{ SMPP_RTHROTTLED, DOWN_BUSY, "bind refused: ESME_RTHROTTLED (0x58): " },
	};
	peer.bind_status = cases[_i].status;
	world_open();
	AWAIT(the_link.downs);
	ck_assert_int_eq(the_link.down, cases[_i].down);
	ck_assert_msg(strstr(the_link.why, cases[_i].words), "%s", the_link.why);
	ck_assert_uint_eq(the_link.ups, 0);
}
END_TEST

START_TEST(a_bind_that_is_refused_for_who_we_are_may_be_the_last)
{
	static const struct { uint32_t status; enum down down, usual; } cases[] = {
		{ SMPP_RINVPASWD, DOWN_BARRED, DOWN_PASSWORD }, { SMPP_RINVSYSID, DOWN_BARRED, DOWN_REFUSED },
		{ SMPP_RBINDFAIL, DOWN_BARRED, DOWN_REFUSED }, { SMPP_RINVSYSTYP, DOWN_BARRED, DOWN_REFUSED },
		{ SMPP_RPROHIBITED, DOWN_BARRED, DOWN_REFUSED }, { SMPP_RALYBND, DOWN_TAKEN, DOWN_TAKEN },
		{ SMPP_RSYSERR, DOWN_BUSY, DOWN_BUSY }, { SMPP_RINVCMDID, DOWN_REFUSED, DOWN_REFUSED },
	};
	options.stop_on_auth_failure = _i % 2;
	peer.bind_status = cases[_i / 2].status;
	world_open();
	AWAIT(the_link.downs);
	ck_assert_int_eq(the_link.down, _i % 2 ? cases[_i / 2].down : cases[_i / 2].usual);
	ck_assert(!strstr(the_link.why, "; not tried again (stop_on_auth_failure) before") ==
	    (the_link.down != DOWN_BARRED));
}
END_TEST

START_TEST(a_bind_may_be_refused_by_a_nack)
{
	peer.no_bind_answer = true;
	world_open();
	AWAIT(heard(SMPP_BIND_TRANSCEIVER));
	const struct smpp_pdu nack = { .command = (uint32_t)SMPP_GENERIC_NACK,
		.status = SMPP_RINVCMDID, .sequence = 1 };
	peer_say(0, &nack);
	AWAIT(the_link.downs);
	ck_assert_int_eq(the_link.down, DOWN_REFUSED);
	ck_assert_ptr_nonnull(strstr(the_link.why, "try bind = transmitter_receiver"));
}
END_TEST

START_TEST(a_centre_that_knows_no_transceiver_gets_a_pair)
{
	options.bind = SMPP_BIND_AUTO;
	peer.no_bind_answer = true;
	world_open();
	AWAIT(heard(SMPP_BIND_TRANSCEIVER));
	peer.no_bind_answer = false;
	const struct smpp_pdu nack = { .command = (uint32_t)SMPP_GENERIC_NACK,
		.status = SMPP_RINVCMDID, .sequence = 1 };
	peer_say(0, &nack);
	AWAIT(the_link.ups);
	ck_assert_uint_eq(heard(SMPP_BIND_TRANSMITTER), 1);
	ck_assert_uint_eq(heard(SMPP_BIND_RECEIVER), 1);
	ck_assert_uint_eq(the_link.downs, 0);
	lend(0);
	AWAIT(the_link.answered == 1);
	ck_assert_int_eq(the_link.outcomes[0].verdict, VERDICT_SENT);
}
END_TEST

START_TEST(version_3_3_binds_as_a_pair_at_once)
{
	options.bind = SMPP_BIND_AUTO;
	options.interface_version = 0;
	world_open();
	AWAIT(the_link.ups);
	ck_assert_uint_eq(heard(SMPP_BIND_TRANSCEIVER), 0);
	ck_assert_uint_eq(heard(SMPP_BIND_TRANSMITTER), 1);
	ck_assert_uint_eq(heard(SMPP_BIND_RECEIVER), 1);
}
END_TEST

START_TEST(a_bind_without_an_answer_has_a_deadline)
{
	peer.no_bind_answer = true;
	options.bind_timeout = 50;
	world_open();
	AWAIT(the_link.downs);
	ck_assert_int_eq(the_link.down, DOWN_LOST);
	ck_assert_str_eq(the_link.why, "no answer to the bind within 0.05 s");
}
END_TEST

START_TEST(nobody_there_is_a_reason_with_a_name)
{
	peer_listen();
	close(peer.listener);
	event_free(peer.accepting);
	peer.accepting = NULL;
	peer.listener = -1;
	snprintf(host, sizeof host, "127.0.0.1:%u", peer.port);
	world_open_as(&smpp_driver, &options);
	AWAIT(the_link.downs);
	ck_assert_int_eq(the_link.down, DOWN_LOST);
	ck_assert_ptr_nonnull(strstr(the_link.why, "cannot connect: 127.0.0.1:"));
	ck_assert_ptr_nonnull(strstr(the_link.why, "Connection refused"));
}
END_TEST

START_TEST(two_halves_are_one_session)
{
	options.bind = SMPP_TRANSMITTER_RECEIVER;
	world_up();
	ck_assert_uint_eq(peer.ncalls, 2);
	ck_assert_uint_eq(peer.bind[0].command, SMPP_BIND_TRANSMITTER);
	ck_assert_uint_eq(peer.bind[1].command, SMPP_BIND_RECEIVER);
	lend(0);
	AWAIT(the_link.answered == 1);
	ck_assert_uint_eq(peer.heard[0].call, 0);
	peer_deliver(1, SMPP_DELIVER_SM, 0, 0, "hi");
	AWAIT(the_link.ninbound);
	ack(the_link.inbound_tickets[0], ACK_KEPT);
	AWAIT(heard((uint32_t)SMPP_DELIVER_SM_RESP));
	ck_assert_uint_eq(peer.heard[peer.nheard - 1].call, 1);
	/* Messages do not come to a transmitter. */
	peer_deliver(0, SMPP_DELIVER_SM, 0, 0, "hi");
	AWAIT(heard((uint32_t)SMPP_DELIVER_SM_RESP) == 2);
	ck_assert_uint_eq(peer.heard[peer.nheard - 1].status, SMPP_RINVBNDSTS);
	ck_assert_uint_eq(the_link.ninbound, 1);
	/* Without one half there is no session. */
	stream_finish(peer.calls[1], "test");
	AWAIT(the_link.downs);
	ck_assert_int_eq(the_link.down, DOWN_LOST);
}
END_TEST

START_TEST(a_transmitter_takes_messages_where_that_is_tolerated)
{
	const bool pair = _i;
	options.bind = pair ? SMPP_TRANSMITTER_RECEIVER : SMPP_TRANSMITTER;
	options.tolerate_tx_deliver = true;
	world_up();
	const unsigned want = pair ? 4 : 3;
	peer_deliver(0, SMPP_DELIVER_SM, 0, 0, "hi");
	peer_deliver(0, SMPP_DELIVER_SM, SMPP_ESM_RECEIPT, 0, "id:7 stat:DELIVRD done date:2607311201");
	struct smpp_pdu data = { .command = SMPP_DATA_SM, .sequence = 0xFFFFFFFF, .source = { .digits = "4477" } };
	ck_assert(smpp_tlv_add(&data, SMPP_TAG_MESSAGE_PAYLOAD, "ho", 2));
	peer_say(0, &data);
	if (pair)
		peer_deliver(1, SMPP_DELIVER_SM, 0, 0, "the usual way");
	AWAIT(the_link.ninbound + the_link.nreceipts == want);
	ck_assert_uint_eq(peer.nheard, 0);
	for (unsigned i = 0; i < the_link.ninbound; i++)
		ack(the_link.inbound_tickets[i], ACK_KEPT);
	ack(the_link.receipt_tickets[0], ACK_KEPT);
	AWAIT(peer.nheard == want);
	unsigned by_receiver = 0;
	for (unsigned i = 0; i < want; i++) {
		ck_assert_uint_eq(peer.heard[i].status, SMPP_ROK);
		by_receiver += peer.heard[i].call;
	}
	ck_assert_uint_eq(by_receiver, pair); /* each is answered where it came */
	ck_assert_uint_eq(heard((uint32_t)SMPP_DATA_SM_RESP), 1);
	drain();
	AWAIT(the_link.downs);
	ck_assert_int_eq(the_link.down, DOWN_DRAINED);
}
END_TEST

/* Submitting. */

START_TEST(an_answer_decides_by_its_status)
{
	static const struct {
		uint32_t status;
		enum verdict verdict;
		bool untried;
		uint32_t hold_ms;
	} cases[] = {
		{ SMPP_ROK, VERDICT_SENT, false, 0 },
		{ SMPP_RINVDSTADR, VERDICT_REJECTED, false, 0 },
		{ SMPP_RSYSERR, VERDICT_DEFERRED, false, 0 },
		{ SMPP_RTHROTTLED, VERDICT_DEFERRED, true, 1000 },
		{ SMPP_RMSGQFUL, VERDICT_DEFERRED, true, 1000 },
		{ 0x12345, VERDICT_DEFERRED, false, 0 },
	};
	world_up();
	for (unsigned i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		peer.submit_status = cases[i].status;
		lend(i);
		AWAIT(the_link.answered == i + 1);
		const struct outcome *outcome = &the_link.outcomes[i];
		ck_assert_int_eq(outcome->verdict, cases[i].verdict);
		ck_assert_int_eq(outcome->untried, cases[i].untried);
		ck_assert_uint_eq(outcome->hold_ms, cases[i].hold_ms);
		ck_assert_uint_eq(outcome->code, cases[i].status);
	}
	ck_assert_str_eq(the_link.outcomes[0].network_id, "id2");
	ck_assert_str_eq(the_link.outcomes[1].text,
	    "ESME_RINVDSTADR (0x0b): destination address is bad or not permitted");
	ck_assert_uint_eq(the_link.downs, 0);
}
END_TEST

START_TEST(a_session_that_the_peer_does_not_know_is_opened_anew)
{
	world_up();
	peer.submit_status = SMPP_RINVBNDSTS;
	lend(0);
	AWAIT(the_link.downs);
	ck_assert_int_eq(the_link.down, DOWN_LOST);
	ck_assert_uint_eq(the_link.answered, 1);
	ck_assert_int_eq(the_link.outcomes[0].verdict, VERDICT_DEFERRED);
	ck_assert(the_link.outcomes[0].untried);
}
END_TEST

START_TEST(what_no_field_can_hold_is_refused_in_words_and_not_sent)
{
	world_up();
	messages[0].sender = "ACME Shop 12";
	messages[1].recipient = "+4477009001234567890123";
	messages[2].recipient = "my mother";
	for (unsigned i = 0; i < 3; i++)
		lend(i);
	ck_assert_uint_eq(the_link.answered, 3);
	for (unsigned i = 0; i < 3; i++)
		ck_assert_int_eq(the_link.outcomes[i].verdict, VERDICT_REJECTED);
	idle(20);
	ck_assert_uint_eq(peer.submits, 0);
}
END_TEST

START_TEST(a_long_message_leaves_whole_in_one_pdu)
{
	static uint8_t text[PAYLOAD_MAX];
	world_up();
	memset(text, 'p', sizeof text);
	messages[0].concat = CONCAT_PAYLOAD;
	parts[0].octets = text;
	parts[0].len = PAYLOAD_MAX;
	lend(0);
	lend(1);
	AWAIT(the_link.answered == 2);
	ck_assert_int_eq(the_link.outcomes[0].verdict, VERDICT_SENT);
	ck_assert_int_eq(the_link.outcomes[1].verdict, VERDICT_SENT);
	struct smpp_pdu pdu;
	size_t len;
	const size_t first = smpp_measure(NULL, peer.octets[0], peer.noctets[0]);
	ck_assert_uint_eq(smpp_unpack(peer.octets[0], first, &pdu), SMPP_ROK);
	ck_assert_uint_eq(pdu.sm_length, 0);
	ck_assert_mem_eq(smpp_text(&pdu, &len), text, sizeof text);
	ck_assert_uint_eq(len, sizeof text);
}
END_TEST

START_TEST(parts_of_one_turn_leave_together_and_may_be_answered_in_any_order)
{
	world_up();
	peer.no_submit_answer = true;
	for (unsigned i = 0; i < 10; i++)
		lend(i);
	AWAIT(peer.submits == 10);
	for (unsigned i = 10; i-- > 0; ) {
		ck_assert_uint_eq(peer.heard[i].sequence, i + 2);
		const struct smpp_pdu submit = { .command = SMPP_SUBMIT_SM, .sequence = i + 2 };
		peer_answer(0, &submit, SMPP_ROK);
	}
	AWAIT(the_link.answered == 10);
	for (unsigned i = 0; i < 10; i++) {
		char id[16];
		snprintf(id, sizeof id, "id%u", i + 2);
		ck_assert_str_eq(the_link.outcomes[i].network_id, id);
	}
}
END_TEST

START_TEST(a_centre_that_says_how_full_it_is_eases_the_link)
{
	static const struct { uint8_t state; unsigned percent; } cases[] = { { 85, 0 }, { 90, 90 } };
	world_up();
	peer.no_submit_answer = true;
	for (unsigned i = 0; i < 2; i++) {
		lend(i);
		AWAIT(peer.submits == i + 1);
		struct smpp_pdu answer = { .command = SMPP_SUBMIT_SM_RESP, .sequence = i + 2, .message_id = "x" };
		ck_assert(smpp_tlv_add(&answer, SMPP_TAG_CONGESTION_STATE, &cases[i].state, 1));
		peer_say(0, &answer);
		AWAIT(the_link.answered == i + 1);
		ck_assert_uint_eq(the_link.eased, cases[i].percent);
	}
}
END_TEST

START_TEST(an_answer_that_comes_late_still_names_its_part)
{
	options.response_timeout = 60;
	world_up();
	peer.no_submit_answer = true;
	for (unsigned i = 0; i < 2; i++)
		lend(i);
	AWAIT(the_link.answered == 2);
	ck_assert_int_eq(the_link.outcomes[0].verdict, VERDICT_DOUBTFUL);
	struct smpp_pdu submit = { .command = SMPP_SUBMIT_SM, .sequence = 2 };
	peer_answer(0, &submit, SMPP_ROK);
	peer_answer(0, &submit, SMPP_ROK); /* once is enough */
	submit.sequence = 3;
	peer_answer(0, &submit, SMPP_RINVDSTADR);
	submit.sequence = 77;
	peer_answer(0, &submit, SMPP_ROK); /* never asked */
	AWAIT(the_link.nlate == 2);
	idle(20);
	ck_assert_uint_eq(the_link.nlate, 2);
	ck_assert_int_eq(the_link.late[0].row, messages[0].id);
	ck_assert_int_eq(the_link.late[0].part, parts[0].number);
	ck_assert_int_eq(the_link.late[0].parts, messages[0].nparts);
	ck_assert_int_eq(the_link.late[0].attempt, messages[0].attempts);
	ck_assert_int_eq(the_link.late[0].outcome.verdict, VERDICT_SENT);
	ck_assert_str_eq(the_link.late[0].outcome.network_id, "id2");
	ck_assert_int_eq(the_link.late[1].row, messages[1].id);
	ck_assert_int_eq(the_link.late[1].outcome.verdict, VERDICT_REJECTED);
}
END_TEST

START_TEST(answers_that_are_lost_among_others_do_not_end_the_session)
{
	options.response_timeout = 60;
	world_up();
	peer.no_submit_answer = true;
	for (unsigned i = 0; i < 5; i++)
		lend(i);
	AWAIT(peer.submits == 5);
	const struct smpp_pdu last = { .command = SMPP_SUBMIT_SM, .sequence = 6 };
	peer_answer(0, &last, SMPP_ROK);
	AWAIT(the_link.answered == 5);
	ck_assert_uint_eq(the_link.downs, 0);
	/* Those after the last answer are another matter. */
	for (unsigned i = 5; i < 8; i++)
		lend(i);
	AWAIT(the_link.downs);
	ck_assert_ptr_nonnull(strstr(the_link.why, "3 messages in a row got no answer"));
}
END_TEST

START_TEST(overdue_parts_are_in_doubt_and_three_in_a_row_end_the_session)
{
	options.response_timeout = 60;
	world_up();
	peer.no_submit_answer = true;
	for (unsigned i = 0; i < 2; i++)
		lend(i);
	AWAIT(the_link.answered == 2);
	for (unsigned i = 0; i < 2; i++) {
		ck_assert_int_eq(the_link.outcomes[i].verdict, VERDICT_DOUBTFUL);
		ck_assert_str_eq(the_link.outcomes[i].text,
		    "no answer from the message centre within 0.06 s");
	}
	/* Too late, and for nobody. */
	const struct smpp_pdu submit = { .command = SMPP_SUBMIT_SM, .sequence = 2 };
	peer_answer(0, &submit, SMPP_ROK);
	idle(10);
	/* An answer in time begins the row anew. */
	peer.no_submit_answer = false;
	lend(2);
	AWAIT(the_link.answered == 3);
	peer.no_submit_answer = true;
	for (unsigned i = 3; i < 8; i++)
		lend(i);
	AWAIT(the_link.downs);
	ck_assert_int_eq(the_link.down, DOWN_LOST);
	ck_assert_uint_eq(the_link.answered, 6);
	ck_assert_uint_eq(the_link.lent, 2); /* for the link to doubt */
}
END_TEST

/* The kernel takes little from the session: its socket is the one connected to the peer. */
static void narrow(void)
{
	const int least = 1;
	for (int fd = 3; fd < 100; fd++) {
		struct sockaddr_in to;
		socklen_t len = sizeof to;
		if (getpeername(fd, (void *)&to, &len) == 0 && ntohs(to.sin_port) == peer.port)
			setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &least, sizeof least);
	}
}

START_TEST(a_lost_connection_defers_what_never_left_and_leaves_the_rest_in_doubt)
{
	options.window = PARTS;
	peer.receive_buffer = 4096;
	world_open();
	AWAIT(the_link.ups);
	stream_pause(peer.calls[0], 1);
	narrow();
	for (unsigned i = 0; i < PARTS; i++)
		lend(i);
	idle(30);
	ck_assert_uint_eq(the_link.answered, 0);
	stream_free(peer.calls[0]);
	peer.calls[0] = NULL;
	AWAIT(the_link.downs);
	ck_assert_int_eq(the_link.down, DOWN_LOST);
	ck_assert_uint_gt(the_link.answered, 0);
	ck_assert_uint_gt(the_link.lent, 0);
	ck_assert_uint_eq(the_link.answered + the_link.lent, PARTS);
	for (unsigned i = 0; i < PARTS; i++) {
		ck_assert_uint_eq(the_link.done[i], i >= the_link.lent);
		if (!the_link.done[i])
			continue;
		ck_assert_int_eq(the_link.outcomes[i].verdict, VERDICT_DEFERRED);
		ck_assert(the_link.outcomes[i].untried);
	}
}
END_TEST

/* Deliveries. */

START_TEST(a_delivery_is_answered_when_it_is_acknowledged_and_not_before)
{
	world_up();
	peer_deliver(0, SMPP_DELIVER_SM, 0, 0, "one");
	peer_deliver(0, SMPP_DELIVER_SM, 0, 0, "two");
	AWAIT(the_link.ninbound == 2);
	idle(30);
	ck_assert_uint_eq(peer.nheard, 0);
	ck_assert_str_eq(the_link.inbound[0].sender, "+447700900123");
	ck_assert_str_eq(the_link.inbound[0].recipient, "88100");
	ck_assert_str_eq(the_link.bodies[1], "two");
	ck_assert_str_ne(the_link.inbound[0].arrival, the_link.inbound[1].arrival);
	ack(the_link.inbound_tickets[1], ACK_LATER);
	ack(the_link.inbound_tickets[0], ACK_KEPT);
	AWAIT(peer.nheard == 2);
	ck_assert_uint_eq(peer.heard[0].command, (uint32_t)SMPP_DELIVER_SM_RESP);
	ck_assert_uint_eq(peer.heard[0].sequence, 2);
	ck_assert_uint_eq(peer.heard[0].status, SMPP_RX_T_APPN);
	ck_assert_uint_eq(peer.heard[1].sequence, 1);
	ck_assert_uint_eq(peer.heard[1].status, SMPP_ROK);
}
END_TEST

START_TEST(data_sm_is_a_delivery_too)
{
	world_up();
	struct smpp_pdu pdu = { .command = SMPP_DATA_SM, .sequence = 0x80000007,
		.source = { .ton = 1, .digits = "4477" } };
	ck_assert(smpp_tlv_add(&pdu, SMPP_TAG_MESSAGE_PAYLOAD, "hi", 2));
	peer_say(0, &pdu);
	AWAIT(the_link.ninbound);
	ck_assert_str_eq(the_link.bodies[0], "hi");
	ack(the_link.inbound_tickets[0], ACK_KEPT);
	AWAIT(peer.nheard);
	ck_assert_uint_eq(peer.heard[0].command, (uint32_t)SMPP_DATA_SM_RESP);
	ck_assert_uint_eq(peer.heard[0].sequence, 0x80000007);
	ck_assert_uint_eq(peer.heard[0].status, SMPP_ROK);
}
END_TEST

START_TEST(a_receipt_that_names_nothing_is_kept_all_the_same)
{
	world_up();
	peer_deliver(0, SMPP_DELIVER_SM, SMPP_ESM_RECEIPT, 0, "Delivered OK");
	AWAIT(the_link.nreceipts);
	ck_assert_str_eq(the_link.receipts[0].network_id, "");
	ck_assert_str_eq(the_link.receipts[0].text, "it names no message: Delivered OK");
	ack(the_link.receipt_tickets[0], ACK_KEPT);
	AWAIT(peer.nheard);
	ck_assert_uint_eq(peer.heard[0].command, (uint32_t)SMPP_DELIVER_SM_RESP);
	ck_assert_uint_eq(peer.heard[0].status, SMPP_ROK);
	ck_assert_uint_eq(the_link.ninbound, 0);
}
END_TEST

START_TEST(too_much_that_is_owed_stops_our_reading)
{
	options.enquire_link = 40;
	options.enquire_timeout = 40;
	options.response_timeout = 100;
	world_up();
	for (unsigned i = 0; i < 1500; i++)
		peer_deliver(0, SMPP_DELIVER_SM, 0, 0, "hi");
	AWAIT(the_link.ninbound == 1000);
	lend(0);
	idle(250); /* nor is the peer to blame for the silence */
	ck_assert_uint_eq(peer.submits, 1);
	ck_assert_uint_eq(the_link.ninbound, 1000);
	ck_assert_uint_eq(the_link.answered, 0);
	ck_assert_uint_eq(the_link.downs, 0);
	for (unsigned acked = 0; acked < 1500; ) {
		while (acked < the_link.ninbound)
			ack(the_link.inbound_tickets[acked++], ACK_KEPT);
		turn();
	}
	AWAIT(heard((uint32_t)SMPP_DELIVER_SM_RESP) == 1500 && the_link.answered);
	ck_assert_int_eq(the_link.outcomes[0].verdict, VERDICT_SENT);
}
END_TEST

START_TEST(tickets_of_a_lost_session_are_forgotten)
{
	world_up();
	peer_deliver(0, SMPP_DELIVER_SM, 0, 0, "one");
	AWAIT(the_link.ninbound);
	stream_finish(peer.calls[0], "test");
	AWAIT(the_link.downs);
	ack(the_link.inbound_tickets[0], ACK_KEPT);
	idle(10);
}
END_TEST

/* Keeping alive, and the end. */

START_TEST(silence_is_asked_about_and_an_answer_is_life)
{
	options.enquire_link = 30;
	options.enquire_timeout = 60;
	world_up();
	AWAIT(heard(SMPP_ENQUIRE_LINK) == 3);
	ck_assert_uint_eq(the_link.downs, 0);
	peer.no_enquire_answer = true;
	AWAIT(the_link.downs);
	ck_assert_int_eq(the_link.down, DOWN_LOST);
	ck_assert_str_eq(the_link.why, "no answer to enquire_link within 0.06 s");
	ck_assert_uint_eq(heard(SMPP_ENQUIRE_LINK), 4); /* one at a time */
}
END_TEST

START_TEST(an_enquiry_is_answered_even_before_the_bind_is)
{
	peer.no_bind_answer = true;
	world_open();
	AWAIT(heard(SMPP_BIND_TRANSCEIVER));
	const struct smpp_pdu enquire = { .command = SMPP_ENQUIRE_LINK, .sequence = 77 };
	peer_say(0, &enquire);
	AWAIT(heard((uint32_t)SMPP_ENQUIRE_LINK_RESP));
	ck_assert_uint_eq(peer.heard[1].sequence, 77);
}
END_TEST

START_TEST(an_unbind_from_the_peer_is_answered_and_ends_the_session)
{
	world_up();
	const struct smpp_pdu unbind = { .command = SMPP_UNBIND, .sequence = 99 };
	peer_say(0, &unbind);
	AWAIT(the_link.downs);
	ck_assert_int_eq(the_link.down, DOWN_LOGGED_OUT);
	ck_assert_str_eq(the_link.why, "the message centre ended the session (unbind)");
	AWAIT(heard((uint32_t)SMPP_UNBIND_RESP));
	ck_assert_uint_eq(peer.heard[0].sequence, 99);
	AWAIT(peer.hung_up[0]);
}
END_TEST

START_TEST(draining_pays_its_debts_before_it_logs_out)
{
	world_up();
	peer.no_submit_answer = true;
	lend(0);
	peer_deliver(0, SMPP_DELIVER_SM, 0, 0, "one");
	AWAIT(the_link.ninbound == 1 && peer.submits == 1);
	drain();
	idle(30);
	ck_assert_uint_eq(heard(SMPP_UNBIND), 0);
	const struct smpp_pdu submit = { .command = SMPP_SUBMIT_SM, .sequence = 2 };
	peer_answer(0, &submit, SMPP_ROK);
	AWAIT(the_link.answered);
	idle(30);
	ck_assert_uint_eq(heard(SMPP_UNBIND), 0);
	peer.no_unbind_answer = true;
	ack(the_link.inbound_tickets[0], ACK_KEPT);
	AWAIT(heard(SMPP_UNBIND));
	ck_assert_uint_eq(heard((uint32_t)SMPP_DELIVER_SM_RESP), 1);
	/* Until the answer comes, it serves. */
	peer_deliver(0, SMPP_DELIVER_SM, 0, 0, "two");
	AWAIT(the_link.ninbound == 2);
	ack(the_link.inbound_tickets[1], ACK_KEPT);
	AWAIT(heard((uint32_t)SMPP_DELIVER_SM_RESP) == 2);
	const struct smpp_pdu unbind = { .command = SMPP_UNBIND, .sequence = 3 };
	peer_answer(0, &unbind, SMPP_ROK);
	AWAIT(the_link.downs);
	ck_assert_int_eq(the_link.down, DOWN_DRAINED);
}
END_TEST

START_TEST(both_halves_log_out_before_the_session_is_drained)
{
	options.bind = SMPP_TRANSMITTER_RECEIVER;
	world_up();
	peer.no_unbind_answer = true;
	drain();
	AWAIT(heard(SMPP_UNBIND) == 2);
	const struct smpp_pdu unbind = { .command = SMPP_UNBIND, .sequence = 2 };
	peer_answer(0, &unbind, SMPP_ROK);
	AWAIT(peer.hung_up[0]);
	idle(20);
	ck_assert_uint_eq(the_link.downs, 0);
	peer_deliver(1, SMPP_DELIVER_SM, 0, 0, "hi");
	AWAIT(the_link.ninbound);
	ack(the_link.inbound_tickets[0], ACK_KEPT);
	AWAIT(heard((uint32_t)SMPP_DELIVER_SM_RESP));
	peer_answer(1, &unbind, SMPP_ROK);
	AWAIT(the_link.downs);
	ck_assert_int_eq(the_link.down, DOWN_DRAINED);
}
END_TEST

START_TEST(draining_does_not_wait_for_ever)
{
	options.response_timeout = 60;
	options.unbind_timeout = 60;
	world_up();
	peer.no_submit_answer = peer.no_unbind_answer = true;
	lend(0);
	peer_deliver(0, SMPP_DELIVER_SM, 0, 0, "one"); /* never acknowledged */
	AWAIT(the_link.ninbound == 1);
	drain();
	AWAIT(the_link.downs);
	ck_assert_int_eq(the_link.down, DOWN_DRAINED);
	ck_assert_uint_eq(heard(SMPP_UNBIND), 1);
}
END_TEST

START_TEST(a_session_that_is_not_up_drains_at_once)
{
	peer.no_bind_answer = true;
	world_open();
	AWAIT(heard(SMPP_BIND_TRANSCEIVER));
	drain();
	AWAIT(the_link.downs);
	ck_assert_int_eq(the_link.down, DOWN_DRAINED);
}
END_TEST

START_TEST(alerts_are_kept_and_get_no_answer)
{
	uint8_t status = (uint8_t)_i;
	struct smpp_pdu alert = { .command = SMPP_ALERT_NOTIFICATION, .sequence = 7,
		.source = { .ton = 1, .npi = 1, .digits = "447700900123" },
		.destination = { .digits = "88100" } };
	world_up();
	if (_i < 3)
		smpp_tlv_add(&alert, SMPP_TAG_MS_AVAILABILITY_STATUS, &status, 1);
	peer_say(0, &alert);
	AWAIT(the_link.ninbound == 1);
	ck_assert(the_link.inbound[0].alert);
	ck_assert_str_eq(the_link.inbound[0].sender, "+447700900123");
	ck_assert_str_eq(the_link.inbound[0].recipient, "88100");
	ack(the_link.inbound_tickets[0], ACK_KEPT);
	/* Nor does a broken one get any. */
	static const uint8_t broken[] = { 0, 0, 0, 19, 0, 0, 1, 2, 0, 0, 0, 0, 0, 0, 0, 8, 1, 1, '4' };
	stream_write(peer.calls[0], broken, sizeof broken);
	const struct smpp_pdu enquire = { .command = SMPP_ENQUIRE_LINK, .sequence = 1000 };
	peer_say(0, &enquire);
	AWAIT(peer.nheard == 1);
	ck_assert_uint_eq(peer.heard[0].sequence, 1000);
	drain();                            /* nothing is owed any more */
	AWAIT(the_link.downs);
	ck_assert_int_eq(the_link.down, DOWN_DRAINED);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("smpp");
	TCase *tests = tcase_create("session");
	suite_add_tcase(suite, tests);
	tcase_set_timeout(tests, 60);
	tcase_add_checked_fixture(tests, world_setup, world_teardown);
	tcase_add_test(tests, a_bind_says_who_we_are);
	tcase_add_loop_test(tests, a_refused_bind_says_what_to_do, 0, 5);
	tcase_add_loop_test(tests, a_bind_that_is_refused_for_who_we_are_may_be_the_last, 0, 16);
	tcase_add_test(tests, a_bind_may_be_refused_by_a_nack);
	tcase_add_test(tests, a_centre_that_knows_no_transceiver_gets_a_pair);
	tcase_add_test(tests, version_3_3_binds_as_a_pair_at_once);
	tcase_add_test(tests, a_bind_without_an_answer_has_a_deadline);
	tcase_add_test(tests, nobody_there_is_a_reason_with_a_name);
	tcase_add_test(tests, two_halves_are_one_session);
	tcase_add_loop_test(tests, a_transmitter_takes_messages_where_that_is_tolerated, 0, 2);
	tcase_add_test(tests, an_answer_decides_by_its_status);
	tcase_add_test(tests, a_session_that_the_peer_does_not_know_is_opened_anew);
	tcase_add_test(tests, what_no_field_can_hold_is_refused_in_words_and_not_sent);
	tcase_add_test(tests, a_long_message_leaves_whole_in_one_pdu);
	tcase_add_test(tests, parts_of_one_turn_leave_together_and_may_be_answered_in_any_order);
	tcase_add_test(tests, a_centre_that_says_how_full_it_is_eases_the_link);
	tcase_add_test(tests, an_answer_that_comes_late_still_names_its_part);
	tcase_add_test(tests, answers_that_are_lost_among_others_do_not_end_the_session);
	tcase_add_test(tests, overdue_parts_are_in_doubt_and_three_in_a_row_end_the_session);
	tcase_add_test(tests,
	    a_lost_connection_defers_what_never_left_and_leaves_the_rest_in_doubt);
	tcase_add_test(tests, a_delivery_is_answered_when_it_is_acknowledged_and_not_before);
	tcase_add_test(tests, data_sm_is_a_delivery_too);
	tcase_add_test(tests, a_receipt_that_names_nothing_is_kept_all_the_same);
	tcase_add_test(tests, too_much_that_is_owed_stops_our_reading);
	tcase_add_test(tests, tickets_of_a_lost_session_are_forgotten);
	tcase_add_test(tests, silence_is_asked_about_and_an_answer_is_life);
	tcase_add_test(tests, an_enquiry_is_answered_even_before_the_bind_is);
	tcase_add_test(tests, an_unbind_from_the_peer_is_answered_and_ends_the_session);
	tcase_add_test(tests, draining_pays_its_debts_before_it_logs_out);
	tcase_add_test(tests, both_halves_log_out_before_the_session_is_drained);
	tcase_add_test(tests, draining_does_not_wait_for_ever);
	tcase_add_test(tests, a_session_that_is_not_up_drains_at_once);
	tcase_add_loop_test(tests, alerts_are_kept_and_get_no_answer, 0, 4);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
