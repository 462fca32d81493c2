/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz_wap.c - any octets as a WSP push: what is read is UTF-8 in its room. Then the
 * same octets as the fields of a push, which reads as it was written, and of settings.
 */
#include "../../sms/alphabet.h"
#include "../../sms/wap.h"
#include "replay.h"

#include <assert.h>

static void read_into(const uint8_t *at, size_t len, size_t text_room, size_t url_room)
{
	char *text = malloc(text_room + 1), *url = malloc(url_room + 1);
	if (!text || !url)
		abort();
	struct wap_view view = { .text = text, .text_room = text_room, .url = url,
		.url_room = url_room };
	const bool read = wap_text(at, len, &view);
	const size_t n = text_room ? strlen(text) : 0, m = url_room ? strlen(url) : 0;
	assert(text_room == 0 || (n < text_room && utf8_valid(text, n) == n));
	assert(url_room == 0 || (m < url_room && utf8_valid(url, m) == m));
	assert(utf8_valid(view.from, strlen(view.from)) == strlen(view.from));
	assert(read ? view.kind <= WAP_MMS : n == 0 && m == 0 && !*view.from);
	free(text);
	free(url);
}

/* The next field: up to a NUL, or the end, in the caller's copy that ends with one. */
static const char *cut(const char **at, const char *end)
{
	const char *field = *at;
	*at += strlen(field) + (*at + strlen(field) < end);
	return field;
}

static bool same(const char *a, const char *b) { return strcmp(a ? a : "", b ? b : "") == 0; }

/* Flags, an action, two times, then text, URL and id, each ended with a NUL. */
static void write_and_read(const uint8_t *at, size_t len)
{
	char *fields = malloc(len), *text = malloc(len + 5), *url = malloc(len + 5);
	uint8_t *out = malloc(len + 128);
	if (!fields || !text || !url || !out)
		abort();
	memcpy(fields, at + 1, len - 1);
	fields[len - 1] = '\0';
	const char *next = fields + 9, *end = fields + len - 1;
	const uint8_t *time = at + 2;
	struct wap_push push = { .kind = (enum wap_kind)(at[0] % 3), .full = at[0] & 0x80,
		.transaction = at[1], .action = wap_action_words[fields[0] & 7],
		.created_at = (int64_t)time[0] << 32 | time[1] << 16 | time[2] << 8 | time[3],
		.expires_at = (int64_t)time[4] << 32 | time[5] << 16 | time[6] << 8 | time[7] };
	if (at[0] & 0x40)
		push.action = NULL;
	push.href = cut(&next, end);
	push.text = cut(&next, end);
	push.id = cut(&next, end);
	if (push.kind == WAP_SL && at[0] & 0x20) {
		push.text = push.id = NULL;
		push.created_at = push.expires_at = 0;
	}
	const size_t n = wap_write(out, len + 128, &push);
	if (n) {
		struct wap_view view = { .text = text, .text_room = len + 5, .url = url,
			.url_room = len + 5 };
		assert(wap_text(out, n, &view));
		assert(view.kind == push.kind && view.transaction == push.transaction);
		assert(same(text, push.text) && same(url, push.href) && same(view.action, push.action));
		assert(wap_write(out, n, &push) == n && wap_write(out, n - 1, &push) == 0);
	}
	free(fields);
	free(text);
	free(url);
	free(out);
}

/* Security, a pin ended with a NUL, the document. */
static void write_settings(const uint8_t *at, size_t len)
{
	static const char *const contents[] = { "provisioning", "browser-settings", "none" };
	const uint8_t *nul = memchr(at + 1, 0, len - 1);
	uint8_t *out = malloc(len + 128);
	if (!out)
		abort();
	if (nul) {
		const size_t document = len - 1 - (size_t)(nul - at);
		const struct wap_settings settings = { .content = contents[at[0] / 8 % 3],
			.security = (enum wap_security)(at[0] % 6 - 1), .pin = (const char *)at + 1,
			.wbxml = nul + 1, .len = document };
		const size_t n = wap_write_ota(out, len + 128, &settings);
		assert(n <= document + 80 && (n == 0 || memcmp(out + n - document, nul + 1, document) == 0));
		assert(n == 0 || wap_write_ota(out, n - 1, &settings) == 0);
	}
	free(out);
}

int LLVMFuzzerTestOneInput(const uint8_t *at, size_t len)
{
	read_into(at, len, len * 12 + 16, len * 12 + 16);
	read_into(at, len, 9, 30);
	read_into(at, len, 0, 0);
	if (len >= 12)
		write_and_read(at, len);
	if (len >= 2)
		write_settings(at, len);
	return 0;
}
