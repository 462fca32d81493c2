/* SPDX-License-Identifier: Apache-2.0 */
/*
 * modem_dialer.c - USSD over a modem (3GPP TS 27.007, 7.15): codes dialled, menus answered, balance.
 *
 *           a row dials, or the balance is due
 *     IDLE -----------------------------------> SAYING <------------------------+
 *      ^  |                                     |    |OK                        | a row answers
 *      |  | the network begins                  |    v                          |
 *      |  +----------------------------> ASKED  |  AWAITING --- +CUSD: 1 -----> ASKED
 *      |                                        |    |                          |
 *      |       refused (on_said), +CUSD: 0, 2 to 5, a row cancels, nobody speaks for too long
 *      |                                        v    v                          v
 *      +------- result of AT+CUSD=2 (on_ended) --- ENDING <---------------------+
 *
 * A row is SENT with the OK; what the network says then is a message that names it. There is one
 * dialogue at a time, and a code that is to be dialled meanwhile goes back for some seconds. Every
 * dialogue ends with AT+CUSD=2, whoever ended it: some modems send no SMS before that.
 *
 * How strings are written no modem says. The ways are tried in an order that its profile begins;
 * a refusal that a wrong way may be the cause of is followed by the next one. The one by which the
 * network was first understood is kept.
 */
#include "modem_ussd.h"

#include "../gateway/asked.h"
#include "../gateway/clock.h"
#include "../gateway/late.h"
#include "../gateway/turn.h"
#include "action.h"
#include "refuse.h"

#include <event2/event.h>

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	RESULT_MS = 20000,              /* to the OK of AT+CUSD */
	BUSY_MS = 5000,                 /* a code that meets another dialogue comes again so much later */
	LATE_MS = 3600000,
	CME_NOT_ALLOWED = 3, CME_NOT_SUPPORTED = 4, CME_NO_NETWORK = 30, CME_UNKNOWN = 100, CME_BUSY = 258,
};

enum phase { IDLE, SAYING, AWAITING, ASKED, ENDING };

struct dialer {
	struct modem *modem;
	enum phase phase;
	struct event *late;             /* AWAITING, ASKED: for too long */
	struct event *balance;          /* the next check is due */
	uint64_t balance_at;            /* when that is; 0: none was yet */
	bool due;
	struct parts waiting;           /* lent, until the dialogue before it has ended */
	struct part *part;              /* lent: of the command that runs; NULL: none of ours, or answered */

	struct talk_of talk;
	bool last_word;                 /* our row ends it: what the network asks then is not awaited */
	struct said said;
	enum ussd_way way, usual;       /* tried now; understood before, or USSD_UNKNOWN */
	unsigned tried;                 /* bit for each way, of what is said */
	char imei[MODEM_ID_MAX];        /* whose usual way it is */
	bool switched;                  /* AT+CSCS is other than the session's */
	bool asked;                     /* AT+CUSD=1 is under way, and may have left */
	bool early;                     /* the network spoke before the OK */
	struct ussd heard;              /* then: what */
	struct late *graves;            /* of the row whose OK never came */
	bool doubted;
};

static void next(struct dialer *);
static void say(struct dialer *);

/* Rows. */

static void give_back(struct dialer *dialer, struct part *part, const struct outcome *outcome)
{
	if (part == dialer->part)
		dialer->part = NULL;
	link_done(dialer->modem->link, part, outcome);
}

static void put_off(struct dialer *dialer, struct part *part, unsigned ms, const char *why)
{
	struct outcome outcome = { .verdict = VERDICT_DEFERRED, .untried = true, .retry_ms = ms };
	snprintf(outcome.text, sizeof outcome.text, "%s", why);
	give_back(dialer, part, &outcome);
}

static void doubt(struct dialer *dialer, const char *why)
{
	struct outcome outcome = { .verdict = VERDICT_DOUBTFUL };
	snprintf(outcome.text, sizeof outcome.text, "%s", why);
	late_put(dialer->graves, 0, dialer->part, clock_ms() + LATE_MS);
	give_back(dialer, dialer->part, &outcome);
}

static void took(struct dialer *dialer)
{
	const struct outcome outcome = { .verdict = VERDICT_SENT };
	if (dialer->part)
		give_back(dialer, dialer->part, &outcome);
}

/* Phases. */

static void enter(struct dialer *dialer, enum phase phase)
{
	dialer->phase = phase;
	if (phase == AWAITING || phase == ASKED)
		clock_ring(dialer->late, (uint64_t)dialer->modem->options->ussd_timeout);
	else
		event_del(dialer->late);
}

static void ask(struct dialer *dialer, const char *line, unsigned ms, at_done_fn *done)
{
	const struct at_command command = { .line = line, .timeout_ms = ms, .first = dialer->switched,
		.done = done, .ctx = dialer };
	channel_ask(dialer->modem->channel, &command);
}

/* No message: the table has to know that no answer will come. */
static void tell_over(struct dialer *dialer, const char *why)
{
	struct inbound inbound;
	if (dialer->talk.balance)
		return;
	heard_nothing(dialer->modem, &dialer->talk, why, &inbound);
	link_inbound(dialer->modem->link, &inbound, receiver_ticket(dialer->modem->receiver));
}

/* The row that cancelled, if one did. */
static void on_ended(void *ctx, const struct at_answer *answer)
{
	struct dialer *dialer = ctx;
	if (dialer->phase != ENDING)
		return;
	struct outcome outcome = { .verdict = VERDICT_REJECTED, .code = answer->code > 0 ? (uint32_t)answer->code : 0 };
	snprintf(outcome.text, sizeof outcome.text, "AT+CUSD=2: %.120s", answer->text);
	if (dialer->part && answer->result == AT_OK)
		took(dialer);
	else if (dialer->part && (answer->result == AT_SILENT || answer->result == AT_CLOSED))
		doubt(dialer, outcome.text);
	else if (dialer->part)
		give_back(dialer, dialer->part, &outcome);
	enter(dialer, IDLE);
	if (answer->result != AT_CLOSED)
		next(dialer);
}

static void end(struct dialer *dialer)
{
	enter(dialer, ENDING);
	dialer->early = dialer->doubted = false;
	if (dialer->modem->channel)         /* else dialer_lost() follows */
		ask(dialer, "AT+CUSD=2", RESULT_MS, on_ended);
}

/* Saying. */

static enum ussd_way set_way(const struct modem *modem)
{
	return modem->ucs2_strings ? USSD_UCS2 : USSD_PLAIN;
}

/* The next that was not tried, and can say it; USSD_UNKNOWN: there is none. */
static enum ussd_way next_way(const struct dialer *dialer)
{
	const struct modem *modem = dialer->modem;
	const enum ussd_way order[] = { dialer->usual,
		modem->profile->packed_ussd && !modem->ucs2_strings ? USSD_PACKED : set_way(modem),
		USSD_PLAIN, USSD_PACKED, USSD_UCS2 };
	char line[AT_LINE_MAX];
	for (size_t i = 0; i < sizeof order / sizeof *order; i++)
		if (order[i] != USSD_UNKNOWN && !(dialer->tried >> order[i] & 1) &&
		    said_command(line, &dialer->said, order[i]))
			return order[i];
	return USSD_UNKNOWN;
}

/* A way that is known is not the fault. */
static bool another_way(const struct dialer *dialer)
{
	return dialer->way != dialer->usual && next_way(dialer) != USSD_UNKNOWN;
}

static bool may_be_the_way(const struct at_answer *answer)
{
	if (answer->result == AT_CME)
		return answer->code == CME_UNKNOWN || answer->code == CME_NO_NETWORK ||
		    answer->code == CME_BUSY || answer->code == CME_NOT_SUPPORTED || answer->code < 0;
	return answer->result == AT_ERROR;
}

static void refused(struct dialer *dialer, const struct at_answer *answer)
{
	struct modem *modem = dialer->modem;
	struct at_answer judged = *answer;
	judged.prompted = answer->result == AT_CME; /* it had left, should that matter */
	const struct modem_verdict verdict = modem_verdict(&judged, modem->profile->codes);
	struct outcome outcome = { .verdict = VERDICT_REJECTED, .code = answer->code > 0 ? (uint32_t)answer->code : 0 };
	snprintf(outcome.text, sizeof outcome.text, "%.100s%s%s", answer->text, answer->code < 0 ? "" : ": ",
	    answer->code < 0 ? "" : verdict.meaning);
	if (dialer->talk.balance)
		link_warn(modem->link, "event=balance_failed reason=\"%s\"", outcome.text);
	if (verdict.class == CLASS_REST && verdict.alarm)
		modem_rest(modem, outcome.text);
	if (!dialer->part) {                /* it was answered: in another way the modem had taken it */
		tell_over(dialer, outcome.text);
	} else if (verdict.class == CLASS_REST && verdict.alarm && dialer->talk.first) {
		put_off(dialer, dialer->part, 0, outcome.text);
	} else if (verdict.class == CLASS_DOUBT) {
		doubt(dialer, outcome.text);
	} else {
		const bool later = verdict.class == CLASS_RETRY || verdict.class == CLASS_FEW;
		action_apply(later ? ACTION_FEW : ACTION_FAIL, dialer->part->message, &outcome);
		give_back(dialer, dialer->part, &outcome);
	}
}

static void heard(struct dialer *, const struct ussd *);

/* The network has it, or may have. */
static void accepted(struct dialer *dialer)
{
	enter(dialer, AWAITING);
	if (!dialer->early)
		return;
	const struct ussd ussd = dialer->heard;
	dialer->early = false;
	heard(dialer, &ussd);
}

/* Is nothing dialled, so that no dialogue has to be ended? */
static bool unsaid(const struct dialer *dialer, bool written)
{
	return dialer->part && dialer->talk.first && !written;
}

static void no_result(struct dialer *dialer, const struct at_answer *answer)
{
	char why[OUTCOME_TEXT_MAX];
	const bool nothing = unsaid(dialer, answer->written), written = answer->written;
	snprintf(why, sizeof why, "no result of AT+CUSD: %.110s", answer->text);
	dialer->doubted = dialer->part && written;
	if (dialer->part && written)
		doubt(dialer, why);
	else if (dialer->part)
		put_off(dialer, dialer->part, 0, why);
	if (answer->result == AT_SILENT)
		modem_ill(dialer->modem, why);
	if (answer->result == AT_SILENT && written) {
		accepted(dialer);
		return;
	}
	if (!nothing)
		tell_over(dialer, why);
	if (answer->result == AT_SILENT)
		end(dialer);
	else
		enter(dialer, IDLE);
}

static void set_back(struct dialer *dialer)
{
	if (dialer->switched)
		ask(dialer, dialer->modem->ucs2_strings ? "AT+CSCS=\"UCS2\"" : "AT+CSCS=\"GSM\"",
		    (unsigned)dialer->modem->options->command_timeout, NULL);
	dialer->switched = false;
}

static void on_said(void *ctx, const struct at_answer *answer)
{
	struct dialer *dialer = ctx;
	if (dialer->phase != SAYING || !dialer->asked)
		return;
	dialer->asked = false;
	const bool understood = dialer->early && dialer->heard.state <= USSD_OPEN;
	if (answer->result != AT_CLOSED)
		set_back(dialer);
	if (answer->result == AT_OK || (understood && answer->result != AT_CLOSED)) {
		modem_well(dialer->modem);
		took(dialer);
		accepted(dialer);
	} else if (answer->result == AT_SILENT || answer->result == AT_CLOSED) {
		no_result(dialer, answer);
	} else if (may_be_the_way(answer) && another_way(dialer)) {
		say(dialer);
	} else {
		refused(dialer, answer);
		end(dialer);
	}
}

static void say_now(struct dialer *dialer)
{
	char line[AT_LINE_MAX];
	said_command(line, &dialer->said, dialer->way);
	dialer->asked = true;
	ask(dialer, line, RESULT_MS, on_said);
}

/* The character set for the way, before it. */
static void on_set(void *ctx, const struct at_answer *answer)
{
	struct dialer *dialer = ctx;
	if (dialer->phase != SAYING || dialer->asked)
		return;
	dialer->switched = answer->result == AT_OK || answer->result == AT_SILENT;
	if (answer->result == AT_OK) {
		say_now(dialer);
	} else if (answer->result == AT_CLOSED || answer->result == AT_SILENT) {
		set_back(dialer);
		struct at_answer other = *answer;
		other.written = false;      /* not of what is to be said */
		no_result(dialer, &other);
	} else if (next_way(dialer) != USSD_UNKNOWN) {
		say(dialer);
	} else {
		refused(dialer, answer);
		end(dialer);
	}
}

/* In the next way. There is one: septets can always be packed, and UCS-2 be written in hex. */
static void say(struct dialer *dialer)
{
	dialer->way = next_way(dialer);
	assert(dialer->way != USSD_UNKNOWN);
	dialer->tried |= 1u << dialer->way;
	dialer->early = dialer->asked = false;
	enter(dialer, SAYING);
	if (dialer->way == USSD_PACKED || dialer->way == set_way(dialer->modem))
		say_now(dialer);
	else
		ask(dialer, dialer->way == USSD_UCS2 ? "AT+CSCS=\"UCS2\"" : "AT+CSCS=\"GSM\"",
		    (unsigned)dialer->modem->options->command_timeout, on_set);
}

static void begin_saying(struct dialer *dialer, struct part *part)
{
	dialer->part = part;
	dialer->tried = 0;
	dialer->doubted = false;
	say(dialer);
}

/* Hearing. */

static void was_late(struct dialer *dialer)
{
	struct answer late;
	if (dialer->doubted && late_take(dialer->graves, 0, clock_ms(), &late)) {
		late.outcome.verdict = VERDICT_SENT;
		link_late(dialer->modem->link, &late);
	}
	dialer->doubted = false;
}

static void tell(struct dialer *dialer, const struct ussd *ussd)
{
	struct modem *modem = dialer->modem;
	struct inbound inbound;
	char *options = heard_message(modem, &dialer->talk, ussd, &inbound);
	link_inbound(modem->link, &inbound, receiver_ticket(modem->receiver));
	free(options);
	if (dialer->talk.balance)
		link_info(modem->link, "event=balance state=\"%s\"", ussd_word(ussd->state));
}

static void heard(struct dialer *dialer, const struct ussd *ussd)
{
	const bool understood = ussd->state == USSD_OPEN || (ussd->state == USSD_DONE && ussd->has_text);
	if (dialer->phase == AWAITING && ussd->state == USSD_UNSUPPORTED && another_way(dialer)) {
		say(dialer);
		return;
	}
	was_late(dialer);
	if (dialer->phase == AWAITING && understood && dialer->usual == USSD_UNKNOWN && !dialer->said.wide) {
		dialer->usual = dialer->way;
		link_info(dialer->modem->link, "event=ussd way=%s", ussd_way_word(dialer->way));
	}
	tell(dialer, ussd);
	if (ussd->state == USSD_OPEN && !dialer->talk.balance && !dialer->last_word)
		enter(dialer, ASKED);
	else
		end(dialer);
}

/* Nobody waits for it: the network speaks first, or too late. */
static void heard_unasked(struct dialer *dialer, const struct ussd *ussd)
{
	const struct talk_of ended = dialer->talk;
	const bool begins = dialer->phase == IDLE && ussd->state == USSD_OPEN;
	if (!begins && !(ussd->has_text && *ussd->text))
		return;
	dialer->talk = (struct talk_of){ .code = TURN_NETWORK };
	dialer->last_word = false;
	struct ussd notice = *ussd;
	if (!begins)
		notice.state = USSD_DONE;
	tell(dialer, &notice);
	if (begins)
		enter(dialer, ASKED);
	else
		dialer->talk = ended;
}

bool dialer_urc(struct dialer *dialer, const struct at_urc *urc)
{
	struct ussd ussd;
	const bool known = dialer->usual != USSD_UNKNOWN;
	const enum ussd_way way = known ? dialer->usual : dialer->modem->ucs2_strings ? USSD_UCS2
	    : dialer->phase == IDLE ? USSD_UNKNOWN : dialer->way;
	if (strncmp(urc->line, "+CUSD", strlen("+CUSD")) != 0)
		return false;
	if (!ussd_read_as(&ussd, urc->line, way))
		link_warn(dialer->modem->link, "event=ussd_unread");
	else if (dialer->phase == SAYING && dialer->asked) {
		dialer->early = true;
		dialer->heard = ussd;
	} else if (dialer->phase == AWAITING || dialer->phase == ASKED)
		heard(dialer, &ussd);
	else
		heard_unasked(dialer, &ussd);
	return true;
}

static void on_late(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	struct dialer *dialer = arg;
	struct link *link = dialer->modem->link;
	const long seconds = dialer->modem->options->ussd_timeout / 1000;
	char why[OUTCOME_TEXT_MAX];
	snprintf(why, sizeof why, dialer->phase == ASKED ? "no answer of ours in %ld seconds"
	    : "no answer of the network in %ld seconds", seconds);
	if (dialer->talk.balance)
		link_warn(link, "event=balance_failed reason=\"%s\"", why);
	else
		link_warn(link, "event=ussd_ended message=%" PRId64 " reason=\"%s\"", dialer->talk.row, why);
	tell_over(dialer, why);
	end(dialer);
}

/* What is begun. */

static void begin_talk(struct dialer *dialer, const char *code, bool balance)
{
	dialer->talk = (struct talk_of){ .first = true, .balance = balance };
	dialer->last_word = false;
	snprintf(dialer->talk.code, sizeof dialer->talk.code, "%s", code);
}

static void check_balance(struct dialer *dialer)
{
	struct modem *modem = dialer->modem;
	if (!dialer->due || dialer->phase != IDLE || !modem->usable || !modem->channel)
		return;
	dialer->due = false;
	begin_talk(dialer, modem->options->balance, true);
	if (!said_code(&dialer->said, modem->options->balance))
		link_warn(modem->link, "event=balance_failed reason=\"key balance is not a USSD code\"");
	else
		begin_saying(dialer, NULL);
}

static void on_balance(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	struct dialer *dialer = arg;
	const uint64_t every = (uint64_t)dialer->modem->options->balance_every;
	dialer->due = true;
	if (every) {
		dialer->balance_at = clock_ms() + every;
		clock_ring(dialer->balance, every);
	}
	check_balance(dialer);
}

static bool is_open_with(const struct dialer *dialer, const struct part *part)
{
	return (dialer->phase == AWAITING || dialer->phase == ASKED) && !dialer->talk.balance &&
	    strcmp(dialer->talk.code, part->message->recipient) == 0;
}

static void dial(struct dialer *dialer, struct part *part, const struct said *said)
{
	if (dialer->phase == IDLE) {
		dialer->said = *said;
		begin_talk(dialer, part->message->recipient, false);
		dialer->talk.row = part->message->id;
		dialer->last_word = part->message->asked->turn.end;
		begin_saying(dialer, part);
	} else if (dialer->phase == ENDING) {
		TAILQ_INSERT_TAIL(&dialer->waiting, part, entry);
	} else if (dialer->phase == ASKED && is_open_with(dialer, part)) {
		TAILQ_INSERT_TAIL(&dialer->waiting, part, entry);
		tell_over(dialer, "dialled anew");
		end(dialer);
	} else {
		put_off(dialer, part, BUSY_MS, "another USSD dialogue is open on this modem");
	}
}

static void answer_with(struct dialer *dialer, struct part *part, const struct said *said)
{
	dialer->said = *said;
	dialer->talk.row = part->message->id;
	dialer->talk.first = false;
	dialer->last_word = part->message->asked->turn.end;
	begin_saying(dialer, part);
}

void dialer_submit(struct dialer *dialer, struct part *part)
{
	enum deed deed;
	struct said said;
	struct outcome outcome;
	const char *recipient = part->message->recipient;
	if (!said_part(part, &deed, &said, &outcome)) {
		give_back(dialer, part, &outcome);
	} else if (deed == DEED_DIAL) {
		dial(dialer, part, &said);
	} else if (!is_open_with(dialer, part)) {
		refuse(&outcome, "no USSD dialogue with %.40s is open on this modem", recipient);
		give_back(dialer, part, &outcome);
	} else if (deed == DEED_CANCEL) {
		dialer->part = part;
		end(dialer);
	} else if (dialer->phase != ASKED) {
		refuse(&outcome, "the network has not answered %.40s yet, and asks nothing", recipient);
		give_back(dialer, part, &outcome);
	} else {
		answer_with(dialer, part, &said);
	}
}

/* The dialogue before it is over. */
static void next(struct dialer *dialer)
{
	struct part *part = TAILQ_FIRST(&dialer->waiting);
	if (part) {
		TAILQ_REMOVE(&dialer->waiting, part, entry);
		dialer_submit(dialer, part);
	}
	check_balance(dialer);
	if (dialer->phase == IDLE)
		modem_idle(dialer->modem);
}

/* The session. */

struct dialer *dialer_new(struct modem *modem)
{
	struct dialer *dialer = calloc(1, sizeof *dialer);
	if (!dialer)
		abort();
	dialer->modem = modem;
	dialer->usual = USSD_UNKNOWN;
	TAILQ_INIT(&dialer->waiting);
	dialer->graves = late_new(1);
	dialer->late = event_new(link_base(modem->link), -1, 0, on_late, dialer);
	dialer->balance = event_new(link_base(modem->link), -1, 0, on_balance, dialer);
	if (!dialer->late || !dialer->balance)
		abort();
	return dialer;
}

void dialer_free(struct dialer *dialer)
{
	if (!dialer)
		return;
	event_free(dialer->late);
	event_free(dialer->balance);
	late_free(dialer->graves);
	free(dialer);
}

void dialer_start(struct dialer *dialer)
{
	struct modem *modem = dialer->modem;
	const uint64_t now = clock_ms();
	if (strcmp(dialer->imei, modem->identity.imei) != 0)
		dialer->usual = USSD_UNKNOWN;
	snprintf(dialer->imei, sizeof dialer->imei, "%s", modem->identity.imei);
	if (dialer->phase == IDLE)          /* it is to tell what the network begins, too */
		ask(dialer, "AT+CUSD=1", RESULT_MS, NULL);
	if (!modem->options->balance || !*modem->options->balance)
		return;
	clock_ring(dialer->balance, dialer->balance_at > now ? dialer->balance_at - now : 0);
}

void dialer_drain(struct dialer *dialer)
{
	if (dialer->phase != ASKED)
		return;
	tell_over(dialer, "the link is being stopped");
	end(dialer);
}

void dialer_lost(struct dialer *dialer)
{
	static const char why[] = "the session with the modem ended";
	struct part *part;
	const struct channel *channel = dialer->modem->channel;
	const bool left = dialer->asked && channel && channel_has_begun(channel, dialer);
	const bool over = dialer->phase == SAYING ? !unsaid(dialer, left)
	    : dialer->phase == AWAITING || dialer->phase == ASKED;
	if (dialer->phase == SAYING && dialer->part && !left)
		put_off(dialer, dialer->part, 0, why);
	else if (dialer->part)
		doubt(dialer, why);
	while ((part = TAILQ_FIRST(&dialer->waiting))) {
		TAILQ_REMOVE(&dialer->waiting, part, entry);
		put_off(dialer, part, 0, why);
	}
	if (over)
		tell_over(dialer, why);
	dialer->early = dialer->asked = dialer->switched = dialer->doubted = false;
	enter(dialer, IDLE);
}

bool dialer_is_idle(const struct dialer *dialer)
{
	return dialer->phase == IDLE && TAILQ_EMPTY(&dialer->waiting);
}
