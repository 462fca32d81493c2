/* SPDX-License-Identifier: Apache-2.0 */
/*
 * smpp_receipt.c - delivery reports, in TLVs and in the text that SMPP 3.4,
 * appendix B shows and that every message centre writes a little differently;
 * and message ids from one base to the other.
 *
 * The text is scanned for labels ("id:", "done date:", ...) at the start of
 * words; a value reaches to the next label. The first of each label counts.
 */
#include "smpp_pdu.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

enum label { ID, SUB, DLVRD, SUBMIT, DONE, STAT, ERR, REST, LABELS };

static const struct { const char *text; enum label label; } spellings[] = {
	{ "id", ID }, { "sub", SUB }, { "dlvrd", DLVRD }, { "dlvd", DLVRD },
	{ "submit date", SUBMIT }, { "submitdate", SUBMIT }, { "submit_date", SUBMIT },
	{ "done date", DONE }, { "donedate", DONE }, { "done_date", DONE },
	{ "stat", STAT }, { "status", STAT }, { "err", ERR }, { "error", ERR }, { "text", REST },
};

/* Words by their beginning, since they come cut and spelt out as well. */
static const struct { const char *begin; uint8_t state; } words[] = {
	{ "DELIV", 2 }, { "EXPIR", 3 }, { "DELET", 4 }, { "UNDEL", 5 }, { "FAIL", 5 },
	{ "ACCEP", 6 }, { "UNKNO", 7 }, { "REJ", 8 }, { "SKIP", 9 }, { "ENROU", 1 },
	{ "BUFF", 1 }, { "ACKED", 1 }, { "SCHED", 1 },
};

struct value { const char *at; size_t len; };

static bool begins_word(const char *text, size_t i)
{
	return i == 0 || isspace((unsigned char)text[i - 1]) || memchr(",;|", text[i - 1], 3);
}

/* The label that stands at text[i], or LABELS; *after is then behind its colon. */
static enum label label_at(const char *text, size_t len, size_t i, size_t *after)
{
	if (!begins_word(text, i))
		return LABELS;
	for (size_t k = 0; k < sizeof spellings / sizeof *spellings; k++) {
		size_t n = strlen(spellings[k].text);
		if (len - i < n || strncasecmp(text + i, spellings[k].text, n) != 0)
			continue;
		size_t at = i + n;
		while (at < len && text[at] == ' ')
			at++;
		if (at < len && text[at] == ':') {
			*after = at + 1;
			return spellings[k].label;
		}
	}
	return LABELS;
}

/* Cuts the text into values; those not there have .at NULL. */
static void cut(const char *text, size_t len, struct value values[LABELS])
{
	enum label open = LABELS;
	for (size_t i = 0; i < len; i++) {
		size_t after = 0;
		enum label label = label_at(text, len, i, &after);
		if (label == LABELS)
			continue;
		if (open != LABELS)
			values[open].len = (size_t)(text + i - values[open].at);
		open = LABELS;
		if (!values[label].at) {
			values[label] = (struct value){ text + after, len - after };
			open = label;
		}
		if (label == REST && values[ID].at && values[STAT].at)
			return;
		i = after - 1;
	}
}

/* The first word of a value; cut to fit. */
static void word(char *out, size_t room, struct value value)
{
	size_t i = 0, n = 0;
	while (i < value.len && isspace((unsigned char)value.at[i]))
		i++;
	while (i < value.len && !isspace((unsigned char)value.at[i]) && n < room - 1)
		out[n++] = value.at[i++];
	out[n] = '\0';
}

static int number(struct value value)
{
	char text[8];
	word(text, sizeof text, value);
	if (!*text || strspn(text, "0123456789") != strlen(text))
		return -1;
	return (int)strtol(text, NULL, 10);
}

static int two(const char *digits)
{
	return (digits[0] - '0') * 10 + digits[1] - '0';
}

/* Month to second from a row of digit pairs, of which `pairs` are there. 0: no such time. */
static int64_t moment(int year, const char *digits, unsigned pairs)
{
	struct tm tm = { .tm_year = year - 1900, .tm_mon = two(digits) - 1, .tm_mday = two(digits + 2),
		.tm_hour = two(digits + 4), .tm_min = two(digits + 6),
		.tm_sec = pairs > 4 ? two(digits + 8) : 0 };
	if (tm.tm_mon < 0 || tm.tm_mon > 11 || tm.tm_mday < 1 || tm.tm_mday > 31 || tm.tm_hour > 23 ||
	    tm.tm_min > 59 || tm.tm_sec > 60)
		return 0;
	int day = tm.tm_mday;
	time_t at = timegm(&tm);
	return tm.tm_mday == day && at > 0 ? (int64_t)at : 0;
}

static int64_t nearer(int64_t a, int64_t b)
{
	const int64_t now = (int64_t)time(NULL);
	if (!a || !b)
		return a ? a : b;
	return llabs(a - now) <= llabs(b - now) ? a : b;
}

/* yyMMddHHmm, with seconds, with a four-digit year, or both; punctuation is passed over. */
static int64_t date(struct value value)
{
	char digits[15];
	size_t n = 0;
	for (size_t i = 0; i < value.len; i++) {
		if (!isdigit((unsigned char)value.at[i]))
			continue;
		if (n == sizeof digits - 1)
			return 0;
		digits[n++] = value.at[i];
	}
	digits[n] = '\0';
	if (n < 10)
		return 0;
	const int short_year = 2000 + two(digits), long_year = two(digits) * 100 + two(digits + 2);
	if (n == 10)
		return moment(short_year, digits + 2, 4);
	if (n == 14)
		return moment(long_year, digits + 4, 5);
	if (n != 12)
		return 0;
	int64_t written_out = long_year >= 2000 && long_year < 2100
	    ? moment(long_year, digits + 4, 4) : 0;
	return nearer(moment(short_year, digits + 2, 5), written_out);
}

static uint8_t state_of(const char *text)
{
	for (size_t i = 0; i < sizeof words / sizeof *words; i++)
		if (strncasecmp(text, words[i].begin, strlen(words[i].begin)) == 0)
			return words[i].state;
	return strcasestr(text, "REJ") ? 8 : 0;
}

bool smpp_receipt_text(const uint8_t *octets, size_t len, struct smpp_receipt *receipt)
{
	*receipt = (struct smpp_receipt){ .sub = -1, .dlvrd = -1 };
	const char *text = (const char *)octets;
	while (len && (text[len - 1] == '\0' || text[len - 1] == ' '))
		len--;
	struct value values[LABELS] = { 0 };
	if (len)
		cut(text, len, values);
	word(receipt->id, sizeof receipt->id, values[ID]);
	word(receipt->word, sizeof receipt->word, values[STAT]);
	word(receipt->error_text, sizeof receipt->error_text, values[ERR]);
	receipt->state = state_of(receipt->word);
	const char *error = receipt->error_text;
	if (*error && strspn(error, "0123456789") == strlen(error)) {
		const unsigned long long value = strtoull(error, NULL, 10);
		receipt->error = value <= UINT32_MAX ? (uint32_t)value : 0;
	}
	receipt->submit_at = date(values[SUBMIT]);
	receipt->done_at = date(values[DONE]);
	receipt->sub = number(values[SUB]);
	receipt->dlvrd = number(values[DLVRD]);
	return receipt->id[0] || receipt->word[0];
}

/* Some write the text as UTF-16BE. */
static bool wide_text(const uint8_t *at, size_t len, struct smpp_receipt *receipt)
{
	uint8_t narrow[512];
	size_t n = 0;
	for (size_t i = 0; i + 1 < len && n < sizeof narrow; i += 2)
		narrow[n++] = at[i] ? '?' : at[i + 1];
	return smpp_receipt_text(narrow, n, receipt);
}

static void read_text(const struct smpp_pdu *pdu, struct smpp_receipt *receipt)
{
	size_t len;
	const uint8_t *at = smpp_text(pdu, &len);
	if (pdu->esm_class & SMPP_ESM_UDHI && len > 0 && (size_t)at[0] + 1 <= len) {
		size_t skip = (size_t)at[0] + 1;
		at += skip;
		len -= skip;
	}
	if (!smpp_receipt_text(at, len, receipt))
		wide_text(at, len, receipt);
}

/* network_error_code: type and number, or three digits as text. */
static void read_error(const struct smpp_pdu *pdu, struct smpp_receipt *receipt)
{
	const struct smpp_tlv *tlv = smpp_tlv(pdu, SMPP_TAG_NETWORK_ERROR_CODE);
	if (!tlv || tlv->len != 3)
		return;
	if (isdigit(tlv->at[0]) && isdigit(tlv->at[1]) && isdigit(tlv->at[2]))
		receipt->error = (uint32_t)((tlv->at[0] - '0') * 100 + (tlv->at[1] - '0') * 10 +
		    tlv->at[2] - '0');
	else
		receipt->error = (uint32_t)tlv->at[1] << 8 | tlv->at[2];
	if (!receipt->error_text[0])
		snprintf(receipt->error_text, sizeof receipt->error_text, "%u", receipt->error);
}

static void read_id(const struct smpp_pdu *pdu, struct smpp_receipt *receipt)
{
	const struct smpp_tlv *tlv = smpp_tlv(pdu, SMPP_TAG_RECEIPTED_MESSAGE_ID);
	char id[sizeof receipt->id];
	if (!tlv)
		return;
	snprintf(id, sizeof id, "%.*s", (int)tlv->len, (const char *)tlv->at);
	if (!*id || strcmp(id, receipt->id) == 0)
		return;
	memcpy(receipt->text_id, receipt->id, sizeof id);
	memcpy(receipt->id, id, sizeof id);
}

bool smpp_receipt(const struct smpp_pdu *pdu, struct smpp_receipt *receipt)
{
	if (pdu->command != SMPP_DELIVER_SM && pdu->command != SMPP_DATA_SM)
		return false;
	const bool by_tlv = smpp_tlv(pdu, SMPP_TAG_RECEIPTED_MESSAGE_ID) &&
	    smpp_tlv(pdu, SMPP_TAG_MESSAGE_STATE);
	if (!(pdu->esm_class & (SMPP_ESM_RECEIPT | SMPP_ESM_NOTIFICATION)) && !by_tlv)
		return false;
	read_text(pdu, receipt);
	read_id(pdu, receipt);
	read_error(pdu, receipt);
	const uint32_t state = smpp_tlv_number(pdu, SMPP_TAG_MESSAGE_STATE, 0);
	if (state >= 1 && state <= 9)
		receipt->state = (uint8_t)state;
	return true;
}

bool smpp_receipt_sniffed(const struct smpp_pdu *pdu, struct smpp_receipt *receipt)
{
	if (pdu->command != SMPP_DELIVER_SM || pdu->esm_class & (SMPP_ESM_TYPES | SMPP_ESM_UDHI))
		return false;
	read_text(pdu, receipt);
	return *receipt->id && receipt->state && (receipt->submit_at || receipt->done_at);
}

/* Message ids in another base: long multiplication, digit by digit. */

enum { DIGITS_MAX = 80 };

static const char numerals[] = "0123456789abcdef";

static int digit(char c, unsigned base)
{
	const char *at = memchr(numerals, tolower((unsigned char)c), base);
	return at ? (int)(at - numerals) : -1;
}

static bool convert(char *out, size_t room, const char *id, unsigned from, unsigned to)
{
	uint8_t digits[DIGITS_MAX] = { 0 };     /* of the result, lowest first */
	size_t n = 0;
	if (room)
		*out = '\0';
	if (!*id)
		return false;
	for (; *id; id++) {
		int carry = digit(*id, from);
		if (carry < 0)
			return false;
		for (size_t i = 0; i < n; i++) {
			carry += digits[i] * (int)from;
			digits[i] = (uint8_t)((unsigned)carry % to);
			carry = (int)((unsigned)carry / to);
		}
		for (; carry; carry = (int)((unsigned)carry / to)) {
			if (n == DIGITS_MAX)
				return false;
			digits[n++] = (uint8_t)((unsigned)carry % to);
		}
	}
	if (n == 0)
		n = 1;
	if (n + 1 > room)
		return false;
	for (size_t i = 0; i < n; i++)
		out[i] = numerals[digits[n - 1 - i]];
	out[n] = '\0';
	return true;
}

bool smpp_id_hex_to_decimal(char *out, size_t room, const char *id)
{
	return convert(out, room, id, 16, 10);
}

bool smpp_id_decimal_to_hex(char *out, size_t room, const char *id)
{
	return convert(out, room, id, 10, 16);
}
