/* SPDX-License-Identifier: Apache-2.0 */
/* run_suite.h - the end of a test program's main(). */
#ifndef RUN_SUITE_H
#define RUN_SUITE_H

#include <check.h>

/* Runs a suite, and frees it; how many of its tests failed. */
static inline int run_suite(Suite *suite)
{
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	const int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed;
}

#endif
