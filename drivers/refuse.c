/* SPDX-License-Identifier: Apache-2.0 */
/* refuse.c - what a message asks for that its protocol cannot say. */
#include "refuse.h"

#include <stdarg.h>
#include <stdio.h>

bool refuse(struct outcome *outcome, const char *format, ...)
{
	va_list args;
	*outcome = (struct outcome){ .verdict = VERDICT_REJECTED };
	va_start(args, format);
	vsnprintf(outcome->text, sizeof outcome->text, format, args);
	va_end(args);
	return false;
}
