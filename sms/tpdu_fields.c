/* SPDX-License-Identifier: Apache-2.0 */
/* tpdu_fields.c - addresses, times, validity periods and states of TPDUs. */
#include "tpdu.h"

#include "alphabet.h"
#include "septets.h"

#include <string.h>
#include <time.h>

enum { SEMI_OCTETS_MAX = 20, NAME_MAX_SEPTETS = 11, MINUTE = 60, HOUR = 3600, DAY = 86400,
	QUARTER = 900, ZONE_MAX = 56, YEAR_PIVOT = 90 };

/* Addresses (9.1.2.5) */

static const char digits[] = "0123456789*#abc";

/* A name whose length was rounded up by the centre ends with a septet of padding. */
static void read_name(struct address *address, const uint8_t *at, unsigned semi_octets)
{
	uint8_t septets[SEMI_OCTETS_MAX];
	size_t n = semi_octets * 4 / 7;
	septets_unpack(septets, n, at, 0);
	if (semi_octets == 14 && septets[7] == 0)
		n--;
	gsm7_to_utf8(address->text, sizeof address->text, septets, n);
}

static void read_number(struct address *address, const uint8_t *at, unsigned semi_octets)
{
	unsigned n = 0;
	for (; n < semi_octets; n++) {
		const unsigned digit = n % 2 ? at[n / 2] >> 4 : at[n / 2] & 0x0F;
		if (digit == 0x0F)
			break;
		address->text[n] = digits[digit];
	}
	address->text[n] = '\0';
}

size_t tpdu_address_read(struct address *address, const uint8_t *at, size_t len)
{
	*address = (struct address){ 0 };
	if (len < 2 || at[0] > SEMI_OCTETS_MAX || len - 2 < (at[0] + 1u) / 2)
		return 0;
	address->ton = at[1] >> 4 & 7;
	address->npi = at[1] & 0x0F;
	if (address->ton == TON_ALPHANUMERIC)
		read_name(address, at + 2, at[0]);
	else
		read_number(address, at + 2, at[0]);
	return 2u + (at[0] + 1u) / 2;
}

static size_t write_name(uint8_t *out, const struct address *address)
{
	uint8_t septets[NAME_MAX_SEPTETS];
	size_t n;
	const size_t len = strlen(address->text);
	if (gsm7_from_utf8(septets, sizeof septets, &n, address->text, len) != len)
		return 0;
	out[0] = (uint8_t)((7 * n + 3) / 4);
	return 2 + septets_pack(out + 2, septets, n, 0);
}

size_t tpdu_address_write(uint8_t *out, const struct address *address)
{
	const size_t n = strlen(address->text);
	out[1] = (uint8_t)(0x80 | (address->ton & 7) << 4 | (address->npi & 0x0F));
	if (address->ton == TON_ALPHANUMERIC)
		return write_name(out, address);
	if (n > SEMI_OCTETS_MAX)
		return 0;
	out[0] = (uint8_t)n;
	for (size_t i = 0; i < n; i++) {
		const char *digit = strchr(digits, address->text[i]);
		if (!digit)
			return 0;
		const unsigned value = (unsigned)(digit - digits);
		out[2 + i / 2] = (uint8_t)(i % 2 ? (out[2 + i / 2] & 0x0F) | value << 4 : 0xF0 | value);
	}
	return 2 + (n + 1) / 2;
}

/* Times (9.2.3.11) */

static int bcd(uint8_t octet)
{
	const int low = octet & 0x0F, high = octet >> 4;
	return low > 9 || high > 9 ? -1 : low * 10 + high;
}

static uint8_t to_bcd(int number)
{
	return (uint8_t)(number / 10 | number % 10 << 4);
}

struct tpdu_time tpdu_time_read(const uint8_t at[TPDU_TIME])
{
	struct tpdu_time time = { .known = false };
	int field[6];
	for (int i = 0; i < 6; i++)
		if ((field[i] = bcd(at[i])) < 0)
			return time;
	const int tens = at[6] & 7, ones = at[6] >> 4;
	time.zone = (at[6] & 8 ? -1 : 1) * (10 * tens + ones);
	struct tm when = { .tm_year = field[0] < YEAR_PIVOT ? field[0] + 100 : field[0],
		.tm_mon = field[1] - 1, .tm_mday = field[2], .tm_hour = field[3], .tm_min = field[4],
		.tm_sec = field[5] };
	const struct tm asked = when;
	time.at = (int64_t)timegm(&when);
	/* The calendar moved it: there is no such day. */
	time.known = when.tm_mon == asked.tm_mon && when.tm_mday == asked.tm_mday &&
	    when.tm_hour == asked.tm_hour && when.tm_min == asked.tm_min && asked.tm_sec < 60 &&
	    ones <= 9 && time.zone >= -ZONE_MAX && time.zone <= ZONE_MAX;
	if (time.known)
		time.at -= (int64_t)time.zone * QUARTER;
	else
		time.at = 0;
	return time;
}

bool tpdu_time_write(uint8_t out[TPDU_TIME], const struct tpdu_time *time)
{
	if (time->zone < -ZONE_MAX || time->zone > ZONE_MAX || time->at < 0 || time->at > UINT32_MAX)
		return false;
	struct tm when;
	const time_t local = (time_t)(time->at + (int64_t)time->zone * QUARTER);
	const int zone = time->zone < 0 ? -time->zone : time->zone;
	if (!gmtime_r(&local, &when) || when.tm_year < YEAR_PIVOT || when.tm_year >= 100 + YEAR_PIVOT)
		return false;
	const int field[6] = { when.tm_year % 100, when.tm_mon + 1, when.tm_mday, when.tm_hour,
		when.tm_min, when.tm_sec };
	for (int i = 0; i < 6; i++)
		out[i] = to_bcd(field[i]);
	out[6] = (uint8_t)(to_bcd(zone) | (time->zone < 0 ? 8 : 0));
	return true;
}

/* Validity (9.2.3.12) */

static uint64_t up(uint64_t n, uint64_t unit)
{
	return n / unit + (n % unit != 0);
}

uint8_t tpdu_relative(uint64_t seconds)
{
	const uint64_t minutes = up(seconds, MINUTE);
	if (minutes <= 12 * 60)
		return (uint8_t)(minutes <= 5 ? 0 : up(minutes, 5) - 1);
	if (minutes <= 24 * 60)
		return (uint8_t)(143 + up(minutes - 12 * 60, 30));
	if (minutes <= 30 * 1440)
		return (uint8_t)(166 + up(minutes, 1440));
	const uint64_t weeks = up(minutes, 7 * 1440);
	return (uint8_t)(weeks >= 63 ? 255 : 192 + weeks);
}

uint32_t tpdu_relative_seconds(uint8_t octet)
{
	if (octet <= 143)
		return (octet + 1u) * 5 * MINUTE;
	if (octet <= 167)
		return 12 * HOUR + (octet - 143u) * 30 * MINUTE;
	if (octet <= 196)
		return (octet - 166u) * DAY;
	return (octet - 192u) * 7 * DAY;
}

enum { ENHANCED_SINGLE_SHOT = 0x40, ENHANCED_RELATIVE = 1, ENHANCED_SECONDS = 2, ENHANCED_TIME = 3 };

void tpdu_enhanced(uint8_t out[TPDU_TIME], uint64_t seconds, bool single_shot)
{
	memset(out, 0, TPDU_TIME);
	out[0] = single_shot ? ENHANCED_SINGLE_SHOT : 0;
	if (seconds > 0 && seconds <= 255) {
		out[0] |= ENHANCED_SECONDS;
		out[1] = (uint8_t)seconds;
	} else if (seconds > 0 && seconds < 100 * HOUR) {
		out[0] |= ENHANCED_TIME;
		out[1] = to_bcd((int)(seconds / HOUR));
		out[2] = to_bcd((int)(seconds / MINUTE % 60));
		out[3] = to_bcd((int)(seconds % MINUTE));
	} else if (seconds > 0) {
		out[0] |= ENHANCED_RELATIVE;
		out[1] = tpdu_relative(seconds);
	}
}

static int64_t enhanced_seconds(const uint8_t at[TPDU_TIME])
{
	const int hours = bcd(at[1]), minutes = bcd(at[2]), seconds = bcd(at[3]);
	switch (at[0] & 7) {
	case ENHANCED_RELATIVE: return tpdu_relative_seconds(at[1]);
	case ENHANCED_SECONDS: return at[1];
	case ENHANCED_TIME:
		return hours < 0 || minutes < 0 || seconds < 0 ? -1
		    : (int64_t)hours * HOUR + (int64_t)minutes * MINUTE + seconds;
	default: return -1;
	}
}

int64_t tpdu_valid_for(const struct tpdu *tpdu, int64_t now)
{
	struct tpdu_time end;
	switch (tpdu->validity_format) {
	case TPDU_VALIDITY_RELATIVE: return tpdu_relative_seconds(tpdu->validity[0]);
	case TPDU_VALIDITY_ENHANCED: return enhanced_seconds(tpdu->validity);
	case TPDU_VALIDITY_ABSOLUTE:
		end = tpdu_time_read(tpdu->validity);
		return !end.known ? -1 : end.at > now ? end.at - now : 0;
	case TPDU_VALIDITY_NONE: break;
	}
	return -1;
}

/* States (9.2.3.15) */

static const struct { uint8_t st; const char *word, *meaning; } states[] = {
	{ 0x00, "DELIVRD", "received by the handset" },
	{ 0x01, "DELIVRD", "forwarded; the centre cannot confirm delivery" },
	{ 0x02, "DELETED", "replaced by the centre" },
	{ 0x20, "ENROUTE", "congestion" },
	{ 0x21, "ENROUTE", "the handset is busy" },
	{ 0x22, "ENROUTE", "no response from the handset" },
	{ 0x23, "ENROUTE", "service rejected" },
	{ 0x24, "ENROUTE", "quality of service not available" },
	{ 0x25, "ENROUTE", "error in the handset" },
	{ 0x40, "UNDELIV", "remote procedure error" },
	{ 0x41, "UNDELIV", "incompatible destination" },
	{ 0x42, "REJECTD", "connection rejected by the handset" },
	{ 0x43, "UNDELIV", "not obtainable" },
	{ 0x44, "UNDELIV", "quality of service not available" },
	{ 0x45, "UNDELIV", "no interworking" },
	{ 0x46, "EXPIRED", "its validity period ended" },
	{ 0x47, "DELETED", "deleted by the sender" },
	{ 0x48, "DELETED", "deleted by the administration of the centre" },
	{ 0x49, "UNKNOWN", "the centre does not know the message" },
	{ 0x60, "UNDELIV", "congestion; the centre gave up" },
	{ 0x61, "UNDELIV", "the handset was busy; the centre gave up" },
	{ 0x62, "UNDELIV", "no response from the handset; the centre gave up" },
	{ 0x63, "UNDELIV", "service rejected; the centre gave up" },
	{ 0x64, "UNDELIV", "quality of service not available; the centre gave up" },
	{ 0x65, "UNDELIV", "error in the handset; the centre gave up" },
};

struct tpdu_status tpdu_status(uint8_t st)
{
	static const char *const specific[] = { "DELIVRD", "ENROUTE", "UNDELIV", "UNDELIV" };
	const bool of_centre = !(st & 0x80) && st & 0x10; /* 10-1F, 30-3F, 50-5F, 70-7F */
	const enum tpdu_outcome outcome = (enum tpdu_outcome)(st >> 5 & 3);
	if (of_centre)
		return (struct tpdu_status){ outcome, outcome != TPDU_TRYING, specific[outcome],
			"a state of this message centre's own" };
	for (size_t i = 0; i < sizeof states / sizeof *states; i++)
		if (states[i].st == st)
			return (struct tpdu_status){ outcome, outcome != TPDU_TRYING, states[i].word,
				states[i].meaning };
	return (struct tpdu_status){ TPDU_GAVE_UP, true, "UNDELIV", "a reserved state, read as service "
		"rejected" };
}
