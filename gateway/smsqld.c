/* SPDX-License-Identifier: Apache-2.0 */
/*
 * smsqld.c - the gateway's program: arguments, signals, start, reload, drain.
 *
 * TERM or INT drains: the first ends in order, the second stops waiting for
 * answers, the third stops at once. HUP reads the file again; a file with an
 * error changes nothing.
 */
#include "gateway.h"
#include "log.h"

#include <event2/event.h>
#include <event2/thread.h>
#include <systemd/sd-daemon.h>

#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum exit_status { EXIT_DONE, EXIT_FAILED, EXIT_USAGE };

static const char usage[] =
    "smsqld - a gateway between SQL tables and mobile networks\n"
    "\n"
    "usage: smsqld -c FILE        run in the foreground, log to standard error\n"
    "       smsqld -c FILE -t     check the configuration and exit 0 or 1\n"
    "       smsqld --version | --help\n"
    "\n"
    "  -c, --config FILE   default: /etc/smsqld/smsqld.conf\n"
    "  -t, --test          check the configuration; nothing is opened\n"
    "  -d, --debug         log a line for each message, whatever the file says\n"
    "\n"
    "Signals: TERM or INT drain and exit, a second one stops waiting for answers, a third\n"
    "exits at once; HUP reads the configuration again.\n"
    "See smsqld(8), smsqld.conf(5), smsqlctl(1).\n";

struct program {
	const char *path;
	bool test, debug;
	struct event_base *base;
	struct gateway *gateway;
	unsigned asked_to_stop;
	bool announced;
};

static void on_ended(void *ctx)
{
	struct program *program = ctx;
	event_base_loopbreak(program->base);
}

static void on_stop(evutil_socket_t signal, short what, void *arg)
{
	(void)signal;
	(void)what;
	struct program *program = arg;
	if (++program->asked_to_stop > 2) {
		log_warn("event=stopping reason=\"third signal: exiting at once\"");
		event_base_loopbreak(program->base);
		return;
	}
	sd_notify(0, "STOPPING=1");
	gateway_drain(program->gateway);
}

static void on_reload(evutil_socket_t signal, short what, void *arg)
{
	(void)signal;
	(void)what;
	struct program *program = arg;
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	sd_notifyf(0, "RELOADING=1\nMONOTONIC_USEC=%lld",
	    (long long)now.tv_sec * 1000000 + now.tv_nsec / 1000);
	struct conf_error err;
	struct settings *settings = settings_read(program->path, &err);
	if (settings)
		gateway_reload(program->gateway, settings);
	else
		log_error("event=reload-refused reason=\"%s\" (the running configuration is kept)",
		    err.text);
	if (program->debug)
		log_set_level(LOG_LEVEL_DEBUG);
	sd_notify(0, "READY=1");
}

/* Twice a second: tells the service manager that the loop turns. */
static void on_tick(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	struct program *program = arg;
	char status[200];
	gateway_status(program->gateway, status, sizeof status);
	bool ready = !program->announced && gateway_is_ready(program->gateway);
	program->announced = program->announced || ready;
	sd_notifyf(0, "%sWATCHDOG=1\nSTATUS=%s", ready ? "READY=1\n" : "", status);
}

static struct event *on_signal(struct program *program, int signal, event_callback_fn react)
{
	struct event *event = evsignal_new(program->base, signal, react, program);
	if (!event || event_add(event, NULL) != 0)
		abort();
	return event;
}

static int run(struct program *program, struct settings *settings)
{
	signal(SIGPIPE, SIG_IGN);
	evthread_use_pthreads();
	program->base = event_base_new();
	if (!program->base)
		abort();
	struct conf_error err;
	program->gateway = gateway_open(program->base, settings, on_ended, program, &err);
	if (!program->gateway) {
		log_error("event=start-failed reason=\"%s\"", err.text);
		settings_free(settings);
		event_base_free(program->base);
		return EXIT_FAILED;
	}
	struct event *events[] = {
		on_signal(program, SIGTERM, on_stop),
		on_signal(program, SIGINT, on_stop),
		on_signal(program, SIGHUP, on_reload),
		event_new(program->base, -1, EV_PERSIST, on_tick, program),
	};
	const struct timeval tick = { .tv_usec = 500000 };
	event_add(events[3], &tick);
	event_base_dispatch(program->base);
	for (size_t i = 0; i < sizeof events / sizeof *events; i++)
		event_free(events[i]);
	gateway_close(program->gateway);
	event_base_free(program->base);
	log_info("event=stopped");
	return program->asked_to_stop > 2 ? EXIT_FAILED : EXIT_DONE;
}

/* 0: go on. Else the exit status + 1. */
static int arguments(struct program *program, int argc, char **argv)
{
	static const struct option options[] = {
		{ "config", required_argument, NULL, 'c' }, { "test", no_argument, NULL, 't' },
		{ "debug", no_argument, NULL, 'd' }, { "version", no_argument, NULL, 'V' },
		{ "help", no_argument, NULL, 'h' }, { NULL, 0, NULL, 0 },
	};
	for (int option; (option = getopt_long(argc, argv, "c:tdVh", options, NULL)) != -1; ) {
		switch (option) {
		case 'c': program->path = optarg; break;
		case 't': program->test = true; break;
		case 'd': program->debug = true; break;
		case 'V': printf("smsqld %s\n", SMSQLD_VERSION); return EXIT_DONE + 1;
		case 'h': fputs(usage, stdout); return EXIT_DONE + 1;
		default: fputs("try: smsqld --help\n", stderr); return EXIT_USAGE + 1;
		}
	}
	if (optind == argc)
		return 0;
	fprintf(stderr, "smsqld: unexpected argument \"%s\"\ntry: smsqld --help\n", argv[optind]);
	return EXIT_USAGE + 1;
}

int main(int argc, char **argv)
{
	struct program program = { .path = "/etc/smsqld/smsqld.conf" };
	int exit_after = arguments(&program, argc, argv);
	if (exit_after)
		return exit_after - 1;
	struct conf_error err;
	struct settings *settings = settings_read(program.path, &err);
	if (!settings) {
		fprintf(stderr, "%s\n", err.text);
		return EXIT_FAILED;
	}
	if (program.test) {
		printf("%s: no error found: %zu links, %zu routes\n", program.path, settings->nlinks,
		    settings->nroutes);
		settings_free(settings);
		return EXIT_DONE;
	}
	srand((unsigned)time(NULL) ^ (unsigned)getpid());
	log_set_level(program.debug ? LOG_LEVEL_DEBUG : (enum log_level)settings->gateway.log);
	log_info("event=start version=%s name=%s links=%zu config=%s", SMSQLD_VERSION,
	    settings->gateway.name, settings->nlinks, program.path);
	return run(&program, settings);
}
