/* SPDX-License-Identifier: Apache-2.0 */
/*
 * wap.h - WAP push over SMS: what a phone gets on port 2948 (and settings of an older
 * make on port 49999), as one WSP push PDU.
 *
 * Service indication (SI: a text and a URL), service loading (SL: a URL) and settings
 * are written; SI, SL and the notification of a multimedia message are read. The ports
 * and the parts a PDU is split into are the user data header's (udh.h).
 */
#ifndef WAP_H
#define WAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum wap_kind { WAP_SI, WAP_SL, WAP_MMS };
enum { WAP_PORT = 2948, WAP_PORT_SETTINGS = 49999, WAP_PORT_SOURCE = 9200, WAP_FROM_ROOM = 256 };

/* Signal-none, signal-low, signal-medium, signal-high, delete: of an SI; then
 * execute-low, execute-high, cache: of an SL. NULL-ended. */
extern const char *const wap_action_words[];

/* A push to be written. Strings are UTF-8; NULL and "" both mean none. */
struct wap_push {
	enum wap_kind kind;             /* WAP_SI or WAP_SL */
	uint8_t transaction;            /* any; equal pushes should differ in it */
	bool full;                      /* with charset, application and push flag in its header */
	const char *href;
	const char *text, *id;          /* these and the times: SI only */
	int64_t created_at, expires_at; /* Unix seconds, 0 none */
	const char *action;             /* a word of wap_action_words[], NULL: the phone's default */
};

/*
 * Writes a push. Returns its octets; 0 when it does not fit into `room` (which then
 * holds part of it) or cannot be: an action of the other kind or none, a string that
 * is no UTF-8, a time before 1970 or after the year 9999, an SI with neither href nor
 * text nor id, an SI to delete or without signal that has no id, one to delete that
 * has text, an SL without href or with what only an SI has.
 */
size_t wap_write(uint8_t *out, size_t room, const struct wap_push *);

/* How a phone knows whom settings are from (OMA Provisioning Bootstrap, 5.2). */
enum wap_security {
	WAP_SECURITY_NONE = -1,
	WAP_SECURITY_NETWORK_PIN,       /* pin is the IMSI: 6 to 15 digits */
	WAP_SECURITY_USER_PIN,          /* pin is what the user is to type in */
	WAP_SECURITY_BOTH_PINS,         /* pin is IMSI:PIN */
	WAP_SECURITY_USER_PIN_MAC,      /* the MAC goes to the user another way: no pin here */
};

/* Settings to be written: a finished document and how it is announced. */
struct wap_settings {
	uint8_t transaction;
	const char *content;            /* browser-settings, browser-bookmarks, provisioning */
	enum wap_security security;     /* provisioning only */
	const char *pin;                /* at most 64 octets */
	const uint8_t *wbxml;
	size_t len;
};

/* Writes settings. Returns their octets; 0 when they do not fit into `room` (which then
 * holds part of them) or cannot be: another content, no document, a pin that is missing
 * or of the wrong form, security where there is none, or a library that refuses SHA-1. */
size_t wap_write_ota(uint8_t *out, size_t room, const struct wap_settings *);

/* What a push says to a person. The caller sets text, url and their rooms. */
struct wap_view {
	char *text, *url;               /* the caller's; UTF-8, ended with a NUL */
	size_t text_room, url_room;
	enum wap_kind kind;
	uint8_t transaction;
	const char *action;             /* a word of wap_action_words[], NULL when it says none */
	char from[WAP_FROM_ROOM];       /* MMS: as it stands, mostly NUMBER/TYPE=PLMN; "" hidden */
	uint64_t size;                  /* MMS: octets, 0 unknown */
};

/*
 * Reads a WSP push PDU from anyone: into text the message of an SI or the subject of a
 * multimedia message, into url its address. False when it is anything else, does not
 * add up, has parts whose meaning is not known where text or URL should be, or a URL
 * within five octets of url_room or beyond; text, url and from are then "". A text that
 * is too long is cut at a whole character. Of the document nothing is read behind its
 * end, so that octets there do no harm.
 */
bool wap_text(const uint8_t *at, size_t len, struct wap_view *);

#endif
