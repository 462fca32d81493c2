/* SPDX-License-Identifier: Apache-2.0 */
/*
 * check_modem_mend.c - what the driver of modems does when a modem hangs, fails, restarts or is
 * unplugged (reference 3.13, 3.14).
 */
#include "modem_session.h"
#include "run_suite.h"

#include <signal.h>
#include <stdio.h>

static char hook_file[96];

static bool note_says(const char *words)
{
	return strstr(the_link.note, words) != NULL;
}

static void mend_setup(void)
{
	modem_session_setup();
	snprintf(hook_file, sizeof hook_file, "%s/hook", state_folder);
}

/* Up, and what is asked at first was answered: nothing waits. */
static void settle(const char *lines)
{
	modem_link_up(lines);
	AWAIT(note_says("Testnet"));
	idle(50);
}

/* Waits are short, so that the whole ladder is climbed in a few seconds. */
#define SHORT "recovery_wait = 0.01\ncommand_timeout = 0.4\nprompt_timeout = 0.6\nresult_timeout = 0.6\n"

static void sends(unsigned i)
{
	AWAIT(the_link.window);
	lend(i);
	AWAIT(the_link.done[i]);
	ck_assert_int_eq(the_link.outcomes[i].verdict, VERDICT_SENT);
}

static bool hook_says(const char *words)
{
	char line[256] = "";
	FILE *file = fopen(hook_file, "r");
	if (!file)
		return false;
	const bool read = fgets(line, sizeof line, file) != NULL;
	fclose(file);
	return read && strstr(line, words) != NULL;
}

/* Health. */

START_TEST(a_modem_that_hangs_makes_the_link_wait_and_is_tried_until_it_answers)
{
	settle(SHORT);
	modem_script("hang 4");
	AWAIT(the_link.waits);
	ck_assert_uint_eq(the_link.window, 0);
	AWAIT(note_says("recovers"));
	AWAIT(the_link.ups == 2);
	ck_assert_uint_eq(the_link.downs, 0);
	sends(0);
}
END_TEST

START_TEST(a_modem_that_hangs_for_a_moment_is_asked_again_and_goes_on)
{
	settle(SHORT);
	modem_script("hang 1");
	const unsigned before = commands_of("AT+CSQ");
	AWAIT(commands_of("AT+CSQ") > before);
	ck_assert_uint_eq(the_link.waits, 0);
	sends(0);
}
END_TEST

/* The prompt comes too late, ESC does not help, and AT becomes part of the message: ^Z. */
START_TEST(a_prompt_that_esc_does_not_end_is_ended_when_no_message_is_half_sent)
{
	settle("recovery_wait = 0.2\ncommand_timeout = 1\nprompt_timeout = 1\nresult_timeout = 1\n");
	modem_script("on esc: set prompt \"\"; prompt"); /* it goes on waiting, and says nothing */
	modem_script("on AT+CMGS nth 1: wait 1.2; prompt");
	modem_script("on pdu nth 1: set prompt \"\\r\\n> \"; cms 304");
	lend(0);
	AWAIT(the_link.done[0]);
	ck_assert_int_eq(the_link.outcomes[0].verdict, VERDICT_DEFERRED);
	AWAIT(the_link.waits == 1);
	ck_assert_msg(note_says("end of message"), "%s", the_link.note);
	AWAIT(the_link.ups == 2);
	sends(1);
}
END_TEST

START_TEST(a_message_that_may_have_left_is_in_doubt_and_not_ended_by_us)
{
	settle(SHORT);
	modem_script("on pdu nth 1: hang 5");
	lend(0);
	AWAIT(the_link.done[0]);
	ck_assert_int_eq(the_link.outcomes[0].verdict, VERDICT_DOUBTFUL);
	AWAIT(the_link.waits);
	ck_assert_msg(note_says("reopen"), "%s", the_link.note); /* ^Z is left out */
	AWAIT(the_link.ups == 2);
	sends(1);
}
END_TEST

/* It answers AT, and fails at everything else. */
START_TEST(a_modem_whose_commands_fail_over_and_over_has_its_radio_switched_off_and_on)
{
	settle(SHORT);
	modem_script("on pdu first 5: cms 500");
	for (unsigned i = 0; i < 20 && !the_link.waits; i++) {
		AWAIT(the_link.window || the_link.waits);
		if (the_link.waits)
			break;
		lend(i);
		AWAIT(the_link.done[i]);
		idle(5);
	}
	AWAIT(commands_of("AT+CFUN=4") == 1);
	AWAIT(commands_of("AT+CFUN=1") >= 1);
	ck_assert_uint_eq(commands_of("AT+CFUN=1,1"), 0);
	AWAIT(the_link.ups == 2);
	sends(30);
}
END_TEST

START_TEST(a_modem_that_does_not_survive_cfun_is_reset_otherwise)
{
	modem_script("profile neoway");
	modem_script("set network off");
	modem_link_open(SHORT "registration_timeout = 10\nprofile = neoway\n");
	modem_said.registration_timeout = 300;
	AWAIT(commands_of("AT+CFUN=1,1"));
	ck_assert_uint_eq(commands_of("AT+CFUN=4"), 0);
	ck_assert_uint_eq(commands_of("AT+CFUN=0"), 0);
}
END_TEST

START_TEST(without_a_network_for_too_long_the_radio_is_switched_off_and_on)
{
	modem_script("set network off");
	modem_link_said(SHORT);
	modem_said.registration_timeout = 300; /* less than a file may say */
	world_open_as(&modem_driver, &modem_said);
	AWAIT(commands_of("AT+CFUN=4"));
	modem_script("set network home");
	AWAIT(the_link.ups);
	sends(0);
}
END_TEST

/* The whole ladder, and each rung once. */
START_TEST(a_modem_that_stays_mute_is_reset_then_switched_off_then_given_up_and_still_tried)
{
	char lines[512];
	snprintf(lines, sizeof lines, SHORT "baud = 115200\npower_hook = \"echo $MODEM_LINK $MODEM_DEVICE >> %s\"\n",
	    hook_file);
	settle(lines);
	modem_script("on AT: nothing");
	AWAIT(the_link.waits);
	const uint64_t until = now_ms() + 60000;
	while (!note_says("failed") && now_ms() < until)
		turn();
	ck_assert_msg(note_says("failed"), "%s", the_link.note);
	ck_assert_uint_eq(commands_of("AT+CFUN=4"), 1);
	ck_assert_uint_eq(commands_of("AT+CFUN=1,1"), 1);
	ck_assert(hook_says("acme"));
	ck_assert(hook_says(modem_path));
	ck_assert_uint_eq(the_link.downs, 0);
	/* It is tried on, and found when it answers. */
	modem_script("on AT: answer");
	while (the_link.ups < 2 && now_ms() < until)
		turn();
	ck_assert_uint_eq(the_link.ups, 2);
	sends(0);
	/* Nothing of the ladder came twice. */
	ck_assert_uint_eq(commands_of("AT+CFUN=4"), 1);
	ck_assert_uint_eq(commands_of("AT+CFUN=1,1"), 1);
}
END_TEST

START_TEST(a_modem_that_is_mute_from_the_start_is_mended_too)
{
	char lines[512];
	snprintf(lines, sizeof lines, SHORT "baud = 115200\npower_hook = \"touch %s\"\n", hook_file);
	modem_script("on AT: nothing");
	modem_link_open(lines);
	const uint64_t until = now_ms() + 60000;
	while (access(hook_file, F_OK) != 0 && now_ms() < until)
		turn();
	ck_assert_int_eq(access(hook_file, F_OK), 0);
	modem_script("on AT: answer");
	while (!the_link.ups && now_ms() < until)
		turn();
	ck_assert_uint_eq(the_link.ups, 1);
	ck_assert_uint_eq(the_link.downs, 0);
}
END_TEST

/* It is killed with what it started; meanwhile the loop turns. */
START_TEST(a_power_hook_that_hangs_is_killed_and_holds_up_nothing)
{
	char lines[512];
	snprintf(lines, sizeof lines, SHORT "baud = 115200\npower_hook = \"echo $$ > %s; (sleep 2; touch %s-late) & wait\"\n",
	    hook_file, hook_file);
	modem_script("on AT: nothing");
	modem_link_open(lines);
	const uint64_t until = now_ms() + 60000;
	while (!hook_says("") && now_ms() < until)
		turn();
	char line[32] = "";
	FILE *file = fopen(hook_file, "r");
	ck_assert_ptr_nonnull(file);
	ck_assert_ptr_nonnull(fgets(line, sizeof line, file));
	fclose(file);
	const pid_t hook = (pid_t)strtol(line, NULL, 10);
	ck_assert_int_gt(hook, 0);
	while (kill(hook, 0) == 0 && now_ms() < until)
		turn();
	ck_assert_int_ne(kill(hook, 0), 0);
	ck_assert_uint_eq(the_link.downs, 0);
	idle(2500);
	snprintf(lines, sizeof lines, "%s-late", hook_file);
	ck_assert_int_ne(access(lines, F_OK), 0);
}
END_TEST

/* Restarts. */

static const char *const boots[] = { "RDY", "^SYSSTART", "^BOOT:20952548,0,0,0,20", "^SIMST:0", "+CPIN: NOT READY" };

START_TEST(a_modem_that_restarted_is_begun_anew)
{
	settle(SHORT);
	const unsigned before = commands_of("AT+CMGF=0");
	modem_script("urc \"%s\"", boots[_i]);
	AWAIT(the_link.waits == 1);
	AWAIT(the_link.ups == 2);
	ck_assert_uint_gt(commands_of("AT+CMGF=0"), before);
	ck_assert_uint_eq(the_link.downs, 0);
	sends(0);
}
END_TEST

/* Huawei says ^BOOT every few seconds. */
START_TEST(a_boot_that_is_told_over_and_over_restarts_once)
{
	settle(SHORT);
	for (unsigned i = 1; i <= 3; i++) {
		modem_script("urc \"^BOOT:20952548,0,0,0,20\"");
		AWAIT(the_link.ups == 2);
	}
	idle(200);
	ck_assert_uint_eq(the_link.waits, 1);
}
END_TEST

START_TEST(a_modem_that_restarts_while_it_is_begun_is_begun_from_the_first_command)
{
	modem_script("on AT+CGMM nth 1: urc \"RDY\"; answer");
	settle(SHORT);
	ck_assert_uint_eq(commands_of("AT+CGMM"), 2);
	sends(0);
}
END_TEST

/* Rests. */

START_TEST(a_modem_that_cannot_send_rests_and_its_message_goes_back_untried)
{
	settle(SHORT);
	modem_script("on pdu nth 1: cms 310");
	lend(0);
	AWAIT(the_link.done[0]);
	ck_assert_int_eq(the_link.outcomes[0].verdict, VERDICT_DEFERRED);
	ck_assert(the_link.outcomes[0].untried);
	ck_assert_uint_eq(the_link.waits, 1);
	ck_assert_msg(note_says("rests"), "%s", the_link.note);
	AWAIT(the_link.ups == 2);
	sends(1);
}
END_TEST

/* Unplugged (reference 3.14). */

START_TEST(a_modem_that_is_unplugged_ends_the_session_and_the_port_is_closed_at_once)
{
	settle(SHORT);
	lend(0);
	AWAIT(the_link.done[0]);
	modem_script("unplug");
	AWAIT(the_link.downs);
	ck_assert_int_eq(the_link.down, DOWN_LOST);
	ck_assert_str_ne(the_link.why, "");
	modem_link_reopen();
	AWAIT(the_link.downs);
	ck_assert_int_eq(the_link.down, DOWN_LOST);
	ck_assert_ptr_nonnull(strstr(the_link.why, modem_path));
	/* It comes back, under its name. */
	modem_script("plug");
	modem_link_reopen();
	AWAIT(the_link.ups);
	sends(1);
}
END_TEST

START_TEST(what_left_before_it_was_unplugged_is_in_doubt)
{
	settle(SHORT);
	modem_script("on pdu: take; unplug");
	lend(0);
	AWAIT(the_link.downs);
	ck_assert(!the_link.done[0] || the_link.outcomes[0].verdict == VERDICT_DOUBTFUL);
}
END_TEST

START_TEST(what_had_not_left_before_it_was_unplugged_goes_back_untried)
{
	settle(SHORT);
	modem_script("on AT+CMGS: unplug");
	lend(0);
	AWAIT(the_link.downs);
	ck_assert_uint_eq(the_link.done[0], 1);
	ck_assert_int_eq(the_link.outcomes[0].verdict, VERDICT_DEFERRED);
	ck_assert(the_link.outcomes[0].untried);
}
END_TEST

START_TEST(a_modem_that_is_not_there_is_told_with_its_path)
{
	modem_script("unplug");
	modem_link_open(SHORT);
	AWAIT(the_link.downs);
	ck_assert_int_eq(the_link.down, DOWN_LOST);
	ck_assert_ptr_nonnull(strstr(the_link.why, modem_path));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("modem_mend");
	TCase *tests = tcase_create("mend");
	tcase_set_timeout(tests, 120);
	tcase_add_checked_fixture(tests, mend_setup, modem_session_teardown);
	tcase_add_test(tests, a_modem_that_hangs_makes_the_link_wait_and_is_tried_until_it_answers);
	tcase_add_test(tests, a_modem_that_hangs_for_a_moment_is_asked_again_and_goes_on);
	tcase_add_test(tests, a_prompt_that_esc_does_not_end_is_ended_when_no_message_is_half_sent);
	tcase_add_test(tests, a_message_that_may_have_left_is_in_doubt_and_not_ended_by_us);
	tcase_add_test(tests, a_modem_whose_commands_fail_over_and_over_has_its_radio_switched_off_and_on);
	tcase_add_test(tests, a_modem_that_does_not_survive_cfun_is_reset_otherwise);
	tcase_add_test(tests, without_a_network_for_too_long_the_radio_is_switched_off_and_on);
	tcase_add_test(tests, a_modem_that_stays_mute_is_reset_then_switched_off_then_given_up_and_still_tried);
	tcase_add_test(tests, a_modem_that_is_mute_from_the_start_is_mended_too);
	tcase_add_test(tests, a_power_hook_that_hangs_is_killed_and_holds_up_nothing);
	tcase_add_loop_test(tests, a_modem_that_restarted_is_begun_anew, 0, sizeof boots / sizeof *boots);
	tcase_add_test(tests, a_boot_that_is_told_over_and_over_restarts_once);
	tcase_add_test(tests, a_modem_that_restarts_while_it_is_begun_is_begun_from_the_first_command);
	tcase_add_test(tests, a_modem_that_cannot_send_rests_and_its_message_goes_back_untried);
	tcase_add_test(tests, a_modem_that_is_unplugged_ends_the_session_and_the_port_is_closed_at_once);
	tcase_add_test(tests, what_left_before_it_was_unplugged_is_in_doubt);
	tcase_add_test(tests, what_had_not_left_before_it_was_unplugged_goes_back_untried);
	tcase_add_test(tests, a_modem_that_is_not_there_is_told_with_its_path);
	suite_add_tcase(suite, tests);
	return run_suite(suite) != 0;
}
