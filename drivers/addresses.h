/* SPDX-License-Identifier: Apache-2.0 */
/* addresses.h - what a link of any protocol says about the numbers that rows are written with. */
#ifndef ADDRESSES_H
#define ADDRESSES_H

#include "../conf/conf.h"
#include "../sms/address.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct address_options {
	char *country_code, *international_prefix, *national_prefix;
	long short_code_digits;
};

/* Rows of a driver's table of keys; `offset` is that of its struct address_options, and short codes
 * have `digits` at most, whatever the link says. */
#define ADDRESS_KEYS(offset, digits) \
	{ "country_code", CONF_TEXT, (offset) + offsetof(struct address_options, country_code), \
	  .help = "with it, numbers that begin with national_prefix are sent as international" }, \
	{ "international_prefix", CONF_TEXT, (offset) + offsetof(struct address_options, international_prefix), \
	  .fallback = "00", .help = "what stands for + in numbers; empty: nothing does" }, \
	{ "national_prefix", CONF_TEXT, (offset) + offsetof(struct address_options, national_prefix), \
	  .fallback = "0", .help = "how national numbers begin; empty: there are none" }, \
	{ "short_code_digits", CONF_NUMBER, (offset) + offsetof(struct address_options, short_code_digits), \
	  .fallback = "6", .max = (digits), .help = "numbers of so many digits or fewer are short codes" }

/* Checks what no single key can. False: *err says why. */
bool addresses_check(const struct address_options *, struct conf_error *err);
/* Is the value of that key nothing but digits, `max` at most? It may be empty. False likewise. */
bool addresses_check_digits(const char *key, const char *value, size_t max, struct conf_error *err);

/* How the link writes numbers, with what its protocol says of short codes and of digits without any
 * mark (sms/address.h). The options are borrowed. */
struct address_rules addresses_rules(const struct address_options *, uint8_t short_code_ton,
    uint8_t short_code_npi, uint8_t bare_ton);

#endif
