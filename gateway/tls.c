/* SPDX-License-Identifier: Apache-2.0 */
/* tls.c - what OpenSSL is told, and what it says, in words. */
#include "tls.h"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

const char *const tls_versions[] = { "1.2", "1.3", NULL };

enum { PIN_LEN = 32, PIN_TEXT = 2 * PIN_LEN + 1 }; /* SHA-256 */

struct tls {
	SSL_CTX *context;
	char *name;                     /* "": the host's */
	bool verify;                    /* who signed it, its dates, its name */
	uint8_t (*pins)[PIN_LEN];       /* NULL: any will do */
	size_t npins;
	const SSL *odd;                 /* the last session whose peer had another, */
	uint8_t odd_pin[PIN_LEN];       /* and which */
};

const char *tls_reason(unsigned long error)
{
	const char *text = ERR_reason_error_string(error);
	return text ? text : "unknown error";
}

/* The last error of this thread, and forgets the others. */
static const char *reason(void)
{
	const unsigned long error = ERR_peek_last_error();
	ERR_clear_error();
	return tls_reason(error);
}

/* Whom to believe that says who the peer is. */
static bool load_authorities(SSL_CTX *context, const struct tls_settings *settings,
    struct conf_error *err)
{
	if (*settings->ca ? SSL_CTX_load_verify_locations(context, settings->ca, NULL) != 1
	    : SSL_CTX_set_default_verify_paths(context) != 1)
		return conf_fail(err, "tls_ca: %s cannot be read: %s", *settings->ca ? settings->ca
		    : "the system's list", reason());
	return true;
}

/* The same for peers that connect to us. They are told the names, and choose by them. */
static bool load_client_authorities(SSL_CTX *context, const struct tls_settings *settings,
    struct conf_error *err)
{
	if (!*settings->client_ca)
		return true;
	STACK_OF(X509_NAME) *names = SSL_load_client_CA_file(settings->client_ca);
	if (!names || SSL_CTX_load_verify_locations(context, settings->client_ca, NULL) != 1) {
		sk_X509_NAME_pop_free(names, X509_NAME_free);
		return conf_fail(err, "tls_client_ca: %s cannot be read: %s", settings->client_ca, reason());
	}
	SSL_CTX_set_client_CA_list(context, names);
	return true;
}

static bool load(SSL_CTX *context, const struct tls_settings *settings, struct conf_error *err)
{
	const char *key = *settings->key ? settings->key : settings->certificate;
	if (*settings->key && !*settings->certificate)
		return conf_fail(err, "tls_key is given without tls_certificate");
	if (!*settings->certificate)
		return true;
	if (SSL_CTX_use_certificate_chain_file(context, settings->certificate) != 1)
		return conf_fail(err, "tls_certificate: %s cannot be read: %s", settings->certificate, reason());
	if (SSL_CTX_use_PrivateKey_file(context, key, SSL_FILETYPE_PEM) != 1)
		return conf_fail(err, "tls_key: %s cannot be read, or does not go with tls_certificate: %s", key,
		    reason());
	return true;
}

/* Fingerprints. */

/* "AB:CD..." or "abcd...". */
static bool read_pin(const char *text, uint8_t pin[PIN_LEN])
{
	for (size_t i = 0; i < PIN_LEN; i++) {
		char octet[3] = "";
		text += i > 0 && *text == ':';
		if (!isxdigit((unsigned char)text[0]) || !isxdigit((unsigned char)text[1]))
			return false;
		memcpy(octet, text, 2);
		pin[i] = (uint8_t)strtoul(octet, NULL, 16);
		text += 2;
	}
	return !*text;
}

static void write_pin(const uint8_t pin[PIN_LEN], char out[PIN_TEXT])
{
	for (size_t i = 0; i < PIN_LEN; i++)
		snprintf(out + 2 * i, 3, "%02x", pin[i]);
}

static bool has_pin(const struct tls *tls, const uint8_t pin[PIN_LEN])
{
	for (size_t i = 0; i < tls->npins; i++)
		if (memcmp(tls->pins[i], pin, PIN_LEN) == 0)
			return true;
	return false;
}

/* In place of OpenSSL's own check, which it does first where that is wanted. 1: it is good. */
static int check_peer(X509_STORE_CTX *store, void *arg)
{
	struct tls *tls = arg;
	uint8_t pin[EVP_MAX_MD_SIZE];
	unsigned len;
	if (tls->verify && X509_verify_cert(store) != 1)
		return 0;
	if (X509_digest(X509_STORE_CTX_get0_cert(store), EVP_sha256(), pin, &len) != 1 || len != PIN_LEN)
		abort();
	const bool known = has_pin(tls, pin);
	if (!known) {
		tls->odd = X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx());
		memcpy(tls->odd_pin, pin, PIN_LEN);
	}
	X509_STORE_CTX_set_error(store, known ? X509_V_OK : X509_V_ERR_APPLICATION_VERIFICATION);
	return known;
}

static bool load_pins(struct tls *tls, const struct tls_settings *settings, struct conf_error *err)
{
	const struct conf_list *pins = &settings->pins;
	tls->pins = calloc(pins->n + 1, sizeof *tls->pins);
	if (!tls->pins)
		abort();
	for (size_t i = 0; i < pins->n; i++)
		if (*pins->items[i] && !read_pin(pins->items[i], tls->pins[tls->npins++]))
			return conf_fail(err, "tls_pin: \"%.100s\" is no SHA-256 fingerprint, which has 64 hexadecimal "
			    "digits, with or without colons: see openssl x509 -noout -fingerprint -sha256 -in FILE",
			    pins->items[i]);
	if (tls->npins)
		SSL_CTX_set_cert_verify_callback(tls->context, check_peer, tls);
	return true;
}

/* Whoever is asked for a certificate has to show one. */
static void ask_peer(struct tls *tls, bool verify)
{
	tls->verify = verify;
	SSL_CTX_set_app_data(tls->context, tls);
	SSL_CTX_set_verify(tls->context, verify || tls->npins ? SSL_VERIFY_PEER |
	    SSL_VERIFY_FAIL_IF_NO_PEER_CERT : SSL_VERIFY_NONE, NULL);
}

static struct tls *make(const SSL_METHOD *method, const struct tls_settings *settings)
{
	struct tls *tls = calloc(1, sizeof *tls);
	if (!tls || !(tls->name = strdup(settings->name)))
		abort();
	ERR_clear_error();
	tls->context = SSL_CTX_new(method);
	if (!tls->context)
		abort();
	SSL_CTX_set_min_proto_version(tls->context, settings->least ? TLS1_3_VERSION : TLS1_2_VERSION);
	SSL_CTX_set_mode(tls->context, SSL_MODE_RELEASE_BUFFERS);
	return tls;
}

struct tls *tls_new(const struct tls_settings *settings, struct conf_error *err)
{
	struct tls *tls = make(TLS_client_method(), settings);
	if (load_authorities(tls->context, settings, err) && load(tls->context, settings, err) &&
	    load_pins(tls, settings, err)) {
		ask_peer(tls, settings->verify);
		return tls;
	}
	tls_free(tls);
	return NULL;
}

struct tls *tls_new_server(const struct tls_settings *settings, struct conf_error *err)
{
	if (!*settings->certificate) {
		conf_fail(err, "tls_certificate is missing: who connects to us wants to see one");
		return NULL;
	}
	struct tls *tls = make(TLS_server_method(), settings);
	/* Each handshake is whole, so that nobody is let in by what an earlier one found. */
	SSL_CTX_set_session_cache_mode(tls->context, SSL_SESS_CACHE_OFF);
	SSL_CTX_set_num_tickets(tls->context, 0);
	SSL_CTX_set_options(tls->context, SSL_OP_NO_TICKET);
	if (load_client_authorities(tls->context, settings, err) && load(tls->context, settings, err) &&
	    load_pins(tls, settings, err)) {
		ask_peer(tls, *settings->client_ca);
		return tls;
	}
	tls_free(tls);
	return NULL;
}

void tls_free(struct tls *tls)
{
	if (!tls)
		return;
	SSL_CTX_free(tls->context);
	free(tls->name);
	free(tls->pins);
	free(tls);
}

SSL *tls_session(struct tls *tls, const char *host)
{
	const char *name = *tls->name ? tls->name : host;
	SSL *session = SSL_new(tls->context);
	if (!session)
		abort();
	if (!host)
		return session;
	if (X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(session), name) == 1)
		return session;                 /* an address has no SNI (RFC 6066, 3) */
	SSL_set_tlsext_host_name(session, name);
	if (SSL_set1_host(session, name) != 1)
		abort();
	return session;
}

/* What is wrong, when it is not the peer's certificate. */
static const char *failure(unsigned long error)
{
	if (!error)
		return "the peer closed the connection in the handshake";
	if (ERR_GET_LIB(error) == ERR_LIB_SSL && ERR_GET_REASON(error) == SSL_R_PEER_DID_NOT_RETURN_A_CERTIFICATE)
		return "the peer showed no certificate, and this link asks for one (tls_client_ca, tls_pin)";
	return tls_reason(error);
}

/* A certificate other than the one that is expected: both, so that a person can compare. */
static bool explain_pin(const SSL *session, char *out, size_t room)
{
	const struct tls *tls = SSL_CTX_get_app_data(SSL_get_SSL_CTX(session));
	char is[PIN_TEXT], pinned[PIN_TEXT];
	if (tls->odd != session)
		return false;
	write_pin(tls->odd_pin, is);
	write_pin(tls->pins[0], pinned);
	snprintf(out, room, "TLS: the peer's certificate is sha256 %s, and tls_pin says %s%s", is, pinned,
	    tls->npins > 1 ? ", or others" : "");
	return true;
}

void tls_explain(SSL *session, unsigned long error, char *out, size_t room)
{
	const long verdict = SSL_get_verify_result(session);
	const char *remedy = "";
	if (verdict == X509_V_ERR_APPLICATION_VERIFICATION && explain_pin(session, out, room))
		return;
	switch (verdict) {
	case X509_V_OK:
		snprintf(out, room, "TLS: %s", failure(error));
		return;
	case X509_V_ERR_HOSTNAME_MISMATCH:
	case X509_V_ERR_IP_ADDRESS_MISMATCH:
		remedy = " (check of the name): set tls_name to the one in the certificate";
		break;
	case X509_V_ERR_CERT_HAS_EXPIRED:
	case X509_V_ERR_CERT_NOT_YET_VALID:
		remedy = " (check of the dates): the provider has to renew it, or a clock is wrong";
		break;
	case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
	case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
	case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
	case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
	case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
		remedy = SSL_is_server(session)
		    ? " (check of who signed it): name the provider's authority by tls_client_ca"
		    : " (check of who signed it): name the provider's authority by tls_ca";
		break;
	case X509_V_ERR_INVALID_PURPOSE:
		remedy = SSL_is_server(session) ? " (check of the purpose): it is not one for a client"
		    : " (check of the purpose): it is not one for a server";
		break;
	default:
		break;
	}
	snprintf(out, room, "TLS: the peer's certificate: %s%s", X509_verify_cert_error_string(verdict),
	    remedy);
}

void tls_describe(SSL *session, char *out, size_t room)
{
	X509 *certificate = SSL_get1_peer_certificate(session);
	char name[80] = "?";
	struct tm until = { 0 };
	if (!certificate) {
		snprintf(out, room, "%s %s", SSL_get_version(session), SSL_get_cipher_name(session));
	} else {
		X509_NAME_get_text_by_NID(X509_get_subject_name(certificate), NID_commonName, name, sizeof name);
		ASN1_TIME_to_tm(X509_get0_notAfter(certificate), &until);
		X509_free(certificate);
		snprintf(out, room, "%s %s, certificate of %s until %04d-%02d-%02d",
		    SSL_get_version(session), SSL_get_cipher_name(session), name, until.tm_year + 1900,
		    until.tm_mon + 1, until.tm_mday);
	}
}
