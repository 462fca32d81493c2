/* SPDX-License-Identifier: Apache-2.0 */
/* modem_text.c - what stands in text mode, field by field. */
#include "modem_text.h"

#include "../sms/alphabet.h"
#include "modem_lists.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FIELDS = 16, FIELD_MAX = 128, DCS_UCS2 = 0x08, TYPE_INTERNATIONAL = 0x91, TYPE_UNKNOWN = 0x81 };

struct fields { char at[FIELDS][FIELD_MAX]; bool quoted[FIELDS]; unsigned n; };

static void split(struct fields *fields, const char *head)
{
	fields->n = 0;
	while (head && fields->n < FIELDS) {
		head = lists_field(fields->at[fields->n], FIELD_MAX, head, &fields->quoted[fields->n]);
		fields->n++;
	}
}

static const char *field(const struct fields *fields, unsigned i)
{
	return i < fields->n ? fields->at[i] : "";
}

/* -1: it is no number, or is not there. */
static int number(const struct fields *fields, unsigned i)
{
	const char *text = field(fields, i);
	const size_t len = strlen(text);
	if (len == 0 || len > 3 || strspn(text, "0123456789") != len)
		return -1;
	return (int)strtol(text, NULL, 10);
}

/* Hex of UTF-16, into UTF-8. False: it is none. */
static bool unhex(char *out, size_t room, const char *hex)
{
	uint8_t octets[LISTED_BODY_MAX / 2];
	size_t len;
	if (!tpdu_unhex(octets, sizeof octets, &len, hex) || len % 2)
		return false;
	charset_to_utf8(out, room, CHARSET_UCS2, octets, len, NULL);
	return true;
}

static void read_address(struct tpdu *tpdu, const struct fields *fields, unsigned i, int type, bool hex)
{
	char text[FIELD_MAX];
	const char *written = field(fields, i);
	if (hex && strlen(written) >= 4 && unhex(text, sizeof text, written))
		written = text;
	const bool plus = *written == '+';
	const size_t digits = strspn(written + plus, "0123456789*#abc");
	if (type < 0)
		type = plus ? TYPE_INTERNATIONAL : TYPE_UNKNOWN;
	tpdu->address.ton = type >> 4 & 7;
	tpdu->address.npi = type & 0x0F;
	if (plus)
		tpdu->address.ton = TON_INTERNATIONAL;
	if (written[plus + digits])         /* a name, whatever the type says */
		tpdu->address.ton = TON_ALPHANUMERIC;
	else
		written += plus;
	const size_t whole = utf8_valid(written, strnlen(written, sizeof tpdu->address.text - 1));
	snprintf(tpdu->address.text, sizeof tpdu->address.text, "%.*s", (int)whole, written);
}

/* "26/11/28,00:15:00+04" */
static struct tpdu_time read_time(const char *text)
{
	int at[6], zone = 0, end = 0;
	char sign = '+';
	uint8_t octets[TPDU_TIME];
	if (sscanf(text, "%2d/%2d/%2d,%2d:%2d:%2d%n%c%2d", &at[0], &at[1], &at[2], &at[3], &at[4], &at[5],
	    &end, &sign, &zone) < 6 || (sign != '+' && sign != '-'))
		return (struct tpdu_time){ .known = false };
	for (int i = 0; i < 6; i++) {
		if (at[i] < 0)
			return (struct tpdu_time){ .known = false };
		octets[i] = (uint8_t)(at[i] / 10 | at[i] % 10 << 4);
	}
	zone = zone < 0 || zone > 79 ? 0 : zone;
	octets[6] = (uint8_t)(zone / 10 | zone % 10 << 4 | (sign == '-' ? 8 : 0));
	return tpdu_time_read(octets);
}

static void put_octets(struct tpdu *tpdu, const uint8_t *at, size_t len, size_t most)
{
	tpdu->data.cut = len > most;
	tpdu->data.text_len = (uint8_t)(len > most ? most : len);
	memcpy(tpdu->data.text, at, tpdu->data.text_len);
}

/* Is it hex of UTF-16 that nobody wrote as digits? Letters of one or two scripts, whole characters. */
static bool looks_like_hex(const char *text)
{
	const size_t len = strlen(text);
	if (len < 8 || len % 4 || strspn(text, "0123456789ABCDEFabcdef") != len)
		return false;
	size_t plausible = 0;
	for (size_t i = 0; i < len; i += 4)
		plausible += strncmp(text + i, "00", 2) == 0 || strncmp(text + i, "04", 2) == 0 ||
		    strncmp(text + i, "20", 2) == 0 || strncmp(text + i, "03", 2) == 0;
	return plausible * 4 == len;
}

/* Octets stand as hex; texts too when strings do, or when they are of UTF-16. */
static void read_text(struct tpdu *tpdu, const struct text_entry *entry, int coding)
{
	uint8_t octets[LISTED_BODY_MAX];
	size_t len;
	const enum charset charset = coding >= 0 ? dcs_read((uint8_t)coding).charset : CHARSET_GSM7;
	const bool hex = charset != CHARSET_GSM7 || entry->hex_strings || (coding < 0 && looks_like_hex(entry->body));
	tpdu->data_coding = (uint8_t)(coding >= 0 ? coding : 0);
	if (!hex || !tpdu_unhex(octets, sizeof octets, &len, entry->body)) {
		/* As in AT+CSCS="GSM": septets, each as an octet. */
		if (charset != CHARSET_GSM7)
			tpdu->data_coding = 0;
		put_octets(tpdu, (const uint8_t *)entry->body, strlen(entry->body), TPDU_TEXT_MAX);
		for (unsigned i = 0; i < tpdu->data.text_len; i++)
			tpdu->data.text[i] &= 0x7F;
		return;
	}
	if (charset == CHARSET_GSM7)
		tpdu->data_coding = DCS_UCS2;
	put_octets(tpdu, octets, len, TPDU_DATA_MAX);
}

/* fo, mr, ra, tora, scts, dt, st */
static bool read_report(struct tpdu *tpdu, const struct fields *fields, unsigned from, bool hex)
{
	const int reference = number(fields, from + 1), status = number(fields, from + 6);
	if (reference < 0 || reference > UINT8_MAX || status < 0 || status > UINT8_MAX)
		return false;
	tpdu->type = TPDU_STATUS_REPORT;
	tpdu->reference = (uint8_t)reference;
	tpdu->status = (uint8_t)status;
	read_address(tpdu, fields, from + 2, number(fields, from + 3), hex);
	tpdu->stamp = read_time(field(fields, from + 4));
	tpdu->discharge = read_time(field(fields, from + 5));
	return true;
}

/* Of +CMGR and +CMT: tooa, fo, pid, dcs, ... stand behind the time. */
static void read_details(struct tpdu *tpdu, const struct fields *fields, unsigned from, int *type, int *coding)
{
	const int protocol = number(fields, from + 2);
	*type = number(fields, from);
	*coding = number(fields, from + 3);
	if (protocol >= 0 && protocol <= UINT8_MAX)
		tpdu->protocol_id = (uint8_t)protocol;
	if (*coding > UINT8_MAX)
		*coding = -1;
}

bool text_read(struct tpdu *tpdu, const struct text_entry *entry, char *why, size_t room)
{
	/* Of the sender, or of fo in a report: index and state stand before it. */
	static const unsigned begins[] = { [TEXT_LIST] = 2, [TEXT_READ] = 1, [TEXT_DIRECT] = 0 };
	struct fields fields;
	const unsigned from = begins[entry->source];
	int type = -1, coding = -1;
	*tpdu = (struct tpdu){ .type = TPDU_DELIVER, .cause = -1 };
	split(&fields, entry->head);
	if (number(&fields, from) >= 0 && !fields.quoted[from] &&
	    read_report(tpdu, &fields, from, entry->hex_strings))
		return true;
	if (fields.n <= from + 1 || !*field(&fields, from)) {
		snprintf(why, room, "its line of %u fields names no sender", fields.n);
		return false;
	}
	unsigned when = from + 2;
	if (read_time(field(&fields, from + 1)).known)
		when = from + 1;            /* a modem that leaves the alpha out */
	tpdu->stamp = read_time(field(&fields, when));
	if (entry->source == TEXT_LIST)
		type = number(&fields, when + 1);
	else
		read_details(tpdu, &fields, when + 1, &type, &coding);
	read_address(tpdu, &fields, from, type, entry->hex_strings);
	read_text(tpdu, entry, coding);
	return true;
}
