/* SPDX-License-Identifier: Apache-2.0 */
/*
 * modem_storages.c - which storages a modem has, which of them are ours, which is selected.
 *
 * A modem reads and deletes in one storage at a time, mem1; what it receives goes to mem3. Those of
 * the key `storages` are swept, else SM and ME as far as the modem has them, and SR, where some
 * put status reports. What a modem answers is a hint: a storage is in use when it can be selected.
 */
#include "modem_receiver.h"

#include "../gateway/clock.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

/* Tried in this order, where nothing is said; the last ones only when a modem has none of the first. */
static const char *const usual[] = { "SM", "ME", "MT" };
enum { USUAL_BOTH = 2, USUAL = sizeof usual / sizeof *usual, BUSY_MS = 5000 };

static bool has(const struct storage_names *names, const char *name)
{
	for (unsigned i = 0; i < names->n; i++)
		if (strcmp(names->at[i], name) == 0)
			return true;
	return false;
}

static unsigned find(const struct receiver *receiver, const char *name)
{
	unsigned i = 0;
	while (i < receiver->nstorages && strcmp(receiver->storages[i].name, name) != 0)
		i++;
	return i < receiver->nstorages ? i : NO_STORAGE;
}

static unsigned add(struct receiver *receiver, const char *name)
{
	unsigned i = find(receiver, name);
	if (i != NO_STORAGE || receiver->nstorages == STORAGES_MAX)
		return i;
	i = receiver->nstorages++;
	receiver->storages[i] = (struct storage){ .used = -1, .total = -1 };
	snprintf(receiver->storages[i].name, sizeof receiver->storages[i].name, "%s", name);
	return i;
}

unsigned storages_named(struct receiver *receiver, const char *name)
{
	char upper[STORAGE_NAME_MAX];
	if (!lists_is_storage(name))
		return NO_STORAGE;
	size_t n = 0;
	for (; name[n]; n++)
		upper[n] = (char)toupper((unsigned char)name[n]);
	upper[n] = '\0';
	return add(receiver, upper);
}

static void sweep_it(struct receiver *receiver, const char *name)
{
	const unsigned i = storages_named(receiver, name);
	if (i != NO_STORAGE)
		receiver->storages[i].swept = true;
}

/* Those of the configuration, or those that there are. */
static void pick(struct receiver *receiver, bool known)
{
	const struct conf_list *asked = &receiver->modem->options->storages;
	const struct storage_names *there = &receiver->roles[STORAGE_READ];
	unsigned n = 0;
	for (size_t i = 0; i < asked->n; i++) {
		sweep_it(receiver, asked->items[i]);
		n += lists_is_storage(asked->items[i]);
	}
	if (n)
		return;                     /* as is said */
	for (unsigned i = 0; i < USUAL; i++)
		if ((!known && i < USUAL_BOTH) || (has(there, usual[i]) && (i < USUAL_BOTH || n == 0))) {
			sweep_it(receiver, usual[i]);
			n++;
		}
	for (unsigned i = 0; i < there->n && n == 0; i++, n++)
		sweep_it(receiver, there->at[i]);
	if (has(there, "SR") && !receiver->modem->profile->reports_direct)
		sweep_it(receiver, "SR");
}

static void on_learned(struct receiver *receiver, const struct at_answer *answer)
{
	const struct lines lines = { answer->lines, answer->nlines };
	const bool known = answer->result == AT_OK && lists_storages(receiver->roles, lines);
	if (!known)
		memset(receiver->roles, 0, sizeof receiver->roles);
	pick(receiver, known);
}

void storages_learn(struct receiver *receiver)
{
	for (unsigned i = 0; i < receiver->nstorages; i++) /* names stay: tickets know them by number */
		receiver->storages[i].swept = receiver->storages[i].by_index = false;
	receiver->selected = NO_STORAGE;
	receiver->select_whole = false;
	receiver->attempt = 0;
	receiver_ask(receiver, "AT+CPMS=?", "+CPMS:", SET_TIMEOUT_MS, on_learned);
}

void storages_count(struct receiver *receiver, unsigned storage, const struct at_answer *answer)
{
	struct storage *of = &receiver->storages[storage];
	const struct lines lines = { answer->lines, answer->nlines };
	if (answer->result != AT_OK || !lists_count(&of->used, &of->total, lines))
		of->used = of->total = -1;
}

/* Choosing: each storage that is swept as the first, with the two others as they can be, then the
 * same for all three, then mem1 alone. */

enum { FORM_ROLES, FORM_SAME, FORM_ALONE, FORMS };

/* The n-th that is swept and may take what comes in; NO_STORAGE: there are no more. */
static unsigned nth(const struct receiver *receiver, unsigned n)
{
	for (unsigned i = 0; i < receiver->nstorages; i++)
		if (receiver->storages[i].swept && strcmp(receiver->storages[i].name, "SR") != 0 && n-- == 0)
			return i;
	return NO_STORAGE;
}

/* What stands for a role: the storage itself, another that is swept, the first of the role's. */
static const char *for_role(const struct receiver *receiver, unsigned storage, unsigned role)
{
	const struct storage_names *names = &receiver->roles[role];
	const char *name = receiver->storages[storage].name;
	if (names->n == 0 || has(names, name))
		return name;
	for (unsigned i = 0; nth(receiver, i) != NO_STORAGE; i++)
		if (has(names, receiver->storages[nth(receiver, i)].name))
			return receiver->storages[nth(receiver, i)].name;
	return names->at[0];
}

static bool is_busy(const struct at_answer *answer)
{
	enum { SIM_FIRST = 310, SIM_LAST = 320, WAIT = 515, CME_SIM_FIRST = 10, CME_SIM_LAST = 18 };
	if (answer->result == AT_CMS)
		return (answer->code >= SIM_FIRST && answer->code <= SIM_LAST) || answer->code == WAIT;
	return (answer->result == AT_CME && ((answer->code >= CME_SIM_FIRST && answer->code <= CME_SIM_LAST) ||
	    answer->code == WAIT)) || answer->result == AT_SILENT;
}

static void give_up(struct receiver *receiver, const struct at_answer *answer)
{
	receiver->attempt = 0;
	receiver->unset = is_busy(answer);
	if (receiver->unset) {
		receiver->sweep_wanted = false;
		clock_ring(receiver->timer, BUSY_MS);
		link_warn(receiver->modem->link, "event=storages_unset reason=\"%s\" retry=soon", answer->text);
		return;
	}
	link_warn(receiver->modem->link, "event=storages_unset reason=\"AT+CPMS: %s\" used=\"the one that is selected\"",
	    answer->text);
	for (unsigned i = 0; i < receiver->nstorages; i++)
		receiver->storages[i].swept = false;
	const unsigned only = add(receiver, "");
	if (only != NO_STORAGE)
		receiver->storages[only].swept = true;
	receiver->selected = only;
}

static void on_chosen(struct receiver *receiver, const struct at_answer *answer)
{
	const unsigned storage = nth(receiver, receiver->attempt / FORMS);
	if (answer->result != AT_OK) {
		receiver->attempt++;
		if (is_busy(answer) || nth(receiver, receiver->attempt / FORMS) == NO_STORAGE)
			give_up(receiver, answer);
		else
			storages_choose(receiver);
		return;
	}
	receiver->unset = false;
	receiver->selected = storage;
	storages_count(receiver, storage, answer);
	if (has(&receiver->roles[STORAGE_READ], receiver->receive_to))
		sweep_it(receiver, receiver->receive_to);
	link_info(receiver->modem->link, "event=storages received_in=%s used=%ld of=%ld", receiver->receive_to,
	    receiver->storages[storage].used, receiver->storages[storage].total);
	receiver->attempt = 0;
}

void storages_choose(struct receiver *receiver)
{
	char line[AT_LINE_MAX];
	const unsigned storage = nth(receiver, receiver->attempt / FORMS), form = receiver->attempt % FORMS;
	if (storage == NO_STORAGE)
		return;
	const char *name = receiver->storages[storage].name;
	snprintf(receiver->write_to, sizeof receiver->write_to, "%s",
	    form == FORM_ROLES ? for_role(receiver, storage, STORAGE_WRITE) : name);
	snprintf(receiver->receive_to, sizeof receiver->receive_to, "%s",
	    form == FORM_ROLES ? for_role(receiver, storage, STORAGE_RECEIVE) : name);
	if (form == FORM_ALONE)
		snprintf(line, sizeof line, "AT+CPMS=\"%s\"", name);
	else
		snprintf(line, sizeof line, "AT+CPMS=\"%s\",\"%s\",\"%s\"", name, receiver->write_to,
		    receiver->receive_to);
	receiver_ask(receiver, line, "+CPMS:", SET_TIMEOUT_MS, on_chosen);
}

void storages_select(struct receiver *receiver, unsigned storage, receiver_answer_fn *answered)
{
	char line[AT_LINE_MAX];
	const char *name = receiver->storages[storage].name;
	receiver->selected = NO_STORAGE;    /* until the answer */
	if (receiver->select_whole)
		snprintf(line, sizeof line, "AT+CPMS=\"%s\",\"%s\",\"%s\"", name, receiver->write_to,
		    receiver->receive_to);
	else
		snprintf(line, sizeof line, "AT+CPMS=\"%s\"", name);
	receiver_ask(receiver, line, "+CPMS:", SET_TIMEOUT_MS, answered);
}
