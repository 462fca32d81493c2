/* SPDX-License-Identifier: Apache-2.0 */
/*
 * desk_modem.c - `smsqlctl modem`: what a device is, asked by the driver that knows such devices.
 *
 * No table is needed, so neither is a database.
 */
#include "desk_ask.h"

#include "../gateway/driver.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { PIN_ROOM = 64 };

/* The first line of the file. */
static bool read_pin(const char *path, char pin[PIN_ROOM])
{
	struct stat is;
	bool good = false;
	FILE *file = fopen(path, "re");
	*pin = '\0';
	if (!file) {
		desk_fail("%s: %s", path, strerror(errno));
		return false;
	}
	if (fstat(fileno(file), &is) == 0 && is.st_mode & (S_IROTH | S_IWOTH))
		desk_fail("others may read or write %s: chmod 600 %s", path, path);
	else if (!fgets(pin, PIN_ROOM, file) || !strcspn(pin, "\r\n"))
		desk_fail("the first line of %s is empty: write the PIN there", path);
	else
		good = true;
	fclose(file);
	pin[strcspn(pin, "\r\n")] = '\0';
	return good;
}

enum exit_status desk_modem(struct desk *desk)
{
	char pin[PIN_ROOM] = "";
	struct conf_error err;
	const struct identify ask = { .device = desk->arguments[0], .pin = pin, .baud = desk->baud };
	size_t i = 0;
	while (drivers[i] && !drivers[i]->identify)
		i++;
	if (!drivers[i])
		return desk_fail("this program was built without a driver for modems");
	if (*desk->pin_file && !read_pin(desk->pin_file, pin))
		return EXIT_FAILED;
	const bool good = drivers[i]->identify(&ask, stdout, &err);
	explicit_bzero(pin, sizeof pin);
	return good ? EXIT_DONE : desk_fail("%s", err.text);
}
