/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ledger_ussd.c - the table ussd: dialogues, kept in the transaction of what moves them.
 *
 *                          request, notify of ours (push); begin of ours (a code dialled)
 *     begin (handset)  ----------------------------------> open --+
 *        ^    answer, confirm (handset): reply is due --------^    |
 *        |    request, notify of ours: none is due -----------^    |
 *        |                                                         v
 *        +--- the same session later -------------------------- ended: by the end bit of
 *                      either side, a release, our turn that failed, a begin in its
 *                      place, or ten quiet minutes
 *
 * With the network itself, where we dialled a code, it is the other way round: the handset
 * of the picture is then the network, and its turns are request, response, notify.
 *
 * A dialogue is found by link, handset and session; a push that the network has not
 * numbered yet by link and handset, and gets its number from the first answer. Turns of
 * one dialogue come one after the other, but a settlement may be written after the answer
 * to it, by another connection: then it only counts.
 *
 * Asked again, nothing changes twice: a turn of the handset's has its inbox row, one of
 * ours its outbox row, and the dialogue remembers the last of both.
 */
#include "ledger_values.h"

#include "../gateway/asked.h"
#include "../gateway/turn.h"
#include "../sms/alphabet.h"

#include <stdio.h>
#include <stdlib.h>

enum {
	USSD_QUIET_S = 600,
	BEGIN_REPEAT_S = 30,            /* a begin that comes again so soon is the same one */
	CONFIRM_LATE_S = 600,           /* a notice may be confirmed so long after it ended its dialogue */
	REASON_MAX = 200, OP_TEXT = 24,
	OPEN_TRIES = 3,
};

/* A dialogue as the transaction finds it; id 0: there is none. */
struct dialogue {
	int64_t id, session, sequence, opened_s, quiet_s;
	bool open;
	bool due;                       /* it is our turn */
	bool same;                      /* the handset's last text is this one */
	bool seen;                      /* this turn of the other side's is in it already */
	bool ours;                      /* our row is the last of ours in it */
	bool passed;                    /* the other side has said something since our row was claimed */
	char last_op[OP_TEXT];
};

/* Which one, and by what. */
struct key {
	const char *link;
	char msisdn[64], code[64];      /* msisdn as it is shown; without + to find it */
	int64_t session;
	const char *arrival;            /* of the inbox row, or NULL */
	int64_t outbox_id;              /* or ours, 0 */
	bool confirm;                   /* it confirms a notice */
};

static void see_dialogue(void *ctx, const struct value *columns, size_t n)
{
	(void)n;
	struct dialogue *found = ctx;
	*found = (struct dialogue){ .id = columns[0].number, .open = columns[1].number,
		.session = columns[2].number, .sequence = columns[4].number, .due = columns[5].number,
		.opened_s = columns[6].number, .quiet_s = columns[7].number, .same = columns[8].number,
		.seen = columns[9].number, .ours = columns[10].number, .passed = columns[11].number };
	snprintf(found->last_op, sizeof found->last_op, "%s", (const char *)columns[3].at);
}

static struct value text_or_none(const char *text)
{
	return text ? text_value(text) : null_value();
}

static struct value id_or_none(int64_t id)
{
	return id ? number_value(id) : null_value();
}

static bool is_own_op(const char *op, bool with_network)
{
	static const char *const to_handset[] = { "request", "notify", "response", "data-response", NULL };
	static const char *const to_network[] = { "begin", "answer", NULL };
	for (const char *const *at = with_network ? to_network : to_handset; *at; at++)
		if (strcmp(op, *at) == 0)
			return true;
	return false;
}

static enum db_result find(struct ledger *ledger, const struct key *key, struct dialogue *found,
    struct db_error *err)
{
	*found = (struct dialogue){ .id = 0 };
	const struct value values[] = { text_value(key->link),
		text_value(key->msisdn + (*key->msisdn == '+')), number_value(key->session),
		text_or_none(key->arrival), id_or_none(key->outbox_id),
		number_value(key->confirm) };
	enum db_result result = ledger_run(ledger, STATEMENT_USSD_READ, values, 6, 1, see_dialogue, found, err);
	found->passed = found->passed && !is_own_op(found->last_op, turn_is_network(key->msisdn));
	return result;
}

static enum db_result end(struct ledger *ledger, int64_t id, const char *reason, struct db_error *err)
{
	const struct value values[] = { number_value(id), text_value(reason) };
	return ledger_run(ledger, STATEMENT_USSD_END, values, 2, 1, NULL, NULL, err);
}

/* A new one with its first turn. Another gateway may have been quicker: *won is false then. */
static enum db_result open_one(struct ledger *ledger, const struct key *key, const struct turn *turn,
    const char *reply, bool *won, struct db_error *err)
{
	char op[OP_TEXT];
	size_t changed = 0;
	turn_op_text(op, sizeof op, turn->op);
	const struct value values[] = { text_value(key->link), text_value(key->msisdn),
		text_value(key->code), number_value(key->session),
		number_value(key->arrival ? turn->sequence : -1), text_value(op), text_or_none(reply),
		text_or_none(key->arrival), id_or_none(key->outbox_id) };
	enum db_result result = ledger->engine->run(ledger->db, STATEMENT_USSD_OPEN, values, 9, 1, NULL,
	    NULL, &changed, err);
	*won = changed > 0;
	return result;
}

static enum db_result open_ours(struct ledger *ledger, const struct key *key, const struct turn *turn,
    struct dialogue *found, struct db_error *err)
{
	bool won;
	enum db_result result = open_one(ledger, key, turn, NULL, &won, err);
	return result == DB_OK ? find(ledger, key, found, err) : result;
}

/* A code that we dialled. What is open with it is over: the network has one dialogue at a time. */
static enum db_result dial(struct ledger *ledger, const struct key *key, struct dialogue *found,
    struct db_error *err)
{
	const struct turn turn = { .op = TURN_BEGIN };
	struct key ours = *key;
	ours.arrival = NULL;
	enum db_result result = found->open ? end(ledger, found->id, "dialled anew", err) : DB_OK;
	return result == DB_OK ? open_ours(ledger, &ours, &turn, found, err) : result;
}

/* Turns of the handset's, or of the network's. */

/*
 * The network sends again what it got no answer for. It is told by its sequence and text
 * while our turn is due, since a handset cannot speak twice; and later by a sequence that
 * counts, or by a begin that comes at once. What cannot be told is a turn.
 */
static bool is_repeat(const struct dialogue *found, const struct turn *turn, const char *op)
{
	return found->open && found->same && found->sequence == turn->sequence &&
	    strcmp(found->last_op, op) == 0 && (found->due || turn->sequence > 0);
}

/* The op of our turn has taken the place of "begin" then. */
static bool is_begin_again(const struct dialogue *found, const struct turn *turn)
{
	return found->open && found->same && found->sequence == turn->sequence &&
	    turn_op_begins(turn->op) && found->opened_s < BEGIN_REPEAT_S;
}

/* Why the dialogue is over with this turn, or NULL. */
static const char *last_word(const struct inbound *inbound, char reason[REASON_MAX])
{
	const struct turn *turn = &inbound->turn;
	if (turn->op >= TURN_VENDOR)
		snprintf(reason, REASON_MAX, "released by the network: operation %d", turn->op);
	else if (turn->end)
		snprintf(reason, REASON_MAX, "%s by the network", inbound->octets.len ? "ended" : "released");
	else
		return NULL;
	return reason;
}

static enum db_result add_turn(struct ledger *ledger, const struct key *key, int64_t id,
    const struct turn *turn, struct db_error *err)
{
	char op[OP_TEXT];
	turn_op_text(op, sizeof op, turn->op);
	char *reply = turn_reply(turn);
	const struct value values[] = { number_value(id), number_value(turn->session),
		number_value(turn->sequence), text_value(op), text_value(reply), text_value(key->arrival),
		text_value(key->code) };
	enum db_result result = ledger_run(ledger, STATEMENT_USSD_TURN, values, 7, 1, NULL, NULL, err);
	free(reply);
	return result;
}

static enum db_result note_repeat(struct ledger *ledger, const struct key *key, int64_t id,
    struct db_error *err)
{
	const struct value values[] = { text_value(key->arrival), number_value(id) };
	return ledger_run(ledger, STATEMENT_USSD_REPEAT, values, 2, 1, NULL, NULL, err);
}

/* A notice that ended its dialogue is confirmed after that, and the confirmation may come twice. */
static bool is_late_confirm(const struct dialogue *found, const struct turn *turn)
{
	return found->id && !found->open && turn->op == TURN_CONFIRM && found->quiet_s < CONFIRM_LATE_S &&
	    (strcmp(found->last_op, "notify") == 0 || strcmp(found->last_op, "confirm") == 0);
}

/* Opens one for a turn of the handset's; what ends a dialogue that is not there is no reason. */
static enum db_result begin_dialogue(struct ledger *ledger, const struct key *key,
    const struct inbound *inbound, bool *won, struct db_error *err)
{
	char reason[REASON_MAX];
	const struct turn *turn = &inbound->turn;
	const char *over = last_word(inbound, reason);
	struct dialogue found;
	*won = true;
	if (over && !turn_op_begins(turn->op))
		return DB_OK;
	char *reply = turn_reply(turn);
	enum db_result result = open_one(ledger, key, turn, reply, won, err);
	free(reply);
	if (result != DB_OK || !over || !*won)
		return result;
	result = find(ledger, key, &found, err);
	return result == DB_OK ? end(ledger, found.id, over, err) : result;
}

static enum db_result heard(struct ledger *ledger, const struct key *key, const struct inbound *inbound,
    bool *done, struct db_error *err)
{
	char reason[REASON_MAX], op[OP_TEXT];
	const struct turn *turn = &inbound->turn;
	struct dialogue found;
	*done = true;
	turn_op_text(op, sizeof op, turn->op);
	enum db_result result = find(ledger, key, &found, err);
	/* It may overtake the settlement of the row that it answers. */
	if (result == DB_OK && inbound->first && !found.seen && !found.ours)
		result = dial(ledger, key, &found, err);
	else if (found.seen)
		return result;
	if (result == DB_OK && inbound->over)
		return found.open ? end(ledger, found.id, inbound->over, err) : DB_OK;
	if (result != DB_OK)
		return result;
	if (is_repeat(&found, turn, op) || is_begin_again(&found, turn))
		return note_repeat(ledger, key, found.id, err);
	if (is_late_confirm(&found, turn) && strcmp(found.last_op, op) == 0)
		return note_repeat(ledger, key, found.id, err);
	if (is_late_confirm(&found, turn))
		return add_turn(ledger, key, found.id, turn, err);
	/* A push without a number is not what the handset begins, which stands beside it. */
	if (found.open && turn_op_begins(turn->op) && found.session == turn->session) {
		result = end(ledger, found.id, "the handset began anew", err);
		found.open = false;
	}
	const bool belongs = found.id && inbound->outbox_id;
	if (result == DB_OK && ((!found.open && !belongs) || turn_op_begins(turn->op)))
		return begin_dialogue(ledger, key, inbound, done, err);
	if (result == DB_OK)
		result = add_turn(ledger, key, found.id, turn, err);
	const char *over = last_word(inbound, reason);
	return result == DB_OK && over ? end(ledger, found.id, over, err) : result;
}

enum db_result ledger_hear_turn(struct ledger *ledger, const struct inbound *inbound, struct db_error *err)
{
	struct key key = { .link = inbound->link, .session = inbound->turn.session,
		.arrival = inbound->over ? NULL : inbound->arrival, .outbox_id = inbound->outbox_id,
		.confirm = inbound->turn.op == TURN_CONFIRM };
	snprintf(key.msisdn, sizeof key.msisdn, "%s", inbound->sender);
	snprintf(key.code, sizeof key.code, "%s", inbound->recipient);
	bool done = false;
	enum db_result result = DB_OK;
	for (int i = 0; result == DB_OK && !done && i < OPEN_TRIES; i++)
		result = heard(ledger, &key, inbound, &done, err);
	return result;
}

/* Turns of ours, once they are settled. */

static enum db_result count_ours(struct ledger *ledger, const struct key *key,
    const struct dialogue *found, const struct turn *turn, struct db_error *err)
{
	char op[OP_TEXT];
	const bool answers = turn->op == TURN_REQUEST && turn_is_network(key->msisdn);
	turn_op_text(op, sizeof op, answers ? TURN_ANSWER : turn->op);
	const struct value values[] = { number_value(found->id), number_value(key->outbox_id),
		text_value(op), number_value(found->passed) };
	return ledger_run(ledger, STATEMENT_USSD_OURS, values, 4, 1, NULL, NULL, err);
}

static bool dials(const struct key *key, const struct turn *turn)
{
	return turn_op_begins(turn->op) && turn_is_code(key->msisdn);
}

static enum db_result taken(struct ledger *ledger, const struct key *key, const struct message *message,
    struct dialogue *found, struct db_error *err)
{
	const struct turn *turn = &message->asked->turn;
	const bool calls = turn->op == TURN_REQUEST || turn->op == TURN_NOTIFY;
	enum db_result result = DB_OK;
	if (found->ours)
		return DB_OK;
	if (dials(key, turn))
		result = dial(ledger, key, found, err);
	else if (found->open || (found->passed && !(calls && turn->session < 0)))
		result = count_ours(ledger, key, found, turn, err);
	else if (calls)
		result = open_ours(ledger, key, turn, found, err);
	else
		return DB_OK;
	if (result == DB_OK && turn->end && found->id && message->outcome.verdict == VERDICT_SENT)
		result = end(ledger, found->id, "our last word", err);
	return result;
}

/* A handset's number without what people write between its digits; a service's name, cut between
 * characters. */
static void fill_names(struct key *key, const struct message *message)
{
	size_t n = 0;
	for (const char *at = message->recipient; *at && n + 1 < sizeof key->msisdn; at++)
		if (*at > ' ' && *at <= '~' && !strchr("-./()", *at))
			key->msisdn[n++] = *at;
	snprintf(key->code, sizeof key->code, "%s", message->sender);
	key->code[utf8_valid(key->code, strlen(key->code))] = '\0';
}

static enum db_result settled(struct ledger *ledger, const struct message *message, struct batch *scratch,
    struct db_error *err)
{
	struct dialogue found;
	struct key key = { .link = *message->link ? message->link : message->pinned,
		.session = message->asked->turn.session, .outbox_id = message->id };
	fill_names(&key, message);
	enum db_result result = find(ledger, &key, &found, err);
	if (result != DB_OK)
		return result;
	if (message->outcome.verdict == VERDICT_SENT || message->outcome.verdict == VERDICT_DOUBTFUL)
		return taken(ledger, &key, message, &found, err);
	if (!found.open || found.passed || found.ours || dials(&key, &message->asked->turn))
		return DB_OK;
	char reason[REASON_MAX];
	snprintf(reason, sizeof reason, "our turn failed: %s", message->outcome.text);
	const char *clean = clean_value(scratch, reason).at;
	return end(ledger, found.id, clean, err);
}

enum db_result ledger_settle_turns(struct ledger *ledger, struct message *const *messages, size_t n,
    struct batch *scratch, struct db_error *err)
{
	enum db_result result = DB_OK;
	for (size_t i = 0; result == DB_OK && i < n; i++)
		if (messages[i]->asked && messages[i]->asked->kind == KIND_USSD &&
		    messages[i]->outcome.verdict != VERDICT_DEFERRED)
			result = settled(ledger, messages[i], scratch, err);
	return result;
}

enum db_result ledger_tend_ussd(struct ledger *ledger, struct db_error *err)
{
	const struct value values[] = { number_value(USSD_QUIET_S), text_value("no turn for 10 minutes") };
	return ledger_run(ledger, STATEMENT_USSD_QUIET, values, 2, 1, NULL, NULL, err);
}
