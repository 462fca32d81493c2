/* SPDX-License-Identifier: Apache-2.0 */
/* check_sim_modem_script.c - the simulated modem misbehaves as it is told to. */
#include "modem_host.h"

#include <errno.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/wait.h>

/* Scripts. */

START_TEST(rules_have_their_turns)
{
	modem_script("on AT+CSQ nth 2: cme 1");
	modem_script("on AT+CSQ after 3: cme 2");
	ANSWERS("AT+CSQ", IS("+CSQ: 17,99") OK);
	ANSWERS("AT+CSQ", IS("+CME ERROR: 1"));
	ANSWERS("AT+CSQ", IS("+CSQ: 17,99") OK);
	ANSWERS("AT+CSQ", IS("+CME ERROR: 2"));
	modem_script("on AT+CSQ every 2: cme 3");
	ANSWERS("AT+CSQ", IS("+CME ERROR: 2"));
	ANSWERS("AT+CSQ", IS("+CME ERROR: 3"));
	modem_script("on AT+CSQ first 1: cme 4");
	ANSWERS("AT+CSQ", IS("+CME ERROR: 4"));
	ANSWERS("AT+CSQ", IS("+CME ERROR: 3"));
	modem_script("on AT$: error");
	ANSWERS("AT", IS("ERROR"));
	ANSWERS("AT+CPIN?", IS("+CPIN: READY") OK);
}
END_TEST

START_TEST(lines_that_cannot_be_read_are_refused_in_words)
{
	static const struct { const char *line, *why; } rows[] = {
		{ "jump", "no such action: jump" }, { "on AT+CSQ: jump", "no such action: jump" },
		{ "wait", "wait: " }, { "wait x", "wait: " }, { "say", "say: " }, { "set x 1", "set: " },
		{ "set delay -1", "set: " }, { "set pdu_mode maybe", "set: " }, { "storage SM 1000", "storage: " },
		{ "deliver 0", "deliver: " }, { "profile none", "profile: " }, { "on nothing: ok", "it cannot be read" },
		{ "on AT nth 0: ok", "it cannot be read" }, { "on AT sometimes 1: ok", "it cannot be read" },
		{ "on AT", "it cannot be read" }, { "in x: ok", "it cannot be read" }, { "every 0: ok", "it cannot be read" },
		{ "say \"open", "it cannot be read" }, { "say \"x\\", "it cannot be read" }, { "ok ok", "ok: " },
		{ "ok; ;", "no such action: " }, { "say a b c d e f", "say: " }, { "modem 2: jump", "no such action: jump" },
	};
	char why[256];
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		ck_assert_msg(!sim_modem_script(the_modem, rows[i].line, why, sizeof why), "%s", rows[i].line);
		ck_assert_msg(strncmp(why, rows[i].why, strlen(rows[i].why)) == 0, "%s: %s", rows[i].line, why);
	}
	modem_script("%s", "");
	modem_script("  # nothing");
	modem_script("modem 7: unplug");
	ANSWERS("AT", OK);
}
END_TEST

START_TEST(a_script_is_read_from_a_file)
{
	char path[128], why[256];
	snprintf(path, sizeof path, "%s/script", modem_folder);
	FILE *file = fopen(path, "w");
	fputs("# two lines\non AT+CSQ: say \"a\\x41\\\"\"; ok\n\nset signal 3\nwrong\n", file);
	fclose(file);
	ck_assert(!sim_modem_script_file(the_modem, path, why, sizeof why));
	ck_assert_ptr_nonnull(strstr(why, "script:5: no such action: wrong"));
	ANSWERS("AT+CSQ", IS("aA\"") OK);
	unlink(path);
	ck_assert(!sim_modem_script_file(the_modem, path, why, sizeof why));
}
END_TEST

START_TEST(a_line_by_itself_can_stand_before_inside_and_behind_an_answer)
{
	modem_script("on AT+CSQ nth 1: say ^A; answer");
	modem_script("on AT+CSQ nth 1: lines; say ^B; result");
	ANSWERS("AT+CSQ", IS("+CSQ: 17,99") IS("^B") OK);
	modem_script("on AT+CSQ nth 1: say ^A; answer");
	ANSWERS("AT+CSQ", IS("^A") IS("+CSQ: 17,99") OK);
	modem_script("on AT+CSQ nth 1: answer; say ^C");
	enter("AT+CSQ", "^C\r\n");
	ck_assert_str_eq(got, IS("+CSQ: 17,99") OK IS("^C"));
	modem_script("on AT+CSQ: raw \"+CSQ: 1,2\\r\\n\"; wait 0.02; raw \"O\"; wait 0.02; raw \"K\\r\\n\"");
	ANSWERS("AT+CSQ", "+CSQ: 1,2\r\nOK\r\n");
	modem_script("every 0.01: urc ^D");
	enter("AT", "^D\r\n\r\n^D\r\n");
}
END_TEST

START_TEST(an_answer_comes_octet_by_octet)
{
	modem_script("drip 0.002");
	say("AT\r");
	AWAIT(host_got("\r"));
	ck_assert(!host_got(OK));
	AWAIT(host_got(OK));
}
END_TEST

START_TEST(a_prompt_may_look_different_or_be_lost)
{
	modem_script("set prompt \">\"");
	enter("AT+CMGS=" HELLO_OCTETS, ">");
	ck_assert_str_eq(got, ">");
	say("\x1B");
	AWAIT(host_got(OK));
	modem_script("on AT+CMGS nth 1: nothing");
	say("AT+CMGS=" HELLO_OCTETS "\r");
	idle(20);
	ck_assert(!host_got(">"));
	ANSWERS("AT", OK);
	modem_script("on AT+CMGS nth 1: wait 0.03; answer");
	enter("AT+CMGS=" HELLO_OCTETS, ">");
	say(HELLO);
	AWAIT(host_got("+CMGS: 0"));
}
END_TEST

START_TEST(a_result_may_be_lost_late_or_wrong_and_the_report_come_first)
{
	enter("AT+CNMI=2,1,0,1", OK);
	modem_script("on pdu nth 1: take; nothing");
	submit("+CDS: ");
	ck_assert_ptr_null(strstr(got, "+CMGS"));
	ck_assert_uint_eq(heard_of(MODEM_TAKEN), 1);
	modem_script("on pdu nth 1: take; report; wait 0.02; answer");
	submit("+CMGS: 1");
	ck_assert(strstr(got, "+CDS") < strstr(got, "+CMGS"));
	modem_script("on pdu nth 1: take; say \"+CMGS: 77\"; ok");
	submit("+CMGS: 77\r\n" OK);
	modem_script("on pdu nth 1: take; wait 0.05; answer");
	submit("+CMGS: 3");
	modem_script("on pdu nth 1: cms 38");
	submit("+CMS ERROR: 38");
	ck_assert_uint_eq(heard_of(MODEM_TAKEN), 4);
	modem_script("refuse +46708251358 193");
	submit("+CMS ERROR: 193");
	ck_assert_uint_eq(heard_of(MODEM_TAKEN), 4);
}
END_TEST

START_TEST(a_message_takes_as_long_as_it_is_told_to)
{
	modem_script("set delay 0.1");
	enter("AT+CMGS=" HELLO_OCTETS, "> ");
	const uint64_t began = now_ms();
	say(HELLO);
	AWAIT(heard_of(MODEM_TAKEN) == 1);
	ck_assert(!host_got("+CMGS"));
	ck_assert_uint_ge(now_ms() - began, 49);
	AWAIT(host_got("+CMGS: 0"));
	ck_assert_uint_ge(now_ms() - began, 98);
}
END_TEST

START_TEST(it_echoes_pdus_when_it_is_that_kind)
{
	modem_script("profile echo");
	submit("+CMGS: 0");
	ck_assert_int_eq(strncmp(got, HELLO, strlen(HELLO)), 0);
}
END_TEST

START_TEST(it_hangs_and_wakes)
{
	modem_script("on AT+CSQ: hang 0.1");
	say("AT+CSQ\r");
	AWAIT(heard_text(MODEM_STATE, "hung") == 1);
	say("AT\r");
	idle(50);
	ck_assert(!host_got("O"));
	idle(80);
	ANSWERS("AT", OK);
	modem_script("hang");
	modem_script("reboot");
	ANSWERS("ATE0", "ATE0\r" OK);
}
END_TEST

START_TEST(it_starts_anew_and_says_so)
{
	modem_script("on boot: say RDY");
	enter("AT+CMGF=1;+CNMI=2,1", OK);
	say("");
	modem_script("reboot 0.05");
	say("AT\r");
	AWAIT(host_got(IS("RDY")));
	ck_assert_str_eq(got, IS("RDY"));
	enter("ATE0", OK);
	ANSWERS("AT+CMGF?;+CNMI?", IS("+CMGF: 0") "+CNMI: 0,0,0,0,0\r\n" OK);
	enter("AT+CFUN=1,1", IS("RDY"));
}
END_TEST

START_TEST(unplugged_it_is_an_error_to_who_reads_and_comes_back_at_its_path)
{
	char octet;
	modem_script("on pdu: unplug 0.05");
	enter("AT+CMGS=" HELLO_OCTETS, "> ");
	say(HELLO);
	AWAIT(heard_text(MODEM_STATE, "unplugged") == 1);
	const ssize_t n = read(host, &octet, 1);
	ck_assert(n == 0 || (n < 0 && errno == EIO));
	ck_assert_int_ne(access(modem_path, F_OK), 0);
	ck_assert_uint_eq(heard_of(MODEM_TAKEN), 0);
	host_close();
	AWAIT(heard_text(MODEM_STATE, "plugged") == 2);
	host_open();
	ANSWERS("AT", "AT\r" OK);
}
END_TEST

START_TEST(messages_wait_while_it_is_away)
{
	modem_script("unplug");
	modem_script("inbound +36201234567 hello");
	ck_assert_uint_eq(heard_of(MODEM_TOLD), 0);
	modem_script("plug");
	ck_assert_uint_eq(heard_of(MODEM_TOLD), 1);
	modem_script("set network off");
	modem_script("inbound +36201234567 hello");
	ck_assert_uint_eq(heard_of(MODEM_TOLD), 1);
	modem_script("set network roaming");
	ck_assert_uint_eq(heard_of(MODEM_TOLD), 2);
}
END_TEST

START_TEST(nobody_hears_it_while_nobody_is_there)
{
	host_close();
	AWAIT(heard_text(MODEM_STATE, "closed") == 1);
	modem_script("say ^LOST");
	host_open();
	ANSWERS("AT", OK);
}
END_TEST

/* A program that had it for itself may die; the next one gets it nevertheless, root or not. */
START_TEST(a_host_that_had_it_alone_leaves_it_to_the_next)
{
	ck_assert_int_eq(ioctl(host, TIOCEXCL), 0);
	host_close();
	AWAIT(heard_text(MODEM_STATE, "closed") == 1);
	idle(50);
	const pid_t pid = fork();
	if (!pid) {
		if (geteuid() == 0 && (chmod(modem_folder, 0755) || lchown(modem_path, 65534, 65534) ||
		    chown(modem_path, 65534, 65534) || setuid(65534)))
			_exit(2);
		_exit(open(modem_path, O_RDWR | O_NOCTTY) < 0);
	}
	int status;
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_int_eq(WEXITSTATUS(status), 0);
	host_open();
	enter("AT", OK);
}
END_TEST

START_TEST(every_profile_can_be_read_and_answers)
{
	for (const char *const *name = sim_modem_profiles; *name; name++) {
		modem_script("profile %s", *name);
		enter("AT", OK);
		enter("AT+CGMI", OK);
	}
	ck_assert_ptr_null(sim_modem_profile("none"));
}
END_TEST

START_TEST(noise_does_it_no_harm)
{
	unsigned seed = 1;
	for (int i = 0; i < 400; i++) {
		char octets[64];
		static const char some[] = "AT+CMGS=18\r\x1A\x1B,\"0;?&*^\n\b";
		for (size_t j = 0; j < sizeof octets; j++) {
			seed = seed * 1103515245 + 12345;
			octets[j] = seed >> 28 ? some[(seed >> 16) % (sizeof some - 1)] : (char)(seed >> 16);
		}
		ck_assert_int_ge(write(host, octets, sizeof octets), 0);
		host_got("");
		ngot = 0;
		turn();
	}
	modem_script("reboot");
	enter("AT", OK);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		rules_have_their_turns, lines_that_cannot_be_read_are_refused_in_words,
		a_script_is_read_from_a_file,
		a_line_by_itself_can_stand_before_inside_and_behind_an_answer,
		an_answer_comes_octet_by_octet, a_prompt_may_look_different_or_be_lost,
		a_result_may_be_lost_late_or_wrong_and_the_report_come_first,
		a_message_takes_as_long_as_it_is_told_to, it_echoes_pdus_when_it_is_that_kind,
		it_hangs_and_wakes, it_starts_anew_and_says_so,
		unplugged_it_is_an_error_to_who_reads_and_comes_back_at_its_path,
		messages_wait_while_it_is_away, nobody_hears_it_while_nobody_is_there,
		a_host_that_had_it_alone_leaves_it_to_the_next, every_profile_can_be_read_and_answers,
		noise_does_it_no_harm,
	};
	return modem_tests("sim_modem_script", tests, sizeof tests / sizeof *tests) != 0;
}
