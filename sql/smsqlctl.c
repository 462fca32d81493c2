/* SPDX-License-Identifier: Apache-2.0 */
/*
 * smsqlctl.c - the operator's program: arguments in, a command of desk.c out.
 *
 * The database is that of the gateway's configuration file, or a URL.
 */
#include "desk.h"

#include "../gateway/settings.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NAME_WIDTH = 26, WAIT_S = 120, ROWS = 50, RANGE = 10000000, RANGE_MOST = 1000000000 };

struct call {
	const char *config, *database;
	const struct desk_command *command;
	struct desk desk;
	char given[16];                 /* options that not every command takes */
};

static const struct option options[] = {
	{ "config", required_argument, NULL, 'c' }, { "database", required_argument, NULL, 'd' },
	{ "sender", required_argument, NULL, 's' }, { "link", required_argument, NULL, 'l' },
	{ "wait", no_argument, NULL, 'w' }, { "timeout", required_argument, NULL, 't' },
	{ "limit", required_argument, NULL, 'n' }, { "yes", no_argument, NULL, 'y' },
	{ "json", no_argument, NULL, 'j' }, { "version", no_argument, NULL, 'V' },
	{ "kind", required_argument, NULL, 'k' }, { "options", required_argument, NULL, 'o' },
	{ "pin-file", required_argument, NULL, 'P' }, { "baud", required_argument, NULL, 'B' },
	{ "all", no_argument, NULL, 'a' }, { "dry-run", no_argument, NULL, 'D' },
	{ "partitioned", optional_argument, NULL, 'p' }, { "help", no_argument, NULL, 'h' }, { NULL, 0, NULL, 0 },
};

static void help(void)
{
	puts("smsqlctl - looks at and controls a gateway between SQL tables and mobile networks\n"
	    "\n"
	    "usage: smsqlctl [-c FILE | --database URL] COMMAND ...\n");
	for (const struct desk_command *command = commands; command->name; command++) {
		char call[80];
		snprintf(call, sizeof call, "%s %s", command->name, command->arguments);
		printf("  %-*s%s\n", NAME_WIDTH, call, command->help);
	}
	puts("\n"
	    "  -c, --config FILE         default: /etc/smsqld/smsqld.conf\n"
	    "      --database URL        sqlite:///FILE or postgresql://USER@HOST/NAME, without a file\n"
	    "      --json                for programs: send, ask, parts, status, links, queue, doubtful\n"
	    "      --sender S, --link L  send: from this number or name, over this link\n"
	    "      --wait, --timeout S   send: until it is delivered or cannot be; 120 seconds at most\n"
	    "                            ask: until the network has answered\n"
	    "      --link L, --kind K, --options JSON\n"
	    "                            parts: as that link and such a row would have it\n"
	    "      --limit N             queue, doubtful: rows at most, default 50\n"
	    "      --link L, --all       doubtful: of that link; with a decision, resend or accept: all\n"
	    "      --dry-run             maintain: say what would go\n"
	    "      --pin-file F, --baud N\n"
	    "                            modem: the SIM's PIN, and the rate of the line\n"
	    "      --partitioned[=ROWS]  init: outbox in ranges of ids, default 10000000; not SQLite\n"
	    "  -y, --yes                 init, upgrade: ask nothing\n"
	    "      --version, --help\n"
	    "\n"
	    "Exit status: 0 done, 1 not done (standard error says why), 2 wrong usage.\n"
	    "See smsqlctl(1).");
}

static enum exit_status misused(const char *what, const char *which)
{
	fprintf(stderr, "smsqlctl: %s%s\ntry: smsqlctl --help\n", what, which);
	return EXIT_USAGE;
}

static bool read_number(const char *argument, long max, long *into)
{
	char *end;
	*into = strtol(argument, &end, 10);
	return end != argument && !*end && *into > 0 && *into <= max;
}

/* -1: go on; else the exit status. */
static int take_option(struct call *call, int option)
{
	struct desk *desk = &call->desk;
	switch (option) {
	case 'c': call->config = optarg; break;
	case 'd': call->database = optarg; break;
	case 's': desk->sender = optarg; break;
	case 'l': desk->link = optarg; break;
	case 'k': desk->kind = optarg; break;
	case 'o': desk->options = optarg; break;
	case 'P': desk->pin_file = optarg; break;
	case 'B':
		if (!read_number(optarg, 4000000, &desk->baud))
			return misused("--baud takes a rate, like 115200, not ", optarg);
		break;
	case 'w': desk->wait = true; break;
	case 'j': desk->json = true; break;
	case 'y': desk->yes = true; break;
	case 'a': desk->all = true; break;
	case 'D': desk->dry = true; break;
	case 'p':
		desk->ranges = RANGE;
		if (optarg && !read_number(optarg, RANGE_MOST, &desk->ranges))
			return misused("--partitioned takes the rows of a range, 1 to 1000000000, not ", optarg);
		break;
	case 't':
		if (!read_number(optarg, 1000000, &desk->timeout))
			return misused("--timeout takes seconds, 1 or more, not ", optarg);
		break;
	case 'n':
		if (!read_number(optarg, 1000000, &desk->limit))
			return misused("--limit takes a number of rows from 1 to 1000000, not ", optarg);
		break;
	case 'V': puts("smsqlctl " SMSQLD_VERSION); return EXIT_DONE;
	case 'h': help(); return EXIT_DONE;
	default: fputs("try: smsqlctl --help\n", stderr); return EXIT_USAGE;
	}
	if (strchr("slwtnyjkoaDpPB", option) && !strchr(call->given, option))
		call->given[strlen(call->given)] = (char)option;
	return -1;
}

static const struct desk_command *command_of(const char *name)
{
	const struct desk_command *command = commands;
	while (command->name && strcmp(command->name, name) != 0)
		command++;
	return command->name ? command : NULL;
}

static const char *option_name(char option)
{
	const struct option *at = options;
	while (at->val != option)
		at++;
	return at->name;
}

/* -1: go on; else the exit status. */
static int arguments(struct call *call, int argc, char **argv)
{
	for (int option; (option = getopt_long(argc, argv, "c:yh", options, NULL)) != -1; ) {
		const int result = take_option(call, option);
		if (result != -1)
			return result;
	}
	if (optind == argc)
		return misused("which command?", "");
	call->command = command_of(argv[optind]);
	if (!call->command)
		return misused("there is no command ", argv[optind]);
	call->desk.arguments = argv + optind + 1;
	call->desk.narguments = (size_t)(argc - optind - 1);
	for (const char *given = call->given; *given; given++)
		if (!strchr(call->command->options, *given)) {
			fprintf(stderr, "smsqlctl: %s takes no --%s\n", call->command->name,
			    option_name(*given));
			return EXIT_USAGE;
		}
	if (call->desk.narguments < call->command->least ||
	    call->desk.narguments > call->command->most) {
		fprintf(stderr, "usage: smsqlctl %s%s%s\n", call->command->name,
		    *call->command->arguments ? " " : "", call->command->arguments);
		return EXIT_USAGE;
	}
	return -1;
}

static enum exit_status run(struct call *call, const char *url, const char *password)
{
	struct desk *desk = &call->desk;
	struct db_error err;
	desk->engine = engine_of(url);
	if (!desk->engine) {
		fprintf(stderr, "smsqlctl: no database is known for this URL; "
		    "expected sqlite:///FILE or postgresql://USER@HOST/NAME\n");
		return EXIT_FAILED;
	}
	desk_place(desk, url);
	if (desk->engine->open(&desk->db, url, password, &err) != DB_OK) {
		fprintf(stderr, "smsqlctl: %s\n", err.text);
		return EXIT_FAILED;
	}
	const enum exit_status exit_status = call->command->run(desk);
	desk->engine->close(desk->db);
	return exit_status;
}

/* By the rules of the link that was named. */
static enum exit_status run_offline(struct call *call, const struct settings *settings)
{
	for (size_t i = 0; i < settings->nlinks; i++)
		if (strcmp(settings->links[i].name, call->desk.link) == 0)
			call->desk.rules = &settings->links[i].encode;
	if (call->desk.rules)
		return call->command->run(&call->desk);
	fprintf(stderr, "smsqlctl: there is no link \"%s\" in %s\n", call->desk.link, call->config);
	return EXIT_FAILED;
}

int main(int argc, char **argv)
{
	struct call call = { .config = "/etc/smsqld/smsqld.conf",
		.desk = { .sender = "", .link = "", .kind = "", .options = "", .pin_file = "", .timeout = WAIT_S,
		    .limit = ROWS } };
	const int ended = arguments(&call, argc, argv);
	if (ended != -1)
		return ended;
	if (call.command->run == desk_modem || (call.command->run == desk_parts && !*call.desk.link))
		return (int)call.command->run(&call.desk);
	if (call.database)
		return (int)run(&call, call.database, "");
	struct conf_error err;
	struct settings *settings = settings_read(call.config, &err);
	if (!settings) {
		fprintf(stderr, "smsqlctl: %s\n", err.text);
		return EXIT_FAILED;
	}
	call.desk.keep = &settings->database.keep;
	const enum exit_status exit_status = call.command->run == desk_parts ? run_offline(&call, settings)
	    : run(&call, settings->database.url, settings->database.password);
	settings_free(settings);
	return (int)exit_status;
}
