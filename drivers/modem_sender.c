/* SPDX-License-Identifier: Apache-2.0 */
/*
 * modem_sender.c - parts out, one at a time.
 *
 *               sender_submit
 *     IDLE ------------------> LINGERING -----> PREPARING -----> SENDING ----------------> IDLE
 *                              AT+CMMS=2,       AT+CSMP=, in     AT+CMGS=      +CMGS: 7, an error,
 *                              while more       text mode                      or nothing
 *                              parts come                   |      | it is not known
 *                                                           |      v
 *                                                           |   PROBING   AT+CMGS=?, once
 *                                                           v
 *                                IDLE <----- RELEASING <---- STORING
 *                                            AT+CMSS=        AT+CMGW=, of a modem without AT+CMGS; the
 *                                                            receiver deletes what is left of it
 *
 * A part is untried until its payload leaves: the modem asked for it. From then on no result means
 * doubt, which a late result or a report may settle (modem_receipts.c). What an error means is
 * modem_codes.c; the link's key `status` may say otherwise of +CMS ERROR.
 */
#include "../gateway/asked.h"
#include "../gateway/clock.h"
#include "../sms/tpdu.h"
#include "action.h"
#include "modem.h"
#include "modem_pdu.h"
#include "modem_receipts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum phase { IDLE, LINGERING, PREPARING, SENDING, PROBING, STORING, RELEASING };

enum {
	BURST_MS = 5000,                /* a part that comes so soon after another is one of many */
	ASSERT_MS = 60 * 1000, ASSERT_ONCE_MS = 1000, /* AT+CMMS=2, and 1, which falls back to 0 */
	SOON_MS = 5000, SOON_TRIES = 2,
	ACK_MISSING = 524,              /* of +CMS ERROR, Nordic's */
	BLAMED_MAX = 3,                 /* refusals in a row, of several recipients: it is the SIM */
};

struct sender {
	struct modem *modem;
	struct receipts *receipts;
	struct part *part;              /* in hand; NULL: none */
	struct modem_submit submit;
	enum phase phase;
	bool plain;                     /* this part goes without a validity period */
	bool works, probed, stores;     /* AT+CMGS did once; it was asked about; it is not there */
	unsigned index;                 /* where the part is stored, while RELEASING */
	char parameters[MODEM_ARGUMENT_MAX]; /* AT+CSMP as it stands */
	int linger;                     /* what AT+CMMS takes: 2, 1; 0: it takes none */
	uint64_t ended_at, asserted_at; /* loop ms; 0: never */
	int blamed;                     /* the code of the last refusals in a row, ... */
	unsigned nblamed;               /* how many they are */
	char blamed_for[ADDRESS_TEXT_MAX]; /* the last one's recipient */
};

/* The part's end. */

static void finish(struct sender *sender, struct outcome *outcome)
{
	struct part *part = sender->part;
	sender->part = NULL;
	sender->phase = IDLE;
	sender->ended_at = clock_ms();
	if (outcome->verdict == VERDICT_SENT)
		outcome->text[0] = '\0';
	link_done(sender->modem->link, part, outcome);
	receipts_again(sender->receipts);
	modem_idle(sender->modem);
}

/* It never left. */
static void put_back(struct sender *sender, const char *why)
{
	struct outcome outcome = { .verdict = VERDICT_DEFERRED, .untried = true, .retry_ms = SOON_MS };
	snprintf(outcome.text, sizeof outcome.text, "not sent: %.140s", why);
	receipts_stayed(sender->receipts);
	finish(sender, &outcome);
}

static void doubt(struct sender *sender, struct outcome *outcome)
{
	outcome->verdict = VERDICT_DOUBTFUL;
	receipts_doubted(sender->receipts);
	finish(sender, outcome);
}

static void take(struct sender *sender, int reference, struct tpdu_time stamp)
{
	struct outcome outcome = { .verdict = VERDICT_SENT };
	sender->nblamed = 0;
	receipts_taken(sender->receipts, reference, stamp, outcome.network_id);
	modem_well(sender->modem);
	finish(sender, &outcome);
}

/* "+CMGS: 7", "+CMGS: 7,\"25/11/28,00:10:00+04\"", "+CMGS: 7,010052118200010040". */

static struct tpdu_time read_text_time(const char *text)
{
	struct tm when = { .tm_isdst = 0 };
	int zone = 0;
	struct tpdu_time time = { .known = false };
	const int n = sscanf(text, "%2d/%2d/%2d,%2d:%2d:%2d%3d", &when.tm_year, &when.tm_mon, &when.tm_mday,
	    &when.tm_hour, &when.tm_min, &when.tm_sec, &zone);
	if (n < 6 || zone < -56 || zone > 56)
		return time;
	when.tm_year += 100;
	when.tm_mon--;
	return (struct tpdu_time){ .at = (int64_t)timegm(&when) - (int64_t)zone * 900, .zone = zone, .known = true };
}

static struct tpdu_time read_stamp(const char *text)
{
	uint8_t octets[TPDU_MAX];
	size_t len;
	char plain[2 * TPDU_MAX + 1], why[64];
	struct tpdu report;
	text += strspn(text, " \"");
	snprintf(plain, sizeof plain, "%.*s", (int)strcspn(text, "\" "), text);
	if (strchr(plain, '/'))
		return read_text_time(plain);
	if (tpdu_unhex(octets, sizeof octets, &len, plain) &&
	    tpdu_read(&report, octets, len, TPDU_TO_HANDSET, false, why, sizeof why) &&
	    report.type == TPDU_SUBMIT_REPORT)
		return report.stamp;
	return (struct tpdu_time){ .known = false };
}

static bool read_taken(const char *line, int *reference, struct tpdu_time *stamp)
{
	unsigned number;
	if ((sscanf(line, "+CMGS: %u", &number) != 1 && sscanf(line, "+CMSS: %u", &number) != 1))
		return false;
	const char *comma = strchr(line, ',');
	*reference = (int)(number % 256);
	*stamp = comma ? read_stamp(comma + 1) : (struct tpdu_time){ .known = false };
	return true;
}

/* What the answer says of it; two such lines: the first is that of an earlier part, late. */
static bool is_taken(struct sender *sender, const struct at_answer *answer, int *reference,
    struct tpdu_time *stamp)
{
	bool found = false;
	for (size_t i = 0; i < answer->nlines; i++) {
		int next;
		struct tpdu_time time;
		if (!read_taken(answer->lines[i], &next, &time))
			continue;
		if (found)
			receipts_late(sender->receipts, *reference);
		found = true;
		*reference = next;
		*stamp = time;
	}
	return found;
}

/* Errors. */

static void begin(struct sender *);

/* Refused alike for several recipients: it is not theirs. */
static bool blames_sim(struct sender *sender, const struct at_answer *answer)
{
	if (sender->nblamed && sender->blamed != answer->code)
		sender->nblamed = 0;
	if (sender->nblamed == 0 || strcmp(sender->blamed_for, sender->submit.recipient) != 0)
		sender->nblamed++;
	sender->blamed = answer->code;
	snprintf(sender->blamed_for, sizeof sender->blamed_for, "%s", sender->submit.recipient);
	return sender->nblamed >= BLAMED_MAX;
}

static void describe(const struct sender *sender, const struct at_answer *answer,
    const struct modem_verdict *verdict, struct outcome *outcome)
{
	const long limit = sender->modem->options->result_timeout / 1000;
	outcome->code = answer->code > 0 ? (uint32_t)answer->code : 0;
	if (answer->result == AT_SILENT)
		snprintf(outcome->text, sizeof outcome->text, "no result from the modem within %ld s", limit);
	else if (answer->result == AT_CLOSED)
		snprintf(outcome->text, sizeof outcome->text, "the modem went away before its result");
	else if (answer->code >= 0)
		snprintf(outcome->text, sizeof outcome->text, "+%s ERROR: %d: %s",
		    answer->result == AT_CMS ? "CMS" : "CME", answer->code, verdict->meaning);
	else
		snprintf(outcome->text, sizeof outcome->text, "%.60s: %s", answer->text, verdict->meaning);
}

/* What else an error asks for. */
static void see_to(struct sender *sender, const struct at_answer *answer, const struct modem_verdict *verdict,
    const char *why)
{
	struct modem *modem = sender->modem;
	if (verdict->alarm)
		link_warn(modem->link, "event=modem_trouble reason=\"%s\"", why);
	if (verdict->ours)
		link_warn(modem->link, "event=submit_faulted reason=\"%s\" length=%.20s", why, sender->submit.argument);
	if (verdict->sweep && modem->receiver)
		receiver_sweep(modem->receiver);
	if (answer->result == AT_CMS && answer->code == ACK_MISSING && modem->receiver)
		receiver_assert(modem->receiver); /* the modem has dropped its routing */
	if (verdict->unwell)
		modem_ill(modem, why);
}

static void act(struct sender *sender, enum action action, bool soon, struct outcome *outcome)
{
	struct modem *modem = sender->modem;
	const struct message *message = sender->part->message;
	action_apply(action, message, outcome);
	if (soon && outcome->verdict == VERDICT_DEFERRED && message->attempts <= SOON_TRIES)
		outcome->retry_ms = SOON_MS;
	receipts_stayed(sender->receipts);
	finish(sender, outcome);
	if (action == ACTION_REBIND)
		modem_restarted(modem, outcome->text);
}

static void rest(struct sender *sender, struct outcome *outcome)
{
	modem_rest(sender->modem, outcome->text);
	outcome->verdict = VERDICT_DEFERRED;
	outcome->untried = true;
	receipts_stayed(sender->receipts);
	finish(sender, outcome);
}

/* The modem did not take it, or does not say. */
static void fail(struct sender *sender, const struct at_answer *answer)
{
	struct modem *modem = sender->modem;
	struct outcome outcome = { .verdict = VERDICT_REJECTED };
	struct modem_verdict verdict = modem_verdict(answer, modem->profile->codes);
	enum action action;
	if (verdict.plain && sender->submit.has_validity && !sender->plain) {
		sender->plain = true;
		begin(sender);
		return;
	}
	describe(sender, answer, &verdict, &outcome);
	see_to(sender, answer, &verdict, outcome.text);
	if (verdict.sim && blames_sim(sender, answer))
		verdict.class = CLASS_REST;
	if (answer->result == AT_CMS && answer->code > 0 &&
	    action_said(&modem->options->status, (uint32_t)answer->code, &action)) {
		act(sender, action, false, &outcome);
		return;
	}
	switch (verdict.class) {
	case CLASS_RETRY: act(sender, ACTION_RETRY, verdict.soon, &outcome); break;
	case CLASS_FEW: act(sender, ACTION_FEW, verdict.soon, &outcome); break;
	case CLASS_FAIL: act(sender, ACTION_FAIL, false, &outcome); break;
	case CLASS_REST: rest(sender, &outcome); break;
	case CLASS_DOUBT: doubt(sender, &outcome); break;
	case CLASS_TAKEN:               /* as an earlier attempt, whose reference nobody knows */
		outcome = (struct outcome){ .verdict = VERDICT_SENT };
		receipts_stayed(sender->receipts);
		finish(sender, &outcome);
	}
}

/* The final result of AT+CMGS or AT+CMSS. */
static void conclude(struct sender *sender, const struct at_answer *answer)
{
	struct outcome outcome = { .verdict = VERDICT_DOUBTFUL };
	struct tpdu_time stamp;
	int reference;
	const bool refused = answer->result == AT_ERROR || answer->result == AT_CME ||
	    answer->result == AT_CMS || answer->result == AT_NO_CARRIER;
	if (!refused && is_taken(sender, answer, &reference, &stamp)) {
		take(sender, reference, stamp);
	} else if (answer->result == AT_OK && answer->prompted) { /* some say it of a failure */
		snprintf(outcome.text, sizeof outcome.text, "the modem said OK, and no reference");
		doubt(sender, &outcome);
	} else if (answer->result == AT_OK || (!refused && !answer->prompted)) {
		const char *why = answer->result == AT_CLOSED ? "the modem went away"
		    : "the modem did not ask for the message";
		if (answer->result != AT_CLOSED)
			modem_ill(sender->modem, why);
		put_back(sender, why);
	} else {
		fail(sender, answer);
	}
}

/* Commands. */

static void ask(struct sender *sender, enum phase phase, const char *line, const char *payload,
    at_done_fn *done)
{
	const struct modem_options *options = sender->modem->options;
	const bool sends = phase == SENDING || phase == RELEASING;
	sender->phase = phase;
	channel_ask(sender->modem->channel, &(struct at_command){ .line = line, .payload = payload,
		.timeout_ms = (unsigned)(sends ? options->result_timeout : options->command_timeout),
		.prompt_ms = payload ? (unsigned)options->prompt_timeout : 0, .done = done, .ctx = sender });
}

/* Without AT+CMGS. */

static void on_released(void *ctx, const struct at_answer *answer)
{
	struct sender *sender = ctx;
	struct at_answer whole = *answer;
	whole.prompted = answer->written;
	if (!sender->part)
		return;
	if (answer->result != AT_CLOSED)
		receiver_delete_sent(sender->modem->receiver, sender->index);
	conclude(sender, &whole);
}

static void on_stored(void *ctx, const struct at_answer *answer)
{
	struct sender *sender = ctx;
	char line[48];
	struct at_answer whole = *answer;
	whole.prompted = false;         /* it is in the modem, and went nowhere */
	if (!sender->part)
		return;
	for (size_t i = 0; answer->result == AT_OK && i < answer->nlines; i++) {
		if (sscanf(answer->lines[i], "+CMGW: %u", &sender->index) != 1)
			continue;
		snprintf(line, sizeof line, "AT+CMSS=%u", sender->index);
		ask(sender, RELEASING, line, NULL, on_released);
		return;
	}
	if (answer->result == AT_OK || answer->result == AT_SILENT || answer->result == AT_CLOSED)
		put_back(sender, answer->result == AT_OK ? "the modem stored it, and does not say where"
		    : answer->result == AT_SILENT ? "the modem did not store it in time" : "the modem went away");
	else
		fail(sender, &whole);
}

/* The modem is asked whether it knows AT+CMGS at all. */
static void on_probed(void *ctx, const struct at_answer *answer)
{
	struct sender *sender = ctx;
	if (!sender->part)
		return;
	sender->stores = answer->result == AT_ERROR || answer->result == AT_CME || answer->result == AT_CMS;
	if (sender->stores)
		link_info(sender->modem->link, "event=no_cmgs reason=\"%s\"", answer->text);
	if (answer->result == AT_CLOSED)
		put_back(sender, "the modem went away");
	else if (sender->stores)
		begin(sender);
	else
		fail(sender, &(struct at_answer){ .result = AT_ERROR, .code = -1, .text = "ERROR" });
}

/* An answer that a modem may give which does not know the command. */
static bool is_unknown(const struct sender *sender, const struct at_answer *answer)
{
	if (sender->works || sender->probed || answer->prompted)
		return false;
	return answer->result == AT_ERROR ||
	    (answer->result == AT_CME && (answer->code == 3 || answer->code == 4)) ||
	    (answer->result == AT_CMS && (answer->code == 302 || answer->code == 303));
}

static void on_sent(void *ctx, const struct at_answer *answer)
{
	struct sender *sender = ctx;
	if (!sender->part)
		return;
	if (is_unknown(sender, answer)) {
		sender->probed = true;
		ask(sender, PROBING, "AT+CMGS=?", NULL, on_probed);
		return;
	}
	sender->works = sender->works || answer->prompted;
	conclude(sender, answer);
}

static void send_part(struct sender *sender)
{
	char line[MODEM_ARGUMENT_MAX + 16];
	snprintf(line, sizeof line, "AT+%s=%s", sender->stores ? "CMGW" : "CMGS", sender->submit.argument);
	receipts_leaving(sender->receipts, sender->part, &sender->submit);
	if (sender->stores)
		ask(sender, STORING, line, sender->submit.payload, on_stored);
	else
		ask(sender, SENDING, line, sender->submit.payload, on_sent);
}

static void on_prepared(void *ctx, const struct at_answer *answer)
{
	struct sender *sender = ctx;
	if (!sender->part)
		return;
	if (answer->result == AT_OK) {
		snprintf(sender->parameters, sizeof sender->parameters, "%s", sender->submit.parameters);
		send_part(sender);
		return;
	}
	sender->parameters[0] = '\0';
	if (answer->result == AT_SILENT || answer->result == AT_CLOSED)
		put_back(sender, answer->result == AT_SILENT ? "no answer to AT+CSMP" : "the modem went away");
	else
		fail(sender, answer);
}

static void prepare(struct sender *sender)
{
	if (*sender->submit.parameters && strcmp(sender->submit.parameters, sender->parameters) != 0)
		ask(sender, PREPARING, sender->submit.parameters, NULL, on_prepared);
	else
		send_part(sender);
}

/* More parts wait: the modem is to keep its connection to the network. */

static void linger(struct sender *);

static void on_lingering(void *ctx, const struct at_answer *answer)
{
	struct sender *sender = ctx;
	if (!sender->part)
		return;
	if (answer->result == AT_CLOSED) {
		put_back(sender, "the modem went away");
		return;
	}
	sender->asserted_at = clock_ms();
	if (answer->result == AT_OK || answer->result == AT_SILENT) {
		prepare(sender);
		return;
	}
	sender->linger--;               /* it does not know that */
	sender->asserted_at = 0;
	linger(sender);
}

static void linger(struct sender *sender)
{
	const struct part *part = sender->part;
	const uint64_t now = clock_ms(), idle = now - sender->ended_at, every = sender->linger == 1
	    ? ASSERT_ONCE_MS : ASSERT_MS;
	const bool burst = sender->ended_at && idle < BURST_MS;
	const bool stands = burst && sender->asserted_at && now - sender->asserted_at < every;
	char line[16];
	if (!sender->linger || stands || (!burst && part->number >= part->message->nparts)) {
		prepare(sender);
		return;
	}
	snprintf(line, sizeof line, "AT+CMMS=%d", sender->linger);
	ask(sender, LINGERING, line, NULL, on_lingering);
}

static void begin(struct sender *sender)
{
	const struct modem *modem = sender->modem;
	const struct modem_way way = { .options = modem->options, .now = time(NULL),
		.text_mode = modem->text_mode, .ucs2_strings = modem->ucs2_strings, .plain = sender->plain };
	struct outcome outcome;
	if (!modem->channel) {
		put_back(sender, "the modem went away");
	} else if (!modem_submit(&way, sender->part, &sender->submit, &outcome)) {
		receipts_stayed(sender->receipts);
		finish(sender, &outcome);
	} else {
		linger(sender);
	}
}

void sender_submit(struct sender *sender, struct part *part)
{
	sender->part = part;
	sender->plain = false;
	if (sender->phase == IDLE)
		begin(sender);
}

/* The session. */

bool sender_urc(struct sender *sender, const struct at_urc *urc)
{
	struct tpdu_time stamp;
	int reference;
	if (!read_taken(urc->line, &reference, &stamp))
		return false;
	if (!receipts_late(sender->receipts, reference))
		link_debug(sender->modem->link, "event=ignored reason=\"answers nothing\" line=\"%.40s\"", urc->line);
	return true;
}

bool sender_report(struct sender *sender, const struct tpdu *report, uint64_t ticket)
{
	if (report->type != TPDU_STATUS_REPORT || report->of_command)
		return false;
	receipts_report(sender->receipts, report, ticket);
	return true;
}

void sender_lost(struct sender *sender)
{
	struct outcome outcome = { .verdict = VERDICT_DOUBTFUL };
	const struct channel *channel = sender->modem->channel;
	const bool left = channel && ((sender->phase == RELEASING && channel_has_begun(channel, sender)) ||
	    (sender->phase == SENDING && channel_has_sent(channel, sender)));
	sender->parameters[0] = '\0';
	sender->asserted_at = 0;
	snprintf(outcome.text, sizeof outcome.text, "the modem was started anew before its result");
	if (sender->part && left)
		doubt(sender, &outcome);
	else if (sender->part)
		put_back(sender, "the modem was started anew");
	sender->phase = IDLE;
	receipts_flush(sender->receipts);
}

bool sender_is_idle(const struct sender *sender)
{
	return !sender->part && sender->phase == IDLE;
}

struct sender *sender_new(struct modem *modem)
{
	struct sender *sender = calloc(1, sizeof *sender);
	if (!sender)
		abort();
	sender->modem = modem;
	sender->linger = 2;
	sender->receipts = receipts_new(modem);
	return sender;
}

void sender_free(struct sender *sender)
{
	if (!sender)
		return;
	receipts_free(sender->receipts);
	free(sender);
}
