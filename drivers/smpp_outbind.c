/* SPDX-License-Identifier: Apache-2.0 */
/*
 * smpp_outbind.c - what a message centre has to say before it is let in.
 *
 * An outbind with the credentials that are awaited. Before, it may enquire; whatever else it says
 * is answered by the protocol, a few times, and in PDUs of at most 512 octets (reference 10.1).
 *
 * The door is left to door.c, and binding on the connection to smpp_half.c.
 */
#include "smpp_outbind.h"

#include <string.h>

enum {
	CALLER_PDU_MAX = 512,           /* octets */
	CALLER_PDUS_MAX = 8,            /* before the outbind */
	WHY_MAX = 160,
};

static void answer(struct caller *caller, uint32_t response, uint32_t sequence, uint32_t status)
{
	uint8_t octets[64];
	const struct smpp_pdu pdu = { .command = response, .status = status, .sequence = sequence };
	const size_t len = smpp_pack(&pdu, octets, sizeof octets);
	if (len)
		caller_write(caller, octets, len);
}

/* Takes as long for a wrong text as for a right one. */
static bool is_same(const char *ours, const char *theirs)
{
	const size_t n = strlen(ours), m = strlen(theirs);
	unsigned differs = n != m;
	for (size_t i = 0; i < m; i++)
		differs |= (unsigned char)theirs[i] ^ (unsigned char)(n ? ours[i % n] : 0);
	return !differs;
}

static void on_outbind(const struct smpp_options *options, struct caller *caller,
    const struct smpp_pdu *pdu)
{
	const char *password = *options->outbind_password_file ? options->outbind_password_file
	    : options->outbind_password;
	const bool known = is_same(options->outbind_id, pdu->system_id);
	if (!is_same(password, pdu->password) || !known)
		caller_turn_away(caller, known ? "wrong password" : "wrong system_id");
	else
		caller_let_in(caller);
}

static void on_frame(const void *options, struct caller *caller, const uint8_t *at, size_t len)
{
	struct smpp_pdu pdu;
	const uint32_t wrong = smpp_unpack(at, len, &pdu);
	const uint32_t response = pdu.command | (uint32_t)SMPP_RESPONSE;
	if (caller_frames(caller) > CALLER_PDUS_MAX)
		caller_turn_away(caller, "other PDUs instead of an outbind");
	else if (pdu.command == SMPP_OUTBIND && wrong == SMPP_ROK)
		on_outbind(options, caller, &pdu);
	else if (pdu.command == SMPP_OUTBIND)
		caller_turn_away(caller, "an outbind that is malformed");
	else if (pdu.command == SMPP_ENQUIRE_LINK)
		answer(caller, response, pdu.sequence, SMPP_ROK);
	else if (pdu.command != response && smpp_command_name(response))
		answer(caller, response, pdu.sequence, SMPP_RINVBNDSTS);
	else if (pdu.command != response)
		answer(caller, (uint32_t)SMPP_GENERIC_NACK, pdu.sequence, SMPP_RINVCMDID);
}

static size_t measure(const void *options, const uint8_t *at, size_t len)
{
	(void)options;
	const size_t n = smpp_measure(NULL, at, len);
	return n > CALLER_PDU_MAX ? SIZE_MAX : n;
}

static void on_garbled(const void *options, struct caller *caller, const uint8_t *at, size_t len)
{
	(void)options;
	uint32_t sequence;
	char why[WHY_MAX];
	if (!smpp_garbled(at, len, &sequence, why, sizeof why)) {
		caller_turn_away(caller, why);
		return;
	}
	answer(caller, (uint32_t)SMPP_GENERIC_NACK, sequence, SMPP_RINVCMDLEN);
	caller_leave(caller, why);
}

struct door_settings outbind_door(const struct smpp_options *options)
{
	static const struct door_etiquette etiquette = { .measure = measure, .frame = on_frame,
		.garbled = on_garbled, .late = "no outbind within outbind_timeout" };
	return (struct door_settings){ .name = "outbind", .listen = options->listen,
		.listen_from = options->listen_from, .tls = &options->tls,
		.caller_timeout = options->outbind_timeout, .pdu_timeout = options->pdu_timeout,
		.write_timeout = options->write_timeout, .etiquette = &etiquette, .ctx = options };
}

/* Keys. */

/* How he says who he is. */
static bool check_caller(const struct smpp_options *options, struct conf_error *err)
{
	enum { ID_MAX = 15, PASSWORD_MAX = sizeof ((struct smpp_pdu *)0)->password - 1 };
	if (!*options->outbind_id || strlen(options->outbind_id) > ID_MAX)
		return conf_fail(err, "listen needs outbind_id, the system_id by which the message centre "
		    "makes itself known, of up to %d characters", ID_MAX);
	if (strlen(options->outbind_password) > PASSWORD_MAX ||
	    strlen(options->outbind_password_file) > PASSWORD_MAX)
		return conf_fail(err, "outbind_password is longer than %zu characters",
		    (size_t)PASSWORD_MAX);
	if (*options->outbind_password && *options->outbind_password_file)
		return conf_fail(err, "outbind_password and outbind_password_file are both given: keep one");
	return true;
}

bool outbind_check(const struct smpp_options *options, struct conf_error *err)
{
	const struct door_settings door = outbind_door(options);
	return door_check(&door, options->host.n, err) &&
	    (!door_wanted(&door) || check_caller(options, err));
}
