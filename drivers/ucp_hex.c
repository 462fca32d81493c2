/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ucp_hex.c - what stands in the fields of a UCP frame as hex: texts, names, services.
 */
#include "ucp_pdu.h"

#include "../sms/septets.h"

#include <assert.h>
#include <string.h>

enum { NAME_WRITTEN_MAX = 11, NAME_OCTETS = (UCP_NAME_MAX * 7 + 7) / 8 };

static int nibble(uint8_t c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

size_t ucp_hex(char *out, size_t room, const uint8_t *at, size_t len)
{
	static const char hex[] = "0123456789ABCDEF";
	assert(room > 0);
	size_t n = 0;
	for (size_t i = 0; i < len && n + 3 <= room; i++) {
		out[n++] = hex[at[i] >> 4];
		out[n++] = hex[at[i] & 15];
	}
	out[n] = '\0';
	return n;
}

bool ucp_unhex(uint8_t *out, size_t room, size_t *len, struct blob hex)
{
	*len = 0;
	if (hex.len % 2 || hex.len / 2 > room)
		return false;
	for (size_t i = 0; i < hex.len; i += 2) {
		const int high = nibble(hex.at[i]), low = nibble(hex.at[i + 1]);
		if (high < 0 || low < 0)
			return false;
		out[i / 2] = (uint8_t)(high * 16 + low);
	}
	*len = hex.len / 2;
	return true;
}

bool ucp_message(uint8_t *out, size_t room, size_t *len, int mt, struct blob msg)
{
	*len = 0;
	if (mt != 2)
		return ucp_unhex(out, room, len, msg);
	if (msg.len > room)
		return false;
	if (msg.len)
		memcpy(out, msg.at, msg.len);
	*len = msg.len;
	return true;
}

bool ucp_service_next(const uint8_t *services, size_t len, size_t *at, struct ucp_service *service)
{
	if (len - *at < 2 || services[*at + 1] > len - *at - 2)
		return false;
	*service = (struct ucp_service){ services[*at], services[*at + 1], services + *at + 2 };
	*at += 2u + service->len;
	return true;
}

bool ucp_service_add(uint8_t *services, size_t room, size_t *len, uint8_t type, const void *at, size_t n)
{
	if (n > UINT8_MAX || *len > room || room - *len < n + 2)
		return false;
	services[(*len)++] = type;
	services[(*len)++] = (uint8_t)n;
	if (n)
		memcpy(services + *len, at, n);
	*len += n;
	return true;
}

bool ucp_name_pack(char out[UCP_NAME_ROOM], const uint8_t *septets, size_t n)
{
	uint8_t octets[1 + (NAME_WRITTEN_MAX * 7 + 7) / 8];
	if (n > NAME_WRITTEN_MAX)
		return false;
	octets[0] = (uint8_t)((n * 7 + 3) / 4);
	const size_t len = septets_pack(octets + 1, septets, n, 0);
	ucp_hex(out, UCP_NAME_ROOM, octets, 1 + len);
	return true;
}

bool ucp_name_unpack(uint8_t septets[UCP_NAME_MAX], size_t *n, struct blob hex)
{
	uint8_t octets[1 + NAME_OCTETS];
	size_t len;
	*n = 0;
	if (!ucp_unhex(octets, sizeof octets, &len, hex) || len == 0)
		return false;
	const size_t said = octets[0] * 4u / 7, there = (len - 1) * 8 / 7;
	size_t most = said < there ? said : there;
	if (most > UCP_NAME_MAX)
		most = UCP_NAME_MAX;
	septets_unpack(septets, most, octets + 1, 0);
	/* Seven characters are 49 bits: who rounds 13 half octets up to 14 says eight. */
	if (octets[0] == 0x0E && most == 8 && septets[7] == 0)
		most = 7;
	*n = most;
	return true;
}
