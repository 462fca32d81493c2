/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tpdu.c - one TPDU, field by field.
 *
 * Reading goes by an eye that knows what is left; whoever wants more than that gets
 * nothing, and the eye remembers which field it was.
 */
#include "tpdu.h"

#include "alphabet.h"
#include "charset.h"
#include "septets.h"
#include "udh.h"

#include <stdio.h>
#include <string.h>

enum {
	TYPE_MASK = 0x03, TYPE_DELIVER = 0, TYPE_SUBMIT = 1, TYPE_STATUS = 2, TYPE_RESERVED = 3,
	NO_MORE = 0x04, REJECT_DUPLICATES = 0x04, LOOP_PREVENTION = 0x08, VALIDITY_SHIFT = 3,
	REPORT = 0x20, HEADER = 0x40, REPLY_PATH = 0x80,
	INDICATOR_MORE = 0x80, INDICATOR_PADDING = 0xFF,
};

struct eye { const uint8_t *at, *end; const char *missing; };

/* The next n octets, or NULL when there are fewer. */
static const uint8_t *next(struct eye *eye, size_t n, const char *field)
{
	if (eye->missing || (size_t)(eye->end - eye->at) < n) {
		eye->missing = eye->missing ? eye->missing : field;
		return NULL;
	}
	eye->at += n;
	return eye->at - n;
}

static uint8_t octet(struct eye *eye, const char *field)
{
	const uint8_t *at = next(eye, 1, field);
	return at ? *at : 0;
}

static void read_address(struct eye *eye, struct address *address)
{
	const size_t n = eye->missing ? 0
	    : tpdu_address_read(address, eye->at, (size_t)(eye->end - eye->at));
	if (n == 0)
		eye->missing = eye->missing ? eye->missing : "address";
	eye->at += n;
}

static void read_time(struct eye *eye, struct tpdu_time *time, const char *field)
{
	const uint8_t *at = next(eye, TPDU_TIME, field);
	if (at)
		*time = tpdu_time_read(at);
}

/* Septets behind a header of `header` octets, of `udl` with it. */
static void read_septets(struct tpdu_data *data, const uint8_t *at, size_t header, size_t udl)
{
	const size_t before = septets_of_header(header);
	const unsigned fill = septets_fill(header);
	data->text_len = (uint8_t)(udl > before ? udl - before : 0);
	if (!data->text_len)
		return;
	/* The first octet of the text also holds the fill bits. */
	septets_unpack(data->text, data->text_len, at + header, fill);
}

/* Does the header run past the end of the user data? Then they are all header. */
static bool is_beyond(const struct tpdu_data *data)
{
	return data->header_len && data->header[0] >= data->header_len;
}

static void read_header(struct tpdu_data *data, const uint8_t *at, size_t len)
{
	struct udh udh;
	const size_t whole = udh_read(at, len, &udh), n = whole ? whole : len;
	if (n == 0)
		return;
	memcpy(data->header, at, n);
	data->header_len = (uint8_t)n;
	size_t i = 1;
	while (i + 1 < n && n - i - 2 >= at[i + 1])
		i += 2u + at[i + 1];
	data->void_header = whole == 0 || i != n;
}

static void read_data(struct eye *eye, struct tpdu_data *data, bool header, uint8_t data_coding)
{
	const bool septets = dcs_read(data_coding).charset == CHARSET_GSM7;
	size_t udl = octet(eye, "user data length");
	const size_t most = septets ? TPDU_TEXT_MAX : TPDU_DATA_MAX;
	if (eye->missing)
		return;
	data->cut = udl > most;
	udl = udl > most ? most : udl;
	size_t len = septets ? septets_octets(udl, 0) : udl;
	const size_t left = (size_t)(eye->end - eye->at);
	if (len > left) {
		data->cut = true;
		len = left;
		udl = septets ? len * 8 / 7 : len;
	}
	const uint8_t *at = next(eye, len, "user data");
	if (header)
		read_header(data, at, len);
	if (is_beyond(data))
		return;
	if (septets) {
		read_septets(data, at, data->header_len, udl);
	} else {
		data->text_len = (uint8_t)(len - data->header_len);
		memcpy(data->text, at + data->header_len, data->text_len);
	}
}

/* What TP-PI says is there. Further octets of it mean nothing yet. */
static void read_indicated(struct eye *eye, struct tpdu *tpdu, bool header)
{
	if (tpdu->indicator & TPDU_HAS_PROTOCOL)
		tpdu->protocol_id = octet(eye, "protocol identifier");
	if (tpdu->indicator & TPDU_HAS_CODING)
		tpdu->data_coding = octet(eye, "data coding");
	if (tpdu->indicator & TPDU_HAS_DATA)
		read_data(eye, &tpdu->data, header, tpdu->data_coding);
}

static void read_indicator(struct eye *eye, struct tpdu *tpdu)
{
	uint8_t one = octet(eye, "parameter indicator");
	tpdu->indicator = one & (TPDU_HAS_PROTOCOL | TPDU_HAS_CODING | TPDU_HAS_DATA);
	while (!eye->missing && one & INDICATOR_MORE)
		one = octet(eye, "parameter indicator");
}

static void read_deliver(struct eye *eye, struct tpdu *tpdu, uint8_t first)
{
	tpdu->no_more = first & NO_MORE;
	tpdu->loop_prevention = first & LOOP_PREVENTION;
	tpdu->report = first & REPORT;
	tpdu->reply_path = first & REPLY_PATH;
	read_address(eye, &tpdu->address);
	tpdu->protocol_id = octet(eye, "protocol identifier");
	tpdu->data_coding = octet(eye, "data coding");
	read_time(eye, &tpdu->stamp, "time stamp");
	read_data(eye, &tpdu->data, first & HEADER, tpdu->data_coding);
}

static void read_submit(struct eye *eye, struct tpdu *tpdu, uint8_t first)
{
	static const size_t lengths[] = { 0, TPDU_TIME, 1, TPDU_TIME };
	tpdu->reject_duplicates = first & REJECT_DUPLICATES;
	tpdu->validity_format = (enum tpdu_validity)(first >> VALIDITY_SHIFT & 3);
	tpdu->report = first & REPORT;
	tpdu->reply_path = first & REPLY_PATH;
	tpdu->reference = octet(eye, "message reference");
	read_address(eye, &tpdu->address);
	tpdu->protocol_id = octet(eye, "protocol identifier");
	tpdu->data_coding = octet(eye, "data coding");
	const size_t n = lengths[tpdu->validity_format];
	const uint8_t *validity = next(eye, n, "validity period");
	if (validity)
		memcpy(tpdu->validity, validity, n);
	read_data(eye, &tpdu->data, first & HEADER, tpdu->data_coding);
}

static void read_status(struct eye *eye, struct tpdu *tpdu, uint8_t first)
{
	tpdu->no_more = first & NO_MORE;
	tpdu->loop_prevention = first & LOOP_PREVENTION;
	tpdu->of_command = first & REPORT;
	tpdu->reference = octet(eye, "message reference");
	read_address(eye, &tpdu->address);
	read_time(eye, &tpdu->stamp, "time stamp");
	read_time(eye, &tpdu->discharge, "discharge time");
	tpdu->status = octet(eye, "status");
	/* Optional from here on; some handsets pad with FF. */
	if (eye->missing || eye->at == eye->end || *eye->at == INDICATOR_PADDING)
		return;
	read_indicator(eye, tpdu);
	read_indicated(eye, tpdu, first & HEADER);
}

static void read_report(struct eye *eye, struct tpdu *tpdu, uint8_t first, bool failed)
{
	if (failed)
		tpdu->cause = octet(eye, "failure cause");
	read_indicator(eye, tpdu);
	if (tpdu->type == TPDU_SUBMIT_REPORT)
		read_time(eye, &tpdu->stamp, "time stamp");
	read_indicated(eye, tpdu, first & HEADER);
}

static void read_command(struct eye *eye, struct tpdu *tpdu, uint8_t first)
{
	tpdu->report = first & REPORT;
	tpdu->reference = octet(eye, "message reference");
	tpdu->protocol_id = octet(eye, "protocol identifier");
	tpdu->command = octet(eye, "command type");
	tpdu->command_number = octet(eye, "message number");
	read_address(eye, &tpdu->address);
	const size_t said = octet(eye, "command data length");
	const size_t n = said < TPDU_DATA_MAX ? said : TPDU_DATA_MAX;
	const uint8_t *data = next(eye, n, "command data");
	if (!data)
		return;
	memcpy(tpdu->data.text, data, n);
	tpdu->data.text_len = (uint8_t)n;
	tpdu->data.cut = n < said;
}

static enum tpdu_type type_of(uint8_t first, enum tpdu_direction direction)
{
	const unsigned type = first & TYPE_MASK;
	if (direction == TPDU_TO_HANDSET)
		return type == TYPE_SUBMIT ? TPDU_SUBMIT_REPORT : type == TYPE_STATUS ? TPDU_STATUS_REPORT
		    : TPDU_DELIVER;
	return type == TYPE_SUBMIT ? TPDU_SUBMIT : type == TYPE_STATUS ? TPDU_COMMAND
	    : TPDU_DELIVER_REPORT;
}

bool tpdu_read(struct tpdu *tpdu, const uint8_t *at, size_t len, enum tpdu_direction direction,
    bool failed, char *why, size_t room)
{
	struct eye eye = { at, at + len, NULL };
	const uint8_t first = octet(&eye, "first octet");
	*tpdu = (struct tpdu){ .type = type_of(first, direction), .cause = -1 };
	switch (tpdu->type) {
	case TPDU_DELIVER: read_deliver(&eye, tpdu, first); break;
	case TPDU_SUBMIT: read_submit(&eye, tpdu, first); break;
	case TPDU_STATUS_REPORT: read_status(&eye, tpdu, first); break;
	case TPDU_COMMAND: read_command(&eye, tpdu, first); break;
	case TPDU_SUBMIT_REPORT:
	case TPDU_DELIVER_REPORT: read_report(&eye, tpdu, first, failed); break;
	}
	if (eye.missing)
		snprintf(why, room, "the TPDU of %zu octets ends before its %s, or that is wrong", len,
		    eye.missing);
	return !eye.missing;
}

/* Writing */

struct pen { uint8_t *at; size_t n; bool bad; };

static void put(struct pen *pen, const void *octets, size_t n)
{
	if (pen->bad || n > TPDU_MAX - pen->n) {
		pen->bad = true;
		return;
	}
	if (n)
		memcpy(pen->at + pen->n, octets, n);
	pen->n += n;
}

static void put_octet(struct pen *pen, unsigned octet_)
{
	const uint8_t one = (uint8_t)octet_;
	put(pen, &one, 1);
}

static void put_address(struct pen *pen, const struct address *address)
{
	uint8_t octets[TPDU_ADDRESS_MAX];
	const size_t n = tpdu_address_write(octets, address);
	pen->bad = pen->bad || n == 0;
	put(pen, octets, n);
}

static void put_time(struct pen *pen, const struct tpdu_time *time)
{
	uint8_t octets[TPDU_TIME] = { 0 };
	pen->bad = pen->bad || (time->known && !tpdu_time_write(octets, time));
	if (!pen->bad)
		put(pen, octets, sizeof octets);
}

static void put_data(struct pen *pen, const struct tpdu_data *data, uint8_t data_coding)
{
	const bool septets = dcs_read(data_coding).charset == CHARSET_GSM7;
	const size_t header = data->header_len;
	uint8_t packed[TPDU_TEXT_MAX];
	if (!septets) {
		pen->bad = pen->bad || header + data->text_len > TPDU_DATA_MAX;
		put_octet(pen, (unsigned)(header + data->text_len));
		put(pen, data->header, header);
		put(pen, data->text, pen->bad ? 0 : data->text_len);
		return;
	}
	if (is_beyond(data)) {          /* as it came: no octet more, that it could reach */
		put_octet(pen, (unsigned)(header * 8 / 7));
		put(pen, data->header, header);
		return;
	}
	const size_t udl = septets_of_header(header) + data->text_len;
	pen->bad = pen->bad || udl > TPDU_TEXT_MAX;
	put_octet(pen, (unsigned)udl);
	put(pen, data->header, header);
	if (!pen->bad)
		put(pen, packed, septets_pack(packed, data->text, data->text_len, septets_fill(header)));
}

static void put_indicated(struct pen *pen, const struct tpdu *tpdu)
{
	if (tpdu->indicator & TPDU_HAS_PROTOCOL)
		put_octet(pen, tpdu->protocol_id);
	if (tpdu->indicator & TPDU_HAS_CODING)
		put_octet(pen, tpdu->data_coding);
	if (tpdu->indicator & TPDU_HAS_DATA)
		put_data(pen, &tpdu->data, tpdu->data_coding);
}

static void put_deliver(struct pen *pen, const struct tpdu *tpdu)
{
	put_address(pen, &tpdu->address);
	put_octet(pen, tpdu->protocol_id);
	put_octet(pen, tpdu->data_coding);
	put_time(pen, &tpdu->stamp);
	put_data(pen, &tpdu->data, tpdu->data_coding);
}

static void put_submit(struct pen *pen, const struct tpdu *tpdu)
{
	static const size_t lengths[] = { 0, TPDU_TIME, 1, TPDU_TIME };
	put_octet(pen, tpdu->reference);
	put_address(pen, &tpdu->address);
	put_octet(pen, tpdu->protocol_id);
	put_octet(pen, tpdu->data_coding);
	put(pen, tpdu->validity, lengths[tpdu->validity_format]);
	put_data(pen, &tpdu->data, tpdu->data_coding);
}

static void put_status(struct pen *pen, const struct tpdu *tpdu)
{
	put_octet(pen, tpdu->reference);
	put_address(pen, &tpdu->address);
	put_time(pen, &tpdu->stamp);
	put_time(pen, &tpdu->discharge);
	put_octet(pen, tpdu->status);
	if (!tpdu->indicator)
		return;
	put_octet(pen, tpdu->indicator);
	put_indicated(pen, tpdu);
}

static void put_report(struct pen *pen, const struct tpdu *tpdu)
{
	if (tpdu->cause >= 0)
		put_octet(pen, (unsigned)tpdu->cause);
	put_octet(pen, tpdu->indicator);
	if (tpdu->type == TPDU_SUBMIT_REPORT)
		put_time(pen, &tpdu->stamp);
	put_indicated(pen, tpdu);
}

static void put_command(struct pen *pen, const struct tpdu *tpdu)
{
	put_octet(pen, tpdu->reference);
	put_octet(pen, tpdu->protocol_id);
	put_octet(pen, tpdu->command);
	put_octet(pen, tpdu->command_number);
	put_address(pen, &tpdu->address);
	pen->bad = pen->bad || tpdu->data.text_len > TPDU_DATA_MAX;
	put_octet(pen, tpdu->data.text_len);
	put(pen, tpdu->data.text, pen->bad ? 0 : tpdu->data.text_len);
}

static unsigned first_octet(const struct tpdu *tpdu)
{
	static const uint8_t types[] = { [TPDU_DELIVER] = TYPE_DELIVER, [TPDU_SUBMIT_REPORT] = TYPE_SUBMIT,
		[TPDU_STATUS_REPORT] = TYPE_STATUS, [TPDU_SUBMIT] = TYPE_SUBMIT,
		[TPDU_DELIVER_REPORT] = TYPE_DELIVER, [TPDU_COMMAND] = TYPE_STATUS };
	const bool data = tpdu->type == TPDU_DELIVER || tpdu->type == TPDU_SUBMIT ||
	    (tpdu->type != TPDU_COMMAND && tpdu->indicator & TPDU_HAS_DATA);
	const bool report = tpdu->type == TPDU_STATUS_REPORT ? tpdu->of_command : tpdu->report;
	unsigned first = types[tpdu->type] | (data && tpdu->data.header_len ? HEADER : 0u) |
	    (tpdu->reply_path ? REPLY_PATH : 0u) | (report ? REPORT : 0u);
	if (tpdu->type == TPDU_SUBMIT)
		first |= (tpdu->reject_duplicates ? REJECT_DUPLICATES : 0u) |
		    (unsigned)tpdu->validity_format << VALIDITY_SHIFT;
	if (tpdu->type == TPDU_DELIVER || tpdu->type == TPDU_STATUS_REPORT)
		first |= (tpdu->no_more ? NO_MORE : 0u) | (tpdu->loop_prevention ? LOOP_PREVENTION : 0u);
	return first;
}

size_t tpdu_write(uint8_t *out, const struct tpdu *tpdu)
{
	struct pen pen = { .at = out };
	put_octet(&pen, first_octet(tpdu));
	switch (tpdu->type) {
	case TPDU_DELIVER: put_deliver(&pen, tpdu); break;
	case TPDU_SUBMIT: put_submit(&pen, tpdu); break;
	case TPDU_STATUS_REPORT: put_status(&pen, tpdu); break;
	case TPDU_COMMAND: put_command(&pen, tpdu); break;
	case TPDU_SUBMIT_REPORT:
	case TPDU_DELIVER_REPORT: put_report(&pen, tpdu); break;
	}
	return pen.bad ? 0 : pen.n;
}

size_t tpdu_text(char *out, size_t room, const struct tpdu *tpdu)
{
	struct udh udh = { .nwaiting = 0 };
	const struct tpdu_data *data = &tpdu->data;
	if (data->header_len)
		udh_read(data->header, data->header_len, &udh);
	return charset_to_utf8(out, room, dcs_read(tpdu->data_coding).charset, data->text, data->text_len,
	    &udh.shifts);
}
