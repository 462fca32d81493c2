/* SPDX-License-Identifier: Apache-2.0 */
/*
 * modem_identify.c - `smsqlctl modem DEVICE`: what a modem is, and a section `link` for it.
 *
 * A loop of its own, a channel, and a table of questions. Nothing is changed but what every session
 * sets (echo, numbers of errors); a PIN is entered only when one was given, by the same rules as in a
 * session: once, and remembered.
 */
#include "modem_said.h"
#include "modem_session.h"

#include <event2/event.h>

#include <dirent.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { ASK_MS = 5000, OPERATOR_MS = 30000, PIN_MS = 30000, TEXT_MAX = 200, STORAGES_MAX = 8, RETRY_MS = 2000, SIM_TRIES = 10 };

enum can { CAN_CNMI, CAN_CPMS, CAN_CSMS, CAN_CMMS, CAN_CGSMS, CAN_CUSD, CANS };
static const char *const can_words[CANS] = { "+CNMI", "+CPMS", "+CSMS", "+CMMS", "+CGSMS", "+CUSD" };

struct asking {
	const struct identify *asked;
	struct modem_options options;
	struct event_base *base;
	struct event *timer;
	struct channel *channel;
	struct find *find;
	struct modem_identity identity;
	struct radio radio;
	char device[256];
	unsigned baud;
	size_t query;
	unsigned repeated;
	char sim[MODEM_WHY_MAX], storages[TEXT_MAX], can[CANS][TEXT_MAX];
	bool wants_pin, entered, again, over;
	bool chosen;                    /* another storage than SM, to be undone */
	int tries;
	struct pin_key key;
	char pin_file[PATH_MAX];
	struct conf_error *err;
	bool good;
};

static void finish(struct asking *asking, bool good)
{
	asking->good = good;
	asking->over = true;
	event_base_loopbreak(asking->base);
}

/* What is heard. */

static void heard_identity(struct asking *, const struct at_answer *);

static void heard_sim(struct asking *asking, const struct at_answer *answer)
{
	const char *state = said_line(answer, "+CPIN:");
	const bool busy = !state && (answer->code == 14 || answer->code == 314 || answer->code == 515);
	asking->wants_pin = state && strcmp(state, "SIM PIN") == 0;
	if (state && strcmp(state, "READY") == 0)
		snprintf(asking->sim, sizeof asking->sim, "ready");
	else if (asking->wants_pin)
		snprintf(asking->sim, sizeof asking->sim, "asks for its PIN: give it with --pin-file, and the link with pin_file");
	else if (state && strcmp(state, "SIM PUK") == 0)
		snprintf(asking->sim, sizeof asking->sim, "blocked: it asks for its PUK. Unlock it in a handset");
	else if (state)
		snprintf(asking->sim, sizeof asking->sim, "%.100s", state);
	else if (answer->code == 10 || answer->code == 310)
		snprintf(asking->sim, sizeof asking->sim, "there is none in the modem");
	else
		snprintf(asking->sim, sizeof asking->sim, "not known: %.120s", answer->text);
	asking->again = (busy || (asking->entered && asking->wants_pin)) && ++asking->repeated < SIM_TRIES;
	if (asking->entered && !asking->again && state && strcmp(state, "READY") == 0)
		pin_forget(asking->pin_file);
}

static void heard_tries(struct asking *asking, const struct at_answer *answer)
{
	for (size_t i = 0; said_well(answer) && i < answer->nlines && asking->tries < 0; i++)
		asking->tries = pin_tries(answer->lines[i]);
}

static void heard_pin(struct asking *asking, const struct at_answer *answer)
{
	if (!said_well(answer)) {
		pin_note(asking->pin_file, &asking->key, asking->asked->pin, PIN_REFUSED);
		snprintf(asking->sim, sizeof asking->sim, "did not take the PIN (%.80s); it is not entered again", answer->text);
		asking->wants_pin = false;
		return;
	}
	asking->entered = true;
}

static void heard_network(struct asking *asking, const struct at_answer *answer)
{
	for (size_t i = 0; i < answer->nlines; i++)
		radio_read(&asking->radio, answer->lines[i], false);
}

static void heard_centre(struct asking *asking, const struct at_answer *answer)
{
	said_centre(answer, asking->identity.smsc, sizeof asking->identity.smsc);
}

/* `"SM",3,25,"SM",3,25,"ME",0,99`: each storage once. */
static void heard_storages(struct asking *asking, const struct at_answer *answer)
{
	const char *at = said_line(answer, "+CPMS:");
	size_t n = 0;
	char name[8], seen[STORAGES_MAX * sizeof name] = "";
	long used, total;
	for (int len; at && sscanf(at, "\"%7[A-Za-z_]\",%ld,%ld%n", name, &used, &total, &len) == 3;
	    at = at[len] == ',' ? at + len + 1 : NULL) {
		if (strstr(seen, name) || strlen(seen) + sizeof name >= sizeof seen || n >= sizeof asking->storages)
			continue;
		snprintf(seen + strlen(seen), sizeof seen - strlen(seen), "%s ", name);
		n += (size_t)snprintf(asking->storages + n, sizeof asking->storages - n, "%s%s %ld of %ld", n ? ", " : "", name,
		    used, total);
	}
}

/* `0,99,...`, of the storage that was chosen for a moment. */
static void heard_other(struct asking *asking, const struct at_answer *answer)
{
	const char *at = answer->result == AT_OK ? said_line(answer, "+CPMS:") : NULL;
	const size_t n = strlen(asking->storages);
	long used, total;
	asking->chosen = true;
	if (at && sscanf(at, "%ld,%ld", &used, &total) == 2)
		snprintf(asking->storages + n, sizeof asking->storages - n, "%sME %ld of %ld", n ? ", " : "", used, total);
}

static void heard_can(struct asking *asking, const struct at_answer *answer)
{
	for (size_t i = 0; i < CANS; i++) {
		char prefix[16];
		snprintf(prefix, sizeof prefix, "%s:", can_words[i]);
		if (said_line(answer, prefix))
			said_value(answer, prefix, asking->can[i], TEXT_MAX);
	}
}

/* Questions. */

static bool no_iccid(struct asking *asking) { return !*asking->identity.iccid; }
static bool pin_is_asked(struct asking *asking) { return asking->wants_pin && *asking->asked->pin; }
static bool tries_unknown(struct asking *asking) { return pin_is_asked(asking) && asking->tries < 0; }
static bool has_other(struct asking *asking)
{
	return strstr(asking->can[CAN_CPMS], "ME") && strncmp(asking->storages, "SM ", 3) == 0 && !strstr(asking->storages, "ME ");
}
static bool was_chosen(struct asking *asking) { return asking->chosen; }
static bool was_entered(struct asking *asking) { return asking->entered; }

/* By the rules of modem_pin.c; what they say is told as the state of the SIM. */
static bool pin_goes(struct asking *asking)
{
	const struct pin_ask ask = { .file = asking->pin_file, .pin = asking->asked->pin, .key = &asking->key,
		.tries = asking->tries };
	bool person;
	if (!pin_is_asked(asking))
		return false;
	pin_key_of(&asking->key, &asking->identity, asking->device);
	pin_file_of(&asking->key, "auto", asking->pin_file, sizeof asking->pin_file);
	return pin_may(&ask, asking->sim, &person);
}

static const struct query {
	const char *line, *prefix;
	unsigned timeout_ms;
	bool (*wanted)(struct asking *); /* NULL: always */
	void (*heard)(struct asking *, const struct at_answer *);
} queries[] = {
	{ "ATE0", NULL, ASK_MS, NULL, NULL },
	{ "AT+CMEE=1", NULL, ASK_MS, NULL, NULL },
	{ "AT+CGMI", "+CGMI:", ASK_MS, NULL, heard_identity },
	{ "AT+CGMM", "+CGMM:", ASK_MS, NULL, heard_identity },
	{ "AT+CGMR", "+CGMR:", ASK_MS, NULL, heard_identity },
	{ "AT+CGSN", "+CGSN:", ASK_MS, NULL, heard_identity },
	{ "AT+CPIN?", "+CPIN:", ASK_MS, NULL, heard_sim },
	{ "AT+CCID", "+CCID:", ASK_MS, no_iccid, heard_identity },
	{ "AT^ICCID?", "^ICCID:", ASK_MS, no_iccid, heard_identity },
	{ "AT+ICCID", "+ICCID:", ASK_MS, no_iccid, heard_identity },
	{ "AT+CPINR", "+CPINR:", ASK_MS, tries_unknown, heard_tries },
	{ "AT^CPIN?", "^CPIN:", ASK_MS, tries_unknown, heard_tries },
	{ "AT+SPIC", "+SPIC:", ASK_MS, tries_unknown, heard_tries },
	{ "AT+QPINC?", "+QPINC:", ASK_MS, tries_unknown, heard_tries },
	{ "AT+CPIN=", "+CPIN:", PIN_MS, pin_goes, heard_pin },
	{ "AT+CPIN?", "+CPIN:", ASK_MS, was_entered, heard_sim },
	{ "AT+CIMI", "+CIMI:", ASK_MS, NULL, heard_identity },
	{ "AT+CREG?", "+CREG:", ASK_MS, NULL, heard_network },
	{ "AT+CGREG?", "+CGREG:", ASK_MS, NULL, heard_network },
	{ "AT+CEREG?", "+CEREG:", ASK_MS, NULL, heard_network },
	{ "AT+COPS?", "+COPS:", OPERATOR_MS, NULL, heard_network },
	{ "AT+CSQ", "+CSQ:", ASK_MS, NULL, heard_network },
	{ "AT+CSCA?", "+CSCA:", ASK_MS, NULL, heard_centre },
	{ "AT+CPMS?", "+CPMS:", ASK_MS, NULL, heard_storages },
	{ "AT+CPMS=?", "+CPMS:", ASK_MS, NULL, heard_can },
	{ "AT+CPMS=\"ME\"", "+CPMS:", ASK_MS, has_other, heard_other },
	{ "AT+CPMS=\"SM\"", "+CPMS:", ASK_MS, was_chosen, NULL },
	{ "AT+CNMI=?", "+CNMI:", ASK_MS, NULL, heard_can },
	{ "AT+CSMS=?", "+CSMS:", ASK_MS, NULL, heard_can },
	{ "AT+CMMS=?", "+CMMS:", ASK_MS, NULL, heard_can },
	{ "AT+CGSMS=?", "+CGSMS:", ASK_MS, NULL, heard_can },
	{ "AT+CUSD=?", "+CUSD:", ASK_MS, NULL, heard_can },
};
enum { QUERIES = sizeof queries / sizeof *queries };

static void heard_identity(struct asking *asking, const struct at_answer *answer)
{
	said_identity(&asking->identity, queries[asking->query].prefix, answer);
}

static void go(struct asking *asking);

static void on_timer(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	go(arg);
}

static void on_answer(void *ctx, const struct at_answer *answer)
{
	struct asking *asking = ctx;
	const struct query *query = &queries[asking->query];
	static const struct timeval retry = { .tv_sec = RETRY_MS / 1000 };
	if (asking->over || answer->result == AT_CLOSED)
		return;
	asking->again = false;
	if (query->heard)
		query->heard(asking, answer);
	if (asking->again) {
		event_add(asking->timer, &retry);
		return;
	}
	asking->query++;
	asking->repeated = 0;
	go(asking);
}

static void go(struct asking *asking)
{
	char line[AT_LINE_MAX];
	while (asking->query < QUERIES && queries[asking->query].wanted &&
	    !asking->repeated && !queries[asking->query].wanted(asking))
		asking->query++;
	if (asking->query == QUERIES) {
		finish(asking, true);
		return;
	}
	const struct query *query = &queries[asking->query];
	const struct at_command command = { .line = line, .prefix = query->prefix, .timeout_ms = query->timeout_ms,
		.done = on_answer, .ctx = asking };
	if (strcmp(query->line, "AT+CPIN=") == 0)
		snprintf(line, sizeof line, "AT+CPIN=\"%.8s\"", asking->asked->pin);
	else
		snprintf(line, sizeof line, "%s", query->line);
	channel_ask(asking->channel, &command);
}

/* The device. */

static void on_opened(void *ctx)
{
	go(ctx);
}

static void on_closed(void *ctx, const char *why)
{
	struct asking *asking = ctx;
	conf_fail(asking->err, "%.200s: %.500s", asking->device, why);
	finish(asking, false);
}

static void on_mute(void *ctx, unsigned tries)
{
	struct asking *asking = ctx;
	conf_fail(asking->err, "%.200s: no OK to AT, %u times: is it the port for commands? A modem often has several. "
	    "Else switch it off and on", asking->device, tries);
	finish(asking, false);
}

static void on_urc(void *ctx, const struct at_urc *urc)
{
	struct asking *asking = ctx;
	radio_read(&asking->radio, urc->line, false);
}

static void on_found(void *ctx, const struct modem_found *found)
{
	struct asking *asking = ctx;
	const struct channel_handler handler = { .ctx = asking, .opened = on_opened, .urc = on_urc, .mute = on_mute,
		.closed = on_closed };
	const bool good = found->device && found->answers;
	if (good) {
		snprintf(asking->device, sizeof asking->device, "%s", found->device);
		asking->baud = found->baud;
	} else {
		conf_fail(asking->err, "%.500s", found->why && *found->why ? found->why : "no modem answers there");
	}
	find_free(asking->find);        /* and with it the device is closed */
	asking->find = NULL;
	if (!good) {
		finish(asking, false);
		return;
	}
	asking->channel = channel_open(asking->base, &asking->options, asking->device, asking->baud, &handler);
}

/* The name that stays when it is plugged in elsewhere, or in another order. */
static void steady_name(const char *device, char *out, size_t room)
{
	static const char *const folders[] = { "/dev/serial/by-id", "/dev/serial/by-path" };
	char real[PATH_MAX], path[PATH_MAX], other[PATH_MAX];
	bool found = false;
	snprintf(out, room, "%s", device);
	if (!realpath(device, real))
		return;
	for (size_t i = 0; i < sizeof folders / sizeof *folders && !found; i++) {
		DIR *folder = opendir(folders[i]);
		for (const struct dirent *entry; folder && !found && (entry = readdir(folder)); ) {
			snprintf(path, sizeof path, "%s/%s", folders[i], entry->d_name);
			found = *entry->d_name != '.' && realpath(path, other) && strcmp(real, other) == 0;
		}
		if (folder)
			closedir(folder);
	}
	if (found)
		snprintf(out, room, "%s", path);
}

/* Telling. */

static void row(FILE *out, const char *name, const char *value)
{
	fprintf(out, "%-10s %s\n", name, *value ? value : "not said");
}

/* "O2 - de" -> "o2-de", for a link's name. */
static void name_link(const char *operator, char *out, size_t room)
{
	size_t n = 0;
	for (const char *at = operator; *at && n + 1 < room; at++)
		if ((*at >= 'a' && *at <= 'z') || (*at >= '0' && *at <= '9'))
			out[n++] = *at;
		else if (*at >= 'A' && *at <= 'Z')
			out[n++] = (char)(*at + 'a' - 'A');
		else if (n && out[n - 1] != '-')
			out[n++] = '-';
	while (n && out[n - 1] == '-')
		n--;
	out[n] = '\0';
	if (!n)
		snprintf(out, room, "modem1");
}

static void tell_link(const struct asking *asking, FILE *out)
{
	char name[24], device[PATH_MAX];
	name_link(asking->radio.operator, name, sizeof name);
	steady_name(asking->device, device, sizeof device);
	fprintf(out, "\nlink \"%s\" {\n\tdriver = modem\n\tdevice = \"%s\"\n", name, device);
	if (asking->asked->baud && asking->baud)
		fprintf(out, "\tbaud = %u\n", asking->baud);
	if (asking->entered || asking->wants_pin)
		fprintf(out, "\tpin_file = \"/etc/smsqld/%s.pin\"\n", name);
	if (!*asking->identity.smsc)
		fprintf(out, "\tsmsc = \"+...\"        # the SIM names no message centre: ask its provider\n");
	fprintf(out, "}\n");
}

static void tell(const struct asking *asking, FILE *out)
{
	const struct modem_identity *is = &asking->identity;
	char network[TEXT_MAX];
	radio_words(&asking->radio, network, sizeof network);
	row(out, "device", asking->device);
	row(out, "maker", is->maker);
	row(out, "model", is->model);
	row(out, "revision", is->revision);
	row(out, "IMEI", is->imei);
	row(out, "profile", modem_profile_of(is)->name);
	row(out, "SIM", asking->sim);
	row(out, "ICCID", is->iccid);
	row(out, "IMSI", is->imsi);
	row(out, "network", network);
	row(out, "SMSC", is->smsc);
	row(out, "storages", asking->storages);
	for (size_t i = 0; i < CANS; i++) {
		char name[16];
		snprintf(name, sizeof name, "AT%s", can_words[i]);
		row(out, name, *asking->can[i] ? asking->can[i] : "not supported");
	}
	tell_link(asking, out);
}

/* Of the options only what opens a device is read, and how long it is waited. */
static bool set_options(struct asking *asking, char *device)
{
	struct modem_options *options = &asking->options;
	*options = (struct modem_options){ .device = device, .command_timeout = ASK_MS, .prompt_timeout = ASK_MS,
		.result_timeout = ASK_MS, .recovery_wait = 1000 };
	if (!modem_check_device(device, asking->err))
		return false;
	if (modem_set_baud(options, asking->asked->baud))
		return true;
	return conf_fail(asking->err, "--baud %ld is no rate of a serial line, like 115200", asking->asked->baud);
}

bool modem_identify(const struct identify *ask, FILE *out, struct conf_error *err)
{
	char *device = strdup(ask->device);
	struct asking asking = { .asked = ask, .tries = -1, .err = err };
	if (!device)
		abort();
	radio_clear(&asking.radio);
	if (set_options(&asking, device)) {
		asking.base = event_base_new();
		asking.timer = asking.base ? event_new(asking.base, -1, 0, on_timer, &asking) : NULL;
		if (!asking.timer)
			abort();
		asking.find = find_start(asking.base, &asking.options, "/dev", on_found, &asking);
		event_base_dispatch(asking.base);
	}
	if (asking.good)
		tell(&asking, out);
	find_free(asking.find);
	channel_free(asking.channel);
	if (asking.base) {
		event_free(asking.timer);
		event_base_free(asking.base);
	}
	free(device);
	return asking.good;
}
