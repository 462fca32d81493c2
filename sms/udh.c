/* SPDX-License-Identifier: Apache-2.0 */
/*
 * udh.c - a walk over elements: identifier, length, data (3GPP TS 23.040,
 * 9.2.3.24). One walk decides whether the header adds up; each element that has a
 * meaning for us is then a row of one switch.
 */
#include "udh.h"

#include <string.h>

enum {
	CONCAT_8 = 0x00, WAITING = 0x01, PORTS_8 = 0x04, PORTS_16 = 0x05, CONCAT_16 = 0x08,
	SINGLE_SHIFT = 0x24, LOCKING_SHIFT = 0x25,
	WAITING_STORE = 0x80, WAITING_VIDEO = 0x07,
};

static void read_concat(struct udh *udh, unsigned reference, unsigned parts, unsigned part,
    bool wide)
{
	if (parts == 0 || part == 0 || part > parts)
		return;
	udh->concat.reference = (uint16_t)reference;
	udh->concat.parts = (uint8_t)parts;
	udh->concat.part = (uint8_t)part;
	udh->concat.wide = wide;
}

static void read_ports(struct udh *udh, unsigned destination, unsigned source, bool wide)
{
	udh->ports.there = true;
	udh->ports.wide = wide;
	udh->ports.destination = (uint16_t)destination;
	udh->ports.source = (uint16_t)source;
}

static void read_waiting(struct udh *udh, const uint8_t *data)
{
	if (udh->nwaiting == UDH_WAITING_MAX)
		return;
	const unsigned kind = data[0] & 0x1F;
	udh->waiting[udh->nwaiting].type = kind == WAITING_VIDEO ? MWI_VIDEO
	    : (enum mwi_type)(kind & 3);
	udh->waiting[udh->nwaiting].store = data[0] & WAITING_STORE;
	udh->waiting[udh->nwaiting].profile = data[0] >> 5 & 3;
	udh->waiting[udh->nwaiting++].count = data[1];
}

static void read_element(struct udh *udh, uint8_t id, const uint8_t *data, size_t len)
{
	if (id == CONCAT_8 && len == 3)
		read_concat(udh, data[0], data[1], data[2], false);
	else if (id == CONCAT_16 && len == 4)
		read_concat(udh, (unsigned)data[0] << 8 | data[1], data[2], data[3], true);
	else if (id == PORTS_8 && len == 2)
		read_ports(udh, data[0], data[1], false);
	else if (id == PORTS_16 && len == 4)
		read_ports(udh, (unsigned)data[0] << 8 | data[1], (unsigned)data[2] << 8 | data[3], true);
	else if (id == WAITING && len == 2)
		read_waiting(udh, data);
	else if (id == SINGLE_SHIFT && len == 1)
		udh->shifts.single = data[0] < GSM7_LANGUAGES ? data[0] : 0;
	else if (id == LOCKING_SHIFT && len == 1)
		udh->shifts.locking = data[0] < GSM7_LANGUAGES ? data[0] : 0;
}

/* Do the elements fill the header to the octet? */
static bool adds_up(const uint8_t *at, size_t whole)
{
	size_t i = 1;
	while (whole - i >= 2 && whole - i - 2 >= at[i + 1])
		i += 2u + at[i + 1];
	return i == whole;
}

size_t udh_read(const uint8_t *at, size_t len, struct udh *udh)
{
	*udh = (struct udh){ .nwaiting = 0 };
	if (len == 0 || (size_t)at[0] + 1 > len)
		return 0;
	const size_t whole = (size_t)at[0] + 1;
	if (adds_up(at, whole))
		for (size_t i = 1; i < whole; i += 2u + at[i + 1])
			read_element(udh, at[i], at + i + 2, at[i + 1]);
	return whole;
}

/* Where a header is being written; `full` once something did not fit. */
struct pen { uint8_t *at; size_t n, room; bool full; };

static void put(struct pen *pen, const uint8_t *octets, size_t n)
{
	if (n == 0 || pen->full)
		return;
	pen->full = n > pen->room - pen->n;
	if (pen->full)
		return;
	memcpy(pen->at + pen->n, octets, n);
	pen->n += n;
}

static void put_concat(struct pen *pen, const struct udh *udh)
{
	const uint8_t high = (uint8_t)(udh->concat.reference >> 8);
	const uint8_t low = (uint8_t)udh->concat.reference;
	const uint8_t wide[] = { CONCAT_16, 4, high, low, udh->concat.parts, udh->concat.part };
	const uint8_t narrow[] = { CONCAT_8, 3, low, udh->concat.parts, udh->concat.part };
	if (udh->concat.parts && udh->concat.wide)
		put(pen, wide, sizeof wide);
	else if (udh->concat.parts)
		put(pen, narrow, sizeof narrow);
}

static void put_ports(struct pen *pen, const struct udh *udh)
{
	const uint16_t destination = udh->ports.destination, source = udh->ports.source;
	const uint8_t wide[] = { PORTS_16, 4, (uint8_t)(destination >> 8), (uint8_t)destination,
		(uint8_t)(source >> 8), (uint8_t)source };
	const uint8_t narrow[] = { PORTS_8, 2, (uint8_t)destination, (uint8_t)source };
	if (udh->ports.there && udh->ports.wide)
		put(pen, wide, sizeof wide);
	else if (udh->ports.there)
		put(pen, narrow, sizeof narrow);
}

size_t udh_write(uint8_t *out, size_t room, const struct udh *udh, const uint8_t *more, size_t len)
{
	if (room == 0)
		return UDH_TOO_LONG;
	struct pen pen = { .at = out, .n = 1, .room = room < UDH_MAX ? room : UDH_MAX };
	put_ports(&pen, udh);
	put_concat(&pen, udh);
	for (unsigned i = 0; i < udh->nwaiting && i < UDH_WAITING_MAX; i++) {
		const unsigned kind = udh->waiting[i].type == MWI_VIDEO ? (unsigned)WAITING_VIDEO
		    : udh->waiting[i].type;
		const uint8_t element[] = { WAITING, 2, (uint8_t)((udh->waiting[i].store ? WAITING_STORE : 0)
		    | (udh->waiting[i].profile & 3) << 5 | (int)kind), udh->waiting[i].count };
		put(&pen, element, sizeof element);
	}
	put(&pen, more, len);
	if (udh->shifts.single)
		put(&pen, (const uint8_t[]){ SINGLE_SHIFT, 1, udh->shifts.single }, 3);
	if (udh->shifts.locking)
		put(&pen, (const uint8_t[]){ LOCKING_SHIFT, 1, udh->shifts.locking }, 3);
	if (pen.full)
		return UDH_TOO_LONG;
	if (pen.n == 1)
		return 0;
	out[0] = (uint8_t)(pen.n - 1);
	return pen.n;
}

size_t udh_without_concat(uint8_t *out, const uint8_t *at, size_t len)
{
	struct udh ignored;
	const size_t whole = udh_read(at, len, &ignored);
	size_t n = 1;
	if (whole < 2)
		return 0;
	if (!adds_up(at, whole)) {      /* void: kept as it came */
		memcpy(out, at, whole);
		return whole;
	}
	for (size_t i = 1; i < whole; i += 2u + at[i + 1]) {
		const size_t size = 2u + at[i + 1];
		if (at[i] == CONCAT_8 || at[i] == CONCAT_16)
			continue;
		memcpy(out + n, at + i, size);
		n += size;
	}
	if (n == 1)
		return 0;
	out[0] = (uint8_t)(n - 1);
	return n;
}
