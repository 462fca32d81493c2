/* SPDX-License-Identifier: Apache-2.0 */
/* sender_world.h - a sender in channel_world.h: parts given to it, what became of them, reports. */
#ifndef SENDER_WORLD_H
#define SENDER_WORLD_H

#include "../sms/tpdu.h"
#include "channel_world.h"

static struct sender *sender;

static inline void sender_setup(void)
{
	static char receiver;
	world_setup();
	modem.receiver = (void *)&receiver; /* only its sweep is counted */
	modem.sender = sender = sender_new(&modem);
}

static inline void sender_teardown(void)
{
	sender_free(sender);
	link_world_teardown();
}

static inline void submit(unsigned i)
{
	sender_submit(sender, lend_part(i));
}

/* Part i, as far as the prompt. */
static inline void leave(unsigned i)
{
	submit(i);
	expect_start("AT+CMGS=");
	prompt();
}

static inline const struct outcome *outcome_of(unsigned i)
{
	ck_assert_uint_eq(the_link.done[i], 1);
	return &the_link.outcomes[i];
}

static inline void ended_as(unsigned i, enum verdict verdict, bool untried)
{
	const struct outcome *outcome = outcome_of(i);
	ck_assert_msg(outcome->verdict == verdict, "part %u ended as %d: %s", i, (int)outcome->verdict, outcome->text);
	ck_assert_int_eq(outcome->untried, untried);
	ck_assert_uint_eq(outcome->hold_ms, 0);
}

/* "YYYYMMDDHH" of now. */
static inline const char *hour(void)
{
	static char text[16];
	const time_t now = time(NULL);
	struct tm when;
	gmtime_r(&now, &when);
	strftime(text, sizeof text, "%Y%m%d%H", &when);
	return text;
}

static inline bool is_named(const char *id, int reference)
{
	char rest[32];
	snprintf(rest, sizeof rest, "-%03d-00900123", reference);
	return strncmp(id, hour(), 8) == 0 && strcmp(id + 10, rest) == 0;
}

/* The centre had the message within the second after now. */
static inline struct tpdu report_of(int reference, unsigned status)
{
	struct tpdu tpdu = { .type = TPDU_STATUS_REPORT, .reference = (uint8_t)reference, .cause = -1,
		.address = { .ton = TON_INTERNATIONAL, .npi = NPI_E164, .text = "447700900123" },
		.stamp = { .at = time(NULL) + 1, .known = true }, .discharge = { .at = time(NULL) + 1, .known = true },
		.status = (uint8_t)status };
	return tpdu;
}

static inline void report(int reference, unsigned status, uint64_t ticket)
{
	const struct tpdu tpdu = report_of(reference, status);
	ck_assert(sender_report(sender, &tpdu, ticket));
}

#endif
