/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sim_inject.c - inbound messages that a file names: a JSON object on each line.
 *
 * The whole file is read before anybody can bind, so that a line that is wrong
 * stops a test before it begins. Each deliver_sm is packed then; when they are
 * posted is left to sim_inbound.c.
 */
#include "sim_inject.h"

#include "sim_center.h"
#include "sim_deliver.h"
#include "sim_message.h"
#include "sim_text.h"

#include "../../sms/dcs.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A file that is being read. */
struct injection {
	struct center *center;
	const char *name;
	unsigned long line;
	uint8_t reference;              /* of the last text that came in parts */
	struct message message;
	struct units units;
};

static bool complain(const struct injection *in, const char *why)
{
	fprintf(stderr, "smsc-sim: %s:%lu: %s\n", in->name, in->line, why);
	return false;
}

static bool keep(struct injection *in)
{
	struct item *item = verbatim_new(in->center, &in->message.pdu);
	if (!item)
		return complain(in, "it does not fit a deliver_sm");
	list_append(&in->center->injected, item);
	return true;
}

/* A text may be several messages. */
static bool keep_text(struct injection *in)
{
	struct smpp_pdu *pdu = &in->message.pdu;
	const enum charset charset = dcs_read_smpp(pdu->data_coding, CHARSET_GSM7).charset;
	if (pdu->esm_class & SMPP_ESM_UDHI)
		return complain(in, "esm_class says that text has a header");
	if (charset != CHARSET_GSM7 && charset != CHARSET_UCS2)
		return complain(in, "data_coding is neither GSM 7-bit nor UCS-2, as text wants it");
	if (charset == CHARSET_GSM7 && !units_gsm7(&in->units, in->message.text))
		return complain(in, "text is too long, or is not in the GSM 7-bit alphabet");
	if (charset == CHARSET_UCS2 && !units_ucs2(&in->units, in->message.text))
		return complain(in, "text is too long");
	const unsigned parts = units_parts(&in->units);
	if (parts > UINT8_MAX)
		return complain(in, "text is too long");
	in->reference = (uint8_t)(in->reference + (parts > 1));
	for (unsigned part = 1; part <= parts; part++) {
		uint8_t octets[PART_MAX];
		units_part(&in->units, part, in->reference, octets, pdu);
		if (!keep(in))
			return false;
	}
	return true;
}

static bool read_line(struct injection *in, const char *line, size_t len)
{
	json_error_t error;
	json_t *object = json_loadb(line, len, JSON_REJECT_DUPLICATES, &error);
	if (!object)
		return complain(in, error.text);
	bool good = message_read(&in->message, object);
	if (!good)
		complain(in, in->message.why);
	else
		good = in->message.text ? keep_text(in) : keep(in);
	json_decref(object);
	return good;
}

static bool read_lines(struct injection *in, FILE *file)
{
	char *line = NULL;
	size_t room = 0;
	ssize_t len;
	bool good = true;
	while (good && (len = getline(&line, &room, file)) >= 0) {
		in->line++;
		if (strspn(line, " \t\r\n") < (size_t)len)
			good = read_line(in, line, (size_t)len);
	}
	if (good && ferror(file))
		good = complain(in, strerror(errno));
	free(line);
	return good;
}

bool inject_read(struct center *center)
{
	const char *name = center->options->inject;
	if (!name)
		return true;
	FILE *file = fopen(name, "r");
	if (!file) {
		fprintf(stderr, "smsc-sim: %s: %s\n", name, strerror(errno));
		return false;
	}
	struct injection *in = malloc(sizeof *in);
	if (!in)
		abort();
	in->center = center;
	in->name = name;
	in->line = 0;
	in->reference = 0;
	const bool good = read_lines(in, file);
	free(in);
	fclose(file);
	return good;
}
