/* SPDX-License-Identifier: Apache-2.0 */
/*
 * check_modem_receiver.c - messages that a modem has for us: what is read, what the link is told, what is
 * deleted and when. The channel is played (channel_world.h); the test answers.
 */
#include "receiver_world.h"

START_TEST(what_is_in_a_storage_is_told_and_deleted_after_the_commit)
{
	const struct pdu one = message("one"), two = message("two");
	modem_settings.own_number = (char []){ "+36709999999" };
	start();
	expect_list("SM");
	entry(1, 0, &one);
	entry(7, 1, &two);
	answer_lines();
	ck_assert_uint_eq(the_link.ninbound, 2);
	ck_assert_str_eq(the_link.bodies[0], "one");
	ck_assert_str_eq(the_link.inbound[0].sender, "+36201234567");
	ck_assert_str_eq(the_link.inbound[0].recipient, "+36709999999");
	ck_assert_int_eq(the_link.inbound[0].network_at, STAMP);
	ck_assert_int_eq(the_link.inbound[0].charset, CHARSET_GSM7);
	ck_assert_str_eq(the_link.bodies[1], "two");
	expect_none();
	keep(1);
	answer_deleted("AT+CMGD=7");
	keep(0);
	ck_assert_uint_eq(told.idles, 0);
	answer_deleted("AT+CMGD=1");
	expect_none();
	ck_assert(receiver_is_idle(receiver));
	ck_assert_uint_gt(told.idles, 0);
}
END_TEST

START_TEST(what_was_not_stored_stays_until_the_next_sweep)
{
	const struct pdu pdu = message("hello");
	start_empty();
	entry(1, 0, &pdu);
	sweep();
	receiver_ack(receiver, the_link.inbound_tickets[0], ACK_LATER);
	expect_none();
	entry(1, 1, &pdu);
	sweep();
	ck_assert_uint_eq(the_link.ninbound, 2);
	ck_assert_str_eq(the_link.inbound[0].arrival, the_link.inbound[1].arrival);
	keep(1);
	answer_deleted("AT+CMGD=1");
}
END_TEST

START_TEST(a_message_that_waits_for_its_commit_is_not_told_twice)
{
	const struct pdu pdu = message("hello");
	start_empty();
	entry(1, 0, &pdu);
	sweep();
	entry(1, 1, &pdu);
	sweep();
	say_urc("+CMTI: \"SM\",1", NULL);
	expect("AT+CMGR=1");
	line("+CMGR: 1,,%zu", pdu.length);
	line("%s", pdu.hex);
	answer_lines();
	ck_assert_uint_eq(the_link.ninbound, 1);
}
END_TEST

START_TEST(a_second_session_names_the_arrival_alike)
{
	const struct pdu pdu = message("hello");
	start_empty();
	entry(1, 0, &pdu);
	sweep();
	/* It ends between commit and delete; the next one reads the same from elsewhere. */
	receiver_stop(receiver);
	receiver_free(receiver);
	the_channel.nqueue = 0;
	receiver = receiver_new(&modem);
	start_empty();
	entry(4, 1, &pdu);
	sweep();
	ck_assert_uint_eq(the_link.ninbound, 2);
	ck_assert_str_eq(the_link.inbound[0].arrival, the_link.inbound[1].arrival);
	keep(1);
	answer_deleted("AT+CMGD=4");
}
END_TEST

START_TEST(other_content_is_another_arrival)
{
	struct tpdu tpdu = deliver("hello");
	start_empty();
	for (int i = 0; i < 6; i++) {
		tpdu.data.text[0] = i == 1 ? 'H' : 'h';
		tpdu.stamp.at = i == 2 ? STAMP + 1 : STAMP;
		tpdu.address.text[3] = i == 3 ? '9' : '1';
		tpdu.data.text_len = i == 4 ? 4 : 5;
		tpdu.data_coding = i == 5 ? 0xF1 : 0;
		const struct pdu pdu = pdu_of(&tpdu);
		entry(i, 0, &pdu);
	}
	sweep();
	ck_assert_uint_eq(the_link.ninbound, 6);
	for (int i = 0; i < 6; i++)
		for (int k = 0; k < i; k++)
			ck_assert_str_ne(the_link.inbound[i].arrival, the_link.inbound[k].arrival);
}
END_TEST

START_TEST(the_same_in_two_storages_is_one_arrival_and_deleted_in_both)
{
	const struct pdu pdu = message("hello");
	start_to_routing("+CPMS: (\"SM\",\"ME\"),(\"SM\"),(\"SM\")");
	answer(AT_OK, "+CPMS: 0,25", NULL);
	answer(AT_OK, NULL);
	answer(AT_OK, NULL);
	expect_list("SM");
	entry(1, 0, &pdu);
	answer_lines();
	expect_list("ME");
	entry(5, 0, &pdu);
	answer_lines();
	ck_assert_uint_eq(the_link.ninbound, 2);
	ck_assert_str_eq(the_link.inbound[0].arrival, the_link.inbound[1].arrival);
	expect_none();
	keep(0);
	expect("AT+CPMS=\"SM\"");
	answer(AT_OK, "+CPMS: 1,25", NULL);
	answer_deleted("AT+CMGD=1");
	keep(1);
	expect("AT+CPMS=\"ME\"");
	answer(AT_OK, "+CPMS: 1,25", NULL);
	answer_deleted("AT+CMGD=5");
}
END_TEST

START_TEST(a_notice_reads_that_message_and_then_sweeps)
{
	const struct pdu pdu = message("hello");
	start_empty();
	say_urc("+CMTI: \"SM\",0", NULL);
	expect("AT+CMGR=0");
	line("+CMGR: 0,\"Smith, John\",%zu", pdu.length);
	line("%s", pdu.hex);
	answer_lines();
	ck_assert_str_eq(the_link.bodies[0], "hello");
	expect_list("SM");
	entry(0, 1, &pdu);
	answer_lines();
	ck_assert_uint_eq(the_link.ninbound, 1);
	keep(0);
	answer_deleted("AT+CMGD=0");
	expect_none();
}
END_TEST

START_TEST(a_notice_of_a_wrong_storage_is_made_up_for_by_the_sweep)
{
	const struct pdu pdu = message("hello");
	start_empty();
	say_urc("+CMTI: \"ME\",9", NULL);
	expect("AT+CPMS=\"ME\"");
	answer(AT_OK, "+CPMS: 0,25", NULL);
	expect("AT+CMGR=9");
	answer_error(AT_CMS, 321);
	expect_list("SM");
	entry(2, 0, &pdu);
	answer_lines();
	ck_assert_str_eq(the_link.bodies[0], "hello");
	keep(0);
	answer_deleted("AT+CMGD=2");
}
END_TEST

START_TEST(notices_that_are_hardly_readable_lead_to_a_sweep)
{
	static const char *const notices[] = { "+CMTI: SM", "+CMTI:", "+CMTI: \"", "+CMTI: \"TOOLONGFORANAME\",5",
		"+CMTI: 5", "^SMMEMFULL:\"SM\"", "*SMSFULL", "+CIEV: \"SMSFULL\",1", "+QIND: \"smsfull\",\"ME\"",
		"+CMS ERROR: 322", "+CIEV: \"MESSAGE\",1" };
	start_empty();
	for (size_t i = 0; i < sizeof notices / sizeof *notices; i++) {
		say_urc(notices[i], NULL);
		expect_list("SM");
		answer(AT_OK, NULL);
		expect_none();
	}
	const struct at_urc other = { .line = "+CREG: 1" };
	ck_assert(!receiver_urc(receiver, &other));
}
END_TEST

START_TEST(two_notices_are_two_reads_and_one_sweep)
{
	const struct pdu pdu = message("hello");
	start_empty();
	say_urc("+CMTI: \"SM\",1", NULL);
	say_urc("+CMTI: \"SM\",1", NULL);
	say_urc("+CMTI: \"SM\",1", NULL);
	expect("AT+CMGR=1");                /* is under way; the two others are one */
	line("+CMGR: 0,,%zu", pdu.length);
	line("%s", pdu.hex);
	answer_lines();
	expect("AT+CMGR=1");
	line("+CMGR: 1,,%zu", pdu.length);
	line("%s", pdu.hex);
	answer_lines();
	expect_list("SM");
	answer(AT_OK, NULL);
	expect_none();
	ck_assert_uint_eq(the_link.ninbound, 1);
}
END_TEST

START_TEST(entries_run_into_each_other)
{
	const struct pdu one = message("one"), two = message("two");
	start();
	expect_list("SM");
	line("+CMGL: 1,0,,%zu", one.length);
	line("%s+CMGL: 2,0,Smith, John,%zu", one.hex, two.length);
	line("%s", two.hex);
	answer_lines();
	ck_assert_uint_eq(the_link.ninbound, 2);
	ck_assert_str_eq(the_link.bodies[1], "two");
}
END_TEST

START_TEST(the_length_is_trusted_and_padding_is_not_text)
{
	struct pdu pdu = message("hello");
	start();
	expect_list("SM");
	line("+CMGL: 1,0,,%zu", pdu.length);
	line("%sFFFFFFFFFFF", pdu.hex);
	line("+CMGL: 2,0,,%zu,0", pdu.length);
	line("%s,0", pdu.hex);
	line("+CMGL: 3,0,,%zu", pdu.length - 9); /* a length that is wrong */
	line("%s", pdu.hex);
	line("+CMGL: 4,0,,%zu", pdu.length);
	line("%s", pdu.hex + 2 * 8);        /* no service centre at all */
	answer_lines();
	ck_assert_uint_eq(the_link.ninbound, 4);
	for (int i = 0; i < 4; i++) {
		ck_assert_str_eq(the_link.bodies[i], "hello");
		ck_assert_str_eq(the_link.inbound[i].arrival, the_link.inbound[0].arrival);
	}
}
END_TEST

START_TEST(empty_places_are_no_messages)
{
	start();
	expect_list("SM");
	line("+CMGL: 1,0,,0");
	line("+CMGL: 2,0,,24");
	line("FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF");
	line("+CMGL: 3,0,,24");
	line("00FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF");
	line("+CMGL: 4,0,,4");
	line("000000FF00");
	answer_lines();
	expect_none();
	ck_assert_uint_eq(the_link.ninbound, 0);
	static const int codes[] = { 321, 500 };
	for (int i = 0; i < 2; i++) {
		receiver_sweep(receiver);
		expect_list("SM");
		answer_error(AT_CMS, codes[i]);
		expect_none();
	}
	static const char *const replies[] = { NULL, "+CMGR: 0,,0", "+CMGR: 0,,24" };
	for (int i = 0; i < 3; i++) {
		say_urc("+CMTI: \"SM\",1", NULL);
		expect("AT+CMGR=1");
		answer(AT_OK, replies[i], NULL);
		expect_list("SM");
		answer(AT_OK, NULL);
	}
	ck_assert_uint_eq(the_link.ninbound, 0);
}
END_TEST

START_TEST(copies_of_outgoing_messages_are_left_alone)
{
	const struct pdu pdu = message("hello");
	const struct tpdu submit = { .type = TPDU_SUBMIT, .cause = -1, .address = { .ton = TON_INTERNATIONAL,
		.npi = NPI_E164, .text = "36201234567" } };
	const struct pdu sent = pdu_of(&submit);
	start();
	expect_list("SM");
	entry(1, 2, &pdu);
	entry(2, 3, &pdu);
	entry(3, 1, &sent);                 /* whose state the modem has forgotten */
	answer_lines();
	expect_none();
	ck_assert_uint_eq(the_link.ninbound, 0);
	ck_assert_uint_eq(count_asked("AT+CMGD"), 0);
}
END_TEST

START_TEST(a_part_of_a_long_message_says_so)
{
	struct tpdu tpdu = deliver("part");
	const uint8_t header[] = { 5, 0, 3, 0x2A, 3, 2 };
	memcpy(tpdu.data.header, header, sizeof header);
	tpdu.data.header_len = sizeof header;
	const struct pdu pdu = pdu_of(&tpdu);
	start();
	expect_list("SM");
	entry(1, 0, &pdu);
	answer_lines();
	ck_assert_uint_eq(the_link.inbound[0].concat_parts, 3);
	ck_assert_uint_eq(the_link.inbound[0].concat_part, 2);
	ck_assert_uint_eq(the_link.inbound[0].concat_ref, 0x2A);
	ck_assert(!the_link.inbound[0].concat_wide);
	ck_assert_uint_eq(the_link.inbound[0].udh.len, sizeof header);
	ck_assert_str_eq(the_link.bodies[0], "part");
}
END_TEST

START_TEST(codings_and_names_are_told_as_they_came)
{
	struct tpdu ucs2 = deliver(""), octets = deliver("\1\2\3");
	const uint8_t text[] = { 0x04, 0x1F, 0x04, 0x40 };
	memcpy(ucs2.data.text, text, sizeof text);
	ucs2.data.text_len = sizeof text;
	ucs2.data_coding = 0x08;
	ucs2.protocol_id = 0x41;
	ucs2.address = (struct address){ .ton = TON_ALPHANUMERIC, .text = "Ärzte" };
	octets.data_coding = 0xF5;
	const struct pdu one = pdu_of(&ucs2), two = pdu_of(&octets);
	start();
	expect_list("SM");
	entry(1, 0, &one);
	entry(2, 0, &two);
	answer_lines();
	ck_assert_str_eq(the_link.bodies[0], "Пр");
	ck_assert_str_eq(the_link.inbound[0].sender, "Ärzte");
	ck_assert_uint_eq(the_link.inbound[0].data_coding, 0x08);
	ck_assert_uint_eq(the_link.inbound[0].protocol_id, 0x41);
	ck_assert_int_eq(the_link.inbound[1].charset, CHARSET_OCTETS);
	ck_assert_uint_eq(the_link.inbound[1].octets.len, 3);
	ck_assert_uint_eq(the_link.inbound[1].data_coding, 0xF5);
}
END_TEST

START_TEST(hundreds_are_told_a_few_at_a_time)
{
	enum { MANY = 100, ROOM = 20 };
	static struct pdu pdus[MANY];
	char text[32], command[32];
	start();
	expect_list("SM");
	for (int i = 0; i < MANY; i++) {
		snprintf(text, sizeof text, "message %d", i);
		pdus[i] = message(text);
		entry(i + 1, 0, &pdus[i]);
	}
	answer_lines();
	ck_assert_uint_eq(the_link.ninbound, ROOM);
	expect_none();
	for (unsigned i = 0; i < MANY; i++) {
		keep(i);
		snprintf(command, sizeof command, "AT+CMGD=%u", i + 1);
		answer_deleted(command);
		if (i + ROOM >= MANY)
			continue;
		snprintf(command, sizeof command, "AT+CMGR=%u", i + ROOM + 1);
		expect(command);
		line("+CMGR: 0,,%zu", pdus[i + ROOM].length);
		line("%s", pdus[i + ROOM].hex);
		answer_lines();
		ck_assert_uint_eq(the_link.ninbound, i + ROOM + 1);
	}
	expect_none();
	snprintf(text, sizeof text, "message %d", MANY - 1);
	ck_assert_str_eq(the_link.bodies[MANY - 1], text);
}
END_TEST

START_TEST(a_modem_without_lists_is_read_by_index)
{
	const struct pdu pdu = message("hello");
	start();
	expect("AT+CPMS=\"SM\"");
	answer(AT_OK, "+CPMS: 2,25", NULL);
	expect("AT+CMGL=4");
	answer(AT_ERROR, NULL);
	expect("AT+CMGD=?");
	answer(AT_OK, "+CMGD: (899,901-902),,(0-4)", NULL);
	expect("AT+CMGR=899");
	answer_error(AT_CMS, 321);
	expect("AT+CMGR=901");
	line("+CMGR: 1,,%zu", pdu.length);
	line("%s", pdu.hex);
	answer_lines();
	expect("AT+CMGR=902");
	answer(AT_OK, NULL);
	expect_none();
	ck_assert_str_eq(the_link.bodies[0], "hello");
	keep(0);
	answer_deleted("AT+CMGD=901");
	receiver_sweep(receiver);           /* and from then on */
	expect("AT+CMGD=?");
	answer(AT_ERROR, NULL);
	for (int i = 0; i <= 25; i++) {
		char command[32];
		snprintf(command, sizeof command, "AT+CMGR=%d", i);
		expect(command);
		answer_error(AT_CMS, 321);
	}
	expect_none();
}
END_TEST

START_TEST(a_list_that_fails_midway_is_taken_as_far_as_it_went)
{
	const struct pdu pdu = message("hello");
	start();
	expect_list("SM");
	line("+CMGL: 1,0,,%zu", pdu.length);
	line("%s", pdu.hex);
	const struct at_answer given = { .result = AT_SILENT, .code = -1, .lines = lines, .nlines = nlines,
		.text = "no answer in time", .written = true };
	nlines = 0;
	end_command(&given);
	ck_assert_str_eq(the_link.bodies[0], "hello");
	ck_assert_uint_eq(told.ills, 1);
}
END_TEST

START_TEST(one_that_waited_long_is_looked_at_before_it_is_deleted)
{
	const struct pdu pdu = message("hello");
	start_empty();
	entry(1, 0, &pdu);
	sweep();
	receiver->tickets[0].since -= 10000;    /* the database was away */
	keep(0);
	expect("AT+CMGR=1");
	line("+CMGR: 1,,%zu", pdu.length);
	line("%s", pdu.hex);
	answer_lines();
	answer_deleted("AT+CMGD=1");
	entry(1, 0, &pdu);
	sweep();
	receiver->tickets[0].since -= 10000;
	keep(1);
	expect("AT+CMGR=1");
	answer_error(AT_CMS, 321);              /* somebody else was quicker */
	expect_none();
	ck_assert(receiver_is_idle(receiver));
}
END_TEST

START_TEST(after_a_restart_messages_are_looked_at_before_they_are_deleted)
{
	const struct pdu pdu = message("hello"), other = message("other");
	start_empty();
	entry(1, 0, &pdu);
	entry(2, 0, &other);
	sweep();
	receiver_start(receiver, on_started); /* the modem restarted: it may be another SIM */
	expect("AT+CSMS?");
	answer(AT_OK, NULL);
	answer(AT_OK, "+CPMS: (\"SM\"),(\"SM\"),(\"SM\")", NULL);
	answer(AT_OK, "+CPMS: 2,25", NULL);
	answer(AT_OK, NULL);
	answer(AT_OK, NULL);
	expect("AT+CPMS=\"SM\"");
	keep(0);
	keep(1);
	answer(AT_OK, "+CPMS: 2,25", NULL);
	expect("AT+CMGL=4");
	answer(AT_OK, NULL);
	expect("AT+CMGR=1");
	line("+CMGR: 1,,%zu", pdu.length);
	line("%s", pdu.hex);
	answer_lines();
	answer_deleted("AT+CMGD=1");
	expect("AT+CMGR=2");
	line("+CMGR: 1,,%zu", pdu.length);  /* not the one that was committed from there */
	line("%s", pdu.hex);
	answer_lines();
	expect_list("SM");
	ck_assert_uint_eq(count_asked("AT+CMGD"), 1);
}
END_TEST

START_TEST(a_place_that_another_message_took_is_not_deleted_for_the_first)
{
	struct tpdu tpdu = deliver("first");
	tpdu.protocol_id = 0x41;            /* replaces the one of its type */
	const struct pdu first = pdu_of(&tpdu);
	memcpy(tpdu.data.text, "other", 5);
	const struct pdu second = pdu_of(&tpdu);
	start_empty();
	entry(1, 0, &first);
	sweep();
	entry(1, 0, &second);
	sweep();
	ck_assert_uint_eq(the_link.ninbound, 2);
	keep(0);
	expect("AT+CMGR=1");
	line("+CMGR: 1,,%zu", second.length);
	line("%s", second.hex);
	answer_lines();
	expect_list("SM");
	answer(AT_OK, NULL);
	keep(1);
	answer_deleted("AT+CMGD=1");
	expect_none();
}
END_TEST

START_TEST(deleting_is_tried_in_both_forms_and_then_at_sweeps)
{
	const struct pdu pdu = message("hello");
	start_empty();
	entry(1, 0, &pdu);
	sweep();
	keep(0);
	expect("AT+CMGD=1");
	answer(AT_ERROR, NULL);
	expect("AT+CMGD=1,0");
	answer(AT_ERROR, NULL);
	expect_none();
	ck_assert(receiver_is_idle(receiver));
	entry(1, 1, &pdu);
	sweep();
	expect("AT+CMGD=1");                /* and it is not told again */
	answer(AT_OK, NULL);
	expect_none();
	ck_assert_uint_eq(the_link.ninbound, 1);
}
END_TEST

START_TEST(a_copy_of_ours_is_deleted_where_it_was_written)
{
	const struct pdu pdu = message("hello");
	start_to_routing("+CPMS: (\"SM\",\"ME\"),(\"SM\"),(\"SM\")");
	answer(AT_OK, "+CPMS: 0,25", NULL);
	answer(AT_OK, NULL);
	answer(AT_OK, NULL);
	expect_list("SM");
	answer(AT_OK, NULL);
	expect_list("ME");                  /* is selected from here on */
	entry(4, 0, &pdu);
	answer_lines();
	static const int states[] = { 3, 2, 1 };
	for (int i = 0; i < 3; i++) {
		receiver_delete_sent(receiver, 4);
		if (i == 0) {
			expect("AT+CPMS=\"SM\"");
			answer(AT_OK, "+CPMS: 1,25", NULL);
		}
		expect("AT+CMGR=4");
		line("+CMGR: %d,,%zu", states[i], pdu.length);
		line("%s", pdu.hex);
		answer_lines();
		if (states[i] == 1)
			break;              /* it came in: not ours */
		answer_deleted("AT+CMGD=4");
		expect_none();
	}
	expect_list("SM");
	ck_assert_uint_eq(count_asked("AT+CMGD"), 2);
	ck_assert_uint_eq(the_link.ninbound, 1);
}
END_TEST

START_TEST(one_that_is_gone_already_is_deleted)
{
	const struct pdu pdu = message("hello");
	start_empty();
	entry(1, 0, &pdu);
	sweep();
	keep(0);
	expect("AT+CMGD=1");
	answer_error(AT_CMS, 321);
	expect_none();
	ck_assert(receiver_is_idle(receiver));
}
END_TEST

START_TEST(octets_that_are_no_message_become_a_row_at_the_third_look)
{
	static const char hex[] = "07919471060040340412911234567890123456789012";
	start();
	for (int look = 0; look < 3; look++) {
		if (look == 2)              /* the second comes soon, without being asked for */
			receiver_sweep(receiver);
		expect_list("SM");
		ck_assert_uint_eq(the_link.ninbound, 0);
		line("+CMGL: 6,0,,40");
		line("%s", hex);
		answer_lines();
	}
	ck_assert_uint_eq(the_link.ninbound, 1);
	ck_assert_int_eq(the_link.inbound[0].charset, CHARSET_OCTETS);
	ck_assert_uint_eq(the_link.inbound[0].octets.len, strlen(hex) / 2);
	keep(0);
	answer_deleted("AT+CMGD=6");
	expect_none();
}
END_TEST

START_TEST(options_name_the_centre_and_what_is_odd)
{
	struct delivery delivery;
	struct inbound inbound;
	const struct pdu pdu = message("hello");
	ck_assert(delivery_read(&delivery, &modem, pdu.hex, pdu.length));
	delivery_inbound(&inbound, &delivery, &modem);
	ck_assert_str_eq(inbound.options, "{\"service_centre\":\"+491710760000\"}");
	ck_assert(delivery_read(&delivery, &modem, "0004FF", 2) && !delivery.readable);
	delivery_inbound(&inbound, &delivery, &modem);
	ck_assert_ptr_eq(strstr(inbound.options, "{\"unreadable\":\""), inbound.options);
	ck_assert_str_eq(inbound.sender, "");
	ck_assert(!delivery_read(&delivery, &modem, "no hex", 2));
	struct tpdu tpdu = deliver("hello");
	tpdu.reply_path = tpdu.data.cut = true;
	delivery_of(&delivery, &modem, &tpdu);
	delivery_inbound(&inbound, &delivery, &modem);
	ck_assert_str_eq(inbound.options, "{\"reply_path\":true,\"cut\":true}");
}
END_TEST

START_TEST(noise_disturbs_no_other_and_is_looked_at_a_few_times)
{
	const struct pdu pdu = message("hello");
	start();
	for (int look = 0; look < 5; look++) {
		if (look)
			receiver_sweep(receiver);
		expect_list("SM");
		line("+CMGL: 1,0,,40");
		line("0791947106004034x?");
		if (look == 0)
			entry(2, 0, &pdu);
		answer_lines();
	}
	expect_none();
	ck_assert_uint_eq(the_link.ninbound, 1);
	ck_assert_uint_eq(count_asked("AT+CMGL"), 5);
	keep(0);
	answer_deleted("AT+CMGD=2");
	expect_none();
	/* A good line makes it good. */
	entry(1, 0, &pdu);
	sweep();
	ck_assert_uint_eq(the_link.ninbound, 2);
}
END_TEST

START_TEST(a_header_that_runs_past_its_end_makes_octets)
{
	struct tpdu tpdu = deliver("");
	tpdu.data_coding = 0x04;
	tpdu.data.header[0] = 20;
	tpdu.data.header_len = 4;
	const struct pdu pdu = pdu_of(&tpdu);
	start();
	expect_list("SM");
	entry(1, 0, &pdu);
	answer_lines();
	ck_assert_int_eq(the_link.inbound[0].charset, CHARSET_OCTETS);
	ck_assert_uint_eq(the_link.inbound[0].octets.len, 4);
	ck_assert_uint_eq(the_link.inbound[0].udh.len, 0);
}
END_TEST

START_TEST(the_sweep_comes_by_itself)
{
	modem_settings.sweep = 50;
	start();
	for (int i = 0; i < 3; i++) {
		expect_list("SM");
		answer(AT_OK, NULL);
	}
}
END_TEST

START_TEST(nothing_is_swept_when_receiving_is_off)
{
	modem_settings.receive = RECEIVE_OFF;
	start_to_routing("+CPMS: (\"SM\"),(\"SM\"),(\"SM\")");
	answer(AT_OK, "+CPMS: 0,25", NULL);
	answer(AT_OK, NULL);
	expect("AT+CNMI=2,0,0,1,0");
	answer(AT_OK, NULL);
	ck_assert_uint_eq(started, 1);
	say_urc("+CMTI: \"SM\",1", NULL);
	receiver_sweep(receiver);
	expect_none();
}
END_TEST

/* Ends. */

START_TEST(a_port_that_is_gone_ends_it_until_it_starts_anew)
{
	const struct pdu pdu = message("hello");
	start();
	expect_list("SM");
	entry(1, 0, &pdu);
	answer_lines();
	receiver_sweep(receiver);
	close_channel();
	keep(0);
	receiver_sweep(receiver);
	say_urc("+CMTI: \"SM\",1", NULL);
	expect_none();
	the_channel.closed = false;
	start();
	expect("AT+CMGR=1");                /* what was committed is deleted, after a look */
}
END_TEST

START_TEST(tickets_of_others_are_nothing_to_it)
{
	start_empty();
	const uint64_t ticket = receiver_ticket(receiver);
	ck_assert_uint_ne(ticket, 0);
	ck_assert_uint_ne(receiver_ticket(receiver), ticket);
	receiver_ack(receiver, ticket, ACK_KEPT);
	receiver_ack(receiver, 0, ACK_KEPT);
	receiver_ack(receiver, 12345, ACK_LATER);
	expect_none();
}
END_TEST

int main(void)
{
	const TTest *all[] = {
		what_is_in_a_storage_is_told_and_deleted_after_the_commit,
		what_was_not_stored_stays_until_the_next_sweep,
		a_message_that_waits_for_its_commit_is_not_told_twice,
		a_second_session_names_the_arrival_alike,
		other_content_is_another_arrival,
		the_same_in_two_storages_is_one_arrival_and_deleted_in_both,
		a_notice_reads_that_message_and_then_sweeps,
		a_notice_of_a_wrong_storage_is_made_up_for_by_the_sweep,
		notices_that_are_hardly_readable_lead_to_a_sweep,
		two_notices_are_two_reads_and_one_sweep,
		entries_run_into_each_other,
		the_length_is_trusted_and_padding_is_not_text,
		empty_places_are_no_messages,
		copies_of_outgoing_messages_are_left_alone,
		a_part_of_a_long_message_says_so,
		codings_and_names_are_told_as_they_came,
		hundreds_are_told_a_few_at_a_time,
		a_modem_without_lists_is_read_by_index,
		a_list_that_fails_midway_is_taken_as_far_as_it_went,
		one_that_waited_long_is_looked_at_before_it_is_deleted,
		after_a_restart_messages_are_looked_at_before_they_are_deleted,
		a_place_that_another_message_took_is_not_deleted_for_the_first,
		deleting_is_tried_in_both_forms_and_then_at_sweeps,
		a_copy_of_ours_is_deleted_where_it_was_written,
		one_that_is_gone_already_is_deleted,
		octets_that_are_no_message_become_a_row_at_the_third_look,
		options_name_the_centre_and_what_is_odd,
		noise_disturbs_no_other_and_is_looked_at_a_few_times,
		a_header_that_runs_past_its_end_makes_octets,
		the_sweep_comes_by_itself,
		nothing_is_swept_when_receiving_is_off,
		a_port_that_is_gone_ends_it_until_it_starts_anew,
		tickets_of_others_are_nothing_to_it,
	};
	return run_tests("modem_receiver", all, sizeof all / sizeof *all);
}
