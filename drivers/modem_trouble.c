/* SPDX-License-Identifier: Apache-2.0 */
/*
 * modem_trouble.c - who has a device, and what is on the USB that has none.
 *
 * All of it is read after something failed, from /proc and /sys, and only adds words: where
 * nothing can be read, the words are fewer.
 */
#include "modem_trouble.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

enum { NAME_LEN = 64 };

/* The first line of a small file, without its end. */
static bool read_line(const char *path, char *line, size_t size)
{
	FILE *file = fopen(path, "re");
	if (!file)
		return false;
	const bool some = fgets(line, (int)size, file) != NULL;
	fclose(file);
	if (some)
		line[strcspn(line, "\r\n")] = '\0';
	return some;
}

/* Who has it. */

static bool has_open(long pid, const struct stat *device)
{
	char path[PATH_MAX];
	struct stat found;
	bool has = false;
	snprintf(path, sizeof path, "/proc/%ld/fd", pid);
	DIR *files = opendir(path);
	for (struct dirent *file; files && !has && (file = readdir(files));) {
		if (!isdigit((unsigned char)file->d_name[0]))
			continue;
		has = fstatat(dirfd(files), file->d_name, &found, 0) == 0 && S_ISCHR(found.st_mode) &&
		    found.st_rdev == device->st_rdev;
	}
	if (files)
		closedir(files);
	return has;
}

/* Another process that has the device open, as far as we may see: 0 is nobody. */
static long holder_of(const char *path)
{
	struct stat device;
	long found = 0;
	if (stat(path, &device) != 0 || !S_ISCHR(device.st_mode))
		return 0;
	DIR *processes = opendir("/proc");
	for (struct dirent *process; processes && !found && (process = readdir(processes));) {
		const long pid = strtol(process->d_name, NULL, 10);
		if (pid > 0 && pid != getpid() && has_open(pid, &device))
			found = pid;
	}
	if (processes)
		closedir(processes);
	return found;
}

/* Who has a lock on it, which everybody may read: 0 is nobody, or we cannot see it. */
static long locker_of(const char *path)
{
	struct stat device;
	char line[256], kind[16];
	long found = 0, pid;
	unsigned high, low;
	uintmax_t inode;
	FILE *file = fopen("/proc/locks", "re");
	while (file && !found && stat(path, &device) == 0 && fgets(line, sizeof line, file))
		if (sscanf(line, "%*d: %15s %*s %*s %ld %x:%x:%ju", kind, &pid, &high, &low, &inode) == 5 &&
		    strcmp(kind, "FLOCK") == 0 && makedev(high, low) == device.st_dev &&
		    inode == (uintmax_t)device.st_ino && pid > 0)
			found = pid;
	if (file)
		fclose(file);
	return found;
}

static void name_process(char name[NAME_LEN], long pid)
{
	char path[64];
	snprintf(path, sizeof path, "/proc/%ld/comm", pid);
	if (!read_line(path, name, NAME_LEN))
		snprintf(name, NAME_LEN, "a program");
}

static void blame(char why[TROUBLE_MAX], const char *path, long pid)
{
	char name[NAME_LEN];
	if (pid == getpid()) {
		snprintf(why, TROUBLE_MAX, "%s is in use by another link of this gateway", path);
		return;
	}
	name_process(name, pid);
	snprintf(why, TROUBLE_MAX, "%s is in use by %s (process %ld)%s", path, name, pid,
	    strcmp(name, "ModemManager") == 0
	    ? "; a udev rule with ENV{ID_MM_DEVICE_IGNORE}=\"1\" keeps it away" : "");
}

static void explain_busy(char why[TROUBLE_MAX], const char *path)
{
	long pid = locker_of(path);
	if (!pid)
		pid = holder_of(path);
	if (pid)
		blame(why, path, pid);
	else
		snprintf(why, TROUBLE_MAX, "%s is in use by another program (ModemManager?)", path);
}

bool trouble_is_shared(char why[TROUBLE_MAX], const char *path)
{
	const long pid = holder_of(path);
	if (pid)
		blame(why, path, pid);
	return pid;
}

static bool read_lock(char why[TROUBLE_MAX], const char *folder, const char *path)
{
	const char *name = strrchr(path, '/');
	char file[PATH_MAX], line[64];
	snprintf(file, sizeof file, "%s/LCK..%s", folder, name ? name + 1 : path);
	if (!read_line(file, line, sizeof line))
		return false;
	const long pid = strtol(line, NULL, 10);
	if (pid <= 0 || pid == getpid() || (kill((pid_t)pid, 0) != 0 && errno == ESRCH))
		return false;               /* it has died, and left the file */
	blame(why, path, pid);
	return true;
}

bool trouble_is_locked(char why[TROUBLE_MAX], const char *path)
{
	char *real = realpath(path, NULL);
	const char *name = real ? real : path;
	const bool locked = read_lock(why, "/var/lock", name) || read_lock(why, "/run/lock", name);
	free(real);
	return locked;
}

/* What there is instead. */

static const struct { const char *vendor, *product, *what; } sticks[] = {
	{ "12d1", "14db", "a Huawei stick in HiLink mode, which has a web page and no serial line" },
	{ "12d1", "14dc", "a Huawei stick in HiLink mode, which has a web page and no serial line" },
	{ "12d1", "1f01", "a Huawei stick that still is a CD-ROM: usb_modeswitch has to switch it" },
	{ "12d1", "14fe", "a Huawei stick that still is a CD-ROM: usb_modeswitch has to switch it" },
	{ "12d1", "1446", "a Huawei stick that still is a CD-ROM: usb_modeswitch has to switch it" },
	{ "19d2", "1405", "a ZTE stick in network mode, which has a web page and no serial line" },
	{ "19d2", "2000", "a ZTE stick that still is a CD-ROM: usb_modeswitch has to switch it" },
};

static const char usb_devices[] = "/sys/bus/usb/devices";

static bool has_id(const char *devices, const char *device, const char *which, const char *id)
{
	char path[PATH_MAX], line[16];
	snprintf(path, sizeof path, "%s/%s/%s", devices, device, which);
	return read_line(path, line, sizeof line) && strcmp(line, id) == 0;
}

const char *trouble_stick(const char *devices)
{
	const char *what = NULL;
	DIR *folder = opendir(devices);
	for (struct dirent *device; folder && !what && (device = readdir(folder));)
		for (size_t i = 0; i < sizeof sticks / sizeof *sticks && !what; i++)
			if (has_id(devices, device->d_name, "idVendor", sticks[i].vendor) &&
			    has_id(devices, device->d_name, "idProduct", sticks[i].product))
				what = sticks[i].what;
	if (folder)
		closedir(folder);
	return what;
}

static void explain_missing(char why[TROUBLE_MAX], const char *path)
{
	const char *stick = trouble_stick(usb_devices);
	snprintf(why, TROUBLE_MAX, "there is no %s: is the modem plugged in?%s%s", path,
	    stick ? " There is " : "", stick ? stick : "");
}

void trouble_no_port(char why[TROUBLE_MAX], const char *folder)
{
	const char *stick = trouble_stick(usb_devices);
	snprintf(why, TROUBLE_MAX, "there is no port of a modem, %s/ttyUSB* or ttyACM*%s%s", folder,
	    stick ? "; there is " : "", stick ? stick : "");
}

void trouble_explain(char why[TROUBLE_MAX], const char *path, int error)
{
	if (error == ENOENT || error == ENODEV || error == ENXIO)
		explain_missing(why, path);
	else if (error == EACCES || error == EPERM)
		snprintf(why, TROUBLE_MAX, "%s may not be opened by this user: it has to be in the group of the "
		    "device, mostly dialout", path);
	else if (error == EBUSY)
		explain_busy(why, path);
	else
		snprintf(why, TROUBLE_MAX, "%s cannot be opened: %s", path, strerror(error));
}
