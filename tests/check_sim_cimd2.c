/* SPDX-License-Identifier: Apache-2.0 */
/*
 * check_sim_cimd2.c - smsc-sim as clients of CIMD2 see it: packets of the vectors, or made here
 * and without the codec, go over a socket, and what comes back is compared as text. In the texts of
 * this file a bar stands for a tabulator.
 */
#include "sim_peer.h"

enum { PACKET_ROOM = 2048 };

static json_t *vectors;                 /* of the test that runs; read when one is sent */

/* "03:001|021:1|" with STX, checksum and ETX; `sum` is added to what is right. */
static void packet_send_wrong(struct peer *peer, const char *text, unsigned sum)
{
	char packet[PACKET_ROOM];
	const int n = snprintf(packet, sizeof packet, "\2%s", text);
	for (int i = 0; i < n; i++) {
		if (packet[i] == '|')
			packet[i] = '\t';
		sum += (unsigned char)packet[i];
	}
	snprintf(packet + n, sizeof packet - (size_t)n, "%02X\3", sum & 0xff);
	peer_write(peer, packet, (size_t)n + 3);
}

static void packet_send(struct peer *peer, const char *text)
{
	packet_send_wrong(peer, text, 0);
}

/* The same operation and parameters as in a vector, under that number. */
static void vector_send(struct peer *peer, const char *id, unsigned number)
{
	uint8_t octets[PACKET_ROOM];
	char text[PACKET_ROOM];
	if (!vectors)
		vectors = vectors_load("cimd2.json");
	const size_t n = unhex(vector_hex(json_object_get(vectors, "valid"), id), octets);
	size_t last = n - 1;
	while (octets[last] != '\t')
		last--;
	snprintf(text, sizeof text, "%.2s:%03u%.*s", (const char *)octets + 1, number, (int)(last - 6),
	    (const char *)octets + 7);
	packet_send(peer, text);
}

static void submit_cimd2(struct peer *peer, unsigned number, const char *recipient, unsigned report)
{
	char text[256];
	snprintf(text, sizeof text, "03:%03u|021:%s|033:Hi %u|056:%u|", number, recipient, number, report);
	packet_send(peer, text);
}

/* The next packet, without its checksum, which is right. */
static const char *packet_read(struct peer *peer)
{
	static char packet[PACKET_ROOM];
	unsigned sum = 2, said;
	ck_assert_msg(frame_read(peer, packet, sizeof packet), "closed");
	const size_t n = strlen(packet) - 2;
	ck_assert_int_eq(sscanf(packet + n, "%2x", &said), 1);
	packet[n] = '\0';
	for (size_t i = 0; i < n; i++) {
		sum += (unsigned char)packet[i];
		packet[i] = packet[i] == '\t' ? '|' : packet[i];
	}
	ck_assert_uint_eq(sum & 0xff, said);
	return packet;
}

static const char *expect_packet(struct peer *peer, const char *begin)
{
	const char *packet = packet_read(peer);
	ck_assert_msg(strncmp(packet, begin, strlen(begin)) == 0, "%s came, not %s", packet, begin);
	return packet;
}

static struct peer *login_window(const struct sim *sim, unsigned nth, const char *window)
{
	struct peer *peer = peer_dial(sim->cimd2, nth);
	char text[128];
	snprintf(text, sizeof text, "01:001|010:gw01|011:s3cret|%s", window);
	packet_send(peer, text);
	expect_packet(peer, "51:001|");
	return peer;
}

static struct peer *login(const struct sim *sim, unsigned nth)
{
	return login_window(sim, nth, "019:10|");
}

static void logout(struct peer *peer, unsigned number)
{
	char text[32];
	snprintf(text, sizeof text, "02:%03u|", number);
	packet_send(peer, text);
	snprintf(text, sizeof text, "52:%03u|", number);
	ck_assert_str_eq(packet_read(peer), text);
}

static void expect_counts(struct sim *sim, const char *one, int n, const char *other, int m)
{
	json_t *counts = sim_stop(sim);
	ck_assert_int_eq(count(counts, one), n);
	ck_assert_int_eq(count(counts, other), m);
	json_decref(counts);
}

START_TEST(a_client_is_greeted_and_logs_in_with_its_password)
{
	struct sim sim = START("--cimd2", "0", "--account", "gw01:s3cret");
	static const struct { const char *packet, *answer; } cases[] = {
		{ "01:001|010:gw01|011:s3cret|", "51:001|" },
		{ "01:001|010:gw01|011:wrong|", "51:001|900:100|901:Invalid login|" },
		{ "03:001|021:+491711234567|033:Hi|", "53:001|900:1|901:Unexpected operation|" },
		{ "09:001|500:501|", "59:001|900:1|" },
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct peer *peer = peer_dial(sim.cimd2, 0);
		while (!memchr(peer->in, '\n', peer->have))
			ck_assert(peer_fill(peer));
		ck_assert_int_eq(memcmp(peer->in, "CIMD2-A ConnectionInfo: ", 24), 0);
		packet_send(peer, cases[i].packet);
		expect_packet(peer, cases[i].answer);
		close(peer->fd);
	}
	expect_counts(&sim, "binds", 1, "binds_refused", 1);
}
END_TEST

START_TEST(a_window_is_granted_up_to_the_limit)
{
	static const struct { const char *flag, *value, *window, *answer; } cases[] = {
		{ "--window", "10", "019:10|", "51:001|" }, { "--window", "10", "019:11|", "51:001|900:104|" },
		{ "--window", "10", "", "51:001|" }, { "--window", "0", "019:129|", "51:001|900:104|" },
		{ "--window", "0", "019:128|", "51:001|" }, { "--window", "0", "019:0|", "51:001|900:104|" },
		{ "--no-window", NULL, "019:1|", "51:001|900:105|" }, { "--no-window", NULL, "", "51:001|" },
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct sim sim = START("--cimd2", "0", cases[i].flag, cases[i].value);
		char text[128];
		struct peer *peer = peer_dial(sim.cimd2, 0);
		snprintf(text, sizeof text, "01:001|010:gw01|011:s3cret|%s", cases[i].window);
		packet_send(peer, text);
		expect_packet(peer, cases[i].answer);
		if (strstr(cases[i].answer, "900:"))    /* and again without */
			packet_send(peer, "01:003|010:gw01|011:s3cret|"), expect_packet(peer, "51:003|");
		json_decref(sim_stop(&sim));
	}
	struct sim sim = START("--cimd2", "0", "--response-delay", "200");
	struct peer *peer = login_window(&sim, 0, "019:2|");
	for (unsigned i = 0; i < 3; i++)
		submit_cimd2(peer, 3 + 2 * i, "+491711234567", 0);
	expect_packet(peer, "53:007|900:10|901:Temporary congestion error|");
	expect_packet(peer, "53:003|021:+491711234567|060:");
	expect_packet(peer, "53:005|021:+491711234567|060:");
	expect_counts(&sim, "throttled", 1, "accepted", 2);
}
END_TEST

START_TEST(a_report_names_the_recipient_and_the_time_stamp_of_the_response)
{
	char record[32], want[128], stamp[16], line[128];
	file_make(record, "");
	struct sim sim = START("--cimd2", "0", "--record", record, "--undeliverable", "447700900002");
	struct peer *peer = login(&sim, 0);
	static const struct { const char *recipient, *state; } cases[] = {
		{ "+447700900001", "061:4|063:" }, { "+447700900002", "061:3|062:1|063:" },
	};
	for (unsigned i = 0; i < 2; i++) {
		submit_cimd2(peer, 3 + 2 * i, cases[i].recipient, 14);
		snprintf(want, sizeof want, "53:%03u|021:%s|060:", 3 + 2 * i, cases[i].recipient);
		const char *packet = expect_packet(peer, want);
		snprintf(stamp, sizeof stamp, "%.12s", packet + strlen(want));
		snprintf(want, sizeof want, "23:%03u|021:%s|060:%s|%s", 2 * i, cases[i].recipient, stamp,
		    cases[i].state);
		expect_packet(peer, want);
		snprintf(want, sizeof want, "73:%03u|", 2 * i);
		packet_send(peer, want);
	}
	logout(peer, 7);
	expect_counts(&sim, "receipts_acked", 2, "messages", 2);
	snprintf(line, sizeof line, "acked receipt +447700900002:%s\n", stamp);
	ck_assert_uint_eq(lines(record, line), 2 + 2 + 2);
	unlink(record);
}
END_TEST

START_TEST(reports_are_sent_to_those_who_asked)
{
	static const struct { unsigned wanted; const char *recipient, *states; } cases[] = {
		{ 0, "447700900001", "" }, { 14, "447700900001", "4" }, { 8, "447700900002", "" },
		{ 6, "447700900002", "3" }, { 6, "447700900001", "" }, { 15, "447700900001", "14" },
	};
	struct sim sim = START("--cimd2", "0", "--undeliverable", "447700900002");
	struct peer *peer = login(&sim, 0);
	unsigned number = 0;
	for (unsigned i = 0; i < sizeof cases / sizeof *cases; i++) {
		char text[64];
		submit_cimd2(peer, 3 + 2 * i, cases[i].recipient, cases[i].wanted);
		snprintf(text, sizeof text, "53:%03u|021:", 3 + 2 * i);
		expect_packet(peer, text);
		for (const char *state = cases[i].states; *state; state++, number += 2) {
			snprintf(text, sizeof text, "061:%c|", *state);
			ck_assert_ptr_nonnull(strstr(packet_read(peer), text));
			snprintf(text, sizeof text, "73:%03u|", number);
			packet_send(peer, text);
		}
	}
	logout(peer, 15);
	expect_counts(&sim, "accepted", 6, "receipts_acked", 4);
}
END_TEST

START_TEST(a_submit_is_recorded_as_one_of_smpp_would_be)
{
	static const struct { const char *id, *members[4]; } cases[] = {
		{ "C012", { "\"destination\":\"12345678\"", "\"destination_ton\":0", "\"short_message\":\"68656c6c6f\"" } },
		{ "C017", { "\"source\":\"MyBrand 11\"", "\"source_ton\":5", "\"destination_ton\":1" } },
		{ "C020", { "\"short_message\":\"1b65201b3c611b3e201b2862" } },
		{ "C023", { "\"esm_class\":64", "\"data_coding\":245", "\"short_message\":\"0605041581158af5aa34de01020304\"" } },
		{ "C025", { "\"esm_class\":64", "\"short_message\":\"0500032a0201546865", "\"0x0426\":\"01\"" } },
		{ "C028", { "\"validity_period\":\"000001000000000R\"" } },
		{ "C029", { "\"validity_period\":\"261128080000000+\"", "\"schedule\":\"261127080000000+\"" } },
		{ "C030", { "\"schedule\":\"000000010000000R\"" } },
		{ "C033", { "\"protocol_id\":65" } },
	};
	char record[32], line[2048], want[32];
	file_make(record, "");
	struct sim sim = START("--cimd2", "0", "--record-json", record, "--receipts", "off");
	struct peer *peer = login(&sim, 0);
	FILE *file = fopen(record, "r");
	for (unsigned i = 0; i < sizeof cases / sizeof *cases; i++) {
		vector_send(peer, cases[i].id, 3 + 2 * i);
		snprintf(want, sizeof want, "53:%03u|021:", 3 + 2 * i);
		expect_packet(peer, want);
		ck_assert_ptr_nonnull(fgets(line, sizeof line, file));
		for (unsigned k = 0; k < 4 && cases[i].members[k]; k++)
			ck_assert_msg(strstr(line, cases[i].members[k]), "%s: no %s in %s", cases[i].id,
			    cases[i].members[k], line);
	}
	json_decref(sim_stop(&sim));
	fclose(file);
	unlink(record);
}
END_TEST

START_TEST(a_number_that_comes_again_is_answered_again_and_not_taken_twice)
{
	struct sim sim = START("--cimd2", "0", "--receipts", "off");
	struct peer *peer = login(&sim, 0);
	char first[PACKET_ROOM];
	submit_cimd2(peer, 3, "+491711234567", 0);
	snprintf(first, sizeof first, "%s", expect_packet(peer, "53:003|"));
	submit_cimd2(peer, 3, "+491711234567", 0);
	ck_assert_str_eq(packet_read(peer), first);
	submit_cimd2(peer, 5, "+491711234567", 0);
	expect_packet(peer, "53:005|");
	logout(peer, 7);
	json_t *counts = sim_stop(&sim);
	ck_assert_int_eq(count(counts, "accepted"), 2);
	ck_assert_int_eq(count(counts, "repeats"), 1);
	ck_assert_int_eq(count(counts, "doubles"), 0);
	json_decref(counts);
	/* One whose answer was kept back has it then. */
	sim = START("--cimd2", "0", "--drop-responses", "1", "--receipts", "off");
	peer = login(&sim, 0);
	submit_cimd2(peer, 3, "+491711234567", 0);
	submit_cimd2(peer, 3, "+491711234567", 0);
	expect_packet(peer, "53:003|021:+491711234567|060:");
	expect_counts(&sim, "accepted", 1, "dropped_responses", 1);
}
END_TEST

START_TEST(numbers_go_round)
{
	struct sim sim = START("--cimd2", "0", "--receipts", "off", "--inbound-count", "300");
	struct peer *peer = login(&sim, 0);
	unsigned centres = 0, ours = 3, answered = 0;
	packet_send(peer, "40:003|");
	while (centres < 300 || answered < 300) {
		const char *packet = packet_read(peer);
		char text[32];
		if (strncmp(packet, "90:", 3) == 0) {
			ck_assert_uint_eq(strtoul(packet + 3, NULL, 10), ours);
			ours = (ours + 2) % 256;
			answered++;
			snprintf(text, sizeof text, "40:%03u|", ours);
			packet_send(peer, text);
			continue;
		}
		ck_assert_uint_eq(strtoul(packet + 3, NULL, 10), centres * 2 % 256);
		snprintf(text, sizeof text, "70:%03u|", centres++ * 2 % 256);
		packet_send(peer, text);
	}
	expect_counts(&sim, "nacks", 0, "inbound_sent", 300);
}
END_TEST

START_TEST(what_is_damaged_or_out_of_order_is_refused_once_until_it_comes)
{
	struct sim sim = START("--cimd2", "0", "--receipts", "off");
	struct peer *peer = login(&sim, 0);
	packet_send_wrong(peer, "03:003|021:1|033:a|", 1);
	packet_send(peer, "03:005|021:1|033:b|");       /* sent before the nack was read */
	packet_send(peer, "03:007|021:1|033:c|");
	expect_packet(peer, "99:003|");
	packet_send(peer, "03:003|021:1|033:a|");
	expect_packet(peer, "53:003|021:1|");
	packet_send(peer, "03:005|021:1|033:b|");
	expect_packet(peer, "53:005|021:1|");
	packet_send(peer, "40:013|");
	expect_packet(peer, "99:007|");
	packet_send(peer, "40:007|");
	expect_packet(peer, "90:007|");
	packet_send(peer, "40:008|");
	expect_packet(peer, "99:009|");
	expect_counts(&sim, "nacks", 3, "accepted", 2);
	sim = START("--cimd2", "0", "--receipts", "off", "--nack-every", "3");
	peer = login(&sim, 0);
	packet_send(peer, "03:003|021:1|033:a|");
	packet_send(peer, "03:005|021:1|033:b|");
	expect_packet(peer, "53:003|");
	expect_packet(peer, "99:005|");
	packet_send(peer, "03:005|021:1|033:b|");
	expect_packet(peer, "53:005|");
	expect_counts(&sim, "nacks", 1, "accepted", 2);
}
END_TEST

START_TEST(a_nack_of_the_client_has_all_sent_again_from_its_number_on)
{
	struct sim sim = START("--cimd2", "0", "--inbound-count", "3");
	struct peer *peer = login(&sim, 0);
	expect_packet(peer, "20:000|021:12345|023:+447700900001|060:");
	expect_packet(peer, "20:002|");
	expect_packet(peer, "20:004|");
	packet_send(peer, "70:000|");
	packet_send(peer, "99:002|");
	ck_assert_ptr_nonnull(strstr(expect_packet(peer, "20:002|"), "|033:inbound 2|"));
	ck_assert_ptr_nonnull(strstr(expect_packet(peer, "20:004|"), "|033:inbound 3|"));
	packet_send(peer, "70:002|");
	packet_send(peer, "70:004|");
	logout(peer, 3);
	expect_counts(&sim, "inbound_acked", 3, "redelivered", 2);
}
END_TEST

START_TEST(an_inbound_message_comes_in_combinations_in_octets_and_in_parts)
{
	struct sim sim = START("--cimd2", "0", "--inbound-count", "1", "--inbound-text", "@_\u20ac%d",
	    "--deliver-retry", "10");
	struct peer *peer = login(&sim, 0);
	ck_assert_ptr_nonnull(strstr(expect_packet(peer, "20:000|"), "|033:_Oa_--_XXe1|"));
	packet_send(peer, "70:000|900:710|901:Generic failure|");
	expect_packet(peer, "20:002|");
	packet_send(peer, "70:002|900:730|");
	logout(peer, 3);
	expect_counts(&sim, "redelivered", 1, "deliveries_refused", 1);
	sim = START("--cimd2", "0", "--inbound-count", "1", "--inbound-long", "1", "--inbound-text", "\u044f%d");
	peer = login(&sim, 0);
	ck_assert_ptr_nonnull(strstr(expect_packet(peer, "20:000|"), "|030:8|032:050003010201|034:044F0031"));
	ck_assert_ptr_nonnull(strstr(expect_packet(peer, "20:002|"), "|030:8|032:050003010202|034:"));
	json_decref(sim_stop(&sim));
}
END_TEST

START_TEST(a_question_is_answered_and_a_message_cancelled)
{
	struct sim sim = START("--cimd2", "0", "--receipt-delay", "60000");
	struct peer *peer = login(&sim, 0);
	char stamp[16], text[128];
	submit_cimd2(peer, 3, "+491711234567", 14);
	snprintf(stamp, sizeof stamp, "%.12s", expect_packet(peer, "53:003|021:+491711234567|060:") + 29);
	snprintf(text, sizeof text, "04:005|021:+491711234567|060:%s|", stamp);
	packet_send(peer, text);
	snprintf(text, sizeof text, "54:005|021:+491711234567|060:%s|061:1|", stamp);
	expect_packet(peer, text);
	packet_send(peer, "04:007|021:+491711234567|060:010101010101|");
	expect_packet(peer, "54:007|900:401|");
	snprintf(text, sizeof text, "06:009|059:2|021:+491711234567|060:%s|", stamp);
	packet_send(peer, text);
	ck_assert_str_eq(packet_read(peer), "56:009|");
	ck_assert_ptr_nonnull(strstr(expect_packet(peer, "23:000|021:+491711234567|060:"), "|061:9|"));
	packet_send(peer, "06:011|059:1|");
	expect_packet(peer, "56:011|900:600|");
	submit_cimd2(peer, 13, "+491711234567", 0);
	expect_packet(peer, "53:013|");
	packet_send(peer, "06:015|059:0|021:+491711234567|");
	ck_assert_str_eq(packet_read(peer), "56:015|");
	packet_send(peer, "09:017|500:501|");
	ck_assert_uint_eq(strlen(expect_packet(peer, "59:017|501:")), 24);
	packet_send(peer, "09:019|500:510|");
	expect_packet(peer, "59:019|900:900|");
	packet_send(peer, "08:021|011:new|");
	expect_packet(peer, "58:021|900:801|");
	packet_send(peer, "05:023|068:0|");
	expect_packet(peer, "55:023|066:0|");
	packet_send(peer, "05:025|068:3|");
	expect_packet(peer, "55:025|900:501|");
	expect_counts(&sim, "commands", 5, "commands_refused", 2);
}
END_TEST

START_TEST(a_centre_without_commands_says_so_in_a_general_error)
{
	struct sim sim = START("--cimd2", "0", "--no-commands");
	struct peer *peer = login(&sim, 0);
	packet_send(peer, "04:003|021:1|060:010101010101|");
	expect_packet(peer, "98:003|900:1|901:Unexpected operation|");
	packet_send(peer, "04:003|021:1|060:010101010101|");
	expect_packet(peer, "98:003|900:1|901:Unexpected operation|");
	expect_counts(&sim, "commands_refused", 1, "repeats", 1);
}
END_TEST

START_TEST(an_echo_and_what_is_injected_are_the_same_octets)
{
	char name[32];
	file_make(name, "{\"source\":\"447700900001\",\"source_ton\":1,\"destination\":\"12345\","
	    "\"text\":\"\u20ac$\"}\n"
	    "{\"source\":\"4477\",\"destination\":\"12345\",\"data_coding\":245,\"protocol_id\":65,"
	    "\"esm_class\":64,\"short_message\":\"0605040b8423f000ff\"}\n"
	    "{\"source\":\"1\",\"destination\":\"2\",\"tlvs\":{\"0x0424\":\""
	    "30313233343536373839303132333435363738393031323334353637383930313233343536373839"
	    "30313233343536373839303132333435363738393031323334353637383930313233343536373839"
	    "30313233343536373839303132333435363738393031323334353637383930313233343536373839"
	    "30313233343536373839303132333435363738393031323334353637383930313233343536373839"
	    "31\"}}\n");
	struct sim sim = START("--cimd2", "0", "--inject", name, "--echo");
	struct peer *peer = login(&sim, 0);
	ck_assert_ptr_nonnull(strstr(expect_packet(peer, "20:000|021:12345|023:+447700900001|060:"),
	    "|033:_XXe$|"));
	ck_assert_ptr_nonnull(strstr(expect_packet(peer, "20:002|021:12345|023:4477|060:"),
	    "|030:245|032:0605040B8423F0|034:00FF|052:65|"));
	packet_send(peer, "70:000|");
	packet_send(peer, "70:002|");
	packet_send(peer, "03:003|021:+491711234567|023:4321|030:8|032:0500032A0201|034:041F0440|");
	expect_packet(peer, "53:003|");
	ck_assert_ptr_nonnull(strstr(expect_packet(peer, "20:004|021:4321|023:+491711234567|060:"),
	    "|030:8|032:0500032A0201|034:041F0440|"));
	packet_send(peer, "70:004|");
	logout(peer, 5);
	expect_counts(&sim, "inbound_acked", 3, "deliveries_refused", 1);      /* the last is too long */
	unlink(name);
}
END_TEST

START_TEST(a_rate_a_late_answer_and_a_cut_are_as_they_are_in_smpp)
{
	struct sim sim = START("--cimd2", "0", "--rate", "2");
	struct peer *peer = login(&sim, 0);
	unsigned throttled = 0;
	for (unsigned i = 0; i < 6; i++)
		submit_cimd2(peer, 3 + 2 * i, "+491711234567", 0);
	for (unsigned i = 0; i < 6; i++)
		throttled += strstr(packet_read(peer), "900:10|") != NULL;
	ck_assert_uint_ge(throttled, 3);
	expect_counts(&sim, "throttled", (int)throttled, "submits", 6);
	sim = START("--cimd2", "0", "--late", "1", "--late-delay", "50", "--receipt-delay", "0");
	peer = login(&sim, 0);
	submit_cimd2(peer, 3, "+491711234567", 14);
	expect_packet(peer, "23:000|");
	expect_packet(peer, "53:003|");
	json_decref(sim_stop(&sim));
	sim = START("--cimd2", "0", "--disconnect-every", "2");
	peer = login(&sim, 0);
	submit_cimd2(peer, 3, "+491711234567", 0);
	submit_cimd2(peer, 5, "+491711234567", 0);
	while (peer_fill(peer))
		continue;
	expect_counts(&sim, "disconnects", 1, "accepted", 2);
}
END_TEST

START_TEST(a_status_is_translated)
{
	static const struct { const char *error, *answer; } cases[] = {
		{ "0x58:1", "53:003|900:10|" }, { "0x0B:1", "53:003|900:300|" }, { "0x123:1", "53:003|900:6|" },
		{ "0x5F4:1", "53:003|900:500|" },
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct sim sim = START("--cimd2", "0", "--error", cases[i].error);
		submit_cimd2(login(&sim, 0), 3, "+491711234567", 0);
		expect_packet(&peers[0], cases[i].answer);
		json_decref(sim_stop(&sim));
	}
}
END_TEST

START_TEST(broken_packets_are_answered_as_the_reference_says)
{
	static const struct { const char *packet, *answer; } cases[] = {
		{ "27:003|", "77:003|900:1|" }, { "20:005|", "70:005|900:1|" },
		{ "03:007|021:1|nonsense|033:a|", "53:007|900:2|" }, { "03:009|033:a|", "53:009|900:300|" },
		{ "03:011|021:1|", "53:011|900:303|" }, { "03:013|021:1|033:a|034:00|", "53:013|900:303|" },
		{ "03:015|021:1|034:0G|", "53:015|900:8|" }, { "03:017|021:1|030:128|033:a|", "53:017|900:304|" },
		{ "03:019|021:1|030:x|033:a|", "53:019|900:8|" },
		{ "03:021|021:1|032:0500032A02|033:a|", "53:021|900:303|" },
		{ "03:023|021:1|033:a|050:1|051:261128080000|", "53:023|900:305|" },
		{ "03:025|021:1|033:a|053:300|", "53:025|900:308|" }, { "03:027|021:1|021:2|033:a|", "53:027|900:301|" },
		{ "03:029|021:1|033:a|056:x|", "53:029|900:310|" }, { "03:031|021:x|033:a|", "53:031|900:300|" },
		{ "01:033|010:gw01|011:s3cret|", "51:033|900:102|" },
		{ "03:035|021:1|023:x|033:a|", "53:035|900:306|" }, { "04:037|021:1|", "54:037|900:2|" },
		{ "06:039|059:7|", "56:039|900:602|901:Incorrect cancel mode|" },
		{ "03:041|021:1|033:a|051:261328080000|", "53:041|900:305|" },
		{ "03:043|021:1|033:a|054:260230080000|", "53:043|900:308|" },
		{ "03:045|021:1|033:a|065:10|", "53:045|900:314|901:Incorrect s" },
	};
	static const char *const noise[] = { "\r\nhello\r\n", "\2\3", "\0023:1\t\3", "\00240" };
	struct sim sim = START("--cimd2", "0");
	struct peer *peer = login(&sim, 0);
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		packet_send(peer, cases[i].packet);
		expect_packet(peer, cases[i].answer);
	}
	unsigned number = 3 + 2 * sizeof cases / sizeof *cases;
	for (size_t i = 0; i < sizeof noise / sizeof *noise; i++, number += 2) {
		char text[32];
		peer_write(peer, noise[i], strlen(noise[i]));
		snprintf(text, sizeof text, "40:%03u|", number);
		packet_send(peer, text);
		snprintf(text, sizeof text, "90:%03u|", number);
		expect_packet(peer, text);
	}
	peer_write(peer, "\2\3\2\3\2\3", 6);
	ck_assert(!peer_fill(peer));
	close(peer->fd);
	static char endless[5000];
	memset(endless, '1', sizeof endless);
	endless[0] = 2;
	peer = login(&sim, 0);
	peer_write(peer, endless, sizeof endless);
	ck_assert(!peer_fill(peer));
	json_decref(sim_stop(&sim));
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		a_client_is_greeted_and_logs_in_with_its_password,
		a_window_is_granted_up_to_the_limit,
		a_report_names_the_recipient_and_the_time_stamp_of_the_response,
		reports_are_sent_to_those_who_asked,
		a_submit_is_recorded_as_one_of_smpp_would_be,
		a_number_that_comes_again_is_answered_again_and_not_taken_twice,
		numbers_go_round,
		what_is_damaged_or_out_of_order_is_refused_once_until_it_comes,
		a_nack_of_the_client_has_all_sent_again_from_its_number_on,
		an_inbound_message_comes_in_combinations_in_octets_and_in_parts,
		a_question_is_answered_and_a_message_cancelled,
		a_centre_without_commands_says_so_in_a_general_error,
		an_echo_and_what_is_injected_are_the_same_octets,
		a_rate_a_late_answer_and_a_cut_are_as_they_are_in_smpp,
		a_status_is_translated,
		broken_packets_are_answered_as_the_reference_says,
	};
	return sim_tests("sim_cimd2", tests, sizeof tests / sizeof *tests);
}
