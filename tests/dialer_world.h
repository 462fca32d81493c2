/* SPDX-License-Identifier: Apache-2.0 */
/*
 * dialer_world.h - a dialer before the played channel of channel_world.h, and rows of kind ussd
 * for it; for check_modem_dialer.c and check_modem_dialer_ways.c.
 */
#ifndef DIALER_WORLD_H
#define DIALER_WORLD_H

#include "channel_world.h"
#include "run_suite.h"
#include "ussd_rows.h"


static struct dialer *dialer;

static inline void on_urc(const struct at_urc *urc)
{
	ck_assert(dialer_urc(dialer, urc));
}

static inline void setup(void)
{
	world_setup();
	the_channel.urc = on_urc;
	dialer = dialer_new(&modem);
}

static inline void started(void)
{
	setup();
	dialer_start(dialer);
	expect("AT+CUSD=1");
	answer(AT_OK, NULL);
	expect_none();
}

static inline void teardown(void)
{
	dialer_free(dialer);
	link_world_teardown();
}

/* Row i, lent: id i + 1. */
static inline struct part *row(unsigned i, const char *recipient, int op, const char *text)
{
	ussd_row(i, recipient, op, text);
	return lend_part(i);
}

static inline void dial(unsigned i, const char *code)
{
	dialer_submit(dialer, row(i, code, TURN_BEGIN, ""));
}

/* The dialogue has ended: the modem is told, always. */
static inline void ended(void)
{
	expect("AT+CUSD=2");
	answer(AT_OK, NULL);
	expect_none();
	ck_assert(dialer_is_idle(dialer));
}

static inline void dialled(unsigned i, const char *code, const char *command)
{
	dial(i, code);
	expect(command);
	answer(AT_OK, NULL);
	is(i, VERDICT_SENT);
}

static inline int run_tests(const char *name, const TTest *const *all, size_t n)
{
	Suite *suite = suite_create(name);
	TCase *tests = tcase_create(name);
	for (size_t i = 0; i < n; i++)
		tcase_add_test(tests, all[i]);
	suite_add_tcase(suite, tests);
	return run_suite(suite) != 0;
}

#endif
