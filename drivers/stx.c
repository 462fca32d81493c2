/* SPDX-License-Identifier: Apache-2.0 */
/* stx.c - where frames begin and end, and how much else is borne. What a link says is in stx_options.c. */
#include "stx.h"

#include "../gateway/clock.h"
#include "../gateway/driver.h"

#include <inttypes.h>
#include <string.h>

enum {
	BAD_IN_A_ROW = 3,
	BAD_MAX = 50, BAD_MS = 60 * 1000,
	NOISE_MAX = 64 * 1024,          /* octets without a frame */
};

size_t stx_measure(const uint8_t *at, size_t len)
{
	if (len == 0)
		return 0;
	if (*at != STX) {
		const uint8_t *next = memchr(at, STX, len);
		return next ? (size_t)(next - at) : len;
	}
	const size_t most = len < STX_FRAME_MAX ? len : STX_FRAME_MAX;
	const uint8_t *end = memchr(at, ETX, most);
	const uint8_t *next = memchr(at + 1, STX, (end ? (size_t)(end - at) : most) - 1);
	if (next)
		return (size_t)(next - at);
	if (end)
		return (size_t)(end - at) + 1;
	return len < STX_FRAME_MAX ? 0 : SIZE_MAX;
}

enum stx_kind stx_kind(const uint8_t *at, size_t len)
{
	return *at != STX ? STX_NOISE : at[len - 1] == ETX ? STX_FRAME : STX_TRUNCATED;
}

/* Once for all the noise between two frames. */
static void log_noise(struct stx_count *count, struct link *link)
{
	if (count->noise)
		link_debug(link, "event=discard octets=%" PRIu64, count->noise);
	count->noise = 0;
}

static void count_bad(struct stx_count *count)
{
	const uint64_t now = clock_ms();
	if (now - count->since >= BAD_MS) {
		count->since = now;
		count->bad = 0;
	}
	count->bad++;
}

bool stx_take(struct stx_count *count, struct link *link, const uint8_t *at, size_t len)
{
	const enum stx_kind kind = stx_kind(at, len);
	if (kind == STX_NOISE) {
		count->noise += len;
		return false;
	}
	log_noise(count, link);
	if (kind == STX_FRAME)
		return true;
	link_warn(link, "event=truncated_frame octets=%zu", len);
	count_bad(count);
	return false;
}

void stx_good(struct stx_count *count)
{
	count->in_a_row = 0;
}

void stx_bad(struct stx_count *count, struct link *link, const char *what)
{
	link_warn(link, "event=%s", what);
	count->in_a_row++;
	count_bad(count);
}

bool stx_is_too_much(const struct stx_count *count)
{
	return count->noise > NOISE_MAX || count->in_a_row >= BAD_IN_A_ROW || count->bad >= BAD_MAX;
}
