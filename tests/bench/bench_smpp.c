/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bench_smpp.c - messages from memory over one SMPP link, without a database.
 *
 *     bench_smpp CONFIGURATION [MESSAGES [FOLDER]]   by its first link, to 127.0.0.1; with a
 *                                                    journal in that folder
 *
 * Rows become parts, go through the link's queue, the driver, its window and its
 * stream, and come back answered, all on one core; encoding is among it. The yardstick
 * of the same run is a loop that writes octets packed once and counts what comes back,
 * with the same window.
 */
#include "../../drivers/smpp.h"
#include "../../gateway/driver.h"
#include "../../gateway/link.h"
#include "../../gateway/log.h"
#include "../../gateway/settings.h"

#include <event2/event.h>

#include <arpa/inet.h>
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
	fprintf(stderr, "bench_smpp: %s\n", what);
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
	bench.link = link_new(settings, &hub);
	link_start(bench.link);
	event_base_dispatch(bench.base);
	link_free(bench.link);
	if (bench.failed)
		fail("messages were refused");
	return (double)bench.wanted / (bench.ended - bench.began);
}

/* The yardstick */

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

/* Reads what there is, and counts the PDUs in it. */
static unsigned long count_answers(int fd)
{
	static uint8_t input[65536];
	static size_t have;
	const ssize_t n = read(fd, input + have, sizeof input - have);
	unsigned long answers = 0;
	if (n <= 0)
		fail("the message centre closed the connection");
	have += (size_t)n;
	size_t at = 0, len;
	while ((len = smpp_measure(NULL, input + at, have - at)) && len <= have - at) {
		at += len;
		answers++;
	}
	memmove(input, input + at, have - at);
	have -= at;
	return answers;
}

static double bare(unsigned port, unsigned long wanted, unsigned window)
{
	static uint8_t output[1024 * 256];
	uint8_t one[256];
	struct smpp_pdu bind = { .command = SMPP_BIND_TRANSCEIVER, .sequence = 1, .system_id = "bare",
		.interface_version = 0x34 };
	struct smpp_pdu submit = { .command = SMPP_SUBMIT_SM,
		.source = { .ton = 5, .digits = "Shop" },
		.destination = { .ton = 1, .npi = 1, .digits = "36201234567" },
		.short_message = (const uint8_t *)"Your order is on its way and will be with you by noon.",
		.sm_length = 54 };
	const int fd = dial(port);
	send_all(fd, one, smpp_pack(&bind, one, sizeof one));
	while (!count_answers(fd))
		continue;
	const double began = seconds(CLOCK_MONOTONIC);
	unsigned long sent = 0, answered = 0;
	while (answered < wanted) {
		size_t n = 0;
		for (; sent < wanted && sent - answered < window && n + 256 < sizeof output; sent++) {
			submit.sequence = (uint32_t)sent + 2;
			n += smpp_pack(&submit, output + n, 256);
		}
		send_all(fd, output, n);
		answered += count_answers(fd);
	}
	const double rate = (double)wanted / (seconds(CLOCK_MONOTONIC) - began);
	close(fd);
	return rate;
}

int main(int argc, char **argv)
{
	struct conf_error err;
	if (argc < 2)
		fail("usage: bench_smpp CONFIGURATION [MESSAGES]");
	struct settings *settings = settings_read(argv[1], &err);
	if (!settings)
		fail(err.text);
	const struct link_settings *link = &settings->links[0];
	const struct smpp_options *options = link->options;
	bench.wanted = argc > 2 ? strtoul(argv[2], NULL, 10) : 500000;
	bench.base = event_base_new();
	if (argc > 3 && !(bench.journal = journal_open(argv[3], "bench", "memory")))
		fail("no journal can be in that folder");
	journal_begin(bench.journal, 1);
	const double cpu = seconds(CLOCK_PROCESS_CPUTIME_ID);
	const double rate = over_the_link(link);
	const double used = seconds(CLOCK_PROCESS_CPUTIME_ID) - cpu;
	struct rusage usage;
	getrusage(RUSAGE_SELF, &usage);
	const double yardstick = bare((unsigned)options->port, bench.wanted, (unsigned)options->window);
	printf("bench smpp messages=%lu window=%ld rate=%.0f/s bare=%.0f/s ratio=%.2f cpu=%.2fus/message "
	    "rss_max=%ldMiB journal=%s\n", bench.wanted, options->window, rate, yardstick, rate / yardstick,
	    used / (double)bench.wanted * 1e6, usage.ru_maxrss / 1024,
	    bench.journal ? "on" : "off");
	journal_close(bench.journal);
	event_base_free(bench.base);
	settings_free(settings);
	return 0;
}
