/* SPDX-License-Identifier: Apache-2.0 */
/* sim_modem_sms.c - commands of 27.005: sending, routing, storages, reading. */
#include "sim_modem_inside.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum {
	CMS_NOT_ALLOWED = 302, CMS_NOT_SUPPORTED = 303, CMS_BAD_PDU = 304, CMS_BAD_TEXT = 305, CMS_BAD_INDEX = 321,
	CMS_FULL = 322, CMS_NO_CENTRE = 330, CMS_NO_NETWORK = 331, CMS_NO_ACK_EXPECTED = 340,
};
enum { ALL = 4, UNSENT = 2, SENT = 3 };

static void refuse(struct answer *answer, int code)
{
	answer_error(answer, RESULT_CMS, code);
}

static void cmgf(struct sim_modem *modem, const struct call *call, struct answer *answer)
{
	const long mode = at_number(call->args, 0, 0);
	if (call->kind == CALL_TEST)
		answer_line(answer, "+CMGF: (%s1)", modem->settings.pdu_mode ? "0," : "");
	else if (call->kind == CALL_READ)
		answer_line(answer, "+CMGF: %d", modem->state.text_mode);
	else if (mode < 0 || mode > 1 || (mode == 0 && !modem->settings.pdu_mode))
		refuse(answer, CMS_NOT_SUPPORTED);
	else
		modem->state.text_mode = mode;
}

static void csca(struct sim_modem *modem, const struct call *call, struct answer *answer)
{
	char number[WORD_ROOM], shown[4 * WORD_ROOM];
	const char *smsc = modem->settings.smsc;
	if (call->kind == CALL_READ) {
		text_encode(modem, smsc, shown, sizeof shown);
		answer_line(answer, "+CSCA: \"%s\",%d", shown, *smsc == '+' ? 145 : 129);
	} else if (call->kind == CALL_SET) {
		at_text(call->args, 0, number, sizeof number);
		text_decode(modem, number, shown, sizeof shown);
		snprintf(modem->settings.smsc, sizeof modem->settings.smsc, "%s%.60s",
		    at_number(call->args, 1, 129) == 145 && *shown != '+' ? "+" : "", shown);
	}
}

static void csms(struct sim_modem *modem, const struct call *call, struct answer *answer)
{
	const long service = at_number(call->args, 0, 0);
	if (call->kind == CALL_TEST)
		answer_line(answer, "+CSMS: (0%s)", modem->settings.csms ? ",1" : "");
	else if (call->kind == CALL_READ)
		answer_line(answer, "+CSMS: %d,1,1,1", modem->state.csms);
	else if (service < 0 || service > 1 || (service && !modem->settings.csms))
		refuse(answer, CMS_NOT_SUPPORTED);
	else {
		modem->state.csms = (int)service;
		answer_line(answer, "+CSMS: 1,1,1");
	}
}

static void cmms(struct sim_modem *modem, const struct call *call, struct answer *answer)
{
	const long mode = at_number(call->args, 0, 0);
	if (!modem->settings.cmms)
		refuse(answer, CMS_NOT_SUPPORTED);
	else if (call->kind == CALL_TEST)
		answer_line(answer, "+CMMS: (0-2)");
	else if (call->kind == CALL_READ)
		answer_line(answer, "+CMMS: %d", modem->state.cmms);
	else if (mode < 0 || mode > 2)
		refuse(answer, CMS_NOT_SUPPORTED);
	else
		modem->state.cmms = (int)mode;
}

static void csmp(struct sim_modem *modem, const struct call *call, struct answer *answer)
{
	int *values = modem->state.csmp;
	if (call->kind == CALL_READ)
		answer_line(answer, "+CSMP: %d,%d,%d,%d", values[0], values[1], values[2], values[3]);
	for (unsigned i = 0; call->kind == CALL_SET && i < 4; i++)
		values[i] = (int)at_number(call->args, i, values[i]);
}

static void csdh(struct sim_modem *modem, const struct call *call, struct answer *answer)
{
	if (call->kind == CALL_READ)
		answer_line(answer, "+CSDH: %d", modem->state.header_shown);
	else
		modem->state.header_shown = at_number(call->args, 0, 0) == 1;
}

/* Storages. */

static void cpms_used(struct sim_modem *modem, struct answer *answer, bool named)
{
	char line[120];
	size_t n = 0;
	for (int i = 0; i < 3; i++) {
		const struct storage *storage = &modem->storages[modem->state.cpms[i]];
		n += (size_t)snprintf(line + n, sizeof line - n, named ? "%s\"%s\",%u,%u" : "%s%.0s%u,%u", i ? "," : "",
		    storage->name, store_used(storage), storage->size);
	}
	answer_line(answer, "+CPMS: %s", line);
}

static void cpms_list(const struct sim_modem *modem, struct answer *answer)
{
	char all[60] = "", own[60] = "";
	for (unsigned i = 0; i < modem->nstorages; i++) {
		const struct storage *storage = &modem->storages[i];
		if (!storage->size)
			continue;
		snprintf(all + strlen(all), sizeof all - strlen(all), "%s\"%s\"", *all ? "," : "", storage->name);
		if (strcmp(storage->name, "SR") != 0)
			snprintf(own + strlen(own), sizeof own - strlen(own), "%s\"%s\"", *own ? "," : "", storage->name);
	}
	answer_line(answer, "+CPMS: (%s),(%s),(%s)", all, own, own);
}

static void cpms(struct sim_modem *modem, const struct call *call, struct answer *answer)
{
	char name[WORD_ROOM], plain[WORD_ROOM];
	int chosen[3];
	if (call->kind == CALL_TEST) {
		cpms_list(modem, answer);
		return;
	}
	if (call->kind == CALL_READ) {
		cpms_used(modem, answer, true);
		return;
	}
	memcpy(chosen, modem->state.cpms, sizeof chosen);
	for (unsigned i = 0; i < 3; i++) {
		if (!at_text(call->args, i, name, sizeof name))
			continue;
		text_decode(modem, name, plain, sizeof plain);
		chosen[i] = store_named(modem, strcasecmp(plain, "MT") == 0 ? "SM" : plain);
		if (chosen[i] < 0 || (i && strcmp(plain, "SR") == 0)) {
			refuse(answer, CMS_NOT_ALLOWED);
			return;
		}
	}
	memcpy(modem->state.cpms, chosen, sizeof chosen);
	cpms_used(modem, answer, false);
	net_deliver_soon(modem);
}

static void cnmi(struct sim_modem *modem, const struct call *call, struct answer *answer)
{
	static const int most[] = { 3, 3, 3, 2, 1 };
	int *values = modem->state.cnmi, fresh[5];
	if (call->kind == CALL_TEST) {
		answer_line(answer, "+CNMI: (0-3),(0-3),(0-3),(0-2),(0,1)");
		return;
	}
	if (call->kind == CALL_READ) {
		answer_line(answer, "+CNMI: %d,%d,%d,%d,%d", values[0], values[1], values[2], values[3], values[4]);
		return;
	}
	for (unsigned i = 0; i < 5; i++) {
		fresh[i] = (int)at_number(call->args, i, 0);
		if (fresh[i] < 0 || fresh[i] > most[i]) {
			refuse(answer, CMS_NOT_SUPPORTED);
			return;
		}
	}
	memcpy(values, fresh, sizeof fresh);
}

/* Reading. */

static void list_letter(struct sim_modem *modem, struct answer *answer, long index, struct letter *letter)
{
	char header[LINE_ROOM], body[LINE_ROOM], head[40];
	if (modem->state.text_mode) {
		snprintf(head, sizeof head, index < 0 ? "+CMGR:" : "+CMGL: %ld,", index);
		text_header(modem, letter, head, header, sizeof header);
		text_body(modem, letter, body, sizeof body);
		answer_line(answer, "%s", header);
		answer_line(answer, "%s", body);
	} else {
		snprintf(head, sizeof head, index < 0 ? "+CMGR: " : "+CMGL: %ld,", index);
		answer_line(answer, "%s%d,,%zu", head, letter->stat, letter->length);
		answer_line(answer, "%s", letter->hex);
	}
	letter->read = true;
	if (letter->stat < UNSENT)
		modem_tell_letter(modem, MODEM_READ, NULL, letter);
	if (letter->stat == 0)
		letter->stat = 1;
}

static long stat_named(const struct sim_modem *modem, const struct call *call)
{
	static const char *const names[] = { "REC UNREAD", "REC READ", "STO UNSENT", "STO SENT", "ALL" };
	char name[WORD_ROOM];
	if (!modem->state.text_mode)
		return at_number(call->args, 0, 0);
	at_text(call->args, 0, name, sizeof name);
	for (int i = 0; i <= ALL; i++)
		if (strcasecmp(name, names[i]) == 0)
			return i;
	return *name ? -1 : 0;
}

static bool unreadable(const struct sim_modem *modem)
{
	return !modem->settings.sr_readable && strcmp(modem->storages[modem->state.cpms[0]].name, "SR") == 0;
}

static void cmgl(struct sim_modem *modem, const struct call *call, struct answer *answer)
{
	const struct storage *storage = &modem->storages[modem->state.cpms[0]];
	const long stat = stat_named(modem, call);
	if (call->kind == CALL_TEST) {
		answer_line(answer, "+CMGL: (0-4)");
		return;
	}
	if (stat < 0 || stat > ALL || unreadable(modem)) {
		refuse(answer, stat < 0 || stat > ALL ? CMS_BAD_TEXT : CMS_NOT_SUPPORTED);
		return;
	}
	for (unsigned i = 0; i < storage->size; i++) {
		struct letter *letter = storage->slots[i];
		if (letter && (stat == ALL || letter->stat == stat))
			list_letter(modem, answer, (long)i + modem->settings.index, letter);
	}
}

static void cmgr(struct sim_modem *modem, const struct call *call, struct answer *answer)
{
	const int storage = modem->state.cpms[0];
	const long index = at_number(call->args, 0, -1), slot = index - modem->settings.index;
	if (call->kind == CALL_TEST)
		return;
	if (slot < 0 || slot >= (long)modem->storages[storage].size || unreadable(modem)) {
		refuse(answer, unreadable(modem) ? CMS_NOT_SUPPORTED : CMS_BAD_INDEX);
		return;
	}
	struct letter *letter = store_at(modem, storage, index);
	if (letter)
		list_letter(modem, answer, -1, letter);
}

/* By flag: 1 read, 2 and sent, 3 and unsent, 4 all. */
static void delete_many(struct sim_modem *modem, int storage, long flag)
{
	static const bool gone[ALL + 1][4] = { { false, false, false, false }, { false, true, false, false },
		{ false, true, false, true }, { false, true, true, true }, { true, true, true, true } };
	for (unsigned i = 0; i < modem->storages[storage].size; i++) {
		const struct letter *letter = modem->storages[storage].slots[i];
		if (letter && gone[flag][letter->stat])
			store_delete(modem, storage, (long)i + modem->settings.index);
	}
}

static void cmgd(struct sim_modem *modem, const struct call *call, struct answer *answer)
{
	const int storage = modem->state.cpms[0];
	const long index = at_number(call->args, 0, -1), flag = at_number(call->args, 1, 0);
	if (call->kind == CALL_TEST)
		answer_line(answer, "+CMGD: (%ld-%ld),(0-4)", modem->settings.index,
		    modem->settings.index + modem->storages[storage].size - 1);
	else if (flag < 0 || flag > ALL)
		refuse(answer, CMS_BAD_TEXT);
	else if (flag)
		delete_many(modem, storage, flag);
	else if (!store_delete(modem, storage, index))
		refuse(answer, CMS_BAD_INDEX);
	net_deliver_soon(modem);
}

/* Sending. */

static void await_payload(struct sim_modem *modem, const struct call *call, struct answer *answer,
    const char *command)
{
	struct payload *payload = &modem->payload;
	*payload = (struct payload){ .command = command };
	if (call->kind != CALL_SET) {
		answer_error(answer, call->kind == CALL_TEST ? RESULT_OK : RESULT_ERROR, 0);
		return;
	}
	if (modem->state.text_mode) {
		char address[4 * WORD_ROOM], plain[WORD_ROOM];
		at_text(call->args, 0, address, sizeof address);
		text_decode(modem, address, plain, sizeof plain);
		snprintf(payload->address, sizeof payload->address, "%s", plain);
	} else {
		const long length = at_number(call->args, 0, -1);
		if (length < 1 || length > TPDU_MAX) {
			refuse(answer, CMS_BAD_PDU);
			return;
		}
		payload->length = (size_t)length;
	}
	answer->result = RESULT_PROMPT;
}

static void cmgs(struct sim_modem *modem, const struct call *call, struct answer *answer)
{
	await_payload(modem, call, answer, "+CMGS");
}

static void cmgw(struct sim_modem *modem, const struct call *call, struct answer *answer)
{
	await_payload(modem, call, answer, "+CMGW");
}

static void cnma(struct sim_modem *modem, const struct call *call, struct answer *answer)
{
	const long how = at_number(call->args, 0, 0);
	if (call->kind == CALL_TEST) {
		answer_line(answer, "+CNMA: (0-2)");
	} else if (at_number(call->args, 1, 0) > 0 && modem->unacked) {
		await_payload(modem, call, answer, how == 2 ? "+CNMA no" : "+CNMA");
		modem->payload.length = (size_t)at_number(call->args, 1, 0);
	} else if (!net_acked(modem, how != 2)) {
		refuse(answer, CMS_NO_ACK_EXPECTED);
	}
}

static int refusal_of(const struct sim_modem *modem, const char *number)
{
	for (unsigned i = 0; i < modem->nrefusals; i++)
		if (strcmp(modem->refusals[i].number, number) == 0)
			return modem->refusals[i].code;
	return modem->setup.judge ? modem->setup.judge(modem->setup.ctx, number) : 0;
}

/* What is wrong with the payload, 0: nothing. */
static int judge(struct sim_modem *modem)
{
	struct payload *payload = &modem->payload;
	struct address centre = { 0 };
	char why[100];
	if (modem->state.text_mode) {
		text_submit(modem);
	} else {
		const struct tpdu_given given = { payload->text, payload->length, TPDU_FROM_HANDSET };
		uint8_t octets[HEX_ROOM];
		size_t len;
		if (!tpdu_unhex(octets, sizeof octets, &len, payload->text) ||
		    len != payload->length + octets[0] + 1u ||
		    !tpdu_line_read(&payload->tpdu, &centre, &given, why, sizeof why) ||
		    payload->tpdu.type != TPDU_SUBMIT || payload->tpdu.data.cut)
			return CMS_BAD_PDU;
	}
	if (strcmp(payload->command, "+CMGW") == 0)
		return 0;
	if (!modem_registered(modem))
		return CMS_NO_NETWORK;
	if (!*centre.text && !*modem->settings.smsc)
		return CMS_NO_CENTRE;
	return refusal_of(modem, payload->tpdu.address.text);
}

static void judge_once(struct sim_modem *modem)
{
	struct payload *payload = &modem->payload;
	if (payload->judged)
		return;
	payload->judged = true;
	const int wrong = judge(modem);
	payload->result = wrong ? RESULT_CMS : RESULT_OK;
	payload->code = wrong;
}

void sms_take(struct sim_modem *modem)
{
	struct payload *payload = &modem->payload;
	if (!payload->command || strncmp(payload->command, "+CNMA", 5) == 0 || strcmp(payload->command, "+CMGW") == 0)
		return;
	judge_once(modem);
	if (payload->result != RESULT_OK || payload->taken)
		return;
	payload->taken = true;
	payload->reference = (uint8_t)modem->settings.reference;
	payload->tpdu.reference = payload->reference;
	payload->taken_at = net_now(modem).at;
	modem->settings.reference = (modem->settings.reference + 1) % 256;
	net_submit(modem);
}

/* The SUBMIT-REPORT in hex, behind a comma, where the service says it. */
static void acknowledged(const struct sim_modem *modem, char out[60])
{
	const struct tpdu report = { .type = TPDU_SUBMIT_REPORT, .cause = -1,
		.stamp = { modem->payload.taken_at, (int)modem->settings.zone, true } };
	char line[HEX_ROOM];
	*out = '\0';
	if (modem->state.csms == 1 && tpdu_line(line, sizeof line, NULL, &report))
		snprintf(out, 60, ",\"%.50s\"", line + 2);
}

static void written(struct sim_modem *modem, struct answer *answer)
{
	struct payload *payload = &modem->payload;
	struct letter *letter = calloc(1, sizeof *letter);
	if (!letter)
		abort();
	letter->stat = UNSENT;
	letter->length = payload->length;
	snprintf(letter->hex, sizeof letter->hex, "%.*s", HEX_ROOM - 1, payload->text);
	if (modem->state.text_mode)
		letter->length = tpdu_line(letter->hex, sizeof letter->hex, NULL, &payload->tpdu);
	const int index = store_put(modem, modem->state.cpms[1], letter);
	if (index < 0) {
		free(letter);
		refuse(answer, CMS_FULL);
		return;
	}
	answer_line(answer, "+CMGW: %d", index);
}

void sms_payload(struct sim_modem *modem, struct answer *answer)
{
	struct payload *payload = &modem->payload;
	char more[60];
	if (strncmp(payload->command, "+CNMA", 5) == 0) {
		if (!net_acked(modem, strcmp(payload->command, "+CNMA") == 0))
			refuse(answer, CMS_NO_ACK_EXPECTED);
		return;
	}
	sms_take(modem);
	judge_once(modem);
	if (payload->result != RESULT_OK) {
		answer_error(answer, payload->result, payload->code);
		snprintf(more, sizeof more, "+CMS ERROR: %d", payload->code);
		modem_tell(modem, MODEM_REFUSED, more, NULL);
	} else if (strcmp(payload->command, "+CMGW") == 0) {
		written(modem, answer);
	} else {
		acknowledged(modem, more);
		answer_line(answer, "%s: %u%s", payload->command, (unsigned)payload->reference, more);
	}
}

static void cmss(struct sim_modem *modem, const struct call *call, struct answer *answer)
{
	struct letter *letter = store_at(modem, modem->state.cpms[1], at_number(call->args, 0, -1));
	const bool text = modem->state.text_mode;
	if (call->kind == CALL_TEST)
		return;
	if (!letter || letter->stat < UNSENT) {
		refuse(answer, CMS_BAD_INDEX);
		return;
	}
	modem->payload = (struct payload){ .command = "+CMSS", .length = letter->length };
	snprintf(modem->payload.text, sizeof modem->payload.text, "%s", letter->hex);
	letter->stat = SENT;
	modem->state.text_mode = false;
	sms_payload(modem, answer);
	modem->state.text_mode = text;
}

const struct at_row at_sms[] = {
	{ "+CMGF", cmgf, WANTS_NOTHING }, { "+CSCA", csca, WANTS_MESSAGES }, { "+CSMS", csms, WANTS_NOTHING },
	{ "+CMMS", cmms, WANTS_MESSAGES }, { "+CSMP", csmp, WANTS_MESSAGES }, { "+CSDH", csdh, WANTS_NOTHING },
	{ "+CPMS", cpms, WANTS_MESSAGES }, { "+CNMI", cnmi, WANTS_MESSAGES }, { "+CMGL", cmgl, WANTS_MESSAGES },
	{ "+CMGR", cmgr, WANTS_MESSAGES }, { "+CMGD", cmgd, WANTS_MESSAGES }, { "+CMGS", cmgs, WANTS_MESSAGES },
	{ "+CMGW", cmgw, WANTS_MESSAGES }, { "+CMSS", cmss, WANTS_MESSAGES }, { "+CNMA", cnma, WANTS_MESSAGES },
	{ NULL, NULL, WANTS_NOTHING },
};
