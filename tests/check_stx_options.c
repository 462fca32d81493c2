/* SPDX-License-Identifier: Apache-2.0 */
/* check_stx_options.c - what a link of UCP or CIMD2 may say of its connection. */
#include "../drivers/stx.h"

#include <check.h>

#include <stdlib.h>
#include <string.h>

START_TEST(a_link_says_where_to_connect_to)
{
	static char empty[] = "", bare[] = "smsc.example", full[] = "smsc.example:5000", six[] = "[2001:db8::1]:5000",
	    six_bare[] = "2001:db8::1", good[] = "192.0.2.1";
	static const struct { char *host; long port; char *source; bool pinned, good; const char *why; } cases[] = {
		{ bare, 5000, empty, false, true, NULL }, { full, 0, good, false, true, NULL },
		{ six, 0, empty, false, true, NULL }, { NULL, 5000, empty, false, false, "host is missing" },
		{ empty, 5000, empty, false, false, "host has an empty name" },
		{ bare, 0, empty, false, false, "port is missing" }, { six_bare, 0, empty, false, false, "port is missing" },
		{ full, 0, bare, false, false, "source_address = " }, { full, 0, empty, true, false, "tls_pin needs" },
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		char *host = cases[i].host;
		struct stx_options options = { .host = { &host, host != NULL }, .port = cases[i].port,
			.source_address = cases[i].source, .tls.pins = { &host, cases[i].pinned } };
		struct conf_error err;
		ck_assert_msg(stx_check(&options, true, &err) == cases[i].good, "case %zu", i);
		if (!cases[i].good)
			ck_assert_msg(strncmp(err.text, cases[i].why, strlen(cases[i].why)) == 0, "%s", err.text);
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("stx_options");
	TCase *tests = tcase_create("stx_options");
	tcase_add_test(tests, a_link_says_where_to_connect_to);
	suite_add_tcase(suite, tests);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	const int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
