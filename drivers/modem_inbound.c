/* SPDX-License-Identifier: Apache-2.0 */
/*
 * modem_inbound.c - a DELIVER as a message from a handset.
 *
 * A message is known by what it says: sender, time, header and text, with the link that it came by.
 * So one that is read twice is stored once: after a crash between commit and delete, in two
 * storages, directly and from storage, or repeated by the network. Two messages of one sender that
 * say the same within the same second of the message centre's clock are one by that; nothing
 * else tells them apart.
 */
#include "modem_inbound.h"

#include "../sms/udh.h"
#include "modem_lists.h"

#include <jansson.h>
#include <openssl/evp.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static void add(EVP_MD_CTX *sum, const void *at, size_t len)
{
	const uint8_t n[] = { (uint8_t)(len >> 8), (uint8_t)len };
	if (EVP_DigestUpdate(sum, n, sizeof n) != 1 || (len && EVP_DigestUpdate(sum, at, len) != 1))
		abort();
}

static void add_fields(EVP_MD_CTX *sum, const struct tpdu *tpdu)
{
	const uint8_t numbers[] = { (uint8_t)tpdu->type, tpdu->address.ton, tpdu->address.npi, tpdu->protocol_id,
		tpdu->data_coding, tpdu->reference, tpdu->status };
	add(sum, numbers, sizeof numbers);
	add(sum, tpdu->address.text, strlen(tpdu->address.text));
	add(sum, &tpdu->stamp.at, sizeof tpdu->stamp.at);
	add(sum, &tpdu->discharge.at, sizeof tpdu->discharge.at);
	add(sum, tpdu->data.header, tpdu->data.header_len);
	add(sum, tpdu->data.text, tpdu->data.text_len);
}

static void name_content(struct delivery *delivery, const struct modem *modem)
{
	uint8_t whole[EVP_MAX_MD_SIZE];
	EVP_MD_CTX *sum = EVP_MD_CTX_new();
	if (!sum || EVP_DigestInit_ex(sum, EVP_sha256(), NULL) != 1)
		abort();
	const char *link = link_name(modem->link);
	add(sum, link, strlen(link));
	if (delivery->readable)
		add_fields(sum, &delivery->tpdu);
	else
		add(sum, delivery->octets, delivery->noctets);
	if (EVP_DigestFinal_ex(sum, whole, NULL) != 1)
		abort();
	EVP_MD_CTX_free(sum);
	memcpy(delivery->content, whole, sizeof delivery->content);
}

/* With the length that the modem said; when that leads nowhere, without it. */
static bool read_line(struct delivery *delivery, const char *hex, size_t length)
{
	char line[LISTED_BODY_MAX];
	snprintf(line, sizeof line, "%s", hex);
	lists_trim(line, 0);
	tpdu_unhex(delivery->octets, sizeof delivery->octets, &delivery->noctets, line);
	for (int trust = 1; trust >= 0; trust--) {
		snprintf(line, sizeof line, "%s", hex);
		lists_trim(line, trust ? length : 0);
		const struct tpdu_given given = { .hex = line, .length = trust ? length : 0,
			.direction = TPDU_TO_HANDSET };
		if (tpdu_line_read(&delivery->tpdu, &delivery->centre, &given, delivery->why, sizeof delivery->why))
			return true;
	}
	return false;
}

bool delivery_read(struct delivery *delivery, const struct modem *modem, const char *hex, size_t length)
{
	*delivery = (struct delivery){ .readable = false };
	delivery->readable = read_line(delivery, hex, length);
	name_content(delivery, modem);
	return delivery->readable || delivery->noctets > 0;
}

void delivery_of(struct delivery *delivery, const struct modem *modem, const struct tpdu *tpdu)
{
	*delivery = (struct delivery){ .tpdu = *tpdu, .readable = true };
	name_content(delivery, modem);
}

static void read_sender(const struct delivery *delivery, const struct modem *modem, char out[ADDRESS_MAX])
{
	const struct address_rules rules = addresses_rules(&modem->options->addresses, TON_NETWORK, NPI_UNKNOWN,
	    TON_UNKNOWN);
	struct address address = delivery->tpdu.address;
	if (address.ton == TON_ALPHANUMERIC) /* within the room of what it is shown in: no character is cut */
		charset_to_utf8(address.text, ADDRESS_MAX, CHARSET_UTF8, (const uint8_t *)delivery->tpdu.address.text,
		    strlen(delivery->tpdu.address.text), NULL);
	for (char *at = address.text; *at; at++)
		if ((unsigned char)*at < ' ' || *at == 0x7F)
			*at = '?';
	address_show(out, ADDRESS_MAX, &address, &rules);
}

/* Of a header that does not add up all is data: nobody knows where it ends. */
static void read_data(struct delivery *delivery, struct inbound *to)
{
	struct tpdu_data *data = &delivery->tpdu.data;
	struct udh udh = { .nwaiting = 0 };
	to->data_coding = delivery->tpdu.data_coding;
	to->charset = dcs_read(to->data_coding).charset;
	if (data->header_len && data->header[0] >= data->header_len) {
		to->charset = CHARSET_OCTETS;
		to->octets = (struct blob){ data->header, data->header_len };
		return;
	}
	to->octets = (struct blob){ data->text, data->text_len };
	if (!data->header_len)
		return;
	to->udh = (struct blob){ data->header, data->header_len };
	udh_read(data->header, data->header_len, &udh);
	if (udh.concat.parts < 2)
		return;
	to->concat_wide = udh.concat.wide;
	to->concat_ref = udh.concat.reference;
	to->concat_parts = udh.concat.parts;
	to->concat_part = udh.concat.part;
}

static void tell_options(struct delivery *delivery)
{
	json_t *options = json_object();
	if (*delivery->centre.text)
		json_object_set_new(options, "service_centre", json_sprintf("%s%s",
		    delivery->centre.ton == TON_INTERNATIONAL ? "+" : "", delivery->centre.text));
	if (delivery->readable && delivery->tpdu.reply_path)
		json_object_set_new(options, "reply_path", json_true());
	if (delivery->readable && delivery->tpdu.data.cut)
		json_object_set_new(options, "cut", json_true());
	if (!delivery->readable)
		json_object_set_new(options, "unreadable", json_string(delivery->why));
	const size_t n = json_object_size(options)
	    ? json_dumpb(options, delivery->options, sizeof delivery->options, JSON_COMPACT) : 0;
	delivery->options[n < sizeof delivery->options ? n : 0] = '\0';
	json_decref(options);
}

void delivery_inbound(struct inbound *to, struct delivery *delivery, const struct modem *modem)
{
	const struct modem_options *options = modem->options;
	*to = (struct inbound){ .received_at = time(NULL) };
	snprintf(to->link, sizeof to->link, "%s", link_name(modem->link));
	snprintf(to->recipient, sizeof to->recipient, "%s", options->own_number ? options->own_number : "");
	read_sender(delivery, modem, to->sender);
	for (size_t i = 0; i < CONTENT_MAX; i++)
		snprintf(to->arrival + 2 * i, sizeof to->arrival - 2 * i, "%02x", delivery->content[i]);
	if (delivery->readable) {
		to->protocol_id = delivery->tpdu.protocol_id;
		to->network_at = delivery->tpdu.stamp.known ? delivery->tpdu.stamp.at : 0;
		read_data(delivery, to);
	} else {
		to->charset = CHARSET_OCTETS;
		to->octets = (struct blob){ delivery->octets, delivery->noctets };
	}
	tell_options(delivery);
	to->options = *delivery->options ? delivery->options : NULL;
}
