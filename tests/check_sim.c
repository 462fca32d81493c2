/* SPDX-License-Identifier: Apache-2.0 */
/*
 * check_sim.c - smsc-sim as its clients see it: each test starts one in a child
 * process and speaks to it over a socket with the codec.
 */
#include "sim_peer.h"

START_TEST(an_account_binds_with_its_password_and_nobody_else_does)
{
	struct sim sim = START("--account", "acme:secret", "--account", "other:word");
	static const struct { const char *id, *password; uint32_t status; } cases[] = {
		{ "acme", "secret", SMPP_ROK }, { "other", "word", SMPP_ROK },
		{ "acme", "word", SMPP_RBINDFAIL }, { "acm", "e:secret", SMPP_RBINDFAIL },
		{ "", "", SMPP_RBINDFAIL },
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct peer *peer = peer_connect(&sim, 0);
		ck_assert_uint_eq(bind_status(peer, SMPP_BIND_TRANSCEIVER, cases[i].id,
		    cases[i].password), cases[i].status);
		if (cases[i].status)
			ck_assert(!peer_fill(peer));
		close(peer->fd);
	}
	json_t *counts = sim_stop(&sim);
	ck_assert_int_eq(count(counts, "binds"), 2);
	ck_assert_int_eq(count(counts, "binds_refused"), 3);
	json_decref(counts);
}
END_TEST

START_TEST(an_unbind_is_answered_and_the_counts_are_shown_meanwhile)
{
	struct sim sim = START("--receipts", "on");
	struct peer *peer = peer_bind(&sim, 0, SMPP_BIND_TRANSMITTER);
	kill(sim.pid, SIGUSR1);
	json_t *counts = sim_counts(&sim);
	ck_assert_int_eq(count(counts, "binds"), 1);
	json_decref(counts);
	peer_send(peer, &(struct smpp_pdu){ .command = SMPP_UNBIND });
	peer_expect(peer, (uint32_t)SMPP_UNBIND_RESP);
	submit_text(peer, "447700900001", "too late");
	ck_assert_uint_eq(peer_expect(peer, (uint32_t)SMPP_SUBMIT_SM_RESP).status, SMPP_RINVBNDSTS);
	counts = sim_stop(&sim);
	ck_assert_int_eq(count(counts, "accepted"), 0);
	json_decref(counts);
}
END_TEST

START_TEST(more_than_the_window_is_throttled)
{
	struct sim sim = START("--window", "3", "--response-delay", "300");
	struct peer *peer = peer_bind(&sim, 0, SMPP_BIND_TRANSMITTER);
	for (unsigned i = 0; i < 5; i++)
		submit_text(peer, "447700900001", &"abcde"[i]);
	for (unsigned i = 0; i < 5; i++)
		ck_assert_uint_eq(peer_expect(peer, (uint32_t)SMPP_SUBMIT_SM_RESP).status,
		    i < 2 ? SMPP_RTHROTTLED : SMPP_ROK);
	json_t *counts = sim_stop(&sim);
	ck_assert_int_eq(count(counts, "submits"), 5);
	ck_assert_int_eq(count(counts, "throttled"), 2);
	ck_assert_int_eq(count(counts, "messages"), 3);
	json_decref(counts);
}
END_TEST

START_TEST(more_than_the_rate_is_throttled)
{
	struct sim sim = START("--rate", "4");
	struct peer *peer = peer_bind(&sim, 0, SMPP_BIND_TRANSMITTER);
	unsigned taken = 0;
	for (unsigned i = 0; i < 8; i++)
		submit_text(peer, "447700900001", &"abcdefgh"[i]);
	for (unsigned i = 0; i < 8; i++)
		taken += !peer_expect(peer, (uint32_t)SMPP_SUBMIT_SM_RESP).status;
	ck_assert_uint_ge(taken, 4);
	json_t *counts = sim_stop(&sim);
	ck_assert_int_eq(count(counts, "throttled"), 8 - (int)taken);
	json_decref(counts);
}
END_TEST

START_TEST(a_receipt_follows_its_response_and_names_its_id)
{
	struct sim sim = START("--receipt-delay", "20:10", "--undeliverable", "447700900002");
	struct peer *peer = peer_bind(&sim, 0, SMPP_BIND_TRANSCEIVER);
	static const struct { const char *recipient, *word; uint8_t state; uint32_t error; } cases[] = {
		{ "447700900001", "DELIVRD", 2, 0 }, { "447700900002", "UNDELIV", 5, 1 },
	};
	for (size_t i = 0; i < 2; i++) {
		struct smpp_receipt receipt;
		submit_text(peer, cases[i].recipient, "hello");
		const struct smpp_pdu response = peer_expect(peer, (uint32_t)SMPP_SUBMIT_SM_RESP);
		ck_assert_uint_eq(response.status, SMPP_ROK);
		const struct smpp_pdu pdu = expect_receipt(peer, &receipt);
		ck_assert_str_eq(receipt.id, response.message_id);
		ck_assert_str_eq(receipt.text_id, "");
		ck_assert_str_eq(receipt.word, cases[i].word);
		ck_assert_uint_eq(receipt.state, cases[i].state);
		ck_assert_uint_eq(receipt.error, cases[i].error);
		ck_assert_str_eq(pdu.source.digits, cases[i].recipient);
		ck_assert_str_eq(pdu.destination.digits, "ACME");
		answer(peer, &pdu, SMPP_ROK);
	}
	peer_send(peer, &(struct smpp_pdu){ .command = SMPP_ENQUIRE_LINK });
	peer_expect(peer, (uint32_t)SMPP_ENQUIRE_LINK_RESP);
	json_t *counts = sim_stop(&sim);
	ck_assert_int_eq(count(counts, "receipts_sent"), 2);
	ck_assert_int_eq(count(counts, "receipts_acked"), 2);
	json_decref(counts);
}
END_TEST

START_TEST(receipts_are_sent_to_those_who_asked)
{
	struct sim sim = START("--undeliverable", "447700900002");
	struct peer *peer = peer_bind(&sim, 0, SMPP_BIND_TRANSCEIVER);
	static const struct { const char *recipient; uint8_t registered; unsigned esm[2]; } cases[] = {
		{ "447700900001", 0, { 0 } }, { "447700900001", 1, { 4 } },
		{ "447700900001", 2, { 0 } }, { "447700900002", 2, { 4 } },
		{ "447700900001", 3, { 4 } }, { "447700900002", 3, { 0 } },
		{ "447700900001", 0x11, { 0x20, 4 } },
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct smpp_pdu pdu = { .command = SMPP_SUBMIT_SM,
			.registered_delivery = cases[i].registered };
		snprintf(pdu.destination.digits, sizeof pdu.destination.digits, "%s",
		    cases[i].recipient);
		peer_send(peer, &pdu);
		peer_expect(peer, (uint32_t)SMPP_SUBMIT_SM_RESP);
		for (unsigned j = 0; j < 2 && cases[i].esm[j]; j++) {
			pdu = peer_expect(peer, SMPP_DELIVER_SM);
			ck_assert_uint_eq(pdu.esm_class, cases[i].esm[j]);
			answer(peer, &pdu, SMPP_ROK);
		}
	}
	json_decref(sim_stop(&sim));
}
END_TEST

START_TEST(an_early_receipt_comes_before_its_response)
{
	struct sim sim = START("--early-receipts", "1");
	struct peer *sender = peer_bind(&sim, 0, SMPP_BIND_TRANSCEIVER);
	struct smpp_receipt receipt;
	submit_text(sender, "447700900001", "hello");
	expect_receipt(sender, &receipt);
	ck_assert_str_eq(peer_expect(sender, (uint32_t)SMPP_SUBMIT_SM_RESP).message_id, receipt.id);
	json_t *counts = sim_stop(&sim);
	ck_assert_int_eq(count(counts, "receipts_early"), 1);
	json_decref(counts);
}
END_TEST

START_TEST(a_dropped_response_is_of_a_submit_that_was_taken)
{
	struct sim sim = START("--drop-responses", "1");
	struct peer *sender = peer_bind(&sim, 0, SMPP_BIND_TRANSMITTER);
	struct peer *receiver = peer_bind(&sim, 1, SMPP_BIND_RECEIVER);
	struct smpp_receipt receipt;
	submit_text(sender, "447700900001", "hello");
	expect_receipt(receiver, &receipt);
	peer_send(sender, &(struct smpp_pdu){ .command = SMPP_ENQUIRE_LINK });
	peer_expect(sender, (uint32_t)SMPP_ENQUIRE_LINK_RESP);
	json_t *counts = sim_stop(&sim);
	ck_assert_int_eq(count(counts, "dropped_responses"), 1);
	ck_assert_int_eq(count(counts, "accepted"), 1);
	ck_assert_int_eq(count(counts, "messages"), 1);
	json_decref(counts);
}
END_TEST

START_TEST(a_cut_leaves_a_submit_taken_and_unanswered)
{
	struct sim sim = START("--disconnect-every", "3", "--receipts", "off");
	for (unsigned round = 0; round < 4; round++) {
		struct peer *peer = peer_bind(&sim, 0, SMPP_BIND_TRANSCEIVER);
		struct smpp_pdu pdu;
		for (unsigned i = 0; i < 3; i++) {
			char text[] = "round 0 text 0";
			text[6] = (char)('0' + round);
			text[13] = (char)('0' + i);
			submit_text(peer, "447700900001", text);
			ck_assert(peer_read(peer, &pdu) == (i < 2));
		}
		close(peer->fd);
	}
	json_t *counts = sim_stop(&sim);
	ck_assert_int_eq(count(counts, "accepted"), 12);
	ck_assert_int_eq(count(counts, "unanswered"), 4);
	ck_assert_int_eq(count(counts, "disconnects"), 4);
	ck_assert_int_eq(count(counts, "doubles"), 0);
	json_decref(counts);
}
END_TEST

START_TEST(every_connection_is_cut_after_some_time)
{
	struct sim sim = START("--disconnect-seconds", "0.2");
	struct peer *one = peer_bind(&sim, 0, SMPP_BIND_RECEIVER);
	struct peer *other = peer_connect(&sim, 1);
	ck_assert(!peer_fill(one));
	ck_assert(!peer_fill(other));
	json_t *counts = sim_stop(&sim);
	ck_assert_int_ge(count(counts, "disconnects"), 2);
	json_decref(counts);
}
END_TEST

START_TEST(what_was_not_acknowledged_comes_again_on_the_next_bind)
{
	char record[32];
	file_make(record, "");
	struct sim sim = START("--inbound-count", "3", "--record", record);
	struct peer *peer = peer_bind(&sim, 0, SMPP_BIND_RECEIVER);
	struct smpp_pdu pdu;
	for (unsigned i = 0; i < 3; i++) {
		pdu = peer_expect(peer, SMPP_DELIVER_SM);
		if (i == 1)
			answer(peer, &pdu, SMPP_ROK);
	}
	peer_send(peer, &(struct smpp_pdu){ .command = SMPP_ENQUIRE_LINK });
	peer_expect(peer, (uint32_t)SMPP_ENQUIRE_LINK_RESP);
	close(peer->fd);
	peer = peer_bind(&sim, 0, SMPP_BIND_TRANSCEIVER);
	static const char *const texts[] = { "inbound 1", "inbound 3" };
	for (unsigned i = 0; i < 2; i++) {
		pdu = peer_expect(peer, SMPP_DELIVER_SM);
		ck_assert_uint_eq(pdu.sm_length, strlen(texts[i]));
		ck_assert_mem_eq(pdu.short_message, texts[i], strlen(texts[i]));
		answer(peer, &pdu, SMPP_ROK);
	}
	peer_send(peer, &(struct smpp_pdu){ .command = SMPP_UNBIND });
	peer_expect(peer, (uint32_t)SMPP_UNBIND_RESP);
	json_t *counts = sim_stop(&sim);
	ck_assert_int_eq(count(counts, "inbound_sent"), 3);
	ck_assert_int_eq(count(counts, "inbound_acked"), 3);
	ck_assert_int_eq(count(counts, "redelivered"), 2);
	json_decref(counts);
	ck_assert_uint_eq(lines(record, "acked inbound 3/1\n"), 3);
	unlink(record);
}
END_TEST

START_TEST(what_nobody_answers_comes_again_and_a_late_answer_is_a_stray)
{
	struct sim sim = START("--inbound-count", "1", "--deliver-timeout", "60",
	    "--deliver-retry", "10");
	struct peer *peer = peer_bind(&sim, 0, SMPP_BIND_RECEIVER);
	const struct smpp_pdu first = peer_expect(peer, SMPP_DELIVER_SM);
	const struct smpp_pdu second = peer_expect(peer, SMPP_DELIVER_SM);
	ck_assert_uint_ne(first.sequence, second.sequence);
	answer(peer, &first, SMPP_ROK);
	answer(peer, &second, SMPP_RX_T_APPN);
	const struct smpp_pdu third = peer_expect(peer, SMPP_DELIVER_SM);
	answer(peer, &third, SMPP_ROK);
	peer_send(peer, &(struct smpp_pdu){ .command = SMPP_UNBIND });
	peer_expect(peer, (uint32_t)SMPP_UNBIND_RESP);
	json_t *counts = sim_stop(&sim);
	ck_assert_int_eq(count(counts, "inbound_acked"), 1);
	ck_assert_int_eq(count(counts, "redelivered"), 2);
	ck_assert_int_eq(count(counts, "stray_responses"), 1);
	json_decref(counts);
}
END_TEST

START_TEST(receipts_wait_for_a_receiver)
{
	struct sim sim = START("--receipts", "on");
	struct peer *sender = peer_bind(&sim, 0, SMPP_BIND_TRANSMITTER);
	struct smpp_receipt receipt;
	submit_text(sender, "447700900001", "hello");
	const struct smpp_pdu response = peer_expect(sender, (uint32_t)SMPP_SUBMIT_SM_RESP);
	struct peer *receiver = peer_bind(&sim, 1, SMPP_BIND_RECEIVER);
	const struct smpp_pdu pdu = expect_receipt(receiver, &receipt);
	ck_assert_str_eq(receipt.id, response.message_id);
	answer(receiver, &pdu, SMPP_ROK);
	json_decref(sim_stop(&sim));
}
END_TEST

START_TEST(long_inbound_texts_come_in_parts)
{
	struct sim sim = START("--inbound-count", "2", "--inbound-long", "2", "--inbound-text", "1234567890%d");
	struct peer *peer = peer_bind(&sim, 0, SMPP_BIND_RECEIVER);
	ck_assert_uint_eq(peer_expect(peer, SMPP_DELIVER_SM).sm_length, 11);
	for (uint8_t part = 1; part <= 2; part++) {
		const uint8_t header[] = { 5, 0, 3, 2, 2, part };
		const struct smpp_pdu pdu = peer_expect(peer, SMPP_DELIVER_SM);
		ck_assert_uint_eq(pdu.esm_class, SMPP_ESM_UDHI);
		ck_assert_mem_eq(pdu.short_message, header, sizeof header);
		ck_assert_uint_eq(pdu.sm_length, part == 1 ? 159 : 6 + 15 * 11 - 153);
	}
	json_decref(sim_stop(&sim));
}
END_TEST

START_TEST(a_text_beyond_the_alphabet_comes_as_ucs2)
{
	struct sim sim = START("--inbound-count", "1", "--inbound-text", "\u044f%d",
	    "--inbound-from", "+44770090000%d", "--inbound-to", "ACME");
	struct peer *peer = peer_bind(&sim, 0, SMPP_BIND_RECEIVER);
	const struct smpp_pdu pdu = peer_expect(peer, SMPP_DELIVER_SM);
	ck_assert_uint_eq(pdu.data_coding, 8);
	ck_assert_uint_eq(pdu.sm_length, 4);
	ck_assert_mem_eq(pdu.short_message, "\x04\x4f\0001", 4);
	ck_assert_str_eq(pdu.source.digits, "447700900001");
	ck_assert_uint_eq(pdu.source.ton, 1);
	ck_assert_str_eq(pdu.destination.digits, "ACME");
	ck_assert_uint_eq(pdu.destination.ton, 5);
	json_decref(sim_stop(&sim));
}
END_TEST

START_TEST(a_double_is_counted_whatever_its_reference)
{
	char folder[] = "/tmp/check_sim.XXXXXX", doubles[64], record[64], times[64];
	ck_assert_ptr_nonnull(mkdtemp(folder));
	snprintf(times, sizeof times, "%s/times", folder);
	snprintf(doubles, sizeof doubles, "%s/doubles", folder);
	snprintf(record, sizeof record, "%s/record", folder);
	struct sim sim = START("--doubles", doubles, "--record", record, "--record-times", times, "--receipts", "off");
	struct peer *peer = peer_bind(&sim, 0, SMPP_BIND_TRANSMITTER);
	submit_text(peer, "447700900001", "one");
	submit_text(peer, "447700900002", "one");
	submit_text(peer, "447700900001", "two");
	submit_text(peer, "447700900001", "one");       /* a double */
	submit_part(peer, 7, 3, 1);
	submit_part(peer, 7, 3, 3);                     /* broken off here */
	submit_part(peer, 9, 3, 2);
	submit_part(peer, 9, 3, 1);                     /* a double */
	submit_part(peer, 9, 3, 3);                     /* a double, and whole */
	for (unsigned part = 1; part <= 3; part++)
		submit_part(peer, 9, 3, (uint8_t)part); /* doubles */
	for (unsigned i = 0; i < 12; i++)
		ck_assert_uint_eq(peer_expect(peer, (uint32_t)SMPP_SUBMIT_SM_RESP).status, SMPP_ROK);
	/* The lines are there before the answers. */
	ck_assert_uint_eq(lines(record, "1000000012 447700900001 9/3/3 08d59507b575e754\n"), 12);
	json_t *counts = sim_stop(&sim);
	ck_assert_int_eq(count(counts, "accepted"), 12);
	ck_assert_int_eq(count(counts, "doubles"), 6);
	ck_assert_int_eq(count(counts, "messages"), 4);
	json_decref(counts);
	ck_assert_uint_eq(lines(doubles, "447700900001 p3\n"), 6);
	FILE *file = fopen(times, "r");
	long long ms = 0, one, other;
	ck_assert(file && fscanf(file, "%lld %lld %lld %lld", &ms, &one, &one, &other) == 4);
	ck_assert(one - ms < 60000 && one >= ms && other == 447700900002 && ms > 1700000000000);
	fclose(file);
	unlink(times);
	unlink(doubles);
	unlink(record);
	rmdir(folder);
}
END_TEST

START_TEST(a_reference_that_is_used_again_begins_a_new_message)
{
	struct sim sim = START("--receipts", "off");
	struct peer *peer = peer_bind(&sim, 0, SMPP_BIND_TRANSMITTER);
	for (char letter = 'a'; letter < 'e'; letter++) {
		for (uint8_t part = 1; part <= 2; part++) {
			const uint8_t message[] = { 6, 8, 4, 0, 1, 2, part, (uint8_t)letter };
			submit(peer, "447700900001", message, sizeof message, SMPP_ESM_UDHI);
			peer_expect(peer, (uint32_t)SMPP_SUBMIT_SM_RESP);
		}
	}
	json_t *counts = sim_stop(&sim);
	ck_assert_int_eq(count(counts, "messages"), 4);
	ck_assert_int_eq(count(counts, "doubles"), 0);
	json_decref(counts);
}
END_TEST

START_TEST(refusals_are_neither_messages_nor_doubles)
{
	struct sim sim = START("--fail", "447700900009", "--error", "0x14:0.5", "--seed", "7");
	struct peer *peer = peer_bind(&sim, 0, SMPP_BIND_TRANSMITTER);
	unsigned refused = 1;
	submit_text(peer, "447700900009", "never");
	ck_assert_uint_eq(peer_expect(peer, (uint32_t)SMPP_SUBMIT_SM_RESP).status, SMPP_RINVDSTADR);
	for (unsigned taken = 0; taken < 20;) {
		submit_text(peer, "447700900001", &"abcdefghijklmnopqrstuvwxyz"[taken]);
		const uint32_t status = peer_expect(peer, (uint32_t)SMPP_SUBMIT_SM_RESP).status;
		ck_assert(status == SMPP_ROK || status == SMPP_RMSGQFUL);
		taken += !status;
		refused += status != SMPP_ROK;
	}
	ck_assert_uint_gt(refused, 3);
	json_t *counts = sim_stop(&sim);
	ck_assert_int_eq(count(counts, "refused"), (int)refused);
	ck_assert_int_eq(count(counts, "messages"), 20);
	ck_assert_int_eq(count(counts, "doubles"), 0);
	json_decref(counts);
}
END_TEST

/* The states of 64 receipts, a letter each. */
static void fates(const char *seed, char out[65])
{
	struct sim sim = START("--undelivered", "0.25", "--expired", "0.25", "--rejected", "0.25",
	    "--seed", seed);
	struct peer *peer = peer_bind(&sim, 0, SMPP_BIND_TRANSCEIVER);
	for (unsigned i = 0; i < 64; i++) {
		struct smpp_receipt receipt;
		submit_text(peer, "447700900001", "same");
		peer_expect(peer, (uint32_t)SMPP_SUBMIT_SM_RESP);
		const struct smpp_pdu pdu = expect_receipt(peer, &receipt);
		out[i] = receipt.word[0];
		answer(peer, &pdu, SMPP_ROK);
	}
	out[64] = '\0';
	json_decref(sim_stop(&sim));
}

START_TEST(the_same_seed_brings_the_same_fates)
{
	char first[65], again[65], other[65];
	fates("3", first);
	fates("3", again);
	fates("4", other);
	ck_assert_str_eq(first, again);
	ck_assert_str_ne(first, other);
	for (const char *letter = "DUER"; *letter; letter++)
		ck_assert_ptr_nonnull(strchr(first, *letter));
}
END_TEST

START_TEST(ids_have_the_shape_that_was_asked_for)
{
	static const struct { const char *form, *response, *receipt; } cases[] = {
		{ "decimal", "1000000001", "1000000001" },
		{ "hex", "3b9aca01", "3b9aca01" },
		{ "hex-receipt-decimal", "3b9aca01", "1000000001" },
		{ "padded", "1000000001", "0000001000000001" },
		{ "upper", "3b9aca01", "3B9ACA01" },
		{ "uuid", NULL, NULL },
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct smpp_receipt receipt;
		struct sim sim = START("--id-form", cases[i].form);
		struct peer *peer = peer_bind(&sim, 0, SMPP_BIND_TRANSCEIVER);
		submit_text(peer, "447700900001", "hello");
		const struct smpp_pdu response = peer_expect(peer, (uint32_t)SMPP_SUBMIT_SM_RESP);
		expect_receipt(peer, &receipt);
		if (cases[i].response) {
			ck_assert_str_eq(response.message_id, cases[i].response);
			ck_assert_str_eq(receipt.id, cases[i].receipt);
		} else {
			ck_assert_uint_eq(strlen(response.message_id), 36);
			ck_assert_str_eq(receipt.id, response.message_id);
		}
		close(peer->fd);
		json_decref(sim_stop(&sim));
	}
}
END_TEST

START_TEST(a_client_of_3_3_gets_no_optional_parameters)
{
	struct sim sim = START("--fail", "447700900009");
	struct peer *peer = peer_connect(&sim, 0);
	peer_send(peer, &(struct smpp_pdu){ .command = SMPP_BIND_TRANSMITTER, .system_id = "old",
	    .interface_version = 0x33 });
	ck_assert_uint_eq(peer_expect(peer, (uint32_t)SMPP_BIND_TRANSMITTER_RESP).ntlvs, 0);
	submit_text(peer, "447700900009", "no");
	while (peer->have - peer->used < 17)
		ck_assert(peer_fill(peer));
	ck_assert_mem_eq(peer->in + peer->used, "\0\0\0\x11\x80\0\0\x04\0\0\0\x0b\0\0\0\x02\0", 17);
	json_decref(sim_stop(&sim));
}
END_TEST

/* The bind that a vector's state asks for; 0 for none, UINT32_MAX when it is no state of ours. */
static uint32_t bind_of(const char *state)
{
	static const struct { const char *state; uint32_t command; } rows[] = {
		{ "OPEN", 0 }, { "any", 0 }, { "BOUND", SMPP_BIND_TRANSCEIVER },
		{ "BOUND_TRX", SMPP_BIND_TRANSCEIVER }, { "BOUND_TX", SMPP_BIND_TRANSMITTER },
		{ "BOUND_RX", SMPP_BIND_RECEIVER },
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		if (strcmp(state, rows[i].state) == 0)
			return rows[i].command;
	return UINT32_MAX;
}

/* One vector on a connection of its own: the very octets of the reply, then the
 * session lives, or is closed. */
static void hostile(const struct sim *sim, const json_t *vector)
{
	const char *id = json_string_value(json_object_get(vector, "id"));
	const char *reply = json_string_value(json_object_get(vector, "reply_hex"));
	const char *action = json_string_value(json_object_get(vector, "action"));
	const uint32_t bind = bind_of(json_string_value(json_object_get(vector, "state")));
	uint8_t in[256], want[256];
	ck_assert_uint_ne(bind, UINT32_MAX);
	struct peer *peer = bind ? peer_bind(sim, 0, bind) : peer_connect(sim, 0);
	peer_write(peer, in, unhex(json_string_value(json_object_get(vector, "hex")), in));
	if (reply) {
		const size_t n = unhex(reply, want);
		while (peer->have - peer->used < n)
			ck_assert_msg(peer_fill(peer), "%s: closed", id);
		ck_assert_msg(memcmp(peer->in + peer->used, want, n) == 0, "%s: another reply", id);
		peer->used += n;
	} else if (strcmp(action, "accept-tolerant") == 0 && bind == SMPP_BIND_TRANSMITTER) {
		ck_assert_uint_eq(peer_expect(peer, (uint32_t)SMPP_SUBMIT_SM_RESP).status, SMPP_ROK);
	}
	if (json_is_true(json_object_get(vector, "close"))) {
		ck_assert_msg(!peer_fill(peer), "%s: not closed", id);
	} else {
		peer_send(peer, &(struct smpp_pdu){ .command = SMPP_ENQUIRE_LINK });
		peer_expect(peer, (uint32_t)SMPP_ENQUIRE_LINK_RESP);
	}
	close(peer->fd);
}

START_TEST(hostile_input_is_answered_as_the_reference_says)
{
	/* A deadline of 30 s, and a command and a mode that the centre lacks. */
	static const char *const others[] = { "M06", "M33", "M44" };
	json_t *vectors = vectors_load("smpp.json");
	struct sim sim = START("--receipts", "on");
	unsigned tried = 0;
	size_t i;
	json_t *vector;
	json_array_foreach(json_object_get(vectors, "malformed"), i, vector) {
		const char *role = json_string_value(json_object_get(vector, "role"));
		const char *id = json_string_value(json_object_get(vector, "id"));
		bool skipped = strcmp(role, "ESME") == 0;
		for (size_t j = 0; j < sizeof others / sizeof *others; j++)
			skipped |= strcmp(id, others[j]) == 0;
		if (skipped)
			continue;
		hostile(&sim, vector);
		tried++;
	}
	ck_assert_uint_ge(tried, 24);
	json_decref(vectors);
	json_decref(sim_stop(&sim));
}
END_TEST

static const char full_record[] = "{\"command\":\"submit_sm\",\"source\":\"Caf\u00e9\","
    "\"source_ton\":5,\"source_npi\":0,\"destination\":\"36201234567\",\"destination_ton\":1,"
    "\"destination_npi\":1,\"service_type\":\"WAP\",\"esm_class\":64,\"protocol_id\":1,"
    "\"priority_flag\":2,\"schedule\":\"261124120000000+\","
    "\"validity_period\":\"000001000000000R\",\"registered_delivery\":16,"
    "\"replace_if_present\":1,\"data_coding\":4,\"sm_default_msg_id\":3,"
    "\"short_message\":\"0605040b8423f000ff\",\"tlvs\":{\"0x020a\":\"23f0\",\"0x1400\":\"\"},"
    "\"message_id\":\"1000000001\"}\n";

START_TEST(a_recorded_submit_has_every_field_and_can_be_injected)
{
	char record[32], line[1024];
	file_make(record, "");
	struct sim sim = START("--record-json", record, "--receipts", "off", "--fail", "1");
	struct peer *peer = peer_bind(&sim, 0, SMPP_BIND_TRANSMITTER);
	struct smpp_pdu pdu = full_submit();
	submit_text(peer, "1", "refused");
	peer_expect(peer, (uint32_t)SMPP_SUBMIT_SM_RESP);
	peer_send(peer, &pdu);
	peer_expect(peer, (uint32_t)SMPP_SUBMIT_SM_RESP);
	FILE *file = fopen(record, "r");        /* the line is there before the answer */
	ck_assert_ptr_nonnull(file);
	ck_assert_ptr_nonnull(fgets(line, sizeof line, file));
	ck_assert_str_eq(line, full_record);
	fclose(file);
	pdu = (struct smpp_pdu){ .command = SMPP_DATA_SM, .destination = { 1, 1, "2" } };
	smpp_tlv_add(&pdu, SMPP_TAG_MESSAGE_PAYLOAD, "payload", 7);
	peer_send(peer, &pdu);
	peer_expect(peer, (uint32_t)SMPP_DATA_SM_RESP);
	close(peer->fd);
	json_decref(sim_stop(&sim));
	sim = START("--inject", record);
	peer = peer_bind(&sim, 0, SMPP_BIND_RECEIVER);
	struct smpp_pdu want = full_submit(), got = peer_expect(peer, SMPP_DELIVER_SM);
	uint8_t packed[2][512];
	want.command = SMPP_DELIVER_SM;
	want.sequence = got.sequence;
	const size_t len = smpp_pack(&want, packed[0], sizeof packed[0]);
	ck_assert_uint_eq(smpp_pack(&got, packed[1], sizeof packed[1]), len);
	ck_assert_mem_eq(packed[0], packed[1], len);
	got = peer_expect(peer, SMPP_DELIVER_SM);
	ck_assert_mem_eq(smpp_tlv(&got, SMPP_TAG_MESSAGE_PAYLOAD)->at, "payload", 7);
	json_decref(sim_stop(&sim));
	unlink(record);
}
END_TEST

#define INJECTED(members) "{\"source\":\"447700900001\",\"source_ton\":1,\"source_npi\":1," \
	"\"destination\":\"12345\"," members "}\n"

START_TEST(injected_messages_come_in_order_until_they_are_acknowledged)
{
	static const struct { uint8_t esm_class, data_coding, len; const char *octets; } wants[] = {
		{ 0, 0, 3, "\x1b\x65\x02" }, { 0, 8, 6, "\x04\x4f\xd8\x3d\xde\x00" },
		{ 0, 0xf5, 2, "\x01\x80" }, { 0, 0x18, 2, "\0A" },
	};
	char name[32];
	file_make(name, INJECTED("\"text\":\"\u20ac$\"") "\n"
	    INJECTED("\"text\":\"\u044f\U0001F600\",\"data_coding\":8")
	    INJECTED("\"short_message\":\"0180\",\"data_coding\":245,\"tlvs\":{\"0x0204\":\"0007\"}")
	    INJECTED("\"text\":\"A\",\"data_coding\":24"));
	struct sim sim = START("--inject", name, "--deliver-window", "1");
	close(peer_bind(&sim, 1, SMPP_BIND_TRANSMITTER)->fd);
	struct peer *peer = peer_bind(&sim, 0, SMPP_BIND_RECEIVER);
	peer_expect(peer, SMPP_DELIVER_SM);
	close(peer->fd);                        /* not acknowledged: it comes again */
	peer = peer_bind(&sim, 0, SMPP_BIND_TRANSCEIVER);
	for (size_t i = 0; i < sizeof wants / sizeof *wants; i++) {
		const struct smpp_pdu pdu = peer_expect(peer, SMPP_DELIVER_SM);
		ck_assert_str_eq(pdu.source.digits, "447700900001");
		ck_assert_uint_eq(pdu.source.ton, 1);
		ck_assert_uint_eq(pdu.esm_class, wants[i].esm_class);
		ck_assert_uint_eq(pdu.data_coding, wants[i].data_coding);
		ck_assert_uint_eq(pdu.sm_length, wants[i].len);
		ck_assert_mem_eq(pdu.short_message, wants[i].octets, wants[i].len);
		ck_assert_uint_eq(smpp_tlv_number(&pdu, SMPP_TAG_USER_MESSAGE_REFERENCE, 0),
		    i == 2 ? 7 : 0);
		peer_send(peer, &(struct smpp_pdu){ .command = SMPP_ENQUIRE_LINK });
		peer_expect(peer, (uint32_t)SMPP_ENQUIRE_LINK_RESP);    /* the window is full */
		answer(peer, &pdu, SMPP_ROK);
	}
	json_t *counts = sim_stop(&sim);
	ck_assert_int_eq(count(counts, "inbound_sent"), 4);
	ck_assert_int_eq(count(counts, "inbound_acked"), 4);
	ck_assert_int_eq(count(counts, "redelivered"), 1);
	json_decref(counts);
	unlink(name);
}
END_TEST

START_TEST(an_injected_text_that_is_long_comes_in_parts)
{
	char name[32], line[2048], text[1001];
	memset(text, 'x', 1000);
	text[1000] = '\0';
	snprintf(line, sizeof line, INJECTED("\"text\":\"%s\""), text);
	memcpy(strstr(line, "xxx") + 152, "\\f", 2);    /* escaped: its pair is not cut */
	file_make(name, line);
	struct sim sim = START("--inject", name);
	struct peer *peer = peer_bind(&sim, 0, SMPP_BIND_RECEIVER);
	for (uint8_t part = 1; part <= 7; part++) {
		const struct smpp_pdu pdu = peer_expect(peer, SMPP_DELIVER_SM);
		const uint8_t header[] = { 5, 0, 3, 1, 7, part };
		ck_assert_uint_eq(pdu.esm_class, SMPP_ESM_UDHI);
		ck_assert_mem_eq(pdu.short_message, header, sizeof header);
		ck_assert_uint_eq(pdu.sm_length, part == 1 ? 158 : part < 7 ? 159 : 6 + 83);
	}
	json_decref(sim_stop(&sim));
	unlink(name);
}
END_TEST

START_TEST(an_echo_is_the_same_octets_the_other_way_round)
{
	static const uint16_t kept[] = { 0x020A, 0x020C, 0x020E, 0x020F, 0x0424 };
	static uint8_t payload[1400];
	struct sim sim = START("--echo", "--receipts", "off");
	struct peer *peer = peer_bind(&sim, 0, SMPP_BIND_TRANSCEIVER);
	for (unsigned i = 0; i < 3; i++) {
		struct smpp_pdu pdu = full_submit();
		pdu.registered_delivery = 0;
		pdu.esm_class = i == 1 ? 3 : 0x43;
		if (i == 1) {
			smpp_tlv_add(&pdu, SMPP_TAG_SAR_MSG_REF_NUM, "\1\2", 2);
			smpp_tlv_add(&pdu, SMPP_TAG_SAR_TOTAL_SEGMENTS, "\2", 1);
			smpp_tlv_add(&pdu, SMPP_TAG_SAR_SEGMENT_SEQNUM, "\1", 1);
		}
		if (i == 2) {
			smpp_tlv_add(&pdu, SMPP_TAG_MESSAGE_PAYLOAD, payload, sizeof payload);
			pdu.sm_length = 0;
		}
		peer_send(peer, &pdu);
		peer_expect(peer, (uint32_t)SMPP_SUBMIT_SM_RESP);
		const struct smpp_pdu echo = peer_expect(peer, SMPP_DELIVER_SM);
		ck_assert_mem_eq(&echo.source, &pdu.destination, sizeof echo.source);
		ck_assert_mem_eq(&echo.destination, &pdu.source, sizeof echo.source);
		ck_assert_uint_eq(echo.data_coding, 4);
		ck_assert_uint_eq(echo.esm_class, i == 1 ? 0 : SMPP_ESM_UDHI);
		ck_assert_uint_eq(echo.sm_length, pdu.sm_length);
		ck_assert_mem_eq(echo.short_message, pdu.short_message, pdu.sm_length);
		ck_assert_ptr_null(smpp_tlv(&echo, 0x1400));
		for (size_t j = 0; j < sizeof kept / sizeof *kept; j++) {
			const struct smpp_tlv *in = smpp_tlv(&pdu, kept[j]), *out = smpp_tlv(&echo, kept[j]);
			ck_assert(!in == !out && (!in || in->len == out->len));
			if (in)
				ck_assert_mem_eq(in->at, out->at, in->len);
		}
		answer(peer, &echo, SMPP_ROK);
	}
	json_decref(sim_stop(&sim));
}
END_TEST

START_TEST(wrong_usage_ends_with_two)
{
	static const char *const cases[][3] = {
		{ "--smpp", "70000", NULL }, { "--smpp", "x", NULL }, { "--window", NULL, NULL },
		{ "--no-such-flag", NULL, NULL }, { "--expired", "1.5", NULL },
		{ "--error", "0x58", NULL }, { "--error", "0:0.5", NULL }, { "--account", "acme", NULL },
		{ "--id-form", "roman", NULL }, { "--receipts", "maybe", NULL },
		{ "--response-delay", "5:", NULL }, { "--quiet=1", NULL, NULL }, { "acme", NULL, NULL },
		{ "--echo=1", NULL, NULL }, { "--inject", "/nowhere/file", NULL },
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		char *argv[] = { (char *)program(), (char *)cases[i][0], (char *)cases[i][1], NULL };
		char said[512];
		const int status = exit_status(argv, said);
		ck_assert_msg(status == 2, "%s: %d", cases[i][0], status);
	}
}
END_TEST

START_TEST(a_line_that_cannot_be_injected_is_named)
{
	static const struct { const char *line, *why; } cases[] = {
		{ "{\"source\":\"1\"\n", "" },
		{ "[]\n", "it is not an object" },
		{ "{\"destination\":\"1\"}\n", "source is missing" },
		{ "{\"source\":\"1\"}\n", "destination is missing" },
		{ INJECTED("\"texts\":\"\""), "there is no member texts" },
		{ INJECTED("\"text\":1"), "text is not a string" },
		{ INJECTED("\"text\":\"\u044f\""), "7-bit alphabet" },
		{ INJECTED("\"text\":\"a\",\"data_coding\":4"), "data_coding is neither" },
		{ INJECTED("\"text\":\"a\",\"data_coding\":256"), "from 0 to 255" },
		{ INJECTED("\"text\":\"a\",\"esm_class\":64"), "has a header" },
		{ INJECTED("\"text\":\"a\",\"short_message\":\"00\""), "beside octets" },
		{ INJECTED("\"short_message\":\"0\""), "short_message is not hexadecimal" },
		{ INJECTED("\"short_message\":\"0g\""), "short_message is not hexadecimal" },
		{ INJECTED("\"tlvs\":{\"424\":\"00\"}"), "424 is no tag" },
		{ INJECTED("\"tlvs\":{\"0x10000\":\"00\"}"), "0x10000 is no tag" },
		{ INJECTED("\"service_type\":\"toolong\""), "service_type is too long" },
		{ INJECTED("\"validity_period\":\"\u0151\""), "beyond U+00FF" },
		{ "{\"source\":\"1234567890123456789012\",\"destination\":\"1\"}\n", "does not fit" },
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		char name[32], text[512], where[64], said[512];
		snprintf(text, sizeof text, INJECTED("\"text\":\"good\"") "%s", cases[i].line);
		file_make(name, text);
		snprintf(where, sizeof where, "smsc-sim: %s:2: ", name);
		char *argv[] = { (char *)program(), "--inject", name, NULL };
		ck_assert_int_eq(exit_status(argv, said), 2);
		ck_assert_msg(strncmp(said, where, strlen(where)) == 0 && strstr(said, cases[i].why),
		    "case %zu: %s", i, said);
		unlink(name);
	}
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		an_account_binds_with_its_password_and_nobody_else_does,
		an_unbind_is_answered_and_the_counts_are_shown_meanwhile,
		more_than_the_window_is_throttled,
		more_than_the_rate_is_throttled,
		a_receipt_follows_its_response_and_names_its_id,
		receipts_are_sent_to_those_who_asked,
		an_early_receipt_comes_before_its_response,
		a_dropped_response_is_of_a_submit_that_was_taken,
		a_cut_leaves_a_submit_taken_and_unanswered,
		every_connection_is_cut_after_some_time,
		what_was_not_acknowledged_comes_again_on_the_next_bind,
		what_nobody_answers_comes_again_and_a_late_answer_is_a_stray,
		receipts_wait_for_a_receiver,
		long_inbound_texts_come_in_parts,
		a_text_beyond_the_alphabet_comes_as_ucs2,
		a_double_is_counted_whatever_its_reference,
		a_reference_that_is_used_again_begins_a_new_message,
		refusals_are_neither_messages_nor_doubles,
		the_same_seed_brings_the_same_fates,
		ids_have_the_shape_that_was_asked_for,
		a_client_of_3_3_gets_no_optional_parameters,
		hostile_input_is_answered_as_the_reference_says,
		a_recorded_submit_has_every_field_and_can_be_injected,
		injected_messages_come_in_order_until_they_are_acknowledged,
		an_injected_text_that_is_long_comes_in_parts,
		an_echo_is_the_same_octets_the_other_way_round,
		wrong_usage_ends_with_two,
		a_line_that_cannot_be_injected_is_named,
	};
	return sim_tests("sim", tests, sizeof tests / sizeof *tests);
}
