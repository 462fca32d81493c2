/* SPDX-License-Identifier: Apache-2.0 */
/*
 * modem_pin.c - a PIN is entered once, whatever dies meanwhile.
 *
 * For each SIM whose PIN was entered and not yet taken there is a file, pin-SIM in the folder of
 * key `state`. It has a line for each PIN: what became of it, and a digest of SIM and PIN. The line
 * `entered` is written, and on the disk, before the PIN leaves; when the SIM takes it the file goes,
 * when it refuses it the line `refused` follows. So a gateway that dies in between knows afterwards
 * that it may have entered it.
 */
#include "modem_session.h"

#include "../gateway/state.h"

#include <openssl/evp.h>

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { DIGEST_HEX = 64, FILE_MOST = 4096, LINE_ROOM = 96,
	TRIES_LEAST = 3 };               /* left, or it is not entered */

static const char *const past_words[] = { [PIN_ENTERED] = "entered", [PIN_REFUSED] = "refused" };

/* Letters and digits alone, for it becomes the name of a file. */
static void key_set(struct pin_key *key, const char *kind, const char *value)
{
	size_t n = (size_t)snprintf(key->sim, sizeof key->sim, "%s-", kind);
	for (; *value && n + 1 < sizeof key->sim; value++)
		if (isalnum((unsigned char)*value))
			key->sim[n++] = *value;
	key->sim[n] = '\0';
}

bool pin_key_of(struct pin_key *key, const struct modem_identity *identity, const char *device)
{
	if (*identity->iccid)
		key_set(key, "iccid", identity->iccid);
	else if (*identity->imsi)
		key_set(key, "imsi", identity->imsi);
	else if (*identity->imei)
		key_set(key, "imei", identity->imei);
	else
		key_set(key, "device", device);
	return *identity->iccid || *identity->imsi;
}

void pin_file_of(const struct pin_key *key, const char *state, char *out, size_t room)
{
	char folder[PATH_MAX];
	state_folder(state, folder, sizeof folder);
	snprintf(out, room, "%s/pin-%s", folder, key->sim);
}

/* The file. */

static void digest(const struct pin_key *key, const char *pin, char out[DIGEST_HEX + 1])
{
	char text[sizeof key->sim + 16];
	unsigned char octets[EVP_MAX_MD_SIZE];
	unsigned len = 0;
	const int n = snprintf(text, sizeof text, "%s:%.9s", key->sim, pin);
	if (EVP_Digest(text, (size_t)n, octets, &len, EVP_sha256(), NULL) != 1 || len * 2 != DIGEST_HEX)
		abort();
	for (unsigned i = 0; i < len; i++)
		snprintf(out + 2 * i, 3, "%02x", octets[i]);
}

enum pin_past pin_past(const char *file, const struct pin_key *key, const char *pin)
{
	char hex[DIGEST_HEX + 1], line[LINE_ROOM], word[16], whose[DIGEST_HEX + 1];
	enum pin_past past = PIN_NEW;
	FILE *in = fopen(file, "re");
	if (!in)
		return errno == ENOENT || errno == ENOTDIR ? PIN_NEW : PIN_UNREADABLE;
	digest(key, pin, hex);
	for (size_t n = 0; n < FILE_MOST && fgets(line, sizeof line, in); n += strlen(line)) {
		if (sscanf(line, "%15s %64s", word, whose) != 2 || (*pin && strcmp(whose, hex) != 0))
			continue;
		if (strcmp(word, past_words[PIN_REFUSED]) == 0)
			past = PIN_REFUSED;
		else if (past == PIN_NEW)
			past = PIN_ENTERED;
	}
	fclose(in);
	return past;
}

/* A file that is new is in its folder only when that is on the disk, too. */
static bool keep_folder(const char *file)
{
	char folder[PATH_MAX];
	const char *end = strrchr(file, '/');
	snprintf(folder, sizeof folder, "%.*s", (int)(end - file), file);
	const int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	const bool kept = fd >= 0 && fsync(fd) == 0;
	if (fd >= 0)
		close(fd);
	return kept;
}

bool pin_note(const char *file, const struct pin_key *key, const char *pin, enum pin_past past)
{
	char hex[DIGEST_HEX + 1], line[LINE_ROOM], folder[PATH_MAX];
	snprintf(folder, sizeof folder, "%.*s", (int)(strrchr(file, '/') - file), file);
	state_make(folder);
	digest(key, pin, hex);
	const int n = snprintf(line, sizeof line, "%s %s\n", past_words[past], hex);
	const int fd = open(file, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	if (fd < 0)
		return false;
	const bool written = write(fd, line, (size_t)n) == n && fsync(fd) == 0;
	const int error = errno;
	close(fd);
	errno = error;
	return written && keep_folder(file);
}

void pin_forget(const char *file)
{
	unlink(file);
}

bool pin_may(const struct pin_ask *ask, char why[MODEM_WHY_MAX], bool *person)
{
	const char *const file = ask->file;
	const enum pin_past past = pin_past(file, ask->key, ask->pin);
	*person = past != PIN_UNREADABLE;
	if (ask->tries >= 0 && ask->tries < TRIES_LEAST) {
		snprintf(why, MODEM_WHY_MAX, "the SIM leaves %d %s for its PIN, so it is not entered here: enter it in a "
		    "handset, which makes it three again", ask->tries, ask->tries == 1 ? "try" : "tries");
	} else if (past == PIN_ENTERED) {
		snprintf(why, MODEM_WHY_MAX, "this PIN was entered before, and what came of it is not known: it is not "
		    "entered again until %.100s is removed", file);
	} else if (past == PIN_REFUSED) {
		snprintf(why, MODEM_WHY_MAX, "the SIM refused this PIN before: correct pin_file. It is not entered again "
		    "until %.100s is removed", file);
	} else if (past == PIN_UNREADABLE) {
		snprintf(why, MODEM_WHY_MAX, "whether this PIN was refused before cannot be read in %.120s: %s", file,
		    strerror(errno));
	} else if (!pin_note(file, ask->key, ask->pin, PIN_ENTERED)) {
		snprintf(why, MODEM_WHY_MAX, "the PIN is not entered, since that cannot be noted in %.120s: %s; see key "
		    "state", file, strerror(errno));
		*person = false;
	} else {
		return true;
	}
	return false;
}

/* How many tries are left. */

static int field(const char *line, unsigned which)
{
	while (which-- && line)
		if ((line = strchr(line, ',')))
			line++;
	if (!line)
		return -1;
	line += strspn(line, " ");
	const size_t n = strspn(line, "0123456789");
	return n && n <= 3 ? (int)strtol(line, NULL, 10) : -1;
}

int pin_tries(const char *line)
{
	/* `+CPINR: SIM PIN,3,3`, `^CPIN: SIM PIN,3,10,3,10,3` (left now, then PUK, PIN, PUK2, PIN2),
	 * `+SPIC: 3,10,0,10`, `+QPINC: "SC",3,10`. */
	if (strncmp(line, "+CPINR:", 7) == 0)
		return strstr(line, "SIM PIN") && !strstr(line, "PIN2") ? field(line, 1) : -1;
	if (strncmp(line, "^CPIN:", 6) == 0)
		return field(line, 3) >= 0 ? field(line, 3) : field(line, 1);
	if (strncmp(line, "+SPIC:", 6) == 0)
		return field(line + 6, 0);
	if (strncmp(line, "+QPINC:", 7) == 0)
		return strstr(line, "\"SC\"") ? field(line, 1) : -1;
	return -1;
}
