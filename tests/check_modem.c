/* SPDX-License-Identifier: Apache-2.0 */
/*
 * check_modem.c - the driver of modems, whole, against a simulated one: how a session begins, who the
 * modem is, its SIM and PIN, its network. What it does when it hangs is in check_modem_mend.c.
 */
#include "modem_session.h"
#include "run_suite.h"

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/listener.h>

#include <dirent.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <termios.h>

/* How long no session may come, to be sure that none does. */
enum { NEVER_MS = 300 };

static bool note_says(const char *words)
{
	return strstr(the_link.note, words) != NULL;
}

static bool why_says(const char *words)
{
	return strstr(the_link.why, words) != NULL;
}

static unsigned state_files(void)
{
	unsigned n = 0;
	DIR *folder = opendir(state_folder);
	ck_assert_ptr_nonnull(folder);
	for (const struct dirent *entry; (entry = readdir(folder)); )
		n += entry->d_name[0] != '.';
	closedir(folder);
	return n;
}

/* The beginning (reference 3.2). */

START_TEST(a_message_goes_out)
{
	modem_link_up("");
	ck_assert_uint_eq(the_link.window, 1);
	lend(0);
	AWAIT(the_link.answered);
	ck_assert_int_eq(the_link.outcomes[0].verdict, VERDICT_SENT);
	ck_assert_uint_eq(heard_of(MODEM_TAKEN), 1);
}
END_TEST

START_TEST(a_prompt_that_is_open_at_the_start_is_ended)
{
	modem_script("on open: raw \"\\r\\n> \"");
	modem_link_up("");
	ck_assert_uint_ge(heard_of(MODEM_ESCAPE), 1);
	ck_assert_uint_eq(heard_of(MODEM_TAKEN), 0);
}
END_TEST

START_TEST(a_modem_that_answers_late_is_asked_again)
{
	modem_script("on AT$ first 2: nothing");
	modem_link_up("");
	ck_assert_uint_ge(commands_of("AT"), 3);
}
END_TEST

START_TEST(a_modem_that_goes_on_echoing_is_understood)
{
	modem_script("profile echo");
	modem_link_up("");
	lend(0);
	AWAIT(the_link.answered);
	ck_assert_int_eq(the_link.outcomes[0].verdict, VERDICT_SENT);
}
END_TEST

START_TEST(a_modem_without_numbers_for_errors_is_used)
{
	modem_script("on AT+CMEE: error");
	modem_link_up("");
	lend(0);
	AWAIT(the_link.answered);
	ck_assert_int_eq(the_link.outcomes[0].verdict, VERDICT_SENT);
}
END_TEST

START_TEST(a_radio_that_is_off_is_switched_on)
{
	modem_script("on AT+CFUN? first 1: say \"+CFUN: 4\"; ok");
	modem_link_up("");
	ck_assert_uint_eq(commands_of("AT+CFUN=1"), 1);
	ck_assert_uint_eq(commands_of("AT+CFUN=1,1"), 0);
}
END_TEST

START_TEST(commands_that_a_modem_lacks_are_done_without)
{
	modem_script("on AT+CREG=: error");
	modem_script("on AT+CGREG: error");
	modem_script("on AT+CEREG: error");
	modem_script("on AT+CCID: error");
	modem_script("on AT+CGMR: error");
	modem_script("on AT+CSCA?: cms 303");
	modem_link_up("");
}
END_TEST

/* Those are for who knows them. */
START_TEST(more_commands_of_the_file_are_sent_and_may_fail)
{
	modem_script("on AT+BAD: error");
	modem_link_up("init = {\"AT+BAD=1\", \"AT+CSDH=0\"}\n");
	ck_assert_uint_eq(commands_of("AT+BAD=1"), 1);
	ck_assert_uint_eq(commands_of("AT+CSDH=0"), 1);
}
END_TEST

START_TEST(the_way_of_messages_is_set_when_the_file_says_it)
{
	modem_link_up("message_service = 3\n");
	ck_assert_uint_eq(commands_of("AT+CGSMS=3"), 1);
}
END_TEST

START_TEST(the_way_of_messages_is_left_alone_otherwise)
{
	modem_link_up("");
	ck_assert_uint_eq(commands_of("AT+CGSMS=3"), 0);
	ck_assert_uint_eq(commands_of("AT+CGSMS=1"), 0);
}
END_TEST

/* A terminal server: octets from one side go to the other. */
static struct bufferevent *sides[2];

static void on_side(struct bufferevent *side, void *other)
{
	bufferevent_write_buffer(other, bufferevent_get_input(side));
}

static void on_call(struct evconnlistener *listener, evutil_socket_t fd, struct sockaddr *address, int len, void *ctx)
{
	(void)listener, (void)address, (void)len, (void)ctx;
	struct termios raw;
	const int line = open(modem_path, O_RDWR | O_NOCTTY | O_NONBLOCK);
	ck_assert_int_ge(line, 0);
	ck_assert_int_eq(tcgetattr(line, &raw), 0);
	cfmakeraw(&raw);
	ck_assert_int_eq(tcsetattr(line, TCSANOW, &raw), 0);
	for (int i = 0; i < 2; i++) {
		if (sides[i])
			bufferevent_free(sides[i]);
		sides[i] = bufferevent_socket_new(the_link.base, i ? line : fd, BEV_OPT_CLOSE_ON_FREE);
		ck_assert_ptr_nonnull(sides[i]);
	}
	for (int i = 0; i < 2; i++) {
		bufferevent_setcb(sides[i], on_side, NULL, NULL, sides[!i]);
		bufferevent_enable(sides[i], EV_READ | EV_WRITE);
	}
}

START_TEST(a_modem_behind_a_terminal_server_sends)
{
	struct sockaddr_in any = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof any;
	struct evconnlistener *listener = evconnlistener_new_bind(the_link.base, on_call, NULL, LEV_OPT_CLOSE_ON_FREE, 5,
	    (struct sockaddr *)&any, sizeof any);
	ck_assert_ptr_nonnull(listener);
	ck_assert_int_eq(getsockname(evconnlistener_get_fd(listener), (struct sockaddr *)&any, &len), 0);
	char lines[256];
	struct conf_error err;
	snprintf(lines, sizeof lines, "device = \"tcp://127.0.0.1:%u\"\nstate = \"%s\"\n" QUICK, ntohs(any.sin_port),
	    state_folder);
	ck_assert_msg(modem_options_read(&modem_said, lines, &err), "%s", err.text);
	world_open_as(&modem_driver, &modem_said);
	AWAIT(the_link.ups || the_link.downs);
	ck_assert_msg(the_link.ups, "%s", the_link.why);
	lend(0);
	AWAIT(the_link.answered);
	ck_assert_int_eq(the_link.outcomes[0].verdict, VERDICT_SENT);
	/* It hangs up. */
	bufferevent_free(sides[0]);
	bufferevent_free(sides[1]);
	sides[0] = sides[1] = NULL;
	AWAIT(the_link.downs);
	ck_assert_int_eq(the_link.down, DOWN_LOST);
	evconnlistener_free(listener);
}
END_TEST

/* How messages and strings are written. */

START_TEST(a_modem_that_refuses_pdus_gets_texts)
{
	modem_script("profile text-only");
	modem_link_up("");
	ck_assert_uint_ge(commands_of("AT+CMGF=1"), 1);
	lend(0);
	AWAIT(the_link.answered);
	ck_assert_int_eq(the_link.outcomes[0].verdict, VERDICT_SENT);
}
END_TEST

START_TEST(mode_pdu_does_without_texts)
{
	modem_script("profile text-only");
	modem_link_open("mode = pdu\n");
	AWAIT(the_link.downs);
	ck_assert_int_eq(the_link.down, DOWN_REFUSED);
	ck_assert_msg(why_says("refuses PDU mode"), "%s", the_link.why);
}
END_TEST

START_TEST(strings_are_hex_for_a_modem_that_knows_no_others)
{
	modem_script("on AT+CSCS=\"GSM\": error");
	modem_link_up("");
	ck_assert_uint_ge(commands_of("AT+CSCS=\"UCS2\""), 1);
	AWAIT(note_says("Testnet"));
}
END_TEST

START_TEST(a_modem_that_writes_strings_in_hex_is_read)
{
	modem_script("profile ucs2");
	modem_link_up("");
	AWAIT(note_says("Testnet"));
}
END_TEST

/* The SIM and its PIN. */

START_TEST(a_pin_is_entered_once)
{
	modem_script("set pin 1234");
	modem_link_up("pin = 1234\n");
	ck_assert_uint_eq(heard_text(MODEM_PIN, "right"), 1);
	ck_assert_uint_eq(state_files(), 0);
	modem_link_reopen();
	AWAIT(the_link.ups);
	ck_assert_uint_eq(heard_of(MODEM_PIN), 1);
}
END_TEST

START_TEST(no_pin_is_entered_that_is_not_asked_for)
{
	modem_link_up("pin = 1234\n");
	ck_assert_uint_eq(heard_of(MODEM_PIN), 0);
	ck_assert_uint_eq(commands_of("AT+CPIN="), 0);
}
END_TEST

START_TEST(a_wrong_pin_is_entered_once_and_never_again)
{
	modem_script("set pin 1234");
	modem_link_open("pin = 9999\n");
	AWAIT(the_link.downs);
	ck_assert_int_eq(the_link.down, DOWN_BARRED);
	ck_assert_msg(why_says("did not take the PIN"), "%s", the_link.why);
	ck_assert_uint_eq(heard_text(MODEM_PIN, "wrong"), 1);
	/* Another process would find what this one left: the file. Three tries are said to be left. */
	modem_script("set tries 3");
	modem_link_reopen();
	AWAIT(the_link.downs);
	ck_assert_int_eq(the_link.down, DOWN_BARRED);
	ck_assert_msg(why_says("refused this PIN before") && why_says(state_folder), "%s", the_link.why);
	ck_assert_uint_eq(heard_of(MODEM_PIN), 1);
}
END_TEST

START_TEST(another_pin_is_tried_after_a_wrong_one)
{
	modem_script("set pin 1234");
	modem_link_open("pin = 9999\n");
	AWAIT(the_link.downs);
	modem_script("set tries 3");
	modem_link_said("pin = 1234\n");
	modem_link_reopen();
	AWAIT(the_link.ups);
	ck_assert_uint_eq(heard_text(MODEM_PIN, "right"), 1);
	ck_assert_uint_eq(state_files(), 0);
}
END_TEST

/* The gateway died between entering it and hearing of it. */
START_TEST(a_pin_whose_outcome_nobody_heard_is_not_entered_again)
{
	modem_script("set pin 1234");
	modem_script("on AT+CPIN= first 1: nothing");
	modem_link_open("pin = 1234\n");
	AWAIT(commands_of("AT+CPIN=") == 1);
	modem_link_reopen();
	AWAIT(the_link.downs);
	ck_assert_int_eq(the_link.down, DOWN_BARRED);
	ck_assert_msg(why_says("entered before"), "%s", the_link.why);
	ck_assert_uint_eq(commands_of("AT+CPIN="), 1);
}
END_TEST

START_TEST(a_sim_that_was_unlocked_by_hand_is_used_and_the_doubt_forgotten)
{
	modem_script("set pin 1234");
	modem_script("on AT+CPIN= first 1: nothing");
	modem_link_open("pin = 1234\n");
	AWAIT(commands_of("AT+CPIN=") == 1);
	ck_assert_uint_eq(state_files(), 1);
	modem_script("set pin \"\"");
	modem_link_reopen();
	AWAIT(the_link.ups);
	ck_assert_uint_eq(state_files(), 0);
}
END_TEST

START_TEST(a_pin_is_not_entered_when_fewer_than_three_tries_are_left)
{
	modem_script("set pin 1234");
	modem_script("set tries 2");
	modem_link_open("pin = 1234\n");
	AWAIT(the_link.downs);
	ck_assert_int_eq(the_link.down, DOWN_BARRED);
	ck_assert_msg(why_says("2 tries"), "%s", the_link.why);
	ck_assert_uint_eq(heard_of(MODEM_PIN), 0);
}
END_TEST

/* Makers tell them in ways of their own. */
static const struct { const char *refused[3], *said, *command; } ways_of_tries[] = {
	{ { "AT+CPINR", NULL }, "^CPIN: SIM PIN,2,10,2,10,3", "AT^CPIN?" },
	{ { "AT+CPINR", "AT^CPIN?", NULL }, "+SPIC: 2,10,0,10", "AT+SPIC" },
	{ { "AT+CPINR", "AT^CPIN?", "AT+SPIC" }, "+QPINC: \\\"SC\\\",2,10", "AT+QPINC?" },
};

START_TEST(tries_are_asked_for_in_each_makers_way)
{
	modem_script("set pin 1234");
	for (size_t i = 0; i < 3 && ways_of_tries[_i].refused[i]; i++)
		modem_script("on %s: error", ways_of_tries[_i].refused[i]);
	modem_script("on %s: say \"%s\"; ok", ways_of_tries[_i].command, ways_of_tries[_i].said);
	modem_link_open("pin = 1234\n");
	AWAIT(the_link.downs);
	ck_assert_msg(why_says("2 tries"), "%s", the_link.why);
	ck_assert_uint_eq(heard_of(MODEM_PIN), 0);
}
END_TEST

START_TEST(a_sim_without_a_name_is_remembered_by_its_modem)
{
	modem_script("set pin 1234");
	modem_script("on AT+CCID: error");
	modem_script("on AT^ICCID?: error");
	modem_script("on AT+ICCID: error");
	modem_script("on AT+CIMI first 1: cme 11");
	modem_link_open("pin = 9999\n");
	AWAIT(the_link.downs);
	char path[160];
	snprintf(path, sizeof path, "%s/pin-imei-356938035643809", state_folder);
	ck_assert_msg(access(path, R_OK) == 0, "%s is missing", path);
}
END_TEST

START_TEST(a_pin_that_cannot_be_remembered_is_not_entered)
{
	modem_script("set pin 1234");
	char lines[200];
	snprintf(lines, sizeof lines, "pin = 1234\nstate = \"%s/modem\"\n", "/proc/1");
	char text[1024];
	struct conf_error err;
	snprintf(text, sizeof text, "device = \"%s\"\n" QUICK "%s", modem_path, lines);
	ck_assert_msg(modem_options_read(&modem_said, text, &err), "%s", err.text);
	world_open_as(&modem_driver, &modem_said);
	AWAIT(the_link.downs);
	ck_assert_int_eq(the_link.down, DOWN_REFUSED);
	ck_assert_msg(why_says("cannot be noted"), "%s", the_link.why);
	ck_assert_uint_eq(heard_of(MODEM_PIN), 0);
}
END_TEST

START_TEST(a_pin_that_nobody_gave_is_asked_for)
{
	modem_script("set pin 1234");
	modem_link_open("");
	AWAIT(the_link.downs);
	ck_assert_int_eq(the_link.down, DOWN_REFUSED);
	ck_assert_msg(why_says("pin_file"), "%s", the_link.why);
}
END_TEST

START_TEST(a_puk_is_never_entered)
{
	modem_script("set pin 1234");
	modem_script("set tries 0");
	modem_link_open("pin = 1234\n");
	AWAIT(the_link.downs);
	ck_assert_int_eq(the_link.down, DOWN_BARRED);
	ck_assert_msg(why_says("PUK"), "%s", the_link.why);
	ck_assert_uint_eq(heard_of(MODEM_PIN), 0);
}
END_TEST

static const struct { const char *script, *words; enum down down; } sims[] = {
	{ "on AT+CPIN?: cme 10", "no SIM", DOWN_BUSY },
	{ "on AT+CPIN?: say \"+CPIN: NOT INSERTED\"; ok", "no SIM", DOWN_BUSY },
	{ "on AT+CPIN?: cme 13", "SIM fails", DOWN_BUSY },
	{ "on AT+CPIN?: cms 310", "no SIM", DOWN_BUSY },
	{ "on AT+CPIN?: cme 12", "PUK", DOWN_BARRED },
	{ "on AT+CPIN?: say \"+CPIN: PH-NET PIN\"; ok", "locked", DOWN_REFUSED },
	{ "on AT+CPIN?: cme 14", "not ready", DOWN_BUSY }, /* for ever */
};

START_TEST(a_sim_that_cannot_be_used_is_told_in_words)
{
	modem_script("%s", sims[_i].script);
	modem_link_open("");
	AWAIT(the_link.downs);
	ck_assert_int_eq(the_link.down, sims[_i].down);
	ck_assert_msg(why_says(sims[_i].words), "%s", the_link.why);
}
END_TEST

static const char *const busy_sims[] = {
	"on AT+CPIN? first 3: cme 14", "on AT+CPIN? first 3: cme 515", "on AT+CPIN? first 3: cms 314",
	"on AT+CPIN? first 3: say \"+CPIN: NOT READY\"; ok", "on AT+CPIN? first 3: error",
};

START_TEST(a_busy_sim_is_awaited)
{
	modem_script("%s", busy_sims[_i]);
	modem_link_open("");
	AWAIT(note_says("waits for the SIM"));
	AWAIT(the_link.ups);
	ck_assert_uint_ge(commands_of("AT+CPIN?"), 4);
}
END_TEST

/* The file says five waits; they are long here, so that it is the line that ends them. */
static const char *const ready_lines[] = { "SMS Ready", "+QIND: SMS DONE" };

START_TEST(after_the_pin_the_modem_says_that_it_can_do_messages)
{
	modem_script("set pin 1234");
	modem_script("on AT+CPIN=: answer; wait 0.1; urc \"%s\"", ready_lines[_i]);
	const uint64_t begun = now_ms();
	modem_link_up("recovery_wait = 1\npin = 1234\n");
	ck_assert_uint_lt(now_ms() - begun, 4900);
}
END_TEST

START_TEST(after_the_pin_the_sim_takes_a_while)
{
	modem_script("set pin 1234");
	modem_script("on AT+CPIN? nth 2: say \"+CPIN: NOT READY\"; ok");
	modem_link_up("pin = 1234\n");
	ck_assert_uint_eq(heard_of(MODEM_PIN), 1);
}
END_TEST

/* The network. */

static const struct { const char *network, *words; } networks[] = {
	{ "home", "home network Testnet" }, { "roaming", "roaming Testnet" }, { "sms", "messages only" },
	{ "lte", "home network" },
};

START_TEST(a_modem_with_a_network_is_used)
{
	modem_script("set network %s", networks[_i].network);
	modem_script("set signal 17");
	modem_link_up("");
	AWAIT(note_says(networks[_i].words));
	ck_assert_msg(note_says("-79 dBm"), "%s", the_link.note);
}
END_TEST

static const int usable_states[] = { 1, 5, 6, 7, 9, 10 };

START_TEST(each_state_that_is_a_network_is_one)
{
	modem_script("set network off");
	modem_script("on AT+CREG?: say \"+CREG: 2,%d,\\\"00C3\\\",\\\"0001\\\"\"; ok", usable_states[_i]);
	modem_link_up("");
}
END_TEST

static const struct { const char *network, *words; } absences[] = {
	{ "off", "no network" }, { "searching", "looks for a network" }, { "denied", "refuses this SIM" },
	{ "emergency", "emergency" },
};

START_TEST(a_modem_without_a_network_says_why_and_takes_nothing)
{
	modem_script("set network %s", absences[_i].network);
	modem_link_open("");
	AWAIT(note_says(absences[_i].words));
	idle(NEVER_MS);
	ck_assert_uint_eq(the_link.ups, 0);
	ck_assert_uint_eq(the_link.downs, 0);
	modem_script("set network home");
	AWAIT(the_link.ups);
}
END_TEST

START_TEST(a_network_that_goes_makes_the_link_wait_and_comes_back)
{
	modem_link_up("");
	modem_script("set network searching");
	AWAIT(the_link.waits == 1);
	ck_assert_msg(note_says("looks for a network"), "%s", the_link.note);
	ck_assert_uint_eq(the_link.window, 0);
	modem_script("set network home");
	AWAIT(the_link.ups == 2);
	lend(0);
	AWAIT(the_link.answered);
	ck_assert_int_eq(the_link.outcomes[0].verdict, VERDICT_SENT);
	ck_assert_uint_eq(the_link.downs, 0);
}
END_TEST

/* Some never say it by themselves. */
START_TEST(a_network_that_goes_silently_is_missed)
{
	modem_script("on AT+CREG=2: error");
	modem_script("on AT+CGREG=2: error");
	modem_script("on AT+CEREG=2: error");
	modem_link_up("recovery_wait = 0.005\n");
	modem_script("set network off");
	AWAIT(the_link.waits == 1);
}
END_TEST

START_TEST(a_weak_signal_is_said_and_does_not_stop_anything)
{
	modem_script("set signal 3");
	modem_link_up("");
	AWAIT(note_says("weak"));
	lend(0);
	AWAIT(the_link.answered);
	ck_assert_int_eq(the_link.outcomes[0].verdict, VERDICT_SENT);
}
END_TEST

START_TEST(routing_is_set_again_and_again)
{
	modem_link_up("recovery_wait = 0.001\n");
	const unsigned before = commands_of("AT+CNMI=");
	AWAIT(commands_of("AT+CNMI=") > before);
}
END_TEST

/* Makers (reference 3.17). */

static const struct { const char *profile, *command; } makers[] = {
	{ "huawei", "AT^CURC=0" }, { "zte", "AT+ZCDRUN=8" }, { "quectel", "AT+QINDCFG" }, { "simcom", "AT+CNSMOD" },
	{ "wavecom", NULL }, { "siemens", "AT^SM20=0" }, { "telit", NULL }, { "motorola", NULL }, { "nordic", NULL },
	{ "neoway", NULL }, { "generic", NULL }, { "mu509", NULL }, { "qualcomm", NULL },
};

START_TEST(a_modem_of_each_maker_is_known_and_sends)
{
	modem_script("profile %s", makers[_i].profile);
	modem_link_up("");
	if (makers[_i].command)
		ck_assert_uint_ge(commands_of(makers[_i].command), 1);
	lend(0);
	AWAIT(the_link.answered);
	ck_assert_int_eq(the_link.outcomes[0].verdict, VERDICT_SENT);
}
END_TEST

START_TEST(the_file_may_name_the_profile)
{
	modem_script("profile huawei");
	modem_link_up("profile = generic\n");
	ck_assert_uint_eq(commands_of("AT^CURC=0"), 0);
}
END_TEST

/* What it cannot do. */

START_TEST(several_recipients_and_broadcasts_are_refused_in_words)
{
	static const struct destination two[] = { { "+447700900123", false }, { "+447700900124", false } };
	modem_link_up("");
	messages[0].destinations = two;
	messages[0].ndestinations = 2;
	lend(0);
	ck_assert_int_eq(the_link.outcomes[0].verdict, VERDICT_REJECTED);
	ck_assert_ptr_nonnull(strstr(the_link.outcomes[0].text, "one recipient"));
	const struct asked broadcast = { .kind = KIND_BROADCAST };
	messages[1].asked = &broadcast;
	lend(1);
	ck_assert_int_eq(the_link.outcomes[1].verdict, VERDICT_REJECTED);
	ck_assert_ptr_nonnull(strstr(the_link.outcomes[1].text, "broadcast"));
	ck_assert_uint_eq(commands_of("AT+CMGS"), 0);
}
END_TEST

#define EACH(tests, test, table) tcase_add_loop_test(tests, test, 0, sizeof table / sizeof *table)

static void add_sim_tests(TCase *tests)
{
	tcase_add_test(tests, a_pin_is_entered_once);
	tcase_add_test(tests, no_pin_is_entered_that_is_not_asked_for);
	tcase_add_test(tests, a_wrong_pin_is_entered_once_and_never_again);
	tcase_add_test(tests, another_pin_is_tried_after_a_wrong_one);
	tcase_add_test(tests, a_pin_whose_outcome_nobody_heard_is_not_entered_again);
	tcase_add_test(tests, a_sim_that_was_unlocked_by_hand_is_used_and_the_doubt_forgotten);
	tcase_add_test(tests, a_pin_is_not_entered_when_fewer_than_three_tries_are_left);
	EACH(tests, tries_are_asked_for_in_each_makers_way, ways_of_tries);
	tcase_add_test(tests, a_sim_without_a_name_is_remembered_by_its_modem);
	tcase_add_test(tests, a_pin_that_cannot_be_remembered_is_not_entered);
	tcase_add_test(tests, a_pin_that_nobody_gave_is_asked_for);
	tcase_add_test(tests, a_puk_is_never_entered);
	EACH(tests, a_sim_that_cannot_be_used_is_told_in_words, sims);
	EACH(tests, a_busy_sim_is_awaited, busy_sims);
	EACH(tests, after_the_pin_the_modem_says_that_it_can_do_messages, ready_lines);
	tcase_add_test(tests, after_the_pin_the_sim_takes_a_while);
}

static void add_network_tests(TCase *tests)
{
	EACH(tests, a_modem_with_a_network_is_used, networks);
	EACH(tests, each_state_that_is_a_network_is_one, usable_states);
	EACH(tests, a_modem_without_a_network_says_why_and_takes_nothing, absences);
	tcase_add_test(tests, a_network_that_goes_makes_the_link_wait_and_comes_back);
	tcase_add_test(tests, a_network_that_goes_silently_is_missed);
	tcase_add_test(tests, a_weak_signal_is_said_and_does_not_stop_anything);
	tcase_add_test(tests, routing_is_set_again_and_again);
	EACH(tests, a_modem_of_each_maker_is_known_and_sends, makers);
	tcase_add_test(tests, the_file_may_name_the_profile);
	tcase_add_test(tests, several_recipients_and_broadcasts_are_refused_in_words);
}

static void add_start_tests(TCase *tests)
{
	tcase_add_test(tests, a_message_goes_out);
	tcase_add_test(tests, a_prompt_that_is_open_at_the_start_is_ended);
	tcase_add_test(tests, a_modem_that_answers_late_is_asked_again);
	tcase_add_test(tests, a_modem_that_goes_on_echoing_is_understood);
	tcase_add_test(tests, a_modem_without_numbers_for_errors_is_used);
	tcase_add_test(tests, a_radio_that_is_off_is_switched_on);
	tcase_add_test(tests, commands_that_a_modem_lacks_are_done_without);
	tcase_add_test(tests, more_commands_of_the_file_are_sent_and_may_fail);
	tcase_add_test(tests, the_way_of_messages_is_set_when_the_file_says_it);
	tcase_add_test(tests, the_way_of_messages_is_left_alone_otherwise);
	tcase_add_test(tests, a_modem_behind_a_terminal_server_sends);
	tcase_add_test(tests, a_modem_that_refuses_pdus_gets_texts);
	tcase_add_test(tests, mode_pdu_does_without_texts);
	tcase_add_test(tests, strings_are_hex_for_a_modem_that_knows_no_others);
	tcase_add_test(tests, a_modem_that_writes_strings_in_hex_is_read);
}

int main(void)
{
	Suite *suite = suite_create("modem");
	static const struct { const char *name; void (*add)(TCase *); } cases[] = {
		{ "start", add_start_tests }, { "sim", add_sim_tests }, { "network", add_network_tests },
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		TCase *tests = tcase_create(cases[i].name);
		tcase_set_timeout(tests, 60);
		tcase_add_checked_fixture(tests, modem_session_setup, modem_session_teardown);
		cases[i].add(tests);
		suite_add_tcase(suite, tests);
	}
	return run_suite(suite) != 0;
}
