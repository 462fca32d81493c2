/* SPDX-License-Identifier: Apache-2.0 */
/*
 * dcs.c - the groups of 3GPP TS 23.038, 4, by the high bits of the octet, and
 * SMPP's table in front of them.
 */
#include "dcs.h"

enum { CLASS_NONE = -1, COMPRESSED = 0x20, HAS_CLASS = 0x10, ACTIVE = 0x08 };

static const enum charset alphabets[4] = {
	CHARSET_GSM7, CHARSET_OCTETS, CHARSET_UCS2, CHARSET_GSM7, /* the last is reserved */
};

static struct dcs read_general(uint8_t octet)
{
	struct dcs dcs = { .charset = alphabets[octet >> 2 & 3], .class = CLASS_NONE };
	dcs.auto_delete = octet >= 0x40;
	dcs.compressed = octet & COMPRESSED;
	if (octet & HAS_CLASS)
		dcs.class = octet & 3;
	if (dcs.compressed)             /* 3GPP TS 23.042: never unpacked */
		dcs.charset = CHARSET_OCTETS;
	return dcs;
}

static struct dcs read_waiting(uint8_t octet)
{
	return (struct dcs){ .charset = octet >= 0xE0 ? CHARSET_UCS2 : CHARSET_GSM7,
		.class = CLASS_NONE, .waiting = true, .waiting_active = octet & ACTIVE,
		.waiting_store = octet >= 0xD0, .waiting_type = (enum mwi_type)(octet & 3) };
}

struct dcs dcs_read(uint8_t octet)
{
	if (octet < 0x80)
		return read_general(octet);
	if (octet < 0xC0)               /* reserved */
		return (struct dcs){ .charset = CHARSET_GSM7, .class = CLASS_NONE };
	if (octet < 0xF0)
		return read_waiting(octet);
	return (struct dcs){ .charset = octet & 0x04 ? CHARSET_OCTETS : CHARSET_GSM7,
		.class = (int8_t)(octet & 3) };
}

struct dcs dcs_read_smpp(uint8_t data_coding, enum charset standard)
{
	static const enum charset own[16] = {
		[0x00] = CHARSET_GSM7, [0x01] = CHARSET_ASCII, [0x02] = CHARSET_OCTETS,
		[0x03] = CHARSET_LATIN1, [0x04] = CHARSET_OCTETS, [0x05] = CHARSET_JIS,
		[0x06] = CHARSET_CYRILLIC, [0x07] = CHARSET_HEBREW, [0x08] = CHARSET_UCS2,
		[0x09] = CHARSET_OCTETS, [0x0A] = CHARSET_ISO2022JP, [0x0B] = CHARSET_OCTETS,
		[0x0C] = CHARSET_OCTETS, [0x0D] = CHARSET_EUCJP, [0x0E] = CHARSET_KSC5601,
		[0x0F] = CHARSET_OCTETS,
	};
	if (data_coding >= 0x10)
		return dcs_read(data_coding);
	return (struct dcs){ .charset = data_coding ? own[data_coding] : standard,
		.class = CLASS_NONE };
}

static uint8_t alphabet_bits(enum charset charset)
{
	return charset == CHARSET_UCS2 ? 0x08 : charset == CHARSET_GSM7 ? 0x00 : 0x04;
}

uint8_t dcs_write(enum charset charset, int class)
{
	return (uint8_t)(alphabet_bits(charset) | (class < 0 ? 0 : HAS_CLASS | class));
}

uint8_t dcs_write_smpp(enum charset charset, int class)
{
	if (class < 0 || charset == CHARSET_UCS2)
		return dcs_write(charset, class);
	return (uint8_t)(0xF0 | alphabet_bits(charset) | class);
}

uint8_t dcs_write_waiting(enum charset charset, enum mwi_type type, bool active, bool store)
{
	const unsigned group = charset == CHARSET_UCS2 ? 0xE0 : store ? 0xD0 : 0xC0;
	const unsigned which = type <= MWI_OTHER ? type : MWI_OTHER;
	return (uint8_t)(group | (active ? ACTIVE : 0u) | which);
}
