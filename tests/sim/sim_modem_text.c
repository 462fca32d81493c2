/* SPDX-License-Identifier: Apache-2.0 */
/* sim_modem_text.c - text mode (27.005, 3.1), and strings as AT+CSCS has them. */
#include "sim_modem_inside.h"

#include "../../sms/alphabet.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <time.h>

enum { FO_REPORT = 0x20, FO_VALIDITY = 0x18, FO_RELATIVE = 0x10, FO_HEADER = 0x40 };

static bool is_ucs2(const struct sim_modem *modem)
{
	return strcasecmp(modem->state.cscs, "UCS2") == 0;
}

void text_encode(const struct sim_modem *modem, const char *text, char *out, size_t room)
{
	uint8_t octets[LINE_ROOM];
	size_t n;
	if (!is_ucs2(modem)) {
		snprintf(out, room, "%s", text);
		return;
	}
	*out = '\0';
	ucs2_from_utf8(octets, sizeof octets, &n, text, strlen(text));
	for (size_t i = 0; i < n && 2 * i + 2 < room; i++)
		snprintf(out + 2 * i, 3, "%02X", octets[i]);
}

void text_decode(const struct sim_modem *modem, const char *string, char *out, size_t room)
{
	uint8_t octets[LINE_ROOM];
	size_t n;
	if (is_ucs2(modem) && tpdu_unhex(octets, sizeof octets, &n, string))
		ucs2_to_utf8(out, room, octets, n);
	else if (strcasecmp(modem->state.cscs, "GSM") == 0 && utf8_valid(string, strlen(string)) == strlen(string))
		snprintf(out, room, "%s", string);
	else
		snprintf(out, room, "%s", string);
}

/* The text as octets of the alphabet that AT+CSCS and the data coding say. */
static void body_put(const struct sim_modem *modem, struct tpdu_data *data)
{
	const char *text = modem->payload.text;
	const int coding = modem->state.csmp[3];
	const enum charset charset = dcs_read((uint8_t)coding).charset;
	char plain[LINE_ROOM];
	size_t n = 0;
	if (charset == CHARSET_OCTETS) {
		if (!tpdu_unhex(data->text, TPDU_DATA_MAX, &n, text))
			n = 0;
	} else if (charset == CHARSET_UCS2 && !is_ucs2(modem)) {
		if (!tpdu_unhex(data->text, TPDU_DATA_MAX, &n, text))
			n = 0;
	} else if (is_ucs2(modem)) {
		text_decode(modem, text, plain, sizeof plain);
		if (charset == CHARSET_UCS2)
			ucs2_from_utf8(data->text, TPDU_DATA_MAX, &n, plain, strlen(plain));
		else
			gsm7_from_utf8(data->text, TPDU_TEXT_MAX, &n, plain, strlen(plain));
	} else {
		/* AT+CSCS="GSM": an octet is a septet. */
		for (; text[n] && n < TPDU_TEXT_MAX; n++)
			data->text[n] = (uint8_t)text[n] & 0x7F;
	}
	data->text_len = (uint8_t)n;
}

void text_submit(struct sim_modem *modem)
{
	const int *csmp = modem->state.csmp;
	struct tpdu *tpdu = &modem->payload.tpdu;
	char why[100];
	*tpdu = (struct tpdu){ .type = TPDU_SUBMIT, .cause = -1, .report = csmp[0] & FO_REPORT,
		.protocol_id = (uint8_t)csmp[2], .data_coding = (uint8_t)csmp[3] };
	if ((csmp[0] & FO_VALIDITY) == FO_RELATIVE) {
		tpdu->validity_format = TPDU_VALIDITY_RELATIVE;
		tpdu->validity[0] = (uint8_t)csmp[1];
	}
	if (!address_recipient(&tpdu->address, modem->payload.address, &address_usual, why, sizeof why))
		snprintf(tpdu->address.text, sizeof tpdu->address.text, "%s", modem->payload.address);
	body_put(modem, &tpdu->data);
}

static bool letter_read(const struct letter *letter, struct tpdu *tpdu)
{
	struct address centre;
	char why[100];
	const struct tpdu_given given = { letter->hex, letter->length,
		letter->stat < 2 ? TPDU_TO_HANDSET : TPDU_FROM_HANDSET };
	return tpdu_line_read(tpdu, &centre, &given, why, sizeof why);
}

static void stamp(char out[24], const struct tpdu_time *at)
{
	struct tm local;
	const time_t seconds = (time_t)(at->at + at->zone * 900);
	char date[24];
	gmtime_r(&seconds, &local);
	strftime(date, sizeof date, "%y/%m/%d,%H:%M:%S", &local);
	snprintf(out, 24, "%.17s%c%02d", date, at->zone < 0 ? '-' : '+', (at->zone < 0 ? -at->zone : at->zone) % 100);
}

void text_header(const struct sim_modem *modem, const struct letter *letter, const char *head, char *out,
    size_t room)
{
	static const char *const stats[] = { "REC UNREAD", "REC READ", "STO UNSENT", "STO SENT" };
	struct tpdu tpdu;
	char number[ADDRESS_TEXT_MAX + 2], shown[8 * ADDRESS_TEXT_MAX], sent[24], done[24];
	const bool direct = strcmp(head, "+CMT:") == 0 || strcmp(head, "+CDS:") == 0;
	if (!letter_read(letter, &tpdu)) {
		snprintf(out, room, "%s", head);
		return;
	}
	snprintf(number, sizeof number, "%s%s", tpdu.address.ton == TON_INTERNATIONAL ? "+" : "", tpdu.address.text);
	text_encode(modem, number, shown, sizeof shown);
	const unsigned type = 0x80u | (unsigned)tpdu.address.ton << 4 | tpdu.address.npi;
	stamp(sent, &tpdu.stamp);
	stamp(done, &tpdu.discharge);
	if (letter->report) {
		snprintf(out, room, direct ? "%s %.0s6,%u,\"%s\",%u,\"%s\",\"%s\",%u" : "%s \"%s\",6,%u,\"%s\",%u,\"%s\",\"%s\",%u",
		    head, stats[letter->stat], (unsigned)tpdu.reference, shown, type, sent, done, (unsigned)tpdu.status);
	} else if (direct) {
		snprintf(out, room, "%s \"%s\",,\"%s\"", head, shown, sent);
	} else {
		snprintf(out, room, "%s\"%s\",\"%s\",,\"%s\"", head, stats[letter->stat], shown, sent);
	}
}

void text_body(const struct sim_modem *modem, const struct letter *letter, char *out, size_t room)
{
	struct tpdu tpdu;
	char text[LINE_ROOM];
	*out = '\0';
	if (letter->report || !letter_read(letter, &tpdu))
		return;
	const enum charset charset = dcs_read(tpdu.data_coding).charset;
	if (charset == CHARSET_GSM7) {
		tpdu_text(text, sizeof text, &tpdu);
		text_encode(modem, text, out, room);
		return;
	}
	for (size_t i = 0; i < tpdu.data.text_len && 2 * i + 2 < room; i++)
		snprintf(out + 2 * i, 3, "%02X", tpdu.data.text[i]);
}
