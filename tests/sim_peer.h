/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sim_peer.h - smsc-sim in a child process, and a client to speak to it, for tests.
 *
 * The program is smsc-sim beside the tests' folder, or what SMSC_SIM names. The
 * client blocks: a PDU that does not come within five seconds fails the test,
 * and nothing sleeps.
 */
#ifndef SIM_PEER_H
#define SIM_PEER_H

#include "../drivers/smpp_pdu.h"
#include "run_suite.h"
#include "vectors.h"

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

enum { PATIENCE_MS = 5000, FLAGS_MAX = 32 };

/* The centre in its child process. */
struct sim { pid_t pid; FILE *out; unsigned port, ucp, cimd2; };

/* A client's connection. The PDU that was read last borrows from `in`. */
struct peer { int fd; size_t have, used; uint8_t in[128 * 1024]; uint32_t sequence; };

static struct peer peers[2];            /* of the test that runs; too large for a stack */

static inline const char *program(void)
{
	static char path[4096];
	const char *given = getenv("SMSC_SIM");
	if (given)
		return given;
	const ssize_t n = readlink("/proc/self/exe", path, sizeof path - 32);
	ck_assert_int_gt(n, 0);
	path[n] = '\0';
	for (unsigned up = 0; up < 2; up++)
		*strrchr(path, '/') = '\0';
	const size_t len = strlen(path);
	snprintf(path + len, sizeof path - len, "/smsc-sim");
	return path;
}

/* A port that the READY line has, or 0. */
static inline unsigned port_said(const char *line, const char *word)
{
	const char *at = strstr(line, word);
	return at ? (unsigned)strtoul(at + strlen(word), NULL, 10) : 0;
}

/* Starts it with these flags, up to a NULL, and waits until it is ready. */
static inline struct sim sim_start(const char *const *flags)
{
	int out[2];
	char *argv[FLAGS_MAX] = { (char *)program(), "--quiet" };
	for (unsigned i = 0; flags[i]; i++)
		argv[i + 2] = (char *)flags[i];
	ck_assert_int_eq(pipe(out), 0);
	struct sim sim = { .pid = fork() };
	ck_assert_int_ge(sim.pid, 0);
	if (!sim.pid) {
		dup2(out[1], STDOUT_FILENO);
		close(out[0]);
		close(out[1]);
		execv(argv[0], argv);
		_exit(127);
	}
	close(out[1]);
	sim.out = fdopen(out[0], "r");
	ck_assert_ptr_nonnull(sim.out);
	char line[128] = "";
	if (!fgets(line, sizeof line, sim.out) || sscanf(line, "READY smpp=%u", &sim.port) != 1) {
		int status = 0;
		kill(sim.pid, SIGKILL);
		waitpid(sim.pid, &status, 0);
		ck_abort_msg("%s is not ready: it said \"%s\", status %#x", argv[0], line, (unsigned)status);
	}
	sim.ucp = port_said(line, " ucp=");
	sim.cimd2 = port_said(line, " cimd2=");
	return sim;
}

#define START(...) sim_start((const char *const[]){ __VA_ARGS__, NULL })

static inline json_t *sim_counts(const struct sim *sim)
{
	json_error_t error;
	json_t *counts = json_loadf(sim->out, JSON_DISABLE_EOF_CHECK, &error);
	ck_assert_msg(counts != NULL, "counts: %s", error.text);
	return counts;
}

/* Ends it as its user would, and returns its counts. */
static inline json_t *sim_stop(struct sim *sim)
{
	int status;
	kill(sim->pid, SIGTERM);
	json_t *counts = sim_counts(sim);
	fclose(sim->out);
	ck_assert_int_eq(waitpid(sim->pid, &status, 0), sim->pid);
	ck_assert(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	return counts;
}

static inline int count(const json_t *counts, const char *name)
{
	const json_t *value = json_object_get(counts, name);
	ck_assert_msg(json_is_integer(value), "no count %s", name);
	return (int)json_integer_value(value);
}

static inline struct peer *peer_dial(unsigned port, unsigned nth)
{
	struct peer *peer = &peers[nth];
	const struct sockaddr_in address = {
		.sin_family = AF_INET, .sin_port = htons((uint16_t)port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	peer->have = peer->used = peer->sequence = 0;
	peer->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	setsockopt(peer->fd, IPPROTO_TCP, TCP_NODELAY, &(int){ 1 }, sizeof(int));
	ck_assert_int_eq(connect(peer->fd, (const struct sockaddr *)&address, sizeof address), 0);
	return peer;
}

static inline struct peer *peer_connect(const struct sim *sim, unsigned nth)
{
	return peer_dial(sim->port, nth);
}

static inline void peer_write(struct peer *peer, const void *at, size_t len)
{
	ck_assert_int_eq(send(peer->fd, at, len, MSG_NOSIGNAL), (ssize_t)len);
}

static inline uint32_t peer_send(struct peer *peer, struct smpp_pdu *pdu)
{
	uint8_t out[2048];
	if (!pdu->sequence)
		pdu->sequence = ++peer->sequence;
	const size_t len = smpp_pack(pdu, out, sizeof out);
	ck_assert_uint_gt(len, 0);
	peer_write(peer, out, len);
	return pdu->sequence;
}

/* Reads more; false at the end of the connection. */
static inline bool peer_fill(struct peer *peer)
{
	struct pollfd poller = { .fd = peer->fd, .events = POLLIN };
	memmove(peer->in, peer->in + peer->used, peer->have - peer->used);
	peer->have -= peer->used;
	peer->used = 0;
	ck_assert_msg(poll(&poller, 1, PATIENCE_MS) == 1, "nothing came");
	const ssize_t n = read(peer->fd, peer->in + peer->have, sizeof peer->in - peer->have);
	if (n <= 0)
		return false;
	peer->have += (size_t)n;
	return true;
}

/* The next PDU; false at the end of the connection. */
static inline bool peer_read(struct peer *peer, struct smpp_pdu *pdu)
{
	for (;;) {
		const size_t left = peer->have - peer->used;
		const size_t len = smpp_measure(NULL, peer->in + peer->used, left);
		ck_assert_uint_ne(len, SIZE_MAX);
		if (len && len <= left) {
			ck_assert_uint_eq(smpp_unpack(peer->in + peer->used, len, pdu), SMPP_ROK);
			peer->used += len;
			return true;
		}
		if (!peer_fill(peer))
			return false;
	}
}

static inline struct smpp_pdu peer_expect(struct peer *peer, uint32_t command)
{
	struct smpp_pdu pdu;
	ck_assert_msg(peer_read(peer, &pdu), "closed before %s came", smpp_command_name(command));
	ck_assert_msg(pdu.command == command, "%s came, not %s",
	    smpp_command_name(pdu.command) ? smpp_command_name(pdu.command) : "?",
	    smpp_command_name(command));
	return pdu;
}

static inline uint32_t bind_status(struct peer *peer, uint32_t command, const char *id,
    const char *password)
{
	struct smpp_pdu bind = { .command = command, .interface_version = 0x34 };
	snprintf(bind.system_id, sizeof bind.system_id, "%s", id);
	snprintf(bind.password, sizeof bind.password, "%s", password);
	peer_send(peer, &bind);
	return peer_expect(peer, command | 0x80000000u).status;
}

static inline struct peer *peer_bind(const struct sim *sim, unsigned nth, uint32_t command)
{
	struct peer *peer = peer_connect(sim, nth);
	ck_assert_uint_eq(bind_status(peer, command, "acme", "secret"), SMPP_ROK);
	return peer;
}

/* Sends a submit that wants a receipt; returns its sequence. */
static inline uint32_t submit(struct peer *peer, const char *recipient, const void *text,
    size_t len, uint8_t esm_class)
{
	struct smpp_pdu pdu = {
		.command = SMPP_SUBMIT_SM, .esm_class = esm_class, .registered_delivery = 1,
		.source = { .ton = 5, .digits = "ACME" }, .destination = { .ton = 1, .npi = 1 },
		.short_message = text, .sm_length = (uint8_t)len,
	};
	snprintf(pdu.destination.digits, sizeof pdu.destination.digits, "%s", recipient);
	return peer_send(peer, &pdu);
}

static inline uint32_t submit_text(struct peer *peer, const char *recipient, const char *text)
{
	return submit(peer, recipient, text, strlen(text), 0);
}

/* Sends part `part` of `parts` with an 8-bit reference. */
static inline void submit_part(struct peer *peer, uint8_t reference, uint8_t parts, uint8_t part)
{
	const uint8_t message[] = { 5, 0, 3, reference, parts, part, 'p', (uint8_t)('0' + part) };
	submit(peer, "447700900001", message, sizeof message, SMPP_ESM_UDHI);
}

static inline void answer(struct peer *peer, const struct smpp_pdu *request, uint32_t status)
{
	struct smpp_pdu pdu = {
		.command = request->command | 0x80000000u, .sequence = request->sequence, .status = status,
	};
	peer_send(peer, &pdu);
}

static inline struct smpp_pdu expect_receipt(struct peer *peer, struct smpp_receipt *receipt)
{
	struct smpp_pdu pdu = peer_expect(peer, SMPP_DELIVER_SM);
	ck_assert(smpp_receipt(&pdu, receipt));
	return pdu;
}

/* Lines of a file that the centre wrote. */
static inline unsigned lines(const char *name, const char *last)
{
	char line[256] = "";
	unsigned n = 0;
	FILE *file = fopen(name, "r");
	ck_assert_ptr_nonnull(file);
	while (fgets(line, sizeof line, file))
		n++;
	fclose(file);
	ck_assert_str_eq(line, last);
	return n;
}

/* The next frame between STX and ETX, as a text without them. False: the connection ended. */
static inline bool frame_read(struct peer *peer, char *out, size_t room)
{
	for (;;) {
		const uint8_t *from = peer->in + peer->used, *stx = memchr(from, 2, peer->have - peer->used);
		const uint8_t *etx = stx ? memchr(stx, 3, (size_t)(peer->in + peer->have - stx)) : NULL;
		if (etx) {
			ck_assert_uint_lt((size_t)(etx - stx), room);
			snprintf(out, room, "%.*s", (int)(etx - stx - 1), (const char *)stx + 1);
			peer->used = (size_t)(etx + 1 - peer->in);
			return true;
		}
		if (!peer_fill(peer))
			return false;
	}
}

static inline size_t unhex(const char *text, uint8_t *out)
{
	size_t n = 0;
	for (; text[2 * n]; n++) {
		unsigned octet;
		ck_assert_int_eq(sscanf(text + 2 * n, "%2x", &octet), 1);
		out[n] = (uint8_t)octet;
	}
	return n;
}

/* A file of its own with that text; the name is put into `name`. */
static inline void file_make(char name[32], const char *text)
{
	snprintf(name, 32, "/tmp/check_sim.XXXXXX");
	const int fd = mkstemp(name);
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	close(fd);
}

/* A submit with a value in every field, and TLVs. */
static inline struct smpp_pdu full_submit(void)
{
	struct smpp_pdu pdu = {
		.command = SMPP_SUBMIT_SM, .service_type = "WAP", .source = { 5, 0, "Caf\xe9" },
		.destination = { 1, 1, "36201234567" }, .esm_class = 0x40, .protocol_id = 1,
		.priority_flag = 2, .schedule_delivery_time = "261124120000000+",
		.validity_period = "000001000000000R", .registered_delivery = 0x10,
		.replace_if_present = 1, .data_coding = 4, .sm_default_msg_id = 3,
		.short_message = (const uint8_t *)"\6\5\4\x0b\x84\x23\xf0""\0\xff", .sm_length = 9,
	};
	smpp_tlv_add(&pdu, 0x020A, "\x23\xf0", 2);
	smpp_tlv_add(&pdu, 0x1400, "", 0);
	return pdu;
}

/* Runs it to its end; what it says on standard error is put into `said`. */
static inline int exit_status(char *const *argv, char said[512])
{
	int status, err[2];
	ck_assert_int_eq(pipe(err), 0);
	const pid_t pid = fork();
	ck_assert_int_ge(pid, 0);
	if (!pid) {
		dup2(err[1], STDERR_FILENO);
		execv(argv[0], argv);
		_exit(127);
	}
	close(err[1]);
	const ssize_t n = read(err[0], said, 511);
	said[n > 0 ? n : 0] = '\0';
	close(err[0]);
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/* main() of a program whose tests are these: 0 when all of them pass. */
static inline int sim_tests(const char *name, const TTest *const *tests, size_t n)
{
	Suite *suite = suite_create(name);
	TCase *sim = tcase_create(name);
	tcase_set_timeout(sim, 30);
	for (size_t i = 0; i < n; i++)
		tcase_add_test(sim, tests[i]);
	suite_add_tcase(suite, sim);
	return run_suite(suite) != 0;
}

#endif
