/* SPDX-License-Identifier: Apache-2.0 */
/*
 * check_modem_lists.c - answers of modems about storages, messages and routings, in the ways that makers
 * write them.
 */
#include "../drivers/modem_lists.h"
#include "run_suite.h"

#include <check.h>

#include <stdio.h>
#include <string.h>

#define LINES(...) (struct lines){ (const char *const[]){ __VA_ARGS__ }, \
	sizeof (const char *const[]){ __VA_ARGS__ } / sizeof(const char *) }

/* "SM ME|SM|SM" */
static const char *roles_of(struct lines lines)
{
	static char text[256];
	struct storage_names roles[STORAGE_ROLES];
	size_t n = 0;
	if (!lists_storages(roles, lines))
		return "none";
	for (unsigned i = 0; i < STORAGE_ROLES; i++) {
		for (unsigned k = 0; k < roles[i].n; k++)
			n += (size_t)snprintf(text + n, sizeof text - n, "%s%s", k ? " " : "", roles[i].at[k]);
		n += (size_t)snprintf(text + n, sizeof text - n, "%s", i + 1 < STORAGE_ROLES ? "|" : "");
	}
	return text;
}

START_TEST(storages_are_read_in_every_form)
{
	static const struct { const char *line, *roles; } cases[] = {
		{ "+CPMS: (\"SM\",\"ME\",\"MT\"),(\"SM\",\"ME\"),(\"SM\")", "SM ME MT|SM ME|SM" },
		{ "+CPMS: ((\"SM\",\"ME\"),(\"SM\"),(\"ME\"))", "SM ME|SM|ME" },
		{ "+CPMS: (\"ME\",\"SM\",\"SR\"), (\"ME\"), (\"ME\")", "ME SM SR|ME|ME" },
		{ "+CPMS: (SM,ME),(SM),(SM)", "SM ME|SM|SM" },
		{ "+CPMS: (ME\", \"SR\"),(\"ME),(ME)", "ME SR|ME|ME" },
		{ "+CPMS: (\"sm\"),(\"sm\"),(\"sm\")", "SM|SM|SM" },
		{ "+CPMS: \"SM\",\"ME\"", "SM ME|SM ME|SM ME" },
		{ "+CPMS: (\"SM\",\"ME\")", "SM ME|SM ME|SM ME" },
		{ "+CPMS: (\"SM\",\"SM\",\"ME\"),(\"SM\"),(\"SM\"),(\"XX\")", "SM ME|SM|SM" },
		{ "+CPMS: (\"SM\"", "SM|SM|SM" },
		{ "+cpms:(\"SM\"),(\"SM\"),(\"SM\")", "SM|SM|SM" },
		{ "(\"SM\"),(\"SM\"),(\"SM\")", "SM|SM|SM" },
		{ "+CPMS: (),(),()", "none" },
		{ "+CPMS:", "none" },
		{ "+CPMS: 3,25,3,25,3,25", "none" },
		{ "+CREG: 1", "none" },
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
		ck_assert_msg(strcmp(roles_of(LINES(cases[i].line)), cases[i].roles) == 0, "%s is %s", cases[i].line,
		    roles_of(LINES(cases[i].line)));
	ck_assert_str_eq(roles_of((struct lines){ NULL, 0 }), "none");
	ck_assert_str_eq(roles_of(LINES("+CREG: 1", "+CPMS: (\"SM\"),(\"SM\"),(\"SM\")")), "SM|SM|SM");
}
END_TEST

START_TEST(more_storages_than_there_is_room_for_are_left_out)
{
	char line[512] = "+CPMS: (";
	for (int i = 0; i < 40; i++)
		snprintf(line + strlen(line), sizeof line - strlen(line), "\"A%d\",", i);
	struct storage_names roles[STORAGE_ROLES];
	const char *const lines[] = { line };
	ck_assert(lists_storages(roles, (struct lines){ lines, 1 }));
	ck_assert_uint_eq(roles[STORAGE_READ].n, STORAGE_NAMES_MAX);
	ck_assert(!lists_storages(roles, LINES("+CPMS: (\"WAYTOOLONGFORONE\")")));
}
END_TEST

START_TEST(counts_are_read_with_names_and_without)
{
	static const struct { const char *line; long used, total; } cases[] = {
		{ "+CPMS: \"SM\",3,25,\"SM\",3,25,\"SM\",3,25", 3, 25 },
		{ "+CPMS: 3,25,3,25,3,25", 3, 25 },
		{ "+CPMS: 3, 25, 3, 25", 3, 25 },
		{ "+CPMS: SM,0,100", 0, 100 },
		{ "+CPMS: \"SM\", 7 ,25", -1, -1 },
		{ "+CPMS: ,,", -1, -1 },
		{ "+CPMS:", -1, -1 },
		{ "+CPMS: \"SM\"", -1, -1 },
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		long used = -1, total = -1;
		const bool said = lists_count(&used, &total, LINES(cases[i].line));
		ck_assert_msg(said == (cases[i].total >= 0), "%s", cases[i].line);
		if (said) {
			ck_assert_int_eq(used, cases[i].used);
			ck_assert_int_eq(total, cases[i].total);
		}
	}
}
END_TEST

START_TEST(indices_are_lists_and_ranges)
{
	struct span spans[SPANS_MAX];
	ck_assert_uint_eq(lists_indices(spans, LINES("+CMGD: (1-25),(0-4)")), 1);
	ck_assert(spans[0].from == 1 && spans[0].to == 25);
	ck_assert_uint_eq(lists_indices(spans, LINES("+CMGD: (0,3,7-9),(0-4)")), 3);
	ck_assert(spans[0].from == 0 && spans[1].to == 3 && spans[2].from == 7 && spans[2].to == 9);
	ck_assert_uint_eq(lists_indices(spans, LINES("+CMGD: (900,901),,(0-4)")), 2); /* Sagem counts from 899 */
	ck_assert_uint_eq(lists_indices(spans, LINES("+CMGD: (),(0-4)")), 0);
	ck_assert_uint_eq(lists_indices(spans, LINES("+CMGD: (9-1)")), 0);
	ck_assert_uint_eq(lists_indices(spans, LINES("+CMGD: (99999999999999999999)")), 0);
	ck_assert_uint_eq(lists_indices(spans, (struct lines){ NULL, 0 }), 0);
}
END_TEST

START_TEST(routings_are_lists_and_ranges)
{
	static const struct { const char *line, *routing; bool allowed; } cases[] = {
		{ "+CNMI: (0-2),(0-3),(0,2),(0-2),(0,1)", "2,1,0,1,0", true },
		{ "+CNMI: (2),(0-1,3),(0,2),(0-1),(0)", "2,1,0,1,0", true },
		{ "+CNMI: (2),(0-1,3),(0,2),(0-1),(0)", "1,1,0,1,0", false },
		{ "+CNMI: (2),(0-1,3),(0,2),(0-1),(0)", "2,2,0,1,0", false },
		{ "+CNMI: (0-2),(0,1,3),(0),(0,1),(0,1)", "2,1,0,2,0", false },
		{ "+CNMI: (0,1),(0,1),(0),(0,2),(0)", "1,1,0,2,0", true },
		{ "+CNMI: 0-2,0-3,0-2,0-2,0-1", "2,2,0,1,0", true },
		{ "+CNMI: (0-2),(0-1)", "2,1,0,1,0", true }, /* nothing is said of the rest */
		{ "+CNMI:", "2,1,0,1,0", true },
		{ "+CNMI: (,),)(,((,)),)", "2,1,0,1,0", true },
		{ "+CNMI: (0-2),(0-1),(0),(0),(0)", "2,1", true },
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		const struct routings routings = lists_routings(LINES(cases[i].line));
		ck_assert_msg(lists_routes(&routings, cases[i].routing) == cases[i].allowed, "%s of %s",
		    cases[i].routing, cases[i].line);
	}
}
END_TEST

/* Entries, as "index/state/length/body;". */
static const char *listed(const char *prefix, bool text_mode, struct lines lines)
{
	static char text[2048];
	struct listing listing = { .lines = lines, .prefix = prefix, .text_mode = text_mode };
	struct listed entry;
	size_t n = 0;
	text[0] = '\0';
	while (lists_next(&listing, &entry))
		n += (size_t)snprintf(text + n, sizeof text - n, "%ld/%d/%zu/%s;", entry.index, entry.state,
		    entry.length, entry.body);
	return text;
}

START_TEST(a_list_has_a_head_and_a_pdu_for_each_message)
{
	ck_assert_str_eq(listed("+CMGL:", false, LINES("+CMGL: 1,0,,24", "07AB", "+CMGL: 2,1,\"Bob\",19", "0711")),
	    "1/0/24/07AB;2/1/19/0711;");
	ck_assert_str_eq(listed("+CMGR:", false, LINES("+CMGR: 1,,24", "07AB")), "-1/1/24/07AB;");
	ck_assert_str_eq(listed("+CMGL:", false, (struct lines){ NULL, 0 }), "");
}
END_TEST

START_TEST(an_entry_that_follows_without_a_line_end_is_found)
{
	ck_assert_str_eq(listed("+CMGL:", false, LINES("+CMGL: 1,0,,24", "07AB+CMGL: 2,1,,19", "0711+CMGL: 3,1,,18",
	    "0722")), "1/0/24/07AB;2/1/19/0711;3/1/18/0722;");
}
END_TEST

START_TEST(a_message_without_a_pdu_is_an_empty_one)
{
	ck_assert_str_eq(listed("+CMGL:", false, LINES("+CMGL: 1,0,,0", "+CMGL: 2,1,,19", "0711", "+CMGL: 3,1,,18")),
	    "1/0/0/;2/1/19/0711;3/1/18/;");
	ck_assert_str_eq(listed("+CMGR:", false, LINES("+CMGR: 0,,0")), "-1/0/0/;");
}
END_TEST

START_TEST(an_alpha_may_have_commas_and_quotes)
{
	ck_assert_str_eq(listed("+CMGL:", false, LINES("+CMGL: 4,1,\"Smith, John\",24", "07AB")), "4/1/24/07AB;");
	ck_assert_str_eq(listed("+CMGL:", false, LINES("+CMGL: 4,1,Smith, John,24", "07AB")), "4/1/24/07AB;");
	ck_assert_str_eq(listed("+CMGL:", false, LINES("+CMGL: 4,1,\"Smith,24", "07AB")), "4/1/24/07AB;");
}
END_TEST

START_TEST(a_length_before_a_trailing_zero_counts)
{
	ck_assert_str_eq(listed("+CMGR:", false, LINES("+CMGR: 1,,24,0", "07AB")), "-1/1/24/07AB;");
	ck_assert_uint_eq(lists_length(",24"), 24);
	ck_assert_uint_eq(lists_length("24"), 24);
	ck_assert_uint_eq(lists_length("\"+49171\",,24"), 24);
	ck_assert_uint_eq(lists_length("\"+49171\""), 0);
	ck_assert_uint_eq(lists_length(""), 0);
	ck_assert_uint_eq(lists_length(",0,0"), 0);
}
END_TEST

START_TEST(indices_are_taken_as_they_are_given)
{
	ck_assert_str_eq(listed("+CMGL:", false, LINES("+CMGL: 0,0,,24", "07AB", "+CMGL: 899,1,,24", "07AB",
	    "+CMGL: x,1,,24", "07AB")), "0/0/24/07AB;899/1/24/07AB;-1/1/24/07AB;");
}
END_TEST

START_TEST(text_mode_has_lines_of_text)
{
	ck_assert_str_eq(listed("+CMGL:", true, LINES("+CMGL: 1,\"REC UNREAD\",\"+49171\",,\"26/11/28,00:15:00+04\"",
	    "one", "two +CMGL: 3", "+CMGL: 2,\"STO SENT\",\"+49171\",,", "three")), "1/0/0/one\ntwo +CMGL: 3;2/3/0/three;");
	ck_assert_str_eq(listed("+CMGR:", true, LINES("+CMGR: \"REC READ\",\"+49171\",,\"26/11/28,00:15:00+04\"", "x")),
	    "-1/1/0/x;");
	ck_assert_str_eq(listed("+CMGR:", true, LINES("+CMGR: \"00520045004300200052004500410044\",\"+49171\"", "x")),
	    "-1/1/0/x;");
}
END_TEST

START_TEST(a_place_may_have_nothing_in_it)
{
	ck_assert(lists_is_void(""));
	ck_assert(lists_is_void("FFFFFFFFFFFFFFFFFFFFFFFF"));
	ck_assert(lists_is_void("00FFFFFFFFFFFFFFFFFFFFFFFFFF"));
	ck_assert(lists_is_void("000000FF00"));     /* Wavecom, of a report that is not there */
	ck_assert(lists_is_void("00FFFFFFFFFFFFFFFFFFFFFFFFFF,0"));
	ck_assert(!lists_is_void("07919471060040340409"));
	ck_assert(!lists_is_void("no hex"));
}
END_TEST

START_TEST(what_stands_behind_the_tpdu_is_cut)
{
	static const struct { const char *given; size_t length; const char *left; } cases[] = {
		{ "0291214001FFFFFF", 2, "0291214001" },
		{ "0291214001", 2, "0291214001" },
		{ "0291214001,0", 2, "0291214001" },
		{ "0291214001F", 2, "0291214001" },
		{ "0291214001F", 0, "0291214001" },
		{ "04000102", 4, "04000102" },  /* no centre before it */
		{ "0291?14001", 2, "0291?14001" },
		{ "", 2, "" },
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		char hex[64];
		snprintf(hex, sizeof hex, "%s", cases[i].given);
		lists_trim(hex, cases[i].length);
		ck_assert_str_eq(hex, cases[i].left);
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("modem_lists");
	TCase *tests = tcase_create("modem_lists");
	tcase_add_test(tests, storages_are_read_in_every_form);
	tcase_add_test(tests, more_storages_than_there_is_room_for_are_left_out);
	tcase_add_test(tests, counts_are_read_with_names_and_without);
	tcase_add_test(tests, indices_are_lists_and_ranges);
	tcase_add_test(tests, routings_are_lists_and_ranges);
	tcase_add_test(tests, a_list_has_a_head_and_a_pdu_for_each_message);
	tcase_add_test(tests, an_entry_that_follows_without_a_line_end_is_found);
	tcase_add_test(tests, a_message_without_a_pdu_is_an_empty_one);
	tcase_add_test(tests, an_alpha_may_have_commas_and_quotes);
	tcase_add_test(tests, a_length_before_a_trailing_zero_counts);
	tcase_add_test(tests, indices_are_taken_as_they_are_given);
	tcase_add_test(tests, text_mode_has_lines_of_text);
	tcase_add_test(tests, a_place_may_have_nothing_in_it);
	tcase_add_test(tests, what_stands_behind_the_tpdu_is_cut);
	suite_add_tcase(suite, tests);
	return run_suite(suite) != 0;
}
