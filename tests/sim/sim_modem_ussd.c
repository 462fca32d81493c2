/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sim_modem_ussd.c - dialogues over USSD (27.007, 7.15): a tree of texts by what was entered.
 *
 * A path is the code and each answer behind a ">": "*100#>1". A modem understands, and says, one
 * of three forms: `plain` as AT+CSCS has it, `packed` septets in hex, `ucs2` in hex.
 */
#include "sim_modem_inside.h"

#include "../../sms/alphabet.h"
#include "../../sms/septets.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CME_NOT_SUPPORTED = 4, CME_NOT_ALLOWED = 3, CME_UNKNOWN = 100, DCS_GSM7 = 15, DCS_UCS2 = 72,
	M_DONE = 0, M_MORE = 1, M_ENDED = 2, M_UNSUPPORTED = 4 };

void ussd_menu(struct sim_modem *modem, const char *path, const char *text, int m, int dcs)
{
	struct menu *menu = calloc(1, sizeof *menu);
	if (!menu)
		abort();
	menu->m = m;
	menu->dcs = dcs;
	snprintf(menu->path, sizeof menu->path, "%s", path);
	snprintf(menu->text, sizeof menu->text, "%s", text);
	menu->next = modem->menus;
	modem->menus = menu;
}

void ussd_menus_free(struct sim_modem *modem)
{
	while (modem->menus) {
		struct menu *menu = modem->menus;
		modem->menus = menu->next;
		free(menu);
	}
}

static void hex_put(char *out, size_t room, const uint8_t *octets, size_t n)
{
	*out = '\0';
	for (size_t i = 0; i < n && 2 * i + 2 < room; i++)
		snprintf(out + 2 * i, 3, "%02X", octets[i]);
}

/* False: it is none that this modem understands. */
static bool understood(const struct sim_modem *modem, const char *given, char *out, size_t room)
{
	const char *form = modem->settings.ussd;
	uint8_t octets[400], septets[460];
	size_t n;
	if (strcmp(form, "plain") == 0) {
		text_decode(modem, given, out, room);
		return *modem->dialogue || strspn(out, "0123456789*#+") == strlen(out);
	}
	if (!tpdu_unhex(octets, sizeof octets, &n, given))
		return false;
	if (strcmp(form, "ucs2") == 0)
		return n % 2 == 0 && octets[0] == 0 && ucs2_to_utf8(out, room, octets, n);
	n = ussd_unpack(septets, octets, n);
	gsm7_to_utf8(out, room, septets, n);
	return true;
}

static void say(struct sim_modem *modem, int m, const char *text, int dcs)
{
	char line[2 * LINE_ROOM], string[2 * LINE_ROOM - 40];
	uint8_t septets[LINE_ROOM], octets[LINE_ROOM];
	size_t n;
	const bool narrow = gsm7_from_utf8(septets, sizeof septets, &n, text, strlen(text)) == strlen(text);
	if (!narrow || strcmp(modem->settings.ussd, "ucs2") == 0) {
		ucs2_from_utf8(octets, sizeof octets, &n, text, strlen(text));
		hex_put(string, sizeof string, octets, n);
	} else if (strcmp(modem->settings.ussd, "packed") == 0) {
		n = ussd_pack(octets, septets, n);
		hex_put(string, sizeof string, octets, n);
	} else {
		text_encode(modem, text, string, sizeof string);
	}
	if (dcs < 0)
		dcs = narrow ? DCS_GSM7 : DCS_UCS2;
	if (*text)
		snprintf(line, sizeof line, "+CUSD: %d,\"%s\",%d", m, string, dcs);
	else
		snprintf(line, sizeof line, "+CUSD: %d", m);
	line_unsolicited(modem, line);
}

static void on_answer(struct sim_modem *modem, void *arg)
{
	(void)arg;
	if (!modem->booted || !*modem->dialogue)
		return;
	for (const struct menu *menu = modem->menus; menu; menu = menu->next) {
		if (strcmp(menu->path, modem->dialogue) != 0)
			continue;
		if (menu->m != M_MORE)
			modem->dialogue[0] = '\0';
		say(modem, menu->m, menu->text, menu->dcs);
		return;
	}
	const bool first = !strchr(modem->dialogue, '>');
	modem->dialogue[0] = '\0';
	say(modem, first ? M_UNSUPPORTED : M_ENDED, "", -1);
}

static void dial(struct sim_modem *modem, const char *string, struct answer *answer)
{
	char text[WORD_ROOM];
	const size_t n = strlen(modem->dialogue);
	if (!understood(modem, string, text, sizeof text)) {
		answer_error(answer, modem->state.cmee ? RESULT_CME : RESULT_ERROR, CME_NOT_SUPPORTED);
		return;
	}
	if (!modem_registered(modem)) {
		answer_error(answer, modem->state.cmee ? RESULT_CME : RESULT_ERROR, CME_UNKNOWN);
		return;
	}
	modem_tell(modem, MODEM_USSD, text, NULL);
	snprintf(modem->dialogue + n, sizeof modem->dialogue - n, "%s%s", n ? ">" : "", text);
	modem_later(modem, modem->settings.ussd_delay, on_answer, NULL);
}

void ussd_command(struct sim_modem *modem, const struct call *call, struct answer *answer)
{
	char string[LINE_ROOM];
	const long how = at_number(call->args, 0, 0);
	if (call->kind == CALL_TEST) {
		answer_line(answer, "+CUSD: (0-2)");
	} else if (call->kind == CALL_READ) {
		answer_line(answer, "+CUSD: %d", modem->state.cusd);
	} else if (how == 2) {
		if (*modem->dialogue)
			modem_tell(modem, MODEM_USSD, "cancelled", NULL);
		modem->dialogue[0] = '\0';
	} else if (how != 0 && how != 1) {
		answer_error(answer, modem->state.cmee ? RESULT_CME : RESULT_ERROR, CME_NOT_ALLOWED);
	} else {
		modem->state.cusd = (int)how;
		if (at_text(call->args, 1, string, sizeof string))
			dial(modem, string, answer);
	}
}
