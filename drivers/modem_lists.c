/* SPDX-License-Identifier: Apache-2.0 */
/* modem_lists.c - answers about storages, messages and routings, in all the ways they are written. */
#include "modem_lists.h"

#include <ctype.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { VALUE_MAX = 31, INDEX_MAX = 1000000 };

/* Behind the prefix and spaces; NULL: the line is another. */
static const char *behind(const char *line, const char *prefix)
{
	const size_t len = strlen(prefix);
	if (strncasecmp(line, prefix, len) != 0)
		return NULL;
	return line + len + strspn(line + len, " \t");
}

/* The answer itself; a modem that leaves the prefix out has one line of it. */
static const char *answer_of(struct lines lines, const char *prefix)
{
	for (size_t i = 0; i < lines.n; i++) {
		const char *at = behind(lines.at[i], prefix);
		if (at)
			return at;
	}
	return lines.n == 1 && *lines.at[0] != '+' ? lines.at[0] : NULL;
}

/* A number of few digits; false: there is none. */
static bool read_number(const char **at, long *number)
{
	if (!isdigit((unsigned char)**at))
		return false;
	long value = 0;
	for (; isdigit((unsigned char)**at); ++*at)
		if (value <= INDEX_MAX)
			value = value * 10 + (**at - '0');
	*number = value;
	return true;
}

/* Storages. */

bool lists_is_storage(const char *name)
{
	const size_t len = strlen(name);
	if (len < 2 || len >= STORAGE_NAME_MAX || !isalpha((unsigned char)*name))
		return false;
	for (; *name; name++)
		if (!isalnum((unsigned char)*name))
			return false;
	return true;
}

static void add_name(struct storage_names *to, const char *at, size_t len)
{
	char name[STORAGE_NAME_MAX];
	if (len >= sizeof name || to->n == STORAGE_NAMES_MAX)
		return;
	for (size_t i = 0; i < len; i++)
		name[i] = (char)toupper((unsigned char)at[i]);
	name[len] = '\0';
	if (!lists_is_storage(name))
		return;
	for (unsigned i = 0; i < to->n; i++)
		if (strcmp(to->at[i], name) == 0)
			return;
	memcpy(to->at[to->n++], name, len + 1);
}

bool lists_storages(struct storage_names roles[STORAGE_ROLES], struct lines lines)
{
	memset(roles, 0, STORAGE_ROLES * sizeof *roles);
	const char *at = answer_of(lines, "+CPMS:");
	unsigned role = 0, groups = 0;
	for (; at && *at; ) {
		if (*at == '(') {           /* outer ones too are no harm: they hold nothing themselves */
			role = groups < STORAGE_ROLES ? groups : STORAGE_ROLES - 1;
			at++;
		} else if (*at == ')') {
			groups++;
			at++;
		} else if (isalnum((unsigned char)*at)) {
			size_t len = 1;
			while (isalnum((unsigned char)at[len]))
				len++;
			if (groups < STORAGE_ROLES)
				add_name(&roles[role], at, len);
			at += len;
		} else {
			at++;
		}
	}
	for (unsigned i = 1; i < STORAGE_ROLES && groups <= 1; i++)
		roles[i] = roles[0];        /* one list, or none that is marked as such */
	return roles[STORAGE_READ].n > 0;
}

bool lists_count(long *used, long *total, struct lines lines)
{
	const char *at = answer_of(lines, "+CPMS:");
	if (!at)
		return false;
	at += strcspn(at, ",0123456789");   /* "SM", or nothing; a name has no digit here */
	if (*at == ',')
		at += 1 + strspn(at + 1, " ");
	if (!read_number(&at, used) || *at != ',')
		return false;
	at += 1 + strspn(at + 1, " ");
	return read_number(&at, total);
}

/* Numbers. */

static bool read_span(const char **at, struct span *span)
{
	if (!read_number(at, &span->from))
		return false;
	span->to = span->from;
	if (**at == '-' && isdigit((unsigned char)(*at)[1])) {
		++*at;
		read_number(at, &span->to);
	}
	return span->from <= INDEX_MAX && span->to <= INDEX_MAX;
}

size_t lists_indices(struct span spans[SPANS_MAX], struct lines lines)
{
	const char *at = answer_of(lines, "+CMGD:");
	size_t n = 0;
	if (!at)
		return 0;
	const char closes = *at == '(' ? ')' : '\0';
	while (*at && *at != closes && n < SPANS_MAX) {
		if (!isdigit((unsigned char)*at))
			at++;
		else if (read_span(&at, &spans[n]) && spans[n].from <= spans[n].to)
			n++;
	}
	return n;
}

struct routings lists_routings(struct lines lines)
{
	struct routings routings = { { 0 } };
	const char *at = answer_of(lines, "+CNMI:");
	unsigned place = 0, depth = 0;
	while (at && *at && place < ROUTING_PLACES) {
		struct span span;
		if (isdigit((unsigned char)*at)) {
			if (read_span(&at, &span))
				for (long i = span.from; i <= span.to && i <= VALUE_MAX; i++)
					routings.values[place] |= (uint32_t)1 << i;
			continue;
		}
		depth += *at == '(';
		depth -= *at == ')' && depth > 0;
		place += *at == ',' && depth == 0;
		at++;
	}
	for (unsigned i = 0; i < ROUTING_PLACES; i++)
		if (!routings.values[i])
			routings.values[i] = UINT32_MAX;
	return routings;
}

bool lists_routes(const struct routings *routings, const char *routing)
{
	for (unsigned place = 0; place < ROUTING_PLACES && *routing; place++) {
		long value;
		if (!read_number(&routing, &value) || value > VALUE_MAX ||
		    !(routings->values[place] & (uint32_t)1 << value))
			return false;
		routing += *routing == ',';
	}
	return true;
}

/* Fields. */

const char *lists_field(char *out, size_t room, const char *from, bool *quoted)
{
	size_t n = 0;
	from += strspn(from, " ");
	*quoted = *from == '"';
	bool inside = false;
	for (; *from && (inside || *from != ','); from++) {
		if (*from == '"')
			inside = !inside;
		else if (n + 1 < room)
			out[n++] = *from;
	}
	while (n && !*quoted && out[n - 1] == ' ')
		n--;
	out[n] = '\0';
	return *from ? from + 1 : NULL;
}

size_t lists_length(const char *head)
{
	/* From the end: an alpha may have commas, and quotes without a partner. */
	size_t end = strlen(head);
	for (;;) {
		while (end && (head[end - 1] == ' ' || head[end - 1] == ','))
			end--;
		size_t from = end;
		while (from && isdigit((unsigned char)head[from - 1]))
			from--;
		if (from == end || (from && head[from - 1] != ',' && head[from - 1] != ' '))
			return 0;
		const unsigned long value = strtoul(head + from, NULL, 10);
		if (value)
			return value <= INDEX_MAX ? value : 0;
		end = from;                 /* ",24,0" */
	}
}

/* Messages. */

static enum listed_state state_of(const char *field)
{
	static const char *const words[] = { "REC UNREAD", "REC READ", "STO UNSENT", "STO SENT" };
	static const char *const hex[] = { "00520045004300200055004E0052004500410044",
		"00520045004300200052004500410044", "00530054004F00200055004E00530045004E0054",
		"00530054004F002000530045004E0054" };
	if (isdigit((unsigned char)field[0]) && !field[1])
		return field[0] < '0' + LISTED_STATES ? (enum listed_state)(field[0] - '0') : LISTED_UNSAID;
	for (unsigned i = 0; i < LISTED_STATES; i++)
		if (strcasecmp(field, words[i]) == 0 || strcasecmp(field, hex[i]) == 0)
			return (enum listed_state)i;
	return LISTED_UNSAID;
}

static void read_head(const struct listing *listing, struct listed *to)
{
	char field[LISTED_HEAD_MAX];
	bool quoted;
	const char *at = to->head;
	to->index = -1;
	if (strcasecmp(listing->prefix, "+CMGL:") == 0) {
		at = lists_field(field, sizeof field, at, &quoted);
		const char *digits = field;
		if (!read_number(&digits, &to->index) || *digits || to->index > INDEX_MAX)
			to->index = -1;
	}
	to->state = LISTED_UNSAID;
	if (at) {
		at = lists_field(field, sizeof field, at, &quoted);
		to->state = state_of(field);
	}
	to->length = !listing->text_mode && at ? lists_length(at) : 0;
}

static void add_text(char *out, size_t room, const char *at, size_t len)
{
	const size_t n = strlen(out);
	if (len >= room - n)
		len = room - n - 1;
	memcpy(out + n, at, len);
	out[n + len] = '\0';
}

/* Where the next entry begins in what is left of a line; without one, at its end. */
static size_t up_to(const struct listing *listing, const char *at)
{
	const char *next = listing->text_mode ? NULL : strcasestr(at, listing->prefix);
	if (listing->text_mode && behind(at, listing->prefix))
		next = at;
	return next ? (size_t)(next - at) : strlen(at);
}

static void next_line(struct listing *listing)
{
	listing->line++;
	listing->column = 0;
}

/* The lines up to the next entry. Of a TPDU, which is one line, only the first one. */
static void read_body(struct listing *listing, struct listed *to)
{
	for (unsigned nlines = 0; listing->line < listing->lines.n; nlines++) {
		const char *at = listing->lines.at[listing->line] + listing->column;
		const size_t len = up_to(listing, at);
		if (len && nlines && listing->text_mode)
			add_text(to->body, sizeof to->body, "\n", 1);
		if (len && (listing->text_mode || !*to->body))
			add_text(to->body, sizeof to->body, at, len);
		if (at[len]) {
			listing->column += len;
			return;
		}
		next_line(listing);
	}
}

bool lists_next(struct listing *listing, struct listed *to)
{
	to->head[0] = to->body[0] = '\0';
	for (; listing->line < listing->lines.n; next_line(listing)) {
		const char *at = listing->lines.at[listing->line] + listing->column;
		const size_t skip = up_to(listing, at);
		const char *head = behind(at + skip, listing->prefix);
		if (!head)
			continue;
		add_text(to->head, sizeof to->head, head, up_to(listing, head));
		if (head[strlen(to->head)] && !listing->text_mode)
			listing->column = (size_t)(head - listing->lines.at[listing->line]) + strlen(to->head);
		else
			next_line(listing);
		read_head(listing, to);
		read_body(listing, to);
		return true;
	}
	return false;
}

/* Hex. */

bool lists_is_void(const char *hex)
{
	enum { LEAST_DIGITS = 2 * 8 };      /* a DELIVER has at least 14 octets, a report more */
	size_t n = 0, filled = 0;
	for (; isxdigit((unsigned char)hex[n]); n++)
		filled += hex[n] != '0' && toupper((unsigned char)hex[n]) != 'F';
	if (!hex[n] && n < LEAST_DIGITS)
		return true;
	return n >= LEAST_DIGITS && filled == 0 && (!hex[n] || hex[n] == ',' || hex[n] == ' ');
}

void lists_trim(char *hex, size_t length)
{
	size_t n = 0;
	while (isxdigit((unsigned char)hex[n]))
		n++;
	if (n < 2 || (hex[n] && hex[n] != ',' && hex[n] != ' '))
		return;                     /* noise in it: it is for who reads it to say so */
	hex[n] = '\0';
	const char first[3] = { hex[0], hex[1], '\0' };
	const size_t with_centre = 2 * (1 + strtoul(first, NULL, 16) + length);
	if (length && n > with_centre)
		hex[with_centre] = '\0';
	else if (n % 2)
		hex[n - 1] = '\0';
}
