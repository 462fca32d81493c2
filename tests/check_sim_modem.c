/* SPDX-License-Identifier: Apache-2.0 */
/* check_sim_modem.c - the simulated modem, over its terminal, without our driver. */
#include "modem_host.h"

/* Commands. */

START_TEST(it_echoes_until_it_is_told_not_to)
{
	modem_script("reboot");
	ANSWERS("ATE0V1", "ATE0V1\r" OK);
	ANSWERS("AT", OK);
	modem_script("profile echo");
	ANSWERS("ATE1", OK);
	ANSWERS("ATE0", "ATE0\r" OK);
	ANSWERS("AT", "AT\r" OK);
}
END_TEST

START_TEST(several_commands_may_stand_in_a_line_up_to_one_that_fails)
{
	ANSWERS("AT+CSQ;+CREG?;+CREG=1;+CREG?", IS("+CSQ: 17,99") "+CREG: 0,1\r\n+CREG: 1,1\r\n" OK);
	ANSWERS("AT+CREG=7;+CREG=0", IS("+CME ERROR: 21"));
	ANSWERS("AT+CREG?", IS("+CREG: 1,1") OK);
	ANSWERS("at+cgsn", IS("356938035643809") OK);
	ANSWERS("\x01xxAT", OK);
}
END_TEST

START_TEST(errors_are_said_as_it_was_told_to)
{
	ANSWERS("AT+CMEE=0;+NOSUCH", IS("ERROR"));
	ANSWERS("AT+CMEE=1;+NOSUCH", IS("+CME ERROR: 4"));
	ANSWERS("AT+CMEE=2;+NOSUCH", IS("+CME ERROR: operation not supported"));
	ANSWERS("AT+CMGR=99", IS("+CMS ERROR: invalid memory index"));
	ANSWERS("AT+CMEE=1;+CMGR=99", IS("+CMS ERROR: 321"));
	ANSWERS("ATV0", "0\r");
	say("AT+CMEE=0;+NOSUCH\r");
	AWAIT(host_got("4\r"));
}
END_TEST

START_TEST(without_its_pin_nothing_goes_and_three_wrong_ones_want_the_puk)
{
	modem_script("set pin 1234");
	ANSWERS("AT+CPIN?", IS("+CPIN: SIM PIN") OK);
	ANSWERS("AT+CMGS=" HELLO_OCTETS, IS("+CMS ERROR: 311"));
	ANSWERS("AT+CREG?", IS("+CREG: 0,0") OK);
	ANSWERS("AT+CPIN=\"0000\"", IS("+CME ERROR: 16"));
	ANSWERS("AT+CPINR", IS("+CPINR: SIM PIN,2,3") "+CPINR: SIM PUK,10,10\r\n" OK);
	ANSWERS("AT+CPIN=\"0000\"", IS("+CME ERROR: 16"));
	ANSWERS("AT+CPIN=\"0000\"", IS("+CME ERROR: 12"));
	ANSWERS("AT+CPIN?", IS("+CPIN: SIM PUK") OK);
	ANSWERS("AT+CPIN=\"1234\"", IS("+CME ERROR: 12"));
	ANSWERS("AT+CPIN=\"12345678\",\"4321\"", OK);
	ANSWERS("AT+CPIN?;+CREG?", IS("+CPIN: READY") "+CREG: 0,1\r\n" OK);
	modem_script("reboot");
	ANSWERS("ATE0", "ATE0\r" OK);
	ANSWERS("AT+CPIN?", IS("+CPIN: SIM PIN") OK);
	ANSWERS("AT+CPIN=\"4321\"", OK);
	ck_assert_uint_eq(heard_of(MODEM_PIN), 6);
	ck_assert_uint_eq(heard_text(MODEM_PIN, "right"), 2);
}
END_TEST

START_TEST(the_sim_is_busy_for_a_while_after_a_start)
{
	modem_script("set sim_delay 0.1");
	ANSWERS("AT+CIMI", IS("+CME ERROR: 14"));
	ANSWERS("AT+CMGL", IS("+CMS ERROR: 314"));
	idle(120);
	ANSWERS("AT+CIMI", IS("262011234567890") OK);
}
END_TEST

START_TEST(the_network_comes_and_goes_and_it_says_so)
{
	static const struct { const char *network, *creg, *cereg; } rows[] = {
		{ "roaming", "+CREG: 1,5", "+CEREG: 0,0" }, { "sms", "+CREG: 1,6", "+CEREG: 0,0" },
		{ "lte", "+CREG: 1,0", "+CEREG: 0,1" }, { "denied", "+CREG: 1,3", "+CEREG: 0,3" },
		{ "searching", "+CREG: 1,2", "+CEREG: 0,2" }, { "off", "+CREG: 1,0", "+CEREG: 0,0" },
	};
	char answer[80];
	enter("AT+CREG=1", OK);
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		say("");
		modem_script("set network %s", rows[i].network);
		snprintf(answer, sizeof answer, "\r\n+CREG: %s\r\n", rows[i].creg + strlen("+CREG: 1,"));
		AWAIT(host_got(answer));
		snprintf(answer, sizeof answer, "\r\n%s\r\n%s\r\n" OK, rows[i].creg, rows[i].cereg);
		ANSWERS("AT+CREG?;+CEREG?", answer);
	}
	submit("+CMS ERROR: 331");
	ck_assert_uint_eq(heard_of(MODEM_TAKEN), 0);
	modem_script("set network home");
	submit("+CMGS: 0");
}
END_TEST

START_TEST(with_ucs2_even_the_number_of_the_centre_is_hex)
{
	ANSWERS("AT+CSCA?", IS("+CSCA: \"+491710760000\",145") OK);
	ANSWERS("AT+CSCS=\"UCS2\";+CSCA?",
	    IS("+CSCA: \"002B003400390031003700310030003700360030003000300030\",145") OK);
	ANSWERS("AT+CSCA=\"002B00340039\",145;+CSCS=\"GSM\";+CSCA?", IS("+CSCA: \"+49\",145") OK);
}
END_TEST

START_TEST(without_a_centre_a_message_goes_nowhere_unless_it_names_one)
{
	modem_script("set smsc \"\"");
	submit("+CMS ERROR: 330");
	enter("AT+CMGS=" HELLO_OCTETS, "> ");
	say("07919471016700003" "1000B916407281553F80000AA04C8329BFD\x1A");
	AWAIT(host_got("+CMGS: 0"));
}
END_TEST

/* Sending. */

START_TEST(a_message_is_taken_and_its_report_comes)
{
	enter("AT+CNMI=2,1,0,1,0", OK);
	submit("+CDS: 25");
	ck_assert_ptr_nonnull(strstr(got, IS("+CMGS: 0") OK IS("+CDS: 25") "07919471016700000600" "0B91"));
	const struct modem_heard *taken = heard_nth(MODEM_TAKEN, 0);
	ck_assert_str_eq(taken->tpdu.address.text, "46708251358");
	ck_assert_uint_eq(taken->tpdu.data.text_len, 4);
	ck_assert_str_eq(taken->id, "m1-1");
	ck_assert_str_eq(heard_nth(MODEM_TOLD, 0)->id, "receipt m1-1");
}
END_TEST

START_TEST(references_begin_anew_after_256)
{
	modem_script("set reference 254");
	submit("+CMGS: 254");
	submit("+CMGS: 255");
	submit("+CMGS: 0");
}
END_TEST

START_TEST(escape_takes_a_message_back)
{
	enter("AT+CMGS=" HELLO_OCTETS, "> ");
	say("0031000B91\x1B");
	AWAIT(host_got(OK));
	ANSWERS("AT", OK);
	ck_assert_uint_eq(heard_of(MODEM_TAKEN), 0);
	ck_assert_uint_eq(heard_text(MODEM_ESCAPE, "pdu"), 1);
}
END_TEST

START_TEST(a_pdu_of_another_length_than_announced_is_refused)
{
	enter("AT+CMGS=17", "> ");
	say(HELLO);
	AWAIT(host_got(IS("+CMS ERROR: 304")));
	enter("AT+CMGS=" HELLO_OCTETS, "> ");
	say("no hex\x1A");
	AWAIT(host_got(IS("+CMS ERROR: 304")));
	ck_assert_uint_eq(heard_of(MODEM_REFUSED), 2);
	ANSWERS("AT+CMGS=0", IS("+CMS ERROR: 304"));
}
END_TEST

START_TEST(what_it_says_by_itself_waits_while_a_prompt_is_open)
{
	enter("AT+CNMI=2,1", OK);
	enter("AT+CMGS=" HELLO_OCTETS, "> ");
	modem_script("inbound +36201234567 hello");
	ck_assert_uint_eq(heard_of(MODEM_TOLD), 1);
	idle(20);
	ck_assert(!host_got("+CMTI"));
	say(HELLO);
	AWAIT(host_got("+CMTI: \"SM\",1"));
}
END_TEST

START_TEST(a_message_can_be_written_and_then_sent)
{
	enter("AT+CMGW=" HELLO_OCTETS, "> ");
	say(HELLO);
	AWAIT(host_got(IS("+CMGW: 1") OK));
	ck_assert_uint_eq(heard_of(MODEM_TAKEN), 0);
	ANSWERS("AT+CMSS=1", IS("+CMSS: 0") OK);
	ck_assert_uint_eq(heard_of(MODEM_TAKEN), 1);
	ANSWERS("AT+CMGD=1", OK);
	ANSWERS("AT+CMSS=1", IS("+CMS ERROR: 321"));
}
END_TEST

START_TEST(service_1_says_when_the_network_took_it)
{
	ANSWERS("AT+CSMS=1", IS("+CSMS: 1,1,1") OK);
	submit("+CMGS: 0,\"0100");
	modem_script("set csms off");
	ANSWERS("AT+CSMS=1", IS("+CMS ERROR: 303"));
}
END_TEST

START_TEST(text_mode_sends_too)
{
	modem_script("profile text-only");
	ANSWERS("AT+CMGF=0", IS("ERROR"));
	ANSWERS("AT+CMGF=1;+CSMP=49,167,0,0", OK);
	enter("AT+CMGS=\"+46708251358\"", "> ");
	say("Hello\x1A");
	AWAIT(host_got(IS("+CMGS: 0") OK));
	const struct modem_heard *taken = heard_nth(MODEM_TAKEN, 0);
	char text[200];
	ck_assert_str_eq(taken->tpdu.address.text, "46708251358");
	ck_assert(taken->tpdu.report);
	tpdu_text(text, sizeof text, &taken->tpdu);
	ck_assert_str_eq(text, "Hello");
	ANSWERS("AT+CSCS=\"UCS2\";+CSMP=17,167,0,8", OK);
	enter("AT+CMGS=\"002B003300360031\"", "> ");
	say("043F04400438\x1A");
	AWAIT(host_got(IS("+CMGS: 1") OK));
	tpdu_text(text, sizeof text, &heard_nth(MODEM_TAKEN, 1)->tpdu);
	ck_assert_str_eq(text, "при");
	ck_assert_str_eq(heard_nth(MODEM_TAKEN, 1)->tpdu.address.text, "361");
}
END_TEST

/* Receiving. */

START_TEST(what_is_inbound_is_stored_read_and_deleted)
{
	enter("AT+CNMI=2,1", OK);
	say("");
	modem_script("inbound +36201234567 hello");
	AWAIT(host_got(IS("+CMTI: \"SM\",1")));
	ANSWERS("AT+CPMS?", IS("+CPMS: \"SM\",1,20,\"SM\",1,20,\"SM\",1,20") OK);
	enter("AT+CMGR=1", OK);
	ck_assert_ptr_nonnull(strstr(got, "+CMGR: 0,,24\r\n07919471016700000"));
	enter("AT+CMGL=4", OK);
	ck_assert_ptr_nonnull(strstr(got, "+CMGL: 1,1,,24\r\n07919471016700000"));
	ANSWERS("AT+CMGL=0", OK);
	ANSWERS("AT+CMGD=1", OK);
	ANSWERS("AT+CMGR=1", OK);
	ck_assert_uint_eq(heard_of(MODEM_ACKED), 1);
	ck_assert_str_eq(heard_nth(MODEM_ACKED, 0)->id, "inbound 1/1");
}
END_TEST

START_TEST(what_is_deleted_and_was_never_read_is_noted)
{
	modem_script("set index 0");
	modem_script("inbound +36201234567 hello");
	ck_assert_str_eq(heard_nth(MODEM_TOLD, 0)->text, "");
	ANSWERS("AT+CMGD=?", IS("+CMGD: (0-19),(0-4)") OK);
	ANSWERS("AT+CMGD=1,1", OK);
	ck_assert_uint_eq(heard_of(MODEM_UNREAD), 0);
	ANSWERS("AT+CMGD=0,4", OK);
	ck_assert_uint_eq(heard_of(MODEM_UNREAD), 1);
	ck_assert_uint_eq(heard_of(MODEM_ACKED), 0);
}
END_TEST

START_TEST(a_full_storage_keeps_messages_waiting_in_order)
{
	modem_script("storage SM 1");
	modem_script("inbound +36201234567 one");
	modem_script("inbound +36201234567 two");
	modem_script("inbound +36201234567 three");
	ck_assert_uint_eq(heard_of(MODEM_TOLD), 1);
	ck_assert_uint_eq(heard_of(MODEM_FULL), 2);
	ck_assert_str_eq(heard_nth(MODEM_FULL, 0)->text, "SM");
	enter("AT+CMGR=1;+CMGD=1", OK);
	AWAIT(heard_of(MODEM_TOLD) == 2);
	ck_assert_str_eq(heard_nth(MODEM_TOLD, 1)->id, "inbound 2/1");
	ANSWERS("AT+CPMS=\"ME\",\"ME\",\"ME\"", IS("+CPMS: 0,100,0,100,0,100") OK);
	AWAIT(heard_of(MODEM_TOLD) == 3);
}
END_TEST

START_TEST(reports_are_stored_where_the_routing_says_so)
{
	enter("AT+CNMI=2,1,0,2,0", OK);
	submit("+CDSI: \"SR\",1");
	enter("AT+CPMS=\"SR\"", OK);
	enter("AT+CMGR=1", OK);
	ck_assert_ptr_nonnull(strstr(got, "+CMGR: 0,,25\r\n"));
	ANSWERS("AT+CMGD=1", OK);
	ck_assert_str_eq(heard_nth(MODEM_ACKED, 0)->id, "receipt m1-1");
	modem_script("set sr_readable off");
	ANSWERS("AT+CMGR=1", IS("+CMS ERROR: 303"));
	ANSWERS("AT+CPMS=\"SM\",\"SR\"", IS("+CMS ERROR: 302"));
}
END_TEST

START_TEST(a_report_that_nothing_routes_is_lost)
{
	submit("+CMGS: 0");
	AWAIT(heard_of(MODEM_LOST) == 1);
}
END_TEST

START_TEST(what_is_shown_waits_for_its_acknowledgement_and_comes_again)
{
	modem_script("set cnma_timeout 0.05");
	modem_script("set retry 0.02");
	enter("AT+CSMS=1;+CNMI=2,2,0,1,0", OK);
	say("");
	modem_script("inbound +36201234567 one");
	modem_script("inbound +36201234567 two");
	AWAIT(host_got("+CMT: ,22\r\n0791947101670000"));
	ck_assert_uint_eq(heard_of(MODEM_TOLD), 1);
	enter("AT+CNMA=0", OK IS("+CMT: ,22"));
	ck_assert_uint_eq(heard_of(MODEM_ACKED), 1);
	AWAIT(heard_of(MODEM_NACKED) == 1);
	ck_assert_str_eq(heard_nth(MODEM_NACKED, 0)->id, "inbound 2/1");
	ANSWERS("AT+CNMI?", IS("+CNMI: 2,0,0,0,0") OK);
	AWAIT(heard_of(MODEM_TOLD) == 3);
	ck_assert_str_eq(heard_nth(MODEM_TOLD, 2)->text, "");
	ANSWERS("AT+CNMA", IS("+CMS ERROR: 340"));
}
END_TEST

START_TEST(an_acknowledgement_may_say_no)
{
	modem_script("set retry 0.02");
	enter("AT+CSMS=1;+CNMI=2,2", OK);
	say("");
	modem_script("inbound +36201234567 one");
	AWAIT(host_got("+CMT: "));
	enter("AT+CNMA=2,3", "> ");
	say("00D300\x1A");
	AWAIT(host_got(OK));
	AWAIT(heard_of(MODEM_TOLD) == 2);
	ck_assert_uint_eq(heard_of(MODEM_NACKED), 1);
	enter("AT+CNMA=1", OK);
	ck_assert_uint_eq(heard_of(MODEM_ACKED), 1);
}
END_TEST

START_TEST(text_mode_reads_too)
{
	enter("AT+CMGF=1;+CNMI=2,1", OK);
	modem_script("inbound +36201234567 hello");
	enter("AT+CMGL=\"ALL\"", OK);
	ck_assert_ptr_nonnull(strstr(got, "+CMGL: 1,\"REC UNREAD\",\"+36201234567\",,\"2"));
	ck_assert_ptr_nonnull(strstr(got, "+00\"\r\nhello\r\n"));
	enter("AT+CSCS=\"UCS2\"", OK);
	enter("AT+CMGR=1", OK);
	ck_assert_ptr_nonnull(strstr(got, "\r\n00680065006C006C006F\r\n"));
	enter("AT+CSCS=\"GSM\";+CNMI=2,2", OK);
	say("");
	modem_script("inbound +36201234567 при");
	AWAIT(host_got("\r\n043F04400438\r\n"));
	ck_assert_ptr_nonnull(strstr(got, "+CMT: \"+36201234567\",,\"2"));
}
END_TEST

START_TEST(a_verbatim_tpdu_is_delivered)
{
	enter("AT+CNMI=2,1,0,1", OK);
	say("");
	modem_script("deliver 07919471016700000600" "0B916407281553F8" "62111700000000" "62111700000000" "00");
	AWAIT(host_got("+CDS: 25\r\n0791947101"));
}
END_TEST

/* USSD. */

START_TEST(a_dialogue_goes_on_until_the_network_ends_it)
{
	modem_script("ussd *100# 1 \"1 Balance 2 Data\"");
	modem_script("ussd *100#>1 0 \"You have 5\"");
	enter("AT+CUSD=1,\"*100#\",15", "+CUSD: 1,\"1 Balance 2 Data\",15");
	ck_assert_int_eq(strncmp(got, OK, strlen(OK)), 0);
	enter("AT+CUSD=1,\"1\",15", "+CUSD: 0,\"You have 5\",15\r\n");
	enter("AT+CUSD=1,\"*999#\",15", "+CUSD: 4\r\n");
	enter("AT+CUSD=1,\"*100#\",15", "Data\",15\r\n");
	enter("AT+CUSD=1,\"9\",15", "+CUSD: 2\r\n");
	enter("AT+CUSD=1,\"*100#\",15", "Data\",15\r\n");
	ANSWERS("AT+CUSD=2", OK);
	ck_assert_uint_eq(heard_text(MODEM_USSD, "cancelled"), 1);
	ck_assert_uint_eq(heard_text(MODEM_USSD, "*100#"), 3);
}
END_TEST

START_TEST(of_three_forms_of_a_code_it_understands_one)
{
	static const struct { const char *form, *code, *answer; } rows[] = {
		{ "plain", "*100#", "\"hi\",15\r\n" }, { "packed", "AA180C3602", "\"E834\",15\r\n" },
		{ "ucs2", "002A0031003000300023", "\"00680069\",15\r\n" },
	};
	char line[80];
	modem_script("ussd *100# 0 hi");
	for (size_t form = 0; form < 3; form++) {
		modem_script("set ussd %s", rows[form].form);
		for (size_t code = 0; code < 3; code++) {
			snprintf(line, sizeof line, "AT+CUSD=1,\"%s\",15", rows[code].code);
			if (code == form)
				enter(line, rows[form].answer);
			else if (form == 0 || code == 0)
				ANSWERS(line, IS("+CME ERROR: 4"));
		}
	}
	modem_script("ussd *101# 0 при");
	modem_script("set ussd plain");
	enter("AT+CUSD=1,\"*101#\",15", "+CUSD: 0,\"043F04400438\",72");
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		it_echoes_until_it_is_told_not_to,
		several_commands_may_stand_in_a_line_up_to_one_that_fails,
		errors_are_said_as_it_was_told_to,
		without_its_pin_nothing_goes_and_three_wrong_ones_want_the_puk,
		the_sim_is_busy_for_a_while_after_a_start, the_network_comes_and_goes_and_it_says_so,
		with_ucs2_even_the_number_of_the_centre_is_hex,
		without_a_centre_a_message_goes_nowhere_unless_it_names_one,
		a_message_is_taken_and_its_report_comes, references_begin_anew_after_256,
		escape_takes_a_message_back, a_pdu_of_another_length_than_announced_is_refused,
		what_it_says_by_itself_waits_while_a_prompt_is_open,
		a_message_can_be_written_and_then_sent, service_1_says_when_the_network_took_it,
		text_mode_sends_too, what_is_inbound_is_stored_read_and_deleted,
		what_is_deleted_and_was_never_read_is_noted,
		a_full_storage_keeps_messages_waiting_in_order,
		reports_are_stored_where_the_routing_says_so, a_report_that_nothing_routes_is_lost,
		what_is_shown_waits_for_its_acknowledgement_and_comes_again, an_acknowledgement_may_say_no,
		text_mode_reads_too, a_verbatim_tpdu_is_delivered,
		a_dialogue_goes_on_until_the_network_ends_it, of_three_forms_of_a_code_it_understands_one,
	};
	return modem_tests("sim_modem", tests, sizeof tests / sizeof *tests) != 0;
}
