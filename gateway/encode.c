/* SPDX-License-Identifier: Apache-2.0 */
/*
 * encode.c - which alphabet, which headers, how many parts, where to cut.
 *
 * What is to be said becomes a row of units first: septets, UTF-16 code units of
 * two octets, or octets. A cut may not fall inside a pair, and in both alphabets
 * the first unit of a pair can be told by looking at it: an escape, a high
 * surrogate. Several rows may be tried (plain, transliterated, each national
 * table, UCS-2); parts are counted by cutting, never by dividing, since pairs can
 * cost a unit a part. Then one row is cut into the batch.
 *
 * Who may ask for what was checked by asked.c.
 */
#include "encode.h"

#include "several.h"

#include "../sms/alphabet.h"
#include "../sms/udh.h"
#include "../sms/wap.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

enum {
	GSM7_SINGLE = 160,
	USSD_SEPTETS = 182, USSD_OCTETS = 160, /* 3GPP TS 23.038, 6.1.2.3: never in parts */
	USSD_TURN_S = 180,              /* no network keeps a dialogue open for longer without a turn */
	UNITS_OCTETS = PAYLOAD_MAX,
	PORT_OBEX_NONE = 0, PORT_VCARD = 9204, PORT_VCALENDAR = 9205,
	DCS_OCTETS_CLASS_1 = 0xF5,      /* what phones expect of data for a port */
	LANGUAGE_LAST = GSM7_LANGUAGES - 1,
	ROWS_MAX = INT16_MAX,           /* of outbox_part: outbox.parts is a smallint */
};

const struct encode_rules encode_usual = { .max_parts = 20 };

uint32_t encode_national(const char *word)
{
	uint32_t mask = 0;
	for (unsigned id = 1; id <= LANGUAGE_LAST; id++)
		if (strcasecmp(word, "all") == 0 || strcasecmp(word, gsm7_language(id)) == 0)
			mask |= UINT32_C(1) << id;
	return mask;
}

/* A text or octets in one coding. `at` is scratch, or borrowed from the batch. */
struct units {
	enum coding coding;
	struct shifts shifts;
	const uint8_t *at;
	size_t n;                       /* units */
	unsigned parts;                 /* 0: not counted, or more than PARTS_MAX */
};

/* One message on its way into parts. */
struct work {
	struct message *message;
	const struct asked *asked;
	struct encode_rules rules;      /* with what the row asks in their place */
	struct udh udh;                 /* what every part says, but for concat and shifts */
	const uint8_t *more;            /* further elements of the row's own header */
	size_t more_len;
	char *why;
	size_t room;
	uint8_t scratch[2][UNITS_OCTETS + 4];
};

static bool refuse(const struct work *work, const char *text)
{
	snprintf(work->why, work->room, "%s", text);
	return false;
}

static bool refuse_text(const struct work *work, const char *text, size_t valid)
{
	snprintf(work->why, work->room, "body is not UTF-8: octet %zu is 0x%02X", valid + 1,
	    (unsigned)(uint8_t)text[valid]);
	return false;
}

/* Room. */

static unsigned width(enum coding coding)
{
	return coding == CODING_UCS2 ? 2 : 1;
}

/* Writes the header of a part into `out` (UDH_MAX); parts 1: a lone one. Returns its octets,
 * UDH_TOO_LONG when they are more than a part. */
static size_t header(const struct work *work, struct shifts shifts, unsigned parts,
    unsigned part, uint8_t *out)
{
	struct udh udh = work->udh;
	udh.shifts = shifts;
	if (parts > 1 && work->rules.concat != CONCAT_SAR) {
		udh.concat.reference = work->message->concat_ref;
		udh.concat.wide = work->rules.concat == CONCAT_UDH16;
		udh.concat.parts = (uint8_t)parts;
		udh.concat.part = (uint8_t)part;
	}
	return udh_write(out, UDH_MAX, &udh, work->more, work->more_len);
}

/* Units that fit behind a header of that many octets. */
static size_t fit(const struct work *work, enum coding coding, size_t octets)
{
	octets += (size_t)work->rules.reserve;
	if (octets >= PART_OCTETS)
		return 0;                   /* UDH_TOO_LONG as well */
	if (coding == CODING_GSM7)
		return GSM7_SINGLE - (octets * 8 + 6) / 7;
	return (PART_OCTETS - octets) / width(coding);
}

struct room { size_t lone, each; };

/* False: the headers that the row asks for leave no room. */
static bool header_fits(const struct work *work)
{
	uint8_t udh[UDH_MAX];
	return header(work, (struct shifts){ 0 }, 1, 1, udh) + (size_t)work->rules.reserve <= PART_OCTETS ||
	    refuse(work, "option \"udh\": the header is longer than the 140 octets of a part");
}

static struct room room_of(const struct work *work, const struct units *units)
{
	uint8_t udh[UDH_MAX];
	if (work->asked->kind == KIND_USSD)
		return (struct room){ .lone = units->coding == CODING_GSM7 ? USSD_SEPTETS
		    : USSD_OCTETS / width(units->coding) };
	if (work->rules.concat == CONCAT_PAYLOAD)
		return (struct room){ .lone = UNITS_OCTETS };
	size_t lone = header(work, units->shifts, 1, 1, udh);
	size_t each = header(work, units->shifts, 2, 1, udh);
	if (work->rules.concat == CONCAT_SAR) /* the message centre puts one in its place */
		each = (lone ? lone : 1) + 5;
	return (struct room){ .lone = fit(work, units->coding, lone),
		.each = fit(work, units->coding, each) };
}

static bool begins_pair(const struct units *units, size_t i)
{
	if (units->coding == CODING_GSM7)
		return units->at[i] == GSM7_ESCAPE;
	return units->coding == CODING_UCS2 && (units->at[2 * i] & 0xFC) == 0xD8;
}

/* How many units from `from` on go into one part of several. */
static size_t take(const struct units *units, size_t from, size_t each)
{
	size_t n = units->n - from;
	if (n <= each)
		return n;
	return begins_pair(units, from + each - 1) ? each - 1 : each;
}

static void count(const struct work *work, struct units *units)
{
	const struct room room = room_of(work, units);
	units->parts = units->n <= room.lone;
	if (units->parts)
		return;
	if (room.each < 2)
		return;
	unsigned parts = 0;
	for (size_t from = 0; from < units->n && parts <= PARTS_MAX; parts++)
		from += take(units, from, room.each);
	units->parts = parts <= PARTS_MAX ? parts : 0;
}

/* Texts into units. */

/* False: a character is not in these tables, or it is longer than anything can be. */
static bool as_shifted(const char *text, size_t len, struct shifts shifts, uint8_t *out,
    struct units *units)
{
	*units = (struct units){ .coding = CODING_GSM7, .shifts = shifts, .at = out };
	if (!shifts.single && !shifts.locking)
		return gsm7_from_utf8(out, UNITS_OCTETS, &units->n, text, len) == len;
	const uint8_t *at = (const uint8_t *)text, *end = at + len;
	while (at < end && units->n + 2 <= UNITS_OCTETS) {
		size_t n = gsm7_put_shifted(out + units->n, utf8_next(&at, end), shifts);
		if (n == 0)
			return false;
		units->n += n;
	}
	return at == end;
}

static bool as_ucs2(const char *text, size_t len, uint8_t *out, struct units *units)
{
	*units = (struct units){ .coding = CODING_UCS2, .at = out };
	size_t octets, read = ucs2_from_utf8(out, UNITS_OCTETS, &octets, text, len);
	units->n = octets / 2;
	return read == len;
}

/* The text with a stand-in for each character that the default alphabet lacks;
 * `lossy`: a question mark where there is none. False: one is left as it was. */
static bool transliterated(struct work *work, bool lossy, const char *text, size_t len,
    struct units *units)
{
	uint8_t *out = work->scratch[0];
	bool whole = true;
	*units = (struct units){ .coding = CODING_GSM7, .at = out };
	const uint8_t *at = (const uint8_t *)text, *end = at + len;
	while (at < end && units->n + 2 * TRANSLIT_MOST <= UNITS_OCTETS) {
		uint32_t point = utf8_next(&at, end);
		size_t n = gsm7_put(out + units->n, point);
		const char *instead = n ? NULL
		    : translit_of(point, (enum translit)work->rules.transliterate);
		if (!n && !instead && lossy)
			instead = "?";
		if (instead && *instead)
			gsm7_from_utf8(out + units->n, 2 * TRANSLIT_MOST, &n, instead, strlen(instead));
		whole = whole && (n || instead);
		units->n += n;
	}
	return whole && at == end;
}

/* Fewest parts; then single shift before locking, fewer units, the lowest number. */
static bool better(const struct units *a, const struct units *b)
{
	if (!b->parts || a->parts != b->parts)
		return a->parts && (!b->parts || a->parts < b->parts);
	if (!a->shifts.locking != !b->shifts.locking)
		return !a->shifts.locking;
	return a->n < b->n;
}

static void try_national(struct work *work, const char *text, size_t len, struct shifts shifts,
    struct units *best)
{
	struct units units;
	if (!as_shifted(text, len, shifts, work->scratch[1], &units))
		return;
	count(work, &units);
	if (better(&units, best))
		*best = units;
}

/* The best of the national tables that are allowed; parts 0: none can write it. The
 * units are not kept: scratch[1] is used by each try. */
static struct units national(struct work *work, const char *text, size_t len)
{
	struct units best = { .coding = CODING_GSM7 };
	const uint32_t single = (uint32_t)work->rules.national_single;
	const uint32_t locking = (uint32_t)work->rules.national_locking;
	if (!(single | locking))
		return best;
	for (unsigned id = 1; id <= LANGUAGE_LAST; id++)
		if (single >> id & 1)
			try_national(work, text, len, (struct shifts){ .single = (uint8_t)id }, &best);
	for (unsigned id = 1; id <= LANGUAGE_LAST; id++) {
		if (!(locking >> id & 1) || !gsm7_has_locking(id))
			continue;
		try_national(work, text, len, (struct shifts){ .locking = (uint8_t)id }, &best);
		for (unsigned other = 1; other <= LANGUAGE_LAST; other++)
			if (single >> other & 1)
				try_national(work, text, len, (struct shifts){ .single = (uint8_t)other,
				    .locking = (uint8_t)id }, &best);
	}
	return best;
}

static bool name_foreign(struct work *work, const char *text, size_t len)
{
	size_t n, offset = gsm7_from_utf8(work->scratch[0], UNITS_OCTETS, &n, text, len);
	const uint8_t *at = (const uint8_t *)text + offset;
	snprintf(work->why, work->room, "body: U+%04X at octet %zu is not in GSM 7-bit: use encoding "
	    "auto or ucs2, or transliterate", (unsigned)utf8_next(&at, (const uint8_t *)text + len),
	    offset + 1);
	return false;
}

/* GSM 7-bit, UCS-2 or a national table, whichever loses nothing in fewest parts. */
static bool choose_auto(struct work *work, const char *text, size_t len, struct units *units)
{
	struct units other = national(work, text, len);
	const bool gsm7_only = work->rules.encoding != ENCODING_AUTO;
	if (gsm7_only && !other.parts)
		return name_foreign(work, text, len);
	if (!gsm7_only) {
		if (!as_ucs2(text, len, work->scratch[0], units))
			return refuse(work, "body is too long");
		count(work, units);
		if (!other.parts || (units->parts && units->parts <= other.parts))
			return true;
	}
	const unsigned parts = other.parts;
	if (!as_shifted(text, len, other.shifts, work->scratch[0], units))
		return refuse(work, "body is too long");
	units->parts = parts;
	return true;
}

static bool encode_text(struct work *work, const char *text, struct units *units)
{
	const size_t len = strlen(text), valid = utf8_valid(text, len);
	if (valid < len)
		return refuse_text(work, text, valid);
	if (len > 2 * PAYLOAD_MAX)
		return refuse(work, "body is too long");
	bool done;
	if (work->rules.encoding == ENCODING_UCS2)
		done = as_ucs2(text, len, work->scratch[0], units);
	else if (as_shifted(text, len, (struct shifts){ 0 }, work->scratch[0], units))
		done = true;
	else if ((work->rules.transliterate != TRANSLIT_OFF ||
	    work->rules.encoding == ENCODING_GSM7_LOSSY) &&
	    transliterated(work, work->rules.encoding == ENCODING_GSM7_LOSSY, text, len, units))
		done = true;
	else
		return choose_auto(work, text, len, units);
	if (!done)
		return refuse(work, "body is too long");
	count(work, units);
	return true;
}

/* A text in a charset of one octet a character, for a data_coding that says so. */
static bool encode_latin1(struct work *work, const char *text, uint32_t last,
    struct units *units)
{
	*units = (struct units){ .coding = CODING_BINARY, .at = work->scratch[0] };
	const uint8_t *at = (const uint8_t *)text, *end = at + strlen(text);
	while (at < end && units->n < UNITS_OCTETS) {
		uint32_t point = utf8_next(&at, end);
		if (point > last) {
			snprintf(work->why, work->room, "body: U+%04X cannot be written in data_coding %d",
			    (unsigned)point, work->asked->data_coding);
			return false;
		}
		work->scratch[0][units->n++] = (uint8_t)point;
	}
	count(work, units);
	return true;
}

/* Text whose charset follows from a data_coding that the row asks for. */
static bool encode_as_asked(struct work *work, const char *text, struct units *units)
{
	const struct dcs dcs = dcs_read_smpp((uint8_t)work->asked->data_coding, CHARSET_GSM7);
	if (dcs.charset == CHARSET_LATIN1 || dcs.charset == CHARSET_ASCII)
		return encode_latin1(work, text, dcs.charset == CHARSET_ASCII ? 0x7F : 0xFF, units);
	if (dcs.charset == CHARSET_OCTETS) {
		*units = (struct units){ .coding = CODING_BINARY, .at = (const uint8_t *)text,
			.n = strlen(text) };
		count(work, units);
		return true;
	}
	if (dcs.charset != CHARSET_GSM7 && dcs.charset != CHARSET_UCS2) {
		snprintf(work->why, work->room, "data_coding %d is %s: write it as octets into data, "
		    "with kind binary", work->asked->data_coding, charset_words[dcs.charset]);
		return false;
	}
	if (dcs.charset == CHARSET_UCS2)
		work->rules.encoding = ENCODING_UCS2;
	else if (work->rules.encoding != ENCODING_GSM7_LOSSY)
		work->rules.encoding = ENCODING_GSM7;
	return encode_text(work, text, units);
}

/* Kinds. */

static void to_ports(struct work *work, unsigned destination, unsigned source)
{
	if (work->asked->dest_port >= 0) /* the row's own */
		return;
	work->udh.ports.there = work->udh.ports.wide = true;
	work->udh.ports.destination = (uint16_t)destination;
	work->udh.ports.source = (uint16_t)source;
}

static bool write_push(struct work *work, struct units *units)
{
	const struct asked *asked = work->asked;
	const char *body = work->message->body;
	const size_t valid = utf8_valid(body, strlen(body));
	if (body[valid])
		return refuse_text(work, body, valid);
	const int action = asked->push.action;
	const struct wap_push push = { .kind = asked->push.loading ? WAP_SL : WAP_SI,
		.transaction = (uint8_t)work->message->id, .href = asked->push.url, .text = body,
		.id = asked->push.id, .created_at = asked->push.created_at,
		.expires_at = asked->push.expires_at, .action = action < 0 ? NULL : wap_action_words[action] };
	to_ports(work, WAP_PORT, WAP_PORT_SOURCE);
	units->at = work->scratch[0];
	units->n = wap_write(work->scratch[0], UNITS_OCTETS, &push);
	return units->n || refuse(work, "body is too long for a WAP push");
}

static bool write_ota(struct work *work, struct units *units)
{
	const struct asked *asked = work->asked;
	const struct message *message = work->message;
	const char *content = content_words[asked->ota.type];
	const bool provisioning = strcmp(content, "provisioning") == 0;
	const struct wap_settings settings = { .transaction = (uint8_t)message->id, .content = content,
		.security = asked->ota.pin ? WAP_SECURITY_USER_PIN : WAP_SECURITY_NONE,
		.pin = asked->ota.pin, .wbxml = message->data.at, .len = message->data.len };
	to_ports(work, provisioning ? WAP_PORT : WAP_PORT_SETTINGS, WAP_PORT_SOURCE);
	units->at = work->scratch[0];
	units->n = wap_write_ota(work->scratch[0], UNITS_OCTETS, &settings);
	return units->n || refuse(work, "data is too long, or option \"pin\" has more than 64 octets");
}

static bool write_octets(struct work *work, struct units *units)
{
	const struct message *message = work->message;
	*units = (struct units){ .coding = CODING_BINARY };
	const enum kind kind = work->asked->kind;
	if (kind == KIND_WAP_PUSH || kind == KIND_OTA) {
		if (!(kind == KIND_OTA ? write_ota(work, units) : write_push(work, units)))
			return false;
		count(work, units);
		return true;
	}
	if (kind == KIND_VCARD || kind == KIND_VCALENDAR)
		to_ports(work, kind == KIND_VCARD ? PORT_VCARD : PORT_VCALENDAR, PORT_OBEX_NONE);
	if (message->data.len) {
		units->at = message->data.at;
		units->n = message->data.len;
	} else {
		units->at = (const uint8_t *)message->body;
		units->n = strlen(message->body);
	}
	if (units->n > UNITS_OCTETS)
		return refuse(work, "data is too long");
	count(work, units);
	return true;
}

static bool is_octets(const struct asked *asked)
{
	switch (asked->kind) {
	case KIND_BINARY:
	case KIND_VCARD:
	case KIND_VCALENDAR:
	case KIND_WAP_PUSH:
	case KIND_OTA:
	case KIND_RAW:
		return true;
	default:
		return false;
	}
}

static uint8_t coding_octet(const struct work *work, const struct units *units)
{
	const struct asked *asked = work->asked;
	const enum charset charset = units->coding == CODING_GSM7 ? CHARSET_GSM7
	    : units->coding == CODING_UCS2 ? CHARSET_UCS2 : CHARSET_OCTETS;
	if (asked->data_coding >= 0)
		return (uint8_t)asked->data_coding;
	if (asked->kind == KIND_WAITING && asked->waiting.by_dcs)
		return dcs_write_waiting(charset, asked->waiting.type, asked->waiting.on,
		    asked->waiting.store);
	if (asked->class < 0 && work->udh.ports.there && charset == CHARSET_OCTETS)
		return DCS_OCTETS_CLASS_1;
	return dcs_write(charset, work->message->class);
}

/* Cutting. */

/* Eight octets at a time (multiply, fold): tells parts apart that one row was cut into at
 * different times. */
static uint32_t digest_of(const struct part *part, enum concat concat, unsigned parts)
{
	static const uint64_t odd = 0x9E3779B97F4A7C15u;
	uint64_t digest = (uint64_t)part->coding << 16 | (uint64_t)concat << 8 | parts;
	for (size_t i = 0; i < part->len; i += sizeof digest) {
		uint64_t octets = 0;
		const size_t left = part->len - i;
		memcpy(&octets, part->octets + i, left < sizeof octets ? left : sizeof octets);
		digest = (digest ^ octets) * odd;
		digest ^= digest >> 32;
	}
	return (uint32_t)digest ? (uint32_t)digest : 1;
}

/* Another link, other settings or another text may cut a row otherwise than the attempt
 * did in which the network took some parts of it. Those are no parts of this message:
 * all of it is sent. */
static void trust_taken(struct message *message)
{
	for (unsigned i = 0; i < PARTS_MAX; i++) {
		const bool taken = message->taken[i / 8] >> (i % 8) & 1;
		const uint32_t digest = message->digests && taken ? message->digests[i] : 0;
		if (taken && (i >= message->nparts || (digest && digest != message->parts[i].digest))) {
			memset(message->taken, 0, sizeof message->taken);
			break;
		}
	}
	for (unsigned i = 0; i < message->nparts; i++)
		message->parts[i].taken = message->taken[i / 8] >> (i % 8) & 1;
}

static void cut(struct work *work, const struct units *units)
{
	struct message *message = work->message;
	const struct room room = room_of(work, units);
	const unsigned wide = width(units->coding);
	message->nparts = (uint8_t)units->parts;
	message->parts = batch_alloc(message->batch, units->parts * sizeof *message->parts);
	uint8_t udh[UDH_MAX];
	for (size_t i = 0, from = 0; i < message->nparts; i++) {
		struct part *part = &message->parts[i];
		const size_t n = message->nparts == 1 ? units->n : take(units, from, room.each);
		const size_t head = header(work, units->shifts, message->nparts, (unsigned)i + 1, udh);
		part->message = message;
		part->number = (uint8_t)(i + 1);
		part->coding = units->coding;
		part->udh_len = (uint8_t)head;
		part->len = (uint16_t)(head + n * wide);
		part->octets = batch_alloc(message->batch, part->len);
		memcpy(part->octets, udh, head);
		if (n)
			memcpy(part->octets + head, units->at + from * wide, n * wide);
		from += n;
		if (message->nparts > 1 || message->ndestinations)
			part->digest = digest_of(part, (enum concat)message->concat, message->nparts);
	}
	if (message->ndestinations)
		several_trust_taken(message);
	else if (message->nparts > 1 || message->digests)
		trust_taken(message);
	if (work->asked->kind == KIND_RAW && work->asked->esm_class > 0 &&
	    work->asked->esm_class & 0x40 && units->n)
		message->parts[0].udh_len = units->at[0] < units->n ? (uint8_t)(units->at[0] + 1) : 0;
}

static int or_else(int asked, int rule)
{
	return asked >= 0 ? asked : rule;
}

static void begin(struct work *work, struct message *message, const struct encode_rules *rules)
{
	const struct asked *asked = message->asked;
	work->message = message;
	work->asked = asked;
	work->rules = (struct encode_rules){
		.encoding = or_else(asked->encoding, rules->encoding),
		.transliterate = or_else(asked->transliterate, rules->transliterate),
		.concat = or_else(asked->concat, rules->concat),
		.max_parts = or_else(asked->max_parts, rules->max_parts),
		.national_single = or_else(asked->national_single, rules->national_single),
		.national_locking = or_else(asked->national_locking, rules->national_locking),
		.reserve = rules->reserve,
	};
	if (asked->kind == KIND_USSD)       /* which knows no header, and so no tables or parts */
		work->rules = (struct encode_rules){ .encoding = work->rules.encoding,
			.transliterate = work->rules.transliterate, .max_parts = 1 };
	if (asked->kind == KIND_BROADCAST) { /* it is cut by the network, and has no header */
		work->rules.concat = CONCAT_PAYLOAD;
		work->rules.national_single = work->rules.national_locking = 0;
	}
	work->udh = (struct udh){ .ports = { .there = asked->dest_port >= 0, .wide = asked->ports_wide } };
	if (asked->dest_port >= 0) {
		work->udh.ports.destination = (uint16_t)asked->dest_port;
		work->udh.ports.source = (uint16_t)or_else(asked->source_port, 0);
	}
	if (asked->kind == KIND_WAITING && asked->waiting.by_udh) {
		work->udh.waiting[work->udh.nwaiting].type = asked->waiting.type;
		work->udh.waiting[work->udh.nwaiting].store = asked->waiting.store;
		work->udh.waiting[work->udh.nwaiting++].count = (uint8_t)or_else(asked->waiting.count, 0);
	}
	work->more = asked->udh.len ? asked->udh.at + 1 : NULL;
	work->more_len = asked->udh.len ? asked->udh.len - 1 : 0;
	message->class = (int8_t)(asked->kind == KIND_FLASH ? 0 : asked->class);
	message->concat = work->rules.concat;
	/* Never 0, which some phones take for none (TS 23.040, 9.2.3.24.1 does not forbid it). */
	message->concat_ref = (uint16_t)(work->rules.concat == CONCAT_UDH16
	    ? (uint64_t)message->id % 0xFFFF + 1 : (uint64_t)message->id % 0xFF + 1);
}

/* A turn that the handset no longer waits for is not sent. */
static void limit_turn(struct message *message)
{
	const struct asked *asked = message->asked;
	const int64_t end = message->due_at + USSD_TURN_S;
	if (asked->kind != KIND_USSD || asked->turn.session < 0 || !message->due_at)
		return;
	if (!message->expires_at || end < message->expires_at)
		message->expires_at = end;
}

static bool refuse_length(const struct work *work, const struct units *units)
{
	const bool data = is_octets(work->asked);
	if (work->asked->kind == KIND_USSD)
		snprintf(work->why, work->room, "body is too long: it needs %zu characters in %s, and USSD has "
		    "%d in GSM 7-bit, %d in UCS-2, and no parts", units->n, units->coding == CODING_UCS2 ?
		    "UCS-2" : units->coding == CODING_GSM7 ? "GSM 7-bit" : "octets", USSD_SEPTETS, USSD_OCTETS / 2);
	else if (units->parts)
		snprintf(work->why, work->room, "%s is too long: it needs %u parts, max_parts is %d",
		    data ? "data" : "body", units->parts, work->rules.max_parts);
	else
		snprintf(work->why, work->room, "%s is too long: it needs more than 255 parts, max_parts is %d",
		    data ? "data" : "body", work->rules.max_parts);
	return false;
}

static void name_encoding(struct message *message, const struct units *units)
{
	static const char *const words[] = {
		[CODING_GSM7] = "gsm7", [CODING_UCS2] = "ucs2", [CODING_BINARY] = "binary",
	};
	message->encoding = words[units->coding];
	const unsigned id = units->shifts.single ? units->shifts.single : units->shifts.locking;
	if (units->coding != CODING_GSM7 || !id)
		return;
	char word[40];
	int n = snprintf(word, sizeof word, "gsm7 %s%s", gsm7_language(id),
	    units->shifts.locking ? " locking" : "");
	message->encoding = batch_text(message->batch, word, (size_t)n);
}

bool encode_message(struct message *message, const struct encode_rules *rules, char *why,
    size_t room)
{
	struct work work;               /* scratch is large, and not to be cleared */
	work.why = why;
	work.room = room;
	if (!asked_read(message, why, room))
		return false;
	begin(&work, message, rules);
	if (!header_fits(&work))
		return false;
	struct units units;
	if (is_octets(work.asked) ? !write_octets(&work, &units)
	    : work.asked->data_coding >= 0 ? !encode_as_asked(&work, message->body, &units)
	    : !encode_text(&work, message->body, &units))
		return false;
	if (work.asked->kind == KIND_RAW && units.parts != 1) {
		snprintf(why, room, "data has %zu octets: kind raw is one part of at most %d", units.n,
		    PART_OCTETS);
		return false;
	}
	if (units.parts == 0 || units.parts > (unsigned)work.rules.max_parts)
		return refuse_length(&work, &units);
	if (units.parts * (unsigned)message->ndestinations > ROWS_MAX) {
		snprintf(why, room, "%u parts to %u recipients are too many: at most %d in all", units.parts,
		    message->ndestinations, ROWS_MAX);
		return false;
	}
	limit_turn(message);
	message->data_coding = coding_octet(&work, &units);
	name_encoding(message, &units);
	cut(&work, &units);
	return true;
}
