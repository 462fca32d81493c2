/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz_udh.c - any octets as a user data header: what is read and written again
 * reads the same, and nothing is read outside.
 */
#include "../../sms/udh.h"
#include "replay.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *at, size_t len)
{
	struct udh udh, again;
	const size_t whole = udh_read(at, len, &udh);
	assert(whole <= len);
	uint8_t out[UDH_MAX];
	const size_t n = udh_write(out, sizeof out, &udh, NULL, 0);
	assert(n != UDH_TOO_LONG || len > UDH_MAX);
	if (n && n != UDH_TOO_LONG) {
		assert(udh_read(out, n, &again) == n);
		assert(again.concat.parts == udh.concat.parts && again.concat.part == udh.concat.part);
		assert(again.concat.reference == udh.concat.reference);
		assert(again.ports.there == udh.ports.there && again.ports.source == udh.ports.source);
		assert(again.shifts.single == udh.shifts.single && again.nwaiting == udh.nwaiting);
	}
	uint8_t *bare = malloc(len + 1);
	if (!bare)
		abort();
	const size_t left = udh_without_concat(bare, at, len);
	assert(left <= whole);
	if (left) {
		udh_read(bare, left, &again);
		assert(again.concat.parts == 0 && again.ports.there == udh.ports.there);
	}
	free(bare);
	return 0;
}
