/* SPDX-License-Identifier: Apache-2.0 */
/*
 * check_modem_at.c - what a modem says: each quirk a test, fed whole, octet by octet, and cut
 * in two at every place.
 *
 * What was read is written down: F final, I information, P prompt, U unsolicited (and after | the
 * line that belongs to it), S stray, L a line too long; each with ; behind it.
 */
#include "../drivers/modem_at.h"
#include "run_suite.h"

#include <check.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NOTES_MAX = 16384 };

struct asked { const char *line, *payload, *prefix; };

#define OCTETS(text) (text), sizeof(text) - 1

static void note(char notes[NOTES_MAX], const struct at_item *item)
{
	static const char letters[] = { [AT_NOTHING] = '-', [AT_FINAL] = 'F', [AT_INFORMATION] = 'I',
		[AT_PROMPT] = 'P', [AT_UNSOLICITED] = 'U', [AT_STRAY] = 'S', [AT_TOO_LONG] = 'L' };
	static const char *const results[] = { [AT_OK] = "OK", [AT_ERROR] = "ERROR", [AT_CME] = "CME",
		[AT_CMS] = "CMS", [AT_NO_CARRIER] = "CARRIER" };
	const size_t n = strlen(notes);
	const size_t room = NOTES_MAX - n;
	if (item->kind == AT_FINAL && item->result >= AT_CME && item->result <= AT_CMS)
		snprintf(notes + n, room, "F %s %d;", results[item->result], item->code);
	else if (item->kind == AT_FINAL)
		snprintf(notes + n, room, "F %s;", results[item->result]);
	else if (item->kind == AT_PROMPT || item->kind == AT_TOO_LONG)
		snprintf(notes + n, room, "%c;", letters[item->kind]);
	else
		snprintf(notes + n, room, "%c %s%s%s;", letters[item->kind], item->line, item->pdu ? "|" : "",
		    item->pdu ? item->pdu : "");
}

/* A copy of just that size, so that a step over its end is seen. */
static void feed(struct at_reader *reader, const char *octets, size_t len, char notes[NOTES_MAX])
{
	uint8_t *copy = malloc(len ? len : 1);
	ck_assert_ptr_nonnull(copy);
	memcpy(copy, octets, len);
	const uint8_t *at = copy;
	struct at_item item;
	while (at_reader_take(reader, &at, &len, &item) != AT_NOTHING)
		note(notes, &item);
	ck_assert_uint_eq(len, 0);
	free(copy);
}

/* In pieces of `piece` octets, the first of `first`. */
static void read_in(const struct asked *asked, const char *octets, size_t len, size_t first, size_t piece,
    char notes[NOTES_MAX])
{
	struct at_reader *reader = at_reader_new();
	notes[0] = '\0';
	if (asked)
		at_reader_expect(reader, asked->line, asked->payload, asked->prefix);
	for (size_t at = 0, n = first; at < len; at += n, n = piece) {
		n = n < len - at ? n : len - at;
		feed(reader, octets + at, n, notes);
	}
	at_reader_free(reader);
}

static void reads(const struct asked *asked, const char *octets, size_t len, const char *expected)
{
	static char notes[NOTES_MAX];
	read_in(asked, octets, len, len, len, notes);
	ck_assert_str_eq(notes, expected);
	read_in(asked, octets, len, 1, 1, notes);
	ck_assert_str_eq(notes, expected);
	for (size_t cut = 1; cut < len && len < 500; cut++) {
		read_in(asked, octets, len, cut, len, notes);
		ck_assert_str_eq(notes, expected);
	}
}

static const struct asked csq = { "AT+CSQ", NULL, "+CSQ:" }, plain = { "AT", NULL, NULL },
	send = { "AT+CMGS=14", "0001000B914426", NULL }, maker = { "AT+CGMI", NULL, NULL };

/* Line ends. */

START_TEST(lines_end_with_cr_lf_and_blank_ones_are_none)
{
	reads(&csq, OCTETS("\r\n+CSQ: 17,99\r\n\r\nOK\r\n"), "I +CSQ: 17,99;F OK;");
}
END_TEST

START_TEST(two_crs_before_the_lf_are_one_end)
{
	reads(&csq, OCTETS("\r\r\n+CSQ: 17,99\r\r\n\r\r\nOK\r\r\n"), "I +CSQ: 17,99;F OK;");
}
END_TEST

START_TEST(a_lone_lf_is_an_end)
{
	reads(&csq, OCTETS("\n+CSQ: 17,99\n\nOK\n"), "I +CSQ: 17,99;F OK;");
}
END_TEST

START_TEST(nuls_before_a_line_are_dropped)
{
	reads(&csq, OCTETS("\0\0\0\r\n\0+CSQ: 17,99\r\n\0\0OK\r\n"), "I +CSQ: 17,99;F OK;");
}
END_TEST

START_TEST(a_blank_line_may_be_missing)
{
	reads(&csq, OCTETS("+CSQ: 17,99\r\nOK\r\n"), "I +CSQ: 17,99;F OK;");
	reads(&csq, OCTETS("+CSQ: 17,99\rOK\r"), "I +CSQ: 17,99;F OK;");
}
END_TEST

START_TEST(a_line_end_behind_a_pdu_may_be_missing)
{
	static const struct asked list = { "AT+CMGL=4", NULL, NULL };
	static char octets[4096], notes[NOTES_MAX];
	reads(&list, OCTETS("\r\n+CMGL: 1,0,,24\r\n07911326040000F0+CMGL: 2,0,,24\r\n07911326040000F1\r\nOK\r\n"),
	    "I +CMGL: 1,0,,24;I 07911326040000F0;I +CMGL: 2,0,,24;I 07911326040000F1;F OK;");
	reads(&send, OCTETS("> 0001000B914426+CMGS: 7\r\nOK\r\n"), "P;I +CMGS: 7;F OK;"); /* of the echo */
	reads(NULL, OCTETS("+CMT: ,24\r\n07911326040000F0+CMTI: \"SM\",1\r\n"), "U +CMT: ,24|07911326040000F0;U +CMTI: \"SM\",1;");
	reads(NULL, OCTETS("+CMT: \"a\",,\"b\"\r\n0041004200430044+0041\r\n"), "U +CMT: \"a\",,\"b\"|0041004200430044+0041;");
	for (int i = 0; i < 60; i++) {  /* longer than a line may be, all together */
		snprintf(octets + strlen(octets), sizeof octets - strlen(octets), "+CMGL: %d,0,,24\r\n07911326040000F0", i);
		snprintf(notes + strlen(notes), sizeof notes - strlen(notes), "I +CMGL: %d,0,,24;I 07911326040000F0;", i);
	}
	snprintf(octets + strlen(octets), sizeof octets - strlen(octets), "\r\nOK\r\n");
	snprintf(notes + strlen(notes), sizeof notes - strlen(notes), "F OK;");
	reads(&list, octets, strlen(octets), notes);
}
END_TEST

START_TEST(spaces_at_the_end_of_a_line_are_dropped)
{
	reads(&csq, OCTETS("\r\n+CSQ: 17,99  \r\n\r\nOK \t\r\n \r\n"), "I +CSQ: 17,99;F OK;");
}
END_TEST

/* Echo. */

START_TEST(echo_is_stripped_when_it_is_what_was_sent)
{
	reads(&csq, OCTETS("AT+CSQ\r\r\n+CSQ: 17,99\r\n\r\nOK\r\n"), "I +CSQ: 17,99;F OK;");
	reads(&csq, OCTETS("AT+CREG\r\r\n+CSQ: 17,99\r\nOK\r\n"), "I AT+CREG;I +CSQ: 17,99;F OK;");
}
END_TEST

START_TEST(echo_with_an_unsolicited_line_inside_is_stripped)
{
	reads(&csq, OCTETS("AT+C\r\n+CMTI: \"SM\",5\r\nSQ\r\r\n+CSQ: 17,99\r\nOK\r\n"),
	    "U +CMTI: \"SM\",5;I +CSQ: 17,99;F OK;");
}
END_TEST

START_TEST(echo_of_a_payload_is_stripped_with_its_substitute)
{
	reads(&send, OCTETS("AT+CMGS=14\r\r\n> 0001000B914426\x1A\r\n+CMGS: 7\r\n\r\nOK\r\n"), "P;I +CMGS: 7;F OK;");
	reads(&send, OCTETS("\r\n> 0001000B914426\x1A+CMGS: 7\r\nOK\r\n"), "P;I +CMGS: 7;F OK;");
	reads(&send, OCTETS("\r\n> 0001000B91\r\n4426\r\n\r\n+CMGS: 7\r\nOK\r\n"), "P;I +CMGS: 7;F OK;");
}
END_TEST

START_TEST(our_escape_come_back_is_no_line)
{
	reads(NULL, OCTETS("\x1B\r\n"), "");
	reads(&plain, OCTETS("\x1B" "AT\r\r\nOK\r\n"), "F OK;");
}
END_TEST

/* How a command ends. */

START_TEST(final_results_in_words)
{
	static const struct { const char *said, *notes; } cases[] = {
		{ "OK", "F OK;" }, { "ERROR", "F ERROR;" }, { "COMMAND NOT SUPPORT", "F ERROR;" },
		{ "MODEM ERROR", "F ERROR;" }, { "NA", "F ERROR;" }, { "NO CARRIER", "F CARRIER;" },
		{ "BUSY", "F CARRIER;" }, { "NO ANSWER", "F CARRIER;" }, { "NO DIALTONE", "F CARRIER;" },
		{ "CONNECT", "F CARRIER;" }, { "CONNECT 9600", "F CARRIER;" },
		{ "OKAY", "I OKAY;" }, { "NATEL", "I NATEL;" }, { "ok", "I ok;" },
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		char octets[64];
		snprintf(octets, sizeof octets, "\r\n%s\r\n", cases[i].said);
		reads(&plain, octets, strlen(octets), cases[i].notes);
	}
}
END_TEST

START_TEST(errors_with_a_number_or_in_words)
{
	reads(&csq, OCTETS("\r\n+CME ERROR: 14\r\n"), "F CME 14;");
	reads(&csq, OCTETS("\r\n+CMS ERROR: 38\r\n"), "F CMS 38;");
	reads(&csq, OCTETS("\r\n+CMS ERROR:500\r\n"), "F CMS 500;");
	reads(&csq, OCTETS("\r\n+CME ERROR: SIM busy\r\n"), "F CME -1;");
	reads(&csq, OCTETS("\r\n+CMS ERROR: 12345678901234567890\r\n"), "F CMS -1;");
	reads(&csq, OCTETS("\r\n+CME ERROR:\r\n"), "F CME -1;");
	reads(&csq, OCTETS("\r\n+CMS ERROR: 38 please\r\n"), "F CMS -1;");
}
END_TEST

START_TEST(with_atv0_results_are_digits)
{
	reads(&plain, OCTETS("0\r"), "F OK;");
	reads(&plain, OCTETS("4\r"), "F ERROR;");
	reads(&plain, OCTETS("AT\r0\r"), "F OK;");
	reads(&csq, OCTETS("+CSQ: 17,99\r\n0\r"), "I +CSQ: 17,99;I 0;"); /* it may be an answer */
}
END_TEST

START_TEST(once_digits_are_known_every_command_ends_with_one)
{
	static char notes[NOTES_MAX];
	struct at_reader *reader = at_reader_new();
	notes[0] = '\0';
	at_reader_expect(reader, "AT", NULL, NULL);
	feed(reader, OCTETS("0\r"), notes);
	at_reader_expect(reader, "AT+CSQ", NULL, "+CSQ:");
	feed(reader, OCTETS("+CSQ: 17,99\r\n0\r"), notes);
	at_reader_expect(reader, "ATV1", NULL, NULL);
	feed(reader, OCTETS("\r\nOK\r\n"), notes);
	at_reader_expect(reader, "AT+CSQ", NULL, "+CSQ:");
	feed(reader, OCTETS("+CSQ: 17,99\r\n0\r\nOK\r\n"), notes);
	ck_assert_str_eq(notes, "F OK;I +CSQ: 17,99;F OK;F OK;I +CSQ: 17,99;I 0;F OK;");
	at_reader_free(reader);
}
END_TEST

START_TEST(a_result_that_nobody_asked_for_is_stray)
{
	reads(NULL, OCTETS("\r\nOK\r\n\r\nERROR\r\n\r\n+CME ERROR: 14\r\nhello\r\n"),
	    "S OK;S ERROR;S +CME ERROR: 14;S hello;");
	reads(&plain, OCTETS("\r\nOK\r\n\r\nOK\r\n"), "F OK;S OK;");
}
END_TEST

/* The prompt. */

START_TEST(a_prompt_has_no_line_end)
{
	reads(&send, OCTETS("\r\n> "), "P;");
	reads(&send, OCTETS("\r\n>"), "P;");
	reads(&send, OCTETS("> "), "P;");
	reads(&send, OCTETS(">"), "P;");
	reads(&send, OCTETS("AT+CMGS=14\r\r\n> "), "P;");
	reads(&send, OCTETS("AT+CMGS=14\r> "), "P;");
	reads(&send, OCTETS("AT+CMGS=14> "), "P;");
	reads(&send, OCTETS("\r\n> \r\n"), "P;");
}
END_TEST

START_TEST(an_unsolicited_line_may_come_before_the_prompt_and_after_it)
{
	reads(&send, OCTETS("\r\n^RSSI:20\r\n\r\n> \r\n^RSSI:21\r\n\r\n+CMGS: 7\r\n\r\n^RSSI:22\r\n\r\nOK\r\n"),
	    "U ^RSSI:20;P;U ^RSSI:21;I +CMGS: 7;U ^RSSI:22;F OK;");
}
END_TEST

START_TEST(a_second_prompt_of_the_same_command_is_none)
{
	reads(&send, OCTETS("\r\n> > \r\n+CMGS: 7\r\nOK\r\n"), "P;I +CMGS: 7;F OK;");
}
END_TEST

START_TEST(a_command_without_payload_has_no_prompt)
{
	reads(&maker, OCTETS("\r\n>Acme\r\n> \r\nOK\r\n"), "I >Acme;I >;F OK;");
}
END_TEST

START_TEST(a_prompt_that_nobody_asked_for_is_told)
{
	reads(NULL, OCTETS("\r\n> "), "P;");
	reads(NULL, OCTETS("\r\n> \r\nOK\r\n> "), "P;S OK;P;");
	reads(NULL, OCTETS("RING > \r\n"), "U RING >;");
}
END_TEST

START_TEST(a_command_that_is_refused_has_no_prompt)
{
	reads(&send, OCTETS("\r\n+CMS ERROR: 304\r\n"), "F CMS 304;");
	reads(&send, OCTETS("AT+CMGS=14\r\r\nERROR\r\n"), "F ERROR;");
}
END_TEST

/* Unsolicited codes. */

START_TEST(every_code_of_the_table_is_unsolicited_wherever_it_stands)
{
	static const char *const lines[] = {
		"+CMTI: \"SM\",5", "+CDSI: \"SR\",1", "+CBMI: \"BM\",2", "+CREG: 1", "+CGREG: 2", "+CEREG: 5",
		"RING", "+CRING: VOICE", "+CLIP: \"+4479\",145", "+CCWA: \"+4479\",145,1", "+CLCC: 1,1,4,0,0", "+COLP: \"1\",129",
		"+CMS ERROR: 524", "^SMMEMFULL: \"SM\"", "+WMGF", "*SMSFULL", "SMSFULL", "+CIEV: \"MESSAGE\",1",
		"^RSSI:20", "^RSSILVL:60", "^HRSSILVL:60", "^HCSQ:\"LTE\",30,20,96,14", "^DSFLOWRPT:00000052,0000", "^BOOT:12345678,0,0,0,72",
		"^MODE:5,4", "^CSNR:-87,-4", "^SRVST:2", "^SIMST:1", "^STIN:0,0,0", "^NWTIME: 26/11/27", "^CCIN: 1",
		"^NDISSTAT:1,,,\"IPV4\"", "^NDISEND", "^LWURC: 1", "^EONS:5", "^ORIG: 1,0", "^CONF: 1", "^CONN: 1,0", "^CEND: 1,0,67",
		"^RFSWITCH:1,1", "^PDPDEACT", "+CUSATP: 1", "+ZUSIMR:2", "+ZDONR: \"o2\",262,7,\"CS_PS\"", "+ZPASR: \"UMTS\"", "+ZPSTM:1",
		"+ZEND", "*RADIOPOWER: 1", "+QIND: SMS DONE", "+QUSIM: 1", "+QLWURC: 1", "RDY", "+CPIN: READY", "+CFUN: 1",
		"POWERED DOWN", "NORMAL POWER DOWN", "Call Ready", "SMS Ready", "+CPIN: NOT INSERTED", "UNDER-VOLTAGE WARNING",
		"UNDER-VOLTAGE POWER DOWN", "OVER-VOLTAGE WARNING", "+CSQN: 20,0", "+CNSMOD: 7", "+NITZ: 26/11/27", "*PSUTTZ: 2026,11,27", "DST: 0",
		"#STN: 37", "^SCN: 1", "^SYSSTART", "^SHUTDOWN", "+WIND: 7", "_OSIQ: 1,0", "_OBS: 30", "_OWANCALL: 1, 0", "+MBAN: Copyright",
		"+SPNWNAME: \"o2\"", "+PSBEARER: \"UMTS\"", "*EMRDY: 1",
	};
	for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
		char octets[256], notes[256];
		snprintf(octets, sizeof octets, "\r\n%s\r\n", lines[i]);
		snprintf(notes, sizeof notes, "U %s;", lines[i]);
		reads(NULL, octets, strlen(octets), notes);
		snprintf(octets, sizeof octets, "\r\n%s\r\n\r\nAcme\r\n\r\n%s\r\n\r\nOK\r\n", lines[i], lines[i]);
		snprintf(notes, sizeof notes, "U %s;I Acme;U %s;F OK;", lines[i], lines[i]);
		reads(&maker, octets, strlen(octets), notes);
	}
}
END_TEST

START_TEST(a_message_takes_its_next_line)
{
	reads(NULL, OCTETS("\r\n+CMT: ,24\r\n07911326040000F0\r\n"), "U +CMT: ,24|07911326040000F0;");
	reads(NULL, OCTETS("\r\n+CMT: \"Acme, Ltd\",24\r\n\r\n07911326040000f0\r\n"), "U +CMT: \"Acme, Ltd\",24|07911326040000f0;");
	reads(NULL, OCTETS("\r\n+CDS: 25\r\n0006070B91\r\n"), "U +CDS: 25|0006070B91;");
	reads(NULL, OCTETS("\r\n+CBM: 88\r\n00103210\r\n"), "U +CBM: 88|00103210;");
	reads(&csq, OCTETS("\r\n+CSQ: 17,99\r\n\r\n+CDS: 25\r\n0006070B91\r\n\r\nOK\r\n"), "I +CSQ: 17,99;U +CDS: 25|0006070B91;F OK;");
}
END_TEST

START_TEST(a_message_in_text_mode_takes_any_line)
{
	reads(NULL, OCTETS("\r\n+CMT: \"+4479\",,\"26/11/27,10:00:00+00\"\r\nOK, see you\r\n"),
	    "U +CMT: \"+4479\",,\"26/11/27,10:00:00+00\"|OK, see you;");
	reads(NULL, OCTETS("\r\n+CBM: 1,2,0,1,1\r\nweather\r\n"), "U +CBM: 1,2,0,1,1|weather;");
	reads(&csq, OCTETS("\r\n+CDS: 6,7,\"+4479\",145,\"26/11/27,10:00:00+00\",\"26/11/27,10:00:05+00\",0\r\nOK\r\n"),
	    "U +CDS: 6,7,\"+4479\",145,\"26/11/27,10:00:00+00\",\"26/11/27,10:00:05+00\",0;F OK;");
}
END_TEST

START_TEST(a_message_whose_line_is_lost_takes_no_other)
{
	reads(&csq, OCTETS("\r\n+CMT: ,24\r\n\r\n+CSQ: 17,99\r\n\r\nOK\r\n"), "U +CMT: ,24;I +CSQ: 17,99;F OK;");
	reads(&csq, OCTETS("\r\n+CDS: 24\r\n\r\n+CDS: 25\r\n0006\r\nOK\r\n"), "U +CDS: 24;U +CDS: 25|0006;F OK;");
}
END_TEST

START_TEST(a_message_inside_an_answer_takes_its_own_line_and_leaves_that_of_the_answer)
{
	static const struct asked read = { "AT+CMGR=3", NULL, NULL };
	reads(&read, OCTETS("\r\n+CMGR: 0,,23\r\n+CMT: ,25\r\n0791AA\r\n0791BB\r\n\r\nOK\r\n"),
	    "I +CMGR: 0,,23;U +CMT: ,25|0791AA;I 0791BB;F OK;");
}
END_TEST

START_TEST(registration_is_an_answer_or_a_change)
{
	static const struct asked creg = { "AT+CREG?", NULL, "+CREG:" }, cereg = { "AT+CEREG?", NULL, NULL };
	reads(&creg, OCTETS("\r\n+CREG: 5\r\n\r\n+CREG: 2,1,\"00C3\",\"1A2B\",7\r\n\r\nOK\r\n"),
	    "U +CREG: 5;I +CREG: 2,1,\"00C3\",\"1A2B\",7;F OK;");
	reads(&creg, OCTETS("\r\n+CREG: 1,\"00C3\",\"1A2B\"\r\n\r\n+CREG: 0,1\r\n\r\nOK\r\n"),
	    "U +CREG: 1,\"00C3\",\"1A2B\";I +CREG: 0,1;F OK;");
	reads(&creg, OCTETS("\r\n+CREG: 1, 00C3, 1A2B\r\n+CREG: 000,001\r\n\r\nOK\r\n"), "U +CREG: 1, 00C3, 1A2B;I +CREG: 000,001;F OK;");
	reads(&cereg, OCTETS("\r\n+CREG: 1,1\r\n+CEREG: 2,5\r\n\r\nOK\r\n"), "U +CREG: 1,1;I +CEREG: 2,5;F OK;");
	reads(NULL, OCTETS("\r\n+CREG: 2,1\r\n"), "U +CREG: 2,1;");
}
END_TEST

START_TEST(a_code_that_was_asked_for_is_an_answer)
{
	static const struct asked pin = { "AT+CPIN?", NULL, NULL }, calls = { "AT+CLCC", NULL, "+CLCC:" };
	reads(&pin, OCTETS("\r\n+CPIN: SIM PIN\r\n\r\nOK\r\n"), "I +CPIN: SIM PIN;F OK;");
	reads(&calls, OCTETS("\r\n+CLCC: 1,1,4,0,0\r\n\r\nOK\r\n"), "I +CLCC: 1,1,4,0,0;F OK;");
	reads(&csq, OCTETS("\r\n+CPIN: READY\r\n\r\nOK\r\n"), "U +CPIN: READY;F OK;");
}
END_TEST

START_TEST(an_unknown_code_is_unsolicited_unless_it_is_the_commands_own)
{
	static const struct asked own = { "AT^ICCID?", NULL, NULL }, other = { "AT+CCID", NULL, "+ICCID:" },
		sold = { "AT+GMM", NULL, NULL };
	reads(&csq, OCTETS("\r\n^NEWS: 1\r\n*NEWS: 2\r\n+NEWS_2:3\r\n#X: 4\r\n%Y: 5\r\nOK\r\n"),
	    "U ^NEWS: 1;U *NEWS: 2;U +NEWS_2:3;U #X: 4;U %Y: 5;F OK;");
	reads(&own, OCTETS("\r\n^ICCID: 8944\r\nOK\r\n"), "I ^ICCID: 8944;F OK;");
	reads(&other, OCTETS("\r\n+ICCID: 8944\r\n+CCID: 8944\r\nOK\r\n"), "I +ICCID: 8944;I +CCID: 8944;F OK;");
	reads(&sold, OCTETS("\r\n+447700900123\r\n+GMM: E173\r\nE173: new\r\n+ A: 5\r\nOK\r\n"),
	    "I +447700900123;I +GMM: E173;I E173: new;I + A: 5;F OK;");
	reads(NULL, OCTETS("\r\n+CMGS: 12\r\n\r\nOK\r\n"), "U +CMGS: 12;S OK;"); /* too late */
}
END_TEST

START_TEST(no_carrier_is_about_a_call_when_one_rings)
{
	reads(&send, OCTETS("\r\nRING\r\n\r\n> \r\n+CLIP: \"+4479\",145\r\n\r\nNO CARRIER\r\n\r\n+CMGS: 7\r\n\r\nOK\r\n"),
	    "U RING;P;U +CLIP: \"+4479\",145;U NO CARRIER;I +CMGS: 7;F OK;");
	reads(NULL, OCTETS("\r\nNO CARRIER\r\nBUSY\r\n"), "U NO CARRIER;U BUSY;");
}
END_TEST

START_TEST(a_missed_acknowledgement_of_nordic_ends_no_command)
{
	reads(&csq, OCTETS("\r\n+CMS ERROR: 524\r\n+CSQ: 17,99\r\nOK\r\n"), "U +CMS ERROR: 524;I +CSQ: 17,99;F OK;");
}
END_TEST

/* Texts of several lines. */

START_TEST(a_ussd_text_may_have_several_lines)
{
	reads(NULL, OCTETS("\r\n+CUSD: 1,\"Menu:\r\n1 Balance\r\n2 Top up\",15\r\n"),
	    "U +CUSD: 1,\"Menu:\n1 Balance\n2 Top up\",15;");
	reads(NULL, OCTETS("\r\n+CUSD: 0,\"a\n\nb\",15\r\n\r\nRING\r\n"), "U +CUSD: 0,\"a\n\nb\",15;U RING;");
	reads(NULL, OCTETS("\r\n+CUSD: 0,\"a\r\n\r\n b \r\nc\"\r\n\r\nRING\r\n"), "U +CUSD: 0,\"a\n\n b \nc\";U RING;");
	reads(NULL, OCTETS("+CUSD: 0,\"\r\nhello\", 15\r\nRING\r\n"), "U +CUSD: 0,\"\nhello\", 15;U RING;");
}
END_TEST

START_TEST(a_ussd_text_of_one_line_is_complete)
{
	reads(NULL, OCTETS("\r\n+CUSD: 0,\"You have 5, or \",15\r\n"), "U +CUSD: 0,\"You have 5, or \",15;");
	reads(NULL, OCTETS("\r\n+CUSD: 2\r\n"), "U +CUSD: 2;");
	reads(NULL, OCTETS("\r\n+CUSD: 0,0041,72\r\n"), "U +CUSD: 0,0041,72;");
	reads(NULL, OCTETS("\r\n+CUSD: 0,\"12.50 \x1B" "e\",15\r\n"), "U +CUSD: 0,\"12.50 \x1B" "e\",15;");
	reads(NULL, OCTETS("\r\n+CUSD: 0,\"a\0\0b\",15\r\n"), "U +CUSD: 0,\"ab\",15;");
}
END_TEST

START_TEST(a_ussd_text_without_an_end_takes_no_result)
{
	static const struct asked dial = { "AT+CUSD=1,\"*100#\",15", NULL, NULL };
	reads(&dial, OCTETS("\r\n+CUSD: 0,\"You have 5\r\n\r\nOK\r\n\r\n+CMTI: \"SM\",1\r\n"),
	    "U +CUSD: 0,\"You have 5;F OK;U +CMTI: \"SM\",1;");
	reads(&csq, OCTETS("\r\n+CUSD: 0,\"You\r\n+CSQ: 17,99\r\n\r\nOK\r\n"), "U +CUSD: 0,\"You;I +CSQ: 17,99;F OK;");
	reads(NULL, OCTETS("\r\n+CUSD: 0,\"You\r\nhave\r\n+CMT: ,4\r\n0791\r\n"), "U +CUSD: 0,\"You\nhave;U +CMT: ,4|0791;");
}
END_TEST

START_TEST(an_answer_to_a_dialled_code_may_come_before_its_ok)
{
	static const struct asked dial = { "AT+CUSD=1,\"*100#\",15", NULL, NULL };
	reads(&dial, OCTETS("\r\n+CUSD: 0,\"5\",15\r\n\r\nOK\r\n"), "U +CUSD: 0,\"5\",15;F OK;");
}
END_TEST

START_TEST(what_is_held_can_be_given_up)
{
	static const struct { const char *said, *flushed; } cases[] = {
		{ "\r\n+CMT: ,24\r\n", "U +CMT: ,24;" }, { "\r\n+CUSD: 0,\"a\r\nb\r\n\r\n", "U +CUSD: 0,\"a\nb;" },
		{ "\r\n+CSQ: 1\r\n", "" },
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		char notes[NOTES_MAX] = "";
		struct at_item item;
		struct at_reader *reader = at_reader_new();
		feed(reader, cases[i].said, strlen(cases[i].said), notes);
		notes[0] = '\0';
		ck_assert(at_reader_holds(reader) == (*cases[i].flushed != '\0'));
		if (at_reader_flush(reader, &item) != AT_NOTHING)
			note(notes, &item);
		ck_assert_str_eq(notes, cases[i].flushed);
		ck_assert(!at_reader_holds(reader));
		feed(reader, OCTETS("0791\r\n"), notes + strlen(notes));
		ck_assert_ptr_nonnull(strstr(notes, "S 0791;"));
		at_reader_free(reader);
	}
}
END_TEST

/* Maxima. */

START_TEST(a_line_too_long_is_dropped_whole)
{
	static char octets[8192], notes[NOTES_MAX];
	for (size_t len = AT_LINE_MAX; len <= AT_LINE_MAX + 1; len++) {
		memset(octets, 'x', len);
		snprintf(octets + len, sizeof octets - len, "\r\nOK\r\n");
		memset(notes, 'x', len + 2);
		memcpy(notes, "I ", 2);
		snprintf(notes + len + 2, sizeof notes - len - 2, ";F OK;");
		reads(&plain, octets, strlen(octets), len > AT_LINE_MAX ? "L;F OK;" : notes);
	}
	memset(octets, 'x', 8000);
	snprintf(octets + 8000, sizeof octets - 8000, "> \r\nOK\r\n");
	reads(&send, octets, strlen(octets), "L;S OK;");
}
END_TEST

START_TEST(a_text_too_long_is_dropped_and_so_is_the_line_that_a_code_awaits)
{
	static char octets[8192];
	size_t n = (size_t)snprintf(octets, sizeof octets, "+CUSD: 0,\"first\r\n");
	for (int i = 0; i < 40; i++)
		n += (size_t)snprintf(octets + n, sizeof octets - n, "a line of thirty octets, or so\n");
	snprintf(octets + n, sizeof octets - n, "the end\",15\r\nRING\r\n");
	static char notes[NOTES_MAX];
	read_in(NULL, octets, strlen(octets), 1, 1, notes);
	ck_assert(strncmp(notes, "L;S a line", 10) == 0);
	ck_assert_ptr_nonnull(strstr(notes, "S the end\",15;U RING;"));
	n = (size_t)snprintf(octets, sizeof octets, "+CMT: ,24\r\n");
	memset(octets + n, '0', 2000);
	snprintf(octets + n + 2000, sizeof octets - n - 2000, "\r\nRING\r\n0791\r\n");
	reads(NULL, octets, strlen(octets), "L;U RING;S 0791;");
}
END_TEST

START_TEST(what_is_given_up_is_answered_too_late)
{
	static char notes[NOTES_MAX];
	struct at_reader *reader = at_reader_new();
	notes[0] = '\0';
	at_reader_expect(reader, "AT+CMGS=14", "0001", NULL);
	feed(reader, OCTETS("\r\n> "), notes);
	at_reader_forget(reader);
	feed(reader, OCTETS("\r\n+CMGS: 7\r\n\r\nOK\r\n"), notes);
	ck_assert_str_eq(notes, "P;U +CMGS: 7;S OK;");
	at_reader_free(reader);
}
END_TEST

START_TEST(the_ok_of_a_message_that_came_too_late_is_not_that_of_the_next_command)
{
	static char notes[NOTES_MAX];
	struct at_reader *reader = at_reader_new();
	notes[0] = '\0';
	at_reader_expect(reader, "AT+CMGS=14", "0001", NULL);
	feed(reader, OCTETS("\r\n> "), notes);
	at_reader_forget(reader);
	at_reader_expect(reader, "AT+CSQ", NULL, "+CSQ:");
	feed(reader, OCTETS("\r\n+CMGS: 7\r\n\r\nOK\r\n\r\n+CSQ: 1,99\r\n\r\nOK\r\n"), notes);
	ck_assert_str_eq(notes, "P;U +CMGS: 7;S OK;I +CSQ: 1,99;F OK;");
	notes[0] = '\0';
	at_reader_expect(reader, "AT+CMGS=14", "0001", NULL);
	feed(reader, OCTETS("\r\n> \r\n+CMGS: 8\r\n\r\nOK\r\n"), notes);
	at_reader_expect(reader, "AT+CSQ", NULL, "+CSQ:");
	feed(reader, OCTETS("\r\n+CSQ: 1,99\r\n\r\nOK\r\n"), notes);
	ck_assert_str_eq(notes, "P;I +CMGS: 8;F OK;I +CSQ: 1,99;F OK;");
	at_reader_free(reader);
}
END_TEST

START_TEST(nothing_is_well_before_its_prompt)
{
	reads(&send, OCTETS("\r\nOK\r\n\r\n> \r\n+CMGS: 7\r\n\r\nOK\r\n"), "S OK;P;I +CMGS: 7;F OK;");
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("modem_at");
	TCase *tests = tcase_create("modem_at");
	tcase_add_test(tests, lines_end_with_cr_lf_and_blank_ones_are_none);
	tcase_add_test(tests, two_crs_before_the_lf_are_one_end);
	tcase_add_test(tests, a_lone_lf_is_an_end);
	tcase_add_test(tests, nuls_before_a_line_are_dropped);
	tcase_add_test(tests, a_blank_line_may_be_missing);
	tcase_add_test(tests, a_line_end_behind_a_pdu_may_be_missing);
	tcase_add_test(tests, spaces_at_the_end_of_a_line_are_dropped);
	tcase_add_test(tests, echo_is_stripped_when_it_is_what_was_sent);
	tcase_add_test(tests, echo_with_an_unsolicited_line_inside_is_stripped);
	tcase_add_test(tests, echo_of_a_payload_is_stripped_with_its_substitute);
	tcase_add_test(tests, our_escape_come_back_is_no_line);
	tcase_add_test(tests, final_results_in_words);
	tcase_add_test(tests, errors_with_a_number_or_in_words);
	tcase_add_test(tests, with_atv0_results_are_digits);
	tcase_add_test(tests, once_digits_are_known_every_command_ends_with_one);
	tcase_add_test(tests, a_result_that_nobody_asked_for_is_stray);
	tcase_add_test(tests, a_prompt_has_no_line_end);
	tcase_add_test(tests, an_unsolicited_line_may_come_before_the_prompt_and_after_it);
	tcase_add_test(tests, a_second_prompt_of_the_same_command_is_none);
	tcase_add_test(tests, a_command_without_payload_has_no_prompt);
	tcase_add_test(tests, a_prompt_that_nobody_asked_for_is_told);
	tcase_add_test(tests, a_command_that_is_refused_has_no_prompt);
	tcase_add_test(tests, every_code_of_the_table_is_unsolicited_wherever_it_stands);
	tcase_add_test(tests, a_message_takes_its_next_line);
	tcase_add_test(tests, a_message_in_text_mode_takes_any_line);
	tcase_add_test(tests, a_message_whose_line_is_lost_takes_no_other);
	tcase_add_test(tests, a_message_inside_an_answer_takes_its_own_line_and_leaves_that_of_the_answer);
	tcase_add_test(tests, registration_is_an_answer_or_a_change);
	tcase_add_test(tests, a_code_that_was_asked_for_is_an_answer);
	tcase_add_test(tests, an_unknown_code_is_unsolicited_unless_it_is_the_commands_own);
	tcase_add_test(tests, no_carrier_is_about_a_call_when_one_rings);
	tcase_add_test(tests, a_missed_acknowledgement_of_nordic_ends_no_command);
	tcase_add_test(tests, a_ussd_text_may_have_several_lines);
	tcase_add_test(tests, a_ussd_text_of_one_line_is_complete);
	tcase_add_test(tests, a_ussd_text_without_an_end_takes_no_result);
	tcase_add_test(tests, an_answer_to_a_dialled_code_may_come_before_its_ok);
	tcase_add_test(tests, what_is_held_can_be_given_up);
	tcase_add_test(tests, a_line_too_long_is_dropped_whole);
	tcase_add_test(tests, a_text_too_long_is_dropped_and_so_is_the_line_that_a_code_awaits);
	tcase_add_test(tests, what_is_given_up_is_answered_too_late);
	tcase_add_test(tests, the_ok_of_a_message_that_came_too_late_is_not_that_of_the_next_command);
	tcase_add_test(tests, nothing_is_well_before_its_prompt);
	suite_add_tcase(suite, tests);
	return run_suite(suite) != 0;
}
