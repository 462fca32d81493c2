/* SPDX-License-Identifier: Apache-2.0 */
/* inbox.c - parts into a letter: joined, decoded, and told what it is. */
#include "inbox.h"

#include "../sms/alphabet.h"
#include "../sms/dcs.h"
#include "../sms/udh.h"
#include "../sms/wap.h"

#include <jansson.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	PORT_VCARD = 9204, PORT_VCALENDAR = 9205, PORT_VCARD_OLD = 226, PORT_VCALENDAR_OLD = 228,
	TEXT_MAX = 1024, URL_MAX = 1024,
};

static const char gap[] = "[...]";

/* One message being joined. */
struct work {
	struct letter *letter;
	const struct inbound *const *parts;
	size_t n;
	struct batch *batch;
	struct udh udh;                 /* of the first part that is there */
	long dest_port, source_port;    /* -1: none */
	json_t *options;                /* what is to be said of it */
};

/* Octets that stand one behind the other, and are read in one go. */
struct run { enum charset charset; struct shifts shifts; uint8_t *at; size_t len; };

struct text { char *at; size_t len, room; };

static void add(struct text *text, const char *at, size_t len)
{
	memcpy(text->at + text->len, at, len);
	text->len += len;
	text->at[text->len] = '\0';
}

static void flush(struct run *run, struct text *text)
{
	if (run->len)
		text->len += charset_to_utf8(text->at + text->len, text->room - text->len, run->charset,
		    run->at, run->len, &run->shifts);
	run->len = 0;
}

/* Parts that are missing before the i-th that is there, and behind the last one. */
static unsigned missing_before(const struct work *work, size_t i)
{
	const unsigned before = i ? work->parts[i - 1]->concat_part : 0;
	const unsigned total = work->parts[0]->concat_parts;
	if (total < 2)
		return 0;
	return i < work->n ? work->parts[i]->concat_part - before - 1u : total - before;
}

static size_t octets_of(const struct work *work)
{
	size_t len = 0;
	for (size_t i = 0; i < work->n; i++)
		len += work->parts[i]->octets.len;
	return len;
}

static const char *join_text(struct work *work)
{
	const size_t len = octets_of(work);
	struct text text = { .room = len * 3 + (work->n + 1) * sizeof gap + 4 };
	text.at = batch_alloc(work->batch, text.room);
	struct run run = { .at = batch_alloc(work->batch, len + 1) };
	for (size_t i = 0; i <= work->n; i++) {
		struct udh udh = { .nwaiting = 0 };
		const struct inbound *part = i < work->n ? work->parts[i] : NULL;
		if (part && part->udh.len)
			udh_read(part->udh.at, part->udh.len, &udh);
		const bool hole = missing_before(work, i) > 0;
		if (!part || hole || run.charset != part->charset ||
		    memcmp(&run.shifts, &udh.shifts, sizeof run.shifts) != 0)
			flush(&run, &text);
		if (hole)
			add(&text, gap, strlen(gap));
		if (!part)
			break;
		run.charset = part->charset;
		run.shifts = udh.shifts;
		if (part->octets.len)
			memcpy(run.at + run.len, part->octets.at, part->octets.len);
		run.len += part->octets.len;
	}
	return text.at;
}

static struct blob join_octets(struct work *work)
{
	struct blob whole = { .len = octets_of(work) };
	uint8_t *at = batch_alloc(work->batch, whole.len + 1);
	whole.at = at;
	for (size_t i = 0; i < work->n; i++) {
		const struct blob *octets = &work->parts[i]->octets;
		if (octets->len)
			memcpy(at, octets->at, octets->len);
		at += octets->len;
	}
	return whole;
}

/* What it is. */

static bool is_text(const struct work *work)
{
	for (size_t i = 0; i < work->n; i++)
		if (work->parts[i]->charset == CHARSET_OCTETS)
			return false;
	return true;
}

static long number_of(const json_t *options, const char *name)
{
	const json_t *value = json_object_get(options, name);
	return json_is_integer(value) ? (long)json_integer_value(value) : -1;
}

static void set(struct work *work, const char *name, json_t *value)
{
	if (json_object_set_new(work->options, name, value) != 0)
		abort();
}

/* Ports stand in the header, or the protocol told them. */
static void find_ports(struct work *work)
{
	work->dest_port = number_of(work->options, "dest_port");
	work->source_port = number_of(work->options, "source_port");
	if (!work->udh.ports.there)
		return;
	work->dest_port = work->udh.ports.destination;
	work->source_port = work->udh.ports.source;
	set(work, "dest_port", json_integer(work->dest_port));
	set(work, "source_port", json_integer(work->source_port));
	if (!work->udh.ports.wide)
		set(work, "port_bits", json_integer(8));
}

static bool tell_waiting(struct work *work, const struct dcs *dcs)
{
	static const char *const words[] = { [MWI_VOICE] = "voice", [MWI_FAX] = "fax",
		[MWI_EMAIL] = "email", [MWI_OTHER] = "other", [MWI_VIDEO] = "video" };
	if (!dcs->waiting && work->udh.nwaiting == 0)
		return false;
	bool store = dcs->waiting && dcs->waiting_store, active = dcs->waiting_active;
	enum mwi_type type = dcs->waiting_type;
	json_t *waiting = json_object();
	if (work->udh.nwaiting) {           /* its type and count; either may ask to store */
		type = work->udh.waiting[0].type;
		active = work->udh.waiting[0].count > 0;
		store = store || work->udh.waiting[0].store;
		json_object_set_new(waiting, "count", json_integer(work->udh.waiting[0].count));
	}
	json_object_set_new(waiting, "type", json_string(words[type]));
	json_object_set_new(waiting, "active", json_boolean(active));
	json_object_set_new(waiting, "store", json_boolean(store));
	set(work, "waiting", waiting);
	return true;
}

/* A push: its text and address, as a person reads them. The octets stay. */
static bool read_push(struct work *work)
{
	char text[TEXT_MAX], url[URL_MAX], both[TEXT_MAX + URL_MAX + 4];
	struct wap_view view = { .text = text, .text_room = sizeof text, .url = url,
		.url_room = sizeof url };
	struct letter *letter = work->letter;
	if (!wap_text(letter->data.at, letter->data.len, &view))
		return false;
	const int n = snprintf(both, sizeof both, *text && *url ? "%s <%s>" : "%s%s", text, url);
	letter->body = batch_text(work->batch, both, (size_t)n);
	letter->kind = "wap-push";
	if (*url)
		set(work, "url", json_string(url));
	if (view.action)
		set(work, "action", json_string(view.action));
	if (view.kind != WAP_SI)
		set(work, view.kind == WAP_SL ? "sl" : "mms", json_true());
	return true;
}

/* Octets that a port says are text. */
static bool read_card(struct work *work)
{
	struct letter *letter = work->letter;
	const long port = work->dest_port;
	const bool card = port == PORT_VCARD || port == PORT_VCARD_OLD;
	if (!card && port != PORT_VCALENDAR && port != PORT_VCALENDAR_OLD)
		return false;
	letter->kind = card ? "vcard" : "vcalendar";
	const char *text = (const char *)letter->data.at;
	const size_t len = letter->data.len;
	if (letter->body || memchr(text, '\0', len) || utf8_valid(text, len) < len)
		return true;
	letter->body = batch_text(work->batch, text, len);
	letter->data = (struct blob){ NULL, 0 };
	return true;
}

static void tell_kind(struct work *work)
{
	struct letter *letter = work->letter;
	const struct inbound *first = work->parts[0];
	const struct dcs dcs = dcs_read_smpp(first->data_coding, CHARSET_GSM7);
	letter->kind = letter->body ? "text" : "binary";
	if (first->turn.there) {            /* whose data_coding is that of cell broadcast */
		letter->kind = "ussd";
		return;
	}
	if (work->dest_port == WAP_PORT && !letter->body && letter->missing == 0 && read_push(work))
		return;
	if (read_card(work))
		return;
	if (tell_waiting(work, &dcs))
		letter->kind = "waiting";
	else if (dcs.class == 0 && letter->body)
		letter->kind = "flash";
	else if (dcs.class >= 0)
		set(work, "class", json_integer(dcs.class));
}

static const char *options_text(struct work *work)
{
	const struct inbound *first = work->parts[0];
	if (first->data_coding)
		set(work, "data_coding", json_integer(first->data_coding));
	if (first->protocol_id)
		set(work, "protocol_id", json_integer(first->protocol_id));
	if (json_object_size(work->options) == 0)
		return NULL;
	char *text = json_dumps(work->options, JSON_COMPACT);
	if (!text)
		abort();
	const char *kept = batch_text(work->batch, text, strlen(text));
	free(text);
	return kept;
}

void inbox_join(struct letter *letter, const struct inbound *const *parts, size_t n,
    struct batch *batch)
{
	const struct inbound *first = parts[0];
	struct work work = { .letter = letter, .parts = parts, .n = n, .batch = batch };
	*letter = (struct letter){ .encoding = charset_words[first->charset],
		.parts = first->concat_parts > 1 ? first->concat_parts : 1 };
	letter->missing = letter->parts - (unsigned)n;
	work.options = first->options ? json_loads(first->options, 0, NULL) : NULL;
	if (!json_is_object(work.options)) {
		json_decref(work.options);
		work.options = json_object();
	}
	if (first->udh.len) {
		udh_read(first->udh.at, first->udh.len, &work.udh);
		uint8_t *udh = batch_alloc(batch, first->udh.len);
		letter->udh = (struct blob){ udh, udh_without_concat(udh, first->udh.at, first->udh.len) };
	}
	find_ports(&work);
	if (first->alert) {
		letter->kind = "alert";
		letter->encoding = NULL;
		letter->options = options_text(&work);
		json_decref(work.options);
		return;
	}
	if (is_text(&work)) {
		letter->body = join_text(&work);
	} else {
		letter->encoding = charset_words[CHARSET_OCTETS];
		letter->data = join_octets(&work);
	}
	tell_kind(&work);
	letter->options = options_text(&work);
	json_decref(work.options);
}
