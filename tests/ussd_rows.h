/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ussd_rows.h - rows of kind ussd for the link of link_world.h, and what came in of such.
 */
#ifndef USSD_ROWS_H
#define USSD_ROWS_H

#include "../gateway/asked.h"
#include "../gateway/turn.h"
#include "../sms/alphabet.h"
#include "link_world.h"

static struct asked wishes[PARTS];
static uint8_t texts[PARTS][256];

/* Makes row i one of kind ussd, as the gateway has it: its id is i + 1. */
static inline void ussd_row(unsigned i, const char *recipient, int op, const char *text)
{
	struct part *part = &parts[i];
	size_t n, octets;
	wishes[i] = asked_nothing;
	wishes[i].kind = KIND_USSD;
	wishes[i].turn = (struct turn){ .there = true, .op = op, .end = turn_op_ends(op), .session = -1 };
	messages[i].kind = "ussd";
	messages[i].recipient = recipient;
	messages[i].sender = "";
	messages[i].asked = &wishes[i];
	part->coding = CODING_GSM7;
	part->octets = texts[i];
	if (gsm7_from_utf8(texts[i], sizeof texts[i], &n, text, strlen(text)) == strlen(text)) {
		part->len = (uint16_t)n;
		return;
	}
	ck_assert_uint_eq(ucs2_from_utf8(texts[i], sizeof texts[i], &octets, text, strlen(text)), strlen(text));
	part->coding = CODING_UCS2;
	part->len = (uint16_t)octets;
}

static inline void is(unsigned i, enum verdict verdict)
{
	ck_assert_uint_eq(the_link.done[i], 1);
	ck_assert_msg(the_link.outcomes[i].verdict == verdict, "%d: %s", the_link.outcomes[i].verdict,
	    the_link.outcomes[i].text);
}

static inline void says(unsigned i, enum verdict verdict, const char *text)
{
	is(i, verdict);
	ck_assert_msg(strstr(the_link.outcomes[i].text, text), "%s", the_link.outcomes[i].text);
}

/* The last message: "SENDER ROW[!] OP[.] TEXT", ! for the first of a dialogue, . at its end. */
static inline void came(const char *expected)
{
	char told_[512], op[24];
	ck_assert_uint_gt(the_link.ninbound, 0);
	const unsigned i = the_link.ninbound - 1;
	const struct inbound *in = &the_link.inbound[i];
	turn_op_text(op, sizeof op, in->turn.op);
	snprintf(told_, sizeof told_, "%s %" PRId64 "%s %s%s %s", in->sender, in->outbox_id, in->first ? "!" : "",
	    *the_link.over[i] ? "over: " : op, *the_link.over[i] ? the_link.over[i] : in->turn.end ? "." : "",
	    the_link.bodies[i]);
	ck_assert_str_eq(told_, expected);
	ck_assert(in->turn.there);
	ck_assert_int_eq(in->turn.session, -1);
	ck_assert_int_eq(in->turn.sequence, -1);
}

#endif
