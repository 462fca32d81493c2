/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz_ussd.c - any text as a line of a modem about USSD: its text is UTF-8. */
#include "../../sms/alphabet.h"
#include "../../sms/ussd.h"
#include "replay.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *at, size_t len)
{
	char *line = calloc(1, len + 1);
	if (!line)
		abort();
	memcpy(line, at, len);
	struct ussd ussd;
	if (ussd_read(&ussd, line)) {
		assert(*ussd_word(ussd.state));
		assert(utf8_valid(ussd.text, strlen(ussd.text)) == strlen(ussd.text));
	}
	free(line);
	return 0;
}
