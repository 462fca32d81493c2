/* SPDX-License-Identifier: Apache-2.0 */
/* modem_said.h - the values in answers that are one line, like those of AT+CGMM and AT+CSCA?. */
#ifndef MODEM_SAID_H
#define MODEM_SAID_H

#include "modem_channel.h"

struct modem_identity;

bool said_well(const struct at_answer *);
/* The first line that begins so, behind that and blanks; NULL: there is none. */
const char *said_line(const struct at_answer *, const char *prefix);
/* Its one value, without the name before it and without quotes; what cannot be printed is left out.
 * When it is an error, or says nothing, `out` stays. */
void said_value(const struct at_answer *, const char *prefix, char *out, size_t room);
/* The digits in it; fewer than `least` are no such number. */
void said_digits(const struct at_answer *, const char *prefix, size_t least, char *out, size_t room);
/* What the answer to AT+CGMI, +CGMM, +CGMR, +CGSN, +CIMI, +CCID, ^ICCID? or +ICCID says of the modem
 * and its SIM; what is known already stays. The prefix is that of the command. */
void said_identity(struct modem_identity *, const char *prefix, const struct at_answer *);
/* The number in +CSCA, quoted or not, in hex of UCS-2 or not; else `out` stays. */
void said_centre(const struct at_answer *, char *out, size_t room);
/* Hex of UCS-2 becomes ASCII, with ? for what that lacks; anything else stays. */
void said_plain(char *text, size_t room);

#endif
