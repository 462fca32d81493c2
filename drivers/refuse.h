/* SPDX-License-Identifier: Apache-2.0 */
/* refuse.h - what a message asks for that its protocol cannot say. */
#ifndef REFUSE_H
#define REFUSE_H

#include "../gateway/message.h"

#include <stdbool.h>

/* The outcome of a part is REJECTED, with that text for whoever wrote the row. False, always: who finds
 * out returns it. */
bool refuse(struct outcome *, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
