/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz_modem_at.c - any octets from a modem, at any state of the reader.
 *
 * The input is a script: what is asked, what is given up, and octets that are said. Two readers
 * hear the same, one in pieces as the script has them, the other octet by octet: they have to find
 * the same. No line has an end inside, is empty or longer than the maximum; a prompt is told
 * at most once for a command that asks for one; and a final result ends what was asked, once.
 * Before its prompt no command is well.
 */
#include "../../drivers/modem_at.h"
#include "replay.h"
#include "script.h"

#include <assert.h>
#include <string.h>

enum { ITEMS = 4096 };

static const struct { const char *line, *payload, *prefix; } commands[] = {
	{ "AT", NULL, NULL }, { "AT+CSQ", NULL, "+CSQ:" }, { "AT+CREG?", NULL, "+CREG:" }, { "AT+CPIN?", NULL, NULL },
	{ "AT+CMGS=14", "0001000B914426", NULL }, { "AT+CMGL=4", NULL, "+CMGL:" }, { "AT+CGMI", NULL, NULL },
	{ "AT+CUSD=1,\"*100#\",15", NULL, NULL }, { "AT+CUSD?", NULL, "+CUSD:" }, { "AT^ICCID?", NULL, "^ICCID:" },
	{ "AT+CMGS=1", "0", "+CMGS:" }, { "", "", "" }, { "ATD123", NULL, "RING" }, { "AT+CMT", NULL, "+CMT:" },
};
enum { COMMANDS = sizeof commands / sizeof *commands };

/* What one reader found since it was last compared: a digest of each item. */
struct ear {
	struct at_reader *reader;
	bool runs, prompts, prompted;
	size_t nitems;
	uint64_t items[ITEMS];
};
static struct ear ears[2];

static uint64_t mix(uint64_t sum, const char *text)
{
	for (; text && *text; text++)
		sum = (sum ^ (unsigned char)*text) * 1099511628211u;
	return (sum ^ (text ? 0 : 1)) * 1099511628211u;
}

static void check_line(const char *line, bool lines)
{
	const size_t len = strlen(line);
	assert(len > 0 && len <= AT_LINE_MAX && !strchr(line, '\r'));
	assert(lines || !strchr(line, '\n'));
	assert(line[len - 1] != '\n');
}

static void take_item(struct ear *ear, const struct at_item *item)
{
	if (item->kind == AT_PROMPT || item->kind == AT_TOO_LONG)
		assert(!item->line && !item->pdu);
	else
		check_line(item->line, item->kind == AT_UNSOLICITED && strncmp(item->line, "+CUSD:", 6) == 0);
	assert(!item->pdu || item->kind == AT_UNSOLICITED);
	if (item->pdu)
		check_line(item->pdu, false);
	if (item->kind == AT_PROMPT && ear->runs) {
		assert(ear->prompts && !ear->prompted);
		ear->prompted = true;
	}
	if (item->kind == AT_FINAL || item->kind == AT_INFORMATION)
		assert(ear->runs);
	if (item->kind == AT_STRAY)         /* while one runs, only the OK of another */
		assert(!ear->runs || strcmp(item->line, "OK") == 0 || strcmp(item->line, "0") == 0);
	if (item->kind == AT_FINAL) {
		assert(item->result != AT_OK || !ear->prompts || ear->prompted);
		assert(item->result <= AT_NO_CARRIER && item->code >= -1 && item->code <= 99999);
		ear->runs = false;
	}
	const uint64_t sum = mix(mix((uint64_t)item->kind * 31 + (uint64_t)item->result * 7 + (uint64_t)(item->code + 1), item->line),
	    item->pdu);
	if (ear->nitems < ITEMS)
		ear->items[ear->nitems] = sum;
	ear->nitems++;
}

static void hear(struct ear *ear, const uint8_t *at, size_t len)
{
	struct at_item item;
	while (at_reader_take(ear->reader, &at, &len, &item) != AT_NOTHING)
		take_item(ear, &item);
	assert(len == 0 && item.kind == AT_NOTHING);
}

static void say(const uint8_t *at, size_t len)
{
	hear(&ears[0], at, len);
	for (size_t i = 0; i < len; i++)
		hear(&ears[1], at + i, 1);
}

static void compare(void)
{
	assert(ears[0].nitems == ears[1].nitems && ears[0].runs == ears[1].runs);
	const size_t n = ears[0].nitems < ITEMS ? ears[0].nitems : ITEMS;
	assert(memcmp(ears[0].items, ears[1].items, n * sizeof *ears[0].items) == 0);
	assert(at_reader_holds(ears[0].reader) == at_reader_holds(ears[1].reader));
	ears[0].nitems = ears[1].nitems = 0;
}

static void expect(uint8_t which)
{
	which %= COMMANDS;
	for (int i = 0; i < 2; i++) {
		at_reader_expect(ears[i].reader, commands[which].line, commands[which].payload, commands[which].prefix);
		ears[i].runs = true;
		ears[i].prompts = commands[which].payload != NULL;
		ears[i].prompted = false;
	}
}

static void forget(void)
{
	for (int i = 0; i < 2; i++) {
		at_reader_forget(ears[i].reader);
		ears[i].runs = false;
	}
}

static void flush(void)
{
	for (int i = 0; i < 2; i++) {
		struct at_item item;
		const bool holds = at_reader_holds(ears[i].reader);
		const bool told = at_reader_flush(ears[i].reader, &item) != AT_NOTHING;
		assert(told == holds && !at_reader_holds(ears[i].reader));
		if (told)
			take_item(&ears[i], &item);
	}
}

static void flood(uint8_t with, uint8_t much)
{
	static uint8_t octets[256 * 16];
	memset(octets, with, sizeof octets);
	say(octets, (size_t)much * 16);
}

static void act(struct script *script)
{
	const uint8_t what = octet(script);
	if (what < 0xE0) {              /* so many octets */
		const struct blob raw = take(script, what);
		say(raw.at, raw.len);
		return;
	}
	switch (what & 7) {
	case 0: case 1: expect(octet(script)); break;
	case 2: forget(); break;
	case 3: flush(); break;
	case 4: flood(octet(script), octet(script)); break;
	default: say((const uint8_t *)"\r\n", 2);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *at, size_t len)
{
	struct script script = { at, len };
	for (int i = 0; i < 2; i++) {
		ears[i] = (struct ear){ .reader = at_reader_new() };
	}
	while (script.left) {
		act(&script);
		compare();
	}
	for (int i = 0; i < 2; i++)
		at_reader_free(ears[i].reader);
	return 0;
}
