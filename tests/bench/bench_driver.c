/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bench_driver.c - messages from memory over one link, without a database.
 *
 *     bench_driver CONFIGURATION PORT WINDOW [MESSAGES [FOLDER]]
 *
 * by its first link, which goes to that port of 127.0.0.1 with that window; with a journal in that
 * folder.
 *
 * Rows become parts, go through the link's queue, the driver, its window and its
 * stream, and come back answered, all on one core; encoding is among it. The yardstick
 * of the same run is a loop that writes packed requests and counts what comes back,
 * with the same window. A small window is bound by the round trip more than by anybody's work: so
 * that is measured, too, one request at a time, and what a window allows is the window over it.
 */
#include "../../drivers/cimd2_pdu.h"
#include "../../drivers/smpp_pdu.h"
#include "../../drivers/ucp_pdu.h"
#include "../../gateway/driver.h"
#include "../../gateway/link.h"
#include "../../gateway/log.h"
#include "../../gateway/settings.h"

#include <event2/event.h>

#include <arpa/inet.h>
#include <math.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

static struct {
	struct event_base *base;
	struct link *link;
	struct journal *journal;
	unsigned long wanted, given, answered, failed;
	double began, ended;
} bench;

static double seconds(clockid_t clock)
{
	struct timespec now;
	clock_gettime(clock, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static void fail(const char *what)
{
	fprintf(stderr, "bench_driver: %s\n", what);
	exit(1);
}

/* The link */

static void give(void)
{
	static const struct encode_rules *rules = &encode_usual;
	char why[OUTCOME_TEXT_MAX];
	int room = link_room(bench.link);
	if (room <= 0 || bench.given == bench.wanted)
		return;
	struct batch *batch = batch_new();
	for (; room > 0 && bench.given < bench.wanted; room--) {
		struct message *message = batch_message(batch);
		message->id = (int64_t)++bench.given;
		message->epoch = 1;
		message->kind = "text";
		message->sender = "Shop";
		message->recipient = "+36201234567";
		message->body = "Your order is on its way and will be with you by noon.";
		message->pinned = message->route = "";
		if (!encode_message(message, rules, why, sizeof why))
			fail(why);
		link_enqueue(bench.link, message);
	}
	batch_release(batch);
}

static void on_answered(void *ctx, struct link *link, struct message *message)
{
	(void)ctx;
	(void)link;
	bench.failed += message->outcome.verdict != VERDICT_SENT;
	journal_settled(bench.journal, message);
	message_release(message);
	if (++bench.answered < bench.wanted)
		return;
	bench.ended = seconds(CLOCK_MONOTONIC);
	event_base_loopbreak(bench.base);
}

static void on_changed(void *ctx, struct link *link)
{
	(void)ctx;
	if (link_is_up(link) && !bench.began)
		bench.began = seconds(CLOCK_MONOTONIC);
	/* Credit comes in small change; it is spent in larger pieces. */
	if (link_room(link) * 4 >= link_capacity(link))
		give();
}

static bool on_allowed(void *ctx)
{
	(void)ctx;
	return true;
}

static double over_the_link(const struct link_settings *settings)
{
	const struct link_hub hub = { .base = bench.base, .journal = bench.journal, .answered = on_answered, .changed = on_changed,
		.allowed = on_allowed };
	struct quota quota = { 0 };
	bench.link = link_new(settings, &hub, &quota);
	link_start(bench.link);
	event_base_dispatch(bench.base);
	link_free(bench.link);
	if (bench.failed)
		fail("messages were refused");
	return (double)bench.wanted / (bench.ended - bench.began);
}

/* The yardstick, in each protocol */

enum { REQUEST_MAX = 320, TRIPS = 1000, TRIPS_MOST = 1 };  /* s */

static const char text[] = "Your order is on its way and will be with you by noon.";

static size_t smpp_login(unsigned window, uint8_t *out)
{
	const struct smpp_pdu bind = { .command = SMPP_BIND_TRANSCEIVER, .sequence = 1, .system_id = "bare",
		.interface_version = 0x34 };
	(void)window;
	return smpp_pack(&bind, out, REQUEST_MAX);
}

static size_t smpp_submit(unsigned long nth, uint8_t *out)
{
	const struct smpp_pdu submit = { .command = SMPP_SUBMIT_SM, .sequence = (uint32_t)nth + 2,
		.source = { .ton = 5, .digits = "Shop" },
		.destination = { .ton = 1, .npi = 1, .digits = "36201234567" },
		.short_message = (const uint8_t *)text, .sm_length = sizeof text - 1 };
	return smpp_pack(&submit, out, REQUEST_MAX);
}

static size_t smpp_answer(const uint8_t *at, size_t len)
{
	const size_t n = smpp_measure(NULL, at, len);
	return n <= len ? n : 0;
}

static size_t ucp_login(unsigned window, uint8_t *out)
{
	struct ucp_pdu login;
	(void)window;
	ucp_begin(&login, UCP_SESSION);
	ucp_set(&login, UCP_SESSION_OADC, "bare");
	ucp_set(&login, UCP_SESSION_STYP, "1");
	ucp_set(&login, UCP_SESSION_VERS, "0100");
	return ucp_pack(&login, out, REQUEST_MAX);
}

static size_t ucp_submit(unsigned long nth, uint8_t *out)
{
	char hex[2 * sizeof text];
	struct ucp_pdu submit;
	ucp_hex(hex, sizeof hex, (const uint8_t *)text, sizeof text - 1);
	ucp_begin(&submit, UCP_SUBMIT);
	submit.trn = (uint8_t)(nth % UCP_TRNS);
	ucp_set(&submit, UCP_ADC, "0036201234567");
	ucp_set(&submit, UCP_OADC, "4321");
	ucp_set(&submit, UCP_MT, "3");
	ucp_set(&submit, UCP_MSG, hex);
	return ucp_pack(&submit, out, REQUEST_MAX);
}

static size_t cimd2_login(unsigned window, uint8_t *out)
{
	struct cimd2_pdu login = { .operation = CIMD2_LOGIN, .number = 1 };
	cimd2_add_text(&login, CIMD2_USER, "bare");
	cimd2_add_text(&login, CIMD2_PASSWORD, "");
	if (window > 1)
		cimd2_add_number(&login, CIMD2_WINDOW, (long)window);
	return cimd2_pack(&login, out, REQUEST_MAX);
}

static size_t cimd2_submit(unsigned long nth, uint8_t *out)
{
	struct cimd2_pdu submit = { .operation = CIMD2_SUBMIT,
		.number = (uint16_t)((2 * nth + 3) % CIMD2_NUMBERS) };
	cimd2_add_text(&submit, CIMD2_DESTINATION, "+36201234567");
	cimd2_add_text(&submit, CIMD2_TEXT, text);
	return cimd2_pack(&submit, out, REQUEST_MAX);
}

/* Up to the next ETX, greetings and all. */
static size_t framed_answer(const uint8_t *at, size_t len)
{
	const uint8_t *etx = memchr(at, UCP_ETX, len);
	return etx ? (size_t)(etx + 1 - at) : 0;
}

static const struct protocol {
	const char *name;
	size_t (*login)(unsigned window, uint8_t *out);         /* each packs into REQUEST_MAX octets */
	size_t (*submit)(unsigned long nth, uint8_t *out);
	size_t (*answer)(const uint8_t *at, size_t len);        /* octets of the first, 0: it is not whole */
} protocols[] = {
	{ "smpp", smpp_login, smpp_submit, smpp_answer },
	{ "ucp", ucp_login, ucp_submit, framed_answer },
	{ "cimd2", cimd2_login, cimd2_submit, framed_answer },
};

static const struct protocol *protocol_find(const char *name)
{
	for (size_t i = 0; i < sizeof protocols / sizeof *protocols; i++)
		if (strcmp(protocols[i].name, name) == 0)
			return &protocols[i];
	fail("the first link has no driver that is measured here");
	return NULL;
}

/* A client that knows no more than to keep its window full. */
struct bare { int fd; size_t have; uint8_t input[65536]; };

static int dial(unsigned port)
{
	const int fd = socket(AF_INET, SOCK_STREAM, 0), on = 1;
	const struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons((uint16_t)port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	if (fd < 0 || connect(fd, (const struct sockaddr *)&to, sizeof to) != 0)
		fail("no message centre on that port");
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
	return fd;
}

static void send_all(int fd, const uint8_t *at, size_t len)
{
	while (len) {
		const ssize_t n = write(fd, at, len);
		if (n <= 0)
			fail("the message centre closed the connection");
		at += n;
		len -= (size_t)n;
	}
}

/* Reads what there is, and counts the answers in it. */
static unsigned long count_answers(struct bare *bare, const struct protocol *protocol)
{
	const ssize_t n = read(bare->fd, bare->input + bare->have, sizeof bare->input - bare->have);
	unsigned long answers = 0;
	if (n <= 0)
		fail("the message centre closed the connection");
	bare->have += (size_t)n;
	size_t at = 0, len;
	while ((len = protocol->answer(bare->input + at, bare->have - at))) {
		at += len;
		answers++;
	}
	memmove(bare->input, bare->input + at, bare->have - at);
	bare->have -= at;
	return answers;
}

/* Messages a second, of so many or of as many as there is time for. */
static double bare_rate(const struct protocol *protocol, unsigned port, unsigned long wanted, unsigned window,
    double most)
{
	static uint8_t output[1024 * 256];
	static struct bare bare;
	uint8_t one[REQUEST_MAX];
	bare.have = 0;
	bare.fd = dial(port);
	send_all(bare.fd, one, protocol->login(window, one));
	while (!count_answers(&bare, protocol))
		continue;
	const double began = seconds(CLOCK_MONOTONIC);
	unsigned long sent = 0, answered = 0;
	while (answered < wanted && seconds(CLOCK_MONOTONIC) - began < most) {
		size_t n = 0;
		for (; sent < wanted && sent - answered < window && n + REQUEST_MAX < sizeof output; sent++)
			n += protocol->submit(sent, output + n);
		send_all(bare.fd, output, n);
		answered += count_answers(&bare, protocol);
	}
	const double rate = (double)answered / (seconds(CLOCK_MONOTONIC) - began);
	close(bare.fd);
	return rate;
}

int main(int argc, char **argv)
{
	struct conf_error err;
	if (argc < 4)
		fail("usage: bench_driver CONFIGURATION PORT WINDOW [MESSAGES [FOLDER]]");
	struct settings *settings = settings_read(argv[1], &err);
	if (!settings)
		fail(err.text);
	const struct link_settings *link = &settings->links[0];
	const struct protocol *protocol = protocol_find(link->driver->name);
	const unsigned port = (unsigned)strtoul(argv[2], NULL, 10), window = (unsigned)strtoul(argv[3], NULL, 10);
	bench.wanted = argc > 4 ? strtoul(argv[4], NULL, 10) : 500000;
	bench.base = event_base_new();
	if (argc > 5 && !(bench.journal = journal_open(argv[5], "bench", "memory")))
		fail("no journal can be in that folder");
	journal_begin(bench.journal, 1);
	const double cpu = seconds(CLOCK_PROCESS_CPUTIME_ID);
	const double rate = over_the_link(link);
	const double used = seconds(CLOCK_PROCESS_CPUTIME_ID) - cpu;
	struct rusage usage;
	getrusage(RUSAGE_SELF, &usage);
	const double yardstick = bare_rate(protocol, port, bench.wanted, window, INFINITY);
	const double trip = 1 / bare_rate(protocol, port, TRIPS, 1, TRIPS_MOST);
	printf("bench %s messages=%lu window=%u rate=%.0f/s bare=%.0f/s ratio=%.2f rtt=%.0fus window/rtt=%.0f/s "
	    "cpu=%.2fus/message rss_max=%ldMiB journal=%s\n", protocol->name, bench.wanted, window, rate,
	    yardstick, rate / yardstick, trip * 1e6, window / trip, used / (double)bench.wanted * 1e6,
	    usage.ru_maxrss / 1024, bench.journal ? "on" : "off");
	journal_close(bench.journal);
	event_base_free(bench.base);
	settings_free(settings);
	return 0;
}
