/* SPDX-License-Identifier: Apache-2.0 */
/* check_dialogues.c - USSD dialogues in the tables (ledger_ussd.c). */
#include "ledger_world.h"

#include "../gateway/asked.h"
#include "../gateway/turn.h"

static unsigned arrivals;

/* What a handset says, as "MSISDN SESSION SEQUENCE OP TEXT"; "!" behind the op: the end bit. */
static struct inbound said(const char *what)
{
	static char text[64];
	char op[24] = "";
	long long session;
	struct inbound one = { .link = "acme", .recipient = "*123#", .charset = CHARSET_UTF8,
		.received_at = 1700000000, .turn = { .there = true } };
	text[0] = '\0';
	ck_assert_int_ge(sscanf(what, "%20s %lld %d %23s %63[^\n]", one.sender, &session, &one.turn.sequence,
	    op, text), 4);
	one.turn.session = session;
	const size_t len = strlen(op);
	if (op[len - 1] == '!') {
		one.turn.end = true;
		op[len - 1] = '\0';
	}
	one.turn.op = turn_op_number(op) >= 0 ? turn_op_number(op) : (int)strtol(op, NULL, 10);
	one.octets = (struct blob){ (const uint8_t *)text, strlen(text) };
	snprintf(one.arrival, sizeof one.arrival, "a%u", ++arrivals);
	return one;
}

static void hear_again(const struct inbound *one)
{
	record(&gw1, &(struct facts){ .inbounds = one, .ninbounds = 1 });
}

static void hear(const char *what)
{
	const struct inbound one = said(what);
	hear_again(&one);
}

static void begin_world(int index)
{
	arrivals = 0;
	begin_entered(index);
}

/* An application's row, claimed by gw1, and read as the gateway does. */
static struct message *ask(const char *recipient, const char *options)
{
	static int64_t token = 2000;
	char why[OUTCOME_TEXT_MAX];
	words("INSERT INTO outbox (kind, link, recipient, sender, body, options) VALUES ('ussd', 'acme', '%s', "
	    "'*123#', 'menu', %s)", recipient, options);
	claim(&gw1, ++token, 10);
	ck_assert_uint_eq(nmessages, 1);
	ck_assert_msg(asked_read(messages[0], why, sizeof why), "%s", why);
	return messages[0];
}

static void say(const char *recipient, const char *options, enum verdict verdict)
{
	answer(ask(recipient, options), verdict, 1, "id");
	settle(&gw1);
}

/* The newest dialogue: "STATUS TURNS LAST_OP SESSION/SEQUENCE", and whether an answer is due to
 * the handset or awaited from it, or why it ended. */
static void is(const char *expected)
{
	ck_assert_str_eq(words("SELECT status || ' ' || turns || ' ' || last_op || ' ' || session || '/' || "
	    "sequence || ' ' || CASE WHEN status = 'ended' AND ended_at IS NOT NULL AND reply IS NULL THEN reason "
	    "WHEN reply IS NULL THEN 'awaited' ELSE 'due' END FROM ussd ORDER BY id DESC LIMIT 1"), expected);
}

static void dialogues(int n)
{
	ck_assert_int_eq(count("SELECT count(*) FROM ussd"), n);
}

#define REPLY "(SELECT reply FROM ussd WHERE status = 'open' ORDER BY id DESC LIMIT 1)"
#define LAST_WORD "'{\"ussd\": {\"session\": 42, \"sequence\": 3}}'"

START_TEST(a_dialogue_goes_from_the_code_to_our_last_word)
{
	begin_world(_i);
	hear("+4477 42 0 begin *123#");
	is("open 1 begin 42/0 due");
	ck_assert_str_eq(words("SELECT msisdn || ' ' || code || ' ' || link FROM ussd"), "+4477 *123# acme");
	ck_assert_str_eq(words("SELECT kind || ' ' || body FROM inbox WHERE id = (SELECT inbox_id FROM ussd)"),
	    "ussd *123#");
	say("+4477", REPLY, VERDICT_SENT);
	is("open 2 request 42/0 awaited");
	ck_assert_int_eq(count("SELECT count(*) FROM ussd u JOIN outbox o ON o.id = u.outbox_id"), 1);
	hear("+4477 42 2 answer 1");
	is("open 3 answer 42/2 due");
	say("+4477", LAST_WORD, VERDICT_SENT);
	is("ended 4 response 42/2 our last word");
	dialogues(1);
	ck_assert_int_eq(count("SELECT count(*) FROM inbox"), 2);
	end_entered();
}
END_TEST

START_TEST(a_reply_is_what_the_next_turn_needs)
{
	begin_world(_i);
	hear("+4477 42 127 begin *123#");
	const struct message *message = ask("+4477", REPLY);
	ck_assert_int_eq(message->asked->turn.op, TURN_REQUEST);
	ck_assert_int_eq(message->asked->turn.session, 42);
	ck_assert_int_eq(message->asked->turn.sequence, 0);
	ck_assert(!message->asked->turn.end);
	hear("+4477 7 0 data *1#");
	message = ask("+4477", "(SELECT reply FROM ussd WHERE session = 7)");
	ck_assert_int_eq(message->asked->turn.op, TURN_DATA_RESPONSE);
	ck_assert(message->asked->turn.end);
	end_entered();
}
END_TEST

START_TEST(the_network_ends_a_dialogue)
{
	static const struct { const char *last, *state; } cases[] = {
		{ "+4477 42 2 answer! 1", "ended 3 answer 42/2 ended by the network" },
		{ "+4477 42 2 answer!", "ended 3 answer 42/2 released by the network" },
		{ "+4477 42 2 33", "ended 3 33 42/2 released by the network: operation 33" },
	};
	begin_world(_i);
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		hear("+4477 42 0 begin *123#");
		say("+4477", REPLY, VERDICT_SENT);
		hear(cases[i].last);
		is(cases[i].state);
		dialogues((int)i + 1);
	}
	hear("+4477 42 4 33");              /* nothing is open: nothing is released */
	dialogues(3);
	hear("+4477 42 0 begin! *123#");
	is("ended 1 begin 42/0 ended by the network");
	end_entered();
}
END_TEST

START_TEST(a_repeat_of_the_network_counts_once)
{
	begin_world(_i);
	hear("+4477 42 0 begin *123#");
	hear("+4477 42 0 begin *123#");
	is("open 1 begin 42/0 due");
	ck_assert_int_eq(count("SELECT count(*) FROM inbox a JOIN inbox b ON a.dup_of = b.id"), 1);
	say("+4477", REPLY, VERDICT_SENT);
	hear("+4477 42 0 begin *123#");     /* even after our answer, when it is as soon as that */
	is("open 2 request 42/0 awaited");
	hear("+4477 42 2 answer 1");
	hear("+4477 42 2 answer 1");
	is("open 3 answer 42/2 due");
	say("+4477", REPLY, VERDICT_SENT);
	hear("+4477 42 4 answer 1");        /* the same text again, but a turn of its own */
	is("open 5 answer 42/4 due");
	dialogues(1);
	end_entered();
}
END_TEST

START_TEST(a_network_that_does_not_count_may_hear_the_same_text_twice)
{
	begin_world(_i);
	hear("+4477 42 0 begin *123#");
	say("+4477", REPLY, VERDICT_SENT);
	hear("+4477 42 0 answer 1");
	say("+4477", REPLY, VERDICT_SENT);
	hear("+4477 42 0 answer 1");
	is("open 5 answer 42/0 due");
	end_entered();
}
END_TEST

START_TEST(facts_written_again_change_nothing)
{
	begin_world(_i);
	const struct inbound first = said("+4477 42 0 begin *123#");
	hear_again(&first);
	hear_again(&first);
	is("open 1 begin 42/0 due");
	say("+4477", REPLY, VERDICT_SENT);
	settle(&gw1);
	is("open 2 request 42/0 awaited");
	const struct inbound second = said("+4477 42 2 answer 1");
	hear_again(&second);
	hear_again(&first);
	is("open 3 answer 42/2 due");
	say("+4477", LAST_WORD, VERDICT_SENT);
	settle(&gw1);
	hear_again(&second);
	is("ended 4 response 42/2 our last word");
	dialogues(1);
	ck_assert_int_eq(count("SELECT count(*) FROM inbox"), 2);
	end_entered();
}
END_TEST

START_TEST(a_code_dialled_anew_ends_what_was_open)
{
	begin_world(_i);
	hear("+4477 42 0 begin *123#");
	hear("+4477 42 0 begin *321#");
	is("open 1 begin 42/0 due");
	dialogues(2);
	ck_assert_str_eq(words("SELECT status || ', ' || reason FROM ussd ORDER BY id LIMIT 1"),
	    "ended, the handset began anew");
	end_entered();
}
END_TEST

START_TEST(without_a_session_the_handset_is_the_dialogue)
{
	begin_world(_i);
	hear("+4477 -1 -1 begin *123#");
	is("open 1 begin -1/-1 due");
	say("+4477", REPLY, VERDICT_SENT);
	hear("+4477 -1 -1 answer 1");
	say("+4477", REPLY, VERDICT_SENT);
	hear("+4477 -1 -1 answer 1");
	is("open 5 answer -1/-1 due");
	say("+4477", "'{\"ussd\": {\"op\": \"response\"}}'", VERDICT_SENT);
	is("ended 6 response -1/-1 our last word");
	dialogues(1);
	end_entered();
}
END_TEST

START_TEST(two_handsets_at_once_do_not_meet)
{
	begin_world(_i);
	const struct inbound some[] = { said("+4477 1 0 begin *123#"), said("+4478 1 0 begin *123#"),
		said("+4477 2 0 begin *123#") };
	record(&gw1, &(struct facts){ .inbounds = some, .ninbounds = 3 });
	ck_assert_int_eq(count("SELECT count(*) FROM ussd WHERE status = 'open' AND turns = 1"), 3);
	say("+4478", "'{\"ussd\": {\"session\": 1, \"sequence\": 1}}'", VERDICT_SENT);
	ck_assert_int_eq(count("SELECT count(*) FROM ussd WHERE status = 'open'"), 2);
	ck_assert_int_eq(count("SELECT count(*) FROM ussd WHERE status = 'ended' AND msisdn = '+4478'"), 1);
	end_entered();
}
END_TEST

START_TEST(a_turn_that_failed_ends_the_dialogue_and_one_in_doubt_does_not)
{
	begin_world(_i);
	hear("+4477 42 0 begin *123#");
	say("+4477", REPLY, VERDICT_DEFERRED);
	is("open 1 begin 42/0 due");
	words("DELETE FROM outbox");
	say("+4477", REPLY, VERDICT_DOUBTFUL);
	is("open 2 request 42/0 awaited");
	ck_assert_str_eq(words("SELECT status FROM outbox"), "doubtful");
	hear("+4477 42 2 answer 1");
	say("+4477", REPLY, VERDICT_REJECTED);
	is("ended 3 answer 42/2 our turn failed: why");
	hear("+4477 43 0 begin *123#");
	say("+4477", REPLY, VERDICT_EXPIRED);
	is("ended 1 begin 43/0 our turn failed: why");
	end_entered();
}
END_TEST

START_TEST(a_row_of_the_kind_is_never_resent)
{
	begin_world(_i);
	gw1.in_doubt = gw1.in_doubt_unknown = DOUBT_RESEND;
	const struct message *message = ask("+4477", "'{\"ussd\": {\"op\": \"request\"}}'");
	ck_assert_int_eq(message->in_doubt, DOUBT_HOLD);
	words("UPDATE outbox SET in_doubt = 'resend'");
	gw1.epoch = 0;                      /* started anew: what the last one held is recovered */
	enter(&gw1);
	ck_assert_str_eq(words("SELECT status FROM outbox"), "doubtful");
	end_entered();
}
END_TEST

START_TEST(a_push_gets_its_number_from_the_answer)
{
	begin_world(_i);
	say("+44 77", "'{\"ussd\": {\"op\": \"request\"}}'", VERDICT_SENT);
	is("open 1 request -1/-1 awaited");
	ck_assert_str_eq(words("SELECT msisdn FROM ussd"), "+4477");
	hear("4477 9 1 answer yes");
	is("open 2 answer 9/1 due");
	say("+4477", "'{\"ussd\": {\"session\": 9, \"sequence\": 2}}'", VERDICT_SENT);
	is("ended 3 response 9/1 our last word");
	dialogues(1);
	end_entered();
}
END_TEST

START_TEST(a_notice_is_over_and_its_confirmation_belongs_to_it)
{
	begin_world(_i);
	say("+4477", "NULL", VERDICT_SENT);
	is("ended 1 notify -1/-1 our last word");
	hear("+4477 9 1 confirm");
	hear("+4477 9 1 confirm");
	is("ended 2 confirm 9/1 our last word");
	dialogues(1);
	say("+4477", "NULL", VERDICT_SENT);
	hear("+4477 -1 -1 confirm");
	is("ended 2 confirm -1/-1 our last word");
	dialogues(2);
	say("+4477", "'{\"ussd\": {\"op\": \"notify\", \"end\": false}}'", VERDICT_SENT);
	hear("+4477 5 0 confirm");
	is("open 2 confirm 5/0 due");
	end_entered();
}
END_TEST

START_TEST(notices_that_are_claimed_together_are_dialogues_of_their_own)
{
	begin_world(_i);
	for (int i = 0; i < 2; i++)
		words("INSERT INTO outbox (kind, link, recipient, sender, body) VALUES ('ussd', 'acme', '+4477', "
		    "'*123#', 'notice')");
	claim(&gw1, 5000, 10);
	ck_assert_uint_eq(nmessages, 2);
	for (int i = 0; i < 2; i++) {
		char why[OUTCOME_TEXT_MAX];
		ck_assert(asked_read(messages[i], why, sizeof why));
		answer(messages[i], VERDICT_SENT, 1, i ? "id2" : "id1");
	}
	words("UPDATE outbox SET claimed_at = %s", from_now(-1));
	settle(&gw1);
	dialogues(2);
	ck_assert_int_eq(count("SELECT count(*) FROM ussd WHERE status = 'ended' AND turns = 1"), 2);
	hear("+4477 8 1 confirm");
	hear("+4477 9 1 confirm");
	dialogues(2);
	ck_assert_int_eq(count("SELECT count(*) FROM ussd WHERE turns = 2 AND last_op = 'confirm'"), 2);
	end_entered();
}
END_TEST

/* A number that is none fails its row, however long it is and whatever its letters are. */
START_TEST(names_of_any_length_are_cut_between_characters)
{
	char name[160] = "";
	begin_world(_i);
	for (size_t i = 0; i + 3 < sizeof name; i += 3)
		memcpy(name + i, "\xE2\x82\xAC", 4);
	struct message *message = ask(name, "'{\"ussd\": {\"op\": \"request\"}}'");
	message->sender = name;
	answer(message, VERDICT_SENT, 1, "id");
	settle(&gw1);
	ck_assert_str_eq(words("SELECT status FROM outbox"), "sent");
	ck_assert_int_eq(count(mysql_outside ? "SELECT char_length(code) FROM ussd"
	    : "SELECT length(code) FROM ussd"), 21);
	end_entered();
}
END_TEST

START_TEST(an_answer_that_overtakes_our_turn_is_not_undone_by_it)
{
	begin_world(_i);
	hear("+4477 42 0 begin *123#");
	answer(ask("+4477", REPLY), VERDICT_SENT, 1, "id");
	words("UPDATE outbox SET claimed_at = %s", from_now(-1));
	words("UPDATE ussd SET last_at = %s", from_now(-2));
	hear("+4477 42 2 answer 1");
	settle(&gw1);
	is("open 3 answer 42/2 due");
	/* And the one to a push, which had opened the dialogue by then. */
	words("DELETE FROM outbox");
	answer(ask("+4478", "'{\"ussd\": {\"op\": \"request\"}}'"), VERDICT_SENT, 1, "id");
	words("UPDATE outbox SET claimed_at = %s", from_now(-1));
	hear("+4478 8 1 answer 1");
	settle(&gw1);
	is("open 2 answer 8/1 due");
	dialogues(2);
	end_entered();
}
END_TEST

START_TEST(ten_quiet_minutes_end_a_dialogue)
{
	struct tended tended;
	begin_world(_i);
	hear("+4477 42 0 begin *123#");
	hear("+4478 42 0 begin *123#");
	words("UPDATE ussd SET last_at = %s WHERE msisdn = '+4477'", from_now(-601));
	words("UPDATE ussd SET last_at = %s WHERE msisdn = '+4478'", from_now(-500));
	GOOD(ledger_tend(&gw1, &tended, &err));
	ck_assert_str_eq(words("SELECT status || ', ' || reason FROM ussd WHERE msisdn = '+4477' AND "
	    "reply IS NULL"),
	    "ended, no turn for 10 minutes");
	ck_assert_str_eq(words("SELECT status FROM ussd WHERE msisdn = '+4478' AND reply IS NOT NULL"), "open");
	end_entered();
}
END_TEST

START_TEST(octets_of_the_network_s_own_go_back_as_they_came)
{
	begin_world(_i);
	struct inbound one = said("+4477 0 -1 begin *123#");
	one.turn.token_len = 4;
	memcpy(one.turn.token, "\0\0\x0A\x1B", 4);
	one.turn.session = turn_session(one.turn.token, 4);
	hear_again(&one);
	is("open 1 begin 2587/-1 due");
	const struct message *message = ask("+4477", REPLY);
	ck_assert_uint_eq(message->asked->turn.token_len, 4);
	ck_assert_mem_eq(message->asked->turn.token, one.turn.token, 4);
	ck_assert_int_eq(message->asked->turn.session, 2587);
	end_entered();
}
END_TEST

/* The network's side of a code that we dialled: as said(), answering that row of ours. */
static struct inbound answered(long long row, bool first, const char *what)
{
	struct inbound one = said(what);
	one.recipient[0] = '\0';
	one.outbox_id = row;
	one.first = first;
	return one;
}

static void network_says(long long row, bool first, const char *what)
{
	const struct inbound one = answered(row, first, what);
	hear_again(&one);
}

/* No message: it is over. */
static void network_is_gone(long long row, bool first, const char *code, const char *why)
{
	struct inbound one = { .link = "acme", .outbox_id = row, .first = first, .over = why,
		.turn = { .there = true, .op = TURN_RESPONSE, .end = true, .session = -1, .sequence = -1 } };
	snprintf(one.sender, sizeof one.sender, "%s", code);
	hear_again(&one);
}

static long long dialled(const char *code, enum verdict verdict)
{
	say(code, "NULL", verdict);
	return count("SELECT max(id) FROM outbox");
}

START_TEST(a_code_that_we_dial_is_a_dialogue_with_the_network)
{
	begin_world(_i);
	const long long first = dialled("*100#", VERDICT_SENT);
	is("open 1 begin -1/-1 awaited");
	network_says(first, true, "*100# -1 -1 request 1 Balance 2 Top up");
	is("open 2 request -1/-1 due");
	ck_assert_str_eq(words("SELECT msisdn || ' ' || link FROM ussd"), "*100# acme");
	ck_assert_str_eq(words("SELECT sender || ' ' || kind || ' ' || body FROM inbox WHERE outbox_id = %lld",
	    first), "*100# ussd 1 Balance 2 Top up");
	const struct message *message = ask("*100#", REPLY);
	ck_assert_int_eq(message->asked->turn.op, TURN_ANSWER);
	const long long second = message->id;
	answer(messages[0], VERDICT_SENT, 1, "");
	settle(&gw1);
	is("open 3 answer -1/-1 awaited");
	network_says(second, false, "*100# -1 -1 response! Balance 10");
	is("ended 4 response -1/-1 ended by the network");
	ck_assert_int_eq(count("SELECT count(*) FROM ussd u JOIN outbox o ON o.id = u.outbox_id JOIN inbox i "
	    "ON i.id = u.inbox_id WHERE i.outbox_id = o.id AND i.body = 'Balance 10'"), 1);
	dialogues(1);
	end_entered();
}
END_TEST

START_TEST(an_answer_that_overtakes_the_dialling_opens_the_dialogue)
{
	begin_world(_i);
	for (int i = 0; i < 2; i++)
		words("INSERT INTO outbox (kind, link, recipient) VALUES ('ussd', 'acme', '*100#')");
	claim(&gw1, 6000, 10);
	ck_assert_uint_eq(nmessages, 2);
	words("UPDATE outbox SET claimed_at = %s", from_now(-1));
	for (int i = 0; i < 2; i++) {
		char why[OUTCOME_TEXT_MAX];
		ck_assert(asked_read(messages[i], why, sizeof why));
		answer(messages[i], VERDICT_SENT, 1, "");
	}
	network_says(messages[0]->id, true, "*100# -1 -1 response! one");
	is("ended 2 response -1/-1 ended by the network");
	network_says(messages[1]->id, true, "*100# -1 -1 request two");
	is("open 2 request -1/-1 due");
	settle(&gw1);
	is("open 2 request -1/-1 due");
	dialogues(2);
	ck_assert_int_eq(count("SELECT count(*) FROM ussd u JOIN inbox i ON i.id = u.inbox_id AND "
	    "i.outbox_id = u.outbox_id"), 2);
	end_entered();
}
END_TEST

START_TEST(the_answer_to_our_answer_may_overtake_it)
{
	begin_world(_i);
	network_says(dialled("*100#", VERDICT_SENT), true, "*100# -1 -1 request menu");
	const long long row = ask("*100#", REPLY)->id;
	answer(messages[0], VERDICT_SENT, 1, "");
	words("UPDATE outbox SET claimed_at = %s", from_now(-1));
	network_says(row, false, "*100# -1 -1 request another");
	settle(&gw1);
	is("open 4 request -1/-1 due");
	dialogues(1);
	end_entered();
}
END_TEST

START_TEST(a_code_dialled_again_by_us_ends_what_was_open)
{
	begin_world(_i);
	network_says(dialled("*100#", VERDICT_SENT), true, "*100# -1 -1 request menu");
	dialled("*100#", VERDICT_REJECTED); /* what was not dialled ends nothing */
	is("open 2 request -1/-1 due");
	dialled("*100#", VERDICT_SENT);
	is("open 1 begin -1/-1 awaited");
	dialogues(2);
	ck_assert_str_eq(words("SELECT reason FROM ussd ORDER BY id LIMIT 1"), "dialled anew");
	end_entered();
}
END_TEST

START_TEST(a_dialogue_that_is_over_without_a_word_makes_no_row)
{
	begin_world(_i);
	network_is_gone(dialled("*100#", VERDICT_SENT), true, "*100#", "no answer in 60 seconds");
	is("ended 1 begin -1/-1 no answer in 60 seconds");
	network_is_gone(dialled("*101#", VERDICT_DOUBTFUL), true, "*101#", "unplugged");
	is("ended 1 begin -1/-1 unplugged");
	words("INSERT INTO outbox (kind, link, recipient) VALUES ('ussd', 'acme', '*102#')");
	claim(&gw1, 7000, 10);
	char why[OUTCOME_TEXT_MAX];
	ck_assert(asked_read(messages[0], why, sizeof why));
	answer(messages[0], VERDICT_SENT, 1, "");
	network_is_gone(messages[0]->id, true, "*102#", "unplugged");
	settle(&gw1);                       /* later, and it opens nothing */
	is("ended 1 begin -1/-1 unplugged");
	dialogues(3);
	ck_assert_int_eq(count("SELECT count(*) FROM inbox"), 0);
	end_entered();
}
END_TEST

START_TEST(we_cancel_a_dialogue_with_the_network)
{
	begin_world(_i);
	network_says(dialled("*100#", VERDICT_SENT), true, "*100# -1 -1 request menu");
	say("*100#", "'{\"ussd\": {\"op\": \"response\"}}'", VERDICT_SENT);
	is("ended 3 response -1/-1 our last word");
	dialogues(1);
	end_entered();
}
END_TEST

START_TEST(what_the_network_begins_can_be_answered)
{
	begin_world(_i);
	network_says(0, false, "USSD -1 -1 notify! Welcome");
	dialogues(0);
	network_says(0, false, "USSD -1 -1 request Accept?");
	is("open 1 request -1/-1 due");
	ck_assert_int_eq(count("SELECT count(*) FROM inbox WHERE outbox_id IS NULL"), 2);
	say("USSD", REPLY, VERDICT_SENT);
	is("open 2 answer -1/-1 awaited");
	network_says(count("SELECT max(id) FROM outbox"), false, "USSD -1 -1 response! Thanks");
	is("ended 3 response -1/-1 ended by the network");
	end_entered();
}
END_TEST

START_TEST(an_answer_alone_touches_no_dialogue)
{
	begin_world(_i);
	network_says(dialled("*100#", VERDICT_SENT), true, "*100# -1 -1 request menu");
	struct inbound one = said("*100# -1 -1 response! Balance 10");
	one.turn.alone = true;
	one.options = "{\"balance\":true}";
	hear_again(&one);
	is("open 2 request -1/-1 due");
	ck_assert_int_eq(count("SELECT count(*) FROM inbox WHERE kind = 'ussd' AND options IS NOT NULL"), 1);
	end_entered();
}
END_TEST

START_TEST(a_long_code_is_one_all_the_way)
{
	static const char code[] = "*123*12345678901234567890*1#";
	begin_world(_i);
	struct inbound one = said("x -1 -1 request PIN?");
	one.outbox_id = dialled(code, VERDICT_SENT);
	one.first = true;
	snprintf(one.sender, sizeof one.sender, "%s", code);
	hear_again(&one);
	is("open 2 request -1/-1 due");
	ck_assert_str_eq(words("SELECT msisdn FROM ussd"), code);
	ck_assert_str_eq(words("SELECT sender FROM inbox"), code);
	dialogues(1);
	end_entered();
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		a_dialogue_goes_from_the_code_to_our_last_word, a_reply_is_what_the_next_turn_needs,
		the_network_ends_a_dialogue, a_repeat_of_the_network_counts_once,
		a_network_that_does_not_count_may_hear_the_same_text_twice, facts_written_again_change_nothing,
		a_code_dialled_anew_ends_what_was_open, without_a_session_the_handset_is_the_dialogue,
		two_handsets_at_once_do_not_meet,
		a_turn_that_failed_ends_the_dialogue_and_one_in_doubt_does_not, a_row_of_the_kind_is_never_resent,
		names_of_any_length_are_cut_between_characters,
		notices_that_are_claimed_together_are_dialogues_of_their_own,
		a_push_gets_its_number_from_the_answer, a_notice_is_over_and_its_confirmation_belongs_to_it,
		an_answer_that_overtakes_our_turn_is_not_undone_by_it, ten_quiet_minutes_end_a_dialogue,
		octets_of_the_network_s_own_go_back_as_they_came,
		a_code_that_we_dial_is_a_dialogue_with_the_network,
		an_answer_that_overtakes_the_dialling_opens_the_dialogue, the_answer_to_our_answer_may_overtake_it,
		a_code_dialled_again_by_us_ends_what_was_open, a_dialogue_that_is_over_without_a_word_makes_no_row,
		we_cancel_a_dialogue_with_the_network, what_the_network_begins_can_be_answered,
		an_answer_alone_touches_no_dialogue, a_long_code_is_one_all_the_way,
	};
	return run_tests("dialogues", tests, sizeof tests / sizeof *tests);
}
