/* SPDX-License-Identifier: Apache-2.0 */
/*
 * check_smpp_command.c - questions over SMPP: every PDU, every answer, and what becomes of
 * those without one.
 */
#include "driver_world.h"

#include "../gateway/asked.h"

static const struct smpp_pdu *last;     /* the newest question that was heard */
static struct smpp_pdu request;

/* The newest PDU of that command, unpacked from what was heard at `call`. */
static const struct smpp_pdu *hear(unsigned call, uint32_t command)
{
	const uint8_t *at = peer.octets[call];
	size_t left = peer.noctets[call];
	last = NULL;
	while (left >= SMPP_HEADER) {
		const size_t len = smpp_measure(NULL, at, left);
		struct smpp_pdu pdu;
		ck_assert_uint_eq(smpp_unpack(at, len, &pdu), SMPP_ROK);
		if (pdu.command == command) {
			request = pdu;
			last = &request;
		}
		at += len;
		left -= len;
	}
	ck_assert_ptr_nonnull(last);
	return last;
}

static const struct smpp_pdu *asked(unsigned i, enum command_kind kind, uint32_t command)
{
	ask(i, kind);
	const unsigned before = heard(command);
	AWAIT(heard(command) > before || the_link.replies[i]);
	ck_assert_msg(heard(command) > before, "%s", the_link.reply[i].text);
	return hear(0, command);
}

static void say(uint32_t command, uint32_t status)
{
	const struct smpp_pdu pdu = { .command = command, .status = status, .sequence = request.sequence };
	peer_say(0, &pdu);
}

static void say_state(uint8_t state, const char *date, uint8_t error)
{
	struct smpp_pdu pdu = { .command = (uint32_t)SMPP_QUERY_SM_RESP, .sequence = request.sequence,
		.message_state = state, .error_code = error };
	memcpy(pdu.message_id, request.message_id, sizeof pdu.message_id);
	/* Of any length: not every centre writes the sixteen characters of the book. */
	uint8_t octets[256];
	if (strlen(date) == 16)
		memcpy(pdu.final_date, date, 17);
	size_t len = smpp_pack(&pdu, octets, sizeof octets);
	if (strlen(date) != 16 && *date) {
		const size_t n = strlen(date);
		memmove(octets + len - 2 + n, octets + len - 2, 2);
		memcpy(octets + len - 3, date, n + 1);
		memcpy(octets + len - 2 + n, (const uint8_t[]){ state, error }, 2);
		len += n;
		octets[3] = (uint8_t)len;
	}
	stream_write(peer.calls[0], octets, len);
}

START_TEST(a_query_has_the_id_and_the_source_of_the_submit)
{
	static const char *const senders[] = { "ACME", "+447700900999", "88100", "" };
	world_up();
	for (unsigned i = 0; i < 4; i++) {
		messages[i].sender = senders[i];
		lend(i);
		AWAIT(the_link.answered == i + 1);
		const struct smpp_address source = peer.last_submit.source;
		const struct smpp_pdu *pdu = asked(i, COMMAND_QUERY, SMPP_QUERY_SM);
		ck_assert_str_eq(pdu->message_id, questions[i].network_id);
		ck_assert_uint_eq(pdu->source.ton, source.ton);
		ck_assert_uint_eq(pdu->source.npi, source.npi);
		ck_assert_str_eq(pdu->source.digits, source.digits);
	}
}
END_TEST

START_TEST(a_cancel_has_the_destination_too_and_may_be_of_a_group)
{
	static struct asked as;
	as = asked_nothing;
	as.service_type = "VMA";
	world_up();
	const struct smpp_pdu *pdu = asked(0, COMMAND_CANCEL, SMPP_CANCEL_SM);
	ck_assert_str_eq(pdu->message_id, "id0");
	ck_assert_str_eq(pdu->source.digits, "ACME");
	ck_assert_str_eq(pdu->destination.digits, "447700900123");
	ck_assert_str_eq(pdu->service_type, "");
	say((uint32_t)SMPP_CANCEL_SM_RESP, SMPP_ROK);
	AWAIT(the_link.replied == 1);
	ck_assert_int_eq(the_link.reply[0].kind, REPLY_DONE);
	ck_assert(!the_link.reply[0].reports);
	questions[1].network_id[0] = '\0';
	messages[1].asked = &as;
	pdu = asked(1, COMMAND_CANCEL, SMPP_CANCEL_SM);
	ck_assert_str_eq(pdu->message_id, "");
	ck_assert_str_eq(pdu->service_type, "VMA");
}
END_TEST

START_TEST(a_replacement_has_the_text_and_asks_for_the_same_receipt)
{
	world_up();
	parts[0].len = 3;
	messages[0].parts = &parts[0];
	const struct smpp_pdu *pdu = asked(0, COMMAND_REPLACE, SMPP_REPLACE_SM);
	ck_assert_str_eq(pdu->message_id, "id0");
	ck_assert_str_eq(pdu->source.digits, "ACME");
	ck_assert_uint_eq(pdu->registered_delivery, 1);
	ck_assert_str_eq(pdu->schedule_delivery_time, "");
	ck_assert_str_eq(pdu->validity_period, "");
	ck_assert_uint_eq(pdu->sm_length, 3);
	ck_assert_mem_eq(pdu->short_message, "aaa", 3);
	say((uint32_t)SMPP_REPLACE_SM_RESP, SMPP_ROK);
	AWAIT(the_link.replied == 1);
	ck_assert_int_eq(the_link.reply[0].kind, REPLY_DONE);
}
END_TEST

START_TEST(a_query_is_answered_with_a_word_and_a_time)
{
	static char zone[] = "+02:00";
	static const struct {
		uint8_t state;
		const char *date;
		uint8_t error;
		const char *word;
		enum status status;
		int64_t at;
		const char *receipt, *text;
	} cases[] = {
		{ 1, "", 0, "enroute", STATUS_SENT, 0, NULL, "" },
		{ 0, "", 0, "scheduled", STATUS_SENT, 0, NULL, "" },
		{ 2, "260731120000000+", 0, "delivered", STATUS_DELIVERED, 1785499200, "query:DELIVRD", "" },
		{ 2, "260731140000008+", 0, "delivered", STATUS_DELIVERED, 1785499200, "query:DELIVRD", "" },
		{ 2, "260731140000", 0, "delivered", STATUS_DELIVERED, 1785499200, "query:DELIVRD", "" },
		{ 2, "2607311400", 0, "delivered", STATUS_DELIVERED, 1785499200, "query:DELIVRD", "" },
		{ 2, "nonsense", 0, "delivered", STATUS_DELIVERED, 0, "query:DELIVRD", "" },
		{ 3, "", 27, "expired", STATUS_UNDELIVERED, 0, "query:EXPIRED", "network error 27" },
		{ 4, "", 0, "deleted", STATUS_UNDELIVERED, 0, "query:DELETED", "deleted" },
		{ 5, "", 1, "undeliverable", STATUS_UNDELIVERED, 0, "query:UNDELIV", "unknown subscriber" },
		{ 6, "", 0, "accepted", STATUS_SENT, 0, NULL, "" },
		{ 7, "", 0, "unknown", STATUS_SENT, 0, NULL, "" },
		{ 8, "", 0, "rejected", STATUS_UNDELIVERED, 0, "query:REJECTD", "rejected" },
		{ 9, "", 0, "skipped", STATUS_UNDELIVERED, 0, "query:SKIPPED", "skipped" },
		{ 77, "", 0, "unknown", STATUS_SENT, 0, NULL, "" },
	};
	options.time_zone = zone;
	options.receipt_ids = SMPP_IDS_HEX_DECIMAL;
	world_up();
	for (unsigned i = 0; i < sizeof cases / sizeof *cases; i++) {
		snprintf(questions[i].network_id, sizeof questions[i].network_id, "1%u", i);
		asked(i, COMMAND_QUERY, SMPP_QUERY_SM);
		say_state(cases[i].state, cases[i].date, cases[i].error);
		AWAIT(the_link.replied == i + 1);
		const struct reply *reply = &the_link.reply[i];
		ck_assert_int_eq(reply->kind, REPLY_DONE);
		ck_assert_str_eq(reply->answer, cases[i].word);
		ck_assert_int_eq(reply->status, cases[i].status);
		ck_assert_int_eq(reply->answer_at, cases[i].at);
		ck_assert_uint_eq(reply->code, cases[i].error);
		ck_assert_int_eq(reply->reports, cases[i].receipt != NULL);
		if (!cases[i].receipt)
			continue;
		ck_assert_str_eq(reply->receipt.link, "acme");
		ck_assert_str_eq(reply->receipt.network_id, questions[i].network_id);
		ck_assert_str_eq(reply->receipt.alternate[0], "");
		ck_assert_str_eq(reply->receipt.word, cases[i].receipt);
		ck_assert_int_eq(reply->receipt.status, cases[i].status);
		ck_assert_int_eq(reply->receipt.done_at, cases[i].at);
		ck_assert_ptr_nonnull(strstr(reply->receipt.text, cases[i].text));
	}
}
END_TEST

START_TEST(a_refusal_has_the_words_of_its_status)
{
	static const struct {
		enum command_kind kind;
		uint32_t command, answer, status;
		const char *text;
	} cases[] = {
		{ COMMAND_QUERY, SMPP_QUERY_SM, (uint32_t)SMPP_QUERY_SM_RESP, SMPP_RINVMSGID, "ESME_RINVMSGID" },
		{ COMMAND_QUERY, SMPP_QUERY_SM, (uint32_t)SMPP_QUERY_SM_RESP, SMPP_RQUERYFAIL, "ESME_RQUERYFAIL" },
		{ COMMAND_CANCEL, SMPP_CANCEL_SM, (uint32_t)SMPP_CANCEL_SM_RESP, SMPP_RCANCELFAIL, "ESME_RCANCELFAIL" },
		{ COMMAND_QUERY, SMPP_QUERY_SM, (uint32_t)SMPP_GENERIC_NACK, SMPP_RINVCMDID,
		    "does not know how to query a message" },
		{ COMMAND_CANCEL, SMPP_CANCEL_SM, (uint32_t)SMPP_CANCEL_SM_RESP, SMPP_RINVCMDID,
		    "does not know how to cancel a message" },
		{ COMMAND_QUERY, SMPP_QUERY_SM, (uint32_t)SMPP_QUERY_SM_RESP, 0x1234, "unknown status (0x1234)" },
	};
	world_up();
	asked(0, cases[_i].kind, cases[_i].command);
	say(cases[_i].answer, cases[_i].status);
	AWAIT(the_link.replied == 1);
	ck_assert_int_eq(the_link.reply[0].kind, REPLY_REFUSED);
	ck_assert_uint_eq(the_link.reply[0].code, cases[_i].status);
	ck_assert_msg(strstr(the_link.reply[0].text, cases[_i].text), "%s", the_link.reply[0].text);
	ck_assert_uint_eq(the_link.downs, 0);
}
END_TEST

START_TEST(an_answer_without_a_state_is_none)
{
	world_up();
	asked(0, COMMAND_QUERY, SMPP_QUERY_SM);
	const uint8_t bare[] = { 0, 0, 0, 16, 0x80, 0, 0, 3, 0, 0, 0, 0, 0, 0, 0, (uint8_t)request.sequence };
	stream_write(peer.calls[0], bare, sizeof bare);
	AWAIT(the_link.replied == 1);
	ck_assert_int_eq(the_link.reply[0].kind, REPLY_FAILED);
}
END_TEST

START_TEST(an_answer_is_matched_by_number_and_command)
{
	world_up();
	peer.no_submit_answer = true;
	lend(0);
	AWAIT(heard(SMPP_SUBMIT_SM));
	asked(1, COMMAND_QUERY, SMPP_QUERY_SM);
	/* Another command under the number of the question, and of the part. */
	say((uint32_t)SMPP_CANCEL_SM_RESP, SMPP_ROK);
	say((uint32_t)SMPP_SUBMIT_SM_RESP, SMPP_ROK);
	const uint32_t mine = request.sequence;
	request.sequence = peer.last_submit.sequence;
	say((uint32_t)SMPP_QUERY_SM_RESP, SMPP_RQUERYFAIL);
	idle(30);
	ck_assert_uint_eq(the_link.replied, 0);
	ck_assert_uint_eq(the_link.answered, 0);
	peer_answer(0, &peer.last_submit, SMPP_ROK);
	AWAIT(the_link.answered == 1);
	request.sequence = mine;
	say_state(1, "", 0);
	AWAIT(the_link.replied == 1);
	ck_assert_str_eq(the_link.reply[1].answer, "enroute");
}
END_TEST

START_TEST(questions_count_for_the_window)
{
	options.window = 2;
	world_up();
	peer.no_submit_answer = true;
	lend(0);
	ask(1, COMMAND_QUERY);
	ask(2, COMMAND_QUERY);
	lend(3);
	AWAIT(heard(SMPP_SUBMIT_SM) + heard(SMPP_QUERY_SM) == 2);
	idle(30);
	ck_assert_uint_eq(heard(SMPP_SUBMIT_SM), 1);
	ck_assert_uint_eq(heard(SMPP_QUERY_SM), 1);
	hear(0, SMPP_QUERY_SM);
	say_state(1, "", 0);
	AWAIT(heard(SMPP_QUERY_SM) == 2);       /* before the part that waits */
	idle(30);
	ck_assert_uint_eq(heard(SMPP_SUBMIT_SM), 1);
	hear(0, SMPP_QUERY_SM);
	say_state(1, "", 0);
	AWAIT(heard(SMPP_SUBMIT_SM) == 2);
}
END_TEST

START_TEST(what_is_too_much_now_is_asked_again_later)
{
	world_up();
	asked(0, COMMAND_QUERY, SMPP_QUERY_SM);
	say((uint32_t)SMPP_QUERY_SM_RESP, SMPP_RTHROTTLED);
	AWAIT(heard(SMPP_QUERY_SM) == 2);
	ck_assert_uint_eq(the_link.replied, 0);
	hear(0, SMPP_QUERY_SM);
	say_state(2, "", 0);
	AWAIT(the_link.replied == 1);
	ck_assert_str_eq(the_link.reply[0].answer, "delivered");
}
END_TEST

START_TEST(a_question_without_an_answer_is_lost)
{
	options.response_timeout = 60;
	world_up();
	ask(0, COMMAND_QUERY);
	AWAIT(the_link.replied == 1);
	ck_assert_int_eq(the_link.reply[0].kind, REPLY_LOST);
	ck_assert_str_eq(the_link.reply[0].text, "no answer from the message centre within 0.06 s");
	hear(0, SMPP_QUERY_SM);
	say_state(2, "", 0);                    /* too late */
	idle(30);
	ck_assert_uint_eq(the_link.replied, 1);
	ck_assert_uint_eq(the_link.downs, 0);
}
END_TEST

START_TEST(a_lost_bind_gives_back_its_questions)
{
	options.binds = 2;
	world_up();
	AWAIT(the_link.window == 20);
	ask(0, COMMAND_QUERY);
	ask(1, COMMAND_CANCEL);
	AWAIT(heard(SMPP_QUERY_SM) + heard(SMPP_CANCEL_SM) == 2);
	const unsigned call = peer.heard[peer.nheard - 1].call;
	stream_finish(peer.calls[call], "test");
	AWAIT(the_link.replied == 1);
	const unsigned lost = the_link.replies[0] ? 0 : 1;
	ck_assert_int_eq(the_link.reply[lost].kind, REPLY_LOST);
	ck_assert_uint_eq(the_link.downs, 0);
}
END_TEST

START_TEST(the_half_that_sends_asks)
{
	options.bind = SMPP_TRANSMITTER_RECEIVER;
	world_up();
	asked(0, COMMAND_QUERY, SMPP_QUERY_SM);
	ck_assert_uint_eq(peer.bind[0].command, SMPP_BIND_TRANSMITTER);
	say_state(1, "", 0);
	AWAIT(the_link.replied == 1);
}
END_TEST

START_TEST(a_drain_awaits_the_answer)
{
	world_up();
	asked(0, COMMAND_QUERY, SMPP_QUERY_SM);
	drain();
	idle(30);
	ck_assert_uint_eq(heard(SMPP_UNBIND), 0);
	say_state(1, "", 0);
	AWAIT(the_link.downs);
	ck_assert_uint_eq(the_link.replied, 1);
	ck_assert_int_eq(the_link.reply[0].kind, REPLY_DONE);
}
END_TEST

START_TEST(broadcasts_are_asked_about_in_their_own_words_and_need_5_0)
{
	world_up();
	commands[0].broadcast = true;
	ask(0, COMMAND_QUERY);
	AWAIT(the_link.replied == 1);
	ck_assert_int_eq(the_link.reply[0].kind, REPLY_FAILED);
	ck_assert_ptr_nonnull(strstr(the_link.reply[0].text, "5.0"));
}
END_TEST

/* The meaning alone, for a session of 5.0. */
START_TEST(a_broadcast_tells_its_state_in_a_parameter)
{
	struct smpp_pdu pdu;
	struct reply reply;
	commands[0].broadcast = true;
	commands[0].kind = COMMAND_CANCEL;
	ck_assert(smpp_question(&options, 0x50, &questions[0], &pdu, &reply));
	ck_assert_uint_eq(pdu.command, SMPP_CANCEL_BROADCAST_SM);
	ck_assert_str_eq(pdu.destination.digits, "");
	commands[0].kind = COMMAND_QUERY;
	ck_assert(smpp_question(&options, 0x50, &questions[0], &pdu, &reply));
	ck_assert_uint_eq(pdu.command, SMPP_QUERY_BROADCAST_SM);
	ck_assert_str_eq(pdu.message_id, "id0");
	ck_assert_str_eq(pdu.source.digits, "ACME");
	struct smpp_pdu answer = { .command = (uint32_t)SMPP_QUERY_BROADCAST_SM_RESP, .message_id = "id0" };
	const uint8_t state = 2;
	smpp_tlv_add(&answer, SMPP_TAG_MESSAGE_STATE, &state, 1);
	smpp_tlv_add(&answer, SMPP_TAG_BROADCAST_END_TIME, "260731120000000+", 17);
	reply = smpp_reply(&options, "acme", &questions[0], &answer);
	ck_assert_str_eq(reply.answer, "delivered");
	ck_assert_int_eq(reply.answer_at, 1785499200);
	answer = (struct smpp_pdu){ .command = (uint32_t)SMPP_QUERY_BROADCAST_SM_RESP,
		.status = SMPP_RBCASTQUERYFAIL };
	reply = smpp_reply(&options, "acme", &questions[0], &answer);
	ck_assert_int_eq(reply.kind, REPLY_REFUSED);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("command");
	TCase *tests = tcase_create("command");
	suite_add_tcase(suite, tests);
	tcase_set_timeout(tests, 60);
	tcase_add_checked_fixture(tests, world_setup, world_teardown);
	tcase_add_test(tests, a_query_has_the_id_and_the_source_of_the_submit);
	tcase_add_test(tests, a_cancel_has_the_destination_too_and_may_be_of_a_group);
	tcase_add_test(tests, a_replacement_has_the_text_and_asks_for_the_same_receipt);
	tcase_add_test(tests, a_query_is_answered_with_a_word_and_a_time);
	tcase_add_loop_test(tests, a_refusal_has_the_words_of_its_status, 0, 6);
	tcase_add_test(tests, an_answer_without_a_state_is_none);
	tcase_add_test(tests, an_answer_is_matched_by_number_and_command);
	tcase_add_test(tests, questions_count_for_the_window);
	tcase_add_test(tests, what_is_too_much_now_is_asked_again_later);
	tcase_add_test(tests, a_question_without_an_answer_is_lost);
	tcase_add_test(tests, a_lost_bind_gives_back_its_questions);
	tcase_add_test(tests, the_half_that_sends_asks);
	tcase_add_test(tests, a_drain_awaits_the_answer);
	tcase_add_test(tests, broadcasts_are_asked_about_in_their_own_words_and_need_5_0);
	tcase_add_test(tests, a_broadcast_tells_its_state_in_a_parameter);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
