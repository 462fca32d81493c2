/* SPDX-License-Identifier: Apache-2.0 */
/* address.h - numbers as people write them, into numbers as networks take them. */
#ifndef ADDRESS_H
#define ADDRESS_H

#include <stdbool.h>
#include <stddef.h>

/*
 * Reads a handset's number: digits with an optional leading +, and the
 * separators that people write (space - . / parentheses), which are dropped;
 * * and # are kept, for short codes. `out` (ADDRESS_MAX octets) gets the + and
 * the digits. False: it is no number; `why` says so for an operator.
 */
bool address_number(char *out, const char *written, char *why, size_t room);

/*
 * Checks a sender: empty, a number as above, or up to 11 characters of text.
 * `out` (ADDRESS_MAX octets) gets it as it is to be sent.
 */
bool address_sender(char *out, const char *written, char *why, size_t room);

#endif
