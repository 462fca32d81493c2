/* SPDX-License-Identifier: Apache-2.0 */
/*
 * network.c - an IPv4 address is an IPv6 one with a fixed beginning (RFC 4291, 2.5.5.2), so
 * that there is one comparison, whatever socket a caller came by.
 */
#include "network.h"

#include <event2/util.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAPPED = 12, V4_BITS = 32, V6_BITS = 128, PORT_MAX = 65535, TEXT_MAX = 80 };

static const uint8_t mapped[MAPPED] = { [10] = 0xFF, [11] = 0xFF };

static bool read_number(const char *text, unsigned most, unsigned *number)
{
	const size_t n = strspn(text, "0123456789");
	if (n == 0 || n > 5 || text[n])
		return false;
	*number = (unsigned)strtoul(text, NULL, 10);
	return *number <= most;
}

bool network_read(const char *text, struct network *network)
{
	char address[TEXT_MAX];
	const char *slash = strchr(text, '/');
	const size_t len = slash ? (size_t)(slash - text) : strlen(text);
	if (len >= sizeof address)
		return false;
	snprintf(address, sizeof address, "%.*s", (int)len, text);
	const bool v4 = inet_pton(AF_INET, address, network->at + MAPPED) == 1;
	if (v4)
		memcpy(network->at, mapped, MAPPED);
	else if (inet_pton(AF_INET6, address, network->at) != 1)
		return false;
	network->bits = v4 ? V4_BITS : V6_BITS;
	if (slash && !read_number(slash + 1, network->bits, &network->bits))
		return false;
	network->bits += v4 ? V6_BITS - V4_BITS : 0;
	return true;
}

/* Its address as IPv6; false: it is of neither kind. */
static bool sixteen(const struct sockaddr *address, uint8_t at[16])
{
	if (address->sa_family == AF_INET6) {
		memcpy(at, &((const struct sockaddr_in6 *)address)->sin6_addr, 16);
	} else if (address->sa_family == AF_INET) {
		memcpy(at, mapped, MAPPED);
		memcpy(at + MAPPED, &((const struct sockaddr_in *)address)->sin_addr, 4);
	} else {
		return false;
	}
	return true;
}

bool network_has(const struct network *network, const struct sockaddr *address)
{
	uint8_t at[16];
	if (!sixteen(address, at))
		return false;
	const unsigned whole = network->bits / 8, rest = network->bits % 8;
	return memcmp(at, network->at, whole) == 0 &&
	    (!rest || (at[whole] ^ network->at[whole]) >> (8 - rest) == 0);
}

bool network_endpoint(const char *text, struct sockaddr_storage *address, socklen_t *len)
{
	unsigned port;
	int size = sizeof *address;
	memset(address, 0, sizeof *address);
	if (read_number(text, PORT_MAX, &port)) {
		const struct sockaddr_in6 any = { .sin6_family = AF_INET6,
			.sin6_port = htons((uint16_t)port), .sin6_addr = IN6ADDR_ANY_INIT };
		memcpy(address, &any, sizeof any);
		*len = sizeof any;
		return port > 0;
	}
	if (evutil_parse_sockaddr_port(text, (struct sockaddr *)address, &size) != 0)
		return false;
	*len = (socklen_t)size;
	return (address->ss_family == AF_INET ? ((struct sockaddr_in *)address)->sin_port
	    : ((struct sockaddr_in6 *)address)->sin6_port) != 0;
}

/* Its port and, as IPv6, its address. */
struct place { uint16_t port; uint8_t at[16]; };

static bool read_place(const char *text, struct place *place)
{
	struct sockaddr_storage address;
	socklen_t len;
	if (!network_endpoint(text, &address, &len))
		return false;
	place->port = address.ss_family == AF_INET ? ((struct sockaddr_in *)&address)->sin_port
	    : ((struct sockaddr_in6 *)&address)->sin6_port;
	sixteen((struct sockaddr *)&address, place->at);
	return true;
}

/* "::" takes all of IPv4 as well, unless the system is told otherwise. */
static bool has_place(const struct place *one, const struct place *other)
{
	static const uint8_t all[16], all_v4[16] = { [10] = 0xFF, [11] = 0xFF };
	const bool v4 = memcmp(other->at, mapped, MAPPED) == 0;
	return memcmp(one->at, other->at, sizeof all) == 0 || memcmp(one->at, all, sizeof all) == 0 ||
	    (v4 && memcmp(one->at, all_v4, sizeof all) == 0);
}

bool network_clash(const char *one, const char *other)
{
	struct place a, b;
	return read_place(one, &a) && read_place(other, &b) && a.port == b.port &&
	    (has_place(&a, &b) || has_place(&b, &a));
}

void network_name(const struct sockaddr *address, char out[NETWORK_NAME_MAX])
{
	char text[INET6_ADDRSTRLEN] = "?";
	const struct sockaddr_in *v4 = (const struct sockaddr_in *)address;
	const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)address;
	if (address->sa_family == AF_INET) {
		inet_ntop(AF_INET, &v4->sin_addr, text, sizeof text);
		snprintf(out, NETWORK_NAME_MAX, "%s:%u", text, ntohs(v4->sin_port));
	} else if (address->sa_family == AF_INET6 && IN6_IS_ADDR_V4MAPPED(&v6->sin6_addr)) {
		inet_ntop(AF_INET, v6->sin6_addr.s6_addr + MAPPED, text, sizeof text);
		snprintf(out, NETWORK_NAME_MAX, "%s:%u", text, ntohs(v6->sin6_port));
	} else if (address->sa_family == AF_INET6) {
		inet_ntop(AF_INET6, &v6->sin6_addr, text, sizeof text);
		snprintf(out, NETWORK_NAME_MAX, "[%s]:%u", text, ntohs(v6->sin6_port));
	} else {
		snprintf(out, NETWORK_NAME_MAX, "?");
	}
}
