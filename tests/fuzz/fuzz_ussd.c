/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz_ussd.c - any text as a line of a modem about USSD: its text is UTF-8; and any octets written to one. */
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
	char out[USSD_STRING_MAX];
	for (enum ussd_way way = 0; way <= USSD_UNKNOWN; way++) {
		if (ussd_read_as(&ussd, line, way)) {
			assert(*ussd_word(ussd.state));
			assert(utf8_valid(ussd.text, strlen(ussd.text)) == strlen(ussd.text));
		}
		if (ussd_write(out, way, at, len, len % 2))
			assert(strlen(out) < sizeof out);
	}
	free(line);
	return 0;
}
