/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tls.h - TLS to a peer, by OpenSSL; for streams and the drivers that open them.
 */
#ifndef TLS_H
#define TLS_H

#include "../conf/conf.h"

#include <stdbool.h>
#include <stddef.h>

struct tls;
struct ssl_st;

/* What a link says of it. */
struct tls_settings {
	bool on;
	bool verify;                    /* the peer's certificate; off only where there is no other way */
	char *ca;                       /* file of the authorities to trust; "": the system's */
	char *client_ca;                /* the same for peers that connect to us; "": they show no certificate */
	char *name;                     /* that the certificate is to be for; "": the host's */
	struct conf_list pins;          /* fingerprints, of which the peer's certificate has one; empty: any */
	char *certificate, *key;        /* files of our own; "": none */
	int least;                      /* index in tls_versions */
};
extern const char *const tls_versions[]; /* "1.2" "1.3" NULL */

/* Rows of a driver's table of keys; `offset` is that of its struct tls_settings. */
#define TLS_KEYS(offset) \
	{ "tls", CONF_SWITCH, (offset) + offsetof(struct tls_settings, on), .fallback = "off", \
	  .help = "encrypt the connection" }, \
	{ "tls_verify", CONF_SWITCH, (offset) + offsetof(struct tls_settings, verify), .fallback = "on", \
	  .help = "refuse a provider whose certificate cannot be verified" }, \
	{ "tls_ca", CONF_TEXT, (offset) + offsetof(struct tls_settings, ca), .fallback = "", \
	  .help = "file with the authorities to trust (PEM); empty: those of the system" }, \
	{ "tls_client_ca", CONF_TEXT, (offset) + offsetof(struct tls_settings, client_ca), .fallback = "", \
	  .help = "ask who connects to us (listen) for a certificate of the authorities in this file (PEM)" }, \
	{ "tls_name", CONF_TEXT, (offset) + offsetof(struct tls_settings, name), .fallback = "", \
	  .help = "the name in the provider's certificate, where it is not the host's" }, \
	{ "tls_pin", CONF_LIST, (offset) + offsetof(struct tls_settings, pins), .fallback = "", \
	  .help = "SHA-256 fingerprint that the peer's certificate must have, in hexadecimal; or several" }, \
	{ "tls_certificate", CONF_TEXT, (offset) + offsetof(struct tls_settings, certificate), \
	  .fallback = "", .help = "file with our own certificate and its chain (PEM), if the provider asks" }, \
	{ "tls_key", CONF_TEXT, (offset) + offsetof(struct tls_settings, key), .fallback = "", \
	  .help = "file with its private key (PEM); empty: it is in the file of the certificate" }, \
	{ "tls_least", CONF_WORD, (offset) + offsetof(struct tls_settings, least), .fallback = "1.2", \
	  .words = tls_versions, .help = "the oldest version that is taken" }

/* Reads the files. NULL: *err says which is wrong, and why. */
struct tls *tls_new(const struct tls_settings *, struct conf_error *err);
/* The same for peers that connect to us. It needs a certificate of ours, and asks for one of
 * theirs when client_ca says who signs such, or pins which it is: without it the handshake fails. */
struct tls *tls_new_server(const struct tls_settings *, struct conf_error *err);
void tls_free(struct tls *);            /* NULL is allowed; sessions that began go on */

/* A session with `host` (a name or an address), not begun: whoever gets it frees it. It
 * asks for the name (SNI), and checks it. That of a server has no host: NULL. */
struct ssl_st *tls_session(struct tls *, const char *host);

/* Why the handshake of a session of a struct tls that still is failed, which check it was, and
 * what to do. `error` is OpenSSL's, 0: it has none. */
void tls_explain(struct ssl_st *, unsigned long error, char *out, size_t room);

/* OpenSSL's words for an error. */
const char *tls_reason(unsigned long error);

/* "TLSv1.3 TLS_AES_256_GCM_SHA384, certificate of smsc.example until 2027-01-01",
 * or without the latter where the peer has none. */
void tls_describe(struct ssl_st *, char *out, size_t room);

#endif
