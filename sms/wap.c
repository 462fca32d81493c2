/* SPDX-License-Identifier: Apache-2.0 */
/*
 * wap.c - a WSP push (WAP-230-WSP, 8.2.4.1) around a document in WBXML (WAP-192), an
 * SI (WAP-167), an SL (WAP-168), settings that others made, or a multimedia message's
 * notification, which is headers only (OMA MMS encapsulation, 6.2).
 *
 * SI and SL differ in their numbers only: a row of shapes[] each, for both directions.
 * Reading is one walk over tokens with a fixed stack. A reader that is asked for more
 * than there is goes bad, stays bad, and gives zeros: so steps need no check of their
 * own, only loops do. What a document says goes into two sinks, text and URL; a token
 * without a meaning there makes the whole bad, elsewhere it is stepped over.
 */
#include "wap.h"

#include "alphabet.h"
#include "charset.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <string.h>
#include <strings.h>
#include <time.h>

enum { PUSH = 0x06, SHORT = 0x80, LONG_LENGTH = 31, QUOTE = 0x7F };

/* Media types, headers, parameters (as short integers, WAP-230-WSP appendix A). */
enum {
	MEDIA_PROVISIONING = 0xB6, MEDIA_MMS = 0xBE,
	PARAMETER_CHARSET = 0x81, PARAMETER_SECURITY = 0x91, PARAMETER_MAC = 0x92,
	HEADER_APPLICATION = 0xAF, HEADER_PUSH_FLAG = 0xB4,
	APPLICATION_BROWSER = 0x82, FLAG_LAST = 0x84, SHORT_UTF8 = 0xEA,
};

/* WBXML tokens that every document has. The low six bits of each are below 5. */
enum {
	SWITCH_PAGE = 0x00, END = 0x01, ENTITY = 0x02, STRING = 0x03, LITERAL = 0x04,
	EXTENSION_STRING = 0x40, PROCESSING = 0x43, EXTENSION_NUMBER = 0x80, TABLE_STRING = 0x83,
	EXTENSION = 0xC0, OPAQUE = 0xC3,
	GLOBALS = 5, TOKEN_BITS = 0x3F, HAS_CONTENT = 0x40, HAS_ATTRIBUTES = 0x80,
	WBXML_1_1 = 1, WBXML_1_2 = 2, WBXML_1_3 = 3, PUBLIC_UNKNOWN = 1, MIB_UTF8 = 106,
};

/* Tokens of SI and SL. Their roots have the same number. */
enum {
	TAG_ROOT = 5, TAG_INDICATION = 6, TAG_INFO = 7, TAG_ITEM = 8,
	ACTION_FIRST = 0x05, SI_CREATED = 0x0A, SI_EXPIRES = 0x10, SI_ID = 0x11, DOMAIN_FIRST = 0x85,
};

/* Fields of a notification. */
enum {
	MMS_LOCATION = 0x83, MMS_FROM = 0x89, MMS_TYPE = 0x8C, MMS_SIZE = 0x8E, MMS_SUBJECT = 0x96,
	MMS_NOTIFICATION = 0x82, MMS_ADDRESS_PRESENT = 0x80,
};

const char *const wap_action_words[] = {
	"signal-none", "signal-low", "signal-medium", "signal-high", "delete",
	"execute-low", "execute-high", "cache", NULL,
};

static const struct shape {
	const char *media_name, *doctype;
	uint8_t media, public_id, href;         /* href: the first of five tokens */
	uint8_t actions, action_count;          /* which of wap_action_words[] */
} shapes[] = {
	[WAP_SI] = { .media_name = "application/vnd.wap.sic", .doctype = "-//WAPFORUM//DTD SI 1.0//EN",
		.media = 0xAE, .public_id = 0x05, .href = 0x0B, .actions = 0, .action_count = 5 },
	[WAP_SL] = { .media_name = "application/vnd.wap.slc", .doctype = "-//WAPFORUM//DTD SL 1.0//EN",
		.media = 0xB0, .public_id = 0x06, .href = 0x08, .actions = 5, .action_count = 3 },
	[WAP_MMS] = { .media_name = "application/vnd.wap.mms-message", .media = MEDIA_MMS },
};
enum { SHAPES = sizeof shapes / sizeof *shapes };

/* In the order of their tokens, the one in front of another last. */
static const char *const prefixes[] = { "", "http://", "http://www.", "https://", "https://www." };
static const char *const domains[] = { ".com/", ".edu/", ".net/", ".org/" };
enum { PREFIXES = sizeof prefixes / sizeof *prefixes, DOMAINS = sizeof domains / sizeof *domains };

/* MIB enumerations of IANA. Who says nothing or ASCII mostly means UTF-8. */
static const struct { uint32_t mib; enum charset charset; } charsets[] = {
	{ 0, CHARSET_UTF8 }, { 3, CHARSET_UTF8 }, { 4, CHARSET_LATIN1 }, { 8, CHARSET_CYRILLIC },
	{ 11, CHARSET_HEBREW }, { 17, CHARSET_JIS }, { 18, CHARSET_EUCJP }, { 38, CHARSET_KSC5601 },
	{ MIB_UTF8, CHARSET_UTF8 },
};

/* Where a PDU is being written; `full` once something did not fit. */
struct pen { uint8_t *at; size_t n, room; bool full; };

static void put(struct pen *pen, const void *octets, size_t n)
{
	if (n == 0 || pen->full)
		return;
	pen->full = n > pen->room - pen->n;
	if (pen->full)
		return;
	memcpy(pen->at + pen->n, octets, n);
	pen->n += n;
}

static void put_octet(struct pen *pen, unsigned octet)
{
	put(pen, &(const uint8_t){ (uint8_t)octet }, 1);
}

static void put_string(struct pen *pen, const char *text, size_t n)
{
	if (n == 0)
		return;
	put_octet(pen, STRING);
	put(pen, text, n);
	put_octet(pen, 0);
}

static bool is_there(const char *text) { return text && *text; }
static bool is_utf8(const char *text)
{
	return !text || utf8_valid(text, strlen(text)) == strlen(text);
}

/* The token that saves most, strings, and a token for each domain that has one. */
static void put_href(struct pen *pen, uint8_t first_token, const char *href)
{
	unsigned prefix = PREFIXES - 1;
	while (strncmp(href, prefixes[prefix], strlen(prefixes[prefix])) != 0)
		prefix--;
	put_octet(pen, first_token + prefix);
	href += strlen(prefixes[prefix]);
	const char *from = href;
	while (*href) {
		unsigned domain = 0;
		while (domain < DOMAINS && strncmp(href, domains[domain], strlen(domains[domain])) != 0)
			domain++;
		if (domain == DOMAINS) {
			href++;
			continue;
		}
		put_string(pen, from, (size_t)(href - from));
		put_octet(pen, DOMAIN_FIRST + domain);
		from = href += strlen(domains[domain]);
	}
	put_string(pen, from, (size_t)(href - from));
}

static uint8_t bcd(int value) { return (uint8_t)(value / 10 << 4 | value % 10); }

/* A %Datetime: digits two to an octet, zeros at the end left out (WAP-167, 8.2.2). */
static void put_time(struct pen *pen, uint8_t attribute, int64_t at)
{
	if (at == 0)
		return;
	const time_t seconds = (time_t)at;
	struct tm utc;
	gmtime_r(&seconds, &utc);
	const int year = utc.tm_year + 1900;
	const uint8_t digits[] = { bcd(year / 100), bcd(year % 100), bcd(utc.tm_mon + 1),
		bcd(utc.tm_mday), bcd(utc.tm_hour), bcd(utc.tm_min), bcd(utc.tm_sec) };
	size_t n = sizeof digits;
	while (digits[n - 1] == 0)
		n--;
	put(pen, (const uint8_t[]){ attribute, OPAQUE, (uint8_t)n }, 3);
	put(pen, digits, n);
}

/* The token of an action, 0 when the kind has no such word. */
static uint8_t action_token(const struct shape *shape, const char *word)
{
	for (unsigned i = 0; i < shape->action_count; i++)
		if (strcmp(word, wap_action_words[shape->actions + i]) == 0)
			return (uint8_t)(ACTION_FIRST + i);
	return 0;
}

static bool is_writable_time(int64_t at)
{
	return at >= 0 && at < INT64_C(253402300800);   /* the year 10000 */
}

static bool is_possible(const struct wap_push *push)
{
	const bool href = is_there(push->href), text = is_there(push->text), id = is_there(push->id);
	if (!is_utf8(push->href) || !is_utf8(push->text) || !is_utf8(push->id))
		return false;
	if (push->kind == WAP_SL)
		return href && !text && !id && push->created_at == 0 && push->expires_at == 0;
	if (push->kind != WAP_SI || !is_writable_time(push->created_at) ||
	    !is_writable_time(push->expires_at))
		return false;
	if (is_there(push->action) && strcmp(push->action, "delete") == 0)
		return id && !text;
	if (is_there(push->action) && strcmp(push->action, "signal-none") == 0)
		return id;
	return href || text || id;
}

/* The element that both kinds are about, with its attributes. */
static void put_element(struct pen *pen, const struct shape *shape, const struct wap_push *push)
{
	const bool text = is_there(push->text);
	if (push->kind == WAP_SI)
		put_octet(pen, TAG_ROOT | HAS_CONTENT);
	put_octet(pen, push->kind == WAP_SL ? TAG_ROOT | HAS_ATTRIBUTES
	    : TAG_INDICATION | HAS_ATTRIBUTES | (text ? HAS_CONTENT : 0));
	if (is_there(push->href))
		put_href(pen, shape->href, push->href);
	if (is_there(push->id)) {
		put_octet(pen, SI_ID);
		put_string(pen, push->id, strlen(push->id));
	}
	put_time(pen, SI_CREATED, push->created_at);
	put_time(pen, SI_EXPIRES, push->expires_at);
	if (is_there(push->action))
		put_octet(pen, action_token(shape, push->action));
	put_octet(pen, END);
	if (text) {
		put_string(pen, push->text, strlen(push->text));
		put_octet(pen, END);
	}
	if (push->kind == WAP_SI)
		put_octet(pen, END);
}

size_t wap_write(uint8_t *out, size_t room, const struct wap_push *push)
{
	if (!is_possible(push))
		return 0;
	const struct shape *shape = &shapes[push->kind];
	if (is_there(push->action) && !action_token(shape, push->action))
		return 0;
	const uint8_t full[] = { push->transaction, PUSH, 8, 3, shape->media, PARAMETER_CHARSET,
		SHORT_UTF8, HEADER_APPLICATION, APPLICATION_BROWSER, HEADER_PUSH_FLAG, FLAG_LAST };
	const uint8_t brief[] = { push->transaction, PUSH, 1, shape->media };
	const uint8_t head[] = { WBXML_1_2, shape->public_id, MIB_UTF8, 0 };
	struct pen pen = { .at = out, .room = room };
	if (push->full)
		put(&pen, full, sizeof full);
	else
		put(&pen, brief, sizeof brief);
	put(&pen, head, sizeof head);
	put_element(&pen, shape, push);
	return pen.full ? 0 : pen.n;
}

/* An IMSI as a SIM holds it (3GPP TS 31.102, 4.2.2): a nibble that says whether the
 * digits are odd, the digits, a filler; low nibble first. 0 when it is no IMSI. */
static size_t imsi_octets(uint8_t out[8], const char *imsi, size_t digits)
{
	if (digits < 6 || digits > 15 || strspn(imsi, "0123456789") < digits)
		return 0;
	const size_t n = digits / 2 + 1;
	memset(out, 0xFF, n);
	out[0] = digits % 2 ? 0xF9 : 0xF1;
	for (size_t i = 0; i < digits; i++) {
		uint8_t *octet = &out[(i + 1) / 2];
		const unsigned digit = (unsigned)(imsi[i] - '0');
		*octet = (uint8_t)(i % 2 ? (*octet & 0xF0) | digit : (*octet & 0x0F) | digit << 4);
	}
	return n;
}

enum { PIN_MAX = 64 };

/* The key of the MAC; 0 when the pin is not of the form that this security asks for. */
static size_t security_key(uint8_t key[8 + PIN_MAX], const struct wap_settings *settings)
{
	const char *pin = settings->pin;
	if (!is_there(pin) || strlen(pin) > PIN_MAX)
		return 0;
	size_t n = 0;
	if (settings->security == WAP_SECURITY_NETWORK_PIN)
		return imsi_octets(key, pin, strlen(pin));
	if (settings->security == WAP_SECURITY_BOTH_PINS) {
		const char *colon = strchr(pin, ':');
		n = colon ? imsi_octets(key, pin, (size_t)(colon - pin)) : 0;
		if (n == 0 || colon[1] == '\0')
			return 0;
		pin = colon + 1;
	}
	memcpy(key + n, pin, strlen(pin));
	return n + strlen(pin);
}

/* Writes the content type of provisioning; false when its security cannot be had. */
static bool put_provisioning(struct pen *pen, const struct wap_settings *settings)
{
	static const char hex[] = "0123456789ABCDEF";
	const uint8_t security = (uint8_t)(SHORT | (unsigned)settings->security);
	uint8_t key[8 + PIN_MAX], mac[EVP_MAX_MD_SIZE];
	if (settings->security == WAP_SECURITY_NONE) {
		put(pen, (const uint8_t[]){ 1, MEDIA_PROVISIONING }, 2);
		return true;
	}
	if (settings->security == WAP_SECURITY_USER_PIN_MAC) {
		put(pen, (const uint8_t[]){ 4, 3, MEDIA_PROVISIONING, PARAMETER_SECURITY, security }, 5);
		return true;
	}
	const size_t n = security_key(key, settings);
	unsigned octets = 0;
	if (n == 0 || !HMAC(EVP_sha1(), key, (int)n, settings->wbxml, settings->len, mac, &octets))
		return false;
	const uint8_t value = (uint8_t)(4 + 2 * octets + 1);
	put(pen, (const uint8_t[]){ (uint8_t)(value + 2), LONG_LENGTH, value, MEDIA_PROVISIONING,
	    PARAMETER_SECURITY, security, PARAMETER_MAC }, 7);
	for (unsigned i = 0; i < octets; i++)
		put(pen, (const char[]){ hex[mac[i] >> 4], hex[mac[i] & 15] }, 2);
	put_octet(pen, 0);
	return true;
}

/* The content type of settings of Nokia's and Ericsson's: a name in full. */
static void put_browser(struct pen *pen, const char *word)
{
	static const char type[] = "application/x-wap-prov.";
	const size_t value = strlen(type) + strlen(word) + 3;
	put(pen, (const uint8_t[]){ (uint8_t)(value + 2), LONG_LENGTH, (uint8_t)value }, 3);
	put(pen, type, strlen(type));
	put(pen, word, strlen(word) + 1);
	put(pen, (const uint8_t[]){ PARAMETER_CHARSET, SHORT_UTF8 }, 2);
}

size_t wap_write_ota(uint8_t *out, size_t room, const struct wap_settings *settings)
{
	const char *content = settings->content ? settings->content : "";
	struct pen pen = { .at = out, .room = room };
	if (settings->len == 0 || settings->security < WAP_SECURITY_NONE ||
	    settings->security > WAP_SECURITY_USER_PIN_MAC)
		return 0;
	put(&pen, (const uint8_t[]){ settings->transaction, PUSH }, 2);
	if (strcmp(content, "provisioning") == 0) {
		if (!put_provisioning(&pen, settings))
			return 0;
	} else if (settings->security == WAP_SECURITY_NONE &&
	    (strcmp(content, "browser-settings") == 0 || strcmp(content, "browser-bookmarks") == 0)) {
		put_browser(&pen, content);
	} else {
		return 0;
	}
	put(&pen, settings->wbxml, settings->len);
	return pen.full ? 0 : pen.n;
}

/* Octets that are being read; once `bad` it gives nothing but zeros. */
struct reader { const uint8_t *at; size_t n, len; bool bad; };
struct slice { const uint8_t *at; size_t len; };

static uint8_t take(struct reader *from)
{
	from->bad |= from->n == from->len;
	return from->bad ? 0 : from->at[from->n++];
}

static struct slice take_some(struct reader *from, size_t len)
{
	from->bad |= len > from->len - from->n;
	if (from->bad || len == 0)
		return (struct slice){ .len = 0 };
	from->n += len;
	return (struct slice){ from->at + from->n - len, len };
}

/* Seven bits an octet, all but the last marked (uintvar, mb_u_int32): up to 32 bits. */
static uint32_t take_number(struct reader *from)
{
	uint64_t number = 0;
	for (unsigned i = 0; i < 5; i++) {
		const uint8_t octet = take(from);
		number = number << 7 | (octet & 0x7F);
		if (octet & 0x80)
			continue;
		from->bad |= number > UINT32_MAX;
		return from->bad ? 0 : (uint32_t)number;
	}
	from->bad = true;
	return 0;
}

/* Up to a NUL, which has to be there and is taken too. */
static struct slice take_string(struct reader *from)
{
	const size_t left = from->len - from->n;
	const uint8_t *at = from->bad || left == 0 ? NULL : from->at + from->n;
	const uint8_t *end = at ? memchr(at, 0, left) : NULL;
	from->bad |= !end;
	if (!end)
		return (struct slice){ .len = 0 };
	from->n += (size_t)(end - at) + 1;
	return (struct slice){ at, (size_t)(end - at) };
}

/* Where text goes, as UTF-8. `full` as soon as a character might not have fitted. */
struct sink { char *at; size_t n, room; bool full; };

static struct sink sink_new(char *at, size_t room)
{
	if (room)
		at[0] = '\0';
	return (struct sink){ .at = at, .room = room };
}

static void say(struct sink *into, enum charset charset, struct slice text)
{
	if (into->full || text.len == 0)
		return;
	if (into->room > into->n)
		into->n += charset_to_utf8(into->at + into->n, into->room - into->n, charset, text.at,
		    text.len, NULL);
	into->full = into->room < into->n + 5;
}

static void say_word(struct sink *into, const char *word)
{
	say(into, CHARSET_UTF8, (struct slice){ (const uint8_t *)word, strlen(word) });
}

/* A document while it is read. */
struct document {
	struct reader octets;
	const struct shape *shape;
	enum charset charset;
	struct slice table;             /* the strings that a number stands for */
	struct sink text, url;
	const char *action;
	bool has_subject, has_url;      /* the subject: an SI's indication, an SL as a whole */
	uint8_t inside[3];              /* tags of the elements around, outermost first */
	unsigned depth;
};

static bool charset_of(uint32_t mib, enum charset *charset)
{
	for (size_t i = 0; i < sizeof charsets / sizeof *charsets; i++) {
		if (charsets[i].mib != mib)
			continue;
		*charset = charsets[i].charset;
		return true;
	}
	return false;
}

static struct slice table_string(struct document *document, uint32_t offset)
{
	struct reader table = { .at = document->table.at, .len = document->table.len };
	take_some(&table, offset);
	const struct slice string = take_string(&table);
	document->octets.bad |= table.bad;
	return string;
}

static void say_entity(struct document *document, uint32_t point, struct sink *into)
{
	char octets[4];
	if (point == 0 || point > 0x10FFFF || (point >= 0xD800 && point <= 0xDFFF))
		document->octets.bad = true;
	else if (into)
		say(into, CHARSET_UTF8, (struct slice){ (const uint8_t *)octets, utf8_put(octets, point) });
}

/* Reads a token that stands for text, in content or attributes alike, into a sink or
 * over it (NULL). False when it is not such a token; then nothing more is read. */
static bool read_text(struct document *document, uint8_t token, struct sink *into)
{
	struct reader *octets = &document->octets;
	struct slice string = { .len = 0 };
	switch (token) {
	case STRING:
		string = take_string(octets);
		break;
	case TABLE_STRING:
		string = table_string(document, take_number(octets));
		break;
	case ENTITY:
		say_entity(document, take_number(octets), into);
		return true;
	case EXTENSION_STRING: case EXTENSION_STRING + 1: case EXTENSION_STRING + 2:
		take_string(octets);
		octets->bad |= into != NULL;
		return true;
	case EXTENSION_NUMBER: case EXTENSION_NUMBER + 1: case EXTENSION_NUMBER + 2:
		take_number(octets);
		octets->bad |= into != NULL;
		return true;
	case EXTENSION: case EXTENSION + 1: case EXTENSION + 2:
		octets->bad |= into != NULL;
		return true;
	case OPAQUE:
		take_some(octets, take_number(octets));
		octets->bad |= into != NULL;
		return true;
	default:
		return false;
	}
	if (into && !octets->bad)
		say(into, document->charset, string);
	return true;
}

/* Where the values of an attribute go: the URL, or nowhere (NULL). */
static struct sink *start_attribute(struct document *document, uint8_t token)
{
	const struct shape *shape = document->shape;
	if (token >= ACTION_FIRST && token < ACTION_FIRST + shape->action_count)
		document->action = wap_action_words[shape->actions + token - ACTION_FIRST];
	if (token < shape->href || token >= shape->href + PREFIXES)
		return NULL;
	document->octets.bad |= document->has_url;
	document->has_url = true;
	say_word(&document->url, prefixes[token - shape->href]);
	return &document->url;
}

/* Attributes up to their end; they count (`said`) or are stepped over. */
static void read_attributes(struct document *document, bool said)
{
	struct reader *octets = &document->octets;
	struct sink *into = NULL;
	bool started = false;
	for (;;) {
		const uint8_t token = take(octets);
		if (octets->bad || token == END)
			return;
		const bool global = (token & TOKEN_BITS) < GLOBALS;
		if (token == SWITCH_PAGE) {
			octets->bad |= take(octets) != 0;
		} else if (token == LITERAL) {
			table_string(document, take_number(octets));
			octets->bad |= said;
			started = true;
		} else if (token < 0x80 && !global) {
			into = said ? start_attribute(document, token) : NULL;
			started = true;
		} else if (!started) {
			octets->bad = true;
		} else if (!global) {
			const unsigned domain = token - DOMAIN_FIRST;
			if (into && domain < DOMAINS)
				say_word(into, domains[domain]);
			octets->bad |= into && domain >= DOMAINS;
		} else if (!read_text(document, token, into)) {
			octets->bad = true;
		}
	}
}

static bool is_known_here(const struct document *document, uint8_t tag)
{
	if (document->depth == 0)
		return tag == TAG_ROOT;
	if (document->shape != &shapes[WAP_SI])
		return false;
	const uint8_t parent = document->inside[document->depth - 1];
	return (parent == TAG_ROOT && (tag == TAG_INDICATION || tag == TAG_INFO)) ||
	    (parent == TAG_INFO && tag == TAG_ITEM);
}

static void read_element(struct document *document, uint8_t token)
{
	const uint8_t tag = token & TOKEN_BITS;
	if (tag < GLOBALS || !is_known_here(document, tag)) {
		document->octets.bad = true;
		return;
	}
	const bool subject = tag == (document->shape == &shapes[WAP_SI] ? TAG_INDICATION : TAG_ROOT);
	document->octets.bad |= subject && document->has_subject;
	document->has_subject |= subject;
	if (token & HAS_ATTRIBUTES)
		read_attributes(document, subject);
	if (token & HAS_CONTENT)
		document->inside[document->depth++] = tag;
}

/* The element around everything, with what is in front of it; not what is behind. */
static void read_body(struct document *document)
{
	struct reader *octets = &document->octets;
	bool rooted = false;
	while (!octets->bad && !(rooted && document->depth == 0)) {
		const uint8_t token = take(octets);
		const bool said = document->depth == 2 && document->inside[1] == TAG_INDICATION;
		if (octets->bad)
			break;
		if (token == SWITCH_PAGE) {
			octets->bad |= take(octets) != 0;
		} else if (token == PROCESSING) {
			read_attributes(document, false);
		} else if (token == END || (token & TOKEN_BITS) < GLOBALS) {
			octets->bad |= document->depth == 0;
			if (token == END && document->depth > 0)
				document->depth--;
			else if (!octets->bad && !read_text(document, token, said ? &document->text : NULL))
				octets->bad = true;
		} else {
			read_element(document, token);
			rooted = true;
		}
	}
}

static bool is_named(struct slice name, const char *word)
{
	return name.len == strlen(word) && strncasecmp((const char *)name.at, word, name.len) == 0;
}

static bool read_wbxml(struct reader *body, struct wap_view *view)
{
	struct document document = { .shape = &shapes[view->kind],
		.text = sink_new(view->text, view->text_room), .url = sink_new(view->url, view->url_room) };
	const uint8_t version = take(body);
	if (version < WBXML_1_1 || version > WBXML_1_3)
		return false;
	const uint32_t public_id = take_number(body);
	const uint32_t doctype = public_id == 0 ? take_number(body) : 0;
	if (!charset_of(take_number(body), &document.charset))
		return false;
	document.table = take_some(body, take_number(body));
	document.octets = *body;
	if (public_id == 0 && !is_named(table_string(&document, doctype), document.shape->doctype))
		return false;
	if (public_id > PUBLIC_UNKNOWN && public_id != document.shape->public_id)
		return false;
	read_body(&document);
	view->action = document.action;
	return !document.octets.bad && document.has_subject && !document.url.full &&
	    (document.has_url || view->kind == WAP_SI);
}

/* The value of a header: text, one octet (of which a short integer is made), or octets
 * behind their length (a long integer, or a value with a form of its own). */
struct value { enum { VALUE_TEXT, VALUE_OCTET, VALUE_OCTETS } form; struct slice octets; };

static struct value take_value(struct reader *from)
{
	const uint8_t first = take(from);
	if (from->bad)
		return (struct value){ .form = VALUE_OCTETS };
	if (first < LONG_LENGTH)
		return (struct value){ VALUE_OCTETS, take_some(from, first) };
	if (first == LONG_LENGTH)
		return (struct value){ VALUE_OCTETS, take_some(from, take_number(from)) };
	if (first != QUOTE)
		from->n--;
	if (first >= SHORT)
		return (struct value){ VALUE_OCTET, take_some(from, 1) };
	return (struct value){ VALUE_TEXT, take_string(from) };
}

/* An integer, short or long, up to 64 bits; *bad when it is none. */
static uint64_t value_number(struct value value, bool *bad)
{
	uint64_t number = 0;
	*bad |= value.form == VALUE_TEXT || value.octets.len == 0 || value.octets.len > sizeof number;
	if (*bad)
		return 0;
	if (value.form == VALUE_OCTET)
		return value.octets.at[0] & 0x7F;
	for (size_t i = 0; i < value.octets.len; i++)
		number = number << 8 | value.octets.at[i];
	return number;
}

/* Text alone, or charset and text. The last of several counts. */
static void say_encoded(struct sink *into, struct value value, bool *bad)
{
	enum charset charset = CHARSET_UTF8;
	struct slice text = value.octets;
	if (value.form != VALUE_TEXT) {
		struct reader inner = { .at = text.at, .len = text.len };
		const uint64_t mib = value_number(take_value(&inner), &inner.bad);
		if (!inner.bad && inner.n < inner.len && inner.at[inner.n] == QUOTE)
			inner.n++;
		text = take_string(&inner);
		*bad |= inner.bad || mib > UINT32_MAX || !charset_of((uint32_t)mib, &charset);
	}
	*into = sink_new(into->at, into->room);
	if (!*bad)
		say(into, charset, text);
}

static void read_from(struct value value, struct wap_view *view, bool *bad)
{
	struct reader inner = { .at = value.octets.at, .len = value.octets.len };
	struct sink into = sink_new(view->from, sizeof view->from);
	*bad |= value.form != VALUE_OCTETS;
	if (!*bad && take(&inner) == MMS_ADDRESS_PRESENT)
		say_encoded(&into, take_value(&inner), &inner.bad);
	*bad |= inner.bad;
}

/* A notification is headers to the end, the message type first. */
static bool read_mms(struct reader *body, struct wap_view *view)
{
	struct sink text = sink_new(view->text, view->text_room);
	struct sink url = sink_new(view->url, view->url_room);
	bool has_url = false;
	if (take(body) != MMS_TYPE || take(body) != MMS_NOTIFICATION)
		return false;
	while (!body->bad && body->n < body->len) {
		if (body->at[body->n] < SHORT) {        /* a header by its name */
			body->bad |= body->at[body->n] <= ' ';
			take_string(body);
			take_string(body);
			continue;
		}
		const uint8_t name = take(body);
		const struct value value = take_value(body);
		if (body->bad)
			break;
		switch (name) {
		case MMS_TYPE:
			return false;
		case MMS_LOCATION:
			body->bad |= has_url || value.form != VALUE_TEXT || value.octets.len == 0;
			has_url = true;
			say(&url, CHARSET_UTF8, value.octets);
			break;
		case MMS_SUBJECT:
			say_encoded(&text, value, &body->bad);
			break;
		case MMS_FROM:
			read_from(value, view, &body->bad);
			break;
		case MMS_SIZE:
			view->size = value_number(value, &body->bad);
			break;
		default:
			break;
		}
	}
	return !body->bad && has_url && !url.full;
}

/* What a push is, by its content type; false when it is none of ours. */
static bool read_media(struct reader *headers, enum wap_kind *kind)
{
	struct value media = take_value(headers);
	if (media.form == VALUE_OCTETS) {       /* the type, then parameters that change nothing */
		struct reader inner = { .at = media.octets.at, .len = media.octets.len };
		media = take_value(&inner);
		headers->bad |= inner.bad;
	}
	if (headers->bad || media.octets.len == 0)
		return false;
	for (unsigned i = 0; i < SHAPES; i++) {
		const bool same = media.form == VALUE_TEXT ? is_named(media.octets, shapes[i].media_name)
		    : media.form == VALUE_OCTET && media.octets.at[0] == shapes[i].media;
		if (!same)
			continue;
		*kind = (enum wap_kind)i;
		return true;
	}
	return false;
}

bool wap_text(const uint8_t *at, size_t len, struct wap_view *view)
{
	struct reader octets = { .at = at, .len = len };
	*view = (struct wap_view){ .text = view->text, .url = view->url,
		.text_room = view->text_room, .url_room = view->url_room };
	sink_new(view->text, view->text_room);
	sink_new(view->url, view->url_room);
	view->transaction = take(&octets);
	if (take(&octets) != PUSH)
		return false;
	const struct slice head = take_some(&octets, take_number(&octets));
	struct reader headers = { .at = head.at, .len = head.len, .bad = octets.bad };
	if (!read_media(&headers, &view->kind))
		return false;
	if (view->kind == WAP_MMS ? read_mms(&octets, view) : read_wbxml(&octets, view))
		return true;
	sink_new(view->text, view->text_room);
	sink_new(view->url, view->url_room);
	view->from[0] = '\0';
	return false;
}
