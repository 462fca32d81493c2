/* SPDX-License-Identifier: Apache-2.0 */
/*
 * modem_hook.c - the command of key power_hook, in a process of its own that nobody waits for.
 *
 * A descriptor of the process tells the loop when it ends. It leads a group, so that at its deadline
 * what it started is killed with it.
 */
#include "modem_session.h"

#include "../gateway/clock.h"

#include <event2/event.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { BLINK_MS = 50 };

struct hook {
	hook_fn *done;
	void *ctx;
	pid_t pid;                      /* 0: it has ended */
	int fd;                         /* of the process */
	uint64_t limit_ms;
	struct event *ended, *late;
};

/* Kills what is left of it, and takes its status. One that the kernel does not let go (a USB hub
 * that hangs) is waited for no longer than a blink. */
static int reap(struct hook *hook)
{
	int status = 0;
	struct pollfd end = { .fd = hook->fd, .events = POLLIN };
	kill(-hook->pid, SIGKILL);
	kill(hook->pid, SIGKILL);
	poll(&end, 1, BLINK_MS);
	while (waitpid(hook->pid, &status, WNOHANG) < 0 && errno == EINTR)
		continue;
	hook->pid = 0;
	event_del(hook->ended);
	event_del(hook->late);
	return status;
}

static void on_ended(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	struct hook *hook = arg;
	char how[80];
	siginfo_t info = { .si_pid = 0 };
	/* Its status stays until its group is killed, so that the number is nobody else's. */
	if (waitid(P_PID, (id_t)hook->pid, &info, WEXITED | WNOHANG | WNOWAIT) != 0 || !info.si_pid)
		return;
	const int status = reap(hook);
	if (WIFEXITED(status))
		snprintf(how, sizeof how, "ended with status %d", WEXITSTATUS(status));
	else
		snprintf(how, sizeof how, "was ended by signal %d", WTERMSIG(status));
	hook->done(hook->ctx, WIFEXITED(status) && WEXITSTATUS(status) == 0, how);
}

static void on_late(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	struct hook *hook = arg;
	char how[80];
	snprintf(how, sizeof how, "was killed, since it did not end within %g s", (double)hook->limit_ms / 1000);
	reap(hook);
	hook->done(hook->ctx, false, how);
}

/* With nothing of ours but its environment: no descriptors, no signals held or ignored. */
static int spawn(pid_t *pid, const char *command, char *const environment[])
{
	char shell[] = "sh", option[] = "-c";
	char *copy = strdup(command);
	char *const arguments[] = { shell, option, copy, NULL };
	posix_spawnattr_t how;
	posix_spawn_file_actions_t files;
	sigset_t none, all;
	sigemptyset(&none);
	sigfillset(&all);
	if (!copy || posix_spawnattr_init(&how) != 0 || posix_spawn_file_actions_init(&files) != 0)
		abort();
	posix_spawnattr_setflags(&how, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
	posix_spawnattr_setsigmask(&how, &none);
	posix_spawnattr_setsigdefault(&how, &all);
	posix_spawn_file_actions_addopen(&files, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
	posix_spawn_file_actions_addopen(&files, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
	posix_spawn_file_actions_addclosefrom_np(&files, STDERR_FILENO + 1);
	const int error = posix_spawn(pid, "/bin/sh", &files, &how, arguments, environment);
	posix_spawn_file_actions_destroy(&files);
	posix_spawnattr_destroy(&how);
	free(copy);
	return error;
}

/* Ours, with two more before them. */
static int spawn_with(pid_t *pid, const char *command, const char *device, const char *link)
{
	char named[2][512];
	size_t n = 0, at = 0;
	while (environ[n])
		n++;
	char **environment = calloc(n + 3, sizeof *environment);
	if (!environment)
		abort();
	snprintf(named[0], sizeof named[0], "MODEM_DEVICE=%s", device);
	snprintf(named[1], sizeof named[1], "MODEM_LINK=%s", link);
	environment[at++] = named[0];
	environment[at++] = named[1];
	for (size_t i = 0; i < n; i++)
		environment[at++] = environ[i];
	const int error = spawn(pid, command, environment);
	free(environment);
	return error;
}

struct hook *hook_run(struct event_base *base, const char *command, const char *device, const char *link,
    uint64_t limit_ms, const char **why, hook_fn *done, void *ctx)
{
	struct hook *hook = calloc(1, sizeof *hook);
	if (!hook)
		abort();
	*hook = (struct hook){ .done = done, .ctx = ctx, .fd = -1, .limit_ms = limit_ms };
	const int error = spawn_with(&hook->pid, command, device, link);
	if (error) {
		*why = strerror(error);
		free(hook);
		return NULL;
	}
	hook->fd = (int)syscall(SYS_pidfd_open, hook->pid, 0);
	hook->late = event_new(base, -1, 0, on_late, hook);
	hook->ended = event_new(base, hook->fd, EV_READ | EV_PERSIST, on_ended, hook);
	if (!hook->late || !hook->ended)
		abort();
	/* A kernel before 5.3 has no such descriptor: its end is then not seen before the deadline. */
	if (hook->fd >= 0)
		event_add(hook->ended, NULL);
	clock_ring(hook->late, limit_ms);
	return hook;
}

void hook_free(struct hook *hook)
{
	if (!hook)
		return;
	if (hook->pid)
		reap(hook);
	event_free(hook->ended);
	event_free(hook->late);
	if (hook->fd >= 0)
		close(hook->fd);
	free(hook);
}
