/* SPDX-License-Identifier: Apache-2.0 */
/* sim_frames.h - frames between STX and ETX, as UCP and CIMD2 have them. */
#ifndef SIM_FRAMES_H
#define SIM_FRAMES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct session;

enum { STX = 0x02, ETX = 0x03, STX_FRAME_MAX = 4096, STX_BAD_MAX = 3 };

/* The octets of what begins here: a frame with its STX and ETX, noise up to the next STX, or a
 * frame that is cut off by another STX, up to that. 0: more is needed; SIZE_MAX: it never ends. */
size_t stx_measure(const uint8_t *at, size_t len);

/* Whether that was a frame; what was cut off is counted, noise is not. */
bool stx_is_frame(struct session *, const uint8_t *at, size_t len);

/* Counts a frame that is none; at the third in a row the session ends. */
void stx_bad(struct session *);

/* For struct dialect: nothing ends within STX_FRAME_MAX. */
void stx_lost(struct session *, size_t have);

#endif
