/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sim_frames.c - frames between STX and ETX.
 *
 * What is between ETX and STX is noise and is skipped. A second STX begins anew: what came after
 * the first is lost. Three frames in a row that are none end the session.
 */
#include "sim_frames.h"

#include "sim_center.h"
#include "sim_session.h"

#include <string.h>

size_t stx_measure(const uint8_t *at, size_t len)
{
	if (!len)
		return 0;
	if (*at != STX) {
		const uint8_t *stx = memchr(at, STX, len);
		return stx ? (size_t)(stx - at) : len;
	}
	for (size_t i = 1; i < len && i < STX_FRAME_MAX; i++) {
		if (at[i] == ETX)
			return i + 1;
		if (at[i] == STX)
			return i;
	}
	return len < STX_FRAME_MAX ? 0 : SIZE_MAX;
}

bool stx_is_frame(struct session *session, const uint8_t *at, size_t len)
{
	if (*at != STX)
		return false;
	if (len > 1 && at[len - 1] == ETX)
		return true;
	stx_bad(session);
	return false;
}

void stx_bad(struct session *session)
{
	session->center->counts.malformed++;
	if (++session->bad >= STX_BAD_MAX)
		session_end(session, "three bad frames in a row");
}

void stx_lost(struct session *session, size_t have)
{
	(void)have;
	session->center->counts.malformed++;
	session_end(session, "a frame does not end");
}
