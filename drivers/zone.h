/* SPDX-License-Identifier: Apache-2.0 */
/* zone.h - the distance of a message centre's clock from UTC, as links say it: "+05:30". */
#ifndef ZONE_H
#define ZONE_H

#include <stdbool.h>
#include <stdint.h>

/* Seconds ahead of UTC. False: the text is none, and nothing is set. Up to 14 hours either way. */
bool zone_read(const char *text, int32_t *seconds);
/* Likewise; 0 when the text is none, or NULL. */
int32_t zone_seconds(const char *text);

#endif
