/* SPDX-License-Identifier: Apache-2.0 */
/* addresses.c - what a link of any protocol says about the numbers that rows are written with. */
#include "addresses.h"

#include <string.h>

enum { PREFIX_MAX = 8 };

bool addresses_check_digits(const char *key, const char *value, size_t max, struct conf_error *err)
{
	return (strspn(value, "0123456789") == strlen(value) && strlen(value) <= max) ||
	    conf_fail(err, "%s = \"%s\" is not a few digits", key, value);
}

bool addresses_check(const struct address_options *options, struct conf_error *err)
{
	return addresses_check_digits("country_code", options->country_code, PREFIX_MAX, err) &&
	    addresses_check_digits("international_prefix", options->international_prefix, PREFIX_MAX, err) &&
	    addresses_check_digits("national_prefix", options->national_prefix, PREFIX_MAX, err);
}

struct address_rules addresses_rules(const struct address_options *options, uint8_t short_code_ton,
    uint8_t short_code_npi, uint8_t bare_ton)
{
	return (struct address_rules){
		.international_prefix = options->international_prefix,
		.national_prefix = options->national_prefix, .country_code = options->country_code,
		.short_code_digits = (unsigned)options->short_code_digits,
		.short_code_ton = short_code_ton, .short_code_npi = short_code_npi, .bare_ton = bare_ton,
	};
}
