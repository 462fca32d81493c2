/* SPDX-License-Identifier: Apache-2.0 */
/*
 * check_modem_values.c - what a link with a modem may say, what makers are called, and what single
 * lines of modems mean: registration, signal, operator, message centre, tries of a PIN.
 */
#include "../drivers/modem_said.h"
#include "../drivers/modem_session.h"
#include "modem_session.h"
#include "run_suite.h"

#include <check.h>

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Keys. */

static const char *const good_links[] = {
	"device = \"/dev/ttyUSB0\"", "device = \"tcp://192.0.2.1:2000\"", "device = \"tcp://[2001:db8::1]:2000\"",
	"device = \"imei:356938035643809\"", "device = \"/dev/x\"\nbaud = 9600\nflow = none",
	"device = \"/dev/x\"\npin = 1234", "device = \"/dev/x\"\npin = 12345678", "device = \"/dev/x\"\nsmsc = \"+447785016005\"",
	"device = \"/dev/x\"\nstorages = {\"SM\", \"ME\"}", "device = \"/dev/x\"\ninit = {\"AT+CNSMOD=1\", \"at&w\"}",
	"device = \"/dev/x\"\nbalance = \"*100#\"", "device = \"/dev/x\"\nprofile = Huawei",
	"device = \"/dev/x\"\nstatus = {\"38 = fail\"}",
};

START_TEST(a_link_may_say_this)
{
	struct modem_options options;
	struct conf_error err;
	ck_assert_msg(modem_options_read(&options, good_links[_i], &err), "%s", err.text);
	conf_clear(modem_keys, &options);
}
END_TEST

static const struct { const char *lines, *words; } bad_links[] = {
	{ "baud = 9600", "device" }, { "device = \"ttyUSB0\"", "no path" }, { "device = \"tcp://host\"", "no path" },
	{ "device = \"tcp://:7\"", "no path" }, { "device = \"tcp://host:99999\"", "no path" }, { "device = \"imei:123\"", "15 digits" },
	{ "device = \"/dev/x\"\nbaud = 9601", "baud" }, { "device = \"/dev/x\"\npin = 123", "4 to 8 digits" },
	{ "device = \"/dev/x\"\npin = 12a4", "4 to 8 digits" }, { "device = \"/dev/x\"\nsmsc = \"Vodafone\"", "no number" },
	{ "device = \"/dev/x\"\nstorages = {\"SM\", \"XX\"}", "XX" }, { "device = \"/dev/x\"\ninit = {\"+CNSMOD=1\"}", "AT" },
	{ "device = \"/dev/x\"\ninit = {\"AT+CPIN=1234\"}", "pin_file" }, { "device = \"/dev/x\"\ninit = {\"at+cmgs=20\"}", "AT+CMGS" },
	{ "device = \"/dev/x\"\nbalance = \"100\"", "USSD" }, { "device = \"/dev/x\"\nprofile = nokia", "huawei" },
	{ "device = \"/dev/x\"\ncommand_timeout = 0", "command_timeout is too short" },
	{ "device = \"/dev/x\"\nprompt_timeout = 0.05", "prompt_timeout is too short" },
	{ "device = \"/dev/x\"\nresult_timeout = 0", "result_timeout is too short" },
	{ "device = \"/dev/x\"\nstatus = {\"38\"}", "38" }, { "device = \"/dev/x\"\nmessage_service = 4", "message_service" },
};

START_TEST(a_link_may_not_say_that_and_is_told_why)
{
	struct modem_options options;
	struct conf_error err;
	ck_assert(!modem_options_read(&options, bad_links[_i].lines, &err));
	ck_assert_msg(strstr(err.text, bad_links[_i].words) != NULL, "%s", err.text);
	conf_clear(modem_keys, &options);
}
END_TEST

START_TEST(rates_are_known_by_their_numbers)
{
	struct modem_options options = { .baud = 0 };
	ck_assert_uint_eq(modem_baud(&options), 0);
	ck_assert(modem_set_baud(&options, 115200));
	ck_assert_uint_eq(modem_baud(&options), 115200);
	ck_assert(!modem_set_baud(&options, 4711));
	ck_assert(modem_set_baud(&options, 0));
	ck_assert_uint_eq(modem_baud(&options), 0);
}
END_TEST

/* Makers. */

static const struct { const char *maker, *model, *profile; } makers[] = {
	{ "huawei", "E173", "huawei" }, { "Huawei Technologies Co., Ltd.", "MU509", "huawei" }, { "ZTE CORPORATION", "MF180", "zte" },
	{ "Quectel", "EC25", "quectel" }, { "SIMCOM_Ltd", "SIMCOM_SIM800C", "simcom" }, { "SIMCOM INCORPORATED", "SIM7600E", "simcom" },
	{ "WAVECOM MODEM", "MULTIBAND 900E 1800", "wavecom" }, { "Sierra Wireless, Incorporated", "MC7304", "wavecom" },
	{ "SIEMENS", "MC35i", "siemens" }, { "Cinterion", "BGS2-W", "siemens" }, { "Gemalto", "BGS5", "siemens" },
	{ "Telit", "GE910", "telit" }, { "Motorola", "G24", "motorola" }, { "Option N.V.", "GTM378", "option" },
	{ "SAGEM", "HiLo", "sagem" }, { "Nordic Semiconductor ASA", "nRF9160", "nordic" }, { "NEOWAY", "M590", "neoway" },
	{ "", "M590E", "neoway" }, { "Acme", "X1", "generic" }, { "", "", "generic" },
};

START_TEST(makers_are_known_by_what_they_say_of_themselves)
{
	struct modem_identity identity = { .maker = "" };
	snprintf(identity.maker, sizeof identity.maker, "%s", makers[_i].maker);
	snprintf(identity.model, sizeof identity.model, "%s", makers[_i].model);
	ck_assert_str_eq(modem_profile_of(&identity)->name, makers[_i].profile);
}
END_TEST

START_TEST(what_does_not_survive_cfun_says_so)
{
	ck_assert(modem_profile_named("neoway")->no_cfun);
	ck_assert(!modem_profile_named("generic")->no_cfun);
	ck_assert_ptr_null(modem_profile_named("nokia"));
	ck_assert_str_eq(modem_profile_named("huawei")->reset, "AT^RESET"); /* with AT+CFUN=1,1 it comes back as a CD-ROM */
}
END_TEST

/* Registration: an answer has the setting first; what comes by itself has not. */

static const struct { const char *line; int kind, state; } registrations[] = {
	{ "+CREG: 2,1,\"00C3\",\"0001\"", RADIO_CS, 1 }, { "+CREG: 1,\"00C3\",\"0001\"", RADIO_CS, 1 }, { "+CREG: 5", RADIO_CS, 5 },
	{ "+CREG: 0,2", RADIO_CS, 2 }, { "+CREG: 000,001", RADIO_CS, 1 }, /* Motorola */
	{ "+CREG:2,5", RADIO_CS, 5 }, { "+CREG: 2, 1, \"00C3\"", RADIO_CS, 1 }, { "+CREG: 1,00C3,0001", RADIO_CS, 1 },
	{ "+CGREG: 2,3", RADIO_PS, 3 }, { "+CEREG: 2,10,\"1A2B\",\"01\",7", RADIO_EPS, 10 }, { "+CEREG: 6,\"1A2B\",\"01\",7", RADIO_EPS, 6 },
};

START_TEST(registration_is_read_in_both_forms)
{
	struct radio radio;
	radio_clear(&radio);
	ck_assert(!radio_is_told(&radio));
	ck_assert(radio_read(&radio, registrations[_i].line, false));
	ck_assert_int_eq(radio.stat[registrations[_i].kind], registrations[_i].state);
	ck_assert(radio_is_told(&radio));
}
END_TEST

START_TEST(lines_that_say_nothing_of_the_network_are_left_alone)
{
	static const char *const lines[] = { "+CMTI: \"SM\",1", "+CREGX: 1", "OK", "", "+CREG", "+CUSD: 0" };
	struct radio radio;
	radio_clear(&radio);
	for (size_t i = 0; i < sizeof lines / sizeof *lines; i++)
		ck_assert_msg(!radio_read(&radio, lines[i], false), "%s", lines[i]);
	/* Theirs, and no sense in them. */
	ck_assert(radio_read(&radio, "+CREG: ", false));
	ck_assert(radio_read(&radio, "+CREG: x,y", false));
	ck_assert(radio_read(&radio, "+CREG: 99999999999", false));
	ck_assert(!radio_is_told(&radio));
}
END_TEST

START_TEST(any_of_the_three_networks_is_one)
{
	for (int state = -1; state < 12; state++)
		for (int kind = 0; kind < RADIO_KINDS; kind++) {
			struct radio radio;
			radio_clear(&radio);
			radio.stat[kind] = state;
			ck_assert_msg(radio_is_there(&radio) == (state == 1 || state == 5 || state == 6 || state == 7 || state == 9 ||
			    state == 10), "state %d", state);
		}
}
END_TEST

static const struct { const char *line; int dbm; } signals[] = {
	{ "+CSQ: 0,0", -113 }, { "+CSQ: 17,99", -79 }, { "+CSQ: 31,0", -51 }, { "+CSQ: 99,99", 0 }, { "+CSQ:5,0", -103 },
	{ "+CSQ: 191,99", -51 }, { "+CSQ: 100,99", -113 }, /* TD-SCDMA */
	{ "+CSQ: 77,0", 0 }, { "+CSQ: ,", 0 },
};

START_TEST(signals_are_decibels)
{
	struct radio radio;
	radio_clear(&radio);
	ck_assert(radio_read(&radio, signals[_i].line, false));
	ck_assert_int_eq(radio_dbm(&radio), signals[_i].dbm);
}
END_TEST

static const struct { const char *line; bool ucs2; const char *name; } operators[] = {
	{ "+COPS: 0,0,\"O2 - de\",7", false, "O2 - de" }, { "+COPS: 0", false, "" }, { "+COPS: 0,2,\"26207\"", true, "26207" },
	{ "+COPS: 0,0,\"004F0032\"", true, "O2" }, { "+COPS: 0,0,\"004F0032\"", false, "O2" }, { "+COPS: 0,0,\"\"", false, "" },
	{ "+COPS: 0,0,\"O2", false, "" },
};

START_TEST(operators_are_read_in_plain_text_and_in_hex)
{
	struct radio radio;
	radio_clear(&radio);
	ck_assert(radio_read(&radio, operators[_i].line, operators[_i].ucs2));
	ck_assert_str_eq(radio.operator, operators[_i].name);
}
END_TEST

/* What single lines say. */

static const struct { const char *line, *number; } centres[] = {
	{ "+CSCA: \"+491710760000\",145", "+491710760000" }, { "+CSCA: +491710760000,145", "+491710760000" },
	{ "+CSCA: \"002B003400390031003700310030003700360030003000300030\",145", "+491710760000" },
	{ "+CSCA: \"491710760000\",129", "491710760000" }, { "+CSCA: \"\",129", "" }, { "+CSCA: ,", "" }, { "+CSCA: \"abc\"", "" },
};

START_TEST(message_centres_are_read_in_each_form)
{
	const char *const lines[] = { centres[_i].line };
	const struct at_answer answer = { .result = AT_OK, .lines = lines, .nlines = 1 };
	char number[MODEM_ID_MAX] = "";
	said_centre(&answer, number, sizeof number);
	ck_assert_str_eq(number, centres[_i].number);
}
END_TEST

static const struct { const char *line, *value; } values[] = {
	{ "huawei", "huawei" }, { "+CGMI: \"Nordic\"", "Nordic" }, { "+CGMI:Nordic ", "Nordic" }, { "\x01 a\x7F b", "a b" }, { "", "" },
};

START_TEST(values_come_with_and_without_a_name_and_quotes)
{
	const char *const lines[] = { values[_i].line };
	const struct at_answer answer = { .result = AT_OK, .lines = lines, .nlines = 1 };
	const struct at_answer failed = { .result = AT_ERROR, .lines = lines, .nlines = 1 };
	const struct at_answer empty = { .result = AT_OK };
	char value[MODEM_NAME_MAX] = "before";
	said_value(&failed, "+CGMI:", value, sizeof value);
	ck_assert_str_eq(value, "before");
	said_value(&empty, "+CGMI:", value, sizeof value);
	ck_assert_str_eq(value, "before");
	said_value(&answer, "+CGMI:", value, sizeof value);
	ck_assert_str_eq(value, values[_i].value);
}
END_TEST

static const struct { const char *line; int left; } tries[] = {
	{ "+CPINR: SIM PIN,3,3", 3 }, { "+CPINR: SIM PIN,1,3", 1 }, { "+CPINR: SIM PIN2,3,3", -1 }, { "+CPINR: SIM PUK,10,10", -1 },
	{ "^CPIN: SIM PIN,2,10,2,10,3", 2 }, { "^CPIN: SIM PIN,2", 2 }, { "^CPIN: READY,,10,3,10,3", 3 }, { "+SPIC: 3,10,0,10", 3 },
	{ "+QPINC: \"SC\",3,10", 3 }, { "+QPINC: \"P2\",3,10", -1 }, { "+CPINR: SIM PIN", -1 }, { "OK", -1 }, { "", -1 },
};

START_TEST(tries_of_a_pin_are_read_in_each_makers_form)
{
	ck_assert_int_eq(pin_tries(tries[_i].line), tries[_i].left);
}
END_TEST

/* The memory of PINs. */

START_TEST(a_pin_is_remembered_for_its_sim_and_no_other)
{
	char folder[] = "/tmp/smsqld-pin.XXXXXX", file[PATH_MAX], deep[128];
	struct pin_key one, other;
	ck_assert_ptr_nonnull(mkdtemp(folder));
	snprintf(deep, sizeof deep, "%s/a/b", folder); /* it is made */
	ck_assert(pin_key_of(&one, &(struct modem_identity){ .iccid = "8949020000012345678" }, "/dev/x"));
	ck_assert(pin_key_of(&other, &(struct modem_identity){ .imsi = "262011234567890" }, "/dev/x"));
	pin_file_of(&one, deep, file, sizeof file);
	ck_assert_int_eq(pin_past(file, &one, "1234"), PIN_NEW);
	ck_assert(pin_note(file, &one, "1234", PIN_ENTERED));
	ck_assert_int_eq(pin_past(file, &one, "1234"), PIN_ENTERED);
	ck_assert_int_eq(pin_past(file, &one, "4321"), PIN_NEW);
	ck_assert_int_eq(pin_past(file, &other, "1234"), PIN_NEW);
	ck_assert(pin_note(file, &one, "1234", PIN_REFUSED));
	ck_assert_int_eq(pin_past(file, &one, "1234"), PIN_REFUSED);
	ck_assert_int_eq(pin_past(file, &one, ""), PIN_REFUSED);
	struct stat is;
	ck_assert_int_eq(stat(file, &is), 0);
	ck_assert_int_eq(is.st_mode & 077, 0);
	/* The PIN itself is not in it. */
	char text[512] = "";
	FILE *in = fopen(file, "re");
	ck_assert_ptr_nonnull(in);
	ck_assert_uint_gt(fread(text, 1, sizeof text - 1, in), 0);
	fclose(in);
	ck_assert_ptr_null(strstr(text, "1234\n"));
	pin_forget(file);
	ck_assert_int_eq(pin_past(file, &one, "1234"), PIN_NEW);
	snprintf(file, sizeof file, "rm -r %s", folder);
	ck_assert_int_eq(system(file), 0);
}
END_TEST

START_TEST(what_is_no_number_cannot_name_a_file_elsewhere)
{
	struct pin_key key;
	ck_assert(!pin_key_of(&key, &(struct modem_identity){ .imei = "" }, "/dev/../../etc/passwd"));
	ck_assert_ptr_null(strchr(key.sim, '/'));
	ck_assert_ptr_null(strchr(key.sim, '.'));
}
END_TEST

#define EACH(test, table) tcase_add_loop_test(tests, test, 0, sizeof table / sizeof *table)

int main(void)
{
	Suite *suite = suite_create("modem_values");
	TCase *tests = tcase_create("values");
	EACH(a_link_may_say_this, good_links);
	EACH(a_link_may_not_say_that_and_is_told_why, bad_links);
	tcase_add_test(tests, rates_are_known_by_their_numbers);
	EACH(makers_are_known_by_what_they_say_of_themselves, makers);
	tcase_add_test(tests, what_does_not_survive_cfun_says_so);
	EACH(registration_is_read_in_both_forms, registrations);
	tcase_add_test(tests, lines_that_say_nothing_of_the_network_are_left_alone);
	tcase_add_test(tests, any_of_the_three_networks_is_one);
	EACH(signals_are_decibels, signals);
	EACH(operators_are_read_in_plain_text_and_in_hex, operators);
	EACH(message_centres_are_read_in_each_form, centres);
	EACH(values_come_with_and_without_a_name_and_quotes, values);
	EACH(tries_of_a_pin_are_read_in_each_makers_form, tries);
	tcase_add_test(tests, a_pin_is_remembered_for_its_sim_and_no_other);
	tcase_add_test(tests, what_is_no_number_cannot_name_a_file_elsewhere);
	suite_add_tcase(suite, tests);
	return run_suite(suite) != 0;
}
