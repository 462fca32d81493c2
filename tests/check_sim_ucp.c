/* SPDX-License-Identifier: Apache-2.0 */
/*
 * check_sim_ucp.c - smsc-sim as clients of UCP see it: frames of the vectors, or made here and
 * without the codec, go over a socket, and what comes back is compared as text.
 */
#include "sim_peer.h"

enum { FRAME_ROOM = 2048 };

static json_t *vectors;                 /* of the test that runs; read when one is sent */

static void vector_send(struct peer *peer, const char *id)
{
	uint8_t octets[FRAME_ROOM];
	if (!vectors)
		vectors = vectors_load("ucp.json");
	peer_write(peer, octets, unhex(vector_hex(json_object_get(vectors, "valid"), id), octets));
}

/* "O/51/fields/" with all that is around it; `sum` and `len` are added to what is right. */
static void frame_send_wrong(struct peer *peer, unsigned trn, const char *body, unsigned sum, unsigned len)
{
	char frame[FRAME_ROOM];
	const int n = snprintf(frame, sizeof frame, "\2%02u/%05u/%s", trn, 11 + len + (unsigned)strlen(body), body);
	for (int i = 1; i < n; i++)
		sum += (unsigned char)frame[i];
	snprintf(frame + n, sizeof frame - (size_t)n, "%02X\3", sum & 0xff);
	peer_write(peer, frame, (size_t)n + 3);
}

static void frame_send(struct peer *peer, unsigned trn, const char *body)
{
	frame_send_wrong(peer, trn, body, 0, 0);
}

/* A submit to that recipient, from 4321. */
static void submit_ucp(struct peer *peer, unsigned trn, const char *recipient, const char *nrq)
{
	char body[256];
	snprintf(body, sizeof body, "O/51/%s/4321//%s//7/////////////3//4869/////////////", recipient, nrq);
	frame_send(peer, trn, body);
}

/* The next frame, which begins and ends so: TRN, then what is behind LEN, without its checksum. */
static const char *expect_frame(struct peer *peer, unsigned trn, const char *body)
{
	static char frame[FRAME_ROOM];
	char begin[8];
	ck_assert_msg(frame_read(peer, frame, sizeof frame), "closed before %s came", body);
	snprintf(begin, sizeof begin, "%02u/", trn);
	ck_assert_msg(strncmp(frame, begin, 3) == 0 && strncmp(frame + 9, body, strlen(body)) == 0,
	    "%s came, not %s %s", frame, begin, body);
	return frame + 9;
}

static struct peer *login(const struct sim *sim, unsigned nth)
{
	struct peer *peer = peer_dial(sim->ucp, nth);
	vector_send(peer, "U001");
	expect_frame(peer, 0, "R/60/A/");
	return peer;
}

/* Field `n` of a frame's body, after O/51. */
static void field(const char *body, unsigned n, char out[700])
{
	const char *at = body + 5;
	for (; n; n--)
		at = strchr(at, '/') + 1;
	snprintf(out, 700, "%.*s", (int)strcspn(at, "/"), at);
}

static void expect_field(const char *body, unsigned n, const char *want)
{
	char text[700];
	field(body, n, text);
	ck_assert_msg(strcmp(text, want) == 0, "field %u is %s, not %s: %s", n, text, want, body);
}

/* The id of an accepted submit, from its result. */
static void expect_taken(struct peer *peer, unsigned trn, const char *recipient, char id[64])
{
	char begin[64];
	snprintf(begin, sizeof begin, "R/51/A//%s:", recipient);
	const char *body = expect_frame(peer, trn, begin);
	snprintf(id, 64, "%.*s", (int)strcspn(body + 8, "/"), body + 8);
	ck_assert_uint_eq(strlen(strchr(id, ':')), 13);
}

START_TEST(an_account_logs_in_with_its_password_and_nobody_else_does)
{
	struct sim sim = START("--ucp", "0", "--account", "4321:secret");
	close(login(&sim, 0)->fd);
	struct peer *peer = peer_dial(sim.ucp, 0);
	frame_send(peer, 7, "O/60/4321/6/5/1/77726F6E67//0100//////");
	expect_frame(peer, 7, "R/60/N/07/");
	ck_assert(!peer_fill(peer));
	close(peer->fd);
	peer = peer_dial(sim.ucp, 0);
	submit_ucp(peer, 1, "0171123456", "");
	expect_frame(peer, 1, "R/51/N/04/");
	frame_send(peer, 2, "O/31/4321/0539/");
	expect_frame(peer, 2, "R/31/N/04/");
	json_t *counts = sim_stop(&sim);
	ck_assert_int_eq(count(counts, "binds"), 1);
	ck_assert_int_eq(count(counts, "binds_refused"), 1);
	ck_assert_int_eq(count(counts, "submits"), 0);
	json_decref(counts);
}
END_TEST

START_TEST(where_no_login_is_asked_for_the_first_operation_binds)
{
	struct sim sim = START("--ucp", "0");
	char id[64];
	struct peer *peer = peer_dial(sim.ucp, 0);
	vector_send(peer, "U034");              /* has an AC */
	expect_frame(peer, 31, "R/51/A//");
	close(peer->fd);
	peer = peer_dial(sim.ucp, 0);
	submit_ucp(peer, 1, "0171123456", "");
	expect_taken(peer, 1, "0171123456", id);
	frame_send(peer, 2, "O/31/4321/0539/");
	expect_frame(peer, 2, "R/31/A/0000/");
	json_t *counts = sim_stop(&sim);
	ck_assert_int_eq(count(counts, "binds"), 2);
	json_decref(counts);
}
END_TEST

START_TEST(who_says_nothing_is_the_one_account_there_is)
{
	struct sim sim = START("--ucp", "0", "--receipt-delay", "50");
	struct peer *peer = peer_dial(sim.ucp, 0);
	submit_ucp(peer, 1, "0171123456", "1");
	expect_frame(peer, 1, "R/51/A/");
	close(peer->fd);
	peer = peer_dial(sim.ucp, 0);
	expect_frame(peer, 0, "O/53/4321/");
	expect_frame(peer, 1, "O/53/4321/");
	vector_send(peer, "U001");              /* says so after all */
	expect_frame(peer, 0, "R/60/A/");
	vector_send(peer, "U001");
	expect_frame(peer, 0, "R/60/N/04/");
	json_decref(sim_stop(&sim));
}
END_TEST

START_TEST(a_notification_names_the_recipient_and_the_time_stamp_of_its_result)
{
	char record[32], id[64], line[128], scts[16];
	file_make(record, "");
	struct sim sim = START("--ucp", "0", "--record", record, "--undeliverable", "447700900002");
	struct peer *peer = login(&sim, 0);
	static const struct { const char *recipient, *dst, *rsn, *word; } cases[] = {
		{ "447700900001", "0", "000", "DELIVRD" }, { "447700900002", "2", "101", "UNDELIV" },
	};
	for (unsigned i = 0; i < 2; i++) {
		submit_ucp(peer, 10 + i, cases[i].recipient, "1");
		expect_taken(peer, 10 + i, cases[i].recipient, id);
		/* NT is 7: buffered comes first. */
		for (unsigned last = 0; last < 2; last++) {
			const char *body = expect_frame(peer, 2 * i + last, "O/53/4321/");
			snprintf(scts, sizeof scts, "%s", strchr(id, ':') + 1);
			expect_field(body, 1, cases[i].recipient);
			expect_field(body, 14, scts);
			expect_field(body, 15, last ? cases[i].dst : "1");
			expect_field(body, 16, last ? cases[i].rsn : "107");
			frame_send(peer, 2 * i + last, "R/53/A///");
		}
	}
	frame_send(peer, 20, "O/31/4321/0539/");
	expect_frame(peer, 20, "R/31/A/");
	json_t *counts = sim_stop(&sim);
	ck_assert_int_eq(count(counts, "receipts_acked"), 4);
	json_decref(counts);
	snprintf(line, sizeof line, "acked receipt %s\n", id);
	ck_assert_uint_eq(lines(record, line), 2 + 4 + 4);
	unlink(record);
}
END_TEST

START_TEST(ids_differ_unless_they_are_to_be_those_of_the_second)
{
	for (unsigned same = 0; same < 2; same++) {
		struct sim sim = START("--ucp", "0", "--receipts", "off", same ? "--same-second" : NULL);
		struct peer *peer = login(&sim, 0);
		char ids[8][64];
		unsigned differ = 0;
		for (unsigned i = 0; i < 8; i++)
			submit_ucp(peer, i, "0171123456", "");
		for (unsigned i = 0; i < 8; i++) {
			expect_taken(peer, i, "0171123456", ids[i]);
			differ += i && strcmp(ids[i], ids[i - 1]) != 0;
		}
		ck_assert_msg(same ? differ <= 1 : differ == 7, "%u", differ);
		json_decref(sim_stop(&sim));
	}
}
END_TEST

/* What --record-json has of each vector. */
START_TEST(a_submit_is_recorded_as_one_of_smpp_would_be)
{
	static const struct { const char *id, *members[6]; } cases[] = {
		{ "U012", { "\"destination\":\"0171123456\"", "\"source\":\"4321\"", "\"source_ton\":0",
		    "\"data_coding\":0", "\"short_message\":\"48656c6c6f\"", "\"registered_delivery\":0" } },
		{ "U015", { "\"destination\":\"49171123456\"", "\"destination_ton\":1", "\"source\":\"491729990000\"", "\"source_ton\":1", "\"registered_delivery\":1" } },
		{ "U016", { "\"source\":\"orange.pl\"", "\"source_ton\":5" } },
		{ "U020", { "\"short_message\":\"0020022011205b207c" } },
		{ "U021", { "\"registered_delivery\":17" } },
		{ "U022", { "\"schedule\":\"261127080000000+\"", "\"validity_period\":\"261128080000000+\"" } },
		{ "U024", { "\"data_coding\":8", "\"short_message\":\"041f04400438043204350442\"" } },
		{ "U026", { "\"esm_class\":64", "\"data_coding\":0", "\"short_message\":\"0500032a0201546865" } },
		{ "U028", { "\"esm_class\":64", "\"data_coding\":8", "\"short_message\":\"0500032b02010414" } },
		{ "U030", { "\"tlvs\":{\"0x140c\":\"455552313939\"}" } },
		{ "U032", { "\"data_coding\":240" } },
		{ "U035", { "\"short_message\":\"3" } },
		{ "U059", { "\"schedule\":\"261127080000000+\"", "\"short_message\":\"4c61746572\"" } },
		{ "U060", { "\"destination\":\"66677789\"", "\"registered_delivery\":1" } },
	};
	char record[32], line[2048];
	file_make(record, "");
	struct sim sim = START("--ucp", "0", "--record-json", record, "--receipts", "off");
	struct peer *peer = login(&sim, 0);
	FILE *file = fopen(record, "r");
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		vector_send(peer, cases[i].id);
		ck_assert(frame_read(peer, line, sizeof line));
		ck_assert_msg(strncmp(line + 9, "R/", 2) == 0 && strncmp(line + 13, "/A/", 3) == 0, "%s: %s",
		    cases[i].id, line);
		ck_assert_ptr_nonnull(fgets(line, sizeof line, file));
		for (unsigned k = 0; k < 6 && cases[i].members[k]; k++)
			ck_assert_msg(strstr(line, cases[i].members[k]), "%s: no %s in %s", cases[i].id,
			    cases[i].members[k], line);
	}
	vector_send(peer, "U058");
	expect_frame(peer, 42, "R/02/A/");
	json_t *counts = sim_stop(&sim);
	ck_assert_int_eq(count(counts, "multis"), 1);
	ck_assert_int_eq(count(counts, "destinations"), 3);
	json_decref(counts);
	fclose(file);
	unlink(record);
}
END_TEST

START_TEST(a_status_is_translated_and_a_limit_is_one)
{
	static const struct { const char *error, *result; } cases[] = {
		{ "0x58:1", "R/51/N/04/" }, { "0x0B:1", "R/51/N/06/" }, { "0x08:1", "R/51/N/55/" },
		{ "0x123:1", "R/51/N/55/" }, { "0x424:1", "R/51/N/36/" },
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct sim sim = START("--ucp", "0", "--error", cases[i].error);
		submit_ucp(login(&sim, 0), 3, "0171123456", "");
		expect_frame(&peers[0], 3, cases[i].result);
		json_t *counts = sim_stop(&sim);
		ck_assert_int_eq(count(counts, i ? "refused" : "throttled"), 1);
		json_decref(counts);
	}
	struct sim sim = START("--ucp", "0", "--window", "3", "--response-delay", "200");
	struct peer *peer = login(&sim, 0);
	for (unsigned i = 0; i < 5; i++)
		submit_ucp(peer, i, "0171123456", "");
	expect_frame(peer, 3, "R/51/N/04/");
	expect_frame(peer, 4, "R/51/N/04/");
	for (unsigned i = 0; i < 3; i++)
		expect_frame(peer, i, "R/51/A/");
	json_decref(sim_stop(&sim));
}
END_TEST

START_TEST(a_time_that_no_calendar_has_is_refused)
{
	static const struct { const char *vp, *result; } cases[] = {
		{ "3013261200", "R/51/N/22/" }, { "9913019999", "R/51/N/22/" }, { "301126", "R/51/N/22/" }, { "3011261200", "R/51/A/" },
	};
	struct sim sim = START("--ucp", "0");
	struct peer *peer = login(&sim, 0);
	for (unsigned i = 0; i < sizeof cases / sizeof *cases; i++) {
		char body[128];
		snprintf(body, sizeof body, "O/51/0171123456/4321////7///////%s//////3//4869/////////////", cases[i].vp);
		frame_send(peer, i, body);
		expect_frame(peer, i, cases[i].result);
	}
	json_decref(sim_stop(&sim));
}
END_TEST

START_TEST(an_inbound_message_comes_until_it_is_acknowledged)
{
	struct sim sim = START("--ucp", "0", "--inbound-count", "1", "--deliver-retry", "10",
	    "--inbound-text", "caf\u00e9 @ %d");
	struct peer *peer = login(&sim, 0);
	char first[FRAME_ROOM];
	const char *body = expect_frame(peer, 0, "O/52/12345/447700900001/");
	snprintf(first, sizeof first, "%s", body);
	expect_field(body, 18, "3");
	expect_field(body, 20, "6361660520002031");
	expect_field(body, 28, "1139");
	frame_send(peer, 0, "R/53/A///");       /* of another operation: it waits on */
	frame_send(peer, 0, "R/52/N/04/busy/");
	body = expect_frame(peer, 1, "O/52/");
	ck_assert_int_eq(strncmp(body, first, strlen(first) - 2), 0);
	frame_send(peer, 1, "R/52/A///");
	frame_send(peer, 1, "R/52/A///");
	frame_send(peer, 2, "O/31/4321/0539/");
	expect_frame(peer, 2, "R/31/A/");
	json_t *counts = sim_stop(&sim);
	ck_assert_int_eq(count(counts, "inbound_acked"), 1);
	ck_assert_int_eq(count(counts, "redelivered"), 1);
	ck_assert_int_eq(count(counts, "stray_responses"), 2);
	json_decref(counts);
}
END_TEST

START_TEST(a_long_inbound_text_comes_in_parts_and_one_beyond_the_alphabet_as_octets)
{
	struct sim sim = START("--ucp", "0", "--inbound-count", "1", "--inbound-long", "1",
	    "--inbound-text", "\u044f%d");
	struct peer *peer = login(&sim, 0);
	for (unsigned part = 1; part <= 2; part++) {
		char xser[64];
		const char *body = expect_frame(peer, part - 1, "O/52/");
		snprintf(xser, sizeof xser, "01060500030102%02X020108", part);
		expect_field(body, 18, "4");
		expect_field(body, 19, part == 1 ? "1072" : "0656");
		expect_field(body, 30, xser);
	}
	json_decref(sim_stop(&sim));
}
END_TEST

START_TEST(a_hundred_numbers_are_all_there_are)
{
	struct sim sim = START("--ucp", "0", "--inbound-count", "150");
	struct peer *peer = login(&sim, 0);
	for (unsigned i = 0; i < 100; i++)
		expect_frame(peer, i, "O/52/");
	frame_send(peer, 1, "O/31/4321/0539/");
	expect_frame(peer, 1, "R/31/A/0050/");
	frame_send(peer, 42, "R/52/A///");
	expect_frame(peer, 42, "O/52/");
	json_decref(sim_stop(&sim));
}
END_TEST

START_TEST(a_question_is_answered_by_a_result_and_an_operation)
{
	struct sim sim = START("--ucp", "0", "--receipt-delay", "60000");
	struct peer *peer = login(&sim, 0);
	char id[64], body[256];
	submit_ucp(peer, 1, "0171123456", "1");
	expect_taken(peer, 1, "0171123456", id);
	const char *scts = strchr(id, ':') + 1;
	snprintf(body, sizeof body, "O/54/0171123456/4321/////////////%s////3//4E6577/////////////", scts);
	frame_send(peer, 2, body);
	expect_frame(peer, 2, "R/54/A//0171123456:");
	snprintf(body, sizeof body, "O/55/0171123456/4321/////////////%s///////////////////", scts);
	frame_send(peer, 3, body);
	expect_frame(peer, 3, "R/55/A//0171123456:");
	const char *told = expect_frame(peer, 0, "O/57/4321/");
	expect_field(told, 14, scts);
	expect_field(told, 15, "1");
	frame_send(peer, 0, "R/57/A///");
	body[3] = '6';
	frame_send(peer, 4, body);
	expect_frame(peer, 4, "R/56/A//");
	told = expect_frame(peer, 1, "O/58/4321/");
	expect_field(told, 14, scts);
	told = expect_frame(peer, 2, "O/53/4321/");
	expect_field(told, 15, "2");
	frame_send(peer, 5, body);
	expect_frame(peer, 5, "R/56/N/38/");
	frame_send(peer, 6, "O/55/0171123456/4321/////////////010101010101///////////////////");
	expect_frame(peer, 6, "R/55/N/27/");
	json_t *counts = sim_stop(&sim);
	ck_assert_int_eq(count(counts, "commands"), 5);
	ck_assert_int_eq(count(counts, "commands_refused"), 2);
	ck_assert_int_eq(count(counts, "inbound_sent"), 0);
	json_decref(counts);
}
END_TEST

START_TEST(broken_frames_are_answered_as_the_reference_says)
{
	static const char good[] = "O/51/0171123456/4321/////////////////3//4869/////////////";
	static const struct { const char *body; unsigned sum, len; const char *result; } cases[] = {
		{ good, 1, 0, "R/51/N/01/" }, { good, 0, 1, "R/51/N/02/" }, { good, 1, 1, "R/51/N/01/" },
		{ "O/77/1/", 0, 0, "R/77/N/03/" },
		{ "O/61/4321/////////////", 0, 0, "R/61/N/03/" },
		{ "O/52/4321/49171////////////////////////////////", 0, 0, "R/52/N/04/" },
		{ "O/51/0171123456/4321/////////////////3//4869////////////", 0, 0, "R/51/N/02/" },
		{ "O/51/0171123456/4321/////////////////3//486/////////////", 0, 0, "R/51/N/02/" },
		{ "O/51/0171123456/4321/////////////////6//4869/////////////", 0, 0, "R/51/N/23/" },
		{ "O/51//4321/////////////////3//4869/////////////", 0, 0, "R/51/N/06/" },
		{ "O/51/0171123456/4321///////////12/////3//4869/////////////", 0, 0, "R/51/N/" },
		{ "O/51/0171123456/4321/////////////////3//4869///////////0120050003/", 0, 0, "R/51/N/02/" },
		{ "O/31/4321/", 0, 0, "R/31/N/02/" },
	};
	static const struct { const char *octets; } noise[] = {
		{ "\r\nGET / HTTP/1.0\r\n" }, { "\2\3" }, { "\2XX/00018/O/31/1//00\3" }, { "\0020" },
	};
	struct sim sim = START("--ucp", "0");
	struct peer *peer = login(&sim, 0);
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		frame_send_wrong(peer, 50, cases[i].body, cases[i].sum, cases[i].len);
		expect_frame(peer, 50, cases[i].result);
	}
	for (size_t i = 0; i < sizeof noise / sizeof *noise; i++) {
		peer_write(peer, noise[i].octets, strlen(noise[i].octets));
		frame_send(peer, 51, "O/31/4321/0539/");
		expect_frame(peer, 51, "R/31/A/");
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
	json_t *counts = sim_stop(&sim);
	ck_assert_int_eq(count(counts, "accepted"), 0);
	ck_assert_int_ge(count(counts, "malformed"), 16);
	json_decref(counts);
}
END_TEST

START_TEST(a_listener_is_called_and_given_the_messages_of_its_account)
{
	struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof address;
	char whom[64];
	const int door = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	ck_assert_int_eq(bind(door, (struct sockaddr *)&address, len), 0);
	ck_assert_int_eq(listen(door, 1), 0);
	getsockname(door, (struct sockaddr *)&address, &len);
	snprintf(whom, sizeof whom, "127.0.0.1:%u,4321", ntohs(address.sin_port));
	struct sim sim = START("--ucp", "0", "--ucp-call", whom, "--receipt-delay", "1");
	struct peer *peer = login(&sim, 0), *called = &peers[1];
	*called = (struct peer){ .fd = accept(door, NULL, NULL) };
	ck_assert_int_ge(called->fd, 0);
	submit_ucp(peer, 1, "0171123456", "1");
	expect_frame(peer, 1, "R/51/A/");
	expect_frame(called, 0, "O/53/4321/0171123456/");
	frame_send(called, 0, "R/53/A///");
	expect_frame(called, 1, "O/53/");
	frame_send(called, 1, "R/53/A///");
	submit_ucp(called, 1, "0171123456", "1");
	expect_frame(called, 1, "R/51/N/04/");
	json_t *counts = sim_stop(&sim);
	ck_assert_int_eq(count(counts, "receipts_acked"), 2);
	json_decref(counts);
	close(door);
}
END_TEST

START_TEST(an_echo_and_what_is_injected_are_the_same_octets)
{
	char name[32];
	file_make(name, "{\"source\":\"ACME\",\"source_ton\":5,\"destination\":\"12345\",\"text\":\"\u20ac$\"}\n"
	    "{\"source\":\"4477\",\"destination\":\"12345\",\"data_coding\":245,\"protocol_id\":65,"
	    "\"esm_class\":64,\"short_message\":\"0605040b8423f000ff\"}\n"
	    "{\"source\":\"12345678901234567\",\"destination\":\"2\",\"text\":\"\"}\n");
	struct sim sim = START("--ucp", "0", "--inject", name, "--echo");
	struct peer *peer = login(&sim, 0);
	const char *body = expect_frame(peer, 0, "O/52/12345/07C161B308/");
	expect_field(body, 20, "1B6502");
	expect_field(body, 28, "5039");
	body = expect_frame(peer, 1, "O/52/12345/4477/");
	expect_field(body, 13, "0065");
	expect_field(body, 18, "4");
	expect_field(body, 19, "0016");
	expect_field(body, 20, "00FF");
	expect_field(body, 30, "01070605040B8423F00201F5");
	frame_send(peer, 0, "R/52/A///");
	frame_send(peer, 1, "R/52/A///");
	vector_send(peer, "U028");
	expect_frame(peer, 25, "R/51/A/");
	body = expect_frame(peer, 2, "O/52/4321/49171123456/");
	expect_field(body, 18, "4");
	expect_field(body, 19, "1072");
	expect_field(body, 30, "01060500032B0201020108");
	expect_field(body, 28, "1139");
	frame_send(peer, 2, "R/52/A///");
	frame_send(peer, 3, "O/31/4321/0539/");
	expect_frame(peer, 3, "R/31/A/");
	json_t *counts = sim_stop(&sim);
	ck_assert_int_eq(count(counts, "inbound_acked"), 3);
	ck_assert_int_eq(count(counts, "deliveries_refused"), 1);       /* its source is too long */
	json_decref(counts);
	unlink(name);
}
END_TEST

START_TEST(what_is_not_answered_and_what_is_early_is_so_here_too)
{
	struct sim sim = START("--ucp", "0", "--early-receipts", "1");
	struct peer *peer = login(&sim, 0);
	submit_ucp(peer, 1, "0171123456", "1");
	expect_frame(peer, 0, "O/53/");
	expect_frame(peer, 1, "R/51/A/");
	json_decref(sim_stop(&sim));
	sim = START("--ucp", "0", "--drop-responses", "1", "--receipts", "off");
	peer = login(&sim, 0);
	submit_ucp(peer, 1, "0171123456", "1");
	frame_send(peer, 2, "O/31/4321/0539/");
	expect_frame(peer, 2, "R/31/A/");
	json_t *counts = sim_stop(&sim);
	ck_assert_int_eq(count(counts, "dropped_responses"), 1);
	json_decref(counts);
	sim = START("--ucp", "0", "--late", "1", "--late-delay", "50", "--no-commands");
	peer = login(&sim, 0);
	submit_ucp(peer, 1, "0171123456", "1");
	expect_frame(peer, 0, "O/53/");
	expect_frame(peer, 1, "O/53/");
	expect_frame(peer, 1, "R/51/A/");
	frame_send(peer, 2, "O/55/0171123456/4321/////////////010101010101///////////////////");
	expect_frame(peer, 2, "R/55/N/03/");
	json_decref(sim_stop(&sim));
	sim = START("--ucp", "0", "--disconnect-every", "1");
	peer = login(&sim, 0);
	submit_ucp(peer, 1, "0171123456", "1");
	ck_assert(!peer_fill(peer));
	json_decref(sim_stop(&sim));
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		an_account_logs_in_with_its_password_and_nobody_else_does,
		where_no_login_is_asked_for_the_first_operation_binds,
		who_says_nothing_is_the_one_account_there_is,
		a_notification_names_the_recipient_and_the_time_stamp_of_its_result,
		ids_differ_unless_they_are_to_be_those_of_the_second,
		a_submit_is_recorded_as_one_of_smpp_would_be,
		a_status_is_translated_and_a_limit_is_one,
		a_time_that_no_calendar_has_is_refused,
		an_inbound_message_comes_until_it_is_acknowledged,
		a_long_inbound_text_comes_in_parts_and_one_beyond_the_alphabet_as_octets,
		a_hundred_numbers_are_all_there_are,
		a_question_is_answered_by_a_result_and_an_operation,
		broken_frames_are_answered_as_the_reference_says,
		a_listener_is_called_and_given_the_messages_of_its_account,
		an_echo_and_what_is_injected_are_the_same_octets,
		what_is_not_answered_and_what_is_early_is_so_here_too,
	};
	return sim_tests("sim_ucp", tests, sizeof tests / sizeof *tests);
}
