/* SPDX-License-Identifier: Apache-2.0 */
/*
 * source.c - one pass over a configuration file before libconfuse sees it.
 *
 * libconfuse knows the grammar, but some of what it does would make bad error
 * lines or hide mistakes: in 3.3 a comment counts as several lines, an unset
 * ${VAR} is silently empty, a quote that was forgotten swallows the lines up to
 * the next one. So this pass keeps every line where it is, and
 *
 *   - blanks comments,
 *   - puts a mark in place of each ${VAR}, which source_expand() replaces once
 *     libconfuse has found the values (a value is then never read as syntax),
 *   - refuses what is not text, and what is opened and not closed, naming the
 *     line where it was opened.
 *
 * What keys and sections mean is left to conf.c.
 */
#include "source.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
	FILE_MAX_OCTETS = 1 << 20,
	DEPTH_MAX = 8,
	MARK = 1,                       /* a mark is MARK, the variable's number, MARK_END; */
	MARK_END = 2,                   /* control characters that no text file has */
};

struct scan {
	struct source *source;
	const char *at;
	int line;
	bool in_word;                   /* the octet before was part of an unquoted text */
	FILE *out;                      /* writes source->text */
	struct { char bracket; int line; } open[DEPTH_MAX];
	size_t depth;
	struct conf_error *err;
};

static void *own(void *memory)
{
	if (!memory)
		abort();
	return memory;
}

static bool refuse(const struct scan *scan, int line, const char *what)
{
	return conf_fail(scan->err, "%s:%d: %s", scan->source->path, line, what);
}

/* Control characters were refused before: any octet left is text. */
static bool is_text(const struct source *source, size_t len, struct conf_error *err)
{
	int line = 1;
	for (size_t i = 0; i < len; i++) {
		unsigned char octet = (unsigned char)source->text[i];
		if (octet == '\n')
			line++;
		else if ((octet < ' ' && octet != '\t' && octet != '\r') || octet == 0x7F)
			return conf_fail(err, "%s:%d: holds the octet 0x%02x: this is no text file",
			    source->path, line, octet);
	}
	return true;
}

static bool skip_comment(struct scan *scan)
{
	if (scan->in_word)
		return refuse(scan, scan->line, "a comment begins within a value: "
		    "put the value in quotes, or a blank before the comment");
	bool block = scan->at[0] == '/' && scan->at[1] == '*';
	if (!block) {
		scan->at += strcspn(scan->at, "\n");
		return true;
	}
	int begin = scan->line;
	for (scan->at += 2; *scan->at; scan->at++) {
		if (scan->at[0] == '*' && scan->at[1] == '/') {
			scan->at += 2;
			fputc(' ', scan->out);
			return true;
		}
		if (*scan->at == '\n') {
			scan->line++;
			fputc('\n', scan->out);
		}
	}
	return refuse(scan, begin, "the comment that begins here with /* has no */");
}

static void put_mark(struct scan *scan, const char *text, bool from_environment)
{
	struct source *source = scan->source;
	source->variables = own(reallocarray(source->variables, source->nvariables + 1,
	    sizeof *source->variables));
	source->variables[source->nvariables] = (struct source_variable){
		.text = own(strdup(text)), .from_environment = from_environment };
	fprintf(scan->out, "%c%zu%c", MARK, source->nvariables++, MARK_END);
}

/* At ${NAME} or ${NAME:-default}. */
static bool mark_variable(struct scan *scan)
{
	const char *name = scan->at + 2, *end = name + strcspn(name, "}\n");
	size_t len = strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_");
	bool fallback = strncmp(name + len, ":-", 2) == 0;
	if (*end != '}' || len == 0 || (name + len != end && !fallback))
		return refuse(scan, scan->line, "a variable is written ${NAME} or ${NAME:-default}");
	char *variable = own(strndup(name, len));
	char *text = own(strndup(fallback ? name + len + 2 : "",
	    fallback ? (size_t)(end - name) - len - 2 : 0));
	const char *value = getenv(variable);
	if (value || fallback)
		put_mark(scan, value ? value : text, value != NULL);
	else
		conf_fail(scan->err, "%s:%d: ${%.60s} is not set in the environment: set it, or "
		    "give a default: ${%.60s:-default}", scan->source->path, scan->line, variable,
		    variable);
	free(text);
	free(variable);
	scan->at = end + 1;
	return value || fallback;
}

static bool copy_quoted(struct scan *scan)
{
	char quote = *scan->at;
	fputc(*scan->at++, scan->out);
	while (*scan->at && *scan->at != '\n' && *scan->at != quote) {
		if (quote == '"' && scan->at[0] == '$' && scan->at[1] == '{') {
			if (!mark_variable(scan))
				return false;
			continue;
		}
		if (*scan->at == '\\' && scan->at[1] && scan->at[1] != '\n')
			fputc(*scan->at++, scan->out);
		fputc(*scan->at++, scan->out);
	}
	if (*scan->at != quote)
		return refuse(scan, scan->line, "the quoted text does not end on this line");
	fputc(*scan->at++, scan->out);
	return true;
}

static bool open_bracket(struct scan *scan)
{
	struct source *source = scan->source;
	if (scan->depth == DEPTH_MAX)
		return refuse(scan, scan->line, "too many brackets within brackets");
	if (scan->depth == 0 && *scan->at == '{') {
		source->openings = own(reallocarray(source->openings, source->nopenings + 1,
		    sizeof *source->openings));
		source->openings[source->nopenings++] = scan->line;
	}
	scan->open[scan->depth].line = scan->line;
	scan->open[scan->depth++].bracket = *scan->at;
	return true;
}

static bool close_bracket(struct scan *scan)
{
	char opens = *scan->at == '}' ? '{' : '(';
	if (scan->depth > 0 && scan->open[scan->depth - 1].bracket == opens) {
		scan->depth--;
		return true;
	}
	return conf_fail(scan->err, "%s:%d: this %c closes nothing", scan->source->path,
	    scan->line, *scan->at);
}

static bool copy_plain(struct scan *scan)
{
	switch (*scan->at) {
	case '{': case '(':
		if (!open_bracket(scan))
			return false;
		break;
	case '}': case ')':
		if (!close_bracket(scan))
			return false;
		break;
	case '\n':
		scan->line++;
		break;
	default:
		break;
	}
	scan->in_word = !isspace((unsigned char)*scan->at) && !strchr("={}(),+", *scan->at);
	fputc(*scan->at++, scan->out);
	return true;
}

static bool step(struct scan *scan)
{
	const char *at = scan->at;
	if (*at == '#' || (*at == '/' && (at[1] == '/' || at[1] == '*')))
		return skip_comment(scan);
	if (at[0] == '$' && at[1] == '{') {
		scan->in_word = true;
		return mark_variable(scan);
	}
	if (*at == '"' || *at == '\'') {
		scan->in_word = false;
		return copy_quoted(scan);
	}
	return copy_plain(scan);
}

static bool all_closed(const struct scan *scan)
{
	if (scan->depth == 0)
		return true;
	char bracket = scan->open[scan->depth - 1].bracket;
	return conf_fail(scan->err, "%s:%d: the %c that begins here has no %c",
	    scan->source->path, scan->open[scan->depth - 1].line, bracket,
	    bracket == '{' ? '}' : ')');
}

static bool scan_text(struct source *source, struct conf_error *err)
{
	char *text = NULL;
	size_t len;
	struct scan scan = { .source = source, .at = source->text, .line = 1, .err = err,
		.out = own(open_memstream(&text, &len)) };
	if (strncmp(scan.at, "\xEF\xBB\xBF", 3) == 0) /* a byte order mark */
		scan.at += 3;
	bool good = true;
	while (good && *scan.at)
		good = step(&scan);
	if (fclose(scan.out) != 0)
		abort();
	free(source->text);
	source->text = text;
	return good && all_closed(&scan);
}

static char *slurp_open(int fd, const char *path, size_t max, size_t *len, struct conf_error *err)
{
	char *text = own(malloc(max + 2));
	*len = 0;
	for (ssize_t n; (n = read(fd, text + *len, max + 1 - *len)) != 0; ) {
		if (n < 0 && errno == EINTR)
			continue;
		if (n > 0 && (*len += (size_t)n) <= max)
			continue;
		if (n < 0)
			conf_fail(err, "%s: %s", path, strerror(errno));
		else
			conf_fail(err, "%s: longer than %zu octets: not the right file?", path, max);
		free(text);
		return NULL;
	}
	text[*len] = '\0';
	return text;
}

char *source_slurp(const char *path, size_t max, size_t *len, unsigned *mode,
    struct conf_error *err)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	struct stat status;
	char *text = NULL;
	if (fd < 0 || fstat(fd, &status) != 0) {
		conf_fail(err, "%s: %s", path, strerror(errno));
	} else if (S_ISDIR(status.st_mode)) {
		conf_fail(err, "%s: is a directory: name a file", path);
	} else {
		*mode = status.st_mode;
		text = slurp_open(fd, path, max, len, err);
	}
	if (fd >= 0)
		close(fd);
	return text;
}

bool source_read(struct source *source, const char *path, struct conf_error *err)
{
	size_t len;
	unsigned mode;
	source->path = own(strdup(path));
	source->text = source_slurp(path, FILE_MAX_OCTETS, &len, &mode, err);
	if (!source->text)
		return false;
	source->exposed = mode & S_IROTH;
	return is_text(source, len, err) && scan_text(source, err);
}

void source_free(struct source *source)
{
	for (size_t i = 0; i < source->nvariables; i++)
		free(source->variables[i].text);
	free(source->variables);
	free(source->openings);
	free(source->text);
	free(source->path);
}

static bool has_control(const char *text)
{
	for (; *text; text++)
		if (iscntrl((unsigned char)*text))
			return true;
	return false;
}

char *source_expand(const struct source *source, const char *text, bool *secret)
{
	char *expanded = NULL;
	size_t len;
	FILE *out = own(open_memstream(&expanded, &len));
	*secret = false;
	while (*text) {
		char *end;
		unsigned long number = *text == MARK ? strtoul(text + 1, &end, 10) : 0;
		if (*text != MARK || *end != MARK_END || number >= source->nvariables) {
			fputc(*text++, out);
			continue;
		}
		fputs(source->variables[number].text, out);
		*secret = *secret || source->variables[number].from_environment;
		text = end + 1;
	}
	if (fclose(out) != 0)
		abort();
	if (!has_control(expanded))
		return expanded;
	free(expanded);
	return NULL;
}

char *source_beside(const char *from, const char *name)
{
	const char *slash = strrchr(from, '/');
	char *path = NULL;
	if (*name == '/' || !slash)
		return own(strdup(name));
	if (asprintf(&path, "%.*s/%s", (int)(slash - from), from, name) < 0)
		abort();
	return path;
}
