/* SPDX-License-Identifier: Apache-2.0 */
/*
 * receiver_world.h - a receiver over the channel that channel_world.h plays: PDUs, answers, and a modem
 * that has SM alone, up to its first sweep.
 */
#ifndef RECEIVER_WORLD_H
#define RECEIVER_WORLD_H

#include "../drivers/modem_receiver.h"
#include "channel_world.h"
#include "run_suite.h"

enum { HEX_MAX = 400 };
#define STAMP 1795824900                 /* 2026-11-28 00:15:00 UTC */

static struct receiver *receiver;
static unsigned started;

static inline void hear(const struct at_urc *urc)
{
	receiver_urc(receiver, urc);
}

static inline void on_started(struct modem *of)
{
	ck_assert_ptr_eq(of, &modem);
	started++;
}

static inline void begin(void)
{
	world_setup();
	the_channel.urc = hear;
	started = 0;
	receiver = receiver_new(&modem);
}

static inline void end(void)
{
	receiver_free(receiver);
	link_world_teardown();
}

/* PDUs, as hex with the service centre, and their length as the modem says it. */

struct pdu { char hex[HEX_MAX]; size_t length; };

static inline struct pdu pdu_of(const struct tpdu *tpdu)
{
	struct pdu pdu;
	const struct address centre = { .ton = TON_INTERNATIONAL, .npi = NPI_E164, .text = "491710760000" };
	pdu.length = tpdu_line(pdu.hex, sizeof pdu.hex, &centre, tpdu);
	ck_assert_uint_gt(pdu.length, 0);
	return pdu;
}

static inline struct tpdu deliver(const char *text)
{
	struct tpdu tpdu = { .type = TPDU_DELIVER, .cause = -1, .no_more = true,
		.address = { .ton = TON_INTERNATIONAL, .npi = NPI_E164, .text = "36201234567" },
		.stamp = { .at = STAMP, .zone = 4, .known = true } };
	tpdu.data.text_len = (uint8_t)strlen(text);
	memcpy(tpdu.data.text, text, strlen(text));
	return tpdu;
}

static inline struct pdu message(const char *text)
{
	const struct tpdu tpdu = deliver(text);
	return pdu_of(&tpdu);
}

static inline struct pdu report(uint8_t reference)
{
	const struct tpdu tpdu = { .type = TPDU_STATUS_REPORT, .cause = -1, .reference = reference,
		.address = { .ton = TON_INTERNATIONAL, .npi = NPI_E164, .text = "36201234567" },
		.stamp = { .at = STAMP, .known = true }, .discharge = { .at = STAMP + 5, .known = true } };
	return pdu_of(&tpdu);
}

/* Lines of an answer. */
static const char *lines[ANSWER_LINES];
static char room[ANSWER_LINES][HEX_MAX + 40];
static size_t nlines;

__attribute__((format(printf, 1, 2))) static inline void line(const char *format, ...)
{
	va_list args;
	ck_assert_uint_lt(nlines, ANSWER_LINES);
	va_start(args, format);
	vsnprintf(room[nlines], sizeof room[0], format, args);
	va_end(args);
	lines[nlines] = room[nlines];
	nlines++;
}

static inline void entry(int index, int state, const struct pdu *pdu)
{
	line("+CMGL: %d,%d,,%zu", index, state, pdu->length);
	line("%s", pdu->hex);
}

static inline void answer_lines(void)
{
	const struct at_answer given = { .result = AT_OK, .code = -1, .lines = lines, .nlines = nlines,
		.written = true };
	nlines = 0;
	end_command(&given);
}

/* A modem with SM alone, up to its first sweep. */

static inline void start_to_routing(const char *storages)
{
	receiver_start(receiver, on_started);
	expect("AT+CSMS?");
	answer(AT_OK, "+CSMS: 0,1,1,1", NULL);
	expect("AT+CPMS=?");
	answer(AT_OK, storages, NULL);
}

static inline void start(void)
{
	const unsigned before = started;
	start_to_routing("+CPMS: (\"SM\"),(\"SM\"),(\"SM\")");
	expect("AT+CPMS=\"SM\",\"SM\",\"SM\"");
	answer(AT_OK, "+CPMS: 0,25,0,25,0,25", NULL);
	expect("AT+CNMI=?");
	answer(AT_OK, "+CNMI: (0-2),(0-3),(0,2),(0-2),(0,1)", NULL);
	expect("AT+CNMI=2,1,0,1,0");
	answer(AT_OK, NULL);
	ck_assert_uint_eq(started, before + 1);
}

static inline void expect_list(const char *storage)
{
	char command[64];
	snprintf(command, sizeof command, "AT+CPMS=\"%s\"", storage);
	expect(command);
	answer(AT_OK, "+CPMS: 0,25,0,25,0,25", NULL);
	expect("AT+CMGL=4");
}

/* Up to the answer to its first list, which is empty. */
static inline void start_empty(void)
{
	start();
	expect_list("SM");
	answer(AT_OK, NULL);
	expect_none();
}

/* A sweep that finds what `line()` has. */
static inline void sweep(void)
{
	receiver_sweep(receiver);
	expect_list("SM");
	answer_lines();
}

/* The n-th message that the link was told of is stored. */
static inline void keep(unsigned n)
{
	ck_assert_uint_lt(n, the_link.ninbound);
	receiver_ack(receiver, the_link.inbound_tickets[n], ACK_KEPT);
}

static inline void answer_deleted(const char *command)
{
	expect(command);
	answer(AT_OK, NULL);
}

/* A program of Check with these tests, in a world each. */
static inline int run_tests(const char *name, const TTest **tests, size_t n)
{
	Suite *suite = suite_create(name);
	TCase *all = tcase_create(name);
	tcase_add_checked_fixture(all, begin, end);
	for (size_t i = 0; i < n; i++)
		tcase_add_test(all, tests[i]);
	suite_add_tcase(suite, all);
	return run_suite(suite) != 0;
}

#endif
