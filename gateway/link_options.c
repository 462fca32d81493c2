/* SPDX-License-Identifier: Apache-2.0 */
/* link_options.c - the keys that every link has, and what they say of texts. */
#include "link.h"

enum { QUOTA_MAX = 1000000000 };

static const char *const link_doubt_words[] = { [DOUBT_HOLD] = "hold", [DOUBT_RESEND] = "resend",
	[LINK_DOUBT_DEFAULT] = "default", NULL };

static const char *const transliterate_words[] = { "off", "typographic", "accents", "greek",
	"cyrillic", "on", NULL };

const struct conf_key link_keys[] = {
	{ .name = "driver", .type = CONF_TEXT, .offset = offsetof(struct link_options, driver),
	  .required = true, .help = "the protocol: smpp, ucp, cimd2, modem, loop" },
	{ .name = "account", .type = CONF_TEXT, .offset = offsetof(struct link_options, account),
	  .live = true,
	  .help = "links of one account with a provider name it alike: receipts for one may come in on "
	  "another" },
	{ .name = "rate", .type = CONF_NUMBER, .offset = offsetof(struct link_options, rate),
	  .fallback = "0", .min = 0, .max = 1000000, .live = true,
	  .help = "message parts a second at most; 0: as fast as the window lets" },
	{ .name = "interval", .type = CONF_SECONDS, .offset = offsetof(struct link_options, interval),
	  .fallback = "0", .min = 0, .max = 86400, .live = true,
	  .help = "seconds between two message parts at least; the slower of rate and interval counts" },
	{ .name = "quota_hour", .type = CONF_NUMBER,
	  .offset = offsetof(struct link_options, quota[USE_HOUR]), .fallback = "0", .min = 0,
	  .max = QUOTA_MAX, .live = true,
	  .help = "message parts in an hour at most, from one full hour to the next; 0: no limit" },
	{ .name = "quota_day", .type = CONF_NUMBER,
	  .offset = offsetof(struct link_options, quota[USE_DAY]), .fallback = "0", .min = 0,
	  .max = QUOTA_MAX, .live = true,
	  .help = "message parts in a day at most, from midnight to midnight of the local time; 0: no limit" },
	{ .name = "quota_month", .type = CONF_NUMBER,
	  .offset = offsetof(struct link_options, quota[USE_MONTH]), .fallback = "0", .min = 0,
	  .max = QUOTA_MAX, .live = true,
	  .help = "message parts in a month of the calendar at most; 0: no limit" },
	{ .name = "prefetch", .type = CONF_NUMBER, .offset = offsetof(struct link_options, prefetch),
	  .fallback = "2000", .min = 0, .max = 100000, .live = true,
	  .help = "message parts kept ready beyond the window, at most; never more than were "
	  "answered in the last second" },
	{ .name = "reconnect_min", .type = CONF_SECONDS,
	  .offset = offsetof(struct link_options, reconnect_min), .fallback = "1", .min = 0,
	  .max = 3600, .live = true,
	  .help = "seconds before the first try to connect again; doubles with each failure" },
	{ .name = "reconnect_max", .type = CONF_SECONDS,
	  .offset = offsetof(struct link_options, reconnect_max), .fallback = "60", .min = 1,
	  .max = 86400, .live = true, .help = "seconds between tries to connect, at most" },
	{ .name = "in_doubt", .type = CONF_WORD, .offset = offsetof(struct link_options, in_doubt),
	  .fallback = "default", .words = link_doubt_words, .live = true,
	  .help = "a message that left over this link and was never answered: hold, resend, or default "
	  "(as the gateway has it); a row that says something wins" },
	{ .name = "encoding", .type = CONF_WORD, .offset = offsetof(struct link_options, encoding),
	  .fallback = "auto", .words = encoding_words, .live = true,
	  .help = "of texts: auto (GSM 7-bit when that loses nothing, else UCS-2), gsm7 (else the row "
	  "fails), gsm7-lossy (? for what is missing) or ucs2" },
	{ .name = "transliterate", .type = CONF_WORD,
	  .offset = offsetof(struct link_options, transliterate), .fallback = "off",
	  .words = transliterate_words, .live = true,
	  .help = "replace characters to stay in GSM 7-bit: off, typographic, accents, greek, "
	  "cyrillic (each with those before it) or on (all)" },
	{ .name = "national", .type = CONF_LIST, .offset = offsetof(struct link_options, national),
	  .live = true,
	  .help = "national language tables that may save parts: turkish, spanish, portuguese, "
	  "bengali, gujarati, hindi, kannada, malayalam, oriya, punjabi, tamil, telugu, urdu, or all" },
	{ .name = "concat", .type = CONF_WORD, .offset = offsetof(struct link_options, concat),
	  .fallback = "udh8", .words = concat_words, .live = true,
	  .help = "how parts of a long message are marked: udh8 or udh16 (a header with a reference "
	  "of 8 or 16 bits), sar (SMPP TLVs) or payload (one PDU, the message centre cuts)" },
	{ .name = "max_parts", .type = CONF_NUMBER, .offset = offsetof(struct link_options, max_parts),
	  .fallback = "20", .min = 1, .max = PARTS_MAX, .live = true,
	  .help = "a message that needs more parts fails" },
	{ .name = "reserve", .type = CONF_NUMBER, .offset = offsetof(struct link_options, reserve),
	  .fallback = "0", .min = 0, .max = 100, .live = true,
	  .help = "octets of each part that are left free for headers that others add" },
	{ .name = NULL },
};

bool link_encode_rules(const struct link_options *options, const struct driver *driver,
    struct encode_rules *rules, struct conf_error *err)
{
	*rules = (struct encode_rules){ .encoding = options->encoding, .concat = options->concat,
		.transliterate = options->transliterate,
		.max_parts = (int)options->max_parts, .reserve = (int)options->reserve };
	for (size_t i = 0; i < options->national.n; i++) {
		uint32_t mask = encode_national(options->national.items[i]);
		if (!mask)
			return conf_fail(err, "national: \"%.40s\" has no table: one of turkish, spanish, "
			    "portuguese, bengali, gujarati, hindi, kannada, malayalam, oriya, punjabi, tamil, "
			    "telugu, urdu, all", options->national.items[i]);
		rules->national_single |= (int32_t)mask;
		rules->national_locking |= (int32_t)mask;
	}
	if (!(driver->concats >> options->concat & 1))
		return conf_fail(err, "concat = %s: driver %s cannot carry such parts",
		    concat_words[options->concat], driver->name);
	return true;
}
